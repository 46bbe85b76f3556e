"""Stability and agreement as layers of the GeoPackage, read back. Expected numbers are those of the fixtures."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import numpy as np
import pyogrio
import pytest

from hotspots.errors import DisclosureError
from hotspots.model import settings_of
from hotspots.publish.gis.fields import field_name
from hotspots.publish.gis.geopackage import write_geopackage
from hotspots.vocabulary import AGREEMENT_COLUMN_WORDS, STABILITY_COLUMN_WORDS


@pytest.fixture
def package(tmp_path, stability, agreement, study_area):
    return write_geopackage(tmp_path / "town.gpkg", [stability, agreement, study_area], title="The town")


def ask(path, question, *values):
    with closing(sqlite3.connect(path)) as file:
        return file.execute(question, values).fetchall()


def test_both_are_layers_of_areas_with_their_numbers(package, stability, agreement):
    shares = pyogrio.read_dataframe(package, layer="knife_crime_stability")
    assert list(shares.columns) == [field_name(column) for column in STABILITY_COLUMN_WORDS]
    assert shares["map_class"].tolist()[:10] == stability.table["class"].tolist()[:10]
    assert shares["hot_low"].tolist()[:10] == pytest.approx([1, 1, *[0.75] * 3, *[0.25] * 4, np.nan], nan_ok=True)
    assert shares["variants"].dtype.kind == "i"
    assert shares["decided_by"].isna().tolist()[:3] == [True, True, False]
    assert shares["decided_by"][2] == "null"
    number = pyogrio.read_dataframe(package, layer="knife_crime_agreement")
    assert list(number.columns) == [field_name(column) for column in AGREEMENT_COLUMN_WORDS]
    assert number["area_id"].is_monotonic_increasing
    assert number["hot_methods"].tolist()[:9] == [3, 2, 2, 1, 1, 1, 1, 1, 0]
    assert set(number["surface"]) == {"not_given"}


@pytest.mark.parametrize(
    ("layer", "words", "seen"),
    [
        (
            "knife_crime_stability",
            STABILITY_COLUMN_WORDS,
            ("Hot in most (over half)", "the null hypothesis"),
        ),
        ("knife_crime_agreement", AGREEMENT_COLUMN_WORDS, ("Hot by two methods", "not tested")),
    ],
)
def test_columns_method_and_style_are_in_the_file(package, stability, agreement, layer, words, seen):
    rows = ask(package, "SELECT column_name, title, description FROM gpkg_data_columns WHERE table_name = ?", layer)
    assert {column: (title, described) for column, title, described in rows} == {
        field_name(column): told for column, told in words.items()
    }
    ((lineage,),) = ask(
        package,
        "SELECT m.metadata FROM gpkg_metadata m JOIN gpkg_metadata_reference r ON r.md_file_id = m.id"
        " WHERE r.table_name = ? AND m.mime_type = 'application/json'",
        layer,
    )
    result = stability if "stability" in layer else agreement
    assert json.loads(lineage)["provenance"] == json.loads(json.dumps(settings_of(result)))
    ((table,),) = ask(package, "SELECT styleQML FROM layer_styles WHERE f_table_name = ?", layer)
    ((areas,),) = ask(
        package, "SELECT styleQML FROM layer_styles WHERE f_table_name = 'areas' AND styleName = ?", layer
    )
    assert all(one in table for one in seen)
    assert all(one in areas for one in (seen[0], "Invented data"))
    column = "stab_a" if "stability" in layer else "agree_a"
    found = ask(package, f"SELECT DISTINCT {column} FROM areas WHERE {column} IS NOT NULL")
    assert {name for (name,) in found} == set(result.table["class"])


def test_unreleased_results_are_not_written(tmp_path, stability, agreement):
    for result in (stability, agreement):
        with pytest.raises(DisclosureError):
            write_geopackage(tmp_path / "a.gpkg", [result.with_identity(release="unreleased")], title="A")
