"""Schools that exclude more or less than their size and their area's deprivation would suggest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import pandas as pd

from hotspots.analysis.catchments import DECAY, catchment_scores
from hotspots.analysis.intervals import Counts, hidden_counts
from hotspots.analysis.school_model import Judgement, contrasts, explained_share, judge_counts
from hotspots.analysis.school_words import (
    CLASS_PHRASES,
    POINTS,
    POINTS_OF_SHARE,
    TENTH_OF_RANKS,
    TOO_SMALL,
    Slope,
    Step,
    describe_model,
    holds_under,
    list_groups,
    notes_on,
    notes_on_other_looks,
    slope_of,
)
from hotspots.errors import AnalysisError, list_briefly
from hotspots.nouns import Deprivation, SchoolResult, Schools, StudyArea
from hotspots.vocabulary import CRS, weakest_release

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Covariate", "diverging_schools"]

Covariate = Literal["phase", "authority"]

COLUMN_OF: Final[Mapping[Covariate, str]] = {"phase": "phase", "authority": "la_code"}

FEWEST_SCHOOLS: Final = 10
"""With fewer schools a line and its scatter can't be told from each other."""

RANKED: Final = {("E", 2011): 32_844, ("E", 2021): 33_755, ("W", 2011): 1_909, ("W", 2021): 1_917}
"""Number of LSOAs that an index ranks, by nation and vintage (English Indices 2019 and 2025, WIMD 2019 and 2025)."""


def diverging_schools(
    schools: Schools,
    deprivation: Deprivation,
    area: StudyArea,
    *,
    placed: pd.Series | None = None,
    level: float = 0.05,
    covariates: Sequence[Covariate] = (),
    children: pd.Series | None = None,
    decay: float = DECAY,
) -> SchoolResult:
    """Return every school against the permanent exclusions that its pupils and its area's IDACI would suggest.

    One line for all schools: exclusions = pupil-years x exp(b0 + b1 IDACI), negative binomial where schools scatter
    more than chance. It says that a school differs, not why; and a school's own area is not where its pupils live.
    So the same is done against the index of a modelled catchment, and on ranks instead of scores.

    Parameters
    ----------
    schools
        Exclusions over a period of several years; hidden numbers are intervals.
    deprivation
        Scores (0 to 1) by area, of the same geography and vintage as `area`; ranks where it has no scores.
    area
        The study area.
    placed
        School id → area id, missing where the school is in none; by default from `joining.place_schools`.
    level
        False discovery rate that "far" above or below is held to.
    covariates
        "phase", "authority" (that runs the school), or both: what is expected is then the average of the school's own
        group, and schools of a group that stands out as a whole do not.
    children
        Area id → children, for catchments; by default the study's population.
    decay
        Metres over which a school's pull on children falls to 1 / e, for catchments.

    Returns
    -------
    SchoolResult
        `class` is against the own area, `class_catchment` against the catchment; `holds` says under which a school
        stands out. The p-values are the largest (least certain) over a hidden interval. `limit_*` are the smallest and
        largest counts within the limits. A class is given where it holds over the whole interval; the limits take the
        line as known, which is fair with a hundred schools and too narrow with a dozen.

    Raises
    ------
    AnalysisError
        If no area of a school has a score, there are too few schools, no exclusions, or no differences in IDACI.

    References
    ----------
    Spiegelhalter (2005), Statistics in Medicine 24, 1185-1202 (funnel limits under overdispersion); Benjamini and
    Hochberg (1995), Journal of the Royal Statistical Society B 57, 289-300.
    """
    if placed is None:
        from hotspots.analysis.joining import place_schools

        placed = place_schools(schools, area)
    table = _with_deprivation(schools.table, deprivation, area, placed)
    _need_scores(table, deprivation)
    by_score = bool(table["idaci"].notna().any())
    index = table["idaci"] if by_score else table["idaci_rank"]
    table["reason"] = _reasons(table, index, deprivation)
    tested = (table["reason"] == "").to_numpy()
    _need_testable(table[tested], index[tested], schools, deprivation)
    step = _step(index[tested]) if by_score else TENTH_OF_RANKS
    look = _Look(table, covariates, level)
    found, explained = look.at(index, tested)
    slope = slope_of(found.fit, step)
    table = _write_down(table, tested, found)
    catchments = catchment_scores(schools, deprivation, area, placed=placed, children=children, decay=decay)
    table["idaci_catchment"] = catchments.table["score"].reindex(table.index)
    other = _second_look(look, table["idaci_catchment"], tested)
    ranked = _second_look(look, table["idaci_rank"], tested) if by_score else None
    if other is not None:
        table.loc[other[0], "expected_catchment"] = other[1].fit.mean
        table["class_catchment"] = _spread(table, other, "cannot_be_judged")
        table["holds"] = holds_under(table["class"], table["class_catchment"])
    if ranked is not None:
        table["class_rank"] = _spread(table, ranked, "cannot_be_judged")
    lists = list_groups(table)
    words = describe_model(
        schools,
        deprivation,
        geography=area.geography,
        fit=found.fit,
        slope=slope,
        step=step,
        explained=explained,
        covariates=covariates,
    )
    return SchoolResult(
        _as_points(table),
        words=words,
        slope={step.key: slope.ratio, "low": slope.low, "high": slope.high, "dispersion": found.fit.dispersion},
        title=schools.title,
        index_title=deprivation.title,
        source="; ".join(source for source in (schools.source, deprivation.source) if source),
        period=schools.period,
        notes=(
            *schools.notes,
            *notes_on(table, tested, deprivation, lists),
            *notes_on_other_looks(table, catchment=catchments.words if other else "", ranks=ranked is not None),
        ),
        attribution=area.attribution,
        provenance={
            "model": "negative binomial (NB2)" if found.fit.dispersion > 0 else "Poisson",
            "schools_in_model": int(tested.sum()),
            "schools_hidden": int((table["low"] < table["high"])[tested].sum()),
            "residuals_clipped": found.fit.clipped,
            "dispersion": found.fit.dispersion,
            "explained_share": explained,
            "poisson_phi": found.fit.poisson_phi,
            "covariates": tuple(covariates),
            "adjustment": "benjamini-hochberg",
            "level": level,
            "catchment_decay_m": decay,
            **_told(other, step, "catchment"),
            **_told(ranked, TENTH_OF_RANKS, "rank"),
            **lists,
        },
        release=weakest_release(schools.release, deprivation.release, area.release),
    )


# --------------------------------------------------------------------------- what is known of each school


def _with_deprivation(
    schools: pd.DataFrame, deprivation: Deprivation, area: StudyArea, placed: pd.Series
) -> pd.DataFrame:
    """Return the schools with their area, its authority and its deprivation, and their rates."""
    table = schools.copy()
    table["area_id"] = _or_none(placed.reindex(table.index))
    table["area_la_code"] = _or_none(table["area_id"].map(area.areas["la_code"].to_dict()))
    scores = deprivation.table.reindex(table["area_id"])
    table["idaci"] = scores["score"].to_numpy(dtype=float, na_value=np.nan)
    table["idaci_decile"] = scores["decile"].to_numpy(dtype=float, na_value=np.nan)
    # From 0 to -1, so that more is more deprived, as with scores.
    table["idaci_rank"] = -scores["rank"].to_numpy(dtype=float, na_value=np.nan) / _ranked(deprivation, area)
    for column in ("pupils", "low", "high", "easting", "northing", "hidden_years", "years"):
        table[column] = table[column].to_numpy(dtype=float, na_value=np.nan)
    pupils = table["pupils"].where(table["pupils"] > 0)
    table["rate_low"], table["rate_high"] = 100 * table["low"] / pupils, 100 * table["high"] / pupils
    table["rate"] = table["rate_low"].where(table["low"] == table["high"])
    return table.assign(expected_catchment=np.nan, class_catchment="", class_rank="", holds="")


def _ranked(deprivation: Deprivation, area: StudyArea) -> float:
    """Return how many areas the index ranks: those of the nation where that is known, else the last rank."""
    most = float(deprivation.table["rank"].max())
    nation = RANKED.get((str(area.ids[0])[:1], area.vintage or 0), 0) if area.geography == "LSOA" else 0
    return max(nation, most) if most > 0 else 1.0


def _or_none(values: pd.Series) -> pd.Series:
    """Return the values as objects, with None for what is missing (not NaN, which is a number)."""
    known: pd.Series = values.astype(object).where(values.notna(), None)
    return known


def _need_scores(table: pd.DataFrame, deprivation: Deprivation) -> None:
    """Stop where no school's area has a score or a rank."""
    if table["idaci"].notna().any() or table["idaci_rank"].notna().any():
        return
    places = table["area_id"].dropna()
    if places.empty:
        raise AnalysisError(
            "No school lies in an area of the study.",
            found=f"{len(table):,} schools, none placed",
            advice="check the coordinates of the schools and the study area",
        )
    if places.str.startswith("W").all() and "WIMD" not in deprivation.title.upper():
        raise AnalysisError(
            f"{deprivation.title} can't be used for Welsh schools: IDACI is an English index.",
            found=f"{len(places):,} schools in Wales, the first in {places.iloc[0]}",
            advice="leave the schools out of a Welsh study, or give the Welsh index with a title that names WIMD",
        )
    known = deprivation.table.index[deprivation.table["score"].notna()]
    raise AnalysisError(
        f"No school's area has a score in {deprivation.title}.",
        found=f"schools in {list_briefly(places.unique(), 2)}; scores for {list_briefly(known, 2) or 'no area'}",
        advice="use the index of the same geography and vintage as the boundaries (IDACI 2019: LSOA 2011)",
    )


def _reasons(table: pd.DataFrame, index: pd.Series, deprivation: Deprivation) -> pd.Series:
    """Return why a school can't be tested; empty where it can."""
    reason = table["reason"].astype(object).where(table["reason"].notna(), "")
    later = (
        (table["area_id"].isna(), "lies in no area of the study"),
        (index.isna(), f"its area has no score in {deprivation.title}"),
        (~(table["pupils"] > 0), "no pupils in the record"),
        (table["low"].isna(), "no number of exclusions in the record"),
    )
    for missing, words in later:
        reason = reason.where((reason != "") | ~missing, words)
    return reason


def _need_testable(tested: pd.DataFrame, index: pd.Series, schools: Schools, deprivation: Deprivation) -> None:
    """Stop where there is nothing to fit a line to."""
    if len(tested) < FEWEST_SCHOOLS:
        raise AnalysisError(
            f"{len(tested)} schools are too few to say what would be expected of a school.",
            found=f"{len(schools):,} schools, of which {len(tested):,} can be tested",
            advice=f"use at least {FEWEST_SCHOOLS} schools: a larger area, more years, or fewer exclusions of schools",
        )
    if not (tested["low"] + tested["high"]).sum() > 0:
        raise AnalysisError(
            f"There are no {schools.title} in the schools' records.",
            found=f"0 in {len(tested):,} schools",
            advice="check the column of exclusions and the years",
        )
    if np.ptp(index) == 0:
        raise AnalysisError(
            f"All schools have the same score in {deprivation.title}, so nothing can be said against it.",
            found=f"score {index.iloc[0]:g} for {len(tested):,} schools",
            advice="check the deprivation file",
        )


# --------------------------------------------------------------------------- the model and the classes


def _step(score: pd.Series) -> Step:
    """Return ten points of a score: a tenth where it is a share, as IDACI is."""
    return POINTS_OF_SHARE if score.max() <= 1 else POINTS


@dataclass(frozen=True)
class _Look:
    """The same schools, looked at with one index or another."""

    table: pd.DataFrame
    covariates: Sequence[Covariate]
    level: float

    def at(self, index: pd.Series, tested: NDArray[np.bool_]) -> tuple[Judgement, float]:
        """Return the tested schools against an index, and the share of differences that the index explains."""
        rows = self.table[tested]
        counts = counts_in(rows)
        exposure = rows["pupils"].to_numpy(dtype=float)
        columns = [np.ones(len(rows)), index[tested].to_numpy(dtype=float)]
        groups = [contrasts(rows[COLUMN_OF[name]].tolist(), counts.start).design for name in self.covariates]
        design = np.column_stack([*columns, *groups])
        found = judge_counts(counts, design, exposure=exposure, level=self.level)
        return found, explained_share(counts, design, exposure=exposure, fit=found.fit, column=1)


def counts_in(rows: pd.DataFrame) -> Counts:
    """Return the exclusions of schools, with what hidden ones may be."""
    low, high, hidden, years = (rows[c].to_numpy(dtype=float) for c in ("low", "high", "hidden_years", "years"))
    return hidden_counts(low, high, hidden_years=hidden, years=years)


Seen = tuple["NDArray[np.bool_]", Judgement, float]


def _second_look(look: _Look, index: pd.Series, tested: NDArray[np.bool_]) -> Seen | None:
    """Return which schools could be looked at with another index, and what was found; None where too few could."""
    usable = tested & index.notna().to_numpy()
    if usable.sum() < FEWEST_SCHOOLS or np.ptp(index[usable]) == 0 or not look.table.loc[usable, "high"].sum() > 0:
        return None
    return (usable, *look.at(index, usable))


def _spread(table: pd.DataFrame, seen: Seen, otherwise: str) -> NDArray[np.object_]:
    """Return the classes of a second look for all schools."""
    classes = np.full(len(table), otherwise, dtype=object)
    classes[seen[0]] = seen[1].classes
    return classes


def _told(seen: Seen | None, step: Step, name: str) -> dict[str, Any]:
    """Return slope, dispersion and share explained of a second look."""
    if seen is None:
        return {}
    slope: Slope = slope_of(seen[1].fit, step)
    return {
        f"{name}_slope": (slope.ratio, slope.low, slope.high),
        f"{name}_dispersion": seen[1].fit.dispersion,
        f"{name}_explained_share": seen[2],
    }


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
