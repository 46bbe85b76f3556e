"""Where events are densest, at which bandwidth, and how well that predicts where the next ones fall."""

from hotspots.analysis.density.adaptive import need_few_values
from hotspots.analysis.density.bandwidths import Bandwidth, choose_bandwidth
from hotspots.analysis.density.density_surface import grid_over, kernel_density
from hotspots.analysis.density.event_points import note_outside, place_events
from hotspots.analysis.density.map_points import MapPoints, detect_map_points
from hotspots.analysis.density.prediction import choose_cell, predictive_accuracy
from hotspots.analysis.density.tried_bandwidths import BestBandwidth, best_bandwidth

__all__ = [
    "Bandwidth",
    "BestBandwidth",
    "MapPoints",
    "best_bandwidth",
    "choose_bandwidth",
    "choose_cell",
    "detect_map_points",
    "grid_over",
    "kernel_density",
    "need_few_values",
    "note_outside",
    "place_events",
    "predictive_accuracy",
]
