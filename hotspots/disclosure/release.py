"""The gate for numbers of the same records: each further table is published beside all that are published already."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hotspots.disclosure.partitions import safe_partitions
from hotspots.disclosure.programs import Systems
from hotspots.disclosure.scopes import finest_cells, likely_cells, linked
from hotspots.errors import DisclosureError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from hotspots.disclosure.scopes import Scope
    from hotspots.disclosure.tables import CountTable

__all__ = ["known_bounds", "publish_areas"]


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
    known = [known_bounds(table, row, plain.places) for table, row in rows]
    bounds = np.stack(known, axis=1) if known else np.empty((len(plain.places), 0, 2))
    counts = np.column_stack([plain.low[0], plain.high[0]])
    most = np.array([(people or {}).get(place, np.inf) for place in plain.places], dtype=float)
    found = _publish(bounds, counts, most, scopes, plain)
    return replace(plain, low=found[None, :, 0], high=found[None, :, 1])


def known_bounds(table: CountTable, row: int, places: Sequence[str]) -> NDArray[np.float64]:
    """Return the bounds of one row at these places; from 0 without an upper end where there is no number."""
    position = {place: number for number, place in enumerate(table.places)}
    found = np.tile([0.0, np.inf], (len(places), 1))
    for number, place in enumerate(places):
        if place in position and not np.isnan(table.low[row, position[place]]):
            found[number] = table.low[row, position[place]], table.high[row, position[place]]
    return found


def _need_same_areas(table: CountTable, plain: CountTable) -> None:
    shared = sorted(set(table.authorities) & set(plain.authorities))
    if table.geography != plain.geography and shared:
        raise DisclosureError(
            f"{plain.title} and {table.title} count the same records by different areas.",
            found=f"{plain.geography} and {table.geography} of {', '.join(shared)}",
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
        partitions = safe_partitions(known, cells, likely=likely_cells(scopes), rule=plain.rule)
        answers: dict[tuple[int, float, float], tuple[float, float]] = {}
        for place, system in zip(todo, pattern_of.ravel(), strict=True):
            key = int(system), *counts[place]
            if key not in answers:
                answers[key] = partitions.interval(counts[place, 0], counts[place, 1], int(system))
            if answers[key][0] <= answers[key][1]:
                found[place] = answers[key]
    if np.isnan(found[there]).any():
        wrong = plain.places[int(np.flatnonzero(there & np.isnan(found[:, 0]))[0])]
        raise DisclosureError(
            f"{plain.title} contradicts what is published of the same records.",
            found=f"the number of {wrong} can't be between the bounds that follow from earlier tables",
            advice="records were corrected since, or these are other records: see the ledger of releases",
        )
    return found
