"""Every sentence worked out by hand from the small town of conftest: 36 areas, 18 in each authority."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_methods import hotspot_method
from worlds import identified

from hotspots.model import Factors, HotspotResult, Identity, Place, SchoolResult, Series, StudyArea, Surface
from hotspots.publish.text import factors_title, findings, schools_title, unplaced_sentence
from hotspots.publish.text.phrases import period_words, rounded
from hotspots.publish.text.series import series_title

BIRMINGHAM = Place("Birmingham", ("E08000025",))
BOTH = Place("Birmingham–Sandwell", ("E08000025", "E08000028"))


def with_classes(result: HotspotResult, hot: int, *, key: str = "hot_99", certain: int | None = None) -> HotspotResult:
    """Return the result with the first `hot` areas in one class and all others not significant and known."""
    table = result.table.copy()
    table["class"] = "not_significant"
    table["reason"] = ""
    table["certainty"] = "never"
    table["observed_high"] = table["observed_low"]
    table.iloc[:hot, table.columns.get_loc("class")] = key
    table.iloc[:hot, table.columns.get_loc("certainty")] = "certain"
    table["p_adjusted_high"] = 0.2
    if certain is not None:
        table.iloc[certain:hot, table.columns.get_loc("certainty")] = "depends"
    return replace(result, table=table)


@pytest.mark.parametrize(
    ("hot", "title"),
    [
        (14, "14 of 36 areas in Birmingham–Sandwell are hot for knife crime"),
        (1, "1 of 36 areas in Birmingham–Sandwell is hot for knife crime"),
        (0, "No area in Birmingham–Sandwell is hot for knife crime"),
    ],
)
def test_the_title_is_the_finding(gi_result: HotspotResult, hot: int, title: str) -> None:
    assert findings.finding_title(with_classes(gi_result, hot), BOTH) == title


def test_a_title_counts_the_place_and_not_the_study(gi_result: HotspotResult) -> None:
    # Row 0 holds areas 0-5, the western three of them in Birmingham: of the first seven, 0, 1, 2 and 6.
    result = with_classes(gi_result, 7)
    assert findings.finding_title(result, BIRMINGHAM) == "4 of 18 areas in Birmingham are hot for knife crime"
    assert findings.finding_title(result) == "7 of 36 areas are hot for knife crime"


def test_local_moran_speaks_of_high_high(moran_result: HotspotResult) -> None:
    result = with_classes(moran_result, 3, key="high_high")
    assert (
        findings.finding_title(result, BOTH)
        == "3 of 36 areas in Birmingham–Sandwell are High–High (high, with high neighbours) for knife crime"
    )
    assert "3 High-High areas" in findings.certainty_sentence(with_classes(moran_result, 3, key="high_high", certain=0))


def test_nothing_tested_is_not_nothing_found(gi_result: HotspotResult) -> None:
    table = gi_result.table.assign(**{"class": "not_tested", "reason": "no data"})
    title = findings.finding_title(replace(gi_result, table=table), BOTH)
    assert title == "No area in Birmingham–Sandwell could be tested for knife crime"


def test_thousands_are_separated(gi_result: HotspotResult) -> None:
    table = pd.concat([gi_result.table] * 40)
    table.index = [f"E0{number:07d}" for number in range(len(table))]
    result = with_classes(replace(gi_result, table=table), 1234)
    assert findings.finding_title(result) == "1,234 of 1,440 areas are hot for knife crime"


@pytest.mark.parametrize(
    ("hot", "certain", "sentence"),
    [
        (34, 31, "31 of the 34 hot areas are hot for all possible values of suppressed counts."),
        (34, 1, "1 of the 34 hot areas is hot for all possible values of suppressed counts."),
        (34, 0, "None of the 34 hot areas is hot for all possible values of suppressed counts."),
        (1, 0, "Whether the one hot area is hot depends on suppressed counts."),
        (34, None, ""),
    ],
)
def test_certainty_is_said_only_where_something_is_hidden(
    gi_result: HotspotResult, hot: int, certain: int | None, sentence: str
) -> None:
    assert findings.certainty_sentence(with_classes(gi_result, hot, certain=certain)) == sentence


def test_hidden_counts_that_change_nothing(gi_result: HotspotResult) -> None:
    result = with_classes(gi_result, 5)
    result.table.loc[result.table.index[-1], "observed_high"] += 6
    assert (
        findings.certainty_sentence(result) == "All 5 hot areas are hot for all possible values of suppressed counts."
    )


def test_areas_that_may_be_hot_are_told_apart_from_those_that_are(gi_result: HotspotResult) -> None:
    result = with_classes(gi_result, 5)
    result.table.loc[result.table.index[20:22], "certainty"] = "depends"
    assert findings.certainty_sentence(result) == (
        "All 5 hot areas are hot for all possible values of suppressed counts. "
        "The class of 2 other areas depends on suppressed counts."
    )
    nothing = with_classes(gi_result, 0)
    nothing.table.loc[nothing.table.index[20], "certainty"] = "depends"
    assert findings.certainty_sentence(nothing) == "The class of 1 other area depends on suppressed counts."


def test_where_most_is_hidden_nothing_is_claimed(gi_result: HotspotResult) -> None:
    nothing = with_classes(gi_result, 0)
    nothing.table["certainty"] = "depends"
    assert findings.finding_title(nothing) == "No area is certain to be hot for knife crime"
    assert findings.certainty_sentence(nothing).startswith("Too many counts are suppressed: every area could be in")
    nothing.table.loc[nothing.table.index[:10], "certainty"] = "never"
    assert "26 of 36 areas could be in either class" in findings.certainty_sentence(nothing)


def test_hot_is_what_reaches_the_studys_own_level(gi_result: HotspotResult) -> None:
    weak = with_classes(gi_result, 5, key="hot_90")
    assert findings.finding_title(weak) == "No area is hot for knife crime"  # the level of the fixture is 0.05
    assert findings.level_sentence(weak) == "The title counts those with 95% confidence or more."
    lenient = replace(weak, provenance=hotspot_method(level=0.10))
    assert findings.finding_title(lenient) == "5 of 36 areas are hot for knife crime"
    assert findings.level_sentence(lenient) == ""


def test_places_are_told_in_one_sentence(gi_result: HotspotResult) -> None:
    sandwell = Place("Sandwell", ("E08000028",))
    places = [BIRMINGHAM, sandwell]
    # Of the first seven areas, 0-2 and 6 lie in Birmingham and 3-5 in Sandwell.
    assert findings.places_sentence(with_classes(gi_result, 7), places) == (
        "Knife crime: 7 of 36 areas are hot, 4 in Birmingham and 3 in Sandwell."
    )
    assert findings.places_sentence(with_classes(gi_result, 1), places) == (
        "Knife crime: 1 of 36 areas is hot, 1 in Birmingham, none in Sandwell."
    )
    assert findings.places_sentence(with_classes(gi_result, 5), [BIRMINGHAM]) == (
        "Knife crime: 5 of 36 areas are hot, 3 in Birmingham and 2 elsewhere."
    )
    assert findings.places_sentence(with_classes(gi_result, 0), places) == "No area is hot for knife crime."


def test_subtitle_says_what_where_when_and_how(gi_result: HotspotResult, study_area: StudyArea) -> None:
    said = findings.subtitle(gi_result, study_area, place=BOTH)
    assert said == "Knife crime by LSOA (2011) · Birmingham and Sandwell · 2017–2019 · Getis-Ord Gi*"
    without_self = replace(gi_result, provenance=hotspot_method(statistic="gi"))
    assert findings.subtitle(without_self, study_area, place=BIRMINGHAM).endswith(
        "Birmingham · 2017–2019 · Getis-Ord Gi"
    )


def test_a_period_keeps_its_months() -> None:
    assert period_words("2018-19") == "2018–19"
    assert period_words("2011-12") == "2011-12"  # December 2011 as well as a school year
    assert period_words("2019-01-31") == "2019-01-31"


@pytest.mark.parametrize(("number", "words"), [(10, "10"), (9.94, "9.9"), (0.5, "0.5"), (1234.5, "1,234")])
def test_rounded_numbers(number: float, words: str) -> None:
    assert rounded(number) == words


def test_method_sentence_says_what_it_does_not_show(gi_result: HotspotResult) -> None:
    assert "events, not risk" not in " ".join(findings.method_sentences(gi_result))
    table = gi_result.table.assign(population=np.nan)
    assert "Without population it shows events, not risk." in findings.method_sentences(replace(gi_result, table=table))


# --------------------------------------------------------------------------- surfaces


def test_a_density_says_where_half_of_it_lies_and_no_highest_value(make_surface: Any) -> None:
    # 3 of 12 cells have 48 of 92 events; in the western half 2 of 6 have 32 of 52, and 1 of 6 has 16.
    values = np.array([[16.0, 16.0, 4.0, 4.0], [4.0, 4.0, 16.0, 4.0], [4.0, 8.0, 6.0, 6.0]])
    surface = make_surface(values=values, cell=1000.0, integral=92.0)
    assert (
        findings.surface_title(surface)
        == "The densest 25% of the study area has half of the mapped density of knife crime"
    )
    sandwell = Place("Sandwell", ("E08000028",))
    western = np.tile([True, True, False, False], (3, 1))
    title = findings.surface_title(surface, place=sandwell, inside=western)
    assert title == "The densest 33% of Sandwell has half of its mapped density of knife crime"


@pytest.mark.parametrize("kind", ["density", "spread"])
def test_nine_events_make_no_headline(make_surface: Any, kind: str) -> None:
    """All nine lie in one small cell, which is 106 per km² dense."""
    values = np.zeros((10, 10))
    values[0, 0] = 106.0
    few = make_surface(values=values, kind=kind, integral=9.0)
    assert findings.surface_title(few) == "Knife crime: too few events for a pattern"
    many = make_surface(values=values, kind=kind, integral=20.0)
    assert findings.surface_title(many) == (
        "The densest 1.0% of the study area has half of the mapped density of knife crime"
    )


def test_an_empty_surface_has_no_peak(make_surface: Any) -> None:
    empty = make_surface(values=np.zeros((4, 4)))
    assert findings.surface_title(empty) == "No knife crime in the study area"
    missing = make_surface(values=np.full((4, 4), np.nan))
    assert findings.surface_title(missing, place=BIRMINGHAM) == "No knife crime in Birmingham"


# --------------------------------------------------------------------------- schools, series, factors


def with_school_classes(result: SchoolResult, *classes: str) -> SchoolResult:
    table = result.table.copy()
    table["class"] = [*classes, *["as_expected"] * (len(table) - len(classes))]
    return replace(result, table=table)


@pytest.mark.parametrize(
    ("classes", "title"),
    [
        (
            ("far_above", "above", "below", "far_below"),
            "1 of 12 schools judged has far more permanent exclusions than deprivation and size would suggest; 1 "
            "has far fewer",
        ),
        # Beyond the 95% limits alone is where chance puts some.
        (
            ("above", "above", "below"),
            "None of the 12 schools judged has far more or far fewer permanent exclusions than deprivation and size "
            "would suggest",
        ),
        (
            ("far_below", "below"),
            "1 of 12 schools judged has far fewer permanent exclusions than deprivation and size would suggest",
        ),
        (("cannot_be_judged",) * 12, "No school could be judged for permanent exclusions"),
        (
            ("cannot_be_judged",) * 11,
            "The one school judged has neither far more nor far fewer permanent exclusions than deprivation and size "
            "would suggest",
        ),
    ],
)
def test_schools_title(school_result: SchoolResult, classes: tuple[str, ...], title: str) -> None:
    assert schools_title(with_school_classes(school_result, *classes)) == title
    assert "bad" not in title


def test_schools_of_a_place_are_those_that_lie_in_it(school_result: SchoolResult) -> None:
    # Schools 0-2 and 6-8 lie in Birmingham; 1 ("far_above") does, 3 does not.
    result = with_school_classes(school_result, "as_expected", "far_above", "as_expected", "far_above")
    title = schools_title(result, BIRMINGHAM)
    assert title.startswith("1 of 6 schools judged in Birmingham has far more permanent exclusions")


def test_unplaced_schools_are_mentioned(school_result: SchoolResult) -> None:
    wanted = "1 of the 12 schools in question has no point in the study area and is not shown on any map."
    assert unplaced_sentence(school_result) == wanted
    placed = replace(school_result, table=school_result.table.iloc[:-1])
    assert unplaced_sentence(placed) == ""


def series(values: list[tuple[str, str, float, float]], **fields: Any) -> Series:
    table = pd.DataFrame(values, columns=["period", "group", "low", "high"])
    table["ci_low"], table["ci_high"] = table["low"] * 0.9, table["high"] * 1.1
    return identified(Series, table, unit="knife offences", title="Knife crime", release="open", **fields)


def test_series_title_goes_from_the_first_to_the_last_known_number() -> None:
    # The needs assessment (April 2020, p. 26) states about 1,500 a year from 2013 and 3,649 in 2019.
    rose = series([("2013", "all", 1508, 1508), ("2014", "all", np.nan, np.nan), ("2019", "all", 3649, 3649)])
    assert series_title(rose) == "Knife crime rose from 1,508 in 2013 to 3,649 in 2019"
    fell = series([("2018-19", "all", 20, 20), ("2019-20", "all", 10, 10), ("2018-19", "under 25", 1, 7)])
    assert series_title(fell) == "Knife crime (all) fell from 20 in 2018–19 to 10 in 2019–20"
    named = rose.with_identity(title="Knife crime, force area")
    assert series_title(named) == "Knife crime, force area, rose from 1,508 in 2013 to 3,649 in 2019"
    same = series([("2018", "all", 20, 20), ("2019", "all", 20, 20)])
    assert series_title(same) == "Knife crime: 20 in 2018 and in 2019"


def test_series_title_claims_nothing_of_hidden_numbers() -> None:
    assert series_title(series([("2018", "all", 1, 7), ("2019", "all", 5, 9)])) == "Knife crime"
    apart = series_title(series([("2018", "all", 1, 7), ("2019", "all", 8, 8)]))
    assert apart == "Knife crime rose from 1–7 in 2018 to 8 in 2019"
    large = series_title(series([("2018", "all", 3598, 3602), ("2019", "all", 3298, 3302)]))
    assert large == "Knife crime fell from about 3,600 in 2018 to about 3,300 in 2019"
    assert series_title(series([("2018", "all", np.nan, np.nan)])) == "Knife crime"


def factors() -> Factors:
    rows = [
        ("E08000025", "Birmingham", "Neglect", 80.0, "", 100.0),
        ("E08000025", "Birmingham", "Gangs", 120.0, "", 100.0),
        ("E08000027", "Dudley", "Neglect", 25.0, "", 50.0),
        ("E08000027", "Dudley", "Gangs", np.nan, "c", 50.0),
    ]
    columns = ["la_code", "la_name", "factor", "mentions", "mark", "assessments"]
    return Factors(pd.DataFrame(rows, columns=columns), identity=Identity(release="open"))


def test_factors_title_warns_of_recording() -> None:
    # Birmingham (80 + 120) / 100 = 2.0; Dudley 25 / 50 = 0.5.
    assert factors_title(factors()) == (
        "Recording differs: from 0.5 factors in an episode (Dudley) to 2.0 (Birmingham)"
    )


# --------------------------------------------------------------------------- release, alternative text


def test_release_sentences() -> None:
    assert findings.release_sentence("open") == "Made from published data."
    assert findings.release_sentence("invented") == "Invented data: not about real people or events."
    assert findings.release_sentence("restricted").startswith("RESTRICTED: true counts of people")
    assert "under the rule 'nhs-digital'" in findings.release_sentence("nhs-digital")
    assert findings.release_sentence("unreleased").startswith("Not released")


def test_alt_text_says_how_many_and_where(gi_result: HotspotResult) -> None:
    result = with_classes(gi_result, 7)
    assert findings.alt_text(result) == (
        "Map of 36 areas. 7 of 36 areas are hot for knife crime. They lie in Birmingham (4) and Sandwell (3)."
    )
    assert "They lie" not in findings.alt_text(result, place=BIRMINGHAM)
    result.table.loc[result.table.index[-1], "class"] = "cold_95"
    assert findings.alt_text(result).endswith("1 area is cold.")


def test_alt_text_of_everything_else(surface: Surface, school_result: SchoolResult) -> None:
    assert "Quartic kernel, bandwidth 750 m" in findings.alt_text(surface)
    assert findings.alt_text(surface, title="The finding").startswith("Map of the density of knife crime. The finding.")
    assert findings.alt_text(school_result).startswith("Schools against IDACI 2019 of their areas. ")
    chart = series([("2013", "all", 10, 10), ("2014", "all", np.nan, np.nan), ("2015", "all", 1, 7)])
    assert findings.alt_text(chart).endswith("All: between 1 and 10, 1 gap.")
    assert "Recording differs" in findings.alt_text(factors())


def test_wording_changes_nothing(gi_result: HotspotResult, school_result: SchoolResult) -> None:
    before, schools = gi_result.table.copy(), school_result.table.copy()
    findings.alt_text(gi_result, place=BIRMINGHAM)
    findings.certainty_sentence(gi_result)
    findings.alt_text(school_result)
    pd.testing.assert_frame_equal(before, gi_result.table)
    pd.testing.assert_frame_equal(schools, school_result.table)


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        (["yes", "no", "yes", "depends"], "2 of the 4 hot areas would still be hot."),
        (["yes"], "the one hot area would still be hot."),
        (["no", "no"], ""),
        (["not_tested"], ""),
    ],
)
def test_how_many_are_hot_without_their_largest_area(gi_result: HotspotResult, answers: list[str], words: str) -> None:
    result = with_classes(gi_result, len(answers))
    table = result.table.copy()
    table.iloc[: len(answers), table.columns.get_loc("hot_without_largest")] = answers
    said = findings.without_largest_sentence(replace(result, table=table))
    assert said == (f"Without the area of the window with the largest excess of events, {words}" if words else "")
