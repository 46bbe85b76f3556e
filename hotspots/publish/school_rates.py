"""The map of schools' rates over the average: its marks, its legend and its words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from hotspots.errors import OutputError
from hotspots.nouns import Place, SchoolResult
from hotspots.publish.furniture import Entry
from hotspots.publish.phrases import capitalised, plural
from hotspots.publish.sheet import INK
from hotspots.publish.styles import RATE_LEVELS
from hotspots.vocabulary import RATE_CLASSES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["average_words", "draw_rate_marks", "explain_rates", "need_rates", "rate_alt", "rate_entries", "rates_title"]

FILLED: Final = 6.0
HOLLOW: Final = 4.4
QUIET_SIZE: Final = 4.0
RING: Final = 1.1
"""Points: sizes of the marks, and width of the line of hollow ones."""


def average_words(result: SchoolResult) -> str:
    """Return the average that rates are held against, with its base; empty where there is none.

    E.g. "average 0.24 per 100 pupils and year, of 220 schools".
    """
    average = result.provenance.get("rate_average")
    if not average:
        return ""
    return f"average {average['per_100']:.2g} per 100 pupils and year, of {plural(int(average['schools']), 'school')}"


def need_rates(result: SchoolResult) -> None:
    """Stop where rates were not held against an average.

    Raises
    ------
    OutputError
        With what to do.
    """
    if not result.provenance.get("rate_average"):
        raise OutputError(
            "These schools have no rates over the average.",
            found="a result without rate_average in its provenance",
            advice="make it with diverging_schools",
        )


def rates_title(result: SchoolResult, table: pd.DataFrame, place: Place | None = None) -> str:
    """Return how many schools' rates lie above the average and below it, each by its own interval.

    Parameters
    ----------
    table
        The schools of the place.
    """
    where = f" in {place.name}" if place is not None else ""
    above, below = int((table["ratio_low_95"] > 1).sum()), int((table["ratio_high_95"] < 1).sum())
    total = int((table["rate_class"] != "").sum())
    rate = f"rates of {result.title}"
    if total == 0:
        return f"No school{where} could be compared with the average for {result.title}"
    if above == below == 0:
        return f"No school{where} has {rate} clearly above or below the study's average"
    schools = f"{plural(total, 'school')} compared{where} {'has' if (above or below) == 1 else 'have'}"
    if above == 0:
        return f"{below:,} of {schools} {rate} clearly below the study's average"
    more = f"{above:,} of {schools} {rate} clearly above the study's average"
    return f"{more}, {below:,} clearly below" if below else more


def rate_entries(table: pd.DataFrame) -> list[Entry]:
    """Return the legend: number of schools of each class, and how many of them are hollow."""
    entries = [
        Entry(
            style.label + _clear_of(table, style.key),
            style.colour,
            marker=style.marker,
            count=int((table["rate_class"] == style.key).sum()),
        )
        for style in RATE_CLASSES
    ]
    hollow = int(((table["rate_differs"] == "no") & (table["rate_class"] != "depends")).sum())
    label = "Hollow, of those with a class: can't be told from the average (the 95% interval includes it)"
    return [*entries, Entry(label, "#ffffff", marker="o", count=hollow)]


def _clear_of(table: pd.DataFrame, key: str) -> str:
    """Return how many schools whose class depends on hidden numbers are clearly above or below all the same."""
    clear = int(((table["rate_class"] == key) & (table["rate_differs"] == "yes")).sum())
    return f" ({clear:,} clearly above or below all the same)" if key == "depends" and clear else ""


def explain_rates(result: SchoolResult, *more: str) -> list[tuple[str, str]]:
    """Return what the classes mean and what they don't, and what the average is made of."""
    average = result.provenance["rate_average"]
    low, high, base = (f"{average[key]:,.0f}" for key in ("low", "high", "pupil_years"))
    events = low if low == high else f"{low} to {high}"
    ends = "{per_100_low:.2g} to {per_100_high:.2g}".format(**average)
    hidden = f" Some numbers are hidden: it could be {ends}; the middle is used." if low != high else ""
    schools = plural(int(average["schools"]), "school")
    reading = [
        f"Each school's rate over the average of all {schools}: {average['per_100']:.2g} per 100 pupils and year "
        f"({events} {result.title}, {base} pupil-years).{hidden}",
        "Filled, clearly above or below: the 95% interval of the school's rate leaves out the average. Hollow: it "
        "includes it, so that chance alone could make the difference. Of schools at the average, no more than 1 in 20 "
        "would be filled by chance, if exclusions came one by one and not in groups.",
        "Where a school's number is hidden, the interval covers all that it may be, and a class is given only where "
        "all of it lies in one."
        if low != high
        else "",
        "Deprivation is not allowed for here: that is the other map of schools. "
        "This measures no school's quality and gives no cause.",
        *more,
    ]
    return [("How to read this map", " ".join(one for one in reading if one))]


def rate_alt(result: SchoolResult, table: pd.DataFrame, *, place: Place | None, title: str) -> str:
    """Return what the map shows, for readers who do not see it: the finding, and the number of schools by class."""
    where = f" in {place.name}" if place is not None else ""
    counts = table["rate_class"].value_counts()
    classes = [f"{style.label.lower()}: {counts.get(style.key, 0):,}" for style in RATE_CLASSES]
    return f"Map of schools{where} by rate of {result.title}, {average_words(result)}. {title}. " + (
        f"{capitalised('; '.join(classes))}."
    )


def draw_rate_marks(axes: Axes, table: pd.DataFrame, *, level: float) -> None:
    """Draw placed schools by colour and shape of their class: hollow ones smaller and below, extremes on top."""
    styles = {style.key: style for style in RATE_CLASSES}
    ranks = [(differs, key) for differs in ("no", "yes") for key in RATE_LEVELS]
    for rank, (differs, key) in enumerate(ranks):
        mine, marker, colour = table["rate_class"] == key, styles[key].marker, styles[key].colour
        points = table.geometry[mine & (table["rate_differs"] == differs)]
        x, y = (np.asarray(values, dtype=float) for values in (points.x, points.y))
        face = "#ffffff" if differs == "no" else colour
        if key == "depends":
            strokes = [(face, INK, 0.6, QUIET_SIZE)]
        elif differs == "yes":
            strokes = [(face, INK, 0.6, FILLED)]
        else:
            # A dark line round the coloured one: light colours are not seen on dark tenths of deprivation.
            strokes = [(INK, INK, RING + 0.8, HOLLOW), (face, colour, RING, HOLLOW)]
        for fill, edge, width, size in strokes:
            axes.plot(
                x,
                y,
                linestyle="none",
                marker=marker,
                markersize=size,
                markerfacecolor=fill,
                markeredgecolor=edge,
                markeredgewidth=width,
                clip_on=True,
                zorder=level + rank / 20,
            )
