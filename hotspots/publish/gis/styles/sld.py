"""The same rules as Styled Layer Descriptors (SLD 1.1), for map servers and programs that do not read QML."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from hotspots.publish.gis.styles.qml import HALO_MM, HATCH_ANGLES, MARKERS, PITCH_MM, Labels, Rule

__all__ = ["layer_descriptor"]

PIXELS_PER_MM: Final = 1 / 0.28
"""OGC's standard pixel is 0.28 mm (Symbology Encoding 1.1, section 10.2)."""
OGC: Final = "http://www.opengis.net/ogc"
SE: Final = "http://www.opengis.net/se"
SLD: Final = "http://www.opengis.net/sld"


def layer_descriptor(name: str, rules: Sequence[Rule], *, labels: Labels | None = None) -> str:
    """Return the SLD of a vector layer; a line of the legend that draws nothing is left out."""
    names = {"xmlns": SLD, "xmlns:se": SE, "xmlns:ogc": OGC}
    root = ET.Element("StyledLayerDescriptor", names, version="1.1.0")
    layer = ET.SubElement(root, "NamedLayer")
    ET.SubElement(layer, "se:Name").text = name
    style = ET.SubElement(layer, "UserStyle")
    ET.SubElement(style, "se:Name").text = name
    features = ET.SubElement(style, "se:FeatureTypeStyle")
    for rule in sorted((rule for rule in rules if rule.draws), key=lambda rule: rule.level):
        _add_rule(features, rule)
    if labels:
        _add_label(ET.SubElement(features, "se:Rule"), labels)
    ET.indent(root, " ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _add_rule(features: ET.Element, rule: Rule) -> None:
    element = ET.SubElement(features, "se:Rule")
    ET.SubElement(element, "se:Name").text = rule.label
    ET.SubElement(ET.SubElement(element, "se:Description"), "se:Title").text = rule.label
    if rule.conditions:
        where = ET.SubElement(element, "ogc:Filter")
        where = ET.SubElement(where, "ogc:And") if len(rule.conditions) > 1 else where
        for field, value in rule.conditions:
            equal = ET.SubElement(where, "ogc:PropertyIsEqualTo")
            ET.SubElement(equal, "ogc:PropertyName").text = field
            ET.SubElement(equal, "ogc:Literal").text = str(value).lower() if isinstance(value, bool) else value
    if rule.marker:
        _add_marker(element, rule)
        return
    if rule.halo and rule.outline:
        rim = ET.SubElement(element, "se:PolygonSymbolizer")
        _add_stroke(rim, "#ffffff", rule.outline_mm + HALO_MM)
    if rule.fill or rule.outline:
        polygon = ET.SubElement(element, "se:PolygonSymbolizer")
        if rule.fill:
            _parameter(ET.SubElement(polygon, "se:Fill"), "fill", rule.fill)
        _add_stroke(polygon, rule.outline, rule.outline_mm, dashed=rule.dashed)
    if rule.hatch:
        _add_hatch(element, rule)


def _parameter(parent: ET.Element, name: str, value: str) -> None:
    ET.SubElement(parent, "se:SvgParameter", name=name).text = value


def _pixels(millimetres: float) -> str:
    return f"{millimetres * PIXELS_PER_MM:.3g}"


def _add_stroke(parent: ET.Element, colour: str, width_mm: float, *, dashed: bool = False) -> None:
    if colour:
        stroke = ET.SubElement(parent, "se:Stroke")
        _parameter(stroke, "stroke", colour)
        _parameter(stroke, "stroke-width", _pixels(width_mm))
        _parameter(stroke, "stroke-linejoin", "round")
        if dashed:
            _parameter(stroke, "stroke-dasharray", f"{_pixels(4 * width_mm)} {_pixels(2 * width_mm)}")


def _add_hatch(element: ET.Element, rule: Rule) -> None:
    size = _pixels(PITCH_MM / len(rule.hatch))
    for angle in HATCH_ANGLES.get(rule.hatch[0], (None,)):
        polygon = ET.SubElement(element, "se:PolygonSymbolizer")
        graphic = ET.SubElement(ET.SubElement(ET.SubElement(polygon, "se:Fill"), "se:GraphicFill"), "se:Graphic")
        mark = ET.SubElement(graphic, "se:Mark")
        ET.SubElement(mark, "se:WellKnownName").text = "circle" if angle is None else "horline"
        if angle is None:
            _parameter(ET.SubElement(mark, "se:Fill"), "fill", rule.ink)
            ET.SubElement(graphic, "se:Size").text = _pixels(0.4)
            margin = _pixels(PITCH_MM / len(rule.hatch) * 0.7)
            ET.SubElement(polygon, "se:VendorOption", name="distance").text = f"{margin},{margin}"
        else:
            _add_stroke(mark, rule.ink, 0.13)
            ET.SubElement(graphic, "se:Size").text = size
            _add_turn(graphic, angle)


def _add_turn(graphic: ET.Element, degrees: int) -> None:
    if degrees:
        ET.SubElement(ET.SubElement(graphic, "se:Rotation"), "ogc:Literal").text = str(degrees)


def _add_marker(element: ET.Element, rule: Rule) -> None:
    if rule.halo:
        _add_marker(element, replace(rule, halo=False, outline="#ffffff", outline_mm=rule.outline_mm + HALO_MM))
    name, turn = MARKERS[rule.marker]
    graphic = ET.SubElement(ET.SubElement(element, "se:PointSymbolizer"), "se:Graphic")
    mark = ET.SubElement(graphic, "se:Mark")
    # "x" is SLD's word for a diagonal cross; for a diamond it has none, but it can turn a square.
    ET.SubElement(mark, "se:WellKnownName").text = {"cross_fill": "x", "diamond": "square"}.get(name, name)
    _parameter(ET.SubElement(mark, "se:Fill"), "fill", rule.fill)
    _add_stroke(mark, rule.outline, rule.outline_mm)
    ET.SubElement(graphic, "se:Size").text = _pixels(rule.size)
    if name != "cross_fill":
        _add_turn(graphic, 45 if name == "diamond" else turn)


def _add_label(element: ET.Element, labels: Labels) -> None:
    if labels.below_scale:
        ET.SubElement(element, "se:MaxScaleDenominator").text = str(labels.below_scale)
    text = ET.SubElement(element, "se:TextSymbolizer")
    ET.SubElement(ET.SubElement(text, "se:Label"), "ogc:PropertyName").text = labels.field
    font = ET.SubElement(text, "se:Font")
    _parameter(font, "font-family", "Arial")
    _parameter(font, "font-size", f"{labels.points / 72 * 25.4 * PIXELS_PER_MM:.3g}")
    halo = ET.SubElement(text, "se:Halo")
    ET.SubElement(halo, "se:Radius").text = _pixels(0.8)
    _parameter(ET.SubElement(halo, "se:Fill"), "fill", "#ffffff")
    _parameter(ET.SubElement(text, "se:Fill"), "fill", "#262626")
