"""Whether values cluster at all, over the whole map: Moran's I, Geary's C, General G and join counts."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pandas as pd

from hotspots.analysis.autocorrelation.neighbours import as_neighbours
from hotspots.analysis.autocorrelation.windows import PER
from hotspots.analysis.common import as_counts, standardised_rate
from hotspots.errors import AnalysisError

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from hotspots.analysis.autocorrelation.neighbours import Neighbours
    from hotspots.model import AreaCounts

    Floats = NDArray[np.float64]
    from scipy.sparse import csr_array

__all__ = ["Moran", "morans_i"]

# Moran's I with its moments under randomisation, for weights that need not be symmetric.


class Moran(NamedTuple):
    """Moran's I with its moments under randomisation."""

    i: float
    expected: float
    variance: float

    @property
    def z(self) -> float:
        """Standardised."""
        return float((self.i - self.expected) / np.sqrt(self.variance))

    @property
    def p(self) -> float:
        """Two-sided, by the normal distribution."""
        from scipy.special import ndtr

        return float(2 * ndtr(-abs(self.z)))


def morans_i(values: Floats, weights: csr_array) -> Moran:
    """Return Moran's I with its expectation and variance under randomisation.

    Parameters
    ----------
    values
        Shape (n,), not all equal.
    weights
        Shape (n, n), zero on the diagonal.

    References
    ----------
    Cliff and Ord (1981), Spatial Processes, equations 1.37 and 1.39 (the moments).
    """
    n = len(values)
    z = values - values.mean()
    s0 = float(weights.sum())
    # S0, S1 and S2 of Cliff and Ord from the sparse weights, without an array (n, n).
    both = weights + weights.T
    s1 = float((both.multiply(both)).sum() / 2)
    s2 = float(((np.asarray(weights.sum(axis=1)).ravel() + np.asarray(weights.sum(axis=0)).ravel()) ** 2).sum())
    second = float((z**2).mean())
    kurtosis = float((z**4).mean() / second**2)
    i = float(z @ (weights @ z) / s0 / second)
    expected = -1 / (n - 1)
    top = n * ((n * n - 3 * n + 3) * s1 - n * s2 + 3 * s0**2) - kurtosis * ((n * n - n) * s1 - 2 * n * s2 + 6 * s0**2)
    return Moran(i, expected, top / ((n - 1) * (n - 2) * (n - 3) * s0**2) - expected**2)


STATISTICS: Final = ("Moran's I", "Geary's C", "General G", "high-high joins", "low-low joins", "high-low joins")
READINGS: Final = (
    "above the expectation: similar values lie together",
    "below the expectation: neighbours differ little",
    "above the expectation: high values lie together",
)
"""How to read the first three statistics."""
GLOBAL_WORDS: Final = (
    "Over the whole map: Moran's I, with a two-sided p-value from its moments under randomisation; Geary's C, General "
    "G and join counts are also in summary.json."
)
LEVEL: Final = 0.05
FEWEST_AREAS: Final = 4
"""Areas that the variance of Moran's I under randomisation needs: it is divided by n - 3."""


def global_statistics(
    counts: AreaCounts | gpd.GeoDataFrame,
    neighbours: Neighbours | Any | None = None,
    *,
    column: str | None = None,
    population: str | None = None,
    permutations: int = 999,
    rng: np.random.Generator | int = 0,
) -> pd.DataFrame:
    """Return Moran's I, Geary's C, General G and join counts with expectation, z-score and two-sided p-value.

    Where there is a population, I and C are of standardised rates (Assunção and Reis), because crude rates of few
    people scatter more than those of many; G, which takes no negative values, is of rates per 1,000. Without one, all
    are of counts. Values are at the middle of suppressed intervals, so a p-value here says nothing about what the
    suppressed numbers could do. Importing esda takes seconds the first time.

    For the join counts an area is high if it is above the overall rate of all areas (without a population: above
    the mean count), else low; pairs of neighbours are counted that are both high, both low, or one of each.

    The z-scores rest on the moments under randomisation: the values are those of the map, in any order (for joins:
    non-free sampling). So do the p-values of I, C and G. Those of the joins come from shuffling the areas
    `permutations` times: twice the smaller of the shares, observed map included, that have as many joins or more,
    and as many or fewer. With 999 no p-value is below 0.002. The same `rng` gives the same p-values; NumPy's global
    random state is neither used nor changed.

    I, C and the joins are esda's. General G is computed here to the same formula: esda's takes 9 GB for England.

    Parameters
    ----------
    counts, neighbours, column, population
        As in `getis_ord`. Areas without a count, population or neighbour are left out.
    permutations
        How often areas are shuffled for the join counts.
    rng
        A generator, or the seed of one.

    Returns
    -------
    DataFrame
        Indexed by statistic: `value`, `expected`, `z`, `p` (two-sided), `areas`, `words` (of what it is and how it
        is read).

    Raises
    ------
    AnalysisError
        If all values are equal, or fewer than four areas have a value and a neighbour.

    References
    ----------
    Cliff, A. D. and Ord, J. K. (1981), Spatial Processes; Getis and Ord (1992), Geographical Analysis 24, 189-206;
    Assunção and Reis (1999), Statistics in Medicine 18, 2147-2162 (rates of unequal populations).
    """
    from scipy.stats import norm

    counts = as_counts(counts, column, population)
    rates, size = _rates_of(counts)
    keep, links = _linked(rates, as_neighbours(neighbours, counts.area))
    need_spread(rates[keep])
    count, weight = counts.middle[keep].to_numpy(), size[keep].to_numpy()
    values = standardised_rate(count, weight) if counts.area.has_population else count
    # Multiplied out: whole and half numbers stay exact, so no area is above the rate by a rounding error.
    high = count * weight.sum() > weight * count.sum()
    rows = [(*row, 2 * float(norm.sf(abs(row[2])))) for row in _through_esda(values, rates[keep].to_numpy(), links)]
    rows += _count_joins(high, links, permutations, np.random.default_rng(rng))
    table = pd.DataFrame(
        rows, columns=["value", "expected", "z", "p"], index=pd.Index(STATISTICS, name="statistic", dtype=object)
    )
    return table.assign(areas=int(keep.sum()), words=_words(counts, permutations))


def values_of(counts: AreaCounts) -> pd.Series:
    """Return what Moran's I is of: standardised rates where there is a population, else counts."""
    if not counts.area.has_population:
        return counts.middle
    return pd.Series(standardised_rate(counts.middle, counts.table["population"]), index=counts.table.index)


def _rates_of(counts: AreaCounts) -> tuple[pd.Series, pd.Series]:
    """Return rates per 1,000 people, else counts; and their weights: people, else ones."""
    if not counts.area.has_population:
        return counts.middle, pd.Series(1.0, index=counts.table.index)
    people = counts.table["population"]
    people = people.where(people > 0)
    return PER * counts.middle / people, people


def _linked(values: pd.Series, links: Neighbours) -> tuple[NDArray[np.bool_], Neighbours]:
    """Return which areas have a value and a neighbour with one, and the neighbours among them."""
    keep = values.notna().to_numpy().copy()
    links = links.within(keep)
    while (links.cardinalities == 0).any():  # "nearest" is not mutual: leaving out one may leave another alone
        linked = links.cardinalities > 0
        keep[keep] = linked
        links = links.within(linked)
    return keep, links


def need_spread(values: pd.Series) -> None:
    """Stop where there is nothing to measure.

    Raises
    ------
    AnalysisError
        If all values are equal, or they are too few.
    """
    if len(values) < FEWEST_AREAS:
        raise AnalysisError(
            "There are too few areas to measure clustering.",
            found=f"{len(values):,} areas with a value and a neighbour",
            advice=f"give at least {FEWEST_AREAS}",
        )
    if float(np.ptp(values.to_numpy())) == 0:
        raise AnalysisError("All values are equal: there is nothing that could cluster.")


def _words(counts: AreaCounts, permutations: int) -> list[str]:
    whats, middle = ["counts"] * 3, "the mean count"
    if counts.area.has_population:
        whats = ["standardised rates", "standardised rates", f"rates per {PER:,.0f} people"]
        middle = "the overall rate"
    pairs = (f"both above {middle}", f"both not above {middle}", f"one above {middle} and one not")
    return [
        *(f"of {what}; {reading}" for what, reading in zip(whats, READINGS, strict=True)),
        *(f"pairs of neighbouring areas, {pair}; p from {permutations:,} permutations" for pair in pairs),
    ]


def _through_esda(values: Floats, rates: Floats, links: Neighbours) -> list[tuple[float, float, float]]:
    from esda.geary import Geary
    from esda.moran import Moran

    standard = links.to_graph().transform("r")
    moran = Moran(values, standard, permutations=0)
    geary = Geary(values, standard, permutations=0)
    rows = [(moran.I, moran.EI, moran.z_rand), (geary.C, geary.EC, geary.z_rand)]
    # esda's General G writes down the products of all values with all others.
    return [*((float(a), float(b), float(c)) for a, b, c in rows), general_g(rates, links.matrix())]


def general_g(values: Floats, weights: Any) -> tuple[float, float, float]:
    """Return General G, its expectation and z-score, as esda has them; missing where one area has everything.

    Parameters
    ----------
    values
        One value per area (n), none negative.
    weights
        SciPy sparse array (n, n), zeros and ones, empty diagonal.

    References
    ----------
    Getis and Ord (1992), Geographical Analysis 24, 189-206: binary weights, moments where areas are shuffled.
    """
    n = len(values)
    s0, s1, s2 = _sums_of(weights)
    # Power sums give the moments over all pairs without writing the pairs down.
    one, two, three, four = (float((values**power).sum()) for power in (1, 2, 3, 4))
    terms = (
        two**2 * ((n * n - 3 * n + 3) * s1 - n * s2 + 3 * s0**2),
        -four * ((n * n - n) * s1 - 2 * n * s2 + 6 * s0**2),
        -(one**2) * two * (2 * n * s1 - (n + 3) * s2 + 6 * s0**2),
        one * three * (4 * (n - 1) * s1 - 2 * (n + 1) * s2 + 8 * s0**2),
        one**4 * (s1 - s2 + s0**2),
    )
    pairs = one**2 - two
    if pairs == 0:  # one area has everything
        return (float("nan"),) * 3
    general, expected = float(values @ (weights @ values)) / pairs, s0 / (n * (n - 1))
    variance = sum(terms) / (pairs**2 * _falling(n, 4)) - expected**2
    return general, expected, (general - expected) / variance**0.5 if variance > 0 else float("nan")


# --------------------------------------------------------------------------- join counts


def _count_joins(
    high: NDArray[np.bool_], links: Neighbours, permutations: int, rng: np.random.Generator
) -> list[tuple[float, float, float, float]]:
    """Return value, expectation, z and p of high-high, low-low and high-low joins."""
    from esda.join_counts import Join_Counts

    with warnings.catch_warnings():
        # What the newest pandas says of esda's own code is no concern of the user.
        warnings.filterwarnings("ignore", message="The inplace keyword", module="esda")
        # esda would shuffle with NumPy's global generator, which belongs to the caller: so it only counts.
        esda = Join_Counts(high.astype(int), links.to_graph(), permutations=0)
    observed = np.array([esda.bb, esda.ww, esda.bw], dtype=float)
    weights = links.matrix()
    shuffled = np.array([_joins(rng.permutation(high), weights) for _ in range(permutations)]).reshape(-1, 3)
    above, below = (shuffled >= observed).sum(axis=0), (shuffled <= observed).sum(axis=0)
    p = np.minimum(1.0, 2 * (np.minimum(above, below) + 1) / (permutations + 1))
    expected, variance = join_moments(int(high.sum()), weights)
    z = np.divide(observed - expected, np.sqrt(variance), out=np.full(3, np.nan), where=variance > 1e-9)
    return [tuple(map(float, row)) for row in zip(observed, expected, z, p, strict=True)]  # type: ignore[misc]


def _joins(high: NDArray[np.bool_], weights: Any) -> tuple[float, float, float]:
    x = high.astype(float)
    both, neither = x @ (weights @ x) / 2, (1 - x) @ (weights @ (1 - x)) / 2
    return float(both), float(neither), weights.nnz / 2 - float(both) - float(neither)


def join_moments(high: int, weights: Any) -> tuple[Floats, Floats]:
    """Return mean and variance of the high-high, low-low and high-low joins where areas are shuffled.

    Parameters
    ----------
    high
        Number of high areas.
    weights
        SciPy sparse array (n, n), zeros and ones, empty diagonal; n of at least 4.

    References
    ----------
    Cliff and Ord (1981), Spatial Processes, pages 19 and 20: non-free sampling.
    """
    n = weights.shape[0]
    low = n - high
    s0, s1, s2 = _sums_of(weights)
    # Chances that two, three and four areas drawn without return are as two pairs of joins need them.
    same = [[_falling(k, m) / _falling(n, m) for m in (2, 3, 4)] for k in (high, low)]
    mixed = high * low / _falling(n, 2)
    chances = np.array([*same, [2 * mixed, mixed, 4 * _falling(high, 2) * _falling(low, 2) / _falling(n, 4)]])
    mean: Floats = s0 / 2 * chances[:, 0]
    # E(J²) by pairs of joins that share two, one or no area.
    squares = chances @ np.array([s1, s2 - 2 * s1, s0**2 + s1 - s2]) / 4
    return mean, squares - mean**2


def _sums_of(weights: Any) -> tuple[float, float, float]:
    """Return S0, S1 and S2 of Cliff and Ord: of the weights, of both ways squared, of each area's both ways squared."""
    both = (weights + weights.T).power(2).sum() / 2
    return float(weights.sum()), float(both), float(((weights.sum(axis=1) + weights.sum(axis=0)) ** 2).sum())


def _falling(number: int, length: int) -> float:
    """Return number * (number - 1) * ..., with `length` factors."""
    return float(np.prod([number - step for step in range(length)], dtype=float))
