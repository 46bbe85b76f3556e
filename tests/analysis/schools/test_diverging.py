"""Schools against deprivation: R's and statsmodels' coefficients, limits by definition, null and planted schools."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.stats import false_discovery_control, nbinom, poisson
from worlds import identified

from hotspots.analysis.common.suppressed_counts import hidden_counts
from hotspots.analysis.schools.diverging import diverging_schools
from hotspots.analysis.schools.limits import limits, mid_p_tails
from hotspots.analysis.schools.model import _classes, judge_counts
from hotspots.analysis.schools.negative_binomial import _fit_mean, _moments, fit_counts, fit_dispersion
from hotspots.errors import AnalysisError
from hotspots.model import Deprivation, Identity, Schools, StudyArea, interval_words, words_of
from hotspots.vocabulary import SCHOOL_CLASSES

YEARS = 3


def make_area(n, prefix="E01"):
    boxes = [shapely.box(400_000 + 1000 * i, 290_000, 401_000 + 1000 * i, 291_000) for i in range(n)]
    table = gpd.GeoDataFrame(
        {"name": "a", "la_code": "E08000025", "la_name": "Birmingham"},
        geometry=boxes,
        index=[f"{prefix}{i:06d}" for i in range(n)],
        crs=27700,
    )
    return StudyArea(table, geography="LSOA", identity=Identity(release="open", attribution=("Drawn for a test",)))


def make_deprivation(area, score, decile=None, **words):
    table = pd.DataFrame({"score": score, "rank": np.nan, "decile": np.nan}, index=area.ids)
    if decile is not None:
        table["decile"] = decile
    return identified(Deprivation, table, title="IDACI 2019", **words)


def make_schools(low, pupils, *, high=None, reason="", easting=None, **words):
    n = len(low)
    table = pd.DataFrame(
        {
            "name": [f"School {i}" for i in range(n)],
            "la_code": "E08000025",
            "la_name": "Birmingham",
            "easting": 400_500.0 + 1000 * np.arange(n) if easting is None else easting,
            "northing": 290_500.0,
            "pupils": pupils,
            "low": low,
            "high": low if high is None else high,
            "years": YEARS,
            "reason": reason,
        },
        index=[f"330{4000 + i}" for i in range(n)],
    )
    return identified(Schools, table, rows_read=n, **{"release": "open", "period": "2014/15 to 2016/17", **words})


def simulate(rng, n=200, dispersion=0.5, slope=1.2, level=-6.9):
    """Return pupil-years, IDACI and counts like those of the West Midlands' secondary schools over three years."""
    pupils = rng.lognormal(np.log(2_700), 0.45, n)
    score = rng.beta(2, 5, n)
    mean = pupils * np.exp(level + slope * score)
    rate = rng.gamma(1 / dispersion, dispersion, n) if dispersion else 1.0
    return pupils, score, rng.poisson(mean * rate)


def judge(counts, pupils, score, *, high=None, decile=None, **words):
    area = make_area(len(counts))
    placed = pd.Series(area.ids, index=[f"330{4000 + i}" for i in range(len(counts))])
    schools = make_schools(counts, pupils, high=high, **words)
    return diverging_schools(schools, make_deprivation(area, score, decile), area=area, placed=placed)


# --------------------------------------------------------------------------- the core


def test_poisson_regression_is_that_of_r():
    from libpysal.examples import get_path

    sids = gpd.read_file(get_path("sids2.dbf"), ignore_geometry=True)
    births, others = sids["BIR74"].to_numpy(dtype=float), sids["NWBIR74"].to_numpy(dtype=float)
    # Chowan county has 368 in libpysal's file and 386 in R's spData; R's number was worked with R's data.
    others = np.where(sids["NAME"] == "Chowan", 386.0, others)
    design = np.column_stack([np.ones(len(sids)), others / births])
    counts = sids["SID74"].to_numpy(dtype=float)
    coefficients, _, mean = _fit_mean(counts, design, births, 0.0)
    np.testing.assert_allclose(coefficients, [-6.8502147, 1.8684981], atol=5e-8)
    assert ((counts - mean) ** 2 / mean).sum() == pytest.approx(137.49265, abs=5e-6)
    # Pearson chi-squared 137.49265 over 98 degrees of freedom
    assert fit_counts(counts, design, exposure=births).poisson_phi == pytest.approx(137.49265 / 98, abs=1e-6)


def test_without_outliers_the_line_is_that_of_statsmodels_maximum_likelihood():
    """The whole likelihood in one piece, dispersion included, by statsmodels.discrete (another way to the same)."""
    from statsmodels.discrete.discrete_model import NegativeBinomial

    pupils, score, counts = simulate(np.random.default_rng(11), n=3_000)
    design = np.column_stack([np.ones(len(counts)), score])
    other = NegativeBinomial(counts, design, exposure=pupils).fit(disp=0, maxiter=200)
    fit = fit_counts(counts.astype(float), design, exposure=pupils)
    error = np.asarray(other.bse)
    # Clipping costs a little precision, and both answer the same question.
    np.testing.assert_allclose(fit.coefficients, other.params[:2], atol=0.75 * error[:2].max())
    assert fit.dispersion == pytest.approx(other.params[2], abs=2 * error[2])
    assert fit.dispersion == pytest.approx(0.5, abs=0.05)
    ratio = np.sqrt(np.diag(fit.covariance)) / error[:2]
    assert ((ratio > 0.98) & (ratio < 1.15)).all()


def test_given_the_dispersion_maximum_likelihood_is_exactly_statsmodels():
    from statsmodels.genmod.families import NegativeBinomial
    from statsmodels.genmod.generalized_linear_model import GLM

    pupils, score, counts = simulate(np.random.default_rng(12))
    design = np.column_stack([np.ones(len(counts)), score])
    found, covariance, _ = _fit_mean(counts.astype(float), design, pupils, 0.45)
    other = GLM(counts, design, family=NegativeBinomial(alpha=0.45), exposure=pupils).fit(scale=1.0, tol=1e-13)
    np.testing.assert_allclose(found, other.params, atol=1e-7)
    np.testing.assert_allclose(covariance, other.cov_params(), rtol=1e-6)


def test_the_stated_error_of_the_slope_is_its_scatter():
    """60 files without outliers: the mean is the truth, the scatter what the covariance says."""
    rng = np.random.default_rng(15)
    slopes, errors = [], []
    for _ in range(60):
        pupils, score, counts = simulate(rng)
        fit = fit_counts(counts.astype(float), np.column_stack([np.ones(200), score]), exposure=pupils)
        slopes.append(fit.coefficients[1])
        errors.append(fit.covariance[1, 1] ** 0.5)
    # Standard error of a mean of 60, three times; of a standard deviation, 1 / sqrt(120), three times.
    assert np.mean(slopes) == pytest.approx(1.2, abs=3 * np.mean(errors) / 60**0.5)
    assert np.std(slopes) == pytest.approx(np.mean(errors), rel=3 / 120**0.5)


@pytest.mark.parametrize("dispersion", [0.0, 0.4])
def test_moments_of_clipped_residuals_by_definition(dispersion):
    mean = np.array([0.4, 5.0, 30.0])
    moments = _moments(mean, dispersion, 1.5)
    y = np.arange(2_000.0)[:, None]
    chance = poisson(mean).pmf(y) if dispersion == 0 else nbinom(2.5, 1 / (1 + 0.4 * mean)).pmf(y)
    psi = np.clip((y - mean) / np.sqrt(mean + dispersion * mean**2), -1.5, 1.5)
    score = (y - mean) / (1 + dispersion * mean)
    np.testing.assert_allclose(moments.psi, (psi * chance).sum(axis=0), atol=1e-9)
    np.testing.assert_allclose(moments.psi_squared, (psi**2 * chance).sum(axis=0), atol=1e-9)
    np.testing.assert_allclose(moments.psi_score, (psi * score * chance).sum(axis=0), atol=1e-9)


def test_covariance_by_definition():
    """Cantoni and Ronchetti's sandwich M^-1 Q M^-1 with both expectations summed over all counts, by SciPy's pmf."""
    pupils, score, counts = simulate(np.random.default_rng(17), n=60)
    design = np.column_stack([np.ones(60), score])
    fit = fit_counts(counts.astype(float), design, exposure=pupils)
    mean, a = fit.mean, fit.dispersion
    y = np.arange(3_000.0)[:, None]
    chance = nbinom(1 / a, 1 / (1 + a * mean)).pmf(y)
    sd = np.sqrt(mean + a * mean**2)
    psi = np.clip((y - mean) / sd, -1.5, 1.5)
    centred = (psi - (psi * chance).sum(axis=0)) * mean / sd
    m = design.T @ np.diag((centred * (y - mean) / (1 + a * mean) * chance).sum(axis=0)) @ design
    q = design.T @ np.diag((centred**2 * chance).sum(axis=0)) @ design
    np.testing.assert_allclose(fit.covariance, np.linalg.inv(m) @ q @ np.linalg.inv(m), rtol=1e-6)
    # The estimate solves its equations: the residuals less their expectation, weighted, add to nothing.
    residual = np.clip((counts - mean) / sd, -1.5, 1.5) - (psi * chance).sum(axis=0)
    np.testing.assert_allclose(design.T @ (residual * mean / sd), 0, atol=1e-5)


def test_outliers_against_the_slope_bend_the_line_less_than_maximum_likelihood():
    """The eight least deprived of 200 schools with five times their exclusions, in eight files: as bad as it gets."""
    bent, bent_likely = [], []
    for seed in range(16, 24):
        pupils, score, counts = simulate(np.random.default_rng(seed), dispersion=0.4)
        design = np.column_stack([np.ones(200), score])
        least = np.argsort(score)[:8]
        clean, spoilt = counts.astype(float), counts.astype(float)
        spoilt[least] = np.round(5 * pupils[least] * np.exp(-6.9 + 1.2 * score[least]))
        fits = [fit_counts(y, design, exposure=pupils).coefficients[1] for y in (clean, spoilt)]
        likely = [_fit_mean(y, design, pupils, 0.4)[0][1] for y in (clean, spoilt)]
        bent.append(fits[0] - fits[1])
        bent_likely.append(likely[0] - likely[1])
    assert np.mean(bent) < 0.75 * np.mean(bent_likely)


@pytest.mark.parametrize("dispersion", [0.0, 0.2, 0.5, 1.5])
def test_dispersion_is_recovered(dispersion):
    pupils, score, counts = simulate(np.random.default_rng(13), n=5_000, dispersion=dispersion)
    found = fit_dispersion(counts.astype(float), pupils * np.exp(-6.9 + 1.2 * score))
    assert found == pytest.approx(dispersion, abs=0.03 + 0.1 * dispersion)


def test_outliers_do_not_widen_the_limits_they_are_held_against():
    pupils, score, counts = simulate(np.random.default_rng(14), n=200)
    design = np.column_stack([np.ones(200), score])
    clean = fit_counts(counts.astype(float), design, exposure=pupils)
    spoilt = counts.astype(float)
    spoilt[:6] = 60
    robust = fit_counts(spoilt, design, exposure=pupils)
    assert robust.dispersion < 1.35 * clean.dispersion
    # The moment estimator, which anybody would take first, is carried away.
    mean = clean.mean
    assert (((spoilt - mean) ** 2 - mean) / mean**2).mean() > 3 * clean.dispersion


@pytest.mark.parametrize("dispersion", [0.0, 0.7])
def test_tails_and_limits_by_definition(dispersion):
    mean = np.array([0.3, 4.0, 31.0])
    for m in mean:
        chance = poisson(m) if dispersion == 0 else nbinom(1 / dispersion, 1 / (1 + dispersion * m))
        every = np.arange(400)
        pmf = chance.pmf(every)
        above, below = mid_p_tails(every.astype(float), np.full(400, m), dispersion)
        np.testing.assert_allclose(below, np.cumsum(pmf) - pmf / 2, atol=1e-10)
        np.testing.assert_allclose(above + below, 1, atol=1e-10)
        for level in (0.95, 0.998):
            low, high = limits(np.array([m]), dispersion, level=level)
            fine = every[(above >= (1 - level) / 2) & (below >= (1 - level) / 2)]
            assert (low[0], high[0]) == (fine.min(), fine.max())


# --------------------------------------------------------------------------- the face


def test_a_school_of_known_distribution_by_hand():
    """Schools that lie on a line exactly: Poisson, about as many expected as observed; the line is as good as known."""
    score = np.tile(np.linspace(0, 0.5, 11), 100)
    result = judge(np.full(1100, 8.0), 4000 / np.exp(2 * score), score)
    assert result.slope["dispersion"] == 0
    assert result.slope["per_ten_points"] == pytest.approx(np.exp(0.2), rel=1e-6)
    # Not exactly 8: a count that never scatters is not what the clipped residuals of a skewed distribution expect.
    np.testing.assert_allclose(result.table["expected"], 8, rtol=0.01)
    assert set(result.table["class"]) == {"as_expected"}
    # Poisson 8: P(Y ≤ 2) = 0.01375, P(Y = 3) = 0.02863, so mid-p of 3 is 0.0281 and of 2 is 0.0084: 3 is as expected.
    assert set(result.table["limit_low_95"]) == {3.0}
    # P(Y ≥ 15) = 0.01726 and P(Y = 14) = 0.01692: mid-p of 14 is 0.0257, of 15 0.0128.
    assert set(result.table["limit_high_95"]) == {14.0}
    # 8 exclusions on 4000 pupil-years are 0.2 per 100.
    assert result.table["rate"].iloc[0] == pytest.approx(0.2)
    assert "Ten points more of the score go with 22% more permanent exclusions" in result.words
    assert "no more than expected by chance (Poisson)" in result.words


def test_planted_schools_are_found_and_named():
    rng = np.random.default_rng(21)
    pupils, score, counts = simulate(rng, dispersion=0.15)
    decile = np.clip(np.argsort(np.argsort(-score)) // 20 + 1, 1, 10)
    high = np.flatnonzero((decile >= 7) & (pupils > 2_500))[:3]
    low = np.flatnonzero((decile <= 3) & (pupils > 4_000))[:2]
    pupils[low] = 9_000
    expected = pupils * np.exp(-6.9 + 1.2 * score)
    counts[high] = np.round(expected[high] * 6)
    counts[low] = 0
    result = judge(counts, pupils, score, decile=decile)
    ids = result.table.index.to_numpy()
    assert set(result.table["class"].iloc[high]) == {"far_above"}
    assert set(result.table["class"].iloc[low]) <= {"below", "far_below"}
    assert set(ids[high]) <= set(result.provenance.more_in_least_deprived)
    assert set(ids[low]) <= set(result.provenance.fewer_in_most_deprived)
    assert f"School {high[0]}" in next(note for note in words_of(result.notes) if "least deprived" in note)


def test_classes_are_those_the_limits_draw():
    pupils, score, counts = simulate(np.random.default_rng(22))
    counts[:4] = [60, 45, 0, 30]
    table = judge(counts, pupils, score).table
    outside = (table["low"] > table["limit_high_95"]) | (table["low"] < table["limit_low_95"])
    np.testing.assert_array_equal(outside, table["class"] != "as_expected")
    far = (table["low"] > table["limit_high_998"]) | (table["low"] < table["limit_low_998"])
    sure = table["p_adjusted"] <= 0.05
    np.testing.assert_array_equal(far & sure, table["class"].isin(["far_above", "far_below"]))
    assert {"far_above", "above", "as_expected"} <= set(table["class"])
    assert set(table["class"]) <= {style.key for style in SCHOOL_CLASSES}


def test_far_needs_the_adjusted_value_too():
    """One school beyond the 99.8 % limits among 200 is no discovery: 200 tests times 2 · 0.0009 is 0.36."""
    above, below = np.array([0.0009, 0.0009, 0.5, 0.9991]), np.array([0.9991, 0.9991, 0.5, 0.0009])
    found = _classes(above, below, np.array([0.36, 0.04, 1.0, 0.04]), 0.05)
    assert list(found) == ["above", "far_above", "as_expected", "far_below"]


def test_a_class_holds_for_every_hidden_number_or_is_not_given():
    score = np.tile(np.linspace(0.1, 0.5, 20), 2)
    low, high, pupils = np.full(40, 8.0), np.full(40, 8.0), np.full(40, 4000.0)
    low[0], high[0] = 6, 9  # as expected throughout
    low[1], high[1] = 12, 18  # from as expected to above
    low[2], high[2] = 40, 42  # far above throughout
    result = judge(low, pupils, score, high=high)
    table = result.table
    assert list(table["class"].iloc[:4]) == ["as_expected", "cannot_be_judged", "far_above", "as_expected"]
    assert table["reason"].iloc[1] == "depends on hidden numbers: as expected to above expected"
    assert np.isnan(table["rate"].iloc[0])
    assert (table["rate_low"].iloc[0], table["rate_high"].iloc[0]) == (0.15, 0.225)
    # The p-values are the largest over the interval.
    design = np.column_stack([np.ones(40), score])
    expected = judge_counts(hidden_counts(low, high), design, exposure=pupils, level=0.05).expected
    of_first = {"mean": expected.mean[:1], "dispersion": expected.dispersion[:1], "freedom": expected.freedom}
    assert table["p_above"].iloc[0] == pytest.approx(mid_p_tails(np.array([6.0]), **of_first)[0][0])
    assert table["p_below"].iloc[0] == pytest.approx(mid_p_tails(np.array([9.0]), **of_first)[1][0])
    # ... and so are the adjusted ones: SciPy's Benjamini-Hochberg over twice the smaller of the two largest tails.
    two_sided = np.minimum(1, 2 * np.minimum(table["p_above"], table["p_below"]))
    np.testing.assert_allclose(table["p_adjusted"], false_discovery_control(two_sided), atol=1e-12)
    assert any(note.startswith("Schools in the model with suppressed counts: 3.") for note in words_of(result.notes))
    unjudged = "Schools that were not judged: 1 (1 depends on hidden numbers: as expected to above expected)."
    assert any(note.endswith(unjudged) for note in words_of(result.notes))


def test_fractions_of_early_years_are_held_between_whole_numbers():
    score = np.tile(np.linspace(0.1, 0.5, 20), 40)
    counts = np.full(800, 8.0)
    counts[0] = 0.956522 + 1.913043
    table = judge(counts, np.full(800, 4000.0), score).table
    # 2.87 may have been 2 or 3: Poisson 8 has 3 as expected and 2 below.
    assert table["class"].iloc[0] == "cannot_be_judged"


def test_every_school_is_in_the_table_with_a_reason():
    n = 24
    area = make_area(n)
    score = np.linspace(0.1, 0.5, n)
    score[3] = np.nan
    pupils, low, reason = np.full(n, 4000.0), np.full(n, 8.0), np.full(n, "", dtype=object)
    pupils[1], low[2], reason[4] = 0, np.nan, "opened in 2018"
    easting = 400_500.0 + 1000 * np.arange(n)
    easting[0], easting[5] = 530_000, np.nan  # placed in London; without a point but placed by hand
    schools = make_schools(low, pupils, reason=reason, easting=easting)
    placed = pd.Series(area.ids, index=schools.table.index).astype(object)
    placed.iloc[0] = None
    result = diverging_schools(schools, make_deprivation(area, score), area=area, placed=placed)
    table = result.table
    assert list(table.index) == list(schools.table.index)
    assert list(table["reason"].iloc[:6]) == [
        "lies in no area of the study",
        "no pupils in the record",
        "no number of exclusions in the record",
        "its area has no score in IDACI 2019",
        "opened in 2018",
        "",
    ]
    assert set(table["class"].iloc[:5]) == {"cannot_be_judged"}
    assert table["expected"].iloc[:5].isna().all()
    assert table.geometry.iloc[0] is None
    assert table.geometry.iloc[5] is None
    assert table.geometry.iloc[6].x == 406_500
    assert table.crs.to_epsg() == 27700
    assert table["area_id"].iloc[0] is None
    assert table["area_la_code"].iloc[0] is None
    assert table["area_la_code"].iloc[1] == "E08000025"
    assert result.attribution == ("Drawn for a test",)


def test_release_is_the_weakest_of_all():
    score = np.linspace(0.1, 0.5, 20)
    assert judge(np.full(20, 8.0), np.full(20, 4000.0), score, release="dfe").release == "dfe"


def test_slope_is_told_in_either_direction():
    score = np.linspace(0, 0.5, 40)
    falling = judge(np.full(40, 30.0), 4000 * np.exp(2 * score), score)
    # exp(−0.2) = 0.8187: 18% fewer
    assert "go with 18% fewer permanent exclusions (95% interval" in falling.words
    flat = judge(np.full(40, 30.0), np.full(40, 4000.0), score)
    assert "go with no more and no fewer permanent exclusions" in flat.words
    assert "% fewer to" in flat.words
    assert "% more, compatible with no difference)" in flat.words


def test_intervals_of_a_ratio_in_words():
    assert interval_words(1.02, 1.23) == "2 to 23% more"
    assert interval_words(0.77, 0.98) == "2 to 23% fewer"
    assert interval_words(0.9, 1.3) == "10% fewer to 30% more, compatible with no difference"
    # What is rounded to none is none on either side of it: the words don't jump where p passes 0.05.
    for low in (0.998, 1.0, 1.002):
        assert interval_words(low, 1.18) == "0 to 18% more, borderline"
    assert interval_words(0.82, 1.004) == "0 to 18% fewer, borderline"
    assert interval_words(0.999, 1.001) == "no more and no fewer"


def hide(rng, counts):
    """Return the interval of three years' sums where every yearly 1 or 2 is hidden, as DfE did."""
    low, high = np.zeros(len(counts)), np.zeros(len(counts))
    for i, count in enumerate(counts):
        for year in rng.multinomial(count, np.full(YEARS, 1 / YEARS)):
            hidden = year in {1, 2}
            low[i] += 1 if hidden else year
            high[i] += 2 if hidden else year
    return low, high


FLAGGED = ("above", "far_above", "below", "far_below")


def classes_of(counts, pupils, score, high=None, hidden=None):
    """Return the judgement by the core, which takes a third of the time of the face."""
    years = np.full(len(score), float(YEARS))
    low = np.asarray(counts, dtype=float)
    found = hidden_counts(low, low if high is None else high, hidden_years=hidden, years=years)
    return judge_counts(found, np.column_stack([np.ones(len(score)), score]), exposure=pupils, level=0.05)


def test_chance_alone_flags_what_the_distribution_says_and_not_more_than_the_level():
    rng = np.random.default_rng(31)
    outside, far, exact, rounds = np.zeros(3), 0, np.zeros(3), 40
    for _ in range(rounds):
        pupils, score, counts = simulate(rng)
        found = classes_of(counts, pupils, score)
        third = np.searchsorted(np.quantile(pupils, [1 / 3, 2 / 3]), pupils)
        outside += np.bincount(third, np.isin(found.classes, FLAGGED), minlength=3)
        far += np.isin(found.classes, ["far_above", "far_below"]).any()
        # What the true distribution puts outside its own limits: below 5 %, because counts are whole numbers.
        mean = pupils * np.exp(-6.9 + 1.2 * score)
        low, high = limits(mean, 0.5, level=0.95)
        chance = nbinom(2, 1 / (1 + 0.5 * mean))
        exact += np.bincount(third, chance.cdf(low - 1) + chance.sf(high), minlength=3)
    print("flagged by chance, smallest to largest third:", (outside / (200 / 3 * rounds)).round(4))
    assert (exact < 0.05 * 200 / 3 * rounds).all()
    # 8,000 schools, a third of them small ones: three binomial standard deviations, and a tenth for the estimated line.
    np.testing.assert_array_less(np.abs(outside - exact), 3 * exact**0.5 + 0.1 * exact)
    assert abs(outside.sum() - exact.sum()) < 3 * exact.sum() ** 0.5 + 0.1 * exact.sum()
    assert outside[0] < 0.05 * 200 / 3 * rounds
    # False discovery control under the complete null: at most 5 % of 40 files with any far school; 6 has p < 0.02.
    assert far <= 5


def test_chance_with_hidden_numbers_flags_no_more_than_the_level():
    rng = np.random.default_rng(32)
    outside, tests = 0, 0
    for _ in range(30):
        pupils, score, counts = simulate(rng)
        low, high = hide(rng, counts)
        found = classes_of(low, pupils, score, high=high, hidden=high - low)
        outside += np.isin(found.classes, FLAGGED).sum()
        tests += len(low)
        # What is known can be judged, unless the school is too small.
        assert (found.too_small | (low < high) | (found.classes != "cannot_be_judged")).all()
    # At most the level, and three standard deviations of 6,000 schools (0.0028 each).
    assert outside / tests < 0.05 + 3 * 0.0028


def test_schools_that_cannot_come_out_below_are_counted():
    # 1 expected: P(Y = 0) / 2 = e^(−1) / 2 = 0.18; 8 expected: e^(−8) / 2 = 0.0002.
    score = np.linspace(0.1, 0.5, 20)
    pupils = np.array([500.0] * 5 + [4000.0] * 15)
    result = judge(pupils / 500, pupils, score)
    assert (
        "Schools for which no exclusion at all would still be as expected, so that they cannot be below expected: 5 "
        "of the 20 in the model." in words_of(result.notes)
    )


def test_inputs_are_unchanged():
    area = make_area(20)
    schools = make_schools(np.full(20, 8.0), np.full(20, 4000.0))
    deprivation = make_deprivation(area, np.linspace(0.1, 0.5, 20))
    placed = pd.Series(area.ids, index=schools.table.index)
    kept = schools.table.copy(), deprivation.table.copy(), placed.copy()
    diverging_schools(schools, deprivation, area=area, placed=placed)
    pd.testing.assert_frame_equal(schools.table, kept[0])
    pd.testing.assert_frame_equal(deprivation.table, kept[1])
    pd.testing.assert_series_equal(placed, kept[2])


def test_schools_are_placed_by_their_points_by_default():
    area = make_area(20)
    schools = make_schools(np.full(20, 8.0), np.full(20, 4000.0))
    result = diverging_schools(schools, make_deprivation(area, np.linspace(0.1, 0.5, 20)), area=area)
    assert list(result.table["area_id"]) == list(area.ids)


def test_errors_say_what_was_found():
    area, wales = make_area(20), make_area(20, prefix="W01")
    schools = make_schools(np.full(20, 8.0), np.full(20, 4000.0))
    score = np.linspace(0.1, 0.5, 20)

    def run(schools=schools, deprivation=None, area=area, ids=None):
        placed = pd.Series(area.ids if ids is None else ids, index=schools.table.index, dtype=object)
        return diverging_schools(schools, deprivation or make_deprivation(area, score), area=area, placed=placed)

    with pytest.raises(AnalysisError, match="IDACI is an English index") as error:
        run(area=wales, deprivation=make_deprivation(area, score))
    assert error.value.found == "20 schools in Wales, the first in W01000000"
    with pytest.raises(AnalysisError, match="No school's area has a score in IDACI 2019") as error:
        run(deprivation=make_deprivation(make_area(3, prefix="E02"), [0.1, 0.2, np.nan]))
    assert error.value.found == ("schools in E01000000, E01000001 and 18 more; scores for E02000000, E02000001")
    with pytest.raises(AnalysisError, match="No school lies in an area of the study") as error:
        run(ids=[None] * 20)
    assert error.value.found == "20 schools, none placed"
    with pytest.raises(AnalysisError, match="9 schools are too few") as error:
        run(ids=[*area.ids[:9], *[None] * 11])
    assert error.value.found == "20 schools, of which 9 can be tested"
    with pytest.raises(AnalysisError, match="There are no permanent exclusions") as error:
        run(schools=make_schools(np.zeros(20), np.full(20, 4000.0)))
    assert error.value.found == "0 in 20 schools"
    with pytest.raises(AnalysisError, match="All schools have the same score in IDACI 2019") as error:
        run(deprivation=make_deprivation(area, np.full(20, 0.25)))
    assert error.value.found == "score 0.25 for 20 schools"


@pytest.mark.real
def test_west_midlands_secondary_schools(shared_data):
    """Three years of permanent exclusions by school against IDACI 2019, with statsmodels as a second opinion."""
    from statsmodels.discrete.discrete_model import NegativeBinomial

    rows = pd.read_csv(
        shared_data / "exclusions_wm_school_2006-07_to_2016-17.csv", dtype=str, keep_default_na=False
    ).query("time_period in ['201415', '201516', '201617'] and school_type == 'State-funded secondary'")
    # In this file x is 1 or 2, and . stands where there are no pupils.
    for column, marked in (("low", {"x": "1", ".": None}), ("high", {"x": "2", ".": None})):
        rows[column] = pd.to_numeric(rows["perm_excl"].replace(marked))
    rows["pupils"] = pd.to_numeric(rows["headcount"].replace({".": None}))
    table = rows.groupby("laestab").agg(
        name=("school_name_201718", "last"),
        la_code=("new_la_code", "last"),
        la_name=("la_name", "last"),
        pupils=("pupils", "sum"),
        low=("low", "sum"),
        high=("high", "sum"),
        years=("time_period", "nunique"),
    )
    points = pd.read_csv(shared_data / "schools_wm_ks4_2018-19.csv", dtype={"laestab": str}).drop_duplicates("laestab")
    points = points.set_index("laestab").reindex(table.index)
    table = table.assign(easting=points["easting"], northing=points["northing"], reason="")
    index = pd.read_csv(shared_data / "imd2019_wm_lsoa11.csv").set_index("lsoa11_code")
    index = index.rename(columns={"idaci_score_est": "score", "idaci_rank": "rank", "idaci_decile": "decile"})
    outlines = gpd.read_file(shared_data / "wm_boundaries_27700.gpkg", layer="lsoa11")
    outlines = outlines.rename(columns={"lsoa11_name": "name", "lad19_code": "la_code", "lad19_name": "la_name"})
    area = StudyArea(
        outlines.set_index("lsoa11_code"), geography="LSOA", vintage=2011, identity=Identity(release="open")
    )
    result = diverging_schools(
        Schools(table, rows_read=len(table), identity=Identity(release="open")),
        Deprivation(index, estimated=True, identity=Identity(release="open", title="IDACI 2019")),
        area=area,
        placed=points["lsoa11_code"].astype(object),
    )
    assert len(result) == len(table) > 200
    judged = result.table[result.table["expected"].notna()]
    assert len(judged) > 180
    design = np.column_stack([np.ones(len(judged)), judged["idaci"]])
    middle = np.floor((judged["low"] + judged["high"]) / 2)
    other = NegativeBinomial(middle, design, exposure=judged["pupils"]).fit(disp=0)
    slope, error = other.params.iloc[1], other.bse.iloc[1]
    assert np.log(result.slope["per_ten_points"]) * 10 == pytest.approx(slope, abs=error)
    assert result.slope["dispersion"] == pytest.approx(other.params.iloc[2], abs=2 * other.bse.iloc[2])
    assert any(note.endswith("derived from published ranks and are not published.") for note in words_of(result.notes))


# --------------------------------------------------------------------------- what can't be told apart


def coinciding(**columns):
    """Return the arguments of 40 schools, half of each phase."""
    rng = np.random.default_rng(3)
    area = make_area(40)
    half = np.arange(40) < 20
    score = columns.pop("score", rng.uniform(0.05, 0.5, 40))
    schools = make_schools(rng.poisson(6, 40), np.full(40, 3000.0))
    table = schools.table.assign(
        phase=columns.pop("phase", np.where(half, "Secondary", "All-through")),
        la_code=np.where(half, "E08000025", "E08000026"),
    )
    schools = Schools(table, rows_read=40, identity=Identity(release="open"))
    return {"area": area, "schools": schools, "deprivation": make_deprivation(area, score)}, pd.Series(
        area.ids, index=table.index
    )


def test_phases_that_are_authorities_can_t_be_told_apart():
    given, placed = coinciding()
    with pytest.raises(AnalysisError) as error:
        diverging_schools(**given, placed=placed, covariates=("phase", "authority"))
    assert error.value.problem == "Phase and authority can't be told apart among these schools."
    assert error.value.advice == "leave out one of the covariates"


def test_a_phase_that_has_one_score_can_t_be_told_from_the_index():
    given, placed = coinciding(score=np.where(np.arange(40) < 20, 0.2, 0.4))
    with pytest.raises(AnalysisError) as error:
        diverging_schools(**given, placed=placed, covariates=("phase",))
    assert error.value.problem == "IDACI 2019 and phase can't be told apart among these schools."


def test_a_covariate_that_all_schools_share_does_nothing_and_is_an_error():
    given, placed = coinciding(phase="Secondary")
    with pytest.raises(AnalysisError) as error:
        diverging_schools(**given, placed=placed, covariates=("phase",))
    assert error.value.problem == "The covariate 'phase' can do nothing: it makes no two groups of schools."


def test_scores_that_differ_by_rounding_alone_are_the_same():
    given, placed = coinciding(score=0.3 + 1e-13 * np.arange(40))
    with pytest.raises(AnalysisError, match="All schools have the same score in IDACI 2019"):
        diverging_schools(**given, placed=placed)
