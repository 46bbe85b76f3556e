"""Hundreds of broken inputs, none of which may end in a traceback, in a library's warning, or in silence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from broken_inputs import NEVER, WHOLE, keys, spoil_cell, unnamed, verdict, with_value, write_study
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from hotspots.cli import main
from hotspots.errors import StudyError
from hotspots.study.settings.study_file import make_study, read_study

KEYS = list(keys())


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Return the folder of an unspoilt study, and what `check` says of it."""
    folder = tmp_path_factory.mktemp("whole")
    study = write_study(folder)
    result = CliRunner().invoke(main, ["check", str(study)])
    assert result.exit_code == 0, result.output
    return folder, result.output.replace(str(folder), "")


def test_the_whole_study_is_valid_and_has_every_section():
    assert make_study(WHOLE).output_name == "a-study"
    assert {path[0] for path in KEYS} - set(WHOLE) == {
        "slug", "subtitle", "profile", "readers", "demographics", "date", "contact", "ledger", "private_file",
        "corrections", "mend_population_cut",
    }  # fmt: skip
    assert len(KEYS) * len(NEVER) > 1000


@pytest.mark.parametrize("path", KEYS, ids=".".join)
def test_no_key_takes_what_no_key_can_be(path):
    for value in NEVER:
        with pytest.raises(StudyError) as caught:
            make_study(with_value(path, value))
        assert path[-1] in caught.value.found or ".".join(path[:1]) in caught.value.found
        assert caught.value.advice
        assert len(str(caught.value)) < 3000


def said_of(whole):
    """Return the error that settings end in, or None where they are a study."""
    try:
        make_study(whole)
    except StudyError as error:
        return error
    return None


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(path=st.sampled_from(KEYS), value=VALUES)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_any_value_of_any_key_is_a_study_or_an_error_in_words(path, value):
    said = said_of(with_value(path, value))
    assert said is None or (said.found and said.advice)


COMMANDS = {
    "check of nothing": ["check", "nowhere.toml"],
    "run of nothing": ["run", "nowhere.toml"],
    "check of a folder": ["check", "."],
    "run of a folder": ["run", "."],
    "a path of 300 letters": ["check", "a" * 300],
    "an output of 300 letters": ["run", "study.toml", "--output", "a" * 300],
    "an output that is a file": ["run", "study.toml", "--output", "study.toml"],
    "a folder of 300 letters": ["init", "a" * 300],
    "a folder that is a file": ["init", "study.toml"],
    "demo into a file": ["demo", "--output", "study.toml"],
    "hotspots of nothing": ["local", "nowhere.gpkg", "--count", "crimes", "--output", "out.gpkg"],
    "a surface of nothing": ["surface", "nowhere.gpkg", "--within", "nowhere.gpkg", "--output", "out.tif"],
}


@pytest.mark.parametrize("case", COMMANDS)
def test_a_command_that_can_not_be_done_ends_in_words(whole, monkeypatch, case):
    monkeypatch.chdir(whole[0])
    assert verdict(COMMANDS[case]) == ""


def test_every_command_has_a_case():
    assert set(main.commands) == {arguments[0] for arguments in COMMANDS.values()}


def test_a_path_that_no_system_has_is_an_error_in_words():
    with pytest.raises(StudyError, match="can't be read"):
        read_study("a\0b")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is measured by /proc here")
def test_a_case_that_takes_more_than_its_memory_ends_in_a_memory_error(whole, monkeypatch):
    """None takes over 2 GB: a headcount of a million, or a kernel of 100 km on fine cells, once took more."""
    monkeypatch.chdir(whole[0])
    monkeypatch.setattr("hotspots.study.check_study", lambda *_, **__: np.ones(3 * 2**28))
    assert "MemoryError" in verdict(["check", "study.toml"])
    monkeypatch.undo()
    assert verdict(["check", str(whole[0] / "study.toml")], accepted=True) == ""


HUGE = {
    "a headcount of a million": ("exclusions.csv", "headcount", "1000000"),
    "a million exclusions": ("exclusions.csv", "perm_excl", "1000000"),
}


@pytest.mark.parametrize("case", HUGE)
def test_a_huge_number_among_the_schools_is_an_error(tmp_path, case):
    name, column, value = HUGE[case]
    study = write_study(tmp_path)
    spoil_cell(tmp_path / name, column, value)
    assert unnamed(study, [name]) == {}
