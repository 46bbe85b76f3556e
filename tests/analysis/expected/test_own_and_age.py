"""Expected counts as given and by age: proportions, areas without one, and numbers worked by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom
from worlds import make_counts, make_grid, protect_alone

from hotspots.analysis.autocorrelation import getis_ord, link_neighbours, local_moran
from hotspots.analysis.expected import with_expected, with_expected_by_age
from hotspots.analysis.expected.own_counts import NO_EXPECTED, ZERO_EXPECTED
from hotspots.errors import AnalysisError, DisclosureError
from hotspots.model import Ages, Events, Identity
from hotspots.vocabulary import OPEN, UNRELEASED

BOUNDS = ["p_hot_low", "p_hot_high", "p_cold_low", "p_cold_high"]


@pytest.fixture
def area():
    return make_grid(6, 6)


def some_counts(area, seed=1):
    return make_counts(area, np.random.default_rng(seed).poisson(6, len(area)))


def own(area, values):
    return pd.Series(np.asarray(values, dtype=float), index=area.ids)


# --------------------------------------------------------------------------- one's own


@pytest.mark.parametrize("null", ["scattered-risk", "exchangeable-risk", "constant-risk"])
@pytest.mark.parametrize("test", [getis_ord, local_moran])
def test_expected_counts_in_proportion_to_people_are_the_population(null, test):
    area = make_grid(6, 6)
    people = own(area, 1000 + 40 * np.arange(36))
    plain = test(some_counts(area.with_population(people)), null=null).table
    given = test(with_expected(some_counts(area), people / 777), null=null).table
    np.testing.assert_allclose(given[BOUNDS], plain[BOUNDS], rtol=1e-9)
    np.testing.assert_allclose(given["expected"], plain["expected"], rtol=1e-12)
    assert given["class"].tolist() == plain["class"].tolist()


@pytest.mark.parametrize("null", ["scattered-risk", "constant-risk"])
def test_only_proportions_matter(area, null):
    values = np.random.default_rng(2).uniform(1, 9, 36)
    one, other = (
        getis_ord(with_expected(some_counts(area), own(area, scale * values)), null=null).table for scale in (1, 1e6)
    )
    np.testing.assert_allclose(one[BOUNDS], other[BOUNDS], rtol=1e-8)


def test_a_window_is_binomial_by_its_share_of_what_is_expected(area):
    counts, values = some_counts(area), np.random.default_rng(3).uniform(1, 9, 36)
    table = getis_ord(with_expected(counts, own(area, values)), null="constant-risk").table
    window = link_neighbours(area, rule="queen").matrix(with_self=True).toarray()
    observed = counts.table["observed_low"].to_numpy()
    wanted = binom.sf(window @ observed - 1, observed.sum(), window @ values / values.sum())
    np.testing.assert_allclose(table["p_hot_high"], wanted, rtol=1e-9)


def test_areas_without_an_expected_count_are_not_tested(area):
    values = own(area, np.full(36, 2.0))
    values.iloc[3], values.iloc[7] = 0, np.nan
    counts = with_expected(some_counts(area), values.drop(values.index[10]))
    table = getis_ord(counts).table
    assert table["reason"].iloc[[3, 7, 10]].tolist() == [ZERO_EXPECTED, NO_EXPECTED, NO_EXPECTED]
    assert (table["class"] == "not_tested").sum() == 3
    tested = table[table["class"] != "not_tested"]
    assert tested["expected"].sum() == pytest.approx(tested["observed_low"].sum(), rel=1e-12)


@pytest.mark.parametrize(("value", "words"), [(-1.0, "can't be -1"), (np.inf, "can't be inf")])
def test_an_impossible_expected_count_names_its_area(area, value, words):
    values = own(area, np.ones(36))
    values.iloc[5] = value
    with pytest.raises(AnalysisError, match=f"'{area.ids[5]}' {words}"):
        with_expected(some_counts(area), values)


def test_text_is_no_expected_count(area):
    with pytest.raises(AnalysisError, match="can't be few"):
        with_expected(some_counts(area), own(area, np.ones(36)).astype(object).replace({1.0: "few"}))


def test_some_area_must_have_an_expected_count(area):
    with pytest.raises(AnalysisError, match="expected count above 0"):
        with_expected(some_counts(area), own(area, np.zeros(36)))
    with pytest.raises(AnalysisError, match="expected count above 0"):
        with_expected(some_counts(area), pd.Series([1.0], index=["E01999999"]))
    with pytest.raises(AnalysisError, match="more than one"):
        with_expected(some_counts(area), pd.Series([1.0, 2.0], index=[area.ids[0], area.ids[0]]))


def test_counts_hold_no_impossible_expected_counts(area):
    counts = with_expected(some_counts(area), own(area, np.ones(36)))
    plain = counts.table.drop(columns="geometry")
    for value, words in ((0.0, "can't be 0"), (-2.0, "can't be -2"), (np.nan, "no expected count and no reason")):
        table = plain.assign(expected=[*[1.0] * 35, value])
        with pytest.raises(AnalysisError, match=f"'{area.ids[-1]}'.*{words}"):
            replace(counts, table=table)


def test_randomisation_uses_no_expected_counts(area):
    with pytest.raises(AnalysisError, match="does not use expected counts"):
        getis_ord(with_expected(some_counts(area), own(area, np.ones(36))), null="randomisation")


def test_counts_are_protected_before_anything_is_expected_of_them(area):
    counts = make_counts(area, np.arange(36), release=UNRELEASED)
    with pytest.raises(DisclosureError, match="made from the counts before"):
        protect_alone(with_expected(counts, own(area, np.ones(36))), "nhs-digital")
    assert with_expected(protect_alone(counts, "nhs-digital"), own(area, np.ones(36))).release == "nhs-digital"


def test_the_weakest_mark_passes_on(area):
    counts = make_counts(area, np.arange(36), release=OPEN)
    assert with_expected(counts, own(area, np.ones(36)), release=UNRELEASED).release == UNRELEASED


# --------------------------------------------------------------------------- by age


def young_and_old(area, young, old):
    return Ages(pd.DataFrame({0: young, 65: old}, index=area.ids), identity=Identity(release="open"))


def events_of(area, ages_of_events, *, release=OPEN):
    """Return one event in the first area for every age."""
    table = pd.DataFrame({"age": ages_of_events, "area_code": area.ids[0], "easting": np.nan, "northing": np.nan})
    table = table.assign(when=pd.NaT, kind="")
    return Events(table, rows_read=len(table), identity=Identity(release=release))


def test_indirect_standardisation_by_hand():
    # 30 young people with 6 events and 10 old ones with 1: rates 0.2 and 0.1. Areas have 10 + 0, 10 + 5, 10 + 5 people:
    # 2, 2.5 and 2.5, together the 7 events.
    area = make_grid(1, 3)
    counts = make_counts(area, [7, 0, 0])
    ages = young_and_old(area, [10, 10, 10], [0, 5, 5])
    found = with_expected_by_age(counts, ages, events=events_of(area, [1, 1, 2, 3, 64, 64, 65]))
    np.testing.assert_allclose(found.table["expected"], [2, 2.5, 2.5], rtol=1e-12)
    assert found.expectation is not None
    assert found.expectation.age_bands == 2


def test_events_without_an_age_are_as_old_as_the_others():
    # Of 14 events half have an age: the same proportions, twice as many.
    area = make_grid(1, 3)
    ages = young_and_old(area, [10, 10, 10], [0, 5, 5])
    events = events_of(area, [1, 1, 2, 3, 64, 64, 65, *[None] * 7])
    found = with_expected_by_age(make_counts(area, [14, 0, 0]), ages, events=events)
    np.testing.assert_allclose(found.table["expected"], [4, 5, 5], rtol=1e-12)
    assert [note.words for note in found.notes] == ["7 of 14 without an age: taken to be as old as the others."]


def test_where_nobody_is_of_an_age_at_risk_nothing_is_tested():
    area = make_grid(3, 3)
    ages = young_and_old(area, np.full(9, 10), [0, *[5] * 8])
    found = with_expected_by_age(make_counts(area, [0, *[1] * 8]), ages, events=events_of(area, [70] * 8))
    assert getis_ord(found).table["reason"].iloc[0] == "nobody of an age at which events occurred"


def test_bands_of_less_than_five_years_are_put_together():
    area = make_grid(1, 3)
    single = Ages(pd.DataFrame(np.ones((3, 91)), index=area.ids, columns=range(91)), identity=Identity(release="open"))
    found = with_expected_by_age(make_counts(area, [2, 0, 0]), single, events=events_of(area, [3, 90]))
    assert found.expectation is not None
    assert found.expectation.age_bands == 19


def test_rates_of_ages_carry_the_mark_of_the_records():
    area = make_grid(1, 3)
    ages = young_and_old(area, [10, 10, 10], [0, 5, 5])
    counts = protect_alone(make_counts(area, [9, 0, 0], release=UNRELEASED), "nhs-digital")
    found = with_expected_by_age(counts, ages, events=events_of(area, [1, 2, 70], release=UNRELEASED))
    assert found.release == UNRELEASED


def test_ages_are_needed():
    area = make_grid(1, 3)
    counts, ages = make_counts(area, [1, 0, 0]), young_and_old(area, [10, 10, 10], [0, 5, 5])
    with pytest.raises(AnalysisError, match="known age"):
        with_expected_by_age(counts, ages, events=events_of(area, [None]))
    nameless = events_of(area, [1]).table.drop(columns="age")
    with pytest.raises(AnalysisError, match="no column 'age'"):
        with_expected_by_age(counts, ages, events=Events(nameless, rows_read=1, identity=Identity(release=OPEN)))
