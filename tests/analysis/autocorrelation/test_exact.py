"""Reference distributions against full enumeration, brute simulation and scipy's own distributions."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats
from worlds import make_counts, make_grid

from hotspots.analysis.autocorrelation.local_statistics import getis_ord, local_moran
from hotspots.analysis.autocorrelation.neighbours import Neighbours, link_neighbours
from hotspots.analysis.autocorrelation.reference import binomial, exact


def random_maps(number: int, seed: int):
    """Yield (values, k, sums) of small maps with ties: every area gets k of the others as neighbours."""
    rng = np.random.default_rng(seed)
    for _ in range(number):
        n = int(rng.integers(3, 13))
        values = rng.choice([rng.poisson(1.0, n), rng.poisson(6.0, n), rng.integers(0, 2, n) * 5 + 2])
        k = int(rng.integers(1, n))
        sums = np.array([values[rng.choice(np.delete(np.arange(n), i), k, replace=False)].sum() for i in range(n)])
        yield values, k, sums


def enumerated(pool: np.ndarray, k: int, s: int) -> tuple[float, float]:
    """Return the shares of all k-subsets whose sum is at least, and at most, s."""
    totals = np.array([sum(subset) for subset in itertools.combinations(pool.tolist(), k)])
    return float((totals >= s).mean()), float((totals <= s).mean())


def test_conditional_tails_equal_enumeration():
    for values, k, sums in random_maps(300, seed=11):
        hot, cold = exact.conditional_tails(values, sums, np.full(len(values), k))
        for i in range(len(values)):
            expected = enumerated(np.delete(values, i), k, sums[i])
            assert (hot[i], cold[i]) == pytest.approx(expected, abs=1e-12, rel=1e-12)


def test_total_randomisation_equals_enumeration():
    for values, k, sums in random_maps(300, seed=12):
        hot, cold = exact.randomisation_tails(values, sums, np.full(len(values), k))
        for i in range(len(values)):
            assert (hot[i], cold[i]) == pytest.approx(enumerated(values, k, sums[i]), abs=1e-12, rel=1e-12)


def test_the_smallest_p_value_is_one_over_the_number_of_sets():
    values = np.array([9] * 6 + [0] * 30)
    sums, draws = np.zeros(36, dtype=int), np.full(36, 6)
    sums[35] = 54  # all six high values are the neighbours of the last area
    hot, _ = exact.conditional_tails(values, sums, draws)
    assert hot[35] == pytest.approx(1 / math.comb(35, 6), rel=1e-12)


@pytest.mark.parametrize("outlier", [0, 60])
def test_a_value_is_taken_out_as_if_it_had_never_been_put_in(outlier):
    """35,000 areas: division of the whole product against the product of the others, to a billionth of every tail."""
    rng = np.random.default_rng(5)
    n, k = 35_000, 12
    values = rng.poisson(rng.gamma(1.0, 1.0, n))
    values[0] += outlier
    draws = rng.integers(1, k + 1, n)
    # Sums from the lowest possible to far out in the tail, where the own count makes what is to be subtracted.
    sums = np.minimum(rng.integers(0, 80, n), np.cumsum(np.sort(values)[::-1][1 : k + 2])[draws - 1])
    if outlier:
        draws[0], sums[0] = k, 120  # with the outlier a chance of some 1e-4, without it of 1e-20 or less
    hot, cold = exact.conditional_tails(values, sums, draws)
    for value in np.unique(values):
        own = np.flatnonzero(values == value)
        pool = exact.pool_of(np.delete(values, own[0]), draws=k)
        for size in np.unique(draws[own]):
            at = own[draws[own] == size]
            expected = pool.tails(int(size))
            assert np.allclose(hot[at], expected[0][sums[at]], rtol=1e-8, atol=0)
            assert np.allclose(cold[at], expected[1][sums[at]], rtol=1e-8, atol=0)


def test_binomial_tails_equal_scipy():
    rng = np.random.default_rng(3)
    total = np.full(400, 800.0)
    counts, shares = rng.integers(0, 120, 400).astype(float), rng.uniform(0.001, 0.2, 400)
    hot, cold = binomial.binomial_tails(counts, total, shares)
    assert np.allclose(hot, np.maximum(stats.binom.sf(counts - 1, 800, shares), exact.TINY), rtol=1e-9)
    assert np.allclose(cold, stats.binom.cdf(counts, 800, shares), rtol=1e-9)


def test_beta_binomial_tails_equal_the_sum_of_scipys_terms():
    rng = np.random.default_rng(4)
    counts = rng.integers(0, 200, 150).astype(float)
    shares, weights = rng.uniform(0.005, 0.3, 150), rng.uniform(5, 3000, 150)
    hot, cold = binomial.beta_binomial_tails(counts, np.full(150, 500.0), shares, weights)
    for i in range(150):
        terms = stats.betabinom.pmf(np.arange(501), 500, weights[i] * shares[i], weights[i] * (1 - shares[i]))
        s = int(counts[i])
        assert hot[i] == pytest.approx(math.fsum(terms[s:]), rel=1e-8)
        assert cold[i] == pytest.approx(math.fsum(terms[: s + 1]), rel=1e-8)


def test_beta_binomial_with_infinite_weights_is_binomial():
    counts, totals, shares = np.array([3.0, 9.0]), np.array([20.0, 20.0]), np.array([0.2, 0.2])
    one = binomial.beta_binomial_tails(counts, totals, shares, np.full(2, np.inf))
    assert np.allclose(one, binomial.binomial_tails(counts, totals, shares))
    near = binomial.beta_binomial_tails(counts, totals, shares, np.full(2, 1e6))
    assert np.allclose(near, one, rtol=1e-4)


def test_certain_outcomes_have_p_one():
    one = np.array([1.0])
    for counts, totals, shares in ((0 * one, 0 * one, 0.3 * one), (5 * one, 5 * one, one), (0 * one, 5 * one, 0 * one)):
        hot, cold = binomial.beta_binomial_tails(counts, totals, shares, 10 * one)
        assert (hot[0], cold[0]) == (1.0, 1.0)


# --------------------------------------------------------------------------- a whole map beside 999,999 permutations

REPEATS = 999_999


def samples(n: int, k: int, rng: np.random.Generator) -> np.ndarray:
    """Return ordered samples of k of n positions without replacement (REPEATS, k); those with a repeat are redrawn."""
    found = np.empty((0, k), dtype=np.int16)
    while len(found) < REPEATS:
        drawn = rng.integers(0, n, (REPEATS // 4, k), dtype=np.int16)
        found = np.vstack([found, drawn[(np.diff(np.sort(drawn, axis=1), axis=1) > 0).all(axis=1)]])
    return found[:REPEATS]


def hits(pool: np.ndarray, drawn: np.ndarray, sizes: np.ndarray, sums: np.ndarray) -> np.ndarray:
    """Return how many of REPEATS sums of the first `sizes` values drawn are at least, and at most, `sums` (2, m)."""
    running = np.cumsum(pool.astype(np.int16)[drawn], axis=1, dtype=np.int16)
    found = np.zeros((2, len(sums)), dtype=int)
    for k in np.unique(sizes):
        often = np.bincount(running[:, k - 1], minlength=int(sums.max()) + 1)
        at = np.flatnonzero(sizes == k)
        found[0, at] = often[::-1].cumsum()[::-1][sums[at]]
        found[1, at] = often.cumsum()[sums[at]]
    return found


def outside(p: np.ndarray, found: np.ndarray) -> float:
    """Return the share of p-values outside the 99.99 % binomial (Clopper-Pearson) interval of those simulated."""
    low = np.where(found > 0, stats.beta.ppf(5e-5, np.maximum(found, 1), REPEATS - found + 1), 0)
    high = np.where(found < REPEATS, stats.beta.ppf(1 - 5e-5, found + 1, np.maximum(REPEATS - found, 1)), 1)
    return float(((p < low) | (p > high)).mean())


def tied_map() -> tuple[np.ndarray, Neighbours]:
    """Return counts with many ties on 400 squares, 16 of them with more, and who touches whom."""
    raised = np.full((20, 20), 3.0)
    raised[4:8, 11:15] = 8.0
    return np.random.default_rng(20).poisson(raised.ravel()), link_neighbours(make_grid(20, 20))


def test_every_area_of_a_map_agrees_with_permutations_given_its_own_value():
    """The reference depends on an area's own value and its number of neighbours alone: areas alike share theirs."""
    values, links = tied_map()
    sums, sizes = np.rint(links.matrix() @ values).astype(int), links.cardinalities
    drawn = samples(len(values) - 1, 8, np.random.default_rng(21))  # as esda does: the same for every area
    found = np.zeros((2, len(values)), dtype=int)
    for value in np.unique(values):
        own = np.flatnonzero(values == value)
        found[:, own] = hits(np.delete(values, own[0]), drawn, sizes[own], sums[own])
    p = np.array(exact.conditional_tails(values, sums, sizes))
    off = outside(p, found)
    print(f"given own values: {off:.4f} of {p.size} tails outside, smallest p {p.min():.1e}")
    assert p.min() < 1e-4
    assert off <= 0.001
    # A reference with the own value left in is near, and is told apart.
    assert outside(np.array(exact.randomisation_tails(values, sums, sizes)), found) > 0.1


def test_every_area_of_a_map_agrees_with_permutations_of_all_values():
    values, links = tied_map()
    sums, sizes = np.rint(links.matrix(with_self=True) @ values).astype(int), links.cardinalities + 1
    found = hits(values, samples(len(values), 9, np.random.default_rng(22)), sizes, sums)
    p = np.array(exact.randomisation_tails(values, sums, sizes))
    off = outside(p, found)
    print(f"all values: {off:.4f} of {p.size} tails outside, smallest p {p.min():.1e}")
    assert p.min() < 1e-4
    assert off <= 0.001
    # Tails that leave ties out are told apart.
    assert outside(1 - p[::-1], found) > 0.1


# --------------------------------------------------------------------------- large counts


def mixed_tail(count, total, a, b):
    """P(S >= s) as the average of binomial tails over the beta distribution of the window's share."""
    from scipy.integrate import quad
    from scipy.special import betainc, betaln

    def integrand(p):
        log = (a - 1) * np.log(p) + (b - 1) * np.log1p(-p) - betaln(a, b)
        return float(np.exp(log) * betainc(count, total - count + 1, p))

    centre, spread = a / (a + b), (a * b / (a + b + 1)) ** 0.5 / (a + b)
    edges = np.clip(centre + spread * np.arange(-9, 13, 0.5), 1e-12, 1 - 1e-12)
    return sum(quad(integrand, *ends, epsabs=0, epsrel=1e-10)[0] for ends in itertools.pairwise(np.unique(edges)))


@pytest.mark.parametrize("weights", [40.0, 2_000.0, 1e6])
@pytest.mark.parametrize("above", [0.0, 1.5, 4.0])
def test_tails_of_millions_are_those_of_a_mixture(weights, above):
    total, share = 60e6, 0.15
    a, b = weights * share, weights * (1 - share)
    spread = (total * share * (1 - share) * (weights + total) / (weights + 1)) ** 0.5
    count = np.floor(total * share + above * spread)
    hot, cold = binomial.beta_binomial_tails(*(np.array([value]) for value in (count, total, share, weights)))
    assert hot[0] == pytest.approx(mixed_tail(count, total, a, b), rel=1e-6)
    assert cold[0] == pytest.approx(mixed_tail(total - count, total, b, a), rel=1e-6)


def test_terms_that_are_too_many_are_integrated_to_the_same_sum(monkeypatch):
    rng = np.random.default_rng(8)
    total, share, weights = np.full(60, 200_000.0), rng.uniform(0.02, 0.9, 60), rng.uniform(60, 5_000, 60)
    count = np.floor(total * share * rng.uniform(0.8, 1.3, 60)).clip(0, 200_000)
    found = binomial.beta_binomial_tails(count, total, share, weights)
    monkeypatch.setattr(binomial, "ONE_BY_ONE", 10**9)
    for one, other in zip(found, binomial.beta_binomial_tails(count, total, share, weights), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-8)


def test_a_million_events_in_an_area_take_no_time():
    import time

    area = make_grid(6, 10, population=1500.0)
    rng = np.random.default_rng(1)
    counts = make_counts(area, rng.poisson(1e6 * rng.gamma(20, 1 / 20, 60)))
    links = link_neighbours(area)
    for null in ("exchangeable-risk", "randomisation"):
        start = time.process_time()
        getis_ord(counts, links, null=null)
        local_moran(counts, links, null=null)
        assert time.process_time() - start < 15
