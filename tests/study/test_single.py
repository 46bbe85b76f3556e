"""One layer in, one layer or surface out: results as from Python, same bytes, and errors in three lines."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from read_layers import read_layer, table_names
from single_layers import make_points, make_squares, write_layers
from worlds import ROOT

import hotspots as hs
from hotspots.cli import main


@pytest.fixture
def folder(tmp_path, monkeypatch):
    write_layers(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments, code=0):
    done = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert done.exit_code == code, done.output
    return done.output


def areas_of(path):
    """Return the table with all columns of the one result."""
    (name,) = [name for name in table_names(path) if name.endswith(("_getis_ord", "_local_moran"))]
    return read_layer(path, name).set_index("area_id").sort_index()


@pytest.mark.parametrize(("method", "statistic"), [("getis_ord", "gi_z"), ("local_moran", "moran_i")])
@pytest.mark.parametrize("people", [None, "people"])
def test_the_result_is_that_of_the_function(folder, method, statistic, people):
    options = [] if people is None else ["--population", people]
    arguments = ["local", "areas.gpkg", "--count", "crimes", "--id", "code", "--method", method, *options]
    run(*arguments, "--output", "out.gpkg")
    written = areas_of("out.gpkg")
    squares = make_squares().set_index("code")
    made = getattr(hs, method)(squares, column="crimes", population=people).table
    assert written["class"].tolist() == made["class"].tolist()
    np.testing.assert_allclose(written[statistic], made[statistic])
    np.testing.assert_allclose(written["p_hot_high"], made["p_hot_high"])


def test_points_are_counted_by_area(folder):
    output = run("local", "areas.gpkg", "--points", "points.gpkg", "--id", "code", "--output", "out.gpkg")
    squares = make_squares()
    assert areas_of("out.gpkg")["observed_low"].tolist() == squares["crimes"].tolist()
    assert "not counted" not in output
    beyond = make_points(squares).translate(5000, 0)
    beyond.to_frame("geometry").to_file("beyond.gpkg", driver="GPKG")
    output = run("local", "areas.gpkg", "--points", "beyond.gpkg", "--output", "out.gpkg")
    outside = int(squares["crimes"][np.arange(100) % 10 >= 5].sum())
    assert f"Note: {outside} events in no area were not counted." in output


@pytest.mark.parametrize(
    "rule", [["rook"], ["nearest"], ["nearest", "--number", "4"], ["distance", "--distance", 1500]]
)
def test_neighbours_are_those_asked_for(folder, rule):
    run("local", "areas.gpkg", "--count", "crimes", "--id", "code", "--neighbours", *rule, "--output", "out.gpkg")
    number = {"nearest": 8}.get(rule[0]) if len(rule) == 1 else {"nearest": 4}.get(rule[0])
    distance = 1500 if rule[0] == "distance" else None
    squares = make_squares().set_index("code")
    links = hs.link_neighbours(squares, rule=rule[0], number=number, distance=distance)
    made = hs.getis_ord(squares, links, column="crimes").table
    assert areas_of("out.gpkg")["class"].tolist() == made["class"].tolist()


def test_surfaces_are_those_of_the_functions(folder):
    import rasterio

    squares, points = make_squares(), make_points(make_squares())
    given = {"bandwidth": 2000, "release": "open"}
    made = (
        hs.kernel_density(points, squares, **given),
        hs.relative_risk(points, squares.rename(columns={"people": "population"}), **given),
    )
    for surface, options in zip(made, ([], ["--population", "people"]), strict=True):
        arguments = ["surface", "points.gpkg", "--within", "areas.gpkg", "--bandwidth", 2000, "--release", "open"]
        run(*arguments, *options, "--output", "out.tif")
        with rasterio.open("out.tif") as raster:
            values = raster.read(1, masked=True).filled(np.nan)
        known = values[~np.isnan(values)]
        wanted = surface.values[~np.isnan(surface.values)]
        wanted = np.exp(wanted) if surface.is_logarithm else wanted
        np.testing.assert_allclose(np.sort(known), np.sort(wanted), rtol=1e-5)


def test_the_same_input_gives_the_same_bytes(folder):
    for name in ("first", "second"):
        (folder / name).mkdir()
        run("local", "areas.gpkg", "--count", "crimes", "--output", f"{name}/out.gpkg")
        run("surface", "points.gpkg", "--within", "areas.gpkg", "--output", f"{name}/out.tif")
    for file in ("out.gpkg", "out.tif", "out.qml"):
        assert (folder / "first" / file).read_bytes() == (folder / "second" / file).read_bytes()


def test_without_a_word_the_output_is_restricted(folder):
    mark = "RESTRICTED: true counts of people, for named readers only"
    assert mark in run("local", "areas.gpkg", "--count", "crimes", "--output", "out.gpkg")
    assert mark.encode() in (folder / "out.gpkg").read_bytes()
    output = run("local", "areas.gpkg", "--count", "crimes", "--output", "out.gpkg", "--release", "open")
    assert "Made from published data." in output
    assert b"RESTRICTED" not in (folder / "out.gpkg").read_bytes()


LOCAL = ["local", "areas.gpkg", "--output", "out.gpkg"]
SURFACE = ["surface", "points.gpkg", "--within", "areas.gpkg", "--output", "out.tif"]
ERRORS = {
    "missing file": (["local", "area.gpkg", "--output", "out.gpkg", "--count", "crimes"], "no file area.gpkg"),
    "unknown layer": ([*LOCAL, "--count", "crimes", "--layer", "land"], "no layer 'land'"),
    "unknown column": ([*LOCAL, "--count", "crime"], "is it 'crimes'?"),
    "unknown people": ([*LOCAL, "--count", "crimes", "--population", "peopl"], "is it 'people'?"),
    "text": ([*LOCAL, "--count", "words"], "'many' in row 1"),
    "below zero": ([*LOCAL, "--count", "below"], "row 8; 1 such rows"),
    "no system": (["local", "bare.shp", "--output", "out.gpkg", "--count", "crimes"], "does not state its coordinate"),
    "areas as points": ([*LOCAL, "--points", "areas.gpkg"], "100 of 100 rows: Polygon"),
    "points as areas": (["local", "points.gpkg", "--output", "out.gpkg", "--count", "n"], "no polygons"),
    "duplicate ids": ([*LOCAL, "--count", "crimes", "--id", "words"], "or name another column with --id"),
    "wrong ending": (["local", "areas.gpkg", "--count", "crimes", "--output", "out.shp"], "let the name end in .gpkg"),
    "no ending": ([*SURFACE[:-1], "out"], "let the name end in .tif"),
    "its own input": (["local", "areas.gpkg", "--count", "crimes", "--output", "areas.gpkg"], "one of the inputs"),
    "no events": (LOCAL, "give --count COLUMN or --points FILE"),
    "both": ([*LOCAL, "--count", "crimes", "--points", "points.gpkg"], "both"),
    "unknown rule": ([*SURFACE, "--bandwidth", "wide"], "no bandwidth rule 'wide'"),
}


@pytest.mark.parametrize(("arguments", "words"), ERRORS.values(), ids=ERRORS)
def test_errors_say_what_was_found_and_what_to_try(folder, arguments, words):
    bare = make_squares()
    bare.geometry = bare.scale(0.01, 0.01, origin=(0, 0)).translate(-1e6, 0)
    bare.to_file("bare.shp")
    (folder / "bare.prj").unlink()
    before = (folder / "areas.gpkg").read_bytes()
    output = run(*arguments, code=2)
    assert output.startswith("Error: ")
    assert words in output
    assert "\n  try:   " in output
    assert not (folder / "out.gpkg").exists()
    assert (folder / "areas.gpkg").read_bytes() == before


def test_progress_is_printed_for_other_programs(folder):
    command = [sys.executable, "-m", "hotspots"]
    rest = ["local", "areas.gpkg", "--count", "crimes", "--output", "out.gpkg"]
    done = {
        options: subprocess.run(
            [*command, *options, *rest], capture_output=True, text=True, check=True, env={"PYTHONPATH": str(ROOT)}
        ).stderr
        for options in ((), ("--progress",), ("--progress", "--quiet"))
    }
    assert done[()] == done["--progress", "--quiet"] == ""
    assert done["--progress",].splitlines() == [
        "[1] Reading the areas",
        "[2] Linking the neighbours",
        "[3] Testing the areas",
        "[4] Writing the layer",
    ]
