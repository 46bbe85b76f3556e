"""What past events foretell, in worlds small enough to count on paper."""

from __future__ import annotations

import pickle

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom
from worlds import identified

from hotspots.analysis.density.prediction import (
    best_hits,
    flag_densest,
    predictive_accuracy,
    tabulate,
)
from hotspots.analysis.density.tried_bandwidths import best_bandwidth
from hotspots.errors import AnalysisError
from hotspots.model import EXTRACT_COLUMNS, Events, Extract, Identity, StudyArea

PAST, FUTURE = "2018-06-01", "2019-06-01"


@pytest.fixture(scope="module")
def strip() -> StudyArea:
    """Return an area of 10 km by 1 km: 160 cells of 250 m."""
    frame = gpd.GeoDataFrame(
        {"name": ["x"], "la_code": "E08000025", "la_name": "Birmingham"},
        geometry=[shapely.box(0, 0, 10_000, 1000)],
        index=["A"],
        crs=27700,
    )
    return StudyArea(frame, identity=Identity(release="open"))


def make_events(points: object, when: str = FUTURE, **words: str) -> Events:
    table = pd.DataFrame(np.asarray(points, dtype=float).reshape(-1, 2), columns=["easting", "northing"])
    table = table.assign(area_code=None, when=pd.Timestamp(when), kind="crime")
    return identified(Events, table, rows_read=len(table), **{"title": "crimes", "release": "open", **words})


A, B = (1125.0, 375.0), (7125.0, 625.0)
"""Centres of two cells far from each other."""


# --------------------------------------------------------------------------- four cells on paper


def test_four_cells_on_paper():
    # Densities 8, 4, 2, 1; later events 1, 5, 0, 4. One bandwidth, a quarter and a half of the area.
    flags = flag_densest(np.array([8.0, 4.0, 2.0, 1.0]), np.array([1.0, 2.0]))
    assert flags.tolist() == [[1, 0, 0, 0], [1, 1, 0, 0]]
    number = np.array([1, 5, 4])
    best = best_hits(number, np.array([1.0, 2.0]))
    assert best.tolist() == [5.0, 9.0]
    table = tabulate(
        flags[None, :, [0, 1, 3]], number, shares=np.array([0.25, 0.5]), best=best, resamples=99,
        rng=np.random.default_rng(1),
    )  # fmt: skip
    assert table["hits"].tolist() == pytest.approx([1, 6])
    assert table["hit_rate"].tolist() == pytest.approx([0.1, 0.6])
    assert table["pai"].tolist() == pytest.approx([0.4, 1.2])
    assert table["pei_star"].tolist() == pytest.approx([1 / 5, 6 / 9])
    assert table["best_hit_rate"].tolist() == pytest.approx([0.5, 0.9])
    assert table["events"].tolist() == [10, 10]


def test_ties_are_flagged_in_part():
    # Two cells wanted: the first, and a third of each of three that tie.
    flags = flag_densest(np.array([1.0, 3.0, 1.0, 1.0, 0.0]), np.array([2.0]))
    np.testing.assert_allclose(flags, [[1 / 3, 1, 1 / 3, 1 / 3, 0]])
    # What rounding leaves where no kernel reaches ranks no cell.
    noise = flag_densest(np.array([5.0, 1e-17, 0.0, -1e-18]), np.array([2.5]))
    np.testing.assert_allclose(noise, [[1, 0.5, 0.5, 0.5]])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=30), st.floats(0.01, 1))
def test_the_share_is_met_exactly(density: list[int], share: float):
    values = np.array(density, dtype=float) + 1
    flags = flag_densest(values, np.array([share * len(values)]))[0]
    assert flags.sum() == pytest.approx(share * len(values))
    # No cell is flagged before a denser one.
    order = np.argsort(values)
    assert (np.diff(flags[order]) >= -1e-12).all()


def test_intervals_are_those_of_a_binomial_and_differences_are_paired():
    # One bandwidth flags a cell with 90 of 100 events, the other one with 10.
    flags = np.array([[[1.0, 0.0]], [[0.0, 1.0]]])
    table = tabulate(
        flags, np.array([90, 10]), shares=np.array([0.5]), best=np.array([90.0]), resamples=20_000,
        rng=np.random.default_rng(2),
    )  # fmt: skip
    low, high = binom.ppf([0.025, 0.975], 100, 0.9) / 100
    assert table["hit_rate_low"][0] == pytest.approx(low, abs=0.011)
    assert table["hit_rate_high"][0] == pytest.approx(high, abs=0.011)
    assert table["pai_low"][0] == pytest.approx(table["hit_rate_low"][0] / 0.5)
    assert table["pei_star_high"][0] == pytest.approx(table["hit_rate_high"][0] / 0.9)
    # The one is 1 less the other: their difference varies twice as much as either, and not by the square root of two.
    assert table["behind"].tolist() == pytest.approx([0, 0.8])
    assert table["behind_low"][1] == pytest.approx(2 * low - 1, abs=0.021)
    assert table["behind_high"][1] == pytest.approx(2 * high - 1, abs=0.021)
    assert table["behind_low"][0] == table["behind_high"][0] == 0


# --------------------------------------------------------------------------- whole


def test_a_strip_on_paper(strip: StudyArea):
    # The past: three events at A, one at B. The future: two in A's cell, one in B's, one elsewhere, one outside.
    past = make_events([A, A, A, B], PAST, period="2018")
    future = make_events([A, (1020, 480), (7010, 740), (5000, 100), (-500, 100)], period="2019")
    found = predictive_accuracy(past, future, area=strip, bandwidths=[500], shares=[1.0, 1 / 160], cell=250)
    table = found.table
    assert table["bandwidth"].tolist() == [500, 500]
    assert table["share_of_area"].tolist() == [1 / 160, 1.0]
    assert table["area_km2"].tolist() == pytest.approx([0.0625, 10])
    assert table["events"].tolist() == [4, 4]
    assert table["past_events"].tolist() == [4, 4]
    assert table["hits"].tolist() == pytest.approx([2, 4])
    assert table["hit_rate"].tolist() == pytest.approx([0.5, 1])
    assert table["pai"].tolist() == pytest.approx([80, 1])
    assert table["pei_star"].tolist() == pytest.approx([1, 1])
    assert table["pai_low"].tolist()[1] == table["pai_high"].tolist()[1] == pytest.approx(1)
    assert found.sentences == (
        "Density of past crimes (2018) with a quartic kernel on cells of 250 m; the densest cells, up to a share of "
        "the area, against later crimes (2019).",
        "Hit rate: share of later events in those cells.",
        "PAI: hit rate over share of area, 1 being chance.",
        "PEI*: hits over the most that an area of this size could have captured on these cells, with hindsight.",
        "Intervals: 95%, from 999 resamples of the later events.",
        "Where hindsight could have captured every event, PEI* equals the hit rate.",
    )
    assert found.release == "open"


def test_the_whole_area_hits_everything(strip: StudyArea):
    rng = np.random.default_rng(4)
    points = rng.uniform((0, 0), (10_000, 1000), (60, 2))
    table = predictive_accuracy(
        make_events(points[:30], PAST), make_events(points[30:]), area=strip, bandwidths=[600, 900], shares=[1.0]
    ).table
    for column in ("hit_rate", "pai", "pei_star", "hit_rate_low", "pei_star_high"):
        assert table[column].tolist() == pytest.approx([1, 1])


def test_an_event_in_a_cell_whose_centre_is_outside_counts_in_the_nearest():
    # A triangle along the diagonal: the event lies in it, the centre of its cell does not.
    frame = gpd.GeoDataFrame(
        {"name": ["x"], "la_code": "E08000025", "la_name": "Birmingham"},
        geometry=[shapely.Polygon([(0, 0), (4000, 0), (0, 3900)])],
        index=["A"],
        crs=27700,
    )
    future = make_events([(2010, 1920)])
    table = predictive_accuracy(
        make_events([(500, 500)], PAST),
        future,
        area=StudyArea(frame, identity=Identity(release="open")),
        bandwidths=[500],
        shares=[1.0],
        cell=250,
    ).table
    assert table["hits"].tolist() == pytest.approx([1.0])


def test_events_where_they_always_were_favour_the_small_bandwidth(strip: StudyArea):
    rng = np.random.default_rng(6)
    near = np.array(A) + rng.uniform(-60, 60, (200, 2))
    wide = rng.uniform((0, 0), (10_000, 1000), (100, 2))
    past, future = make_events(np.vstack([near, wide]), PAST), make_events(near[:100] + 10)
    predictions = predictive_accuracy(past, future, area=strip, bandwidths=[3000, 500], shares=[0.01, 0.05], cell=125)
    table = predictions.table
    assert table["bandwidth"].tolist() == [500, 500, 3000, 3000]
    found = best_bandwidth(predictions, share=0.01)
    assert found.metres == 500
    assert found.words.startswith(
        "With the densest 1% of the area flagged, a bandwidth of 500 m, the smallest tried, captures most: 100.0% of"
    )
    same = predictive_accuracy(past, future, area=strip, bandwidths=[500, 3000], shares=[0.01, 0.05], cell=125)
    pd.testing.assert_frame_equal(table, same.table)
    other = predictive_accuracy(past, future, area=strip, bandwidths=[500, 3000], shares=[0.01, 0.05], cell=125, rng=1)
    assert (other.table["hit_rate"] == table["hit_rate"]).all()


def test_the_best_bandwidth_says_which_cannot_be_told_from_it():
    table = pd.DataFrame(
        {
            "bandwidth": [500.0, 1000.0, 2000.0, 4000.0],
            "share_of_area": 0.05,
            "events": 1200,
            "hit_rate": [0.20, 0.21, 0.10, 0.09],
            "hit_rate_low": [0.18, 0.19, 0.08, 0.07],
            "hit_rate_high": [0.22, 0.23, 0.12, 0.11],
            "behind_low": [-0.01, 0.0, 0.08, 0.09],
        }
    ).reindex(columns=EXTRACT_COLUMNS["predictions"])
    predictions = Extract(table, kind="predictions", identity=Identity(release="open"))
    found = best_bandwidth(predictions)
    assert found.metres == 1000
    assert found.as_good == (500, 1000)
    assert found.words == (
        "With the densest 5% of the area flagged, a bandwidth of 1,000 m captures most: 21.0% of 1,200 later events "
        "(95% interval 19.0 to 23.0%). The difference from 500 m is within chance. "
        "2,000 and 4,000 m captured fewer, by more than chance."
    )
    with pytest.raises(AnalysisError, match=r"The table has no share of area of 0\.2") as caught:
        best_bandwidth(predictions, share=0.2)
    assert "shares 0.05" in str(caught.value)


def test_what_cannot_be_judged_is_refused(strip: StudyArea):
    past, future = make_events([A, B], PAST), make_events([A])
    with pytest.raises(AnalysisError, match="The future begins before the past ends") as caught:
        predictive_accuracy(future, past, area=strip)
    assert "past events until 2019-06-01, future ones from 2018-06-01" in str(caught.value)
    with pytest.raises(AnalysisError, match="No future event of the crimes lies in the study area"):
        predictive_accuracy(past, make_events([(-1, -1)]), area=strip, bandwidths=[500])
    with pytest.raises(AnalysisError, match=r"A share of the area must lie above 0 and at most at 1: 1\.5"):
        predictive_accuracy(past, future, area=strip, shares=[0.5, 1.5])
    with pytest.raises(AnalysisError, match="There is nothing to compare"):
        predictive_accuracy(past, future, area=strip, bandwidths=[])
    with pytest.raises(AnalysisError, match="An interval needs 99 resamples or more: 9"):
        predictive_accuracy(past, future, area=strip, resamples=9)


def test_the_weakest_mark_and_inputs_as_they_were(strip: StudyArea):
    past, future = make_events([A, B], PAST, release="unreleased"), make_events([A])
    before = pickle.dumps((past, future, strip))
    found = predictive_accuracy(past, future, area=strip, bandwidths=[500], shares=[0.1])
    assert found.release == "unreleased"
    assert pickle.dumps((past, future, strip)) == before


# --------------------------------------------------------------------------- the ladder


def tried(found: Extract) -> list[float]:
    return sorted(set(found.table["bandwidth"]))


def test_the_ladder_goes_down_to_what_map_points_and_cells_allow(strip: StudyArea):
    rng = np.random.default_rng(7)
    points = rng.uniform((0, 0), (10_000, 1000), (400, 2))
    square = strip.areas.assign(geometry=[shapely.box(0, 0, 5000, 5000)])
    real = predictive_accuracy(make_events(points, PAST), make_events(points[:50]), area=strip)
    assert tried(real) == [125.0, 250.0, 500.0, 1000.0, 2000.0]
    assert "on cells of 50 m" in real.words
    # On a lattice of 100 m nothing is reliable below 200 m, and on one of 200 m below 400 m.
    for step, rungs in ((100, [250.0, 500.0, 1000.0, 2000.0]), (200, [500.0, 1000.0, 2000.0])):
        moved = make_events(np.round(points * (0.5, 5) / step) * step, PAST)
        found = predictive_accuracy(
            moved, make_events(points[:50]), area=StudyArea(square, identity=Identity(release="open"))
        )
        assert tried(found) == rungs
        assert f"A surface is not reliable below a radius of {2 * step} m." in found.words
    coarse = predictive_accuracy(make_events(points, PAST), make_events(points[:50]), area=strip, cell=150)
    assert tried(coarse) == [300.0, 500.0, 1000.0, 2000.0]
    assert "No bandwidth below 300 m was tried: the cells are too coarse for it." in coarse.sentences
    # The user's own list is taken as it is.
    own = predictive_accuracy(make_events(points, PAST), make_events(points[:50]), area=strip, bandwidths=[600, 900])
    assert tried(own) == [600.0, 900.0]
