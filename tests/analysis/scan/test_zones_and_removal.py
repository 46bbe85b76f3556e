"""Elliptic zones against their geometry, p-values over them against all maps, and clusters sought after removal."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.stats import betabinom, binom, hypergeom
from worlds import make_counts, make_grid

from hotspots.analysis.scan import scan_clusters
from hotspots.analysis.scan.clusters import _zones_of
from hotspots.analysis.scan.reference.exceedance import exceed
from hotspots.analysis.scan.reference.maximum import chance_of_maximum
from hotspots.analysis.scan.reference.zone_models import Bernoulli, ConstantRisk, ExchangeableRisk
from hotspots.analysis.scan.reference.zones import Zones, circular_zones, elliptic_zones
from hotspots.errors import AnalysisError
from hotspots.model import Identity, StudyArea


def scattered_points(number, seed):
    return np.random.default_rng(seed).uniform(0, 10_000, (number, 2))


def test_shapes_and_directions_are_those_of_satscan():
    """Shapes 1, 1.5, 2, 3, 4 and 5 in 1, 4, 6, 9, 12 and 15 directions: 47 a centre."""
    zones = elliptic_zones(scattered_points(12, 1), np.ones(12))
    pairs, number = np.unique(np.column_stack([zones.shapes, zones.angles]), axis=0, return_counts=True)
    assert number.tolist() == [12] * 47
    shapes, directions = np.unique(pairs[:, 0], return_counts=True)
    assert dict(zip(shapes.tolist(), directions.tolist(), strict=True)) == {1: 1, 1.5: 4, 2: 6, 3: 9, 4: 12, 5: 15}
    assert sorted(pairs[pairs[:, 0] == 1.5, 1]) == [0, 45, 90, 135]
    # Medium penalty: the square root of 4 s / (s + 1)^2, e.g. sqrt(12) / 4 for s = 3; 1 for a circle.
    of = dict(zip(zones.shapes.tolist(), zones.penalties.tolist(), strict=True))
    assert of[1.0] == 1
    assert of[3.0] == pytest.approx(12**0.5 / 4)


def test_a_zone_holds_what_lies_in_its_ellipse():
    points = scattered_points(30, 2)
    zones = elliptic_zones(points, np.ones(30), share=0.5)
    rng = np.random.default_rng(3)
    for row in rng.choice(len(zones.order), 15, replace=False):
        shape, angle = zones.form(int(row))
        last = int(rng.choice(np.flatnonzero(zones.ends[row])))
        members = zones.members(int(row), last)
        centre, farthest = points[members[0]], points[members[-1]]
        # The smallest ellipse of this form that reaches the last area: its longer half-axis by bisection.
        low, high = 0.0, 100_000.0
        for _ in range(60):
            half = (low + high) / 2
            circle = shapely.Point(0, 0).buffer(1, quad_segs=720)
            long = shapely.affinity.scale(circle, half, half / shape, origin=(0, 0))
            turned = shapely.affinity.rotate(long, angle, origin=(0, 0))
            ellipse = shapely.affinity.translate(turned, *centre)
            low, high = (low, half) if shapely.contains_xy(ellipse, *farthest) else (half, high)
        inside = set(np.flatnonzero(shapely.contains_xy(ellipse.buffer(0.2), *points.T)).tolist())
        assert inside == set(members.tolist())


def test_circles_are_among_the_ellipses():
    points, people = scattered_points(14, 4), np.random.default_rng(5).integers(1, 9, 14).astype(float)

    def sets(zones, rows):
        return {
            frozenset(zones.members(int(row), int(last)).tolist())
            for row in rows
            for last in np.flatnonzero(zones.ends[row])
        }

    circles, ellipses = circular_zones(points, people), elliptic_zones(points, people)
    assert sets(circles, range(14)) == sets(ellipses, np.flatnonzero(ellipses.shapes == 1))


@pytest.mark.parametrize("penalty", [0.0, 0.5])
def test_the_chance_of_the_maximum_over_ellipses_is_that_of_all_maps(penalty):
    """All 10,000 ways to place four events on ten places, each with its chance."""
    points = np.array([(x, y) for y in (0, 3) for x in (0, 1, 2.2, 3.1, 4.4)], dtype=float) * 1000
    people = np.array([5, 3, 4, 6, 2, 7, 3, 5, 4, 6], dtype=float)
    zones, model = elliptic_zones(points, people, penalty=penalty), ConstantRisk(people * 4 / people.sum(), 4)
    placed = np.array(list(product(range(10), repeat=4)))
    chances = (people / people.sum())[placed].prod(axis=1)
    maps = np.stack([(placed == area).sum(axis=1) for area in range(10)], axis=1).astype(float)
    size = zones.sums(model.size)
    forms = zones.penalties[:, None]
    largest = np.array([np.where(zones.ends, forms * model.statistic(zones.sums(one), size), 0).max() for one in maps])
    for statistic in np.quantile(largest, [0.5, 0.9, 0.99]):
        right = chances[largest >= statistic * (1 - 1e-9)].sum()
        found = chance_of_maximum(zones, model, statistic * (1 - 1e-9), rng=np.random.default_rng(1), draws=1_000)
        assert found.bound >= right - 1e-12
        assert abs(found.estimate - right) <= 4 * found.error + 1e-12


def both_counts(model, first, second):
    """Return the chance of every pair of counts in two areas (total + 1, total + 1), from the joint distribution."""
    count = np.arange(model.total + 1.0)
    x, y = np.meshgrid(count, count, indexing="ij")
    if isinstance(model, Bernoulli):
        people = model.size.sum()
        chance = hypergeom.pmf(x, people, model.total, first) * hypergeom.pmf(
            y, people - first, model.total - x, second
        )
    elif isinstance(model, ConstantRisk):
        share = first / model.total, second / (model.total - first)
        chance = binom.pmf(x, model.total, share[0]) * binom.pmf(y, np.maximum(model.total - x, 0), share[1])
    else:
        a, b, rest = (size / (model.dispersion - 1) for size in (first, second, model.total - first - second))
        left = np.maximum(model.total - x, 0)
        chance = betabinom.pmf(x, model.total, a, b + rest) * betabinom.pmf(y, left, b, rest)
    return np.where(x + y <= model.total, chance, 0)


@pytest.mark.parametrize(
    ("model", "statistic", "above"),
    [
        (ConstantRisk(np.array([1.0, 3.0, 16.0]), 20), 1.0, 1e-8),
        (ExchangeableRisk(np.array([1.0, 3.0, 16.0]), 20, 1.7), 2.0, 1e-8),
        (Bernoulli(np.array([5.0, 15.0, 60.0]), 20), 1.0, 1e-8),
        (ConstantRisk(np.array([60.0, 240.0, 500.0]), 800), 3.0, 1e-8),
        (ExchangeableRisk(np.array([60.0, 240.0, 500.0]), 800, 3.0), 4.0, 1e-8),
    ],
)
def test_of_two_nested_zones_the_bound_is_the_chance_of_either(model, statistic, above):
    zones = Zones(np.array([[0, 1]], dtype=np.int32), np.array([[True, True]]))
    reached = exceed(zones, model, statistic)
    first, second = reached.least[0]
    assert first < second < model.total
    chance = both_counts(model, *model.size[:2])
    assert chance.sum() == pytest.approx(1, abs=1e-9)
    x, y = np.meshgrid(*2 * [np.arange(model.total + 1)], indexing="ij")
    either = chance[(x >= first) | (x + y >= second)].sum()
    found = chance_of_maximum(zones, model, statistic, rng=np.random.default_rng(1), draws=0)
    assert either * (1 - 1e-9) <= found.bound <= either * (1 + above)
    # What the larger zone misses is part of it.
    assert chance[(x >= first) & (x + y < second)].sum() > 2 * above * either


def test_where_nearly_everyone_is_a_case_the_bound_is_above_the_chance_of_either():
    """Of 60 people 54 are cases: the larger zone has at least 14, which is more than the smaller one can have."""
    zones = Zones(np.array([[0, 1]], dtype=np.int32), np.array([[True, True]]))
    model = Bernoulli(np.array([5.0, 15.0, 40.0]), 54)
    reached = exceed(zones, model, 0.3)
    (first, second), chance = reached.least[0], np.nan_to_num(both_counts(model, 5.0, 15.0))
    x, y = np.meshgrid(*2 * [np.arange(55)], indexing="ij")
    either = chance[(x >= first) | (x + y >= second)].sum()
    found = chance_of_maximum(zones, model, 0.3, rng=np.random.default_rng(1), draws=0)
    assert either <= found.bound <= reached.chance.sum() + 1e-12 < 1


@pytest.mark.parametrize("kind", ["constant", "scattered", "bernoulli"])
def test_where_reaching_is_rare_the_zones_around_one_are_enough(kind):
    """Two hundred pairs of areas far from each other: the chance is two hundred times that of one pair, by both counts.

    Two pairs reach the statistic on one map with a chance below a millionth of that of one.
    """
    at = np.repeat(np.arange(200) * 100_000.0, 2) + np.tile([0.0, 1_000.0], 200)
    people = np.tile([40.0, 70.0], 200)
    zones = circular_zones(np.column_stack([at, np.zeros(400)]), people, radius=1_000)
    assert zones.order.shape == (400, 2)
    model, statistic = {
        "constant": (ConstantRisk(people * 150 / 22_000, 150), 19.0),
        "scattered": (ExchangeableRisk(people * 150 / 22_000, 150, 1.7), 23.0),
        "bernoulli": (Bernoulli(people, 150), 19.0),
    }[kind]
    reached = exceed(zones, model, statistic)
    (first, both), (second, _) = reached.least[:2]
    x, y = np.meshgrid(*2 * [np.arange(151)], indexing="ij")
    chance = np.nan_to_num(both_counts(model, *model.size[:2]))
    right = 200 * chance[(x >= first) | (y >= second) | (x + y >= both)].sum()
    assert 1e-12 < right <= reached.chance.sum() < 1e-6
    found = chance_of_maximum(zones, model, statistic, rng=np.random.default_rng(1), draws=4_000)
    assert found.error < 0.02 * right
    assert abs(found.estimate - right) <= 4 * found.error
    assert found.bound >= right


def test_after_removal_zones_hold_a_share_of_all_people():
    """Of 24 people half are removed: a quarter of all is six, and half of those left."""
    places = scattered_points(24, 9)
    zones = _zones_of(circular_zones, places, np.ones(24), np.arange(12), share=0.25, radius=None)
    assert zones.sums(np.ones(12))[zones.ends].max() == 6
    whole = _zones_of(circular_zones, places, np.ones(24), np.arange(24), share=0.25, radius=None)
    assert whole.sums(np.ones(24))[whole.ends].max() == 6


def test_a_long_cluster_is_found_whole():
    area = make_grid(12, 12)
    area = area.with_population(pd.Series(1_000.0, index=area.ids))
    row, column = np.divmod(np.arange(144), 12)
    planted = (row == 5) & (column >= 2) & (column <= 8)
    counts = make_counts(area, np.where(planted, 40, 10) + np.arange(144) % 3)
    round_, long = (scan_clusters(counts, zones=zones, null="constant-risk", draws=20, share=0.1, most=1) for zones in
                    ("circles", "ellipses"))  # fmt: skip
    first = long.table.iloc[0]
    assert set(first["area_ids"].split()) == set(area.ids[planted])
    assert (first["shape"], first["angle"]) == (4, 0)
    assert set(round_.table.iloc[0]["area_ids"].split()) != set(area.ids[planted])
    # The squares beside the row are 1 km away: 4 km in an ellipse of shape 4, and the ends of the row 3 km. By hand:
    # the likelihood ratio of 7 of 144 areas, with the penalty sqrt(16) / 5.
    total, inside = counts.table["observed_low"].sum(), counts.table["observed_low"][planted].sum()
    usual = total * 7 / 144
    ratio = inside * np.log(inside / usual) + (total - inside) * np.log((total - inside) / (total - usual))
    assert first["statistic_low"] == pytest.approx(ratio * 0.8)
    # Half its length: from the middle of one square to the middle of the farthest.
    assert first["radius"] == pytest.approx(3_000)


def two_clusters():
    area = make_grid(12, 12)
    area = area.with_population(pd.Series(1_000.0 + 5 * np.arange(144), index=area.ids))
    row, column = np.divmod(np.arange(144), 12)
    strong, weak = (row <= 2) & (column <= 2), (row >= 9) & (column >= 9)
    count = np.random.default_rng(7).poisson(8 * np.where(strong, 4, np.where(weak, 1.9, 1)))
    return area, count, strong, weak


def test_after_removal_a_cluster_is_that_of_the_map_without_the_first():
    area, count, strong, _ = two_clusters()
    options = {"null": "constant-risk", "share": 0.1, "draws": 400}
    removed = scan_clusters(make_counts(area, count), secondary="removed", **options)
    apart = scan_clusters(make_counts(area, count), **options)
    first, second = (removed.table.iloc[at] for at in (0, 1))
    inside = area.ids.isin(first["area_ids"].split())
    assert strong[inside].mean() > 0.8
    rest = area.areas[~inside]
    people, left = area.areas["population"].sum(), rest["population"].sum()
    alone = StudyArea(rest, geography="square", identity=Identity(release="open"))
    direct = scan_clusters(make_counts(alone, count[~inside]), **options | {"share": 0.1 * people / left}).table.iloc[0]
    assert second["area_ids"] == direct["area_ids"]
    assert second["statistic_low"] == pytest.approx(direct["statistic_low"])
    errors = np.hypot(second["p_error"], direct["p_error"])
    assert abs(second["p_low"] - direct["p_low"]) <= 4 * errors
    # The first holds events that others are then compared with: after removal the second is the clearer.
    same = apart.table[apart.table["area_ids"] == second["area_ids"]]
    assert len(same) == 0 or same["p_low"].iloc[0] > second["p_low"]
    assert removed.provenance.secondary == "removed"
    assert "without the areas of those before" in removed.words


def test_removal_ends_where_too_few_areas_are_left():
    area = make_grid(2, 6)
    area = area.with_population(pd.Series(1_000.0, index=area.ids))
    count = np.where(np.arange(12) < 3, 90, 5)
    found = scan_clusters(make_counts(area, count), secondary="removed", null="constant-risk", draws=50)
    assert len(found) == 1


def test_too_many_zones_are_refused_before_memory_is_taken():
    points = np.random.default_rng(8).uniform(0, 1e5, (20_000, 2))
    with pytest.raises(AnalysisError, match="up to 50% of the people are too many") as caught:
        circular_zones(points, np.ones(20_000), share=0.5)
    assert "smaller share" in str(caught.value)
    with pytest.raises(AnalysisError, match="up to 50% of the people are too many"):
        elliptic_zones(points[:2_000], np.ones(2_000), share=0.5)
    assert len(circular_zones(points, np.ones(20_000), share=0.001)) > 20_000
