"""Periods and the time that a source covers; `Period.read` is the only reader of periods that are written as text."""

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
    "NO_PERIOD",
    "Coverage",
    "Period",
    "common_period",
    "cover_dates",
    "cover_months",
    "cover_years",
    "months_of",
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
    def period(self) -> Period:
        """The time from the first to the last day: whole years, or the months that are covered.

        Examples
        --------
        >>> str(cover_years(2017, 2019).period), str(cover_months(["2018-07"]).period)
        ('2017-2019', 'July 2018')
        """
        return Period(self._named("-"), words=self._named("–"), last_day=self.last)

    def _named(self, dash: str) -> str:
        """Return the period in words, with this dash between years."""
        months = self.months
        first, last = months[0], months[-1]
        if first.endswith("-01") and last.endswith("-12") and len(self.missing) <= NAMED:
            years = first[:4] if first[:4] == last[:4] else f"{first[:4]}{dash}{last[:4]}"
            names = [
                _month_name(month) if first[:4] != last[:4] else ENGLISH[int(month[5:]) - 1] for month in self.missing
            ]
            return f"{years} without {_listed(names)}" if names else years
        runs = self._runs()
        if len(runs) <= NAMED:
            return ", ".join(_from_to(run[0], run[-1]) for run in runs)
        return f"{len(months):,} months from {_from_to(first, last)}"

    def _runs(self) -> list[list[str]]:
        """Return the months covered, in runs of months that follow each other."""
        runs: list[list[str]] = []
        for before, month in zip((None, *self.span), self.span, strict=False):
            if month in self.missing:
                continue
            if runs and runs[-1][-1] == before:
                runs[-1].append(month)
            else:
                runs.append([month])
        return runs

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
DAYS: Final = re.compile(
    rf"(?:(?P<name>{'|'.join(ENGLISH)}) )?(?P<first>\d{{4}})(?:/(?P<second>\d{{2}}))?"
    r"(?: Q(?P<quarter>[1-4])|-(?P<month>0[1-9]|1[0-2])(?!\d))?"
)
"""``2019``, ``2019 Q3``, ``2019-07``, ``July 2019``, ``2018/19`` or ``2018/19 Q4``."""
RANGE: Final = re.compile(r"\b(?P<first>\d{4})-(?P<last>\d{4}|\d{2})\b(?!-)")
"""``2017-2019`` or ``2018-19``; but ``2011-12`` may be a month."""


@dataclass(frozen=True, slots=True)
class Period:
    """The time that something is about.

    Parameters
    ----------
    written
        As its publisher or the study file has it; empty where it is not known.
    words
        The same for readers, with en dashes between years; as written where it is left out.
    last_day
        None where it is not known.
    year, quarter
        Of a period that is a year or a quarter of one: the year as written, e.g. ``"2018/19"``, and 1 to 4, or None
        for a whole year.

    Examples
    --------
    >>> autumn = Period.read("2018/19 Q4")
    >>> autumn.year, autumn.quarter, autumn.last_day.isoformat()
    ('2018/19', 4, '2019-03-31')
    >>> Period.read("2017-2019").words
    '2017–2019'
    """

    written: str = ""
    words: str = ""
    last_day: date | None = None
    year: str = ""
    quarter: int | None = None

    def __post_init__(self) -> None:
        if not self.words:
            object.__setattr__(self, "words", self.written)

    def __str__(self) -> str:
        return self.written

    def __bool__(self) -> bool:
        return bool(self.written)

    @classmethod
    def read(cls, written: object, *, year_ends: int = MARCH) -> Period:
        """Return what a publisher or a user wrote; text of any kind is kept.

        Its last day is that of the last year, quarter or month named, e.g. in ``2014/15 to 2018/19`` or
        ``June to July 2018``; what is not covered within it ends no later.

        Parameters
        ----------
        written
            A cell of a table or a text; a period is returned as it is.
        year_ends
            Month in which a year written as two ends: 3 (financial) or 8 (school).
        """
        if isinstance(written, Period):
            return written
        text = str(written)
        quarter = QUARTER.fullmatch(text)
        return cls(
            text,
            words=RANGE.sub(_with_en_dash, text),
            last_day=max((_last_day(part, year_ends) for part in DAYS.finditer(text)), default=None),
            year=quarter["year"] if quarter else text,
            quarter=int(quarter["quarter"]) if quarter else None,
        )

    @property
    def months(self) -> int:
        """How many months a year or a quarter has."""
        return MONTHS_OF_A_YEAR // 4 if self.quarter else MONTHS_OF_A_YEAR

    def to(self, last: Period) -> Period:
        """Return the time from this period to another, both included; the period itself where they are the same."""
        return self if last == self else self._joined(last, "to")

    def against(self, other: Period) -> Period:
        """Return both periods of a comparison; the period itself where they are the same."""
        return self if other == self else self._joined(other, "against")

    def _joined(self, other: Period, word: str) -> Period:
        days = [period.last_day for period in (self, other) if period.last_day is not None]
        return Period(
            f"{self.written} {word} {other.written}",
            words=f"{self.words} {word} {other.words}",
            last_day=max(days, default=None),
        )


NO_PERIOD: Final = Period()
"""Of what has no period or does not say it."""


def common_period(periods: Iterable[Period]) -> Period:
    """Return the period of all of them; where they differ, one without words that ends with the last.

    Examples
    --------
    >>> common_period([Period.read("2019"), Period.read("2019")]).written
    '2019'
    >>> both = common_period([Period.read("2019"), Period.read("2017-2018")])
    >>> both.written, both.last_day.isoformat()
    ('', '2019-12-31')
    """
    found = list(periods)
    if len({period.written for period in found}) == 1:
        return found[0]
    return Period(last_day=max((period.last_day for period in found if period.last_day is not None), default=None))


def _with_en_dash(years: re.Match[str]) -> str:
    """Return a range of years with an en dash; what may be a month stays as it is."""
    first, last = years["first"], years["last"]
    is_range = len(last) == 4 or ((int(first) + 1) % 100 == int(last) and int(last) > MONTHS_OF_A_YEAR)
    return f"{first}–{last}" if is_range else years[0]


def _last_day(named: re.Match[str], year_ends: int) -> date:
    """Return the last day of a year, quarter or month, as `DAYS` found it."""
    first, quarter = int(named["first"]), int(named["quarter"] or 4)
    if named["second"] is None:
        year, month = first, 3 * quarter
    else:
        year, month = divmod(first * 12 + year_ends + 3 * quarter - 1, 12)
        month += 1
    if named["name"]:
        month = ENGLISH.index(named["name"]) + 1
    month = int(named["month"] or month)
    return date(year, month, calendar.monthrange(year, month)[1])


def months_of(period: str) -> int:
    """Return how many months a period has: 3 for a quarter, 12 for a year.

    Examples
    --------
    >>> months_of("2019 Q3"), months_of("2018/19"), months_of("2019")
    (3, 12, 12)
    """
    return Period.read(period).months
