r"""The smoothest surface that keeps every zone's total: Tobler's pycnophylactic interpolation.

Among all tables of cells that are nowhere negative and sum to the known total in every zone, this is the one with the
least sum of squared differences between cells that share a side, and so with no flow across the outer edge. Tobler
finds it by averaging each cell with its neighbours, correcting the totals, and repeating. That is gradient descent with
a projection; here the projection is exact and the descent accelerated, so that a hundred steps or two do what takes
thousands. Where no cell is at 0 the answer is Tobler's, and the differences between a cell and its neighbours add up to
the same number in all cells of a zone; where some are, correcting by a factor, as he does, is a little less smooth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.intp]

TOLERANCE: Final = 1e-4
"""Steps end when one more step would change no cell by more than this share of the mean cell. On LSOAs with counts of 0
to 60 every cell is then within a thousandth of the largest one's value of the end."""

MOST_STEPS: Final = 5_000


class Smoothed(NamedTuple):
    """Cells that sum to their zones' totals.

    Parameters
    ----------
    masses
        What is in each cell, at least 0 (rows, columns); missing outside every zone.
    steps
        Steps taken.
    change
        Largest change of a cell in one more step, as a share of the mean cell.
    """

    masses: Floats
    steps: int
    change: float


def smooth_zones(zones: Whole, totals: Floats, *, most_steps: int = MOST_STEPS) -> Smoothed:
    """Return the smoothest table of cells, nowhere negative, whose cells sum to the total of their zone.

    Parameters
    ----------
    zones
        Zone of every cell by position, -1 outside (rows, columns).
    totals
        At least 0 (zones,). A zone without a cell is passed over.
    most_steps
        Steps after which to stop in any case.

    References
    ----------
    Tobler, W. R. (1979), Journal of the American Statistical Association 74, 519-530. Beck, A. and Teboulle, M. (2009),
    SIAM Journal on Imaging Sciences 2, 183-202 (acceleration); O'Donoghue, B. and Candès, E. (2015), Foundations of
    Computational Mathematics 15, 715-732 (restarts); Michelot, C. (1986), Journal of Optimization Theory and
    Applications 50, 195-200 (projection).

    Examples
    --------
    >>> smooth_zones(np.array([[0, 0, 1, 1, 2, 2]]), np.array([14.0, 28.0, 42.0])).masses.round(2).tolist()
    [[6.0, 8.0, 12.0, 16.0, 20.0, 22.0]]
    """
    masses = np.where(zones >= 0, 0.0, np.nan)
    cells = _Cells.of(zones, totals)
    # The feasible table nearest to 0 spreads every total evenly over its zone.
    now = cells.project(np.zeros(len(cells.zone) + 1))
    mean = float(totals.sum()) / max(int((zones >= 0).sum()), 1)
    ahead, pace, change, step = now, 1.0, np.inf, 0
    while step < most_steps and change > TOLERANCE * mean:
        # The largest eigenvalue of the sum of differences is below 8, so a step of an eighth can't overshoot.
        new = cells.project(ahead / 2 + cells.around(ahead) / 8)
        moved = new - now
        change = float(np.abs(new - ahead).max())
        # Restart where momentum goes uphill: ahead - new is along the gradient of the projected step.
        if float((ahead - new) @ moved) > 0:
            pace = 1.0
        # Nesterov's sequence: the error falls with 1 / step² instead of 1 / step.
        faster = (1 + (1 + 4 * pace**2) ** 0.5) / 2
        now, ahead, pace, step = new, new + (pace - 1) / faster * moved, faster, step + 1
    # The totals once more, to the last digit but one.
    masses.flat[cells.place] = now[:-1] * np.repeat(cells.totals / cells.sums(now), cells.number)
    return Smoothed(masses, step, change / mean if mean > 0 else 0.0)


def spread_evenly(zone: Whole, totals: Floats) -> Floats:
    """Return each cell's even part of its zone's total (cells,).

    Examples
    --------
    >>> spread_evenly(np.array([0, 0, 1]), np.array([3.0, 5.0])).tolist()
    [1.5, 1.5, 5.0]
    """
    return np.asarray((totals / np.maximum(np.bincount(zone, minlength=len(totals)), 1))[zone], dtype=float)


@dataclass(frozen=True, eq=False, slots=True)
class _Cells:
    """The cells of the zones that have something to spread, one zone behind the other.

    Values of cells have one more at the end, which stays 0: the neighbour of all cells that border on an empty zone.

    Parameters
    ----------
    place
        Position of every cell in the table (n,).
    zone
        Its zone among those with something to spread (n,).
    neighbours
        Matrix (n, n + 1) whose product with the values is the sum over the cells to the north, south, west and east; a
        cell without a neighbour on one side is its own, and position n is an empty cell.
    totals, number, starts
        Of every zone: what it has, its cells, and the number of the first (zones,).
    """

    place: Whole
    zone: Whole
    neighbours: sparse.csr_array
    totals: Floats
    number: Whole
    starts: Whole

    @classmethod
    def of(cls, zones: Whole, totals: Floats) -> _Cells:
        """Return the cells of these zones."""
        full = (zones >= 0) & (totals[zones] > 0)
        place = np.flatnonzero(full)
        place = place[np.argsort(zones.flat[place], kind="stable")]
        which, zone, number = np.unique(zones.flat[place], return_inverse=True, return_counts=True)
        n = len(place)
        # The border of -1 marks no neighbour: the cell itself replaces it, so there is no difference and no flow.
        table = np.full(np.add(zones.shape, 2), -1, dtype=np.intp)
        table[1:-1, 1:-1][zones >= 0] = n
        table[1:-1, 1:-1].flat[place] = np.arange(n)
        sides = (table[:-2, 1:-1], table[2:, 1:-1], table[1:-1, :-2], table[1:-1, 2:])
        beside = np.stack([side.flat[place] for side in sides])
        beside = np.where(beside < 0, np.arange(n), beside)
        ends = np.arange(0, 4 * n + 1, 4)
        matrix = sparse.csr_array((np.ones(4 * n), beside.T.ravel(), ends), shape=(n, n + 1))
        return cls(place, zone, matrix, totals[which], number, np.cumsum(number) - number)

    def sums(self, values: Floats) -> Floats:
        """Return the sum of every zone's cells."""
        return np.asarray(np.add.reduceat(values[:-1], self.starts)) if len(self.starts) else np.zeros(0)

    def around(self, values: Floats) -> Floats:
        """Return the sum of the four neighbours of every cell."""
        return np.append(self.neighbours @ values, 0.0)

    def project(self, values: Floats) -> Floats:
        """Return the nearest values that are nowhere negative and sum to their zone's total.

        In each zone one number is taken from all cells and what would be negative is put to 0; the number is found by
        leaving out, again and again, the cells that it would make negative.
        """
        result = values.copy()
        result[:-1] -= np.repeat((self.sums(values) - self.totals) / self.number, self.number)
        negative = np.flatnonzero(result < 0)
        if not len(negative):
            return result
        # Most zones are done by now; the others go on by themselves.
        again = np.zeros(len(self.totals), dtype=bool)
        again[self.zone[negative]] = True
        where = np.flatnonzero(np.repeat(again, self.number))
        number, totals, part = self.number[again], self.totals[again], result[where]
        starts = np.cumsum(number) - number
        left = part >= 0
        while True:
            # Michelot: one shift onto the total, without the cells that it makes negative, until it makes none.
            excess = np.add.reduceat(np.where(left, part, 0.0), starts) - totals
            taken = np.repeat(excess / np.add.reduceat(left, starts, dtype=float), number)
            more = left & (part < taken)
            if not more.any():
                break
            left &= ~more
        result[where] = np.where(left, part - taken, 0.0)
        return result
