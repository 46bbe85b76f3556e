"""The folder of a run: complete or not there, and nothing in it that is its user's is lost."""

from __future__ import annotations

import errno
import json
import os
import time
from pathlib import Path

import pytest
from filelock import FileLock

from hotspots.errors import OutputError
from hotspots.study.output.folder import replaced_folder

LISTED = ("briefing.pdf", "hotspots.gpkg", "maps/a.png")


def run(target: Path, *, files: tuple[str, ...] = LISTED, words: str = "new") -> None:
    """Write a run's folder as the program does: every file, and a summary that lists them."""
    with replaced_folder(target) as folder:
        for name in files:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(words, encoding="utf-8")
        summary = {"versions": {"hotspots": "0"}, "files": [*files, "summary.json"]}
        (folder / "summary.json").write_text(json.dumps(summary), encoding="utf-8")


def names(folder: Path) -> set[str]:
    """Return every file below a folder."""
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def beside(folder: Path) -> list[str]:
    """Return everything that lies in a folder, hidden or not."""
    return sorted(p.name for p in folder.iterdir())


def test_what_a_user_keeps_in_the_folder_stays_there(tmp_path):
    target = tmp_path / "study"
    run(target, words="old")
    (target / "project.qgz").write_text("mine", encoding="utf-8")
    (target / "maps" / "own").mkdir()
    (target / "maps" / "own" / "notes.txt").write_text("mine too", encoding="utf-8")
    (target / "shortcut").symlink_to(tmp_path)
    for _ in range(2):
        run(target, files=("briefing.pdf",))
        assert names(target) == {"briefing.pdf", "summary.json", "project.qgz", "maps/own/notes.txt"}
    assert (target / "project.qgz").read_text(encoding="utf-8") == "mine"
    assert (target / "maps/own/notes.txt").read_text(encoding="utf-8") == "mine too"
    assert (target / "shortcut").is_symlink()
    assert (target / "briefing.pdf").read_text(encoding="utf-8") == "new"
    assert beside(tmp_path) == ["study"]


def test_a_users_file_is_not_overwritten_by_a_new_output_of_its_name(tmp_path):
    target = tmp_path / "study"
    run(target, files=("briefing.pdf",), words="old")
    (target / "hotspots.gpkg").write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match=r"hotspots\.gpkg is not from an earlier run"):
        run(target)
    assert (target / "hotspots.gpkg").read_text(encoding="utf-8") == "mine"
    assert (target / "briefing.pdf").read_text(encoding="utf-8") == "old"
    assert beside(tmp_path) == ["study"]


def test_the_journal_of_an_earlier_layer_is_not_put_beside_the_new_one(tmp_path):
    target = tmp_path / "study"
    run(target)
    for end in ("-wal", "-shm", ".aux.xml"):
        (target / f"hotspots.gpkg{end}").write_text("of the old file", encoding="utf-8")
    (target / "own.gpkg-wal").write_text("of a user's file", encoding="utf-8")
    run(target)
    assert names(target) == {*LISTED, "summary.json", "own.gpkg-wal"}


@pytest.mark.parametrize(
    "summary", ["{}", "[]", "not json", '{"files": ["summary.json"]}', '{"versions": {}, "files": 3}', "[" * 100_000]
)
def test_a_summary_alone_does_not_make_a_folder_ours(tmp_path, summary):
    target = tmp_path / "thesis"
    target.mkdir()
    (target / "chapter.txt").write_text("years of work", encoding="utf-8")
    (target / "summary.json").write_text(summary, encoding="utf-8")
    with pytest.raises(OutputError, match="is not an output folder of hotspots"):
        run(target)
    assert (target / "chapter.txt").read_text(encoding="utf-8") == "years of work"


def test_what_a_link_names_is_replaced_and_the_link_stays(tmp_path):
    real = tmp_path / "elsewhere" / "study"
    real.mkdir(parents=True)
    (tmp_path / "study").symlink_to(real)
    run(tmp_path / "study")
    assert (tmp_path / "study").is_symlink()
    assert names(real) == {*LISTED, "summary.json"}
    assert beside(real.parent) == ["study"]


def test_what_killed_runs_left_is_removed_and_a_living_run_is_left_alone(tmp_path):
    target = tmp_path / "study"
    run(target)
    long_ago = time.time() - 60
    for token in ("1", "abc"):
        (tmp_path / f".study.unfinished-{token}").mkdir()
        (tmp_path / f".study.unfinished-{token}" / "half.pdf").touch()
    dead = tmp_path / ".study.unfinished-abc.lock"
    dead.touch()
    os.utime(dead, (long_ago, long_ago))
    living = tmp_path / ".study.unfinished-living"
    living.mkdir()
    lock = FileLock(f"{living}.lock")
    with lock:
        os.utime(f"{living}.lock", (long_ago, long_ago))
        run(target)
        assert beside(tmp_path) == [".study.unfinished-living", ".study.unfinished-living.lock", "study"]
    run(target)
    assert beside(tmp_path) == ["study"]


def test_what_a_killed_run_had_put_aside_comes_back(tmp_path):
    target = tmp_path / "study"
    run(target, words="old")
    target.rename(tmp_path / ".study.previous-1")
    with pytest.raises(RuntimeError), replaced_folder(target):
        raise RuntimeError
    assert (target / "briefing.pdf").read_text(encoding="utf-8") == "old"
    assert beside(tmp_path) == ["study"]


def test_a_write_protected_part_of_the_earlier_folder_is_replaced_too(tmp_path):
    target = tmp_path / "study"
    run(target)
    (target / "maps" / "a.png").chmod(0o400)
    (target / "maps").chmod(0o500)
    run(target)
    assert names(target) == {*LISTED, "summary.json"}
    assert beside(tmp_path) == ["study"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EFBIG, errno.EDQUOT])
def test_a_full_disk_is_an_error_in_three_lines(tmp_path, number):
    target = tmp_path / "study"
    run(target, words="old")
    with pytest.raises(OutputError, match="The disk is full") as caught, replaced_folder(target):
        raise OSError(number, os.strerror(number))
    assert os.strerror(number) in str(caught.value)
    assert "--output DIR" in str(caught.value)
    assert (target / "briefing.pdf").read_text(encoding="utf-8") == "old"
    assert beside(tmp_path) == ["study"]


def test_an_input_that_can_not_be_read_is_not_called_a_full_disk(tmp_path):
    with pytest.raises(FileNotFoundError), replaced_folder(tmp_path / "study"):
        (tmp_path / "crime.csv").read_bytes()


@pytest.mark.parametrize("name", ["x" * 300, "y" * 200 + "/" + "z" * 300])
def test_a_name_that_no_disk_takes_is_an_error_in_three_lines(tmp_path, name):
    with pytest.raises(OutputError, match="Can't write in") as caught, replaced_folder(tmp_path / name):
        pass
    assert max(len(line) for line in str(caught.value).splitlines()) < 200
