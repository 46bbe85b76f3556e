"""Kernels summed over points at the centres of cells: arrays in, arrays out.

Three routes give kernel sums. Few points are stamped: each kernel is evaluated at each centre. Many points are assigned
to the cells around them by B-splines and convolved in the Fourier domain, on a grid no finer than the tolerance needs.
Where that would not be within 0.001 of the peak (a kernel with a jump, or many events in one cell), and for exact
values, points are stamped at the rim of the kernel only, and its inner part, a polynomial in the point's place within
its cell, is convolved term by term.

References
----------
Silverman (1982), Applied Statistics 31, 93-99 (binning and Fourier transform); Hockney and Eastwood (1988), Computer
Simulation Using Particles, section 5-3 (assignment by splines).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from hotspots.analysis.kernels.b_spline import Order, spline_sums, spread_of_error
from hotspots.analysis.kernels.direct import exact_sums, extent, keep_within_reach, stamp
from hotspots.analysis.kernels.profiles import peak_of, reach_of
from hotspots.vocabulary import Kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hotspots.analysis.common import Grid

    Floats = NDArray[np.float64]

__all__ = ["kernel_sums"]

TOLERANCE: Final = 1e-3
"""Largest error of the default route, as a share of the peak of the surface."""

DEVIATIONS: Final = 5.0
"""Standard deviations of the error that must stay within the tolerance: more are not met where it varies most."""

STAMPED: Final = 3_000_000
"""Up to this number of kernel values are computed one by one, in about the time that a grid takes to be transformed."""

QUADRATIC: Final = 60_000
"""Up to this number of points the quadratic spline costs little beside the transform."""

COARSE: Final = 150_000
"""Up to this number of points a quadratic spline on a coarser grid costs less than the transform of the whole grid."""

COARSER: Final = (4, 3, 2)
"""How many times as coarse: beyond that the transform to the whole grid takes all the time."""

COARSE_ERROR: Final = 2e-6
"""Most spread of the error on a coarser grid: that of the quartic kernel with ten cells in its radius."""


def kernel_sums(
    points: Floats, weights: Floats, grid: Grid, *, kernel: Kernel, bandwidth: float, exact: bool = False
) -> Floats:
    """Return the sum of weight x kernel at the centre of every cell, per m², over the whole rectangle of the grid.

    No edge is corrected and no cell masked; points beyond the grid count as far as their kernels reach.

    Parameters
    ----------
    points, weights
        Easting and northing, shape (n, 2), in metres; shape (n,).
    bandwidth
        In metres.
    exact
        Within 1e-6 of the peak; otherwise within 1e-3 (`TOLERANCE`).

    Returns
    -------
    ndarray of float, shape (rows, columns)
    """
    points, weights = np.asarray(points, dtype=float), np.asarray(weights, dtype=float)
    reach = reach_of(kernel) * bandwidth
    corners = extent(points) if len(points) else points
    if not keep_within_reach(corners, grid, reach).all():
        near = keep_within_reach(points, grid, reach)
        points, weights = points[near], weights[near]
        corners = extent(points) if len(points) else points
    if len(points) * np.pi * (reach_of(kernel) * bandwidth / grid.side + 0.5) ** 2 <= STAMPED:
        return stamp(points, weights, grid, kernel=kernel, bandwidths=np.full(len(points), bandwidth))
    # A kernel that ends in a jump can't be interpolated at its rim.
    if exact or kernel == "uniform":
        return exact_sums(points, weights, grid, kernel=kernel, bandwidth=bandwidth)
    return _fast_sums(points, weights, grid, kernel=kernel, bandwidth=bandwidth, corners=corners)


def _fast_sums(
    points: Floats, weights: Floats, grid: Grid, *, kernel: Kernel, bandwidth: float, corners: Floats
) -> Floats:
    """Return the sums by splines; the points of cells that hold too much of the peak for that are summed exactly."""
    cells = bandwidth / grid.side
    for order, every in _ways(len(points), kernel, cells):
        sums, masses, nodes = spline_sums(
            points, weights, grid, kernel=kernel, bandwidth=bandwidth, order=order, every=every, corners=corners
        )
        # In events at one place. The peak of the surface is at least this.
        peak = _highest(sums) / peak_of(kernel) * bandwidth**2
        # Largest sum of squared masses under one kernel at which the error stays within the tolerance. It is at most
        # largest mass x peak, which is tried first as it needs no blocks.
        most = (TOLERANCE / DEVIATIONS * peak) ** 2 / spread_of_error(kernel, cells / every, order)
        if _highest(masses) * peak <= most or _squared_together(masses, kernel, cells / every) <= most:
            break
    else:
        row, column = nodes.locate(points)
        heavy = np.abs(masses)[row, column] > most / peak
        sums, _, _ = spline_sums(points[~heavy], weights[~heavy], grid, kernel=kernel, bandwidth=bandwidth, order=order)
        sums += exact_sums(points[heavy], weights[heavy], grid, kernel=kernel, bandwidth=bandwidth)
    # The truth is nowhere below 0 where no weight is.
    return sums if weights.min() < 0 else np.maximum(sums, 0, out=sums)


def _ways(points: int, kernel: Kernel, cells: float) -> list[tuple[Order, int]]:
    """Return orders of the spline and how much coarser its grid is, the cheapest first, the most accurate last.

    Parameters
    ----------
    points
        How many there are.
    cells
        Bandwidth in cells.
    """
    ways: list[tuple[Order, int]] = [(2, 1)]
    if points > QUADRATIC:
        ways.insert(0, (1, 1))
    if points <= COARSE:
        coarse = (every for every in COARSER if spread_of_error(kernel, cells / every, 2) <= COARSE_ERROR)
        ways[:0] = [(2, every) for every in coarse][:1]
    return ways


def _squared_together(masses: Floats, kernel: Kernel, cells: float) -> float:
    """Return the largest sum of squared masses within one kernel, taken for a square of the same volume.

    That times the spread of the error is its variance, where the errors of points in one cell are the same, and those
    of different cells independent.

    Parameters
    ----------
    masses
        Of cells, of any sign.
    cells
        Bandwidth in cells.
    """
    # Two by two blocks of half the side make a square; squares overlap, so that block borders split no cluster.
    half = max(round(cells / peak_of(kernel) ** 0.5 / 2), 1)
    rows, columns = (np.arange(0, size, half) for size in masses.shape)
    blocks = np.pad(np.add.reduceat(np.add.reduceat(np.square(masses), rows, axis=0), columns, axis=1), (0, 1))
    return float((blocks[:-1, :-1] + blocks[1:, :-1] + blocks[:-1, 1:] + blocks[1:, 1:]).max())


def _highest(values: Floats) -> float:
    """Return the largest absolute value."""
    return float(max(values.max(), -values.min()))
