"""The sample's ages and recorded crime: what stands in them, and the extracts made from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from worlds import ROOT, protect_alone

from hotspots.analysis.authorities.profiles import describe_authorities
from hotspots.analysis.authorities.standardisation import count_by_age, standardised_rates
from hotspots.analysis.series.change import change_since
from hotspots.analysis.series.change_points import find_change_points
from hotspots.analysis.series.counting import count_by_quarter, count_by_year, sum_to_years, with_intervals, with_rates
from hotspots.model import Place, StudyArea, words_of
from hotspots.sources.ages import read_ages
from hotspots.sources.boundaries import read_areas
from hotspots.sources.deprivation import read_deprivation
from hotspots.sources.hes import read_hes
from hotspots.sources.population import read_population
from hotspots.sources.recorded_crime import read_recorded

EVENTS = ROOT / "data" / "events"
CENSUS = ROOT / "data" / "boundaries" / "population_lsoa11_census2011.csv"
AGES = EVENTS / "invented_population_by_age_lsoa11.csv"
KNIFE = (1_512, 1_487, 1_503, 2_004, 2_413, 2_897, 3_649)
"""Knife crime in 2013 to 2019, as data/README.md has it."""


@pytest.fixture(scope="module")
def area() -> StudyArea:
    return read_areas(Path(ROOT) / "data" / "boundaries" / "west_midlands_lsoa11.gpkg", layer="lsoa11").with_population(
        read_population(CENSUS)
    )


def test_ages_add_up_to_the_census_in_every_area() -> None:
    ages = read_ages(AGES, release="invented")
    census = pd.read_csv(CENSUS).set_index("lsoa11_code")["population"]
    assert ages.starts == tuple(range(0, 95, 5))
    assert set(ages.table.index) == set(census.index)
    np.testing.assert_array_equal(ages.table.sum(axis=1), census.reindex(ages.table.index))


def test_recorded_crime_is_that_of_the_forces_own_extract() -> None:
    series = read_recorded(EVENTS / "invented_recorded_knife_crime_quarterly.csv", force="West Midlands")
    assert len(series.table) == 28
    assert series.table["low"].sum() == sum(KNIFE)
    # Calendar years: four quarters each from January 2013 on.
    np.testing.assert_array_equal(series.table["low"].to_numpy().reshape(7, 4).sum(axis=1), KNIFE)
    years = sum_to_years(with_rates(with_intervals(series)))
    assert years.table["low"].isna().tolist() == [True, *[False] * 6, True]  # the first and last are not whole
    found = find_change_points(with_intervals(series), rng=np.random.default_rng(1), draws=199).table
    # A plateau in 2013 to 2015 and a climb from January 2016, which is 2015/16 Q4.
    assert found["earliest"].iloc[1] <= "2015/16 Q4" <= found["latest"].iloc[1]
    assert (found["ratio"].dropna() > 1).all()


def test_admissions_by_quarter_and_their_change() -> None:
    events = read_hes(EVENTS / "invented_hes_admissions_2013-2019.csv.gz", years=(2013, 2019), release="invented")
    years = count_by_year(events, years=(2013, 2019), ages=(0, 24), group="under 25")
    quarters = count_by_quarter(events, years=(2013, 2019), ages=(0, 24), group="under 25")
    assert list(years.table["low"]) == [980, 1_000, 1_260, 1_580, 1_880, 2_130, 2_150]
    np.testing.assert_array_equal(sum_to_years(quarters).table["low"], years.table["low"])
    row = change_since(years, "2014").set_index("period").loc["2018"]
    assert row["ratio"] == 2.13  # more than doubled in four years from 2014
    # Poisson limits are 1.97 and 2.30 (scipy's binomtest of 2,130 in 3,130). Years that leave their course by 5 % put
    # 2 sqrt(2) 5 % on either side of its logarithm: 1.83 to 2.48. What a year's scatter is, is not known so well.
    poisson = change_since(years, "2014", beyond_poisson=False).set_index("period").loc["2018"]
    assert (poisson["ratio_low"], poisson["ratio_high"]) == pytest.approx((1.974, 2.300), abs=0.002)
    assert 1.5 < row["ratio_low"] < 1.83


def test_standardised_rates_of_admissions(area: StudyArea) -> None:
    events = read_hes(EVENTS / "invented_hes_admissions_2013-2019.csv.gz", years=(2017, 2019), release="unreleased")
    ages = read_ages(AGES, release="invented")
    counts = count_by_age(events, area, ages=ages)
    places = [Place("Birmingham–Sandwell", ("E08000025", "E08000028"))]
    true = standardised_rates(counts, ages, area=area, places=places, years=3).table
    shown = standardised_rates(protect_alone(counts, "nhs-digital"), ages, area=area, places=places, years=3)
    assert shown.release == "nhs-digital"
    assert len(shown.table) == 9
    assert (shown.table["rate_low"] <= true["rate_low"]).all()
    assert (true["rate_low"] <= shown.table["rate_high"]).all()
    # Hidden and rounded cells leave the rates of authorities within a few per cent.
    assert (shown.table["rate_high"] / shown.table["rate_low"]).max() < 1.1


def test_profile_of_the_authorities(area: StudyArea) -> None:
    deprivation = read_deprivation(EVENTS / "invented_idaci_lsoa11.csv", title="IDACI", release="invented")
    extract = describe_authorities(area, deprivation=deprivation, ages=read_ages(AGES, release="invented"))
    table = extract.table.set_index("name")
    assert table.loc["Study area", "population"] == 2_736_460
    assert table.loc["Birmingham", "under_25"] > table.loc["Solihull", "under_25"]
    assert words_of(extract.notes) == ()
    assert extract.release == "invented"
