"""Where risk is raised, and not where people live: events over people, as a tested surface.

In every cell the chance of a value so high, and of one so low, is computed and not simulated; see `surface_tails`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

import numpy as np

from hotspots.analysis.bandwidths import Bandwidth, BandwidthRule, choose_bandwidth
from hotspots.analysis.grids import Grid
from hotspots.analysis.kernels import KERNELS, Kernel
from hotspots.analysis.spreading import Spread, spread_people
from hotspots.analysis.surface_tails import (
    Window,
    asymptotic_tails,
    draw_as_people,
    expected_events,
    people_tails,
    relative_variance,
    simulated_tails,
)
from hotspots.errors import AnalysisError
from hotspots.nouns import Events, StudyArea, Surface
from hotspots.vocabulary import weakest_release

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Cells = NDArray[np.intp]

__all__ = ["Inference", "relative_risk"]

Inference = Literal["saddlepoint", "asymptotic", "simulation"]
Change = Literal["overall", "none"]

SIDES: Final = (10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0)
"""Sides of a cell, in metres, that the program chooses from."""

MOST_CELLS: Final = 4_000_000
"""Cells of the largest grid."""

COARSEST: Final = 1 / 5
"""Side of a cell over the radius, at most: events and people are counted by cells."""

LIMIT: Final = float(np.log(100))
"""Logarithms are cut off here: no events at all would be minus infinity."""

TOGETHER: Final = 7.0
"""Expected events of both files together that a comparison needs: with fewer, their labels make few different sums."""


def relative_risk(
    events: Events,
    area: StudyArea,
    *,
    bandwidth: float | BandwidthRule | None = None,
    cell: float | None = None,
    kernel: Kernel = "quartic",
    addresses: pd.DataFrame | None = None,
    inference: Inference = "saddlepoint",
    simulations: int = 999,
    rng: np.random.Generator | int = 0,
    least: float = 1.0,
) -> Surface:
    """Return the logarithm of the risk of events against the study area's average, with chances for every cell.

    The value is log(density of events / density of people), each over its own total, smoothed with the same kernel on
    the same cells. No correction at the border is needed: events and people beyond it are left out of both, the
    uniform correction would divide both by the same number, and so the ratio is right at the border too.

    The chances are those of a smoothed sum so high, and so low, if the same number of events fell independently, in
    proportion to the people. They are pointwise: `tolerance_contours` adjusts them for the number of cells. People
    are residents: where others come by day or by night, the risk against residents is high for that reason. Events
    that come in groups, and a risk that differs from street to street without any pattern, are no chance of this null.

    Parameters
    ----------
    events
        Events with points; those without one, or outside the study area, are left out and counted.
    area
        The study area, with a population.
    bandwidth
        Radius of the kernel in metres (its standard deviation for ``"gaussian"``), or a rule, applied to the events;
        see `choose_bandwidth`.
    cell
        Side of a cell in metres, at most a fifth of the radius; by default about a tenth.
    kernel
        ``"quartic"``, ``"epanechnikov"``, ``"triangular"``, ``"uniform"`` or ``"gaussian"`` (cut off after five
        standard deviations).
    addresses
        Where people live within their areas; see `spread_people`. By default evenly over the polygons.
    inference
        ``"saddlepoint"``: computed; relative error of a tail below 1 % from 0.1 down to 1e-8 where 4 events or more are
        expected within the bandwidth (raised), and 10 or more (lowered, to 0.01); otherwise at most 7 %; exact for the
        uniform kernel. ``"asymptotic"``: the normal approximation of Hazelton and Davies. ``"simulation"``: maps drawn
        at random; no chance is below 1 / (simulations + 1).
    simulations, rng
        Number of maps and where they come from, for ``"simulation"``.
    least
        Cells with fewer expected events are not judged: their value and chances are missing. Counted as E(S)² / Var(S)
        of the smoothed sum S, which is the number of events where all weigh the same; for the quartic kernel 5/9 of
        those expected within the bandwidth.

    Returns
    -------
    Surface
        Of kind ``"relative-risk"``. Values are cut off at a hundredth and at a hundred times.

    Raises
    ------
    AnalysisError
        If no event has a point in the study area, there are no people, or a setting is impossible.

    References
    ----------
    Kelsall, J. E. and Diggle, P. J. (1995), Statistics in Medicine 14, 2335-2342. Hazelton, M. L. and Davies, T. M.
    (2009), Biometrical Journal 51, 98-109. For the chances, see `hotspots.analysis.saddlepoint`.
    """
    _need_settings(kernel=kernel, inference=inference, simulations=simulations, least=least)
    outline = area.areas.geometry.union_all()
    points, notes = _points_inside(events, area, outline)
    chosen = choose_bandwidth(points, rule=bandwidth, kernel=kernel, outline=outline)
    window = _window(outline, chosen, cell=cell, kernel=kernel)
    spread = spread_people(area, window.grid, addresses=addresses)
    _need_people(spread, area)
    counts, share = _count(points, window.grid), spread.people / spread.people.sum()

    judged = window.grid.inside.ravel() & (expected_events(window, share * len(points)) >= least)
    cells = _need_judged(judged, least)
    observed, expected = window.sums(counts)[cells], window.sums(share * len(points))[cells]
    logarithm = _log_ratio(observed, expected)
    if inference == "saddlepoint":
        chances = people_tails(window, counts, spread.people, cells=cells)
    elif inference == "asymptotic":
        variance = relative_variance(window, share * len(points), cells=cells)
        chances = asymptotic_tails(logarithm, variance)
    else:
        drawn = draw_as_people(
            spread.people, events=len(points), simulations=simulations, rng=np.random.default_rng(rng)
        )
        chances = simulated_tails(window, observed, drawn, cells=cells)
    return _surface(
        _Found(logarithm, chances, cells),
        window,
        chosen,
        area=area,
        kind="relative-risk",
        unit="times the area's average risk (natural logarithm)",
        name=events.name,
        title=f"risk of {events.title}",
        source=events.source,
        period=events.period,
        words=_risk_words(events, window, spread, used=len(points), inference=inference, simulations=simulations),
        notes=(
            *events.notes,
            *notes,
            *chosen.notes,
            *spread.notes,
            *_unjudged_notes(window, judged, least, counts, observed),
        ),
        provenance={
            "null": "events fall independently, in proportion to people",
            "inference": inference,
            "simulations": simulations if inference == "simulation" else None,
            "least_expected_events": least,
            "events_used": len(points),
            "people": float(spread.people.sum()),
            "people_spread": spread.words,
        },
        release=weakest_release(events.release, area.release),
    )


# --------------------------------------------------------------------------- what both surfaces share


@dataclass(frozen=True, slots=True)
class _Found:
    """Values and both chances of the cells that are judged, and their positions; each (m)."""

    values: Floats
    chances: tuple[Floats, Floats]
    cells: Cells


def _surface(
    found: _Found,
    window: Window,
    chosen: Bandwidth,
    *,
    area: StudyArea,
    provenance: Mapping[str, Any],
    **words: Any,
) -> Surface:
    def spread_out(values: Floats) -> Floats:
        whole = np.full(window.grid.inside.size, np.nan)
        whole[found.cells] = values
        return whole.reshape(window.grid.shape)

    p_raised, p_lowered = (spread_out(p) for p in found.chances)
    return Surface(
        spread_out(found.values),
        origin=(window.grid.west, window.grid.north),
        cell=window.grid.side,
        integral=float("nan"),
        kernel=window.kernel,
        bandwidth=chosen.metres,
        bandwidth_words=chosen.words,
        attribution=area.attribution,
        provenance={
            "kernel": window.kernel,
            "bandwidth_m": chosen.metres,
            "cell_m": window.grid.side,
            "edge_correction": "cancels in the ratio",
            **provenance,
            "cells_judged": len(found.cells),
            "cells_not_judged": int(window.grid.inside.sum()) - len(found.cells),
            **chosen.provenance,
        },
        p_raised=p_raised,
        p_lowered=p_lowered,
        **words,
    )


def _log_ratio(above: Floats, below: Floats) -> Floats:
    """Return log(above / below) within `LIMIT` of 0; below > 0 or above > 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = np.clip(np.log(np.maximum(above, 0.0)) - np.log(np.maximum(below, 0.0)), -LIMIT, LIMIT)
    return found


def _points_inside(events: Events, area: StudyArea, outline: Any) -> tuple[Floats, list[str]]:
    """Return easting and northing of the events inside, shape (n, 2), and what was left out."""
    import shapely

    points = events.table[["easting", "northing"]].to_numpy(dtype=float, na_value=np.nan)
    points = points[~np.isnan(points).any(axis=1)]
    if not len(points):
        raise AnalysisError(
            f"The {events.title} have no points, so no surface can be made of them.",
            found=f"{len(events):,} events, 0 with easting and northing",
            advice="use the results by area, or give events with coordinates",
        )
    shapely.prepare(outline)
    inside = points[shapely.intersects_xy(outline, points[:, 0], points[:, 1])]
    if not len(inside):
        west, south, east, north = area.areas.total_bounds
        raise AnalysisError(
            f"No event of the {events.title} lies in the study area.",
            found=f"{len(points):,} points, the first at {points[0, 0]:.0f} {points[0, 1]:.0f}; the area reaches from "
            f"{west:.0f} {south:.0f} to {east:.0f} {north:.0f}",
            advice="check the coordinate system of the events (it must be EPSG:27700) and the study area",
        )
    notes = []
    if len(points) < len(events):
        notes.append(f"Events without a point, and so not in the surface: {len(events) - len(points):,}.")
    if len(inside) < len(points):
        notes.append(f"Events outside the study area, and so not in the surface: {len(points) - len(inside):,}.")
    return inside, notes


def _window(outline: Any, chosen: Bandwidth, *, cell: float | None, kernel: Kernel) -> Window:
    """Return the kernel on a grid over the outline."""
    radius = chosen.metres * (8**0.5 if kernel == "gaussian" else 1.0)
    west, south, east, north = outline.bounds

    def cells(side: float) -> float:
        return float((np.ceil((east - west) / side) + 1) * (np.ceil((north - south) / side) + 1))

    if cell is not None and not (np.isfinite(cell) and cell > 0):
        raise AnalysisError(f"The cell must be above 0: {cell:g}.", advice="give it in metres, or leave it out")
    handsome = min(SIDES, key=lambda side: abs(side - radius / 10))
    side = cell or next((side for side in SIDES if side >= handsome and cells(side) <= MOST_CELLS), SIDES[-1])
    if side > radius * COARSEST:
        raise AnalysisError(
            f"Cells of {side:,.0f} m are too coarse for a bandwidth of {chosen.metres:,.0f} m.",
            found=f"the side of a cell may be at most {radius * COARSEST:,.0f} m, because events are counted by cells",
            advice="choose smaller cells, a larger bandwidth or a smaller study area",
        )
    if cells(side) > MOST_CELLS:
        raise AnalysisError(
            f"Cells of {side:,.0f} m would make a grid of {cells(side):,.0f} cells.",
            found=f"at most {MOST_CELLS:,} cells can be tested",
            advice="choose larger cells or a smaller study area",
        )
    return Window(Grid.over(outline, float(side)), kernel, chosen.metres)


def _count(points: Floats, grid: Grid) -> Floats:
    """Return events per cell, array (row, col); a point on the outermost border counts in the last cell."""
    rows, columns = grid.locate(points)
    at = np.ravel_multi_index((np.clip(rows, 0, grid.shape[0] - 1), np.clip(columns, 0, grid.shape[1] - 1)), grid.shape)
    return np.bincount(at, minlength=grid.inside.size).reshape(grid.shape).astype(float)


def _unjudged_notes(
    window: Window, judged: NDArray[np.bool_], least: float, counts: Floats, observed: Floats
) -> tuple[str, ...]:
    inside = window.grid.inside.ravel()
    left_out, notes = inside & ~judged, []
    if left_out.any():
        notes.append(
            f"Cells not judged, because fewer than {least:g} events would be expected there: {int(left_out.sum()):,} "
            f"({left_out.sum() / inside.sum():.1%} of the area, with {counts.ravel()[left_out].sum():,.0f} events)."
        )
    without = int((observed <= 1e-9).sum())
    if without:
        notes.append(f"Cells without any event within the bandwidth, shown as a hundredth of the average: {without:,}.")
    return tuple(notes)


def _need_judged(judged: NDArray[np.bool_], least: float) -> Cells:
    if not judged.any():
        raise AnalysisError(
            f"In no cell are {least:g} events expected within the bandwidth, so nothing can be judged.",
            advice="choose a larger bandwidth, or use more years",
        )
    return np.flatnonzero(judged)


def _need_people(spread: Spread, area: StudyArea) -> None:
    if not spread.people.sum() > 0:
        raise AnalysisError(
            "Nobody lives in the study area, so there is no risk per person.",
            found=f"{len(area):,} areas with a population of 0",
            advice="check the column of the population file",
        )


def _need_settings(*, kernel: str, inference: str, simulations: int, least: float) -> None:
    for name, word, known in (("kernel", kernel, tuple(KERNELS)), ("inference", inference, get_args(Inference))):
        if word not in known:
            raise AnalysisError(f"There is no {name} {word!r}.", advice=f"use one of {', '.join(known)}")
    if inference == "simulation" and simulations < 1:
        raise AnalysisError(f"At least 1 map must be simulated: {simulations}.", advice="999 is usual")
    if not (np.isfinite(least) and least > 0):
        raise AnalysisError(f"The least expected events must be above 0: {least:g}.", advice="1 is the default")


# --------------------------------------------------------------------------- words


def _inference_words(inference: Inference, kernel: Kernel, simulations: int, exact: str) -> str:
    if inference == "asymptotic":
        return (
            "The chances come from Hazelton and Davies' normal approximation, which is rough where few events are "
            "expected."
        )
    if inference == "simulation":
        return f"The chances come from {simulations:,} simulated maps; none is below 1 in {simulations + 1:,}."
    if kernel == "uniform":
        return f"The chances are exact ({exact})."
    return "The chances are computed by the saddlepoint method, and not simulated."


def _smooth_words(window: Window) -> str:
    size = "a standard deviation" if window.kernel == "gaussian" else "a radius"
    return f"{window.kernel} kernel with {size} of {window.bandwidth:,.0f} m on cells of {window.grid.side:,.0f} m"


def _risk_words(
    events: Events, window: Window, spread: Spread, *, used: int, inference: Inference, simulations: int
) -> str:
    return (
        f"Risk of {events.title} per resident against the area's average: {used:,} events over "
        f"{spread.people.sum():,.0f} people, both smoothed alike ({_smooth_words(window)}). On the logarithmic scale 0 "
        f"is the average, 0.69 is twice and -0.69 half of it. {spread.words} A cell is raised or lowered where so many "
        "or so few events would rarely fall if each fell by itself and in proportion to the people. "
        f"{_inference_words(inference, window.kernel, simulations, 'binomial')} People who do not live there are not "
        "counted, so risk per resident is high in town centres; events that come in groups pass for raised risk; and "
        "it says nothing of causes."
    )
