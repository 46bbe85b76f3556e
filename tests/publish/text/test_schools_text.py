"""What is said of schools, their index and their slope, worked out by hand from the small town of conftest."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from made_methods import school_method

from hotspots.model import SchoolComparison, SchoolResult, one_sided
from hotspots.publish.gis.layers import school_layer
from hotspots.publish.gis.styles import school_style
from hotspots.publish.page.school_marks import school_entries
from hotspots.publish.text.findings import schools_title, subtitle
from hotspots.publish.text.how_to_read import explain_schools
from hotspots.publish.text.schools import (
    flagged_schools,
    flagged_title,
    flagged_words,
    index_along,
    schools_sentence,
    slope_title,
    slope_words,
)

RANKS = {"per_tenth_of_ranks": 1.2, "low": 1.1, "high": 1.3, "dispersion": 0.5}


def looked_at(result: SchoolResult, holds: dict[str, str], **provenance: Any) -> SchoolResult:
    """Return the result with what holds for some schools, by name, as if catchments had been looked at."""
    table = result.table.copy()
    table["holds"] = table["name"].map(holds).fillna("")
    table["class_catchment"] = table["class"]
    table["idaci_catchment"] = table["idaci"] / 2
    table["expected_catchment"] = table["expected"]
    return replace(result, table=table, provenance=school_method(**provenance) if provenance else None)


def by_rank(result: SchoolResult) -> SchoolResult:
    table = result.table.assign(idaci=np.nan, idaci_rank=np.arange(12) * 100.0)
    provenance = school_method(index_measure="rank", areas_ranked=2000.0)
    return replace(result, table=table, slope=RANKS, index_title="WIMD 2019", index="wimd", provenance=provenance)


# --------------------------------------------------------------------------- the index


def test_the_axis_names_the_index_and_says_what_was_estimated(school_result: SchoolResult) -> None:
    table = school_result.table
    plain = index_along(school_result, table)
    assert plain.label == "IDACI 2019 of the school's area (% of children in income-deprived families)"
    np.testing.assert_allclose(plain.values[:11], 100 * (0.05 + 0.04 * np.arange(11)))
    estimated = replace(school_result, index_estimated=True)
    assert index_along(estimated, table, over="catchment").label == (
        "IDACI 2019 (estimated score) of the school's modelled catchment (% of children in income-deprived families)"
    )
    assert subtitle(estimated).endswith("against IDACI 2019 (estimated score)")
    assert slope_words(estimated).startswith("ten points more of IDACI 2019 (estimated score) go with 30% more")
    assert "The scores of IDACI 2019 are estimates made from its ranks." in explain_schools(estimated)[0].words


def test_another_index_is_never_called_idaci(school_result: SchoolResult) -> None:
    score = replace(school_result, index_title="WIMD 2019", index="wimd", table=school_result.table.assign(idaci=40.0))
    along = index_along(score, score.table)
    assert along.label == "WIMD 2019 score of the school's area (higher is more deprived)"
    assert set(along.values) == {40.0}  # as it is: no share
    rank = by_rank(school_result)
    along = index_along(rank, rank.table)
    assert along.label == "WIMD 2019 rank of the school's area (% of Wales's areas that are less deprived)"
    np.testing.assert_allclose(along.values, 100 - 5.0 * np.arange(12))  # 100 ranks of 2,000 are 5 %
    for result in (score, rank):
        said = [slope_words(result), slope_title(result), explain_schools(result)[0].words, flagged_words(result)]
        layer = school_layer(result)
        said += [layer.title, *(word for words in layer.words.values() for word in words), layer.style.qml]
        # Names of columns are the same whatever the index, and written small.
        assert not [words for words in said if "IDACI" in words or "England" in words]


def test_the_slope_of_ranks(school_result: SchoolResult) -> None:
    result = by_rank(school_result)
    assert slope_words(result) == (
        "a place a tenth of all areas nearer to the most deprived by WIMD 2019 goes with 20% more permanent "
        "exclusions (95% interval 10 to 30% more)"
    )
    assert slope_title(result) == (
        "20% more permanent exclusions for a place a tenth of all areas nearer to the most deprived by WIMD 2019 "
        "(95% interval 10 to 30% more)"
    )


def test_the_slope_of_catchments_and_beside_covariates(school_result: SchoolResult) -> None:
    assert slope_title(school_result, over="catchment") == ""
    again = SchoolComparison(slope=(0.8, 0.7, 0.9), dispersion=0.1, explained_share=0.2)
    result = replace(school_result, provenance=school_method(catchment=again))
    assert slope_title(result, over="catchment") == (
        "20% fewer permanent exclusions for ten points more of IDACI 2019 in the catchment "
        "(95% interval 10 to 30% fewer)"
    )
    assert slope_words(result, over="catchment").startswith(
        "ten points more of IDACI 2019 in the catchment go with 20% fewer permanent exclusions"
    )
    beside = replace(school_result, provenance=school_method(covariates=("phase", "authority")))
    assert slope_title(beside).startswith(
        "30% more permanent exclusions for ten points more of IDACI 2019, given phase and authority (95%"
    )
    assert "than deprivation, phase, authority and size would suggest" in schools_title(beside)
    assert (
        "more permanent exclusions than the school's size, its phase, its authority and the deprivation of its area "
        "would suggest." in explain_schools(beside)[0].words
    )


# --------------------------------------------------------------------------- schools that stand out


def test_every_school_that_stands_out_is_in_the_table(school_result: SchoolResult) -> None:
    result = looked_at(
        school_result,
        {"School A": "both", "School C": "own-area", "School E": "catchment"},
        fewer_in_most_deprived=("3334008",),
        more_in_least_deprived=("3304002",),
    )
    table = flagged_schools(result)
    # Classes in pairs: A, B far above; C, D above; E, F as expected; G, H below; I, J far below; K, L can't be judged.
    # Those against the slope come first: I fewer, then C more; then from far above to far below; E by its catchment.
    assert [name[-1] for name in table["School"]] == list("ICABDGHJE")
    first, second = table.iloc[0], table.iloc[1]
    assert first.to_dict() == {
        "School": "School I",
        "Authority": "Sandwell",
        "Pupils per year": 1267.0,  # 3,800 over three years
        "Permanent exclusions": "10",
        "Expected": "8.4",  # 2 + 0.8 x 8
        "Class": "Far below expected",
        "Confirmed under": "–",
        "Against the deprivation gradient": "fewer, highly deprived area",
    }
    assert (second["Confirmed under"], second["Against the deprivation gradient"]) == (
        "own area only",
        "more, least deprived area",
    )
    assert table.loc[table["School"] == "School A", "Permanent exclusions"].item() == "1 to 4"
    assert flagged_title(school_result) == "Schools beyond the 95% limits of permanent exclusions"
    assert flagged_title(result).startswith("8 schools are beyond the 95% limits of permanent exclusions; about 0 are")
    assert "give no cause" in flagged_words(result)
    assert schools_sentence(result).endswith(
        "Fewer permanent exclusions than expected in highly deprived areas: 1 school; more than expected in the least "
        "deprived areas: 1 school."
    )


def test_nothing_is_said_of_groups_that_are_empty(school_result: SchoolResult) -> None:
    assert schools_sentence(school_result) == (
        "Of 12 schools in question 10 were judged. Ten points more of IDACI 2019 go with 30% more permanent "
        "exclusions (95% interval 10 to 50% more)."
    )


def test_the_95_list_is_worth_a_look_beside_what_chance_gives(school_result: SchoolResult) -> None:
    table = school_result.table.copy()
    table["class"] = ["far_above", "above", "above", "below", *["as_expected"] * 6, *["cannot_be_judged"] * 2]
    result = replace(school_result, table=table, provenance=school_method())
    said = (
        "For review: of the 10 schools judged, 3 are above and 1 below the 95% limits; about 0.2 and 0.1 are expected "
        "by chance."
    )
    assert schools_sentence(result).startswith(f"Of 12 schools in question 10 were judged. {said}")
    assert said in flagged_words(result)


def test_the_legend_counts_dots_and_groups(school_result: SchoolResult) -> None:
    assert len(school_entries(school_result, school_result.table)) == 6
    held = {"School A": "both", "School C": "own-area", "School E": "catchment"}
    result = looked_at(school_result, held, fewer_in_most_deprived=("3334008",), more_in_least_deprived=())
    assert one_sided(result.table).sum() == 2
    entries = {entry.label: entry.count for entry in school_entries(result, result.table)}
    assert entries["Fewer than expected, highly deprived area (deciles 1 to 3)"] == 1
    assert entries["More than expected, least deprived area (deciles 7 to 10)"] == 0
    assert entries["Dot: confirmed under one index only, own area's or catchment's"] == 2
    # The groups are of the own area's class: a chart of catchments has none.
    assert len(school_entries(result, result.table, classes="class_catchment")) == 7
    assert "A dot: confirmed under" in explain_schools(result)[0].words
    assert "A dot" not in explain_schools(school_result)[0].words


def test_map_tip_says_index_catchment_and_under_which_it_holds() -> None:
    tip = ET.fromstring(school_style({}, release="open", index_title="A & B", estimated=True).qml).findtext("mapTip")
    assert tip is not None
    for words in ("A &amp; B (estimated score): [%", "A &amp; B of the modelled catchment: [%", "Confirmed under: [%"):
        assert words in tip


@pytest.mark.parametrize("words", [flagged_schools, schools_sentence, slope_words])
def test_words_change_nothing(school_result: SchoolResult, words: Any) -> None:
    before, told = school_result.table.copy(), copy.deepcopy(school_result.provenance)
    words(school_result)
    assert school_result.table.equals(before)
    assert school_result.provenance == told
