"""Kernels: their profiles, how far they reach, and what of them lies beyond a circle."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hotspots.analysis.grids import Grid

    Floats = NDArray[np.float64]

Kernel = Literal["quartic", "epanechnikov", "triangular", "uniform", "gaussian"]

Profile = Callable[["Floats"], "Floats"]
"""From the squared distance in bandwidths to the density per squared bandwidth."""

KERNELS: Final[Mapping[str, Profile]] = MappingProxyType(
    {
        "quartic": lambda u2: 3 / np.pi * np.square(np.maximum(1 - u2, 0)),
        "epanechnikov": lambda u2: 2 / np.pi * np.maximum(1 - u2, 0),
        "triangular": lambda u2: 3 / np.pi * np.maximum(1 - np.sqrt(u2), 0),
        "uniform": lambda u2: np.where(u2 <= 1, 1 / np.pi, 0),
        "gaussian": lambda u2: np.exp(-u2 / 2) / (2 * np.pi),
    }
)
"""Two-dimensional kernels that integrate to 1 (Silverman 1986, p. 76); compact ones are 0 beyond distance 1."""

GAUSSIAN_REACH: Final = 7.0
"""Standard deviations after which the Gaussian is left out: exp(-49/2) = 2e-11 of its mass lies beyond."""

QUARTIC_SD: Final = 8**-0.5
"""Standard deviation per axis of the quartic kernel with radius 1: a Gaussian of this SD smooths as much."""


def reach_of(kernel: Kernel) -> float:
    """Return how far a kernel reaches, in bandwidths.

    Examples
    --------
    >>> reach_of("quartic"), reach_of("gaussian")
    (1.0, 7.0)
    """
    return GAUSSIAN_REACH if kernel == "gaussian" else 1.0


def peak_of(kernel: Kernel) -> float:
    """Return a kernel's value at its centre, per squared bandwidth.

    Examples
    --------
    >>> round(peak_of("quartic"), 4)
    0.9549
    """
    return float(KERNELS[kernel](np.zeros(1))[0])


CHUNK: Final = 2048
"""Points per chunk of the Gaussian's matrix product."""


def stamp_compact(
    points: Floats, weights: Floats, *, grid: Grid, bandwidth: float, profile: Profile, correct: bool
) -> tuple[Floats, float]:
    """Return the sum of weight x kernel at every cell centre (per m²), and the weight no cell could take.

    Each point's kernel is evaluated exactly at the centres within its radius and added to the grid.

    Parameters
    ----------
    points, weights
        Easting and northing, shape (n, 2), in metres; number of events, shape (n,).
    profile
        One of `KERNELS`, 0 beyond distance 1.
    correct
        Divide each weight by the share of its kernel's cells' mass that is inside (Diggle).
    """
    total = np.zeros(grid.inside.shape)
    rows, columns = grid.inside.shape
    lost = 0.0
    # One cell more on each side than the radius needs: the profile is 0 there, and rounding can't cut a cell off.
    reach = int(np.ceil(bandwidth / grid.side)) + 1
    at_column = np.floor((points[:, 0] - grid.west) / grid.side).astype(int)
    at_row = np.floor((grid.north - points[:, 1]) / grid.side).astype(int)
    for i in range(len(points)):
        left, right = at_column[i] - reach, at_column[i] + reach + 1
        top, bottom = at_row[i] - reach, at_row[i] + reach + 1
        dx = (grid.eastings(left, right) - points[i, 0]) / bandwidth
        dy = (grid.northings(top, bottom) - points[i, 1]) / bandwidth
        stamp = profile(dy[:, None] ** 2 + dx[None, :] ** 2)
        window = (slice(max(top, 0), min(bottom, rows)), slice(max(left, 0), min(right, columns)))
        part = stamp[window[0].start - top : window[0].stop - top, window[1].start - left : window[1].stop - left]
        weight = weights[i]
        if correct:
            mass = float(part[grid.inside[window]].sum())
            if mass == 0:
                lost += float(weight)
                continue
            weight = weight * (float(stamp.sum()) / mass)
        total[window] += weight * part
    return total / bandwidth**2, lost


def stamp_gaussian(
    points: Floats, weights: Floats, *, grid: Grid, bandwidth: float, profile: Profile, correct: bool
) -> tuple[Floats, float]:
    """Return the same for the Gaussian, nowhere cut off: a product of two one-dimensional kernels.

    Over all cells of the plane the kernel's mass is 1 to 1e-8 as long as a cell is no wider than the bandwidth
    (Poisson's summation formula), so the share inside is the sum over the cells inside.
    """
    total = np.zeros(grid.inside.shape)
    inside = grid.inside.astype(float)
    lost = 0.0
    # 1 / sqrt(2 pi) per axis is what `profile` has in two dimensions.
    peak = float(np.sqrt(profile(np.zeros(1))[0])) / bandwidth
    for start in range(0, len(points), CHUNK):
        part, weight = points[start : start + CHUNK], weights[start : start + CHUNK]
        across = peak * np.exp(-(((grid.across - part[:, :1]) / bandwidth) ** 2) / 2)
        down = peak * np.exp(-(((grid.down - part[:, 1:]) / bandwidth) ** 2) / 2)
        if correct:
            mass = ((down @ inside) * across).sum(axis=1) * grid.side**2
            taken = mass > 0
            lost += float(weight[~taken].sum())
            weight = np.where(taken, weight / np.where(taken, mass, 1.0), 0.0)
        total += down.T @ (across * weight[:, None])
    return total, lost
