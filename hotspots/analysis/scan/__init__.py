"""The most likely clusters of a map, or in space and time: scan statistics with p-values that are computed."""

from hotspots.analysis.scan.clusters import need_scannable, scan_clusters
from hotspots.analysis.scan.space_time import need_scannable_in_time, scan_space_time

__all__ = ["need_scannable", "need_scannable_in_time", "scan_clusters", "scan_space_time"]
