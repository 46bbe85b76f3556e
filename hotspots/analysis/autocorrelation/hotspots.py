"""Hotspots: groups of adjacent hot areas, and places of raised risk, with their location."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from hotspots.model import Clusters, Contours, Hotspot, HotspotResult, Part, Place, StudyArea, Whereabouts

if TYPE_CHECKING:
    import geopandas as gpd
    import shapely
    from numpy.typing import NDArray

    from hotspots.analysis.autocorrelation.neighbours import Neighbours

__all__ = ["find_hotspots", "locate", "locate_clusters", "name_alike", "raised_places"]

CENTRAL: Final = 1 / 3
"""Nearer to the middle of its authority than this share of the way to its edges, something is central."""

MOSTLY: Final = 0.5
"""Two hotspots with more than this share of the larger one's areas in common are one place, and have one name."""

TENTH: Final = 0.1
"""An area that holds less than this share of a place of raised risk, and is not mostly covered by it, is none of it."""

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
        Place names, as from `read_place_labels`.
    place
        Only what lies in these authorities: of a hotspot across their border, the part on their side.
    links
        Queen neighbours of the study area, where they are at hand.
    """
    from scipy.sparse.csgraph import connected_components

    from hotspots.analysis.autocorrelation.neighbours import link_neighbours

    hot = np.asarray(area.ids.isin(result.hot(place)))
    if not hot.any():
        return ()
    borders = (links or link_neighbours(area, rule="queen")).matrix(with_self=False).tocsr()
    _, group = connected_components(borders[hot][:, hot], directed=False)
    position = np.flatnonzero(hot)
    found = [_measure(result, area, position[group == number], borders, labels) for number in range(group.max() + 1)]
    # An area can be hot by its neighbours alone: what can't have more events than expected is no hotspot by itself.
    more = [hotspot for hotspot in found if not hotspot.observed_high <= hotspot.expected]
    return tuple(sorted(more, key=lambda hotspot: (-_excess(hotspot), hotspot.areas)))


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


def raised_places(
    contours: Contours, area: StudyArea, *, labels: pd.DataFrame | None = None, links: Neighbours | None = None
) -> tuple[Hotspot, ...]:
    """Return the places of raised risk of a surface, in the order of its contours, located by the rule of hotspots.

    Their `areas` are those that they cover for the most part, or that hold at least a tenth of them; events are those
    inside the contour and missing where they may not be counted.

    Parameters
    ----------
    contours
        From `tolerance_contours`.
    area, labels, links
        As in `find_hotspots`.
    """
    import shapely

    from hotspots.analysis.autocorrelation.neighbours import link_neighbours

    raised = contours.table[contours.table["kind"] == "raised"]
    if raised.empty:
        return ()
    borders = (links or link_neighbours(area, rule="queen")).matrix(with_self=False).tocsr()
    shapes = area.areas.geometry.to_numpy()
    size, tree = shapely.area(shapes), shapely.STRtree(shapes)
    found = []
    for shape, events in zip(raised.geometry, raised["events"].astype(float), strict=True):
        touched = np.sort(tree.query(shape, predicate="intersects"))
        shared = shapely.area(shapely.intersection(shapes[touched], shape))
        members = touched[(shared >= MOSTLY * size[touched]) | (shared >= min(TENTH * shape.area, shared.max()))]
        where = locate(area, members, borders=borders, labels=labels, outline=shape)
        ids = tuple(sorted(map(str, area.ids[members])))
        found.append(Hotspot(ids, where, people=np.nan, observed_low=events, observed_high=events, expected=np.nan))
    return tuple(found)


def locate_clusters(
    clusters: Clusters, area: StudyArea, *, labels: pd.DataFrame | None = None, links: Neighbours | None = None
) -> tuple[Hotspot, ...]:
    """Return where the clusters of a scan lie, in their order, located by the rule of hotspots.

    Parameters
    ----------
    clusters
        From `scan_clusters`.
    area, labels, links
        As in `find_hotspots`.
    """
    from hotspots.analysis.autocorrelation.neighbours import link_neighbours

    if not len(clusters):
        return ()
    borders = (links or link_neighbours(area, rule="queen")).matrix(with_self=False).tocsr()
    found = []
    for row in clusters.table.to_dict("records"):
        ids = tuple(sorted(row["area_ids"].split()))
        where = locate(area, np.flatnonzero(area.ids.isin(ids)), borders=borders, labels=labels)
        seen = {"observed_low": row["observed_low"], "observed_high": row["observed_high"]}
        middle = (row["expected_low"] + row["expected_high"]) / 2
        found.append(Hotspot(ids, where, people=row["people"], expected=middle, **seen))
    return tuple(found)


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
