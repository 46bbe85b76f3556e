"""Share of a kernel inside an outline, in closed form: arrays in, arrays out.

With polar coordinates around a point, Green's theorem turns the integral of a kernel over a polygon into one over its
edges: each edge adds the integral of F(r) over the angle under which the point sees it, where F(r) is the kernel's mass
within r, and r the distance to the edge in that direction; over 2 pi, with the sign of its direction. With 1 - F
instead, only edges within reach count: mass = [point inside] - sum over edges of (1 / 2 pi) integral (1 - F(r)) dphi.
On an edge at distance d, with t along it from the foot, r² = d² + t² and dphi = d dt / r², so that
the integrals are an angle and polynomials in t (quartic, Epanechnikov, uniform), one more arsinh (triangular), or
Owen's T (Gaussian).

References
----------
Diggle (1985), Applied Statistics 34, 138-147 (edge correction); Jones (1993), Statistics and Computing 3, 135-146
(uniform and Diggle's form); Owen (1956), Annals of Mathematical Statistics 27, eq. 2.1 (T, here as Gaussian mass).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hotspots.analysis.kernels.profiles import reach_of
from hotspots.vocabulary import Kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.intp]

PAIRS: Final = 2**17
"""Pairs of a point and an edge that are computed at a time."""

ON_BORDER: Final = 1e-6
"""Metres from the outline within which rounding, and not geometry, may say on which side a point lies."""


def kernel_mass(
    points: Floats,
    outline: Any,
    *,
    kernel: Kernel,
    bandwidth: float | Floats,
    inside: NDArray[np.bool_] | None = None,
) -> Floats:
    """Return the share of each point's kernel that lies inside the outline, exact to rounding.

    Points may lie outside, on the border and on its corners.

    Parameters
    ----------
    points
        Easting and northing, shape (n, 2), in metres.
    outline
        Valid shapely Polygon or MultiPolygon, with holes or without.
    bandwidth
        In metres; one for all points, or shape (n,).
    inside
        Which points lie inside, where that is known already; those within `ON_BORDER` of the border may be either.

    Returns
    -------
    ndarray of float, shape (n,)
        From 0 to 1.

    Examples
    --------
    >>> import shapely
    >>> half_plane = shapely.box(-1e4, 0, 1e4, 1e4)
    >>> kernel_mass(np.array([[0.0, 0.0], [0.0, 100.0]]), half_plane, kernel="uniform", bandwidth=100.0)
    array([0.5, 1. ])
    """
    import shapely

    points = np.asarray(points, dtype=float).reshape(-1, 2)
    bandwidths = np.broadcast_to(np.asarray(bandwidth, dtype=float), len(points))
    if inside is None:
        shapely.prepare(outline)
        inside = shapely.intersects_xy(outline, points[:, 0], points[:, 1])
    starts, ends = edges_of(outline)
    reach = reach_of(kernel) * bandwidths
    # Points of one square query the tree together: a query costs more than a few pairs beyond reach.
    order, first = _by_squares(points, reach)
    points, bandwidths = points[order], bandwidths[order]
    # mass = turns of the outline around the point (1 or 0) - sum over edges of (1 / 2 pi) integral (1 - F(r)) dphi.
    winding = np.array(inside, dtype=float)[order]
    missing = np.zeros(len(points))
    close = np.zeros(len(points), dtype=bool)
    for which, edge in _pairs(points, starts, ends, reach=reach[order], first=first):
        d, t1, t2 = _around(points[which], starts[edge], ends[edge])
        on_edge = (np.abs(d) <= ON_BORDER) & (t1 <= ON_BORDER) & (t2 >= -ON_BORDER)
        close[which[on_edge]] = True
        h = bandwidths[which]
        # Pairs come square by square, so a piece touches one run of points.
        lowest = int(which[0])
        outside = np.bincount(which - lowest, weights=_seen_beyond(d / h, t1 / h, t2 / h, kernel))
        missing[lowest : lowest + len(outside)] += outside
    winding[close] = _turns(points[close], starts, ends)
    masses = np.empty(len(points))
    masses[order] = np.clip(winding - missing / (2 * np.pi), 0, 1)
    return masses


def edges_of(outline: Any) -> tuple[Floats, Floats]:
    """Return where the edges of a polygon begin and end, shape (m, 2) each, the inside on their left."""
    import shapely

    polygons = shapely.get_parts(outline)
    polygons = shapely.orient_polygons(polygons[shapely.get_dimensions(polygons) == 2])
    corners, ring = shapely.get_coordinates(shapely.get_rings(polygons), return_index=True)
    same = ring[1:] == ring[:-1]
    starts, ends = corners[:-1][same], corners[1:][same]
    long = (starts != ends).any(axis=1)
    return starts[long], ends[long]


def _around(points: Floats, starts: Floats, ends: Floats) -> tuple[Floats, Floats, Floats]:
    """Return, for each pair, the distance to the edge's line (left of it above 0), and start and end along the line.

    Both are counted from the foot of the perpendicular.
    """
    along, a = ends - starts, starts - points
    length = np.hypot(along[:, 0], along[:, 1])
    east, north = along[:, 0] / length, along[:, 1] / length
    t1 = a[:, 0] * east + a[:, 1] * north
    return a[:, 0] * north - a[:, 1] * east, t1, t1 + length


def _seen_beyond(d: Floats, t1: Floats, t2: Floats, kernel: Kernel) -> Floats:
    """Return the integral of 1 - F(r) over the angle of each edge, all lengths in bandwidths."""
    if kernel == "gaussian":
        # 1 - F(r) = exp(-r² / 2), and with t = d x its integral over the angle is 2 pi T(d, t / d).
        from scipy.special import owens_t

        # A point on the line sees the edge under no angle.
        safe = np.where(d == 0, 1.0, d)
        return np.where(d == 0, 0.0, 2 * np.pi * (owens_t(d, t2 / safe) - owens_t(d, t1 / safe)))
    # Beyond the radius 1 - F is 0: only the part of the edge within the circle counts.
    within = np.sqrt(np.maximum(1 - d * d, 0))
    first, last = np.clip(t1, -within, within), np.clip(t2, -within, within)
    return _angle(d, first, last) - d * (_rest(d, last, kernel) - _rest(d, first, kernel))


def _rest(d: Floats, t: Floats, kernel: Kernel) -> Floats:
    """Return the integral of F(r) / r² over the line from its foot to t, so that d x this is that of F(r) dphi."""
    # With r² = d² + t² the integrand F(r) / r² is a polynomial in t, for the triangular kernel in t and r.
    d2, t2 = d * d, t * t
    if kernel == "uniform":  # F = r²
        return t
    if kernel == "epanechnikov":  # F = 2 r² - r⁴
        return t * (2 - d2 - t2 / 3)
    if kernel == "quartic":  # F = 3 r² - 3 r⁴ + r⁶
        return t * (3 - 3 * (d2 + t2 / 3) + d2 * d2 + t2 * (2 * d2 / 3 + t2 / 5))
    # Triangular: F = 3 r² - 2 r³, and the integral of r is (t r + d² arsinh(t / |d|)) / 2.
    arsinh = np.arcsinh(t / np.where(d == 0, 1.0, np.abs(d)))
    return t * 3 - (t * np.sqrt(d2 + t2) + d2 * arsinh)


def _angle(d: Floats, t1: Floats, t2: Floats) -> Floats:
    """Return the angle between two points of a line, seen from distance d; 0 from the line itself."""
    # One arctan2 of cross and dot product: a difference of two arctangents would cancel for short edges.
    return np.where(d == 0, 0.0, np.arctan2(d * (t2 - t1), d * d + t1 * t2))


def _turns(points: Floats, starts: Floats, ends: Floats) -> Floats:
    """Return how often the outline turns around each point: on the border, the part of a full turn that is inside."""
    turns = np.empty(len(points))
    # A winding number needs every edge, near or far; only the few points on the border come here.
    step = max(PAIRS // len(starts), 1)
    for start in range(0, len(points), step):
        some = points[start : start + step]
        which = np.repeat(np.arange(len(some)), len(starts))
        edge = np.tile(np.arange(len(starts)), len(some))
        angles = _angle(*_around(some[which], starts[edge], ends[edge]))
        turns[start : start + step] = np.bincount(which, weights=angles, minlength=len(some)) / (2 * np.pi)
    return turns


def _by_squares(points: Floats, reach: Floats) -> tuple[Whole, Whole]:
    """Return the order that puts points of one small square together, and where each square begins in it."""
    # Reaches in one square differ by no more than a factor of 1.25; its side is about a quarter of them.
    level = np.floor(np.log(reach) / np.log(1.25)).astype(np.intp)
    side = 1.25**level / 4
    keys = (np.floor(points[:, 1] / side), np.floor(points[:, 0] / side), level)
    order = np.lexsort(keys)
    new = np.ones(len(order), dtype=bool)
    new[1:] = np.any([key[order][1:] != key[order][:-1] for key in keys], axis=0)
    return order, np.flatnonzero(new)


def _pairs(
    points: Floats, starts: Floats, ends: Floats, *, reach: Floats, first: Whole
) -> Iterator[tuple[Whole, Whole]]:
    """Yield pairs of a point and an edge, with all that are within the point's reach, some `PAIRS` at a time.

    Points come by squares that begin at `first`, and the tree of edges is asked once for each square.
    """
    import shapely

    if not len(points):
        return
    lines: Any = shapely.linestrings(np.stack([starts, ends], axis=1))
    tree = shapely.STRtree(lines)
    widest = np.maximum.reduceat(reach, first)
    # A little larger, as a box around one point alone has no area, and then no distance.
    lowest = np.minimum.reduceat(points, first) - widest[:, None] / 100
    highest = np.maximum.reduceat(points, first) + widest[:, None] / 100
    squares = shapely.box(lowest[:, 0], lowest[:, 1], highest[:, 0], highest[:, 1])
    square, edge = tree.query(squares, predicate="dwithin", distance=widest)
    # A piece is cut between pairs of square and edge, each of which has as many pairs as the square has points.
    many = np.diff(np.append(first, len(points)))[square]
    end_of_piece = np.cumsum(many)
    start = 0
    while start < len(square):
        done = end_of_piece[start - 1] if start else 0
        end = max(int(np.searchsorted(end_of_piece, done + PAIRS, side="right")), start + 1)
        n = many[start:end]
        within = np.arange(n.sum()) - np.repeat(np.cumsum(n) - n, n)
        yield np.repeat(first[square[start:end]], n) + within, np.repeat(edge[start:end], n)
        start = end
