"""Parts of sentences (plurals, lists, periods, rounded numbers) and sections made of sentences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from hotspots.model import Period, Place

__all__ = ["Section", "capitalised", "in_place", "listed", "percent", "period_words", "rounded", "section"]


class Section(NamedTuple):
    """A heading and the sentences below it, one by one: what a sheet has no space for is left out between them."""

    heading: str
    sentences: tuple[str, ...]

    @property
    def words(self) -> str:
        """The sentences as one text."""
        return " ".join(self.sentences)


def section(heading: str, sentences: Iterable[str]) -> Section:
    """Return a section of those sentences that are not empty."""
    return Section(heading, tuple(sentence for sentence in sentences if sentence))


def listed(words: Sequence[str]) -> str:
    """Return words as a list in a sentence.

    Examples
    --------
    >>> listed(["Dudley", "Walsall", "Coventry"])
    'Dudley, Walsall and Coventry'
    """
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def in_place(place: Place | None) -> str:
    """Return " in" and the name of a place; nothing for the whole study area."""
    return f" in {place.name}" if place is not None else ""


def capitalised(words: str) -> str:
    """Return words with a capital first letter, the rest as it was.

    Examples
    --------
    >>> capitalised("hospital admissions for violence (ICD-10)")
    'Hospital admissions for violence (ICD-10)'
    """
    return words[:1].upper() + words[1:]


def period_words(period: str) -> str:
    """Return a period of a table in words: with en dashes between years; months (2019-01) stay as they are.

    Examples
    --------
    >>> period_words("2017-2019"), period_words("2018-19"), period_words("2019-01 to 2019-12")
    ('2017–2019', '2018–19', '2019-01 to 2019-12')
    """
    return Period.read(period).words


def rounded(value: float) -> str:
    """Return a positive number as a reader wants it: about two or three figures, thousands separated.

    Examples
    --------
    >>> rounded(1234.5), rounded(41.26), rounded(3.14159), rounded(0.01234)
    ('1,234', '41', '3.1', '0.012')
    """
    if value >= 10:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 1 else f"{value:.2g}"


def percent(share: float) -> str:
    """Return a share in per cent, with a decimal below ten.

    Examples
    --------
    >>> percent(0.0213), percent(0.14), percent(0.0002), percent(0.0)
    ('2.1%', '14%', 'less than 0.1%', '0%')
    """
    if 0 < share < 0.0005:
        return "less than 0.1%"
    return f"{100 * share:.1f}%" if 0 < share < 0.0995 else f"{100 * share:.0f}%"
