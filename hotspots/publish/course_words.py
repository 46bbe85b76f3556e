"""What the course of a series is called: a level, a steady rise, a level that then rose."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from hotspots.nouns import Extract, Series, months_of
from hotspots.publish.phrases import capitalised, period_words

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["course_sentence", "growth_words", "rows_of_group", "times_words"]

LEVEL_BEFORE = " the level before"
MONTHS = {3: "a quarter", 12: "a year"}


def rows_of_group(change_points: Extract, group: str) -> pd.DataFrame:
    """Return the stretches of one group; none where it could not be described."""
    table = change_points.table
    return table[(table["group"] == group) & (table["reason"] == "")]


def course_sentence(series: Series, change_points: Extract) -> str:
    """Return the course of the first group with its numbers; empty where it has no short name.

    Examples
    --------
    >>> import pandas as pd
    >>> from hotspots.nouns.extracts import EXTRACT_COLUMNS
    >>> rows = pd.DataFrame([
    ...     {"group": "all", "first": "2013", "last": "2015", "course": "level", "level": 1501.0, "level_last": 1501.0},
    ...     {"group": "all", "first": "2016", "last": "2019", "course": "rise", "level": 1981.0, "level_last": 3609.0,
    ...      "ratio": 2.4, "ratio_low": 2.27, "ratio_high": 2.55}],
    ... ).reindex(columns=EXTRACT_COLUMNS["change-points"]).assign(reason="")
    >>> table = pd.DataFrame({"period": ["2013"], "group": "all", "low": 1, "high": 1, "ci_low": 1, "ci_high": 1})
    >>> said = course_sentence(Series(table, unit="crimes", title="knife crime"), Extract(rows, kind="change-points"))
    >>> before, ratio = said.split(" (")
    >>> before
    'Knife crime: level at about 1,500 a year until 2015, then more than doubled by 2019'
    >>> ratio
    '2.40 times the level before, 95 % interval 2.27 to 2.55)'
    """
    groups = series.table["group"].astype(str)
    group = groups.iloc[0]
    rows = rows_of_group(change_points, group).to_dict("records")
    said = _course(rows, series.rate_per)
    if not said:
        return ""
    who = capitalised(series.title or series.unit)
    return f"{who}: {said}" if groups.nunique() == 1 else f"{who} ({group}): {said}"


def _course(rows: list[dict[Hashable, Any]], rate_per: float) -> str:
    first, last = (rows[0], rows[-1]) if rows else ({}, {})
    shape = tuple(row["course"] for row in rows)
    if not shape or not all(np.isfinite(row["level"]) and row["level"] > 0 for row in rows):
        return ""
    per = f"per {rate_per:,.0f} people and year" if rate_per else MONTHS[months_of(str(first["first"]))]
    begin, end, until, since = (
        period_words(str(name)) for name in (first["first"], last["last"], first["last"], last["first"])
    )
    about = "about " if str(last["earliest"]) != str(last["latest"]) else ""
    until = f"{about}{until}"
    level, now = f"about {_about(first['level'])} {per}", f"about {_about(last['level'])}"
    verb = "rose" if shape[0] == "rise" else "fell"
    if shape == ("level",):
        return f"no change of level found, {level} from {begin} to {end}"
    if len(shape) == 1:
        course = f"{verb} by {abs(first['growth']):.1%} a year on average from {begin} to {end} ({_times(first)})"
        return f"{course}; no step or bend beyond chance"
    if shape == ("level", "level"):
        return f"level at {level} until {until}, then at {now} from {since} ({_times(last, LEVEL_BEFORE)})"
    if len(shape) == 2 and "level" in shape:
        return (
            _then(last, level, until, end)
            if shape[0] == "level"
            else (f"{verb} from {begin} to {until} ({_times(first)}),{_jump(last)} level since at {now} {per}")
        )
    return ""


def _then(row: Mapping[Hashable, Any], level: str, until: str, end: str) -> str:
    """Return what followed a level: a rise or fall, and the jump before it where that went the other way."""
    rising = row["course"] == "rise"
    before = f"level at {level} until {until}, then"
    if np.isfinite(row["step"]) and (row["step"] > 1) != rising:
        return f"{before}{_jump(row)} {'rising' if rising else 'falling'} since ({end}: {_times(row, LEVEL_BEFORE)})"
    return f"{before} {growth_words(row)} by {end} ({_times(row, LEVEL_BEFORE)})"


def growth_words(row: Mapping[Hashable, Any]) -> str:
    """Return what a ratio and its interval allow to be said: "more than doubled" only of a lower limit of 2."""
    if row["ratio_low"] >= 3:
        return "more than tripled"
    if row["ratio_low"] >= 2:
        return "more than doubled"
    if row["ratio_high"] <= 0.5:
        return "fell to less than half"
    return "rose" if row["ratio"] > 1 else "fell"


def _jump(row: Mapping[Hashable, Any]) -> str:
    """Return by how much a stretch begins apart from the one before, with spaces around; nothing where it does not."""
    if not np.isfinite(row["step"]):
        return ""
    return f" {'up' if row['step'] > 1 else 'down'} at once by {abs(row['step'] - 1):.0%},"


def _times(row: Mapping[Hashable, Any], base: str = "") -> str:
    """Return a ratio with its interval, and what it refers to where that is not the beginning of the same rise."""
    ratio, low, high = (times_words(row[name]) for name in ("ratio", "ratio_low", "ratio_high"))
    return f"{ratio} times{base}, 95 % interval {low} to {high}"


def times_words(value: float) -> str:
    """Return a ratio in the figures that a reader can use.

    Examples
    --------
    >>> times_words(2.404), times_words(31.62), times_words(1234.5)
    ('2.40', '31.6', '1,234')
    """
    return f"{value:.2f}" if value < 10 else f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def _about(level: float) -> str:
    """Return a level in two figures, or three where it begins with a 1."""
    digits = int(np.floor(np.log10(level)))
    figures = 2 if level / 10**digits < 2 else 1
    step = digits - figures
    number = round(level / 10**step) * 10**step
    return f"{number:,.{max(-step, 0)}f}"
