"""A small study on disk: 100 square areas in two authorities, crimes with codes and points, admissions with codes."""

from __future__ import annotations

import hashlib
import json
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
{admissions}

[maps]
dpi = 72
{more}
"""


EXTRACTS = """
[population_by_age]
file = "ages.csv"
source = "Made for a test"

[[series]]
name = "by_year"
title = "Admissions"
events = "admissions"
years = [2017, 2018]
rates = true
base = 2017
lines = [{ group = "all ages" }, { group = "under 25", ages = [0, 24] }]

[[series]]
name = "by_quarter"
title = "Admissions by quarter"
events = "admissions"
years = [2017, 2018]
by = "quarter"
base = 2017
change_points = true
lines = [{ group = "all ages" }, { group = "under 25", ages = [0, 24] }]

[[recorded]]
name = "recorded"
title = "Recorded knife crime"
file = "recorded.csv"
force = "Here"
rates = true
base = "2016/17"
change_points = true
provisional = ["2018/19 Q4"]

[deprivation]
file = "idaci.csv"

[children_in_need]
file = "factors.csv"
year = 2019
theme = "Domestic abuse"
"""
"""Every extract that a study can hold; the section of admissions needs `standardised = true` beside it."""


BIRMINGHAM = """
[[places]]
name = "Birmingham"
authorities = ["E08000025"]
"""

SURFACELESS = {"crime": "density = false", "admissions": "density = false"}
"""Options of `write_small_study` for what surfaces have no part in: they take most of a run."""


def write_extract_files(folder: Path, *, seed: int = 2) -> None:
    """Write people by age, recorded crime, deprivation and factors beside a small study."""
    rng = np.random.default_rng(seed)
    codes = codes_of(make_grid(10, 10))
    bands = {"0-4": 100, **{f"{age}-{age + 4}": 90 for age in range(5, 85, 5)}, "85+": 40}
    pd.DataFrame({"lsoa11_code": codes, **{band: people + np.arange(100) for band, people in bands.items()}}).to_csv(
        folder / "ages.csv", index=False
    )
    quarters = [(f"{year}/{year % 100 + 1}", f"Q{quarter}") for year in (2016, 2017, 2018) for quarter in range(1, 5)]
    pd.DataFrame(quarters, columns=["Financial Year", "Financial Quarter"]).assign(
        **{"Force Name": "Here", "Population": 200.0, "Knife Crime": rng.poisson(np.repeat([40, 42, 90], 4))}
    ).to_csv(folder / "recorded.csv", index=False)
    column = np.arange(100) % 10  # the most deprived in the west
    pd.DataFrame(
        {"lsoa11_code": codes, "idaci_score": 0.4 - 0.03 * column, "idaci_rank": 3000 * column + np.arange(100) + 1,
         "idaci_decile": column + 1}
    ).to_csv(folder / "idaci.csv", index=False)  # fmt: skip
    rows = [
        (year, "Local authority", code, name, 1000, 600, 300 * (1 + number))
        for year in (2018, 2019)
        for number, (code, name) in enumerate((("E08000025", "Birmingham"), ("E08000028", "Sandwell")))
    ]
    columns = ["time_period", "geographic_level", "new_la_code", "la_name", "Episodes_with_assessment_factor",
               "Domestic_Abuse", "Mental_Health"]  # fmt: skip
    pd.DataFrame(rows, columns=columns).to_csv(folder / "factors.csv", index=False)


def codes_of(area):
    """Return well-formed LSOA 2011 codes for the squares of a grid."""
    return [f"E010{10000 + i}" for i in range(len(area))]


def write_small_study(
    folder: Path, *, release: str = "invented", places: str = "", study: str = "", areas: str = "", crime: str = "",
                      admissions: str = "", more: str = "", seed: int = 1) -> Path:  # fmt: skip
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
        STUDY.format(
            release=release, places=places, study=study, areas=areas, crime=crime, admissions=admissions, more=more
        ),
        encoding="utf-8",
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


def digests(folder: Path) -> dict[str, str]:
    """Return the content of every file of a run; the summary without the seconds."""
    found = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        content = path.read_bytes()
        if path.name == "summary.json":
            content = json.dumps({k: v for k, v in json.loads(content).items() if k != "seconds"}).encode()
        found[path.relative_to(folder).as_posix()] = hashlib.sha256(content).hexdigest()
    return found
