"""People and counts spread over cells: what is conserved, and where it goes."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import make_grid

from hotspots.analysis.grids import Grid
from hotspots.analysis.overlaps import overlap_cells
from hotspots.analysis.spreading import spread_people, spread_population
from hotspots.errors import AnalysisError
from hotspots.nouns import StudyArea


def make_area(polygons: list[object], people: list[float] | None = None) -> StudyArea:
    """Return a study area of these polygons, ids in their order."""
    table = gpd.GeoDataFrame(
        {"name": "x", "la_code": "E08000025", "la_name": "Birmingham"},
        geometry=polygons,
        index=[f"E0100{i:04d}" for i in range(len(polygons))],
        crs=27700,
    )
    area = StudyArea(table)
    return area if people is None else area.with_population(pd.Series(people, index=area.ids))


def grid_over(*polygons: object, side: float) -> Grid:
    return Grid.over(shapely.union_all(list(polygons)), side)


# --------------------------------------------------------------------------- exact overlaps


def overlap_table(polygon: object, grid: Grid) -> np.ndarray:
    """Return the covered part of every cell, shape of the grid."""
    found = overlap_cells(np.array([polygon]), grid)
    parts = np.zeros(grid.inside.size)
    parts[found.cell] = found.part
    return parts.reshape(grid.shape)


def test_parts_of_a_rectangle():
    # By hand: 100 m cells, the rectangle from 50 to 220 east and 130 to 200 north.
    grid = Grid(0.0, 200.0, 100.0, np.ones((2, 3), dtype=bool))
    parts = overlap_table(shapely.box(50, 130, 220, 200), grid)
    np.testing.assert_allclose(parts, [[0.35, 0.70, 0.14], [0, 0, 0]], atol=1e-12)


def test_parts_of_an_l_shape_and_of_a_triangle():
    # By hand: an L of three cells' width, and the triangle under a diagonal, which halves the cells it crosses.
    grid = Grid(0.0, 200.0, 100.0, np.ones((2, 2), dtype=bool))
    shape = shapely.Polygon([(0, 0), (200, 0), (200, 50), (50, 50), (50, 200), (0, 200)])
    np.testing.assert_allclose(overlap_table(shape, grid), [[0.5, 0], [0.75, 0.5]], atol=1e-12)
    triangle = shapely.Polygon([(0, 0), (200, 0), (0, 200)])
    np.testing.assert_allclose(overlap_table(triangle, grid), [[0.5, 0], [1, 0.5]], atol=1e-12)


def test_a_hole_is_no_cover_whichever_way_its_ring_runs():
    grid = Grid(0.0, 300.0, 100.0, np.ones((3, 3), dtype=bool))
    shell, hole = [(0, 0), (300, 0), (300, 300), (0, 300)], [(100, 100), (150, 100), (150, 200), (100, 200)]
    expected = [[1, 1, 1], [1, 0.5, 1], [1, 1, 1]]
    for one in (hole, hole[::-1]):
        np.testing.assert_allclose(overlap_table(shapely.Polygon(shell, [one]), grid), expected, atol=1e-12)


def test_parts_far_from_each_other_are_one_area():
    grid = Grid(0.0, 100.0, 100.0, np.ones((1, 5), dtype=bool))
    two = shapely.MultiPolygon([shapely.box(0, 0, 30, 100), shapely.box(450, 0, 500, 100)])
    np.testing.assert_allclose(overlap_table(two, grid), [[0.3, 0, 0, 0, 0.5]], atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([7.0, 50.0, 400.0]))
def test_parts_equal_shapely(seed: int, side: float):
    # Second opinion: shapely's intersection of every cell with polygons that have many corners, some holes and parts.
    rng = np.random.default_rng(seed)
    blobs = [
        shapely.Point(xy).buffer(r) for xy, r in zip(rng.uniform(0, 300, (5, 2)), [90, 60, 30, 9, 25], strict=True)
    ]
    shape = shapely.difference(shapely.union_all(blobs[:4]), blobs[4])
    grid = Grid.over(shape, side)
    north, west = grid.north - side * np.arange(grid.shape[0])[:, None], grid.west + side * np.arange(grid.shape[1])
    boxes = shapely.box(west, north - side, west + side, north)
    expected = shapely.area(shapely.intersection(boxes, shape)) / side**2
    np.testing.assert_allclose(overlap_table(shape, grid), expected, atol=2e-9)


def test_a_polygon_beyond_the_grid_is_named():
    grid = Grid(0.0, 100.0, 100.0, np.ones((1, 1), dtype=bool))
    with pytest.raises(AnalysisError, match="reaches beyond the grid") as caught:
        overlap_cells(np.array([shapely.box(10, 10, 20, 20), shapely.box(50, 50, 101, 60)]), grid)
    assert "1 of 2, the first (west, south, east, north) at 50 50 101 60" in str(caught.value)


# --------------------------------------------------------------------------- people over polygons


def test_people_of_a_rectangle_by_hand():
    # 170 m x 70 m over three cells of 100 m: 50, 100 and 20 m of its width.
    shape = shapely.box(50, 130, 220, 200)
    people = spread_population(make_area([shape], [1700.0]), grid_over(shape, side=100.0))
    np.testing.assert_allclose(people, [[500, 1000, 200]], rtol=1e-12)


def test_each_areas_people_are_conserved():
    # Areas that meet only on lines of the grid, so that each one's cells can be added up.
    area = make_grid(4, 5, side=1000.0, population=1234.5)
    grid = Grid.over(area.areas.geometry.union_all(), 250.0)
    people = spread_population(area, grid)
    blocks = people.reshape(4, 4, 5, 4).sum(axis=(1, 3))
    np.testing.assert_allclose(blocks, 1234.5, rtol=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_people_are_conserved_whatever_the_polygons(seed: int):
    rng = np.random.default_rng(seed)
    west, south = rng.uniform(0, 5000, (2, 12))
    shapes = shapely.box(west, south, west + rng.uniform(0.001, 900, 12), south + rng.uniform(0.001, 900, 12))
    people = rng.uniform(0, 3000, 12)
    grid = grid_over(*shapes, side=200.0)
    for i, shape in enumerate(shapes):
        alone = spread_population(make_area([shape], [people[i]]), grid)
        assert alone.sum() == pytest.approx(people[i], rel=1e-9)
    together = spread_population(make_area(list(shapes), list(people)), grid)
    assert together.sum() == pytest.approx(people.sum(), rel=1e-9)


def test_a_sliver_without_a_cell_centre_keeps_its_people_where_it_lies():
    # 10 m wide, across two cells of 100 m, a fifth of its length in the southern one.
    sliver, square = shapely.box(20, 80, 30, 180), shapely.box(100, 0, 200, 100)
    grid = grid_over(sliver, square, side=100.0)
    people = spread_population(make_area([sliver, square], [50.0, 8.0]), grid)
    np.testing.assert_allclose(people, [[40, 0], [10, 8]], rtol=1e-12)


def test_an_area_smaller_than_rounding_keeps_its_people():
    speck = shapely.box(150, 150, 150.001, 150.001)
    grid = grid_over(shapely.box(0, 0, 300, 300), side=100.0)
    people = spread_population(make_area([speck], [7.0]), grid)
    assert people[1, 1] == 7.0
    assert people.sum() == 7.0


def test_an_unknown_population_is_said():
    area = make_area([shapely.box(0, 0, 100, 100), shapely.box(100, 0, 200, 100)], [5.0, np.nan])
    spread = spread_people(area, grid_over(*area.areas.geometry, side=100.0))
    assert spread.people.tolist() == [[5.0, 0.0]]
    assert spread.notes == ("Areas without a known population, taken as without people: 1.",)
    assert spread.words == "Each area's people were spread evenly over its polygon."


def test_without_a_population_there_is_nothing_to_spread():
    area = make_grid(2, 2)
    with pytest.raises(AnalysisError, match="no population, so there are no people to spread"):
        spread_population(area, Grid.over(area.areas.geometry.union_all(), 500.0))


# --------------------------------------------------------------------------- people over addresses


@pytest.fixture
def halves() -> StudyArea:
    """Return two squares of 200 m side by side, with 100 and 60 people."""
    return make_area([shapely.box(0, 0, 200, 200), shapely.box(200, 0, 400, 200)], [100.0, 60.0])


def test_people_over_addresses_by_weight(halves: StudyArea):
    grid = grid_over(*halves.areas.geometry, side=100.0)
    homes = pd.DataFrame({"easting": [50, 150, 150, 350], "northing": [50, 50, 150, 150], "weight": [2, 1, 1, 9]})
    spread = spread_people(halves, grid, addresses=homes)
    assert spread.people.tolist() == [[0, 25, 0, 60], [50, 25, 0, 0]]
    assert spread.words == "Each area's people were spread evenly over its addresses."
    assert spread.notes == ()
    equal = spread_population(halves, grid, addresses=homes.drop(columns="weight"))
    np.testing.assert_allclose(equal, [[0, 100 / 3, 0, 60], [100 / 3, 100 / 3, 0, 0]])


def test_an_area_without_addresses_falls_back_to_its_polygon(halves: StudyArea):
    grid = grid_over(*halves.areas.geometry, side=100.0)
    homes = pd.DataFrame(
        {"easting": [50.0, 350.0, 900.0, np.nan], "northing": [50.0, 50.0, 900.0, 50.0], "weight": [1.0, 0.0, 1, 1]}
    )
    spread = spread_people(halves, grid, addresses=homes)
    assert spread.people.tolist() == [[0, 0, 15, 15], [100, 0, 15, 15]]
    assert spread.words.endswith("over its addresses, or over its polygon where it has none.")
    assert spread.notes == (
        "Addresses outside every area, or without a point, left out: 2.",
        "Addresses without a weight above 0, left out: 1.",
        "Areas without an address, whose people were spread over the polygon: 1 (60 people).",
    )


def test_an_address_on_the_border_counts_once_and_one_on_the_grids_rim_too(halves: StudyArea):
    grid = grid_over(*halves.areas.geometry, side=100.0)
    homes = pd.DataFrame({"easting": [200.0, 400.0], "northing": [100.0, 0.0]})
    people = spread_population(halves, grid, addresses=homes)
    assert people.sum() == 160.0
    assert people[1, 3] == 60.0


def test_wrong_addresses_are_refused(halves: StudyArea):
    grid = grid_over(*halves.areas.geometry, side=100.0)
    with pytest.raises(AnalysisError, match="A table of addresses needs the column 'northing'"):
        spread_population(halves, grid, addresses=pd.DataFrame({"easting": [1.0]}))
    with pytest.raises(AnalysisError, match="The weight of an address is negative: -2") as caught:
        spread_population(
            halves, grid, addresses=pd.DataFrame({"easting": [1.0, 1.0], "northing": 1.0, "weight": [1, -2]})
        )
    assert "1 such addresses, the first in row 2" in str(caught.value)
    with pytest.raises(AnalysisError, match="No address lies in the study area"):
        spread_population(halves, grid, addresses=pd.DataFrame({"easting": [-1.0], "northing": [1.0]}))


def test_spreading_leaves_its_inputs_as_they_were(halves: StudyArea):
    grid = grid_over(*halves.areas.geometry, side=100.0)
    homes = pd.DataFrame({"easting": [50.0], "northing": [50.0], "weight": [2.0]})
    before = halves.areas.to_wkb().to_csv(), homes.to_csv(), grid.inside.copy()
    spread_population(halves, grid, addresses=homes)
    assert (halves.areas.to_wkb().to_csv(), homes.to_csv()) == before[:2]
    np.testing.assert_array_equal(grid.inside, before[2])


# --------------------------------------------------------------------------- the real areas


@pytest.mark.real
def test_people_of_the_force_area(shared_data):
    areas = gpd.read_file(shared_data / "wm_boundaries_27700.gpkg", layer="lsoa11")
    area = make_area(list(areas.geometry), [1000.0 + i for i in range(len(areas))])
    people = spread_population(area, Grid.over(area.areas.geometry.union_all(), 50.0))
    assert people.sum() == pytest.approx(sum(1000.0 + i for i in range(len(areas))), rel=1e-12)
