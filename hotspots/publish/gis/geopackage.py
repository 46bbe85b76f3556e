"""One GeoPackage with every result as a layer: styled, described, with its lineage, the same bytes every time."""

from __future__ import annotations

import re
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, get_args

from hotspots.errors import OutputError, list_briefly
from hotspots.model import (
    Agreement,
    AreaSummary,
    Clusters,
    Contours,
    Extract,
    HotspotResult,
    Hotspots,
    Place,
    SchoolResult,
    Stability,
    StudyArea,
    need_released,
    renamed_arguments,
    summarise_areas,
)
from hotspots.publish.gis.layers import (
    Content,
    Layer,
    OfAreas,
    Origin,
    area_table,
    cluster_layer,
    contour_layer,
    hotspot_layer,
    provenance_table,
    school_layer,
    summary_layer,
)
from hotspots.publish.gis.metadata import add_metadata, add_styles, add_words
from hotspots.publish.gis.place_layers import authority_layer, place_layer
from hotspots.publish.style import Ground, marking
from hotspots.vocabulary import weakest_release

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DATE", "write_geopackage"]

DATE: Final = "1970-01-01T00:00:00.000Z"
"""The date of a file in which nothing tells one: a date is required, and equal results are to be equal files."""
SUFFIX: Final = ".gpkg"


@dataclass(frozen=True, eq=False)
class _Asked:
    """What is written beside the contents."""

    places: tuple[Place, ...]
    school_ratios: pd.DataFrame | None
    provenance: tuple[Origin, ...]


@renamed_arguments(nouns="contents")
def write_geopackage(
    path: str | Path,
    contents: Sequence[Content],
    *,
    title: str,
    description: str = "",
    date: str | None = None,
    contact: str = "",
    places: Sequence[Place] = (),
    school_ratios: pd.DataFrame | None = None,
    provenance: Sequence[Origin] = (),
) -> Path:
    """Write results, hotspots, clusters, contours, schools and authorities as the layers of one GeoPackage.

    Areas are one layer, ``areas``, with the main numbers of every source and a style for each; all columns of a
    `HotspotResult` are the table ``<name>_<method>``, of `Stability` and `Agreement` ``<name>_stability`` and
    ``<name>_agreement``, to be joined by `area_id`. `Hotspots` become the layer ``hotspots``, `Clusters`
    ``<name>_clusters``, `Contours` ``<surface>_<kinds>``, a `SchoolResult` ``schools``, a `StudyArea` (or its
    `Ground`, from `prepare_ground`) ``authorities`` (the areas dissolved, with what each `Extract` says of them), and
    `places` ``places``. Points come first, areas last: QGIS puts the first layer of a file on top. Each layer brings
    its own style for QGIS (also as SLD), titles, descriptions and codes of its fields, and how it was made.

    Parameters
    ----------
    path
        Where to; ends in ``.gpkg``. Its folder is made if it is not there; an older file is replaced, at once
        and as a whole.
    contents
        What to write.
    title, description
        What the file is, in words.
    date
        The time that stands in the file, as ``"2026-01-31T12:00:00.000Z"``; if not given, the last day of the periods
        of what is in it, or of the year of its geography. It is never the time of writing: the same results give the
        same bytes.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    DisclosureError
        If one of the contents was made from counts that were not released.
    OutputError
        If a content can't be a layer, two would have the same name, or the file can't be written.
    """
    from pyogrio.errors import DataLayerError, DataSourceError

    path = Path(path)
    if path.suffix.lower() != SUFFIX:
        raise OutputError(
            f"{path.name!r} is not the name of a GeoPackage.",
            found=f"the ending {path.suffix!r}",
            advice="let the name end in .gpkg",
        )
    layers = _layers(path.name, contents, _Asked(tuple(places), school_ratios, tuple(provenance)))
    stamp = _checked_date(date or _last_day(contents))
    _need_closed(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".hotspots-", dir=path.parent) as folder:
            draft = Path(folder) / path.name
            with _fixed_date(stamp):
                for layer in layers:
                    _write_layer(draft, layer)
            _finish(draft, layers, title=title, description=description, date=stamp, contact=contact)
            draft.replace(path)
    except (OSError, DataSourceError, DataLayerError, sqlite3.Error) as error:
        raise OutputError(
            f"The GeoPackage {path.name} can't be written.",
            found=str(error)[:200],
            advice="free space on the disk, close the program that has the file open, or write to another folder",
        ) from error
    return path


def _last_day(contents: Sequence[Content]) -> str:
    """Return the last day that results cover, or of the year of their geography; a constant where neither is known."""
    ends = [content.period.last_day for content in contents if not isinstance(content, StudyArea | Ground)]
    areas = [content.area for content in contents if isinstance(content, Ground)]
    areas += [content for content in contents if isinstance(content, StudyArea)]
    vintages = [area.vintage for area in areas if area.vintage]
    day = max((end for end in ends if end is not None), default=None)
    if day is not None:
        return f"{day.isoformat()}T00:00:00.000Z"
    return f"{max(vintages)}-12-31T00:00:00.000Z" if vintages else DATE


def _checked_date(date: str) -> str:
    """Return the date if it is written as a GeoPackage asks for."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", date):
        raise OutputError(
            f"A GeoPackage can't be dated {date!r}.", advice=f"write date and time (UTC) in full, as {DATE!r}"
        )
    return date


def _need_closed(path: Path) -> None:
    """Stop if another program has the file open: its unsaved changes would be mixed into the new file."""
    for ending in ("-wal", "-journal"):
        beside = path.with_name(path.name + ending)
        if beside.exists():
            raise OutputError(
                f"The GeoPackage {path} is open in another program.",
                found=f"{beside.name} beside it",
                advice="close QGIS, or remove the file from its project, and run again",
            )


def _layers(file: str, contents: Sequence[Content], asked: _Asked) -> list[Layer]:
    """Return the layers in drawing order, top first, as QGIS lists them; then the tables."""
    for content in contents:
        if not isinstance(content, get_args(Content)):
            raise OutputError(
                f"A {type(content).__name__} can't be a layer of a GeoPackage.",
                found=f"{type(content).__name__} for {file}",
                advice="give results of areas or schools, clusters, contours and study areas; "
                "write a surface with write_raster",
            )
        given = content.area if isinstance(content, Ground) else content
        need_released(given, f"What is written into {file}")
    layers = [*_of_areas(contents), *_of_places(contents, asked)]
    for content in contents:
        if isinstance(content, Hotspots) and len(content):
            layers.append(hotspot_layer(content))
        elif isinstance(content, Clusters):
            layers.append(cluster_layer(content))
        elif isinstance(content, Contours):
            layers.append(contour_layer(content))
        elif isinstance(content, SchoolResult):
            layers.append(school_layer(content))
    if not layers:
        raise OutputError(f"There is nothing to write into {file}.", advice="give at least one result")
    if asked.provenance:
        layers.append(provenance_table(asked.provenance, release=weakest_release(*map(_release, layers))))
    names = [layer.name for layer in layers]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise OutputError(
            f"Two layers of {file} would be called {twice[0]!r}.",
            found=f"layers {list_briefly(names, 10)}",
            advice="give the events different names, or write two files",
        )
    return sorted(map(_marked, layers), key=lambda layer: -layer.level)


def _of_areas(contents: Sequence[Content]) -> list[Layer]:
    """Return the layer of areas, and the table of each result."""
    found: list[OfAreas] = [one for one in contents if isinstance(one, HotspotResult | Stability | Agreement)]
    if not found:
        return []
    summary = next((one for one in contents if isinstance(one, AreaSummary)), None)
    hotspots = next((one for one in contents if isinstance(one, Hotspots)), None)
    if summary is None:
        summary = summarise_areas(found, hotspots=hotspots)
    return [summary_layer(summary, found), *map(area_table, found)]


def _of_places(contents: Sequence[Content], asked: _Asked) -> list[Layer]:
    """Return the layers of authorities and places, of each study area that is given."""
    extracts = [one for one in contents if isinstance(one, Extract)]
    schools = next((one for one in contents if isinstance(one, SchoolResult)), None)
    layers = []
    for content in contents:
        if isinstance(content, StudyArea | Ground):
            layers.append(authority_layer(content, extracts, schools=schools, school_ratios=asked.school_ratios))
            layers += [place_layer(asked.places, content)] if asked.places else []
    return layers


def _release(layer: Layer) -> str:
    return str(layer.lineage["release"])


def _marked(layer: Layer) -> Layer:
    """Return the layer with its marking, if it has one, first in its description."""
    mark = marking(_release(layer))
    return replace(layer, description=f"{mark}. {layer.description}".strip()) if mark else layer


@contextmanager
def _fixed_date(date: str) -> Iterator[None]:
    """Let GDAL write this date and not the present one."""
    import pyogrio

    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": date})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})


def _write_layer(path: Path, layer: Layer) -> None:
    import pyogrio

    described = {"IDENTIFIER": layer.title, "DESCRIPTION": layer.description}
    if not layer.has_geometry:
        pyogrio.write_dataframe(
            layer.table, path, layer=layer.name, driver="GPKG", append=path.exists(), layer_options=described
        )
        return
    pyogrio.write_dataframe(
        layer.table,
        path,
        layer=layer.name,
        driver="GPKG",
        geometry_type=layer.geometry_type,
        promote_to_multi=layer.geometry_type.startswith("Multi"),
        append=path.exists(),
        dataset_options={"VERSION": "1.3"},
        layer_options={"GEOMETRY_NAME": layer.geometry, "SPATIAL_INDEX": "YES", **described},
    )


def _finish(path: Path, layers: Sequence[Layer], *, date: str, **words: str) -> None:
    """Add what GDAL does not write: words for the columns, lineage and styles."""
    with closing(sqlite3.connect(path)) as file, file:
        add_words(file, layers)
        add_metadata(file, layers, date=date, **words)
        add_styles(file, layers, date=date)
    with closing(sqlite3.connect(path)) as file:
        file.execute("VACUUM")
