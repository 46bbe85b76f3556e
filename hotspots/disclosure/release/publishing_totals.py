"""The gate for totals: a chart is published beside all tables of the same records that are published already."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hotspots.disclosure.release.beside import as_readers_may, bounds_of, contradiction, need_same_areas, views_of
from hotspots.disclosure.release.partitions import Numbers, View, safe_partitions
from hotspots.disclosure.release.programs import Systems
from hotspots.disclosure.release.scopes import finest_cells, likely_cells, linked, position_of, readings
from hotspots.disclosure.release.tables import WHOLE_FILE
from hotspots.disclosure.release.totals import Window, free_totals
from hotspots.errors import DisclosureError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from hotspots.disclosure.release.scopes import Scope
    from hotspots.disclosure.release.tables import CountTable

__all__ = ["need_free_totals", "publish_totals"]


def publish_totals(earlier: Sequence[CountTable], plain: CountTable) -> CountTable:
    """Return totals as they may be published beside earlier tables of the same records.

    Parameters
    ----------
    earlier
        All tables that are published, in any order.
    plain
        The new totals, as the rule alone shows them.

    Returns
    -------
    CountTable
        Bounds are missing where no interval could be shown to leave all areas as uncertain as they were.

    Raises
    ------
    DisclosureError
        As `publish_areas`.
    """
    same = [table for table in earlier if table.records == plain.records]
    areas = [(table, row) for table in same if not table.is_total for row in range(len(table.scopes))]
    totals = [
        _Total(scope, table.low[row, 0], table.high[row, 0], table)
        for table in same
        if table.is_total
        for row, scope in enumerate(table.scopes)
    ]
    read: _Read = {}
    found = []
    for row, scope in enumerate(plain.scopes):
        low, high = _publish_total(areas, totals, read, _Total(scope, plain.low[row, 0], plain.high[row, 0], plain))
        found.append((low, high))
        totals.append(_Total(scope, low, high, plain))
    bounds = np.array(found).reshape(-1, 2)
    return replace(plain, low=bounds[:, [0]], high=bounds[:, [1]])


@dataclass(frozen=True, slots=True)
class _Total:
    """One total, between two bounds; both are missing where there is none."""

    scope: Scope
    low: float
    high: float
    table: CountTable


@dataclass(frozen=True, eq=False, slots=True)
class _AreaTotals:
    """What tables by area say of the totals of all areas.

    Parameters
    ----------
    low, high
        Bounds of the total of each table.
    cells
        The finest cells of the tables: shape (tables, cells).
    likely
        Cells that may have records; readers may take the others for empty.
    classes, members
        The systems of areas with the same intervals, and how many there are. Areas without any number are left out:
        they make up for nothing. None are here if there are areas whose numbers have no end in some cell.
    empty
        Whether no area has any number.
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    cells: NDArray[np.bool_]
    likely: NDArray[np.bool_]
    classes: Systems
    members: NDArray[np.intp]
    empty: bool

    @classmethod
    def of(cls, rows: Sequence[tuple[CountTable, int]], scopes: Sequence[Scope]) -> _AreaTotals:
        """Return what these tables say, if they count these records."""
        cells = finest_cells(scopes)
        places = tuple(dict.fromkeys(place for table, _ in rows for place in table.areas))
        bounds = np.stack([bounds_of(table, row, places) for table, row in rows], axis=1)
        ended = np.isfinite(bounds[:, :, 1])
        closed = np.all(np.any(ended[:, :, None] & cells, axis=1), axis=1)
        without = ~np.any(ended, axis=1)
        # An area with a number in one table, and none in another that could end it, can't be shown to stay uncertain.
        shown = bounds[closed] if np.all(closed | without) else bounds[:0]
        patterns, members = np.unique(shown.reshape(len(shown), 2 * len(rows)), axis=0, return_counts=True)
        patterns = patterns.reshape(len(patterns), len(rows), 2)
        return cls(
            bounds[:, :, 0].sum(axis=0),
            bounds[:, :, 1].sum(axis=0),
            cells,
            likely_cells(scopes),
            Systems(cells.astype(float), patterns[:, :, 0], patterns[:, :, 1]),
            members,
            bool(np.all(without)),
        )

    @property
    def possible(self) -> bool:
        """Whether there can be records that the tables count in this way."""
        return not len(self.members) or self.classes.some_solution() is not None


_Read = dict[tuple[tuple[int, "Scope"], ...], _AreaTotals]
"""What tables by area say, by their numbers and the records that they count."""


@dataclass(frozen=True, eq=False, slots=True)
class _Beside:
    """A new total, the totals that are published beside it, and what tables by area say.

    Parameters
    ----------
    areas
        The tables by area.
    known
        Published totals of some of the same records.
    new
        The new total.
    scopes
        The scopes of the tables by area, of the known totals and of the new one.
    """

    areas: _AreaTotals
    known: Sequence[_Total]
    new: _Total
    scopes: Sequence[Scope]

    @property
    def number(self) -> int:
        """Number of tables by area."""
        return len(self.areas.low)

    def cells(self) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
        """Return the finest cells of all scopes, and of which cell of the areas each is a part."""
        cells = finest_cells(self.scopes)
        return cells, position_of(cells[: self.number], self.areas.cells)

    def lifted(self, rows: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return numbers given in cells of the areas in the finest cells of all scopes."""
        _, by_area = self.cells()
        return np.pad(rows, ((0, 0), (0, 1)))[:, by_area]

    def windows(self, *, all_alike: bool) -> list[Window | None]:
        """Return the window of totals that say nothing about an area; and one where some cells are taken for empty.

        It is widest for the new total, unless all totals matter alike.
        """
        cells, by_area = self.cells()
        charted = Systems(
            cells[self.number : -1].astype(float),
            np.array([[total.low for total in self.known]]),
            np.array([[total.high for total in self.known]]),
        )

        def known(rows: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
            least, most = charted.ranges(self.lifted(rows))
            return least[:, 0], most[:, 0]

        areas = self.areas
        wanted = np.isin(np.arange(areas.cells.shape[1]), by_area[cells[-1]])
        return [
            free_totals(
                areas.classes,
                areas.members,
                kept=kept,
                wanted=None if all_alike else wanted,
                known=known if self.known and not self.whole_file else None,
            )
            for kept in as_readers_may(areas.likely)
        ]

    @property
    def whole_file(self) -> bool:
        """Whether records outside the areas add to the totals."""
        return self.new.table.region == WHOLE_FILE


def _publish_total(
    areas: Sequence[tuple[CountTable, int]],
    totals: Sequence[_Total],
    read: _Read,
    new: _Total,
) -> tuple[float, float]:
    if np.isnan(new.low):
        return np.nan, np.nan
    known = [total for total in totals if not np.isnan(total.low)]
    tables = [*(table for table, _ in areas), *(total.table for total in known), new.table]
    scopes = [*(table.scopes[row] for table, row in areas), *(total.scope for total in known), new.scope]
    for number in linked(finest_cells(scopes), len(scopes) - 1)[:-1]:
        need_same_areas(tables[number], new.table)
    every = readings(scopes)
    views: list[View] = []
    for one in every:
        found = _views_of_total(areas, known, new, one, read, certain=one is every[0])
        if found is None:
            return np.nan, np.nan
        views += found
    low, high = safe_partitions(views, new.table.rule).interval(new.low, new.high, 0)
    if low > high:
        raise contradiction(new.table, new.scope.words)
    return low, high


def _views_of_total(
    areas: Sequence[tuple[CountTable, int]],
    known: Sequence[_Total],
    new: _Total,
    scopes: Sequence[Scope],
    read: _Read,
    *,
    certain: bool,
) -> list[View] | None:
    """Return what readers know of a new total if all count these records; None where nothing can be shown."""
    together = linked(finest_cells(scopes), len(scopes) - 1)
    beside = [known[number - len(areas)] for number in together[:-1] if number >= len(areas)]
    by_area = [int(number) for number in together if number < len(areas)]
    if not by_area:
        return _views(beside, [scopes[number] for number in together], certain=certain)
    key = tuple((number, scopes[number]) for number in by_area)
    if key not in read:
        read[key] = _AreaTotals.of([areas[number] for number in by_area], [scopes[number] for number in by_area])
    if not read[key].empty:
        if not certain and not read[key].possible:
            return []
        views = _views_beside_areas(
            _Beside(read[key], beside, new, [scopes[number] for number in together]), certain=certain
        )
        if views is None or views:
            return views
    return _views_of_total([], known, new, scopes[len(areas) :], read, certain=certain)


def need_free_totals(earlier: Sequence[CountTable], published: CountTable) -> None:
    """Refuse a table by area that totals which are published already could narrow."""
    same = [table for table in earlier if table.records == published.records]
    areas = [(table, row) for table in [*same, published] if not table.is_total for row in range(len(table.scopes))]
    totals = [
        _Total(scope, table.low[row, 0], table.high[row, 0], table)
        for table in same
        if table.is_total
        for row, scope in enumerate(table.scopes)
        if not np.isnan(table.low[row, 0])
    ]
    scopes = [*(table.scopes[row] for table, row in areas), *(total.scope for total in totals)]
    linked_totals = [number - len(areas) for number in linked(finest_cells(scopes), len(areas) - 1)]
    for number in linked_totals:
        if number >= 0:
            need_same_areas(totals[number].table, published)
    every = readings(scopes)
    for one in every:
        narrowing = _narrowing_total(areas, totals, one, certain=one is every[0])
        if narrowing is not None:
            raise DisclosureError(
                f"{narrowing.table.title} could narrow {published.title}.",
                found="totals that are published already, close to the lowest or highest that the areas can add up to",
                advice="publish fewer ages or other years by area, or make the study restricted",
            )


def _narrowing_total(
    areas: Sequence[tuple[CountTable, int]], totals: Sequence[_Total], scopes: Sequence[Scope], *, certain: bool
) -> _Total | None:
    """Return a total that could narrow the last table by area, if all count these records."""
    together = linked(finest_cells(scopes), len(areas) - 1)
    totals = [totals[number - len(areas)] for number in together if number >= len(areas)]
    if not totals:
        return None
    by_area = [number for number in together if number < len(areas)]
    read = _AreaTotals.of([areas[number] for number in by_area], [scopes[number] for number in by_area])
    if not certain and not read.possible:
        return None
    # The last total stands in for a new one: what is asked is whether all of them fit a window.
    beside = _Beside(read, totals, totals[-1], [*(scopes[number] for number in together), scopes[together[-1]]])
    views = _views_beside_areas(beside, certain=certain, all_alike=True)
    if views is None:
        return totals[-1]
    for view in views:
        # Whoever takes wrong things for certain learns nothing.
        wrong = not certain and view.known.some_solution() is None
        if not wrong and view.shown.some_solution() is None:
            return totals[-1]
    return None


def _views(known: Sequence[_Total], scopes: Sequence[Scope], *, certain: bool) -> list[View]:
    """Return what readers know of totals where no table by area has the same records."""
    low = np.array([[*(total.low for total in known), 0.0]])
    high = np.array([[*(total.high for total in known), np.inf]])
    return views_of(scopes, low, high, certain=certain)


def _views_beside_areas(beside: _Beside, *, certain: bool, all_alike: bool = False) -> list[View] | None:
    """Return what readers know of totals, where these must say nothing about a single area.

    Returns
    -------
    list of View or None
        Empty where the published totals say nothing already, whatever the new one is; None where nothing can be shown.
    """
    windows, areas, number = beside.windows(all_alike=all_alike), beside.areas, beside.number
    if None in windows:
        return None
    cells, _ = beside.cells()
    likely = likely_cells(beside.scopes)
    systems = Systems(
        cells.astype(float),
        np.array([[*areas.low, *(total.low for total in beside.known), 0.0]]),
        np.array(
            [
                [
                    *(np.full(number, np.inf) if beside.whole_file else areas.high),
                    *(total.high for total in beside.known),
                    np.inf,
                ]
            ]
        ),
    )
    charted = finest_cells(beside.scopes[number:])
    numbers = Numbers.of(charted).in_cells(position_of(cells[number:], charted))
    totals_alone = Systems(systems.rows[number:-1], systems.low[:, number:-1], systems.high[:, number:-1])
    views, said = [], False
    for kept in as_readers_may(likely):
        window = windows[0 if kept.all() else -1]
        assert window is not None
        rows = beside.lifted(window.rows)
        top = np.full(len(window.high), np.inf) if beside.whole_file else window.high
        least, most = totals_alone.ranges(rows)
        said = said or not beside.known or bool((least[:, 0] < window.low).any() or (most[:, 0] > top).any())
        view = View(systems, systems.with_rows(rows, window.low, top), numbers, certain)
        views.append(view.only(kept))
    return views if said else []
