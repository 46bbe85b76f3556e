"""Printed charts of change since a base period, and their titles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from hotspots.nouns import Series, need_released
from hotspots.publish.chart_sheet import begin_chart, open_axes, tidy, write_notes
from hotspots.publish.course_words import growth_words
from hotspots.publish.phrases import capitalised, listed, period_words
from hotspots.publish.series_charts import LINES, as_number, name_lines, name_periods, note_unsettled, of_which
from hotspots.publish.sheet import INK, look

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["change_title", "changes_known", "draw_change"]


def draw_change(change: pd.DataFrame, series: Series, *, base: str) -> Figure:
    """Return a chart of every period's count as a ratio to the base period's, with its 95 % interval.

    Parameters
    ----------
    change
        From `change_since`.
    series
        What the change is of: its words, source and release mark stand on the sheet.
    base
        The period everything is compared with.

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
    with look():
        counted = f"{capitalised(series.unit)} {series.base}".rstrip()
        what = f"{counted} as a ratio to {period_words(base)}; bars are 95 % intervals"
        sheet, (left, bottom, right, top) = begin_chart(series, change_title(change, series, base), what)
        bottom = write_notes(
            sheet,
            left,
            bottom,
            right,
            [
                *series.notes,
                *note_unsettled(series, "Provisional, and may still change", "Covered in part"),
                *_on_change(change),
            ],
        )
        axes = open_axes(sheet, (left, bottom, right, top), beside=48)
        periods = list(dict.fromkeys(change["period"].astype(str)))
        groups = list(dict.fromkeys(change["group"].astype(str)))
        ends = []
        for number, group in enumerate(groups):
            rows = change[change["group"] == group].set_index("period").reindex(periods)
            shift = (number - (len(groups) - 1) / 2) * min(0.12, 0.5 / len(groups))
            ends.append(_draw_ratios(axes, rows, "" if len(groups) == 1 else group, (number, shift), series))
        axes.axhline(1.0, color=INK, linewidth=0.8)
        tidy(axes, x="", y=f"Times the number of {period_words(base)}")
        axes.grid(axis="x", visible=False)
        axes.set_xlim(-0.4, len(periods) - 0.6)
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_formatter(as_number)
        name_periods(axes, periods)
        name_lines(sheet, axes, [end for end in ends if end is not None])
    return sheet.figure


def _draw_ratios(
    axes: Axes, rows: pd.DataFrame, group: str, beside: tuple[int, float], series: Series
) -> tuple[str, float, str] | None:
    """Draw one group's ratios; return its name with the last settled one, its height and the colour.

    `beside` is the number of the group and how far its marks are moved from the others'.
    """
    number, shift = beside
    colour, dashes, marker = LINES[number % len(LINES)]
    x = np.arange(len(rows), dtype=float) + shift
    ratio, low, high = (rows[name].to_numpy(dtype=float) for name in ("ratio", "ratio_low", "ratio_high"))
    drawn = np.isfinite(low) & np.isfinite(high)
    # A gap breaks the line; a hidden number stands in the middle of what it may be.
    middle = np.where(np.isfinite(ratio), ratio, np.where(drawn, (low + high) / 2, np.nan))
    axes.plot(x, middle, color=colour, linestyle=dashes, linewidth=1.2, marker=marker, markersize=4.5)
    axes.vlines(x[drawn], low[drawn], high[drawn], color=colour, linewidth=2.2, alpha=0.6)
    unsure = drawn & np.isnan(ratio)
    if unsure.any():
        axes.plot(
            x[unsure], middle[unsure], color=colour, linestyle="none", marker=marker, markersize=5.0,
            markerfacecolor="white", markeredgewidth=1.2,
        )  # fmt: skip
    known = np.flatnonzero(drawn)
    if not len(known):
        return None
    settled = known[~rows.index[known].isin(list(series.unsettled))]
    last = settled[-1] if len(settled) else known[-1]
    hidden = not np.isfinite(ratio[last])
    words = f"\u00d7 {low[last]:.2f}\u2013{high[last]:.2f}" if hidden else f"\u00d7 {ratio[last]:.2f}"
    words += of_which(str(rows.index[last]), series, is_end=last == known[-1])
    return (f"{group}: {words}" if group else words, float(middle[last]), colour)


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
        f"{row['group']} " * several + _times(row, float(before.get(row["group"], np.nan)), first=number == 0)
        for number, (_, row) in enumerate(last.iterrows())
    ]
    return f"{title}, {begin} to {end}: {'; '.join(named[:GROUPS_NAMED])}"


GROUPS_NAMED: Final = 3
"""Groups whose change is named in a title; the others are in the chart."""


def _times(row: Any, before: float, *, first: bool) -> str:
    """Return by how much a count differs, with its interval, which alone decides what it is called."""
    if np.isnan(row["ratio"]):
        return f"{row['ratio_low']:.2f} to {row['ratio_high']:.2f} times"
    interval = f"{'95 % interval ' if first else ''}{row['ratio_low']:.2f} to {row['ratio_high']:.2f}"
    said = "" if row["ratio_low"] <= 1 <= row["ratio_high"] else growth_words(row)
    verb = f"{said}, " if " " in said else f"{said} ".lstrip()  # "more than doubled, from"; "rose from"
    return f"{verb}from {as_number(before)} to {as_number(row['low'])}, {row['ratio']:.2f} times ({interval})"


def _on_change(change: pd.DataFrame) -> list[str]:
    """Return what the interval answers for."""
    per = change.drop_duplicates("group").set_index("group")["scatter"]
    if not bool((per > 0).any()):
        return ["Intervals take counts as Poisson; if they vary more than that, the true intervals are wider."]
    named = listed([f"{value:.1%} for {group}" if len(per) > 1 else f"{value:.1%}" for group, value in per.items()])
    chance = (
        "Intervals allow for Poisson chance in both numbers, and for years that lie off their course, alone or some in "
        f"a row, by about {named} (one standard deviation, from the series itself and from what is usual)."
    )
    said = [f"{chance} They do not answer for changes in recording or population."]
    if bool((change["ratio"].isna() & change["ratio_low"].notna()).any()):
        said.append("A hollow mark stands in the middle of its bar: the number is hidden or rounded.")
    return said
