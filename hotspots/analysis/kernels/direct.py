"""Kernel sums point by point, and the same with the inner part of the kernel as a polynomial: exact routes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np

from hotspots.analysis.common import Grid
from hotspots.analysis.kernels.profiles import KERNELS, peak_of, reach_of
from hotspots.vocabulary import Kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.intp]


# Kernel sums to rounding: the inner part of the kernel as a polynomial, its rim point by point.

DEGREES: Final[Mapping[Kernel, int]] = MappingProxyType(
    {"uniform": 0, "epanechnikov": 2, "quartic": 4, "triangular": 6, "gaussian": 8}
)
"""Degree of the polynomial in the point's place within its cell: exact for the first three."""

EXACT: Final = 2e-7
"""Error of a polynomial, as a share of the kernel's peak, up to which it is taken for the kernel.

The kernels in reach of a cell, at their peaks, are about three times the surface's peak together: so 1e-6 of it holds.
"""

TRANSFORM: Final = 4.0
"""What it costs to transform a cell twice, in kernel values computed one by one."""


@dataclass(frozen=True, eq=False)
class _Inner:
    """The kernel at some offsets (rows, columns) as a polynomial in the place within the cell, in cells.

    `terms` are powers of the places down and across; `coefficients` have shape (terms, offsets).
    """

    offsets: tuple[Whole, Whole]
    terms: list[tuple[int, int]]
    coefficients: Floats


def exact_sums(points: Floats, weights: Floats, grid: Grid, *, kernel: Kernel, bandwidth: float) -> Floats:
    """Return the kernel sums at cell centres per m², within 1e-6 of the peak: by whichever exact route is cheaper.

    Parameters
    ----------
    points, weights
        Shape (n, 2), in metres; shape (n,).
    """
    points, weights = merge_stacked(points, weights)
    down, across = offsets_within(reach_of(kernel) * bandwidth / grid.side, span_of(points, grid))
    inner, is_inner = _fit(kernel, bandwidth / grid.side, (down, across))
    bandwidths = np.full(len(points), bandwidth)
    # Kernel values at inner offsets one by one, or two transforms of the grid for each polynomial term.
    if len(points) * is_inner.sum() <= TRANSFORM * len(inner.terms) * grid.shape[0] * grid.shape[1]:
        return stamp(points, weights, grid, kernel=kernel, bandwidths=bandwidths)
    rim = (down[~is_inner], across[~is_inner])
    sums = stamp(points, weights, grid, kernel=kernel, bandwidths=bandwidths, offsets=rim)
    sums += _inner_sums(points, weights, grid, inner) / bandwidth**2
    return sums


def _powers(down: Floats, across: Floats, terms: list[tuple[int, int]]) -> Floats:
    """Return every term at every place, shape (places, terms)."""
    return np.stack([down**a * across**b for a, b in terms], axis=1)


def _fit(kernel: Kernel, cells: float, offsets: tuple[Whole, Whole]) -> tuple[_Inner, NDArray[np.bool_]]:
    """Return the part of the kernel that a polynomial meets closely enough, and which offsets that is.

    Parameters
    ----------
    cells
        Bandwidth in cells.
    """
    degree = DEGREES[kernel]
    terms = [(a, b) for a in range(degree + 1) for b in range(degree + 1 - a)]
    profile = KERNELS[kernel]

    def sample(lattice: Floats, some: slice) -> tuple[Floats, Floats]:
        down, across = (axis.ravel() for axis in np.meshgrid(lattice, lattice))
        square = np.subtract.outer(-down, -offsets[0][some]) ** 2 + np.subtract.outer(-across, -offsets[1][some]) ** 2
        return _powers(down, across, terms), profile(square / cells**2)

    # Least squares at Chebyshev nodes is close to the best uniform fit: no oscillation at the edges of the cell.
    size = degree + 3
    nodes = np.cos((np.arange(size) + 0.5) * np.pi / size) / 2
    coefficients, close = np.empty((len(terms), len(offsets[0]))), np.empty(len(offsets[0]), dtype=bool)
    step = PIECE // (size + 2) ** 2
    for start in range(0, len(close), step):
        some = slice(start, start + step)
        powers, values = sample(nodes, some)
        coefficients[:, some] = np.linalg.lstsq(powers, values)[0]
        # Judged at other places than those fitted, edges and corners of the cell included.
        powers, values = sample(np.linspace(-0.5, 0.5, size + 2), some)
        close[some] = np.abs(powers @ coefficients[:, some] - values).max(axis=0) <= EXACT * peak_of(kernel)
    return _Inner((offsets[0][close], offsets[1][close]), terms, coefficients[:, close]), close


def _inner_sums(points: Floats, weights: Floats, grid: Grid, inner: _Inner) -> Floats:
    """Return the sums of the kernel's inner part: for each term, moments of places convolved with coefficients."""
    from scipy import fft

    wider, (top, left, rows, columns) = widen(grid, points, margin=0)
    # A kernel value is the sum over terms of down^a across^b coefficient(offset). Summed over points that is, for each
    # term, the moments of the cells convolved with the coefficients.
    row, column = wider.locate(points)
    down = (wider.north - points[:, 1]) / wider.side - row - 0.5
    across = (points[:, 0] - wider.west) / wider.side - column - 0.5
    most = int(max(np.abs(inner.offsets[0]).max(), np.abs(inner.offsets[1]).max()))
    shape = (
        fft.next_fast_len(wider.shape[0] + most),
        fft.next_fast_len(wider.shape[1] + most, real=True),
    )
    home = row * wider.shape[1] + column
    size = wider.shape[0] * wider.shape[1]
    total = np.zeros((shape[0], shape[1] // 2 + 1), dtype=complex)
    for (a, b), coefficient in zip(inner.terms, inner.coefficients, strict=True):
        moment = np.bincount(home, weights * down**a * across**b, minlength=size).reshape(wider.shape)
        # Negative offsets go to the far end, as the transform is periodic.
        stencil = np.zeros(shape)
        stencil[inner.offsets[0] % shape[0], inner.offsets[1] % shape[1]] = coefficient
        total += fft.rfft2(moment, shape, workers=-1) * fft.rfft2(stencil, workers=-1)
    sums = fft.irfft2(total, shape, workers=-1)
    return np.ascontiguousarray(sums[top : top + rows, left : left + columns])


PIECE: Final = 2**20
"""Kernel values computed at a time."""


def merge_stacked(points: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Return the distinct points, shape (m, 2), and the sum of the weights on each."""
    # As complex numbers, which NumPy sorts faster than rows of pairs.
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
    up, below, left, right = (min(most, farthest) for farthest in span)
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
        sums = np.bincount(cells.ravel() - first, weights=values.ravel())
        total[first : first + len(sums)] += sums
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
