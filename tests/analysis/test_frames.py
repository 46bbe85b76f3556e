"""GeoDataFrames go in where study areas and events do, in any coordinate system."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from worlds import make_grid

import hotspots as hs
from hotspots.errors import AnalysisError


@pytest.fixture
def squares() -> gpd.GeoDataFrame:
    """Return 16 squares of 1 km with plain ids."""
    frame = make_grid(4, 4).areas[["geometry"]]
    return frame.set_index(pd.Index([f"c{number}" for number in range(16)]))


@pytest.fixture
def points(squares) -> gpd.GeoDataFrame:
    """Return two points in the middle of every square, the second half of them dated, and one far away."""
    middles = [*squares.centroid, *squares.centroid, shapely.Point(100_000, 100_000)]
    when = [pd.NaT] * 16 + [pd.Timestamp("2019-05-05")] * 17
    return gpd.GeoDataFrame({"when": when}, geometry=middles, crs=27700)


def test_points_are_counted_in_polygons(squares, points):
    counts = hs.count_events(points, squares, release="invented")
    assert (counts.table["observed_low"] == 2).all()
    assert set(counts.table.index) == set(squares.index)
    assert (counts.outside, counts.release) == (1, "invented")


def test_degrees_and_metres_give_the_same_counts(squares, points):
    degrees = hs.count_events(points.to_crs(4326), squares.to_crs(4326), release="invented")
    metres = hs.count_events(points, squares, release="invented")
    pd.testing.assert_series_equal(degrees.table["observed_low"], metres.table["observed_low"])


def test_a_density_of_points_is_that_of_events(squares, points):
    surface = hs.kernel_density(points, squares, bandwidth=1000, cell=100, release="invented")
    # Diggle's correction: the integral is the number of events inside.
    assert surface.integral == pytest.approx(32)
    assert surface.release == "invented"
    assert hs.kernel_density(points, squares, bandwidth=1000, cell=100).release == "unreleased"


def test_an_area_code_wins_over_the_point(squares, points):
    coded = points.assign(area_code="c3")
    counts = hs.count_events(coded, squares, release="invented")
    assert counts.table["observed_low"]["c3"] == len(points)


def test_missing_points_are_events_without_a_place(squares, points):
    some = points.copy()
    some.loc[:3, "geometry"] = None
    counts = hs.count_events(some, squares, release="invented")
    assert counts.table["observed_low"].sum() == 28
    assert sum(counts.dropped.values()) == 4


def test_what_is_missing_is_said(squares, points):
    with pytest.raises(AnalysisError, match="The points have no coordinate system"):
        hs.count_events(points.set_crs(None, allow_override=True), squares)
    with pytest.raises(AnalysisError, match="The areas have no coordinate system"):
        hs.count_events(points, squares.set_crs(None, allow_override=True))
    with pytest.raises(AnalysisError, match="Events are points, and row 'c0' is a Polygon"):
        hs.count_events(squares, squares)


def test_the_frames_are_left_as_they_were(squares, points):
    before = squares.copy(), points.copy()
    hs.count_events(points, squares, release="invented")
    pd.testing.assert_frame_equal(squares, before[0])
    pd.testing.assert_frame_equal(points, before[1])
    assert np.isfinite(points.geometry.x).all()
