"""Areas and hotspots as tables: the same values as in the layers, to the last digit."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest

from hotspots.errors import DisclosureError
from hotspots.model import summarise_areas
from hotspots.publish.gis import write_geopackage
from hotspots.publish.tables import write_area_tables


@pytest.fixture
def written(tmp_path, gi_result, moran_result, hotspots):
    summary = summarise_areas([gi_result, moran_result], hotspots=hotspots)
    write_geopackage(tmp_path / "town.gpkg", [summary, gi_result, moran_result, hotspots], title="The town")
    write_area_tables(tmp_path, summary, hotspots)
    return tmp_path


def same(one: pd.Series, other: pd.Series) -> bool:
    if pd.api.types.is_numeric_dtype(one):
        return np.array_equal(
            one.to_numpy(float, na_value=np.nan), other.to_numpy(float, na_value=np.nan), equal_nan=True
        )
    return one.astype(object).fillna("").tolist() == other.astype(object).fillna("").tolist()


@pytest.mark.parametrize("name", ["areas.csv", "areas.parquet", "hotspots.csv"])
def test_tables_have_the_values_of_the_layers(written, name):
    layer = pyogrio.read_dataframe(written / "town.gpkg", layer=name.split(".")[0])
    if name.endswith("parquet"):
        table = gpd.read_parquet(written / name)
        assert table.crs.to_epsg() == 27700
        assert table.geometry.geom_equals(layer.geometry).all()
    else:
        table = pd.read_csv(written / name, encoding="utf-8-sig")
    shared = [column for column in layer.columns if column in table.columns and column != "geometry"]
    others = {column for column in layer.columns if column not in table.columns} - {"geometry"}
    assert others <= {"rt_lo_95", "rt_hi_95"}  # whole in a CSV: ratio_low_95, ratio_high_95
    assert len(shared) >= 15
    for column in shared:
        assert same(layer[column], table[column]), column
    assert set(table["release"]) == {"Invented data: not about real people or events."}


def test_the_same_tables_give_the_same_bytes(written, tmp_path_factory, gi_result, moran_result, hotspots):
    again = tmp_path_factory.mktemp("again")
    files = write_area_tables(again, summarise_areas([gi_result, moran_result], hotspots=hotspots), hotspots)
    assert [path.name for path in files] == ["areas.csv", "areas.parquet", "hotspots.csv"]
    for path in files:
        assert path.read_bytes() == (written / path.name).read_bytes(), path.name


def test_unreleased_numbers_are_no_table(tmp_path, gi_result):
    secret = summarise_areas([gi_result.with_identity(release="unreleased")])
    with pytest.raises(DisclosureError):
        write_area_tables(tmp_path, secret)
    assert list(tmp_path.iterdir()) == []
