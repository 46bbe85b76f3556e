"""Which records the sections of a study count, as the gate for published tables needs to know."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hotspots.disclosure import Scope
from hotspots.model import AreaCounts, Events, Period

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotspots.model import Series
    from hotspots.study.settings import EventSection, SeriesSection, Study

__all__ = ["all_ages_known", "records_of", "scope_of", "scopes_of_series"]

YEARS = re.compile(r"(\d{4})(?:\s*(?:-|–|to)\s*(\d{4}))?")
"""A year, or years from one to another, as the period of a table of counts."""
_ANY_YEAR = 1900, 2100
"""Dates outside are none."""


def records_of(study: Study, section: EventSection) -> str:
    """Return the name of a section's records: the same for sections of one file, or of one source.

    Without a source, it is the format: files of one format may have the same records.
    """
    first = next(one for one in study.events if set(one.paths) & set(section.paths))
    return first.source or first.format


def scope_of(section: EventSection, data: Events | AreaCounts) -> Scope:
    """Return which records a section counts: of its years, or of all months that its file covers."""
    stated = YEARS.fullmatch(section.period or "")
    if section.years is not None:
        months = 12 * section.years[0], 12 * section.years[1] + 11
    elif isinstance(data, AreaCounts) and stated is not None:
        months = 12 * int(stated[1]), 12 * int(stated[2] or stated[1]) + 11
    else:
        cover = data.cover if isinstance(data, Events) else data.coverage
        covered = [12 * int(month[:4]) + int(month[5:7]) - 1 for month in cover.months] if cover is not None else []
        months = (min(covered), max(covered)) if covered else (12 * _ANY_YEAR[0], 12 * _ANY_YEAR[1] + 11)
    return Scope(
        months=months,
        undated=section.years is None and (not isinstance(data, Events) or bool(data.table["when"].isna().any())),
        ages=section.ages,
        ages_known=isinstance(data, Events) and all_ages_known(data),
        kinds=tuple(_kinds(section)),
    )


def all_ages_known(events: Events) -> bool:
    """Return whether no event lacks an age."""
    return "age" in events.table.columns and bool(events.table["age"].notna().all())


def _kinds(section: EventSection) -> Iterator[str]:
    for crime_type in section.crime_types or ():
        yield f"crime type={crime_type}"
    for code in section.codes or ():
        yield f"code={code}"
    if section.knife is not None:
        yield f"knife={'yes' if section.knife else 'no'}"
    if section.count_column is not None:
        yield f"column={section.count_column}"


def scopes_of_series(
    section: EventSection, one: SeriesSection, series: Series, *, ages_known: bool
) -> tuple[Scope, ...]:
    """Return which records each row of a series counts."""
    ages = {line.group: _both(line.ages, section.ages) for line in one.lines}
    kinds = tuple(_kinds(section))
    return tuple(
        Scope(months=_months_of(str(period)), ages=ages[group], ages_known=ages_known, kinds=kinds)
        for period, group in zip(series.table["period"], series.table["group"], strict=True)
    )


def _both(first: tuple[int, int] | None, second: tuple[int, int] | None) -> tuple[int, int] | None:
    if first is None or second is None:
        return first or second
    return max(first[0], second[0]), min(first[1], second[1])


def _months_of(period: str) -> tuple[int, int]:
    """Return the first and last month of a calendar year or quarter, e.g. 2018 or 2018 Q2."""
    year, quarter = 12 * int(period[:4]), Period.read(period).quarter
    return (year, year + 11) if quarter is None else (year + 3 * quarter - 3, year + 3 * quarter - 1)
