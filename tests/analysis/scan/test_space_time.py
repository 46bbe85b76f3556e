"""Scans in space and time: likelihood ratios by hand, every cylinder, every map and every permutation of small data."""

from itertools import permutations, product

import numpy as np
import pandas as pd
import pytest
from worlds import identified, make_grid

from hotspots.analysis.scan import scan_space_time
from hotspots.analysis.scan.cylinders import CylinderSearch, runs_of
from hotspots.analysis.scan.reference.zones import Zones, circular_zones
from hotspots.analysis.scan.run_models import PermutedPeriods, PoissonPeriods
from hotspots.errors import AnalysisError
from hotspots.model import PeriodCounts

MONTHS = [f"2019-{month:02d}" for month in range(1, 13)]
DAYS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], dtype=float)


def by_month(area, values, **words):
    """Return counts by month of 2019, by position."""
    table = pd.DataFrame(values, index=area.ids, columns=MONTHS[: np.shape(values)[1]])
    return identified(PeriodCounts, area, table, by="month", **{"release": "open"} | words)


def four_places():
    """Return circles of up to two of four places on a line, from each of them."""
    order = np.array([[0, 1], [1, 0], [2, 3], [3, 2]], dtype=np.int32)
    return Zones(order, np.ones((4, 2), dtype=bool))


def ratio_by_hand(inside, expected, total):
    """Return log (c / m)^c ((C - c) / (C - m))^(C - c), where there are two events and more than expected."""
    if inside < 2 or inside <= expected:
        return 0.0
    rest = total - inside
    return inside * np.log(inside / expected) + (rest * np.log(rest / (total - expected)) if rest else 0.0)


def highest_by_hand(zones, runs, model, counts):
    """Return the highest likelihood ratio of all cylinders, one by one, with its areas and its run."""
    best = (0.0, (), ())
    for centre, last in np.argwhere(zones.ends):
        members = zones.members(centre, last)
        for start, end in runs:
            inside = counts[members, start:end].sum()
            parts = model.areas[members].sum() / model.areas.sum(), model.periods[start:end].sum() / model.periods.sum()
            value = ratio_by_hand(inside, counts.sum() * parts[0] * parts[1], counts.sum())
            if value > best[0] * (1 + 1e-12):
                best = value, tuple(sorted(members.tolist())), (start, end)
    return best


@pytest.mark.parametrize("kind", ["poisson", "permutation"])
@pytest.mark.parametrize("prospective", [False, True])
def test_the_most_likely_cluster_is_the_highest_of_all_cylinders(kind, prospective):
    rng = np.random.default_rng(4)
    area = make_grid(4, 4)
    area = area.with_population(pd.Series(rng.integers(500, 2_000, 16).astype(float), index=area.ids))
    counts = rng.poisson(2, (16, 7)).astype(float)
    counts[[5, 6, 9], 4:7] += 6
    found = scan_space_time(by_month(area, counts), model=kind, prospective=prospective, share=0.4, draws=50)
    people = area.areas["population"].to_numpy()
    if kind == "poisson":
        model = PoissonPeriods(people, DAYS[:7], int(counts.sum()))
    else:
        model = PermutedPeriods(counts.sum(axis=1), counts.sum(axis=0))
    centres = area.areas.geometry.centroid
    zones = circular_zones(np.column_stack([centres.x, centres.y]), model.areas, share=0.4)
    # Half of seven months are three.
    runs = [(s, e) for s in range(7) for e in range(s + 1, 8) if e - s <= 3 and (e == 7 or not prospective)]
    assert runs_of(np.arange(7), longest=3, prospective=prospective) == sorted(runs, key=lambda run: (run[1], run[0]))
    value, members, run = highest_by_hand(zones, runs, model, counts)
    first = found.table.iloc[0]
    assert first["statistic_low"] == pytest.approx(value, rel=1e-12)
    assert first["area_ids"].split() == [str(one) for one in area.ids[list(members)]]
    assert (first["start"][:7], first["end"][:7]) == (MONTHS[run[0]], MONTHS[run[1] - 1])
    inside = counts[list(members), slice(*run)].sum()
    share = model.areas[list(members)].sum() / model.areas.sum() * model.periods[slice(*run)].sum()
    expected = counts.sum() * share / model.periods.sum()
    assert (first["observed_low"], first["expected_low"]) == (inside, pytest.approx(expected))
    assert first["ratio_high"] == pytest.approx(inside / expected)
    assert first["periods"] == run[1] - run[0]
    assert first["alive"] == ("yes" if run[1] == 7 else "no")
    assert found.provenance.cylinders_compared == len(runs) * len(zones)


def exact_maxima(zones, runs, model, maps):
    return np.array([highest_by_hand(zones, runs, model, one)[0] for one in maps])


def check_chances(search, values, chances):
    """Hold bound and estimate against the exact chance of a maximum at least as high."""
    for statistic in np.unique(np.quantile(values[values > 0], [0.2, 0.6, 0.95])):
        right = chances[values >= statistic * (1 - 1e-9)].sum()
        found = search.chance(statistic * (1 - 1e-9))
        assert found.bound >= right - 1e-12
        assert found.error < 0.06 * right
        assert abs(found.estimate - right) <= 4 * found.error + 1e-12


def test_poisson_p_values_are_those_of_every_map():
    """All 4,096 ways to place four events in four areas and two periods, of unlike people and days."""
    people, days, total = np.array([5.0, 3, 4, 6]), np.array([31.0, 28]), 4
    model, zones = PoissonPeriods(people, days, total), four_places()
    runs = runs_of(np.arange(2), longest=1, prospective=False)
    cells = np.outer(people, days).ravel() / (people.sum() * days.sum())
    maps, chances = [], []
    for placed in product(range(8), repeat=total):
        maps.append(np.bincount(placed, minlength=8).reshape(4, 2).astype(float))
        chances.append(np.prod(cells[list(placed)]))
    values = exact_maxima(zones, runs, model, maps)
    search = CylinderSearch(zones, runs, model, maps[0], 0.05, 1, 4_000, np.random.default_rng(1))
    check_chances(search, values, np.array(chances))


def test_permutation_p_values_are_those_of_every_permutation():
    """All 5,040 orders of the periods of seven events in four areas."""
    area, period = np.array([0, 0, 0, 1, 2, 3, 3]), np.array([0, 0, 1, 1, 1, 2, 2])
    model = PermutedPeriods(np.bincount(area).astype(float), np.bincount(period).astype(float))
    zones, runs = four_places(), runs_of(np.arange(3), longest=2, prospective=False)
    maps = []
    for order in permutations(period):
        one = np.zeros((4, 3))
        np.add.at(one, (area, np.array(order)), 1)
        maps.append(one)
    values = exact_maxima(zones, runs, model, maps)
    assert len(np.unique(values.round(9))) > 5
    search = CylinderSearch(zones, runs, model, maps[0], 0.05, 1, 4_000, np.random.default_rng(1))
    check_chances(search, values, np.full(len(maps), 1 / len(maps)))


def test_drawn_maps_have_the_count_and_the_margins_that_are_given():
    rng = np.random.default_rng(2)
    counts = rng.poisson(3, (6, 5)).astype(float)
    members = np.array([1, 4], dtype=np.int32)
    permuted = PermutedPeriods(counts.sum(axis=1), counts.sum(axis=0))
    poisson = PoissonPeriods(np.arange(1.0, 7), DAYS[:5], 40)
    for _ in range(20):
        drawn = permuted.draw(7, members, (1, 3), rng)
        assert (drawn.sum(axis=1) == counts.sum(axis=1)).all()
        assert (drawn.sum(axis=0) == counts.sum(axis=0)).all()
        assert drawn[members, 1:3].sum() == 7
        drawn = poisson.draw(9, members, (1, 3), rng)
        assert (drawn.sum(), drawn[members, 1:3].sum()) == (40, 9)


def test_runs_have_no_gap_and_end_where_they_should():
    # February is not covered.
    ordinals = np.array([0, 2, 3, 4])
    assert runs_of(ordinals, longest=3, prospective=False) == [(0, 1), (1, 2), (1, 3), (2, 3), (1, 4), (2, 4), (3, 4)]
    assert runs_of(ordinals, longest=2, prospective=True) == [(2, 4), (3, 4)]


def test_further_clusters_share_no_area_and_have_the_same_maximum():
    rng = np.random.default_rng(5)
    area = make_grid(6, 6, population=1_000)
    counts = rng.poisson(4, (36, 8)).astype(float)
    counts[[0, 1, 6], 1:3] += 25
    counts[[34, 35, 29], 5:8] += 20
    found = scan_space_time(by_month(area, counts), model="poisson", draws=200)
    assert len(found) == 2
    first, second = (set(ids.split()) for ids in found.table["area_ids"])
    assert not first & second
    assert {str(one) for one in area.ids[[0, 1, 6]]} in (first, second)
    assert {str(one) for one in area.ids[[29, 34, 35]]} in (first, second)
    # Given the events of areas and months, all other areas have few events in the months of the clusters, and so many
    # in the others.
    permuted = scan_space_time(by_month(area, counts), draws=200).table
    assert len(permuted) == 3
    assert permuted["start"].tolist() == ["2019-02-01", "2019-06-01", "2019-04-01"]
    assert (found.table["certainty"] == "certain").all()
    assert sorted(found.table["start"]) == ["2019-02-01", "2019-06-01"]
    assert sorted(found.table["end"]) == ["2019-03-31", "2019-08-31"]
    near = scan_space_time(by_month(area, counts), model="poisson", draws=200, radius=900.0)
    assert near.table["radius"].max() == 0


def test_scatter_between_places_and_between_times_is_no_cluster_of_the_permutation_model():
    """Areas of up to eight times the risk, and months of up to three times: what the Poisson model calls clusters."""
    area, found = make_grid(5, 5, population=1_000), {"permutation": 0, "poisson": 0}
    for seed in range(20):
        rng = np.random.default_rng(seed)
        mean = np.outer(rng.gamma(1.5, 4, 25), rng.gamma(4, 0.25, 6))
        counts = by_month(area, rng.poisson(mean).astype(float))
        for kind in found:
            least = scan_space_time(counts, model=kind, draws=100, most=1).table["p_high"]
            found[kind] += bool((least <= 0.05).any())
    assert found["poisson"] == 20
    # More than four of twenty at 5%: a chance of 0.003.
    assert found["permutation"] <= 4


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"model": "bernoulli"}, "no model 'bernoulli'"),
        ({"longest": 0.95}, "can't last 95% of the time"),
        ({"share": 0.6}, "can't hold 60%"),
        ({"model": "poisson"}, "needs a population"),
        ({"most": 0}, "at least one cluster"),
    ],
)
def test_what_can_not_be_asked_is_refused(asked, said):
    counts = by_month(make_grid(4, 4), np.ones((16, 6)))
    with pytest.raises(AnalysisError, match=said):
        scan_space_time(counts, **asked)


def test_too_few_periods_or_events_are_refused():
    area = make_grid(4, 4)
    with pytest.raises(AnalysisError, match="too few periods"):
        scan_space_time(by_month(area, np.ones((16, 2))))
    with pytest.raises(AnalysisError, match="too few events"):
        scan_space_time(by_month(area, np.zeros((16, 6))))
