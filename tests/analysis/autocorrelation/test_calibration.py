"""What the tests flag on maps where nothing is planted, and what they find where something is. Figures are printed."""

from __future__ import annotations

import numpy as np
import pytest
from worlds import make_counts, make_grid

from hotspots.analysis.autocorrelation.local_statistics import getis_ord
from hotspots.analysis.autocorrelation.neighbours import link_neighbours

SIDE, MAPS = 18, 40


@pytest.fixture(scope="module")
def world():
    """Return a map of 324 areas with a population that clusters (a city in the middle), and its neighbours."""
    area = make_grid(SIDE, SIDE)
    row, column = np.divmod(np.arange(SIDE * SIDE), SIDE)
    away = np.hypot(row - SIDE / 2, column - SIDE / 2)
    import pandas as pd

    people = 600 + 2600 * np.exp(-((away / 5) ** 2))
    area = area.with_population(pd.Series(people, index=area.ids))
    return area, link_neighbours(area), people


def shares(world, draw, null, *, adjustment="none", seed=5):
    """Return the share of areas flagged on each of the maps, hot or cold, at 5 %."""
    area, neighbours, _ = world
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(MAPS):
        table = getis_ord(make_counts(area, draw(rng)), neighbours, null=null, adjustment=adjustment).table
        found.append(float((table["p_adjusted_high"] <= 0.05).mean()))
    return np.array(found)


def within_level(found: np.ndarray) -> bool:
    """Whether the mean over maps is at most 5 % but for its Monte Carlo error (99 %)."""
    return bool(found.mean() <= 0.05 + 2.58 * found.std(ddof=1) / np.sqrt(len(found)))


def test_constant_risk_with_a_clustered_population(world):
    people = world[2]

    def draw(rng):
        return rng.poisson(people * 0.005)

    right = shares(world, draw, "constant-risk")
    careful = shares(world, draw, "exchangeable-risk")
    counts_alone = shares(world, draw, "randomisation")
    print(f"constant risk: {right.mean():.3f}, exchangeable {careful.mean():.3f}, raw counts {counts_alone.mean():.3f}")
    assert within_level(right)
    assert right.mean() > 0.03
    assert within_level(careful)
    assert counts_alone.mean() > 0.3  # raw counts show where people live


def test_scattered_risk_with_a_clustered_population(world):
    people = world[2]

    def draw(rng):
        # Variance of every count 3 times its mean: not the model of exchangeable risk, but near it.
        mean = people * 0.005
        return rng.poisson(rng.gamma(mean / 2) * 2)

    right = shares(world, draw, "exchangeable-risk")
    wrong = shares(world, draw, "constant-risk")
    print(f"scattered risk: exchangeable {right.mean():.3f}, constant {wrong.mean():.3f}")
    assert within_level(right)
    assert right.mean() > 0.03
    assert wrong.mean() > 0.15


def test_scatter_of_common_shape_is_held_too(world):
    """Gamma risks of one shape for all areas, large or small: the model of exchangeable risk."""
    people = world[2]

    def draw(rng):
        return rng.poisson(people * 0.005 * rng.gamma(4, 1 / 4, len(people)))

    found = shares(world, draw, "exchangeable-risk")
    print(f"common shape: exchangeable {found.mean():.3f}")
    assert within_level(found)


def tenfold(rng, n):
    """Return ten times the risk in one area of a hundred."""
    risk = np.ones(n)
    risk[rng.choice(n, n // 100, replace=False)] = 10
    return risk


LONG_TAILS = {
    "lognormal 0.8": lambda rng, n: rng.lognormal(-0.32, 0.8, n),
    "1 in 100 at tenfold": tenfold,
    "half at none": lambda rng, n: np.where(rng.random(n) < 0.5, 0.0, 2.0),
    "a third at threefold": lambda rng, n: np.where(rng.random(n) < 1 / 3, 3.0, 1.0),
    "constant": lambda rng, n: np.ones(n),
}


@pytest.mark.parametrize("risks", LONG_TAILS)
def test_any_scatter_of_risks_is_held(world, risks):
    """The default: whatever the distribution of risks, areas and maps are flagged at most at the level."""
    people = world[2]

    def draw(rng):
        return rng.poisson(20 * people / people.mean() * LONG_TAILS[risks](rng, len(people)))

    area, neighbours, _ = world
    rng, maps = np.random.default_rng(5), 30
    tables = [getis_ord(make_counts(area, draw(rng)), neighbours).table for _ in range(maps)]
    assert set(tables[0]["null"]) == {"scattered-risk"}
    found = np.array([float((table["p_high"] <= 0.05).mean()) for table in tables])
    with_any = float(np.mean([bool((table["p_adjusted_high"] <= 0.05).any()) for table in tables]))
    print(f"{risks}: {found.mean():.3f} of areas before adjustment, {with_any:.3f} of maps after")
    assert within_level(found)
    assert found.mean() > 0.02
    assert with_any <= 0.05 + 2.58 * np.sqrt(0.05 * 0.95 / maps)
    if risks == "1 in 100 at tenfold":
        # A gamma is no model of it: the windows around such an area are hot.
        assert not within_level(shares(world, draw, "exchangeable-risk"))


def test_equal_people_and_random_counts_under_randomisation():
    area = make_grid(SIDE, SIDE)
    world = area, link_neighbours(area), None
    found = shares(world, lambda rng: rng.poisson(4.0, SIDE * SIDE), "randomisation")
    print(f"randomisation: {found.mean():.3f}")
    assert within_level(found)
    assert found.mean() > 0.03


def test_false_discoveries_are_held_on_null_maps(world):
    """On a map with nothing planted any hot or cold area is false: maps with one should be at most 5 %."""
    people = world[2]

    def draw(rng):
        mean = people * 0.005
        return rng.poisson(rng.gamma(mean / 2) * 2)

    found = shares(world, draw, "exchangeable-risk", adjustment="benjamini-hochberg-apart", seed=6)
    wrong = float((found > 0).mean())
    print(f"maps with a false discovery after Benjamini-Hochberg: {wrong:.3f} of {MAPS}")
    assert wrong <= 0.05 + 2.58 * np.sqrt(0.05 * 0.95 / MAPS)


@pytest.mark.parametrize(("risk", "least"), [(1.3, 0.0), (1.6, 0.02), (2.0, 0.3)])
def test_planted_hotspots_are_found_and_little_else(world, risk, least):
    """A hotspot of 9 areas: share found, and share of hot areas whose window holds no planted one."""
    area, neighbours, people = world
    planted = np.zeros((SIDE, SIDE), dtype=bool)
    planted[3:6, 3:6] = True
    planted = planted.ravel()
    near = (neighbours.matrix(with_self=True) @ planted.astype(float)) > 0
    rng = np.random.default_rng(7)
    found, false = [], []
    for _ in range(MAPS):
        mean = people * 0.012 * np.where(planted, risk, 1.0)
        counts = make_counts(area, rng.poisson(rng.gamma(mean / 0.6) * 0.6))
        hot = area.ids.isin(getis_ord(counts, neighbours).hot())
        found.append(hot[planted].mean())
        false.append((hot & ~near).sum() / max(1, hot.sum()))
    print(f"relative risk {risk}: found {np.mean(found):.2f}, false discovery rate {np.mean(false):.3f}")
    assert np.mean(found) >= least
    assert np.mean(false) <= 0.05 + 2.58 * np.std(false) / np.sqrt(MAPS)


# --------------------------------------------------------------------------- hot and cold counted apart

PLANTED_MAPS = 60
ONE_FAMILY, APART = "benjamini-hochberg", "benjamini-hochberg-apart"
HOT_BLOCK, COLD_BLOCK = np.zeros((2, SIDE, SIDE), dtype=bool)
HOT_BLOCK[3:6, 3:6] = True
COLD_BLOCK[11:15, 10:14] = True


def counts_of(null, people, risk):
    """Return how counts are drawn so that, but for the planted areas, the null holds."""

    def draw(rng):
        mean = 10.0 * risk if null == "randomisation" else people * 0.012 * risk
        # Under exchangeable risk the variance of a count is 3 times its mean.
        return rng.poisson(rng.gamma(mean / 2) * 2 if null == "exchangeable-risk" else mean)

    return draw


def false_discoveries(world, null, *, hot_risk, cold_risk, seed, adjustment=ONE_FAMILY):
    """Return (maps, 5): false shares of hot and of cold areas, shares of planted ones found, false share of all found.

    A hot area is false if no hot one was planted in its window, a cold area if no cold one was; none planted, all are.
    """
    area, neighbours, people = world
    hot_planted, cold_planted = HOT_BLOCK.ravel() & (hot_risk != 1), COLD_BLOCK.ravel() & (cold_risk != 1)
    window = neighbours.matrix(with_self=True)
    near_hot, near_cold = (window @ planted.astype(float) > 0 for planted in (hot_planted, cold_planted))
    draw = counts_of(null, people, np.where(hot_planted, hot_risk, np.where(cold_planted, cold_risk, 1.0)))
    rng, rows = np.random.default_rng(seed), []
    for _ in range(PLANTED_MAPS):
        table = getis_ord(make_counts(area, draw(rng)), neighbours, null=null, adjustment=adjustment).table
        found = table["class"].isin(["hot_95", "hot_99"]), table["class"].isin(["cold_95", "cold_99"])
        hot, cold = (f.to_numpy() for f in found)
        rows.append([
            (hot & ~near_hot).sum() / max(1, hot.sum()),
            (cold & ~near_cold).sum() / max(1, cold.sum()),
            hot[hot_planted].mean() if hot_planted.any() else 0.0,
            cold[cold_planted].mean() if cold_planted.any() else 0.0,
            ((hot & ~near_hot) | (cold & ~near_cold)).sum() / max(1, (hot | cold).sum()),
        ])  # fmt: skip
    return np.array(rows)


def print_rates(words, found):
    """Print both rates with their standard errors over maps."""
    (hot, cold, hot_found, cold_found, _), error = found.mean(axis=0), found.std(axis=0, ddof=1) / np.sqrt(len(found))
    print(
        f"{words}, {len(found)} maps: false among hot {hot:.3f} ± {error[0]:.3f}, among cold {cold:.3f} ± "
        f"{error[1]:.3f}; found {hot_found:.2f} of the hot, {cold_found:.2f} of the cold"
    )


@pytest.mark.parametrize(
    ("null", "least"), [("exchangeable-risk", 0.15), ("constant-risk", 0.8), ("randomisation", 0.5)]
)
def test_false_discoveries_are_held_hot_and_cold_apart(world, null, least):
    """Both planted; adjusted apart, each direction is held. What one family gives is printed beside it."""
    one_family = false_discoveries(world, null, hot_risk=2.0, cold_risk=0.4, seed=8)
    print_rates(f"{null}, both planted, one family", one_family)
    found = false_discoveries(world, null, hot_risk=2.0, cold_risk=0.4, seed=8, adjustment=APART)
    print_rates(f"{null}, both planted, apart", found)
    assert within_level(found[:, 0]), "hot"
    assert within_level(found[:, 1]), "cold"
    # One family holds the share of false ones among all that is found.
    assert within_level(one_family[:, 4])
    assert found[:, 2].mean() > least
    assert found[:, 3].mean() > least
    assert found[:, 2].mean() <= one_family[:, 2].mean()


@pytest.mark.parametrize(
    ("null", "hot_risk", "cold_risk"),
    [("randomisation", 1.0, 0.4), ("constant-risk", 2.0, 1.0), ("exchangeable-risk", 1.0, 0.4)],
)
def test_much_of_one_direction_does_not_pay_for_the_other(world, null, hot_risk, cold_risk):
    """Only hot, or only cold, areas planted: all of the other direction are false. One family does not hold them."""
    one_family = false_discoveries(world, null, hot_risk=hot_risk, cold_risk=cold_risk, seed=9)
    print_rates(f"{null}, {hot_risk:g} and {cold_risk:g}, one family", one_family)
    found = false_discoveries(world, null, hot_risk=hot_risk, cold_risk=cold_risk, seed=9, adjustment=APART)
    print_rates(f"{null}, {hot_risk:g} and {cold_risk:g}, apart", found)
    other = 1 if hot_risk > 1 else 0
    assert within_level(found[:, other])
    assert one_family[:, other].mean() > 0.05  # why there is an adjustment apart
    assert within_level(one_family[:, 4])


# --------------------------------------------------------------------------- small counts: ties and mid-p


@pytest.mark.parametrize(("rule", "with_self", "exact_at_most"), [("queen", True, 0.04), ("rook", False, 0.025)])
def test_ties_make_the_exact_test_careful_and_mid_p_less_so(rule, with_self, exact_at_most):
    """Poisson counts of mean 0.5 on 1,600 areas: windows sum to a few events, and a single sum can weigh over 10 %.

    The usual pseudo p-value takes the smaller of P(S >= s) and P(S < s), undoubled: ties count on the hot side only.
    With four neighbours P(S = 0) = exp(-2) = 13.5 %, of which it says 0.
    """
    area = make_grid(40, 40)
    neighbours = link_neighbours(area, rule=rule)
    rng, rows = np.random.default_rng(11), []
    for _ in range(12):
        counts = make_counts(area, rng.poisson(0.5, len(area)))
        exact, mid = (
            getis_ord(counts, neighbours, with_self=with_self, adjustment="none", mid_p=mid_p).table
            for mid_p in (False, True)
        )
        smaller = exact[["p_hot_high", "p_cold_high"]].min(axis=1)
        usual = np.minimum(exact["p_hot_high"], 1 - exact["p_hot_high"])
        rows.append([(p <= 0.05).mean() for p in (exact["p_high"], mid["p_high"], smaller, usual)])
    rows = np.array(rows)
    exact, mid, smaller, usual = rows.mean(axis=0)
    print(f"{rule}: exact {exact:.3f}, mid-p {mid:.3f}, smaller tail {smaller:.3f}, usual pseudo p-value {usual:.3f}")
    assert 0.01 < exact < exact_at_most
    assert exact <= mid
    assert within_level(rows[:, 1])
    assert usual > 0.1
    if rule == "queen":
        assert mid > exact + 0.005
        assert mid > 0.035
