"""How far two years of one series may differ by chance: Poisson chance and overdispersion.

Pure functions on arrays. The size and the correlation of the scatter are not known, least of all from seven years; they
are averaged over by how well they describe the series, and by how likely they were before it was seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from hotspots.analysis.series.fitted_models import fit_course
from hotspots.analysis.series.overdispersion import Scatter, chance_of_logs

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

__all__ = ["USUAL_SCATTER", "YearlyScatter", "weigh_scatter"]

NO_SCATTER: Final = 0.5
"""Prior probability that the years of a series vary by Poisson chance alone."""
USUAL_SCATTER: Final = 0.03
"""Mean of the scatter, where there is some, before a series is seen: exponential, so that large ones are rare."""
TREND: Final = 0.05
"""Chance, before a series is seen, of a steady rise or fall; its size is normal around 0 ...

It and the two below are small because years that stay off their course for long resemble a trend, a bend or a step:
what a course takes up is missing from the scatter, and intervals are too narrow where it lasts. A course that the
numbers show clearly outweighs them.
"""
TREND_A_YEAR: Final = 0.1
"""... with this standard deviation (10 % a year)."""
BEND: Final = 0.01
"""Chance, before a series is seen, of a rise or fall that begins or ends within it, anywhere alike ..."""
BEND_A_YEAR: Final = 0.2
"""... with this standard deviation (20 % a year)."""
STEP: Final = 0.01
"""Chance, before a series is seen, of another level from somewhere within it on, anywhere alike ..."""
STEP_SIZE: Final = 0.3
"""... with this standard deviation (30 %)."""
SIZES: Final = np.geomspace(0.005, 0.5, 18)
CORRELATIONS: Final = np.linspace(0.0, 0.95, 11)


class YearlyScatter(NamedTuple):
    """Scatters that were tried for one series, each with its weight."""

    sd: Floats
    correlation: Floats
    weight: Floats
    """Adds up to 1."""

    @property
    def mean(self) -> float:
        """Scatter to be expected of a year, as a standard deviation of its logarithm."""
        return float(self.weight @ self.sd)

    def variance_between(self, apart: int, chance: float, level: float = 0.95) -> float:
        """Return the variance of a normal with the same interval as the difference of two years' logarithms.

        Parameters
        ----------
        apart
            Years between them.
        chance
            Variance of the difference by Poisson chance.
        level
            Of the interval.
        """
        from scipy.optimize import brentq
        from scipy.special import ndtr, ndtri

        # Two values of an autoregression k years apart differ with variance 2 sd² (1 - rho^k), beside Poisson chance.
        sd = np.sqrt(chance + 2 * self.sd**2 * (1 - self.correlation**apart))
        beyond = 1 - level
        widest = float(sd.max() * -ndtri(beyond / 2))
        # The half-width of the mixture of normals, as the variance of one normal with the same half-width.
        half = brentq(lambda x: float(self.weight @ (2 * ndtr(-x / sd))) - beyond, 0.0, widest * 1.01)
        return float((half / -ndtri(beyond / 2)) ** 2)


def weigh_scatter(counts: ArrayLike, exposure: ArrayLike | None = None) -> YearlyScatter:
    """Return how well every scatter describes a series of years, whatever its course.

    Counts are Poisson around exp(course + deviation); deviations are an autoregression of order 1. Before the series is
    seen: no deviation with probability 1/2, otherwise a standard deviation that is exponential with mean 3 %, any
    correlation from 0 to 0.95 alike; the course a level with probability 0.93, a steady rise or fall with 0.05
    (normal, 10 % a year), one that begins or ends within the series with 0.01 (normal, 20 % a year), a step with 0.01
    (normal, 30 %). The level has a flat prior.

    Parameters
    ----------
    counts
        Shape (n,), in order, missing where there is a gap.
    exposure
        What counts are in proportion to, above 0, shape (n,); all alike where None.

    References
    ----------
    Hoeting, Madigan, Raftery and Volinsky (1999), Statistical Science 14, 382-417 (averaging over models); Simpson and
    others (2017), Statistical Science 32, 1-28 (exponential priors of standard deviations).
    """
    y: Floats = np.asarray(counts, dtype=float)
    e = np.ones(len(y)) if exposure is None else np.asarray(exposure, dtype=float)
    year = np.flatnonzero(np.isfinite(y) & np.isfinite(e) & (e > 0))
    y, e = y[year], e[year]
    tried = [(0.0, 0.0, NO_SCATTER)]
    # Exponential prior on a geometric grid: its density times the width of each step.
    likely = np.exp(-SIZES / USUAL_SCATTER) * np.gradient(SIZES)
    likely = likely / likely.sum() * (1 - NO_SCATTER) / len(CORRELATIONS)
    tried += [(sd, rho, p) for sd, p in zip(SIZES, likely, strict=True) for rho in CORRELATIONS]
    sd, correlation, before = (np.array(column, dtype=float) for column in zip(*tried, strict=True))
    if len(y) < 2 or y.sum() == 0:
        return YearlyScatter(sd, correlation, before / before.sum())
    time = year.astype(float)
    straight = np.column_stack([np.ones(len(y)), time - time.mean()])
    chance = np.diag(chance_of_logs(fit_course(y, e, straight, Scatter(0.0, 0.0), time=time).mean))
    apart = np.abs(year[:, None] - year[None, :])
    covariance = chance + (sd**2)[:, None, None] * correlation[:, None, None] ** apart
    weight = np.log(before) + _log_likelihoods(np.log(y + 0.5) - np.log(e), covariance, *_courses(year))
    # Only ratios of likelihoods count; less the largest, none overflows.
    weight = np.exp(weight - weight.max())
    return YearlyScatter(sd, correlation, weight / weight.sum())


def _courses(year: NDArray[np.intp]) -> tuple[Floats, Floats]:
    """Return the prior probability of every course, and its column, whose coefficient is standard normal."""
    bends = [bent for turn in year[2:-2] for bent in (np.maximum(year - turn, 0), np.minimum(year - turn, 0))]
    steps = [year >= first for first in year[2:-1]]
    courses = [(TREND, TREND_A_YEAR * (year - year.mean()))]
    courses += [(BEND / len(bends), BEND_A_YEAR * bent) for bent in bends]
    courses += [(STEP / len(steps), STEP_SIZE * step) for step in steps]
    level = 1 - sum(share for share, _ in courses)
    shares, columns = zip((level, np.zeros(len(year))), *courses, strict=True)
    return np.array(shares, dtype=float), np.column_stack(columns).astype(float)


def _log_likelihoods(logs: Floats, covariance: Floats, shares: Floats, columns: Floats) -> Floats:
    """Return the log-likelihood of logarithms under every covariance, the courses and an unknown level averaged over.

    A column that is added a standard normal number of times adds its outer product to the covariance; the determinant
    and the inverse of that are known in one step (Sherman and Morrison).

    Parameters
    ----------
    logs
        Shape (n,).
    covariance
        Shape (m, n, n).
    shares, columns
        From `_courses`, shapes (c,) and (n, c).
    """
    # Whitened: quadratic forms are sums of squares, and half the log determinant is the sum of log diagonals.
    root = np.linalg.cholesky(covariance)
    white = np.linalg.solve(root, np.column_stack([np.ones(len(logs)), logs, columns])[None])
    level = white[:, :, :1]
    weight = (level**2).sum(axis=1)
    # The level has a flat prior: it is projected out, at the price of log(weight) / 2 (restricted likelihood).
    clean = white[:, :, 1:] - level * (level * white[:, :, 1:]).sum(axis=1, keepdims=True) / weight[:, None]
    left, course = clean[:, :, :1], clean[:, :, 1:]
    # Sherman-Morrison: the determinant grows by 1 + c'c, and the quadratic form loses (l'c)² / (1 + c'c).
    size = 1 + (course**2).sum(axis=1)
    rest = (left**2).sum(axis=1) - (left * course).sum(axis=1) ** 2 / size
    whole = np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1)[:, None] + np.log(weight) / 2
    return np.asarray(np.logaddexp.reduce(np.log(shares) - rest / 2 - np.log(size) / 2 - whole, axis=1))
