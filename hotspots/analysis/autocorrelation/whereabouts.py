"""Where something lies: the authority and its part, borders, and the nearest place name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from hotspots.model import Hotspot, Part, StudyArea, Whereabouts

if TYPE_CHECKING:
    import geopandas as gpd
    import shapely
    from numpy.typing import NDArray

__all__ = ["MOSTLY", "locate", "name_alike"]

CENTRAL: Final = 1 / 3
"""Nearer to the middle of its authority than this share of the way to its edges, something is central."""

MOSTLY: Final = 0.5
"""Two hotspots with more than this share of the larger one's areas in common are one place, and have one name."""

NEAR: Final = 3_000.0
"""Metres within which a place name is near."""

PARTS: Final[tuple[Part, ...]] = (
    "east", "north-east", "north", "north-west", "west", "south-west", "south", "south-east"
)  # fmt: skip


def name_alike(
    groups: Sequence[Sequence[Hotspot]], area: StudyArea | None = None, labels: pd.DataFrame | None = None
) -> list[tuple[Hotspot, ...]]:
    """Return the same hotspots; those that mostly overlap, of whatever source, have the part and place name of one.

    The name is that of the first of them: one place has one name, on whichever map it is found.

    Parameters
    ----------
    groups
        Hotspots, source by source.
    area, labels
        Tell whether the name lies inside; without them it is near.
    """
    named: list[Hotspot] = []
    return [tuple(_named_as(hotspot, named, area, labels) for hotspot in group) for group in groups]


def _named_as(hotspot: Hotspot, named: list[Hotspot], area: StudyArea | None, labels: pd.DataFrame | None) -> Hotspot:
    """Return a hotspot with the name of the first that it mostly overlaps, and add it to those that have a name."""
    own, where = set(hotspot.areas), hotspot.where
    for other in named:
        shared = len(own & set(other.areas)) / max(len(own), len(other.areas))
        if shared <= MOSTLY or other.where.authorities[0] != where.authorities[0]:
            continue
        around = where.around if other.where.near == where.near else _lies_in(other.where.near, hotspot, area, labels)
        hotspot = replace(hotspot, where=replace(where, part=other.where.part, near=other.where.near, around=around))
        break
    named.append(hotspot)
    return hotspot


def _lies_in(name: str, hotspot: Hotspot, area: StudyArea | None, labels: pd.DataFrame | None) -> bool:
    import shapely

    if area is None or labels is None or not name:
        return False
    own = labels.loc[labels["name"] == name, ["easting", "northing"]].to_numpy(dtype=float)
    inside = shapely.union_all(area.areas.geometry[list(hotspot.areas)].to_numpy())
    return bool(shapely.intersects_xy(inside, own[:, 0], own[:, 1]).any())


def locate(
    area: StudyArea,
    members: NDArray[np.intp],
    *,
    borders: object = None,
    labels: pd.DataFrame | None = None,
    outline: shapely.Geometry | None = None,
) -> Whereabouts:
    """Return where some areas of a study lie together.

    Parameters
    ----------
    area
        The study area.
    members
        Positions of the areas among the study area's ids, at least one.
    borders
        Sparse matrix (areas, areas) of which areas adjoin; without it no border is named.
    labels
        Place names with `name`, `easting`, `northing`.
    outline
        A polygon that lies in these areas, where not the areas but this is located.
    """
    import shapely

    codes, names = area.areas["la_code"].to_numpy(dtype=object), area.authorities
    shapes = area.areas.geometry.to_numpy()[members]
    if outline is not None:
        shapes = shapely.intersection(shapes, outline)
    size = shapely.area(shapes)
    parts = pd.Series(size).groupby(codes[members]).sum().sort_index()
    order = sorted(parts.index, key=lambda code: (-parts[code], code))
    middle = np.average(shapely.get_coordinates(shapely.centroid(shapes)), axis=0, weights=size)
    beside: tuple[str, ...] = ()
    if borders is not None:
        touching = np.unique(borders[members].indices)  # type: ignore[index]
        beside = tuple(sorted({names[code] for code in codes[touching]} - {names[code] for code in order}))
    near, around = _nearest_name(middle, shapes, labels, {names[code] for code in order})
    return Whereabouts(
        authorities=tuple(names[code] for code in order),
        part=_part(middle, area.areas[codes == order[0]]),
        borders=beside,
        near=near,
        around=around,
    )


def _part(middle: NDArray[np.float64], areas: gpd.GeoDataFrame) -> Part:
    """Return the part of an authority (its areas) that a point lies in, seen from the middle of its people."""
    import shapely

    shapes = areas.geometry.to_numpy()
    people = areas["population"].to_numpy(dtype=float) if "population" in areas.columns else np.zeros(len(areas))
    # Areas of a census have much the same number of people each.
    people = people if np.isfinite(people).all() and people.sum() > 0 else np.ones(len(areas))
    centre = np.array([_median(axis, people) for axis in shapely.get_coordinates(shapely.centroid(shapes)).T])
    west, south, east, north = shapely.total_bounds(shapes)
    # Distance and direction by the way to the edge on that side: a part is one of the authority, whatever its shape.
    away = middle - centre
    reach = np.array([east - centre[0] if away[0] > 0 else centre[0] - west,
                      north - centre[1] if away[1] > 0 else centre[1] - south])  # fmt: skip
    way = away / np.where(reach > 0, reach, 1.0)
    if float(np.hypot(*way)) < CENTRAL:
        return "central"
    return PARTS[round(float(np.degrees(np.arctan2(way[1], way[0]))) / 45) % 8]


def _median(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """Return the weighted median; where half of the weight ends between two values, their middle."""
    order = np.argsort(values, kind="stable")
    sums = np.cumsum(weights[order]) / weights.sum()
    # Sums of halves are halves but for rounding.
    low, high = np.searchsorted(sums, 0.5 - 1e-9), np.searchsorted(sums, 0.5 + 1e-9)
    return float(values[order][[low, high]].mean())


def _nearest_name(
    middle: NDArray[np.float64], shapes: NDArray[np.object_], labels: pd.DataFrame | None, known: set[str]
) -> tuple[str, bool]:
    """Return the place name nearest to the middle, and whether it lies inside; those inside come first.

    An authority's own name says nothing more and is left out; beyond `NEAR` there is none.
    """
    import shapely

    if labels is None or labels.empty:
        return "", False
    names = labels[~labels["name"].isin(known)]
    points = np.asarray(shapely.points(names[["easting", "northing"]].to_numpy(dtype=float)))
    inside = np.any(np.asarray(shapely.intersects(shapes[:, None], points[None, :])), axis=0)
    away = np.hypot(names["easting"] - middle[0], names["northing"] - middle[1]).to_numpy(dtype=float)
    usable = inside if inside.any() else away <= NEAR
    if not usable.any():
        return "", False
    nearest = int(np.argmin(np.where(usable, away, np.inf)))
    return str(names["name"].iloc[nearest]), bool(inside[nearest])
