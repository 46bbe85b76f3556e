"""Points that were moved to map points: detected by their stacks or their rounding, with the spacing of the map points.

Published crime points are moved to the nearest of a fixed set of map points, or rounded to a lattice, so that nobody's
address is shown. A surface finer than the map points shows these and not the crime.

Map points are recognised by stacks at many places: leaving the largest stacks out (a hospital, a shopping centre), a
fifth of the events or more share their point, and one place in twenty or more carries a stack. A lattice is recognised
by coordinates that are all multiples of one step. Where most places have one event and some have many, with hardly any
of two, those are busy addresses and no map points; so are places that crowd together more than map points of that
spacing can.

The spacing is the side of the square that a map point has to itself. Each observed map point sees it by its distance
to the k-th nearest other one. A small file has not yet used all map points, and those it has used lie further apart
than all of them: their whole number is estimated from how many carry one, two, three ... events (zero-truncated
negative binomial: events fall on map points at rates that vary as a gamma distribution does), and the spacing is
brought down by the square root of the share observed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from hotspots.errors import AnalysisError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]

__all__ = ["FLOOR_SPACINGS", "MapPoints", "detect_map_points", "merge_places"]

SHARE_OF_EVENTS, SHARE_OF_PLACES = 0.2, 0.05
"""Points are taken as map points where at least this share of events share one, and this share of places carry a stack
..."""

LARGEST: Final = 0.01
"""... without this share of the places, those with the largest stacks, which may be real addresses."""

FEWEST_PAIRS: Final = 0.5
"""Map points with one, two, three ... events become fewer gradually: the real files have 0.7 to 1 times the pairs that
the fitted distribution expects. Busy addresses among single ones have less than half of them."""

NEAR, CROWDED = 0.25, 2.0
"""Map points have a neighbour within a quarter of their spacing as often as random points have, or less (0.3 times as
often in the real file). Addresses along streets have one five times as often: they are no map points from twice on."""

FEWEST_STACKS: Final = 10
"""Fewer stacks than this are no evidence."""

FEWEST_ON_LATTICE: Final = 20
"""Fewest distinct coordinates per axis for the test of a lattice: chance gives a step of 10 m once in 10^20."""

STEPS: Final = (10_000, 5_000, 2_000, 1_000, 500, 250, 200, 100, 50, 25, 20, 10, 5, 2)
"""Steps of a rounded lattice, in metres. Whole metres are ordinary precision and no lattice."""

ON_LATTICE: Final = 0.99
"""Share of the events that must lie on the lattice; the rest may have been placed by hand."""

NEAREST: Final = 16
"""Which nearest neighbour measures the spacing: for it the lattice and random points give the same answer to 1 %."""

UNEVENNESS: Final = (0.5, 20.0)
"""Bounds of the gamma shape of the rates of map points: from more uneven than exponential (1) to nearly even. Left free
it runs to 0 on real files, where the number of unseen map points has no bound."""

FLOOR_SPACINGS: Final = 2.0
"""A quartic kernel needs a radius of two spacings. Events of a flat density, moved to the nearest of randomly placed
map points, then make a surface whose coefficient of variation is 0.16 (0.29 at 1.5 spacings, 0.59 at one); over a
square lattice it lies between 0.993 and 1.015. `tests/analysis/density/test_map_points.py` computes both. For map
points some 150 m apart that is the 250 to 400 m of practice."""

CENTIMETRE: Final = 0.01
"""Metres. Coordinates are compared in centimetres, as longitudes and latitudes lose their last digits on the way."""

LOOK: Final = 2_000
"""Events that are tested first for a lattice, evenly through the file."""


@dataclass(frozen=True)
class MapPoints:
    """Whether points were moved to map points.

    Attributes
    ----------
    snapped
        Whether the points are on map points or a lattice.
    spacing
        Spacing of the map points in metres (the side of the square each has to itself), None where not snapped.
    share_shared
        Share of the points that lie on another one.
    distinct
        Number of different points.
    floor
        Radius of a quartic kernel, in metres, below which a surface shows the map points; None where not snapped.
    words
        A sentence for the reader.
    """

    snapped: bool
    spacing: float | None
    share_shared: float
    distinct: int
    floor: float | None
    words: str


def detect_map_points(points: Floats) -> MapPoints:
    """Return whether points were moved to map points or a lattice, and how far those lie apart.

    Do not trust the spacing of fewer than some thousand events to better than a fifth; files of a few hundred events on
    many map points are too thin for any answer.

    Parameters
    ----------
    points
        Easting and northing in metres, shape (n, 2). Every event, the stacked ones too.

    Raises
    ------
    AnalysisError
        If a coordinate is missing.

    References
    ----------
    Bunge and Fitzpatrick (1993), Journal of the American Statistical Association 88, 364-373, section 3.1 (number of
    classes from a zero-truncated negative binomial); Diggle (2013), Statistical Analysis of Spatial and Spatio-Temporal
    Point Patterns, section 2.2 (distance methods).

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> found = detect_map_points(np.round(rng.uniform(0, 4000, (500, 2)) / 100) * 100)
    >>> found.snapped, found.spacing, found.floor
    (True, 100.0, 200.0)
    """
    if not np.isfinite(points).all():
        where = np.flatnonzero(~np.isfinite(points).all(axis=1))
        raise AnalysisError(
            f"{len(where):,} of {len(points):,} points have no coordinates.",
            found=f"the first is row {where[0]}",
            advice="leave them out and say how many they are",
        )
    if not len(points):
        return MapPoints(False, None, 0.0, 0, None, "There are no points.")
    places, _, stacks = merge_places(points)
    n, distinct = len(points), len(places)
    share = float(stacks[stacks > 1].sum() / n)
    step = lattice_step(points)
    between = spacing_of(places, stacks) if stacked_everywhere(stacks) else 0.0
    if between and crowded(places, stacks, spacing=between):
        between = 0.0
    if step is None and not between:
        how = f" ({share:.0%} share a point, as events at busy addresses do)" if share >= SHARE_OF_EVENTS else ""
        words = f"{n:,} events on {distinct:,} different points{how}: they do not appear to be map points."
        return MapPoints(False, None, share, distinct, None, words)
    # Stacks on a lattice only measure it again; map points much further apart have their own spacing.
    on_lattice = step is not None and between <= 1.5 * step
    spacing = float(step) if step is not None and on_lattice else between
    floor = FLOOR_SPACINGS * spacing
    floor = round(floor, -1) if floor >= 100 else round(floor, 1)
    how = f"all coordinates are multiples of {step:,} m" if on_lattice else f"{share:.0%} share a point"
    words = (
        f"{n:,} events on {distinct:,} different points ({how}): they are map points about {spacing:,.0f} m apart. "
        f"A surface is not reliable below a radius of {floor:,.0f} m."
    )
    return MapPoints(True, spacing, share, distinct, floor, words)


# --------------------------------------------------------------------------- core


def merge_places(points: Floats, weights: Floats | None = None) -> tuple[Floats, Floats, Whole]:
    """Return the places to the centimetre, shape (m, 2), and the weight and number of points on each, shape (m,)."""
    low = points.min(axis=0)
    x, y = np.round((points - low) / CENTIMETRE).astype(np.int64).T
    # One whole number per place sorts many times faster than rows do.
    height = int(y.max()) + 1
    if weights is None:
        key, numbers = np.unique(x * height + y, return_counts=True)
        total = numbers.astype(float)
    else:
        key, at, numbers = np.unique(x * height + y, return_inverse=True, return_counts=True)
        total = np.bincount(at, weights=weights, minlength=len(key)).astype(float)
    places = low + np.column_stack([key // height, key % height]) * CENTIMETRE
    return places, total, numbers.astype(np.int64)


def lattice_step(points: Floats) -> int | None:
    """Return the largest step of which (nearly) all coordinates are multiples, up to one shift per axis, or None."""
    if len(points) < FEWEST_ON_LATTICE:
        return None
    # A sample rules most steps out; the step it passes is tested on all events.
    some = points[:: max(len(points) // LOOK, 1)]
    for step in STEPS:
        shifts = [_shift(axis, step) for axis in some.T]
        if None not in shifts and all(
            np.mean(_past(axis, step) == shift) >= ON_LATTICE for axis, shift in zip(points.T, shifts, strict=True)
        ):
            return step
    return None


def _past(coordinates: Floats, step: int) -> Whole:
    """Return how far coordinates lie past a multiple of the step, in centimetres."""
    centimetres = np.round(coordinates / CENTIMETRE).astype(np.int64)
    return np.asarray(centimetres % round(step / CENTIMETRE), dtype=np.int64)


def _shift(coordinates: Floats, step: int) -> int | None:
    """Return the shift that nearly all coordinates share, or None; a few multiples are no evidence of a lattice."""
    if len(np.unique(np.floor(coordinates / step))) < FEWEST_ON_LATTICE:
        return None
    shifts, numbers = np.unique(_past(coordinates, step), return_counts=True)
    return int(shifts[numbers.argmax()]) if numbers.max() >= ON_LATTICE * len(coordinates) else None


def stacked_everywhere(stacks: Whole) -> bool:
    """Return whether events share points at many places and not at a few; stacks are the events per place."""
    usual = np.sort(stacks)[: len(stacks) - int(np.ceil(LARGEST * len(stacks)))]
    shared = usual[usual > 1]
    many = (
        len(shared) >= FEWEST_STACKS
        and len(shared) >= SHARE_OF_PLACES * len(usual)
        and float(shared.sum()) >= SHARE_OF_EVENTS * float(usual.sum())
    )
    return many and not _two_kinds(stacks)


def _two_kinds(stacks: Whole) -> bool:
    """Return whether there are places with one event and places with many and too few between: busy addresses."""
    fit = _fit_best(stacks)
    # Homes with one event and busy addresses with many: more singles and fewer pairs than one distribution has.
    singles, pairs = np.exp(fit.log_chances(np.array([1, 2]))) * len(stacks)
    return bool((stacks == 1).sum() > singles and (stacks == 2).sum() < FEWEST_PAIRS * pairs)


def crowded(places: Floats, stacks: Whole, *, spacing: float) -> bool:
    """Return whether places lie so much closer together than map points of this spacing that they are addresses."""
    from scipy.spatial import cKDTree

    away, _ = cKDTree(places).query(places, k=[2])
    # Around a random map point, at 1 / spacing^2 each of which carries an event by the share observed.
    chance = -np.expm1(-np.pi * NEAR**2 * share_observed(stacks))
    return float(np.mean(away < NEAR * spacing)) > CROWDED * float(chance)


def spacing_of(places: Floats, stacks: Whole) -> float:
    """Return the spacing of all map points, in metres, from those observed.

    Parameters
    ----------
    places
        The different points, shape (m, 2), in metres.
    stacks
        Events on each, shape (m,).
    """
    from scipy.spatial import cKDTree

    nearest = min(NEAREST, len(places) - 1)
    away, _ = cKDTree(places).query(places, k=[nearest + 1])
    # Around a random point pi d^2 / area has the gamma distribution of shape k; its median is k - 1/3.
    side = float(np.sqrt(np.pi / (nearest - 1 / 3)) * np.median(away))
    return side * float(np.sqrt(share_observed(stacks)))


def share_observed(stacks: Whole) -> float:
    """Return the share of all map points that carry an event, from the events on those that do, shape (m,)."""
    return _fit_best(stacks).seen


@dataclass(frozen=True)
class _Fit:
    """A zero-truncated negative binomial: gamma shape and mean of the rates of all map points."""

    shape: float
    rate: float

    @property
    def seen(self) -> float:
        """Probability that a map point carries an event."""
        # 1 - P(0) with log1p and expm1, which keep the digits of a small rate.
        return float(-np.expm1(-self.shape * np.log1p(self.rate / self.shape)))

    def log_chances(self, sizes: Whole) -> Floats:
        """Return the log probabilities of these numbers of events on a map point that carries any, shape (m,)."""
        from scipy.special import gammaln

        k, rate = self.shape, self.rate
        ways = gammaln(sizes + k) - gammaln(k) - gammaln(sizes + 1.0)
        return np.asarray(ways + sizes * np.log(rate / (rate + k)) - k * np.log1p(rate / k) - np.log(self.seen))

    @classmethod
    def with_mean(cls, shape: float, mean: float) -> _Fit:
        """Return the one of this shape whose mean number of events on map points that carry any is this."""
        from scipy.optimize import brentq

        if mean <= 1 + 1e-6:
            return cls(shape, 1e-6)
        # That mean is rate / seen, which grows from 1 with the rate; at rate = mean it is too large.
        return cls(shape, float(brentq(lambda rate: rate / cls(shape, rate).seen - mean, 1e-9, mean)))


def _fit_best(stacks: Whole) -> _Fit:
    from scipy.optimize import minimize_scalar

    sizes, places = np.unique(stacks, return_counts=True)
    mean = float(stacks.mean())

    # Profile likelihood of the shape: given it, the likeliest rate is the one with the observed mean.
    def loss(shape: float) -> float:
        return -float(places @ _Fit.with_mean(shape, mean).log_chances(sizes))

    return _Fit.with_mean(float(minimize_scalar(loss, bounds=UNEVENNESS, method="bounded").x), mean)
