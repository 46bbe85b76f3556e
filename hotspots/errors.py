"""One family of errors; each says what is wrong, what was found and what to try.

::

    HotspotsError
    ├── StudyError        the study file can't be used
    ├── SourceError       an input file can't be read as what it should be
    ├── AnalysisError     the data and the method do not fit each other
    ├── DisclosureError   writing this would publish what must not be published
    └── OutputError       a result can't be written where it should go
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class HotspotsError(Exception):
    """Base class of all errors.

    Parameters
    ----------
    problem
        One sentence with the user's own value in it.
    found
        How many, with the first one, or what was there instead.
    advice
        One action that would correct it.
    """

    def __init__(self, problem: str, *, found: str = "", advice: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.found = found
        self.advice = advice

    def __str__(self) -> str:
        lines = [self.problem]
        if self.found:
            lines.append(f"  found: {self.found}")
        if self.advice:
            lines.append(f"  try:   {self.advice}")
        return "\n".join(lines)


class StudyError(HotspotsError):
    """The study file can't be used."""


class SourceError(HotspotsError):
    """An input file can't be read as what it should be."""


class AnalysisError(HotspotsError):
    """The data and the method do not fit each other."""


class DisclosureError(HotspotsError):
    """Writing this would publish what must not be published."""


class OutputError(HotspotsError):
    """A result can't be written where it should go."""


def reason_of(error: HotspotsError) -> str:
    """Return the problem as a reason in a sentence: without its full stop, starting small unless with a name.

    Examples
    --------
    >>> reason_of(AnalysisError("No line fits.")), reason_of(AnalysisError("IDACI 2019 has no score."))
    ('no line fits', 'IDACI 2019 has no score')
    """
    words = error.problem.rstrip(".")
    return words if words[1:2].isupper() else words[:1].lower() + words[1:]


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word most like `word` (letter case aside), or None if none is near."""
    by_folded = {str(k).casefold(): str(k) for k in known}
    match = difflib.get_close_matches(word.casefold(), list(by_folded), n=1, cutoff=0.5)
    return by_folded[match[0]] if match else None


def suggest(word: str, known: Iterable[str], *, otherwise: str) -> str:
    """Return advice for a word that is not known: the nearest known one as a question, or else other advice.

    Examples
    --------
    >>> suggest("Birmigham", ["Birmingham", "Coventry"], otherwise="name one of them")
    "is it 'Birmingham'?"
    >>> suggest("London", ["Birmingham", "Coventry"], otherwise="name one of them")
    'name one of them'
    """
    match = nearest(word, known)
    return f"is it {match!r}?" if match else otherwise


def plural(number: int, singular: str, many: str | None = None) -> str:
    """Return a number with its noun.

    Examples
    --------
    >>> plural(1, "area"), plural(1680, "area"), plural(2, "authority", "authorities")
    ('1 area', '1,680 areas', '2 authorities')
    """
    return f"{number:,} {singular if number == 1 else many or singular + 's'}"


def list_briefly(items: Iterable[object], most: int = 5) -> str:
    """Return the first few items as text, with how many more there are."""
    everything = [str(item) for item in items]
    shown = ", ".join(everything[:most])
    more = len(everything) - most
    return f"{shown} and {more:,} more" if more > 0 else shown
