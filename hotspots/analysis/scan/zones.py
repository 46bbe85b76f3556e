"""Zones of a scan: around every area, the nearest ones up to a share of the people or a radius."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from hotspots.errors import AnalysisError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Zones", "circular_zones"]

LARGEST_SHARE: Final = 0.5
"""Of the people: what holds more than half is better seen as a gap outside it."""
FEWEST_AREAS: Final = 10
"""Areas with people below which a map has too few zones to speak of clusters."""
SAME_DISTANCE: Final = 1e-9
"""Distances that differ by less than this share are one."""


@dataclass(frozen=True, slots=True)
class Zones:
    """Nested zones: for every centre the areas by distance, and where in that order a zone may end.

    Parameters
    ----------
    order
        Positions of areas by distance from each centre (centres, k).
    ends
        Whether a zone ends there (centres, k): areas at one distance enter together.
    """

    order: NDArray[np.int32]
    ends: NDArray[np.bool_]

    def __len__(self) -> int:
        return int(self.ends.sum())

    def sums(self, values: Floats) -> Floats:
        """Return the sum of the values (n) over the areas of every zone (centres, k)."""
        return np.asarray(np.cumsum(values[self.order], axis=1), dtype=float)

    def members(self, centre: int, last: int) -> NDArray[np.int32]:
        """Return the positions of the areas in one zone."""
        return self.order[centre, : last + 1]


def circular_zones(
    points: Floats, people: Floats, *, share: float = LARGEST_SHARE, radius: float | None = None
) -> Zones:
    """Return the circular zones of a scan: around every area's point, the nearest areas.

    Parameters
    ----------
    points
        Easting and northing of every area, in metres (n, 2).
    people
        What the share is of, in every area (n): people, or expected events. Areas without any are in zones, but no
        centres.
    share
        Largest share of all people in a zone, at most one half.
    radius
        Largest radius in metres; none where None.

    Raises
    ------
    AnalysisError
        If the share is above one half, or fewer than ten areas have people.

    References
    ----------
    Kulldorff (1997), Communications in Statistics: Theory and Methods 26, 1481-1496.
    """
    from scipy.spatial import KDTree

    if not 0 < share <= LARGEST_SHARE:
        raise AnalysisError(
            f"A zone can't hold {100 * share:g}% of the people.",
            found=f"share = {share:g}",
            advice="give a share above 0 and at most 0.5: what lies in more than half of a map is no cluster",
        )
    inhabited = np.flatnonzero(people > 0)
    if len(inhabited) < FEWEST_AREAS:
        raise AnalysisError(
            "There are too few areas with people for a scan.",
            found=f"{len(inhabited):,} of {len(people):,} areas",
            advice=f"give at least {FEWEST_AREAS}",
        )
    tree, most, n = KDTree(points), share * people.sum() * (1 + 1e-12), len(people)
    reach = min(n, 64)
    while True:
        distance, order = (np.asarray(found) for found in tree.query(points[inhabited], k=np.arange(1, reach + 1)))
        # Ties by position, so that the order is the same on every machine.
        rank = np.lexsort((order, np.round(distance / max(distance.max(), 1e-300), 12)))
        distance, order = np.take_along_axis(distance, rank, 1), np.take_along_axis(order, rank, 1)
        held = np.cumsum(people[order], axis=1)
        outside = held > most
        if radius is not None:
            outside |= distance > radius * (1 + SAME_DISTANCE)
        # The last area read may be tied with the first one not read: it ends no zone unless it lies outside anyway.
        if reach == n or bool(outside[:, -1].all()):
            break
        reach = min(n, 2 * reach)
    # Areas at one distance enter together: a zone ends before a larger distance.
    next_one = np.column_stack([distance[:, 1:], np.full(len(distance), np.inf)])
    ends = (next_one > distance * (1 + SAME_DISTANCE) + SAME_DISTANCE) & ~outside
    width = int(np.flatnonzero(ends.any(axis=0)).max(initial=0)) + 1
    return Zones(order[:, :width].astype(np.int32), ends[:, :width])
