"""The date of a study: as its file says, or else the last day that any of its inputs covers."""

from __future__ import annotations

import calendar
import re
from datetime import date
from typing import TYPE_CHECKING, Final

from hotspots.nouns.coverage import ENGLISH

if TYPE_CHECKING:
    from hotspots.reading import Inputs
    from hotspots.study import Study

__all__ = ["imprint", "last_day", "study_date"]

YEARS: Final = re.compile(
    r"(?P<first>\d{4})(?:/(?P<second>\d{2}))?(?: Q(?P<quarter>[1-4])|-(?P<month>0[1-9]|1[0-2])(?!\d))?"
)
"""``2019``, ``2019 Q3``, ``2019-07``, ``2018/19`` or ``2018/19 Q4``."""

MARCH, AUGUST, DECEMBER = 3, 8, 12


def study_date(study: Study, inputs: Inputs) -> date | None:
    """Return the date that stands on every sheet; None where nothing tells one."""
    return study.date or last_day(inputs)


def last_day(inputs: Inputs) -> date | None:
    """Return the last day that any input covers, never the time of a file."""
    days = [counts.coverage.last for counts in inputs.counts.values() if counts.coverage is not None]
    pairs = [*inputs.comparisons.values(), *inputs.predictions.values()]
    days += [events.cover.last for pair in pairs for events in pair if events.cover is not None]
    for series in inputs.series:
        known = series.table.loc[series.table["low"].notna(), "period"]
        days += [end for period in known if (end := period_end(str(period), year_ends=MARCH))]
    if inputs.schools is not None and (end := period_end(inputs.schools.period, year_ends=AUGUST)):
        days.append(end)
    if inputs.factors is not None and (end := period_end(inputs.factors.period, year_ends=MARCH)):
        days.append(end)
    return max(days, default=None)


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
    >>> period_end("2018-01 to 2020-02", year_ends=3)
    datetime.date(2020, 2, 29)
    """
    found = list(YEARS.finditer(period))
    if not found:
        return None
    first, quarter = int(found[-1]["first"]), int(found[-1]["quarter"] or 4)
    if found[-1]["second"] is None:
        year, month = first, 3 * quarter
    else:
        year, month = divmod(first * 12 + year_ends + 3 * quarter - 1, 12)
        month += 1
    month = int(found[-1]["month"] or month)
    return date(year, month, calendar.monthrange(year, month)[1])


def imprint(study: Study, inputs: Inputs) -> str:
    """Return date and contact as they stand at the bottom of every sheet."""
    day = study_date(study, inputs)
    words = (
        [] if day is None else [f"{'Date' if study.date else 'Data to'} {day.day} {ENGLISH[day.month - 1]} {day.year}"]
    )
    return " · ".join([*words, *([f"Contact: {study.contact}"] if study.contact else [])])
