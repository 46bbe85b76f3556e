"""Local statistics of areas: Getis-Ord Gi and Gi*, and Local Moran's I, with computed p-values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hotspots.analysis.autocorrelation.method_text import describe_method
from hotspots.analysis.autocorrelation.neighbours import Neighbours
from hotspots.analysis.autocorrelation.p_values import Tails, hot_without_largest, tails_under
from hotspots.analysis.autocorrelation.windows import (
    PER,
    Windows,
    gi_z,
    local_moran_i,
    prepare_windows,
    quadrants,
)
from hotspots.analysis.common import (
    adjust_tails,
    as_counts,
    certainties,
    classify_gi,
    classify_moran,
    need_level,
    two_sided,
)
from hotspots.model import AreaCounts, HotspotMethod, HotspotResult, combine
from hotspots.vocabulary import (
    RESULT_COLUMNS,
    UNRELEASED,
    Adjustment,
    Measure,
    Method,
    Null,
    Statistic,
    TestedMeasure,
    WindowInference,
)

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

NOTHING_TO_COMPARE: Final = "no z-score: there is nothing to compare its window with"
"""All other values are alike, or the window holds every area."""


# --------------------------------------------------------------------------- public functions


def getis_ord(
    counts: AreaCounts | gpd.GeoDataFrame,
    neighbours: Neighbours | Any | None = None,
    *,
    column: str | None = None,
    population: str | None = None,
    null: Null | None = None,
    measure: Measure | None = None,
    with_self: bool = True,
    conditional: bool = False,
    mid_p: bool = False,
    rng: int = 0,
    adjustment: Adjustment = "benjamini-hochberg-apart",
    level: float = 0.05,
    release: str = UNRELEASED,
) -> HotspotResult:
    """Return where high or low counts cluster: Getis-Ord Gi* (or Gi), with computed and not simulated p-values.

    The window of an area is the area and its neighbours (Gi*), or its neighbours alone (Gi). Its count is tested under
    one of four null hypotheses (`hotspots.vocabulary.NULL_WORDS`), see `reference.exact`. The classical z-score is
    given for comparison: of rates where there is a population, else of counts.

    Do not read a hot area as an address: windows overlap, so the areas around a true hotspot are hot too; other
    boundaries would give other windows (the modifiable areal unit); at the edge of the study area windows are cut off;
    and broad differences in risk that are not scatter (city against country) are found as large hot areas. Under
    constant risk and randomisation areas that scatter more than chance are taken for hot and cold ones. Scattered risk
    allows for any scatter, single areas of ten times the risk and areas without events too; exchangeable risk only for
    one like a gamma's, and finds more where that is all there is (benchmarks/power.py).

    Parameters
    ----------
    counts
        Counts by area, or any GeoDataFrame of areas in metres with the count in `column`.
    neighbours
        From `link_neighbours`, or a libpysal `Graph`, also with unequal weights; Queen contiguity if left out.
    column, population
        Columns of the GeoDataFrame: the count, and (optional) people.
    null
        ``"scattered-risk"`` (default with a population), ``"exchangeable-risk"``, ``"constant-risk"`` or
        ``"randomisation"`` (default without).
    measure
        What randomisation places at random: ``"count"`` (default), ``"rate"`` or ``"empirical-bayes"``. A column of
        values that are not whole is taken as it is. Sums of such values are bracketed (`reference.fourier`).
    with_self
        Whether the window includes the area itself: Gi*, else Gi.
    conditional
        Under randomisation of Gi*: test the neighbours given the area's own value, which then cancels, so that the
        p-value is Gi's. The default tests the window as a whole, the area's own peak included; the conditional form
        tests whether the neighbours of this value are high, so that one peak is no hotspot.
    mid_p
        Whether ties count half. Without it a test of small counts flags less than its level; with it the level is
        met on average and not guaranteed.
    rng
        Seed of the simulation that neighbours with unequal weights need (`reference.permutation`); with all
        others nothing is drawn.
    adjustment
        Of the two-sided p-values over the areas tested: ``"benjamini-hochberg-apart"`` (hot and cold areas by
        themselves, default), ``"benjamini-hochberg"`` (the textbook's one family), ``"benjamini-yekutieli"``,
        ``"bonferroni"``, ``"none"``.
    level
        The study's level, at which an area counts as hot or cold in words and certainty.
    release
        Mark of a GeoDataFrame's counts: ``"open"`` if they are published, ``"invented"``, or unreleased, which
        nothing can be written from. Counts made by this package have a mark of their own.

    Returns
    -------
    HotspotResult
        One row for every area, in the order of the areas' ids as text: join by index, not by position. Those not
        tested say why.

    Raises
    ------
    AnalysisError
        If null and data do not fit, or a count is not a whole number.

    References
    ----------
    Getis, A. and Ord, J. K. (1992), Geographical Analysis 24, 189-206. Ord, J. K. and Getis, A. (1995), Geographical
    Analysis 27, 286-306. Benjamini, Y. and Hochberg, Y. (1995), Journal of the Royal Statistical Society B 57, 289-300.

    Examples
    --------
    >>> import geopandas, shapely
    >>> squares = geopandas.GeoDataFrame(
    ...     {"crimes": [9, 8, 0, 0, 0, 0, 0, 1]},
    ...     geometry=[shapely.box(1000 * i, 0, 1000 * i + 1000, 1000) for i in range(8)],
    ...     crs=27700,
    ... )
    >>> getis_ord(squares, column="crimes").table["p_hot_high"].round(3).tolist()[:2]
    [0.036, 0.107]
    """
    settings = _Settings("getis_ord", null, measure, with_self, conditional, mid_p, rng, adjustment, level)
    return _analyse(as_counts(counts, column, population, release=release), neighbours, settings)


def local_moran(
    counts: AreaCounts | gpd.GeoDataFrame,
    neighbours: Neighbours | Any | None = None,
    *,
    column: str | None = None,
    population: str | None = None,
    null: Null | None = None,
    measure: Measure | None = None,
    mid_p: bool = False,
    rng: int = 0,
    adjustment: Adjustment = "benjamini-hochberg-apart",
    level: float = 0.05,
    release: str = UNRELEASED,
) -> HotspotResult:
    """Return which areas are like or unlike their neighbours: Local Moran's I, tested by computation.

    The area keeps its own count; the test is of its neighbours' count given that. Both tails of the neighbours'
    count are reported: for an area above the mean, a high I is the hot tail; below the mean, the cold one; at the
    mean I is 0 whatever the neighbours are, and p = 1. Own and neighbours' values are compared with the mean rate (with
    a population) or the mean count.

    Parameters
    ----------
    counts, neighbours, column, population, null, measure, mid_p, rng, adjustment, level, release
        As in `getis_ord`.

    Returns
    -------
    HotspotResult
        Classes High-High, Low-Low, High-Low, Low-High, not significant, not tested; rows as in `getis_ord`.

    Raises
    ------
    AnalysisError
        If null and data do not fit, or a count is not a whole number.

    References
    ----------
    Anselin, L. (1995), Geographical Analysis 27, 93-115.
    """
    settings = _Settings("local_moran", null, measure, False, True, mid_p, rng, adjustment, level)
    return _analyse(as_counts(counts, column, population, release=release), neighbours, settings)


# --------------------------------------------------------------------------- one analysis


@dataclass(frozen=True, slots=True)
class _Settings:
    method: Method
    null: Null | None
    measure: Measure | None
    with_self: bool
    conditional: bool
    mid_p: bool
    rng: int
    adjustment: Adjustment
    level: float


def _analyse(counts: AreaCounts, neighbours: Neighbours | Any | None, settings: _Settings) -> HotspotResult:
    need_level(settings.level)
    null, measure, links, reasons, tested = prepare_windows(
        counts,
        neighbours,
        null=settings.null,
        measure=settings.measure,
        with_self=settings.with_self,
        conditional=settings.conditional,
    )
    tails = tails_under(null, tested, level=settings.level, mid_p=settings.mid_p, rng=settings.rng)
    columns = _columns(counts, links, tested)
    for name, values in _findings(tested, tails, settings).items():
        columns[name] = tested.in_all(values, len(counts))
    for name in ("class", "certainty", "hot_without_largest"):
        columns[name] = np.where(reasons == "", columns[name], "not_tested")
    columns["null"] = np.full(len(counts), null, dtype=object)
    stated = np.where(reasons == "", counts.table["reason"].to_numpy(dtype=object), reasons)
    columns["reason"] = np.where((stated == "") & np.isnan(columns["gi_z"]), NOTHING_TO_COMPARE, stated)
    method = HotspotMethod(
        statistic=_statistic(settings),
        null=null,
        inference=_inference(tails, counts),
        dispersion=tails.dispersion,
        risks=tails.risks,
        step=tails.step,
        draws=tails.draws,
        seed=tails.seed,
        mid_p=settings.mid_p,
        conditional=tested.conditional,
        measure=_tested_measure(tested, measure, counts),
        neighbours=links.words,
        neighbour_pairs=len(links.others),
        components=links.components,
        islands=len(links.islands),
        areas_tested=int((reasons == "").sum()),
        areas_hidden=counts.hidden,
        rule=counts.rule,
        adjustment=settings.adjustment,
        level=settings.level,
        expected=counts.expectation,
    )
    return _result(counts, columns, settings.method, method)


def _inference(tails: Tails, counts: AreaCounts) -> WindowInference:
    """Return how p-values were computed: not exactly where expected counts were estimated from the same events."""
    estimated = counts.expectation is not None and (counts.expectation.base == "age" or counts.expectation.is_fitted)
    return "computed" if estimated and tails.inference == "exact" else tails.inference


def _tested_measure(tested: Windows, measure: Measure, counts: AreaCounts) -> TestedMeasure:
    if measure == "count" and not tested.whole:
        return "as-given"
    if tested.exposure is None:
        return measure
    return "rate" if counts.expectation is None else "ratio"


def _statistic(settings: _Settings) -> Statistic:
    if settings.method == "local_moran":
        return "local_moran"
    return "gi_star" if settings.with_self else "gi"


def _findings(tested: Windows, found: Tails, settings: _Settings) -> dict[str, Any]:
    """Return the columns of the tested areas that come from the test."""
    alone, hidden = tested.cardinalities == 0, bool((tested.low < tested.high).any())
    tails = [np.where(alone, np.nan, tail) for tail in found.bounds]
    moran, _, _ = local_moran_i(tested.measure, tested.weights)
    quadrant, certain_side = quadrants(tested)
    # Local Moran's own value at the mean makes I = 0 whatever the neighbours are: p = 1.
    flat = (quadrant == "") & ~alone if settings.method == "local_moran" and not hidden else np.zeros(len(alone), bool)
    hot_low, hot_high, cold_low, cold_high = (np.where(flat, 1.0, tail) for tail in tails)
    p_low, p_high = two_sided((hot_low, hot_high), (cold_low, cold_high))
    adjusted_low, adjusted_high = (
        adjust_tails(hot, cold, method=settings.adjustment)
        for hot, cold in ((hot_low, cold_low), (hot_high, cold_high))
    )
    # Where nothing is suppressed, the bounds differ by rounding alone: the upper one is then taken.
    certainty = certainties(adjusted_low if hidden else adjusted_high, adjusted_high, level=settings.level)
    if settings.method == "getis_ord":
        classes = classify_gi(adjusted_high, hot_high < cold_high)
    else:
        # A quadrant needs its own side of the mean to be certain too.
        certainty[(certainty == "certain") & ~certain_side] = "depends"
        classes = classify_moran(adjusted_high, quadrant, level=settings.level)
        classes[certainty != "certain"] = "not_significant"
    return {
        "gi_z": gi_z(tested.measure, tested.window, with_self=tested.with_self),
        "moran_i": moran,
        "quadrant": quadrant,
        **dict(zip(("p_hot_low", "p_hot_high", "p_cold_low", "p_cold_high"), tails, strict=True)),
        "p_low": p_low,
        "p_high": p_high,
        "p_adjusted_low": adjusted_low,
        "p_adjusted_high": adjusted_high,
        "class": classes,
        "certainty": certainty,
        "hot_without_largest": (
            hot_without_largest(tested, found, adjustment=settings.adjustment, level=settings.level)
            if settings.method == "getis_ord"
            else np.full(len(classes), "not_tested", dtype=object)
        ),
    }


def _columns(counts: AreaCounts, links: Neighbours, tested: Windows) -> dict[str, Any]:
    """Return the columns that do not come from the test, for all areas."""
    areas, table, n = counts.area.areas, counts.table, len(counts)
    people = table["population"].where(table["population"] > 0)
    rate_low, rate_high = PER * table["observed_low"] / people, PER * table["observed_high"] / people
    known = table["observed_low"] == table["observed_high"]
    return {
        **{name: areas[name].to_numpy() for name in ("name", "la_code", "la_name")},
        **{name: table[name].to_numpy() for name in ("observed_low", "observed_high", "population", "expected")},
        "rate": rate_low.where(known).to_numpy(),
        "rate_low": rate_low.to_numpy(),
        "rate_high": rate_high.to_numpy(),
        "neighbours": links.cardinalities,
        **{
            f"window_{end}": tested.in_all(tested.members @ table[f"observed_{end}"].to_numpy()[tested.where], n)
            for end in ("low", "high")
        },
    }


def _result(counts: AreaCounts, columns: dict[str, Any], method: Method, provenance: HotspotMethod) -> HotspotResult:
    import geopandas as gpd

    table = gpd.GeoDataFrame(
        {name: columns[name] for name in RESULT_COLUMNS if name not in ("area_id", "geometry")},
        geometry=counts.area.areas.geometry.to_numpy(),
        index=counts.area.ids,
        crs=counts.area.areas.crs,
    )
    return HotspotResult(
        table=table,
        method=method,
        sentences=describe_method(provenance),
        provenance=provenance,
        area=counts.area,
        identity=combine(counts, counts.area, notes=counts.notes),
    )
