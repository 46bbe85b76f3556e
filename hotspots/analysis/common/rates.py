"""Rates and their intervals: crude, empirical Bayes, Byar and exact Poisson.

Pure functions on arrays. A missing number in gives a missing number out, never a zero.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hotspots.errors import AnalysisError
from hotspots.model import MOST_PEOPLE

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "EmpiricalBayes",
    "byar_interval",
    "crude_rate",
    "empirical_bayes_rate",
    "need_people",
    "poisson_interval",
    "standardised_rate",
]


class EmpiricalBayes(NamedTuple):
    """Shrunken (empirical Bayes) rates, and the two parameters they depend on."""

    rate: NDArray[np.float64]
    """Events per person, shape (areas,); missing where the area has no people."""
    overall: float
    """b: the rate of all areas together (events per person)."""
    between: float
    """a: the variance of the true rates between areas; 0 where chance explains all differences."""


def crude_rate(events: ArrayLike, population: ArrayLike, *, per: float = 1000.0) -> NDArray[np.float64]:
    """Return events per `per` people; missing where nobody lives.

    The rate of a small area varies a lot by chance: show it with an interval, or shrunken.

    Parameters
    ----------
    events
        Events, shape (areas,).
    population
        People (or person-years), shape (areas,).
    per
        Number of people the rate refers to.

    Examples
    --------
    >>> crude_rate([3, 0, 2], [1500, 1200, 0])
    array([ 2.,  0., nan])
    """
    counts, people = _aligned(events, population)
    rate = np.full(counts.shape, np.nan)
    np.divide(counts * per, people, out=rate, where=people > 0)
    return rate


def byar_interval(count: ArrayLike, *, level: float = 0.95) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return Byar's lower and upper limit for the level behind Poisson counts.

    Close to the exact limits from about 5 events on; below that the lower limit is a little too low.

    Parameters
    ----------
    count
        Events, any shape.
    level
        Confidence level between 0 and 1.

    Returns
    -------
    low, high
        In events, shape as `count`; missing where the count is. The lower limit of 0 events is 0.

    References
    ----------
    Breslow and Day (1987), Statistical Methods in Cancer Research II, IARC, p. 69.

    Examples
    --------
    >>> low, high = byar_interval([65])
    >>> float(low[0].round(2)), float(high[0].round(2))
    (50.16, 82.85)
    """
    counts = np.asarray(count, dtype=float)
    _need_counts(counts)
    z = _normal_quantile(level)
    some = np.where(counts > 0, counts, 1.0)  # 0 events: no division by zero; their lower limit is set below
    # The cube root of a gamma variable is nearly normal (Wilson and Hilferty), hence the cubes.
    low = some * (1 - 1 / (9 * some) - z / (3 * np.sqrt(some))) ** 3
    # With few events and a high level the bracket is negative; the limit is then 0.
    low = np.where(counts > 0, np.maximum(low, 0.0), np.where(np.isnan(counts), np.nan, 0.0))
    more = counts + 1
    high = more * (1 - 1 / (9 * more) + z / (3 * np.sqrt(more))) ** 3
    return np.asarray(low, dtype=float), np.asarray(high, dtype=float)


def poisson_interval(count: ArrayLike, *, level: float = 0.95) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the exact lower and upper limit for the level behind Poisson counts; for few events, where Byar's is off.

    Parameters
    ----------
    count
        Events, any shape.
    level
        Confidence level between 0 and 1.

    Returns
    -------
    low, high
        In events, shape as `count`; missing where the count is. The lower limit of 0 events is 0.

    References
    ----------
    Garwood (1936), Biometrika 28, 437-442: chi-squared with 2k and 2(k + 1) degrees of freedom.

    Examples
    --------
    >>> low, high = poisson_interval([0, 10])
    >>> low.round(2).tolist(), high.round(2).tolist()
    ([0.0, 4.8], [3.69, 18.39])
    """
    from scipy.special import gammaincinv

    counts = np.asarray(count, dtype=float)
    _need_counts(counts)
    tail = (1 - _need_level(level)) / 2
    # Chi-squared with 2k degrees of freedom, halved, is a gamma with shape k.
    low = np.where(counts == 0, 0.0, gammaincinv(np.where(counts == 0, 1.0, counts), tail))
    return low, np.asarray(gammaincinv(counts + 1, 1 - tail), dtype=float)


def empirical_bayes_rate(events: ArrayLike, population: ArrayLike) -> EmpiricalBayes:
    """Return shrunken (empirical Bayes) rates: the fewer people an area has, the nearer to the overall rate.

    A shrunken rate is more accurate than the crude one on average, and too moderate for an area that really differs.

    Parameters
    ----------
    events
        Events, shape (areas,); areas with a missing count are left out of the overall rate.
    population
        People, shape (areas,).

    Raises
    ------
    AnalysisError
        If no area has people.

    References
    ----------
    Marshall (1991), Applied Statistics 40, 283-294, equations 8 and 9 (global smoothing).

    Examples
    --------
    >>> empirical_bayes_rate([1, 5, 9], [1000, 1000, 1000]).overall
    0.005
    """
    counts, people = _aligned(events, population)
    known = (people > 0) & np.isfinite(counts)
    if not known.any():
        raise AnalysisError(
            "No area has both events and people, so there is no rate to smooth towards.",
            found=f"{counts.size:,} areas",
            advice="check the population column",
        )
    crude = crude_rate(counts, people, per=1.0)
    overall, between = _moments_of_rates(counts[known], people[known])
    between = max(between, 0.0)
    # between + overall / people is 0 only where there are no events at all: every rate is then the overall one, 0.
    weight = np.zeros(counts.shape)
    # a / (a + b / n) with both terms times n: no division by a population of 0.
    np.divide(between * people, between * people + overall, out=weight, where=known & (between > 0))
    rate = np.where(known, overall + weight * (np.where(known, crude, overall) - overall), np.nan)
    return EmpiricalBayes(rate, overall, between)


def standardised_rate(events: ArrayLike, population: ArrayLike) -> NDArray[np.float64]:
    """Return rates less the overall one, in standard deviations: of chance, and of the true rates between areas.

    Crude rates of few people scatter more than those of many. Where such areas lie together, statistics of crude rates
    take that for clustering; standardised ones all have the same variance.

    Parameters
    ----------
    events, population
        As in `empirical_bayes_rate`; missing where either is, or where nobody lives.

    References
    ----------
    Assunção and Reis (1999), Statistics in Medicine 18, 2147-2162, section 3 (EBI; where the variance of an area would
    be negative, that of chance alone is taken).

    Examples
    --------
    >>> standardised_rate([1, 5, 9], [1000, 1000, 1000]).round(2)
    array([-1.22,  0.  ,  1.22])
    """
    counts, people = _aligned(events, population)
    known = (people > 0) & np.isfinite(counts)
    standard = np.full(counts.shape, np.nan)
    if not known.any() or counts[known].sum() == 0:
        return np.where(known, 0.0, standard)
    crude = crude_rate(counts, people, per=1.0)
    overall, between = _moments_of_rates(counts[known], people[known])
    chance = overall / people[known]
    variance = np.where(between + chance > 0, between + chance, chance)
    standard[known] = (crude[known] - overall) / np.sqrt(variance)
    return standard


def _moments_of_rates(counts: NDArray[np.float64], people: NDArray[np.float64]) -> tuple[float, float]:
    """Return the overall rate, and the variance of true rates between areas; negative where chance explains it all."""
    total = people.sum()
    overall = float(counts.sum() / total)
    # Marshall: the people-weighted variance of crude rates, less b / (mean people) that chance alone adds to it, is the
    # variance between areas.
    spread = float((people * (counts / people - overall) ** 2).sum() / total)
    return overall, spread - overall / (total / len(people))


def _aligned(first: ArrayLike, second: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    one, two = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if one.shape != two.shape:
        raise AnalysisError(
            "Events and population have different lengths.",
            found=f"{one.size:,} and {two.size:,}",
            advice="give one number of each per area, in the same order",
        )
    _need_counts(one)
    need_people(two)
    return one, two


def need_people(population: ArrayLike) -> None:
    """Stop where a number of people (or person-years) is negative, infinite or more than there are on Earth.

    Raises
    ------
    AnalysisError
        With the first such number.

    Examples
    --------
    >>> need_people([1500.0, 0.0, float("nan")])
    """
    people = np.asarray(population, dtype=float)
    wrong = np.flatnonzero((people < 0) | (people > MOST_PEOPLE))
    if wrong.size:
        raise AnalysisError(
            f"{people.flat[wrong[0]]:,.10g} can't be a number of people.",
            found=f"{wrong.size:,} such values, the first in row {wrong[0] + 1:,}",
            advice="correct the population",
        )


def _need_counts(values: NDArray[np.float64]) -> None:
    wrong = np.flatnonzero(values < 0)
    if wrong.size:
        raise AnalysisError(
            f"A count can't be negative: {values.flat[wrong[0]]:g}.",
            found=f"{wrong.size:,} such values, the first in row {wrong[0] + 1:,}",
            advice="some files hold negative corrections or marks (-300): treat them before counting",
        )


def _need_level(level: float) -> float:
    if not 0 < level < 1:
        raise AnalysisError(
            f"A confidence level lies between 0 and 1: {level:g}.",
            advice="write 0.95 for 95%",
        )
    return level


def _normal_quantile(level: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(0.5 + _need_level(level) / 2))
