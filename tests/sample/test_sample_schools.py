"""The sample's planted schools: how many are found, and how many are found that were not planted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2
from worlds import ROOT

from hotspots.analysis.counts.reconcile_totals import tighten_table
from hotspots.analysis.schools.diverging import diverging_schools
from hotspots.analysis.schools.limits import expected_counts, mid_p_tails
from hotspots.analysis.schools.negative_binomial import fit_counts
from hotspots.analysis.schools.school_inputs import counts_in
from hotspots.analysis.schools.spatial import authority_effects, residual_clustering
from hotspots.model import SchoolResult, words_of
from hotspots.sources.authority_totals import read_authority_totals
from hotspots.sources.boundaries import read_areas
from hotspots.sources.deprivation import read_deprivation
from hotspots.sources.exclusions import read_exclusions
from hotspots.sources.schools import read_schools
from hotspots.vocabulary import INVENTED

EVENTS = ROOT / "data" / "events"
SIDES = {"high": ("above", "far_above"), "low": ("below", "far_below")}


def compare(*, totals: bool, **options: object) -> SchoolResult:
    area = read_areas(
        ROOT / "data" / "boundaries" / "west_midlands_lsoa11.gpkg", layer="lsoa11", geography="LSOA", vintage=2011
    )
    people = pd.read_csv(ROOT / "data" / "boundaries" / "population_lsoa11_census2011.csv").set_index("lsoa11_code")
    area = area.with_population(people["population"])
    exclusions = read_exclusions(EVENTS / "invented_exclusions_by_school.csv", years=None, hidden=(1, 2))
    if totals:
        known = read_authority_totals(EVENTS / "invented_exclusions_by_authority.csv", exclusions, hidden=(1, 2))
        exclusions = exclusions.tighten(tighten_table(exclusions.rows, known, by=("la_code", "year")))
    schools = read_schools(EVENTS / "invented_schools_register.csv", exclusions=exclusions, release=INVENTED)
    index = read_deprivation(EVENTS / "invented_idaci_lsoa11.csv", title="IDACI (invented)", release=INVENTED)
    return diverging_schools(schools, index, area=area, **options)


@pytest.fixture(scope="module")
def result() -> SchoolResult:
    return compare(totals=False)


@pytest.fixture(scope="module")
def planted() -> pd.Series:
    return pd.read_csv(ROOT / "tests" / "data" / "planted_schools.csv", dtype={"laestab": str}).set_index("laestab")[
        "kind"
    ]


def score(classes: pd.Series, planted: pd.Series) -> dict[str, tuple[int, int]]:
    """Return planted schools found on their side, and others found there."""
    kind = planted.reindex(classes.index)
    return {
        side: (int((classes.isin(names) & (kind == side)).sum()), int((classes.isin(names) & (kind != side)).sum()))
        for side, names in SIDES.items()
    }


def test_planted_schools(result: SchoolResult, planted: pd.Series):
    table = result.table
    found = score(table["class"], planted)
    fitted = table[table["expected"].notna()]
    clean = ~fitted.index.isin(planted.index)
    design = np.column_stack([np.ones(len(fitted)), fitted["idaci"].to_numpy(dtype=float)])
    pupils = fitted["pupils"].to_numpy(dtype=float)
    truth = fit_counts(counts_in(fitted[clean]), design[clean], exposure=pupils[clean])
    mean, dispersion, freedom = expected_counts(truth, design, exposure=pupils)
    above, _ = mid_p_tails(fitted["low"].to_numpy(dtype=float), mean, dispersion, freedom=freedom)
    _, below = mid_p_tails(fitted["high"].to_numpy(dtype=float), mean, dispersion, freedom=freedom)
    best = score(
        pd.Series(np.select([above < 0.025, below < 0.025], ["above", "below"], ""), index=fitted.index), planted
    )
    print("own area:", found, "catchment:", score(table["class_catchment"], planted))
    print("with the line and dispersion of the schools that were not planted:", best)
    print(f"dispersion {result.slope['dispersion']:.2f}, of the others alone {truth.dispersion:.2f}")
    flagged = sum(map(sum, found.values()))
    print(
        f"sensitivity {sum(pair[0] for pair in found.values())} of 16; of {flagged} flagged, "
        f"{sum(pair[1] for pair in found.values())} were not planted"
    )
    # Planted: threefold to fourfold, and 0.15 times. Schools not planted scatter too, by 60 %, so that one in seven
    # times the rate is within what chance gives: no line finds those low ones. Nobody beats the line of the others by
    # much, and the robust one is near it.
    # One of those planted is a suppressed count of 30 or 31 of which 30 is the highest as expected (mid-p 0.0254).
    brink = table.loc[table["class"] == "cannot_be_judged", "p_above"].between(0.025, 0.026).sum()
    assert brink == 1
    assert found["high"][0] + brink >= best["high"][0] - 2 >= 5
    assert found["low"][0] >= best["low"][0]
    # Of 205 others 2.5 % on each side would be 5; three standard deviations more is 12.
    assert max(pair[1] for pair in found.values()) <= 5
    # "Far" holds the false discovery rate: none is false here.
    far = table.index[table["class"].isin(["far_above", "far_below"])]
    assert set(far) <= set(planted.index)


def test_the_groups_that_were_named(result: SchoolResult, planted: pd.Series):
    more = set(result.provenance.more_in_least_deprived)
    assert len(more & set(planted.index[planted == "high"])) >= 3
    fewer = set(result.provenance.fewer_in_most_deprived)
    assert fewer & set(planted.index[planted == "low"])


def test_every_school_is_accounted_for(result: SchoolResult):
    table = result.table
    assert len(table) == 221
    assert (table["expected"].notna() | (table["reason"] != "")).all()
    assert table.loc[table["expected"].isna(), "reason"].tolist() == ["lies in no area of the study"]
    assert (table["linked"] == "number").all()
    assert set(table["phase"]) == {"Secondary", "All-through", "Middle deemed secondary"}
    assert any(
        "Schools located in a different authority from the one that runs them:" in note
        for note in words_of(result.notes)
    )


def test_totals_narrow_what_is_hidden_and_leave_the_findings(result: SchoolResult, planted: pd.Series):
    tighter = compare(totals=True)
    width = (tighter.table["high"] - tighter.table["low"]).sum(), (result.table["high"] - result.table["low"]).sum()
    assert width[0] < width[1]
    assert tighter.slope["dispersion"] == pytest.approx(result.slope["dispersion"], rel=0.02)
    assert (tighter.table["class"] != result.table["class"]).sum() <= 2


def test_an_authority_with_planted_schools_stands_out(result: SchoolResult):
    """Four of Wolverhampton's 23 have three to four times the rate: it is above the average authority."""
    told = authority_effects(result)
    print(told.table.round(2).to_string(), told.words)
    assert told.table["ratio"].idxmax() == "E08000031"
    assert told.table.loc["E08000031", "low"] > 1
    assert "Wolverhampton" in told.words
    assert residual_clustering(result).table.loc["same authority", "z"] > 0


def test_rates_over_the_average_are_those_of_a_second_way(result: SchoolResult):
    """Exact Poisson limits by scipy's chi-squared, over events per pupil-year of all schools in the model."""
    table = result.table[result.table["expected"].notna()]
    average = (table["low"] + table["high"]).sum() / 2 / table["pupils"].sum()
    told = result.provenance.rate_average
    assert told.schools == len(table) == result.provenance.schools_in_model
    assert told.per_100 == pytest.approx(100 * average)
    expected = average * table["pupils"]
    low = np.where(table["low"] > 0, chi2.ppf(0.025, 2 * table["low"]) / 2, 0.0)
    high = chi2.ppf(0.975, 2 * table["high"] + 2) / 2
    np.testing.assert_allclose(table["ratio_low_95"], low / expected)
    np.testing.assert_allclose(table["ratio_high_95"], high / expected)
    assert ((table["rate_differs"] == "yes") == ((low > expected) | (high < expected))).all()
    assert (result.table["rate_class"] == "").sum() == len(result.table) - len(table)
