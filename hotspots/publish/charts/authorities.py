"""Printed tables with charts in them: standardised rates, recording of factors, profiles of authorities."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from hotspots.errors import AnalysisError, list_briefly, plural
from hotspots.model import Extract, need_released, words_of
from hotspots.publish.page import INK, MM_PER_POINT, QUIET, Sheet, begin_chart, page_style, write_notes
from hotspots.publish.text import (
    capitalised,
    extract_title,
    limits,
    number_or_range,
    period_words,
    recording_title,
    rows_of_period,
)
from hotspots.vocabulary import ink_on

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_profile", "draw_recording", "draw_standardised"]

NAMES: Final = 40.0
"""Room for the names of rows (mm)."""
BLUE: Final = "#1b4f8f"
RUST: Final = "#b3401a"
PALE: Final = "#dfe7f1"
SIZE: Final = 8.5
HIGHEST_ROW: Final = 14.0
AGES: Final = ("#12355f", "#3f6ea8", "#86a9d0", "#c5d6e9", "#eef3f8", "#ffffff")
DECILES: Final = (
    "#4a0d0d", "#7a1f17", "#a33b28", "#c2603f", "#d98a62", "#e8b18d", "#f0cdb2", "#f5dfcd", "#f9ece1", "#fdf7f2",
)  # fmt: skip
"""Dark is most deprived; every step is lighter than the one before, so that the order is kept in black and white."""


@dataclass(frozen=True)
class _Grid:
    """Rows of a printed table: where each lies on the paper (mm)."""

    sheet: Sheet
    left: float
    right: float
    top: float
    height: float
    rows: int

    @property
    def bottom(self) -> float:
        return self.top - self.rows * self.height

    def middle(self, row: int) -> float:
        """Return the middle of a row."""
        return self.top - (row + 0.5) * self.height

    def text(self, row: int, x: float, words: str, **options: Any) -> None:
        """Write in the middle of a row."""
        size = options.pop("size", SIZE)
        # `write` takes the top of a line; capitals are seven tenths of it.
        self.sheet.write(x, self.middle(row) + 0.62 * size * MM_PER_POINT, words, size=size, **options)

    def panel(self, left: float, width: float) -> Axes:
        """Return axes over all rows, in which row 0 is at the top, at y = 0."""
        axes = self.sheet.panel(left, self.bottom, width, self.rows * self.height)
        axes.set_ylim(self.rows - 0.5, -0.5)
        axes.set_yticks([])
        for spine in axes.spines.values():
            spine.set_visible(False)
        return axes


def _need_rows(extract: Extract, kind: str, rows: pd.DataFrame) -> None:
    """Stop where there is nothing to draw, or nothing that a page can hold."""
    if extract.kind != kind:
        raise AnalysisError(
            f"This chart is of {kind}, and not of {extract.kind}.",
            found=f"a table of {extract.kind}: {extract.title}",
            advice="draw it with the function for its kind",
        )
    if rows.empty:
        known = list(dict.fromkeys(extract.table["period"])) if "period" in extract.table.columns else []
        raise AnalysisError(
            f"There is no row to draw of {extract.title or kind}.",
            found=f"{len(extract.table):,} rows" + (f", of {list_briefly(known)}" if known else ""),
            advice="check the period and the authorities",
        )
    numbers = rows.select_dtypes("number")
    endless = numbers.columns[np.isinf(numbers.to_numpy(dtype=float)).any(axis=0)]
    if len(endless):
        raise AnalysisError(
            f"The column {endless[0]!r} of {extract.title or kind} is infinite, which no page can show.",
            found=f"{int(np.isinf(rows[endless[0]].to_numpy(dtype=float)).sum()):,} of {len(rows):,} rows",
            advice="leave such rows out, or make them missing",
        )


def _begin(
    extract: Extract, subtitle: str, *, rows: int, header: float, below: float, title: str | None = None
) -> _Grid:
    """Return a sheet with title, notes and room for a table."""
    sheet, (left, bottom, right, top) = begin_chart(extract, title or extract_title(extract), subtitle)
    bottom = write_notes(sheet, left, bottom, right, [extract.words, *words_of(extract.notes)]) + below
    top -= header
    height = min((top - bottom) / max(rows, 1), HIGHEST_ROW)
    return _Grid(sheet, left, right, top, height, rows)


def _name_rows(grid: _Grid, table: pd.DataFrame) -> None:
    """Write the names at the left, places and the whole area set off by a line."""
    kinds = table["kind"].tolist() if "kind" in table.columns else ["authority"] * len(table)
    names = table["name" if "name" in table.columns else "la_name"].tolist()
    for row, (name, kind) in enumerate(zip(names, kinds, strict=True)):
        grid.text(row, grid.left, str(name), weight="normal" if kind == "authority" else "bold")
        if row and kinds[row - 1] != kind:
            grid.sheet.rule(grid.left, grid.right, grid.top - row * grid.height)


def _head(grid: _Grid, x: float, words: str, *, width: float, align: str = "left") -> None:
    """Write what a column holds above it, the last line just above the first row."""
    lines = grid.sheet.wrap(words, width=width, size=8.0, weight="bold")
    step = 1.3 * 8.0 * MM_PER_POINT
    for number, line in enumerate(lines):
        y = grid.top + 1.5 + (len(lines) - number) * step
        grid.sheet.write(x, y, line, size=8.0, weight="bold", align=align)


# --------------------------------------------------------------------------- standardised rates


def draw_standardised(extract: Extract) -> Figure:
    """Return standardised rates of authorities and places with their intervals, crude rates beside them.

    Parameters
    ----------
    extract
        From `standardised_rates`.

    Returns
    -------
    Figure
        A4 landscape, for `save_map`.

    Raises
    ------
    DisclosureError
        If it was made of unprotected counts of people.
    """
    need_released(extract, "A chart")
    _need_rows(extract, "standardised-rates", extract.table)
    with page_style():
        table = extract.table
        period = f" · {extract.period.words}" if extract.period else ""
        hidden = bool((table["rate_low"] < table["rate_high"]).any())
        between = "; dark line: range of possible rates, as counts are suppressed" if hidden else ""
        what = f"Dot: standardised rate{between}; bar: its 95% interval; hollow diamond: crude rate{period}"
        grid = _begin(extract, what, rows=len(table), header=9.0, below=12.0)
        _name_rows(grid, table)
        numbers = 92.0
        axes = grid.panel(grid.left + NAMES, grid.right - grid.left - NAMES - numbers)
        _draw_rates(axes, table)
        columns = ((62.0, "Rate (95% interval)"), (26.0, "Events"), (0.0, "People"))
        for offset, words in columns:
            _head(grid, grid.right - offset, words, width=40.0, align="right")
        for row, line in enumerate(table.to_dict("records")):
            rate = number_or_range(line["rate_low"], line["rate_high"])
            if rate != "–":
                rate = f"{rate} ({limits(line['ci_low'], line['ci_high'], '–')})"
            cells = (rate if rate != "–" else str(line["reason"]), number_or_range(line["low"], line["high"]))
            for (offset, _), words in zip(
                columns, (*cells, number_or_range(line["population"], line["population"])), strict=True
            ):
                grid.text(row, grid.right - offset, words, align="right")
    return grid.sheet.figure


def _draw_rates(axes: Axes, table: pd.DataFrame) -> None:
    """Draw a bar and a mark a row, and the whole area's rate as a line through all rows."""
    y = np.arange(len(table), dtype=float)
    low, high = table["rate_low"].to_numpy(dtype=float), table["rate_high"].to_numpy(dtype=float)
    ends = table["ci_low"].to_numpy(dtype=float), table["ci_high"].to_numpy(dtype=float)
    crude = (table["crude_low"] + table["crude_high"]).to_numpy(dtype=float) / 2
    known = np.isfinite(low)
    whole = ~table["kind"].isin(["authority", "place"]).to_numpy() & known
    if whole.any():
        axes.axvline(float((low + high)[whole][0] / 2), color=QUIET, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
    axes.barh(y[known], (ends[1] - ends[0])[known], left=ends[0][known], height=0.34, color="#9db8d9", zorder=2)
    axes.hlines(y[known], low[known], high[known], color=BLUE, linewidth=4.0, zorder=3)
    axes.plot(((low + high) / 2)[known], y[known], color=BLUE, linestyle="none", marker="o", markersize=5, zorder=4)
    axes.plot(
        crude, y, linestyle="none", marker="D", markersize=5, markerfacecolor="white", markeredgecolor=RUST,
        markeredgewidth=1.3, zorder=3.5,
    )  # fmt: skip
    axes.set_xlim(0, float(np.nanmax([*ends[1], *high, *crude, 1.0])) * 1.06)
    axes.tick_params(axis="x", labelsize=8)
    axes.spines["bottom"].set_visible(True)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.10g}")
    axes.grid(axis="x", color="#e3e3e3", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.set_xlabel("Rate; dashed line: whole study area", fontsize=8.5)


# --------------------------------------------------------------------------- recording


def draw_recording(extract: Extract, *, period: str | None = None) -> Figure:
    """Return the share of episodes with a theme beside how many factors each authority records in an episode.

    Parameters
    ----------
    extract
        From `compare_recording`.
    period
        The year whose shares are shown; the last if None. Factors in an episode are shown for all years.

    Returns
    -------
    Figure
        A4 landscape, for `save_map`.

    Raises
    ------
    DisclosureError
        If the factors are unprotected counts of people.
    """
    need_released(extract, "A chart")
    rows = rows_of_period(extract, period)[0] if extract.kind == "recording" else extract.table
    _need_rows(extract, "recording", rows)
    with page_style():
        table, shown = rows_of_period(extract, period)
        theme = str(table["theme"].iloc[0]) if len(table) else extract.title
        what = f"{theme}: share of episodes with a factor · {period_words(shown)}"
        years = list(dict.fromkeys(extract.table["period"]))
        if len(years) > 1:
            what += f" · small marks: factors in an episode, {period_words(years[0])} to {period_words(years[-1])}"
        title = recording_title(extract, shown)
        grid = _begin(extract, what, rows=len(table), header=12.0, below=4.0, title=title)
        _name_rows(grid, table)
        width = (grid.right - grid.left - NAMES - 58.0) / 2 - 8.0
        first, second = grid.left + NAMES, grid.left + NAMES + width + 16.0
        _head(grid, first, f"Mentions of {theme.lower()} per 100 episodes", width=width)
        _head(grid, second, "Factors recorded in an episode (dashed: one)", width=width)
        _draw_shares(grid.panel(first, width), table)
        _draw_factors(grid.panel(second, width), extract.table, table)
        for offset, words in ((28.0, "Mentions"), (0.0, "Episodes with a factor")):
            _head(grid, grid.right - offset, words, width=24.0, align="right")
        for row, line in enumerate(table.to_dict("records")):
            least = "at least " if line["theme_hidden"] else ""
            mentions = f"{least}{number_or_range(line['theme_mentions'], line['theme_mentions'])}"
            grid.text(row, grid.right - 28.0, mentions, align="right")
            grid.text(row, grid.right, number_or_range(line["assessments"], line["assessments"]), align="right")
    return grid.sheet.figure


def _draw_shares(axes: Axes, table: pd.DataFrame) -> None:
    share = 100 * table["theme_share"].to_numpy(dtype=float)
    y = np.arange(len(table))
    axes.barh(y, np.nan_to_num(share), height=0.62, color=BLUE)
    axes.set_xlim(0, max(100.0, float(np.nanmax([*share, 0.0]))) * 1.12)
    axes.set_xticks([])
    for row, value in enumerate(share):
        words = f"{value:.0f}" if np.isfinite(value) else "not known: a part is suppressed"
        axes.annotate(words, (value if np.isfinite(value) else 0.0, row), xytext=(3, 0), textcoords="offset points",
                      va="center", fontsize=SIZE, fontweight="bold" if np.isfinite(value) else "normal")  # fmt: skip


def _draw_factors(axes: Axes, everything: pd.DataFrame, table: pd.DataFrame) -> None:
    """Draw this year's factors in an episode as a bar, those of other years as small marks on it."""
    per = table["per_assessment"].to_numpy(dtype=float)
    y = np.arange(len(table))
    axes.barh(y, np.nan_to_num(per), height=0.62, color=PALE, edgecolor=QUIET, linewidth=0.6)
    others = everything[everything["period"] != (table["period"].iloc[0] if len(table) else "")]
    place = {code: row for row, code in enumerate(table["la_code"])}
    known = others[others["la_code"].isin(list(place))]
    rows = known["la_code"].map(place).to_numpy(dtype=float)
    axes.plot(known["per_assessment"], rows, linestyle="none", marker="|", markersize=7, color=INK, alpha=0.55)
    most = float(np.nanmax([*everything["per_assessment"], 1.0]))
    axes.set_xlim(0, most * 1.05)
    axes.axvline(1.0, color=RUST, linewidth=0.9, linestyle=(0, (4, 3)))
    axes.set_xticks([])
    for row, value in enumerate(per):
        if np.isfinite(value):
            axes.annotate(f"{value:.1f}", (0, row), xytext=(4, 0), textcoords="offset points", va="center",
                          fontsize=SIZE, fontweight="bold")  # fmt: skip


# --------------------------------------------------------------------------- profiles


def draw_profile(extract: Extract) -> Figure:
    """Return population, ages and deprivation of authorities and places as a table with stacked bars.

    Parameters
    ----------
    extract
        From `describe_authorities`; what it lacks is left out.

    Returns
    -------
    Figure
        A4 landscape, for `save_map`.
    """
    need_released(extract, "A chart")
    _need_rows(extract, "profile", extract.table)
    with page_style():
        table = extract.table
        parts = [f"{plural(int((table['kind'] == 'authority').sum()), 'authority', 'authorities')}"]
        parts += [extract.period.words] if extract.period else []
        grid = _begin(extract, capitalised(" · ".join(["population, age and deprivation", *parts])), rows=len(table),
                      header=19.0, below=3.0)  # fmt: skip
        _name_rows(grid, table)
        x = grid.left + NAMES
        for width, words, column, scale, digits in (
            (20.0, "People", "population", 1.0, 0),
            (18.0, "People per km²", "people_per_km2", 1.0, 0),
        ):
            x += width
            _head(grid, x, words, width=width - 2.0, align="right")
            for row, value in enumerate(table[column] * scale):
                grid.text(row, x, number_or_range(value, value, digits), align="right")
        bars = list(_stacks(table))
        room = grid.right - x - 5.0 - (38.0 if table["deprivation_areas"].gt(0).any() else 0.0)
        left = x + 5.0
        for heading, columns, names, colours in bars:
            width = room / len(bars) - 5.0
            _draw_stack(grid, left, width, table[columns], heading=heading, names=names, colours=colours)
            left += width + 5.0
        if table["deprivation_areas"].gt(0).any():
            _write_deprivation(grid, table, extract.title)
    return grid.sheet.figure


def _stacks(table: pd.DataFrame) -> Iterator[tuple[str, list[str], list[str], Sequence[str]]]:
    """Return heading, columns, names and colours of each stacked bar there are numbers for."""
    ages = [column for column in table.columns if column.startswith("age_")]
    if ages:
        starts = [int(column.removeprefix("age_")) for column in ages]
        names = [f"{a}–{b - 1}" for a, b in pairwise(starts)] + [f"{starts[-1]}+"]
        yield "Ages (% of people)", ages, names, AGES
    deciles = [column for column in table.columns if column.startswith("decile_")]
    if deciles:
        names = [column.removeprefix("decile_") for column in deciles]
        yield "Deprivation decile (% of people)", deciles, names, DECILES


def _draw_stack(
    grid: _Grid, left: float, width: float, shares: pd.DataFrame, *, heading: str, names: list[str],
    colours: Sequence[str],
) -> None:  # fmt: skip
    """Draw one stacked bar a row with its percentages, and its legend above."""
    axes = grid.panel(left, width)
    y, values = np.arange(len(shares)), 100 * shares.to_numpy(dtype=float)
    start = np.zeros(len(shares))
    for number, name in enumerate(names):
        part = np.nan_to_num(values[:, number])
        axes.barh(y, part, left=start, height=0.72, color=colours[number], edgecolor=QUIET, linewidth=0.4)
        for row in range(len(shares)):
            # A number is written where it has room.
            if part[row] * width / 100 >= (6.0 if part[row] >= 9.5 else 4.2):
                axes.text(start[row] + part[row] / 2, row, f"{part[row]:.0f}", ha="center", va="center", fontsize=7.5,
                          color=ink_on(colours[number]))  # fmt: skip
        start = start + part
        step = width / len(names)
        _key(grid, left + number * step, step, name, colours[number])
    axes.set_xlim(0, 100.5)
    axes.set_xticks([])
    grid.sheet.write(left, grid.top + 14.5, heading, size=8.0, weight="bold")


def _key(grid: _Grid, left: float, width: float, name: str, colour: str) -> None:
    """Draw one box of a legend with its name below it."""
    from matplotlib.patches import Rectangle

    box = Rectangle((left, grid.top + 6.2), width - 0.8, 3.2, facecolor=colour, edgecolor=QUIET, linewidth=0.4)
    grid.sheet.paper.add_patch(box)
    grid.sheet.write(left + width / 2 - 0.4, grid.top + 5.4, name, size=7.0, colour=QUIET, align="center")


def _write_deprivation(grid: _Grid, table: pd.DataFrame, title: str) -> None:
    """Write the mean score and the share of areas in the most deprived tenth."""
    _head(grid, grid.right - 17.0, f"Mean {title} score", width=22.0, align="right")
    _head(grid, grid.right, "Areas in decile 1", width=15.0, align="right")
    for row, line in enumerate(table.to_dict("records")):
        score, share = float(line["deprivation"]), float(line["most_deprived_areas"])
        digits = 3 if score <= 1 else 1
        grid.text(row, grid.right - 17.0, number_or_range(score, score, digits), align="right")
        grid.text(row, grid.right, f"{100 * share:.0f}%" if np.isfinite(share) else "–", align="right")
