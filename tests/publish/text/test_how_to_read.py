"""What a reader who knows no statistics is told, worked out by hand from the small town of conftest."""

from __future__ import annotations

from dataclasses import replace

import pytest
from made_methods import hotspot_method

from hotspots.model import HotspotResult, Note, SchoolResult, Surface
from hotspots.publish.text.how_to_read import data_sentences, explain_hotspots, explain_schools, explain_surface
from hotspots.publish.text.schools import slope_title, slope_words


def reading(result: HotspotResult, *classes: str, null: str = "exchangeable-risk") -> str:
    """Return how to read the map of a result whose first areas have these classes, and all others none."""
    table = result.table.copy()
    table["class"] = [*classes, *["not_significant"] * (len(table) - len(classes))]
    table["certainty"], table["observed_high"] = "never", table["observed_low"]
    said = explain_hotspots(
        replace(result, table=table, provenance=replace(result.provenance, null=null, measure="count"))
    )
    assert said[0].heading == "How to read this map"
    return said[0].words


def test_only_colours_that_occur_are_explained(gi_result: HotspotResult) -> None:
    both = reading(gi_result, "hot_99", "cold_95")
    assert both.startswith(
        "Red (hot): this area and those around it together have more events per person than expected by "
        "chance. The darker, the stronger the evidence. Blue with dots (cold): fewer. Pale: no clear difference"
    )
    cold = reading(gi_result, "cold_95")
    assert cold.startswith("Blue with dots (cold): this area and those around it together have fewer events per person")
    assert "Red" not in cold
    assert reading(gi_result).startswith("All pale: no clear difference, which is not the same as none.")


def test_words_follow_the_null_hypothesis_and_the_population(gi_result: HotspotResult) -> None:
    constant = reading(gi_result, "hot_99", null="constant-risk")
    assert "more events per person than the study area's average" in constant
    assert "more events than expected by chance" in reading(gi_result, "hot_99", null="randomisation")
    rates = replace(gi_result, provenance=hotspot_method(null="randomisation"))
    assert "more events per person than expected by chance" in explain_hotspots(rates)[0].words
    nobody = replace(gi_result, table=gi_result.table.assign(population=float("nan")))
    assert "per person" not in reading(nobody, "hot_99")


def test_gi_without_the_area_itself_and_local_moran_speak_of_neighbours(
    gi_result: HotspotResult, moran_result: HotspotResult
) -> None:
    table = gi_result.table.assign(**{"class": "hot_99"})
    without = replace(gi_result, table=table, provenance=hotspot_method(statistic="gi"))
    assert explain_hotspots(without)[0].words.startswith("Red (hot): the areas around this one have more events")
    assert "the area itself" in reading(moran_result, "high_low")


def test_local_moran_explains_the_classes_that_occur_and_no_others(moran_result: HotspotResult) -> None:
    high = reading(moran_result, "high_high")
    assert high.startswith(
        "In colour: the areas around this one together have more events per person than expected by chance. "
        "High-High: so has the area itself, against the average. Pale: no clear difference"
    )
    assert "Low" not in high
    low = reading(moran_result, "low_low")
    assert "together have fewer events per person" in low
    assert "Low-Low: so has the area itself, against the average." in low
    assert "High" not in low
    odd = reading(moran_result, "low_high", "high_low")
    assert "together have more (-High) or fewer (-Low) events per person" in odd
    assert "Low-High: an outlier, the area itself has fewer than the average." in odd
    assert "High-Low: an outlier, the area itself has more than the average." in odd
    assert reading(moran_result).startswith("All pale: no clear difference")


def test_what_depends_on_hidden_numbers_is_not_called_hot_on_a_map_of_local_moran(moran_result: HotspotResult) -> None:
    table = moran_result.table.assign(certainty="depends")
    said = explain_hotspots(replace(moran_result, table=table))[0].words
    assert "striped, the class depends on suppressed counts" in said
    assert "could be hot" not in said


def test_the_variance_stands_with_the_method(gi_result: HotspotResult) -> None:
    method = explain_hotspots(gi_result)[1].words
    assert "Here the variance of an average area's count is 1.80 times its mean." in method
    hidden = replace(gi_result, provenance=hotspot_method(dispersion=(1.234, 1.5)))
    assert "is 1.23 to 1.50 times its mean" in explain_hotspots(hidden)[1].words
    endless = replace(gi_result, provenance=hotspot_method(dispersion=(1.0, 10_100.0)))
    assert "is at least 1.00 times its mean" in explain_hotspots(endless)[1].words
    known = replace(gi_result, provenance=hotspot_method(dispersion=None))
    assert "variance" not in explain_hotspots(known)[1].words


def test_long_notes_are_left_to_the_briefing() -> None:
    notes = [Note("A gap is not a fall.", of="publication"), Note("x" * 91, of="publication")]
    assert data_sentences(notes) == ["A gap is not a fall."]


def test_a_surface_says_what_white_is(surface: Surface) -> None:
    assert "White: fewer than the average of the study area." in explain_surface(surface)[0].words


@pytest.mark.parametrize(
    ("slope", "words", "title"),
    [
        (
            {"per_ten_points": 1.3, "low": 1.1, "high": 1.5},
            "ten points more of IDACI 2019 go with 30% more permanent exclusions (95% interval 10 to 50% more)",
            "30% more permanent exclusions for ten points more of IDACI 2019 (95% interval 10 to 50% more)",
        ),
        (
            {"per_ten_points": 0.8, "low": 0.7, "high": 0.95},
            "ten points more of IDACI 2019 go with 20% fewer permanent exclusions (95% interval 5 to 30% fewer)",
            "20% fewer permanent exclusions for ten points more of IDACI 2019 (95% interval 5 to 30% fewer)",
        ),
        (
            {"per_ten_points": 1.002, "low": 0.9, "high": 1.1},
            "ten points more of IDACI 2019 go with no more and no fewer permanent exclusions "
            "(95% interval 10% fewer to 10% more, compatible with no difference)",
            "No more and no fewer permanent exclusions for ten points more of IDACI 2019 "
            "(95% interval 10% fewer to 10% more, compatible with no difference)",
        ),
        ({}, "", ""),
    ],
)
def test_the_slope_in_words(school_result: SchoolResult, slope: dict[str, float], words: str, title: str) -> None:
    result = replace(school_result, slope=slope)
    assert slope_words(result) == words
    assert slope_title(result) == title


def test_near_equal_slopes_have_equal_sentences(school_result: SchoolResult) -> None:
    """A limit of 0.998 and one of 1.001 are the same finding, whichever side of p = 0.05 they lie on."""
    sides = [{"per_ten_points": 1.15, "low": low, "high": 1.33} for low in (0.998, 1.001)]
    one, other = (replace(school_result, slope=slope) for slope in sides)
    assert slope_title(one) == slope_title(other)
    assert slope_words(one) == slope_words(other)
    assert slope_title(one) == (
        "15% more permanent exclusions for ten points more of IDACI 2019 (95% interval 0 to 33% more, borderline)"
    )
    clearer = replace(school_result, slope={"per_ten_points": 1.15, "low": 1.006, "high": 1.33})
    assert slope_title(clearer).endswith("(95% interval 1 to 33% more)")


def test_schools_are_not_named_nor_blamed_beside_a_map(school_result: SchoolResult) -> None:
    noted = school_result.with_identity(
        notes=(Note("More exclusions than expected: School A; School B.", of="records"),)
    )
    (section,) = explain_schools(noted, "1 school could not be placed.")
    words = section.words
    assert section.heading == "How to read this map"
    assert "School A" not in words
    assert "This measures no school's quality and gives no cause" in words
    assert words.endswith("1 school could not be placed.")


def test_pale_and_striped_promises_nothing(gi_result: HotspotResult) -> None:
    table = gi_result.table.copy()
    table["class"], table["certainty"] = "not_significant", "depends"
    words = explain_hotspots(replace(gi_result, table=table))[0].words
    assert "All pale: nothing is certain; striped, it could be hot or cold, depending on suppressed counts." in words
    assert "no clear difference" not in words
