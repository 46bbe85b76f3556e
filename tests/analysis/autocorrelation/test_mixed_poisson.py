"""Distributions of risk: the published estimate, a slow estimate on a fine grid, and tails by convolution."""

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import nbinom, poisson

from hotspots.analysis.autocorrelation.reference.mixed_poisson import (
    NUMERICAL_ERROR,
    Risks,
    _tails_of_large_counts,
    estimate_risks,
    mixed_poisson_tails,
)


def mean_of(risks):
    return float(risks.share @ risks.risk)


def variance_of(risks):
    return float(risks.share @ (risks.risk - mean_of(risks)) ** 2)


def chances(low, high, expected, risk):
    """Return the chance of every area's count, or interval of counts, at every risk: by scipy, one difference each."""
    mean = np.multiply.outer(expected, risk)
    exact = poisson.pmf(low[:, None], mean)
    return np.where(
        (low == high)[:, None], exact, poisson.cdf(high[:, None], mean) - poisson.cdf(low[:, None] - 1, mean)
    )


def shortfall(low, high, expected, risks, finest=500, steps=800):
    """Return by how much the log-likelihood lies below that of many EM steps on a fine grid, from equal shares."""
    grid = np.linspace(0, np.sqrt((high / expected).max()) * 1.05, finest) ** 2
    chance = chances(low, high, expected, grid)
    scale = chance.max(axis=1)
    chance = chance / scale[:, None]
    share = np.full(finest, 1 / finest)
    for _ in range(steps):
        share = share * (chance.T @ (1 / (chance @ share))) / len(low)
    ours = chances(low, high, expected, risks.risk) @ risks.share / scale
    return float(np.log(chance @ share).sum() - np.log(ours).sum())


def test_claims_of_belgian_drivers():
    # Simar (1976), Annals of Statistics 4, 1200-1209: claims of 9,461 drivers. The maximum is at risks of 0, 0.3355
    # and 2.545 with shares of 0.4183, 0.5730 and 0.0087 (Böhning 1995, Journal of Statistical Planning and Inference
    # 47, 5-28), and its log-likelihood -5340.704.
    drivers = np.array([7840, 1317, 239, 42, 14, 4, 4, 1])
    claims = np.repeat(np.arange(8.0), drivers)
    risks = estimate_risks(claims, claims, np.ones(len(claims)))
    fitted = poisson.pmf(np.arange(8)[:, None], risks.risk) @ risks.share
    assert drivers @ np.log(fitted) == pytest.approx(-5340.704, abs=0.05)
    published = poisson.pmf(np.arange(8)[:, None], [0, 0.3355, 2.545]) @ [0.4183, 0.5730, 0.0087]
    np.testing.assert_allclose(fitted, published, atol=4e-4)


@pytest.mark.parametrize("mean", [1, 20, 150])
@pytest.mark.parametrize("kind", ["constant", "gamma", "lognormal", "one in 100 at 10", "half at 0"])
def test_no_other_distribution_is_likelier(kind, mean):
    rng = np.random.default_rng(mean)
    n = 600
    risk = {
        "constant": np.ones(n),
        "gamma": rng.gamma(1.5, 1 / 1.5, n),
        "lognormal": rng.lognormal(-0.5, 1, n),
        "one in 100 at 10": np.where(np.arange(n) % 100 == 0, 10.0, 1.0),
        "half at 0": np.arange(n) % 2 * 2.0,
    }[kind]
    expected = mean * rng.uniform(0.3, 2, n)
    count = rng.poisson(expected * risk).astype(float)
    # In log-likelihood: a quarter of what one further parameter gains by chance alone (1/2 on average).
    assert shortfall(count, count, expected, estimate_risks(count, count, expected)) < 0.125


def test_intervals_count_by_their_chance():
    rng = np.random.default_rng(4)
    expected = rng.uniform(1, 8, 500)
    count = rng.poisson(expected * rng.gamma(3, 1 / 3, 500)).astype(float)
    hidden = (count >= 1) & (count <= 7)
    low, high = np.where(hidden, 1, count), np.where(hidden, 7, count)
    risks = estimate_risks(low, high, expected)
    assert shortfall(low, high, expected, risks) < 0.125
    # Mean 1 and variance 1/3 come back through the intervals, roughly.
    assert mean_of(risks) == pytest.approx(1, abs=0.15)
    assert variance_of(risks) == pytest.approx(1 / 3, abs=0.2)


def test_risks_of_a_gamma_have_its_moments():
    rng = np.random.default_rng(5)
    expected = np.full(20_000, 30.0)
    count = rng.poisson(expected * rng.gamma(4, 0.25, 20_000)).astype(float)
    risks = estimate_risks(count, count, expected)
    assert mean_of(risks) == pytest.approx(count.mean() / 30, rel=1e-3)
    assert variance_of(risks) == pytest.approx(0.25, rel=0.05)


def by_convolution(sums, windows, expected, risks, mid_p):
    """Return both tails from the chance of every count of every area, convolved area by area."""
    hot, cold = [], []
    for total, window in zip(sums, windows, strict=True):
        chance = np.ones(1)
        for area in window:
            mean = expected[area] * risks.risk
            counts = np.arange(int(mean.max() + 15 * np.sqrt(mean.max()) + 40))[:, None]
            chance = np.convolve(chance, poisson.pmf(counts, mean) @ risks.share)
        at = chance[int(total)] if total < len(chance) else 0.0
        tie = at / 2 if mid_p else 0.0
        hot.append(chance[int(total) :].sum() - tie)
        cold.append(chance[: int(total) + 1].sum() - tie)
    return np.array(hot), np.array(cold)


def as_matrix(windows, n):
    indptr = np.cumsum([0, *(len(window) for window in windows)])
    return scipy.sparse.csr_array(
        (np.ones(indptr[-1]), np.concatenate(windows).astype(int), indptr), shape=(len(windows), n)
    )


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 10_000),
    atoms=st.lists(st.floats(0.01, 12), min_size=1, max_size=4, unique=True),
    zero=st.booleans(),
    scale=st.sampled_from([0.2, 3.0, 40.0]),
    mid_p=st.booleans(),
)
def test_tails_are_those_of_the_convolution(seed, atoms, zero, scale, mid_p):
    rng = np.random.default_rng(seed)
    n = 8
    expected = scale * rng.uniform(0.2, 2, n)
    risk = np.array([*([0.0] if zero else []), *sorted(atoms)])
    risks = Risks(risk, rng.dirichlet(np.ones(len(risk))))
    windows = [rng.choice(n, rng.integers(1, 6), replace=False) for _ in range(6)]
    sums = np.array([float(rng.poisson(expected[window].sum() * mean_of(risks))) for window in windows])
    hot, cold = mixed_poisson_tails(sums, as_matrix(windows, n), expected, risks, mid_p=mid_p)
    for found, right in zip((hot, cold), by_convolution(sums, windows, expected, risks, mid_p), strict=True):
        np.testing.assert_allclose(found, right, atol=5 * NUMERICAL_ERROR)


@pytest.mark.parametrize("mid_p", [False, True])
@pytest.mark.parametrize(
    "risks", [Risks(np.array([0.0, 0.8, 3.0]), np.array([0.3, 0.6, 0.1])), Risks(np.array([1.0]), np.ones(1))]
)
def test_tails_of_large_counts_are_those_of_the_convolution(risks, mid_p):
    rng = np.random.default_rng(7)
    expected = rng.uniform(300, 900, 6)
    windows = [[0, 1, 2], [3, 4], [5], [0, 3, 5, 4]]
    sums = np.array(
        [
            float(rng.poisson(expected[window].sum() * mean_of(risks) * scale))
            for window, scale in zip(windows, (1, 1.3, 0.6, 1), strict=True)
        ]
    )
    found = mixed_poisson_tails(sums, as_matrix(windows, 6), expected, risks, mid_p=mid_p)
    many = _tails_of_large_counts(sums.astype(int), as_matrix(windows, 6), expected, risks, cells=2**15, mid_p=mid_p)
    right = by_convolution(sums, windows, expected, risks, mid_p)
    for ours, other, exact in zip(found, many, right, strict=True):
        np.testing.assert_allclose(ours, exact, atol=5 * NUMERICAL_ERROR)
        np.testing.assert_allclose(other, exact, atol=5 * NUMERICAL_ERROR)


def test_a_million_events_an_area_take_no_gigabytes():
    # The normal distribution is as near as its skewness allows: 1 / sqrt(3e6) of a thousandth.
    expected, risks = np.full(3, 1e6), Risks(np.array([1.0]), np.ones(1))
    sums = np.array([3_000_000.0, 3_003_000.0])
    hot, cold = mixed_poisson_tails(sums, as_matrix([[0, 1, 2], [0, 1, 2]], 3), expected, risks)
    assert hot[0] == pytest.approx(poisson.sf(2_999_999, 3e6), abs=1e-9)
    assert hot[1] == pytest.approx(poisson.sf(3_002_999, 3e6), abs=1e-9)
    assert cold[1] == pytest.approx(poisson.cdf(3_003_000, 3e6), abs=1e-9)


def test_one_risk_is_poisson_and_many_are_negative_binomial():
    window = as_matrix([[0, 1, 2]], 3)
    expected, sums = np.array([2.0, 5.0, 1.0]), np.array([14.0])
    hot, cold = mixed_poisson_tails(sums, window, expected, Risks(np.array([1.0]), np.array([1.0])))
    assert hot[0] == pytest.approx(poisson.sf(13, 8), abs=1e-12)
    assert cold[0] == pytest.approx(poisson.cdf(14, 8), abs=1e-12)
    # A gamma of shape 3 in 4,000 equal parts: the count of one area is negative binomial.
    from scipy.stats import gamma

    risk = gamma.ppf((np.arange(4_000) + 0.5) / 4_000, 3, scale=1 / 3)
    hot, _ = mixed_poisson_tails(np.array([9.0]), as_matrix([[1]], 3), expected, Risks(risk, np.full(4_000, 1 / 4_000)))
    assert hot[0] == pytest.approx(nbinom.sf(8, 3, 3 / 8), rel=1e-3)


def test_empty_windows_and_counts_far_out():
    risks = Risks(np.array([0.5, 2.0]), np.array([0.7, 0.3]))
    hot, cold = mixed_poisson_tails(np.array([0.0, 4_000.0]), as_matrix([[], [0]], 1), np.array([3.0]), risks)
    assert (hot[0], cold[0]) == (1, 1)
    assert hot[1] == NUMERICAL_ERROR
    assert cold[1] == pytest.approx(1, abs=NUMERICAL_ERROR)
