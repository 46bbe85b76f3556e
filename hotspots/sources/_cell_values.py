"""Cells of a table as numbers, codes and years, with errors that name the row."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
import pandas as pd

from hotspots.errors import SourceError, list_briefly
from hotspots.vocabulary import tidy_code

Kind = Literal["share", "number", "whole", "amount", "count"]
WHAT_IT_IS: Final[Mapping[Kind, str]] = {
    "share": "a share or score",
    "number": "a number here",
    "whole": "a whole number",
    "amount": "a number of people, or another amount from 0",
    "count": "a count: a whole number from 0",
}

ONE_YEAR: Final = re.compile(r"(?<![0-9])([0-9]{4})(?![0-9])")
TWO_YEARS: Final = re.compile(r"^((?:19|20)[0-9]{2})\s*[/–-]?\s*((?:19|20)?[0-9]{2})$")

LARGEST: Final = 1e12
SMALLEST: Final = 1e-12
"""Whatever is counted or measured here lies between; a number beyond is a slip or a test."""

NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
GROUPED = r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?"


@dataclass(frozen=True, eq=False, slots=True)
class Numbers:
    """A column as numbers: `values` (float, missing where there is none) and `reasons` (text, empty where there is)."""

    values: pd.Series
    reasons: pd.Series


def to_number(
    column: pd.Series,
    marks: Mapping[str, str] | None = None,
    *,
    path: Path,
    kind: Kind = "share",
    advice: str = "",
) -> Numbers:
    """Return a column of text as numbers.

    Understood are thousands separators (``1,234``) and, of shares, percent signs (``12.5%`` is 0.125). An empty cell
    is missing, with the reason ``"blank"``.

    Parameters
    ----------
    column
        Text, as in `TextTable.frame`; its name and index stand in errors.
    marks
        Mark → reason, by the file's own key: these cells are missing for that reason.
    kind
        What the column holds: shares or scores (``"share"``), coordinates (``"number"``), counts with
        corrections below 0 (``"whole"``), people or other amounts from 0 (``"amount"``), or counts (``"count"``).
    advice
        What to try where a cell is no number, if something better can be said than here.

    Raises
    ------
    SourceError
        If a cell is neither a number nor one of the marks, or is a number that the column can't hold.
    """
    text = column.astype(str).str.strip()
    reasons = pd.Series("", index=text.index, dtype=object)
    reasons[text == ""] = "blank"
    for mark, reason in (marks or {}).items():
        reasons[text == mark] = reason
    percent = text.str.endswith("%")
    bare = text.where(~percent, text.str[:-1].str.rstrip()) if bool(percent.any()) else text
    grouped = bare.str.fullmatch(GROUPED)
    bare = bare.where(~grouped, bare.str.replace(",", "", regex=False)) if bool(grouped.any()) else bare
    fine = bare.str.fullmatch(NUMBER) & (reasons == "")
    odd = ~fine & (reasons == "")
    if bool(odd.any()):
        raise _not_a_number(column, text[odd], path=path, marks=marks or {}, advice=advice)
    values = pd.Series(np.nan, index=text.index, name=column.name)
    # Written as a power of ten, 20.6% becomes 0.206; divided by 100 it would become 0.20600000000000002.
    values[fine] = bare.where(~percent, bare + "e-2")[fine].astype(float)
    _need_possible(column, values, percent & fine, path=path, kind=kind, advice=advice)
    return Numbers(values, reasons)


def _need_possible(
    column: pd.Series, values: pd.Series, percent: pd.Series, *, path: Path, kind: Kind, advice: str
) -> None:
    """Stop where a number can't be what its column holds."""
    size = values.abs()
    wrong = (size > LARGEST) | ((size > 0) & (size < SMALLEST))
    if kind != "share":
        wrong |= percent
    if kind in ("amount", "count"):
        wrong |= values < 0
    if kind in ("count", "whole"):
        wrong |= values != values.round()
    odd = column[wrong & values.notna()]
    if len(odd):
        raise SourceError(
            f"{brief(odd.iloc[0])!r} can't be {WHAT_IT_IS[kind]}.",
            found=f"column {column.name!r}, row {odd.index[0]} of {path}; {len(odd):,} such cells",
            advice=advice or "correct the cell, or name another column",
        )


def is_number(text: str) -> bool:
    """Whether text is a number, and no code or word."""
    return re.fullmatch(NUMBER, text) is not None


def brief(value: object, most: int = 40) -> str:
    """Return a value as text, the middle of a long one left out."""
    words = str(value)
    return words if len(words) <= most else f"{words[: most - 12]}…{words[-11:]}"


def _not_a_number(
    column: pd.Series, odd: pd.Series, *, path: Path, marks: Mapping[str, str], advice: str
) -> SourceError:
    first = brief(odd.iloc[0])
    others = f"; {len(odd):,} such cells: {list_briefly(map(brief, odd.unique()))}" if len(odd) > 1 else ""
    known = f" (marks known here: {list_briefly(marks, 12)})" if marks else ""
    return SourceError(
        f"{first!r} is not a number.",
        found=f"column {column.name!r}, row {odd.index[0]} of {path}{others}",
        advice=f"{advice or 'correct the cell, or name another column'}{known}",
    )


def with_brackets(marks: Mapping[str, str]) -> dict[str, str]:
    """Return marks and their reasons, also as newer files write them: ``[x]`` for ``x``."""
    return {**marks, **{f"[{mark}]": reason for mark, reason in marks.items()}}


def to_codes(column: pd.Series) -> pd.Series:
    """Return codes as `tidy_code` has them, as objects, None where the cell is empty."""
    text = column.astype(str)
    tidy = text.map({one: tidy_code(one) for one in text.unique()}).astype(object)
    return tidy.where(tidy != "", None)


def to_years(column: pd.Series, *, path: Path, ending: bool = False) -> pd.Series:
    """Return the year in each cell, as numbers, missing where the cell is empty.

    Parameters
    ----------
    column
        Text, as in `TextTable.frame`; its name and index stand in errors.
    ending
        Whether years such as ``201718`` or ``2017/18`` may stand there, which go by the year they end in.

    Raises
    ------
    SourceError
        If a cell has no year: four digits with no others beside them.
    """
    text = column.astype(str).str.strip()
    years = pd.to_numeric(text.str.extract(ONE_YEAR, expand=False), errors="coerce").astype(float)
    if ending:
        parts = text.str.extract(TWO_YEARS).astype(float)
        follows = (parts[0] + 1) % 100 == parts[1] % 100
        years = years.mask(parts[0].notna(), (parts[0] + 1).where(follows))
    odd = column[years.isna() & (text != "")]
    if len(odd):
        raise SourceError(
            f"{brief(odd.iloc[0])!r} is not a year.",
            found=f"column {column.name!r}, row {odd.index[0]} of {path}; {len(odd):,} such cells",
            advice="write years as 2019" + (" or 2018/19" if ending else ""),
        )
    return years
