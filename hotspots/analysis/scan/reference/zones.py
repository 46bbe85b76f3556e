"""Zones of a scan: around every area, the nearest ones up to a share of the people or a radius."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from hotspots.errors import AnalysisError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.spatial import KDTree

    Floats = NDArray[np.float64]

__all__ = ["Zones", "circular_zones", "elliptic_zones"]

LARGEST_SHARE: Final = 0.5
"""Of the people: what holds more than half is better seen as a gap outside it."""
FEWEST_AREAS: Final = 10
"""Areas with people below which a map has too few zones to speak of clusters."""
MOST_CELLS: Final = 60_000_000
"""Pairs of a centre and an area: some 40 bytes each while zones are made, 100 while they are compared."""
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
    shapes, angles
        Longer over shorter axis, and degrees of the longer one from east anticlockwise, of every row (centres); None
        where all are circles.
    exponent
        Of the penalty of long ellipses.
    """

    order: NDArray[np.int32]
    ends: NDArray[np.bool_]
    shapes: Floats | None = None
    angles: Floats | None = None
    exponent: float = 0.0

    def __len__(self) -> int:
        return int(self.ends.sum())

    def sums(self, values: Floats) -> Floats:
        """Return the sum of the values (n) over the areas of every zone (centres, k)."""
        return np.asarray(np.cumsum(values[self.order], axis=1), dtype=float)

    def members(self, centre: int, last: int) -> NDArray[np.int32]:
        """Return the positions of the areas in one zone."""
        return self.order[centre, : last + 1]

    @property
    def penalties(self) -> Floats:
        """By what the statistics of every row are multiplied (centres): 4 s / (s + 1)^2 to the exponent, 1 of circles.

        Kulldorff, Huang, Pickle and Duczmal (2006), section 2.3.
        """
        if self.shapes is None:
            return np.ones(len(self.order))
        return np.asarray((4 * self.shapes / (self.shapes + 1) ** 2) ** self.exponent)

    def form(self, centre: int) -> tuple[float, float]:
        """Return shape and angle of the zones of one row."""
        if self.shapes is None or self.angles is None:
            return 1.0, 0.0
        return float(self.shapes[centre]), float(self.angles[centre])


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
    if radius is None:
        # An average zone of the largest share has this share of the areas.
        _need_room(round(len(inhabited) * n * share), share)
        reach = min(n, max(reach, round(1.25 * share * n)))
    while True:
        _need_room(len(inhabited) * reach, share)
        distance, order = _nearest(tree, points[inhabited], reach)
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


def _nearest(tree: KDTree, points: Floats, number: int) -> tuple[Floats, NDArray[np.intp]]:
    """Return distances and positions of the nearest areas (centres, number); ties by position, on every machine."""
    distance, order = (np.asarray(found) for found in tree.query(points, k=np.arange(1, number + 1)))
    rounded = np.round(distance / max(distance.max(), 1e-300), 12)
    # Nearly all rows are in order as they are.
    odd = ((rounded[:, 1:] == rounded[:, :-1]) & (order[:, 1:] < order[:, :-1])).any(axis=1)
    rank = np.lexsort((order[odd], rounded[odd]))
    distance[odd], order[odd] = np.take_along_axis(distance[odd], rank, 1), np.take_along_axis(order[odd], rank, 1)
    return distance, order


def _need_room(cells: int, share: float) -> None:
    if cells > MOST_CELLS:
        raise AnalysisError(
            f"Zones with up to {100 * share:g}% of the people are too many for this map.",
            found=f"about {cells:,} pairs of a centre and an area",
            advice="give a smaller share of the people, or a radius",
        )


ANGLES: Final = {1.0: 1, 1.5: 4, 2.0: 6, 3.0: 9, 4.0: 12, 5.0: 15}
"""Longer over shorter axis → number of directions, evenly over a half turn from east on, as in SaTScan."""


def elliptic_zones(
    points: Floats,
    people: Floats,
    *,
    share: float = LARGEST_SHARE,
    radius: float | None = None,
    penalty: float = 0.5,
) -> Zones:
    """Return the elliptic zones of a scan, circles among them: for every centre, shape and direction.

    Parameters
    ----------
    points, people, share
        As in `circular_zones`.
    radius
        Largest longer half-axis in metres; none where None.
    penalty
        Exponent of the penalty of long ellipses: 0 for none, 0.5 (medium) or 1 (strong).

    Raises
    ------
    AnalysisError
        As in `circular_zones`.

    References
    ----------
    Kulldorff, Huang, Pickle and Duczmal (2006), Statistics in Medicine 25, 3929-3943.
    """
    forms = [(shape, 180.0 * step / number) for shape, number in ANGLES.items() for step in range(number)]
    if radius is None:
        _need_room(round(len(forms) * len(people) ** 2 * share), share)
    parts = []
    for shape, angle in forms:
        turn = np.radians(angle)
        along = points @ np.array([np.cos(turn), np.sin(turn)])
        across = points @ np.array([-np.sin(turn), np.cos(turn)])
        # Stretched across, an ellipse is a circle whose radius is its longer half-axis.
        parts.append(circular_zones(np.column_stack([along, shape * across]), people, share=share, radius=radius))
    width = max(part.order.shape[1] for part in parts)
    order, ends = (
        np.vstack([np.pad(getattr(part, name), ((0, 0), (0, width - part.order.shape[1]))) for part in parts])
        for name in ("order", "ends")
    )
    shapes, angles = (np.repeat([form[at] for form in forms], [len(part.order) for part in parts]) for at in (0, 1))
    return Zones(order, ends, shapes, angles, penalty)
