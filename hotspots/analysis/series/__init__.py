"""What has changed: counts by year and quarter, change since a base year, and changes of level."""

from hotspots.analysis.series.change import change_since, join_series
from hotspots.analysis.series.change_points import find_change_points, without_course
from hotspots.analysis.series.counting import (
    count_by_quarter,
    count_by_year,
    mark_provisional,
    sum_to_years,
    with_intervals,
    with_rates,
)

__all__ = [
    "change_since",
    "count_by_quarter",
    "count_by_year",
    "find_change_points",
    "join_series",
    "mark_provisional",
    "sum_to_years",
    "with_intervals",
    "with_rates",
    "without_course",
]
