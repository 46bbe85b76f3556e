"""Kernels summed over points, and functions of distance summed over cells, at the centres of cells: arrays in and out.

Three routes give kernel sums. Few points are stamped: each kernel is evaluated at each centre. Many points are assigned
to the cells around them by B-splines, convolved in the Fourier domain with the kernel at cell centres, and the smoothing
of the spline is taken back. Where that would not hold 0.001 of the peak (a kernel with a jump, or many events in one
cell), and where exact values are asked for, points are stamped at the rim of the kernel only, and its inner part, a
polynomial in the point's place within its cell, is convolved term by term.

References
----------
Silverman (1982), Applied Statistics 31, 93-99 (binning and Fourier transform); Hockney and Eastwood (1988), Computer
Simulation Using Particles, section 5-3 (assignment by splines).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from hotspots.analysis.kernels import KERNELS, Kernel, peak_of, reach_of
from hotspots.analysis.stamping import keep_within_reach, merge_stacked, offsets_within, stamp

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hotspots.analysis.grids import Grid

    Floats = NDArray[np.float64]
    Complexes = NDArray[np.complex128]

Order = Literal[1, 2, 3]

TOLERANCE: Final = 1e-3
"""Largest error of the default route, as a share of the peak of the surface."""

STAMPED: Final = 4_000_000
"""Kernel values that are computed one by one sooner than a grid is transformed."""

NOISE: Final = 1e-13
"""Share of the peak below which a sum by Fourier transform is rounding."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """Masses of cells, transformed once, to be convolved with any number of functions of distance."""

    spectrum: Complexes
    side: float
    lengths: tuple[int, int]
    reach: tuple[int, int]
    window: tuple[int, int, int, int]

    def convolve(self, function: Callable[[Floats], Floats]) -> Floats:
        """Return the sum over cells of mass x function(squared distance in m²) at every centre; see `convolve`."""
        return self.finish(self.spectrum * self.response(function))

    def response(self, function: Callable[[Floats], Floats]) -> Floats:
        """Return the transform of a function of squared distance in m², sampled at the distances of centres.

        The function is the same in all four quarters, so its transform is real: cosines of one quarter on each side.
        """
        down, across = (np.arange(cells + 1) * self.side for cells in self.reach)
        quarter = np.asarray(function(down[:, None] ** 2 + across[None, :] ** 2), dtype=float)
        rows, columns = self.lengths
        found = _cosines(rows, rows, self.reach[0]) @ quarter @ _cosines(columns, columns // 2 + 1, self.reach[1]).T
        return np.asarray(found, dtype=float)

    def finish(self, product: Complexes) -> Floats:
        """Return the grid that a product of transforms stands for."""
        from scipy import fft

        top, left, rows, columns = self.window
        lines = fft.ifft(product, axis=0, workers=-1)[top : top + rows]
        found = fft.irfft(lines, self.lengths[1], axis=1, workers=-1)
        return np.ascontiguousarray(found[:, left : left + columns])


def prepare(masses: Floats, grid: Grid, *, reach: float) -> Prepared:
    """Return the masses of cells transformed, for functions that are 0 beyond `reach` metres.

    Parameters
    ----------
    masses
        Shape (rows, columns) of the grid.

    Examples
    --------
    >>> from hotspots.analysis.grids import Grid
    >>> grid = Grid(0.0, 300.0, 100.0, np.ones((3, 3), dtype=bool))
    >>> masses = np.zeros((3, 3))
    >>> masses[1, 1] = 2
    >>> prepared = prepare(masses, grid, reach=100)
    >>> prepared.convolve(lambda d2: np.where(d2 <= 100**2, 0.5, 0.0)).round(9) + 0.0
    array([[0., 1., 0.],
           [1., 1., 1.],
           [0., 1., 0.]])
    """
    rows, columns = masses.shape
    return _transform(masses, grid.side, reach=reach, window=(0, 0, rows, columns))


def convolve(masses: Floats, grid: Grid, function: Callable[[Floats], Floats], *, reach: float) -> Floats:
    """Return the sum over cells of mass x function(squared distance between centres in m²), shape (rows, columns).

    Nothing wraps around: beyond the grid there is no mass. `prepare` transforms the masses once for many functions.

    Parameters
    ----------
    masses
        Shape (rows, columns) of the grid, at the centres of cells.
    function
        Takes and returns arrays of any shape; 0 beyond `reach` metres.
    """
    return prepare(masses, grid, reach=reach).convolve(function)


def _transform(masses: Floats, side: float, *, reach: float, window: tuple[int, int, int, int]) -> Prepared:
    """Return masses transformed on a rectangle so large that within the window nothing wraps around."""
    from scipy import fft

    cells = int(np.floor(reach / side + 1e-9))
    lengths, reaches = [], []
    for size, start, wanted in zip(masses.shape, window[:2], window[2:], strict=True):
        within = min(cells, size - 1)
        lengths.append(max(size, within + max(size - start, start + wanted)))
        reaches.append(within)
    rows, columns = fft.next_fast_len(lengths[0]), fft.next_fast_len(lengths[1], real=True)
    lines = fft.rfft(masses, columns, axis=1, workers=-1)
    spectrum = fft.fft(lines, rows, axis=0, workers=-1)
    return Prepared(spectrum, side, (rows, columns), (reaches[0], reaches[1]), window)


def _cosines(length: int, frequencies: int, reach: int) -> Floats:
    """Return cos(2 pi f k / length) for frequencies f and offsets k from 0 to reach, twice for those on both sides."""
    table = np.cos(2 * np.pi / length * np.arange(length))
    found = 2 * table[np.outer(np.arange(frequencies), np.arange(reach + 1)) % length]
    found[:, 0] = 1
    return found


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
    near = keep_within_reach(points, grid, reach_of(kernel) * bandwidth)
    if not near.all():
        points, weights = points[near], weights[near]
    return stamp(points, weights, grid, kernel=kernel, bandwidths=np.full(len(points), bandwidth))
