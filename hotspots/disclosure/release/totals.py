"""Within which limits totals of all areas tell nothing about a single area.

A total of many areas narrows none of them as long as the other areas can make up for whatever one of them has. This
is shown by construction. Areas with the same published intervals are a class. One area of each class is set aside;
the others of a class have numbers y, as sums over the class, with reserves: u more and v fewer of each of some moves
(one record more in a cell, or one moved from one cell to another) that the class could make and keep all its
intervals. If the reserves of all classes add up to at least D + g, where D is the most by which a single area can
differ in that move, then all totals within g of those of y and of the areas set aside can be had while any single
area has any numbers that its own intervals allow: put that area aside in place of its class's one, and let the
reserves make up for the difference. The numbers of a class can be shared out among its areas in whole numbers because
the rows of nested or successive scopes make a totally unimodular matrix (Baum and Trotter 1978).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from hotspots.disclosure.release.programs import Systems

__all__ = ["Window", "free_totals"]

_KNOWN: Final = 0.2
"""A published total is known if its range is at most this share of the range that tables by area leave it."""
_SECONDS: Final = 60.0
"""Longest time for the program; what was found until then counts."""


@dataclass(frozen=True, eq=False, slots=True)
class Window:
    """Totals over all areas that leave each area all numbers of its intervals: ``low <= rows @ total <= high``."""

    rows: NDArray[np.bool_]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def free_totals(
    classes: Systems,
    members: NDArray[np.intp],
    *,
    kept: NDArray[np.bool_],
    wanted: NDArray[np.bool_] | None = None,
    known: Callable[[NDArray[np.bool_]], tuple[NDArray[np.float64], NDArray[np.float64]]] | None = None,
) -> Window | None:
    """Return a window of totals that tell nothing about a single area, as wide as possible; None where there is none.

    Parameters
    ----------
    classes
        One system for each class of areas with the same published intervals, in which all cells have an upper end.
    members
        Number of areas in each class.
    kept
        Cells that may have records; the others are taken for empty.
    wanted
        The total for which the window should be widest, as the cells that it adds up; all alike if None.
    known
        Returns the range of totals that are published already, given the cells of each (totals by cells): the window
        has all of it where it is narrow.
    """
    if not len(members):
        return None
    classes = classes.only(kept)
    moves, subtotals = _moves(classes.rows > 0)
    in_cells = np.zeros((len(subtotals), len(kept)), dtype=bool)
    in_cells[:, kept] = subtotals
    least, most = classes.ranges(subtotals)
    aside = classes.some_solution()
    if np.isnan(least).any() or np.isinf(most).any() or aside is None:
        return None
    change = (most - least).max(axis=1)
    scale = np.maximum((most - least) @ members, 1.0)
    first = np.zeros(len(scale), dtype=bool) if wanted is None else (subtotals == wanted[kept]).all(axis=1)
    weights = np.where(first, 1.0, 0.01) if first.any() else np.full(len(scale), 1 / len(scale))
    least_total, most_total = (np.full(len(scale), end) for end in (np.inf, -np.inf))
    if known is not None:
        low, high = known(in_cells)
        # What is hardly known is no reason to move the window; nor is what others say of the wanted total.
        there = ~first & (high - low <= _KNOWN * scale)
        least_total[there], most_total[there] = low[there], high[there]
    beside = subtotals @ aside.sum(axis=0)
    problem = _Problem(classes, members, moves, subtotals, change, scale, weights)
    result = problem.solve(least_total - beside, most_total - beside) or problem.solve(
        np.full(len(scale), np.inf), np.full(len(scale), -np.inf)
    )
    if result is None:
        return None
    totals, opening = result
    totals, reach = totals + aside.sum(axis=0), np.floor(opening * scale + 1e-9)
    return Window(in_cells, subtotals @ totals - reach, subtotals @ totals + reach)


@dataclass(frozen=True, eq=False, slots=True)
class _Problem:
    """Totals of all areas but one of each class, and how far a window opens around them in each direction.

    Parameters
    ----------
    classes, members
        As in `free_totals`.
    moves, subtotals
        As `_moves` gives them.
    change
        The most by which a single area can change in each direction; shape (cells,).
    scale
        What the opening is a share of; shape (cells,).
    weights
        How much the opening in each direction matters; shape (cells,).
    """

    classes: Systems
    members: NDArray[np.intp]
    moves: NDArray[np.float64]
    subtotals: NDArray[np.bool_]
    change: NDArray[np.float64]
    scale: NDArray[np.float64]
    weights: NDArray[np.float64]

    def solve(
        self, least: NDArray[np.float64], most: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """Return the totals and openings of a window from at most `least` to at least `most` in each direction."""
        from scipy.optimize import Bounds, LinearConstraint, milp
        from scipy.sparse import block_array, csr_array, eye_array, kron

        number, cells = len(self.members), len(self.scale)
        # Variables: y, u and v of each class; by how much the window opens in each direction; and the least of these
        # openings, which counts too where all directions matter alike.
        rows = np.vstack([self.classes.rows, np.eye(cells)])
        more, fewer = np.maximum(rows @ self.moves, 0), np.maximum(-rows @ self.moves, 0)
        each, every, one = eye_array(number), csr_array(np.ones((1, number))), csr_array(np.eye(cells))
        opening, sums = csr_array(np.diag(self.scale)), kron(every, csr_array(self.subtotals.astype(float)))
        blocks: list[list[Any]] = [
            [kron(each, rows), kron(each, -fewer), kron(each, -more), None, None],
            [kron(each, rows), kron(each, more), kron(each, fewer), None, None],
            [None, kron(every, one), None, -opening, None],
            [None, None, kron(every, one), -opening, None],
            [None, None, None, one, csr_array(-np.ones((cells, 1)))],
            [sums, None, None, -opening, None],
            [sums, None, None, opening, None],
        ]
        others = (self.members - 1)[:, None]
        lowest = (np.column_stack([self.classes.low, np.zeros((number, cells))]) * others).ravel()
        # A table without a number for a class sets no upper end, not even for no areas.
        ended = np.isfinite(self.classes.high)
        top = np.where(ended, np.where(ended, self.classes.high, 0.0) * others, np.inf)
        highest = np.column_stack([top, np.full((number, cells), np.inf)]).ravel()
        endless, free = np.full(len(lowest), np.inf), np.full(cells, np.inf)
        whole = 3 * number * cells
        result = milp(
            np.concatenate([np.zeros(whole), -self.weights, [-1.0 if np.ptp(self.weights) == 0 else 0.0]]),
            constraints=LinearConstraint(
                csr_array(block_array(blocks)),
                np.concatenate([lowest, -endless, self.change, self.change, np.zeros(cells), -free, most]),
                np.concatenate([endless, highest, free, free, free, least, free]),
            ),
            bounds=Bounds(0, np.inf),
            integrality=np.concatenate([np.ones(whole), np.zeros(cells + 1)]),
            options={"time_limit": _SECONDS, "mip_rel_gap": 0.05},
        )
        if result.x is None:
            return None
        return np.round(result.x[: number * cells]).reshape(number, cells).sum(axis=0), np.asarray(result.x[whole:-1])


def _moves(rows: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return moves of one record that change few rows, and the subtotal that each of them alone changes.

    Every cell takes its record from the cell that shares most rows with it among those in fewer rows; where none shares
    any, it is a record more. Both have shape (cells, cells): moves in columns, subtotals in rows.
    """
    cells = rows.shape[1]
    order = sorted(range(cells), key=lambda cell: (rows[:, cell].sum(), cell))
    moves, subtotals = np.eye(cells), np.eye(cells, dtype=bool)
    for place, cell in enumerate(order):
        shared = [(int((rows[:, cell] & rows[:, other]).sum()), -other) for other in order[:place]]
        if shared and max(shared)[0]:
            moves[-max(shared)[1], cell] = -1
    for cell in reversed(order):
        parent = np.flatnonzero(moves[:, cell] < 0)
        if len(parent):
            subtotals[parent[0]] |= subtotals[cell]
    return moves, subtotals
