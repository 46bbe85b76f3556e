"""What the course of a series is called: a level, a steady rise, a level that then rose."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd

from hotspots.errors import plural
from hotspots.model import Extract, Period, Series, SeriesBase, months_of
from hotspots.publish.text.phrases import capitalised, period_words

__all__ = [
    "BASE_WORDS",
    "GROUPS_NAMED",
    "LINES",
    "as_number",
    "can_be_compared",
    "change_title",
    "changes_known",
    "course_sentence",
    "growth_words",
    "line_title",
    "rows_of_group",
    "series_range",
    "series_title",
    "times_words",
]

LEVEL_BEFORE = " the level before"
BASE_WORDS: Final[Mapping[SeriesBase, str]] = {
    "": "",
    "study-area": "in the study area",
    "whole-file": "in the whole file",
}
"""Where what a series counts lies, as it is written after its unit."""

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
    >>> from hotspots.model import EXTRACT_COLUMNS, Identity
    >>> rows = pd.DataFrame([
    ...     {"group": "all", "first": "2013", "last": "2015", "course": "level", "level": 1501.0, "level_last": 1501.0},
    ...     {"group": "all", "first": "2016", "last": "2019", "course": "rise", "level": 1981.0, "level_last": 3609.0,
    ...      "ratio": 2.4, "ratio_low": 2.27, "ratio_high": 2.55}],
    ... ).reindex(columns=EXTRACT_COLUMNS["change-points"]).assign(reason="")
    >>> table = pd.DataFrame({"period": ["2013"], "group": "all", "low": 1, "high": 1, "ci_low": 1, "ci_high": 1})
    >>> identity = Identity(release="open", title="knife crime")
    >>> found = Extract(rows, kind="change-points", identity=identity)
    >>> sentence = course_sentence(Series(table, unit="crimes", identity=identity), found)
    >>> before, ratio = sentence.split(" (")
    >>> before
    'Knife crime: level at about 1,500 a year until 2015, then more than doubled by 2019'
    >>> ratio
    '2.40 times the level before, 95% interval 2.27 to 2.55)'
    """
    groups = series.table["group"].astype(str)
    group = groups.iloc[0]
    rows = rows_of_group(change_points, group).to_dict("records")
    course = _course(rows, series.rate_per)
    if not course:
        return ""
    who = capitalised(series.title or series.unit)
    return f"{who}: {course}" if groups.nunique() == 1 else f"{who} ({group}): {course}"


def _course(rows: list[dict[Hashable, Any]], rate_per: float) -> str:
    first, last = (rows[0], rows[-1]) if rows else ({}, {})
    shape = tuple(row["course"] for row in rows)
    if not shape or not all(np.isfinite(row["level"]) and row["level"] > 0 for row in rows):
        return ""
    per = f"per {rate_per:,.0f} people per year" if rate_per else MONTHS[months_of(str(first["first"]))]
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
        return f"{course}; no change of level or slope beyond chance"
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
    """Return what a ratio and its interval allow: "more than doubled" only of a lower limit of 2."""
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
    return f"{ratio} times{base}, 95% interval {low} to {high}"


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


LINES: Final = (
    ("#1b4f8f", "-", "o"),
    ("#b3401a", "--", "s"),
    ("#3d7a34", "-.", "^"),
    ("#6b3d8f", ":", "D"),
    ("#7a6a00", (0, (5, 1, 1, 1, 1, 1)), "v"),
    ("#4d4d4d", (0, (1, 1)), "P"),
    ("#0f7d84", (0, (8, 2)), "X"),
)
"""Colour, dashes and marker together, so that lines differ on a black-and-white print too."""


def as_number(value: float, _: object = None) -> str:
    """Return a number of an axis: thousands separated, a true minus sign, decimals only where it has some."""
    return f"{value:,.10g}".replace("-", "\u2212")


def line_title(series: Series, measure: str = "count", change_points: Extract | None = None) -> str:
    """Return the course of the first group, or from what to what it went; of rates, in rates."""
    course = course_sentence(series, change_points) if change_points is not None else ""
    if course:
        return course
    series = _comparable(series)
    if measure == "count":
        return series_title(series)
    table = series.table.assign(low=series.table["rate_low"].round(1), high=series.table["rate_high"].round(1))
    known = table.dropna(subset=["low", "high"])
    known = known[known["group"] == known["group"].iloc[0]] if len(known) else known
    title = capitalised(series.title or series.unit)
    if len(known) < 2 or bool((known["low"] != known["high"]).iloc[[0, -1]].any()):
        return f"{title} per {series.rate_per:,.0f} people per year"
    first, last = known.iloc[0], known.iloc[-1]
    verb = "stayed at" if first["low"] == last["low"] else "rose from" if last["low"] > first["low"] else "fell from"
    who = f"{title} ({first['group']})" if series.table["group"].nunique() > 1 else title
    until = f" to {last['low']:,.1f}" if first["low"] != last["low"] else ""
    begin, end = (period_words(str(row["period"])) for row in (first, last))
    return f"{who}: rate {verb} {first['low']:,.1f}{until} per {series.rate_per:,.0f} people per year, {begin} to {end}"


def _comparable(series: Series) -> Series:
    """Return the series without unsettled periods and, of quarters, only those like the last: season is no change."""
    table = series.table[~series.table["period"].isin(series.unsettled)]
    known = table.loc[table["low"].notna(), "period"].astype(str)
    if known.empty:
        return replace(series, table=table)
    quarter = Period.read(known.iloc[-1]).quarter
    if quarter:
        table = table[[Period.read(period).quarter == quarter for period in table["period"]]]
    return replace(series, table=table)


def can_be_compared(series: Series) -> bool:
    """Return whether the first group has two settled numbers to be compared."""
    table = _comparable(series).table.dropna(subset=["low", "high"])
    return bool((table["group"] == series.table["group"].iloc[0]).sum() > 1)


def changes_known(change: pd.DataFrame, base: str) -> pd.DataFrame:
    """Return the rows, apart from the base period's, whose change has an interval."""
    known = np.isfinite(change["ratio_low"]) & np.isfinite(change["ratio_high"])
    rows: pd.DataFrame = change[known & (change["period"] != base)]
    return rows


def change_title(change: pd.DataFrame, series: Series, base: str) -> str:
    """Return how many times the base the last settled number is, with its interval: of at most three groups."""
    title, begin = capitalised(series.title or series.unit), period_words(base)
    known = changes_known(change, base)
    if known.empty:
        return f"{title}: change since {begin} is not known"
    settled = known[~known["period"].isin(series.unsettled)]
    periods = list(dict.fromkeys(change["period"]))
    shown = settled if len(settled) else known
    last = shown[shown["period"] == max(shown["period"], key=periods.index)]
    end = period_words(str(last["period"].iloc[0])) + ("" if len(settled) else " (provisional)")
    before = change[change["period"] == base].set_index("group")["low"]
    several = change["group"].nunique() > 1
    named = [
        f"{row['group']} " * several + _change_words(row, float(before.get(row["group"], np.nan)), first=number == 0)
        for number, (_, row) in enumerate(last.iterrows())
    ]
    return f"{title}, {begin} to {end}: {'; '.join(named[:GROUPS_NAMED])}"


GROUPS_NAMED: Final = 3
"""Groups whose change is named in a title; the others are in the chart."""


def _change_words(row: Any, before: float, *, first: bool) -> str:
    """Return by how much a count differs, with its interval, which alone decides what it is called."""
    if np.isnan(row["ratio"]):
        return f"{row['ratio_low']:.2f} to {row['ratio_high']:.2f} times"
    interval = f"{'95% interval ' if first else ''}{row['ratio_low']:.2f} to {row['ratio_high']:.2f}"
    growth = "" if row["ratio_low"] <= 1 <= row["ratio_high"] else growth_words(row)
    verb = f"{growth}, " if " " in growth else f"{growth} ".lstrip()  # "more than doubled, from"; "rose from"
    return f"{verb}from {as_number(before)} to {as_number(row['low'])}, {row['ratio']:.2f} times ({interval})"


def series_title(series: Series) -> str:
    """Return from what to what the first group went, where both numbers are known."""
    title = series.title or capitalised(series.unit)
    table = series.table.dropna(subset=["low", "high"])
    if table.empty:
        return title
    group = table["group"].iloc[0]
    lone = series.table["group"].nunique() == 1
    known = table[table["group"] == group]
    if len(known) < 2:
        return title
    first, last = known.iloc[0], known.iloc[-1]
    overlap = first["low"] < first["high"] and last["high"] >= first["low"] and first["high"] >= last["low"]
    if overlap:
        return title  # which of the two is larger is hidden
    begin, end = (period_words(str(row["period"])) for row in (first, last))
    who = f"{capitalised(title)}" if lone else f"{capitalised(title)} ({group})"
    if first["low"] == last["low"] and first["high"] == last["high"]:
        return f"{who}: {_number_or_about(first)} in {begin} and in {end}"
    who += "," if "," in who else ""  # "Knife crime, force area, rose ..."
    verb = "rose" if last["low"] > first["low"] else "fell"
    return f"{who} {verb} from {_number_or_about(first)} in {begin} to {_number_or_about(last)} in {end}"


def _number_or_about(row: pd.Series) -> str:
    """Return a count; of a hidden one its bounds, or "about" their middle where they are within one per cent."""
    low, high = float(row["low"]), float(row["high"])
    if low == high:
        return f"{low:,.0f}"
    return f"about {(low + high) / 2:,.0f}" if high - low <= 0.01 * low else f"{low:,.0f}–{high:,.0f}"


def series_range(series: Series) -> str:
    """Return the range of every group and its gaps."""
    words = []
    for group, rows in series.table.groupby("group", sort=False):
        known = rows.dropna(subset=["low", "high"])
        gaps = len(rows) - len(known)
        spread = f"between {known['low'].min():,.0f} and {known['high'].max():,.0f}" if len(known) else "no numbers"
        words.append(f"{capitalised(str(group))}: {spread}" + (f", {plural(gaps, 'gap')}" if gaps else "") + ".")
    return " ".join(words)
