"""What a printed map needs beside the map: legend, scale bar and north arrow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from hotspots.publish.page.sheet import INK, LINE, MM_PER_POINT, QUIET, Sheet

__all__ = ["Entry", "draw_legend", "draw_north_arrow", "draw_ramp", "draw_scale_bar"]

SWATCH: Final = (8.0, 4.2)
STEP: Final = 5.6
METRES_PER_MILE: Final = 1609.344
"""International mile, exactly."""
SCALE: Final = "scale"
ABSENT: Final = "#757575"
"""Of words about what does not occur; 4.6 : 1 on white, so that they can still be read."""


@dataclass(frozen=True)
class Entry:
    """One line of a legend: a swatch (or a point, where it has a marker), its words and how many there are.

    With `line`, ``"solid"`` or ``"dashed"``, the swatch is a strong outline.
    """

    label: str
    colour: str = "none"
    hatch: str = ""
    count: int | str | None = None
    marker: str = ""
    hatch_colour: str = INK
    edge: str = "#8c8c8c"
    line: str = ""


def draw_legend(
    sheet: Sheet, left: float, top: float, *, width: float, heading: str, entries: Sequence[Entry], note: str = ""
) -> float:
    """Draw a legend below `top` (mm) and return where it ends; counts stand in a column on the right."""
    top = sheet.write(left, top, heading, size=9, weight="bold", width=width) - 1.0
    if note:
        top = sheet.write(left, top, note, size=7, colour=QUIET, width=width) - 1.0
    for entry in entries:
        top = _draw_entry(sheet, left, top, width, entry)
    return top


def _draw_entry(sheet: Sheet, left: float, top: float, width: float, entry: Entry) -> float:
    count = f"{entry.count:,}" if isinstance(entry.count, int) else entry.count or ""
    # A class that does not occur keeps its place, so that colours mean the same on every map, but steps back.
    colour = ABSENT if entry.count == 0 else INK
    room = width - SWATCH[0] - 2.0 - (sheet.text_width(count, size=7.5) + 2.0 if count else 0.0)
    lines = sheet.wrap(entry.label, width=room, size=7.5)
    height = max(STEP, len(lines) * LINE * 7.5 * MM_PER_POINT + 1.2)
    middle = top - height / 2
    _draw_swatch(sheet, left, middle, entry)
    text_top = middle + (len(lines) * LINE - 0.15) * 7.5 * MM_PER_POINT / 2
    sheet.write(left + SWATCH[0] + 2.0, text_top, entry.label, size=7.5, width=room, colour=colour)
    first = middle + (LINE - 0.15) * 7.5 * MM_PER_POINT / 2
    sheet.write(left + width, first, count, size=7.5, align="right", colour=colour)
    return top - height


def _draw_swatch(sheet: Sheet, left: float, middle: float, entry: Entry) -> None:
    from matplotlib.patches import Rectangle

    if entry.marker:
        sheet.paper.plot(
            [left + SWATCH[0] / 2],
            [middle],
            linestyle="none",
            marker=entry.marker,
            markersize=6.5,
            markerfacecolor=entry.colour,
            markeredgecolor=INK,
            markeredgewidth=0.7,
        )
        return
    corner = (left, middle - SWATCH[1] / 2)
    if entry.line:
        style = "solid" if entry.line == "solid" else (0, (3.0, 1.6))
        sheet.paper.add_patch(
            Rectangle(corner, *SWATCH, facecolor="none", edgecolor=INK, linewidth=1.3, linestyle=style)
        )
    elif entry.hatch:
        # Fill and hatch apart: matplotlib older than 3.11 draws a hatch in the colour of the edge.
        sheet.paper.add_patch(Rectangle(corner, *SWATCH, facecolor=entry.colour, edgecolor="none"))
        sheet.paper.add_patch(
            Rectangle(corner, *SWATCH, facecolor="none", edgecolor=entry.hatch_colour, hatch=entry.hatch, linewidth=0)
        )
        sheet.paper.add_patch(Rectangle(corner, *SWATCH, facecolor="none", edgecolor=entry.edge, linewidth=0.6))
    else:
        sheet.paper.add_patch(Rectangle(corner, *SWATCH, facecolor=entry.colour, edgecolor=entry.edge, linewidth=0.6))


def draw_ramp(
    sheet: Sheet, left: float, top: float, *, width: float, heading: str, colours: Sequence[str], ends: tuple[str, str]
) -> float:
    """Draw classes in order as one strip of boxes with words at both ends; return where it ends (mm)."""
    from matplotlib.patches import Rectangle

    top = sheet.write(left, top, heading, size=9, weight="bold", width=width) - 1.0
    step = width / len(colours)
    for number, colour in enumerate(colours):
        corner = (left + number * step, top - SWATCH[1])
        sheet.paper.add_patch(Rectangle(corner, step, SWATCH[1], facecolor=colour, edgecolor="#8c8c8c", linewidth=0.6))
    top -= SWATCH[1] + 0.6
    sheet.write(left, top, ends[0], size=7)
    sheet.write(left + width, top, ends[1], size=7, align="right")
    return top - LINE * 7 * MM_PER_POINT


# --------------------------------------------------------------------------- scale and north


def round_length(longest: float) -> float:
    """Return the longest length of 1, 2 or 5 times a power of ten that is at most `longest`.

    Examples
    --------
    >>> round_length(7.3), round_length(24_000), round_length(1.0)
    (5.0, 20000.0, 1.0)
    """
    power = 10.0 ** np.floor(np.log10(longest))
    return float(max(step * power for step in (1.0, 2.0, 5.0) if step * power <= longest * (1 + 1e-12)))


def draw_scale_bar(sheet: Sheet, left: float, top: float, *, metres_per_mm: float, longest: float) -> float:
    """Draw a bar in kilometres and one in miles, no longer than `longest` (mm on paper); return where they end.

    It is drawn on the paper at the map's own scale, so that it is still right when the page is shrunk to fit.
    """
    top -= LINE * 7 * MM_PER_POINT
    for unit, metres, above in (("km", 1_000.0, True), ("miles", METRES_PER_MILE, False)):
        length = round_length(longest * metres_per_mm / metres)
        _draw_bar(sheet, (left, top, length * metres / metres_per_mm), unit, length, above=above)
        top -= 1.4
    return top - LINE * 7 * MM_PER_POINT


def _draw_bar(sheet: Sheet, spot: tuple[float, float, float], unit: str, length: float, *, above: bool) -> None:
    """Draw a bar at `spot` (left, top and width in mm), its length in its own unit above or below."""
    left, top, width = spot
    from matplotlib.patches import Rectangle

    words = unit[:-1] if unit == "miles" and length == 1 else unit
    for part in range(4):
        sheet.paper.add_patch(
            Rectangle(
                (left + part * width / 4, top - 1.4),
                width / 4,
                1.4,
                facecolor=INK if part % 2 == 0 else "white",
                edgecolor=INK,
                linewidth=0.5,
                gid=f"{SCALE}-{unit}",
            )
        )
    text_top = top + LINE * 7 * MM_PER_POINT if above else top - 1.6
    sheet.write(left, text_top, "0", size=7, align="center")
    sheet.write(left + width, text_top, f"{length:g}", size=7, align="center", group=f"{SCALE}-{unit}")
    after = left + width + sheet.text_width(f"{length:g}", size=7) / 2 + 1.2
    sheet.write(after, text_top, words, size=7)


def draw_north_arrow(sheet: Sheet, middle: float, bottom: float, *, height: float = 11.0) -> None:
    """Draw an arrow to grid north; `middle` and `bottom` in mm."""
    from matplotlib.patches import Polygon

    tip, wing = bottom + height - 4.0, 2.4
    left = [(middle, tip), (middle - wing, bottom), (middle, bottom + 1.8)]
    right = [(middle, tip), (middle + wing, bottom), (middle, bottom + 1.8)]
    sheet.paper.add_patch(Polygon(left, closed=True, facecolor=INK, edgecolor=INK, linewidth=0.6))
    sheet.paper.add_patch(Polygon(right, closed=True, facecolor="white", edgecolor=INK, linewidth=0.6))
    sheet.write(middle, bottom + height, "N", size=8, weight="bold", align="center")
