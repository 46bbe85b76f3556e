"""Three monthly files of another force (July 2016, 2017 and 2018), against what pandas says of them."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

import hotspots as hs

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
    assert surface.unit == "events per km² and year (from July only)"
    assert "over 3 of 25 months" in surface.words
    assert surface.notes[0] == "Figures per year are of 3 of 25 months; covered: July 2016, July 2017, July 2018."
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
    series = hs.count_by_year(violence, years=(2016, 2018))
    assert series.incomplete == ("2016", "2017", "2018")
    assert list(series.table["months"]) == [1, 1, 1]
    rated = hs.with_rates(series, 2_300_000)
    row = rated.table.iloc[0]
    assert row["rate_low"] == pytest.approx(row["low"] * 12 / 2_300_000 * 100_000)
