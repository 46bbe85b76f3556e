"""Events, and how many of them each area has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import pandas as pd

from hotspots.errors import AnalysisError, SourceError, list_briefly
from hotspots.model.base import (
    AS_RECORDS,
    WHERE_KNOWN,
    Coverage,
    ModelType,
    Recorded,
    between,
    cover_dates,
    explore,
    freeze,
    freeze_mapping,
    need_columns,
    need_interval,
    need_unique,
    written_as,
)
from hotspots.model.study_area import StudyArea
from hotspots.vocabulary import PeriodLength, PlacedBy

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False, slots=True)
class Events(ModelType):
    """One row per event, and the audit of the file they came from.

    Parameters
    ----------
    table
        Columns `easting`, `northing` (metres, missing where there is no point), `area_code` (text, missing
        where there is none), `when` (datetime64, missing where unknown), `kind` (text); any further
        columns are kept (e.g. `age`, `knife`).
    rows_read
        Rows in the file(s).
    dropped
        Reason → rows. `rows_read` = kept + dropped, to the row.
    coverage
        The months that the source covers, or None where unknown: see `cover`.
    placed_by
        Whether points and areas are those of the ``"occurrence"`` or of a person's ``"residence"``; empty where that is
        not known.
    """

    table: pd.DataFrame
    rows_read: int
    dropped: Mapping[str, int] = field(default_factory=dict)
    coverage: Coverage | None = None
    placed_by: PlacedBy = ""

    def __post_init__(self) -> None:
        table = self.table.reset_index(drop=True).copy()
        need_columns(table, ("easting", "northing", "area_code", "when", "kind"), "A table of events")
        freeze(self, "table", table)
        freeze_mapping(self, "dropped")
        dropped = sum(self.dropped.values())
        if self.rows_read != len(table) + dropped:
            raise SourceError(
                f"The rows of {self.title} do not add up.",
                found=f"{self.rows_read:,} read, {len(table):,} kept, {dropped:,} dropped",
                advice="count every row that is left out, by reason",
            )

    def __len__(self) -> int:
        return len(self.table)

    def _numbers(self) -> dict[str, object]:
        return {"Events": len(self), "Rows read": self.rows_read, "Dropped": sum(self.dropped.values())}

    @property
    def cover(self) -> Coverage | None:
        """The months that the source covers; taken from the dates of the events if nothing else is known."""
        return self.coverage or cover_dates(self.table["when"])

    def where(self, keep: NDArray[np.bool_] | pd.Series, *, reason: str) -> Events:
        """Return the events where `keep` is true; the others are counted as dropped for `reason`."""
        mask = np.asarray(keep, dtype=bool)
        dropped = dict(self.dropped)
        left_out = int((~mask).sum())
        if left_out:
            dropped[reason] = dropped.get(reason, 0) + left_out
        return replace(self, table=self.table[mask], dropped=dropped)


ExpectedFrom = Literal["population", "own", "age"]
EXPECTED_WRITTEN: Final[Mapping[ExpectedFrom, str]] = {
    "population": "population",
    "own": "expected counts as given",
    "age": "population by age (indirect standardisation)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Slope(Recorded):
    """What one covariate does to the events expected."""

    covariate: str
    """What it is, in words."""
    slope: float
    slope_low: float
    slope_high: float
    """Change of the logarithm of the events expected for a step of 1, with its 95% interval."""
    standard_deviation: float
    """Of the covariate among the areas of the fit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedMethod(Recorded):
    """How expected counts were made, where they are not the shares of the population alone."""

    base: ExpectedFrom = field(metadata=written_as(EXPECTED_WRITTEN))
    """What they begin with: people, people by age, or expected counts as given."""
    title: str
    """What that is, in words."""
    age_bands: int | None = field(default=None, metadata=WHERE_KNOWN)
    """Number of bands of ages, each with one rate in the whole study area."""
    given: tuple[Slope, ...] = field(default=(), metadata=AS_RECORDS)
    """Covariates of the regression; none without one."""
    trend_km: float | None = field(default=None, metadata=WHERE_KNOWN)
    """Distance between the knots of a smooth trend."""
    trend_terms: int | None = field(default=None, metadata=WHERE_KNOWN)
    """Number of its terms."""
    areas_fitted: int | None = field(default=None, metadata=WHERE_KNOWN)
    """Number of areas in the regression."""
    dispersion: float | None = field(default=None, metadata=WHERE_KNOWN)
    """Variance of areas' risks around the regression, over the square of their mean; 0 under Poisson."""
    counts_clipped: int | None = field(default=None, metadata=WHERE_KNOWN)
    """Number of counts that were clipped for a trend, so that no single area bends it."""
    estimates: int = 1
    """Number of estimates over which p-values are bounds: more than one where counts are suppressed."""

    @property
    def suggested_by(self) -> tuple[str, ...]:
        """What the expected counts allow for, in words for readers, beside the number of people."""
        base = {"population": (), "own": ("the expected counts given",), "age": ("age",)}[self.base]
        trend = () if self.trend_km is None else (f"a trend of {self.trend_km:g} km",)
        return (*base, *(slope.covariate for slope in self.given), *trend)

    @property
    def is_fitted(self) -> bool:
        """Whether a regression is part of them."""
        return bool(self.given) or self.trend_km is not None


@dataclass(frozen=True, eq=False, slots=True)
class AreaCounts(ModelType):
    """Counts of events per area, each an interval.

    Parameters
    ----------
    area
        The study area; the table's index equals its ids.
    table
        Given as any table, kept as a GeoDataFrame in the order of the study area's ids with its polygons. Indexed by
        `area_id`: `observed_low`, `observed_high` (events; equal where the number is known, both
        missing where the area has no row in the source). `population` (people) and `expected` (events if
        everyone had the same risk) are added where the study area has a population. `reason` (text) is why a count
        is suppressed or missing, as its source gives it; empty where it is known, or if left out.
    outside
        Events in no area of the study (as text where protected).
    audit
        How the events were placed: `rows_read`, `joined_by_code`, `joined_by_point`, `outside`, and so on.
    dropped
        Reason → rows, as in `Events`.
    coverage
        The months that the source covers, or None where unknown.
    rule
        Name of the rule behind the intervals, or empty where every number is known.
    expectation
        How the column `expected` of the table was made, where it is given and not made from the population: see
        `hotspots.clusters.with_expected` and its like, which return such counts.
    without_expected
        Area id → why it has no expected count, of all areas whose `expected` is missing then.
    further_expected
        Further estimates of the expected counts (areas by estimates), over which p-values are bounds; None where
        there is one estimate only.
    """

    area: StudyArea
    table: pd.DataFrame
    outside: int | str = 0
    audit: Mapping[str, int | str] = field(default_factory=dict)
    dropped: Mapping[str, int | str] = field(default_factory=dict)
    rule: str = ""
    coverage: Coverage | None = None
    expectation: ExpectedMethod | None = None
    without_expected: Mapping[str, str] = field(default_factory=dict)
    further_expected: pd.DataFrame | None = None

    def __post_init__(self) -> None:
        import geopandas as gpd

        table = self.table.copy()
        need_columns(table, ("observed_low", "observed_high"), "A table of counts")
        _need_areas(table.index, self.area, made_by="hotspots.count_events")
        table = table.reindex(self.area.ids)
        table[["observed_low", "observed_high"]] = table[["observed_low", "observed_high"]].astype(float)
        need_interval(table, "observed_low", "observed_high", "Area")
        has_population = self.area.has_population
        table["population"] = self.area.areas["population"] if has_population else np.nan
        if self.expectation is None:
            table["expected"] = _expected(table) if has_population else np.nan
        else:
            need_columns(table, ("expected",), "A table of counts with an expectation")
            _need_expected(table["expected"], self.without_expected)
        given = table["reason"] if "reason" in table.columns else pd.Series("", index=table.index)
        table["reason"] = given.astype(object).where(given.notna(), "")
        table = table[["observed_low", "observed_high", "population", "expected", "reason"]]
        freeze(self, "table", gpd.GeoDataFrame(table, geometry=self.area.areas.geometry))
        freeze_mapping(self, "audit")
        freeze_mapping(self, "dropped")
        freeze_mapping(self, "without_expected")
        if self.further_expected is not None:
            freeze(self, "further_expected", self.further_expected.reindex(self.area.ids).astype(float))

    def __len__(self) -> int:
        return len(self.table)

    def explore(self, **options: Any) -> Any:
        """Return a map to zoom in a browser, with folium; options as of `geopandas.GeoDataFrame.explore`."""
        return explore(
            self,
            self.table.join(self.area.areas["name"]),
            column="observed_high",
            shown=["name", "observed_low", "observed_high"],
            options=options,
        )

    def _numbers(self) -> dict[str, object]:
        low, high = (float(self.table[end].sum()) for end in ("observed_low", "observed_high"))
        numbers = {"Events": between(low, high), "Areas": len(self), "Suppressed counts": self.hidden}
        return numbers | {"Outside": self.outside}

    @property
    def has_expected(self) -> bool:
        """Whether there is something to compare the counts with: a population, or expected counts as given."""
        return self.area.has_population or self.expectation is not None

    @property
    def hidden(self) -> int:
        """Number of areas whose count is an interval."""
        return int((self.table["observed_low"] < self.table["observed_high"]).sum())

    @property
    def middle(self) -> pd.Series:
        """The middle of every interval (events); the count itself where it is known."""
        middle: pd.Series = (self.table["observed_low"] + self.table["observed_high"]) / 2
        return middle


PERIOD_FREQUENCIES: Final[Mapping[PeriodLength, str]] = {"month": "M", "quarter": "Q-DEC", "year": "Y-DEC"}
"""What pandas calls calendar periods."""


@dataclass(frozen=True, eq=False, slots=True)
class PeriodCounts(ModelType):
    """Counts of events per area and calendar period, all of them known.

    Parameters
    ----------
    area
        The study area; the table's index equals its ids.
    table
        One row for each area, kept in the order of the study area's ids, one column for each period: whole numbers of
        events. Columns are periods of pandas, or text from which it reads them (``2019-07``, ``2019Q3``, ``2019``);
        kept in their order, and those that are not there are not covered.
    by
        ``"month"``, ``"quarter"`` or ``"year"``.
    dropped
        Reason → events that are in no period or area, as in `Events`.
    """

    area: StudyArea
    table: pd.DataFrame
    by: PeriodLength = field(kw_only=True)
    dropped: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        table = self.table.copy()
        _need_areas(table.index, self.area, made_by="hotspots.clusters.count_by_period")
        table.columns = pd.PeriodIndex(table.columns, freq=PERIOD_FREQUENCIES[self.by], name="period")
        need_unique(table.columns, "columns of counts")
        table = table.loc[self.area.ids, sorted(table.columns)].astype(float)
        odd_values = table.to_numpy()[(table.isna() | (table < 0) | (table % 1 != 0)).to_numpy()]
        if len(odd_values):
            raise AnalysisError(
                "Counts by period are whole numbers of events.",
                found=f"{odd_values[0]:g} among {len(odd_values):,} such counts",
                advice="a period that is not covered has no column",
            )
        freeze(self, "table", table)
        freeze_mapping(self, "dropped")

    def __len__(self) -> int:
        return len(self.table)

    def _numbers(self) -> dict[str, object]:
        return {"Events": int(self.table.to_numpy().sum()), "Areas": len(self), "Periods": self.table.shape[1]}

    @property
    def periods(self) -> pd.PeriodIndex:
        """The periods, in order."""
        return pd.PeriodIndex(self.table.columns)


def _need_areas(index: pd.Index, area: StudyArea, *, made_by: str) -> None:
    """Stop at counts that are not of each area of the study once."""
    need_unique(index, "rows of counts")
    if set(index) != set(area.ids):
        odd = sorted(set(map(str, index)) ^ set(area.ids))
        raise AnalysisError(
            "The counts and the study area do not have the same areas.",
            found=f"{len(odd):,} ids on one side only: {list_briefly(odd)}",
            advice=f"make the counts with {made_by}",
        )


def _expected(table: pd.DataFrame) -> pd.Series:
    """Return the events each area would have at the overall rate of the areas that have a count."""
    known = table["observed_low"].notna()
    middle = (table["observed_low"] + table["observed_high"]) / 2
    people = table["population"].where(known)
    total = float(people.sum())
    expected: pd.Series = people * (float(middle.sum()) / total) if total > 0 else people * np.nan
    return expected


def _need_expected(expected: pd.Series, reasons: Mapping[str, str]) -> None:
    """Stop at expected counts that can't be, or are missing without a reason."""
    wrong = expected.index[(expected <= 0) | np.isinf(expected)]
    if len(wrong):
        raise AnalysisError(
            f"The expected count of area {wrong[0]!r} can't be {expected[wrong[0]]:g}.",
            found=f"{len(wrong):,} such areas",
            advice="expected counts are above 0, or missing with a reason",
        )
    unexplained = expected.index[expected.isna()].difference(pd.Index(list(reasons)))
    if len(unexplained):
        raise AnalysisError(f"Area {unexplained[0]!r} has no expected count and no reason is given.")
