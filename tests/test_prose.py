"""Sentences are made from facts and never read back: the package against the rule of `prose_rule.py`."""

from __future__ import annotations

from pathlib import Path

from prose_rule import PARSERS, searches_in_prose, searches_of_parsers

import hotspots


def test_no_sentence_is_searched():
    found = searches_in_prose(Path(hotspots.__file__).parent)
    assert not found, "\n".join(f"{one.path}:{one.line}: {one.kind}: {one.code}" for one in found)


def test_each_parser_is_one():
    """A function that no longer searches needs no exception."""
    assert searches_of_parsers(Path(hotspots.__file__).parent) == PARSERS
