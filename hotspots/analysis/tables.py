"""Counts from any table of areas, for those who live in geopandas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from hotspots.errors import AnalysisError, list_briefly, nearest
from hotspots.nouns import AreaCounts, StudyArea, text_ids
from hotspots.vocabulary import UNRELEASED

if TYPE_CHECKING:
    import geopandas as gpd


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
                advice=f"did you mean {nearest(name, map(str, data.columns))!r}?",
            )
    areas = data.assign(
        name=data.get("name", pd.Series(data.index, index=data.index).astype(str)),
        la_code=data.get("la_code", "not stated"),
        la_name=data.get("la_name", "not stated"),
    )[["name", "la_code", "la_name", data.geometry.name]]
    if data.geometry.name != "geometry":
        areas = areas.rename_geometry("geometry")
    broken = ~areas.geometry.is_valid.to_numpy()
    notes: tuple[str, ...] = ()
    if broken.any():
        shapes = areas.geometry.to_numpy().copy()
        shapes[broken] = areas.geometry[broken].make_valid().to_numpy()
        areas = areas.assign(geometry=shapes)
        notes = (f"Mended the invalid polygons of {list_briefly(areas.index[broken])}.",)
    if population is not None:
        areas = areas.assign(population=data[population].astype(float))
    values = data[column].to_numpy(float)
    table = pd.DataFrame({"observed_low": values, "observed_high": values}, index=text_ids(data.index))
    return AreaCounts(StudyArea(areas), table, name=column, title=column, notes=notes, release=release)
