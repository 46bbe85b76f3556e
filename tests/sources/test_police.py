"""Street-level crime: every row kept or dropped for a reason."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pytest

from hotspots.errors import SourceError
from hotspots.model import words_of
from hotspots.sources.police import read_police

MODERN = (
    "Crime ID,Month,Reported by,Falls within,Longitude,Latitude,Location,LSOA code,LSOA name,Crime type,"
    "Last outcome category,Context"
)
OLD = "Month,Reported by,Falls within,Easting,Northing,Location,Crime type,Context"
FORCE = "West Midlands Police"


def modern(month="2019-01", lon="-1.9", lat="52.5", code="E01008881", kind="Burglary", force=FORCE, key=""):
    return f"{key},{month},{force},{force},{lon},{lat},On or near X,{code},Name,{kind},,"


def old(month="2011-02", easting="408811.0", northing="284398.0", kind="Robbery"):
    return f"{month},{FORCE},{FORCE},{easting},{northing},On or near X,{kind},"


def write(folder, header, *rows, name="2019-01-west-midlands-street.csv"):
    path = folder / name
    path.write_text("\r\n".join([header, *rows]) + "\r\n", encoding="utf-8", newline="")
    return path


def test_full_row_duplicates_are_separate_crimes(tmp_path):
    events = read_police(write(tmp_path, OLD, old(), old(), old(kind="Burglary")))
    assert len(events) == events.rows_read == 3
    assert dict(events.dropped) == {}
    assert events.release == "unreleased"
    assert events.table["area_code"].isna().all()
    assert events.table["when"].unique().tolist() == [pd.Timestamp("2011-02-01")]
    assert str(events.period) == "February 2011"


def test_degrees_become_metres(tmp_path):
    # The Airy transit circle, longitude 0 of OSGB36, is at TQ 38917 77339 (about 538917, 177339); in WGS84 it is
    # 5.31 seconds west (Ordnance Survey, A guide to coordinate systems in Great Britain).
    path = write(tmp_path, MODERN, modern(lon=f"{-5.31 / 3600:.8f}", lat="51.47787"))
    table = read_police(path).table
    assert table.loc[0, "easting"] == pytest.approx(538_890, abs=40)
    assert table.loc[0, "northing"] == pytest.approx(177_330, abs=40)


@pytest.mark.parametrize(
    ("lon", "lat", "column", "words"),
    [
        ("400", "52.5", "Longitude", "'400' is not a longitude."),
        ("-1.9", "-95", "Latitude", "'-95' is not a latitude."),
    ],
)
def test_degrees_that_are_none_are_an_error(tmp_path, lon, lat, column, words):
    path = write(tmp_path, MODERN, modern(), modern(lon=lon, lat=lat))
    with pytest.raises(SourceError) as error:
        read_police(path)
    assert error.value.problem == words
    assert error.value.found.startswith(f"column '{column}', row 3 of {path}")


def test_rows_without_a_location_are_events_without_a_place(tmp_path):
    path = write(tmp_path, MODERN, modern(), modern(lon="", lat="", code=""))
    events = read_police(path)
    assert len(events) == 2
    assert events.table["easting"].isna().tolist() == [False, True]
    assert events.table["area_code"].tolist() == ["E01008881", None]
    assert "1 crimes of January 2019 have no location; they are not counted in any area." in words_of(events.notes)
    assert any(note.startswith("1 located crimes have 1 distinct points") for note in words_of(events.notes))


def test_old_and_modern_files_of_a_folder_are_one(tmp_path):
    for month, header, row in [("2011-02", OLD, old()), ("2011-03", MODERN, modern("2011-03"))]:
        (tmp_path / month).mkdir()
        write(tmp_path / month, header, row, name=f"{month}-west-midlands-street.csv")
        write(tmp_path / month, "Crime ID,Outcome", "a,b", name=f"{month}-west-midlands-outcomes.csv")
    events = read_police(tmp_path)
    assert events.rows_read == 2
    assert str(events.period) == "February to March 2011"
    again = read_police([tmp_path / "2011-02" / "2011-02-west-midlands-street.csv", tmp_path / "2011-03"])
    assert len(again) == 2


def test_compressed_files(tmp_path):
    path = tmp_path / "street.csv.gz"
    path.write_bytes(gzip.compress("\n".join([MODERN, modern()]).encode()))
    assert len(read_police(path)) == 1


def test_crime_types_and_years_are_chosen_and_counted(tmp_path):
    rows = [modern(kind="Burglary"), modern(kind="Drugs"), modern("2018-12"), modern("soon"), modern("", kind="Drugs")]
    path = write(tmp_path, MODERN, *rows)
    events = read_police(path, crime_types=["burglary"], years=(2019, 2019))
    assert dict(events.dropped) == {"no usable date": 2, "outside 2019 to 2019": 1, "other crime type": 1}
    assert len(events) + 4 == events.rows_read
    assert str(events.period) == "January 2019"


def test_a_type_that_is_known_but_absent_gives_no_events(tmp_path):
    events = read_police(write(tmp_path, MODERN, modern()), crime_types=["Possession of weapons"])
    assert len(events) == 0
    assert dict(events.dropped) == {"other crime type": 1}


def test_an_unknown_crime_type_names_the_nearest(tmp_path):
    with pytest.raises(SourceError) as error:
        read_police(write(tmp_path, MODERN, modern()), crime_types=["Violence and sexual offenses"])
    assert error.value.problem == "There is no crime type 'Violence and sexual offenses'."
    assert error.value.found == "in the file: Burglary"
    assert error.value.advice == "is it 'Violence and sexual offences'?"


def test_months_without_rows_are_said(tmp_path):
    path = write(tmp_path, MODERN, modern("2019-01"), modern("2019-04"))
    assert "No rows for February 2019, March 2019: a gap is not a fall." in words_of(read_police(path).notes)
    notes = words_of(read_police(path, years=(2019, 2019)).notes)
    assert any(note.startswith("No rows for February 2019, March 2019, May 2019") for note in notes)
    full = write(tmp_path, MODERN, modern("2019-01"), modern("2019-02"))
    assert not any("gap" in note for note in words_of(read_police(full).notes))


def test_a_force_that_is_missing_is_named(tmp_path):
    other = "Greater Manchester Police"
    path = write(tmp_path, MODERN, modern("2019-06"), modern("2019-07"), modern("2019-06", force=other))
    assert "No rows of Greater Manchester Police for July 2019: a gap is not a fall." in words_of(
        read_police(path).notes
    )


def test_rows_that_name_no_force_are_said_to(tmp_path):
    path = write(tmp_path, MODERN, modern("2019-06"), modern("2019-07"), modern("2019-06", force=""))
    assert "No rows without a force for July 2019: a gap is not a fall." in words_of(read_police(path).notes)


def test_bad_coordinates_are_named_by_row(tmp_path):
    path = write(tmp_path, OLD, old(), old(easting="near"))
    with pytest.raises(SourceError) as error:
        read_police(path)
    assert error.value.problem == "'near' is not a number."
    assert error.value.found == f"column 'Easting', row 3 of {path}"


def test_missing_files_and_columns(tmp_path):
    with pytest.raises(SourceError, match="There is no CSV file in the folder"):
        read_police(tmp_path)
    with pytest.raises(SourceError, match="No file of street-level crime is named"):
        read_police([])
    with pytest.raises(SourceError, match="has no column 'Crime type'"):
        read_police(write(tmp_path, "Month,Longitude,Latitude", "2019-01,1,52"))
    with pytest.raises(SourceError, match="has no column 'Easting'"):
        read_police(write(tmp_path, "Month,Crime type", "2019-01,Burglary"))


# --------------------------------------------------------------------------- the sample, by the numbers planted in it


def test_the_samples_street_file(root):
    events = read_police(root / "data" / "events" / "invented_police_street_2019.csv.gz", release="invented")
    kinds = events.table["kind"].value_counts()
    assert kinds["Violence and sexual offences"] == 13_200
    assert kinds["Possession of weapons"] == 1_500
    assert kinds["Anti-social behaviour"] == 600
    assert events.table["easting"].isna().sum() == 160
    assert "No rows for July 2019: a gap is not a fall." in words_of(events.notes)


# --------------------------------------------------------------------------- real files


@pytest.mark.real
def test_real_street_file_of_2011(shared_data):
    events = read_police(shared_data / "crime_wm_2011-02_street.csv", release="open")
    # SOURCES.md: 25,558 rows on 9,831 distinct points, up to 83 on one.
    assert (events.rows_read, len(events)) == (25_558, 25_558)
    points = events.table.groupby(["easting", "northing"]).size()
    assert (len(points), points.max()) == (9_831, 83)
    assert not np.isnan(events.table["easting"]).any()
    assert str(events.period) == "February 2011"


@pytest.mark.real
def test_real_street_file_of_2018(shared_data):
    events = read_police(shared_data / "crime_west_yorkshire_2018-07_street_sample.csv", release="open")
    assert len(events) == 3_000
    assert events.table["area_code"].str.match(r"E010\d{5}$").all()
    # West Yorkshire, with its margins.
    assert events.table["easting"].between(395_000, 465_000).all()
    assert events.table["northing"].between(400_000, 455_000).all()


def test_files_of_a_folder_that_are_not_of_streets_are_named(tmp_path):
    write(tmp_path, MODERN, modern(key="a" * 64))
    write(tmp_path, "Crime ID,Outcome", "a,b", name="2019-01-west-midlands-outcomes.csv")
    write(tmp_path, MODERN, modern(), name="january.csv")
    notes = words_of(read_police(tmp_path).notes)
    assert notes[0] == (
        "2 files were skipped because the name does not contain 'street': "
        "2019-01-west-midlands-outcomes.csv, january.csv."
    )


def test_files_without_ids_are_named_where_a_crime_may_be_in_two(tmp_path):
    first = write(tmp_path, OLD, old(), name="one-street.csv")
    assert not any("No Crime ID" in note for note in words_of(read_police(first).notes))
    second = write(tmp_path, MODERN, modern(key="b" * 64), name="two-street.csv")
    assert "No Crime ID in one-street.csv: crimes that are in two files are matched by their contents." in words_of(
        read_police([first, second]).notes
    )
