"""The project that QGIS opens: styled layers in groups, and print layouts, as a ``.qgz`` or in a GeoPackage.

Written without QGIS, as its version 3.22 writes a project, and no more than it needs: newer versions read the same.
"""

from __future__ import annotations

import json
import re
import sqlite3
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Final, Literal

from hotspots.errors import OutputError
from hotspots.publish.gis.gemini import as_xml
from hotspots.publish.gis.layout_items import Box, Margins, Shown
from hotspots.publish.gis.layouts import Atlas, Sheet, add_layouts
from hotspots.vocabulary import CRS

__all__ = ["Project", "ProjectLayer", "store_project", "write_project"]

Kind = Literal["point", "polygon", "raster", "table"]

VERSION: Final = "3.22.0"
SUFFIX: Final = ".qgz"
MOMENT: Final = (1980, 1, 1, 0, 0, 0)
"""The time of the file in the archive, the first that a ZIP can have: the same results are to be the same bytes."""
PROJ: Final = "+proj=tmerc +lat_0=49 +lon_0=-2 +k=0.9996012717 +x_0=400000 +y_0=-100000 +ellps=airy +units=m +no_defs"
GEOMETRIES: Final = {"point": ("Point", "Point"), "polygon": ("Polygon", "MultiPolygon")}
TABLE_GEOMETRY: Final = ("No geometry", "NoGeometry")


@dataclass(frozen=True)
class ProjectLayer:
    """One line in the panel of layers.

    Parameters
    ----------
    title, group
        What it is called, and in which group it stands. No two layers have the same title.
    source
        File name, relative to the project.
    table
        The layer of a GeoPackage; empty for a raster.
    qml
        Its style, as in ``layer_styles`` or beside a raster.
    metadata
        What QGIS shows as information about it, as XML in QGIS's own words; may be empty.
    visible
        Whether it is on when the project opens.
    depth
        Layers with a higher depth are drawn first, below the others: outlines have to lie above filled areas, in
        whatever order the groups are listed.
    """

    title: str
    source: str
    group: str
    kind: Kind
    table: str = ""
    qml: str = ""
    metadata: str = ""
    visible: bool = False
    depth: int = 0

    @property
    def name(self) -> str:
        """The title without the bar, at which QGIS parts a list of names."""
        return self.title.replace("|", "¦")

    @property
    def provider(self) -> str:
        """Which part of QGIS reads it."""
        return "gdal" if self.kind == "raster" else "ogr"

    @property
    def uri(self) -> str:
        """Where QGIS finds it, from the project's folder."""
        return f"./{self.source}" if self.kind == "raster" else f"./{self.source}|layername={self.table}"

    @property
    def id(self) -> str:
        """A long and unique id, as QGIS makes it; the same for the same layer."""
        key = sha256("\n".join((self.group, self.title, self.source, self.table)).encode()).hexdigest()[:32]
        return f"{re.sub(r'[^A-Za-z0-9]+', '_', self.table or self.source).strip('_') or 'layer'}_{key}"


@dataclass(frozen=True)
class Project:
    """What a project holds.

    Parameters
    ----------
    layers
        In the order of the panel; groups stand where their first layer is.
    sheets, atlas
        The print layouts. They name layers by their titles.
    extent
        What the map shows at first, in metres: west, south, east, north.
    attribution, marking, imprint
        What stands on each sheet (`imprint`: date and contact); empty ones are left out.
    """

    title: str
    layers: tuple[ProjectLayer, ...]
    extent: Box
    sheets: tuple[Sheet, ...] = ()
    atlas: Atlas | None = None
    attribution: str = ""
    marking: str = ""
    imprint: str = ""


def write_project(path: str | Path, project: Project) -> Path:
    """Write a project beside its layers; QGIS opens it wherever the folder lies.

    Parameters
    ----------
    path
        Where to; ends in ``.qgz``, in the folder to which the sources of the layers are relative.

    Returns
    -------
    Path
        The file. The same project gives the same bytes.

    Raises
    ------
    OutputError
        If two layers have one title, a sheet names a layer that there is not, or the file can't be written.
    """
    path = Path(path)
    if path.suffix.lower() != SUFFIX:
        raise OutputError(
            f"{path.name!r} is not the name of a QGIS project.",
            found=f"the ending {path.suffix!r}",
            advice="let the name end in .qgz",
        )
    packed = _packed(project, path.stem)
    try:
        path.write_bytes(packed)
    except OSError as error:
        raise _can_not_write(path, error) from error
    return path


def store_project(geopackage: str | Path, project: Project, *, name: str) -> None:
    """Put a project into the GeoPackage of its layers, from where QGIS opens it too.

    The table ``qgis_projects`` is QGIS's own and no content of the GeoPackage: as QGIS leaves it, it is not
    registered, and other programs do not list it.

    Parameters
    ----------
    geopackage
        A file that is there, in the folder to which the sources of the layers are relative.
    name
        What the project is called in the file; one of the same name is replaced. Its date is that of the file.

    Raises
    ------
    OutputError
        As of `write_project`.
    """
    path = Path(geopackage)
    # QGIS keeps the archive in hexadecimal digits, as text.
    content = _packed(project, name).hex()
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)) as file, file:
            file.execute(
                "CREATE TABLE IF NOT EXISTS qgis_projects (name TEXT PRIMARY KEY, metadata BLOB, content BLOB)"
            )
            (date,) = file.execute("SELECT max(last_change) FROM gpkg_contents").fetchone()
            metadata = json.dumps({"last_modified_time": str(date)[:19], "last_modified_user": ""})
            file.execute("INSERT OR REPLACE INTO qgis_projects VALUES (?, ?, ?)", (name, metadata, content))
    except sqlite3.Error as error:
        raise _can_not_write(path, error) from error


def _can_not_write(path: Path, error: Exception) -> OutputError:
    return OutputError(
        f"The QGIS project in {path.name} can't be written.",
        found=str(error)[:200],
        advice="free space on the disk, close the program that has the file open, or write to another folder",
    )


def _packed(project: Project, name: str) -> bytes:
    """Return the archive with the project file."""
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        file = zipfile.ZipInfo(f"{name}.qgs", MOMENT)
        file.compress_type, file.create_system, file.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
        packed.writestr(file, _document(project).encode())
    return archive.getvalue()


# --------------------------------------------------------------------------- the document


def _document(project: Project) -> str:
    """Return the project as QGIS's XML."""
    by_title = _by_title(project)
    root = ET.Element("qgis", version=VERSION, projectname=project.title)
    ET.SubElement(root, "homePath", path="")
    ET.SubElement(root, "title").text = project.title
    _add_crs(ET.SubElement(root, "projectCrs"))
    drawn = sorted(project.layers, key=lambda layer: layer.depth)
    _add_tree(root, project.layers, drawn)
    canvas = ET.SubElement(root, "mapcanvas", name="theMapCanvas", annotationsVisible="1")
    ET.SubElement(canvas, "units").text = "meters"
    _add_extent(canvas, project.extent)
    ET.SubElement(canvas, "rotation").text = "0"
    _add_crs(ET.SubElement(canvas, "destinationsrs"))
    layers = ET.SubElement(root, "projectlayers")
    for layer in project.layers:
        element = _add_layer(layers, layer)
        if project.atlas is not None and layer.title == project.atlas.hotspots:
            _draw_own_last(element)
    order = ET.SubElement(root, "layerorder")
    for layer in drawn:
        ET.SubElement(order, "layer", id=layer.id)
    _add_properties(root)
    margins = Margins(
        subtitle=project.title,
        attribution=project.attribution,
        imprint=project.imprint,
        marking=project.marking,
    )
    add_layouts(root, project.sheets, project.atlas, layers=by_title, margins=margins)
    view = ET.SubElement(root, "ProjectViewSettings", UseProjectScales="0", rotation="0")
    _add_crs(ET.SubElement(view, "DefaultViewExtent", _corners(project.extent)))
    ET.indent(root, " ")
    text = ET.tostring(root, encoding="unicode")
    return f"<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n{as_xml(text)}\n"


def _by_title(project: Project) -> dict[str, Shown]:
    """Return the layers as sheets name them, each of which has to be there once."""
    titles = [layer.title for layer in project.layers]
    twice = sorted({title for title in titles if titles.count(title) > 1})
    named = [title for sheet in project.sheets for title in sheet.layers]
    if project.atlas is not None:
        named += [project.atlas.hotspots, *project.atlas.layers, *project.atlas.grounds.values()]
    missing = sorted(set(named) - set(titles))
    if twice or missing:
        number = "two layers" if twice else "no layer"
        raise OutputError(
            f"The project {project.title!r} has {number} called {(twice or missing)[0]!r}.",
            advice="give each layer its own title, and name layers by their titles",
        )
    return {
        layer.title: Shown(layer.id, layer.name, layer.uri, layer.provider, _legend(layer)) for layer in project.layers
    }


def _legend(layer: ProjectLayer) -> tuple[str | None, ...]:
    """Return the lines of a layer's legend; None for the marking, a rule that draws nothing: sheets are marked."""
    rules = _style_of(layer).iterfind("renderer-v2/rules/rule")
    return tuple(None if rule.get("filter") == "FALSE" else rule.get("label", "") for rule in rules)


def _style_of(layer: ProjectLayer) -> ET.Element:
    return ET.fromstring(layer.qml) if layer.qml else ET.Element("qgis")


def _add_tree(root: ET.Element, layers: Sequence[ProjectLayer], drawn: Sequence[ProjectLayer]) -> None:
    """Add the panel of layers: the first group is open."""
    tree = ET.SubElement(root, "layer-tree-group")
    groups: dict[str, ET.Element] = {}
    for layer in layers:
        if layer.group not in groups:
            opened = str(int(not groups))
            groups[layer.group] = ET.SubElement(
                tree, "layer-tree-group", name=layer.group, checked="Qt::Checked", expanded=opened
            )
        ET.SubElement(
            groups[layer.group], "layer-tree-layer", id=layer.id, name=layer.name, source=layer.uri,
            providerKey=layer.provider, expanded=str(int(layer.visible)),
            checked="Qt::Checked" if layer.visible else "Qt::Unchecked",
        )  # fmt: skip
    order = ET.SubElement(tree, "custom-order", enabled="1")
    for layer in drawn:
        ET.SubElement(order, "item").text = layer.id


def _add_layer(into: ET.Element, layer: ProjectLayer) -> ET.Element:
    style = _style_of(layer)
    element = ET.SubElement(into, "maplayer", styleCategories="AllStyleCategories", hasScaleBasedVisibilityFlag="0")
    if layer.kind == "raster":
        element.set("type", "raster")
    else:
        geometry, wkb = GEOMETRIES.get(layer.kind, TABLE_GEOMETRY)
        attributes = {"type": "vector", "geometry": geometry, "wkbType": wkb, "readOnly": "0"}
        element.attrib.update(attributes, labelsEnabled=style.get("labelsEnabled", "0"))
    ET.SubElement(element, "id").text = layer.id
    ET.SubElement(element, "datasource").text = layer.uri
    ET.SubElement(element, "layername").text = layer.name
    if layer.kind != "table":
        _add_crs(ET.SubElement(element, "srs"))
    if layer.metadata:
        ET.SubElement(element, "resourceMetadata").extend(ET.fromstring(layer.metadata))
    provider = ET.SubElement(element, "provider")
    provider.text = layer.provider
    if layer.kind != "raster":
        provider.set("encoding", "UTF-8")
    manager = ET.SubElement(element, "map-layer-style-manager", current="default")
    ET.SubElement(manager, "map-layer-style", name="default")
    element.extend(style)
    return element


def _draw_own_last(layer: ET.Element) -> None:
    """Let the hotspot of an atlas's page lie above those that overlap it; elsewhere their order stays."""
    for renderer in layer.iterfind("renderer-v2"):
        renderer.set("enableorderby", "1")
        order = ET.SubElement(ET.SubElement(renderer, "orderby"), "orderByClause", asc="1", nullsFirst="1")
        order.text = "\"hotspot\" = attribute(@atlas_feature, 'hotspot')"


def _add_crs(into: ET.Element) -> None:
    """Add the British National Grid in full: QGIS does not look it up by its code alone."""
    import pyproj

    grid = pyproj.CRS.from_user_input(CRS)
    crs = ET.SubElement(into, "spatialrefsys")
    for tag, text in (
        ("wkt", grid.to_wkt()),
        ("proj4", PROJ),
        ("srsid", "2437"),
        ("srid", CRS.removeprefix("EPSG:")),
        ("authid", CRS),
        ("description", grid.name),
        ("projectionacronym", "tmerc"),
        ("ellipsoidacronym", "EPSG:7001"),
        ("geographicflag", "false"),
    ):
        ET.SubElement(crs, tag).text = text


def _corners(extent: Box) -> dict[str, str]:
    return dict(zip(("xmin", "ymin", "xmax", "ymax"), (f"{side:.3f}" for side in extent), strict=True))


def _add_extent(into: ET.Element, extent: Box) -> None:
    corners = ET.SubElement(into, "extent")
    for name, side in _corners(extent).items():
        ET.SubElement(corners, name).text = side


PROPERTIES: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    # Without it QGIS opens the project without a coordinate system.
    "SpatialRefSys": {"ProjectionsEnabled": ("int", "1")},
    "Paths": {"Absolute": ("bool", "false")},
    "Gui": {f"CanvasColor{colour}Part": ("int", "255") for colour in ("Red", "Green", "Blue")},
    "Measurement": {"DistanceUnits": ("QString", "meters"), "AreaUnits": ("QString", "km2")},
    "PAL": {"PlacementEngineVersion": ("int", "1")},
}


def _add_properties(root: ET.Element) -> None:
    properties = ET.SubElement(root, "properties")
    for scope, values in PROPERTIES.items():
        into = ET.SubElement(properties, scope)
        for name, (kind, value) in values.items():
            ET.SubElement(into, name, type=kind).text = value
