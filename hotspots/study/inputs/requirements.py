"""What a study needs before anything can be tested in it; `check` and `run` ask the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from hotspots.errors import AnalysisError, SourceError, StudyError, list_briefly

if TYPE_CHECKING:
    import pandas as pd

    from hotspots.model import AreaCounts, Deprivation, Events, Schools, StudyArea

    Sides = Mapping[str, tuple[Events, Events]]
    from hotspots.study.settings import Study

__all__ = [
    "empty_sides",
    "name_places",
    "need_areas",
    "need_ground",
    "need_index",
    "need_neighbours",
    "need_places",
    "need_points",
    "need_something",
    "nothing_happened",
    "untestable",
]

FEWEST_TESTED_AREAS: Final = 3
"""Areas: of two, each is all that the other could be compared with."""

FARTHEST: Final = (700_000.0, 1_300_000.0)
"""East and north in metres: the British grid has no land beyond."""

LOOKED_AT: Final = 1_000
"""Points of a file that are looked at for swapped axes."""
FEW, MOST = 0.1, 0.5
"""Shares of them in the study area: as they are, and swapped."""


def need_areas(area: StudyArea) -> None:
    """Refuse a study area of fewer than three areas.

    Raises
    ------
    AnalysisError
        With the areas that there are.
    """
    if len(area) < FEWEST_TESTED_AREAS:
        raise AnalysisError(
            f"A study of {len(area)} area{'s' if len(area) > 1 else ''} is too small: there is nothing to compare.",
            found=f"areas {list_briefly(area.ids)}",
            advice=f"take smaller areas or more of them: at least {FEWEST_TESTED_AREAS} are needed",
        )


def need_neighbours(study: Study, area: StudyArea) -> None:
    """Refuse a rule under which there are not as many neighbours as it asks for, or none of any area.

    Raises
    ------
    AnalysisError
        As `link_neighbours`, or if no area has a neighbour within the distance of [analysis].
    """
    from hotspots.analysis.autocorrelation import link_neighbours

    analysis = study.analysis
    if analysis.neighbours == "nearest":
        link_neighbours(area, rule="nearest", number=analysis.number)
    if analysis.neighbours != "distance":
        return
    assert analysis.distance is not None
    points = area.areas.geometry.representative_point()
    nearest = points.sindex.nearest(points, exclusive=True, return_all=False, return_distance=True)[1].min()
    if nearest > analysis.distance:
        raise AnalysisError(
            f"No area has a neighbour within {analysis.distance:,.0f} m.",
            found=f"the nearest two areas are {nearest:,.0f} m apart",
            advice="give a longer distance, or leave neighbours out: areas that share a border are then neighbours",
        )


def need_points(table: pd.DataFrame, area: StudyArea, *, what: str) -> None:
    """Refuse points none of which lies in Great Britain, or that lie in the study area with their axes swapped.

    Raises
    ------
    SourceError
        With the first point.
    """
    import numpy as np
    import shapely

    points = table[["easting", "northing"]].dropna().to_numpy(dtype=float)
    if not len(points):
        return
    first = f"the first at {points[0, 0]:.10g} {points[0, 1]:.10g}"
    if not ((points >= 0) & (points <= FARTHEST)).all(axis=1).any():
        degrees = bool((np.abs(points) <= (180, 90)).all())
        looks = "apparently degrees" if degrees else "not metres of the British National Grid"
        raise SourceError(
            f"No point of {what} lies in Great Britain.",
            found=f"{first}: {looks}",
            advice="name the columns of easting and northing, in metres of the British National Grid",
        )
    some = points[:: max(len(points) // LOOKED_AT, 1)]
    tree = shapely.STRtree(area.areas.geometry.to_numpy())

    def share(x: Any, y: Any) -> float:
        return len(np.unique(tree.query(shapely.points(x, y), predicate="intersects")[0])) / len(some)

    if share(*some.T) < FEW and share(*some.T[::-1]) > MOST:
        west, south, east, north = area.areas.total_bounds
        raise SourceError(
            f"The eastings and northings of {what} appear to be swapped.",
            found=f"{first}; the study area is {west:.0f} to {east:.0f} east and {south:.0f} to {north:.0f} north",
            advice="name the columns the other way round, or correct their names in the file",
        )


def need_places(study: Study, area: StudyArea) -> None:
    """Stop at a place with an authority that is not in the study area: its numbers would be too small.

    Raises
    ------
    StudyError
        With the authorities of the study area.
    """
    authorities = area.authorities
    known = {*authorities, *(name.casefold() for name in authorities.values())}
    for section in study.places:
        unknown = [word for word in section.authorities if word not in known and word.casefold() not in known]
        if unknown:
            part = f" in the authority {unknown[0]!r}" if len(unknown) < len(section.authorities) else ""
            raise StudyError(
                f"The place {section.name!r} has no area of the study{part}.",
                found=f"authorities {list_briefly((f'{code} {name}' for code, name in authorities.items()), 12)}",
                advice="name the place's authorities by these codes or names",
            )


def name_places(study: Study, area: StudyArea) -> Study:
    """Return the study with the authorities of its places by code, which may be named in its file.

    Raises
    ------
    StudyError
        As `need_places`, or if a place names an authority twice.
    """
    need_places(study, area)
    codes = {name.casefold(): code for code, name in area.authorities.items()}
    places = []
    for section in study.places:
        place_codes = tuple(
            word if word in area.authorities else codes[word.casefold()] for word in section.authorities
        )
        twice = [
            word for word, code in zip(section.authorities, place_codes, strict=True) if place_codes.count(code) > 1
        ]
        if twice:
            raise StudyError(
                f"The place {section.name!r} names an authority twice.",
                found=list_briefly(map(repr, twice)),
                advice="leave one of them out",
            )
        places.append(section.model_copy(update={"authorities": place_codes}))
    return study.model_copy(update={"places": tuple(places)}) if places else study


def need_ground(study: Study, area: StudyArea) -> None:
    """Refuse a basemap that can't be drawn, before any map is; nothing is fetched.

    Raises
    ------
    SourceError
        As `need_basemap`.
    """
    from hotspots.publish.maps import need_basemap

    if study.basemap is not None:
        need_basemap(study.basemap, bounds=area.areas.total_bounds)


def need_something(area: StudyArea, counts: Mapping[str, AreaCounts]) -> None:
    """Refuse a study in none of whose areas anything happened: no map of it could show anything.

    Raises
    ------
    AnalysisError
        If no event or count of any source lies in the study area.
    """
    if not counts or not all(nothing_happened(one) for one in counts.values()):
        return
    titles = list_briefly(one.title for one in counts.values())
    raise AnalysisError(
        "No event lies in the study area.",
        found=f"no count above 0 in any of its {len(area):,} areas: {titles}",
        advice="check the years, the coordinates, and that the area codes are those of the boundaries",
    )


def empty_sides(study: Study, area: StudyArea, *, comparisons: Sides, predictions: Sides) -> dict[str, str]:
    """Return the comparisons and predictions one of whose sides has no event in the study area, and why."""
    pairs = []
    for comparison in study.comparisons:
        sides = ("its first side", "what it is compared with")
        pairs.append((f"comparison {comparison.title}", sides, comparisons.get(comparison.name)))
    for prediction in study.predictions:
        pair = predictions.get(prediction.name)
        what = f"prediction of {pair[0].title if pair else prediction.events}"
        pairs.append((what, ("the past", "the future"), pair))
    outline = area.areas.geometry.union_all() if any(pair for _, _, pair in pairs) else None
    found = {what: _first_empty(zip(sides, pair, strict=True), outline) for what, sides, pair in pairs if pair}
    return {what: why for what, why in found.items() if why}


def _first_empty(sides: Iterable[tuple[str, Events]], outline: Any) -> str:
    """Return why the first of two sides that has no event in an outline has none; empty where both have some."""
    import shapely

    for which, events in sides:
        side = f"{which} ({events.period})" if events.period else which
        if not len(events):
            reasons = "; ".join(f"{number:,} {reason}" for reason, number in events.dropped.items())
            return f"{side} has no events: of {events.rows_read:,} rows read all are left out ({reasons or 'none'})"
        points = events.table[["easting", "northing"]].dropna().to_numpy(dtype=float)
        if not len(points):
            return f"none of the {len(events):,} events of {side} has a point"
        if not shapely.intersects_xy(outline, points[:, 0], points[:, 1]).any():
            return f"none of the {len(events):,} events of {side} lies in the study area"
    return ""


def untestable(schools: Schools, placed: pd.Series | None) -> pd.Series:
    """Return why schools can't be tested, as far as reading them shows it (school id → reason)."""
    from hotspots.analysis.schools import IN_NO_AREA

    reasons = schools.table["reason"].fillna("").astype(object)
    if placed is not None:
        reasons = reasons.mask((reasons == "") & placed.reindex(reasons.index).isna(), IN_NO_AREA)
    return reasons[reasons != ""]


def nothing_happened(counts: AreaCounts) -> bool:
    """Whether no area has, or may have, an event."""
    return not float(counts.table["observed_high"].sum()) > 0


def need_index(deprivation: Deprivation, area: StudyArea) -> None:
    """Refuse an index that knows no area of a Welsh study.

    Raises
    ------
    AnalysisError
        If it has neither a score nor a rank for any area.
    """
    known = deprivation.table[["score", "rank"]].reindex(area.ids).notna().to_numpy().any()
    if known or not all(code.startswith("W") for code in area.ids):
        return
    why = ": IDACI is of England only" if deprivation.index == "idaci" else ""
    raise AnalysisError(
        f"{deprivation.title} has neither score nor rank for any area of the study{why}.",
        found=f"areas {list_briefly(area.ids, 2)}",
        advice="leave the schools out, or give the index of the nation and vintage of the boundaries",
    )
