"""The reference of the study file's keys: each is described, and the page is what the schema says."""

from __future__ import annotations

import re

import pytest
from worlds import ROOT

from hotspots.study.settings import Study


@pytest.fixture
def reference(monkeypatch):
    """Return the tool that writes the page."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    import write_settings_reference

    return write_settings_reference


def undescribed(sections):
    return [
        f"{heading} {name}"
        for heading, model in sections.items()
        for name, field in model.model_fields.items()
        if not field.exclude and not re.search(r"\w.*\.$", " ".join((field.description or "").split()))
    ]


def test_every_key_has_a_description(reference):
    assert undescribed(reference.sections()) == []


def test_a_key_without_a_description_is_found(reference):
    class Longer(Study):
        forgotten: int = 1

    assert undescribed({"[study]": Longer}) == ["[study] forgotten"]


def test_every_key_stands_on_the_page_under_its_section(reference):
    page = reference.write_page()
    for heading, model in reference.sections().items():
        part = page.split(f"## `{heading}`\n")[1].split("\n## ")[0]
        assert re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE) == list(reference.keys(model))
    count = sum(len(reference.keys(model)) for model in reference.sections().values())
    assert count > 130


def test_the_page_is_up_to_date(reference):
    written = reference.PAGE.read_text(encoding="utf-8")
    assert written == reference.write_page(), "run: python tools/write_settings_reference.py"
