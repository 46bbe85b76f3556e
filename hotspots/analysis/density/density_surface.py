"""Kernel density: how many events per km² and year, as a smooth surface with a stated unit, bandwidth and edge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

import numpy as np

from hotspots.analysis.common import (
    MOST_SURFACE_CELLS,
    Grid,
    as_area,
    as_events,
    choose_side,
    note_coverage,
    per_year,
    time_covered,
)
from hotspots.analysis.density.bandwidths import Bandwidth, choose_bandwidth, convert_bandwidth
from hotspots.analysis.density.estimators import Estimate, Sample, estimate_adaptive_density, estimate_density
from hotspots.analysis.density.event_points import Placed, border_strips, note_outside, place_events
from hotspots.analysis.kernels import KERNELS, merge_stacked, reach_of
from hotspots.errors import AnalysisError
from hotspots.model import (
    AdaptiveBandwidths,
    Coverage,
    DensityMethod,
    Events,
    Note,
    StudyArea,
    Surface,
    combine,
    renamed_arguments,
)
from hotspots.vocabulary import UNRELEASED, BandwidthRule, Edge, Kernel

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["grid_over", "kernel_density"]

NOTED: Final = 0.01
"""A note reports a sum over cells that differs from the integral by more than this share."""

BORDER_WORDS: Final = {
    "diggle": "corrected at the border (Diggle)",
    "uniform": "corrected at the border (uniform)",
    "none": "not corrected at the border, so too low there",
    "beyond": "with the events beyond the border included",
}


@renamed_arguments(beyond="events_beyond_border")
def kernel_density(
    events: Events | gpd.GeoDataFrame,
    area: StudyArea | gpd.GeoDataFrame,
    *,
    bandwidth: BandwidthRule | float | None = None,
    cell: float | None = None,
    kernel: Kernel = "quartic",
    edge: Edge = "diggle",
    years: float | None = None,
    adaptive: bool = False,
    weights: str | None = None,
    exact: bool = False,
    events_beyond_border: bool | None = None,
    release: str = UNRELEASED,
) -> Surface:
    """Return the density of events as a surface: the kernel sum at the centre of every cell of the study area.

    A density shows where events are, and so also where people are; it is no test.

    Parameters
    ----------
    events
        Events with points, or a GeoDataFrame of points; those without a point are left out and counted.
    area
        The study area, or a GeoDataFrame of polygons. Cells whose centre lies outside are missing.
    bandwidth
        In metres: the radius of the kernel (its standard deviation for ``"gaussian"``); or the name of a rule, see
        `choose_bandwidth`. By default Silverman's robust rule, and not below what map points allow.
    cell
        Side of a cell in metres; by default about a tenth of the radius. The grid begins at multiples of it.
    kernel
        ``"quartic"``, ``"epanechnikov"``, ``"triangular"``, ``"uniform"`` or ``"gaussian"``.
    edge
        ``"diggle"`` divides each event by the part of its kernel that lies inside the study area, ``"uniform"`` each
        cell by that part of a kernel at its centre (both in closed form, from the outline); ``"none"`` lets that part
        leak out.
    years
        Years the events cover. By default those of the source (`Events.cover`): its months over 12. The unit is events
        per km² over the whole period only where no event has a date.
    adaptive
        Give each event a bandwidth of its own (Abramson): `bandwidth` times the square root of the mean density over
        the density at the event; narrow in town centres, wide in the country.
    weights
        Name of a column of the events that says how much each counts, e.g. a harm score.
    exact
        Hold 1e-6 of the peak in every cell, which takes longer; by default 1e-3.
    events_beyond_border
        Whether the file holds events beyond the border too. Then those within reach are used as they are, and no edge
        is corrected. By default the data decide: true where events in a strip one radius wide just outside the border
        are at least a quarter as dense as just inside.
    release
        Mark of a GeoDataFrame's events; `Events` have their own.

    Returns
    -------
    Surface
        `integral` is the exact integral of the estimate over the study area, in events (or in `weights`): the events
        inside with Diggle's correction, what has not leaked out without. The provenance also has the sum over cells
        (with the uniform correction there is no other).

    Raises
    ------
    AnalysisError
        If no event has a point in the study area, or a setting is impossible.

    References
    ----------
    Silverman (1986), Density Estimation, p. 76 (kernels); Diggle (1985), Applied Statistics 34, 138-147, and Jones
    (1993), Statistics and Computing 3, 135-146 (edge corrections); Abramson (1982), Annals of Statistics 10, 1217-1223.
    """
    _need_settings(cell, kernel, edge, years)
    events, area = as_events(events, release=release), as_area(area)
    outline = area.areas.geometry.union_all()
    placed = place_events(events, area, outline, weights=weights)
    # The bandwidth must not depend on how far beyond the border the file goes.
    own = placed.only(placed.inside)
    chosen = choose_bandwidth(
        own.points, rule=bandwidth, kernel=kernel, outline=outline, weights=None if weights is None else own.weights
    )
    grid = grid_over(outline, chosen.metres, kernel=kernel, cell=cell)
    used = _look_beyond(placed, grid, outline, kernel=kernel, bandwidth=chosen.metres, asked=events_beyond_border)
    sample = _merged(used.events)
    estimate = estimate_adaptive_density if adaptive else estimate_density
    border: Edge = "none" if used.beyond else edge
    found = estimate(sample, grid, outline, kernel=kernel, bandwidth=chosen.metres, edge=border, exact=exact)
    cover = None if years is not None else events.cover
    period = years if cover is None else cover.years
    made = _Made(
        kernel, edge, chosen, grid, placed, used, sample, found, years=period, weights=weights, exact=exact, cover=cover
    )
    return Surface(
        made.values,
        origin=(grid.west, grid.north),
        cell=grid.side,
        unit=per_year(f"{made.what} per km²", period, cover),
        integral=made.integral,
        kernel=kernel,
        bandwidth=chosen.metres,
        bandwidth_words=chosen.words,
        sentences=(_method(made),),
        provenance=_density_method(made, events),
        area=area,
        identity=combine(events, area, notes=(*note_coverage(cover), *events.notes, *_notes(made))),
    )


@dataclass(frozen=True, eq=False)
class _Used:
    """The events used, whether events beyond the border are among them, and notes on this."""

    events: Placed
    beyond: bool
    notes: tuple[Note, ...]


@dataclass(frozen=True, eq=False)
class _Made:
    """A density, and its inputs and settings."""

    kernel: Kernel
    edge: Edge
    bandwidth: Bandwidth
    grid: Grid
    placed: Placed
    used: _Used
    sample: Sample
    found: Estimate
    years: float | None
    weights: str | None
    exact: bool
    cover: Coverage | None

    @property
    def values(self) -> Floats:
        """Per km², and per year where the years are known; missing outside the study area."""
        return np.where(self.grid.inside, self.found.density * 1e6 / (self.years or 1.0), np.nan)

    @property
    def on_cells(self) -> float:
        """Sum over the cells inside, in events."""
        return float(self.found.density[self.grid.inside].sum()) * self.grid.side**2

    @property
    def integral(self) -> float:
        """In closed form where there is one, in events."""
        return self.on_cells if self.found.integral is None else self.found.integral

    @property
    def border(self) -> Edge | Literal["beyond"]:
        """How the border was treated."""
        return "beyond" if self.used.beyond else self.edge

    @property
    def inside(self) -> int:
        """Number of events in the study area."""
        return int(self.placed.inside.sum())

    @property
    def what(self) -> str:
        """What is counted, in words."""
        return "events" if self.weights is None else self.weights.replace("_", " ")


def _method(made: _Made) -> str:
    """Return the kernel density and its settings in a sentence."""
    weighted = "" if made.weights is None else f" weighted by {made.what}"
    smoothing = _smoothing(made.kernel, made.bandwidth.metres, made.found.bandwidths)
    border = BORDER_WORDS[made.border]
    time = time_covered(made.years, made.cover)
    return (
        f"Kernel density of {made.inside:,} events{weighted} {time}: {smoothing} on cells of "
        f"{made.grid.side:,.0f} m, {border}."
    )


def _notes(made: _Made) -> tuple[Note, ...]:
    return (
        *made.placed.notes,
        *made.used.notes,
        # What the words of the bandwidth say is not repeated.
        *(note for note in made.bandwidth.notes if note.topic != "bandwidth"),
        *_note_cells(made.on_cells, made.integral),
    )


def _density_method(made: _Made, events: Events) -> DensityMethod:
    return DensityMethod(
        kernel=made.kernel,
        edge_correction=made.border,
        events_beyond_border_used=len(made.used.events.points) - made.inside,
        bandwidth_m=made.bandwidth.metres,
        bandwidth=made.bandwidth.provenance,
        adaptive=made.found.bandwidths is not None,
        bandwidths=_describe_bandwidths(made.found.bandwidths),
        cell_m=made.grid.side,
        exact=made.exact,
        years=made.years,
        cover=made.cover,
        weights=made.weights,
        events_used=made.inside,
        events_outside=len(made.placed.points) - made.inside,
        distinct_points=len(made.sample.points),
        integral_analytic=made.found.integral,
        integral_cells=made.on_cells,
        integral_relative_difference=made.on_cells / made.integral - 1 if made.integral else None,
        placed_by=events.placed_by,
    )


def grid_over(
    outline: Any, bandwidth: float, *, kernel: Kernel, cell: float | None, fewest: int = 2, finer: int = 10
) -> Grid:
    """Return the cells over the outline: by default about ten in the radius of the kernel.

    Parameters
    ----------
    cell
        The side of a cell, in metres, as set by the user.
    fewest
        Cells in a radius, at least.
    finer
        With a cell set by the user, how many times as many cells the grid may have.
    """
    # A Gaussian has no radius: that of the quartic kernel which smooths as much.
    radius = convert_bandwidth(bandwidth, kernel, "quartic") if kernel == "gaussian" else bandwidth
    side = choose_side(
        outline,
        asked=cell,
        wanted=radius / 10,
        most=MOST_SURFACE_CELLS,
        finer=finer,
        coarsest=radius / fewest,
        needed_for=f"a bandwidth of {bandwidth:,.0f} m",
    )
    return Grid.within(outline, side)


def _merged(placed: Placed) -> Sample:
    """Return one point for each place, with the weights there added up, without those that weigh nothing."""
    # Police points repeat: one kernel for each map point, with its weight, gives the same sum.
    points, weights = merge_stacked(placed.points, placed.weights)
    _, inside = merge_stacked(placed.points, placed.inside.astype(float))
    some = weights > 0
    return Sample(points[some], weights[some], inside[some] > 0)


def _look_beyond(
    placed: Placed, grid: Grid, outline: Any, *, kernel: Kernel, bandwidth: float, asked: bool | None
) -> _Used:
    """Return the events to use; those beyond the border only where the file goes on there."""
    import shapely

    outside = int((~placed.inside).sum())
    if asked is None and outside:
        strips = border_strips(placed.points, grid, width=convert_bandwidth(bandwidth, kernel, "quartic"))
        goes_on = strips.goes_on
        dense = f"{strips.outside:,.3g} events per km² just outside it, {strips.inside:,.3g} just inside"
    else:
        goes_on, dense = bool(asked), ""
    if not goes_on:
        return _Used(placed.only(placed.inside), False, note_outside(outside))
    shapely.prepare(outline)
    # Events further out than the kernel reaches add nothing inside.
    near = placed.inside.copy()
    points = shapely.points(placed.points[~placed.inside])
    near[~placed.inside] = shapely.dwithin(outline, points, reach_of(kernel) * bandwidth)
    used = placed.only(near)
    stated = "The settings state that the file extends beyond the border"
    why = f"The file extends beyond the border ({dense})" if dense else stated
    number, left_out = len(used.points) - int(placed.inside.sum()), len(placed.points) - len(used.points)
    far = f", and {left_out:,} lie too far away to matter" if left_out else ""
    words = f"{why}, so no edge is corrected: {number:,} events beyond it are used{far}."
    return _Used(used, True, (Note(words, of="records", numbers=(dense, number, left_out)),))


def _describe_bandwidths(bandwidths: Floats | None) -> AdaptiveBandwidths | None:
    if bandwidths is None:
        return None
    least, middle, most = (round(float(v), 1) for v in np.quantile(bandwidths, [0, 0.5, 1]))
    return AdaptiveBandwidths(
        adaptive_bandwidth_least_m=least, adaptive_bandwidth_median_m=middle, adaptive_bandwidth_most_m=most
    )


def _note_cells(cells: float, integral: float) -> tuple[Note, ...]:
    """Return a note where the cells hold clearly more or less than the integral."""
    if not integral or abs(cells / integral - 1) <= NOTED:
        return ()
    words = (
        f"The cells add up to {cells:,.1f}, the surface itself to {integral:,.1f}: cells this coarse miss narrow parts "
        "of the study area or of the kernel."
    )
    return (Note(words, of="records", numbers=(round(cells, 1), round(integral, 1))),)


def _smoothing(kernel: Kernel, bandwidth: float, own: Floats | None) -> str:
    size = "standard deviation" if kernel == "gaussian" else "radius"
    if own is None:
        return f"{kernel} kernel with a {size} of {bandwidth:,.0f} m"
    return (
        f"{kernel} kernel with a {size} of {bandwidth:,.0f} m on average, narrower where events are dense (adaptive, "
        f"from {own.min():,.0f} to {own.max():,.0f} m)"
    )


def _need_settings(cell: float | None, kernel: str, edge: str, years: float | None) -> None:
    for name, value, unit in (("cell", cell, "metres"), ("years", years, "years")):
        if value is not None and not (np.isfinite(value) and value > 0):
            raise AnalysisError(f"The {name} must be above 0: {value:g}.", advice=f"give it in {unit}, or leave it out")
    for name, word, known in (("kernel", kernel, tuple(KERNELS)), ("edge correction", edge, get_args(Edge))):
        if word not in known:
            raise AnalysisError(f"There is no {name} {word!r}.", advice=f"use one of {', '.join(known)}")
