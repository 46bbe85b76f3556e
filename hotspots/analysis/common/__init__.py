"""What several kinds of analysis need: grids, multiple testing, rates, suppressed counts, dispersion, time coverage."""

from hotspots.analysis.common.dispersion import dispersion_bounds, first_balance, robust_dispersion
from hotspots.analysis.common.from_geodataframe import as_area, as_counts, as_events, as_schools
from hotspots.analysis.common.grid import MOST_SURFACE_CELLS, SIDES, Grid, choose_side
from hotspots.analysis.common.multiple_testing import (
    adjust,
    adjust_tails,
    certainties,
    classify_gi,
    classify_moran,
    need_level,
    tail_that_passes,
    two_sided,
)
from hotspots.analysis.common.rates import (
    byar_interval,
    empirical_bayes_rate,
    need_people,
    poisson_interval,
    standardised_rate,
)
from hotspots.analysis.common.suppressed_counts import Counts, FunctionOfCounts, counts_of, hidden_counts
from hotspots.analysis.common.time_coverage import (
    compare_coverage,
    note_coverage,
    per_year,
    time_covered,
)

__all__ = [
    "MOST_SURFACE_CELLS",
    "SIDES",
    "Counts",
    "FunctionOfCounts",
    "Grid",
    "adjust",
    "adjust_tails",
    "as_area",
    "as_counts",
    "as_events",
    "as_schools",
    "byar_interval",
    "certainties",
    "choose_side",
    "classify_gi",
    "classify_moran",
    "compare_coverage",
    "counts_of",
    "dispersion_bounds",
    "empirical_bayes_rate",
    "first_balance",
    "hidden_counts",
    "need_level",
    "need_people",
    "note_coverage",
    "per_year",
    "poisson_interval",
    "robust_dispersion",
    "standardised_rate",
    "tail_that_passes",
    "time_covered",
    "two_sided",
]
