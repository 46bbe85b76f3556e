"""Spoil the files of a small study in every way, for some minutes, and print each case that ends as it must not.

    python tools/try_broken_inputs.py [SECONDS]

A case may end in an error in words, or be accepted with a word on it; a traceback, a library's warning or silence is
printed, and the exit code is 1.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from click.testing import CliRunner

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from broken_inputs import CELLS, FILES, SPOILT, spoil_cell, verdict, write_study  # noqa: E402

from hotspots.cli import main  # noqa: E402

Case = tuple[str, str, Callable[[Path], object]]


def cases() -> Iterator[Case]:
    """Give the name, the file and the change of every case in the tables, then random ones without end."""
    for name in FILES:
        for how, change in SPOILT.items():
            yield f"{name}: {how}", name, lambda file, change=change: file.write_bytes(change(file.read_bytes()))
    for name, (_, columns) in FILES.items():
        for column in columns:
            for value in CELLS:
                what = f"{name}: {column} = {value!r}"
                yield what, name, lambda file, column=column, value=value: spoil_cell(file, column, value)
    seed = 0
    while True:
        seed += 1
        for name in FILES:
            yield f"{name}: bytes changed, seed {seed}", name, lambda file, seed=seed: scatter(file, seed)


def scatter(file: Path, seed: int) -> None:
    """Replace a few bytes by others; most such files are refused, and some are valid."""
    chosen = random.Random(seed)
    raw = bytearray(file.read_bytes())
    for _ in range(chosen.randint(1, 20)):
        raw[chosen.randrange(len(raw))] = chosen.randrange(256)
    file.write_bytes(bytes(raw))


def try_all(seconds: float) -> int:
    """Return how many cases ended as they must not."""
    started, wrong, number = time.monotonic(), 0, 0
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole"
        whole.mkdir()
        clean = CliRunner().invoke(main, ["check", str(write_study(whole))]).output
        for what, name, change in cases():
            if time.monotonic() - started > seconds:
                break
            number += 1
            with tempfile.TemporaryDirectory(dir=folder) as own:
                shutil.copytree(whole, own, dirs_exist_ok=True)
                change(Path(own) / name)
                ended = verdict(["check", str(Path(own) / "study.toml")], clean=clean, accepted="seed" in what)
            if ended:
                wrong += 1
                print(f"{what}: {ended}", flush=True)
    print(f"{number:,} cases, of which {wrong:,} ended as they must not")
    return wrong


if __name__ == "__main__":
    sys.exit(bool(try_all(float(sys.argv[1]) if len(sys.argv) > 1 else 600.0)))
