"""Any layer of polygons with columns of numbers, or of points, as a user of a GIS has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from hotspots.errors import SourceError
from hotspots.model import StudyArea
from hotspots.sources import _polygons, _tabular, _text_files, _vector_files
from hotspots.sources.boundaries import areas_of_layer
from hotspots.vocabulary import CRS, tidy_code

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

__all__ = ["AreaLayer", "read_area_layer", "read_point_layer"]

MOST: Final = 1e15
"""Above it, sums of whole numbers are no longer exact as floating-point numbers."""


@dataclass(frozen=True, eq=False, slots=True)
class AreaLayer:
    """Polygons with numbers.

    Parameters
    ----------
    area
        The polygons as a study area; without an authority where the layer names none.
    numbers
        Indexed by `area_id`: the columns asked for, by the names they were asked by; missing where there is none.
    """

    area: StudyArea
    numbers: pd.DataFrame


def read_area_layer(
    path: Path | str,
    *,
    layer: str | None = None,
    id_column: str | None = None,
    name_column: str | None = None,
    numbers: Sequence[str] = (),
    crs: str | None = None,
) -> AreaLayer:
    """Return the polygons of any layer, in British National Grid, with columns of numbers.

    Parameters
    ----------
    path, layer
        A GeoPackage, GeoJSON, shapefile or GeoParquet file; the layer is needed where it has several.
    id_column, name_column
        Ids and names of the areas. Without them ONS's columns are used, or else the number of the row.
    numbers
        Columns of counts of events or people.
    crs
        The coordinate system, where the file has none.

    Raises
    ------
    SourceError
        If the file, layer or a column is missing, an id appears twice, an area has no polygon, the coordinate system
        is not known or not of Great Britain, or a column holds anything but numbers from 0 on.
    """
    path = _text_files.need_file(path)
    frame = _vector_files.read_layer(path, layer=layer)
    plain = [str(column) for column in frame.columns if column != frame.geometry.name]
    if id_column is not None:
        id_column = _tabular.need_column(plain, (id_column,), path=path, option="--id")
    elif _names_codes(plain):
        id_column = _tabular.find_code_column(plain, path=path, option="--id")
    else:
        frame, id_column = _with_row_numbers(frame, plain)
    columns = {
        name: _numbers(frame[_tabular.need_column(plain, (name,), path=path)], name, path=path) for name in numbers
    }
    stated = crs if frame.crs is None else None
    area = areas_of_layer(frame, path, id_column=id_column, name_column=name_column, crs=stated)
    # The study area is in the order of its ids, the layer in an order of its own.
    ids = [tidy_code(str(value)) for value in frame[id_column]]
    return AreaLayer(area, pd.DataFrame(columns, index=pd.Index(ids, dtype=object)).reindex(area.ids))


def _names_codes(columns: Sequence[str]) -> bool:
    """Whether a column has the name of one of area codes."""
    parsed = [_tabular.parse_column(column) for column in columns]
    by_ons = any(one is not None and one.kind == "code" for one in parsed)
    return by_ons or _tabular.find_column(columns, _tabular.PLAIN_CODES) is not None


def _with_row_numbers(frame: gpd.GeoDataFrame, columns: Sequence[str]) -> tuple[gpd.GeoDataFrame, str]:
    """Return the layer with its rows numbered from 1, as text of one length, and the name of that column."""
    name = "row"
    while name in columns:
        name += "_"
    width = len(str(len(frame)))
    return frame.assign(**{name: [f"{row:0{width}d}" for row in range(1, len(frame) + 1)]}), name


def _numbers(column: pd.Series, name: str, *, path: Path) -> NDArray[np.float64]:
    """Return a column of numbers from 0 on, missing where there is none."""
    kind = column.dtype
    if not pd.api.types.is_numeric_dtype(kind) or pd.api.types.is_bool_dtype(kind):
        known = column.dropna()
        shown = f"{known.iloc[0]!r} in row {known.index[0] + 1}" if len(known) else "nothing in any row"
        raise SourceError(
            f"The column {name!r} of {path} holds no numbers.",
            found=shown,
            advice="name a column of whole or decimal numbers; text that looks like a number must be converted first",
        )
    values = column.to_numpy(dtype=float, na_value=np.nan)
    odd = np.flatnonzero((values < 0) | (values > MOST))
    if len(odd):
        raise SourceError(
            f"The column {name!r} of {path} holds {values[odd[0]]:g}, which is no number of events or people.",
            found=f"row {odd[0] + 1}; {len(odd):,} such rows",
            advice="correct the numbers, or leave them empty where they are not known",
        )
    return np.asarray(values, dtype=float)


def read_point_layer(path: Path | str, *, layer: str | None = None, crs: str | None = None) -> gpd.GeoDataFrame:
    """Return the points of any layer in British National Grid, one row per point; of a multipoint, each of its points.

    Parameters
    ----------
    path, layer, crs
        As in `read_area_layer`.

    Raises
    ------
    SourceError
        If the file or layer is missing, a shape is no point, or the coordinate system is not known.
    """
    path = _text_files.need_file(path)
    frame = _vector_files.read_layer(path, layer=layer, points=True)
    if frame.crs is None:
        if crs is None:
            west, south, east, north = frame.total_bounds
            raise SourceError(
                f"{path} does not state its coordinate system.",
                found=f"{west:.6g} to {east:.6g} east, {south:.6g} to {north:.6g} north",
                advice=_polygons.STATE,
            )
        frame = frame.set_crs(_polygons.parse_crs(crs))
    return frame[[frame.geometry.name]].explode(ignore_index=True).to_crs(CRS)
