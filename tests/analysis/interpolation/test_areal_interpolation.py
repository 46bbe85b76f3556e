"""People and counts spread over cells: what is conserved, and where it goes."""

from __future__ import annotations

import pickle

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import make_counts, make_grid

from hotspots.analysis.common.grid import Grid
from hotspots.analysis.interpolation.areal_interpolation import spread_counts, spread_people
from hotspots.analysis.interpolation.coverage_fractions import overlap_cells, own_cells
from hotspots.analysis.interpolation.pycnophylactic import smooth_zones
from hotspots.errors import AnalysisError
from hotspots.model import Identity, StudyArea, Surface, words_of


def make_area(polygons: list[object], people: list[float] | None = None) -> StudyArea:
    """Return a study area of these polygons, ids in their order."""
    table = gpd.GeoDataFrame(
        {"name": "x", "la_code": "E08000025", "la_name": "Birmingham"},
        geometry=polygons,
        index=[f"E0100{i:04d}" for i in range(len(polygons))],
        crs=27700,
    )
    area = StudyArea(table, identity=Identity(release="open"))
    return area if people is None else area.with_population(pd.Series(people, index=area.ids))


def people_per_cell(area: StudyArea, grid: Grid, *, addresses: pd.DataFrame | None = None) -> np.ndarray:
    return spread_people(area, grid, addresses=addresses).people


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
    people = people_per_cell(make_area([shape], [1700.0]), grid_over(shape, side=100.0))
    np.testing.assert_allclose(people, [[500, 1000, 200]], rtol=1e-12)


def test_each_areas_people_are_conserved():
    # Areas that meet only on lines of the grid, so that each one's cells can be added up.
    area = make_grid(4, 5, side=1000.0, population=1234.5)
    grid = Grid.over(area.areas.geometry.union_all(), 250.0)
    people = people_per_cell(area, grid)
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
        alone = people_per_cell(make_area([shape], [people[i]]), grid)
        assert alone.sum() == pytest.approx(people[i], rel=1e-9)
    together = people_per_cell(make_area(list(shapes), list(people)), grid)
    assert together.sum() == pytest.approx(people.sum(), rel=1e-9)


def test_a_sliver_without_a_cell_centre_keeps_its_people_where_it_lies():
    # 10 m wide, across two cells of 100 m, a fifth of its length in the southern one.
    sliver, square = shapely.box(20, 80, 30, 180), shapely.box(100, 0, 200, 100)
    grid = grid_over(sliver, square, side=100.0)
    people = people_per_cell(make_area([sliver, square], [50.0, 8.0]), grid)
    np.testing.assert_allclose(people, [[40, 0], [10, 8]], rtol=1e-12)


def test_an_area_smaller_than_rounding_keeps_its_people():
    speck = shapely.box(150, 150, 150.001, 150.001)
    grid = grid_over(shapely.box(0, 0, 300, 300), side=100.0)
    people = people_per_cell(make_area([speck], [7.0]), grid)
    assert people[1, 1] == 7.0
    assert people.sum() == 7.0


def test_an_unknown_population_is_said():
    area = make_area([shapely.box(0, 0, 100, 100), shapely.box(100, 0, 200, 100)], [5.0, np.nan])
    spread = spread_people(area, grid_over(*area.areas.geometry, side=100.0))
    assert spread.people.tolist() == [[5.0, 0.0]]
    assert words_of(spread.notes) == ("Areas without a known population, taken as uninhabited: 1.",)
    assert spread.words == "Each area's population was distributed evenly over its polygon."


def test_without_a_population_there_is_nothing_to_spread():
    area = make_grid(2, 2)
    with pytest.raises(AnalysisError, match="no population to interpolate"):
        people_per_cell(area, Grid.over(area.areas.geometry.union_all(), 500.0))


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
    assert spread.words == "Each area's population was distributed evenly over its addresses."
    assert words_of(spread.notes) == ()
    equal = people_per_cell(halves, grid, addresses=homes.drop(columns="weight"))
    np.testing.assert_allclose(equal, [[0, 100 / 3, 0, 60], [100 / 3, 100 / 3, 0, 0]])


def test_an_area_without_addresses_falls_back_to_its_polygon(halves: StudyArea):
    grid = grid_over(*halves.areas.geometry, side=100.0)
    homes = pd.DataFrame(
        {"easting": [50.0, 350.0, 900.0, np.nan], "northing": [50.0, 50.0, 900.0, 50.0], "weight": [1.0, 0.0, 1, 1]}
    )
    spread = spread_people(halves, grid, addresses=homes)
    assert spread.people.tolist() == [[0, 0, 15, 15], [100, 0, 15, 15]]
    assert spread.words.endswith("over its addresses, or over its polygon where it has none.")
    assert words_of(spread.notes) == (
        "Addresses outside every area, or without a point, left out: 2.",
        "Addresses without a weight above 0, left out: 1.",
        "Areas without an address, with population distributed over the polygon: 1 (60 people).",
    )


def test_an_address_on_the_border_counts_once_and_one_on_the_grids_rim_too(halves: StudyArea):
    grid = grid_over(*halves.areas.geometry, side=100.0)
    homes = pd.DataFrame({"easting": [200.0, 400.0], "northing": [100.0, 0.0]})
    people = people_per_cell(halves, grid, addresses=homes)
    assert people.sum() == 160.0
    assert people[1, 3] == 60.0


def test_wrong_addresses_are_refused(halves: StudyArea):
    grid = grid_over(*halves.areas.geometry, side=100.0)
    with pytest.raises(AnalysisError, match="A table of addresses needs the column 'northing'"):
        people_per_cell(halves, grid, addresses=pd.DataFrame({"easting": [1.0]}))
    with pytest.raises(AnalysisError, match="The weight of an address is negative: -2") as caught:
        people_per_cell(
            halves, grid, addresses=pd.DataFrame({"easting": [1.0, 1.0], "northing": 1.0, "weight": [1, -2]})
        )
    assert "1 such addresses, the first in row 2" in str(caught.value)
    with pytest.raises(AnalysisError, match="No address lies in the study area"):
        people_per_cell(halves, grid, addresses=pd.DataFrame({"easting": [-1.0], "northing": [1.0]}))


def test_spreading_leaves_its_inputs_as_they_were(halves: StudyArea):
    grid = grid_over(*halves.areas.geometry, side=100.0)
    homes = pd.DataFrame({"easting": [50.0], "northing": [50.0], "weight": [2.0]})
    before = halves.areas.to_wkb().to_csv(), homes.to_csv(), grid.inside.copy()
    people_per_cell(halves, grid, addresses=homes)
    assert (halves.areas.to_wkb().to_csv(), homes.to_csv()) == before[:2]
    np.testing.assert_array_equal(grid.inside, before[2])


# --------------------------------------------------------------------------- whose cell


def test_a_cell_belongs_to_the_first_area_that_holds_its_centre():
    shapes = np.array([shapely.box(0, 0, 50, 100), shapely.box(50, 0, 200, 100)])
    grid = Grid(0.0, 200.0, 100.0, np.ones((2, 3), dtype=bool))
    assert own_cells(shapes, grid).tolist() == [[-1, -1, -1], [0, 1, -1]]
    assert own_cells(shapes[::-1], grid).tolist() == [[-1, -1, -1], [0, 0, -1]]


# --------------------------------------------------------------------------- smoothing


def test_three_strips_by_hand():
    # Two cells each, with 14, 28 and 42. With 7 - u, 7 + u, 14 - v, 14 + v, 21 - u, 21 + u the sum of squared
    # differences is 8u² + 4v² + 2(7 - u - v)², least at u = 1 and v = 2.
    zones = np.array([[0, 0, 1, 1, 2, 2]])
    smooth = smooth_zones(zones, np.array([14.0, 28.0, 42.0]))
    np.testing.assert_allclose(smooth.masses, [[6, 8, 12, 16, 20, 22]], atol=2e-3)
    assert smooth.change < 1e-4


def test_where_smoothness_would_go_below_nought_it_stops_there():
    # Two cells with 1 beside two with 41. Without the bound: 0.5 - u, 0.5 + u, 20.5 - u, 20.5 + u with 8u² + (20 - 2u)²
    # halved, least at u = 10/3, so the outermost cell would be below 0. With it at 0: 0, 1, and 20.5 - v, 20.5 + v with
    # (19.5 - v)² + 4v², least at v = 3.9.
    zones = np.array([[0, 0, 1, 1]])
    smooth = smooth_zones(zones, np.array([1.0, 41.0]))
    np.testing.assert_allclose(smooth.masses, [[0, 1, 16.6, 24.4]], atol=5e-3)


def test_the_answer_is_where_averaging_and_mending_changes_nothing():
    # Tobler's fixed point: where no cell is 0, each zone's cells differ from their neighbours by the same sum.
    zones = np.kron(np.arange(12).reshape(3, 4), np.ones((5, 5), dtype=int))
    totals = 200 + 100 * np.random.default_rng(1).random(12)
    masses = smooth_zones(zones, totals).masses
    assert masses.min() > 0
    padded = np.pad(masses, 1, mode="edge")
    flow = padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:] - 4 * masses
    for zone in range(12):
        assert np.ptp(flow[zones == zone]) < 2e-3 * masses.mean()


def test_smoothing_by_another_way():
    # Second opinion: SciPy's minimiser on the same sum of squares, with the same bounds and totals.
    from scipy.optimize import LinearConstraint, minimize

    zones = np.array([[0, 0, 0, 1], [0, 2, 1, 1], [2, 2, -1, 1], [2, 2, 3, 3]])
    totals = np.array([0.5, 9.0, 20.0, 0.0])
    inside = zones >= 0
    number = np.full(zones.shape, -1)
    number[inside] = np.arange(inside.sum())
    pairs = [*zip(number[:, :-1].ravel(), number[:, 1:].ravel(), strict=True)]
    pairs += [*zip(number[:-1].ravel(), number[1:].ravel(), strict=True)]
    a, b = np.array([pair for pair in pairs if min(pair) >= 0]).T
    keep = (zones[inside][:, None] == np.arange(4)).astype(float).T

    def slope(x: np.ndarray) -> np.ndarray:
        down = np.zeros(len(x))
        np.add.at(down, a, 2 * (x[a] - x[b]))
        np.add.at(down, b, 2 * (x[b] - x[a]))
        return down

    found = minimize(
        lambda x: ((x[a] - x[b]) ** 2).sum(), np.full(inside.sum(), 1.0), jac=slope, method="SLSQP",
        bounds=[(0, None)] * int(inside.sum()), constraints=LinearConstraint(keep, totals, totals),
        options={"ftol": 1e-14, "maxiter": 500},
    )  # fmt: skip
    np.testing.assert_allclose(smooth_zones(zones, totals).masses[inside], found.x, atol=5e-3)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_every_zone_keeps_its_total_and_no_cell_is_negative(seed: int):
    rng = np.random.default_rng(seed)
    zones = rng.integers(-1, 7, (9, 11))
    totals = rng.integers(0, 4, 7) * rng.uniform(0, 100, 7)
    smooth = smooth_zones(zones, totals)
    inside = zones >= 0
    kept = np.bincount(zones[inside], smooth.masses[inside], minlength=7)
    here = np.bincount(zones[inside], minlength=7) > 0
    np.testing.assert_allclose(kept[here], totals[here], rtol=1e-12)
    assert smooth.masses[inside].min() >= 0
    assert np.isnan(smooth.masses[~inside]).all()


# --------------------------------------------------------------------------- counts of events


def by_area(surface: Surface, rows: int, columns: int) -> np.ndarray:
    """Return the events in each square of `make_grid`, from the surface's cells."""
    fine = surface.values * surface.cell**2 / 1e6
    side = fine.shape[0] // rows
    return fine.reshape(rows, side, columns, side).sum(axis=(1, 3))


def test_every_area_keeps_its_count():
    area = make_grid(4, 5, side=1000.0)
    given_counts = np.random.default_rng(3).integers(0, 40, 20)
    surface = spread_counts(make_counts(area, given_counts), cell=100.0)
    np.testing.assert_allclose(by_area(surface, 4, 5).ravel(), given_counts, rtol=1e-9)
    assert np.nanmin(surface.values) >= 0
    assert surface.integral == pytest.approx(given_counts.sum(), rel=1e-12)
    assert surface.kind == "spread"
    assert surface.unit == "events per km²"
    assert surface.words == (
        "Areal interpolation of the counts of 20 areas to cells of 100 m, as smoothly as possible without changing any "
        "area's count (Tobler's pycnophylactic interpolation); detail inside an area comes from the smoothing alone. "
        "Locations within areas are not known. It shows where events are dense, not where risk is high."
    )


def test_a_uniform_density_stays_uniform():
    surface = spread_counts(make_counts(make_grid(3, 3, side=1000.0), np.full(9, 7)), cell=200.0, years=2)
    np.testing.assert_allclose(surface.values, 3.5, rtol=1e-12)
    assert surface.unit == "events per km² per year"
    assert surface.integral == pytest.approx(63)


def test_evenly_is_the_areas_themselves():
    area = make_grid(1, 2, side=1000.0)
    surface = spread_counts(make_counts(area, [3, 8]), method="even", cell=500.0)
    assert surface.values.tolist() == [[3, 3, 8, 8], [3, 3, 8, 8]]
    assert surface.sentences[-1].endswith("the surface shows the areas and nothing inside them.")
    assert spread_counts(make_counts(area, [3, 8])).cell == 500.0


def test_hidden_counts_are_spread_by_their_middle_and_said():
    area = make_grid(1, 3, side=1000.0)
    counts = make_counts(area, [1, 10, 20], [7, 10, 20], release="nhs-digital", rule="nhs-digital")
    surface = spread_counts(counts, method="even", cell=500.0)
    assert surface.values[0].tolist() == [4, 4, 10, 10, 20, 20]
    assert surface.sentences[-1] == (
        "The count of 1 area is suppressed; the middle of each interval was used, and the true total lies between 31 "
        "and 37."
    )
    assert surface.release == "nhs-digital"


def test_an_area_without_a_count_has_no_values_and_nothing_flows_into_it():
    area = make_grid(1, 3, side=1000.0)
    surface = spread_counts(make_counts(area, [5, np.nan, 9]), cell=500.0)
    np.testing.assert_allclose(surface.values[0], [5, 5, np.nan, np.nan, 9, 9])
    assert words_of(surface.notes) == ("Areas without a count, and so without a value: 1.",)
    assert surface.integral == pytest.approx(14)


def test_an_area_without_a_cell_hands_its_events_on():
    area = make_area([shapely.box(0, 0, 400, 400), shapely.box(10, 10, 60, 60), shapely.box(400, 0, 800, 400)])
    # The second lies in the first, and no centre of a cell of 200 m in it.
    surface = spread_counts(make_counts(area, [4, 6, 1]), method="even", cell=200.0)
    np.testing.assert_allclose(surface.values[0] * 0.04, [2.5, 2.5, 0.25, 0.25])
    assert words_of(surface.notes)[-1] == (
        "Areas too small for a cell of 200 m, whose events are counted in a neighbouring area: 1."
    )
    # Where the area around has no count, the nearest one with a count takes them.
    other = spread_counts(make_counts(area, [np.nan, 6, 1]), method="even", cell=200.0)
    assert other.integral == 7.0
    assert surface.provenance.areas_without_cell == 1


def test_counts_that_cannot_be_spread_are_refused():
    area = make_grid(2, 2, side=1000.0)
    counts = make_counts(area, [1, 2, 3, 4])
    with pytest.raises(AnalysisError, match="No area has a count of events, so there is nothing to interpolate"):
        spread_counts(make_counts(area, np.full(4, np.nan)))
    with pytest.raises(AnalysisError, match="There is no method 'kriging' of areal interpolation"):
        spread_counts(counts, method="kriging")  # type: ignore[arg-type]
    with pytest.raises(AnalysisError, match="The cell must be above 0: 0"):
        spread_counts(counts, cell=0.0)
    with pytest.raises(AnalysisError, match="The years must be above 0: -1"):
        spread_counts(counts, years=-1.0)
    with pytest.raises(AnalysisError, match=r"Cells of 0\.1 m would make a grid of") as caught:
        spread_counts(counts, cell=0.1)
    assert "at most 4,000,000 cells" in str(caught.value)
    speck = make_area([shapely.box(10, 10, 20, 20)])
    with pytest.raises(AnalysisError, match="Cells of 500 m are too coarse: the centre of none lies in an area"):
        spread_counts(make_counts(speck, [3]), cell=500.0)


def test_spreading_counts_leaves_them_as_they_were_and_gives_the_same_twice():
    counts = make_counts(make_grid(3, 3), np.arange(9))
    before = pickle.dumps(counts)
    first, second = (spread_counts(counts) for _ in range(2))
    assert pickle.dumps(counts) == before
    np.testing.assert_array_equal(first.values, second.values)


# --------------------------------------------------------------------------- the real areas


@pytest.mark.real
def test_people_of_the_force_area(shared_data):
    areas = gpd.read_file(shared_data / "wm_boundaries_27700.gpkg", layer="lsoa11")
    area = make_area(list(areas.geometry), [1000.0 + i for i in range(len(areas))])
    people = people_per_cell(area, Grid.over(area.areas.geometry.union_all(), 50.0))
    assert people.sum() == pytest.approx(sum(1000.0 + i for i in range(len(areas))), rel=1e-12)
