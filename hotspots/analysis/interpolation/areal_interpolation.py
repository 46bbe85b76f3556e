"""Areal interpolation to cells: of people, evenly or by address, and of counts of events, smoothly or evenly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from hotspots.analysis.common import SIDES, Grid, as_counts, choose_side, note_coverage, per_year
from hotspots.analysis.interpolation.coverage_fractions import overlap_cells, own_cells
from hotspots.analysis.interpolation.pycnophylactic import MOST_STEPS, TOLERANCE, smooth_zones, spread_evenly
from hotspots.errors import AnalysisError
from hotspots.model import AreaCounts, InterpolationMethod, Note, Smoothing, StudyArea, Surface, combine, need_columns
from hotspots.vocabulary import UNRELEASED, SpreadMethod

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.intp]

__all__ = ["Spread", "spread_counts", "spread_people"]

MOST_INTERPOLATED_CELLS: Final = 2_000_000
"""Most cells of a grid; twice as many where the user sets the side of a cell."""

FEWEST_ACROSS: Final = 2
"""Fewest cells along the side of an area (as if it were a square), in all but the smallest 5% of areas."""


# --------------------------------------------------------------------------- people


@dataclass(frozen=True, eq=False, slots=True)
class Spread:
    """People per cell, and how they were interpolated.

    Parameters
    ----------
    people
        Array (row, col): people per cell, 0 where nobody lives; their sum is the population of the study area.
    words
        How the population was interpolated, in one sentence.
    notes
        Areas and addresses that could not be used as they are.
    owner, cell, part
        People by area and cell, each (pieces): position of the area, position of the cell in reading order, people. A
        cell on a border has pieces of several areas.
    """

    people: Floats
    words: str
    notes: tuple[Note, ...]
    owner: Whole
    cell: Whole
    part: Floats


def spread_people(area: StudyArea, grid: Grid, *, addresses: pd.DataFrame | None = None) -> Spread:
    """Return people per cell: each area's population distributed evenly over its polygon, or over its addresses.

    Over the polygon, a cell gets people in proportion to the part of the area that it covers, computed exactly
    (`coverage_fractions`). A cell on a border gets people of both areas, also if its centre is outside the study area.
    The total of every area is kept. Without addresses, parks have the same density of people as streets.

    Parameters
    ----------
    area
        The study area, with a population.
    grid
        Must cover all areas; its mask is not used.
    addresses
        Columns `easting`, `northing` (metres) and optionally `weight` (people, households, or any number at least 0).
        An area's people are distributed over its addresses by weight. An address on a border belongs to the first
        area in the order of ids. Where no address has a weight above 0, people are distributed over the polygon.

    Raises
    ------
    AnalysisError
        If the study area has no population, an area reaches beyond the grid, a column of the addresses is missing, a
        weight is negative, or no address lies in the study area.
    """
    if not area.has_population:
        raise AnalysisError(
            "The study area has no population to interpolate.",
            advice="read the areas with a population, or add one with area.with_population",
        )
    notes = []
    people = area.areas["population"].to_numpy(dtype=float, na_value=np.nan)
    unknown = np.isnan(people)
    if unknown.any():
        words = "Areas without a known population, taken as uninhabited"
        notes.append(_note_number(words, int(unknown.sum())))
    people = np.where(unknown, 0.0, people)
    # Areal weighting: people in proportion to the part of the area that lies in the cell.
    owner, cell, part = overlap_cells(area.areas.geometry.to_numpy(), grid)
    words = "Each area's population was distributed evenly over its polygon"
    if addresses is not None:
        located = _place_addresses(addresses, area, grid, notes)
        # Addresses replace the pieces of an area's polygon; an area without addresses keeps them.
        has_address = np.bincount(located[0], located[2], minlength=len(area)) > 0
        over_polygon = ~has_address[owner]
        owner, cell, part = (
            np.concatenate([of_addresses, of_polygons[over_polygon]])
            for of_addresses, of_polygons in zip(located, (owner, cell, part), strict=True)
        )
        words = "Each area's population was distributed evenly over its addresses"
        if not has_address.all():
            words += ", or over its polygon where it has none"
            without, residents = int((~has_address).sum()), round(people[~has_address].sum())
            note = (
                "Areas without an address, with population distributed over the polygon: "
                f"{without:,} ({residents:,} people)."
            )
            notes.append(Note(note, of="publication", numbers=(without, residents)))
    in_cells, pieces = np.zeros(grid.inside.size), share_out(people, owner, part)
    np.add.at(in_cells, cell, pieces)
    return Spread(in_cells.reshape(grid.shape), f"{words}.", tuple(notes), owner, cell, pieces)


def _note_number(words: str, number: int, *more: int) -> Note:
    """Return a note on a number of areas or addresses; `more` are numbers that `words` has."""
    return Note(f"{words}: {number:,}.", of="publication", numbers=(number, *more))


def share_out(totals: Floats, owner: Whole, shares: Floats) -> Floats:
    """Return the totals of owners (areas) divided among their pieces, in proportion to the shares of the pieces.

    Parameters
    ----------
    totals
        Shape (owners,).
    owner
        Position of the owner of each piece, shape (pieces,).
    shares
        Shape (pieces,); at least 0, and for every owner some above 0.

    Examples
    --------
    >>> share_out(np.array([10.0, 3.0]), np.array([0, 0, 1]), np.array([1.0, 3.0, 0.2])).tolist()
    [2.5, 7.5, 3.0]
    """
    whole = np.bincount(owner, shares, minlength=len(totals))
    return np.asarray(totals[owner] * (shares / whole[owner]), dtype=float)


def _place_addresses(
    addresses: pd.DataFrame, area: StudyArea, grid: Grid, notes: list[Note]
) -> tuple[Whole, Whole, Floats]:
    """Return area, cell and weight of every address that can be used; add notes on the others to `notes`."""
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
    shapes = np.asarray(shapely.points(points[:, 0], points[:, 1]), dtype=object)
    # Queried polygon by polygon, because shapely prepares the query geometry and not the tree's.
    polygon, point = shapely.STRtree(shapes).query(area.areas.geometry.to_numpy(), predicate="intersects")
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
        notes.append(_note_number("Addresses outside every area, or without a point, left out", int((~inside).sum())))
    if weightless.any():
        notes.append(_note_number("Addresses without a weight above 0, left out", int(weightless.sum()), 0))
    keep = inside & ~weightless
    rows, columns = grid.locate(points[keep])
    down, across = grid.shape
    # A point on the outermost line of the grid belongs to its last cells.
    cell = np.clip(rows, 0, down - 1) * across + np.clip(columns, 0, across - 1)
    return owner[keep], cell, weight[keep]


# --------------------------------------------------------------------------- counts of events


def spread_counts(
    counts: AreaCounts | gpd.GeoDataFrame,
    *,
    column: str | None = None,
    cell: float | None = None,
    method: SpreadMethod = "pycnophylactic",
    years: float | None = None,
    release: str = UNRELEASED,
) -> Surface:
    """Return a density surface from counts by area: the count of every area is kept, locations within it are not known.

    A cell belongs to the area in which its centre lies, and the cells of an area add up to its count, to rounding.
    ``"pycnophylactic"`` makes the surface as smooth as possible with these sums (Tobler 1979), and nowhere negative.
    Nothing is smoothed across the edge of the study area or of an area without a count. Detail inside an area comes
    from smoothing alone: a peak near a border means that the neighbours have high counts, not that events happened
    there. ``"even"`` distributes a count evenly over its area.

    Parameters
    ----------
    counts
        Counts by area, or a GeoDataFrame of polygons. Of a suppressed count, the middle of its interval is used. Cells
        of an area without a count have no value.
    column
        The column of counts of a GeoDataFrame.
    cell
        Side of a cell in metres; by default, all but the smallest areas have at least four cells.
    years
        Years that the counts cover; without it, the unit is events per km² over the whole period.
    release
        Release mark of the counts of a GeoDataFrame; `AreaCounts` have one already.

    Returns
    -------
    Surface
        Its `kind` is ``"spread"``, and its `integral` the sum of all counts, in events.

    Raises
    ------
    AnalysisError
        If no area has a count, or a setting is impossible.

    References
    ----------
    Tobler, W. R. (1979), Smooth pycnophylactic interpolation for geographical regions, Journal of the American
    Statistical Association 74, 519-530.
    """
    _need_settings(method, cell, years)
    counts = as_counts(counts, column, None, release=release)
    cover = None if years is not None else counts.coverage
    years = years if cover is None else cover.years
    middle = counts.middle.to_numpy(dtype=float)
    if np.isnan(middle).all():
        raise AnalysisError(
            f"No area has a count of {counts.title}, so there is nothing to interpolate.",
            found=f"{len(counts):,} areas without a count",
            advice="check that the counts and the areas are of the same geography and vintage",
        )
    side = _choose_cell(counts.area, cell)
    grid = _grid_over(counts.area, side)
    zones, hosts, notes = _zones(counts.area, grid, known=~np.isnan(middle))
    totals = np.zeros(len(counts))
    # Several small areas may have the same host: `add.at` adds up all their counts.
    np.add.at(totals, hosts, np.nan_to_num(middle))
    masses, smoothing = _spread(zones, totals, method)
    if smoothing is not None and smoothing.steps == MOST_STEPS:
        words = f"The smoothing was stopped after {MOST_STEPS:,} steps, before the surface was as smooth as can be."
        notes.append(Note(words, of="settings", numbers=(MOST_STEPS,)))
    unit = grid.cell_km2 * (years or 1.0)
    return Surface(
        masses / unit,
        origin=(grid.west, grid.north),
        cell=side,
        unit=per_year("events per km²", years, cover),
        integral=float(np.nansum(masses)),
        kernel="",
        bandwidth=np.nan,
        bandwidth_words="no bandwidth: the size of the areas decides how smooth the surface is",
        sentences=_method(counts, method, cell=side),
        provenance=InterpolationMethod(
            method=method,
            cell_m=side,
            years=years,
            cover=cover,
            areas=len(counts),
            areas_hidden=counts.hidden,
            areas_without_count=int(np.isnan(middle).sum()),
            areas_without_cell=int((hosts != np.arange(len(counts))).sum()),
            rule=counts.rule,
            smoothing=smoothing,
        ),
        area=counts.area,
        identity=combine(counts, counts.area, notes=(*note_coverage(cover), *counts.notes, *notes)),
        kind="spread",
    )


def _grid_over(area: StudyArea, side: float) -> Grid:
    """Return cells over the bounding box of the areas, all of them inside."""
    import shapely

    return Grid.over(shapely.box(*area.areas.total_bounds), side)


def _spread(zones: Whole, totals: Floats, method: SpreadMethod) -> tuple[Floats, Smoothing | None]:
    """Return events per cell (missing outside), and how the smoothing went."""
    if method == "pycnophylactic":
        smooth = smooth_zones(zones, totals)
        return smooth.masses, Smoothing(steps=smooth.steps, last_change=smooth.change, tolerance=TOLERANCE)
    masses = np.full(zones.shape, np.nan)
    masses[zones >= 0] = spread_evenly(zones[zones >= 0], totals)
    return masses, None


def _zones(area: StudyArea, grid: Grid, *, known: NDArray[np.bool_]) -> tuple[Whole, Whole, list[Note]]:
    """Return the area of each cell (-1: no area with a count), the host of each area, and notes.

    An area is its own host, unless it is too small to have a cell: then its count goes to the cells of another area.
    """
    from scipy.ndimage import distance_transform_edt

    polygons = area.areas.geometry.to_numpy()
    zones = own_cells(polygons, grid)
    # A cell outside all areas has position -1, which is the False at the end.
    zones[~np.append(known, False)[zones]] = -1
    hosts = np.arange(len(area))
    notes: list[Note] = []
    without_cell = np.flatnonzero((np.bincount(zones[zones >= 0], minlength=len(area)) == 0) & known)
    if len(without_cell) == int(known.sum()):
        raise AnalysisError(
            f"Cells of {grid.side:,.0f} m are too coarse: the centre of none lies in an area with a count.",
            found=f"{len(without_cell):,} areas with a count",
            advice="choose smaller cells",
        )
    if len(without_cell):
        import shapely

        # No count is lost: that of an area without a cell goes to the area of the nearest cell.
        nearest = distance_transform_edt(zones < 0, return_distances=False, return_indices=True)
        rows, columns = grid.locate(shapely.get_coordinates(shapely.point_on_surface(polygons[without_cell])))
        hosts[without_cell] = zones[tuple(nearest[:, rows, columns])]
        words = f"Areas too small for a cell of {grid.side:,.0f} m, whose events are counted in a neighbouring area"
        notes.append(_note_number(words, len(without_cell), round(grid.side)))
    if not known.all():
        notes.append(_note_number("Areas without a count, and so without a value", int((~known).sum())))
    return zones, hosts, notes


def _choose_cell(area: StudyArea, asked: float | None) -> float:
    """Return the side of a cell in metres: as set by the user, or so that small areas have `FEWEST_ACROSS` across."""
    import shapely

    small = float(np.quantile(area.areas.geometry.area, 0.05)) ** 0.5
    fitting = max((side for side in SIDES if side <= small / FEWEST_ACROSS), default=SIDES[0])
    box = shapely.box(*area.areas.total_bounds)
    return choose_side(box, asked=asked, wanted=fitting, most=MOST_INTERPOLATED_CELLS, finer=2)


def _method(counts: AreaCounts, method: SpreadMethod, *, cell: float) -> tuple[str, ...]:
    """Return how the surface was made, in sentences."""
    known = counts.table["observed_low"].notna()
    how = {
        "pycnophylactic": (
            "as smoothly as possible without changing any area's count (Tobler's pycnophylactic interpolation)"
        ),
        "even": "evenly over each area",
    }[method]
    detail = {
        "pycnophylactic": "detail inside an area comes from the smoothing alone",
        "even": "the surface shows the areas and nothing inside them",
    }[method]
    made = (
        f"Areal interpolation of the counts of {int(known.sum()):,} areas to cells of {cell:,.0f} m, {how}; {detail}."
    )
    if not counts.hidden:
        return (made,)
    low, high = (float(counts.table[f"observed_{end}"].sum()) for end in ("low", "high"))
    which = "count of 1 area is" if counts.hidden == 1 else f"counts of {counts.hidden:,} areas are"
    return (
        made,
        f"The {which} suppressed; the middle of each interval was used, and the true total lies between "
        f"{low:,.0f} and {high:,.0f}.",
    )


def _need_settings(method: str, cell: float | None, years: float | None) -> None:
    if method not in ("pycnophylactic", "even"):
        raise AnalysisError(
            f"There is no method {method!r} of areal interpolation.", advice="use 'pycnophylactic' (smooth) or 'even'"
        )
    for name, value, unit in (("cell", cell, "metres"), ("years", years, "years")):
        if value is not None and not (np.isfinite(value) and value > 0):
            raise AnalysisError(f"The {name} must be above 0: {value:g}.", advice=f"give it in {unit}, or leave it out")
