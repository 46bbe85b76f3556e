"""Sentences about surfaces. Expected words are written by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from made_methods import comparison_method, density_method, risk_method

from hotspots.model import Note, Place
from hotspots.publish.text.findings import alt_text, subtitle
from hotspots.publish.text.how_to_read import explain_surface
from hotspots.publish.text.phrases import percent
from hotspots.publish.text.surfaces import (
    InsideContours,
    bandwidth_sentence,
    surface_heading,
    surface_method,
    surface_paragraphs,
    surface_reading,
    surface_title,
)

COVENTRY = Place("Coventry", ("E08000026",))


def reading(*shown):
    """Return how to read a surface, as one text."""
    return " ".join(surface_reading(*shown))


def test_shares_in_per_cent():
    assert [percent(share) for share in (0.0, 0.0004, 0.0005, 0.0213, 0.0994, 0.0996, 0.5, 1.0)] == [
        "0%", "less than 0.1%", "0.1%", "2.1%", "9.9%", "10%", "50%", "100%",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("lying", "place", "title"),
    [
        (
            {"raised": InsideContours(7, 0.021, 0.14), "lowered": InsideContours(2, 0.1, 0.01)},
            None,
            "The risk of knife crime is raised in 7 places, together 2.1% of the study area with 14% of the events",
        ),
        (
            {"raised": InsideContours(1, 0.03)},
            COVENTRY,
            "The risk of knife crime in Coventry is raised in 1 place, 3.0% of its area",
        ),
        (
            {"lowered": InsideContours(3, 0.2, 0.1)},
            None,
            "The risk of knife crime is nowhere raised beyond chance; "
            "lowered in 3 places, together 20% of the study area with 10% of the events",
        ),
        ({}, COVENTRY, "The risk of knife crime in Coventry is nowhere raised or lowered beyond chance"),
        (
            {"raised": InsideContours(0, 0.0)},
            None,
            "The risk of knife crime is nowhere raised or lowered beyond chance, small patches aside",
        ),
    ],
)
def test_titles_of_a_tested_risk(make_risk, lying, place, title):
    assert surface_title(make_risk(title="risk of knife crime"), place=place, extents=lying) == title


def test_a_title_with_a_comma_ends_in_one(make_risk):
    title = surface_title(make_risk(title="risk of street crime, May 2019"), place=COVENTRY, extents={})
    assert title == "The risk of street crime, May 2019, in Coventry is nowhere raised or lowered beyond chance"


@pytest.mark.parametrize("kind", ["ratio", "difference"])
def test_titles_of_a_tested_comparison_speak_of_no_risk_and_no_share_of_events(make_risk, kind):
    change = make_risk(kind=kind, title="knife crime, 2019 against 2017")
    assert surface_title(change, extents={"raised": InsideContours(3, 0.012, 0.2)}) == (
        "Knife crime, 2019 against 2017: higher in 3 places, together 1.2% of the study area"
    )
    none = "Knife crime, 2019 against 2017: nowhere higher or lower beyond chance"
    assert surface_title(change, extents={}) == none


@pytest.mark.parametrize("kind", ["ratio", "difference"])
def test_where_the_overall_change_is_taken_out_no_title_denies_it(make_risk, kind):
    """Knife crime may have doubled everywhere: then nothing stands out, and it is still higher in every place."""
    change = make_risk(
        kind=kind, title="knife crime, 2019 against 2017", provenance=comparison_method(overall_ratio=None)
    )
    start = "Knife crime, 2019 against 2017:"
    assert surface_title(change, extents={}) == f"{start} nowhere above or below the overall ratio beyond chance"
    assert surface_title(change, extents={"raised": InsideContours(2, 0.01)}) == (
        f"{start} above the overall ratio in 2 places, together 1.0% of the study area"
    )
    assert surface_title(change, extents={"lowered": InsideContours(2, 0.01)}) == (
        f"{start} nowhere above the overall ratio beyond chance; below it in 2 places, together 1.0% of the study area"
    )
    assert "than over the whole area" in reading(change)
    assert "is higher" not in reading(change)


def test_titles_without_anything_to_judge_or_a_test(make_risk):
    nothing = make_risk(values=np.full((2, 2), np.nan), p_raised=None, p_lowered=None)
    assert surface_title(nothing) == "The risk of knife crime: too few events to judge"
    less = make_risk(
        kind="difference", title="2019 less 2017", values=np.full((2, 2), 1.0), p_raised=None, p_lowered=None
    )
    assert surface_title(less) == "2019 less 2017, not tested against chance"


def test_a_density_is_titled_as_one_whatever_contours_lie_on_it(make_surface):
    assert surface_title(make_surface(), extents={"top_area": InsideContours(1, 0.05, 0.2)}).startswith("The densest ")


@pytest.mark.parametrize(
    ("kernel", "metres", "why", "words"),
    [
        ("quartic", 750.0, "750 m, as set", "Quartic kernel, bandwidth 750 m, as set."),
        ("quartic", 1500.0, "1,500 m: raised to the floor", "Quartic kernel, bandwidth 1,500 m: raised to the floor."),
        ("gaussian", 750.0, "750 m: by Diggle's rule", "Gaussian kernel, bandwidth 750 m: by Diggle's rule."),
        ("gaussian", 750.0, "", "Gaussian kernel, bandwidth 750 m."),
        ("", math.nan, "no bandwidth: the areas decide", "No bandwidth: the areas decide."),
        ("", math.nan, "", ""),
    ],
)
def test_kernel_and_bandwidth_in_one_line(make_surface, kernel, metres, why, words):
    surface = make_surface(kernel=kernel, bandwidth=metres, bandwidth_words=why)
    assert bandwidth_sentence(surface) == words
    assert explain_surface(surface)[1].words == words


BANDWIDTH_NOTE = Note("Bandwidth 750 m, as set.", of="settings", numbers=(750,), topic="bandwidth")


def test_no_sentence_stands_twice_beside_a_map(make_surface, make_risk, make_contours):
    pairs = [
        (make_surface(kind="spread"), None),
        (make_surface(notes=(BANDWIDTH_NOTE,), bandwidth_words="750 m, as set"), None),
        (make_risk(), make_contours()),
        (make_surface(), make_contours(sentences=("There is always a densest part; this is not a test.",))),
    ]
    for surface, contours in pairs:
        sections = explain_surface(surface, contours)
        said = [sentence for section in sections for sentence in section.sentences]
        assert len(said) == len(set(said)), said


def test_what_was_tested_and_what_was_not(make_surface, risk, contours, make_contours):
    untested = "Cells are not tested for significance."
    assert untested in surface_method(make_surface())
    assert untested not in surface_method(risk, contours)
    # Contours of the densest part say themselves that they are no test.
    top = make_contours(sentences=("This is not a test of whether it could be chance.",))
    assert untested not in surface_method(make_surface(), top)
    assert surface_method(risk, contours) == ["Events over people.", "Contours go round what chance would not give."]


def test_only_lines_that_are_drawn_are_explained(risk, contours, make_contours):
    assert "A broken line encloses areas lower than expected by chance." in reading(risk, contours)
    raised = make_contours(table=contours.table[contours.table["kind"] == "raised"])
    assert "broken" not in reading(risk, raised)
    assert "A solid line" in reading(risk, raised)
    none = make_contours(table=contours.table[:0])
    assert "line encloses" not in reading(risk, none)
    assert "Grey: differences there may be chance." not in reading(risk, none)
    assert "All grey: no difference goes beyond chance." in reading(risk, none)


@pytest.mark.parametrize(
    ("kind", "heading", "below"),
    [
        ("density", "Events per km² per year", "kernel density"),
        ("spread", "Events per km² per year", "areal interpolation of counts by area"),
        ("relative-risk", "Risk compared with the average", "events against where people live"),
        ("ratio", "First divided by second", "ratio of two densities"),
        ("difference", "Events per km² per year", "difference of two densities"),
    ],
)
def test_what_the_numbers_are_stands_above_the_classes_and_below_the_title(make_surface, kind, heading, below):
    surface = make_surface(kind=kind)
    assert surface_heading(surface) == heading
    assert subtitle(surface).endswith(below)


def test_alternative_text_of_every_kind(make_surface, risk):
    assert alt_text(make_surface()).startswith("Map of the density of knife crime. The densest")
    assert alt_text(risk, title="Raised in 7 places").startswith(
        "Map of risk of knife crime. Raised in 7 places. Quartic"
    )


def test_the_methods_explain_two_answers_and_what_was_left_out(risk, surface, contours):
    two, of_risk = surface_paragraphs([risk], {risk.stem: contours}, areas=True)
    assert two.startswith("The maps of areas and the surfaces of risk answer different questions and need not agree.")
    assert of_risk == (
        "Risk of knife crime: Events over people. Contours go round what chance would not give. "
        "A line is no more exact than the bandwidth."
    )
    # Only one of the two is asked.
    assert len(surface_paragraphs([risk], {}, areas=False)) == 1
    assert surface_paragraphs([surface], {}, areas=True) == [
        "Knife crime: Kernel density with edge correction. It shows where events are dense, not where risk is high."
    ]


@pytest.mark.parametrize("kind", ["density", "spread"])
def test_why_a_map_is_dark_depends_on_where_its_events_are_placed(make_surface, kind):
    """At home, or where they happened; where that is not known neither is said."""
    placed = {by: reading(make_surface(kind=kind, provenance=density_method(placed_by=by))) for by in PLACED}
    assert "Where many people live, work or go out, a map like this is dark" in placed["occurrence"]
    assert "Where many people live, a map like this is dark" in placed["residence"]
    for words in (placed[""], reading(make_surface(kind=kind))):
        assert "Where there are more people, a map like this is dark for that reason alone." in words
        assert "live" not in words
        assert "work" not in words


def test_shops_pubs_and_work_are_only_where_events_are_placed_where_they_happened(make_risk):
    shops = "Near shops, pubs and work"
    assert shops in reading(make_risk(provenance=risk_method(placed_by="occurrence")))
    for by in ("residence", ""):
        assert shops not in reading(make_risk(provenance=risk_method(placed_by=by)))


PLACED = ("occurrence", "residence", "")
