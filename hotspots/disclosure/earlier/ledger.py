"""The ledger: what was published of unreleased records, run by run, so that later runs are looked at beside it.

A folder has one file for each published run, numbered from 00001.json. An entry has what was published and nothing
more: intervals, never counts. It is never changed, and it names the checksum of the entry before it, so that an entry
that was removed, changed or moved is found. Only the newest entries can be removed unseen; `need_newest` finds that
where the checksum of an entry is kept elsewhere.

Two runs at once must not both publish: each was looked at without the other. The number of an entry decides. Whoever
creates the file of the next number publishes; the other run is asked to run again.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import numpy as np

from hotspots.disclosure.earlier.sealed_files import is_inside, seal, unseal, write_file
from hotspots.disclosure.release import CountTable, Rule, Scope
from hotspots.errors import DisclosureError, plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Entry", "Ledger", "need_newest", "need_writable", "read_ledger"]

FORM: Final = "hotspots release"
VERSION: Final = 1
"""Of the format of an entry. A field that older programs would not heed is a new version."""

_ENTRY: Final = re.compile(r"[0-9]{5}\.json")
_ENDLESS: Final = "inf"
"""An upper bound that is none: JSON has no such number."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Entry:
    """One published run.

    Parameters
    ----------
    number
        Its place in the order of publication, from 1.
    id
        A short name of what was published: the same for the same numbers of the same study.
    date
        Of the run, as on its sheets.
    title, slug
        The study.
    program
        Name and version of the program, e.g. ``"hotspots 0.1.0"``.
    tables
        What it published.
    previous
        Checksum of the entry before it; empty for the first.
    checksum
        Of the entry itself.
    """

    number: int
    id: str
    date: date
    title: str
    slug: str
    program: str
    tables: tuple[CountTable, ...]
    previous: str
    checksum: str


@dataclass(frozen=True, eq=False, slots=True)
class Ledger:
    """All published runs, as they were when the folder was read.

    Parameters
    ----------
    folder
        Where the entries are.
    entries
        In order of publication.
    """

    folder: Path
    entries: tuple[Entry, ...] = ()

    @property
    def tables(self) -> tuple[CountTable, ...]:
        """All published tables in order of publication."""
        return tuple(table for entry in self.entries for table in entry.tables)

    @property
    def newest(self) -> str:
        """Checksum of the newest entry; empty without entries."""
        return self.entries[-1].checksum if self.entries else ""

    def add(self, *, date: date, title: str, slug: str, program: str, tables: Sequence[CountTable]) -> Entry:
        """Write what a run publishes as the next entry, and return that; see `Entry` for the parameters.

        What the same study has published before with the same numbers is not written again: the old entry is returned.

        Raises
        ------
        DisclosureError
            If another run was published since the ledger was read, or the entry can't be written.
        """
        written = [_written(table) for table in tables]
        name = _id_of(slug, written)
        now = read_ledger(self.folder)
        for entry in now.entries:
            if entry.id == name:
                return entry
        if [entry.checksum for entry in now.entries] != [entry.checksum for entry in self.entries]:
            raise _published_meanwhile(len(now.entries) - len(self.entries))
        number = len(self.entries) + 1
        content = {
            "number": number,
            "id": name,
            "date": date.isoformat(),
            "title": title,
            "slug": slug,
            "program": program,
            "previous": self.newest,
            "tables": written,
        }
        text, checksum = seal(content, form=FORM, version=VERSION)
        _put(self.folder / _name(number), text)
        return _entry({**content, "checksum": checksum})


def read_ledger(folder: Path | str) -> Ledger:
    """Return all published runs; none where there is no folder yet.

    Raises
    ------
    DisclosureError
        If an entry is missing, damaged, changed, unfinished or of another version, or if the folder can't be read.
    """
    folder = Path(folder)
    entries: list[Entry] = []
    for number, path in enumerate(_files(folder), start=1):
        if path.name != _name(number):
            raise DisclosureError(
                f"Entry {number} is missing from the ledger {folder}.",
                found=f"{path.name} in the place of {_name(number)}",
                advice="put the missing entries back; without them nothing more of these records may be published",
            )
        entry = _read_entry(path)
        if entry.previous != (entries[-1].checksum if entries else ""):
            raise DisclosureError(
                f"{path} does not belong behind the entry before it.",
                found=f"an entry with number {entry.number}, from another ledger or another order",
                advice="put the entries back as they were published; ledgers can't be mixed",
            )
        entries.append(entry)
    return Ledger(folder, tuple(entries))


def need_newest(ledger: Ledger, checksum: str) -> None:
    """Stop if an entry that is known to exist, by its checksum, is not in the ledger; an empty one is known nowhere.

    Raises
    ------
    DisclosureError
        If the ledger is an older state of itself, or another one.
    """
    if checksum and all(entry.checksum != checksum for entry in ledger.entries):
        raise DisclosureError(
            f"The ledger {ledger.folder} does not have the entry that was published last from here.",
            found=f"{plural(len(ledger.entries), 'entry', 'entries')}, none of them with its checksum",
            advice="check the path of the folder; if it is an older copy, put the newer entries back",
        )


def need_writable(folder: Path | str, *, outputs: Path) -> None:
    """Stop if no entry can be kept in the ledger; to be called before anything takes long. No file is left there.

    Raises
    ------
    DisclosureError
        If a file is in the place of the folder, the folder above it does not exist, nothing can be written there, or it
        is in the folder of the outputs, which each run replaces.
    """
    folder = Path(folder)
    if is_inside(folder / _name(1), outputs):
        raise DisclosureError(
            f"The ledger of published runs can't be in {outputs}.",
            found=f"the folder {folder}; each run replaces its outputs",
            advice="choose a folder beside it",
        )
    _files(folder)
    probe = (folder if folder.exists() else folder.parent) / f".{uuid4().hex}.unfinished"
    try:
        os.close(os.open(probe, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        probe.unlink(missing_ok=True)  # a run that publishes clears what others left
    except OSError as error:
        raise DisclosureError(
            f"Can't write in {probe.parent}, where the ledger of published runs is kept.",
            found=str(error.strerror),
            advice="ask for the right to write there: what is published must be kept",
        ) from error


# --------------------------------------------------------------------------- files


def _name(number: int) -> str:
    return f"{number:05d}.json"


def _files(folder: Path) -> list[Path]:
    """Return the files of the entries in their order; nothing else in the folder may end in .json."""
    try:
        if not folder.exists() and not folder.is_symlink() and folder.resolve().parent.is_dir():
            return []
        visible = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
        found = [path for path in visible if path.suffix.casefold() == ".json"]
        empty = {path: time.time() - path.stat().st_mtime for path in found if path.stat().st_size == 0}
    except OSError as error:
        is_file = isinstance(error, NotADirectoryError)
        raise DisclosureError(
            f"Can't read {folder}, where the ledger of published runs is kept.",
            found="a file in the place of the folder" if is_file else str(error.strerror),
            advice="choose another folder" if is_file else "check the path, and that its drive is connected",
        ) from error
    odd = [path for path in found if not _ENTRY.fullmatch(path.name)]
    if odd:
        raise DisclosureError(
            f"{odd[0]} is not an entry of the ledger.",
            found=f"{plural(len(odd), 'file')} with another name than {_name(1)}, {_name(2)} and so on",
            advice="find out where it is from; a copy of an entry can mean that two runs were published at once",
        )
    for path, age in empty.items():
        raise DisclosureError(
            f"{path} is empty: another run is being published, or was stopped before it was.",
            found=f"an empty file, {plural(max(0, int(age // 60)), 'minute')} old",
            advice="run again; if no other run is going on, delete the empty file first: nothing was published with it",
        )
    return found


def _put(path: Path, text: bytes) -> None:
    """Write an entry under a number that no other run has taken; an empty file takes it until the entry is complete."""
    try:
        path.parent.mkdir(exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    except FileExistsError as error:
        raise _published_meanwhile(1) from error
    except OSError as error:
        raise DisclosureError(
            f"{path} can't be written.", found=str(error.strerror), advice="ask for the right to write there"
        ) from error
    with ExitStack() as failed:
        failed.callback(path.unlink, missing_ok=True)
        # What a killed run left was never published, and only who has taken the number writes.
        for left in path.parent.glob(".*.unfinished"):
            left.unlink(missing_ok=True)
        write_file(path, text)
        failed.pop_all()


def _published_meanwhile(number: int) -> DisclosureError:
    return DisclosureError(
        "Another run was published meanwhile.",
        found=plural(number, "further entry", "further entries") if number > 0 else "other entries in the ledger",
        advice="run again: what may be published depends on what already is",
    )


def _read_entry(path: Path) -> Entry:
    content = unseal(path, form=FORM, version=VERSION)
    try:
        return _entry(content)
    except (KeyError, TypeError, ValueError, AttributeError, DisclosureError) as error:
        raise DisclosureError(
            f"{path} does not have the content of an entry.",
            found=f"{type(error).__name__}: {error}".splitlines()[0],
            advice="use the version of this program that wrote it",
        ) from error


# --------------------------------------------------------------------------- what an entry has


def _written(table: CountTable) -> dict[str, Any]:
    """Return a table as JSON has it, every field of it."""
    fields = {field.name: getattr(table, field.name) for field in dataclasses.fields(table)}
    return {
        **fields,
        "scopes": [_scope_written(scope) for scope in table.scopes],
        "low": _bounds_written(table.low),
        "high": _bounds_written(table.high),
        "rule": dataclasses.asdict(table.rule),
    }


def _scope_written(scope: Scope) -> dict[str, Any]:
    """Return a scope as JSON has it: what a reader takes to have happened is no part of it."""
    fields = {name: value for name, value in dataclasses.asdict(scope).items() if name != "reading"}
    if not scope.corrections:
        del fields["corrections"]
    return fields


def _scope(written: dict[str, Any]) -> Scope:
    corrections = tuple(tuple(one) for one in written.get("corrections", ()))
    return Scope(**{**_tuples_in(written), "corrections": corrections})


def _bounds_written(bounds: NDArray[np.float64]) -> list[list[int | float | str | None]]:
    return [[_bound_written(bound) for bound in row] for row in bounds.tolist()]


def _bound_written(bound: float) -> int | float | str | None:
    if np.isnan(bound):
        return None
    if np.isinf(bound):
        return _ENDLESS
    return int(bound) if bound.is_integer() else bound


def _entry(content: dict[str, Any]) -> Entry:
    return Entry(
        number=content["number"],
        id=content["id"],
        date=date.fromisoformat(content["date"]),
        title=content["title"],
        slug=content["slug"],
        program=content["program"],
        tables=tuple(_table(table) for table in content["tables"]),
        previous=content["previous"],
        checksum=content["checksum"],
    )


def _table(written: dict[str, Any]) -> CountTable:
    fields = _tuples_in(written)
    fields["scopes"] = tuple(_scope(scope) for scope in written["scopes"])
    fields["rule"] = Rule(**written["rule"])
    for end in ("low", "high"):
        # Not a number where there is none, and "inf" as a number.
        fields[end] = np.array([[np.nan if bound is None else float(bound) for bound in row] for row in written[end]])
    return CountTable(**fields)


def _tuples_in(written: dict[str, Any]) -> dict[str, Any]:
    """Return fields with tuples for the lists that JSON makes of them."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in written.items()}


def _id_of(slug: str, written: Sequence[dict[str, Any]]) -> str:
    """Return a short name of a study's numbers."""
    text = json.dumps([slug, written], sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
