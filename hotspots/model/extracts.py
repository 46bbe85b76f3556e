"""People by age, and further tables of a needs assessment with their sources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from hotspots.errors import AnalysisError, list_briefly
from hotspots.model.checks import freeze, need_columns, need_unique, text_ids
from hotspots.model.identity import ModelType, need_tuples
from hotspots.model.study_area import MOST_PEOPLE
from hotspots.model.views import plot_extract

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["EXTRACT_COLUMNS", "Ages", "Extract", "ExtractKind"]

ExtractKind = Literal["standardised-rates", "recording", "profile", "change-points", "predictions", "clusters"]

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
    "clusters": (
        "cluster", "areas", "people", "events", "expected", "ratio", "ratio_low", "ratio_high",
        "statistic", "p", "p_error", "p_bound", "radius", "area_ids", "geometry",
    ),
}  # fmt: skip
"""What a table of each kind has at least, in this order."""


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


@dataclass(frozen=True, eq=False, slots=True)
class Extract(ModelType):
    """One table of a needs assessment, with its notes for readers.

    Parameters
    ----------
    table
        One row per authority, place, group and period, or bandwidth and share of area; the columns of its kind come
        first (`EXTRACT_COLUMNS`).
    kind
        ``"standardised-rates"``, ``"recording"``, ``"profile"``, ``"change-points"``, ``"predictions"`` or
        ``"clusters"``.
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
