"""GeoDataFrames go in where study areas and events do, in any coordinate system."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from worlds import make_grid

import hotspots as hs
from hotspots.analysis.common import from_geodataframe
from hotspots.analysis.interpolation.protected_surface import smooth_counts
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


def test_cells_that_take_gigabytes_are_refused_before_they_do(squares, points):
    """Of cells of 1 m over 16 km²: with chances 4 GB, of a prediction 2 GB, of hidden counts 1.6 GB."""
    peopled = squares.assign(population=100)
    area, events = (
        from_geodataframe.as_area(peopled),
        from_geodataframe.as_events(points.drop(columns="when"), release="invented"),
    )
    with pytest.raises(AnalysisError, match="grid of 16,008,001 cells") as error:
        hs.relative_risk(points, peopled, bandwidth=1500, cell=1)
    assert error.value.found == "at most 4,000,000 cells can be computed"
    assert error.value.advice == "choose larger cells or a smaller study area"
    with pytest.raises(AnalysisError, match="grid of 16,008,001 cells") as error:
        hs.surfaces.predictive_accuracy(events, events, area=area, bandwidths=[1000.0], cell=1)
    assert error.value.found == "at most 8,000,000 cells can be computed"
    counts = hs.count_events(points, squares, release="invented")
    with pytest.raises(AnalysisError, match="grid of 16,008,001 cells") as error:
        hs.surfaces.spread_counts(counts, cell=1)
    assert error.value.found == "at most 4,000,000 cells can be computed"
    with pytest.raises(AnalysisError, match="grid of 16,008,001 cells") as error:
        smooth_counts(counts, cell=1)
    assert error.value.found == "at most 10,000,000 cells can be computed"


def test_the_frames_are_left_as_they_were(squares, points):
    before = squares.copy(), points.copy()
    hs.count_events(points, squares, release="invented")
    pd.testing.assert_frame_equal(squares, before[0])
    pd.testing.assert_frame_equal(points, before[1])
    assert np.isfinite(points.geometry.x).all()


# --------------------------------------------------------------------------- risk, spreading, schools


def same_values(one, other):
    """Whether two surfaces lie on the same cells and have the same values."""
    assert (one.origin, one.cell, one.release) == (other.origin, other.cell, other.release)
    np.testing.assert_array_equal(one.values, other.values)


def test_a_risk_of_points_in_polygons_is_that_of_the_nouns(squares, points):
    peopled = squares.assign(population=np.arange(16) + 100)
    found = hs.relative_risk(points, peopled, bandwidth=1500, cell=200, release="invented")
    given = from_geodataframe.as_events(points, release="invented"), from_geodataframe.as_area(peopled)
    same_values(found, hs.relative_risk(*given, bandwidth=1500, cell=200))
    assert hs.relative_risk(points, peopled, bandwidth=1500, cell=200).release == "unreleased"
    with pytest.raises(AnalysisError, match="The study area has no population"):
        hs.relative_risk(points, squares, bandwidth=1500)


def test_two_frames_of_points_are_compared(squares, points):
    first, second = points.iloc[:16], points.iloc[16:]
    found = hs.surfaces.compare_densities(
        first, second, area=squares, bandwidth=1500, cell=200, release="invented", minimum_expected=0.1
    )
    given = (from_geodataframe.as_events(one, release="invented") for one in (first, second))
    same_values(
        found,
        hs.surfaces.compare_densities(
            *given, area=from_geodataframe.as_area(squares), bandwidth=1500, cell=200, minimum_expected=0.1
        ),
    )


def test_a_column_of_counts_is_spread(squares):
    counted = squares.assign(crimes=np.arange(16.0))
    found = hs.surfaces.spread_counts(counted, column="crimes", cell=100, release="invented")
    assert found.integral == pytest.approx(np.arange(16).sum())
    same_values(
        found,
        hs.surfaces.spread_counts(from_geodataframe.as_counts(counted, "crimes", None, release="invented"), cell=100),
    )
    degrees = hs.surfaces.spread_counts(counted.to_crs(4326), column="crimes", cell=100)
    assert degrees.integral == pytest.approx(np.arange(16).sum())
    with pytest.raises(AnalysisError, match="Which column holds the counts"):
        hs.surfaces.spread_counts(counted)


@pytest.fixture
def schools(squares) -> gpd.GeoDataFrame:
    """Return a school in the middle of every square, with pupils and exclusions."""
    number = np.arange(16)
    table = {"pupils": 1000 + 50 * number, "exclusions": 1 + number % 5}
    ids = [f"330{4000 + one}" for one in number]
    return gpd.GeoDataFrame(table, geometry=squares.centroid.to_numpy(), index=ids, crs=27700)


def test_schools_of_a_frame_diverge_as_the_nouns_do(squares, schools):
    table = pd.DataFrame({"score": np.linspace(0.1, 0.4, 16), "rank": np.nan, "decile": np.nan}, index=squares.index)
    deprivation = hs.schools.Deprivation(table, identity=hs.studies.Identity(release="open", title="IDACI 2019"))
    found = hs.schools.diverging_schools(schools, deprivation, area=squares.assign(population=500), release="invented")
    assert found.release == "invented"
    assert found.table["low"].tolist() == schools["exclusions"].tolist()
    assert found.table["area_id"].tolist() == squares.index.tolist()
    assert (found.table["rate"] == 100 * schools["exclusions"] / schools["pupils"]).all()
    # From degrees and back a point moves by less than a millimetre.
    degrees = hs.schools.diverging_schools(schools.to_crs(4326), deprivation, area=squares.assign(population=500))
    np.testing.assert_allclose(degrees.table["expected"], found.table["expected"], rtol=1e-9)


def test_a_frame_of_schools_needs_pupils_and_exclusions(squares, schools):
    table = pd.DataFrame({"score": 0.1, "rank": np.nan, "decile": np.nan}, index=squares.index)
    with pytest.raises(AnalysisError) as error:
        hs.schools.diverging_schools(
            schools.drop(columns="pupils"),
            hs.schools.Deprivation(table, identity=hs.studies.Identity(release="open")),
            area=squares,
        )
    assert error.value.problem == "The schools have no column 'pupils'."
    assert error.value.found == "columns exclusions, geometry"
    with pytest.raises(AnalysisError, match="The column 'exclusions' does not hold counts or people"):
        hs.schools.diverging_schools(
            schools.assign(exclusions="x"),
            hs.schools.Deprivation(table, identity=hs.studies.Identity(release="open")),
            area=squares,
        )
