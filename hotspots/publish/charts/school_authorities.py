"""How the schools of each authority compare with the average authority's, given size and deprivation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import pandas as pd

from hotspots.errors import plural
from hotspots.model import SchoolResult, need_released
from hotspots.publish.page import INK, MM_PER_POINT, QUIET, RULE, Entry, Sheet, begin_chart, draw_legend, page_style
from hotspots.publish.text import Section, capitalised, listed, section, subtitle

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["authorities_title", "draw_authority_effects"]

COLUMN: Final = 66.0
NAMES: Final = 48.0
NUMBERS: Final = 36.0
"""Room for the names and for the numbers beside the chart (mm)."""
HIGHEST_ROW: Final = 18.0
MOST_NAMED: Final = 2
MOST_ROWS: Final = 36
"""What fits a page at a size that can be read."""
SHRUNKEN: Final = "#4a6fa5"
TICKS: Final = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
WIDEST: Final = (0.1, 10.0)


def draw_authority_effects(effects: pd.DataFrame, result: SchoolResult) -> Figure:
    """Return the ratio of every authority's schools to the average authority's, each with two intervals.

    Parameters
    ----------
    effects
        From `authority_effects`: indexed by `la_code`.
    result
        The schools they were computed from.

    Returns
    -------
    Figure
        A4 landscape, for `save_map`.

    Raises
    ------
    DisclosureError
        If the result holds unprotected counts of people.
    """
    need_released(result, "A chart")
    names = dict(zip(result.table["la_code"].astype(str), result.table["la_name"].astype(str), strict=True))
    names["others"] = "Others together"
    named = effects.assign(name=[names.get(str(code), str(code)) for code in effects.index])
    shown = _furthest(named).sort_values("ratio", ascending=False, kind="stable")
    with page_style():
        sheet, (left, bottom, right, top) = begin_chart(result, authorities_title(named, result), subtitle(result))
        column = right - COLUMN
        y = draw_legend(sheet, column, top, width=COLUMN, heading="Schools of an authority", entries=_entries())
        hidden = len(named) - len(shown)
        sheet.write_sections(column, y - 3.0, _reading(result, hidden), width=COLUMN, bottom=bottom + 2)
        low = bottom + 12.0
        height = min(HIGHEST_ROW, (top - low - 7.0) / max(len(shown), 1))
        box = (left + NAMES, top - 7.0 - height * len(shown), column - left - NAMES - NUMBERS - 6.0)
        axes = sheet.panel(*box, height * max(len(shown), 1))
        _draw_rows(axes, shown, result)
        _name_rows(sheet, shown, left=left, top=top - 7.0, numbers=column - 6.0, height=height)
    return sheet.figure


def authorities_title(effects: pd.DataFrame, result: SchoolResult) -> str:
    """Return which authorities' schools, or how many, differ from the average authority's beyond chance."""
    given = f"{result.title} than the average authority's, given size and deprivation"
    more, fewer = effects[effects["low"] > 1], effects[effects["high"] < 1]
    if more.empty and fewer.empty:
        return f"No authority's schools have clearly more or fewer {given}"
    who = [(_who(rows, len(effects)), word) for rows, word in ((more, "more"), (fewer, "fewer")) if len(rows)]
    if len(who) == 1:
        return f"Schools of {who[0][0]} have {who[0][1]} {given}"
    return f"Schools of {who[0][0]} have more, of {who[1][0]} fewer {given}"


def _who(rows: pd.DataFrame, among: int) -> str:
    """Return the names of a few authorities, or the number of many."""
    if len(rows) <= MOST_NAMED:
        return listed(rows.sort_values("ratio", ascending=False, kind="stable")["name"].tolist())
    return f"{len(rows):,} of {plural(among, 'authority', 'authorities')}"


def _furthest(effects: pd.DataFrame) -> pd.DataFrame:
    """Return the authorities that fit the page: those furthest from the average where there are more."""
    order = effects["ratio"].map(np.log).abs().sort_values(ascending=False, kind="stable").index[:MOST_ROWS]
    return effects.loc[effects.index.isin(order)]


def _entries() -> list[Entry]:
    return [
        Entry("Separate estimate, 95% interval", INK, marker="o"),
        Entry("Shrunken (empirical Bayes) estimate, 95% interval", SHRUNKEN, marker="D"),
    ]


def _reading(result: SchoolResult, hidden: int) -> list[Section]:
    modelled = 0 if result.provenance is None else result.provenance.schools_in_model
    of_all = f", of the {modelled:,} in the model" if modelled else ""
    sentences = [
        f"1 is the average authority: schools of an authority at 1.5 have one and a half times as many {result.title} "
        f"as schools of the average authority with as many pupils in areas with the same {result.index_title}.",
        "Where the line of the dot does not cross 1, they differ beyond chance; of twenty authorities one does by "
        "chance alone.",
        "For an authority with few schools, the diamond is the better estimate for other years.",
        "Authorities also differ in practice and in recording: this gives no cause.",
        "Authorities with fewer than five schools are combined.",
        f"Numbers in brackets are the schools that an authority runs{of_all}; some may be located in another.",
        f"{plural(hidden, 'authority', 'authorities')} nearer to the average are not shown." if hidden else "",
    ]
    return [section("How to read this chart", sentences)]


def _draw_rows(axes: Axes, table: pd.DataFrame, result: SchoolResult) -> None:
    """Draw two intervals a row on a scale of ratios; what lies beyond its ends is cut there."""
    rows = len(table)
    axes.set_ylim(rows - 0.5, -0.5)
    axes.set_xscale("log")
    ends = table[["low", "high", "shrunken_low", "shrunken_high"]].to_numpy(dtype=float)
    low, high = (float(ends.min()), float(ends.max())) if rows else (0.5, 2.0)
    low, high = max(min(low, 0.7) / 1.08, WIDEST[0]), min(max(high, 1.5) * 1.08, WIDEST[1])
    axes.set_xlim(low, high)
    axes.axvline(1.0, color=INK, linewidth=0.9, zorder=1)
    place = np.arange(rows, dtype=float)
    looks: tuple[tuple[tuple[str, str, str], float, str, str, Literal["solid", "dashed"]], ...] = (
        (("ratio", "low", "high"), -0.14, "o", INK, "solid"),
        (("shrunken", "shrunken_low", "shrunken_high"), 0.2, "D", SHRUNKEN, "dashed"),
    )
    for columns, shift, marker, colour, style in looks:
        middle, least, most = (table[column].clip(low, high).to_numpy(dtype=float) for column in columns)
        axes.hlines(place + shift, least, most, color=colour, linewidth=1.3, linestyles=style, zorder=2)
        size = 6.0 if marker == "o" else 4.5
        axes.plot(middle, place + shift, linestyle="none", marker=marker, markersize=size, color=colour, zorder=3)
    ticks = [tick for tick in TICKS if low <= tick <= high]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color="#e3e3e3", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=8)
    axes.set_xlabel(f"{capitalised(result.title)} as a ratio to the average authority's", fontsize=8.5)


def _name_rows(sheet: Sheet, table: pd.DataFrame, *, left: float, top: float, numbers: float, height: float) -> None:
    """Write authority and number of schools left of each row, and the ratio with its interval right of it."""
    size = min(8.5, 0.8 * height / MM_PER_POINT)
    sheet.write(left, top + 5.0, "Authority (schools)", size=8, colour=QUIET)
    sheet.write(numbers, top + 5.0, "ratio (95% interval)", size=8, colour=QUIET, align="right")
    sheet.rule(left, numbers, top)
    rows = zip(table["name"], table["schools"], table["ratio"], table["low"], table["high"], strict=True)
    for number, (name, schools, ratio, low, high) in enumerate(rows):
        middle = top - (number + 0.5) * height
        line = middle + 0.62 * size * MM_PER_POINT
        words = f"{name} ({schools:,})"
        while sheet.text_width(words, size=size) > NAMES - 3.0 and size > 5.0:
            size -= 0.25
        sheet.write(left, line, words, size=size)
        sheet.write(numbers, line, f"{ratio:.2f} ({low:.2f} to {high:.2f})", size=size, align="right")
        sheet.paper.plot([left, numbers], [middle - height / 2] * 2, color=RULE, linewidth=0.3)
