"""Events to areas: one rule each, every event once, everything adds up to the row."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from worlds import identified, make_grid

from hotspots.analysis.counts.spatial_join import count_events, place_schools
from hotspots.errors import AnalysisError
from hotspots.model import Events, Identity, Schools, words_of
from hotspots.sources.boundaries import read_areas
from hotspots.sources.police import read_police

# A 1 by 3 grid of kilometre squares from 400000, 299000: E01000000, E01000001, E01000002.
CENTRES = {"E01000000": (400_500, 299_500), "E01000001": (401_500, 299_500), "E01000002": (402_500, 299_500)}
FAR = (500_000, 200_000)


@pytest.fixture
def area():
    return make_grid(1, 3)


def make_events(rows, **options):
    """Return events of pairs: a point or None, and a code or None."""
    table = pd.DataFrame(
        {
            "easting": [np.nan if point is None else point[0] for point, _ in rows],
            "northing": [np.nan if point is None else point[1] for point, _ in rows],
            "area_code": pd.Series([code for _, code in rows], dtype=object),
            "when": pd.Timestamp("2019-01-01"),
            "kind": "x",
        }
    )
    options = {"rows_read": len(table), "release": "open"} | options
    return identified(Events, table, **options)


def observed(counts):
    return counts.table["observed_low"].tolist()


def test_a_code_wins_over_a_point(area):
    counts = count_events(make_events([(CENTRES["E01000000"], "E01000002"), (FAR, " e01000001 ")]), area)
    assert observed(counts) == [0, 1, 1]
    assert (counts.audit["joined_by_code"], counts.audit["joined_by_point"], counts.outside) == (2, 0, 0)


def test_a_code_of_another_place_is_outside_whatever_the_point(area):
    events = make_events([(CENTRES["E01000000"], "E01005555"), (None, "W01000123"), (None, "S01006506")])
    counts = count_events(events, area)
    assert observed(counts) == [0, 0, 0]
    assert (counts.outside, counts.audit["outside_by_code"], counts.audit["outside_by_point"]) == (3, 3, 0)
    assert words_of(counts.notes)[0] == "None of the 3 events lies in the study area."
    assert counts.audit["outside_by_code_point_inside"] == 1
    assert words_of(counts.notes)[1].startswith(
        "1 events have the code of an area outside the study and a point inside it"
    )


@pytest.mark.parametrize(
    "code", ["E0100000", "E010000001", "unknown", "E99999999", "E02000001", "E08000025", "E01999999"]
)
def test_an_unusable_code_leaves_it_to_the_point(area, code):
    counts = count_events(make_events([(CENTRES["E01000001"], code), (FAR, code), (None, code)]), area)
    assert observed(counts) == [0, 1, 0]
    assert counts.audit["passed_over_codes"] == 3
    assert counts.audit["outside_by_point"] == 1
    assert dict(counts.dropped) == {"unusable area code": 1}
    assert words_of(counts.notes) == (
        "3 area codes in the file can't be used: malformed, pseudo-codes, or of another kind of area.",
    )


def test_points_are_placed_once_and_borders_go_to_the_first_area(area):
    border, corner = (401_000, 299_500), (402_000, 300_000)
    rows = [(point, None) for point in (border, border, corner, CENTRES["E01000002"], FAR, (0, 0), None)]
    counts = count_events(make_events(rows), area)
    # The border between the first two goes to the first, the corner of the last two to the second.
    assert observed(counts) == [2, 1, 1]
    assert counts.audit["distinct_points"] == 4
    assert counts.outside == 1
    assert dict(counts.dropped) == {"no usable location": 2}


def test_without_any_point_what_is_missing_is_the_code(area):
    counts = count_events(make_events([(None, None), (None, ""), (None, "E01000000")]), area)
    assert dict(counts.dropped) == {"no area code": 2}
    assert observed(counts) == [1, 0, 0]


def test_drops_of_reading_are_passed_on(area):
    events = make_events([(None, None)], rows_read=6, dropped={"no usable date": 4, "no area code": 1})
    assert dict(count_events(events, area).dropped) == {"no usable date": 4, "no area code": 2}


def test_no_events_at_all(area):
    counts = count_events(make_events([]), area)
    assert observed(counts) == [0, 0, 0]
    assert counts.outside == 0


def test_detailed_boundaries_place_the_points(area):
    # In the detailed boundaries the first square ends 100 m earlier.
    shapes = [
        shapely.box(400_000, 299_000, 400_900, 300_000),
        shapely.box(400_900, 299_000, 402_000, 300_000),
        shapely.box(402_000, 299_000, 403_000, 300_000),
    ]
    detailed = replace(area, areas=area.areas.set_geometry(shapes, crs=27700))
    events = make_events([((400_950, 299_500), None)])
    assert observed(count_events(events, area)) == [1, 0, 0]
    counts = count_events(events, area, detailed_areas=detailed)
    assert observed(counts) == [0, 1, 0]
    assert counts.area is area
    with pytest.raises(AnalysisError) as error:
        count_events(events, area, detailed_areas=replace(area, areas=area.areas.iloc[:2]))
    assert error.value.problem == "Area 'E01000002' is not among the detailed boundaries."
    assert error.value.found == "1 of 3 areas without a detailed polygon: E01000002"


def test_points_outside_the_study_but_in_other_detailed_areas_are_outside(area):
    part = replace(area, areas=area.areas.iloc[:2])
    counts = count_events(make_events([(CENTRES["E01000002"], None)]), part, detailed_areas=area)
    assert (observed(counts), counts.outside) == ([0, 0], 1)


def test_the_most_careful_mark_is_passed_on(area):
    events = make_events([(CENTRES["E01000000"], None)], release="unreleased")
    assert count_events(events, area).release == "unreleased"
    events = make_events([(CENTRES["E01000000"], None)])
    assert count_events(events, area).release == "open"
    assert count_events(events, area.with_identity(release="invented")).release == "invented"
    assert count_events(events, area, detailed_areas=area.with_identity(release="invented")).release == "invented"


def test_newer_codes_in_a_study_of_2011_leave_it_to_the_point(area):
    study = replace(area, vintage=2011, geography="LSOA")
    events = make_events(
        [(CENTRES["E01000001"], "E01034955"), (None, "E01034955"), (CENTRES["E01000001"], "E01005555")]
    )
    counts = count_events(events, study)
    assert observed(counts) == [0, 1, 0]
    assert dict(counts.dropped) == {"area code of another vintage": 1}
    # A code there was already in 2011 is that of an unchanged area somewhere else.
    assert counts.audit["outside_by_code"] == 1
    assert words_of(counts.notes)[1:] == (
        "Mixed vintages: more than half, 2 of 3 area codes in the file are of another vintage than the study's areas "
        "(LSOA 2011); those events were placed by their point, or left out where there is none.",
    )


def test_codes_of_2011_in_a_study_of_2021_leave_it_to_the_point(area):
    study = replace(area, vintage=2021, geography="LSOA")
    others = [f"E01{number:06d}" for number in range(20_000, 20_120)]
    rows = [(CENTRES["E01000002"], code) for code in others] + [(CENTRES["E01000000"], "E01000001")]
    counts = count_events(make_events(rows), study)
    # 121 codes without a newer one: of 2011. Of the study's own codes unchanged areas keep theirs.
    assert observed(counts) == [0, 1, 120]
    assert any(note.startswith("Mixed vintages: more than half, 120 of 121") for note in words_of(counts.notes))


def test_areas_of_ones_own_making(area):
    own = replace(area, areas=area.areas.set_axis(["HEX-01", "HEX-02", "HEX-03"], axis=0))
    events = make_events([(None, "HEX-02"), (CENTRES["E01000000"], "HEX-99"), (CENTRES["E01000002"], "E01000002")])
    counts = count_events(events, own)
    assert observed(counts) == [0, 1, 1]
    assert counts.audit["outside_by_code"] == 1


def test_inputs_are_not_changed(area):
    events = make_events([(CENTRES["E01000000"], None), (None, "e01000001"), (None, None)])
    before, areas = events.table.copy(), area.areas.copy()
    count_events(events, area, detailed_areas=area)
    pd.testing.assert_frame_equal(events.table, before)
    pd.testing.assert_frame_equal(area.areas, areas)


POINTS = st.one_of(
    st.none(),
    st.just((0.0, 0.0)),
    st.tuples(st.integers(399_500, 403_500), st.sampled_from([298_900, 299_000, 299_500, 300_000])),
)
CODES = st.sampled_from(
    [None, "", "E01000000", "E01000002", "E01007777", "E01034955", "W01000001", "E99999999", "rubbish"]
)

AREAS = {vintage: replace(make_grid(1, 3), vintage=vintage) for vintage in (None, 2011, 2021)}


@given(
    rows=st.lists(st.tuples(POINTS, CODES), max_size=40),
    lost=st.integers(0, 5),
    vintage=st.sampled_from([None, 2011, 2021]),
    seed=st.randoms(use_true_random=False),
)
def test_observed_outside_and_dropped_add_up_to_the_rows_read(rows, lost, vintage, seed):
    area = AREAS[vintage]
    dropped = {"no usable date": lost} if lost else {}
    counts = count_events(make_events(rows, rows_read=len(rows) + lost, dropped=dropped), area)
    inside = counts.table["observed_low"].sum()
    assert inside + counts.outside + sum(counts.dropped.values()) == len(rows) + lost == counts.audit["rows_read"]
    assert inside == counts.audit["joined_by_code"] + counts.audit["joined_by_point"]
    # The order of the rows is of no account.
    shuffled = list(rows)
    seed.shuffle(shuffled)
    again = count_events(make_events(shuffled), area)
    assert observed(again) == observed(counts)


def test_an_independent_way_gives_the_same_counts(area):
    """Second opinion: geopandas' spatial join, for points off the borders."""
    import geopandas as gpd

    rng = np.random.default_rng(5)
    points = [(float(x), float(y)) for x, y in rng.uniform((399_000.3, 298_500.3), (404_000, 300_500), (400, 2))]
    counts = count_events(make_events([(point, None) for point in points]), area)
    shapes = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*np.transpose(points)), crs=27700)
    joined = gpd.sjoin(shapes, area.areas, predicate="within")
    assert observed(counts) == [int((joined["area_id"] == one).sum()) for one in area.ids]
    assert counts.outside == 400 - len(joined)


def test_schools_are_placed_by_their_point(area):
    table = pd.DataFrame(
        {
            "name": ["A", "B", "C", "D"],
            "la_code": "E08000025",
            "la_name": "Birmingham",
            "easting": [402_500, 530_000, np.nan, 401_000],
            "northing": [299_500, 180_000, np.nan, 299_500],
            "pupils": 1.0,
            "low": 1.0,
            "high": 1.0,
            "years": 1,
            "reason": "",
        },
        index=["3304001", "3304002", "3304003", "3304004"],
    )
    placed = place_schools(Schools(table, rows_read=4, identity=Identity(release="unreleased")), area)
    assert placed.to_dict() == {"3304001": "E01000002", "3304002": None, "3304003": None, "3304004": "E01000000"}
    assert placed.name == "area_id"


# --------------------------------------------------------------------------- real files


@pytest.mark.real
def test_real_crimes_of_the_west_midlands(shared_data):
    events = read_police(shared_data / "crime_wm_2011-02_street.csv", release="open")
    boundaries = shared_data / "wm_boundaries_27700.gpkg"
    detailed = read_areas(boundaries, layer="lsoa11_detailed")
    generalised = read_areas(boundaries, layer="lsoa11")
    # SOURCES.md: 19 outside on the detailed layer, 34 on the generalised one, which has crimes in 1,666 areas.
    counts = count_events(events, detailed)
    assert counts.outside == 19
    assert counts.table["observed_low"].sum() == 25_558 - 19
    drawn = count_events(events, generalised)
    assert drawn.outside == 34
    assert (drawn.table["observed_low"] > 0).sum() == 1_666
    placed = count_events(events, generalised, detailed_areas=detailed)
    pd.testing.assert_frame_equal(placed.table.drop(columns="geometry"), counts.table.drop(columns="geometry"))


@pytest.mark.real
def test_real_crimes_of_another_force(shared_data):
    events = read_police(shared_data / "crime_west_yorkshire_2018-07_street_sample.csv", release="open")
    midlands = read_areas(shared_data / "wm_boundaries_27700.gpkg", layer="lsoa11")
    counts = count_events(events, midlands)
    assert (counts.outside, counts.table["observed_low"].sum()) == (3_000, 0)
    assert "None of the 3,000 events lies in the study area." in words_of(counts.notes)
    bradford = read_areas(shared_data / "lsoa11_england_bsc_27700.parquet", authorities=["E08000032"])
    inside = count_events(events, bradford)
    # By hand: rows of the file whose code's LSOA is named Bradford.
    named = pd.read_csv(shared_data / "crime_west_yorkshire_2018-07_street_sample.csv")["LSOA name"]
    assert inside.table["observed_low"].sum() == named.str.startswith("Bradford").sum() > 0
