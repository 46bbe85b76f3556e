"""Runs that are ended from outside, and consoles that can't be written to: nothing lives on, nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from small_study import BIRMINGHAM, write_small_study

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="signals and /proc are Linux's")

COMMAND = (sys.executable, "-m", "hotspots")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Return a small study whose maps several processes draw."""
    return write_small_study(tmp_path_factory.mktemp("study"), places=BIRMINGHAM)


def children_of(pid: int) -> list[int]:
    """Return the processes that a process started."""
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


def is_alive(pid: int) -> bool:
    """Whether a process still does something: one that ended stays listed until it is asked for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until(true, seconds: float = 60.0) -> bool:
    """Wait until something holds; False if it never did."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def end_while_drawing(study: Path, number: int) -> tuple[int, str, list[int]]:
    """Start a run, end it when the first map is drawn; return its exit code, what it said and its processes."""
    maps = (study.parent / "outputs").glob
    before = set(maps(".small.unfinished-*/maps/*.png"))
    run = subprocess.Popen([*COMMAND, "run", str(study)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert wait_until(lambda: bool(set(maps(".small.unfinished-*/maps/*.png")) - before))
    drawing = children_of(run.pid)
    run.send_signal(number)
    said = run.communicate(timeout=30)[1].decode()
    return run.returncode, said, drawing


def test_a_killed_run_leaves_no_process_and_the_next_run_removes_its_folder(study):
    code, _, drawing = end_while_drawing(study, signal.SIGKILL)
    assert code == -signal.SIGKILL
    assert len(drawing) > 1
    assert wait_until(lambda: not any(is_alive(pid) for pid in drawing), seconds=10)
    outputs = study.parent / "outputs"
    assert any(outputs.glob(".small.unfinished-*"))
    # Ended too, but asked to: it says so, and leaves nothing.
    code, said, drawing = end_while_drawing(study, signal.SIGTERM)
    assert code == 130
    assert said.split("\n") == ["", "Stopped before it finished. Earlier outputs are unchanged.", ""]
    assert wait_until(lambda: not any(is_alive(pid) for pid in drawing), seconds=10)
    assert list(outputs.iterdir()) == []


def test_a_console_that_is_closed_stops_no_command(study):
    command = f"{' '.join(COMMAND)} check {study} 2>&-"
    checked = subprocess.run(command, shell=True, check=False, capture_output=True, text=True, timeout=60)
    assert checked.returncode == 0
    assert "Nothing would stop a run." in checked.stdout


@pytest.mark.parametrize("words", ["--help", "check {study}", "check {study}/nothing.toml 2>/dev/full"])
def test_output_to_a_full_device_ends_without_a_traceback(study, words):
    command = f"{' '.join(COMMAND)} {words.format(study=study)} >/dev/full"
    checked = subprocess.run(command, shell=True, check=False, capture_output=True, text=True, timeout=60)
    assert checked.returncode == 2
    assert "Traceback" not in checked.stderr
    assert "Exception" not in checked.stderr


def test_a_disk_that_fills_up_while_maps_are_drawn_ends_in_three_lines(study):
    # A limit on the size of files stands in for the disk: above it the system refuses as where the disk is full.
    largest = 50_000
    limited = (
        "import resource, signal\n"
        "from hotspots.cli import main\n"
        "from hotspots.study import run\n"
        "draw = run.draw_everything\n"
        "def draw_on_a_full_disk(*given, **named):\n"
        f"    resource.setrlimit(resource.RLIMIT_FSIZE, ({largest}, {largest}))\n"
        "    return draw(*given, **named)\n"
        "if __name__ == '__main__':\n"
        "    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "    run.draw_everything = draw_on_a_full_disk\n"
        "    main()\n"
    )
    file = study.parent / "limited.py"
    file.write_text(limited, encoding="utf-8")
    command = [sys.executable, str(file), "run", str(study)]
    run = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=120, env={**os.environ, "TMPDIR": "/tmp"}
    )
    assert run.returncode == 2
    assert run.stderr.startswith("Error: The disk is full")
    assert len(run.stderr.splitlines()) == 3
    assert list((study.parent / "outputs").iterdir()) == []
