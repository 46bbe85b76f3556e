"""Street-level crime of data.police.uk: rows, months, points, and what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from hotspots.errors import SourceError, list_briefly, suggest
from hotspots.model import Coverage, Events, Identity, Note, Period, cover_months
from hotspots.sources import _cell_values, _tabular, _text_files
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
    _cell_values.need_years(years)
    files, passed_over = _find_files(paths)
    parts = [_read_street(file) for file in files]
    table = pd.concat([part.assign(file=number) for number, (part, _) in enumerate(parts)], ignore_index=True)
    wanted = _choose_types(table["kind"], crime_types)
    sieve = _tabular.Sieve(len(table))
    repeats = find_repeats(table)
    for reason, rows in repeats.dropped.items():
        sieve.drop(rows, reason)
    sieve.drop_years(table["when"], years)
    sieve.drop(~table["kind"].isin(wanted), "other crime type")
    kept = table[sieve.keep]
    coverage = _months_of(table["when"], years)
    period = _cell_values.period_covered(coverage, years)
    notes = [*passed_over, *(note for _, found in parts for note in found), *_without_ids(table, files)]
    notes += [*repeats.notes, *_absent(table["kind"], wanted), *_gaps(table, years), *_snapping(kept, period)]
    return Events(
        kept.drop(columns=["id", "content", "file"]),
        rows_read=len(table),
        dropped=sieve.dropped,
        coverage=coverage,
        placed_by="occurrence",
        identity=Identity(
            release=release, name=name, title=title, sources=(source,), period=period, notes=tuple(dict.fromkeys(notes))
        ),
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
            files.append(_text_files.need_file(one))
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
    ids, no_record = _cell_values.known_keys(frame[key].str.strip(), path=table.path) if key else ("", [])
    events = pd.DataFrame(
        {
            "easting": easting,
            "northing": northing,
            "area_code": _cell_values.to_codes(frame[code]) if code else None,
            "when": _cell_values.some_dates(month, path=table.path),
            "kind": kind.astype(object),
            "force": frame[force].astype(object) if force else "",
            "id": ids.astype(object) if isinstance(ids, pd.Series) else ids,
            "content": content_of(table, kind),
        }
    )
    return events, (*table.notes, *no_record)


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
    in_file = {str(kind).casefold(): str(kind) for kind in kinds.unique()}
    if wanted is None:
        return list(in_file.values())
    known = {kind.casefold(): kind for kind in CRIME_TYPES} | in_file
    for one in wanted:
        if one.casefold() not in known:
            raise SourceError(
                f"There is no crime type {one!r}.",
                found=f"in the file: {list_briefly(sorted(in_file.values()), 20)}",
                advice=suggest(one, known.values(), otherwise="use one of those in the file"),
            )
    return [known[one.casefold()] for one in wanted]


def _absent(kinds: pd.Series, wanted: Sequence[str]) -> list[Note]:
    """Return a sentence if none of the rows has one of the crime types: their names changed in 2011 and 2013."""
    in_file = sorted({str(kind) for kind in kinds})
    if not wanted or set(wanted) & set(in_file):
        return []
    types, others = list_briefly(wanted), list_briefly(in_file, 20)
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
            listed = list_briefly([_cell_values.month_in_words(month) for month in missing], 12)
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
    return [*notes, *_tabular.note_unplaced(kept, "crimes", lacking="location", period=period)]
