"""Agreement of four methods on sixteen squares, worked by hand."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from made_methods import contour_method, scan_method
from worlds import identified, make_counts, make_grid

from hotspots.analysis.autocorrelation import getis_ord, local_moran
from hotspots.analysis.stability import agreement
from hotspots.errors import AnalysisError
from hotspots.model import CLUSTER_COLUMNS, Clusters, Contours, DensestContours, HotspotResult

AREA = make_grid(4, 4, population=1000.0)
IDS = AREA.ids
"""Row by row from the north-west; a square has 1 km²."""
WORDS = {"release": "open", "name": "crime", "title": "crime", "period": "2019"}


def classed(method: str, classes: dict[int, str]) -> HotspotResult:
    """Return a result with these classes by position, and nothing significant elsewhere."""
    counts = make_counts(AREA, np.arange(16), **WORDS)
    result = getis_ord(counts) if method == "getis_ord" else local_moran(counts)
    given = pd.Series("not_significant", index=IDS)
    given.iloc[list(classes)] = list(classes.values())
    reason = np.where(given == "not_tested", "no count", "")
    return replace(result, table=result.table.assign(**{"class": given, "reason": reason}))


def scanned(zones: list[tuple[list[int], str]]) -> Clusters:
    rows = [
        dict.fromkeys(CLUSTER_COLUMNS, 1.0)
        | {"certainty": certainty, "area_ids": " ".join(IDS[members]), "geometry": AREA.areas.geometry.iloc[0]}
        for members, certainty in zones
    ]
    table = gpd.GeoDataFrame(rows, geometry="geometry", crs=27700, index=range(1, len(rows) + 1))
    return identified(Clusters, table, provenance=scan_method(), area=AREA, **WORDS)


def contoured(*shapes: tuple[str, shapely.Geometry], **fields: object) -> Contours:
    rows = [
        {
            **{"kind": kind, "words": kind, "threshold": 0.05, "events": 1.0, "share_of_events": 0.1},
            **{"area_km2": shape.area / 1e6, "share_of_area": shape.area / 16e6, "geometry": shape},
        }
        for kind, shape in shapes
    ]
    table = gpd.GeoDataFrame(rows, geometry="geometry", crs=27700)
    return identified(Contours, table, "crime_risk", provenance=contour_method(), **(WORDS | fields))


def square(west: float, north: float, width: float, height: float) -> shapely.Geometry:
    """Return a rectangle; kilometres east and south of the grid's north-west corner."""
    return shapely.box(
        400_000 + 1000 * west,
        300_000 - 1000 * (north + height),
        400_000 + 1000 * (west + width),
        300_000 - 1000 * north,
    )


GI = classed(
    "getis_ord", {0: "hot_99", 1: "hot_95", 2: "hot_90", 4: "hot_95", 5: "hot_99", 3: "not_tested", 10: "cold_99"}
)
"""Square 2 is hot at 10%, which is not the result's level."""
MORAN = classed("local_moran", {0: "high_high", 1: "high_low", 5: "high_high", 10: "low_low"})
SCAN = scanned([([0, 1, 2], "certain"), ([14, 15], "depends")])
# Of square 0 all is raised, of square 1 four tenths, of square 4 six; square 10 is lowered.
SURFACE = contoured(("raised", square(0, 0, 1.4, 1)), ("raised", square(0, 1, 0.6, 1)), ("lowered", square(2, 2, 1, 1)))


def test_what_each_method_says_of_each_square():
    found = agreement([SURFACE, SCAN, MORAN, GI])
    assert found.compared == ("getis_ord", "local_moran", "scan", "surface")
    expected = {  # Gi*, Local Moran, scan, surface
        0: ("yes", "yes", "yes", "yes"),
        1: ("yes", "no", "yes", "no"),
        2: ("no", "no", "yes", "no"),
        3: ("not_tested", "no", "no", "no"),
        4: ("yes", "no", "no", "yes"),
        5: ("yes", "yes", "no", "no"),
        10: ("no", "no", "no", "no"),
        15: ("no", "no", "no", "no"),
    }
    for position, says in expected.items():
        assert tuple(found.table.loc[IDS[position], list(found.compared)]) == says
    # Those on which most methods agree first, and then by id.
    assert [IDS.get_loc(area) for area in found.table.index[:6]] == [0, 1, 4, 5, 2, 3]
    assert found.table["hot_methods"].tolist()[:6] == [4, 2, 2, 2, 1, 0]
    assert found.table["class"].value_counts().to_dict() == {"none": 11, "two": 3, "four": 1, "one": 1}
    assert found.table.loc[IDS[3], "methods"] == 3
    assert found.table.loc[IDS[[0, 1, 4, 10]], "covered"].tolist() == pytest.approx([1, 0.4, 0.6, 0])
    assert found.hot_by(2) == IDS[[0, 1, 4, 5]].tolist()


def test_a_method_that_is_not_given_says_so():
    found = agreement([GI, SCAN])
    assert set(found.table["surface"]) == set(found.table["local_moran"]) == {"not_given"}
    assert found.table["covered"].isna().all()
    assert found.table.loc[IDS[3], ["methods", "class"]].tolist() == [1, "none"]
    alone = agreement([classed("getis_ord", {3: "not_tested"}), classed("local_moran", {3: "not_tested"})])
    assert alone.table.loc[IDS[3], ["methods", "class"]].tolist() == [0, "not_tested"]


def test_contours_without_a_raised_part_say_no_everywhere():
    found = agreement([GI, contoured(("lowered", square(0, 0, 1, 1)))])
    assert set(found.table["surface"]) == {"no"}
    nothing = contoured(("raised", square(0, 0, 1, 1)))
    empty = replace(nothing, table=nothing.table.iloc[:0])
    assert set(agreement([GI, empty]).table["surface"]) == {"no"}


def test_the_weakest_release_and_all_sources_are_passed_on():
    mixed = agreement([GI, contoured(("raised", square(0, 0, 1, 1)), release="nhs-digital", source="A survey")])
    assert (mixed.release, mixed.title, mixed.sources) == ("nhs-digital", "crime", ("A survey",))


def test_results_that_do_not_fit_each_other_are_refused():
    larger = make_counts(make_grid(4, 5, population=1000.0), np.arange(20), **WORDS)
    with pytest.raises(AnalysisError, match="different areas") as told:
        agreement([GI, local_moran(larger)])
    assert "4 areas in one of them only: E01000004" in told.value.found
    with pytest.raises(AnalysisError, match="different periods") as told:
        agreement([GI, SCAN.with_identity(period="2018")])
    assert told.value.found == "2019; 2018"
    with pytest.raises(AnalysisError, match="different events"):
        agreement([GI, SCAN.with_identity(name="stroke")])
    with pytest.raises(AnalysisError, match="of one method: Getis-Ord Gi"):
        agreement([GI, GI])
    with pytest.raises(AnalysisError, match="at least two results"):
        agreement([GI])
    with pytest.raises(AnalysisError, match="A StudyArea can't be compared"):
        agreement([GI, AREA])
    times = {"start": "2019-01-01", "end": "2019-01-31", "periods": 1, "alive": "no"}
    with pytest.raises(AnalysisError, match="Clusters in space and time can't be compared"):
        agreement([GI, replace(SCAN, table=SCAN.table.assign(**times))])
    with pytest.raises(AnalysisError, match="None of the results has its study area"):
        agreement([replace(GI, area=None), SURFACE])


def test_contours_of_something_else_are_refused():
    with pytest.raises(AnalysisError, match="not of raised risk"):
        agreement([GI, contoured(("top_area", square(0, 0, 1, 1)))])
    empty = replace(SURFACE, table=SURFACE.table.iloc[:0])
    densest = replace(SURFACE.provenance, cells=DensestContours(of="area", share=0.05, threshold=1.0, cells=0))
    with pytest.raises(AnalysisError, match="not of raised risk"):
        agreement([GI, replace(empty, provenance=densest)])
    with pytest.raises(AnalysisError, match="another study area") as told:
        agreement([GI, contoured(("raised", square(3, 0, 2, 1)))])
    assert "50% of them outside" in told.value.found
    half = contoured(("raised", square(0, 0, 1, 1)))
    with pytest.raises(AnalysisError, match="another study area") as told:
        agreement([GI, replace(half, table=half.table.assign(share_of_area=1 / 32))])
    assert "contours of 32.0 km²" in told.value.found
