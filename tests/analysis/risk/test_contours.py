"""Polygons from surfaces: their size by hand, what lies in them, and when they stay empty."""

from __future__ import annotations

import pickle
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from worlds import identified

from hotspots.analysis.density.density_surface import kernel_density
from hotspots.analysis.risk.contours import tolerance_contours, top_contours
from hotspots.analysis.risk.polygonise import count_inside, outline_cells, outline_passing
from hotspots.errors import AnalysisError
from hotspots.model import Events, Identity, StudyArea, Surface, words_of

NAN = np.nan


def make_surface(values: object, **words: Any) -> Surface:
    """Return a surface of cells of 100 m, its south-west corner at (0, 0)."""
    table = np.array(values, dtype=float)
    given = {"unit": "events per km²", "integral": NAN, "kernel": "quartic", "bandwidth": 500.0}
    return identified(
        Surface,
        table,
        origin=(0.0, 100.0 * len(table)),
        cell=100.0,
        **{"provenance": None, "release": "open", **given, **words},
    )


def make_events(points: list[tuple[float, float]], release: str = "open") -> Events:
    table = pd.DataFrame(points, columns=["easting", "northing"], dtype=float)
    table = table.assign(area_code=None, when=pd.Timestamp("2019-01-01"), kind="crime")
    return Events(table, rows_read=len(table), identity=Identity(release=release, title="crimes"))


def make_tested(raised: object, **words: Any) -> Surface:
    p = np.array(raised, dtype=float)
    return make_surface(np.where(np.isnan(p), NAN, 0.0), kind="relative-risk", p_raised=p, p_lowered=1 - p, **words)


# --------------------------------------------------------------------------- outlines


def test_cells_are_outlined_along_the_grid():
    mask = np.array([[1, 1, 0, 1], [1, 0, 0, 0]], dtype=bool)
    shape = outline_cells(mask, origin=(1000.0, 500.0), cell=100.0)
    expected = shapely.MultiPolygon(
        [shapely.Polygon([(1000, 300), (1100, 300), (1100, 400), (1200, 400), (1200, 500), (1000, 500)]),
         shapely.box(1300, 400, 1400, 500)]
    )  # fmt: skip
    assert shapely.equals(shape, expected)


def test_a_block_of_cells_is_a_square_with_its_corners_cut():
    # By hand: half a cell beyond the outermost centres, at the middle of 4 and 0; four corners of 50 m x 50 m / 2.
    values = np.zeros((5, 5))
    values[1:4, 1:4] = 4
    contours = top_contours(make_surface(values), share=9 / 25)
    assert contours.table["area_km2"].tolist() == pytest.approx([0.085])
    assert contours.table["share_of_area"].tolist() == pytest.approx([0.34])


def test_a_hole_is_a_hole():
    # The centre falls below: a diamond with half diagonals of 50 m is missing.
    values = np.zeros((5, 5))
    values[1:4, 1:4] = 4
    values[2, 2] = 0
    table = top_contours(make_surface(values), share=8 / 25).table
    assert table["area_km2"].tolist() == pytest.approx([0.08])
    assert len(table.geometry.iloc[0].interiors) == 1


def test_a_ramp_is_cut_between_two_columns_and_the_contour_follows_the_border():
    # Columns 0 to 9: the densest three in ten begin half way between the centres of columns 6 and 7, at 700 m.
    values = np.tile(np.arange(10.0), (4, 1))
    table = top_contours(make_surface(values), share=0.3).table
    assert shapely.equals(table.geometry.iloc[0], shapely.box(700, 0, 1000, 400))
    assert table["threshold"].tolist() == [7.0]
    # With the north-eastern corner outside the study area, the contour follows its border.
    values[:2, 8:] = NAN
    table = top_contours(make_surface(values), share=8 / 36).table
    assert shapely.equals(
        table.geometry.iloc[0],
        shapely.Polygon([(700, 0), (1000, 0), (1000, 200), (800, 200), (800, 400), (700, 400)]),
    )
    assert table["share_of_area"].tolist() == pytest.approx([8 / 36])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 100_000), st.floats(0.02, 0.9))
def test_a_polygon_holds_the_centres_of_the_cells_that_pass_and_no_others(seed: int, share: float):
    rng = np.random.default_rng(seed)
    field = gaussian_filter(rng.normal(size=(17, 23)), 1.0)
    field[gaussian_filter(rng.normal(size=field.shape), 2.0) > 0.15] = NAN
    known = ~np.isnan(field)
    assume(known.any())
    passing = np.zeros(field.shape, dtype=bool)
    passing[known] = field[known] >= np.quantile(field[known], 1 - share)
    place = {"origin": (300.0, 5000.0), "cell": 50.0}
    region = outline_cells(known, **place)
    polygons = outline_passing(field, passing, region=region, **place)
    assert shapely.is_valid(polygons).all()
    assert shapely.area(shapely.difference(shapely.union_all(polygons), region)) < 1e-6
    # Each lies apart from the others.
    assert shapely.area(shapely.union_all(polygons)) == pytest.approx(shapely.area(polygons).sum())
    rows, columns = np.indices(field.shape)
    inside = shapely.intersects_xy(shapely.union_all(polygons), 325.0 + 50 * columns, 4975.0 - 50 * rows)
    np.testing.assert_array_equal(inside, passing)


def test_an_event_between_two_polygons_counts_once():
    halves = np.array([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)])
    assert count_inside(halves, np.array([[1.0, 0.5], [1.5, 0.5], [9.0, 9.0]])).tolist() == [1.0, 1.0]


# --------------------------------------------------------------------------- densest part


def two_peaks() -> np.ndarray:
    values = np.zeros((6, 12))
    values[1:4, 1:5] = 10.0
    values[2:4, 8:10] = 20.0
    return values


def test_the_densest_part_counts_events_largest_first():
    # 16 of 72 cells. Two points in the larger polygon, one in the smaller, one in neither, one outside, one nowhere.
    events = make_events([(250, 350), (300, 400), (900, 300), (650, 50), (-50, 50), (NAN, NAN)])
    contours = top_contours(make_surface(two_peaks()), events=events, share=16 / 72)
    table = contours.table
    assert table.index.tolist() == [1, 2]
    assert table["events"].tolist() == [2.0, 1.0]
    assert table["share_of_events"].tolist() == [0.5, 0.25]
    # By hand: 12 cells less four cut corners, and 4 cells less four, but the threshold, half way between 10 and 0,
    # lies three quarters of a cell beyond the peak of 20: 50 m more on each side, corners of 75 m x 75 m / 2.
    assert table["area_km2"].tolist() == pytest.approx([0.115, (250**2 - 4 * 75**2 / 2) / 1e6])
    assert set(table["kind"]) == {"top_area"}
    assert table["words"].iloc[0] == "Densest 22.2222% of the area"
    assert contours.surface == "events_density"
    assert contours.words == (
        "Contours enclose the densest of the surface's 72 cells of 100 m: the 16 that make up 22.2222% of the area. "
        "There is always a densest part; this is not a test."
    )
    assert contours.summary == (
        "Densest 22.2222% of the area: "
        "2 polygons, 0.166 km² (23.1% of the cells of the surface, "
        "3 events, 75.0% of those in the cells of the surface)."
    )


def test_the_fewest_cells_that_hold_a_share_of_events():
    # The sum is 12 x 10 + 4 x 20 = 200: four cells hold 40 %, and the next one brings all its equals.
    surface = make_surface(two_peaks())
    table = top_contours(surface, of="events", share=0.4).table
    assert len(table) == 1
    assert table["threshold"].tolist() == [20.0]
    assert table["kind"].tolist() == ["top_events"]
    assert top_contours(surface, of="events", share=0.41).table["threshold"].tolist() == [10.0, 10.0]
    assert top_contours(surface, of="events").provenance.cells.cells == 4


def test_empty_cells_are_never_dense():
    contours = top_contours(make_surface(two_peaks()), share=1.0)
    assert contours.provenance.cells.cells == 16
    nothing = top_contours(make_surface(np.zeros((3, 3))), share=0.5)
    assert len(nothing) == 0
    assert nothing.summary == "No cell passes, so there is no contour."
    assert nothing.table.crs.to_epsg() == 27700


def test_too_small_a_share_makes_no_contour():
    assert len(top_contours(make_surface(two_peaks()), share=1 / 73)) == 0


def test_tiny_polygons_are_counted():
    values = np.zeros((3, 9))
    values[1, 1] = 1.0
    values[0:3, 4:8] = 1.0
    contours = top_contours(make_surface(values), share=13 / 27, smallest_km2=0.006)
    assert len(contours) == 1
    # A diamond with half diagonals of 50 m.
    assert words_of(contours.notes) == (
        "Densest 48.1481% of the area: polygons below 6,000 m² left out: 1, together 5,000 m².",
    )
    assert len(top_contours(make_surface(values), share=13 / 27)) == 2


def test_specks_are_left_out_and_counted():
    # Two blocks of 4 cells that pass, 1 of 12: below 0.04 and 0.12 km². Events: 25, 19, 30, and 6 elsewhere.
    p = np.full((8, 16), 0.6)
    p[1:3, 1:3] = p[1:3, 5:7] = p[4:7, 9:13] = 1e-6
    points = [(200, 600)] * 25 + [(600, 600)] * 19 + [(1100, 250)] * 30 + [(1550, 50)] * 6
    surface, events = make_tested(p.tolist()), make_events(points)
    every = tolerance_contours(surface, events=events)
    assert every.table["events"].tolist() == [30.0, 25.0, 19.0]
    many = tolerance_contours(surface, events=events, fewest_events=20)
    assert many.table["events"].tolist() == [30.0, 25.0]
    assert many.table["share_of_events"].tolist() == pytest.approx([30 / 80, 25 / 80])
    assert many.provenance.left_out == {"raised": 1, "lowered": 0}
    large = tolerance_contours(surface, events=events, smallest_km2=0.1, fewest_events=20)
    assert large.table["events"].tolist() == [30.0]
    assert words_of(large.notes)[0].startswith(
        "Risk raised by more than chance at 5%: polygons below 100,000 m² or with fewer than 20 events left out: 2, "
    )


def test_events_that_are_not_released_are_not_counted():
    surface = make_surface(two_peaks())
    contours = top_contours(surface, events=make_events([(250, 350)], "unreleased"), share=0.2)
    assert contours.table["events"].isna().all()
    assert contours.table["share_of_events"].isna().all()
    assert contours.release == "open"
    assert words_of(contours.notes) == ("The crimes are not released, so they were not counted in the contours.",)
    assert "events" not in contours.summary


def test_events_without_points_are_not_counted():
    contours = top_contours(make_surface(two_peaks()), events=make_events([(NAN, NAN)]), share=0.2)
    assert words_of(contours.notes) == ("The crimes have no points, so they can't be counted in the contours.",)
    assert contours.table["events"].isna().all()


def test_the_mark_of_counted_events_stays_with_the_contours():
    surface = make_surface(two_peaks())
    assert top_contours(surface, events=make_events([(250, 350)], "restricted")).release == "restricted"
    assert top_contours(make_surface(two_peaks(), release="unreleased")).release == "unreleased"


def test_the_study_areas_own_border_cuts_off():
    # The eastern border runs at 960 m; cells with their centre inside reach to 1,000 m.
    values = np.tile(np.arange(10.0), (4, 1))
    frame = gpd.GeoDataFrame(
        {"name": ["x"], "la_code": "E08000025", "la_name": "Birmingham"},
        geometry=[shapely.box(0, 0, 960, 400)],
        index=["A"],
        crs=27700,
    )
    table = top_contours(
        make_surface(values), area=StudyArea(frame, identity=Identity(release="open")), share=0.3
    ).table
    assert shapely.equals(table.geometry.iloc[0], shapely.box(700, 0, 960, 400))
    assert table["share_of_area"].tolist() == pytest.approx([260 / 960])
    # A cell inside it without a value is cut out; shares are of the whole study area all the same.
    values[0, 9] = NAN
    table = top_contours(
        make_surface(values), area=StudyArea(frame, identity=Identity(release="open")), share=11 / 39
    ).table
    assert table.geometry.iloc[0].area == pytest.approx(260 * 400 - 60 * 100)
    assert table["share_of_area"].tolist() == pytest.approx([(260 * 400 - 60 * 100) / (960 * 400)])


# --------------------------------------------------------------------------- tolerance contours


def test_raised_and_lowered_are_adjusted_apart():
    # Twenty cells. By hand, Benjamini and Hochberg over 2p, with limits of 0.05 k / 20: the four smallest chances of a
    # high value pass (0.0049 is below 0.01 / 2), the fifth does not (0.01 is above 0.0125 / 2). Of the low ones 0.001
    # alone passes (0.004 is above 0.005 / 2), which the textbook's one family would not hold back.
    p = np.full((4, 5), 0.5)
    p[0, :4] = [0.0005, 0.001, 0.002, 0.0049]
    p[3, 4], p[3, 3] = 1 - 0.001, 1 - 0.004
    p[0, 4], p[1, 1] = 0.01, 0.03
    contours = tolerance_contours(make_tested(p))
    assert contours.table["kind"].tolist() == ["raised", "lowered"]
    inside = shapely.intersects_xy(contours.table.geometry.iloc[0], [50, 150, 250, 350, 450, 150], [350] * 5 + [250])
    assert inside.tolist() == [True] * 4 + [False] * 2
    low = shapely.intersects_xy(contours.table.geometry.iloc[1], [450, 350], [50, 50])
    assert low.tolist() == [True, False]
    assert contours.table["threshold"].tolist() == [0.05, 0.05]
    assert contours.table["words"].tolist() == [
        "Risk raised by more than chance at 5%",
        "Risk lowered by more than chance at 5%",
    ]
    together = tolerance_contours(make_tested(p), adjustment="benjamini-hochberg")
    assert shapely.intersects_xy(together.table.geometry.iloc[1], [450, 350], [50, 50]).tolist() == [True, True]
    assert together.provenance.cells.p_lowered_cutoff == pytest.approx(0.004)


def test_pointwise_contours_are_two_sided():
    p = np.full((3, 3), 0.5)
    p[1, 1], p[0, 0] = 0.024, 0.026
    contours = tolerance_contours(make_tested(p), adjustment="none", smallest_km2=0)
    assert len(contours) == 1
    assert "two-sided, not adjusted for the number of cells; 9 cells were tested." in contours.words
    assert len(tolerance_contours(make_tested(p), smallest_km2=0)) == 0
    assert "adjusted by Bonferroni's method" in tolerance_contours(make_tested(p), adjustment="bonferroni").words


def test_only_judged_cells_count_as_tests():
    # Bonferroni over the four judged cells: 2 x 0.006 x 4 = 0.048.
    p = np.full((2, 6), NAN)
    p[0, :4] = [0.006, 0.5, 0.5, 0.5]
    contours = tolerance_contours(make_tested(p), adjustment="bonferroni", smallest_km2=0)
    assert len(contours) == 1
    assert contours.provenance.cells.cells_tested == 4
    assert contours.table.geometry.iloc[0].within(shapely.box(0, 100, 400, 200))


def test_chances_of_nought_and_one_are_drawn():
    p = np.full((4, 4), 1.0)
    p[:2, :2] = 0.0
    contours = tolerance_contours(make_tested(p))
    assert contours.table["kind"].tolist() == ["raised", "lowered"]
    assert contours.table["area_km2"].sum() == pytest.approx(0.16)


def test_a_tested_difference_is_called_one():
    p = np.full((3, 3), 0.001)
    surface = make_surface(np.ones((3, 3)), kind="difference", p_raised=p, p_lowered=1 - p)
    assert tolerance_contours(surface).table["words"].tolist() == ["Difference raised by more than chance at 5%"]


# --------------------------------------------------------------------------- refusals, purity, order


def test_what_cannot_be_drawn_is_refused():
    surface, risk = make_surface(two_peaks()), make_tested(np.full((2, 2), 0.5))
    with pytest.raises(AnalysisError, match="was not tested, so it has no tolerance contours"):
        tolerance_contours(surface)
    with pytest.raises(AnalysisError, match="is no density, so no part of it is the densest") as caught:
        top_contours(risk)
    assert "kind 'relative-risk'" in str(caught.value)
    with pytest.raises(AnalysisError, match="The level must lie above 0 and at most at 1: 5"):
        tolerance_contours(risk, level=5)
    with pytest.raises(AnalysisError, match="The share must lie above 0 and at most at 1: 0"):
        top_contours(surface, share=0.0)
    with pytest.raises(AnalysisError, match="There is no adjustment 'fdr'"):
        tolerance_contours(risk, adjustment="fdr")  # type: ignore[arg-type]
    with pytest.raises(AnalysisError, match="There is no densest part of 'people'"):
        top_contours(surface, of="people")  # type: ignore[arg-type]
    with pytest.raises(AnalysisError, match="smallest size of a polygon can't be -1 km²"):
        top_contours(surface, smallest_km2=-1)


def test_same_contours_twice_and_inputs_as_they_were():
    surface, events = make_surface(two_peaks()), make_events([(250, 350)])
    before = pickle.dumps((surface, events))
    first, second = (top_contours(surface, events=events, share=0.2) for _ in range(2))
    assert pickle.dumps((surface, events)) == before
    assert first.table.to_wkb().to_csv() == second.table.to_wkb().to_csv()


@pytest.mark.real
def test_the_densest_twentieth_of_the_force_area(shared_data):
    crimes = pd.read_csv(shared_data / "crime_wm_2011-02_street.csv")
    frame = gpd.read_file(shared_data / "wm_boundaries_27700.gpkg", layer="lad19")
    frame = gpd.GeoDataFrame(
        {"name": "x", "la_code": "E08000025", "la_name": "x"},
        geometry=frame.geometry.to_numpy(),
        index=[str(i) for i in range(len(frame))],
        crs=27700,
    )
    area, events = (
        StudyArea(frame, identity=Identity(release="open")),
        make_events(list(zip(crimes["Easting"], crimes["Northing"], strict=True))),
    )
    surface = kernel_density(events, area, bandwidth=1000, cell=100)
    table = top_contours(surface, events=events, area=area).table
    # Smooth outlines hold nearly as much as the cells they go round.
    assert table["share_of_area"].sum() == pytest.approx(0.05, abs=0.001)
    assert table.geometry.is_valid.all()
    assert set(table.geom_type) == {"Polygon"}
    assert shapely.area(shapely.union_all(table.geometry)) == pytest.approx(table.geometry.area.sum())
    # Here crimes are some five times as dense as in the whole, and the polygons' events add up.
    union = shapely.union_all(table.geometry)
    inside = shapely.intersects_xy(union, crimes["Easting"].to_numpy(), crimes["Northing"].to_numpy())
    assert table["events"].sum() == inside.sum()
    assert 0.2 < table["share_of_events"].sum() < 0.3
