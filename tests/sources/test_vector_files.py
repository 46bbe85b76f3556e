"""Files of boundaries that are not what they seem: refused, and nothing is fetched on their behalf."""

from __future__ import annotations

import http.server
import json
import shutil
import sqlite3
import threading

import geopandas as gpd
import pytest
import shapely

from hotspots.errors import SourceError
from hotspots.sources.boundaries import read_areas

CODES = ["E01008881", "E01008882", "E01008883"]
NAMES = ["Solihull 001A", "Solihull 001B", "Solihull 001C"]


@pytest.fixture
def server():
    """Give the address of a server on this machine, and the list of what it was asked for."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(404)
            self.end_headers()

        do_HEAD = do_GET  # noqa: N815 (the name that the server asks for)

        def log_message(self, *_: object) -> None:
            """Say nothing on the console."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}", asked
        listening.shutdown()


def areas(**columns) -> gpd.GeoDataFrame:
    shapes = [shapely.box(4e5 + i * 1000, 3e5, 4e5 + (i + 1) * 1000, 301_000) for i in range(3)]
    return gpd.GeoDataFrame({"LSOA11CD": CODES, "LSOA11NM": NAMES, **columns}, geometry=shapes, crs=27700)


@pytest.fixture
def geojson(tmp_path) -> dict:
    """Return the areas as GeoJSON has them."""
    areas().to_crs(4326).to_file(tmp_path / "good.geojson")
    return json.loads((tmp_path / "good.geojson").read_text(encoding="utf-8"))


SOURCE = "<SrcDataSource>{at}/x.geojson</SrcDataSource>"
VRT = f"<OGRVRTDataSource><OGRVRTLayer name='a'>{SOURCE}</OGRVRTLayer></OGRVRTDataSource>"
WFS = "<OGRWFSDataSource><URL>{at}/wfs</URL></OGRWFSDataSource>"


@pytest.mark.parametrize("name", ["areas.vrt", "areas.gpkg", "areas.geojson", "areas.shp", "areas.parquet", "areas"])
@pytest.mark.parametrize("words", [VRT, VRT.replace("{at}", "/vsicurl/{at}"), WFS], ids=["vrt", "vsicurl", "wfs"])
def test_a_description_of_a_service_is_no_file_of_boundaries(tmp_path, server, name, words):
    address, asked = server
    (tmp_path / name).write_text(words.format(at=address), encoding="utf-8")
    with pytest.raises(SourceError, match=r"is not a|can't be read"):
        read_areas(tmp_path / name)
    assert asked == []


@pytest.mark.parametrize(
    "crs",
    [
        {"type": "link", "properties": {"href": "{at}/crs", "type": "proj4"}},
        {"type": "URL", "properties": {"url": "{at}/crs"}},
        {"type": "name", "properties": {"name": "{at}/crs"}},
    ],
    ids=["link", "url", "name"],
)
def test_a_linked_coordinate_system_is_not_fetched(tmp_path, server, geojson, crs):
    address, asked = server
    words = json.dumps({**geojson, "crs": crs}).replace("{at}", address)
    (tmp_path / "linked.geojson").write_text(words, encoding="utf-8")
    assert list(read_areas(tmp_path / "linked.geojson", crs="EPSG:4326").ids) == CODES
    assert asked == []


def test_a_recipe_that_names_an_address_is_no_geojson(tmp_path, server):
    address, asked = server
    recipe = {"type": "gdal_streamed_alg", "command_line": f"gdal vector pipeline ! read {address}/x.geojson"}
    words = json.dumps({**recipe, "more": {"type": "FeatureCollection"}})
    (tmp_path / "recipe.geojson").write_text(words, encoding="utf-8")
    with pytest.raises(SourceError, match="is not a GeoJSON file"):
        read_areas(tmp_path / "recipe.geojson")
    assert asked == []


def test_a_compressed_file_is_to_be_unpacked(tmp_path):
    (tmp_path / "areas.zip").write_bytes(b"PK\x03\x04")
    with pytest.raises(SourceError, match="unpack it"):
        read_areas(tmp_path / "areas.zip")


@pytest.mark.parametrize("word", ["NaN", "1e400", "Infinity"])
def test_coordinates_that_are_no_numbers_are_an_error(tmp_path, geojson, word):
    first = str(geojson["features"][0]["geometry"]["coordinates"][0][0][0])
    (tmp_path / "odd.geojson").write_text(json.dumps(geojson).replace(first, word, 1), encoding="utf-8")
    with pytest.raises(SourceError, match="can't be read as a file of boundaries"):
        read_areas(tmp_path / "odd.geojson")


def with_view(path, query: str) -> None:
    """Write a GeoPackage with a layer `seen` that is a view."""
    areas().to_file(path, driver="GPKG", layer="areas")
    with sqlite3.connect(path) as database:
        database.execute(f"create view seen as {query}")
        database.execute(
            "insert into gpkg_contents (table_name, data_type, identifier, srs_id)"
            " values ('seen', 'features', 'seen', 27700)"
        )
        database.execute("insert into gpkg_geometry_columns values ('seen', 'geom', 'POLYGON', 27700, 0, 0)")
    database.close()


def test_a_view_is_a_layer_where_it_can_be_read(tmp_path):
    with_view(tmp_path / "areas.gpkg", "select fid, geom, LSOA11CD, LSOA11NM from areas where fid > 1")
    assert list(read_areas(tmp_path / "areas.gpkg", layer="seen").ids) == CODES[1:]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("select fid, geom, nofunction(LSOA11CD) as LSOA11CD, LSOA11NM from areas", "no such function: nofunction"),
        (
            "with recursive n(x) as (select 1 union all select x + 1 from n) select x as fid, geom, LSOA11CD, LSOA11NM"
            " from areas, n",
            "it does not finish",
        ),
    ],
    ids=["function", "endless"],
)
def test_a_view_that_fails_or_never_ends_is_an_error(tmp_path, query, words, monkeypatch):
    monkeypatch.setattr("hotspots.sources._vector_files.MOST_STEPS", 1_000_000)
    with_view(tmp_path / "areas.gpkg", query)
    with pytest.raises(SourceError, match="is a view that can't be read") as caught:
        read_areas(tmp_path / "areas.gpkg", layer="seen")
    assert words in str(caught.value)


@pytest.mark.parametrize("kept", [200, 30_000])
def test_a_damaged_file_is_an_error_with_a_short_reason(tmp_path, kept):
    areas().to_file(tmp_path / "areas.gpkg", driver="GPKG")
    whole = (tmp_path / "areas.gpkg").read_bytes()
    (tmp_path / "cut.gpkg").write_bytes(whole[:kept])
    with pytest.raises(SourceError, match="can't be read as a file of boundaries") as caught:
        read_areas(tmp_path / "cut.gpkg")
    assert max(len(line) for line in caught.value.found.splitlines()) <= 120


def test_a_file_that_can_not_be_opened_is_an_error(tmp_path, monkeypatch):
    shutil.copy(__file__, tmp_path / "areas.gpkg")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", refuse)
    with pytest.raises(SourceError, match="can't be read as a file of boundaries"):
        read_areas(tmp_path / "areas.gpkg")


# --------------------------------------------------------------------------- what is in them


def test_kilometres_said_to_be_metres_are_an_error(tmp_path):
    frame = areas()
    frame.geometry = frame.geometry.scale(0.001, 0.001, origin=(0, 0))
    frame.to_file(tmp_path / "km.gpkg", driver="GPKG")
    with pytest.raises(SourceError, match="are not in metres, although the file states metres") as caught:
        read_areas(tmp_path / "km.gpkg")
    # Squares of 1 km², so of 1 m² where a kilometre is taken for a metre; they lie around (400, 300).
    assert "half of the areas are below 1 m²; they lie in 400 to 403 east, 300 to 301 north" in str(caught.value)


def test_an_authority_with_two_names_is_an_error(tmp_path):
    columns = {"LAD11CD": "E08000029", "LAD11NM": ["Solihull", "Solihull", "Silhill"]}
    areas(**columns).to_file(tmp_path / "areas.gpkg", driver="GPKG")
    with pytest.raises(SourceError, match="'E08000029' has two names") as caught:
        read_areas(tmp_path / "areas.gpkg")
    assert "'Solihull' in row 1, 'Silhill' in row 3" in str(caught.value)


def test_ids_are_kept_as_they_are_but_for_codes_of_ons(tmp_path):
    areas(LSOA11CD=["c331", "C331", "e01008883"]).to_file(tmp_path / "areas.gpkg", driver="GPKG")
    assert set(read_areas(tmp_path / "areas.gpkg").ids) == {"c331", "C331", "E01008883"}


@pytest.mark.parametrize("word", ["E08000025", "e08000025", "Birmingham", "birmingham"])
def test_authorities_are_kept_by_code_or_by_name(tmp_path, word):
    columns = {"LAD11CD": ["E08000025", "E08000025", "E08000029"], "LAD11NM": ["Birmingham", "Birmingham", "Solihull"]}
    areas(**columns).to_file(tmp_path / "areas.gpkg", driver="GPKG")
    assert list(read_areas(tmp_path / "areas.gpkg", authorities=[word]).ids) == CODES[:2]
    with pytest.raises(SourceError, match="There is no local authority 'Birmingam'") as caught:
        read_areas(tmp_path / "areas.gpkg", authorities=["Birmingam"])
    assert "is it Birmingham?" in str(caught.value)
