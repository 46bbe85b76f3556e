"""Where high or low counts cluster, and how sure that is.

Neighbours, Getis-Ord and local Moran statistics with exact p-values, global statistics and correlograms, and the groups
of adjoining hot areas. The distributions behind the p-values are in `reference`.
"""

from hotspots.analysis.autocorrelation.correlogram import CORRELOGRAM_WORDS, correlogram, describe_scale
from hotspots.analysis.autocorrelation.global_statistics import (
    GLOBAL_WORDS,
    clustering_sentence,
    global_statistics,
    morans_i,
)
from hotspots.analysis.autocorrelation.hotspots import find_hotspots, locate_clusters, name_alike, raised_places
from hotspots.analysis.autocorrelation.local_statistics import getis_ord, local_moran
from hotspots.analysis.autocorrelation.neighbours import Neighbours, link_neighbours

__all__ = [
    "CORRELOGRAM_WORDS",
    "GLOBAL_WORDS",
    "Neighbours",
    "clustering_sentence",
    "correlogram",
    "describe_scale",
    "find_hotspots",
    "getis_ord",
    "global_statistics",
    "link_neighbours",
    "local_moran",
    "locate_clusters",
    "morans_i",
    "name_alike",
    "raised_places",
]
