"""The map of schools' rates over the average: its marks, its legend and its words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from hotspots.publish.page import INK, Entry
from hotspots.publish.style import RATE_LEVELS
from hotspots.vocabulary import RATE_CLASSES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_rate_marks", "rate_entries"]

FILLED: Final = 6.0
HOLLOW: Final = 4.4
QUIET_SIZE: Final = 4.0
RING: Final = 1.1
"""Points: sizes of the marks, and width of the line of hollow ones."""


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
    label = "Hollow, of those with a class: not clearly different from the average (the 95% interval includes it)"
    return [*entries, Entry(label, "#ffffff", marker="o", count=hollow)]


def _clear_of(table: pd.DataFrame, key: str) -> str:
    """Return how many schools whose class depends on hidden numbers are clearly above or below all the same."""
    clear = int(((table["rate_class"] == key) & (table["rate_differs"] == "yes")).sum())
    return f" ({clear:,} clearly above or below in any case)" if key == "depends" and clear else ""


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
