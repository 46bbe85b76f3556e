"""The most likely clusters in space and time, each with a computed p-value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, get_args

import numpy as np
import pandas as pd

from hotspots.analysis.common import need_level, poisson_interval
from hotspots.analysis.scan.cylinders import Cylinder, CylinderSearch, runs_of
from hotspots.analysis.scan.method_text import describe_space_time
from hotspots.analysis.scan.reference import circular_zones
from hotspots.analysis.scan.run_models import FEWEST_EVENTS, PermutedPeriods, PoissonPeriods
from hotspots.analysis.scan.zone_rows import as_cluster_table, centres_of, describe_zone
from hotspots.errors import AnalysisError, plural
from hotspots.model import Clusters, Note, PeriodCounts, SpaceTimeMethod, combine
from hotspots.vocabulary import SpaceTimeModel

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["need_scannable_in_time", "scan_space_time"]

LONGEST: Final = 0.9
"""Of the periods: what lasts longer is better seen as a gap before or after it."""
FEWEST_PERIODS: Final = 3


def scan_space_time(
    counts: PeriodCounts,
    *,
    model: SpaceTimeModel = "permutation",
    prospective: bool = False,
    longest: float = 0.5,
    share: float = 0.5,
    radius: float | None = None,
    level: float = 0.05,
    most: int = 10,
    draws: int = 1_000,
    rng: int = 0,
) -> Clusters:
    """Return the most likely clusters in space and time: a scan statistic, with p-values that are computed.

    Cylinders are circles around the centre of every area over a run of whole periods. They are compared by the
    likelihood ratio of Kulldorff's Poisson model; the highest is the most likely cluster, and others follow that share
    no area with those before. A p-value is the chance that any cylinder of a map without clusters is as high: it allows
    for the search over all of them.

    The permutation model finds where events were more frequent for a time than the area and the time suggest. It does
    not find a place that is always high, nor a time that is high everywhere, and a change of population in one part of
    the map is found as a cluster. The Poisson model finds all three: under it nearly every map of real risks has a
    cluster, because risks scatter between areas. Under both, events that come in groups (one incident with several
    victims) are found too often.

    Parameters
    ----------
    counts
        Events by area and period, as of `count_by_period`.
    model
        ``"permutation"`` (default): expected are the events of the circle times those of the run, over all events; no
        population is needed. ``"poisson"``: expected by people and days, everyone with the same risk on every day.
    prospective
        Whether only runs up to the last period are compared ("alive" clusters), or all.
    longest
        Largest share of the periods in a run, at most 0.9.
    share
        Largest share in a circle, at most one half: of the population, or under the permutation model of the events.
    radius
        Largest radius of a circle in metres; no limit where None.
    level
        Clusters are listed while their p-value is at most this; the most likely one always is.
    most
        Largest number of clusters.
    draws
        Maps that are drawn for each p-value; none where a computed bound of it is below 0.0001, which is then given.
    rng
        Seed of the draws.

    Returns
    -------
    Clusters
        One row per cluster with its dissolved polygon, its first and its last day.

    Raises
    ------
    AnalysisError
        If there are fewer than three periods, two events or ten areas that can be scanned, or no population for the
        Poisson model.

    References
    ----------
    Kulldorff (2001), Journal of the Royal Statistical Society A 164, 61-72 (prospective Poisson); Kulldorff,
    Heffernan, Hartman, Assunção and Mostashari (2005), PLoS Medicine 2, e59 (permutation); for p-values see
    `chance_of_maximum`.
    """
    need_level(level)
    if most < 1 or draws < 2:
        raise AnalysisError(
            "A scan lists at least one cluster and draws at least two maps.", found=f"most = {most}, draws = {draws}"
        )
    areas, table, periods, number = _scannable(counts, model, longest)
    events = table.to_numpy(float)
    runs = runs_of(np.asarray(periods.asi8), longest=number, prospective=prospective)
    expects = _model_of(model, areas, events, periods)
    places = centres_of(areas)
    zones = circular_zones(places, expects.areas, share=share, radius=radius)
    search = CylinderSearch(zones, runs, expects, events, level, most, draws, np.random.default_rng(rng))
    rows = [_row(one, areas, places, periods, level) for one in search.find()]
    left = len(counts) - len(areas)
    method = SpaceTimeMethod(
        model=model,
        by=counts.by,
        periods=len(periods),
        first_day=_day(periods.start_time, 0),
        last_day=_day(periods.end_time, -1),
        prospective=prospective,
        longest=number,
        runs_compared=len(runs),
        cylinders_compared=len(runs) * len(zones),
        largest_share=share,
        largest_radius_m=radius,
        fewest_events=FEWEST_EVENTS,
        level=level,
        draws=draws,
        seed=rng,
        areas_scanned=len(areas),
        areas_left_out=left,
        events=int(events.sum()),
    )
    return Clusters(
        as_cluster_table(rows, areas.crs, in_time=True),
        sentences=describe_space_time(method),
        provenance=method,
        area=counts.area,
        identity=combine(counts, counts.area, notes=_notes(counts, left)),
    )


def need_scannable_in_time(
    counts: PeriodCounts,
    *,
    model: SpaceTimeModel = "permutation",
    longest: float = 0.5,
    share: float = 0.5,
    radius: float | None = None,
) -> None:
    """Refuse counts that can't be scanned, before anything is computed.

    Raises
    ------
    AnalysisError
        As `scan_space_time`.
    """
    areas, table, periods, _ = _scannable(counts, model, longest)
    expects = _model_of(model, areas, table.to_numpy(float), periods)
    circular_zones(centres_of(areas), expects.areas, share=share, radius=radius)


def _scannable(
    counts: PeriodCounts, model: str, longest: float
) -> tuple[gpd.GeoDataFrame, pd.DataFrame, pd.PeriodIndex, int]:
    """Return the areas that can be in a circle, their counts, the periods, and the periods of the longest run."""
    if model not in get_args(SpaceTimeModel):
        known = ", ".join(get_args(SpaceTimeModel))
        raise AnalysisError(f"A scan in space and time has no model {model!r}.", advice=f"use one of {known}")
    if not 0 < longest <= LONGEST:
        raise AnalysisError(
            f"A cluster can't last {100 * longest:g}% of the time.",
            found=f"longest = {longest:g}",
            advice=f"give a share above 0 and at most {LONGEST:g}: what lasts longer has no time to be compared with",
        )
    areas, periods = counts.area.areas, counts.periods
    if len(periods) < FEWEST_PERIODS:
        raise AnalysisError(
            "There are too few periods for a scan in space and time.",
            found=plural(len(periods), counts.by),
            advice=f"give at least {FEWEST_PERIODS}, or count by shorter ones",
        )
    if model == "poisson":
        if not counts.area.has_population:
            raise AnalysisError(
                "The space-time Poisson model needs a population.",
                found="a study area without one",
                advice='add it with StudyArea.with_population, or use model="permutation"',
            )
        areas = areas[areas["population"] > 0]
    table = counts.table.loc[areas.index]
    if table.to_numpy().sum() < FEWEST_EVENTS:
        raise AnalysisError(
            "There are too few events to scan for clusters.",
            found=f"{table.to_numpy().sum():,.0f} in {len(areas):,} areas and {len(periods):,} periods",
            advice="check the years and the codes of the areas, or leave this source out of the scan",
        )
    return areas, table, periods, max(int(longest * len(periods) + 1e-9), 1)


def _model_of(
    model: str, areas: gpd.GeoDataFrame, events: Floats, periods: pd.PeriodIndex
) -> PermutedPeriods | PoissonPeriods:
    if model == "permutation":
        return PermutedPeriods(events.sum(axis=1), events.sum(axis=0))
    days = np.asarray((periods.end_time.normalize() - periods.start_time).days, dtype=float) + 1
    return PoissonPeriods(areas["population"].to_numpy(float), days, int(events.sum()))


def _row(
    found: Cylinder, areas: gpd.GeoDataFrame, places: Floats, periods: pd.PeriodIndex, level: float
) -> dict[str, Any]:
    low, high = (float(end[0]) for end in poisson_interval(np.array([found.observed])))
    return {
        **describe_zone(areas, found.members, places, turned=(1.0, 0.0)),
        **{f"observed_{end}": found.observed for end in ("low", "high")},
        **{f"expected_{end}": found.expected for end in ("low", "high")},
        **{f"ratio_{end}": found.observed / found.expected for end in ("low", "high")},
        **{"ratio_low_95": low / found.expected, "ratio_high_95": high / found.expected},
        **{f"statistic_{end}": found.statistic for end in ("low", "high")},
        **{"p_low": found.p, "p_high": found.p, "p_error": found.error, "p_bound": found.bound},
        **{"certainty": "certain" if found.p <= level else "never"},
        **{"start": _day(periods.start_time, found.run[0]), "end": _day(periods.end_time, found.run[1] - 1)},
        **{"periods": found.run[1] - found.run[0], "alive": "yes" if found.run[1] == len(periods) else "no"},
    }


def _day(times: pd.DatetimeIndex, at: int) -> str:
    return pd.Timestamp(times[at]).date().isoformat()


def _notes(counts: PeriodCounts, left: int) -> tuple[Note, ...]:
    if not left:
        return counts.notes
    words = f"{plural(left, 'area')} without people, and so in no circle."
    return (*counts.notes, Note(words, of="publication", numbers=(left,)))
