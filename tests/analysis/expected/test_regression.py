"""Expected counts of a regression: coefficients by statsmodels, intervals by brute force, trends by geometry."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.optimize import minimize
from scipy.stats import nbinom, poisson
from worlds import make_counts, make_grid

from hotspots.analysis.autocorrelation import getis_ord, link_neighbours
from hotspots.analysis.expected import with_expected, with_expected_given
from hotspots.analysis.expected.negative_binomial import _moments_within, _within, fit_counts
from hotspots.analysis.expected.trend import _spread, trend_terms
from hotspots.errors import AnalysisError

LEVEL = 0.05


def a_world(rows=12, seed=1, *, slope=1.5, shape=None, mean=20.0):
    """Return an area with people, a covariate that rises from west to east, and counts along it."""
    rng = np.random.default_rng(seed)
    area = make_grid(rows, rows)
    n = rows**2
    area = area.with_population(pd.Series(rng.integers(800, 3000, n).astype(float), index=area.ids))
    east = np.tile(np.arange(rows), rows) / (rows - 1)
    x = east + 0.2 * rng.standard_normal(n)
    people = area.areas["population"].to_numpy()
    risk = np.exp(slope * x) * (rng.gamma(shape, 1 / shape, n) if shape else 1)
    counts = make_counts(area, rng.poisson(mean * people / people.mean() * risk / risk.mean()))
    return area, counts, pd.DataFrame({"x": x}, index=area.ids), rng


def statsmodels_fit(counts, table, dispersion):
    people = counts.area.areas["population"].to_numpy()
    family = sm.families.Poisson() if dispersion == 0 else sm.families.NegativeBinomial(alpha=dispersion)
    design = sm.add_constant(table.to_numpy())
    return sm.GLM(counts.table["observed_low"].to_numpy(), design, family=family, offset=np.log(people)).fit(tol=1e-12)


# --------------------------------------------------------------------------- slopes


@pytest.mark.parametrize("shape", [None, 3.0])
def test_slopes_and_intervals_are_those_of_statsmodels(shape):
    _, counts, table, rng = a_world(shape=shape)
    table = table.assign(other=rng.standard_normal(len(table)) * 40 + 1000)
    found = with_expected_given(counts, table)
    method = found.expectation
    assert method is not None
    theirs = statsmodels_fit(counts, table, method.dispersion)
    ends = theirs.conf_int()
    for at, slope in enumerate(method.given, start=1):
        # Their intervals are by the normal distribution too.
        assert slope.slope == pytest.approx(theirs.params[at], rel=1e-5)
        assert (slope.slope_low, slope.slope_high) == pytest.approx(tuple(ends[at]), rel=1e-4)
    np.testing.assert_allclose(
        found.table["expected"], theirs.mu * counts.table["observed_low"].sum() / theirs.mu.sum(), rtol=1e-5
    )


def test_the_dispersion_is_that_of_statsmodels():
    _, counts, table, _ = a_world(shape=3.0)
    people = counts.area.areas["population"].to_numpy()
    theirs = sm.NegativeBinomial(
        counts.table["observed_low"].to_numpy(), sm.add_constant(table.to_numpy()), offset=np.log(people)
    ).fit(disp=0, gtol=1e-8, maxiter=500)
    method = with_expected_given(counts, table).expectation
    assert method is not None
    assert method.dispersion == pytest.approx(theirs.params[-1], rel=1e-3)


def test_without_scatter_it_is_poisson():
    # Counts at their expectation scatter less than Poisson ones.
    area, _, table, _ = a_world()
    people = area.areas["population"].to_numpy()
    counts = make_counts(area, np.round(0.02 * people * np.exp(table["x"])))
    method = with_expected_given(counts, table).expectation
    assert method is not None
    assert method.dispersion == 0
    assert method.given[0].slope == pytest.approx(statsmodels_fit(counts, table, 0).params[1], rel=1e-7)


def test_the_offset_may_be_ones_own_expected_counts():
    area, counts, table, _ = a_world()
    people = area.areas["population"]
    by_people, by_own = with_expected_given(counts, table), with_expected_given(with_expected(counts, people), table)
    np.testing.assert_allclose(by_people.table["expected"], by_own.table["expected"], rtol=1e-8)
    assert by_own.expectation is not None
    assert by_own.expectation.base == "own"


# --------------------------------------------------------------------------- suppressed counts


@pytest.mark.parametrize("dispersion", [0.0, 0.3])
def test_moments_within_intervals_are_sums(dispersion):
    low, high, mean = np.array([1.0, 0, 13, 0]), np.array([7.0, 4, 17, 0]), np.array([3.0, 9, 6, 2])
    expectation, variance = _moments_within(low, high, mean, dispersion)
    chance = _within(low, high, mean, dispersion, extra=0)
    for at in range(4):
        y = np.arange(low[at], high[at] + 1)
        law = poisson(mean[at]) if dispersion == 0 else nbinom(1 / dispersion, 1 / (1 + dispersion * mean[at]))
        p = law.pmf(y)
        assert chance[at] == pytest.approx(p.sum(), rel=1e-9)
        assert expectation[at] == pytest.approx((y * p).sum() / p.sum(), rel=1e-9)
        wanted = ((y - expectation[at]) ** 2 * p).sum() / p.sum()
        assert variance[at] == pytest.approx(wanted, rel=1e-6, abs=1e-9)


def test_suppressed_counts_count_by_the_chance_of_their_interval():
    _, counts, table, _ = a_world(shape=4.0, mean=6.0)
    y = counts.table["observed_low"].to_numpy()
    low, high = np.where((y > 0) & (y < 8), 1, y), np.where((y > 0) & (y < 8), 7, y)
    people = counts.area.areas["population"].to_numpy()
    design = np.column_stack([np.ones(len(y)), table["x"]])
    found = fit_counts(low, high, design, exposure=people)

    def against(p):
        mean, size = people * np.exp(design @ p[:2]), np.exp(-p[2])
        law = nbinom(size, size / (size + mean))
        return -np.log(np.maximum(law.cdf(high) - law.cdf(low - 1), 1e-300)).sum()

    start = [*found.slopes + 0.05, np.log(found.dispersion) + 0.1]
    best = minimize(against, start, method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-10, "maxiter": 4000})
    np.testing.assert_allclose(found.slopes, best.x[:2], atol=2e-5)
    assert np.log(found.dispersion) == pytest.approx(best.x[2], abs=1e-3)


@pytest.mark.parametrize("null", ["constant-risk", "scattered-risk"])
def test_bounds_hold_whatever_the_suppressed_counts_are(null):
    area, counts, table, rng = a_world(rows=8, shape=6.0, mean=5.0)
    y, links = counts.table["observed_low"].to_numpy(), link_neighbours(area)
    low, high = np.where((y > 0) & (y < 5), 1, y), np.where((y > 0) & (y < 5), 4, y)
    bounds = getis_ord(with_expected_given(make_counts(area, low, high), table), links, null=null).table
    east = table["x"] > table["x"].median()
    fills = [y, np.where(east, high, low), np.where(east, low, high)]
    fills += [rng.integers(low.astype(int), high.astype(int) + 1) for _ in range(20)]
    for fill in fills:
        one = getis_ord(with_expected_given(make_counts(area, fill), table), links, null=null).table
        for side in ("hot", "cold"):
            assert (one[f"p_{side}_high"] <= bounds[f"p_{side}_high"] * (1 + 1e-9)).all()
            assert (one[f"p_{side}_high"] >= bounds[f"p_{side}_low"] * (1 - 1e-9)).all()


# --------------------------------------------------------------------------- the trend


def test_knots_lie_a_scale_apart_and_near_every_area():
    points = np.random.default_rng(1).uniform(0, 50_000, (400, 2))
    knots = _spread(points, 10_000)
    away = np.hypot(*(knots[:, None] - knots).transpose(2, 0, 1)) + 1e9 * np.eye(len(knots))
    assert away.min() >= 10_000
    assert np.hypot(*(points[:, None] - knots).transpose(2, 0, 1)).min(axis=1).max() < 10_000


def test_a_trend_holds_every_plane_in_orthonormal_terms():
    centres = np.random.default_rng(2).uniform(0, 40_000, (600, 2))
    terms = trend_terms(centres, scale_km=12)
    plane = 2 + 3e-5 * centres[:, 0] - 1e-5 * centres[:, 1]
    design = np.column_stack([np.ones(600), terms])
    left = plane - design @ np.linalg.lstsq(design, plane, rcond=None)[0]
    assert np.abs(left).max() < 1e-9
    np.testing.assert_allclose(terms.T @ terms, np.eye(terms.shape[1]), atol=1e-9)
    np.testing.assert_allclose(terms.sum(axis=0), 0, atol=1e-9)


def test_a_trend_is_the_same_wherever_north_is():
    centres = np.random.default_rng(3).uniform(0, 40_000, (600, 2))
    turned = (centres - 500) @ np.array([[0, 1], [-1, 0]]) + 300_000
    one, other = (trend_terms(each, scale_km=12) for each in (centres, turned))
    np.testing.assert_allclose(one @ (one.T @ other), other, atol=1e-7)


def test_one_area_of_ten_times_the_risk_does_not_raise_what_is_expected_around_it():
    area, _, _, rng = a_world(rows=16)
    people = area.areas["population"].to_numpy()
    usual = rng.poisson(20 * people / people.mean())
    loud = usual.copy()
    loud[8 * 16 + 8] *= 10
    before, after = (with_expected_given(make_counts(area, y), trend_km=7).table["expected"] for y in (usual, loud))
    ratio = (after / before) / (after.sum() / before.sum())
    assert np.abs(np.log(ratio)).max() < 0.06


def test_a_trend_needs_areas_for_its_terms():
    _, counts, _, _ = a_world()
    with pytest.raises(AnalysisError, match="follows single hotspots"):
        with_expected_given(counts, trend_km=2)
    for scale in (0, -1, np.inf, np.nan):
        with pytest.raises(AnalysisError, match="can't be"):
            with_expected_given(counts, trend_km=scale)


# --------------------------------------------------------------------------- what can't be


def test_an_area_without_a_covariate_is_not_tested():
    _, counts, table, _ = a_world()
    table.iloc[4, 0] = np.nan
    found = getis_ord(with_expected_given(counts, table.drop(table.index[9]))).table
    assert found["reason"].iloc[[4, 9]].tolist() == ["no value of x", "no value of x"]
    assert (found["class"] == "not_tested").sum() == 2


def test_an_infinite_covariate_names_its_area():
    area, counts, table, _ = a_world()
    table.iloc[4, 0] = np.inf
    with pytest.raises(AnalysisError, match=f"x of area '{area.ids[4]}' is no finite number"):
        with_expected_given(counts, table)


def test_covariates_that_repeat_each_other_are_named():
    _, counts, table, rng = a_world()
    table["y"] = rng.random(len(table))
    with pytest.raises(AnalysisError, match="z is a combination of x, y"):
        with_expected_given(counts, table.assign(z=2 * table["x"] - 3 * table["y"] + 5))
    with pytest.raises(AnalysisError, match="z is the same in all areas"):
        with_expected_given(counts, table.assign(z=0.1))


def test_a_regression_needs_areas_people_and_events():
    area, counts, table, _ = a_world(rows=4)
    with pytest.raises(AnalysisError, match="16 areas are too few for a regression on x"):
        with_expected_given(counts, table)
    area, counts, table, _ = a_world()
    with pytest.raises(AnalysisError, match="no events"):
        with_expected_given(make_counts(area, np.zeros(144)), table)
    with pytest.raises(AnalysisError, match="Nothing is given"):
        with_expected_given(counts)
    with pytest.raises(AnalysisError, match="needs a population"):
        with_expected_given(make_counts(make_grid(12, 12), np.ones(144)), table)
    with pytest.raises(AnalysisError, match="a regression already"):
        with_expected_given(with_expected_given(counts, table), table)


def test_no_finite_slope_is_said():
    # Events in the upper half of a covariate only.
    area, _, _, _ = a_world()
    two = pd.DataFrame({"two": np.arange(144) % 2}, index=area.ids)
    with pytest.raises(AnalysisError, match="no finite solution"):
        with_expected_given(make_counts(area, 10 * (np.arange(144) % 2)), two)


# --------------------------------------------------------------------------- level and power


@pytest.mark.parametrize(("given", "scatter"), [("x", None), ("trend", None), ("x", 4.0)])
def test_a_gradient_that_is_given_is_not_found(given, scatter):
    flagged, plain, maps = [], [], 0
    for seed in range(25):
        area, counts, table, _ = a_world(rows=16, seed=100 + seed, shape=scatter, slope=1.0)
        if given == "trend":
            rng, people = np.random.default_rng(seed), area.areas["population"].to_numpy()
            east = np.tile(np.arange(16), 16) / 15
            counts = make_counts(area, rng.poisson(20 * people / people.mean() * 2.3**east / 1.56))
        beyond = with_expected_given(counts, table) if given == "x" else with_expected_given(counts, trend_km=8)
        links = link_neighbours(area)
        found = getis_ord(beyond, links).table
        flagged.append((found["p_high"] <= LEVEL).mean())
        maps += bool((found["p_adjusted_high"] <= LEVEL).any())
        plain.append((getis_ord(counts, links).table["p_high"] <= LEVEL).mean())
    # 5% of areas, and as windows overlap a standard error of about 1% over 25 maps of 256 areas.
    assert np.mean(flagged) <= 0.07
    assert maps <= 5  # P(more) = 0.1% at 5%
    assert np.mean(plain) >= 0.15


def test_a_cluster_on_the_gradient_is_found_beyond_it():
    area, _, table, rng = a_world(rows=16)
    people = area.areas["population"].to_numpy()
    risk = np.exp(table["x"].to_numpy())
    hot = [row * 16 + column for row in (7, 8, 9) for column in (2, 3, 4)]
    risk[hot] *= 3
    counts = make_counts(area, rng.poisson(20 * people / people.mean() * risk / risk.mean()))
    found = getis_ord(with_expected_given(counts, table)).table
    assert (found["p_adjusted_high"].iloc[hot] <= LEVEL).mean() >= 0.8
