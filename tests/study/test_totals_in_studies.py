"""Totals and rules of one's own in a study file."""

from __future__ import annotations

import pytest

from hotspots.errors import StudyError
from hotspots.study.inputs.read import read_inputs
from hotspots.study.settings.study_file import make_study, read_study

pytestmark = pytest.mark.real


def wm(shared_data, **more):
    return make_study(
        {
            "title": "Schools",
            "areas": {
                "file": "lsoa11_england_bsc_27700.parquet",
                "vintage": 2011,
                "authorities": [f"E080000{n}" for n in range(25, 32)],
            },
            "events": [
                {
                    "name": "stroke",
                    "title": "stroke",
                    "format": "counts",
                    "count_column": "admissions",
                    "name_column": "lsoa11_name",
                    "multiply_by": 3,
                    "release": "open",
                    "file": "stroke_admissions_wm_lsoa11_2017-2019.csv",
                }
            ],
            "deprivation": {"file": "imd2019_wm_lsoa11.csv", "title": "IDACI 2019"},
            "schools": {
                "register": "schools_wm_ks4_2018-19.csv",
                "years": ["201617"],
                "exclusions": "exclusions_wm_school_2006-07_to_2016-17.csv",
                "totals": "exclusions_wm_la_2006-07_to_2016-17.csv",
            },
            **more,
        },
        folder=shared_data,
    )


def test_a_published_study_uses_the_sources_own_intervals_and_a_restricted_one_those_of_the_totals(shared_data):
    own = read_inputs(wm(shared_data)).schools
    tight = read_inputs(wm(shared_data, profile="restricted", readers="Analysts")).schools
    assert (own.release, tight.release) == ("open", "restricted")
    hidden = own.table["low"] < own.table["high"]
    assert hidden.sum() == 55
    dudley = hidden & (own.table["la_code"] == "E08000027")
    assert own.table.loc[dudley, ["low", "high"]].to_numpy().tolist() == [[1, 2]] * 3
    assert tight.table.loc[dudley, ["low", "high"]].to_numpy().tolist() == [[1, 1]] * 3


def test_rule_in_the_study_file(tmp_path):
    text = """[study]
title = "A"
[areas]
file = "a.gpkg"
[[events]]
name = "a"
title = "a"
format = "counts"
count_column = "n"
file = "a.csv"
marks = { "*" = [1, 7], ":" = "not available" }
[rule]
largest = 9
rounding = %s
"""
    (tmp_path / "s.toml").write_text(text % 10)
    study = read_study(tmp_path / "s.toml")
    assert study.protection == {"smallest": 1, "largest": 9, "rounding": 10}
    assert study.events[0].marks == {"*": (1, 7), ":": "not available"}
    (tmp_path / "s.toml").write_text(text % 50)
    with pytest.raises(StudyError) as caught:
        read_study(tmp_path / "s.toml")
    assert "counts up to 24 would be rounded to 0" in str(caught.value)
    with pytest.raises(StudyError, match="known rules are nhs-digital"):
        make_study(
            {
                "title": "A",
                "rule": "nhs",
                "areas": {"file": "a"},
                "events": [{"name": "a", "title": "a", "format": "hes", "file": "a"}],
            }
        )
