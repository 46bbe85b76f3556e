"""Charts: series, change, authorities, schools, predictions and factors."""

from hotspots.publish.charts.authorities import draw_profile, draw_recording, draw_standardised
from hotspots.publish.charts.change import draw_change
from hotspots.publish.charts.factors import draw_correlogram, draw_factors
from hotspots.publish.charts.prediction import draw_prediction
from hotspots.publish.charts.school_authorities import draw_authority_effects
from hotspots.publish.charts.schools import draw_exclusions_against_idaci, draw_funnel
from hotspots.publish.charts.series import draw_series

__all__ = [
    "draw_authority_effects",
    "draw_change",
    "draw_correlogram",
    "draw_exclusions_against_idaci",
    "draw_factors",
    "draw_funnel",
    "draw_prediction",
    "draw_profile",
    "draw_recording",
    "draw_series",
    "draw_standardised",
]
