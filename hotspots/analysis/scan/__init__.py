"""The most likely clusters of a map: scan statistics over zones, with p-values that are computed."""

from hotspots.analysis.scan.clusters import need_scannable, scan_clusters

__all__ = ["need_scannable", "scan_clusters"]
