"""Recorded crime by force and quarter: the force and not the region, the financial year, corrections and gaps."""

from pathlib import Path

import numpy as np
import pytest

from hotspots.analysis.series.counting import sum_to_years, with_intervals, with_rates
from hotspots.errors import SourceError
from hotspots.model import words_of
from hotspots.sources.recorded_crime import read_recorded

HEADER = "QtrNum,Force Name,Region,Financial Year,Financial Quarter,Population,Homicide,Knife Crime\n"
ROWS = [
    "1,West Midlands,West Midlands,2017/18,Q1,2864.925,-1,20",
    "2,West Midlands,West Midlands,2017/18,Q2,2864.925,0,-3",
    "4,West Midlands,West Midlands,2017/18,Q4,2864.925,2,40",
    "1,Staffordshire,West Midlands,2017/18,Q1,1120.348,1,9",
    "5,West Midlands,West Midlands,2018/19,Q1,2864.925,1,30",
]


def write(folder: Path, rows=ROWS, header=HEADER) -> Path:
    path = folder / "knife.csv"
    path.write_text(header + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_the_force_is_read_and_not_the_region_of_its_name(tmp_path):
    series = read_recorded(write(tmp_path), force="west midlands")
    assert list(series.table["period"]) == ["2017/18 Q1", "2017/18 Q2", "2017/18 Q3", "2017/18 Q4", "2018/19 Q1"]
    # 9 of Staffordshire are in the region; the third quarter has no row; the correction stays below 0.
    np.testing.assert_array_equal(series.table["low"], [20, -3, np.nan, 40, 30])
    assert list(series.table["begins"].dt.strftime("%Y-%m")) == ["2017-04", "2017-07", "2017-10", "2018-01", "2018-04"]
    assert words_of(series.notes) == (
        "4 of 5 rows are of the West Midlands force; the others are of other forces.",
        "West Midlands is also a region of the file; these numbers are of the force alone.",
        "1 numbers are below 0: corrections of earlier quarters, kept as they are.",
        "No row for 2017/18 Q3: a gap, not a zero.",
    )
    assert series.title == "knife crime, West Midlands force"
    assert series.table["population"].iloc[0] == 2_864_925


def test_other_spellings_of_header_year_and_quarter(tmp_path):
    header = "police_force,financial_year,quarter,number_of_offences\n"
    rows = ["Kent,1999-2000,4,1", 'Kent,2000–01,Quarter 1,"1,234"', "Kent,2000/01,qtr 1,6"]
    series = read_recorded(write(tmp_path, rows, header), force="Kent")
    assert list(series.table["period"]) == ["1999/00 Q4", "2000/01 Q1"]
    assert list(series.table["low"]) == [1, 1240]  # two offences in one quarter are added
    assert str(series.table["begins"].iloc[0])[:10] == "2000-01-01"


def test_years_go_by_the_year_they_begin_in(tmp_path):
    series = read_recorded(write(tmp_path), force="West Midlands", years=(2018, 2018), provisional=["2018/19 Q1"])
    assert list(series.table["period"]) == [f"2018/19 Q{q}" for q in (1, 2, 3, 4)]
    np.testing.assert_array_equal(series.table["low"], [30, np.nan, np.nan, np.nan])
    assert series.provisional == ("2018/19 Q1",)
    assert (
        "4 of 5 rows are of the West Midlands force, 3 of them of other years and not counted;"
        in words_of(series.notes)[0]
    )
    assert not any("below 0" in note for note in words_of(series.notes))


@pytest.mark.parametrize(
    ("rows", "options", "words"),
    [
        (ROWS, {"force": "West Midland"}, ["has no police force 'West Midland'", "is it 'West Midlands'?"]),
        (ROWS[3:4], {"force": "West Midlands"}, ["is a region in", "not a police force", "Staffordshire", "one force"]),
        (["1,Kent,South East,2018,Q1,1,0,1"], {"force": "Kent"}, ["'2018' is not a financial year", "2018/19"]),
        (["1,Kent,South East,2018/20,Q1,1,0,1"], {"force": "Kent"}, ["'2018/20' is not a financial year"]),
        (["1,Kent,South East,2018/19,Q5,1,0,1"], {"force": "Kent"}, ["'Q5' is not a quarter", "April to June"]),
        (["1,Kent,South East,2018/19,Q1,1,0,"], {"force": "Kent"}, ["has no number", "row 2", "is a gap"]),
        (["1,Kent,South East,2018/19,Q1,1,0,n/k"], {"force": "Kent"}, ["'n/k' is not a number"]),
        (["1,Kent,South East,2018/19,Q1,1,0,1"] * 2, {"force": "Kent"}, ["appears twice", "row 3", "counted twice"]),
        (["1,Kent,South East,2018/19,Q1,1,0,1", "1,Kent,South East,2018/19,Q1,2736.46,0,2"], {"force": "Kent"},
         ["Two rows of one quarter have different populations", "'1' and '2736.46'", "rows 2 and 3"]),
        (ROWS, {"force": "West Midlands", "years": (2001, 2002)}, ["none of the financial years 2001 to 2002", "2018"]),
        (ROWS, {"force": "West Midlands", "provisional": ["2020/21 Q1"]}, ["no quarter '2020/21 Q1'", "2018/19 Q1"]),
        (ROWS, {"force": "West Midlands", "count_column": "Robbery"}, ["has no column 'Robbery'", "count_column"]),
    ],
)  # fmt: skip
def test_errors_name_what_is_wrong(tmp_path, rows, options, words):
    with pytest.raises(SourceError) as caught:
        read_recorded(write(tmp_path, rows), **options)
    for word in words:
        assert word in str(caught.value)


def test_a_quarter_without_a_population_is_named(tmp_path):
    rows = [ROWS[0], ROWS[1].replace("2864.925", "")]
    series = read_recorded(write(tmp_path, rows), force="West Midlands")
    np.testing.assert_array_equal(series.table["population"], [2_864_925, np.nan])
    assert "No population for 2017/18 Q2: these periods have a number but no rate." in words_of(series.notes)
    assert not any(
        "No population" in note for note in words_of(read_recorded(write(tmp_path), force="West Midlands").notes)
    )


@pytest.mark.real
def test_the_west_midlands_force_by_financial_year(shared_data):
    path = shared_data / "knife_crime_pfa_quarterly.csv"
    series = with_intervals(read_recorded(path, force="West Midlands", years=(2012, 2018)))
    years = sum_to_years(with_rates(series))
    assert list(years.table["low"]) == [1508, 1659, 1559, 2044, 2393, 2850, 3428]
    assert list(years.table["period"]) == [f"20{y}/{y + 1}" for y in range(12, 19)]
    # 3,428 over 2,864,925 people, by hand
    assert years.table["rate_low"].iloc[-1] == pytest.approx(119.654, abs=5e-4)
    assert "The file has one population for all years: rates change with the counts only." in words_of(years.notes)
    assert words_of(series.notes)[0].startswith(
        "44 of 1,848 rows are of the West Midlands force, 16 of them of other years"
    )


@pytest.mark.real
def test_six_negative_corrections_are_kept(shared_data):
    path = shared_data / "knife_crime_pfa_quarterly.csv"
    forces = ["Cheshire", "North Wales", "North Yorkshire", "Surrey"]
    columns = ["Knife enabled", "Violence with Injury", "Homicide and serious injury"]
    below = []
    for force in forces:
        parts = [read_recorded(path, force=force, count_column=column) for column in columns]
        total = read_recorded(path, force=force)
        np.testing.assert_array_equal(sum(part.table["low"] for part in parts), total.table["low"])
        for part in parts:
            below += list(part.table["low"][part.table["low"] < 0])
            assert with_intervals(part).table.loc[part.table["low"] < 0, "ci_low"].isna().all()
    assert len(below) == 6
