"""Where counts cluster: local and global statistics, distance, likeliest clusters, and how far methods agree."""

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
from hotspots.analysis.stability import agreement, stability
from hotspots.model import Agreement, AreaCounts, Clusters, HotspotResult, Stability
from hotspots.publish.text import describe_scale
from hotspots.sources import read_covariates

__all__ = [
    "Agreement",
    "AreaCounts",
    "Clusters",
    "HotspotResult",
    "Neighbours",
    "Stability",
    "agreement",
    "correlogram",
    "describe_scale",
    "getis_ord",
    "global_statistics",
    "link_neighbours",
    "local_moran",
    "read_covariates",
    "scan_clusters",
    "stability",
    "with_expected",
    "with_expected_by_age",
    "with_expected_given",
]
