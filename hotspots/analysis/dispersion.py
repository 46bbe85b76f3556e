"""How much areas' risks scatter, estimated so that real hotspots do not hide themselves by inflating it."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

CLIP = 1.5
"""Standardised residuals are clipped here: an area counts no more for being further out than 1.5 SD."""

CLUMPS = 3.0
"""... but never nearer than this times the dispersion, in events: where nearly all counts are 0, the spread is in the
few that are not (events come as if in clumps of that size)."""

BINS = 200
"""Expected counts are brought together in at most this many groups; the model is evaluated once per group."""

MOST = 1e4
"""A dispersion beyond this is no longer scatter; the search ends here."""


def robust_dispersion(observed: Floats, expected: Floats) -> float:
    """Return variance over mean of the counts of areas, from clipped Pearson residuals.

    Solves for d: the mean of min(r^2, c^2), r = (y - E) / sqrt(d E), equals its expectation under the negative
    binomial with mean E and variance d E, where c is 1.5, or more where counts are few. Because the expectation is
    of the same clipped quantity, the estimate is consistent under that model (Fisher consistency, as in Cantoni
    and Ronchetti), while a real hotspot of any height adds at most c^2 per area.

    Not to be trusted with fewer than some 30 areas, or with fewer than some hundred events.

    Parameters
    ----------
    observed, expected
        Events and expected events per area (n); areas with no expected events are left out.

    Returns
    -------
    float
        At least 1 (no more scatter than chance).

    References
    ----------
    Cantoni, E. and Ronchetti, E. (2001), Journal of the American Statistical Association 96, 1022-1030.
    """
    from scipy.optimize import brentq

    keep = expected > 0
    y, mean = observed[keep], expected[keep]
    if len(y) < 2:
        return 1.0
    group_mean, group_size = _groups(mean)

    def excess(log_dispersion: float) -> float:
        dispersion = float(np.exp(log_dispersion))
        reach = _reach(mean, dispersion)
        seen = (np.minimum(np.abs(y - mean), reach) ** 2 / (dispersion * mean)).mean()
        model = (_clipped_moment(group_mean, dispersion) * group_size).sum() / group_size.sum()
        return float(seen - model)

    # Upwards in small steps: far above the answer both sides tend to 0 and may cross again.
    steps = np.arange(0.0, np.log(MOST), 0.2)
    if excess(0.0) <= 0:
        return 1.0
    for lower, upper in pairwise(steps):
        if excess(upper) <= 0:
            return float(np.exp(brentq(excess, lower, upper, xtol=1e-6)))
    return MOST


def dispersion_bounds(low: Floats, high: Floats, expected: Floats) -> tuple[float, float]:
    """Return the smallest and largest dispersion that fills of hidden counts can give.

    Every hidden count is put as near to, and as far from, its expected count as its interval allows. These are
    outer bounds while the expected counts are held at the middle of the intervals.

    Parameters
    ----------
    low, high, expected
        Bounds of the events and expected events per area (n).
    """
    near = np.clip(np.rint(expected), low, high)
    far = np.where(np.abs(high - expected) >= np.abs(low - expected), high, low)
    smallest, largest = robust_dispersion(near, expected), robust_dispersion(far, expected)
    return min(smallest, largest), max(smallest, largest)


def _groups(mean: Floats) -> tuple[Floats, Floats]:
    """Return the mean expected count and the number of areas of each group of similar areas."""
    chunks = np.array_split(np.sort(mean), min(BINS, len(mean)))
    return np.array([chunk.mean() for chunk in chunks]), np.array([float(len(chunk)) for chunk in chunks])


def _reach(mean: Floats, dispersion: float) -> Floats:
    """Return the distance from the mean, in events, at which residuals are clipped."""
    reach: Floats = np.maximum(CLIP * np.sqrt(dispersion * mean), CLUMPS * dispersion)
    return reach


def _clipped_moment(mean: Floats, dispersion: float) -> Floats:
    """Return E min(r^2, c^2) of a negative binomial with these means and this dispersion, by summation.

    Only counts within the clip are summed: c^2 less the shortfall there.
    """
    from scipy.special import gammaln, xlogy

    reach = _reach(mean, dispersion)
    first = np.maximum(np.ceil(mean - reach), 0)
    width = int((np.floor(mean + reach) - first).max()) + 1
    # A wide window is sampled: the shortfall is smooth where counts are large.
    stride = max(1, width // 400)
    y = first[:, None] + np.arange(0, width, stride)[None, :]
    m = mean[:, None]
    if dispersion <= 1 + 1e-9:
        log_chance = xlogy(y, m) - m - gammaln(y + 1)
    else:
        size = m / (dispersion - 1)
        log_chance = (
            gammaln(y + size)
            - gammaln(size)
            - gammaln(y + 1)
            - size * np.log(dispersion)
            + y * np.log1p(-1 / dispersion)
        )
    shortfall = np.maximum(reach[:, None] ** 2 - (y - m) ** 2, 0)
    moment: Floats = (reach**2 - stride * (np.exp(log_chance) * shortfall).sum(axis=1)) / (dispersion * mean)
    return moment
