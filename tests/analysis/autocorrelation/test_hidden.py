"""Hidden counts through the faces: bounds and certainties against every fill of small maps. The slack is printed."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from worlds import make_counts, make_grid

from hotspots.analysis.autocorrelation.local_statistics import getis_ord, local_moran
from hotspots.analysis.autocorrelation.neighbours import link_neighbours
from hotspots.analysis.autocorrelation.reference.fourier import NUMERICAL_ERROR

TAILS = ("p_hot", "p_cold")


def hidden_world(seed: int, *, hidden: int = 5, hot: float = 14.0):
    """Return a map of 5 by 5 areas with a hot corner and hidden counts of two or three values, and its neighbours."""
    rng = np.random.default_rng(seed)
    area = make_grid(5, 5)
    area = area.with_population(pd.Series(rng.integers(600, 1800, 25).astype(float), index=area.ids))
    low = rng.poisson(3.0, 25)
    low[[0, 1, 5, 6]] += rng.poisson(hot, 4)
    high = low.copy()
    high[rng.choice(25, hidden, replace=False)] += rng.integers(1, 3, hidden)
    return area, link_neighbours(area), low, high


def all_fills(method, world, **options):
    """Return the tables of every fill of the hidden counts."""
    area, links, low, high = world
    fills = itertools.product(*[range(a, b + 1) for a, b in zip(low, high, strict=True)])
    return [method(make_counts(area, np.array(fill)), links, **options).table for fill in fills]


def of_intervals(method, world, **options):
    area, links, low, high = world
    return method(make_counts(area, low, high), links, **options).table


def extremes(tables, column):
    values = np.array([table[column].to_numpy() for table in tables])
    return values.min(axis=0), values.max(axis=0)


@pytest.mark.parametrize("with_self", [True, False])
@pytest.mark.parametrize("null", ["randomisation", "constant-risk"])
def test_one_sided_bounds_are_the_extremes_over_all_fills(null, with_self):
    for seed in (1, 2):
        world = hidden_world(seed)
        options = {"null": null, "with_self": with_self, "adjustment": "none"}
        tables, found = all_fills(getis_ord, world, **options), of_intervals(getis_ord, world, **options)
        for tail in TAILS:
            least, most = extremes(tables, f"{tail}_high")
            assert found[f"{tail}_low"].to_numpy() == pytest.approx(least, abs=1.1 * NUMERICAL_ERROR, rel=1e-9)
            assert found[f"{tail}_high"].to_numpy() == pytest.approx(most, abs=1.1 * NUMERICAL_ERROR, rel=1e-9)
        least, most = extremes(tables, "p_high")
        assert (found["p_low"] <= least + 1e-11).all()
        assert (found["p_high"] >= most - 1e-11).all()
        slack = max(float((most - found["p_high"]).abs().max()), float((least - found["p_low"]).abs().max()))
        print(f"{null}, with self {with_self}: two-sided bounds wider than all fills by at most {slack:.3f}")


@pytest.mark.parametrize("null", ["exchangeable-risk", "scattered-risk"])
@pytest.mark.parametrize(("seed", "hot"), [(3, 14.0), (104, 20.0), (109, 8.0)])
def test_an_estimated_scatter_is_bounded_from_outside(seed, hot, null):
    world = hidden_world(seed, hidden=4, hot=hot)
    options = {"null": null, "adjustment": "none"}
    tables, found = all_fills(getis_ord, world, **options), of_intervals(getis_ord, world, **options)
    for tail in (*TAILS, "p"):
        least, most = extremes(tables, f"{tail}_high")
        # A tail near one half is the only one that does not rise or fall with the dispersion throughout.
        half = 0.8 if tail == "p" else 0.4
        assert (found[f"{tail}_low"] <= least + np.where(least < half, 1e-9, 1e-3)).all()
        assert (found[f"{tail}_high"] >= most - np.where(most < half, 1e-9, 1e-3)).all()
        print(f"{null}, {tail}: wider by at most {(found[f'{tail}_high'] - most).max():.3f} above")


@pytest.mark.parametrize("adjustment", ["benjamini-hochberg", "benjamini-hochberg-apart", "bonferroni"])
@pytest.mark.parametrize(
    ("method", "null"),
    [
        (getis_ord, "randomisation"),
        (getis_ord, "constant-risk"),
        (getis_ord, "exchangeable-risk"),
        (getis_ord, "scattered-risk"),
        (local_moran, "scattered-risk"),
        (local_moran, "randomisation"),
        (local_moran, "constant-risk"),
    ],
)
def test_what_is_certain_holds_in_every_fill(method, null, adjustment):
    """Certain areas are significant, on their side, in all fills; those that never are, in none."""
    certain = never = 0
    for seed in (4, 5):
        world = hidden_world(seed, hidden=4, hot=25.0)
        options = {"null": null, "adjustment": adjustment, "level": 0.1}
        found = of_intervals(method, world, **options)
        classes = np.array(
            [table["class"].str.split("_9").str[0].to_numpy() for table in all_fills(method, world, **options)]
        )
        flagged = classes != "not_significant"
        sure = (found["certainty"] == "certain").to_numpy()
        out = (found["certainty"] == "never").to_numpy()
        assert flagged[:, sure].all()
        assert not flagged[:, out].any()
        side = found["class"].str.split("_9").str[0].to_numpy()
        assert (classes[:, sure] == side[sure]).all()
        certain, never = certain + int(sure.sum()), never + int(out.sum())
    print(f"{method.__name__}, {null}, {adjustment}: {certain} certain and {never} never of 50")
    assert never > 0
    if null == "constant-risk":
        assert certain > 0


@pytest.mark.parametrize("null", ["randomisation", "constant-risk"])
def test_with_known_totals_the_bounds_are_outer_ones(null):
    """Totals of the two authorities narrow the intervals; every fill that has them lies within the bounds."""
    from hotspots.analysis.counts.reconcile_totals import tighten_counts

    area, links, low, high = hidden_world(6, hidden=6)
    truth = np.where(low < high, low + 1, low)
    codes = area.areas["la_code"].to_numpy()
    totals = {code: (float(truth[codes == code].sum()),) * 2 for code in np.unique(codes)}
    tight = tighten_counts(make_counts(area, low, high), totals)
    options = {"null": null, "adjustment": "none"}
    wide, found = of_intervals(getis_ord, (area, links, low, high), **options), getis_ord(tight, links, **options).table
    fills = itertools.product(*[range(a, b + 1) for a, b in zip(low, high, strict=True)])
    fits = [fill for fill in map(np.array, fills) if all(fill[codes == c].sum() == t[0] for c, t in totals.items())]
    assert len(fits) > 1
    tables = [getis_ord(make_counts(area, fill), links, **options).table for fill in fits]
    for tail in (*TAILS, "p"):
        least, most = extremes(tables, f"{tail}_high")
        assert (found[f"{tail}_low"] <= least + 1e-11).all()
        assert (found[f"{tail}_high"] >= most - 1e-11).all()
        assert (found[f"{tail}_high"] <= wide[f"{tail}_high"] + 1e-11).all()
        print(f"{null}, {tail}: wider than the {len(fits)} fills by at most {(found[f'{tail}_high'] - most).max():.3f}")
