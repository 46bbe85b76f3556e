"""Cross-validated bandwidths: how well a smooth surface of all other events predicts each event.

Both criteria use the density that the other events give at each event, corrected for the border (divided by the part of
the kernel that lies inside the study area). Sums at the events are computed on a grid: events are shared between the
four nearest centres, smoothed by Fourier transform with a Gaussian that is narrower by what the sharing and reading
add, and read at the events again. The side of a cell is half the bandwidth, and sums are within 3e-4 of a peak of
direct ones; the cost hardly depends on the number of events. Few events are summed pair by pair.

Events that share a point are left out together. Left out one by one, each of them would be predicted best by the others
on the same point, and both criteria would choose the smallest bandwidth of the search.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from hotspots.analysis.density.map_points import merge_places
from hotspots.errors import AnalysisError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely import MultiPolygon, Polygon

    Floats = NDArray[np.float64]

Criterion = Literal["least-squares", "likelihood"]

CELLS_PER_SD, FINE_CELLS_PER_SD = 2.0, 4.0
"""Cells per standard deviation: with two the kurtosis of sharing and reading moves a peak by 3e-4. Few events get four,
as their criteria are flat and the place of the minimum follows the last digits."""

MOST_SEARCH_CELLS: Final = 6_000_000
"""A search does not go below the bandwidth that this many cells over the study area allow."""

RIM: Final = 5.0
"""Standard deviations of empty cells in the east and north, so that a Fourier transform does not join the borders."""

SPREAD, READ, BOX = 1 / 6, 1 / 6, 1 / 12
"""Variance per axis, in squared cells, that sharing between centres, reading between centres and lumping a cell's area
at its centre add to the kernel."""

LEAST_MASS: Final = 1e-3
"""Least share of a kernel inside the study area by which is divided: an event far outside has none."""

STRIPS: Final = 4
"""Lines per row of cells along which the study area is measured."""

RATIO: Final = 1.3
"""Ratio of the bandwidths tried first, from the largest on; the best is refined between its neighbours."""

PATIENCE: Final = 4
"""A search ends this number of steps below the best: of several local optima the largest bandwidth is the safer one
(Hall and Marron 1991), and the smallest bandwidths cost most."""

MOST_IN_PAIRS, CHUNK = 2_000, 256
"""Up to this number of places, sums are taken pair by pair; and the number of rows at a time."""

FAINT: Final = 1e-9
"""Below this share of the highest value a sum is taken from the nearest other place alone: it has lost its digits."""


@dataclass(frozen=True, eq=False)
class Places:
    """The different points, how much each weighs, and the nearest other one."""

    points: Floats
    weights: Floats
    away: Floats
    its_weight: Floats

    @classmethod
    def of(cls, points: Floats, weights: Floats | None = None) -> Places:
        """Return the places of points, shape (n, 2), with the sum of the weights on each; none weighs 0."""
        from scipy.spatial import cKDTree

        distinct, total, _ = merge_places(points, weights)
        distinct, total = distinct[total > 0], total[total > 0]
        away, which = cKDTree(distinct).query(distinct, k=[2])
        return cls(distinct, total, np.asarray(away).ravel(), total[np.asarray(which).ravel()])


@dataclass(frozen=True)
class Search:
    """Where a criterion is best: the standard deviation in metres, and which end of the search it hit, if any."""

    sd: float
    end: Literal["lower", "upper"] | None
    lowest: float
    highest: float


def search_bandwidth(
    places: Places, outline: Polygon | MultiPolygon | None, *, criterion: Criterion, lowest: float, highest: float
) -> Search:
    """Return the best standard deviation of a Gaussian between two, in metres.

    Parameters
    ----------
    outline
        The study area; None for the unbounded plane.

    References
    ----------
    Bowman (1984), Biometrika 71, 353-360 (least squares); Hall and Marron (1991), Journal of the Royal Statistical
    Society B 53, 245-252 (local minima); Silverman (1986), Density Estimation, sections 3.4.3 and
    3.4.4; Davies, Marshall and Hazelton (2018), Statistics in Medicine 37, 1191-1221, section 3 (with the border).
    """
    from scipy.optimize import minimize_scalar

    lowest = max(lowest, CELLS_PER_SD * float(np.sqrt(np.prod(np.ptp(places.points, axis=0)) / MOST_SEARCH_CELLS)))
    lowest = min(lowest, highest)

    def loss(log_sd: float) -> float:
        return cross_validation(places, outline, sd=float(np.exp(log_sd)), criterion=criterion)

    # The criterion may have several local minima: a geometric scan first, then Brent's method around the best.
    steps = max(int(np.ceil(np.log(highest / lowest) / np.log(RATIO))) + 1, 2)
    tried = np.linspace(np.log(highest), np.log(lowest), steps)
    losses: list[float] = []
    for at in tried:
        losses.append(loss(at))
        best = int(np.argmin(losses))
        if len(losses) > best + PATIENCE:
            break
    if best in (0, steps - 1):
        return Search(float(np.exp(tried[best])), "upper" if best == 0 else "lower", lowest, highest)
    refined = minimize_scalar(
        loss, bounds=(tried[best + 1], tried[best - 1]), method="bounded", options={"xatol": 4e-3}
    )
    return Search(float(np.exp(refined.x)), None, lowest, highest)


def cross_validation(
    places: Places, outline: Polygon | MultiPolygon | None, *, sd: float, criterion: Criterion
) -> float:
    """Return the loss of one standard deviation, in metres; the smaller the better.

    Least squares: the integral of the squared density less twice its mean over the events, each event's place left
    out, per m². Likelihood: minus the mean log density (per m²) at the events, each event's place left out.
    """
    few = len(places.points) <= MOST_IN_PAIRS
    board = _Board.around(places.points, outline, sd, FINE_CELLS_PER_SD if few else CELLS_PER_SD)
    total, cell = float(places.weights.sum()), board.side**2
    events = board.transform(board.spread(places.points, places.weights))
    others = sum_pairs(places, sd) if few else _sum_on(board, events, places)
    if outline is not None:
        # As in the density itself: the sum at an event over the share of its kernel inside the study area.
        inside = board.cover(outline)
        area = board.transform(inside * cell)
        others = others / board.read(np.clip(board.smooth(area, added=BOX + READ), LEAST_MASS, 1.0), places.points)
    if criterion == "likelihood":
        return -float(places.weights @ np.log(others / total) / total)
    surface, within = board.smooth(events, added=SPREAD), np.ones(1)
    if outline is not None:
        surface, within = surface / np.clip(board.smooth(area, added=BOX), LEAST_MASS, 1.0), inside
    # As sparr: the density integrates to 1 over the study area.
    norm = float((surface * within).sum() * cell)
    if not norm > 0:
        raise AnalysisError(
            "The study area is too narrow for bandwidths to be compared by cross-validation.",
            found="no cell of the comparison has its centre inside",
            advice="give a bandwidth in metres, or another rule",
        )
    squared = float((surface**2 * within).sum() * cell) / norm**2
    return squared - 2 * float(places.weights @ others) / (norm * total)


def sum_pairs(places: Places, sd: float) -> Floats:
    """Return the Gaussian sum of all other places at each, shape (n,), per m²: pair by pair."""
    from scipy.spatial.distance import cdist

    out = np.empty(len(places.points))
    for start in range(0, len(out), CHUNK):
        rows = np.arange(start, min(start + CHUNK, len(out)))
        near = np.exp(cdist(places.points[rows], places.points, "sqeuclidean") / (-2 * sd**2))
        # Leave-one-place-out: the place's own weight, all events on it, goes.
        near[rows - start, rows] = 0.0
        out[rows] = near @ places.weights
    return np.maximum(out / (2 * np.pi * sd**2), _nearest_alone(places, sd))


def _sum_on(board: _Board, events: NDArray[np.complex128], places: Places) -> Floats:
    """Return the same from the grid."""
    surface = board.smooth(events, added=SPREAD + READ)
    others = board.read(surface, places.points) - places.weights * board.own(places.points)
    # Far from all others, the sum less the own kernel is rounding; the nearest other place then is nearly all of it.
    faint = others < FAINT * float(surface.max())
    return np.where(faint, _nearest_alone(places, board.sd), others)


def _nearest_alone(places: Places, sd: float) -> Floats:
    # Never 0, so that its logarithm exists.
    exponent = np.maximum(-((places.away / sd) ** 2) / 2, -600.0)
    return np.asarray(places.its_weight * np.exp(exponent) / (2 * np.pi * sd**2), dtype=float)


# --------------------------------------------------------------------------- sums on a grid


@dataclass(frozen=True, eq=False)
class _Board:
    """Centres of cells on which points are smoothed; row 0 is in the south."""

    west: float
    south: float
    side: float
    shape: tuple[int, int]
    sd: float

    @classmethod
    def around(cls, points: Floats, outline: Polygon | MultiPolygon | None, sd: float, fineness: float) -> _Board:
        """Return a board over points and study area; the empty rim in the north and east serves both sides."""
        from scipy.fft import next_fast_len

        side = sd / fineness
        low, high = points.min(axis=0), points.max(axis=0)
        if outline is not None:
            low, high = np.minimum(low, outline.bounds[:2]), np.maximum(high, outline.bounds[2:])
        low = low - side
        across, up = np.ceil((high - low + RIM * sd) / side).astype(int) + 1
        return cls(float(low[0]), float(low[1]), side, (next_fast_len(int(up)), next_fast_len(int(across))), sd)

    def _locate(self, points: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats, Floats]:
        x = (points[:, 0] - self.west) / self.side - 0.5
        y = (points[:, 1] - self.south) / self.side - 0.5
        column, row = np.floor(x).astype(np.intp), np.floor(y).astype(np.intp)
        return row, column, y - row, x - column

    def spread(self, points: Floats, weights: Floats) -> Floats:
        """Return the weights, each shared between the four nearest centres."""
        row, column, up, right = self._locate(points)
        out = np.zeros(self.shape)
        flat = out.ravel()
        for i, share in ((0, 1 - up), (1, up)):
            for j, part in ((0, 1 - right), (1, right)):
                at = (row + i) * self.shape[1] + column + j
                flat += np.bincount(at, weights=weights * share * part, minlength=flat.size)
        return out

    def read(self, surface: Floats, points: Floats) -> Floats:
        """Return the surface at points, linear between the four nearest centres."""
        row, column, up, right = self._locate(points)
        south = surface[row, column] * (1 - right) + surface[row, column + 1] * right
        north = surface[row + 1, column] * (1 - right) + surface[row + 1, column + 1] * right
        return np.asarray(south * (1 - up) + north * up, dtype=float)

    def transform(self, masses: Floats) -> NDArray[np.complex128]:
        """Return the Fourier transform of masses at the centres."""
        from scipy.fft import rfft2

        return np.asarray(rfft2(masses, workers=2), dtype=complex)

    def smooth(self, spectrum: NDArray[np.complex128], *, added: float) -> Floats:
        """Return the Gaussian sums at the centres, per m²; the Gaussian is narrower by the variance added elsewhere."""
        from scipy.fft import irfft2

        # Sharing and reading are convolutions too: their variances add to the Gaussian's and are taken off it.
        variance = self.sd**2 - added * self.side**2
        down = np.exp(-2 * variance * (np.pi * np.fft.fftfreq(self.shape[0], self.side)) ** 2)
        across = np.exp(-2 * variance * (np.pi * np.fft.rfftfreq(self.shape[1], self.side)) ** 2)
        narrowed = irfft2(spectrum * down[:, None] * across, s=self.shape, workers=2)
        return np.asarray(narrowed / self.side**2, dtype=float)

    def own(self, points: Floats) -> Floats:
        """Return what a point of weight 1 reads of itself, per m²."""
        _, _, up, right = self._locate(points)
        variance = self.sd**2 - (SPREAD + READ) * self.side**2
        # Shared between two centres and read between the same two, a point meets its kernel at 0 and at one cell.
        beside = np.exp(-(self.side**2) / (2 * variance))
        per_axis = [(1 - t) ** 2 + t**2 + 2 * t * (1 - t) * beside for t in (up, right)]
        return np.asarray(per_axis[0] * per_axis[1] / (2 * np.pi * variance), dtype=float)

    def cover(self, outline: Polygon | MultiPolygon) -> Floats:
        """Return the share of every cell that lies in the outline, by lines from west to east (`STRIPS` per row)."""
        return cover(outline, west=self.west, south=self.south, side=self.side, shape=self.shape)


def cover(outline: Polygon | MultiPolygon, *, west: float, south: float, side: float, shape: tuple[int, int]) -> Floats:
    """Return the share of every cell that lies in a polygon, shape (rows, columns), row 0 in the south.

    Every line from west to east is inside to the right of where the border runs down across it and no longer to the
    right of where it runs up (outer rings anticlockwise): exact along the line, a mean over `STRIPS` lines per row.
    """
    rows, columns = shape
    start, end = _edges(outline)
    # In strips from the south and cells from the west.
    y0, y1 = ((ends[:, 1] - south) / side * STRIPS - 0.5 for ends in (start, end))
    x0, x1 = ((ends[:, 0] - west) / side for ends in (start, end))
    first, last = np.ceil(np.minimum(y0, y1)), np.ceil(np.maximum(y0, y1))
    first, last = np.clip(first, 0, rows * STRIPS).astype(int), np.clip(last, 0, rows * STRIPS).astype(int)
    crossed = last - first
    edge = np.repeat(np.arange(len(start)), crossed)
    strip = np.arange(len(edge)) - np.repeat(np.cumsum(crossed) - crossed, crossed) + first[edge]
    x = x0[edge] + (x1 - x0)[edge] * (strip - y0[edge]) / (y1 - y0)[edge]
    x = np.clip(x, 0, columns)
    # A crossing switches its strip on or off from there to the east: a cumulative sum along the row gives the cover.
    sign = np.where(y1[edge] < y0[edge], 1.0, -1.0) / STRIPS
    column = np.minimum(x.astype(int), columns - 1)
    flat = (strip // STRIPS) * (columns + 1) + column
    here = sign * (column + 1 - x)
    change = np.bincount(flat, weights=here, minlength=rows * (columns + 1))
    change += np.bincount(flat + 1, weights=sign - here, minlength=rows * (columns + 1))
    return np.clip(np.cumsum(change.reshape(rows, columns + 1), axis=1)[:, :columns], 0.0, 1.0)


def _edges(outline: Polygon | MultiPolygon) -> tuple[Floats, Floats]:
    """Return starts and ends of the border's edges, shape (m, 2), outer rings anticlockwise and holes clockwise."""
    import shapely

    parts = shapely.get_parts(shapely.orient_polygons(outline))
    starts, ends = [], []
    for ring in shapely.get_rings(parts):
        coordinates = shapely.get_coordinates(ring)
        starts.append(coordinates[:-1])
        ends.append(coordinates[1:])
    return np.concatenate(starts), np.concatenate(ends)
