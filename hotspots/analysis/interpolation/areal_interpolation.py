"""Areal interpolation: people over cells, evenly or by address, and counts of events, smoothly or evenly."""

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
"""Cells of the largest grid that is chosen; with a cell that the user asks for, twice as many."""

ACROSS: Final = 2
"""Fewest chosen cells across an area, as if it were a square, in all but a twentieth of areas."""


# --------------------------------------------------------------------------- people


@dataclass(frozen=True, eq=False, slots=True)
class Spread:
    """People per cell, and how they were distributed.

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
    notes: tuple[Note, ...] = ()


def spread_people(area: StudyArea, grid: Grid, *, addresses: pd.DataFrame | None = None) -> Spread:
    """Return people per cell: each area's population spread evenly over its polygon, or over its addresses.

    Over the polygon, a cell gets the share of the area's people that it covers of the area, exactly
    (`coverage_fractions`), so a cell on a border gets people from both sides, and a cell whose centre lies outside the
    study area still has those of the part inside. Each area's people are conserved. Without addresses, the density of
    people is the same in the parks and the streets of an area.

    Parameters
    ----------
    area
        The study area, with a population.
    grid
        Must cover all areas; its mask is not used.
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
        words = "Areas without a known population, taken as without people"
        notes.append(_counted(words, int(unknown.sum())))
    people = np.where(unknown, 0.0, people)
    # Areal weighting: people in proportion to the part of the area that lies in the cell.
    owner, cell, part = overlap_cells(area.areas.geometry.to_numpy(), grid)
    words = "Each area's population was distributed evenly over its polygon"
    if addresses is not None:
        homes = _place_addresses(addresses, area, grid, notes)
        # Addresses replace the pieces of an area's polygon; an area without addresses keeps them.
        housed = np.bincount(homes[0], homes[2], minlength=len(area)) > 0
        rest = ~housed[owner]
        owner, cell, part = (
            np.concatenate([a, b[rest]]) for a, b in zip(homes, (owner, cell, part), strict=True)
        )  # fmt: skip
        words = "Each area's population was distributed evenly over its addresses"
        if not housed.all():
            words += ", or over its polygon where it has none"
            without, many = int((~housed).sum()), round(people[~housed].sum())
            note = (
                "Areas without an address, with population distributed over the polygon: "
                f"{without:,} ({many:,} people)."
            )
            notes.append(Note(note, of="publication", numbers=(without, many)))
    masses = np.zeros(grid.inside.size)
    np.add.at(masses, cell, share_out(people, owner, part))
    return Spread(masses.reshape(grid.shape), f"{words}.", tuple(notes))


def _counted(what: str, number: int, *more: int) -> Note:
    """Return how many areas or addresses something holds for."""
    return Note(f"{what}: {number:,}.", of="publication", numbers=(number, *more))


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
    addresses: pd.DataFrame, area: StudyArea, grid: Grid, notes: list[Note]
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
    # Queried polygon by polygon, because shapely prepares the query geometry and not the tree's.
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
        notes.append(_counted("Addresses outside every area, or without a point, left out", int((~inside).sum())))
    if weightless.any():
        notes.append(_counted("Addresses without a weight above 0, left out", int(weightless.sum()), 0))
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
    """Return a density surface from counts of areas: every area keeps its count; locations within areas are not known.

    A cell belongs to the area that its centre lies in, so an area's cells add up to its count, to the last digit but
    one. ``"pycnophylactic"`` makes the surface as smooth as it can be with that (Tobler 1979): nowhere negative, and
    with no flow across the edge of the study area or of an area without a count. Detail inside an area comes from
    smoothness alone: a peak near a border means that the neighbours have high counts, not that events happened there.
    ``"even"`` adds no detail and shows the areas themselves.

    Parameters
    ----------
    counts
        Counts by area, or a GeoDataFrame of polygons. Of an interval the middle is spread; an area without a count has
        no cells with a value.
    column
        The column of counts of a GeoDataFrame.
    cell
        Side of a cell in metres; by default so that a small area has four or more. The grid begins at multiples of it.
    years
        Years the counts cover; without it the unit is events per km² over the whole period.
    release
        Mark of a GeoDataFrame's counts; `AreaCounts` have their own.

    Returns
    -------
    Surface
        Of kind ``"spread"``. `integral` is the sum of the counts spread, in events.

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
            f"No area has a count of {counts.title}, so there is nothing to spread.",
            found=f"{len(counts):,} areas without a count",
            advice="check that the counts and the areas are of the same geography and vintage",
        )
    side = _choose_cell(counts.area, cell)
    grid = _grid_over(counts.area, side)
    zones, hosts, notes = _zones(counts.area, grid, known=~np.isnan(middle))
    totals = np.zeros(len(counts))
    # Several small areas may share a host: `add.at` adds up what repeats.
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
        name=counts.name,
        title=counts.title,
        sources=combine(counts).sources,
        period=counts.period,
        sentences=_method(counts, method, cell=side),
        notes=(*note_coverage(cover), *counts.notes, *notes),
        attribution=counts.area.attribution,
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
        release=combine(counts, counts.area).release,
        kind="spread",
    )


def _grid_over(area: StudyArea, side: float) -> Grid:
    """Return cells over everything that the areas reach to, all of them inside."""
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
    """Return the area of each cell (-1: none with a count), in whose cells each area's count goes, and notes."""
    from scipy.ndimage import distance_transform_edt

    polygons = area.areas.geometry.to_numpy()
    zones = own_cells(polygons, grid)
    # Position -1, no area, reads the False at the end.
    zones[~np.append(known, False)[zones]] = -1
    hosts = np.arange(len(area))
    notes: list[Note] = []
    homeless = np.flatnonzero((np.bincount(zones[zones >= 0], minlength=len(area)) == 0) & known)
    if len(homeless) == int(known.sum()):
        raise AnalysisError(
            f"Cells of {grid.side:,.0f} m are too coarse: the centre of none lies in an area with a count.",
            found=f"{len(homeless):,} areas with a count",
            advice="choose smaller cells",
        )
    if len(homeless):
        import shapely

        # No count is lost: that of an area without a cell goes to the area of the nearest cell.
        nearest = distance_transform_edt(zones < 0, return_distances=False, return_indices=True)
        rows, columns = grid.locate(shapely.get_coordinates(shapely.point_on_surface(polygons[homeless])))
        hosts[homeless] = zones[tuple(nearest[:, rows, columns])]
        what = (
            f"Areas too small for a cell of {grid.side:,.0f} m of their own, whose events are with those of the area "
            "around or beside"
        )
        notes.append(_counted(what, len(homeless), round(grid.side)))
    if not known.all():
        notes.append(_counted("Areas without a count, and so without a value", int((~known).sum())))
    return zones, hosts, notes


def _choose_cell(area: StudyArea, asked: float | None) -> float:
    """Return the side of a cell in metres: as asked, or fitting some times across the smaller areas."""
    import shapely

    small = float(np.quantile(area.areas.geometry.area, 0.05)) ** 0.5
    fitting = max((side for side in SIDES if side <= small / ACROSS), default=SIDES[0])
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
            f"There is no way {method!r} to spread counts.", advice="use 'pycnophylactic' (smooth) or 'even'"
        )
    for name, value, unit in (("cell", cell, "metres"), ("years", years, "years")):
        if value is not None and not (np.isfinite(value) and value > 0):
            raise AnalysisError(f"The {name} must be above 0: {value:g}.", advice=f"give it in {unit}, or leave it out")
