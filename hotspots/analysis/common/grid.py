"""Square cells over an outline, aligned to the National Grid: what every surface is computed on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hotspots.errors import AnalysisError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


SIDES: Final = (10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0)
"""Sides of a cell, in metres, that the program chooses from."""

MOST_SURFACE_CELLS: Final = 4_000_000
"""Cells of the largest grid that is chosen for a surface of events; p-values on it take 1.2 GB and half a minute."""


def choose_side(
    outline: Any,
    *,
    asked: float | None,
    wanted: float,
    most: int,
    finer: int = 10,
    coarsest: float = np.inf,
    needed_for: str = "",
) -> float:
    """Return the side of a cell in metres: as asked, or a round number near what is wanted.

    A coarser one is chosen where the grid would be too large; one that is asked for may have more cells.

    Parameters
    ----------
    outline
        What the grid goes over.
    asked, wanted
        In metres; `asked` wins.
    most
        Cells that a chosen grid has at most.
    finer
        A grid with the side that was asked for may have this many times `most`.
    coarsest
        Largest acceptable side in metres; `needed_for` says in words for what.

    Raises
    ------
    AnalysisError
        If the cells would be too coarse or too many.
    """
    west, south, east, north = outline.bounds

    def cells(side: float) -> float:
        return float((np.ceil((east - west) / side) + 1) * (np.ceil((north - south) / side) + 1))

    if asked is not None and not (np.isfinite(asked) and asked > 0):
        raise AnalysisError(f"The cell must be above 0: {asked:g}.", advice="give it in metres, or leave it out")
    # Grids begin at multiples of their side: with a few sides only, the cells of different surfaces coincide.
    handsome = min(SIDES, key=lambda side: abs(side - wanted))
    fine = (side for side in SIDES if side >= handsome and cells(side) <= most)
    side, limit = (next(fine, SIDES[-1]), most) if asked is None else (float(asked), finer * most)
    if side > coarsest:
        raise AnalysisError(
            f"Cells of {side:,.10g} m are too coarse for {needed_for}.",
            found=f"the side of a cell may be at most {coarsest:,.0f} m",
            advice="choose smaller cells, a larger bandwidth or a smaller study area",
        )
    if cells(side) > limit:
        raise AnalysisError(
            f"Cells of {side:,.10g} m would make a grid of {cells(side):,.0f} cells.",
            found=f"at most {limit:,} cells can be computed",
            advice="choose larger cells or a smaller study area",
        )
    return side


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
        # Row by row, so that memory holds the centres of one row and not of the whole grid.
        for row in range(rows):
            inside[row] = shapely.intersects_xy(outline, across, top - (row + 0.5) * side)
        return cls(float(left), float(top), side, inside)

    @classmethod
    def within(cls, outline: Any, side: float) -> Grid:
        """Return the cells that cover the outline, of which one at least is inside.

        Raises
        ------
        AnalysisError
            If none is: a surface would be missing everywhere.
        """
        grid = cls.over(outline, side)
        if not grid.inside.any():
            raise AnalysisError(
                f"No cell of {side:,.10g} m has its centre in the study area.",
                found=f"{grid.inside.size:,} cells over {outline.area / 1e6:,.3g} km²",
                advice="choose smaller cells: a narrow area needs several across it",
            )
        return grid

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
