"""Where events are densest or risk is raised: density, risk and change as surfaces, contours, and what they predict."""

from hotspots.analysis.density import (
    Bandwidth,
    BestBandwidth,
    MapPoints,
    best_bandwidth,
    choose_bandwidth,
    detect_map_points,
    kernel_density,
    predictive_accuracy,
)
from hotspots.analysis.interpolation import smooth_counts, spread_counts
from hotspots.analysis.risk import compare_densities, relative_risk, tolerance_contours, top_contours
from hotspots.model import Contours, Surface

__all__ = [
    "Bandwidth",
    "BestBandwidth",
    "Contours",
    "MapPoints",
    "Surface",
    "best_bandwidth",
    "choose_bandwidth",
    "compare_densities",
    "detect_map_points",
    "kernel_density",
    "predictive_accuracy",
    "relative_risk",
    "smooth_counts",
    "spread_counts",
    "tolerance_contours",
    "top_contours",
]
