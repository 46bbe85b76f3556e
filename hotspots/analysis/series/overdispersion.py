"""How much a series of counts varies around its course, beyond Poisson chance, and how long it stays off it.

The model: every period's count is Poisson around its course times a factor whose logarithm is an autoregression of
order 1, with one standard deviation and one correlation from each period to the next. White noise is a correlation of
0, Poisson chance alone a standard deviation of 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

__all__ = [
    "CORRELATIONS",
    "Scatter",
    "chance_of_logs",
    "correlate",
    "draw_series",
    "estimate_scatter",
    "roots_of_variances",
    "scatters_for",
]

CORRELATIONS: Final = (0.0, 0.2, 0.4, 0.6, 0.75, 0.85, 0.92, 0.97)
"""Correlations from period to period that are tried."""
SIZES: Final = 10
"""Standard deviations that are tried, apart from 0."""
LEAST_VARIANCE: Final = 1e-8
"""The least variance of logarithms that is taken as above 0."""


class Scatter(NamedTuple):
    """How counts vary around their course beyond Poisson chance."""

    sd: float
    """Standard deviation of the logarithm of the level: 0.05 is 5 %."""
    correlation: float
    """From one period to the next, from 0 to below 1."""


def correlate(time: Floats, correlation: float) -> Floats:
    """Return the correlations of an autoregression of order 1 at these times (numbers of periods), shape (n, n)."""
    return np.asarray(float(correlation) ** np.abs(time[:, None] - time[None, :]), dtype=float)


def roots_of_variances(chance: Floats, tried: Sequence[Scatter], *, time: Floats) -> Floats:
    """Return the Cholesky root of the variance of logarithms under each of the scatters, shape (scatters, n, n).

    Parameters
    ----------
    chance
        Variance by Poisson chance, shape (n,), as from `chance_of_logs`.
    tried
        The scatters; many of them share a correlation.
    time
        Number of every period, shape (n,).
    """
    correlations = {one.correlation: correlate(time, one.correlation) for one in tried}
    scattered = [one.sd**2 * correlations[one.correlation] for one in tried]
    return np.asarray(np.linalg.cholesky(np.diag(chance) + np.array(scattered)), dtype=float)


def chance_of_logs(mean: ArrayLike) -> Floats:
    """Return about what Poisson chance makes the variance of log(count + 1/2), for these means.

    Rough below a mean of 10. No test rests on it: simulated series go the same way as the observed one.
    """
    return np.asarray(1.0 / (np.asarray(mean, dtype=float) + 0.5), dtype=float)


def draw_series(
    mean: ArrayLike, scatter: Scatter, *, size: int, rng: np.random.Generator, time: Floats | None = None
) -> Floats:
    """Return random series of counts with these means and this scatter, shape (size, n); at every period if no time."""
    expected: Floats = np.asarray(mean, dtype=float)
    n = expected.size
    gaps = np.ones(n - 1) if time is None else np.diff(time)
    if scatter.sd == 0:
        return rng.poisson(np.broadcast_to(expected, (size, n))).astype(float)
    noise = rng.standard_normal((size, n))
    # Each value keeps its share of the one before: exact at every correlation below 1, in one pass.
    for place in range(1, n):
        kept = scatter.correlation ** gaps[place - 1]
        noise[:, place] = kept * noise[:, place - 1] + np.sqrt(1 - kept**2) * noise[:, place]
    # exp(sd z - sd² / 2) has mean 1, so that simulated means stay those of the course.
    factor = np.exp(scatter.sd * noise - scatter.sd**2 / 2)
    return rng.poisson(expected * factor).astype(float)


def scatters_for(variance: float) -> tuple[Scatter, ...]:
    """Return the scatters to be tried where logarithms vary by `variance` around a straight course."""
    around = max(variance, LEAST_VARIANCE)
    sizes = np.sqrt(np.geomspace(around / 60, 2 * around, SIZES))
    return (Scatter(0.0, 0.0), *(Scatter(float(sd), rho) for sd in sizes for rho in CORRELATIONS))


def estimate_scatter(
    logs: Floats, design: Floats, chance: Floats, *, tried: tuple[Scatter, ...], time: Floats
) -> Scatter:
    """Return the likeliest scatter of logarithms around a course, by restricted likelihood over a grid.

    Parameters
    ----------
    logs
        log(count + 1/2), shape (n,).
    design
        Columns that the course is made of, shape (n, p).
    chance
        Variance by Poisson chance, shape (n,), as from `chance_of_logs`.
    tried
        From `scatters_for`.
    time
        Number of every period: gaps are left out, not closed, shape (n,).

    References
    ----------
    Patterson and Thompson (1971), Biometrika 58, 545-554: restricted likelihood, which allows for the numbers that the
    course takes up.
    """
    roots = roots_of_variances(chance, tried, time=time)
    # Whitened: the residual sum of squares, log det V / 2 from the Cholesky diagonal and log det X'V⁻¹X / 2 from the
    # triangle of QR make the restricted likelihood. All scatters at once: the matrices are small, and calls would cost
    # more than what they compute.
    wide = np.linalg.solve(roots, np.column_stack([design, logs]))
    basis, triangle = np.linalg.qr(wide[:, :, :-1])
    own = wide[:, :, -1:]
    apart = own - basis @ (basis.transpose(0, 2, 1) @ own)
    of_data, of_course = (np.abs(np.diagonal(factor, axis1=1, axis2=2)) for factor in (roots, triangle))
    value = -0.5 * (apart**2).sum(axis=(1, 2)) - np.log(of_data).sum(axis=1)
    value -= np.log(np.maximum(of_course, 1e-300)).sum(axis=1)
    return tried[int(value.argmax())]
