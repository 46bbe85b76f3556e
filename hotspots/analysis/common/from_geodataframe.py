"""Counts, areas, events and schools from any GeoDataFrame."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from hotspots.errors import AnalysisError, list_briefly, suggest
from hotspots.model import AreaCounts, Events, Identity, Note, Schools, StudyArea, text_ids
from hotspots.vocabulary import CRS, UNRELEASED

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray


def as_counts(
    data: AreaCounts | gpd.GeoDataFrame, column: str | None, population: str | None, *, release: str = UNRELEASED
) -> AreaCounts:
    """Return counts as they are, or made from any GeoDataFrame with a column of counts."""
    if isinstance(data, AreaCounts):
        return data
    if column is None:
        raise AnalysisError(
            "Which column holds the counts?",
            found=f"columns {', '.join(map(str, data.columns[:12]))}",
            advice='name it: column="crimes"',
        )
    for name in filter(None, (column, population)):
        if name not in data.columns:
            raise AnalysisError(
                f"There is no column {name!r}.",
                found=f"columns {', '.join(map(str, data.columns[:12]))}",
                advice=suggest(name, map(str, data.columns), otherwise="name a column of the table"),
            )
    areas, notes = _named(_on_grid(data, "areas"))
    if population is not None:
        areas = areas.assign(population=_numbers(data, population))
    values = _numbers(data, column)
    table = pd.DataFrame({"observed_low": values, "observed_high": values}, index=text_ids(data.index))
    return AreaCounts(
        StudyArea(areas, identity=Identity(release="open")),
        table,
        identity=Identity(release=release, name=column, title=column, notes=notes),
    )


MOST: Final = 1e15
"""Above it, sums of whole numbers are no longer exact as floating-point numbers."""


def _numbers(data: gpd.GeoDataFrame, name: str) -> NDArray[np.float64]:
    """Return a column of real numbers, missing where it is.

    Raises
    ------
    AnalysisError
        If it holds anything else: text, dates, lists, complex or endless numbers.
    """
    column = data[name]
    numbers = None
    if isinstance(column, pd.Series):
        kind = column.dtype
        plain = pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_complex_dtype(kind)
        if plain or pd.api.types.is_object_dtype(kind):
            numbers = pd.to_numeric(column, errors="coerce") if plain or _all_real(column) else None
    values = None if numbers is None else numbers.to_numpy(dtype=float, na_value=np.nan)
    if values is None or bool((np.abs(values) > MOST).any()):
        found = f"{getattr(column, 'dtype', 'several columns')}"
        raise AnalysisError(
            f"The column {name!r} does not hold counts or people.",
            found=found if values is None else f"up to {np.nanmax(np.abs(values)):g}",
            advice="give a column of numbers",
        )
    return np.asarray(values, dtype=float)


def _all_real(column: pd.Series) -> bool:
    return all(isinstance(value, Real) or value is None or value is pd.NA for value in column)


def _named(data: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, tuple[Note, ...]]:
    """Return polygons with the columns of a study area, valid, and notes on repaired ones."""
    areas = data.assign(
        name=data.get("name", pd.Series(data.index, index=data.index).astype(str)),
        la_code=data.get("la_code", "not stated"),
        la_name=data.get("la_name", data.get("la_code", "not stated")),
    )[["name", "la_code", "la_name", data.geometry.name]]
    if data.geometry.name != "geometry":
        areas = areas.rename_geometry("geometry")
    broken = ~areas.geometry.is_valid.to_numpy()
    if not broken.any():
        return areas, ()
    shapes = areas.geometry.to_numpy().copy()
    shapes[broken] = areas.geometry[broken].make_valid().to_numpy()
    which = list_briefly(areas.index[broken])
    mended = Note(f"Mended the invalid polygons of {which}.", of="publication", numbers=(which,))
    return areas.assign(geometry=shapes), (mended,)


def as_area(data: StudyArea | gpd.GeoDataFrame) -> StudyArea:
    """Return a study area as it is, or made from any GeoDataFrame of polygons; its index gives the ids.

    Columns `name`, `la_code`, `la_name` and `population` are used where there are any. Another coordinate system is
    converted.

    Raises
    ------
    AnalysisError
        If there is no coordinate system, or no polygon is left of an area.
    """
    if isinstance(data, StudyArea):
        return data
    areas, _ = _named(_on_grid(data, "areas"))
    if "population" in data.columns:
        areas = areas.assign(population=_numbers(data, "population"))
    return StudyArea(areas, identity=Identity(release="open"))


def as_events(data: Events | gpd.GeoDataFrame, *, release: str = UNRELEASED) -> Events:
    """Return events as they are, or made from any GeoDataFrame of points, one row per event.

    Columns `when`, `area_code` and `kind` are used where there are any; a missing point is an event without a place.

    Raises
    ------
    AnalysisError
        If there is no coordinate system, or a geometry is no point.
    """
    if isinstance(data, Events):
        return data
    points = _points(data, "event")
    when = pd.to_datetime(data["when"]) if "when" in data.columns else pd.Series(pd.NaT, index=data.index)
    table = pd.DataFrame(
        {
            "easting": points.geometry.x.to_numpy(),
            "northing": points.geometry.y.to_numpy(),
            "area_code": data["area_code"].to_numpy() if "area_code" in data.columns else None,
            "when": when.astype("datetime64[s]").to_numpy(),
            "kind": data["kind"].to_numpy() if "kind" in data.columns else "event",
        }
    )
    return Events(table, rows_read=len(table), identity=Identity(release=release))


def as_schools(data: Schools | gpd.GeoDataFrame, *, release: str = UNRELEASED) -> Schools:
    """Return schools as they are, or made from any GeoDataFrame of points with `pupils` and `exclusions`, one a school.

    The index gives the ids. Columns `name`, `la_code`, `la_name` and `phase` are used where there are any; pupils and
    exclusions cover one year, or the number of years in a column `years`.

    Raises
    ------
    AnalysisError
        If there is no coordinate system, a geometry is no point, or a column is missing or holds no numbers.
    """
    if isinstance(data, Schools):
        return data
    points = _points(data, "school")
    for name in ("pupils", "exclusions"):
        if name not in data.columns:
            raise AnalysisError(
                f"The schools have no column {name!r}.",
                found=f"columns {list_briefly(data.columns, 12)}",
                advice=f"add it, or rename one: frame.rename(columns={{...: {name!r}}})",
            )
    exclusions, ids = _numbers(data, "exclusions"), text_ids(data.index)
    table = pd.DataFrame(
        {
            **{name: data[name].to_numpy() for name in ("phase",) if name in data.columns},
            "name": data["name"].to_numpy() if "name" in data.columns else ids,
            "la_code": data["la_code"].to_numpy() if "la_code" in data.columns else "not stated",
            "la_name": data["la_name"].to_numpy() if "la_name" in data.columns else "not stated",
            "easting": points.geometry.x.to_numpy(),
            "northing": points.geometry.y.to_numpy(),
            "pupils": _numbers(data, "pupils"),
            "low": exclusions,
            "high": exclusions,
            "years": _numbers(data, "years") if "years" in data.columns else 1.0,
            "reason": "",
        },
        index=ids,
    )
    return Schools(table, rows_read=len(table), identity=Identity(release=release))


def _points(data: gpd.GeoDataFrame, what: str) -> gpd.GeoDataFrame:
    """Return a frame in metres, each of whose geometries is a point or missing."""
    points = _on_grid(data, "points")
    odd = points.geometry.geom_type.dropna()
    odd = odd[odd != "Point"]
    if len(odd):
        raise AnalysisError(
            f"{what.capitalize()}s are points, and row {odd.index[0]!r} is a {odd.iloc[0]}.",
            found=f"{len(odd):,} of {len(points):,} rows",
            advice=f"give one point per {what}, e.g. frame.set_geometry(frame.centroid)",
        )
    return points


def _on_grid(data: gpd.GeoDataFrame, what: str) -> gpd.GeoDataFrame:
    if data.crs is None:
        raise AnalysisError(
            f"The {what} have no coordinate system.",
            found="a GeoDataFrame without crs",
            advice='state it: frame.set_crs("EPSG:27700") for metres, frame.set_crs("EPSG:4326") for degrees',
        )
    return data if data.crs.to_epsg() == 27700 else data.to_crs(CRS)
