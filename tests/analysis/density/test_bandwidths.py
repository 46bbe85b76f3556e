"""Bandwidths by rule equal R's; the choice says why, what else it could have been and where it is not reliable."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree
from worlds import ROOT

from hotspots.analysis.density.bandwidths import (
    RADIUS_PER_SD,
    choose_bandwidth,
    convert_bandwidth,
    rule_bandwidths,
    weighted_quantile,
)
from hotspots.analysis.kernels.profiles import KERNELS
from hotspots.errors import AnalysisError
from hotspots.model import words_of

GOLDEN = ROOT / "tests" / "golden"
PATTERNS = ("cases", "controls", "pooled")


def outline() -> shapely.Polygon:
    return shapely.Polygon(pd.read_csv(GOLDEN / "density_outline.csv").to_numpy())


def pattern(name: str) -> np.ndarray:
    points = pd.read_csv(GOLDEN / "density_points.csv")
    if name != "pooled":
        points = points[points["kind"] == name.removesuffix("s")]
    return points[["easting", "northing"]].to_numpy()


def snapped(spacing: float, events: int = 6000) -> np.ndarray:
    rng = np.random.default_rng(1)
    at = rng.uniform(0, 30 * spacing, (900, 2))
    return at[rng.integers(900, size=events)]


# --------------------------------------------------------------------------- rules


@pytest.mark.parametrize("name", PATTERNS)
def test_rules_equal_those_of_r(name: str) -> None:
    table = pd.read_csv(GOLDEN / "density_bandwidths.csv")
    table = table[table["pattern"] == name].set_index("call")["metres"]
    ours = rule_bandwidths(pattern(name))
    assert ours["scott"] == pytest.approx(table["bw.scott.iso(X)"], abs=1e-6)
    assert ours["scott"] == pytest.approx(np.sqrt(np.prod(table["bw.scott(X)"])), abs=1e-5)
    assert ours["oversmoothing"] == pytest.approx(table["OS(X)"], abs=1e-6)
    # Silverman's takes the quadratic mean over the axes, where bw.scott has them apart.
    assert ours["silverman"] == pytest.approx(np.sqrt(np.mean(table["bw.scott(X)"] ** 2)), abs=1e-5)


def test_the_interquartile_range_counts_where_it_is_smaller() -> None:
    # By hand: with half of the events in the middle and two far away, the scale is the interquartile range / 1.34.
    x = np.array([-1000.0, -10.0, -5.0, 0.0, 0.0, 5.0, 10.0, 1000.0])
    points = np.column_stack([x, x[::-1]])
    # R's type 7: quartiles at positions 1.75 and 5.25 of 0 to 7: -6.25 and 6.25.
    # sparr's OS: ((R(K) d) / (n V))^(1/6), R(K) = 1 / (4 pi), V = 16 gamma(5) 8 / (10^4 pi): (10^4 / (2 n 3072))^(1/6).
    expected = 12.5 / 1.34 * (10**4 / (2 * 8 * 3072)) ** (1 / 6)
    assert rule_bandwidths(points)["oversmoothing"] == pytest.approx(expected, rel=1e-12)


def test_the_robust_rule_by_hand() -> None:
    # Eight points at distance 5 from their centre: SD = Dm = 5, and 5 / sqrt(ln 2) is larger, so
    # 0.9 x 5 x 8^(-1/5), a quartic radius.
    points = np.array([[3, 4], [4, 3], [-3, 4], [-4, 3], [3, -4], [4, -3], [-3, -4], [-4, -3]], dtype=float)
    assert rule_bandwidths(points)["silverman-robust"] * 8**0.5 == pytest.approx(4.5 * 8**-0.2)
    far = np.vstack([points, [[300.0, 0.0], [-300.0, 0.0]]])
    # The far pair leaves the median distance as it was, 5, and SD is 134: the median counts.
    assert rule_bandwidths(far)["silverman-robust"] * 8**0.5 == pytest.approx(4.5 / np.log(2) ** 0.5 * 10**-0.2)


def test_weights_count_by_their_effective_number() -> None:
    rng = np.random.default_rng(2)
    points = rng.normal(0, 500, (300, 2))
    plain = rule_bandwidths(points)
    for rule, value in rule_bandwidths(points, np.full(300, 7.0)).items():
        assert value == pytest.approx(plain[rule], rel=1e-9), rule
    # By hand: weights 3, 1, 1, 1 make n = 36 / 12 = 3; the weighted variance around 0 is 4 / 6 x 1, times n / (n - 1).
    four = np.array([[0.0, 0.0], [1.0, 1.0], [-1.0, -1.0], [0.0, 0.0]])
    weighted = rule_bandwidths(four, np.array([1.0, 1.0, 1.0, 3.0]))
    assert weighted["silverman"] == pytest.approx(np.sqrt(2 / 6 * 1.5) * 3 ** (-1 / 6))
    weights = rng.gamma(1.0, size=300)
    assert rule_bandwidths(points, weights)["scott"] > plain["scott"] * 0.9


def test_quantiles_of_equal_weights_are_numpys() -> None:
    values = np.random.default_rng(3).normal(size=51)
    for share in (0.0, 0.25, 0.5, 0.9, 1.0):
        assert weighted_quantile(values, np.ones(51), share) == pytest.approx(np.quantile(values, share))


@settings(max_examples=25, deadline=None)
@given(st.floats(0.01, 100), st.floats(-1e5, 1e5), st.integers(0, 99))
def test_rules_scale_with_the_map(scale: float, shift: float, seed: int) -> None:
    points = np.random.default_rng(seed).normal(0, 1000, (60, 2))
    moved = rule_bandwidths(points[::-1] * scale + shift)
    for rule, value in rule_bandwidths(points).items():
        assert moved[rule] == pytest.approx(value * scale, rel=1e-6), rule


# --------------------------------------------------------------------------- kernels


@pytest.mark.parametrize("kernel", RADIUS_PER_SD)
def test_equal_standard_deviation_per_axis(kernel: str) -> None:
    # The second moment of each kernel itself, by a sum over rings.
    u = (np.arange(400_000) + 0.5) * (12 if kernel == "gaussian" else 1) / 400_000
    density = KERNELS[kernel](u**2) * 2 * np.pi * u * (u[1] - u[0])
    assert density.sum() == pytest.approx(1, abs=1e-5)
    assert 1 / np.sqrt((density * u**2).sum() / 2) == pytest.approx(RADIUS_PER_SD[kernel], rel=1e-4)


def test_every_kernel_gets_the_same_smoothing() -> None:
    points = pattern("pooled")
    values = {
        kernel: choose_bandwidth(points, rule="scott", kernel=kernel, outline=None).provenance.by_rule["scott"]
        for kernel in RADIUS_PER_SD
    }
    for kernel, value in values.items():
        assert value / RADIUS_PER_SD[kernel] == pytest.approx(values["gaussian"], abs=0.1)
    assert convert_bandwidth(600.0, "epanechnikov", "uniform") == pytest.approx(600 * 2 / 6**0.5)


# --------------------------------------------------------------------------- the choice


def test_the_default_is_the_robust_rule_with_its_alternatives() -> None:
    points = pattern("pooled")
    before = points.copy()
    chosen = choose_bandwidth(points, rule=None, kernel="quartic", outline=outline())
    np.testing.assert_array_equal(points, before)
    assert chosen.rule == "silverman-robust"
    robust = rule_bandwidths(points)["silverman-robust"] * 8**0.5
    assert chosen.metres == round(robust / 10) * 10
    assert chosen.words == f"{chosen.metres:,.0f} m, by Silverman's robust rule from the spread and number of events"
    (others,) = words_of(chosen.notes)
    assert others.startswith("Bandwidths that other rules give: silverman 2,")
    assert others.endswith(" A quartic radius is 2.83 standard deviations of a Gaussian as smooth.")
    assert chosen.provenance.radius_per_standard_deviation == 2.828427
    assert chosen.provenance.rule == "silverman-robust"
    assert chosen.provenance.by_rule["silverman-robust"] == pytest.approx(robust, abs=0.05)
    assert chosen.provenance.by_rule["oversmoothing"] == pytest.approx(935.431610 * 8**0.5, abs=0.1)
    assert chosen.provenance.map_point_spacing_m is None
    assert "likelihood" not in chosen.provenance.by_rule


@pytest.mark.parametrize(
    ("rule", "call", "within"),
    [
        ("least-squares", "LSCV.density(X, edge = TRUE, resolution = 128)", 0.04),
        ("likelihood", "LIK.density(X, edge = TRUE, resolution = 128)", 0.03),
        ("diggle", "bw.diggle(X, correction = 'translate', nr = 2048)", 0.03),
    ],
)
def test_searches_are_announced_like_rules(rule: str, call: str, within: float) -> None:
    table = pd.read_csv(GOLDEN / "density_bandwidths.csv")
    (expected,) = table.loc[(table["pattern"] == "pooled") & (table["call"] == call), "metres"]
    chosen = choose_bandwidth(pattern("pooled"), rule=rule, kernel="gaussian", outline=outline())
    assert chosen.metres == pytest.approx(expected, rel=within)
    assert chosen.rule == rule
    assert chosen.provenance.by_rule[rule] == pytest.approx(chosen.metres, abs=5.1)
    assert "silverman-robust" in words_of(chosen.notes)[-1]


def test_a_number_is_taken_as_it_is() -> None:
    chosen = choose_bandwidth(pattern("cases"), rule=777.0, kernel="quartic", outline=None)
    assert (chosen.metres, chosen.rule, chosen.words) == (777.0, "asked", "777 m, as set")
    assert chosen.provenance.as_dict()["bandwidth_rule"] == "asked for"
    assert "silverman-robust" in words_of(chosen.notes)[0]


def test_map_points_raise_what_a_rule_gives() -> None:
    points = snapped(400.0)
    chosen = choose_bandwidth(points, rule="likelihood", kernel="quartic", outline=None)
    floor = chosen.provenance.bandwidth_floor_m
    assert floor == pytest.approx(800, rel=0.2)
    assert chosen.metres >= floor
    robust = choose_bandwidth(np.vstack([points[:20]] * 1 + [points]), rule=None, kernel="gaussian")
    assert robust.provenance.bandwidth_floor_m == pytest.approx(800 / 8**0.5, rel=0.2)


@pytest.mark.parametrize("kernel", ["quartic", "gaussian"])
def test_raised_is_said(kernel: str) -> None:
    # Many events on few map points: the rule goes below two spacings.
    points = snapped(400.0, events=200_000)
    chosen = choose_bandwidth(points, rule=None, kernel=kernel, outline=None)
    rule, floor = chosen.provenance.by_rule["silverman-robust"], chosen.provenance.bandwidth_floor_m
    assert rule < floor <= chosen.metres < floor + 10
    assert chosen.words == (
        f"{chosen.metres:,.0f} m: Silverman's robust rule from the spread and number of events gives "
        f"{round(rule, -1):,.0f} m, raised because events are at map points about "
        f"{chosen.provenance.map_point_spacing_m:,.0f} m apart, which a smaller bandwidth would show"
    )
    assert words_of(chosen.notes)[-1] == f"Bandwidth {chosen.words}."
    assert chosen.rule == "silverman-robust"


def test_below_the_floor_is_done_and_said() -> None:
    points = snapped(250.0)
    chosen = choose_bandwidth(points, rule=200.0, kernel="quartic", outline=None)
    spacing, floor = chosen.provenance.map_point_spacing_m, chosen.provenance.bandwidth_floor_m
    assert chosen.metres == 200.0
    assert words_of(chosen.notes)[-1] == (
        f"Events are at map points about {spacing:,.0f} m apart: with a bandwidth of 200 m the surface shows map "
        f"points. It is not reliable below {floor:,.0f} m."
    )


def test_stacks_and_ends_of_a_search_are_said() -> None:
    rng = np.random.default_rng(4)
    points = rng.normal(0, 2000, (500, 2))
    stacked = np.vstack([points, points[:10]])
    chosen = choose_bandwidth(stacked, rule="likelihood", kernel="quartic", outline=None)
    assert words_of(chosen.notes)[0] == (
        "3.9% of the events share their point with another. These were left out together in the search for the "
        "bandwidth; one by one they would bias it towards 0."
    )
    even = rng.uniform(0, 10_000, (400, 2))
    square = shapely.box(0, 0, 10_000, 10_000)
    chosen = choose_bandwidth(even, rule="likelihood", kernel="gaussian", outline=square)
    highest = 1.5 * rule_bandwidths(even)["oversmoothing"]
    assert chosen.metres == pytest.approx(highest, abs=5.1)
    lowest = 0.5 * np.median(cKDTree(even).query(even, k=2)[0][:, 1])
    ends = [f"{value:,.0f} m" for value in (lowest, highest)]
    assert words_of(chosen.notes)[0] == (
        f"The search for the bandwidth, from {ends[0]} to {ends[1]}, stopped at its upper end: {ends[1]} is not the "
        "best, a larger one would fit these events better."
    )


# --------------------------------------------------------------------------- refusals


def test_what_cannot_be_is_refused() -> None:
    points = pattern("cases")
    with pytest.raises(AnalysisError, match="There is no bandwidth rule 'silvermann'") as error:
        choose_bandwidth(points, rule="silvermann", kernel="quartic", outline=None)
    assert "oversmoothing, least-squares, likelihood, diggle" in str(error.value)
    with pytest.raises(AnalysisError, match="There is no kernel 'biweight'"):
        choose_bandwidth(points, rule=None, kernel="biweight", outline=None)
    for number in (0.0, -5.0, np.nan, np.inf):
        with pytest.raises(AnalysisError, match="The bandwidth must be above 0"):
            choose_bandwidth(points, rule=number, kernel="quartic", outline=None)
    with pytest.raises(AnalysisError, match="All events lie on one point") as error:
        choose_bandwidth(np.full((12, 2), 400_000.0), rule=None, kernel="quartic", outline=None)
    assert "12 events at 400000 400000" in str(error.value)
    assert choose_bandwidth(np.full((12, 2), 400_000.0), rule=500.0, kernel="quartic").metres == 500
    with pytest.raises(AnalysisError, match="Diggle's bandwidth needs the study area"):
        choose_bandwidth(points, rule="diggle", kernel="quartic", outline=None)
    for weights in (np.ones(3), np.zeros(len(points)), -np.ones(len(points))):
        with pytest.raises(AnalysisError, match="The weights of the events do not fit"):
            choose_bandwidth(points, rule=None, kernel="quartic", outline=None, weights=weights)
    with pytest.raises(AnalysisError, match="All events lie on one line, so Scott's rule"):
        choose_bandwidth(np.column_stack([np.arange(30.0), np.zeros(30)]), rule="scott", kernel="quartic")
    missing = points.copy()
    missing[7, 1] = np.nan
    with pytest.raises(AnalysisError, match="1 of 250 points have no coordinates") as error:
        choose_bandwidth(missing, rule=400.0, kernel="quartic")
    assert "the first is row 7" in str(error.value)


def test_few_events_and_weights_of_none_are_no_trouble() -> None:
    points = np.array([[0.0, 0.0], [300.0, 400.0], [900.0, 100.0], [50.0, 800.0]])
    box = shapely.box(-500, -500, 1500, 1500)
    for rule in ("least-squares", "likelihood", "diggle"):
        chosen = choose_bandwidth(points, rule=rule, kernel="gaussian", outline=box)
        assert np.isfinite(chosen.metres)
        weighed = choose_bandwidth(
            np.vstack([points, [[5.0, 5.0]]]),
            rule=rule,
            kernel="gaussian",
            outline=box,
            weights=np.array([1, 1, 1, 1, 0]),
        )
        assert weighed.metres == pytest.approx(chosen.metres, rel=1e-3)
