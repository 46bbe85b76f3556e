"""Courses that a series may take: level, line, steps, bends; and how likely each makes many series at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import numpy as np

from hotspots.analysis.series.overdispersion import Scatter, roots_of_variances

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = [
    "LINE",
    "Part",
    "columns_of",
    "further_shapes",
    "price_of",
    "restricted_likelihoods",
    "shapes_beside_a_line",
    "with_little_drift",
]

MOST_DRIFT: Final = 0.4
"""Largest correlation from period to period around a course with changes."""

PAIRED: Final = 24
"""Places of which pairs are tried; of a longer series every second, third ..."""


class Part(NamedTuple):
    """One piece of a course of logarithms."""

    kind: Literal["line", "step", "after", "before"]
    """A straight line; another level from `place` on; a rise or fall from `place` on; one that ends before `place`."""
    place: int = 0
    """Number of the first period of the new segment."""


LINE: Final = Part("line")


def columns_of(parts: Sequence[Part], time: Floats) -> Floats:
    """Return the columns of a design for these parts at these times (numbers of periods), shape (n, parts).

    Examples
    --------
    >>> columns_of([Part("step", 2), Part("after", 2), Part("before", 2)], np.arange(4.0)).T
    array([[ 0.,  0.,  1.,  1.],
           [ 0.,  0.,  1.,  2.],
           [-1.,  0.,  0.,  0.]])
    """
    return np.asarray(np.column_stack([np.zeros((len(time), 0)), *(_column(part, time) for part in parts)]))


def _column(part: Part, time: Floats) -> Floats:
    if part.kind == "line":
        return np.asarray(time - time.mean(), dtype=float)
    if part.kind == "step":
        return np.asarray(time >= time[part.place], dtype=float)
    # A rise begins, and one ends, with the last period of the segment before.
    since = time - time[part.place - 1]
    return np.asarray(np.maximum(since, 0.0) if part.kind == "after" else np.minimum(since, 0.0), dtype=float)


def shapes_beside_a_line(n: int, shortest: int, *, most: int = 3) -> list[tuple[Part, ...]]:
    """Return the courses to compare with a straight line: one or two changes; one where `most` segments are two.

    Empty where the series is too short for two segments.
    """
    places = range(shortest, n - shortest + 1)
    one = [(part,) for place in places for part in (Part("step", place), Part("after", place), Part("before", place))]
    two = [
        pair
        for place in places
        for pair in (
            (Part("step", place), Part("after", place)),
            (Part("step", place), Part("before", place)),
            (LINE, Part("step", place)),
            (LINE, Part("after", place)),
        )
    ]
    if most < 3:
        return [*one, *two]
    some = places[:: -(-len(places) // PAIRED)] if places else places
    steps = [(Part("step", a), Part("step", b)) for a in some for b in some if b - a >= shortest]
    return [*one, *two, *steps]


def further_shapes(parts: Sequence[Part], n: int, shortest: int) -> list[tuple[Part, ...]]:
    """Return the possible additions to a course: one more change of level, of slope, or of both at one place."""
    taken = [part.place for part in parts if part.kind != "line"]
    edges = [0, *taken, n]
    places = [place for place in range(n) if min(abs(place - edge) for edge in edges) >= shortest]
    return [
        more
        for place in places
        for more in ((Part("step", place),), (Part("after", place),), (Part("step", place), Part("after", place)))
    ]


def price_of(parts: Sequence[Part], n: int) -> float:
    """Return what a course must gain in log-likelihood for its parts: 3/2 ln n each, and 2 ln n for a bend.

    A bend costs more because it follows an autoregression more closely than a step: at the price of a step, bends found
    by chance hid real steps.

    References
    ----------
    Zhang and Siegmund (2007), Biometrics 63, 22-32: 3 ln n on the scale of twice the log-likelihood for a change whose
    place is searched for.
    """
    return float(np.log(n)) * sum(2.0 if part.kind in ("after", "before") else 1.5 for part in parts)


def with_little_drift(tried: Sequence[Scatter]) -> tuple[Scatter, ...]:
    """Return the scatters that a course with changes may have: correlation at most `MOST_DRIFT`.

    What a series with changes owes to them, a series without owes to drift. A course with both fits drifting series
    better than either, and hides real steps: of steps of 20 % with 5 % scatter, 71 % were found with any drift beside
    them, and 75 % with little (1,500 simulated series of 28 quarters), at the same share of false ones.
    """
    return tuple(scatter for scatter in tried if scatter.correlation <= MOST_DRIFT)


def restricted_likelihoods(
    logs: Floats,
    base: Floats,
    shapes: Sequence[Sequence[Part]],
    *,
    chance: Floats,
    tried: Sequence[Scatter],
    time: Floats,
    unit: float,
) -> Floats:
    """Return the largest restricted log-likelihood of every course for every series, over the scatters tried.

    Parameters
    ----------
    logs
        log(count + 1/2) less the logarithm of the exposure, shape (n, series).
    base
        Columns that every course has (level, season, ...), shape (n, b).
    shapes
        Each with at most two parts, which come to `base`.
    chance
        Variance by Poisson chance, shape (n,).
    tried
        Scatters, of which the likeliest is taken for each course and series.
    time
        Number of every period, shape (n,).
    unit
        Variance of the logarithms at which a further column costs nothing by itself: courses with unlike numbers of
        columns can be compared, whatever the scale of the logarithms.

    Returns
    -------
    ndarray
        Shape (shapes, series), up to a constant.

    References
    ----------
    Patterson and Thompson (1971), Biometrika 58, 545-554; Harville (1974), Biometrika 61, 383-385: the form with
    log det X'X, which does not depend on how the columns of X are written.
    """
    n = len(logs)
    extra = np.zeros((len(shapes), n, 2))
    for number, parts in enumerate(shapes):
        extra[number, :, : len(parts)] = columns_of(parts, time)
    # log det X'V⁻¹X of every course where V is the unit: X'X / unit.
    plain = next(_project(np.eye(n)[None] / np.sqrt(unit), base, extra)).log_det
    best = np.full((len(shapes), logs.shape[1]), -np.inf)
    roots = roots_of_variances(chance, tried, time=time)
    whites = np.asarray(np.linalg.inv(roots), dtype=float)
    for root, course in zip(roots, _project(whites, base, extra), strict=True):
        left = course.clean @ logs
        # A course adds at most two orthonormal directions, and gains half the squared projections on them.
        gained = (course.first @ left) ** 2 + (course.second @ left) ** 2
        lost = (left**2).sum(axis=0)[None, :] + 2 * float(np.log(np.diag(root)).sum())
        # Likelihood over the scatters, comparable through both log determinants.
        np.maximum(best, 0.5 * (gained - lost - (course.log_det - plain)[:, None]), out=best)
    return best


class _Projected(NamedTuple):
    """Courses after whitening and without what the shared columns explain."""

    clean: Floats
    """Whitens and takes out the shared columns, shape (n, n)."""
    first: Floats
    second: Floats
    """Orthonormal directions that each course adds, 0 where there is none, shape (shapes, n)."""
    log_det: Floats
    """log det X'V⁻¹X of each course, shape (shapes,)."""


def _project(whites: Floats, base: Floats, extra: Floats) -> Iterator[_Projected]:
    """Yield the courses under each whitening, (m, n, n); shared columns are projected out once (Frisch and Waugh)."""
    for white, basis, triangle in zip(whites, *np.linalg.qr(whites @ base), strict=True):
        clean = white - basis @ (basis.T @ white)
        pairs, before = _through(clean, extra), _through(white, extra)
        first, length = _unit(pairs[:, :, 0], before[:, :, 0])
        rest = pairs[:, :, 1] - (first * pairs[:, :, 1]).sum(axis=1)[:, None] * first
        second, further = _unit(rest, before[:, :, 1])
        shared = float(np.log(np.abs(np.diag(triangle))).sum())
        yield _Projected(clean, first, second, 2 * (shared + np.log(length) + np.log(further)))


def _through(matrix: Floats, pairs: Floats) -> Floats:
    """Return the matrix times every column of every pair, shape (shapes, n, 2)."""
    shapes, n, _ = pairs.shape
    flat = matrix @ pairs.transpose(1, 0, 2).reshape(n, -1)
    return np.asarray(flat.reshape(n, shapes, 2).transpose(1, 0, 2))


def _unit(columns: Floats, before: Floats) -> tuple[Floats, Floats]:
    """Return columns of length 1 and their lengths; 0 and 1 where there is none or nothing of `before` is left."""
    length, whole = (np.sqrt((vectors**2).sum(axis=1)) for vectors in (columns, before))
    # Of a column that the shared ones already explain only rounding is left.
    there = length > 1e-9 * whole
    length = np.where(there, length, 1.0)
    return np.where(there[:, None], columns / length[:, None], 0.0), length
