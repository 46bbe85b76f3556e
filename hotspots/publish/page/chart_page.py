"""What every chart's sheet has: header, footer, notes and quiet axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hotspots.model import AreaCounts, Extract, Factors, SchoolResult, Series
from hotspots.publish.page.sheet import LINE, MARGIN, MM_PER_POINT, QUIET, Box, Sheet, foot, head, new_sheet
from hotspots.publish.style import marking as marking_of
from hotspots.publish.text import release_sentence
from hotspots.vocabulary import RESTRICTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["begin_chart", "open_axes", "tidy", "write_notes"]


def begin_chart(
    data: Series | Factors | SchoolResult | AreaCounts | Extract, title: str, subtitle: str
) -> tuple[Sheet, Box]:
    """Return a sheet with its header and footer, and the room between them (mm)."""
    marking, alarming = marking_of(data.release), data.release == RESTRICTED
    sheet = new_sheet()
    top = head(sheet, title, subtitle, marking=marking, alarming=alarming)
    period = data.period.words
    sentences = [f"Source: {data.source.rstrip('.')}." if data.source else "", f"Period: {period}." if period else ""]
    # An alarming marking stands in red above and below; once more in small print would weaken it.
    lines = [" ".join(part for part in sentences if part), "" if alarming else release_sentence(data.release)]
    bottom = foot(sheet, lines, marking=marking, alarming=alarming)
    return sheet, (MARGIN, bottom, sheet.width - MARGIN, top)


def open_axes(sheet: Sheet, box: Box, *, beside: float) -> Axes:
    """Return axes with room for their names, and for what stands beside them on the right (mm)."""
    left, bottom, right, top = box
    return sheet.panel(left + 16, bottom + 14, right - left - 16 - beside, top - bottom - 20)


def tidy(axes: Axes, *, x: str, y: str) -> None:
    """Name the axes and draw a light grid behind what they show."""
    axes.set_xlabel(x, fontsize=8.5)
    axes.set_ylabel(y, fontsize=8.5)
    axes.grid(color="#e3e3e3", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=8)


def write_notes(sheet: Sheet, left: float, bottom: float, right: float, notes: Sequence[str]) -> float:
    """Write what a reader must know above the footer; return where the room above it ends (mm)."""
    words = " ".join(notes)
    lines = sheet.wrap(words, width=right - left, size=7.5) if words else []
    top = bottom + len(lines) * LINE * 7.5 * MM_PER_POINT
    sheet.write(left, top, words, size=7.5, colour=QUIET, width=right - left)
    return top + (2.0 if lines else 0.0)
