"""The tables of a GeoPackage that GDAL does not fill: words for columns, lineage and styles.

References
----------
OGC 12-128r17, GeoPackage Encoding Standard 1.3.0: Schema extension (annex F.9), Metadata extension (annex F.8).
"""

from __future__ import annotations

import json
import sqlite3
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from hotspots.publish.gis.gemini import GMD, CatalogueRecord, as_xml, gemini_record
from hotspots.publish.gis.layers import release_words
from hotspots.vocabulary import CRS, weakest_release

if TYPE_CHECKING:
    from hotspots.publish.gis.layers import Layer

__all__ = ["add_metadata", "add_styles", "add_words"]

EXTENSIONS: Final = """
CREATE TABLE IF NOT EXISTS gpkg_extensions (
    table_name TEXT,
    column_name TEXT,
    extension_name TEXT NOT NULL,
    definition TEXT NOT NULL,
    scope TEXT NOT NULL,
    CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name)
)"""
DATA_COLUMNS: Final = """
CREATE TABLE gpkg_data_columns (
    table_name TEXT NOT NULL,
    column_name TEXT NOT NULL,
    name TEXT,
    title TEXT,
    description TEXT,
    mime_type TEXT,
    constraint_name TEXT,
    CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name),
    CONSTRAINT gdc_tn UNIQUE (table_name, name)
)"""
DATA_COLUMN_CONSTRAINTS: Final = """
CREATE TABLE gpkg_data_column_constraints (
    constraint_name TEXT NOT NULL,
    constraint_type TEXT NOT NULL,
    value TEXT,
    min NUMERIC,
    min_is_inclusive BOOLEAN,
    max NUMERIC,
    max_is_inclusive BOOLEAN,
    description TEXT,
    CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value)
)"""
METADATA: Final = """
CREATE TABLE gpkg_metadata (
    id INTEGER CONSTRAINT m_pk PRIMARY KEY ASC NOT NULL,
    md_scope TEXT NOT NULL DEFAULT 'dataset',
    md_standard_uri TEXT NOT NULL,
    mime_type TEXT NOT NULL DEFAULT 'text/xml',
    metadata TEXT NOT NULL DEFAULT ''
)"""
METADATA_REFERENCE: Final = """
CREATE TABLE gpkg_metadata_reference (
    reference_scope TEXT NOT NULL,
    table_name TEXT,
    column_name TEXT,
    row_id_value INTEGER,
    timestamp DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    md_file_id INTEGER NOT NULL,
    md_parent_id INTEGER,
    CONSTRAINT crmr_mfi_fk FOREIGN KEY (md_file_id) REFERENCES gpkg_metadata(id),
    CONSTRAINT crmr_mpi_fk FOREIGN KEY (md_parent_id) REFERENCES gpkg_metadata(id)
)"""
LAYER_STYLES: Final = """
CREATE TABLE layer_styles (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    f_table_catalog TEXT(256),
    f_table_schema TEXT(256),
    f_table_name TEXT(256),
    f_geometry_column TEXT(256),
    styleName TEXT(30),
    styleQML TEXT,
    styleSLD TEXT,
    useAsDefault BOOLEAN,
    description TEXT,
    owner TEXT(30),
    ui TEXT(30),
    update_time DATETIME
)"""
SCHEMA_URI: Final = "http://www.geopackage.org/spec121/#extension_schema"
METADATA_URI: Final = "http://www.geopackage.org/spec121/#extension_metadata"
JSON_URI: Final = "https://www.rfc-editor.org/rfc/rfc8259"
QGIS_URI: Final = "http://mrcc.com/qgis.dtd"


def _extend(file: sqlite3.Connection, tables: Sequence[str], extension: str, uri: str) -> None:
    file.execute(EXTENSIONS)
    file.executemany(
        "INSERT INTO gpkg_extensions VALUES (?, NULL, ?, ?, 'read-write')",
        [(table, extension, uri) for table in tables],
    )


def add_words(file: sqlite3.Connection, layers: Sequence[Layer]) -> None:
    """Add titles and descriptions of fields, and the codes that a field may hold (Schema extension)."""
    file.execute(DATA_COLUMNS)
    file.execute(DATA_COLUMN_CONSTRAINTS)
    _extend(file, ("gpkg_data_columns", "gpkg_data_column_constraints"), "gpkg_schema", SCHEMA_URI)
    names: dict[tuple[tuple[str, str], ...], str] = {}
    rows = []
    for layer in layers:
        for field, (title, description) in layer.words.items():
            codes = tuple(layer.codes.get(field, {}).items())
            if codes:
                names.setdefault(codes, f"codes_{len(names) + 1}")
            # A title may be used once in a layer.
            rows.append((layer.name, field, field, title, description, names.get(codes)))
    file.executemany(
        "INSERT INTO gpkg_data_columns (table_name, column_name, name, title, description, constraint_name)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        rows,
    )
    file.executemany(
        "INSERT INTO gpkg_data_column_constraints (constraint_name, constraint_type, value, description)"
        " VALUES (?, 'enum', ?, ?)",
        [(name, code, words) for codes, name in names.items() for code, words in codes],
    )


def add_metadata(
    file: sqlite3.Connection, layers: Sequence[Layer], *, title: str, description: str, date: str, contact: str = ""
) -> None:
    """Add how the file and each layer were made: for catalogues, for programs, and in QGIS's own words for QGIS."""
    file.execute(METADATA)
    file.execute(METADATA_REFERENCE)
    _extend(file, ("gpkg_metadata", "gpkg_metadata_reference"), "gpkg_metadata", METADATA_URI)
    release = weakest_release(*(layer.lineage["release"] for layer in layers))
    attribution = list(dict.fromkeys(line for layer in layers for line in layer.lineage["attribution"]))
    whole = {
        "title": title,
        "description": description,
        "layers": {layer.name: layer.title for layer in layers},
        "release": release,
        "release_words": release_words(release),
        "attribution": attribution,
    }
    _add_document(file, None, text=_json(whole), date=date)
    record = CatalogueRecord(
        title=title,
        abstract=description or f"Layers: {', '.join(layer.title for layer in layers if layer.has_geometry)}",
        date=date[:10],
        last_day=max((layer.lineage.get("last_day", "") for layer in layers), default=""),
        extent=_extent(layers),
        lineage=list(dict.fromkeys(words for layer in layers for words in _made_of(layer))),
        licences=attribution,
        limits=release_words(release),
        contact=contact,
    )
    _add_document(file, None, text=gemini_record(record), date=date, uri=GMD, kind="text/xml")
    for layer in layers:
        _add_document(file, layer.name, text=_json(layer.lineage), date=date)
        _add_document(file, layer.name, text=_qgis_metadata(layer), date=date, uri=QGIS_URI, kind="text/xml")


def _made_of(layer: Layer) -> Iterator[str]:
    """Yield what a layer says of its sources and how it was made."""
    if layer.lineage.get("source"):
        yield f"{layer.lineage['title'][:1].upper()}{layer.lineage['title'][1:]}: {layer.lineage['source']}."
    if layer.lineage.get("words"):
        yield f"{str(layer.lineage['words']).rstrip('.')}."


def _extent(layers: Sequence[Layer]) -> tuple[float, float, float, float] | None:
    """Return west, south, east, north in degrees of all layers that have a place."""
    import numpy as np
    from pyproj import Transformer

    bounds = [layer.table.total_bounds for layer in layers if layer.has_geometry and len(layer.table)]
    known = np.array([box for box in bounds if np.isfinite(box).all()])
    if not len(known):
        return None
    low, high = known[:, :2].min(axis=0), known[:, 2:].max(axis=0)
    degrees = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
    west, south, east, north = degrees.transform_bounds(*low, *high)
    return west, south, east, north


def _json(document: object) -> str:
    return json.dumps(document, ensure_ascii=False, default=str, indent=1)


def _add_document(
    file: sqlite3.Connection,
    table: str | None,
    *,
    text: str,
    date: str,
    uri: str = JSON_URI,
    kind: str = "application/json",
) -> None:
    """Add one document about a layer, or about the whole file."""
    row = file.execute(
        "INSERT INTO gpkg_metadata (md_scope, md_standard_uri, mime_type, metadata) VALUES ('dataset', ?, ?, ?)",
        (uri, kind, text),
    )
    file.execute(
        "INSERT INTO gpkg_metadata_reference (reference_scope, table_name, timestamp, md_file_id) VALUES (?, ?, ?, ?)",
        ("table" if table else "geopackage", table, date, row.lastrowid),
    )


def _qgis_metadata(layer: Layer) -> str:
    """Return the layer's metadata as QGIS keeps it, so that they stand in its Information panel."""
    lineage = layer.lineage
    root = ET.Element("qgis")

    def add(tag: str, text: object, **attributes: str) -> None:
        ET.SubElement(root, tag, attributes).text = as_xml(text)

    add("identifier", layer.name)
    add("language", "ENG")
    add("type", "dataset")
    add("title", layer.title)
    add("abstract", layer.description)
    for label, key in (("Source", "source"), ("Period", "period"), ("Method", "words")):
        if lineage.get(key):
            add("history", f"{label}: {lineage[key]}")
    for note in lineage.get("notes", ()):
        add("history", f"Note: {note}")
    for setting, value in lineage.get("provenance", {}).items():
        add("history", f"{setting}: {value}")
    add("constraints", lineage["release_words"], type="other")
    for line in lineage.get("attribution", ()):
        add("rights", line)
    ET.indent(root, " ")
    return "<!DOCTYPE qgis>\n" + ET.tostring(root, encoding="unicode") + "\n"


def add_styles(file: sqlite3.Connection, layers: Sequence[Layer], *, date: str) -> None:
    """Add each layer's style, as the one QGIS opens it with, and the others that it offers."""
    file.execute(LAYER_STYLES)
    file.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change)"
        " VALUES ('layer_styles', 'attributes', 'layer_styles', 'How QGIS draws the layers', ?)",
        (date,),
    )
    file.executemany(
        "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName,"
        " styleQML, styleSLD, useAsDefault, description, owner, ui, update_time)"
        " VALUES ('', '', ?, ?, ?, ?, ?, ?, ?, '', NULL, ?)",
        [
            (
                layer.name,
                layer.geometry if layer.has_geometry else "",
                name[:30],
                style.qml,
                style.sld,
                style is layer.style,
                layer.title,
                date,
            )
            for layer in layers
            for name, style in ((layer.style_name or layer.name, layer.style), *layer.more_styles.items())
        ],
    )
