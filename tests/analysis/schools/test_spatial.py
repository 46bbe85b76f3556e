"""Schools in space: published moments, moments and tails by enumeration, effects by hand, planted patterns."""

import itertools
from math import exp
from statistics import NormalDist

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from scipy.stats import t as student

from hotspots.analysis.autocorrelation.whole_map import morans_i
from hotspots.analysis.schools.spatial import (
    _between,
    _nearest_weights,
    _same,
    authority_effects,
    bivariate_moran,
    local_bivariate_moran,
    residual_clustering,
    school_residuals,
)
from hotspots.errors import AnalysisError
from hotspots.model import Identity, SchoolResult

LEVEL = -6.9


def make_result(counts, pupils, score, *, xy=None, high=None, expected=None, dispersion=0.0, la=None):
    """Return a result of a known model; places on a line unless given."""
    n = len(counts)
    xy = np.column_stack([np.arange(n) * 1000.0, np.zeros(n)]) if xy is None else xy
    low = np.asarray(counts, dtype=float)
    table = gpd.GeoDataFrame(
        {
            "name": [f"School {i}" for i in range(n)],
            "la_code": ["E08000025"] * n if la is None else la,
            "la_name": ["Birmingham"] * n if la is None else [f"Authority {one[-2:]}" for one in la],
            "easting": xy[:, 0],
            "northing": xy[:, 1],
            "pupils": np.asarray(pupils, dtype=float),
            "low": low,
            "high": low if high is None else np.asarray(high, dtype=float),
            "years": 3,
            "reason": "",
            "area_id": "E01000001",
            "area_la_code": "E08000025",
            "idaci": score,
            "idaci_decile": 1,
            "expected": pupils * np.exp(LEVEL + 1.2 * np.asarray(score)) if expected is None else expected,
            "class": "as_expected",
        },
        geometry=gpd.points_from_xy(xy[:, 0], xy[:, 1], crs=27700),
        index=[f"330{4000 + i}" for i in range(n)],
    )
    for column in ("rate", "rate_low", "rate_high", "p_above", "p_below", "p_adjusted"):
        table[column] = np.nan
    for column in ("limit_low_95", "limit_high_95", "limit_low_998", "limit_high_998"):
        table[column] = 0.0
    return SchoolResult(
        table,
        sentences=(),
        slope={"dispersion": dispersion},
        index_title="IDACI 2019",
        provenance=None,
        identity=Identity(release="open"),
    )


def simulate(seed, n=150, dispersion=0.3, factor=1.0):
    rng = np.random.default_rng(seed)
    pupils, score = rng.lognormal(8.2, 0.4, n), rng.beta(2, 5, n).round(3)
    rate = rng.gamma(1 / dispersion, dispersion, n) if dispersion else 1.0
    counts = rng.poisson(pupils * np.exp(LEVEL + 1.2 * score) * rate * factor)
    return pupils, score, counts, rng.uniform(0, 30_000, (n, 2))


def test_morans_i_of_columbus_is_that_of_spdep():
    from libpysal.examples import get_path
    from libpysal.weights import Queen

    columbus = gpd.read_file(get_path("columbus.shp"))
    sparse = Queen.from_dataframe(columbus, use_index=False)
    sparse.transform = "r"
    found = morans_i(columbus["CRIME"].to_numpy(), csr_array(sparse.sparse))
    assert found.i == pytest.approx(0.5001885572, abs=1e-10)
    assert found.expected == pytest.approx(-0.0208333333, abs=1e-10)
    assert found.variance == pytest.approx(0.0086892892, abs=1e-10)


def test_moments_of_morans_i_by_enumeration():
    """All 720 orders of six values under lopsided weights."""
    rng = np.random.default_rng(3)
    weights = rng.uniform(0, 1, (6, 6)) * (rng.uniform(size=(6, 6)) < 0.5)
    np.fill_diagonal(weights, 0)
    values = np.array([0.0, 1.0, 1.5, 4.0, 9.0, 2.0])
    found = morans_i(values, csr_array(weights))
    z = values - values.mean()
    every = [np.array(order) @ weights @ np.array(order) for order in itertools.permutations(z)]
    every = np.array(every) / weights.sum() / (z**2).mean()
    assert found.i == pytest.approx(z @ weights @ z / weights.sum() / (z**2).mean())
    assert found.expected == pytest.approx(every.mean())
    assert found.variance == pytest.approx(every.var())


def test_residuals_by_hand():
    # Poisson with mean 1: mid-p below of 0 is e^-1 / 2 = 0.18394, of 1 it is 1.5 e^-1 = 0.55182, of 2 2.25 e^-1.
    result = make_result([0, 1, 1], [1000] * 3, [0.2, 0.3, 0.4], high=[0, 1, 2], expected=1.0)
    # Hidden: 1 or 2 in proportion to e^-1 and e^-1 / 2. The quantiles are those of Python's own library.
    nought, one, two = (NormalDist().inv_cdf(share * exp(-1)) for share in (0.5, 1.5, 2.25))
    np.testing.assert_allclose(school_residuals(result), [nought, one, (2 * one + two) / 3], atol=1e-9)


def test_residuals_are_normal_where_the_model_holds():
    pupils, score, counts, _ = simulate(5, n=4_000)
    found = school_residuals(make_result(counts, pupils, score, dispersion=0.3))
    # Four standard errors of a mean and of a standard deviation.
    assert abs(found.mean()) < 4 / 4_000**0.5
    assert found.std() == pytest.approx(1, abs=4 / 8_000**0.5 + 0.02)
    assert abs(np.corrcoef(found, pupils)[0, 1]) < 4 / 4_000**0.5


def test_neighbours_are_alike_only_where_it_was_planted():
    rejected = 0
    for seed in range(40):
        pupils, score, counts, xy = simulate(seed)
        told = residual_clustering(make_result(counts, pupils, score, xy=xy, dispersion=0.3))
        rejected += told.table.loc["nearest schools", "p"] < 0.05
    # Binomial(40, 0.05): seven or more has a chance of 0.3 %.
    assert rejected < 7
    pupils, score, _, xy = simulate(1)
    *_, counts, _ = simulate(1, factor=np.where(xy[:, 0] > 15_000, 2.0, 0.5))
    told = residual_clustering(make_result(counts, pupils, score, xy=xy, dispersion=0.3))
    assert told.table.loc["nearest schools", "z"] > 4
    assert "a school and its 8 nearest are more alike than expected by chance" in told.words
    # One authority only: every school has all others for neighbours, and I is -1 / (n - 1) whatever the values.
    assert list(told.table.index) == ["nearest schools"]
    la = np.where(xy[:, 0] > 15_000, "E08000025", "E08000028")
    told = residual_clustering(make_result(counts, pupils, score, xy=xy, dispersion=0.3, la=la))
    assert told.table.loc["same authority", "z"] > 4
    assert "schools of one authority are more alike" in told.words


def test_schools_of_one_authority():
    weights = _same(pd.Series(["a", "b", "a", "a", "c"])).toarray()
    np.testing.assert_allclose(
        weights, [[0, 0, 0.5, 0.5, 0], [0] * 5, [0.5, 0, 0, 0.5, 0], [0.5, 0, 0.5, 0, 0], [0] * 5]
    )


def test_nearest_schools():
    table = pd.DataFrame({"easting": [0.0, 1.0, 3.0, 3.0], "northing": 0.0})
    weights = _nearest_weights(table, 2).toarray()
    # 3 is as far from school 1 through 2 and 3: both at the same point; of school 0 the ties go by order.
    np.testing.assert_allclose(weights, [[0, 0.5, 0.5, 0], [0.5, 0, 0.5, 0], [0, 0.5, 0, 0.5], [0, 0.5, 0.5, 0]])


def test_variance_between_groups_by_hand():
    # Weights 4 and 1; centre 0.8 x 1 + 0.2 x 3 = 1.4; Q = 4 x 0.16 + 2.56 = 3.2; (3.2 - 1) / (5 - 17 / 5) = 1.375.
    assert _between(np.array([1.0, 3.0]), np.array([0.25, 1.0])) == pytest.approx(1.375)
    assert _between(np.array([1.0, 1.1]), np.array([1.0, 1.0])) == 0


def test_effects_of_authorities_are_those_planted_and_of_statsmodels():
    from statsmodels.discrete.discrete_model import NegativeBinomial

    n = 1_500
    la = np.array([f"E080000{25 + i % 3}" for i in range(n)])
    pupils, score, counts, _ = simulate(9, n=n, factor=np.array([1.6, 1.0, 1 / 1.6])[np.arange(n) % 3])
    told = authority_effects(make_result(counts, pupils, score, la=la, dispersion=0.3))
    table = told.table
    assert table["schools"].tolist() == [500, 500, 500]
    np.testing.assert_allclose(table["ratio"], [1.6, 1.0, 1 / 1.6], rtol=0.12)
    assert ((table["low"] < [1.6, 1.0, 1 / 1.6]) & (table["high"] > [1.6, 1.0, 1 / 1.6])).all()
    assert table["ratio"].prod() == pytest.approx(1)
    # The shrunken ones lie between the fixed ones and the average.
    assert (np.abs(np.log(table["shrunken"])) <= np.abs(np.log(table["ratio"])) + 1e-12).all()
    # ... by B = t / (t + v), and their errors are those of the fixed ones times the root of B (Morris 1983).
    logs = np.log(table.drop(columns="schools"))
    reach = student(n - 4).ppf(0.975) * np.sqrt(n / (n - 4))  # four terms: one, the index, two of three authorities
    error = (logs["high"] - logs["low"]) / (2 * reach)
    kept = _between(logs["ratio"].to_numpy(), error.to_numpy() ** 2)
    kept = kept / (kept + error**2)
    np.testing.assert_allclose(logs["shrunken"], kept * logs["ratio"], atol=1e-9)
    width = 2 * reach * np.sqrt(kept) * error
    np.testing.assert_allclose(logs["shrunken_high"] - logs["shrunken_low"], width, rtol=1e-9)
    assert "Authority 25" in told.words
    assert "Authority 26" not in told.words
    design = np.column_stack([np.ones(n), score, la == "E08000025", la == "E08000026"]).astype(float)
    other = NegativeBinomial(counts, design, exposure=pupils).fit(disp=0)
    effects = np.append(other.params[2:4], 0) - np.append(other.params[2:4], 0).mean()
    np.testing.assert_allclose(np.log(table["ratio"]), effects, atol=0.75 * other.bse[2])


def test_bivariate_moments_by_enumeration():
    """All 120 orders of the rates of five schools against fixed deprivation around them."""
    from hotspots.analysis.schools.spatial import _located

    counts, score = np.array([2, 9, 4, 12, 7, 3, 5, 8, 1, 6]), np.linspace(0.1, 0.46, 10).round(3)
    result = make_result(counts, np.full(10, 4000.0), score)
    row = bivariate_moran(result, nearest=2).table.iloc[0]
    x = (score - score.mean()) / score.std()
    around = _nearest_weights(_located(result, 2), 2) @ x
    rng = np.random.default_rng(8)
    # z has mean 0 and variance 1 whatever the counts; any such values have these moments.
    z = counts - counts.mean()
    z = z / z.std()
    drawn = np.array([rng.permutation(z) @ around / 10 for _ in range(20_000)])
    spread = row["moran_i"] / row["z"]
    assert drawn.std() == pytest.approx(spread, rel=0.03)
    assert drawn.mean() == pytest.approx(0, abs=4 * spread / 20_000**0.5)
    assert row["expected"] == 0


def test_rates_among_deprivation_are_found_where_planted():
    pupils, _, _, xy = simulate(2, n=200, dispersion=0.1)
    score = np.clip(0.05 + xy[:, 0] / 60_000, 0, 1).round(3)
    rng = np.random.default_rng(4)
    counts = rng.poisson(pupils * np.exp(LEVEL) * np.exp(3 * score))
    told = bivariate_moran(make_result(counts, pupils, score, xy=xy))
    assert told.table["z"].iloc[0] > 4
    assert "higher rates are found near schools of more deprived areas" in told.words
    nothing = bivariate_moran(make_result(rng.poisson(pupils * np.exp(LEVEL)), pupils, score, xy=xy))
    assert nothing.table["p"].iloc[0] > 0.05
    assert "no association beyond chance" in nothing.words
    local = local_bivariate_moran(make_result(counts, pupils, score, xy=xy))
    west, east = xy[:, 0] < 6_000, xy[:, 0] > 24_000
    assert (local.table["class"][east] == "high_high").sum() > (local.table["class"][east] == "low_high").sum()
    assert (local.table["class"][west] == "low_low").sum() > (local.table["class"][west] == "high_low").sum()
    number = local.table["class"].value_counts()
    more, less = number["high_high"] + number.get("low_high", 0), number["low_low"] + number.get("high_low", 0)
    assert (
        f"more deprived than expected by chance for {more} schools, {number['high_high']} of them with" in local.words
    )
    assert f"less deprived for {less}, {number.get('high_low', 0)} of them with" in local.words


def test_counts_school_by_school_claim_no_link_that_the_whole_map_does_not_have():
    """Deprivation is gathered, rates have nothing to do with it: many schools lie among deprived ones all the same."""
    pupils, _, _, xy = simulate(2, n=200, dispersion=0.1)
    score = np.clip(0.05 + xy[:, 0] / 60_000, 0, 1).round(3)
    result = make_result(np.random.default_rng(4).poisson(pupils * np.exp(LEVEL)), pupils, score, xy=xy)
    assert "no association beyond chance" in bivariate_moran(result).words
    local = local_bivariate_moran(result)
    assert (local.table["class"] != "not_significant").sum() > 50
    assert "rates against" not in local.words
    assert local.words.endswith(
        "This tests the deprivation around a school, not whether rates are associated with it: the test of the whole "
        "map does that."
    )


def test_local_tails_by_enumeration():
    """Every choice of two others of nine, for each of ten schools, mid-p, two-sided."""
    score = np.array([0.1, 0.3, 0.3, 0.25, 0.5, 0.12, 0.41, 0.3, 0.2, 0.22])
    result = make_result(np.arange(1, 11), np.full(10, 4000.0), score)
    table = local_bivariate_moran(result, nearest=2).table
    nearest = [[1, 2], *[[i - 1, i + 1] for i in range(1, 9)], [8, 7]]
    for i in range(10):
        own = round(1000 * sum(score[j] for j in nearest[i]))
        sums = np.array(
            [
                round(1000 * (score[a] + score[b]))
                for a, b in itertools.combinations([j for j in range(10) if j != i], 2)
            ]
        )
        more = (sums > own).mean() + (sums == own).mean() / 2
        assert table["p"].iloc[i] == pytest.approx(min(1, 2 * min(more, 1 - more)), abs=1e-12)
        assert table["around"].iloc[i] == pytest.approx(own / 2000)


def test_too_few_schools_are_said():
    pupils, score, counts, xy = simulate(1, n=12)
    result = make_result(counts, pupils, score, xy=xy)
    with pytest.raises(AnalysisError, match="12 schools with a point are too few for 11 neighbours") as error:
        local_bivariate_moran(result, nearest=11)
    assert error.value.found == "12 schools, of which 12 were tested and have a point"
    assert error.value.advice == "use fewer neighbours, at least 1, and at least 10 schools"


def test_inputs_are_unchanged():
    pupils, score, counts, xy = simulate(1, n=40)
    result = make_result(counts, pupils, score, xy=xy)
    kept = result.table.copy()
    for look in (residual_clustering, authority_effects, bivariate_moran, local_bivariate_moran, school_residuals):
        look(result)
    pd.testing.assert_frame_equal(pd.DataFrame(result.table), pd.DataFrame(kept))


def test_schools_that_are_all_alike_have_nothing_to_say_in_space():
    same = make_result(np.full(20, 3.0), np.full(20, 3000.0), np.linspace(0.1, 0.5, 20))
    with pytest.raises(AnalysisError, match="All schools have the same rate"):
        bivariate_moran(same)
    with pytest.raises(AnalysisError, match="All schools have the same rate"):
        local_bivariate_moran(same)
