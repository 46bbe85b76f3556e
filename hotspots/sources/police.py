"""Police data: street-level crime of data.police.uk, and offences from a force's own system."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from hotspots.errors import SourceError, list_briefly, nearest
from hotspots.model import Coverage, Events, Note, Period, cover_dates, cover_months
from hotspots.sources import _audit, _cell_values, _tabular, _times
from hotspots.sources._repeats import content_of, find_repeats
from hotspots.vocabulary import UNRELEASED

CRIME_TYPES: Final = (
    "Anti-social behaviour",
    "Bicycle theft",
    "Burglary",
    "Criminal damage and arson",
    "Drugs",
    "Other crime",
    "Other theft",
    "Possession of weapons",
    "Public disorder and weapons",
    "Public order",
    "Robbery",
    "Shoplifting",
    "Theft from the person",
    "Vehicle crime",
    "Violence and sexual offences",
    "Violent crime",
)
"""Of data.police.uk since 2010; ``Violent crime`` and ``Public disorder and weapons`` until 2013."""

SOURCE: Final = "data.police.uk, street-level crime"

OFFENCE_COLUMNS: Final = {
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


# --------------------------------------------------------------------------- data.police.uk


def read_police(
    paths: Path | str | Sequence[Path | str],
    *,
    name: str = "police",
    title: str = "police recorded crime",
    crime_types: Sequence[str] | None = None,
    years: tuple[int, int] | None = None,
    source: str = SOURCE,
    release: str = UNRELEASED,
) -> Events:
    """Return street-level crime of data.police.uk, one event a row.

    Equal rows of one file are separate crimes and are kept. Where several files hold the same month of the same force,
    a crime with an ID counts once, and of equal rows without an ID as many as the file that has most. Rows without a
    location are kept as events without a place. Points are not where a crime happened but one of about 750,000 map
    points near it, each of which represents eight or more addresses; and months or whole forces can be missing.

    Parameters
    ----------
    paths
        A file, several files, or a folder of monthly files (of the archive's files those of streets are read).
        Both layouts are understood: eastings and northings until 2011, degrees and LSOA codes since.
    crime_types
        Crime types to keep; all if None.
    years
        First and last year to keep; all if None.
    release
        `open` where the published files are read as they are.

    Raises
    ------
    SourceError
        If a file or column is missing, a coordinate is not a number, or a crime type is unknown.
    """
    _audit.need_years(years)
    files, passed_over = _find_files(paths)
    parts = [_read_street(file) for file in files]
    table = pd.concat([part.assign(file=number) for number, (part, _) in enumerate(parts)], ignore_index=True)
    wanted = _choose_types(table["kind"], crime_types)
    sieve = _audit.Sieve(len(table))
    repeats = find_repeats(table)
    for reason, rows in repeats.dropped.items():
        sieve.drop(rows, reason)
    sieve.drop_years(table["when"], years)
    sieve.drop(~table["kind"].isin(wanted), "other crime type")
    kept = table[sieve.keep]
    coverage = _months_of(table["when"], years)
    period = _times.period_covered(coverage, years)
    notes = [*passed_over, *(note for _, found in parts for note in found), *_without_ids(table, files)]
    notes += [*repeats.notes, *_absent(table["kind"], wanted), *_gaps(table, years), *_snapping(kept, period)]
    return Events(
        kept.drop(columns=["id", "content", "file"]),
        rows_read=len(table),
        dropped=sieve.dropped,
        name=name,
        title=title,
        source=source,
        period=period,
        notes=tuple(dict.fromkeys(notes)),
        release=release,
        coverage=coverage,
        placed_by="occurrence",
    )


def _months_of(when: pd.Series, years: tuple[int, int] | None) -> Coverage | None:
    """Return the months that the files hold, of the years asked for."""
    months = when.dropna().dt.strftime("%Y-%m").unique()
    return cover_months(month for month in months if years is None or years[0] <= int(month[:4]) <= years[1])


def _find_files(paths: Path | str | Sequence[Path | str]) -> tuple[list[Path], list[Note]]:
    """Return the files meant, of a folder those with street-level crime, and which files were skipped."""
    given = [paths] if isinstance(paths, str | Path) else list(paths)
    files: list[Path] = []
    notes: list[Note] = []
    for one in map(Path, given):
        if not one.is_dir():
            files.append(_tabular.need_file(one))
            continue
        tables = sorted(file for file in one.rglob("*") if file.name.lower().endswith((".csv", ".csv.gz")))
        # An archive also has outcomes and stop and search, which are other things in other columns.
        streets = [file for file in tables if "street" in file.name.lower()]
        if not tables:
            raise SourceError(f"There is no CSV file in the folder {one}.", advice="name the folder of monthly files")
        files += streets or tables
        others = [file.name for file in tables if streets and file not in streets]
        if others:
            few = "1 file was" if len(others) == 1 else f"{len(others):,} files were"
            which = list_briefly(others)
            words = f"{few} skipped because the name does not contain 'street': {which}."
            notes.append(Note(words, of="publication", numbers=(len(others), which)))
    if not files:
        raise SourceError("No file of street-level crime is named.", advice="name a file or a folder")
    return files, notes


def _without_ids(table: pd.DataFrame, files: Sequence[Path]) -> list[Note]:
    """Return that crimes in two files can't be matched by their ID, where files have none."""
    none = (table["id"] == "").groupby(table["file"]).all()
    without = [files[int(number)].name for number in none.index[none]]
    if len(files) < 2 or not without:
        return []
    which = list_briefly(without)
    words = f"No Crime ID in {which}: crimes that are in two files are matched by their contents."
    return [Note(words, of="publication", numbers=(which,))]


def _read_street(path: Path) -> tuple[pd.DataFrame, tuple[Note, ...]]:
    """Return the events of one file and the notes on reading it."""
    table = _tabular.read_table(path)
    frame = table.frame
    month, kind = frame[table.need("Month")], frame[table.need("Crime type")]
    if table.find("Easting") is None and table.find("Longitude") is not None:
        x, y = _degrees(table, "Longitude", 180), _degrees(table, "Latitude", 90)
        easting, northing = _to_grid(x, y)
    else:
        easting, northing = _numbers(table, "Easting"), _numbers(table, "Northing")
    code, force = table.find("LSOA code"), table.find("Reported by", "Falls within")
    key = table.find("Crime ID")
    ids, no_record = _audit.known_keys(frame[key].str.strip(), path=table.path) if key else ("", [])
    events = pd.DataFrame(
        {
            "easting": easting,
            "northing": northing,
            "area_code": _cell_values.to_codes(frame[code]) if code else None,
            "when": _dates(month, table.path),
            "kind": kind.astype(object),
            "force": frame[force].astype(object) if force else "",
            "id": ids.astype(object) if isinstance(ids, pd.Series) else ids,
            "content": content_of(table, kind),
        }
    )
    return events, (*table.notes, *no_record)


def _dates(column: pd.Series, path: Path) -> pd.Series:
    dates = _times.to_dates(column)
    _times.need_dates(dates, column, path=path)
    return dates


def _numbers(table: _tabular.TextTable, column: str) -> pd.Series:
    return _cell_values.to_number(table.frame[table.need(column)], path=table.path, kind="number").values


def _degrees(table: _tabular.TextTable, column: str, most: int) -> pd.Series:
    values = _numbers(table, column)
    odd = values.index[values.abs() > most]
    if len(odd):
        cells = table.frame[table.need(column)]
        raise SourceError(
            f"{cells[odd[0]]!r} is not a {column.lower()}.",
            found=f"column {cells.name!r}, row {odd[0]} of {table.path}; {len(odd):,} such cells",
            advice=f"degrees lie from {-most} to {most}; metres belong in Easting and Northing",
        )
    return values


def _to_grid(longitude: pd.Series, latitude: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Return eastings and northings (metres) of degrees, each distinct point converted once."""
    import pyproj

    degrees = np.column_stack([longitude, latitude])
    located = np.isfinite(degrees).all(axis=1)
    metres = np.full(degrees.shape, np.nan)
    if located.any():
        # As complex numbers, because numpy sorts pairs ten times slower.
        distinct, inverse = np.unique(degrees[located, 0] + 1j * degrees[located, 1], return_inverse=True)
        to_grid = pyproj.Transformer.from_crs(4326, 27700, always_xy=True)
        metres[located] = np.column_stack(to_grid.transform(distinct.real, distinct.imag))[inverse]
    return pd.Series(metres[:, 0], index=longitude.index), pd.Series(metres[:, 1], index=longitude.index)


def _choose_types(kinds: pd.Series, wanted: Sequence[str] | None) -> list[str]:
    """Return the crime types to keep, spelled as in the file."""
    there = {str(kind).casefold(): str(kind) for kind in kinds.unique()}
    if wanted is None:
        return list(there.values())
    known = {kind.casefold(): kind for kind in CRIME_TYPES} | there
    for one in wanted:
        if one.casefold() not in known:
            near = nearest(one, known.values())
            raise SourceError(
                f"There is no crime type {one!r}.",
                found=f"in the file: {list_briefly(sorted(there.values()), 20)}",
                advice=f"is it {near!r}?" if near else "use one of those in the file",
            )
    return [known[one.casefold()] for one in wanted]


def _absent(kinds: pd.Series, wanted: Sequence[str]) -> list[Note]:
    """Return a sentence if none of the rows has one of the crime types: their names changed in 2011 and 2013."""
    there = sorted({str(kind) for kind in kinds})
    if not wanted or set(wanted) & set(there):
        return []
    types, others = list_briefly(wanted), list_briefly(there, 20)
    words = f"No row has the crime type {types}; the file has {others}."
    return [Note(words, of="records", numbers=(types, others))]


def _gaps(table: pd.DataFrame, years: tuple[int, int] | None) -> list[Note]:
    """Return a sentence for every force that has no rows in some month of the period."""
    dated = table[table["when"].notna()]
    if dated.empty:
        return []
    months = dated["when"].dt.to_period("M")
    first, last = (f"{years[0]}-01", f"{years[1]}-12") if years else (str(months.min()), str(months.max()))
    period = pd.period_range(first, last, freq="M")
    forces = dated["force"].unique()
    notes = []
    for force in forces:
        missing = period.difference(pd.PeriodIndex(months[dated["force"] == force].unique()))
        if len(missing):
            who = f" of {force}" if force else " without a force"
            whose = who if len(forces) > 1 else ""
            listed = list_briefly([_times.month_in_words(month) for month in missing], 12)
            words = f"No rows{whose} for {listed}: a gap is not a fall."
            notes.append(Note(words, of="publication", numbers=(listed,)))
    return notes


def _snapping(kept: pd.DataFrame, period: Period) -> list[Note]:
    located = kept[["easting", "northing"]].dropna()
    notes = []
    if len(located):
        points = len(located.drop_duplicates())
        words = (
            f"{len(located):,} located crimes have {points:,} distinct points: published points are map points near "
            "the scene, not the scene itself."
        )
        notes.append(Note(words, of="records", numbers=(len(located), points)))
    return [*notes, *_audit.note_unplaced(kept, "crimes", lacking="location", period=period)]


# --------------------------------------------------------------------------- a force's own extract


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
    _audit.need_years(years)
    table = _tabular.read_table(path)
    events, reference = _offence_table(
        table, _audit.choose_columns(OFFENCE_COLUMNS, columns), need_knife=knife is not None
    )
    _need_codes(events["offence_code"], codes, table.path)
    sieve = _audit.Sieve(len(table))
    reference, no_record = _audit.known_keys(reference, path=table.path)
    repeated = reference.duplicated() & (reference != "")
    sieve.drop(repeated, "repeated reference")
    sieve.drop_years(events["when"], years)
    if codes is not None:
        sieve.drop(~events["offence_code"].isin(list(codes)), "other offence code")
    if knife is not None:
        sieve.drop(events["knife"] != knife, "not a knife offence" if knife else "knife offence")
    kept = events[sieve.keep]
    coverage = cover_dates(events["when"], years=years)
    period = _times.period_covered(coverage, years)
    unplaced = _audit.note_unplaced(kept, "offences", lacking="coordinates", period=period)
    return Events(
        kept,
        rows_read=len(table),
        dropped=sieve.dropped,
        name=name,
        title=title,
        source=source,
        period=period,
        notes=(*table.notes, *no_record, *_offence_notes(table, repeated, reference, kept), *unplaced),
        release=release,
        coverage=coverage,
        placed_by="occurrence",
    )


def _offence_table(
    table: _tabular.TextTable, names: _audit.Columns, *, need_knife: bool
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
            "when": _dates(need("occurred_from"), table.path),
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
            near = nearest(one, known)
            raise SourceError(
                f"There is no offence code {one!r} in {path}.",
                found=f"codes {list_briefly(known, 20)}",
                advice=f"is it {near!r}?" if near else "use codes of the file",
            )


def _offence_notes(
    table: _tabular.TextTable, repeated: pd.Series, reference: pd.Series, kept: pd.DataFrame
) -> list[Note]:
    notes = []
    if reference.name is None:
        words = f"No column {OFFENCE_COLUMNS['reference']}: duplicate rows could not be identified."
        notes.append(Note(words, of="publication"))
    if bool(repeated.any()):
        # Exact copies came twice; others are versions of one record, of which the first is taken.
        of_repeated = table.frame[reference.isin(reference[repeated])]
        versions = len(of_repeated.drop_duplicates()) - of_repeated[reference.name].nunique()
        if versions:
            words = f"{versions:,} rows repeat a reference with other contents; the first row is used."
            notes.append(Note(words, of="records", numbers=(versions,)))
    return notes
