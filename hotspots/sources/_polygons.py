"""Polygons as published into polygons that can be used: one layer, one coordinate system, valid, borders shared."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hotspots.errors import SourceError, list_briefly
from hotspots.vocabulary import CRS

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from numpy.typing import NDArray

DECIMALS: Final = 1
"""Of a metre, to which vertices are rounded."""

BRITISH_METRES: Final = (0.0, 0.0, 700_000.0, 1_300_000.0)
LEAST_AREA: Final = 100.0
"""Square metres. Areas of people that are smaller in the middle are in another unit than metres, such as kilometres."""

BRITISH_DEGREES: Final = (-9.5, 49.0, 2.5, 61.5)
STATE: Final = 'state it with crs, e.g. crs="EPSG:27700" (metres) or crs="EPSG:4326" (degrees)'


# --------------------------------------------------------------------------- coordinate systems


def find_crs(areas: gpd.GeoDataFrame, path: Path, *, stated: str | None) -> tuple[Any, str]:
    """Return the coordinate system and a note (or nothing) on how it was found.

    Raises
    ------
    SourceError
        If there is none and the coordinates leave it open, or they contradict it.
    """
    bounds = tuple(float(value) for value in areas.total_bounds)
    shown = f"{bounds[0]:.6g} to {bounds[2]:.6g} east, {bounds[1]:.6g} to {bounds[3]:.6g} north"
    unit = "degrees" if _inside(bounds, BRITISH_DEGREES) else "metres" if _inside(bounds, BRITISH_METRES) else "neither"
    if stated is None and areas.crs is None:
        if unit == "metres":
            return CRS, f"No coordinate system in {path.name}: taken as British National Grid from the coordinates"
        seen = "apparently degrees" if unit == "degrees" else "neither degrees nor metres of Great Britain"
        raise SourceError(f"{path} does not state its coordinate system.", found=f"{shown}: {seen}", advice=STATE)
    system = parse_crs(stated) if stated is not None else areas.crs
    expected = "degrees" if system.is_geographic else "metres" if system.to_epsg() == 27700 else unit
    if unit != expected:
        origin = "stated" if stated is not None else "declared"
        looks = f"apparently {unit}" if unit != "neither" else f"not in Great Britain if they are {expected}"
        raise SourceError(
            f"The coordinates of {path} are not in the coordinate system {origin}, {system.name}.",
            found=f"{shown}: {looks}",
            advice=STATE,
        )
    if unit == expected == "degrees" or system.to_epsg() == 27700:
        return system, ""
    grid = _to_grid(bounds, system)
    if not _inside(grid, BRITISH_METRES):
        raise SourceError(
            f"{path} does not lie in Great Britain in the coordinate system {'stated' if stated else 'declared'}, "
            f"{system.name}.",
            found=shown + (f": apparently {unit}" if unit != "neither" else ""),
            advice=STATE,
        )
    return system, ""


def _to_grid(bounds: tuple[float, ...], system: Any) -> tuple[float, ...]:
    import pyproj

    to_grid = pyproj.Transformer.from_crs(system, CRS, always_xy=True)
    west, south, east, north = bounds
    return tuple(float(value) for value in to_grid.transform_bounds(west, south, east, north))


def _inside(bounds: tuple[float, ...], box: tuple[float, float, float, float]) -> bool:
    return bounds[0] >= box[0] and bounds[1] >= box[1] and bounds[2] <= box[2] and bounds[3] <= box[3]


def parse_crs(words: str) -> Any:
    """Return the coordinate system of this name."""
    import pyproj

    try:
        return pyproj.CRS.from_user_input(words)
    except pyproj.exceptions.CRSError as error:
        raise SourceError(f"{words!r} is not a coordinate system.", advice='e.g. "EPSG:27700"') from error


# --------------------------------------------------------------------------- polygons


def prepare(areas: gpd.GeoDataFrame, path: Path) -> tuple[gpd.GeoDataFrame, dict[str, tuple[str, ...]]]:
    """Return valid polygons in British National Grid on a grid of 0.1 m, and what was mended: reason → ids.

    Raises
    ------
    SourceError
        If an area has no polygon.
    """
    import shapely

    notes: dict[str, tuple[str, ...]] = {}
    shapes = shapely.force_2d(areas.geometry.to_numpy())
    invalid = ~shapely.is_valid(shapes) & ~shapely.is_missing(shapes)
    shapes = _mend(shapes, invalid)
    _need_polygons(shapes, areas.index, path)
    if invalid.any():
        notes["Invalid polygons repaired"] = tuple(areas.index[invalid])
    areas = areas.set_geometry(shapes, crs=areas.crs)
    if areas.crs.to_epsg() != 27700:
        notes[f"Coordinates converted from {areas.crs.name} to British National Grid"] = ()
        areas = areas.to_crs(CRS)
    _need_metres(areas, path)
    # Rounded vertex by vertex, which moves a vertex that two areas share to the same place in both.
    shapes = shapely.transform(areas.geometry.to_numpy(), lambda xy: np.round(xy, DECIMALS))
    folded = ~shapely.is_valid(shapes)
    if folded.any():
        shapes = _mend(shapes, folded)
        notes["Polygons repaired after rounding to 0.1 m"] = tuple(areas.index[folded])
        _need_polygons(shapes, areas.index, path)
    return areas.set_geometry(shapes, crs=CRS), notes


def _need_metres(areas: gpd.GeoDataFrame, path: Path) -> None:
    """Refuse polygons too small to be in metres: rounded to 0.1 m they would be other shapes."""
    middle = float(areas.geometry.area.median())
    if middle < LEAST_AREA:
        west, south, east, north = areas.total_bounds
        raise SourceError(
            f"The coordinates of {path} are not in metres, although the file states metres.",
            found=f"half of the areas are below {middle:.2g} m²; they lie in {west:,.0f} to {east:,.0f} east, "
            f"{south:,.0f} to {north:,.0f} north",
            advice="convert them to metres: multiply kilometres by 1,000",
        )


def _mend(shapes: NDArray[Any], which: NDArray[np.bool_]) -> NDArray[Any]:
    """Return the shapes, those chosen made valid and what is left of them besides polygons taken away."""
    import shapely

    shapes = shapes.copy()
    shapes[which] = shapely.make_valid(shapes[which])
    for position in np.flatnonzero(shapely.get_type_id(shapes) == shapely.GeometryType.GEOMETRYCOLLECTION):
        parts = shapely.get_parts(shapely.get_parts(shapes[position]))
        polygons = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
        shapes[position] = shapely.union_all(polygons)
    return shapes


def _need_polygons(shapes: NDArray[Any], ids: pd.Index, path: Path) -> None:
    import shapely

    kinds = shapely.get_type_id(shapes)
    good = (kinds == shapely.GeometryType.POLYGON) | (kinds == shapely.GeometryType.MULTIPOLYGON)
    none = np.flatnonzero(~good | shapely.is_empty(shapes))
    if len(none):
        raise SourceError(
            f"Area {ids[none[0]]!r} has no polygon.",
            found=f"{len(none):,} such areas in {path}: {list_briefly(ids[none])}",
            advice="complete the file, or keep other authorities",
        )


def overlaps(areas: gpd.GeoDataFrame) -> list[tuple[str, str]]:
    """Return the pairs of ids of which one area's inner point lies inside the other."""
    import shapely

    shapes = areas.geometry.to_numpy()
    inner = shapely.point_on_surface(shapes)
    area, point = shapely.STRtree(inner).query(shapes, predicate="contains")
    different = area != point
    return [(str(areas.index[a]), str(areas.index[b])) for a, b in zip(area[different], point[different], strict=True)]
