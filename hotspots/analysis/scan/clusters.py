"""The most likely clusters of a map, each with a computed p-value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import numpy as np

from hotspots.analysis.common import as_counts, need_level, poisson_interval, robust_dispersion
from hotspots.analysis.scan.maximum import MaximumChance, chance_of_maximum
from hotspots.analysis.scan.zone_models import Bernoulli, ConstantRisk, ScatteredRisk, ZoneModel
from hotspots.analysis.scan.zones import Zones, circular_zones
from hotspots.errors import AnalysisError, list_briefly, plural
from hotspots.model import EXTRACT_COLUMNS, AreaCounts, Extract, Note, combine
from hotspots.vocabulary import UNRELEASED

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["scan_clusters"]

ScanNull = Literal["exchangeable-risk", "constant-risk"]
NULLS: Final[dict[ScanNull, str]] = {
    "exchangeable-risk": (
        "areas differ in risk by moderate amounts, and the differences are scattered at random (variance of an area's "
        "count {dispersion:.2f} times its mean)"
    ),
    "constant-risk": "everyone has the same risk",
}
ALMOST: Final = 1.001
"""Below this dispersion risks don't scatter: the null is that of constant risk."""
SAME: Final = 1e-9
"""Statistics that differ by less than this share are one."""


class _Found(NamedTuple):
    """One cluster: its zone, and how unusual it is."""

    centre: int
    members: NDArray[np.int32]
    statistic: float
    p: MaximumChance


def scan_clusters(
    counts: AreaCounts | gpd.GeoDataFrame,
    *,
    column: str | None = None,
    population: str | None = None,
    controls: str | None = None,
    null: ScanNull = "exchangeable-risk",
    share: float = 0.1,
    radius: float | None = None,
    level: float = 0.05,
    most: int = 10,
    draws: int = 1_000,
    rng: int = 0,
    release: str = UNRELEASED,
) -> Extract:
    """Return the most likely clusters of high risk: a circular scan statistic, with p-values that are computed.

    Zones are circles around the centre of every area, up to a share of the population. The zone that is least likely by
    chance is the most likely cluster; others follow that do not overlap it. A p-value is the chance that any zone of a
    map without clusters is as unlikely: it allows for the search over all zones.

    Do not read the circle as the border of a cluster: areas at its edge may not belong to it, and a long cluster is
    found in pieces. Under constant risk nearly every map of real risks has a cluster, because risks scatter;
    exchangeable risk allows for scatter like a gamma's, and not for single areas of many times the risk.

    Parameters
    ----------
    counts, column, population, release
        As in `getis_ord`. Counts must be known and a population given.
    controls
        Column of a GeoDataFrame with the number of controls, where `column` has cases: the population is both together,
        and everyone has the same risk (`null` is then ``"constant-risk"``).
    null
        ``"exchangeable-risk"`` (default): counts are Dirichlet-multinomial, and zones are compared by the chance of
        their count; ``"constant-risk"``: zones are compared by Kulldorff's likelihood ratio, as in SaTScan.
    share
        Largest share of the population in a zone, at most one half.
    radius
        Largest radius of a zone in metres; no limit where None.
    level
        Clusters are listed while their p-value is at most this; the most likely one always is.
    most
        Largest number of clusters.
    draws
        Maps that are drawn for each p-value.
    rng
        Seed of the draws.

    Returns
    -------
    Extract
        One row per cluster with its dissolved polygon: `areas`, `people`, `events`, `expected` at the overall rate,
        their `ratio` with a 95 % interval (as if the zone had not been searched for), `statistic`, the `p`-value with
        its standard error `p_error`, and `p_bound`, which it can't exceed; `radius` (metres) and `area_ids`.

    Raises
    ------
    AnalysisError
        If there is no population, a count is suppressed or not whole, or fewer than ten areas can be scanned.

    References
    ----------
    Kulldorff (1997), Communications in Statistics: Theory and Methods 26, 1481-1496; Zhang, Assunção and Kulldorff
    (2010), Journal of Probability and Statistics, 642379 (secondary clusters); for p-values see `chance_of_maximum`.
    """
    need_level(level)
    if controls is None:
        counts = as_counts(counts, column, population, release=release)
    else:
        counts = as_counts(*_with_controls(counts, column, controls, null), release=release)
    _need_fitting(counts, null, most=most, draws=draws)
    known = counts.table["observed_low"].notna().to_numpy() & (counts.table["population"] > 0).to_numpy()
    table = counts.table[known]
    events, people = table["observed_low"].to_numpy(float), table["population"].to_numpy(float)
    expected = people * events.sum() / people.sum()
    points = table.geometry.centroid
    places = np.column_stack([points.x, points.y])
    zones = circular_zones(places, people, share=share, radius=radius)
    model, dispersion = _model_of(null, events, expected)
    if controls is not None:
        model = Bernoulli(people, int(events.sum()))
    found = list(
        _by_likelihood(zones, model, events, level=level, most=most, draws=draws, rng=np.random.default_rng(rng))
    )
    rows = [_row(one, table.assign(usual=expected), places) for one in found]
    return Extract(
        _as_table(rows, table.crs),
        kind="clusters",
        name=f"{counts.name}_clusters",
        title=f"Clusters of {counts.title}",
        sentences=_sentences(null, zones, share=share, radius=radius, draws=draws, seed=rng, dispersion=dispersion),
        source=counts.source,
        period=counts.period,
        notes=_notes(counts, known),
        release=combine(counts, counts.area).release,
    )


def _with_controls(counts: Any, column: str | None, controls: str, null: str) -> tuple[gpd.GeoDataFrame, str, str]:
    """Return a table with people as cases and controls together, and the columns of cases and of people."""
    import geopandas as gpd

    if not isinstance(counts, gpd.GeoDataFrame) or column is None:
        raise AnalysisError("Cases and controls are columns of a GeoDataFrame.", advice="give column= and controls=")
    if null != "constant-risk":
        raise AnalysisError(
            "Among cases and controls everyone has the same risk.",
            found=f"null = {null!r}",
            advice='add null="constant-risk"',
        )
    absent = [name for name in (column, controls) if name not in counts.columns]
    if absent:
        raise AnalysisError(f"There is no column {absent[0]!r}.", found=f"columns {list_briefly(counts.columns, 20)}")
    both = "cases and controls"
    return counts.assign(**{both: counts[column] + counts[controls]}), column, both


def _need_fitting(counts: AreaCounts, null: str, *, most: int, draws: int) -> None:
    if null not in NULLS:
        raise AnalysisError(f"A scan has no null hypothesis {null!r}.", advice=f"use one of {', '.join(NULLS)}")
    if not counts.area.has_population:
        raise AnalysisError(
            "A scan needs a population.",
            found="a study area without one",
            advice="add it with StudyArea.with_population, or name its column",
        )
    if counts.expectation is not None:
        raise AnalysisError(
            "A scan compares counts with the population alone.",
            found=f"expected counts from {counts.expectation.title}",
            advice="use getis_ord or local_moran, or counts without expected counts of their own",
        )
    if counts.hidden:
        raise AnalysisError(
            "A scan needs counts that are known.",
            found=f"{counts.hidden:,} areas with suppressed counts",
            advice="use getis_ord, which carries intervals, or larger areas whose counts are published",
        )
    values = counts.table["observed_low"].dropna().to_numpy(float)
    if len(values) and float(np.abs(values - np.rint(values)).max()) > 1e-6:
        raise AnalysisError("A scan needs whole counts of events.", found=f"{values[values % 1 != 0][0]:g}")
    if values.sum() < 1:
        raise AnalysisError("There is no event to scan for.", found=f"{len(values):,} areas without any")
    if most < 1 or draws < 2:
        raise AnalysisError(
            "A scan lists at least one cluster and draws at least two maps.", found=f"most = {most}, draws = {draws}"
        )


def _model_of(null: str, events: Floats, expected: Floats) -> tuple[ZoneModel, float]:
    """Return the model of the null hypothesis, and the dispersion of the counts (1 under constant risk)."""
    total = int(events.sum())
    if null == "constant-risk":
        return ConstantRisk(expected, total), 1.0
    # One variance over the mean for all areas: only then are sums of areas beta-binomial.
    dispersion = robust_dispersion(events, expected, relative=np.ones(len(events)))
    if dispersion < ALMOST:
        return ConstantRisk(expected, total), 1.0
    return ScatteredRisk(expected, total, dispersion), dispersion


def _by_likelihood(
    zones: Zones, model: ZoneModel, events: Floats, *, level: float, most: int, draws: int, rng: np.random.Generator
) -> Iterator[_Found]:
    """Yield clusters that don't overlap from the most unusual down, the last of them the first one that is usual."""
    statistics = np.where(zones.ends, model.statistic(zones.sums(events), zones.sums(model.size)), 0.0)
    taken = np.zeros(len(events), dtype=bool)
    free = zones.ends.copy()
    for number in range(most):
        best = np.where(free, statistics, 0.0)
        centre, last = np.unravel_index(int(best.argmax()), best.shape)
        statistic = float(best[centre, last])
        if statistic <= 0:
            return
        p = chance_of_maximum(zones, model, statistic * (1 - SAME), rng=rng, draws=draws)
        if number and min(p.estimate, p.bound) > level:
            return
        members = zones.members(int(centre), int(last))
        yield _Found(int(members[0]), members, statistic, p)
        taken[members] = True
        # A zone is free up to the first area that is taken.
        free &= ~np.maximum.accumulate(taken[zones.order], axis=1)


def _row(found: _Found, table: gpd.GeoDataFrame, places: Floats) -> dict[str, Any]:
    at = np.sort(found.members)
    inside = table.iloc[at]
    count, usual = float(inside["observed_low"].sum()), float(inside["usual"].sum())
    low, high = poisson_interval(np.array([count]))
    return {
        "areas": len(at),
        "people": float(inside["population"].sum()),
        "events": count,
        "expected": usual,
        "ratio": count / usual,
        "ratio_low": float(low[0]) / usual,
        "ratio_high": float(high[0]) / usual,
        "statistic": found.statistic,
        "p": min(found.p.estimate, found.p.bound),
        "p_error": found.p.error,
        "p_bound": found.p.bound,
        "radius": float(np.hypot(*(places[at] - places[found.centre]).T).max()),
        "area_ids": " ".join(str(area) for area in inside.index),
        "geometry": inside.geometry.union_all(),
    }


def _as_table(rows: list[dict[str, Any]], crs: Any) -> gpd.GeoDataFrame:
    import geopandas as gpd

    table = gpd.GeoDataFrame(rows, columns=[*EXTRACT_COLUMNS["clusters"][1:]], geometry="geometry", crs=crs)
    table.insert(0, "cluster", np.arange(1, len(table) + 1))
    return table


def _sentences(
    null: ScanNull, zones: Zones, *, share: float, radius: float | None, draws: int, seed: int, dispersion: float
) -> tuple[str, ...]:
    within = "" if radius is None else f" and a radius of {radius:,.0f} m"
    statistic = "the likelihood ratio" if dispersion == 1 else "the chance of a count at least as high"
    null_used: ScanNull = "constant-risk" if dispersion == 1 else null
    return (
        f"Circular scan: {len(zones):,} zones around the centres of areas, up to {100 * share:g}% of the population"
        f"{within}, compared by {statistic}.",
        f"Tested against this: {NULLS[null_used].format(dispersion=dispersion)}.",
        "A p-value is the chance that any zone of a map without clusters is as unusual: estimated by importance "
        f"sampling ({draws:,} maps, seed {seed}), with its standard error and a bound that it can't exceed.",
        "A circle is not the border of a cluster.",
    )


def _notes(counts: AreaCounts, known: NDArray[np.bool_]) -> tuple[Note, ...]:
    left = int((~known).sum())
    if not left:
        return counts.notes
    words = f"{plural(left, 'area')} without a count or people, and so in no zone."
    return (*counts.notes, Note(words, of="publication", numbers=(left,)))
