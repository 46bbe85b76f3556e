"""The nouns that flow through the house: frozen, checked when made, keyed by `area_id`, never by position."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hotspots.errors import AnalysisError, DisclosureError, SourceError, list_briefly
from hotspots.vocabulary import COLD_CLASSES, CRS, HOT_CLASSES, LEVEL_OF_CLASS, OPEN, RESULT_COLUMNS, UNRELEASED, Method

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

__all__ = [
    "AreaCounts",
    "Deprivation",
    "Events",
    "Factors",
    "HotspotResult",
    "Place",
    "SchoolResult",
    "Schools",
    "Series",
    "StudyArea",
    "Surface",
    "need_released",
]


def _freeze(noun: object, name: str, value: object) -> None:
    """Set a field of a frozen noun while it is being made."""
    object.__setattr__(noun, name, value)


def _frozen_mapping(noun: object, name: str) -> None:
    _freeze(noun, name, MappingProxyType(dict(getattr(noun, name))))


def _rebuild(kind: type[Any], fields: dict[str, Any]) -> Any:
    """Make a noun again from its fields, on the other side of a process or a file."""
    return kind(**fields)


class _Noun:
    """What nouns have in common: they can be pickled, for another process or a cache."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}  # type: ignore[attr-defined]
        plain = {name: dict(value) if isinstance(value, MappingProxyType) else value for name, value in values.items()}
        return _rebuild, (type(self), plain)


def _need_columns(table: pd.DataFrame, columns: Iterable[str], what: str) -> None:
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise AnalysisError(
            f"{what} needs the column {missing[0]!r}.",
            found=f"columns {list_briefly(table.columns, 12)}",
            advice="rename or add the column",
        )


def _need_unique(index: pd.Index, what: str) -> None:
    twice = index[index.duplicated()]
    if len(twice):
        raise AnalysisError(
            f"Two {what} share the id {twice[0]!r}.",
            found=f"{twice.nunique():,} ids stand more than once: {list_briefly(twice.unique())}",
            advice="remove the duplicates, or name another column as the id",
        )


def _need_interval(table: pd.DataFrame, low: str, high: str, what: str) -> None:
    wrong = table.index[(table[low] > table[high]) | (table[low] < 0) | (table[low].isna() != table[high].isna())]
    if len(wrong):
        row = table.loc[wrong[0]]
        raise AnalysisError(
            f"{what} {wrong[0]!r} has an impossible interval {row[low]} to {row[high]}.",
            found=f"{len(wrong):,} such rows",
            advice="counts are at least 0, and the lower bound is at most the upper",
        )


def need_released(noun: Any, where: str) -> None:
    """Stop a noun that holds true counts of people from being written.

    Raises
    ------
    DisclosureError
        If its release mark is `unreleased`.
    """
    if noun.release == UNRELEASED:
        what = getattr(noun, "title", type(noun).__name__)
        raise DisclosureError(
            f"{where} would publish unprotected counts: {what}.",
            found=f"{type(noun).__name__} with the release mark {UNRELEASED!r}",
            advice="protect the counts first (hotspots.protect), or mark the source open or invented if it is",
        )


@dataclass(frozen=True)
class Place:
    """A part of the study area that gets a map of its own.

    Examples
    --------
    >>> Place("Birmingham–Sandwell", ("E08000025", "E08000028")).slug
    'birmingham-sandwell'
    """

    name: str
    authorities: tuple[str, ...]

    @property
    def slug(self) -> str:
        """The name as it stands in file names."""
        return slugify(self.name)


def slugify(words: str) -> str:
    """Return words in lower case, with single hyphens between letters and digits."""
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "replace").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


@dataclass(frozen=True, eq=False, slots=True)
class StudyArea(_Noun):
    """The areas of a study.

    Parameters
    ----------
    areas
        GeoDataFrame indexed by `area_id` (text), in EPSG:27700, with `name`, `la_code`, `la_name`,
        `geometry` and optionally `population` (people). It is copied and sorted by id.
    geography
        What one area is, e.g. ``"LSOA"``.
    vintage
        Year of the geography, e.g. 2011, or None where unknown.
    attribution
        Lines that must stand wherever the boundaries are drawn.
    notes
        What was mended on reading, reason → ids.
    release
        The mark of the boundaries and population: `open` or `invented`.
    """

    areas: gpd.GeoDataFrame
    geography: str = "area"
    vintage: int | None = None
    attribution: tuple[str, ...] = ()
    notes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    release: str = OPEN

    def __post_init__(self) -> None:
        areas = self.areas.copy()
        _need_columns(areas, ("name", "la_code", "la_name", "geometry"), "A study area")
        areas.index = pd.Index([str(code) for code in areas.index], name="area_id", dtype=object)
        _need_unique(areas.index, "areas")
        _need_metres(areas)
        if areas.empty:
            raise AnalysisError("The study area has no areas.", advice="check the file, layer and authorities")
        broken = areas.index[~areas.geometry.is_valid | areas.geometry.is_empty | areas.geometry.isna()]
        if len(broken):
            raise AnalysisError(
                f"The polygon of area {broken[0]!r} is invalid or empty.",
                found=f"{len(broken):,} such areas: {list_briefly(broken)}",
                advice="read the areas with hotspots.read_areas, which mends them",
            )
        unplaced = areas.index[areas["la_code"].isna()]
        if len(unplaced):
            raise AnalysisError(
                f"Area {unplaced[0]!r} lies in no local authority.",
                found=f"{len(unplaced):,} such areas",
                advice="give every area exactly one authority",
            )
        if "population" in areas.columns and bool((areas["population"] < 0).any()):
            first = areas.index[areas["population"] < 0][0]
            raise AnalysisError(f"The population of area {first!r} is negative.", advice="correct the population file")
        _freeze(self, "areas", areas.sort_index())
        _frozen_mapping(self, "notes")

    def __len__(self) -> int:
        return len(self.areas)

    @property
    def ids(self) -> pd.Index:
        """The area ids, sorted."""
        ids: pd.Index = self.areas.index
        return ids

    @property
    def has_population(self) -> bool:
        """Whether there is a population column."""
        return "population" in self.areas.columns

    @property
    def authorities(self) -> dict[str, str]:
        """Code → name of the local authorities, sorted by code."""
        pairs = self.areas[["la_code", "la_name"]].drop_duplicates().sort_values("la_code")
        return dict(zip(pairs["la_code"], pairs["la_name"], strict=True))

    def with_population(self, population: pd.Series) -> StudyArea:
        """Return the same areas with this population (people, indexed by area id; every area must have one).

        Raises
        ------
        AnalysisError
            If an area has no population.
        """
        missing = self.ids.difference(population.index)
        if len(missing):
            raise AnalysisError(
                f"Area {missing[0]!r} has no population.",
                found=f"{len(missing):,} of {len(self):,} areas without one: {list_briefly(missing)}",
                advice="use a population file of the same geography and vintage as the boundaries",
            )
        return replace(self, areas=self.areas.assign(population=population.reindex(self.ids).astype(float)))

    def within(self, authorities: Iterable[str]) -> StudyArea:
        """Return the part of the study area that lies in these authorities (codes)."""
        return replace(self, areas=self.areas[self.areas["la_code"].isin(list(authorities))])


def _need_metres(areas: gpd.GeoDataFrame) -> None:
    if areas.crs is None or areas.crs.to_epsg() != 27700:
        name = "none" if areas.crs is None else f"{areas.crs.name}"
        raise AnalysisError(
            f"Areas must be in British National Grid ({CRS}, metres).",
            found=f"coordinate system {name}",
            advice="areas.to_crs(27700), or read them with hotspots.read_areas, which does it",
        )


@dataclass(frozen=True, eq=False, slots=True)
class Events(_Noun):
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
    name, title
        A short name for files and layers; words for people ("hospital admissions for violence").
    source
        Who published it and what it is, in words.
    period
        What the events cover, in words, e.g. ``"2017-2019"``.
    notes
        What a reader must know, in sentences (gaps, months without rows, snapped points).
    release
        See `hotspots.vocabulary`; `unreleased` unless the study file says otherwise.
    """

    table: pd.DataFrame
    rows_read: int
    dropped: Mapping[str, int] = field(default_factory=dict)
    name: str = "events"
    title: str = "events"
    source: str = ""
    period: str = ""
    notes: tuple[str, ...] = ()
    release: str = UNRELEASED

    def __post_init__(self) -> None:
        table = self.table.reset_index(drop=True).copy()
        _need_columns(table, ("easting", "northing", "area_code", "when", "kind"), "A table of events")
        _freeze(self, "table", table)
        _frozen_mapping(self, "dropped")
        dropped = sum(self.dropped.values())
        if self.rows_read != len(table) + dropped:
            raise SourceError(
                f"The rows of {self.title} do not add up.",
                found=f"{self.rows_read:,} read, {len(table):,} kept, {dropped:,} dropped",
                advice="count every row that is left out, by reason",
            )

    def __len__(self) -> int:
        return len(self.table)

    def where(self, keep: NDArray[np.bool_] | pd.Series, *, reason: str) -> Events:
        """Return the events where `keep` is true; the others are counted as dropped for `reason`."""
        mask = np.asarray(keep, dtype=bool)
        dropped = dict(self.dropped)
        left_out = int((~mask).sum())
        if left_out:
            dropped[reason] = dropped.get(reason, 0) + left_out
        return replace(self, table=self.table[mask], dropped=dropped)


@dataclass(frozen=True, eq=False, slots=True)
class AreaCounts(_Noun):
    """Counts of events per area, each an interval.

    Parameters
    ----------
    area
        The study area; the table's index equals its ids.
    table
        Indexed by `area_id`: `observed_low`, `observed_high` (events; equal where the number is known, both
        missing where the area has no row in the source). `population` (people) and `expected` (events if
        everyone had the same risk) are added where the study area has a population.
    outside
        Events that belong to no area of the study (in words where protected).
    audit
        How the events were placed: `rows_read`, `joined_by_code`, `joined_by_point`, `outside`, and so on.
    dropped
        Reason → rows, as in `Events`.
    rule
        Name of the rule behind the intervals, or empty where every number is known.
    """

    area: StudyArea
    table: pd.DataFrame
    outside: int | str = 0
    audit: Mapping[str, int | str] = field(default_factory=dict)
    dropped: Mapping[str, int | str] = field(default_factory=dict)
    name: str = "events"
    title: str = "events"
    source: str = ""
    period: str = ""
    notes: tuple[str, ...] = ()
    rule: str = ""
    release: str = UNRELEASED

    def __post_init__(self) -> None:
        table = self.table.copy()
        _need_columns(table, ("observed_low", "observed_high"), "A table of counts")
        _need_unique(table.index, "rows of counts")
        if set(table.index) != set(self.area.ids):
            odd = sorted(set(map(str, table.index)) ^ set(self.area.ids))
            raise AnalysisError(
                "The counts and the study area do not have the same areas.",
                found=f"{len(odd):,} ids on one side only: {list_briefly(odd)}",
                advice="make the counts with hotspots.count_events",
            )
        table = table.reindex(self.area.ids)
        table[["observed_low", "observed_high"]] = table[["observed_low", "observed_high"]].astype(float)
        _need_interval(table, "observed_low", "observed_high", "Area")
        if self.area.has_population:
            table["population"] = self.area.areas["population"]
            table["expected"] = _expected(table)
        else:
            table["population"] = np.nan
            table["expected"] = np.nan
        _freeze(self, "table", table[["observed_low", "observed_high", "population", "expected"]])
        _frozen_mapping(self, "audit")
        _frozen_mapping(self, "dropped")

    def __len__(self) -> int:
        return len(self.table)

    @property
    def hidden(self) -> int:
        """Number of areas whose count is an interval and not a number."""
        return int((self.table["observed_low"] < self.table["observed_high"]).sum())

    @property
    def middle(self) -> pd.Series:
        """The middle of every interval (events); the count itself where it is known."""
        middle: pd.Series = (self.table["observed_low"] + self.table["observed_high"]) / 2
        return middle


def _expected(table: pd.DataFrame) -> pd.Series:
    """Return the events each area would have at the overall rate of the areas that have a count."""
    known = table["observed_low"].notna()
    middle = (table["observed_low"] + table["observed_high"]) / 2
    people = table["population"].where(known)
    total = float(people.sum())
    expected: pd.Series = people * (float(middle.sum()) / total) if total > 0 else people * np.nan
    return expected


@dataclass(frozen=True, eq=False, slots=True)
class HotspotResult(_Noun):
    """One method's finding for every area, in the fixed columns of `vocabulary.RESULT_COLUMNS`.

    Parameters
    ----------
    table
        GeoDataFrame indexed by `area_id` with the fixed columns (the id is the index).
    method
        ``"getis_ord"`` or ``"local_moran"``.
    words
        The method in sentences a reader can understand.
    provenance
        Setting → value: null, neighbour rule, dispersion, adjustment, level, ...
    """

    table: gpd.GeoDataFrame
    method: Method
    words: str
    name: str = "events"
    title: str = "events"
    source: str = ""
    period: str = ""
    notes: tuple[str, ...] = ()
    attribution: tuple[str, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)
    release: str = UNRELEASED

    def __post_init__(self) -> None:
        table = self.table.copy()
        columns = [column for column in RESULT_COLUMNS if column != "area_id"]
        _need_columns(table, columns, "A hotspot result")
        untold = table.index[(table["class"] == "not_tested") & (table["reason"].fillna("") == "")]
        if len(untold):
            raise AnalysisError(f"Area {untold[0]!r} was not tested and no reason is given.")
        _freeze(self, "table", table[columns])
        _frozen_mapping(self, "provenance")

    def __len__(self) -> int:
        return len(self.table)

    def _ids(self, classes: frozenset[str], place: Place | None) -> list[str]:
        # Gi* maps show 90 % too; what counts is the study's own level.
        level = float(self.provenance.get("level", 0.05))
        reached = {name for name in classes if name not in LEVEL_OF_CLASS or LEVEL_OF_CLASS[name] <= level + 1e-12}
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


@dataclass(frozen=True, eq=False, slots=True)
class Surface(_Noun):
    """A density surface: north up, missing outside the study area.

    Parameters
    ----------
    values
        Array (row, col), float, first row in the north; NaN outside the study area.
    origin
        Easting and northing (metres) of the upper left corner of the upper left cell.
    cell
        Side of a cell in metres.
    unit
        Unit of the values, in words, e.g. ``"events per km² and year"``.
    integral
        Integral of the surface over the study area, in events.
    bandwidth
        In metres; `bandwidth_words` says how it was chosen.
    """

    values: NDArray[np.float64]
    origin: tuple[float, float]
    cell: float
    unit: str
    integral: float
    kernel: str
    bandwidth: float
    bandwidth_words: str = ""
    name: str = "events"
    title: str = "events"
    source: str = ""
    period: str = ""
    words: str = ""
    notes: tuple[str, ...] = ()
    attribution: tuple[str, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)
    release: str = UNRELEASED
    crs: str = CRS

    def __post_init__(self) -> None:
        values = np.array(self.values, dtype=float)
        if values.ndim != 2 or self.cell <= 0:
            raise AnalysisError("A surface is a table of cells with a positive side.", found=f"shape {values.shape}")
        values.setflags(write=False)
        _freeze(self, "values", values)
        _frozen_mapping(self, "provenance")

    @property
    def transform(self) -> tuple[float, float, float, float, float, float]:
        """The affine coefficients (a, b, c, d, e, f) that rasterio and GDAL use."""
        return (self.cell, 0.0, self.origin[0], 0.0, -self.cell, self.origin[1])

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """West, south, east, north, in metres."""
        rows, columns = self.values.shape
        west, north = self.origin
        return (west, north - rows * self.cell, west + columns * self.cell, north)


@dataclass(frozen=True, eq=False, slots=True)
class Deprivation(_Noun):
    """Deprivation by area.

    Parameters
    ----------
    table
        Indexed by `area_id`: `score` (share of children in income-deprived families, 0 to 1), `rank` (1 is the
        most deprived) and `decile` (1 is the most deprived tenth); what is not in the source is missing.
    title
        What the index is, e.g. ``"IDACI 2019"``.
    estimated
        Whether the score was derived and not published.
    """

    table: pd.DataFrame
    title: str = "IDACI"
    source: str = ""
    estimated: bool = False
    release: str = OPEN

    def __post_init__(self) -> None:
        table = self.table.copy()
        _need_columns(table, ("score", "rank", "decile"), "Deprivation")
        _need_unique(table.index, "areas of the deprivation file")
        _freeze(self, "table", table[["score", "rank", "decile"]])


SCHOOL_COLUMNS = ("name", "la_code", "la_name", "easting", "northing", "pupils", "low", "high", "years", "reason")


@dataclass(frozen=True, eq=False, slots=True)
class Schools(_Noun):
    """One row per school of the file that is in question, whether it can be tested or not.

    Parameters
    ----------
    table
        Indexed by `school_id` (the `laestab`, text): `name`, `la_code` and `la_name` (the authority that runs
        it), `easting`, `northing` (metres), `pupils` (pupil-years over `years`), `low`, `high` (permanent
        exclusions over the years, an interval where numbers are hidden), `years` (number of years with a
        record), `reason` (why it can't be tested; empty where it can).
    rows_read, dropped
        Rows of the register and reason → rows not in question (not open, not a state-funded secondary, ...).
    """

    table: pd.DataFrame
    rows_read: int
    dropped: Mapping[str, int] = field(default_factory=dict)
    title: str = "permanent exclusions"
    source: str = ""
    period: str = ""
    notes: tuple[str, ...] = ()
    release: str = UNRELEASED

    def __post_init__(self) -> None:
        table = self.table.copy()
        table.index.name = "school_id"
        _need_columns(table, SCHOOL_COLUMNS, "A table of schools")
        _need_unique(table.index, "schools")
        _need_interval(table, "low", "high", "School")
        _freeze(self, "table", table[list(SCHOOL_COLUMNS)].sort_index())
        _frozen_mapping(self, "dropped")
        if self.rows_read != len(table) + sum(self.dropped.values()):
            raise SourceError(
                "The rows of the schools do not add up.",
                found=f"{self.rows_read:,} read, {len(table):,} kept, {sum(self.dropped.values()):,} dropped",
            )

    def __len__(self) -> int:
        return len(self.table)


SCHOOL_RESULT_COLUMNS = (
    *SCHOOL_COLUMNS,
    "area_id",
    "area_la_code",
    "idaci",
    "idaci_decile",
    "rate",
    "rate_low",
    "rate_high",
    "expected",
    "limit_low_95",
    "limit_high_95",
    "limit_low_998",
    "limit_high_998",
    "p_above",
    "p_below",
    "p_adjusted",
    "class",
    "geometry",
)


@dataclass(frozen=True, eq=False, slots=True)
class SchoolResult(_Noun):
    """Every school against what its area's deprivation and its size would suggest.

    Parameters
    ----------
    table
        GeoDataFrame indexed by `school_id` with `SCHOOL_RESULT_COLUMNS`: `rate*` are permanent exclusions per
        100 pupils and year; `expected` and `limit_*` are counts over the period; `p_above`, `p_below` are
        mid-p tails; `class` is one of `vocabulary.SCHOOL_CLASSES`; geometry is missing where the school could
        not be placed.
    words
        The model and its slope, in sentences.
    slope
        `per_ten_points`, `low`, `high` (ratios of rates for ten points of IDACI), `dispersion`.
    """

    table: gpd.GeoDataFrame
    words: str
    slope: Mapping[str, float] = field(default_factory=dict)
    title: str = "permanent exclusions"
    index_title: str = "IDACI"
    source: str = ""
    period: str = ""
    notes: tuple[str, ...] = ()
    attribution: tuple[str, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)
    release: str = UNRELEASED

    def __post_init__(self) -> None:
        _need_columns(self.table, SCHOOL_RESULT_COLUMNS, "A result for schools")
        _freeze(self, "table", self.table[list(SCHOOL_RESULT_COLUMNS)].copy())
        _frozen_mapping(self, "slope")
        _frozen_mapping(self, "provenance")

    def __len__(self) -> int:
        return len(self.table)


@dataclass(frozen=True, eq=False, slots=True)
class Series(_Noun):
    """Counts by period and group; a gap is a gap, never a zero.

    Parameters
    ----------
    table
        Columns `period` (text, in order), `group` (text), `low`, `high` (counts; equal where known, missing in
        a gap), `ci_low`, `ci_high` (95 % interval of the underlying level).
    unit
        What is counted, in words.
    """

    table: pd.DataFrame
    unit: str
    name: str = "series"
    title: str = ""
    source: str = ""
    notes: tuple[str, ...] = ()
    release: str = UNRELEASED

    def __post_init__(self) -> None:
        table = self.table.reset_index(drop=True).copy()
        _need_columns(table, ("period", "group", "low", "high", "ci_low", "ci_high"), "A series")
        _freeze(self, "table", table)


@dataclass(frozen=True, eq=False, slots=True)
class Factors(_Noun):
    """Factors identified at the end of children's assessments, by authority.

    Parameters
    ----------
    table
        Columns `la_code`, `la_name`, `factor`, `mentions` (count, missing where hidden), `mark` (the mark that
        stood there instead, e.g. ``"c"``), `assessments` (episodes with an assessment factor). Several factors
        stand in one assessment, so shares do not add to 100 %.
    """

    table: pd.DataFrame
    title: str = "Factors identified at the end of assessment"
    source: str = ""
    period: str = ""
    notes: tuple[str, ...] = ()
    release: str = OPEN

    def __post_init__(self) -> None:
        columns = ("la_code", "la_name", "factor", "mentions", "mark", "assessments")
        _need_columns(self.table, columns, "Factors of assessments")
        _freeze(self, "table", self.table.reset_index(drop=True)[list(columns)].copy())
