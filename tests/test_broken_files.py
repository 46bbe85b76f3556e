"""Every file of a study spoilt in every way: `check` names the file in a problem, and never takes it in silence."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from broken_inputs import (
    CELLS,
    FILES,
    ONLY_TEXT,
    SPOILT,
    columns_at,
    ended,
    groups,
    repeat_column,
    spoil_cell,
    unnamed,
    write_study,
)
from worlds import ROOT

from hotspots.sources import _text_files

SHARED = {
    *("_tabular.read_table", "_text_files.read_text", "_parquet.read_parquet"),
    *("_vector_files.read_layer", "children_in_need.read_all_factors"),
    *("layers.read_area_layer", "layers.read_point_layer"),
}
"""Readers of no format of their own: the others call them."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of an unspoilt study."""
    folder = tmp_path_factory.mktemp("whole")
    wrong, said = ended(["check", str(write_study(folder))])
    assert not wrong
    assert "Nothing would stop a run." in said
    assert ended(["check", str(folder / "few.toml")])[1].endswith("Nothing would stop a run.\n")
    return folder


def spoilt(whole: Path, folder: Path, files: Iterable[str], change: Callable[[Path], object]) -> dict[str, str]:
    """Return what is wrong with how `check` speaks of files that are changed."""
    wrong: dict[str, str] = {}
    for number, (study, group) in enumerate(groups(files)):
        own = folder / str(number)
        shutil.copytree(whole, own)
        for file in group:
            change(own / file)
        wrong |= unnamed(own / study, group)
    return wrong


@pytest.mark.parametrize("how", SPOILT)
def test_a_broken_file_is_named_in_a_problem(whole, tmp_path, monkeypatch, how):
    monkeypatch.setattr(_text_files, "MOST_BYTES", 2_000_000)
    # What is read after another file takes longest: every fourth way here, and all of them in `make fuzz`.
    late = list(SPOILT).index(how) % 4 == 2
    files = [file for file in FILES if late or not FILES[file].after]
    files = [file for file in files if file != "areas.gpkg" or how not in ONLY_TEXT]
    assert spoilt(whole, tmp_path, files, lambda file: file.write_bytes(SPOILT[how](file.read_bytes()))) == {}


@pytest.mark.parametrize(("number", "value"), [*enumerate(CELLS)])
def test_a_cell_that_can_not_be_is_named_in_a_problem(whole, tmp_path, number, value):
    # One column of each file here, and all of them in `make fuzz`.
    chosen = columns_at(number % 3, value)
    assert spoilt(whole, tmp_path, chosen, lambda file: spoil_cell(file, chosen[file.name], value)) == {}


@pytest.mark.parametrize("position", range(3))
def test_a_column_twice_with_other_contents_is_named_in_a_problem(whole, tmp_path, position):
    chosen = columns_at(position)
    assert spoilt(whole, tmp_path, chosen, lambda file: repeat_column(file, chosen[file.name])) == {}


def test_old_line_ends_change_nothing(whole, tmp_path):
    """Files of old systems end their lines with a carriage return alone."""
    own = tmp_path / "own"
    shutil.copytree(whole, own)
    for file in own.glob("*.csv"):
        file.write_bytes(file.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r"))
    assert ended(["check", str(own / "study.toml")]) == ended(["check", str(whole / "study.toml")])


def test_every_reader_has_a_file_that_is_spoilt():
    readers = {
        f"{file.stem}.{node.name}"
        for file in (ROOT / "hotspots" / "sources").glob("*.py")
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("read_")
    }
    assert readers - SHARED == {known.reader for known in FILES.values()}
