"""What tested surfaces share: points counted on a grid, values and p-values over it, and their words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, get_args

import numpy as np

from hotspots.analysis.common import SIDES, Grid
from hotspots.analysis.density import grid_over, note_outside, place_events
from hotspots.analysis.kernels import KERNELS
from hotspots.analysis.risk.area_terms import GammaRisks
from hotspots.analysis.risk.surface_p_values import Smoother
from hotspots.errors import AnalysisError
from hotspots.model import ComparisonMethod, Events, JudgedCells, Note, RiskMethod, StudyArea, Surface
from hotspots.vocabulary import MOST_TIMES, Kernel, RiskNull, SurfaceInference

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hotspots.analysis.density import Bandwidth
    from hotspots.analysis.risk.area_terms import Distribution

    Floats = NDArray[np.float64]
    Cells = NDArray[np.intp]

FEWEST_CELLS: Final = 5
"""Cells in the radius of the kernel, at least: events and people are counted by cells."""

MANY_CELLS: Final = 20_000
"""Cells inside that are tested in 5 to 20 seconds where risks scatter."""

LIMIT: Final = float(np.log(MOST_TIMES))
"""Logarithms are cut off here: no events at all would be minus infinity."""


@dataclass(frozen=True, slots=True)
class SurfaceTest:
    """How a surface is tested."""

    null: RiskNull
    inference: SurfaceInference
    simulations: int
    minimum_expected: float
    rng: np.random.Generator

    @classmethod
    def of(
        cls,
        kernel: str,
        *,
        null: RiskNull,
        inference: SurfaceInference,
        simulations: int,
        minimum_expected: float,
        rng: np.random.Generator | int,
    ) -> SurfaceTest:
        """Return the test, if its settings and the kernel are possible."""
        _need_known(kernel, inference)
        if inference == "simulation" and simulations < 1:
            raise AnalysisError(f"At least 1 map must be simulated: {simulations}.", advice="999 is usual")
        if not (np.isfinite(minimum_expected) and minimum_expected > 0):
            raise AnalysisError(f"minimum_expected must be above 0: {minimum_expected:g}.", advice="1 is the default")
        _need_risk_null(null)
        return cls(null, inference, simulations, minimum_expected, np.random.default_rng(rng))

    @property
    def maps(self) -> int | None:
        """Number of maps simulated; None where p-values are computed."""
        return self.simulations if self.inference == "simulation" else None


def _need_known(kernel: str, inference: str) -> None:
    for name, word, known in (("kernel", kernel, tuple(KERNELS)), ("inference", inference, get_args(SurfaceInference))):
        if word not in known:
            raise AnalysisError(f"There is no {name} {word!r}.", advice=f"use one of {', '.join(known)}")


def _need_risk_null(null: str) -> None:
    if null not in get_args(RiskNull):
        raise AnalysisError(
            f"A surface can't be tested under the null hypothesis {null!r}.",
            found=f"known are {', '.join(get_args(RiskNull))}",
            advice='use "scattered-risk", "exchangeable-risk" or "constant-risk"',
        )


@dataclass(frozen=True, slots=True)
class Found:
    """Values and both p-values of the cells that are tested, and their positions; each (m)."""

    values: Floats
    chances: tuple[Floats, Floats]
    cells: Cells


def make_surface(
    found: Found,
    smoother: Smoother,
    chosen: Bandwidth,
    *,
    provenance: RiskMethod | ComparisonMethod,
    **words: Any,
) -> Surface:
    """Return the surface of the results, missing where cells were not tested; `words` are further fields of it."""

    def spread_out(values: Floats) -> Floats:
        whole = np.full(smoother.grid.inside.size, np.nan)
        whole[found.cells] = values
        return whole.reshape(smoother.grid.shape)

    p_raised, p_lowered = (spread_out(p) for p in found.chances)
    return Surface(
        spread_out(found.values),
        origin=(smoother.grid.west, smoother.grid.north),
        cell=smoother.grid.side,
        integral=float("nan"),
        kernel=smoother.kernel,
        bandwidth=chosen.metres,
        bandwidth_words=chosen.words,
        provenance=provenance,
        p_raised=p_raised,
        p_lowered=p_lowered,
        **words,
    )


def describe_cells(cells: Cells, smoother: Smoother, chosen: Bandwidth) -> JudgedCells:
    """Return kernel, bandwidth and cells as settings; `cells` are the positions of those tested."""
    return JudgedCells(
        kernel=smoother.kernel,
        bandwidth_m=chosen.metres,
        cell_m=smoother.grid.side,
        cells_judged=len(cells),
        cells_not_judged=int(smoother.grid.inside.sum()) - len(cells),
        bandwidth=chosen.provenance,
    )


def log_ratio(above: Floats, below: Floats) -> Floats:
    """Return log(above / below) within `LIMIT` of 0; below > 0 or above > 0.

    Examples
    --------
    >>> log_ratio(np.array([2.0, 0.0, 3.0]), np.array([1.0, 4.0, 0.0])).round(3).tolist()
    [0.693, -4.605, 4.605]
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        logarithm: Floats = np.clip(np.log(np.maximum(above, 0.0)) - np.log(np.maximum(below, 0.0)), -LIMIT, LIMIT)
    return logarithm


def points_inside(events: Events, area: StudyArea, outline: Any) -> tuple[Floats, tuple[Note, ...]]:
    """Return easting and northing of the events inside, shape (n, 2), and notes on those left out."""
    placed = place_events(events, area, outline)
    outside = int((~placed.inside).sum())
    return placed.points[placed.inside], (*placed.notes, *note_outside(outside))


def smoother_over(
    outline: Any, chosen: Bandwidth, *, cell: float | None, kernel: Kernel, null: RiskNull = "scattered-risk"
) -> Smoother:
    """Return the kernel with its bandwidth, on a grid over the outline.

    Where risks scatter a cell takes a third of a millisecond: a grid that would have more than `MANY_CELLS` inside gets
    the largest cells that the bandwidth allows, if none are asked for.
    """
    grid = grid_over(outline, chosen.metres, kernel=kernel, cell=cell, fewest=FEWEST_CELLS, finer=1)
    if cell is None and null != "constant-risk" and grid.inside.sum() > MANY_CELLS:
        coarser = [side for side in SIDES if grid.side < side <= chosen.metres / FEWEST_CELLS]
        if coarser and kernel != "gaussian":
            grid = grid_over(outline, chosen.metres, kernel=kernel, cell=coarser[-1], fewest=FEWEST_CELLS, finer=1)
    return Smoother(grid, kernel, chosen.metres)


def cells_of_points(points: Floats, grid: Grid) -> Cells:
    """Return the position of each point's cell, (n); a point on the outermost border is in the last cell."""
    rows, columns = grid.locate(points)
    at = np.ravel_multi_index((np.clip(rows, 0, grid.shape[0] - 1), np.clip(columns, 0, grid.shape[1] - 1)), grid.shape)
    return np.asarray(at, dtype=np.intp)


def count_in_cells(points: Floats, grid: Grid) -> Floats:
    """Return events per cell, array (row, col)."""
    return np.bincount(cells_of_points(points, grid), minlength=grid.inside.size).reshape(grid.shape).astype(float)


def notes_of_cells(judged: NDArray[np.bool_], counts: Floats, smoother: Smoother, *, rule: str) -> tuple[Note, ...]:
    """Return what a reader must know of the cells that are not judged; `rule` says which are."""
    inside = smoother.grid.inside.ravel()
    left_out = inside & ~judged
    if not left_out.any():
        return ()
    events, cells = counts.ravel()[left_out].sum(), int(left_out.sum())
    share = f"{cells / inside.sum():.1%}"
    words = f"Cells not judged, because {rule}: {cells:,} ({share} of the area, with {events:,.0f} events)."
    return (Note(words, of="records", numbers=(rule, cells, share, round(events))),)


def notes_of_empty_cells(cells: int, shown: str, *, of: str = "") -> tuple[Note, ...]:
    """Return how many cells have no event near, and how they are shown."""
    if not cells:
        return ()
    words = f"Cells without any event{of} within the bandwidth, shown as {shown}: {cells:,}."
    return (Note(words, of="records", numbers=(cells,)),)


def need_judged(judged: NDArray[np.bool_], least: float, *, of: str) -> Cells:
    """Return the positions of the cells that are judged, of which there must be one."""
    if not judged.any():
        raise AnalysisError(
            f"In no cell are {least:,.6g} {of} expected.",
            found="nothing that could be judged, with this bandwidth",
            advice="choose a larger bandwidth, or use more years",
        )
    return np.flatnonzero(judged)


def stated(scatter: Distribution | GammaRisks) -> tuple[tuple[float, float], ...] | None:
    """Return the risks or shares of areas with their probabilities, as they are recorded; None for one or a gamma."""
    if isinstance(scatter, GammaRisks) or scatter.single:
        return None
    pairs = zip(scatter.value, scatter.probability, strict=True)
    return tuple((round(float(value), 4), float(f"{chance:.4g}")) for value, chance in pairs)


def inference_words(test: SurfaceTest, kernel: Kernel, exact: str) -> str:
    """Return how the p-values were computed; `exact` names the distribution of the uniform kernel's counts."""
    scattered = test.null != "constant-risk"
    if test.inference == "asymptotic":
        whose = "a" if scattered else "Hazelton and Davies'"
        return f"The p-values come from {whose} normal approximation, which is rough where few events are expected."
    if test.inference == "simulation":
        return f"The p-values come from {test.maps:,} simulated maps; none is below 1 in {test.simulations + 1:,}."
    if scattered:
        return "The p-values are computed by inversion of the generating function, not simulated."
    if kernel == "uniform":
        return f"The p-values are exact ({exact})."
    return "The p-values are computed by the saddlepoint method, not simulated."


def smooth_words(smoother: Smoother) -> str:
    """Return the kernel, its size and the cells."""
    size = "a standard deviation" if smoother.kernel == "gaussian" else "a radius"
    return (
        f"{smoother.kernel} kernel with {size} of {smoother.bandwidth:,.0f} m on cells of {smoother.grid.side:,.0f} m"
    )
