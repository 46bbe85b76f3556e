"""Kernel sums point by point, and the same with the inner part of the kernel as a polynomial: exact routes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np

from hotspots.analysis.grids import Grid
from hotspots.analysis.kernels import KERNELS, Kernel, reach_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.intp]

PIECE: Final = 2**20
"""Kernel values computed at a time."""


def merge_stacked(points: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Return the distinct points, shape (m, 2), and the sum of the weights on each."""
    paired = np.ascontiguousarray(points, dtype=float).view(np.complex128).ravel()
    distinct, which = np.unique(paired, return_inverse=True)
    places = np.column_stack([distinct.real, distinct.imag])
    return places, np.asarray(np.bincount(which, weights=weights, minlength=len(distinct)), dtype=float)


def widen(grid: Grid, points: Floats, *, margin: int) -> tuple[Grid, tuple[int, int, int, int]]:
    """Return the grid made wider, so that all points lie `margin` cells inside it, and where the grid lies in that.

    The place is first row, first column, rows and columns.
    """
    rows, columns = grid.shape
    top = left = bottom = right = margin
    if len(points):
        row, column = grid.locate(extent(points))
        top, bottom = max(-int(row[1]) + margin, top), max(int(row[0]) - rows + 1 + margin, bottom)
        left, right = max(-int(column[0]) + margin, left), max(int(column[1]) - columns + 1 + margin, right)
    shape = (rows + top + bottom, columns + left + right)
    west, north = grid.west - left * grid.side, grid.north + top * grid.side
    everywhere = np.broadcast_to(np.True_, shape)
    return Grid(west, north, grid.side, everywhere), (top, left, rows, columns)


def keep_within_reach(points: Floats, grid: Grid, reach: float | Floats) -> NDArray[np.bool_]:
    """Return which points lie within `reach` (metres) of the rectangle of cell centres, as squares and not circles."""
    x, y = points[:, 0], points[:, 1]
    across, down = grid.across, grid.down
    near: NDArray[np.bool_] = (x >= across[0] - reach) & (x <= across[-1] + reach)
    near &= (y >= down[-1] - reach) & (y <= down[0] + reach)
    return near


def extent(points: Floats) -> Floats:
    """Return the south-western and the north-eastern corner around points, shape (2, 2)."""
    # Column by column: NumPy takes ten times as long along the first axis.
    x, y = points[:, 0], points[:, 1]
    return np.array([[x.min(), y.min()], [x.max(), y.max()]])


Span = tuple[int, int, int, int]
"""The farthest offsets that matter: up, down, left and right, in cells."""


def span_of(points: Floats, grid: Grid) -> Span:
    """Return the farthest offsets that lead from the cell of any of the points to a cell of the grid."""
    row, column = grid.locate(extent(points))
    rows, columns = grid.shape
    return int(row[0]), rows - 1 - int(row[1]), int(column[1]), columns - 1 - int(column[0])


def offsets_within(reach: float, span: Span) -> tuple[Whole, Whole]:
    """Return rows and columns of the cells that a kernel may touch from anywhere in the middle cell; reach in cells.

    None of them is beyond the span: a kernel wider than the grid takes no memory for cells that are not there.
    """
    most = int(np.ceil(reach + 0.5))
    up, below, left, right = (min(most, one) for one in span)
    down, across = np.mgrid[-up : below + 1, -left : right + 1]
    nearest = np.hypot(np.maximum(np.abs(down) - 0.5, 0), np.maximum(np.abs(across) - 0.5, 0))
    # Rounding must not cut a cell off: one that is only just out of reach takes a zero.
    touched = nearest <= reach + 1e-9
    return down[touched].astype(np.intp), across[touched].astype(np.intp)


def stamp(
    points: Floats,
    weights: Floats,
    grid: Grid,
    *,
    kernel: Kernel,
    bandwidths: Floats,
    offsets: tuple[Whole, Whole] | None = None,
) -> Floats:
    """Return the sum of weight x kernel at every cell centre, per m²: each kernel evaluated at each centre in reach.

    Parameters
    ----------
    points, weights
        Easting and northing, shape (n, 2), in metres; shape (n,).
    bandwidths
        Metres, one for each point, shape (n,).
    offsets
        Rows and columns from the point's own cell to evaluate; all within reach by default.
    """
    rows, columns = grid.shape
    reach = reach_of(kernel)
    near = keep_within_reach(points, grid, reach * bandwidths + grid.side)
    points, weights, bandwidths = points[near], weights[near], bandwidths[near]
    if not len(points):
        return np.zeros(grid.shape)
    profile = KERNELS[kernel]
    span = span_of(points, grid)
    most = _farthest(offsets, min(reach * float(bandwidths.max()) / grid.side, max(span)))
    in_row, in_column = grid.locate(points)
    # A margin takes what falls beyond the grid, so that nothing has to be cut: points may lie a reach outside.
    outside = max(-in_row.min(), in_row.max() - rows, -in_column.min(), in_column.max() - columns, 0)
    margin = most + int(outside) + 2
    width = columns + 2 * margin
    total = np.zeros((rows + 2 * margin) * width)
    home = (in_row + margin) * width + in_column + margin
    # From the point to the centre of its own cell, in metres east and south.
    east = grid.west + (in_column + 0.5) * grid.side - points[:, 0]
    south = points[:, 1] - (grid.north - (in_row + 0.5) * grid.side)
    for some, (down, across) in _pieces(bandwidths, reach / grid.side, span, offsets):
        h = bandwidths[some, None]
        u2 = np.square((east[some, None] + across * grid.side) / h)
        u2 += np.square((south[some, None] + down * grid.side) / h)
        values = profile(u2)
        values *= weights[some, None] / h**2
        cells = home[some, None] + (down * width + across)
        first = int(cells.min())
        found = np.bincount(cells.ravel() - first, weights=values.ravel())
        total[first : first + len(found)] += found
    return total.reshape(rows + 2 * margin, width)[margin : margin + rows, margin : margin + columns]


def _farthest(offsets: tuple[Whole, Whole] | None, reach: float) -> int:
    """Return the largest offset, in cells."""
    if offsets is None:
        return int(np.ceil(reach + 0.5))
    return int(max((np.abs(part).max(initial=0) for part in offsets), default=0))


def _pieces(
    bandwidths: Floats, per_metre: float, span: Span, offsets: tuple[Whole, Whole] | None
) -> Iterator[tuple[Whole, tuple[Whole, Whole]]]:
    """Yield points to take together and the offsets they need: as many as make about `PIECE` kernel values."""
    order = np.argsort(bandwidths, kind="stable") if offsets is None else np.arange(len(bandwidths))
    start = 0
    while start < len(order):
        if offsets is not None:
            needed = offsets
        else:
            # The bandwidths of one piece are alike, up to a fifth.
            widest = min(bandwidths[order[start]] * 1.2, bandwidths[order[-1]])
            needed = offsets_within(widest * per_metre, span)
        end = start + max(PIECE // max(len(needed[0]), 1), 1)
        if offsets is None:
            end = min(end, int(np.searchsorted(bandwidths[order], widest, side="right")))
        if len(needed[0]):
            yield order[start:end], needed
        start = end
