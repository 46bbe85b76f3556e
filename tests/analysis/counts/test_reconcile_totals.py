"""Totals against their parts: held against every way to fill the hidden numbers, enumerated."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import make_counts, make_grid

from hotspots.analysis.counts.reconcile_totals import tighten, tighten_counts, tighten_table
from hotspots.errors import AnalysisError
from hotspots.model import words_of

INTERVALS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), min_size=1, max_size=5)


def enumerate_bounds(intervals, groups, totals):
    """Return lowest and highest of each count over every way to fill the intervals that fits all totals; else None."""
    fills = [
        fill
        for fill in product(*(range(low, high + 1) for low, high in intervals))
        if all(low <= sum(fill[i] for i in group) <= high for group, (low, high) in zip(groups, totals, strict=True))
    ]
    return (np.min(fills, axis=0).tolist(), np.max(fills, axis=0).tolist()) if fills else None


def run(intervals, groups, totals, **options):
    (low, high), (least, most) = zip(*intervals, strict=True), zip(*totals, strict=True)
    bounds = tighten(low, high, groups, least, most, **options)
    return bounds[0].tolist(), bounds[1].tolist()


def check(intervals, groups, totals):
    """Hold the bounds against enumeration, and the error against there being no way at all."""
    expected = enumerate_bounds(intervals, groups, totals)
    if expected is None:
        with pytest.raises(AnalysisError, match="add up to its total"):
            run(intervals, groups, totals)
    else:
        assert run(intervals, groups, totals) == expected


@given(pairs=INTERVALS, total=st.integers(0, 20), slack=st.integers(0, 4))
def test_one_total_gives_just_what_is_possible(pairs, total, slack):
    check([(low, low + width) for low, width in pairs], [range(len(pairs))], [(total, total + slack)])


@given(
    pairs=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=5, max_size=5),
    totals=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 5)), min_size=4, max_size=4),
)
def test_totals_in_totals_give_just_what_is_possible(pairs, totals):
    # Two authorities, a part of the first, and the region of both with one area of its own; hidden totals too.
    groups = [[0, 1, 2, 3, 4], [0, 1], [2, 3], [0]]
    check([(a, a + width) for a, width in pairs], groups, [(t, t + width) for t, width in totals])


@given(
    counts=st.lists(st.integers(0, 5), min_size=5, max_size=5),
    widths=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=9, max_size=9),
)
def test_totals_in_totals_that_can_be(counts, widths):
    groups = [[0, 1], [0, 1, 2, 3, 4], [2, 3], [2, 3]]
    truth = [*counts, *(sum(counts[i] for i in group) for group in groups)]
    intervals = [(max(n - a, 0), n + b) for n, (a, b) in zip(truth, widths, strict=True)]
    check(intervals[:5], groups, intervals[5:])


@given(
    counts=st.lists(st.integers(0, 5), min_size=4, max_size=4),
    widths=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=4, max_size=4),
)
def test_overlapping_totals_never_exclude_what_is_possible(counts, widths):
    intervals = [(max(n - a, 0), n + b) for n, (a, b) in zip(counts, widths, strict=True)]
    groups = [[0, 1, 2], [1, 2, 3], [0, 3]]
    totals = [(sum(counts[i] for i in group),) * 2 for group in groups]
    low, high = run(intervals, groups, totals)
    least, most = enumerate_bounds(intervals, groups, totals)
    assert all(np.array(low) <= least)
    assert all(np.array(high) >= most)


def test_a_hidden_total_is_tightened_by_the_region_and_tightens_its_areas():
    # By hand: the region has 12, the first authority 10, so the second, hidden as 1 to 7, has 2: 1 in each area.
    intervals = [(1, 7), (1, 7), (1, 7), (1, 7), (1, 7)]
    low, high = run(intervals, [[0, 1, 2], [3, 4], [0, 1, 2, 3, 4]], [(10, 10), (1, 7), (12, 12)])
    assert (low, high) == ([1, 1, 1, 1, 1], [7, 7, 7, 1, 1])


def test_a_missing_count_can_be_anything_and_stays_missing():
    # Without the missing one, two of 1 to 2 could not be 9; with it they are at most what they were.
    low, high = tighten([1, 1, np.nan], [2, 7, np.nan], [[0, 1, 2]], [5], [5])
    np.testing.assert_array_equal(low, [1, 1, np.nan])
    np.testing.assert_array_equal(high, [2, 4, np.nan])
    assert tighten([1, 1, np.nan], [2, 2, np.nan], [[0, 1, 2]], [9], [9])[1][:2].tolist() == [2, 2]


def test_a_total_that_is_not_known_says_nothing():
    assert run([(1, 7), (1, 7)], [[0, 1]], [(0, np.inf)]) == ([1, 1], [7, 7])
    assert run([(1, 7), (1, 7)], [[0, 1], []], [(0, np.inf), (0, 0)]) == ([1, 1], [7, 7])


def test_an_impossible_table_is_named_with_its_numbers():
    with pytest.raises(AnalysisError) as caught:
        run([(1, 2), (1, 2), (5, 5)], [[2], [0, 1]], [(5, 5), (5, 5)], names=["Walsall", "Dudley"])
    assert "No counts of Dudley add up to its total." in str(caught.value)
    assert "2 to 4 in 2 parts, and a total of 5" in str(caught.value)
    with pytest.raises(AnalysisError, match="2 to 4 in 2 parts, and a total of 0 to 1"):
        run([(1, 2), (1, 2)], [[0, 1]], [(0, 1)])
    with pytest.raises(AnalysisError, match="3 or more in 2 parts, and a total of 2"):
        tighten([3, np.nan], [3, np.nan], [[0, 1]], [2], [2])


def test_fractions_and_backward_intervals_are_refused():
    with pytest.raises(AnalysisError, match=r"0\.956522 is not a whole number"):
        run([(0.956522, 0.956522), (1, 2)], [[0, 1]], [(2, 2)])
    with pytest.raises(AnalysisError, match="runs backwards, from 7 to 1"):
        run([(7, 1)], [[0]], [(7, 7)])


# --------------------------------------------------------------------------- tables and counts


def test_a_table_is_tightened_by_its_groups():
    rows = pd.DataFrame(
        {
            "la_code": ["A", "A", "B", "A", "C"],
            "year": ["1", "1", "1", "2", "1"],
            "low": [1.0, 1, 1, 1, 1],
            "high": [2.0, 2, 2, 2, 2],
        },
        index=[3, 5, 8, 13, 21],
    )
    before = rows.copy()
    totals = pd.DataFrame(
        {"low": [2.0, np.nan, 2, 1], "high": [2.0, np.nan, 2, 1], "name": ["A in 1", "A in 2", "B in 1", "D in 1"]},
        index=pd.MultiIndex.from_tuples([("A", "1"), ("A", "2"), ("B", "1"), ("D", "1")]),
    )
    # By hand: A has 2 in year 1, so 1 each; nothing is said of year 2; B's only count is its total; C has none.
    tight = tighten_table(rows, totals, by=("la_code", "year"))
    assert tight["low"].tolist() == [1, 1, 2, 1, 1]
    assert tight["high"].tolist() == [1, 1, 2, 2, 2]
    pd.testing.assert_frame_equal(rows, before)
    with pytest.raises(AnalysisError, match="No counts of B in 1 add up"):
        tighten_table(rows, totals.assign(low=9.0, high=9.0).iloc[2:], by=("la_code", "year"))


def small_counts(**words):
    """Return four areas in each of two authorities, 1 to 7 hidden."""
    return make_counts(make_grid(2, 4), [1, 12, 1, 3, 1, 1, 1, 0], [7, 12, 7, 3, 7, 7, 7, 0], **words)


def test_counts_are_tightened_by_their_authorities_and_marked():
    counts = small_counts()
    before = counts.table.copy()
    # Left half, in reading order: 1-7, 12, 1-7, 1-7, together 15: 1 each. Right half: 1-7, 3, 1-7, 0, with a total
    # rounded to the nearest 5, 13 to 17: the two hidden ones are 10 to 14 together, at least 3 each.
    tight = tighten_counts(counts, {"E08000025": (15, 15), "E08000028": (13, 17)})
    assert tight.table["observed_low"].tolist() == [1, 12, 3, 3, 1, 1, 3, 0]
    assert tight.table["observed_high"].tolist() == [1, 12, 7, 3, 1, 1, 7, 0]
    assert tight.release == "restricted"
    assert words_of(tight.notes)[-1] == (
        "Published totals narrow the intervals of 5 of 5 suppressed or rounded counts: restricted."
    )
    pd.testing.assert_frame_equal(counts.table, before)
    assert tighten_counts(small_counts(release="unreleased"), {}).release == "restricted"
    assert tighten_counts(small_counts(release="invented"), {}).release == "invented"


def test_the_whole_area_may_have_a_total_too():
    # 15 in the left half leave 20 of 35 to the right: the two hidden ones there are 17 together, but can be 14 at most.
    with pytest.raises(AnalysisError, match="the study area"):
        tighten_counts(small_counts(), {"E08000025": (15, 15)}, whole=(35, 35))
    tight = tighten_counts(small_counts(), {"E08000025": (15, 15)}, whole=(20, 20))
    assert tight.table["observed_high"].tolist() == [1, 12, 1, 3, 1, 1, 1, 0]


def test_a_total_of_another_authority_is_refused():
    with pytest.raises(AnalysisError) as caught:
        tighten_counts(small_counts(), {"E08000031": (15, 15)})
    assert "no authority 'E08000031' in the study area" in str(caught.value)
    assert "E08000025 Birmingham, E08000028 Sandwell" in str(caught.value)
