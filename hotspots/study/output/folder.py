"""The folder of a run: it appears complete or not at all, and what its user keeps in it stays there."""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from uuid import uuid4

from filelock import FileLock, Timeout

from hotspots.errors import OutputError, list_briefly

__all__ = ["replaced_folder"]

SUMMARY: Final = "summary.json"

YOUNG: Final = 2.0
"""Seconds for which a lock that nobody holds is left alone: its run may be about to take it."""

COMPANIONS: Final = ("-wal", "-shm", "-journal", ".aux.xml")
"""What GIS programs write beside an output: of no use, or harmful, beside the next run's file of the same name."""

NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def replaced_folder(target: Path) -> Iterator[Path]:
    """Give an empty folder beside `target`, and put it in its place when everything in it is written.

    Files in the earlier folder that its run did not write (by its summary.json) are carried over. A folder that
    no run made is left as it is. What killed runs left beside the target is removed: each run locks a file beside
    its unfinished folder, and the lock ends with its process, however that ends.

    Parameters
    ----------
    target
        The run's folder; it need not exist.

    Raises
    ------
    OutputError
        If the target is something else than an earlier run's folder, can't be replaced, a file of the user's
        has the name of a new output, or the disk is full.
    """
    try:
        # What a link names is replaced, not the link.
        target = target.resolve() if target.is_symlink() else target
        kept = _files_to_keep(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        _clear_leftovers(target)
        unfinished = target.with_name(f".{target.name}.unfinished-{uuid4().hex[:12]}")
        lock = FileLock(_lock_of(unfinished), timeout=YOUNG)
        lock.acquire()
    except (OSError, Timeout) as error:
        raise _can_not_write(target.parent, error) from error
    try:
        unfinished.mkdir()
        yield unfinished
        _carry_over(kept, target, unfinished)
        _swap(unfinished, target)
    except OSError as error:
        if error.errno not in NO_ROOM and unfinished.name not in str(error.filename):
            raise
        raise _can_not_write(target.parent, error) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
        lock.release()
        _lock_of(unfinished).unlink(missing_ok=True)


def _lock_of(unfinished: Path) -> Path:
    return unfinished.with_name(f"{unfinished.name}.lock")


def _can_not_write(where: Path, error: OSError) -> OutputError:
    reason = str(error.strerror or error)
    if error.errno in NO_ROOM:
        return OutputError(
            f"The disk is full: {_shortened(where)} can't be written.",
            found=reason,
            advice="free some space there and in the system's folder for temporary files, or --output DIR",
        )
    return OutputError(
        f"Can't write in {_shortened(where)}.",
        found=reason,
        advice="choose a folder that you may write to: --output DIR",
    )


def _shortened(path: Path, most: int = 120) -> str:
    words = str(path)
    return words if len(words) <= most else f"{words[: most - 20]}…{words[-19:]}"


# --------------------------------------------------------------------------- what the user keeps


def _files_to_keep(target: Path) -> list[Path]:
    """Return the files in an earlier run's folder that it did not write, relative to the folder.

    Raises
    ------
    OutputError
        If the target exists and no run made it.
    """
    if not target.exists():
        return []
    inside = _files_in(target) if target.is_dir() else [Path(target.name)]
    written = _files_of_summary(target / SUMMARY)
    if not target.is_dir() or (inside and written is None):
        raise OutputError(
            f"{_shortened(target)} is not an output folder of hotspots, so it is left as it is.",
            found=list_briefly(path.as_posix() for path in inside),
            advice="move it away, or choose another folder: --output DIR",
        )
    return [path for path in inside if not _is_written(path.as_posix(), written or set())]


def _files_in(folder: Path) -> list[Path]:
    """Return every file and link below a folder, relative to it, sorted; links are not followed."""
    found = []
    for where, folders, files in os.walk(folder):
        links = [name for name in folders if (Path(where) / name).is_symlink()]
        found += [(Path(where) / name).relative_to(folder) for name in (*files, *links)]
    return sorted(found)


def _files_of_summary(path: Path) -> set[str] | None:
    """Return the files that a run's summary lists, or None where there is no summary of a run."""
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        return None
    files = summary.get("files") if isinstance(summary, dict) and "versions" in summary else None
    return {str(name) for name in files} if isinstance(files, list) and SUMMARY in files else None


def _is_written(name: str, written: set[str]) -> bool:
    """Whether a file is an earlier output, or what another program wrote beside one for its own use."""
    return name in written or any(name.removesuffix(end) in written for end in COMPANIONS if name.endswith(end))


def _carry_over(kept: list[Path], target: Path, unfinished: Path) -> None:
    """Copy the user's files into the new folder; they stay in the old one until that is replaced.

    Raises
    ------
    OutputError
        If one has the name of a new output.
    """
    for path in kept:
        if not (target / path).exists() and not (target / path).is_symlink():
            continue  # moved away while the run went on
        if (unfinished / path).exists():
            raise OutputError(
                f"{target / path} is not from an earlier run, and this run writes a file of that name.",
                found=f"{len(kept):,} files in {target} that no run wrote",
                advice="move it away, or choose another folder: --output DIR",
            )
        (unfinished / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(target / path, unfinished / path, follow_symlinks=False)


# --------------------------------------------------------------------------- in its place


def _swap(unfinished: Path, target: Path) -> None:
    """Put the new folder in the place of the old one; where that fails, the old one is back."""
    previous = target.with_name(f".{target.name}.previous-{uuid4().hex[:12]}")
    try:
        if target.exists():
            target.rename(previous)
        unfinished.rename(target)
    except OSError as error:
        if previous.exists() and not target.exists():
            previous.rename(target)
        raise OutputError(
            f"Can't replace {_shortened(target)}.",
            found=str(error.strerror or error),
            advice="close the program that has one of its files open, and run again",
        ) from error
    if previous.exists():
        _remove(previous)


def _remove(folder: Path) -> None:
    """Remove a folder, write-protected parts too; what can't be removed is left for the next run to try."""

    def unprotect(function: Callable[[str], object], path: str, _: object) -> None:
        # A folder's files can't be removed while it is write-protected, on Windows a file itself can't.
        try:
            Path(path).parent.chmod(stat.S_IRWXU)
            Path(path).chmod(stat.S_IRWXU)
            function(path)
        except OSError:
            left.append(path)

    left: list[str] = []
    shutil.rmtree(folder, onerror=unprotect)
    if left and folder.exists():
        shutil.rmtree(folder, ignore_errors=True)


def _clear_leftovers(target: Path) -> None:
    """Remove what killed runs left; bring back what one of them had put aside."""
    for left in sorted(target.parent.glob(f".{target.name}.previous-*")):
        if target.exists():
            _remove(left)
        else:
            left.rename(target)
    for left in sorted(target.parent.glob(f".{target.name}.unfinished-*")):
        if left.suffix == ".lock" or not _lock_of(left).exists():
            _clear_unfinished(left.with_suffix("") if left.suffix == ".lock" else left)


def _clear_unfinished(folder: Path) -> None:
    """Remove an unfinished folder and its lock, unless its run is still going."""
    path = _lock_of(folder)
    if path.exists() and time.time() - path.stat().st_mtime < YOUNG:
        return
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        return
    if folder.exists():
        _remove(folder)
    lock.release()
    path.unlink(missing_ok=True)
