"""Years, quarters, months and school years, as tables and study files write them."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from math import exp
from typing import Final

import pandas as pd

__all__ = [
    "Coverage",
    "Period",
    "cover_dates",
    "cover_months",
    "cover_years",
    "months_of",
    "period_end",
    "with_en_dashes",
]

# The time that a source covers: what every figure per year is divided by.

RARE: Final = 0.01
"""Months without events count as not covered if a gap of this length has at most this probability by chance."""

NAMED: Final = 3
"""As many months, or runs of months, are named one by one."""

MONTHS_OF_A_YEAR: Final = 12
ENGLISH: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
"""In English, whatever the language of the computer."""
MARCH, AUGUST = 3, 8
"""Months in which financial and school years end."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """The days from `first` to `last`, both included, without the months in `missing`.

    Parameters
    ----------
    first, last
        Days.
    missing
        Months between them that the source does not cover, as ``2019-07``, sorted.

    Examples
    --------
    >>> july = Coverage(date(2016, 7, 1), date(2018, 7, 31), tuple(m for m in months_between(
    ...     date(2016, 7, 1), date(2018, 7, 31)) if not m.endswith("-07")))
    >>> july.years, len(july.months), july.only
    (0.25, 3, ('July',))
    >>> Coverage(date(2017, 1, 1), date(2019, 12, 31)).years
    3.0
    """

    first: date
    last: date
    missing: tuple[str, ...] = ()

    @property
    def span(self) -> tuple[str, ...]:
        """Every month from the first to the last, covered or not."""
        return months_between(self.first, self.last)

    @property
    def months(self) -> tuple[str, ...]:
        """The months covered, in whole or in part."""
        missing = set(self.missing)
        return tuple(month for month in self.span if month not in missing)

    @property
    def years(self) -> float:
        """Months covered over 12; the first and the last month count by their days."""
        return sum(self.share(month) for month in self.months) / MONTHS_OF_A_YEAR

    @property
    def only(self) -> tuple[str, ...]:
        """The calendar months that are covered in some year, by name; empty where all twelve are."""
        there = sorted({int(month[5:]) for month in self.months})
        return tuple(ENGLISH[number - 1] for number in there) if len(there) < MONTHS_OF_A_YEAR else ()

    @property
    def words(self) -> str:
        """The period in words: whole years, or the months that are covered.

        Examples
        --------
        >>> cover_years(2017, 2019).words, cover_months(["2018-07"]).words
        ('2017-2019', 'July 2018')
        """
        months = self.months
        runs: list[list[str]] = []
        for before, month in zip((None, *self.span), self.span, strict=False):
            if month in self.missing:
                continue
            if runs and runs[-1][-1] == before:
                runs[-1].append(month)
            else:
                runs.append([month])
        first, last = months[0], months[-1]
        if first.endswith("-01") and last.endswith("-12") and len(self.missing) <= NAMED:
            years = first[:4] if first[:4] == last[:4] else f"{first[:4]}-{last[:4]}"
            names = [
                _month_name(month) if first[:4] != last[:4] else ENGLISH[int(month[5:]) - 1] for month in self.missing
            ]
            return f"{years} without {_listed(names)}" if names else years
        if len(runs) <= NAMED:
            return ", ".join(_from_to(run[0], run[-1]) for run in runs)
        return f"{len(months):,} months from {_from_to(first, last)}"

    def within(self, months: Iterable[str]) -> float:
        """Return how many of these months are covered, in months."""
        there = set(self.months)
        return sum(self.share(month) for month in months if month in there)

    def share(self, month: str) -> float:
        """Return the share of a month's days that is covered, 0 to 1."""
        if month in self.missing:
            return 0.0
        year, number = int(month[:4]), int(month[5:])
        days = calendar.monthrange(year, number)[1]
        start, end = max(self.first, date(year, number, 1)), min(self.last, date(year, number, days))
        return max((end - start).days + 1, 0) / days


def months_between(first: date, last: date) -> tuple[str, ...]:
    """Return every month from one day to another, as ``2019-07``."""
    number = (last.year - first.year) * MONTHS_OF_A_YEAR + last.month - first.month + 1
    start = first.year * MONTHS_OF_A_YEAR + first.month - 1
    return tuple(
        f"{(start + i) // MONTHS_OF_A_YEAR:04d}-{(start + i) % MONTHS_OF_A_YEAR + 1:02d}" for i in range(number)
    )


def _month_name(month: str) -> str:
    """Return ``"July 2019"`` for ``2019-07``."""
    return f"{ENGLISH[int(month[5:]) - 1]} {month[:4]}"


def _from_to(first: str, last: str) -> str:
    """Return e.g. ``"July 2019"``, ``"April to July 2019"`` or ``"December 2018 to January 2019"``."""
    if first == last:
        return _month_name(first)
    begin = ENGLISH[int(first[5:]) - 1] if first[:4] == last[:4] else _month_name(first)
    return f"{begin} to {_month_name(last)}"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _end_of_month(day: date) -> date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def cover_years(first: int, last: int) -> Coverage:
    """Return the coverage of whole calendar years."""
    return Coverage(date(first, 1, 1), date(last, 12, 31))


def cover_months(months: Iterable[str]) -> Coverage | None:
    """Return the coverage of a source of monthly files: the months it has rows for, and no other."""
    there = sorted(set(months))
    if not there:
        return None
    first = date(int(there[0][:4]), int(there[0][5:]), 1)
    last = _end_of_month(date(int(there[-1][:4]), int(there[-1][5:]), 1))
    known = set(there)
    return Coverage(first, last, tuple(month for month in months_between(first, last) if month not in known))


def cover_dates(when: pd.Series, *, years: tuple[int, int] | None = None) -> Coverage | None:
    """Return the months that a source of dated events covers; None where nothing is dated.

    From the month of the first to that of the last event, or from January to December of the years asked for where the
    stretch without events at either end is no longer than chance makes it. Months in between are missing where, with
    this many events, an empty month would be rare.

    Parameters
    ----------
    when
        Times (datetime64), missing where unknown: of every event of the file, so that what is rare in it does not
        look like a gap.
    years
        First and last calendar year asked for.
    """
    known = when.dropna()
    if years is not None:
        known = known[known.dt.year.between(*years)]
    if known.empty:
        return None
    if bool(((known.dt.day == 1) & (known.dt.normalize() == known)).all()):
        return cover_months(known.dt.strftime("%Y-%m").unique())
    first, last = known.min().date(), known.max().date()
    whole = first.replace(day=1), _end_of_month(last)
    bounds = whole if years is None else (date(years[0], 1, 1), date(years[1], 12, 31))
    # Events at random over the span leave a stretch of this share of it empty at one end with chance (1 - share)^n.
    days = (last - first).days + 1
    gaps = (first - bounds[0]).days, (bounds[1] - last).days
    start, end = (
        bound if years is None or (1 - gap / (days + gap)) ** len(known) >= RARE else seen
        for bound, gap, seen in zip(bounds, gaps, whole, strict=True)
    )
    covered = Coverage(start, end)
    there = set(known.dt.strftime("%Y-%m"))
    empty = [month for month in covered.span if month not in there]
    each = len(known) / len(covered.span)
    # A Poisson month of this mean is empty with chance exp(-mean).
    is_rare = len(covered.span) * exp(-each) < RARE
    return Coverage(start, end, tuple(empty) if is_rare else ())


QUARTER: Final = re.compile(r"(?P<year>.+) Q(?P<quarter>[1-4])")
YEARS: Final = re.compile(
    rf"(?:(?P<name>{'|'.join(ENGLISH)}) )?(?P<first>\d{{4}})(?:/(?P<second>\d{{2}}))?"
    r"(?: Q(?P<quarter>[1-4])|-(?P<month>0[1-9]|1[0-2])(?!\d))?"
)
"""``2019``, ``2019 Q3``, ``2019-07``, ``July 2019``, ``2018/19`` or ``2018/19 Q4``."""


@dataclass(frozen=True, slots=True)
class Period:
    """A year or a quarter of one.

    Parameters
    ----------
    year
        As written: ``"2019"`` or ``"2018/19"``.
    quarter
        1 to 4, or None for a whole year.

    Examples
    --------
    >>> Period.read("2018/19 Q4"), Period.read("2019").months
    (Period(year='2018/19', quarter=4), 12)
    """

    year: str
    quarter: int | None = None

    @classmethod
    def read(cls, written: object) -> Period:
        """Return what is written in a table."""
        match = QUARTER.fullmatch(str(written))
        return cls(match["year"], int(match["quarter"])) if match else cls(str(written))

    @property
    def months(self) -> int:
        """How many months it has."""
        return MONTHS_OF_A_YEAR // 4 if self.quarter else MONTHS_OF_A_YEAR


def months_of(period: str) -> int:
    """Return how many months a period has: 3 for a quarter, 12 for a year.

    Examples
    --------
    >>> months_of("2019 Q3"), months_of("2018/19"), months_of("2019")
    (3, 12, 12)
    """
    return Period.read(period).months


def period_end(period: str, *, year_ends: int) -> date | None:
    """Return the last day of the last period that is named, or None.

    Parameters
    ----------
    period
        Years, quarters, months, or years written as two (``2018/19``).
    year_ends
        Month in which a year written as two ends: 3 (financial) or 8 (school).

    Examples
    --------
    >>> period_end("2017-2019", year_ends=3), period_end("2018/19 Q4", year_ends=3)
    (datetime.date(2019, 12, 31), datetime.date(2019, 3, 31))
    >>> period_end("2014/15 to 2018/19", year_ends=8), period_end("2019 Q2", year_ends=3)
    (datetime.date(2019, 8, 31), datetime.date(2019, 6, 30))
    >>> period_end("2018-01 to 2020-02", year_ends=3), period_end("June to July 2018", year_ends=3)
    (datetime.date(2020, 2, 29), datetime.date(2018, 7, 31))
    """
    # What a period is without lies inside it.
    found = list(YEARS.finditer(period.partition(" without ")[0]))
    if not found:
        return None
    first, quarter = int(found[-1]["first"]), int(found[-1]["quarter"] or 4)
    if found[-1]["second"] is None:
        year, month = first, 3 * quarter
    else:
        year, month = divmod(first * 12 + year_ends + 3 * quarter - 1, 12)
        month += 1
    if found[-1]["name"]:
        month = ENGLISH.index(found[-1]["name"]) + 1
    month = int(found[-1]["month"] or month)
    return date(year, month, calendar.monthrange(year, month)[1])


def with_en_dashes(period: str) -> str:
    """Return a period with en dashes between years; months (2019-01) stay as they are."""
    whole = re.sub(r"\b(\d{4})-(\d{4})\b", r"\1–\2", period)

    def school_year(match: re.Match[str]) -> str:
        first, second = match.group(1), match.group(2)
        follows = (int(first) + 1) % 100 == int(second) and int(second) > 12
        return f"{first}–{second}" if follows else match.group(0)

    return re.sub(r"\b(\d{4})-(\d{2})\b(?!-)", school_year, whole)
