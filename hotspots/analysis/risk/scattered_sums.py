r"""P-values of a smoothed sum in every cell of a grid where risks, or shares, differ from area to area at random.

A cell's sum S(x) = sum over cells y of count(y) k(x - y) is a sum over independent areas. Its cumulant generating
function is the sum of those of `area_terms`: a logarithm for each area, so this is no convolution as under constant
risk. It is computed for square tiles of cells. The kernel depends on distance only, and has few values between cells:
the masses of each area are summed for each of them first, and E_a(s) is the product with exp(s k) - 1; for the smaller
s, with the few knots of a polynomial of k. The tails are those of `inversion`. Where all areas have one risk, kappa(s)
is that of Poisson events, the sum over y of expected(y) (exp(s k) - 1).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from hotspots.analysis.kernels import KERNELS, peak_of
from hotspots.analysis.risk.area_terms import AreaTerms, OfKernel
from hotspots.analysis.risk.inversion import inverted_tails
from hotspots.analysis.risk.saddlepoint import Cumulants

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hotspots.analysis.risk.surface_p_values import Smoother

    Floats = NDArray[np.float64]
    Complexes = NDArray[np.complex128]
    Cells = NDArray[np.intp]

KNOTS: Final = 16
"""Values of the kernel between 0 and 1 (Chebyshev's), through which a polynomial is taken."""
MOST_VALUES: Final = 1_000
"""Values of the kernel above which cells are taken one by one, so that a tile fits into memory."""
MOST_THREADS: Final = 4
"""Threads at most: more wait for each other."""
TILE: Final = 6
"""Cells along the side of a tile: of 4, 6, 10 and 16, the fastest where areas are about as wide as six cells."""


class Pieces(NamedTuple):
    """Masses by area and cell: expected events, or events; each array (pieces). A cell may have several areas."""

    owner: Cells
    """Position of the area."""
    cell: Cells
    """Position of the cell in reading order."""
    mass: Floats

    def take(self, some: Cells | slice) -> Pieces:
        """Return some of the pieces."""
        return Pieces(self.owner[some], self.cell[some], self.mass[some])

    def sums(self, number: int) -> Floats:
        """Return the mass of each of a number of areas."""
        return np.bincount(self.owner, self.mass, minlength=number).astype(float)


class Mixture(NamedTuple):
    """What areas draw: the terms of their risks, or shares, and the masses by area and cell."""

    terms: AreaTerms
    pieces: Pieces
    """Expected events at a risk of 1, or all events."""


def scattered_tails(smoother: Smoother, observed: Floats, model: Mixture, *, cells: Cells) -> tuple[Floats, Floats]:
    """Return P(S >= s) and P(S <= s) of the sums in these cells, where areas draw risks or shares; computed.

    Parameters
    ----------
    smoother
        The kernel.
    observed
        Sums of the kernel (m), without rounding below 0.
    model
        What areas draw.
    cells
        Positions of the cells asked for, in reading order (m).

    Returns
    -------
    p_high, p_low
        Each (m), see `inversion`; exact for the uniform kernel.
    """
    p_high, p_low = np.ones(len(cells)), np.ones(len(cells))
    whole = smoother.kernel == "uniform"
    places = _Places.of(smoother, model)

    def compute(at: Cells) -> None:
        sums = places.sums(cells[at])
        p_high[at], p_low[at] = inverted_tails(observed[at], sums, log_nothing=sums.log_nothing(), whole=whole)

    # Tiles don't depend on each other, and NumPy leaves other threads to run.
    with ThreadPoolExecutor(min(MOST_THREADS, os.cpu_count() or 1)) as pool:
        list(pool.map(compute, places.tiles(cells)))
    return p_high, p_low


def scattered_moments(smoother: Smoother, model: Mixture, *, cells: Cells) -> tuple[Floats, Floats]:
    """Return mean and variance of the sums in these cells, each (m)."""
    mean, variance = np.zeros(len(cells)), np.zeros(len(cells))
    places = _Places.of(smoother, model)
    for at in places.tiles(cells):
        centre = places.sums(cells[at]).cumulants(np.zeros(len(at)))
        mean[at], variance[at] = centre.slope, centre.curve
    return mean, variance


@dataclass(frozen=True, eq=False, slots=True)
class _Sums:
    """The sums of some cells near each other under a distribution: an `inversion.Sum`."""

    terms: AreaTerms
    kernel: Floats
    """Values of the kernel between cells, above 0 (k)."""
    masses: Floats
    """Masses of the areas within reach of each cell of the tile, at these values; 0 from the last area of a cell to the
    most that one has: (tile, areas, k)."""
    weights: Floats
    """The same brought to `KNOTS` values of the kernel: (cells, areas, knots).

    The sum of a polynomial of the kernel over masses is that over the knots with these weights (Lagrange).
    """
    cells: Cells
    """Positions in the tile (cells)."""

    def some(self, cells: Cells) -> _Sums:
        """Return those of some of the cells, by position among these."""
        return replace(self, weights=self.weights[cells], cells=self.cells[cells])

    def cumulants(self, s: Floats) -> Cumulants:
        """Return kappa, its slope and its curvature at a real node of each cell."""
        return Cumulants(*(of_areas.sum(axis=1) for of_areas in self.terms.cumulants(s, self._summed)))

    def kappa(self, s: Complexes) -> Complexes:
        """Return kappa at nodes, up to whole turns: (cells, nodes)."""
        return self.terms.kappa(s, self._summed)

    def log_nothing(self) -> Floats:
        """Return log P(S = 0) of every cell."""
        near = self.masses[self.cells].sum(axis=2)
        return np.asarray(np.minimum(self.terms.nothing(near).sum(axis=1), 0.0))

    def _summed(self, function: OfKernel, s: Any) -> Any:
        """Return the sums of a function of the kernel over the masses, at nodes (cells, n): (cells, areas, n)."""
        few = np.abs(s).max(axis=1) <= self.terms.farthest
        if few.all():
            return _product(self.weights, function(_KNOTS[:, None], s[:, None, :]))
        sums = np.empty((*self.weights.shape[:2], s.shape[1]), dtype=s.dtype)
        sums[few] = _product(self.weights[few], function(_KNOTS[:, None], s[few, None, :]))
        sums[~few] = _product(self.masses[self.cells[~few]], function(self.kernel[:, None], s[~few, None, :]))
        return sums


def _product(masses: Floats, values: Any) -> Any:
    """Return (cells, areas, k) @ (cells, k, n); a product with complex numbers would make masses complex too."""
    return (masses @ values.view(float)).view(values.dtype)


_KNOTS: Final = (1 - np.cos((np.arange(KNOTS) + 0.5) * np.pi / KNOTS)) / 2
"""Chebyshev's points between 0 and 1."""


def _lagrange(k: Floats) -> Floats:
    """Return Lagrange's polynomials of the knots at values of the kernel, (k, knots)."""
    from numpy.polynomial import chebyshev

    # Polynomials are exact in Chebyshev's basis, whose matrix at its own points is well conditioned.
    basis, own = (chebyshev.chebvander(2 * values - 1, KNOTS - 1) for values in (k, _KNOTS))
    return np.ascontiguousarray(np.linalg.solve(own.T, basis.T).T)


@dataclass(frozen=True, eq=False, slots=True)
class _Places:
    """Masses by row of the grid, and the kernel between cells."""

    model: Mixture
    """Its pieces by row of the grid."""
    columns: int
    """Columns of the grid."""
    steps: int
    """Cells within reach of the kernel, in one direction."""
    side: int
    """Cells along the side of a tile."""
    kernel: Floats
    """Values of the kernel between cells, above 0 (k)."""
    number: Cells
    """Which of them an offset has, see `_kernel_at_offsets`."""
    polynomials: Floats
    """Lagrange's polynomials of the knots at these values, (k, knots)."""

    @classmethod
    def of(cls, smoother: Smoother, model: Mixture) -> _Places:
        """Return those of a kernel on a grid."""
        grid = smoother.grid
        # Beyond the grid there is nothing to reach.
        steps = min(int(smoother.reach // grid.side), max(grid.shape))
        kernel, number = _kernel_at_offsets(smoother, steps + TILE - 1)
        order = np.argsort(model.pieces.cell, kind="stable")
        model = model._replace(pieces=model.pieces.take(order))
        side = TILE if len(kernel) <= MOST_VALUES else 1
        return cls(model, grid.shape[1], steps, side, kernel, number, _lagrange(kernel))

    def tiles(self, cells: Cells) -> Iterator[Cells]:
        """Yield the positions of the cells of each tile."""
        row, column = np.divmod(cells, self.columns)
        tile = (row // self.side) * (self.columns // self.side + 1) + column // self.side
        order = np.argsort(tile, kind="stable")
        yield from np.split(order, np.flatnonzero(np.diff(tile[order])) + 1) if len(cells) else ()

    def sums(self, cells: Cells) -> _Sums:
        """Return the sums of the cells of a tile."""
        row, column = np.divmod(cells, self.columns)
        first, last = (row.min() - self.steps) * self.columns, (row.max() + self.steps + 1) * self.columns
        near = slice(*np.searchsorted(self.model.pieces.cell, [first, last]))
        owner, cell, mass = self.model.pieces.take(near)
        place_row, place_column = np.divmod(cell, self.columns)
        across = (place_column >= column.min() - self.steps) & (place_column <= column.max() + self.steps)
        number = self.number[place_row[across] - row[:, None], place_column[across] - column[:, None]]
        masses = _masses(owner[across], mass[across], number, len(self.kernel))
        return _Sums(self.model.terms, self.kernel, masses, masses @ self.polynomials, np.arange(len(cells)))


def _masses(owner: Cells, mass: Floats, value: Cells, values: int) -> Floats:
    """Return the masses of the areas within reach of each cell by value of the kernel, (cells, areas, values).

    `value` is the number of the kernel's value between each cell and each piece, (cells, pieces), -1 beyond reach.
    """
    areas, owner = np.unique(owner, return_inverse=True)
    cell, piece = np.nonzero(value >= 0)
    met = np.zeros((len(value), len(areas)), dtype=bool)
    met[cell, owner[piece]] = True
    place = met.cumsum(axis=1) - 1
    shape = len(value), int(met.sum(axis=1).max(initial=1)), values
    position = np.ravel_multi_index((cell, place[cell, owner[piece]], value[cell, piece]), shape)
    return np.bincount(position, mass[piece], minlength=int(np.prod(shape))).astype(float).reshape(shape)


def _kernel_at_offsets(smoother: Smoother, most: int) -> tuple[Floats, Cells]:
    """Return the values of the kernel between cells, above 0 and 1 at its centre, and which of them each offset has.

    The second has a row for each offset down from 0 to `most` and then from -`most` to -1, and columns alike, as
    indices count; -1 beyond reach.
    """
    steps = np.concatenate([np.arange(most + 1), np.arange(-most, 0)]) * smoother.grid.side
    squared = steps[:, None] ** 2 + steps**2
    profile = KERNELS[smoother.kernel](squared / smoother.bandwidth**2) / peak_of(smoother.kernel)
    values, number = np.unique(np.where(squared <= smoother.reach**2, profile, 0.0), return_inverse=True)
    below = int(values[0] <= 0)
    return values[below:], number.reshape(squared.shape) - below
