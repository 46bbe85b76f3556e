"""Kernel density against direct summation, integrals by calculus and planted clusters."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from worlds import identified, make_grid

from hotspots.analysis.density.density_surface import kernel_density
from hotspots.analysis.kernels.profiles import KERNELS
from hotspots.analysis.risk.risk_surface import relative_risk
from hotspots.errors import AnalysisError
from hotspots.model import Events, Identity, StudyArea, words_of

WEST, SOUTH = 400_000.0, 290_000.0
NAMES = list(KERNELS)


def make_area(*polygons):
    table = gpd.GeoDataFrame(
        {"name": "a", "la_code": "E08000025", "la_name": "Birmingham"},
        geometry=list(polygons),
        index=[f"E{i:08d}" for i in range(len(polygons))],
        crs=27700,
    )
    return StudyArea(table, identity=Identity(release="open", attribution=("Drawn for a test",)))


BOX = make_area(shapely.box(WEST, SOUTH, WEST + 10_000, SOUTH + 8_000))
L_SHAPE = make_area(
    shapely.box(WEST + 33, SOUTH + 7, WEST + 4_011, SOUTH + 9_990),
    shapely.box(WEST + 4_011, SOUTH + 7, WEST + 9_000, SOUTH + 3_000),
)


def make_events(points, when=None, **words):
    table = pd.DataFrame(np.reshape(points, (-1, 2)), columns=["easting", "northing"], dtype=float)
    table = table.assign(area_code=None, when=pd.NaT if when is None else pd.to_datetime(when), kind="assault")
    return identified(Events, table, rows_read=len(table), **{"title": "assaults", "release": "invented", **words})


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


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("kernel", NAMES)
def test_values_are_the_direct_sum(kernel, exact):
    points = scattered()
    used = inside_only(points, L_SHAPE)
    surface = kernel_density(
        make_events(used), L_SHAPE, bandwidth=1230, cell=310, kernel=kernel, edge="none", exact=exact
    )
    expected = direct(used, surface, kernel, np.ones(len(used)))
    seen = ~np.isnan(surface.values)
    assert seen.sum() > 100
    np.testing.assert_allclose(surface.values[seen], expected[seen], rtol=0, atol=1e-9 * expected.max())


def masses_by_rings(points, outline, kernel, bandwidth):
    """Return the share of each kernel inside: rings cut into fine arcs, each arc told by its middle."""
    shapely.prepare(outline)
    reach = 7.0 if kernel == "gaussian" else 1.0
    r = (np.arange(200) + 0.5) / 200 * reach
    turn = (np.arange(360) + 0.5) / 360 * 2 * np.pi
    share = KERNELS[kernel](r**2) * 2 * np.pi * r * reach / 200
    found = []
    for x, y in points:
        east = x + bandwidth * np.outer(r, np.cos(turn))
        north = y + bandwidth * np.outer(r, np.sin(turn))
        found.append(share @ shapely.contains_xy(outline, east, north).mean(axis=1))
    return np.array(found)


@pytest.mark.parametrize("kernel", NAMES)
def test_values_with_diggles_correction_are_the_direct_weighted_sum(kernel):
    outline = L_SHAPE.areas.geometry.union_all()
    used = inside_only(scattered(12), L_SHAPE)
    surface = kernel_density(make_events(used), L_SHAPE, bandwidth=1230, cell=310, kernel=kernel)
    expected = direct(used, surface, kernel, 1 / masses_by_rings(used, outline, kernel, 1230))
    seen = ~np.isnan(surface.values)
    np.testing.assert_allclose(surface.values[seen], expected[seen], rtol=0, atol=4e-3 * expected.max())


@pytest.mark.parametrize("kernel", ["quartic", "gaussian"])
def test_values_with_uniform_correction_are_divided_by_the_mass_at_the_cell(kernel):
    outline = L_SHAPE.areas.geometry.union_all()
    used = inside_only(scattered(12), L_SHAPE)
    settings = {"bandwidth": 1230, "cell": 600, "kernel": kernel}
    surface = kernel_density(make_events(used), L_SHAPE, edge="uniform", **settings)
    rows, columns = np.nonzero(~np.isnan(surface.values))
    west, north = surface.origin
    centres = np.column_stack([west + (columns + 0.5) * 600, north - (rows + 0.5) * 600])
    plain = direct(used, surface, kernel, np.ones(len(used)))[rows, columns]
    expected = plain / masses_by_rings(centres, outline, kernel, 1230)
    np.testing.assert_allclose(surface.values[rows, columns], expected, rtol=0, atol=4e-3 * expected.max())
    assert surface.provenance.integral_analytic is None
    assert surface.integral == surface.provenance.integral_cells
    assert "corrected at the border (uniform)" in surface.words


@pytest.mark.parametrize("kernel", NAMES)
def test_kernels_integrate_to_one(kernel):
    """Rings by calculus: the integral of 2 pi r k(r) over r, with SciPy's quadrature."""
    from scipy.integrate import quad

    profile = KERNELS[kernel]
    end = 1.0 if kernel != "gaussian" else 40.0
    total, _ = quad(lambda r: 2 * np.pi * r * float(profile(np.array(r**2))), 0, end, limit=200)
    assert total == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("kernel", NAMES)
@pytest.mark.parametrize("adaptive", [False, True])
def test_diggles_correction_keeps_the_events_and_none_loses_them(kernel, adaptive):
    used = inside_only(scattered(200), L_SHAPE)
    n = len(used)
    settings = {"bandwidth": 1500, "cell": 100, "kernel": kernel, "years": 2, "adaptive": adaptive}
    corrected = kernel_density(make_events(used), L_SHAPE, **settings)
    leaking = kernel_density(make_events(used), L_SHAPE, edge="none", **settings)
    assert corrected.integral == pytest.approx(n, rel=1e-9)
    assert leaking.integral < 0.93 * n
    for surface in (corrected, leaking):
        # Beside it the sum of what is written: values x km² x years.
        cells = np.nansum(surface.values) * 0.01 * 2
        assert surface.provenance.integral_cells == pytest.approx(cells)
        # Cells whose centre is inside cover the L to 1 % of its area.
        assert cells == pytest.approx(surface.integral, rel=0.02)
        assert surface.provenance.integral_relative_difference == pytest.approx(cells / surface.integral - 1)


@pytest.mark.parametrize("kernel", NAMES)
def test_far_from_every_border_the_kernel_is_whole(kernel):
    """An area forty times as wide as the kernel holds all of it, corrected or not."""
    wide = make_area(shapely.box(WEST - 20_000, SOUTH - 20_000, WEST + 20_000, SOUTH + 20_000))
    events = make_events([[WEST + 12, SOUTH - 23], [WEST + 900, SOUTH + 311], [WEST + 12, SOUTH - 23]])
    surface = kernel_density(events, wide, bandwidth=1000, cell=100, kernel=kernel, edge="none")
    assert surface.integral == pytest.approx(3, abs=1e-9)


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
    assert surface.provenance.bandwidth.by_rule["silverman-robust"] == pytest.approx(1781.3, abs=0.05)
    assert surface.provenance.bandwidth.rule == "silverman-robust"
    assert surface.cell == 200  # 178 m, the nearest handsome side
    assert surface.bandwidth_words.startswith("1,780 m, by Silverman's robust rule")
    # A Gaussian that smooths as much: 1781.3/√8 = 629.8
    assert kernel_density(make_events(points), BOX, kernel="gaussian").bandwidth == 630


def test_a_rule_can_be_named():
    events = make_events(scattered(100))
    surface = kernel_density(events, BOX, bandwidth="oversmoothing")
    assert surface.provenance.bandwidth.rule == "oversmoothing"
    assert surface.bandwidth == pytest.approx(surface.provenance.bandwidth.by_rule["oversmoothing"], abs=5)


def test_the_reason_for_the_bandwidth_stands_once():
    rng = np.random.default_rng(5)
    places = rng.normal([WEST + 5_000, SOUTH + 4_000], 400, (200, 2))
    surface = kernel_density(make_events(np.repeat(places, 3, axis=0)), BOX)
    assert "raised because" in surface.bandwidth_words
    assert not any("raised because" in note for note in words_of(surface.notes))
    asked = kernel_density(make_events(np.repeat(places, 3, axis=0)), BOX, bandwidth=30)
    assert any("map points" in note for note in words_of(asked.notes))


@pytest.mark.parametrize(
    ("first", "last", "years"),
    [
        ("2017-01-03", "2019-12-30", 3),
        ("2017-02-03", "2019-12-30", 35 / 12),
        ("2019-04-01", "2020-03-31", 1),
        ("2017-01-02", "2018-06-30", 18 / 12),
    ],
)
def test_the_years_are_told_from_the_dates(first, last, years):
    events = make_events([[WEST + 5_000, SOUTH + 4_000]] * 2, when=[first, last])
    surface = kernel_density(events, BOX, bandwidth=1000)
    assert surface.unit == "events per km² per year"
    assert surface.provenance.years == years
    assert surface.integral == pytest.approx(2, rel=1e-3)
    # Two quartic peaks: 2 · 3/(π · 1 km²) a year at the events' cell, 0.707 of 100 m away from its centre.
    assert np.nanmax(surface.values) == pytest.approx(2 * 3 / np.pi * (1 - 0.005) ** 2 / years, rel=1e-9)


def test_events_without_a_date_have_no_years_in_the_unit():
    surface = kernel_density(make_events([[WEST + 5_000, SOUTH + 4_000]] * 2, when=None), BOX, bandwidth=1000)
    assert surface.unit == "events per km²"
    assert surface.provenance.years is None
    assert "over the whole period" in surface.words


def test_what_is_left_out_is_counted():
    points = [[WEST + 5_000, SOUTH + 4_000], [WEST - 100, SOUTH], [np.nan, np.nan], [np.nan, np.nan]]
    surface = kernel_density(make_events(points), BOX, bandwidth=1000)
    assert words_of(surface.notes)[:2] == (
        "Events without a point, and so not in the surface: 2.",
        "Events outside the study area, and so not in the surface: 1.",
    )
    assert (surface.provenance.events_used, surface.provenance.events_outside) == (1, 1)
    assert (surface.release, surface.attribution) == ("invented", ("Drawn for a test",))


def test_events_in_a_part_too_narrow_for_cells_count_in_the_integral():
    spike = make_area(
        shapely.box(WEST, SOUTH, WEST + 2_000, SOUTH + 2_000).union(
            shapely.box(WEST + 2_000, SOUTH + 1_001, WEST + 9_000, SOUTH + 1_002)
        )
    )
    surface = kernel_density(
        make_events([[WEST + 1_000, SOUTH + 1_000], [WEST + 8_000, SOUTH + 1_001.5]]), spike, bandwidth=500, cell=100
    )
    assert surface.integral == pytest.approx(2, rel=1e-12)
    assert words_of(surface.notes)[-1] == (
        "The cells add up to 1.0, the surface itself to 2.0: cells this coarse miss narrow parts of the study area or "
        "of the kernel."
    )


def test_weights_count_like_so_many_events():
    points = inside_only(scattered(60), BOX)
    times = np.arange(len(points)) % 4
    events = make_events(points)
    weighted = Events(
        events.table.assign(harm_score=times),
        rows_read=len(points),
        identity=Identity(release="unreleased", title="assaults"),
    )
    one = kernel_density(weighted, BOX, bandwidth=1500, cell=250, weights="harm_score")
    many = kernel_density(make_events(np.repeat(points, times, axis=0)), BOX, bandwidth=1500, cell=250)
    np.testing.assert_allclose(one.values, many.values, rtol=1e-9, atol=1e-12)
    assert one.integral == pytest.approx(times.sum())
    assert one.unit == "harm score per km²"
    single = Events(
        events.table.assign(harm=np.arange(len(points)) == 3),
        rows_read=len(points),
        identity=Identity(release="unreleased"),
    )
    alone = kernel_density(single, BOX, bandwidth=1500, cell=250, weights="harm", adaptive=True)
    assert alone.integral == pytest.approx(1)
    assert alone.provenance.distinct_points == 1
    assert f"{len(points)} events weighted by harm score" in one.words


def test_a_file_that_goes_on_beyond_the_border_is_used_there_and_not_corrected():
    rng = np.random.default_rng(11)
    points = rng.uniform([WEST - 3_000, SOUTH - 3_000], [WEST + 13_000, SOUTH + 11_000], (4_000, 2))
    inside = len(inside_only(points, BOX))
    surface = kernel_density(make_events(points), BOX, bandwidth=1500, cell=250)
    # The sum over all points, at the cells of the box; no mass is divided by.
    expected = direct(points, surface, "quartic", np.ones(len(points)))
    np.testing.assert_allclose(surface.values, expected, rtol=0, atol=1e-9 * expected.max())
    # Flat by design: 4,000 over 16 x 14 km.
    assert surface.integral == pytest.approx(4_000 / (16 * 14) * 80, rel=0.05)
    west, south, east, north = BOX.areas.total_bounds
    away = np.hypot(
        np.maximum(np.maximum(west - points[:, 0], points[:, 0] - east), 0),
        np.maximum(np.maximum(south - points[:, 1], points[:, 1] - north), 0),
    )
    near = int((away <= 1500).sum())
    assert surface.provenance.events_beyond_border_used == near - inside
    assert surface.provenance.events_used == inside
    note = words_of(surface.notes)[0]
    assert note.startswith("The file extends beyond the border (")
    assert note.endswith(
        f"no edge is corrected: {near - inside:,} events beyond it are used, and {4_000 - near:,} lie too far away to "
        "matter."
    )
    assert "with the events beyond the border included" in surface.words
    told = kernel_density(make_events(points), BOX, bandwidth=1500, cell=250, events_beyond_border=True)
    np.testing.assert_array_equal(told.values, surface.values)
    assert words_of(told.notes)[0].startswith("The settings state that the file extends beyond the border, so no edge")


def test_a_file_that_stops_at_the_border_is_corrected_whatever_strays_outside():
    rng = np.random.default_rng(12)
    points = rng.uniform([WEST, SOUTH], [WEST + 10_000, SOUTH + 8_000], (3_000, 2))
    stray = rng.uniform([WEST - 900, SOUTH], [WEST - 100, SOUTH + 8_000], (50, 2))
    surface = kernel_density(make_events(np.vstack([points, stray])), BOX, bandwidth=1500, cell=250)
    assert words_of(surface.notes)[0] == "Events outside the study area, and so not in the surface: 50."
    assert surface.integral == pytest.approx(3_000, rel=1e-12)
    assert surface.provenance.edge_correction == "diggle"
    kept_out = kernel_density(make_events(points), BOX, bandwidth=1500, cell=250, events_beyond_border=False)
    np.testing.assert_allclose(surface.values, kept_out.values, rtol=1e-9)


def test_adaptive_bandwidths_are_abramsons():
    """By the definition, event by event: Diggle's pilot at the event, square root, geometric mean, five medians."""
    rng = np.random.default_rng(4)
    used = np.vstack(
        [
            rng.normal([WEST + 5_000, SOUTH + 4_000], 500, (80, 2)),
            rng.uniform([WEST, SOUTH], [WEST + 10_000, SOUTH + 8_000], (60, 2)),
        ]
    )
    h0, cell = 1200.0, 100.0
    surface = kernel_density(make_events(used), BOX, bandwidth=h0, cell=cell, adaptive=True)
    distance = np.hypot(*(used[:, None, :] - used[None, :, :]).transpose(2, 0, 1)) / h0
    outline = BOX.areas.geometry.union_all()
    held = masses_by_rings(used, outline, "quartic", h0)
    pilot = (3 / np.pi * np.maximum(1 - distance**2, 0) ** 2 / held).sum(axis=1) / h0**2
    own = h0 * np.sqrt(np.exp(np.log(pilot).mean()) / pilot)
    own = np.minimum(own, 5 * np.median(own))
    assert surface.provenance.bandwidths.adaptive_bandwidth_least_m == pytest.approx(own.min(), rel=5e-3)
    assert surface.provenance.bandwidths.adaptive_bandwidth_median_m == pytest.approx(np.median(own), rel=5e-3)
    assert surface.provenance.bandwidths.adaptive_bandwidth_most_m == pytest.approx(own.max(), rel=1e-2)
    # The surface at some cells, by the definition again; the pilot between cell centres is linear, hence the tolerance.
    masses = np.array([masses_by_rings(used[i : i + 1], outline, "quartic", own[i])[0] for i in range(len(used))])
    rows, columns = rng.integers(0, 80, 40), rng.integers(0, 100, 40)
    x, y = WEST + (columns + 0.5) * cell, SOUTH + 8_000 - (rows + 0.5) * cell
    u2 = ((x[:, None] - used[:, 0]) ** 2 + (y[:, None] - used[:, 1]) ** 2) / own**2
    expected = (3 / np.pi * np.maximum(1 - u2, 0) ** 2 / own**2 / masses).sum(axis=1) * 1e6
    peak = np.nanmax(surface.values)
    np.testing.assert_allclose(surface.values[rows, columns], expected, rtol=0, atol=0.01 * peak)
    assert "narrower where events are dense (adaptive, from" in surface.words


def test_adaptive_estimate_of_one_stack_is_the_fixed_one():
    """All pilots are equal, so every bandwidth is the global one."""
    events = make_events([[WEST + 5_030, SOUTH + 4_020]] * 7)
    fixed = kernel_density(events, BOX, bandwidth=1000, cell=100)
    adaptive = kernel_density(events, BOX, bandwidth=1000, cell=100, adaptive=True)
    np.testing.assert_allclose(adaptive.values, fixed.values, rtol=1e-9, atol=1e-12)
    uniform = kernel_density(events, BOX, bandwidth=1000, cell=100, adaptive=True, edge="uniform")
    # Far from the border both corrections divide by 1; away from the stack a cell's own bandwidth grows.
    seen = fixed.values > 0.3 * fixed.values.max()
    np.testing.assert_allclose(uniform.values[seen], fixed.values[seen], rtol=1e-9)


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
    with pytest.raises(AnalysisError, match="There is no edge correction 'ripley'") as error:
        kernel_density(one, BOX, bandwidth=500, edge="ripley")
    assert error.value.advice == "use one of diggle, uniform, none"
    with pytest.raises(AnalysisError, match="There is no bandwidth rule 'silvermann'"):
        kernel_density(one, BOX, bandwidth="silvermann")
    with pytest.raises(AnalysisError, match="no kernel 'cubic'") as error:
        kernel_density(one, BOX, kernel="cubic")
    assert error.value.advice == "use one of quartic, epanechnikov, triangular, uniform, gaussian"
    with pytest.raises(AnalysisError, match="Cells of 300 m are too coarse for a bandwidth of 500 m") as error:
        kernel_density(one, BOX, bandwidth=500, cell=300)
    assert error.value.found == "the side of a cell may be at most 250 m"
    with pytest.raises(AnalysisError, match="Cells of 1 m would make a grid of 80,018,001 cells") as error:
        kernel_density(one, BOX, bandwidth=500, cell=1)
    assert error.value.found == "at most 40,000,000 cells can be computed"


def test_errors_about_weights_say_what_was_found():
    table = make_events(scattered(5)).table
    harm = Events(
        table.assign(harm=[3.0, -1.0, *[2.0] * (len(table) - 2)]),
        rows_read=len(table),
        identity=Identity(release="unreleased", title="assaults"),
    )
    with pytest.raises(AnalysisError, match="The assaults have no column 'ham' to weigh them by") as error:
        kernel_density(harm, BOX, bandwidth=500, weights="ham")
    assert error.value.found == "columns easting, northing, area_code, when, kind, harm"
    assert error.value.advice == "is it 'harm'?"
    with pytest.raises(AnalysisError, match="Weights in column 'harm' of the assaults must be numbers") as error:
        kernel_density(harm, BOX, bandwidth=500, weights="harm")
    assert error.value.found == "1 others, the first '-1.0' in row 2"
    with pytest.raises(AnalysisError, match="Weights in column 'kind'") as error:
        kernel_density(harm, BOX, bandwidth=500, weights="kind")
    assert error.value.found == f"{len(table)} others, the first 'assault' in row 1"
    none = Events(
        table.assign(harm=0.0), rows_read=len(table), identity=Identity(release="unreleased", title="assaults")
    )
    with pytest.raises(AnalysisError, match="The weights in column 'harm' of the assaults are all 0") as error:
        kernel_density(none, BOX, bandwidth=500, weights="harm")
    assert error.value.advice == "choose another column, or leave the weights out"


@pytest.mark.real
def test_street_crimes_of_february_2011(shared_data: Path):
    from shapely import box

    crimes = pd.read_csv(shared_data / "crime_wm_2011-02_street.csv").dropna(subset=["Easting"])
    crimes = crimes[(crimes["Easting"] > 0) & (crimes["Northing"] > 0)]
    region = make_area(box(385_000, 270_000, 440_000, 310_000))
    surface = kernel_density(make_events(crimes[["Easting", "Northing"]].to_numpy()), region)
    used = surface.provenance.events_used
    assert used > 25_000
    assert surface.integral == pytest.approx(used, rel=1e-3)
    assert surface.provenance.bandwidth.share_on_shared_points > 0.5
    # The densest spot is Birmingham's city centre (New Street, SP 07 86).
    row, column = np.unravel_index(np.nanargmax(surface.values), surface.values.shape)
    east, north = surface.origin[0] + column * surface.cell, surface.origin[1] - row * surface.cell
    assert np.hypot(east - 407_000, north - 286_500) < 1_500


@pytest.mark.parametrize("placed_by", ["occurrence", "residence", ""])
def test_a_surface_knows_where_its_events_are_placed(placed_by):
    """At home or where they happened: what may be said of a dark spot depends on it."""
    area = make_grid(4, 4, population=1_000)
    rng = np.random.default_rng(3)
    spots = rng.uniform((400_500, 296_500), (403_500, 299_500), (80, 2))
    table = pd.DataFrame(spots, columns=["easting", "northing"]).assign(
        area_code=None, when=pd.Timestamp("2019-01-01"), kind="crime"
    )
    events = Events(table, rows_read=80, placed_by=placed_by, identity=Identity(release="open"))
    for surface in (
        kernel_density(events, area, bandwidth=800, cell=200),
        relative_risk(events, area, bandwidth=1_500, cell=250),
    ):
        assert surface.provenance.placed_by == placed_by


def test_discs_of_their_own_size_are_limited_in_number():
    rng = np.random.default_rng(1)
    points = rng.uniform(400_000, 404_000, (8000, 2)) - [0, 110_000]
    events, box = make_events(points), BOX
    with pytest.raises(AnalysisError) as error:
        kernel_density(events, box, bandwidth=4_000, cell=8, kernel="uniform", adaptive=True)
    assert error.value.problem == "The discs of an adaptive density with the uniform kernel hold too many cells."
    assert error.value.advice == "choose larger cells, a smaller bandwidth or another kernel, or leave adaptive out"


def test_discs_of_100_km_are_the_same_everywhere_and_take_no_time():
    """Each adds 1 / (pi h squared), and they have one bandwidth where the pilot is flat: n / (pi h squared) in all."""
    points = np.random.default_rng(1).uniform(400_500, 404_000, (3000, 2)) - [0, 110_000]
    surface = kernel_density(
        make_events(points), BOX, bandwidth=100_000, cell=20, kernel="uniform", adaptive=True, edge="none"
    )
    inside = surface.values[~np.isnan(surface.values)]
    assert np.ptp(inside) == 0
    assert inside[0] == pytest.approx(3000 / (np.pi * 100**2), rel=1e-9)
