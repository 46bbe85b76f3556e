"""Kernels summed over points at the centres of cells: arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Kernel = Literal["quartic", "epanechnikov", "triangular", "uniform", "gaussian"]

Profile = Callable[["Floats"], "Floats"]
"""From the squared distance in bandwidths to the density per squared bandwidth."""

KERNELS: Final[Mapping[str, Profile]] = MappingProxyType(
    {
        "quartic": lambda u2: 3 / np.pi * np.maximum(1 - u2, 0) ** 2,
        "epanechnikov": lambda u2: 2 / np.pi * np.maximum(1 - u2, 0),
        "triangular": lambda u2: 3 / np.pi * np.maximum(1 - np.sqrt(u2), 0),
        "uniform": lambda u2: np.where(u2 <= 1, 1 / np.pi, 0),
        "gaussian": lambda u2: np.exp(-u2 / 2) / (2 * np.pi),
    }
)
"""Two-dimensional kernels that integrate to 1 (Silverman 1986, p. 76); compact ones are 0 beyond distance 1."""

CHUNK: Final = 2048
"""Points per chunk of the Gaussian's matrix product."""


@dataclass(frozen=True, eq=False)
class Lattice:
    """Cells over an outline, aligned to multiples of their side; row 0 is in the north."""

    west: float
    north: float
    side: float
    inside: NDArray[np.bool_]

    @classmethod
    def over(cls, outline: Any, side: float) -> Lattice:
        """Return the cells that cover the outline; a cell is inside where its centre is (the border included)."""
        import shapely

        west, south, east, north = outline.bounds
        first_column, last_row = np.floor(west / side), np.floor(south / side)
        columns = max(int(np.ceil(east / side) - first_column), 1)
        rows = max(int(np.ceil(north / side) - last_row), 1)
        left, top = first_column * side, (last_row + rows) * side
        across = left + (np.arange(columns) + 0.5) * side
        inside = np.empty((rows, columns), dtype=bool)
        shapely.prepare(outline)
        for row in range(rows):
            inside[row] = shapely.intersects_xy(outline, across, top - (row + 0.5) * side)
        return cls(float(left), float(top), side, inside)

    @property
    def across(self) -> Floats:
        """Eastings of the centres of the columns."""
        return self.eastings(0, self.inside.shape[1])

    @property
    def down(self) -> Floats:
        """Northings of the centres of the rows, from north to south."""
        return self.northings(0, self.inside.shape[0])

    def eastings(self, first: int, end: int) -> Floats:
        """Return the eastings of the centres of columns `first` to `end` - 1, beyond the grid too."""
        return np.asarray(self.west + (np.arange(first, end) + 0.5) * self.side, dtype=float)

    def northings(self, first: int, end: int) -> Floats:
        """Return the northings of the centres of rows `first` to `end` - 1, beyond the grid too."""
        return np.asarray(self.north - (np.arange(first, end) + 0.5) * self.side, dtype=float)


def stamp_compact(
    points: Floats, weights: Floats, *, lattice: Lattice, bandwidth: float, profile: Profile, correct: bool
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
    total = np.zeros(lattice.inside.shape)
    rows, columns = lattice.inside.shape
    lost = 0.0
    # One cell more on each side than the radius needs: the profile is 0 there, and rounding can't cut a cell off.
    reach = int(np.ceil(bandwidth / lattice.side)) + 1
    at_column = np.floor((points[:, 0] - lattice.west) / lattice.side).astype(int)
    at_row = np.floor((lattice.north - points[:, 1]) / lattice.side).astype(int)
    for i in range(len(points)):
        left, right = at_column[i] - reach, at_column[i] + reach + 1
        top, bottom = at_row[i] - reach, at_row[i] + reach + 1
        dx = (lattice.eastings(left, right) - points[i, 0]) / bandwidth
        dy = (lattice.northings(top, bottom) - points[i, 1]) / bandwidth
        stamp = profile(dy[:, None] ** 2 + dx[None, :] ** 2)
        window = (slice(max(top, 0), min(bottom, rows)), slice(max(left, 0), min(right, columns)))
        part = stamp[window[0].start - top : window[0].stop - top, window[1].start - left : window[1].stop - left]
        weight = weights[i]
        if correct:
            mass = float(part[lattice.inside[window]].sum())
            if mass == 0:
                lost += float(weight)
                continue
            weight = weight * (float(stamp.sum()) / mass)
        total[window] += weight * part
    return total / bandwidth**2, lost


def stamp_gaussian(
    points: Floats, weights: Floats, *, lattice: Lattice, bandwidth: float, profile: Profile, correct: bool
) -> tuple[Floats, float]:
    """Return the same for the Gaussian, nowhere cut off: a product of two one-dimensional kernels.

    Over all cells of the plane the kernel's mass is 1 to 1e-8 as long as a cell is no wider than the bandwidth
    (Poisson's summation formula), so the share inside is the sum over the cells inside.
    """
    total = np.zeros(lattice.inside.shape)
    inside = lattice.inside.astype(float)
    lost = 0.0
    # 1 / sqrt(2 pi) per axis is what `profile` has in two dimensions.
    peak = float(np.sqrt(profile(np.zeros(1))[0])) / bandwidth
    for start in range(0, len(points), CHUNK):
        part, weight = points[start : start + CHUNK], weights[start : start + CHUNK]
        across = peak * np.exp(-(((lattice.across - part[:, :1]) / bandwidth) ** 2) / 2)
        down = peak * np.exp(-(((lattice.down - part[:, 1:]) / bandwidth) ** 2) / 2)
        if correct:
            mass = ((down @ inside) * across).sum(axis=1) * lattice.side**2
            taken = mass > 0
            lost += float(weight[~taken].sum())
            weight = np.where(taken, weight / np.where(taken, mass, 1.0), 0.0)
        total += down.T @ (across * weight[:, None])
    return total, lost
