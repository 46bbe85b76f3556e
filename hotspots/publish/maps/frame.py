"""The map frame: which part of the country it shows, and where on the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hotspots.publish.page import Box, Sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["MapFrame", "open_frame"]

AIR: Final = 0.03
"""Share of the map frame left free around the place."""


@dataclass(frozen=True)
class MapFrame:
    """The map's axes, what they show (west, south, east, north in metres) and where on the page (mm)."""

    axes: Axes
    extent: Box
    box: Box

    @property
    def metres_per_mm(self) -> float:
        """Metres on the ground for a millimetre of paper."""
        return (self.extent[2] - self.extent[0]) / (self.box[2] - self.box[0])


def open_frame(sheet: Sheet, box: Box, place: Box) -> MapFrame:
    """Return axes that fill a box of the page and show all of a place, a metre being as long both ways."""
    left, bottom, right, top = box
    axes = sheet.panel(left, bottom, right - left, top - bottom)
    west, south, east, north = place
    scale = max((east - west) / (right - left), (north - south) / (top - bottom)) * (1 + 2 * AIR)
    middle = ((west + east) / 2, (south + north) / 2)
    half = (scale * (right - left) / 2, scale * (top - bottom) / 2)
    extent = (middle[0] - half[0], middle[1] - half[1], middle[0] + half[0], middle[1] + half[1])
    axes.set(xlim=extent[::2], ylim=extent[1::2], autoscale_on=False, xticks=[], yticks=[], facecolor="white")
    for spine in axes.spines.values():
        spine.set_visible(True)
    return MapFrame(axes, extent, box)
