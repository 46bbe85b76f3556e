"""Tables of findings with their sources: those of a needs assessment, and clusters of a scan with their polygons."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from hotspots.model.checks import freeze, need_columns, need_unique
from hotspots.model.identity import ModelType, need_tuples
from hotspots.model.methods import ScanMethod
from hotspots.model.results import USUAL_LEVEL, Result
from hotspots.model.study_area import StudyArea, slugify
from hotspots.model.views import OnMap, explore, plot_extract
from hotspots.vocabulary import CLUSTER_CLASSES

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["CLUSTER_COLUMNS", "EXTRACT_COLUMNS", "Clusters", "Extract", "ExtractKind"]

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


CLUSTER_COLUMNS: Final = (
    "areas", "people", "observed_low", "observed_high", "expected_low", "expected_high", "ratio_low", "ratio_high",
    "ratio_low_95", "ratio_high_95", "statistic_low", "statistic_high", "p_low", "p_high", "p_error", "p_bound",
    "certainty", "radius", "shape", "angle", "area_ids", "geometry",
)  # fmt: skip
"""What a table of clusters has, in this order; the number of a cluster is its index."""


@dataclass(frozen=True, eq=False, slots=True)
class Clusters(Result, OnMap):
    """The most likely clusters of a map, found by a scan, each with its dissolved polygon.

    Parameters
    ----------
    table
        GeoDataFrame indexed by `cluster` (whole numbers from 1) with `CLUSTER_COLUMNS`: `areas` and `people` inside;
        events (`observed_*`), those `expected_*` at the overall rate and their ratio, the same twice where every
        count is known; the 95 % interval of the ratio, as if the zone had not been searched for; the bounds of the
        statistic and of the p-value over all values of suppressed counts; the standard error of the p-value and what
        it can't exceed; `certainty`, one of `vocabulary.CLUSTER_CLASSES`; `radius` (metres; of an ellipse the longer
        half-axis), `shape` (longer over shorter axis, 1 for a circle) and `angle` (degrees of the longer axis, from
        east anticlockwise); `area_ids`, separated by spaces.
    sentences
        How they were found.
    provenance
        Null, zones, level, draws, ...; None of clusters made by hand.
    area
        The study area that was scanned; None of clusters made by hand.
    """

    table: gpd.GeoDataFrame
    sentences: tuple[str, ...] = ()
    provenance: ScanMethod | None = field(kw_only=True)
    area: StudyArea | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        need_tuples(self, "sentences")
        need_columns(self.table, CLUSTER_COLUMNS, "A table of clusters")
        table = self.table[list(CLUSTER_COLUMNS)].copy()
        table.index.name = "cluster"
        need_unique(table.index, "clusters")
        freeze(self, "table", table)

    def __len__(self) -> int:
        return len(self.table)

    @property
    def stem(self) -> str:
        """Name of its files and layers."""
        return f"{slugify(self.name).replace('-', '_') or 'events'}_clusters"

    @property
    def level(self) -> float:
        """Up to which p-value a zone is a cluster."""
        return USUAL_LEVEL if self.provenance is None else self.provenance.level

    def explore(self, **options: Any) -> Any:
        """Return a map to zoom in a browser, with folium; options as of `geopandas.GeoDataFrame.explore`."""
        shown = ["areas", "observed_low", "observed_high", "expected_low", "expected_high", "p_low", "p_high"]
        return explore(self, self.table, column="certainty", shown=shown, classes=CLUSTER_CLASSES, options=options)

    def _numbers(self) -> dict[str, object]:
        certain = int((self.table["certainty"] == "certain").sum())
        return {"Clusters": certain, "Listed": len(self)}
