"""Totals of exclusions by authority, read against the schools they count; and marks that are kept."""

from __future__ import annotations

import pandas as pd
import pytest

from hotspots.analysis.counts.reconcile_totals import tighten_table
from hotspots.errors import AnalysisError, SourceError
from hotspots.model import words_of
from hotspots.sources.authority_totals import read_authority_totals
from hotspots.sources.exclusions import read_exclusions
from hotspots.sources.schools import read_schools

SCHOOLS = "time_period,new_la_code,la_name,laestab,school_type,headcount,perm_excl"
TOTALS = "time_period,geographic_level,new_la_code,la_name,school_type,num_schools,perm_excl"
REGISTER = "URN,laestab,school_name,school_type,Easting,Northing"
CODES = {"330": ("E08000025", "Birmingham"), "331": ("E08000026", "Coventry")}


def write(folder, header, rows, name):
    path = folder / name
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def excluded(number, count, *, year="201617", la="330", pupils="1000"):
    code, name = CODES[la]
    return f"{year},{code},{name},{la}{number},State-funded secondary,{pupils},{count}"


def total(count, *, year="201617", la="330", schools="3", kind="State-funded secondary", level="Local authority"):
    code, name = CODES[la]
    return f"{year},{level},{code},{name},{kind},{schools},{count}"


def read(folder, schools, totals):
    exclusions = read_exclusions(write(folder, SCHOOLS, schools, "schools.csv"), years=None, hidden=(1, 2))
    return exclusions, read_authority_totals(write(folder, TOTALS, totals, "totals.csv"), exclusions, hidden=(1, 2))


THREE = [excluded("4001", "x"), excluded("4002", "x"), excluded("4003", "5")]


def test_totals_of_secondary_schools_of_the_authority_are_taken(tmp_path):
    rows = [
        total("99", kind="Total"),
        total("88", kind="State-funded primary"),
        total("777", level="Regional"),
        total("7"),
        total("4", year="201516"),
        total("4", la="331"),
    ]
    _, totals = read(tmp_path, THREE, rows)
    assert totals.index.tolist() == [("E08000025", "201617")]
    assert totals.iloc[0].tolist() == [7, 7, "the secondary schools of Birmingham in 2016/17"]


def test_a_hidden_total_is_an_interval_and_a_confidential_one_says_nothing(tmp_path):
    schools = [*THREE, excluded("4001", "x", la="331"), excluded("4001", "x", year="201516")]
    _, totals = read(
        tmp_path, schools, [total("[x]"), total("c", la="331", schools="1"), total("low", year="201516", schools="1")]
    )
    assert totals[["low", "high"]].loc[("E08000025", "201617")].tolist() == [1, 2]
    assert totals["low"].isna().tolist() == [True, False, True]


def test_a_total_of_more_schools_is_only_the_most_they_can_have(tmp_path):
    _, totals = read(tmp_path, THREE, [total("6", schools="4")])
    assert totals[["low", "high"]].iloc[0].tolist() == [0, 6]
    _, totals = read(tmp_path, THREE, [total("6", schools="2")])
    assert totals["low"].isna().all()


def test_rounded_fractions_have_no_total_to_add_up_to(tmp_path):
    _, totals = read(tmp_path, [*THREE[:2], excluded("4003", "4.956522")], [total("7")])
    assert totals["low"].isna().all()


def test_tightened_schools_are_for_named_readers_only(tmp_path):
    rows = [*THREE, *(excluded(number, "x", year="201516") for number in ("4001", "4002", "4003"))]
    exclusions, totals = read(tmp_path, rows, [total("7"), total("5", year="201516")])
    before = exclusions.rows.copy()
    tight = exclusions.tighten(tighten_table(exclusions.rows, totals, by=("la_code", "year")))
    # By hand: 1 each in 2016/17; in 2015/16 three are 5 together, so each is still 1 or 2.
    assert tight.table[["low", "high"]].to_numpy().tolist() == [[2, 3], [2, 3], [6, 7]]
    assert words_of(tight.notes)[-1] == (
        "Totals of authorities narrow 2 of 5 suppressed numbers further than the mark does: "
        "restricted to named readers."
    )
    pd.testing.assert_frame_equal(exclusions.rows, before)
    register = write(
        tmp_path, REGISTER, [f"{n},330{n},School {n},Academy,400000,300000" for n in (4001, 4002, 4003)], "register.csv"
    )
    assert read_schools(register, exclusions=tight).release == "restricted"
    assert read_schools(register, exclusions=tight, release="unreleased").release == "restricted"
    assert read_schools(register, exclusions=tight, release="invented").release == "invented"
    own = read_schools(register, exclusions=exclusions)
    assert own.release == "open"
    assert own.table[["low", "high"]].to_numpy().tolist() == [[2, 4], [2, 4], [6, 7]]


def test_an_impossible_total_is_named(tmp_path):
    exclusions, totals = read(tmp_path, THREE, [total("11")])
    with pytest.raises(AnalysisError) as caught:
        tighten_table(exclusions.rows, totals, by=("la_code", "year"))
    assert "No counts of the secondary schools of Birmingham in 2016/17 add up to its total." in str(caught.value)
    assert "7 to 9 in 3 parts, and a total of 11" in str(caught.value)


def test_unusable_totals_are_named_by_row(tmp_path):
    with pytest.raises(SourceError, match=r"(?s)'E08000025' has two totals of 201617.*rows 2 and 3"):
        read(tmp_path, THREE, [total("7"), total("8")])
    with pytest.raises(SourceError, match=r"(?s)no totals of these authorities.*'E08000025' in '201617'"):
        read(tmp_path, THREE, [total("7", year="201516")])
    with pytest.raises(SourceError, match=r"(?s)'many' is not a number.*row 2"):
        read(tmp_path, THREE, [total("many")])


def test_marks_are_kept_school_by_school(tmp_path):
    rows = [
        excluded("4001", "x", year="201314"),
        excluded("4001", "x", year="201415"),
        excluded("4001", "[c]", year="201516"),
        excluded("4001", "3", year="201617"),
        excluded("4002", "low"),
        excluded("4003", "2", pupils="."),
        excluded("4004", ""),
        excluded("4005", "4"),
    ]
    table = read_exclusions(write(tmp_path, SCHOOLS, rows, "schools.csv"), years=None, hidden=(1, 2)).table
    assert table["marks"].tolist() == [
        "confidential (c): 1 year; suppressed small number (x): 2 years",
        "rounds to zero (low): 1 year",
        "not applicable (.): 1 year",
        "blank: 1 year",
        "",
    ]
    assert table.loc["3304001", ["low", "high", "years"]].tolist() == [5, 7, 3]


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("time_period", "", "'' is not a school year"),
        ("time_period", "2014", "'2014' is not a school year"),
        ("time_period", "209999", "'209999' is not a school year"),
        ("time_period", "201499", "'201499' is not a school year"),
        ("new_la_code", "banana", "'banana' is not the code of an authority"),
        ("new_la_code", "E0800002", "'E0800002' is not the code of an authority"),
        ("perm_excl", "1001", "'1001' is more permanent exclusions than the school has pupils"),
    ],
)
def test_a_spoilt_row_is_named(tmp_path, column, value, words):
    rows = [*THREE, excluded("4004", "3")]
    cells = dict(zip(SCHOOLS.split(","), rows[2].split(","), strict=True)) | {column: value}
    rows[2] = ",".join(cells.values())
    path = write(tmp_path, SCHOOLS, rows, "schools.csv")
    with pytest.raises(SourceError) as caught:
        read_exclusions(path, years=None, hidden=(1, 2))
    assert words in str(caught.value)
    assert f"column '{column}', row 4 of {path}" in str(caught.value)


def test_types_of_school_that_are_not_known_are_counted_and_named(tmp_path):
    other = ["State-funded secondry", "Non-secondary special", "State-funded secondry", ""]
    rows = [excluded(f"40{i}4", "3").replace("State-funded secondary", kind) for i, kind in enumerate(other)]
    exclusions = read_exclusions(write(tmp_path, SCHOOLS, [*THREE, *rows], "schools.csv"), years=None, hidden=(1, 2))
    assert exclusions.rows["laestab"].tolist() == ["3304001", "3304002", "3304003"]
    assert words_of(exclusions.notes)[0] == (
        "Rows with an unknown type of school, left out: 'State-funded secondry' (2), '' (1)."
    )


def test_the_samples_totals_fit_its_schools(root):
    folder = root / "data" / "events"
    exclusions = read_exclusions(folder / "invented_exclusions_by_school.csv", years=None, hidden=(1, 2))
    totals = read_authority_totals(folder / "invented_exclusions_by_authority.csv", exclusions, hidden=(1, 2))
    assert len(totals) == 7 * len(exclusions.years)
    tight = tighten_table(exclusions.rows, totals, by=("la_code", "year"))
    told = exclusions.rows["low"].notna()
    assert (tight["low"].isna() == ~told).all()
    assert (tight["low"] >= exclusions.rows["low"])[told].all()
    assert (tight["high"] <= exclusions.rows["high"])[told].all()


@pytest.mark.real
def test_real_totals_of_eleven_years(shared_data):
    exclusions = read_exclusions(shared_data / "exclusions_wm_school_2006-07_to_2016-17.csv", years=None, hidden=(1, 2))
    totals = read_authority_totals(shared_data / "exclusions_wm_la_2006-07_to_2016-17.csv", exclusions, hidden=(1, 2))
    assert len(totals) == 7 * 11
    # The marks in the file: Wolverhampton's secondaries of three years.
    hidden = totals[totals["low"] < totals["high"]]
    assert hidden.index.tolist() == [("E08000031", year) for year in ("200910", "201011", "201314")]
    assert (hidden[["low", "high"]] == [1, 2]).all(axis=None)
    # 2013/14: two schools are hidden, and the total of 1 to 2 leaves each 1.
    tight = tighten_table(exclusions.rows, totals, by=("la_code", "year"))
    both = tight[tight["hidden"] & (tight["la_code"] == "E08000031") & (tight["year"] == "201314")]
    assert both[["low", "high"]].to_numpy().tolist() == [[1, 1], [1, 1]]
