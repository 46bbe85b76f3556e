"""Tables of the same records beside each other: whether they can be compared, and what readers know from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hotspots.disclosure.release.partitions import Numbers, View
from hotspots.disclosure.release.programs import Systems
from hotspots.disclosure.release.scopes import finest_cells, likely_cells
from hotspots.disclosure.release.tables import WHOLE_FILE
from hotspots.errors import DisclosureError, list_briefly

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from hotspots.disclosure.release.scopes import Scope
    from hotspots.disclosure.release.tables import CountTable

__all__ = ["as_readers_may", "bounds_of", "contradiction", "need_same_areas", "views_of"]


def as_readers_may(likely: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """Return which cells readers may take to have records: all of them; and the likely ones alone, if others exist."""
    every = np.ones_like(likely)
    return [every] if likely.all() else [every, likely]


def bounds_of(table: CountTable, row: int, places: Sequence[str]) -> NDArray[np.float64]:
    """Return the bounds of one row at these places; from 0 without an upper end where there is no number."""
    position = {place: number for number, place in enumerate(table.places)}
    found = np.tile([0.0, np.inf], (len(places), 1))
    for number, place in enumerate(places):
        if place in position and not np.isnan(table.low[row, position[place]]):
            found[number] = table.low[row, position[place]], table.high[row, position[place]]
    return found


def need_same_areas(table: CountTable, plain: CountTable) -> None:
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


def views_of(
    scopes: Sequence[Scope], low: NDArray[np.float64], high: NDArray[np.float64], *, certain: bool = True
) -> list[View]:
    """Return what readers know, given bounds of each scope in each system; shape (systems, scopes)."""
    cells, likely = finest_cells(scopes), likely_cells(scopes)
    known = Systems(cells.astype(float), low, high)
    view = View(known, known, Numbers.of(cells), certain)
    return [view.only(kept) for kept in as_readers_may(likely)]


def contradiction(plain: CountTable, what: str) -> DisclosureError:
    """Return the error for a number that does not fit what is published."""
    return DisclosureError(
        f"{plain.title[:1].upper()}{plain.title[1:]} contradict what is published of the same records.",
        found=f"the number of {what} can't lie between the bounds that follow from earlier tables",
        advice="if these are other records, give the section its own source, or its years; if records were corrected "
        "since, publish only months that earlier runs did not have",
    )
