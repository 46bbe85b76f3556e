"""Spoil the files of a small study in every way, for some minutes, and print each case that ends as it must not.

    python tools/try_broken_inputs.py [SECONDS]

A case of the tables must end in a problem that names the file, and a file in which bytes are changed at random in no
traceback and no library's warning; what ends otherwise is printed, and the exit code is 1.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from broken_inputs import (  # noqa: E402
    CELLS,
    FILES,
    ONLY_TEXT,
    SPOILT,
    columns_at,
    groups,
    repeat_column,
    spoil_cell,
    unnamed,
    verdict,
    write_study,
)

from hotspots.sources import _text_files  # noqa: E402

MOST_BYTES = 2_000_000
"""Less than the gzip bomb of the table holds: one of more than a GB for every file would take minutes."""

Case = tuple[str, str, Callable[[Path], object], bool]


def cases() -> Iterator[Case]:
    """Give of every case in the tables its name, file and change, and whether it is an error; then random ones."""
    for name in FILES:
        for how, change in SPOILT.items():
            if name != "areas.gpkg" or how not in ONLY_TEXT:
                yield (
                    f"{name}: {how}",
                    name,
                    lambda file, change=change: file.write_bytes(change(file.read_bytes())),
                    True,
                )
    for value in CELLS:
        for position in range(3):
            for name, column in columns_at(position, value).items():
                what = f"{name}: {column} = {value!r}"
                yield what, name, lambda file, column=column, value=value: spoil_cell(file, column, value), True
    for position in range(3):
        for name, column in columns_at(position).items():
            yield f"{name}: {column} twice", name, lambda file, column=column: repeat_column(file, column), True
    seed = 0
    while True:
        seed += 1
        for name in FILES:
            yield f"{name}: bytes changed, seed {seed}", name, lambda file, seed=seed: scatter(file, seed), False


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
    _text_files.MOST_BYTES = MOST_BYTES  # type: ignore[misc]
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole"
        whole.mkdir()
        write_study(whole)
        for what, name, change, is_error in cases():
            if time.monotonic() - started > seconds:
                break
            number += 1
            ((study, _),) = groups([name])
            with tempfile.TemporaryDirectory(dir=folder) as own:
                shutil.copytree(whole, own, dirs_exist_ok=True)
                change(Path(own) / name)
                file = Path(own) / study
                said = unnamed(file, [name]).get(name) if is_error else verdict(["check", str(file)], accepted=True)
            if said:
                wrong += 1
                print(f"{what}: {said}", flush=True)
    print(f"{number:,} cases, of which {wrong:,} ended as they must not")
    return wrong


if __name__ == "__main__":
    sys.exit(bool(try_all(float(sys.argv[1]) if len(sys.argv) > 1 else 600.0)))
