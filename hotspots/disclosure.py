"""The gate: counts of people into intervals under a named rule, before anything is computed from them.

What is computed from protected intervals alone can't reveal what they hide, whatever is written later. Protecting
the results instead would not do: with one statistic per area there are as many equations as unknown counts.

Sums need care. Where a hundred areas have one or two events each, their total to the nearest five says that not one of
them has more than a few. So a total is the sum of what its parts may be; and where a total has to be an interval of its
own, as in a chart of years, it is held against its parts (`gives_back`).
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np
import pandas as pd

from hotspots.errors import DisclosureError, nearest
from hotspots.nouns import AreaCounts, Series
from hotspots.vocabulary import RESTRICTED, UNRELEASED

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Rule:
    """How a publisher hides small counts.

    Parameters
    ----------
    name
        As in the study file.
    smallest, largest
        Counts from `smallest` (1, or 0 if zeros are hidden too) to `largest` are hidden: they could be any of these.
    rounding
        All other counts but zero are rounded to the nearest multiple of this, halves upwards; 1 leaves them as they
        are. Counts that would be rounded to 0 must be hidden, or a published 0 would not be 0.
    words
        The rule as it stands on a map.

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
            problem = "A disclosure rule hides counts from 1 (or 0) to a largest one, and rounds to 1 or more."
        elif self.largest < (self.rounding - 1) // 2:
            problem = (
                f"Rounded to the nearest {self.rounding}, counts up to {(self.rounding - 1) // 2} would be published "
                f"as 0."
            )
        if problem:
            raise DisclosureError(
                problem,
                found=f"smallest {self.smallest}, largest {self.largest}, rounding {self.rounding}",
                advice="e.g. smallest = 1, largest = 7, rounding = 5: hide more, or round less",
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


def find_rule(name: str | Rule | Mapping[str, int]) -> Rule:
    """Return the rule of this name, or one made of its numbers: `smallest` (1), `largest` and `rounding` (1).

    Raises
    ------
    DisclosureError
        If there is none, or the numbers make none.

    Examples
    --------
    >>> find_rule({"largest": 9, "rounding": 10}).words
    'counts from 1 to 9 hidden, others rounded to the nearest 10'
    """
    if isinstance(name, Rule):
        return name
    if not isinstance(name, str):
        return _make_rule(**_need_numbers(name))
    if name not in RULES:
        raise DisclosureError(
            f"There is no disclosure rule {name!r}.",
            found=f"known are {', '.join(RULES)}",
            advice=f"did you mean {nearest(name, RULES) or 'nhs-digital'!r}?",
        )
    return RULES[name]


def _need_numbers(numbers: Mapping[str, int]) -> dict[str, int]:
    """Return the numbers of a rule, or say which is unknown or missing."""
    known = ("smallest", "largest", "rounding")
    odd = [key for key in numbers if key not in known]
    if odd or "largest" not in numbers:
        raise DisclosureError(
            f"A disclosure rule has no {odd[0]!r}." if odd else "A disclosure rule needs the largest hidden count.",
            found=", ".join(f"{key} = {number}" for key, number in numbers.items()) or "no numbers",
            advice=f"known are {', '.join(known)}, e.g. smallest = 1, largest = 7, rounding = 5",
        )
    return dict(numbers)


def _make_rule(*, largest: int, smallest: int = 1, rounding: int = 1) -> Rule:
    """Return a rule with a name and words that say its numbers."""
    hidden = f"{smallest} to {largest}"
    rounded = f", others rounded to the nearest {rounding}" if rounding != 1 else ""
    name = f"{hidden} hidden" + (f", nearest {rounding}" if rounding != 1 else "")
    return Rule(name, smallest, largest, rounding, f"counts from {hidden} hidden{rounded}")


def protect(noun: Protectable, rule: str | Rule | Mapping[str, int]) -> Protectable:
    """Return the noun with its counts turned into intervals under a rule, marked with the rule's name.

    Parameters
    ----------
    noun
        Counts by area or by period.
    rule
        ``"nhs-digital"``, ``"older-phe"`` or ``"dfe"``; or numbers, e.g. ``{"largest": 4, "rounding": 5}``.

    Raises
    ------
    DisclosureError
        If the rule is not known; if the noun holds single records (events, points) that no rule makes publishable;
        or if it is for named readers: its intervals may have been tightened with totals to less than its source
        publishes, and this rule need not be as wide as the source's own.
    """
    chosen = find_rule(rule)
    if noun.release == RESTRICTED:
        raise DisclosureError(
            f"{type(noun).__name__} for named readers can't be made publishable.",
            found=f"the release mark {RESTRICTED!r}: true counts, or intervals that totals made narrower",
            advice="protect the counts as they were read from their source",
        )
    if isinstance(noun, AreaCounts):
        table = _hide(noun.table, chosen, "observed_low", "observed_high")
        table = table[["observed_low", "observed_high"]].assign(reason=_say_why(noun.table["reason"], table, chosen))
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
        table = _hide_differences(_hide(noun.table, chosen, "low", "high"), chosen)
        # The interval was made from the true count: it goes too, and is made again from what is left.
        table[["ci_low", "ci_high"]] = np.nan
        table = table.drop(columns=[column for column in table.columns if column.startswith("rate_")])
        notes = (*filter(_tells_no_count, noun.notes), f"Small numbers are protected: {chosen.words}.")
        return replace(noun, table=table, notes=notes, release=chosen.name, rate_per=0.0)
    raise DisclosureError(
        f"{type(noun).__name__} can't be protected by hiding small counts.",
        advice="count the events by area or by year first",
    )


def _hide_differences(table: pd.DataFrame, rule: Rule) -> pd.DataFrame:
    """Return a table of protected periods and groups in which no two exact numbers differ by a hidden one.

    One line may lie in another (under 25 in all ages): their difference is then a count too, and where it is small the
    smaller number of the two becomes an interval that leaves the difference anything the rule hides. Where numbers are
    rounded, none is exact. Sums of three lines and more are not looked at.
    """
    hidden = table.copy()
    for _, rows in table.groupby("period", sort=False):
        exact = rows.loc[rows["low"] == rows["high"], "low"].sort_values(kind="stable")
        for smaller, larger in itertools.pairwise(exact.index):
            if rule.smallest <= exact[larger] - exact[smaller] <= rule.largest:
                hidden.loc[smaller, ["low", "high"]] = exact[larger] - rule.largest, exact[larger] - rule.smallest
    return hidden


def _say_why(reason: pd.Series, table: pd.DataFrame, rule: Rule) -> pd.Series:
    """Return why each count is an interval, from the interval alone; why it is missing stays as it was.

    The source's own reason goes: where a source hides less than the rule, a count with a reason and one without would
    tell their numbers apart, though their intervals are the same.
    """
    low, high = table["observed_low"], table["observed_high"]
    hidden = (low == rule.smallest) & (high == rule.largest)
    words = pd.Series(
        np.where(hidden, f"hidden ({rule.name})", f"rounded or hidden ({rule.name})"), index=table.index, dtype=object
    )
    return reason.where(low.isna(), words.where(low < high, ""))


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


def tells_of_areas(
    series: Series,
    counts: AreaCounts,
    *,
    rule: str | Rule | Mapping[str, int],
    dropped: Mapping[str, int],
    years: tuple[int, int],
    complete: Collection[str],
) -> bool:
    """Whether a protected series, held against the areas' intervals, tells more of a hidden number than the rule does.

    Parameters
    ----------
    series
        By year, protected.
    counts
        By area, as they were before the gate: of what lies in no area, the rule's intervals are needed one by one.
    dropped
        Reason → rows left out of both.
    years
        First and last year of the areas' counts.
    complete
        Groups of the series that hold every event of the areas.
    """
    chosen = find_rule(rule)
    unplaced = [int(number) - int(dropped.get(reason, 0)) for reason, number in counts.dropped.items()]
    bounds = counts.table[["observed_low", "observed_high"]].to_numpy()
    parts = [(chosen.interval(low)[0], chosen.interval(high)[1]) for low, high in bounds]
    parts += [chosen.interval(number) for number in (int(counts.outside), *unplaced)]
    table = series.table[series.table["period"].astype(int).between(*years)]
    return any(
        gives_back(rows[["low", "high"]], parts, all_of_them=group in complete)
        for group, rows in table.groupby("group", sort=False)
    )


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
