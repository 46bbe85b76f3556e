"""Counts of which some are suppressed: their possible values, and the number of ways to each value.

A publisher suppresses small numbers for a school and year. Over three years, a suppressed 1 or 2 in each adds up to 3
to 6, but 3 and 6 are less likely than 4: given the sum over the years, its division among years is multinomial, and the
probability of each sum within the interval is that of the model times its number of ways.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from hotspots.errors import AnalysisError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Counts", "FunctionOfCounts", "counts_of", "hidden_counts", "ways_to"]

FunctionOfCounts: TypeAlias = "Callable[[Floats, Any], Floats]"
"""A function of counts and of their positions, which broadcast with each other."""

MOST_VALUES: Final = 5_000_000
"""Possible values of all suppressed counts together: a regression evaluates each in every step."""


@dataclass(frozen=True)
class Counts:
    """Counts, each known or one of several whole numbers.

    Parameters
    ----------
    low, high
        Bounds; shape (n,). What is known may be a fraction.
    hidden
        Positions of the suppressed ones; shape (h,).
    values
        What each of them may be, as many columns as the widest needs; shape (h, w).
    log_ways
        Logarithm of the ways to each value, apart from the model's chance; minus infinity where the value is beyond
        the interval. Shape (h, w).
    """

    low: Floats
    high: Floats
    hidden: NDArray[np.int64]
    values: Floats
    log_ways: Floats

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which are known; shape (n,)."""
        return np.asarray(self.low == self.high)

    @property
    def start(self) -> Floats:
        """The middle of every interval, to start from; shape (n,)."""
        return np.asarray((self.low + self.high) / 2)

    def chances(self, log_chance: FunctionOfCounts) -> Floats:
        """Return the probability of each value given its interval; rows add to 1. Shape (h, w)."""
        logarithm = log_chance(self.values, self.hidden[:, None]) + self.log_ways
        # Log-sum-exp: the largest term is 1, so that an interval far from its mean does not become 0 / 0.
        chance = np.exp(logarithm - logarithm.max(axis=1, keepdims=True))
        return np.asarray(chance / chance.sum(axis=1, keepdims=True))

    def expect(self, function: FunctionOfCounts, log_chance: FunctionOfCounts) -> Floats:
        """Return the function of every count; of a suppressed one, its expectation over its values. Shape (n,)."""
        expected = np.array(function(self.low, slice(None)), dtype=float)
        if len(self.hidden):
            # The expectation step of EM: each value weighs with its conditional probability given the interval.
            weighted = self.chances(log_chance) * function(self.values, self.hidden[:, None])
            expected[self.hidden] = weighted.sum(axis=1)
        return expected


def counts_of(counts: Counts | Floats) -> Counts:
    """Return counts as `Counts`; an array of numbers is taken as known counts."""
    return counts if isinstance(counts, Counts) else hidden_counts(counts, counts)


def hidden_counts(
    low: Floats, high: Floats, *, hidden_years: Floats | None = None, years: Floats | None = None
) -> Counts:
    """Return counts with what each suppressed one may be.

    Parameters
    ----------
    low, high
        Bounds, shape (n,); those that differ are widened to whole numbers.
    hidden_years, years
        Number of years that each count is the sum of, and number of these years in which it is suppressed (1 is the
        smallest suppressed number, as zeros are published); shape (n,). Where these do not fit the interval, or are
        missing, every value in the interval is taken to have the same number of ways.

    Raises
    ------
    AnalysisError
        If the intervals are so wide that their possible values would take gigabytes.
    """
    hidden = np.flatnonzero(low < high)
    # 1e-6 forgives the last digits of a bound that was computed, e.g. 2.9999999 for 3.
    first, last = np.floor(low[hidden] + 1e-6), np.ceil(high[hidden] - 1e-6)
    width = int((last - first).max()) + 1 if len(hidden) else 1
    if len(hidden) * width > MOST_VALUES:
        widest = int(hidden[np.argmax(last - first)])
        raise AnalysisError(
            "The intervals of hidden counts are too wide to be looked through.",
            found=f"{len(hidden):,} hidden counts, the widest from {low[widest]:,.0f} to {high[widest]:,.0f}",
            advice="check what the marker for a suppressed count means: a small number",
        )
    values = np.asarray(first[:, None] + np.arange(width), dtype=float)
    log_ways = np.where(values <= last[:, None], 0.0, -np.inf)
    if hidden_years is not None and years is not None:
        for row, at in enumerate(hidden):
            found = ways_to(first[row], last[row], hidden_years=hidden_years[at], years=years[at])
            log_ways[row, : len(found)] = found
    return Counts(np.asarray(low, dtype=float), np.asarray(high, dtype=float), hidden, values, log_ways)


def ways_to(low: float, high: float, *, hidden_years: float, years: float) -> Floats:
    """Return the logarithm of the number of ways to each sum from low to high, up to a constant.

    With a sum S over T alike years, the probability of numbers y that add to S is S! / (prod y!) / T^S. Summed over the
    possible values of the suppressed years: S! / T^S times a coefficient of (z / 1! + z^2 / 2! + ...)^(suppressed
    years).

    Examples
    --------
    Two of three years are 1 or 2, the third is 0: 2, 3 or 4. Ways: 2! / 9, 3! (1/2 + 1/2) / 27, and 4! (1/2 1/2) / 81.

    >>> np.exp(ways_to(2, 4, hidden_years=2, years=3)).round(4).tolist()
    [0.2222, 0.2222, 0.0741]
    """
    from scipy.special import gammaln

    sums = np.arange(low, high + 1)
    known = hidden_years > 0 and years >= hidden_years and low >= hidden_years
    if not known or (high - low) % hidden_years:
        return np.zeros(len(sums))
    # Known years shift both ends alike, so that each suppressed year runs from 1 to `most`.
    most = 1 + int((high - low) // hidden_years)
    ways: Floats = gammaln(sums + 1) - sums * np.log(years) + _log_coefficients(int(hidden_years), most)
    return ways


@lru_cache(maxsize=256)
def _log_coefficients(power: int, most: int) -> Floats:
    """Return the logarithms of the coefficients of (z / 1! + ... + z^most / most!)^power, from z^power on.

    In logarithms throughout: 1 / 150! squared is less than a floating-point number can be.
    """
    from scipy.special import gammaln

    if power == 0:
        return np.zeros(1)
    lower = _log_coefficients(power - 1, most)
    # One more factor of the polynomial: a convolution with log-sum-exp for sums. Cached, as many schools share a power.
    wider = np.full(len(lower) + most - 1, -np.inf)
    for number in range(most):
        part = wider[number : number + len(lower)]
        np.logaddexp(part, lower - gammaln(number + 2.0), out=part)
    return wider
