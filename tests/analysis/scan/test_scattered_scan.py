"""The scan under scattered risk: tails in arithmetic of 60 digits, chances of maxima beside enumeration and maps."""

from decimal import Decimal, localcontext
from itertools import product

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from worlds import make_counts, make_grid, windows_of

from hotspots.analysis.autocorrelation.reference import Risks, mixed_poisson_tails
from hotspots.analysis.scan import need_scannable, scan_clusters
from hotspots.analysis.scan.reference.maximum import chance_of_maximum
from hotspots.analysis.scan.reference.scattered_risk import ScatteredRisk
from hotspots.analysis.scan.reference.zone_tails import exceed_scattered, scattered_statistics
from hotspots.analysis.scan.reference.zones import circular_zones
from hotspots.errors import AnalysisError

TENFOLD = Risks(np.array([0.9, 10.0]), np.array([0.98, 0.02]))
WITH_NONE = Risks(np.array([0.0, 0.5, 2.0]), np.array([0.4, 0.3, 0.3]))
ONE = Risks(np.array([1.0]), np.array([1.0]))
WIDE = Risks(np.array([0.2, 0.8, 1.2, 3.0]), np.array([0.1, 0.4, 0.4, 0.1]))


def world(areas=12, *, mean=4.0, share=0.5, seed=4):
    """Return zones around places drawn at random, and the expected events of every area."""
    rng = np.random.default_rng(seed)
    people = rng.uniform(500, 5_000, areas)
    zones = circular_zones(rng.uniform(0, 10_000, (areas, 2)), people, share=share)
    return zones, people / people.mean() * mean


def digits(expected, risks, most):
    """Return the chance of every count of one area up to `most`, in 60 digits."""
    chances = []
    means = [Decimal(float(expected)) * Decimal(float(risk)) for risk in risks.risk]
    terms = [Decimal(float(share)) * (-mean).exp() for mean, share in zip(means, risks.share, strict=True)]
    for count in range(most + 1):
        chances.append(sum(terms))
        terms = [term * mean / (count + 1) for term, mean in zip(terms, means, strict=True)]
    return chances


def tails_of(expected, risks, most):
    """Return P(Y >= 0), P(Y >= 1), ... P(Y >= most) of the sum of some areas' counts, by convolution in 60 digits."""
    total = [Decimal(1)]
    for one in expected:
        own = digits(one, risks, most)
        total = [
            sum(total[i] * own[k - i] for i in range(max(0, k - most), min(k, len(total) - 1) + 1))
            for k in range(most + 1)
        ]
    below, tails = Decimal(0), []
    scale = sum(Decimal(float(share)) for share in risks.share) ** len(expected)
    for chance in total:
        tails.append(scale - below)
        below += chance
    return tails


@pytest.mark.parametrize("risks", [TENFOLD, WITH_NONE, ONE, WIDE], ids=["tenfold", "none", "one", "wide"])
def test_tails_are_those_of_a_convolution_in_sixty_digits(risks):
    zones, expected = world()
    model = ScatteredRisk(expected, risks)
    with localcontext() as context:
        context.prec = 60
        for centre, last in ((0, 0), (3, 2), (7, 4)):
            right = tails_of(expected[zones.members(centre, last)], risks, 240)
            mean = float(model.mean[zones.members(centre, last)].sum())
            asked = np.zeros(zones.ends.shape, dtype=bool)
            asked[centre, last] = True
            for count in (int(mean) + 1, int(mean) + 8, 40, 90, 160, 240):
                if count <= mean or right[count] < Decimal("1e-50"):
                    continue
                found = scattered_statistics(zones, model, np.full(asked.shape, float(count)), asked)[centre, last]
                assert found == pytest.approx(-float(right[count].ln()), abs=1e-7), (centre, last, count)


def test_a_tail_of_no_size_is_too_small():
    """A Poisson count of mean 4: its tails are incomplete gamma functions, here written as their series."""
    zones, expected = world()
    model = ScatteredRisk(expected, ONE)
    asked = np.zeros(zones.ends.shape, dtype=bool)
    asked[5, 0] = True
    mean = float(expected[zones.members(5, 0)].sum())
    for count in (60, 150, 400):
        with localcontext() as context:
            context.prec = 60
            term = (-Decimal(mean)).exp()
            for number in range(1, count + 1):
                term *= Decimal(mean) / number
            series = sum(
                np.cumprod([Decimal(1), *(Decimal(mean) / (count + step) for step in range(1, 300))]), Decimal(0)
            )
            right = -float((term * series).ln())
        found = scattered_statistics(zones, model, np.full(asked.shape, float(count)), asked)[5, 0]
        assert found == pytest.approx(right, rel=1e-9)


@pytest.mark.parametrize("risks", [TENFOLD, WITH_NONE, WIDE], ids=["tenfold", "none", "wide"])
def test_zones_reach_a_statistic_from_the_first_count_on(risks):
    zones, expected = world()
    model = ScatteredRisk(expected, risks)
    with localcontext() as context:
        context.prec = 60
        for statistic in (2.5, 7.0):
            reached, _ = exceed_scattered(zones, model, statistic)
            for centre, last in ((0, 0), (3, 2), (7, 4)):
                right = tails_of(expected[zones.members(centre, last)], risks, 240)
                first = next(count for count, tail in enumerate(right) if float(tail) <= np.exp(-statistic))
                assert reached.least[centre, last] == first
                assert reached.chance[centre, last] == pytest.approx(float(right[first]), rel=1e-7)


@pytest.mark.parametrize("risks", [TENFOLD, WITH_NONE, WIDE], ids=["tenfold", "none", "wide"])
def test_tails_of_large_zones_are_those_of_windows(risks):
    """Beside the test of areas, which adds up chances count by count: zones of up to 60 areas with 150 events each."""
    zones, expected = world(200, mean=150.0, share=0.3)
    model, rng = ScatteredRisk(expected, risks), np.random.default_rng(6)
    centre, last = rng.integers(0, 200, 40), rng.integers(0, 60, 40)
    asked = np.zeros(zones.ends.shape, dtype=bool)
    asked[centre, last] = zones.ends[centre, last]
    sets = [zones.members(*at) for at in np.argwhere(asked)]
    mean = np.array([model.mean[areas].sum() for areas in sets])
    counts = np.zeros(asked.shape)
    counts[asked] = np.ceil(mean + 2 * np.sqrt(mean + mean**2 / np.array([len(areas) for areas in sets])))
    found = scattered_statistics(zones, model, counts, asked)[asked]
    hot, _ = mixed_poisson_tails(counts[asked], windows_of(sets, 200), expected, risks)
    np.testing.assert_allclose(np.exp(-found), hot, rtol=1e-8, atol=2e-12)


def test_the_bound_of_two_nested_zones_is_their_chance():
    """One area, and it with its neighbour: the bound is P(A or B), here added up over both areas' counts."""
    zones, expected = world()
    for risks in (TENFOLD, WITH_NONE, WIDE):
        model = ScatteredRisk(expected, risks)
        for centre in range(4):
            two = type(zones)(zones.order[[centre], :2], zones.ends[[centre], :2])
            reached, bound = exceed_scattered(two, model, 2.0)
            first, second = reached.least[0]
            own, more = (model.chances(400)[area] for area in two.order[0])
            a, b = np.meshgrid(np.arange(401), np.arange(401), indexing="ij")
            right = np.outer(own, more)[(a >= first) | (a + b >= second)].sum()
            assert bound == pytest.approx(right, rel=1e-7)


def test_maps_drawn_have_the_distribution_given_that_a_zone_reaches_its_count():
    """Three areas with at least six events together: chances of all counts, and of 8,000 maps."""
    expected = np.array([1.0, 0.4, 2.0, 3.0])
    model, rng = ScatteredRisk(expected, WITH_NONE), np.random.default_rng(3)
    inside = np.array([2, 0, 1], dtype=np.int32)
    drawn = np.array([model.draw(6, inside, rng) for _ in range(8_000)])
    assert (drawn[:, inside].sum(axis=1) >= 6).all()
    chance = model.chances(40)
    right = {
        counts: np.prod([chance[area, count] for area, count in zip((0, 1, 2), counts, strict=True)])
        for counts in product(range(30), range(15), range(40))
        if sum(counts) >= 6
    }
    total = sum(right.values())
    for area in (0, 1, 2):
        for count in range(8):
            share = sum(value for counts, value in right.items() if counts[area] == count) / total
            error = np.sqrt(share * (1 - share) / 8_000)
            assert (drawn[:, area] == count).mean() == pytest.approx(share, abs=4 * error + 1e-4)
    # The area outside has its own distribution.
    assert drawn[:, 3].mean() == pytest.approx(3 * 0.75, abs=4 * np.sqrt(3 * 0.75 + 9 * 0.7125) / np.sqrt(8_000))


@pytest.mark.parametrize(("risks", "mean"), [(TENFOLD, 5.0), (WITH_NONE, 3.0), (ONE, 8.0), (WIDE, 20.0)])
def test_the_chance_of_the_maximum_is_that_of_simulated_maps(risks, mean):
    """99,999 maps of 40 areas drawn from the null, from maxima that half of them reach to one in ten thousand."""
    zones, expected = world(40, mean=mean, share=0.3, seed=1)
    model, rng = ScatteredRisk(expected, risks), np.random.default_rng(8)
    maps = rng.poisson(expected * rng.choice(risks.risk, (99_999, 40), p=risks.share)).astype(np.int16)
    for statistic in (4.0, 6.0, 9.0, 12.0, 15.0):
        found = chance_of_maximum(zones, model, statistic, rng=np.random.default_rng(2), draws=1_000)
        least, hits = exceed_scattered(zones, model, statistic)[0].least, 0
        for part in np.array_split(maps, 50):
            hits += (np.cumsum(part[:, zones.order], axis=2) >= least).any(axis=(1, 2)).sum()
        simulated = hits / len(maps)
        error = np.hypot(found.error, np.sqrt(max(simulated, 1e-5) / len(maps)))
        assert found.estimate == pytest.approx(simulated, abs=4 * error)
        assert found.bound >= simulated - 4 * np.sqrt(simulated / len(maps))
        assert found.error < 0.06 * max(found.estimate, 1e-3) + 0.03


def scan(area, values, **options):
    return scan_clusters(make_counts(area, values), null="scattered-risk", share=0.2, **options)


def test_a_single_area_of_many_times_the_risk_is_no_cluster_and_neighbours_at_three_times_are():
    area = make_grid(15, 15, population=2_000.0)
    rng = np.random.default_rng(5)
    values = rng.poisson(20 * rng.gamma(10, 0.1, 225)).astype(float)
    alone = values.copy()
    alone[[40, 111, 200]] = 200.0
    assert scan(area, alone).table["certainty"].tolist() == ["never"]
    other = scan_clusters(make_counts(area, alone), null="exchangeable-risk", share=0.2)
    assert other.table["certainty"].iloc[0] == "certain"
    planted = [112 + row * 15 + column for row in range(3) for column in range(3)]
    values[planted] = rng.poisson(60, 9)
    found = scan(area, values)
    assert found.table["certainty"].iloc[0] == "certain"
    assert len(set(found.table["area_ids"].iloc[0].split()) & {str(area.ids[at]) for at in planted}) >= 8
    assert found.provenance.null == "scattered-risk"
    assert found.provenance.dispersion is None
    assert sum(share for _, share in found.provenance.risks) == pytest.approx(1, abs=1e-3)


def test_suppressed_counts_are_refused_with_the_nulls_that_allow_for_them():
    area = make_grid(6, 6, population=2_000.0)
    counts = make_counts(area, np.ones(36), np.full(36, 7.0))
    with pytest.raises(AnalysisError, match="needs known counts") as caught:
        scan_clusters(counts, null="scattered-risk")
    assert "36 suppressed counts" in str(caught.value)
    assert "exchangeable-risk" in str(caught.value)


def test_too_many_zones_are_refused_before_they_are_compared(monkeypatch):
    monkeypatch.setattr("hotspots.analysis.scan.clusters.MOST_SCATTERED", 500)
    counts = make_counts(make_grid(10, 10, population=2_000.0), np.full(100, 3.0))
    for look in (need_scannable, scan_clusters):
        with pytest.raises(AnalysisError, match="too many zones for a scan under scattered risk"):
            look(counts, null="scattered-risk")
    need_scannable(counts, null="exchangeable-risk")
    need_scannable(counts, null="scattered-risk", share=0.03)


def test_further_clusters_and_ellipses():
    """Two blocks at five times the risk are found apart and one after another; ellipses are weighed as circles are."""
    rng = np.random.default_rng(7)
    area = make_grid(12, 12, population=2_000.0)
    values = rng.poisson(10, 144).astype(float)
    for corner in (13, 103):
        for at in (0, 1, 2, 12, 13, 14):
            values[corner + at] = rng.poisson(50)
    for number, options in ((2, {}), (2, {"secondary": "removed"}), (1, {"zones": "ellipses"})):
        found = scan(area, values, draws=200, **options).table
        assert found["certainty"].tolist()[:number] == ["certain"] * number, options
        assert (found["p_high"].iloc[:2] <= found["p_bound"].iloc[:2] + 3 * found["p_error"].iloc[:2]).all()


def test_what_is_scanned_may_have_no_people_in_the_middle():
    places = shapely.box(np.arange(12) * 1000, 0, np.arange(12) * 1000 + 1000, 1000)
    table = gpd.GeoDataFrame(
        {"events": [3] * 5 + [40, 35] + [2] * 5, "people": [1000.0] * 11 + [0.0]},
        geometry=places,
        index=pd.Index([f"area {at:02d}" for at in range(12)]),
        crs=27700,
    )
    found = scan_clusters(table, column="events", population="people", null="scattered-risk", release="open")
    assert found.provenance.areas_left_out == 1
    assert found.table["p_high"].between(0, 1).all()
