"""The gate is asked in one way, by everything that reads a source with a release mark."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from types import SimpleNamespace
from typing import get_args

import pandas as pd
import pytest
from worlds import make_counts, make_grid

from hotspots import study as study_package
from hotspots.disclosure import keeps_back, through_gate
from hotspots.errors import DisclosureError
from hotspots.model import Deprivation, Events, Identity, Schools, Series
from hotspots.study.inputs import read, series
from hotspots.study.settings import chart_sections, schema
from hotspots.vocabulary import INVENTED, OPEN, RESTRICTED, UNRELEASED

PUBLISH = SimpleNamespace(profile="publish", protection="nhs-digital")
FOR_READERS = SimpleNamespace(profile="restricted", protection="nhs-digital")

READERS = {
    schema.EventSection: (read._read_records, read._published, series.read_series),
    schema.DeprivationSection: (read._read_deprivation,),
    chart_sections.SchoolsSection: (read._read_schools,),
    chart_sections.RecordedSection: (series.read_recorded_series,),
    chart_sections.FactorsSection: (series.read_assessments,),
}
"""Section → what reads it."""


def released_as(release):
    events = pd.DataFrame(columns=["easting", "northing", "area_code", "when", "kind"])
    schools = pd.DataFrame(
        {name: [None] for name in ("name", "la_code", "la_name", "easting", "northing", "reason")}
        | {name: [1.0] for name in ("pupils", "low", "high", "years")},
        index=["1"],
    )
    counted = pd.DataFrame(
        {"period": ["2018"], "group": "all", "low": [3.0], "high": 3.0, "ci_low": 1.0, "ci_high": 9.0}
    )
    index = pd.DataFrame({"score": [0.1], "rank": 1.0, "decile": 1.0}, index=["E01000000"])
    return {
        "counts": make_counts(make_grid(1, 2), [3, 30], release=release),
        "series": Series(counted, unit="admissions", identity=Identity(release=release)),
        "events": Events(events, rows_read=0, identity=Identity(release=release)),
        "schools": Schools(schools, rows_read=1, identity=Identity(release=release)),
        "deprivation": Deprivation(index, identity=Identity(release=release)),
    }


@pytest.mark.parametrize("study", [PUBLISH, FOR_READERS])
@pytest.mark.parametrize("release", [OPEN, INVENTED, RESTRICTED, "dfe"])
def test_what_is_released_passes(study, release):
    for data in released_as(release).values():
        assert not keeps_back(study, data)
        assert through_gate(study, data).release == release


def test_unreleased_counts_must_be_registered_and_records_stay_what_no_writer_takes():
    given = released_as(UNRELEASED)
    assert all(keeps_back(PUBLISH, data) for data in given.values())
    for name in ("counts", "series"):
        with pytest.raises(DisclosureError, match="not registered for publication"):
            through_gate(PUBLISH, given[name])
    for name in ("events", "schools", "deprivation"):
        assert through_gate(PUBLISH, given[name]).release == UNRELEASED


def test_for_named_readers_all_is_marked_and_nothing_hidden():
    for data in released_as(UNRELEASED).values():
        assert not keeps_back(FOR_READERS, data)
        assert through_gate(FOR_READERS, data).release == RESTRICTED
    assert through_gate(FOR_READERS, released_as(UNRELEASED)["counts"]).table["observed_low"].tolist() == [3, 30]


def test_every_section_that_may_be_unreleased_goes_through_it():
    sections = {
        section
        for section in [*vars(schema).values(), *vars(chart_sections).values()]
        if inspect.isclass(section)
        and issubclass(section, schema.Section)
        and "release" in section.model_fields
        and UNRELEASED in get_args(section.model_fields["release"].annotation)
    }
    assert sections == set(READERS)
    for section, readers in READERS.items():
        assert all("through_gate(" in inspect.getsource(reader) for reader in readers), section.__name__


def test_nothing_else_asks():
    """Whether a mark is `unreleased`, and what the profile is, is compared in the gate alone."""
    folder = Path(study_package.__file__).parent
    asked = []
    for path in sorted(folder.rglob("*.py")):
        if path.parent.name == "settings":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Compare):
                words = ast.unparse(node)
                asked += [f"{path.name}:{node.lineno}: {words}"] * (".release" in words or ".profile" in words)
            elif isinstance(node, ast.ImportFrom) and node.module == "hotspots.disclosure":
                asked += [f"{path.name}: {name.name}" for name in node.names if name.name in ("protect", "restrict")]
    assert asked == []
