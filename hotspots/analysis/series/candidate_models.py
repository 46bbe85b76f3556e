"""Courses that a series may take: level, line, steps, bends; and how likely each makes many series at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import numpy as np

from hotspots.analysis.series.overdispersion import Scatter, correlate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["LINE", "Part", "columns_of", "further_shapes", "likelihoods", "price_of", "shapes_beside_a_line"]

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
    """Return what a course must gain in log-likelihood for its parts: 3/2 ln n each.

    References
    ----------
    Zhang and Siegmund (2007), Biometrics 63, 22-32: 3 ln n on the scale of twice the log-likelihood for a change whose
    place is searched for.
    """
    return 1.5 * float(np.log(n)) * len(parts)


def likelihoods(
    logs: Floats,
    base: Floats,
    shapes: Sequence[Sequence[Part]],
    *,
    chance: Floats,
    tried: Sequence[Scatter],
    time: Floats,
) -> Floats:
    """Return the largest log-likelihood of every course for every series, over the scatters tried.

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

    Returns
    -------
    ndarray
        Shape (shapes, series), up to a constant.
    """
    n = len(logs)
    extra = np.zeros((len(shapes), n, 2))
    for number, parts in enumerate(shapes):
        extra[number, :, : len(parts)] = columns_of(parts, time)
    best = np.full((len(shapes), logs.shape[1]), -np.inf)
    for scatter in tried:
        root = np.linalg.cholesky(np.diag(chance) + scatter.sd**2 * correlate(time, scatter.correlation))
        # Frisch-Waugh: the shared columns are projected out once. A course adds at most two orthonormal directions, and
        # gains half the squared projections on them.
        white = np.linalg.inv(root)
        basis, _ = np.linalg.qr(white @ base)
        clean = white - basis @ (basis.T @ white)
        left = clean @ logs
        first, second = _orthonormal(_through(clean, extra), _through(white, extra))
        gained = (first @ left) ** 2 + (second @ left) ** 2
        lost = (left**2).sum(axis=0)[None, :] + 2 * float(np.log(np.diag(root)).sum())
        # Profile likelihood over the scatters, comparable through the log determinant.
        np.maximum(best, 0.5 * (gained - lost), out=best)
    return best


def _through(matrix: Floats, pairs: Floats) -> Floats:
    """Return the matrix times every column of every pair, shape (shapes, n, 2)."""
    shapes, n, _ = pairs.shape
    flat = matrix @ pairs.transpose(1, 0, 2).reshape(n, -1)
    return np.asarray(flat.reshape(n, shapes, 2).transpose(1, 0, 2))


def _orthonormal(pairs: Floats, before: Floats) -> tuple[Floats, Floats]:
    """Return both columns of each pair made orthonormal; 0 where there is none or nothing of `before` is left."""
    first = _unit(pairs[:, :, 0], before[:, :, 0])
    second = pairs[:, :, 1] - (first * pairs[:, :, 1]).sum(axis=1)[:, None] * first
    return first, _unit(second, before[:, :, 1])


def _unit(columns: Floats, before: Floats) -> Floats:
    length, whole = (np.sqrt((vectors**2).sum(axis=1)) for vectors in (columns, before))
    # Of a column that the shared ones already explain only rounding is left.
    there = length > 1e-9 * whole
    unit = np.zeros_like(columns)
    unit[there] = columns[there] / length[there][:, None]
    return unit
