"""Vintages are not mixed: a file of 2021 on areas of 2011 stops, whichever file it is."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from small_study import write_extract_files, write_small_study

from hotspots.errors import SourceError
from hotspots.sources.boundaries import read_areas
from hotspots.sources.counts import read_counts
from hotspots.sources.hes import read_hes
from hotspots.study.run import check_study


def renamed(path, old: str, new: str) -> None:
    table = pd.read_csv(path)
    assert old in table.columns
    table.rename(columns={old: new}).to_csv(path, index=False)


def test_a_population_of_the_other_vintage_stops_the_study(tmp_path):
    study = write_small_study(tmp_path)
    renamed(tmp_path / "population.csv", "lsoa11_code", "lsoa21_code")
    with pytest.raises(SourceError, match="has codes of 2021, but the boundaries are of 2011"):
        check_study(study)


def test_a_deprivation_of_the_other_vintage_is_a_problem_of_the_study(tmp_path):
    ids = pd.read_csv(write_small_study(tmp_path).parent / "population.csv")["lsoa11_code"]
    table = pd.DataFrame({"lsoa21_code": ids, "idaci_score": 0.2, "idaci_rank": range(1, len(ids) + 1)})
    table.to_csv(tmp_path / "idaci.csv", index=False)
    study = write_small_study(tmp_path, more='[deprivation]\nfile = "idaci.csv"\n')
    problems = [str(problem) for problem in check_study(study).problems]
    assert any("has codes of 2021, but the boundaries are of 2011" in problem for problem in problems)


def test_counts_of_the_other_vintage_are_an_error(tmp_path):
    area = check_study(write_small_study(tmp_path)).inputs.area
    path = tmp_path / "counts.csv"
    pd.DataFrame({"LSOA21CD": area.ids, "n": 3}).to_csv(path, index=False)
    with pytest.raises(SourceError, match=r"has codes of 2021, but the boundaries are of 2011[\s\S]*'LSOA21CD'"):
        read_counts(path, area, count_column="n")


def test_a_code_that_is_new_in_2021_tells_the_vintage_too(tmp_path):
    area = check_study(write_small_study(tmp_path)).inputs.area
    path = tmp_path / "counts.csv"
    pd.DataFrame({"area_id": [*area.ids, "E01034955"], "n": 3}).to_csv(path, index=False)
    with pytest.raises(SourceError, match="has codes of 2021, but the boundaries are of 2011"):
        read_counts(path, area, count_column="n")


def test_areas_of_2001_are_a_vintage_too(tmp_path):
    study = write_small_study(tmp_path)
    area = check_study(study).inputs.area
    path = tmp_path / "counts.csv"
    pd.DataFrame({"lsoa01_code": area.ids, "n": 3}).to_csv(path, index=False)
    with pytest.raises(SourceError, match="has codes of 2001, but the boundaries are of 2011"):
        read_counts(path, area, count_column="n")
    pd.DataFrame({"lsoa21_code": area.ids, "n": 3}).to_csv(path, index=False)
    with pytest.raises(SourceError, match="has codes of 2021, but the boundaries are of 2001"):
        read_counts(path, replace(area, vintage=2001), count_column="n")
    renamed(tmp_path / "population.csv", "lsoa11_code", "lsoa01_code")
    with pytest.raises(SourceError, match="has codes of 2001, but the boundaries are of 2011"):
        check_study(study)


def test_admissions_of_the_other_vintage_are_an_error(tmp_path):
    study = write_small_study(tmp_path)
    area = check_study(study).inputs.area
    renamed(tmp_path / "hes.csv", "LSOA11", "LSOA01")
    assert len(read_hes(tmp_path / "hes.csv"))
    with pytest.raises(SourceError, match=r"has codes of 2001, but the boundaries are of 2011[\s\S]*'LSOA01'"):
        read_hes(tmp_path / "hes.csv", area=area)
    problems = [str(problem) for problem in check_study(study).problems]
    assert any("has codes of 2001, but the boundaries are of 2011" in problem for problem in problems)


@pytest.mark.parametrize("vintage", [1066, 21, 20_111])
def test_a_vintage_that_is_no_year_of_a_geography_is_an_error(tmp_path, vintage):
    write_small_study(tmp_path)
    with pytest.raises(SourceError, match=f"vintage is the year of a geography, and {vintage} is not a year"):
        read_areas(tmp_path / "areas.gpkg", vintage=vintage)


def test_ages_of_the_other_vintage_are_a_problem_of_the_study(tmp_path):
    write_small_study(tmp_path)
    write_extract_files(tmp_path)
    renamed(tmp_path / "ages.csv", "lsoa11_code", "lsoa21_code")
    study = write_small_study(tmp_path, more='[population_by_age]\nfile = "ages.csv"\nsource = "Made"\n')
    problems = [str(problem) for problem in check_study(study).problems]
    assert any("has codes of 2021, but the boundaries are of 2011" in problem for problem in problems)
