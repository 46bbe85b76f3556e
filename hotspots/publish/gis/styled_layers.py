"""What a finished GeoPackage holds, read back with its styles: for the project that shows it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hotspots.publish.gis.metadata import QGIS_URI

__all__ = ["StyledLayer", "read_styled_layers"]


@dataclass(frozen=True)
class StyledLayer:
    """A layer or table: its title, each style (name → QML, the first the one that it opens with), and its metadata."""

    table: str
    title: str
    kind: Literal["point", "polygon", "table"]
    styles: dict[str, str]
    metadata: str


def read_styled_layers(path: str | Path) -> dict[str, StyledLayer]:
    """Return the layers of a GeoPackage of `write_geopackage` by name, in the order of the file.

    Parameters
    ----------
    path
        The file; it is only read.
    """
    with closing(sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro", uri=True)) as file:
        geometries = dict(file.execute("SELECT table_name, geometry_type_name FROM gpkg_geometry_columns"))
        metadata = dict(
            file.execute(
                "SELECT r.table_name, m.metadata FROM gpkg_metadata_reference r"
                " JOIN gpkg_metadata m ON m.id = r.md_file_id WHERE r.table_name IS NOT NULL AND m.md_standard_uri = ?",
                (QGIS_URI,),
            )
        )
        styles: dict[str, dict[str, str]] = {}
        rows = "SELECT f_table_name, styleName, styleQML FROM layer_styles ORDER BY useAsDefault DESC, id"
        for table, name, qml in file.execute(rows):
            styles.setdefault(table, {})[name] = qml
        contents = "SELECT table_name, identifier FROM gpkg_contents WHERE table_name <> 'layer_styles' ORDER BY rowid"
        return {
            table: StyledLayer(
                table, title, _kind(geometries.get(table)), styles.get(table, {}), metadata.get(table, "")
            )
            for table, title in file.execute(contents)
        }


def _kind(geometry: str | None) -> Literal["point", "polygon", "table"]:
    if geometry is None:
        return "table"
    return "point" if "POINT" in geometry else "polygon"
