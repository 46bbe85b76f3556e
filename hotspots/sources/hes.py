"""Hospital admissions: episodes in the columns of Hospital Episode Statistics."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hotspots.errors import SourceError, list_briefly, plural
from hotspots.model import Events, Identity, Note, StudyArea
from hotspots.sources import _cell_values, _tabular
from hotspots.vocabulary import SHARP_OBJECT, UNRELEASED, VIOLENCE

COLUMNS: Final = {
    "key": "EPIKEY",
    "order": "EPIORDER",
    "admission": "ADMIDATE",
    "start": "EPISTART",
    "age": "STARTAGE",
    "sex": "SEX",
    "method": "ADMIMETH",
    "area_code": "LSOA11",
}
CAUSE_COLUMN: Final = re.compile(r"diag[34]?[0-9]{2}|cause[34]?")
"""DIAG_01 to DIAG_20, DIAG_4_01, CAUSE, CAUSE_4, without their underscores."""

NO_DATE: Final = ("1582-10-15", "1800-01-01", "1801-01-01")
"""What HES writes for a date that is missing or not valid."""

UNDER_ONE: Final = (7001, 7007)
OLDEST: Final = 120
EMERGENCY_METHODS: Final = frozenset({"21", "22", "23", "24", "25", "28", "2A", "2B", "2C", "2D"})
"""HES method of admission: emergency (21-28; 2A-2D replaced 28 from 2013)."""
OTHER_METHODS: Final = ("11", "12", "13", "31", "32", "81", "82", "83", "84", "89", "98", "99")
"""HES: elective, maternity and other admissions, and unknown ones."""
CATEGORY: Final = re.compile(r"[A-Z][0-9]{2}")


def read_hes(
    path: Path | str,
    *,
    name: str = "admissions",
    title: str = "hospital admissions for violence",
    years: tuple[int, int] | None = None,
    ages: tuple[int, int] | None = None,
    causes: tuple[str, str] = VIOLENCE,
    columns: Mapping[str, str] | None = None,
    area: StudyArea | None = None,
    source: str = "Hospital Episode Statistics",
    release: str = UNRELEASED,
) -> Events:
    """Return emergency admissions with an external cause in a range of ICD-10 codes, one event an admission.

    An admission counts once, by its first episode, in the year of admission, at the place of residence. Rows are
    left out, each for the first reason that applies: repeated episode, not the first episode, not an emergency,
    no such cause, no usable date, outside the years, age unknown or outside the ages. A row without a usable area
    of residence is kept as an event without a place.

    Parameters
    ----------
    years
        First and last year of admission; all if None.
    ages
        Youngest and oldest age in years; all if None. STARTAGE 7001 to 7007 is under one year.
    causes
        First and last ICD-10 category, found in any diagnosis or cause; violence by default. Codes
        come as ``X99.1``, ``X991``, ``X99-`` or ``Y09X``.
    columns
        What the file calls `key`, `order`, `admission`, `start`, `age`, `sex`, `method`, `area_code`, where it
        isn't ``EPIKEY``, ``EPIORDER``, ``ADMIDATE``, ``EPISTART``, ``STARTAGE``, ``SEX``, ``ADMIMETH`` or an
        LSOA column such as ``LSOA11``.
    area
        The areas to count in, if they are known: a column of another vintage is an error.

    Returns
    -------
    Events
        `kind` is the first matching ICD-10 category; further columns `age` (years), `sex` (the file's code) and
        `sharp` (whether a sharp object, X99, is among the causes).

    Raises
    ------
    SourceError
        If the file or a needed column is missing, the areas are of another vintage, or an age is not a number.
    """
    _cell_values.need_years(years)
    first, last = _category_range(causes)
    names = _tabular.choose_columns(COLUMNS, columns)
    table = _tabular.read_table(path)
    events, own_notes = _episodes(table, names, first, last, area)
    sieve, notes = _sieve_episodes(table, names)
    sieve.drop(events["kind"] == "", f"no cause in {first}-{last}")
    sieve.drop_years(events["when"], years)
    if ages is not None:
        table.need(names["age"], option="columns = { age = ... }", what="the age, which ages = ... needs")
        sieve.drop(events["age"].isna(), "age unknown")
        sieve.drop(~events["age"].between(*ages), f"outside the ages {ages[0]} to {ages[1]}")
    kept = events[sieve.keep]
    notes += _age_notes(table, names, kept["age"])
    coverage, period = _cell_values.find_period(events["when"], years)
    notes += _tabular.note_unplaced(kept, "admissions", lacking="area of residence", period=period)
    return Events(
        kept,
        rows_read=len(table),
        dropped=sieve.dropped,
        coverage=coverage,
        placed_by="residence",
        identity=Identity(
            release=release,
            name=name,
            title=title,
            sources=(source,),
            period=period,
            notes=(*table.notes, *own_notes, *notes),
        ),
    )


def _episodes(
    table: _tabular.TextTable, names: _tabular.Columns, first: str, last: str, area: StudyArea | None
) -> tuple[pd.DataFrame, list[Note]]:
    """Return all rows as events, and sentences on the geography of residence and on dates that were replaced."""
    area_code, area_note = _area_codes(table, names, area)
    kind, sharp = _find_causes(table, first, last)
    when, date_notes = _dates(table, names)
    sex = _maybe(table, names, "sex")
    columns = {
        "easting": np.nan,
        "northing": np.nan,
        "area_code": area_code,
        "when": when,
        "kind": kind,
        "age": _ages(table, names),
        "sex": sex.astype(object) if sex is not None else "",
        "sharp": sharp,
    }
    return pd.DataFrame(columns, index=table.frame.index), [area_note, *date_notes]


def _category_range(causes: tuple[str, str]) -> tuple[str, str]:
    """Return the first and the last ICD-10 category in capitals."""
    first, last = (str(cause).strip().upper() for cause in causes)
    if not (CATEGORY.fullmatch(first) and CATEGORY.fullmatch(last) and first <= last):
        raise SourceError(
            f"{causes[0]} to {causes[1]} is not a range of ICD-10 categories.",
            advice="give the first and the last category of three characters, e.g. X85 and Y09",
        )
    return first, last


def _maybe(table: _tabular.TextTable, names: _tabular.Columns, role: str) -> pd.Series | None:
    """Return a column that need not be there, unless the caller named it."""
    if role in names.named:
        return table.frame[table.need(names[role], option=f"columns = {{ {role} = ... }}")]
    column = table.find(names[role])
    return table.frame[column] if column else None


def _area_codes(table: _tabular.TextTable, names: _tabular.Columns, area: StudyArea | None) -> tuple[pd.Series, Note]:
    """Return the codes of residence and a sentence on their geography."""
    if "area_code" in names.named:
        column = table.need(names["area_code"], option="columns = { area_code = ... }")
    else:
        column = _tabular.find_code_column(
            list(table.frame.columns), path=table.path, option="columns = { area_code = ... }"
        )
    if area is not None:
        # By the name alone: codes of another vintage are counted where events are placed.
        _tabular.need_vintage(_tabular.find_vintage(column, ()), area, path=table.path, column=column)
    parsed = _tabular.parse_column(column)
    geography = f" ({_tabular.GEOGRAPHIES[parsed.prefix]} of {parsed.year})" if parsed and parsed.year else ""
    words = f"Area of residence from the column {column}{geography}."
    return _cell_values.to_codes(table.frame[column]), Note(words, of="publication", numbers=(column,))


def _find_causes(table: _tabular.TextTable, first: str, last: str) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    """Return each row's first category in the range (empty: none), and whether a sharp object is among the causes."""
    found = [column for column in table.frame.columns if CAUSE_COLUMN.fullmatch(_tabular.fold(column))]
    if not found:
        raise SourceError(
            f"{table.path} has no column of diagnoses or causes.",
            found=f"columns {list_briefly(table.frame.columns, 40)}",
            advice="columns are recognised by the names DIAG_01 to DIAG_20 and CAUSE",
        )
    kind = np.full(len(table), "", dtype=object)
    sharp = np.zeros(len(table), dtype=bool)
    for column in found:
        # Distinct codes are few, rows are many.
        codes = table.frame[column]
        categories = {code: _category(code) for code in codes.unique()}
        category = codes.map(categories).to_numpy(dtype=object)
        within = codes.map({code: first <= c <= last for code, c in categories.items()}).to_numpy(dtype=bool)
        kind = np.where((kind == "") & within, category, kind)
        sharp |= (category == SHARP_OBJECT) & within
    return kind, sharp


def _category(code: str) -> str:
    """Return the three characters of an ICD-10 code, empty where it is none."""
    match = CATEGORY.match(code.strip().upper())
    return match[0] if match else ""


def _dates(table: _tabular.TextTable, names: _tabular.Columns) -> tuple[pd.Series, list[Note]]:
    """Return the date of admission, or of the start of the episode where there is none, and a sentence on slips."""
    admission, start = _maybe(table, names, "admission"), _maybe(table, names, "start")
    given = [column for column in (admission, start) if column is not None]
    if not given:
        table.need(names["admission"], option="columns = { admission = ... }", what="the date of admission")
    dates = [_cell_values.to_dates(column).mask(column.isin(NO_DATE)) for column in given]
    best = dates[0] if len(dates) == 1 else dates[0].fillna(dates[1])
    for column in given:
        _cell_values.need_dates(best, column, path=table.path)
    if admission is None or start is None:
        return best, []
    slips = admission.index[dates[0].isna() & best.notna() & ~admission.isin(["", *NO_DATE])]
    # The row and not the cell: notes may be read by others than the file.
    if slips.empty:
        return best, []
    cells = plural(len(slips), f"cell of {admission.name} is no date", f"cells of {admission.name} are not dates")
    words = f"{cells} (the first in row {slips[0]})"
    words = f"{words}: the date in {start.name} was used."
    return best, [Note(words, of="records", numbers=(len(slips), slips[0]))]


def _ages(table: _tabular.TextTable, names: _tabular.Columns) -> pd.Series:
    """Return ages in years, missing where unknown."""
    column = _maybe(table, names, "age")
    if column is None:
        return pd.Series(np.nan, index=table.frame.index)
    age = _cell_values.to_number(column, path=table.path, kind="count").values
    age = age.mask(age.between(*UNDER_ONE), 0.0)
    return age.where(age.between(0, OLDEST))


def _age_notes(table: _tabular.TextTable, names: _tabular.Columns, kept: pd.Series) -> list[Note]:
    """Return how many of the events have no age, and whether that is for want of a column."""
    if _maybe(table, names, "age") is None:
        words = f"No column {names['age']}: results by age are not possible."
        return [Note(words, of="publication", numbers=(names["age"],))]
    unknown = int(kept.isna().sum())
    admissions = plural(unknown, "admission has", "admissions have")
    words = f"{admissions} no age from 0 to {OLDEST}, and so no age group."
    return [Note(words, of="records", numbers=(unknown, 0, OLDEST))] if unknown else []


def _need_methods(method: pd.Series, table: _tabular.TextTable) -> None:
    """Stop where no row has a method of admission that HES knows: the column is another one, or recoded."""
    if not bool(method.isin([*EMERGENCY_METHODS, *OTHER_METHODS]).any()):
        filled = method[method != ""]
        raise SourceError(
            f"No row of {table.path} has a method of admission that HES knows.",
            found=f"column {method.name!r}: {list_briefly(map(repr, filled.unique())) or 'only empty cells'}",
            advice="emergencies are 21 to 28 or 2A to 2D; name another column, or recode it",
        )


def _note_odd(odd: pd.Series, what: str) -> list[Note]:
    """Return a sentence on cells with a code that HES does not have."""
    first = list_briefly([repr(_cell_values.brief(one)) for one in odd.unique()], 5)
    cells = plural(len(odd), f"cell of {odd.name} is", f"cells of {odd.name} are")
    words = f"{cells} not {what}: {first}."
    return [Note(words, of="records", numbers=(len(odd), first))] if len(odd) else []


def _without_column(column: str, taken: str) -> Note:
    return Note(f"No column {column}: {taken}.", of="publication", numbers=(column,))


def _sieve_episodes(table: _tabular.TextTable, names: _tabular.Columns) -> tuple[_tabular.Sieve, list[Note]]:
    """Return the sieve after what makes a row a first emergency episode, and notes on what couldn't be checked."""
    sieve = _tabular.Sieve(len(table))
    notes: list[Note] = []
    key, order, method = (_maybe(table, names, role) for role in ("key", "order", "method"))
    if key is not None:
        key, no_record = _cell_values.known_keys(key, path=table.path)
        notes += no_record
        repeated = key.duplicated() & (key != "")
        copies = repeated & table.frame.duplicated()
        sieve.drop(copies, "repeated episode")
        others = int(repeated.sum() - copies.sum())
        if others:
            rows = plural(others, f"row shares {key.name}", f"rows share {key.name}")
            words = f"{rows} with another row and other contents; kept."
            notes.append(Note(words, of="records", numbers=(others,)))
    else:
        notes.append(_without_column(names["key"], "duplicate rows could not be identified"))
    if order is not None:
        odd = order[~order.str.fullmatch(r"0*[1-9][0-9]*(\.0*)?")]
        notes += _note_odd(odd, "a number of an episode and not treated as first episodes")
        sieve.drop(~order.str.fullmatch(r"0*1(\.0*)?"), "not the first episode")
    else:
        notes.append(_without_column(names["order"], "every row was treated as a first episode"))
    if method is not None:
        # A spreadsheet writes 21 as 21.0.
        method = method.str.upper().str.replace(r"\.0+$", "", regex=True)
        _need_methods(method, table)
        odd = method[~method.isin([*EMERGENCY_METHODS, *OTHER_METHODS])]
        notes += _note_odd(odd, "a method that HES knows and not treated as emergencies")
        sieve.drop(~method.isin(EMERGENCY_METHODS), "not an emergency admission")
    else:
        notes.append(_without_column(names["method"], "every row was treated as an emergency admission"))
    return sieve, notes
