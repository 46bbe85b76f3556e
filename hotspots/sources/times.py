"""Dates as published files write them, and periods in words."""

from __future__ import annotations

from typing import Final

import pandas as pd

FORMATS: Final = {
    r"[0-9]{4}-[0-9]{2}": "%Y-%m",
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}": "%Y-%m-%d",
    r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}": "%Y-%m-%d %H:%M",
    r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}": "%Y-%m-%d %H:%M:%S",
    r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}": "%d/%m/%Y",
    r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{4} [0-9]{1,2}:[0-9]{2}": "%d/%m/%Y %H:%M",
    r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{4} [0-9]{1,2}:[0-9]{2}:[0-9]{2}": "%d/%m/%Y %H:%M:%S",
}
"""What a cell looks like → how it is read. Day before month, as Great Britain writes it."""


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


def to_dates(column: pd.Series) -> pd.Series:
    """Return text as dates (datetime64[s]), missing where it is not a date that exists.

    Examples
    --------
    >>> to_dates(pd.Series(["2019-07-31", "31/07/2019 23:30", "31/06/2019"])).dt.strftime("%d %b %H:%M").tolist()
    ['31 Jul 00:00', '31 Jul 23:30', nan]
    """
    text = column.astype(str).str.strip()
    text = text.str.replace(r"^([0-9-]{10})T", r"\1 ", regex=True).str.replace(r"(\.[0-9]+)?Z?$", "", regex=True)
    dates = pd.Series(pd.NaT, index=text.index, dtype="datetime64[s]")
    for pattern, form in FORMATS.items():
        which = text.str.fullmatch(pattern)
        if bool(which.any()):
            dates[which] = pd.to_datetime(text[which], format=form, errors="coerce").astype("datetime64[s]")
    return dates


def years_in_words(years: tuple[int, int]) -> str:
    """Return e.g. ``"2017-2019"`` or ``"2019"``."""
    return str(years[0]) if years[0] == years[1] else f"{years[0]}-{years[1]}"


def period_in_words(when: pd.Series, years: tuple[int, int] | None) -> str:
    """Return what these dates cover: the years asked for, or else those from the first to the last date."""
    if years is not None:
        return years_in_words(years)
    known = when.dropna()
    if known.empty:
        return ""
    return years_in_words((int(known.min().year), int(known.max().year)))


def months_in_words(when: pd.Series, years: tuple[int, int] | None) -> str:
    """Return the period of monthly data: whole years, one month, or from month to month."""
    known = when.dropna()
    if years is not None or known.empty:
        return period_in_words(when, years)
    first, last = known.min(), known.max()
    if (first.month, last.month) == (1, 12):
        return years_in_words((first.year, last.year))
    one, other = month_in_words(first), month_in_words(last)
    return one if one == other else f"{one} to {other}"


def month_in_words(date: pd.Timestamp | pd.Period) -> str:
    """Return e.g. ``"July 2019"``."""
    return f"{MONTHS[date.month - 1]} {date.year}"
