"""How well the density of past events predicts where later ones are: hit rate, PAI and PEI*."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from hotspots.analysis.common import MOST_SURFACE_CELLS, choose_side
from hotspots.analysis.density.density_surface import kernel_density
from hotspots.analysis.density.map_points import detect_map_points
from hotspots.errors import AnalysisError
from hotspots.model import DensityMethod, Events, Extract, StudyArea, Surface, combine, renamed_arguments
from hotspots.vocabulary import Kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.intp]

__all__ = ["LADDER", "SHARES", "predictive_accuracy"]

SHARES: Final = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2)
"""Shares of the area that are flagged."""

INTERVAL: Final = (2.5, 97.5)
"""Percentiles of the resamples that an interval goes between."""

LADDER: Final = (125.0, 250.0, 500.0, 1000.0, 2000.0)
"""Bandwidths in metres that are tried by default: from a few streets to a ward."""
NEXT_RUNG: Final = 1.3
"""The least that is possible is a rung itself where the first of the ladder is more times that."""

NOUGHT: Final = 1e-9
"""Share of the highest density; densities below it are rounding and tie."""


@renamed_arguments("area")
def predictive_accuracy(
    past: Events,
    future: Events,
    *,
    area: StudyArea,
    bandwidths: Sequence[float] | None = None,
    shares: Sequence[float] = SHARES,
    kernel: Kernel = "quartic",
    cell: float | None = None,
    resamples: int = 999,
    rng: int | np.random.Generator = 0,
) -> Extract:
    """Return how many later events lie in the densest cells of the past's density, for bandwidths and shares of area.

    For each bandwidth the cells are ranked by the density of the past events, and the densest are flagged up to a share
    of the area. Of N future events in the area, n lie in flagged cells, which are a of A km².

    - Hit rate, n / N: the share of later events that was predicted.
    - PAI, (n / N) / (a / A): how many times denser later events are in flagged cells than in the area; 1 is no better
      than chance, and it is high for small shares of the area by nature.
    - PEI*, n / n*, with n* the events in the best cells of the same area, chosen with the future known: 1 is the
      best possible. It depends on the size of the cells; compare it among equal cells only.

    Where cells tie at the last place (outside the reach of all kernels, say), each is flagged in part, as if their
    order were random. So every share is met exactly, and `hits` need not be whole.

    The intervals show how much the numbers would vary with another sample of independent future events like these;
    events that come in bursts vary more. The flagged cells are held, and n* as well: best cells chosen again in each
    resample would seem better than they are.

    Parameters
    ----------
    past, future
        Events with points; the future begins after the past ends.
    area
        The study area. Events outside it are left out.
    bandwidths
        In metres, as in `kernel_density`. By default `LADDER`, from the first rung that map points and cells allow.
    shares
        Shares of the area to flag, above 0 and at most 1.
    kernel
        As in `kernel_density`.
    cell
        Side of a cell in metres; by default that which suits the smallest bandwidth. The same for all.
    resamples
        Bootstrap resamples of the future events, at least 99.
    rng
        Seed, or a generator that is drawn from; 0 by default, so the same table comes back every time.

    Returns
    -------
    Extract
        Of kind ``"predictions"``, with title, source and period of the future events and the weakest release mark of
        all inputs. One row per bandwidth and share: `bandwidth` (metres), `share_of_area`, `area_km2` (of the flagged
        cells), `past_events`, `events` (future events in the area), `hits`, `hit_rate`, `pai`, `pei_star`, the first
        and last of each interval (`hit_rate_low`, `hit_rate_high`, and so on, 95 %), `best_hit_rate` (n* / N), and
        `behind` with `behind_low`, `behind_high`: how much lower the hit rate is than that of the best bandwidth at
        this share, from the same resamples (paired).

    Raises
    ------
    AnalysisError
        If the future begins before the past ends, no event of either lies in the area, or a setting is impossible.

    References
    ----------
    Chainey, S., Tompson, L. and Uhlig, S. (2008), Security Journal 21, 4-28 (hit rate, PAI). White, V. M., Hunt, J. and
    Green, B. (2023), Security Journal (PEI*); National Institute of Justice (2017), Real-Time Crime Forecasting
    Challenge. Efron, B. and Tibshirani, R. (1993), An Introduction to the Bootstrap, section 13.3 (percentiles).
    """
    bandwidths, cell, tried = _ladder(past, area, cell=cell) if bandwidths is None else (bandwidths, cell, "")
    _need_settings(bandwidths, shares, resamples)
    _need_order(past, future)
    if cell is not None:
        choose_cell(area.areas.geometry.union_all(), cell)
    widths, parts = sorted({float(value) for value in bandwidths}), sorted({float(value) for value in shares})
    surfaces = [kernel_density(past, area, bandwidth=widths[0], cell=cell, kernel=kernel)]
    side = surfaces[0].cell
    surfaces += [kernel_density(past, area, bandwidth=width, cell=side, kernel=kernel) for width in widths[1:]]
    place = _place(future, area, surfaces[0])
    cells = int((~np.isnan(surfaces[0].values)).sum())
    wanted = np.array(parts) * cells
    hit, number = np.unique(place, return_counts=True)
    flags = np.stack([flag_densest(s.values[~np.isnan(s.values)], wanted)[:, hit] for s in surfaces])
    table = tabulate(
        flags,
        number,
        shares=np.array(parts),
        best=best_hits(number, wanted),
        resamples=resamples,
        rng=np.random.default_rng(rng),
    )
    table.insert(0, "bandwidth", np.repeat(widths, len(parts)))
    table.insert(1, "share_of_area", np.tile(parts, len(widths)))
    table.insert(2, "area_km2", table["share_of_area"] * cells * side**2 / 1e6)
    table.insert(3, "past_events", _events_used(surfaces[0]))
    sentences = [*_sentences(past, future, kernel, cell=side, resamples=resamples), *tried]
    if (table["best_hit_rate"] > 1 - NOUGHT).any():
        sentences.append("Where hindsight could have captured every event, PEI* equals the hit rate.")
    return Extract(
        table,
        kind="predictions",
        sentences=tuple(sentences),
        identity=combine(future, past, area),
    )


def _events_used(density: Surface) -> int:
    """Return how many events a density is of; a surface made by hand does not say."""
    assert isinstance(density.provenance, DensityMethod)
    return density.provenance.events_used


def choose_cell(outline: Any, asked: float | None) -> float:
    """Return the side of the cells in metres, as asked or fit for the lowest rung, if they are not too many."""
    return choose_side(outline, asked=asked, wanted=LADDER[0] / 2.5, most=MOST_SURFACE_CELLS, finer=2)


def _ladder(past: Events, area: StudyArea, *, cell: float | None) -> tuple[tuple[float, ...], float, tuple[str, ...]]:
    """Return the bandwidths to try and the side of the cells, in metres, and why the ladder ends there."""
    points = past.table[["easting", "northing"]].to_numpy(dtype=float, na_value=np.nan)
    found = detect_map_points(points[~np.isnan(points).any(axis=1)])
    floor = found.floor or 0.0
    outline = area.areas.geometry.union_all()
    side = choose_cell(outline, cell)
    least = max(floor, 2 * side)
    rungs = [width for width in LADDER if width >= least]
    if not rungs or rungs[0] > NEXT_RUNG * least:
        rungs = [least, *(rungs or (2 * least, 4 * least))]
    if floor >= 2 * side:
        return tuple(rungs), side, (found.words,)
    finer = f"No bandwidth below {rungs[0]:,.0f} m was tried: the cells are too coarse for it."
    return tuple(rungs), side, (finer,) if rungs[0] > LADDER[0] else ()


# --------------------------------------------------------------------------- core


def flag_densest(density: Floats, wanted: Floats) -> Floats:
    """Return the share of each cell that is flagged, 0 to 1, for each number of cells wanted (wanted, cells).

    Parameters
    ----------
    density
        Of every cell (cells,).
    wanted
        Numbers of cells, not necessarily whole (wanted,).

    Examples
    --------
    >>> flag_densest(np.array([5.0, 1.0, 1.0, 0.0]), np.array([1.0, 2.0, 4.0])).tolist()
    [[1.0, 0.0, 0.0, 0.0], [1.0, 0.5, 0.5, 0.0], [1.0, 1.0, 1.0, 1.0]]
    """
    density = np.where(density > NOUGHT * density.max(), density, 0.0)
    # Cells of equal density are one group, and the last group needed is flagged in part.
    _, rank, number = np.unique(-density, return_inverse=True, return_counts=True)
    before = np.cumsum(number) - number
    part = np.clip((wanted[:, None] - before) / number, 0.0, 1.0)
    return np.asarray(part[:, rank], dtype=float)


def best_hits(number: Whole, wanted: Floats) -> Floats:
    """Return how many events lie in the best cells, for each number of cells wanted (wanted,).

    Parameters
    ----------
    number
        Events in every cell that has any (cells,).
    wanted
        Numbers of cells, not necessarily whole (wanted,).

    Examples
    --------
    >>> best_hits(np.array([1, 3, 1]), np.array([1.0, 1.5, 100.0])).tolist()
    [3.0, 3.5, 5.0]
    """
    cumulative = np.append(0, np.cumsum(np.sort(number)[::-1]))
    return np.asarray(np.interp(wanted, np.arange(len(cumulative)), cumulative), dtype=float)


def tabulate(
    flags: Floats, number: Whole, *, shares: Floats, best: Floats, resamples: int, rng: np.random.Generator
) -> pd.DataFrame:
    """Return hits, hit rate, PAI and PEI* with their intervals, one row per bandwidth and share.

    Parameters
    ----------
    flags
        How much of each cell with events is flagged, 0 to 1 (bandwidths, shares, cells).
    number
        Events in these cells (cells,).
    shares
        Shares of the area that are flagged (shares,).
    best
        The most events that each share of the area could hit (shares,).
    resamples, rng
        How many resamples of the events are drawn, and from what.
    """
    events = int(number.sum())
    rate = flags @ number / events
    drawn = _resample(flags, number, resamples=resamples, rng=rng)
    # At each share, the first bandwidth with the highest hit rate; the same one in all resamples.
    first, every = rate.argmax(axis=0), np.arange(len(shares))
    # Paired: both bandwidths on the same resample, so that variation common to both cancels.
    lag = drawn[:, first, every][:, None, :] - drawn
    columns = {"events": np.full(rate.shape, events), "hits": rate * events}
    columns |= _interval("hit_rate", rate, drawn) | _interval("pai", rate / shares, drawn / shares)
    columns |= _interval("pei_star", rate * events / best, drawn * events / best)
    columns["best_hit_rate"] = np.broadcast_to(best / events, rate.shape)
    columns |= _interval("behind", rate[first, every] - rate, lag)
    return pd.DataFrame({name: values.ravel() for name, values in columns.items()})


def _interval(name: str, value: Floats, drawn: Floats) -> dict[str, Floats]:
    low, high = np.percentile(drawn, INTERVAL, axis=0)
    return {name: value, f"{name}_low": low, f"{name}_high": high}


def _resample(flags: Floats, number: Whole, *, resamples: int, rng: np.random.Generator) -> Floats:
    """Return the hit rates of events drawn with replacement (resamples, bandwidths, shares)."""
    # Cells flagged alike by all bandwidths and shares are one kind; a resample is a number of events of each kind.
    kinds, kind = np.unique(flags.reshape(-1, len(number)), axis=1, return_inverse=True)
    chance = np.bincount(kind.ravel(), number) / number.sum()
    drawn = rng.multinomial(int(number.sum()), chance, size=resamples)
    return np.asarray(drawn @ kinds.T / number.sum(), dtype=float).reshape(resamples, *flags.shape[:2])


# --------------------------------------------------------------------------- events and words


def _place(events: Events, area: StudyArea, surface: Surface) -> Whole:
    """Return the cell of every event inside the area, by position among the cells with a value."""
    import shapely
    from scipy.ndimage import distance_transform_edt

    points = events.table[["easting", "northing"]].to_numpy(dtype=float, na_value=np.nan)
    outline = area.areas.geometry.union_all()
    shapely.prepare(outline)
    inside = points[shapely.intersects_xy(outline, points[:, 0], points[:, 1])]
    if not len(inside):
        raise AnalysisError(
            f"No future event of the {events.title} lies in the study area.",
            found=f"{len(points):,} events",
            advice="check the coordinate system (it must be EPSG:27700), the years and the study area",
        )
    known = ~np.isnan(surface.values)
    rows = np.clip(np.floor((surface.origin[1] - inside[:, 1]) / surface.cell), 0, known.shape[0] - 1).astype(np.intp)
    columns = np.clip(np.floor((inside[:, 0] - surface.origin[0]) / surface.cell), 0, known.shape[1] - 1)
    # An event in a cell whose centre lies outside the study area counts in the nearest cell of it.
    nearest = distance_transform_edt(~known, return_distances=False, return_indices=True)
    rows, columns = nearest[:, rows, columns.astype(np.intp)]
    number = np.cumsum(known).reshape(known.shape) - 1
    return np.asarray(number[rows, columns], dtype=np.intp)


def _sentences(past: Events, future: Events, kernel: str, *, cell: float, resamples: int) -> tuple[str, ...]:
    """Return the comparison in sentences."""
    covers = [f" ({events.period})" if events.period else "" for events in (past, future)]
    return (
        f"Density of past {past.title}{covers[0]} with a {kernel} kernel on cells of {cell:,.0f} m; the densest cells, "
        f"up to a share of the area, against later {future.title}{covers[1]}.",
        "Hit rate: share of later events in those cells.",
        "PAI: hit rate over share of area, 1 being chance.",
        "PEI*: hits over the most that an area of this size could have captured on these cells, with hindsight.",
        f"Intervals: 95%, from {resamples:,} resamples of the later events.",
    )


def _need_order(past: Events, future: Events) -> None:
    last, first = past.table["when"].max(), future.table["when"].min()
    if pd.notna(last) and pd.notna(first) and first <= last:
        raise AnalysisError(
            "The future begins before the past ends, so it would foretell itself.",
            found=f"past events until {last:%Y-%m-%d}, future ones from {first:%Y-%m-%d}",
            advice="part the events by date",
        )


def _need_settings(bandwidths: Sequence[float], shares: Sequence[float], resamples: int) -> None:
    if not len(bandwidths) or not len(shares):
        raise AnalysisError("There is nothing to compare.", advice="give at least one bandwidth and one share of area")
    wrong = [share for share in shares if not 0 < share <= 1]
    if wrong:
        raise AnalysisError(
            f"A share of the area must lie above 0 and at most at 1: {wrong[0]:g}.", advice="0.05 is 5%"
        )
    if resamples < 99:
        raise AnalysisError(f"An interval needs 99 resamples or more: {resamples:,}.", advice="999 are usual")
