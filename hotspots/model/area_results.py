"""Results by area and by zone, and how they were made: hotspots, and clusters of a scan."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from hotspots.errors import AnalysisError
from hotspots.model.base import (
    AS_LIST,
    USUAL_LEVEL,
    WHERE_KNOWN,
    Coverage,
    OnMap,
    Period,
    Recorded,
    Result,
    explore,
    freeze,
    need_columns,
    need_tuples,
    need_unique,
    written_as,
)
from hotspots.model.events import ExpectedMethod
from hotspots.model.study_area import Place, StudyArea, slugify
from hotspots.vocabulary import (
    CLUSTER_CLASSES,
    COLD_CLASSES,
    HOT_CLASSES,
    LEVEL_OF_CLASS,
    MEASURE_WORDS,
    METHOD_CLASSES,
    METHOD_TITLES,
    RESULT_COLUMNS,
    SCAN_STATISTIC_WORDS,
    SPACE_TIME_COLUMN_WORDS,
    SPACE_TIME_WORDS,
    STATISTIC_TITLES,
    Adjustment,
    Method,
    Null,
    PeriodLength,
    ScanNull,
    ScanStatistic,
    Secondary,
    SpaceTimeModel,
    Statistic,
    TestedMeasure,
    WindowInference,
    ZoneShape,
)

if TYPE_CHECKING:
    import geopandas as gpd


def _spread_of(risks: tuple[tuple[float, float], ...] | None) -> float | None:
    """Return the standard deviation of risks with these shares over their mean."""
    if risks is None:
        return None
    total = sum(share for _, share in risks)
    mean = sum(risk * share for risk, share in risks) / total
    variance = sum(share * (risk - mean) ** 2 for risk, share in risks) / total
    return float(variance**0.5 / mean)


@dataclass(frozen=True, slots=True, kw_only=True)
class HotspotMethod(Recorded):
    """How areas were tested."""

    statistic: Statistic = field(metadata=written_as(STATISTIC_TITLES))
    """Gi*, Gi (without the area itself) or Local Moran's I."""
    null: Null
    """Null hypothesis."""
    inference: WindowInference
    """How p-values were computed."""
    dispersion: tuple[float, float] | None = field(metadata=AS_LIST)
    """Variance of an average area's count over its mean, lowest and highest estimate; None where it was not
    estimated."""
    risks: tuple[tuple[float, float], ...] | None = field(default=None, metadata=AS_LIST | WHERE_KNOWN)
    """Risks of areas, relative to that of all people, each with its share of the areas; None where they were not
    estimated."""
    step: float | None
    """Step of the lattice on which values that are not whole were summed, or None."""
    draws: int | None
    seed: int | None
    """Number of draws and seed of a simulation, or None."""
    mid_p: bool
    """Whether ties count half."""
    conditional: bool
    """Whether the neighbours were tested given the area's own value."""
    measure: TestedMeasure = field(metadata=written_as(MEASURE_WORDS))
    """What was tested: counts, rates, ratios to what is expected, shrunken rates, or values as given."""
    neighbours: str
    """Who counts as a neighbour, in words."""
    neighbour_pairs: int
    components: int
    islands: int
    """Pairs of neighbours, in both directions; parts of the study area that are not joined; areas without a
    neighbour."""
    areas_tested: int
    areas_hidden: int
    """Numbers of areas tested, and of areas whose count is suppressed."""
    rule: str
    """Name of the rule under which counts were protected; empty without one."""
    adjustment: Adjustment
    """For many tests."""
    level: float
    """The study's level of significance, after adjustment."""
    expected: ExpectedMethod | None = field(default=None, metadata=WHERE_KNOWN)
    """What the counts were compared with, where it is not the shares of the population alone."""

    @property
    def spread_of_risks(self) -> float | None:
        """Standard deviation of the risks of areas, as a share of their mean; None where they were not estimated."""
        return _spread_of(self.risks)


@dataclass(frozen=True, eq=False, slots=True)
class HotspotResult(Result, OnMap):
    """Results of one method for every area, in the fixed columns of `vocabulary.RESULT_COLUMNS`.

    Parameters
    ----------
    table
        GeoDataFrame indexed by `area_id` with the fixed columns (the id is the index); analyses give it sorted by id,
        as the study area is.
    method
        ``"getis_ord"`` or ``"local_moran"``.
    sentences
        The method in sentences for readers.
    provenance
        How it was made: null, neighbours, dispersion, adjustment, level, ...; None of a result made by hand.
    area
        The study area that it was made for; None of a result made by hand.
    """

    table: gpd.GeoDataFrame
    method: Method
    sentences: tuple[str, ...]
    provenance: HotspotMethod | None = field(kw_only=True)
    area: StudyArea | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        need_tuples(self, "sentences")
        table = self.table.copy()
        columns = [column for column in RESULT_COLUMNS if column != "area_id"]
        need_columns(table, columns, "A hotspot result")
        unexplained = table.index[(table["class"] == "not_tested") & (table["reason"].fillna("") == "")]
        if len(unexplained):
            raise AnalysisError(f"Area {unexplained[0]!r} was not tested and no reason is given.")
        freeze(self, "table", table[columns])

    def __len__(self) -> int:
        return len(self.table)

    @property
    def stem(self) -> str:
        """Name of its files and layers: the source, and the method."""
        return f"{slugify(self.name).replace('-', '_') or 'events'}_{self.method}"

    def explore(self, **options: Any) -> Any:
        """Return a map to zoom in a browser, with folium; options as of `geopandas.GeoDataFrame.explore`."""
        classes = METHOD_CLASSES[self.method]
        shown = ["name", "class", "observed_low", "observed_high", "reason"]
        return explore(self, self.table, column="class", shown=shown, classes=classes, options=options)

    def _numbers(self) -> dict[str, object]:
        tested = int((self.table["class"] != "not_tested").sum())
        numbers: dict[str, object] = {"Method": METHOD_TITLES[self.method], "Areas tested": tested}
        return numbers | {"Hot areas": len(self.hot()), "Cold areas": len(self.cold())}

    @property
    def level(self) -> float:
        """The study's level of significance."""
        return USUAL_LEVEL if self.provenance is None else self.provenance.level

    @property
    def statistic(self) -> Statistic:
        """The statistic, which may be without the area itself: Gi."""
        if self.provenance is not None:
            return self.provenance.statistic
        return "local_moran" if self.method == "local_moran" else "gi_star"

    def _ids(self, classes: frozenset[str], place: Place | None) -> list[str]:
        # Gi* maps show 90 % too; what counts is the study's own level.
        most = self.level + 1e-12
        reached = {name for name in classes if name not in LEVEL_OF_CLASS or LEVEL_OF_CLASS[name] <= most}
        keep = self.table["class"].isin(reached)
        if place is not None:
            keep &= self.table["la_code"].isin(place.authorities)
        return [str(area_id) for area_id in self.table.index[keep]]

    def hot(self, place: Place | None = None) -> list[str]:
        """Ids of the areas that are hot (or High-High) at the study's level, of one place or of all."""
        return self._ids(HOT_CLASSES, place)

    def cold(self, place: Place | None = None) -> list[str]:
        """Ids of the areas that are cold (or Low-Low) at the study's level, of one place or of all."""
        return self._ids(COLD_CLASSES, place)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanMethod(Recorded):
    """How zones were compared and the most likely clusters found."""

    zones: ZoneShape
    """Shape of the zones."""
    zones_compared: int
    """Their number."""
    largest_share: float
    """Largest share of the population in a zone, 0 to 1."""
    largest_radius_m: float | None
    """Largest radius of a zone in metres; None without a limit."""
    statistic: ScanStatistic = field(metadata=written_as(SCAN_STATISTIC_WORDS))
    """What zones are compared by."""
    null: ScanNull
    """Null hypothesis."""
    dispersion: tuple[float, float] | None = field(metadata=AS_LIST)
    """Variance of a large area's count over its mean, which all are taken to have, lowest and highest estimate; None
    under other nulls than exchangeable risk."""
    risks: tuple[tuple[float, float], ...] | None = field(default=None, metadata=AS_LIST | WHERE_KNOWN)
    """Risks that areas have, and the share of the areas with each, as estimated under scattered risk."""
    secondary: Secondary
    """How further clusters were sought."""
    level: float
    """Up to which p-value a zone is a cluster."""
    draws: int
    seed: int
    """Number of maps drawn for each p-value, and seed."""
    areas_scanned: int
    areas_hidden: int
    areas_left_out: int
    """Numbers of areas in zones; of those of them whose count is suppressed; of areas without a count or people."""
    events: tuple[float, float] = field(metadata=AS_LIST)
    """Events in the areas scanned, at least and at most."""
    people: float
    """People in them."""
    rule: str
    """Name of the rule under which counts were protected; empty without one."""

    @property
    def spread_of_risks(self) -> float | None:
        """Standard deviation of the risks of areas, as a share of their mean; None where they were not estimated."""
        return _spread_of(self.risks)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceTimeMethod(Recorded):
    """How cylinders, circles over some periods, were compared and the most likely clusters found."""

    model: SpaceTimeModel = field(metadata=written_as(SPACE_TIME_WORDS))
    """What is expected of an area and period."""
    by: PeriodLength
    """Length of a period."""
    periods: int
    first_day: str
    last_day: str
    """Number of periods; first day of the first and last day of the last, as year-month-day."""
    prospective: bool
    """Whether only runs up to the last period were compared, or any."""
    longest: int
    """Number of periods of the longest run."""
    runs_compared: int
    cylinders_compared: int
    """Numbers of runs of periods, and of pairs of a circle and a run."""
    largest_share: float
    """Largest share in a circle, 0 to 1: of the population, or under the permutation model of the events."""
    largest_radius_m: float | None
    """Largest radius of a circle in metres; None without a limit."""
    fewest_events: int
    """Smallest number of events in a cluster."""
    level: float
    """Up to which p-value a cylinder is a cluster."""
    draws: int
    seed: int
    """Number of maps drawn for each p-value, and seed."""
    areas_scanned: int
    areas_left_out: int
    """Numbers of areas in circles; of areas without people, where these are asked for."""
    events: int
    """Events in the areas and periods scanned."""

    @property
    def span(self) -> Period:
        """The time from the first to the last day."""
        return Coverage(date.fromisoformat(self.first_day), date.fromisoformat(self.last_day)).period


CLUSTER_COLUMNS: Final = (
    "areas", "people", "observed_low", "observed_high", "expected_low", "expected_high", "ratio_low", "ratio_high",
    "ratio_low_95", "ratio_high_95", "statistic_low", "statistic_high", "p_low", "p_high", "p_error", "p_bound",
    "certainty", "radius", "shape", "angle", "area_ids", "geometry",
)  # fmt: skip
"""What a table of clusters has, in this order; the number of a cluster is its index."""

SPACE_TIME_COLUMNS: Final = tuple(SPACE_TIME_COLUMN_WORDS)
"""What one of clusters in space and time has as well, before the geometry."""


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
        east anticlockwise); `area_ids`, separated by spaces. Clusters in space and time have `SPACE_TIME_COLUMNS` too:
        `start` and `end` (first and last day, as text), `periods` (their number) and `alive` (``"yes"`` if the last
        period is one of them, or ``"no"``). Their expected events are those of the model, in these periods.
    sentences
        How they were found.
    provenance
        Null, zones, level, draws, ...; None of clusters made by hand.
    area
        The study area that was scanned; None of clusters made by hand.
    """

    table: gpd.GeoDataFrame
    sentences: tuple[str, ...] = ()
    provenance: ScanMethod | SpaceTimeMethod | None = field(kw_only=True)
    area: StudyArea | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        need_tuples(self, "sentences")
        need_columns(self.table, CLUSTER_COLUMNS, "A table of clusters")
        own = SPACE_TIME_COLUMNS if self.spans_time else ()
        table = self.table[[*CLUSTER_COLUMNS[:-1], *own, CLUSTER_COLUMNS[-1]]].copy()
        table.index.name = "cluster"
        need_unique(table.index, "clusters")
        freeze(self, "table", table)

    def __len__(self) -> int:
        return len(self.table)

    @property
    def spans_time(self) -> bool:
        """Whether its clusters are in space and time."""
        return SPACE_TIME_COLUMNS[0] in self.table.columns

    @property
    def stem(self) -> str:
        """Name of its files and layers."""
        kind = "space_time_clusters" if self.spans_time else "clusters"
        return f"{slugify(self.name).replace('-', '_') or 'events'}_{kind}"

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
