"""What earlier runs published of the same records, and whether these records are still the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hotspots.disclosure.earlier.fingerprints import need_apart, new_private, read_private, write_private
from hotspots.disclosure.earlier.ledger import need_newest, need_writable, read_ledger
from hotspots.disclosure.release import ALL_MONTHS
from hotspots.errors import DisclosureError, plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hotspots.disclosure.earlier.fingerprints import Fingerprints
    from hotspots.disclosure.release import Correction, CountTable, Scope
    from hotspots.model import Events

__all__ = ["Memory", "open_memory"]

IDENTIFYING = ("area_code", "easting", "northing", "when", "kind", "age")
"""Columns by which a record is known again, as far as a file has them."""


class Memory:
    """The ledger of published runs, and the private file with fingerprints of records if there is one.

    Parameters
    ----------
    folder
        The ledger.
    private_path
        The private file; None if the study names none.
    coarsens
        Whether corrected records may be published again, in intervals that give nothing back.
    """

    def __init__(self, folder: Path, private_path: Path | None, *, coarsens: bool = False) -> None:
        self.ledger = read_ledger(folder)
        self.private_path = private_path
        self.private = None if private_path is None else read_private(private_path) or new_private()
        if self.private is not None:
            need_newest(self.ledger, self.private.newest)
        self.coarsens = coarsens
        self.fresh: dict[str, Fingerprints] = {}
        self._corrections: dict[str, tuple[Correction, ...]] = {}

    def wants(self, records: str) -> bool:
        """Return whether the fingerprints of these records are needed and not there yet."""
        return self.private is not None and records not in self.fresh

    def look_at(self, records: str, events: Events) -> None:
        """Take the fingerprints of all records of a source that `wants` them, before any are chosen by year or age."""
        assert self.private is not None
        self.fresh[records] = self.private.fingerprint(
            events.table[[column for column in IDENTIFYING if column in events.table.columns]],
            records=records,
            places=events.table["area_code"],
            # A file says of each month which records there are, even if there are none: one that has lost some changed.
            months=ALL_MONTHS,
            undated=True,
        )

    def after_corrections(self, new: CountTable) -> CountTable:
        """Return a new table with the corrections of its records since earlier runs counted them.

        Raises
        ------
        DisclosureError
            If it counts records again that are not known to be the same, or were corrected and may not be published
            again. It names both tables.
        """
        known = self.private is not None and new.records in self.fresh
        if self.coarsens and known:
            corrections = self._corrections_of(new.records)
            return replace(new, scopes=tuple(scope.corrected(corrections) for scope in new.scopes))
        # A table that was published before gets the same intervals again, or contradicts them: it tells nothing new.
        if not any(table.repeats(new) for table in self.ledger.tables):
            for entry in self.ledger.entries:
                for table in entry.tables:
                    if table.records == new.records:
                        self._need_unchanged(table, new, entry.number)
        return new

    def _corrections_of(self, records: str) -> tuple[Correction, ...]:
        """Return all corrections of these records: those that the ledger has, and one since its last entry if any."""
        if records not in self._corrections:
            scopes = [
                (entry.number, scope)
                for entry in self.ledger.entries
                for table in entry.tables
                if table.records == records
                for scope in table.scopes
            ]
            known = sorted({one for _, scope in scopes for one in scope.corrections}, key=lambda one: one[2])
            months = {
                month for number, scope in scopes for month in self._changed_months(records, number, scope, known)
            }
            if months:
                known.append((min(months), max(months), len(self.ledger.entries) + 1))
            self._corrections[records] = tuple(known)
        return self._corrections[records]

    def _changed_months(self, records: str, entry: int, scope: Scope, known: Sequence[Correction]) -> Iterator[int]:
        """Give months whose records are not those behind an entry, unless a correction that the ledger has says so."""
        assert self.private is not None
        now, late = self.fresh[records], [one for one in known if one[2] > entry]
        cells = self.private.changed_cells(records, now, entry=entry, months=scope.months, undated=scope.undated)
        months: set[int | None] = {month for _, month in cells or ()}
        if cells is None:  # it is not known
            months.update(range(scope.months[0], scope.months[1] + 1), (None,) * scope.undated)
        latest = self.private.changed_since_last(records, now)
        for month in months:
            # A record without a date may be of any month.
            for one in ALL_MONTHS if month is None else (month,):
                if month in latest or not any(first <= one <= last for first, last, _ in late):
                    yield one

    def _need_unchanged(self, table: CountTable, new: CountTable, entry: int) -> None:
        both = [(one, other) for one in table.scopes for other in new.scopes if one.overlaps(other)]
        if not both:
            return
        pair = f"{new.title} and {table.title} (entry {entry} of {self.ledger.folder})"
        if self.private is None or new.records not in self.fresh:
            raise DisclosureError(
                f"{pair} count the same records.",
                found="it is not known whether these records have changed since, so that the difference could be told",
                advice="name the private_file that the earlier run kept, or publish other months, or make the study "
                "restricted",
            )
        places = {*table.areas, *new.areas, ""}
        changed = self.private.changed(
            new.records,
            self.fresh[new.records],
            entry=entry,
            months=(
                min(max(one.months[0], other.months[0]) for one, other in both),
                max(min(one.months[1], other.months[1]) for one, other in both),
            ),
            undated=any(one.undated and other.undated for one, other in both),
            places=places,
        )
        if changed:
            raise DisclosureError(
                f"{pair} count the same records, and these were corrected in between.",
                found=f"other records in {plural(len(changed - {''}), 'area')} than the earlier run had, or not known",
                advice="publish only months that the earlier run did not have, make the study restricted, or publish "
                'all of them in wider intervals: corrections = "coarsen"',
            )

    def keep(self, tables: Sequence[CountTable], **run: Any) -> None:
        """Write what was published, as the last step of a run.

        First the ledger, then the private file: a run that stops in between counts as one whose records are not known.
        """
        entry = self.ledger.add(tables=tables, **run)
        if self.private is None or self.private_path is None or entry.number <= len(self.ledger.entries):
            return
        private = read_private(self.private_path) or self.private
        for records, fresh in self.fresh.items():
            private = private.with_run(records, fresh, entry=entry.number, checksum=entry.checksum)
        write_private(self.private_path, private)


def open_memory(
    folder: Path, private_path: Path | None, *, outputs: Path, writing: bool, coarsens: bool = False
) -> Memory:
    """Return what earlier runs published.

    Parameters
    ----------
    folder, private_path
        The ledger, and the private file if there is one.
    outputs
        The folder that a run replaces: neither may be in it.
    writing
        Whether the run will publish.
    coarsens
        As in `Memory`.

    Raises
    ------
    DisclosureError
        If one of them can't be read, is damaged or older than known, or could not be written.
    """
    if writing:
        need_writable(folder, outputs=outputs)
    if private_path is not None:
        need_apart(private_path, ledger=folder, outputs=outputs)
    return Memory(folder, private_path, coarsens=coarsens)
