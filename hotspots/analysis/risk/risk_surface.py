"""Relative risk: the density of events over the density of people, as a tested surface.

Upper-tail and lower-tail p-values of every cell are computed and not simulated; see `surface_p_values`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from hotspots.analysis.common import as_area, as_events
from hotspots.analysis.density import choose_bandwidth
from hotspots.analysis.interpolation import Spread, spread_people
from hotspots.analysis.risk.area_risks import areas_of_points, draw_events, scatter_of_risks
from hotspots.analysis.risk.area_terms import Distribution, GammaRisks, terms_of_risks
from hotspots.analysis.risk.scattered_sums import (
    Mixture,
    Pieces,
    scattered_moments,
    scattered_tails,
)
from hotspots.analysis.risk.surface_p_values import (
    ROUNDING,
    Smoother,
    asymptotic_tails,
    draw_as_people,
    expected_events,
    people_tails,
    relative_variance,
    settled,
    simulated_tails,
)
from hotspots.analysis.risk.surface_test import (
    Found,
    SurfaceTest,
    count_in_cells,
    describe_cells,
    inference_words,
    log_ratio,
    make_surface,
    need_judged,
    notes_of_cells,
    notes_of_empty_cells,
    points_inside,
    smooth_words,
    smoother_over,
    stated,
)
from hotspots.errors import AnalysisError
from hotspots.model import Events, Note, RiskMethod, StudyArea, Surface, combine, renamed_arguments
from hotspots.vocabulary import UNRELEASED, BandwidthRule, Kernel, RiskNull, SurfaceInference

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Cells = NDArray[np.intp]

__all__ = ["relative_risk"]


@renamed_arguments(least="minimum_expected")
def relative_risk(
    events: Events | gpd.GeoDataFrame,
    area: StudyArea | gpd.GeoDataFrame,
    *,
    bandwidth: float | BandwidthRule | None = None,
    cell: float | None = None,
    kernel: Kernel = "quartic",
    addresses: pd.DataFrame | None = None,
    null: RiskNull = "scattered-risk",
    inference: SurfaceInference = "saddlepoint",
    simulations: int = 999,
    rng: np.random.Generator | int = 0,
    minimum_expected: float = 1.0,
    release: str = UNRELEASED,
) -> Surface:
    """Return the log risk of events relative to the study area's average, with p-values for every cell.

    The value is log(density of events / density of people), each over its own total, smoothed with the same kernel on
    the same cells. No correction at the border is needed: events and people beyond it are left out of both, the
    uniform correction would divide both by the same number, and so the ratio is right at the border too.

    The p-values are of a smoothed sum at least as high, and at most as high, under the null. They are pointwise:
    `tolerance_contours` adjusts them for the number of cells. People are residents: where others come by day or by
    night, the risk against residents is high for that reason.

    Under scattered risk every area has a risk of its own, drawn from a distribution that is estimated
    from the events of the areas as `getis_ord` does; within an area, events fall as its people are spread. A place is
    then raised where high risks are together, and not for one area of a high risk alone. Risks that differ within
    areas, from street to street, are not allowed for: with a bandwidth smaller than the areas such streets are found.
    Under constant risk the same number of events falls independently and in proportion to the people: wherever risks
    differ at all, nearly every map has places that are raised or lowered.

    Parameters
    ----------
    events
        Events with points, or a GeoDataFrame of points; those without one, or outside the study area, are left out and
        counted.
    area
        The study area, with a population, or a GeoDataFrame of polygons with a column `population`.
    bandwidth
        Radius of the kernel in metres (its standard deviation for ``"gaussian"``), or a rule, applied to the events;
        see `choose_bandwidth`.
    cell
        Side of a cell in metres, at most a fifth of the radius; by default about a tenth, or up to a fifth where risks
        scatter and more than 20,000 cells would be tested.
    kernel
        ``"quartic"``, ``"epanechnikov"``, ``"triangular"``, ``"uniform"`` or ``"gaussian"`` (cut off after five
        standard deviations).
    addresses
        Where people live within their areas; see `spread_people`. By default evenly over the polygons.
    null
        ``"scattered-risk"``: areas' risks are drawn from one distribution, whatever its form; ``"exchangeable-risk"``:
        from a gamma; ``"constant-risk"``: everyone has the same risk. Where the estimate is one risk for all areas, the
        p-values are those of constant risk.
    inference
        ``"saddlepoint"``: computed. Where risks scatter, by inversion of the generating function on a line near the
        saddlepoint (`inversion`), with a relative error of at most 1%, or 4% where about 2 events are expected. Under
        constant risk, where 4 or more events are expected within the bandwidth, the relative error of the upper-tail
        p-value is below 1% from 0.5 down to 1e-8, and that of the lower-tail p-value at most 6% (0.4% down to 0.05
        where 10 or more are expected); with fewer events at most 5%. Exact for the uniform kernel.
        ``"asymptotic"``: the normal approximation of Hazelton and Davies. ``"simulation"``: maps drawn at random; no
        p-value is below 1 / (simulations + 1).
    simulations, rng
        Number of maps and where they come from, for ``"simulation"``.
    minimum_expected
        Cells with fewer expected events are not tested: their value and p-values are missing. Counted as E(S)² / Var(S)
        of the smoothed sum S, which is the number of events where all weigh the same; for the quartic kernel 5/9 of
        those expected within the bandwidth.
    release
        Mark of a GeoDataFrame's events; `Events` have their own.

    Returns
    -------
    Surface
        Of kind ``"relative-risk"``. Values are limited to between a hundredth and a hundred times the average.

    Raises
    ------
    AnalysisError
        If no event has a point in the study area, there are no people, or a setting is impossible.

    References
    ----------
    Kelsall, J. E. and Diggle, P. J. (1995), Statistics in Medicine 14, 2335-2342. Hazelton, M. L. and Davies, T. M.
    (2009), Biometrical Journal 51, 98-109. For the p-values, see `hotspots.analysis.risk.saddlepoint` and `inversion`;
    for the distribution of risks, `hotspots.analysis.autocorrelation.reference.mixed_poisson`.
    """
    test = SurfaceTest.of(
        kernel, null=null, inference=inference, simulations=simulations, minimum_expected=minimum_expected, rng=rng
    )
    events, area = as_events(events, release=release), as_area(area)
    outline = area.areas.geometry.union_all()
    points, notes = points_inside(events, area, outline)
    chosen = choose_bandwidth(points, rule=bandwidth, kernel=kernel, outline=outline)
    smoother = smoother_over(outline, chosen, cell=cell, kernel=kernel, null=null)
    spread = spread_people(area, smoother.grid, addresses=addresses)
    _need_people(spread, area)
    counts, share = count_in_cells(points, smoother.grid), spread.people / spread.people.sum()

    judged = _judged(smoother, share, events=len(points), minimum_expected=minimum_expected)
    cells = need_judged(judged, minimum_expected, of="events")
    rule = f"fewer than {minimum_expected:g} events would be expected there"
    observed, expected = smoother.sums(counts)[cells], smoother.sums(share * len(points))[cells]
    # The rounding of a transform must not pass for part of an event where none is near.
    observed[observed < ROUNDING] = 0.0
    pieces, risks = _risks(null, points, area, spread)
    tested = _Tested(smoother, counts, cells)
    chances = _constant(tested, spread.people, test) if risks.single else _scattered(tested, pieces, risks, test)
    return make_surface(
        Found(log_ratio(observed, expected), chances, cells),
        smoother,
        chosen,
        kind="relative-risk",
        unit="times the area's average risk",
        sentences=_method(events, smoother, spread, test, used=len(points)),
        provenance=RiskMethod(
            cells=describe_cells(cells, smoother, chosen),
            null="proportional-to-people" if null == "constant-risk" else null,
            risks=stated(risks),
            gamma_shape=risks.shape if isinstance(risks, GammaRisks) else None,
            edge_correction="cancels",
            inference=inference,
            simulations=test.maps,
            least_expected_events=minimum_expected,
            events_used=len(points),
            people=float(spread.people.sum()),
            people_spread=spread.words,
            placed_by=events.placed_by,
        ),
        area=area,
        identity=combine(
            events,
            area,
            title=f"risk of {events.title}",
            notes=(
                *events.notes,
                *notes,
                *chosen.notes,
                *spread.notes,
                *notes_of_cells(judged, counts, smoother, rule=rule),
                *_map_point_notes(chosen.provenance.map_point_spacing_m),
                *notes_of_empty_cells(int((observed <= 0).sum()), "a hundredth of the average"),
            ),
        ),
    )


def need_expected(area: StudyArea, smoother: Smoother, events: int, *, minimum_expected: float = 1.0) -> None:
    """Stop where no cell has the expected number of events that a test of risk needs.

    Raises
    ------
    AnalysisError
        As `relative_risk` does.
    """
    spread = spread_people(area, smoother.grid)
    _need_people(spread, area)
    judged = _judged(smoother, spread.people / spread.people.sum(), events=events, minimum_expected=minimum_expected)
    need_judged(judged, minimum_expected, of="events")


def _judged(smoother: Smoother, share: Floats, *, events: int, minimum_expected: float) -> NDArray[np.bool_]:
    """Return which cells have enough expected events, given the share of people in each."""
    return np.asarray(smoother.grid.inside.ravel() & (expected_events(smoother, share * events) >= minimum_expected))


@dataclass(frozen=True, eq=False, slots=True)
class _Tested:
    """What is tested: the kernel, events per cell (row, col), and the positions of the cells (m)."""

    smoother: Smoother
    counts: Floats
    cells: Cells

    @property
    def observed(self) -> Floats:
        """The smoothed sums of the cells (m)."""
        return self.smoother.sums(self.counts)[self.cells]


def _risks(null: RiskNull, points: Floats, area: StudyArea, spread: Spread) -> tuple[Pieces, Distribution | GammaRisks]:
    """Return the events expected at the average risk by area and cell, and the distribution of areas' risks."""
    pieces = Pieces(spread.owner, spread.cell, spread.part * (len(points) / spread.part.sum()))
    expected = pieces.sums(len(area))
    observed = np.bincount(areas_of_points(points, area), minlength=len(area)).astype(float)
    return pieces, scatter_of_risks(null, observed, expected)


def _scattered(
    tested: _Tested, pieces: Pieces, risks: Distribution | GammaRisks, test: SurfaceTest
) -> tuple[Floats, Floats]:
    """Return the upper-tail and lower-tail p-values of the sums in these cells where areas draw their risks."""
    smoother, cells, observed = tested.smoother, tested.cells, tested.observed
    if test.inference == "simulation":
        shape = smoother.grid.shape
        drawn = draw_events(pieces, risks, shape=shape, simulations=test.simulations, rng=test.rng)
        return simulated_tails(smoother, observed, drawn, cells=cells)
    model = Mixture(terms_of_risks(risks), pieces)
    if test.inference == "asymptotic":
        mean, variance = scattered_moments(smoother, model, cells=cells)
        # The logarithm of a sum has about the relative variance of the sum.
        return asymptotic_tails(log_ratio(observed, mean), variance / mean**2)
    return scattered_tails(smoother, settled(observed), model, cells=cells)


def _constant(tested: _Tested, people: Floats, test: SurfaceTest) -> tuple[Floats, Floats]:
    """Return the upper-tail and lower-tail p-values of the sums in these cells where everyone has the same risk."""
    smoother, counts, cells = tested.smoother, tested.counts, tested.cells
    if test.inference == "saddlepoint":
        return people_tails(smoother, counts, people, cells=cells)
    if test.inference == "asymptotic":
        expected = people * (counts.sum() / people.sum())
        logarithm = log_ratio(tested.observed, smoother.sums(expected)[cells])
        return asymptotic_tails(logarithm, relative_variance(smoother, expected, cells=cells))
    drawn = draw_as_people(people, events=int(counts.sum()), simulations=test.simulations, rng=test.rng)
    return simulated_tails(smoother, tested.observed, drawn, cells=cells)


def _need_people(spread: Spread, area: StudyArea) -> None:
    if not spread.people.sum() > 0:
        raise AnalysisError(
            "Nobody lives in the study area, so there is no risk per person.",
            found=f"{len(area):,} areas with a population of 0",
            advice="check the column of the population file",
        )


def _map_point_notes(spacing: float | None) -> tuple[Note, ...]:
    if spacing is None:
        return ()
    words = (
        f"The events are at map points about {spacing:,.0f} m apart, but the p-values assume that events can occur "
        "anywhere: places with few map points may appear as raised risk, and places between them as lowered risk."
    )
    return (Note(words, of="records", numbers=(round(spacing),)),)


NULL_SENTENCES: Final[dict[RiskNull, str]] = {
    "scattered-risk": (
        "A cell is raised or lowered where this many (or few) events would be unlikely if areas differed in risk, some "
        "perhaps by much, but high and low risks did not cluster; the risks are estimated from the events of all areas."
    ),
    "exchangeable-risk": (
        "A cell is raised or lowered where this many (or few) events would be unlikely if areas differed in risk by "
        "moderate amounts, but high and low risks did not cluster; how much is estimated from the events of all areas."
    ),
    "constant-risk": (
        "A cell is raised or lowered where this many (or few) events would be unlikely if they were independent and in "
        "proportion to the population; events in groups can appear as raised risk."
    ),
}
"""What a raised or lowered cell is under each null."""


def _method(
    events: Events,
    smoother: Smoother,
    spread: Spread,
    test: SurfaceTest,
    *,
    used: int,
) -> tuple[str, ...]:
    """Return how the surface was made and tested, in sentences."""
    return (
        f"Risk of {events.title} per resident against the area's average.",
        f"{used:,} events over {spread.people.sum():,.0f} people, both smoothed alike ({smooth_words(smoother)}).",
        spread.words,
        NULL_SENTENCES[test.null],
        inference_words(test, smoother.kernel, "binomial"),
        "It does not show causes.",
    )
