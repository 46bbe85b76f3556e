r"""Reference distributions of a window's count, computed and not simulated.

Nulls, each a distribution of the sum S over a window of areas (scattered risk is in `reference.mixed_poisson`):

randomisation
    S is the sum of k draws without replacement from the observed counts. With m_v copies of each distinct
    count v, the number of draws with sum s is the coefficient of y^k x^s in ``prod_v (1 + y x^v)^m_v``. It is
    built value by value in normalised form: merging m copies of v into a pool of N counts weighs "i of the k
    draws are among the copies" with the hypergeometric probability of i, so that every number stays between 0
    and 1 and only positive terms are added: small tails keep their precision.

    Conditional randomisation leaves out the area's own count v. Taking its factor out divides the product by it, tail
    by tail: ``C(N-1, k) P_k^{-v}(s) = sum_j (-1)^j C(N, k-j) P_{k-j}(s - j v)``, so that one pool serves all areas.
    What the subtraction may cost is added up beside it; where that is more than `TOLERATED` of the answer (the own
    count is what makes the tail), the area's pool is built without it and nothing is subtracted.

constant-risk
    Given the total C, S is binomial(C, window's share of the population).

exchangeable-risk
    Areas' risks are independent gammas. With variance proportional to the mean, counts given C are
    Dirichlet-multinomial and S is beta-binomial. With one shape for all areas, which is what is taken, S is a sum of
    negative binomials given C, and the beta-binomial of the same variance approximates it (benchmarks/scatter.py). The
    dispersion is estimated, hence "computed" and not "exact".

Tails include ties: ``p_hot = P(S >= s)``, ``p_cold = P(S <= s)``. They are summed from the tail's far end, so the
smallest of them is 1 / C(n, k), and never 0. The mid-p variant counts ties half, ``P(S > s) + P(S = s) / 2``: where
counts are small a test of the full tails flags less than its level, and mid-p comes near to it but may pass it.

References
----------
Getis, A. and Ord, J. K. (1992), Geographical Analysis 24, 189-206. Ord, J. K. and Getis, A. (1995), Geographical
Analysis 27, 286-306. Anselin, L. (1995), Geographical Analysis 27, 93-115 (conditional randomisation). Mosimann,
J. E. (1962), Biometrika 49, 65-82 (the compound multinomial). Lancaster, H. O. (1961), Journal of the American
Statistical Association 56, 223-234 (mid-p).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]

TINY = float(np.finfo(float).tiny)
"""No p-value is zero: what underflows is reported as the smallest normal number."""

ROUNDING = float(np.finfo(float).eps)
"""Relative error of one operation."""

TOLERATED = 1e-9
"""Relative error of a p-value that a subtraction may bring."""


# --------------------------------------------------------------------------- randomisation


@dataclass(frozen=True, slots=True)
class Pool:
    """Sums of 0 to k draws without replacement from a pool of counts.

    Parameters
    ----------
    size
        Number of counts in the pool.
    chance
        Array (k + 1, s_max + 1): ``chance[j, s]`` is the probability that j draws sum to s. Rows with j > size are 0.
    """

    size: int
    chance: Floats

    def with_copies(self, value: int, copies: int) -> Pool:
        """Return the pool with `copies` more counts equal to `value`."""
        if copies == 0:
            return self
        draws, width = self.chance.shape[0] - 1, self.chance.shape[1]
        merged = np.zeros_like(self.chance)
        weights = _hypergeometric(self.size, copies, draws)
        # P_new[j, s] = sum over i of h(i, j) P[j - i, s - i v]: positive terms only, and so no cancellation.
        for among in range(min(copies, draws) + 1):
            shift = among * value
            if shift >= width:
                break
            rest = draws + 1 - among
            merged[among:, shift:] += weights[among, among:, None] * self.chance[:rest, : width - shift]
        return Pool(self.size + copies, merged)

    def tails(self, draws: int, *, mid_p: bool = False) -> tuple[Floats, Floats]:
        """Return P(S >= s) and P(S <= s) for every s, of this number of draws; with `mid_p` ties count half."""
        chance = self.chance[draws]
        ties = chance / 2 if mid_p else 0.0
        hot = np.cumsum(chance[::-1])[::-1] - ties
        cold = np.cumsum(chance) - ties
        return np.clip(hot, TINY, 1.0), np.clip(cold, TINY, 1.0)

    def lookups(self, *, mid_p: bool = False) -> tuple[Callable[[int, Whole], Floats], Callable[[int, Whole], Floats]]:
        """Return P(S >= s) and P(S <= s) as functions of a number of draws and of sums, which may be negative."""
        ties = self.chance / 2 if mid_p else 0.0
        hot = np.cumsum(self.chance[:, ::-1], axis=1)[:, ::-1] - ties
        cold = np.cumsum(self.chance, axis=1) - ties

        def at(tail: Floats, below: float) -> Callable[[int, Whole], Floats]:
            return lambda draws, sums: np.where(sums < 0, below, tail[draws, np.maximum(sums, 0)])

        return at(hot, 1.0), at(cold, 0.0)


def _empty_pool(draws: int, largest_sum: int) -> Pool:
    chance = np.zeros((draws + 1, largest_sum + 1))
    chance[0, 0] = 1.0
    return Pool(0, chance)


def _hypergeometric(size: int, copies: int, draws: int) -> Floats:
    """Return (i, j): the probability that i of j draws are among `copies` of `size + copies` counts.

    C(j, i) [copies]_i [size]_{j-i} / [size + copies]_j with falling factorials; every factor is divided by the
    total so that nothing overflows, and no logarithms of large factorials lose digits.
    """
    total = size + copies
    steps = np.arange(draws)

    def falling(count: int) -> Floats:
        return np.append(1.0, np.cumprod(np.maximum(count - steps, 0) / total))

    of_draws, among = np.arange(min(draws, total) + 1), np.arange(min(copies, draws) + 1)[:, None]
    rest = np.maximum(of_draws - among, 0)  # fewer draws than are among the copies: nothing to choose, 0
    weights = np.zeros((len(among), draws + 1))
    weights[:, : len(of_draws)] = (
        _pascal(draws)[among, of_draws] * falling(copies)[among] * falling(size)[rest] / falling(total)[of_draws]
    )
    return weights


@cache
def _pascal(draws: int) -> Floats:
    """Return (i, j): j choose i, up to `draws`; read-only."""
    choose = np.zeros((draws + 1, draws + 1))
    choose[0] = 1.0
    for j in range(1, draws + 1):
        choose[1:, j] = choose[1:, j - 1] + choose[:-1, j - 1]
    choose.setflags(write=False)
    return choose


def _largest_sum(values: Whole, draws: int) -> int:
    return int(np.sort(values)[::-1][:draws].sum())


def pool_of(values: Whole, *, draws: int) -> Pool:
    """Return the pool of all `values` (whole numbers >= 0, shape (n,)) for up to `draws` draws.

    Examples
    --------
    Two draws from 0, 1, 1: the sums 1 and 2 have probabilities 2/3 and 1/3.

    >>> pool_of(np.array([0, 1, 1]), draws=2).chance[2].round(3)
    array([0.   , 0.667, 0.333])
    """
    pool = _empty_pool(draws, _largest_sum(values, draws))
    distinct, copies = np.unique(values, return_counts=True)
    for value, number in zip(distinct.tolist(), copies.tolist(), strict=True):
        pool = pool.with_copies(value, number)
    return pool


def without_own(
    tail: Callable[[int, Whole], Floats], n: int, *, size: int, own: Whole, sums: Whole, negligible: float = 0.0
) -> tuple[Floats, Floats]:
    """Return a tail of `size` draws from all n values but one, and the sum of the sizes of the terms it is made of.

    Parameters
    ----------
    tail
        Gives the tail of a number of draws from all n values, at these sums (m).
    own
        The value left out, of each question (m).
    negligible
        Terms whose weight is below this are left out.
    """
    factor, total, terms = n / (n - size), np.zeros(len(sums)), np.zeros(len(sums))
    for j in range(size + 1):
        if factor < negligible:
            break
        term = factor * tail(size - j, sums - j * own)
        total, terms = total + (-1) ** j * term, terms + term
        factor *= (size - j) / (n - size + j + 1)
    return total, terms


def pool_cells(values: Whole, draws: int) -> float:
    """Return the number of probabilities that the pool of these values holds."""
    return (draws + 1.0) * (_largest_sum(values - values.min(), draws) + 1.0)


def merging_cost(values: Whole, draws: int) -> float:
    """Return about how many additions the pool of these values takes."""
    _, copies = np.unique(values, return_counts=True)
    return float(np.minimum(copies, draws).sum()) * draws * _largest_sum(values - values.min(), draws)


def randomisation_tails(values: Whole, sums: Whole, draws: Whole, *, mid_p: bool = False) -> tuple[Floats, Floats]:
    """Return both tails of each window's sum under total randomisation (the null of the classical Gi* z-score).

    Parameters
    ----------
    values
        Counts of all areas (n), whole numbers.
    sums, draws
        Sum and number of areas of each window (m); a Gi* window includes the area itself.
    mid_p
        Whether ties count half.

    Returns
    -------
    p_hot, p_cold
        P(S >= s) and P(S <= s), each (m).
    """
    # Less the minimum, so that the arrays of sums are as short as can be; k draws shift by k times it.
    lowest = int(values.min())
    pool = pool_of(values - lowest, draws=int(draws.max()))
    p_hot, p_cold = np.ones(len(sums)), np.ones(len(sums))
    for size in np.unique(draws):
        at = np.flatnonzero(draws == size)
        _look_up(pool.tails(int(size), mid_p=mid_p), at, sums - lowest * draws, (p_hot, p_cold))
    return p_hot, p_cold


def conditional_tails(values: Whole, sums: Whole, draws: Whole, *, mid_p: bool = False) -> tuple[Floats, Floats]:
    """Return both tails of each area's neighbour sum under conditional randomisation (Gi, Local Moran).

    The area keeps its own value; its neighbours' are drawn from the other n - 1.

    Parameters
    ----------
    values
        Counts of all areas (n), whole numbers.
    sums, draws
        Sum over the neighbours and number of neighbours, of each area (n); areas without neighbours get 1.
    mid_p
        Whether ties count half.

    Returns
    -------
    p_hot, p_cold
        P(S >= s) and P(S <= s), each (n). The smallest possible is 1 / C(n - 1, k).
    """
    lowest, most = int(values.min()), int(draws.max())
    shifted, sums = values - lowest, sums - lowest * draws
    p_hot, p_cold = np.ones(len(values)), np.ones(len(values))
    if most == 0:
        return p_hot, p_cold
    pool = pool_of(shifted, draws=most)
    for into, tail in zip((p_hot, p_cold), pool.lookups(mid_p=mid_p), strict=True):
        for size in np.unique(draws[draws > 0]):
            at = np.flatnonzero(draws == size)
            tails, terms = without_own(tail, len(values), size=int(size), own=shifted[at], sums=sums[at])
            into[at] = np.clip(tails, TINY, 1.0)
            # An alternating sum loses about eps times the sum of its terms: if that is too much, a pool is built anew.
            lost = at[ROUNDING * (size + 2) * terms > TOLERATED * tails]
            into[lost] = np.nan
    for value in np.unique(shifted[np.isnan(p_hot) | np.isnan(p_cold)]):
        again = np.flatnonzero((shifted == value) & (np.isnan(p_hot) | np.isnan(p_cold)))
        apart = pool_of(np.delete(shifted, again[0]), draws=int(draws[again].max()))
        for size in np.unique(draws[again]):
            at = again[draws[again] == size]
            _look_up(apart.tails(int(size), mid_p=mid_p), at, sums, (p_hot, p_cold))
    return p_hot, p_cold


def _look_up(tails: tuple[Floats, Floats], at: Whole, sums: Whole, into: tuple[Floats, Floats]) -> None:
    """Write the tails of the windows `at`, all of the same size, into (p_hot, p_cold)."""
    for tail, p in zip(tails, into, strict=True):
        p[at] = tail[sums[at]]
