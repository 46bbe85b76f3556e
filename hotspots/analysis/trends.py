"""Counts by year, how they changed, and whether they rise or fall more than chance would have it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from hotspots.analysis.rates import byar_interval
from hotspots.errors import AnalysisError, list_briefly
from hotspots.nouns import Events, Series
from hotspots.vocabulary import weakest_release

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["MannKendall", "change_since", "count_by_year", "join_series", "mann_kendall", "with_intervals"]


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


def count_by_year(
    events: Events, *, years: tuple[int, int], ages: tuple[int, int] | None = None, group: str = "all"
) -> Series:
    """Return the number of events in each calendar year, with the 95 % interval of the level behind it.

    A year without a single row in the file is a gap and not a zero. Do not read a year as complete where the
    notes say that months are missing.

    Parameters
    ----------
    events
        Events with the time in `when`; rows without a time are counted in the notes.
    years
        First and last calendar year, both included.
    ages
        Youngest and oldest age, both included, e.g. (0, 24); needs the column `age`.
    group
        What to call these events in the series.

    Returns
    -------
    Series
        One row per year; the interval is Byar's.

    Raises
    ------
    AnalysisError
        If the years are in the wrong order, no event falls in them, or there is no column of ages.
    """
    first, last = years
    if first > last:
        raise AnalysisError(f"The years end before they begin: {first} to {last}.", advice="give first, then last")
    when = pd.DatetimeIndex(events.table["when"])
    in_years = np.asarray((when.year >= first) & (when.year <= last))
    if not in_years.any():
        raise AnalysisError(
            f"No event falls in the years {first} to {last}.",
            found=_years_found(when, len(events)),
            advice="correct the years or the column of dates",
        )
    counted, notes = _of_ages(events.table, ages, group)
    rows = []
    for year in range(first, last + 1):
        this_year = np.asarray(when.year == year)
        count = float((this_year & counted).sum()) if this_year.any() else np.nan
        rows.append((str(year), group, count))
    table = pd.DataFrame(rows, columns=["period", "group", "low"])
    table["high"] = table["low"]
    table["ci_low"], table["ci_high"] = byar_interval(table["low"].to_numpy())
    return Series(
        table,
        unit=events.title,
        name=events.name,
        title=events.title,
        source=events.source,
        notes=(*events.notes, *notes, *_gap_notes(when, years, in_years)),
        release=events.release,
    )


def join_series(*series: Series, name: str, title: str) -> Series:
    """Return several series as one, side by side by group; a period that one of them lacks is a gap in it.

    Raises
    ------
    AnalysisError
        If there is nothing to join, the units differ or two series share a group.
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
    )


def with_intervals(series: Series) -> Series:
    """Return the same series with the 95 % interval of the level behind every count (Byar).

    Where a count is hidden or rounded, the interval covers whatever it may be: from the lower limit of the lowest
    to the upper limit of the highest.
    """
    low, high = (series.table[end].to_numpy(dtype=float) for end in ("low", "high"))
    return replace(series, table=series.table.assign(ci_low=byar_interval(low)[0], ci_high=byar_interval(high)[1]))


def change_since(series: Series, base: str) -> pd.DataFrame:
    """Return every count as a ratio to the group's count in the base period, with its 95 % interval.

    The interval answers for chance in both counts (Poisson), not for changes in recording. Where a count is
    hidden the ratio is missing, and the interval covers whatever the hidden number is.

    Parameters
    ----------
    series
        Counts by period and group.
    base
        The period everything is compared with, as written in the series, e.g. ``"2014"``.

    Returns
    -------
    DataFrame
        Columns `period`, `group`, `low`, `high` (counts), `ratio`, `ratio_low`, `ratio_high`. Missing in gaps and
        where the base is a gap; `ratio` is missing and `ratio_high` infinite where the base may be 0.

    Raises
    ------
    AnalysisError
        If the series has no such period.

    References
    ----------
    Przyborowski and Wilenski (1940), Biometrika 31, 313-323: given the sum of two Poisson counts, one of them is
    binomial; Clopper and Pearson (1934), Biometrika 26, 404-413, for its exact limits.
    """
    table = series.table
    at_base = table[table["period"] == base].drop_duplicates("group").set_index("group")
    if at_base.empty:
        raise AnalysisError(
            f"The series has no period {base!r} to compare with.",
            found=f"periods {list_briefly(table['period'].unique(), 12)}",
            advice="name one of these periods",
        )
    low, high = table["low"].to_numpy(dtype=float), table["high"].to_numpy(dtype=float)
    base_low = at_base["low"].reindex(table["group"]).to_numpy(dtype=float)
    base_high = at_base["high"].reindex(table["group"]).to_numpy(dtype=float)
    known = (low == high) & (base_low == base_high) & (base_low > 0)
    ratio = np.full(len(table), np.nan)
    np.divide(low, base_low, out=ratio, where=known)
    ratio_low, _ = _ratio_interval(low, base_high)
    _, ratio_high = _ratio_interval(high, base_low)
    is_base = (table["period"] == base).to_numpy()
    ratio[is_base & (base_low > 0)] = 1.0  # a period against itself, hidden or not
    ratio_low = np.where(is_base, ratio, ratio_low)
    ratio_high = np.where(is_base, ratio, ratio_high)
    found: pd.DataFrame = table[["period", "group", "low", "high"]].copy()
    return found.assign(ratio=ratio, ratio_low=ratio_low, ratio_high=ratio_high)


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


def _ratio_interval(
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


def _of_ages(
    table: pd.DataFrame, ages: tuple[int, int] | None, group: str
) -> tuple[NDArray[np.bool_], tuple[str, ...]]:
    """Return which rows are of these ages, and what to say about rows whose age is unknown."""
    if ages is None:
        return np.ones(len(table), dtype=bool), ()
    if "age" not in table.columns:
        raise AnalysisError(
            f"The events have no column 'age', so ages {ages[0]} to {ages[1]} can't be told.",
            found=f"columns {list_briefly(table.columns, 12)}",
            advice="name the column of ages when the file is read, or leave ages out",
        )
    age = pd.to_numeric(table["age"]).to_numpy(dtype=float, na_value=np.nan)
    unknown = int(np.isnan(age).sum())
    note = f"{_events(unknown)} of {len(table):,} without an age: not in '{group}'."
    return (age >= ages[0]) & (age <= ages[1]), (note,) if unknown else ()


def _gap_notes(when: pd.DatetimeIndex, years: tuple[int, int], in_years: NDArray[np.bool_]) -> list[str]:
    """Return what a reader must know about years and months without rows, and about rows left out."""
    notes = []
    for year in range(years[0], years[1] + 1):
        months = len(when[when.year == year].month.unique())
        if months == 0:
            notes.append(f"{year}: no rows in the file; a gap, not a zero.")
        elif months < 12:
            notes.append(f"{year}: rows in {months} of 12 months; the year's count may be incomplete.")
    untimed = int(np.isnat(when.to_numpy()).sum())
    if untimed:
        notes.append(f"{_events(untimed)} without a date: in no year.")
    others = len(when) - untimed - int(in_years.sum())
    if others:
        notes.append(f"{_events(others)} outside {years[0]} to {years[1]}: not counted.")
    return notes


def _events(number: int) -> str:
    return "1 event" if number == 1 else f"{number:,} events"


def _years_found(when: pd.DatetimeIndex, rows: int) -> str:
    known = when.dropna()
    if known.empty:
        return f"{_events(rows)}, none with a date"
    return f"{_events(rows)} from {known.min().year} to {known.max().year}"
