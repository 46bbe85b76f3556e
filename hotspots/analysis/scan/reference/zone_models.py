"""How likely a zone's count is where nothing clusters: constant risk, exchangeable risk, cases among controls.

A model has a statistic, which grows with a zone's count and falls with its size; the chance of every count; and random
maps in which some areas have a given count together. All are given the number of events in all areas.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Bernoulli", "ConstantRisk", "ExchangeableRisk", "ZoneModel", "log_tail", "poisson_ratio"]


AT_ONCE: Final = 4_096
"""Zones whose chances are added up together: what is worked on stays in the processor's cache."""


class ZoneModel(Protocol):
    """What a scan needs to know of a null hypothesis."""

    @property
    def size(self) -> Floats:
        """Size of every area, of which zones have sums: expected events, or people in question (n)."""

    @property
    def total(self) -> int:
        """Events in all areas."""

    def statistic(self, count: Floats, size: Floats) -> Floats:
        """Return the statistic of zones; 0 where there are no more events than expected."""

    def statistic_limit(self, count: Floats, size: Floats) -> Floats:
        """Return upper limits of the statistic that are fast to compute, where it is not."""

    def smallest_size(self, count: Floats) -> Floats:
        """Return the smallest size of a zone that can have these counts."""

    def log_chance(self, count: Floats, size: Floats) -> Floats:
        """Return the logarithm of the chance that a zone of this size has this count; -inf where it can't."""

    def ratio(self, count: Floats, size: Floats) -> Floats:
        """Return the chance of one event more over that of these counts; 0 where there can't be more."""

    @property
    def growth(self) -> float:
        """What an event adds to the size of its area for the next one: events fall one by one, as from an urn."""

    def log_chance_alone(self, count: Floats, size: Floats, whole: Floats) -> Floats:
        """Return that zones have these counts, and no event is in what the next zones, of size `whole`, add."""

    def draw(self, count: int, inside: NDArray[np.int32], rng: np.random.Generator) -> Floats:
        """Return a random map (n) whose areas `inside` have this count together."""

    def merged(self, areas: NDArray[np.intp]) -> ZoneModel:
        """Return the model of a map of these areas and of all others taken as one, the last."""


def log_tail(model: ZoneModel, count: Floats, size: Floats, *, precision: float = 1e-15) -> Floats:
    """Return the logarithm of the chance of at least these counts, each at or above what is expected.

    Terms are added up relative to the first, so that no chance is too small. What is left of the sum is below
    `precision` of it, and its upper limit is added.
    """
    if len(count) > AT_ONCE:
        parts = [slice(start, start + AT_ONCE) for start in range(0, len(count), AT_ONCE)]
        return np.concatenate([log_tail(model, count[part], size[part], precision=precision) for part in parts])
    term = np.ones(len(count))
    relative, live, at = term.copy(), np.arange(len(count)), count.copy()
    while len(live):
        # Several terms at a time where zones are few: the work is then in NumPy and not in the loop.
        steps = np.arange(max(min(64, 65_536 // len(live)), 1))
        # Beyond the last possible count a ratio is 0 times a very large number.
        ratios = np.minimum(model.ratio(at[:, None] + steps, size[live][:, None]), 1e3)
        terms = term[:, None] * np.cumprod(ratios, axis=1)
        relative[live] += terms.sum(axis=1)
        term, ratio = terms[:, -1], ratios[:, -1]
        at = at + len(steps)
        # Above the mean, terms fall at least geometrically: what is left is at most the last one times r / (1 - r).
        left = term * ratio / np.maximum(1 - ratio, 1e-3)
        going = left > precision * relative[live]
        relative[live] += np.where(going, 0.0, left)
        live, term, at = live[going], term[going], at[going]
    return np.asarray(model.log_chance(count, size) + np.log(relative))


def _log_choose(n: Floats, k: Floats) -> Floats:
    from scipy.special import gammaln

    return np.asarray(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1))


def poisson_ratio(count: Floats, expected: Floats, total: Floats | float) -> Floats:
    """Return Kulldorff's log-likelihood ratio of a zone with a higher rate inside than outside."""
    from scipy.special import xlogy

    rest, other = total - count, total - expected
    value = xlogy(count, count / expected) + xlogy(rest, rest / other)
    return np.asarray(np.where(count > expected, value, 0.0))


@dataclass(frozen=True, slots=True)
class ConstantRisk:
    """Everyone has the same risk: a zone's count is binomial; the statistic is Kulldorff's likelihood ratio.

    Parameters
    ----------
    size
        Expected events of every area, which add up to `total` (n).
    total
        Events in all areas.

    References
    ----------
    Kulldorff (1997), Communications in Statistics: Theory and Methods 26, 1481-1496 (the Poisson model).
    """

    size: Floats
    total: int

    def statistic(self, count: Floats, size: Floats) -> Floats:
        """See `ZoneModel`."""
        return poisson_ratio(count, size, self.total)

    def statistic_limit(self, count: Floats, size: Floats) -> Floats:
        """See `ZoneModel`."""
        return self.statistic(count, size)

    def smallest_size(self, count: Floats) -> Floats:
        """See `ZoneModel`."""
        return np.full(len(count), 1e-9)

    def log_chance(self, count: Floats, size: Floats) -> Floats:
        """See `ZoneModel`."""
        return _log_binomial(count, np.asarray(float(self.total)), size / self.total)

    def ratio(self, count: Floats, size: Floats) -> Floats:
        """See `ZoneModel`."""
        share = size / self.total
        return (self.total - count) / (count + 1) * share / (1 - share)

    @property
    def growth(self) -> float:
        """See `ZoneModel`."""
        return 0.0

    def log_chance_alone(self, count: Floats, size: Floats, whole: Floats) -> Floats:
        """See `ZoneModel`."""
        left = self.total - count
        return _log_choose(np.asarray(float(self.total)), count) + (
            count * np.log(size / self.total) + left * np.log1p(-whole / self.total)
        )

    def merged(self, areas: NDArray[np.intp]) -> ConstantRisk:
        """See `ZoneModel`."""
        return replace(self, size=_with_rest(self.size, areas))

    def draw(self, count: int, inside: NDArray[np.int32], rng: np.random.Generator) -> Floats:
        """See `ZoneModel`."""
        return _split(count, inside, self.size, self.total, rng)


@dataclass(frozen=True, slots=True)
class ExchangeableRisk:
    """Areas' risks scatter like gammas: counts are Dirichlet-multinomial, a zone's count is beta-binomial.

    The statistic is minus the logarithm of the chance of a count at least as high.

    Parameters
    ----------
    size, total
        As in `ConstantRisk`.
    dispersion
        Variance of an area's count over its mean, above 1.

    References
    ----------
    Mosimann (1962), Biometrika 49, 65-82 (the compound multinomial).
    """

    size: Floats
    total: int
    dispersion: float

    @property
    def weight(self) -> float:
        """Sum of the Dirichlet weights, which are (expected events) / (dispersion - 1)."""
        return self.total / (self.dispersion - 1)

    def statistic(self, count: Floats, size: Floats) -> Floats:
        """See `ZoneModel`."""
        value = np.zeros(np.broadcast(count, size).shape)
        more = count > size
        value[more] = -log_tail(self, count[more], size[more])
        return value

    def statistic_limit(self, count: Floats, size: Floats) -> Floats:
        """See `ZoneModel`."""
        # The chance of a count at least as high is at least that of the count.
        value = np.zeros(np.broadcast(count, size).shape)
        more = count > size
        value[more] = -self.log_chance(count[more], size[more])
        return value

    def smallest_size(self, count: Floats) -> Floats:
        """See `ZoneModel`."""
        return np.full(len(count), 1e-9)

    def log_chance(self, count: Floats, size: Floats) -> Floats:
        """See `ZoneModel`."""
        inside = size / (self.dispersion - 1)
        return _log_beta_binomial(count, np.asarray(float(self.total)), inside, self.weight - inside)

    def ratio(self, count: Floats, size: Floats) -> Floats:
        """See `ZoneModel`."""
        inside = size / (self.dispersion - 1)
        left = self.total - count
        others = np.maximum(left - 1 + self.weight - inside, 1e-12)
        return left * (inside + count) / ((count + 1) * others)

    @property
    def growth(self) -> float:
        """See `ZoneModel`."""
        return self.dispersion - 1

    def log_chance_alone(self, count: Floats, size: Floats, whole: Floats) -> Floats:
        """See `ZoneModel`."""
        from scipy.special import gammaln

        inside, outside = size / self.growth, self.weight - whole / self.growth
        left, total = self.total - count, np.asarray(float(self.total))
        value = gammaln(inside + count) - gammaln(inside) + gammaln(outside + left) - gammaln(outside)
        return value + _log_choose(total, count) - gammaln(self.weight + total) + gammaln(self.weight)

    def merged(self, areas: NDArray[np.intp]) -> ExchangeableRisk:
        """See `ZoneModel`."""
        return replace(self, size=_with_rest(self.size, areas))

    def draw(self, count: int, inside: NDArray[np.int32], rng: np.random.Generator) -> Floats:
        """See `ZoneModel`."""
        return _split(count, inside, rng.standard_gamma(self.size / (self.dispersion - 1)), self.total, rng)


@dataclass(frozen=True, slots=True)
class Bernoulli:
    """Everyone is a case or a control: a zone's cases are hypergeometric; the statistic is the likelihood ratio.

    Parameters
    ----------
    size
        Cases and controls of every area together, whole numbers (n).
    total
        Cases in all areas.

    References
    ----------
    Kulldorff and Nagarwalla (1995), Statistics in Medicine 14, 799-810.
    """

    size: Floats
    total: int

    def statistic(self, count: Floats, size: Floats) -> Floats:
        """See `ZoneModel`."""
        from scipy.special import xlogy

        people = float(self.size.sum())
        rest, other = self.total - count, people - size
        inside = xlogy(count, count / size) + xlogy(size - count, (size - count) / size)
        outside = xlogy(rest, rest / other) + xlogy(other - rest, (other - rest) / other)
        share = self.total / people
        null = xlogy(self.total, share) + xlogy(people - self.total, 1 - share)
        with np.errstate(invalid="ignore"):
            return np.asarray(np.where((count > size * share) & (count <= size), inside + outside - null, 0.0))

    def statistic_limit(self, count: Floats, size: Floats) -> Floats:
        """See `ZoneModel`."""
        return self.statistic(count, size)

    def smallest_size(self, count: Floats) -> Floats:
        """See `ZoneModel`."""
        return count

    def log_chance(self, count: Floats, size: Floats) -> Floats:
        """See `ZoneModel`."""
        people, cases = (np.asarray(float(number)) for number in (self.size.sum(), self.total))
        return self._log_hypergeometric(count, size, people, cases)

    def ratio(self, count: Floats, size: Floats) -> Floats:
        """See `ZoneModel`."""
        left, others = self.total - count, float(self.size.sum()) - size - self.total + count + 1
        return np.maximum(size - count, 0) * np.maximum(left, 0) / ((count + 1) * np.maximum(others, 1))

    @property
    def growth(self) -> float:
        """See `ZoneModel`."""
        return -1.0

    def log_chance_alone(self, count: Floats, size: Floats, whole: Floats) -> Floats:
        """See `ZoneModel`."""
        people, cases = float(self.size.sum()), np.asarray(float(self.total))
        others, left = people - whole, cases - count
        with np.errstate(invalid="ignore"):
            value = _log_choose(size, count) + _log_choose(others, left) - _log_choose(np.asarray(people), cases)
        return np.asarray(np.where((count <= size) & (left <= others), value, -np.inf))

    def merged(self, areas: NDArray[np.intp]) -> Bernoulli:
        """See `ZoneModel`."""
        return replace(self, size=_with_rest(self.size, areas))

    def draw(self, count: int, inside: NDArray[np.int32], rng: np.random.Generator) -> Floats:
        """See `ZoneModel`."""
        people = np.rint(self.size).astype(np.int64)
        drawn = np.zeros(len(people))
        outside = np.ones(len(people), dtype=bool)
        outside[inside] = False
        drawn[inside] = rng.multivariate_hypergeometric(people[inside], count, method="marginals")
        drawn[outside] = rng.multivariate_hypergeometric(people[outside], self.total - count, method="marginals")
        return drawn

    @staticmethod
    def _log_hypergeometric(count: Floats, size: Floats, people: Floats, cases: Floats) -> Floats:
        with np.errstate(invalid="ignore"):
            value = _log_choose(size, count) + _log_choose(people - size, cases - count) - _log_choose(people, cases)
        possible = (count >= 0) & (count <= size) & (count <= cases) & (cases - count <= people - size)
        return np.asarray(np.where(possible, value, -np.inf))


def _log_binomial(count: Floats, total: Floats, share: Floats) -> Floats:
    from scipy.special import xlog1py, xlogy

    with np.errstate(invalid="ignore", divide="ignore"):
        value = _log_choose(total, count) + xlogy(count, share) + xlog1py(total - count, -share)
    return np.asarray(np.where((count >= 0) & (count <= total), value, -np.inf))


def _log_beta_binomial(count: Floats, total: Floats, inside: Floats, outside: Floats) -> Floats:
    from scipy.special import betaln

    with np.errstate(invalid="ignore"):
        value = _log_choose(total, count) + betaln(count + inside, total - count + outside) - betaln(inside, outside)
    return np.asarray(np.where((count >= 0) & (count <= total), value, -np.inf))


def _with_rest(size: Floats, areas: NDArray[np.intp]) -> Floats:
    """Return the sizes of these areas, and of all others together."""
    return np.append(size[areas], np.delete(size, areas).sum())


def _split(count: int, inside: NDArray[np.int32], weight: Floats, total: int, rng: np.random.Generator) -> Floats:
    """Return a multinomial map whose areas `inside` have this count together, all others the rest."""
    drawn, outside = np.zeros(len(weight)), weight.copy()
    outside[inside] = 0.0
    part = weight[inside]
    drawn[inside] = rng.multinomial(count, part / part.sum()) if part.sum() > 0 else 0
    if outside.sum() > 0:
        drawn += rng.multinomial(total - count, outside / outside.sum())
    return drawn
