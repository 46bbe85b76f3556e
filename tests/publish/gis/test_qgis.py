"""QGIS itself opens what is written. Its Python is the system's, so that a script of ours runs there and reports."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from hotspots.model import Place
from hotspots.publish.gis.fields import field_name
from hotspots.publish.gis.geopackage import write_geopackage
from hotspots.publish.gis.geotiff import write_raster
from hotspots.publish.style.markings import DEPENDS
from hotspots.publish.style.surface_classes import (
    NOT_BEYOND,
    SURFACE_COLOURS,
    surface_breaks,
    surface_labels,
    surface_shades,
)
from hotspots.vocabulary import (
    COLUMN_WORDS,
    CONTOUR_COLUMN_WORDS,
    CONTOUR_KINDS,
    MORAN_CLASSES,
    RELEASE_WORDS,
    SCHOOL_CLASSES,
)
from hotspots.vocabulary.classes import GI_CLASSES

pytestmark = pytest.mark.qgis

PYTHON = "/usr/bin/python3"
PACKAGES = "apt-get install --no-install-recommends python3-qgis qgis-providers python3-gdal"
MARK = RELEASE_WORDS["invented"]


def run(*command, **options):
    surroundings = os.environ | {"QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": ""}
    return subprocess.run(
        command, check=False, capture_output=True, text=True, env=surroundings, timeout=180, **options
    )


def need(module, in_ci):
    """Skip where the system's Python lacks a module; in continuous integration that is a failure."""
    if Path(PYTHON).exists() and run(PYTHON, "-c", f"import {module}").returncode == 0:
        return
    words = f"the system's Python has no {module}: {PACKAGES}"
    if in_ci:
        pytest.fail(words)
    pytest.skip(words)


def opened(path, tmp_path):
    """Return what QGIS made of every layer of a file, by name."""
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    script = Path(__file__).with_name("qgis_open.py")
    done = run(PYTHON, str(script), str(path), cwd=home)
    lines = [line.removeprefix("JSON ") for line in done.stdout.splitlines() if line.startswith("JSON ")]
    assert lines, done.stderr
    return {layer["name"]: layer for layer in json.loads(lines[0])}


@pytest.fixture
def package(tmp_path, study_area, gi_result, moran_result, school_result):
    contents = [gi_result, moran_result, school_result, study_area]
    return write_geopackage(tmp_path / "town.gpkg", contents, title="The town")


def test_hotspots_and_places_open_with_letters_outlines_and_words(tmp_path, gi_result, hotspots, study_area, in_ci):
    need("qgis.core", in_ci)
    places = [Place("West", ("E08000025",))]
    path = write_geopackage(tmp_path / "h.gpkg", [gi_result, hotspots, study_area], title="H", places=places)
    layers = opened(path, tmp_path)
    assert layers["hotspots"]["legend"] == [MARK, "Knife crime"]
    (tip,) = layers["hotspots"]["tips"]
    assert tip.startswith("<b>Hotspot A1, knife crime</b><br/>West Birmingham, near Aston<br/>Areas: 2<br/>")
    assert "<br/>People: 3,010<br/>Events: 41<br/>" in tip
    assert layers["hotspots"]["display"] == "A1: West Birmingham, near Aston"
    assert layers["hotspots"]["labels"]
    assert layers["places"]["tips"][0].startswith("<b>West</b><br/>E08000025<br/>Areas: 18")


def test_qgis_opens_every_layer_with_its_own_style(package, tmp_path, in_ci):
    need("qgis.core", in_ci)
    layers = opened(package, tmp_path)
    assert list(layers) == ["schools", "authorities", "areas", "knife_crime_getis_ord", "knife_crime_local_moran"]
    for name, layer in layers.items():
        assert layer["style"] == "Loaded from Provider", name
        if name.startswith("knife"):
            assert (layer["valid"], layer["declared"], layer["sld"]) == (True, "NoGeometry", False)
            continue
        assert layer["valid"], name
        assert layer["crs"] == "EPSG:27700", name
        assert layer["invalid"] == 0, name
        assert layer["sld"], name
        assert MARK in layer["abstract"], name
        assert layer["rights"][0].startswith("Contains National Statistics data"), name
        assert not any("Eval Error" in tip or "[%" in tip or "NULL" in tip for tip in layer["tips"]), name
    assert {name: layer["features"] for name, layer in layers.items()} == {
        "schools": 12,
        "authorities": 2,
        "areas": 36,
        "knife_crime_getis_ord": 36,
        "knife_crime_local_moran": 36,
    }
    assert (layers["schools"]["declared"], layers["schools"]["without_geometry"]) == ("Point", 1)


def test_legends_in_qgis_say_what_the_printed_legends_say(package, tmp_path, in_ci):
    need("qgis.core", in_ci)
    layers = opened(package, tmp_path)
    gi = [style.label for style in GI_CLASSES]
    assert layers["areas"]["legend"] == [MARK, *gi, DEPENDS.label]
    assert layers["areas"]["sld_legend"] == [*gi, DEPENDS.label]
    moran = [style.label for style in MORAN_CLASSES]
    assert layers["areas"]["styles"] == {
        "knife_crime_getis_ord": [MARK, *gi, DEPENDS.label],
        "knife_crime_local_moran": [MARK, *moran, DEPENDS.label],
    }
    assert layers["schools"]["legend"] == [MARK, *(style.label for style in SCHOOL_CLASSES)]
    assert layers["authorities"]["legend"] == [MARK, "Local authority"]
    assert layers["authorities"]["labels"]
    # What is drawn: every class's colour is on the picture.
    assert {style.colour for style in GI_CLASSES} <= set(layers["areas"]["colours"])


def test_words_in_qgis_are_those_of_the_vocabulary(package, tmp_path, in_ci):
    need("qgis.core", in_ci)
    layers = opened(package, tmp_path)
    table, layer = layers["knife_crime_getis_ord"], layers["areas"]
    aliases = {column: alias for column, alias in table["aliases"].items() if column != "fid"}
    assert aliases == {field_name(column): title for column, (title, _) in COLUMN_WORDS.items()}
    coded = ("map_class", "certainty", "hot_without_largest", "quadrant")
    assert table["widgets"] == dict.fromkeys(coded, "ValueMap")
    assert table["title"] == "Getis-Ord Gi*: knife crime, 2017-2019"
    assert "Note: No record for July 2018." in table["history"]
    assert layer["widgets"] == dict.fromkeys(("gi_a", "gi_bin_a", "cert_a", "lm_a", "lm_cert_a"), "ValueMap")
    assert layer["display"] == 'St John\'s & "Quay" <001>: Hot, 99% confidence'
    # 20 events known in the first area, one to seven in the last, whose p-value is an interval too.
    first, last = layer["tips"][0], layer["tips"][-1]
    assert first.startswith('<b>Hot, 99% confidence</b><br/>St John\'s &amp; "Quay" &lt;001> (E01900000), Birmingham')
    assert "<br/>Events: 20<br/>" in first
    assert "<br/>p, adjusted: 0.0025<br/>" in first
    assert "<br/>Events: 1 to 7<br/>" in last
    assert "<br/>p, adjusted: 0.0900 to 0.1100<br/>" in last
    assert "<br/>Certainty: depends on suppressed counts<br/>" in last
    # 20 events over 1,500 of 60,300 people's share of 1,200.
    assert "<br/>Expected: 29.9<br/>Times the expected number: 0.7<br/>" in first


def test_tiny_p_values_and_reasons_are_told_in_words(tmp_path, in_ci, gi_result, make_hotspots):
    need("qgis.core", in_ci)
    table = gi_result.table.copy()
    table.loc["E01900000", ["p_adjusted_low", "p_adjusted_high"]] = 1e-9
    path = write_geopackage(tmp_path / "p.gpkg", [make_hotspots(table=table)], title="P")
    tips = opened(path, tmp_path)["areas"]["tips"]
    assert "<br/>p, adjusted: below 0.0001<br/>" in tips[0]
    untested = next(tip for tip in tips if tip.startswith("<b>Not tested</b>"))
    assert "<br/>p, adjusted: not known<br/>" in untested
    assert "<br/>no neighbours<br/>" in untested


def test_qgis_draws_the_raster_in_the_classes_of_the_printed_map(surface, tmp_path, in_ci):
    need("qgis.core", in_ci)
    path, _ = write_raster(tmp_path / "knife.tif", surface)
    layer = opened(path, tmp_path)["knife"]
    assert (layer["valid"], layer["crs"], layer["size"], layer["bands"]) == (True, "EPSG:27700", [40, 40], 1)
    assert (layer["renderer"], layer["style"]) == ("singlebandpseudocolor", "file")
    heading, *classes = layer["legend"]
    assert "knife crime, events per km² per year" in heading
    assert MARK in heading
    assert classes == surface_labels(surface_breaks(surface))
    # Below the average and outside the study area nothing is drawn: the paper shows.
    assert set(layer["colours"]) == {"#ffffff", *SURFACE_COLOURS[1:]}


@pytest.mark.parametrize("kind", ["relative-risk", "difference"])
def test_qgis_draws_tested_surfaces_by_their_first_band(make_risk, tmp_path, in_ci, kind):
    need("qgis.core", in_ci)
    surface = make_risk(kind=kind)
    path, _ = write_raster(tmp_path / "risk.tif", surface)
    layer = opened(path, tmp_path)["risk"]
    bands = 4 if surface.is_logarithm else 3
    assert (layer["valid"], layer["bands"], layer["renderer"]) == (True, bands, "singlebandpseudocolor")
    heading, *classes = layer["legend"]
    assert "risk of knife crime, " in heading
    shades = surface_shades(surface)
    assert classes == [shade.label for shade in shades]
    # The most raised and the most lowered are on the picture; what is about average is the paper's white.
    assert {"#ffffff", shades[0].colour, shades[-1].colour} <= set(layer["colours"])


def test_qgis_draws_what_is_not_beyond_chance_in_grey(risk, contours, make_contours, tmp_path, in_ci):
    need("qgis.core", in_ci)
    path, _ = write_raster(tmp_path / "risk.tif", risk, contours=contours)
    layer = opened(path, tmp_path)["risk"]
    assert (layer["valid"], layer["bands"], layer["renderer"], layer["style"]) == (True, 5, "paletted", "file")
    shades = surface_shades(risk)
    assert layer["legend"][-9:] == [NOT_BEYOND, *(shade.label for shade in shades)]
    # Three times the average and more is met outside the contours only.
    assert "#ececec" in layer["colours"]
    assert shades[-2].colour in layer["colours"]
    assert shades[-1].colour not in layer["colours"]
    path, _ = write_raster(tmp_path / "none.tif", risk, contours=make_contours(table=contours.table[:0]))
    assert set(opened(path, tmp_path)["none"]["colours"]) == {"#ececec", "#ffffff"}


def test_values_in_gdal_are_those_of_the_surface(risk, tmp_path, in_ci):
    need("osgeo.gdal", in_ci)
    path, _ = write_raster(tmp_path / "risk.tif", risk)
    script = (
        "import sys, json; from osgeo import gdal; gdal.UseExceptions(); d = gdal.Open(sys.argv[1]);"
        "print(json.dumps([[b.GetNoDataValue(), b.GetOverviewCount(), b.GetUnitType(), b.ReadAsArray().tolist()]"
        " for b in map(d.GetRasterBand, (1, 2, 3))]))"
    )
    done = run(PYTHON, "-c", script, str(path))
    assert done.returncode == 0, done.stderr
    for (nodata, _, unit, cells), values in zip(
        json.loads(done.stdout), (np.exp(risk.values), risk.p_raised, risk.p_lowered), strict=True
    ):
        read = np.array(cells, dtype=np.float32)
        assert np.array_equal(np.where(read == nodata, np.nan, read), values.astype(np.float32), equal_nan=True)
        assert unit in (risk.unit, "probability")


def test_contours_open_with_their_lines_labels_and_words(contours, study_area, tmp_path, in_ci):
    need("qgis.core", in_ci)
    path = write_geopackage(tmp_path / "c.gpkg", [contours, study_area], title="C")
    layer = opened(path, tmp_path)["knife_crime_risk_raised_lowered"]
    assert (layer["valid"], layer["crs"], layer["invalid"], layer["features"]) == (True, "EPSG:27700", 0, 3)
    assert (layer["style"], layer["sld"], layer["labels"]) == ("Loaded from Provider", True, True)
    assert layer["legend"] == [MARK, CONTOUR_KINDS["raised"], CONTOUR_KINDS["lowered"]]
    aliases = {column: alias for column, alias in layer["aliases"].items() if column != "fid"}
    assert aliases == {column: title for column, (title, _) in CONTOUR_COLUMN_WORDS.items()}
    assert layer["display"] == "Raised risk 1"
    first = layer["tips"][0]
    assert first.startswith("<b>Risk raised by more than chance at 5%</b><br/>Number 1<br/>Size, km²: 4.00<br/>")
    # 4 of 36 km² and 60 of 200 events.
    assert "<br/>Share of the area: 11.11%<br/>Events: 60<br/>Share of the events: 30.0%" in first
    assert not any("Eval Error" in tip or "[%" in tip or "NULL" in tip for tip in layer["tips"])


def test_gdal_s_own_examination_passes(package, in_ci):
    need("osgeo_utils.samples.validate_gpkg", in_ci)
    done = run(PYTHON, "-m", "osgeo_utils.samples.validate_gpkg", str(package))
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stdout + done.stderr
