"""Sums of real values: the transform against enumeration and the counted pools, the bracket against both."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from worlds import windows_of

from hotspots.analysis.autocorrelation.reference import exact, fourier


def enumerated(pool: np.ndarray, k: int, s: float, *, half: bool = False) -> tuple[float, float]:
    """Return the shares of all k-subsets at least, and at most, s; sums equal to the last digits are ties."""
    totals = np.array([sum(subset) for subset in itertools.combinations(pool.tolist(), k)])
    ties = np.isclose(totals, s, rtol=1e-12, atol=1e-12)
    weight = 0.5 if half else 1.0
    hot, cold = ((totals > s) & ~ties), ((totals < s) & ~ties)
    return float((hot + weight * ties).mean()), float((cold + weight * ties).mean())


def test_draws_equal_enumeration_up_to_the_whole_pool():
    rng = np.random.default_rng(21)
    for _ in range(120):
        n = int(rng.integers(3, 12))
        values = rng.poisson(rng.choice([1.0, 6.0, 40.0]), n)
        k = int(rng.integers(1, n))
        sums = np.array([values[rng.choice(np.delete(np.arange(n), i), k, replace=False)].sum() for i in range(n)])
        for own, pools in ((values, [np.delete(values, i) for i in range(n)]), (None, [values] * n)):
            hot, cold = fourier.draw_tails(values, draws=np.full(n, k), own=own, at_least=sums, at_most=sums)
            for i in range(n):
                assert (hot[i], cold[i]) == pytest.approx(enumerated(pools[i], k, sums[i]), abs=1e-13)


@pytest.mark.parametrize(("n", "largest"), [(300, 12), (300, 140), (5_000, 25)])
def test_both_transforms_agree_with_counting_through(n, largest):
    """Few draws go by Newton's identities, many by Poisson sampling; the pools of `exact` only ever add."""
    rng = np.random.default_rng(22)
    values = rng.poisson(rng.gamma(1.0, 3.0, n))
    draws = np.sort(rng.integers(1, largest + 1, n))
    sums = np.array([values[rng.choice(n, k, replace=False)].sum() for k in draws])
    hot, cold = fourier.draw_tails(values, draws=draws, own=values, at_least=sums, at_most=sums)
    counted = exact.conditional_tails(values, sums, draws)
    assert np.abs(hot - counted[0]).max() < fourier.NUMERICAL_ERROR
    assert np.abs(cold - counted[1]).max() < fourier.NUMERICAL_ERROR


@pytest.mark.parametrize("mid_p", [False, True])
@pytest.mark.parametrize("leave_out", [False, True])
def test_bounds_hold_the_enumerated_share(leave_out, mid_p):
    rng = np.random.default_rng(23)
    makers = (
        lambda n: rng.gamma(1.0, 1.0, n),
        lambda n: rng.poisson(1.0, n) / rng.integers(900, 1100, n),  # rates with many zeros
        lambda n: np.round(rng.gamma(1.0, 1.0, n), 1),
        lambda n: np.round(rng.normal(0.0, 3.0, n), 2),
    )
    for maker in makers:
        n, k = int(rng.integers(6, 11)), int(rng.integers(2, 5))
        values = maker(n)
        sets = [rng.choice(np.delete(np.arange(n), i), k, replace=False) for i in range(n)]
        bounds, _ = fourier.bracketed_tails(
            values, values, window=windows_of(sets, n), leave_out=leave_out, mid_p=mid_p
        )
        for i, found in enumerate(np.array(bounds).T):
            pool = np.delete(values, i) if leave_out else values
            hot, cold = enumerated(pool, k, float(values[sets[i]].sum()), half=mid_p)
            assert found[0] - 1e-12 <= hot <= found[1] + 1e-12
            assert found[2] - 1e-12 <= cold <= found[3] + 1e-12


def test_values_with_few_decimals_are_exact():
    rng = np.random.default_rng(24)
    values = np.round(rng.gamma(2.0, 3.0, 400), 1)
    sets = [rng.choice(np.delete(np.arange(400), i), 6, replace=False) for i in range(400)]
    window = windows_of(sets, 400)
    (hot_low, hot_high, _, _), step = fourier.bracketed_tails(values, values, window=window, leave_out=True)
    tenths = np.rint(10 * values).astype(np.int64)
    hot, _ = exact.conditional_tails(tenths, np.rint(window @ tenths).astype(np.int64), np.full(400, 6))
    assert step == pytest.approx(0.1)
    assert np.abs(hot_low - hot).max() <= 1.1 * fourier.NUMERICAL_ERROR
    assert np.abs(hot_high - hot).max() <= 1.1 * fourier.NUMERICAL_ERROR


def test_bounds_agree_to_the_precision_that_is_promised():
    rng = np.random.default_rng(25)
    n = 800
    people = rng.integers(1_000, 3_000, n)
    rates = 1_000 * rng.poisson(people * 0.003 * rng.gamma(3.0, 1 / 3, n)) / people
    sets = [rng.choice(np.delete(np.arange(n), i), int(rng.integers(2, 13)), replace=False) for i in range(n)]
    bounds, step = fourier.bracketed_tails(rates, rates, window=windows_of(sets, n), leave_out=True)
    for low, high in (bounds[:2], bounds[2:]):
        # Pairs tie where one of both is 0, whatever the lattice: 0 + x for every area with a rate of 0.
        small = (low <= fourier.UNDECIDED) & (np.array([len(s) for s in sets]) > 2)
        assert (high - low <= fourier.AGREEMENT * high + 3 * fourier.NUMERICAL_ERROR)[small].all()
        assert (low <= high).all()
    assert step < 0.01


def test_hidden_values_bound_every_fill():
    rng = np.random.default_rng(26)
    for _ in range(15):
        n, k = 8, 3
        low = rng.poisson(2.0, n) / 3
        high = low.copy()
        high[rng.choice(n, 3, replace=False)] += rng.integers(1, 3, 3) / 3
        sets = [rng.choice(np.delete(np.arange(n), i), k, replace=False) for i in range(n)]
        (hot_low, hot_high, cold_low, cold_high), _ = fourier.bracketed_tails(
            low, high, window=windows_of(sets, n), leave_out=True
        )
        fills = itertools.product(*[np.arange(a, b + 0.01, 1 / 3) for a, b in zip(low, high, strict=True)])
        for fill in map(np.array, fills):
            for i in range(n):
                hot, cold = enumerated(np.delete(fill, i), k, float(fill[sets[i]].sum()))
                assert hot_low[i] - 1e-12 <= hot <= hot_high[i] + 1e-12
                assert cold_low[i] - 1e-12 <= cold <= cold_high[i] + 1e-12


def test_no_p_value_is_below_the_chance_of_one_set():
    values = np.append(np.full(6, 9.5), np.linspace(0.0, 1.0, 30))
    sets = [np.arange(6)] * 36
    sets[:6] = [np.arange(30, 36)] * 6
    (hot_low, hot_high, _, _), _ = fourier.bracketed_tails(values, values, window=windows_of(sets, 36), leave_out=True)
    # The six high values among the 35 others: one set of C(35, 6) = 1,623,160.
    assert hot_low[20] == pytest.approx(1 / 1_623_160, rel=1e-5)
    assert hot_low[20] <= hot_high[20] <= 1 / 1_623_160 + 2e-12


def test_empty_windows_and_equal_values_say_nothing():
    values = np.full(5, 2.5)
    window = windows_of([np.array([1, 2]), np.array([0, 2]), np.array([], dtype=int), np.array([4]), np.array([3])], 5)
    bounds, _ = fourier.bracketed_tails(values, values, window=window, leave_out=True)
    assert np.allclose(bounds, 1)
