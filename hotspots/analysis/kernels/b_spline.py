"""Kernel sums of many points: assigned to cells by B-splines, convolved, and the smoothing of the spline taken back."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from hotspots.analysis.common import Grid
from hotspots.analysis.kernels.direct import widen
from hotspots.analysis.kernels.fourier import Prepared, lengths_for, transform
from hotspots.analysis.kernels.profiles import KERNELS, reach_of
from hotspots.vocabulary import Kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.intp]

Order = Literal[1, 2]
"""Degree of the spline: linear or quadratic. A cubic one is no better where a kernel has a rim."""

PIECE: Final = 2**14
"""Points that are assigned at a time: as many as stay in the processor's cache."""


def spline_sums(
    points: Floats,
    weights: Floats,
    grid: Grid,
    *,
    kernel: Kernel,
    bandwidth: float,
    order: Order,
    every: int = 1,
    corners: Floats | None = None,
) -> tuple[Floats, Floats, Grid]:
    """Return the kernel sums at cell centres per m², and the masses assigned to the cells of a grid around all points.

    The sums are of the kernel sampled at cell centres, over the transform of the spline: what is left are errors
    that depend on where in its cell a point lies and cancel on average.

    Parameters
    ----------
    points, weights
        Shape (n, 2), in metres, none farther from the grid than the kernel reaches; shape (n,).
    every
        How many times as coarse the grid is to which points are assigned: its centres are every second, third, ...
        centre.
    corners
        Any corners that the points lie between, shape (2, 2), where they are known already.
    """
    reach = reach_of(kernel) * bandwidth
    wider, target = widen(grid, points if corners is None else corners, margin=2 * every)
    # On the whole rectangle of the transform at once, which saves a copy.
    lengths, _ = lengths_for(wider.shape, grid.side, reach=reach, target=target, every=every)
    nodes = np.broadcast_to(np.True_, (lengths[0] // every, lengths[1] // every))
    # A coarse cell reaches further out than the fine one, so that their centres coincide.
    shift = (every - 1) / 2 * grid.side
    whole = Grid(wider.west - shift, wider.north + shift, every * grid.side, nodes)
    masses = assign(points, weights, whole, order=order)
    prepared = transform(masses, grid.side, reach=reach, target=target, shape=wider.shape, every=every)
    profile = KERNELS[kernel]
    response = prepared.response(lambda d2: profile(d2 / bandwidth**2) / bandwidth**2, sharpening(prepared, order))
    return prepared.finish(np.multiply(prepared.spectrum, response, out=prepared.spectrum)), masses, whole


def assign(points: Floats, weights: Floats, grid: Grid, *, order: Order) -> Floats:
    """Return the weights shared out between the centres around each point by a B-spline, shape of the grid.

    The sums of weights, and of weights x place, are unchanged. Every point must be two cells inside the grid.
    """
    rows, columns = grid.shape
    total = np.zeros(rows * columns)
    for start in range(0, len(points), PIECE):
        some = points[start : start + PIECE]
        column, across = _shares((some[:, 0] - grid.west) / grid.side - 0.5, order)
        row, down = _shares((grid.north - some[:, 1]) / grid.side - 0.5, order)
        home = row * columns + column
        for k, share in enumerate(down):
            weighted = share * weights[start : start + PIECE]
            for m, other in enumerate(across):
                # The slice holds the offset of the centre: one array of positions serves all (order + 1)² of them.
                np.add.at(total[k * columns + m :], home, weighted * other)
    return total.reshape(rows, columns)


def _shares(place: Floats, order: Order) -> tuple[NDArray[np.intp], list[Floats]]:
    """Return the first of the centres that a coordinate (in cells, from a centre) is shared between, and the shares."""
    if order == 2:
        # Places are positive (points lie two cells inside), so truncation is the floor.
        nearest = (place + 0.5).astype(np.intp)
        d = place - nearest
        return nearest - 1, [0.5 * np.square(0.5 - d), 0.75 - d * d, 0.5 * np.square(0.5 + d)]
    before = place.astype(np.intp)
    f = place - before
    return before, [1 - f, f]


def sharpening(prepared: Prepared, order: Order) -> tuple[Floats, Floats]:
    """Return one over the transform of the spline, down and across, as a series that stays within few cells.

    The transform of the spline is sinc(frequency / 2) to the power order + 1, and arcsin(x) / x = 1 + x² / 6 +
    3 x⁴ / 40 + ... with x = sin(frequency / 2).
    """

    def series(length: int, frequencies: Whole) -> Floats:
        # sin² of half the frequency is a second difference in space: each power of it reaches one cell further.
        x2 = np.square(np.sin(np.pi / length * prepared.every * frequencies))
        return np.asarray((1 + x2 / 6 + 3 * x2**2 / 40) ** (order + 1), dtype=float)

    down, across = map(series, prepared.lengths, prepared.frequencies)
    return down, across


SPREADS: Final[Mapping[Kernel, tuple[tuple[float, float], tuple[float, float]]]] = MappingProxyType(
    {
        "quartic": ((0.2, 4), (0.22, 5.1)),
        "epanechnikov": ((0.12, 3), (0.095, 3)),
        "triangular": ((0.08, 3), (0.052, 3)),
        "gaussian": ((0.0022, 4), (3.8e-4, 6)),
    }
)
"""For linear and for quadratic splines: factor and power of the error of one point, from bandwidths of two cells (radii
of as much smoothing) on. Measured on single points on a lattice in a cell; the tests measure them again."""


def spread_of_error(kernel: Kernel, cells: float, order: Order) -> float:
    """Return at least the mean square error of one point's kernel summed over the cells, over the sum of its kernel.

    Values are shares of the kernel's peak.

    Parameters
    ----------
    cells
        Bandwidth in cells.
    """
    factor, power = SPREADS[kernel][order - 1]
    return float(factor / cells**power)
