"""The measures of the package, on a package of a few lines whose figures can be counted by hand."""

from __future__ import annotations

import sys

import pytest
from worlds import ROOT

sys.path.insert(0, str(ROOT / "tools"))

import measure_house
from measure_house import Package, bodies, comments_and_code, opened, public_names

FILES = {
    "__init__.py": '_FROM = {"draw": "publish.maps", "read": "sources.hes"}\n__all__ = ["draw", "read"]\n',
    "cli.py": "def run(path):\n    from house.study import run_study\n\n    return run_study(path)\n",
    "study.py": (
        "from house import model\nfrom house.analysis import count_all\nfrom house.sources.hes import read\n\n\n"
        "def run_study(path):\n    return [model.Counts(row) for row in count_all(read(path))]\n"
    ),
    "model.py": "class Counts:\n    pass\n\n\nclass Unused:\n    pass\n\n\ndef renamed(old):\n    return old\n",
    "sources/__init__.py": "",
    "sources/hes.py": (
        "from house.sources.dates import to_date\nfrom house.vocabulary import tidy\n\n\n"
        "def read(path):\n    return _rows(tidy(path))\n\n\ndef _rows(path):\n    return to_date(path)\n"
    ),
    "sources/dates.py": (
        'def to_date(text):\n    """Return it.\n\n    More.\n    """\n    # Why.\n    # ---- part\n    return text\n'
    ),
    "analysis/__init__.py": "from house.analysis.counting import count_all\n",
    "analysis/counting.py": (
        "from __future__ import annotations\n\nfrom house.model import Unused, renamed\n\n\n"
        "@renamed\ndef count_all(rows: Unused):\n    total = 0  # so far\n\n"
        "    for row in rows:\n        total += row\n    return total\n"
    ),
    "vocabulary/__init__.py": "from house.vocabulary.codes import tidy\n",
    "vocabulary/codes.py": "def tidy(text):\n    return text\n",
    "publish/__init__.py": "",
    "publish/maps.py": "from house.analysis import count_all\n\n\ndef draw(rows):\n    return count_all(rows)\n",
}


@pytest.fixture
def package(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / "house" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Package(tmp_path / "house")


def test_names_are_followed_through_faces(package):
    assert package.defining("house.analysis", "count_all") == ("house.analysis.counting", "count_all")
    assert ("house.analysis.counting", "count_all") in package.graph()["house.study", "run_study"]
    assert ("house.model", "Counts") in package.graph()["house.study", "run_study"]


def test_annotations_and_decorators_are_no_use_but_an_import(package):
    assert package.graph()["house.analysis.counting", "count_all"] == set()
    assert "house.analysis.counting" in package.importers()["house.model"]


def test_importers_count_the_public_face(package):
    importers = package.importers()
    assert importers["house.sources.dates"] == {"house.sources.hes"}
    assert importers["house.sources.hes"] == {"house.study", "house"}
    assert importers["house.publish.maps"] == {"house"}
    assert importers["house.analysis.counting"] == {"house.study", "house.publish.maps"}


def test_a_body_has_no_docstring_comment_or_blank_line(package):
    assert bodies(package)["house/sources/dates.py:1 to_date"] == 1
    assert bodies(package)["house/analysis/counting.py:7 count_all"] == 4


def test_comments_and_code_are_counted_by_line(package):
    assert comments_and_code(package.modules["house.sources.dates"]) == (1, 2)
    assert comments_and_code(package.modules["house.analysis.counting"]) == (1, 8)


def test_modules_opened_on_the_way(package):
    assert opened(package, ("run > read",)) == ({"house.cli", "house.study", "house.sources.hes"}, [])


def test_a_plus_opens_what_helpers_use(package):
    found, _ = opened(package, ("run > read+",))
    assert found == {"house.cli", "house.study", "house.sources.hes", "house.sources.dates"}


def test_a_module_of_the_vocabulary_is_looked_up_and_not_opened(package):
    assert ("house.vocabulary.codes", "tidy") in package.graph()["house.sources.hes", "read"]
    assert opened(package, ("read+",))[0] == {"house.sources.hes", "house.sources.dates"}


def test_a_renamed_stop_has_both_names(package):
    assert opened(package, ("run > read_hes|read",)) == opened(package, ("run > read",))


def test_what_is_not_found_is_named(package):
    assert opened(package, ("run > nothing", "draw > read"))[1] == [
        "nothing in 'run > nothing'",
        "read in 'draw > read'",
    ]


def test_public_names(package):
    assert public_names(package) == ["draw", "read"]


def test_a_folder_with_too_many_modules_is_named(package, monkeypatch):
    monkeypatch.setattr(measure_house, "MOST_MODULES", 2)
    monkeypatch.setattr(measure_house, "LEGS", {})
    lines = list(measure_house.describe(package))
    assert "folders above 2 modules: (root)" in lines
    assert "modules imported by one other only: 3" in "\n".join(lines)


def test_every_trace_is_found_in_this_package():
    package = Package(ROOT / "hotspots")
    lost = [name for legs in measure_house.LEGS.values() for name in opened(package, legs)[1]]
    assert lost == []
