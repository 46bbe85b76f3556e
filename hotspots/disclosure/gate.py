"""The gate: counts of people become intervals, each further table beside all others of the same records.

Totals need care. If a hundred areas have one or two events each, their total to the nearest five shows that no area has
more than a few. So the interval of a total is the sum of the intervals of its parts (`protect_counts`), and where it
must have another one, as in a chart of years, it is published beside the areas (`Gate.series`).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hotspots.disclosure.release import (
    WHOLE_FILE,
    CountTable,
    find_rule,
    in_words,
    months_in_words,
    publish_areas,
    publish_totals,
    region_of,
)
from hotspots.errors import DisclosureError, list_briefly
from hotspots.model import AreaCounts, Identity, Note, Series

if TYPE_CHECKING:
    from hotspots.disclosure.earlier import Memory
    from hotspots.disclosure.release import Rule, Scope
    from hotspots.model import StudyArea

__all__ = ["Gate", "Mend"]

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
Bounds = NDArray[np.float64]
"""Lowest and highest value of each number; shape (numbers, 2), missing where there is none."""
NO_LEDGER: Final = "This run has no ledger of earlier ones: what they published of the same records was not looked at."


@dataclass(frozen=True, slots=True)
class Mend:
    """What was done to a table so that it reveals nothing beside others.

    Parameters
    ----------
    title
        The table.
    beside
        Titles of the other tables of the same records.
    numbers
        Numbers of the table.
    wider
        Numbers with a wider interval than the rule asks for.
    left_out
        Numbers that are left out.
    by_area
        Whether it is a table of counts by area.
    cut
        Areas with fewer people than the upper end of their interval.
    corrected
        Months whose records were corrected since earlier runs counted them, in words.
    """

    title: str
    beside: tuple[str, ...]
    numbers: int
    wider: int
    left_out: int
    by_area: bool
    cut: int = 0
    corrected: str = ""

    @property
    def words(self) -> str:
        """What readers are told about it; empty where nothing was done."""
        parts = []
        if self.wider:
            parts.append(f"{self.wider:,} of {self.numbers:,} intervals are wider than the rule asks for")
        if self.left_out:
            parts.append(f"{self.left_out:,} of {self.numbers:,} numbers are left out")
        found = f"{' and '.join(parts)}: the same records are in {list_briefly(self.beside)}." if parts else ""
        if self.cut:
            areas = "1 area has" if self.cut == 1 else f"{self.cut:,} areas have"
            found = f"{found} {areas} fewer people than the upper end of the interval.".strip()
        if self.corrected:
            sentence = f"Records of {self.corrected} were corrected since earlier runs counted them."
            found = f"{found} {sentence}".strip()
        return found


class Gate:
    """All tables of unreleased records that a run publishes, in the order in which they are published.

    Parameters
    ----------
    rule
        The disclosure rule: ``"nhs-digital"``, ``"older-phe"`` or ``"dfe"``; or numbers, e.g.
        ``{"largest": 4, "rounding": 5}``.
    earlier
        Tables that earlier runs have published.
    memory
        The ledger of earlier runs, in place of `earlier`; None where the study keeps none.
    mend_population_cut
        Whether an interval that ends at the number of people in an area is joined with lower ones until it has as many
        values as the rule shows. By default it is only said how many there are.
    """

    def __init__(
        self,
        rule: str | Rule | Mapping[str, int],
        earlier: Sequence[CountTable] = (),
        *,
        memory: Memory | None = None,
        mend_population_cut: bool = False,
    ) -> None:
        self.rule = find_rule(rule)
        self.memory = memory
        self.mend_population_cut = mend_population_cut
        self.earlier = tuple(earlier) if memory is None else memory.ledger.tables
        self.tables: list[CountTable] = []
        self.mends: list[Mend] = []

    def counts(
        self, counts: AreaCounts, *, records: str, scope: Scope, before_counting: Collection[str] = ()
    ) -> AreaCounts:
        """Return counts by area as they may be published beside everything else.

        Parameters
        ----------
        counts
            Unreleased counts.
        records
            Name of the records: tables with the same name are looked at together.
        scope
            Which records are counted.
        before_counting
            Reasons for which rows were left out because they are other records (of other years, ages or kinds): their
            numbers are not shown, because other tables count them.
        """
        kept = {reason: number for reason, number in counts.dropped.items() if reason not in before_counting}
        area = counts.area
        people = area.areas["population"].to_dict() if area.has_population else None

        def publish(places: tuple[str, ...], bounds: Bounds) -> Bounds:
            plain = self._table(
                f"the counts of {counts.title} by area", area, records, places=places, scopes=(scope,), bounds=bounds.T
            )
            shown = publish_areas(self._all, plain, people=people, mend_population_cut=self.mend_population_cut)
            return self._keep(shown, cut=self._cut(shown, people or {}))[:, 0].T

        shown = protect_counts(replace(counts, dropped=kept), self.rule, publish)
        if len(kept) < len(counts.dropped):
            shown = replace(shown, audit={name: words for name, words in shown.audit.items() if name != "rows_read"})
        return shown.with_identity(notes=(*shown.notes, *self._notes()))

    def series(
        self, series: Series, *, records: str, scopes: Sequence[Scope], area: StudyArea, whole_file: bool
    ) -> Series:
        """Return a series as it may be published beside everything else; numbers that may not be are missing.

        Parameters
        ----------
        series
            Unreleased counts by period.
        records
            As in `counts`.
        scopes
            Which records each row of the series counts.
        area
            The study area.
        whole_file
            Whether events outside the study area are counted too.
        """
        bounds = np.array(
            [
                (np.nan, np.nan) if np.isnan(low) else (self.rule.interval(low)[0], self.rule.interval(high)[1])
                for low, high in series.table[["low", "high"]].to_numpy()
            ]
        ).reshape(-1, 2)
        plain = self._table(
            f"the chart of {series.title}",
            area,
            records,
            places=(),
            scopes=tuple(scopes),
            bounds=bounds.T[:, :, None],
            region=WHOLE_FILE if whole_file else None,
        )
        shown = with_bounds(series, self._keep(publish_totals(self._all, plain))[:, :, 0].T, self.rule)
        return shown.with_identity(notes=(*shown.notes, *self._notes()))

    @property
    def _all(self) -> list[CountTable]:
        return [*self.earlier, *self.tables]

    def _table(
        self,
        title: str,
        area: StudyArea,
        records: str,
        *,
        places: tuple[str, ...],
        scopes: tuple[Scope, ...],
        bounds: Bounds,
        region: str | None = None,
    ) -> CountTable:
        table = CountTable(
            records=records,
            title=title,
            geography=f"{area.geography} {area.vintage}",
            authorities=tuple(area.authorities),
            region=region_of(area.ids) if region is None else region,
            places=places,
            scopes=scopes,
            low=bounds[0].reshape(len(scopes), -1),
            high=bounds[1].reshape(len(scopes), -1),
            rule=self.rule,
        )
        return table if self.memory is None else self.memory.after_corrections(table)

    def _cut(self, table: CountTable, people: Mapping[str, float]) -> int:
        """Return in how many areas the interval ends at the number of people, below where the rule would end it."""
        high = dict(zip(table.places, table.high[0], strict=True))
        ends = [high[place] for place, number in people.items() if high.get(place) == number]
        return sum(self.rule.interval(end)[1] > end for end in ends)

    def _keep(self, table: CountTable, *, cut: int = 0) -> Bounds:
        """Register a table as published and return its bounds; shape (2, scopes, places)."""
        bounds = np.stack([table.low, table.high])
        there = ~np.isnan(table.low)
        # An interval that the rule would not show is told from the published one alone, not from the count behind it.
        plain = np.array([self.rule.interval(low) for low in table.low[there]]).reshape(-1, 2)
        wider = int((plain[:, 1] < table.high[there]).sum())
        # A table that an earlier run published stands beside what was there before it: a repeated run says the same.
        before = itertools.takewhile(lambda one: not one.repeats(table), self._all)
        others = [one for one in before if one.records == table.records]
        beside = tuple(
            dict.fromkeys(one.title for one in others if any(a.overlaps(b) for a in one.scopes for b in table.scopes))
        )
        corrections = {one[:2] for scope in table.scopes for one in scope.corrections}
        self.mends.append(
            Mend(
                table.title,
                beside,
                int(there.size),
                wider,
                int((~there).sum()),
                by_area=not table.is_total,
                cut=cut,
                corrected=list_briefly([months_in_words(*months) for months in sorted(corrections)]),
            )
        )
        self.tables.append(table)
        return bounds

    def _notes(self) -> tuple[Note, ...]:
        """Return what readers are told about the table that was published last."""
        mend, notes = self.mends[-1], []
        if mend.words:
            notes.append(
                Note(
                    mend.words,
                    of="publication",
                    numbers=(mend.wider, mend.left_out, mend.numbers, mend.cut, mend.corrected),
                )
            )
        if self.memory is None:
            notes.append(Note(NO_LEDGER, of="settings"))
        return tuple(notes)


# --------------------------------------------------------------------------- one table under the rule


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
