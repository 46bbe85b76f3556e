"""A study of eleven thousand areas runs in bounded memory, and its briefing can be opened."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pikepdf
import pytest
import shapely

ACROSS = 105
"""Areas in a row: 11,025 in all."""

LIMIT = 3_000_000_000
"""Bytes that the run and its drawing processes may have at once, each. England's 32,844 areas once took 22 GB."""

STUDY = """
[study]
title = "A large study"
slug = "large"

[areas]
file = "areas.gpkg"
vintage = 2011

[population]
file = "counts.csv"
column = "people"

[[events]]
name = "admissions"
title = "admissions"
format = "counts"
file = "counts.csv"
count_column = "n"
years = [2017, 2019]
release = "invented"
"""

LIMITED = f"""
import resource
from hotspots.cli import main

if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_DATA, ({LIMIT}, {LIMIT}))
    main()
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    """Write areas with crooked borders, and counts that gather round 40 centres."""
    folder = tmp_path_factory.mktemp("large")
    rng = np.random.default_rng(11)
    rows, columns = np.divmod(np.arange((ACROSS + 1) ** 2), ACROSS + 1)
    corner = np.column_stack([200_000.0 + 2_000 * columns, 100_000.0 + 2_000 * rows]) + rng.uniform(
        -600, 600, (len(rows), 2)
    )
    # A border has ten bends, the same for both of its areas.
    along = np.linspace(0, 1, 11)[1:-1, None]

    def border(a: int, b: int) -> np.ndarray:
        first, last = min(a, b), max(a, b)
        bends = np.random.default_rng([first, last]).uniform(-80, 80, (9, 2))
        line = corner[first] * (1 - along) + corner[last] * along + bends
        return np.vstack([corner[a], line if a == first else line[::-1]])

    def square(number: int) -> shapely.Polygon:
        row, column = divmod(number, ACROSS)
        a = row * (ACROSS + 1) + column
        ring = [a, a + 1, a + ACROSS + 2, a + ACROSS + 1]
        return shapely.Polygon(
            np.vstack([border(one, other) for one, other in zip(ring, ring[1:] + ring[:1], strict=True)])
        )

    number = ACROSS**2
    shapes = shapely.make_valid(np.array([square(one) for one in range(number)], dtype=object))
    ids = [f"E010{10_000 + one}" for one in range(number)]
    authority = np.arange(number) // 500
    gpd.GeoDataFrame(
        {
            "lsoa11_code": ids,
            "lsoa11_name": [f"Place {one:02d} {two % 500:03d}A" for two, one in enumerate(authority)],
            "lad19_code": [f"E07000{100 + one}" for one in authority],
            "lad19_name": [f"Place {one:02d}" for one in authority],
        },
        geometry=shapes,
        crs=27700,
    ).to_file(folder / "areas.gpkg", driver="GPKG")
    people = rng.integers(1_000, 3_000, number)
    middle = np.array([shape.centroid.coords[0] for shape in shapes])
    centres = middle[rng.choice(number, 40, replace=False)]
    near = np.hypot(*(middle[:, None] - centres[None]).transpose(2, 0, 1)).min(axis=1) < 4_000
    counts = rng.poisson(people * 0.004 * np.where(near, 2.5, 1.0))
    pd.DataFrame({"lsoa11_code": ids, "people": people, "n": counts}).to_csv(folder / "counts.csv", index=False)
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    (folder / "limited.py").write_text(LIMITED, encoding="utf-8")
    return folder


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are Linux's")
def test_it_runs_in_bounded_memory_and_its_briefing_can_be_opened(study):
    command = [sys.executable, str(study / "limited.py"), "run", str(study / "study.toml")]
    run = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr[-2_000:]
    outputs = study / "outputs" / "large"
    assert (outputs / "briefing.pdf").stat().st_size < 10_000_000
    assert sum(path.stat().st_size for path in (outputs / "maps").iterdir()) < 30_000_000
    with pikepdf.open(outputs / "briefing.pdf") as pdf:
        # The first page, three maps (two methods and the surface), methods and sources.
        assert len(pdf.pages) >= 5
    summary = json.loads((outputs / "summary.json").read_text(encoding="utf-8"))
    hot = summary["hotspots"]["admissions"]["getis_ord"]["places"]["whole study area"]["hot"]
    assert hot > 100
    assert summary["areas"]["number"] == ACROSS**2
    assert summary["left_out"] == {}
