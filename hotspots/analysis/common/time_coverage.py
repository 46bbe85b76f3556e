"""Notes on figures per year: which months they cover, how many, and which are missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hotspots.errors import list_briefly
from hotspots.model import ENGLISH, MONTHS_OF_A_YEAR, Coverage, Note

__all__ = ["compare_coverage", "note_coverage", "per_year", "time_covered"]

FEW: Final = 3
"""More calendar months than these are counted and not named."""


def per_year(unit: str, years: float | None, cover: Coverage | None) -> str:
    """Return the unit of a figure that is divided by years; of some calendar months only, these are named.

    Examples
    --------
    >>> per_year("events per km²", 3.0, None), per_year("events per km²", None, None)
    ('events per km² per year', 'events per km²')
    """
    if not years:
        return unit
    only = cover.only if cover is not None else ()
    return f"{unit} per year{f' ({_which_months(only)})' if only else ''}"


def time_covered(years: float | None, cover: Coverage | None) -> str:
    """Return over what time events were counted, e.g. ``"over 3 years"`` or ``"over 58 of 60 months"``."""
    if not years:
        return "over the whole period"
    if cover is None or (years == int(years) and not cover.missing):
        return f"over {years:g} {'year' if years == 1 else 'years'}"
    months, span = years * MONTHS_OF_A_YEAR, len(cover.span)
    covered = f"{months:,.0f}" if abs(months - round(months)) < 0.05 else f"{months:,.1f}"
    of_span = f" of {span:,}" if cover.missing else ""
    return f"over {covered}{of_span} {'month' if covered == '1' and not of_span else 'months'}"


def note_coverage(cover: Coverage | None) -> tuple[Note, ...]:
    """Return the sentences that a figure per year needs beside it: which months are missing, and which are alike."""
    if cover is None:
        return ()
    notes = []
    if cover.missing:
        covered, missing = len(cover.months), len(cover.missing)
        which, named = ("covered", cover.months) if covered <= missing else ("missing", cover.missing)
        listed, span = _months(named), len(cover.span)
        words = f"Figures per year are of {covered:,} of {span:,} months; {which}: {listed}."
        notes.append(Note(words, of="publication", numbers=(covered, span, listed)))
    elif cover.years != int(cover.years):
        months = round(cover.years * MONTHS_OF_A_YEAR)
        notes.append(Note(f"Figures per year are of {months:,} months.", of="publication", numbers=(months,)))
    if cover.only:
        which = _which_months(cover.only)
        words = f"They are {which}, as if the other months of a year were like these."
        notes.append(Note(words, of="publication", numbers=(which,)))
    return tuple(notes)


def compare_coverage(first: Coverage | None, second: Coverage | None) -> tuple[Note, ...]:
    """Return notes on two compared periods that do not cover the same part of the year."""
    if first is None or second is None:
        return ()
    notes = []
    for which, cover in (("First", first), ("Second", second)):
        notes += [note.under(f"{which} period") for note in note_coverage(cover) if cover.missing or cover.only]
    if _shape(first).items() != _shape(second).items():
        words = "The two periods do not have the same months of the year: some of the difference may be season."
        notes.append(Note(words, of="publication"))
    return tuple(notes)


def _shape(cover: Coverage) -> dict[int, float]:
    """Return calendar month → its share of the months covered, rounded."""
    months = [int(month[5:]) for month in cover.months]
    return {month: round(months.count(month) / len(months), 2) for month in sorted(set(months))}


def _months(months: Sequence[str]) -> str:
    return list_briefly([f"{ENGLISH[int(month[5:]) - 1]} {month[:4]}" for month in months], 12)


def _which_months(covered: Sequence[str]) -> str:
    """Return e.g. ``"from July only"``, ``"without May"`` or ``"from 6 of the 12 calendar months"``."""
    absent = [name for name in ENGLISH if name not in covered]
    if len(covered) <= FEW:
        return f"from {_listed(covered)} only"
    return f"without {_listed(absent)}" if len(absent) <= FEW else f"from {len(covered)} of the 12 calendar months"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
