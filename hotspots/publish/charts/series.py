"""Printed charts of series: counts or rates by period, with the course found in them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import pandas as pd

from hotspots.model import Extract, Series, need_released, words_of
from hotspots.publish.page import INK, MM_PER_POINT, Sheet, begin_chart, open_axes, page_style, tidy, write_notes
from hotspots.publish.text import (
    BASE_WORDS,
    LINES,
    as_number,
    capitalised,
    line_title,
    listed,
    period_words,
    rows_of_group,
    times_words,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_series", "name_lines", "name_periods", "note_unsettled", "of_which"]


def draw_series(
    series: Series, *, measure: Literal["count", "rate"] = "count", change_points: Extract | None = None
) -> Figure:
    """Return a chart of counts or rates by period: a line a group with its 95 % interval; a gap stays a gap.

    Parameters
    ----------
    series
        Counts; hidden numbers are drawn from their lower to their upper bound, provisional ones as hollow marks.
    measure
        ``"count"``, or ``"rate"`` where the series has rates.
    change_points
        From `find_change_points`, of what `measure` says: the course of every group is drawn, with every change and
        its interval.

    Returns
    -------
    Figure
        A4 landscape, for `save_map`.

    Raises
    ------
    DisclosureError
        If the series holds unprotected counts of people.
    """
    need_released(series, "A chart")
    names = _COUNT if measure == "count" else _RATE
    with page_style():
        unit = capitalised(series.unit)
        counted = f"{unit} {BASE_WORDS[series.base]}".rstrip()
        if measure == "rate":
            unit, counted = (f"{words} per {series.rate_per:,.0f} people per year" for words in (unit, counted))
        what = f"{counted} by period; shading is the 95% interval of the underlying level"
        sheet, (left, bottom, right, top) = begin_chart(series, line_title(series, measure, change_points), what)
        notes = [*words_of(series.notes), *note_unsettled(series), *_on_changes(change_points)]
        bottom = write_notes(sheet, left, bottom, right, notes)
        axes = open_axes(sheet, (left, bottom, right, top), beside=48)
        periods = list(dict.fromkeys(series.table["period"].astype(str)))
        ends, lone = [], series.table["group"].nunique() == 1
        for number, (group, rows) in enumerate(series.table.groupby("group", sort=False)):
            by_period = rows.assign(period=rows["period"].astype(str)).set_index("period").reindex(periods)
            by_period = by_period[list(names)].set_axis(list(_COUNT), axis=1)
            style = LINES[number % len(LINES)]
            ends.append(_draw_line(axes, "" if lone else str(group), by_period, style, series))
        tidy(axes, x="", y=unit)
        axes.grid(axis="x", visible=False)
        axes.set_xlim(-0.3, len(periods) - 0.7)
        axes.set_ylim(bottom=_floor(series, names))
        axes.yaxis.set_major_formatter(as_number)
        name_periods(axes, periods)
        if change_points is not None:
            _mark_changes(axes, series, change_points, periods, names)
        name_lines(sheet, axes, [end for end in ends if end is not None])
    return sheet.figure


PROVISIONAL: Final = "Hollow marks are provisional and may still change"
INCOMPLETE: Final = "Hollow marks are periods that the source covers only in part"
NO_CHANGE: Final = "No change of level was found."
_COUNT: Final = ("low", "high", "ci_low", "ci_high")
_RATE: Final = ("rate_low", "rate_high", "rate_ci_low", "rate_ci_high")


def _floor(series: Series, names: Sequence[str]) -> float:
    """Return 0, or a little below the lowest correction."""
    lowest = float(series.table[names[0]].min())
    return lowest * 1.1 if lowest < 0 else 0.0


def note_unsettled(series: Series, provisional: str = PROVISIONAL, incomplete: str = INCOMPLETE) -> list[str]:
    """Return which periods are provisional, and which covered in part."""
    pairs = ((provisional, series.provisional), (incomplete, series.incomplete))
    return [f"{what}: {listed([period_words(period) for period in which])}." for what, which in pairs if which]


def _on_changes(change_points: Extract | None) -> list[str]:
    if change_points is None:
        return []
    table = change_points.table
    sloping, stepped = bool(table["course"].isin(["rise", "fall"]).any()), bool((table["segment"] > 1).any())
    sentences = []
    if sloping or stepped:
        sentences.append("Thin black lines: the fitted trend, without seasonal variation.")
    if stepped:
        sentences.append("Vertical lines: a change of level or slope.")
    if sloping or stepped:
        sentences.append("Numbers: ratio to the level before, or to the start of a rise or fall (95% interval).")
    elif bool((table["reason"] == "").any()):
        sentences.append(NO_CHANGE)
    if stepped:
        dated = table[(table["segment"] > 1) & (table["earliest"] != table["latest"])]
        sentences += [f"The change dated {_dated(row)}." for row in dated.to_dict("records")]
    return [*sentences, change_points.words, *words_of(change_points.notes)]


def _dated(row: Mapping[Hashable, Any]) -> str:
    first, early, late = (period_words(str(row[name])) for name in ("first", "earliest", "latest"))
    return f"{first} may have occurred between {early} and {late} (95% interval)"


def _draw_line(
    axes: Axes, group: str, rows: pd.DataFrame, style: tuple[str, Any, str], series: Series
) -> tuple[str, float, str] | None:
    """Draw one group; return its name with the last settled number, the height of that number and the colour."""
    colour, dashes, marker = style
    x = np.arange(len(rows), dtype=float)
    low, high = rows["low"].to_numpy(dtype=float), rows["high"].to_numpy(dtype=float)
    ci_low, ci_high = rows["ci_low"].to_numpy(dtype=float), rows["ci_high"].to_numpy(dtype=float)
    middle = (low + high) / 2
    # NaN breaks line and band: a gap is not a fall, and nothing is drawn across it.
    axes.fill_between(x, ci_low, ci_high, color=colour, alpha=0.15, linewidth=0)
    open_ended = np.asarray(rows.index.isin(list(series.unsettled)))
    whole = np.where(open_ended, np.nan, middle)
    axes.plot(x, whole, color=colour, linestyle=dashes, linewidth=1.8, marker=marker, markersize=4.5)
    if open_ended.any():
        axes.plot(
            x[open_ended], middle[open_ended], color=colour, linestyle="none", marker=marker, markersize=5.5,
            markerfacecolor="white", markeredgewidth=1.4,
        )  # fmt: skip
        # Dots to a hollow mark, and no line: it is not to be compared with the whole periods beside it.
        beside = open_ended | np.r_[False, open_ended[:-1]] | np.r_[open_ended[1:], False]
        axes.plot(x, np.where(beside, middle, np.nan), color=colour, linestyle=":", linewidth=1.2, zorder=1.9)
    hidden = low < high
    axes.vlines(x[hidden], low[hidden], high[hidden], color=colour, linewidth=3.5, alpha=0.55)
    alone = np.isfinite(middle) & ~np.isfinite(np.r_[np.nan, middle[:-1]]) & ~np.isfinite(np.r_[middle[1:], np.nan])
    axes.vlines(x[alone], ci_low[alone], ci_high[alone], color=colour, linewidth=1.0, alpha=0.6)
    known = np.flatnonzero(np.isfinite(middle))
    if not len(known):
        return None
    settled = known[~open_ended[known]]
    last = settled[-1] if len(settled) else known[-1]
    digits = 0 if middle[last] >= 100 or middle[last] == round(middle[last]) else 1
    number = f"{low[last]:,.{digits}f}"
    if low[last] != high[last]:
        number += f"–{high[last]:,.{digits}f}"
    number += of_which(str(rows.index[last]), series, is_end=last == known[-1])
    return (f"{group}: {number}" if group else number, float(middle[last]), colour)


def of_which(period: str, series: Series, *, is_end: bool) -> str:
    """Return of which period the number beside a line is, where it is not simply that of its end."""
    if is_end and period not in series.unsettled:
        return ""
    why = ", provisional" if period in series.provisional else ", in part" if period in series.incomplete else ""
    return f" in {period_words(period)}{why}"


def name_periods(axes: Axes, periods: Sequence[str]) -> None:
    """Name as many periods as can be read, always from the first on."""
    longest = max((len(period) for period in periods), default=1)
    step = int(np.ceil(len(periods) * max(longest, 3) / 100)) or 1
    axes.set_xticks(range(0, len(periods), step), [period_words(period) for period in periods[::step]])


def name_lines(sheet: Sheet, axes: Axes, ends: Sequence[tuple[str, float, str]]) -> None:
    """Write name and last number at the end of each line, pushed apart where lines end close together."""
    box = axes.get_position()
    bottom, height = box.y0 * sheet.height, box.height * sheet.height
    low, high = axes.get_ylim()
    size = 8.5
    floor = -np.inf
    for words, value, colour in sorted(ends, key=lambda end: end[1]):
        wanted = bottom + (value - low) / (high - low) * height
        middle = max(wanted, floor)
        floor = middle + size * MM_PER_POINT * 1.35
        top = middle + size * MM_PER_POINT * 0.85
        sheet.write(box.x1 * sheet.width + 2.0, top, words, size=size, weight="bold", colour=colour)


# --------------------------------------------------------------------------- courses


def _mark_changes(
    axes: Axes, series: Series, change_points: Extract, periods: Sequence[str], names: tuple[str, str, str, str]
) -> None:
    """Draw each group's course, cross it before every period where it changed, and say by how much."""
    bottom, top = axes.get_ylim()
    axes.set_ylim(bottom, top + 0.06 * (top - bottom))
    pad = 0.04 * (top - bottom)
    for number, (group, rows) in enumerate(series.table.groupby("group", sort=False)):
        colour = LINES[number % len(LINES)][0]
        by_period = rows.set_index(rows["period"].astype(str)).reindex(list(periods))
        upper = by_period[names[3]].fillna(by_period[names[1]]).to_numpy(dtype=float)
        stretches = rows_of_group(change_points, str(group)).to_dict("records")
        if [row["course"] for row in stretches] == ["level"]:
            continue
        before = 0.0
        for row in stretches:
            first, last = (periods.index(str(row[end])) for end in ("first", "last"))
            at = np.linspace(first, last, 2 + 4 * (last - first))
            share = (at - first) / max(last - first, 1)
            # Straight in logarithms: a steady share a year.
            course = row["level"] * (row["level_last"] / row["level"]) ** share if row["level"] > 0 else 0 * share
            axes.plot(at, course, color=INK, linewidth=0.9, zorder=4)
            if row["segment"] > 1:
                ends = sorted((before, row["level"]))
                axes.vlines(first - 0.5, ends[0] - pad, ends[1] + pad, color=INK, linewidth=1.1, zorder=4)
            before = row["level_last"]
            if np.isfinite([row["ratio"], row["ratio_high"]]).all():
                place, height = _place_of_ratio(row, first, last, upper)
                axes.annotate(
                    f"\u00d7 {times_words(row['ratio'])}\n"
                    f"({times_words(row['ratio_low'])}\u2013{times_words(row['ratio_high'])})",
                    (place, height + pad / 2), xytext=(-3, 1), textcoords="offset points",
                    ha="left" if row["ratio"] < 1 else "right", va="bottom", fontsize=7.5, color=colour,
                    fontweight="bold",
                )  # fmt: skip


def _place_of_ratio(row: Mapping[Hashable, Any], first: int, last: int, upper: Any) -> tuple[float, float]:
    """Return where the size of a change stands: beside a step, and above the middle of a slope."""
    sloping = row["course"] != "level"
    place = (first + last) / 2 if sloping else first - 0.5
    middle = int(place)
    near = upper[max(middle - 2, 0) : middle + 1] if not row["ratio"] < 1 else upper[max(middle - 1, 0) : middle + 3]
    beside = row["level"] if not sloping else float(np.sqrt(row["level"] * row["level_last"]))
    return place, float(np.nanmax([*near, beside]))
