"""The share of a kernel inside an outline, against calculus, quadrature and symmetry."""

import itertools

import numpy as np
import pytest
import shapely
from scipy.integrate import quad
from scipy.stats import norm

from hotspots.analysis.kernels import edge_mass
from hotspots.analysis.kernels.edge_mass import kernel_mass
from hotspots.analysis.kernels.profiles import KERNELS, reach_of

NAMES = list(KERNELS)
FAR = 1e5

WITHIN = {
    "quartic": lambda u: 1 - (1 - u**2) ** 3,
    "epanechnikov": lambda u: 1 - (1 - u**2) ** 2,
    "triangular": lambda u: 3 * u**2 - 2 * u**3,
    "uniform": lambda u: u**2,
    "gaussian": lambda u: 1 - np.exp(-(u**2) / 2),
}
"""Mass within u bandwidths, by integrating 2 pi r k(r) by hand."""


def mass(point, outline, kernel, bandwidth):
    return float(kernel_mass(np.array([point], dtype=float), outline, kernel=kernel, bandwidth=bandwidth)[0])


def within(u, kernel):
    return float(WITHIN[kernel](u if kernel == "gaussian" else min(u, 1.0)))


@pytest.mark.parametrize("kernel", NAMES)
def test_mass_within_is_the_integral_of_the_profile(kernel):
    for u in (0.3, 0.8, 1.0):
        by_rings, _ = quad(lambda r: 2 * np.pi * r * float(KERNELS[kernel](np.array(r**2))), 0, u)
        assert within(u, kernel) == pytest.approx(by_rings, abs=1e-12)


@pytest.mark.parametrize("distance", [-0.95, -0.4, 0.0, 0.001, 0.3, 0.99])
@pytest.mark.parametrize("kernel", NAMES)
def test_half_plane(kernel, distance):
    """By strips: the kernel integrated along the border, then across it; the Gaussian's is the normal distribution."""
    half_plane = shapely.box(-FAR, 0, FAR, FAR)
    found = mass((0, 500 * distance), half_plane, kernel, 500.0)
    if kernel == "gaussian":
        assert found == pytest.approx(norm.cdf(distance), abs=1e-12)
        return

    def strip(y):
        half = np.sqrt(max(1 - y * y, 0))
        return quad(lambda x: float(KERNELS[kernel](np.array(x * x + y * y))), -half, half, epsabs=1e-13, limit=200)[0]

    points = [0.0] if -distance < 0 else None
    expected, _ = quad(strip, -distance, 1, epsabs=1e-12, points=points, limit=200)
    assert found == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("kernel", NAMES)
def test_wedge_at_the_point_itself_is_its_angle(kernel):
    """A corner's share is its angle over a full turn, whatever the kernel."""
    for degrees in (1, 37, 90, 179, 180, 270, 351):
        turn = np.radians(np.linspace(0, degrees, 40))
        wedge = shapely.Polygon([(0, 0), *zip(FAR * np.cos(turn), FAR * np.sin(turn), strict=True)])
        assert mass((0, 0), wedge, kernel, 800.0) == pytest.approx(degrees / 360, abs=1e-12)


@pytest.mark.parametrize("kernel", NAMES)
def test_polygon_seen_from_within_by_its_rays(kernel):
    """Where every ray leaves once: the mean over directions of the mass within the distance to the edge."""
    corners = np.array([(-400, -300), (700, -350), (650, 500), (100, 900), (-500, 350)], dtype=float)
    outline = shapely.Polygon(corners)
    for point in ((0.0, 0.0), (600.0, 420.0), (-390.0, -280.0)):
        p = corners - point

        def ray(turn, p=p):
            """Return the mass up to the edge that the ray meets."""
            for a, b in zip(p, np.roll(p, -1, axis=0), strict=True):
                direction = np.array([np.cos(turn), np.sin(turn)])
                matrix = np.column_stack([direction, a - b])
                if abs(np.linalg.det(matrix)) > 1e-12:
                    distance, along = np.linalg.solve(matrix, a)
                    if distance > 0 and -1e-12 <= along <= 1 + 1e-12:
                        return within(distance / 600.0, kernel)
            return 0.0

        turns = np.sort(np.arctan2(p[:, 1], p[:, 0]))
        breaks = [*turns]
        for a, b in zip(p, np.roll(p, -1, axis=0), strict=True):
            # Where the circle of the kernel meets an edge the integrand bends.
            d = b - a
            roots = np.roots([d @ d, 2 * a @ d, a @ a - 600.0**2])
            breaks += [np.arctan2(*(a + t * d)[::-1]) for t in roots.real[np.abs(roots.imag) < 1e-9] if 0 < t < 1]
        breaks = np.unique([-np.pi, *breaks, np.pi])
        total = sum(quad(ray, a, b, epsabs=1e-12)[0] for a, b in itertools.pairwise(breaks))
        assert mass(point, outline, kernel, 600.0) == pytest.approx(total / (2 * np.pi), abs=1e-10)


@pytest.mark.parametrize("kernel", NAMES)
def test_a_disc_takes_the_mass_within_its_radius(kernel):
    turn = np.linspace(0, 2 * np.pi, 20_001)[:-1]
    disc = shapely.Polygon(np.column_stack([np.cos(turn), np.sin(turn)]) * 420)
    assert mass((0, 0), disc, kernel, 700.0) == pytest.approx(within(0.6, kernel), abs=1e-7)
    hollow = shapely.box(-FAR, -FAR, FAR, FAR).difference(disc)
    assert mass((0, 0), hollow, kernel, 700.0) == pytest.approx(1 - within(0.6, kernel), abs=1e-7)


@pytest.mark.parametrize("kernel", NAMES)
def test_parts_add_up_to_the_whole(kernel):
    """Points inside, outside, on borders, in a hole, on corners; the plane in three parts, one of two pieces."""
    plane = shapely.box(-FAR, -FAR, FAR, FAR)
    ring = shapely.Point(0, 0).buffer(900).difference(shapely.box(-300, -200, 250, 400))
    pieces = shapely.MultiPolygon([shapely.box(-300, -200, 250, 400), shapely.box(1_500, 0, 2_500, 800)])
    rest = plane.difference(shapely.union_all([ring, pieces]))
    corners = shapely.get_coordinates([ring, pieces])
    middles = (corners[1:] + corners[:-1]) / 2
    rng = np.random.default_rng(2)
    points = np.vstack([corners, middles, rng.uniform(-2_000, 3_000, (200, 2)), corners + 1e-7, corners - 1e-9])
    masses = [kernel_mass(points, part, kernel=kernel, bandwidth=430.0) for part in (ring, pieces, rest)]
    np.testing.assert_allclose(np.sum(masses, axis=0), 1, atol=1e-11)
    assert min(found.min() for found in masses) >= 0


def test_symmetry_on_borders_and_corners():
    outline = shapely.box(0, 0, 8_000, 6_000)
    points = np.array([(0, 0), (8_000, 6_000), (4_000, 0), (8_000, 3_000), (4_000, 3_000)], dtype=float)
    for kernel in NAMES:
        found = kernel_mass(points, outline, kernel=kernel, bandwidth=2_000.0 / reach_of(kernel))
        np.testing.assert_allclose(found, [0.25, 0.25, 0.5, 0.5, 1], atol=1e-11)


def test_mass_changes_little_where_a_point_crosses_the_border():
    """Rounding may put a point on either side: the mass must not jump."""
    outline = shapely.Polygon([(400_000.3, 290_000.7), (409_001.1, 291_003.9), (404_500.2, 297_777.3)])
    foot = np.array([400_000.3, 290_000.7]) + 0.377 * np.array([9_000.8, 1_003.2])
    away = np.array([-1_003.2, 9_000.8]) / np.hypot(1_003.2, 9_000.8)
    for kernel in NAMES:
        steps = np.array([0, 1e-12, -1e-12, 1e-11, -1e-10, 1e-9, -1e-8, 1e-7, -1e-6, 2e-6])
        found = kernel_mass(foot + steps[:, None] * away, outline, kernel=kernel, bandwidth=300.0)
        np.testing.assert_allclose(found, 0.5, atol=1e-7)


def test_bandwidths_may_differ_and_the_order_of_points_is_kept():
    rng = np.random.default_rng(8)
    outline = shapely.box(0, 0, 5_000, 4_000).difference(shapely.Point(2_000, 2_000).buffer(700))
    points = rng.uniform(-300, 5_200, (60, 2))
    bandwidths = rng.lognormal(6.5, 0.8, 60)
    for kernel in ("quartic", "gaussian"):
        together = kernel_mass(points, outline, kernel=kernel, bandwidth=bandwidths)
        alone = [mass(p, outline, kernel, h) for p, h in zip(points, bandwidths, strict=True)]
        np.testing.assert_allclose(together, alone, atol=1e-12)


def test_known_sides_are_taken_and_pieces_make_no_difference(monkeypatch):
    outline = shapely.Point(0, 0).buffer(1_000, quad_segs=64)
    points = np.random.default_rng(1).uniform(-1_100, 1_100, (300, 2))
    whole = kernel_mass(points, outline, kernel="quartic", bandwidth=400.0)
    inside = shapely.intersects_xy(outline, *points.T)
    np.testing.assert_array_equal(kernel_mass(points, outline, kernel="quartic", bandwidth=400.0, inside=inside), whole)
    monkeypatch.setattr(edge_mass, "PAIRS", 37)
    np.testing.assert_allclose(kernel_mass(points, outline, kernel="quartic", bandwidth=400.0), whole, atol=1e-13)
    assert kernel_mass(np.empty((0, 2)), outline, kernel="quartic", bandwidth=400.0).shape == (0,)
