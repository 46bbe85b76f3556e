"""The gate: counts of people into intervals under a named rule, before anything is computed from them.

What is computed from protected intervals alone can't reveal what they hide, whatever is written later. Protecting
the results instead would not do: with one statistic per area there are as many equations as unknown counts.

Sums need care. Where a hundred areas have one or two events each, their total to the nearest five says that not one of
them has more than a few. So a total is the sum of what its parts may be; and where a total has to be an interval of its
own, as in a chart of years, it is held against its parts (`gives_back`).
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
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray


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
        return _in_words(*self.interval(count))


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
        table = _hide(noun.table, chosen, "observed_low", "observed_high")[["observed_low", "observed_high"]]
        return replace(
            noun,
            table=table,
            outside=_show({"": noun.outside}, chosen)[""],
            audit=_show_audit(noun, table, chosen),
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


def gives_back(whole: ArrayLike, parts: ArrayLike, *, all_of_them: bool = True) -> bool:
    """Return whether two ways to cut the same events tell, taken together, more of one number than it says itself.

    Parameters
    ----------
    whole
        Lowest and highest of each number of the one, e.g. years; shape (cells, 2).
    parts
        Lowest and highest of each number of the other, e.g. areas, and what lies in none of them; shape (cells, 2).
    all_of_them
        Whether both hold the same events; else `whole` holds some of them only.

    Examples
    --------
    Three areas with 1 to 7 each are 3 to 21 events. From 8 to 12 any of them can be 1, and any can be 7; from 3 to 7
    none can be more than 5.

    >>> areas = [(1, 7)] * 3
    >>> gives_back([(8, 12)], areas), gives_back([(3, 7)], areas)
    (False, True)
    """
    cells, others = (np.asarray(one, dtype=float).reshape(-1, 2) for one in (whole, parts))
    cells, others = cells[~np.isnan(cells[:, 0])], others[~np.isnan(others[:, 0])]
    (low, high), (least, most) = cells.sum(axis=0), others.sum(axis=0)
    # The number with the widest interval is the first that can't take both its ends.
    widest = float(np.ptp(np.vstack([cells, others]), axis=1).max(initial=0.0))
    return bool(low > most - widest or (all_of_them and high < least + widest))


OVERLAPPING: Final = frozenset(
    {
        "kept",
        "outside_by_code",
        "outside_by_point",
        "outside_by_code_point_inside",
        "passed_over_codes",
        "distinct_points",
    }
)
"""Numbers of the audit that overlap with others: from several of them a hidden one could be had by subtraction."""


def _show_audit(noun: AreaCounts, table: pd.DataFrame, rule: Rule) -> dict[str, str]:
    """Return the audit in words: each number under the rule, but a total as the sum of what its parts may be."""
    audit = _show({name: number for name, number in noun.audit.items() if name not in OVERLAPPING}, rule)
    joined = [noun.audit.get(f"joined_by_{how}") for how in ("code", "point")]
    if any(number is None or isinstance(number, str) for number in joined):
        return audit  # of a table, whose rows are areas and not people; or protected before
    inside = np.array([np.nansum(table["observed_low"]), np.nansum(table["observed_high"])])
    for how, number in zip(("code", "point"), joined, strict=True):
        if all(joined):
            del audit[f"joined_by_{how}"]
        elif number:
            audit[f"joined_by_{how}"] = _in_words(*inside)
    elsewhere = [rule.interval(int(number)) for number in (noun.outside, *noun.dropped.values())]
    audit["rows_read"] = _in_words(*(inside + np.sum(elsewhere, axis=0)))
    return audit


def _show(numbers: Mapping[str, Any], rule: Rule) -> dict[str, str]:
    return {name: number if isinstance(number, str) else rule.show(int(number)) for name, number in numbers.items()}


def _in_words(low: float, high: float) -> str:
    return f"{low:,.0f}" if low == high else f"{low:,.0f} to {high:,.0f}"


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
