"""Spatial joins: events to areas, each event once, and schools to areas."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from hotspots.analysis.common import as_area, as_events
from hotspots.errors import AnalysisError, list_briefly
from hotspots.model import AreaCounts, Events, Note, Schools, StudyArea, combine, renamed_arguments
from hotspots.vocabulary import LSOA_PREFIXES, UNRELEASED, detect_vintage, is_newer_lsoa, tidy_code

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

GSS = r"[EWSNK][0-9]{8}"
ELSEWHERE: Final = frozenset({"S01"})
"""Data zones: used instead of an LSOA where the patient lives in Scotland."""

NO_CODE: Final = "no area code"
NO_PLACE: Final = "no usable location"
BAD_CODE: Final = "unusable area code"
OTHER_VINTAGE: Final = "area code of another vintage"

STRAY: Final = 50
STRAY_SHARE: Final = 0.01
"""More events than both, lost to codes of another vintage, are no strays: whole areas would have a false zero."""


@renamed_arguments(points="detailed_areas")
def count_events(
    events: Events | gpd.GeoDataFrame,
    area: StudyArea | gpd.GeoDataFrame,
    *,
    detailed_areas: StudyArea | None = None,
    release: str = UNRELEASED,
) -> AreaCounts:
    """Return the number of events in every area; each event is counted once, or outside, or dropped with a reason.

    One rule each, in this order:

    1. A code of one of the study's areas counts there, whatever the point says. 2. A code that is well formed but of
    none of the study's areas is outside; the point is not used. 3. A code that can't be used (malformed, a pseudo-code
    such as ``E99999999``, another kind of area, or of
       another vintage) is passed over, and the point decides.
    4. A point counts in the first area, in the order of ids, whose polygon touches it; a point that touches
       none is outside.
    5. What has neither is dropped.

    So ``observed + outside + dropped = rows_read``, to the row.

    Parameters
    ----------
    events
        As read from a file, its rows and reasons are in the audit; or a GeoDataFrame of points (any coordinate system),
        with `when`, `area_code` and `kind` where known.
    area
        The areas to count in: a study area, or a GeoDataFrame of polygons whose index gives the ids.
    detailed_areas
        The same areas in more detail, in which points are placed. Generalised boundaries put up to one event in seven
        into the wrong area.
    release
        Mark of a GeoDataFrame's events; `Events` have their own.

    Returns
    -------
    AreaCounts
        With `audit`: `rows_read`, `kept` (events of `events`), `joined_by_code`, `joined_by_point`, `outside`,
        `outside_by_code` (of which `outside_by_code_point_inside` have a point in the study area all the same),
        `outside_by_point`, `passed_over_codes`, `distinct_points`.

    Raises
    ------
    AnalysisError
        If `detailed_areas` lacks one of the areas, or many events have a code of another vintage and no point: areas
        that were split or merged would seem to have no events.
    """
    events, area = as_events(events, release=release), as_area(area)
    place, kind, audit, unplaced = place_events(events, area, detailed_polygons(area, detailed_areas))
    _refuse_other_vintage(events, area, kind, unplaced.get("vintage", ("", 0))[1])
    dropped = dict(events.dropped)
    for reason, number in unplaced.values():
        dropped[reason] = dropped.get(reason, 0) + number
    observed = np.bincount(place[place >= 0], minlength=len(area)).astype(float)
    return AreaCounts(
        area,
        pd.DataFrame({"observed_low": observed, "observed_high": observed}, index=area.ids),
        outside=audit["outside"],
        audit=audit,
        dropped=dropped,
        coverage=events.cover,
        identity=combine(events, area, detailed_areas, notes=(*events.notes, *_notes(events, area, kind, audit))),
    )


def events_inside(events: Events, area: StudyArea, *, detailed_areas: StudyArea | None = None) -> Events:
    """Return the events that `count_events` counts in one of the areas; the others are dropped with the reason."""
    place, _, _, _ = place_events(events, area, detailed_polygons(area, detailed_areas))
    return events.where(place >= 0, reason="in no area of the study")


def place_schools(schools: Schools, area: StudyArea) -> pd.Series:
    """Return the area id in which each school's point lies (indexed by `school_id`), None where in none.

    The authority that runs a school is not used: a school may lie in another one.
    """
    table = schools.table
    located = _has_point(table)
    place = np.full(len(table), -1, dtype=np.int64)
    xy = table.loc[located, ["easting", "northing"]].to_numpy(dtype=float)
    place[located], _ = _place_points(xy, area.areas)
    ids = np.array([*area.ids, None], dtype=object)  # position -1 is None
    return pd.Series(ids[place], index=table.index, name="area_id", dtype=object)


def place_events(
    events: Events, area: StudyArea, polygons: gpd.GeoDataFrame
) -> tuple[NDArray[np.int64], NDArray[np.object_], dict[str, int], dict[str, tuple[str, int]]]:
    """Return each event's area by position (-1: none), what its code is, the audit, and reasons with numbers."""
    table = events.table
    code = _clean_codes(table["area_code"])
    kind = _judge_codes(code, area)
    located, by_code, elsewhere = _has_point(table), kind == "study", kind == "outside"
    xy = table[["easting", "northing"]].to_numpy(dtype=float)
    place = np.full(len(table), -1, dtype=np.int64)
    place[by_code] = area.ids.get_indexer(code[by_code])
    by_point = located & ~by_code & ~elsewhere
    place[by_point], distinct = _place_points(xy[by_point], polygons)
    astray, _ = _place_points(xy[elsewhere & located], polygons)
    nowhere = by_point & (place < 0)
    audit = {
        "rows_read": events.rows_read,
        "kept": len(events),
        "joined_by_code": int(by_code.sum()),
        "joined_by_point": int((by_point & (place >= 0)).sum()),
        "outside": int(elsewhere.sum() + nowhere.sum()),
        "outside_by_code": int(elsewhere.sum()),
        "outside_by_code_point_inside": int((astray >= 0).sum()),
        "outside_by_point": int(nowhere.sum()),
        "passed_over_codes": int(np.isin(kind, ["bad", "vintage"]).sum()),
        "distinct_points": distinct,
    }
    return place, kind, audit, dict(_drop(kind, ~located & ~by_code & ~elsewhere, any_point=bool(located.any())))


def _clean_codes(codes: pd.Series) -> pd.Series:
    """Return codes as `tidy_code` has them; an empty text where there is none."""
    text = codes.astype(object).where(codes.notna(), "").astype(str)
    return text.map({code: tidy_code(code) for code in text.unique()}).astype(object)


def _has_point(table: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which rows have a point; (0, 0) is how systems write that they have none."""
    xy = table[["easting", "northing"]].to_numpy(dtype=float)
    usable: NDArray[np.bool_] = np.isfinite(xy).all(axis=1) & ~(xy == 0).all(axis=1)
    return usable


def _judge_codes(code: pd.Series, area: StudyArea) -> NDArray[np.object_]:
    """Return for each code ``"study"``, ``"outside"``, ``"vintage"`` (another one), ``"bad"`` or ``"none"``."""
    distinct = code.unique()
    of_study = set(area.ids)
    well_formed = _well_formed(area)
    of_other_vintage = _other_vintage(distinct, area)
    kinds = {}
    for value in distinct:
        if value == "":
            kinds[value] = "none"
        elif value in of_study:
            # Unchanged areas keep their code, so this holds whatever the vintage of the other codes.
            kinds[value] = "study"
        elif not well_formed(value):
            kinds[value] = "bad"
        else:
            kinds[value] = "vintage" if of_other_vintage(value) else "outside"
    return code.map(kinds).to_numpy(dtype=object)


def _well_formed(area: StudyArea) -> Callable[[str], bool]:
    """Return whether a code could be one of an area of this kind, of the study or elsewhere."""
    ids = [str(code) for code in area.ids]
    if all(re.fullmatch(GSS, code) for code in ids):
        prefixes = {code[:3] for code in ids}
        if prefixes & set(LSOA_PREFIXES):
            prefixes |= {*LSOA_PREFIXES, *ELSEWHERE}
        return lambda code: bool(re.fullmatch(GSS, code)) and code[:3] in prefixes and not code.endswith("999999")
    # Codes of one's own making: same letters and digits in the same places.
    shapes = {_shape(code) for code in ids}
    return lambda code: _shape(code) in shapes


def _shape(code: str) -> str:
    return re.sub(r"[A-Za-z]", "A", re.sub(r"[0-9]", "9", code))


def _other_vintage(codes: Iterable[str], area: StudyArea) -> Callable[[str], bool]:
    """Return whether a code that isn't the study's may be inside it all the same, under another vintage's code."""
    vintage = area.vintage or detect_vintage(area.ids)
    if vintage == 2011:
        return is_newer_lsoa
    if vintage == 2021 and detect_vintage(codes) == 2011:
        # Of the older codes, those of areas that were split or merged can't be distinguished from those elsewhere.
        return lambda code: code[:3] in LSOA_PREFIXES and not is_newer_lsoa(code)
    return lambda code: False


def _refuse_other_vintage(events: Events, area: StudyArea, kind: NDArray[np.object_], lost: int) -> None:
    coded = int((kind != "none").sum())
    if lost <= STRAY or lost <= STRAY_SHARE * coded:
        return
    codes = _clean_codes(events.table["area_code"])[kind == "vintage"]
    whose = f"{area.geography} {area.vintage}" if area.vintage else "the study's areas"
    raise AnalysisError(
        f"The area codes of {events.title} are of another vintage than {whose}.",
        found=f"{lost:,} of {coded:,} events with such a code and no point: {list_briefly(codes.unique())}",
        advice="use boundaries of the vintage of the codes, or recode the events with ONS's lookup",
    )


def _drop(
    kind: NDArray[np.object_], nowhere: NDArray[np.bool_], *, any_point: bool
) -> Iterator[tuple[str, tuple[str, int]]]:
    """Give kind of code → reason and number of the events that have neither a usable code nor a point."""
    reasons = {"none": NO_PLACE if any_point else NO_CODE, "bad": BAD_CODE, "vintage": OTHER_VINTAGE}
    for code_kind, reason in reasons.items():
        number = int((nowhere & (kind == code_kind)).sum())
        if number:
            yield code_kind, (reason, number)


def detailed_polygons(area: StudyArea, detailed_areas: StudyArea | None) -> gpd.GeoDataFrame:
    """Return the polygons in which points are placed, in the order of the area's ids."""
    if detailed_areas is None:
        return area.areas
    missing = area.ids.difference(detailed_areas.ids)
    if len(missing):
        raise AnalysisError(
            f"Area {missing[0]!r} is not among the detailed boundaries.",
            found=f"{len(missing):,} of {len(area):,} areas without a detailed polygon: {list_briefly(missing)}",
            advice="use detailed boundaries of the same geography and vintage",
        )
    return detailed_areas.areas.loc[area.ids]


def _place_points(xy: NDArray[np.float64], areas: gpd.GeoDataFrame) -> tuple[NDArray[np.int64], int]:
    """Return the position of the first area that each point touches (-1: none), and the number of distinct points.

    Parameters
    ----------
    xy
        Shape (points, 2), metres. Many events share a point; each one is placed once.
    """
    import shapely

    if not len(xy):
        return np.empty(0, dtype=np.int64), 0
    # As complex numbers, because numpy sorts pairs ten times slower.
    distinct, inverse = np.unique(xy[:, 0] + 1j * xy[:, 1], return_inverse=True)
    spots = np.asarray(shapely.points(distinct.real, distinct.imag), dtype=object)
    tree = shapely.STRtree(spots)
    # Queried polygon by polygon, because shapely prepares the query geometry and not the tree's.
    polygon, point = tree.query(areas.geometry.to_numpy(), predicate="intersects")
    first = np.full(len(distinct), len(areas), dtype=np.int64)
    np.minimum.at(first, point, polygon)
    first[first == len(areas)] = -1
    return first[inverse], len(distinct)


def _notes(events: Events, area: StudyArea, kind: NDArray[np.object_], audit: Mapping[str, int]) -> Iterator[Note]:
    """Yield notes on the joining."""

    def note(words: str, *numbers: int) -> Note:
        return Note(words, of="records", numbers=numbers)

    inside = audit["joined_by_code"] + audit["joined_by_point"]
    if events.rows_read and not len(events):
        yield note(f"None of the {events.rows_read:,} rows read is an event that is asked for.", events.rows_read)
    if len(events) and not inside:
        yield note(f"None of the {len(events):,} events lies in the study area.", len(events))
    by_code, by_point, contrary = (
        audit[how] for how in ("joined_by_code", "joined_by_point", "outside_by_code_point_inside")
    )
    if by_code and by_point:
        words = f"{by_code:,} events were counted by the area code in the file and {by_point:,} by their point."
        yield note(words, by_code, by_point)
    if contrary:
        words = (
            f"{contrary:,} events have the code of an area outside the study and a point inside it; the code decides. "
            "Many of them would mean that the codes are of another vintage."
        )
        yield note(words, contrary)
    bad = int((kind == "bad").sum())
    if bad:
        words = f"{bad:,} area codes in the file can't be used: malformed, pseudo-codes, or of another kind of area."
        yield note(words, bad)
    other = int((kind == "vintage").sum())
    if other:
        coded = int((kind != "none").sum())
        much = "Mixed vintages: more than half, " if other > coded / 2 else "Mixed vintages: "
        whose = f"the study's areas ({area.geography} {area.vintage})" if area.vintage else "the study's areas"
        words = (
            f"{much}{other:,} of {coded:,} area codes in the file are of another vintage than {whose}; "
            "those events were placed by their point, or left out where there is none."
        )
        yield note(words, other, coded)
