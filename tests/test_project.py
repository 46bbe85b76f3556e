"""The files around the package say the same: its version, and which tests are the quick ones."""

from __future__ import annotations

import re
import tomllib

from worlds import ROOT

import hotspots

CITATION = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
QUICK = (ROOT / "tests" / "quick.txt").read_text(encoding="utf-8").split()


def field(name: str) -> str:
    """Return a field at the top of CITATION.cff."""
    return re.findall(rf"^{name}: (.+)$", CITATION, re.MULTILINE)[0]


def test_the_version_is_the_same_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == hotspots.__version__ == field("version")
    assert project["license"] == field("license")


def test_the_citation_has_what_its_format_needs():
    # Citation File Format 1.2.0: cff-version, message, title and at least one author are required.
    assert field("cff-version") == "1.2.0"
    assert field("message")
    assert field("title") == "hotspots"
    assert "authors:\n  - name: hotspots contributors\n" in CITATION


def test_the_quick_tests_are_there_and_of_every_sub_package():
    paths = [ROOT / one.split("::")[0] for one in QUICK]
    assert [path for path in paths if not path.exists()] == []
    folders = {test.parent for test in (ROOT / "tests").rglob("test_*.py")} - {ROOT / "tests" / "sample"}
    assert {one for one in folders if not any(path == one or one in path.parents for path in paths)} == set()


def test_contributing_names_every_check():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    targets = re.findall(r"^(\w+): \$\(VENV\)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert "quick" in targets
    assert set(re.findall(r"`make (\w+)`", text)) == {"quick", "check", "test", "wheel"}
