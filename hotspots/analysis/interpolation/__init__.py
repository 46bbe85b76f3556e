"""Counts by area as a surface: areal interpolation that keeps each area's count."""

from hotspots.analysis.interpolation.areal_interpolation import Spread, spread_counts, spread_people
from hotspots.analysis.interpolation.protected_surface import smooth_counts

__all__ = ["Spread", "smooth_counts", "spread_counts", "spread_people"]
