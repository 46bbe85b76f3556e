"""Schools with few exclusions, and few schools: likelihood by statsmodels and by another search, limits by trial."""

import tracemalloc
from collections import Counter

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from likelihood import fit_likelihood
from scipy.stats import nbinom

from hotspots.analysis.common.suppressed_counts import counts_of, hidden_counts
from hotspots.analysis.schools.diverging import diverging_schools
from hotspots.analysis.schools.method_text import POINTS_OF_SHARE, slope_of
from hotspots.analysis.schools.model import judge_counts
from hotspots.analysis.schools.negative_binomial import CLIP, FEW_EVENTS, NO_CLIP, _fit_line, fit_counts, fit_dispersion
from hotspots.errors import AnalysisError
from hotspots.model import Deprivation, Identity, Schools, StudyArea, words_of


def draw(rng, n, mean, dispersion):
    """Return pupil-years, design, what is expected with this mean on average, and counts; as benchmarks/schools.py."""
    pupils, index = rng.lognormal(np.log(2_700), 0.45, n), rng.beta(2, 5, n)
    expected = pupils * np.exp(1.2 * index)
    expected *= mean / expected.mean()
    counts = rng.poisson(expected * rng.gamma(1 / dispersion, dispersion, n)).astype(float)
    return pupils, np.column_stack([np.ones(n), index]), expected, counts


def judge(counts, pupils, score):
    """Return schools of one kilometre square each against its score."""
    n = len(counts)
    squares = [shapely.box(400_000 + 1000 * i, 290_000, 401_000 + 1000 * i, 291_000) for i in range(n)]
    words = {"name": "a", "la_code": "E08000025", "la_name": "Birmingham"}
    area = StudyArea(
        gpd.GeoDataFrame(words, geometry=squares, index=[f"E01{i:06d}" for i in range(n)], crs=27700),
        geography="LSOA",
        identity=Identity(release="open"),
    )
    rows = pd.DataFrame(words | {"easting": 400_500.0 + 1000 * np.arange(n), "northing": 290_500.0, "pupils": pupils,
                                 "low": counts, "high": counts, "years": 3, "reason": ""},
                        index=[f"330{4000 + i}" for i in range(n)])  # fmt: skip
    index = Deprivation(
        pd.DataFrame({"score": score, "rank": np.nan, "decile": np.nan}, index=area.ids),
        identity=Identity(release="open"),
    )
    return diverging_schools(Schools(rows, rows_read=n, identity=Identity(release="open")), index, area=area)


@pytest.mark.parametrize("mean", [0.3, 0.6, 1.0, 3.0])
@pytest.mark.parametrize("dispersion", [0.5, 1.0, 1.5, 2.0])
def test_files_with_few_exclusions_are_fitted(mean, dispersion):
    rng = np.random.default_rng(int(100 * mean + 10 * dispersion))
    tracemalloc.start()
    found = []
    for _ in range(6):
        pupils, design, _, counts = draw(rng, 200, mean, dispersion)
        fit = fit_counts(counts, design, exposure=pupils)
        assert (fit.method == "maximum-likelihood") == (counts.mean() < FEW_EVENTS)
        found.append(fit.dispersion)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200e6
    # Of the dispersion of 1,200 schools: statistical theory for moments, three standard errors.
    error = np.sqrt(2 / 1_200) * (1 + dispersion * mean) / mean * np.sqrt(1 + 3 * dispersion)
    assert np.mean(found) == pytest.approx(dispersion, abs=3 * error)


@pytest.mark.parametrize(("mean", "dispersion"), [(0.6, 1.5), (2.0, 0.7)])
def test_the_fit_of_few_exclusions_is_that_of_statsmodels(mean, dispersion):
    from statsmodels.discrete.discrete_model import NegativeBinomial

    pupils, design, _, counts = draw(np.random.default_rng(5), 200, mean, dispersion)
    other = NegativeBinomial(counts, design, exposure=pupils).fit(disp=0, maxiter=500, gtol=1e-8)
    fit = fit_counts(counts, design, exposure=pupils)
    assert fit.method == "maximum-likelihood"
    np.testing.assert_allclose(fit.coefficients, other.params[:2], atol=2e-5)
    assert fit.dispersion == pytest.approx(other.params[2], abs=2e-5)
    # Theirs is from the observed information, ours from the expected: the same up to chance.
    np.testing.assert_allclose(np.sqrt(np.diag(fit.covariance)), other.bse[:2], rtol=0.15)
    assert fit.clipped == 0


def test_few_exclusions_of_which_some_are_suppressed():
    """The likelihood of intervals, maximised in one piece by another search."""
    pupils, design, _, counts = draw(np.random.default_rng(6), 150, 1.5, 1.0)
    hidden = (counts >= 1) & (counts <= 2)
    known = hidden_counts(np.where(hidden, 1.0, counts), np.where(hidden, 2.0, counts))
    fit, other = fit_counts(known, design, exposure=pupils), fit_likelihood(known, design, exposure=pupils)
    assert fit.method == "maximum-likelihood"
    np.testing.assert_allclose(fit.coefficients, other.coefficients, atol=2e-4)
    assert fit.dispersion == pytest.approx(other.dispersion, abs=2e-4)


def test_where_the_robust_fit_has_no_solution_it_is_maximum_likelihood():
    """Nine schools in ten have none, the others 60: no clipped residual tells the line, the likelihood does."""
    rng = np.random.default_rng(7)
    pupils, design, _, _ = draw(rng, 200, 3.0, 0.5)
    counts = np.where(np.arange(200) % 10 == 0, 60.0, 0.0)
    fit, other = fit_counts(counts, design, exposure=pupils), fit_likelihood(counts, design, exposure=pupils)
    assert counts.mean() >= FEW_EVENTS
    assert fit.method == "maximum-likelihood"
    assert fit.dispersion == pytest.approx(other.dispersion, rel=1e-4)


def test_a_line_that_grows_without_end_takes_no_memory():
    """All exclusions in the most deprived school: refused, with its numbers, and without sums over millions."""
    pupils, design, _, _ = draw(np.random.default_rng(8), 60, 3.0, 0.5)
    counts = np.where(np.arange(60) == design[:, 1].argmax(), 400.0, 0.0)
    tracemalloc.start()
    with pytest.raises(AnalysisError, match="grows without end") as error:
        fit_counts(counts, design, exposure=pupils)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert error.value.found == "400 events in 60 counts, and 2 terms"
    assert peak < 200e6


def test_sums_over_millions_of_counts_are_not_begun():
    """A line on its way to nowhere expects billions of a school: 16 GB for one sum of theirs."""
    pupils, design, mean, counts = draw(np.random.default_rng(10), 60, 3.0, 0.5)
    counts, mean = counts_of(counts), np.append(mean[1:], 2e9)
    tracemalloc.start()
    assert fit_dispersion(counts, mean) is None
    assert _fit_line(counts, design, pupils, np.array([15.0, 0.0]), 0.5, clip=CLIP) is None
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200e6


def test_dispersion_of_the_likelihood_is_continuous_at_poisson():
    """Just above and just below the dispersion at which its slope is taken from the limit."""
    mean = np.full(400, 50.0)
    counts = nbinom(1 / 2e-4, 1 / (1 + 2e-4 * 50)).ppf((np.arange(400) + 0.5) / 400)
    found = fit_dispersion(counts, mean, clip=NO_CLIP)
    variance = ((counts - 50) ** 2).mean()
    assert found == pytest.approx((variance - 50) / 50**2, rel=0.02)


# --------------------------------------------------------------------------- few schools


@pytest.mark.parametrize(("n", "files"), [(25, 60), (50, 40)])
def test_limits_of_few_schools(n, files):
    """Nothing planted. Taking the fit as known, 91.8 and 93.3% of new counts were inside, and 7% of 25 had "far"."""
    rng = np.random.default_rng(5)
    inside, held, far = [], Counter(), 0
    for _ in range(files):
        pupils, design, expected, counts = draw(rng, n, 15.0, 0.4)
        found = judge_counts(counts_of(counts), design, exposure=pupils, level=0.05)
        chance, (low, high) = nbinom(2.5, 1 / (1 + 0.4 * expected)), found.limits_95
        inside.append((chance.cdf(high) - chance.cdf(low - 1)).mean())
        slope = slope_of(found.fit, POINTS_OF_SHARE)
        held[bool(slope.low <= np.exp(0.12) <= slope.high)] += 1
        far += np.isin(found.classes, ["far_above", "far_below"]).any()
    print(f"{n} schools: {100 * np.mean(inside):.1f}% inside, slope {held[True]} of {files}, far {far}")
    assert np.mean(inside) > 0.94
    # At most 5% of files, and at least 95% of intervals: three standard errors.
    assert far <= files * (0.05 + 3 * np.sqrt(0.05 * 0.95 / files))
    assert held[True] >= files * (0.95 - 3 * np.sqrt(0.05 * 0.95 / files))


# --------------------------------------------------------------------------- the face


def test_the_result_says_how_it_was_fitted():
    """0.6 exclusions a school are compared and not refused; the method and a note say that it is by likelihood."""
    rng = np.random.default_rng(9)
    pupils, design, _, counts = draw(rng, 120, 0.6, 1.5)
    result = judge(counts, pupils, design[:, 1])
    assert result.provenance.fit == "maximum-likelihood"
    assert result.provenance.as_dict()["fit"] == "maximum likelihood"
    said = f"Fitted by maximum likelihood, because counts are low ({counts.mean():.1f} per school on average)"
    assert sum(note.startswith(said) for note in words_of(result.notes)) == 1
    _, _, _, many = draw(rng, 120, 15.0, 0.5)
    ordinary = judge(many, pupils, design[:, 1])
    assert ordinary.provenance.fit == "robust"
    assert not any("maximum likelihood" in note for note in words_of(ordinary.notes))
