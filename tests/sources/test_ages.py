"""People by age: which column is which age, and files that leave ages out."""

import numpy as np
import pytest

from hotspots.errors import AnalysisError, SourceError
from hotspots.model import Ages, Identity, words_of
from hotspots.sources.ages import parse_band, read_ages


def write(folder, header, *rows):
    path = folder / "ages.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("column", "band"),
    [
        ("age_0", (0, 0)), ("Age 17", (17, 17)), ("0", (0, 0)), ("Aged 1 year", (1, 1)),
        ("0-4", (0, 4)), ("5 to 9", (5, 9)), ("age_10_14", (10, 14)), ("Aged 15 to 19 years", (15, 19)),
        ("85+", (85, 10_000)), ("90 and over", (90, 10_000)),
        ("age_90plus", (90, 10_000)), ("80 or over", (80, 10_000)),
        ("under 5", (0, 4)), ("u18", (0, 17)), ("Aged under 1 year", (0, 0)),
        ("year", None), ("total_population", None), ("lsoa21_code", None), ("All ages", None), ("2019", None),
    ],
)  # fmt: skip
def test_what_a_column_says(column, band):
    assert parse_band(column) == band


def test_the_finest_bands_are_taken_and_sums_passed_over(tmp_path):
    path = write(tmp_path, "lsoa11_code,total,u18,0-17,18-24,25+", "E01000001,10,3,3,4,3", "E01000002,9,1,1,2,6")
    ages = read_ages(path, period="mid-2019", source="ONS")
    assert ages.starts == (0, 18, 25)
    np.testing.assert_array_equal(ages.table, [[3, 4, 3], [1, 2, 6]])
    assert words_of(ages.notes) == ("Ages in 3 bands, from 0 to 25 and over.",)
    assert (str(ages.period), ages.source, ages.release) == ("mid-2019", "ONS", "open")


def test_wider_bands_and_ages_between(tmp_path):
    ages = read_ages(write(tmp_path, "area_id,0-4,5-9,10-14,15+", "A,1,2,3,4"))
    assert list(ages.into([0, 10]).table.iloc[0]) == [3, 7]
    assert list(ages.between(5, 14)) == [5]
    assert list(ages.between(10)) == [7]
    assert ages.between(0, 6) is None
    with pytest.raises(AnalysisError, match="has no band that begins at 7"):
        ages.into([0, 7])


@pytest.mark.parametrize(
    ("header", "row", "words"),
    [
        ("area_id,0-4,10+", "A,1,2", ["people of all ages", "no age 5", "age_90plus"]),
        ("area_id,0-4,5-9", "A,1,2", ["people of all ages", "no age 10"]),
        ("area_id,people", "A,1", ["people of all ages", "no column of an age"]),
        ("area_id,0-4,5+", "A,1,", ["Area 'A' has no usable population", "'5+'", "row 2"]),
        ("area_id,0-4,5+", "A,-1,3", ["'-1' can't be a number of people", "'0-4'", "row 2"]),
        ("area_id,year,0-4,5+", "A,2019,1,3", ["has no population of 2018", "2019"]),
    ],
)
def test_errors_name_what_is_wrong(tmp_path, header, row, words):
    with pytest.raises(SourceError) as caught:
        read_ages(write(tmp_path, header, row), year=2018 if "year" in header else None)
    for word in words:
        assert word in str(caught.value)


def test_ages_are_checked_when_made():
    import pandas as pd

    with pytest.raises(AnalysisError, match="Age bands must start at 0 and increase"):
        Ages(pd.DataFrame({5: [1.0], 0: [2.0]}, index=["A"]), identity=Identity(release="open"))
    with pytest.raises(AnalysisError, match="of area 'A' is negative, larger than possible or not complete"):
        Ages(pd.DataFrame({0: [np.nan], 5: [2.0]}, index=["A"]), identity=Identity(release="open"))


@pytest.mark.real
def test_mid_year_estimates_by_single_year(shared_data):
    ages = read_ages(shared_data / "population_wm_lsoa11_mye.csv", year=2019)
    assert (len(ages.table), len(ages.starts), str(ages.period)) == (1_680, 91, "mid-2019")
    # 2,928,592 people in the force area in mid-2019 (ONS).
    assert ages.table.to_numpy().sum() == 2_928_592
