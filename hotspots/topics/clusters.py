"""Where counts cluster: local and global statistics, distance, likeliest clusters, and how far methods agree."""

from hotspots.analysis.autocorrelation import (
    Neighbours,
    correlogram,
    getis_ord,
    global_statistics,
    link_neighbours,
    local_moran,
)
from hotspots.analysis.counts import count_by_period
from hotspots.analysis.expected import with_expected, with_expected_by_age, with_expected_given
from hotspots.analysis.scan import scan_clusters, scan_space_time
from hotspots.analysis.stability import agreement, stability
from hotspots.model import Agreement, AreaCounts, Clusters, HotspotResult, PeriodCounts, Stability
from hotspots.publish.text import describe_scale
from hotspots.sources import read_covariates

__all__ = [
    "Agreement",
    "AreaCounts",
    "Clusters",
    "HotspotResult",
    "Neighbours",
    "PeriodCounts",
    "Stability",
    "agreement",
    "correlogram",
    "count_by_period",
    "describe_scale",
    "getis_ord",
    "global_statistics",
    "link_neighbours",
    "local_moran",
    "read_covariates",
    "scan_clusters",
    "scan_space_time",
    "stability",
    "with_expected",
    "with_expected_by_age",
    "with_expected_given",
]
