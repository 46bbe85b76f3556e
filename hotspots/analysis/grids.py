"""Square cells over an outline, aligned to the National Grid: what every surface is computed on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Grid:
    """Cells over an outline, aligned to multiples of their side; row 0 is in the north."""

    west: float
    north: float
    side: float
    inside: NDArray[np.bool_]

    @classmethod
    def over(cls, outline: Any, side: float) -> Grid:
        """Return the cells that cover the outline; a cell is inside where its centre is (the border included)."""
        import shapely

        west, south, east, north = outline.bounds
        first_column, last_row = np.floor(west / side), np.floor(south / side)
        columns = max(int(np.ceil(east / side) - first_column), 1)
        rows = max(int(np.ceil(north / side) - last_row), 1)
        left, top = first_column * side, (last_row + rows) * side
        across = left + (np.arange(columns) + 0.5) * side
        inside = np.empty((rows, columns), dtype=bool)
        shapely.prepare(outline)
        for row in range(rows):
            inside[row] = shapely.intersects_xy(outline, across, top - (row + 0.5) * side)
        return cls(float(left), float(top), side, inside)

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows and columns."""
        rows, columns = self.inside.shape
        return rows, columns

    @property
    def cell_km2(self) -> float:
        """Area of a cell in km²."""
        return self.side**2 / 1e6

    @property
    def across(self) -> Floats:
        """Eastings of the centres of the columns."""
        return self.eastings(0, self.inside.shape[1])

    @property
    def down(self) -> Floats:
        """Northings of the centres of the rows, from north to south."""
        return self.northings(0, self.inside.shape[0])

    def eastings(self, first: int, end: int) -> Floats:
        """Return the eastings of the centres of columns `first` to `end` - 1, beyond the grid too."""
        return np.asarray(self.west + (np.arange(first, end) + 0.5) * self.side, dtype=float)

    def northings(self, first: int, end: int) -> Floats:
        """Return the northings of the centres of rows `first` to `end` - 1, beyond the grid too."""
        return np.asarray(self.north - (np.arange(first, end) + 0.5) * self.side, dtype=float)

    def locate(self, points: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return row and column of the cell that every point lies in, beyond the grid too; points have shape (n, 2)."""
        rows = np.floor((self.north - points[:, 1]) / self.side).astype(np.intp)
        columns = np.floor((points[:, 0] - self.west) / self.side).astype(np.intp)
        return rows, columns
