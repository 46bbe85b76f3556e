"""A smooth trend over a map: the terms of a thin-plate regression spline whose knots lie a stated distance apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from hotspots.errors import AnalysisError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["trend_terms"]

AREAS_FOR_A_TERM: Final = 20
"""A trend with fewer areas for each of its terms follows single hotspots (benchmarks/given.py)."""
AS_GOOD_AS_ZERO: Final = 1e-8
"""Share of the largest singular value below which a term repeats others."""


def trend_terms(centres: Floats, *, scale_km: float) -> Floats:
    """Return the terms of a smooth trend, without the constant: orthonormal columns (n, k).

    A natural thin-plate spline, without a penalty: knots are chosen among the areas, each at least `scale_km` from the
    others, so that the trend bends at about that distance and no shorter one, and is straight beyond the border.

    Parameters
    ----------
    centres
        Easting and northing of the areas (n, 2), metres.
    scale_km
        Distance between knots.

    Raises
    ------
    AnalysisError
        If the scale is so short that there are fewer than twenty areas for each term.

    References
    ----------
    Duchon (1977), in Constructive Theory of Functions of Several Variables, 85-100: r² log r with plane terms; Green
    and Silverman (1994), Nonparametric Regression and Generalized Linear Models, section 7.3.
    """
    knots = _spread(centres, 1000 * scale_km)
    if len(centres) < AREAS_FOR_A_TERM * max(len(knots), 3):
        raise AnalysisError(
            f"A trend with a scale of {scale_km:g} km follows single hotspots here.",
            found=f"{max(len(knots), 3):,} terms for {len(centres):,} areas",
            advice=f"give a longer scale: at least {AREAS_FOR_A_TERM} areas for each term are needed",
        )
    middle, size = centres.mean(axis=0), float(np.ptp(centres, axis=0).max())
    place, at = (centres - middle) / size, (knots - middle) / size
    plane = np.column_stack([np.ones(len(place)), place])
    terms = plane
    if len(at) > 3:
        # Weights of the knots that leave every plane alone make the spline natural: straight beyond the border.
        plane_at = np.column_stack([np.ones(len(at)), at])
        free = np.linalg.qr(plane_at, mode="complete")[0][:, 3:]
        terms = np.column_stack([plane, _radial(place, at) @ free])
    return _without_constant(terms)


def _spread(points: Floats, distance: float) -> Floats:
    """Return points at least a distance from each other, from the middle one on always the farthest from the others."""
    first = int(np.argmin(((points - points.mean(axis=0)) ** 2).sum(axis=1)))
    chosen, away = [first], np.hypot(*(points - points[first]).T)
    while away.max() >= distance:
        chosen.append(int(np.argmax(away)))
        away = np.minimum(away, np.hypot(*(points - points[chosen[-1]]).T))
    return points[chosen]


def _radial(places: Floats, knots: Floats) -> Floats:
    from scipy.special import xlogy

    square = ((places[:, None, :] - knots) ** 2).sum(axis=2)
    return np.asarray(xlogy(square, square) / 2, dtype=float)


def _without_constant(terms: Floats) -> Floats:
    """Return orthonormal columns that span the terms apart from the constant; repeated ones are left out."""
    left = terms[:, 1:] - terms[:, 1:].mean(axis=0)
    scaled = left / np.maximum(np.sqrt((left**2).sum(axis=0)), 1e-300)
    columns, sizes, _ = np.linalg.svd(scaled, full_matrices=False)
    kept: Floats = columns[:, sizes > AS_GOOD_AS_ZERO * sizes.max()] if len(sizes) else columns
    return kept
