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
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, Self

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
NEAR: Final = 1.0
"""A node is near a saddlepoint if the integrand there is at most e times as large."""
BETTER: Final = 0.9
"""A bound of the period that is more than this of the last one is no better."""
MOST_HALVINGS: Final = 30
"""Halvings of the way between two nodes at most."""


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
        for line in _lines(observed, side, of, direction * unit):
            at, reached = line.cells, np.isfinite(line.period)
            if reached:
                own, point = _integrate(observed[at], of.some(at), line, log_nothing[at], whole=whole)
            else:
                own, point = line.bound, np.zeros(len(at))
            own = np.clip(own, 0.0, 1.0)
            # Below, those sums that are 0 come on top. Of whole numbers, the observed one belongs to both tails.
            if direction < 0 and not whole and reached:
                own = own + np.exp(log_nothing[at])
            other = 1 - own + point
            p_high[at], p_low[at] = (own, other) if direction > 0 else (other, own)
    return np.clip(p_high, TINY, 1.0), np.clip(p_low, TINY, 1.0)


class _Walk(NamedTuple):
    """kappa and its slope at nodes from 0 away, of some cells; `nodes` (n), others (n, cells)."""

    nodes: Floats
    value: Floats
    slope: Floats
    curve: Floats

    def take(self, cells: Cells | NDArray[np.bool_]) -> _Walk:
        """Return that of some of the cells."""
        return _Walk(self.nodes, *(of_cells[:, cells] for of_cells in self[1:]))

    def with_node(self, number: int, s: float, here: Cumulants) -> _Walk:
        """Return the walk with one node more, before the one with this number."""
        return _Walk(
            np.insert(self.nodes, number, s),
            np.insert(self.value, number, here.value, axis=0),
            np.insert(self.slope, number, here.slope, axis=0),
            np.insert(self.curve, number, here.curve, axis=0),
        )

    def first_beyond(self, x: Floats) -> Cells:
        """Return the number of the first node, other than 0, beyond each cell's saddlepoint; -1 where none is."""
        beyond = (self.slope[1:] >= x) if self.nodes[1] > 0 else (self.slope[1:] <= x)
        return np.where(beyond.any(axis=0), beyond.argmax(axis=0) + 1, -1)

    def exponent(self, x: Floats) -> Floats:
        """Return kappa(s) - s x at all nodes: (n, cells)."""
        return self.value - self.nodes[:, None] * x


class _Line(NamedTuple):
    """A line of integration, for cells whose saddlepoints are near it."""

    cells: Cells
    node: float
    """Where it crosses the real axis."""
    period: float
    """The period that the cells need there; infinite where no node reaches the observed sum."""
    bound: Floats
    """Chernoff's bound of the tails at that node."""


def _lines(observed: Floats, cells: Cells, of: Sum, unit: float) -> Iterator[_Line]:
    """Yield the lines of all of the cells, whose saddlepoints lie on one side of 0."""
    if not len(cells):
        return
    x, some = observed[cells], of.some(cells)
    walk = _walk(x, some, unit)
    beyond = walk.first_beyond(x)
    for number in np.unique(beyond):
        own = np.flatnonzero(beyond == number)
        if number < 0:
            bound = np.exp(np.minimum(walk.exponent(x)[-1, own], 0.0))
            yield _Line(cells[own], float(walk.nodes[-1]), np.inf, bound)
            continue
        for line in _near(x[own], some.some(own), walk.take(own), number):
            yield line._replace(cells=cells[own[line.cells]])


def _walk(x: Floats, of: Sum, unit: float) -> _Walk:
    """Return kappa at nodes away from 0, up to one beyond every cell's saddlepoint, where they can be reached."""
    nodes, found, passed = [0.0], [of.cumulants(0.0)], np.zeros(len(x), dtype=bool)
    for s in _nodes(unit):
        nodes.append(s)
        found.append(of.cumulants(s))
        passed |= (found[-1].slope >= x) if unit > 0 else (found[-1].slope <= x)
        if passed.all():
            break
    return _Walk(
        np.array(nodes), *(np.array([getattr(f, name) for f in found]) for name in ("value", "slope", "curve"))
    )


def _near(x: Floats, of: Sum, walk: _Walk, number: int) -> Iterator[_Line]:
    """Yield lines near all saddlepoints, which lie between the node with this number and the one before.

    Where kappa rises steeply both may be far from them: the integrand is then larger than the tail by powers of ten,
    and what remains of it is noise. The way between is halved until a node is near.
    """
    waiting = [(np.arange(len(x)), walk, number, 0)]
    while waiting:
        at, here, number, halvings = waiting.pop()
        node, far = _nearer_node(x[at], here, number)
        far &= halvings < MOST_HALVINGS
        for one in np.unique(node[~far]):
            some = np.flatnonzero(~far & (node == one))
            y, own = x[at[some]], here.take(some)
            period = _period(y, of.some(at[some]), own, one)
            yield _Line(at[some], float(own.nodes[one]), period, np.exp(np.minimum(own.exponent(y)[one], 0.0)))
        if far.any():
            at, here = at[far], here.take(far)
            middle = float(here.nodes[number - 1 : number + 1].mean())
            here = here.with_node(number, middle, of.some(at).cumulants(middle))
            before = here.slope[number] >= x[at] if middle > 0 else here.slope[number] <= x[at]
            waiting += [
                (at[side], here.take(side), following, halvings + 1)
                for side, following in ((before, number), (~before, number + 1))
                if side.any()
            ]


def _nearer_node(x: Floats, walk: _Walk, number: int) -> tuple[Cells, NDArray[np.bool_]]:
    """Return the better of the node with this number and the one before, and whether it is far from the saddlepoint.

    kappa is convex: between two nodes, kappa(s) - s x is never below the crossing of its tangents there.
    """
    pair = slice(number - 1, number + 1)
    (before, beyond), slope = walk.exponent(x)[pair], walk.slope[pair] - x
    width = walk.nodes[number] - walk.nodes[number - 1]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        # Tangents before + slope[0] u and beyond + slope[1] (u - width) are equal at u; one is infinitely steep where
        # kappa is.
        u = np.where(np.isfinite(beyond), (beyond - slope[1] * width - before) / (slope[0] - slope[1]), width)
        crossing = before + slope[0] * u
    least = np.where(np.isfinite(crossing), crossing, np.minimum(before, beyond))
    # No line crosses the axis at 0, where the integrand has its pole.
    first = (before < beyond) & (number > 1)
    return np.where(first, number - 1, number), np.where(first, before, beyond) - least > NEAR


def _period(x: Floats, of: Sum, walk: _Walk, number: int) -> float:
    """Return the period at which what is repeated is less than exp(-RELATIVE) of the tail, for all of the cells."""
    node, height = walk.nodes[number], walk.exponent(x)[number]
    # A tail is less than Chernoff's bound, but hardly ever by more than a factor of 100.
    size = RELATIVE - np.minimum(height, 0.0) + np.log(100)
    # What lies a period beyond the sum is bounded at any node farther out, and never below 0.
    away = x.copy() if node < 0 else np.full(len(x), np.inf)
    # The best node for a normal distribution; halved until the bound no longer gets better.
    step = float(np.sqrt(2 * (size + height).max() / np.maximum(walk.curve[number].min(), TINY)))
    for _ in range(MOST_HALVINGS):
        farther = node + np.copysign(step, node)
        bound = (size + of.cumulants(float(farther)).value - farther * x) / step
        better = np.minimum(away, np.where(np.isfinite(bound), bound, np.inf))
        if np.isfinite(away).all() and better.max() > BETTER * away.max():
            break
        away, step = better, step / 2
    return float(np.maximum(size / abs(node), np.minimum(away, better)).max())


def _nodes(unit: float) -> Iterator[float]:
    """Yield nodes away from 0: a unit apart at first, later by a third each."""
    number = 1.0
    while number * abs(unit) < FARTHEST:
        yield number * unit
        number += max(1.0, number / 3)
    yield float(np.copysign(FARTHEST, unit))


def _integrate(x: Floats, of: Sum, line: _Line, log_nothing: Floats, *, whole: bool) -> tuple[Floats, Floats]:
    """Return the tail beyond x on the side of the node, given that S is not 0, and P(S = x) of whole numbers."""
    node, step = line.node, 2 * np.pi / line.period
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
