r"""P-values of a smoothed sum in every cell of a grid, if events fall in proportion to people or labels are random.

Events are counted in cells, and a cell's sum is S(x) = sum over cells y of count(y) k(x - y), with a kernel k that is
1 at its centre. Two nulls:

people
    Each of n events falls in cell y with probability g(y), the cell's share of the people, independently. With m(s) =
    sum_y g(y) (exp(s k(x - y)) - 1), S has the cumulant generating function n log(1 + m(s)).
labels
    The places of all N events of two files are fixed, and n of them at random are the first file's (or each is,
    independently, with probability pi). In the latter case the cumulant generating function is sum_i log(1 - pi + pi
    exp(s k(x - x_i))).

Both are one convolution per node s (and one for each derivative), which serves all cells at once; see `saddlepoint`.
The uniform kernel counts, so its sums are binomial or hypergeometric, and exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hotspots.analysis.kernels import KERNELS, peak_of, prepare
from hotspots.analysis.risk.saddlepoint import TINY, Cumulants, tails
from hotspots.vocabulary import Kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hotspots.analysis.common import Grid

    Floats = NDArray[np.float64]
    Cells = NDArray[np.intp]

Summed = Callable[[Callable[["Floats"], "Floats"]], "Floats"]
"""From a function of the kernel to its sum over masses, of every cell in reading order: (cells,)."""

GAUSSIAN_REACH: Final = 5.0
"""Standard deviations after which a Gaussian kernel is cut off: 4e-6 of its mass lies beyond."""

ROUNDING: Final = 1e-9
"""Sums that differ by less than this share of a kernel's centre are equal, up to the error of a transform."""


@dataclass(frozen=True, slots=True)
class Smoother:
    """A kernel on a grid: sums of functions of it over masses, by Fourier transform.

    Parameters
    ----------
    grid
        Its mask is not used; masses lie on the whole rectangle.
    kernel, bandwidth
        As everywhere, in metres.
    """

    grid: Grid
    kernel: Kernel
    bandwidth: float

    @property
    def reach(self) -> float:
        """How far the kernel reaches, in metres."""
        return self.bandwidth * (GAUSSIAN_REACH if self.kernel == "gaussian" else 1.0)

    def prepare(self, masses: Floats) -> Summed:
        """Return a callable that sums a function of the kernel over these masses (row, col); beyond reach it is 0."""
        prepared, profile, peak = (
            prepare(masses, self.grid, reach=self.reach),
            KERNELS[self.kernel],
            peak_of(self.kernel),
        )

        def summed(function: Callable[[Floats], Floats]) -> Floats:
            def of_distance(squared: Floats) -> Floats:
                # Scaled to 1 at its centre, so that one event adds at most 1: `largest` of the saddlepoint.
                k = np.where(squared <= self.reach**2, profile(squared / self.bandwidth**2) / peak, 0.0)
                return np.where(k > 0, function(k), 0.0)

            return prepared.convolve(of_distance).ravel()

        return summed

    def sums(self, masses: Floats) -> Floats:
        """Return the kernel's sum over masses: (cells,) by rows."""
        return self.prepare(masses)(_itself)


def _itself(k: Floats) -> Floats:
    return k


def _square(k: Floats) -> Floats:
    return k**2


def _within(k: Floats) -> Floats:
    return (k > 0).astype(float)


def expected_events(smoother: Smoother, masses: Floats) -> Floats:
    """Return the number of events of equal weight that would vary as much as the kernel's sum: (cells,).

    E(S)^2 / Var(S) of a Poisson sum over these expected masses; for the quartic kernel over even ground, 5/9 of the
    events expected within the bandwidth.
    """
    summed = smoother.prepare(masses)
    mean, square = summed(_itself), summed(_square)
    return np.where(square > ROUNDING, mean**2 / np.where(square > ROUNDING, square, 1.0), 0.0)


def inside_mass(smoother: Smoother) -> Floats:
    """Return the kernel's sum over the cells inside the study area, around every cell: (cells,)."""
    return smoother.sums(smoother.grid.inside.astype(float))


# --------------------------------------------------------------------------- events as people live


def people_tails(smoother: Smoother, events: Floats, people: Floats, *, cells: Cells) -> tuple[Floats, Floats]:
    """Return P(S >= s) and P(S <= s) if the same number of events falls in proportion to people; computed.

    Parameters
    ----------
    smoother
        The kernel.
    events, people
        Events and people per cell, arrays (row, col).
    cells
        Positions of the cells asked for, in reading order (m).

    Returns
    -------
    p_high, p_low
        Each (m). Relative errors in `saddlepoint.tails`; exact for the uniform kernel.
    """
    total, share = float(events.sum()), smoother.prepare(people / people.sum())
    observed = settled(smoother.sums(events)[cells])
    within = np.clip(share(_within)[cells], 0.0, 1.0)
    if smoother.kernel == "uniform":
        return _binomial_tails(np.rint(observed), total, within)

    def ask(s: float, at: Cells) -> Cumulants:
        # 1 + m(s); expm1 keeps the digits of m where few people live within reach.
        mass = 1 + share(lambda k: np.expm1(s * k))[cells[at]]
        # Where everybody lives within reach, the remainder at s far below 0 may be rounding alone.
        lost = mass <= ROUNDING
        mass = np.where(lost, 1.0, mass)
        # kappa' = n m' / (1 + m) and kappa'' = n (m'' / (1 + m) - (m' / (1 + m))²).
        first = share(lambda k: k * np.exp(s * k))[cells[at]] / mass
        second = share(lambda k: k**2 * np.exp(s * k))[cells[at]] / mass
        value = np.where(lost, -np.inf, total * np.log(mass))
        return Cumulants(value, total * first, total * (second - first**2))

    with np.errstate(divide="ignore"):
        log_nothing = total * np.log1p(-within)
    return tails(observed, ask, log_nothing=log_nothing, largest=1.0)


def settled(sums: Floats) -> Floats:
    """Return sums without the rounding of transforms below 0 and at it."""
    return np.where(sums > ROUNDING, sums, 0.0)


def _binomial_tails(count: Floats, total: float, chance: Floats) -> tuple[Floats, Floats]:
    from scipy.special import bdtr, bdtrc

    high = np.where(count > 0, bdtrc(np.maximum(count - 1, 0), int(total), chance), 1.0)
    return np.clip(high, TINY, 1.0), np.clip(bdtr(count, int(total), chance), TINY, 1.0)


# --------------------------------------------------------------------------- labels


@dataclass(frozen=True, slots=True)
class Labels:
    """How labels are drawn: `share` of all events are the first file's; `fixed` where their number is held."""

    share: float
    fixed: bool

    def other(self) -> Labels:
        """Return how the second file's are drawn."""
        return Labels(1 - self.share, self.fixed)


def label_tails(
    smoother: Smoother, first: Floats, second: Floats, *, labels: Labels, cells: Cells
) -> tuple[Floats, Floats]:
    """Return P(S >= s) and P(S <= s) of the first file's sum where labels are drawn at random, computed.

    The tail of many is computed as the tail of few of the other file: for few, the probability of none is known.

    Parameters
    ----------
    smoother
        The kernel.
    first, second
        Events per cell of both files, arrays (row, col).
    labels
        How labels are drawn.
    cells
        Positions of the cells asked for, in reading order (m).

    Returns
    -------
    p_high, p_low
        Each (m). With the number of labels held, kappa is its profile over what holds it, to second order around the
        unconditional one, and the tails are Skovgaard's (1987); exact for the uniform kernel.
    """
    pooled = first + second
    summed = smoother.prepare(pooled)
    near = np.rint(summed(_within)[cells])
    own, others = (settled(smoother.sums(counts)[cells]) for counts in (first, second))
    if smoother.kernel == "uniform":
        return _count_tails(np.rint(own), near, float(pooled.sum()), float(first.sum()), labels)
    p_high, p_low = np.ones(len(cells)), np.ones(len(cells))
    # Both files' sums add up to the fixed pooled sum, so the upper tail of one is the lower tail of the other.
    few = own <= labels.share * (own + others)
    size = float(pooled.sum())
    for side, sums, draw, labelled in (
        (few, own, labels, float(first.sum())),
        (~few, others, labels.other(), float(second.sum())),
    ):
        asked = np.flatnonzero(side)
        high, low = tails(
            sums[asked],
            _label_cumulants(summed, size, draw, cells[asked]),
            log_nothing=_log_none(near[asked], size, labelled, draw),
            largest=1.0,
        )
        p_high[asked], p_low[asked] = (high, low) if draw is labels else (low, high)
    return p_high, p_low


def _label_cumulants(summed: Summed, size: float, labels: Labels, cells: Cells) -> Callable[[float, Cells], Cumulants]:
    """Return what gives the cumulants of the sum of labelled events, the number of labels held or not."""
    from scipy.special import expit, logit

    share = labels.share
    # Tilted by exp(s k), a label of probability pi has the probability expit(logit(pi) + s k).
    middle, variance = float(logit(share)), share * (1 - share)

    def chance(s: float, k: Floats) -> Floats:
        return np.asarray(expit(middle + s * k))

    def ask(s: float, at: Cells) -> Cumulants:
        def over(function: Callable[[Floats, Floats], Floats]) -> Floats:
            return summed(lambda k: function(k, chance(s, k)))[cells[at]]

        # log(1 - pi + pi exp(s k)) as log-sum-exp, as s goes up to 400.
        value = over(lambda k, _: np.logaddexp(np.log1p(-share), np.log(share) + s * k))
        slope, curve = over(lambda k, p: k * p), over(lambda k, p: k**2 * p * (1 - p))
        if not labels.fixed:
            return Cumulants(value, slope, curve)
        return _held(size * variance, over, share, unheld=Cumulants(value, slope, curve))

    return ask


def _held(
    held_at_0: float, over: Callable[[Callable[[Floats, Floats], Floats]], Floats], share: float, *, unheld: Cumulants
) -> Cumulants:
    """Return the cumulants where the number of labels is held.

    That number has a parameter t of its own; at s, t is where kappa(s, t) less number x t is smallest. All labels but
    those near keep t close to 0, so kappa is taken to the third order around it, its derivatives to the second.
    """

    def third(p: Floats) -> Floats:
        return np.asarray(p * (1 - p) * (1 - 2 * p))

    variance = share * (1 - share)
    # Beyond reach p stays pi at every s: differences from s = 0 need the events within reach only.
    excess, cross = over(lambda _, p: p - share), over(lambda k, p: k * p * (1 - p))
    held = np.maximum(held_at_0 + over(lambda _, p: p * (1 - p) - variance), ROUNDING)
    held_slope = held_at_0 * (1 - 2 * share) + over(lambda _, p: third(p) - third(np.full(1, share)))
    cross_slope, curve_slope = over(lambda k, p: k * third(p)), over(lambda k, p: k**2 * third(p))
    # Root of excess + t held + t² held_slope / 2: the linear solution and one fixed-point step from it.
    t = -excess / held
    t = -excess / np.maximum(held + t * held_slope / 2, held / 2)
    value = unheld.value + t * excess + t**2 / 2 * held + t**3 / 6 * held_slope
    slope = unheld.slope + t * cross + t**2 / 2 * cross_slope
    held, cross = np.maximum(held + t * held_slope, held / 2), cross + t * cross_slope
    # Schur complement: the variance of S given the number of labels.
    curve = np.maximum(unheld.curve + t * curve_slope - cross**2 / held, TINY)
    return Cumulants(value, slope, curve, held / held_at_0)


def _log_none(near: Floats, size: float, labelled: float, labels: Labels) -> Floats:
    """Return the log probability that none of the events within reach is labelled."""
    from scipy.special import gammaln

    if not labels.fixed:
        return np.asarray(near * np.log1p(-labels.share))
    # Hypergeometric: C(size - near, labelled) / C(size, labelled).
    rest = size - near
    possible = rest >= labelled
    rest = np.where(possible, rest, size)
    chance = gammaln(rest + 1) - gammaln(rest - labelled + 1) - gammaln(size + 1) + gammaln(size - labelled + 1)
    return np.where(possible, np.minimum(chance, 0.0), -np.inf)


def _count_tails(count: Floats, near: Floats, size: float, labelled: float, labels: Labels) -> tuple[Floats, Floats]:
    """Return both tails of a number of labels among the events near: hypergeometric or binomial."""
    from scipy.stats import binom, hypergeom

    # Cells with the same numbers have the same p-values.
    pairs, back = np.unique(np.column_stack([near, count]), axis=0, return_inverse=True)
    drawn: Any = hypergeom(int(size), pairs[:, 0], int(labelled)) if labels.fixed else binom(pairs[:, 0], labels.share)
    high, low = drawn.sf(pairs[:, 1] - 1), drawn.cdf(pairs[:, 1])
    where = back.ravel()
    return np.clip(high, TINY, 1.0)[where], np.clip(low, TINY, 1.0)[where]


# --------------------------------------------------------------------------- asymptotic, simulated


def asymptotic_tails(logarithm: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """Return both tails of a logarithm of a ratio that is taken as normal around 0 with this variance; each (m).

    Examples
    --------
    >>> p_high, p_low = asymptotic_tails(np.array([0.0, 0.5]), np.array([0.04, 0.04]))
    >>> p_high.round(4).tolist(), p_low.round(4).tolist()
    ([0.5, 0.0062], [0.5, 0.9938])
    """
    from scipy.special import ndtr

    z = logarithm / np.sqrt(variance)
    return np.clip(ndtr(-z), TINY, 1.0), np.clip(ndtr(z), TINY, 1.0)


def relative_variance(smoother: Smoother, masses: Floats, *, cells: Cells) -> Floats:
    """Return the relative variance of a density estimated from these expected events, near the border too; (m).

    R(K) / (h^2 n g(x)), with the kernel's square and the kernel summed over the cells inside only, and g smoothed and
    corrected at the border as the estimate is.

    Parameters
    ----------
    masses
        Expected events per cell, array (row, col).

    References
    ----------
    Hazelton, M. L. and Davies, T. M. (2009), Biometrical Journal 51, 98-109 (asymptotic tolerance).
    """
    inside = smoother.prepare(smoother.grid.inside.astype(float))
    mass, square = inside(_itself)[cells], inside(_square)[cells]
    with np.errstate(divide="ignore", invalid="ignore"):
        relative: Floats = square / (mass * smoother.sums(masses)[cells])
    return relative


def simulated_tails(
    smoother: Smoother, observed: Floats, draws: Iterator[Floats], *, cells: Cells
) -> tuple[Floats, Floats]:
    """Return (1 + b) / (1 + N), where b of N drawn maps (row, col) have a sum as high, or as low; each (m)."""
    high, low, number = np.ones(len(cells)), np.ones(len(cells)), 1
    for drawn in draws:
        sums = smoother.sums(drawn)[cells]
        high += sums >= observed - ROUNDING
        low += sums <= observed + ROUNDING
        number += 1
    return high / number, low / number


def draw_as_people(people: Floats, *, events: int, simulations: int, rng: np.random.Generator) -> Iterator[Floats]:
    """Yield maps of events that fall in proportion to people, arrays (row, col)."""
    steps = np.cumsum(people.ravel())
    for _ in range(simulations):
        fallen = np.searchsorted(steps, rng.random(events) * steps[-1], side="right")
        yield np.bincount(fallen, minlength=people.size).reshape(people.shape).astype(float)


def draw_labels(
    first: Floats, second: Floats, *, labels: Labels, simulations: int, rng: np.random.Generator
) -> Iterator[Floats]:
    """Yield maps of the first file's events with labels drawn at random, arrays (row, col)."""
    pooled = (first + second).astype(np.int64)
    places = np.repeat(np.arange(pooled.size), pooled.ravel())
    number = int(first.sum())
    for _ in range(simulations):
        chosen = rng.permutation(places)[:number] if labels.fixed else places[rng.random(len(places)) < labels.share]
        yield np.bincount(chosen, minlength=pooled.size).reshape(pooled.shape).astype(float)
