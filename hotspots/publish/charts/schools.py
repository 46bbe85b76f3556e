"""Schools against what their size and their area's deprivation suggest: a funnel, and rates over deprivation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from hotspots.errors import plural
from hotspots.model import Place, RateCurve, SchoolResult, need_released
from hotspots.publish.charts.school_labels import label_outliers
from hotspots.publish.page import (
    INK,
    QUIET,
    Sheet,
    begin_chart,
    draw_legend,
    draw_school_marks,
    page_style,
    radii,
    school_entries,
    tidy,
)
from hotspots.publish.text import (
    Over,
    capitalised,
    curve_of,
    explain_schools,
    index_along,
    index_name,
    listed,
    schools_in,
    schools_note,
    schools_title,
    slope_title,
)
from hotspots.publish.text import subtitle as findings_subtitle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

__all__ = ["draw_exclusions_against_idaci", "draw_funnel"]

COLUMN: Final = 66.0
HIDDEN: Final = "#8c8c8c"

BAND: Final = "#d9d9d9"
LIMIT: Final = "#6e6e6e"
LIMITS: Final = (("95", "--", "95% limit"), ("998", ":", "99.8% limit"))
PLATE: Final = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
LINE_WORDS: Final = (
    "A grey vertical line is a count suppressed in the source: the true value lies on it.",
    "A school outside the limits is not a bad or a good school: pupils, practice and recording differ.",
    "Schools are named where space allows.",
)
CURVE_WORDS: Final = (
    "The line is what is expected, the grey band its 95% interval; the broken lines are the 95% limits of a school "
    "of average size."
)
MOST_BEYOND: Final = 3
FAR_BEYOND: Final = 1.8
"""How many rates may lie above a chart, and how many times higher than all others they are then."""


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
    with page_style():
        schools = schools_in(result.table, place)
        table = schools[(schools["expected"] > 0) & schools["low"].notna()]
        sheet, axes = _begin(result, table, place=place)
        expected, low, high = table["expected"], table["low"], table["high"]
        axes.set_xlim(0, float(expected.max()) * 1.04 if len(table) else 1.0)
        axes.set_ylim(0, max(2.0, float(high.max()) * 1.08) if len(table) else 2.0)
        _draw_limits(axes, table.sort_values("expected"))
        _draw_points(axes, expected, (low, high), table, result=result)
        tidy(axes, x=f"Expected {result.title} over the period", y=f"{capitalised(result.title)} over the period")
        label_outliers(sheet, axes, table, expected, (low, high), radius=radii(result, table))
    return sheet.figure


def draw_exclusions_against_idaci(result: SchoolResult, *, place: Place | None = None, over: Over = "area") -> Figure:
    """Return every school's rate of exclusions against the deprivation of its area, and what was expected.

    The line is what is expected, the band its 95 % interval, and the broken lines are the 95 % limits of a school of
    middling size. Beside covariates there is no single line: rates then stand against the rate that was expected of
    each. A rate far beyond all others is drawn at the upper edge, with its number.

    Parameters
    ----------
    result
        Schools; those without the index or a rate are left out, and counted.
    place
        Only the schools that lie in these authorities.
    over
        ``"catchment"`` for the index of the modelled catchments, and the classes that go with it.

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
    with page_style():
        schools = schools_in(result.table, place)
        x, label = _across(result, schools, over)
        known = x.notna() & schools["rate_low"].notna()
        table, x = schools[known], x[known]
        # The slope is the whole study's: a place has no finding of its own here.
        title = slope_title(result, over=over) if place is None and len(table) else ""
        curve = None if result.covariates else curve_of(result, over=over)
        words = CURVE_WORDS if curve is not None else ""
        classes = "class" if over == "area" else "class_catchment"
        sheet, axes = _begin(result, table, place=place, title=title, words=words, over=over)
        top = _highest(table, curve)
        axes.set_ylim(0, top)
        axes.set_xlim(*_ends(x, from_zero=bool(result.covariates)))
        _draw_expected_rate(axes, table, x, result=result, over=over)
        shown = table.assign(rate_low=table["rate_low"].clip(upper=top), rate_high=table["rate_high"].clip(upper=top))
        beyond = table["rate_high"] > top
        notes = {key: f"{_range(table.loc[key])} (above this chart)" for key in table.index[beyond]}
        _draw_points(axes, x, (shown["rate_low"], shown["rate_high"]), table, result=result, classes=classes)
        tidy(axes, x=label, y=f"{capitalised(result.title)} per 100 pupils per year")
        label_outliers(
            sheet,
            axes,
            table,
            x,
            (shown["rate_low"], shown["rate_high"]),
            radius=radii(result, table, classes=classes),
            classes=classes,
            notes=notes,
        )
    return sheet.figure


def _across(result: SchoolResult, schools: pd.DataFrame, over: Over) -> tuple[pd.Series, str]:
    """Return where schools stand from left to right, and the words below: the index, or the rate expected of each."""
    along = index_along(result, schools, over=over)
    covariates = list(result.covariates)
    if not covariates:
        return along.values, along.label
    expected = schools["expected" if over == "area" else "expected_catchment"]
    where = "area" if over == "area" else "modelled catchment"
    given = listed([*covariates, f"{index_name(result)} of its {where}"])
    rate = 100 * expected / schools["pupils"].where(schools["pupils"] > 0)
    return rate, f"Expected per 100 pupils per year, given {given}"


def _ends(x: pd.Series, *, from_zero: bool) -> tuple[float, float]:
    """Return where an axis begins and ends, with a little room around the points."""
    if x.empty:
        return 0.0, 1.0
    low, high = (0.0 if from_zero else float(x.min())), float(x.max())
    room = 0.03 * (high - low) or 1.0
    return (0.0 if from_zero else low - room), high + room


def _highest(table: pd.DataFrame, curve: RateCurve | None) -> float:
    """Return the upper end of a chart of rates: a few rates far beyond the others would press these to the floor."""
    rates = np.sort(table["rate_high"].to_numpy(dtype=float))
    if len(rates) == 0:
        return 1.0
    least = max(*curve.expected_high, *curve.limit_high_95) if curve is not None else 0.0
    for beyond in range(min(MOST_BEYOND, len(rates) - 1), 0, -1):
        if rates[-beyond] > FAR_BEYOND * max(rates[-beyond - 1], least):
            return float(1.1 * max(rates[-beyond - 1], least))
    return float(1.06 * max(rates[-1], least, 0.01))


def _range(school: pd.Series) -> str:
    low, high = f"{school['rate_low']:.2f}", f"{school['rate_high']:.2f}"
    return low if low == high else f"{low} to {high}"


def _begin(
    result: SchoolResult,
    table: pd.DataFrame,
    *,
    place: Place | None,
    title: str = "",
    words: str = "",
    over: Over = "area",
) -> tuple[Sheet, Axes]:
    """Return a sheet and the axes of a chart of schools, with legend and explanation beside them."""
    title, subtitle = title or schools_title(result, place), findings_subtitle(result, place=place)
    sheet, (left, bottom, right, top) = begin_chart(result, title, subtitle)
    schools = schools_in(result.table, place)
    entries = school_entries(result, schools, classes="class" if over == "area" else "class_catchment")
    column, note = right - COLUMN, schools_note(result, place)
    y = draw_legend(sheet, column, top, width=COLUMN, heading="Schools", entries=entries, note=note)
    missing, left_out = "", len(schools) - len(table)
    if left_out:
        is_not = f"of the {plural(len(schools), 'school')} {'is' if left_out == 1 else 'are'} not shown"
        missing = f"{left_out:,} {is_not}: without numbers, or in no area of the study."
    sections = explain_schools(result, words, *LINE_WORDS, missing, heading="How to read this chart", over=over)
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


def _name_line(axes: Axes, x: NDArray[np.float64], y: Sequence[float] | NDArray[np.float64], words: str) -> None:
    """Write what a line is where it leaves the chart."""
    if len(y):
        spot = (float(x[-1]), float(y[-1]))
        axes.annotate(words, spot, (4, 0), textcoords="offset points", fontsize=7, va="center", color=QUIET, bbox=PLATE)


def _draw_expected_rate(axes: Axes, table: pd.DataFrame, x: pd.Series, *, result: SchoolResult, over: Over) -> None:
    """Draw what is expected, in exclusions per 100 pupils and year: with its interval where there is one line."""
    if result.covariates:
        end = min(float(x.max()), axes.get_ylim()[1]) if len(x) else 0.0
        axes.plot([0, end], [0, end], color=INK, linewidth=1.2, zorder=1)
        _name_line(axes, np.array([end]), np.array([end]), "as expected")
        return
    curve = curve_of(result, over=over)
    if curve is not None:
        at = index_along(result, result.table, over=over).factor * np.asarray(curve.index)
        axes.fill_between(at, curve.expected_low, curve.expected_high, color=BAND, linewidth=0, zorder=0.5)
        for bound in (curve.limit_low_95, curve.limit_high_95):
            axes.plot(at, bound, color=LIMIT, linestyle="--", linewidth=0.9, drawstyle="steps-mid", zorder=1)
        if curve.limit_high_95[-1] < axes.get_ylim()[1]:
            _name_line(axes, at, curve.limit_high_95, "95% limit")
        axes.plot(at, curve.expected, color=INK, linewidth=1.2, zorder=1)
        _name_line(axes, at, curve.expected, "as expected")
        return
    column = "expected" if over == "area" else "expected_catchment"
    known = table[(table["pupils"] > 0) & table[column].notna()]
    order = x[known.index].sort_values().index
    at, rate = (values[order].to_numpy(dtype=float) for values in (x, 100 * known[column] / known["pupils"]))
    axes.plot(at, rate, color=INK, linewidth=1.2, zorder=1)
    _name_line(axes, at, rate, "as expected")


def _draw_points(
    axes: Axes,
    x: pd.Series,
    y: tuple[pd.Series, pd.Series],
    table: pd.DataFrame,
    *,
    result: SchoolResult,
    classes: str = "class",
) -> None:
    """Draw schools by colour and shape; a hidden number as a line with its middle."""
    across, below, above = (values.to_numpy(dtype=float) for values in (x, *y))
    hidden = below < above
    axes.vlines(across[hidden], below[hidden], above[hidden], color=HIDDEN, linewidth=1.0, zorder=2)
    draw_school_marks(axes, x, (y[0] + y[1]) / 2, table, result=result, classes=classes)
