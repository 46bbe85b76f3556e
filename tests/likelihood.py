"""Schools' counts by maximum likelihood, hidden ones included: what the robust regression is held against.

statsmodels has the same for known counts, and the tests hold this against it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import digamma, logsumexp

from hotspots.analysis.common import Counts, FunctionOfCounts, counts_of
from hotspots.analysis.schools.negative_binomial import log_chances

Floats = NDArray[np.float64]


class Likely(NamedTuple):
    """A regression of counts by maximum likelihood, dispersion included."""

    coefficients: Floats
    """Shape (k,)."""
    covariance: Floats
    """Of the coefficients, shape (k, k); from the whole information, dispersion included."""
    dispersion: float
    log_likelihood: float


def fit_likelihood(counts: Counts | Floats, design: Floats, *, exposure: Floats) -> Likely:
    """Return the negative binomial regression by maximum likelihood (Lawless 1987, Canadian Journal of Statistics 15).

    The likelihood of a hidden count is the chance of its interval; counts, design and exposure are as for `fit_counts`.
    """
    counts = counts_of(counts)
    width = design.shape[1]

    def value_and_slope(at: Floats) -> tuple[float, Floats]:
        mean, dispersion = exposure * np.exp(design @ at[:width]), float(np.exp(at[width]))
        chance, size = log_chances(mean, dispersion), 1 / dispersion

        def by_dispersion(y: Floats, i: Any) -> Floats:
            m = mean[i]
            return np.asarray(
                -size * (digamma(y + size) - digamma(size) - np.log1p(dispersion * m) + (m - y) / (size + m))
            )

        score = counts.expect(lambda y, i: (y - mean[i]) / (1 + dispersion * mean[i]), chance)
        slope = np.append(design.T @ score, counts.expect(by_dispersion, chance).sum())
        return -float(log_likelihood(counts, chance).sum()), -slope

    start = np.append(np.linalg.lstsq(design, np.log((counts.start + 0.5) / exposure), rcond=None)[0], np.log(0.5))
    least = float(np.log(1e-6))
    bounds = [(None, None)] * width + [(least, float(np.log(1e3)))]
    best = minimize(
        value_and_slope, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-15, "gtol": 1e-7}
    )
    at, step = best.x, 1e-5
    information = np.array(
        [(value_and_slope(at + e)[1] - value_and_slope(at - e)[1]) / (2 * step) for e in step * np.eye(width + 1)]
    )
    free = width + 1 if at[width] > least else width
    covariance = np.linalg.inv((information + information.T)[:free, :free] / 2)[:width, :width]
    dispersion = float(np.exp(at[width])) if free > width else 0.0
    return Likely(at[:width], covariance, dispersion, -float(best.fun))


def log_likelihood(counts: Counts, log_chance: FunctionOfCounts) -> Floats:
    """Return the logarithm of the chance of what is known of each count; shape (n,)."""
    known = np.array(log_chance(counts.low, slice(None)), dtype=float)
    if len(counts.hidden):
        known[counts.hidden] = logsumexp(log_chance(counts.values, counts.hidden[:, None]) + counts.log_ways, axis=1)
    return known
