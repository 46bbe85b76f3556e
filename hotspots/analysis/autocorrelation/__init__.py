"""Where high or low counts cluster, and how sure that is.

Neighbours, Getis-Ord and local Moran statistics with exact p-values, global statistics and correlograms, and the groups
of adjoining hot areas. The distributions behind the p-values are in `reference`.
"""

from hotspots.analysis.autocorrelation.calls import Calls, call_areas
from hotspots.analysis.autocorrelation.correlograms import CORRELOGRAM_WORDS, correlogram
from hotspots.analysis.autocorrelation.hotspots import (
    find_hotspots,
    letter_hotspots,
    letter_parts,
    locate_clusters,
    possible_hotspots,
    raised_places,
    tabulate_hotspots,
)
from hotspots.analysis.autocorrelation.local_statistics import getis_ord, local_moran
from hotspots.analysis.autocorrelation.method_text import describe_expected
from hotspots.analysis.autocorrelation.neighbours import Neighbours, link_neighbours
from hotspots.analysis.autocorrelation.whereabouts import name_alike
from hotspots.analysis.autocorrelation.whole_map import (
    GLOBAL_WORDS,
    global_statistics,
    morans_i,
)

__all__ = [
    "CORRELOGRAM_WORDS",
    "GLOBAL_WORDS",
    "Calls",
    "Neighbours",
    "call_areas",
    "correlogram",
    "describe_expected",
    "find_hotspots",
    "getis_ord",
    "global_statistics",
    "letter_hotspots",
    "letter_parts",
    "link_neighbours",
    "local_moran",
    "locate_clusters",
    "morans_i",
    "name_alike",
    "possible_hotspots",
    "raised_places",
    "tabulate_hotspots",
]
