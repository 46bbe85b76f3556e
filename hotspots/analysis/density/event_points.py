"""The points and weights of events, inside and outside the study area."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from hotspots.errors import AnalysisError, list_briefly, suggest
from hotspots.model import Events, Note, StudyArea

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    from hotspots.analysis.common import Grid


# Whether a file of events goes on beyond the border of the study area: then the border needs no correction.

SHARE: Final = 0.25
"""A file goes on beyond the border where events there are at least this share as dense as just inside it."""

FEWEST_OUTSIDE: Final = 10
"""With fewer events in the outer strip the border is corrected, which is right in either case."""

CELLS: Final = 8
"""The strips along the border are counted on cells of about this part of their width."""


class Strips(NamedTuple):
    """Events per km² in the strips just inside and just outside the border, and the number of events outside."""

    inside: float
    outside: float
    events: int

    @property
    def goes_on(self) -> bool:
        """Whether the file holds events beyond the border too."""
        return self.events >= FEWEST_OUTSIDE and self.outside >= SHARE * self.inside


def border_strips(points: Floats, grid: Grid, *, width: float) -> Strips:
    """Return how dense points are in the strips `width` metres wide on both sides of the border.

    The strips are made of cells, so their edges are those of the cells.

    Parameters
    ----------
    points
        Easting and northing, shape (n, 2), in metres, inside and outside.
    """
    from scipy import ndimage

    # Coarser cells keep the distance transforms small; about CELLS of them across a strip measure its area.
    step = max(int(width / grid.side / CELLS), 1)
    side = step * grid.side
    margin = int(np.ceil(width / side)) + 1
    inside = np.pad(grid.inside[step // 2 :: step, step // 2 :: step], margin)
    # From centre to centre: the border lies half a cell before the first cell of the other side.
    to_outside = (ndimage.distance_transform_edt(inside) - 0.5) * side
    to_inside = (ndimage.distance_transform_edt(~inside) - 0.5) * side
    row = np.floor((grid.north - points[:, 1]) / side).astype(np.intp) + margin
    column = np.floor((points[:, 0] - grid.west) / side).astype(np.intp) + margin
    rows, columns = inside.shape
    on = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
    row, column = row[on], column[on]
    within, beyond = inside & (to_outside <= width), ~inside & (to_inside <= width)
    km2 = side**2 / 1e6
    here, there = int(within[row, column].sum()), int(beyond[row, column].sum())
    return Strips(here / max(int(within.sum()) * km2, km2), there / max(int(beyond.sum()) * km2, km2), there)


@dataclass(frozen=True, eq=False)
class Placed:
    """Points of events, shape (n, 2) in metres, what each counts, and which lie in the study area, shape (n,) each.

    `notes` say what was left out.
    """

    points: Floats
    weights: Floats
    inside: NDArray[np.bool_]
    notes: tuple[Note, ...] = ()

    def only(self, keep: NDArray[np.bool_]) -> Placed:
        """Return the events where `keep` is true."""
        return replace(self, points=self.points[keep], weights=self.weights[keep], inside=self.inside[keep])


def note_outside(number: int) -> tuple[Note, ...]:
    """Return how many events lie outside the study area, where some do."""
    words = f"Events outside the study area, and so not in the surface: {number:,}."
    return (Note(words, of="records", numbers=(number,)),) if number else ()


def place_events(events: Events, area: StudyArea, outline: Any, *, weights: str | None = None) -> Placed:
    """Return the events with a point; at least one must lie in the study area.

    Parameters
    ----------
    outline
        The union of the areas.
    weights
        A column of the events; every event counts 1 by default.

    Raises
    ------
    AnalysisError
        If no event has a point in the study area, or the weights are no numbers of 0 or more.
    """
    import shapely

    points = events.table[["easting", "northing"]].to_numpy(dtype=float, na_value=np.nan)
    known = ~np.isnan(points).any(axis=1)
    if not known.any():
        raise AnalysisError(
            f"The {events.title} have no points, so no surface can be made of them.",
            found=f"{len(events):,} events, 0 with easting and northing",
            advice="use the results by area, or give events with coordinates",
        )
    counts = np.ones(len(points)) if weights is None else _weights(events, weights)
    points, counts = points[known], counts[known]
    shapely.prepare(outline)
    inside = shapely.intersects_xy(outline, points[:, 0], points[:, 1])
    if not inside.any():
        west, south, east, north = area.areas.total_bounds
        first = points[0]
        raise AnalysisError(
            f"No event of the {events.title} lies in the study area.",
            found=f"{len(points):,} points, the first at {first[0]:.0f} {first[1]:.0f}; the area reaches from "
            f"{west:.0f} {south:.0f} to {east:.0f} {north:.0f}",
            advice="check the coordinate system of the events (it must be EPSG:27700) and the study area",
        )
    if not counts[inside].any():
        raise AnalysisError(
            f"The weights in column {weights!r} of the {events.title} are all 0 in the study area.",
            found=f"{int(inside.sum()):,} events",
            advice="choose another column, or leave the weights out",
        )
    left_out = len(events) - len(points)
    words = f"Events without a point, and so not in the surface: {left_out:,}."
    notes = (Note(words, of="records", numbers=(left_out,)),) if left_out else ()
    return Placed(points, counts, inside, notes)


def _weights(events: Events, column: str) -> Floats:
    """Return the numbers of a column; each must be known and not below 0."""
    import pandas as pd

    table = events.table
    if column not in table.columns:
        raise AnalysisError(
            f"The {events.title} have no column {column!r} to weigh them by.",
            found=f"columns {list_briefly(table.columns, most=12)}",
            advice=suggest(column, table.columns, otherwise="name a column of numbers"),
        )
    numbers = pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    wrong = ~(np.isfinite(numbers) & (numbers >= 0))
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        raise AnalysisError(
            f"Weights in column {column!r} of the {events.title} must be numbers of 0 or more.",
            found=f"{int(wrong.sum()):,} others, the first '{table[column].iloc[first]}' in row {first + 1:,}",
            advice="fill them in, or leave those events out",
        )
    return numbers
