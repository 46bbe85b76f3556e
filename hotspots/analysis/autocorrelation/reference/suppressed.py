"""Extreme tails of every window's sum over all possible values of suppressed counts, under randomisation.

A suppressed count is an interval; a fill is a choice of one value from each of them. Raising a count in the window by
one raises the observed sum by one and a random draw by at most one, so p_hot falls; raising any other count raises only
the reference, so p_hot rises; the mirror holds for p_cold. The extremes are therefore at two fills: the window at its
lows and all others at their highs, and the reverse. (P(S > s), and with it mid-p, moves in the same way.)

In each of these fills every window has a reference of its own: the pool of all counts with the window's members taken
out and put back at the other end of their intervals. In the characteristic function (`reference.fourier`) that
is an addition to the power sums, m = 1 ... k, and Newton's identities then give the sum's distribution: one matrix
product for thousands of windows. Where windows are too large for Newton's identities the pools are built one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hotspots.analysis.autocorrelation.reference.exact import pool_of
from hotspots.analysis.autocorrelation.reference.fourier import NUMERICAL_ERROR, chance_of_one_set, few, newton

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Complex = NDArray[np.complex128]
    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]
    Bounds = tuple[Floats, Floats, Floats, Floats]

ROOM = 1_500_000
"""Complex numbers that are held at a time."""


def extreme_tails(low: Whole, high: Whole, window: Any, *, leave_out: bool, mid_p: bool = False) -> Bounds:
    """Return the extremes of both tails of every window's sum over all fills of suppressed counts.

    Parameters
    ----------
    low, high
        Bounds of every area's count (n), whole numbers.
    window
        SciPy sparse array (n, n) of zeros and ones: row i marks the areas of window i. Empty windows get 1.
    leave_out
        Whether the area's own count is left out of its reference (conditional randomisation).
    mid_p
        Whether ties count half.

    Returns
    -------
    p_hot_low, p_hot_high, p_cold_low, p_cold_high
        Each (n), with an absolute error of at most `NUMERICAL_ERROR`, by which they are widened.
    """
    lowest, draws = int(low.min()), np.diff(window.indptr).astype(np.int64)
    low, high, asked = low - lowest, high - lowest, np.flatnonzero(draws > 0)
    bounds = tuple(np.ones(len(low)) for _ in range(4))
    one = chance_of_one_set(len(low) - leave_out, draws[asked], mid_p=mid_p)
    # The window low and all others high: the largest p_hot and the smallest p_cold; and the reverse.
    for (inside, others), (hot, cold) in (((low, high), (1, 2)), ((high, low), (0, 3))):
        fill = _Fill(inside, others, window, leave_out, mid_p)
        found = fill.by_transform(asked) if few(len(low), int(draws.max(initial=0))) else fill.one_by_one(asked)
        for at, p in zip((hot, cold), found, strict=True):
            widened = p + NUMERICAL_ERROR if at % 2 else p - NUMERICAL_ERROR
            bounds[at][asked] = np.clip(widened, one, 1)
    return bounds  # type: ignore[return-value]


def filling_cost(high: Whole, draws: Whole) -> float:
    """Return about how many multiplications `extreme_tails` takes, of counts from 0 up."""
    frequencies = float(np.sort(high)[::-1][: int(draws.max(initial=0))].sum()) / 2
    return 2 * frequencies * float((draws * (draws / 2 + len(np.unique(high)))).sum())


@dataclass(frozen=True, slots=True)
class _Fill:
    """The counts a window's members have (n), those that all others have (n), the windows, and how they are tested."""

    inside: Whole
    others: Whole
    window: Any
    leave_out: bool
    mid_p: bool

    def one_by_one(self, asked: Whole) -> tuple[Floats, Floats]:
        """Return both tails of every window asked for, each from a pool of its own."""
        hot, cold = np.empty(len(asked)), np.empty(len(asked))
        for row, i in enumerate(asked):
            members = self.window.indices[self.window.indptr[i] : self.window.indptr[i + 1]]
            fill = self.others.copy()
            fill[members] = self.inside[members]
            pool = pool_of(np.delete(fill, i) if self.leave_out else fill, draws=len(members))
            tails = pool.tails(len(members), mid_p=self.mid_p)
            hot[row], cold[row] = (tail[int(fill[members].sum())] for tail in tails)
        return hot, cold

    def by_transform(self, asked: Whole) -> tuple[Floats, Floats]:
        """Return both tails of every window asked for, through characteristic functions."""
        from scipy.fft import next_fast_len

        draws, pool = np.diff(self.window.indptr)[asked], len(self.others) - self.leave_out
        largest = np.cumsum(np.sort(np.maximum(self.inside, self.others))[::-1])
        values = np.unique(np.concatenate([self.inside, self.others]))
        copies = np.bincount(np.searchsorted(values, self.others), minlength=len(values))
        sums = np.rint(self.window[asked] @ self.inside).astype(np.int64)
        hot, cold = np.empty(len(asked)), np.empty(len(asked))
        for size in map(int, np.unique(draws)):
            cells = next_fast_len(int(largest[size - 1]) + 1, real=True)
            # x^(m v) of every distinct value: (values, m, frequencies)
            powers = np.outer(values, np.arange(1, size + 1))[:, :, None] * np.arange(cells // 2 + 1)
            powers = np.exp(-2j * np.pi * (powers % cells) / cells)
            same = np.flatnonzero(draws == size)
            step = max(1, ROOM // powers[0].size)
            for at in np.split(same, range(step, len(same), step)):
                # Whole numbers times complex ones: as products of reals, which is half the work.
                power_sums = (copies + self._changes(asked[at], values)) @ powers.reshape(len(values), -1).view(float)
                power_sums = power_sums.view(complex).reshape(len(at), size, -1)
                hot[at], cold[at] = _tails_of(power_sums, pool, cells, sums[at], self.mid_p)
        return hot, cold

    def _changes(self, areas: Whole, values: Whole) -> Floats:
        """Return how many copies of every value the pools of these windows have more than all others' counts have."""
        members = self.window[areas]
        row = np.repeat(np.arange(len(areas)), np.diff(members.indptr))
        change = np.zeros((len(areas), len(values)))
        np.add.at(change, (row, np.searchsorted(values, self.inside[members.indices])), 1)
        np.add.at(change, (row, np.searchsorted(values, self.others[members.indices])), -1)
        if self.leave_out:
            np.add.at(change, (np.arange(len(areas)), np.searchsorted(values, self.others[areas])), -1)
        return change


def _tails_of(power_sums: Complex, pool: int, cells: int, sums: Whole, mid_p: bool) -> tuple[Floats, Floats]:
    """Return both tails of windows of one size at their sums, from power sums (windows, m, frequencies)."""
    from scipy.fft import irfft

    chance = irfft(newton(np.moveaxis(power_sums, 1, 0), pool)[-1], n=cells, axis=1)
    row, ties = np.arange(len(sums)), chance[np.arange(len(sums)), sums] * (0.5 if mid_p else 0.0)
    hot = np.cumsum(chance[:, ::-1], axis=1)[:, ::-1][row, sums] - ties
    cold = np.cumsum(chance, axis=1)[row, sums] - ties
    return hot, cold
