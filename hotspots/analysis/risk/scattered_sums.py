r"""P-values of a smoothed sum in every cell of a grid where risks, or shares, differ from area to area at random.

An area a has a risk of its own, drawn from a distribution G that all areas share, and given it the events of its cells
are Poisson around risk times expected(y). A cell's sum S(x) = sum over cells y of count(y) k(x - y) is then a sum over
independent areas, with the cumulant generating function

    kappa(s) = sum_a log sum_j g_j exp(risk_j E_a(s)),    E_a(s) = sum over cells y of a of expected_a(y) (exp(s k) - 1)

over the risks of G with their shares g_j. Of labels, area a has a share of its own, drawn from H, and each of its
events is the first file's with that probability, so that risk_j E_a(s) is replaced by the sum over a's events of
log(1 - p_j + p_j exp(s k)).

The logarithm is of a sum over risks for each area, so this is no convolution as under constant risk. It is computed
for square tiles of cells: a sparse matrix has the masses of the areas within reach of a tile. E_a(s) is its product
with exp(s k) - 1; for the smaller s, with polynomials of k that are taken once for all s. The tails are those of
`inversion`. Where G is one risk, kappa(s) is that of Poisson events, the sum over y of expected(y) (exp(s k) - 1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from hotspots.analysis.kernels import KERNELS, peak_of
from hotspots.analysis.risk.inversion import inverted_tails
from hotspots.analysis.risk.saddlepoint import Cumulants

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hotspots.analysis.risk.surface_p_values import Smoother

    Floats = NDArray[np.float64]
    Complexes = NDArray[np.complex128]
    Cells = NDArray[np.intp]

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


class Distribution(NamedTuple):
    """A distribution of risks, or of shares of the first file, among areas: values and their probabilities (j)."""

    value: Floats
    probability: Floats

    @property
    def single(self) -> bool:
        """Whether all areas have the same."""
        return len(self.value) == 1


Summed = Callable[[Callable[["Floats"], Any], Any], Any]
"""From a function of the kernel, and its nodes, to its sums over masses: (nodes, areas, cells)."""

TIMES: Final = 8.0
"""Nodes up to which events that are Poisson are summed at `KNOTS` values of the kernel; beyond, at all of them."""
TIMES_LABELS: Final = 1.8
"""The same of labels, whose function has a singularity at i pi."""
KNOTS: Final = 16
"""Values of the kernel between 0 and 1 (Chebyshev's): a polynomial through them gives exp(s k) to 6e-9 up to s = 8, and
log(1 - p + p exp(s k)) to 1e-7 up to s = 1.8."""


def _parts(function: Callable[[Floats], Any], s: Complexes, summed: Summed) -> tuple[Floats, Floats]:
    """Return the sums of the real part of a function of the kernel, and of its imaginary part."""
    return summed(lambda k: function(k).real, s), summed(lambda k: function(k).imag, s)


@dataclass(frozen=True, slots=True)
class RiskTerms:
    """The terms of events that are Poisson around risk times mass."""

    risk: Floats
    farthest = TIMES

    def at(self, s: Any, summed: Summed, order: int) -> Any:
        """Return a derivative of log E exp(s S_a) in s, given each risk, at nodes: (risks, nodes, areas, cells)."""

        def function(k: Floats) -> Any:
            wave = np.multiply.outer(s, k)
            return np.expm1(wave) if order == 0 else k**order * np.exp(wave)

        return np.multiply.outer(self.risk, summed(function, s))

    def waves(self, s: Complexes, summed: Summed) -> list[tuple[Floats, Floats]]:
        """Return log E exp(s S_a) given each risk, at complex nodes: its real and its imaginary part."""
        size, turn = _parts(lambda k: np.expm1(np.multiply.outer(s, k)), s, summed)
        return [(risk * size, risk * turn) for risk in self.risk]

    def nothing(self, near: Floats) -> Floats:
        """Return log P(no event within reach) at each risk, `near` being the mass there (areas, cells)."""
        return -np.multiply.outer(self.risk, near)


@dataclass(frozen=True, slots=True)
class ShareTerms:
    """The terms of events each of which is labelled with the probability of its area."""

    share: Floats
    farthest = TIMES_LABELS

    def at(self, s: Any, summed: Summed, order: int) -> Any:
        """Return a derivative of log E exp(s S_a) in s, given each share, at nodes: (shares, nodes, areas, cells)."""
        return np.array([summed(self._function(p, s, order), s) for p in self.share])

    def waves(self, s: Complexes, summed: Summed) -> list[tuple[Floats, Floats]]:
        """Return log E exp(s S_a) given each share, at complex nodes: its real and its imaginary part."""
        return [_parts(self._function(p, s, 0), s, summed) for p in self.share]

    @staticmethod
    def _function(p: float, s: Any, order: int) -> Callable[[Floats], Any]:
        """Return the function of the kernel of one event that is labelled with this probability."""
        return lambda k: _of_label(p, np.multiply.outer(s, k), k, order)

    def nothing(self, near: Floats) -> Floats:
        """Return log P(no labelled event within reach) at each share, `near` being the events there."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(near > 0, np.multiply.outer(np.log1p(-self.share), near), 0.0)


def _of_label(p: float, wave: Any, k: Floats, order: int) -> Any:
    """Return log(1 - p + p exp(wave)), or its first or second derivative in s where wave is s k."""
    # Of the two exponentials, the larger is taken out.
    up = wave.real > 0
    small = np.exp(np.where(up, -wave, wave))
    both = np.where(up, p + (1 - p) * small, 1 - p + p * small)
    with np.errstate(divide="ignore", invalid="ignore"):
        if order == 0:
            return np.where(k > 0, np.log(both) + np.where(up, wave, 0.0), 0.0)
        tilted = np.where(up, p, p * small) / both
    return k * tilted if order == 1 else k**2 * tilted * (1 - tilted)


Terms = RiskTerms | ShareTerms


class Mixture(NamedTuple):
    """What areas draw: the terms of their risks, or shares, the masses by area and cell, and probabilities (j)."""

    terms: Terms
    pieces: Pieces
    """Expected events at a risk of 1, or all events."""
    probability: Floats


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
        centre = sums.cumulants(0.0)
        mean[at], variance[at] = centre.slope, centre.curve
    return mean, variance


def _sums(smoother: Smoother, model: Mixture, cells: Cells) -> Iterator[tuple[Cells, _Sums]]:
    log_probability = np.log(model.probability)
    for tile in _tiles(smoother, model.pieces, cells):
        yield tile.at, _Sums(tile, model.terms, log_probability, tile.at_knots(), np.arange(len(tile.at)))


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
    """Lagrange's polynomials of the knots at all offsets, (knots, offsets); 0 beyond reach."""

    def summed(self, values: Any, cells: Cells | slice = slice(None)) -> Any:
        """Return the sums over masses of a function's values at all offsets: (areas, cells)."""
        return np.asarray(self.masses @ values[self.offsets[:, cells]])

    def at_knots(self) -> Floats:
        """Return the masses brought to `KNOTS` values of the kernel, (knots, areas, t).

        The sum of a polynomial of the kernel over masses is that over the knots with these weights (Lagrange).
        """
        return np.array([self.summed(one) for one in self.polynomials])


@dataclass(frozen=True, eq=False, slots=True)
class _Sums:
    """The sums of a tile's cells under a distribution: an `inversion.Sum`."""

    tile: _Tile
    terms: Terms
    log_probability: Floats
    weights: Floats
    """Masses at knots of the kernel, (knots, areas, cells)."""
    cells: Cells

    def some(self, cells: Cells) -> _Sums:
        """Return those of some of the cells, by position among these."""
        weights = self.weights[:, :, cells]
        # Areas beyond the reach of all of the cells add nothing.
        met = weights.any(axis=(0, 2))
        tile = replace(self.tile, masses=self.tile.masses[np.flatnonzero(met)])
        return replace(self, tile=tile, weights=np.ascontiguousarray(weights[:, met]), cells=self.cells[cells])

    def cumulants(self, s: float) -> Cumulants:
        """Return kappa, its slope and its curvature at a real node."""
        value, slope, curve = (self.terms.at(np.array([s]), self._summed, order)[:, 0] for order in range(3))
        logs = value + self.log_probability[:, None, None]
        top = logs.max(axis=0)
        weight = np.exp(logs - top)
        total = weight.sum(axis=0)
        weight /= total
        mean = (weight * slope).sum(axis=0)
        # Variance within a risk, and between risks.
        variance = (weight * (curve + (slope - mean) ** 2)).sum(axis=0)
        return Cumulants((top + np.log(total)).sum(axis=0), mean.sum(axis=0), variance.sum(axis=0))

    def kappa(self, s: Complexes) -> Complexes:
        """Return kappa at nodes, up to whole turns: (nodes, cells)."""
        waves = self.terms.waves(s, self._summed)
        top = waves[0][0] + self.log_probability[0]
        for (size, _), log_probability in zip(waves[1:], self.log_probability[1:], strict=True):
            np.maximum(top, size + log_probability, out=top)
        mixed = np.zeros(top.shape, dtype=complex)
        for (size, turn), log_probability in zip(waves, self.log_probability, strict=True):
            # By real functions: the complex exponential takes five times as long.
            height = np.exp(size + (log_probability - top))
            mixed.real += height * np.cos(turn)
            mixed.imag += height * np.sin(turn)
        product = mixed.prod(axis=1)
        # Where waves cancel there is no logarithm; so small a number is nothing all the same.
        return np.asarray(top.sum(axis=1) + np.log(np.where(product == 0, 1e-300, product)))

    def log_nothing(self) -> Floats:
        """Return log P(S = 0) of every cell (t)."""
        from scipy.special import logsumexp

        near = self.tile.summed((self.tile.kernel > 0).astype(float))
        logs = self.terms.nothing(near) + self.log_probability[:, None, None]
        return np.asarray(np.minimum(logsumexp(logs, axis=0).sum(axis=0), 0.0))

    def _summed(self, function: Callable[[Floats], Any], s: Any) -> Any:
        """Return the sums of a function of the kernel over the masses, at nodes: (nodes, areas, cells)."""
        if np.abs(s).max() > self.terms.farthest:
            kernel = self.tile.kernel
            values = np.where(kernel > 0, function(kernel), 0.0)
            return np.array([self.tile.summed(one, self.cells) for one in values])
        sums = function(_KNOTS) @ self.weights.reshape(KNOTS, -1)
        return sums.reshape(len(s), *self.weights.shape[1:])


_KNOTS: Final = (1 - np.cos((np.arange(KNOTS) + 0.5) * np.pi / KNOTS)) / 2
"""Chebyshev's points between 0 and 1."""


def _lagrange(k: Floats) -> Floats:
    """Return Lagrange's polynomials of the knots at values of the kernel, (knots, k)."""
    from numpy.polynomial import chebyshev

    # Polynomials are exact in Chebyshev's basis, whose matrix at its own points is well conditioned.
    basis, own = (chebyshev.chebvander(2 * values - 1, KNOTS - 1) for values in (k, _KNOTS))
    return np.asarray(np.linalg.solve(own.T, basis.T))


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
    polynomials = np.where(kernel > 0, _lagrange(kernel), 0.0)
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
