"""Density estimates on a grid with their edge corrections, and their exact integrals: arrays in, arrays out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hotspots.analysis.common import Grid
from hotspots.analysis.density.adaptive import abramson_bandwidths, adaptive_sums, scale_bandwidths
from hotspots.analysis.kernels import kernel_mass, kernel_sums
from hotspots.vocabulary import Edge, Kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Estimate:
    """A density per m² at all cell centres, whether inside or not, and its integral over the outline.

    `integral` is None where there is no closed form; `bandwidths` are those of the points where they differ.
    """

    density: Floats
    integral: float | None
    bandwidths: Floats | None = None


@dataclass(frozen=True, eq=False)
class Sample:
    """Points with weights (shape (n, 2), in metres; shape (n,)), and which of them lie inside the outline."""

    points: Floats
    weights: Floats
    inside: Flags


def estimate_density(
    sample: Sample,
    grid: Grid,
    outline: Any,
    *,
    kernel: Kernel,
    bandwidth: float,
    edge: Edge,
    exact: bool = False,
) -> Estimate:
    """Return the density with one bandwidth.

    Parameters
    ----------
    outline
        The study area as one shapely polygon, for the masses of kernels inside it.
    edge
        ``"diggle"``: weights over masses at the points; ``"uniform"``: sums over masses at the cells.
    exact
        See `kernel_sums`.

    References
    ----------
    Diggle (1985), eq. 3.2 (uniform); Jones (1993), eq. 2.1 and 2.2 (both).
    """
    masses = None
    if edge != "uniform":
        masses = kernel_mass(sample.points, outline, kernel=kernel, bandwidth=bandwidth, inside=sample.inside)
    weights, integral = _correct(sample.weights, masses, edge)
    density = kernel_sums(sample.points, weights, grid, kernel=kernel, bandwidth=bandwidth, exact=exact)
    if edge == "uniform":
        density = _over_masses(density, grid, outline, kernel=kernel, bandwidth=bandwidth)
    return Estimate(density, integral)


def estimate_adaptive_density(
    sample: Sample,
    grid: Grid,
    outline: Any,
    *,
    kernel: Kernel,
    bandwidth: float,
    edge: Edge,
    exact: bool = False,
) -> Estimate:
    """Return the density with a bandwidth for each point, after Abramson; arguments are those of `estimate_density`.

    The pilot is the density with the one bandwidth and the same edge correction, linear between cell centres.

    References
    ----------
    Abramson (1982), Annals of Statistics 10, 1217-1223; Davies and Hazelton (2010), Statistics in Medicine 29,
    2423-2437, section 2.
    """
    points, weights, inside = sample.points, sample.weights, sample.inside
    # The floor keeps weights / held finite for a kernel that lies almost wholly outside.
    held = np.ones(len(points))
    if edge != "none":
        held = np.maximum(kernel_mass(points, outline, kernel=kernel, bandwidth=bandwidth, inside=inside), 1e-9)
    first = weights / held if edge == "diggle" else weights
    raw = kernel_sums(points, first, grid, kernel=kernel, bandwidth=bandwidth, exact=exact)
    # Rounding of the sums may leave 0 or less, and bandwidths need the pilot to the power -1/2.
    pilot = np.maximum(_between_centres(raw, grid, points), weights.max() * 1e-12 / bandwidth**2)
    if edge == "uniform":
        pilot /= held
    bandwidths, scale, widest = abramson_bandwidths(pilot, weights, bandwidth)
    masses = None
    if edge != "uniform":
        masses = kernel_mass(points, outline, kernel=kernel, bandwidth=bandwidths, inside=inside)
    corrected, integral = _correct(weights, masses, edge)
    density = adaptive_sums(points, corrected, grid, kernel=kernel, bandwidths=bandwidths, exact=exact)
    if edge == "uniform":
        # At a cell, the correction takes the bandwidth that an event there would have.
        pilots = _over_masses(raw, grid, outline, kernel=kernel, bandwidth=bandwidth)[grid.inside]
        at_cells = scale_bandwidths(pilots, scale, widest)
        density = _over_masses(density, grid, outline, kernel=kernel, bandwidth=at_cells)
    return Estimate(density, integral, bandwidths)


def _correct(weights: Floats, masses: Floats | None, edge: Edge) -> tuple[Floats, float | None]:
    """Return the weights, with Diggle's correction if chosen, and the integral over the outline."""
    if masses is None:
        return weights, None
    if edge == "none":
        return weights, float(weights @ masses)
    # A kernel's share is 0 only by rounding: on a spike of no width.
    held = masses > 0
    return np.where(held, weights / np.where(held, masses, 1.0), 0.0), float(weights[held].sum())


def _over_masses(density: Floats, grid: Grid, outline: Any, *, kernel: Kernel, bandwidth: float | Floats) -> Floats:
    """Return the density at cells inside over the mass of a kernel there; other cells stay."""
    row, column = np.nonzero(grid.inside)
    centres = np.column_stack([grid.across[column], grid.down[row]])
    masses = kernel_mass(centres, outline, kernel=kernel, bandwidth=bandwidth, inside=np.ones(len(row), dtype=bool))
    corrected = density.copy()
    corrected[row, column] /= np.where(masses > 0, masses, 1.0)
    return corrected


def _between_centres(values: Floats, grid: Grid, points: Floats) -> Floats:
    """Return values at points, linear between cell centres and level beyond the outermost."""
    from scipy import ndimage

    place = [(grid.down[0] - points[:, 1]) / grid.side, (points[:, 0] - grid.across[0]) / grid.side]
    return np.asarray(ndimage.map_coordinates(values, place, order=1, mode="nearest"), dtype=float)
