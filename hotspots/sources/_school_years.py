"""Which rows of a table of schools are meant: state-funded secondary schools of some school years."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import pandas as pd

from hotspots.errors import SourceError, list_briefly, suggest
from hotspots.model import Note
from hotspots.sources import _tabular

SECONDARY: Final = "secondary"
NOT_SECONDARY: Final = r"\bnon[- ]?secondary"
OTHERS: Final = "primary|special|nursery|referral|alternative|independent|all-through|total"
"""In the names of other types of school, e.g. ``Pupil referral unit``; the sum of all is a ``Total``."""

AUTHORITY: Final = r"[A-Z][0-9]{8}"
SCHOOL_YEAR: Final = re.compile(r"((?:19|20)[0-9]{2})([0-9]{2})")


def is_secondary(kinds: pd.Series) -> pd.Series:
    """Return which types of school are secondary, from their names."""
    return kinds.str.contains(SECONDARY, case=False) & ~kinds.str.contains(NOT_SECONDARY, case=False)


def choose_secondary(table: _tabular.TextTable, column: str) -> tuple[pd.DataFrame, list[Note]]:
    """Return the rows of secondary schools, and a sentence on types left out that are not known: slips, perhaps."""
    which = is_secondary(table.frame[column])
    unknown = table.frame.loc[~which & ~table.frame[column].str.contains(OTHERS, case=False), column].value_counts()
    if not bool(which.any()):
        raise SourceError(
            f"{table.path} has no state-funded secondary schools.",
            found=f"school types {list_briefly(table.frame[column].unique(), 12)}",
            advice="use the file by school with secondary schools",
        )
    listed = list_briefly([f"{kind!r} ({number:,})" for kind, number in unknown.items()], 12)
    words = f"Rows with an unknown type of school, left out: {listed}."
    return table.frame[which], [Note(words, of="publication", numbers=(listed,))] if len(unknown) else []


def choose_years(
    table: _tabular.TextTable, frame: pd.DataFrame, wanted: Sequence[str] | None
) -> tuple[pd.Series, tuple[str, ...]]:
    """Return the year of each row and the years to read, as six digits (``201617``)."""
    year = tell_years(table, frame[table.need("time_period", "year", what="the school year")])
    known = sorted(set(year))
    chosen = [six_digits(one) for one in wanted] if wanted else known
    for given, one in zip(wanted or known, chosen, strict=True):
        if one not in known:
            raise SourceError(
                f"{table.path} has no school year {given!r}.",
                found=f"years {list_briefly(known, 20)}",
                advice=suggest(one, known, otherwise="name years that are in the file"),
            )
    return year, tuple(sorted(set(chosen)))


def tell_years(table: _tabular.TextTable, cells: pd.Series) -> pd.Series:
    """Return school years as six digits, or stop at a cell that is none: its row would vanish, or be a year apart."""
    years = cells.map(six_digits)
    odd = cells[~years.map(_is_year)]
    if len(odd):
        raise SourceError(
            f"{odd.iloc[0]!r} is not a school year.",
            found=f"column {cells.name!r}, row {odd.index[0]} of {table.path}; {len(odd):,} such cells",
            advice="write school years as 201617 or 2016/17",
        )
    return years


def _is_year(digits: str) -> bool:
    found = SCHOOL_YEAR.fullmatch(digits)
    return found is not None and (int(found[1]) + 1) % 100 == int(found[2])


def six_digits(year: str) -> str:
    """Return a school year as the file has it, e.g. 201617 for ``2016/17`` or ``2016-2017``."""
    digits = "".join(character for character in str(year) if character.isdigit())
    return digits[:4] + digits[6:] if len(digits) == 8 else digits


def in_words(year: str) -> str:
    """Return e.g. ``"2016/17"``."""
    return f"{year[:4]}/{year[4:]}"


def need_authorities(table: _tabular.TextTable, frame: pd.DataFrame) -> None:
    """Stop at a code that no authority has; an empty one is none."""
    column = table.find("new_la_code")
    if column is None:
        return
    odd = frame[column][(frame[column] != "") & ~frame[column].str.fullmatch(AUTHORITY)]
    if len(odd):
        raise SourceError(
            f"{odd.iloc[0]!r} is not the code of an authority.",
            found=f"column {column!r}, row {odd.index[0]} of {table.path}; {len(odd):,} such cells",
            advice="codes are written like E08000025",
        )
