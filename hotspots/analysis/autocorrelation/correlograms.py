"""At which distance values cluster: Moran's I over growing distances, and the scale that it suggests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from hotspots.analysis.autocorrelation.whole_map import FEWEST_AREAS, LEVEL, need_spread, values_of
from hotspots.analysis.common import as_counts
from hotspots.errors import AnalysisError, list_briefly

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from hotspots.model import AreaCounts

    Floats = NDArray[np.float64]

BANDS: Final = 10
LINKED: Final = 0.95
"""Share of areas that have a neighbour at the shortest distance. The last few per cent, in the country, lie so far
from each other that all distances would be long."""
MOST_PAIRS: Final = 40_000_000
"""Some 2 GB; all of England at 11 km has 6 million."""
CORRELOGRAM_WORDS: Final = (
    "By distance: Moran's I of all areas up to each distance from one another, with weights that sum to one for each "
    "area and moments under randomisation. The scale named is the first clear peak of its z-score, tested at 5% over "
    "all distances; suppressed counts are taken as the middle of their possible values."
)


def correlogram(
    counts: AreaCounts | gpd.GeoDataFrame,
    *,
    distances: Sequence[float] | None = None,
    column: str | None = None,
    population: str | None = None,
) -> pd.DataFrame:
    """Return Moran's I among areas within growing distances of each other, and the scale that it suggests.

    The suggested distance is the first clear peak of the z-score: the shortest distance with significant clustering
    after which z falls by a twentieth, and by 1 at least, before it rises higher; else the distance with the
    largest z; none where no z is significant at 5 % over all distances (Bonferroni). A peak at the shortest or
    the longest distance is the end of what was tried and not a scale: try others. The z-score grows with the number
    of pairs, so it compares evidence; `value` compares strength. Round clusters of radius R peak at R or little more.

    Values, suppressed intervals and limits are as in `global_statistics`. Each band holds all pairs up to its distance,
    between points inside the areas, with weights that sum to one for each area. An area without a neighbour in a band
    is left out of it. esda's Moran gives the same, but its graphs take minutes for all of England at 10 km.

    Parameters
    ----------
    counts, column, population
        As in `getis_ord`. Areas without a count or population are left out.
    distances
        Metres. If left out, ten: the first is that at which 95 % of the areas have a neighbour, and the steps are the
        mean distance to the nearest area, both rounded; none is longer than half the study area's diagonal.

    Returns
    -------
    DataFrame
        Indexed by `distance` (metres): `pairs` (of areas), `areas` (with a neighbour), `value` (Moran's I),
        `expected`, `z`, `p` (two-sided), `p_adjusted` (Bonferroni), `suggested` (true for one row or none). Missing
        where it has no meaning: no pairs, or every area next to every other.

    Raises
    ------
    AnalysisError
        If all values are equal, areas are fewer than four, or a distance is no positive number of metres or so long
        that the pairs fill the memory.

    References
    ----------
    Cliff and Ord (1981), Spatial Processes, page 21: moments under randomisation; Esri, Incremental Spatial
    Autocorrelation (ArcGIS Pro tool reference): the first peak as a scale.
    """
    import shapely
    from scipy.stats import norm

    counts = as_counts(counts, column, population)
    values = values_of(counts)
    known = values.notna().to_numpy()
    need_spread(values[known])
    points = shapely.get_coordinates(shapely.point_on_surface(counts.area.areas.geometry.to_numpy()[known]))
    metres = choose_distances(points) if distances is None else _as_metres(distances)
    table = pd.DataFrame(
        _moran_by_distance(values[known].to_numpy(), points, metres),
        columns=["pairs", "areas", "value", "expected", "z"],
        index=pd.Index(metres, name="distance"),
    )
    p = pd.Series(2 * norm.sf(table["z"].abs()), index=table.index)
    adjusted = (p * int(p.notna().sum())).clip(upper=1.0)
    chosen = _suggest(table["z"].to_numpy(), (adjusted <= LEVEL).to_numpy())
    return table.assign(p=p, p_adjusted=adjusted, suggested=np.arange(len(table)) == chosen)


def choose_distances(points: Floats) -> Floats:
    """Return the distances (metres) at which a correlogram of these points (n, 2) is made if none are given."""
    from scipy.spatial import KDTree

    nearest = np.asarray(KDTree(points).query(points, k=2)[0])[:, 1]
    mean = max(float(np.mean(nearest)), 1.0)
    unit = 10.0 ** np.floor(np.log10(mean))
    step = unit * round(mean / unit)
    # Rounded up, but not for the last bit of a square root.
    first = max(unit * np.ceil(round(float(np.quantile(nearest, LINKED)) / unit, 6)), unit)
    metres: Floats = first + step * np.arange(BANDS)
    longest = float(np.hypot(*np.ptp(points, axis=0))) / 2
    return metres[: max(1, int((metres <= longest).sum()))]


def _as_metres(distances: Sequence[float]) -> Floats:
    metres = np.unique(np.asarray(list(distances), dtype=float))
    wrong = metres[~(np.isfinite(metres) & (metres > 0))]
    if len(wrong) or not len(metres):
        raise AnalysisError(
            "The distances of a correlogram are positive numbers of metres.",
            found=f"distances = {list_briefly([f'{value:g}' for value in wrong])}" if len(wrong) else "no distance",
            advice="e.g. distances=range(1000, 6000, 500), or leave them out",
        )
    return metres


def _moran_by_distance(values: Floats, points: Floats, metres: Floats) -> list[tuple[float, ...]]:
    """Return pairs, areas, Moran's I, its expectation and z-score for each distance (ascending)."""
    from scipy.spatial import KDTree

    tree, n = KDTree(points), len(values)
    values = values - values.mean()
    number = (int(tree.count_neighbors(tree, metres[-1])) - n) // 2
    if number > MOST_PAIRS:
        raise AnalysisError(
            f"Too many areas lie within {metres[-1]:,.0f} m of each other.",
            found=f"{number:,} pairs, of which {MOST_PAIRS:,} fit into memory",
            advice="give shorter distances",
        )
    # All pairs once, sorted by band: a longer distance adds its own band to the running sums.
    pairs = tree.query_pairs(metres[-1], output_type="ndarray")
    band = np.searchsorted(metres**2, ((points[pairs[:, 0]] - points[pairs[:, 1]]) ** 2).sum(axis=1))
    first, second = pairs[np.argsort(band, kind="stable")].T
    ends = np.cumsum(np.bincount(band, minlength=len(metres)))[: len(metres)]

    def sums(begin: int, end: int, of: Floats) -> Floats:
        """Return for every area the sum over its neighbours among these pairs."""
        a, b = first[begin:end], second[begin:end]
        total = np.zeros(n)
        total += np.bincount(a, of[b], minlength=n)
        total += np.bincount(b, of[a], minlength=n)
        return total

    degree, lag = np.zeros(n), np.zeros(n)
    rows: list[tuple[float, ...]] = []
    for begin, end in zip([0, *ends[:-1]], ends, strict=True):
        degree += sums(begin, end, np.ones(n))
        lag += sums(begin, end, values)
        # All pairs once more: every area's weights change with the number of its neighbours.
        received = sums(0, end, np.divide(1.0, degree, out=np.zeros(n), where=degree > 0))
        linked = degree > 0
        moran = _moran(values[linked], degree[linked], lag[linked], received[linked])
        rows.append((int(end), int(linked.sum()), *moran))
    return rows


def _moran(values: Floats, degree: Floats, lag: Floats, received: Floats) -> tuple[float, float, float]:
    """Return Moran's I, expectation and z under randomisation, with weights 1 / `degree` for mutual neighbours.

    Parameters
    ----------
    values, degree
        Values and number of neighbours (n), of areas that have a neighbour.
    lag, received
        Sum of the neighbours' values, and of the weights that the neighbours give to the area (n).

    References
    ----------
    Cliff and Ord (1981), page 21.
    """
    n, nothing = len(values), (float("nan"),) * 3
    if n < FEWEST_AREAS:
        return nothing
    z = values - values.mean()
    squares = float(z @ z)
    if squares == 0:
        return nothing
    # Of weights 1 / degree: rows add to 1, columns to `received`, and S0 is n.
    s1 = float((1 / degree).sum() + (received / degree).sum())
    s2 = float(((1 + received) ** 2).sum())
    kurtosis = n * float((z**4).sum()) / squares**2
    moran, expected = float(z @ (lag / degree - values.mean())) / squares, -1 / (n - 1)
    by_size = n * ((n * n - 3 * n + 3) * s1 - n * s2 + 3 * n * n)
    by_shape = kurtosis * ((n * n - n) * s1 - 2 * n * s2 + 6 * n * n)
    variance = (by_size - by_shape) / ((n - 1) * (n - 2) * (n - 3) * n * n) - expected**2
    # Where everyone is next to everyone, I is what it is whatever the values.
    return moran, expected, (moran - expected) / variance**0.5 if variance > 1e-14 else float("nan")


def _suggest(z: Floats, significant: NDArray[np.bool_]) -> int:
    """Return the position of the first clear peak, else of the largest z; -1 if none is significant."""
    best = -1
    for i in np.flatnonzero(np.isfinite(z)):
        if best >= 0 and z[i] <= z[best] - max(1.0, z[best] / 20):
            break
        if significant[i] and z[i] > 0 and (best < 0 or z[i] > z[best]):
            best = int(i)
    return best
