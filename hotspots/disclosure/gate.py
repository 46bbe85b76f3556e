"""What a run publishes of unreleased records: each further table is published beside all others of the same records."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, overload

import numpy as np

from hotspots.disclosure.protection import protect_counts, with_bounds
from hotspots.disclosure.release import (
    WHOLE_FILE,
    CountTable,
    Scope,
    find_rule,
    months_in_words,
    publish_areas,
    publish_totals,
    region_of,
)
from hotspots.errors import DisclosureError, list_briefly
from hotspots.model import AreaCounts, Note, Series
from hotspots.vocabulary import RESTRICTED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotspots.disclosure.earlier import Memory
    from hotspots.disclosure.protection import Bounds
    from hotspots.disclosure.release import Rule
    from hotspots.model import StudyArea

__all__ = ["Gate", "Mend", "protect"]

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


# --------------------------------------------------------------------------- from Python, one table after the other


@overload
def protect(noun: AreaCounts, gate: Gate, *, scope: Scope, records: str = "records") -> AreaCounts: ...


@overload
def protect(
    noun: Series,
    gate: Gate,
    *,
    scope: Sequence[Scope],
    records: str = "records",
    area: StudyArea,
    whole_file: bool = False,
) -> Series: ...


def protect(
    noun: AreaCounts | Series,
    gate: Gate,
    *,
    scope: Scope | Sequence[Scope],
    records: str = "records",
    area: StudyArea | None = None,
    whole_file: bool = False,
) -> AreaCounts | Series:
    """Return counts as intervals that may be published beside all others of the gate, marked with its rule.

    One gate is for everything that is ever published of the same records: it keeps each table, and the next one is
    published beside it. Two gates for the same records know nothing of each other, unless they have a ledger
    (`hotspots.disclosure.open_memory`).

    Parameters
    ----------
    noun
        Counts by area or by period, as they were read and counted.
    gate
        All tables that were protected before, and the disclosure rule.
    scope
        Which records are counted (months, ages, kinds); for counts by period, of each row of the table.
    records
        A name of the source: tables with the same name count the same records. Other sources need other names.
    area, whole_file
        For counts by period: the study area, and whether events outside it are counted too.

    Raises
    ------
    DisclosureError
        If given a rule in place of a gate; if given single records (events, points), which no rule can protect; if
        they are restricted: totals may have made their intervals narrower than those that the source publishes; or if
        they contradict what the gate has published, or can't be looked at together with it.
    """
    if not isinstance(gate, Gate):
        raise DisclosureError(
            "Counts are protected by a gate, which knows the other tables of the same records.",
            found=f"{gate!r} in place of a gate",
            advice='gate = hotspots.disclosure.Gate("nhs-digital"); hotspots.protect(counts, gate, scope=...)',
        )
    if noun.release == RESTRICTED:
        raise DisclosureError(
            f"{type(noun).__name__} is restricted and cannot be published.",
            found=f"the release mark {RESTRICTED!r}: true counts, or intervals that totals made narrower",
            advice="protect the counts as they were read from their source",
        )
    if isinstance(noun, AreaCounts) and isinstance(scope, Scope):
        return gate.counts(noun, records=records, scope=scope)
    if isinstance(noun, Series) and not isinstance(scope, Scope) and area is not None:
        return gate.series(noun, records=records, scopes=scope, area=area, whole_file=whole_file)
    if isinstance(noun, AreaCounts | Series):
        raise DisclosureError(
            f"It is not known which records the {noun.title} count.",
            found=f"scope {scope!r}",
            advice="counts by area have one Scope; counts by period have one for each row, and the area",
        )
    raise DisclosureError(
        f"{type(noun).__name__} can't be protected by suppressing small counts.",
        advice="count the events by area or by year first",
    )
