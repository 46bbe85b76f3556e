"""Schools' rates over the average: classes, intervals and what hidden numbers may not tell."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import poisson

from hotspots.analysis.common.rates import poisson_interval
from hotspots.analysis.schools.model import against_average, classify_ratio


@pytest.mark.parametrize(
    ("count", "low", "high"),
    # Garwood's limits as every table of the exact Poisson interval prints them (95%).
    [(0, 0.0, 3.689), (1, 0.0253, 5.572), (2, 0.2422, 7.225), (5, 1.6235, 11.668), (10, 4.7954, 18.390)],
)
def test_limits_are_garwoods(count, low, high):
    found = poisson_interval(count)
    assert float(found[0]) == pytest.approx(low, abs=1e-4)
    assert float(found[1]) == pytest.approx(high, abs=1e-3)


def test_at_each_limit_the_count_is_one_in_forty():
    counts = np.arange(1, 60)
    low, high = poisson_interval(counts)
    np.testing.assert_allclose(poisson.sf(counts - 1, low), 0.025, rtol=1e-9)
    np.testing.assert_allclose(poisson.cdf(counts, high), 0.025, rtol=1e-9)


def schools(*rows: tuple[float, float, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["low", "high", "pupils"], index=[f"s{n}" for n in range(len(rows))])


def test_worked_by_hand():
    """100 exclusions in 50,000 pupil-years: 0.2 per 100; a school of 5,000 is expected to have ten."""
    table = schools(
        (4, 4, 5000),  # 0.4 times; Garwood 1.09 to 10.24, which holds ten
        (3, 3, 5000),  # 0.3 times; 0.62 to 8.77
        (10, 10, 5000),  # the average
        (25, 25, 5000),  # 2.5 times; 16.18 to 36.90
        (58, 58, 30000),  # 0.967 times
        (9, 9, 9),  # not compared, and not in the average
    )
    columns, average = against_average(table, np.array([True] * 5 + [False]))
    assert (average.per_100, average.low, average.pupil_years, average.schools) == (0.2, 100, 50_000, 5)
    assert columns["rate_class"].tolist() == ["below_half", "below_half", "about", "above_twice", "about", ""]
    assert columns["rate_differs"].tolist() == ["no", "yes", "no", "yes", "no", ""]
    assert columns["ratio"].tolist()[:4] == pytest.approx([0.4, 0.3, 1.0, 2.5])
    assert columns.loc["s3", ["ratio_low_95", "ratio_high_95"]].tolist() == pytest.approx([1.618, 3.690], abs=1e-3)
    assert columns.loc["s5", ["ratio", "ratio_low_95", "ratio_high_95"]].isna().all()


def test_bounds_belong_to_the_class_that_the_legend_says():
    ratios = np.array([0.4999, 0.5, 0.8999, 0.9, 1.1, 1.1001, 2.0, 2.0001])
    names = ["below_half", "below", "below", "about", "about", "above", "above", "above_twice"]
    assert classify_ratio(ratios).tolist() == names


@given(
    low=st.integers(0, 30),
    width=st.integers(0, 12),
    pupils=st.integers(500, 20_000),
    others=st.integers(1, 400),
)
def test_a_class_is_given_only_where_every_hidden_number_has_it(low, width, pupils, others):
    """What is said of a hidden number is what would be said of each number that it may be, against the same average."""
    table = schools((low, low + width, pupils), (others, others, 100_000.0))
    columns, average = against_average(table, np.array([True, True]))
    told = columns.loc["s0"]
    counts = np.arange(low, low + width + 1)
    classes = set(classify_ratio(counts / pupils / (average.per_100 / 100)))
    assert told["rate_class"] == (classes.pop() if len(classes) == 1 else "depends")
    assert np.isnan(told["ratio"]) == (width > 0)
    first, last = (limits / pupils / (average.per_100 / 100) for limits in poisson_interval(counts))
    assert told["ratio_low_95"] == pytest.approx(first.min(), abs=1e-12)
    assert told["ratio_high_95"] == pytest.approx(last.max())
    assert (told["rate_differs"] == "yes") == ((first > 1).all() or (last < 1).all())


def test_nothing_given_is_changed():
    table = schools((1, 4, 900), (8, 8, 5000))
    before = table.copy(deep=True)
    against_average(table, np.array([True, True]))
    pd.testing.assert_frame_equal(table, before)
