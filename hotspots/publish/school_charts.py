"""Schools against what their size and their area's deprivation suggest: a funnel, and rates over deprivation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from hotspots.nouns import Place, SchoolResult, need_released
from hotspots.publish import wording
from hotspots.publish.chart_sheet import begin_chart, tidy
from hotspots.publish.explanations import explain_schools, slope_title
from hotspots.publish.furniture import Entry, draw_legend
from hotspots.publish.labels import overlaps
from hotspots.publish.phrases import capitalised, plural
from hotspots.publish.sheet import INK, MM_PER_INCH, MM_PER_POINT, QUIET, Box, Sheet, look
from hotspots.publish.styles import SCHOOL_LEVELS
from hotspots.vocabulary import SCHOOL_CLASSES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

__all__ = ["draw_exclusions_against_idaci", "draw_funnel"]

COLUMN: Final = 66.0
HIDDEN: Final = "#8c8c8c"

LIMIT: Final = "#6e6e6e"
LIMITS: Final = (("95", "--", "95 % limit"), ("998", ":", "99.8 % limit"))
PLATE: Final = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
LINE_WORDS: Final = (
    "A grey upright line is a number hidden in the source: the true value lies somewhere on it. "
    "A school outside the limits is not a bad or a good school: pupils, practice and recording differ."
)


def draw_funnel(result: SchoolResult, *, place: Place | None = None) -> Figure:
    """Return every school's exclusions against what size and area suggest, with 95 % and 99.8 % limits.

    Counts stand against counts, not their ratio: a reader sees how many there were and how many were expected, and
    the limits, which are whole numbers, rise in steps instead of jumping up and down.

    Parameters
    ----------
    result
        Schools that were tested; those without an expected number are left out, and counted.
    place
        Only the schools that lie in these authorities.

    Returns
    -------
    Figure
        A4 landscape, for `save_map`.

    Raises
    ------
    DisclosureError
        If the result holds unprotected counts of people.

    References
    ----------
    Spiegelhalter (2005), Funnel plots for comparing institutional performance, Statistics in Medicine 24,
    1185-1202: a target, and limits of 95 % and 99.8 % that narrow as the expected number grows.
    """
    need_released(result, "A chart")
    with look():
        schools = wording.schools_in(result.table, place)
        table = schools[(schools["expected"] > 0) & schools["low"].notna()]
        sheet, axes = _begin(result, table, place=place, left_out=len(schools) - len(table))
        expected, low, high = table["expected"], table["low"], table["high"]
        axes.set_xlim(0, float(expected.max()) * 1.04 if len(table) else 1.0)
        axes.set_ylim(0, max(2.0, float(high.max()) * 1.08) if len(table) else 2.0)
        _draw_limits(axes, table.sort_values("expected"))
        _draw_points(axes, expected, low, high, table["class"])
        tidy(axes, x=f"Expected {result.title} over the period", y=f"{capitalised(result.title)} over the period")
        _label_outliers(sheet, axes, table, expected, (low, high), lines=("limit_high_95", "limit_high_998"))
    return sheet.figure


def draw_exclusions_against_idaci(result: SchoolResult, *, place: Place | None = None) -> Figure:
    """Return every school's rate of exclusions against the deprivation of its area, and what was expected.

    Parameters
    ----------
    result
        Schools; those without IDACI or a rate are left out, and counted.
    place
        Only the schools that lie in these authorities.

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
    with look():
        schools = wording.schools_in(result.table, place)
        table = schools[schools["idaci"].notna() & schools["rate_low"].notna()]
        # The slope is the whole study's: a place has no finding of its own here.
        title = slope_title(result) if place is None and len(table) else ""
        sheet, axes = _begin(result, table, place=place, left_out=len(schools) - len(table), title=title)
        x = 100 * table["idaci"]
        _draw_expected_rate(axes, table)
        _draw_points(axes, x, table["rate_low"], table["rate_high"], table["class"])
        axes.set_ylim(bottom=0)
        share = f"{result.index_title} of the school's area (% of children in income-deprived families)"
        tidy(axes, x=share, y=f"{capitalised(result.title)} per 100 pupils and year")
        _label_outliers(sheet, axes, table, x, (table["rate_low"], table["rate_high"]))
    return sheet.figure


def _begin(
    result: SchoolResult, table: pd.DataFrame, *, place: Place | None, left_out: int, title: str = ""
) -> tuple[Sheet, Axes]:
    """Return a sheet and the axes of a chart of schools, with legend and explanation beside them."""
    title, subtitle = title or wording.schools_title(result, place), wording.subtitle(result, place=place)
    sheet, (left, bottom, right, top) = begin_chart(result, title, subtitle)
    entries = [
        Entry(style.label, style.colour, marker=style.marker, count=int((table["class"] == style.key).sum()))
        for style in SCHOOL_CLASSES
    ]
    column, note = right - COLUMN, "Number of schools in the chart"
    y = draw_legend(sheet, column, top, width=COLUMN, heading="Schools", entries=entries, note=note)
    missing = ""
    if left_out:
        missing = f"{plural(left_out, 'school')} {'is' if left_out == 1 else 'are'} not shown: numbers missing."
    sections = explain_schools(result, LINE_WORDS, missing, heading="How to read this chart")
    sheet.write_sections(column, y - 3.0, sections, width=COLUMN, bottom=bottom + 2)
    return sheet, sheet.panel(left + 13, bottom + 12, column - left - 13 - 14, top - bottom - 13)


def _draw_limits(axes: Axes, table: pd.DataFrame) -> None:
    """Draw the limits of every school as steps, in order of the expected number, and what is expected itself."""
    x = table["expected"].to_numpy(dtype=float)
    highest = axes.get_ylim()[1]
    _name_line(axes, x, x, "as expected")
    axes.plot(x, x, color=INK, linewidth=0.9, zorder=1)
    for suffix, dashes, name in LIMITS:
        for bound in ("low", "high"):
            y = table[f"limit_{bound}_{suffix}"].to_numpy(dtype=float)
            axes.plot(x, y, color=LIMIT, linestyle=dashes, linewidth=0.9, drawstyle="steps-mid", zorder=1)
            if bound == "high":
                seen = y <= 0.98 * highest
                _name_line(axes, x[seen], y[seen], name)


def _name_line(axes: Axes, x: NDArray[np.float64], y: NDArray[np.float64], words: str) -> None:
    """Write what a line is where it leaves the chart."""
    if len(y):
        spot = (float(x[-1]), float(y[-1]))
        axes.annotate(words, spot, (4, 0), textcoords="offset points", fontsize=7, va="center", color=QUIET, bbox=PLATE)


def _draw_expected_rate(axes: Axes, table: pd.DataFrame) -> None:
    """Draw what is expected of a school of each area, in exclusions per 100 pupils and year."""
    known = table[(table["pupils"] > 0) & table["expected"].notna()].sort_values("idaci")
    x = 100 * known["idaci"].to_numpy(dtype=float)
    y = 100 * (known["expected"] / known["pupils"]).to_numpy(dtype=float)
    axes.plot(x, y, color=INK, linewidth=1.2, zorder=1)
    _name_line(axes, x, y, "as expected")


def _draw_points(axes: Axes, x: pd.Series, low: pd.Series, high: pd.Series, classes: pd.Series) -> None:
    """Draw schools by colour and shape, those that stand out on top; a hidden number as a line with its middle."""
    across, below, above = (values.to_numpy(dtype=float) for values in (x, low, high))
    hidden = below < above
    axes.vlines(across[hidden], below[hidden], above[hidden], color=HIDDEN, linewidth=1.0, zorder=2)
    styles = {style.key: style for style in SCHOOL_CLASSES}
    for level, key in enumerate(SCHOOL_LEVELS):
        mine = (classes == key).to_numpy(dtype=bool)
        axes.plot(
            across[mine],
            (below[mine] + above[mine]) / 2,
            linestyle="none",
            marker=styles[key].marker,
            markersize=5.5 if key in ("as_expected", "cannot_be_judged") else 7.5,
            markerfacecolor=styles[key].colour,
            markeredgecolor=INK,
            markeredgewidth=0.6,
            zorder=3 + level / 10,
            clip_on=False,
        )


def _label_outliers(
    sheet: Sheet,
    axes: Axes,
    table: pd.DataFrame,
    x: pd.Series,
    y: tuple[pd.Series, pd.Series],
    *,
    lines: Sequence[str] = (),
) -> None:
    """Name the schools outside the limits, furthest first, where there is room beside the point."""
    box = axes.get_position()
    frame = (box.x0 * sheet.width, box.y0 * sheet.height, box.x1 * sheet.width + 12.0, box.y1 * sheet.height)
    low, high = (_on_page(sheet, axes, x, bound) for bound in y)
    middle = (low + high) / 2
    # Room for the points themselves and for the lines of hidden numbers.
    taken: list[Box] = [(px - 1.2, py - 1.2, px + 1.2, py + 1.2) for px, py in middle]
    taken += [(px, down, px + 0.2, up) for (px, down), (_, up) in zip(low, high, strict=True) if up > down]
    crossed: list[Box] = []
    for line in lines:
        crossed += [(px - 1.0, py - 0.5, px + 1.0, py + 0.5) for px, py in _on_page(sheet, axes, x, table[line])]
    rank = {"far_above": 0, "far_below": 0, "above": 1, "below": 1}
    found = [(rank[key], number) for number, key in enumerate(table["class"]) if key in rank]
    for _, number in sorted(found, key=lambda pair: (pair[0], -middle[pair[1]][1])):
        _label_point(sheet, str(table["name"].iloc[number]), middle[number], taken, frame, crossed=crossed)


def _on_page(sheet: Sheet, axes: Axes, x: pd.Series, y: pd.Series) -> NDArray[np.float64]:
    """Return where points of the chart lie on the page (mm), one row each."""
    points = np.column_stack([x.to_numpy(dtype=float), y.to_numpy(dtype=float)])
    on_page: NDArray[np.float64] = axes.transData.transform(points) / float(sheet.figure.dpi) * MM_PER_INCH
    return on_page


def _label_point(
    sheet: Sheet, words: str, point: Sequence[float], taken: list[Box], frame: Box, *, crossed: Sequence[Box]
) -> None:
    """Write a name right, left, above or below its point, whichever is free; nowhere if none is.

    A spot that crosses no line of the chart comes first.
    """
    size = 6.5
    width, height = sheet.text_width(words, size=size), size * MM_PER_POINT
    free: list[tuple[bool, int, Box, tuple[float, float, str]]] = []
    for number, (dx, dy, align) in enumerate(_beside(height)):
        left = point[0] + dx - {"left": 0.0, "center": width / 2, "right": width}[align]
        label = (left, point[1] + dy - 0.5 * height, left + width, point[1] + dy + 0.75 * height)
        inside = label[0] > frame[0] and label[1] > frame[1] and label[2] < frame[2] and label[3] < frame[3]
        if inside and not overlaps(label, taken):
            free.append((overlaps(label, crossed), number, label, (dx, dy, align)))
    if free:
        _, _, label, (dx, dy, align) = min(free)
        sheet.write(point[0] + dx, point[1] + dy + 0.62 * height, words, size=size, align=align)
        taken.append(label)


def _beside(height: float) -> Iterator[tuple[float, float, str]]:
    yield from ((2.0, 0.0, "left"), (-2.0, 0.0, "right"), (0.0, height + 1.0, "center"), (0.0, -height - 1.0, "center"))
