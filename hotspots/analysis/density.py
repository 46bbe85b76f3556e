"""Kernel density: how many events per km² and year, as a smooth surface with a stated unit, bandwidth and edge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from hotspots.analysis.grids import Grid
from hotspots.analysis.kernels import KERNELS, Kernel, stamp_compact, stamp_gaussian
from hotspots.errors import AnalysisError
from hotspots.nouns import Events, StudyArea, Surface
from hotspots.vocabulary import weakest_release

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Edge", "Kernel", "kernel_density"]

Edge = Literal["diggle", "none"]

SNAP_FLOOR: Final = 400.0
"""Metres. data.police.uk moves points to map points some 100 to 250 m apart; below this a surface shows those."""

SNAP_SHARE: Final = 0.25
"""From this share of events on a point shared with another event on, points are taken as moved to map points."""

CELLS: Final = (10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0)
"""Sides of a cell, in metres, that the program chooses from."""

MOST_CELLS: Final = 4_000_000
"""A chosen cell gives at most so many cells; one that the user asks for, at most ten times as many."""

QUARTIC_SD: Final = 8**-0.5
"""Standard deviation per axis of the quartic kernel with radius 1: a Gaussian of this SD smooths as much."""


@dataclass(frozen=True)
class _Bandwidth:
    metres: float
    words: str
    notes: tuple[str, ...]
    provenance: dict[str, Any]


def kernel_density(
    events: Events,
    area: StudyArea,
    *,
    bandwidth: float | None = None,
    cell: float | None = None,
    kernel: Kernel = "quartic",
    edge: Edge = "diggle",
    years: float | None = None,
) -> Surface:
    """Return the density of events as a surface: the kernel sum at the centre of every cell of the study area.

    A density shows where events are, and so also where people are; it is no test. Events outside the study area are
    left out (and counted): just inside the border the surface knows only one side.

    Parameters
    ----------
    events
        Events with points; those without a point are left out and counted.
    area
        The study area. Cells whose centre lies outside are missing.
    bandwidth
        In metres: the radius of the kernel (its standard deviation for ``"gaussian"``). By default the robust rule
        of Silverman as ArcGIS has it, 0.9 min(SD, Dm / sqrt(ln 2)) n^(-1/5) with the standard distance SD and the
        median distance Dm from the mean centre, rounded to 10 m, and at least 400 m where points are shared as
        police points are.
    cell
        Side of a cell in metres; by default about a tenth of the radius. The grid begins at multiples of it.
    kernel
        ``"quartic"``, ``"epanechnikov"``, ``"triangular"``, ``"uniform"`` or ``"gaussian"``.
    edge
        ``"diggle"`` divides each event by the part of its kernel that lies inside the study area (evaluated on
        the cells: kernel over cells inside divided by kernel over all cells); ``"none"`` lets that part leak out.
    years
        Years the events cover. By default told from the first and last month in `when`, where that is a whole
        number of years give or take a month; otherwise the unit is events per km² over the whole period.

    Returns
    -------
    Surface
        `integral` is the sum of values x cell area (x years), in events: close to the number of events used with
        Diggle's correction, less without it.

    Raises
    ------
    AnalysisError
        If no event has a point in the study area, or a setting is impossible.

    References
    ----------
    Silverman (1986), Density Estimation, eq. 3.31 (rule) and p. 76 (kernels); Diggle (1985), Applied Statistics 34,
    138-147 (edge correction).
    """
    _need_settings(bandwidth, cell, kernel, edge, years)
    outline = area.areas.geometry.union_all()
    points, notes = _points_inside(events, area, outline)
    distinct, stacked = np.unique(points, axis=0, return_counts=True)
    chosen = _choose_bandwidth(points, stacked, bandwidth, kernel)
    side = _choose_cell(chosen.metres, cell, kernel, tuple(area.areas.total_bounds))
    period = _years(events.table["when"]) if years is None else years

    grid = Grid.over(outline, side)
    stamp = stamp_gaussian if kernel == "gaussian" else stamp_compact
    density, lost = stamp(
        distinct,
        stacked.astype(float),
        grid=grid,
        bandwidth=chosen.metres,
        profile=KERNELS[kernel],
        correct=edge == "diggle",
    )
    values = np.where(grid.inside, density * 1e6 / (period or 1.0), np.nan)
    if lost:
        notes.append(f"Events in a part of the area too narrow for any cell, and so not in the surface: {lost:,.0f}.")
    return Surface(
        values,
        origin=(grid.west, grid.north),
        cell=side,
        unit="events per km² and year" if period else "events per km²",
        integral=float(np.nansum(values)) * side**2 / 1e6 * (period or 1.0),
        kernel=kernel,
        bandwidth=chosen.metres,
        bandwidth_words=chosen.words,
        name=events.name,
        title=events.title,
        source=events.source,
        period=events.period,
        words=_words(kernel, edge, bandwidth=chosen.metres, cell=side, used=len(points), years=period),
        notes=(*events.notes, *notes, *chosen.notes),
        attribution=area.attribution,
        provenance={
            "kernel": kernel,
            "edge_correction": edge,
            "bandwidth_m": chosen.metres,
            "cell_m": side,
            "years": period,
            "events_used": len(points),
            "events_outside": int(events.table["easting"].notna().sum()) - len(points),
            "distinct_points": len(distinct),
            **chosen.provenance,
        },
        release=weakest_release(events.release, area.release),
    )


def _points_inside(events: Events, area: StudyArea, outline: Any) -> tuple[Floats, list[str]]:
    """Return easting and northing of the events inside, shape (n, 2), and what was left out."""
    import shapely

    points = events.table[["easting", "northing"]].to_numpy(dtype=float, na_value=np.nan)
    points = points[~np.isnan(points).any(axis=1)]
    if not len(points):
        raise AnalysisError(
            f"The {events.title} have no points, so there is no density surface of them.",
            found=f"{len(events):,} events, 0 with easting and northing",
            advice="use the results by area, or give events with coordinates",
        )
    shapely.prepare(outline)
    inside = points[shapely.intersects_xy(outline, points[:, 0], points[:, 1])]
    if not len(inside):
        west, south, east, north = area.areas.total_bounds
        first = points[0]
        raise AnalysisError(
            f"No event of the {events.title} lies in the study area.",
            found=f"{len(points):,} points, the first at {first[0]:.0f} {first[1]:.0f}; the area reaches from "
            f"{west:.0f} {south:.0f} to {east:.0f} {north:.0f}",
            advice="check the coordinate system of the events (it must be EPSG:27700) and the study area",
        )
    notes = []
    if len(points) < len(events):
        notes.append(f"Events without a point, and so not in the surface: {len(events) - len(points):,}.")
    if len(inside) < len(points):
        notes.append(f"Events outside the study area, and so not in the surface: {len(points) - len(inside):,}.")
    return inside, notes


def _choose_bandwidth(points: Floats, stacked: NDArray[np.int64], asked: float | None, kernel: Kernel) -> _Bandwidth:
    """Return the bandwidth, why it is so, and what else it could have been (all in metres)."""
    scale = QUARTIC_SD if kernel == "gaussian" else 1.0
    shared = float(stacked[stacked > 1].sum()) / len(points)
    floor = SNAP_FLOOR * scale
    others, rule = _rules(points, scale)
    provenance = {**others, "share_on_shared_points": round(shared, 4)}
    snapped = shared >= SNAP_SHARE
    if asked is not None:
        notes: tuple[str, ...] = ()
        if snapped and asked < floor:
            notes = (
                f"{shared:.0%} of the events share their point with another. With a bandwidth of {asked:,.0f} m the "
                f"surface may show the map points that events were moved to, and not the events.",
            )
        return _Bandwidth(float(asked), f"{asked:,.0f} m, as asked for", notes, provenance)
    if rule <= 0:
        raise AnalysisError(
            "All events lie on one point, so no bandwidth can be derived from their spread.",
            found=f"{len(points):,} events at {points[0, 0]:.0f} {points[0, 1]:.0f}",
            advice="give the bandwidth in metres",
        )
    metres = max(10.0, round(rule / 10) * 10.0)
    words = f"{metres:,.0f} m, by Silverman's robust rule from the spread and number of events"
    if not (snapped and metres < floor):
        return _Bandwidth(metres, words, (), provenance)
    raised = round(floor / 10) * 10.0
    words = (
        f"{raised:,.0f} m: Silverman's robust rule gives {metres:,.0f} m, raised because {shared:.0%} of the events "
        "share their point with another, as points moved to map points do"
    )
    return _Bandwidth(raised, words, (f"Bandwidth {words}.",), provenance)


def _rules(points: Floats, scale: float) -> tuple[dict[str, float], float]:
    """Return the bandwidths that common rules give for these points, and the one used by default (metres)."""
    away = points - points.mean(axis=0)
    standard_distance = float(np.sqrt((away**2).sum(axis=1).mean()))
    median_distance = float(np.median(np.hypot(away[:, 0], away[:, 1])))
    n = len(points)
    # ESRI, "How Kernel Density works": the default search radius.
    rule = float(0.9 * min(standard_distance, median_distance / np.log(2) ** 0.5) * n**-0.2 * scale)
    # Scott (1992), Multivariate Density Estimation, eq. 6.42 with d = 2, for the Gaussian: SD per axis x n^(-1/6).
    scott = standard_distance / 2**0.5 * n ** (-1 / 6) * scale / QUARTIC_SD
    return {
        "standard_distance_m": round(standard_distance, 1),
        "median_distance_m": round(median_distance, 1),
        "bandwidth_silverman_robust_m": round(rule, 1),
        "bandwidth_scott_m": round(scott, 1),
        "bandwidth_half_m": round(rule / 2, 1),
        "bandwidth_double_m": round(rule * 2, 1),
    }, rule


def _choose_cell(
    bandwidth: float, asked: float | None, kernel: Kernel, bounds: tuple[float, float, float, float]
) -> float:
    """Return the side of a cell in metres; a coarser one where the grid would be too large."""
    radius = bandwidth / QUARTIC_SD if kernel == "gaussian" else bandwidth
    west, south, east, north = bounds

    def cells(side: float) -> float:
        return float((np.ceil((east - west) / side) + 1) * (np.ceil((north - south) / side) + 1))

    coarsest = radius / 2
    if asked is None:
        handsome = min(CELLS, key=lambda side: abs(side - radius / 10))
        side = next((side for side in CELLS if side >= handsome and cells(side) <= MOST_CELLS), CELLS[-1])
        most = MOST_CELLS
    else:
        side, most = float(asked), 10 * MOST_CELLS
    if side > coarsest:
        raise AnalysisError(
            f"Cells of {side:,.0f} m are too coarse for a bandwidth of {bandwidth:,.0f} m.",
            found=f"the side of a cell may be at most {coarsest:,.0f} m",
            advice="choose smaller cells, a larger bandwidth or a smaller study area",
        )
    if cells(side) > most:
        raise AnalysisError(
            f"Cells of {side:,.0f} m would make a grid of {cells(side):,.0f} cells.",
            found=f"at most {most:,} cells can be computed",
            advice="choose larger cells or a smaller study area",
        )
    return side


def _years(when: pd.Series) -> float | None:
    """Return how many years the events cover, or None where that is not a whole number."""
    known = when.dropna()
    if known.empty:
        return None
    first, last = known.min(), known.max()
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    years = round(months / 12)
    # The first or last month may have no event in a small file.
    return float(years) if years >= 1 and abs(months - 12 * years) <= 1 else None


def _words(kernel: Kernel, edge: Edge, *, bandwidth: float, cell: float, used: int, years: float | None) -> str:
    size = "standard deviation" if kernel == "gaussian" else "radius"
    border = "corrected at the border (Diggle)" if edge == "diggle" else "not corrected at the border, so too low there"
    time = f"over {years:g} {'year' if years == 1 else 'years'}" if years else "over the whole period"
    return (
        f"Kernel density of {used:,} events {time}: {kernel} kernel with a {size} of {bandwidth:,.0f} m on cells of "
        f"{cell:,.0f} m, {border}. It shows where events are dense, not where risk is high."
    )


def _need_settings(bandwidth: float | None, cell: float | None, kernel: str, edge: str, years: float | None) -> None:
    for name, value, unit in (("bandwidth", bandwidth, "metres"), ("cell", cell, "metres"), ("years", years, "years")):
        if value is not None and not (np.isfinite(value) and value > 0):
            raise AnalysisError(f"The {name} must be above 0: {value:g}.", advice=f"give it in {unit}, or leave it out")
    for name, word, known in (("kernel", kernel, tuple(KERNELS)), ("edge correction", edge, ("diggle", "none"))):
        if word not in known:
            raise AnalysisError(f"There is no {name} {word!r}.", advice=f"use one of {', '.join(known)}")
