"""Hotspots: groups of adjacent hot areas, and places of raised risk, with their location."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from hotspots.analysis.autocorrelation.whereabouts import MOSTLY, locate
from hotspots.analysis.common import poisson_interval
from hotspots.model import (
    HOTSPOT_COLUMNS,
    Clusters,
    Contours,
    Hotspot,
    HotspotResult,
    Hotspots,
    Place,
    StudyArea,
    combine,
    common_period,
    source_code,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hotspots.analysis.autocorrelation.neighbours import Neighbours

__all__ = [
    "find_hotspots",
    "letter_hotspots",
    "letter_parts",
    "locate_clusters",
    "possible_hotspots",
    "raised_places",
    "tabulate_hotspots",
]

TENTH: Final = 0.1
"""An area that holds less than this share of a place of raised risk, and is not mostly covered by it, is none of it."""

HOTSPOTS_WORDS: Final = (
    "A hotspot is made of areas that Getis-Ord Gi* finds hot at the level of the study and that share a border or a "
    "corner. The interval of its ratio is the exact Poisson interval, as if the hotspot had not been searched for."
)


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
    hot = np.asarray(area.ids.isin(result.hot(place)))
    if not hot.any():
        return ()
    borders = _borders(area, links)
    return _in_order(_measure(result, area, members, borders, labels) for members in _joined(hot, borders))


def possible_hotspots(
    result: HotspotResult, area: StudyArea, *, labels: pd.DataFrame | None = None, links: Neighbours | None = None
) -> tuple[Hotspot, ...]:
    """Return what is a hotspot for some values of suppressed counts only: adjoining areas that may be hot.

    Where such areas adjoin one that is hot for all values, they belong to its hotspot or not, and are none themselves.

    Parameters
    ----------
    result, area, labels, links
        As in `find_hotspots`.
    """
    table = result.table.loc[area.ids]
    upwards = table["p_hot_low"] < table["p_cold_low"]
    certain = np.asarray(area.ids.isin(result.hot()))
    possible = certain | np.asarray((table["certainty"] == "depends") & upwards)
    if not (possible & ~certain).any():
        return ()
    borders = _borders(area, links)
    groups = [members for members in _joined(possible, borders) if not certain[members].any()]
    found = (_measure(result, area, members, borders, labels) for members in groups)
    return _in_order(replace(hotspot, certainty="depends") for hotspot in found)


def _borders(area: StudyArea, links: Neighbours | None) -> Any:
    """Return which areas adjoin, as a sparse matrix (areas, areas)."""
    from hotspots.analysis.autocorrelation.neighbours import link_neighbours

    return (links or link_neighbours(area, rule="queen")).matrix(with_self=False).tocsr()


def _joined(chosen: NDArray[np.bool_], borders: Any) -> list[NDArray[np.intp]]:
    """Return positions of chosen areas, those that adjoin directly or through others together."""
    from scipy.sparse.csgraph import connected_components

    _, group = connected_components(borders[chosen][:, chosen], directed=False)
    position = np.flatnonzero(chosen)
    return [position[group == number] for number in range(group.max() + 1)]


def _in_order(found: Iterable[Hotspot]) -> tuple[Hotspot, ...]:
    """Return hotspots, the one with most events above those expected first."""
    # An area can be hot by its neighbours alone: what can't have more events than expected is no hotspot by itself.
    more = [hotspot for hotspot in found if not hotspot.observed_high <= hotspot.expected]
    return tuple(sorted(more, key=lambda hotspot: (-_excess(hotspot), hotspot.areas)))


def letter_hotspots(found: Mapping[str, Sequence[Hotspot]], sources: Sequence[str]) -> dict[str, tuple[Hotspot, ...]]:
    """Return the same hotspots with letters: A1, A2 for the first source, B1 for the second.

    Parameters
    ----------
    found
        Short name of a source → its hotspots, in the order of their numbers.
    sources
        Short names of all sources, in the order of their letters.
    """
    codes = {name: source_code(at) for at, name in enumerate(sources)}
    return {
        name: tuple(replace(one, letter=f"{codes[name]}{number}") for number, one in enumerate(hotspots, start=1))
        for name, hotspots in found.items()
    }


def letter_parts(parts: Sequence[Hotspot], whole: Sequence[Hotspot]) -> tuple[Hotspot, ...]:
    """Return parts of hotspots, such as those on one side of a border, with the letters of the whole ones."""
    letters = {area: hotspot.letter for hotspot in whole for area in hotspot.areas}
    return tuple(replace(part, letter=letters.get(part.areas[0], "")) for part in parts)


def tabulate_hotspots(
    found: Mapping[str, Sequence[Hotspot]], results: Sequence[HotspotResult], area: StudyArea
) -> Hotspots:
    """Return all hotspots of a study in one table, with their outlines and which of them overlap.

    Parameters
    ----------
    found
        Short name of a source → its hotspots with letters.
    results
        The results in which they were found.
    area
        The study area.
    """
    import geopandas as gpd

    first = {result.name: result for result in reversed(results)}
    names = [name for name in dict.fromkeys(result.name for result in results) if name in found]
    lettered = [(name, hotspot) for name in names for hotspot in found[name]]
    rows = []
    for name, hotspot in lettered:
        members = set(hotspot.areas)
        others = [other.letter for own, other in lettered if own != name and members & set(other.areas)]
        of_source = {"source": name, "subject": first[name].title, "period": str(first[name].period)}
        rows.append(_numbers(hotspot, area) | of_source | {"overlaps": " ".join(others)})
    return Hotspots(
        table=gpd.GeoDataFrame(
            pd.DataFrame(rows, columns=list(HOTSPOT_COLUMNS), index=[hotspot.letter for _, hotspot in lettered]),
            geometry="geometry",
            crs=area.areas.crs,
        ),
        where=tuple(hotspot.where for _, hotspot in lettered),
        sentences=(HOTSPOTS_WORDS,),
        area=area,
        identity=combine(
            results[0],
            *results,
            area,
            name=Hotspots.usual_name,
            title=Hotspots.usual_title,
            period=common_period(first[name].period for name in names),
        ),
    )


def _numbers(hotspot: Hotspot, area: StudyArea) -> dict[str, Any]:
    """Return what a table has of a hotspot; no ratio where nothing is expected."""
    low, high = hotspot.observed_low, hotspot.observed_high
    expected = hotspot.expected if hotspot.expected > 0 else np.nan
    return {
        "areas": len(hotspot.areas),
        "people": hotspot.people,
        "observed_low": low,
        "observed_high": high,
        "expected": hotspot.expected,
        "ratio_low": low / expected,
        "ratio_high": high / expected,
        "ratio_low_95": float(poisson_interval(low)[0]) / expected,
        "ratio_high_95": float(poisson_interval(high)[1]) / expected,
        "certainty": hotspot.certainty,
        "area_ids": " ".join(hotspot.areas),
        "geometry": area.areas.geometry[list(hotspot.areas)].union_all(),
    }


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
