"""Ripley's K and Diggle's bandwidth equal spatstat's, by lists of pairs and by cells."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shapely
from worlds import ROOT

from hotspots.analysis.density import ripley_k
from hotspots.analysis.density.cross_validation import Places
from hotspots.analysis.density.ripley_k import Pairs, count_pairs, diggle_errors, largest_distance, search_diggle

GOLDEN = ROOT / "tests" / "golden"
PATTERNS = ("cases", "controls", "pooled")


def outline() -> shapely.Polygon:
    return shapely.Polygon(pd.read_csv(GOLDEN / "density_outline.csv").to_numpy())


def pattern(name: str) -> np.ndarray:
    points = pd.read_csv(GOLDEN / "density_points.csv")
    if name != "pooled":
        points = points[points["kind"] == name.removesuffix("s")]
    return points[["easting", "northing"]].to_numpy()


def only(table: pd.DataFrame, **fixed: str) -> pd.DataFrame:
    for column, value in fixed.items():
        table = table[table[column] == value]
    return table


@pytest.mark.parametrize("name", PATTERNS)
def test_k_equals_spatstat(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = only(pd.read_csv(GOLDEN / "density_ripley.csv"), pattern=name)
    radii = expected["metres"].to_numpy(dtype=float)
    places = Places.of(pattern(name))
    listed = count_pairs(places, outline(), largest=1850.0)
    np.testing.assert_allclose(listed.within(radii), expected["translation"], rtol=0.003)
    monkeypatch.setattr(ripley_k, "MOST_LISTED", 0)
    cells = count_pairs(places, outline(), largest=1850.0)
    assert cells.cell > 0
    np.testing.assert_allclose(cells.within(radii)[1:], expected["translation"][1:], rtol=0.01)


def test_the_overlap_is_exact() -> None:
    offsets = np.array([[0.0, 0.0], [300.0, 0.0], [-900.0, 1400.0], [2500.0, 2500.0]])
    shape = outline()
    for offset, area in zip(offsets, ripley_k._overlap(shape, offsets), strict=True):
        moved = shapely.transform(shape, lambda c, by=offset: c + by)
        assert area == pytest.approx(shapely.intersection(shape, moved).area, rel=3e-4)


@pytest.mark.parametrize("name", PATTERNS)
def test_the_error_equals_that_of_spatstat(name: str) -> None:
    table = only(pd.read_csv(GOLDEN / "density_criteria.csv"), pattern=name, criterion="diggle", edge="translation")
    places = Places.of(pattern(name))
    pairs = count_pairs(places, outline(), largest=largest_distance(places, outline()))
    sds, errors = diggle_errors(pairs, effective_events=len(places.points), area=outline().area)
    # The values are some 1.5; distances are 6 m apart in spatstat's sum over discs, which tells at small bandwidths.
    within = np.where(table["metres"] < 250, 0.06, 0.016)
    assert (np.abs(np.interp(table["metres"], sds, errors) - table["value"]) <= within).all()


@pytest.mark.parametrize("name", PATTERNS)
def test_the_bandwidth_equals_that_of_spatstat(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    table = only(pd.read_csv(GOLDEN / "density_bandwidths.csv"), pattern=name)
    (fine,) = table.loc[table["call"] == "bw.diggle(X, correction = 'translate', nr = 2048)", "metres"]
    (default,) = table.loc[table["call"] == "bw.diggle(X)", "metres"]
    places = Places.of(pattern(name))
    found = search_diggle(places, outline(), lowest=0.0)
    assert found.end is None
    assert found.sd == pytest.approx(fine, rel=0.01)
    # spatstat's default takes the isotropic correction below 1,000 points, and a quarter of the distances.
    assert found.sd == pytest.approx(default, rel=0.04)
    monkeypatch.setattr(ripley_k, "MOST_LISTED", 0)
    assert search_diggle(places, outline(), lowest=0.0).sd == pytest.approx(found.sd, rel=0.03)


def test_k_of_even_points_is_a_disc() -> None:
    square = shapely.box(0, 0, 10_000, 10_000)
    points = np.random.default_rng(1).uniform(0, 10_000, (4000, 2))
    pairs = count_pairs(Places.of(points), square, largest=1000.0)
    radii = np.array([250.0, 500.0, 1000.0])
    np.testing.assert_allclose(pairs.within(radii), np.pi * radii**2, rtol=0.03)


def test_one_pair_by_hand() -> None:
    # Two discs of radius h, centres h apart, share h^2 (2 pi / 3 - sqrt(3) / 2).
    pairs = Pairs(np.array([400.0]), np.array([5e5]), largest=1600.0, cell=0.0)
    sds, errors = diggle_errors(pairs, effective_events=50.0, area=1e8)
    at = int(np.flatnonzero(sds == 200.0)[0])
    disc = np.pi * 400.0**2
    shared = 400.0**2 * (2 * np.pi / 3 - np.sqrt(3) / 2) * 5e5
    assert errors[at] == pytest.approx((1e8 / 50 - 2 * 5e5) / disc + shared / disc**2, rel=1e-12)


def test_stacks_are_one_place_and_a_floor_is_kept() -> None:
    points = pattern("cases")
    places = Places.of(np.repeat(points, 3, axis=0))
    once = Places.of(points)
    pairs = [count_pairs(p, outline(), largest=1500.0).within(np.array([0.0, 600.0])) for p in (once, places)]
    assert pairs[1][0] == 0
    np.testing.assert_allclose(pairs[1], pairs[0], rtol=1e-9)
    found = search_diggle(once, outline(), lowest=500.0)
    assert found.sd >= 500.0
    assert found.lowest >= 500.0
    assert search_diggle(once, outline(), lowest=700.0).end == "lower"


def test_the_largest_distance_is_spatstats() -> None:
    # By hand: a quarter of the shorter side, 10 km / 4; or 1,000 events expected in a disc, sqrt(1000 / (pi 1e-3)).
    square = shapely.box(0, 0, 10_000, 20_000)
    rng = np.random.default_rng(2)
    few, many = (Places.of(rng.uniform(0, 10_000, (n, 2))) for n in (100, 200_000))
    assert largest_distance(few, square) == 2500.0
    assert largest_distance(many, square) == pytest.approx(564.19, abs=0.01)
