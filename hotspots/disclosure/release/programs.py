"""Smallest and largest values of many small systems of whole numbers at once, by the HiGHS solver.

The systems have one structure (which cells each row adds up) and different bounds: those of an area, or of all areas
with the same published intervals. They are solved as one block-diagonal program, because calling a solver costs more
than solving a small system. Where the solution of the linear program is whole, it is a whole-number solution at the
optimum, and nothing better exists. Where it is not, the program is solved again in whole numbers; one that is not
solved in time has no answer (NaN), and no one may rely on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["BOUNDLESS", "Systems"]

BOUNDLESS: Final = 1e8
"""No count is higher than this; a largest value of half of it and more means that there is no upper limit."""

_TOGETHER: Final = 10_000
"""Cells of all systems in one program. With more, a solution takes longer than those of several programs."""
_SECONDS: Final = 60.0
"""Longest time for one program in whole numbers."""


@dataclass(frozen=True, eq=False, slots=True)
class Systems:
    """Systems of whole numbers that are not negative: ``low <= rows @ x <= high``.

    Parameters
    ----------
    rows
        Which cells each row adds up; shape (rows, cells).
    low, high
        Bounds of each row in each system; shape (systems, rows). Systems without a solution have no
        smallest and largest values (NaN).
    """

    rows: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    def with_rows(self, rows: NDArray[np.bool_], low: NDArray[np.float64], high: NDArray[np.float64]) -> Systems:
        """Return the systems with further rows, whose bounds are the same in all of them; shape (rows,)."""
        systems = len(self.low)
        return Systems(
            np.vstack([self.rows, rows.astype(float)]),
            np.hstack([self.low, np.tile(low, (systems, 1))]),
            np.hstack([self.high, np.tile(high, (systems, 1))]),
        )

    def only(self, cells: NDArray[np.bool_]) -> Systems:
        """Return the systems in which all other cells are empty."""
        return Systems(self.rows[:, cells], self.low, self.high)

    def ranges(self, numbers: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the smallest and the largest value of sums of cells; infinite where there is no upper limit.

        Parameters
        ----------
        numbers
            Which cells each number adds up; shape (numbers, cells).

        Returns
        -------
        tuple of NDArray
            Both of shape (numbers, systems); NaN for systems without a solution, or not solved in time.
        """
        return self._both_ways(np.repeat(numbers.astype(float), len(self.low), axis=0), len(numbers), None)

    def ranges_where(
        self,
        number: NDArray[np.bool_],
        others: NDArray[np.bool_],
        low: NDArray[np.float64],
        high: NDArray[np.float64],
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the smallest and the largest value of one sum of cells where each of some others lies within bounds.

        Parameters
        ----------
        number
            Which cells the sum adds up; shape (cells,).
        others
            The same for each of the others; shape (others, cells).
        low, high
            Bounds of each of the others in each system; shape (others, systems).

        Returns
        -------
        tuple of NDArray
            As of `ranges`, of shape (others, systems).
        """
        rows = np.repeat(others.astype(float), len(self.low), axis=0)
        objective = np.broadcast_to(number.astype(float), rows.shape)
        return self._both_ways(objective, len(others), (rows, low.ravel(), high.ravel()))

    def some_solution(self) -> NDArray[np.float64] | None:
        """Return one solution of each system, shape (systems, cells); None where one of them has none."""
        return _minimise(self, np.zeros((len(self.low), self.rows.shape[1])), None)

    def take(self, systems: NDArray[np.intp]) -> Systems:
        """Return some of the systems, each as often as it is named."""
        return Systems(self.rows, self.low[systems], self.high[systems])

    def _both_ways(
        self, objective: NDArray[np.float64], times: int, further: _Row | None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the smallest and largest values of an objective for each system, for all systems several times."""
        systems = times * len(self.low)
        # Both ways are solved together: a call of the solver costs more than a small system.
        every = np.arange(2 * systems)
        found = np.full(2 * systems, np.nan)
        step = max(1, _TOGETHER // max(1, self.rows.shape[1]))
        for start in range(0, 2 * systems, step):
            block = every[start : start + step]
            of, sign = block % systems, np.where(block < systems, 1.0, -1.0)
            row = None if further is None else _rows_of(further, of)
            found[block] = sign * _solve(self.take(of % len(self.low)), sign[:, None] * objective[of], row)
        smallest, largest = found.reshape(2, times, len(self.low))
        return smallest, np.where(largest > BOUNDLESS / 2, np.inf, largest)


_Row = tuple["NDArray[np.float64]", "NDArray[np.float64]", "NDArray[np.float64]"]
"""A further row of each system (systems by cells) and its bounds."""


def _rows_of(further: _Row, systems: NDArray[np.intp]) -> _Row:
    return further[0][systems], further[1][systems], further[2][systems]


def _solve(systems: Systems, objective: NDArray[np.float64], further: _Row | None) -> NDArray[np.float64]:
    """Return the smallest value of each system's objective (systems by cells)."""
    solution = _minimise(systems, objective, further)
    if solution is not None:
        return np.asarray((solution * objective).sum(axis=1))
    if len(objective) == 1:
        return np.array([np.nan])
    # One system without a solution takes those of all others: they are solved in halves.
    return np.concatenate(
        [
            _solve(systems.take(half), objective[half], None if further is None else _rows_of(further, half))
            for half in np.array_split(np.arange(len(objective)), 2)
        ]
    )


def _minimise(systems: Systems, objective: NDArray[np.float64], further: _Row | None) -> NDArray[np.float64] | None:
    """Return a whole-number solution of all systems at their optimum (systems by cells); None if one has none."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import block_array, block_diag, csr_array, eye_array, kron

    number, cells = objective.shape
    matrix = csr_array(kron(eye_array(number), csr_array(systems.rows)))
    ends = [systems.low.ravel(), systems.high.ravel()]
    if further is not None:
        matrix = csr_array(block_array([[matrix], [block_diag([row[None, :] for row in further[0]])]]))
        ends = [np.concatenate([end, more]) for end, more in zip(ends, further[1:], strict=True)]
    for whole in (False, True):
        result = milp(
            objective.ravel(),
            constraints=LinearConstraint(matrix, ends[0], np.minimum(ends[1], BOUNDLESS)),
            bounds=Bounds(0, BOUNDLESS),
            integrality=np.full(number * cells, int(whole)),
            options={"time_limit": _SECONDS, "mip_rel_gap": 0.0} if whole else {},
        )
        if result.status != 0:
            return None
        solution = np.round(np.asarray(result.x))
        if np.abs(solution - result.x).max(initial=0.0) <= 1e-6:
            return np.asarray(solution.reshape(number, cells))
    return None
