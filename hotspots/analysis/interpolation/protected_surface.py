"""Counts by area as a smooth surface whose peaks are based on enough events, where some counts are suppressed.

Only the intervals are used, never points, so the surface says nothing that the published intervals do not say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from hotspots.analysis.common import Grid, choose_side, note_coverage, per_year
from hotspots.analysis.interpolation.areal_interpolation import MOST_INTERPOLATED_CELLS, share_out
from hotspots.analysis.interpolation.coverage_fractions import overlap_cells
from hotspots.analysis.kernels import KERNELS, convolve
from hotspots.errors import AnalysisError
from hotspots.model import AreaCounts, SmoothedCountsMethod, Surface, combine, renamed_arguments
from hotspots.vocabulary import Kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["smooth_counts"]

START: Final = 1000.0
"""Metres: the radius that is tried first, about the width of a dozen urban LSOAs."""

WIDER: Final = 1.25
"""Ratio of the next radius to the last where a peak is based on too few events."""


class _Smoothed(NamedTuple):
    """Events per cell, smoothed, and the fewest events that any of its peaks is based on."""

    radius: float
    events: Floats
    least: float


@renamed_arguments(least="minimum_events")
def smooth_counts(
    counts: AreaCounts,
    *,
    bandwidth: float | None = None,
    cell: float | None = None,
    kernel: Kernel = "quartic",
    minimum_events: int = 10,
    years: float | None = None,
) -> Surface:
    """Return counts by area as a smooth density: spread evenly over each area, then smoothed with a kernel.

    Suppressed counts enter with the middle of their interval. A peak of such a surface may be based on one event or
    none, so the kernel is widened until every peak that reaches the average of the surface has, by the lower ends of
    the intervals, at least `minimum_events` events within a radius of it. Locations within areas are not known and not
    used.

    Parameters
    ----------
    counts
        Counts by area; areas without a count are missing in the surface, and no events are taken from beyond them.
    bandwidth
        Radius of the kernel in metres (three standard deviations of a Gaussian) that is tried first; 1,000 m if
        left out.
    cell
        Side of a cell in metres; about a tenth of the bandwidth if left out.
    minimum_events
        Fewest events that every peak must be based on.
    years
        Years the counts cover; per whole period if left out.

    Returns
    -------
    Surface
        Of kind ``"spread"``. Each area's events are kept inside the study area (Diggle's correction, on the cells), so
        the integral is the sum of the middles.

    Raises
    ------
    AnalysisError
        If no area has a count, there are no events, or a peak is based on too few events even with the widest kernel.
    """
    cover = None if years is not None else counts.coverage
    years = years if cover is None else cover.years
    known = counts.table["observed_low"].notna().to_numpy()
    _need_events(counts, known, minimum_events)
    areas = counts.area.areas[known]
    first, outline = float(bandwidth or START), areas.geometry.union_all()
    side = choose_side(
        outline,
        asked=cell,
        wanted=first / 10,
        most=MOST_INTERPOLATED_CELLS,
        finer=5,
        coarsest=first / 2,
        needed_for=f"a bandwidth of {first:,.0f} m",
    )
    grid = Grid.within(outline, side)
    table = counts.table[known]
    overlaps = overlap_cells(areas.geometry.to_numpy(), grid)

    def on_cells(values: Floats) -> Floats:
        pieces = share_out(values, overlaps.polygon, overlaps.part)
        masses = np.bincount(overlaps.cell, pieces, minlength=grid.inside.size).astype(float)
        return masses.reshape(grid.shape)

    low = on_cells(table["observed_low"].to_numpy(dtype=float))
    middle = on_cells(counts.middle[known].to_numpy(dtype=float))
    smoothed = _widen(low, middle, grid, kernel=kernel, first=first, minimum_events=minimum_events, title=counts.title)
    values = np.where(grid.inside, smoothed.events / grid.cell_km2 / (years or 1.0), np.nan)
    return Surface(
        values,
        origin=(grid.west, grid.north),
        cell=side,
        unit=per_year("events per km²", years, cover),
        integral=float(middle.sum()),
        kernel=kernel,
        bandwidth=_in_bandwidths(smoothed.radius, kernel),
        bandwidth_words=_bandwidth_words(smoothed, first, minimum_events, kernel),
        sentences=_method(counts, kernel, minimum_events),
        provenance=SmoothedCountsMethod(
            method="even-smoothed",
            kernel=kernel,
            radius_m=smoothed.radius,
            cell_m=side,
            years=years,
            least_events_asked=minimum_events,
            least_events_under_a_peak=round(smoothed.least, 6),
            areas_hidden=counts.hidden,
            edge_correction="diggle-on-cells",
            cover=cover,
        ),
        area=counts.area,
        identity=combine(counts, counts.area, notes=(*note_coverage(cover), *counts.notes)),
        kind="spread",
    )


def _widen(
    low: Floats, middle: Floats, grid: Grid, *, kernel: Kernel, first: float, minimum_events: int, title: str
) -> _Smoothed:
    """Return the surface of the first radius at which every peak is based on enough events."""
    radius, widest = first, max(grid.shape) * grid.side / 2
    while True:
        smoothed = _smooth(low, middle, grid, radius=radius, kernel=kernel)
        if smoothed.least >= minimum_events:
            return smoothed
        if radius >= widest:
            raise AnalysisError(
                f"No smooth surface of the {title} has all its peaks on at least {minimum_events} events.",
                found=f"{smoothed.least:.0f} at a radius of {radius:,.0f} m, by the lower ends of the intervals",
                advice="use the results by area, more years, or a restricted study for named readers",
            )
        radius = min(radius * WIDER, widest)


def _smooth(low: Floats, middle: Floats, grid: Grid, *, radius: float, kernel: Kernel) -> _Smoothed:
    """Return the surface of one radius, and the fewest events within the radius of one of its peaks."""
    from scipy.ndimage import maximum_filter

    bandwidth, profile = _in_bandwidths(radius, kernel), KERNELS[kernel]

    def shape(squared: Floats) -> Floats:
        return np.where(squared <= radius**2, profile(squared / bandwidth**2), 0.0)

    mask = grid.inside.astype(float)
    # Diggle's correction: the events of a cell over the part of its kernel inside, so that none leave the study area.
    share = convolve(mask, grid, shape, reach=radius)
    events = convolve(np.where(share > 0, middle / np.where(share > 0, share, 1.0), 0.0), grid, shape, reach=radius)
    events = np.where(grid.inside, np.maximum(events, 0.0), 0.0)
    # Support counts by the lower bounds, as a suppressed count may be its least.
    standing = convolve(low, grid, lambda squared: (squared <= radius**2).astype(float), reach=radius)
    # A peak is no lower than its eight neighbours; one below the average needs no support.
    average = events[grid.inside].mean()
    peaks = grid.inside & (events >= average) & (events >= maximum_filter(events, size=3))
    return _Smoothed(radius, events, float(standing[peaks].min()))


def _in_bandwidths(radius: float, kernel: Kernel) -> float:
    """Return the kernel's bandwidth in metres: its radius, or the standard deviation of a Gaussian."""
    return radius / 3 if kernel == "gaussian" else radius


def _need_events(counts: AreaCounts, known: NDArray[np.bool_], minimum_events: int) -> None:
    if not known.any() or not float(counts.table["observed_high"].sum()) > 0:
        raise AnalysisError(
            f"The {counts.title} have no events by area, so there is nothing to interpolate.",
            found=f"{int(known.sum()):,} of {len(counts):,} areas have a count",
            advice="check the ids and the years of the counts",
        )
    if minimum_events < 1:
        raise AnalysisError(
            f"A peak has at least 1 event: minimum_events = {minimum_events}.", advice="e.g. minimum_events = 10"
        )


def _bandwidth_words(smoothed: _Smoothed, first: float, minimum_events: int, kernel: Kernel) -> str:
    """Return the bandwidth and how it was chosen; of a Gaussian, whose radius is not its bandwidth, both."""
    bandwidth = f"{_in_bandwidths(smoothed.radius, kernel):,.0f} m: " if kernel == "gaussian" else ""
    enough = f"at least {minimum_events} events"
    if smoothed.radius == first:
        return f"{bandwidth}{first:,.0f} m, at which every peak has {enough}"
    return f"{bandwidth}{smoothed.radius:,.0f} m, widened from {first:,.0f} m until every peak had {enough}"


def _method(counts: AreaCounts, kernel: Kernel, minimum_events: int) -> tuple[str, ...]:
    """Return how the surface was made, in sentences."""
    low, high = float(counts.table["observed_low"].sum()), float(counts.table["observed_high"].sum())
    suppressed = (
        f"The counts of {counts.hidden:,} areas are suppressed and are taken as the middle of their possible values "
        f"(all events: {low:,.0f} to {high:,.0f})."
    )
    return (
        f"Counts of areas, distributed evenly over each area and smoothed ({kernel} kernel).",
        *([suppressed] if counts.hidden else []),
        f"Every peak above the average has at least {minimum_events} events.",
    )
