"""Periods as they are written in tables and study files, read in one place: years, quarters, months, school years."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from hotspots.model.coverage import ENGLISH, MONTHS_OF_A_YEAR

__all__ = ["Period", "months_of", "period_end", "with_en_dashes"]

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
