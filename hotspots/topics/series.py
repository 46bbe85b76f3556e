"""What has changed from period to period: counts and rates by year or quarter, change, and changes of level."""

from hotspots.analysis.series import (
    change_since,
    count_by_quarter,
    count_by_year,
    find_change_points,
    mark_provisional,
    sum_to_years,
    with_intervals,
    with_rates,
)
from hotspots.model import Extract, Series
from hotspots.publish.tables import write_table
from hotspots.sources import read_recorded

__all__ = [
    "Extract",
    "Series",
    "change_since",
    "count_by_quarter",
    "count_by_year",
    "find_change_points",
    "mark_provisional",
    "read_recorded",
    "sum_to_years",
    "with_intervals",
    "with_rates",
    "write_table",
]
