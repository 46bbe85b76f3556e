"""Boundaries of areas, read from any usual format as a study area."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from hotspots.errors import SourceError, list_briefly, nearest
from hotspots.model import Identity, StudyArea
from hotspots.sources import _cell_values, _polygons, _tabular, _text_files, _vector_files
from hotspots.vocabulary import ATTRIBUTION, OFFICIAL, OPEN, WEST_MIDLANDS, detect_vintage, is_newer_lsoa, tidy_code

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["read_areas"]

EARLIEST, LATEST = 1971, 2100
"""Years of geographies: small areas were first drawn for the census of 1971."""

AUTHORITIES: Final = ("lad", "ltla", "la")
"""How ONS begins the names of columns of authorities."""
PLAIN_NAMES: Final = ("area_name", "geography_name", "name")

AUTHORITY_NAME: Final = re.compile(r"^(.+?) [0-9]{3}[A-Z]?$")
"""ONS names an LSOA ``Birmingham 067A`` and an MSOA ``Birmingham 067``."""


UNSTATED: Final = "not stated"
"""Code and name of the authority of areas whose layer names none."""


@dataclass(frozen=True, slots=True)
class _Columns:
    """Names of the columns of ids, names and authorities (None where there is none), and what the ids say."""

    id: str
    name: str | None
    la_code: str | None
    la_name: str | None
    geography: str
    year: int | None
    option: str = "{}_column"
    """How a user names one of them, for errors."""


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

    Vertices are rounded to 0.1 m, so that neighbours share them: published files differ in the last decimals. Invalid
    polygons are repaired. The notes of the study area list what was changed. Only areas of other authorities are left
    out. Coordinates in another system are converted to within about 2 m, or more exactly if PROJ has a correction grid.

    Parameters
    ----------
    path
        The file, or a GeoDataFrame with the same columns; its index may be the codes.
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
        What an area is and the year of its geography; needed where neither columns nor codes say so.
    supplied
        The year in which the file was supplied, for the attribution, which otherwise has no year.
    attribution
        Lines that must be shown wherever the boundaries are drawn; if None, those that ONS asks for.

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
    columns = _find_columns(
        frame, path, id_=id_column, name=name_column, la_code=la_code_column, la_name=la_name_column
    )
    lines = tuple(attribution) if attribution is not None else _attribution(supplied)
    return _study_area(
        frame,
        path,
        columns,
        crs=crs,
        authorities=authorities,
        geography=geography,
        vintage=vintage,
        identity=Identity(release=release, attribution=lines),
    )


def areas_of_layer(
    frame: gpd.GeoDataFrame, path: Path, *, id_column: str, name_column: str | None, crs: str | None
) -> StudyArea:
    """Return the polygons of any layer as areas; where it names no authority, that is `UNSTATED`.

    Raises
    ------
    SourceError
        As `read_areas` does.
    """
    columns = _find_columns(frame, path, id_=id_column, name=name_column, la_code=None, la_name=None, option="--{}")
    by_ons = _tabular.parse_column(id_column) is not None
    return _study_area(
        frame,
        path,
        columns,
        crs=crs,
        unstated=UNSTATED,
        identity=Identity(release=OPEN, attribution=_attribution(None) if by_ons else ()),
    )


def _study_area(
    frame: gpd.GeoDataFrame,
    path: Path,
    columns: _Columns,
    *,
    crs: str | None,
    identity: Identity,
    authorities: Sequence[str] | None = None,
    geography: str | None = None,
    vintage: int | None = None,
    unstated: str | None = None,
) -> StudyArea:
    """Return the rows of a layer, whose columns are known, as a study area."""
    import geopandas as gpd

    notes: dict[str, tuple[str, ...]] = {}
    ids = _ids(frame, columns, path)
    names = _text(frame, columns.name, path) if columns.name else ids
    codes, la_names = _authorities(frame, columns, names, path, unstated=unstated)
    areas = gpd.GeoDataFrame(
        {"name": names, "la_code": codes, "la_name": la_names},
        geometry=frame.geometry.to_numpy(),
        index=pd.Index(ids, dtype=object),
        crs=frame.crs,
    )
    # The coordinate system is checked against the whole file, before other authorities are left out.
    system, note = _polygons.find_crs(areas, path, stated=crs)
    areas = areas.set_crs(system, allow_override=True)
    areas = _keep_authorities(areas, authorities, path)
    areas, repairs = _polygons.prepare(areas, path)
    notes |= ({note: ()} if note else {}) | repairs
    vintage = _find_vintage(columns, areas.index, vintage, notes)
    _refuse_overlaps(areas, path, notes)
    return StudyArea(areas, geography=geography or columns.geography, vintage=vintage, repairs=notes, identity=identity)


def _attribution(year: int | None) -> tuple[str, ...]:
    return tuple(line.format(year=year or "").rstrip() for line in ATTRIBUTION)


# --------------------------------------------------------------------------- columns


def _find_columns(
    frame: gpd.GeoDataFrame,
    path: Path,
    *,
    id_: str | None,
    name: str | None,
    la_code: str | None,
    la_name: str | None,
    option: str = "{}_column",
) -> _Columns:
    """Return the columns as named by the caller, or else found by ONS's names."""
    plain = [str(column) for column in frame.columns if column != frame.geometry.name]
    ons = {column: parsed for column in plain if (parsed := _tabular.parse_column(column))}
    if id_ is not None:
        id_ = _tabular.need_column(plain, (id_,), path=path, option=option.format("id"))
    else:
        id_ = _tabular.find_code_column(plain, path=path)
    prefix, year, _ = ons.get(id_, _tabular.AreaColumn("", None, "code"))

    def find(kind: str, prefixes: Sequence[str], fallback: Sequence[str]) -> str | None:
        """Return the column of this kind of the same year as the ids, or the newest, or one with a plain name."""
        candidates = [column for column, parsed in ons.items() if parsed.prefix in prefixes and parsed.kind == kind]
        candidates.sort(key=lambda column: (ons[column].year == year, ons[column].year or 0), reverse=True)
        return candidates[0] if candidates else _tabular.find_column(plain, fallback)

    def named(given: str | None, what: str) -> str | None:
        asked = option.format(what)
        return _tabular.need_column(plain, (given,), path=path, option=asked) if given is not None else None

    code_of_itself = id_ if prefix in AUTHORITIES else None
    return _Columns(
        id=id_,
        name=named(name, "name") or find("name", (prefix,), PLAIN_NAMES),
        la_code=named(la_code, "la_code") or code_of_itself or find("code", AUTHORITIES, ()),
        la_name=named(la_name, "la_name") or find("name", AUTHORITIES, ("local_authority", "authority")),
        geography=_tabular.GEOGRAPHIES.get(prefix, "area"),
        year=year,
        option=option,
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


def _ids(frame: gpd.GeoDataFrame, columns: _Columns, path: Path) -> list[str]:
    """Return the ids; each may appear once only."""
    column, option = columns.id, columns.option.format("id")
    # ONS codes are put into capitals, as in events and tables; other ids stay as they are.
    ids = [tidy_code(text) for text in _text(frame, column, path)]
    numbers = [row for row, area_id in enumerate(ids, start=1) if _cell_values.is_number(area_id)]
    if numbers and any(OFFICIAL.fullmatch(area_id) for area_id in ids):
        raise SourceError(
            f"The column of area codes contains the number {ids[numbers[0] - 1]}.",
            found=f"column {column!r}, row {numbers[0]} of {path}; {len(numbers):,} such cells",
            advice=f"correct the code, or name another column with {option}",
        )
    rows: dict[str, int] = {}
    for row, area_id in enumerate(ids, start=1):
        if area_id in rows:
            raise SourceError(
                f"Two areas share the id {area_id!r}.",
                found=f"rows {rows[area_id]} and {row} of {path}",
                advice=f"remove the duplicate, or name another column with {option}",
            )
        rows[area_id] = row
    return ids


def _authorities(
    frame: gpd.GeoDataFrame, columns: _Columns, names: list[str], path: Path, *, unstated: str | None
) -> tuple[list[str], list[str]]:
    """Return code and name of each area's authority; those of all are `unstated`, if given, where none is named."""
    given = columns.la_code or columns.la_name
    if unstated is not None and not given and not all(AUTHORITY_NAME.match(name) for name in names):
        return [unstated] * len(names), [unstated] * len(names)
    codes = _text(frame, columns.la_code, path) if columns.la_code else None
    if columns.la_name:
        la_names = _text(frame, columns.la_name, path)
    elif codes:
        known = _names_of_codes(codes, names, areas_are_authorities=columns.la_code == columns.id)
        la_names = [known[code] for code in codes]
    else:
        la_names = _authorities_of_names(names, path)
    if codes is None:
        known = {name: code for code, name in WEST_MIDLANDS.items()}
        codes = [known.get(name, name) for name in la_names]
    codes = [tidy_code(code) for code in codes]
    _need_one_name(codes, la_names, path)
    return codes, la_names


def _names_of_codes(codes: list[str], names: list[str], *, areas_are_authorities: bool) -> dict[str, str]:
    """Return authority code → name: from the register of the West Midlands, or from the names of its areas.

    The areas of an authority must all have its name (``Birmingham 067A``), and those of no other authority may have it.
    Otherwise the code stands for the name.
    """
    names_in_areas: dict[str, set[str]] = {}
    for code, name in zip(codes, names, strict=True):
        match = AUTHORITY_NAME.match(name)
        names_in_areas.setdefault(code, set()).add(name if areas_are_authorities else match[1] if match else "")
    single = {code: next(iter(found)) for code, found in names_in_areas.items() if len(found) == 1}
    uses = Counter(single.values())
    unique = {code: name for code, name in single.items() if uses[name] == 1}
    return {code: WEST_MIDLANDS.get(tidy_code(code)) or unique.get(code) or code for code in names_in_areas}


def _need_one_name(codes: list[str], la_names: list[str], path: Path) -> None:
    """Stop at an authority with two names: pages would show only one of them."""
    first: dict[str, tuple[int, str]] = {}
    for row, (code, name) in enumerate(zip(codes, la_names, strict=True), start=1):
        first_row, first_name = first.setdefault(code, (row, name))
        if name != first_name:
            raise SourceError(
                f"The local authority {code!r} has two names in {path}.",
                found=f"{first_name!r} in row {first_row}, {name!r} in row {row}",
                advice="correct the names, or name another column with la_name_column",
            )


def _authorities_of_names(names: Sequence[str], path: Path) -> list[str]:
    """Return the authority in the name of each area."""
    matches = [AUTHORITY_NAME.match(name) for name in names]
    la_names = [match[1] for match in matches if match]
    if len(la_names) < len(names):
        row = next(row for row, match in enumerate(matches) if match is None)
        raise SourceError(
            f"The local authority of area {names[row]!r} is not known.",
            found=f"no column of authorities, and row {row + 1} of {path} has no name such as 'Birmingham 067A'",
            advice="name the column with la_code_column or la_name_column",
        )
    return la_names


def _keep_authorities(areas: gpd.GeoDataFrame, wanted: Sequence[str] | None, path: Path) -> gpd.GeoDataFrame:
    if wanted is None:
        return areas
    known = dict(zip(areas["la_code"], areas["la_name"], strict=True))
    return areas[areas["la_code"].isin(_find_authorities(wanted, known, path))]


def _find_authorities(wanted: Sequence[str], known: Mapping[str, str], path: Path) -> list[str]:
    """Return the codes of authorities that are named by code or by name; `known` is code → name of all there are."""
    by_name = {name.casefold(): code for code, name in known.items()}
    codes = []
    for word in wanted:
        code = tidy_code(word)
        found = code if code in known else by_name.get(code.casefold())
        if found is None:
            named = [f"{code} {name}" for code, name in sorted(known.items())]
            near = nearest(word, [*known, *known.values()])
            raise SourceError(
                f"There is no local authority {word!r} in {path}.",
                found=f"{len(known):,} authorities: {list_briefly(named, 12)}",
                advice=f"is it {near}?" if near else "name them by these codes or names",
            )
        codes.append(found)
    return codes


# --------------------------------------------------------------------------- vintage


def _find_vintage(
    columns: _Columns, ids: pd.Index, stated: int | None, notes: dict[str, tuple[str, ...]]
) -> int | None:
    """Return the year of the geography: as stated, else of the column's name, or of the codes if newer."""
    of_codes = detect_vintage(ids)
    if stated is not None and not EARLIEST <= stated <= LATEST:
        raise SourceError(
            f"vintage is the year of a geography, and {stated} is not a year.",
            found=f"the codes are of {of_codes}" if of_codes else "",
            advice="give a year such as 2011 or 2021, or leave it out if the file states it",
        )
    vintage = stated or columns.year or of_codes
    if of_codes is not None and vintage in (2011, 2021) and of_codes > vintage:
        newer = tuple(area_id for area_id in ids if is_newer_lsoa(area_id))
        notes[f"Codes that did not exist in {vintage}"] = newer
        return stated or of_codes
    return vintage


def _refuse_overlaps(areas: gpd.GeoDataFrame, path: Path, notes: dict[str, tuple[str, ...]]) -> None:
    """Stop where areas of 2011 overlap their successors of 2021; note any other overlap."""
    pairs = _polygons.overlaps(areas)
    mixed = [(a, b) for a, b in pairs if is_newer_lsoa(a) != is_newer_lsoa(b)]
    if mixed:
        raise SourceError(
            f"{path} mixes LSOAs of 2011 and 2021.",
            found=f"{mixed[0][0]} and {mixed[0][1]} overlap; {len(mixed):,} such pairs",
            advice="use a file of one vintage",
        )
    if pairs:
        notes["Areas that overlap another area"] = tuple(sorted({area_id for pair in pairs for area_id in pair}))
