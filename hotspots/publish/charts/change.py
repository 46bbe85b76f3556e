"""Printed charts of change since a base period, and their titles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from hotspots.model import Series, need_released, words_of
from hotspots.publish.charts.series import name_lines, name_periods, note_unsettled, of_which
from hotspots.publish.page import INK, begin_chart, open_axes, page_style, tidy, write_notes
from hotspots.publish.text import BASE_WORDS, LINES, as_number, capitalised, change_title, listed, period_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_change"]


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
    with page_style():
        counted = f"{capitalised(series.unit)} {BASE_WORDS[series.base]}".rstrip()
        what = f"{counted} as a ratio to {period_words(base)}; bars are 95% intervals"
        sheet, (left, bottom, right, top) = begin_chart(series, change_title(change, series, base), what)
        bottom = write_notes(
            sheet,
            left,
            bottom,
            right,
            [
                *words_of(series.notes),
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


def _on_change(change: pd.DataFrame) -> list[str]:
    """Return what the interval answers for."""
    per = change.drop_duplicates("group").set_index("group")["scatter"]
    if not bool((per > 0).any()):
        return ["Intervals assume Poisson counts; if counts vary more than that, the true intervals are wider."]
    named = listed([f"{value:.1%} for {group}" if len(per) > 1 else f"{value:.1%}" for group, value in per.items()])
    chance = (
        "Intervals allow for Poisson variation in both numbers, and for years that depart from the trend, singly or in "
        f"runs, by about {named} (one standard deviation, from the series itself and from typical series)."
    )
    sentences = [f"{chance} They do not allow for changes in recording or population."]
    if bool((change["ratio"].isna() & change["ratio_low"].notna()).any()):
        sentences.append("A hollow mark shows the middle of its bar: the count is suppressed or rounded.")
    return sentences
