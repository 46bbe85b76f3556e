"""Hidden counts in a negative binomial line: ways by enumeration, likelihood by statsmodels and by brute force."""

import itertools
import warnings
from math import factorial, log

import numpy as np
import pytest
from likelihood import fit_likelihood, log_likelihood
from scipy.stats import nbinom, poisson

from hotspots.analysis.common.suppressed_counts import counts_of, hidden_counts, ways_to
from hotspots.analysis.schools.limits import limits
from hotspots.analysis.schools.negative_binomial import (
    CLIP,
    _equations,
    _moments,
    fit_counts,
    fit_dispersion,
    log_chances,
)
from hotspots.errors import AnalysisError

YEARS = 5


def simulate(rng, n=200, dispersion=0.5, slope=1.2, level=-6.9):
    """Return pupil-years, IDACI, counts by year and their sums, like those of a force area's secondary schools."""
    pupils, score = rng.lognormal(np.log(4_500), 0.45, n), rng.beta(2, 5, n)
    rate = rng.gamma(1 / dispersion, dispersion, n) if dispersion else np.ones(n)
    yearly = rng.poisson((pupils * np.exp(level + slope * score) * rate / YEARS)[:, None], (n, YEARS))
    return pupils, np.column_stack([np.ones(n), score]), yearly, yearly.sum(axis=1).astype(float)


def hide(yearly, least=1, most=2):
    """Return bounds of sums, and of how many years each is hidden, where every year's `least` to `most` is."""
    hidden = (yearly >= least) & (yearly <= most)
    low, high = (np.where(hidden, bound, yearly).sum(axis=1).astype(float) for bound in (least, most))
    return low, high, hidden.sum(axis=1).astype(float)


# --------------------------------------------------------------------------- what a hidden count may be


@pytest.mark.parametrize(
    ("hidden_years", "years", "most", "known"), [(3, 5, 2, 0), (2, 3, 5, 7), (1, 1, 4, 0), (4, 4, 2, 0)]
)
def test_ways_by_enumeration(hidden_years, years, most, known):
    """Every way to fill the hidden years, weighed with the multinomial chance of the numbers given their sum."""
    chance = {}
    for fill in itertools.product(range(1, most + 1), repeat=hidden_years):
        total = sum(fill) + known
        # The known years' numbers and all but the hidden ones' factorials are the same for every fill.
        weight = factorial(total) / years**total
        for number in fill:
            weight /= factorial(number)
        chance[total] = chance.get(total, 0) + weight
    low, high = hidden_years + known, most * hidden_years + known
    found = np.exp(ways_to(low, high, hidden_years=hidden_years, years=years))
    expected = np.array([chance[total] for total in range(low, high + 1)])
    np.testing.assert_allclose(found / found.sum(), expected / expected.sum(), rtol=1e-12)


def test_ways_to_wide_intervals_are_those_of_whole_number_arithmetic():
    """1 / 150! squared is less than a floating-point number can be; the numerators over 150! squared are whole."""
    over = [factorial(150) // factorial(number) for number in range(1, 151)]
    ways = {
        total: sum(over[one - 1] * over[total - one - 1] for one in range(max(1, total - 150), min(150, total - 1) + 1))
        for total in range(2, 301)
    }
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = ways_to(2, 300, hidden_years=2, years=3)
    expected = [log(factorial(n) * w) - n * log(3) - 2 * log(factorial(150)) for n, w in ways.items()]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_where_the_years_do_not_fit_the_interval_all_numbers_have_one_way():
    for hidden_years, years in ((2, 5), (np.nan, 5), (0, 5), (3, np.nan), (4, 3)):
        assert ways_to(4, 7, hidden_years=hidden_years, years=years).tolist() == [0, 0, 0, 0]


def test_chances_of_hidden_counts_by_hand():
    counts = hidden_counts(np.array([3.0, 1.0, 2.5]), np.array([3.0, 2.0, 4.0]))
    assert counts.known.tolist() == [True, False, False]
    # Poisson 2: P(1) : P(2) = 1 : 1; Poisson 3, the interval widened to 2 to 4: 4.5 : 4.5 : 3.375.
    chances = counts.chances(log_chances(np.array([9.0, 2.0, 3.0]), 0.0))
    np.testing.assert_allclose(chances, [[0.5, 0.5, 0], [4.5 / 12.375, 4.5 / 12.375, 3.375 / 12.375]])
    mean = counts.expect(lambda y, _: y, log_chances(np.array([9.0, 2.0, 3.0]), 0.0))
    np.testing.assert_allclose(mean, [3, 1.5, (9 + 13.5 + 13.5) / 12.375])
    np.testing.assert_allclose(
        log_likelihood(counts, log_chances(np.array([9.0, 2.0, 3.0]), 0.0)),
        np.log([poisson(9).pmf(3), poisson(2).pmf([1, 2]).sum(), poisson(3).pmf([2, 3, 4]).sum()]),
    )


def test_chances_are_those_of_yearly_counts_under_a_negative_binomial():
    """Five years with one gamma rate: of all that could have been published, what the sum was. 400,000 draws."""
    rng = np.random.default_rng(3)
    rate = rng.gamma(2, 0.5, 400_000) * 4 / YEARS
    yearly = rng.poisson(rate[:, None], (len(rate), YEARS))
    _, _, hidden = hide(yearly)
    rest = np.where((yearly >= 1) & (yearly <= 2), 0, yearly).sum(axis=1)
    seen = yearly.sum(axis=1)[(hidden == 3) & (rest == 0)]
    drawn = np.bincount(seen, minlength=7)[3:7] / len(seen)
    counts = hidden_counts(np.array([3.0]), np.array([6.0]), hidden_years=np.array([3.0]), years=np.array([5.0]))
    found = counts.chances(log_chances(np.array([4.0]), 0.5))[0]
    np.testing.assert_allclose(found, drawn, atol=4 * 0.5 / len(seen) ** 0.5)


# --------------------------------------------------------------------------- the line


@pytest.mark.parametrize("groups", [0, 3])
def test_maximum_likelihood_is_that_of_statsmodels(groups):
    from statsmodels.discrete.discrete_model import NegativeBinomial

    rng = np.random.default_rng(11)
    pupils, design, _, counts = simulate(rng, n=400)
    effects = (np.arange(400)[:, None] % (groups + 1) == np.arange(groups)).astype(float)
    design = np.column_stack([design, effects])
    other = NegativeBinomial(counts, design, exposure=pupils).fit(disp=0, maxiter=500, gtol=1e-8)
    found = fit_likelihood(counts, design, exposure=pupils)
    np.testing.assert_allclose(found.coefficients, other.params[:-1], atol=2e-5)
    assert found.dispersion == pytest.approx(other.params[-1], abs=2e-5)
    np.testing.assert_allclose(np.sqrt(np.diag(found.covariance)), other.bse[:-1], rtol=1e-3)
    assert found.log_likelihood == pytest.approx(other.llf, abs=1e-6)


def test_without_scatter_it_is_statsmodels_poisson():
    from statsmodels.genmod.families import Poisson
    from statsmodels.genmod.generalized_linear_model import GLM

    pupils, design, _, _ = simulate(np.random.default_rng(12))
    # Scattered less than chance: rounded means.
    counts = np.rint(pupils * np.exp(design @ [-6.9, 1.2]))
    other = GLM(counts, design, family=Poisson(), exposure=pupils).fit()
    found = fit_likelihood(counts, design, exposure=pupils)
    assert found.dispersion == 0
    np.testing.assert_allclose(found.coefficients, other.params, atol=1e-4)
    np.testing.assert_allclose(found.covariance, other.cov_params(), rtol=1e-3)
    assert fit_counts(counts, design, exposure=pupils).dispersion == 0


def test_the_likelihood_of_hidden_counts_by_brute_force():
    """At the maximum nothing near it is likelier; the likelihood itself by SciPy's distributions."""
    pupils, design, yearly, _ = simulate(np.random.default_rng(13), n=60)
    low, high, _ = hide(yearly)
    found = fit_likelihood(hidden_counts(low, high), design, exposure=pupils)

    def likelihood(coefficients, dispersion):
        chance = nbinom(1 / dispersion, 1 / (1 + dispersion * pupils * np.exp(design @ coefficients)))
        return np.log(chance.cdf(high) - chance.cdf(low - 1)).sum()

    best = likelihood(found.coefficients, found.dispersion)
    assert best == pytest.approx(found.log_likelihood, abs=1e-8)
    for step in (-1e-3, 1e-3):
        assert likelihood(found.coefficients + np.array([step, 0]), found.dispersion) < best
        assert likelihood(found.coefficients + np.array([0, step]), found.dispersion) < best
        assert likelihood(found.coefficients, found.dispersion + step) < best


def test_hidden_counts_that_are_known_after_all_change_nothing():
    pupils, design, _, counts = simulate(np.random.default_rng(14))
    plain = fit_counts(counts, design, exposure=pupils)
    also = fit_counts(hidden_counts(counts, counts), design, exposure=pupils)
    np.testing.assert_array_equal(plain.coefficients, also.coefficients)
    np.testing.assert_array_equal(plain.likely, counts)
    assert counts_of(counts).known.all()


def test_hidden_numbers_do_not_move_the_line_or_the_dispersion():
    """Sixteen files of 200 schools, four in ten school-years hidden: known, as all they may be, as their middle."""
    rng = np.random.default_rng(15)
    found = {"known": [], "with ways": [], "interval only": [], "middle": []}
    for _ in range(16):
        pupils, design, yearly, counts = simulate(rng)
        low, high, hidden = hide(yearly)
        years = np.full(len(low), float(YEARS))
        forms = {
            "known": counts,
            "with ways": hidden_counts(low, high, hidden_years=hidden, years=years),
            "interval only": hidden_counts(low, high),
            "middle": (low + high) / 2,
        }
        for name, form in forms.items():
            fit = fit_counts(form, design, exposure=pupils)
            found[name].append([fit.coefficients[1], fit.covariance[1, 1] ** 0.5, fit.dispersion])
    mean = {name: np.mean(rows, axis=0) for name, rows in found.items()}
    spread = {name: np.std(rows, axis=0) for name, rows in found.items()}
    for name, (slope, error, dispersion) in mean.items():
        print(
            f"{name}: slope {slope:.3f} (error {error:.3f}, scatter {spread[name][0]:.3f}), dispersion {dispersion:.3f}"
        )
    # Truth: 1.2 and 0.5. Three standard errors of sixteen files.
    assert mean["with ways"][0] == pytest.approx(1.2, abs=3 * spread["with ways"][0] / 16**0.5)
    assert mean["with ways"][2] == pytest.approx(0.5, abs=3 * spread["with ways"][2] / 16**0.5)
    # The stated error is the scatter of the slopes; 1 / sqrt(32) is the error of a standard deviation.
    assert mean["with ways"][1] == pytest.approx(spread["with ways"][0], rel=3 / 32**0.5)
    # The middle of the interval, and every number in it with as many ways as the others, find too little scatter.
    for name in ("interval only", "middle"):
        paired = np.array(found["with ways"])[:, 2] - np.array(found[name])[:, 2]
        assert paired.mean() > 5 * paired.std() / 16**0.5


def test_covariance_with_hidden_counts_is_louis():
    """With no clipping in reach the equations are the likelihood's, and so is what hidden counts take from it."""
    pupils, design, yearly, _ = simulate(np.random.default_rng(16), n=300, dispersion=0.0)
    low, high, _ = hide(yearly)
    counts = hidden_counts(low, high)
    mean = pupils * np.exp(design @ [-6.9, 1.2])
    bread, filling, _, _ = _equations(counts, mean, 0.0, design, clip=1e3)
    # Of a Poisson count the information is its variance, less the variance that is left once the interval is known.
    y = np.arange(400.0)[:, None]
    inside = (y >= low) & (y <= high)
    chance = poisson(mean).pmf(y) * inside
    chance = chance / chance.sum(axis=0)
    left = (y**2 * chance).sum(axis=0) - (y * chance).sum(axis=0) ** 2
    information = design.T @ ((mean - left)[:, None] * design)
    np.testing.assert_allclose(bread, information, rtol=1e-6)
    np.testing.assert_allclose(filling, information, rtol=1e-6)


def test_dispersion_of_hidden_counts_solves_its_equation():
    pupils, design, yearly, _ = simulate(np.random.default_rng(17))
    low, high, hidden = hide(yearly)
    counts = hidden_counts(low, high, hidden_years=hidden, years=np.full(200, float(YEARS)))
    mean = pupils * np.exp(design @ [-6.9, 1.2])
    a = fit_dispersion(counts, mean)
    y = np.arange(3_000.0)[:, None]
    square = np.minimum((y - mean) ** 2 / (mean + a * mean**2), 1.5**2)
    whole = (square * nbinom(1 / a, 1 / (1 + a * mean)).pmf(y)).sum()
    seen = counts.expect(
        lambda k, at: np.minimum((k - mean[at]) ** 2 / (mean + a * mean**2)[at], 1.5**2), log_chances(mean, a)
    )
    assert seen.sum() == pytest.approx(whole, rel=1e-6)


# --------------------------------------------------------------------------- limits


@pytest.mark.parametrize("dispersion", [0.0, 0.5, 1.2])
def test_coverage_of_limits_with_an_estimated_line(dispersion):
    """New counts of the same schools against the limits of a fitted line, smallest third to largest."""
    rng = np.random.default_rng(18)
    outside, exact, rounds = np.zeros((2, 3)), np.zeros((2, 3)), 12
    for _ in range(rounds):
        pupils, design, _, counts = simulate(rng, dispersion=dispersion)
        fit = fit_counts(counts, design, exposure=pupils)
        mean = pupils * np.exp(design @ [-6.9, 1.2])
        third = np.searchsorted(np.quantile(pupils, [1 / 3, 2 / 3]), pupils)
        chance = poisson(mean) if dispersion == 0 else nbinom(1 / dispersion, 1 / (1 + dispersion * mean))
        for row, level in enumerate((0.95, 0.998)):
            low, high = limits(fit.mean, fit.dispersion, level=level)
            # The chance of a new count outside, by the true distribution: no need to draw any.
            outside[row] += np.bincount(third, chance.cdf(low - 1) + chance.sf(high), minlength=3)
            low, high = limits(mean, dispersion, level=level)
            exact[row] += np.bincount(third, chance.cdf(low - 1) + chance.sf(high), minlength=3)
    share = outside / (200 / 3 * rounds)
    print(f"dispersion {dispersion}: outside 95% {share[0].round(4)}, outside 99.8% {share[1].round(5)}")
    # With the true line the limits hold their level over all schools (mid-p does so on average: 5.2 % in one third);
    # an estimated one costs less than a percentage point.
    assert exact[0].sum() < 0.05 * 200 * rounds
    assert (exact[1] < 0.002 * 200 / 3 * rounds).all()
    assert (share[0] < 0.06).all()
    assert (share[1] < 0.004).all()


def test_one_huge_count_takes_no_memory_from_the_others():
    """Moments of every mean are its own, whatever stands beside it, and take room for one block at a time."""
    import tracemalloc

    mean = np.append(np.full(219, 3.0), 100_000.0)
    alone = [_moments(one, 0.5, CLIP) for one in (mean[:219], mean[219:])]
    tracemalloc.start()
    together = _moments(mean, 0.5, CLIP)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    for name in ("psi", "psi_squared", "psi_score"):
        apart = np.concatenate([getattr(one, name) for one in alone])
        np.testing.assert_allclose(getattr(together, name), apart, rtol=1e-12)
    assert peak < 200e6


def test_intervals_too_wide_to_be_looked_through_are_an_error():
    with pytest.raises(AnalysisError, match="hidden counts are too wide"):
        hidden_counts(np.zeros(220), np.full(220, 1e6))


def test_columns_that_say_the_same_fit_no_line():
    score = np.linspace(0.1, 0.5, 30)
    with pytest.raises(AnalysisError, match="can't be told apart"):
        fit_counts(np.arange(30.0), np.column_stack([np.ones(30), score, 2 * score]), exposure=np.full(30, 1000.0))


def test_the_ways_of_more_years_are_made_of_those_of_fewer(monkeypatch):
    """Hidden in 1 to 12 years, from 0 to 1,000 each: made anew for every number of years they took 20 s."""
    steps = []
    add = np.logaddexp
    monkeypatch.setattr(np, "logaddexp", lambda *a, **k: steps.append(1) or add(*a, **k))
    for years in range(1, 9):
        ways_to(years, 31 * years, hidden_years=years, years=9)
    # One convolution with 31 numbers for each further year.
    assert len(steps) == 8 * 31
