"""Tables with their sources: people by age, series, factors, and tables of a needs assessment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import pandas as pd

from hotspots.errors import AnalysisError, list_briefly
from hotspots.model.base import (
    Coverage,
    ModelType,
    freeze,
    months_of,
    need_columns,
    need_tuples,
    need_unique,
    plot_extract,
    plot_series,
    text_ids,
)
from hotspots.model.study_area import MOST_PEOPLE

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False, slots=True)
class Ages(ModelType):
    """People by area and age.

    Parameters
    ----------
    table
        Indexed by `area_id`; one column per age band, named by the youngest age in it (whole numbers, the first 0,
        rising); the last band has no upper end. Values are people, none missing, negative or infinite.
    vintage
        Year of the geography of the areas, or None where unknown.
    """

    table: pd.DataFrame
    vintage: int | None = None

    usual_title = "population by age"

    def __post_init__(self) -> None:
        table = self.table.copy()
        table.index = text_ids(table.index)
        need_unique(table.index, "areas of the population by age")
        starts = [int(start) for start in table.columns]
        if not starts or starts[0] != 0 or starts != sorted(set(starts)):
            raise AnalysisError(
                "Age bands must start at 0 and increase.",
                found=f"bands from {list_briefly(starts, 12) or 'nothing'}",
                advice="name each column by the youngest age in it",
            )
        table.columns = pd.Index(starts)
        odd = table.index[(table.isna() | (table < 0) | (table > MOST_PEOPLE)).any(axis=1)]
        if len(odd):
            raise AnalysisError(
                f"The population by age of area {odd[0]!r} is negative, larger than possible or not complete.",
                found=f"{len(odd):,} such areas: {list_briefly(odd)}",
                advice="correct the file of ages",
            )
        freeze(self, "table", table.astype(float))

    @property
    def starts(self) -> tuple[int, ...]:
        """The youngest age of every band."""
        return tuple(int(start) for start in self.table.columns)

    def into(self, starts: Sequence[int]) -> Ages:
        """Return the same people in wider bands, which begin at these ages.

        Raises
        ------
        AnalysisError
            If a band would begin inside one of the file's.
        """
        wanted = sorted({0, *(int(start) for start in starts)})
        missing = [start for start in wanted if start not in self.starts]
        if missing:
            raise AnalysisError(
                f"The population by age has no band that begins at {missing[0]}.",
                found=f"bands from {list_briefly(self.starts, 24)}",
                advice="use a file with single years of age, or with bands that begin there",
            )
        band = pd.cut(self.table.columns.to_series(), [*wanted, 10_000], right=False, labels=wanted)
        table = self.table.T.groupby(band.to_numpy().astype(int)).sum().T
        return replace(self, table=table)

    def between(self, youngest: int, oldest: int | None = None) -> pd.Series | None:
        """Return people from `youngest` to `oldest` (both included) by area, or None if the bands don't allow it."""
        if youngest not in self.starts or (oldest is not None and oldest + 1 not in self.starts):
            return None
        inside = [start for start in self.starts if start >= youngest and (oldest is None or start <= oldest)]
        people: pd.Series = self.table[inside].sum(axis=1)
        return people


PART_OF_A_MONTH: Final = 0.5
"""A period that lacks less than this share of its months counts as complete."""
SeriesBase = Literal["", "study-area", "whole-file"]


@dataclass(frozen=True, eq=False, slots=True)
class Series(ModelType):
    """Counts by period and group; a gap is a gap, never a zero.

    Parameters
    ----------
    table
        Columns `period` (text, in order), `group` (text), `low`, `high` (counts; equal where known, missing in
        a gap; below 0 where a source takes back what it counted before), `ci_low`, `ci_high` (95% interval of the
        underlying level). `months` (how many months of the period the source covers) may be left out. Where there are
        rates also `population` (people), `rate_low`, `rate_high`, `rate_ci_low` and `rate_ci_high` (per `rate_per`
        people and year).
    unit
        What is counted, in words.
    rate_per
        The number of people that rates refer to; 0 where there are none.
    provisional
        Periods whose numbers their source still expects to change.
    base
        Where what is counted lies: ``"study-area"`` or ``"whole-file"``; empty where it is not known.
    coverage
        The months that the source covers, or None where unknown.
    """

    table: pd.DataFrame
    unit: str
    rate_per: float = 0.0
    provisional: tuple[str, ...] = ()
    base: SeriesBase = ""
    coverage: Coverage | None = None

    usual_name = "series"
    usual_title = ""

    def __post_init__(self) -> None:
        table = self.table.reset_index(drop=True).copy()
        need_columns(table, ("period", "group", "low", "high", "ci_low", "ci_high"), "A series")
        _need_counts(table)
        freeze(self, "table", table)

    def plot(self, **options: Any) -> Figure:
        """Return the chart of this series; options as of `hotspots.charts.draw_series`, which draws it."""
        return plot_series(self, **options)

    def _numbers(self) -> dict[str, object]:
        periods = self.table["period"].astype(str)
        span = " to ".join(dict.fromkeys((periods.iloc[0], periods.iloc[-1]))) if len(periods) else "none"
        return {"Periods": span, "Groups": int(self.table["group"].nunique()), "Unit": self.unit}

    @property
    def incomplete(self) -> tuple[str, ...]:
        """Periods of which the source covers a part only, in order."""
        if "months" not in self.table.columns:
            return ()
        whole = np.array([months_of(str(period)) for period in self.table["period"]])
        part = (self.table["months"] < whole - PART_OF_A_MONTH) & self.table["low"].notna()
        return tuple(dict.fromkeys(self.table["period"][part].astype(str)))

    @property
    def unsettled(self) -> tuple[str, ...]:
        """Periods that are not to be compared with others: provisional or incomplete ones."""
        return tuple(dict.fromkeys((*self.provisional, *self.incomplete)))


def _need_counts(table: pd.DataFrame) -> None:
    """Stop a series whose counts are crossed or endless."""
    named = table["group"].astype(str) + ", " + table["period"].astype(str)
    low, high = table["low"].astype(float), table["high"].astype(float)
    wrong = (low > high) | np.isinf(low) | np.isinf(high)
    if wrong.any():
        row = table[wrong].iloc[0]
        raise AnalysisError(
            f"The count of {named[wrong].iloc[0]} has an impossible interval {row['low']} to {row['high']}.",
            advice="counts are finite, and the lower bound is at most the upper",
        )


@dataclass(frozen=True, eq=False, slots=True)
class Factors(ModelType):
    """Factors identified at the end of children's assessments, by authority.

    Parameters
    ----------
    table
        Columns `la_code`, `la_name`, `factor`, `mentions` (count, missing where suppressed), `mark` (the mark that
        stood there instead, e.g. ``"c"``), `assessments` (episodes with an assessment factor). Several factors
        stand in one assessment, so shares do not add to 100%.
    """

    table: pd.DataFrame

    usual_title = "Factors identified at the end of assessment"

    def __post_init__(self) -> None:
        columns = ("la_code", "la_name", "factor", "mentions", "mark", "assessments")
        need_columns(self.table, columns, "Factors of assessments")
        freeze(self, "table", self.table.reset_index(drop=True)[list(columns)].copy())


ExtractKind = Literal["standardised-rates", "recording", "profile", "change-points", "predictions"]
EXTRACT_COLUMNS = {
    "standardised-rates": (
        "code", "name", "kind", "low", "high", "population", "crude_low", "crude_high",
        "rate_low", "rate_high", "ci_low", "ci_high", "p_adjusted", "differs", "reason",
    ),
    "recording": (
        "la_code", "la_name", "period", "assessments", "mentions", "hidden", "per_assessment",
        "theme", "theme_mentions", "theme_hidden", "theme_share",
    ),
    "profile": (
        "code", "name", "kind", "areas", "population", "area_km2", "people_per_km2", "children", "under_25",
        "over_64", "deprivation", "deprivation_areas", "most_deprived_areas", "most_deprived_people",
    ),
    "change-points": (
        "group", "segment", "first", "last", "periods", "course", "level", "level_low", "level_high", "level_last",
        "growth", "step", "step_low", "step_high", "ratio", "ratio_low", "ratio_high", "p", "earliest", "latest",
        "scatter", "correlation", "reason",
    ),
    "predictions": (
        "bandwidth", "share_of_area", "area_km2", "past_events", "events", "hits",
        "hit_rate", "hit_rate_low", "hit_rate_high", "pai", "pai_low", "pai_high",
        "pei_star", "pei_star_low", "pei_star_high", "best_hit_rate", "behind", "behind_low", "behind_high",
    ),
}  # fmt: skip
"""What a table of each kind has at least, in this order."""


@dataclass(frozen=True, eq=False, slots=True)
class Extract(ModelType):
    """One table of a needs assessment, with its notes for readers.

    Parameters
    ----------
    table
        One row per authority, place, group and period, or bandwidth and share of area; the columns of its kind come
        first (`EXTRACT_COLUMNS`).
    kind
        ``"standardised-rates"``, ``"recording"``, ``"profile"``, ``"change-points"`` or ``"predictions"``.
    sentences
        How the numbers were made and what they leave out, in sentences.
    """

    table: pd.DataFrame
    kind: ExtractKind
    sentences: tuple[str, ...] = ()

    usual_title = ""

    @property
    def name(self) -> str:
        """A short name for files; that of its kind where it has none."""
        return self.identity.name or self.kind.replace("-", "_")

    @property
    def words(self) -> str:
        """The method as one text."""
        return " ".join(self.sentences)

    def __post_init__(self) -> None:
        need_tuples(self, "sentences")
        columns = EXTRACT_COLUMNS[self.kind]
        need_columns(self.table, columns, f"A table of {self.kind}")
        others = [column for column in self.table.columns if column not in columns]
        freeze(self, "table", self.table.reset_index(drop=True)[[*columns, *others]].copy())

    def plot(self, **options: Any) -> Figure:
        """Return the chart of this extract; options as of the function of `hotspots.charts` that draws its kind."""
        return plot_extract(self, **options)
