"""How a result is drawn: a chart for each kind, maps, and the briefing that holds them as one PDF."""

from hotspots.publish.briefing import Page, write_briefing
from hotspots.publish.charts import (
    draw_authority_effects,
    draw_change,
    draw_correlogram,
    draw_exclusions_against_idaci,
    draw_factors,
    draw_funnel,
    draw_prediction,
    draw_profile,
    draw_recording,
    draw_series,
    draw_standardised,
)
from hotspots.publish.maps import draw_map, save_map

__all__ = [
    "Page",
    "draw_authority_effects",
    "draw_change",
    "draw_correlogram",
    "draw_exclusions_against_idaci",
    "draw_factors",
    "draw_funnel",
    "draw_map",
    "draw_prediction",
    "draw_profile",
    "draw_recording",
    "draw_series",
    "draw_standardised",
    "save_map",
    "write_briefing",
]
