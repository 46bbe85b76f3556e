"""Two output folders are compared value by value: each kind of difference is seen, and nothing else is."""

from __future__ import annotations

import csv
import json
import sqlite3
import sys
from contextlib import closing

import numpy as np
import pandas as pd
import pytest
import rasterio
from rasterio.transform import Affine
from worlds import ROOT

sys.path.insert(0, str(ROOT / "tools"))

from compare_outputs import main


def write_folder(
    folder,
    *,
    p=0.25,
    name="Sandwell 001A",
    reason="Tested under the null.",
    column="p_low",
    ids=("E1", "E2"),
    cell="3",
    title="A map of 3 areas",
    seconds=1.0,
    height=2.5,
    north=100,
    band="height",
    style="<qgis>\n</qgis>\n",
    picture=b"png",
):
    folder.mkdir()
    summary = {"title": title, "level": 0.05, "areas": [{"area_id": "E1", "p": p}], "seconds": {"draw": seconds}}
    (folder / "summary.json").write_text(json.dumps(summary))
    with (folder / "schools.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["name", "low"], [name, cell]])
    pd.DataFrame({"area_id": ["E1", "E2"], "p": [p, np.nan]}).to_parquet(folder / "areas.parquet")
    with closing(sqlite3.connect(folder / "hotspots.gpkg")) as connection:
        connection.execute(f"CREATE TABLE areas (fid INTEGER, geometry BLOB, area_id TEXT, {column} REAL, reason TEXT)")
        rows = [(at, b"shape" + area.encode(), area, p if area == "E1" else 0.5, reason) for at, area in enumerate(ids)]
        connection.executemany("INSERT INTO areas VALUES (?, ?, ?, ?, ?)", rows)
        connection.commit()
    grid = np.array([[1.0, np.nan], [height, 4.0]])
    place = Affine(10, 0, 0, 0, -10, north)
    shape = {"driver": "GTiff", "width": 2, "height": 2, "count": 1, "dtype": "float64", "crs": "EPSG:27700"}
    with rasterio.open(folder / "density.tif", "w", transform=place, nodata=np.nan, **shape) as raster:
        raster.write(grid, 1)
        raster.set_band_description(1, band)
    (folder / "density.qml").write_text(style)
    (folder / "map.png").write_bytes(picture)


def compare(tmp_path, capsys, *, options=(), **changed):
    write_folder(tmp_path / "before")
    write_folder(tmp_path / "after", **changed)
    code = main([str(tmp_path / "before"), str(tmp_path / "after"), *options])
    return code, capsys.readouterr().out


def test_the_same_outputs_are_equal(tmp_path, capsys):
    assert compare(tmp_path, capsys) == (0, "7 equal\n")


def test_the_time_of_a_run_is_no_difference(tmp_path, capsys):
    assert compare(tmp_path, capsys, seconds=2.0) == (0, "7 equal\n")


def test_the_last_bit_of_a_float_is_a_difference(tmp_path, capsys):
    code, out = compare(tmp_path, capsys, p=np.nextafter(0.25, 1))
    assert code == 1
    assert "VALUES DIFFER  summary.json\n  value areas[0].p: 0.25 → 0.25000000000000006" in out
    assert "VALUES DIFFER  areas.parquet\n  value p [1]: 0.25 → 0.25000000000000006  (1 of 2 rows" in out
    assert "VALUES DIFFER  hotspots.gpkg\n  value areas.p_low [E1]: 0.25 → 0.25000000000000006  (1 of 2 rows" in out


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"cell": "4"}, "value low [1]: 3.0 → 4.0  (1 of 1 rows, largest difference 1)"),
        ({"name": "Sandwell 001B"}, "value name [1]: 'Sandwell 001A' → 'Sandwell 001B'  (1 of 1 rows)"),
        ({"column": "p_high"}, "value areas.column 'p_low' only before"),
        ({"ids": ("E1", "E3")}, "value areas: 2 rows → 2 rows, 1 of them in both"),
        ({"height": 3.0}, "value band 1: 1 of 4 cells, largest difference 0.5"),
        ({"north": 110}, "value transform: "),
    ],
)
def test_a_value_that_differs_is_named(tmp_path, capsys, changed, line):
    code, out = compare(tmp_path, capsys, **changed)
    assert code == 1
    assert f"  {line}" in out


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"reason": "Tested under H0 of chance."}, "text  areas.reason [E1]: 'Tested under the null.' → "),
        ({"title": "A map of three"}, "text  title: 'A map of 3 areas' → 'A map of three'  (numbers differ)\n"),
        ({"title": "A sheet of 3 areas"}, "text  title: 'A map of 3 areas' → 'A sheet of 3 areas'\n"),
        ({"band": "metres above sea"}, "text  descriptions[0]: 'height' → 'metres above sea'"),
        ({"style": "<qgis>\n<new/>\n</qgis>\n"}, "text  +<new/>"),
        ({"picture": b"other"}, "      3 bytes → 5 bytes"),
    ],
)
def test_texts_and_pictures_are_told_apart_from_values(tmp_path, capsys, changed, line):
    code, out = compare(tmp_path, capsys, **changed)
    assert code == 0
    assert f"  {line}" in out
    assert "VALUES" not in out


def test_rows_of_a_layer_are_matched_by_id(tmp_path, capsys):
    code, out = compare(tmp_path, capsys, ids=("E2", "E1"))
    # The order of the rows is in `fid` alone.
    assert code == 1
    assert "areas.fid" in out
    assert "areas.p_low" not in out


def test_renamed_things_are_compared(tmp_path, capsys):
    (tmp_path / "renamed.json").write_text(json.dumps({"p_low": "p_upper_low"}))
    options = ("--renamed", str(tmp_path / "renamed.json"))
    code, out = compare(tmp_path, capsys, options=options, column="p_upper_low")
    assert code == 0
    assert "VALUES" not in out


def test_a_file_of_one_side_is_named(tmp_path, capsys):
    write_folder(tmp_path / "before")
    write_folder(tmp_path / "after")
    (tmp_path / "after" / "map.png").rename(tmp_path / "after" / "plan.png")
    assert main([str(tmp_path / "before"), str(tmp_path / "after")]) == 1
    out = capsys.readouterr().out
    assert "ONLY BEFORE    map.png" in out
    assert "ONLY AFTER     plan.png" in out


def test_a_number_that_becomes_a_text_is_a_value(tmp_path, capsys):
    code, out = compare(tmp_path, capsys, cell="3 or more")
    assert code == 1
    assert "value low [1]: 3.0 → '3 or more'" in out
