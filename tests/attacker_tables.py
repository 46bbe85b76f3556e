"""An attacker who has several tables of the same records: what can each number be, by whole-number programming.

The finest cells are written down one by one (area, quarter, age group), without the gate's own way of finding them.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

AGES = ("young", "old")


@dataclass(frozen=True)
class Shown:
    """Published numbers: which cells each adds up (numbers by cells), and between which bounds it lies."""

    title: str
    cells: np.ndarray
    bounds: np.ndarray


class World:
    """Numbers of records by area, quarter from the start of 2017 on, and age group."""

    def __init__(self, counts: np.ndarray) -> None:
        self.counts = counts  # areas by quarters by ages
        self.cells = list(itertools.product(*(range(size) for size in counts.shape)))

    def inside(self, *, area: int | None = None, quarters: range, ages: Sequence[str] = AGES) -> np.ndarray:
        """Return which cells a number adds up."""
        chosen = {AGES.index(one) for one in ages}
        return np.array(
            [(area is None or a == area) and quarter in quarters and age in chosen for a, quarter, age in self.cells]
        )

    def number(self, cells: np.ndarray) -> int:
        return int(self.counts.ravel()[cells].sum())


def possible(tables: Sequence[Shown], number: np.ndarray) -> tuple[float, float]:
    """Return the lowest and highest value of a number that fits all tables."""
    rows = np.vstack([table.cells for table in tables]).astype(float)
    low, high = np.vstack([table.bounds for table in tables]).T
    known = ~np.isnan(low)
    ends = []
    for sign in (1, -1):
        result = milp(
            sign * number.astype(float),
            constraints=LinearConstraint(rows[known], low[known], high[known]),
            bounds=Bounds(0, 500),
            integrality=np.ones(rows.shape[1]),
        )
        assert result.status == 0, result.message
        ends.append(float(np.round(number @ np.round(result.x))))
    return ends[0], ends[1]


def given_back(tables: Sequence[Shown], suppressed: range) -> dict[str, tuple[float, float]]:
    """Return the numbers that several tables narrow: published ones, and differences of two of the same area."""
    found = {}
    rows = [
        (table.title, cells, bounds)
        for table in tables
        for cells, bounds in zip(table.cells, table.bounds, strict=True)
    ]
    rows = [row for row in rows if not np.isnan(row[2][0])]
    published = {row[1].tobytes() for row in rows}
    for title, cells, bounds in rows:
        ends = possible(tables, cells)
        if ends != tuple(bounds):
            found[f"{title}: {tuple(bounds)}"] = ends
    for (title, whole, _), (other, part, _) in itertools.permutations(rows, 2):
        difference = whole & ~part
        if (part & ~whole).any() or not difference.any() or difference.tobytes() in published:
            continue
        low, high = possible(tables, difference)
        touches = low <= suppressed[-1] and high >= suppressed[0]
        most = possible([table for table in tables if table.title == title], whole)[1]
        if touches and (low > suppressed[0] or high < min(suppressed[-1], most)):
            found[f"{title} less {other}"] = low, high
    return found
