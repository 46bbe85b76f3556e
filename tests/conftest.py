"""What tests share: where the checkout and the real data lie, and a small map."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from declared_numbers import undeclared_numbers
from hypothesis import settings
from worlds import ROOT, make_grid

from hotspots.model import Note, StudyArea

# A shared machine may be slow: how long an example takes says nothing about it.
settings.register_profile("hotspots", deadline=None)
settings.load_profile("hotspots")

collect_ignore = ["publish/gis/qgis_open.py", "publish/gis/qgis_project.py", "integrations/qgis_run.py"]
"""A program for the Python that QGIS brings: no search for examples may import it."""

LONGEST = (
    "tests/study/test_run.py",
    "tests/sample/test_numbers.py",
    "tests/study/test_extracts_in_studies.py",
    "tests/integrations/test_qgis_plugin.py",
    "tests/analysis/series/test_change_points.py",
    "tests/analysis/autocorrelation/test_hidden.py",
    "tests/test_west_yorkshire.py",
    "tests/analysis/autocorrelation/test_calibration.py",
    "tests/test_real.py",
    "tests/disclosure/test_shown_twice.py",
    "tests/study/test_empty_sides.py",
    "tests/analysis/scan/test_scattered_scan.py",
    "tests/test_attacker.py",
    "tests/test_large_study.py",
    "tests/test_manual.py",
    "tests/study/test_ended_runs.py",
    "tests/study/test_space_time_in_studies.py",
)
"""What takes longest begins first: at the end of a run no process waits for another's last file."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first; those of the same place keep their order."""
    items.sort(key=lambda item: next((at for at, start in enumerate(LONGEST) if item.nodeid.startswith(start)), 99))


_check_note = Note.__post_init__


def _check_numbers(note: Note) -> None:
    """Check every note that is made anywhere in these tests: by readers, analyses and the tests themselves."""
    _check_note(note)
    missing = ", ".join(undeclared_numbers(note))
    assert not missing, f"A note of {note.of!r} does not declare {missing}: {note.words!r}"


Note.__post_init__ = _check_numbers  # type: ignore[method-assign]

REAL = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the root of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real open data, or skip where it does not lie beside the checkout."""
    if not REAL.is_dir():
        pytest.skip("the real open data are not beside this checkout (../shared/data)")
    return REAL


@pytest.fixture(scope="session")
def in_ci() -> bool:
    """Whether this is the continuous integration, where a missing system package is a failure."""
    return os.environ.get("CI") == "true"


@pytest.fixture(scope="session")
def sample_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a finished run of the sample study, which takes a minute; its PNGs are of few dots."""
    from hotspots.study.run import run_study
    from hotspots.study.settings import read_study

    study = read_study(ROOT / "study.toml")
    study = study.model_copy(update={"maps": study.maps.model_copy(update={"dpi": 72})})
    return run_study(study, output=tmp_path_factory.mktemp("sample-run")).folder


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let runs draw nothing, which takes most of their time: for tests of what no map or chart has a part in."""
    monkeypatch.setattr("hotspots.study.run.draw_everything", lambda *_, **__: [])


@pytest.fixture
def grid() -> StudyArea:
    """Return a 6 by 6 grid of square areas without a population."""
    return make_grid(6, 6)
