"""From p-values to classes: false discovery control and the words a map shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hotspots.errors import AnalysisError
from hotspots.vocabulary import Adjustment

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Words = NDArray[np.object_]

GI_LEVELS = ((0.01, "99"), (0.05, "95"), (0.10, "90"))
"""The three levels that users of Gi* maps expect, strictest first."""


def need_level(level: float) -> None:
    """Raise AnalysisError if a level of significance is not between 0 and 1."""
    if not (isinstance(level, int | float) and 0 < level < 1):
        raise AnalysisError(
            "A significance level must be between 0 and 1.", found=f"level {level!r}", advice="0.05, or a smaller one"
        )


def adjust(p: Floats, *, method: Adjustment = "benjamini-hochberg") -> Floats:
    """Return p-values of one family adjusted for their number; those that are missing stay missing and do not count.

    Benjamini-Hochberg controls the false discovery rate under independence and positive dependence, which overlapping
    windows nearly have. Benjamini-Yekutieli controls it under any dependence. Bonferroni controls the probability of a
    single false claim.

    Parameters
    ----------
    p
        Two-sided p-values (n).

    Raises
    ------
    AnalysisError
        If the method is not known.

    References
    ----------
    Benjamini, Y. and Hochberg, Y. (1995), Journal of the Royal Statistical Society B 57, 289-300. Benjamini, Y. and
    Yekutieli, D. (2001), Annals of Statistics 29, 1165-1188.

    Examples
    --------
    >>> adjust(np.array([0.01, 0.04, 0.03, 0.5])).round(4).tolist()
    [0.04, 0.0533, 0.0533, 0.5]
    """
    from scipy.stats import false_discovery_control

    adjusted = np.full(len(p), np.nan)
    tested = np.flatnonzero(~np.isnan(p))
    if method == "none" or len(tested) == 0:
        return p.copy()
    if method == "bonferroni":
        adjusted[tested] = np.minimum(1, len(tested) * p[tested])
        return adjusted
    if method not in ("benjamini-hochberg", "benjamini-yekutieli"):
        raise AnalysisError(f"There is no adjustment {method!r}.", advice="benjamini-hochberg is the usual one")
    # A tail that is a difference of two can be 1e-17 below 0, which scipy refuses.
    adjusted[tested] = false_discovery_control(
        np.clip(p[tested], 0, 1), method="bh" if method == "benjamini-hochberg" else "by"
    )
    return adjusted


def adjust_tails(p_hot: Floats, p_cold: Floats, *, method: Adjustment) -> Floats:
    """Return two-sided p-values, min(1, 2 min), adjusted for the number of tests.

    Textbook methods take all areas as one family. Benjamini-Hochberg then controls the share of false findings among
    all findings, hot or cold. Where one direction has many true findings, it lends significance to the other, and more
    than that share of the few others may be false (a fifth to a third where only one direction was planted, see
    tests/analysis/autocorrelation/test_calibration.py). ``"benjamini-hochberg-apart"`` runs over 2 p_hot and over 2
    p_cold instead: the false discovery rate is controlled in each direction and, at the level, in both together, with
    somewhat fewer findings where both occur.

    Parameters
    ----------
    p_hot, p_cold
        Both tails (n).

    Examples
    --------
    >>> hot, cold = np.array([0.001, 0.5, 0.99, 0.99]), np.array([0.999, 0.5, 0.012, 0.012])
    >>> adjust_tails(hot, cold, method="benjamini-hochberg").round(3).tolist()
    [0.008, 1.0, 0.032, 0.032]
    >>> adjust_tails(hot, cold, method="benjamini-hochberg-apart").round(3).tolist()
    [0.008, 1.0, 0.048, 0.048]
    """
    if method == "benjamini-hochberg-apart":
        # Doubling a one-sided p-value holds each direction at half the level, and both together at the level.
        hot, cold = (adjust(np.minimum(1, 2 * p)) for p in (p_hot, p_cold))
        return np.minimum(hot, cold)
    return adjust(np.minimum(1, 2 * np.minimum(p_hot, p_cold)), method=method)


def tail_that_passes(p_hot: Floats, p_cold: Floats, *, method: Adjustment, level: float) -> float:
    """Return the largest upper tail that passes at a level beside these tests, of which so many pass as do.

    Parameters
    ----------
    p_hot, p_cold
        Both tails (n); missing where not tested.

    Examples
    --------
    >>> hot, cold = np.array([0.001, 0.002, 0.5, 0.9]), np.array([0.999, 0.998, 0.5, 0.1])
    >>> round(tail_that_passes(hot, cold, method="benjamini-hochberg-apart", level=0.05), 6)
    0.0125
    """
    number = int((~np.isnan(p_hot)).sum())
    if method == "none":
        return level / 2
    if method == "bonferroni":
        return level / 2 / number
    apart = method == "benjamini-hochberg-apart"
    adjusted = adjust(np.minimum(1, 2 * p_hot)) if apart else adjust_tails(p_hot, p_cold, method=method)
    passing = max(int((adjusted <= level).sum()), 1)
    # Benjamini and Yekutieli divide by the sum of 1 / i besides.
    harmonic = float((1 / np.arange(1, number + 1)).sum()) if method == "benjamini-yekutieli" else 1.0
    return level * passing / (2 * number * harmonic)


def two_sided(p_hot: tuple[Floats, Floats], p_cold: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """Return bounds of the two-sided p-value, min(1, 2 min), from bounds (low, high) of both tails.

    Each upper bound belongs to its own worst fill of suppressed numbers; taking the larger of two fills' two-sided
    p-values instead would make false certainties.
    """
    low = np.minimum(1, 2 * np.minimum(p_hot[0], p_cold[0]))
    high = np.minimum(1, 2 * np.minimum(p_hot[1], p_cold[1]))
    return low, high


def classify_gi(p_adjusted: Floats, hot: NDArray[np.bool_]) -> Words:
    """Return the Gi* class of each area (n) from adjusted p-values and whether the hot tail is the smaller."""
    classes = np.full(len(p_adjusted), "not_significant", dtype=object)
    # From the loosest level on, so that a stricter one overwrites it.
    for level, name in reversed(GI_LEVELS):
        reached = p_adjusted <= level
        classes[reached & hot] = f"hot_{name}"
        classes[reached & ~hot] = f"cold_{name}"
    return classes


def classify_moran(p_adjusted: Floats, quadrant: Words, *, level: float) -> Words:
    """Return the Local Moran class of each area (n): its quadrant where significant at `level`.

    An own value of exactly the mean (quadrant missing) makes I = 0: never significant.
    """
    classes = np.full(len(p_adjusted), "not_significant", dtype=object)
    reached = (p_adjusted <= level) & (quadrant != "")
    classes[reached] = quadrant[reached]
    return classes


def certainties(p_low: Floats, p_high: Floats, *, level: float) -> Words:
    """Return whether significance at `level` holds whatever the suppressed numbers are (n).

    Parameters
    ----------
    p_low, p_high
        Bounds of the adjusted p-values.
    """
    words = np.full(len(p_low), "depends", dtype=object)
    words[p_high <= level] = "certain"
    words[p_low > level] = "never"
    return words
