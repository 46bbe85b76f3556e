"""Where counts cluster: neighbours, local and global statistics, the distance of clustering, the likeliest clusters."""

from hotspots.analysis.autocorrelation import (
    Neighbours,
    correlogram,
    getis_ord,
    global_statistics,
    link_neighbours,
    local_moran,
)
from hotspots.analysis.expected import with_expected, with_expected_by_age, with_expected_given
from hotspots.analysis.scan import scan_clusters
from hotspots.model import AreaCounts, Clusters, HotspotResult
from hotspots.publish.text import describe_scale
from hotspots.sources import read_covariates

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
    "read_covariates",
    "scan_clusters",
    "with_expected",
    "with_expected_by_age",
    "with_expected_given",
]
