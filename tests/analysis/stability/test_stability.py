"""Stability: each variant is the analysis that one would run by hand, and the deciding choice is the one planted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from worlds import identified, make_counts, make_grid

from hotspots.analysis.autocorrelation import getis_ord, link_neighbours
from hotspots.analysis.counts import count_events
from hotspots.analysis.stability import stability
from hotspots.errors import AnalysisError, DisclosureError
from hotspots.model import AreaCounts, Events, StudyArea

BLOCK = [f"E0100{row:02d}{column:02d}" for row in (1, 2, 3) for column in (1, 2, 3)]
"""Three by three areas, one from the edge."""
QUEEN = {"rule": "queen"}
SAME_AS_QUEEN = {"rule": "distance", "distance": 1500}
"""On squares of 1 km, whose middles are 1,000 m apart, or 1,414 m across a corner."""


def planted(area: StudyArea, *, high: float = 60, usual: float = 20, **words: str) -> AreaCounts:
    """Return counts that are high in the block."""
    return make_counts(area, np.where(area.ids.isin(BLOCK), high, usual), **words)


def part_of(counts: AreaCounts, ids: pd.Index) -> AreaCounts:
    """Return the counts of some areas, made from nothing but their numbers."""
    areas = counts.area.areas.loc[ids]
    area = StudyArea(areas, geography="square", identity=counts.area.identity)
    table = counts.table.loc[area.ids]
    return make_counts(area, table["observed_low"].to_numpy(), table["observed_high"].to_numpy())


def inner(area: StudyArea, rows: int, columns: int) -> pd.Index:
    """Return the ids of a grid without its outermost rows and columns."""
    row, column = (area.ids.str[start : start + 2].astype(int) for start in (5, 7))
    return area.ids[(row > 0) & (row < rows - 1) & (column > 0) & (column < columns - 1)]


@pytest.mark.parametrize("suppressed", [False, True])
def test_every_variant_is_the_analysis_by_hand(suppressed):
    """Rates of 8 x 8 areas inside 10 x 10, two populations and nulls, against one call of `getis_ord` each."""
    rng = np.random.default_rng(11)
    around = make_grid(10, 10, population=1000.0)
    low = rng.poisson(np.where(around.ids.isin(BLOCK), 26, 12))
    hidden = (low < 9) if suppressed else np.zeros(100, dtype=bool)
    larger = make_counts(around, np.where(hidden, 1, low), np.where(hidden, 8, low))
    counts = part_of(larger, inner(around, 10, 10))
    people = pd.Series(rng.integers(700, 1500, 100).astype(float), index=around.ids)
    kinds = [QUEEN, {"rule": "nearest", "number": 6}, {"rule": "distance", "distance": 1100}]
    nulls = ["scattered-risk", "constant-risk"]
    found = stability(counts, neighbours=kinds, nulls=nulls, populations={"other": people}, larger=larger)
    core = inner(around, 10, 10)
    row, column = (core.str[start : start + 2].astype(int) for start in (5, 7))
    extents = [counts, part_of(counts, core[(row > 1) & (row < 8) & (column > 1) & (column < 8)]), larger]
    hot, cold, may_be, tested = (pd.Series(0, index=counts.area.ids) for _ in range(4))
    sizes = []
    for one in extents:
        for given in (one, replace(one, area=one.area.with_population(people.loc[one.area.ids]))):
            for null in nulls:
                for kind in kinds:
                    result = getis_ord(given, link_neighbours(given.area, **kind), null=null)
                    hot = hot.add(pd.Series(1, index=result.hot()), fill_value=0)[core]
                    cold = cold.add(pd.Series(1, index=result.cold()), fill_value=0)[core]
                    unsure = result.table["certainty"] == "depends"
                    above = result.table["p_hot_low"] < result.table["p_cold_low"]
                    ids = {*result.hot(), *result.table.index[unsure & above]}
                    may_be = may_be.add(pd.Series(1, index=sorted(ids), dtype=int), fill_value=0)[core]
                    tested = tested.add(pd.Series(1, index=given.area.ids), fill_value=0)[core]
                    sizes.append(len(set(result.hot()) & set(core)))
    assert found.by_variant["areas_hot"].tolist() == sizes
    assert hot.max() > 0
    assert found.table["variants"].tolist() == tested.tolist()
    assert found.table["hot_low"].tolist() == pytest.approx((hot / tested).tolist())
    assert found.table["cold_low"].tolist() == pytest.approx((cold / tested).tolist())
    assert found.table["hot_high"].tolist() == pytest.approx((may_be / tested).tolist())
    assert bool((found.table["hot_high"] > found.table["hot_low"]).any()) == suppressed


def test_a_period_that_alone_decides_explains_everything():
    area = make_grid(6, 6, population=1000.0)
    calm = make_counts(area, np.full(36, 20), title="crime")
    found = stability(
        {"2019": planted(area, title="crime"), "2018": calm},
        neighbours=[QUEEN, SAME_AS_QUEEN],
        nulls=["constant-risk"],
    )
    choices = {choice.choice: choice for choice in found.provenance.choices}
    assert {name: choice.share_hot for name, choice in choices.items()} == pytest.approx({"period": 1, "neighbours": 0})
    assert found.provenance.deciding is choices["period"]
    # Hot in 2019 under both kinds, never in 2018: half of four variants, which is some and not most.
    assert set(found.hot_in("in_some")) >= set(BLOCK)
    assert found.table.loc[BLOCK, "hot_low"].tolist() == [0.5] * 9
    assert found.table.loc[BLOCK, "decided_by"].tolist() == ["period"] * 9
    assert found.table.loc["E01000505", ["class", "decided_by"]].tolist() == ["in_none", ""]


def test_a_population_that_alone_decides_explains_everything():
    area = make_grid(6, 6, population=1000.0)
    counts = planted(area)
    # As many people as events: one rate everywhere.
    people = counts.table["observed_low"] * 50
    found = stability(
        counts, neighbours=[QUEEN, SAME_AS_QUEEN], nulls=["constant-risk"], populations={"by day": people}
    )
    assert found.provenance.deciding.choice == "population"
    assert found.provenance.deciding.share_hot == pytest.approx(1)
    assert found.by_variant.groupby("population")["areas_hot"].sum()["by day"] == 0


def test_areas_at_the_edge_are_in_half_of_the_variants():
    area = make_grid(8, 8, population=1000.0)
    found = stability(planted(area), neighbours=[QUEEN], nulls=["constant-risk"])
    core = inner(area, 8, 8)
    assert found.table.loc[core, "variants"].eq(2).all()
    assert found.table.drop(core)["variants"].eq(1).all()
    assert found.by_variant["areas_tested"].tolist() == [64, 36]
    # Of 6 x 6 areas 16 are inside: the study area would be another one.
    small = stability(planted(make_grid(6, 6, population=1000.0)), neighbours=[QUEEN], nulls=["constant-risk"])
    assert len(small.by_variant) == 1
    assert any("not shrunk: 20 of its 36 areas" in str(note) for note in small.notes)


def test_each_year_of_events_is_left_out_in_turn():
    area = make_grid(6, 6, population=1000.0)
    rng = np.random.default_rng(2)
    years = {2017: 200, 2018: 300, 2019: 250}
    rows = [
        {"easting": 400_000 + 6000 * x, "northing": 300_000 - 6000 * y, "when": pd.Timestamp(year, 6, 1)}
        for year, number in years.items()
        for x, y in rng.random((number, 2)) ** (2 if year == 2018 else 1)
    ]
    rows += [{"easting": 400_500, "northing": 299_500, "when": pd.NaT}] * 5
    table = pd.DataFrame(rows).assign(area_code=None, kind="crime")
    events = identified(Events, table, rows_read=len(table), release="open")
    found = stability(events, area, neighbours=[QUEEN], nulls=["constant-risk"])
    assert found.by_variant["period"].tolist()[1:] == ["without 2017", "without 2018", "without 2019"]
    for year, number in zip(years, found.by_variant["areas_hot"].tolist()[1:], strict=True):
        of_others = table[table["when"].dt.year != year]
        left = identified(Events, of_others, rows_read=len(of_others), release="open")
        assert number == len(getis_ord(count_events(left, area), null="constant-risk").hot())

    # The same in a larger area, around the first one.
    larger = stability(
        events, area, neighbours=[QUEEN], nulls=["constant-risk"], larger=make_grid(8, 8, population=1000.0)
    )
    assert larger.by_variant["extent"].tolist() == ["as given"] * 4 + ["with the areas around it"] * 4
    assert larger.by_variant["areas_hot"].tolist()[:4] == found.by_variant["areas_hot"].tolist()
    assert set(larger.by_variant["areas_tested"]) == {36}


def test_the_usual_variants():
    area = make_grid(10, 10, population=1000.0)
    found = stability(planted(area))
    words = {choice.choice: choice.options for choice in found.provenance.choices}
    assert words["null"] == ("scattered risk", "exchangeable risk")
    assert words["extent"] == ("as given", "without the areas at its edge")
    # Inside the grid the 8th nearest square is across a corner, 1,414 m away.
    assert [each[:6] for each in words["neighbours"]] == ["Queen ", "Rook c", "6 near", "8 near", "areas "]
    assert words["neighbours"][-1] == "areas within 1,500 m"
    assert found.provenance.fixed.keys() == {"period", "population"}
    assert len(found.by_variant) == found.provenance.variants == 20
    without = stability(planted(make_grid(10, 10)))
    assert without.provenance.fixed["null"] == "randomisation"


def test_the_weakest_release_is_passed_on():
    area = make_grid(6, 6, population=1000.0)
    both = {"a": planted(area), "b": planted(area, release="unreleased")}
    found = stability(both, neighbours=[QUEEN], nulls=["constant-risk"])
    assert found.release == "unreleased"
    with pytest.raises(DisclosureError):
        found.plot()


def test_what_can_not_be_varied_is_a_clear_error():
    area = make_grid(6, 6, population=1000.0)
    counts, options = planted(area), {"neighbours": [QUEEN], "nulls": ["constant-risk"]}
    with pytest.raises(AnalysisError, match="'2018' are of another study area"):
        stability({"2019": counts, "2018": planted(make_grid(6, 7, population=1000.0))}, **options)
    with pytest.raises(AnalysisError, match="does not hold the study area and more"):
        stability(counts, larger=planted(make_grid(5, 9, population=1000.0)), **options)
    with pytest.raises(AnalysisError, match="the same 36 areas"):
        stability(counts, larger=counts, **options)
    with pytest.raises(AnalysisError, match="has other periods"):
        stability({"2019": counts}, larger={"2018": planted(make_grid(7, 7, population=1.0))}, **options)
    with pytest.raises(AnalysisError, match="Other populations need a first one"):
        stability(planted(make_grid(6, 6)), populations={"a": area.areas["population"]}, neighbours=[QUEEN])
    with pytest.raises(AnalysisError, match="at least one kind of neighbours"):
        stability(counts, neighbours=[])
    with pytest.raises(AnalysisError, match="no counts to analyse"):
        stability({}, **options)
    table = pd.DataFrame(columns=["easting", "northing", "area_code", "when", "kind"])
    with pytest.raises(AnalysisError, match="need a study area"):
        stability(identified(Events, table, rows_read=0))
