"""Where one file of events is denser than another, period against period or kind against kind: tested surfaces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, get_args

import numpy as np

from hotspots.analysis.common import as_area, as_events, compare_coverage
from hotspots.analysis.density import choose_bandwidth
from hotspots.analysis.risk.area_risks import areas_of_points, draw_labelled, scatter_of_shares
from hotspots.analysis.risk.area_terms import Distribution, ShareTerms
from hotspots.analysis.risk.saddlepoint import TINY
from hotspots.analysis.risk.scattered_sums import (
    Mixture,
    Pieces,
    scattered_moments,
    scattered_tails,
)
from hotspots.analysis.risk.surface_p_values import (
    ROUNDING,
    Labels,
    Smoother,
    asymptotic_tails,
    draw_labels,
    expected_events,
    inside_mass,
    label_tails,
    relative_variance,
    settled,
    simulated_tails,
)
from hotspots.analysis.risk.surface_test import (
    Found,
    SurfaceTest,
    cells_of_points,
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
from hotspots.model import (
    ComparisonMethod,
    Events,
    JudgedCells,
    LabelsNull,
    Note,
    StudyArea,
    Surface,
    combine,
    renamed_arguments,
)
from hotspots.vocabulary import UNRELEASED, BandwidthRule, Comparison, Kernel, RiskNull, SurfaceInference, Totals

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Cells = NDArray[np.intp]

__all__ = ["compare_densities"]

TOGETHER: Final = 7.0
"""Expected events of both files together that a comparison needs: with fewer, labels make few different sums."""

TOO_FEW: Final = "too few events of both files lie within reach"


BEYOND: Final[dict[RiskNull, str]] = {
    "scattered-risk": (
        "beyond what changes that differ from area to area, some perhaps by much, but do not cluster, would give"
    ),
    "exchangeable-risk": (
        "beyond what changes that differ from area to area by moderate amounts, but do not cluster, would give"
    ),
    "constant-risk": "",
}
"""What a change is compared with where it scatters from area to area."""


@renamed_arguments("area", least="minimum_expected")
def compare_densities(
    first: Events | gpd.GeoDataFrame,
    second: Events | gpd.GeoDataFrame,
    *,
    area: StudyArea | gpd.GeoDataFrame,
    measure: Comparison = "ratio",
    totals: Totals = "removed",
    years: tuple[float, float] | None = None,
    bandwidth: float | BandwidthRule | None = None,
    cell: float | None = None,
    kernel: Kernel = "quartic",
    null: RiskNull = "scattered-risk",
    inference: SurfaceInference = "saddlepoint",
    simulations: int = 999,
    rng: np.random.Generator | int = 0,
    minimum_expected: float = 1.0,
    release: str = UNRELEASED,
) -> Surface:
    """Return the density of one file of events against another's, period or kind, with p-values for every cell.

    With totals removed, the default, each file is taken over its own total: where all places rose alike, nothing is
    raised; the question is where the change was greater, or smaller, than in the whole area. With totals kept, events
    per year are compared: the question is where there were more, or fewer, than before. Ratio and difference have the
    same p-values.

    The places of all events of both files are given, so that differences in risk that both files share cancel, however
    they scatter: of an area's events, Poisson in both files around its risk times each file's average, every one is the
    first's with the same probability. What does not cancel is a change that differs from area to area. Under scattered
    risk, the probability that an event is the first file's is drawn by each area from one distribution,
    estimated from the events of all areas: a place is raised where areas with such a change are together. Under
    constant risk it is the same in all areas: the first file's events are a random draw from all events (the number
    held), or with totals kept each is the first's with the share of the years; a change in one area alone, or a
    scatter of changes, is then found too.

    Both files are treated alike at the border, so it does not show. Related events (one brawl, six victims) count as
    six under constant risk, and may appear as a change.

    Parameters
    ----------
    first, second
        Events with points, or GeoDataFrames of points: the later period or the kind in question, and what it is
        compared with.
    area
        The study area, or a GeoDataFrame of polygons.
    measure
        ``"ratio"``: the logarithm of the ratio of both densities. ``"difference"``: the first's density less the
        second's, in events per km² (and year, where years are given), corrected at the border; with totals removed
        the second's is first brought to the first's total.
    totals
        ``"removed"`` or ``"kept"``.
    years
        Years that the first and the second file cover. Needed to keep totals.
    bandwidth, cell, kernel, simulations, rng
        As in `relative_risk`; a rule is applied to the events of both files together.
    null
        ``"scattered-risk"``: areas' shares are drawn from one distribution, whatever its form; ``"exchangeable-risk"``:
        from a beta distribution; ``"constant-risk"``: all areas have the same. Where the estimate is one share for all
        areas, the p-values are those of constant risk.
    inference
        As in `relative_risk`. ``"saddlepoint"`` under constant risk: where 50 events of both files are near, a p-value
        has a relative error of at most 6% down to 1e-5, and of 26% down to 1e-8, against exact distributions; with
        fewer, or where events share few points, it is near to the mid-p value. Exact for the uniform kernel.
        ``"asymptotic"``: Hazelton and Davies (2009) for two samples, with the pooled density.
    minimum_expected
        Cells are tested where each file would have at least this many events under the null, and both together at least
        7; counted as in `relative_risk`.
    release
        Mark of a GeoDataFrame's events; `Events` have their own.

    Returns
    -------
    Surface
        Of kind ``"ratio"`` (cut off at a hundredth and at a hundred times) or ``"difference"``.

    Raises
    ------
    AnalysisError
        If a file has no event with a point in the study area, or a setting is impossible.

    References
    ----------
    Kelsall and Diggle (1995) and Hazelton and Davies (2009), as in `relative_risk`. Skovgaard, I. M. (1987), Journal of
    Applied Probability 24, 875-887. For the distribution of shares, `reference.mixed_binomial`.
    """
    test = SurfaceTest.of(
        kernel, null=null, inference=inference, simulations=simulations, minimum_expected=minimum_expected, rng=rng
    )
    first, second = as_events(first, release=release), as_events(second, release=release)
    area = as_area(area)
    covers = first.cover, second.cover
    if years is None and covers[0] is not None and covers[1] is not None:
        years = covers[0].years, covers[1].years
    _need_comparison(measure, totals, years)
    outline = area.areas.geometry.union_all()
    (own, own_notes), (others, other_notes) = (points_inside(events, area, outline) for events in (first, second))
    chosen = choose_bandwidth(np.concatenate([own, others]), rule=bandwidth, kernel=kernel, outline=outline)
    smoother = smoother_over(outline, chosen, cell=cell, kernel=kernel, null=null)
    pair = _Pair.of(count_in_cells(own, smoother.grid), count_in_cells(others, smoother.grid), totals, years)
    judged, cells = _judge(smoother, pair, minimum_expected)
    sums = [np.where(s < ROUNDING, 0.0, s) for s in (smoother.sums(c)[cells] for c in (pair.first, pair.second))]
    values = _values(measure, sums, smoother, pair, cells=cells, years=years)
    places = _Places.of(own, others, smoother, area)
    shares = places.shares(null, pair.labels)
    if shares.single:
        chances = _constant(smoother, pair, cells, test)
    else:
        chances = _scattered(smoother, pair, places, shares, cells=cells, test=test)
    labels = _titles(first, second)
    return make_surface(
        Found(values, chances, cells),
        smoother,
        chosen,
        kind=measure,
        unit=_unit(measure, totals, years),
        sentences=_method(labels, smoother, pair, test),
        provenance=_provenance(
            pair, test, shares, cells=describe_cells(cells, smoother, chosen), measure=measure, years=years
        ),
        area=area,
        identity=combine(
            first,
            second,
            area,
            name=first.name if first.name == second.name else f"{first.name}_{second.name}",
            title=f"{labels[0]} against {labels[1]}",
            period=first.period.against(second.period),
            notes=(
                *dict.fromkeys((*first.notes, *second.notes)),
                *compare_coverage(*covers),
                *(note.under("First file") for note in own_notes),
                *(note.under("Second file") for note in other_notes),
                *chosen.notes,
                *notes_of_cells(judged, pair.first + pair.second, smoother, rule=TOO_FEW),
                *(_empty_notes(sums[0], sums[1]) if measure == "ratio" else ()),
            ),
        ),
    )


def _provenance(
    pair: _Pair,
    test: SurfaceTest,
    shares: Distribution,
    *,
    cells: JudgedCells,
    measure: Comparison,
    years: tuple[float, float] | None,
) -> ComparisonMethod:
    """Return how the comparison was made."""
    fixed = pair.labels.fixed
    return ComparisonMethod(
        cells=cells,
        null=_null_of_labels(test.null, pair.labels),
        shares=stated(shares),
        totals="removed" if fixed else "kept",
        overall_ratio=float(pair.first.sum() / pair.second.sum()) if fixed else None,
        share_of_first=pair.labels.share,
        years=years or None,
        edge_correction="cancels" if measure == "ratio" else "uniform",
        inference=test.inference,
        simulations=test.maps,
        least_expected_events=test.minimum_expected,
        least_expected_events_together=TOGETHER,
        events_used_first=int(pair.first.sum()),
        events_used_second=int(pair.second.sum()),
    )


def _values(
    measure: Comparison,
    sums: Sequence[Floats],
    smoother: Smoother,
    pair: _Pair,
    *,
    cells: Cells,
    years: tuple[float, float] | None,
) -> Floats:
    """Return the logarithm of the ratio, or the difference in events per km² (and year), of the tested cells."""
    if measure == "ratio":
        return log_ratio(sums[0], sums[1] * pair.odds)
    # The kernel's mass inside makes densities of sums, and is the uniform edge correction at the same time.
    square_km = inside_mass(smoother)[cells] * smoother.grid.cell_km2
    difference: Floats = (sums[0] - sums[1] * pair.odds) / square_km / (years[0] if years else 1.0)
    return difference


@dataclass(frozen=True, slots=True)
class _Pair:
    """Events per cell of both files, arrays (row, col), and how labels are drawn under the null."""

    first: Floats
    second: Floats
    labels: Labels

    @classmethod
    def of(cls, first: Floats, second: Floats, totals: Totals, years: tuple[float, float] | None) -> _Pair:
        if totals == "kept":
            assert years is not None
            return cls(first, second, Labels(years[0] / sum(years), fixed=False))
        return cls(first, second, Labels(float(first.sum() / (first.sum() + second.sum())), fixed=True))

    @property
    def odds(self) -> float:
        """Events of the first file for each of the second, under the null."""
        return self.labels.share / (1 - self.labels.share)


def _constant(smoother: Smoother, pair: _Pair, cells: Cells, test: SurfaceTest) -> tuple[Floats, Floats]:
    """Return both tails of the first file's sums in these cells where all areas have the same share."""
    first, second, labels = pair.first, pair.second, pair.labels
    if test.inference == "saddlepoint":
        return label_tails(smoother, first, second, labels=labels, cells=cells)
    if test.inference == "asymptotic":
        # Var(log S1 / S2) is about 1 / (n pi) + 1 / (n (1 - pi)) = 1 / (n pi (1 - pi)).
        information = (first + second) * labels.share * (1 - labels.share)
        logarithm = log_ratio(smoother.sums(first)[cells], smoother.sums(second)[cells] * pair.odds)
        return asymptotic_tails(logarithm, relative_variance(smoother, information, cells=cells))
    drawn = draw_labels(first, second, labels=labels, simulations=test.simulations, rng=test.rng)
    return simulated_tails(smoother, smoother.sums(first)[cells], drawn, cells=cells)


@dataclass(frozen=True, eq=False, slots=True)
class _Places:
    """Where the events of both files are, by area and cell, and each area's events of either file (n)."""

    pieces: Pieces
    first: Floats
    second: Floats

    @classmethod
    def of(cls, own: Floats, others: Floats, smoother: Smoother, area: StudyArea) -> _Places:
        points = np.concatenate([own, others])
        owner, cell = areas_of_points(points, area), cells_of_points(points, smoother.grid)
        pairs, number = np.unique(np.stack([owner, cell]), axis=1, return_counts=True)
        first, second = (np.bincount(some, minlength=len(area)).astype(float) for some in np.split(owner, [len(own)]))
        return cls(Pieces(pairs[0], pairs[1], number.astype(float)), first, second)

    def shares(self, null: RiskNull, labels: Labels) -> Distribution:
        """Return the distribution of the first file's share among areas."""
        return scatter_of_shares(null, self.first, self.second, mean=labels.share, held=labels.fixed)


def _scattered(
    smoother: Smoother,
    pair: _Pair,
    places: _Places,
    shares: Distribution,
    *,
    cells: Cells,
    test: SurfaceTest,
) -> tuple[Floats, Floats]:
    """Return both tails of the first file's sums in these cells where areas draw their shares."""
    own, others = (settled(smoother.sums(counts)[cells]) for counts in (pair.first, pair.second))
    if test.inference == "simulation":
        shape = smoother.grid.shape
        drawn = draw_labelled(places.pieces, shares, shape=shape, simulations=test.simulations, rng=test.rng)
        return simulated_tails(smoother, own, drawn, cells=cells)
    model = Mixture(ShareTerms(shares), places.pieces)
    if test.inference == "asymptotic":
        mean, variance = scattered_moments(smoother, model, cells=cells)
        rest = own + others - mean
        # The pooled sum T is given: d log(S / (T - S)) = T dS / (S (T - S)).
        return asymptotic_tails(
            log_ratio(own * rest, others * mean), variance * ((mean + rest) / np.maximum(mean * rest, TINY)) ** 2
        )
    # As for labels of constant share, the tail of many is that of few of the other file.
    high, low, few = np.ones(len(cells)), np.ones(len(cells)), own <= others
    other = model._replace(terms=ShareTerms(shares._replace(value=1 - shares.value)))
    high[few], low[few] = scattered_tails(smoother, own[few], model, cells=cells[few])
    low[~few], high[~few] = scattered_tails(smoother, others[~few], other, cells=cells[~few])
    return high, low


def _null_of_labels(null: RiskNull, labels: Labels) -> LabelsNull:
    if null == "constant-risk":
        return "labels-held" if labels.fixed else "labels-by-years"
    return "labels-scattered" if null == "scattered-risk" else "labels-exchangeable"


def _empty_notes(own: Floats, others: Floats) -> tuple[Note, ...]:
    return (
        *notes_of_empty_cells(int((own <= 0).sum()), "a hundredth", of=" of the first file"),
        *notes_of_empty_cells(int((others <= 0).sum()), "a hundred times", of=" of the second file"),
    )


def _titles(first: Events, second: Events) -> tuple[str, str]:
    """Return the titles of the files, with the period where both have the same title."""
    if len({first.title, second.title}) == 2:
        return first.title, second.title
    one, other = (f"{events.title}, {events.period}" if events.period else events.title for events in (first, second))
    return (one, other) if one != other else (f"{one} (first file)", f"{other} (second file)")


def _unit(measure: str, totals: Totals, years: tuple[float, float] | None) -> str:
    if measure == "ratio":
        return f"times the {'overall ratio' if totals == 'removed' else 'second rate per year'}"
    per = "events per km² per year" if years else "events per km²"
    return f"{per} more than the {'overall ratio gives' if totals == 'removed' else 'second'}"


def _method(labels: tuple[str, str], smoother: Smoother, pair: _Pair, test: SurfaceTest) -> tuple[str, ...]:
    """Return how the two were compared and tested, in sentences."""
    used = (int(pair.first.sum()), int(pair.second.sum()))
    beyond = BEYOND[test.null] or (
        "beyond what a random share of all events would give"
        if pair.labels.fixed
        else "beyond what is expected by chance"
    )
    if pair.labels.fixed:
        tested: tuple[str, ...] = (
            f"Overall there were {used[0] / used[1]:.2f} of the first for each of the second.",
            "This overall ratio is removed, so a cell is raised or lowered where the first has more or fewer than "
            f"that, {beyond}.",
        )
    else:
        tested = (
            f"By the years covered there would be {pair.odds:.2f} of the first for each of the second; a cell is "
            f"raised or lowered where the first has more or fewer than that, {beyond}.",
        )
    drawn = "hypergeometric" if pair.labels.fixed else "binomial"
    return (
        f"First: {labels[0]} ({used[0]:,} events).",
        f"Second: {labels[1]} ({used[1]:,} events).",
        f"Both are smoothed alike ({smooth_words(smoother)}).",
        *tested,
        inference_words(test, smoother.kernel, drawn),
        "Events in groups can appear as a change, as can a change in recording.",
        "It does not show causes.",
    )


def _judge(smoother: Smoother, pair: _Pair, minimum_expected: float) -> tuple[NDArray[np.bool_], Cells]:
    """Return which cells of the grid have enough events of both files within reach, and their numbers."""
    together = expected_events(smoother, pair.first + pair.second)
    # The rarer label decides: it must have enough events expected within reach as well.
    rarer = min(pair.labels.share, 1 - pair.labels.share)
    judged = smoother.grid.inside.ravel() & (together * rarer >= minimum_expected) & (together >= TOGETHER)
    return judged, need_judged(judged, max(TOGETHER, minimum_expected / rarer), of="events of both files")


def _need_comparison(measure: str, totals: str, years: tuple[float, float] | None) -> None:
    for name, word, known in (("measure", measure, ("ratio", "difference")), ("totals", totals, get_args(Totals))):
        if word not in known:
            raise AnalysisError(f"There is no {name} {word!r}.", advice=f"use one of {', '.join(known)}")
    if years is not None and not all(np.isfinite(y) and y > 0 for y in years):
        raise AnalysisError(f"Years must be above 0: {years[0]:g} and {years[1]:g}.", advice="e.g. years=(3, 3)")
    if totals == "kept" and years is None:
        raise AnalysisError(
            "To compare events per year, the years that both files cover must be known.", advice="e.g. years=(3, 3)"
        )
