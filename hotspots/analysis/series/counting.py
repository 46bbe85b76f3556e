"""Counts and rates by year and by quarter. Gaps and corrections below zero are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from hotspots.analysis.common import byar_interval, need_people
from hotspots.errors import AnalysisError, list_briefly
from hotspots.model import Events, Note, Period, Series, combine, months_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["count_by_quarter", "count_by_year", "mark_provisional", "sum_to_years", "with_intervals", "with_rates"]

MONTHS_OF_A_YEAR: Final = 12
"""``2013 Q1`` begins a calendar year, ``2012/13 Q4`` (January to March) ends a financial one."""


def count_by_year(
    events: Events, *, years: tuple[int, int], ages: tuple[int, int] | None = None, group: str = "all"
) -> Series:
    """Return the number of events in each calendar year, with the 95 % interval of the level behind it.

    A year that the source does not cover is a gap and not a zero. One that it covers in part has its months in the
    column `months`, and is not to be compared with whole years.

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
    return _count(events, years=years, ages=ages, group=group, quarters=False)


def count_by_quarter(
    events: Events, *, years: tuple[int, int], ages: tuple[int, int] | None = None, group: str = "all"
) -> Series:
    """Return the number of events in each quarter of the calendar years, with the 95 % interval of the level behind it.

    Quarters differ by season: compare one with the same quarter of another year, or add them to years (`sum_to_years`).
    A quarter that the source does not cover is a gap and not a zero.

    Parameters
    ----------
    events, years, ages, group
        As in `count_by_year`.

    Returns
    -------
    Series
        One row per quarter, named like ``2013 Q1``.

    Raises
    ------
    AnalysisError
        As `count_by_year`.
    """
    return _count(events, years=years, ages=ages, group=group, quarters=True)


def sum_to_years(series: Series) -> Series:
    """Return quarters added up to the years they belong to, financial (``2012/13``) or calendar (``2013``).

    A year that lacks a quarter is a gap, and the notes say so. Hidden numbers add up as intervals, so that years say no
    more than their quarters do. People are the mean of the four quarters.

    Raises
    ------
    AnalysisError
        If a period is not a quarter.
    """
    table = series.table.copy()
    odd = [period for period in table["period"].unique() if Period.read(period).quarter is None]
    if odd:
        raise AnalysisError(
            f"{odd[0]!r} is not a quarter.",
            found=f"{len(odd):,} such periods: {list_briefly(odd)}",
            advice="quarters are written like '2013 Q1' or '2012/13 Q4'",
        )
    table["year"] = [Period.read(period).year for period in table["period"]]
    grouped = table.groupby(["group", "year"], sort=False)
    whole = grouped[["low", "high"]].count().min(axis=1) == 4
    years = grouped[["low", "high"]].sum().where(whole)
    if "population" in table.columns:
        years["population"] = grouped["population"].mean()
    if "months" in table.columns:
        years["months"] = grouped["months"].sum()
    years = years.reset_index().rename(columns={"year": "period"})
    short = sorted(set(whole.index.get_level_values("year")[~whole]))
    notes = tuple(
        Note(f"{year}: not all four quarters are there; a gap, not a sum.", of="publication", numbers=(year,))
        for year in short
    )
    last = {Period.read(period).year for period in series.provisional}
    summed = replace(
        series,
        table=years[["period", *(column for column in years.columns if column != "period")]].assign(
            ci_low=np.nan, ci_high=np.nan
        ),
        identity=replace(series.identity, notes=(*series.notes, *notes)),
        provisional=tuple(year for year in years["period"].unique() if year in last),
        rate_per=0.0,
    )
    summed = with_intervals(summed)
    return with_rates(summed, per=series.rate_per) if series.rate_per else summed


def with_intervals(series: Series) -> Series:
    """Return the same series with the 95 % interval of the level behind every count (Byar).

    Where a count is suppressed or rounded, the interval covers all its possible values: from the lower limit of the
    lowest to the upper limit of the highest. A number below zero (a correction) has no interval.
    """
    low, high = (series.table[end].to_numpy(dtype=float) for end in ("low", "high"))
    below, above = np.where(low < 0, np.nan, low), np.where(high < 0, np.nan, high)
    return replace(series, table=series.table.assign(ci_low=byar_interval(below)[0], ci_high=byar_interval(above)[1]))


def with_rates(
    series: Series, population: float | Mapping[str, float | Mapping[str, float]] | None = None, *, per: float = 100_000
) -> Series:
    """Return the same series with the rate of every count and its 95 % interval.

    Rates are per year: a quarter's count is that of a fourth of one, and a period that its source covers in part counts
    with the months covered. The interval covers chance in the count, not error in the population.

    Parameters
    ----------
    series
        Counts; protect them before, so that no rate gives a suppressed number back.
    population
        People: one number for all; by group; or by group and period, ``{"under 25": {"2013": 910_000}}``. If None, the
        series' own column `population`.
    per
        The number of people that rates refer to.

    Returns
    -------
    Series
        With `population`, `rate_low`, `rate_high`, `rate_ci_low` and `rate_ci_high`; missing where there are no people.

    Raises
    ------
    AnalysisError
        If a group has no population, or one that can't be.

    Examples
    --------
    >>> from hotspots.model import Identity
    >>> table = pd.DataFrame({"period": ["2013"], "group": ["all"], "low": [65.0], "high": [65.0]})
    >>> whole = table.assign(ci_low=0.0, ci_high=0.0)
    >>> counted = with_intervals(Series(whole, unit="crimes", identity=Identity(release="open")))
    >>> rated = with_rates(counted, 10_000, per=1_000).table.iloc[0]
    >>> float(rated["rate_low"]), float(rated["rate_ci_low"].round(3)), float(rated["rate_ci_high"].round(3))
    (6.5, 5.016, 8.285)
    """
    table = series.table.copy()
    if population is not None:
        people = [_people(population, str(row.group), str(row.period)) for row in table.itertuples()]
        table["population"] = np.asarray(people, dtype=float)
    if "population" not in table.columns:
        raise AnalysisError(
            f"There is no population to make rates of {series.unit}.",
            advice="give the number of people, by group and period where they differ",
        )
    need_people(table["population"])
    whole = pd.Series([months_of(str(period)) for period in table["period"]], index=table.index, dtype=float)
    months = table["months"] if "months" in table.columns else whole
    person_years = (table["population"] * months / MONTHS_OF_A_YEAR).where(lambda years: years > 0)
    names = {"low": "rate_low", "high": "rate_high", "ci_low": "rate_ci_low", "ci_high": "rate_ci_high"}
    for count, rate in names.items():
        table[rate] = table[count] / person_years * per
    return replace(series, table=table, rate_per=float(per))


def _people(population: float | Mapping[str, float | Mapping[str, float]], group: str, period: str) -> float:
    """Return the people of one group in one period; missing where a period is not given."""
    if not isinstance(population, Mapping):
        return float(population)
    if group not in population:
        raise AnalysisError(
            f"There is no population of the group {group!r}.",
            found=f"groups {list_briefly(population, 12) or 'none'}",
            advice="give one for every group of the series",
        )
    own = population[group]
    return float(own.get(period, np.nan)) if isinstance(own, Mapping) else float(own)


def mark_provisional(series: Series, periods: Sequence[str]) -> Series:
    """Return the same series with these periods marked as provisional: their source may still revise them.

    Raises
    ------
    AnalysisError
        If the series has no such period.
    """
    known = [str(period) for period in series.table["period"].unique()]
    odd = [period for period in periods if period not in known]
    if odd:
        raise AnalysisError(
            f"The series has no period {odd[0]!r} to mark as provisional.",
            found=f"periods {list_briefly(known, 40)}",
            advice="name one of these periods",
        )
    return replace(series, provisional=tuple(period for period in known if period in {*series.provisional, *periods}))


# --------------------------------------------------------------------------- counting


def _count(
    events: Events, *, years: tuple[int, int], ages: tuple[int, int] | None, group: str, quarters: bool
) -> Series:
    """Return events by year or quarter."""
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
    covered = _months_covered(events, years, quarters=quarters)
    rows = []
    for year in range(first, last + 1):
        for quarter in range(1, 5) if quarters else (0,):
            inside = np.asarray(when.year == year) & (np.asarray(when.quarter == quarter) | (quarter == 0))
            period = f"{year} Q{quarter}" if quarter else str(year)
            months = sum(covered.get(month, 0.0) for month in _calendar(year, quarter))
            count = float((inside & counted).sum()) if months > 0 else np.nan
            rows.append((period, group, count, count, months))
    table = pd.DataFrame(rows, columns=["period", "group", "low", "high", "months"])
    series = Series(
        table.assign(ci_low=np.nan, ci_high=np.nan),
        unit=events.title,
        coverage=events.cover,
        identity=combine(
            events, notes=(*events.notes, *notes, *_gap_notes(when, years, in_years, covered, quarters=quarters))
        ),
    )
    return with_intervals(series)


def _of_ages(
    table: pd.DataFrame, ages: tuple[int, int] | None, group: str
) -> tuple[NDArray[np.bool_], tuple[Note, ...]]:
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
    words = f"{_events(unknown)} of {len(table):,} without an age: not in '{group}'."
    note = Note(words, of="records", numbers=(unknown, len(table), group))
    return (age >= ages[0]) & (age <= ages[1]), (note,) if unknown else ()


def _calendar(year: int, quarter: int) -> list[str]:
    """Return the months of a quarter, or of the whole year if it is 0."""
    inside = range(3 * quarter - 2, 3 * quarter + 1) if quarter else range(1, MONTHS_OF_A_YEAR + 1)
    return [f"{year:04d}-{month:02d}" for month in inside]


def _months_covered(events: Events, years: tuple[int, int], *, quarters: bool) -> dict[str, float]:
    """Return month → the share of it that the source covers, for the months between that have any."""
    cover = events.cover
    if cover is None:
        return {}
    inside = {month: cover.share(month) for month in cover.months if years[0] <= int(month[:4]) <= years[1]}
    if events.coverage is None:
        # Told by the events alone, a period in which there are none is rather a gap than a zero.
        when = events.table["when"].dropna()
        there = {(at.year, at.quarter if quarters else 0) for at in pd.DatetimeIndex(when.unique())}
        periods = {month: (int(month[:4]), (int(month[5:]) + 2) // 3 if quarters else 0) for month in inside}
        inside = {month: share for month, share in inside.items() if periods[month] in there}
    return inside


def _gap_notes(
    when: pd.DatetimeIndex,
    years: tuple[int, int],
    in_years: NDArray[np.bool_],
    covered: Mapping[str, float],
    *,
    quarters: bool,
) -> list[Note]:
    """Return what a reader must know about periods and months that are not covered, and about rows left out."""
    notes = []
    gaps: list[int] = []
    for year in range(years[0], years[1] + 1):
        months = [int(month[5:]) for month in _calendar(year, 0) if covered.get(month, 0.0) > 0]
        if not months:
            gaps.append(year)
        elif not quarters and len(months) < MONTHS_OF_A_YEAR:
            words = f"{year}: {len(months)} of 12 months are covered; not to be compared with whole years."
            notes.append(Note(words, of="publication", numbers=(year, len(months), MONTHS_OF_A_YEAR)))
        elif quarters:
            notes += _quarter_notes(year, months)
    if gaps:
        which = _stretches(gaps)
        words = f"{which}: no rows in the file; a gap, not a zero."
        notes.insert(0, Note(words, of="publication", numbers=(which,)))
    untimed = int(np.isnat(when.to_numpy()).sum())
    each = "quarter" if quarters else "year"
    if untimed:
        notes.append(Note(f"{_events(untimed)} without a date: in no {each}.", of="records", numbers=(untimed,)))
    others = len(when) - untimed - int(in_years.sum())
    if others:
        words = f"{_events(others)} outside {years[0]} to {years[1]}: not counted."
        notes.append(Note(words, of="records", numbers=(others, *years)))
    return notes


def _quarter_notes(year: int, months: Sequence[int]) -> list[Note]:
    """Return notes on the missing quarters of a year that has some rows."""
    notes = []
    for quarter in range(1, 5):
        number = sum((month - 1) // 3 == quarter - 1 for month in months)
        if number == 0:
            words = f"{year} Q{quarter}: no rows in the file; a gap, not a zero."
            notes.append(Note(words, of="publication", numbers=(year, quarter)))
        elif number < 3:
            words = f"{year} Q{quarter}: {number} of 3 months are covered; not to be compared with whole quarters."
            notes.append(Note(words, of="publication", numbers=(year, quarter, number, 3)))
    return notes


def _stretches(years: Sequence[int]) -> str:
    """Return years as text, those that follow each other as one: ``"1900-2009, 2012"``."""
    runs: list[list[int]] = []
    for year in years:
        if runs and year == runs[-1][-1] + 1:
            runs[-1][1:] = [year]
        else:
            runs.append([year])
    return ", ".join("-".join(map(str, run)) for run in runs)


def _events(number: int) -> str:
    return "1 event" if number == 1 else f"{number:,} events"


def _years_found(when: pd.DatetimeIndex, rows: int) -> str:
    known = when.dropna()
    if known.empty:
        return f"{_events(rows)}, none with a date"
    return f"{_events(rows)} from {known.min().year} to {known.max().year}"
