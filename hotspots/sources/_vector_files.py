"""Files of boundaries opened as what their name says they are, with nothing fetched on their behalf."""

from __future__ import annotations

import re
import sqlite3
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hotspots.errors import SourceError, list_briefly, suggest
from hotspots.sources._parquet import PARQUET, need_small_parquet

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["read_layer"]

READABLE: Final = "use a GeoPackage, GeoJSON, shapefile or GeoParquet file, complete and undamaged"

OFFLINE: Final = {
    # GDAL opens by content: a description of a web service, a virtual file or a linked coordinate system makes it ask
    # the network. There is no switch for that, so its requests go to a port of this machine where nobody listens.
    "GDAL_HTTP_PROXY": "127.0.0.1:9",
    "GDAL_HTTPS_PROXY": "127.0.0.1:9",
    "GDAL_HTTP_CONNECTTIMEOUT": "1",
    "GDAL_HTTP_MAX_RETRY": "0",
}

JSON_TYPES: Final = re.compile(rb'"type"\s*:\s*"(FeatureCollection|Feature)"')
HEAD: Final = 65_536

MOST_STEPS: Final = 200_000_000
"""Steps of SQLite's machine that a view may take: some ten seconds, for millions of areas."""


def _is_geopackage(head: bytes) -> bool:
    return head.startswith(b"SQLite format 3\0")


def _is_geojson(head: bytes) -> bool:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    # A recipe of GDAL's own (a "streamed algorithm") is JSON too, and may name any file or address.
    return text.startswith(b"{") and JSON_TYPES.search(text) is not None and b"gdal_streamed_alg" not in text


def _is_shapefile(head: bytes) -> bool:
    return head.startswith(b"\x00\x00\x27\x0a")


def _is_parquet(head: bytes) -> bool:
    return head.startswith(b"PAR1")


KINDS: Final[dict[str, tuple[str, Callable[[bytes], bool]]]] = {
    ".gpkg": ("GeoPackage", _is_geopackage),
    ".geojson": ("GeoJSON file", _is_geojson),
    ".json": ("GeoJSON file", _is_geojson),
    ".shp": ("shapefile", _is_shapefile),
    **dict.fromkeys(PARQUET, ("GeoParquet file", _is_parquet)),
}
"""Ending → what the file is, and whether its first bytes say so too."""


def read_layer(path: Path, *, layer: str | None, points: bool = False) -> gpd.GeoDataFrame:
    """Return one layer of polygons, or of points, as it is in the file.

    The file is opened as what its ending says, after its first bytes have said the same; no request leaves this
    machine, whatever the file asks for.

    Raises
    ------
    SourceError
        If it can't be read, is something else than its ending says, has no such layer or several, or holds no
        polygons, or no points.
    """
    _need_kind(path)
    if path.suffix.lower() in PARQUET:
        if layer is not None:
            raise SourceError(
                f"{path} has no layer {layer!r}.",
                found="a GeoParquet file, which is one layer without a name",
                advice="leave the layer out",
            )
        frame = _read_geoparquet(path)
    else:
        frame = _read_vector(path, layer)
    if points:
        _need_points(frame, str(path))
    else:
        _need_polygons(frame, str(path))
    return frame


def as_layer(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return a GeoDataFrame as if it were read from a file: an index with a name is a column.

    Raises
    ------
    SourceError
        If it holds no polygons.
    """
    _need_polygons(frame, "The GeoDataFrame")
    return frame.reset_index(drop=frame.index.name is None)


def _need_polygons(frame: gpd.GeoDataFrame, path: str) -> None:
    if frame.empty:
        raise SourceError(f"{path} has no areas.", found="0 rows", advice="fetch or export the file again")
    kinds = set(frame.geom_type.dropna())
    if not kinds & {"Polygon", "MultiPolygon", "GeometryCollection"}:
        raise SourceError(
            f"{path} has no polygons.",
            found=list_briefly(sorted(kinds)) if kinds else "no shapes at all",
            advice="use a file of boundaries",
        )


def _need_points(frame: gpd.GeoDataFrame, path: str) -> None:
    if frame.empty:
        raise SourceError(f"{path} has no points.", found="0 rows", advice="fetch or export the file again")
    kinds = frame.geom_type.dropna()
    odd = kinds[~kinds.isin(["Point", "MultiPoint"])]
    if len(odd) or kinds.empty:
        raise SourceError(
            f"{path} has shapes that are no points.",
            found=f"{len(odd):,} of {len(frame):,} rows: {list_briefly(sorted(set(odd)))}" if len(odd) else "no shapes",
            advice="name the layer of events; areas with a column of counts are another kind of input",
        )


def _need_kind(path: Path) -> None:
    """Refuse a file that is not what its ending says, or of a kind that is not read."""
    ending = path.suffix.lower()
    if ending not in KINDS:
        raise SourceError(
            f"{path} can't be read as a file of boundaries.",
            found=f"the ending {path.suffix!r}" if path.suffix else "a name without an ending",
            advice="unpack it, and name the .gpkg, .geojson, .shp or .parquet file in it"
            if ending in (".zip", ".gz", ".7z")
            else "export it as GeoPackage (.gpkg), GeoJSON (.geojson), shapefile (.shp) or GeoParquet (.parquet)",
        )
    name, is_kind = KINDS[ending]
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        raise _unreadable(path, error) from error
    if not is_kind(head):
        start = head[:24].decode("ascii", errors="replace").replace("\ufffd", "?")
        raise SourceError(
            f"{path} is not a {name}, as its ending says.",
            found=f"it starts with {start!r}" if head else "0 bytes",
            advice=READABLE,
        )


@contextmanager
def _offline() -> Iterator[None]:
    """Keep GDAL from the network while a local file is read."""
    import pyogrio

    before = {name: pyogrio.get_gdal_config_option(name) for name in OFFLINE}
    pyogrio.set_gdal_config_options(OFFLINE)
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options(before)


def _read_geoparquet(path: Path) -> gpd.GeoDataFrame:
    import geopandas as gpd
    import pyarrow as pa
    import shapely

    need_small_parquet(path)
    try:
        return gpd.read_parquet(path)
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException, shapely.errors.ShapelyError) as error:
        raise _unreadable(path, error) from error


def _read_vector(path: Path, layer: str | None) -> gpd.GeoDataFrame:
    import geopandas as gpd
    import pyogrio
    import shapely

    problems = (
        shapely.errors.ShapelyError,
        pyogrio.errors.DataSourceError,
        pyogrio.errors.DataLayerError,
        pyogrio.errors.FeatureError,
        pyogrio.errors.GeometryError,
        pyogrio.errors.FieldError,
        pyogrio.errors.CRSError,
        ValueError,
        RuntimeError,
    )
    with _offline(), warnings.catch_warnings():
        # What GDAL says of a file (a ring that is not closed, a truncated text) is seen in what is read.
        warnings.simplefilter("ignore", RuntimeWarning)
        # Text beside numbers in one column of GeoJSON: text is what is wanted of a code.
        warnings.filterwarnings("ignore", "Could not parse column", UserWarning)
        try:
            layers = [str(name) for name, kind in pyogrio.list_layers(path) if kind is not None]
        except problems as error:
            raise _unreadable(path, error) from error
        layer = _choose_layer(path, layer, layers)
        if path.suffix.lower() == ".gpkg":
            _need_finite(path, layer)
        try:
            return gpd.read_file(path, layer=layer, engine="pyogrio")
        except problems as error:
            raise _unreadable(path, error) from error


def _choose_layer(path: Path, layer: str | None, layers: list[str]) -> str:
    if layer is None and len(layers) == 1:
        return layers[0]
    if layer is not None and layer in layers:
        return layer
    problem = f"{path} has no layer {layer!r}." if layer is not None else f"Which layer of {path} is meant?"
    raise SourceError(
        problem,
        found=f"{len(layers)} layers: {list_briefly(layers, 20)}",
        advice=suggest(layer or "", layers, otherwise="name one with layer"),
    )


def _need_finite(path: Path, layer: str) -> None:
    """Refuse a layer that is a view which fails, or which does not finish."""
    name = layer.replace('"', '""')
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            kind = database.execute("select type from sqlite_master where name = ?", (layer,)).fetchone()
            if kind != ("view",):
                return
            database.set_progress_handler(lambda: 1, MOST_STEPS)
            database.execute(f'select count(*) from (select * from "{name}")').fetchone()
    except sqlite3.Error as error:
        endless = "interrupted" in str(error)
        raise SourceError(
            f"The layer {layer!r} of {path} is a view that can't be read.",
            found="it does not finish" if endless else str(error),
            advice="export it as a layer of its own",
        ) from error


def _unreadable(path: Path, error: Exception) -> SourceError:
    # GDAL and pyarrow name the whole path and their own drivers; the first sentence is what helps.
    first = re.split(r"[.;] |\n", str(error), maxsplit=1)[0].split(": ")[-1][:120]
    return SourceError(f"{path} can't be read as a file of boundaries.", found=first, advice=READABLE)
