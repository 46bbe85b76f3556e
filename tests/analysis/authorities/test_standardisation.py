"""Directly standardised rates against worked examples, and what they do with hidden numbers and missing ages."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import false_discovery_control, poisson
from worlds import make_grid, protect_alone

from hotspots.analysis.authorities.standardisation import (
    ESP_2013,
    byar_tails,
    count_by_age,
    directly_standardised,
    standard_bands,
    standardised_rates,
)
from hotspots.analysis.common.rates import byar_interval
from hotspots.errors import AnalysisError
from hotspots.model import Ages, Events, Identity, Place, words_of

FIVES = tuple(range(0, 90, 5))


def test_two_worked_examples_of_oak_ridge():
    weights = [0.28111788, 0.21226284, 0.22695215, 0.19851136, 0.08115578]
    people = [0.0830, 0.5232, 0.4477, 0.3489, 0.0947]  # in ten thousands of person-years, rounded on the page
    events = np.array([[3, 9, 7, 2, 1], [0, 0, 0, 10, 2]])
    found = directly_standardised(events, [people, people], weights, per=1.0)
    np.testing.assert_allclose(found.rate, [19.3490, 7.4032], rtol=1e-3)
    # The page prints standard errors; Dobson's limits are the rate and s/sqrt(O) times Byar's limits less O.
    for row, error in enumerate((6.2478, 2.1692)):
        total = events[row].sum()
        low, high = byar_interval([total])
        step = error / np.sqrt(total)
        assert found.low[row] == pytest.approx(found.rate[row] + step * (low[0] - total), rel=2e-3)
        assert found.high[row] == pytest.approx(found.rate[row] + step * (high[0] - total), rel=2e-3)


def test_downs_syndrome_in_michigan():
    births = np.array(
        [
            [230061, 329449, 114920, 39487, 14208, 3052],
            [72202, 326701, 208667, 83228, 28466, 5375],
            [15050, 175702, 207081, 117300, 45026, 8660],
            [2293, 68800, 132424, 98301, 46075, 9834],
            [327, 30666, 123419, 149919, 104088, 34392],
        ]
    )
    cases = np.array(
        [
            [107, 141, 60, 40, 39, 25],
            [25, 150, 110, 84, 82, 39],
            [3, 71, 114, 103, 108, 75],
            [1, 26, 64, 89, 137, 96],
            [0, 8, 63, 112, 262, 295],
        ]
    )
    found = directly_standardised(cases, births, births.sum(axis=0))
    np.testing.assert_allclose(found.rate[:4], [92.3, 91.2, 85.1, 92.7], atol=0.05)
    assert found.rate[4] == pytest.approx(75.52901, abs=5e-6)


def test_one_band_is_byar_itself():
    found = directly_standardised([[65]], [[1_000]], [7.0], per=1_000)
    # PHEindicatormethods: 65 events, 50.163187710 to 82.849138546
    assert (found.rate[0], found.low[0], found.high[0]) == (
        65,
        pytest.approx(50.163187710, abs=1e-9),
        pytest.approx(82.849138546, abs=1e-9),
    )


def test_rates_in_proportion_to_the_standard_are_crude_rates():
    rng = np.random.default_rng(1)
    weights = np.array(list(ESP_2013.values()))
    events = rng.poisson(40, (3, 20))
    found = directly_standardised(events, np.tile(weights * 7.0, (3, 1)), weights)
    np.testing.assert_allclose(found.rate, events.sum(axis=1) / (7 * weights.sum()) * 100_000)


def test_limits_hold_the_rate_as_often_as_they_say():
    rng = np.random.default_rng(5)
    weights, people = np.array(list(ESP_2013.values()), dtype=float), np.geomspace(4_000, 200, 20)
    risk = np.geomspace(2e-3, 2e-4, 20)
    truth = float((weights * risk).sum() / weights.sum() * 100_000)
    drawn = rng.poisson(people * risk, (4_000, 20))
    found = directly_standardised(drawn, np.tile(people, (4_000, 1)), weights)
    held = float(((found.low <= truth) & (truth <= found.high)).mean())
    print(f"Dobson's 95% limits hold the rate in {held:.1%} of 4,000 draws of {people @ risk:.0f} events")
    assert 0.94 < held < 0.97


def test_the_standard_population_is_100_000_people():
    assert sum(ESP_2013.values()) == 100_000
    # Public Health England's 19 bands end with 1,000 people of 90 and over.
    assert ESP_2013[90] + ESP_2013[95] == 1_000


def test_shapes_must_fit():
    with pytest.raises(AnalysisError, match="Events, population and standard population have different bands"):
        directly_standardised([[1, 2]], [[1, 2]], [1, 2, 3])


# --------------------------------------------------------------------------- types of the model


def make_world(number=3_000):
    """Return a 4 by 4 grid in two authorities, events on it and 100 people an age band and area."""
    area = make_grid(4, 4, population=1_800)
    areas = area.areas.assign(
        la_code=["E08000025"] * 8 + ["E08000028"] * 8, la_name=["Birmingham"] * 8 + ["Sandwell"] * 8
    )
    area = replace(area, areas=areas)
    rng = np.random.default_rng(9)
    table = pd.DataFrame(
        {
            "easting": np.nan, "northing": np.nan, "area_code": rng.choice(area.ids, number),
            "when": pd.Timestamp("2018-05-01"), "kind": "assault", "age": rng.integers(0, 95, number).astype(float),
        }
    )  # fmt: skip
    events = Events(
        table, rows_read=number, identity=Identity(release="unreleased", name="adm", title="admissions", sources=("S",))
    )
    ages = Ages(
        pd.DataFrame(dict.fromkeys(FIVES, 100.0), index=area.ids),
        identity=Identity(release="open", sources=("ONS",), period="mid-2018"),
    )
    return area, events, ages


def test_rates_by_authority_place_and_study_area():
    area, events, ages = make_world()
    counts = count_by_age(events, area, ages=ages)
    extract = standardised_rates(counts, ages, area=area, places=[Place("Both", ("E08000025", "E08000028"))], years=2)
    table = extract.table.set_index("name")
    assert list(table["kind"]) == ["authority", "authority", "place", "study area"]
    assert table.loc["Both", "low"] == 3_000
    assert table.loc["Both", "population"] == 100 * 18 * 16
    # By hand for one authority: every band has 800 people for two years.
    own = events.table[events.table["area_code"].isin(area.ids[:8])]["age"]
    band = np.minimum(own // 5 * 5, 85)
    weights = {**{start: ESP_2013[start] for start in FIVES}, 85: 1_500 + 800 + 200}
    by_hand = sum(weights[start] * (band == start).sum() / 1_600 for start in FIVES)
    assert table.loc["Birmingham", "rate_low"] == pytest.approx(by_hand)
    assert table.loc["Birmingham", "crude_low"] == pytest.approx(len(own) / (800 * 18 * 2) * 100_000)
    assert extract.release == "unreleased"
    assert extract.source == "S; ONS"
    assert "People: mid-2018." in words_of(extract.notes)
    assert "per 100,000 people per year" in extract.words


def test_protected_counts_give_rates_that_hold_the_true_ones():
    area, events, ages = make_world(600)
    counts = count_by_age(events, area, ages=ages)
    true = standardised_rates(counts, ages, area=area).table
    shown = standardised_rates(protect_alone(counts, "nhs-digital"), ages, area=area)
    assert shown.release == "nhs-digital"
    assert (shown.table["rate_low"] <= true["rate_low"]).all()
    assert (shown.table["rate_high"] >= true["rate_high"]).all()
    assert (shown.table["ci_low"] <= true["ci_low"]).all()
    assert (shown.table["ci_high"] >= true["ci_high"]).all()
    assert (shown.table["rate_low"] < shown.table["rate_high"]).all()


def test_few_events_give_no_rate():
    area, events, ages = make_world(9)
    table = standardised_rates(count_by_age(events, area, ages=ages), ages, area=area).table
    assert table["rate_low"].isna().all()
    assert set(table["reason"]) == {"fewer than 10 events"}
    assert table["crude_low"].notna().all()


def test_events_without_an_age_are_said():
    area, events, ages = make_world(50)
    ageless = events.table.assign(age=np.where(np.arange(50) < 4, np.nan, events.table["age"]))
    counts = count_by_age(
        Events(ageless, rows_read=50, identity=Identity(release="unreleased", title="admissions")), area, ages=ages
    )
    assert words_of(counts.notes) == ("4 of 50 without an age: in no standardised rate.",)
    assert counts.table["low"].sum() == 46


def test_bands_of_ages_that_do_not_fit():
    area, events, ages = make_world(50)
    broad = Ages(pd.DataFrame({0: 5.0, 16: 5.0, 60: 5.0}, index=area.ids), identity=Identity(release="open"))
    with pytest.raises(AnalysisError) as caught:
        standard_bands(broad)
    assert "does not fit the bands of the European Standard Population" in str(caught.value)
    assert "bands from 0, 16, 60; none begins at 5" in str(caught.value)
    single = Ages(pd.DataFrame(dict.fromkeys(range(91), 1.0), index=area.ids), identity=Identity(release="open"))
    assert standard_bands(single) == (*FIVES, 90)
    counts = count_by_age(events, area, ages=ages)
    with pytest.raises(AnalysisError, match=r"do not have the same bands: 85\+"):
        standardised_rates(counts, single, area=area)
    with pytest.raises(AnalysisError, match="has no population by age"):
        standardised_rates(counts, Ages(ages.table.iloc[1:], identity=Identity(release="open")), area=area)


def test_events_must_have_ages():
    area, events, ages = make_world(20)
    with pytest.raises(AnalysisError, match="admissions have no column 'age', so rates can't be standardised"):
        count_by_age(
            Events(
                events.table.drop(columns="age"),
                rows_read=20,
                identity=Identity(release="unreleased", title="admissions"),
            ),
            area,
            ages=ages,
        )


# --------------------------------------------------------------------------- who differs


def test_p_values_are_those_of_the_poisson_tails():
    """With the same rate in all ages a standardised rate is a crude one: its tail is the Poisson one."""
    for events, expected in ((180.0, 98.0), (40.0, 61.0), (120.0, 98.0), (25.0, 30.0)):
        # Weights 1: a rate of `events`, and an event more is a step of 1.
        above, below = byar_tails(events, events, step=1.0, average=expected)
        assert above == pytest.approx(poisson.sf(events - 1, expected), rel=0.05)
        assert below == pytest.approx(poisson.cdf(events, expected), rel=0.05)


def test_a_rate_differs_at_five_per_cent_where_its_interval_leaves_out_the_average():
    low, high = (float(end[0]) for end in byar_interval([120.0]))
    for average, inside in ((low - 0.01, False), (low + 0.01, True), (high - 0.01, True), (high + 0.01, False)):
        assert (min(byar_tails(120.0, 120.0, step=1.0, average=average)) > 0.025) == inside


def test_who_differs_is_said_after_adjustment_and_never_of_a_place():
    area, events, ages = make_world(900)
    table = standardised_rates(
        count_by_age(events, area, ages=ages), ages, area=area, places=[Place("Both", ("E08000025", "E08000028"))]
    ).table
    assert table.loc[table["kind"] != "authority", "p_adjusted"].isna().all()
    assert (table.loc[table["kind"] != "authority", "differs"] == "").all()
    own = table[table["kind"] == "authority"]
    average = table["rate_low"].iloc[-1]
    steps = (own["ci_high"] - own["rate_high"]) / (byar_interval(own["high"])[1] - own["high"])
    rows = zip(own["low"], own["rate_low"], steps, strict=True)
    p = [2 * min(byar_tails(total, rate, step=step, average=average)) for total, rate, step in rows]
    np.testing.assert_allclose(own["p_adjusted"], false_discovery_control(p))


def test_one_that_has_twice_the_events_is_named_and_no_other():
    """Four authorities, about 800 events each, and 1,600 in one: above; the others below a higher average."""
    area, events, ages = make_world(6_400)
    codes = np.repeat(["E08000025", "E08000026", "E08000027", "E08000028"], 4)
    area = replace(area, areas=area.areas.assign(la_code=codes, la_name=codes))
    last = events.table["area_code"].isin(area.ids[12:]).to_numpy()
    kept = events.where(last | (np.arange(len(last)) % 2 == 0), reason="every other one")
    table = standardised_rates(count_by_age(kept, area, ages=ages), ages, area=area).table.set_index("name")
    assert table["differs"].to_dict() == {
        "E08000025": "below", "E08000026": "below", "E08000027": "below", "E08000028": "above", "Study area": "",
    }  # fmt: skip
    alike = standardised_rates(count_by_age(events, area, ages=ages), ages, area=area).table
    assert set(alike["differs"]) == {""}


def test_hidden_counts_differ_only_where_every_number_they_may_be_does():
    area, events, ages = make_world(900)
    true = standardised_rates(count_by_age(events, area, ages=ages), ages, area=area).table
    shown = standardised_rates(
        protect_alone(count_by_age(events, area, ages=ages), "nhs-digital"), ages, area=area
    ).table
    kept = true["p_adjusted"].notna()
    assert (shown.loc[kept, "p_adjusted"] >= true.loc[kept, "p_adjusted"] - 1e-12).all()


# --------------------------------------------------------------------------- several events of a person


def test_repeat_admissions_by_hand():
    """Band one: 4 persons once, 3 twice. Band two: 20 once, 2 five times. Ten and 30 admissions of 1,000 people each.

    Sums of squares 4 + 3 x 4 = 16 and 20 + 2 x 25 = 70; with weights of 3/4 and 1/4 per 1,000 the variance is
    9/16 x 16 + 1/16 x 70 = 13.375. If every admission were another person's: 9/16 x 10 + 1/16 x 30 = 7.5.
    """
    persons = [[[4, 3, 0, 0, 0], [20, 0, 0, 0, 2]]]
    events, people = [[10, 30]], [[1_000, 1_000]]
    found = directly_standardised(events, people, [3, 1], per=1_000, persons=persons)
    alone = directly_standardised(events, people, [3, 1], per=1_000)
    assert found.rate[0] == alone.rate[0] == 15
    assert found.step[0] ** 2 * 40 == pytest.approx(13.375)
    assert alone.step[0] ** 2 * 40 == pytest.approx(7.5)
    # Byar's limits of 40 events, 1.96: 40 (1 - 1/360 - 1.96 / (3 sqrt 40))^3 and 41 (1 - 1/369 + 1.96 / (3 sqrt 41))^3.
    low, high = 40 * (1 - 1 / 360 - 1.959964 / (3 * 40**0.5)) ** 3, 41 * (1 - 1 / 369 + 1.959964 / (3 * 41**0.5)) ** 3
    step = (13.375 / 40) ** 0.5
    assert found.low[0] == pytest.approx(15 - step * (40 - low), abs=1e-5)
    assert found.high[0] == pytest.approx(15 + step * (high - 40), abs=1e-5)
    # One group's persons may come without the dimension of groups.
    assert directly_standardised(events, people, [3, 1], per=1_000, persons=persons[0]).low[0] == found.low[0]


def test_where_everybody_has_one_event_nothing_changes():
    events, people = np.array([[3, 9, 7], [0, 4, 10]]), np.full((2, 3), 500.0)
    one = directly_standardised(events, people, [1, 2, 3])
    other = directly_standardised(events, people, [1, 2, 3], persons=events[..., None])
    for name in one._fields:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_limits_of_repeat_admissions_hold_the_rate():
    """Persons by band Poisson, each with 1, 2, ... admissions (logarithmic): 95% of limits hold it, 70% without."""
    rng, people, weights, chance = np.random.default_rng(31), np.array([4_000.0, 2_000.0]), np.array([1.0, 1.0]), 0.7
    each = np.arange(1, 60)
    share = -(chance**each) / each / np.log1p(-chance)
    share /= share.sum()
    expected = np.array([30.0, 25.0])
    truth = 0.5 * (expected * (share @ each) / people).sum() * 1_000
    persons = rng.poisson(expected[None, :, None] * share, (2_000, 2, len(each)))
    events = persons @ each
    everybody = np.tile(people, (2_000, 1))
    held = {
        name: ((found.low <= truth) & (truth <= found.high)).mean()
        for name, found in {
            "by person": directly_standardised(events, everybody, weights, per=1_000, persons=persons),
            "by admission": directly_standardised(events, everybody, weights, per=1_000),
        }.items()
    }
    print(held)
    assert held["by person"] == pytest.approx(0.95, abs=0.02)
    assert held["by admission"] < 0.8


@pytest.mark.parametrize("persons", [[[[10, 0], [28, 0]]], [[[10], [30]], [[1], [1]]], [[[12, -1], [30, 0]]]])
def test_persons_that_do_not_have_the_events_are_refused(persons):
    with pytest.raises(AnalysisError, match="do not have the events of the groups and bands") as error:
        directly_standardised([[10, 30]], [[1_000, 1_000]], [3, 1], persons=persons)
    assert "40 events" in error.value.found
