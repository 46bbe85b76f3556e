"""What is made of several inputs has their sources, and the release that asks for the most care."""

from __future__ import annotations

import ast
import dataclasses
import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from worlds import make_counts, make_grid

from hotspots import analysis
from hotspots.model import Clusters, Contours, Extract, HotspotResult, SchoolResult, Surface, combine

ORDER = ("unreleased", "restricted", "nhs-digital", "invented", "open")
"""From the mark that asks for the most care to the one that asks for none."""


@pytest.mark.parametrize(("weaker", "stronger"), list(itertools.combinations_with_replacement(ORDER, 2)))
def test_the_weaker_mark_comes_out_in_either_order(weaker, stronger):
    area = make_grid(1, 2)
    one, other = (make_counts(area, [1, 2], release=release) for release in (weaker, stronger))
    assert combine(one, other).release == combine(other, None, one, area).release == weaker


def test_sources_and_lines_stand_once_in_their_order():
    area = replace(make_grid(1, 2), attribution=("Contains OS data",))
    counts = make_counts(area, [1, 2])
    given = [replace(counts, source=source) for source in ("Police", "", "ONS", "Police")]
    made_of = combine(*given, area, area)
    assert made_of.sources == ("Police", "ONS")
    assert made_of.source == "Police; ONS"
    assert made_of.attribution == ("Contains OS data",)


@pytest.mark.parametrize("kind", [HotspotResult, Surface, Contours, Clusters, SchoolResult, Extract])
def test_a_result_without_its_release_can_not_be_made(kind):
    needed = {each.name for each in dataclasses.fields(kind) if each.default is each.default_factory}
    assert "release" in needed
    with pytest.raises(TypeError, match="release"):
        kind(**dict.fromkeys(needed - {"release"}))


@pytest.mark.parametrize("kind", [HotspotResult, Surface, Contours, Clusters, SchoolResult])
def test_a_result_that_does_not_say_how_it_was_made_can_not_be_made(kind):
    needed = {each.name for each in dataclasses.fields(kind) if each.default is each.default_factory}
    with pytest.raises(TypeError, match="provenance"):
        kind(**dict.fromkeys(needed - {"provenance"}))


def test_no_analysis_weighs_marks_by_itself():
    folder = Path(analysis.__file__).parent
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            assert not (isinstance(node, ast.ImportFrom) and "weakest_release" in {n.name for n in node.names}), path
