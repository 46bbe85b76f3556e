"""Hospital admissions: ICD-10 in every manner of writing, one admission once."""

from __future__ import annotations

import pandas as pd
import pytest

from hotspots.errors import SourceError
from hotspots.model import words_of
from hotspots.sources.hes import read_hes

USUAL = {
    "EPIKEY": "1",
    "EPIORDER": "1",
    "ADMIDATE": "2019-03-04",
    "EPISTART": "2019-03-04",
    "STARTAGE": "30",
    "SEX": "1",
    "ADMIMETH": "21",
    "LSOA11": "E01008881",
    "DIAG_01": "S010",
    "DIAG_02": "X991",
}


def write(folder, *rows, drop=(), name="hes.csv"):
    """Write episodes that differ from a usual one as said; each has a key of its own unless said."""
    table = pd.DataFrame([{**USUAL, "EPIKEY": str(i + 1), **row} for i, row in enumerate(rows)])
    path = folder / name
    table.drop(columns=list(drop)).to_csv(path, index=False)
    return path


@pytest.mark.parametrize(
    "code", ["X99", "X991", "X99.1", "X99-", "X99.-", "X99X", "x99.0", " X990 ", "X85", "Y09X", "Y09.9", "Y00"]
)
@pytest.mark.parametrize("column", ["DIAG_01", "DIAG_02"])
def test_violence_is_found_in_every_position_and_spelling(tmp_path, code, column):
    events = read_hes(write(tmp_path, {"DIAG_01": "S010", "DIAG_02": "", column: code}))
    assert len(events) == 1
    assert events.table["sharp"].tolist() == [code.strip().upper().startswith("X99")]
    assert events.table["kind"].tolist() == [code.strip()[:3].upper()]


@pytest.mark.parametrize(
    "code", ["X84X", "X849", "Y10", "Y871", "Y87.1", "W260", "X78.9", "Y280", "Y350", "", "99X", "XX9"]
)
def test_other_causes_are_not_violence(tmp_path, code):
    events = read_hes(write(tmp_path, {"DIAG_02": code}))
    assert dict(events.dropped) == {"no cause in X85-Y09": 1}


def test_each_row_is_dropped_for_the_first_reason_that_applies(tmp_path):
    rows = [
        {},
        {"EPIKEY": "1"},
        {"EPIORDER": "2", "ADMIMETH": "11", "DIAG_02": "W190"},
        {"ADMIMETH": "11", "DIAG_02": "W190"},
        {"DIAG_02": "W190", "ADMIDATE": "never", "EPISTART": ""},
        {"ADMIDATE": "2019-02-30", "EPISTART": ""},
        {"ADMIDATE": "2020-01-01", "STARTAGE": "50"},
        {"STARTAGE": ""},
        {"STARTAGE": "25"},
    ]
    events = read_hes(write(tmp_path, *rows), years=(2019, 2019), ages=(0, 24))
    assert len(events) == 0
    assert dict(events.dropped) == {
        "repeated episode": 1,
        "not the first episode": 1,
        "not an emergency admission": 1,
        "no cause in X85-Y09": 1,
        "no usable date": 1,
        "outside 2019 to 2019": 1,
        "age unknown": 1,
        "outside the ages 0 to 24": 2,
    }


@pytest.mark.parametrize("method", ["21", "22", "23", "24", "25", "28", "2A", "2b", "2C", "2D"])
def test_emergency_methods(tmp_path, method):
    assert len(read_hes(write(tmp_path, {"ADMIMETH": method}))) == 1


@pytest.mark.parametrize("method", ["11", "12", "13", "31", "32", "81", "82", "98"])
def test_other_methods(tmp_path, method):
    assert dict(read_hes(write(tmp_path, {"ADMIMETH": method})).dropped) == {"not an emergency admission": 1}


@pytest.mark.parametrize("method", ["", "2", "1.1"])
def test_a_method_that_hes_does_not_know_is_no_emergency_and_a_file_of_them_an_error(tmp_path, method):
    events = read_hes(write(tmp_path, {"ADMIMETH": method}, {"ADMIMETH": "21"}))
    assert dict(events.dropped) == {"not an emergency admission": 1}
    with pytest.raises(SourceError, match="has a method of admission that HES knows"):
        read_hes(write(tmp_path, {"ADMIMETH": method}))


def test_methods_that_a_spreadsheet_made_numbers_are_read(tmp_path):
    events = read_hes(write(tmp_path, {"ADMIMETH": "21.0"}, {"ADMIMETH": "11.0"}))
    assert (len(events), dict(events.dropped)) == (1, {"not an emergency admission": 1})


def test_keys_that_a_spreadsheet_rounded_are_an_error(tmp_path):
    with pytest.raises(SourceError, match="were rounded") as caught:
        read_hes(write(tmp_path, {"EPIKEY": "5.00000E+11"}, {"EPIKEY": "5.00000E+11"}))
    assert "'5.00000E+11' in row 2" in str(caught.value)
    assert "2 such cells" in str(caught.value)


def test_a_repeated_key_with_other_contents_is_no_copy(tmp_path):
    events = read_hes(write(tmp_path, {"EPIKEY": "7"}, {"EPIKEY": "7"}, {"EPIKEY": "7", "STARTAGE": "61"}))
    assert (len(events), dict(events.dropped)) == (2, {"repeated episode": 1})
    assert "1 row shares EPIKEY with another row and other contents; kept." in words_of(events.notes)


def test_ages_of_babies_are_under_one(tmp_path):
    rows = [{"STARTAGE": age} for age in ("7001", "7007", "0", "24", "120", "121", "7008", "")]
    ages = read_hes(write(tmp_path, *rows)).table["age"]
    assert ages.fillna(-1).tolist() == [0, 0, 0, 24, 120, -1, -1, -1]


def test_the_date_of_admission_comes_before_that_of_the_episode(tmp_path):
    rows = [
        {"ADMIDATE": "2018-12-31", "EPISTART": "2019-01-02"},
        {"ADMIDATE": "", "EPISTART": "02/01/2019"},
        {"ADMIDATE": "1800-01-01", "EPISTART": "2019-01-02"},
        {"ADMIDATE": "1801-01-01", "EPISTART": "1800-01-01"},
    ]
    events = read_hes(write(tmp_path, *rows))
    assert events.table["when"].dt.strftime("%Y-%m-%d").tolist() == ["2018-12-31", "2019-01-02", "2019-01-02"]
    # HES writes 1800-01-01 for no date and 1801-01-01 for one that is not valid.
    assert dict(events.dropped) == {"no usable date": 1}
    assert str(events.period) == "December 2018 to January 2019"


@pytest.mark.parametrize("date", ["2018-02-30", "43221", "01/05/18"])
def test_a_date_of_admission_that_is_none_is_said_where_the_episode_has_one(tmp_path, date):
    rows = [{}, {"ADMIDATE": date}, {"ADMIDATE": ""}, {"ADMIDATE": "1801-01-01"}, {"ADMIDATE": "never", "EPISTART": ""}]
    events = read_hes(write(tmp_path, *rows))
    assert (len(events), dict(events.dropped)) == (4, {"no usable date": 1})
    assert "1 cell of ADMIDATE is no date (the first in row 3): the date in EPISTART was used." in words_of(
        events.notes
    )


def test_codes_that_hes_does_not_have_are_named(tmp_path):
    rows = [{"EPIORDER": one} for one in ("1", "2", "first", "-1", "", "first")]
    rows += [{"ADMIMETH": one} for one in ("11", "ZZ", "")]
    events = read_hes(write(tmp_path, *rows))
    assert dict(events.dropped) == {"not the first episode": 5, "not an emergency admission": 3}
    assert (
        "4 cells of EPIORDER are not a number of an episode and not treated as first episodes: 'first', '-1', ''."
        in (words_of(events.notes))
    )
    assert "2 cells of ADMIMETH are not a method that HES knows and not treated as emergencies: 'ZZ', ''." in (
        words_of(events.notes)
    )
    assert not any("cells of" in note for note in words_of(read_hes(write(tmp_path, *rows[:2], rows[6])).notes))


def test_rows_without_an_area_stay_and_are_counted_in_none(tmp_path):
    events = read_hes(write(tmp_path, {"LSOA11": ""}, {"LSOA11": "e01008881"}))
    assert events.table["area_code"].tolist() == [None, "E01008881"]
    assert words_of(events.notes) == (
        "Area of residence from the column LSOA11 (LSOA of 2011).",
        "1 admissions of March 2019 have no area of residence; they are not counted in any area.",
    )
    assert events.release == "unreleased"


def test_other_columns_and_causes(tmp_path):
    path = tmp_path / "hes.csv"
    path.write_text(
        "ADMIDATE,LSOA21,CAUSE,AGE\n2019-01-01,E01034955,X780,17\n2019-01-01,E01034955,X99,18\n", encoding="utf-8"
    )
    events = read_hes(path, causes=("X60", "X84"), columns={"age": "AGE"})
    assert events.table["age"].tolist() == [17]
    assert events.table["kind"].tolist() == ["X78"]
    assert "Area of residence from the column LSOA21 (LSOA of 2021)." in words_of(events.notes)
    # What can't be checked is said.
    assert [note for note in words_of(events.notes) if note.startswith("No column")] == [
        "No column EPIKEY: duplicate rows could not be identified.",
        "No column EPIORDER: every row was treated as a first episode.",
        "No column ADMIMETH: every row was treated as an emergency admission.",
    ]
    with pytest.raises(SourceError, match="has no column 'AGES'"):
        read_hes(path, columns={"age": "AGES"})
    with pytest.raises(SourceError, match="Y09 to X85 is not a range of ICD-10 categories"):
        read_hes(path, causes=("Y09", "X85"))


def test_missing_columns_are_named(tmp_path):
    with pytest.raises(SourceError, match="has no column of diagnoses or causes"):
        read_hes(write(tmp_path, {}, drop=["DIAG_01", "DIAG_02"]))
    with pytest.raises(SourceError, match=r"has no column 'ADMIDATE' \(the date of admission\)"):
        read_hes(write(tmp_path, {}, drop=["ADMIDATE", "EPISTART"]))
    with pytest.raises(SourceError, match=r"has no column of area codes"):
        read_hes(write(tmp_path, {}, drop=["LSOA11"]))


def test_an_age_that_is_no_number_is_named_by_row(tmp_path):
    path = write(tmp_path, {}, {"STARTAGE": "old"})
    with pytest.raises(SourceError) as error:
        read_hes(path)
    assert error.value.problem == "'old' is not a number."
    assert error.value.found == f"column 'STARTAGE', row 3 of {path}"


def test_the_sample_by_the_numbers_planted_in_it(root):
    path = root / "data" / "events" / "invented_hes_admissions_2013-2019.csv.gz"
    events = read_hes(path, years=(2013, 2019), release="invented")
    table = events.table
    young = table[table["age"] < 25]["when"].dt.year.value_counts().sort_index()
    older = table[table["age"] >= 25]["when"].dt.year.value_counts().sort_index()
    assert young.tolist() == [980, 1_000, 1_260, 1_580, 1_880, 2_130, 2_150]
    assert older.tolist() == [2_620, 2_700, 2_790, 2_920, 3_070, 3_170, 3_350]
    assert table["area_code"].isna().sum() == 310
    # Eight bad dates and nine outside the years, two of which are HES's way of writing that there is none.
    assert dict(events.dropped) == {
        "repeated episode": 40,
        "not the first episode": 600,
        "not an emergency admission": 240,
        "no cause in X85-Y09": 2_000,
        "no usable date": 8 + 2,
        "outside 2013 to 2019": 9 - 2,
    }


def test_an_age_of_one_and_a_half_is_an_error_and_one_that_is_none_is_counted(tmp_path):
    with pytest.raises(SourceError, match=r"'1\.5' can't be a count"):
        read_hes(write(tmp_path, {"STARTAGE": "1.5"}))
    events = read_hes(write(tmp_path, {"STARTAGE": "300"}, {"STARTAGE": ""}, {"STARTAGE": "30"}))
    assert "2 admissions have no age from 0 to 120, and so no age group." in words_of(events.notes)


def test_without_a_column_of_ages_nothing_can_be_told_by_age(tmp_path):
    path = write(tmp_path, {}, drop=("STARTAGE",))
    assert "No column STARTAGE: results by age are not possible." in words_of(read_hes(path).notes)
    with pytest.raises(SourceError, match="the age, which ages = "):
        read_hes(path, ages=(0, 24))


@pytest.mark.parametrize(("role", "column"), [("key", "EPIKEY"), ("age", "STARTAGE"), ("sex", "SEX")])
def test_a_column_that_is_named_must_be_there(tmp_path, role, column):
    path = write(tmp_path, {}, drop=[column])
    assert len(read_hes(path)) == 1
    with pytest.raises(SourceError, match=f"has no column '{column}'"):
        read_hes(path, columns={role: column})
    with pytest.raises(SourceError, match=r"has no column 'MY_OWN'[\s\S]*columns = "):
        read_hes(path, columns={role: "MY_OWN"})


def test_two_roles_can_not_be_one_column(tmp_path):
    with pytest.raises(SourceError, match="One column can't be both age and key: 'EPIKEY'"):
        read_hes(write(tmp_path, {}), columns={"age": "EPIKEY"})
    # A file with one date has it in one role, whichever.
    assert len(read_hes(write(tmp_path, {}, drop=["ADMIDATE"]), columns={"admission": "EPISTART"})) == 1


def test_a_key_that_names_no_record_is_none(tmp_path):
    events = read_hes(write(tmp_path, {"EPIKEY": "not known"}, {"EPIKEY": "not known"}))
    assert len(events) == 2
    assert "2 cells of EPIKEY identify no record: 'not known'." in words_of(events.notes)
