"""Change since a base year: coverage under four kinds of scatter, and the weights against quadrature."""

import numpy as np
import pytest
import statsmodels.api as sm
from drifting import draw, series_of
from scipy.stats import multivariate_normal

from hotspots.analysis.series.base_year import weigh_scatter
from hotspots.analysis.series.change import change_since, ratio_interval

KINDS = {"Poisson": (0.0, 0.0), "5% a year": (0.05, 0.0), "AR .5": (0.05, 0.5), "AR .8": (0.05, 0.8)}


@pytest.mark.parametrize("n", [7, 12])
@pytest.mark.parametrize("kind", KINDS)
def test_intervals_hold_the_truth(kind, n):
    sd, correlation = KINDS[kind]
    drawn = draw(np.random.default_rng(9), n=n, mean=3_000, sd=sd, correlation=correlation, size=120)
    held = []
    for counts in drawn:
        change = change_since(series_of(counts, periods=[str(1990 + k) for k in range(n)]), "1990").iloc[1:]
        held.append(((change["ratio_low"] <= 1) & (change["ratio_high"] >= 1)).mean())
    share, error = np.mean(held), np.std(held) / np.sqrt(len(held))
    print(f"{n} years, {kind}: coverage {share:.3f} (s.e. {error:.3f})")
    # At least 92 %; with twelve years at most 98 %; two standard errors. benchmarks/series.py has 500 of each.
    assert share >= 0.92 - 2 * error
    assert n < 12 or share <= 0.98 + 2 * error


def test_poisson_intervals_alone_would_not():
    drawn = draw(np.random.default_rng(9), n=12, mean=3_000, sd=0.05, size=120)
    low, high = ratio_interval(drawn[:, 1:].ravel(), np.repeat(drawn[:, 0], 11))
    assert np.mean((low <= 1) & (high >= 1)) < 0.7


def test_weights_are_those_of_the_densities():
    # Two of the tried scatters, by the density of scipy: the level integrated out by a grid over it.
    counts = np.array([980.0, 1_050.0, 930.0, 1_010.0, 1_120.0])
    weighed = weigh_scatter(counts)
    assert weighed.weight.sum() == pytest.approx(1)
    logs, levels = np.log(counts + 0.5), np.linspace(6.4, 7.4, 2_001)
    time = np.arange(5) - 2.0
    # Poisson chance by a steady course, fitted by statsmodels.
    steady = sm.GLM(counts, sm.add_constant(time), family=sm.families.Poisson()).fit().fittedvalues
    chance = np.diag(1 / (steady + 0.5))

    def density(number):
        sd, rho = weighed.sd[number], weighed.correlation[number]
        covariance = chance + sd**2 * rho ** np.abs(time[:, None] - time[None, :])
        total = 0.0
        late, early = np.maximum(time, 0), np.minimum(time, 0)  # the one year with two on either side
        for share, matrix in (
            (0.93, covariance),
            (0.05, covariance + 0.1**2 * np.outer(time, time)),
            (0.005, covariance + 0.2**2 * np.outer(late, late)),
            (0.005, covariance + 0.2**2 * np.outer(early, early)),
            *((0.005, covariance + 0.3**2 * np.outer(time >= at, time >= at)) for at in (0, 1)),
        ):
            total += share * np.mean(multivariate_normal(np.zeros(5), matrix).pdf(logs - levels[:, None]))
        return total

    first, second = 5, 60
    # Within one size of scatter the prior of every correlation is the same.
    same = 5 + 3
    assert weighed.sd[first] == weighed.sd[same]
    expected = density(first) / density(same)
    assert weighed.weight[first] / weighed.weight[same] == pytest.approx(expected, rel=1e-6)
    likely = np.exp(-(weighed.sd[second] - weighed.sd[first]) / 0.03)
    gaps = np.gradient(np.unique(weighed.sd[1:]))
    sizes = list(np.unique(weighed.sd[1:]))
    likely *= gaps[sizes.index(weighed.sd[second])] / gaps[sizes.index(weighed.sd[first])]
    expected = density(second) / density(first) * likely
    assert weighed.weight[second] / weighed.weight[first] == pytest.approx(expected, rel=1e-6)


def test_a_bend_is_not_taken_for_scatter():
    # A plateau and a rise by 22 % a year, without any noise: the interval is hardly wider than Poisson chance.
    counts = np.round(1_500 * 1.22 ** np.maximum(np.arange(7) - 2, 0))
    names = [str(2013 + k) for k in range(7)]
    last = change_since(series_of(counts, periods=names), "2014").iloc[-1]
    low, high = ratio_interval(counts[-1:], counts[1:2])
    assert np.log(last["ratio_high"] / last["ratio_low"]) < 1.6 * np.log(high[0] / low[0])


def test_a_step_is_not_taken_for_scatter():
    change = change_since(series_of([3000.0] * 6 + [4500.0] * 6, periods=[str(2000 + k) for k in range(12)]), "2000")
    low, high = ratio_interval(np.array([4500.0]), np.array([3000.0]))
    last = change.iloc[-1]
    assert np.log(last["ratio_high"] / last["ratio_low"]) < 1.3 * np.log(high[0] / low[0])


def test_more_scatter_makes_wider_intervals():
    calm = np.array([3_000, 3_010, 2_990, 3_005, 2_995, 3_000, 3_008.0])
    wild = np.array([3_000, 3_600, 2_600, 3_300, 2_700, 3_400, 2_900.0])
    names = [str(1990 + k) for k in range(7)]
    widths = []
    for counts in (calm, wild):
        last = change_since(series_of(counts, periods=names), "1990").iloc[-1]
        widths.append(np.log(last["ratio_high"] / last["ratio_low"]))
    assert widths[1] > 2 * widths[0]
    # Never narrower than the exact Poisson interval.
    low, high = ratio_interval(calm[-1:], calm[:1])
    assert widths[0] >= np.log(high[0] / low[0]) - 1e-9


def test_a_gap_keeps_its_place_in_time():
    with_gap = weigh_scatter([1_000, np.nan, 1_000, 1_100])
    closed = weigh_scatter([1_000, 1_000, 1_100])
    assert not np.allclose(with_gap.weight, closed.weight)
    assert weigh_scatter([np.nan, 5.0]).mean == pytest.approx(weigh_scatter([0.0, 0.0]).mean)
