"""Whether records have changed since numbers of them were published, from keyed fingerprints in a private file.

The ledger must not tell what is behind its intervals. So what tells whether records have changed is kept apart, in a
file for its owner alone: for each area and month, an HMAC-SHA256 (RFC 2104) of the records, cut to 16 bytes. Whoever
has the key can try out records until a fingerprint fits: the file is as confidential as the records, and has none of
them.

A fingerprint has the number of the ledger's entry since which it holds. So it can be said for each entry whether the
records behind its numbers are those of today.
"""

from __future__ import annotations

import hmac
import itertools
import json
import os
import secrets
import stat
from collections import defaultdict
from dataclasses import dataclass, field, replace
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from hotspots.disclosure.earlier.sealed_files import is_inside, seal, unseal, write_file
from hotspots.errors import DisclosureError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = [
    "Fingerprints",
    "Private",
    "Remembered",
    "Span",
    "need_apart",
    "new_private",
    "read_private",
    "write_private",
]

FORM: Final = "hotspots fingerprints"
VERSION: Final = 1
KEY_BYTES: Final = 32
BYTES: Final = 16
"""Of a fingerprint."""

_UNDATED: Final = "undated"
_NO_RECORDS: Final = b""
"""The fingerprint of an area and month that had records once."""

_NO_MONTH: Final = -1

Cell = tuple[str, int | None]
"""Area id and month; the id is empty for records in no area, the month None for records without a date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Which months were looked at.

    Parameters
    ----------
    months
        First and last month, each as 12 × year + month − 1.
    undated
        Whether records without a date were looked at too.
    """

    months: tuple[int, int]
    undated: bool = False

    def covers(self, other: Span) -> bool:
        """Return whether all of the other's months are among these."""
        inside = self.months[0] <= other.months[0] and other.months[1] <= self.months[1]
        return inside and (self.undated or not other.undated)

    def has(self, month: int | None) -> bool:
        """Return whether a month is among these; None for records without a date."""
        return self.undated if month is None else self.months[0] <= month <= self.months[1]


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """Fingerprints of the records as they are now, of all areas in some months; see `Private.fingerprint`."""

    span: Span
    cells: Mapping[Cell, bytes]
    """One for each area and month with records."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """Fingerprints of the records behind published numbers."""

    runs: Mapping[int, Span] = field(default_factory=dict)
    """Number of an entry of the ledger → months of which it has fingerprints."""
    cells: Mapping[Cell, tuple[bytes, int]] = field(default_factory=dict)
    """Area and month → the newest fingerprint, and the number of the entry since which it holds."""


@dataclass(frozen=True, slots=True)
class Private:
    """The content of the private file.

    Parameters
    ----------
    key
        Random; without it, fingerprints tell nothing.
    sources
        Name of the records, as in a published table → their fingerprints.
    newest
        Checksum of the entry of the ledger that was published last from here: see `need_newest`.
    """

    key: bytes = field(repr=False)
    sources: Mapping[str, Remembered] = field(default_factory=dict, repr=False)
    newest: str = ""

    def fingerprint(
        self,
        table: pd.DataFrame,
        *,
        records: str,
        places: Iterable[object],
        months: tuple[int, int],
        undated: bool = False,
    ) -> Fingerprints:
        """Return fingerprints of records, one for each area and month; the order of rows and columns has no effect.

        Parameters
        ----------
        table
            One row per record, with the column `when`. All columns count: text, numbers and dates. A column more or
            less changes all fingerprints.
        records
            Name of the records, as in a published table.
        places
            Id of each record's area; empty or missing where it is in none. Shape (rows,).
        months, undated
            Which months the records cover, and whether records without a date are kept. Other rows are left out.

        Raises
        ------
        DisclosureError
            If a column has values of another kind.
        """
        span = Span(months=months, undated=undated)
        head = json.dumps([records, *sorted(table.columns)])
        cells = {}
        for (place, month), rows in _rows_by_cell(table, places):
            if span.has(month):
                # The cell is part of it: the same records in two areas do not have the same fingerprint.
                text = "\n".join([head, json.dumps(place), str(month), *sorted(rows)])
                cells[place, month] = hmac.digest(self.key, text.encode(), "sha256")[:BYTES]
        return Fingerprints(span, cells)

    def changed(
        self,
        records: str,
        fresh: Fingerprints,
        *,
        entry: int,
        months: tuple[int, int],
        undated: bool = False,
        places: Iterable[str],
    ) -> frozenset[str]:
        """Return in which places the records are not those behind an entry of the ledger, or may not be.

        Parameters
        ----------
        records
            Name of the records.
        fresh
            Fingerprints of the records as they are now.
        entry
            Number of the entry.
        months, undated
            The months to compare: those that are both in the entry and in the new numbers. All places count as changed
            if the entry has no fingerprints of one of these months, as when it was published from elsewhere.
        places
            Ids of the places to compare.
        """
        cells = self.changed_cells(records, fresh, entry=entry, months=months, undated=undated)
        return frozenset(places) if cells is None else frozenset(place for place, _ in cells).intersection(places)

    def changed_cells(
        self, records: str, fresh: Fingerprints, *, entry: int, months: tuple[int, int], undated: bool = False
    ) -> frozenset[Cell] | None:
        """Return the areas and months whose records are not those behind an entry of the ledger; None if not known.

        Parameters
        ----------
        records, fresh, entry, months, undated
            As in `changed`.
        """
        wanted = Span(months=months, undated=undated)
        remembered = self.sources.get(records, Remembered())
        run = remembered.runs.get(entry)
        if run is None or not run.covers(wanted) or not fresh.span.covers(wanted):
            return None
        found = set()
        for cell in remembered.cells.keys() | fresh.cells.keys():
            if wanted.has(cell[1]):
                digest, since = remembered.cells.get(cell, (_NO_RECORDS, 0))
                if since > entry or digest != fresh.cells.get(cell, _NO_RECORDS):
                    found.add(cell)
        return frozenset(found)

    def changed_since_last(self, records: str, fresh: Fingerprints) -> frozenset[int | None]:
        """Return the months in which records changed since fingerprints were last kept; None for those without one."""
        old = self.sources.get(records, Remembered()).cells
        return frozenset(
            month
            for place, month in old.keys() | fresh.cells.keys()
            if old.get((place, month), (_NO_RECORDS, 0))[0] != fresh.cells.get((place, month), _NO_RECORDS)
        )

    def with_run(self, records: str, fresh: Fingerprints, *, entry: int, checksum: str) -> Private:
        """Return the content with the fingerprints behind a new entry; those of other months stay as they are.

        Parameters
        ----------
        records
            Name of the records.
        fresh
            Their fingerprints when the entry was made.
        entry, checksum
            Number and checksum of the entry.
        """
        old = self.sources.get(records, Remembered())
        cells = dict(old.cells)
        for cell in old.cells.keys() | fresh.cells.keys():
            digest = fresh.cells.get(cell, _NO_RECORDS)
            if fresh.span.has(cell[1]) and old.cells.get(cell, (None, 0))[0] != digest:
                cells[cell] = digest, entry
        remembered = Remembered({**old.runs, entry: fresh.span}, cells)
        return replace(self, sources={**self.sources, records: remembered}, newest=checksum)


def new_private() -> Private:
    """Return the content of a private file with a new key and nothing else."""
    return Private(secrets.token_bytes(KEY_BYTES))


# --------------------------------------------------------------------------- the file


def need_apart(path: Path, *, ledger: Path, outputs: Path) -> None:
    """Stop if the private file would be in the folder of the ledger or of the outputs, which others may read.

    Raises
    ------
    DisclosureError
        If it would be.
    """
    for folder in (ledger, outputs):
        if is_inside(path, folder):
            raise DisclosureError(
                f"The private file {path} can't be in {folder}, which others may read.",
                found="a file with the key to fingerprints of unreleased records",
                advice="choose a folder that only you may read, e.g. in your home",
            )


def read_private(path: Path) -> Private | None:
    """Return the content of the private file; None where there is no file.

    Raises
    ------
    DisclosureError
        If others may read the file (where files have a mode), or it is damaged, changed or of another version.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DisclosureError(
            f"{path} can't be read.", found=str(error.strerror), advice="check the path of the private file"
        ) from error
    if os.name == "posix" and stat.S_ISREG(mode) and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise DisclosureError(
            f"The private file {path} is open to others.",
            found=f"mode {stat.S_IMODE(mode):03o}",
            advice=f"chmod 600 {path}",
        )
    content = unseal(path, form=FORM, version=VERSION)
    try:
        key = bytes.fromhex(content["key"])
        if len(key) != KEY_BYTES:
            raise ValueError("the key is too short or too long")
        sources = {records: _remembered(written) for records, written in content["sources"].items()}
        return Private(key, sources, content["newest"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        # Not the error's own words: they could have something of the key.
        raise DisclosureError(
            f"{path} does not have the content of a private file.",
            found=type(error).__name__,
            advice="use the version of this program that wrote it",
        ) from None


def write_private(path: Path, private: Private) -> None:
    """Write the private file in one step; from its first byte on, its owner alone may read it.

    Raises
    ------
    DisclosureError
        If it can't be written.
    """
    content = {
        "key": private.key.hex(),
        "newest": private.newest,
        "sources": {records: _written(remembered) for records, remembered in private.sources.items()},
    }
    text, _ = seal(content, form=FORM, version=VERSION)
    # What a link names is replaced, not the link.
    write_file(path.resolve(), text, mode=stat.S_IRUSR | stat.S_IWUSR)


def _written(remembered: Remembered) -> dict[str, Any]:
    cells: dict[str, dict[str, list[str | int]]] = defaultdict(dict)
    for (place, month), (digest, since) in remembered.cells.items():
        cells[place][_UNDATED if month is None else str(month)] = [digest.hex(), since]
    return {
        "runs": {str(entry): [*span.months, span.undated] for entry, span in remembered.runs.items()},
        "cells": cells,
    }


def _remembered(written: dict[str, Any]) -> Remembered:
    runs = {
        int(entry): Span(months=(int(first), int(last)), undated=bool(undated))
        for entry, (first, last, undated) in written["runs"].items()
    }
    cells = {
        (place, None if month == _UNDATED else int(month)): (bytes.fromhex(digest), int(since))
        for place, found in written["cells"].items()
        for month, (digest, since) in found.items()
    }
    return Remembered(runs, cells)


# --------------------------------------------------------------------------- records as text


def _rows_by_cell(table: pd.DataFrame, places: Iterable[object]) -> Iterator[tuple[Cell, list[str]]]:
    """Give each area and month with its rows as text: values as JSON, in the order of the columns' names."""
    columns = [_value_texts(table[name]) for name in sorted(table.columns)]
    ids = pd.Series(list(places), dtype=object)
    area, distinct = pd.factorize(ids.where(ids.notna(), "").astype(str))
    areas = distinct.tolist()
    when = table["when"].dt
    month = (12 * when.year + when.month - 1).fillna(_NO_MONTH).to_numpy(dtype=np.int64)
    order = np.lexsort((month, area))
    area, month = area[order], month[order]
    rows = np.array(list(map(",".join, zip(*columns, strict=True))), dtype=object)[order].tolist()
    starts = np.flatnonzero(np.diff(area, prepend=-1) | np.diff(month, prepend=0)).tolist()
    for start, end in itertools.pairwise([*starts, len(rows)]):
        dated = month[start] != _NO_MONTH
        yield (areas[area[start]], int(month[start]) if dated else None), rows[start:end]


def _value_texts(values: pd.Series) -> list[str]:
    codes, distinct = pd.factorize(values)  # what occurs often is written once
    texts = [_value_text(value, str(values.name)) for value in distinct.tolist()]
    return list(map([*texts, "null"].__getitem__, codes.tolist()))  # a missing value has the code −1


def _value_text(value: object, column: str) -> str:
    """Return a value as JSON, which has no line breaks.

    A whole number is one whatever its type: where one age is missing, the others are decimal numbers.
    """
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, Integral | np.bool_):
        return str(int(value))
    if isinstance(value, Real):
        number = float(value)
        return str(int(number)) if number.is_integer() else repr(number)
    if hasattr(value, "isoformat"):
        return json.dumps(value.isoformat())
    raise DisclosureError(
        f"The column {column!r} has values of a kind that has no fingerprint.",
        found=type(value).__name__,
        advice="give text, numbers and dates",
    )
