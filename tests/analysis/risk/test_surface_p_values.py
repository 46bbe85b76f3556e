"""Chances of smoothed sums on a grid: against simulation, counts in closed form, and direct summation."""

import numpy as np
import pytest
from scipy import stats

from hotspots.analysis.common.grid import Grid
from hotspots.analysis.kernels.profiles import KERNELS
from hotspots.analysis.risk.surface_p_values import (
    Labels,
    Smoother,
    draw_as_people,
    draw_labels,
    expected_events,
    label_tails,
    people_tails,
    simulated_tails,
)

ROWS, COLUMNS = 36, 44
GRID = Grid(400_000.0, 300_000.0, 100.0, np.ones((ROWS, COLUMNS), dtype=bool))
CELLS = np.arange(ROWS * COLUMNS)


def make_people(seed: int = 1) -> np.ndarray:
    """Return people per cell: a town, and uneven cells."""
    down, across = np.mgrid[:ROWS, :COLUMNS]
    town = 60 * np.exp(-((down - 16) ** 2 + (across - 14) ** 2) / 90)
    return town + np.random.default_rng(seed).gamma(0.5, 4, (ROWS, COLUMNS))


def drop(people: np.ndarray, events: int, seed: int) -> np.ndarray:
    return next(draw_as_people(people, events=events, simulations=1, rng=np.random.default_rng(seed)))


@pytest.mark.parametrize("kernel", KERNELS)
def test_sums_are_those_of_the_kernel_at_the_centres(kernel):
    smoother, masses = Smoother(GRID, kernel, 450.0), make_people()
    found = smoother.sums(masses).reshape(GRID.shape)
    peak = KERNELS[kernel](np.zeros(1))[0]
    for row, column in ((0, 0), (17, 20), (35, 43), (10, 43)):
        squared = (GRID.across - GRID.across[column]) ** 2 + ((GRID.down - GRID.down[row]) ** 2)[:, None]
        weights = np.where(squared <= smoother.reach**2, KERNELS[kernel](squared / 450.0**2) / peak, 0)
        assert found[row, column] == pytest.approx((weights * masses).sum(), rel=1e-10)


def test_expected_events_of_the_uniform_kernel_are_those_within_reach():
    masses = np.full(GRID.shape, 0.5)
    found = expected_events(Smoother(GRID, "uniform", 350.0), masses).reshape(GRID.shape)
    # Centres within 3.5 sides: 37 of them.
    assert found[18, 22] == pytest.approx(37 * 0.5)
    quartic = expected_events(Smoother(GRID, "quartic", 1_500.0), masses).reshape(GRID.shape)
    assert quartic[18, 22] == pytest.approx(5 / 9 * np.pi * 15**2 * 0.5, rel=0.01)


# --------------------------------------------------------------------------- people


def test_the_uniform_kernel_counts_and_its_chances_are_binomial():
    smoother, people = Smoother(GRID, "uniform", 450.0), make_people()
    events = drop(people, 700, seed=3)
    p_high, p_low = people_tails(smoother, events, people, cells=CELLS)
    share = smoother.sums(people / people.sum())
    count = np.rint(smoother.sums(events))
    assert p_high == pytest.approx(stats.binom.sf(count - 1, 700, share), rel=1e-8)
    assert p_low == pytest.approx(stats.binom.cdf(count, 700, share), rel=1e-8)


@pytest.mark.parametrize("kernel", ["quartic", "triangular", "gaussian"])
def test_chances_are_those_of_many_simulated_maps(kernel):
    smoother, people, draws = Smoother(GRID, kernel, 160.0 if kernel == "gaussian" else 450.0), make_people(), 2_000
    # Two towns' worth of events in the east: chances of all sizes.
    events = drop(people, 650, seed=4)
    events[28:31, 34:37] += 6
    total = int(events.sum())
    judged = expected_events(smoother, people / people.sum() * total) >= 1
    cells = np.flatnonzero(judged)[::7]
    p_high, p_low = people_tails(smoother, events, people, cells=cells)
    drawn = draw_as_people(people, events=total, simulations=draws, rng=np.random.default_rng(5))
    simulated = simulated_tails(smoother, smoother.sums(events)[cells], drawn, cells=cells)
    for p, q in zip((p_high, p_low), simulated, strict=True):
        error = np.sqrt(np.maximum(p * (1 - p), 1 / draws) / draws)
        # Four standard errors, and what the saddlepoint may be off by where one or two events are expected.
        assert (np.abs(p - q) <= 4 * error + 0.03 * p + 0.05 * np.minimum(p, 1 - p)).all()
        assert np.mean((p - q) / error) == pytest.approx(0, abs=0.35)


def test_no_event_near_has_the_chance_of_none():
    smoother, people = Smoother(GRID, "quartic", 450.0), make_people()
    events = np.zeros(GRID.shape)
    events[3, 3] = 200
    far = np.array([np.ravel_multi_index((30, 40), GRID.shape)])
    p_high, p_low = people_tails(smoother, events, people, cells=far)
    squared = (GRID.across - GRID.across[40]) ** 2 + ((GRID.down - GRID.down[30]) ** 2)[:, None]
    near = people[squared < 450.0**2].sum() / people.sum()
    assert p_high[0] == 1.0
    assert p_low[0] == pytest.approx((1 - near) ** 200, rel=1e-9)


def test_over_null_maps_chances_are_uniform():
    smoother, people, maps = Smoother(GRID, "quartic", 450.0), make_people(), 200
    cells = np.array([np.ravel_multi_index(at, GRID.shape) for at in ((16, 14), (8, 30), (30, 8), (22, 22))])
    drawn = draw_as_people(people, events=600, simulations=maps, rng=np.random.default_rng(6))
    p = np.array([people_tails(smoother, events, people, cells=cells) for events in drawn])
    assert expected_events(smoother, people / people.sum() * 600)[cells].min() > 2
    for tail in (p[:, 0], p[:, 1]):
        for column in tail.T:
            assert stats.kstest(column, "uniform").pvalue > 1e-3
        # A thousand chances: 5 % below 0.05, give or take three standard errors of 200 independent maps.
        assert np.mean(tail <= 0.05) == pytest.approx(0.05, abs=3 * np.sqrt(0.05 * 0.95 / maps))


# --------------------------------------------------------------------------- labels


@pytest.mark.parametrize("fixed", [True, False])
def test_the_uniform_kernels_labels_are_hypergeometric_or_binomial(fixed):
    smoother, people = Smoother(GRID, "uniform", 450.0), make_people()
    first, second = drop(people, 300, seed=7), drop(people, 500, seed=8)
    p_high, p_low = label_tails(smoother, first, second, labels=Labels(0.375, fixed), cells=CELLS)
    own, near = np.rint(smoother.sums(first)), np.rint(smoother.sums(first + second))
    null = stats.hypergeom(800, near, 300) if fixed else stats.binom(near, 0.375)
    assert p_high == pytest.approx(null.sf(own - 1), rel=1e-9)
    assert p_low == pytest.approx(null.cdf(own), rel=1e-9)


@pytest.mark.parametrize("fixed", [True, False])
@pytest.mark.parametrize("bandwidth", [450.0, 3_000.0])
def test_chances_of_labels_are_those_of_many_random_labellings(fixed, bandwidth):
    """With the widest kernel up to nine tenths of all events are near: what holding the number does shows most."""
    smoother, people, draws = Smoother(GRID, "quartic", bandwidth), make_people(), 2_000
    first, second = drop(people, 300, seed=9), drop(people, 700, seed=10)
    first[28:31, 34:37] += 3
    labels = Labels(float(first.sum() / (first.sum() + second.sum())), fixed)
    together = expected_events(smoother, first + second)
    cells = np.flatnonzero((together >= 7) & (together * labels.share >= 1))[::7]
    p_high, p_low = label_tails(smoother, first, second, labels=labels, cells=cells)
    drawn = draw_labels(first, second, labels=labels, simulations=draws, rng=np.random.default_rng(11))
    simulated = simulated_tails(smoother, smoother.sums(first)[cells], drawn, cells=cells)
    for p, q in zip((p_high, p_low), simulated, strict=True):
        error = np.sqrt(np.maximum(p * (1 - p), 1 / draws) / draws)
        print(
            f"fixed {fixed}, {bandwidth:g} m: mean difference {np.mean(p - q):+.4f}, largest {np.abs(p - q).max():.4f}"
        )
        assert (np.abs(p - q) <= 4.5 * error + 0.005).all()
        assert np.mean(p - q) == pytest.approx(0, abs=0.01)


def test_all_events_near_of_one_file_have_the_chance_of_all():
    smoother = Smoother(GRID, "quartic", 450.0)
    first, second = np.zeros(GRID.shape), np.zeros(GRID.shape)
    first[10, 10], first[11, 10], second[30, 30] = 3, 2, 5
    at = np.array([np.ravel_multi_index(cell, GRID.shape) for cell in ((10, 10), (30, 30))])
    p_high, p_low = label_tails(smoother, first, second, labels=Labels(0.5, fixed=True), cells=at)
    # 5 of 5 places from 10: 1 / C(10, 5) = 1 / 252.
    assert p_high == pytest.approx([1 / 252, 1.0])
    assert p_low == pytest.approx([1.0, 1 / 252])


def test_exchanging_the_files_exchanges_the_tails():
    smoother, people = Smoother(GRID, "quartic", 800.0), make_people()
    first, second = drop(people, 400, seed=12), drop(people, 600, seed=13)
    labels = Labels(0.4, fixed=True)
    one = label_tails(smoother, first, second, labels=labels, cells=CELLS[::5])
    other = label_tails(smoother, second, first, labels=labels.other(), cells=CELLS[::5])
    assert one[0] == pytest.approx(other[1], rel=1e-9)
    assert one[1] == pytest.approx(other[0], rel=1e-9)


def test_the_smallest_sum_there_is_has_its_chance():
    """One event at the rim of a coarse kernel: nothing else is so little, and the saddlepoint runs off to infinity."""
    smoother, people = Smoother(GRID, "epanechnikov", 450.0), np.ones(GRID.shape)
    events = np.zeros(GRID.shape)
    # Of offsets within 4.5 sides the farthest are (4, 2) and (2, 4): 8 of the 69 within reach.
    events[18 + 4, 20 + 2], events[0, 0] = 1, 99
    within, rim = 69 / GRID.inside.size, 8 / GRID.inside.size
    p_high, p_low = people_tails(smoother, events, people, cells=np.array([np.ravel_multi_index((18, 20), GRID.shape)]))
    exact = (1 - within) ** 100 + 100 * rim * (1 - within) ** 99
    assert p_low[0] == pytest.approx(exact, rel=0.02)
    assert p_high[0] == pytest.approx(1 - (1 - within) ** 100, rel=0.05)


def exact_label_tails(kernel: np.ndarray, *, far: int, number: int, labels: Labels) -> tuple[np.ndarray, ...]:
    """Return sums x and both exact tails where events near have these kernel values, rounded to thousandths or so.

    A transform in two dimensions, of the sum and of the number of labels near; the labels far are binomial, and the
    condition on the number of all divides by its own chance.
    """
    steps, most, top = 2**13, 64, 24.0
    turn = np.exp(-2j * np.pi * np.arange(most) / most)[:, None]
    spectrum = np.ones((most, steps + 1), dtype=complex)
    for k in np.rint(kernel / top * steps):
        wave = np.exp(-2j * np.pi * np.arange(steps + 1) * k / (2 * steps))[None, :]
        spectrum *= 1 - labels.share + labels.share * turn * wave
    joint = np.maximum(np.fft.irfft(np.fft.ifft(spectrum, axis=0), 2 * steps, axis=1)[:, :steps], 0)
    weights = stats.binom.pmf(number - np.arange(most), far, labels.share) if labels.fixed else np.ones(most)
    chance = weights @ joint
    chance /= chance.sum()
    return np.arange(steps) * top / steps, np.cumsum(chance[::-1])[::-1], np.cumsum(chance)


@pytest.mark.parametrize("fixed", [True, False])
@pytest.mark.parametrize("away", [1_000, 20])
def test_far_tails_of_labels_are_exact_to_a_few_per_cent(fixed, away):
    """50 events near and many, or few, far; labels gathered at the cell more and more, the places of all staying."""
    smoother, rng, at = (
        Smoother(GRID, "quartic", 900.0),
        np.random.default_rng(15),
        np.ravel_multi_index((18, 20), GRID.shape),
    )
    squared = (GRID.across - GRID.across[20]) ** 2 + ((GRID.down - GRID.down[18]) ** 2)[:, None]
    kernel = np.maximum(1 - squared / 900.0**2, 0).ravel() ** 2
    near = rng.choice(np.flatnonzero(kernel > 0), 50, replace=False)
    places = np.concatenate([near, rng.choice(np.flatnonzero(kernel == 0), away)])
    number = int(0.3 * len(places))
    labels, found, sums = Labels(number / len(places), fixed), [], []
    for tilt in (-8, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6):
        # The k places with the least of exponential times: each with a chance in proportion to exp(tilt x kernel).
        order = np.argsort(rng.exponential(size=len(places)) / np.exp(tilt * kernel[places]))
        first, second = (
            np.bincount(places[some], minlength=GRID.inside.size).reshape(GRID.shape).astype(float)
            for some in (order[:number], order[number:])
        )
        found.append(np.ravel(label_tails(smoother, first, second, labels=labels, cells=np.array([at]))))
        sums.append(smoother.sums(first)[at])
    x, high, low = exact_label_tails(kernel[near], far=away, number=number, labels=labels)
    exact = np.column_stack([np.exp(np.interp(sums, x, np.log(np.maximum(tail, 1e-300)))) for tail in (high, low)])
    usual, rare = (exact > 1e-5) & (exact < 0.6), (exact > 1e-8) & (exact <= 1e-5)
    error = np.abs(np.array(found) / exact - 1)
    print(f"held {fixed}, {away} far: error {error[usual].max():.1%} to 1e-5, {error[rare].max():.1%} to 1e-8")
    assert error[usual].max() < 0.1
    assert error[rare].max() < 0.35
