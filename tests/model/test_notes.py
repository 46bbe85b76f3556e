"""Notes: their numbers have an origin, and what is made from records does not leave the gate."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from declared_numbers import undeclared_numbers
from worlds import identified, make_counts, make_grid, protect_alone

from hotspots.errors import AnalysisError
from hotspots.model import Events, Identity, Note, Series, Surface, words_of


def make_series(**changes):
    table = pd.DataFrame(
        {"period": ["2018"], "group": "all", "low": [3.0], "high": [3.0], "ci_low": 1.0, "ci_high": 9.0}
    )
    return identified(Series, table, unit="admissions", **changes)


def test_a_note_without_an_origin_can_not_be_made():
    with pytest.raises(TypeError, match="of"):
        Note("12 admissions have no age.")
    with pytest.raises(AnalysisError, match="no origin 'file' of the numbers"):
        Note("12 admissions have no age.", of="file")


@pytest.mark.parametrize(
    "make",
    [
        make_series,
        lambda notes: make_counts(make_grid(1, 2), [1, 2]).with_identity(notes=notes),
        lambda notes: Events(
            pd.DataFrame(columns=["easting", "northing", "area_code", "when", "kind"]),
            rows_read=0,
            identity=Identity(release="unreleased", notes=notes),
        ),
    ],
)
def test_plain_text_is_no_note(make):
    words = (
        r"A note must say where its numbers come from.\n  found: \w+ with the note '12 rows have no age.'\n  try:   "
    )
    with pytest.raises(AnalysisError, match=words):
        make(notes=("12 rows have no age.",))
    assert words_of(make(notes=[Note("12 rows.", of="records")]).notes) == ("12 rows.",)


def test_the_origin_and_not_the_spelling_decides_what_leaves_the_gate():
    """Counts in words have no digit, and metres have some."""
    kept = (
        Note("Areas too small for a cell of 250 m.", of="settings", numbers=(250,)),
        Note("Figures per year are of 58 of 60 months.", of="publication", numbers=(58, 60)),
    )
    secret = (
        Note("A single admission of a girl of twelve lies outside.", of="records"),
        Note("3 admissions of 2019 have no age.", of="records", numbers=(3,)),
    )
    counts = make_counts(make_grid(1, 2), [1, 2], release="unreleased").with_identity(
        notes=(secret[0], *kept, secret[1])
    )
    ledger = "This run has no ledger of earlier ones: what they published of the same records was not looked at."
    rule = "Small numbers are protected: counts from 1 to 7 suppressed, others rounded to the nearest 5."
    for instance in (counts, make_series(notes=counts.notes)):
        assert words_of(protect_alone(instance, "nhs-digital").notes) == (*words_of(kept), rule, ledger)


@pytest.mark.parametrize(
    ("words", "numbers", "missing"),
    [
        ("1,200 of 3,400 areas.", (1200, 3400), []),
        ("1,200 of 3,400 areas.", (1200,), ["3,400"]),
        ("No rows for July 2019.", (), []),
        ("From the column LSOA21.", (), ["21"]),
        ("From the column LSOA21.", ("LSOA21",), []),
        ("2013/14 has no rows.", (), ["14"]),
        ("The ratio is 2.83.", (2.83,), []),
    ],
)
def test_numbers_in_words_are_declared(words, numbers, missing):
    note = Note("None.", of="records")
    object.__setattr__(note, "words", words)
    object.__setattr__(note, "numbers", numbers)
    assert undeclared_numbers(note) == []
    object.__setattr__(note, "of", "settings")
    assert undeclared_numbers(note) == missing


def test_every_note_of_these_tests_is_held_against_the_rule():
    """See `conftest.py`: whatever readers and analyses say of the tests' files, the sample's among them."""
    with pytest.raises(AssertionError, match=re.escape("does not declare 12: '12 admissions.'")):
        Note("12 admissions.", of="publication")


def test_one_text_is_no_tuple_of_sentences():
    words = r"The sentences of a result are given one by one.\n  found: Surface with sentences='How. Why.'\n  try:   "
    fields = {
        "origin": (0.0, 0.0),
        "cell": 50.0,
        "unit": "",
        "integral": 1.0,
        "kernel": "",
        "bandwidth": 1.0,
        "provenance": None,
    }
    with pytest.raises(AnalysisError, match=words):
        identified(Surface, np.ones((1, 1)), **fields, release="open", sentences="How. Why.")
    surface = identified(Surface, np.ones((1, 1)), **fields, release="open", sentences=["How.", "Why."], kind="ratio")
    assert (surface.sentences, surface.words) == (("How.", "Why."), "How. Why.")
