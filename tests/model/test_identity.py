"""What is made of several inputs has their sources, and the release that asks for the most care."""

from __future__ import annotations

import ast
import dataclasses
import itertools
from pathlib import Path

import pytest
from worlds import make_counts, make_grid

from hotspots import analysis, model
from hotspots.model import (
    Agreement,
    Clusters,
    Contours,
    HotspotResult,
    Identity,
    SchoolResult,
    Stability,
    Surface,
    combine,
)
from hotspots.model.base import ModelType

ORDER = ("unreleased", "restricted", "nhs-digital", "invented", "open")
"""From the mark that asks for the most care to the one that asks for none."""


@pytest.mark.parametrize(("weaker", "stronger"), list(itertools.combinations_with_replacement(ORDER, 2)))
def test_the_weaker_mark_comes_out_in_either_order(weaker, stronger):
    area = make_grid(1, 2)
    one, other = (make_counts(area, [1, 2], release=release) for release in (weaker, stronger))
    assert combine(one, other).release == combine(other, None, one, area).release == weaker


def test_sources_and_lines_stand_once_in_their_order():
    area = make_grid(1, 2).with_identity(attribution=("Contains OS data",))
    counts = make_counts(area, [1, 2])
    given = [counts.with_identity(sources=(source,)) for source in ("Police", "", "ONS", "Police")]
    made_of = combine(*given, area, area)
    assert made_of.sources == ("Police", "ONS")
    assert made_of.source == "Police; ONS"
    assert made_of.attribution == ("Contains OS data",)


KINDS = [kind for kind in vars(model).values() if isinstance(kind, type) and issubclass(kind, ModelType)]


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_can_be_made_without_its_identity(kind):
    needed = {each.name for each in dataclasses.fields(kind) if each.default is each.default_factory}
    assert "identity" in needed
    with pytest.raises(TypeError, match="identity"):
        kind(**dict.fromkeys(needed - {"identity"}))


def test_an_identity_has_a_release():
    assert len(KINDS) == 19
    with pytest.raises(TypeError, match="release"):
        Identity(title="crime")


def test_name_title_and_period_are_those_of_the_first_unless_given():
    first, second = (
        make_counts(make_grid(1, 2), [1, 2], name=name, title=name.upper(), period=period)
        for name, period in (("a", "2018"), ("b", "2019"))
    )
    taken = combine(first, second)
    assert (taken.name, taken.title, str(taken.period), taken.notes) == ("a", "A", "2018", ())
    given = combine(first, second, name="c", title="", period=second.period)
    assert (given.name, given.title, str(given.period)) == ("c", "", "2019")


@pytest.mark.parametrize("kind", [HotspotResult, Surface, Contours, Clusters, Stability, Agreement, SchoolResult])
def test_a_result_that_does_not_say_how_it_was_made_can_not_be_made(kind):
    needed = {each.name for each in dataclasses.fields(kind) if each.default is each.default_factory}
    with pytest.raises(TypeError, match="provenance"):
        kind(**dict.fromkeys(needed - {"provenance"}))


def test_no_analysis_weighs_marks_by_itself():
    folder = Path(analysis.__file__).parent
    for path in sorted(folder.rglob("*.py")):
        # What a user gives as a GeoDataFrame has no identity yet.
        makes = path.name == "from_geodataframe.py"
        tree = ast.parse(path.read_text(encoding="utf-8"))
        imported = {n.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for n in node.names}
        called = {
            node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert "weakest_release" not in imported, path
        assert makes or "Identity" not in called, path
