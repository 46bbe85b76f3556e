"""ONS areas: polygons in any usual format into a study area; place names for labels."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from hotspots.errors import SourceError
from hotspots.model import StudyArea
from hotspots.sources import _cell_values, _naming, _polygons, _tabular, _text_files, _vector_files
from hotspots.vocabulary import ATTRIBUTION, OFFICIAL, OPEN, WEST_MIDLANDS, detect_vintage, is_newer_lsoa, tidy_code

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["read_areas", "read_place_labels"]

EARLIEST, LATEST = 1971, 2100
"""Years of geographies: small areas were first drawn for the census of 1971."""

AUTHORITY_NAME: Final = re.compile(r"^(.+?) [0-9]{3}[A-Z]?$")
"""ONS names an LSOA ``Birmingham 067A`` and an MSOA ``Birmingham 067``."""


@dataclass(frozen=True, slots=True)
class _Columns:
    """Which column holds what; None where there is none."""

    id: str
    name: str | None
    la_code: str | None
    la_name: str | None
    geography: str
    year: int | None


def read_areas(
    path: Path | str | gpd.GeoDataFrame,
    *,
    layer: str | None = None,
    id_column: str | None = None,
    name_column: str | None = None,
    la_code_column: str | None = None,
    la_name_column: str | None = None,
    crs: str | None = None,
    authorities: Sequence[str] | None = None,
    geography: str | None = None,
    vintage: int | None = None,
    supplied: int | None = None,
    attribution: Sequence[str] | None = None,
    release: str = OPEN,
) -> StudyArea:
    """Return the areas of a GeoPackage, GeoJSON, shapefile, GeoParquet file or GeoDataFrame, in British National Grid.

    Vertices are brought to a grid of 0.1 m, so that neighbours share them; published files differ in the last
    decimals. Invalid polygons are repaired. Both are named in the notes of the study area, and no area is left out
    but those of other authorities. Coordinates in another system are converted without a correction grid unless
    PROJ has one, which is right to about 2 m.

    Parameters
    ----------
    path
        The file, or a GeoDataFrame with the columns of one; codes may be its index.
    layer
        Needed where the file has several.
    id_column, name_column, la_code_column, la_name_column
        Needed only where the columns don't have one of the usual ONS names (``LSOA11CD``, ``lsoa21_code``,
        ``LAD22NM``, ``la_code``, ...). Without an authority column the authority is taken from the name of the
        area (``Birmingham 067A``), and so is its name where there is a column of codes alone.
    crs
        The coordinate system, e.g. ``"EPSG:27700"``, where the file has none or a wrong one.
    authorities
        Codes or names of the local authorities to keep; all of the file if None.
    geography, vintage
        What an area is and the year of the geography, where the columns and codes don't tell.
    supplied
        The year in which the file was supplied, for the attribution; without it the lines have no year.
    attribution
        Lines that must be shown wherever the boundaries are drawn; those that ONS asks for if None.

    Raises
    ------
    SourceError
        If the file, layer or a column is missing, ids appear twice, an area has no polygon or no authority, the
        coordinate system is not known, or areas of 2011 and 2021 are mixed.
    """
    import geopandas as gpd

    if isinstance(path, gpd.GeoDataFrame):
        frame, path = _vector_files.as_layer(path), Path("the GeoDataFrame")
    else:
        path = _text_files.need_file(path)
        frame = _vector_files.read_layer(path, layer=layer)
    notes: dict[str, tuple[str, ...]] = {}
    columns = _find_columns(
        frame, path, id_=id_column, name=name_column, la_code=la_code_column, la_name=la_name_column
    )
    ids = _ids(frame, columns.id, path)
    names = _text(frame, columns.name, path) if columns.name else ids
    codes, la_names = _authorities(frame, columns, names, path)
    areas = gpd.GeoDataFrame(
        {"name": names, "la_code": codes, "la_name": la_names},
        geometry=frame.geometry.to_numpy(),
        index=pd.Index(ids, dtype=object),
        crs=frame.crs,
    )
    # Where the coordinates lie is asked of the whole file, before a part of it is kept.
    system, note = _polygons.tell_crs(areas, path, stated=crs)
    areas = areas.set_crs(system, allow_override=True)
    areas = _keep_authorities(areas, authorities, path)
    areas, mended = _polygons.prepare(areas, path)
    notes |= ({note: ()} if note else {}) | mended
    vintage = _tell_vintage(columns, areas.index, vintage, notes)
    _refuse_overlaps(areas, path, notes)
    return StudyArea(
        areas,
        geography=geography or columns.geography,
        vintage=vintage,
        attribution=tuple(attribution) if attribution is not None else _attribution(supplied),
        notes=notes,
        release=release,
    )


def _attribution(year: int | None) -> tuple[str, ...]:
    return tuple(line.format(year=year or "").rstrip() for line in ATTRIBUTION)


# --------------------------------------------------------------------------- columns


def _find_columns(
    frame: gpd.GeoDataFrame, path: Path, *, id_: str | None, name: str | None, la_code: str | None, la_name: str | None
) -> _Columns:
    """Return which column holds what, as named by the caller or else found by ONS's names."""
    plain = [str(column) for column in frame.columns if column != frame.geometry.name]
    ons = {column: found for column in plain if (found := _naming.parse_column(column))}
    if id_ is not None:
        id_ = _tabular.need_column(plain, (id_,), path=path, option="id_column")
    else:
        id_ = _naming.find_code_column(plain, path=path)
    prefix, year, _ = ons.get(id_, _naming.AreaColumn("", None, "code"))

    def same(kind: str, prefixes: Sequence[str], fallback: Sequence[str]) -> str | None:
        """Return the newest column of this kind, or else one with a plain name."""
        found = [c for c, (p, _, k) in ons.items() if p in prefixes and k == kind]
        found.sort(key=lambda c: (ons[c][1] == year, ons[c][1] or 0), reverse=True)
        return found[0] if found else _tabular.find_column(plain, fallback)

    def named(given: str | None, option: str) -> str | None:
        return _tabular.need_column(plain, (given,), path=path, option=option) if given is not None else None

    own_code = id_ if prefix in _naming.AUTHORITIES else None
    return _Columns(
        id=id_,
        name=named(name, "name_column") or same("name", (prefix,), _naming.PLAIN_NAMES),
        la_code=named(la_code, "la_code_column") or own_code or same("code", _naming.AUTHORITIES, ()),
        la_name=named(la_name, "la_name_column") or same("name", _naming.AUTHORITIES, ("local_authority", "authority")),
        geography=_naming.GEOGRAPHIES.get(prefix, "area"),
        year=year,
    )


def _text(frame: gpd.GeoDataFrame, column: str, path: Path) -> list[str]:
    """Return a column as text; every area must have one."""
    values = frame[column].astype(object)
    blank = np.flatnonzero(values.isna() | (values.astype(str).str.strip() == ""))
    if len(blank):
        raise SourceError(
            f"An area of {path} has nothing in the column {column!r}.",
            found=f"row {blank[0] + 1}; {len(blank):,} such rows",
            advice="fill in the column, or name another one",
        )
    return [str(value).strip() for value in values]


def _ids(frame: gpd.GeoDataFrame, column: str, path: Path) -> list[str]:
    """Return the ids; each may appear once only."""
    # ONS codes in capitals, as in events and tables; ids of another kind as they are.
    ids = [tidy_code(one) for one in _text(frame, column, path)]
    numbers = [row for row, one in enumerate(ids, start=1) if _cell_values.is_number(one)]
    if numbers and any(OFFICIAL.fullmatch(one) for one in ids):
        raise SourceError(
            f"The column of area codes contains the number {ids[numbers[0] - 1]}.",
            found=f"column {column!r}, row {numbers[0]} of {path}; {len(numbers):,} such cells",
            advice="correct the code, or name another column with id_column",
        )
    rows: dict[str, int] = {}
    for row, one in enumerate(ids, start=1):
        if one in rows:
            raise SourceError(
                f"Two areas share the id {one!r}.",
                found=f"rows {rows[one]} and {row} of {path}",
                advice="remove the duplicate, or name another column with id_column",
            )
        rows[one] = row
    return ids


def _authorities(
    frame: gpd.GeoDataFrame, columns: _Columns, names: list[str], path: Path
) -> tuple[list[str], list[str]]:
    """Return code and name of each area's authority."""
    codes = _text(frame, columns.la_code, path) if columns.la_code else None
    if columns.la_name:
        la_names = _text(frame, columns.la_name, path)
    elif codes:
        known = _names_of_codes(codes, names, themselves=columns.la_code == columns.id)
        la_names = [known[code] for code in codes]
    else:
        la_names = _authorities_of_names(names, path)
    if codes is None:
        known = {name: code for code, name in WEST_MIDLANDS.items()}
        codes = [known.get(name, name) for name in la_names]
    codes = [tidy_code(code) for code in codes]
    _need_one_name(codes, la_names, path)
    return codes, la_names


def _names_of_codes(codes: list[str], names: list[str], *, themselves: bool) -> dict[str, str]:
    """Return the names of authorities that have codes only: as registered here, or as in the names of their areas.

    An authority whose areas are named after several, or after one that another's are named after too, keeps its code.
    `themselves` says that the areas are the authorities.
    """
    told: dict[str, set[str]] = {}
    for code, name in zip(codes, names, strict=True):
        match = AUTHORITY_NAME.match(name)
        told.setdefault(code, set()).add(name if themselves else match[1] if match else "")
    lone = {code: next(iter(found)) for code, found in told.items() if len(found) == 1}
    often = list(lone.values())
    return {
        code: WEST_MIDLANDS.get(tidy_code(code)) or (often.count(lone.get(code, "")) == 1 and lone[code]) or code
        for code in told
    }


def _need_one_name(codes: list[str], la_names: list[str], path: Path) -> None:
    """Refuse an authority with two names: one of them would be on every page."""
    first: dict[str, tuple[int, str]] = {}
    for row, (code, name) in enumerate(zip(codes, la_names, strict=True), start=1):
        there, known = first.setdefault(code, (row, name))
        if name != known:
            raise SourceError(
                f"The local authority {code!r} has two names in {path}.",
                found=f"{known!r} in row {there}, {name!r} in row {row}",
                advice="correct the names, or name another column with la_name_column",
            )


def _authorities_of_names(names: Sequence[str], path: Path) -> list[str]:
    matches = [AUTHORITY_NAME.match(name) for name in names]
    told = [match[1] for match in matches if match]
    if len(told) < len(names):
        row = next(row for row, match in enumerate(matches) if match is None)
        raise SourceError(
            f"The local authority of area {names[row]!r} is not known.",
            found=f"no column of authorities, and row {row + 1} of {path} has no name such as 'Birmingham 067A'",
            advice="name the column with la_code_column or la_name_column",
        )
    return told


def _keep_authorities(areas: gpd.GeoDataFrame, wanted: Sequence[str] | None, path: Path) -> gpd.GeoDataFrame:
    if wanted is None:
        return areas
    known = dict(zip(areas["la_code"], areas["la_name"], strict=True))
    codes = _naming.find_authorities(wanted, known, where=f"{path}")
    return areas[areas["la_code"].isin(codes)]


# --------------------------------------------------------------------------- vintage


def _tell_vintage(
    columns: _Columns, ids: pd.Index, stated: int | None, notes: dict[str, tuple[str, ...]]
) -> int | None:
    """Return the year of the geography: as stated, else by the codes, else by the name of the column."""
    told = detect_vintage(ids)
    if stated is not None and not EARLIEST <= stated <= LATEST:
        raise SourceError(
            f"vintage is the year of a geography, and {stated} is not a year.",
            found=f"the codes are of {told}" if told else "",
            advice="give a year such as 2011 or 2021, or leave it out if the file states it",
        )
    vintage = stated or columns.year or told
    if told is not None and vintage in (2011, 2021) and told > vintage:
        newer = tuple(one for one in ids if is_newer_lsoa(one))
        notes[f"Codes that did not exist in {vintage}"] = newer
        return stated or told
    return vintage


def _refuse_overlaps(areas: gpd.GeoDataFrame, path: Path, notes: dict[str, tuple[str, ...]]) -> None:
    """Stop where areas of 2011 lie over their successors of 2021; note any other overlap."""
    pairs = _polygons.overlaps(areas)
    mixed = [(a, b) for a, b in pairs if is_newer_lsoa(a) != is_newer_lsoa(b)]
    if mixed:
        raise SourceError(
            f"{path} mixes LSOAs of 2011 and 2021.",
            found=f"{mixed[0][0]} and {mixed[0][1]} overlap; {len(mixed):,} such pairs",
            advice="use a file of one vintage",
        )
    if pairs:
        notes["Areas that overlap another area"] = tuple(sorted({one for pair in pairs for one in pair}))


# --------------------------------------------------------------------------- labels


def read_place_labels(path: Path | str) -> pd.DataFrame:
    """Return place names for labels: `name`, `easting`, `northing` (metres), `population` (people), `credit`.

    The largest come first. `population` is 0 and `credit` empty where the file has no such column. Rows without a name
    or a coordinate are left out; how many and why is in ``attrs["dropped"]``.

    Raises
    ------
    SourceError
        If the file or a column is missing, a coordinate is not a number, or no row is left.
    """
    table = _tabular.read_table(path)
    columns: dict[str, Any] = {"name": table.frame[table.need("name")]}
    for one in ("easting", "northing"):
        columns[one] = _cell_values.to_number(table.frame[table.need(one)], path=table.path, kind="number").values
    people = table.find("population")
    columns["population"] = (
        _cell_values.to_number(table.frame[people], path=table.path, kind="amount").values if people else 0.0
    )
    credit = table.find("credit", "source")
    columns["credit"] = table.frame[credit] if credit else ""
    places = pd.DataFrame(columns)
    sieve = _tabular.Sieve(len(places))
    sieve.drop(places["name"] == "", "no name")
    sieve.drop(places[["easting", "northing"]].isna().any(axis=1), "no coordinates")
    if not sieve.keep.any():
        raise SourceError(
            f"{table.path} has no place with a name and coordinates.",
            found="; ".join(f"{rows:,} {reason}" for reason, rows in sieve.dropped.items()),
            advice="complete the file, or leave labels out",
        )
    places = places[sieve.keep].sort_values(
        ["population", "name"], ascending=[False, True], kind="stable", ignore_index=True
    )
    places.attrs["dropped"] = sieve.dropped
    return places
