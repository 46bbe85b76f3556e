"""Kernel sums of many points: assigned to cells by B-splines, convolved, and the smoothing of the spline taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from hotspots.analysis.grids import Grid
from hotspots.analysis.kernels import KERNELS, Kernel, peak_of, reach_of
from hotspots.analysis.stamping import stamp, widen
from hotspots.analysis.transforms import Prepared, transform

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Order = Literal[1, 2, 3]
"""Degree of the spline: linear, quadratic, cubic."""

PIECE: Final = 2**19
"""Points assigned at a time."""


def spline_sums(
    points: Floats, weights: Floats, grid: Grid, *, kernel: Kernel, bandwidth: float, order: Order
) -> tuple[Floats, Floats, Grid]:
    """Return the kernel sums at cell centres per m², and the masses assigned to the cells of a wider grid.

    The sums are of the kernel sampled at cell centres, over the transform of the spline: what is left are errors
    that depend on where in its cell a point lies and cancel on average.

    Parameters
    ----------
    points, weights
        Shape (n, 2), in metres, none farther from the grid than the kernel reaches; shape (n,).
    """
    wider, window = widen(grid, points, margin=2)
    masses = assign(points, weights, wider, order=order)
    prepared = transform(masses, grid.side, reach=reach_of(kernel) * bandwidth, window=window)
    profile = KERNELS[kernel]
    response = prepared.response(lambda d2: profile(d2 / bandwidth**2))
    response *= sharpening(prepared, order) / bandwidth**2
    return prepared.finish(prepared.spectrum * response), masses, wider


def assign(points: Floats, weights: Floats, grid: Grid, *, order: Order) -> Floats:
    """Return the weights shared out between the centres around each point by a B-spline, shape of the grid.

    The sums of weights, and of weights x place, stay what they were. Every point must be two cells inside the grid.
    """
    rows, columns = grid.shape
    nodes = order + 1
    shifts = np.add.outer(np.arange(nodes) * columns, np.arange(nodes)).ravel()
    total = np.zeros(rows * columns)
    for start in range(0, len(points), PIECE):
        some = points[start : start + PIECE]
        column, across = _shares((some[:, 0] - grid.west) / grid.side - 0.5, order)
        row, down = _shares((grid.north - some[:, 1]) / grid.side - 0.5, order)
        row *= columns
        row += column
        down = [share * weights[start : start + PIECE] for share in down]
        shares = [one * other for one in down for other in across] if len(some) * nodes**2 < rows * columns else None
        if shares is not None:
            total += np.bincount(np.add.outer(shifts, row).ravel(), np.concatenate(shares), minlength=rows * columns)
            continue
        # Many points: a sum for each corner, as places and shares of all corners would be a table too many.
        for k, shift in enumerate(shifts):
            found = np.bincount(row, down[k // nodes] * across[k % nodes], minlength=rows * columns)
            total[shift:] += found[: len(found) - shift]
    return total.reshape(rows, columns)


def _shares(place: Floats, order: Order) -> tuple[NDArray[np.intp], list[Floats]]:
    """Return the first of the centres that a coordinate (in cells, from a centre) is shared between, and the shares."""
    if order == 2:
        nearest = (place + 0.5).astype(np.intp)
        d = place - nearest
        return nearest - 1, [0.5 * (0.5 - d) ** 2, 0.75 - d * d, 0.5 * (0.5 + d) ** 2]
    before = place.astype(np.intp)
    f = place - before
    if order == 1:
        return before, [1 - f, f]
    g = 1 - f
    return before - 1, [g**3 / 6, (4 - 6 * f**2 + 3 * f**3) / 6, (4 - 6 * g**2 + 3 * g**3) / 6, f**3 / 6]


def sharpening(prepared: Prepared, order: Order) -> Floats:
    """Return one over the transform of the spline, as a series in 4 sin²(frequency / 2) that stays within few cells.

    The transform of the spline is sinc(frequency / 2) to the power order + 1, and arcsin(x) / x = 1 + x² / 6 +
    3 x⁴ / 40 + ... with x = sin(frequency / 2).
    """
    rows, columns = prepared.lengths

    def series(length: int, frequencies: int) -> Floats:
        x2 = np.sin(np.pi / length * np.arange(frequencies)) ** 2
        return np.asarray((1 + x2 / 6 + 3 * x2**2 / 40) ** (order + 1), dtype=float)

    return np.multiply.outer(series(rows, rows), series(columns, columns // 2 + 1))


def spread_of_error(kernel: Kernel, cells: float, order: Order) -> float:
    """Return the mean square error of one point's kernel summed over the cells, over the sum of its kernel.

    Values are shares of the kernel's peak. It is measured on single points on a lattice within a cell.

    Parameters
    ----------
    cells
        Bandwidth in cells.
    """
    # Finer cells than these have smaller errors only.
    cells = min(cells, 24.0 / reach_of(kernel) ** 0.5)
    side = 2 * int(np.ceil(reach_of(kernel) * cells)) + 13
    grid = Grid(0.0, float(side), 1.0, np.ones((side, side), dtype=bool))
    square = total = 0.0
    for x, y in ((1, 1), (3, 1), (5, 1), (3, 3), (5, 3), (5, 5)):
        point, one = np.array([[side / 2 + x / 12, side / 2 + y / 12]]), np.ones(1)
        found, _, _ = spline_sums(point, one, grid, kernel=kernel, bandwidth=cells, order=order)
        true = stamp(point, one, grid, kernel=kernel, bandwidths=np.array([cells]))
        # Off the diagonal of the lattice each place stands for two.
        times = 1 if x == y else 2
        square += times * float(((found - true) ** 2).sum())
        total += times * float(true.sum())
    return square / total / (peak_of(kernel) / cells**2)
