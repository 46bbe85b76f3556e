"""Street-level crime and a force's own extract: every row kept or dropped for a reason."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pytest

from hotspots.errors import SourceError
from hotspots.model import words_of
from hotspots.sources.police import read_offences, read_police

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


# --------------------------------------------------------------------------- a force's own extract

HEADER = "reference,offence_code,offence,occurred_from,easting,northing,knife"
ROWS = (
    "R1,8N,Assault with injury,01/02/2019 23:30,401774,284396,Y",
    "R2,34B,Robbery,2019-03-04 10:00,401775.5,284397.5,N",
    "R3,8N,Assault with injury,05/06/2019 01:00,,,N",
    "R4,8N,Assault with injury,05/06/2019 01:00,0,0,Y",
    "R5,8N,Assault with injury,31/06/2019 01:00,401774,284396,Y",
    "R6,8N,Assault with injury,01/01/2020 00:00,401774,284396,Y",
    "R1,8N,Assault with injury,01/02/2019 23:30,401774,284396,Y",
    "R2,34B,Robbery,2019-03-04 10:00,401775.5,284397.5,Y",
)


def test_offences_are_kept_once_with_a_date(tmp_path):
    events = read_offences(write(tmp_path, HEADER, *ROWS), years=(2019, 2019))
    assert events.rows_read == 8
    assert dict(events.dropped) == {"repeated reference": 2, "no usable date": 1, "outside 2019 to 2019": 1}
    table = events.table
    assert table["easting"].tolist()[:2] == [401774.0, 401775.5]
    # Blank and (0, 0) are both no place, and both stay in the file's total.
    assert table["easting"].isna().tolist() == table["northing"].isna().tolist() == [False, False, True, True]
    assert table["when"].iloc[0] == pd.Timestamp("2019-02-01 23:30")
    assert table["kind"].iloc[1] == "Robbery"
    assert table["knife"].tolist() == [True, False, False, True]
    assert words_of(events.notes) == (
        "1 rows repeat a reference with other contents; the first row is used.",
        "2 offences of January to June 2019 have no coordinates; they are not counted in any area.",
    )


def test_offences_are_chosen_by_knife_and_code(tmp_path):
    path = write(tmp_path, HEADER, *ROWS[:4])
    assert dict(read_offences(path, knife=True).dropped) == {"not a knife offence": 2}
    assert dict(read_offences(path, knife=False).dropped) == {"knife offence": 2}
    assert dict(read_offences(path, codes=["34B"]).dropped) == {"other offence code": 3}
    with pytest.raises(SourceError) as error:
        read_offences(path, codes=["8M"])
    assert error.value.problem == f"There is no offence code '8M' in {path}."
    assert error.value.found == "codes 34B, 8N"


def test_columns_may_have_other_names(tmp_path):
    path = write(tmp_path, "crime_no,date,x,y", "1,2019-01-02,400000,300000", "1,2019-01-02,400000,300000")
    columns = {"reference": "crime_no", "occurred_from": "date", "easting": "x", "northing": "y"}
    events = read_offences(path, columns=columns)
    assert dict(events.dropped) == {"repeated reference": 1}
    assert events.table["kind"].tolist() == ["offence"]
    with pytest.raises(SourceError, match="has no column 'weapon'"):
        read_offences(path, columns={**columns, "knife": "weapon"})
    with pytest.raises(SourceError, match="'when' is not a column this format has"):
        read_offences(path, columns={"when": "date"})
    with pytest.raises(SourceError, match="has no column 'knife'"):
        read_offences(path, columns=columns, knife=True)


def test_two_roles_can_not_be_one_column(tmp_path):
    path = write(tmp_path, "reference,occurred_from,Easting,Northing", "R1,2019-01-02,400000,300000")
    for columns in ({"easting": "Northing"}, {"easting": "Easting", "northing": "easting"}):
        with pytest.raises(SourceError) as error:
            read_offences(path, columns=columns)
        assert error.value.problem.startswith("One column can't be both easting and northing: '")
        assert error.value.advice == "name a column for each with columns = { easting = ..., northing = ... }"
    # A column of its own under a usual name does not stand in the way of one that is named.
    assert len(read_offences(path, columns={"reference": "Reference"})) == 1


def test_a_column_that_is_named_must_be_there_under_its_usual_name_too(tmp_path):
    path = write(tmp_path, "occurred_from,easting,northing", "2019-01-02,400000,300000")
    assert len(read_offences(path)) == 1
    with pytest.raises(SourceError, match="has no column 'reference'"):
        read_offences(path, columns={"reference": "reference"})


@pytest.mark.parametrize("reference", ["", "not known", "N/A", "Unknown", "-", "None", "NOT RECORDED", "0", "?"])
def test_rows_without_a_reference_are_not_repeats(tmp_path, reference):
    rows = [f"{reference},8N,Assault,2019-01-01,400000,300000,Y"] * 2
    events = read_offences(write(tmp_path, HEADER, *rows))
    assert (len(events), dict(events.dropped)) == (2, {})
    assert not any("repeat" in note for note in words_of(events.notes))
    if reference:
        assert f"2 cells of reference identify no record: {reference!r}." in words_of(events.notes)


def test_a_knife_flag_must_be_yes_or_no(tmp_path):
    path = write(tmp_path, HEADER, ROWS[0], "R2,8N,A,2019-01-01,1,2,perhaps")
    with pytest.raises(SourceError) as error:
        read_offences(path)
    assert error.value.problem == "'perhaps' is neither yes nor no."
    assert error.value.found == f"column 'knife', row 3 of {path}; 1 such cells"


# --------------------------------------------------------------------------- the sample, by the numbers planted in it


def test_the_samples_street_file(root):
    events = read_police(root / "data" / "events" / "invented_police_street_2019.csv.gz", release="invented")
    kinds = events.table["kind"].value_counts()
    assert kinds["Violence and sexual offences"] == 13_200
    assert kinds["Possession of weapons"] == 1_500
    assert kinds["Anti-social behaviour"] == 600
    assert events.table["easting"].isna().sum() == 160
    assert "No rows for July 2019: a gap is not a fall." in words_of(events.notes)


def test_the_samples_offences(root):
    path = root / "data" / "events" / "invented_offences_2013-2019.csv.gz"
    events = read_offences(path, knife=True, years=(2013, 2019), release="invented")
    years = events.table["when"].dt.year.value_counts().sort_index()
    assert years.tolist() == [1_512, 1_487, 1_503, 2_004, 2_413, 2_897, 3_649]
    assert events.dropped["repeated reference"] == 60
    assert events.dropped["no usable date"] == 12
    assert events.dropped["outside 2013 to 2019"] == 10
    everything = read_offences(path, years=(2013, 2019)).table
    assert everything["easting"].isna().sum() == 560 + 190


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


def test_offences_without_a_reference_say_so(tmp_path):
    path = write(tmp_path, "occurred_from,easting,northing", "2019-01-02,408811,284398")
    assert "No column reference: duplicate rows could not be identified." in words_of(read_offences(path).notes)
