"""Whether a file of events goes on beyond the border of the study area: then the border needs no correction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hotspots.analysis.grids import Grid

    Floats = NDArray[np.float64]

SHARE: Final = 0.25
"""A file goes on beyond the border where events there are at least this share as dense as just inside it."""

FEWEST: Final = 10
"""Fewer events in the strip outside tell nothing: then the border is corrected, which is right in either case."""

CELLS: Final = 8
"""The strips along the border are counted on cells of about this part of their width."""


class Strips(NamedTuple):
    """Events per km² in the strip just inside the border and in the one just outside, and how many are in that."""

    inside: float
    outside: float
    events: int

    @property
    def goes_on(self) -> bool:
        """Whether the file holds events beyond the border too."""
        return self.events >= FEWEST and self.outside >= SHARE * self.inside


def border_strips(points: Floats, grid: Grid, *, width: float) -> Strips:
    """Return how dense points are in the strips `width` metres wide on both sides of the border.

    The strips are made of cells, so their edges are those of the cells.

    Parameters
    ----------
    points
        Easting and northing, shape (n, 2), in metres, inside and outside.
    """
    from scipy import ndimage

    step = max(int(width / grid.side / CELLS), 1)
    side = step * grid.side
    margin = int(np.ceil(width / side)) + 1
    inside = np.pad(grid.inside[step // 2 :: step, step // 2 :: step], margin)
    # From centre to centre: the border lies half a cell before the first cell of the other side.
    to_outside = (ndimage.distance_transform_edt(inside) - 0.5) * side
    to_inside = (ndimage.distance_transform_edt(~inside) - 0.5) * side
    row = np.floor((grid.north - points[:, 1]) / side).astype(np.intp) + margin
    column = np.floor((points[:, 0] - grid.west) / side).astype(np.intp) + margin
    rows, columns = inside.shape
    on = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
    row, column = row[on], column[on]
    within, beyond = inside & (to_outside <= width), ~inside & (to_inside <= width)
    km2 = side**2 / 1e6
    here, there = int(within[row, column].sum()), int(beyond[row, column].sum())
    return Strips(here / max(int(within.sum()) * km2, km2), there / max(int(beyond.sum()) * km2, km2), there)
