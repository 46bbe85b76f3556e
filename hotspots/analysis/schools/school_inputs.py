"""Inputs of the school model: each school's place and deprivation, and whether it can be tested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pandas as pd

from hotspots.analysis.common import Counts, hidden_counts
from hotspots.analysis.schools.model import contrasts
from hotspots.analysis.schools.negative_binomial import SAME, need_distinct
from hotspots.errors import AnalysisError, list_briefly
from hotspots.model import Deprivation, Schools, StudyArea
from hotspots.vocabulary import Covariate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = [
    "FEWEST_SCHOOLS",
    "IN_NO_AREA",
    "Prepared",
    "areas_ranked",
    "counts_in",
    "design_of",
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
