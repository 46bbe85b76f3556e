"""Dates as published files write them, and periods in words."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pandas as pd

from hotspots.errors import SourceError
from hotspots.model import NO_PERIOD, Coverage, Period, cover_years

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
TURN: Final = 70
"""Years of two digits from here on are of the last century."""


def to_dates(column: pd.Series) -> pd.Series:
    """Return text as dates (datetime64[s]), missing where it is not a date that exists.

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
    return dates


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


def period_covered(cover: Coverage | None, years: tuple[int, int] | None) -> Period:
    """Return the period that a source covers, or the years asked for where it does not tell."""
    if cover is None:
        return cover_years(*years).period if years is not None else NO_PERIOD
    return cover.period


def month_in_words(date: pd.Timestamp | pd.Period) -> str:
    """Return e.g. ``"July 2019"``."""
    return f"{MONTHS[date.month - 1]} {date.year}"
