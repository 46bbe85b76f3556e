"""Counts of areas whose risks scatter with an unknown distribution: its estimate, and the tails of windows under it.

The model: every area's risk is drawn independently from one distribution, whatever its form, and its count is Poisson
around expected count times risk. The distribution is estimated from the map by maximum likelihood without a form; the
estimate is a few risks, each with its share of the areas. Areas without any events and areas with many times the usual
risk (a prison, a shopping centre) are ordinary cases of it: a risk of 0, or a risk of 10 with a share of one in a
hundred.

A window's count is then a sum of independent mixed Poisson counts. Its characteristic function is the product of
theirs, and both tails follow from it at every count, without simulation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]

__all__ = ["Risks", "estimate_risks", "likeliest_shares", "merge_shares", "mixed_poisson_tails"]

SPACING: Final = 0.25
"""Distance of the risks tried, as that of the square roots of the counts expected: half a Poisson standard deviation
there. Twice as many risks change the log-likelihood by some 0.1 in 1,700 areas."""
MOST_RISKS: Final = 500
FIRST_STEPS: Final = 15
"""Steps of the EM algorithm before the first Newton step, whose quadratic would otherwise be that of a poor start."""
MOST_STEPS: Final = 100
LAST_STEPS: Final = 30
"""EM steps at the end, off the grid."""
CLOSE: Final = 1e-5
"""The estimate is done when no distribution has a log-likelihood higher than by this much for each area."""
LEAST_SHARE: Final = 1e-8
"""Shares below this are rounding."""
BEYOND: Final = 30.0
"""The sums are cut off where at most exp(-30) of a window's chance lies beyond, by Chernoff's bound."""
NEGLIGIBLE: Final = 1e-15
"""Characteristic functions below this add nothing to a tail."""
BLOCK: Final = 128
"""Frequencies taken at a time."""
MOST_CELLS: Final = 8192
"""Counts of a window up to which the chance of each is written down; of larger windows only the frequencies are."""
CELLS: Final = 15_000_000
"""Numbers that are held at a time."""
LARGE_MEAN: Final = 500.0
"""Largest mean count of an area whose chances are computed from that of 0 up: exp(-mean) must be a number."""
NUMERICAL_ERROR: Final = 1e-12
"""Error of a tail by rounding and by what is cut off. No p-value is given below it."""


class Risks(NamedTuple):
    """A distribution of risks among areas: a few risks, each with its share of the areas."""

    risk: Floats
    """Rising, from 0 up (k)."""
    share: Floats
    """Adds up to 1 (k)."""


def estimate_risks(low: Floats, high: Floats, expected: Floats) -> Risks:
    """Return the likeliest distribution of risks, of any form.

    Parameters
    ----------
    low, high
        Bounds of each area's count, whole numbers (n). A suppressed count counts by the chance of its interval.
    expected
        Each area's count at a risk of 1, above 0 (n).

    References
    ----------
    Kiefer and Wolfowitz (1956), Annals of Mathematical Statistics 27, 887-906; Lindsay (1983), Annals of Statistics 11,
    86-94 (the estimate has at most n risks; the gradient that tells when it is reached); Wang (2007), Journal of the
    Royal Statistical Society B 69, 185-198 (the constrained Newton method); Dempster, Laird and Rubin (1977), Journal
    of the Royal Statistical Society B 39, 1-38 (EM).
    """
    risk = _risks_to_try(low, high, expected)
    share = likeliest_shares(_chances(low, high, expected, risk))
    return _polish(merge_shares(risk, share), low, high, expected)


def likeliest_shares(chance: Floats) -> Floats:
    """Return the shares (k) of the values tried that make what was observed likeliest, given its chances (n, k)."""
    n, tried = chance.shape
    share = _by_em(np.full(tried, 1 / tried), chance, FIRST_STEPS)
    for _ in range(MOST_STEPS):
        ratio = chance / (chance @ share)[:, None]
        # Lindsay's gradient: moving the share towards one value gains at most this much.
        gradient = ratio.sum(axis=0) - n
        if gradient.max() <= CLOSE * n:
            break
        share = _by_newton(share, chance, ratio, gradient)
    return share


def _risks_to_try(low: Floats, high: Floats, expected: Floats) -> Floats:
    """Return risks from the lowest to the highest that an area's own count suggests, evenly spaced as square roots."""
    # Square roots of Poisson counts have nearly the same variance whatever their mean.
    large = float(np.sqrt(np.quantile(expected, 0.9)))
    first = max(float(np.sqrt((low / expected).min())) - 1 / large, 0.0)
    last = float(np.sqrt((high / expected).max())) * 1.01 + 1e-6
    number = int(np.clip((last - first) * large / SPACING, 20, MOST_RISKS))
    return np.asarray(np.linspace(first, last, number) ** 2, dtype=float)


def _chances(low: Floats, high: Floats, expected: Floats, risk: Floats) -> Floats:
    """Return the chance of every area's count or interval at every risk, in parts of the area's largest one (n, k)."""
    from scipy.special import xlogy

    mean = expected[:, None] * risk
    logs = xlogy(low[:, None], mean) - mean
    chance = np.exp(logs - logs.max(axis=1, keepdims=True))
    wide = high > low
    if bool(wide.any()):
        within = _within(low[wide][:, None], high[wide][:, None], mean[wide])
        chance[wide] = within / within.max(axis=1, keepdims=True)
    return np.asarray(chance, dtype=float)


def _within(low: Floats, high: Floats, mean: Floats) -> Floats:
    """Return P(low <= Y <= high) of Poisson counts, for whole numbers of which `low` may be -1."""
    from scipy.special import gammainc, gammaincc

    # Poisson tails are incomplete gamma functions; the difference of the smaller ones keeps its digits.
    lower = gammaincc(high + 1, mean) - np.where(low > 0, gammaincc(np.maximum(low, 1), mean), 0.0)
    upper = np.where(low > 0, gammainc(np.maximum(low, 1), mean), 1.0) - gammainc(high + 1, mean)
    return np.maximum(np.where(mean > high, lower, upper), 0.0)


def _by_em(share: Floats, chance: Floats, steps: int) -> Floats:
    for _ in range(steps):
        share = share * (chance / (chance @ share)[:, None]).mean(axis=0)
    return share


def _by_newton(share: Floats, chance: Floats, ratio: Floats, gradient: Floats) -> Floats:
    """Return better shares: those of the quadratic around the present ones, or on the way there."""
    from scipy.optimize import nnls

    n = len(chance)
    peak = (gradient >= np.append(gradient[1:], -np.inf)) & (gradient >= np.append(-np.inf, gradient[:-1]))
    tried = np.flatnonzero((share > LEAST_SHARE / 100) | peak)
    # Minimise |ratio share - 2|² with shares from 0 that add up to 1 (a heavy row); a triangle keeps the sums of
    # squares of n rows in k.
    rows = np.column_stack([ratio[:, tried], np.full(n, 2.0)])
    rows = np.vstack([rows, np.full(len(tried) + 1, 1e3 * np.sqrt(n))])
    triangle: Floats = np.asarray(np.linalg.qr(rows, mode="r"))
    found, _ = nnls(triangle[:, :-1], triangle[:, -1], maxiter=100 * len(tried) + 1000)
    direction = -share
    direction[tried] += found / found.sum()
    before, slope = float(np.log(chance @ share).sum()), float((ratio @ direction).sum())
    for step in 0.5 ** np.arange(15):
        better = np.maximum(share + step * direction, 0)
        mixed = chance @ better
        # Armijo's rule: at least a sixth of the gain that the slope promises.
        if (mixed > 0).all() and float(np.log(mixed).sum()) >= before + step * slope / 6:
            return np.asarray(better / better.sum(), dtype=float)
    return _by_em(share, chance, 3)


def merge_shares(risk: Floats, share: Floats) -> Risks:
    """Return the risks that have a share; two neighbours on the grid, between which one risk lies, as one."""
    pairs: list[list[int]] = []
    for at in np.flatnonzero(share > LEAST_SHARE).tolist():
        if pairs and len(pairs[-1]) == 1 and pairs[-1][0] == at - 1 and risk[at - 1] > 0:
            pairs[-1].append(at)
        else:
            pairs.append([at])
    total = np.array([share[pair].sum() for pair in pairs])
    middle = np.array([share[pair] @ risk[pair] for pair in pairs]) / total
    return Risks(middle, total / total.sum())


def _polish(risks: Risks, low: Floats, high: Floats, expected: Floats) -> Risks:
    """Return the risks after some EM steps off the grid, in which each moves to the rate of the areas it explains."""
    risk, share = risks
    known = low == high
    for _ in range(LAST_STEPS):
        part = _chances(low, high, expected, risk) * share
        part /= part.sum(axis=1, keepdims=True)
        count = np.repeat(low[:, None], len(risk), axis=1)
        if not known.all():
            # E(Y | low <= Y <= high) = mean P(low - 1 <= Y <= high - 1) / P(low <= Y <= high).
            mean, least, most = expected[~known][:, None] * risk, low[~known][:, None], high[~known][:, None]
            within = _within(least, most, mean)
            before = mean * _within(least - 1, most - 1, mean)
            count[~known] = np.divide(before, within, out=least + np.zeros_like(mean), where=within > 0)
        share = part.mean(axis=0)
        risk = (part * count).sum(axis=0) / (part * expected[:, None]).sum(axis=0)
    return Risks(risk, share)


def mixed_poisson_tails(
    sums: Floats, window: Any, expected: Floats, risks: Risks, *, mid_p: bool = False
) -> tuple[Floats, Floats]:
    """Return both tails of every window's count where areas' risks are drawn from a distribution.

    Parameters
    ----------
    sums
        Count of every window, whole numbers (m).
    window
        SciPy sparse array (m, n) of zeros and ones: row i marks the areas of window i. Empty windows get 1.
    expected
        Each area's count at a risk of 1 (n).
    risks
        From `estimate_risks`.
    mid_p
        Whether ties count half.

    Returns
    -------
    hot, cold
        P(S >= sum) and P(S <= sum), each (m), with an absolute error of at most `NUMERICAL_ERROR`.

    References
    ----------
    Feller (1971), An Introduction to Probability Theory and Its Applications II, XV.3 (inversion for whole numbers);
    Chernoff (1952), Annals of Mathematical Statistics 23, 493-507 (where the sums may be cut off).
    """
    window = window.tocsr()
    hot, cold = np.ones(window.shape[0]), np.ones(window.shape[0])
    cells = _cells_needed(sums, window, expected, risks)
    asked = np.diff(window.indptr) > 0
    for size in np.unique(cells[asked]):
        same = np.flatnonzero(asked & (cells == size))
        tails = _tails if size <= MOST_CELLS else _tails_of_large_counts
        step = max(1, int(CELLS // (min(size, MOST_CELLS) * 4)))
        for at in np.split(same, range(step, len(same), step)):
            hot[at], cold[at] = tails(
                sums[at].astype(np.int64), window[at], expected, risks, cells=int(size), mid_p=mid_p
            )
    return np.clip(hot, NUMERICAL_ERROR, 1), np.clip(cold, NUMERICAL_ERROR, 1)


def _cells_needed(sums: Floats, window: Any, expected: Floats, risks: Risks) -> Whole:
    """Return a count for each window, a power of 2, beyond which lie neither its own count nor any chance to speak of.

    Chernoff: P(S >= x) <= M(t) exp(-t x) for every t, where log M adds up over the areas of a window.
    """
    end = np.full(window.shape[0], np.inf)
    some = risks.share > 0
    risk, share, largest = risks.risk[some], risks.share[some], risks.risk[some].max()
    for t in np.geomspace(1e-4, 3, 40):
        # Less the largest power, no exponential overflows, and their mean is not 0.
        mean = expected * np.expm1(t)
        powers = mean * largest + np.log(np.exp(np.multiply.outer(mean, risk - largest)) @ share)
        end = np.minimum(end, (window @ powers + BEYOND) / t)
    needed: Whole = (2 ** np.ceil(np.log2(np.maximum(end, sums + 1) + 2))).astype(np.int64)
    return needed


def _prepare(window: Any, risks: Risks) -> tuple[Whole, Any, Floats]:
    """Return the areas in any of these windows, the windows among them, and the chance that all their risks are 0.

    That chance does not fade with the frequency, so it is taken out of every product and added again.
    """
    areas, members = np.unique(window.indices, return_inverse=True)
    local = type(window)((window.data, members, window.indptr), shape=(window.shape[0], len(areas)))
    zero = float(risks.share[risks.risk == 0].sum())
    return areas, local, zero ** np.diff(window.indptr)


def _tails(
    sums: Whole, window: Any, expected: Floats, risks: Risks, *, cells: int, mid_p: bool
) -> tuple[Floats, Floats]:
    """Return both tails of windows whose counts lie below `cells`."""
    from scipy.fft import irfft, rfft

    areas, local, none = _prepare(window, risks)
    waves = rfft(_chances_of_counts(expected[areas], risks, cells), axis=1)
    product = np.zeros((len(sums), waves.shape[1]), dtype=complex)
    for first in range(0, waves.shape[1], BLOCK):
        block = slice(first, first + BLOCK)
        with np.errstate(divide="ignore"):
            product[:, block] = np.exp(local @ np.log(waves[:, block])) - none[:, None]
        # Frequencies rise with their number: once all windows have faded, the rest is rounding.
        if np.abs(product[:, block]).max() < NEGLIGIBLE:
            break
    chance = irfft(product, n=cells, axis=1)
    chance[:, 0] += none
    row = np.arange(len(sums))
    ties = chance[row, sums] * (0.5 if mid_p else 0.0)
    cold = np.cumsum(chance, axis=1)[row, sums] - ties
    hot = np.cumsum(chance[:, ::-1], axis=1)[:, ::-1][row, sums] - ties
    return hot, cold


def _tails_of_large_counts(
    sums: Whole, window: Any, expected: Floats, risks: Risks, *, cells: int, mid_p: bool
) -> tuple[Floats, Floats]:
    """Return both tails of windows with many events, frequency by frequency.

    The sum of chances up to s is the mean over frequencies t of the characteristic function times the geometric series
    of exp(i t x), x = 0 ... s. It fades within some standard deviations of the count, long before the last frequency.
    """
    areas, local, none = _prepare(window, risks)
    # Frequency 0 by itself: all chance, s + 1 times. Then the others, with their mirror images.
    below, up_to = (((1 - none) * number).astype(float) for number in (sums, sums + 1))
    for first in range(1, cells // 2 + 1, BLOCK):
        number = np.arange(first, min(first + BLOCK, cells // 2 + 1))
        t = 2 * np.pi * number / cells
        product = np.exp(local @ np.log(_waves(expected[areas], risks, t))) - none[:, None]
        # The frequency in the middle is its own mirror image.
        weight = np.where(number * 2 == cells, 1.0, 2.0) / np.expm1(1j * t)
        for total, end in ((below, sums), (up_to, sums + 1)):
            # Angles are reduced by whole turns first: s t has digits that its sine needs.
            turned = np.exp(2j * np.pi * (end[:, None] * number % cells) / cells) - 1
            np.add(total, (product * turned * weight).real.sum(axis=1), out=total)
        if np.abs(product).max() < NEGLIGIBLE:
            break
    below, up_to = (total / cells + none * (end > 0) for total, end in ((below, sums), (up_to, sums + 1)))
    ties = (up_to - below) * (0.5 if mid_p else 0.0)
    return 1 - below - ties, up_to - ties


def _waves(expected: Floats, risks: Risks, t: Floats) -> NDArray[np.complex128]:
    """Return the characteristic function of every area's count at -t: E exp(-i t Y), shape (n, frequencies)."""
    turn = np.expm1(-1j * t)
    waves = np.zeros((len(expected), len(t)), dtype=complex)
    for risk, share in zip(risks.risk, risks.share, strict=True):
        waves += share * np.exp(np.multiply.outer(expected * risk, turn))
    # A logarithm of 0 would make products of no number.
    return np.where(waves == 0, 1e-300, waves)


def _chances_of_counts(expected: Floats, risks: Risks, cells: int) -> Floats:
    """Return the chance of every count from 0 to below `cells` of every area, shape (n, cells)."""
    chance = np.empty((len(expected), cells))
    small = expected * risks.risk.max() <= LARGE_MEAN
    for some, chances in ((small, _chances_one_by_one), (~small, _chances_around_means)):
        if some.any():
            chance[some] = chances(expected[some], risks, cells)
    return chance


def _chances_one_by_one(expected: Floats, risks: Risks, cells: int) -> Floats:
    """Return them from 0 up: a Poisson chance is the one before it times mean over count."""
    mean = np.multiply.outer(risks.risk, expected)
    chance = np.empty((cells, len(expected)))
    term = np.exp(-mean)
    chance[0] = risks.share @ term
    for count in range(1, cells):
        term *= mean / count
        chance[count] = risks.share @ term
    return chance.T


def _chances_around_means(expected: Floats, risks: Risks, cells: int) -> Floats:
    """Return them where means are large and most chances nothing: within nine standard deviations of each mean."""
    from scipy.special import gammaln, xlogy

    chance = np.zeros((len(expected), cells))
    row = np.arange(len(expected))[:, None]
    log_factorial = gammaln(np.arange(cells) + 1.0)
    for risk, share in zip(risks.risk, risks.share, strict=True):
        mean = expected * risk
        # Nine standard deviations and a little hold all but 1e-16 of a Poisson count.
        first = np.maximum(np.floor(mean - 9 * np.sqrt(mean) - 5), 0).astype(np.int64)
        last = np.minimum(np.ceil(mean + 9 * np.sqrt(mean) + 25), cells - 1).astype(np.int64)
        width = int((last - first).max()) + 1
        if width <= 0:
            continue
        count = np.minimum(first[:, None] + np.arange(width), cells - 1)
        inside = first[:, None] + np.arange(width) <= cells - 1
        term = np.exp(xlogy(count, mean[:, None]) - mean[:, None] - log_factorial[count])
        chance[np.broadcast_to(row, count.shape)[inside], count[inside]] += share * term[inside]
    return chance
