"""A layer or table of a GeoPackage under the model's names, tables of areas with their polygons."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio

from hotspots.publish.gis.fields import FIELD_NAMES

MODEL_NAMES = {field: column for column, field in FIELD_NAMES.items()}
YES_OR_NO = ("rate_differs", "alive")


def table_names(path: Path) -> list[str]:
    """Return the names of all layers and tables with results."""
    with closing(sqlite3.connect(path)) as file:
        rows = file.execute("SELECT table_name FROM gpkg_contents WHERE table_name <> 'layer_styles'").fetchall()
    return [str(name) for (name,) in rows]


def read_layer(path: Path, name: str) -> gpd.GeoDataFrame:
    """Return a layer, or a table with the polygons of its areas where it has one row for each."""
    read = pyogrio.read_dataframe(path, layer=name).rename(columns=MODEL_NAMES)
    for column in YES_OR_NO:
        if column in read.columns:
            read[column] = read[column].map({True: "yes", False: "no"})
    if not isinstance(read, gpd.GeoDataFrame) and "area_id" in read.columns:
        areas = pyogrio.read_dataframe(path, layer="areas", columns=["area_id"]).set_index("area_id")
        read = gpd.GeoDataFrame(read, geometry=areas.geometry.reindex(read["area_id"]).to_numpy(), crs=areas.crs)
    return read if isinstance(read, gpd.GeoDataFrame) else pd.DataFrame(read)
