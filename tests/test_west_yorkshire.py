"""Three monthly files of another force (July 2016, 2017 and 2018), against what pandas says of them."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from number_book import Book
from number_words import wrong_in
from page_words import read_pages

import hotspots as hs
from hotspots.model import words_of
from hotspots.study.run import run_study

pytestmark = pytest.mark.real

VIOLENCE = "Violence and sexual offences"
AUTHORITIES = [f"E080000{number}" for number in (32, 33, 34, 35, 36)]


@pytest.fixture(scope="module")
def raw(in_ci):
    """Return the folder of monthly files that crime-sim-toolkit carries."""
    spec = importlib.util.find_spec("crime_sim_toolkit")
    if spec is None:
        assert not in_ci, "crime-sim-toolkit is missing: .ci/run installs it"
        pytest.skip("the package crime-sim-toolkit is not installed")
    return Path(spec.submodule_search_locations[0]) / "tests" / "testing_data" / "test_policedata"


@pytest.fixture(scope="module")
def table(raw):
    """Return every row of the three files as pandas reads them."""
    files = sorted(raw.rglob("*street.csv"))
    assert [file.name[:7] for file in files] == ["2016-07", "2017-07", "2018-07"]
    return pd.concat([pd.read_csv(file, dtype=str, keep_default_na=False) for file in files], ignore_index=True)


@pytest.fixture(scope="module")
def area(shared_data):
    """Return the areas of the five authorities."""
    return hs.read_areas(shared_data / "lsoa11_england_bsc_27700.parquet", authorities=AUTHORITIES)


@pytest.fixture(scope="module")
def violence(raw):
    return hs.read_police(raw, crime_types=[VIOLENCE], title="violent crime", release="open")


def test_every_row_is_accounted_for(violence, table):
    of_type = int((table["Crime type"] == VIOLENCE).sum())
    assert (violence.rows_read, len(violence)) == (len(table), of_type)
    assert dict(violence.dropped) == {"other crime type": len(table) - of_type}
    assert violence.coverage.months == ("2016-07", "2017-07", "2018-07")
    assert violence.coverage.years == 0.25


def test_counts_by_area_are_those_of_pandas(violence, table, area):
    counts = hs.count_events(violence, area)
    wanted = table.loc[table["Crime type"] == VIOLENCE, "LSOA code"].value_counts().reindex(area.ids).fillna(0)
    np.testing.assert_array_equal(counts.table["observed_low"], wanted)


def test_a_density_is_per_year_of_three_months(violence, table, area):
    surface = hs.kernel_density(violence, area, bandwidth=1000, cell=250)
    assert surface.unit == "events per km² per year (from July only)"
    assert "over 3 of 25 months" in surface.words
    assert (
        words_of(surface.notes)[0]
        == "Figures per year are of 3 of 25 months; covered: July 2016, July 2017, July 2018."
    )
    # By hand: events whose point lies in the areas, four times as many in a year as in three months.
    rows = table[(table["Crime type"] == VIOLENCE) & (table["Longitude"] != "")]
    points = gpd.GeoSeries.from_xy(rows["Longitude"].astype(float), rows["Latitude"].astype(float), crs=4326)
    inside = int(points.to_crs(27700).within(area.areas.union_all()).sum())
    per_year = float(np.nansum(surface.values)) * 0.25**2
    assert per_year == pytest.approx(4 * inside, rel=0.01)


def test_a_second_download_changes_nothing(raw, violence, table, tmp_path):
    # The same July again, cut at half its rows: as an overlapping download is.
    source = next(raw.rglob("2018-07*street.csv"))
    lines = source.read_text(encoding="utf-8").splitlines(keepends=True)
    (tmp_path / "again").mkdir()
    (tmp_path / "again" / "2018-07-west-yorkshire-street.csv").write_text("".join(lines[: len(lines) // 2]), "utf-8")
    both = hs.read_police([raw, tmp_path], crime_types=[VIOLENCE], release="open")
    pd.testing.assert_frame_equal(both.table, violence.table)
    assert both.rows_read == len(table) + len(lines) // 2 - 1
    again = sum(number for reason, number in both.dropped.items() if "another file" in reason)
    assert again == len(lines) // 2 - 1


def test_years_of_one_month_are_incomplete_and_not_compared(violence):
    series = hs.series.count_by_year(violence, years=(2016, 2018))
    assert series.incomplete == ("2016", "2017", "2018")
    assert list(series.table["months"]) == [1, 1, 1]
    rated = hs.series.with_rates(series, 2_300_000)
    row = rated.table.iloc[0]
    assert row["rate_low"] == pytest.approx(row["low"] * 12 / 2_300_000 * 100_000)


STUDY = """
[study]
title = "Crime in West Yorkshire"
slug = "west-yorkshire"
[areas]
file = "{data}/lsoa11_england_bsc_27700.parquet"
geography = "LSOA"
vintage = 2011
authorities = ["Bradford", "Calderdale", "Kirklees", "Leeds", "Wakefield"]
[population]
file = "{data}/population_england_lsoa11_2019.parquet"
column = "total_population"
title = "Mid-2019 residents"
[[places]]
name = "Leeds"
authorities = ["Leeds"]
[[events]]
name = "violence"
title = "violence and sexual offences"
format = "police"
file = "{raw}"
crime_types = ["Violence and sexual offences"]
release = "open"
source = "data.police.uk"
[[events]]
name = "burglary"
title = "burglary"
format = "police"
file = "{raw}"
crime_types = ["Burglary"]
release = "open"
source = "data.police.uk"
[[series]]
name = "by_year"
title = "Violence and sexual offences"
events = "violence"
years = [2016, 2018]
rates = true
base = 2016
change_points = true
[maps]
dpi = 72
"""


@pytest.fixture(scope="module")
def book(raw, shared_data, tmp_path_factory):
    """Return a whole run from the raw files, to be counted again."""
    folder = tmp_path_factory.mktemp("west-yorkshire")
    study = folder / "study.toml"
    study.write_text(STUDY.format(data=shared_data.as_posix(), raw=raw.as_posix()), encoding="utf-8")
    return Book(run_study(study).folder, study)


def test_every_finding_and_title_of_the_pack_is_counted_again_from_the_raw_files(book):
    pages = read_pages(book.folder / "briefing.pdf")
    titles = [page.title for page in pages if page.title]
    assert len(titles) > 12
    assert len(book.summary["findings"]) == 6
    # Three Julys make no whole year: charts of years claim nothing.
    quiet = [f"Violence and sexual offences{rest}" for rest in
             ("", " per 100,000 people per year", ": change since 2016 is not known")]  # fmt: skip
    assert set(quiet) <= set(titles)
    claims = [words for words in (*titles, *book.summary["findings"]) if words not in quiet]
    assert [problem for words in claims for problem in wrong_in(book, words)] == []


def test_what_only_julys_cover_is_compared_with_nothing(book):
    assert not any("2016 to 2018" in finding for finding in book.summary["findings"])
    years = book.table("by_year")
    assert years["ratio"].isna().all()
    # Rates are per year all the same: of one month in twelve.
    people = book.people("violence and sexual offences")
    assert years["rate_low"].tolist() == pytest.approx((years["low"] * 12 / people * 100_000).tolist())


def test_the_areas_hold_the_rows_of_the_raw_files(book, table):
    for title, kind in (("violence and sexual offences", VIOLENCE), ("burglary", "Burglary")):
        areas = book.tested(title, "getis_ord").set_index("area_id")
        counted = table.loc[table["Crime type"] == kind, "LSOA code"].value_counts()
        assert areas["observed_low"].to_dict() == counted.reindex(areas.index).fillna(0).to_dict()
