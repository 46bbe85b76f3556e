"""Sums of kernels at cell centres against direct summation, at random cells, edges and corners."""

from itertools import product

import numpy as np
import pytest
import shapely

from hotspots.analysis.common.grid import Grid
from hotspots.analysis.density.adaptive import adaptive_sums
from hotspots.analysis.density.event_points import border_strips
from hotspots.analysis.kernels import b_spline
from hotspots.analysis.kernels import direct as inner
from hotspots.analysis.kernels import direct as stamping
from hotspots.analysis.kernels import sums as convolution
from hotspots.analysis.kernels.b_spline import assign
from hotspots.analysis.kernels.fourier import convolve, prepare
from hotspots.analysis.kernels.profiles import KERNELS
from hotspots.analysis.kernels.sums import kernel_sums
from hotspots.errors import AnalysisError

NAMES = list(KERNELS)
RADIUS = {name: 1.0 if name != "gaussian" else 8**-0.5 for name in NAMES}
GRID = Grid(400_000.0, 310_000.0, 50.0, np.ones((200, 240), dtype=bool))

PROFILES = {
    "quartic": lambda u: 3 / np.pi * np.where(u < 1, (1 - u**2) ** 2, 0),
    "epanechnikov": lambda u: 2 / np.pi * np.where(u < 1, 1 - u**2, 0),
    "triangular": lambda u: 3 / np.pi * np.where(u < 1, 1 - u, 0),
    "uniform": lambda u: 1 / np.pi * (u <= 1),
    "gaussian": lambda u: np.exp(-(u**2) / 2) / (2 * np.pi),
}
"""Written again from Silverman (1986), p. 76, and not taken from the package."""


def clustered(n, seed=1):
    """Half spread evenly, beyond the grid too; half in clusters; some on corners of cells and of the grid."""
    rng = np.random.default_rng(seed)
    even = rng.uniform([399_000, 299_000], [413_000, 311_000], (n // 2, 2))
    middles = rng.uniform([401_000, 301_000], [411_000, 309_000], (12, 2))
    near = middles[rng.integers(0, 12, n - n // 2)] + rng.normal(0, 400, (n - n // 2, 2))
    special = [[400_000, 310_000], [412_000, 300_000], [406_000, 305_000], [406_025, 305_025], [399_990, 305_000]]
    return np.vstack([even, near, np.array(special, dtype=float)])


def cells_to_try(grid, seed=3):
    """Return rows and columns of random cells, of cells along the edges, and of the corners."""
    rng = np.random.default_rng(seed)
    rows, columns = grid.shape
    r, c = rng.integers(0, rows, 150), rng.integers(0, columns, 150)
    edge = np.concatenate([np.zeros(10, int), np.full(10, rows - 1), rng.integers(0, rows, 20)])
    along = np.concatenate([rng.integers(0, columns, 20), np.zeros(10, int), np.full(10, columns - 1)])
    corners = [0, 0, rows - 1, rows - 1], [0, columns - 1, 0, columns - 1]
    return np.concatenate([r, edge, corners[0]]), np.concatenate([c, along, corners[1]])


def direct(points, weights, grid, kernel, bandwidths, rows, columns):
    """The dozen lines: every kernel at every centre."""
    found = np.empty(len(rows))
    for k, (row, column) in enumerate(zip(rows, columns, strict=True)):
        x = grid.west + (column + 0.5) * grid.side
        y = grid.north - (row + 0.5) * grid.side
        u = np.hypot(points[:, 0] - x, points[:, 1] - y) / bandwidths
        found[k] = (weights * PROFILES[kernel](u) / np.square(bandwidths)).sum()
    return found


def error_of(found, points, weights, grid, kernel, bandwidths):
    rows, columns = cells_to_try(grid)
    expected = direct(points, weights, grid, kernel, bandwidths, rows, columns)
    return np.abs(found[rows, columns] - expected).max() / found.max()


@pytest.mark.parametrize("cells", [6, 10, 20])
@pytest.mark.parametrize("n", [30, 3_000, 60_000])
@pytest.mark.parametrize("kernel", NAMES)
def test_default_route_is_within_a_thousandth_of_the_peak(kernel, n, cells):
    points, weights = clustered(n), np.ones(n + 5)
    bandwidth = cells * GRID.side * RADIUS[kernel]
    found = kernel_sums(points, weights, GRID, kernel=kernel, bandwidth=bandwidth)
    assert found.min() >= 0
    assert error_of(found, points, weights, GRID, kernel, bandwidth) < 1e-3


@pytest.mark.parametrize("n", [3_000, 60_000])
@pytest.mark.parametrize("kernel", NAMES)
def test_exact_route_is_within_a_millionth_of_the_peak(kernel, n):
    points = clustered(n)
    weights = np.random.default_rng(4).uniform(0, 2, len(points))
    bandwidth = 500 * RADIUS[kernel]
    found = kernel_sums(points, weights, GRID, kernel=kernel, bandwidth=bandwidth, exact=True)
    assert error_of(found, points, weights, GRID, kernel, bandwidth) < 1e-6


@pytest.mark.parametrize("kernel", NAMES)
def test_stacks_hold_the_tolerance(kernel):
    """One place may make the whole peak: there the errors of single points do not cancel."""
    points = np.vstack([clustered(20_000), np.tile([406_013.0, 305_021.0], (20_000, 1))])
    tight = np.random.default_rng(6).normal([403_007.0, 303_003.0], 3, (15_000, 2))
    points = np.vstack([points, tight])
    weights = np.ones(len(points))
    bandwidth = 500 * RADIUS[kernel]
    found = kernel_sums(points, weights, GRID, kernel=kernel, bandwidth=bandwidth)
    assert error_of(found, points, weights, GRID, kernel, bandwidth) < 1e-3


@pytest.mark.parametrize("kernel", NAMES)
def test_the_polynomial_inside_the_rim_is_what_stamping_gives(kernel, monkeypatch):
    grid = Grid(400_000.0, 305_000.0, 50.0, np.ones((100, 120), dtype=bool))
    points = clustered(2_000)
    weights = np.random.default_rng(4).uniform(-1, 2, len(points))
    bandwidth = 430 * RADIUS[kernel]
    monkeypatch.setattr(inner, "TRANSFORM", 0.0)
    found = inner.exact_sums(points, weights, grid, kernel=kernel, bandwidth=bandwidth)
    stamped = stamping.stamp(points, weights, grid, kernel=kernel, bandwidths=np.full(len(points), bandwidth))
    np.testing.assert_allclose(found, stamped, rtol=0, atol=1e-6 * stamped.max())


@pytest.mark.parametrize("kernel", ["quartic", "epanechnikov", "triangular", "gaussian"])
def test_splines_of_each_order_are_better_than_linear_binning(kernel, monkeypatch):
    """Plain binning smooths by the spline; here that is taken back."""
    points, bandwidth = clustered(40_000), 1_000 * RADIUS[kernel]
    weights = np.ones(len(points))
    errors = {}
    for order in (1, 2):
        found, _, _ = b_spline.spline_sums(points, weights, GRID, kernel=kernel, bandwidth=bandwidth, order=order)
        errors[order] = error_of(found, points, weights, GRID, kernel, bandwidth)
    monkeypatch.setattr(b_spline, "sharpening", lambda prepared, order: None)
    found, _, _ = b_spline.spline_sums(points, weights, GRID, kernel=kernel, bandwidth=bandwidth, order=1)
    plain = error_of(found, points, weights, GRID, kernel, bandwidth)
    assert errors[1] < plain / 3
    assert errors[2] < 3e-4


@pytest.mark.parametrize("kernel", ["quartic", "epanechnikov", "triangular", "gaussian"])
@pytest.mark.parametrize("every", [2, 3, 4])
def test_a_coarser_grid_gives_every_centre_of_the_finer_one(kernel, every):
    """Rows and columns that are no multiples of it, points up to the corners and beyond: the textbook's values."""
    grid = Grid(400_000.0, 305_000.0, 50.0, np.ones((101, 97), dtype=bool))
    points = np.random.default_rng(8).uniform([399_000, 299_000], [406_000, 306_000], (20_000, 2))
    weights = np.random.default_rng(9).uniform(0, 2, len(points))
    bandwidth = 15 * every * grid.side * RADIUS[kernel]
    found, _, coarse = b_spline.spline_sums(
        points, weights, grid, kernel=kernel, bandwidth=bandwidth, order=2, every=every
    )
    assert coarse.side == every * grid.side
    # A kernel with a kink at its rim is less smooth.
    assert error_of(found, points, weights, grid, kernel, bandwidth) < (
        1e-4 if kernel in ("quartic", "gaussian") else 5e-4
    )


def test_few_points_on_many_cells_go_to_a_coarser_grid_unless_it_would_be_too_coarse(monkeypatch):
    """Twenty cells in the radius leave ten of the coarser grid; events on one spot are too many for those."""
    calls = []
    sums = convolution.spline_sums
    monkeypatch.setattr(
        convolution,
        "spline_sums",
        lambda *given, **options: calls.append(options.get("every", 1)) or sums(*given, **options),
    )
    points = clustered(20_000)
    for some, expected in ((points, [2]), (np.vstack([points, np.repeat(points[:1], 2_000, axis=0)]), [2, 1])):
        calls.clear()
        weights = np.ones(len(some))
        found = kernel_sums(some, weights, GRID, kernel="quartic", bandwidth=20 * GRID.side)
        assert calls == expected
        assert error_of(found, some, weights, GRID, "quartic", 20 * GRID.side) < 1e-3


@pytest.mark.parametrize(("order", "every"), [(1, 1), (2, 1), (2, 2)])
@pytest.mark.parametrize("kernel", ["quartic", "epanechnikov", "triangular", "gaussian"])
def test_the_error_of_one_point_is_what_is_counted_on(kernel, order, every):
    """Single points on a lattice within a cell, far apart: mean square error against the textbook, by bandwidth."""
    for radius in (2.0, 3.0, 5.0, 10.0, 24.0) if every == 1 else (5.0, 10.0):
        cells = radius * RADIUS[kernel] * every
        side = 2 * (int(np.ceil((7.0 if kernel == "gaussian" else 1.0) * cells)) + 7 * every)
        places = every * ((np.arange(5) + 0.5) / 5 - 0.5)
        points = np.array([[(k + 0.5) * side + x, side / 2 + y] for k, (x, y) in enumerate(product(places, places))])
        grid = Grid(0.0, float(side), 1.0, np.ones((side, 25 * side), dtype=bool))
        found, _, _ = b_spline.spline_sums(
            points, np.ones(25), grid, kernel=kernel, bandwidth=cells, order=order, every=every
        )
        x, y = np.meshgrid(grid.across, grid.down)
        own = points[(x // side).astype(int)]
        true = PROFILES[kernel](np.hypot(x - own[..., 0], y - own[..., 1]) / cells) / cells**2
        peak = PROFILES[kernel](np.zeros(1))[0] / cells**2
        measured = ((found - true) ** 2).sum() / true.sum() / peak
        assert measured < b_spline.spread_of_error(kernel, cells / every, order) < 8 * measured


@pytest.mark.parametrize("order", [1, 2])
def test_assigned_masses_keep_weight_and_place(order, monkeypatch):
    """Sums of weights and of weights x place are those of the points, as B-splines have it; in one piece or many."""
    grid = Grid(0.0, 40.0, 1.0, np.ones((40, 50), dtype=bool))
    rng = np.random.default_rng(9)
    points, weights = rng.uniform([3, 3], [47, 37], (500, 2)), rng.uniform(0, 3, 500)
    for piece in (10, 2**15):
        monkeypatch.setattr(b_spline, "PIECE", piece)
        masses = assign(points, weights, grid, order=order)
        assert masses.sum() == pytest.approx(weights.sum(), rel=1e-12)
        assert (masses.sum(axis=0) @ grid.across) == pytest.approx(weights @ points[:, 0], rel=1e-12)
        assert (masses.sum(axis=1) @ grid.down) == pytest.approx(weights @ points[:, 1], rel=1e-12)
        assert masses.min() >= 0


def test_weights_of_either_sign_are_summed():
    points = clustered(9_000)
    weights = np.where(np.arange(len(points)) % 2, 1.0, -1.0)
    found = kernel_sums(points, weights, GRID, kernel="quartic", bandwidth=500.0)
    rows, columns = cells_to_try(GRID)
    expected = direct(points, weights, GRID, "quartic", 500.0, rows, columns)
    assert (expected < 0).any()
    assert np.abs(found[rows, columns] - expected).max() < 1e-3 * np.abs(found).max()


def test_points_out_of_reach_give_nothing():
    far = np.array([[300_000.0, 305_000.0], [406_000.0, 500_000.0]])
    for n in (1, 20_000):
        found = kernel_sums(np.tile(far, (n, 1)), np.ones(2 * n), GRID, kernel="quartic", bandwidth=900.0)
        assert found.shape == GRID.shape
        assert not found.any()


@pytest.mark.parametrize("kernel", NAMES)
def test_unbounded_sums_hold_every_event(kernel):
    """Cells that hold whole kernels sum to n: the Gaussian's to 1e-9, others up to what their rim leaves."""
    points = np.array([[406_012.0, 305_077.0], [405_100.0, 304_911.0]])
    found = kernel_sums(points, np.array([3.0, 1.0]), GRID, kernel=kernel, bandwidth=1_000 * RADIUS[kernel])
    error = {"gaussian": 1e-9, "quartic": 1e-4, "epanechnikov": 1e-3, "triangular": 1e-3, "uniform": 1e-2}[kernel]
    assert found.sum() * GRID.side**2 == pytest.approx(4, rel=error)


@pytest.mark.parametrize("reach", [0.0, 120.0, 730.0, 90_000.0])
def test_convolution_is_the_sum_over_cells(reach):
    grid = Grid(0.0, 3_000.0, 100.0, np.ones((30, 25), dtype=bool))
    masses = np.random.default_rng(5).uniform(-1, 3, grid.shape)

    def function(d2):
        return np.where(d2 <= reach**2, np.exp(-d2 / 1e6), 0.0)

    x, y = np.meshgrid(grid.across, grid.down)
    expected = np.array(
        [[(masses * function((x - x[i, j]) ** 2 + (y - y[i, j]) ** 2)).sum() for j in range(25)] for i in range(30)]
    )
    np.testing.assert_allclose(convolve(masses, grid, function, reach=reach), expected, rtol=0, atol=1e-11)
    prepared = prepare(masses, grid, reach=reach)
    np.testing.assert_allclose(prepared.convolve(lambda d2: 2 * function(d2)), 2 * expected, rtol=0, atol=1e-11)


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("kernel", NAMES)
def test_bandwidths_of_their_own_are_the_direct_sum(kernel, exact, monkeypatch):
    points = clustered(6_000)
    rng = np.random.default_rng(7)
    weights, bandwidths = rng.uniform(0, 2, len(points)), rng.lognormal(6, 0.4, len(points)) * RADIUS[kernel]
    kept = bandwidths.copy()
    monkeypatch.setattr("hotspots.analysis.density.adaptive.STAMPED", 100_000)
    found = adaptive_sums(points, weights, GRID, kernel=kernel, bandwidths=bandwidths, exact=exact)
    limit = 1e-9 if exact else 2e-3
    assert error_of(found, points, weights, GRID, kernel, bandwidths) < limit
    np.testing.assert_array_equal(bandwidths, kept)


def test_strips_along_the_border_are_as_dense_as_designed():
    inside = np.zeros((200, 240), dtype=bool)
    inside[40:160, 50:190] = True
    grid = Grid(400_000.0, 310_000.0, 50.0, inside)
    x, y = np.meshgrid(np.arange(399_012.5, 413_000, 25), np.arange(299_012.5, 311_000, 25))
    lattice = np.column_stack([x.ravel(), y.ravel()])
    within = (lattice[:, 0] > 402_500) & (lattice[:, 0] < 409_500)
    within &= (lattice[:, 1] > 302_000) & (lattice[:, 1] < 308_000)
    # A lattice of 25 m has 1,600 points per km²; every fourth one outside.
    keep = within | (np.arange(len(lattice)) % 4 == 0)
    strips = border_strips(lattice[keep], grid, width=500.0)
    assert strips.inside == pytest.approx(1_600, rel=0.02)
    assert strips.outside == pytest.approx(400, rel=0.1)
    assert strips.goes_on == (strips.outside >= 0.25 * strips.inside)
    assert not border_strips(lattice[within], grid, width=500.0).goes_on
    assert border_strips(lattice, grid, width=500.0).goes_on
    # Nine events outside tell nothing, even where none is inside.
    assert not border_strips(lattice[~within][:9], grid, width=500.0).goes_on


def test_inputs_are_unchanged():
    points, weights = clustered(60_000), np.ones(60_005)
    kept = points.copy(), weights.copy()
    for exact in (False, True):
        kernel_sums(points, weights, GRID, kernel="quartic", bandwidth=500.0, exact=exact)
    np.testing.assert_array_equal(points, kept[0])
    np.testing.assert_array_equal(weights, kept[1])


@pytest.mark.parametrize(
    ("kernel", "bandwidth"), [("uniform", 100_000.0), ("uniform", 1_500.0), ("quartic", 100_000.0)]
)
def test_a_kernel_wider_than_the_grid_takes_no_more_memory_than_the_grid(kernel, bandwidth):
    """Cells that no point can reach from outside the grid are not looked at: 9 GB before, with a radius of 100 km."""
    import tracemalloc

    side = 25.0
    grid = Grid(400_000.0, 300_000.0, side, np.ones((120, 140), dtype=bool))
    points = np.random.default_rng(5).uniform([399_000.0, 296_000.0], [404_500.0, 300_900.0], (700, 2))
    weights = np.linspace(0.5, 2.0, 700)
    tracemalloc.start()
    found = [
        kernel_sums(points, weights, grid, kernel=kernel, bandwidth=bandwidth, exact=True),
        stamping.stamp(points, weights, grid, kernel=kernel, bandwidths=np.full(700, bandwidth)),
    ]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 150e6
    # Every kernel at every centre, one by one.
    apart = (grid.down[:, None, None] - points[:, 1]) ** 2 + (grid.across[None, :, None] - points[:, 0]) ** 2
    wanted = (KERNELS[kernel](apart / bandwidth**2) * weights).sum(axis=2) / bandwidth**2
    for one in found:
        np.testing.assert_allclose(one, wanted, rtol=0, atol=1e-6 * wanted.max())


@pytest.mark.parametrize("reach", [150.0, 900.0, 1e5])
def test_a_wide_function_is_transformed_as_a_grid_with_the_same_sums(reach, monkeypatch):
    grid = Grid(0.0, 1_300.0, 10.0, np.ones((130, 111), dtype=bool))
    masses = np.random.default_rng(2).uniform(0, 1, grid.shape)
    ready = prepare(masses, grid, reach=reach)

    def function(squared):
        return np.where(squared <= reach**2, np.exp(-squared / 1e5), 0.0)

    cosines = ready.convolve(function)
    monkeypatch.setattr("hotspots.analysis.kernels.fourier.MOST_COSINE_PRODUCTS", 0)
    np.testing.assert_allclose(ready.convolve(function), cosines, rtol=0, atol=1e-12 * cosines.max())


def test_a_grid_without_a_cell_inside_is_an_error():
    strip = shapely.box(0, 10, 1000, 12)
    with pytest.raises(AnalysisError) as error:
        Grid.within(strip, 100.0)
    assert error.value.problem == "No cell of 100 m has its centre in the study area."
