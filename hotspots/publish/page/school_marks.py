"""Schools as marks on maps and charts: by class and under which index it holds, or by rate; with their legends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from hotspots.model import Place, SchoolResult, groups_of, one_sided
from hotspots.publish.page.legend import Entry
from hotspots.publish.page.sheet import INK, MM_PER_POINT
from hotspots.publish.style import RATE_LEVELS, SCHOOL_LEVELS
from hotspots.publish.text import schools_in
from hotspots.vocabulary import RATE_CLASSES, SCHOOL_CLASSES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_school_marks", "draw_schools", "radii", "school_entries"]

QUIET_CLASSES: Final = ("as_expected", "cannot_be_judged")
SMALL: Final = 5.5
LARGE: Final = 7.5
DISC: Final = 11.0
DOT: Final = 2.6
FILLED: Final = 6.0
HOLLOW: Final = 4.4
QUIET_SIZE: Final = 4.0
RING: Final = 1.1
"""Points: sizes of the marks; the last four on a map of rates, with the width of the line of hollow ones."""


def school_entries(result: SchoolResult, table: pd.DataFrame, *, classes: str = "class") -> list[Entry]:
    """Return the legend of the marks, with the number of schools of each; what can't occur is left out."""
    entries = [
        Entry(style.label, style.colour, marker=style.marker, count=int((table[classes] == style.key).sum()))
        for style in SCHOOL_CLASSES
    ]
    if classes == "class" and result.provenance is not None:
        entries += [
            Entry(group.label, group.colour, marker=group.marker, count=int(inside.sum()))
            for group, inside in groups_of(result, table)
        ]
    if (result.table["class_catchment"] != "").any():
        label = "Dot: confirmed under one index only, own area's or catchment's"
        entries.append(Entry(label, INK, marker=".", count=int(one_sided(table).sum())))
    return entries


def radii(result: SchoolResult, table: pd.DataFrame, *, classes: str = "class") -> pd.Series:
    """Return how far the mark of each school reaches from its middle (mm)."""
    wide = pd.Series(LARGE, index=table.index).mask(table[classes].isin(QUIET_CLASSES), SMALL)
    for _, inside in groups_of(result, table) if classes == "class" else ():
        wide = wide.mask(inside, DISC)
    return wide * MM_PER_POINT / 2


def draw_school_marks(
    axes: Axes,
    x: pd.Series,
    y: pd.Series,
    table: pd.DataFrame,
    *,
    result: SchoolResult,
    classes: str = "class",
    small: float = SMALL,
    level: float = 3.0,
    clip: bool = False,
) -> None:
    """Draw schools by colour and shape, those that stand out on top.

    A disc behind the mark: against the slope. A dot in it: under one index only.

    Parameters
    ----------
    x, y
        Where, in data coordinates, in the order of `table`.
    classes
        The column that is shown: ``"class"`` or ``"class_catchment"``.
    small
        Size of the marks of schools that do not stand out (points).
    level
        Where in the drawing order the lowest lie.
    clip
        Whether marks end at the edge of the axes, as on a map.
    """
    across, up = (np.asarray(values, dtype=float) for values in (x, y))

    def draw(mine: pd.Series, marker: str, *, size: float, colour: str, order: float, edge: float = 0.0) -> None:
        at = mine.to_numpy(dtype=bool)
        axes.plot(
            across[at],
            up[at],
            linestyle="none",
            marker=marker,
            markersize=size,
            markerfacecolor=colour,
            markeredgecolor=INK if edge else "none",
            markeredgewidth=edge,
            zorder=order,
            clip_on=clip,
        )

    for group, inside in groups_of(result, table) if classes == "class" else ():
        if inside.any():
            draw(inside, group.marker, size=DISC, colour=group.colour, order=level + 0.15)
    styles = {style.key: style for style in SCHOOL_CLASSES}
    sided = one_sided(table)
    for number, key in enumerate(SCHOOL_LEVELS):
        mine, style, order = table[classes] == key, styles[key], level + number / 10
        size = small if key in QUIET_CLASSES else LARGE
        draw(mine, style.marker, size=size, colour=style.colour, order=order, edge=0.6)
        if (mine & sided).any():
            draw(mine & sided, "o", size=DOT, colour=style.ink, order=order + 0.05)


def draw_schools(axes: Axes, result: SchoolResult, *, place: Place | None, by_rate: bool = False) -> list[Entry]:
    """Draw the schools of a map by colour and shape, those that stand out on top; return the legend with counts."""
    schools = schools_in(result.table, place)
    table = schools[schools.geometry.notna() & ~schools.geometry.is_empty]
    if by_rate:
        _draw_rate_marks(axes, table, level=12.0)
        return _rate_entries(schools)
    x, y = table.geometry.x, table.geometry.y
    draw_school_marks(axes, x, y, table, result=result, small=5.0, level=12.0, clip=True)
    return school_entries(result, schools)


def _rate_entries(table: pd.DataFrame) -> list[Entry]:
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
    label = "Hollow, of those with a class: not clearly different from the average (the 95% interval includes it)"
    return [*entries, Entry(label, "#ffffff", marker="o", count=hollow)]


def _clear_of(table: pd.DataFrame, key: str) -> str:
    """Return how many schools whose class depends on hidden numbers are clearly above or below all the same."""
    clear = int(((table["rate_class"] == key) & (table["rate_differs"] == "yes")).sum())
    return f" ({clear:,} clearly above or below in any case)" if key == "depends" and clear else ""


def _draw_rate_marks(axes: Axes, table: pd.DataFrame, *, level: float) -> None:
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
