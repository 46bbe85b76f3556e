"""Points moved to map points are told from addresses and from chance, and the spacing is that of the map points."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hotspots.analysis.density.map_points import (
    FLOOR_SPACINGS,
    detect_map_points,
    lattice_step,
    merge_places,
    share_observed,
    spacing_of,
)
from hotspots.model import Events
from hotspots.sources.boundaries import read_areas
from hotspots.sources.offences import read_offences
from hotspots.sources.police import read_police


def coordinates(events: Events) -> np.ndarray:
    points = events.table[["easting", "northing"]].to_numpy(dtype=float, na_value=np.nan)
    return points[~np.isnan(points).any(axis=1)]


def map_points(rng: np.random.Generator, number: int, *, spacing: float) -> np.ndarray:
    """Return random map points; each has a square of side `spacing` to itself on average."""
    return rng.uniform(0, spacing * number**0.5, (number, 2))


def halves(points: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    mixed = rng.permutation(points)
    return mixed[: len(points) // 2], mixed[len(points) // 2 :]


# --------------------------------------------------------------------------- the sample and the real file


def test_the_planted_spacing_of_the_sample_is_found(root: Path) -> None:
    points = coordinates(read_police(root / "data/events/invented_police_street_2019.csv.gz"))
    # tools/sample/street.py puts 4 to 8 map points into every LSOA, six on average, evenly over its area.
    areas = read_areas(root / "data/boundaries/west_midlands_lsoa11.gpkg", layer="lsoa11").areas
    planted = float(np.median(np.sqrt(areas.area.to_numpy() / 6)))
    found = detect_map_points(points)
    assert found.snapped
    assert found.spacing == pytest.approx(planted, rel=0.2)
    for half in halves(points, np.random.default_rng(1)):
        assert detect_map_points(half).spacing == pytest.approx(planted, rel=0.2)


def test_the_unsnapped_offences_of_the_sample_are_left_alone(root: Path) -> None:
    found = detect_map_points(coordinates(read_offences(root / "data/events/invented_offences_2013-2019.csv.gz")))
    assert not found.snapped
    assert found.spacing is None
    assert found.floor is None
    assert found.words.endswith("different points: they do not appear to be map points.")


@pytest.mark.real
def test_the_real_file_is_snapped_and_its_halves_agree(shared_data: Path) -> None:
    points = coordinates(read_police(shared_data / "crime_wm_2011-02_street.csv"))
    found = detect_map_points(points)
    # Numbers of the file's own documentation.
    assert (len(points), found.distinct) == (25_558, 9_831)
    assert found.snapped
    assert 250 <= found.floor <= 400  # the practice with these files
    one, other = (detect_map_points(half).spacing for half in halves(points, np.random.default_rng(2)))
    assert one == pytest.approx(other, rel=0.2)
    assert one == pytest.approx(found.spacing, rel=0.2)
    tenth = detect_map_points(np.random.default_rng(3).permutation(points)[:5000])
    assert tenth.spacing == pytest.approx(found.spacing, rel=0.2)


# --------------------------------------------------------------------------- what is no map point


@pytest.mark.parametrize("seed", range(3))
def test_continuous_points_are_left_alone(seed: int) -> None:
    rng = np.random.default_rng(seed)
    towns = rng.uniform(0, 30_000, (8, 2))
    clustered = towns[rng.integers(8, size=8000)] + rng.normal(0, 400, (8000, 2))
    for points in (rng.uniform(0, 30_000, (8000, 2)), clustered, np.round(clustered)):
        assert not detect_map_points(points).snapped


@pytest.mark.parametrize(("addresses", "events"), [(3, 1500), (60, 3000), (300, 3000), (800, 3000)])
def test_busy_addresses_are_no_map_points(addresses: int, events: int) -> None:
    rng = np.random.default_rng(4)
    single = np.round(rng.normal(0, 3000, (7000, 2)))
    busy = np.round(rng.normal(0, 3000, (addresses, 2)))[rng.integers(addresses, size=events)]
    found = detect_map_points(np.vstack([single, busy]))
    assert not found.snapped
    assert (", as events at busy addresses do): they do not appear" in found.words) is (found.share_shared >= 0.2)


@pytest.mark.parametrize(("events", "shape"), [(5_000, 0.05), (20_000, 0.1), (20_000, 0.3)])
def test_repeats_at_addresses_along_streets_are_no_map_points(events: int, shape: float) -> None:
    rng = np.random.default_rng(13)
    # 3,000 streets of 40 houses, 12 m apart; some houses have many more events than others.
    start, turn = rng.normal(0, 6000, (3000, 1, 2)), rng.uniform(0, np.pi, (3000, 1))
    along = np.arange(40) * 12.0
    street = np.stack([along * np.cos(turn), along * np.sin(turn)], axis=-1)
    houses = np.round((start + street).reshape(-1, 2))
    risk = rng.gamma(shape, size=len(houses))
    found = detect_map_points(houses[rng.choice(len(houses), events, p=risk / risk.sum())])
    assert found.share_shared > 0.2
    assert not found.snapped


def test_a_few_repeats_everywhere_are_no_map_points() -> None:
    # One event in ten repeated on the spot: no place has many, and the share is what repeat victims give.
    rng = np.random.default_rng(14)
    points = rng.uniform(0, 30_000, (4000, 2))
    assert not detect_map_points(np.vstack([points, points[:300]])).snapped


def test_few_points_tell_nothing() -> None:
    assert not detect_map_points(np.array([[0.0, 0.0], [100.0, 200.0], [100.0, 200.0]])).snapped
    assert not detect_map_points(np.full((50, 2), 7.0)).snapped
    assert detect_map_points(np.empty((0, 2))).words == "There are no points."


# --------------------------------------------------------------------------- the spacing


@pytest.mark.parametrize("spacing", [80.0, 250.0])
@pytest.mark.parametrize("shape", [0.5, 1.0, 4.0])
def test_thinning_does_not_widen_the_spacing(spacing: float, shape: float) -> None:
    rng = np.random.default_rng(5)
    at = map_points(rng, 4000, spacing=spacing)
    chance = rng.gamma(shape, size=len(at))
    points = at[rng.choice(len(at), 12_000, p=chance / chance.sum())]
    for share in (1, 2, 4):
        found = detect_map_points(points[::share])
        assert found.spacing == pytest.approx(spacing, rel=0.2), share


@pytest.mark.parametrize(("step", "shift"), [(10, 0), (100, 50), (100, 0), (1000, 500)])
def test_a_rounded_lattice_is_told_by_its_step(step: int, shift: int) -> None:
    rng = np.random.default_rng(6)
    points = np.round(rng.normal(0, 60 * step, (3000, 2)) / step) * step + shift
    found = detect_map_points(points)
    assert found.spacing == step
    assert found.floor == 2 * step
    assert f"all coordinates are multiples of {step:,} m" in found.words
    # One in two hundred placed by hand does not hide it.
    points[::200] += 3.0
    assert lattice_step(points) == step


def test_whole_metres_are_no_lattice() -> None:
    assert lattice_step(np.round(np.random.default_rng(7).uniform(0, 9000, (500, 2)))) is None


def test_a_turned_lattice_is_measured_by_its_stacks() -> None:
    rng = np.random.default_rng(8)
    step = np.arange(60) * 150.0
    lattice = np.stack(np.meshgrid(step, step), axis=-1).reshape(-1, 2) @ np.array([[0.8, -0.6], [0.6, 0.8]])
    for events in (5_000, 50_000):
        found = detect_map_points(lattice[rng.integers(len(lattice), size=events)])
        assert found.spacing == pytest.approx(150, rel=0.2)


def test_the_measure_is_right_on_a_full_square_lattice() -> None:
    # By hand: around a lattice point 4 lie at 1, 4 at sqrt(2), 4 at 2 and 8 at sqrt(5), so the 16th is at sqrt(5), and
    # sqrt(5 pi / (16 - 1/3)) = 1.0013. With a thousand events each nothing is unseen.
    step = np.arange(80) * 100.0
    lattice = np.stack(np.meshgrid(step, step), axis=-1).reshape(-1, 2)
    stacks = np.random.default_rng(9).poisson(1000, len(lattice))
    assert spacing_of(lattice, stacks) == pytest.approx(100.13, abs=0.01)


def test_the_share_observed_of_a_geometric_distribution() -> None:
    # By hand: rates exponential (shape 1) make counts geometric; with ratio q the truncated mean is 1 / (1 - q), and
    # the share with at least one is q.
    for q in (0.3, 0.6, 0.9):
        sizes = np.arange(1, 60)
        places = np.round(1e6 * (1 - q) * q ** (sizes - 1)).astype(int)
        assert share_observed(np.repeat(sizes, places)) == pytest.approx(q, abs=0.005)


# --------------------------------------------------------------------------- the floor


def smoothed(at: np.ndarray, masses: np.ndarray, radius: float, side: int, fine: int) -> np.ndarray:
    """Return a quartic surface on a torus of `side` spacings, `fine` cells each."""
    cells = side * fine
    board = np.zeros((cells, cells))
    column, row = (np.floor(at * fine).astype(int) % cells).T
    np.add.at(board, (row, column), masses)
    away = np.minimum(np.arange(cells), cells - np.arange(cells)) / fine
    kernel = np.maximum(1 - (away[:, None] ** 2 + away**2) / radius**2, 0) ** 2
    return np.fft.irfft2(np.fft.rfft2(board) * np.fft.rfft2(kernel / kernel.sum()), s=board.shape)


def test_the_floor_keeps_what_it_says() -> None:
    from scipy.spatial import cKDTree

    rng = np.random.default_rng(10)
    side, fine = 30, 12
    at = rng.uniform(0, side, (side * side, 2))
    centres = (np.arange(side * fine) + 0.5) / fine
    everywhere = np.stack(np.meshgrid(centres, centres), axis=-1).reshape(-1, 2)
    _, nearest = cKDTree(at, boxsize=side).query(everywhere)
    masses = np.bincount(nearest, minlength=len(at)) / fine**2
    variation = {r: smoothed(at, masses, r, side, fine).std() / masses.sum() * (side * fine) ** 2 for r in (1, 1.5, 2)}
    assert FLOOR_SPACINGS == 2
    assert variation[2] == pytest.approx(0.16, abs=0.02)
    assert variation[1.5] == pytest.approx(0.29, abs=0.03)
    assert variation[1] == pytest.approx(0.59, abs=0.05)
    lattice = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2) + 0.5
    ripple = smoothed(lattice, np.ones(len(lattice)), 2, side, fine) * fine**2
    assert ripple.min() > 0.985
    assert ripple.max() < 1.02


# --------------------------------------------------------------------------- the rest


def test_the_words_say_what_to_do() -> None:
    rng = np.random.default_rng(11)
    at = map_points(rng, 1000, spacing=200.0)
    found = detect_map_points(at[rng.integers(1000, size=5000)])
    assert found.words == (
        f"5,000 events on {found.distinct:,} different points ({found.share_shared:.0%} share a point): they are "
        f"map points about {found.spacing:,.0f} m apart. A surface is not reliable below a radius of "
        f"{found.floor:,.0f} m."
    )


def test_places_are_merged_to_the_centimetre() -> None:
    points = np.array([[400000.001, 280000.0], [400000.0, 280000.002], [400000.0, 280000.02], [399999.5, 280001.0]])
    places, weights, numbers = merge_places(points, np.array([1.0, 2.0, 4.0, 8.0]))
    np.testing.assert_allclose(places, [[399999.5, 280001.0], [400000.0, 280000.0], [400000.0, 280000.02]], atol=0.006)
    assert weights.tolist() == [8.0, 3.0, 4.0]
    assert numbers.tolist() == [1, 2, 1]
    np.testing.assert_array_equal(merge_places(points)[1], [1.0, 2.0, 1.0])


def test_order_shift_and_scale_do_not_matter_and_nothing_is_changed() -> None:
    rng = np.random.default_rng(12)
    at = np.round(map_points(rng, 800, spacing=190.0), 1)
    points = at[rng.choice(800, 4000, p=rng.dirichlet(np.ones(800)))]
    before = points.copy()
    found = detect_map_points(points)
    np.testing.assert_array_equal(points, before)
    elsewhere = rng.permutation(points) + np.array([400_000, 280_000])
    assert detect_map_points(elsewhere).spacing == pytest.approx(found.spacing, rel=1e-4)
    assert detect_map_points(3 * points).spacing == pytest.approx(3 * found.spacing, rel=1e-4)
