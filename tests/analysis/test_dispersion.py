"""The robust dispersion: right on null maps, hardly moved by real hotspots."""

from __future__ import annotations

import numpy as np
import pytest

from hotspots.analysis.dispersion import dispersion_bounds, robust_dispersion


def overdispersed(rng, expected, dispersion):
    if dispersion == 1:
        return rng.poisson(expected).astype(float)
    return rng.poisson(rng.gamma(expected / (dispersion - 1)) * (dispersion - 1)).astype(float)


@pytest.mark.parametrize("mean", [0.5, 5.0, 80.0])
@pytest.mark.parametrize("dispersion", [1.0, 1.5, 4.0])
def test_finds_the_dispersion_that_was_put_in(mean, dispersion):
    rng = np.random.default_rng(42)
    found = []
    for _ in range(12):
        expected = mean * rng.gamma(8, 1 / 8, 1_700)
        found.append(robust_dispersion(overdispersed(rng, expected, dispersion), expected))
    error = np.std(found) / np.sqrt(12)
    assert np.mean(found) == pytest.approx(dispersion, abs=4 * error + 0.02)


def test_hotspots_hardly_inflate_it():
    rng = np.random.default_rng(43)
    expected = np.full(1_700, 60.0)
    counts = overdispersed(rng, expected, 1.5)
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
    counts = overdispersed(rng, expected, 2.0)
    low, high = np.where(counts <= 7, np.minimum(counts, 1), counts), np.where((counts > 0) & (counts <= 7), 7, counts)
    smallest, largest = dispersion_bounds(low, high, expected)
    for _ in range(20):
        fill = rng.integers(low.astype(int), high.astype(int) + 1).astype(float)
        assert smallest - 1e-9 <= robust_dispersion(fill, expected) <= largest + 1e-9
