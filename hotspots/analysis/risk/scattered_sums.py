r"""P-values of a smoothed sum in every cell of a grid where risks, or shares, differ from area to area at random.

A cell's sum S(x) = sum over cells y of count(y) k(x - y) is a sum over independent areas. Its cumulant generating
function is the sum of those of `area_terms`: a logarithm for each area, so this is no convolution as under constant
risk. It is computed for square tiles of cells: a sparse matrix has the masses of the areas within reach of a tile.
E_a(s) is its product with exp(s k) - 1; for the smaller s, with polynomials of k that are taken once for all s. The
tails are those of `inversion`. Where all areas have one risk, kappa(s) is that of Poisson events, the sum over y of
expected(y) (exp(s k) - 1).
"""

from __future__ import annotations

from collections.abc import Iterator
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
TILE: Final = 6
"""Cells along the side of a tile: of 4, 6, 10 and 16, the fastest where areas are about as wide as six cells."""


class Pieces(NamedTuple):
    """Masses by area and cell: expected events, or events; each array (pieces). A cell may have several areas."""

    owner: Cells
    """Position of the area."""
    cell: Cells
    """Position of the cell in reading order."""
    mass: Floats

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
    for at, sums in _sums(smoother, model, cells):
        p_high[at], p_low[at] = inverted_tails(observed[at], sums, log_nothing=sums.log_nothing(), whole=whole)
    return p_high, p_low


def scattered_moments(smoother: Smoother, model: Mixture, *, cells: Cells) -> tuple[Floats, Floats]:
    """Return mean and variance of the sums in these cells, each (m)."""
    mean, variance = np.zeros(len(cells)), np.zeros(len(cells))
    for at, sums in _sums(smoother, model, cells):
        centre = sums.cumulants(np.zeros(len(at)))
        mean[at], variance[at] = centre.slope, centre.curve
    return mean, variance


def _sums(smoother: Smoother, model: Mixture, cells: Cells) -> Iterator[tuple[Cells, _Sums]]:
    for tile in _tiles(smoother, model.pieces, cells):
        yield tile.at, _Sums.of(tile, model.terms)


@dataclass(frozen=True, eq=False, slots=True)
class _Tile:
    """Cells near each other, and the masses within their reach by area."""

    at: Cells
    """Positions among the cells asked for (t)."""
    masses: Any
    """SciPy sparse array (areas, places): the masses within reach; places are cells that have any."""
    offsets: Cells
    """Position in `kernel` of the offset from each cell to each place (places, t)."""
    kernel: Floats
    """The kernel at all offsets, 1 at its centre and 0 beyond its reach."""
    polynomials: Floats
    """Lagrange's polynomials of the knots at all offsets, (offsets, knots); 0 beyond reach."""

    def summed(self, values: Any) -> Any:
        """Return the sums over masses of values at places, (places, ...): (areas, ...)."""
        flat = np.ascontiguousarray(values.reshape(len(values), -1))
        # A sparse product of complex numbers would turn the masses into complex ones too.
        product = self.masses @ flat.view(float)
        return product.view(values.dtype).reshape(-1, *values.shape[1:])


@dataclass(frozen=True, eq=False, slots=True)
class _Sums:
    """The sums of a tile's cells under a distribution: an `inversion.Sum`."""

    tile: _Tile
    terms: AreaTerms
    weights: Floats
    """Masses of the areas within reach of a cell, brought to `KNOTS` values of the kernel: (cells, areas, knots).

    The sum of a polynomial of the kernel over masses is that over the knots with these weights (Lagrange).
    """
    areas: Cells
    """Positions of these areas, and of others up to the most that a cell has, whose weights are 0 (cells, areas)."""
    cells: Cells

    @classmethod
    def of(cls, tile: _Tile, terms: AreaTerms) -> _Sums:
        """Return the sums of all cells of a tile."""
        weights = tile.summed(tile.polynomials[tile.offsets]).swapaxes(0, 1)
        met = weights.any(axis=2)
        areas = np.argsort(~met, axis=1, kind="stable")[:, : met.sum(axis=1).max()]
        return cls(tile, terms, np.take_along_axis(weights, areas[:, :, None], axis=1), areas, np.arange(len(tile.at)))

    def some(self, cells: Cells) -> _Sums:
        """Return those of some of the cells, by position among these."""
        return replace(self, weights=self.weights[cells], areas=self.areas[cells], cells=self.cells[cells])

    def cumulants(self, s: Floats) -> Cumulants:
        """Return kappa, its slope and its curvature at a real node of each cell."""
        return Cumulants(*(of_areas.sum(axis=1) for of_areas in self.terms.cumulants(s, self._summed)))

    def kappa(self, s: Complexes) -> Complexes:
        """Return kappa at nodes, up to whole turns: (cells, nodes)."""
        return self.terms.kappa(s, self._summed)

    def log_nothing(self) -> Floats:
        """Return log P(S = 0) of every cell."""
        near = self._directly(lambda k, _: (k > 0).astype(float), np.zeros((len(self.cells), 1)))[..., 0]
        return np.asarray(np.minimum(self.terms.nothing(near).sum(axis=1), 0.0))

    def _summed(self, function: OfKernel, s: Any) -> Any:
        """Return the sums of a function of the kernel over the masses, at nodes (cells, n): (cells, areas, n)."""
        few = np.abs(s).max(axis=1) <= self.terms.farthest
        if few.all():
            return self._at_knots(function, s)
        sums = np.empty((*self.areas.shape, s.shape[1]), dtype=s.dtype)
        for some, summed in ((few, _Sums._at_knots), (~few, _Sums._directly)):
            if some.any():
                sums[some] = summed(self.some(np.flatnonzero(some)), function, s[some])
        return sums

    def _at_knots(self, function: OfKernel, s: Any) -> Any:
        values = function(_KNOTS[:, None], s[:, None, :])
        return (self.weights @ values.view(float)).view(values.dtype)

    def _directly(self, function: OfKernel, s: Any) -> Any:
        k = self.tile.kernel[self.tile.offsets[:, self.cells]][:, :, None]
        sums = self.tile.summed(np.where(k > 0, function(k, s), 0.0))
        return np.take_along_axis(sums.swapaxes(0, 1), self.areas[:, :, None], axis=1)


_KNOTS: Final = (1 - np.cos((np.arange(KNOTS) + 0.5) * np.pi / KNOTS)) / 2
"""Chebyshev's points between 0 and 1."""


def _lagrange(k: Floats) -> Floats:
    """Return Lagrange's polynomials of the knots at values of the kernel, (k, knots)."""
    from numpy.polynomial import chebyshev

    # Polynomials are exact in Chebyshev's basis, whose matrix at its own points is well conditioned.
    basis, own = (chebyshev.chebvander(2 * values - 1, KNOTS - 1) for values in (k, _KNOTS))
    return np.ascontiguousarray(np.linalg.solve(own.T, basis.T).T)


def _tiles(smoother: Smoother, pieces: Pieces, cells: Cells) -> Iterator[_Tile]:
    """Yield the tiles that have any of these cells."""
    from scipy.sparse import coo_array

    grid = smoother.grid
    columns = grid.shape[1]
    # Beyond the grid there is nothing to reach.
    steps = min(int(smoother.reach // grid.side), max(grid.shape))
    # Offsets from a cell of a tile to a place within reach of the tile, in both directions.
    most = steps + TILE - 1
    kernel = _kernel_at_offsets(smoother, most)
    polynomials = np.where(kernel[:, None] > 0, _lagrange(kernel), 0.0)
    row, column = np.divmod(cells, columns)
    place_row, place_column = np.divmod(pieces.cell, columns)
    order = np.argsort(place_row, kind="stable")
    rows = place_row[order]
    tile = (row // TILE) * (columns // TILE + 1) + column // TILE
    for at in _groups(tile):
        top, left = row[at[0]] // TILE * TILE, column[at[0]] // TILE * TILE
        some = order[np.searchsorted(rows, top - steps) : np.searchsorted(rows, top + TILE + steps)]
        across = place_column[some]
        some = some[(across >= left - steps) & (across < left + TILE + steps)]
        areas, owner = np.unique(pieces.owner[some], return_inverse=True)
        places, place = np.unique(pieces.cell[some], return_inverse=True)
        down, right = np.divmod(places, columns)
        offsets = (down[:, None] - row[at] + most) * (2 * most + 1) + right[:, None] - column[at] + most
        masses = coo_array((pieces.mass[some], (owner, place)), shape=(len(areas), len(places))).tocsr()
        yield _Tile(at, masses, offsets, kernel, polynomials)


def _groups(numbers: Cells) -> Iterator[Cells]:
    """Yield the positions of each number."""
    if not len(numbers):
        return
    order = np.argsort(numbers, kind="stable")
    yield from np.split(order, np.flatnonzero(np.diff(numbers[order])) + 1)


def _kernel_at_offsets(smoother: Smoother, most: int) -> Floats:
    """Return the kernel at offsets of up to `most` cells down and across, by rows, 1 at its centre."""
    steps = np.arange(-most, most + 1.0) * smoother.grid.side
    squared = (steps[:, None] ** 2 + steps**2).ravel()
    profile = KERNELS[smoother.kernel](squared / smoother.bandwidth**2) / peak_of(smoother.kernel)
    return np.where(squared <= smoother.reach**2, profile, 0.0)
