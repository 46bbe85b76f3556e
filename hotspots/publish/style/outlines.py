"""What every map of a study stands on: polygons as paths, outlines and labels of the authorities. Made once a study."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from hotspots.model import Place, StudyArea

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Ground", "authority_outlines", "prepare_ground"]

SNAP: Final = 0.1
"""Metres: published borders of neighbours differ in the last decimals; without it their union keeps slivers."""


MANY_AREAS: Final = 4_000
"""A map of more areas than these is drawn as pixels under its text: as lines it would weigh hundreds of megabytes."""

MANY_AUTHORITIES: Final = 40
"""More than these are not named, and their borders are thin: a map of England is of its areas."""


@dataclass(frozen=True, eq=False)
class Ground:
    """A study area made ready for drawing.

    Parameters
    ----------
    area
        The study area.
    outlines
        Authority code → its outline, one geometry each.
    labels
        Indexed by authority code: `name`, `easting`, `northing` (the middle of the largest circle inside).
    bounds
        Array (area, 4): west, south, east, north of every area in metres.
    sizes
        Square metres of every area, shape (areas,).
    """

    area: StudyArea
    outlines: pd.Series
    labels: pd.DataFrame
    bounds: NDArray[np.float64]
    sizes: NDArray[np.float64]

    @property
    def dense(self) -> bool:
        """Whether maps of it are drawn as pixels under vector text."""
        return len(self.area) > MANY_AREAS

    def bounds_of(self, areas: Sequence[str]) -> tuple[float, float, float, float]:
        """Return west, south, east, north (metres) of areas (ids) together."""
        bounds = self.bounds[self.area.ids.isin(list(areas))]
        (west, south), (east, north) = bounds[:, :2].min(axis=0).tolist(), bounds[:, 2:].max(axis=0).tolist()
        return west, south, east, north

    def extent_of(self, place: Place | None) -> tuple[float, float, float, float]:
        """Return west, south, east, north (metres) of a place, or of the whole study area."""
        bounds = self.bounds[self.lies_in(place)]
        west, south = bounds[:, :2].min(axis=0)
        east, north = bounds[:, 2:].max(axis=0)
        return (float(west), float(south), float(east), float(north))

    def lies_in(self, place: Place | None) -> NDArray[np.bool_]:
        """Return which areas (in the order of the study area's ids) belong to a place."""
        if place is None:
            return np.ones(len(self.area), dtype=bool)
        return np.asarray(self.area.areas["la_code"].isin(place.authorities), dtype=bool)

    def seen_in(self, extent: tuple[float, float, float, float]) -> NDArray[np.bool_]:
        """Return which areas may be seen in a map frame (west, south, east, north)."""
        west, south, east, north = extent
        low_x, low_y, high_x, high_y = self.bounds.T
        seen: NDArray[np.bool_] = (low_x < east) & (high_x > west) & (low_y < north) & (high_y > south)
        return seen

    def covers(
        self, easting: NDArray[np.float64], northing: NDArray[np.float64], place: Place | None
    ) -> NDArray[np.bool_]:
        """Return which points (metres) lie in a place, or in the study area."""
        import shapely

        inside = np.zeros(len(easting), dtype=bool)
        for code, outline in self.outlines.items():
            if place is None or code in place.authorities:
                # Most points are far from most authorities, and a box tells it at once.
                west, south, east, north = outline.bounds
                near = np.flatnonzero(
                    (easting >= west) & (easting <= east) & (northing >= south) & (northing <= north) & ~inside
                )
                shapely.prepare(outline)
                inside[near] = shapely.contains_xy(outline, easting[near], northing[near])
        return inside


def authority_outlines(area: StudyArea) -> pd.Series:
    """Return the outline of each authority by its code: its areas dissolved, which takes seconds for a country."""
    import shapely

    geometries, codes = area.areas.geometry.to_numpy(), area.areas["la_code"].to_numpy()
    known = list(area.authorities)
    outlines = [shapely.union_all(geometries[codes == code], grid_size=SNAP) for code in known]
    return pd.Series(outlines, index=pd.Index(known, name="la_code"), dtype=object)


def prepare_ground(area: StudyArea) -> Ground:
    """Return a study area made ready for drawing; worth keeping where many maps are drawn of it."""
    import shapely

    geometries = area.areas.geometry.to_numpy()
    outlines = authority_outlines(area)
    circles = shapely.maximum_inscribed_circle(outlines.to_numpy(), tolerance=100.0)
    middles = [shapely.get_coordinates(circle)[0] for circle in circles]
    labels = pd.DataFrame(
        {
            "name": list(area.authorities.values()),
            "easting": [float(middle[0]) for middle in middles],
            "northing": [float(middle[1]) for middle in middles],
        },
        index=outlines.index,
    )
    bounds, sizes = np.asarray(shapely.bounds(geometries)), np.asarray(shapely.area(geometries))
    return Ground(area, outlines, labels, bounds, sizes)
