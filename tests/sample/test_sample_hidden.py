"""The sample's admissions under the NHS rule beside the truth: what stays certain, what others' habits would claim."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from worlds import ROOT, protect_alone

import hotspots as hs

NULLS = ("exchangeable-risk", "constant-risk", "randomisation")


@pytest.fixture(scope="module")
def admissions():
    """Return true counts by area, and the neighbours."""
    data = ROOT / "data"
    population = hs.read_population(data / "boundaries" / "population_lsoa11_census2011.csv", column="population")
    area = hs.read_areas(data / "boundaries" / "west_midlands_lsoa11.gpkg", layer="lsoa11").with_population(population)
    events = hs.read_hes(
        data / "events" / "invented_hes_admissions_2013-2019.csv.gz", years=(2017, 2019), release="invented"
    )
    return hs.count_events(events, area), hs.link_neighbours(area)


def hot_under(counts, values, links, null):
    """Return the hot areas where the counts were these."""
    table = counts.table[["observed_low", "observed_high"]].assign(observed_low=values, observed_high=values)
    return set(hs.getis_ord(replace(counts, table=table), links, null=null).hot())


def worst_fills(protected, links, area_id):
    """Yield fills that speak against a hot area: its window low, all others high, or far from what is expected."""
    low, high = (protected.table[f"observed_{end}"].to_numpy() for end in ("low", "high"))
    inside = links.matrix(with_self=True)[[links.ids.get_loc(area_id)]].toarray().ravel() > 0
    expected = protected.table["expected"].to_numpy()
    far = np.where(np.abs(high - expected) >= np.abs(low - expected), high, low)
    yield np.where(inside, low, high)
    yield np.where(inside, low, far)


@pytest.mark.parametrize("rule", ["nhs-digital", "older-phe"])
@pytest.mark.parametrize("null", NULLS)
def test_certain_areas_are_true_and_the_others_could_be_otherwise(admissions, null, rule):
    counts, links = admissions
    truth = hot_under(counts, counts.middle, links, null)
    protected = protect_alone(counts, rule)
    result = hs.getis_ord(protected, links, null=null)
    certain = set(result.hot())
    low, high = (protected.table[f"observed_{end}"] for end in ("low", "high"))
    middle = np.rint((low + high) / 2)
    zero, mid = (hot_under(protected, v, links, null) for v in (np.where((low == 1) & (high > 1), 0, middle), middle))
    # Why a truly hot area is not certain: a fill in which it is not hot.
    refuted = [
        area for area in truth - certain
        if any(area not in hot_under(protected, fill, links, null) for fill in worst_fills(protected, links, area))
    ]  # fmt: skip
    print(
        f"{rule}, {null}: {len(truth)} truly hot, {len(certain)} certain, {len(certain - truth)} of them wrong; "
        f"{len(refuted)} of the other {len(truth - certain)} are not hot in some fill; hidden as zero {len(zero)} hot, "
        f"{len(zero - truth)} of them false; hidden as the middle {len(mid)}, {len(mid - truth)} false"
    )
    assert certain <= truth
    if len(certain) < len(truth) / 2:
        # No method could call half of them certain: most are cold or unremarkable in one fill or another.
        assert len(refuted) + len(certain) > len(truth) / 2
    assert (result.table.loc[sorted(truth), "certainty"] != "never").all()
