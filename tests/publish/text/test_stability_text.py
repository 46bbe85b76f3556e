"""Stability and agreement in words: every case of the titles, and what readers are told beside them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hotspots.model import Place
from hotspots.publish.text import agreement_title, explain_agreement, explain_stability, stability_title


def of_classes(result, **classes):
    """Return the result with these numbers of areas in classes, and all others in the last class given."""
    names = [name for name, number in classes.items() for _ in range(number)]
    names += [list(classes)[-1]] * (len(result) - len(names))
    return replace(result, table=result.table.sort_index().assign(**{"class": names}))


@pytest.mark.parametrize(
    ("classes", "title"),
    [
        (
            {"in_all": 2, "in_most": 3, "in_some": 4, "in_none": 1},
            "2 areas are hot for knife crime in every variant, 7 more in some; the null hypothesis decides most",
        ),
        (
            {"in_all": 1, "in_some": 1, "in_none": 1},
            "1 area is hot for knife crime in every variant, 1 more in some; the null hypothesis decides most",
        ),
        ({"in_all": 1, "in_none": 1}, "1 area is hot for knife crime in every variant"),
        (
            {"in_most": 3, "in_some": 4, "in_none": 1},
            "No area is hot for knife crime in every variant, but 3 are in most and 4 in some; "
            "the null hypothesis decides most",
        ),
        (
            {"in_some": 4, "in_none": 1},
            "No area is hot for knife crime in every variant, but 4 are in some; the null hypothesis decides most",
        ),
        (
            {"in_most": 1, "in_none": 1},
            "No area is hot for knife crime in every variant, but 1 is in most; the null hypothesis decides most",
        ),
        ({"in_none": 1}, "No area is hot for knife crime in any of 12 variants"),
    ],
)
def test_titles_of_stability(stability, classes, title):
    assert stability_title(of_classes(stability, **classes)) == title


@pytest.mark.parametrize(
    ("classes", "title"),
    [
        (
            {"three": 1, "two": 2, "one": 5, "none": 1},
            "1 area is hot for knife crime by all three methods, 7 more by fewer",
        ),
        ({"three": 2, "none": 1}, "2 areas are hot for knife crime by all three methods"),
        (
            {"two": 2, "one": 1, "none": 1},
            "2 areas are hot for knife crime by two of three methods (none by more), 1 more by one",
        ),
        ({"none": 1}, "No area is hot for knife crime by any of three methods"),
    ],
)
def test_titles_of_agreement(agreement, classes, title):
    assert agreement_title(of_classes(agreement, **classes)) == title


def test_two_methods_are_both(agreement):
    given = replace(agreement, table=agreement.table.assign(scan="not_given"))
    assert agreement_title(of_classes(given, two=3, none=1)) == "3 areas are hot for knife crime by both methods"
    said = "3 areas are hot for knife crime by both methods, 1 more by one"
    assert agreement_title(of_classes(given, two=3, one=1, none=1)) == said


def test_a_place_counts_its_own_areas(stability, agreement):
    codes = sorted(stability.table["la_code"].unique())
    places = [Place("here", (code,)) for code in codes]
    hot = stability.table[stability.table["class"] == "in_all"]
    for place in places:
        number = int((hot["la_code"] == place.authorities[0]).sum())
        said = stability_title(stability, place)
        assert said.startswith(f"{number} area" if number else "No area in here is hot")
        assert " in here " in said
        assert " in here " in agreement_title(agreement, place)


def test_readers_are_told_what_decides_and_what_is_not_certain(stability):
    sections = {one.heading: one.words for one in explain_stability(stability)}
    assert "the null hypothesis 62% and the choice of neighbours 20%" in sections["What decides"]
    assert "suppressed" not in sections["How to read this map"]
    assert "tested in part" not in sections["How to read this map"]
    table = stability.table.copy()
    table.iloc[[5, 12], table.columns.get_indexer(["hot_high"])[0]] = 0.5
    table.iloc[[0], table.columns.get_loc("variants")] = 6
    said = explain_stability(replace(stability, table=table))[0].words
    assert "2 areas may be hot in more variants, depending on suppressed counts." in said
    assert "1 of them is tested in part of the variants only" in said
    calm = replace(stability, provenance=replace(stability.provenance, choices=()))
    assert explain_stability(calm)[1].sentences == ("No choice changes whether an area is hot.",)


def test_readers_are_told_how_many_areas_each_method_calls_hot(agreement):
    each = explain_agreement(agreement)[1].words
    assert each == "Getis-Ord Gi*: 8 areas. Local Moran's I: 1 area. The scan statistic: 3 areas."
