"""Cells of a table as numbers, codes, keys, years and dates, with errors that name the row; periods in words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
import pandas as pd

from hotspots.errors import SourceError, list_briefly, plural
from hotspots.model import NO_PERIOD, Coverage, Note, Period, cover_dates, cover_years
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


# --------------------------------------------------------------------------- dates and periods

DAY: Final = (
    (r"[0-9]{4}-[0-9]{2}", "%Y-%m"),
    (r"[0-9]{4}-[0-9]{2}-[0-9]{2}", "%Y-%m-%d"),
    (r"[0-9]{8}", "%Y%m%d"),
    (r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}", "%d/%m/%Y"),
    (r"[0-9]{1,2}-[0-9]{1,2}-[0-9]{4}", "%d-%m-%Y"),
    (r"[0-9]{1,2}/[0-9]{4}", "%m/%Y"),
)
"""What a date looks like → how it is read. Day before month, as Great Britain writes it."""


TIME: Final = (("", ""), (r" [0-9]{1,2}:[0-9]{2}", " %H:%M"), (r" [0-9]{1,2}:[0-9]{2}:[0-9]{2}", " %H:%M:%S"))
"""What may follow a date."""


MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
"""In English whatever the language of the computer."""


MONTHS_OF_A_YEAR: Final = 12


EARLIEST, LATEST = 1900, 2100
"""Years in which a date can lie; others are slips (2109 for 2019) or stand for "not known" (1800, 9999)."""
TURN: Final = 70
"""Years of two digits from here on are of the last century."""


def to_dates(column: pd.Series) -> pd.Series:
    """Return text as dates (datetime64[s]), missing where it is not a date that exists, from 1900 to 2100.

    Months may be words: ``31 Jul 2019``, ``31-JUL-2019``, ``31JUL2019`` (SAS) and ``Jul-19``, which a spreadsheet makes
    of ``2019-07``. Two digits of a year are understood there only.

    Examples
    --------
    >>> to_dates(pd.Series(["2019-07-31", "31/07/2019 23:30", "31/06/2019"])).dt.strftime("%d %b %H:%M").tolist()
    ['31 Jul 00:00', '31 Jul 23:30', nan]
    >>> to_dates(pd.Series(["Jul-19", "31JUL2019"])).dt.strftime("%Y-%m-%d").tolist()
    ['2019-07-01', '2019-07-31']
    """
    text = column.astype(str).str.strip()
    text = text.str.replace(r"^([0-9-]{10})T", r"\1 ", regex=True).str.replace(r"(\.[0-9]+)?Z?$", "", regex=True)
    text = _months_as_numbers(text)
    dates = pd.Series(pd.NaT, index=text.index, dtype="datetime64[s]")
    for day, form in DAY:
        for time, clock in TIME:
            which = text.str.fullmatch(day + time)
            if bool(which.any()):
                read = pd.to_datetime(text[which], format=form + clock, errors="coerce")
                dates[which] = read.astype("datetime64[s]")
    return dates.where(dates.dt.year.between(EARLIEST, LATEST))


def _months_as_numbers(text: pd.Series) -> pd.Series:
    """Return dates with a month in words in digits, others as they are."""
    words = text.str.contains(r"[A-Za-z]{3}", regex=True)
    if not bool(words.any()):
        return text
    months = {month[:3].casefold(): number for number, month in enumerate(MONTHS, start=1)}

    def rewrite(found: re.Match[str]) -> str:
        number = months[found["month"][:3].casefold()]
        short = found["short"]
        year = found["year"] or f"{'19' if int(short) >= TURN else '20'}{short}"
        return f"{found['day']}/{number:02d}/{year}" if found["day"] else f"{year}-{number:02d}"

    long = "|".join(f"{month[:3]}(?:{month[3:]})?" for month in MONTHS)
    day, year = r"(?:(?P<day>[0-9]{1,2})[ -]?)?", r"(?:[ -]?(?P<year>[0-9]{4})|-(?P<short>[0-9]{2}))(?![0-9])"
    pattern = rf"(?i)^{day}(?P<month>{long}){year}"
    return text.where(~words, text.str.replace(pattern, rewrite, regex=True))


def need_dates(dates: pd.Series, column: pd.Series, *, path: Path) -> None:
    """Stop where no cell of a column is a date, or where the column can only be month before day.

    Parameters
    ----------
    dates, column
        What `to_dates` made of the column, and its text; the index is the row in the file.

    Raises
    ------
    SourceError
        With the first cell in question and its row.
    """
    text = column.astype(str).str.strip()
    parts = text.str.extract(r"^([0-9]{1,2})[/-]([0-9]{1,2})[/-][0-9]{4}").astype(float)
    swapped = (parts[1] > MONTHS_OF_A_YEAR) & (parts[0] <= MONTHS_OF_A_YEAR)
    if bool(swapped.any()) and not bool((parts[0] > MONTHS_OF_A_YEAR).any()):
        row = int(swapped.index[swapped.to_numpy()][0])
        raise SourceError(
            f"The dates in column {column.name!r} are written month before day.",
            found=f"{text[row]!r} in row {row} of {path}",
            advice="write dates as 2019-07-31 or 31/07/2019",
        )
    if bool(dates.notna().any()):
        return
    filled = text[text != ""]
    found = f"{filled.iloc[0]!r} in row {filled.index[0]}" if len(filled) else "only empty cells"
    raise SourceError(
        f"No cell of column {column.name!r} is a date.",
        found=f"{found} of {path}" if len(filled) else f"{found} in {path}",
        advice="write dates as 2019-07-31 or 31/07/2019 and months as 2019-07, or name another column",
    )


def some_dates(column: pd.Series, *, path: Path) -> pd.Series:
    """Return text as dates, as `to_dates` and `need_dates` do."""
    dates = to_dates(column)
    need_dates(dates, column, path=path)
    return dates


def find_period(when: pd.Series, years: tuple[int, int] | None) -> tuple[Coverage | None, Period]:
    """Return the months that dates cover, of the years asked for, and the period."""
    coverage = cover_dates(when, years=years)
    return coverage, period_covered(coverage, years)


def period_covered(cover: Coverage | None, years: tuple[int, int] | None) -> Period:
    """Return the period that a source covers, or the years asked for where it does not tell."""
    if cover is None:
        return cover_years(*years).period if years is not None else NO_PERIOD
    return cover.period


def month_in_words(date: pd.Timestamp | pd.Period) -> str:
    """Return e.g. ``"July 2019"``."""
    return f"{MONTHS[date.month - 1]} {date.year}"


# --------------------------------------------------------------------------- keys of records

EXPONENT: Final = re.compile(r"\s*[0-9]+([.,][0-9]+)?[eE]\+?[0-9]+\s*")


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
    placeholder = (column != "") & column.duplicated(keep=False) & ~column.str.contains("[1-9]")
    if not bool(placeholder.any()):
        return column, []
    shown = list_briefly(map(repr, column[placeholder].unique()))
    number = int(placeholder.sum())
    cells = plural(number, f"cell of {column.name} identifies", f"cells of {column.name} identify")
    words = f"{cells} no record: {shown}."
    return column.mask(placeholder, ""), [Note(words, of="records", numbers=(number, str(column.name), shown))]


def _need_whole_keys(column: pd.Series, path: Path) -> None:
    odd = column[column.str.fullmatch(EXPONENT)]
    if len(odd):
        raise SourceError(
            f"The keys in column {column.name!r} were rounded, so they do not identify rows.",
            found=f"{odd.iloc[0]!r} in row {odd.index[0]} of {path}; {len(odd):,} such cells",
            advice="use the file as it was exported, not as a spreadsheet saved it",
        )
