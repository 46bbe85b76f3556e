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

from hotspots.nouns import HotspotResult, StudyArea
from hotspots.publish.basemap import add_basemap
from hotspots.publish.maps import SEE_THROUGH, draw_map

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
    assert said.startswith("There is no basemap: nowhere.tif could not be had (")
    assert not axes.images


def test_a_provider_that_does_not_exist_is_said(axes: Axes) -> None:
    said = add_basemap(axes, "OpenStreetMap.Mapnick")
    assert said is not None
    assert said.startswith("There is no basemap: OpenStreetMap.Mapnick could not be had (")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (requests.exceptions.ConnectionError("https://tile.example/7/63/41.png refused"), "no answer from the network"),
        (requests.exceptions.ReadTimeout("slow"), "no answer from the network"),
        (ValueError("The provider needs a key.\nSee its site."), "The provider needs a key."),
    ],
)
def test_without_tiles_the_map_is_drawn_and_says_so(
    axes: Axes, monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(contextily, "add_basemap", fail)
    said = add_basemap(axes, "OpenStreetMap.Mapnik")
    assert said == f"There is no basemap: OpenStreetMap.Mapnik could not be had ({reason})."


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
    assert "There is no basemap: nowhere.tif could not be had" in prose(figure)
    assert {patch.get_alpha() for patch in figure.axes[1].patches} == {None}
