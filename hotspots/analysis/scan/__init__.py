"""The most likely clusters of a map: scan statistics over zones, with p-values that are computed."""

from hotspots.analysis.scan.clusters import scan_clusters

__all__ = ["scan_clusters"]
