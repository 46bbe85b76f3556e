"""What a single analysis wrote and found, and what must hold for where it writes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from hotspots.errors import OutputError, plural
from hotspots.model import Note, words_of

__all__ = ["EVENTS", "Release", "Report", "Rule", "Written", "need_output", "notes_on", "quiet"]

Report = Callable[[str], object]
Release = Literal["open", "invented", "restricted"]
Rule = Literal["queen", "rook", "nearest", "distance"]

EVENTS: Final = "events"


@dataclass(frozen=True, slots=True)
class Written:
    """A finished analysis.

    Parameters
    ----------
    path
        The file.
    findings
        What was found, in sentences.
    notes
        What readers must know of the data, in sentences.
    """

    path: Path
    findings: tuple[str, ...]
    notes: tuple[str, ...]


def quiet(words: str) -> None:
    """Report nothing."""


def need_output(path: Path | str, *, ending: str, inputs: tuple[Path | str | None, ...]) -> Path:
    """Return where to write, before anything is read.

    Raises
    ------
    OutputError
        If the name has another ending, is a folder's, or is that of one of the inputs.
    """
    path = Path(path)
    if path.suffix.lower() != ending:
        raise OutputError(
            f"The output {path.name!r} is not the name of a {ending} file.",
            found=f"the ending {path.suffix!r}" if path.suffix else "no ending",
            advice=f"let the name end in {ending}",
        )
    if path.is_dir():
        raise OutputError(f"The output {path} is a folder.", found="a folder", advice="give the name of a file in it")
    for given in inputs:
        if given is not None and path.resolve() == Path(given).resolve():
            raise OutputError(
                f"The output {path} is one of the inputs.",
                found="the same file",
                advice="give another name, so that your data stay as they are",
            )
    return path


def notes_on(*groups: tuple[Note, ...], outside: int = 0, dropped: int = 0) -> tuple[str, ...]:
    """Return notes and what was not counted, in sentences without their full stops."""
    lines = [note.rstrip(".") for group in groups for note in words_of(group)]
    if outside:
        lines.append(f"{plural(outside, 'event')} in no area {'was' if outside == 1 else 'were'} not counted")
    if dropped:
        lines.append(f"{plural(dropped, 'event')} without a point {'was' if dropped == 1 else 'were'} not counted")
    return tuple(dict.fromkeys(lines))
