"""Tails and limits of counts around a fitted line, with what is not known of the line and of the scatter.

Arrays in, arrays out. With few schools the line and the dispersion are uncertain themselves. The limits allow for that
as a prediction interval of a regression does: the variance of a school's count has the degrees of freedom that the fit
used (times n / (n - k)) and the variance of the line at its place, and normal scores are held against Student's t.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hotspots.analysis.schools.negative_binomial import SAME_AS_POISSON

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hotspots.analysis.schools.negative_binomial import Fit

    Floats = NDArray[np.float64]

__all__ = ["Expected", "expected_counts", "interval_factor", "limits", "mid_p_tails", "tails_beyond"]


class Expected(NamedTuple):
    """What is expected of schools: negative binomials, and how well their spread is known."""

    mean: Floats
    """Shape (n,)."""
    dispersion: Floats
    """a of the variance m + a m^2 of a new count around the estimated mean; shape (n,)."""
    freedom: float
    """Degrees of freedom of the scatter that the fit saw."""


def expected_counts(fit: Fit, design: Floats, *, exposure: Floats) -> Expected:
    """Return what the fit expects of schools, theirs or others.

    The variance of a count around its estimated mean m is (m + a m^2) n / (n - k) + (1 + a) v m^2, v being the variance
    of the logarithm of m.

    Parameters
    ----------
    design, exposure
        Of the schools, shapes (n, k) and (n,).
    """
    schools, terms = len(fit.mean), len(fit.coefficients)
    mean = exposure * np.exp(design @ fit.coefficients)
    used = schools / (schools - terms)
    # Variance of the linear predictor: the diagonal of X V X' without the matrix.
    of_line = ((design @ fit.covariance) * design).sum(axis=1)
    dispersion = ((1 + fit.dispersion * mean) * used - 1) / mean + (1 + fit.dispersion) * of_line
    return Expected(mean, dispersion, float(schools - terms))


def interval_factor(fit: Fit) -> float:
    """Return by how many of its stated standard errors an estimate's 95 % interval goes to either side."""
    from scipy.special import stdtrit

    freedom = len(fit.mean) - len(fit.coefficients)
    return float(stdtrit(freedom, 0.975) * np.sqrt(len(fit.mean) / freedom))


def mid_p_tails(
    counts: Floats, mean: Floats, dispersion: Floats | float, *, freedom: float = np.inf
) -> tuple[Floats, Floats]:
    """Return P(Y > y) + P(Y = y) / 2 and P(Y < y) + P(Y = y) / 2; they add to 1.

    Mid-p is near its level on average where whole p-values of small counts are far too cautious.

    Parameters
    ----------
    counts
        Whole numbers, shape (n,).
    mean, dispersion
        Expected counts, shape (n,), and a of the variance m + a m^2, of each or of all.
    freedom
        Degrees of freedom of the estimated scatter: the normal scores of the tails are held against Student's t.

    References
    ----------
    Lancaster (1961), Journal of the American Statistical Association 56, 223-234.

    Examples
    --------
    >>> above, below = mid_p_tails(np.array([0.0]), np.array([1.0]), 0.0)
    >>> float(above[0].round(4)), float(below[0].round(4))
    (0.8161, 0.1839)
    """
    chance = _distribution(mean, dispersion)
    half = chance.pmf(counts) / 2
    return _by_student(chance.sf(counts) + half, freedom), _by_student(chance.cdf(counts) - half, freedom)


def limits(mean: Floats, dispersion: Floats | float, *, level: float, freedom: float = np.inf) -> tuple[Floats, Floats]:
    """Return the smallest and the largest count that is as expected: neither mid-p tail below (1 - level) / 2.

    A count is outside the limits exactly where its mid-p tail says so.

    Parameters
    ----------
    mean, dispersion, freedom
        As for `mid_p_tails`.
    level
        0.95 or 0.998 for a funnel.
    """
    from scipy.special import ndtr, stdtrit

    tail = (1 - level) / 2
    if np.isfinite(freedom):
        tail = float(ndtr(stdtrit(freedom, tail)))
    chance = _distribution(mean, dispersion)
    low, high = chance.ppf(tail), chance.ppf(1 - tail)
    # A quantile's own mid-p may still lie on the wrong side of the level; its neighbour's then does not.
    low = low + (mid_p_tails(low, mean, dispersion)[1] < tail)
    high = high - (mid_p_tails(high, mean, dispersion)[0] < tail)
    return np.asarray(low, dtype=float), np.asarray(high, dtype=float)


def tails_beyond(low: Floats, high: Floats, *, expected: Expected) -> tuple[Floats, Floats]:
    """Return the probabilities of a count above `high` and of one below `low`, each of shape (n,)."""
    chance = _distribution(expected.mean, expected.dispersion)
    return _by_student(chance.sf(high), expected.freedom), _by_student(chance.cdf(low - 1), expected.freedom)


def _by_student(tail: Floats, freedom: float) -> Floats:
    """Return the tail of Student's t at the normal score of a tail."""
    from scipy.special import ndtri, stdtr

    known: Floats = np.asarray(tail, dtype=float)
    return np.asarray(stdtr(freedom, ndtri(known)), dtype=float) if np.isfinite(freedom) else known


def _distribution(mean: Floats, dispersion: Floats | float) -> Any:
    from scipy.stats import nbinom, poisson

    if np.max(dispersion) < SAME_AS_POISSON:
        return poisson(mean)
    a = np.maximum(dispersion, SAME_AS_POISSON)
    return nbinom(1 / a, 1 / (1 + a * mean))
