"""How well the past of a density foretells: hit rate against the share of the area that is flagged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from hotspots.errors import plural
from hotspots.model import Extract, need_released
from hotspots.publish.page import INK, LINE, MM_PER_POINT, QUIET, Sheet, begin_chart, page_style, tidy
from hotspots.publish.text import LINES, capitalised, listed, section

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_prediction"]

USUAL: Final = 0.05
"""Share of the area that the title and the table speak of, or the nearest there is."""
READING: Final = (
    "The higher a line above chance, the more later events lay where earlier ones were densest.",
    "Shaded: 95% interval from resampling the later events.",
)
COLUMN: Final = 88.0
APART: Final = 3.6
"""Millimetres between the names of two lines."""


def draw_prediction(predictions: Extract) -> Figure:
    """Return a chart of the share of later events in the densest cells against the share of area flagged.

    One line for each bandwidth with its bootstrap interval; the diagonal is chance. Beside it stands what the lines are
    at one share of the area, with PAI and PEI*.

    Parameters
    ----------
    predictions
        From `predictive_accuracy`.

    Returns
    -------
    Figure
        A4 landscape, for `save_map`.

    Raises
    ------
    DisclosureError
        If the events are unprotected records of people.
    """
    need_released(predictions, "A chart")
    table, title = predictions.table, predictions.title
    shares = np.sort(table["share_of_area"].unique())
    share = float(shares[np.abs(shares - USUAL).argmin()])
    there = table[table["share_of_area"] == share].sort_values("bandwidth")
    with page_style():
        number = int(table["events"].iloc[0])
        subtitle = f"{capitalised(title)} · {plural(number, 'later event')} against the density of earlier ones"
        sheet, (left, bottom, right, top) = begin_chart(predictions, _finding(there, share, title), subtitle)
        axes = sheet.panel(left + 16, bottom + 14, right - left - 16 - COLUMN - 24, top - bottom - 18)
        _draw_lines(sheet, axes, table, shares)
        low = _write_table(sheet, right - COLUMN, top - 4.0, there, share)
        sections = [
            section("How to read this chart", [*READING, _told_apart(there)]),
            section("Method", predictions.sentences),
        ]
        sheet.write_sections(right - COLUMN, low - 4.0, sections, width=COLUMN, bottom=bottom)
    return sheet.figure


def _metres(bandwidth: float) -> str:
    return f"{bandwidth:,.0f} m"


def _finding(there: pd.DataFrame, share: float, title: str) -> str:
    """Return which bandwidth foretells most, and how much more than chance."""
    best = there.iloc[int(there["hit_rate"].to_numpy().argmax())]
    width = f" (bandwidth {_metres(best['bandwidth'])})" if len(there) > 1 else ""
    return (
        f"The densest {_share(share)} of the area had {100 * float(best['hit_rate']):.1f}% of later {title}, "
        f"{best['pai']:.1f} times chance{width}"
    )


def _share(share: float) -> str:
    return f"{100 * share:g}%"


def _told_apart(there: pd.DataFrame) -> str:
    """Return which bandwidths do as well as the best, as far as these events can tell."""
    if len(there) < 2:
        return ""
    best = float(there["bandwidth"].iloc[int(there["hit_rate"].to_numpy().argmax())])
    equal = [_metres(width) for width in there.loc[there["behind_low"] <= 0, "bandwidth"] if width != best]
    if not equal:
        return f"No other bandwidth tried does as well as {_metres(best)}{_edge(best, there)}."
    return f"{listed(equal)} against {_metres(best)}{_edge(best, there)}: the difference is within chance."


def _edge(best: float, there: pd.DataFrame) -> str:
    """Return that the best is the smallest or largest tried: beyond it a better one may lie."""
    low, high = float(there["bandwidth"].min()), float(there["bandwidth"].max())
    return {low: ", the smallest tried", high: ", the largest tried"}.get(best, "")


def _draw_lines(sheet: Sheet, axes: Axes, table: pd.DataFrame, shares: np.ndarray[Any, Any]) -> None:
    """Draw a line with its interval for each bandwidth, named at its end, and the diagonal."""
    widths = np.sort(table["bandwidth"].unique())
    most = 100 * float(shares[-1])
    ends = {}
    for number, width in enumerate(widths):
        rows = table[table["bandwidth"] == width].sort_values("share_of_area")
        colour, dashes, marker = LINES[number % len(LINES)]
        x = np.append(0.0, 100 * rows["share_of_area"].to_numpy(dtype=float))
        low, rate, high = (
            np.append(0.0, 100 * rows[column].to_numpy(dtype=float))
            for column in ("hit_rate_low", "hit_rate", "hit_rate_high")
        )
        axes.fill_between(x, low, high, color=colour, alpha=0.13, linewidth=0)
        axes.plot(x, rate, color=colour, linestyle=dashes, marker=marker, markersize=4.5, linewidth=1.6)
        ends[_metres(float(width))] = (float(rate[-1]), colour)
    highest = 100 * float(table["hit_rate_high"].max())
    axes.plot([0, most], [0, most], color=QUIET, linewidth=0.9, linestyle=(0, (4, 3)))
    axes.set(xlim=(0, most), ylim=(0, 1.04 * max(highest, most)))
    axes.locator_params(axis="x", integer=True, nbins=6)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value:g}")
    ends["chance"] = (most, QUIET)
    _name_ends(sheet, axes, ends)
    tidy(axes, x="Share of the area flagged, densest first (%)", y="Hit rate: share of later events in it (%)")


def _name_ends(sheet: Sheet, axes: Axes, ends: dict[str, tuple[float, str]]) -> None:
    """Write each line's name at its right end, moved apart where lines end close together."""
    box = axes.get_position()
    high, low = box.y1 * sheet.height, box.y0 * sheet.height
    top = float(axes.get_ylim()[1])
    wanted = sorted(((low + value / top * (high - low), name) for name, (value, _) in ends.items()))
    spots: list[float] = []
    for spot, _ in wanted:
        spots.append(max(spot, spots[-1] + APART) if spots else spot)
    # What was pushed up past the axes' top goes down again, and takes the others with it.
    over = max(0.0, spots[-1] - high)
    for (_, name), spot in zip(wanted, spots, strict=True):
        sheet.write(box.x1 * sheet.width + 1.5, spot - over + 1.8, name, size=8, weight="bold", colour=ends[name][1])


def _write_table(sheet: Sheet, left: float, top: float, there: pd.DataFrame, share: float) -> float:
    """Write what each bandwidth reaches at one share of the area, with intervals; return where it ends (mm)."""
    heads = ("Bandwidth", "Hit rate", "PAI", "PEI*")
    rights = (left + 18.0, left + 47.0, left + 71.0, left + COLUMN)
    top = sheet.write(left, top, f"With {_share(share)} of the area flagged", size=9, weight="bold") - 1.5
    for right, words in zip(rights, heads, strict=True):
        sheet.write(right, top, words, size=7.5, weight="bold", align="right", colour=QUIET)
    step = LINE * 7.5 * MM_PER_POINT
    top -= step + 0.8
    sheet.rule(left, left + COLUMN, top)
    best = int(there["hit_rate"].to_numpy().argmax())
    for number, (_, row) in enumerate(there.iterrows()):
        top -= 1.2
        cells = (
            (_metres(float(row["bandwidth"])), ""),
            (f"{100 * row['hit_rate']:.1f}%", _between(row, "hit_rate", 100, 1)),
            (f"{row['pai']:.2f}", _between(row, "pai", 1, 2)),
            (f"{row['pei_star']:.2f}", _between(row, "pei_star", 1, 2)),
        )
        weight = "bold" if number == best else "normal"
        for right, (words, interval) in zip(rights, cells, strict=True):
            sheet.write(right, top, words, size=8, weight=weight, align="right", colour=INK)
            sheet.write(right, top - step - 0.4, interval, size=6.75, align="right", colour=QUIET)
        top -= 2 * step + 1.0
    return top


def _between(row: pd.Series, column: str, times: float, places: int) -> str:
    """Return an interval; nothing where there is none."""
    low, high = float(row[f"{column}_low"]), float(row[f"{column}_high"])
    if not np.isfinite([low, high]).all():
        return ""
    return f"{times * low:.{places}f} to {times * high:.{places}f}"
