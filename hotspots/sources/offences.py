"""Offences of an extract from a force's own system: one event a reference, every row kept or left out for a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from hotspots.errors import SourceError, list_briefly, plural, suggest
from hotspots.model import Events, Identity, Note
from hotspots.sources import _cell_values, _tabular
from hotspots.vocabulary import UNRELEASED

COLUMNS: Final = {
    "reference": "reference",
    "offence_code": "offence_code",
    "offence": "offence",
    "occurred_from": "occurred_from",
    "easting": "easting",
    "northing": "northing",
    "knife": "knife",
    "area_code": "area_code",
}


YES: Final = frozenset({"y", "yes", "true", "1", "t"})


NO: Final = frozenset({"n", "no", "false", "0", "f"})


def read_offences(
    path: Path | str,
    *,
    name: str = "offences",
    title: str = "police recorded offences",
    columns: Mapping[str, str] | None = None,
    codes: Sequence[str] | None = None,
    knife: bool | None = None,
    years: tuple[int, int] | None = None,
    source: str = "police recorded offences",
    release: str = UNRELEASED,
) -> Events:
    """Return the offences of an extract from a force's own system, one event a reference.

    Rows are left out, each for the first reason that applies: repeated reference, no usable date, outside the
    years, other offence code, not a knife offence. Rows without coordinates, or with (0, 0), are kept as events
    without a place.

    Parameters
    ----------
    columns
        What the file calls `reference`, `offence_code`, `offence`, `occurred_from` (ISO, or day/month/year and
        time), `easting`, `northing` (metres), `knife` (Y or N), `area_code`, where it isn't that.
    codes
        Offence codes to keep; all if None.
    knife
        True keeps knife offences, False the others; both if None.
    years
        First and last year to keep; all if None.

    Raises
    ------
    SourceError
        If the file or a column is missing, a cell can't be read, or an offence code is not in the file.
    """
    _cell_values.need_years(years)
    table = _tabular.read_table(path)
    events, reference = _events_of(table, _tabular.choose_columns(COLUMNS, columns), need_knife=knife is not None)
    _need_codes(events["offence_code"], codes, table.path)
    sieve = _tabular.Sieve(len(table))
    reference, no_record = _cell_values.known_keys(reference, path=table.path)
    repeated = reference.duplicated() & (reference != "")
    sieve.drop(repeated, "repeated reference")
    sieve.drop_years(events["when"], years)
    if codes is not None:
        sieve.drop(~events["offence_code"].isin(list(codes)), "other offence code")
    if knife is not None:
        sieve.drop(events["knife"] != knife, "not a knife offence" if knife else "knife offence")
    kept = events[sieve.keep]
    coverage, period = _cell_values.find_period(events["when"], years)
    unplaced = _tabular.note_unplaced(kept, "offences", lacking="coordinates", period=period)
    return Events(
        kept,
        rows_read=len(table),
        dropped=sieve.dropped,
        coverage=coverage,
        placed_by="occurrence",
        identity=Identity(
            release=release,
            name=name,
            title=title,
            sources=(source,),
            period=period,
            notes=(*table.notes, *no_record, *_notes(table, repeated, reference, kept), *unplaced),
        ),
    )


def _events_of(
    table: _tabular.TextTable, names: _tabular.Columns, *, need_knife: bool
) -> tuple[pd.DataFrame, pd.Series]:
    """Return the events and their references."""
    frame = table.frame

    def need(role: str) -> pd.Series:
        return frame[table.need(names[role], option=f"columns = {{ {role} = ... }}")]

    def maybe(role: str) -> pd.Series | None:
        # A column that is named must be there; one under its usual name need not.
        found = table.find(names[role])
        return need(role) if found or role in names.named else None

    easting = _cell_values.to_number(need("easting"), path=table.path, kind="number").values
    northing = _cell_values.to_number(need("northing"), path=table.path, kind="number").values
    nowhere = easting.isna() | northing.isna() | ((easting == 0) & (northing == 0))
    code, offence, area = maybe("offence_code"), maybe("offence"), maybe("area_code")
    flag = need("knife") if need_knife else maybe("knife")
    kind = offence if offence is not None else code
    events = pd.DataFrame(
        {
            "easting": easting.mask(nowhere),
            "northing": northing.mask(nowhere),
            "area_code": _cell_values.to_codes(area) if area is not None else None,
            "when": _cell_values.some_dates(need("occurred_from"), path=table.path),
            "kind": kind.astype(object) if kind is not None else "offence",
            "offence_code": code.astype(object) if code is not None else None,
            "knife": _to_flag(flag, table.path) if flag is not None else None,
        }
    )
    reference = maybe("reference")
    return events, reference if reference is not None else pd.Series("", index=frame.index)


def _to_flag(column: pd.Series, path: Path) -> pd.Series:
    """Return yes and no as True and False, None where the cell is empty."""
    folded = column.astype(str).str.casefold()
    known = {**dict.fromkeys(YES, True), **dict.fromkeys(NO, False), "": None}
    odd = column[~folded.isin(list(known))]
    if len(odd):
        raise SourceError(
            f"{odd.iloc[0]!r} is neither yes nor no.",
            found=f"column {column.name!r}, row {odd.index[0]} of {path}; {len(odd):,} such cells",
            advice="write Y or N",
        )
    return pd.Series([known[value] for value in folded], index=column.index, dtype=object)


def _need_codes(there: pd.Series, wanted: Sequence[str] | None, path: Path) -> None:
    known = sorted({str(code) for code in there.dropna()})
    for one in wanted or ():
        if one not in known:
            raise SourceError(
                f"There is no offence code {one!r} in {path}.",
                found=f"codes {list_briefly(known, 20)}",
                advice=suggest(one, known, otherwise="use codes of the file"),
            )


def _notes(table: _tabular.TextTable, repeated: pd.Series, reference: pd.Series, kept: pd.DataFrame) -> list[Note]:
    notes = []
    if reference.name is None:
        words = f"No column {COLUMNS['reference']}: duplicate rows could not be identified."
        notes.append(Note(words, of="publication"))
    if bool(repeated.any()):
        # Exact copies came twice; others are versions of one record, of which the first is taken.
        of_repeated = table.frame[reference.isin(reference[repeated])]
        versions = len(of_repeated.drop_duplicates()) - of_repeated[reference.name].nunique()
        if versions:
            rows = plural(versions, "row repeats", "rows repeat")
            words = f"{rows} a reference with other contents; the first row is used."
            notes.append(Note(words, of="records", numbers=(versions,)))
    return notes
