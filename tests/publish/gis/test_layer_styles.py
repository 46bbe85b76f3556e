"""The looks of layers. Expected colours and words are those of the vocabulary."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from itertools import combinations

import numpy as np
import pytest

from hotspots.model import SCHOOL_RESULT_COLUMNS, summarise_areas
from hotspots.publish.gis.styles import authority_style, school_style, summary_style, surface_style, table_style
from hotspots.publish.gis.styles.map_tips import in_words, map_tip
from hotspots.publish.style.markings import DEPENDS, SCHOOL_LEVELS, marking
from hotspots.publish.style.surface_classes import SURFACE_COLOURS, surface_breaks, surface_labels
from hotspots.vocabulary import (
    INK,
    METHOD_CLASSES,
    RELEASE_WORDS,
    SCHOOL_CLASSES,
    SCHOOL_COLUMN_WORDS,
)
from hotspots.vocabulary.classes import GI_CLASSES

SE = "{http://www.opengis.net/se}"
OGC = "{http://www.opengis.net/ogc}"


def rules_of(qml):
    """Return (label, filter, symbol) of every rule, in order."""
    root = ET.fromstring(qml)
    symbols = {s.get("name"): s for s in root.findall("renderer-v2/symbols/symbol")}
    return [(r.get("label"), r.get("filter"), symbols[r.get("symbol")]) for r in root.findall("renderer-v2/rules/rule")]


def properties(layer):
    return {p.get("k"): p.get("v") for p in layer.findall("prop")}


def rgb(colour):
    return ",".join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5)) + ",255"


def grey(colour):
    return sum(w * int(colour[i : i + 2], 16) / 255 for w, i in ((0.299, 1), (0.587, 3), (0.114, 5)))


AUTHORITY_WORDS = {"la_code": ("Code", "Code"), "la_name": ("Name", "Name"), "areas": ("Areas", "Areas")}
SCHOOL_WORDS = {"map_class": ("Class", "Class")}
COLUMNS = {"getis_ord": ("gi_a", "cert_a"), "local_moran": ("lm_a", "lm_cert_a")}


@pytest.fixture
def area_style(gi_result, moran_result):
    """Return the look of areas by one method; the layer has the columns of both."""
    summary = summarise_areas([gi_result, moran_result])

    def style(method, *, release, unsure=True):
        return summary_style(summary, "knife-crime", method, release=release, unsure=unsure)

    return style


# --------------------------------------------------------------------------- areas


@pytest.mark.parametrize("method", ["getis_ord", "local_moran"])
def test_every_class_of_areas_has_its_colour_and_words(area_style, method):
    rules = rules_of(area_style(method, release="open", unsure=False).qml)
    assert [label for label, _, _ in rules] == [style.label for style in METHOD_CLASSES[method]]
    for (_, where, symbol), style in zip(rules, METHOD_CLASSES[method], strict=True):
        assert where == f"\"{COLUMNS[method][0]}\" = '{style.key}'"
        assert properties(symbol.find("layer"))["color"] == rgb(style.colour)


def test_hatches_are_drawn_at_the_angle_they_are_written_with(area_style):
    symbols = {label: symbol for label, _, symbol in rules_of(area_style("local_moran", release="open").qml)}

    def angles(label):
        return [properties(layer)["angle"] for layer in symbols[label].findall("layer[@class='LinePatternFill']")]

    assert angles("High-High: high, neighbours high") == []
    assert angles("High-Low: high, neighbours low") == ["45"]
    assert angles("Low-High: low, neighbours high") == ["135"]
    assert angles("Not tested") == ["45", "135"]
    assert angles(DEPENDS.label) == ["90"]
    dots = symbols["Low-Low: low, neighbours low"].find("layer[@class='PointPatternFill']/symbol/layer")
    assert properties(dots)["color"] == rgb("#ffffff")


def test_the_second_hatch_needs_hidden_numbers(area_style):
    assert DEPENDS.label not in area_style("getis_ord", release="open", unsure=False).qml
    label, where, symbol = rules_of(area_style("getis_ord", release="open").qml)[-1]
    assert (label, where) == (DEPENDS.label, "\"cert_a\" = 'depends'")
    assert properties(symbol.find("layer"))["style"] == "no"
    # White under ink: seen on the darkest class and on the palest.
    lines = [properties(layer)["line_color"] for layer in symbol.findall("layer/symbol/layer")]
    assert lines == [rgb("#ffffff"), rgb(INK)]


@pytest.mark.parametrize("classes", [*METHOD_CLASSES.values()], ids=[*METHOD_CLASSES])
def test_classes_survive_a_black_and_white_printer(classes):
    for one, other in combinations(classes, 2):
        assert one.hatch != other.hatch or abs(grey(one.colour) - grey(other.colour)) > 0.08, (one.key, other.key)


def test_ink_is_seen_on_every_class():
    for style in (*GI_CLASSES, *METHOD_CLASSES["local_moran"]):
        assert abs(grey(style.colour) - grey(style.ink)) > 0.3, style.key


@pytest.mark.parametrize("release", ["invented", "restricted"])
def test_the_marking_stands_first_in_every_legend_and_draws_nothing(area_style, release):
    for look in (
        area_style("getis_ord", release=release),
        school_style(SCHOOL_WORDS, release=release),
        authority_style(AUTHORITY_WORDS, release=release),
    ):
        label, where, symbol = rules_of(look.qml)[0]
        assert (label, where) == (RELEASE_WORDS[release], "FALSE")
        assert properties(symbol.find("layer"))["outline_style"] == "no"
        assert RELEASE_WORDS[release] in ET.fromstring(look.qml).findtext("mapTip")
        assert RELEASE_WORDS[release] not in look.sld


@pytest.mark.parametrize("release", ["open", "nhs-digital"])
def test_published_and_protected_data_have_no_marking(area_style, release):
    assert marking(release) == ""
    assert rules_of(area_style("getis_ord", release=release).qml)[0][0] == GI_CLASSES[0].label


@pytest.mark.parametrize("method", ["getis_ord", "local_moran"])
def test_columns_have_titles_and_keys_have_words(area_style, method):
    root = ET.fromstring(area_style(method, release="open").qml)
    aliases = {alias.get("field"): alias.get("name") for alias in root.findall("aliases/alias")}
    assert list(aliases)[:5] == ["area_id", "name", "la_code", "la_name", "population"]
    assert aliases["n_lo_a"] == "Knife crime: events, at least"
    pairs = {
        field.get("name"): {o.get("value"): o.get("name") for o in field.iter("Option") if o.get("type") == "QString"}
        for field in root.findall("fieldConfiguration/field")
    }
    # Whichever is drawn, the codes of both have words.
    assert pairs["gi_a"] == {style.key: style.label for style in GI_CLASSES}
    assert pairs["lm_a"] == {style.key: style.label for style in METHOD_CLASSES["local_moran"]}
    assert pairs["gi_bin_a"]["3"] == "Hot, 99% confidence"
    assert pairs["gi_bin_a"]["-1"] == "Cold, 90% confidence"
    assert pairs["cert_a"]["depends"] == "depends on suppressed counts"


def test_a_table_has_titles_and_words_and_nothing_to_draw():
    root = ET.fromstring(table_style({"a": ("First", "The first")}, {"a": {"x": "An x"}}).qml)
    assert root.find("renderer-v2") is None
    assert root.findtext("layerGeometryType") == "4"
    assert root.find("aliases/alias").get("name") == "First"
    assert root.find("fieldConfiguration/field").get("name") == "a"


def test_every_column_of_schools_has_words():
    assert set(SCHOOL_COLUMN_WORDS) == {"school_id", *SCHOOL_RESULT_COLUMNS} - {"geometry"}


# --------------------------------------------------------------------------- schools and authorities


def test_schools_differ_in_shape_and_stand_on_top_where_they_stand_out():
    root = ET.fromstring(school_style(SCHOOL_WORDS, release="open").qml)
    assert root.find("renderer-v2").get("symbollevels") == "1"
    drawn = {}
    for (label, where, symbol), style in zip(rules_of(ET.tostring(root)), SCHOOL_CLASSES, strict=True):
        assert label == style.label
        assert where == f"\"map_class\" = '{style.key}'"
        layers = symbol.findall("layer")
        drawn[style.key] = properties(layers[-1]) | {"pass": int(layers[-1].get("pass"))}
        assert properties(layers[0])["outline_color"] == rgb("#ffffff")
    assert sorted(drawn, key=lambda key: drawn[key]["pass"]) == list(SCHOOL_LEVELS)
    shapes = {key: (look["name"], look["angle"]) for key, look in drawn.items()}
    assert shapes["far_above"] == ("triangle", "0")
    assert shapes["far_below"] == ("triangle", "180")
    assert shapes["as_expected"] == ("circle", "0")
    assert shapes["cannot_be_judged"] == ("cross_fill", "45")


def test_authorities_are_an_outline_and_a_name():
    root = ET.fromstring(authority_style(AUTHORITY_WORDS, release="open").qml)
    ((_, where, symbol),) = rules_of(ET.tostring(root))
    assert where is None
    assert properties(symbol.find("layer"))["style"] == "no"
    assert root.get("labelsEnabled") == "1"
    assert root.find("labeling/settings/text-style").get("fieldName") == "la_name"


def test_sld_has_the_same_classes_lowest_level_first():
    root = ET.fromstring(school_style(SCHOOL_WORDS, release="invented").sld)
    found = [(r.findtext(f"{SE}Name"), r.findtext(f".//{OGC}Literal")) for r in root.iter(f"{SE}Rule")]
    labels = {style.key: style.label for style in SCHOOL_CLASSES}
    assert found[:-1] == [(labels[key], key) for key in SCHOOL_LEVELS]
    assert root.findtext(f".//{SE}MaxScaleDenominator") == "40000"


def test_sld_has_fill_line_and_hatch(area_style):
    root = ET.fromstring(area_style("local_moran", release="open").sld)
    assert root.findtext(f".//{SE}Name") == "areas"
    rules = {r.findtext(f"{SE}Name"): r for r in root.iter(f"{SE}Rule")}
    low = rules["Low-High: low, neighbours high"]
    assert low.find(f"{SE}PolygonSymbolizer/{SE}Fill/{SE}SvgParameter").text == "#92c5de"
    assert low.findtext(f".//{SE}WellKnownName") == "horline"
    assert low.findtext(f".//{SE}Rotation/{OGC}Literal") == "135"
    assert rules["Low-Low: low, neighbours low"].findtext(f".//{SE}WellKnownName") == "circle"


# --------------------------------------------------------------------------- expressions


def test_words_with_quotes_are_literals():
    assert in_words("c", {"a": "Moran's \\ I"}) == (
        "CASE WHEN \"c\" = 'a' THEN 'Moran''s \\\\ I' ELSE coalesce(\"c\", 'not known') END"
    )


def test_a_map_tip_has_no_empty_parts():
    assert map_tip('"a"', '"b"', (("Events", '"n"'),)) == '<b>[% "a" %]</b><br/>[% "b" %]<br/>Events: [% "n" %]'


# --------------------------------------------------------------------------- surfaces


def test_the_raster_has_the_classes_of_the_printed_map(surface):
    items = ET.fromstring(surface_style(surface)).findall(".//item")
    breaks = surface_breaks(surface)
    assert [item.get("label") for item in items] == surface_labels(breaks)
    assert [float(item.get("value")) for item in items] == [*breaks[1:-1], np.inf]
    assert [item.get("color") for item in items] == [colour[:7] for colour in SURFACE_COLOURS]
    assert [item.get("alpha") for item in items] == ["0", *["255"] * 5]
