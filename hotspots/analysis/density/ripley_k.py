"""Ripley's K and the bandwidth with the least mean square error for clustered points (Diggle 1985).

Every pair of events at an offset u counts 1 / (area of the study area that overlaps itself moved by u), which makes up
for pairs that cross the border (translation correction). Pairs of few events are listed; those of many are counted by
their offset between cells, all at once, from the autocorrelation of the counts.

Events that share a point are one place with a weight: the pairs among them are left out of K.
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
"""Up to this number pairs are listed; above it, they are counted by cells."""

MOST_PAIR_CELLS: Final = 5_000_000
"""Cells over the study area for counting pairs by offset."""

FEWEST_CELLS: Final = 4.0
"""Fewest cells in the radius of a disc: with fewer, pairs counted by cells are too coarse."""

RASTER: Final = 512
"""Cells along the longer side of the study area for its overlap with itself."""

BINS: Final = 4096
"""Bins of distance."""

RADII: Final = 1024
"""Radii at which the error is computed, evenly from 0 to the largest distance."""

SAME_CELL: Final = 0.5214
"""Mean distance between two random points of a unit square: (2 + sqrt(2) + 5 ln(1 + sqrt(2))) / 15."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of places by distance: their share of K each, in m², all pairs up to a largest distance."""

    distances: Floats
    shares: Floats
    largest: float
    finest: float

    def within(self, radii: Floats) -> Floats:
        """Return Ripley's K at radii in metres, in m²."""
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
    # Counting by tree is quick; it includes every place with itself.
    number = (int(tree.count_neighbors(tree, largest)) - len(places.points)) // 2 if len(places.points) < 100_000 else 0
    if len(places.points) >= 100_000 or number > MOST_LISTED:
        offsets, together, finest = _by_cells(places, outline, largest)
    else:
        pairs = tree.query_pairs(largest, output_type="ndarray")
        offsets = places.points[pairs[:, 0]] - places.points[pairs[:, 1]]
        together, finest = 2 * places.weights[pairs[:, 0]] * places.weights[pairs[:, 1]], 0.0
    # K(r) = area² / ((sum w)² - sum w²) x sum over ordered pairs within r of w_i w_j / overlap(u). Pairs within one
    # place are left out above and below.
    overlap = _overlap(outline, offsets)
    total = float(places.weights.sum() ** 2 - (places.weights**2).sum())
    shares = together / overlap * (outline.area**2 / total)
    distances = np.hypot(offsets[:, 0], offsets[:, 1])
    # Different places in one cell have offset 0, but not distance 0.
    distances = np.where(distances == 0, SAME_CELL * finest, distances)
    return _in_bins(distances, shares, largest, finest)


def _in_bins(distances: Floats, shares: Floats, largest: float, finest: float) -> Pairs:
    # Bins bound the matrix of radii x distances in `diggle_errors`, whatever the number of pairs.
    at = np.minimum((distances / largest * BINS).astype(int), BINS - 1)
    middle = (np.arange(BINS) + 0.5) * (largest / BINS)
    return Pairs(middle.astype(float), np.bincount(at, weights=shares, minlength=BINS).astype(float), largest, finest)


def _by_cells(places: Places, outline: Polygon | MultiPolygon, largest: float) -> tuple[Floats, Floats, float]:
    """Return offsets between cells, shape (m, 2), weights of ordered pairs at each (same places apart), the side."""
    from scipy.fft import irfft2, next_fast_len, rfft2

    low = places.points.min(axis=0)
    wide, high = np.ptp(places.points, axis=0)
    side = float(np.sqrt((wide + largest) * (high + largest) / MOST_PAIR_CELLS))
    reach = int(np.floor(largest / side))
    column, row = ((places.points - low) / side).astype(int).T
    shape = (next_fast_len(int(row.max()) + 1 + reach), next_fast_len(int(column.max()) + 1 + reach))
    counts = np.bincount(row * shape[1] + column, weights=places.weights, minlength=shape[0] * shape[1])
    # Wiener-Khinchin: the inverse transform of |spectrum|² counts the pairs at every offset in O(cells log cells).
    # Padding by the reach keeps offsets apart from their wrapped images.
    spectrum = rfft2(counts.reshape(shape), workers=2)
    together = irfft2(spectrum * spectrum.conj(), s=shape, workers=2)
    steps = np.arange(-reach, reach + 1)
    together = together[np.ix_(steps, steps)]
    # A place with itself is no pair.
    together[reach, reach] -= float((places.weights**2).sum())
    down, across = np.meshgrid(steps * side, steps * side, indexing="ij")
    near = np.hypot(across, down) <= largest
    return np.column_stack([across[near], down[near]]), np.maximum(together[near], 0.0), side


def _overlap(outline: Polygon | MultiPolygon, offsets: Floats) -> Floats:
    """Return the area in m² that the outline shares with itself moved by offsets, shape (m, 2)."""
    from scipy.fft import irfft2, next_fast_len, rfft2
    from scipy.ndimage import map_coordinates

    west, south, east, north = outline.bounds
    side = max(east - west, north - south) / RASTER
    shape = (int(np.ceil((north - south) / side)), int(np.ceil((east - west) / side)))
    inside = cover(outline, west=west, south=south, side=side, shape=shape)
    padded = (next_fast_len(2 * shape[0]), next_fast_len(2 * shape[1]))
    spectrum = rfft2(inside, s=padded, workers=2)
    overlap = irfft2(spectrum * spectrum.conj(), s=padded, workers=2) * side**2
    # Squares of the shares of border cells lose a little here, where the overlap has its peak, and nowhere else.
    overlap[0, 0] = outline.area
    return np.asarray(map_coordinates(overlap, offsets[:, ::-1].T / side, order=1, mode="grid-wrap"), dtype=float)


def largest_distance(places: Places, outline: Polygon | MultiPolygon) -> float:
    """Return the largest distance for K: a quarter of the shorter side, or the radius with 1,000 expected events."""
    west, south, east, north = outline.bounds
    density = float(places.weights.sum()) / outline.area
    return float(min(min(east - west, north - south) / 4, np.sqrt(1000 / (np.pi * density))))


def diggle_errors(pairs: Pairs, *, effective: float, area: float) -> tuple[Floats, Floats]:
    """Return standard deviations in metres and the error of each: the mean square error less a constant, in m⁴ per m⁴.

    The estimate is a moving disc of radius h; the standard deviation of its kernel is h / 2 per axis.

    Parameters
    ----------
    effective
        Effective number of events.
    area
        Of the study area, m².

    References
    ----------
    Berman and Diggle (1989), Journal of the Royal Statistical Society B 51, 81-92, section 3; as spatstat's bw.diggle.
    """
    # Over the squared intensity and but for a constant: (A / n - 2 K(h)) / (pi h²) + sum of dK x lens / (pi h²)².
    radii: Floats = np.arange(1.0, RADII // 2 + 1) * (pairs.largest / RADII)
    disc = np.pi * radii**2
    apart = np.minimum(pairs.distances[None, :] / (2 * radii[:, None]), 1.0)
    # Area that two discs of radius h share, their centres 2 h x `apart` from each other.
    lens = 2 * radii[:, None] ** 2 * (np.arccos(apart) - apart * np.sqrt(1 - apart**2))
    shared = lens @ pairs.shares
    return radii / 2, (area / effective - 2 * pairs.within(radii)) / disc + shared / disc**2


def search_diggle(places: Places, outline: Polygon | MultiPolygon, *, lowest: float) -> Search:
    """Return the standard deviation with the least error, in metres, not below `lowest`."""
    largest = largest_distance(places, outline)
    pairs = count_pairs(places, outline, largest=largest)
    effective = float(places.weights.sum() ** 2 / (places.weights**2).sum())
    sds, errors = diggle_errors(pairs, effective=effective, area=outline.area)
    allowed = sds >= min(max(lowest, FEWEST_CELLS * pairs.finest / 2), sds[-1])
    sds, errors = sds[allowed], errors[allowed]
    best = int(np.argmin(errors))
    end: Literal["lower", "upper"] | None = "lower" if best == 0 else "upper" if best == len(sds) - 1 else None
    return Search(float(sds[best]), end, float(sds[0]), float(sds[-1]))
