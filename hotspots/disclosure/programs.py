"""Smallest and largest values of many small systems of whole numbers at once, by the HiGHS solver.

The systems have one structure (which cells each row adds up) and different bounds: those of an area, or of all areas
with the same published intervals. They are solved as one block-diagonal program, because calling a solver costs more
than solving a small system. Where the solution of the linear program is whole, it is a whole-number solution at the
optimum, and nothing better exists. Where it is not, the program is solved again in whole numbers; one that is not solved
in time has no answer (NaN), and no one may rely on it.
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

_TOGETHER: Final = 600
"""Systems in one program. More make a solution slower than several programs are."""
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

    def with_row(self, row: NDArray[np.bool_], low: NDArray[np.float64], high: NDArray[np.float64]) -> Systems:
        """Return the systems with one more row; `low` and `high` have a number for each system."""
        return Systems(
            np.vstack([self.rows, row.astype(float)]),
            np.column_stack([self.low, low]),
            np.column_stack([self.high, high]),
        )

    def only(self, cells: NDArray[np.bool_]) -> Systems:
        """Return the systems in which all other cells are empty."""
        return Systems(self.rows[:, cells], self.low, self.high)

    def smallest(self, number: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the smallest value of a sum of cells in each system."""
        return self._solve(number.astype(float))

    def largest(self, number: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the largest value of a sum of cells in each system; infinite where there is no upper limit."""
        largest = -self._solve(-number.astype(float))
        return np.where(largest > BOUNDLESS / 2, np.inf, largest)

    def _solve(self, objective: NDArray[np.float64]) -> NDArray[np.float64]:
        found = np.full(len(self.low), np.nan)
        for start in range(0, len(self.low), _TOGETHER):
            block = slice(start, start + _TOGETHER)
            found[block] = _solve_together(self.rows, self.low[block], self.high[block], objective)
        return found


def _solve_together(
    rows: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64], objective: NDArray[np.float64]
) -> NDArray[np.float64]:
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array, eye_array, kron

    systems, cells = len(low), rows.shape[1]
    matrix = csr_array(kron(eye_array(systems), csr_array(rows)))
    constraint = LinearConstraint(matrix, low.ravel(), np.minimum(high, BOUNDLESS).ravel())

    def solve(*, whole: bool) -> NDArray[np.float64] | None:
        result = milp(
            np.tile(objective, systems),
            constraints=constraint,
            bounds=Bounds(0, BOUNDLESS),
            integrality=np.full(systems * cells, int(whole)),
            options={"time_limit": _SECONDS, "mip_rel_gap": 0.0} if whole else {},
        )
        return None if result.status != 0 else np.asarray(result.x).reshape(systems, cells)

    solution = solve(whole=False)
    if solution is None:
        return _one_by_one(rows, low, high, objective)
    if np.abs(solution - np.round(solution)).max(initial=0.0) > 1e-6:
        solution = solve(whole=True)
    if solution is None:
        return _one_by_one(rows, low, high, objective)
    values: NDArray[np.float64] = np.round(solution) @ objective
    return values


def _one_by_one(
    rows: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64], objective: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the values of those systems that can be solved alone; NaN for the others."""
    if len(low) == 1:
        return np.array([np.nan])
    return np.concatenate(
        [_solve_together(rows, low[[one]], high[[one]], objective) for one in range(len(low))]
    )
