r"""How risks, or shares of the first of two files, differ between areas, and what that does to a sum of kernels.

An area a has a risk of its own, drawn from a distribution that all areas share, and given it the events of its cells
are Poisson around risk times expected(y). With E_a(s) = sum over cells y of a of expected_a(y) (exp(s k) - 1), the
part of the area in a sum S has the cumulant generating function

    log E exp(s S_a) = log sum_j g_j exp(risk_j E_a(s))     risks of a discrete distribution with shares g_j,
    log E exp(s S_a) = -shape log(1 - E_a(s) / shape)       risks of a gamma distribution with a mean of 1.

Of labels, area a has a share of its own, and each of its events is the first file's with that probability, so that
risk_j E_a(s) is replaced by the sum over a's events of log(1 - p_j + p_j exp(s k)).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Complexes = NDArray[np.complex128]

TIMES: Final = 8.0
"""Nodes up to which events that are Poisson are summed at a few values of the kernel, the knots of `scattered_sums`,
whose polynomial is exp(s k) to 6e-9; beyond, at all values."""
TIMES_LABELS: Final = 1.8
"""The same of labels, whose function has a singularity at i pi; log(1 - p + p exp(s k)) to 1e-7."""

OfKernel = Callable[["Floats", Any], Any]
"""A function of the kernel and a node, element by element."""
Summed = Callable[[OfKernel, Any], Any]
"""From such a function and nodes (cells, n) to its sums over masses: (cells, areas, n)."""


class Distribution(NamedTuple):
    """A distribution of risks, or of shares of the first file, among areas: values and their probabilities (j)."""

    value: Floats
    probability: Floats

    @property
    def single(self) -> bool:
        """Whether all areas have the same."""
        return len(self.value) == 1

    def draw(self, areas: int, rng: np.random.Generator) -> Floats:
        """Return the risks, or shares, of this many areas."""
        return rng.choice(self.value, areas, p=self.probability)


class GammaRisks(NamedTuple):
    """A gamma distribution of risks among areas, with a mean of 1."""

    shape: float
    """One over its variance."""

    @property
    def single(self) -> bool:
        """Whether all areas have the same: no."""
        return False

    def draw(self, areas: int, rng: np.random.Generator) -> Floats:
        """Return the risks of this many areas."""
        return rng.gamma(self.shape, 1 / self.shape, areas)


class AreaTerms(Protocol):
    """What areas add to the cumulant generating function of sums of kernels."""

    farthest: float
    """Nodes up to which the knots of the kernel are enough."""

    def cumulants(self, s: Floats, summed: Summed) -> tuple[Floats, Floats, Floats]:
        """Return log E exp(s S_a), its slope and its curvature at a real node of each cell: each (cells, areas).

        Infinite where E exp(s S_a) is.
        """
        ...

    def kappa(self, s: Complexes, summed: Summed) -> Complexes:
        """Return the sum over areas of log E exp(s S_a), up to whole turns, at complex nodes (cells, n)."""
        ...

    def nothing(self, near: Floats) -> Floats:
        """Return log P(no event within reach), `near` being the mass there (cells, areas)."""
        ...


class _Mixed(ABC):
    """Terms of areas that draw one of a few values."""

    __slots__ = ()
    of: Distribution

    @abstractmethod
    def given(self, s: Any, summed: Summed, order: int) -> Any:
        """Return a derivative of log E exp(s S_a), given each value, in s at nodes: iterable of (cells, areas, n)."""

    def waves(self, s: Complexes, summed: Summed) -> Iterator[tuple[Floats, Floats]]:
        """Yield log E exp(s S_a) given each value, and its probability: real and imaginary part, (cells, areas, n)."""
        for wave, log_probability in zip(self.given(s, summed, 0), self._log_probability, strict=True):
            yield _parts(wave + log_probability)

    @abstractmethod
    def nothing_given(self, near: Floats) -> Floats:
        """Return log P(no event within reach) given each value: (values, cells, areas)."""

    @property
    def _log_probability(self) -> Floats:
        return np.log(self.of.probability)

    def cumulants(self, s: Floats, summed: Summed) -> tuple[Floats, Floats, Floats]:
        """Return log E exp(s S_a), its slope and its curvature at a real node of each cell: each (cells, areas)."""
        node = s[:, None]
        value, slope, curve = (np.array([one[..., 0] for one in self.given(node, summed, order)]) for order in range(3))
        logs = value + self._log_probability[:, None, None]
        top = logs.max(axis=0)
        weight = np.exp(logs - top)
        total = weight.sum(axis=0)
        weight /= total
        mean = (weight * slope).sum(axis=0)
        # Variance within a risk, and between risks.
        return top + np.log(total), mean, (weight * (curve + (slope - mean) ** 2)).sum(axis=0)

    def kappa(self, s: Complexes, summed: Summed) -> Complexes:
        """Return the sum over areas of log E exp(s S_a), up to whole turns, at complex nodes (cells, n)."""
        waves = list(self.waves(s, summed))
        top = np.max([size for size, _ in waves], axis=0)
        real, imaginary = np.zeros((2, *top.shape))
        for size, turn in waves:
            height, cosine, sine = _turned(size - top, turn)
            real += height * cosine
            imaginary += height * sine
        product = (real + 1j * imaginary).prod(axis=1)
        # Where waves cancel there is no logarithm; so small a number is nothing all the same.
        return np.asarray(top.sum(axis=1) + np.log(np.where(product == 0, 1e-300, product)))

    def nothing(self, near: Floats) -> Floats:
        """Return log P(no event within reach), `near` being the mass there (cells, areas)."""
        from scipy.special import logsumexp

        return np.asarray(logsumexp(self.nothing_given(near) + self._log_probability[:, None, None], axis=0))


@dataclass(frozen=True, slots=True)
class RiskTerms(_Mixed):
    """The terms of events that are Poisson around risk times mass, for risks of a discrete distribution."""

    of: Distribution
    farthest = TIMES

    def given(self, s: Any, summed: Summed, order: int) -> Any:
        """Return a derivative of log E exp(s S_a), given each risk, in s at nodes: iterable of (cells, areas, n)."""
        of_one = summed(_poisson(order), s)
        return (risk * of_one for risk in self.of.value)

    def waves(self, s: Complexes, summed: Summed) -> Iterator[tuple[Floats, Floats]]:
        """Yield log E exp(s S_a) given each risk, and its probability: real and imaginary part, (cells, areas, n)."""
        size, turn = _parts(summed(_poisson(0), s))
        for risk, log_probability in zip(self.of.value, self._log_probability, strict=True):
            yield risk * size + log_probability, risk * turn

    def nothing_given(self, near: Floats) -> Floats:
        """Return log P(no event within reach) given each risk: (risks, cells, areas)."""
        return -np.multiply.outer(self.of.value, near)


@dataclass(frozen=True, slots=True)
class GammaTerms:
    """The terms of events that are Poisson around risk times mass, for risks of a gamma distribution."""

    of: GammaRisks
    farthest = TIMES

    def cumulants(self, s: Floats, summed: Summed) -> tuple[Floats, Floats, Floats]:
        """Return log E exp(s S_a), its slope and its curvature at a real node of each cell: each (cells, areas)."""
        shape, node = self.of.shape, s[:, None]
        value, slope, curve = (summed(_poisson(order), node)[..., 0] for order in range(3))
        rest = 1 - value / shape
        with np.errstate(divide="ignore", invalid="ignore"):
            own = -shape * np.log(rest), slope / rest, curve / rest + (slope / rest) ** 2 / shape
        return tuple(np.where(rest > 0, one, np.inf) for one in own)  # type: ignore[return-value]

    def kappa(self, s: Complexes, summed: Summed) -> Complexes:
        """Return the sum over areas of log E exp(s S_a) at complex nodes (cells, n)."""
        # The real part of 1 - E_a / shape is least on the real axis, where it is above 0: the logarithm has no turns.
        rest = 1 - summed(_poisson(0), s) / self.of.shape
        return np.asarray(-self.of.shape * _log(rest).sum(axis=1))

    def nothing(self, near: Floats) -> Floats:
        """Return log P(no event within reach), `near` being the mass there (cells, areas)."""
        return np.asarray(-self.of.shape * np.log1p(near / self.of.shape))


@dataclass(frozen=True, slots=True)
class ShareTerms(_Mixed):
    """The terms of events each of which is labelled with the probability of its area."""

    of: Distribution
    farthest = TIMES_LABELS

    def given(self, s: Any, summed: Summed, order: int) -> Any:
        """Return a derivative of log E exp(s S_a), given each share, in s at nodes: iterable of (cells, areas, n)."""
        return (summed(_label(p, order), s) for p in self.of.value)

    def nothing_given(self, near: Floats) -> Floats:
        """Return log P(no labelled event within reach) given each share: (shares, cells, areas)."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(near > 0, np.multiply.outer(np.log1p(-self.of.value), near), 0.0)


def terms_of_risks(risks: Distribution | GammaRisks) -> RiskTerms | GammaTerms:
    """Return the terms of areas that draw their risks."""
    return GammaTerms(risks) if isinstance(risks, GammaRisks) else RiskTerms(risks)


def _poisson(order: int) -> OfKernel:
    """Return what a Poisson event of mean 1 adds, exp(s k) - 1, or a derivative in s."""

    def function(k: Floats, s: Any) -> Any:
        wave = s * k
        if np.iscomplexobj(wave):
            return _exp(wave) - 1
        return np.expm1(wave) if order == 0 else k**order * np.exp(wave)

    return function


def _label(p: float, order: int) -> OfKernel:
    """Return what an event labelled with probability p adds, log(1 - p + p exp(s k)), or a derivative in s."""

    def function(k: Floats, s: Any) -> Any:
        wave = s * k
        # Of the two exponentials, the larger is taken out.
        up = wave.real > 0
        small = _exp(np.where(up, -wave, wave))
        both = np.where(up, p + (1 - p) * small, 1 - p + p * small)
        with np.errstate(divide="ignore", invalid="ignore"):
            if order == 0:
                return _log(both) + np.where(up, wave, 0.0)
            tilted = np.where(up, p, p * small) / both
        return k * tilted if order == 1 else k**2 * tilted * (1 - tilted)

    return function


def _parts(z: Complexes) -> tuple[Floats, Floats]:
    """Return the real and the imaginary part, apart in memory: NumPy's functions are faster there."""
    return np.ascontiguousarray(z.real), np.ascontiguousarray(z.imag)


def _turned(size: Floats, turn: Floats) -> tuple[Floats, Floats, Floats]:
    """Return (h, c, s) so that exp(size + i turn) = h c + i h s."""
    # By the tangent of half the angle, for which NumPy takes a tenth of the time of a cosine or a sine.
    tangent = np.tan(turn / 2)
    square = tangent * tangent
    height = np.exp(size)
    height /= 1 + square
    return height, 1 - square, 2 * tangent


def _exp(z: Any) -> Any:
    """Return exp(z), of complex numbers by real functions: ten times as fast."""
    if not np.iscomplexobj(z):
        return np.exp(z)
    height, cosine, sine = _turned(*_parts(z))
    return height * (cosine + 1j * sine)


def _log(z: Any) -> Any:
    """Return log(z), of complex numbers by real functions: seven times as fast."""
    if not np.iscomplexobj(z):
        return np.log(z)
    real, imaginary = _parts(z)
    return np.log(real * real + imaginary * imaginary) / 2 + 1j * np.arctan2(imaginary, real)
