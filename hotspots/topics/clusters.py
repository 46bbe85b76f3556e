"""Where high or low counts cluster: neighbours, local and global statistics, and the distance of clustering."""

from hotspots.analysis.autocorrelation import (
    Neighbours,
    correlogram,
    describe_scale,
    getis_ord,
    global_statistics,
    link_neighbours,
    local_moran,
)
from hotspots.model import AreaCounts, HotspotResult

__all__ = [
    "AreaCounts",
    "HotspotResult",
    "Neighbours",
    "correlogram",
    "describe_scale",
    "getis_ord",
    "global_statistics",
    "link_neighbours",
    "local_moran",
]
