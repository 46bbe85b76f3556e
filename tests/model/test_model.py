"""The types of the model: checked when made, frozen, copied, and what each error says."""

from __future__ import annotations

import dataclasses
import pickle

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from made_methods import hotspot_method
from worlds import make_counts, make_grid

from hotspots.analysis.autocorrelation.local_statistics import getis_ord
from hotspots.errors import AnalysisError, DisclosureError, SourceError
from hotspots.model import (
    AreaCounts,
    Events,
    HotspotResult,
    Identity,
    Place,
    Schools,
    StudyArea,
    Surface,
    need_released,
)

EVENT_COLUMNS = ["easting", "northing", "area_code", "when", "kind"]


def areas_of(grid: StudyArea) -> gpd.GeoDataFrame:
    return grid.areas.copy()


def test_a_noun_is_frozen_and_keeps_a_copy(grid):
    table = areas_of(grid)
    area = StudyArea(table, identity=Identity(release="open"))
    table["name"] = "changed"
    assert "changed" not in set(area.areas["name"])
    with pytest.raises(dataclasses.FrozenInstanceError):
        area.vintage = 2021
    with pytest.raises(TypeError):
        area.repairs["mended"] = ()


def test_areas_are_sorted_by_id(grid):
    assert StudyArea(areas_of(grid).sample(frac=1, random_state=4), identity=Identity(release="open")).ids.equals(
        grid.ids
    )


def test_model_types_can_be_pickled(grid):
    counts = make_counts(grid, np.arange(36), title="crime")
    result = getis_ord(counts)
    for instance in (grid, counts, result):
        again = pickle.loads(pickle.dumps(instance))
        assert type(again) is type(instance)
    assert again.provenance == result.provenance
    pd.testing.assert_frame_equal(pd.DataFrame(again.table), pd.DataFrame(result.table))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.drop(columns="la_code"), r"needs the column 'la_code'"),
        (lambda t: pd.concat([t, t.iloc[[3]]]), r"Two areas share the id 'E01000003'"),
        (lambda t: t.to_crs(4326), r"British National Grid \(EPSG:27700, metres\)"),
        (lambda t: t.set_crs(None, allow_override=True), "found: coordinate system none"),
        (lambda t: t.iloc[:0], "has no areas"),
        (lambda t: t.assign(la_code=None), r"'E01000000' lies in no local authority"),
        (lambda t: t.assign(population=-1.0), r"population of area 'E01000000' is negative"),
        (
            lambda t: t.assign(geometry=[shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]), *list(t.geometry[1:])]),
            r"polygon of area 'E01000000' is invalid",
        ),
    ],
)
def test_a_study_area_says_what_is_wrong(grid, change, words):
    table = change(areas_of(grid))
    with pytest.raises(AnalysisError) as caught:
        StudyArea(table, identity=Identity(release="open"))
    import re

    assert re.search(words, str(caught.value))


def test_a_population_must_cover_every_area(grid):
    with pytest.raises(AnalysisError) as caught:
        grid.with_population(pd.Series(10.0, index=grid.ids[1:]))
    assert "Area 'E01000000' has no population." in str(caught.value)
    assert "1 of 36 areas" in str(caught.value)


def test_events_add_up_to_the_row():
    table = pd.DataFrame([[1.0, 2.0, None, pd.Timestamp("2019-01-01"), "x"]] * 3, columns=EVENT_COLUMNS)
    with pytest.raises(SourceError, match="do not add up"):
        Events(table, rows_read=5, dropped={"no date": 1}, identity=Identity(release="unreleased"))
    events = Events(table, rows_read=4, dropped={"no date": 1}, identity=Identity(release="unreleased"))
    fewer = events.where(np.array([True, False, False]), reason="too old")
    assert (len(fewer), dict(fewer.dropped)) == (1, {"no date": 1, "too old": 2})
    assert len(events) == 3


@pytest.mark.parametrize(("low", "high"), [(3, 2), (-1, 2), (np.nan, 2)])
def test_impossible_intervals_are_refused(grid, low, high):
    lows, highs = np.ones(36), np.ones(36)
    lows[5], highs[5] = low, high
    with pytest.raises(AnalysisError, match="'E01000005' has an impossible interval"):
        make_counts(grid, lows, highs)


def test_counts_of_other_areas_are_refused(grid):
    table = pd.DataFrame({"observed_low": [1.0], "observed_high": [1.0]}, index=["E09999999"])
    with pytest.raises(AnalysisError, match="do not have the same areas"):
        AreaCounts(grid, table, identity=Identity(release="unreleased"))


def test_expected_counts_share_out_the_total():
    area = make_grid(1, 4, population=100).with_population(pd.Series([100, 200, 300, 400], index=make_grid(1, 4).ids))
    counts = make_counts(area, [1, 2, 3, np.nan])
    # 6 events among the 600 people of the three areas that have a count.
    assert counts.table["expected"].tolist()[:3] == pytest.approx([1, 2, 3])
    assert np.isnan(counts.table["expected"].iloc[3])


def test_an_untested_area_needs_a_reason(grid):
    table = getis_ord(make_counts(grid, np.arange(36))).table.copy()
    table.loc["E01000000", "class"] = "not_tested"
    with pytest.raises(AnalysisError, match="'E01000000' was not tested and no reason is given"):
        HotspotResult(table, method="getis_ord", sentences=(), provenance=None, identity=Identity(release="open"))


def test_hot_is_at_the_studys_own_level(grid):
    table = getis_ord(make_counts(grid, np.arange(36))).table.copy()
    table["class"] = ["hot_99", "hot_95", "hot_90", "cold_95"] + ["not_significant"] * 32

    def at_level(level):
        provenance = hotspot_method(level=level)
        return HotspotResult(table, "getis_ord", (), provenance=provenance, identity=Identity(release="open"))

    assert len(at_level(0.05).hot()) == 2
    assert len(at_level(0.10).hot()) == 3
    assert len(at_level(0.01).cold()) == 0
    by_hand = HotspotResult(table, "getis_ord", (), provenance=None, identity=Identity(release="open"))
    assert by_hand.hot(Place("Sandwell", ("E08000028",))) == []
    assert (by_hand.level, by_hand.statistic) == (0.05, "gi_star")


def test_a_surface_is_north_up_and_can_not_be_written_to():
    surface = Surface(
        np.zeros((2, 3)),
        origin=(400_000.0, 300_000.0),
        cell=100.0,
        unit="events per km²",
        integral=0.0,
        kernel="quartic",
        bandwidth=500.0,
        provenance=None,
        identity=Identity(release="open"),
    )
    assert surface.transform == (100.0, 0.0, 400_000.0, 0.0, -100.0, 300_000.0)
    assert surface.extent == (400_000.0, 299_800.0, 400_300.0, 300_000.0)
    with pytest.raises(ValueError, match="read-only"):
        surface.values[0, 0] = 1


def test_unreleased_nouns_are_refused_by_name(grid):
    counts = make_counts(grid, np.arange(36), title="admissions", release="unreleased")
    with pytest.raises(DisclosureError) as caught:
        need_released(counts, "A map")
    assert "A map would publish unprotected counts: admissions." in str(caught.value)
    need_released(make_counts(grid, np.arange(36)), "A map")


def test_the_mark_of_counts_goes_on_to_results(grid):
    for release in ("unreleased", "restricted", "nhs-digital", "invented", "open"):
        assert getis_ord(make_counts(grid, np.arange(36), release=release)).release == release


def test_schools_add_up():
    columns = ["name", "la_code", "la_name", "easting", "northing", "pupils", "low", "high", "years", "reason"]
    with pytest.raises(SourceError, match="schools do not add up"):
        Schools(pd.DataFrame(columns=columns), rows_read=3, identity=Identity(release="unreleased"))
