"""The gate for numbers of the same records: each further table is published beside all that are published already."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from hotspots.disclosure.release.partitions import Numbers, View, safe_partitions
from hotspots.disclosure.release.programs import Systems
from hotspots.disclosure.release.scopes import finest_cells, likely_cells, linked, position_of
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
    earlier: Sequence[CountTable], plain: CountTable, *, people: Mapping[str, float] | None = None
) -> CountTable:
    """Return a table by area as it may be published beside earlier ones of the same records.

    Parameters
    ----------
    earlier
        Tables by area that are published, in any order.
    plain
        The new table, with one scope, as the rule alone shows it.
    people
        Area id → people who live there. A count is taken to be no higher: a reader can cut its interval in this way.

    Raises
    ------
    DisclosureError
        If an earlier table of overlapping records has other areas, so that it can't be looked at together with this
        one; or if the new numbers contradict those that are published.
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
    known = [_bounds(table, row, plain.places) for table, row in rows]
    bounds = np.stack(known, axis=1) if known else np.empty((len(plain.places), 0, 2))
    counts = np.column_stack([plain.low[0], plain.high[0]])
    most = np.array([(people or {}).get(place, np.inf) for place in plain.places], dtype=float)
    most[most >= _FEW_PEOPLE] = np.inf
    found = _publish(bounds, counts, most, scopes, plain)
    return replace(plain, low=found[None, :, 0], high=found[None, :, 1])


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
    if shared and (table.geography != plain.geography or other_set):
        raise DisclosureError(
            f"{plain.title} and {table.title} count the same records by different areas.",
            found=f"{plain.geography} and {table.geography} in {list_briefly(shared)}"
            + (", other sets of areas" if other_set else ""),
            advice="publish both by the same areas, or only one of them",
        )


def _publish(
    bounds: NDArray[np.float64],
    counts: NDArray[np.float64],
    most: NDArray[np.float64],
    scopes: Sequence[Scope],
    plain: CountTable,
) -> NDArray[np.float64]:
    """Return the bounds to publish for each area: areas with the same published intervals are looked at once."""
    cells, number = finest_cells(scopes), len(scopes) - 1
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
        known = Systems(
            cells.astype(float),
            np.column_stack([patterns[:, :number], np.zeros(len(patterns))]),
            patterns[:, number:],
        )
        view, likely = View(known, known, Numbers.of(cells)), likely_cells(scopes)
        partitions = safe_partitions([view] if likely.all() else [view, view.only(likely)], plain.rule)
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


def _contradiction(plain: CountTable, what: str) -> DisclosureError:
    return DisclosureError(
        f"{plain.title[:1].upper()}{plain.title[1:]} contradict what is published of the same records.",
        found=f"the number of {what} can't lie between the bounds that follow from earlier tables",
        advice="if records were corrected since, publish only months that earlier runs did not have; if these are "
        "other records, give the section a source of its own",
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
    windows: dict[tuple[int, ...], _AreaTotals] = {}
    found = []
    for row, scope in enumerate(plain.scopes):
        low, high = _publish_total(areas, totals, windows, _Total(scope, plain.low[row, 0], plain.high[row, 0], plain))
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
    windows
        Totals that tell nothing about an area: for those who take some cells for empty too, where there are such cells.
        None where no such totals could be found.
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    cells: NDArray[np.bool_]
    windows: tuple[Window | None, ...]


def _publish_total(
    areas: Sequence[tuple[CountTable, int]],
    totals: Sequence[_Total],
    windows: dict[tuple[int, ...], _AreaTotals],
    new: _Total,
) -> tuple[float, float]:
    if np.isnan(new.low):
        return np.nan, np.nan
    known = [total for total in totals if not np.isnan(total.low)]
    scopes = [*(table.scopes[row] for table, row in areas), *(total.scope for total in known), new.scope]
    together = linked(finest_cells(scopes), len(scopes) - 1)
    by_area = tuple(int(number) for number in together if number < len(areas))
    for number in together[:-1]:
        table = areas[number][0] if number < len(areas) else known[number - len(areas)].table
        _need_same_areas(table, new.table)
    known = [known[number - len(areas)] for number in together[:-1] if number >= len(areas)]
    if by_area not in windows:
        windows[by_area] = _area_totals([areas[number] for number in by_area])
    of_areas = windows[by_area]
    if None in of_areas.windows:
        return np.nan, np.nan
    if by_area and _within(of_areas, [scopes[number] for number in together[:-1]], known, new):
        # Whatever the new number is, the totals say nothing about a single area: they are looked at alone.
        return _publish_total([], totals, windows, new)
    views = _views_of_totals([scopes[number] for number in together], known, of_areas, new)
    low, high = safe_partitions(views, new.table.rule).interval(new.low, new.high, 0)
    if low > high:
        raise _contradiction(new.table, new.scope.words)
    return low, high


def _views_of_totals(
    scopes: Sequence[Scope], known: Sequence[_Total], of_areas: _AreaTotals, new: _Total
) -> list[View]:
    """Return what readers know of totals, beside the windows in which these say nothing about a single area."""
    number = len(of_areas.low)
    cells, likely = finest_cells(scopes), likely_cells(scopes)
    # Records outside the areas add to the totals of a whole file.
    endless = new.table.region == WHOLE_FILE
    low = [*of_areas.low, *(total.low for total in known), 0.0]
    high = [*(total.high for total in known), np.inf]
    systems = Systems(
        cells.astype(float),
        np.array([low]),
        np.array([[*(np.full(number, np.inf) if endless else of_areas.high), *high]]),
    )
    charted = finest_cells(scopes[number:])
    numbers = Numbers.of(charted).in_cells(position_of(cells[number:], charted))
    by_area = position_of(cells[:number], of_areas.cells)
    views = []
    for kept in (np.ones(len(likely), dtype=bool), likely)[: 1 if likely.all() else 2]:
        shown = systems
        if number:
            window = of_areas.windows[0 if kept.all() else -1]
            assert window is not None
            top = np.full(len(window.high), np.inf) if endless else window.high
            shown = systems.with_rows(np.pad(window.rows, ((0, 0), (0, 1)))[:, by_area], window.low, top)
        view = View(systems, shown, numbers)
        views.append(view if kept.all() else view.only(kept))
    return views


def _within(of_areas: _AreaTotals, scopes: Sequence[Scope], known: Sequence[_Total], new: _Total) -> bool:
    """Return whether published totals lie within the windows of the areas, whatever else they are."""
    number = len(of_areas.low)
    if not known or not of_areas.cells.shape[1]:
        return False
    cells = finest_cells(scopes)
    charted = Systems(
        cells[number:].astype(float),
        np.array([[total.low for total in known]]),
        np.array([[total.high for total in known]]),
    )
    by_area = position_of(cells[:number], of_areas.cells)
    for window in of_areas.windows:
        assert window is not None
        least, most = charted.ranges(np.pad(window.rows, ((0, 0), (0, 1)))[:, by_area])
        if (least[:, 0] < window.low).any() or (new.table.region != WHOLE_FILE and (most[:, 0] > window.high).any()):
            return False
    return True


def _area_totals(rows: Sequence[tuple[CountTable, int]]) -> _AreaTotals:
    """Return what tables by area say of their totals. Areas without a number in one of them make up for nothing."""
    scopes = [table.scopes[row] for table, row in rows]
    if not rows:
        return _AreaTotals(np.zeros(0), np.zeros(0), np.zeros((0, 0), dtype=bool), ())
    cells, likely = finest_cells(scopes), likely_cells(scopes)
    places = tuple(dict.fromkeys(place for table, _ in rows for place in table.areas))
    bounds = np.stack([_bounds(table, row, places) for table, row in rows], axis=1)
    low, high = bounds[:, :, 0].sum(axis=0), bounds[:, :, 1].sum(axis=0)
    closed = bounds[np.isfinite(bounds).all(axis=(1, 2))]
    patterns, members = np.unique(closed.reshape(len(closed), -1), axis=0, return_counts=True)
    patterns = patterns.reshape(len(patterns), len(rows), 2)
    if not len(patterns):
        return _AreaTotals(low, high, cells, (None,))
    classes = Systems(cells.astype(float), patterns[:, :, 0], patterns[:, :, 1])
    windows = [free_totals(classes, members)]
    if not likely.all():
        windows.append(free_totals(classes.only(likely), members))
    return _AreaTotals(low, high, cells, tuple(windows))
