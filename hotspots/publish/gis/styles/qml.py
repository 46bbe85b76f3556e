"""QGIS styles (QML) from a few plain rules: only what every QGIS since 3.4 reads, and no more."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from hotspots.vocabulary import INK

__all__ = ["Labels", "Rule", "codes_style", "raster_style", "vector_style"]

VERSION: Final = "3.22.0"
"""The QGIS whose style format is written; newer ones read it and bring it up to date themselves."""
HATCH_ANGLES: Final = {"/": (45,), "\\": (135,), "x": (45, 135), "|": (90,), "-": (0,), "+": (0, 90)}
"""Degrees against the horizontal, anticlockwise, of the lines behind a matplotlib hatch."""
MARKERS: Final = {
    "o": ("circle", 0),
    "^": ("triangle", 0),
    "v": ("triangle", 180),
    "s": ("square", 0),
    "D": ("diamond", 0),
    "X": ("cross_fill", 45),
}
"""Name and turn (degrees clockwise) of the QGIS marker behind a matplotlib marker."""
HALO_MM: Final = 0.7
PITCH_MM: Final = 6.0
"""Distance of a hatch written once; written three times, its lines are a third of this apart."""


@dataclass(frozen=True)
class Rule:
    """How the rows look whose `field` is `value`, and what the legend says.

    Parameters
    ----------
    field, value, also
        Which rows: those whose `field` is `value`, and whose other field is the other value of `also`; a rule without a
        field and with `everything` unset is a line of the legend that draws nothing.
    fill, outline
        Colours ``"#rrggbb"``; empty draws none. `dashed` breaks the outline of a polygon.
    hatch
        A matplotlib hatch, drawn in `ink` over the fill; `halo` puts a broader white line under each line, and a
        white rim around a marker or beside an outline, so that it is seen on every colour.
    marker
        A matplotlib marker; makes it a rule for points, `size` millimetres across.
    level
        Rules with a higher level are drawn above the others.
    """

    label: str
    field: str = ""
    value: str = ""
    also: tuple[str, str | bool] | None = None
    everything: bool = False
    fill: str = ""
    outline: str = ""
    outline_mm: float = 0.1
    dashed: bool = False
    hatch: str = ""
    ink: str = INK
    halo: bool = False
    marker: str = ""
    size: float = 3.0
    level: int = 0

    @property
    def conditions(self) -> tuple[tuple[str, str | bool], ...]:
        """Field and value of all that a row must be."""
        first: tuple[tuple[str, str | bool], ...] = ((self.field, self.value),) if self.field else ()
        return (*first, self.also) if self.also else first

    @property
    def draws(self) -> bool:
        """Whether it is more than a line of text in the legend."""
        return self.everything or bool(self.field)


@dataclass(frozen=True)
class Labels:
    """Labels with a white buffer from one field, at scales larger than one in `below_scale` (0: at every scale).

    With `beside`, a label that has no room inside its polygon may stand next to it, and goes before other layers'.
    """

    field: str
    points: float = 10.0
    bold: bool = False
    below_scale: int = 0
    beside: bool = False


def vector_style(
    rules: Sequence[Rule],
    *,
    labels: Labels | None = None,
    aliases: Mapping[str, str],
    value_words: Mapping[str, Mapping[str, str]],
    display: str,
    map_tip: str,
    geometry: Literal["polygon", "point", "none"] = "polygon",
) -> str:
    """Return the QML of a vector layer, or of a table without geometry.

    Parameters
    ----------
    rules
        In the order of the legend.
    aliases
        Column → title, in the order of the columns.
    value_words
        Column → (value → words) for columns that hold fixed keys.
    display, map_tip
        The expression that names a row, and the HTML shown when the pointer rests on it.
    """
    root = ET.Element("qgis", version=VERSION, styleCategories="AllStyleCategories", labelsEnabled=_flag(bool(labels)))
    point = geometry == "point"
    if geometry != "none":
        _add_renderer(root, rules, point=point)
    if labels:
        _add_labels(root, labels, point=point)
    _add_fields(root, aliases, value_words)
    ET.SubElement(root, "previewExpression").text = display
    ET.SubElement(root, "mapTip").text = map_tip
    ET.SubElement(root, "layerGeometryType").text = {"point": "0", "polygon": "2", "none": "4"}[geometry]
    return _written(root)


def raster_style(classes: Sequence[tuple[float, str, int, str]], *, low: float) -> str:
    """Return the QML of a raster in classes.

    Parameters
    ----------
    classes
        Upper bound, colour, alpha (0 to 255) and label of every class, lowest first; the last takes all above.
    low
        Lower bound of the lowest class.
    """
    root = ET.Element("qgis", version=VERSION, styleCategories="AllStyleCategories")
    pipe = ET.SubElement(root, "pipe")
    high = classes[-1][0]
    renderer = ET.SubElement(
        pipe,
        "rasterrenderer",
        type="singlebandpseudocolor",
        band="1",
        opacity="1",
        alphaBand="-1",
        nodataColor="",
        classificationMin=_number(low),
        classificationMax=_number(high),
    )
    shader = ET.SubElement(ET.SubElement(renderer, "rastershader"), "colorrampshader")
    bounds = {"minimumValue": _number(low), "maximumValue": _number(high)}
    shader.attrib |= {"colorRampType": "DISCRETE", "classificationMode": "1", "clip": "0"} | bounds
    for number, (upper, colour, alpha, label) in enumerate(classes):
        value = "inf" if number == len(classes) - 1 else _number(upper)
        ET.SubElement(shader, "item", value=value, color=colour, alpha=str(alpha), label=label)
    ET.SubElement(pipe, "rasterresampler", maxOversampling="2")
    ET.SubElement(root, "blendMode").text = "0"
    return _written(root)


def codes_style(classes: Sequence[tuple[int, str, str]], *, band: int) -> str:
    """Return the QML of a raster with a band of codes.

    Parameters
    ----------
    classes
        Code, colour and label of every class, in the order of the legend.
    band
        Number of the band that has the codes.
    """
    root = ET.Element("qgis", version=VERSION, styleCategories="AllStyleCategories")
    pipe = ET.SubElement(root, "pipe")
    look = {"type": "paletted", "band": str(band), "opacity": "1", "alphaBand": "-1", "nodataColor": ""}
    palette = ET.SubElement(ET.SubElement(pipe, "rasterrenderer", look), "colorPalette")
    for code, colour, label in classes:
        ET.SubElement(palette, "paletteEntry", value=str(code), color=colour, alpha="255", label=label)
    ET.SubElement(root, "blendMode").text = "0"
    return _written(root)


def _written(root: ET.Element) -> str:
    ET.indent(root, " ")
    return "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n" + ET.tostring(root, encoding="unicode") + "\n"


def _literal(value: str | bool) -> str:
    """Return a value as an expression has it."""
    return ("TRUE" if value else "FALSE") if isinstance(value, bool) else f"'{value}'"


def _flag(on: bool) -> str:
    return "1" if on else "0"


def _number(value: float) -> str:
    return f"{value:.10g}"


def _colour(colour: str) -> str:
    """Return ``"#rrggbb"`` as QGIS writes it; nothing is transparent."""
    if not colour:
        return "255,255,255,0"
    return ",".join(str(int(colour[at : at + 2], 16)) for at in (1, 3, 5)) + ",255"


# --------------------------------------------------------------------------- symbols


def _add_renderer(root: ET.Element, rules: Sequence[Rule], *, point: bool) -> None:
    """Rules and not categories, so that a hatch can lie over any class and has its own line in the legend."""
    levels = _flag(any(rule.level for rule in rules))
    renderer = ET.SubElement(root, "renderer-v2", type="RuleRenderer", symbollevels=levels, forceraster="0")
    tree = ET.SubElement(renderer, "rules", key="rules")
    symbols = ET.SubElement(renderer, "symbols")
    for number, rule in enumerate(rules):
        item = ET.SubElement(tree, "rule", key=f"rule-{number}", symbol=str(number), label=rule.label)
        if rule.conditions:
            item.set("filter", " AND ".join(f'"{field}" = {_literal(value)}' for field, value in rule.conditions))
        elif not rule.everything:
            item.set("filter", "FALSE")
        kind = "marker" if point else "fill"
        symbol = ET.SubElement(symbols, "symbol", type=kind, name=str(number), alpha="1", clip_to_extent="1")
        if point:
            _add_marker(symbol, rule)
        else:
            _add_fill(symbol, rule, number)


def _layer(symbol: ET.Element, kind: str, level: int = 0, **properties: str) -> ET.Element:
    layer = ET.SubElement(symbol, "layer", {"class": kind, "enabled": "1", "locked": "0", "pass": str(level)})
    for key, value in properties.items():
        ET.SubElement(layer, "prop", k=key, v=value)
    return layer


def _add_fill(symbol: ET.Element, rule: Rule, number: int) -> None:
    strokes = [(rule.fill, rule.outline, rule.outline_mm, rule.dashed)]
    if rule.halo and rule.outline:
        strokes = [(rule.fill, "#ffffff", rule.outline_mm + HALO_MM, False), ("", *strokes[0][1:])]
    for fill, outline, width, dashed in strokes:
        _layer(
            symbol,
            "SimpleFill",
            rule.level,
            color=_colour(fill),
            style="solid" if fill else "no",
            outline_color=_colour(outline),
            outline_style=("dash" if dashed else "solid") if outline else "no",
            outline_width=_number(width),
            outline_width_unit="MM",
            joinstyle="round",
        )
    if not rule.hatch:
        return
    pitch = PITCH_MM / len(rule.hatch)
    if rule.hatch[0] == ".":
        _add_dots(symbol, rule, name=f"@{number}@1", pitch=pitch)
    for at, angle in enumerate(HATCH_ANGLES.get(rule.hatch[0], ()), start=1):
        _add_lines(symbol, rule, name=f"@{number}@{at}", pitch=pitch, angle=angle)


def _add_lines(symbol: ET.Element, rule: Rule, *, name: str, pitch: float, angle: int) -> None:
    layer = _layer(symbol, "LinePatternFill", rule.level, angle=str(angle), distance=_number(pitch), distance_unit="MM")
    line = ET.SubElement(layer, "symbol", type="line", name=name, alpha="1", clip_to_extent="1")
    strokes = [("#ffffff", "0.4")] if rule.halo else []
    for colour, width in [*strokes, (rule.ink, "0.13")]:
        _layer(
            line, "SimpleLine", line_color=_colour(colour), line_style="solid", line_width=width, line_width_unit="MM"
        )


def _add_dots(symbol: ET.Element, rule: Rule, *, name: str, pitch: float) -> None:
    distances = {f"distance_{axis}": _number(pitch * 0.7) for axis in "xy"}
    shifts = {"displacement_x": _number(pitch * 0.35), "displacement_y": "0"}
    units = {f"{what}_{axis}_unit": "MM" for what in ("distance", "displacement") for axis in "xy"}
    layer = _layer(symbol, "PointPatternFill", rule.level, **distances, **shifts, **units)
    dot = ET.SubElement(layer, "symbol", type="marker", name=name, alpha="1", clip_to_extent="1")
    _layer(dot, "SimpleMarker", name="circle", color=_colour(rule.ink), outline_style="no", size="0.4", size_unit="MM")


def _add_marker(symbol: ET.Element, rule: Rule) -> None:
    name, turn = MARKERS[rule.marker] if rule.marker else ("circle", 0)
    rims = [("#ffffff", rule.outline_mm + HALO_MM)] if rule.halo else []
    for outline, width in [*rims, (rule.outline, rule.outline_mm)]:
        _layer(
            symbol,
            "SimpleMarker",
            rule.level,
            name=name,
            angle=str(turn),
            color=_colour(rule.fill),
            outline_color=_colour(outline),
            outline_style="solid" if outline else "no",
            outline_width=_number(width),
            outline_width_unit="MM",
            joinstyle="round",
            size=_number(rule.size),
            size_unit="MM",
        )


# --------------------------------------------------------------------------- words


def _add_labels(root: ET.Element, labels: Labels, *, point: bool) -> None:
    settings = ET.SubElement(ET.SubElement(root, "labeling", type="simple"), "settings")
    style = ET.SubElement(
        settings,
        "text-style",
        fieldName=labels.field,
        isExpression="0",
        fontSize=_number(labels.points),
        fontSizeUnit="Point",
        fontFamily="Arial",
        fontWeight="75" if labels.bold else "50",
        textColor=_colour(INK),
        textOpacity="1",
    )
    buffer = {"bufferDraw": "1", "bufferSize": "0.8", "bufferSizeUnits": "MM", "bufferColor": _colour("#ffffff")}
    ET.SubElement(style, "text-buffer", buffer, bufferOpacity="0.85", bufferJoinStyle="128", bufferNoFill="1")
    # Placement 6 is cartographic (around a point), 1 is over a point inside the polygon, 4 horizontal in or beside it.
    placement = {"placement": "6", "dist": "1"} if point else {"placement": "1", "centroidInside": "1"}
    if labels.beside:
        placement = {"placement": "4", "polygonPlacementFlags": "3"}
    priority = "8" if labels.beside else "5"
    ET.SubElement(settings, "placement", placement, priority=priority, quadOffset="4")
    scale = {"scaleVisibility": _flag(labels.below_scale > 0), "scaleMax": str(labels.below_scale), "scaleMin": "0"}
    ET.SubElement(settings, "rendering", scale, drawLabels="1", obstacle="1")


def _add_fields(root: ET.Element, aliases: Mapping[str, str], value_words: Mapping[str, Mapping[str, str]]) -> None:
    configuration = ET.SubElement(root, "fieldConfiguration")
    for column, words in value_words.items():
        field = ET.SubElement(configuration, "field", name=column)
        config = ET.SubElement(ET.SubElement(field, "editWidget", type="ValueMap"), "config")
        choices = ET.SubElement(ET.SubElement(config, "Option", type="Map"), "Option", type="List", name="map")
        for value, label in words.items():
            ET.SubElement(
                ET.SubElement(choices, "Option", type="Map"), "Option", type="QString", name=label, value=value
            )
    listed = ET.SubElement(root, "aliases")
    for index, (column, words_of_column) in enumerate(aliases.items()):
        ET.SubElement(listed, "alias", field=column, index=str(index), name=words_of_column)
