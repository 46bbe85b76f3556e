"""Kernel sums to rounding: the inner part of the kernel as a polynomial, its rim point by point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np

from hotspots.analysis.kernels import KERNELS, Kernel, peak_of, reach_of
from hotspots.analysis.stamping import PIECE, merge_stacked, offsets_within, span_of, stamp, widen

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hotspots.analysis.grids import Grid

    Floats = NDArray[np.float64]
    Whole = NDArray[np.intp]

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
    if len(points) * is_inner.sum() <= TRANSFORM * len(inner.terms) * grid.shape[0] * grid.shape[1]:
        return stamp(points, weights, grid, kernel=kernel, bandwidths=bandwidths)
    rim = (down[~is_inner], across[~is_inner])
    found = stamp(points, weights, grid, kernel=kernel, bandwidths=bandwidths, offsets=rim)
    found += _inner_sums(points, weights, grid, inner) / bandwidth**2
    return found


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

    size = degree + 3
    nodes = np.cos((np.arange(size) + 0.5) * np.pi / size) / 2
    coefficients, close = np.empty((len(terms), len(offsets[0]))), np.empty(len(offsets[0]), dtype=bool)
    step = PIECE // (size + 2) ** 2
    for start in range(0, len(close), step):
        some = slice(start, start + step)
        powers, values = sample(nodes, some)
        coefficients[:, some] = np.linalg.lstsq(powers, values)[0]
        powers, values = sample(np.linspace(-0.5, 0.5, size + 2), some)
        close[some] = np.abs(powers @ coefficients[:, some] - values).max(axis=0) <= EXACT * peak_of(kernel)
    return _Inner((offsets[0][close], offsets[1][close]), terms, coefficients[:, close]), close


def _inner_sums(points: Floats, weights: Floats, grid: Grid, inner: _Inner) -> Floats:
    """Return the sums of the kernel's inner part: for each term, moments of places convolved with coefficients."""
    from scipy import fft

    wider, (top, left, rows, columns) = widen(grid, points, margin=0)
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
        stencil = np.zeros(shape)
        stencil[inner.offsets[0] % shape[0], inner.offsets[1] % shape[1]] = coefficient
        total += fft.rfft2(moment, shape, workers=-1) * fft.rfft2(stencil, workers=-1)
    found = fft.irfft2(total, shape, workers=-1)
    return np.ascontiguousarray(found[top : top + rows, left : left + columns])
