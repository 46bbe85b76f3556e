"""Whether values cluster at all, over the whole map: Moran's I, Geary's C and General G, through PySAL's esda."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hotspots.analysis.local import as_neighbours
from hotspots.analysis.tables import as_counts
from hotspots.analysis.windows import PER
from hotspots.errors import AnalysisError

if TYPE_CHECKING:
    import geopandas as gpd

    from hotspots.analysis.neighbours import Neighbours
    from hotspots.nouns import AreaCounts

STATISTICS = ("Moran's I", "Geary's C", "General G")


def global_statistics(
    counts: AreaCounts | gpd.GeoDataFrame,
    neighbours: Neighbours | Any | None = None,
    *,
    column: str | None = None,
    population: str | None = None,
) -> pd.DataFrame:
    """Return Moran's I, Geary's C and General G with their expectation, z-score and two-sided p-value.

    Of rates per 1,000 people where there is a population, else of counts; at the middle of hidden intervals, so a
    p-value here says nothing about what the hidden numbers could do. The z-scores rest on the moments under
    randomisation (I and C) or normality (G), so nothing is simulated. Rates of small populations scatter more than
    those of large ones, which these statistics do not know. Importing esda takes seconds the first time.

    Parameters
    ----------
    counts, neighbours, column, population
        As in `getis_ord`. Areas without a count, population or neighbour are left out.

    Returns
    -------
    DataFrame
        Indexed by statistic: `value`, `expected`, `z`, `p` (two-sided), `areas`.

    Raises
    ------
    AnalysisError
        If all values are equal.

    References
    ----------
    Cliff, A. D. and Ord, J. K. (1981), Spatial Processes; Getis and Ord (1992), Geographical Analysis 24, 189-206.
    """
    from scipy.stats import norm

    noun = as_counts(counts, column, population)
    links = as_neighbours(neighbours, noun.area)
    values = noun.middle
    if noun.area.has_population:
        people = noun.table["population"]
        values = PER * values / people.where(people > 0)
    keep = values.notna().to_numpy() & (links.cardinalities > 0)
    if not keep.any() or float(np.ptp(values[keep])) == 0:
        raise AnalysisError("All values are equal: there is nothing that could cluster.")
    rows = _through_esda(values[keep].to_numpy(), links.within(keep))
    table = pd.DataFrame(rows, columns=["value", "expected", "z"], index=pd.Index(STATISTICS, name="statistic"))
    return table.assign(p=2 * norm.sf(table["z"].abs()), areas=int(keep.sum()))


def _through_esda(values: np.ndarray[Any, np.dtype[np.float64]], links: Neighbours) -> list[tuple[float, float, float]]:
    from esda.geary import Geary
    from esda.getisord import G
    from esda.moran import Moran

    graph = links.to_graph()
    standard = graph.transform("r")
    moran = Moran(values, standard, permutations=0)
    geary = Geary(values, standard, permutations=0)
    rows = [(moran.I, moran.EI, moran.z_rand), (geary.C, geary.EC, geary.z_rand)]
    # General G is defined for values that are not negative.
    g = G(values, graph, permutations=0)
    return [*((float(a), float(b), float(c)) for a, b, c in rows), (float(g.G), float(g.EG), float(g.z_norm))]


def clustering_sentence(table: pd.DataFrame, *, title: str) -> str:
    """Return in words what Moran's I says of the whole map."""
    value, z, p = (float(table[column]["Moran's I"]) for column in ("value", "z", "p"))
    if p > 0.05:
        return f"Over the whole map {title} shows no clustering beyond chance (Moran's I {value:.3f})."
    how = "similar values lie together" if z > 0 else "unlike values lie together"
    return f"Over the whole map of {title} {how} (Moran's I {value:.3f}, z {z:.1f})."
