"""The gate: counts of people into intervals under a named rule, before anything is computed from them.

What is computed from protected intervals alone can't reveal what they hide, whatever is written later. Protecting
the results instead would not do: with one statistic per area there are as many equations as unknown counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np

from hotspots.errors import DisclosureError, nearest
from hotspots.nouns import AreaCounts, Series
from hotspots.vocabulary import RESTRICTED, UNRELEASED

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Rule:
    """How a publisher hides small counts.

    Parameters
    ----------
    name
        As in the study file.
    smallest, largest
        Counts from `smallest` to `largest` are hidden: they could be any of these.
    rounding
        All other counts but zero are rounded to the nearest multiple of this; 1 leaves them as they are.
    words
        The rule as it stands on a map.
    """

    name: str
    smallest: int
    largest: int
    rounding: int
    words: str

    def interval(self, count: float) -> tuple[float, float]:
        """Return what a reader of the published number knows of this count.

        Examples
        --------
        >>> RULES["nhs-digital"].interval(3), RULES["nhs-digital"].interval(16), RULES["nhs-digital"].interval(0)
        ((1, 7), (13, 17), (0, 0))
        """
        if count == 0:
            return 0, 0
        if self.smallest <= count <= self.largest:
            return self.smallest, self.largest
        if self.rounding == 1:
            return count, count
        reach = (self.rounding - 1) // 2
        published = int(np.floor(count / self.rounding + 0.5)) * self.rounding
        return max(published - reach, self.largest + 1), published + reach

    def show(self, count: int) -> str:
        """Return a count in words that say no more than the rule allows."""
        low, high = self.interval(count)
        if low == high:
            return f"{low:,.0f}"
        return f"{low:,.0f} to {high:,.0f}"


RULES: Final = {
    rule.name: rule
    for rule in (
        Rule("nhs-digital", 1, 7, 5, "counts from 1 to 7 hidden, others rounded to the nearest 5"),
        Rule("older-phe", 1, 5, 1, "counts from 1 to 5 hidden"),
        Rule("dfe", 1, 2, 1, "counts of 1 and 2 hidden"),
    )
}

Protectable = TypeVar("Protectable", AreaCounts, Series)


def find_rule(name: str) -> Rule:
    """Return the rule of this name.

    Raises
    ------
    DisclosureError
        If there is none.
    """
    if name not in RULES:
        raise DisclosureError(
            f"There is no disclosure rule {name!r}.",
            found=f"known are {', '.join(RULES)}",
            advice=f"did you mean {nearest(name, RULES) or 'nhs-digital'!r}?",
        )
    return RULES[name]


def protect(noun: Protectable, rule: str) -> Protectable:
    """Return the noun with its counts turned into intervals under a rule, marked with the rule's name.

    Parameters
    ----------
    noun
        Counts by area or by period.
    rule
        ``"nhs-digital"``, ``"older-phe"`` or ``"dfe"``.

    Raises
    ------
    DisclosureError
        If the rule is not known, or the noun holds single records (events, points) that no rule makes publishable.
    """
    chosen = find_rule(rule)
    if isinstance(noun, AreaCounts):
        table = _hide(noun.table, chosen, "observed_low", "observed_high")
        return replace(
            noun,
            table=table[["observed_low", "observed_high"]],
            outside=chosen.show(int(noun.outside)) if not isinstance(noun.outside, str) else noun.outside,
            audit=_show(noun.audit, chosen),
            dropped=_show(noun.dropped, chosen),
            rule=chosen.name,
            release=chosen.name,
            notes=(*filter(_tells_no_count, noun.notes), f"Small numbers are protected: {chosen.words}."),
        )
    if isinstance(noun, Series):
        table = _hide(noun.table, chosen, "low", "high")
        # The interval was made from the true count: it goes too, and is made again from what is left.
        table[["ci_low", "ci_high"]] = np.nan
        notes = (*filter(_tells_no_count, noun.notes), f"Small numbers are protected: {chosen.words}.")
        return replace(noun, table=table, notes=notes, release=chosen.name)
    raise DisclosureError(
        f"{type(noun).__name__} can't be protected by hiding small counts.",
        advice="count the events by area or by year first",
    )


def _tells_no_count(note: str) -> bool:
    """Whether a note holds no number but years: what was said of the file may hold true counts."""
    return all(re.fullmatch(r"(19|20)\d\d", number) for number in re.findall(r"\d[\d,.]*\d|\d", note))


def restrict(noun: Any) -> Any:
    """Return an unreleased noun marked for named readers; it keeps its true counts. Other marks stay."""
    return replace(noun, release=RESTRICTED) if noun.release == UNRELEASED else noun


def _show(numbers: Any, rule: Rule) -> dict[str, str]:
    return {name: number if isinstance(number, str) else rule.show(int(number)) for name, number in numbers.items()}


def _hide(table: Any, rule: Rule, low: str, high: str) -> Any:
    """Return the table with both bounds widened to what the rule would publish; a wider bound stays."""
    hidden = table.copy()
    bounds: NDArray[np.float64] = np.array(
        [
            (np.nan, np.nan) if np.isnan(a) else (rule.interval(a)[0], rule.interval(b)[1])
            for a, b in zip(table[low], table[high], strict=True)
        ]
    ).reshape(-1, 2)
    hidden[low], hidden[high] = bounds[:, 0], bounds[:, 1]
    return hidden
