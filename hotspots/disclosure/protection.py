"""The gate: counts of people become intervals under a named rule, before anything is computed from them.

Results that are computed from protected intervals alone can't reveal the counts, whatever is written later. Protecting
the results instead is not enough: with one statistic per area there are as many equations as unknown counts.

Totals need care. If a hundred areas have one or two events each, their total to the nearest five shows that no area
has more than a few. So the interval of a total is the sum of the intervals of its parts. Where a total must have
another interval, as in a chart of years, and where the same records are counted twice, `hotspots.disclosure.gate`
looks at all tables together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hotspots.disclosure.release import in_words
from hotspots.errors import DisclosureError
from hotspots.model import AreaCounts, Identity, Note, Series
from hotspots.vocabulary import RESTRICTED, UNRELEASED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hotspots.disclosure.release import Rule

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
"""Numbers of the audit that overlap with others: several of them could give a suppressed one by subtraction."""
OUTSIDE: Final = "(outside)"
DROPPED: Final = "(not used) "
"""What stands beside areas in a table: events in none of them, and rows by the reason why they were not used."""

Source = TypeVar("Source")


class Marked(Protocol):
    """A section of a study file, or what was read for it."""

    @property
    def release(self) -> str:
        """See `hotspots.vocabulary`."""


class Publishing(Protocol):
    """The profile of a study and its disclosure rule."""

    @property
    def profile(self) -> str:
        """``"publish"`` or ``"restricted"``."""

    @property
    def protection(self) -> str | dict[str, int]:
        """The disclosure rule, by name or by its numbers."""


def is_restricted(study: Publishing) -> bool:
    """Return whether the study keeps true counts, for named readers, and marks every page."""
    return study.profile == RESTRICTED


def keeps_back(study: Publishing, source: Marked) -> bool:
    """Return whether a source must be protected or left out: it is unreleased and the study is published."""
    return source.release == UNRELEASED and not is_restricted(study)


def through_gate(study: Publishing, noun: Source) -> Source:
    """Return a source as this study may use it.

    A released source is unchanged. In a restricted study, an unreleased one is marked as restricted. In a published
    study single records remain unreleased, and no writer accepts them.

    Raises
    ------
    DisclosureError
        For unreleased counts in a published study: they are published beside all others of the same records, through
        `hotspots.disclosure.Gate`.
    """
    given: Any = noun
    if is_restricted(study):
        marked: Source = restrict(given)
        return marked
    if keeps_back(study, given) and isinstance(noun, AreaCounts | Series):
        raise DisclosureError(
            f"The counts of {noun.title} are not registered for publication.",
            found="unreleased counts, which other tables of the same records could give back",
            advice="pass them to Gate.counts or Gate.series, which look at all these tables together",
        )
    return noun


Bounds = NDArray[np.float64]
"""Lowest and highest value of each number; shape (numbers, 2), missing where there is none."""


def protect_counts(noun: AreaCounts, rule: Rule, publish: Callable[[tuple[str, ...], Bounds], Bounds]) -> AreaCounts:
    """Return counts by area with the intervals that `publish` makes of those of the rule.

    Parameters
    ----------
    publish
        Given the places (areas, and what stands beside them: events outside, rows without a place) and the bounds that
        the rule alone shows, returns the bounds to publish.
    """
    if noun.expectation is not None:
        raise DisclosureError(
            f"The expected counts of {noun.title} were made from the counts before these were protected.",
            found=f"expected counts from {noun.expectation.title}",
            advice="protect the counts first, then make the expected counts",
        )
    beside = {OUTSIDE: noun.outside, **{f"{DROPPED}{reason}": number for reason, number in noun.dropped.items()}}
    numbers = {name: int(number) for name, number in beside.items() if not isinstance(number, str)}
    table = _widen(noun.table, rule, "observed_low", "observed_high")[["observed_low", "observed_high"]]
    shown = publish(
        (*noun.area.ids, *numbers),
        np.vstack([table.to_numpy(), *(rule.interval(number) for number in numbers.values())]),
    )
    table = pd.DataFrame(shown[: len(table)], index=table.index, columns=table.columns)
    elsewhere = dict(zip(numbers, shown[len(table) :], strict=True))
    words = {name: in_words(*elsewhere[name]) if name in elsewhere else number for name, number in beside.items()}
    return replace(
        noun,
        table=table.assign(reason=_reasons(noun.table["reason"], table, rule)),
        outside=words[OUTSIDE],
        audit=_show_audit(noun, table, elsewhere.values(), rule),
        dropped={reason: words[f"{DROPPED}{reason}"] for reason in noun.dropped},
        rule=rule.name,
        identity=_protected(noun, rule),
    )


def with_bounds(noun: Series, bounds: Bounds, rule: Rule) -> Series:
    """Return a series with these bounds. Intervals and rates were made from the true counts: they are dropped."""
    table = noun.table.assign(low=bounds[:, 0], high=bounds[:, 1], ci_low=np.nan, ci_high=np.nan)
    table = table.drop(columns=[column for column in table.columns if column.startswith("rate_")])
    return replace(noun, table=table, identity=_protected(noun, rule), rate_per=0.0)


def _protected(noun: AreaCounts | Series, rule: Rule) -> Identity:
    return replace(noun.identity, release=rule.name, notes=_notes_to_keep(noun.notes, rule))


def _reasons(reason: pd.Series, table: pd.DataFrame, rule: Rule) -> pd.Series:
    """Return why each count is an interval, from the interval alone; reasons for missing counts stay as they were.

    The reasons of the source are dropped. If a source suppresses less than the rule, a reason would show which of two
    counts with the same interval is smaller.
    """
    low, high = table["observed_low"], table["observed_high"]
    hidden = (low == rule.smallest) & (high == rule.largest)
    words = pd.Series(
        np.where(hidden, f"suppressed ({rule.name})", f"rounded or suppressed ({rule.name})"),
        index=table.index,
        dtype=object,
    )
    return reason.where(low.isna(), words.where(low < high, ""))


def _notes_to_keep(notes: Iterable[Note], rule: Rule) -> tuple[Note, ...]:
    """Return the notes that do not depend on the records, and a note on the rule."""
    protected = Note(f"Small numbers are protected: {rule.words}.", of="settings", numbers=(rule.words,))
    return (*(note for note in notes if note.of != "records"), protected)


def restrict(noun: Any) -> Any:
    """Return unreleased data marked as restricted, with their true counts; other marks are unchanged."""
    return noun.with_identity(release=RESTRICTED) if noun.release == UNRELEASED else noun


def _show_audit(noun: AreaCounts, table: pd.DataFrame, elsewhere: Iterable[Bounds], rule: Rule) -> dict[str, str]:
    """Return the audit in words: each number under the rule, but a total as the sum of the intervals of its parts."""
    audit = _show({name: number for name, number in noun.audit.items() if name not in OVERLAPPING}, rule)
    joined = [noun.audit.get(f"joined_by_{how}") for how in ("code", "point")]
    if any(number is None or isinstance(number, str) for number in joined):
        return audit  # rows of a table are areas and not people; or the audit is protected already
    inside = np.array([np.nansum(table["observed_low"]), np.nansum(table["observed_high"])])
    for how, number in zip(("code", "point"), joined, strict=True):
        if all(joined):
            del audit[f"joined_by_{how}"]
        elif number:
            audit[f"joined_by_{how}"] = in_words(*inside)
    audit["rows_read"] = in_words(*(inside + np.sum([*elsewhere], axis=0)))
    return audit


def _show(numbers: Mapping[str, Any], rule: Rule) -> dict[str, str]:
    return {name: number if isinstance(number, str) else rule.show(int(number)) for name, number in numbers.items()}


def _widen(table: Any, rule: Rule, low: str, high: str) -> Any:
    """Return the table with both bounds widened to the intervals of the rule."""
    hidden = table.copy()
    bounds: NDArray[np.float64] = np.array(
        [
            (np.nan, np.nan) if np.isnan(a) else (rule.interval(a)[0], rule.interval(b)[1])
            for a, b in zip(table[low], table[high], strict=True)
        ]
    ).reshape(-1, 2)
    hidden[low], hidden[high] = bounds[:, 0], bounds[:, 1]
    return hidden
