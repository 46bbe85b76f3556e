"""What single values of a study file may be: printable text, finite numbers, lists without repeats."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator
from pathlib import PurePath
from typing import Annotated, Any, Final, get_args

from pydantic import AfterValidator, BeforeValidator, Field

from hotspots.vocabulary import BandwidthRule

RESERVED: Final = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(10))}
)
"""Names that Windows gives to devices: no file of any ending can have them."""

LARGEST: Final = 10**15
LONGEST: Final = 1000


def need_plain(value: Any) -> None:
    """Raise ValueError where a value, or a part of it, can't be printed, can't be a number or is too long.

    Examples
    --------
    >>> need_plain(["a", {"b": float("inf")}])
    Traceback (most recent call last):
        ...
    ValueError: should be a number (found inf)
    """
    for part in _parts(value):
        if isinstance(part, str):
            _need_printable(part)
        elif isinstance(part, float) and not math.isfinite(part):
            raise ValueError(f"should be a number (found {part})")
        elif isinstance(part, int | float) and abs(part) > LARGEST:
            raise ValueError("is too large")


def _parts(value: Any) -> Iterator[Any]:
    """Give a value and everything in it, of whatever depth."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += [*one, *one.values()]
        elif isinstance(one, list | tuple):
            waiting += one
        else:
            yield one


def _need_printable(text: str) -> None:
    if len(text) > LONGEST:
        raise ValueError(f"is longer than {LONGEST:,} letters ({len(text):,})")
    # Cc: control characters and line ends; Cf: zero-width and those that turn the direction; Cn, Co: no letters at all.
    hidden = [letter for letter in text if unicodedata.category(letter) in ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp")]
    if hidden:
        name = unicodedata.name(hidden[0], "a control character").lower()
        raise ValueError(f"contains a character that can't be printed, U+{ord(hidden[0]):04X} ({name}): delete it")


def need_kind(value: Any, *, truth: bool) -> None:
    """Raise ValueError for true or false where another value belongs, and the reverse."""
    if truth and not isinstance(value, bool):
        raise ValueError("should be true or false, without quotes")
    if not truth and isinstance(value, bool):
        raise ValueError("should not be true or false: give the value itself, or leave it out")


def is_code(text: str) -> bool:
    """Whether text is an ONS code, e.g. of an authority, and no name."""
    return re.fullmatch(r"[A-Z]\d{8}", text) is not None


def _titled(most: int) -> AfterValidator:
    def check(text: str) -> str:
        words = " ".join(text.split())
        if not any(letter.isalnum() for letter in words):
            raise ValueError("has no letter")
        if len(words) > most:
            raise ValueError(f"is longer than {most} letters ({len(words)}): too long for a page")
        return words

    return AfterValidator(check)


def _distinct(values: Any) -> Any:
    """Return a list, or raise ValueError if it contains something twice."""
    twice = [value for number, value in enumerate(values or ()) if value in values[:number]]
    if twice:
        # A path is shown as the study file has it.
        raise ValueError(f"names {str(twice[0]) if isinstance(twice[0], PurePath) else twice[0]!r} twice")
    return values


def _as_text(value: Any) -> Any:
    """Return a whole number as text: a year may be written without quotes."""
    return str(value) if type(value) is int else value


def _named(name: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ValueError("should be small letters, digits and underscores, starting with a letter: it names files")
    if name in RESERVED:
        raise ValueError(f"can't be {name!r}, which Windows reserves for a device: no file can have this name")
    if len(name) > 60:
        raise ValueError(f"is longer than 60 letters ({len(name)}): it names files")
    return name


Period = Annotated[str, BeforeValidator(_as_text)]
SectionName = Annotated[str, AfterValidator(_named)]
Title = Annotated[str, _titled(200)]
ShortTitle = Annotated[str, _titled(80)]
Codes = Annotated[tuple[ShortTitle, ...], Field(min_length=1), AfterValidator(_distinct)]
Periods = Annotated[tuple[Period, ...], AfterValidator(_distinct)]
Distinct = AfterValidator(_distinct)
Year = Annotated[int, Field(ge=1900, le=2100)]
Vintage = Annotated[int, Field(ge=1971, le=2100)]
Metres = Annotated[float, Field(ge=1, le=100_000)]
Width = Annotated[float, Field(ge=10, le=100_000)]
Share = Annotated[float, Field(gt=0, le=1)]


def _pair(what: str, example: str, least: int, most: int, *, or_words: bool = False) -> BeforeValidator:
    """Return what turns a list into a pair that runs forwards within bounds, and else says what was expected."""

    def check(value: Any) -> Any:
        if or_words and isinstance(value, str) and value.strip():
            return value.strip()
        whole = isinstance(value, list | tuple) and all(type(one) is int for one in value)
        if not whole or len(value) != 2:
            raise ValueError(f"should be {what}, e.g. {example}")
        if value[0] > value[1]:
            raise ValueError(f"runs backwards; give the lower first, e.g. {example}")
        if value[0] < least or value[1] > most:
            raise ValueError(f"should be {what} from {least} to {most}, e.g. {example}")
        return tuple(value)

    return BeforeValidator(check)


Years = Annotated[tuple[int, int], _pair("a first and a last year", "[2017, 2019]", 1900, 2100)]
Ages = Annotated[tuple[int, int], _pair("a youngest and an oldest age", "[0, 24]", 0, 120)]
Hidden = Annotated[tuple[int, int], _pair("a lowest and a highest suppressed number", "[1, 2]", 0, 1_000)]
Meaning = Annotated[
    tuple[int, int] | str,
    _pair(
        "a lowest and a highest count, or why there is none", '[1, 7] or "not available"', 0, 1_000_000, or_words=True
    ),
]
COUNT: Final = r"\+?[0-9][0-9,]*\.?[0-9]*"
"""A number from 0; one below 0 is no count, and may be a mark."""


def _marks(marks: dict[str, Any]) -> dict[str, Any]:
    for mark in marks:
        if not mark.strip():
            raise ValueError(f"{mark!r} is not a mark: an empty cell is a missing count")
        if re.fullmatch(COUNT, mark.strip()):
            raise ValueError(f"{mark!r} is a count, not a mark: a mark takes the place of a count")
    return marks


Marks = Annotated[dict[str, Meaning], AfterValidator(_marks)]


def _known_bandwidth(value: Any) -> Any:
    """Return metres or the name of a rule; a union's own errors would be one line for each of its sides."""
    metres = type(value) in (int, float) and 10 <= value <= 100_000
    if not metres and value not in get_args(BandwidthRule):
        raise ValueError(f"should be metres from 10 to 100,000, or a rule: {', '.join(get_args(BandwidthRule))}")
    return value


Bandwidth = Annotated[float | BandwidthRule, BeforeValidator(_known_bandwidth)]
