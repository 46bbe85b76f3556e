"""Extremes over the fills of hidden counts: against the enumeration of all fills and all sets."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from worlds import windows_of

from hotspots.analysis.autocorrelation.reference import suppressed
from hotspots.analysis.autocorrelation.reference.fourier import NUMERICAL_ERROR


def enumerated(pool: np.ndarray, k: int, s: int, *, mid_p: bool) -> tuple[float, float]:
    totals = np.array([sum(subset) for subset in itertools.combinations(pool.tolist(), k)])
    ties = (totals == s).mean() / 2 if mid_p else 0.0
    return float((totals >= s).mean() - ties), float((totals <= s).mean() - ties)


def hidden_map(rng: np.random.Generator, n: int, k: int, number: int):
    """Return bounds with `number` hidden counts, and the sets of k others that are the areas' neighbours."""
    low = rng.poisson(2.0, n)
    high = low.copy()
    high[rng.choice(n, number, replace=False)] += rng.integers(1, 3, number)
    sets = [np.sort(rng.choice(np.delete(np.arange(n), i), k, replace=False)) for i in range(n)]
    return low, high, sets


@pytest.mark.parametrize("mid_p", [False, True])
@pytest.mark.parametrize("leave_out", [False, True])
@pytest.mark.parametrize(("n", "k", "number"), [(9, 3, 6), (10, 2, 5), (7, 4, 5)])
def test_extremes_equal_those_of_all_fills(n, k, number, leave_out, mid_p):
    """Three draws of nine go by the transform, four of seven from pools one by one."""
    rng = np.random.default_rng(100 * n + k)
    for _ in range(3):
        low, high, sets = hidden_map(rng, n, k, number)
        tails = []
        for fill in itertools.product(*[range(a, b + 1) for a, b in zip(low, high, strict=True)]):
            filled = np.array(fill)
            pools = [np.delete(filled, i) if leave_out else filled for i in range(n)]
            tails.append([enumerated(pools[i], k, int(filled[sets[i]].sum()), mid_p=mid_p) for i in range(n)])
        hot, cold = np.moveaxis(np.array(tails), 2, 0)
        expected = (hot.min(axis=0), hot.max(axis=0), cold.min(axis=0), cold.max(axis=0))
        found = suppressed.extreme_tails(low, high, windows_of(sets, n), leave_out=leave_out, mid_p=mid_p)
        for bound, extreme in zip(found, expected, strict=True):
            assert bound == pytest.approx(extreme, abs=1.1 * NUMERICAL_ERROR)


def test_both_ways_agree():
    rng = np.random.default_rng(41)
    n = 400
    low = rng.poisson(rng.gamma(2.0, 3.0, n))
    high = np.where(rng.random(n) < 0.4, low + 6, low)
    sets = [np.sort(rng.choice(np.delete(np.arange(n), i), int(rng.integers(1, 12)), replace=False)) for i in range(n)]
    window, asked = windows_of(sets, n), np.arange(0, n, 9)
    for leave_out in (False, True):
        fill = suppressed._Fill(low, high, window, leave_out, False)
        for one, other in zip(fill.by_transform(asked), fill.one_by_one(asked), strict=True):
            assert np.abs(one - other).max() < NUMERICAL_ERROR / 10


def test_known_counts_have_one_answer_and_empty_windows_none():
    rng = np.random.default_rng(42)
    values = rng.poisson(3.0, 60)
    sets = [rng.choice(np.delete(np.arange(60), i), 4, replace=False) for i in range(59)]
    window = windows_of([*sets, np.array([], dtype=np.int64)], 60)
    hot_low, hot_high, cold_low, cold_high = suppressed.extreme_tails(values, values, window, leave_out=True)
    assert np.abs(hot_high - hot_low).max() <= 2.1 * NUMERICAL_ERROR
    assert np.abs(cold_high - cold_low).max() <= 2.1 * NUMERICAL_ERROR
    assert (hot_low[59], cold_low[59]) == (1, 1)
