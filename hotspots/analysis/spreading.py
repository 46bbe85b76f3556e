"""What is known of areas, spread over cells: people evenly or by address, counts of events smoothly or evenly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hotspots.analysis.grids import Grid
from hotspots.analysis.overlaps import overlap_cells
from hotspots.errors import AnalysisError
from hotspots.nouns import StudyArea
from hotspots.nouns.checks import need_columns

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.intp]

__all__ = ["Spread", "spread_people", "spread_population"]


# --------------------------------------------------------------------------- people


@dataclass(frozen=True, eq=False, slots=True)
class Spread:
    """People per cell, and how they came there.

    Parameters
    ----------
    people
        Array (row, col): people per cell, 0 where nobody lives; their sum is the population of the study area.
    words
        How the people were spread, in one sentence.
    notes
        What a reader must know, in sentences.
    """

    people: Floats
    words: str
    notes: tuple[str, ...] = ()


def spread_population(area: StudyArea, grid: Grid, *, addresses: pd.DataFrame | None = None) -> Floats:
    """Return people per cell, shape (rows, columns): each area's population over its polygon or its addresses.

    See `spread_people`, which tells what was done as well.
    """
    return spread_people(area, grid, addresses=addresses).people


def spread_people(area: StudyArea, grid: Grid, *, addresses: pd.DataFrame | None = None) -> Spread:
    """Return people per cell: each area's population spread evenly over its polygon, or over its addresses.

    Over the polygon, a cell gets the share of the area's people that it covers of the area, exactly
    (`hotspots.analysis.overlaps`), so a cell on a border gets people from both sides, and a cell whose centre lies
    outside the study area still has those of the part inside. Each area's people are conserved. Within an area
    people live where the houses are: without addresses its parks are as densely peopled as its streets.

    Parameters
    ----------
    area
        The study area, with a population.
    grid
        Must reach over all areas; its mask is not asked.
    addresses
        Columns `easting`, `northing` (metres) and optionally `weight` (people, households, or any number at least 0).
        An area's people are shared among its addresses by weight. An address counts in the first area, in the order
        of ids, that it touches. An area in which no address with a weight lies is spread over its polygon.

    Raises
    ------
    AnalysisError
        If the study area has no population or an area lies beyond the grid, or the addresses lack a column, have a
        negative weight, or none of them lies in the study area.
    """
    if not area.has_population:
        raise AnalysisError(
            "The study area has no population, so there are no people to spread.",
            advice="read the areas with a population, or add one with area.with_population",
        )
    notes = []
    people = area.areas["population"].to_numpy(dtype=float, na_value=np.nan)
    unknown = np.isnan(people)
    if unknown.any():
        notes.append(f"Areas without a known population, taken as without people: {int(unknown.sum()):,}.")
    people = np.where(unknown, 0.0, people)
    owner, cell, part = overlap_cells(area.areas.geometry.to_numpy(), grid)
    words = "Each area's people were spread evenly over its polygon"
    if addresses is not None:
        homes = _place_addresses(addresses, area, grid, notes)
        housed = np.bincount(homes[0], homes[2], minlength=len(area)) > 0
        rest = ~housed[owner]
        owner, cell, part = (
            np.concatenate([a, b[rest]]) for a, b in zip(homes, (owner, cell, part), strict=True)
        )  # fmt: skip
        words = "Each area's people were spread evenly over its addresses"
        if not housed.all():
            words += ", or over its polygon where it has none"
            notes.append(
                f"Areas without an address, whose people were spread over the polygon: {int((~housed).sum()):,} "
                f"({people[~housed].sum():,.0f} people)."
            )
    masses = np.zeros(grid.inside.size)
    np.add.at(masses, cell, share_out(people, owner, part))
    return Spread(masses.reshape(grid.shape), f"{words}.", tuple(notes))


def share_out(totals: Floats, owner: Whole, shares: Floats) -> Floats:
    """Return every piece's part of its owner's total, in proportion to its share; an owner's pieces sum to its total.

    Parameters
    ----------
    totals
        What each owner has (owners,).
    owner
        Position of each piece's owner (pieces,).
    shares
        At least 0, and not all 0 for any owner (pieces,).

    Examples
    --------
    >>> share_out(np.array([10.0, 3.0]), np.array([0, 0, 1]), np.array([1.0, 3.0, 0.2])).tolist()
    [2.5, 7.5, 3.0]
    """
    whole = np.bincount(owner, shares, minlength=len(totals))
    return np.asarray(totals[owner] * (shares / whole[owner]), dtype=float)


def _place_addresses(
    addresses: pd.DataFrame, area: StudyArea, grid: Grid, notes: list[str]
) -> tuple[Whole, Whole, Floats]:
    """Return area, cell and weight of every address that counts; notes are added of those that do not."""
    import shapely

    need_columns(addresses, ("easting", "northing"), "A table of addresses")
    points = addresses[["easting", "northing"]].to_numpy(dtype=float, na_value=np.nan)
    weight = np.ones(len(points))
    if "weight" in addresses.columns:
        weight = addresses["weight"].to_numpy(dtype=float, na_value=np.nan)
        if (weight < 0).any():
            first = int(np.flatnonzero(weight < 0)[0])
            raise AnalysisError(
                f"The weight of an address is negative: {weight[first]:g}.",
                found=f"{int((weight < 0).sum()):,} such addresses, the first in row {first + 1:,}",
                advice="a weight is a number of people or households, at least 0",
            )
    spots = np.asarray(shapely.points(points[:, 0], points[:, 1]), dtype=object)
    # Asked polygon by polygon, because shapely prepares what it asks with and not what it asks for.
    polygon, point = shapely.STRtree(spots).query(area.areas.geometry.to_numpy(), predicate="intersects")
    owner = np.full(len(points), len(area), dtype=np.intp)
    np.minimum.at(owner, point, polygon)
    inside = owner < len(area)
    if not inside.any():
        raise AnalysisError(
            "No address lies in the study area.",
            found=f"{len(points):,} addresses",
            advice="check the coordinate system of the addresses (it must be EPSG:27700) and the study area",
        )
    weightless = inside & ~(weight > 0)
    if not inside.all():
        notes.append(f"Addresses outside every area, or without a point, left out: {int((~inside).sum()):,}.")
    if weightless.any():
        notes.append(f"Addresses without a weight above 0, left out: {int(weightless.sum()):,}.")
    keep = inside & ~weightless
    rows, columns = grid.locate(points[keep])
    down, across = grid.shape
    # A point on the outermost line of the grid belongs to its last cells.
    cell = np.clip(rows, 0, down - 1) * across + np.clip(columns, 0, across - 1)
    return owner[keep], cell, weight[keep]
