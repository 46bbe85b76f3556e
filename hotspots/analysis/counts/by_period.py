"""How many events each area has in each calendar period."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from hotspots.analysis.common import as_area, as_events
from hotspots.analysis.counts.spatial_join import detailed_polygons, place_events
from hotspots.errors import AnalysisError, plural
from hotspots.model import PERIOD_FREQUENCIES, Coverage, Events, Note, PeriodCounts, StudyArea, combine
from hotspots.vocabulary import UNRELEASED, PeriodLength

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["count_by_period"]

OUTSIDE: Final = "in no area of the study"
UNDATED: Final = "no date"
IN_PART: Final = "in a {} that is not covered as a whole"
WHOLE: Final = 1 - 1e-9
"""Share of a month from which on it is covered."""


def count_by_period(
    events: Events | gpd.GeoDataFrame,
    area: StudyArea | gpd.GeoDataFrame,
    *,
    by: PeriodLength,
    detailed_areas: StudyArea | None = None,
    release: str = UNRELEASED,
) -> PeriodCounts:
    """Return the number of events in every area and whole calendar month, quarter or year that the events cover.

    Events are placed as in `count_events`. A period of which a month is missing or covered in part has no count, so
    that it does not look quiet.

    Parameters
    ----------
    events, area, detailed_areas, release
        As in `count_events`; events have their date in `when`.
    by
        ``"month"``, ``"quarter"`` or ``"year"``.

    Raises
    ------
    AnalysisError
        If no whole period is covered, or as `count_events`.
    """
    events, area = as_events(events, release=release), as_area(area)
    place, _, _, _ = place_events(events, area, detailed_polygons(area, detailed_areas))
    covered = pd.PeriodIndex(list(_whole_periods(events.cover, by)), freq=PERIOD_FREQUENCIES[by])
    if not len(covered):
        raise AnalysisError(
            f"No whole {by} of {events.title} is covered.",
            found=f"{events.period}" or "events without dates",
            advice="count by shorter periods, or check the column of dates",
        )
    when = pd.DatetimeIndex(events.table["when"])
    at = np.asarray(covered.get_indexer(when.to_period(PERIOD_FREQUENCIES[by])))
    inside, dated = place >= 0, np.asarray(when.notna())
    counted = inside & dated & (at >= 0)
    table = np.zeros((len(area), len(covered)))
    np.add.at(table, (place[counted], at[counted]), 1)
    outside, undated = int((~inside).sum()), int((inside & ~dated).sum())
    in_part = int((inside & dated & (at < 0)).sum())
    lost = {OUTSIDE: outside, UNDATED: undated, IN_PART.format(by): in_part}
    return PeriodCounts(
        area,
        pd.DataFrame(table, index=area.ids, columns=covered),
        by=by,
        dropped=dict(events.dropped) | {reason: number for reason, number in lost.items() if number},
        identity=combine(events, area, detailed_areas, notes=(*events.notes, *_notes(undated, in_part, by))),
    )


def _notes(undated: int, in_part: int, by: PeriodLength) -> Iterator[Note]:
    """Yield a note on the events that are in an area, but in no period."""
    for number, why in ((undated, f"with {UNDATED}"), (in_part, IN_PART.format(by))):
        if number:
            yield Note(f"{plural(number, 'event')} {why}: not counted by period.", of="records", numbers=(number,))


def _whole_periods(cover: Coverage | None, by: PeriodLength) -> Iterator[pd.Period]:
    """Yield the periods all of whose months are covered to the day."""
    if cover is None:
        return
    whole = {month for month in cover.months if cover.share(month) >= WHOLE}
    span = pd.period_range(cover.first, cover.last, freq=PERIOD_FREQUENCIES[by])
    for period in span:
        months = pd.period_range(period.start_time, period.end_time, freq="M")
        if {str(month) for month in months} <= whole:
            yield period
