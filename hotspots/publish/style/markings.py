"""Markings of release and suppression, and the order in which classes of schools are drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hotspots.vocabulary import INVENTED, RELEASE_WORDS, RESTRICTED, ClassStyle

if TYPE_CHECKING:
    from hotspots.model import DeprivationIndex

__all__ = ["DEPENDS", "RATE_LEVELS", "SCHOOL_LEVELS", "marking", "nation_words"]

DEPENDS: Final = ClassStyle("depends", "Class depends on suppressed counts", "#ffffff", hatch="||||")
"""Lies over the colour of a class that would change with the hidden numbers."""


SCHOOL_LEVELS: Final = ("cannot_be_judged", "as_expected", "below", "above", "far_below", "far_above")
"""Classes of schools from the bottom to the top, so that those that stand out are not covered."""


RATE_LEVELS: Final = ("depends", "about", "below", "above", "below_half", "above_twice")
"""Classes of rates from the bottom to the top; those that can't be told from the average lie below all others."""


def marking(release: str) -> str:
    """Return the words that must stand on everything made from these data, or nothing.

    Examples
    --------
    >>> marking("open")
    ''
    >>> marking("invented")
    'Invented data: not about real people or events'
    """
    return RELEASE_WORDS[release] if release in {INVENTED, RESTRICTED} else ""


def nation_words(index: DeprivationIndex) -> str:
    """Return whose areas an index ranks.

    Examples
    --------
    >>> nation_words("idaci"), nation_words("wimd")
    ("England's areas", "Wales's areas")
    """
    return "Wales's areas" if index == "wimd" else "England's areas"
