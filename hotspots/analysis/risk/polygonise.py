"""Polygons around the cells of a grid that pass a threshold, smooth between the centres of the cells."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hotspots.model import StudyArea, Surface

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]


def outline_cells(mask: Mask, *, origin: tuple[float, float], cell: float) -> Any:
    """Return the union of the squares of the marked cells, along the lines of the grid.

    Parameters
    ----------
    mask
        Shape (rows, columns), first row in the north.
    origin
        Easting and northing of the upper left corner, in metres.
    cell
        Side of a cell in metres.

    Examples
    --------
    >>> outline_cells(np.array([[True, True], [False, True]]), origin=(0.0, 200.0), cell=100.0).area
    30000.0
    """
    import shapely

    # Runs of marked cells in a row first: a few boxes a row are joined a thousand times faster than every cell.
    steps = np.diff(np.pad(mask.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    rows, first = np.nonzero(steps == 1)
    _, end = np.nonzero(steps == -1)
    west, north = origin[0] + first * cell, origin[1] - rows * cell
    return shapely.union_all(shapely.box(west, north - cell, origin[0] + end * cell, north))


def outline_passing(field: Floats, passing: Mask, *, origin: tuple[float, float], cell: float, region: Any) -> Any:
    """Return the polygons around the passing cells (marching squares between the centres of cells), an array of them.

    The outline runs between each passing cell and its neighbours that do not pass, where the field between their
    centres crosses the middle of the lowest value that passes and the highest that does not. So a polygon holds the
    centre of every cell that passes and of no other. At the border of the field it runs along the border of `region`.

    Parameters
    ----------
    field
        Shape (rows, columns), first row in the north; missing where there is no value. Every value that passes is
        above every value that does not.
    passing
        Which cells pass (rows, columns); at least one.
    origin, cell
        As in `outline_cells`.
    region
        Polygon that the outlines are cut off at.

    Returns
    -------
    numpy.ndarray
        Valid polygons (n,), with holes where the field falls below the threshold inside.

    References
    ----------
    Lorensen, W. E. and Cline, H. E. (1987), Computer Graphics 21, 163-169 (in three dimensions; contourpy's in two).
    """
    import shapely
    from contourpy import contour_generator

    known = ~np.isnan(field)
    below = known & ~passing
    # Midway between the lowest value that passes and the highest that does not, so that no centre lies on the line.
    level = float(field[passing].min())
    level = (level + float(field[below].max())) / 2 if below.any() else level - 1.0
    part, corner = _passing_part(field, passing, origin=origin, cell=cell)
    rows, columns = part.shape
    # contourpy takes coordinates that increase, so the southernmost row goes first.
    south = corner[1] - rows * cell
    generator = contour_generator(
        x=corner[0] + (np.arange(columns) + 0.5) * cell,
        y=south + (np.arange(rows) + 0.5) * cell,
        z=part[::-1],
        fill_type="OuterOffset",
    )
    # One of several shapes of answer, by fill_type: points and offsets of each polygon's rings.
    filled: Any = generator.filled(level, np.inf)
    made = [_polygon(points, offsets) for points, offsets in zip(*filled, strict=True)]
    whole = shapely.intersection(shapely.union_all(made), region)
    parts = shapely.get_parts(shapely.get_parts(whole))
    return np.asarray(parts[shapely.get_dimensions(parts) == 2], dtype=object)


def count_inside(polygons: NDArray[np.object_], points: Floats) -> Floats:
    """Return how many points touch each polygon (n,); one on a line between two counts in the first.

    Parameters
    ----------
    polygons
        Shape (n,).
    points
        Easting and northing, shape (points, 2).
    """
    import shapely

    tree = shapely.STRtree(np.asarray(shapely.points(points), dtype=object))
    polygon, point = tree.query(polygons, predicate="intersects")
    first = np.full(len(points), len(polygons), dtype=np.intp)
    np.minimum.at(first, point, polygon)
    return np.bincount(first, minlength=len(polygons) + 1)[:-1].astype(float)


def _polygon(points: Floats, offsets: NDArray[Any]) -> Any:
    """Return a valid polygon from its rings, one behind the other, the outer one first."""
    import shapely

    rings = [points[start:end] for start, end in pairwise(offsets)]
    return shapely.make_valid(shapely.Polygon(rings[0], rings[1:]))


def _passing_part(
    field: Floats, passing: Mask, *, origin: tuple[float, float], cell: float
) -> tuple[Floats, tuple[float, float]]:
    """Return the part of the field around the passing cells without gaps, and its corner.

    A missing value takes the nearest known one, so that an outline meets the border of the field at a right angle
    and goes on beyond it, to be cut off there.
    """
    from scipy.ndimage import distance_transform_edt

    margin = 2
    rows, columns = np.flatnonzero(passing.any(axis=1)), np.flatnonzero(passing.any(axis=0))
    top, left = int(rows[0]), int(columns[0])
    # A margin of cells around the whole field, for outlines that run along the edge of the table itself.
    padded = np.pad(field, margin, constant_values=np.nan)
    part = padded[top : int(rows[-1]) + 2 * margin + 1, left : int(columns[-1]) + 2 * margin + 1]
    nearest = distance_transform_edt(np.isnan(part), return_distances=False, return_indices=True)
    return part[tuple(nearest)], (origin[0] + (left - margin) * cell, origin[1] - (top - margin) * cell)


def region_of(field: Floats, surface: Surface, area: StudyArea | None) -> tuple[Any, Any]:
    """Return what shares are of and what outlines are cut off at: the study area, or the cells, that less gaps."""
    import shapely

    place: dict[str, Any] = {"origin": surface.origin, "cell": surface.cell}
    known = ~np.isnan(field)
    if area is None:
        cells = outline_cells(known, **place)
        return cells, cells
    outline = area.areas.geometry.union_all()
    shapely.prepare(outline)
    rows, columns = np.nonzero(~known)
    east, north = surface.origin[0] + (columns + 0.5) * surface.cell, surface.origin[1] - (rows + 0.5) * surface.cell
    untested = np.zeros(known.shape, dtype=bool)
    untested[rows, columns] = shapely.contains_xy(outline, east, north)
    return outline, shapely.difference(outline, outline_cells(untested, **place)) if untested.any() else outline
