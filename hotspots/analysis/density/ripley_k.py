"""Ripley's K and the bandwidth with the least mean square error for clustered points (Diggle 1985).

A pair of events at an offset u has the weight 1 / (area that the study area shares with itself moved by u). This
allows for the pairs with one event beyond the border (translation correction). With few events every pair is listed.
With many, events are counted in cells, and the autocorrelation of the counts gives the number of pairs at every offset.

Events at one point are one place with a weight; pairs among them are left out of K.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from hotspots.analysis.density.cross_validation import Places, Search, cover

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely import MultiPolygon, Polygon

    Floats = NDArray[np.float64]

MOST_LISTED: Final = 4_000_000
"""Up to this number of pairs, each is listed; above it, they are counted by cells."""

MOST_LISTED_PLACES: Final = 100_000
"""With this number of places or more, pairs are counted by cells without asking how many there are."""

MOST_PAIR_CELLS: Final = 5_000_000
"""Number of cells over the study area when pairs are counted by cells."""

FEWEST_CELLS: Final = 4.0
"""Fewest cells in the radius of a disc: with fewer, counting pairs by cells is too coarse."""

OVERLAP_CELLS: Final = 512
"""Cells along the longer side of the study area when its overlap with itself is computed."""

DISTANCE_BINS: Final = 4096
"""Number of bins into which the distances of pairs are sorted."""

RADII: Final = 1024
"""Radii at which the error is computed, evenly from 0 to the largest distance."""

MEAN_IN_CELL: Final = 0.5214
"""Mean distance between two random points of a unit square: (2 + sqrt(2) + 5 ln(1 + sqrt(2))) / 15."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of places up to a largest distance, sorted by distance into bins."""

    distances: Floats
    """Of each bin, in metres."""
    shares: Floats
    """What the pairs in each bin add to K, in m²."""
    largest: float
    """Largest distance of a pair, in metres."""
    cell: float
    """Side of the cells by which pairs were counted, in metres; 0 where they were listed."""

    def within(self, radii: Floats) -> Floats:
        """Return Ripley's K in m² at radii in metres."""
        order = np.argsort(self.distances, kind="stable")
        total = np.concatenate([[0.0], np.cumsum(self.shares[order])])
        return np.asarray(total[np.searchsorted(self.distances[order], radii, side="right")], dtype=float)


def count_pairs(places: Places, outline: Polygon | MultiPolygon, *, largest: float) -> Pairs:
    """Return the pairs of places up to a distance in metres, corrected for the border by translation.

    References
    ----------
    Ohser and Stoyan (1981), Biometrical Journal 23, 523-533 (translation correction).
    """
    from scipy.spatial import cKDTree

    tree = cKDTree(places.points)
    listed = len(places.points) < MOST_LISTED_PLACES
    if listed:
        # The tree counts pairs quickly, and counts every place with itself.
        listed = (int(tree.count_neighbors(tree, largest)) - len(places.points)) // 2 <= MOST_LISTED
    if listed:
        pairs = tree.query_pairs(largest, output_type="ndarray")
        offsets = places.points[pairs[:, 0]] - places.points[pairs[:, 1]]
        pair_weights, cell = 2 * places.weights[pairs[:, 0]] * places.weights[pairs[:, 1]], 0.0
    else:
        offsets, pair_weights, cell = _count_by_cells(places, largest)
    # K(r) = area² / ((sum w)² - sum w²) x sum over ordered pairs within r of w_i w_j / overlap(u). Pairs within one
    # place are left out of both the sum and the divisor.
    overlap = _overlap(outline, offsets)
    total = float(places.weights.sum() ** 2 - (places.weights**2).sum())
    shares = pair_weights / overlap * (outline.area**2 / total)
    distances = np.hypot(offsets[:, 0], offsets[:, 1])
    # Different places in one cell have offset 0, but not distance 0.
    distances = np.where(distances == 0, MEAN_IN_CELL * cell, distances)
    return _sort_into_bins(distances, shares, largest=largest, cell=cell)


def _sort_into_bins(distances: Floats, shares: Floats, *, largest: float, cell: float) -> Pairs:
    # Bins bound the matrix of radii x distances in `diggle_errors`, whatever the number of pairs.
    bins = np.minimum((distances / largest * DISTANCE_BINS).astype(int), DISTANCE_BINS - 1)
    centres = (np.arange(DISTANCE_BINS) + 0.5) * (largest / DISTANCE_BINS)
    in_bins = np.bincount(bins, weights=shares, minlength=DISTANCE_BINS)
    return Pairs(centres.astype(float), in_bins.astype(float), largest, cell)


def _count_by_cells(places: Places, largest: float) -> tuple[Floats, Floats, float]:
    """Return offsets between cells, shape (m, 2), the weight of all ordered pairs at each offset, and the cells' side.

    A place is not paired with itself.
    """
    from scipy.fft import irfft2, next_fast_len, rfft2

    south_west = places.points.min(axis=0)
    width, height = np.ptp(places.points, axis=0)
    side = float(np.sqrt((width + largest) * (height + largest) / MOST_PAIR_CELLS))
    reach = int(np.floor(largest / side))
    column, row = ((places.points - south_west) / side).astype(int).T
    shape = (next_fast_len(int(row.max()) + 1 + reach), next_fast_len(int(column.max()) + 1 + reach))
    counts = np.bincount(row * shape[1] + column, weights=places.weights, minlength=shape[0] * shape[1])
    # Wiener-Khinchin: the inverse transform of |spectrum|² counts the pairs at every offset in O(cells log cells).
    # Padding by the reach keeps offsets apart from those that wrap around.
    spectrum = rfft2(counts.reshape(shape), workers=2)
    pair_weights = irfft2(spectrum * spectrum.conj(), s=shape, workers=2)
    steps = np.arange(-reach, reach + 1)
    pair_weights = pair_weights[np.ix_(steps, steps)]
    # A place with itself is no pair.
    pair_weights[reach, reach] -= float((places.weights**2).sum())
    down, across = np.meshgrid(steps * side, steps * side, indexing="ij")
    near = np.hypot(across, down) <= largest
    return np.column_stack([across[near], down[near]]), np.maximum(pair_weights[near], 0.0), side


def _overlap(outline: Polygon | MultiPolygon, offsets: Floats) -> Floats:
    """Return the area in m² that the outline shares with itself moved by offsets, shape (m, 2)."""
    from scipy.fft import irfft2, next_fast_len, rfft2
    from scipy.ndimage import map_coordinates

    west, south, east, north = outline.bounds
    side = max(east - west, north - south) / OVERLAP_CELLS
    shape = (int(np.ceil((north - south) / side)), int(np.ceil((east - west) / side)))
    inside = cover(outline, west=west, south=south, side=side, shape=shape)
    padded = (next_fast_len(2 * shape[0]), next_fast_len(2 * shape[1]))
    spectrum = rfft2(inside, s=padded, workers=2)
    overlap = irfft2(spectrum * spectrum.conj(), s=padded, workers=2) * side**2
    # At offset 0 the coverage fractions of border cells are squared, which would lose a little of the area.
    overlap[0, 0] = outline.area
    return np.asarray(map_coordinates(overlap, offsets[:, ::-1].T / side, order=1, mode="grid-wrap"), dtype=float)


def largest_distance(places: Places, outline: Polygon | MultiPolygon) -> float:
    """Return the largest distance for K: the radius with 1,000 expected events, or a quarter of a side."""
    west, south, east, north = outline.bounds
    density = float(places.weights.sum()) / outline.area
    return float(min(min(east - west, north - south) / 4, np.sqrt(1000 / (np.pi * density))))


def diggle_errors(pairs: Pairs, *, effective_events: float, area: float) -> tuple[Floats, Floats]:
    """Return standard deviations of a kernel in metres, and the mean square error of each, less a constant.

    The kernel is a disc of radius h, with a standard deviation of h / 2 per axis. The error is divided by the squared
    intensity, so it has no unit.

    Parameters
    ----------
    effective_events
        Number of events, or (sum of w)² / (sum of w²) where places have weights w.
    area
        Area of the study area in m².

    References
    ----------
    Berman and Diggle (1989), Journal of the Royal Statistical Society B 51, 81-92, section 3; as spatstat's bw.diggle.
    """
    # (A / n - 2 K(h)) / (pi h²) + sum of dK x lens / (pi h²)², where dK is what a bin of distances adds to K.
    radii: Floats = np.arange(1.0, RADII // 2 + 1) * (pairs.largest / RADII)
    disc_areas = np.pi * radii**2
    separation = np.minimum(pairs.distances[None, :] / (2 * radii[:, None]), 1.0)
    # Area that two discs of radius h share whose centres are 2 h x `separation` apart.
    lens = 2 * radii[:, None] ** 2 * (np.arccos(separation) - separation * np.sqrt(1 - separation**2))
    near_term = (area / effective_events - 2 * pairs.within(radii)) / disc_areas
    return radii / 2, near_term + lens @ pairs.shares / disc_areas**2


def search_diggle(places: Places, outline: Polygon | MultiPolygon, *, lowest: float) -> Search:
    """Return the standard deviation with the least error, in metres, not below `lowest`."""
    largest = largest_distance(places, outline)
    pairs = count_pairs(places, outline, largest=largest)
    effective_events = float(places.weights.sum() ** 2 / (places.weights**2).sum())
    sds, errors = diggle_errors(pairs, effective_events=effective_events, area=outline.area)
    allowed = sds >= min(max(lowest, FEWEST_CELLS * pairs.cell / 2), sds[-1])
    sds, errors = sds[allowed], errors[allowed]
    best = int(np.argmin(errors))
    end: Literal["lower", "upper"] | None = "lower" if best == 0 else "upper" if best == len(sds) - 1 else None
    return Search(float(sds[best]), end, float(sds[0]), float(sds[-1]))
