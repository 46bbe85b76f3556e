"""The gate for numbers of the same records: each further table is published beside all that are published already."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from hotspots.disclosure.release.partitions import Numbers, View, safe_partitions
from hotspots.disclosure.release.programs import Systems
from hotspots.disclosure.release.scopes import finest_cells, likely_cells, linked, position_of, readings
from hotspots.disclosure.release.tables import WHOLE_FILE
from hotspots.disclosure.release.totals import Window, free_totals
from hotspots.errors import DisclosureError, list_briefly

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from hotspots.disclosure.release.scopes import Scope
    from hotspots.disclosure.release.tables import CountTable

__all__ = ["publish_areas", "publish_totals"]

_FEW_PEOPLE: Final = 100
"""In areas with this many people and more, their number says nothing about a count."""


def publish_areas(
    earlier: Sequence[CountTable],
    plain: CountTable,
    *,
    people: Mapping[str, float] | None = None,
    mend_population_cut: bool = False,
) -> CountTable:
    """Return a table by area as it may be published beside earlier ones of the same records.

    Parameters
    ----------
    earlier
        All tables that are published, in any order.
    plain
        The new table, with one scope, as the rule alone shows it.
    people
        Area id → people who live there. A count is taken to be no higher: a reader can cut its interval in this way.
    mend_population_cut
        Whether an interval that is cut in this way must have as many values as the rule shows, if need be by joining
        all counts from 0 on.

    Raises
    ------
    DisclosureError
        If an earlier table of overlapping records has other areas, so that it can't be looked at together with this
        one; if earlier totals of them could narrow the new numbers; or if these contradict what is published.
    """
    (scope,) = plain.scopes
    rows = [
        (table, row)
        for table in earlier
        if table.records == plain.records and not table.is_total
        for row in range(len(table.scopes))
    ]
    cells = finest_cells([*(table.scopes[row] for table, row in rows), scope])
    together = [number for number in linked(cells, len(rows)) if number < len(rows)]
    rows = [rows[number] for number in together]
    for table, _ in rows:
        _need_same_areas(table, plain)
    scopes = [*(table.scopes[row] for table, row in rows), scope]
    read = readings(scopes)
    known = [_bounds(table, row, plain.places) for table, row in rows]
    bounds = np.stack(known, axis=1) if known else np.empty((len(plain.places), 0, 2))
    counts = np.column_stack([plain.low[0], plain.high[0]])
    most = np.array([(people or {}).get(place, np.inf) for place in plain.places], dtype=float)
    most[most >= _FEW_PEOPLE] = np.inf
    found = _publish(bounds, counts, most, read, plain, mend_population_cut=mend_population_cut)
    published = replace(plain, low=found[None, :, 0], high=found[None, :, 1])
    _need_free_totals(earlier, published)
    return published


def _as_readers_may(likely: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """Return which cells readers may take to have records: all of them; and the likely ones alone, if others exist."""
    every = np.ones_like(likely)
    return [every] if likely.all() else [every, likely]


def _bounds(table: CountTable, row: int, places: Sequence[str]) -> NDArray[np.float64]:
    """Return the bounds of one row at these places; from 0 without an upper end where there is no number."""
    position = {place: number for number, place in enumerate(table.places)}
    found = np.tile([0.0, np.inf], (len(places), 1))
    for number, place in enumerate(places):
        if place in position and not np.isnan(table.low[row, position[place]]):
            found[number] = table.low[row, position[place]], table.high[row, position[place]]
    return found


def _need_same_areas(table: CountTable, plain: CountTable) -> None:
    """Refuse tables that can't be looked at together: of other areas, other sets of areas, or unknown overlap."""
    columns = [{kind for kind in one.scopes[0].kinds if kind.startswith("column=")} for one in (table, plain)]
    if columns[0] != columns[1]:
        raise DisclosureError(
            f"It is not known which records {plain.title} and {table.title} have in common.",
            found=f"columns {' and '.join(sorted(kind.removeprefix('column=') for kind in columns[0] | columns[1]))}",
            advice="publish one of them, or give the sections sources of their own if no one is counted in both",
        )
    shared = sorted(set(table.authorities) & set(plain.authorities))
    totals = table.is_total or plain.is_total
    other_set = totals and WHOLE_FILE not in (table.region, plain.region) and table.region != plain.region
    # Areas without authorities may lie anywhere.
    apart = table.authorities and plain.authorities and not shared
    if not apart and (table.geography != plain.geography or other_set):
        raise DisclosureError(
            f"{plain.title} and {table.title} count the same records by different areas.",
            found=f"{plain.geography} and {table.geography}{' in ' * bool(shared)}{list_briefly(shared)}"
            + (", other sets of areas" if other_set else ""),
            advice="publish both by the same areas, or only one of them",
        )


def _publish(
    bounds: NDArray[np.float64],
    counts: NDArray[np.float64],
    most: NDArray[np.float64],
    read: Sequence[Sequence[Scope]],
    plain: CountTable,
    *,
    mend_population_cut: bool,
) -> NDArray[np.float64]:
    """Return the bounds to publish for each area: areas with the same published intervals are looked at once."""
    number = bounds.shape[1]
    found = np.full_like(counts, np.nan)
    there = ~np.isnan(counts[:, 0])
    # More events than people: the number of people tells nothing.
    low = np.column_stack([bounds[:, :, 0], counts[:, 0]])
    most = np.where((low > most[:, None]).any(axis=1), np.inf, most)
    for cut in (most, np.full_like(most, np.inf)):
        todo = np.flatnonzero(there & np.isnan(found[:, 0]))
        if not len(todo):
            break
        high = np.minimum(bounds[todo, :, 1], cut[todo, None])
        given = np.column_stack([bounds[todo, :, 0], high, cut[todo]])
        patterns, pattern_of = np.unique(given, axis=0, return_inverse=True)
        low = np.column_stack([patterns[:, :number], np.zeros(len(patterns))])
        views = [
            view for scopes in read for view in _views_of(scopes, low, patterns[:, number:], certain=scopes is read[0])
        ]
        partitions = safe_partitions(
            views,
            plain.rule,
            whole=mend_population_cut & np.isfinite(patterns[:, -1]),
        )
        answers: dict[tuple[int, float, float], tuple[float, float]] = {}
        for place, system in zip(todo, pattern_of.ravel(), strict=True):
            key = int(system), *counts[place]
            if key not in answers:
                answers[key] = partitions.interval(counts[place, 0], counts[place, 1], int(system))
            if answers[key][0] <= answers[key][1]:
                found[place] = answers[key]
    if np.isnan(found[there]).any():
        raise _contradiction(plain, plain.places[int(np.flatnonzero(there & np.isnan(found[:, 0]))[0])])
    return found


def _views_of(
    scopes: Sequence[Scope], low: NDArray[np.float64], high: NDArray[np.float64], *, certain: bool = True
) -> list[View]:
    """Return what readers know, given bounds of each scope in each system; shape (systems, scopes)."""
    cells, likely = finest_cells(scopes), likely_cells(scopes)
    known = Systems(cells.astype(float), low, high)
    view = View(known, known, Numbers.of(cells), certain)
    return [view.only(kept) for kept in _as_readers_may(likely)]


def _contradiction(plain: CountTable, what: str) -> DisclosureError:
    return DisclosureError(
        f"{plain.title[:1].upper()}{plain.title[1:]} contradict what is published of the same records.",
        found=f"the number of {what} can't lie between the bounds that follow from earlier tables",
        advice="if these are other records, give the section its own source, or its years; if records were corrected "
        "since, publish only months that earlier runs did not have",
    )


# --------------------------------------------------------------------------- totals


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
        bounds = np.stack([_bounds(table, row, places) for table, row in rows], axis=1)
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
            for kept in _as_readers_may(areas.likely)
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
        _need_same_areas(tables[number], new.table)
    every = readings(scopes)
    views: list[View] = []
    for one in every:
        found = _views_of_total(areas, known, new, one, read, certain=one is every[0])
        if found is None:
            return np.nan, np.nan
        views += found
    low, high = safe_partitions(views, new.table.rule).interval(new.low, new.high, 0)
    if low > high:
        raise _contradiction(new.table, new.scope.words)
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


def _need_free_totals(earlier: Sequence[CountTable], published: CountTable) -> None:
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
            _need_same_areas(totals[number].table, published)
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
    return _views_of(scopes, low, high, certain=certain)


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
    for kept in _as_readers_may(likely):
        window = windows[0 if kept.all() else -1]
        assert window is not None
        rows = beside.lifted(window.rows)
        top = np.full(len(window.high), np.inf) if beside.whole_file else window.high
        least, most = totals_alone.ranges(rows)
        said = said or not beside.known or bool((least[:, 0] < window.low).any() or (most[:, 0] > top).any())
        view = View(systems, systems.with_rows(rows, window.low, top), numbers, certain)
        views.append(view.only(kept))
    return views if said else []
