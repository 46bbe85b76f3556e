"""Tails of weighted sums by simulation, for neighbours whose weights differ: the one case that is not computed.

With unequal weights (distance decay, kernels) every area has a distribution of its own, and no transform serves all.
Values are drawn without replacement and weighted as the neighbours are. Two things keep it honest and quick:

- One stream of draws serves all areas: every draw is an ordered sample of k_max + 1 areas; an area takes the first k
  of it, its own left out. For each area that is a sample from its own reference (Anselin's conditional randomisation).
- Draws stop where the answer is clear (Besag and Clifford 1991): a tail that has been reached `ENOUGH` times in l draws
  has p = ENOUGH / l; one that was reached b times when all N are spent has (b + 1) / (N + 1). Both are valid p-values.

N is sized by the correction that p-values must survive: the smallest one passes Bonferroni's with a factor to spare.

References
----------
Besag, J. and Clifford, P. (1991), Biometrika 78, 301-304. Davison, A. C. and Hinkley, D. V. (1997), Bootstrap Methods
and their Application, section 4.2.5.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]

ENOUGH = 100
"""Times a tail is reached before its p-value is taken as known: to a tenth of itself."""

FEWEST_DRAWS = 99_999
"""Draws at least, where a tail is not reached so often."""

BLOCK = 50_000
"""Draws that are made at a time; the first blocks are smaller, because most areas need no more."""


def draws_needed(tests: int, level: float) -> int:
    """Return how many draws let the smallest two-sided p-value pass a tenth of Bonferroni's threshold.

    Examples
    --------
    >>> draws_needed(1680, 0.05)
    672000
    """
    return max(FEWEST_DRAWS, int(np.ceil(20 * tests / level)))


def weighted_tails(
    values: Floats, window: Any, *, leave_out: bool, draws: int, rng: np.random.Generator, mid_p: bool = False
) -> tuple[Floats, Floats]:
    """Return both tails of every window's weighted sum under randomisation, simulated.

    Parameters
    ----------
    values
        Value of every area (n).
    window
        SciPy sparse array (n, n): row i holds the weights of window i. Empty windows get 1.
    leave_out
        Whether the area's own value is left out of the pool (conditional randomisation).
    draws
        Most draws for any area.
    mid_p
        Whether ties count half.

    Returns
    -------
    p_hot, p_cold
        Each (n); ties, to the last digits of a sum, belong to both.
    """
    size, sums = np.diff(window.indptr), window @ values
    slack = 1e-9 * float(np.abs(values).max() * abs(window).sum(axis=1).max())
    hot, cold = _Tail.of(len(values)), _Tail.of(len(values))
    for picked in _samples(len(values), int(size.max()) + leave_out, draws, rng):
        waiting = np.flatnonzero((size > 0) & ~(hot.known & cold.known))
        if not len(waiting):
            break
        drawn = values[picked]
        for i in waiting:
            weights = window.data[window.indptr[i] : window.indptr[i + 1]]
            excess = _sums(picked, drawn, weights, int(i) if leave_out else None) - sums[i]
            ties = np.abs(excess) <= slack
            half = 0.5 * ties if mid_p else 0.0
            hot.add(int(i), ((excess > 0) | ties) - half)
            cold.add(int(i), ((excess < 0) | ties) - half)
    return hot.p_values(size > 0), cold.p_values(size > 0)


def _sums(picked: Whole, drawn: Floats, weights: Floats, own: int | None) -> Floats:
    """Return the weighted sum of the first draws of every sample, the area's own left out."""
    k = len(weights)
    sums: Floats = drawn[:, :k] @ weights
    if own is not None:
        met = np.flatnonzero((picked[:, :k] == own).any(axis=1))
        # One more than is needed was drawn: the area's own goes, and the others move up.
        others = np.argsort(picked[met, : k + 1] == own, axis=1, kind="stable")[:, :k]
        sums[met] = np.take_along_axis(drawn[met], others, axis=1) @ weights
    return sums


def _samples(n: int, size: int, draws: int, rng: np.random.Generator) -> Iterator[Whole]:
    """Yield blocks of ordered samples without replacement of `size` of n areas, `draws` in all."""
    made, block = 0, 1_000
    while made < draws:
        number = min(block, draws - made)
        yield _sample(n, min(size, n), number, rng)
        made, block = made + number, min(5 * block, BLOCK)


def _sample(n: int, size: int, number: int, rng: np.random.Generator) -> Whole:
    if size**2 > n:
        return np.argsort(rng.random((number, n)), axis=1)[:, :size]
    picked = rng.integers(n, size=(number, size))
    while True:
        # A sample with a repetition is drawn again as a whole, which leaves all samples equally likely.
        order = np.sort(picked, axis=1)
        again = np.flatnonzero((order[:, 1:] == order[:, :-1]).any(axis=1))
        if not len(again):
            return picked
        picked[again] = rng.integers(n, size=(len(again), size))


@dataclass(slots=True)
class _Tail:
    """How often every area's tail was reached (n), in how many draws, and whether that is often enough."""

    reached: Floats
    draws: Whole
    known: NDArray[np.bool_]

    @classmethod
    def of(cls, n: int) -> _Tail:
        return cls(np.zeros(n), np.zeros(n, dtype=np.int64), np.zeros(n, dtype=bool))

    def add(self, i: int, hits: Floats) -> None:
        """Count the hits (number of draws) of area i, up to the draw that made them enough."""
        if self.known[i]:
            return
        total = self.reached[i] + np.cumsum(hits)
        if total[-1] < ENOUGH:
            self.reached[i], self.draws[i] = total[-1], self.draws[i] + len(hits)
            return
        last = int(np.searchsorted(total, ENOUGH))
        self.reached[i], self.draws[i], self.known[i] = total[last], self.draws[i] + last + 1, True

    def p_values(self, asked: NDArray[np.bool_]) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            p = np.where(self.known, self.reached / self.draws, (self.reached + 1) / (self.draws + 1))
        values: Floats = np.where(asked, p, 1.0)
        return values
