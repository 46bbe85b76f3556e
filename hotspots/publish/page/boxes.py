"""The space that a text takes on the page, and whether it overlaps what is there already."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from hotspots.publish.page.sheet import MM_PER_INCH, MM_PER_POINT, Box, Sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["overlaps", "text_box"]


def overlaps(box: Box, others: Iterable[Box]) -> bool:
    """Whether a box (left, bottom, right, top) touches any other."""
    left, bottom, right, top = box
    return any(left < r and right > l and bottom < t and top > b for l, b, r, t in others)  # noqa: E741


def text_box(sheet: Sheet, axes: Axes, x: float, y: float, words: str, *, size: float, weight: str, align: str) -> Box:
    """Return where centred text would stand on the page (mm), with a little air around it."""
    across, up = axes.transData.transform((x, y)) / float(sheet.figure.dpi) * MM_PER_INCH
    width = sheet.text_width(words, size=size, weight=weight)
    height = size * MM_PER_POINT
    left = across - {"center": width / 2, "left": 0.0, "right": width}[align]
    return (left - 1.2, up - 0.65 * height - 0.3, left + width + 1.2, up + 0.65 * height + 0.3)
