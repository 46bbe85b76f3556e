"""Tables by area: counts with their marks and rounding, population, deprivation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from worlds import make_grid

from hotspots.errors import SourceError
from hotspots.model import words_of
from hotspots.sources.boundaries import read_areas
from hotspots.sources.counts import read_counts, read_totals
from hotspots.sources.deprivation import read_deprivation
from hotspots.sources.population import read_population

# A 1 by 3 grid: E01000000, E01000001 and E01000002, called Square E01000000 and so on.
IDS = ["E01000000", "E01000001", "E01000002"]


@pytest.fixture
def area():
    return make_grid(1, 3, population=100)


def write(folder, text, name="table.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


# --------------------------------------------------------------------------- counts


def test_counts_by_code(tmp_path, area):
    path = write(tmp_path, 'LSOA11CD,n\nE01000001,"1,204"\nE01000000,0\nE01000002,3\nE01009999,50\n')
    before = area.areas.copy()
    counts = read_counts(path, area, count_column="n", title="thefts", release="open")
    assert counts.table["observed_low"].tolist() == [0, 1204, 3]
    assert counts.table["observed_high"].tolist() == [0, 1204, 3]
    assert counts.outside == 50
    assert dict(counts.audit) == {
        "rows_read": 4,
        "rows_of_the_study": 3,
        "rows_outside": 1,
        "outside": 50,
        "areas_without_a_row": 0,
        "hidden": 0,
    }
    assert (counts.title, counts.release, counts.rule) == ("thefts", "open", "")
    pd.testing.assert_frame_equal(area.areas, before)


def test_counts_by_name_whatever_case_and_spaces(tmp_path, area):
    path = write(tmp_path, "area,n\nSQUARE e01000002 ,5\nSquare E01000000,1\nSquare E01000001,2\nElsewhere,9\n")
    counts = read_counts(path, area, name_column="area", count_column="n")
    assert counts.table["observed_low"].tolist() == [1, 2, 5]
    assert counts.outside == 9


def test_an_area_without_a_row_is_missing_and_not_zero(tmp_path, area):
    path = write(tmp_path, "LSOA11CD,n\nE01000001,4\n")
    counts = read_counts(path, area, count_column="n")
    assert counts.table["observed_low"].isna().tolist() == [True, False, True]
    assert words_of(counts.notes) == ("2 areas have no row in the table and no count: E01000000, E01000002.",)
    assert counts.audit["areas_without_a_row"] == 2


def test_a_blank_cell_is_missing_and_not_zero(tmp_path, area):
    path = write(tmp_path, "LSOA11CD,n\nE01000000,\nE01000001,4\nE01000002,1\n")
    assert read_counts(path, area, count_column="n").table["observed_low"].isna().tolist() == [True, False, False]


def test_marks_and_rounding_are_intervals(tmp_path, area):
    # NHS Digital: 1 to 7 are *, others to the nearest 5, so 15 is 13 to 17 and 0 is 0.
    path = write(tmp_path, "LSOA11CD,n\nE01000000,*\nE01000001,15\nE01000002,0\n")
    counts = read_counts(path, area, count_column="n", marks={"*": (1, 7)}, rounding=5)
    assert counts.table["observed_low"].tolist() == [1, 13, 0]
    assert counts.table["observed_high"].tolist() == [7, 17, 0]
    assert (counts.hidden, counts.audit["hidden"]) == (2, 2)
    assert counts.rule == "as published: * is 1 to 7, rounded to the nearest 5"
    with pytest.raises(SourceError) as error:
        read_counts(path, area, count_column="n", rounding=5)
    assert error.value.problem == "'*' is not a number."
    assert error.value.found == f"column 'n', row 2 of {path}"


def test_the_reason_of_every_hidden_or_missing_count_is_kept(tmp_path):
    text = "LSOA11CD,n\nE01000000,*\nE01000001,15\nE01000002,0\nE01000003,:\nE01000100,\nE01000101,[c]\n"
    marks = {"*": (1, 7), ":": "not available", "[c]": "confidential"}
    counts = read_counts(write(tmp_path, text), make_grid(2, 4), count_column="n", marks=marks, rounding=5)
    assert counts.table["reason"].tolist() == [
        "suppressed (*)",
        "rounded to the nearest 5",
        "",
        "not available (:)",
        "blank",
        "confidential ([c])",
        "no row in the source",
        "no row in the source",
    ]
    assert counts.table["observed_low"].isna().tolist() == [False] * 3 + [True] * 5
    assert counts.rule == (
        "as published: * is 1 to 7, : is not available, [c] is confidential, rounded to the nearest 5"
    )


def test_totals_by_authority_are_intervals_too(tmp_path):
    path = write(tmp_path, "lad19cd,n\nE08000025,20\nE08000026,*\nE08000027,0\nE08000028,:\n")
    marks = {"*": (1, 7), ":": "not available"}
    # Rounded to the nearest 10, a published 20 is 15 to 25, whichever way halves go.
    assert read_totals(path, count_column="n", marks=marks, rounding=10) == {
        "E08000025": (15, 25),
        "E08000026": (1, 7),
        "E08000027": (0, 0),
    }
    assert read_totals(path, count_column="n", marks=marks, rounding=5)["E08000025"] == (18, 22)
    with pytest.raises(SourceError, match="Two rows share the area 'E08000025'"):
        read_totals(write(tmp_path, "lad19cd,n\nE08000025,1\nE08000025,2\n"), count_column="n")


def test_what_was_not_rounded_is_refused(tmp_path, area):
    path = write(tmp_path, "LSOA11CD,n\nE01000000,10\nE01000001,14\n")
    with pytest.raises(SourceError) as error:
        read_counts(path, area, count_column="n", rounding=5)
    assert error.value.problem == "14 is not a count."
    assert error.value.found == f"column 'n', row 3 of {path}; 1 such cells"
    assert "a multiple of 5" in error.value.advice


def test_means_of_three_years_become_counts(tmp_path, area):
    path = write(tmp_path, "LSOA11CD,n\nE01000000,0.666666667\nE01000001,4.0\nE01000002,1.333333333\n")
    counts = read_counts(path, area, count_column="n", multiply_by=3)
    assert counts.table["observed_low"].tolist() == [2, 12, 4]
    with pytest.raises(SourceError, match=r"0.666667 is not a count\.[\s\S]*row 2 of"):
        read_counts(path, area, count_column="n")
    with pytest.raises(SourceError, match="a whole number times 2"):
        read_counts(path, area, count_column="n", multiply_by=2)


def test_negative_counts_are_refused(tmp_path, area):
    path = write(tmp_path, "LSOA11CD,n\nE01000000,-2\n")
    with pytest.raises(SourceError, match=r"'-2' can't be a number of people[\s\S]*row 2"):
        read_counts(path, area, count_column="n")


def test_keys_that_stand_twice_are_refused(tmp_path, area):
    path = write(tmp_path, "LSOA11CD,n\nE01000000,1\nE01000001,1\nE01000000,2\n")
    with pytest.raises(SourceError) as error:
        read_counts(path, area, count_column="n")
    assert error.value.problem == "Two rows share the area 'E01000000'."
    assert error.value.found == f"rows 2 and 4 of {path}"
    by_name = write(tmp_path, "area,n\nSquare E01000000,1\nsquare e01000000,2\n")
    with pytest.raises(SourceError, match="Two rows share the area 'square e01000000'"):
        read_counts(by_name, area, name_column="area", count_column="n")


def test_names_of_two_areas_are_ambiguous(tmp_path):
    from dataclasses import replace

    area = make_grid(1, 3)
    area = replace(area, areas=area.areas.assign(name=["Mill", "mill ", "Hill"]))
    with pytest.raises(SourceError) as error:
        read_counts(write(tmp_path, "area,n\nHill,1\n"), area, name_column="area", count_column="n")
    assert error.value.problem == "The name 'Mill' belongs to more than one area of the study."
    assert error.value.found == "areas E01000000, E01000001"


def test_a_table_of_other_areas_is_refused(tmp_path, area):
    with pytest.raises(SourceError) as error:
        read_counts(write(tmp_path, "LSOA11CD,n\nE01005555,1\n"), area, count_column="n")
    assert "has no row of the study area" in error.value.problem
    assert error.value.found == "1 rows; the study has 3 areas, the first 'E01000000'"


@pytest.mark.real
def test_real_thirds_become_whole_counts(shared_data):
    area = read_areas(shared_data / "wm_boundaries_27700.gpkg", layer="lsoa11")
    options = {"count_column": "admissions", "multiply_by": 3, "release": "open"}
    by_code = read_counts(shared_data / "stroke_admissions_wm_lsoa11_2017-2019.csv", area, **options)
    by_name = read_counts(
        shared_data / "stroke_admissions_england_wales_lsoa11_2017-2019.csv", area, name_column="area", **options
    )
    pd.testing.assert_frame_equal(by_code.table, by_name.table)
    assert by_code.table["observed_low"].notna().all()
    assert by_code.table["observed_low"].max() == 23  # SOURCES.md: up to 7.67 a year
    assert by_name.audit["rows_outside"] == 34_752 - 1_680


# --------------------------------------------------------------------------- population


def test_population_by_usual_names(tmp_path):
    people = read_population(
        write(tmp_path, 'lsoa11_code,total_population,u25\nE01000001,"1,720",649\nE01000000,5,1\n')
    )
    assert people.to_dict() == {"E01000001": 1720.0, "E01000000": 5.0}
    assert people.index.name == "area_id"
    again = read_population(tmp_path / "table.csv", column="u25")
    assert again["E01000001"] == 649


def test_several_years_need_a_year(tmp_path):
    path = write(tmp_path, "lsoa11_code,year,population\nE01000001,2017,10\nE01000001,2019,12\n")
    assert read_population(path, year=2019).tolist() == [12]
    with pytest.raises(SourceError, match=r"Which year of .* is meant\?\s+found: years 2017, 2019"):
        read_population(path)
    with pytest.raises(SourceError, match=r"has no population of 2018\.\s+found: years 2017, 2019"):
        read_population(path, year=2018)
    without = write(tmp_path, "lsoa11_code,population\nE01000001,10\n", name="one.csv")
    with pytest.raises(SourceError, match="has no column of years"):
        read_population(without, year=2019)


def test_unusable_population_is_named_by_row(tmp_path):
    with pytest.raises(SourceError, match=r"'20111' is not a year\.\s+found: column 'year', row 2 of"):
        read_population(write(tmp_path, "lsoa11_code,year,population\nE01000001,20111,10\n"), year=2011)
    path = write(tmp_path, "lsoa11_code,population\nE01000001,10\nE01000002,\n")
    with pytest.raises(SourceError) as error:
        read_population(path)
    assert error.value.problem == "Area 'E01000002' has no usable population."
    assert error.value.found == f"'' in column 'population', row 3 of {path}"
    with pytest.raises(SourceError, match="'-4' can't be a number of people"):
        read_population(write(tmp_path, "lsoa11_code,population\nE01000001,-4\n"))
    with pytest.raises(SourceError, match=r"has no column 'population' \(number of people\)"):
        read_population(write(tmp_path, "lsoa11_code,p\nE01000001,4\n"))
    with pytest.raises(SourceError, match="Two rows share the area"):
        read_population(write(tmp_path, "lsoa11_code,population\nE01000001,4\nE01000001,4\n"))


@pytest.mark.real
def test_real_population_sums(shared_data):
    england = read_population(shared_data / "population_england_lsoa11_2019.parquet")
    # The published total of England, mid-2019.
    assert (len(england), england.sum()) == (32_844, 56_286_961)
    area = read_areas(shared_data / "wm_boundaries_27700.gpkg", layer="lsoa11")
    midlands = read_population(shared_data / "population_wm_lsoa11_mye.csv", year=2019)
    np.testing.assert_array_equal(midlands.reindex(area.ids), england.reindex(area.ids))
    young = read_population(shared_data / "population_wm_lsoa11_mye.csv", year=2019, column="u25")
    other = read_population(shared_data / "population_england_lsoa11_2019.parquet", column="u25")
    np.testing.assert_array_equal(young.reindex(area.ids), other.reindex(area.ids))


# --------------------------------------------------------------------------- deprivation


def test_deprivation_by_short_and_official_names(tmp_path):
    short = read_deprivation(
        write(tmp_path, "lsoa11_code,idaci_score,idaci_rank,idaci_decile\nE01000000,0.206,8904,3\n")
    )
    name = "Income Deprivation Affecting Children Index (IDACI)"
    official = read_deprivation(
        write(
            tmp_path,
            f"LSOA code (2011),LSOA name (2011),{name} Score (rate),{name} Rank (where 1 is most deprived),"
            f"{name} Decile (where 1 is most deprived 10% of LSOAs)\nE01000000,X,20.6%,8904,3\n",
        )
    )
    for one in (short, official):
        assert one.table.loc["E01000000"].tolist() == [0.206, 8904, 3]
        assert not one.estimated
    assert dict(short.columns) == {"score": "idaci_score", "rank": "idaci_rank", "decile": "idaci_decile"}
    assert official.columns["score"] == f"{name} Score (rate)"


@pytest.mark.parametrize("rest", ["", " (IDACI)"])
def test_an_index_is_found_by_its_whole_title_and_not_by_a_word_of_it(tmp_path, rest):
    name = "Income Deprivation Affecting Children Index"
    path = write(tmp_path, f"LSOA code (2011),Income Score (rate),{name}{rest} Score (rate)\nE01000000,0.4,0.206\n")
    assert read_deprivation(path, title=f"{name} 2019").table["score"].tolist() == [0.206]
    # A word that both have tells nothing.
    with pytest.raises(SourceError, match=r"Which score of Income is meant\?") as error:
        read_deprivation(path, title="Income of families")
    assert "'Income Score (rate)'" in error.value.found
    assert "score_column" in error.value.advice
    with pytest.raises(SourceError, match="40 is not a score of IDACI"):
        read_deprivation(write(tmp_path, f"LSOA code (2011),{name} Score\nE01000000,40\n"), title=f"{name} 2019")


def test_estimated_scores_are_marked(tmp_path):
    path = write(tmp_path, "lsoa11_code,idaci_score_est,imd_score\nE01000000,0.2,40\n")
    one = read_deprivation(path)
    assert one.estimated
    assert one.table["rank"].isna().all()
    assert not read_deprivation(path, estimated=False).estimated
    imd = read_deprivation(path, title="IMD 2019")
    assert imd.table["score"].tolist() == [40]
    assert imd.title == "IMD 2019"


def test_impossible_deprivation_is_refused(tmp_path):
    path = write(tmp_path, "lsoa11_code,idaci_score\nE01000000,0.2\nE01000001,20.6\n")
    with pytest.raises(SourceError) as error:
        read_deprivation(path)
    assert error.value.problem == "20.6 is not a score of IDACI."
    assert error.value.found == f"column 'idaci_score', row 3 of {path}; 1 such cells"
    assert error.value.advice == "a score is from 0 to 1 (a share, not a percentage)"
    with pytest.raises(SourceError, match="11 is not a decile of IDACI"):
        read_deprivation(write(tmp_path, "lsoa11_code,idaci_decile\nE01000000,11\n"))
    with pytest.raises(SourceError, match="999999999 is not a rank of IDACI"):
        read_deprivation(write(tmp_path, "lsoa11_code,idaci_rank\nE01000000,999999999\n"))
    with pytest.raises(SourceError, match="'idaci_decile' is given as the rank, but its name says decile"):
        read_deprivation(write(tmp_path, "lsoa11_code,idaci_decile\nE01000000,1\n"), rank_column="idaci_decile")
    with pytest.raises(SourceError, match="0 is not a rank of IDACI"):
        read_deprivation(write(tmp_path, "lsoa11_code,idaci_rank\nE01000000,0\n"))
    with pytest.raises(SourceError, match="has no score, rank or decile of IDACI"):
        read_deprivation(write(tmp_path, "lsoa11_code,imd_score\nE01000000,0\n"))
    with pytest.raises(SourceError, match="Two rows share the area"):
        read_deprivation(write(tmp_path, "lsoa11_code,idaci_rank\nE01000000,1\nE01000000,2\n"))


@pytest.mark.real
def test_real_deprivation(shared_data):
    midlands = read_deprivation(shared_data / "imd2019_wm_lsoa11.csv")
    england = read_deprivation(shared_data / "imd2019_england_lsoa11.parquet")
    assert midlands.estimated
    assert england.estimated
    assert (len(midlands.table), len(england.table)) == (1_680, 32_844)
    pd.testing.assert_frame_equal(midlands.table, england.table.reindex(midlands.table.index))
    # Ranks of England run from 1 to 32,844 with a tenth in each decile.
    assert sorted(england.table["rank"])[:1] == [1]
    assert england.table["rank"].max() == 32_844
    assert england.table["decile"].value_counts().between(3_284, 3_285).all()


def test_counts_are_whole_to_the_last_digit_and_blank_ones_are_counted(tmp_path):
    area = make_grid(2, 2)
    rows = [f"{one},{value}" for one, value in zip(area.ids, ("3", "", "*", "5"), strict=True)]
    path = write(tmp_path, "\n".join(["code,n", *rows]) + "\n")
    counts = read_counts(path, area, id_column="code", count_column="n", marks={"*": "not available"})
    assert "Areas that have a row but no count: blank: 1; not available (*): 1." in words_of(counts.notes)
    off = write(tmp_path, "\n".join(["code,n", *rows[:3], f"{area.ids[3]},5.0004"]) + "\n")
    with pytest.raises(SourceError, match=r"5\.0004 is not a count"):
        read_counts(off, area, id_column="code", count_column="n", marks={"*": "not available"})


@pytest.mark.parametrize("measure", ["rank", "decile"])
def test_a_rank_of_one_and_a_half_is_an_error(tmp_path, measure):
    path = write(tmp_path, f"lsoa11_code,idaci_{measure}\nE01000001,1\nE01000002,1.5\n")
    with pytest.raises(SourceError) as error:
        read_deprivation(path)
    assert error.value.problem == f"1.5 is not a {measure} of IDACI."
    assert "row 3" in error.value.found
    assert f"a {measure} is a whole number from 1" in error.value.advice
