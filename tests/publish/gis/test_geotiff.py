"""Surfaces as GeoTIFFs: what is read back is what was written. Expected numbers are the surface's own."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest
import rasterio
from made_methods import BANDWIDTH, density_method

from hotspots.errors import DisclosureError, OutputError
from hotspots.model import settings_of
from hotspots.publish.gis.geotiff import NODATA, write_raster


def test_values_place_and_gaps_are_read_back(surface, tmp_path):
    path, style = write_raster(tmp_path / "deep" / "knife.tif", surface)
    assert [path.name, style.name] == ["knife.tif", "knife.qml"]
    with rasterio.open(path) as raster:
        assert raster.crs.to_epsg() == 27700
        assert tuple(raster.transform)[:6] == surface.transform
        assert tuple(raster.bounds) == surface.extent
        assert (raster.dtypes, raster.nodata) == (("float32",), NODATA)
        read = raster.read(1, masked=True)
    assert np.array_equal(read.mask, np.isnan(surface.values))
    assert np.array_equal(read.filled(np.nan), surface.values.astype(np.float32), equal_nan=True)


def test_it_is_a_cloud_optimised_geotiff_with_overviews(make_surface, tmp_path):
    path, _ = write_raster(tmp_path / "big.tif", make_surface(1200))
    with rasterio.open(path) as raster:
        layout = raster.tags(ns="IMAGE_STRUCTURE")
        assert layout["LAYOUT"] == "COG"
        assert layout["COMPRESSION"] == "DEFLATE"
        assert raster.overviews(1) == [2, 4, 8]
        assert raster.profile["tiled"]


def test_a_grid_of_a_police_force_s_size_has_overviews(make_surface, tmp_path):
    # A smooth ramp: an overview is close to it, wherever it is looked at.
    values = np.add.outer(np.linspace(0, 100, 701), np.linspace(0, 50, 1064))
    path, _ = write_raster(tmp_path / "force.tif", make_surface(values=values))
    with rasterio.open(path) as raster:
        assert raster.overviews(1) == [2, 4, 8]
        quarter = raster.read(1, out_shape=(175, 266))
    assert np.abs(quarter - values[2::4, 2::4][:175]).max() < 1.0
    with rasterio.open(path, overview_level=2) as smallest:
        assert max(smallest.shape) <= 256


def test_a_tested_surface_has_its_chances_too(risk, tmp_path):
    path, _ = write_raster(tmp_path / "risk.tif", risk)
    with rasterio.open(path) as raster:
        assert raster.count == 4
        assert raster.units == ("times the area's average risk", "probability", "probability", "natural logarithm")
        first, high, low, log = raster.descriptions
        assert first.startswith("risk of knife crime, times the area's average risk. Invented")
        assert log.startswith("risk of knife crime: natural logarithm of the first band. Invented")
        assert high.startswith("risk of knife crime: upper-tail p-value. Invented")
        assert low.startswith("risk of knife crime: lower-tail p-value. Invented")
        bands = (np.exp(risk.values), risk.p_raised, risk.p_lowered, risk.values)
        for number, values in enumerate(bands, start=1):
            read = raster.read(number, masked=True).filled(np.nan)
            assert np.array_equal(read, values.astype(np.float32), equal_nan=True)
        tags = raster.tags()
    assert (tags["KIND"], tags["UNIT"]) == ("relative-risk", "times the area's average risk")
    assert tags["LIMITS"] == "ratios lie between 1/100 and 100: what is beyond has one of these values"
    assert tags["NODATA_MEANS"] == "outside the study area, or too few events or people to judge"
    assert "INTEGRAL_EVENTS" not in tags  # a ratio has none


def test_what_is_not_beyond_chance_has_a_code_of_its_own(make_risk, contours, tmp_path):
    """The risk is 3.2 times the average at its peak, 0.5 km outside the contour, and 2.1 times at its edge inside."""
    path, style = write_raster(tmp_path / "risk.tif", make_risk(600), contours=contours)
    with rasterio.open(path) as raster:
        assert raster.count == 5
        assert (
            "classes inside the contours: 0 Not significant, or too small an area; 1 Less than half"
            in raster.descriptions[3]
        )
        places = [(401_500, 293_500), (402_175, 293_525), (403_900, 292_100), (404_550, 294_550), (404_500, 293_500)]
        # Outside, 2 to 3 times, about the average inside, exp(-1.163 x 0.324): 0.69 times, outside.
        assert [float(value[0]) for value in raster.sample(places, indexes=4)] == [0, 7, 4, 3, 0]
        assert set(np.unique(raster.read(4, masked=True).compressed())) <= set(range(9))
        values = raster.read(1, masked=True)
        assert np.array_equal(values.mask, raster.read(4, masked=True).mask)
        assert max(raster.overviews(4)) >= 2
    with rasterio.open(path, overview_level=0) as half:
        assert set(np.unique(half.read(4, masked=True).compressed())) <= set(range(9))
    renderer = ET.fromstring(style.read_text(encoding="utf-8")).find("pipe/rasterrenderer")
    assert (renderer.get("type"), renderer.get("band")) == ("paletted", "4")


DIGGLE = replace(BANDWIDTH, rule="diggle")


def test_rule_and_integrals_stand_in_the_tags(make_surface, tmp_path):
    provenance = density_method(bandwidth=DIGGLE, integral_analytic=8799.0, integral_cells=8798.99)
    path, _ = write_raster(tmp_path / "knife.tif", make_surface(provenance=provenance))
    with rasterio.open(path) as raster:
        tags = raster.tags()
    assert tags["BANDWIDTH_RULE"] == "diggle"
    assert (tags["INTEGRAL_ANALYTIC"], tags["INTEGRAL_CELLS"]) == ("8799", "8798.99")
    assert tags["NODATA_MEANS"] == "outside the study area"


def test_method_unit_and_source_are_in_the_tags(surface, tmp_path):
    path, _ = write_raster(tmp_path / "knife.tif", surface)
    with rasterio.open(path) as raster:
        tags, band = raster.tags(), raster.tags(1)
        assert raster.units == ("events per km² per year",)
        assert raster.descriptions == (
            "knife crime, events per km² per year. Invented data: not about real people or events",
        )
    assert tags["UNIT"] == "events per km² per year"
    assert tags["BANDWIDTH_M"] == "750"
    assert tags["KERNEL"] == "quartic"
    limit = "It shows where events are dense, not where risk is high."
    assert tags["METHOD"] == f"Kernel density with edge correction. {limit}"
    assert tags["SOURCE"] == "Invented police extract"
    assert tags["RELEASE"] == "invented"
    assert tags["RELEASE_WORDS"] == "Invented data: not about real people or events"
    assert tags["ATTRIBUTION"].splitlines() == list(surface.attribution)
    assert json.loads(tags["PROVENANCE"]) == settings_of(surface)
    assert float(tags["INTEGRAL_EVENTS"]) == pytest.approx(surface.integral)
    assert float(band["STATISTICS_MINIMUM"]) == 2.0


def test_what_is_open_is_not_marked(make_surface, tmp_path):
    path, _ = write_raster(tmp_path / "knife.tif", make_surface(release="open"))
    with rasterio.open(path) as raster:
        assert raster.descriptions == ("knife crime, events per km² per year",)
        assert "RELEASE_WORDS" not in raster.tags()


def test_a_restricted_surface_says_so_first(make_surface, tmp_path):
    path, _ = write_raster(tmp_path / "knife.tif", make_surface(release="restricted"))
    with rasterio.open(path) as raster:
        assert raster.tags()["TIFFTAG_IMAGEDESCRIPTION"].startswith("RESTRICTED: ")
        assert "RESTRICTED: " in raster.descriptions[0]


def test_the_same_surface_gives_the_same_bytes(make_surface, tmp_path):
    first = [path.read_bytes() for path in write_raster(tmp_path / "a.tif", make_surface(600))]
    again = [path.read_bytes() for path in write_raster(tmp_path / "b.tif", make_surface(600))]
    assert first == again


def test_the_style_lies_beside_it(surface, tmp_path):
    _, style = write_raster(tmp_path / "knife.tif", surface)
    root = ET.fromstring(style.read_text(encoding="utf-8"))
    assert root.find("pipe/rasterrenderer").get("type") == "singlebandpseudocolor"
    assert b"\r" not in style.read_bytes()


@pytest.mark.parametrize("fill", [np.nan, 0.0, 2.0])
def test_a_surface_without_differences_can_be_written(make_surface, tmp_path, fill):
    path, _ = write_raster(tmp_path / "flat.tif", make_surface(values=np.full((3, 4), fill)))
    with rasterio.open(path) as raster:
        assert np.array_equal(raster.read(1, masked=True).filled(np.nan), np.full((3, 4), fill), equal_nan=True)


def test_unreleased_counts_are_refused_by_name(make_surface, tmp_path):
    with pytest.raises(DisclosureError) as caught:
        write_raster(tmp_path / "knife.tif", make_surface(release="unreleased"))
    assert str(caught.value).startswith("The raster knife.tif would publish unprotected counts: knife crime.")
    assert list(tmp_path.iterdir()) == []


def test_the_name_must_end_in_tif(surface, tmp_path):
    with pytest.raises(OutputError) as caught:
        write_raster(tmp_path / "knife.asc", surface)
    assert str(caught.value) == (
        "A surface is written as a GeoTIFF, and 'knife.asc' is not the name of one.\n"
        "  found: the ending '.asc'\n"
        "  try:   let the name end in .tif"
    )


def test_a_place_that_can_not_be_written_to_is_said(surface, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError) as caught:
        write_raster(tmp_path / "file" / "knife.tif", surface)
    assert caught.value.problem == "The raster knife.tif can't be written."
    assert "file" in caught.value.found


def test_nothing_is_left_behind_and_an_older_file_is_replaced(surface, make_surface, tmp_path):
    write_raster(tmp_path / "knife.tif", make_surface(20))
    write_raster(tmp_path / "knife.tif", surface)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["knife.qml", "knife.tif"]
    with rasterio.open(tmp_path / "knife.tif") as raster:
        assert raster.shape == (40, 40)
