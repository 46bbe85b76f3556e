"""A small world for tests: square areas, and counts on them by position."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import csr_array

from hotspots.disclosure import Gate, Scope, protect
from hotspots.model import AreaCounts, Identity, Series, StudyArea

ROOT = Path(__file__).resolve().parents[1]


IDENTITY = ("release", "name", "title", "source", "sources", "period", "attribution", "notes")


def identified(kind, /, *args, **fields):
    """Make something of the model, with the parts of its identity among the other fields; ``source`` is one text."""
    parts = {name: fields.pop(name) for name in IDENTITY if name in fields}
    if "source" in parts:
        parts["sources"] = (parts.pop("source"),)
    people = kind.__name__ not in ("Ages", "Deprivation", "Factors")
    return kind(*args, **fields, identity=Identity(**{"release": "unreleased" if people else "open"} | parts))


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
    area = StudyArea(table, geography="square", identity=Identity(release="open", attribution=("Drawn for a test",)))
    if population is not None:
        area = area.with_population(pd.Series(population, index=area.ids))
    return area


def make_counts(area: StudyArea, values: object, high: object = None, **words: str) -> AreaCounts:
    """Return counts on a study area, by position."""
    low = np.asarray(values, dtype=float)
    table = pd.DataFrame({"observed_low": low, "observed_high": low if high is None else high}, index=area.ids)
    return identified(AreaCounts, area, table, **{"release": "open", **words})


def protect_alone(noun, rule, *, area=None):
    """Return counts that are published alone: nothing else of the same records is."""
    if not isinstance(noun, Series):
        return protect(noun, Gate(rule), scope=Scope.of_years(2000, 2000))
    months = noun.table["period"].rank(method="dense").astype(int)
    ages = {
        group: None if group == "all" else (number, number) for number, group in enumerate(noun.table["group"].unique())
    }
    scopes = [Scope(months=(m, m), ages=ages[g]) for m, g in zip(months, noun.table["group"], strict=True)]
    return protect(noun, Gate(rule), scope=scopes, area=area or make_grid(1, 2))


def windows_of(sets: list[np.ndarray], n: int, weights: list[np.ndarray] | None = None) -> csr_array:
    """Return windows among n areas as a sparse array: row i marks, or weighs, the areas of the i-th set."""
    starts = np.append(0, np.cumsum([len(s) for s in sets]))
    values = np.ones(starts[-1]) if weights is None else np.concatenate(weights)
    return csr_array((values, np.concatenate(sets), starts), shape=(len(sets), n))
