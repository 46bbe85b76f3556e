"""Adjustment of p-values and the words that come from them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from hotspots.analysis.common import multiple_testing
from hotspots.errors import AnalysisError


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("benjamini-hochberg", "fdr_bh"), ("benjamini-yekutieli", "fdr_by"), ("bonferroni", "bonferroni")],
)
def test_adjustment_equals_statsmodels_with_ties(ours, theirs):
    rng = np.random.default_rng(1)
    p = np.round(rng.uniform(0, 1, 200) ** 3, 2).clip(1e-4)
    assert np.allclose(multiple_testing.adjust(p, method=ours), multipletests(p, method=theirs)[1])


def stepped_up(p, factor=1.0):
    """Return the smallest of factor m p_(j) / j over all j from the rank on: the definition, one p-value at a time."""
    m = len(p)
    ranked = sorted(p)
    by_rank = [min([1.0, *(factor * (m / j * ranked[j - 1]) for j in range(rank, m + 1))]) for rank in range(1, m + 1)]
    return [by_rank[ranked.index(one)] for one in p]


@given(
    st.lists(
        st.one_of(st.just(float("nan")), st.floats(0, 1), st.sampled_from([0.0, 1e-300, 0.01, 0.5, 1.0])), max_size=30
    )
)
def test_adjustment_is_its_definition_to_the_last_digit(values):
    p = np.array(values, dtype=float)
    tested = ~np.isnan(p)
    expected = np.full(len(p), np.nan)
    expected[tested] = stepped_up(p[tested].tolist())
    assert np.array_equal(multiple_testing.adjust(p), expected, equal_nan=True)
    expected[tested] = stepped_up(p[tested].tolist(), sum(1 / i for i in range(1, tested.sum() + 1)))
    yekutieli = multiple_testing.adjust(p, method="benjamini-yekutieli")
    assert np.allclose(yekutieli, expected, rtol=1e-12, atol=0, equal_nan=True)


def test_directions_apart_are_two_families():
    hot, cold = np.array([0.001, 0.2, np.nan, 0.9]), np.array([0.999, 0.8, np.nan, 0.01])
    apart = multiple_testing.adjust_tails(hot, cold, method="benjamini-hochberg-apart")
    families = [stepped_up([min(1.0, 2 * one) for one in tail[[0, 1, 3]]]) for tail in (hot, cold)]
    assert apart[[0, 1, 3]].tolist() == [min(pair) for pair in zip(*families, strict=True)]
    assert np.isnan(apart[2])


def test_benjamini_hochbergs_own_example():
    # Benjamini and Hochberg (1995), section 4.1: fifteen p-values, of which four are rejected at 0.05.
    p = np.array(
        [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262,
         0.5719, 0.6528, 0.7590, 1.0]
    )  # fmt: skip
    assert int((multiple_testing.adjust(p) <= 0.05).sum()) == 4
    assert int((multiple_testing.adjust(p, method="bonferroni") <= 0.05).sum()) == 3


@pytest.mark.parametrize(("floor", "needed"), [(1 / 1000, 34), (2 / 1000, 68)])
def test_with_999_permutations_nothing_passes_unless_many_areas_do(floor, needed):
    """The r-th smallest of m p-values passes at r 0.05 / m, so a smallest p-value f needs r >= 20 f m areas at f.

    999 permutations give no p-value under 1/1000, two-sided 2/1000; for 1,680 areas that is 33.6 and 67.2.
    """
    m = 1680
    assert needed == math.ceil(20 * floor * m)
    for reached in (1, needed - 1, needed):
        p = np.ones(m)
        p[:reached] = floor
        found = int((multiple_testing.adjust(p) <= 0.05).sum())
        assert found == (reached if reached == needed else 0)
    computed = np.ones(m)
    computed[0] = 0.05 / m  # a p-value that is computed has no floor: one area can pass alone
    assert int((multiple_testing.adjust(computed) <= 0.05).sum()) == 1


def test_missing_p_values_stay_missing_and_do_not_count():
    p = np.array([0.01, np.nan, 0.04])
    adjusted = multiple_testing.adjust(p)
    assert np.isnan(adjusted[1])
    assert adjusted[[0, 2]].tolist() == pytest.approx([0.02, 0.04])
    assert p.tolist()[0] == 0.01  # the input is as it was


def test_unknown_adjustment_is_named():
    with pytest.raises(AnalysisError, match="no adjustment 'fdr'"):
        multiple_testing.adjust(np.array([0.5]), method="fdr")


def test_gi_classes():
    p = np.array([0.01, 0.05, 0.1, 0.11, np.nan, 0.001])
    hot = np.array([True, True, True, True, True, False])
    assert multiple_testing.classify_gi(p, hot).tolist() == [
        "hot_99", "hot_95", "hot_90", "not_significant", "not_significant", "cold_99",
    ]  # fmt: skip


def test_certainty_follows_both_bounds():
    words = multiple_testing.certainties(np.array([0.01, 0.01, 0.2]), np.array([0.04, 0.2, 0.4]), level=0.05)
    assert words.tolist() == ["certain", "depends", "never"]


def test_the_two_sided_bound_takes_each_tail_at_its_own_worst():
    low, high = multiple_testing.two_sided((np.array([0.01]), np.array([0.3])), (np.array([0.2]), np.array([0.9])))
    assert (low[0], high[0]) == pytest.approx((0.02, 0.6))
