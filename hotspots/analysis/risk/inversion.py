r"""Tails of sums with any distribution, however many peaks it has, by numerical inversion of its generating function.

A saddlepoint approximation assumes a distribution with one peak. Where a few areas may have many times the risk of
others, a sum has several, and the approximation is wrong by factors of 2 to 10. The integral behind it has no such
limit: for any c > 0,

    P(S >= x) = 1 / (2 pi) * integral over t of exp(kappa(s) - s x) / s,    s = c + i t,

and for c < 0 the same with the other sign is P(S <= x). Near the saddlepoint the integrand neither oscillates nor
cancels, so that a few dozen points of the trapezoidal rule give a tail with a small relative error however far out it
lies. Each cell has its own line, and all cells of a tile are computed together.

The rule with step h repeats the distribution with the period 2 pi / h. Chernoff's bound, at a node farther out than the
line, tells how long the period must be.

References
----------
Feller, W. (1971), An Introduction to Probability Theory and Its Applications II, XV. Abate, J. and Whitt, W. (1992),
Queueing Systems 10, 5-87 (the trapezoidal rule and its aliasing). Helstrom, C. W. (1978), IEEE Transactions on
Aerospace and Electronic Systems 14, 630-640 (the line through the saddlepoint).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, Self

import numpy as np

from hotspots.analysis.risk.saddlepoint import CERTAIN, TINY, Cumulants, begin_tails

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Complexes = NDArray[np.complex128]
    Cells = NDArray[np.intp]

RELATIVE: Final = 9.0
"""A tail is computed to about exp(-9), 1e-4, of itself; tests hold 2e-3, down to 1e-9."""
FARTHEST: Final = 20.0
"""Farthest node, over the largest single amount; beyond it, tails are bounded (Chernoff)."""
BLUR: Final = 0.05
"""Width of the normal window, in largest amounts: sums of few amounts have edges that no finite integral follows. A
tail that ends at such an edge becomes that of the middle of it, the mid-p value."""
BLOCK: Final = 8
"""Points of the rule that are taken at a time."""
MOST_POINTS: Final = 20_000
"""Points of the rule at most."""
NEAR: Final = 1.0
"""A node is near a saddlepoint if the integrand there is at most e times as large."""
NEAR_ENOUGH: Final = 0.2
"""Squared step to the saddlepoint, in units of the variance, from which a node is near it."""
EDGE: Final = 0.05
"""Share of the way between two nodes next to them where no further one is tried."""
LOOSE: Final = 1.5
"""A bound of the period is good enough if it is at most this many times that of a normal distribution."""
MOST_STEPS: Final = 60
"""Steps of a search at most."""


class Sum(Protocol):
    """The sums of some cells near each other."""

    def some(self, cells: Cells) -> Self:
        """Return the sums of some of the cells, by position."""
        ...

    def cumulants(self, s: Floats) -> Cumulants:
        """Return kappa, its slope and its curvature at a real node of each cell; infinite where E exp(s S) is."""
        ...

    def kappa(self, s: Complexes) -> Complexes:
        """Return kappa at nodes of each cell, up to whole turns: (cells, nodes)."""
        ...


def inverted_tails(observed: Floats, of: Sum, *, log_nothing: Floats, whole: bool = False) -> tuple[Floats, Floats]:
    """Return P(S >= observed) and P(S <= observed) of every cell.

    Parameters
    ----------
    observed
        The sums that were observed (m), >= 0. The largest single amount is 1.
    of
        Gives their generating function.
    log_nothing
        log P(S = 0), (m).
    whole
        Whether sums are whole numbers, whose tails are exact; else ties count half.

    Returns
    -------
    p_high, p_low
        Each (m), between the smallest normal number and 1. P(S >= 0) is 1, and P(S <= 0) is P(S = 0).
    """
    p_high, p_low, cells = begin_tails(observed, log_nothing)
    centre = of.some(cells).cumulants(np.zeros(len(cells)))
    certain = centre.curve <= CERTAIN * centre.slope**2
    p_low[cells[certain]] = 1.0
    cells, centre = cells[~certain], centre.take(~certain)
    if not len(cells):
        return p_high, p_low
    x, sums, nothing = observed[cells], of.some(cells), log_nothing[cells]
    line = _lines(x, sums, centre)
    # Chernoff's bound where no line reaches the sum.
    own, point = np.exp(np.minimum(line.height, 0.0)), np.zeros(len(cells))
    some = np.flatnonzero(line.reached)
    if len(some):
        own[some], point[some] = _integrate(x[some], sums.some(some), line.take(some), nothing[some], whole=whole)
    own = np.clip(own, 0.0, 1.0)
    # Below, those sums that are 0 come on top. Of whole numbers, the observed one belongs to both tails.
    if not whole:
        own += np.where(line.reached & (line.node < 0), np.exp(nothing), 0.0)
    other = 1 - own + point
    p_high[cells], p_low[cells] = np.where(line.node > 0, (own, other), (other, own))
    return np.clip(p_high, TINY, 1.0), np.clip(p_low, TINY, 1.0)


class _Node(NamedTuple):
    """A node of each cell (m), and kappa(s) - s x there."""

    s: Floats
    height: Floats
    slope: Floats
    curve: Floats

    def take(self, cells: Cells | NDArray[np.bool_]) -> _Node:
        """Return those of some of the cells."""
        return _Node(*(of_cells[cells] for of_cells in self))

    def put(self, cells: Cells, new: _Node) -> None:
        """Set those of some of the cells."""
        for of_cells, values in zip(self, new, strict=True):
            of_cells[cells] = values


class _Line(NamedTuple):
    """A line of integration for each cell (m)."""

    node: Floats
    """Where it crosses the real axis."""
    height: Floats
    """kappa(s) - s x there, the logarithm of Chernoff's bound of the tail."""
    curve: Floats
    """The curvature of kappa there."""
    reached: NDArray[np.bool_]
    """Whether the node is near the saddlepoint; else it is the farthest one."""

    def take(self, cells: Cells) -> _Line:
        """Return those of some of the cells."""
        return _Line(self.node[cells], self.height[cells], self.curve[cells], self.reached[cells])


def _lines(x: Floats, of: Sum, centre: Cumulants) -> _Line:
    """Return lines near the saddlepoints: a search between two nodes, the inner one nearer to 0.

    Where kappa rises steeply, a node may look near and be far: the integrand is then larger than the tail by powers of
    ten, and what remains of it is noise. kappa is convex, so that kappa(s) - s x is never below the crossing of its
    tangents at two nodes; the search ends where the better node is no more than `NEAR` above it.
    """
    away = np.where(x >= centre.slope, 1.0, -1.0)
    inner = _Node(np.zeros(len(x)), np.zeros(len(x)), centre.slope - x, centre.curve.copy())
    outer = _Node(*(np.full(len(x), np.inf) for _ in range(4)))
    outer.s[:] = away * np.inf
    waiting, reached = np.arange(len(x)), np.ones(len(x), dtype=bool)
    # Next to 0 is the pole of the integrand: a line keeps its distance.
    least = away / np.sqrt(centre.curve)
    s = least + np.maximum(np.abs(_towards(x, inner)) - np.abs(least), 0.0) * away
    for step in range(MOST_STEPS):
        s = np.clip(s, -FARTHEST, FARTHEST)
        found = of.some(waiting).cumulants(s)
        here = _Node(s, found.value - s * x[waiting], found.slope - x[waiting], found.curve)
        beyond = here.slope * away[waiting] >= 0
        outer.put(waiting[beyond], here.take(beyond))
        inner.put(waiting[~beyond], here.take(~beyond))
        lost = ~beyond & (np.abs(s) >= FARTHEST)
        reached[waiting[lost]] = False
        waiting = waiting[~lost]
        waiting = waiting[~_near(inner.take(waiting), outer.take(waiting))]
        if not len(waiting):
            break
        s = _between(x[waiting], inner.take(waiting), outer.take(waiting), halve=step % 3 == 2)
    first = _inner_is_better(inner, outer)
    node, height, _, curve = (np.where(first, a, b) for a, b in zip(inner, outer, strict=True))
    return _Line(node, height, curve, reached)


def _inner_is_better(inner: _Node, outer: _Node) -> NDArray[np.bool_]:
    """Return where the inner node is lower; no line crosses the axis at 0."""
    return np.asarray((inner.height < outer.height) & (inner.s != 0))


def _near(inner: _Node, outer: _Node) -> NDArray[np.bool_]:
    """Return where the better of two nodes is near the saddlepoint between them, or beyond the inner one."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        # The tangents meet at inner.s + u; where kappa is infinite, the outer one is upright.
        width = outer.s - inner.s
        u = (outer.height - outer.slope * width - inner.height) / (inner.slope - outer.slope)
        crossing = inner.height + inner.slope * np.where(np.isfinite(outer.height), u, width)
    best = np.where(_inner_is_better(inner, outer), inner.height, outer.height)
    between = np.isfinite(crossing) & (best - crossing <= NEAR)
    alone = ~np.isfinite(outer.s) & (inner.s != 0) & (inner.slope**2 <= NEAR_ENOUGH * inner.curve)
    return np.asarray(between | alone)


def _towards(x: Floats, node: _Node) -> Floats:
    """Return Newton's step from a node to where the logarithm of kappa's slope is that of x."""
    slope = node.slope + x
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.log(x / slope) * slope / node.curve)


def _between(x: Floats, inner: _Node, outer: _Node, *, halve: bool) -> Floats:
    """Return the next node to try: Newton's from the better of two, kept away from both, or the middle."""
    better = _inner_is_better(inner, outer) | ~np.isfinite(outer.height)
    start = _Node(*(np.where(better, a, b) for a, b in zip(inner, outer, strict=True)))
    following = start.s + _towards(x, start)
    open_ended = ~np.isfinite(outer.s)
    # Without an outer node the next is at most as far again, and at least a little farther.
    end = np.where(open_ended, 2 * inner.s + np.copysign(1.0, outer.s), outer.s)
    share = np.clip((following - inner.s) / (end - inner.s), EDGE, np.where(open_ended, 1.0, 1 - EDGE))
    share = np.where(np.isfinite(share) & ~(halve & ~open_ended), share, 0.5)
    return np.asarray(inner.s + share * (end - inner.s))


def _periods(x: Floats, of: Sum, line: _Line) -> Floats:
    """Return the period at which what is repeated is less than exp(-RELATIVE) of the tail, of each cell."""
    # A tail is less than Chernoff's bound, but hardly ever by more than a factor of 100.
    size = RELATIVE - np.minimum(line.height, 0.0) + np.log(100)
    total = size + line.height
    towards, normal = size / np.abs(line.node), np.sqrt(2 * total * line.curve)
    # What lies a period beyond the sum is bounded at any node farther out, and never below 0.
    period = np.where(line.node < 0, x, np.inf)
    # The best node for a normal distribution; halved while the bound gets better.
    step, waiting = np.sqrt(2 * total / line.curve), np.arange(len(x))
    for _ in range(MOST_STEPS):
        farther = line.node[waiting] + np.copysign(step[waiting], line.node[waiting])
        height = of.some(waiting).cumulants(farther).value - farther * x[waiting]
        bound = (size[waiting] + height) / step[waiting]
        better = (bound < period[waiting]) | np.isinf(period[waiting])
        period[waiting] = np.fmin(period[waiting], bound)
        waiting = waiting[better]
        waiting = waiting[period[waiting] > np.maximum(towards[waiting], LOOSE * normal[waiting])]
        if not len(waiting):
            break
        step = step / 2
    return np.asarray(np.maximum(towards, period))


def _integrate(x: Floats, of: Sum, line: _Line, log_nothing: Floats, *, whole: bool) -> tuple[Floats, Floats]:
    """Return the tail beyond x on the side of the node, given that S is not 0, and P(S = x) of whole numbers."""
    step = 2 * np.pi / _periods(x, of, line)
    if whole:
        # Half a turn is all there is; a whole number of steps fills it.
        step = np.pi / np.maximum(np.ceil(np.pi / step), 2)
    end = np.pi if whole else 4.7 / BLUR
    total, point, top = np.zeros((3, len(x)))
    waiting = np.arange(len(x))
    for first in range(0, MOST_POINTS, BLOCK):
        t = step[waiting, None] * np.arange(first, first + BLOCK)
        s = line.node[waiting, None] + 1j * t
        value = np.exp(of.some(waiting).kappa(s) - s * x[waiting, None])
        weight = np.where(t == 0, 0.5, t <= end + step[waiting, None] / 2)
        if whole:
            weight = np.where(np.abs(t - np.pi) < step[waiting, None] / 2, 0.5, weight)
            over = _geometric(s)
            point[waiting] += (value * weight).real.sum(axis=1)
        else:
            # P(S = 0) does not fade along the line.
            value -= np.exp(log_nothing[waiting, None] - s * x[waiting, None])
            over = np.sign(s.real) / s
            weight = weight * np.exp(-((BLUR * t) ** 2) / 2)
        if first == 0:
            top[:] = np.abs(value[:, 0])
        total[waiting] += (value * over * weight).real.sum(axis=1)
        left = np.abs(value * line.node[waiting, None] / s) * weight > np.exp(-RELATIVE) / 10 * top[waiting, None]
        waiting = waiting[left.any(axis=1) & (t[:, -1] < end)]
        if not len(waiting):
            break
    return total * step / np.pi, point * step / np.pi


def _geometric(s: Complexes) -> Complexes:
    """Return the sum of exp(-s j) over whole numbers j from 0 up, or of exp(s j) where s is to the left of 0."""
    return np.asarray(1 / (1 - np.exp(np.where(s.real > 0, -s, s))))
