"""How much the risks of areas vary beyond chance, estimated so that real hotspots do not inflate it.

Two forms were compared on null and planted maps (benchmarks/scatter.py). They agree where areas have similar
populations. Where populations differ and risks have one variance, one dispersion for all areas flags up to 13% at a
level of 5%; the reverse, up to 6%.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from hotspots.vocabulary import MOST_DISPERSION

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

POINTS = 400
"""At most about this many counts of a group are summed; where there are more, the terms are smooth."""

ALMOST = 1e-6
"""A negative binomial with a dispersion this near to 1 is used for the Poisson."""

TOTALS = 9
"""Totals of suppressed counts at which the bounds of the dispersion are computed ..."""

MARGIN = 0.01
"""... and the share by which they are widened for the totals in between."""

NEARBY = 0.02
"""Half-width, on the log scale, of the first search around the previous dispersion."""


def robust_dispersion(observed: Floats, expected: Floats, *, relative: Floats | None = None) -> float:
    """Return variance over mean of an average area's count, from clipped Pearson residuals.

    Risks have the same variance in all areas, so that the variance of a count with mean E is E + (d - 1) E^2 / (average
    E): an area with twice the people has twice the extra variance over its mean. Solves for d: the mean of min(r^2,
    c^2), r = (y - E) / SD, equals its expectation under the negative binomial with these moments, where c is 1.5, or
    more where counts are few. Because the expectation is of the same clipped quantity, the estimate is consistent under
    that model (Fisher consistency, as in Cantoni and Ronchetti), while a real hotspot of any height adds at most c^2
    per area.

    Do not trust it with fewer than about 30 areas, or fewer than about a hundred events.

    Parameters
    ----------
    observed, expected
        Events and expected events per area (n); areas with no expected events are left out.
    relative
        Extra variance over the mean of each area (n), relative to what is returned; (expected) / (average expected)
        if left out. Ones give a variance that is d times the mean in every area.

    Returns
    -------
    float
        At least 1 (no more scatter than chance).

    References
    ----------
    Cantoni, E. and Ronchetti, E. (2001), Journal of the American Statistical Association 96, 1022-1030.
    """
    keep = expected > 0
    y, mean = observed[keep], expected[keep]
    if len(y) < 2:
        return 1.0
    growth = mean / mean.mean() if relative is None else relative[keep]
    # Each trial dispersion needs the model's expectation at every mean. Areas of similar mean share one, so its cost
    # does not grow with n; the observed side below still uses every area.
    groups = np.array_split(np.argsort(mean, kind="stable"), min(BINS, len(mean)))
    group_size = np.array([float(len(group)) for group in groups])
    group_mean, group_growth = (np.array([values[group].mean() for group in groups]) for values in (mean, growth))

    def excess(log_dispersion: float) -> float:
        # On the log scale d >= 1 becomes >= 0; expm1 keeps the digits of d - 1 near the Poisson.
        extra = float(np.expm1(log_dispersion))
        dispersion = 1 + extra * growth
        seen = (np.minimum(np.abs(y - mean), _reach(mean, dispersion)) ** 2 / (dispersion * mean)).mean()
        model = np.average(_clipped_moment(group_mean, 1 + extra * group_growth), weights=group_size)
        return float(seen - model)

    return first_balance(excess, precision=1e-6)


def first_balance(excess: Callable[[float], float], *, precision: float, near: float = 1.0) -> float:
    """Return the smallest dispersion at which the scatter seen is no more than that of the model.

    Parameters
    ----------
    excess
        Scatter seen less scatter of the model, at the logarithm of a dispersion.
    precision
        Of the logarithm.
    near
        The dispersion before a small change; the search starts there.
    """
    from scipy.optimize import brentq

    if near > 1:
        lower, upper = max(np.log(near) - NEARBY, 0.0), np.log(near) + NEARBY
        if excess(lower) > 0 >= excess(upper):
            return float(np.exp(brentq(excess, lower, upper, xtol=precision)))

    if excess(0.0) <= 0:
        return 1.0
    # Upwards in small steps: far above the answer both sides tend to 0 and may cross again.
    for lower, upper in pairwise(np.arange(0.0, np.log(MOST_DISPERSION), 0.2)):
        if excess(upper) <= 0:
            return float(np.exp(brentq(excess, lower, upper, xtol=precision)))
    return MOST_DISPERSION


def dispersion_bounds(
    low: Floats, high: Floats, expected: Floats, *, relative: Floats | None = None
) -> tuple[float, float]:
    """Return the smallest and largest dispersion that values of the suppressed counts can give.

    Each suppressed count takes the value in its interval nearest to, and then farthest from, its expected count. This
    bounds all possible values with this total. Expected counts grow with the total, so this is repeated for `TOTALS`
    totals from that of all lower bounds to that of all upper bounds.

    Parameters
    ----------
    low, high, expected
        Bounds of the events, and expected events at any one total, per area (n).
    relative
        As in `robust_dispersion`.
    """
    if (low == high).all():
        only = robust_dispersion(low, expected, relative=relative)
        return only, only
    dispersions = []
    for total in np.linspace(low.sum(), high.sum(), TOTALS):
        mean = expected * (total / expected.sum())
        # A clipped residual grows with |y - mean|, so the nearest and the farthest end of each interval bound the
        # observed scatter of every fill with this total.
        near = np.clip(np.rint(mean), low, high)
        far = np.where(np.abs(high - mean) >= np.abs(low - mean), high, low)
        dispersions += [robust_dispersion(fill, mean, relative=relative) for fill in (near, far)]
    return max(1.0, min(dispersions) * (1 - MARGIN)), max(dispersions) * (1 + MARGIN)


def _reach(mean: Floats, dispersion: Floats) -> Floats:
    """Return the distance from the mean, in events, at which residuals are clipped."""
    reach: Floats = np.maximum(CLIP * np.sqrt(dispersion * mean), CLUMPS * dispersion)
    return reach


def _clipped_moment(mean: Floats, dispersion: Floats) -> Floats:
    """Return E min(r^2, c^2) of negative binomials with these means and dispersions, by summation.

    Only counts within the clip are summed: c^2 less the shortfall there.
    """
    from scipy.special import gammaln

    reach = _reach(mean, dispersion)
    first = np.maximum(np.ceil(mean - reach), 0)
    width = np.floor(mean + reach) - first + 1
    # A wide range is sampled, each row at its own stride: small and large means share one array.
    stride = np.ceil(width / POINTS)
    y = first[:, None] + np.arange(int((width / stride).max()) + 1) * stride[:, None]
    # Negative binomial with variance d m: size m / (d - 1), success probability 1 / d. In logarithms, as the factorials
    # of large counts overflow.
    m, d = mean[:, None], np.maximum(dispersion, 1 + ALMOST)[:, None]
    size = m / (d - 1)
    log_chance = gammaln(y + size) - gammaln(size) - gammaln(y + 1) - size * np.log(d) + y * np.log1p(-1 / d)
    # E min(r², c²) = c² - E max(c² - r², 0): the sum has no tail to cut off.
    shortfall = np.maximum(reach[:, None] ** 2 - (y - m) ** 2, 0)
    moment: Floats = (reach**2 - stride * (np.exp(log_chance) * shortfall).sum(axis=1)) / (dispersion * mean)
    return moment
