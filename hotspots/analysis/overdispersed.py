"""Counts that scatter more than Poisson: a negative binomial regression that outliers bend little, tails and limits.

Arrays in, arrays out. The variance of a count with mean m is m + a m^2 (NB2) with one dispersion a for all; a = 0 is
Poisson.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Fit", "fit_counts", "limits", "mid_p_tails", "robust_dispersion"]

CLIP: Final = 1.5
"""Standardised residuals count no more than this (Huber's constant is usually 1.3 to 2; at 1.5 the line costs a few per
cent of precision where there are no outliers)."""

SAME_AS_POISSON: Final = 1e-7
"""Below this dispersion the two distributions can't be told apart, and 1 / dispersion would lose digits."""

MOST_ROUNDS: Final = 100


class Fit(NamedTuple):
    """A regression of counts, log link."""

    coefficients: Floats
    """Of the columns of the design, shape (k,)."""
    covariance: Floats
    """Shape (k, k), with the dispersion taken as known."""
    dispersion: float
    """a of the variance m + a m^2; 0 is Poisson."""
    mean: Floats
    """Expected counts, shape (n,)."""
    clipped: int
    """Number of counts whose residual is clipped; without outliers about one in eight."""
    poisson_phi: float
    """Pearson chi-squared over degrees of freedom of the plain Poisson fit; about 1 where chance explains all."""


def fit_counts(counts: Floats, design: Floats, *, exposure: Floats) -> Fit:
    """Return the regression of counts on a design with the logarithm of the exposure as offset.

    Poisson first; negative binomial where the counts scatter more. Line and dispersion both use clipped residuals less
    their expectation under the model: consistent where the model holds, while a few true outliers bend the line
    and widen the limits they are held against much less than they do by maximum likelihood. Less is not nothing: many
    outliers on one side of the design still bend it.

    Parameters
    ----------
    counts
        Shape (n,); the middle of an interval may stand for a hidden number.
    design
        Shape (n, k), with a column of ones.
    exposure
        Above 0, shape (n,).

    References
    ----------
    Cantoni and Ronchetti (2001), Journal of the American Statistical Association 96, 1022-1030 (the line, equation 2
    with weights 1, and its covariance); Aeberhard, Cantoni and Heritier (2014), Biometrics 70, 920-931.
    """
    coefficients, _, mean = _fit_mean(counts, design, exposure, 0.0)
    phi = float(((counts - mean) ** 2 / mean).sum() / (len(counts) - design.shape[1]))
    dispersion = robust_dispersion(counts, mean)
    for _ in range(MOST_ROUNDS):
        residual, moments, scale = _clipped_residuals(counts, mean, dispersion)
        equations = design.T @ ((residual - moments.psi) * scale)
        step = np.linalg.solve(design.T @ ((moments.psi_score * scale)[:, None] * design), equations)
        coefficients = coefficients + step
        mean = exposure * np.exp(design @ coefficients)
        before, dispersion = dispersion, robust_dispersion(counts, mean)
        if np.abs(step).max() <= 1e-8 and abs(dispersion - before) <= 1e-8 * (1 + before):
            break
    residual, moments, scale = _clipped_residuals(counts, mean, dispersion)
    bread = np.linalg.inv(design.T @ ((moments.psi_score * scale)[:, None] * design))
    filling = design.T @ (((moments.psi_squared - moments.psi**2) * scale**2)[:, None] * design)
    clipped = int((np.abs(residual) == CLIP).sum())
    return Fit(coefficients, bread @ filling @ bread, dispersion, mean, clipped, phi)


def _fit_mean(counts: Floats, design: Floats, exposure: Floats, dispersion: float) -> tuple[Floats, Floats, Floats]:
    """Return coefficients, their covariance and the means by maximum likelihood with this dispersion.

    Iteratively reweighted least squares for the log link (McCullagh and Nelder 1989, section 2.5), started from one
    rate for all; the tests hold it against R's and statsmodels' own.
    """
    offset = np.log(exposure)
    coefficients = np.zeros(design.shape[1])
    mean = exposure * (counts.sum() / exposure.sum())
    for _ in range(MOST_ROUNDS):
        root = np.sqrt(mean / (1 + dispersion * mean))
        working = np.log(mean) - offset + (counts - mean) / mean
        before, coefficients = coefficients, np.linalg.lstsq(root[:, None] * design, root * working, rcond=None)[0]
        mean = np.exp(design @ coefficients + offset)
        if np.abs(coefficients - before).max() <= 1e-10:
            break
    weight = mean / (1 + dispersion * mean)
    return coefficients, np.linalg.inv(design.T @ (weight[:, None] * design)), mean


def robust_dispersion(counts: Floats, mean: Floats) -> float:
    """Return the dispersion a of the variance m + a m^2, from clipped Pearson residuals; 0 where chance explains all.

    Solves sum of min(r^2, c^2) = its expectation, with r = (y - m) / sqrt(m + a m^2) and c = 1.5. The expectation is
    that of the clipped quantity itself under the negative binomial, so the estimate is consistent (no correction
    factor), while an outlier of any size adds no more than c^2.

    Parameters
    ----------
    counts, mean
        Observed and expected, shape (n,).

    References
    ----------
    Huber (1981), Robust Statistics, section 6.8 (Proposal 2); Aeberhard, Cantoni and Heritier (2014), Biometrics 70,
    920-931 (negative binomial regression).
    """
    from scipy.optimize import brentq

    def excess(dispersion: float) -> float:
        residual, moments, _ = _clipped_residuals(counts, mean, dispersion)
        return float((residual**2).sum() - moments.psi_squared.sum())

    if excess(0.0) <= 0:
        return 0.0
    top = 1.0
    while excess(top) > 0 and top < 1e3:
        top *= 4
    return float(brentq(excess, 0.0, top, xtol=1e-10)) if excess(top) <= 0 else top


class _Moments(NamedTuple):
    """Expectations under the model for every mean, psi being the clipped residual; shape (n,)."""

    psi: Floats
    psi_squared: Floats
    psi_score: Floats
    """Of psi times the derivative of the log likelihood by the linear predictor."""


def _clipped_residuals(counts: Floats, mean: Floats, dispersion: float) -> tuple[Floats, _Moments, Floats]:
    """Return clipped Pearson residuals, their moments under the model, and the mean in standard deviations."""
    spread = np.sqrt(mean + dispersion * mean**2)
    residual = np.clip((counts - mean) / spread, -CLIP, CLIP)
    # Beyond the last of these counts every residual is clipped, so the rest of the distribution is known by its mass.
    k = np.arange(int(np.ceil((mean + CLIP * spread).max())) + 1.0)[:, None]
    chance = _chances(k, mean, dispersion)
    rest = np.maximum(1 - chance.sum(axis=0), 0.0)
    psi = np.clip((k - mean) / spread, -CLIP, CLIP)
    score = (k - mean) / (1 + dispersion * mean)
    # The score has expectation 0, so what lies beyond the last count is the negative of what lies before.
    beyond = -(score * chance).sum(axis=0)
    moments = _Moments(
        (psi * chance).sum(axis=0) + CLIP * rest,
        (psi**2 * chance).sum(axis=0) + CLIP**2 * rest,
        (psi * score * chance).sum(axis=0) + CLIP * beyond,
    )
    return residual, moments, mean / spread


def _chances(k: Floats, mean: Floats, dispersion: float) -> Floats:
    """Return P(Y = k), shape (counts, n); as SciPy's, but with the gamma functions of k taken once."""
    from scipy.special import gammaln

    if dispersion < SAME_AS_POISSON:
        logarithm = k * np.log(mean) - mean - gammaln(k + 1)
    else:
        size = 1 / dispersion
        ways = gammaln(k + size) - gammaln(size) - gammaln(k + 1)
        logarithm = ways - size * np.log1p(dispersion * mean) + k * (np.log(mean) - np.log(size + mean))
    chances: Floats = np.exp(logarithm)
    return chances


def mid_p_tails(counts: Floats, mean: Floats, dispersion: float) -> tuple[Floats, Floats]:
    """Return P(Y > y) + P(Y = y) / 2 and P(Y < y) + P(Y = y) / 2; they add to 1.

    Mid-p is near its level on average where whole p-values of small counts are far too cautious.

    Parameters
    ----------
    counts
        Whole numbers, shape (n,).
    mean
        Expected counts, shape (n,).

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
    return np.asarray(chance.sf(counts) + half), np.asarray(chance.cdf(counts) - half)


def limits(mean: Floats, dispersion: float, *, level: float) -> tuple[Floats, Floats]:
    """Return the smallest and the largest count that is as expected: neither mid-p tail below (1 - level) / 2.

    A count is outside the limits exactly where its mid-p tail says so.

    Parameters
    ----------
    mean
        Expected counts, shape (n,).
    level
        0.95 or 0.998 for a funnel.
    """
    tail = (1 - level) / 2
    chance = _distribution(mean, dispersion)
    low, high = chance.ppf(tail), chance.ppf(1 - tail)
    # A quantile's own mid-p may still lie on the wrong side of the level; its neighbour's then does not.
    low = low + (mid_p_tails(low, mean, dispersion)[1] < tail)
    high = high - (mid_p_tails(high, mean, dispersion)[0] < tail)
    return np.asarray(low, dtype=float), np.asarray(high, dtype=float)


def _distribution(mean: Floats, dispersion: float) -> Any:
    from scipy.stats import nbinom, poisson

    if dispersion < SAME_AS_POISSON:
        return poisson(mean)
    return nbinom(1 / dispersion, 1 / (1 + dispersion * mean))
