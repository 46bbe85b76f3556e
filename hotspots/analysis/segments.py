"""Series of counts cut into stretches of one level each: the exact optimum for every number of stretches.

Pure functions on arrays, for many series at once: the simulated ones of a test go the same way as the observed one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

__all__ = ["Cuts", "best_cuts", "deviances", "dispersion_of", "draw_counts", "gain_of_a_cut", "modified_bic"]

HALF_OF_CHI_SQUARED: Final = 0.454936
"""Median of the square of a standard normal number."""
LEAST: Final = 0.2
"""The least dispersion of a series: what is divided by is not 0 where a few numbers happen to lie on a line."""


class Cuts(NamedTuple):
    """The best way to cut series into 1, 2, ... stretches."""

    cost: Floats
    """Sum of the costs of the stretches, shape (series, most); infinite where there is no room for so many."""
    start: NDArray[np.intp]
    """Where each stretch begins, shape (series, most, most): the k-th row has k starts, then -1."""


def deviances(counts: ArrayLike, exposure: ArrayLike) -> Floats:
    """Return the Poisson deviance of every stretch from `a` up to, without, `b` around its own level.

    Parameters
    ----------
    counts
        Shape (series, n), at least 0.
    exposure
        What a count is in proportion to (people, season), above 0, shape (n,).

    Returns
    -------
    ndarray
        Shape (series, n + 1, n + 1); infinite where `b` is not after `a`.

    Examples
    --------
    A level of 2 under counts of 1 and 3: 2 (1 ln 1/2 + 3 ln 3/2).

    >>> float(deviances([[1, 3]], [1, 1])[0, 0, 2].round(4))
    1.0465
    """
    y, e = np.atleast_2d(np.asarray(counts, dtype=float)), np.asarray(exposure, dtype=float)
    single = _x_log_ratio(y, np.broadcast_to(e, y.shape))
    total, people, saturated = (_cumulated(part) for part in (y, e[None, :], single))
    between = [part[:, None, :] - part[:, :, None] for part in (total, people, saturated)]
    after = np.triu(np.ones((y.shape[1] + 1,) * 2, dtype=bool), 1)
    deviance = np.full(between[0].shape, np.inf)
    whole = np.broadcast_to(np.where(after, between[1], 1.0), deviance.shape)
    found = 2 * (between[2] - _x_log_ratio(np.where(after, between[0], 0.0), whole))
    deviance[:, after] = np.maximum(found[:, after], 0.0)  # a level without spread may come out at -1e-15
    return deviance


def best_cuts(cost: Floats, *, most: int, shortest: int = 2) -> Cuts:
    """Return the cheapest way to cut each series into 1, 2, ... `most` stretches.

    Parameters
    ----------
    cost
        Of every stretch, shape (series, n + 1, n + 1), as from `deviances`.
    most
        The largest number of stretches.
    shortest
        The fewest periods in a stretch.

    References
    ----------
    Auger and Lawrence (1989), Bulletin of Mathematical Biology 51, 39-54 (segment neighbourhood); Jackson et al.
    (2005), IEEE Signal Processing Letters 12, 105-108.
    """
    series, points = cost.shape[0], cost.shape[1]
    n = points - 1
    allowed = cost.copy()
    length = np.arange(points)[None, :] - np.arange(points)[:, None]
    allowed[:, length < shortest] = np.inf
    best = np.full((series, most, points), np.inf)
    came = np.full((series, most, points), -1, dtype=np.intp)
    best[:, 0, :], came[:, 0, :] = allowed[:, 0, :], 0
    for k in range(1, most):
        through = best[:, k - 1, :, None] + allowed
        came[:, k, :] = through.argmin(axis=1)
        best[:, k, :] = np.take_along_axis(through, came[:, k, None, :], axis=1)[:, 0, :]
    start = np.full((series, most, most), -1, dtype=np.intp)
    rows = np.arange(series)
    for k in range(most):
        end = np.full(series, n)
        for place in range(k, -1, -1):
            end = came[rows, place, end]
            start[:, k, place] = end
    return Cuts(best[:, :, n], start)


def modified_bic(deviance: Floats, dispersion: ArrayLike) -> Floats:
    """Return the cost of every stretch for the modified Bayesian information criterion, without the price of a cut.

    Add 3 ln n for every cut. Twice the log-likelihood is the deviance over the dispersion, with the opposite sign; the
    share of a stretch in all periods is what tells this criterion from the usual one: it holds back short stretches.

    Parameters
    ----------
    deviance
        From `deviances`, shape (series, n + 1, n + 1).
    dispersion
        How many times more than Poisson chance each series varies, shape (series,).

    References
    ----------
    Zhang and Siegmund (2007), Biometrics 63, 22-32, equation 2 (for normal data; here for Poisson data in the limit of
    large counts).
    """
    points = deviance.shape[1]
    length = np.arange(points)[None, :] - np.arange(points)[:, None]
    share = np.log(np.maximum(length, 1) / (points - 1))
    spread: Floats = np.asarray(dispersion, dtype=float)
    return np.asarray(deviance / spread[:, None, None] + share[None, :, :], dtype=float)


def dispersion_of(counts: ArrayLike, exposure: ArrayLike) -> Floats:
    """Return how many times as much as Poisson chance each series varies from one period to the next.

    From second differences, which a level, a steady rise and, by their median, a few jumps leave as they are. Rough
    with few periods, and then below 1 by luck as often as above the truth: a test that held all values up to 1 would
    find change points in one of seven short series that have none. At least 0.2, for something is divided by it.

    Parameters
    ----------
    counts, exposure
        As in `deviances`, at least 3 periods.

    References
    ----------
    Gasser, Sroka and Jennen-Steinmetz (1986), Biometrika 73, 625-633 (differences against the line through the
    neighbours); the median in place of the mean is this project's.
    """
    y, e = np.atleast_2d(np.asarray(counts, dtype=float)), np.asarray(exposure, dtype=float)
    rate, variance = y / e, y / e**2
    bend = rate[:, :-2] - 2 * rate[:, 1:-1] + rate[:, 2:]
    chance = variance[:, :-2] + 4 * variance[:, 1:-1] + variance[:, 2:]
    ratio = np.zeros(bend.shape)
    np.divide(bend**2, chance, out=ratio, where=chance > 0)
    return np.asarray(np.maximum(np.median(ratio, axis=1) / HALF_OF_CHI_SQUARED, LEAST), dtype=float)


def draw_counts(mean: ArrayLike, dispersion: float, *, size: int, rng: np.random.Generator) -> Floats:
    """Return random counts with these means, shape (size, n), whose variance is `dispersion` times their mean."""
    expected = np.broadcast_to(np.asarray(mean, dtype=float), (size, np.size(mean)))
    if dispersion > 1:
        expected = rng.gamma(np.maximum(expected, 1e-12) / (dispersion - 1), dispersion - 1)
    return rng.poisson(expected).astype(float)


def gain_of_a_cut(deviance: Floats, first: int, last: int, *, shortest: int = 2) -> Floats:
    """Return by how much the best single cut lowers the deviance of the stretch from `first` up to `last`."""
    places = np.arange(first + shortest, last - shortest + 1)
    if not len(places):
        return np.zeros(len(deviance))
    apart = deviance[:, first, places] + deviance[:, places, last]
    return np.asarray(deviance[:, first, last] - apart.min(axis=1), dtype=float)


def _x_log_ratio(y: Floats, e: Floats) -> Floats:
    """Return y ln(y / e), 0 where y is 0."""
    some = y > 0
    return np.where(some, y * np.log(np.where(some, y, 1.0) / e), 0.0)


def _cumulated(values: Floats) -> Floats:
    """Return sums up to, without, each position, shape (series, n + 1)."""
    return np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1)], axis=1)
