"""Functions of distance summed over the masses of cells, by Fourier transform: arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hotspots.analysis.common import Grid

    Floats = NDArray[np.float64]
    Complexes = NDArray[np.complex128]
    Whole = NDArray[np.intp]


DEAR: Final = 4_000_000_000
"""Multiplications with cosines, beyond which a function as wide as the grid is transformed as a grid is."""

ALONE: Final = 250_000
"""Multiplications of a matrix product up to which OpenBLAS keeps to one thread."""

LINES: Final = 128
"""Rows that are transformed back together: as many as stay in the processor's cache, so that few are held twice."""

FEWEST_ROWS: Final = 8
"""Strips of fewer rows would take longer than threads do."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """Masses of cells, transformed once, to be convolved with any number of functions of distance.

    Masses may lie at every second, third, ... centre only (`every`). Sums are still given at all centres, without the
    frequencies that masses this far apart cannot represent.
    """

    spectrum: Complexes
    side: float
    lengths: tuple[int, int]
    reach: tuple[int, int]
    target: tuple[int, int, int, int]
    every: int = 1

    @property
    def frequencies(self) -> tuple[Whole, Whole]:
        """Waves in the whole rectangle, down (of either sign) and across, in the order of the spectrum."""
        rows, columns = (length // self.every for length in self.lengths)
        down = np.arange(rows)
        return np.where(2 * down < rows, down, down - rows), np.arange(columns // 2 + 1)

    def convolve(self, function: Callable[[Floats], Floats]) -> Floats:
        """Return the sum over cells of mass x function(squared distance in m²) at every centre; see `convolve`."""
        return self.finish(self.spectrum * self.response(function))

    def response(self, function: Callable[[Floats], Floats], factors: tuple[Floats, Floats] | None = None) -> Floats:
        """Return the transform of a function of squared distance in m², sampled at the distances of centres.

        The function is the same in all four quarters, so its transform is real: cosines of one quarter on each side.
        `factors` multiply it by frequency, down and across.
        """
        # Sampled within reach only: two small matrices of cosines (frequencies x reach) replace a transform of the
        # whole rectangle.
        down, across = (np.arange(cells + 1) * self.side for cells in self.reach)
        quarter = np.asarray(function(down[:, None] ** 2 + across[None, :] ** 2), dtype=float)
        if factors is None and self.every == 1 and self.lengths[0] * quarter.size > DEAR:
            return _transform_quarter(quarter, self.lengths)
        cosines_down, cosines_across = map(_cosines, self.lengths, self.frequencies, self.reach)
        if factors is not None:
            cosines_down, cosines_across = cosines_down * factors[0][:, None], cosines_across * factors[1][:, None]
        return _small_product(cosines_down @ quarter, cosines_across.T)

    def finish(self, product: Complexes) -> Floats:
        """Return the grid whose transform is this product; the product is overwritten."""
        from scipy import fft

        top, left, rows, columns = self.target
        if self.every > 1:
            product = self._between(product)
        # Down for all columns of the spectrum, then across for the wanted rows only.
        lines = fft.ifft(product, axis=0, workers=-1, overwrite_x=True)[top : top + rows]
        sums = np.empty((rows, columns))
        for first in range(0, rows, LINES):
            some = slice(first, first + LINES)
            sums[some] = fft.irfft(lines[some], self.lengths[1], axis=1, workers=-1)[:, left : left + columns]
        return sums

    def _between(self, product: Complexes) -> Complexes:
        """Return the transform for the rows of all centres: 0 at frequencies that coarse masses cannot represent.

        The columns need no padding: the inverse transform takes missing frequencies as 0.
        """
        down, across = ((length // self.every - 1) // 2 for length in self.lengths)
        padded = np.zeros((self.lengths[0], across + 1), dtype=complex)
        padded[: down + 1] = product[: down + 1, : across + 1]
        padded[-down:] = product[-down:, : across + 1]
        return padded


def prepare(masses: Floats, grid: Grid, *, reach: float) -> Prepared:
    """Return the masses of cells transformed, for functions that are 0 beyond `reach` metres.

    Parameters
    ----------
    masses
        Shape (rows, columns) of the grid.

    Examples
    --------
    >>> from hotspots.analysis.common.grid import Grid
    >>> grid = Grid(0.0, 300.0, 100.0, np.ones((3, 3), dtype=bool))
    >>> masses = np.zeros((3, 3))
    >>> masses[1, 1] = 2
    >>> prepared = prepare(masses, grid, reach=100)
    >>> prepared.convolve(lambda d2: np.where(d2 <= 100**2, 0.5, 0.0)).round(9) + 0.0
    array([[0., 1., 0.],
           [1., 1., 1.],
           [0., 1., 0.]])
    """
    rows, columns = grid.shape
    return transform(masses, grid.side, reach=reach, target=(0, 0, rows, columns))


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


def transform(
    masses: Floats,
    side: float,
    *,
    reach: float,
    target: tuple[int, int, int, int],
    shape: tuple[int, int] | None = None,
    every: int = 1,
) -> Prepared:
    """Return masses transformed on a rectangle so large that within the target nothing wraps around.

    Parameters
    ----------
    target
        First row, first column, rows and columns that will be wanted.
    shape
        Rows and columns that hold masses; the others are padding for the transform, see `lengths_for`.
    every
        Above 1 where masses lie at every second, third, ... centre only. They then cover the whole rectangle.
    """
    from scipy import fft

    held = masses.shape if shape is None else shape
    lengths, reaches = lengths_for((held[0], held[1]), side, reach=reach, target=target, every=every)
    if every == 1 and masses.shape != lengths:
        padded = np.zeros(lengths)
        padded[: held[0], : held[1]] = masses
        masses = padded
    return Prepared(fft.rfft2(masses, workers=-1), side, lengths, reaches, target, every)


def lengths_for(
    shape: tuple[int, int], side: float, *, reach: float, target: tuple[int, int, int, int], every: int = 1
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return rows and columns of a transform in which nothing wraps around, and the reach down and across in cells.

    Rows and columns are multiples of `every`.
    """
    from scipy import fft

    cells = int(np.floor(reach / side + 1e-9))
    lengths, reaches = [], []
    for size, start, wanted in zip(shape, target[:2], target[2:], strict=True):
        # No two masses are further apart than the grid is long, so a wider kernel needs no more padding.
        within = min(cells, size - 1)
        lengths.append(-(-max(size, within + max(size - start, start + wanted)) // every))
        reaches.append(within)
    rows, columns = fft.next_fast_len(lengths[0]), fft.next_fast_len(lengths[1], real=True)
    return (rows * every, columns * every), (reaches[0], reaches[1])


def _transform_quarter(quarter: Floats, lengths: tuple[int, int]) -> Floats:
    """Return the transform of a function that is the same in all four quarters, on a rectangle of these lengths."""
    from scipy import fft

    rows, columns = quarter.shape
    whole = np.zeros(lengths)
    whole[:rows, :columns] = quarter
    whole[lengths[0] - rows + 1 :, :columns] = quarter[:0:-1]
    whole[:, lengths[1] - columns + 1 :] = whole[:, columns - 1 : 0 : -1]
    return np.ascontiguousarray(fft.rfft2(whole, workers=-1).real)


def _small_product(left: Floats, right: Floats) -> Floats:
    """Return a matrix product; a small one in strips, as threads of linear algebra cost more than they save there."""
    strip = ALONE // right.size
    if strip < FEWEST_ROWS:
        return np.asarray(left @ right, dtype=float)
    product = np.empty((left.shape[0], right.shape[1]))
    for first in range(0, len(left), strip):
        np.matmul(left[first : first + strip], right, out=product[first : first + strip])
    return product


def _cosines(length: int, frequencies: Whole, reach: int) -> Floats:
    """Return cos(2 pi f k / length) for frequencies f and offsets k from 0 to reach, twice for those on both sides."""
    # f k modulo the length: one period of cosines is computed, and the matrix looked up in it.
    table = np.cos(2 * np.pi / length * np.arange(length))
    cosines: Floats = 2 * table[np.outer(frequencies, np.arange(reach + 1)) % length]
    cosines[:, 0] = 1
    return cosines
