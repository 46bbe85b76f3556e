"""Sums of a function of distance (a kernel) over the masses of cells, by Fourier transform: arrays in, arrays out."""

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


MOST_COSINE_PRODUCTS: Final = 4_000_000_000
"""Most multiplications by cosines: a function that would need more is sampled on the whole grid and transformed."""

SINGLE_THREADED: Final = 250_000
"""Multiplications of a matrix product up to which OpenBLAS uses one thread."""

ROWS_AT_ONCE: Final = 128
"""Rows that are transformed back together: they fit into the processor's cache, and few rows are in memory twice."""

FEWEST_ROWS: Final = 8
"""Fewest rows of a strip of a matrix product: with fewer, several threads are quicker."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """The Fourier transform of masses of cells, to be convolved with any number of functions of distance."""

    spectrum: Complexes
    side: float
    """Side of a cell in metres."""
    lengths: tuple[int, int]
    """Rows and columns of the transformed rectangle."""
    reach: tuple[int, int]
    """Largest distance at which a function is not 0, in rows and in columns."""
    target: tuple[int, int, int, int]
    """First row, first column, rows and columns of the cells for which sums are computed."""
    every: int = 1
    """Above 1 where only every second, third, ... centre has a mass. Sums are still given at all centres, without the
    frequencies that masses this far apart cannot represent."""

    @property
    def frequencies(self) -> tuple[Whole, Whole]:
        """Numbers of waves in the rectangle, down (of both signs) and across, in the order of the spectrum."""
        rows, columns = (length // self.every for length in self.lengths)
        down = np.arange(rows)
        return np.where(2 * down < rows, down, down - rows), np.arange(columns // 2 + 1)

    def convolve(self, function: Callable[[Floats], Floats]) -> Floats:
        """Return the sum over cells of mass x function(squared distance in m²) at every centre of the target."""
        return self.finish(self.spectrum * self.response(function))

    def response(self, function: Callable[[Floats], Floats], factors: tuple[Floats, Floats] | None = None) -> Floats:
        """Return the transform of a function of squared distance in m², sampled at the distances between centres.

        The function is the same in all four quadrants, so its transform is real, and is computed from one quadrant.

        Parameters
        ----------
        factors
            By what the transform is multiplied at each frequency down, and at each frequency across.
        """
        # The function is sampled within its reach only: two small matrices of cosines (frequencies x reach) replace a
        # transform of the whole rectangle.
        down, across = (np.arange(cells + 1) * self.side for cells in self.reach)
        quadrant = np.asarray(function(down[:, None] ** 2 + across[None, :] ** 2), dtype=float)
        if factors is None and self.every == 1 and self.lengths[0] * quadrant.size > MOST_COSINE_PRODUCTS:
            return _transform_quadrant(quadrant, self.lengths)
        cosines_down, cosines_across = map(_cosines, self.lengths, self.frequencies, self.reach)
        if factors is not None:
            cosines_down, cosines_across = cosines_down * factors[0][:, None], cosines_across * factors[1][:, None]
        return _small_product(cosines_down @ quadrant, cosines_across.T)

    def finish(self, product: Complexes) -> Floats:
        """Return the target cells of the inverse transform of a product of spectra; the product is overwritten."""
        from scipy import fft

        top, left, rows, columns = self.target
        if self.every > 1:
            product = self._pad_frequencies(product)
        # All columns are transformed first, then only the rows of the target.
        half_transformed = fft.ifft(product, axis=0, workers=-1, overwrite_x=True)[top : top + rows]
        sums = np.empty((rows, columns))
        for first in range(0, rows, ROWS_AT_ONCE):
            some = slice(first, first + ROWS_AT_ONCE)
            sums[some] = fft.irfft(half_transformed[some], self.lengths[1], axis=1, workers=-1)[
                :, left : left + columns
            ]
        return sums

    def _pad_frequencies(self, product: Complexes) -> Complexes:
        """Return the product for the rows of all centres: 0 at frequencies that masses so far apart cannot represent.

        The columns need no padding: the inverse transform takes missing frequencies as 0.
        """
        down, across = ((length // self.every - 1) // 2 for length in self.lengths)
        padded = np.zeros((self.lengths[0], across + 1), dtype=complex)
        padded[: down + 1] = product[: down + 1, : across + 1]
        padded[-down:] = product[-down:, : across + 1]
        return padded


def prepare(masses: Floats, grid: Grid, *, reach: float) -> Prepared:
    """Return the transform of masses of cells, for functions that are 0 beyond `reach` metres.

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

    Beyond the grid there is no mass, and nothing wraps around. For many functions of the same masses, use `prepare`.

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
    """Return the transform of masses on a rectangle so large that nothing wraps around into the target.

    Parameters
    ----------
    target
        First row, first column, rows and columns of the cells for which sums are needed.
    shape
        Rows and columns that have masses, where the rest of `masses` is padding (see `lengths_for`); all if None.
    every
        Above 1 where only every second, third, ... centre has a mass; `masses` then covers the whole rectangle.
    """
    from scipy import fft

    occupied = masses.shape if shape is None else shape
    lengths, reaches = lengths_for((occupied[0], occupied[1]), side, reach=reach, target=target, every=every)
    if every == 1 and masses.shape != lengths:
        padded = np.zeros(lengths)
        padded[: occupied[0], : occupied[1]] = masses
        masses = padded
    return Prepared(fft.rfft2(masses, workers=-1), side, lengths, reaches, target, every)


def lengths_for(
    shape: tuple[int, int], side: float, *, reach: float, target: tuple[int, int, int, int], every: int = 1
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return rows and columns of a rectangle in which nothing wraps around, and the reach in rows and in columns.

    Rows and columns are multiples of `every`.
    """
    from scipy import fft

    cells = int(np.floor(reach / side + 1e-9))
    lengths, reaches = [], []
    for size, start, wanted in zip(shape, target[:2], target[2:], strict=True):
        # No mass is further away than the grid is long, so a wider kernel needs no more padding.
        within = min(cells, size - 1)
        lengths.append(-(-max(size, within + max(size - start, start + wanted)) // every))
        reaches.append(within)
    rows, columns = fft.next_fast_len(lengths[0]), fft.next_fast_len(lengths[1], real=True)
    return (rows * every, columns * every), (reaches[0], reaches[1])


def _transform_quadrant(quadrant: Floats, lengths: tuple[int, int]) -> Floats:
    """Return the transform of a function, given one of its four equal quadrants, on a rectangle of these lengths."""
    from scipy import fft

    rows, columns = quadrant.shape
    whole = np.zeros(lengths)
    whole[:rows, :columns] = quadrant
    whole[lengths[0] - rows + 1 :, :columns] = quadrant[:0:-1]
    whole[:, lengths[1] - columns + 1 :] = whole[:, columns - 1 : 0 : -1]
    return np.ascontiguousarray(fft.rfft2(whole, workers=-1).real)


def _small_product(left: Floats, right: Floats) -> Floats:
    """Return a matrix product, computed in strips so small that OpenBLAS starts no threads, which would take longer."""
    strip = SINGLE_THREADED // right.size
    if strip < FEWEST_ROWS:
        return np.asarray(left @ right, dtype=float)
    product = np.empty((left.shape[0], right.shape[1]))
    for first in range(0, len(left), strip):
        np.matmul(left[first : first + strip], right, out=product[first : first + strip])
    return product


def _cosines(length: int, frequencies: Whole, reach: int) -> Floats:
    """Return cos(2 pi f k / length) for frequencies f and offsets k from 0 to reach; doubled for k > 0, as for -k."""
    # One period of the cosine is computed, and the matrix is looked up in it at f k modulo the length.
    table = np.cos(2 * np.pi / length * np.arange(length))
    cosines: Floats = 2 * table[np.outer(frequencies, np.arange(reach + 1)) % length]
    cosines[:, 0] = 1
    return cosines
