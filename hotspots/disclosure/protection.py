"""The gate: counts of people into intervals under a named rule, before anything is computed from them.

What is computed from protected intervals alone can't reveal what they hide, whatever is written later. Protecting
the results instead would not do: with one statistic per area there are as many equations as unknown counts.

Sums need care. Where a hundred areas have one or two events each, their total to the nearest five says that not one of
them has more than a few. So a total is the sum of what its parts may be; and where a total has to be an interval of its
own, as in a chart of years, it is held against its parts (`gives_back`).
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
import pandas as pd

from hotspots.disclosure.differencing import OVERLAPPING
from hotspots.disclosure.rules import Rule, _in_words, find_rule
from hotspots.errors import DisclosureError
from hotspots.model import AreaCounts, Note, Series
from hotspots.vocabulary import RESTRICTED, UNRELEASED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray


Noun = TypeVar("Noun")
Protectable = TypeVar("Protectable", AreaCounts, Series)


class Marked(Protocol):
    """A section of a study file, or what was read for it."""

    @property
    def release(self) -> str:
        """See `hotspots.vocabulary`."""


class Publishing(Protocol):
    """For whom a study is, and its rule."""

    @property
    def profile(self) -> str:
        """Whether it is for named readers or for everyone."""

    @property
    def protection(self) -> str | dict[str, int]:
        """The disclosure rule, by name or by its numbers."""


def is_for_named_readers(study: Publishing) -> bool:
    """Whether the study keeps true counts and marks every page instead."""
    return study.profile == RESTRICTED


def keeps_back(study: Publishing, source: Marked) -> bool:
    """Whether nobody may see this source in this study as it was read: it is protected first, or left out."""
    return source.release == UNRELEASED and not is_for_named_readers(study)


def through_gate(study: Publishing, noun: Noun) -> Noun:
    """Return what was read as this study may use it.

    What is released stays; in a restricted study the rest is marked. In a study that is published counts are protected
    before anything is computed from them; single records stay unreleased, which every writer refuses.
    """
    given: Any = noun
    passed = noun
    if is_for_named_readers(study):
        passed = restrict(given)
    elif keeps_back(study, given) and isinstance(noun, AreaCounts | Series):
        passed = protect(given, study.protection)
    return passed


def protect(noun: Protectable, rule: str | Rule | Mapping[str, int]) -> Protectable:
    """Return counts as intervals under a rule, marked with the rule's name.

    Parameters
    ----------
    noun
        Counts by area or by period.
    rule
        ``"nhs-digital"``, ``"older-phe"`` or ``"dfe"``; or numbers, e.g. ``{"largest": 4, "rounding": 5}``.

    Raises
    ------
    DisclosureError
        If the rule is not known; if given single records (events, points), which no rule can protect;
        or if it is for named readers: its intervals may have been tightened with totals to less than its source
        publishes, and this rule need not be as wide as the source's own.
    """
    chosen = find_rule(rule)
    if noun.release == RESTRICTED:
        raise DisclosureError(
            f"{type(noun).__name__} is restricted and cannot be published.",
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
            notes=_harmless(noun.notes, chosen),
        )
    if isinstance(noun, Series):
        table = _hide_differences(_hide(noun.table, chosen, "low", "high"), chosen)
        # The interval was made from the true count: it goes too, and is made again from what is left.
        table[["ci_low", "ci_high"]] = np.nan
        table = table.drop(columns=[column for column in table.columns if column.startswith("rate_")])
        return replace(noun, table=table, notes=_harmless(noun.notes, chosen), release=chosen.name, rate_per=0.0)
    raise DisclosureError(
        f"{type(noun).__name__} can't be protected by suppressing small counts.",
        advice="count the events by area or by year first",
    )


def _hide_differences(table: pd.DataFrame, rule: Rule) -> pd.DataFrame:
    """Return a table of protected periods and groups in which no two exact numbers differ by a suppressed one.

    One line may lie in another (under 25 in all ages): their difference is then a count too, and where it is small the
    smaller number of the two becomes an interval that leaves the difference anything the rule hides. Where numbers are
    rounded, none is exact. Sums of three or more lines are not checked.
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

    The source's own reason goes: if a source suppresses less than the rule, a count with a reason and one without would
    tell their numbers apart, though their intervals are the same.
    """
    low, high = table["observed_low"], table["observed_high"]
    hidden = (low == rule.smallest) & (high == rule.largest)
    words = pd.Series(
        np.where(hidden, f"suppressed ({rule.name})", f"rounded or suppressed ({rule.name})"),
        index=table.index,
        dtype=object,
    )
    return reason.where(low.isna(), words.where(low < high, ""))


def _harmless(notes: Iterable[Note], rule: Rule) -> tuple[Note, ...]:
    """Return the notes that do not depend on the records, and one on the rule."""
    protected = Note(f"Small numbers are protected: {rule.words}.", of="settings", numbers=(rule.words,))
    return (*(note for note in notes if note.of != "records"), protected)


def restrict(noun: Any) -> Any:
    """Return unreleased data marked as restricted, with their true counts; other marks are unchanged."""
    return replace(noun, release=RESTRICTED) if noun.release == UNRELEASED else noun


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
