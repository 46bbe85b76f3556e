"""Kernel density against direct summation, integrals by calculus and planted clusters."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from hotspots.analysis.density import kernel_density
from hotspots.analysis.grids import Grid
from hotspots.analysis.kernels import KERNELS, stamp_compact, stamp_gaussian
from hotspots.errors import AnalysisError
from hotspots.nouns import Events, StudyArea

WEST, SOUTH = 400_000.0, 290_000.0
NAMES = list(KERNELS)


def make_area(*polygons):
    table = gpd.GeoDataFrame(
        {"name": "a", "la_code": "E08000025", "la_name": "Birmingham"},
        geometry=list(polygons),
        index=[f"E{i:08d}" for i in range(len(polygons))],
        crs=27700,
    )
    return StudyArea(table, attribution=("Drawn for a test",))


BOX = make_area(shapely.box(WEST, SOUTH, WEST + 10_000, SOUTH + 8_000))
L_SHAPE = make_area(
    shapely.box(WEST + 33, SOUTH + 7, WEST + 4_011, SOUTH + 9_990),
    shapely.box(WEST + 4_011, SOUTH + 7, WEST + 9_000, SOUTH + 3_000),
)


def make_events(points, when=None, **words):
    table = pd.DataFrame(np.reshape(points, (-1, 2)), columns=["easting", "northing"], dtype=float)
    table = table.assign(area_code=None, when=pd.NaT if when is None else pd.to_datetime(when), kind="assault")
    return Events(table, rows_read=len(table), **{"title": "assaults", "release": "invented", **words})


def direct(points, surface, kernel, weights):
    """Return the kernel sum written as the textbook has it, cell by cell."""
    rows, columns = surface.values.shape
    west, north = surface.origin
    found = np.empty((rows, columns))
    norm = {"quartic": 3, "epanechnikov": 2, "triangular": 3, "uniform": 1, "gaussian": 0.5}[kernel]
    for row in range(rows):
        for column in range(columns):
            x, y = west + (column + 0.5) * surface.cell, north - (row + 0.5) * surface.cell
            u = np.hypot(points[:, 0] - x, points[:, 1] - y) / surface.bandwidth
            k = {
                "quartic": (1 - u**2) ** 2,
                "epanechnikov": 1 - u**2,
                "triangular": 1 - u,
                "uniform": np.ones_like(u),
                "gaussian": np.exp(-(u**2) / 2),
            }[kernel]
            k = k if kernel == "gaussian" else np.where(u <= 1, k, 0)
            found[row, column] = (weights * k).sum() * norm / np.pi / (surface.bandwidth / 1000) ** 2
    return found


def scattered(n=40, seed=7):
    rng = np.random.default_rng(seed)
    points = np.column_stack([WEST + rng.uniform(40, 9_000, n), SOUTH + rng.uniform(10, 9_990, n)])
    corners = np.array([[WEST + 33, SOUTH + 7], [WEST + 33, SOUTH + 9_990], [WEST + 4_011, SOUTH + 3_000]])
    return np.vstack([points, points[:5], corners])


def inside_only(points, area):
    return points[shapely.intersects_xy(area.areas.geometry.union_all(), points[:, 0], points[:, 1])]


@pytest.mark.parametrize("kernel", NAMES)
def test_values_are_the_direct_sum(kernel):
    points = scattered()
    surface = kernel_density(make_events(points), L_SHAPE, bandwidth=1230, cell=310, kernel=kernel, edge="none")
    used = inside_only(points, L_SHAPE)
    expected = direct(used, surface, kernel, np.ones(len(used)))
    seen = ~np.isnan(surface.values)
    assert seen.sum() > 100
    np.testing.assert_allclose(surface.values[seen], expected[seen], rtol=0, atol=1e-12 * expected.max())


@pytest.mark.parametrize("kernel", NAMES)
def test_values_with_diggles_correction_are_the_direct_weighted_sum(kernel):
    points = scattered()
    surface = kernel_density(make_events(points), L_SHAPE, bandwidth=1230, cell=310, kernel=kernel)
    used = inside_only(points, L_SHAPE)
    # A grid much wider than the study area holds the whole kernel; the share inside by counting cells.
    wide = kernel_density(
        make_events(used),
        make_area(shapely.box(WEST - 31_000, SOUTH - 31_000, WEST + 40_300, SOUTH + 40_300)),
        bandwidth=1230,
        cell=310,
        kernel=kernel,
        edge="none",
    )
    outline = L_SHAPE.areas.geometry.union_all()
    rows, columns = wide.values.shape
    x = wide.origin[0] + (np.arange(columns) + 0.5) * 310
    y = wide.origin[1] - (np.arange(rows) + 0.5) * 310
    inside = shapely.intersects_xy(outline, *np.meshgrid(x, y))
    profile = KERNELS[kernel]
    mass = []
    for easting, northing in used:
        k = profile(((x - easting)[None, :] ** 2 + (y - northing)[:, None] ** 2) / 1230**2)
        mass.append(k[inside].sum() / k.sum())
    expected = direct(used, surface, kernel, 1 / np.array(mass))
    seen = ~np.isnan(surface.values)
    np.testing.assert_allclose(surface.values[seen], expected[seen], rtol=0, atol=1e-7 * expected.max())


@pytest.mark.parametrize("kernel", NAMES)
def test_kernels_integrate_to_one(kernel):
    """Rings by calculus: the integral of 2 pi r k(r) over r, with SciPy's quadrature."""
    from scipy.integrate import quad

    profile = KERNELS[kernel]
    end = 1.0 if kernel != "gaussian" else 40.0
    total, _ = quad(lambda r: 2 * np.pi * r * float(profile(np.array(r**2))), 0, end, limit=200)
    assert total == pytest.approx(1, abs=1e-9)


def test_unbounded_gaussian_keeps_every_event_to_a_billionth():
    grid = Grid(0.0, 20_000.0, 100.0, np.ones((200, 200), dtype=bool))
    points, weights = np.array([[10_012.0, 9_977.0], [9_000.0, 11_111.0]]), np.array([3.0, 1.0])
    total, lost = stamp_gaussian(
        points, weights, grid=grid, bandwidth=700.0, profile=KERNELS["gaussian"], correct=False
    )
    assert lost == 0
    assert total.sum() * 100.0**2 == pytest.approx(4, abs=1e-9)


@pytest.mark.parametrize(("kernel", "error"), [("quartic", 1e-5), ("epanechnikov", 3e-4), ("triangular", 3e-5)])
def test_unbounded_compact_kernels_keep_every_event_up_to_the_cells(kernel, error):
    """What the sum over cells misses shrinks with the cell: here 50 cells to the radius."""
    grid = Grid(0.0, 5_000.0, 20.0, np.ones((250, 250), dtype=bool))
    points, weights = np.array([[2_512.0, 2_477.0], [2_100.0, 2_911.0]]), np.array([3.0, 1.0])
    total, _ = stamp_compact(points, weights, grid=grid, bandwidth=1000.0, profile=KERNELS[kernel], correct=False)
    assert total.sum() * 20.0**2 == pytest.approx(4, rel=error)


@pytest.mark.parametrize("kernel", NAMES)
def test_diggles_correction_keeps_the_events_and_none_loses_them(kernel):
    points = scattered(200)
    n = len(inside_only(points, L_SHAPE))
    corrected = kernel_density(make_events(points), L_SHAPE, bandwidth=1500, cell=100, kernel=kernel, years=2)
    leaking = kernel_density(
        make_events(points), L_SHAPE, bandwidth=1500, cell=100, kernel=kernel, years=2, edge="none"
    )
    assert corrected.integral == pytest.approx(n, rel=5e-3)
    assert leaking.integral < 0.93 * n
    # The integral is the sum of what is written: values x km² x years.
    assert corrected.integral == pytest.approx(np.nansum(corrected.values) * 0.01 * 2)


def test_an_event_at_a_straight_border_counts_double_there():
    """By symmetry half its kernel lies outside."""
    points = np.array([[WEST + 5_000.0, SOUTH]])
    corrected = kernel_density(make_events(points), BOX, bandwidth=1000, cell=50)
    plain = kernel_density(make_events(points), BOX, bandwidth=1000, cell=50, edge="none")
    np.testing.assert_allclose(corrected.values, 2 * plain.values, rtol=1e-12)


def test_grid_is_aligned_north_up_and_missing_outside():
    surface = kernel_density(make_events(scattered()), L_SHAPE, bandwidth=1000, cell=200)
    assert surface.origin == (WEST, SOUTH + 10_000)
    assert surface.values.shape == (50, 45)
    assert np.isnan(surface.values[0, -1])  # the north-east is not in the L
    assert not np.isnan(surface.values[0, 0])
    assert not np.isnan(surface.values[-1, -1])
    # Cells whose centre lies in the L, counted by hand: 20 x 50 and 25 x 15
    assert (~np.isnan(surface.values)).sum() == 20 * 50 + 25 * 15


def test_peak_lies_on_the_planted_cluster():
    rng = np.random.default_rng(3)
    cluster = rng.normal([WEST + 7_300, SOUTH + 2_100], 300, (150, 2))
    points = np.vstack([scattered(100)[:100], cluster])
    surface = kernel_density(make_events(points), BOX)
    row, column = np.unravel_index(np.nanargmax(surface.values), surface.values.shape)
    peak = (surface.origin[0] + (column + 0.5) * surface.cell, surface.origin[1] - (row + 0.5) * surface.cell)
    assert np.hypot(peak[0] - WEST - 7_300, peak[1] - SOUTH - 2_100) < 300


def test_default_bandwidth_is_the_robust_rule_by_hand():
    # Eight points on a circle of 3 km: SD = Dm = 3000, so 0.9 · 3000 · 8^(−1/5) = 1781.31 (Dm/√ln 2 = 3603 is larger)
    turn = np.arange(8) * np.pi / 4
    points = np.column_stack([WEST + 5_000 + 3_000 * np.cos(turn), SOUTH + 4_000 + 3_000 * np.sin(turn)])
    surface = kernel_density(make_events(points), BOX)
    assert surface.bandwidth == 1780
    assert surface.provenance["bandwidth_silverman_robust_m"] == pytest.approx(1781.3, abs=0.05)
    # Scott: 3000/√2 · 8^(−1/6) = 1500 for a Gaussian, · √8 = 4242.6 for the quartic kernel's radius
    assert surface.provenance["bandwidth_scott_m"] == pytest.approx(4242.6, abs=0.05)
    assert surface.cell == 200  # 178 m, the nearest handsome side
    assert surface.bandwidth_words.startswith("1,780 m, by Silverman's robust rule")
    # A Gaussian that smooths as much: 1781.3/√8 = 629.8
    assert kernel_density(make_events(points), BOX, kernel="gaussian").bandwidth == 630


def test_median_distance_rules_where_a_few_events_are_far_away():
    # Eight points 300 m from the middle of a cross and two far ones: the median distance is 300 m.
    near = [[300, 0], [-300, 0], [0, 300], [0, -300], [300, 0.1], [-300, 0.1], [0.1, 300], [0.1, -300]]
    points = np.array([*near, [4_000, 0], [-4_000, 0]]) + np.array([WEST + 5_000, SOUTH + 4_000])
    rule = kernel_density(make_events(points), BOX).provenance["bandwidth_silverman_robust_m"]
    assert rule == pytest.approx(0.9 * 300 / np.sqrt(np.log(2)) * 10**-0.2, rel=1e-3)


def test_shared_points_raise_the_default_and_warn_about_a_small_bandwidth():
    rng = np.random.default_rng(5)
    places = rng.normal([WEST + 5_000, SOUTH + 4_000], 400, (200, 2))
    events = make_events(np.repeat(places, 3, axis=0))
    surface = kernel_density(events, BOX)
    assert surface.bandwidth == 400
    assert "raised because 100% of the events share their point" in surface.bandwidth_words
    assert any("raised" in note for note in surface.notes)
    # A Gaussian that smooths as much as a quartic kernel of 400 m: 400/√8 = 141 m, rounded to 10.
    assert kernel_density(events, BOX, kernel="gaussian").bandwidth == 140
    asked = kernel_density(events, BOX, bandwidth=150)
    assert asked.bandwidth == 150
    assert any("may show the map points" in note for note in asked.notes)
    assert kernel_density(make_events(places), BOX).bandwidth < 400


@pytest.mark.parametrize(
    ("first", "last", "years"),
    [("2017-01-03", "2019-12-30", 3), ("2017-02-03", "2019-12-30", 3), ("2019-04-01", "2020-03-31", 1)],
)
def test_whole_years_are_told_from_the_dates(first, last, years):
    events = make_events([[WEST + 5_000, SOUTH + 4_000]] * 2, when=[first, last])
    surface = kernel_density(events, BOX, bandwidth=1000)
    assert surface.unit == "events per km² and year"
    assert surface.provenance["years"] == years
    assert surface.integral == pytest.approx(2, rel=1e-3)
    # Two quartic peaks: 2 · 3/(π · 1 km²) a year at the events' cell, 0.707 of 100 m away from its centre.
    assert np.nanmax(surface.values) == pytest.approx(2 * 3 / np.pi * (1 - 0.005) ** 2 / years, rel=1e-9)


@pytest.mark.parametrize("when", [None, ["2011-02-01", "2011-02-01"], ["2017-01-01", "2018-06-01"]])
def test_other_periods_have_no_years_in_the_unit(when):
    surface = kernel_density(make_events([[WEST + 5_000, SOUTH + 4_000]] * 2, when=when), BOX, bandwidth=1000)
    assert surface.unit == "events per km²"
    assert surface.provenance["years"] is None
    assert "over the whole period" in surface.words


def test_what_is_left_out_is_counted():
    points = [[WEST + 5_000, SOUTH + 4_000], [WEST - 100, SOUTH], [np.nan, np.nan], [np.nan, np.nan]]
    surface = kernel_density(make_events(points), BOX, bandwidth=1000)
    assert surface.notes == (
        "Events without a point, and so not in the surface: 2.",
        "Events outside the study area, and so not in the surface: 1.",
    )
    assert (surface.provenance["events_used"], surface.provenance["events_outside"]) == (1, 1)
    assert (surface.release, surface.attribution) == ("invented", ("Drawn for a test",))


def test_events_where_no_cell_can_take_them_are_counted():
    spike = make_area(
        shapely.box(WEST, SOUTH, WEST + 2_000, SOUTH + 2_000).union(
            shapely.box(WEST + 2_000, SOUTH + 1_001, WEST + 9_000, SOUTH + 1_002)
        )
    )
    surface = kernel_density(
        make_events([[WEST + 1_000, SOUTH + 1_000], [WEST + 8_000, SOUTH + 1_001.5]]), spike, bandwidth=500, cell=100
    )
    assert surface.notes[-1] == "Events in a part of the area too narrow for any cell, and so not in the surface: 1."
    assert surface.integral == pytest.approx(1, rel=1e-3)


def test_a_large_area_gets_coarser_cells():
    england = make_area(shapely.box(80_000, 5_000, 660_000, 660_000))
    points = np.random.default_rng(1).uniform([400_000, 300_000], [401_000, 301_000], (50, 2))
    with pytest.raises(AnalysisError, match="Cells of 500 m are too coarse for a bandwidth of 230 m"):
        kernel_density(make_events(points), england, bandwidth=230)
    assert kernel_density(make_events(points), england, bandwidth=3_000).cell == 500


def test_inputs_are_unchanged():
    events = make_events(scattered())
    kept, areas = events.table.copy(), L_SHAPE.areas.copy()
    kernel_density(events, L_SHAPE)
    pd.testing.assert_frame_equal(events.table, kept)
    pd.testing.assert_frame_equal(L_SHAPE.areas, areas)


def test_errors_say_what_was_found():
    with pytest.raises(AnalysisError, match="The assaults have no points") as error:
        kernel_density(make_events([[np.nan, np.nan]]), BOX)
    assert error.value.found == "1 events, 0 with easting and northing"
    with pytest.raises(AnalysisError, match="No event of the assaults lies in the study area") as error:
        kernel_density(make_events([[-1.9, 52.5]]), BOX)
    assert error.value.found == ("1 points, the first at -2 52; the area reaches from 400000 290000 to 410000 298000")
    one = make_events([[WEST + 5_000, SOUTH + 4_000]])
    with pytest.raises(AnalysisError, match="All events lie on one point") as error:
        kernel_density(one, BOX)
    assert error.value.found == "1 events at 405000 294000"
    with pytest.raises(AnalysisError, match="bandwidth must be above 0: -5"):
        kernel_density(one, BOX, bandwidth=-5)
    with pytest.raises(AnalysisError, match="cell must be above 0: nan"):
        kernel_density(one, BOX, bandwidth=500, cell=float("nan"))
    with pytest.raises(AnalysisError, match="no kernel 'cubic'") as error:
        kernel_density(one, BOX, kernel="cubic")
    assert error.value.advice == "use one of quartic, epanechnikov, triangular, uniform, gaussian"
    with pytest.raises(AnalysisError, match="Cells of 300 m are too coarse for a bandwidth of 500 m") as error:
        kernel_density(one, BOX, bandwidth=500, cell=300)
    assert error.value.found == "the side of a cell may be at most 250 m"
    with pytest.raises(AnalysisError, match="Cells of 1 m would make a grid of 80,018,001 cells") as error:
        kernel_density(one, BOX, bandwidth=500, cell=1)
    assert error.value.found == "at most 40,000,000 cells can be computed"


@pytest.mark.real
def test_street_crimes_of_february_2011(shared_data: Path):
    from shapely import box

    crimes = pd.read_csv(shared_data / "crime_wm_2011-02_street.csv").dropna(subset=["Easting"])
    crimes = crimes[(crimes["Easting"] > 0) & (crimes["Northing"] > 0)]
    region = make_area(box(385_000, 270_000, 440_000, 310_000))
    surface = kernel_density(make_events(crimes[["Easting", "Northing"]].to_numpy()), region)
    used = surface.provenance["events_used"]
    assert used > 25_000
    assert surface.integral == pytest.approx(used, rel=1e-3)
    assert surface.provenance["share_on_shared_points"] > 0.5
    # The densest spot is Birmingham's city centre (New Street, SP 07 86).
    row, column = np.unravel_index(np.nanargmax(surface.values), surface.values.shape)
    east, north = surface.origin[0] + column * surface.cell, surface.origin[1] - row * surface.cell
    assert np.hypot(east - 407_000, north - 286_500) < 1_500
