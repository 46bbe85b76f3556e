"""The gate for counts by area: a further table is published beside all that are published already."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from hotspots.disclosure.release.beside import bounds_of, contradiction, need_same_areas, views_of
from hotspots.disclosure.release.partitions import safe_partitions
from hotspots.disclosure.release.publishing_totals import need_free_totals
from hotspots.disclosure.release.scopes import finest_cells, linked, readings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from hotspots.disclosure.release.scopes import Scope
    from hotspots.disclosure.release.tables import CountTable

__all__ = ["publish_areas"]

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
        need_same_areas(table, plain)
    scopes = [*(table.scopes[row] for table, row in rows), scope]
    read = readings(scopes)
    known = [bounds_of(table, row, plain.places) for table, row in rows]
    bounds = np.stack(known, axis=1) if known else np.empty((len(plain.places), 0, 2))
    counts = np.column_stack([plain.low[0], plain.high[0]])
    most = np.array([(people or {}).get(place, np.inf) for place in plain.places], dtype=float)
    most[most >= _FEW_PEOPLE] = np.inf
    found = _publish(bounds, counts, most, read, plain, mend_population_cut=mend_population_cut)
    published = replace(plain, low=found[None, :, 0], high=found[None, :, 1])
    need_free_totals(earlier, published)
    return published


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
            view for scopes in read for view in views_of(scopes, low, patterns[:, number:], certain=scopes is read[0])
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
        raise contradiction(plain, plain.places[int(np.flatnonzero(there & np.isnan(found[:, 0]))[0])])
    return found
