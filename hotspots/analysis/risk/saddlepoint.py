r"""Tails of sums of many small random amounts, computed for all cells of a grid at once and not simulated.

A sum S has the cumulant generating function kappa(s) = log E exp(s S). Where its slope equals the observed sum, at the
saddlepoint, kappa gives the tails of S with a relative error that stays small however far out they lie, which no number
of simulations does. Two things are added to the textbook:

- The sums of kernels that are meant here are exactly 0 where no event lies within reach. That
  probability is known, and treated separately: the saddlepoint is used for the rest, S given that it is not 0, whose
  generating function is (exp(kappa) - P(S = 0)) / (1 - P(S = 0)). Without this, lower tails of few events are wrong
  by up to a seventh.
- kappa is computed at a few nodes s for all cells, and joined between nodes by the polynomial of degree 5 with the
  right value, slope and curvature at both. Nodes are taken one after the other, away from 0, until every cell's
  observed sum has been passed, so that only two nodes are in memory.

The tails are Barndorff-Nielsen's, P(S >= x) = 1 - Phi(r + log(q / r) / r) with r^2 / 2 = s x - kappa(s) and
q = s sqrt(kappa''(s)): Lugannani and Rice's to the same order, but never outside 0 to 1.

How near they are was measured for sums of n = 2,000 independent events, each of which falls within reach of a quartic
kernel with chance mu / n, against the exact distribution on a fine lattice: see `tails`.

References
----------
Lugannani, R. and Rice, S. (1980), Advances in Applied Probability 12, 475-490. Daniels, H. E. (1987), International
Statistical Review 55, 37-48. Barndorff-Nielsen, O. E. (1991), Biometrika 78, 557-563. Skovgaard, I. M. (1987), Journal
of Applied Probability 24, 875-887 (conditional tails). Jensen, J. L. (1995), Saddlepoint Approximations (compound
Poisson sums).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Cells = NDArray[np.intp]

TINY = float(np.finfo(float).tiny)
"""No p-value is zero: what underflows is reported as the smallest normal number."""

NEAR = 1e-3
"""Within this many standard deviations of the mean, the limit replaces the expression that is 0 / 0 there."""

FARTHEST = 400.0
"""Farthest node, over the largest single amount; beyond it, tails are bounded (Chernoff)."""

FAINT = 1e-9
"""What is left of log E exp(s S) beside log P(S = 0), below which its digits are those of rounding."""

CERTAIN = 1e-12
"""A sum whose variance is no more than this of its squared mean can't vary, up to rounding."""

MOST_STEPS = 60
"""Most steps of Newton's method: halving alone would have converged by then."""


@dataclass(frozen=True, slots=True)
class Cumulants:
    """kappa, its slope and its curvature at one node s, of the cells requested; each (m).

    `spread` is the ratio of the variance of what is held fixed to that at s = 0, where the sum is conditional
    (Skovgaard 1987); 1 where nothing is.
    """

    value: Floats
    """Minus infinity where rounding leaves no digits."""
    slope: Floats
    curve: Floats
    spread: Floats | float = 1.0

    def take(self, cells: Cells | NDArray[np.bool_]) -> Cumulants:
        """Return those of some of the cells."""
        spread = self.spread if isinstance(self.spread, float) else self.spread[cells]
        return Cumulants(self.value[cells], self.slope[cells], self.curve[cells], spread)

    def without_nothing(self, log_nothing: Floats) -> Cumulants:
        """Return those of S given S > 0, where log P(S = 0) is known (m)."""
        # 1 - P(S = 0) / exp(kappa); expm1 where P(S = 0) is nearly all of exp(kappa).
        rest = -np.expm1(log_nothing - self.value)
        slope = self.slope / rest
        value = self.value + np.log(rest) - np.log(-np.expm1(log_nothing))
        return Cumulants(value, slope, (self.curve + self.slope**2) / rest - slope**2, self.spread)


Ask = Callable[[float, "Cells"], Cumulants]
"""From a node s and the positions of cells to the cumulants of their sums."""


def tails(observed: Floats, ask: Ask, *, log_nothing: Floats, largest: float) -> tuple[Floats, Floats]:
    """Return P(S >= observed) and P(S <= observed) of every cell, S being 0 or continuous.

    Largest relative error for the sums named above, in per cent, by the expected number of events within reach, mu
    (tests/analysis/risk/test_saddlepoint.py holds it):

    ======  =======================  =============================================
    mu      P(S >= x), 0.5 to 1e-8   P(S <= x), 0.5 to 1e-8 or to P(S = 0)
    ======  =======================  =============================================
    1.8     5 (at 0.05, else 2.5)    4.4
    4       0.6                      6.1 (at 0.1)
    10      0.02                     5.2 (at 1e-3; 0.4 down to 0.05)
    40      0.04                     0.7 (at 1e-8; 0.02 down to 0.05)
    ======  =======================  =============================================

    Where S takes few values only (all events on a few points), it lies between P(S > x) and P(S >= x), near to the
    mid-p value.

    Parameters
    ----------
    observed
        The sums that were observed (m), >= 0.
    ask
        Gives the cumulants of some of the cells at a node; called with nodes away from 0, up first and down then.
    log_nothing
        log P(S = 0), (m); -inf where that can't be.
    largest
        The largest single amount: nodes are spaced in units of 1 / `largest`.

    Returns
    -------
    p_high, p_low
        Each (m), between the smallest normal number and 1. P(S >= 0) is 1, and P(S <= 0) is P(S = 0).
    """
    p_high, p_low, cells = begin_tails(observed, log_nothing)
    centre = ask(0.0, cells).without_nothing(log_nothing[cells])
    # A sum that can't vary equals its observed value: both tails are 1.
    certain = centre.curve <= CERTAIN * centre.slope**2
    p_low[cells[certain]] = 1.0
    # A sum above its mean has its saddlepoint at s > 0, one below at s < 0: two walks away from 0.
    for upwards in (True, False):
        side = ((observed[cells] >= centre.slope) == upwards) & ~certain
        for at, high, low in _one_side(
            observed, ask, log_nothing, (cells[side], centre.take(side)), (1.0 if upwards else -1.0) / largest
        ):
            some = -np.expm1(log_nothing[at])
            p_high[at], p_low[at] = some * high, np.exp(log_nothing[at]) + some * low
    return np.clip(p_high, TINY, 1.0), np.clip(p_low, TINY, 1.0)


def begin_tails(observed: Floats, log_nothing: Floats) -> tuple[Floats, Floats, Cells]:
    """Return both tails of sums that are 0, each (m), and the cells whose tails remain to be computed."""
    p_high, p_low = np.ones(len(observed)), np.exp(log_nothing)
    p_low[(observed > 0) & (log_nothing >= 0)] = 1.0
    return p_high, p_low, np.flatnonzero((observed > 0) & (log_nothing < 0))


def _one_side(
    observed: Floats, ask: Ask, log_nothing: Floats, start: tuple[Cells, Cumulants], unit: float
) -> Iterator[tuple[Cells, Floats, Floats]]:
    """Yield cells with both tails of S given S > 0, going from node to node until all cells are done."""
    (left, here), s = start, 0.0
    for step in _nodes():
        if not len(left):
            return
        following, before = step * unit, (left, here, s)
        # One call serves all cells that are left; those whose sum is passed at this node are done.
        raw = ask(following, left)
        # Where nearly all of exp(kappa) is P(S = 0), the rest would be rounding.
        known = np.isfinite(raw.value)
        known[known] = raw.value[known] - log_nothing[left[known]] > FAINT
        yield from _bounded(observed, before, ~known)
        left, here = left[known], here.take(known)
        there = raw.take(known).without_nothing(log_nothing[left])
        passed = (there.slope >= observed[left]) if unit > 0 else (there.slope <= observed[left])
        if passed.any():
            at = left[passed]
            yield at, *_between(observed[at], (s, here.take(passed)), (following, there.take(passed)))
        left, here, s = left[~passed], there.take(~passed), following
    yield from _bounded(observed, (left, here, s), np.ones(len(left), dtype=bool))


def _bounded(
    observed: Floats, node: tuple[Cells, Cumulants, float], some: NDArray[np.bool_]
) -> Iterator[tuple[Cells, Floats, Floats]]:
    """Yield some of the cells, if any, with Chernoff's bound of their tail at the last node, which is never too small.

    At the smallest and at the largest sum there is, the bound equals the probability of that sum.
    """
    left, here, s = node
    at = left[some]
    if len(at):
        bound = np.exp(np.minimum(here.value[some] - s * observed[at], 0.0))
        rest = np.maximum(1 - bound, 0.0)
        yield (at, bound, rest) if s > 0 else (at, rest, bound)


def _nodes() -> Iterator[float]:
    """Yield nodes away from 0, in units of 1 / largest: narrow at first, later by a third each."""
    node = 0.5
    while node < FARTHEST:
        yield node
        node += max(1.0 if node >= 1 else 0.5, node / 3)
    yield FARTHEST


def _between(observed: Floats, a: tuple[float, Cumulants], b: tuple[float, Cumulants]) -> tuple[Floats, Floats]:
    """Return both tails of the cells whose saddlepoint lies between two nodes."""
    (start, here), (end, there) = a, b
    width = end - start
    powers = _join(here, there, width)
    t = _solve(powers, observed * width)
    s = start + t * width
    value, curve, third = (_evaluate(powers, t, order) for order in (0, 2, 3))
    curve, third = np.maximum(curve / width**2, TINY), third / width**3
    # The ratio of variances is positive, and so interpolated by its logarithm.
    spread = np.exp((1 - t) * np.log(here.spread) + t * np.log(there.spread))
    # r* = r + log(q / r) / r. At the mean q / r is 0 / 0; the limit there is r + skewness / 6.
    q = s * np.sqrt(curve * spread)
    r = np.copysign(np.sqrt(np.maximum(2 * (s * observed - value), 0.0)), s)
    near = np.abs(q) < NEAR
    with np.errstate(divide="ignore", invalid="ignore"):
        star = np.where(near, r + third / (6 * curve**1.5), r + np.log(q / r) / r)
    from scipy.special import ndtr

    return ndtr(-star), ndtr(star)


def _join(a: Cumulants, b: Cumulants, width: float) -> tuple[Floats, ...]:
    """Return the coefficients of t^0 to t^5 of kappa at start + t * width (Hermite's interpolation)."""
    slope, curve = a.slope * width, a.curve * width**2
    by_value = b.value - a.value - slope - curve / 2
    by_slope = b.slope * width - slope - curve
    by_curve = b.curve * width**2 - curve
    return (
        a.value,
        slope,
        curve / 2,
        10 * by_value - 4 * by_slope + by_curve / 2,
        -15 * by_value + 7 * by_slope - by_curve,
        6 * by_value - 3 * by_slope + by_curve / 2,
    )


def _evaluate(powers: tuple[Floats, ...], t: Floats, order: int = 0) -> Floats:
    """Return the polynomial's derivative of an order at t."""
    total = np.zeros_like(t)
    # Horner's scheme; the factor is power! / (power - order)!.
    for power in range(len(powers) - 1, order - 1, -1):
        total = total * t + powers[power] * float(np.prod(np.arange(power - order + 1, power + 1)))
    return total


def _solve(powers: tuple[Floats, ...], slope: Floats) -> Floats:
    """Return where between 0 and 1 the polynomial has this slope, which rises: Newton's method, held in by halves."""
    low, high = np.zeros_like(slope), np.ones_like(slope)
    t = np.full_like(slope, 0.5)
    for _ in range(MOST_STEPS):
        excess = _evaluate(powers, t, 1) - slope
        beyond = excess > 0
        low, high = np.where(beyond, low, t), np.where(beyond, t, high)
        with np.errstate(divide="ignore", invalid="ignore"):
            newton = t - excess / _evaluate(powers, t, 2)
        following = np.where((newton >= low) & (newton <= high), newton, (low + high) / 2)
        moved = np.abs(following - t).max(initial=0.0)
        t = following
        if moved < 1e-13:
            break
    return t
