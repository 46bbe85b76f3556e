"""Schools that exclude more or less than their size and their area's deprivation would suggest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from hotspots.analysis.common import as_area, as_schools, need_level
from hotspots.analysis.schools.method_text import (
    CLASS_PHRASES,
    POINTS,
    POINTS_OF_SHARE,
    TENTH_OF_RANKS,
    TOO_SMALL,
    AgainstSlope,
    Slope,
    Step,
    describe_model,
    holds_under,
    list_groups,
    notes_on,
    notes_on_other_looks,
    slope_of,
)
from hotspots.analysis.schools.model import (
    Judgement,
    against_average,
    beyond_by_chance,
    explained_share,
    judge_counts,
    rate_curve,
)
from hotspots.analysis.schools.negative_binomial import SAME
from hotspots.analysis.schools.school_inputs import (
    DECAY,
    FEWEST_SCHOOLS,
    areas_ranked,
    catchment_scores,
    counts_in,
    design_of,
    prepare_schools,
)
from hotspots.errors import AnalysisError, reason_of
from hotspots.model import (
    AverageRate,
    Deprivation,
    Note,
    RateCurve,
    SchoolComparison,
    SchoolMethod,
    SchoolResult,
    Schools,
    StudyArea,
    combine,
    renamed_arguments,
)
from hotspots.vocabulary import CRS, UNRELEASED, Covariate

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["diverging_schools"]


@renamed_arguments("area")
def diverging_schools(
    schools: Schools | gpd.GeoDataFrame,
    deprivation: Deprivation,
    *,
    area: StudyArea | gpd.GeoDataFrame,
    placed: pd.Series | None = None,
    level: float = 0.05,
    covariates: Sequence[Covariate] = (),
    children: pd.Series | None = None,
    decay: float = DECAY,
    release: str = UNRELEASED,
) -> SchoolResult:
    """Return every school against the permanent exclusions that its pupils and its area's IDACI would suggest.

    One line for all schools: exclusions = pupil-years x exp(b0 + b1 IDACI), negative binomial where schools scatter
    more than chance. It says that a school differs, not why; and a school's own area is not where its pupils live.
    So the same is done against the index of a modelled catchment, and on ranks instead of scores.

    Parameters
    ----------
    schools
        Exclusions over a period of several years; suppressed numbers are intervals. Or a GeoDataFrame of points with
        `pupils` and `exclusions`; see `common.as_schools`.
    deprivation
        Scores (0 to 1) by area, of the same geography and vintage as `area`; ranks where it has no scores.
    area
        The study area, or a GeoDataFrame of polygons.
    placed
        School id → area id, missing where the school is in none; by default from `counts.place_schools`.
    level
        False discovery rate that "far" above or below is held to.
    covariates
        "phase", "authority" (that runs the school), or both: what is expected is then the average of the school's own
        group, and schools of a group that differs as a whole are not reported for it.
    children
        Area id → children, for catchments; by default the study's population.
    decay
        Metres over which a school's pull on children falls to 1 / e, for catchments.
    release
        Mark of a GeoDataFrame's schools; `Schools` have their own.

    Returns
    -------
    SchoolResult
        `class` is against the own area, `class_catchment` against the catchment; `holds` says under which index the
        result is confirmed. The p-values are the largest (least certain) over a suppressed interval. `limit_*` are the
        smallest and largest counts within the limits. A class is given where it holds over the whole interval; the
        limits allow for what so many schools leave unknown of the line and of the scatter. `rate_class` is
        the rate over the average of all tested schools, whatever their deprivation. Without covariates `provenance`
        holds the line itself (`curve`, `curve_catchment`: `schools.model.rate_curve`).

    Raises
    ------
    AnalysisError
        If no area of a school has a score, there are too few schools, no exclusions, no differences in IDACI, or a
        covariate that makes no groups, or that another one or the index determines.

    References
    ----------
    Spiegelhalter (2005), Statistics in Medicine 24, 1185-1202 (funnel limits under overdispersion); Benjamini and
    Hochberg (1995), Journal of the Royal Statistical Society B 57, 289-300.
    """
    need_level(level)
    schools, area = as_schools(schools, release=release), as_area(area)
    if placed is None:
        from hotspots.analysis.counts import place_schools

        placed = place_schools(schools, area)
    ready = prepare_schools(schools, deprivation, area, placed=placed, covariates=covariates)
    table, index, tested = ready
    look = _Look(table, covariates, level)
    own = (tested, *look.at(index, tested))
    catchments = catchment_scores(schools, deprivation, area=area, placed=placed, children=children, decay=decay)
    table = _write_down(table, tested, own[1])
    rates, average = against_average(table, tested)
    table[rates.columns] = rates
    table["idaci_catchment"] = catchments.table["score"].reindex(table.index)
    catchment, no_catchment = _second_look(
        look, table["idaci_catchment"], tested, "the index of the modelled catchment"
    )
    rank, no_rank = None, None
    if ready.by_score:
        rank, no_rank = _second_look(look, table["less_deprived"], tested, "the published ranks of areas")
    found = _Findings(
        own,
        catchment=catchment,
        rank=rank,
        without=tuple(note for note in (no_catchment, no_rank) if note is not None),
        step=_step(index[tested]) if ready.by_score else TENTH_OF_RANKS,
    )
    table = _write_other_looks(table, found)
    settings = _Settings(tuple(covariates), level, decay, average, areas_ranked(deprivation, area))
    return _result(schools, deprivation, area, table=table, found=found, settings=settings, catchments=catchments.words)


class _Settings(NamedTuple):
    covariates: tuple[Covariate, ...]
    level: float
    decay: float
    average: AverageRate
    areas_ranked: float


def _result(
    schools: Schools,
    deprivation: Deprivation,
    area: StudyArea,
    *,
    table: pd.DataFrame,
    found: _Findings,
    settings: _Settings,
    catchments: str,
) -> SchoolResult:
    """Return the table with words, notes and provenance."""
    tested, judged, explained = found.own
    fit, slope, lists = judged.fit, slope_of(judged.fit, found.step), list_groups(table)
    sentences = describe_model(
        schools,
        deprivation,
        geography=area.geography,
        fit=fit,
        slope=slope,
        step=found.step,
        explained=explained,
        covariates=settings.covariates,
    )
    notes = (
        *schools.notes,
        *notes_on(table, tested, deprivation, lists=lists, fit=fit),
        *notes_on_other_looks(table, catchment=catchments if found.catchment else "", ranks=found.rank is not None),
        *found.without,
    )
    return SchoolResult(
        _as_points(table),
        sentences=sentences,
        slope={found.step.key: slope.ratio, "low": slope.low, "high": slope.high, "dispersion": fit.dispersion},
        index_title=deprivation.title,
        provenance=_school_method(table, found, settings, lists=lists, estimated=deprivation.estimated),
        area=area,
        identity=combine(schools, deprivation, area, notes=notes),
        index=deprivation.index,
        index_estimated=deprivation.estimated and found.step is not TENTH_OF_RANKS,
    )


def _school_method(
    table: pd.DataFrame, found: _Findings, settings: _Settings, *, lists: AgainstSlope, estimated: bool
) -> SchoolMethod:
    """Return how the schools were compared; with covariates there is no single line."""
    tested, judged, explained = found.own
    fit, by_rank, single = judged.fit, found.step is TENTH_OF_RANKS, not settings.covariates
    return SchoolMethod(
        model="negative-binomial" if fit.dispersion > 0 else "poisson",
        fit=fit.method,
        schools_in_model=int(tested.sum()),
        schools_hidden=int((table["low"] < table["high"])[tested].sum()),
        residuals_clipped=fit.clipped,
        dispersion=fit.dispersion,
        beyond_95_by_chance=beyond_by_chance(judged),
        explained_share=explained,
        poisson_phi=fit.poisson_phi,
        adjustment="benjamini-hochberg",
        covariates=settings.covariates,
        level=settings.level,
        catchment_decay_m=settings.decay,
        rate_average=settings.average,
        index_measure="rank" if by_rank else "estimated-score" if estimated else "score",
        areas_ranked=settings.areas_ranked,
        curve=_curve(table, found.own, "less_deprived" if by_rank else "idaci") if single else None,
        curve_catchment=_curve(table, found.catchment, "idaci_catchment") if single else None,
        catchment=_told(found.catchment, found.step),
        rank=_told(found.rank, TENTH_OF_RANKS),
        fewer_in_most_deprived=lists.fewer_in_most_deprived,
        more_in_least_deprived=lists.more_in_least_deprived,
    )


# --------------------------------------------------------------------------- the model and the classes


def _step(score: pd.Series) -> Step:
    """Return ten points of a score: a tenth where it is a share, as IDACI is."""
    return POINTS_OF_SHARE if score.max() <= 1 else POINTS


@dataclass(frozen=True)
class _Look:
    """The same schools, compared by one index or another."""

    table: pd.DataFrame
    covariates: Sequence[Covariate]
    level: float

    def at(self, index: pd.Series, tested: NDArray[np.bool_]) -> tuple[Judgement, float]:
        """Return the tested schools against an index, and the share of differences that the index explains."""
        rows = self.table[tested]
        counts = counts_in(rows)
        exposure = rows["pupils"].to_numpy(dtype=float)
        design = design_of(rows, index[tested], self.covariates)
        found = judge_counts(counts, design, exposure=exposure, level=self.level)
        return found, explained_share(counts, design, exposure=exposure, fit=found.fit, column=1)


Seen = tuple["NDArray[np.bool_]", Judgement, float]
"""Which schools were compared, the result, and the share of their differences that the index accounts for."""


@dataclass(frozen=True)
class _Findings:
    """The schools against the index of their own area, of their catchment, and ranks; `without` says why not."""

    own: Seen
    catchment: Seen | None
    rank: Seen | None
    without: tuple[Note, ...]
    step: Step


def _second_look(
    look: _Look, index: pd.Series, tested: NDArray[np.bool_], what: str
) -> tuple[Seen | None, Note | None]:
    """Return which schools could be compared by another index and the result; or None, and the reason."""
    usable = tested & index.notna().to_numpy()
    if not usable.any():
        return None, None  # there is no such index
    why = ""
    if usable.sum() < FEWEST_SCHOOLS:
        why = f"only {int(usable.sum()):,} schools have one"
    elif np.ptp(index[usable]) <= SAME * np.abs(index[usable]).max():
        why = "it is the same for all schools"
    elif not look.table.loc[usable, "high"].sum() > 0:
        why = "schools that have one have no exclusions"
    if not why:
        try:
            return (usable, *look.at(index, usable)), None
        except AnalysisError as error:
            why = reason_of(error)
    return None, Note(f"Not repeated on {what}: {why}.", of="records", numbers=(why,))


def _spread(table: pd.DataFrame, seen: Seen) -> NDArray[np.object_]:
    """Return the classes of a second comparison for all schools."""
    classes = np.full(len(table), "cannot_be_judged", dtype=object)
    classes[seen[0]] = seen[1].classes
    return classes


def _write_other_looks(table: pd.DataFrame, found: _Findings) -> pd.DataFrame:
    """Return the table with what was found under the catchment's index and under ranks."""
    table = table.copy()
    if found.catchment is not None:
        table.loc[found.catchment[0], "expected_catchment"] = found.catchment[1].fit.mean
        table["class_catchment"] = _spread(table, found.catchment)
        table["holds"] = holds_under(table["class"], table["class_catchment"])
    if found.rank is not None:
        table["class_rank"] = _spread(table, found.rank)
    return table


def _curve(table: pd.DataFrame, seen: Seen | None, column: str) -> RateCurve | None:
    """Return the line that schools were compared with, over an index."""
    if seen is None:
        return None
    rows = table[seen[0]]
    index, pupils = (rows[one].to_numpy(dtype=float) for one in (column, "pupils"))
    return rate_curve(seen[1].fit, index, exposure=pupils)


def _told(seen: Seen | None, step: Step) -> SchoolComparison | None:
    """Return slope, dispersion and share explained of a second comparison."""
    if seen is None:
        return None
    slope: Slope = slope_of(seen[1].fit, step)
    return SchoolComparison(
        slope=(slope.ratio, slope.low, slope.high), dispersion=seen[1].fit.dispersion, explained_share=seen[2]
    )


def _write_down(table: pd.DataFrame, tested: NDArray[np.bool_], found: Judgement) -> pd.DataFrame:
    """Return the table with expected counts, limits, tails and classes of the tested schools."""
    columns: dict[str, Any] = {
        "expected": found.fit.mean,
        "limit_low_95": found.limits_95[0],
        "limit_high_95": found.limits_95[1],
        "limit_low_998": found.limits_998[0],
        "limit_high_998": found.limits_998[1],
        "p_above": found.p_above,
        "p_below": found.p_below,
        "p_adjusted": found.p_adjusted,
    }
    whole = pd.DataFrame(np.nan, index=table.index, columns=list(columns))
    whole.loc[tested] = np.column_stack(list(columns.values()))
    classes = np.full(len(table), "cannot_be_judged", dtype=object)
    classes[tested] = found.classes
    reasons = table["reason"].to_numpy(dtype=object, copy=True)
    reasons[tested] = [
        f"depends on hidden numbers: {CLASS_PHRASES[one]} to {CLASS_PHRASES[two]}"
        if one != two
        else TOO_SMALL
        if small
        else ""
        for one, two, small in zip(found.at_low, found.at_high, found.too_small, strict=True)
    ]
    return table.assign(**{column: whole[column] for column in columns}, **{"class": classes, "reason": reasons})


def _as_points(table: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return the table with a point for every school that was placed and has coordinates."""
    import geopandas as gpd
    import shapely

    drawn = (table["area_id"].notna() & table["easting"].notna() & table["northing"].notna()).to_numpy()
    points = np.full(len(table), None, dtype=object)
    points[drawn] = shapely.points(table["easting"].to_numpy()[drawn], table["northing"].to_numpy()[drawn])
    geometry = gpd.GeoSeries(points, index=table.index, crs=CRS)
    return gpd.GeoDataFrame(table, geometry=geometry)
