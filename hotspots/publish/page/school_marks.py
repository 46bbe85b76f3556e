"""How schools are marked on maps and charts: class by colour and shape, and under which index it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from hotspots.model import SchoolResult
from hotspots.publish.page.legend import Entry
from hotspots.publish.page.sheet import INK, MM_PER_POINT
from hotspots.publish.style import SCHOOL_LEVELS, ink_on
from hotspots.publish.text import groups_of, one_sided
from hotspots.vocabulary import SCHOOL_CLASSES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_school_marks", "radii", "school_entries"]

QUIET_CLASSES: Final = ("as_expected", "cannot_be_judged")
SMALL: Final = 5.5
LARGE: Final = 7.5
DISC: Final = 11.0
DOT: Final = 2.6


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
            draw(mine & sided, "o", size=DOT, colour=ink_on(style.colour), order=order + 0.05)
