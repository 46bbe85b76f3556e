"""Disclosure rules: which interval a publisher shows for each count, by the name of the rule or by its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from hotspots.errors import DisclosureError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["RULES", "Rule", "find_rule", "in_words"]


@dataclass(frozen=True)
class Rule:
    """How small counts are suppressed and others rounded.

    Parameters
    ----------
    name
        As in the study file.
    smallest, largest
        Counts from `smallest` (1, or 0 if zeros are suppressed too) to `largest` are suppressed: each could be any of
        these.
    rounding
        All other counts but zero are rounded to the nearest multiple of this, halves upwards; 1 leaves them as they
        are. Counts that would be rounded to 0 must be suppressed, or a published 0 would not be 0.
    words
        The rule as it is printed on a map.

    Raises
    ------
    DisclosureError
        If the numbers make no rule that protects.
    """

    name: str
    smallest: int
    largest: int
    rounding: int
    words: str

    def __post_init__(self) -> None:
        numbers = (self.smallest, self.largest, self.rounding)
        problem = ""
        if any(type(number) is not int for number in numbers):
            problem = "The numbers of a disclosure rule are whole."
        elif self.smallest not in (0, 1) or self.largest < self.smallest or self.rounding < 1:
            problem = "A disclosure rule suppresses counts from 1 (or 0) to a largest one, and rounds to 1 or more."
        elif self.largest < (self.rounding - 1) // 2:
            problem = (
                f"Rounded to the nearest {self.rounding}, counts up to {(self.rounding - 1) // 2} would be published "
                f"as 0."
            )
        if problem:
            raise DisclosureError(
                problem,
                found=f"smallest {self.smallest}, largest {self.largest}, rounding {self.rounding}",
                advice="e.g. smallest = 1, largest = 7, rounding = 5: suppress more, or round less",
            )

    def interval(self, count: float) -> tuple[float, float]:
        """Return what a reader of the published number knows of this count.

        Examples
        --------
        >>> RULES["nhs-digital"].interval(3), RULES["nhs-digital"].interval(16), RULES["nhs-digital"].interval(0)
        ((1, 7), (13, 17), (0, 0))
        """
        if self.smallest <= count <= self.largest:
            return self.smallest, self.largest
        if count == 0:
            return 0, 0
        if self.rounding == 1:
            return count, count
        # Halves go upwards: to the nearest 10, a published 20 is 15 to 24; to the nearest 5, 18 to 22.
        published = int(np.floor(count / self.rounding + 0.5)) * self.rounding
        least, most = published - self.rounding // 2, published + (self.rounding - 1) // 2
        return max(least, self.largest + 1), most

    def parts(self, low: float, high: float) -> NDArray[np.float64]:
        """Return the intervals of all counts between two, from low to high; shape (intervals, 2).

        Examples
        --------
        >>> RULES["nhs-digital"].parts(0, 13).astype(int).tolist()
        [[0, 0], [1, 7], [8, 12], [13, 17]]
        """
        found, count = [], low
        while count <= high:
            found.append(self.interval(count))
            count = found[-1][1] + 1
        return np.array(found, dtype=float)

    def show(self, count: int) -> str:
        """Return a count in words that say no more than the rule allows."""
        return in_words(*self.interval(count))


RULES: Final = {
    rule.name: rule
    for rule in (
        Rule("nhs-digital", 1, 7, 5, "counts from 1 to 7 suppressed, others rounded to the nearest 5"),
        Rule("older-phe", 1, 5, 1, "counts from 1 to 5 suppressed"),
        Rule("dfe", 1, 2, 1, "counts of 1 and 2 suppressed"),
    )
}


def find_rule(name: str | Rule | Mapping[str, int]) -> Rule:
    """Return the rule of this name, or one made of its numbers: `smallest` (1), `largest` and `rounding` (1).

    Raises
    ------
    DisclosureError
        If there is none, or the numbers make none.

    Examples
    --------
    >>> find_rule({"largest": 9, "rounding": 10}).words
    'counts from 1 to 9 suppressed, others rounded to the nearest 10'
    """
    if isinstance(name, Rule):
        return name
    if not isinstance(name, str):
        return _make_rule(**_need_numbers(name))
    if name not in RULES:
        raise DisclosureError(
            f"There is no disclosure rule {name!r}.",
            found=f"known rules: {', '.join(RULES)}",
            advice=f"did you mean {nearest(name, RULES) or 'nhs-digital'!r}?",
        )
    return RULES[name]


def _need_numbers(numbers: Mapping[str, int]) -> dict[str, int]:
    """Return the numbers of a rule, or say which is unknown or missing."""
    known = ("smallest", "largest", "rounding")
    odd = [key for key in numbers if key not in known]
    if odd or "largest" not in numbers:
        raise DisclosureError(
            f"A disclosure rule has no {odd[0]!r}." if odd else "A disclosure rule needs the largest suppressed count.",
            found=", ".join(f"{key} = {number}" for key, number in numbers.items()) or "no numbers",
            advice=f"known keys: {', '.join(known)}, e.g. smallest = 1, largest = 7, rounding = 5",
        )
    return dict(numbers)


def _make_rule(*, largest: int, smallest: int = 1, rounding: int = 1) -> Rule:
    """Return a rule with a name and words that say its numbers."""
    hidden = f"{smallest} to {largest}"
    rounded = f", others rounded to the nearest {rounding}" if rounding != 1 else ""
    name = f"{hidden} suppressed" + (f", nearest {rounding}" if rounding != 1 else "")
    return Rule(name, smallest, largest, rounding, f"counts from {hidden} suppressed{rounded}")


def in_words(low: float, high: float) -> str:
    """Return an interval in words: "8 to 12", or one number where both ends are the same."""
    return f"{low:,.0f}" if low == high else f"{low:,.0f} to {high:,.0f}"
