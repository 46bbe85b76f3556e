"""The date of a study: as its file says, or else the last day that any of its inputs covers."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from hotspots.nouns.coverage import AUGUST, ENGLISH, MARCH, period_end

if TYPE_CHECKING:
    from hotspots.reading import Inputs
    from hotspots.study import Study

__all__ = ["imprint", "last_day", "study_date"]


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
        ends = [end for period in known if (end := period_end(str(period), year_ends=MARCH))]
        # A year may be covered in part: its last month is not December then.
        covered = series.coverage.last if series.coverage is not None else date.max
        days += [min(end, covered) for end in ends]
    if inputs.schools is not None and (end := period_end(inputs.schools.period, year_ends=AUGUST)):
        days.append(end)
    if inputs.factors is not None and (end := period_end(inputs.factors.period, year_ends=MARCH)):
        days.append(end)
    return max(days, default=None)


def imprint(study: Study, inputs: Inputs) -> str:
    """Return date and contact as they stand at the bottom of every sheet."""
    day = study_date(study, inputs)
    words = (
        [] if day is None else [f"{'Date' if study.date else 'Data to'} {day.day} {ENGLISH[day.month - 1]} {day.year}"]
    )
    return " · ".join([*words, *([f"Contact: {study.contact}"] if study.contact else [])])
