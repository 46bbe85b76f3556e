"""Sentences are made from facts and never read back: the package against the rule of `prose_rule.py`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from prose_rule import searches_in_prose

import hotspots

KEPT = {
    # Publishers and users write periods as text: they are read here, and nowhere else.
    "hotspots/model/periods.py": 3,
    # Whether a map's second source is among the first ones, which are joined in one text.
    "hotspots/publish/maps/map.py": 1,
    # The mark of a shortened text gets the number of the page that has the whole one.
    "hotspots/publish/page/export.py": 1,
    # What a sheet has no room for is cut at a sentence, whatever it says, and gets the mark for that.
    "hotspots/publish/page/sheet.py": 3,
    # What the words of a surface say already is not said again beside its map.
    "hotspots/publish/text/surfaces.py": 4,
}
"""Module → searches that are left in it. It is only to become shorter."""


def test_no_sentence_is_searched():
    found = searches_in_prose(Path(hotspots.__file__).parent)
    more = [one for one in found if one.path not in KEPT]
    assert not more, "\n".join(f"{one.path}:{one.line}: {one.kind}: {one.code}" for one in more)
    assert Counter(one.path for one in found) == KEPT
