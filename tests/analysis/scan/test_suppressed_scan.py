"""Scans of suppressed counts: every value that they can have, and every map without clusters, enumerated."""

from itertools import combinations_with_replacement, product

import numpy as np
import pandas as pd
import pytest
from scipy.special import gammaln
from worlds import make_counts, make_grid

from hotspots.analysis.common.dispersion import robust_dispersion
from hotspots.analysis.scan import scan_clusters
from hotspots.analysis.scan.reference.zone_models import ConstantRisk, ExchangeableRisk
from hotspots.analysis.scan.reference.zones import circular_zones

PEOPLE = np.array([900, 1200, 700, 1500, 1000, 800, 1100, 1300, 600, 900], dtype=float)
LOW = np.array([3, 2, 0, 1, 1, 0, 0, 0, 0, 0], dtype=float)
HIGH = np.array([3, 2, 0, 3, 2, 0, 0, 0, 0, 0], dtype=float)
"""Two counts that may be 1 to 3, and 1 or 2: six maps, of 7 to 10 events."""
CLEAR = np.array([6, 0, 0, 1, 0, 0, 0, 0, 0, 0], dtype=float), np.array([7, 0, 0, 2, 1, 0, 0, 0, 0, 0], dtype=float)
"""One area has nearly all: eight maps, of 7 to 10 events, a cluster on each of them."""


def strip():
    """Return ten squares in two rows, with people."""
    area = make_grid(2, 5)
    return area.with_population(pd.Series(PEOPLE, index=area.ids))


def places_of(area):
    centres = area.areas.geometry.centroid
    return np.column_stack([centres.x, centres.y])


def all_maps(total):
    """Return every way to place so many events on ten areas (maps, 10)."""
    placed = np.array(list(combinations_with_replacement(range(10), total)), dtype=np.int64)
    maps = np.zeros((len(placed), 10))
    for event in placed.T:
        np.add.at(maps, (np.arange(len(placed)), event), 1)
    return maps


def model_at(null, fill):
    """Return the model of one map, with the dispersion that it has itself."""
    total, expected = int(fill.sum()), PEOPLE * fill.sum() / PEOPLE.sum()
    large = np.quantile(PEOPLE / PEOPLE.mean(), 0.9)
    spread = 1.0 if null == "constant-risk" else 1 + (robust_dispersion(fill, expected) - 1) * large
    return ConstantRisk(expected, total) if spread < 1.001 else ExchangeableRisk(expected, total, spread)


def chances_of(model, maps):
    """Return the (Dirichlet-)multinomial chance of every map, from its formula."""
    total = model.total
    if isinstance(model, ConstantRisk):
        share = model.size / model.size.sum()
        return np.exp(gammaln(total + 1) - gammaln(maps + 1).sum(axis=1) + (maps * np.log(share)).sum(axis=1))
    weight = model.size / (model.dispersion - 1)
    whole = gammaln(total + 1) + gammaln(weight.sum()) - gammaln(total + weight.sum())
    return np.exp(whole + (gammaln(maps + weight) - gammaln(weight) - gammaln(maps + 1)).sum(axis=1))


class Enumerated:
    """The p-value of any zone on any map, from all maps with as many events."""

    def __init__(self, zones):
        self.zones, self.maps = zones, {total: all_maps(total) for total in range(7, 11)}

    def statistics(self, model, maps):
        """Return the largest statistic of every map."""
        size = self.zones.sums(model.size)
        table = {}
        for at in zip(*np.nonzero(self.zones.ends), strict=True):
            counts = np.arange(model.total + 1.0)
            table[at] = model.statistic(counts, np.full(len(counts), size[at]))
        largest = np.zeros(len(maps))
        for (centre, last), values in table.items():
            inside = maps[:, self.zones.members(centre, last)].sum(axis=1).astype(int)
            largest = np.maximum(largest, values[inside])
        return largest

    def p_value(self, null, fill, members):
        """Return statistic and p-value of the zone with these members on this map."""
        model = model_at(null, fill)
        size = np.array([model.size[members].sum()])
        own = float(model.statistic(np.array([fill[members].sum()]), size)[0])
        maps = self.maps[model.total]
        chances = chances_of(model, maps)
        assert chances.sum() == pytest.approx(1, abs=1e-9)
        return own, float(chances[self.statistics(model, maps) >= own * (1 - 1e-9)].sum())


@pytest.fixture(scope="module")
def enumerated():
    return Enumerated(circular_zones(places_of(strip()), PEOPLE, share=0.5))


def fills(lows=LOW, highs=HIGH):
    """Give every map that the intervals allow."""
    for values in product(*(range(int(low), int(high) + 1) for low, high in zip(lows, highs, strict=True))):
        yield np.array(values, dtype=float)


@pytest.mark.parametrize(("lows", "highs"), [(LOW, HIGH), CLEAR])
@pytest.mark.parametrize("null", ["constant-risk", "exchangeable-risk"])
def test_bounds_hold_for_every_value_of_suppressed_counts(null, lows, highs, enumerated):
    area = strip()
    found = scan_clusters(make_counts(area, lows, highs), null=null, draws=4_000, level=0.3, most=3)
    assert len(found) >= 1
    if null == "constant-risk":
        assert found.table["certainty"].iloc[0] == ("depends" if lows is LOW else "certain")
    for row in found.table.to_dict("records"):
        members = np.flatnonzero(area.ids.isin(row["area_ids"].split()))
        own, p = np.array([enumerated.p_value(null, fill, members) for fill in fills(lows, highs)]).T
        assert row["statistic_low"] <= own.min() + 1e-9
        assert own.max() <= row["statistic_high"] + 1e-9
        if null == "constant-risk":
            # The extremes are maps of their own: the bounds of the statistic are reached.
            assert (row["statistic_low"], row["statistic_high"]) == pytest.approx((own.min(), own.max()))
        # The lowest p-value is estimated from random maps.
        assert row["p_low"] <= p.min() + 4 * row["p_error"]
        assert p.max() <= row["p_high"] + 1e-9
        assert p.max() <= row["p_bound"] + 1e-9
        if row["certainty"] == "certain":
            assert p.max() <= 0.3
        if row["certainty"] == "never":
            assert p.min() > 0.3 - 4 * row["p_error"]


def test_without_an_interval_both_bounds_are_the_p_value_of_all_maps(enumerated):
    area, fill = strip(), HIGH
    found = scan_clusters(make_counts(area, fill), null="constant-risk", draws=4_000)
    row = found.table.iloc[0]
    members = np.flatnonzero(area.ids.isin(row["area_ids"].split()))
    own, p = enumerated.p_value("constant-risk", fill, members)
    assert row["statistic_low"] == row["statistic_high"] == pytest.approx(own)
    assert row["p_low"] == row["p_high"] == pytest.approx(p, abs=4 * row["p_error"])
    assert p <= row["p_bound"] + 1e-12


def test_certain_and_depending_clusters():
    """Nine squares of sixty events among ones of ten: certain while little is hidden, else not."""
    area = make_grid(10, 10)
    area = area.with_population(pd.Series(1_000.0, index=area.ids))
    row, column = np.divmod(np.arange(100), 10)
    planted = (abs(row - 4) <= 1) & (abs(column - 5) <= 1)
    low = np.where(planted, 60.0, np.random.default_rng(1).poisson(10, 100))
    for width, certainty in ((1, "certain"), (20, "depends")):
        high = np.where(planted, low, low + width)
        found = scan_clusters(make_counts(area, low, high), draws=100, share=0.2, most=1)
        first = found.table.iloc[0]
        assert first["certainty"] == certainty, width
        assert first["p_low"] <= first["p_high"]
    known = scan_clusters(make_counts(area, low), draws=100, share=0.2, most=1).table.iloc[0]
    assert set(known["area_ids"].split()) == set(area.ids[planted])


@pytest.mark.parametrize(("lows", "highs"), [(LOW, HIGH), CLEAR])
def test_ratios_are_those_of_the_extreme_maps(lows, highs):
    area = strip()
    row = scan_clusters(make_counts(area, lows, highs), null="constant-risk", draws=100).table.iloc[0]
    inside = area.ids.isin(row["area_ids"].split())
    share = PEOPLE[inside].sum() / PEOPLE.sum()
    maps = list(fills(lows, highs))
    ratios = [fill[inside].sum() / (share * fill.sum()) for fill in maps]
    assert (row["ratio_low"], row["ratio_high"]) == pytest.approx((min(ratios), max(ratios)))
    totals = [fill.sum() for fill in maps]
    assert (row["expected_low"], row["expected_high"]) == pytest.approx((share * min(totals), share * max(totals)))


def test_counts_that_may_all_be_none_are_scanned():
    """Zeros are suppressed too: without any event nothing is a cluster, with forty in one area it may be."""
    area = make_grid(4, 5)
    area = area.with_population(pd.Series(1_000.0, index=area.ids))
    high = np.where(np.arange(20) == 7, 40.0, 2.0)
    found = scan_clusters(make_counts(area, np.zeros(20), high), draws=100, most=2, share=0.2)
    first = found.table.iloc[0]
    assert first["area_ids"] == area.ids[7]
    assert (first["certainty"], first["p_high"], first["statistic_low"]) == ("depends", 1, 0)
    assert first["ratio_low"] == 0
    # All events in one of twenty areas: twenty times what is expected.
    assert first["ratio_high"] == pytest.approx(20)
