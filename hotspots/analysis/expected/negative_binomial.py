"""A log-linear regression of counts, some of them intervals: negative binomial (NB2), by maximum likelihood.

Counts have the mean m = exposure x exp(X b) and the variance m + a m^2: risks scatter around the line with the variance
a. With a = 0 they are Poisson. A suppressed count adds the chance of its interval to the likelihood.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from hotspots.errors import AnalysisError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Fit", "fit_counts"]

LEAST_DISPERSION: Final = 1e-6
MOST_DISPERSION: Final = 1e3
POISSON_BELOW: Final = 2e-6
"""A dispersion at the lower end of the search is 0."""
ROUNDS: Final = 60
"""Of line and dispersion in turn; the two are all but independent, and known counts need about five."""
STEPS: Final = 300
"""Scoring steps for one dispersion: some five with known counts, more the more is suppressed."""
CLOSE: Final = 1e-9
"""Change of the logarithm of a mean below which a line is found."""
STEEPEST: Final = 30.0
"""Change of the logarithm of a mean between two areas beyond which there is no finite line."""


class Fit(NamedTuple):
    """A log-linear regression."""

    slopes: Floats
    """Of the columns of the design (p)."""
    covariance: Floats
    """Of the slopes (p, p): the inverse of the information."""
    dispersion: float
    """a: variance of risks around the line, over the square of their mean; 0 is Poisson."""
    mean: Floats
    """Events expected (n)."""


def fit_counts(low: Floats, high: Floats, design: Floats, *, exposure: Floats) -> Fit:
    """Return the likeliest log-linear regression of counts or intervals of counts.

    Parameters
    ----------
    low, high
        Bounds of each count, whole numbers (n).
    design
        Full rank, with a constant among its columns (n, p).
    exposure
        What means are proportional to, above 0 (n).

    Raises
    ------
    AnalysisError
        If no finite line is likeliest, as where one kind of area has no events at all.

    References
    ----------
    Lawless (1987), Canadian Journal of Statistics 15, 209-225: the likelihood, and that line and dispersion are
    orthogonal. For intervals the score is that of known counts at their expectation given the interval, and the
    information what is left after the variance given the interval (Louis 1982, JRSS B 44, 226-233).
    """
    counts = _Counts(low, high, design, exposure)
    start = float((low + high).sum() / 2 / exposure.sum())
    # The constant alone, in whatever columns it is.
    slopes = np.linalg.lstsq(design, np.full(len(design), np.log(start)), rcond=None)[0]
    dispersion = 0.0
    for _ in range(ROUNDS):
        slopes = _fit_line(counts, slopes, dispersion)
        before, dispersion = dispersion, _fit_dispersion(low, high, counts.mean(slopes))
        if abs(dispersion - before) <= 1e-7 * max(dispersion, 1e-3):
            break
    slopes = _fit_line(counts, slopes, dispersion)
    mean = counts.mean(slopes)
    spread, known = mean * (1 + dispersion * mean), _moments_within(low, high, mean, dispersion)[1]
    weight = (spread - known) / (1 + dispersion * mean) ** 2
    covariance: Floats = np.asarray(np.linalg.pinv(design.T @ (weight[:, None] * design)), dtype=float)
    return Fit(slopes, covariance, dispersion, mean)


class _Counts(NamedTuple):
    """What a regression is fitted to."""

    low: Floats
    high: Floats
    design: Floats
    exposure: Floats

    def mean(self, slopes: Floats) -> Floats:
        """Return the events expected (n)."""
        with np.errstate(over="ignore"):
            mean: Floats = self.exposure * np.exp(self.design @ slopes)
        return mean


def _fit_line(counts: _Counts, slopes: Floats, dispersion: float) -> Floats:
    """Return the likeliest slopes for one dispersion, by Fisher's scoring."""
    low, high, design, _ = counts
    likelihood = -np.inf
    for _ in range(STEPS):
        mean = counts.mean(slopes)
        scale = 1 + dispersion * mean
        score = design.T @ ((_moments_within(low, high, mean, dispersion)[0] - mean) / scale)
        information = design.T @ ((mean / scale)[:, None] * design)
        step: Floats = np.asarray(np.linalg.lstsq(information, score, rcond=None)[0], dtype=float)
        slopes, likelihood = _go(counts, slopes, step, dispersion, likelihood=likelihood)
        if float(np.ptp(design @ slopes)) > STEEPEST:
            break
        if float(np.abs(design @ step).max()) < CLOSE:
            return slopes
    raise AnalysisError(
        "The regression of expected counts has no finite solution.",
        found=f"{int((high > 0).sum()):,} of {len(high):,} areas with events",
        advice="leave out a covariate that has events at some of its values only, or take a longer period",
    )


def _go(counts: _Counts, slopes: Floats, step: Floats, dispersion: float, *, likelihood: float) -> tuple[Floats, float]:
    """Return slopes that are no less likely, and their log-likelihood: the whole step, or a half of it and so on."""
    for share in 0.5 ** np.arange(20):
        found = slopes + share * step
        mean = counts.mean(found)
        now = _log_likelihood(counts.low, counts.high, mean, dispersion) if np.isfinite(mean).all() else -np.inf
        if now >= likelihood - 1e-9 * abs(likelihood):
            return found, now
    return slopes, likelihood


def _fit_dispersion(low: Floats, high: Floats, mean: Floats) -> float:
    """Return the likeliest dispersion around known means."""
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(
        lambda log: -_log_likelihood(low, high, mean, float(np.exp(log))),
        bounds=(np.log(LEAST_DISPERSION), np.log(MOST_DISPERSION)),
        method="bounded",
        options={"xatol": 1e-9},
    )
    dispersion = float(np.exp(found.x))
    return 0.0 if dispersion < POISSON_BELOW else dispersion


def _log_likelihood(low: Floats, high: Floats, mean: Floats, dispersion: float) -> float:
    """Return the log-likelihood, without what depends on the counts alone."""
    from scipy.special import gammaln, xlogy

    known = low == high
    y, m = low[known], mean[known]
    if dispersion == 0:
        logs = xlogy(y, m) - m - gammaln(y + 1)
    else:
        size = 1 / dispersion
        logs = gammaln(y + size) - gammaln(size) - gammaln(y + 1) - (y + size) * np.log1p(dispersion * m)
        logs += xlogy(y, dispersion * m)
    total = float(logs.sum())
    if not known.all():
        chance = _within(low[~known], high[~known], mean[~known], dispersion, extra=0)
        total += float(np.log(np.maximum(chance, 1e-300)).sum())
    return total


def _moments_within(low: Floats, high: Floats, mean: Floats, dispersion: float) -> tuple[Floats, Floats]:
    """Return expectation and variance of each count, given its interval."""
    expectation, variance = low.astype(float), np.zeros(len(low))
    wide = low < high
    if wide.any():
        a, b, m = low[wide], high[wide], mean[wide]
        chance = _within(a, b, m, dispersion, extra=0)
        # y NB(y; size) = m NB(y - 1; size + 1) with the same odds, and so on: moments are chances of moved intervals.
        with np.errstate(invalid="ignore", divide="ignore"):
            first = m * _within(a - 1, b - 1, m, dispersion, extra=1) / chance
            second = m**2 * (1 + dispersion) * _within(a - 2, b - 2, m, dispersion, extra=2) / chance
        # Where an interval is all but impossible, it holds its end that is nearest to the mean.
        likely = (chance > 1e-200) & (first >= a) & (first <= b)
        expectation[wide] = np.where(likely, first, np.clip(m, a, b))
        variance[wide] = np.where(likely, np.maximum(second + first - first**2, 0), 0)
    return expectation, variance


def _within(low: Floats, high: Floats, mean: Floats, dispersion: float, *, extra: int) -> Floats:
    """Return P(low <= Y <= high) of negative binomials of size 1 / dispersion + extra and odds dispersion x mean."""
    from scipy.special import betainc, gammainc, gammaincc

    first, last = np.maximum(low, 0), np.maximum(high, -1)
    if dispersion == 0:

        def below(k: Floats) -> Floats:
            return np.where(k > 0, gammaincc(np.maximum(k, 1), mean), 0.0)

        def above(k: Floats) -> Floats:
            return np.where(k > 0, gammainc(np.maximum(k, 1), mean), 1.0)
    else:
        size, odds = 1 / dispersion + extra, dispersion * mean

        def below(k: Floats) -> Floats:
            return np.where(k > 0, betainc(size, np.maximum(k, 1), 1 / (1 + odds)), 0.0)

        def above(k: Floats) -> Floats:
            return np.where(k > 0, betainc(np.maximum(k, 1), size, odds / (1 + odds)), 1.0)

    # P(Y < k) or P(Y >= k), whichever is smaller, keeps the digits.
    lower = below(last + 1) - below(first)
    upper = above(first) - above(last + 1)
    return np.maximum(np.where(mean > high, lower, upper), 0.0)
