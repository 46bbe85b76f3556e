"""Hot areas that adjoin, taken together and located: what a reader calls a hotspot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from hotspots.nouns import Hotspot, HotspotResult, Place, StudyArea, Whereabouts
from hotspots.nouns.hotspots import Part

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hotspots.analysis.neighbours import Neighbours

__all__ = ["find_hotspots", "locate"]

CENTRAL: Final = 0.3
"""Nearer to the middle of its authority than this share of the way to its edges, something is central."""

NEAR: Final = 3_000.0
"""Metres within which a place name is near."""

PARTS: Final[tuple[Part, ...]] = (
    "east", "north-east", "north", "north-west", "west", "south-west", "south", "south-east"
)  # fmt: skip


def find_hotspots(
    result: HotspotResult,
    area: StudyArea,
    *,
    labels: pd.DataFrame | None = None,
    place: Place | None = None,
    links: Neighbours | None = None,
) -> tuple[Hotspot, ...]:
    """Return the hotspots of a result: its hot areas, those that share a border or a corner as one.

    The first has most events above those expected, or most events where nothing is expected.

    Parameters
    ----------
    result
        Getis-Ord statistics; areas that are hot at its level.
    area
        The study area.
    labels
        Place names, as from `read_places`.
    place
        Only what lies in these authorities: of a hotspot across their border, the part on their side.
    links
        Queen neighbours of the study area, where they are at hand.
    """
    from scipy.sparse.csgraph import connected_components

    from hotspots.analysis.neighbours import link_neighbours

    hot = np.asarray(area.ids.isin(result.hot(place)))
    if not hot.any():
        return ()
    borders = (links or link_neighbours(area, rule="queen")).matrix(with_self=False).tocsr()
    _, group = connected_components(borders[hot][:, hot], directed=False)
    position = np.flatnonzero(hot)
    found = [_measure(result, area, position[group == one], borders, labels) for one in range(group.max() + 1)]
    # An area can be hot by its neighbours alone: what can't have more events than expected is no hotspot by itself.
    more = [one for one in found if not one.observed_high <= one.expected]
    return tuple(sorted(more, key=lambda one: (-_excess(one), one.areas)))


def _excess(hotspot: Hotspot) -> float:
    middle = (hotspot.observed_low + hotspot.observed_high) / 2
    return middle - (hotspot.expected if np.isfinite(hotspot.expected) else 0.0)


def _measure(
    result: HotspotResult, area: StudyArea, members: NDArray[np.intp], borders: object, labels: pd.DataFrame | None
) -> Hotspot:
    ids = area.ids[members]
    table = result.table.loc[ids]
    return Hotspot(
        areas=tuple(sorted(map(str, ids))),
        where=locate(area, members, borders=borders, labels=labels),
        people=float(table["population"].sum(min_count=len(table))),
        observed_low=float(table["observed_low"].sum()),
        observed_high=float(table["observed_high"].sum()),
        expected=float(table["expected"].sum(min_count=len(table))),
    )


def locate(
    area: StudyArea, members: NDArray[np.intp], *, borders: object = None, labels: pd.DataFrame | None = None
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
    """
    import shapely

    shapes = area.areas.geometry.to_numpy()
    codes = area.areas["la_code"].to_numpy(dtype=object)
    size = shapely.area(shapes)
    names = area.authorities
    parts = pd.Series(size[members]).groupby(codes[members]).sum().sort_index()
    order = sorted(parts.index, key=lambda code: (-parts[code], code))
    middles = shapely.get_coordinates(shapely.centroid(shapes[members]))
    middle = np.average(middles, axis=0, weights=size[members])
    beside: tuple[str, ...] = ()
    if borders is not None:
        touching = np.unique(borders[members].indices)  # type: ignore[index]
        beside = tuple(sorted({names[code] for code in codes[touching]} - {names[code] for code in order}))
    near, around = _nearest_name(middle, shapes[members], labels, {names[code] for code in order})
    return Whereabouts(
        authorities=tuple(names[code] for code in order),
        part=_part(middle, shapes[codes == order[0]]),
        borders=beside,
        near=near,
        around=around,
    )


def _part(middle: NDArray[np.float64], shapes: NDArray[np.object_]) -> Part:
    """Return the part of an authority (its areas' polygons) that a point lies in."""
    import shapely

    size = shapely.area(shapes)
    centre = np.average(shapely.get_coordinates(shapely.centroid(shapes)), axis=0, weights=size)
    west, south, east, north = shapely.total_bounds(shapes)
    # Distance and direction by the way to the edge on that side: a part is one of the authority, whatever its shape.
    away = middle - centre
    reach = np.array([east - centre[0] if away[0] > 0 else centre[0] - west,
                      north - centre[1] if away[1] > 0 else centre[1] - south])  # fmt: skip
    way = away / np.where(reach > 0, reach, 1.0)
    if float(np.hypot(*way)) < CENTRAL:
        return "central"
    return PARTS[round(float(np.degrees(np.arctan2(way[1], way[0]))) / 45) % 8]


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
