"""The same crimes in two downloads: each counts once, and equal crimes of one file stay apart."""

from __future__ import annotations

import pyproj
import pytest
from sources.test_police import FORCE, MODERN, OLD, modern, old, write

from hotspots.errors import SourceError
from hotspots.model import words_of
from hotspots.sources.police import read_police


def two(folder, first, second, *, header=MODERN, names=("a", "b")):
    """Write two downloads of the same month, and return their folder."""
    for name, rows in zip(names, (first, second), strict=True):
        (folder / name).mkdir()
        write(folder / name, header, *rows, name="2019-01-force-street.csv")
    return folder


def test_a_file_that_came_twice_counts_once(tmp_path):
    rows = [modern(key="1"), modern(key="2"), modern(), modern(), modern(kind="Drugs")]
    events = read_police(two(tmp_path, rows, rows))
    assert (events.rows_read, len(events)) == (10, 5)
    assert dict(events.dropped) == {
        "the same Crime ID in another file": 2,
        "an equal row without an ID in another file": 3,
    }
    assert any("January 2019" in note and "5 rows are in another file too" in note for note in words_of(events.notes))


def test_equal_rows_without_an_id_count_as_often_as_the_file_with_most(tmp_path):
    # Three in one file, two in the other: three crimes, whichever comes first.
    for names in (("a", "b"), ("b", "a")):
        folder = tmp_path / "".join(names)
        folder.mkdir()
        events = read_police(two(folder, [modern()] * 3, [modern()] * 2 + [modern(lon="-1.8")], names=names))
        assert len(events) == 4
        assert dict(events.dropped) == {"an equal row without an ID in another file": 2}


def test_a_later_download_with_another_outcome_is_the_same_crime(tmp_path):
    first, later = modern(key="7"), modern(key="7").removesuffix(",,") + ",Charged,"
    assert len(read_police(two(tmp_path, [first], [later]))) == 1


def test_other_months_and_forces_are_other_crimes(tmp_path):
    rows = [modern(), modern(key="7")]
    later = [modern("2019-02"), modern("2019-02", key="8"), modern(force="Another Force"), modern(key="7", force="B")]
    events = read_police(two(tmp_path, rows, later))
    assert len(events) == events.rows_read == 6


def test_old_files_without_ids_are_compared_by_content(tmp_path):
    events = read_police(two(tmp_path, [old()] * 2 + [old(kind="Burglary")], [old()] * 4, header=OLD))
    assert len(events) == 5
    assert dict(events.dropped) == {"an equal row without an ID in another file": 2}


def test_within_one_file_only_an_id_that_repeats_is_dropped(tmp_path):
    rows = [modern(key="7"), modern(key="7"), modern(key="7", kind="Drugs"), modern(), modern()]
    events = read_police(write(tmp_path, MODERN, *rows))
    assert len(events) == 4
    assert dict(events.dropped) == {"repeated Crime ID": 1}
    assert "1 row shares a Crime ID with another row, but not its crime type; kept." in words_of(events.notes)


def test_ids_that_a_spreadsheet_rounded_are_an_error(tmp_path):
    with pytest.raises(SourceError, match="were rounded") as caught:
        read_police(write(tmp_path, MODERN, modern(), modern(key="1.23457E+12")))
    assert "'1.23457E+12' in row 3" in str(caught.value)


def test_what_is_dropped_of_other_crime_types_is_dropped_once(tmp_path):
    rows = [modern(), modern(kind="Drugs")]
    events = read_police(two(tmp_path, rows, rows), crime_types=["Burglary"])
    assert (events.rows_read, len(events)) == (4, 1)
    assert dict(events.dropped) == {"an equal row without an ID in another file": 2, "other crime type": 1}
    assert events.table["force"].tolist() == [FORCE]
    assert events.coverage.months == ("2019-01",)


# --------------------------------------------------------------------------- other columns, other codes


def test_a_crime_without_an_id_counts_once_whatever_the_vintage_of_its_area_code(tmp_path):
    # E01008881 of 2011 was split in a later download's codes of 2021; a third one leaves codes and names out.
    first, later = [modern()] * 2, [modern(code="E01033561").replace(",Name,", ",Name 001F,")] * 2
    events = read_police(two(tmp_path, first, [*later, modern(code="")]))
    assert len(events) == 3
    assert dict(events.dropped) == {"an equal row without an ID in another file": 2}


def degrees(easting, northing, *, off=0.0):
    """Return a point in degrees of six decimals, moved east by some metres."""
    to_degrees = pyproj.Transformer.from_crs(27700, 4326, always_xy=True)
    lon, lat = to_degrees.transform(easting + off, northing)
    return {"lon": f"{lon:.6f}", "lat": f"{lat:.6f}"}


def layouts(folder, first, second):
    """Write a download in the old layout and one in the new, and return their folder."""
    for name, header, rows in (("a", OLD, first), ("b", MODERN, second)):
        (folder / name).mkdir()
        write(folder / name, header, *rows, name="2011-02-force-street.csv")
    return folder


def test_the_same_crime_in_the_old_and_the_new_layout_counts_once(tmp_path):
    # The two grids agree to a few metres; the next map point of a street of this name is 300 m away.
    near, far = degrees(408811, 284398, off=3.0), degrees(408811, 284398, off=300.0)
    new = [modern("2011-02", kind="Robbery", **near), modern("2011-02", kind="Robbery", **far)]
    events = read_police(layouts(tmp_path, [old()], new))
    assert len(events) == 2
    assert dict(events.dropped) == {"an equal row without an ID in another file": 1}


def test_crimes_of_a_file_without_ids_are_those_with_ids_in_another(tmp_path):
    # Three equal crimes in the file without IDs; two of them, with their IDs, and none without in the other.
    near = degrees(408811, 284398)
    new = [modern("2011-02", kind="Robbery", key=key, **near) for key in ("1", "2")]
    events = read_police(layouts(tmp_path, [old()] * 3, new))
    assert len(events) == 3
    assert dict(events.dropped) == {"an equal row without an ID in another file": 2}
    assert sorted(events.table["easting"].round().tolist())[1:] == pytest.approx([408811] * 2, abs=5)


def test_rows_without_an_id_beside_others_with_one_are_crimes_of_their_own(tmp_path):
    # Both files give IDs, so a row without one is no crime that another file has with one.
    events = read_police(two(tmp_path, [modern(key="1"), modern()], [modern(key="2"), modern()]))
    assert len(events) == 3
    assert dict(events.dropped) == {"an equal row without an ID in another file": 1}


def test_files_without_any_point_are_compared_by_area_code(tmp_path):
    nowhere = {"lon": "", "lat": ""}
    first, later = [modern(**nowhere)], [modern(**nowhere), modern(code="E01008882", **nowhere)]
    assert len(read_police(two(tmp_path, first, later))) == 2
