"""Cross-validation equals direct sums and sparr, and foretells stacked events by other places only."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.spatial.distance import cdist
from worlds import ROOT

from hotspots.analysis.density import cross_validation as crossvalidation
from hotspots.analysis.density.cross_validation import Places, cover, cross_validation, search_bandwidth, sum_pairs
from hotspots.errors import AnalysisError

GOLDEN = ROOT / "tests" / "golden"
PATTERNS = ("cases", "controls", "pooled")
SEARCHES = ("least-squares", "likelihood")


def outline() -> shapely.Polygon:
    return shapely.Polygon(pd.read_csv(GOLDEN / "density_outline.csv").to_numpy())


def pattern(name: str) -> np.ndarray:
    points = pd.read_csv(GOLDEN / "density_points.csv")
    if name != "pooled":
        points = points[points["kind"] == name.removesuffix("s")]
    return points[["easting", "northing"]].to_numpy()


def criterion(name: str, which: str, edge: str) -> pd.DataFrame:
    table = pd.read_csv(GOLDEN / "density_criteria.csv")
    return table[(table["pattern"] == name) & (table["criterion"] == which) & (table["edge"] == edge)]


def bandwidth(name: str, call: str) -> float:
    table = pd.read_csv(GOLDEN / "density_bandwidths.csv")
    (value,) = table.loc[(table["pattern"] == name) & (table["call"] == call), "metres"]
    return float(value)


def direct_others(points: np.ndarray, weights: np.ndarray, sd: float) -> np.ndarray:
    """Return Gaussian sums of all other points, in the plainest way."""
    kernel = np.exp(-(cdist(points, points) ** 2) / (2 * sd**2)) / (2 * np.pi * sd**2)
    np.fill_diagonal(kernel, 0)
    return kernel @ weights


# --------------------------------------------------------------------------- against R


@pytest.mark.parametrize("name", PATTERNS)
@pytest.mark.parametrize("edge", ["uniform", "none"])
def test_likelihood_equals_sparr(name: str, edge: str) -> None:
    places = Places.of(pattern(name))
    within = outline() if edge == "uniform" else None
    for row in criterion(name, "likelihood", edge).itertuples():
        ours = -cross_validation(places, within, sd=row.metres, criterion="likelihood")
        # sparr's sums are direct; its correction at the border counts 256 x 256 pixels.
        assert ours == pytest.approx(row.value, abs=1e-8 if within is None else 0.003), row.metres


@pytest.mark.parametrize("name", PATTERNS)
def test_least_squares_equals_sparr(name: str) -> None:
    places = Places.of(pattern(name))
    for row in criterion(name, "least-squares", "uniform").itertuples():
        ours = cross_validation(places, outline(), sd=row.metres, criterion="least-squares")
        # sparr moves the points to the centres of 50 m pixels for the integral, which tells at small bandwidths.
        assert ours == pytest.approx(row.value, rel=0.02 if row.metres < 300 else 0.005), row.metres


@pytest.mark.parametrize("name", PATTERNS)
def test_searches_end_where_those_of_sparr_do(name: str) -> None:
    places = Places.of(pattern(name))
    for which, edge, call, within in (
        ("likelihood", "none", "LIK.density(X, edge = FALSE)", 0.002),
        # sparr counts 128 x 128 pixels here, and both criteria are flat at their best.
        ("likelihood", "uniform", "LIK.density(X, edge = TRUE, resolution = 128)", 0.03),
        ("least-squares", "uniform", "LSCV.density(X, edge = TRUE, resolution = 128)", 0.04),
    ):
        found = search_bandwidth(
            places, outline() if edge == "uniform" else None, criterion=which, lowest=60.0, highest=2500.0
        )
        assert found.end is None
        assert found.sd == pytest.approx(bandwidth(name, call), rel=within), call


# --------------------------------------------------------------------------- against direct sums


@pytest.mark.parametrize("sd", [120.0, 400.0, 1500.0])
def test_sums_by_pairs_and_on_the_grid_equal_direct_ones(sd: float, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    points = rng.normal(0, 2000, (1500, 2))
    weights = rng.integers(1, 4, 1500).astype(float)
    places = Places.of(points, weights)
    expected = direct_others(places.points, places.weights, sd)
    np.testing.assert_allclose(sum_pairs(places, sd), expected, rtol=1e-10)
    exact = cross_validation(places, None, sd=sd, criterion="least-squares")
    likely = cross_validation(places, None, sd=sd, criterion="likelihood")
    assert likely == pytest.approx(-(places.weights @ np.log(expected / weights.sum())) / weights.sum(), abs=1e-10)
    monkeypatch.setattr(crossvalidation, "MOST_IN_PAIRS", 0)
    assert cross_validation(places, None, sd=sd, criterion="least-squares") == pytest.approx(exact, rel=3e-3)
    assert cross_validation(places, None, sd=sd, criterion="likelihood") == pytest.approx(likely, abs=2e-3)


def test_least_squares_on_the_plane_has_a_closed_form() -> None:
    # By hand: the integral of the squared density is the mean over all pairs of a Gaussian of sd x sqrt(2).
    points = np.random.default_rng(2).normal(0, 1000, (400, 2))
    n, sd = 400, 300.0
    squared = np.exp(-(cdist(points, points) ** 2) / (4 * sd**2)).sum() / (4 * np.pi * sd**2) / n**2
    expected = squared - 2 * direct_others(points, np.ones(n), sd).mean() / n
    ours = cross_validation(Places.of(points), None, sd=sd, criterion="least-squares")
    assert ours == pytest.approx(expected, rel=1e-3)


def test_far_events_keep_their_tiny_density_on_the_grid(monkeypatch: pytest.MonkeyPatch) -> None:
    # One event 40 standard deviations away from its nearest: its log density is some -800, and no rounding hides it.
    points = np.vstack([np.random.default_rng(3).normal(0, 300, (300, 2)), [[12_000.0, 0.0]]])
    places = Places.of(points)
    exact = cross_validation(places, None, sd=300.0, criterion="likelihood")
    monkeypatch.setattr(crossvalidation, "MOST_IN_PAIRS", 0)
    assert cross_validation(places, None, sd=300.0, criterion="likelihood") == pytest.approx(exact, abs=0.01)


# --------------------------------------------------------------------------- stacks, ends, the border


def test_stacks_do_not_choose_the_smallest_bandwidth() -> None:
    rng = np.random.default_rng(4)
    at = rng.normal(0, 2000, (600, 2))
    single = {c: search_bandwidth(Places.of(at), None, criterion=c, lowest=60, highest=3000) for c in SEARCHES}
    stacked = Places.of(np.repeat(at, 3, axis=0))
    assert len(stacked.points) == 600
    for which in SEARCHES:
        found = search_bandwidth(stacked, None, criterion=which, lowest=60.0, highest=3000.0)
        assert found.end is None
        assert found.sd > 0.5 * single[which].sd
    # One by one they would: the same events a few centimetres apart.
    apart = Places.of(np.repeat(at, 3, axis=0) + rng.normal(0, 0.5, (1800, 2)))
    assert search_bandwidth(apart, None, criterion="least-squares", lowest=60.0, highest=150.0).end == "lower"


def test_the_ends_of_a_search_are_told() -> None:
    places = Places.of(np.random.default_rng(5).normal(0, 1000, (500, 2)))
    for which in SEARCHES:
        assert search_bandwidth(places, None, criterion=which, lowest=1500.0, highest=4000.0).end == "lower"
        assert search_bandwidth(places, None, criterion=which, lowest=60.0, highest=150.0).end == "upper"


def test_a_border_does_not_pull_the_bandwidth_down() -> None:
    # Even points in a square: without the correction the cliff at the border asks for small bandwidths.
    points = np.random.default_rng(6).uniform(0, 10_000, (1000, 2))
    square = shapely.box(0, 0, 10_000, 10_000)
    places = Places.of(points)
    corrected = search_bandwidth(places, square, criterion="likelihood", lowest=100.0, highest=5000.0)
    plain = search_bandwidth(places, None, criterion="likelihood", lowest=100.0, highest=5000.0)
    assert corrected.sd > 2 * plain.sd


@pytest.mark.parametrize("side", [37.0, 250.0])
def test_covered_shares_add_up_to_the_area(side: float) -> None:
    holed = outline().buffer(-500).difference(shapely.Point(406_000, 286_000).buffer(700))
    shape = shapely.union(holed, shapely.box(398_100, 279_300, 398_900, 280_100))
    rows = int(16_000 / side)
    share = cover(shape, west=398_000.0, south=279_000.0, side=side, shape=(rows, rows))
    assert share.sum() * side**2 == pytest.approx(shape.area, rel=1e-3)
    for row, column in ((0, 0), (rows // 2, rows // 2), (rows // 3, rows // 2), (rows // 2, rows // 3)):
        west, south = 398_000 + column * side, 279_000 + row * side
        cell = shapely.box(west, south, west + side, south + side)
        assert share[row, column] == pytest.approx(shapely.intersection(cell, shape).area / side**2, abs=0.15)


def test_places_keep_their_weights() -> None:
    points = np.array([[0.0, 0.0], [0.0, 0.0], [3.0, 4.0]])
    places = Places.of(points, np.array([1.0, 2.5, 4.0]))
    assert places.weights.tolist() == [3.5, 4.0]
    assert places.away.tolist() == [5.0, 5.0]
    assert places.its_weight.tolist() == [4.0, 3.5]


def test_a_study_area_too_narrow_for_its_cells_is_an_error():
    strips = shapely.union_all([shapely.box(300 * i, 0, 300 * i + 90, 0.3) for i in range(4)])
    rng = np.random.default_rng(3)
    points = np.column_stack([300 * rng.integers(0, 4, 400) + rng.uniform(0, 90, 400), rng.uniform(0, 0.3, 400)])
    with pytest.raises(AnalysisError, match="too narrow for bandwidths to be compared"):
        cross_validation(Places.of(points, np.ones(400)), strips, sd=40.0, criterion="least-squares")
