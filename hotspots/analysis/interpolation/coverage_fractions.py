"""Coverage fractions: the exact share of every cell that each polygon covers, for any polygons and grid.

The outline of a polygon is cut at the lines of the grid. A piece of it inside one cell that moves dy to the south, on
average at the share x of the cell's width, adds dy (1 - x) to the covered part of that cell and dy to every cell east
of it in the same row (Green's theorem; the sign of dy makes up for what the other side of the polygon takes away
again). So the covered parts are a running sum along each row, and nothing is sampled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from hotspots.analysis.common import Grid
from hotspots.errors import AnalysisError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.intp]

LEAST: Final = 1e-9
"""Share of a cell; a smaller coverage fraction is rounding."""

AT_ONCE: Final = 2_000_000
"""Cells of the polygons' own boxes that are held at once."""


class Overlaps(NamedTuple):
    """Pairs of polygon and cell with a coverage fraction above 0, sorted by polygon, then by row and column.

    Parameters
    ----------
    polygon
        Position of the polygon (pairs,).
    cell
        Position of the cell, row x columns + column (pairs,).
    part
        Coverage fraction of the cell, 0 to 1 (pairs,).
    """

    polygon: Whole
    cell: Whole
    part: Floats


def overlap_cells(polygons: NDArray[np.object_], grid: Grid) -> Overlaps:
    """Return which cells each polygon covers, and their coverage fractions.

    A polygon that covers less than a billionth of a cell everywhere gets the cell of a point inside it.

    Parameters
    ----------
    polygons
        Valid polygons or multipolygons (n,), in metres.
    grid
        Must reach over all of them; its mask is not asked.

    Returns
    -------
    Overlaps
        Every polygon has at least one pair, and a positive part in each.

    Raises
    ------
    AnalysisError
        If a polygon reaches beyond the grid.

    Examples
    --------
    >>> import shapely
    >>> grid = Grid(0.0, 200.0, 100.0, np.ones((2, 2), dtype=bool))
    >>> overlap_cells(np.array([shapely.box(50, 0, 200, 50)]), grid).part.tolist()
    [0.25, 0.5]
    """
    import shapely

    boxes = _boxes(polygons, grid)
    pairs = [_cover(polygons, boxes, chosen, grid) for chosen in _batches(boxes)]
    polygon, cell, part = (np.concatenate([getattr(p, name) for p in pairs]) for name in Overlaps._fields)
    # A sliver must not lose its people, however little of a cell it covers.
    alone = np.setdiff1d(np.arange(len(polygons)), polygon)
    if len(alone):
        inner = shapely.get_coordinates(shapely.point_on_surface(polygons[alone]))
        rows, columns = grid.locate(inner)
        polygon = np.append(polygon, alone)
        cell = np.append(cell, rows * grid.shape[1] + columns)
        part = np.append(part, np.full(len(alone), LEAST))
        order = np.argsort(polygon, kind="stable")
        polygon, cell, part = polygon[order], cell[order], part[order]
    return Overlaps(polygon, cell, part)


def own_cells(polygons: NDArray[np.object_], grid: Grid) -> Whole:
    """Return which polygon each cell's centre lies in, by position (rows, columns); -1 where in none.

    A centre on a border between polygons belongs to the first of them.

    Parameters
    ----------
    polygons
        Valid polygons or multipolygons (n,), in metres.
    grid
        Must reach over all of them; its mask is not asked.

    Examples
    --------
    >>> import shapely
    >>> grid = Grid(0.0, 200.0, 100.0, np.ones((2, 2), dtype=bool))
    >>> own_cells(np.array([shapely.box(0, 0, 90, 200), shapely.box(90, 0, 200, 90)]), grid).tolist()
    [[0, -1], [0, 1]]
    """
    import shapely

    owners = np.full(grid.shape, -1, dtype=np.intp)
    # The last first, so that the first has the last word.
    for i, (top, left, down, across) in reversed(list(enumerate(_boxes(polygons, grid)))):
        box = (slice(top, top + down), slice(left, left + across))
        east, north = np.meshgrid(grid.across[box[1]], grid.down[box[0]])
        shapely.prepare(polygons[i])
        owners[box][shapely.intersects_xy(polygons[i], east, north)] = i
    return owners


def _boxes(polygons: NDArray[np.object_], grid: Grid) -> Whole:
    """Return first row, first column, rows and columns of the cells around each polygon, shape (n, 4)."""
    import shapely

    west, south, east, north = shapely.bounds(polygons).T
    rows, columns = grid.shape
    # What lies on the outermost line of the grid belongs to its last cells.
    top = np.clip(np.floor((grid.north - north) / grid.side), None, rows - 1)
    left = np.clip(np.floor((west - grid.west) / grid.side), None, columns - 1)
    down = np.maximum(np.ceil((grid.north - south) / grid.side) - top, 1)
    across = np.maximum(np.ceil((east - grid.west) / grid.side) - left, 1)
    beyond = (top < 0) | (left < 0) | (top + down > rows) | (left + across > columns)
    if beyond.any():
        first = int(np.flatnonzero(beyond)[0])
        box = " ".join(f"{edge:.0f}" for edge in (west[first], south[first], east[first], north[first]))
        raise AnalysisError(
            "A polygon reaches beyond the grid.",
            found=f"{int(beyond.sum()):,} of {len(polygons):,}, the first (west, south, east, north) at {box}",
            advice="lay the grid over the outline of all areas",
        )
    return np.stack([top, left, down, across], axis=1).astype(np.intp)


def _batches(boxes: Whole) -> Iterator[Whole]:
    """Give positions of polygons whose boxes together are small enough to hold at once."""
    # One more column than the box has takes what a piece hands on to the east of it.
    batch = np.cumsum(boxes[:, 2] * (boxes[:, 3] + 1)) // AT_ONCE
    for number in np.unique(batch):
        yield np.flatnonzero(batch == number)


def _cover(polygons: NDArray[np.object_], boxes: Whole, chosen: Whole, grid: Grid) -> Overlaps:
    """Return the overlaps of the chosen polygons."""
    top, left, down, across = boxes[chosen].T
    wide = across + 1
    starts = np.append(0, np.cumsum(down * wide))
    which, ends = _edges(polygons[chosen], grid)
    # In cells, from the corner of the polygon's own box; y runs south.
    ends -= np.stack([left[which], top[which]], axis=1)[:, None, :]
    which, x, y, fall = _cut(which, ends)
    column = np.clip(np.floor(x), 0, across[which] - 1).astype(np.intp)
    row = np.clip(np.floor(y), 0, down[which] - 1).astype(np.intp)
    # All boxes are one flat array, row by row, each row with its spare column.
    at, share = starts[which] + row * wide[which] + column, x - column
    covered = np.bincount(at, fall * (1 - share), minlength=starts[-1])
    covered += np.bincount(at + 1, fall * share, minlength=starts[-1])
    # Every row sums to nothing (outlines are closed), so one running sum serves all rows of all boxes.
    np.cumsum(covered, out=covered)
    covering = np.flatnonzero(covered > LEAST)
    owner = np.searchsorted(starts, covering, side="right") - 1
    row, column = np.divmod(covering - starts[owner], wide[owner])
    inside = column < across[owner]
    cell = (row + top[owner]) * grid.shape[1] + column + left[owner]
    part = np.minimum(covered[covering], 1.0)
    return Overlaps(chosen[owner[inside]], cell[inside], part[inside])


def _edges(polygons: NDArray[np.object_], grid: Grid) -> tuple[Whole, Floats]:
    """Return the polygon of every edge (edges,), and its two ends in cells from the grid's corner (edges, 2, 2)."""
    import shapely

    parts, owner = shapely.get_parts(shapely.orient_polygons(polygons), return_index=True)
    rings, ring_part = shapely.get_rings(parts, return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    placed = np.stack([points[:, 0] - grid.west, grid.north - points[:, 1]], axis=1) / grid.side
    same = np.flatnonzero(ring[1:] == ring[:-1])
    which = owner[ring_part[ring[same]]].astype(np.intp)
    return which, np.stack([placed[same], placed[same + 1]], axis=1)


def _cut(which: Whole, ends: Floats) -> tuple[Whole, Floats, Floats, Floats]:
    """Cut edges at the lines of the grid; return each piece's polygon, the middle's x and y, and how far it falls."""
    edge, share = [], []
    for axis in (0, 1):
        a, b = ends[:, 0, axis], ends[:, 1, axis]
        # Whole coordinates strictly between both ends are the lines that the edge crosses.
        first, end = np.floor(np.minimum(a, b)) + 1, np.ceil(np.maximum(a, b))
        number = np.maximum(end - first, 0).astype(np.intp)
        at = np.repeat(np.arange(len(which)), number)
        line = first[at] + np.arange(len(at)) - np.repeat(np.cumsum(number) - number, number)
        edge.append(at)
        share.append((line - a[at]) / (b[at] - a[at]))
    every = np.arange(len(which))
    edges = np.concatenate([every, *edge, every])
    shares = np.concatenate([np.zeros(len(which)), *share, np.ones(len(which))])
    # In order along each edge, two consecutive cuts bound a piece within one cell.
    order = np.lexsort((shares, edges))
    edges, shares = edges[order], shares[order]
    same = np.flatnonzero(edges[1:] == edges[:-1])
    edges, before, after = edges[same], shares[same], shares[same + 1]
    start, way = ends[edges, 0], ends[edges, 1] - ends[edges, 0]
    middle = start + way * ((before + after) / 2)[:, None]
    return which[edges], middle[:, 0], middle[:, 1], way[:, 1] * (after - before)
