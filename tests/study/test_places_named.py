"""What a run calls a place of raised risk: not a speck."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
from geopandas import GeoDataFrame
from shapely.geometry import box
from worlds import identified

from hotspots.model import Events, Identity, StudyArea, Surface, words_of
from hotspots.study.findings.analyses import _tolerance


def test_a_place_of_thirteen_events_is_not_named() -> None:
    """Two squares of 400 m that pass alike; 13 events in one and 30 in the other."""
    p = np.full((10, 20), 0.6)
    p[3:7, 3:7] = p[3:7, 12:16] = 1e-6
    words: dict[str, Any] = {"unit": "times", "integral": np.nan, "kernel": "quartic", "bandwidth": 500.0}
    surface = identified(
        Surface,
        np.zeros(p.shape),
        (0.0, 1000.0),
        100.0,
        kind="relative-risk",
        p_raised=p,
        p_lowered=1 - p,
        provenance=None,
        release="open",
        **words,
    )
    table = pd.DataFrame([(500.0, 500.0)] * 13 + [(1400.0, 500.0)] * 30, columns=["easting", "northing"])
    table = table.assign(area_code=None, when=pd.Timestamp("2019-01-01"), kind="crime")
    frame = GeoDataFrame(
        {"name": ["x"], "la_code": "E08000031", "la_name": "Wolverhampton"},
        geometry=[box(0, 0, 2000, 1000)],
        index=["A"],
        crs=27700,
    )
    study: Any = SimpleNamespace(analysis=SimpleNamespace(level=0.05, adjustment="benjamini-hochberg-apart"))
    found = _tolerance(
        study,
        surface,
        Events(table, rows_read=43, identity=Identity(release="open", title="knife crime")),
        StudyArea(frame, identity=Identity(release="open")),
    )
    assert found.table["events"].tolist() == [30.0]
    assert words_of(found.notes)[0].endswith("with fewer than 20 events left out: 1, together 155,000 m².")
