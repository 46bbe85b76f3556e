"""What tests share: where real data and the sample lie, and a small world of square areas."""

from __future__ import annotations

import os
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from hotspots.nouns import AreaCounts, StudyArea

ROOT = Path(__file__).resolve().parents[1]
REAL = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the root of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real open data, or skip where it does not lie beside the checkout."""
    if not REAL.is_dir():
        pytest.skip("the real open data are not beside this checkout (../shared/data)")
    return REAL


@pytest.fixture(scope="session")
def in_ci() -> bool:
    """Whether this is the continuous integration, where a missing system package is a failure."""
    return os.environ.get("CI") == "true"


def make_grid(rows: int, columns: int, *, side: float = 1000.0, population: float | None = None) -> StudyArea:
    """Return square areas, ids in reading order from the north-west, the left half in one authority."""
    cells, ids, codes = [], [], []
    for row in range(rows):
        for column in range(columns):
            west, north = 400_000 + column * side, 300_000 - row * side
            cells.append(shapely.box(west, north - side, west + side, north))
            ids.append(f"E0100{row:02d}{column:02d}")
            codes.append("E08000025" if column < columns / 2 else "E08000028")
    table = gpd.GeoDataFrame(
        {
            "name": [f"Square {i}" for i in ids],
            "la_code": codes,
            "la_name": ["Birmingham" if c == "E08000025" else "Sandwell" for c in codes],
        },
        geometry=cells,
        index=ids,
        crs=27700,
    )
    area = StudyArea(table, geography="square", attribution=("Drawn for a test",))
    if population is not None:
        area = area.with_population(pd.Series(population, index=area.ids))
    return area


def make_counts(area: StudyArea, values: object, high: object = None, **words: str) -> AreaCounts:
    """Return counts on a study area, by position."""
    low = np.asarray(values, dtype=float)
    table = pd.DataFrame({"observed_low": low, "observed_high": low if high is None else high}, index=area.ids)
    return AreaCounts(area, table, **{"release": "open", **words})


@pytest.fixture
def grid() -> StudyArea:
    """Return a 6 by 6 grid of square areas without a population."""
    return make_grid(6, 6)
