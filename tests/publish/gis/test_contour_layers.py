"""Contours as a layer of the GeoPackage, read back. Expected numbers are those of the fixture's three squares."""

from __future__ import annotations

import json
import sqlite3
import xml.etree.ElementTree as ET
from contextlib import closing

import numpy as np
import pyogrio
import pytest

from hotspots.errors import DisclosureError, OutputError
from hotspots.model import settings_of, words_of
from hotspots.publish.gis.geopackage import write_geopackage
from hotspots.publish.gis.layers import contour_layer
from hotspots.vocabulary import CONTOUR_COLUMN_WORDS, CONTOUR_KINDS

LAYER = "knife_crime_risk_raised_lowered"


@pytest.fixture
def package(tmp_path, contours, study_area, gi_result):
    return write_geopackage(tmp_path / "town.gpkg", [gi_result, contours, study_area], title="The town")


def ask(path, question, *values):
    with closing(sqlite3.connect(path)) as file:
        return file.execute(question, values).fetchall()


def test_the_layer_lies_above_areas_and_authorities(package):
    names = [name for name, _ in pyogrio.list_layers(package)]
    assert names == [LAYER, "authorities", "areas", "knife_crime_getis_ord", "layer_styles"]


def test_every_value_is_read_back(package, contours):
    read = pyogrio.read_dataframe(package, layer=LAYER)
    assert list(read.columns) == [*CONTOUR_COLUMN_WORDS, "geometry"]
    assert read["contour_id"].tolist() == [1, 2, 3]
    assert read["contour_id"].dtype == np.int64
    assert read["kind"].tolist() == ["raised", "lowered", "lowered"]
    assert read["area_km2"].tolist() == [4.0, 0.25, 0.25]
    assert read["share_of_area"].to_numpy() == pytest.approx([4 / 36, 0.25 / 36, 0.25 / 36])
    assert read["events"].tolist() == [60.0, 2.0, 1.0]
    # 60, 2 and 1 of 200 events.
    assert read["label"].tolist() == ["30% of events", "1.0% of events", "0.5% of events"]
    assert list(read.geometry.area) == [4e6, 0.25e6, 0.25e6]


def test_events_that_may_not_be_counted_are_missing_and_the_label_is_the_size(make_contours, contours, tmp_path):
    table = contours.table.assign(events=np.nan, share_of_events=np.nan)
    path = write_geopackage(tmp_path / "c.gpkg", [make_contours(table=table)], title="C")
    assert ask(path, f"SELECT count(events), count(share_of_events) FROM {LAYER}") == [(0, 0)]
    assert ask(path, f"SELECT label FROM {LAYER}") == [("4 km²",), ("0.25 km²",), ("0.25 km²",)]


def test_columns_are_explained(package):
    rows = ask(package, "SELECT column_name, title, description FROM gpkg_data_columns WHERE table_name = ?", LAYER)
    assert {column: (title, words) for column, title, words in rows} == CONTOUR_COLUMN_WORDS


def test_how_they_were_made_is_in_the_file(package, contours):
    rows = ask(
        package,
        "SELECT m.metadata FROM gpkg_metadata m JOIN gpkg_metadata_reference r ON r.md_file_id = m.id"
        " WHERE r.table_name = ? AND m.mime_type = 'application/json'",
        LAYER,
    )
    lineage = json.loads(rows[0][0])
    assert (lineage["surface"], lineage["words"]) == (contours.surface, contours.words)
    assert lineage["provenance"] == settings_of(contours)
    assert lineage["notes"] == list(words_of(contours.notes))
    ((title, words),) = ask(package, "SELECT identifier, description FROM gpkg_contents WHERE table_name = ?", LAYER)
    assert title == (
        "Risk raised by more than chance at 5%, Risk lowered by more than chance at 5%: risk of knife crime, 2017-2019"
    )
    assert words.startswith("Invented data: not about real people or events. Contours go round")


def test_lowered_is_dashed_in_both_styles(package):
    ((qml, sld),) = ask(package, "SELECT styleQML, styleSLD FROM layer_styles WHERE f_table_name = ?", LAYER)
    root = ET.fromstring(qml)
    rules = {rule.get("label"): rule.get("symbol") for rule in root.findall("renderer-v2/rules/rule")}
    for label, style in ((CONTOUR_KINDS["raised"], "solid"), (CONTOUR_KINDS["lowered"], "dash")):
        rim, layer = root.findall(f"renderer-v2/symbols/symbol[@name='{rules[label]}']/layer")
        assert {prop.get("k"): prop.get("v") for prop in rim.findall("prop")}["outline_color"] == "255,255,255,255"
        properties = {prop.get("k"): prop.get("v") for prop in layer.findall("prop")}
        assert (properties["outline_style"], properties["style"]) == (style, "no")
    assert root.find("labeling/settings/text-style").get("fieldName") == "label"
    names = {"se": "http://www.opengis.net/se"}
    dashes = [
        rule.find(".//se:SvgParameter[@name='stroke-dasharray']", names) is not None
        for rule in ET.fromstring(sld).findall(".//se:Rule", names)
    ]
    assert dashes == [False, True, False]  # raised, lowered, labels


def test_one_kind_names_the_layer_and_none_can_be_written(make_contours, contours, tmp_path):
    raised = make_contours(table=contours.table[contours.table["kind"] == "raised"])
    assert contour_layer(raised).name == "knife_crime_risk_raised"
    none = make_contours(table=contours.table[:0])
    path = write_geopackage(tmp_path / "none.gpkg", [none], title="None")
    assert pyogrio.read_info(path, layer="knife_crime_risk_contours")["features"] == 0


def test_two_of_the_same_surface_are_refused_by_name(contours, tmp_path):
    with pytest.raises(OutputError, match=f"would be called '{LAYER}'"):
        write_geopackage(tmp_path / "c.gpkg", [contours, contours], title="C")


def test_unreleased_points_are_refused(make_contours, tmp_path):
    with pytest.raises(DisclosureError, match="risk of knife crime"):
        write_geopackage(tmp_path / "c.gpkg", [make_contours(release="unreleased")], title="C")


def test_the_noun_is_as_before(contours, tmp_path):
    before = contours.table.copy()
    write_geopackage(tmp_path / "c.gpkg", [contours], title="C")
    assert contours.table.equals(before)
