"""The robust dispersion: right on null maps, hardly moved by real hotspots."""

from __future__ import annotations

import numpy as np
import pytest

from hotspots.analysis.common.dispersion import dispersion_bounds, robust_dispersion


def one_spread(rng, expected, dispersion):
    """Gamma risks of one shape; `dispersion` is variance over mean at the average expected count."""
    if dispersion == 1:
        return rng.poisson(expected).astype(float)
    shape = expected.mean() / (dispersion - 1)
    return rng.poisson(expected * rng.gamma(shape, 1 / shape, len(expected))).astype(float)


def proportional(rng, expected, dispersion):
    """Gamma risks whose variance falls with size, so that every count's variance is `dispersion` times its mean."""
    return rng.poisson(rng.gamma(expected / (dispersion - 1)) * (dispersion - 1)).astype(float)


def right_on_average(found, truth):
    error = np.std(found) / np.sqrt(len(found))
    return np.mean(found) == pytest.approx(truth, abs=4 * error + 0.02)


@pytest.mark.parametrize("mean", [0.5, 5.0, 80.0])
@pytest.mark.parametrize("dispersion", [1.0, 1.5, 4.0])
def test_finds_the_dispersion_that_was_put_in(mean, dispersion):
    rng = np.random.default_rng(42)
    found = []
    for _ in range(12):
        expected = mean * rng.gamma(8, 1 / 8, 1_700)
        found.append(robust_dispersion(one_spread(rng, expected, dispersion), expected))
    assert right_on_average(found, dispersion)


def test_small_areas_beside_very_large_ones():
    """From 1 to some 10,000 events: large counts are summed in strides, small ones are not."""
    rng = np.random.default_rng(45)
    expected = np.geomspace(1, 10_000, 600)
    shape = 20.0
    truth = 1 + expected.mean() / shape
    found = [robust_dispersion(one_spread(rng, expected, truth), expected) / truth for _ in range(12)]
    assert right_on_average(found, 1.0)


def test_another_form_of_scatter_can_be_asked_for():
    rng = np.random.default_rng(46)
    expected = 30 * rng.lognormal(0, 0.7, 1_700)
    found = [robust_dispersion(proportional(rng, expected, 3), expected, relative=np.ones(1_700)) for _ in range(12)]
    assert right_on_average(found, 3.0)


def test_both_forms_are_one_where_areas_are_alike():
    rng = np.random.default_rng(47)
    expected = np.full(400, 9.0)
    counts = one_spread(rng, expected, 2.0)
    assert robust_dispersion(counts, expected) == pytest.approx(
        robust_dispersion(counts, expected, relative=np.ones(400)), rel=1e-9
    )


def test_hotspots_hardly_inflate_it():
    rng = np.random.default_rng(43)
    expected = np.full(1_700, 60.0)
    counts = one_spread(rng, expected, 1.5)
    clean = robust_dispersion(counts, expected)
    counts[:60] *= 3
    plain = float(((counts - expected) ** 2 / expected).mean())
    assert plain > 8
    assert robust_dispersion(counts, expected) < 1.25 * clean


def test_too_regular_counts_give_one():
    assert robust_dispersion(np.full(50, 4.0), np.full(50, 4.0)) == 1.0


def test_bounds_hold_every_fill():
    rng = np.random.default_rng(44)
    expected = np.full(300, 6.0)
    counts = one_spread(rng, expected, 2.0)
    low, high = np.where(counts <= 7, np.minimum(counts, 1), counts), np.where((counts > 0) & (counts <= 7), 7, counts)
    smallest, largest = dispersion_bounds(low, high, expected)
    for _ in range(20):
        fill = rng.integers(low.astype(int), high.astype(int) + 1).astype(float)
        assert smallest - 1e-9 <= robust_dispersion(fill, expected) <= largest + 1e-9
