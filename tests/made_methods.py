"""Methods and settings of results that tests make by hand: whole ones, with what a test is about changed."""

from __future__ import annotations

from typing import Any

from hotspots.model import (
    AverageRate,
    BandwidthChoice,
    BeyondByChance,
    ComparisonMethod,
    ContourMethod,
    DensityMethod,
    HotspotMethod,
    JudgedCells,
    RiskMethod,
    ScanMethod,
    SchoolMethod,
    ToleranceContours,
)

BANDWIDTH = BandwidthChoice(
    rule="asked",
    by_rule={"silverman-robust": 801.2, "scott": 650.0},
    radius_per_standard_deviation=2.828427,
    map_point_spacing_m=None,
    bandwidth_floor_m=None,
    share_on_shared_points=0.0,
)
CELLS = JudgedCells(
    kernel="quartic", bandwidth_m=750.0, cell_m=150.0, cells_judged=900, cells_not_judged=20, bandwidth=BANDWIDTH
)


def hotspot_method(**changes: Any) -> HotspotMethod:
    """Return that of a Gi* at 5% under exchangeable risk, whose dispersion is 1.8."""
    usual: dict[str, Any] = {
        **{"statistic": "gi_star", "null": "exchangeable-risk", "inference": "computed", "dispersion": (1.8, 1.8)},
        **{"step": None, "draws": None, "seed": None, "mid_p": False, "conditional": False, "measure": "rate"},
        **{"neighbours": "queen", "neighbour_pairs": 220, "components": 1, "islands": 0, "areas_tested": 36},
        **{"areas_hidden": 0, "rule": "", "adjustment": "benjamini-hochberg-apart", "level": 0.05},
    }
    return HotspotMethod(**(usual | changes))


def scan_method(**changes: Any) -> ScanMethod:
    """Return that of a circular scan of 36 areas at 5% under exchangeable risk."""
    usual: dict[str, Any] = {
        **{"zones": "circles", "zones_compared": 400, "largest_share": 0.5, "largest_radius_m": None},
        **{"statistic": "tail", "null": "exchangeable-risk", "dispersion": (1.3, 1.3), "secondary": "apart"},
        **{"level": 0.05, "draws": 1_000, "seed": 0, "areas_scanned": 36, "areas_hidden": 0, "areas_left_out": 0},
        **{"events": (1_200.0, 1_200.0), "people": 60_000.0, "rule": ""},
    }
    return ScanMethod(**(usual | changes))


def density_method(**changes: Any) -> DensityMethod:
    """Return that of 1,200 events with a quartic kernel of 750 m."""
    usual: dict[str, Any] = {
        **{"kernel": "quartic", "edge_correction": "diggle", "events_beyond_border_used": 0, "bandwidth_m": 750.0},
        **{"bandwidth": BANDWIDTH, "adaptive": False, "bandwidths": None, "cell_m": 150.0, "exact": False},
        **{"years": 3.0, "cover": None, "weights": None, "events_used": 1200, "events_outside": 3},
        **{"distinct_points": 1100, "integral_analytic": 1200.0, "integral_cells": 1199.4},
        **{"integral_relative_difference": -0.0005, "placed_by": ""},
    }
    return DensityMethod(**(usual | changes))


def risk_method(**changes: Any) -> RiskMethod:
    """Return that of 1,200 events over 30,000 people."""
    usual: dict[str, Any] = {
        **{
            "cells": CELLS,
            "null": "proportional-to-people",
            "risks": None,
            "edge_correction": "cancels",
            "inference": "saddlepoint",
        },
        **{"simulations": None, "least_expected_events": 1.0, "events_used": 1200, "people": 30_000.0},
        **{"people_spread": "People are distributed evenly.", "placed_by": ""},
    }
    return RiskMethod(**(usual | changes))


def comparison_method(**changes: Any) -> ComparisonMethod:
    """Return that of two files with totals removed."""
    usual: dict[str, Any] = {
        **{
            "cells": CELLS,
            "null": "labels-held",
            "shares": None,
            "totals": "removed",
            "overall_ratio": 1.5,
            "share_of_first": 0.6,
        },
        **{"years": (3.0, 3.0), "edge_correction": "cancels", "inference": "saddlepoint", "simulations": None},
        **{"least_expected_events": 1.0, "least_expected_events_together": 7.0},
        **{"events_used_first": 600, "events_used_second": 400},
    }
    return ComparisonMethod(**(usual | changes))


def contour_method(**changes: Any) -> ContourMethod:
    """Return that of tolerance contours at 5%."""
    cells = ToleranceContours(
        level=0.05, adjustment="none", cells_tested=900, p_raised_cutoff=0.02, p_lowered_cutoff=None
    )
    return ContourMethod(**({"cells": cells, "smallest_km2": 0.1, "left_out": {}} | changes))


def school_method(**changes: Any) -> SchoolMethod:
    """Return that of ten schools against a score, of which none goes against the slope."""
    average = AverageRate(
        per_100=0.2, per_100_low=0.18, per_100_high=0.22, low=60.0, high=72.0, pupil_years=33_000.0, schools=10
    )
    usual: dict[str, Any] = {
        **{
            "model": "negative-binomial",
            "fit": "robust",
            "schools_in_model": 10,
            "schools_hidden": 2,
            "residuals_clipped": 1,
        },
        **{"dispersion": 0.2, "beyond_95_by_chance": BeyondByChance(above=0.234, below=0.14), "explained_share": 0.3},
        **{"poisson_phi": 2.0, "adjustment": "benjamini-hochberg", "covariates": (), "level": 0.05},
        **{"catchment_decay_m": 1500.0, "rate_average": average, "index_measure": "score", "areas_ranked": 32_844.0},
        **{"curve": None, "curve_catchment": None, "catchment": None, "rank": None},
        **{"fewer_in_most_deprived": (), "more_in_least_deprived": ()},
    }
    return SchoolMethod(**(usual | changes))
