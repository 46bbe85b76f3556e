"""The scan: published likelihood ratios, chances by enumeration of whole maps, p-values beside simulated maxima."""

from itertools import product

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.optimize import brentq
from scipy.stats import betabinom, binom, chi2, hypergeom
from worlds import make_counts, make_grid

from hotspots.analysis.expected import with_expected
from hotspots.analysis.scan import scan_clusters
from hotspots.analysis.scan.reference.exceedance import exceed
from hotspots.analysis.scan.reference.maximum import chance_of_maximum
from hotspots.analysis.scan.reference.zone_models import Bernoulli, ConstantRisk, ExchangeableRisk, log_tail
from hotspots.analysis.scan.reference.zones import circular_zones
from hotspots.errors import AnalysisError
from hotspots.model import words_of


def small_world():
    """Return ten places in two rows, with unlike numbers of people, and their zones of up to half of them."""
    points = np.array([(x, y) for y in (0, 3) for x in (0, 1, 2.2, 3.1, 4.4)], dtype=float) * 1000
    people = np.array([5, 3, 4, 6, 2, 7, 3, 5, 4, 6], dtype=float)
    return points, people, circular_zones(points, people)


def maxima(zones, model, maps):
    """Return the largest statistic of every map (maps, n)."""
    size = zones.sums(model.size)
    return np.array([np.where(zones.ends, model.statistic(zones.sums(one), size), 0).max() for one in maps])


def test_north_humberside_has_the_likelihood_ratios_of_satscan(shared_data):
    # SaTScan 10.3.2 on the childhood leukaemia of North Humberside, Bernoulli, circles up to 50 %.
    cases, controls, places = (
        np.loadtxt(shared_data / "scan" / f"NHumberside.{kind}") for kind in ("cas", "ctl", "geo")
    )
    size = cases[:, 1] + controls[:, 1]
    assert (cases[:, 1].sum(), controls[:, 1].sum()) == (62, 141)
    zones, model = circular_zones(places[:, 1:], size), Bernoulli(size, 62)
    values = np.where(zones.ends, model.statistic(zones.sums(cases[:, 1]), zones.sums(size)), 0)
    ranked = {}
    for at in np.argsort(-values.ravel())[:40]:
        centre, last = np.unravel_index(at, values.shape)
        ranked.setdefault(tuple(sorted((zones.members(centre, last) + 1).tolist())), float(values[centre, last]))
    (first, most), (second, same), (_, third) = list(ranked.items())[:3]
    assert {first, second} == {(14, 18, 19, 26), (169, 170, 172, 173)}
    assert (most, same, third) == pytest.approx((4.836516, 4.836516, 3.712697), abs=5e-7)
    assert pytest.approx(sorted({round(value, 6) for value in ranked.values()})[-3], abs=5e-7) == 3.609718
    # SaTScan's p-value is .36. Here one map in five without clusters has exactly this maximum (four cases of four
    # people), and the p-value counts those: it is the chance of a maximum at least as high.
    p = [
        chance_of_maximum(zones, model, most * end, rng=np.random.default_rng(1), draws=4_000).estimate
        for end in (1 - 1e-9, 1 + 1e-9)
    ]
    rng, people = np.random.default_rng(2), size.astype(np.int64)
    drawn = np.array([rng.multivariate_hypergeometric(people, 62) for _ in range(400)], dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        simulated = maxima(zones, model, drawn)
    for estimate, end in zip(p, (1 - 1e-9, 1 + 1e-9), strict=True):
        assert estimate == pytest.approx((simulated >= most * end).mean(), abs=4 * 0.5 / 20)
    assert 0.15 < p[0] - p[1] < 0.3


def test_new_york_leukaemia_has_the_likelihood_ratio_of_satscan():
    """552 cases; 26 tracts with 85 where 49.71 are expected: 11.577255, relative risk 1.84 (SaTScan, Poisson, 10%).

    The expected cases that give this ratio to all its digits are 49.71 to theirs.
    """
    model = ConstantRisk(np.array([49.71, 552 - 49.71]), 552)
    expected = brentq(lambda size: model.statistic(np.array([85.0]), np.array([size]))[0] - 11.577255, 40, 60)
    assert expected == pytest.approx(49.71, abs=0.005)
    assert (85 / expected) / ((552 - 85) / (552 - expected)) == pytest.approx(1.84, abs=0.005)


@pytest.mark.parametrize("kind", ["constant", "scattered", "bernoulli"])
def test_chances_are_those_of_scipy(kind):
    people = np.array([4.0, 9, 7, 10])
    count, size = np.array([3.0, 6.0]), np.array([4.0, 9.0])
    model, right = {
        "constant": (ConstantRisk(people * 12 / 30, 12), lambda c, s: binom.sf(c - 1, 12, s / 30)),
        "scattered": (
            ExchangeableRisk(people * 12 / 30, 12, 1.8),
            lambda c, s: betabinom.sf(c - 1, 12, s / 2, (30 - s) / 2),
        ),
        "bernoulli": (Bernoulli(people, 12), lambda c, s: hypergeom.sf(c - 1, 30, s, 12)),
    }[kind]
    scale = 1 if kind == "bernoulli" else 12 / 30
    np.testing.assert_allclose(np.exp(log_tail(model, count, size * scale)), right(count, size), rtol=1e-10)
    # Three events in one area and none in the next, from the chances of both.
    both = {
        "constant": binom.pmf(3, 12, 4 / 30) * binom.pmf(0, 9, 7 / 26),
        "scattered": betabinom.pmf(3, 12, 4 / 2, 26 / 2) * betabinom.pmf(0, 9, 7 / 2, 19 / 2),
        "bernoulli": hypergeom.pmf(3, 30, 4, 12) * hypergeom.pmf(0, 26, 9, 7),
    }[kind]
    alone = model.log_chance_alone(np.array([3.0]), np.array([4.0]) * scale, np.array([11.0]) * scale)
    assert np.exp(alone)[0] == pytest.approx(both, rel=1e-9)
    # The limit of a statistic is above it, and near it for a rare count.
    limit, own = (find(count, size * scale) for find in (model.statistic_limit, model.statistic))
    assert (limit >= own - 1e-12).all()


@pytest.mark.parametrize("kind", ["constant", "scattered"])
def test_the_chance_of_the_maximum_is_that_of_all_maps(kind):
    """All 10,000 ways to place four events on ten places, each with its (Dirichlet-)multinomial chance."""
    _, people, zones = small_world()
    total = 4
    expected = people * total / people.sum()
    model = ConstantRisk(expected, total) if kind == "constant" else ExchangeableRisk(expected, total, 1.6)
    weight = expected / 0.6
    maps, chances = [], []
    for placed in product(range(10), repeat=total):
        one = np.bincount(placed, minlength=10).astype(float)
        if kind == "constant":
            chance = np.prod((people / people.sum())[list(placed)])
        else:
            # A Polya urn: every event adds one to the weight of its place.
            own, chance = weight.copy(), 1.0
            for place in placed:
                chance *= own[place] / own.sum()
                own[place] += 1
        maps.append(one)
        chances.append(chance)
    values, chances = maxima(zones, model, np.array(maps)), np.array(chances)
    assert chances.sum() == pytest.approx(1, abs=1e-9)
    for statistic in np.quantile(values, [0.3, 0.8, 0.95, 0.99]):
        right = chances[values >= statistic * (1 - 1e-9)].sum()
        found = chance_of_maximum(zones, model, statistic * (1 - 1e-9), rng=np.random.default_rng(1), draws=4_000)
        assert found.bound >= right - 1e-12
        assert abs(found.estimate - right) <= 4 * found.error + 1e-12
        assert found.error < 0.03 * max(right, 0.02) + 1e-9


def test_every_zone_is_reached_from_the_first_count_on():
    _, people, zones = small_world()
    for model in (ConstantRisk(people * 9 / 45, 9), ExchangeableRisk(people * 9 / 45, 9, 1.5), Bernoulli(people, 9)):
        reached = exceed(zones, model, 1.7)
        for centre, last in zip(*np.nonzero(zones.ends), strict=True):
            size = float(zones.sums(model.size)[centre, last])
            counts = [c for c in range(1, 10) if model.statistic(np.array([float(c)]), np.array([size]))[0] >= 1.7]
            assert reached.least[centre, last] == (min(counts) if counts else np.inf)


@pytest.mark.parametrize("kind", ["constant", "scattered", "bernoulli"])
def test_chances_of_thousands_of_zones_are_those_of_scipy(kind):
    """Where a count has many zones its chances come from a polynomial: here nearly all do."""
    rng = np.random.default_rng(4)
    people = rng.integers(3, 40, 600).astype(float)
    zones, all_ = circular_zones(rng.uniform(0, 1e5, (600, 2)), people, share=0.05), people.sum()
    model, statistic, chance = {
        "constant": (ConstantRisk(people * 900 / all_, 900), 6.0, lambda c, s: binom.sf(c - 1, 900, s / 900)),
        "scattered": (
            ExchangeableRisk(people * 900 / all_, 900, 1.8),
            9.0,
            lambda c, s: betabinom.sf(c - 1, 900, s / 0.8, (900 - s) / 0.8),
        ),
        "bernoulli": (Bernoulli(people, 900), 6.0, lambda c, s: hypergeom.sf(c - 1, all_, 900, s)),
    }[kind]
    reached = exceed(zones, model, statistic)
    found = reached.chance > 0
    # A few counts have most of ten thousand zones.
    assert np.bincount(reached.least[found].astype(int)).max() > 200
    assert found.sum() > 10_000
    right = chance(reached.least[found], reached.size[found])
    # scipy takes the beta-binomial's from 1: to twelve places.
    np.testing.assert_allclose(reached.chance[found], right, rtol=3e-8, atol=1e-11)


def test_areas_at_one_distance_enter_together_and_shares_are_kept():
    points = np.array([(x, y) for x in range(5) for y in range(5)], dtype=float) * 1000
    people = np.ones(25)
    zones = circular_zones(points, people, share=0.36)
    middle = 12
    ends = np.flatnonzero(zones.ends[middle])
    # Itself, four at 1 km, four at 1.4 km: 9 of 25 are the largest share.
    assert ends.tolist() == [0, 4, 8]
    assert zones.sums(people)[zones.ends].max() <= 9
    near = circular_zones(points, people, share=0.5, radius=1_000)
    assert zones.sums(people)[middle, np.flatnonzero(near.ends[middle])].tolist() == [1, 5]
    empty = circular_zones(points, np.where(np.arange(25) == middle, 0, 1.0), share=0.4)
    assert len(empty.ends) == 24


def test_a_planted_cluster_is_found_with_its_figures():
    area = make_grid(12, 12)
    people = pd.Series(np.random.default_rng(2).integers(800, 2000, 144).astype(float), index=area.ids)
    area = area.with_population(people)
    row, column = np.divmod(np.arange(144), 12)
    planted = (abs(row - 4) <= 1) & (abs(column - 7) <= 1)
    count = np.random.default_rng(3).poisson(people.to_numpy() * 0.005 * np.where(planted, 2.5, 1))
    found = scan_clusters(make_counts(area, count), share=0.2, draws=300)
    first = found.table.iloc[0]
    ids = first["area_ids"].split()
    inside = area.ids.isin(ids)
    assert planted[inside].mean() > 0.6
    assert inside[planted].mean() > 0.6
    assert first["observed_low"] == first["observed_high"] == count[inside].sum()
    assert first["people"] == people[inside].sum()
    expected = people[inside].sum() * count.sum() / people.sum()
    assert first["expected_low"] == first["expected_high"] == pytest.approx(expected)
    assert first["ratio_low"] == first["ratio_high"] == pytest.approx(first["observed_low"] / expected)
    # The exact limits of a Poisson count: chi-squared quantiles.
    exact = chi2.ppf(0.025, 2 * first["observed_low"]) / 2, chi2.ppf(0.975, 2 * first["observed_low"] + 2) / 2
    assert (first["ratio_low_95"], first["ratio_high_95"]) == pytest.approx([limit / expected for limit in exact])
    assert first["p_low"] == first["p_high"] <= first["p_bound"] < 0.001
    assert (first["certainty"], first["shape"]) == ("certain", 1.0)
    assert first.geometry.area == pytest.approx(1e6 * len(ids))
    others = [set(ids) for ids in found.table["area_ids"].str.split()]
    assert sum(map(len, others)) == len(set().union(*others))
    again = scan_clusters(make_counts(area, count), share=0.2, draws=300)
    pd.testing.assert_frame_equal(pd.DataFrame(found.table), pd.DataFrame(again.table))


def test_among_chances_that_no_number_can_hold_the_smallest_is_found():
    """Nine squares of four times the risk: of each zone with most of them the chance is below 1e-300."""
    area = make_grid(20, 20, population=1_000)
    row, column = np.divmod(np.arange(400), 20)
    planted = (abs(row - 8) <= 1) & (abs(column - 8) <= 1)
    count = np.where(planted, 8_000, 1_960 + 80 * (np.arange(400) % 2))
    first = scan_clusters(make_counts(area, count), share=0.2, draws=20, most=1).table.iloc[0]
    assert set(first["area_ids"].split()) == set(area.ids[planted])
    assert first["statistic_low"] > 1_000
    assert first["p_high"] == first["p_bound"] == 0


@pytest.mark.parametrize("null", ["constant-risk", "exchangeable-risk"])
def test_maps_without_clusters_rarely_have_one(null):
    area = make_grid(7, 7)
    people = np.random.default_rng(5).integers(800, 2000, 49).astype(float)
    area = area.with_population(pd.Series(people, index=area.ids))
    rng, maps, found = np.random.default_rng(6), 30, 0
    for _ in range(maps):
        risk = 1 if null == "constant-risk" else rng.gamma(8, 1 / 8, 49)
        counts = make_counts(area, rng.poisson(people * 0.004 * risk))
        found += scan_clusters(counts, null=null, share=0.2, draws=60).table["p_low"].iloc[0] <= 0.05
    print(f"{null}: {found} of {maps} maps have a cluster")
    assert found <= maps * (0.05 + 2 * np.sqrt(0.05 * 0.95 / maps))


def test_cases_among_controls():
    """Twelve cases in the four squares of a corner, one in every other: the likelihood ratio by hand."""
    grid = make_grid(5, 5)
    corner = np.isin(np.arange(25), [0, 1, 5, 6])
    table = grid.areas[["geometry"]].assign(cases=np.where(corner, 3, 1), controls=np.where(corner, 1, 5))
    found = scan_clusters(
        table, column="cases", controls="controls", null="constant-risk", share=0.3, draws=200, release="open"
    )
    first = found.table.iloc[0]
    assert set(first["area_ids"].split()) == set(grid.ids[corner])
    assert (first["observed_low"], first["people"]) == (12, 16)
    cases, people = 12 + 21, 16 + 21 * 6

    def log(events, of):
        return events * np.log(events / of) + (of - events) * np.log(1 - events / of)

    assert first["statistic_low"] == pytest.approx(log(12, 16) + log(21, 126) - log(cases, people))
    assert first["p_low"] <= first["p_bound"] < 0.01
    with pytest.raises(AnalysisError, match="everyone has the same risk"):
        scan_clusters(table, column="cases", controls="controls")
    with pytest.raises(AnalysisError, match="no column 'others'"):
        scan_clusters(table, column="cases", controls="others", null="constant-risk")
    with pytest.raises(AnalysisError, match="columns of a GeoDataFrame"):
        scan_clusters(make_counts(grid, np.ones(25)), controls="controls", null="constant-risk")


def test_what_cannot_be_scanned_is_said():
    area = make_grid(4, 4).with_population(pd.Series(100.0, index=make_grid(4, 4).ids))
    counts = make_counts(area, np.arange(16))
    with pytest.raises(AnalysisError, match="60% of the people"):
        scan_clusters(counts, share=0.6)
    with pytest.raises(AnalysisError, match="no null hypothesis 'randomisation'"):
        scan_clusters(counts, null="randomisation")
    with pytest.raises(AnalysisError, match="needs a population"):
        scan_clusters(make_counts(make_grid(4, 4), np.arange(16)))
    few = make_grid(3, 3).with_population(pd.Series(9.0, index=make_grid(3, 3).ids))
    with pytest.raises(AnalysisError, match="too few areas"):
        scan_clusters(make_counts(few, np.arange(9)))
    with pytest.raises(AnalysisError, match="no event"):
        scan_clusters(make_counts(area, np.zeros(16)))
    squares = gpd.GeoDataFrame(
        {"crimes": np.arange(16) + 0.5, "people": 100},
        geometry=[shapely.box(i, 0, i + 1, 1) for i in range(0, 16_000, 1000)],
        crs=27700,
    )
    with pytest.raises(AnalysisError, match="whole"):
        scan_clusters(squares, column="crimes", population="people")


def test_a_scan_refuses_expected_counts_that_it_would_not_use():
    counts = make_counts(make_grid(4, 4, population=100), np.arange(16))
    with pytest.raises(AnalysisError, match="with the population alone"):
        scan_clusters(with_expected(counts, pd.Series(np.arange(1.0, 17), index=counts.area.ids)))


def test_areas_without_people_or_a_count_are_in_no_zone_and_counted():
    """Of 25 squares one has no people but nine events, and one no count: 23 are scanned, without the nine."""
    area = make_grid(5, 5)
    people = pd.Series(np.where(np.arange(25) == 7, 0.0, 1_000.0), index=area.ids)
    count = np.where(np.arange(25) == 7, 9.0, np.where(np.arange(25) < 3, 30.0, 10.0))
    count[20] = np.nan
    found = scan_clusters(make_counts(area.with_population(people), count), null="constant-risk", draws=50)
    method = found.provenance
    assert (method.areas_scanned, method.areas_left_out, method.people) == (23, 2, 23_000)
    assert method.events == (290, 290)  # three of 30 and twenty of 10
    assert "2 areas without a count or people, and so in no zone." in words_of(found.notes)
    inside = {area for ids in found.table["area_ids"] for area in ids.split()}
    assert not inside & set(area.ids[[7, 20]])
    # None of the nine is expected anywhere.
    first = found.table.iloc[0]
    assert first["expected_low"] == pytest.approx(290 * first["areas"] / 23)


def test_zones_of_large_areas_are_not_found_by_chance():
    """People differ 50-fold and risks alike: at 5%, seven of 30 maps with a cluster would be a chance of 1 in 2,000.

    With one variance over the mean for all areas, that of the average, 23 of these maps had one.
    """
    people = np.round(10 ** np.random.default_rng(5).uniform(2.5, 4.2, 144))
    area = make_grid(12, 12)
    area = area.with_population(pd.Series(people, index=area.ids))
    maps = 0
    for number in range(30):
        rng = np.random.default_rng([1, number])
        counts = rng.poisson(20 * people / people.mean() * rng.gamma(4, 1 / 4, 144))
        found = scan_clusters(make_counts(area, counts), share=0.1, draws=100)
        maps += bool((found.table["p_high"] <= 0.05).any())
    assert maps <= 6
