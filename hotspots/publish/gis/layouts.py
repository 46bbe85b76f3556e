"""Print layouts of a QGIS project: a sheet for each extent, and an atlas with a page for each hotspot.

Written as QGIS 3.22 writes them, and no more than it needs: newer versions read the same.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from hotspots.publish.gis.layout_items import (
    LINE,
    MARGIN,
    ROOM,
    Box,
    Frame,
    Margins,
    Plan,
    Shown,
    add_layout,
    printed,
)
from hotspots.publish.gis.styles import in_words, interval, number
from hotspots.vocabulary import METHOD_TITLES

__all__ = ["Atlas", "Sheet", "add_layouts", "round_scale"]

SCALES: Final = tuple(
    round(one * 10**power) for power in (3, 4, 5, 6) for one in (1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 7.5, 8)
)
CLOSEST: Final = 5_000
"""The largest scale of a sheet: closer, areas show nothing that their results could tell."""
FARTHEST_ATLAS, CLOSEST_ATLAS = 1_000_000, 10_000


@dataclass(frozen=True)
class Sheet:
    """One page: its name, the extent in metres (west, south, east, north), and titles of the layers from the top.

    `heading` is what is printed on it, if it is not the title.
    """

    title: str
    extent: Box
    layers: tuple[str, ...]
    heading: str = ""


@dataclass(frozen=True)
class Atlas:
    """A page for each hotspot.

    Parameters
    ----------
    hotspots
        Title of their layer, with the fields of the layer ``hotspots``.
    grounds
        Value of the field ``source`` → title of the layer that lies below its hotspots.
    layers
        Titles of the layers that are on every page, from the top; the hotspots themselves among them.
    """

    hotspots: str
    grounds: Mapping[str, str]
    layers: tuple[str, ...]


LANDSCAPE: Final = Frame((297, 210), map=(MARGIN, 30, 196, 146), legend=(209, 30, 78, 146), columns=1)
PORTRAIT: Final = Frame((210, 297), map=(MARGIN, 30, 190, 160), legend=(MARGIN, 204, 190, 68), columns=2)


def add_layouts(
    root: ET.Element, sheets: Sequence[Sheet], atlas: Atlas | None, *, layers: Mapping[str, Shown], margins: Margins
) -> None:
    """Add a layout for each sheet, and the atlas where there are hotspots.

    Parameters
    ----------
    layers
        Title → layer, for every title that sheets and atlas name.
    """
    into = ET.SubElement(root, "Layouts")
    plans = [_plan(sheet, layers, subtitle=margins.subtitle) for sheet in sheets]
    if atlas is not None:
        plans.append(_plan_atlas(atlas, sheets, layers))
    for plan in plans:
        add_layout(into, plan, margins)


def round_scale(extent: Box, size: tuple[float, float]) -> int:
    """Return the largest round scale, as its denominator, at which an extent (metres) fits a map (millimetres).

    Examples
    --------
    >>> round_scale((0, 0, 53_000, 35_000), (196, 146))
    300000
    """
    west, south, east, north = extent
    needed = max((east - west) / size[0], (north - south) / size[1]) * 1000
    # The outline lies on the edge of the extent: two per cent more, so that the frame does not touch it.
    fits = (scale for scale in SCALES if scale >= max(needed * 1.02, CLOSEST))
    return next(fits, math.ceil(needed / 1_000_000) * 1_000_000)


# --------------------------------------------------------------------------- what is on a sheet


def _plan(sheet: Sheet, layers: Mapping[str, Shown], *, subtitle: str) -> Plan:
    scales = {frame: round_scale(sheet.extent, frame.map[2:]) for frame in (LANDSCAPE, PORTRAIT)}
    frame = PORTRAIT if scales[PORTRAIT] < scales[LANDSCAPE] else LANDSCAPE
    return Plan(
        name=sheet.title,
        heading=printed(sheet.heading or sheet.title),
        subtitle=printed(subtitle),
        extent=_around(sheet.extent, frame, scales[frame]),
        layers=[layers[title] for title in sheet.layers],
        frame=frame,
    )


def _around(extent: Box, frame: Frame, scale: int) -> Box:
    """Return what the map shows at a scale, with the extent in its middle."""
    west, south, east, north = extent
    half_width, half_height = (side * scale / 2000 for side in frame.map[2:])
    x, y = (west + east) / 2, (south + north) / 2
    return x - half_width, y - half_height, x + half_width, y + half_height


def _plan_atlas(atlas: Atlas, sheets: Sequence[Sheet], layers: Mapping[str, Shown]) -> Plan:
    fixed = [layers[title] for title in atlas.layers]
    grounds = {value: layers[title] for value, title in atlas.grounds.items()}
    # QGIS 3.22 finds layers here by their names alone.
    shown = {value: "|".join(one.title for one in (*fixed, ground)) for value, ground in grounds.items()}
    heading = "'Hotspot ' || \"hotspot\" || ': ' || coalesce(\"subject\", '') || ', ' || coalesce(\"place\", '')"
    facts = (
        ("Events", interval("observed_low", "observed_high", 0)),
        ("expected", number("expected", 1)),
        ("times the expected number", interval("ratio_low", "ratio_high", 1)),
        ("people", number("people", 0)),
    )
    rules = {"dataDefinedMapScale": _scale_of_page(LANDSCAPE)}
    if shown:
        # The classes below a hotspot are those of its own source.
        rules["dataDefinedMapLayers"] = in_words("source", shown)
    extent = sheets[0].extent if sheets else (0.0, 0.0, 700_000.0, 1_300_000.0)
    return Plan(
        name="Atlas of hotspots",
        heading=f"[% {heading} %]",
        subtitle="; ".join(f"{words}: [% {expression} %]" for words, expression in facts),
        extent=_around(extent, LANDSCAPE, round_scale(extent, LANDSCAPE.map[2:])),
        layers=[*fixed, *(replace(one, heading=GROUND_WORDS) for one in list(grounds.values())[:1])],
        frame=LANDSCAPE,
        rules=rules,
        atlas=layers[atlas.hotspots],
    )


GROUND_WORDS: Final = (
    f"[% wordwrap('{METHOD_TITLES['getis_ord']}: ' || coalesce(\"subject\", '')"
    f" || ', ' || coalesce(\"period\", ''), {LINE}) %]"
)
"""What the legend of the atlas says above the classes: they are those of the page's source."""


def _scale_of_page(frame: Frame) -> str:
    """Return the expression for the largest round scale at which a hotspot fits with room around it."""
    sides = zip(("width", "height"), frame.map[2:], strict=True)
    needed = ", ".join(f"bounds_{side}(@atlas_geometry) / {length:g}" for side, length in sides)
    scales = [scale for scale in SCALES if CLOSEST_ATLAS <= scale <= FARTHEST_ATLAS]
    choices = " ".join(f"WHEN @needed <= {scale} THEN {scale}" for scale in scales)
    return f"with_variable('needed', {1000 * ROOM:g} * max({needed}), CASE {choices} ELSE {scales[-1]} END)"
