"""The only door to map tiles: never needed, never silent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import contextily
import numpy as np
import pytest
import rasterio
import requests
from affine import Affine
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sheet_checks import prose

from hotspots.errors import SourceError
from hotspots.model import HotspotResult, StudyArea
from hotspots.publish.maps.basemap import add_basemap, need_basemap
from hotspots.publish.maps.map import SEE_THROUGH, draw_map

# rasterio still multiplies with `*`, of which newer versions of affine warn.
old_product = pytest.mark.filterwarnings("ignore:Use `@` matmul:PendingDeprecationWarning")


@pytest.fixture
def axes() -> Axes:
    axes = Figure().add_axes((0, 0, 1, 1))
    axes.set(xlim=(400_000, 406_000), ylim=(290_000, 296_000))
    return axes


@pytest.fixture
def geotiff(tmp_path: Path) -> Path:
    """Return a grey picture of the town and 2 km around it."""
    path = tmp_path / "background.tif"
    pixels = np.full((3, 100, 100), 128, dtype=np.uint8)
    profile = {"driver": "GTiff", "height": 100, "width": 100, "count": 3, "dtype": "uint8", "crs": "EPSG:27700"}
    with rasterio.open(path, "w", transform=Affine(100, 0, 398_000, 0, -100, 298_000), **profile) as raster:
        raster.write(pixels)
    return path


@old_product
def test_a_geotiff_is_drawn_beneath_and_moves_nothing(axes: Axes, geotiff: Path) -> None:
    assert add_basemap(axes, str(geotiff), attribution="Contains OS data") is None
    assert axes.get_xlim() == (400_000, 406_000)
    assert axes.get_ylim() == (290_000, 296_000)
    assert len(axes.images) == 1
    assert axes.images[0].get_zorder() == 0
    assert [text.get_text() for text in axes.texts] == ["Contains OS data"]


def test_a_file_that_is_not_there_is_said(axes: Axes) -> None:
    said = add_basemap(axes, "nowhere.tif")
    assert said is not None
    assert said.startswith("There is no basemap: nowhere.tif could not be loaded (No such file or directory).")
    assert not axes.images


def test_a_provider_that_does_not_exist_is_said(axes: Axes) -> None:
    said = add_basemap(axes, "OpenStreetMap.Mapnick")
    assert said is not None
    assert said.startswith("There is no basemap: OpenStreetMap.Mapnick could not be loaded (")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (requests.exceptions.ConnectionError("https://tile.example/7/63/41.png refused"), "no answer from the network"),
        (requests.exceptions.ReadTimeout("slow"), "no answer from the network"),
        (ValueError("The provider needs a key.\nSee its site."), "no picture"),
    ],
)
def test_without_tiles_the_map_is_drawn_and_says_so(
    axes: Axes, monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(contextily, "add_basemap", fail)
    said = add_basemap(axes, "OpenStreetMap.Mapnik")
    assert said == f"There is no basemap: OpenStreetMap.Mapnik could not be loaded ({reason})."


def test_other_errors_are_not_swallowed(axes: Axes, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise TypeError("a mistake of ours")

    monkeypatch.setattr(contextily, "add_basemap", fail)
    with pytest.raises(TypeError, match="a mistake of ours"):
        add_basemap(axes, "OpenStreetMap.Mapnik")


def test_no_source_asks_nobody(
    gi_result: HotspotResult, study_area: StudyArea, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise AssertionError("asked for a basemap that nobody wanted")

    monkeypatch.setattr(contextily, "add_basemap", fail)
    draw_map(gi_result, study_area)


@old_product
def test_a_map_over_a_basemap_can_be_seen_through(
    gi_result: HotspotResult, study_area: StudyArea, geotiff: Path
) -> None:
    figure = draw_map(gi_result, study_area, basemap=str(geotiff))
    filled = [patch for patch in figure.axes[1].patches if patch.get_facecolor()[3] > 0]
    assert {patch.get_alpha() for patch in filled} == {SEE_THROUGH}
    assert len(figure.axes[1].images) == 1


def test_a_missing_basemap_stands_on_the_map(gi_result: HotspotResult, study_area: StudyArea) -> None:
    figure = draw_map(gi_result, study_area, basemap="nowhere.tif")
    assert "There is no basemap: nowhere.tif could not be loaded" in prose(figure)
    assert {patch.get_alpha() for patch in figure.axes[1].patches} == {None}


# --------------------------------------------------------------------------- what can't be a basemap


def picture(path: Path, *, bands: int = 3, dtype: str = "uint8", crs: str | None = "EPSG:27700") -> None:
    profile = {"driver": "GTiff", "height": 100, "width": 100, "count": bands, "dtype": dtype, "crs": crs}
    with rasterio.open(path, "w", transform=Affine(100, 0, 398_000, 0, -100, 298_000), **profile) as raster:
        raster.write(np.full((bands, 100, 100), 128, dtype=dtype))


BROKEN = {
    "missing": (lambda path: None, "can't be read.\n  found: No such file or directory"),
    "a folder": (lambda path: path.mkdir(), "can't be read.\n  found: a folder"),
    "a table": (lambda path: path.write_text("a,b\n1,2\n"), "is no GeoTIFF.\n  found: a file of another kind"),
    "a recipe that fetches": (lambda path: path.write_text("<GDAL_WMS><Service/></GDAL_WMS>"), "is no GeoTIFF."),
    "cut off": (lambda path: path.write_bytes(b"II*\0\x08\0"), "can't be read as GeoTIFF."),
    "one band": (lambda path: picture(path, bands=1), "is no picture.\n  found: 1 band of uint8"),
    "two bands": (lambda path: picture(path, bands=2), "is no picture.\n  found: 2 bands of uint8"),
    "five bands": (lambda path: picture(path, bands=5), "is no picture.\n  found: 5 bands of uint8"),
    "heights": (lambda path: picture(path, dtype="float32"), "is no picture.\n  found: 3 bands of float32"),
    "no place": (lambda path: picture(path, crs=None), "has no coordinate system."),
}


@old_product
@pytest.mark.parametrize("case", BROKEN)
def test_what_can_not_be_a_basemap_is_refused_and_never_drawn(axes: Axes, tmp_path: Path, case: str) -> None:
    make, words = BROKEN[case]
    make(tmp_path / "under.tif")
    with pytest.raises(SourceError) as caught:
        need_basemap(str(tmp_path / "under.tif"))
    assert words in str(caught.value)
    said = add_basemap(axes, str(tmp_path / "under.tif"))
    assert said is not None
    assert str(tmp_path) not in said
    assert not axes.images


def test_an_unknown_provider_is_refused_with_the_nearest() -> None:
    with pytest.raises(SourceError, match="There is no basemap") as caught:
        need_basemap("OpenStreetMap.Mapnick")
    assert caught.value.advice == "is it 'OpenStreetMap.Mapnik'?"
    need_basemap("OpenStreetMap.Mapnik")


def test_a_basemap_that_can_be_drawn_is_accepted(geotiff: Path, tmp_path: Path) -> None:
    need_basemap(str(geotiff))
    picture(tmp_path / "clear.tif", bands=4)
    need_basemap(str(tmp_path / "clear.tif"))
