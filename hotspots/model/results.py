"""Results of an analysis: hotspots, surfaces, schools compared with deprivation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hotspots.errors import AnalysisError
from hotspots.model.checks import freeze, freeze_mapping, need_columns, need_unique
from hotspots.model.identity import ModelType, need_tuples, read_school_years
from hotspots.model.methods import HotspotMethod, Recorded, SchoolMethod
from hotspots.model.records import SCHOOL_COLUMNS, SCHOOL_DEFAULTS, DeprivationIndex
from hotspots.model.study_area import Place, StudyArea, slugify
from hotspots.model.surface_methods import ContourMethod, SurfaceMethod
from hotspots.model.views import OnMap, between, explore
from hotspots.vocabulary import (
    COLD_CLASSES,
    CRS,
    HOT_CLASSES,
    LEVEL_OF_CLASS,
    METHOD_CLASSES,
    METHOD_TITLES,
    RESULT_COLUMNS,
    SCHOOL_CLASSES,
    SURFACE_LIMITS,
    SURFACE_STEMS,
    Covariate,
    Method,
    Statistic,
    SurfaceKind,
)

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

USUAL_LEVEL: Final = 0.05
"""Level of results that were made by hand and do not say theirs."""


class Result(ModelType):
    """Base class of results: their method is a tuple of sentences, and one text for those who write it."""

    __slots__ = ()

    sentences: tuple[str, ...]
    provenance: Recorded | None

    @property
    def words(self) -> str:
        """The method as one text."""
        return " ".join(self.sentences)


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


@dataclass(frozen=True, eq=False, slots=True)
class Surface(Result, OnMap):
    """A value for every cell of the study area: north up, missing outside.

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
        Integral of the surface over the study area, in events; missing where the value is no density.
    bandwidth
        In metres; `bandwidth_words` has the metres and how they were chosen, without a full stop: ``"750 m, as set"``.
    kind
        What the values are; see `SurfaceKind`.
    sentences
        How the surface was made; `words` has what no surface of its kind can show too.
    provenance
        How it was made: kernel, bandwidth, cells, test, ...; None of a surface made by hand.
    area
        The study area that it was made for; None of a surface made by hand.
    p_raised, p_lowered
        Upper-tail and lower-tail p-values of every cell if there is no difference (shape of `values`);
        None where nothing is tested.
    """

    values: NDArray[np.float64]
    origin: tuple[float, float]
    cell: float
    unit: str
    integral: float
    kernel: str
    bandwidth: float
    bandwidth_words: str = ""
    sentences: tuple[str, ...] = ()
    provenance: SurfaceMethod | None = field(kw_only=True)
    area: StudyArea | None = field(default=None, kw_only=True)
    crs: str = CRS
    kind: SurfaceKind = "density"
    p_raised: NDArray[np.float64] | None = None
    p_lowered: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        need_tuples(self, "sentences")
        values = np.array(self.values, dtype=float)
        if values.ndim != 2 or self.cell <= 0:
            raise AnalysisError("A surface is a table of cells with a positive side.", found=f"shape {values.shape}")
        values.setflags(write=False)
        freeze(self, "values", values)
        for name in ("p_raised", "p_lowered"):
            if getattr(self, name) is None:
                continue
            chances = np.array(getattr(self, name), dtype=float)
            if chances.shape != values.shape:
                raise AnalysisError(
                    f"A surface's {name} must have one number per cell.",
                    found=f"{chances.shape} for {values.shape} cells",
                )
            chances.setflags(write=False)
            freeze(self, name, chances)

    def explore(self, **options: Any) -> Any:
        """Return a map of its cells to zoom in a browser, with folium; options as of `geopandas.GeoDataFrame.explore`.

        Raises
        ------
        AnalysisError
            If it has more cells than a browser shows.
        """
        return explore(self, _as_squares(self), column="value", shown=["value"], options=options)

    def _numbers(self) -> dict[str, object]:
        known = self.values[~np.isnan(self.values)]
        values = between(float(known.min()), float(known.max())) if known.size else "none"
        numbers: dict[str, object] = {"Unit": self.unit, "Values": values, "Bandwidth": f"{self.bandwidth:,.0f} m"}
        return numbers | {"Cells": f"{known.size:,} of {self.cell:,g} m"}

    @property
    def words(self) -> str:
        """The method and the limits of its kind as one text."""
        return " ".join((*self.sentences, *SURFACE_LIMITS.get(self.kind, ())))

    @property
    def stem(self) -> str:
        """Name of its files and layers: the source, and what the values are."""
        return f"{self.name}_{SURFACE_STEMS[self.kind]}"

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


MOST_SQUARES: Final = 50_000
"""Cells that a web map has at most: about 20 MB."""


def _as_squares(surface: Surface) -> gpd.GeoDataFrame:
    """Return the cells with a value as polygons, one row each, from the north-west by rows."""
    import geopandas as gpd
    import shapely

    rows, columns = np.nonzero(~np.isnan(surface.values))
    if len(rows) > MOST_SQUARES:
        raise AnalysisError(
            "The surface has too many cells for a web map.",
            found=f"{len(rows):,} cells of {surface.cell:,g} m, at most {MOST_SQUARES:,}",
            advice="make it with a larger cell, or draw a printed map with .plot()",
        )
    west = surface.origin[0] + columns * surface.cell
    north = surface.origin[1] - rows * surface.cell
    squares = shapely.box(west, north - surface.cell, west + surface.cell, north)
    return gpd.GeoDataFrame({"value": surface.values[rows, columns]}, geometry=squares, crs=surface.crs)


CONTOUR_COLUMNS = ("kind", "words", "threshold", "area_km2", "share_of_area", "events", "share_of_events", "geometry")


@dataclass(frozen=True, eq=False, slots=True)
class Contours(Result):
    """Polygons around the cells of a surface that pass a threshold, each with what lies in it.

    Parameters
    ----------
    table
        GeoDataFrame indexed by `contour_id` (whole numbers from 1) with `CONTOUR_COLUMNS`, one row per polygon:
        `kind` is one of `vocabulary.CONTOUR_KINDS`; `words` say what it is; `threshold` is the value (or the chance)
        passed; `share_of_area` and `share_of_events` are of the whole study area, 0 to 1; `events` is missing where
        the points behind the surface may not be counted.
    surface
        Name of the surface.
    sentences
        How the polygons were made.
    summary
        How many there are and what lies in them, in a sentence.
    provenance
        How they were made; None of contours made by hand.
    """

    table: gpd.GeoDataFrame
    surface: str
    sentences: tuple[str, ...] = ()
    summary: str = ""
    provenance: ContourMethod | None = field(kw_only=True)

    def __post_init__(self) -> None:
        need_tuples(self, "sentences")
        need_columns(self.table, CONTOUR_COLUMNS, "A table of contours")
        table = self.table[list(CONTOUR_COLUMNS)].copy()
        table.index.name = "contour_id"
        need_unique(table.index, "contours")
        freeze(self, "table", table)

    def __len__(self) -> int:
        return len(self.table)

    def explore(self, **options: Any) -> Any:
        """Return a map to zoom in a browser, with folium; options as of `geopandas.GeoDataFrame.explore`."""
        shown = ["words", "area_km2", "share_of_area", "events", "share_of_events"]
        return explore(self, self.table, column="words", shown=shown, options=options)


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


def settings_of(result: Result) -> dict[str, Any]:
    """Return method and settings of a result as files have them; nothing of one made by hand."""
    return {} if result.provenance is None else result.provenance.as_dict()
