"""Rows left out of a file, each for the first reason that applies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hotspots.errors import SourceError, list_briefly, nearest
from hotspots.model import Note, Period
from hotspots.sources._tabular import fold

EXPONENT: Final = re.compile(r"\s*[0-9]+([.,][0-9]+)?[eE]\+?[0-9]+\s*")


class Sieve:
    """Which rows of a table are still kept, and how many were left out for which reason.

    Examples
    --------
    >>> sieve = Sieve(3)
    >>> sieve.drop(np.array([True, False, False]), "no date")
    >>> sieve.drop(np.array([True, True, False]), "too old")
    >>> sieve.keep.tolist(), sieve.dropped
    ([False, False, True], {'no date': 1, 'too old': 1})
    """

    def __init__(self, rows: int) -> None:
        self.keep: NDArray[np.bool_] = np.ones(rows, dtype=bool)
        self.dropped: dict[str, int] = {}

    def drop(self, which: NDArray[np.bool_] | pd.Series, reason: str) -> None:
        """Leave out these rows, where they are not left out already."""
        now = self.keep & np.asarray(which, dtype=bool)
        if now.any():
            self.dropped[reason] = self.dropped.get(reason, 0) + int(now.sum())
            self.keep = self.keep & ~now

    def drop_years(self, when: pd.Series, years: tuple[int, int] | None) -> None:
        """Leave out rows without a usable date, and those outside the years (both included)."""
        self.drop(when.isna(), "no usable date")
        if years is not None:
            self.drop(~when.dt.year.between(*years), f"outside {years[0]} to {years[1]}")


def note_unplaced(kept: pd.DataFrame, what: str, *, lacking: str, period: Period) -> list[Note]:
    """Return a sentence on events without a place, with their period: other charts of the file count other years."""
    number = int(kept[["easting", "northing", "area_code"]].isna().all(axis=1).sum())
    of = f" of {period}" if period else ""
    words = f"{number:,} {what}{of} have no {lacking}; they are not counted in any area."
    return [Note(words, of="records", numbers=(number, str(period)))] if number else []


class Columns(dict[str, str]):
    """Role → name of column; `named` are the roles whose column the caller named, and which must be there."""

    named: frozenset[str]


def choose_columns(usual: Mapping[str, str], given: Mapping[str, str] | None) -> Columns:
    """Return role → name of column: the usual names, replaced by those given.

    Raises
    ------
    SourceError
        If a role is given that the format does not have, or one column for two roles.
    """
    given = given or {}
    for role in given:
        if role not in usual:
            near = nearest(role, usual)
            raise SourceError(
                f"{role!r} is not a column this format has.",
                found=f"columns {list_briefly(usual, 20)}",
                advice=f"is it {near!r}?" if near else "use one of those on the left side of columns",
            )
    chosen = Columns({**usual, **given})
    chosen.named = frozenset(given)
    _need_apart(chosen)
    return chosen


def _need_apart(chosen: Columns) -> None:
    """Stop where one column is named for two roles, or for the role that has it under its usual name."""
    for role in sorted(chosen.named):
        for other in sorted(set(chosen) - {role}):
            # A date may stand for both: where there is one only, it is that of the other role too.
            if {role, other} != {"admission", "start"} and fold(chosen[role]) == fold(chosen[other]) != "":
                first, second = sorted((role, other))
                raise SourceError(
                    f"One column can't be both {first} and {second}: {chosen[role]!r}.",
                    found=f"{role} = {chosen[role]!r}, {other} = {chosen[other]!r}",
                    advice=f"name a column for each with columns = {{ {first} = ..., {second} = ... }}",
                )


def need_years(years: tuple[int, int] | None) -> None:
    """Stop where the first year is after the last."""
    if years is not None and years[0] > years[1]:
        raise SourceError(
            f"The years {years[0]} to {years[1]} run backwards.", advice="give the first year, then the last"
        )


def known_keys(column: pd.Series, *, path: Path) -> tuple[pd.Series, list[Note]]:
    """Return keys of records, empty where a cell names none, and a note on such cells.

    A word without a digit from 1 to 9 that stands in several rows (``not known``, ``N/A``, ``0``) is no key.

    Parameters
    ----------
    column
        Keys as text; the index is the row in the file.

    Raises
    ------
    SourceError
        If keys are numbers with exponents: a spreadsheet has rounded them, and different ones look the same.
    """
    _need_whole_keys(column, path)
    words = (column != "") & column.duplicated(keep=False) & ~column.str.contains("[1-9]")
    if not bool(words.any()):
        return column, []
    shown = list_briefly(map(repr, column[words].unique()))
    number = int(words.sum())
    said = f"{number:,} cells of {column.name} identify no record: {shown}."
    return column.mask(words, ""), [Note(said, of="records", numbers=(number, str(column.name), shown))]


def _need_whole_keys(column: pd.Series, path: Path) -> None:
    odd = column[column.str.fullmatch(EXPONENT)]
    if len(odd):
        raise SourceError(
            f"The keys in column {column.name!r} were rounded, so they do not identify rows.",
            found=f"{odd.iloc[0]!r} in row {odd.index[0]} of {path}; {len(odd):,} such cells",
            advice="use the file as it was exported, not as a spreadsheet saved it",
        )
