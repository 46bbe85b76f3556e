"""Saddlepoint tails against exact distributions: by Fourier transform on a fine lattice, and in closed form."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from hotspots.analysis.risk.saddlepoint import TINY, Cumulants, tails

EVENTS = 2_000
STEPS = 2**17
PROFILES = {
    "quartic": lambda u2: (1 - u2) ** 2,
    "epanechnikov": lambda u2: 1 - u2,
    "triangular": lambda u2: 1 - np.sqrt(u2),
}


def exact_tails(profile: Callable, within: float, *, top: float, up: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return steps x, P(S >= x) and P(S <= x), each event's kernel rounded down, or up, to a step.

    An event falls within reach with chance `within`, evenly over the disc, so that u² is uniform.
    """
    kernel = profile((np.arange(400_000) + 0.5) / 400_000)
    width = top / STEPS
    steps = (np.ceil(kernel / width) if up else np.floor(kernel / width)).astype(int)
    chance = np.bincount(steps, minlength=STEPS) / len(kernel) * within
    chance[0] += 1 - within
    # Of n independent events, exactly: the n-th power of the transform, on twice the length so that nothing wraps.
    density = np.maximum(np.fft.irfft(np.fft.rfft(chance, 2 * STEPS) ** EVENTS, 2 * STEPS)[:STEPS], 0)
    return np.arange(STEPS) * width, np.cumsum(density[::-1])[::-1], np.cumsum(density)


def ask_about(profile: Callable, within: float) -> Callable[[float, np.ndarray], Cumulants]:
    """Return the cumulants of the same sum, by Gauss and Legendre's rule."""
    nodes, weights = np.polynomial.legendre.leggauss(400)
    kernel, weights = profile((nodes + 1) / 2), within * weights / 2

    def ask(s: float, cells: np.ndarray) -> Cumulants:
        mass = 1 + weights @ np.expm1(s * kernel)
        first = weights @ (kernel * np.exp(s * kernel)) / mass
        second = weights @ (kernel**2 * np.exp(s * kernel)) / mass
        return Cumulants(*(EVENTS * c * np.ones(len(cells)) for c in (np.log(mass), first, second - first**2)))

    return ask


def compare(name: str, near: float, *, top: float, levels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the relative errors of the upper and of the lower tail where the exact one is at these levels."""
    profile, within = PROFILES[name], near / EVENTS
    x, high_low, low_high = exact_tails(profile, within, top=top, up=False)
    _, high_high, low_low = exact_tails(profile, within, top=top, up=True)
    at_high = np.searchsorted(-(high_low + high_high), -2 * levels)
    at_low = np.searchsorted(low_low + low_high, 2 * levels[2 * levels > 2.001 * low_low[0]])
    at = np.concatenate([at_high, at_low])
    p_high, p_low = tails(
        x[at], ask_about(profile, within), log_nothing=np.full(len(at), EVENTS * np.log1p(-within)), largest=1.0
    )

    # Halfway between the two roundings is right to the square of their distance, which is at most 6 %.
    k = len(at_high)
    assert (high_high[at_high] < 1.06 * high_low[at_high]).all()
    return (
        p_high[:k] / ((high_low + high_high)[at_high] / 2) - 1,
        p_low[k:] / ((low_low + low_high)[at_low] / 2) - 1,
    )


LEVELS = 10.0 ** -np.array([0.3, 0.5, 0.7, 1, 1.3, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8])


@pytest.mark.parametrize(
    ("name", "near", "top", "upper", "lower"),
    [
        ("quartic", 1.8, 20.0, 0.055, 0.05),
        ("quartic", 4.0, 26.0, 0.007, 0.065),
        ("quartic", 10.0, 38.0, 0.001, 0.055),
        ("quartic", 40.0, 60.0, 0.001, 0.008),
        ("epanechnikov", 4.0, 30.0, 0.007, 0.065),
        ("triangular", 4.0, 28.0, 0.007, 0.065),
    ],
)
def test_tails_of_kernel_sums_are_those_of_the_exact_distribution(name, near, top, upper, lower):
    errors = compare(name, near, top=top, levels=LEVELS)
    print(f"{name}, {near:g} events near: error of the upper tail {np.abs(errors[0]).max():.2%}, of the lower "
          f"{np.abs(errors[1]).max():.2%}")  # fmt: skip
    assert np.abs(errors[0]).max() < upper
    assert np.abs(errors[1]).max() < lower


def test_the_usual_tails_are_nearer_than_a_hundredth_where_ten_events_are_near():
    upper, lower = compare("quartic", 10.0, top=38.0, levels=LEVELS[:5])
    assert np.abs(np.concatenate([upper, lower])).max() < 0.005


def gamma_cumulants(shape: float) -> Callable[[float, np.ndarray], Cumulants]:
    """Return the cumulants of a gamma sum, for which Barndorff-Nielsen's tail is nearly exact."""

    def ask(s: float, cells: np.ndarray) -> Cumulants:
        one = np.ones(len(cells))
        return Cumulants(-shape * np.log1p(-s) * one, shape / (1 - s) * one, shape / (1 - s) ** 2 * one)

    return ask


def test_a_sum_that_is_never_0_and_its_mean():
    shape = 20.0
    # Below 0.6 of the mean up to it, and right at it, where formula and limit meet; s stays below 0.
    x = shape * np.array([0.4, 0.7, 0.9, 0.999, 1 - 1e-9])
    p_high, p_low = tails(x, gamma_cumulants(shape), log_nothing=np.full(5, -np.inf), largest=1.0)
    assert p_low == pytest.approx(stats.gamma.cdf(x, shape), rel=2e-3)
    assert p_high == pytest.approx(stats.gamma.sf(x, shape), rel=2e-3)


def test_nothing_observed_has_the_known_chance_of_nothing():
    p_high, p_low = tails(
        np.zeros(2), gamma_cumulants(3.0), log_nothing=np.log([0.2, 1e-5]), largest=1.0
    )  # fmt: skip
    assert p_high.tolist() == [1.0, 1.0]
    assert p_low == pytest.approx([0.2, 1e-5], rel=1e-12)


def test_few_values_give_nearly_the_mid_p_value():
    mean, x = 30.0, np.array([15.0, 20, 25, 35, 40, 50, 60])

    def poisson(s: float, cells: np.ndarray) -> Cumulants:
        value = np.exp(s) * mean * np.ones(len(cells))
        return Cumulants(value - mean, value, value)

    p_high, p_low = tails(x, poisson, log_nothing=np.full(7, -mean), largest=1.0)
    assert ((stats.poisson.sf(x, mean) < p_high) & (p_high < stats.poisson.sf(x - 1, mean))).all()
    assert ((stats.poisson.cdf(x - 1, mean) < p_low) & (p_low < stats.poisson.cdf(x, mean))).all()
    middle = stats.poisson.sf(x, mean) + stats.poisson.pmf(x, mean) / 2
    assert p_high == pytest.approx(middle, rel=0.05)


def test_beyond_the_last_node_the_tail_is_bounded_and_not_lost():
    # Two events in all; a sum next to the largest possible one needs a saddlepoint without end.
    def two(s: float, cells: np.ndarray) -> Cumulants:
        tilt = 0.5 * np.exp(s) / (0.5 + 0.5 * np.exp(s)) if s < 30 else 1.0
        value = 2 * (np.logaddexp(np.log(0.5), np.log(0.5) + s))
        return Cumulants(*(c * np.ones(len(cells)) for c in (value, 2 * tilt, 2 * tilt * (1 - tilt))))

    p_high, p_low = tails(np.array([2.0]), two, log_nothing=np.log([0.25]), largest=1.0)
    assert 0.25 * 0.99 <= p_high[0] <= 1
    assert 0.25 <= p_low[0] <= 1


def test_far_out_no_chance_is_0_and_all_are_finite():
    ask = ask_about(PROFILES["quartic"], 20 / EVENTS)
    x = np.array([1e-6, 1e-3, 300.0, 600.0])
    p_high, p_low = tails(x, ask, log_nothing=np.full(4, EVENTS * np.log1p(-20 / EVENTS)), largest=1.0)
    assert np.isfinite(p_high).all()
    assert ((p_high >= TINY) & (p_high <= 1) & (p_low >= TINY) & (p_low <= 1)).all()
    assert p_high[3] == TINY
    assert p_low[0] >= np.exp(EVENTS * np.log1p(-20 / EVENTS))
