"""How series change: against a base period, and whether they rise or fall more than chance would have it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from hotspots.analysis.periods import count_by_year, with_intervals
from hotspots.errors import AnalysisError, list_briefly
from hotspots.nouns import Series
from hotspots.vocabulary import weakest_release

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "MannKendall",
    "change_since",
    "count_by_year",
    "join_series",
    "mann_kendall",
    "ratio_interval",
    "with_intervals",
]


class MannKendall(NamedTuple):
    """Mann and Kendall's test for a rise or a fall."""

    s: int
    """Pairs of years that rise less pairs that fall."""
    variance: float
    z: float
    p: float
    """Two-sided, from the normal approximation with continuity correction."""
    n: int
    """Number of values used (gaps are left out)."""


def join_series(*series: Series, name: str, title: str) -> Series:
    """Return several series as one, side by side by group; a period that one of them lacks is a gap in it.

    Raises
    ------
    AnalysisError
        If there is nothing to join, the units or what rates refer to differ, or two series share a group.
    """
    if not series:
        raise AnalysisError("There are no series to join.", advice="give at least one series")
    units = list(dict.fromkeys(one.unit for one in series))
    if len(units) > 1:
        raise AnalysisError(
            f"Series of {units[0]!r} and of {units[1]!r} can't share an axis.",
            found=f"units {list_briefly(units)}",
            advice="join only series that count the same thing",
        )
    table = pd.concat([one.table for one in series], ignore_index=True)
    bases = {one.rate_per for one in series}
    if len(bases) > 1:
        raise AnalysisError(
            "Rates per different numbers of people can't share an axis.",
            found=f"per {list_briefly(sorted(bases))}",
            advice="make the rates of all the series per the same number of people",
        )
    twice = table[table.duplicated(["period", "group"])]
    if len(twice):
        raise AnalysisError(
            f"Two series share the group {twice['group'].iloc[0]!r}.",
            found=f"{len(twice):,} periods stand twice, the first is {twice['period'].iloc[0]}",
            advice="give every series a group of its own",
        )
    return Series(
        _with_gaps(table),
        unit=units[0],
        name=name,
        title=title,
        source="; ".join(dict.fromkeys(one.source for one in series if one.source)),
        notes=tuple(dict.fromkeys(note for one in series for note in one.notes)),
        release=weakest_release(*(one.release for one in series)),
        rate_per=series[0].rate_per,
        provisional=tuple(dict.fromkeys(period for one in series for period in one.provisional)),
        base=series[0].base if len({one.base for one in series}) == 1 else "",
        coverage=series[0].coverage if len({one.coverage for one in series}) == 1 else None,
    )


def change_since(series: Series, base: str, *, dispersion: float | Mapping[str, float] | None = None) -> pd.DataFrame:
    """Return every count as a ratio to the group's count in the base period, with its 95 % interval.

    The interval answers for chance in both counts, not for changes in recording. It takes the counts as Poisson unless
    a dispersion is given: counts that come in clusters, or under practices that change from year to year, vary more
    than that, and the interval is then too narrow. Where a count is hidden the ratio is missing, and the interval
    covers whatever the hidden number is.

    Parameters
    ----------
    series
        Counts by period and group.
    base
        The period everything is compared with, as written in the series, e.g. ``"2014"``.
    dispersion
        How many times more than Poisson chance the counts vary around their level, one number or by group, at least 1
        (`find_change_points` gives an estimate). The interval is then that of counts so many times smaller.

    Returns
    -------
    DataFrame
        Columns `period`, `group`, `low`, `high` (counts), `ratio`, `ratio_low`, `ratio_high`, and `dispersion`. Missing
        in gaps, where a number is below 0, and where the base is a gap; `ratio` is missing and `ratio_high` infinite
        where the base may be 0. Where the series has a `population`, also `rate_ratio`, `rate_ratio_low` and
        `rate_ratio_high`: the same for the rates.

    Raises
    ------
    AnalysisError
        If the series has no such period, or a dispersion is below 1.

    References
    ----------
    Przyborowski and Wilenski (1940), Biometrika 31, 313-323: given the sum of two Poisson counts, one of them is
    binomial; Clopper and Pearson (1934), Biometrika 26, 404-413, for its exact limits; McCullagh and Nelder (1989),
    Generalized Linear Models, section 6.2.3, for the dispersion.
    """
    table = series.table
    at_base = table[table["period"] == base].drop_duplicates("group").set_index("group")
    if at_base.empty:
        raise AnalysisError(
            f"The series has no period {base!r} to compare with.",
            found=f"periods {list_briefly(table['period'].unique(), 12)}",
            advice="name one of these periods",
        )
    spread = _dispersions(table["group"], dispersion)
    low, high = (_not_negative(table[end]) for end in ("low", "high"))
    base_low, base_high = (_not_negative(at_base[end].reindex(table["group"])) for end in ("low", "high"))
    known = (low == high) & (base_low == base_high) & (base_low > 0)
    ratio = np.full(len(table), np.nan)
    np.divide(low, base_low, out=ratio, where=known)
    ratio_low, _ = ratio_interval(low / spread, base_high / spread)
    _, ratio_high = ratio_interval(high / spread, base_low / spread)
    is_base = (table["period"] == base).to_numpy()
    ratio[is_base & (base_low > 0)] = 1.0  # a period against itself, hidden or not
    found: pd.DataFrame = table[["period", "group", "low", "high"]].copy()
    found["ratio"] = ratio
    found["ratio_low"] = np.where(is_base, ratio, ratio_low)
    found["ratio_high"] = np.where(is_base, ratio, ratio_high)
    found["dispersion"] = spread
    if "population" in table.columns:
        people = table["population"].to_numpy(dtype=float)
        grown = people / at_base["population"].reindex(table["group"]).to_numpy(dtype=float)
        for end in ("", "_low", "_high"):
            found[f"rate_ratio{end}"] = found[f"ratio{end}"] / grown
    return found


def _dispersions(groups: pd.Series, given: float | Mapping[str, float] | None) -> NDArray[np.float64]:
    """Return the dispersion of every row's group; 1 where none is given."""
    by_group = given if isinstance(given, Mapping) else {}
    otherwise = 1.0 if given is None or isinstance(given, Mapping) else float(given)
    spread = np.array([by_group.get(str(group), otherwise) for group in groups], dtype=float)
    spread = np.where(np.isnan(spread), 1.0, spread)
    if bool((spread < 1).any()):
        raise AnalysisError(
            f"A dispersion is at least 1: {spread.min():g}.",
            advice="1 is Poisson chance; leave it out where counts vary no more than that",
        )
    return spread


def _not_negative(values: pd.Series) -> NDArray[np.float64]:
    """Return counts, missing where a correction made them negative."""
    numbers = values.to_numpy(dtype=float)
    return np.where(numbers < 0, np.nan, numbers)


def mann_kendall(values: ArrayLike) -> MannKendall:
    """Return Mann and Kendall's test of whether later values tend to be higher (S above 0) or lower than earlier ones.

    The test knows order only, not size, and takes years as independent. With fewer than about 8 values the normal
    approximation is rough and hardly anything can be significant.

    Parameters
    ----------
    values
        One value per period, in order, shape (periods,); gaps (missing) are left out.

    Raises
    ------
    AnalysisError
        If fewer than 3 values are known.

    References
    ----------
    Mann (1945), Econometrica 13, 245-259; Kendall (1975), Rank Correlation Methods, 4th ed., ch. 4 (ties).

    Examples
    --------
    >>> test = mann_kendall([1500, 1490, 1550, 1800, 2200, 2900, 3649])
    >>> test.s, round(test.p, 4)
    (19, 0.0069)
    """
    every = np.asarray(values, dtype=float)
    known = every[~np.isnan(every)]
    n = len(known)
    if n < 3:
        raise AnalysisError(
            "A trend needs at least 3 known values.",
            found=f"{n} of {every.size}",
            advice="use more periods, or state the change between two of them (change_since)",
        )
    rises = np.sign(known[None, :] - known[:, None])
    s = int(np.triu(rises, 1).sum())
    ties = np.unique(known, return_counts=True)[1].astype(float)
    variance = (n * (n - 1) * (2 * n + 5) - float((ties * (ties - 1) * (2 * ties + 5)).sum())) / 18
    z = (s - np.sign(s)) / variance**0.5 if variance > 0 else 0.0
    return MannKendall(s, variance, float(z), _two_sided_normal(float(z)), n)


def _two_sided_normal(z: float) -> float:
    from scipy.special import ndtr

    return float(2 * ndtr(-abs(z)))


def ratio_interval(
    count: NDArray[np.float64], base: NDArray[np.float64], level: float = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return exact limits of the ratio of two Poisson levels, from the binomial share of `count` in the sum."""
    from scipy.special import betaincinv

    tail = (1 - level) / 2
    known = ~np.isnan(count) & ~np.isnan(base)
    above, below = np.where(known, count, 1.0), np.where(known, base, 1.0)
    with_some = np.where(above > 0, above, 1.0), np.where(below > 0, below, 1.0)
    share_low = np.where(above > 0, betaincinv(with_some[0], below + 1, tail), 0.0)
    share_high = np.where(below > 0, betaincinv(above + 1, with_some[1], 1 - tail), 1.0)
    high = np.full(count.shape, np.inf)
    np.divide(share_high, 1 - share_high, out=high, where=share_high < 1)
    low = share_low / (1 - share_low)
    return np.where(known, low, np.nan), np.where(known, high, np.nan)


def _with_gaps(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with a row for every pair of group (as they come) and period (in order)."""
    pairs = [(period, group) for group in table["group"].unique() for period in sorted(table["period"].unique())]
    whole = pd.DataFrame(pairs, columns=["period", "group"])
    return whole.merge(table, on=["period", "group"], how="left", validate="one_to_one")
