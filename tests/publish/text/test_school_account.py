"""One account of the schools: every sentence, legend and table counts the same ones, and says of how many."""

from __future__ import annotations

from typing import Any

import pytest
from matplotlib.figure import Figure
from sheet_checks import prose

from hotspots.errors import AnalysisError
from hotspots.model import Place, SchoolAccount, SchoolResult, StudyArea, count_schools
from hotspots.publish.charts.schools import draw_exclusions_against_idaci, draw_funnel
from hotspots.publish.maps.map import draw_map
from hotspots.publish.text import schools_title
from hotspots.publish.text.schools import schools_sentence
from hotspots.vocabulary import SCHOOL_CLASSES

# The schools of conftest, A to L: two of each class, K and L cannot be judged, and L has no point and no numbers.
CLASSES = {"far_above": 2, "above": 2, "as_expected": 2, "below": 2, "far_below": 2}


def legend(figure: Figure) -> dict[str, str]:
    """Return class → the number that the legend has for it."""
    said = [text.get_text() for axes in figure.axes for text in axes.texts]
    labels = {style.label: style.key for style in SCHOOL_CLASSES}
    return {labels[word]: said[number + 1] for number, word in enumerate(said) if word in labels}


def test_the_account_adds_up(school_result: SchoolResult) -> None:
    account = count_schools(school_result.table)
    assert (account.schools, account.judged, account.above, account.below, account.not_placed) == (12, 10, 4, 4, 1)
    assert dict(account.classes) == dict(sorted(CLASSES.items()))
    assert sum(account.not_judged.values()) == 2
    assert account.words.startswith(
        "Of 12 schools in question 10 were judged: 2 as expected, 4 above and 4 below. "
        "Schools that were not judged: 2 ("
    )
    assert (
        account.say_unplaced()
        == "1 of the 12 schools in question has no point in the study area and is not shown on any map."
    )


def test_an_account_that_does_not_add_up_is_refused() -> None:
    with pytest.raises(AnalysisError, match="do not add up"):
        SchoolAccount(221, {"as_expected": 206, "above": 7, "below": 4}, {"too small": 3})
    whole = SchoolAccount(2, {"as_expected": 2}, {})
    assert whole.words == "All 2 schools in question were judged: 2 as expected, 0 above and 0 below."


def test_legends_count_all_schools_in_question(school_result: SchoolResult, study_area: StudyArea) -> None:
    wanted = {**{name: str(number) for name, number in CLASSES.items()}, "cannot_be_judged": "2"}
    drawn = {
        "map": draw_map(school_result, study_area),
        "funnel": draw_funnel(school_result),
        "idaci": draw_exclusions_against_idaci(school_result),
    }
    for name, figure in drawn.items():
        assert legend(figure) == wanted, name
        assert "Number of schools, of 12 in question" in prose(figure), name
    assert "1 of the 12 schools in question has no point in the study area and is not shown on any map." in prose(
        drawn["map"]
    )
    assert "1 of the 12 schools is not shown: without numbers, or in no area of the study." in prose(drawn["funnel"])


def test_a_place_counts_its_own_schools(school_result: SchoolResult, study_area: StudyArea) -> None:
    place = Place("Town", tuple(school_result.table["area_la_code"].dropna().unique()[:1]))
    inside = school_result.table[school_result.table["area_la_code"].isin(place.authorities)]
    words = prose(draw_map(school_result, study_area, place=place))
    assert f"Number of schools in Town, of {len(inside)} in question" in words
    # A school without a point may lie anywhere: it is not said to be missing from the place.
    assert "1 of the 12 schools in question of the whole study has no point in the study area" in words


def test_the_first_page_says_of_how_many(school_result: SchoolResult, make_schools: Any) -> None:
    assert schools_sentence(school_result).startswith("Of 12 schools in question 10 were judged.")
    assert schools_title(school_result).startswith("2 of 10 schools judged have far more")
