"""Tables of counts by area, with marks and rounding as explained in the key of the file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from hotspots.errors import SourceError, list_briefly, plural
from hotspots.model import AreaCounts, Identity, Note, Period, StudyArea, renamed_arguments
from hotspots.sources import _area_rows, _cell_values, _tabular
from hotspots.vocabulary import UNRELEASED, weakest_release

NO_ROW: Final = "no row in the source"

ROUNDED_MEAN: Final = 1e-3
"""How far a published mean times its number of years may be from a whole number, as the mean was rounded. A count that
is not multiplied must be whole."""


@renamed_arguments(times="multiply_by")
def read_counts(
    path: Path | str,
    area: StudyArea,
    *,
    count_column: str,
    id_column: str | None = None,
    name_column: str | None = None,
    multiply_by: float = 1.0,
    marks: Mapping[str, tuple[int, int] | str] | None = None,
    rounding: int | None = None,
    name: str = "events",
    title: str = "events",
    period: str = "",
    source: str = "",
    release: str = UNRELEASED,
) -> AreaCounts:
    """Return the counts of a table with one row per area; the count of an area without a row is missing, never 0.

    Parameters
    ----------
    path, area
        The table; the areas of the study.
    count_column
        The column of counts.
    id_column, name_column
        The column of area codes, or of area names where there are no codes. If neither is given, the column of codes
        is found by ONS's names.
    multiply_by
        By what the cells are multiplied, e.g. 3 where they are yearly means of three years.
    marks
        Mark → lowest and highest count that it stands for, e.g. ``{"*": (1, 7)}``; or why there is no count, e.g.
        ``{":": "not available"}``. Every mark of the file must be given: none is known in advance.
    rounding
        What the counts were rounded to, e.g. 5: a published 15 is 13 to 17. A published 0 is 0.

    Returns
    -------
    AreaCounts
        `outside` is the number of events (lower bounds) in rows of other areas; the audit has `rows_read`,
        `rows_of_the_study`, `rows_outside`, `areas_without_a_row` and `hidden`. The column `reason` says why a count is
        not known: suppressed, rounded, missing as its mark says, or without a row.

    Raises
    ------
    SourceError
        If the file or a column is missing, an area appears twice, names are ambiguous, no row is of the study, or
        a cell is not a count.
    """
    table = _tabular.read_table(path)
    column = table.need(count_column, option="count_column")
    ids = _match_areas(table, area, id_column=id_column, name_column=name_column)
    low, high, reason = _intervals(table, column, multiply_by=multiply_by, marks=marks or {}, rounding=rounding)
    inside = ids.notna()
    if not bool(inside.any()):
        raise SourceError(
            f"{table.path} has no row of the study area.",
            found=f"{len(table):,} rows; the study has {len(area):,} areas, the first {area.ids[0]!r}",
            advice="use a table of the same geography and vintage, or name another column with id_column",
        )
    counts = pd.DataFrame({"observed_low": low, "observed_high": high, "reason": reason})[inside]
    counts = counts.set_axis(ids[inside]).reindex(area.ids)
    counts["reason"] = counts["reason"].where(counts["reason"].notna(), NO_ROW)
    without_row = area.ids.difference(pd.Index(ids[inside]))
    number = plural(len(without_row), "area has", "areas have")
    which = list_briefly(without_row)
    words = f"{number} no row in the table and no count: {which}."
    no_row = Note(words, of="publication", numbers=(len(without_row), which))
    outside = int(np.nansum(low[~inside]))
    audit = {
        "rows_read": len(table),
        "rows_of_the_study": int(inside.sum()),
        "rows_outside": int((~inside).sum()),
        "outside": outside,
        "areas_without_a_row": len(without_row),
        "hidden": int((counts["observed_low"] < counts["observed_high"]).sum()),
    }
    cells = set(table.frame[column])
    unused_marks = [
        Note(f"No cell of column {column!r} holds the mark {mark!r}.", of="publication", numbers=(column, mark))
        for mark in marks or {}
        if mark not in cells
    ]
    return AreaCounts(
        area,
        counts,
        outside=outside,
        audit=audit,
        rule=_rule_words(marks or {}, rounding),
        identity=Identity(
            release=weakest_release(release, area.release),
            name=name,
            title=title,
            sources=(source,),
            period=Period.read(period),
            notes=(*table.notes, *unused_marks, *([no_row] if len(without_row) else []), *_note_missing(counts)),
        ),
    )


def _note_missing(counts: pd.DataFrame) -> list[Note]:
    """Return how many areas have a row but no count, by reason."""
    missing = counts.loc[counts["observed_low"].isna() & (counts["reason"] != NO_ROW), "reason"]
    listed = "; ".join(f"{reason}: {number:,}" for reason, number in missing.value_counts().sort_index().items())
    words = f"Areas that have a row but no count: {listed}."
    return [Note(words, of="publication", numbers=(listed,))] if listed else []


def read_totals(
    path: Path | str,
    *,
    count_column: str,
    id_column: str | None = None,
    multiply_by: float = 1.0,
    marks: Mapping[str, tuple[int, int] | str] | None = None,
    rounding: int | None = None,
) -> dict[str, tuple[float, float]]:
    """Return the totals of a table with one row per authority: code → lowest and highest value.

    The arguments are those of `read_counts`. A suppressed or rounded total is an interval; a missing one is left out.

    Raises
    ------
    SourceError
        If the file or a column is missing, an authority appears twice, or a cell is not a count.
    """
    table = _tabular.read_table(path)
    column = table.need(count_column, option="count_column")
    codes = _area_rows.find_area_codes(table, id_column).codes
    low, high, _ = _intervals(table, column, multiply_by=multiply_by, marks=marks or {}, rounding=rounding)
    bounds = zip(codes, low, high, strict=True)
    return {str(code): (float(least), float(most)) for code, least, most in bounds if not np.isnan(least)}


def _rule_words(marks: Mapping[str, tuple[int, int] | str], rounding: int | None) -> str:
    """Return in words why counts are intervals, as the file has it."""
    words = [f"{mark} is {_meaning(meant)}" for mark, meant in marks.items()]
    if rounding:
        words.append(f"rounded to the nearest {rounding}")
    return f"as published: {', '.join(words)}" if words else ""


def _meaning(meant: tuple[int, int] | str) -> str:
    return meant if isinstance(meant, str) else f"{meant[0]} to {meant[1]}"


# --------------------------------------------------------------------------- areas


def _match_areas(
    table: _tabular.TextTable, area: StudyArea, *, id_column: str | None, name_column: str | None
) -> pd.Series:
    """Return the area id of each row, None where the row is of no area of the study."""
    if id_column is None and name_column is not None:
        rows = table.frame.index.tolist()
        names = table.frame[table.need(name_column, option="name_column")].str.casefold()
        _area_rows.need_unique_codes(names.tolist(), rows, path=table.path, option="name_column")
        by_name = _ids_by_name(area)
        return names.map(by_name).astype(object)
    column, codes, vintage = _area_rows.find_area_codes(table, id_column)
    _tabular.need_vintage(vintage, area, path=table.path, column=column)
    return codes.where(codes.isin(area.ids), None)


def _ids_by_name(area: StudyArea) -> dict[str, str]:
    names = area.areas["name"].str.strip().str.casefold()
    twice = names[names.duplicated(keep=False)]
    if len(twice):
        first = area.areas["name"][twice.index[0]]
        raise SourceError(
            f"The name {first!r} belongs to more than one area of the study.",
            found=f"areas {list_briefly(twice.index[twice == twice.iloc[0]])}",
            advice="match by code: name a column with id_column",
        )
    return {str(folded): str(one) for one, folded in names.items()}


# --------------------------------------------------------------------------- counts


def _intervals(
    table: _tabular.TextTable,
    column: str,
    *,
    multiply_by: float,
    marks: Mapping[str, tuple[int, int] | str],
    rounding: int | None,
) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Return the lowest and highest count of each row, and the reason where it is not known."""
    cells = table.frame[column]
    numbers = _cell_values.to_number(
        cells,
        {mark: f"{meant if isinstance(meant, str) else 'suppressed'} ({mark})" for mark, meant in marks.items()},
        path=table.path,
        kind="amount",
        advice="correct the cell, or say what a mark stands for, e.g. marks = { '*' = [1, 7] }",
    )
    counts = numbers.values * multiply_by
    whole = counts.round()
    tolerance, what = (
        (0.0, "a whole number") if multiply_by == 1 else (ROUNDED_MEAN, f"a whole number times {multiply_by:g}")
    )
    _need_counts(table, column, numbers.values, (counts - whole).abs() > tolerance, what)
    _need_counts(table, column, numbers.values, counts < 0, "at least 0")
    low, high = whole.copy(), whole.copy()
    if rounding:
        _need_counts(table, column, numbers.values, whole % rounding != 0, f"a multiple of {rounding}")
        # A published 15 is 13 to 17 when rounded to 5; the smallest count that is not 0 is 1.
        low = (whole - rounding // 2).clip(lower=1).where(whole > 0, whole)
        high = (whole + rounding // 2).where(whole > 0, whole)
    reason = numbers.reasons.mask(low < high, f"rounded to the nearest {rounding}")
    for mark, meant in marks.items():
        if not isinstance(meant, str):
            low[cells == mark], high[cells == mark] = meant
    return low, high, reason


def _need_counts(table: _tabular.TextTable, column: str, values: pd.Series, wrong: pd.Series, what: str) -> None:
    """Stop at the first value that is wrong; `what` says what a count is instead."""
    odd = values[wrong & values.notna()]
    if len(odd):
        raise SourceError(
            f"{odd.iloc[0]:g} is not a count.",
            found=f"column {column!r}, row {odd.index[0]} of {table.path}; {len(odd):,} such cells",
            advice=f"a count here is {what}; check multiply_by, rounding and the column",
        )
