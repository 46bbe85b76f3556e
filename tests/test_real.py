"""Whole studies of the real open data that lie beside the checkout; skipped where they do not."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from read_layers import read_layer

from hotspots.analysis.counts.reconcile_totals import tighten_table
from hotspots.sources.authority_totals import read_authority_totals
from hotspots.sources.exclusions import read_exclusions
from hotspots.study.run import run_study
from hotspots.study.settings.study_file import make_study
from hotspots.vocabulary import WEST_MIDLANDS

pytestmark = pytest.mark.real

QUIET_MAPS = {"dpi": 72}


@pytest.fixture(scope="module")
def west_midlands(shared_data: Path, tmp_path_factory: pytest.TempPathFactory):
    """Run a study over every real file of the West Midlands; return its folder and summary."""
    study = make_study(
        {
            "title": "Real data, West Midlands",
            "areas": {
                "file": "wm_boundaries_27700.gpkg",
                "layer": "lsoa11_detailed",
                "geography": "LSOA",
                "vintage": 2011,
            },
            "population": {"file": "population_wm_lsoa11_mye.csv", "column": "total_population", "year": 2019},
            "events": [
                {
                    "name": "street_2011",
                    "title": "street crime, February 2011",
                    "format": "police",
                    "file": "crime_wm_2011-02_street.csv",
                    "release": "open",
                },
                {
                    "name": "west_yorkshire",
                    "title": "crime of another force",
                    "format": "police",
                    "file": "crime_west_yorkshire_2018-07_street_sample.csv",
                    "release": "open",
                },
                {
                    "name": "stroke",
                    "title": "stroke admissions",
                    "format": "counts",
                    "file": "stroke_admissions_wm_lsoa11_2017-2019.csv",
                    "name_column": "lsoa11_name",
                    "count_column": "admissions",
                    "multiply_by": 3,
                    "period": "2017-2019",
                    "release": "open",
                },
            ],
            "deprivation": {"file": "imd2019_wm_lsoa11.csv", "title": "IDACI 2019"},
            "schools": {
                "register": "schools_wm_ks4_2018-19.csv",
                "exclusions": "exclusions_wm_school_2006-07_to_2016-17.csv",
                "years": ["201213", "201314", "201415", "201516", "201617"],
            },
            "children_in_need": {"file": "cin_assessment_factors_wm_la_2018-2025.csv", "year": 2019},
            "maps": QUIET_MAPS,
        },
        folder=shared_data,
    )
    finished = run_study(study, output=tmp_path_factory.mktemp("real"))
    return finished.folder, json.loads((finished.folder / "summary.json").read_text(encoding="utf-8"))


def test_every_row_is_accounted_for(west_midlands):
    for name, source in west_midlands[1]["sources"].items():
        if name != "stroke":
            assert source["rows_read"] == source["observed"] + source["outside"] + sum(source["dropped"].values())
    street = west_midlands[1]["sources"]["street_2011"]
    assert (street["rows_read"], street["outside"], street["observed"]) == (25_558, 19, 25_539)
    assert street["dropped"] == {}


def test_a_force_elsewhere_is_a_clear_finding(west_midlands):
    summary = west_midlands[1]
    other = summary["sources"]["west_yorkshire"]
    assert (other["rows_read"], other["outside"], other["observed"]) == (3_000, 3_000, 0)
    assert summary["left_out"]["hotspots of crime of another force"] == "no event lies in the study area"
    assert "west_yorkshire" not in summary["hotspots"]


def test_thirds_times_three_are_whole(west_midlands, shared_data):
    stroke = west_midlands[1]["sources"]["stroke"]
    means = pd.read_csv(shared_data / "stroke_admissions_wm_lsoa11_2017-2019.csv")["admissions"]
    assert stroke["observed"] == round(3 * means.sum())
    assert stroke["areas_without_a_count"] == 0
    gi = west_midlands[1]["hotspots"]["stroke"]["getis_ord"]
    assert gi["settings"]["areas_tested"] == 1_680


def test_mended_areas_are_named(west_midlands):
    mended = {area for ids in west_midlands[1]["areas"]["mended"].values() for area in ids}
    assert {"E01009012", "E01009307", "E01009404", "E01033187"} <= mended
    assert west_midlands[1]["hotspots"]["street_2011"]["getis_ord"]["settings"]["neighbour_pairs"] == 9_824


def test_every_school_is_in_the_table(west_midlands):
    summary = west_midlands[1]
    schools = summary["schools_read"]
    assert schools["rows_read"] == schools["in_question"] + sum(schools["dropped"].values())
    assert sum(summary["schools"]["number"].values()) == schools["in_question"]
    assert summary["schools"]["slope"]["per_ten_points"] > 0


def test_everything_is_written(west_midlands):
    folder, summary = west_midlands
    assert (folder / "briefing.pdf").stat().st_size > 100_000
    assert (folder / "density_street_2011.tif").is_file()
    assert summary["release"] == "open"


def test_bradford_from_the_file_of_england(shared_data, tmp_path):
    study = make_study(
        {
            "title": "Bradford",
            "areas": {"file": "lsoa11_england_bsc_27700.parquet", "authorities": ["E08000032"], "vintage": 2011},
            "population": {"file": "population_england_lsoa11_2019.parquet", "column": "total_population"},
            "events": [
                {
                    "name": "crime",
                    "title": "recorded crime",
                    "format": "police",
                    "file": "crime_west_yorkshire_2018-07_street_sample.csv",
                    "release": "open",
                    "density": False,
                }
            ],
            "maps": QUIET_MAPS,
        },
        folder=shared_data,
    )
    summary = run_study(study, output=tmp_path).summary
    crime = summary["sources"]["crime"]
    rows = pd.read_csv(shared_data / "crime_west_yorkshire_2018-07_street_sample.csv", dtype=str)
    inside = int(rows["LSOA name"].fillna("").str.startswith("Bradford").sum())
    assert crime["joined_by_code"] == inside
    assert crime["rows_read"] == crime["observed"] + crime["outside"] + sum(crime["dropped"].values())
    assert crime["observed"] >= inside > 2_000
    assert summary["areas"]["authorities"] == {"E08000032": "Bradford"}


def test_hidden_exclusions_of_2016_17_against_the_totals_of_authorities(shared_data):
    exclusions = read_exclusions(
        shared_data / "exclusions_wm_school_2006-07_to_2016-17.csv", years=["2016/17"], hidden=(1, 2)
    )
    totals = read_authority_totals(shared_data / "exclusions_wm_la_2006-07_to_2016-17.csv", exclusions, hidden=(1, 2))
    rows = exclusions.rows
    hidden = rows[rows["hidden"]].groupby("la_name").size()
    known = rows[~rows["hidden"]].groupby("la_name")["low"].sum()
    behind = totals.droplevel("year")["low"].rename(WEST_MIDLANDS) - known
    # From the two files by hand: hidden schools, and exclusions behind them.
    assert {name: (hidden[name], behind[name]) for name in hidden.index} == {
        "Birmingham": (20, 30),
        "Coventry": (11, 17),
        "Dudley": (3, 3),
        "Sandwell": (6, 8),
        "Solihull": (3, 4),
        "Walsall": (5, 8),
        "Wolverhampton": (7, 10),
    }
    assert (hidden.sum(), behind.sum()) == (55, 80)
    # Three schools with three exclusions between them have one each; the others can still be 1 or 2.
    tight = tighten_table(rows, totals, by=("la_code", "year"))
    pinned = tight[tight["hidden"] & (tight["low"] == tight["high"])]
    assert pinned["la_name"].tolist() == ["Dudley"] * 3
    assert pinned["low"].tolist() == [1, 1, 1]
    assert (tight.loc[tight["hidden"] & (tight["la_name"] != "Dudley"), ["low", "high"]] == [1, 2]).all(axis=None)


def test_a_published_study_shows_what_the_source_hides_as_it_hides_it(west_midlands, shared_data):
    exclusions = read_exclusions(
        shared_data / "exclusions_wm_school_2006-07_to_2016-17.csv",
        years=["201213", "201314", "201415", "201516", "201617"],
        hidden=(1, 2),
    )
    own = exclusions.link_successors().table
    written = read_layer(west_midlands[0] / "hotspots.gpkg", "schools").set_index("school_id")
    both = written[written.index.isin(own.index)]
    assert (own["low"] < own["high"]).sum() > 100
    for column, none in (("low", -1), ("high", -1), ("marks", "")):
        assert both[column].fillna(none).tolist() == own.loc[both.index, column].fillna(none).tolist()
