"""The GeoPackage, read back with pyogrio and with plain SQL. Expected numbers are worked out by hand from
the squares of the fixtures."""

from __future__ import annotations

import json
import re
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

from hotspots.errors import AnalysisError, DisclosureError, OutputError
from hotspots.model import (
    Deprivation,
    Extract,
    Identity,
    Place,
    StudyArea,
    settings_of,
    summarise_areas,
)
from hotspots.publish.gis import geopackage
from hotspots.publish.gis.fields import field_name
from hotspots.publish.gis.geopackage import write_geopackage
from hotspots.publish.gis.layers import Origin, area_table, school_layer, summary_layer
from hotspots.publish.gis.place_layers import authority_layer
from hotspots.publish.style.outlines import prepare_ground
from hotspots.vocabulary import COLUMN_WORDS, GI_BINS, HOTSPOT_COLUMN_WORDS, RESULT_COLUMNS

LAYERS = ["schools", "authorities", "areas"]
TABLES = ["knife_crime_getis_ord", "knife_crime_local_moran"]


@pytest.fixture
def town(tmp_path, study_area, gi_result, moran_result, school_result):
    contents = [gi_result, study_area, school_result, moran_result]
    return write_geopackage(tmp_path / "town.gpkg", contents, title="The town", description="All of it.")


def ask(path, question, *values):
    with closing(sqlite3.connect(path)) as file:
        return file.execute(question, values).fetchall()


# --------------------------------------------------------------------------- layers and tables


def test_points_come_first_because_the_first_layer_is_drawn_on_top(town):
    assert [name for name, _ in pyogrio.list_layers(town)] == [*LAYERS, *TABLES, "layer_styles"]


def test_it_is_a_sound_geopackage_1_3(town):
    assert ask(town, "PRAGMA application_id") == [(0x47504B47,)]
    assert ask(town, "PRAGMA user_version") == [(10300,)]
    assert ask(town, "PRAGMA integrity_check") == [("ok",)]
    assert ask(town, "PRAGMA foreign_key_check") == []


def test_tables_have_the_fixed_columns_in_their_order(town):
    info = pyogrio.read_info(town, layer="knife_crime_getis_ord")
    assert list(info["fields"]) == [field_name(column) for column in RESULT_COLUMNS if column != "geometry"]
    types = dict(zip(info["fields"], info["ogr_types"], strict=True))
    whole = {"neighbours", "observed_low", "observed_high", "window_low", "window_high", "population"}
    texts = {"area_id", "name", "la_code", "la_name", "quadrant", "map_class", "certainty", "hot_without_largest"}
    texts |= {"null_model", "reason"}
    assert {field for field, kind in types.items() if kind == "OFTInteger64"} == whole
    assert {field for field, kind in types.items() if kind == "OFTString"} == texts
    assert {kind for field, kind in types.items() if field not in whole | texts} == {"OFTReal"}
    assert (info["crs"], info["fid_column"], info["features"]) == (None, "fid", 36)


def test_every_value_is_read_back(town, gi_result):
    read = pyogrio.read_dataframe(town, layer="knife_crime_getis_ord").set_index("area_id")
    assert list(read.index) == list(gi_result.table.index)
    for column in gi_result.table.columns:
        if column in ("geometry", "reason"):
            continue
        wanted, found = gi_result.table[column], read[field_name(column)]
        if wanted.dtype.kind in "fi":
            assert np.array_equal(found.astype(float), wanted.astype(float), equal_nan=True), column
        else:
            assert list(found) == list(wanted), column


def test_areas_have_the_main_numbers_of_every_source(town, gi_result, moran_result):
    read = pyogrio.read_dataframe(town, layer="areas").set_index("area_id")
    assert read.geometry.geom_equals(gi_result.table.geometry).all()
    table = gi_result.table
    assert list(read["n_lo_a"]) == list(table["observed_low"])
    assert list(read["n_hi_a"]) == list(table["observed_high"])
    ratio = table["observed_low"] / table["expected"].where(table["expected"] > 0)
    assert np.array_equal(read["rt_lo_a"], ratio, equal_nan=True)
    assert np.array_equal(read["p_hi_a"], table["p_adjusted_high"], equal_nan=True)
    assert (list(read["gi_a"]), list(read["cert_a"])) == (list(table["class"]), list(table["certainty"]))
    assert list(read["lm_a"]) == list(moran_result.table["class"])
    bins = [GI_BINS.get(name) for name in table["class"]]
    assert [None if np.isnan(code) else int(code) for code in read["gi_bin_a"]] == bins
    assert {3, 0, -3, None} <= set(bins)


def test_sources_have_letters_in_their_order_and_areas_stand_once(tmp_path, make_hotspots):
    contents = [make_hotspots(), make_hotspots(name="admissions", title="admissions", period="2019")]
    path = write_geopackage(tmp_path / "two.gpkg", contents, title="Two")
    assert list(dict(ask(path, "SELECT table_name, 1 FROM gpkg_geometry_columns"))) == ["areas"]
    titles = dict(ask(path, "SELECT column_name, title FROM gpkg_data_columns WHERE table_name = 'areas'"))
    assert titles["gi_bin_a"] == "Knife crime: Gi* bin"
    assert titles["n_lo_b"] == "Admissions: events, at least"
    ((title, described),) = ask(path, "SELECT identifier, description FROM gpkg_contents WHERE table_name = 'areas'")
    # Two periods have no common name: each source's is in the description.
    assert title == "Areas: knife crime and admissions"
    assert "Fields that end in _a: knife crime, 2017-2019. Fields that end in _b: admissions, 2019." in described


def test_results_of_different_areas_are_refused(tmp_path, make_hotspots, gi_result):
    contents = [make_hotspots(), make_hotspots(name="few", title="few", table=gi_result.table.iloc[:30])]
    with pytest.raises(AnalysisError) as caught:
        write_geopackage(tmp_path / "x.gpkg", contents, title="X")
    assert caught.value.problem == "The results of few and knife crime are of different areas."
    assert caught.value.found == "30 and 36 areas"


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
        "areas": "MULTIPOLYGON",
        "authorities": "MULTIPOLYGON",
        "schools": "POINT",
    }
    read = pyogrio.read_dataframe(town, layer="areas")
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
    assert pyogrio.list_layers(path)[1][0] == layer
    assert ask(path, "SELECT count(*) FROM layer_styles WHERE f_table_name = ?", layer) == [(1,)]


def test_text_of_either_pandas_and_nullable_numbers_can_be_written(gi_result, make_hotspots):
    table = gi_result.table.copy()
    table["name"] = table["name"].astype("string")
    table["reason"] = table["reason"].replace("", pd.NA).astype("string")
    table["neighbours"] = table["neighbours"].astype("Int64")
    table["quadrant"] = None
    layer = area_table(make_hotspots(table=table))
    plain = area_table(gi_result).table
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
    described = ask(path, "SELECT description FROM gpkg_contents WHERE table_name <> 'layer_styles'")
    assert len(described) == 4
    assert all(description.startswith(start) for (description,) in described)
    drawn = ask(path, "SELECT styleQML FROM layer_styles WHERE f_geometry_column <> ''")
    assert len(drawn) == 3
    assert all(start in qml for (qml,) in drawn)


def test_a_protected_result_names_its_rule(make_hotspots, tmp_path):
    path = write_geopackage(tmp_path / "p.gpkg", [make_hotspots(release="nhs-digital")], title="P")
    told = json.loads(lineage(path, "areas", "application/json"))
    assert told["release_words"] == "Counts protected under the rule nhs-digital"
    ((described,),) = ask(path, "SELECT description FROM gpkg_contents WHERE table_name = 'areas'")
    assert described.startswith("One row per area")


def test_columns_have_titles_and_descriptions(town):
    rows = ask(
        town,
        "SELECT column_name, title, description FROM gpkg_data_columns WHERE table_name = 'knife_crime_getis_ord'",
    )
    words = {field_name(column): words for column, words in COLUMN_WORDS.items()}
    assert {column: (title, described) for column, title, described in rows} == words
    for name in (*LAYERS, *TABLES):
        known = ask(town, "SELECT column_name FROM gpkg_data_columns WHERE table_name = ?", name)
        assert {column for (column,) in known} == set(pyogrio.read_info(town, layer=name)["fields"])


def test_fields_hold_only_the_codes_that_are_listed_for_them(town):
    """The codes of a field are an enumeration in the file, with words for each."""
    listed = ask(
        town,
        "SELECT table_name, column_name, constraint_name FROM gpkg_data_columns WHERE constraint_name IS NOT NULL",
    )
    assert {("areas", "gi_a"), ("areas", "gi_bin_a"), ("schools", "map_class")} <= {row[:2] for row in listed}
    for table, column, name in listed:
        codes = {
            code
            for (code,) in ask(
                town,
                "SELECT value FROM gpkg_data_column_constraints WHERE constraint_name = ?"
                " AND constraint_type = 'enum' AND description <> ''",
                name,
            )
        }
        found = ask(town, f'SELECT DISTINCT CAST("{column}" AS TEXT) FROM "{table}" WHERE "{column}" IS NOT NULL')
        assert {value for (value,) in found} <= codes, (table, column)


def test_extensions_are_registered(town):
    rows = ask(town, "SELECT table_name, extension_name FROM gpkg_extensions WHERE extension_name NOT LIKE '%rtree%'")
    assert set(rows) == {
        ("gpkg_data_columns", "gpkg_schema"),
        ("gpkg_data_column_constraints", "gpkg_schema"),
        ("gpkg_metadata", "gpkg_metadata"),
        ("gpkg_metadata_reference", "gpkg_metadata"),
    }


def lineage(path, table, kind, uri="%"):
    rows = ask(
        path,
        "SELECT metadata FROM gpkg_metadata JOIN gpkg_metadata_reference ON md_file_id = id"
        " WHERE table_name IS ? AND mime_type = ? AND md_standard_uri LIKE ?",
        table,
        kind,
        uri,
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
        "last_day": "2019-12-31",
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
    assert list(told["layers"]) == [*LAYERS, *TABLES]
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
        "SELECT f_table_name, styleName, f_geometry_column, useAsDefault FROM layer_styles"
        " WHERE f_table_catalog = '' AND f_table_schema = ''",
    )
    assert rows == [
        ("schools", "schools", "geometry", 1),
        ("authorities", "authorities", "geometry", 1),
        ("areas", "knife_crime_getis_ord", "geometry", 1),
        ("areas", "knife_crime_local_moran", "geometry", 0),
        *((name, name, "", 1) for name in TABLES),
    ]
    real = dict(ask(town, "SELECT table_name, column_name FROM gpkg_geometry_columns"))
    assert real == dict.fromkeys(LAYERS, "geometry")
    for qml, sld, drawn in ask(town, "SELECT styleQML, styleSLD, f_geometry_column <> '' FROM layer_styles"):
        assert ET.fromstring(qml).tag == "qgis"
        assert not drawn or ET.fromstring(sld).tag.endswith("StyledLayerDescriptor")
    assert ask(town, "SELECT data_type FROM gpkg_contents WHERE table_name = 'layer_styles'") == [("attributes",)]


def test_long_names_of_sources_have_a_style_each(tmp_path, make_hotspots):
    long = "hospital_admissions_for_violence_and_assault"
    contents = [make_hotspots(name=f"{long}_{end}", title=end) for end in ("men", "women")]
    path = write_geopackage(tmp_path / "long.gpkg", contents, title="Long")
    names = [name for (name,) in ask(path, "SELECT styleName FROM layer_styles WHERE f_table_name = 'areas'")]
    assert names == ["hospital_admissions_for_violen", "hospital_admissions_for_vio_2"]


def test_the_second_hatch_is_in_the_legend_only_where_a_class_depends(gi_result, make_hotspots):
    assert "Class depends" in summary_layer(summarise_areas([gi_result]), [gi_result]).style.qml
    sure = make_hotspots(table=gi_result.table.assign(certainty="certain"))
    assert "Class depends" not in summary_layer(summarise_areas([sure]), [sure]).style.qml


# --------------------------------------------------------------------------- fields

RESERVED = frozenset(
    re.findall(
        r"\w+",
        """
    abort action add after all alter always analyze and as asc attach autoincrement before begin between by cascade
    case cast check class collate column commit conflict constraint create cross current database default deferrable
    deferred delete desc detach distinct do drop each else end escape except exclude exclusive exists explain fail
    filter first following for foreign from full generated glob group groups having if ignore immediate in index
    indexed initially inner insert instead intersect into is isnull join key last left level like limit low high
    match materialized natural no not nothing notnull null nulls of offset on or order others outer over partition
    plan pragma preceding primary query raise range recursive references regexp reindex release rename replace
    restrict returning right rollback row rows savepoint select set start table temp temporary then ties to
    transaction trigger type unbounded union unique update using vacuum values view virtual when where window with
    without
    """,
    )
)
"""SQLite's keywords (sqlite.org/lang_keywords.html), and a few more that other databases do not take as a name."""


def test_names_of_fields_can_be_used_in_any_database(
    tmp_path, gi_result, moran_result, school_result, study_area, stability, agreement, contours, clusters,
    space_time_clusters, hotspots,
):  # fmt: skip
    contents = [gi_result, moran_result, school_result, study_area, stability, agreement, contours, clusters]
    path = write_geopackage(
        tmp_path / "all.gpkg",
        [*contents, space_time_clusters, hotspots],
        title="All",
        places=[Place("Town", ("E08000025",))],
        provenance=[Origin("input", "a.csv", "1")],
    )
    tables = [name for name, _ in pyogrio.list_layers(path) if name != "layer_styles"]
    assert len(tables) == 13
    for table in tables:
        fields = [str(name) for name in pyogrio.read_info(path, layer=table)["fields"]]
        assert all(name.isascii() and name.islower() and len(name) <= 31 for name in fields), table
        assert not RESERVED & set(fields), table
        # A shapefile keeps ten characters of a name.
        assert len({name[:10] for name in fields}) == len(fields), sorted(fields)


def test_yes_or_no_is_a_boolean_and_gaps_are_gaps(town, school_result):
    types = dict(ask(town, "SELECT name, type FROM pragma_table_info('schools')"))
    assert (types["rate_differs"], types["n_low"], types["idaci"]) == ("BOOLEAN", "INTEGER", "REAL")
    read = pyogrio.read_dataframe(town, layer="schools")
    answers = {"yes": True, "no": False, "": None}
    wanted = [answers[answer] for answer in school_result.table["rate_differs"]]
    assert [None if pd.isna(value) else bool(value) for value in read["rate_differs"]] == wanted


def test_counts_with_fractions_are_not_rounded(tmp_path, make_hotspots, gi_result):
    table = gi_result.table.copy()
    table.loc["E01900000", ["observed_low", "observed_high"]] = 20.5
    path = write_geopackage(tmp_path / "f.gpkg", [make_hotspots(table=table)], title="F")
    assert ask(path, "SELECT n_lo_a FROM areas WHERE area_id = 'E01900000'") == [(20.5,)]


# --------------------------------------------------------------------------- hotspots, places and authorities


def test_hotspots_are_a_layer_with_their_letters_and_places(tmp_path, hotspots, gi_result):
    path = write_geopackage(tmp_path / "h.gpkg", [gi_result, hotspots], title="H")
    read = pyogrio.read_dataframe(path, layer="hotspots")
    fields = [field_name(column) for column in HOTSPOT_COLUMN_WORDS]
    assert sorted([*fields, "place", "geometry"]) == sorted(read.columns)
    assert list(read["hotspot"]) == ["A1"]
    assert list(read["place"]) == ["West Birmingham, near Aston"]
    areas = pyogrio.read_dataframe(path, layer="areas").set_index("area_id")
    inside = areas[areas["hs_a"] == "A1"]
    assert sorted(inside.index) == sorted(read["area_ids"][0].split())
    assert read["observed_low"][0] == inside["n_lo_a"].sum()
    assert read["people"][0] == inside["population"].sum()
    assert read.geometry[0].equals(inside.union_all())


def test_places_are_made_of_authorities(tmp_path, study_area):
    places = [Place("Both", ("E08000025", "E08000028")), Place("West", ("E08000025",))]
    path = write_geopackage(tmp_path / "p.gpkg", [study_area], title="P", places=places)
    read = pyogrio.read_dataframe(path, layer="places")
    assert list(read["place"]) == ["Both", "West"]
    assert list(read["areas"]) == [36, 18]
    assert list(read["population"]) == [36 * 1_500 + 10 * 630, 18 * 1_500 + 10 * 288]
    assert list(read.geometry.area) == [36e6, 18e6]


def test_authorities_have_what_is_known_of_them_as_a_whole(tmp_path, study_area, school_result):
    rows = {
        "code": ["E08000025", "all"], "name": ["Birmingham", "All"], "kind": ["authority", "study area"],
        "low": [5.0, 5.0], "high": [5.0, 5.0], "population": [10.0, 20.0], "crude_low": [1.0, 1.0],
        "crude_high": [1.0, 1.0], "rate_low": [171.0, 1.0], "rate_high": [172.0, 1.0], "ci_low": [160.0, 1.0],
        "ci_high": [180.0, 1.0], "p_adjusted": [0.01, 1.0], "differs": ["above", ""], "reason": ["", ""],
    }  # fmt: skip
    rates = Extract(
        pd.DataFrame(rows), kind="standardised-rates", identity=Identity(release="restricted", title="admissions")
    )
    ratios = pd.DataFrame({"ratio": [1.2], "low": [1.0], "high": [1.5]}, index=["E08000028"])
    path = write_geopackage(tmp_path / "a.gpkg", [study_area, rates, school_result], title="A", school_ratios=ratios)
    read = pyogrio.read_dataframe(path, layer="authorities").set_index("la_name")
    assert read.loc["Birmingham", ["asr_lo_1", "asr_hi_1", "ci_lo_1", "differs_1"]].tolist() == [171, 172, 160, "above"]
    assert read.loc["Sandwell", ["asr_lo_1", "ex_ratio"]].isna().tolist() == [True, False]
    titles = dict(ask(path, "SELECT column_name, title FROM gpkg_data_columns WHERE table_name = 'authorities'"))
    assert titles["asr_lo_1"] == "Admissions: age-standardised rate, at least"
    # What is joined to a layer makes it as restricted as it is itself.
    assert json.loads(lineage(path, "authorities", "application/json"))["release"] == "restricted"


def test_deprivation_is_on_the_areas(tmp_path, gi_result):
    scores = pd.DataFrame(
        {"score": [0.4], "rank": [12.0], "decile": [1.0]}, index=pd.Index(["E01900000"], name="area_id")
    )
    deprivation = Deprivation(scores, identity=Identity(release="open", title="IDACI 2019", sources=("MHCLG",)))
    path = write_geopackage(
        tmp_path / "d.gpkg", [summarise_areas([gi_result], deprivation=deprivation), gi_result], title="D"
    )
    assert ask(path, "SELECT idaci, idaci_rank, idaci_dec FROM areas LIMIT 2") == [(0.4, 12, 1), (None, None, None)]
    assert ask(path, "SELECT title FROM gpkg_data_columns WHERE column_name = 'idaci_dec'") == [("IDACI 2019 decile",)]


def test_what_went_into_it_is_a_table(tmp_path, gi_result):
    rows = [Origin("input", "a.csv", "0f"), Origin("version", "hotspots", "1.0")]
    path = write_geopackage(tmp_path / "p.gpkg", [gi_result], title="P", provenance=rows)
    assert ask(path, "SELECT topic, item, detail FROM provenance") == [
        ("input", "a.csv", "0f"), ("version", "hotspots", "1.0"),
    ]  # fmt: skip


def test_a_catalogue_finds_what_uk_gemini_asks_for(tmp_path, gi_result, study_area):
    path = write_geopackage(
        tmp_path / "g.gpkg", [gi_result, study_area], title="Knives & <towns>", description="All.", contact="The unit"
    )
    gmd, gco = "{http://www.isotc211.org/2005/gmd}", "{http://www.isotc211.org/2005/gco}"
    root = ET.fromstring(lineage(path, None, "text/xml", "%isotc211%").split("?>", 1)[1])

    def said(tag):
        return [element.findtext(f"{gco}CharacterString") for element in root.iter(f"{gmd}{tag}")]

    assert said("title") == ["Knives & <towns>"]
    assert said("abstract") == ["All."]
    assert said("organisationName") == ["The unit", "The unit"]
    assert said("otherConstraints") == [
        "Invented data: not about real people or events",
        *gi_result.attribution,
    ]
    (lineage_words,) = said("statement")
    assert "Knife crime: Invented police extract." in lineage_words
    sides = [
        float(next(root.iter(f"{gmd}{side}")).findtext(f"{gco}Decimal"))
        for side in ("westBoundLongitude", "southBoundLatitude", "eastBoundLongitude", "northBoundLatitude")
    ]
    assert sides == pytest.approx(list(gi_result.table.to_crs(4326).total_bounds), abs=0.0005)
    unknown = write_geopackage(tmp_path / "u.gpkg", [study_area], title="U")
    root = ET.fromstring(lineage(unknown, None, "text/xml", "%isotc211%").split("?>", 1)[1])
    assert {element.tag.split("}")[1] for element in root.iter() if element.get(f"{gco}nilReason") == "unknown"} == {
        "organisationName", "report", "spatialResolution", "temporalElement",
    }  # fmt: skip


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
    assert caught.value.problem == ("What is written into x.gpkg would publish unprotected counts: knife crime.")
    assert list(tmp_path.iterdir()) == []


def test_unreleased_schools_and_areas_are_refused_too(tmp_path, make_schools, study_area):
    with pytest.raises(DisclosureError, match=r"What is written into x\.gpkg"):
        write_geopackage(tmp_path / "x.gpkg", [make_schools(release="unreleased")], title="X")
    with pytest.raises(DisclosureError, match=r"What is written into x\.gpkg"):
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
    assert caught.value.found == "layers areas, a_b_getis_ord, a_b_getis_ord"


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
