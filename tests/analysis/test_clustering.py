"""Global statistics against spdep's figures."""

from __future__ import annotations

import warnings

import geopandas as gpd
import numpy as np
import pytest
from worlds import make_counts, make_grid

from hotspots.errors import AnalysisError

with warnings.catch_warnings():
    # Some of what esda imports warns on import with the newest versions of its own dependencies.
    warnings.simplefilter("ignore")
    import esda  # noqa: F401

from hotspots.analysis.clustering import clustering_sentence, global_statistics


def test_columbus_has_the_figures_of_spdep():
    # R spdep 1.2-7, moran.test, geary.test and globalG.test of CRIME, Queen contiguity.
    examples = pytest.importorskip("libpysal.examples")
    columbus = gpd.read_file(examples.get_path("columbus.shp")).set_crs(27700, allow_override=True)
    columbus["geometry"] = columbus.scale(1000, 1000, origin=(0, 0))
    # A table of counts must be whole: the same values in millionths.
    columbus["crime"] = np.rint(columbus["CRIME"] * 1e6)
    table = global_statistics(columbus, column="crime")
    assert table.loc["Moran's I", "value"] == pytest.approx(0.5001885572, abs=1e-7)
    assert table.loc["Moran's I", "expected"] == pytest.approx(-0.0208333333, abs=1e-9)
    assert table.loc["Moran's I", "z"] == pytest.approx((0.5001885572 + 0.0208333333) / 0.0086892892**0.5, abs=1e-5)
    assert table.loc["Geary's C", "value"] == pytest.approx(0.5405282027, abs=1e-7)
    assert table.loc["General G", "value"] == pytest.approx(0.12780746, abs=1e-7)
    assert "similar values lie together" in clustering_sentence(table, title="crime")


def test_scatter_does_not_cluster():
    rng = np.random.default_rng(2)
    table = global_statistics(make_counts(make_grid(12, 12), rng.poisson(5, 144)))
    assert table["p"].min() > 0.01
    assert "no clustering beyond chance" in clustering_sentence(table, title="crime")
    assert set(table["areas"]) == {144}


def test_missing_areas_are_left_out():
    values = np.random.default_rng(3).poisson(5, 36).astype(float)
    values[0] = np.nan
    assert set(global_statistics(make_counts(make_grid(6, 6), values))["areas"]) == {35}


def test_equal_values_are_refused(grid):
    with pytest.raises(AnalysisError, match="All values are equal"):
        global_statistics(make_counts(grid, np.ones(36)))
