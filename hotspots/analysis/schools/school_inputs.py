"""Inputs of the school model: where each school is, the deprivation of its area and catchment, and what is tested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pandas as pd

from hotspots.analysis.common import Counts, hidden_counts
from hotspots.analysis.schools.model import contrasts
from hotspots.analysis.schools.negative_binomial import SAME, need_distinct
from hotspots.errors import AnalysisError, list_briefly
from hotspots.model import MOST_PEOPLE, Deprivation, Schools, StudyArea, renamed_arguments
from hotspots.vocabulary import Covariate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = [
    "DECAY",
    "FEWEST_SCHOOLS",
    "IN_NO_AREA",
    "Catchments",
    "Prepared",
    "areas_ranked",
    "catchment_scores",
    "counts_in",
    "design_of",
    "huff_catchments",
    "prepare_schools",
]

COLUMN_OF: Final[Mapping[Covariate, str]] = {"phase": "phase", "authority": "la_code"}

IN_NO_AREA: Final = "lies in no area of the study"

FEWEST_SCHOOLS: Final = 10
"""With fewer schools a line can't be separated from the scatter around it."""

RANKED: Final = {("E", 2011): 32_844, ("E", 2021): 33_755, ("W", 2011): 1_909, ("W", 2021): 1_917}
"""Number of LSOAs that an index ranks, by nation and vintage (English Indices 2019 and 2025, WIMD 2019 and 2025)."""


class Prepared(NamedTuple):
    """Schools, ready to be compared."""

    table: pd.DataFrame
    """All of them, with their deprivation; `reason` says why one can't be tested."""
    values: pd.Series
    """The index they are compared by: the score of their area, or 1 less its relative rank."""
    tested: NDArray[np.bool_]

    @property
    def by_score(self) -> bool:
        """Whether areas have scores, and not ranks alone."""
        return bool(self.table["idaci"].notna().any())


def prepare_schools(
    schools: Schools, deprivation: Deprivation, area: StudyArea, *, placed: pd.Series, covariates: Sequence[Covariate]
) -> Prepared:
    """Return the schools with their deprivation and whether they can be tested.

    Raises
    ------
    AnalysisError
        If they can't be compared: as `diverging_schools`.
    """
    table = with_deprivation(schools.table, deprivation, area, placed)
    need_scores(table, deprivation)
    index = table["idaci"] if table["idaci"].notna().any() else table["less_deprived"]
    table["reason"] = reasons_against(table, index, deprivation)
    tested = (table["reason"] == "").to_numpy()
    need_testable(table[tested], index[tested], schools, deprivation)
    need_told_apart(table[tested], index[tested], covariates, deprivation)
    return Prepared(table, index, tested)


def design_of(rows: pd.DataFrame, index: pd.Series, covariates: Sequence[Covariate]) -> Floats:
    """Return the columns of a regression: ones, the index, and groups against their average. Shape (n, k)."""
    events = counts_in(rows).start
    groups = [contrasts(rows[COLUMN_OF[name]].tolist(), events).design for name in covariates]
    return np.column_stack([np.ones(len(rows)), index.to_numpy(dtype=float), *groups])


def need_told_apart(
    rows: pd.DataFrame, index: pd.Series, covariates: Sequence[Covariate], deprivation: Deprivation
) -> None:
    """Stop where a covariate makes no groups, or says the same as another one or as the index."""
    for name in covariates:
        if design_of(rows, index, [name]).shape[1] == len(("ones", "index")):
            raise AnalysisError(
                f"The covariate {name!r} can do nothing: it makes no two groups of schools.",
                found=f"{len(rows):,} schools, {name} {list_briefly(sorted(map(str, rows[COLUMN_OF[name]].unique())))}",
                advice="leave it out of the covariates; a group needs five schools and an exclusion",
            )
    both, design = " and ".join(covariates), design_of(rows, index, covariates)
    need_distinct(np.delete(design, 1, axis=1), f"{both.capitalize()} can't be told apart among these schools.")
    need_distinct(design, f"{deprivation.title} and {both} can't be told apart among these schools.")


def with_deprivation(
    schools: pd.DataFrame, deprivation: Deprivation, area: StudyArea, placed: pd.Series
) -> pd.DataFrame:
    """Return the schools with their area, its authority and its deprivation, and their rates."""
    table = schools.copy()
    table["area_id"] = _or_none(placed.reindex(table.index))
    table["area_la_code"] = _or_none(table["area_id"].map(area.areas["la_code"].to_dict()))
    scores = deprivation.table.reindex(table["area_id"])
    table["idaci"] = scores["score"].to_numpy(dtype=float, na_value=np.nan)
    table["idaci_decile"] = scores["decile"].to_numpy(dtype=float, na_value=np.nan)
    table["idaci_rank"] = scores["rank"].to_numpy(dtype=float, na_value=np.nan)
    # From 1 to 0, so that more is more deprived, as with scores: the share of areas that are less deprived.
    table["less_deprived"] = 1 - table["idaci_rank"] / areas_ranked(deprivation, area)
    for column in ("pupils", "low", "high", "easting", "northing", "hidden_years", "years"):
        table[column] = table[column].to_numpy(dtype=float, na_value=np.nan)
    pupils = table["pupils"].where(table["pupils"] > 0)
    table["rate_low"], table["rate_high"] = 100 * table["low"] / pupils, 100 * table["high"] / pupils
    table["rate"] = table["rate_low"].where(table["low"] == table["high"])
    return table.assign(expected_catchment=np.nan, class_catchment="", class_rank="", holds="")


def areas_ranked(deprivation: Deprivation, area: StudyArea) -> float:
    """Return how many areas the index ranks: those of the nation where that is known, else the last rank."""
    most = float(deprivation.table["rank"].max())
    nation = RANKED.get((str(area.ids[0])[:1], area.vintage or 0), 0) if area.geography == "LSOA" else 0
    return max(nation, most) if most > 0 else 1.0


def _or_none(values: pd.Series) -> pd.Series:
    """Return the values as objects, with None for what is missing (not NaN, which is a number)."""
    known: pd.Series = values.astype(object).where(values.notna(), None)
    return known


def need_scores(table: pd.DataFrame, deprivation: Deprivation) -> None:
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
    if places.str.startswith("W").all() and deprivation.index != "wimd":
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


def reasons_against(table: pd.DataFrame, index: pd.Series, deprivation: Deprivation) -> pd.Series:
    """Return why a school can't be tested; empty where it can."""
    reason = table["reason"].astype(object).where(table["reason"].notna(), "")
    later = (
        (table["area_id"].isna(), IN_NO_AREA),
        (index.isna(), f"its area has no score in {deprivation.title}"),
        (~(table["pupils"] > 0), "no pupils in the record"),
        (table["low"].isna(), "no number of exclusions in the record"),
    )
    for missing, words in later:
        reason = reason.where((reason != "") | ~missing, words)
    return reason


def need_testable(tested: pd.DataFrame, index: pd.Series, schools: Schools, deprivation: Deprivation) -> None:
    """Stop where no line can be fitted."""
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
    if np.ptp(index) <= SAME * np.abs(index).max():
        raise AnalysisError(
            f"All schools have the same score in {deprivation.title}, so exclusions cannot be compared with it.",
            found=f"score {index.iloc[0]:g} for {len(tested):,} schools",
            advice="check the deprivation file",
        )


def counts_in(rows: pd.DataFrame) -> Counts:
    """Return the exclusions of schools, with what suppressed ones may be."""
    low, high, hidden, years = (rows[c].to_numpy(dtype=float) for c in ("low", "high", "hidden_years", "years"))
    return hidden_counts(low, high, hidden_years=hidden, years=years)


# --------------------------------------------------------------------------- modelled catchments

DECAY: Final = 1500.0
"""Metres over which a school's pull falls to 1 / e: a convention, not an estimate. No file of pupils' homes is open."""

CELLS: Final = 2_000_000
"""Pairs of area and school computed together, so that memory does not grow with the map."""


class Modelled(NamedTuple):
    """Results of the model for each school; shape (schools,)."""

    score: Floats
    """Average of the areas' values over the children who would go there; missing where no value is known."""
    children: Floats
    """Children who would go there."""
    known: Floats
    """Share of them who live in areas with a value."""
    distance: Floats
    """Their average distance, in metres."""


class Catchments(NamedTuple):
    """Deprivation of catchments, and what was assumed."""

    table: pd.DataFrame
    """Indexed by `school_id`: `score`, `children`, `known`, `distance` (metres); missing where there is no place."""
    words: str


def huff_catchments(
    places: Floats,
    schools: Floats,
    *,
    children: Floats,
    radius: Floats,
    attraction: Floats,
    values: Floats,
    decay: float,
) -> Modelled:
    """Return the average value where each school's pupils live, if children choose by size and distance.

    A child of area i goes to school j with probability P_ij = A_j exp(-d_ij / D) / sum_k A_k exp(-d_ik / D), so that
    schools compete for the same children; a school's value is sum_i c_i P_ij x_i / sum_i c_i P_ij. The distance is
    sqrt(s^2 + r^2 / 2), s from the centre of the area and r the radius of a circle of its size: the root mean square
    of the distances to all points of the circle, so that nobody lives at distance 0.

    Parameters
    ----------
    places, schools
        Centres of areas (n, 2) and points of schools (m, 2), in metres.
    children, radius, values
        Children of each area, its radius in metres, and its value (missing where unknown); shape (n,).
    attraction
        Pull of each school at distance 0, above 0; shape (m,).
    decay
        D, in metres.

    References
    ----------
    Huff (1963), Land Economics 39, 81-90 (equation 1, here with an exponential function of distance; Wilson (1971),
    Environment and Planning 3, 1-32, section 2).
    """
    totals = np.zeros((4, len(schools)))
    known = ~np.isnan(values)
    step = max(1, CELLS // max(len(schools), 1))
    for start in range(0, len(places), step):
        at = slice(start, start + step)
        apart = ((places[at, None, :] - schools[None, :, :]) ** 2).sum(axis=2)
        distance = np.sqrt(apart + radius[at, None] ** 2 / 2)
        # Less the nearest: only ratios count, and far areas keep theirs.
        pull = attraction * np.exp(-(distance - distance.min(axis=1, keepdims=True)) / decay)
        going = children[at, None] * pull / pull.sum(axis=1, keepdims=True)
        totals[0] += np.where(known[at], values[at], 0.0) @ going
        totals[1] += known[at].astype(float) @ going
        totals[2] += going.sum(axis=0)
        totals[3] += (going * distance).sum(axis=0)
    some = np.where(totals[2] > 0, totals[2], np.nan)
    score = totals[0] / np.where(totals[1] > 0, totals[1], np.nan)
    return Modelled(score, totals[2], totals[1] / some, totals[3] / some)


@renamed_arguments("area")
def catchment_scores(
    schools: Schools,
    deprivation: Deprivation,
    *,
    area: StudyArea,
    placed: pd.Series,
    children: pd.Series | None = None,
    decay: float = DECAY,
) -> Catchments:
    """Return the deprivation of the area from which each school's pupils may come, by a model.

    It is a model and no record of where pupils live. It ignores admission rules, faith, selection, roads, and children
    and schools beyond the study area, so catchments at the edge are cut off.

    Parameters
    ----------
    schools
        Every school competes that has pupils, a point, and an area of the study.
    deprivation
        Scores by area.
    area
        The study area.
    placed
        School id → area id, missing where the school is in none.
    children
        Area id → children, named by what they are (``"residents of 11 to 15 years"``); by default the population of
        the study's areas, or if there is none, every area alike.
    decay
        Metres over which a school's pull falls to 1 / e.

    Raises
    ------
    AnalysisError
        If `decay` is not above 0, or a number of children can't be.
    """
    if not 0 < decay < np.inf:
        raise AnalysisError(
            "The distance over which a school's pull falls is not above 0.",
            found=f"decay = {decay:g}",
            advice=f"give metres, e.g. {DECAY:g}",
        )
    weights, what = _children(area, children)
    table = schools.table
    usable = table["easting"].notna() & table["northing"].notna() & (table["pupils"] > 0) & (table["years"] > 0)
    usable &= placed.reindex(table.index).notna()
    found = pd.DataFrame(np.nan, index=table.index, columns=list(Modelled._fields))
    chosen = table[usable]
    outlines = area.areas.geometry
    centres = outlines.centroid
    if len(chosen):
        modelled = huff_catchments(
            np.column_stack([centres.x, centres.y]),
            chosen[["easting", "northing"]].to_numpy(dtype=float),
            children=weights,
            radius=np.sqrt(outlines.area.to_numpy() / np.pi),
            attraction=(chosen["pupils"] / chosen["years"]).to_numpy(dtype=float),
            values=deprivation.table["score"].reindex(area.ids).to_numpy(dtype=float, na_value=np.nan),
            decay=decay,
        )
        found.loc[usable] = np.column_stack(modelled)
    return Catchments(found, _catchment_words(found, decay=decay, what=what))


def _children(area: StudyArea, children: pd.Series | None) -> tuple[Floats, str]:
    """Return the children of every area, and what they are in words."""
    if children is not None:
        given = children.reindex(area.ids).to_numpy(dtype=float, na_value=np.nan)
        odd = (given < 0) | (given > MOST_PEOPLE)
        if odd.any():
            raise AnalysisError(
                f"The number of children of area {area.ids[odd][0]!r} can't be: {given[odd][0]:,.10g}.",
                found=f"{int(odd.sum()):,} such areas",
                advice="correct the numbers of children",
            )
        return np.nan_to_num(given), children.name if isinstance(children.name, str) else "children"
    if "population" in area.areas.columns:
        everybody = area.areas["population"].to_numpy(dtype=float, na_value=np.nan)
        if np.nansum(everybody) > 0:
            return np.nan_to_num(everybody), "residents of all ages, as numbers of children are not given,"
    return np.ones(len(area)), "equal numbers for every area, as numbers of children are not given,"


def _catchment_words(found: pd.DataFrame, *, decay: float, what: str) -> str:
    reached = found.dropna(subset=["distance"])
    far = ""
    if len(reached):
        mean = float((reached["distance"] * reached["children"]).sum() / reached["children"].sum())
        far = f" In the model a pupil lives {mean / 1000:.1f} km from school on average."
    return (
        f"Catchments are a model: {what} are shared among all schools of the study in proportion to a school's pupils "
        f"times exp(-distance / {decay:,.0f} m), in a straight line.{far} It ignores admission rules, and children and "
        "schools beyond the study area."
    )
