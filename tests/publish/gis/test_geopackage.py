"""The GeoPackage, read back with pyogrio and with plain SQL. Expected numbers are worked out by hand from
the squares of the fixtures."""

from __future__ import annotations

import json
import sqlite3
import xml.etree.ElementTree as ET
from contextlib import closing
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
from shapely.geometry import box

from hotspots.errors import DisclosureError, OutputError
from hotspots.model import Identity, StudyArea, settings_of
from hotspots.publish.gis import geopackage
from hotspots.publish.gis.geopackage import write_geopackage
from hotspots.publish.gis.layers import area_layer, authority_layer, school_layer
from hotspots.publish.style.outlines import prepare_ground
from hotspots.vocabulary import COLUMN_WORDS, RESULT_COLUMNS

LAYERS = ["schools", "authorities", "knife_crime_getis_ord", "knife_crime_local_moran"]


@pytest.fixture
def town(tmp_path, study_area, gi_result, moran_result, school_result):
    contents = [gi_result, study_area, school_result, moran_result]
    return write_geopackage(tmp_path / "town.gpkg", contents, title="The town", description="All of it.")


def ask(path, question, *values):
    with closing(sqlite3.connect(path)) as file:
        return file.execute(question, values).fetchall()


# --------------------------------------------------------------------------- layers and tables


def test_points_come_first_because_the_first_layer_is_drawn_on_top(town):
    assert [name for name, _ in pyogrio.list_layers(town)] == [*LAYERS, "layer_styles"]


def test_it_is_a_sound_geopackage_1_3(town):
    assert ask(town, "PRAGMA application_id") == [(0x47504B47,)]
    assert ask(town, "PRAGMA user_version") == [(10300,)]
    assert ask(town, "PRAGMA integrity_check") == [("ok",)]
    assert ask(town, "PRAGMA foreign_key_check") == []


def test_areas_have_the_fixed_columns_in_their_order(town, gi_result):
    info = pyogrio.read_info(town, layer="knife_crime_getis_ord")
    assert list(info["fields"]) == [column for column in RESULT_COLUMNS if column != "geometry"]
    types = dict(zip(info["fields"], info["ogr_types"], strict=True))
    assert types.pop("neighbours") == "OFTInteger64"
    texts = {column for column, kind in types.items() if kind == "OFTString"}
    assert texts == {
        *(
            "area_id",
            "name",
            "la_code",
            "la_name",
            "quadrant",
            "class",
            "certainty",
            "hot_without_largest",
            "null",
            "reason",
        )
    }
    assert {kind for column, kind in types.items() if column not in texts} == {"OFTReal"}
    assert (info["crs"], info["fid_column"], info["features"]) == ("EPSG:27700", "fid", 36)


def test_every_value_is_read_back(town, gi_result):
    read = pyogrio.read_dataframe(town, layer="knife_crime_getis_ord").set_index("area_id")
    assert list(read.index) == list(gi_result.table.index)
    for column in gi_result.table.columns:
        if column in ("geometry", "reason"):
            continue
        wanted = gi_result.table[column]
        if wanted.dtype.kind in "fi":
            assert np.array_equal(read[column].astype(float), wanted.astype(float), equal_nan=True), column
        else:
            assert list(read[column]) == list(wanted), column
    assert read.geometry.geom_equals(gi_result.table.geometry).all()


def test_what_is_missing_is_null_and_not_a_word(town):
    table = "knife_crime_getis_ord"
    # Four areas were not tested, so they alone have a reason, and no p-value; nobody has a Moran's I.
    assert ask(town, f"SELECT count(*) FROM {table} WHERE reason IS NULL") == [(32,)]
    assert ask(town, f"SELECT count(*) FROM {table} WHERE p_low IS NULL") == [(4,)]
    assert ask(town, f"SELECT count(moran_i) FROM {table}") == [(0,)]
    for column in ("name", "reason", "quadrant"):
        assert ask(town, f"SELECT count(*) FROM {table} WHERE {column} IN ('', 'nan', 'None', '<NA>')") == [(0,)]


def test_areas_and_authorities_are_multipolygons_and_schools_points(town):
    assert dict(ask(town, "SELECT table_name, geometry_type_name FROM gpkg_geometry_columns")) == {
        "knife_crime_getis_ord": "MULTIPOLYGON",
        "knife_crime_local_moran": "MULTIPOLYGON",
        "authorities": "MULTIPOLYGON",
        "schools": "POINT",
    }
    read = pyogrio.read_dataframe(town, layer="knife_crime_getis_ord")
    assert set(read.geom_type) == {"MultiPolygon"}


def test_a_school_without_a_point_keeps_its_row(town):
    read = pyogrio.read_dataframe(town, layer="schools").set_index("school_id")
    assert len(read) == 12
    assert list(read.index[read.geometry.isna()]) == ["3334011"]
    assert read.loc["3334011", "reason"] == "no coordinates in the register"
    assert read.loc["3304000", "idaci_decile"] == 10


def test_schools_all_without_points_are_still_a_layer_of_points(make_schools, tmp_path):
    result = make_schools()
    table = result.table.set_geometry(gpd.GeoSeries([None] * 12, index=result.table.index, crs=27700))
    path = write_geopackage(tmp_path / "s.gpkg", [make_schools(table=table)], title="S")
    assert pyogrio.read_info(path, layer="schools")["geometry_type"] == "Point"


def test_authorities_are_dissolved_with_their_people(town):
    read = pyogrio.read_dataframe(town, layer="authorities").set_index("la_code")
    assert list(read["la_name"]) == ["Birmingham", "Sandwell"]
    assert list(read["areas"]) == [18, 18]
    # 1,500 people and ten times the number of the area; the numbers of the western half add up to 288
    assert list(read["population"]) == [18 * 1_500 + 10 * 288, 18 * 1_500 + 10 * (630 - 288)]
    assert list(read.geometry.area) == [18e6, 18e6]
    assert [len(shape.geoms) for shape in read.geometry] == [1, 1]


def test_authorities_without_population_have_no_such_column(study_area, tmp_path):
    area = StudyArea(study_area.areas.drop(columns="population"), identity=Identity(release="invented"))
    path = write_geopackage(tmp_path / "a.gpkg", [area], title="A")
    assert list(pyogrio.read_info(path, layer="authorities")["fields"]) == ["la_code", "la_name", "areas"]


def test_borders_that_differ_in_the_last_decimals_leave_no_slivers():
    # Two squares whose common border is 0.02 m apart over half of its length.
    left, right = box(0, 0, 100, 100), box(100, 0, 200, 50).union(box(100.02, 50, 200, 100))
    areas = gpd.GeoDataFrame(
        {"name": ["a", "b"], "la_code": ["E1", "E1"], "la_name": ["One", "One"]},
        geometry=[left, right],
        index=["a", "b"],
        crs=27700,
    )
    (shape,) = authority_layer(StudyArea(areas, identity=Identity(release="open"))).table.geometry
    assert shape.equals(box(0, 0, 200, 100))


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("knife-crime", "knife_crime_getis_ord"),
        ("Hospital admissions (2017–19)", "hospital_admissions_2017_19_getis_ord"),
        ('"; DROP TABLE', "drop_table_getis_ord"),
        ("…", "events_getis_ord"),
    ],
)
def test_layers_have_plain_names(make_hotspots, tmp_path, name, layer):
    path = write_geopackage(tmp_path / "x.gpkg", [make_hotspots(name=name)], title="X")
    assert pyogrio.list_layers(path)[0][0] == layer
    assert ask(path, "SELECT count(*) FROM layer_styles WHERE f_table_name = ?", layer) == [(1,)]


def test_text_of_either_pandas_and_nullable_numbers_can_be_written(gi_result, make_hotspots):
    table = gi_result.table.copy()
    table["name"] = table["name"].astype("string")
    table["reason"] = table["reason"].replace("", pd.NA).astype("string")
    table["neighbours"] = table["neighbours"].astype("Int64")
    table["quadrant"] = None
    layer = area_layer(make_hotspots(table=table))
    plain = area_layer(gi_result).table
    for column in ("name", "reason", "neighbours"):
        assert list(layer.table[column].fillna("-")) == list(plain[column].fillna("-")), column
    assert layer.table["quadrant"].isna().all()


# --------------------------------------------------------------------------- words, lineage, styles


def test_layers_have_titles_and_descriptions(town):
    words = {row[0]: row[1:] for row in ask(town, "SELECT table_name, identifier, description FROM gpkg_contents")}
    assert words["knife_crime_getis_ord"] == (
        "Getis-Ord Gi*: knife crime, 2017-2019",
        "Invented data: not about real people or events. Each area is tested together with its neighbours against "
        "chance. Source: Invented police extract.",
    )
    assert words["knife_crime_local_moran"][0] == "Local Moran's I: knife crime, 2017-2019"
    assert words["schools"][0] == "Schools: permanent exclusions and IDACI 2019, 2016/17 to 2018/19"
    assert words["authorities"] == (
        "Local authorities",
        "Invented data: not about real people or events. Local authorities of the study, made of its 36 areas "
        "(LSOA, 2011).",
    )


@pytest.mark.parametrize("release", ["restricted", "invented"])
def test_the_marking_stands_first_on_every_layer(release, make_hotspots, make_schools, study_area, tmp_path):
    area = StudyArea(study_area.areas, identity=Identity(release=release))
    contents = [make_hotspots(release=release), make_schools(release=release), area]
    path = write_geopackage(tmp_path / "r.gpkg", contents, title="R")
    start = {"restricted": "RESTRICTED: true counts of people", "invented": "Invented data: not about"}[release]
    described = ask(path, "SELECT description FROM gpkg_contents WHERE data_type = 'features'")
    assert len(described) == 3
    assert all(description.startswith(start) for (description,) in described)
    assert all(start in qml for (qml,) in ask(path, "SELECT styleQML FROM layer_styles"))


def test_a_protected_result_names_its_rule(make_hotspots, tmp_path):
    path = write_geopackage(tmp_path / "p.gpkg", [make_hotspots(release="nhs-digital")], title="P")
    (text,) = ask(path, "SELECT metadata FROM gpkg_metadata WHERE mime_type = 'application/json' AND id = 2")[0]
    assert json.loads(text)["release_words"] == "Counts protected under the rule nhs-digital"
    assert ask(path, "SELECT description FROM gpkg_contents WHERE data_type = 'features'")[0][0].startswith("Each area")


def test_columns_have_titles_and_descriptions(town):
    rows = ask(
        town,
        "SELECT column_name, title, description FROM gpkg_data_columns WHERE table_name = 'knife_crime_getis_ord'",
    )
    assert {column: (title, words) for column, title, words in rows} == COLUMN_WORDS
    named = ask(town, "SELECT DISTINCT table_name FROM gpkg_data_columns")
    assert {name for (name,) in named} == set(LAYERS)


def test_extensions_are_registered(town):
    rows = ask(town, "SELECT table_name, extension_name FROM gpkg_extensions WHERE extension_name NOT LIKE '%rtree%'")
    assert set(rows) == {
        ("gpkg_data_columns", "gpkg_schema"),
        ("gpkg_data_column_constraints", "gpkg_schema"),
        ("gpkg_metadata", "gpkg_metadata"),
        ("gpkg_metadata_reference", "gpkg_metadata"),
    }


def lineage(path, table, kind):
    rows = ask(
        path,
        "SELECT metadata FROM gpkg_metadata JOIN gpkg_metadata_reference ON md_file_id = id"
        " WHERE table_name IS ? AND mime_type = ?",
        table,
        kind,
    )
    assert len(rows) == 1
    return rows[0][0]


def test_how_a_layer_was_made_is_in_the_file(town, gi_result):
    told = json.loads(lineage(town, "knife_crime_getis_ord", "application/json"))
    assert told == {
        "title": "knife crime",
        "period": "2017-2019",
        "source": "Invented police extract",
        "words": "Each area is tested together with its neighbours against chance.",
        "notes": ["No record for July 2018."],
        "attribution": list(gi_result.attribution),
        "release": "invented",
        "release_words": "Invented data: not about real people or events",
        "method": "Getis-Ord Gi*",
        "provenance": settings_of(gi_result),
    }
    told = json.loads(lineage(town, "schools", "application/json"))
    assert told["slope"] == {"per_ten_points": 1.3, "low": 1.1, "high": 1.5, "dispersion": 2.0}
    assert told["index"] == "IDACI 2019"


def test_what_the_whole_file_is_stands_in_it(town, gi_result):
    told = json.loads(lineage(town, None, "application/json"))
    assert (told["title"], told["description"]) == ("The town", "All of it.")
    assert list(told["layers"]) == LAYERS
    assert told["release"] == "invented"
    assert told["attribution"] == list(gi_result.attribution)


def test_the_weakest_mark_is_that_of_the_file(make_hotspots, study_area, tmp_path):
    contents = [make_hotspots(release="restricted"), study_area]
    path = write_geopackage(tmp_path / "r.gpkg", contents, title="R")
    assert json.loads(lineage(path, None, "application/json"))["release"] == "restricted"


def test_qgis_finds_its_own_kind_of_metadata_even_with_odd_characters(make_hotspots, tmp_path):
    result = make_hotspots(title="knives & <blades>\x0b", sentences=("One\x00two.",))
    path = write_geopackage(tmp_path / "odd.gpkg", [result], title="odd")
    root = ET.fromstring(lineage(path, "knife_crime_getis_ord", "text/xml"))
    assert root.findtext("title") == "Getis-Ord Gi*: knives & <blades>, 2017-2019"
    assert root.findtext("history[3]") == "Method: Onetwo."
    assert [right.text for right in root.findall("rights")] == list(result.attribution)
    assert root.findtext("constraints") == "Invented data: not about real people or events"


def test_every_layer_has_one_style_that_qgis_opens_it_with(town):
    rows = ask(
        town,
        "SELECT f_table_name, f_table_catalog, f_table_schema, f_geometry_column, useAsDefault FROM layer_styles",
    )
    assert rows == [(name, "", "", "geometry", 1) for name in LAYERS]
    real = dict(ask(town, "SELECT table_name, column_name FROM gpkg_geometry_columns"))
    assert real == dict.fromkeys(LAYERS, "geometry")
    for qml, sld in ask(town, "SELECT styleQML, styleSLD FROM layer_styles"):
        assert ET.fromstring(qml).tag == "qgis"
        assert ET.fromstring(sld).tag.endswith("StyledLayerDescriptor")
    assert ask(town, "SELECT data_type FROM gpkg_contents WHERE table_name = 'layer_styles'") == [("attributes",)]


def test_the_second_hatch_is_in_the_legend_only_where_a_class_depends(gi_result, make_hotspots):
    assert "Class depends" in area_layer(gi_result).style.qml
    sure = make_hotspots(table=gi_result.table.assign(certainty="certain"))
    assert "Class depends" not in area_layer(sure).style.qml


# --------------------------------------------------------------------------- the same again


def test_the_same_results_give_the_same_bytes(tmp_path, make_hotspots, make_schools, study_area):
    def write(name, **options):
        contents = [make_hotspots(), make_schools(), study_area]
        return write_geopackage(tmp_path / name, contents, title="T", **options).read_bytes()

    first = write("a.gpkg")
    assert write("b.gpkg") == first
    dated = write("c.gpkg", date="2026-01-31T12:00:00.000Z")
    assert dated != first
    assert ask(tmp_path / "c.gpkg", "SELECT DISTINCT last_change FROM gpkg_contents") == [("2026-01-31T12:00:00.000Z",)]
    stamps = ask(tmp_path / "c.gpkg", "SELECT DISTINCT timestamp FROM gpkg_metadata_reference")
    assert stamps == [("2026-01-31T12:00:00.000Z",)]
    assert write("a.gpkg") == first


@pytest.mark.parametrize(
    ("periods", "day"),
    [
        (("2017-2019", "2016/17 to 2018/19"), "2019-12-31"),
        (("2015-2017", "2016/17 to 2018/19"), "2019-08-31"),  # a school year ends in August
        (("2018-01 to 2020-02", ""), "2020-02-29"),
        (("2019 Q2", ""), "2019-06-30"),
    ],
)
def test_without_a_date_it_is_the_last_day_of_what_is_in_it(
    tmp_path, make_hotspots, make_schools, study_area, periods, day
):
    contents = [make_hotspots(period=periods[0]), make_schools(period=periods[1]), study_area]
    path = write_geopackage(tmp_path / "a.gpkg", contents, title="T")
    assert ask(path, "SELECT DISTINCT last_change FROM gpkg_contents") == [(f"{day}T00:00:00.000Z",)]
    assert write_geopackage(tmp_path / "b.gpkg", contents, title="T").read_bytes() == path.read_bytes()


def test_areas_alone_are_dated_by_the_year_of_their_geography(tmp_path, study_area):
    path = write_geopackage(tmp_path / "a.gpkg", [study_area], title="T")
    assert ask(path, "SELECT DISTINCT last_change FROM gpkg_contents") == [("2011-12-31T00:00:00.000Z",)]
    path = write_geopackage(tmp_path / "b.gpkg", [replace(study_area, vintage=None)], title="T")
    assert ask(path, "SELECT DISTINCT last_change FROM gpkg_contents") == [("1970-01-01T00:00:00.000Z",)]


def test_an_area_made_ready_for_drawing_is_not_dissolved_again(tmp_path, study_area, gi_result, monkeypatch):
    path = write_geopackage(tmp_path / "a.gpkg", [gi_result, study_area], title="T")
    ground = prepare_ground(study_area)
    monkeypatch.setattr("shapely.union_all", lambda *_, **__: pytest.fail("the outlines are at hand"))
    assert write_geopackage(tmp_path / "b.gpkg", [gi_result, ground], title="T").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("before", [None, "2011-11-11T11:11:11.000Z"])
def test_gdal_is_left_as_it_was(tmp_path, study_area, before):
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})
    try:
        write_geopackage(tmp_path / "a.gpkg", [study_area], title="A")
        assert pyogrio.get_gdal_config_option("OGR_CURRENT_DATE") == before
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def test_model_types_are_not_changed(tmp_path, gi_result, school_result, study_area):
    before = gi_result.table.copy(deep=True), school_result.table.copy(deep=True), study_area.areas.copy(deep=True)
    write_geopackage(tmp_path / "a.gpkg", [gi_result, school_result, study_area], title="A")
    for table, kept in zip((gi_result.table, school_result.table, study_area.areas), before, strict=True):
        pd.testing.assert_frame_equal(table, kept)


# --------------------------------------------------------------------------- what is refused


def test_unreleased_counts_are_refused_by_name(tmp_path, make_hotspots, study_area):
    with pytest.raises(DisclosureError) as caught:
        write_geopackage(tmp_path / "x.gpkg", [study_area, make_hotspots(release="unreleased")], title="X")
    assert caught.value.problem == (
        "The layer 'knife_crime_getis_ord' of x.gpkg would publish unprotected counts: knife crime."
    )
    assert list(tmp_path.iterdir()) == []


def test_unreleased_schools_and_areas_are_refused_too(tmp_path, make_schools, study_area):
    with pytest.raises(DisclosureError, match=r"The layer 'schools' of x\.gpkg"):
        write_geopackage(tmp_path / "x.gpkg", [make_schools(release="unreleased")], title="X")
    with pytest.raises(DisclosureError, match=r"The layer 'authorities' of x\.gpkg"):
        write_geopackage(
            tmp_path / "x.gpkg", [StudyArea(study_area.areas, identity=Identity(release="unreleased"))], title="X"
        )


def test_a_noun_that_is_no_layer_is_refused(tmp_path, surface):
    with pytest.raises(OutputError) as caught:
        write_geopackage(tmp_path / "x.gpkg", [surface], title="X")
    assert str(caught.value) == (
        "A Surface can't be a layer of a GeoPackage.\n"
        "  found: Surface for x.gpkg\n"
        "  try:   give results of areas or schools, clusters, contours and study areas; "
        "write a surface with write_raster"
    )


def test_two_layers_of_one_name_are_refused(tmp_path, make_hotspots):
    with pytest.raises(OutputError) as caught:
        write_geopackage(tmp_path / "x.gpkg", [make_hotspots(name="A b"), make_hotspots(name="a-B")], title="X")
    assert caught.value.problem == "Two layers of x.gpkg would be called 'a_b_getis_ord'."
    assert caught.value.found == "layers a_b_getis_ord, a_b_getis_ord"


def test_nothing_to_write_is_an_error(tmp_path):
    with pytest.raises(OutputError, match=r"There is nothing to write into x\.gpkg\."):
        write_geopackage(tmp_path / "x.gpkg", [], title="X")


def test_the_name_must_end_in_gpkg(tmp_path, study_area):
    with pytest.raises(OutputError) as caught:
        write_geopackage(tmp_path / "x.shp", [study_area], title="X")
    assert str(caught.value) == (
        "'x.shp' is not the name of a GeoPackage.\n  found: the ending '.shp'\n  try:   let the name end in .gpkg"
    )


def test_a_date_must_be_whole(tmp_path, study_area):
    with pytest.raises(OutputError) as caught:
        write_geopackage(tmp_path / "x.gpkg", [study_area], title="X", date="2026-01-31")
    assert caught.value.problem == "A GeoPackage can't be dated '2026-01-31'."
    assert "'1970-01-01T00:00:00.000Z'" in caught.value.advice


def test_a_file_that_is_open_elsewhere_is_not_replaced(tmp_path, study_area):
    path = write_geopackage(tmp_path / "x.gpkg", [study_area], title="X")
    before = path.read_bytes()
    (tmp_path / "x.gpkg-wal").write_bytes(b"")
    with pytest.raises(OutputError) as caught:
        write_geopackage(path, [study_area], title="Y")
    assert caught.value.problem == f"The GeoPackage {path} is open in another program."
    assert caught.value.found == "x.gpkg-wal beside it"
    assert path.read_bytes() == before


def test_a_failure_leaves_the_older_file_and_nothing_else(tmp_path, study_area, monkeypatch):
    path = write_geopackage(tmp_path / "x.gpkg", [study_area], title="X")
    before = path.read_bytes()

    def full(*_, **__):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(geopackage, "add_styles", full)
    with pytest.raises(OutputError) as caught:
        write_geopackage(path, [study_area], title="Y")
    assert caught.value.problem == f"The GeoPackage {path.name} can't be written."
    assert caught.value.found == "database or disk is full"
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_can_not_be_written_to_is_said(tmp_path, study_area):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="can't be written"):
        write_geopackage(tmp_path / "file" / "x.gpkg", [study_area], title="X")


def test_schools_without_a_title_for_the_period_have_no_trailing_comma(make_schools):
    assert school_layer(make_schools(period="")).title == "Schools: permanent exclusions and IDACI 2019"


# --------------------------------------------------------------------------- the real thing


@pytest.mark.real
def test_the_real_areas_of_the_west_midlands_can_be_written(shared_data, tmp_path):
    areas = pyogrio.read_dataframe(shared_data / "wm_boundaries_27700.gpkg", layer="lsoa11")
    named = {"lsoa11_code": "area_id", "lsoa11_name": "name", "lad19_code": "la_code", "lad19_name": "la_name"}
    area = StudyArea(
        areas.rename(columns=named).set_index("area_id"),
        geography="LSOA",
        vintage=2011,
        identity=Identity(release="open"),
    )
    path = write_geopackage(tmp_path / "wm.gpkg", [area], title="West Midlands")
    read = pyogrio.read_dataframe(path, layer="authorities")
    assert len(read) == 7
    assert read["areas"].sum() == 1_680
    assert read.geometry.is_valid.all()
    assert read.geometry.area.sum() == pytest.approx(areas.geometry.area.sum(), rel=1e-6)
