r"""Tails of sums of real values drawn without replacement, bracketed between two lattices.

Rates and smoothed rates are not whole numbers, so their sums cannot be counted through value by value as in
`reference.exact`. They are brought to a lattice of step h twice: rounded down to F and rounded up to U. Since
h F <= S <= h U for every draw, ``P(F >= s/h) <= P(S >= s) <= P(U >= s/h)``: the answer lies between the two, and the
step is refined until both agree. Hidden counts widen the same bracket (low values down, high values up).

The distribution of a sum of k draws from n lattice values is computed through its characteristic function. At one
frequency, x = e^{i w}, it is the elementary symmetric polynomial of degree k in the x^v, divided by C(n, k). The power
sums are one Fourier transform of the histogram of the values, read at multiples of w, and Newton's identities lead from
these to all degrees. That is stable while k^2 <= n. For larger windows let every value be drawn independently with a
probability near k/n (Poisson sampling): the number of values N and their sum S have the joint generating function
``prod_v (1 + y x^v) / (1 + r)^n`` at y = r e^{i phi}, whose logarithm is a short series in y with the same power sums;
both transforms are inverted, and S given N = k is what was wanted (Hajek 1964). The cost of either depends on the
number of cells and hardly on n.

An area's own value is left out as in `reference.exact`, so one transform serves all areas.

Precision is absolute (`NUMERICAL_ERROR`), and the bounds are widened by it. Where values are whole and few,
`reference.exact` is preferred: it is precise in relative terms, however small the p-value.

References
----------
Hajek, J. (1964), Annals of Mathematical Statistics 35, 1491-1523 (rejective sampling). Fernandez, M. and Williams, S.
(2010), IEEE Transactions on Aerospace and Electronic Systems 46, 803-817 (the Fourier form of the Poisson binomial).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from hotspots.analysis.autocorrelation.reference.exact import without_own

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Complex = NDArray[np.complex128]
    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]
    Bounds = tuple[Floats, Floats, Floats, Floats]

NUMERICAL_ERROR = 1e-12
"""Bound of the absolute error of a tail; some 1e-14 in practice, 3e-13 where windows hold half of all areas."""

AGREEMENT = 0.01
"""Both bounds of a p-value agree to this share of it where a lattice can be fine enough ..."""

UNDECIDED = 0.2
"""... unless it is larger than this, where nothing depends on it."""

FIRST_CELLS, FINEST_CELLS = 1 << 15, 1 << 19
"""Cells of the first lattice and of the finest one."""

CHUNK = 1 << 12
"""Frequencies that are treated together."""

NEGLIGIBLE = 1e-18
"""Weight of terms that are left out."""

SLACK = 1e-5
"""Share of a cell by which sums may be off: it forgives their last digits, so that ties stay ties."""

SERIES_LIMIT = 0.25
"""The power series is used where y is at most this large; beyond it the product is taken value by value."""


# --------------------------------------------------------------------------- sums of lattice values


def draw_tails(
    values: Whole, *, draws: Whole, own: Whole | None, at_least: Whole, at_most: Whole
) -> tuple[Floats, Floats]:
    """Return P(S >= at_least) and P(S <= at_most) of sums of values drawn without replacement.

    Parameters
    ----------
    values
        Values of all areas on the lattice (n), whole numbers >= 0.
    draws
        Number of draws of each question (m).
    own
        Value to leave out of the pool, for each question (m), or None.
    at_least, at_most
        Sums asked for (m).

    Returns
    -------
    hot, cold
        Each (m), with an absolute error of at most `NUMERICAL_ERROR`.

    Examples
    --------
    >>> one = np.array([1])
    >>> hot, cold = draw_tails(np.array([0, 1, 1]), draws=2 * one, own=None, at_least=2 * one, at_most=one)
    >>> hot.round(6).tolist(), cold.round(6).tolist()
    ([0.333333], [0.666667])
    """
    pool = len(values) - (own is not None)
    total = int(values.sum()) - (0 if own is None else own)
    # The values not drawn are a sample too: of more than half the pool, the rest is used instead.
    turned = 2 * draws > pool
    size = np.where(turned, pool - draws, draws)
    above = np.where(turned, total - at_most, at_least)
    below = np.where(turned, total - at_least, at_most)
    hot, cold = np.empty(len(draws)), np.empty(len(draws))
    for group, chances in _chances(values, size):
        upper = {number: np.cumsum(chance[::-1])[::-1] for number, chance in chances.items()}
        tail = partial(_look_up, upper)
        for number in map(int, np.unique(size[group])):
            at = group[size[group] == number]
            for into, first in ((hot, above[at]), (cold, below[at] + 1)):
                if own is None:
                    into[at] = tail(number, first)
                else:
                    into[at], _ = without_own(
                        tail, len(values), size=number, own=own[at], sums=first, negligible=NEGLIGIBLE
                    )
    cold = 1 - cold
    hot, cold = np.clip(hot, 0, 1), np.clip(cold, 0, 1)
    return np.where(turned, cold, hot), np.where(turned, hot, cold)


def _look_up(upper: dict[int, Floats], size: int, at_least: Whole) -> Floats:
    if size == 0:
        return (at_least <= 0).astype(float)
    tail = upper[size]
    tails: Floats = np.where(at_least >= len(tail), 0.0, tail[np.clip(at_least, 0, len(tail) - 1)])
    return tails


def _chances(values: Whole, sizes: Whole) -> Iterator[tuple[Whole, dict[int, Floats]]]:
    """Yield groups of questions, and the probabilities of every sum for their numbers of draws and those just below."""
    n, wanted = len(values), np.unique(sizes)
    while len(wanted):
        together = wanted
        if not few(n, int(wanted[-1])):
            # Numbers so near that one rate of Poisson sampling makes each of them likely.
            together = wanted[wanted <= max(1.5 * wanted[0], wanted[0] + 4)]
        wanted = wanted[len(together) :]
        first, last = int(together[0]), int(together[-1])
        # Where a value is left out fewer draws are needed too, until their weight is nothing.
        reach = next((j for j in range(first) if (last / (n - last + 1)) ** j < NEGLIGIBLE / 4), first)
        numbers = np.arange(max(first - reach, 1), last + 1)
        yield (
            np.flatnonzero(np.isin(sizes, together)),
            _of_numbers(values, numbers, float(np.sqrt(max(first, 1) * last))),
        )


def few(n: int, draws: int) -> bool:
    """Whether Newton's identities serve: their errors grow by some exp(2 draws^2 / n), here at most a digit."""
    return draws**2 <= n


def _of_numbers(values: Whole, numbers: Whole, middle: float) -> dict[int, Floats]:
    """Return, for each of these numbers of draws, the probability of every sum; `middle` of them matter most."""
    from scipy.fft import irfft, next_fast_len

    if not len(numbers):
        return {}
    n, last = len(values), int(numbers[-1])
    width = int(np.sort(values)[::-1][:last].sum()) + 1
    cells = next_fast_len(width, real=True)
    # Read at m times a frequency, modulo the length, this is the power sum of degree m over n.
    histogram = np.fft.fft(np.bincount(values, minlength=cells) / n)
    spectrum = np.empty((len(numbers), cells // 2 + 1), dtype=complex)
    for start in range(0, spectrum.shape[1], CHUNK):
        frequency = np.arange(start, min(start + CHUNK, spectrum.shape[1]))
        if few(n, last):
            spectrum[:, frequency] = _by_newton(histogram, n, numbers, frequency)
        else:
            spectrum[:, frequency] = _by_poisson_sampling(histogram, values, numbers, middle, frequency)
    chance = irfft(spectrum, n=cells, axis=1, overwrite_x=True)[:, :width]
    return dict(zip(numbers.tolist(), chance, strict=True))


def _by_newton(histogram: Complex, n: int, numbers: Whole, frequency: Whole) -> Complex:
    """Return E x^S of the numbers of draws (numbers, frequencies) by Newton's identities."""
    multiples = np.outer(np.arange(1, int(numbers[-1]) + 1), frequency)
    expected = newton(n * histogram[multiples % len(histogram)], n)
    return np.array([expected[number] for number in numbers])


def newton(power_sums: Complex, pool: int) -> list[Complex]:
    """Return E x^S of 0, 1, ... k draws without replacement, from the power sums of the pool's x^v (k, ...).

    k e_k = sum_m (-1)^(m-1) e_(k-m) p_m between elementary symmetric polynomials and power sums, with
    e_k = C(pool, k) E x^S.
    """
    expected: list[Complex] = [np.ones_like(power_sums[0])]
    for k in range(1, len(power_sums) + 1):
        m = np.arange(1, k + 1)
        # C(pool, k-m) / (k C(pool, k)), with alternating signs
        factors = -1 / k * np.cumprod(-(k - m + 1) / (pool - k + m))
        total = np.zeros_like(power_sums[0])
        for factor, fewer, power_sum in zip(factors, reversed(expected), power_sums, strict=False):
            total += (factor * fewer) * power_sum
        expected.append(total)
    return expected


def _by_poisson_sampling(histogram: Complex, values: Whole, numbers: Whole, middle: float, frequency: Whole) -> Complex:
    """Return E x^S of the numbers of draws (numbers, frequencies) from the generating function of (N, S)."""
    from scipy.stats import binom

    n, last = len(values), int(numbers[-1])
    radius = middle / (n - middle)
    nodes = min(n + 1, int(last + 12 * np.sqrt(last) + 25))  # more draws than that have no chance
    y = radius * np.exp(2j * np.pi * np.arange(nodes) / nodes)
    if radius <= SERIES_LIMIT:
        m = np.arange(1, next(m for m in range(1, 200) if n * radius**m / m < 1e-17) + 1)
        log = (-n * (-y[:, None]) ** m / m) @ histogram[np.outer(m, frequency) % len(histogram)]
    else:
        log = np.zeros((nodes, len(frequency)), dtype=complex)
        for value, copies in zip(*np.unique(values, return_counts=True), strict=True):
            x = np.exp(-2j * np.pi * (value * frequency % len(histogram)) / len(histogram))
            with np.errstate(divide="ignore"):  # a factor may be 0, and the product with it
                log += copies * np.log(1 + np.outer(y, x))
    # The coefficients of y^k, and of them the share of each number of draws.
    back = np.exp(-2j * np.pi * np.outer(numbers, np.arange(nodes)) / nodes) / nodes
    chance = np.asarray(binom.pmf(numbers, n, middle / n), dtype=float)
    expected: Complex = back @ np.exp(log - n * np.log1p(radius)) / chance[:, None]
    return expected


# --------------------------------------------------------------------------- real values


def bracketed_tails(
    low: Floats, high: Floats, *, window: Any, leave_out: bool, mid_p: bool = False
) -> tuple[Bounds, float]:
    """Return bounds of both tails of every window's sum, under randomisation of real values.

    Parameters
    ----------
    low, high
        Bounds of every area's value (n); equal where it is known.
    window
        SciPy sparse array (n, n) of zeros and ones: row i marks the areas of window i. Empty windows get 1.
    leave_out
        Whether the area's own value is left out of the pool (conditional randomisation).
    mid_p
        Whether ties count half.

    Returns
    -------
    bounds
        p_hot_low, p_hot_high, p_cold_low, p_cold_high, each (n).
    step
        Step of the lattice that was used in the end, in the values' unit.
    """
    hidden = bool((low < high).any())
    lowest, draws = float(low.min()), np.diff(window.indptr).astype(np.int64)
    asked = np.flatnonzero(draws > 0)
    question = _Question(low - lowest, high - lowest, window[asked], draws[asked], asked if leave_out else None, mid_p)
    cells, before = FIRST_CELLS, np.full(len(asked), np.inf)
    while True:
        step = _step(question.high, int(draws.max()), cells)
        found = question.at_step(step)
        gap = np.maximum(_disagreement(*found[:2]), _disagreement(*found[2:]))
        # Where a set that would tie with the observed one is rounded apart from it, no lattice is fine enough.
        if hidden or cells >= FINEST_CELLS or not ((gap > 1) & (gap < 0.7 * before)).any():
            break
        cells, before = 4 * cells, gap
    bounds = tuple(np.ones(len(low)) for _ in found)
    for into, values in zip(bounds, found, strict=True):
        into[asked] = values
    return bounds, step  # type: ignore[return-value]


def _disagreement(low: Floats, high: Floats) -> Floats:
    """Return how far apart the bounds are, in units of what is allowed."""
    apart: Floats = (high - low) / (AGREEMENT * high + 3 * NUMERICAL_ERROR)
    return np.where(low > UNDECIDED, 0.0, apart)


def _step(values: Floats, draws: int, cells: int) -> float:
    """Return the lattice's step: the values' own where they have few decimals, else what `cells` allow."""
    largest = float(np.sort(values)[::-1][:draws].sum())
    if largest == 0:
        return 1.0
    for decimals in range(7):
        step = 10.0**-decimals
        if largest / step > cells:
            break
        if np.allclose(values, np.rint(values / step) * step, rtol=0, atol=1e-6 * step):
            return step
    return largest / cells


@dataclass(frozen=True, slots=True)
class _Question:
    """Values (n, least value 0), the windows asked for (m, n) with their sizes, own positions to leave out, ties."""

    low: Floats
    high: Floats
    window: Any
    draws: Whole
    leave_out: Whole | None
    mid_p: bool

    def at_step(self, step: float) -> tuple[Floats, Floats, Floats, Floats]:
        """Return the four bounds on one lattice, widened by the numerical error."""
        down, up = (
            np.floor(self.low / step + SLACK).astype(np.int64),
            np.ceil(self.high / step - SLACK).astype(np.int64),
        )
        least, most = self.window @ self.low / step, self.window @ self.high / step
        hot_high, cold_low = self._tails(up, least)
        hot_low, cold_high = self._tails(down, most)
        # The observed set is one of the draws; where rounding moved it out of the tail it is put back.
        pool = len(self.low) - (self.leave_out is not None)
        one = chance_of_one_set(pool, self.draws, mid_p=self.mid_p)
        hot_low += one * (self.window @ down < np.ceil(most - SLACK))
        cold_low += one * (self.window @ up > np.floor(least + SLACK))
        lower = [np.clip(p - NUMERICAL_ERROR, one, 1) for p in (hot_low, cold_low)]
        upper = [np.clip(p + NUMERICAL_ERROR, one, 1) for p in (hot_high, cold_high)]
        return lower[0], upper[0], lower[1], upper[1]

    def _tails(self, values: Whole, sums: Floats) -> tuple[Floats, Floats]:
        own = None if self.leave_out is None else values[self.leave_out]
        first, last = np.ceil(sums - SLACK).astype(np.int64), np.floor(sums + SLACK).astype(np.int64)
        hot, cold = draw_tails(values, draws=self.draws, own=own, at_least=first, at_most=last)
        if not self.mid_p:
            return hot, cold
        beyond = draw_tails(values, draws=self.draws, own=own, at_least=last + 1, at_most=first - 1)
        return (hot + beyond[0]) / 2, (cold + beyond[1]) / 2


def chance_of_one_set(pool: int, draws: Whole, *, mid_p: bool) -> Floats:
    """Return 1 / C(pool, draws), the probability of the observed set, or half of it where ties count half."""
    from scipy.special import gammaln

    log = gammaln(draws + 1) + gammaln(pool - draws + 1) - gammaln(pool + 1)
    chance: Floats = np.maximum(np.exp(log), np.finfo(float).tiny)
    return chance / 2 if mid_p else chance
