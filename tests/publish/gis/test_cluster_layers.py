"""Clusters as a layer of the GeoPackage, read back. Expected numbers are those of the fixture's three zones."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace

import numpy as np
import pyogrio
import pytest

from hotspots.errors import DisclosureError
from hotspots.model import settings_of
from hotspots.publish.gis.fields import field_name, named_for_gis
from hotspots.publish.gis.geopackage import write_geopackage
from hotspots.publish.gis.layers import cluster_layer
from hotspots.vocabulary import CLUSTER_COLUMN_WORDS, SPACE_TIME_COLUMN_WORDS

LAYER = "knife_crime_clusters"


@pytest.fixture
def package(tmp_path, clusters, study_area, gi_result):
    return write_geopackage(tmp_path / "town.gpkg", [gi_result, clusters, study_area], title="The town")


def ask(path, question, *values):
    with closing(sqlite3.connect(path)) as file:
        return file.execute(question, values).fetchall()


def test_clusters_lie_above_areas_and_authorities_with_their_numbers(package, clusters):
    assert [name for name, _ in pyogrio.list_layers(package)][:2] == [LAYER, "authorities"]
    read = pyogrio.read_dataframe(package, layer=LAYER)
    assert list(read.columns) == [*map(field_name, CLUSTER_COLUMN_WORDS), "geometry"]
    assert read["cluster"].tolist() == [1, 2, 3]
    assert (read["cluster"].dtype, read["areas"].dtype) == (np.int64, np.int64)
    assert read["areas"].tolist() == [4, 2, 1]
    assert read["observed_low"].tolist() == [210.0, 40.0, 50.0]
    assert read["p_high"].tolist() == clusters.table["p_high"].tolist()
    # Dissolved: four squares of 1 km² are one polygon.
    assert read.geometry.area.tolist() == [4e6, 2e6, 1e6]
    assert [len(shape.geoms) for shape in read.geometry] == [1, 1, 1]


def test_columns_method_and_style_are_in_the_file(package, clusters):
    rows = ask(package, "SELECT column_name, title, description FROM gpkg_data_columns WHERE table_name = ?", LAYER)
    assert {column: (title, words) for column, title, words in rows} == named_for_gis(CLUSTER_COLUMN_WORDS)
    ((lineage,),) = ask(
        package,
        "SELECT m.metadata FROM gpkg_metadata m JOIN gpkg_metadata_reference r ON r.md_file_id = m.id"
        " WHERE r.table_name = ? AND m.mime_type = 'application/json'",
        LAYER,
    )
    assert json.loads(lineage)["provenance"] == settings_of(clusters)
    ((qml, default),) = ask(package, "SELECT styleQML, useAsDefault FROM layer_styles WHERE f_table_name = ?", LAYER)
    assert default
    for words in ("Cluster beyond chance", "depends on suppressed counts", "within chance", "95% interval", "mapTip"):
        assert words in qml


def test_the_legend_has_what_occurs(clusters):
    only = clusters.table[clusters.table["certainty"] == "certain"]
    style = cluster_layer(replace(clusters, table=only)).style
    assert "Cluster beyond chance" in style.qml
    assert "depends on suppressed" not in style.sld
    assert "within chance" not in style.sld


def test_unreleased_clusters_are_no_layer(tmp_path, clusters):
    secret = clusters.with_identity(release="unreleased")
    with pytest.raises(DisclosureError):
        write_geopackage(tmp_path / "x.gpkg", [secret], title="X")


def test_clusters_in_time_have_a_layer_of_their_own_with_days(tmp_path, clusters, space_time_clusters, study_area):
    layer = "knife_crime_space_time_clusters"
    package = write_geopackage(tmp_path / "town.gpkg", [clusters, space_time_clusters, study_area], title="The town")
    assert {layer, LAYER} <= {name for name, _ in pyogrio.list_layers(package)}
    read = pyogrio.read_dataframe(package, layer=layer)
    assert list(read.columns) == [*map(field_name, (*CLUSTER_COLUMN_WORDS, *SPACE_TIME_COLUMN_WORDS)), "geometry"]
    assert read["first_day"].tolist() == ["2019-05-01", "2018-01-01"]
    assert read["last_day"].tolist() == ["2019-07-31", "2018-12-31"]
    assert (read["periods"].tolist(), read["periods"].dtype) == ([3, 12], np.int64)
    assert read["alive"].tolist() == [False, False]
    rows = ask(package, "SELECT column_name, title, description FROM gpkg_data_columns WHERE table_name = ?", layer)
    words = named_for_gis(CLUSTER_COLUMN_WORDS | SPACE_TIME_COLUMN_WORDS)
    assert {column: (title, text) for column, title, text in rows} == words
    ((style,),) = ask(package, "SELECT styleQML FROM layer_styles WHERE f_table_name = ?", layer)
    assert "From" in style
    assert "&quot;first_day&quot;" in style or '"first_day"' in style
    settings = cluster_layer(space_time_clusters).lineage["provenance"]
    assert (settings["model"], settings["by"]) == ("space-time permutation", "month")
    # In space alone there are no days.
    assert "first_day" not in pyogrio.read_dataframe(package, layer=LAYER).columns
