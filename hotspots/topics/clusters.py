"""Where counts cluster: neighbours, local and global statistics, the distance of clustering, the likeliest clusters."""

from hotspots.analysis.autocorrelation import (
    Neighbours,
    correlogram,
    describe_scale,
    getis_ord,
    global_statistics,
    link_neighbours,
    local_moran,
)
from hotspots.analysis.scan import scan_clusters
from hotspots.model import AreaCounts, Clusters, HotspotResult

__all__ = [
    "AreaCounts",
    "Clusters",
    "HotspotResult",
    "Neighbours",
    "correlogram",
    "describe_scale",
    "getis_ord",
    "global_statistics",
    "link_neighbours",
    "local_moran",
    "scan_clusters",
]
