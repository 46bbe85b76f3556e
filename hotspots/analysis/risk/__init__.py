"""Where risk is higher than elsewhere, or than it was: ratios of densities, their p-values and contours."""

from hotspots.analysis.risk.contours import FEWEST_IN_PLACE, SMALLEST_PLACE_KM2, tolerance_contours, top_contours
from hotspots.analysis.risk.density_comparison import compare_densities
from hotspots.analysis.risk.risk_surface import need_expected, relative_risk
from hotspots.analysis.risk.surface_test import points_inside, smoother_over

__all__ = [
    "FEWEST_IN_PLACE",
    "SMALLEST_PLACE_KM2",
    "compare_densities",
    "need_expected",
    "points_inside",
    "relative_risk",
    "smoother_over",
    "tolerance_contours",
    "top_contours",
]
