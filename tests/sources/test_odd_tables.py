"""Tables that are not what they seem: every reader says what is wrong, with file, row and value."""

from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pytest
from worlds import make_grid

from hotspots.errors import HotspotsError, SourceError
from hotspots.sources import _parquet, _text_files
from hotspots.sources.ages import read_ages
from hotspots.sources.authority_totals import read_authority_totals
from hotspots.sources.children_in_need import read_episodes, read_factors
from hotspots.sources.counts import read_counts
from hotspots.sources.deprivation import read_deprivation
from hotspots.sources.exclusions import read_exclusions
from hotspots.sources.hes import read_hes
from hotspots.sources.offences import read_offences
from hotspots.sources.place_labels import read_place_labels
from hotspots.sources.police import read_police
from hotspots.sources.population import read_covariates, read_population
from hotspots.sources.recorded_crime import read_recorded
from hotspots.sources.schools import read_schools


def write(folder, text, *, name="table.csv"):
    path = folder / name
    path.write_bytes(text.encode("utf-8"))
    return path


# --------------------------------------------------------------------------- which column


@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize(
    ("wanted", "other"),
    [
        ("Admissions", "Admissions (%)"),
        ("Population", "Population %"),
        ("Total", "total"),
        ("n people", "n_people"),
        ("count", "count."),
        ("Persons", "PERSONS"),
    ],
)
def test_the_name_to_the_letter_wins_wherever_it_is(tmp_path, wanted, other, swap):
    header, row = ([other, wanted], ["9", "30"]) if swap else ([wanted, other], ["30", "9"])
    path = write(tmp_path, f"lsoa11_code,{','.join(header)}\nE01000001,{','.join(row)}\n")
    assert read_population(path, column=wanted).tolist() == [30.0]


def test_a_name_that_two_columns_could_have_is_an_error(tmp_path):
    path = write(tmp_path, "lsoa11_code,n_people,n-people\nE01000001,30,9\n")
    with pytest.raises(SourceError, match="Which column is meant by 'n people'") as caught:
        read_population(path, column="n people")
    assert "'n_people', 'n-people'" in str(caught.value)


def test_a_percentage_is_not_taken_for_a_number(tmp_path):
    path = write(tmp_path, "lsoa11_code,Population %\nE01000001,0.03\n")
    with pytest.raises(SourceError, match="has no column 'population'"):
        read_population(path)


def test_a_column_that_is_there_twice_is_an_error_where_it_is_used(tmp_path):
    path = write(tmp_path, "lsoa11_code,people,note,note,people\nE01000001,30,a,b,31\n")
    with pytest.raises(SourceError, match="has several columns called 'people', with different contents"):
        read_population(path, column="people")
    same = write(tmp_path, "lsoa11_code,people,note,note,people\nE01000001,30,a,b,30\n")
    assert read_population(same, column="people").tolist() == [30.0]


# --------------------------------------------------------------------------- numbers that can't be

HES = "EPIKEY,EPIORDER,ADMIDATE,EPISTART,STARTAGE,SEX,ADMIMETH,LSOA11,DIAG_01\n"
STREET = "Month,Reported by,Falls within,Easting,Northing,Location,Crime type,Context\n"
SCHOOLS = "time_period,laestab,urn,school_name,old_la_code,la_name,school_type,headcount,perm_excl\n"
TOTALS = "time_period,new_la_code,la_name,school_type,num_schools,perm_excl\n"
FACTORS = "time_period,geographic_level,new_la_code,la_name,Episodes_with_assessment_factor,Gangs\n"
RECORDED = "Force Name,Financial Year,Financial Quarter,Knife Crime\n"


def exclusions(path):
    return read_exclusions(path, years=None, hidden=(1, 2))


def of_2019(path):
    return read_factors(path, year=2019)


def of_the_force(path):
    return read_recorded(path, force="West Midlands")


def totals_of_exclusions(path):
    row = "201617,3304801,100,A School,330,Birmingham,State-funded secondary,900,1,E08000025\n"
    schools = write(path.parent, f"{SCHOOLS.strip()},new_la_code\n{row}", name="schools.csv")
    return read_authority_totals(path, exclusions(schools), hidden=(1, 2))


def register(path):
    schools = write(path.parent, SCHOOLS + "201617,3304801,100,A School,330,Birmingham,State-funded secondary,900,1\n",
                    name="schools.csv")  # fmt: skip
    return read_schools(path, exclusions=schools)


CELLS = {
    # reader and column: (how it is read, header, row with the cell in question, a good cell)
    "population": (read_population, "lsoa11_code,population\n", "E01000001,{}", "30"),
    "covariates": (lambda path: read_covariates(path, ["score"]), "lsoa11_code,score\n", "E01000001,{}", "30"),
    "ages": (read_ages, "area_id,0-4,5+\n", "A,{},3", "30"),
    "counts": (
        lambda path: read_counts(path, make_grid(2, 2), count_column="n"),
        "area_id,n\n",
        "{id},{cell}",
        "30",
    ),
    "deprivation, score": (read_deprivation, "lsoa11_code,idaci_score,idaci_rank\n", "E01000001,{},7", "0.3"),
    "deprivation, rank": (read_deprivation, "lsoa11_code,idaci_score,idaci_rank\n", "E01000001,0.3,{}", "7"),
    "admissions, age": (read_hes, HES, "1,1,2019-01-01,2019-01-01,{},1,21,E01000001,X991", "30"),
    "street crime, easting": (read_police, STREET, "2011-02,F,F,{},284398,On X,Robbery,", "408811"),
    "offences, northing": (read_offences, "occurred_from,easting,northing\n", "2019-01-01,400000,{}", "300000"),
    "exclusions, headcount": (
        exclusions,
        SCHOOLS,
        "201617,3304801,100,A School,330,Birmingham,State-funded secondary,{},1",
        "900",
    ),
    "exclusions, number": (
        exclusions,
        SCHOOLS,
        "201617,3304801,100,A School,330,Birmingham,State-funded secondary,900,{}",
        "1",
    ),
    "assessments": (
        of_2019,
        FACTORS,
        "2019,Local authority,E08000025,Birmingham,{},3",
        "30",
    ),
    "factors": (
        of_2019,
        FACTORS,
        "2019,Local authority,E08000025,Birmingham,30,{}",
        "3",
    ),
    "recorded crime": (of_the_force, RECORDED, "West Midlands,2018/19,1,{}", "30"),
    "recorded crime, population": (
        of_the_force,
        "Force Name,Financial Year,Financial Quarter,Population,Knife Crime\n",
        "West Midlands,2018/19,1,{},30",
        "2900",
    ),
    "episodes": (
        read_episodes,
        "time_period,new_la_code,la_name,Started_episodes,Ended_episodes,Anypoint_episodes,Anypoint_child\n",
        "2019,E08000025,Birmingham,{},30,30,30",
        "30",
    ),
    "totals of exclusions": (
        totals_of_exclusions,
        TOTALS,
        "201617,E08000025,Birmingham,State-funded secondary,3,{}",
        "1",
    ),
    "totals of exclusions, schools": (
        totals_of_exclusions,
        TOTALS,
        "201617,E08000025,Birmingham,State-funded secondary,{},1",
        "3",
    ),
    "places, easting": (read_place_labels, "name,easting,northing,population\n", "Ash,{},300000,10", "400000"),
    "places, population": (read_place_labels, "name,easting,northing,population\n", "Ash,400000,300000,{}", "10"),
    "register, northing": (
        register,
        "URN,laestab,school_name,school_type,Easting,Northing\n",
        "100,3304801,A School,State-funded secondary,400000,{}",
        "300000",
    ),
}

CALLS = {
    # Where numbers are asked for, module by module: the lines above that go through each.
    "ages": ["ages"],
    "children_in_need": ["assessments", "factors", "episodes"],
    "place_labels": ["places, easting", "places, population"],
    "counts": ["counts"],
    "deprivation": ["deprivation, score"],
    "authority_totals": ["totals of exclusions", "totals of exclusions, schools"],
    "exclusions": ["exclusions, headcount", "exclusions, number"],
    "hes": ["admissions, age"],
    "offences": ["offences, northing", "offences, northing"],
    "police": ["street crime, easting"],
    "population": ["population", "covariates"],
    "recorded_crime": ["recorded crime", "recorded crime, population"],
    "schools": ["register, northing"],
}  # fmt: skip
"""One line for each call of `cell_values.to_number`; easting and northing of offences go the same way."""

NEVER = [
    "1e400",
    "1e308",
    "-1e308",
    "1e-320",
    "inf",
    "nan",
    "0x10",
    "1,2,3",
    "٣",
    "１２",
    "2019-01-01",
    "many",
    "9" * 131_073,
]
"""What no column of numbers can hold."""

ONLY_SOME = {
    "-1": {"covariates", "recorded crime", "street crime, easting", "offences, northing", "places, easting",
           "register, northing"},
    "12%": {"covariates", "deprivation, score"},
    "1.5": {"population", "covariates", "ages", "street crime, easting", "offences, northing",
            "exclusions, number", "totals of exclusions", "recorded crime, population", "places, easting",
            "places, population", "register, northing"},
}  # fmt: skip
"""What only some columns can hold."""


def read(folder, column, cell):
    """Read a table of two rows, the second with this cell."""
    reader, header, row, good = CELLS[column]
    ids = make_grid(2, 2).ids
    quoted = f'"{cell}"' if "," in cell else cell
    rows = [row.format(good if "{}" in row else "", id=ids[0], cell=good)]
    rows.append(
        row.format(quoted, id=ids[1], cell=quoted).replace("E01000001", "E01000002").replace("3304801", "3304802")
    )
    if column.startswith("recorded crime"):
        rows = [rows[0], rows[1].replace(",1,", ",2,")]
    if column in ("ages",):
        rows[1] = "B" + rows[1][1:]
    if column in ("assessments", "factors", "episodes") or column.startswith("totals"):
        rows[1] = rows[1].replace("E08000025,Birmingham", "E08000026,Coventry")
    if column == "admissions, age":
        rows[1] = "2" + rows[1][1:]
    return reader(write(folder, header + "\n".join(rows) + "\n"))


@pytest.mark.parametrize("column", CELLS)
def test_a_good_cell_is_read(tmp_path, column):
    read(tmp_path, column, CELLS[column][3])


@pytest.mark.parametrize("cell", NEVER, ids=lambda cell: cell[:12])
@pytest.mark.parametrize("column", CELLS)
def test_a_cell_that_no_column_can_hold_is_an_error_with_its_row(tmp_path, column, cell):
    with pytest.raises(SourceError, match="row 3") as caught:
        read(tmp_path, column, cell)
    assert "table.csv" in str(caught.value)
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize("cell", ONLY_SOME)
@pytest.mark.parametrize("column", CELLS)
def test_a_cell_that_only_some_columns_can_hold(tmp_path, column, cell):
    if column in ONLY_SOME[cell]:
        read(tmp_path, column, cell)
    else:
        with pytest.raises(HotspotsError, match="row 3"):
            read(tmp_path, column, cell)


def test_every_column_of_numbers_is_here():
    """A column that is read as a number without a line here would not be tried."""
    folder = Path(_parquet.__file__).parent
    calls = {
        path.stem: path.read_text(encoding="utf-8").count("cell_values.to_number(") for path in folder.glob("*.py")
    }
    assert {module: number for module, number in calls.items() if number} == {
        module: len(lines) for module, lines in CALLS.items()
    }
    assert {line for lines in CALLS.values() for line in lines} <= set(CELLS)


# --------------------------------------------------------------------------- files


def test_a_lone_carriage_return_ends_a_line(tmp_path):
    path = write(tmp_path, "lsoa11_code,population\rE01000001,30\rE01000002,31\r")
    assert read_population(path).tolist() == [30.0, 31.0]
    with pytest.raises(SourceError):
        read_population(write(tmp_path, "lsoa11_code,population\nE010\r00001,30,4\n"))


def test_a_cell_of_a_megabyte_in_a_ragged_table_is_an_error(tmp_path):
    path = write(tmp_path, f"lsoa11_code,population\nE01000001,30,{'x' * 1_000_000}\n")
    with pytest.raises(SourceError, match="not a table with the same columns in every row") as caught:
        read_population(path)
    assert len(str(caught.value)) < 700


def test_characters_that_can_not_be_seen_are_left_out(tmp_path):
    path = write(tmp_path, "lsoa11_code,popu\u200blation\nE01000001\x07,30\n\u2060E01\u200b000002,\ufeff31 \x1b\n")
    people = read_population(path)
    assert people.to_dict() == {"E01000001": 30.0, "E01000002": 31.0}


@pytest.mark.parametrize("cell", ["3\x1b1", "3\u200b1", "1\u2060,031", "3\u200b.1", "2019\u200b-01-02"])
def test_a_character_that_can_not_be_seen_inside_a_number_is_an_error(tmp_path, cell):
    """Two numbers that were run together, or a control sequence cut in two: nobody can see which."""
    path = write(tmp_path, f'lsoa11_code,population\nE01000001,30\nE01000002,"{cell}"\n')
    with pytest.raises(SourceError) as error:
        read_population(path)
    assert error.value.problem.endswith("contains an invisible character.")
    assert "column 'population', row 3 of" in error.value.found
    assert str(error.value).isprintable() or "\x1b" not in str(error.value)


def test_unseen_characters_around_quotes_do_not_hide_them(tmp_path):
    path = write(tmp_path, 'lsoa11_code,population\nE01000001,\ufeff"1,030"\u200b\n')
    assert read_population(path).tolist() == [1030.0]


@pytest.mark.parametrize(
    ("module", "limit", "least"), [(_parquet, "MOST_TABLE_CELLS", 1000), (_text_files, "MOST_BYTES", 100)]
)
def test_a_parquet_file_that_unpacks_to_more_than_fits_is_refused(tmp_path, monkeypatch, module, limit, least):
    path = tmp_path / "people.parquet"
    table = pd.DataFrame({"lsoa11_code": [f"E01{i:06d}" for i in range(1000)], "population": 30})
    table.to_parquet(path)
    assert len(read_population(path)) == 1000
    monkeypatch.setattr(module, limit, least)
    with pytest.raises(SourceError, match="too large to be read at once"):
        read_population(path)


@pytest.mark.parametrize(
    "name", ["x" * 300, f"{'y' * 300}/table.csv", "zero\x00byte.csv"], ids=["file", "folder", "zero"]
)
def test_a_path_that_no_disk_has_is_an_error(tmp_path, name):
    with pytest.raises(SourceError, match="There is no file") as caught:
        read_population(tmp_path / name)
    assert max(map(len, str(caught.value).splitlines())) < 260


def test_what_unpacks_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(_text_files, "MOST_BYTES", 100_000)
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(b"lsoa11_code,population\n" + b"E01000001,30\n" * 100_000))
    with pytest.raises(SourceError, match=r"too large to be read at once") as caught:
        read_population(path)
    assert "split it, by year or by force" in str(caught.value)
    large = write(tmp_path, "lsoa11_code,population\n" + "E01000001,30\n" * 10_000)
    with pytest.raises(SourceError, match="too large"):
        read_population(large)
