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


def adjust(p: Floats, *, method: Adjustment = "benjamini-hochberg") -> Floats:
    """Return p-values adjusted for the number of tests; those that are missing stay missing and do not count.

    Benjamini-Hochberg holds the false discovery rate under independence and positive dependence, which
    overlapping windows nearly have; Benjamini-Yekutieli under any dependence; Bonferroni holds the chance of a
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
    adjusted = np.full(len(p), np.nan)
    tested = np.flatnonzero(~np.isnan(p))
    m = len(tested)
    if method == "none" or m == 0:
        return p.copy()
    if method == "bonferroni":
        adjusted[tested] = np.minimum(1, m * p[tested])
        return adjusted
    if method not in ("benjamini-hochberg", "benjamini-yekutieli"):
        raise AnalysisError(f"There is no adjustment {method!r}.", advice="benjamini-hochberg is the usual one")
    factor = float(np.sum(1 / np.arange(1, m + 1))) if method == "benjamini-yekutieli" else 1.0
    order = tested[np.argsort(-p[tested], kind="stable")]
    stepped = factor * m / np.arange(m, 0, -1) * p[order]
    adjusted[order] = np.minimum(1, np.minimum.accumulate(stepped))
    return adjusted


def two_sided(p_hot: tuple[Floats, Floats], p_cold: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """Return bounds of the two-sided p-value, min(1, 2 min), from bounds (low, high) of both tails.

    Each upper bound belongs to its own worst fill of hidden numbers; taking the larger of two fills' two-sided
    p-values instead would make false certainties.
    """
    low = np.minimum(1, 2 * np.minimum(p_hot[0], p_cold[0]))
    high = np.minimum(1, 2 * np.minimum(p_hot[1], p_cold[1]))
    return low, high


def classify_gi(p_adjusted: Floats, hot: NDArray[np.bool_]) -> Words:
    """Return the Gi* class of each area (n) from adjusted p-values and whether the hot tail is the smaller."""
    classes = np.full(len(p_adjusted), "not_significant", dtype=object)
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
    """Return whether significance at `level` holds whatever the hidden numbers are (n).

    Parameters
    ----------
    p_low, p_high
        Bounds of the adjusted p-values.
    """
    words = np.full(len(p_low), "depends", dtype=object)
    words[p_high <= level] = "certain"
    words[p_low > level] = "never"
    return words
