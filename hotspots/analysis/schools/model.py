"""Counts of schools against a line, with limits, tails and classes, and rates against the average of all schools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pandas as pd

from hotspots.analysis.common import Counts, adjust, poisson_interval
from hotspots.analysis.schools.limits import (
    Expected,
    expected_counts,
    interval_factor,
    limits,
    mid_p_tails,
    tails_beyond,
)
from hotspots.analysis.schools.negative_binomial import Fit, fit_counts
from hotspots.model import AverageRate, BeyondByChance, RateCurve, SchoolResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Words = NDArray[np.object_]

__all__ = [
    "Judgement",
    "against_average",
    "beyond_by_chance",
    "classify_ratio",
    "contrasts",
    "describe_rates",
    "explained_share",
    "judge_counts",
    "rate_curve",
]

TAIL_95: Final = 0.025
TAIL_998: Final = 0.001

CURVE_POINTS: Final = 41
"""Points of a curve: enough for a smooth line across a page."""

FEWEST_OF_A_GROUP: Final = 5
"""Groups with fewer schools are taken together: one school would be its own expectation."""

OTHERS: Final = "others"


class Judgement(NamedTuple):
    """Schools against what is expected of them; arrays of shape (n,)."""

    fit: Fit
    expected: Expected
    limits_95: tuple[Floats, Floats]
    limits_998: tuple[Floats, Floats]
    p_above: Floats
    """Largest mid-p over the interval, as are the next two."""
    p_below: Floats
    p_adjusted: Floats
    at_low: Words
    """Class if the count is the lowest it may be."""
    at_high: Words
    too_small: NDArray[np.bool_]
    """Whether neither no exclusions nor the highest rate of any school would be outside the 95 % limits."""

    @property
    def classes(self) -> Words:
        """The class of each, where it can be judged."""
        sure = (self.at_low == self.at_high) & ~self.too_small
        return np.where(sure, self.at_low, "cannot_be_judged").astype(object)


def judge_counts(counts: Counts, design: Floats, *, exposure: Floats, level: float) -> Judgement:
    """Return counts against the negative binomial line through them.

    Limits and classes are of one distribution, which allows for what is not known of the line and of the scatter.
    "Far" is beyond the 99.8 % limits with a Benjamini-Hochberg adjusted p-value of at most `level`.

    Parameters
    ----------
    counts
        Shape (n,).
    design
        Shape (n, k), with a column of ones.
    exposure
        Pupil-years, above 0; shape (n,).
    level
        False discovery rate of "far".
    """
    fit = fit_counts(counts, design, exposure=exposure)
    # Grossed-up counts of early years are fractions: the whole numbers around them hold whatever was meant.
    low, high = np.floor(counts.low + 1e-6), np.ceil(counts.high - 1e-6)
    expected = expected_counts(fit, design, exposure=exposure)
    mean, dispersion, freedom = expected
    above_low, below_low = mid_p_tails(low, mean, dispersion, freedom=freedom)
    above_high, below_high = mid_p_tails(high, mean, dispersion, freedom=freedom)
    # Over an interval the upper tail is largest at the low end, the lower tail at the high end.
    p_adjusted = adjust(np.minimum(1.0, 2 * np.minimum(above_low, below_high)))
    limits_95 = limits(mean, dispersion, level=0.95, freedom=freedom)
    # What this school would count at the highest rate of any school.
    most = np.floor(exposure * (counts.low / exposure).max() + 1e-6)
    return Judgement(
        fit,
        expected,
        limits_95,
        limits(mean, dispersion, level=0.998, freedom=freedom),
        above_low,
        below_high,
        p_adjusted,
        _classes(above_low, below_low, p_adjusted, level),
        _classes(above_high, below_high, p_adjusted, level),
        (limits_95[0] == 0) & (np.maximum(most, high) <= limits_95[1]),
    )


def beyond_by_chance(found: Judgement) -> BeyondByChance:
    """Return the expected numbers of judged schools above and below their 95% limits if the model holds for all.

    Counts are whole numbers, so a tail beyond a limit is rarely 2.5%: the sum is of each school's own two tails.
    Schools that can't be judged are never classed and are left out.
    """
    judged = found.classes != "cannot_be_judged"
    above, below = tails_beyond(*found.limits_95, expected=found.expected)
    return BeyondByChance(above=float(above[judged].sum()), below=float(below[judged].sum()))


def _classes(above: Floats, below: Floats, p_adjusted: Floats, level: float) -> Words:
    """Return the class of every count from its two tails."""
    sure = p_adjusted <= level
    conditions = [
        (above < TAIL_998) & sure,
        (below < TAIL_998) & sure,
        above < TAIL_95,
        below < TAIL_95,
    ]
    classes = np.select(conditions, ["far_above", "far_below", "above", "below"], "as_expected")
    return np.asarray(classes, dtype=object)


def explained_share(counts: Counts, design: Floats, *, exposure: Floats, fit: Fit, column: int) -> float:
    """Return the share of the variance between schools' rates that a column of the design removes.

    The dispersion a is the variance of schools' rates around the line, over the square of the rate; the share is
    1 - a / a0, a0 without the column. Missing where there is no variance without it. Both are estimates: a share below
    0 means that nothing is explained.

    References
    ----------
    Raudenbush and Bryk (2002), Hierarchical Linear Models, 2nd edition, chapter 4 (proportion of variance explained).
    """
    without = fit_counts(counts, np.delete(design, column, axis=1), exposure=exposure).dispersion
    return 1 - fit.dispersion / without if without > 0 else float("nan")


def rate_curve(fit: Fit, index: Floats, *, exposure: Floats) -> RateCurve:
    """Return what is expected along an index, its 95 % interval, and the limits of a school of median size.

    Parameters
    ----------
    fit
        Of a design of two columns: ones and the index.
    index, exposure
        Of the schools, shape (n,).
    """
    x = np.linspace(float(index.min()), float(index.max()), CURVE_POINTS)
    design = np.column_stack([np.ones(len(x)), x])
    line = design @ fit.coefficients
    # Variance of the linear predictor: the diagonal of X V X' without the matrix.
    half = interval_factor(fit) * np.sqrt(((design @ fit.covariance) * design).sum(axis=1))
    middling = float(np.median(exposure))
    expected = expected_counts(fit, design, exposure=np.full(len(x), middling))
    low, high = limits(expected.mean, expected.dispersion, level=0.95, freedom=expected.freedom)
    return RateCurve(
        index=tuple(x.tolist()),
        expected=tuple((100 * np.exp(line)).tolist()),
        expected_low=tuple((100 * np.exp(line - half)).tolist()),
        expected_high=tuple((100 * np.exp(line + half)).tolist()),
        limit_low_95=tuple((100 * low / middling).tolist()),
        limit_high_95=tuple((100 * high / middling).tolist()),
    )


class Groups(NamedTuple):
    """Schools by group."""

    design: Floats
    """A column for every group but the last: 1 in it, -1 in the last one, 0 elsewhere, so that the effects of all
    groups add to 0. Shape (n, groups - 1)."""
    names: tuple[str, ...]
    """The last one's effect is minus the sum of the others'."""
    of: Words
    """The group of each; shape (n,)."""


def contrasts(labels: Sequence[str], events: Floats) -> Groups:
    """Return columns for groups, whose effects are against the average group.

    Groups of fewer than `FEWEST_OF_A_GROUP` schools, or without any event, are taken together: the first would be their
    own expectation, and that of the others would be 0. Where they are too few even so, they go with the largest.

    Parameters
    ----------
    labels, events
        Group and events of each, (n).

    Examples
    --------
    >>> found = contrasts(["a"] * 5 + ["b"] * 5, np.ones(10))
    >>> found.design.ravel().tolist(), found.names
    ([1.0, 1.0, 1.0, 1.0, 1.0, -1.0, -1.0, -1.0, -1.0, -1.0], ('a', 'b'))
    """
    groups = np.array([str(label) for label in labels], dtype=object)

    def few(name: str) -> bool:
        mine = groups == name
        return bool(mine.sum() < FEWEST_OF_A_GROUP or not events[mine].sum() > 0)

    rare = [name for name in sorted(set(groups)) if few(name)]
    groups[np.isin(groups.astype(str), rare)] = OTHERS
    if OTHERS in groups and few(OTHERS):
        others = [name for name in sorted(set(groups)) if name != OTHERS]
        groups[groups == OTHERS] = max(others, key=lambda name: (groups == name).sum(), default=OTHERS)
    names = sorted(set(groups))
    # Sum-to-zero coding: effects are against the unweighted average of groups, and no group is the baseline.
    columns = [(groups == name).astype(float) - (groups == names[-1]) for name in names[:-1]]
    design = np.column_stack(columns) if columns else np.zeros((len(groups), 0))
    return Groups(design, tuple(names) if columns else (), groups)


# --------------------------------------------------------------------------- rates over the average of all

CLASSES: Final = ("below_half", "below", "about", "above", "above_twice")
DEPENDS: Final = "depends"


def against_average(table: pd.DataFrame, compared: NDArray[np.bool_]) -> tuple[pd.DataFrame, AverageRate]:
    """Return every compared school's rate over the average, and the average.

    The average is of events over pupil-years, suppressed numbers in the middle of what they may be: a yardstick, which
    is named with what it would be at either end.

    Parameters
    ----------
    table
        Schools with `low`, `high` and `pupils` (pupil-years).
    compared
        Which schools have all three, shape (schools,).

    Returns
    -------
    columns
        `ratio` (missing where the number is suppressed); `ratio_low_95` and `ratio_high_95`, the Poisson limits of the
        lowest and of the highest number; `rate_class`, that of every number in the interval or ``"depends"``;
        `rate_differs`, ``"yes"`` where the limits leave out the average.
    average
        The average, with what it is made of.

    Examples
    --------
    Two schools of 1,000 pupil-years with 30 and 1 to 9 exclusions: the average is 35 in 2,000. From 1 to 9 is from
    below half to half of it and more.

    >>> schools = pd.DataFrame({"low": [30.0, 1.0], "high": [30.0, 9.0], "pupils": [1000.0, 1000.0]})
    >>> columns, average = against_average(schools, np.array([True, True]))
    >>> round(average.per_100, 2), columns["rate_class"].tolist(), columns["rate_differs"].tolist()
    (1.75, ['above', 'depends'], ['yes', 'yes'])
    """
    low, high, pupils = (table.loc[compared, name].to_numpy(dtype=float) for name in ("low", "high", "pupils"))
    least, most, base = low.sum(), high.sum(), pupils.sum()
    average = (least + most) / 2 / base

    def over_average(counts: Floats) -> Floats:
        ratio: Floats = counts / pupils / average
        return ratio

    # Lower limit of the least and upper limit of the most that the number may be, the average taken as known.
    first, last = over_average(poisson_interval(low)[0]), over_average(poisson_interval(high)[1])
    at_low, at_high = classify_ratio(over_average(low)), classify_ratio(over_average(high))
    columns = pd.DataFrame(
        {
            "ratio": np.where(low == high, over_average(low), np.nan),
            "ratio_low_95": first,
            "ratio_high_95": last,
            "rate_class": np.where(at_low == at_high, at_low, DEPENDS),
            "rate_differs": np.where((first > 1) | (last < 1), "yes", "no"),
        },
        index=table.index[compared],
    ).reindex(table.index)
    words = ["rate_class", "rate_differs"]
    columns[words] = columns[words].astype(object).where(columns[words].notna(), "")
    return columns, AverageRate(
        per_100=float(100 * average),
        per_100_low=float(100 * least / base),
        per_100_high=float(100 * most / base),
        low=float(least),
        high=float(most),
        pupil_years=float(base),
        schools=int(compared.sum()),
    )


def classify_ratio(ratio: Floats) -> NDArray[np.object_]:
    """Return the class of a rate over the average.

    Examples
    --------
    >>> classify_ratio(np.array([0.0, 0.5, 0.9, 1.1, 2.0, 2.1])).tolist()
    ['below_half', 'below', 'about', 'about', 'above', 'above_twice']
    """
    # A hair more, so that a ratio on a bound is not moved by rounding: 0.9 and 1.1 belong to the middle.
    bounds = [ratio < 0.5 - 1e-12, ratio < 0.9 - 1e-12, ratio <= 1.1 + 1e-12, ratio <= 2 + 1e-12]
    return np.asarray(np.select(bounds, CLASSES[:4], CLASSES[4]), dtype=object)


def describe_rates(result: SchoolResult) -> dict[str, Any]:
    """Return the average that rates are compared with, and the number of schools by class and side, as plain values."""
    table = result.table
    classes = table.loc[table["rate_class"] != "", "rate_class"].value_counts()
    return {
        "average": {} if result.provenance is None else result.provenance.rate_average.as_dict(),
        "classes": {str(k): int(v) for k, v in sorted(classes.items())},
        "above_average": int((table["ratio_low_95"] > 1).sum()),
        "below_average": int((table["ratio_high_95"] < 1).sum()),
    }
