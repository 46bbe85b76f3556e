"""No public function writes into what it is given."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from worlds import make_counts, make_grid

import hotspots as hs


@pytest.fixture(scope="module")
def world():
    """Return an area, events on it, their counts, a result and a surface."""
    rng = np.random.default_rng(5)
    area = make_grid(8, 8, population=1500)
    points = rng.uniform((400_000, 292_000), (408_000, 300_000), (400, 2))
    table = pd.DataFrame(
        {
            "easting": points[:, 0],
            "northing": points[:, 1],
            "area_code": None,
            "when": pd.date_range("2018-01-01", "2019-12-31", periods=400),
            "kind": "crime",
            "age": rng.integers(5, 80, 400),
        }
    )
    events = hs.Events(table, rows_read=400, name="crime", title="crime", source="Made for a test", release="open")
    counts = hs.count_events(events, area)
    return {
        "area": area,
        "events": events,
        "counts": counts,
        "hidden": make_counts(area, rng.integers(0, 30, 64), release="unreleased"),
        "neighbours": hs.link_neighbours(area),
        "result": hs.getis_ord(counts),
        "risk": hs.relative_risk(events, area, bandwidth=2000),
        "later": replace(events, table=table.assign(when=table["when"] + pd.DateOffset(years=3))),
        "surface": hs.kernel_density(events, area, bandwidth=1500, cell=250),
        "series": hs.count_by_year(events, years=(2018, 2019)),
    }


CALLS = {
    "count_events": lambda w, _: hs.count_events(w["events"], w["area"]),
    "protect": lambda w, _: hs.protect(w["hidden"], "nhs-digital"),
    "link_neighbours": lambda w, _: hs.link_neighbours(w["area"], rule="rook"),
    "getis_ord": lambda w, _: hs.getis_ord(w["counts"], w["neighbours"]),
    "local_moran": lambda w, _: hs.local_moran(w["counts"], w["neighbours"], null="randomisation"),
    "hidden": lambda w, _: hs.getis_ord(hs.protect(w["hidden"], "dfe"), w["neighbours"], null="constant-risk"),
    "kernel_density": lambda w, _: hs.kernel_density(w["events"], w["area"], bandwidth=1000, cell=250),
    "count_by_year": lambda w, _: hs.count_by_year(w["events"], years=(2018, 2019), ages=(0, 24)),
    "change_since": lambda w, _: hs.change_since(w["series"], base="2018"),
    "spread_counts": lambda w, _: hs.spread_counts(w["counts"], cell=250),
    "smooth_counts": lambda w, _: hs.smooth_counts(w["counts"], bandwidth=2000, cell=250),
    "relative_risk": lambda w, _: hs.relative_risk(w["events"], w["area"], bandwidth=2000),
    "compare_densities": lambda w, _: hs.compare_densities(w["events"], w["events"], w["area"], bandwidth=2000),
    "tolerance_contours": lambda w, _: hs.tolerance_contours(w["risk"], events=w["events"], area=w["area"]),
    "top_contours": lambda w, _: hs.top_contours(w["surface"], events=w["events"], area=w["area"]),
    "predictive_accuracy": lambda w, _: hs.predictive_accuracy(
        w["events"], w["later"], w["area"], bandwidths=(1500,), cell=250, resamples=99
    ),
    "draw_map": lambda w, folder: hs.save_map(hs.draw_map(w["result"], w["area"]), folder / "map", dpi=72),
    "draw_surface": lambda w, _: hs.draw_map(w["surface"], w["area"]),
    "draw_series": lambda w, _: hs.draw_series(w["series"]),
    "write_geopackage": lambda w, folder: hs.write_geopackage(folder / "a.gpkg", [w["result"], w["area"]], title="A"),
    "write_raster": lambda w, folder: hs.write_raster(folder / "a.tif", w["surface"]),
}


@pytest.mark.parametrize("name", CALLS)
def test_inputs_are_as_they_were(name: str, world, tmp_path: Path):
    before = {key: pickle.dumps(noun) for key, noun in world.items()}
    CALLS[name](world, tmp_path)
    changed = [key for key, noun in world.items() if pickle.dumps(noun) != before[key]]
    assert changed == []
