r"""Tails of sums with any distribution, however many peaks it has, by numerical inversion of its generating function.

A saddlepoint approximation assumes a distribution with one peak. Where a few areas may have many times the risk of
others, a sum has several, and the approximation is wrong by factors of 2 to 10. The integral behind it has no such
limit: for any c > 0,

    P(S >= x) = 1 / (2 pi) * integral over t of exp(kappa(s) - s x) / s,    s = c + i t,

and for c < 0 the same with the other sign is P(S <= x). Near the saddlepoint the integrand neither oscillates nor
cancels, so that a few dozen points of the trapezoidal rule give a tail with a small relative error however far out it
lies. The line need not go through each cell's own saddlepoint: cells near each other share nodes and lines.

The rule with step h repeats the distribution with the period 2 pi / h. Chernoff's bound, at the nodes passed on the way
to the saddlepoint, tells how long the period must be.

References
----------
Feller, W. (1971), An Introduction to Probability Theory and Its Applications II, XV. Abate, J. and Whitt, W. (1992),
Queueing Systems 10, 5-87 (the trapezoidal rule and its aliasing). Helstrom, C. W. (1978), IEEE Transactions on
Aerospace and Electronic Systems 14, 630-640 (the line through the saddlepoint).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, Protocol, Self

import numpy as np

from hotspots.analysis.risk.saddlepoint import CERTAIN, TINY, Cumulants

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
BLOCK: Final = 12
"""Points of the rule that are taken at a time."""
MOST_POINTS: Final = 20_000
"""Points of the rule at most."""


class Sum(Protocol):
    """The sums of some cells near each other."""

    def some(self, cells: Cells) -> Self:
        """Return the sums of some of the cells, by position."""
        ...

    def cumulants(self, s: float) -> Cumulants:
        """Return kappa, its slope and its curvature at a real node."""
        ...

    def kappa(self, s: Complexes) -> Complexes:
        """Return kappa at nodes, up to whole turns: (nodes, cells)."""
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
    p_high, p_low = np.ones(len(observed)), np.exp(log_nothing)
    cells = np.flatnonzero((observed > 0) & (log_nothing < 0))
    p_low[(observed > 0) & (log_nothing >= 0)] = 1.0
    centre = of.some(cells).cumulants(0.0)
    certain = centre.curve <= CERTAIN * centre.slope**2
    p_low[cells[certain]] = 1.0
    cells, centre = cells[~certain], centre.take(~certain)
    if not len(cells):
        return p_high, p_low
    unit = 1 / max(1.0, float(np.sqrt(centre.curve.max())))
    for direction in (1.0, -1.0):
        side = cells[(observed[cells] >= centre.slope) == (direction > 0)]
        for at, node, period, bound in _lines(observed, side, of, direction * unit):
            if not np.isfinite(period):
                own, point = bound, np.zeros(len(at))
            else:
                own, point = _integrate(observed[at], of.some(at), node, period, log_nothing[at], whole=whole)
            own = np.clip(own, 0.0, 1.0)
            # Below, those sums that are 0 come on top. Of whole numbers, the observed one belongs to both tails.
            if direction < 0 and not whole and np.isfinite(period):
                own = own + np.exp(log_nothing[at])
            other = 1 - own + point
            p_high[at], p_low[at] = (own, other) if direction > 0 else (other, own)
    return np.clip(p_high, TINY, 1.0), np.clip(p_low, TINY, 1.0)


def _lines(observed: Floats, cells: Cells, of: Sum, unit: float) -> Iterator[tuple[Cells, float, float, Floats]]:
    """Yield cells with the node near their saddlepoints, the period that they need there, and Chernoff's bound.

    The period is infinite where no node reaches the observed sum.
    """
    nodes, values, waiting = [], [], np.full(len(cells), -1)
    some = of.some(cells)
    for s in _nodes(unit):
        here = some.cumulants(s)
        nodes.append(s)
        values.append(here.value)
        passed = (here.slope >= observed[cells]) if unit > 0 else (here.slope <= observed[cells])
        waiting[passed & (waiting < 0)] = len(nodes) - 1
        # Two nodes beyond the saddlepoint give Chernoff's bound of what lies beyond the period.
        if ((waiting >= 0) & (waiting <= len(nodes) - 3)).all():
            break
    value = np.array(values)
    for number in np.unique(waiting):
        at = np.flatnonzero(waiting == number)
        x = observed[cells[at]]
        bound = np.exp(np.minimum(value[number, at] - nodes[number] * x, 0.0))
        period = np.inf if number < 0 else _period(x, np.array(nodes), value[:, at], number)
        yield cells[at], nodes[number], period, bound


def _period(x: Floats, nodes: Floats, value: Floats, number: int) -> float:
    """Return the period at which what is repeated is less than exp(-RELATIVE) of the tail, for all of the cells."""
    node = nodes[number]
    # A tail is less than Chernoff's bound, but hardly ever by more than a factor of 100.
    log_tail = np.minimum(value[number] - node * x, 0.0) - 4.6
    size = RELATIVE - log_tail
    towards = float(size.max()) / abs(node)
    beyond = nodes[number + 1 :]
    if node < 0:
        # Sums are never below 0.
        away = x.copy()
        for s, k in zip(beyond, value[number + 1 :], strict=True):
            away = np.minimum(away, (size + k - s * x) / (node - s))
    else:
        away = np.full(len(x), np.inf)
        for s, k in zip(beyond, value[number + 1 :], strict=True):
            away = np.minimum(away, (size + k - s * x) / (s - node))
        if not len(beyond):
            away = size / node * 4
    return float(max(towards, away.max()))


def _nodes(unit: float) -> Iterator[float]:
    """Yield nodes away from 0: a unit apart at first, later by a third each."""
    number = 1.0
    while number * abs(unit) < FARTHEST:
        yield number * unit
        number += max(1.0, number / 3)
    yield float(np.copysign(FARTHEST, unit))


def _integrate(
    x: Floats, of: Sum, node: float, period: float, log_nothing: Floats, *, whole: bool
) -> tuple[Floats, Floats]:
    """Return the tail beyond x on the side of the node, given that S is not 0, and P(S = x) of whole numbers."""
    step = 2 * np.pi / period
    if whole:
        # Half a turn is all there is; a whole number of steps fills it.
        step = np.pi / max(np.ceil(np.pi / step), 2)
    end = np.pi if whole else 4.7 / BLUR
    total, point = np.zeros(len(x)), np.zeros(len(x))
    most = min(int(end / step) + 1, MOST_POINTS)
    top = None
    for first in range(0, most + 1, BLOCK):
        t = step * np.arange(first, min(first + BLOCK, most + 1))
        t = t[t <= end + step / 2]
        if not len(t):
            break
        s = np.asarray(node + 1j * t, dtype=np.complex128)
        value = np.exp(of.kappa(s) - s[:, None] * x)
        if not whole:
            # P(S = 0) does not fade along the line.
            value -= np.exp(log_nothing - s[:, None] * x)
        top = np.abs(value[0]) if top is None else top
        weight = np.where(t == 0, 0.5, 1.0)
        if whole:
            weight = np.where(np.abs(t - np.pi) < step / 2, 0.5, weight)
            over = 1 / (1 - np.exp(-s)) if node > 0 else 1 / (1 - np.exp(s))
            point += (value * weight[:, None]).real.sum(axis=0)
        else:
            over = np.sign(node) / s
            weight = weight * np.exp(-((BLUR * t) ** 2) / 2)
        total += (value * (over * weight)[:, None]).real.sum(axis=0)
        if (np.abs(value) * np.abs(node / s)[:, None] * weight[:, None] <= np.exp(-RELATIVE) * top / 10).all():
            break
    return total * step / np.pi, point * step / np.pi
