"""The gate: counts into intervals before anything is computed from them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from worlds import make_counts, make_grid, protect_alone

from hotspots.analysis.counts.reconcile_totals import tighten_counts
from hotspots.disclosure import Gate, Scope, protect
from hotspots.disclosure.protection import restrict
from hotspots.disclosure.release.rules import RULES, find_rule
from hotspots.errors import DisclosureError
from hotspots.model import Events, Identity, Series

YEAR = Scope.of_years(2019, 2019)


@pytest.mark.parametrize(
    ("count", "interval"),
    # NHS Digital's HES analysis guide: 1 to 7 become *, all others are rounded to the nearest 5.
    [(0, (0, 0)), (1, (1, 7)), (7, (1, 7)), (8, (8, 12)),
     (12, (8, 12)), (13, (13, 17)), (17, (13, 17)), (100, (98, 102))],
)  # fmt: skip
def test_nhs_digital(count, interval):
    assert RULES["nhs-digital"].interval(count) == interval


def test_the_interval_holds_the_count_and_depends_only_on_what_is_published():
    for rule in RULES.values():
        intervals = {}
        for count in range(300):
            low, high = rule.interval(count)
            assert low <= count <= high
            intervals.setdefault((low, high), []).append(count)
        # Whoever sees the interval learns no more than the interval: all its counts give the same one.
        for (low, high), counts in intervals.items():
            if high >= 300:
                continue  # not all of its counts were tried
            assert counts == list(range(int(low), int(high) + 1))


def test_protected_counts_do_not_depend_on_what_they_hide():
    area = make_grid(2, 3)
    one = protect_alone(make_counts(area, [1, 9, 14, 0, 7, 23], release="unreleased"), "nhs-digital")
    two = protect_alone(make_counts(area, [6, 11, 16, 0, 2, 27], release="unreleased"), "nhs-digital")
    pd.testing.assert_frame_equal(one.table, two.table)
    assert (one.release, one.rule) == ("nhs-digital", "nhs-digital")
    assert one.table["observed_low"].tolist() == [1, 8, 13, 0, 1, 23]


def test_the_audit_is_protected_too():
    area = make_grid(1, 3)
    table = pd.DataFrame({"observed_low": [1.0, 2, 3], "observed_high": [1.0, 2, 3]}, index=area.ids)
    from hotspots.model import AreaCounts

    counts = AreaCounts(
        area,
        table,
        outside=3,
        audit={"rows_read": 1234},
        dropped={"no date": 1},
        identity=Identity(release="unreleased"),
    )
    safe = protect_alone(counts, "nhs-digital")
    assert safe.outside == "1 to 7"
    assert dict(safe.audit) == {"rows_read": "1,233 to 1,237"}
    assert dict(safe.dropped) == {"no date": "1 to 7"}


def test_missing_counts_stay_missing():
    area = make_grid(1, 3)
    safe = protect_alone(make_counts(area, [np.nan, 2, 30], release="unreleased"), "older-phe")
    assert np.isnan(safe.table["observed_low"].iloc[0])
    assert safe.table["observed_high"].tolist()[1:] == [5, 30]


def test_a_series_loses_the_interval_made_from_the_true_count():
    table = pd.DataFrame(
        {
            "period": ["2018", "2019"],
            "group": "all",
            "low": [3.0, 40],
            "high": [3.0, 40],
            "ci_low": 1.0,
            "ci_high": 50.0,
        }
    )
    safe = protect_alone(Series(table, unit="events", identity=Identity(release="unreleased")), "nhs-digital")
    assert safe.table[["low", "high"]].to_numpy().tolist() == [[1, 7], [38, 42]]
    assert safe.table[["ci_low", "ci_high"]].isna().all(axis=None)


def test_single_events_can_not_be_protected():
    columns = ["easting", "northing", "area_code", "when", "kind"]
    events = Events(pd.DataFrame(columns=columns), rows_read=0, identity=Identity(release="unreleased"))
    with pytest.raises(DisclosureError, match="Events can't be protected"):
        protect_alone(events, "nhs-digital")


def test_an_unknown_rule_names_the_nearest():
    with pytest.raises(DisclosureError) as caught:
        find_rule("nhs")
    assert "no disclosure rule 'nhs'" in str(caught.value)
    assert "known rules: nhs-digital, older-phe, dfe" in str(caught.value)


def test_restricting_marks_only_what_is_unreleased():
    area = make_grid(1, 3)
    assert restrict(make_counts(area, [1, 2, 3], release="unreleased")).release == "restricted"
    assert restrict(make_counts(area, [1, 2, 3], release="open")).release == "open"


# --------------------------------------------------------------------------- rules of one's own


@pytest.mark.parametrize(
    ("numbers", "count", "interval"),
    # By hand: to the nearest 10 with halves upwards, 15 to 24 are published as 20, and 5 to 14 as 10.
    [({"largest": 9, "rounding": 10}, 15, (15, 24)), ({"largest": 9, "rounding": 10}, 24, (15, 24)),
     ({"largest": 4, "rounding": 10}, 5, (5, 14)), ({"largest": 9, "rounding": 10}, 10, (10, 14)),
     ({"largest": 4}, 4, (1, 4)), ({"largest": 4}, 5, (5, 5)), ({"largest": 4}, 0, (0, 0)),
     ({"smallest": 0, "largest": 4}, 0, (0, 4)), ({"largest": 2, "rounding": 5}, 3, (3, 7))],
)  # fmt: skip
def test_a_rule_of_numbers(numbers, count, interval):
    assert find_rule(numbers).interval(count) == interval


@pytest.mark.parametrize("smallest", [0, 1])
@pytest.mark.parametrize("rounding", [1, 2, 3, 5, 6, 10])
def test_every_rule_of_numbers_has_intervals_that_tell_no_more_than_what_is_published(smallest, rounding):
    rule = find_rule({"smallest": smallest, "largest": 7, "rounding": rounding})
    intervals: dict[tuple[float, float], list[int]] = {}
    for count in range(120):
        intervals.setdefault(rule.interval(count), []).append(count)
    for (low, high), counts in intervals.items():
        if high < 120:
            assert counts == list(range(int(low), int(high) + 1))


def test_a_rule_of_numbers_has_a_name_that_says_them():
    rule = find_rule({"largest": 9, "rounding": 10})
    assert rule.name == "1 to 9 suppressed, nearest 10"
    assert find_rule({"largest": 4}).words == "counts from 1 to 4 suppressed"
    assert find_rule(rule) is rule
    safe = protect_alone(make_counts(make_grid(1, 3), [0, 3, 17], release="unreleased"), {"largest": 9, "rounding": 10})
    assert safe.table["observed_high"].tolist() == [0, 9, 24]
    assert (safe.release, safe.rule) == (rule.name, rule.name)


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ({"largest": 2, "rounding": 10}, "counts up to 4 would be published as 0"),
        ({"smallest": 2, "largest": 5}, "suppresses counts from 1 \\(or 0\\)"),
        ({"smallest": 1, "largest": 0}, "found: smallest 1, largest 0, rounding 1"),
        ({"largest": 5, "rounding": 0}, "rounds to 1 or more"),
        ({"largest": 2.5}, "are whole"),
        ({"highest": 5}, "has no 'highest'"),
        ({"smallest": 1}, "needs the largest suppressed count"),
    ],
)
def test_numbers_that_make_no_rule_are_refused(numbers, words):
    with pytest.raises(DisclosureError, match=words):
        find_rule(numbers)


def test_what_is_for_named_readers_is_not_protected_afterwards():
    # Tightened to 3, what a source hides as 1 to 5 would pass the rule that hides 1 and 2 only.
    area = make_grid(1, 3)
    tight = tighten_counts(make_counts(area, [1, 9, 8], [5, 9, 8], release="open"), {"E08000025": (12, 12)})
    assert tight.table["observed_low"].tolist() == [3, 9, 8]
    with pytest.raises(DisclosureError) as caught:
        protect_alone(tight, "dfe")
    assert "AreaCounts is restricted and cannot be published" in str(caught.value)
    assert "protect the counts as they were read" in str(caught.value)


def test_the_reason_of_a_protected_count_says_no_more_than_its_interval():
    area = make_grid(1, 5)
    # A source that hides 1 to 5 itself: under nhs-digital its 6 must look like what it hides.
    counts = make_counts(area, [1, 6, 9, 0, np.nan], [5, 6, 9, 0, np.nan], release="unreleased")
    why = ["suppressed (*)", "", "", "", "not available (:)"]
    safe = protect_alone(replace(counts, table=counts.table.assign(reason=why)), "nhs-digital")
    assert safe.table["reason"].tolist() == [
        *(
            "suppressed (nhs-digital)",
            "suppressed (nhs-digital)",
            "rounded or suppressed (nhs-digital)",
            "",
            "not available (:)",
        )
    ]


# --------------------------------------------------------------------------- registration


def test_a_rule_in_place_of_a_gate_is_no_registration():
    with pytest.raises(DisclosureError) as caught:
        protect(make_counts(make_grid(1, 3), [1, 2, 3], release="unreleased"), "dfe", scope=YEAR)
    assert "found: 'dfe' in place of a gate" in str(caught.value)
    assert 'hotspots.disclosure.Gate("nhs-digital")' in str(caught.value)


def test_counts_without_the_records_they_count_are_no_registration():
    counts = make_counts(make_grid(1, 3), [1, 2, 3], release="unreleased")
    with pytest.raises(TypeError, match="scope"):
        protect(counts, Gate("dfe"))
    with pytest.raises(DisclosureError, match="not known which records"):
        protect(counts, Gate("dfe"), scope=[YEAR])


def test_a_gate_remembers_what_it_protected():
    """Of 20 admissions 17 were under 25: alone, the rule shows 17; beside all ages, the other 3 would follow."""
    area, gate = make_grid(1, 3), Gate("older-phe")
    everyone, young = (make_counts(area, numbers, release="unreleased") for numbers in ([20, 9, 0], [17, 0, 0]))
    protect(everyone, gate, scope=YEAR)
    beside = protect(young, gate, scope=replace(YEAR, ages=(0, 24)))
    alone = protect(young, Gate("older-phe"), scope=replace(YEAR, ages=(0, 24)))
    assert alone.table["observed_low"].tolist() == [17, 0, 0]
    assert beside.table[["observed_low", "observed_high"]].to_numpy().tolist() == [[15, 19], [0, 0], [0, 0]]
    other = protect(young, gate, records="others", scope=replace(YEAR, ages=(0, 24)))
    assert other.table["observed_low"].tolist() == [17, 0, 0]


@pytest.mark.parametrize(
    ("mend", "shown"),
    # By hand, under nhs-digital (0; 1 to 7; 8 to 12; ...): of 3 people, 1 to 3 has fewer than seven values, and so have
    # all counts there are; of 10 people, 8 to 10 has three of the rule's five, and 1 to 10 has more than seven.
    [(False, [(1, 3), (0, 0), (8, 10), (8, 12)]), (True, [(0, 3), (0, 3), (1, 10), (8, 12)])],
)
def test_the_number_of_people_cuts_an_interval_and_may_be_mended(mend, shown):
    area = make_grid(1, 4).with_population(pd.Series([3, 3, 10, 50], index=make_grid(1, 4).ids))
    gate = Gate("nhs-digital", mend_population_cut=mend)
    found = protect(make_counts(area, [2, 0, 9, 9], release="unreleased"), gate, scope=YEAR)
    assert [tuple(ends) for ends in found.table[["observed_low", "observed_high"]].to_numpy()] == shown
    assert gate.mends[0].cut == (3 if mend else 2)
    assert f"{gate.mends[0].cut} areas have fewer people" in gate.mends[0].words


@pytest.mark.parametrize("mark", ["unreleased", "restricted"])
def test_no_other_mark_makes_counts_publishable(mark):
    counts = make_counts(make_grid(1, 3), [1, 2, 3], release=mark)
    for stronger in ("nhs-digital", "invented", "open"):
        with pytest.raises(DisclosureError, match="can't be made publishable"):
            counts.with_identity(release=stronger)
    assert counts.with_identity(title="others").release == mark


def test_two_lines_do_not_give_back_their_difference():
    """Of 100 admissions 97 were under 25: the other 3 are as hidden as if they stood there."""
    rows = [("2018", "all", 100), ("2018", "under 25", 97), ("2019", "all", 90), ("2019", "under 25", 90)]
    rows += [("2020", "all", 100), ("2020", "under 25", 60), ("2021", "all", 9), ("2021", "under 25", 4)]
    table = pd.DataFrame(
        [(period, group, float(n), float(n), np.nan, np.nan) for period, group, n in rows],
        columns=["period", "group", "low", "high", "ci_low", "ci_high"],
    )
    safe = protect_alone(Series(table, unit="admissions", identity=Identity(release="unreleased")), "older-phe").table
    found = {(r.period, r.group): (r.low, r.high) for r in safe.itertuples()}
    assert found["2018", "under 25"] == (95, 99)  # the others are 1 to 5
    assert found["2018", "all"] == (100, 100)
    assert found["2019", "under 25"] == (90, 90)  # no others: 0 is not hidden
    assert found["2020", "under 25"] == (60, 60)
    assert found["2021", "under 25"] == (1, 8)  # with 1 to 5, the others would be 4 to 8
    again = protect_alone(
        Series(table, unit="admissions", identity=Identity(release="unreleased")), "nhs-digital"
    ).table
    assert (again["low"] < again["high"]).all()
