"""A small study on disk: 100 square areas in two authorities, crimes with codes and points, admissions with codes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from worlds import make_grid

STUDY = """
[study]
title = "A small study"
slug = "small"
{study}
[areas]
file = "areas.gpkg"
geography = "LSOA"
vintage = 2011
{areas}
[population]
file = "population.csv"
column = "people"

{places}
[[events]]
name = "violence"
title = "violent crime"
format = "police"
file = "crime.csv"
release = "open"
source = "Made for a test"
{crime}
[[events]]
name = "admissions"
title = "hospital admissions"
format = "hes"
file = "hes.csv"
years = [2017, 2018]
release = "{release}"
source = "Made for a test"

[maps]
dpi = 72
{more}
"""


BIRMINGHAM = """
[[places]]
name = "Birmingham"
authorities = ["E08000025"]
"""


def codes_of(area):
    """Return well-formed LSOA 2011 codes for the squares of a grid."""
    return [f"E010{10000 + i}" for i in range(len(area))]


def write_small_study(
    folder: Path, *, release: str = "invented", places: str = "", study: str = "", areas: str = "", crime: str = "",
                      more: str = "", seed: int = 1) -> Path:  # fmt: skip
    """Write the files of the study into a folder and return the study file."""
    rng = np.random.default_rng(seed)
    grid = make_grid(10, 10)
    table = grid.areas.reset_index(drop=True).assign(lsoa11_code=codes_of(grid))
    table["lsoa11_name"] = [f"{name} {i:03d}A" for i, name in enumerate(table["la_name"])]
    table[["lsoa11_code", "lsoa11_name", "la_code", "la_name", "geometry"]].to_file(
        folder / "areas.gpkg", driver="GPKG"
    )
    codes = table["lsoa11_code"].tolist()
    pd.DataFrame({"lsoa11_code": codes, "people": 1500 + 10 * np.arange(100)}).to_csv(
        folder / "population.csv", index=False
    )
    risk = np.ones((10, 10))
    risk[1:4, 1:4] = 4
    where = np.repeat(np.arange(100), rng.poisson(12 * risk.ravel()))
    _write_crime(folder / "crime.csv", table, where, rng)
    home = np.repeat(np.arange(100), rng.poisson(9 * risk.ravel()))
    _write_admissions(folder / "hes.csv", [codes[i] for i in home], rng)
    file = folder / "study.toml"
    file.write_text(
        STUDY.format(release=release, places=places, study=study, areas=areas, crime=crime, more=more), encoding="utf-8"
    )
    return file


def _write_crime(path: Path, table, where, rng) -> None:
    """Write crimes in the old layout of data.police.uk: easting and northing, 3 rows outside and 2 without a place."""
    corners = table.geometry.bounds
    easting = corners["minx"].to_numpy()[where] + rng.integers(1, 999, len(where))
    northing = corners["miny"].to_numpy()[where] + rng.integers(1, 999, len(where))
    rows = pd.DataFrame(
        {
            "Month": "2019-03", "Reported by": "A force", "Falls within": "A force",
            "Easting": [*easting, 1e5, 1e5, 1e5, "", ""], "Northing": [*northing, 1e5, 1e5, 1e5, "", ""],
            "Location": "On or near", "Crime type": "Violent crime", "Context": "",
        }
    )  # fmt: skip
    rows.to_csv(path, index=False)


def _write_admissions(path: Path, codes: list[str], rng) -> None:
    days = pd.Timestamp("2017-01-01") + pd.to_timedelta(rng.integers(0, 730, len(codes)), unit="D")
    rows = pd.DataFrame(
        {
            "EPIKEY": np.arange(len(codes)) + 1000, "EPIORDER": 1, "ADMIDATE": days.strftime("%Y-%m-%d"),
            "EPISTART": days.strftime("%Y-%m-%d"), "STARTAGE": rng.integers(0, 90, len(codes)), "SEX": 1,
            "ADMIMETH": 21, "LSOA11": codes, "DIAG_01": "S010", "DIAG_02": "Y040",
        }
    )  # fmt: skip
    rows.to_csv(path, index=False)
