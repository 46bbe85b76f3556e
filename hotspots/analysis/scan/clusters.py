"""The most likely clusters of a map, each with a computed p-value."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hotspots.analysis.autocorrelation.reference import estimate_risks
from hotspots.analysis.common import as_counts, dispersion_bounds, need_level, poisson_interval
from hotspots.analysis.scan.method_text import describe_scan
from hotspots.analysis.scan.reference import Bernoulli, circular_zones, elliptic_zones
from hotspots.analysis.scan.search import Found, Nulls, Search, find_apart, find_removed
from hotspots.analysis.scan.zone_rows import as_cluster_table, centres_of, describe_zone
from hotspots.errors import AnalysisError, list_briefly, plural
from hotspots.model import AreaCounts, Clusters, Note, ScanMethod, combine
from hotspots.vocabulary import UNRELEASED, ScanNull, Secondary, ZoneShape

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from hotspots.analysis.scan.reference import Zones

    Floats = NDArray[np.float64]

__all__ = ["need_scannable", "scan_clusters"]

NULLS: tuple[ScanNull, ...] = ("scattered-risk", "exchangeable-risk", "constant-risk")
LARGE_AREAS: Final = 0.9
"""Share of the areas that have at most as many people as the one whose scatter all are taken to have."""
MOST_SCATTERED: Final = 2_000_000
"""Zones that are compared under scattered risk: each takes some 30 millionths of a second for each p-value."""


def scan_clusters(
    counts: AreaCounts | gpd.GeoDataFrame,
    *,
    column: str | None = None,
    population: str | None = None,
    controls: str | None = None,
    null: ScanNull = "exchangeable-risk",
    share: float = 0.5,
    radius: float | None = None,
    zones: ZoneShape = "circles",
    secondary: Secondary = "apart",
    level: float = 0.05,
    most: int = 10,
    draws: int = 1_000,
    rng: int = 0,
    release: str = UNRELEASED,
) -> Clusters:
    """Return the most likely clusters of high risk: a scan statistic, with p-values that are computed.

    Zones are circles or ellipses around the centre of every area, up to a share of the population. The zone that is
    least likely by chance is the most likely cluster; others follow. A p-value is the chance that any zone of a map
    without clusters is as unlikely: it allows for the search over all zones.

    Do not read the zone as the border of a cluster: areas at its edge may not belong to it, and a cluster of another
    form is found in pieces. Under constant risk nearly every map of real risks has a cluster, because risks scatter;
    exchangeable risk allows for scatter like a gamma's, and not for single areas of many times the risk; scattered
    risk allows for both, and finds less.

    Parameters
    ----------
    counts, column, population, release
        As in `getis_ord`; a population must be given. Of suppressed counts every possible value is allowed for.
    controls
        Column of a GeoDataFrame with the number of controls, where `column` has cases: the population is both together,
        and everyone has the same risk (`null` is then ``"constant-risk"``).
    null
        ``"exchangeable-risk"`` (default): counts are Dirichlet-multinomial, and zones are compared by the chance of
        their count; ``"scattered-risk"``: areas' risks are drawn from a distribution of any form, estimated from the
        map, and zones are compared by the chance of their count, of all events together not given: of known counts
        and up to two million zones; ``"constant-risk"``: zones are compared by Kulldorff's likelihood ratio, as in
        SaTScan.
    share
        Largest share of the population in a zone, at most one half.
    radius
        Largest radius of a zone in metres (of an ellipse its longer half-axis); no limit where None.
    zones
        ``"circles"``, or ``"ellipses"`` of shapes 1 to 5 with a medium penalty for long ones, as in SaTScan: some
        fifty times the work.
    secondary
        How further clusters are sought: ``"apart"``, among zones that don't overlap those before, against the maximum
        of the whole map (conservative); ``"removed"``, on the map without the areas of those before.
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
    Clusters
        One row per cluster with its dissolved polygon.

    Raises
    ------
    AnalysisError
        If there is no population or no event, a count is not whole, or fewer than ten areas can be scanned; under
        scattered risk if a count is suppressed, or there are too many zones.

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
    _need_fitting(null, most=most, draws=draws)
    table = _scannable(counts, null)
    low, high = (np.rint(table[end].to_numpy(float)) for end in ("observed_low", "observed_high"))
    people, places = table["population"].to_numpy(float), centres_of(table)
    make = circular_zones if zones == "circles" else elliptic_zones
    zones_of = partial(_zones_of, make, places, people, share=share, radius=radius)
    nulls = _nulls_of(null, low, high, people, cases=controls is not None)
    every = zones_of(np.arange(len(low)))
    _need_few(every, null)
    search = Search(every, nulls, low, high, level, most, draws, np.random.default_rng(rng))
    found = list(find_apart(search) if secondary == "apart" else find_removed(search, zones_of))
    rows = [_row(one, table, places) for one in found]
    lowest, highest = (round(one, 4) for one in nulls.dispersion)
    method = ScanMethod(
        zones=zones,
        zones_compared=len(search.zones),
        largest_share=share,
        largest_radius_m=radius,
        statistic="likelihood-ratio" if nulls.constant else "tail",
        null="constant-risk" if nulls.constant else null,
        dispersion=None if nulls.constant or nulls.risks else (lowest, highest),
        risks=nulls.risks
        and tuple((round(one, 4), round(part, 4)) for one, part in np.transpose(nulls.risks).tolist()),
        secondary=secondary,
        level=level,
        draws=draws,
        seed=rng,
        areas_scanned=len(table),
        areas_hidden=int((low < high).sum()),
        areas_left_out=len(counts) - len(table),
        events=(float(low.sum()), float(high.sum())),
        people=float(people.sum()),
        rule=counts.rule,
    )
    return Clusters(
        as_cluster_table(rows, table.crs),
        sentences=describe_scan(method),
        provenance=method,
        area=counts.area,
        identity=combine(counts, counts.area, notes=_notes(counts, len(counts) - len(table))),
    )


def _zones_of(make: Any, places: Floats, people: Floats, at: NDArray[np.intp], **limits: Any) -> Any:
    """Return the zones of some areas alone; the share is of all people, as on the whole map."""
    part = limits["share"] * people.sum() / people[at].sum()
    return make(places[at], people[at], **limits | {"share": min(part, 0.5) if len(at) < len(people) else part})


def _nulls_of(null: str, low: Floats, high: Floats, people: Floats, *, cases: bool) -> Nulls:
    """Return the null hypothesis at any number of events."""
    if cases:
        return Nulls(people, other=partial(Bernoulli, people))
    if null == "constant-risk":
        return Nulls(people)
    expected = people * (low.sum() + high.sum()) / 2 / people.sum()
    if null == "scattered-risk":
        return Nulls(people, risks=estimate_risks(low, low, expected))
    # Sums of areas are beta-binomial only with one variance over the mean in all areas. It grows with an area's people,
    # as where risks differ alike: so it is that of a large area, or zones of large ones would be found by chance.
    large = np.quantile(expected / expected.mean(), LARGE_AREAS)
    lowest, highest = (1 + (one - 1) * large for one in dispersion_bounds(low, high, expected))
    return Nulls(people, (lowest, highest))


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


def _need_fitting(null: str, *, most: int, draws: int) -> None:
    if null not in NULLS:
        raise AnalysisError(f"A scan has no null hypothesis {null!r}.", advice=f"use one of {', '.join(NULLS)}")
    if most < 1 or draws < 2:
        raise AnalysisError(
            "A scan lists at least one cluster and draws at least two maps.", found=f"most = {most}, draws = {draws}"
        )


def need_scannable(
    counts: AreaCounts, *, null: ScanNull = "exchangeable-risk", share: float = 0.5, radius: float | None = None
) -> None:
    """Refuse counts that can't be scanned, before anything is computed.

    Raises
    ------
    AnalysisError
        As `scan_clusters`.
    """
    table = _scannable(counts, null)
    zones = circular_zones(centres_of(table), table["population"].to_numpy(float), share=share, radius=radius)
    _need_few(zones, null)


def _need_few(zones: Zones, null: str) -> None:
    if null == "scattered-risk" and len(zones) > MOST_SCATTERED:
        raise AnalysisError(
            "There are too many zones for a scan under scattered risk.",
            found=f"{len(zones):,} zones; {MOST_SCATTERED:,}, about a minute for each cluster, are the most",
            advice='give a smaller share of the people, or a radius; or use null="exchangeable-risk"',
        )


def _scannable(counts: AreaCounts, null: str) -> gpd.GeoDataFrame:
    """Return the rows of the areas that can be in a zone: those with people and a count."""
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
    table = counts.table[(counts.table["population"] > 0) & counts.table["observed_low"].notna()]
    values = table[["observed_low", "observed_high"]].to_numpy(float)
    odd = np.abs(values - np.rint(values)) > 1e-6
    if odd.any():
        raise AnalysisError(
            "A scan needs whole counts of events.",
            found=f"{values[odd][0]:g}",
            advice="give counts as they were made, and the population for rates",
        )
    hidden = int((values[:, 0] < values[:, 1]).sum())
    if null == "scattered-risk" and hidden:
        raise AnalysisError(
            "A scan under scattered risk needs known counts; under exchangeable or constant risk it allows for others.",
            found=plural(hidden, "suppressed count"),
            advice='use null="exchangeable-risk" or null="constant-risk": their p-values are bounds over all values '
            "that suppressed counts can have",
        )
    if values[:, 1].sum() < 1:
        raise AnalysisError(
            "There is no event to scan for.",
            found=f"{len(values):,} areas with people and a count, none with an event",
            advice="check the years and the codes of the areas, or leave this source out of the scan",
        )
    return table


def _row(found: Found, table: gpd.GeoDataFrame, places: Floats) -> dict[str, Any]:
    zone = describe_zone(table, found.members, places, turned=(found.shape, found.angle))
    inside = table.iloc[found.members]
    share = zone["people"] / float(table["population"].sum())
    low, high = (float(inside[end].sum()) for end in ("observed_low", "observed_high"))
    all_low, all_high = (float(table[end].sum()) for end in ("observed_low", "observed_high"))
    # The ratio is least where the zone has as few events as it can have, and all others as many.
    least, most = share * (low + all_high - high), share * (high + all_low - low)
    limits = [float(poisson_interval(np.array([count]))[end][0]) for count, end in ((low, 0), (high, 1))]
    return {
        **zone,
        **{"observed_low": low, "observed_high": high},
        **{"expected_low": share * all_low, "expected_high": share * all_high},
        **{"ratio_low": low / least if least > 0 else np.nan, "ratio_high": high / most if most > 0 else np.nan},
        **{"ratio_low_95": limits[0] / least if least > 0 else np.nan},
        **{"ratio_high_95": limits[1] / most if most > 0 else np.nan},
        **{"statistic_low": found.statistic[0], "statistic_high": found.statistic[1]},
        **{"p_low": found.p[0], "p_high": found.p[1], "p_error": found.error, "p_bound": found.bound},
        "certainty": found.certainty,
    }


def _notes(counts: AreaCounts, left: int) -> tuple[Note, ...]:
    if not left:
        return counts.notes
    words = f"{plural(left, 'area')} without a count or people, and so in no zone."
    return (*counts.notes, Note(words, of="publication", numbers=(left,)))
