"""Rates and intervals against PHEindicatormethods, spdep and exact distributions."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2
from worlds import ROOT

from hotspots.analysis.common.rates import byar_interval, crude_rate, empirical_bayes_rate, standardised_rate
from hotspots.errors import AnalysisError

GOLDEN = ROOT / "tests" / "golden"


def test_crude_rate_is_missing_where_nobody_lives():
    rate = crude_rate([3, 0, 2, np.nan], [1500, 1200, 0, 100])
    np.testing.assert_array_equal(rate, [2.0, 0.0, np.nan, np.nan])  # 3 / 1,500 × 1,000 by hand


def test_intervals_are_those_of_pheindicatormethods():
    for row in pd.read_csv(GOLDEN / "rate_intervals.csv").itertuples():
        low, high = byar_interval([row.events], level=row.level)
        assert low[0] == pytest.approx(row.low, abs=1e-9), row
        assert high[0] == pytest.approx(row.high, abs=1e-9), row


def test_byar_of_nothing_and_of_missing():
    low, high = byar_interval([0, np.nan])
    # By hand: (0 + 1)(1 − 1/9 + 1.959964/3)³ = 1.54221³
    assert low[0] == 0
    assert high[0] == pytest.approx(3.66801, abs=1e-5)
    assert np.isnan([low[1], high[1]]).all()


def test_byar_lower_limit_never_rises_again_below_zero():
    low, _ = byar_interval([1, 2], level=0.9999)
    assert (low >= 0).all()


def test_byar_is_near_the_exact_limits():
    count = np.arange(5, 200)
    low, high = byar_interval(count)
    # Exact (Garwood) limits: half the chi-squared quantiles with 2x and 2x + 2 degrees of freedom.
    np.testing.assert_allclose(low, chi2.ppf(0.025, 2 * count) / 2, atol=0.02)
    np.testing.assert_allclose(high, chi2.ppf(0.975, 2 * count + 2) / 2, atol=0.02)


def read_sids() -> pd.DataFrame:
    import geopandas as gpd
    from libpysal.examples import get_path

    return pd.DataFrame(gpd.read_file(get_path("sids2.dbf"), ignore_geometry=True))


def test_empirical_bayes_is_that_of_spdep():
    sids = read_sids()
    smooth = empirical_bayes_rate(sids["SID74"], sids["BIR74"])
    assert smooth.overall == pytest.approx(0.0020214449, abs=5e-11)
    assert smooth.between == pytest.approx(7.6929306e-07, abs=5e-15)
    np.testing.assert_allclose(smooth.rate[:3], [0.0016972973, 0.0017053777, 0.0017730870], atol=5e-11)


def test_standardised_rates_by_hand():
    # Overall 15 / 3,000 = 0.005; variance of the rates (16 + 0 + 16) / 3 in millionths, less 0.005 / 1,000 by chance.
    between = (16 + 0 + 16) / 3 * 1e-6 - 5e-6
    expected = np.array([-0.004, 0.0, 0.004]) / np.sqrt(between + 5e-6)
    np.testing.assert_allclose(standardised_rate([1, 5, 9], [1000, 1000, 1000]), expected, rtol=1e-12)
    # Less variance than by chance, so that the variance of large areas would be negative: that of chance is taken.
    overall = 100 / 10_020
    large = standardised_rate([50, 50, 0], [5_000, 5_010, 10])[0]
    assert large == pytest.approx((0.01 - overall) / np.sqrt(overall / 5_000), rel=1e-9)
    np.testing.assert_array_equal(standardised_rate([0, 0, np.nan, 0], [10, 20, 5, 0]), [0, 0, np.nan, np.nan])


def test_empirical_bayes_without_real_differences_is_the_overall_rate():
    smooth = empirical_bayes_rate([2, 2, 2, 5], [1000, 1000, 1000, 0])
    assert smooth.between == 0
    np.testing.assert_array_equal(smooth.rate, [0.002, 0.002, 0.002, np.nan])


def test_empirical_bayes_of_no_events_is_zero():
    np.testing.assert_array_equal(empirical_bayes_rate([0, 0], [10, 20]).rate, [0, 0])


def test_inputs_are_unchanged():
    events, people = np.array([1.0, 5.0, np.nan]), np.array([10.0, 0.0, 3.0])
    kept = events.copy(), people.copy()
    crude_rate(events, people)
    byar_interval(events)
    empirical_bayes_rate(events, people)
    np.testing.assert_array_equal(events, kept[0])
    np.testing.assert_array_equal(people, kept[1])


def test_errors_say_what_was_found():
    with pytest.raises(AnalysisError, match="lengths") as error:
        crude_rate([1, 2], [10])
    assert error.value.found == "2 and 1"
    with pytest.raises(AnalysisError, match="can't be negative: -300") as error:
        byar_interval([4, -300, -100])
    assert error.value.found == "2 such values, the first in row 2"
    with pytest.raises(AnalysisError, match="between 0 and 1: 95"):
        byar_interval([3], level=95)
    with pytest.raises(AnalysisError, match="no rate to smooth towards") as error:
        empirical_bayes_rate([1], [0])
    assert error.value.found == "1 areas"
