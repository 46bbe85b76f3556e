"""Schools and the deprivation of their areas, schools compared with it, and how they were compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import pandas as pd

from hotspots.errors import AnalysisError, SourceError
from hotspots.model.base import (
    WHERE_KNOWN,
    ModelType,
    OnMap,
    Recorded,
    Result,
    explore,
    freeze,
    freeze_mapping,
    need_columns,
    need_interval,
    need_tuples,
    need_unique,
    read_school_years,
    written_as,
)
from hotspots.model.study_area import MOST_PEOPLE, StudyArea
from hotspots.vocabulary import (
    SCHOOL_CLASSES,
    SCHOOL_GROUPS,
    Adjustment,
    ClassStyle,
    Covariate,
)

if TYPE_CHECKING:
    import geopandas as gpd


DeprivationIndex = Literal["idaci", "imd", "wimd", "other"]
"""The index of children in England (IDACI), of England (IMD), of Wales (WIMD), or another."""


@dataclass(frozen=True, eq=False, slots=True)
class Deprivation(ModelType):
    """Deprivation by area.

    Parameters
    ----------
    table
        Indexed by `area_id`: `score` (share of children in income-deprived families, 0 to 1), `rank` (1 is the
        most deprived) and `decile` (1 is the most deprived tenth); what is not in the source is missing.
    index
        Which index it is: which areas it ranks and what its score means.
    estimated
        Whether the score was derived from ranks and not published.
    vintage
        Year of the areas' geography, 2001, 2011 or 2021, or None where unknown.
    columns
        Measure (`score`, `rank`, `decile`) → the column of the file it was read from.
    """

    table: pd.DataFrame
    estimated: bool = False
    vintage: int | None = None
    index: DeprivationIndex = "idaci"
    columns: Mapping[str, str] = field(default_factory=dict)

    usual_title = "IDACI"

    def __post_init__(self) -> None:
        table = self.table.copy()
        need_columns(table, ("score", "rank", "decile"), "Deprivation")
        need_unique(table.index, "areas of the deprivation file")
        freeze(self, "table", table[["score", "rank", "decile"]])


SCHOOL_COLUMNS = (
    "name",
    "la_code",
    "la_name",
    "easting",
    "northing",
    "pupils",
    "low",
    "high",
    "years",
    "marks",
    "hidden_years",
    "phase",
    "type",
    "status",
    "linked",
    "predecessors",
    "reason",
)
SCHOOL_DEFAULTS: Final[Mapping[str, Any]] = {
    "marks": "", "hidden_years": np.nan, "phase": "", "type": "", "status": "", "linked": "", "predecessors": "",
}  # fmt: skip
"""Values of the columns that a table of schools may leave out."""


@dataclass(frozen=True, eq=False, slots=True)
class Schools(ModelType):
    """One row per school of the file that is in question, whether it can be tested or not.

    Parameters
    ----------
    table
        Indexed by `school_id` (the `laestab`, text): `name`, `la_code` and `la_name` (the authority that runs
        it), `easting`, `northing` (metres), `pupils` (pupil-years over `years`), `low`, `high` (permanent
        exclusions over the years, an interval where numbers are suppressed), `years` (number of years with a
        record), `reason` (why it can't be tested; empty where it can). May be left out: `marks` (what stood in the
        source instead of a number, and in how many years), `hidden_years` (number of years with a suppressed number),
        `phase`, `type` and `status` as in the register, `linked` (how register and exclusions were brought together),
        `predecessors` (numbers of the schools whose earlier years are counted here, and the evidence).
    rows_read, dropped
        Rows of the register and reason → rows not in question (not open, not a state-funded secondary, ...).
    """

    table: pd.DataFrame
    rows_read: int
    dropped: Mapping[str, int] = field(default_factory=dict)

    usual_title = "permanent exclusions"

    def __post_init__(self) -> None:
        read_school_years(self)
        table = self.table.copy()
        table.index.name = "school_id"
        table = table.assign(**{column: v for column, v in SCHOOL_DEFAULTS.items() if column not in table.columns})
        need_columns(table, SCHOOL_COLUMNS, "A table of schools")
        need_unique(table.index, "schools")
        need_interval(table, "low", "high", "School")
        pupils = table["pupils"].to_numpy(dtype=float, na_value=np.nan)
        endless = pupils > MOST_PEOPLE
        if endless.any():
            raise AnalysisError(
                f"School {table.index[endless][0]!r} can't have {pupils[endless][0]:,.10g} pupils.",
                found=f"{int(endless.sum()):,} such schools",
                advice="correct the numbers of pupils",
            )
        freeze(self, "table", table[list(SCHOOL_COLUMNS)].sort_index())
        freeze_mapping(self, "dropped")
        if self.rows_read != len(table) + sum(self.dropped.values()):
            raise SourceError(
                "The rows of the schools do not add up.",
                found=f"{self.rows_read:,} read, {len(table):,} kept, {sum(self.dropped.values()):,} dropped",
            )

    def __len__(self) -> int:
        return len(self.table)


IndexMeasure = Literal["score", "estimated-score", "rank"]
INDEX_WRITTEN: Final[Mapping[IndexMeasure, str]] = {"estimated-score": "estimated score"}
SchoolModel = Literal["negative-binomial", "poisson"]
MODEL_WRITTEN: Final[Mapping[SchoolModel, str]] = {"negative-binomial": "negative binomial (NB2)", "poisson": "Poisson"}
FitMethod = Literal["robust", "maximum-likelihood"]
FIT_WRITTEN: Final[Mapping[FitMethod, str]] = {
    "robust": "robust (clipped residuals)",
    "maximum-likelihood": "maximum likelihood",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BeyondByChance(Recorded):
    """Expected numbers of schools above and below their 95% limits if the model holds for all."""

    above: float
    below: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AverageRate(Recorded):
    """The average rate of all schools compared."""

    per_100: float
    """Permanent exclusions per 100 pupils and year, suppressed numbers in the middle of what they may be."""
    per_100_low: float
    per_100_high: float
    """The same at the lowest and the highest that they may be."""
    low: float
    high: float
    """Lowest and highest number of exclusions."""
    pupil_years: float
    schools: int
    """What they are of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateCurve(Recorded):
    """The line that schools were compared with, along the index; rates per 100 pupils and year."""

    index: tuple[float, ...]
    """Values of the index, rising."""
    expected: tuple[float, ...]
    expected_low: tuple[float, ...]
    expected_high: tuple[float, ...]
    """What is expected, with the 95% interval of the line (by Student's t)."""
    limit_low_95: tuple[float, ...]
    limit_high_95: tuple[float, ...]
    """The limits of a school of median size, with what is not known of line and dispersion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolComparison(Recorded):
    """The comparison of schools repeated by another index."""

    slope: tuple[float, float, float]
    """Ratio of rates for one step of the index, with the ends of its 95% interval."""
    dispersion: float
    """Variance of schools' rates around the line, over the square of the rate."""
    explained_share: float
    """Share of the variance between schools' rates that the index accounts for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchoolMethod(Recorded):
    """How schools were compared with what deprivation and size suggest."""

    model: SchoolModel = field(metadata=written_as(MODEL_WRITTEN))
    """Distribution of counts around the line."""
    fit: FitMethod = field(metadata=written_as(FIT_WRITTEN))
    """How line and dispersion were fitted: by maximum likelihood where counts are few."""
    schools_in_model: int
    schools_hidden: int
    """Numbers of schools compared, and of those of them whose number is suppressed."""
    residuals_clipped: int
    """Number of known counts whose residual is clipped; without outliers about one in eight."""
    dispersion: float
    """Variance of schools' rates around the line, over the square of the rate; 0 under Poisson."""
    beyond_95_by_chance: BeyondByChance
    """Schools expected beyond their 95% limits."""
    explained_share: float
    """Share of the variance between schools' rates that the index accounts for."""
    poisson_phi: float
    """Pearson chi-squared over degrees of freedom of the plain Poisson fit; about 1 where chance explains all."""
    adjustment: Adjustment
    """For many tests."""
    covariates: tuple[Covariate, ...]
    """What schools were compared within."""
    level: float
    """False discovery rate that "far" above or below is held to."""
    catchment_decay_m: float
    """Metres over which a school's pull on children falls to 1 / e."""
    rate_average: AverageRate
    """The average that rates are compared with."""
    index_measure: IndexMeasure = field(metadata=written_as(INDEX_WRITTEN))
    """What the numbers of the index are."""
    areas_ranked: float
    """How many areas the index ranks."""
    curve: RateCurve | None = field(metadata=WHERE_KNOWN)
    curve_catchment: RateCurve | None = field(metadata=WHERE_KNOWN)
    """The line over the index of the own area, and of the catchment; None where there is no single one."""
    catchment: SchoolComparison | None = field(metadata={"prefix": "catchment_"})
    rank: SchoolComparison | None = field(metadata={"prefix": "rank_"})
    """The comparison repeated by the index of the catchment, and by ranks; None where it was not."""
    fewer_in_most_deprived: tuple[str, ...]
    more_in_least_deprived: tuple[str, ...]
    """Ids of the schools that go against the slope."""


SCHOOL_RESULT_COLUMNS = (
    *SCHOOL_COLUMNS,
    "area_id",
    "area_la_code",
    "idaci",
    "idaci_rank",
    "idaci_decile",
    "rate",
    "rate_low",
    "rate_high",
    "ratio",
    "ratio_low_95",
    "ratio_high_95",
    "rate_class",
    "rate_differs",
    "expected",
    "limit_low_95",
    "limit_high_95",
    "limit_low_998",
    "limit_high_998",
    "p_above",
    "p_below",
    "p_adjusted",
    "class",
    "idaci_catchment",
    "expected_catchment",
    "class_catchment",
    "class_rank",
    "holds",
    "geometry",
)
SCHOOL_RESULT_DEFAULTS: Final[Mapping[str, Any]] = {
    **SCHOOL_DEFAULTS,
    **{"idaci_rank": np.nan, "idaci_catchment": np.nan, "expected_catchment": np.nan},
    **{"class_catchment": "", "class_rank": "", "holds": ""},
    **{"ratio": np.nan, "ratio_low_95": np.nan, "ratio_high_95": np.nan, "rate_class": "", "rate_differs": ""},
}
"""Values of the columns that a result for schools may leave out."""


@dataclass(frozen=True, eq=False, slots=True)
class SchoolResult(Result, OnMap):
    """Every school compared with what its size and the deprivation of its area suggest.

    Parameters
    ----------
    table
        GeoDataFrame indexed by `school_id` with `SCHOOL_RESULT_COLUMNS`: `rate*` are permanent exclusions per 100
        pupils and year, `ratio*` over the average of all schools compared, with a 95% interval that covers chance and
        suppressed counts, in the classes of `vocabulary.RATE_CLASSES` (empty where not compared); `expected` and
        `limit_*` are counts over the period; `p_above`, `p_below` are mid-p values; `class` is one of
        `vocabulary.SCHOOL_CLASSES`; geometry is missing where the school could not be placed. `class` is against the
        index of the area the school is in, `class_catchment` against that of where its pupils may live, `class_rank`
        against the rank instead of the score (empty if not tested); `holds` says
        against which of the first two a school differs. Columns of
        `SCHOOL_RESULT_DEFAULTS` may be left out.
    sentences
        The model and its slope.
    slope
        `per_ten_points` (ratio of rates for ten points of the score) or, where the index has ranks only,
        `per_tenth_of_ranks` (for a tenth of all areas nearer to the most deprived); `low`, `high`; `dispersion`.
    provenance
        How it was made: model, level, catchments, the line itself, ...; None of a result made by hand.
    area
        The study area that it was made for; None of a result made by hand.
    """

    table: gpd.GeoDataFrame
    sentences: tuple[str, ...]
    slope: Mapping[str, float] = field(default_factory=dict)
    index_title: str = "IDACI"
    provenance: SchoolMethod | None = field(kw_only=True)
    area: StudyArea | None = field(default=None, kw_only=True)
    index: DeprivationIndex = "idaci"
    index_estimated: bool = False

    usual_title = "permanent exclusions"

    def __post_init__(self) -> None:
        read_school_years(self)
        need_tuples(self, "sentences")
        absent = {column: v for column, v in SCHOOL_RESULT_DEFAULTS.items() if column not in self.table.columns}
        table = self.table.assign(**absent)
        need_columns(table, SCHOOL_RESULT_COLUMNS, "A result for schools")
        freeze(self, "table", table[list(SCHOOL_RESULT_COLUMNS)].copy())
        freeze_mapping(self, "slope")

    def __len__(self) -> int:
        return len(self.table)

    def explore(self, **options: Any) -> Any:
        """Return a map to zoom in a browser, with folium; options as of `geopandas.GeoDataFrame.explore`."""
        placed = self.table[self.table.geometry.notna()]
        shown = ["name", "class", "low", "high", "pupils", "reason"]
        return explore(self, placed, column="class", shown=shown, classes=SCHOOL_CLASSES, options=options)

    def _numbers(self) -> dict[str, object]:
        compared = int((self.table["reason"] == "").sum())
        return {"Schools": len(self), "Schools compared": compared, "Index": self.index_title}

    @property
    def covariates(self) -> tuple[Covariate, ...]:
        """What schools were compared within, beside deprivation and size."""
        return () if self.provenance is None else self.provenance.covariates

    @property
    def areas_ranked(self) -> float:
        """How many areas the index ranks: the last rank of these schools where it is not known."""
        return float(self.table["idaci_rank"].max()) if self.provenance is None else self.provenance.areas_ranked


def groups_of(result: SchoolResult, table: pd.DataFrame) -> list[tuple[ClassStyle, pd.Series]]:
    """Return the two groups that go against the slope, and which schools of the table are in each."""
    ids, method = table.index.astype(str), result.provenance
    inside = {
        "fewer_in_most_deprived": () if method is None else method.fewer_in_most_deprived,
        "more_in_least_deprived": () if method is None else method.more_in_least_deprived,
    }
    return [(group, pd.Series(ids.isin(inside[group.key]), index=table.index)) for group in SCHOOL_GROUPS]


def one_sided(table: pd.DataFrame) -> pd.Series:
    """Return which schools stand out under one index and not, or not in the same way, under the other."""
    sided: pd.Series = (table["holds"] != "") & (table["holds"] != "both")
    return sided
