"""One print layout of a QGIS project: its map, legend, scale bar and words, as items on a page."""

from __future__ import annotations

import textwrap
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import Final
from uuid import UUID

__all__ = ["LINE", "MARGIN", "Box", "Frame", "Margins", "Plan", "Shown", "add_layout", "printed"]

Box = tuple[float, float, float, float]
"""West, south, east, north in metres of the British National Grid; or left, top, width, height in millimetres."""

PAGE, MAP, LABEL, LEGEND, SCALE_BAR = "65638", "65639", "65641", "65642", "65646"
"""What QGIS calls the kinds of items."""
MARGIN: Final = 10.0
FONT: Final = "Arial"
LEFT, RIGHT, CENTRE = "1", "2", "4"
LINE: Final = 40
"""Characters of 9 points on a line of the legend: QGIS does not break its lines."""
ROOM: Final = 1.4
"""How much wider the map of an atlas is than its hotspot, so that the reader sees what lies around it."""


@dataclass(frozen=True)
class Margins:
    """What stands around each map."""

    subtitle: str
    attribution: str
    imprint: str
    marking: str


@dataclass(frozen=True)
class Shown:
    """A layer as a layout names it; `labels` are the lines of its legend, None for one that is not printed.

    `heading` stands above them, as QGIS's expression, if it is not the title.
    """

    id: str
    title: str
    source: str
    provider: str
    labels: tuple[str | None, ...] = ()
    heading: str = ""


@dataclass(frozen=True)
class Frame:
    """Where things are on a page, in millimetres."""

    page: tuple[float, float]
    map: Box
    legend: Box
    columns: int

    @property
    def below(self) -> float:
        """Where the map ends."""
        return self.map[1] + self.map[3]


@dataclass(frozen=True)
class Plan:
    """All that one layout is made of."""

    name: str
    heading: str
    subtitle: str
    extent: Box
    layers: Sequence[Shown]
    frame: Frame
    rules: Mapping[str, str] = field(default_factory=dict)
    atlas: Shown | None = None


def printed(words: str) -> str:
    """Return words as a label prints them: QGIS takes what stands between ``[%`` and ``%]`` for an expression.

    Examples
    --------
    >>> printed("50 [% of all")
    "50 [% '[' %]% of all"
    """
    return words.replace("[%", "[% '[' %]%")


def add_layout(into: ET.Element, plan: Plan, margins: Margins) -> None:
    """Add one layout as planned."""
    layout = ET.SubElement(into, "Layout", name=plan.name, units="mm", printResolution="300", worldFileMap="")
    page = ET.SubElement(layout, "PageCollection")
    item = partial(_add_item, layout, plan.name)
    width, height = plan.frame.page
    _add_item(page, plan.name, PAGE, "", (0, 0, width, height))
    ET.SubElement(page, "GuideCollection", visible="1")
    across = width - 2 * MARGIN
    below = plan.frame.below
    label = partial(_add_label, item)
    label("heading", plan.heading, (MARGIN, 10, across, 13), points=14, bold=True, foot=True)
    label("subtitle", plan.subtitle, (MARGIN, 24, across, 5), points=10)
    map_ = _add_map(item, plan)
    _add_legend(item, plan, map_)
    _add_scale_bar(item, (MARGIN, below + 1, 62, 11), map_, segment=None if plan.atlas else _segment(plan))
    # Scale and date share a line where the page is wide.
    label("scale", SCALE_WORDS, (MARGIN + 64, below + 3.5, 40, 5), points=9)
    label("imprint", printed(margins.imprint), (MARGIN + 104, below + 3.5, across - 104, 9), points=9, side=RIGHT)
    label("attribution", printed(margins.attribution), (MARGIN, height - 20.5, across, 12.5), points=9, foot=True)
    if margins.marking:
        for name, top in (("marking at the top", 4.0), ("marking at the bottom", height - 7.5)):
            label(name, printed(margins.marking), (MARGIN, top, across, 5.5), points=11, bold=True, side=CENTRE)
    attributes = {"enabled": "0", "hideCoverage": "0", "filterFeatures": "0", "coverageLayer": ""}
    if plan.atlas is not None:
        attributes |= {
            "enabled": "1",
            "coverageLayer": plan.atlas.id,
            "coverageLayerName": plan.atlas.title,
            "coverageLayerSource": plan.atlas.source,
            "coverageLayerProvider": plan.atlas.provider,
            "pageNameExpression": '"hotspot"',
        }
    # The layer has the order of its letters: A2 before A10, as sorting by the text would not.
    name = "'hotspot_' || \"hotspot\"" if plan.atlas else "'page_' || @atlas_featurenumber"
    ET.SubElement(layout, "Atlas", attributes, filenamePattern=name, sortFeatures="0")


SCALE_WORDS: Final = "Scale 1:[% format_number(item_variables('map')['map_scale'], 0) %] (A4)"
"""Worked out from the map, so that it stays true when someone zooms."""


def _add_item(
    into: ET.Element, layout: str, kind: str, name: str, box: Box, *, rules: Mapping[str, str] = {}, **more: str
) -> ET.Element:
    left, top, width, height = (f"{side:g}" for side in box)
    # Always the same for the same layout: the same results are to be the same bytes.
    uuid = f"{{{UUID(sha256(f'{layout}/{kind}/{name}'.encode()).hexdigest()[:32])}}}"
    item = ET.SubElement(
        into,
        "LayoutItem",
        {
            "type": kind,
            "id": name,
            "uuid": uuid,
            "templateUuid": uuid,
            "position": f"{left},{top},mm",
            "positionOnPage": f"{left},{top},mm",
            "size": f"{width},{height},mm",
            "zValue": "0" if kind == PAGE else str(len(into)),
            "visibility": "1",
            "opacity": "1",
            "background": "true" if kind in (PAGE, MAP) else "false",
            "frame": "true" if kind == MAP else "false",
            "outlineWidthM": "0.2,mm",
            "referencePoint": "0",
            "itemRotation": "0",
            "positionLock": "false",
            "excludeFromExports": "0",
            **more,
        },
    )
    ET.SubElement(item, "FrameColor", red="90", green="90", blue="90", alpha="255")
    ET.SubElement(item, "BackgroundColor", red="255", green="255", blue="255", alpha="255")
    if rules:
        held = ET.SubElement(ET.SubElement(item, "LayoutObject"), "dataDefinedProperties")
        collection = ET.SubElement(held, "Option", type="Map")
        ET.SubElement(collection, "Option", type="QString", name="name", value="")
        properties = ET.SubElement(collection, "Option", type="Map", name="properties")
        for property_, expression in rules.items():
            one = ET.SubElement(properties, "Option", type="Map", name=property_)
            ET.SubElement(one, "Option", type="bool", name="active", value="true")
            ET.SubElement(one, "Option", type="QString", name="expression", value=expression)
            ET.SubElement(one, "Option", type="int", name="type", value="3")
        ET.SubElement(collection, "Option", type="QString", name="type", value="collection")
    return item


def _font(points: float, *, bold: bool = False) -> str:
    """Return a font as Qt writes it."""
    return f"{FONT},{points:g},-1,5,{75 if bold else 50},0,0,0,0,0"


def _add_label(
    item: partial[ET.Element],
    name: str,
    words: str,
    box: Box,
    *,
    points: float,
    bold: bool = False,
    side: str = LEFT,
    foot: bool = False,
) -> None:
    if not words:
        return
    places = {"halign": side, "valign": "64" if foot else "32", "marginX": "0", "marginY": "0"}
    label = item(LABEL, name, box, labelText=words, htmlState="0", **places)
    ET.SubElement(label, "LabelFont", description=_font(points, bold=bold), style="")
    ET.SubElement(label, "FontColor", red="38", green="38", blue="38", alpha="255")


def _add_map(item: partial[ET.Element], plan: Plan) -> ET.Element:
    """Add the map with its layers locked: what is on in the panel of layers is for looking, not for printing."""
    locked = {"keepLayerSet": "true", "keepLayerStyles": "false", "followPreset": "false", "followPresetName": ""}
    map_ = item(
        MAP, "map", plan.frame.map, rules=plan.rules, mapRotation="0", drawCanvasItems="true", mapFlags="0", **locked
    )
    west, south, east, north = map(_number, plan.extent)
    ET.SubElement(map_, "Extent", xmin=west, ymin=south, xmax=east, ymax=north)
    layers = ET.SubElement(map_, "LayerSet")
    for one in plan.layers:
        ET.SubElement(layers, "Layer", name=one.title, source=one.source, provider=one.provider).text = one.id
    driven = str(int(plan.atlas is not None))
    ET.SubElement(map_, "AtlasMap", atlasDriven=driven, scalingMode="2", margin=_number(ROOM - 1))
    return map_


def _number(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")


def _add_legend(item: partial[ET.Element], plan: Plan, map_: ET.Element) -> None:
    columns = {"columnCount": str(plan.frame.columns), "splitLayer": "0", "equalColumnWidth": "1"}
    spaces = {"boxSpace": "0", "columnSpace": "4", "lineSpacing": "0.8", "symbolWidth": "7", "symbolHeight": "4"}
    legend = item(
        LEGEND, "legend", plan.frame.legend, map_uuid=map_.get("uuid", ""), title="", wrapChar="\n",
        resizeToContents="1", legendFilterByAtlas="0", fontColor="#262626", **columns, **spaces,
    )  # fmt: skip
    styles = ET.SubElement(legend, "styles")
    for name, points, top in (("title", 11, 0), ("group", 10, 3), ("subgroup", 10, 4), ("symbol", 9, 1.2)):
        style = ET.SubElement(styles, "style", name=name, alignment="1", indent="0", marginTop=f"{top:g}")
        ET.SubElement(style, "styleFont", description=_font(points, bold=name != "symbol"), style="")
    style = ET.SubElement(styles, "style", name="symbolLabel", alignment="1", indent="0", marginLeft="2", marginTop="1")
    ET.SubElement(style, "styleFont", description=_font(9), style="")
    tree = ET.SubElement(legend, "layer-tree-group")
    for one in plan.layers:
        _add_to_legend(tree, one)


def _add_to_legend(tree: ET.Element, layer: Shown) -> None:
    """Add a layer with its lines broken to fit, and without those that are not printed."""
    attributes = {"id": layer.id, "name": layer.title, "source": layer.source, "providerKey": layer.provider}
    node = ET.SubElement(tree, "layer-tree-layer", attributes, expanded="1", checked="Qt::Checked")
    options = ET.SubElement(ET.SubElement(node, "customproperties"), "Option", type="Map")
    shown = [(at, words) for at, words in enumerate(layer.labels) if words is not None]
    values = {"legend/title-label": layer.heading or _broken([layer.title])}
    values |= {f"legend/label-{at}": _broken([words]) for at, words in shown}
    if len(shown) < len(layer.labels):
        values["legend/node-order"] = ",".join(str(at) for at, _ in shown)
    for key, value in values.items():
        ET.SubElement(options, "Option", type="QString", name=key, value=value)


def _broken(lines: Iterable[str]) -> str:
    return printed("\n".join(part for line in lines for part in textwrap.wrap(line, LINE) or [line]))


def _segment(plan: Plan) -> float:
    """Return the kilometres of a segment of the scale bar, 1, 2 or 5 times a power of ten, at most 25 mm long."""
    west, _, east, _ = plan.extent
    longest = (east - west) / plan.frame.map[2] * 25 / 1000
    return max(one * 10.0**power for power in range(-2, 4) for one in (1, 2, 5) if one * 10.0**power <= longest)


def _add_scale_bar(item: partial[ET.Element], box: Box, map_: ET.Element, *, segment: float | None) -> None:
    """Add a bar of two segments, this many kilometres each; None: as long as QGIS finds fit for each page."""
    bar = item(
        SCALE_BAR, "scale bar", box, mapUuid=map_.get("uuid", ""), style="Single Box", unitType="km", unitLabel="km",
        numMapUnitsPerScaleBarUnit="1", numSegments="2", numSegmentsLeft="0", numUnitsPerSegment=f"{segment or 1:g}",
        segmentSizeMode="0" if segment else "1", minBarWidth="30", maxBarWidth="55", height="2", labelBarSpace="1",
        boxContentSpace="0.5", outlineWidth="0.2", alignment="0", labelVerticalPlacement="0",
        labelHorizontalPlacement="0",
    )  # fmt: skip
    ET.SubElement(
        bar, "text-style", fontFamily=FONT, fontSize="9", fontSizeUnit="Point", fontWeight="50",
        textColor="38,38,38,255", textOpacity="1",
    )  # fmt: skip
    for name, grey in (("fillColor", "38"), ("fillColor2", "255"), ("strokeColor", "38")):
        ET.SubElement(bar, name, red=grey, green=grey, blue=grey, alpha="255")
