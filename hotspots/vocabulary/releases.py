"""Release marks: what a reader may do with numbers, and which of several marks is the weakest."""

from __future__ import annotations

from typing import Final, Literal

Profile = Literal["publish", "restricted"]

UNRELEASED: Final = "unreleased"

RESTRICTED: Final = "restricted"

INVENTED: Final = "invented"

OPEN: Final = "open"

RELEASE_WORDS: Final = {
    OPEN: "published data",
    INVENTED: "Invented data: not about real people or events",
    RESTRICTED: "RESTRICTED: true counts of people, for named readers only",
}


def weakest_release(*marks: str) -> str:
    """Return the mark that asks for the most care: what is computed from several sources has it.

    Examples
    --------
    >>> weakest_release("open", "invented")
    'invented'
    >>> weakest_release("open", "nhs-digital", "invented")
    'nhs-digital'
    """
    order = {UNRELEASED: 0, RESTRICTED: 1, INVENTED: 3, OPEN: 4}
    # Any other mark is the name of the rule under which counts were protected.
    return min(marks, key=lambda mark: order.get(mark, 2))
