"""Population, age and deprivation of authorities: by hand, and against the published summaries of IDACI."""

import numpy as np
import pandas as pd
import pytest
from worlds import make_grid

from hotspots.analysis.authorities.profiles import describe_authorities
from hotspots.model import Ages, Deprivation, Identity, Place, StudyArea, words_of
from hotspots.sources.boundaries import read_areas
from hotspots.sources.deprivation import read_deprivation


@pytest.fixture
def area():
    """Return four squares of 1 km in two authorities."""
    grid = make_grid(2, 2, population=1_000)
    return StudyArea(
        grid.areas.assign(la_code=["A", "A", "B", "B"], la_name=["Ash", "Ash", "Birch", "Birch"]),
        identity=Identity(release="open"),
    )


def make_deprivation(area, **columns):
    table = pd.DataFrame({"score": [0.4, 0.2, 0.1, np.nan], "rank": 1, "decile": [1, 3, 5, np.nan]}, index=area.ids)
    return Deprivation(
        table.assign(**columns), identity=Identity(release="open", title="IDACI 2019", sources=("MHCLG",))
    )


def make_ages(area):
    columns = {0: [300, 100, 200, 200], 16: [100, 100, 100, 100], 25: [300] * 4, 65: [300, 500, 400, 400]}
    return Ages(
        pd.DataFrame(columns, index=area.ids), identity=Identity(release="open", sources=("ONS",), period="mid-2019")
    )


def test_numbers_by_hand(area):
    extract = describe_authorities(
        area, deprivation=make_deprivation(area), ages=make_ages(area), places=[Place("Both", ("A", "B"))]
    )
    table = extract.table.set_index("name")
    assert list(table.index) == ["Ash", "Birch", "Both", "Study area"]
    ash = table.loc["Ash"]
    assert (ash["areas"], ash["population"], ash["area_km2"], ash["people_per_km2"]) == (2, 2_000, 2, 1_000)
    assert (ash["children"], ash["under_25"], ash["over_64"]) == (400 / 2_000, 600 / 2_000, 800 / 2_000)
    # 300 children at 0.4 and 100 at 0.2
    assert ash["deprivation"] == pytest.approx(0.35)
    assert (ash["most_deprived_areas"], ash["most_deprived_people"]) == (0.5, 0.5)
    assert table.loc["Birch", "deprivation"] == pytest.approx(0.1)
    assert table.loc["Birch", "deprivation_areas"] == 1
    assert table.loc["Study area", "decile_3"] == pytest.approx(1 / 3)
    assert table.loc["Both", "population"] == 4_000
    assert words_of(extract.notes) == ("1 of 4 areas have no IDACI 2019: left out of its columns.",)
    assert (extract.source, str(extract.period), extract.release) == ("ONS; MHCLG", "mid-2019", "open")
    assert "weighted by children aged 0 to 15" in extract.words
    np.testing.assert_allclose(table.filter(like="age_").sum(axis=1), 1)
    np.testing.assert_allclose(table.filter(like="decile_").sum(axis=1), 1)


def test_without_ages_an_area_counts_by_its_people_and_without_both_once(area):
    weighted = area.with_population(pd.Series([3_000.0, 1_000, 1_000, 1_000], index=area.ids))
    extract = describe_authorities(weighted, deprivation=make_deprivation(area))
    assert extract.table["deprivation"].iloc[0] == pytest.approx(0.35)
    assert "weighted by people" in extract.words
    assert "No ages were given." in words_of(extract.notes)
    assert extract.table["children"].isna().all()
    bare = StudyArea(area.areas.drop(columns="population"), identity=Identity(release="open"))
    assert describe_authorities(bare, deprivation=make_deprivation(area)).table["deprivation"].iloc[0] == pytest.approx(
        0.3
    )
    nothing = describe_authorities(bare)
    assert nothing.table["population"].isna().all()
    assert words_of(nothing.notes) == ("No deprivation was given.", "No ages were given.")


def test_one_authority_is_no_place_and_other_estimates_are_said(area):
    ages = Ages(make_ages(area).table * 1.1, identity=Identity(release="open"))
    extract = describe_authorities(area, ages=ages, places=[Place("Ash town", ("A",))])
    assert "Ash town" not in set(extract.table["name"])
    assert "Population (4,000) and ages (4,400 people) are of different estimates." in words_of(extract.notes)
    missing = describe_authorities(area, ages=Ages(ages.table.iloc[1:], identity=Identity(release="open")))
    assert "1 of 4 areas have no ages." in words_of(missing.notes)
    assert np.isnan(missing.table["children"].iloc[0])


def test_the_weakest_mark_is_passed_on(area):
    invented = Ages(make_ages(area).table, identity=Identity(release="invented"))
    assert describe_authorities(area, ages=invented).release == "invented"


@pytest.mark.real
def test_published_summaries_of_idaci(shared_data):
    area = read_areas(shared_data / "wm_boundaries_27700.gpkg", layer="lsoa11")
    deprivation = read_deprivation(shared_data / "imd2019_wm_lsoa11.csv", title="IDACI 2019")
    facts = pd.read_csv(shared_data / "imd2019_wm_lsoa11.csv").set_index("lsoa11_code")
    columns = {0: "pop_children_0_15_2015", 16: "pop_16_59_2015", 60: "pop_60plus_2015"}
    ages = Ages(
        pd.DataFrame({start: facts[column] for start, column in columns.items()}), identity=Identity(release="open")
    )
    found = describe_authorities(area, deprivation=deprivation, ages=ages).table.set_index("code")
    published = pd.read_csv(shared_data / "imd2019_wm_lad_idaci_summary.csv").set_index("lad19_code")
    # The file's scores are estimates: their averages agree with the published ones within 0.002.
    np.testing.assert_allclose(found.loc[published.index, "deprivation"], published["avg_score"], atol=0.0025)
    np.testing.assert_allclose(found.loc[published.index, "most_deprived_areas"], published["prop10"], atol=5e-5)
    assert "(estimated scores)" in describe_authorities(area, deprivation=deprivation).words
