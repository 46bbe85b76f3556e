"""Simulated tails of weighted sums: against enumeration, against the exact tails where weights are equal."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats
from scipy.sparse import csr_array
from worlds import windows_of

from hotspots.analysis.autocorrelation.reference import exact, permutation


def test_weighted_sums_equal_enumeration_within_their_error():
    """All ordered samples of three of the seven others, each weighted 1, 1/2 and 1/4."""
    rng = np.random.default_rng(31)
    values = rng.poisson(4.0, 8).astype(float)
    sets = [np.sort(rng.choice(np.delete(np.arange(8), i), 3, replace=False)) for i in range(8)]
    weights = [np.array([1.0, 0.5, 0.25])] * 8
    found = permutation.weighted_tails(
        values, windows_of(sets, 8, weights), leave_out=True, draws=40_000, rng=np.random.default_rng(1)
    )
    for i in range(8):
        others = np.delete(values, i).tolist()
        sums = np.array([a + b / 2 + c / 4 for a, b, c in itertools.permutations(others, 3)])
        s = float(values[sets[i]] @ weights[i])
        for p, share in zip((found[0][i], found[1][i]), ((sums >= s).mean(), (sums <= s).mean()), strict=True):
            # A tail is known after 100 hits: its standard error is at most a tenth of it.
            assert p == pytest.approx(share, rel=0.45)


def test_equal_weights_have_the_exact_tails():
    rng = np.random.default_rng(32)
    values = rng.poisson(rng.gamma(2.0, 2.0, 60))
    sets = [np.sort(rng.choice(np.delete(np.arange(60), i), 5, replace=False)) for i in range(60)]
    window = windows_of(sets, 60, [np.ones(5)] * 60)
    sums = np.rint(window @ values).astype(np.int64)
    hot, cold = exact.conditional_tails(values, sums, np.full(60, 5))
    found = permutation.weighted_tails(
        values.astype(float), window, leave_out=True, draws=20_000, rng=np.random.default_rng(2)
    )
    ratio = np.concatenate([found[0] / hot, found[1] / cold])
    # 120 estimates with a standard error of at most a tenth each (relative), shared draws.
    assert np.abs(ratio - 1).max() < 0.45
    assert np.abs(ratio.mean() - 1) < 0.05


def test_total_randomisation_draws_the_area_itself_too():
    values = np.array([10.0, 0.0, 0.0, 0.0])
    window = windows_of([np.array([0, 1])] * 4, 4, [np.array([2.0, 1.0])] * 4)
    hot, _ = permutation.weighted_tails(values, window, leave_out=False, draws=30_000, rng=np.random.default_rng(3))
    # 20 is reached where the first of two draws is the 10: one in four.
    assert hot[0] == pytest.approx(0.25, rel=0.4)
    given, _ = permutation.weighted_tails(values, window, leave_out=True, draws=3_000, rng=np.random.default_rng(3))
    assert given[0] == pytest.approx(1 / 3001)  # without its own 10 the first area can't reach it


def test_ties_count_half_in_the_mid_p_variant():
    values = np.array([1.0, 1.0, 1.0, 1.0, 5.0])
    window = windows_of([np.array([1, 2])] * 5, 5, [np.array([1.0, 0.5])] * 5)
    rng = np.random.default_rng(4)
    hot, cold = permutation.weighted_tails(values, window, leave_out=True, draws=20_000, rng=rng, mid_p=True)
    # Of the fifth area all other values are equal: every draw is a tie.
    assert (hot[4], cold[4]) == pytest.approx((0.5, 0.5))


def test_samples_are_uniform_and_without_repetition():
    for n, size in ((40, 3), (12, 6)):
        picked = permutation._sample(n, size, 30_000, np.random.default_rng(5))
        assert (np.diff(np.sort(picked, axis=1), axis=1) > 0).all()
        for position in range(size):
            seen = np.bincount(picked[:, position], minlength=n)
            assert stats.chisquare(seen).pvalue > 1e-4


def test_stopping_early_keeps_the_level():
    """Besag and Clifford's p-value is at most 5 % in at most 5 % of maps without a pattern."""
    rng = np.random.default_rng(6)
    sets, weights = [np.array([1, 2, 3])], [np.array([1.0, 0.6, 0.3])]
    window = csr_array(
        (np.concatenate(weights), np.concatenate(sets), np.append(0, np.full(30, 3))), shape=(30, 30)
    )  # only the first area has a window
    found = []
    for _ in range(400):
        values = rng.gamma(2.0, 1.0, 30)
        hot, _ = permutation.weighted_tails(values, window, leave_out=True, draws=2_000, rng=rng)
        found.append(hot[0])
    flagged = np.mean(np.array(found) <= 0.05)
    assert stats.binom.ppf(1e-4, 400, 0.05) / 400 <= flagged <= stats.binom.ppf(1 - 1e-4, 400, 0.05) / 400


def test_the_smallest_p_value_survives_the_correction():
    draws = permutation.draws_needed(32_844, 0.05)
    assert 2 / (draws + 1) <= 0.05 / 32_844 / 10 * 1.01
    assert permutation.draws_needed(30, 0.05) == permutation.FEWEST_DRAWS
