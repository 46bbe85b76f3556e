"""Surfaces, and polygons around the cells that pass a threshold."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hotspots.errors import AnalysisError
from hotspots.model.base import OnMap, Result, between, explore, freeze, need_columns, need_tuples, need_unique
from hotspots.model.study_area import StudyArea
from hotspots.model.surface_methods import ContourMethod, SurfaceMethod
from hotspots.vocabulary import (
    CRS,
    SURFACE_LIMITS,
    SURFACE_STEMS,
    SurfaceKind,
)

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray


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
        Unit of the values, in words, e.g. ``"events per km² and year"``; of logarithms, that of the ratio.
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
        known = np.exp(known) if self.is_logarithm else known
        values = between(float(known.min()), float(known.max())) if known.size else "none"
        numbers: dict[str, object] = {"Unit": self.unit, "Values": values, "Bandwidth": f"{self.bandwidth:,.0f} m"}
        return numbers | {"Cells": f"{known.size:,} of {self.cell:,g} m"}

    @property
    def words(self) -> str:
        """The method and the limits of its kind as one text."""
        return " ".join((*self.sentences, *SURFACE_LIMITS.get(self.kind, ())))

    @property
    def is_logarithm(self) -> bool:
        """Whether the values are natural logarithms, of a ratio."""
        return self.kind in ("relative-risk", "ratio")

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
