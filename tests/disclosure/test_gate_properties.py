"""What holds of the gate whatever the counts and the rule: nothing is lost, told twice, or told by the bytes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import make_counts, make_grid, protect_alone

import hotspots as hs
from hotspots.disclosure.release.rules import RULES, find_rule
from hotspots.model import combine

AREA = make_grid(3, 3, population=1_000)
NEIGHBOURS = hs.link_neighbours(AREA)
ORDER = ("unreleased", "restricted", "nhs-digital", "invented", "open")
"""From the mark that asks for the most care to the one that asks for none."""

COUNTS = st.lists(st.integers(0, 60), min_size=9, max_size=9)


@st.composite
def rules(draw: st.DrawFn) -> str | dict[str, int]:
    """Return a rule by its name or by its numbers: those that would be rounded to 0 are suppressed."""
    if draw(st.booleans()):
        return draw(st.sampled_from(sorted(RULES)))
    rounding = draw(st.integers(1, 10))
    largest = draw(st.integers(max(1, (rounding - 1) // 2), 12))
    return {"smallest": draw(st.integers(0, 1)), "largest": largest, "rounding": rounding}


def gated(values: list[int], rule: Any) -> hs.AreaCounts:
    return protect_alone(make_counts(AREA, values, release="unreleased"), rule)


@given(values=COUNTS, rule=rules())
def test_the_true_count_lies_inside_its_interval(values, rule):
    table = gated(values, rule).table
    assert (table["observed_low"] <= values).all()
    assert (values <= table["observed_high"]).all()


@given(values=COUNTS, rule=rules())
def test_protecting_twice_changes_nothing(values, rule):
    once = gated(values, rule)
    twice = protect_alone(once, rule)
    pd.testing.assert_frame_equal(twice.table, once.table)
    assert (twice.release, twice.rule) == (once.release, once.rule)


@pytest.mark.slow
@settings(max_examples=10)
@given(values=COUNTS, rule=st.sampled_from(sorted(RULES)), data=st.data())
def test_equal_intervals_give_equal_outputs_to_the_byte(values, rule, data, tmp_path_factory):
    """Other counts with the same intervals are drawn; the GeoPackages of both are the same file."""
    intervals = [find_rule(rule).interval(count) for count in values]
    others = [data.draw(st.integers(int(low), int(high))) for low, high in intervals]
    folder = tmp_path_factory.mktemp("same")
    made = []
    for number, counts in enumerate((values, others)):
        known = gated(counts, rule)
        try:
            result = hs.getis_ord(known, NEIGHBOURS, null="constant-risk")
        except hs.AnalysisError as error:  # no events at all: said of both alike
            made.append(str(error).encode())
            continue
        path = folder / str(number) / "a.gpkg"
        path.parent.mkdir()
        made.append(hs.write_geopackage(path, [result, AREA], title="A", date="2019-12-31T00:00:00.000Z").read_bytes())
    assert made[0] == made[1]


@given(marks=st.lists(st.sampled_from(ORDER), min_size=1, max_size=4))
def test_a_weaker_mark_never_comes_out_of_a_stronger_one(marks):
    inputs = [make_counts(AREA, np.arange(9), release=mark) for mark in marks]
    assert combine(*inputs).release == min(marks, key=ORDER.index)
    result = hs.getis_ord(inputs[0], NEIGHBOURS, null="constant-risk")
    assert ORDER.index(result.release) <= ORDER.index(marks[0])
