"""Kernels with a bandwidth for each point, after Abramson: narrow where points are dense, wide where they are sparse.

The sums are computed by classes of bandwidth on a logarithmic scale. Each point is shared between the three classes
around its own bandwidth, with the weights of quadratic interpolation, and the classes are added up in the Fourier
domain.

References
----------
Abramson (1982), Annals of Statistics 10, 1217-1223 (bandwidths by the square root of the density); Silverman (1986),
section 5.3 (pilot and geometric mean); Davies and Baddeley (2018), Statistics and Computing 28, 937-956 (classes of
bandwidth, trimming).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from hotspots.analysis.common import Grid
from hotspots.analysis.density.bandwidths import weighted_quantile
from hotspots.analysis.kernels import (
    KERNELS,
    assign,
    keep_within_reach,
    reach_of,
    sharpening,
    stamp,
    transform,
    widen,
)
from hotspots.errors import AnalysisError
from hotspots.vocabulary import Kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

TRIM: Final = 5.0
"""No bandwidth is more than this many times the median one (Davies and Baddeley 2018, section 2.2)."""

STEP: Final = float(np.log(1.1))
"""From one class of bandwidth to the next: between three classes a quartic kernel is then met to 5e-4 of its peak."""

STAMPED: Final = 4_000_000
"""Kernel values that are computed one by one, those of the highest kernels: these make the peaks."""

MOST_VALUES: Final = 1e9
"""Kernel values that are computed one by one where there is no other way: about a minute."""


def abramson_bandwidths(pilot: Floats, weights: Floats, bandwidth: float) -> tuple[Floats, float, float]:
    """Return a bandwidth for every point, the scale they come from, and the widest allowed: see `scale_bandwidths`.

    Parameters
    ----------
    pilot
        Density at each point, shape (n,), above 0 and in any unit.
    weights
        Shape (n,).
    bandwidth
        The weighted geometric mean of the bandwidths before trimming, in metres.

    References
    ----------
    Abramson (1982), p. 1218; Silverman (1986), eq. 5.8 with sensitivity 1/2.

    Examples
    --------
    >>> abramson_bandwidths(np.array([1.0, 4.0, 16.0]), np.ones(3), 100.0)[0]
    array([200., 100.,  50.])
    """
    # Over the geometric mean of the pilot, `bandwidth` is the geometric mean of all bandwidths (Silverman, eq. 5.8).
    mean = float(np.exp((weights * np.log(pilot)).sum() / weights.sum()))
    scale = bandwidth * mean**0.5
    widest = TRIM * weighted_quantile(scale / np.sqrt(pilot), weights, 0.5)
    return scale_bandwidths(pilot, scale, widest), scale, widest


def scale_bandwidths(pilot: Floats, scale: float, widest: float) -> Floats:
    """Return scale / sqrt(pilot), and the widest where that is more or the pilot is not above 0."""
    positive = pilot > 0
    return np.where(positive, np.minimum(scale / np.sqrt(np.where(positive, pilot, 1.0)), widest), widest)


def adaptive_sums(
    points: Floats, weights: Floats, grid: Grid, *, kernel: Kernel, bandwidths: Floats, exact: bool = False
) -> Floats:
    """Return the sum of weight x kernel at every cell centre per m², each point with its own bandwidth.

    Parameters
    ----------
    points, weights, bandwidths
        Easting and northing, shape (n, 2), in metres; shape (n,); metres, shape (n,).
    exact
        Evaluate every kernel at every centre in its reach.

    Returns
    -------
    ndarray of float, shape (rows, columns)
    """
    near = keep_within_reach(points, grid, reach_of(kernel) * bandwidths)
    points, weights, bandwidths = points[near], weights[near], bandwidths[near]
    values = np.pi * (reach_of(kernel) * bandwidths / grid.side + 0.5) ** 2
    # The rim of a kernel that ends in a jump is lost between classes.
    if kernel == "uniform":
        return _sums_of_discs(points, weights, grid, bandwidths)
    if exact or values.sum() <= STAMPED:
        return stamp(points, weights, grid, kernel=kernel, bandwidths=bandwidths)
    # The highest kernels make the peaks: they are evaluated directly, the rest by classes.
    highest = np.argsort(-np.abs(weights) / bandwidths**2, kind="stable")
    many = int(np.searchsorted(np.cumsum(values[highest]), STAMPED))
    first, rest = highest[:many], highest[many:]
    sums = stamp(points[first], weights[first], grid, kernel=kernel, bandwidths=bandwidths[first])
    if len(rest):
        sums += _sums_by_class(points[rest], weights[rest], grid, kernel=kernel, bandwidths=bandwidths[rest])
    return sums if (weights < 0).any() else np.maximum(sums, 0)


def need_few_values(points: Floats, grid: Grid, bandwidths: Floats) -> NDArray[np.bool_]:
    """Return which discs around points reach over every cell; the others may not take too long one by one.

    Raises
    ------
    AnalysisError
        If they would.
    """
    x, y, across, down = points[:, 0], points[:, 1], grid.across, grid.down
    # A disc that reaches beyond the farthest corner covers every cell: a constant, whatever its number of cells.
    far_x = np.maximum(np.abs(x - across[0]), np.abs(x - across[-1]))
    far_y = np.maximum(np.abs(y - down[0]), np.abs(y - down[-1]))
    over_all: NDArray[np.bool_] = np.hypot(far_x, far_y) < bandwidths
    values = np.minimum(np.pi * (bandwidths[~over_all] / grid.side) ** 2, grid.inside.size).sum()
    if values > MOST_VALUES:
        raise AnalysisError(
            "The discs of an adaptive density with the uniform kernel hold too many cells.",
            found=f"{values:.2g} cells in {len(points):,} discs of {np.median(bandwidths):,.0f} m; at most "
            f"{MOST_VALUES:.0e}",
            advice="choose larger cells, a smaller bandwidth or another kernel, or leave adaptive out",
        )
    return over_all


def _sums_of_discs(points: Floats, weights: Floats, grid: Grid, bandwidths: Floats) -> Floats:
    """Return the sums of the uniform kernel; a disc over every cell adds the same to all."""
    over_all = need_few_values(points, grid, bandwidths)
    some = ~over_all
    sums = stamp(points[some], weights[some], grid, kernel="uniform", bandwidths=bandwidths[some])
    height = float(KERNELS["uniform"](np.zeros(1))[0])
    return np.asarray(sums + height * (weights[over_all] / bandwidths[over_all] ** 2).sum(), dtype=float)


def _sums_by_class(points: Floats, weights: Floats, grid: Grid, *, kernel: Kernel, bandwidths: Floats) -> Floats:
    """Return the sums, every point shared between the three classes around its bandwidth."""
    lowest = float(bandwidths.min())
    place = np.log(bandwidths / lowest) / STEP
    nearest = np.round(place).astype(np.intp)
    t = place - nearest
    # Lagrange's quadratic through the class below, the nearest and the one above: shares add to 1, one may be negative.
    shares = {-1: t * (t - 1) / 2, 0: 1 - t * t, 1: t * (t + 1) / 2}
    wider, target = widen(grid, points, margin=2)
    widest = lowest * float(np.exp(STEP * (nearest.max() + 1)))
    profile = KERNELS[kernel]
    total = None
    for level in range(-1, int(nearest.max()) + 2):
        h = lowest * float(np.exp(STEP * level))
        parts = [(nearest == level - k, share) for k, share in shares.items()]
        some = np.concatenate([np.flatnonzero(mask) for mask, _ in parts])
        if not len(some):
            continue
        part = np.concatenate([weights[mask] * share[mask] for mask, share in parts])
        masses = assign(points[some], part, wider, order=2)
        # One size of transform for all classes; the response of each needs its own reach only.
        prepared = transform(masses, grid.side, reach=reach_of(kernel) * widest, target=target)
        cells = int(reach_of(kernel) * h / grid.side + 1e-9)
        near = replace(prepared, reach=(min(cells, prepared.reach[0]), min(cells, prepared.reach[1])))
        sharp = sharpening(prepared, 2)
        response = near.response(lambda d2, h=h: profile(d2 / h**2) / h**2, sharp)  # type: ignore[misc]
        # The transform is linear: spectra of all classes are added, and one inverse transform serves them all.
        product = prepared.spectrum * response
        total = replace(prepared, spectrum=product if total is None else total.spectrum + product)
    return np.zeros(grid.shape) if total is None else total.finish(total.spectrum)
