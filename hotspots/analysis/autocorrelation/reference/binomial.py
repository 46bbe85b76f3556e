"""Both tails of a window's count under a null of risk: binomial, beta-binomial. Arrays in, arrays out.

`exact` describes the null hypotheses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hotspots.analysis.autocorrelation.reference.exact import TINY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

ONE_BY_ONE = 2000
"""Terms of a tail that are added one by one; of a longer tail the rest is integrated: it is smooth at that scale."""

FAINT = 45.0
"""Where a probability has fallen by this on the log scale (1e-20), the rest adds nothing to a tail."""

PANELS, NODES = 16, 16
"""Pieces of an integral, and Gauss-Legendre nodes in each: of a peak that falls by `FAINT`, to some 1e-12."""


def binomial_tails(counts: Floats, totals: Floats, shares: Floats, *, mid_p: bool = False) -> tuple[Floats, Floats]:
    """Return both tails of each window's count given the total, under constant risk.

    Parameters
    ----------
    counts, totals
        Events in the window and in all areas (m).
    shares
        Share of the population that lives in the window (m), between 0 and 1.
    mid_p
        Whether ties count half.

    Examples
    --------
    >>> hot, cold = binomial_tails(np.array([2.0]), np.array([2.0]), np.array([0.5]))
    >>> float(hot[0]), float(cold[0])
    (0.25, 1.0)
    """
    from scipy.special import betainc, gammaln, xlog1py, xlogy

    # Both tails are incomplete beta functions, so neither is one minus the other.
    with np.errstate(invalid="ignore"):
        hot = np.where(counts <= 0, 1.0, betainc(np.maximum(counts, 1), totals - counts + 1, shares))
        cold = np.where(counts >= totals, 1.0, betainc(np.maximum(totals - counts, 1), counts + 1, 1 - shares))
    if mid_p:
        choose = gammaln(totals + 1) - gammaln(counts + 1) - gammaln(totals - counts + 1)
        ties = np.exp(choose + xlogy(counts, shares) + xlog1py(totals - counts, -shares)) / 2
        hot, cold = hot - ties, cold - ties
    return np.clip(hot, TINY, 1.0), np.clip(cold, TINY, 1.0)


def beta_binomial_tails(
    counts: Floats, totals: Floats, shares: Floats, weights: Floats, *, mid_p: bool = False
) -> tuple[Floats, Floats]:
    """Return both tails of each window's count given the total, under exchangeable risk.

    If the window's count has variance d times its mean, the Dirichlet weights are (expected count) / (d - 1), and the
    count is beta-binomial(C, A q, A (1 - q)) with A the sum of the weights and q the window's share.

    Parameters
    ----------
    counts, totals, shares, mid_p
        As in `binomial_tails`.
    weights
        Sum of the Dirichlet weights, A (m); infinite gives the binomial.
    """
    if np.isinf(weights).all():
        return binomial_tails(counts, totals, shares, mid_p=mid_p)
    counts, totals = np.asarray(counts, float), np.asarray(totals, float)
    # A window of everything, of nothing, or no events: the outcome is certain.
    sure = (shares <= 0) | (shares >= 1) | (totals <= 0)
    share, total, count = np.where(sure, 0.5, shares), np.where(sure, 1.0, totals), np.where(sure, 0.0, counts)
    known = np.where(sure, 1.0, weights)
    a, b = known * share, known * (1 - share)
    hot = _upper_tail(count, total, a, b)
    cold = _upper_tail(total - count, total, b, a)  # the mirror: what lies outside the window
    here = _beta_binomial_chance(count, total, a, b)
    # The larger tail is the complement of the smaller, which was summed term by term.
    hot, cold = np.where(np.isnan(hot), 1 - cold + here, hot), np.where(np.isnan(cold), 1 - hot + here, cold)
    hot, cold, here = np.where(sure, 1.0, hot), np.where(sure, 1.0, cold), np.where(sure, 1.0, here)
    ties = here / 2 if mid_p else 0.0
    return np.clip(hot - ties, TINY, 1.0), np.clip(cold - ties, TINY, 1.0)


def _log_chance(counts: Floats, totals: Floats, a: Floats, b: Floats) -> Floats:
    """Return the log probability of a count, also between whole numbers."""
    from scipy.special import betaln

    choose = -np.log(totals + 1) - betaln(counts + 1, totals - counts + 1)
    return np.asarray(choose + betaln(counts + a, totals - counts + b) - betaln(a, b))


def _beta_binomial_chance(counts: Floats, totals: Floats, a: Floats, b: Floats) -> Floats:
    return np.exp(_log_chance(counts, totals, a, b))


def _upper_tail(counts: Floats, totals: Floats, a: Floats, b: Floats) -> Floats:
    """Return P(S >= s) where s is at or above the mean, else NaN (the other tail is the smaller one).

    Terms follow by their ratio, (C - s)(a + s) / ((s + 1)(C - s - 1 + b)), until they no longer count; after
    `ONE_BY_ONE` of them the rest is integrated, so that a tail of millions of terms takes no longer. (Not where the
    weights inside or outside are below 1: the probabilities then rise without bound at an end, which is near.)
    """
    tail = np.full(len(counts), np.nan)
    above = np.flatnonzero(counts >= totals * a / (a + b))
    s, c, a, b = counts[above], totals[above], a[above], b[above]
    term = _beta_binomial_chance(s, c, a, b)
    total = term.copy()
    live, steps = np.arange(len(s)), 0
    while len(live):
        if steps >= ONE_BY_ONE:
            smooth = np.minimum(a[live], b[live]) >= 1
            at, live = live[smooth], live[~smooth]
            total[at] += _rest_of_tail(s[at] + 1, c[at], a[at], b[at])
            steps = 0
            continue
        ratio = (c[live] - s[live]) * (a[live] + s[live]) / ((s[live] + 1) * (c[live] - s[live] - 1 + b[live]))
        term[live] *= ratio
        total[live] += term[live]
        s[live] += 1
        steps += 1
        # Beyond the mean of a unimodal distribution terms fall at least geometrically once the ratio is below 1.
        rest = term[live] / np.maximum(1 - ratio, 1e-3)
        live = live[(s[live] < c[live]) & ((ratio >= 1) | (rest > 1e-17 * total[live]))]
    tail[above] = total
    return tail


def _rest_of_tail(first: Floats, totals: Floats, a: Floats, b: Floats) -> Floats:
    """Return P(S >= first) of smooth probabilities: an integral and Euler and Maclaurin's first correction.

    The sum over k >= m of f(k) is the integral of f from m - 1/2 and f'(m - 1/2) / 24; the next term is smaller by the
    fourth power of the scale. The logarithm of f is concave (a and b at least 1), so that where f has fallen by `FAINT`
    from its first value nothing is left.

    References
    ----------
    Abramowitz and Stegun (1964), Handbook of Mathematical Functions, formula 23.1.30 at midpoints.
    """
    from scipy.special import digamma

    start, end = first - 0.5, totals + 0.5
    log_first = _log_chance(start, totals, a, b)
    low, high = start.copy(), end.copy()
    done = _log_chance(end, totals, a, b) >= log_first - FAINT
    for _ in range(60):
        middle = (low + high) / 2
        counts = _log_chance(middle, totals, a, b) >= log_first - FAINT
        low, high = np.where(counts, middle, low), np.where(counts, high, middle)
    width = (np.where(done, end, high) - start) / PANELS
    at, weights = np.polynomial.legendre.leggauss(NODES)
    found = np.zeros(len(first))
    for panel in range(PANELS):
        x = start[:, None] + width[:, None] * (panel + (at + 1) / 2)
        chance = np.exp(_log_chance(x, totals[:, None], a[:, None], b[:, None]))
        found += width / 2 * (chance @ weights)
    slope = digamma(start + a) - digamma(start + 1) + digamma(totals - start + 1) - digamma(totals - start + b)
    rest: Floats = found + np.exp(log_first) * slope / 24
    return rest
