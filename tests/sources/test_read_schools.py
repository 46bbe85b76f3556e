"""Schools and exclusions: every school once, marks as intervals or left out, factors of assessments."""

from __future__ import annotations

import pytest

from hotspots.errors import SourceError
from hotspots.model import words_of
from hotspots.sources.children_in_need import read_all_factors, read_factors
from hotspots.sources.deprivation import _which_index
from hotspots.sources.schools import read_schools

REGISTER = (
    "URN,LA (code),LA (name),EstablishmentNumber,EstablishmentName,TypeOfEstablishment (name),"
    "PhaseOfEducation (name),EstablishmentStatus (name),Easting,Northing"
)
EXCLUSIONS = "time_period,new_la_code,old_la_code,la_name,laestab,urn,school_name,school_type,headcount,perm_excl"


def school(
    number="4001", urn="1", la="330", kind="Academy converter", phase="Secondary", status="Open", xy="400000,300000"
):
    name = {"330": "Birmingham", "213": "Westminster"}[la]
    return f'{urn},{la},{name},{number},School {number},{kind},{phase},"{status}",{xy}'


def excluded(year="201617", number="4001", pupils="1000", count="3", kind="State-funded secondary", urn=""):
    return f"{year},E08000025,330,Birmingham,330{number},{urn},Name {number},{kind},{pupils},{count}"


def write(folder, header, rows, name):
    path = folder / name
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def read(folder, register, exclusions, **options):
    return read_schools(
        write(folder, REGISTER, register, "register.csv"),
        exclusions=write(folder, EXCLUSIONS, exclusions, "exclusions.csv"),
        **options,
    )


def test_years_are_summed(tmp_path):
    rows = [excluded("201516", pupils="900", count="2"), excluded("201617", pupils='"1,000"', count="3")]
    schools = read(tmp_path, [school()], rows)
    row = schools.table.loc["3304001"]
    assert row[["pupils", "low", "high", "years", "reason"]].tolist() == [1900, 5, 5, 2, ""]
    assert row[["name", "la_code", "la_name"]].tolist() == ["School 4001", "E08000025", "Birmingham"]
    assert row[["easting", "northing"]].tolist() == [400_000, 300_000]
    assert str(schools.period) == "2015/16 to 2016/17"
    assert read(tmp_path, [school()], rows, years=["2015/16"]).table.loc["3304001", "low"] == 2
    assert str(read(tmp_path, [school()], rows, years=["201617"]).period) == "2016/17"


def test_marks(tmp_path):
    rows = [
        excluded("201415", pupils="900", count="x"),
        excluded("201516", pupils="1000", count="c"),
        excluded("201617", pupils="1100", count="."),
        excluded("201718", pupils="1200", count="4"),
        excluded("201819", pupils="1300", count="[x]"),
    ]
    schools = read(tmp_path, [school()], rows)
    # x is 1 to 2 pupils; c and . take the year out, pupils and all: 900 + 1,200 + 1,300.
    assert schools.table.loc["3304001", ["pupils", "low", "high", "years"]].tolist() == [3400, 6, 8, 3]
    assert words_of(schools.notes) == (
        "School years left out, with their pupils: confidential (c): 1; not applicable (.): 1.",
        "2 numbers of a school and year are suppressed (x): 1 to 2 each.",
    )
    older = read(tmp_path, [school()], rows, hidden=(1, 5))
    assert older.table.loc["3304001", "high"] == 14


def test_a_school_without_a_usable_year_stays_with_the_reason(tmp_path):
    rows = [
        excluded("201516", count="c"),
        excluded("201617", count=":"),
        excluded(number="4002", pupils="0", count="0"),
    ]
    schools = read(tmp_path, [school(), school("4002", "2")], rows)
    assert schools.table["reason"].tolist() == [
        "no usable year: confidential (c), not available (:)",
        "no usable year: no pupils",
    ]
    assert schools.table["pupils"].isna().all()
    assert schools.table["years"].tolist() == [0, 0]


def test_an_unknown_mark_is_named_by_row(tmp_path):
    with pytest.raises(SourceError) as error:
        read(tmp_path, [school()], [excluded(), excluded("201516", count="q")])
    assert error.value.problem == "'q' is not a number."
    assert "column 'perm_excl', row 3" in error.value.found
    assert "marks known here: x, c" in error.value.advice


def test_rows_not_in_question_are_dropped_by_reason(tmp_path):
    register = [
        school(),
        school("4002", "2", status="Open, but proposed to close"),
        school("4003", "3", status="Closed"),
        school("4004", "4", status="Proposed to open"),
        school("7001", "5", kind="Community special school", phase="Not applicable"),
        school("6001", "6", kind="Other independent school", phase="Not applicable"),
        school("1100", "7", kind="Pupil referral unit", phase="Not applicable"),
        school("2001", "8", phase="Primary"),
        school("4005", "9", kind="Free schools 16 to 19", phase="16 plus"),
        school("4006", "10", kind="Voluntary aided school", phase="Middle deemed secondary"),
        school("4007", "11", kind="Free schools", phase="All-through"),
        school("4001", "12", la="213"),
    ]
    schools = read(tmp_path, register, [excluded(number=n) for n in ("4001", "4002", "4006", "4007")])
    assert dict(schools.dropped) == {
        "not open": 2,
        "not a state-funded mainstream school": 4,
        "not a secondary school": 1,
        "in an authority without exclusions in the file": 1,
    }
    assert list(schools.table.index) == ["3304001", "3304002", "3304006", "3304007"]
    assert schools.rows_read == 12


def test_schools_of_one_file_only_are_both_in_the_table(tmp_path):
    rows = [excluded(), excluded(number="4009", count="7"), excluded(number="4003")]
    schools = read(tmp_path, [school(), school("4002", "2"), school("4003", "3", status="Closed")], rows)
    reasons = schools.table["reason"].to_dict()
    assert reasons == {
        "3304001": "",
        "3304002": "no exclusions on record in these years",
        "3304003": "in the register of schools, but not as an open state-funded secondary",
        "3304009": "not in the register of schools",
    }
    added = schools.table.loc["3304009"]
    assert added[["name", "la_code", "low"]].tolist() == ["Name 4009", "E08000025", 7]
    assert added[["easting", "northing"]].isna().all()
    # Three rows of the register and two of the exclusions: read = kept + dropped.
    assert (schools.rows_read, len(schools), sum(schools.dropped.values())) == (5, 4, 1)


def test_primary_and_special_schools_of_the_exclusions_are_not_in_question(tmp_path):
    rows = [excluded(), excluded(number="2001", kind="State-funded primary"), excluded(number="7001", kind="Special")]
    assert list(read(tmp_path, [school()], rows).table.index) == ["3304001"]
    with pytest.raises(SourceError, match=r"no state-funded secondary schools\.\s+found: school types Special"):
        read(tmp_path, [school()], rows[2:])


def test_an_academy_with_a_new_urn_is_linked_by_number_and_a_renumbered_one_by_urn(tmp_path):
    rows = [excluded(urn="77"), excluded(number="4002", urn="2", count="9")]
    # 4001 has another URN now; 4099 had the number 4002 and kept its URN.
    schools = read(tmp_path, [school(urn="500"), school("4099", "2")], rows)
    assert schools.table["name"].to_dict() == {"3304001": "School 4001", "3304002": "School 4099"}
    assert schools.table["low"].to_dict() == {"3304001": 3, "3304002": 9}
    assert any(note.startswith("1 schools were linked by URN") for note in words_of(schools.notes))


def test_a_urn_does_not_take_the_number_of_another_open_school(tmp_path):
    rows = [excluded(number="4002", urn="2", count="9")]
    schools = read(tmp_path, [school("4002", "5"), school("4099", "2")], rows)
    assert schools.table["name"].to_dict() == {"3304002": "School 4002", "3304099": "School 4099"}
    assert schools.table["reason"].tolist() == ["", "no exclusions on record in these years"]
    # A closed school does not hold on to its number.
    schools = read(tmp_path, [school("4002", "5", status="Closed"), school("4099", "2")], rows)
    assert schools.table["name"].to_dict() == {"3304002": "School 4099"}


def test_a_school_without_a_point_stays_with_the_reason(tmp_path):
    schools = read(tmp_path, [school(xy=","), school("4002", "2", xy="0,0")], [excluded(), excluded(number="4002")])
    assert schools.table["reason"].tolist() == ["no point in the register of schools"] * 2
    assert schools.table["easting"].isna().all()


def test_the_register_says_what_a_school_is(tmp_path):
    schools = read(tmp_path, [school(phase="All-through", status="Open, but proposed to close")], [excluded()])
    row = schools.table.loc["3304001", ["phase", "type", "status", "linked", "hidden_years"]]
    assert row.tolist() == ["All-through", "Academy converter", "Open, but proposed to close", "number", 0]


def renumbered(year, number, name, pupils="1000", count="3"):
    return excluded(year, number, pupils, count).replace(f"Name {number}", name)


def test_a_school_with_a_new_number_keeps_its_years(tmp_path):
    rows = [
        renumbered("201415", "4001", "Oakmere High School", count="4"),
        # The year of change: pupils under the old number, exclusions under the new one.
        renumbered("201516", "4001", "Oakmere High School", pupils="900", count="0"),
        renumbered("201516", "4050", "Oakmere Academy", pupils="0", count="x"),
        renumbered("201617", "4050", "Oakmere Academy", pupils="800", count="5"),
    ]
    schools = read(tmp_path, [school("4050", "50")], rows)
    assert list(schools.table.index) == ["3304050"]
    row = schools.table.loc["3304050"]
    assert row[["pupils", "low", "high", "years", "hidden_years"]].tolist() == [2700, 10, 11, 3, 1]
    assert row["predecessors"] == "3304001 (same name and authority, one after the other)"
    assert row["marks"] == "suppressed small number (x): 1 year"
    assert words_of(schools.notes) == (
        "1 numbers of a school and year are suppressed (x): 1 to 2 each.",
        "1 schools changed their number (same name and authority, one after the other); their years are counted under "
        "the new number.",
    )


@pytest.mark.parametrize(
    ("name", "year", "number"),
    [
        ("Birchmere Academy", "201617", "4050"),  # another name
        ("Oakmere Academy", "201415", "4050"),  # both have pupils in the same year
        ("Oakmere Girls' Academy", "201617", "4050"),  # not the same school
    ],
)
def test_schools_are_not_linked_without_evidence(tmp_path, name, year, number):
    rows = [
        renumbered("201415", "4001", "Oakmere High School"),
        renumbered("201516", "4001", "Oakmere High School"),
        renumbered(year, number, name),
    ]
    schools = read(tmp_path, [school(number, "50")], rows)
    assert schools.table["predecessors"].tolist() == ["", ""]
    assert schools.table["reason"].to_dict()["3304001"] == "not in the register of schools"


def test_a_gap_or_two_candidates_are_no_evidence(tmp_path):
    old, new = renumbered("201314", "4001", "Oakmere School"), renumbered("201617", "4050", "Oakmere Academy")
    between = renumbered("201415", "4009", "Elsewhere")
    assert (read(tmp_path, [school("4050")], [old, between, new]).table["predecessors"] == "").all()
    next_year = [renumbered("201415", number, "Oakmere Academy") for number in ("4050", "4051")]
    assert (read(tmp_path, [school("4050")], [old, *next_year]).table["predecessors"] == "").all()


def test_a_newer_number_in_the_register_is_linked_by_name(tmp_path):
    rows = [renumbered("201617", "4001", "School 4050 Sports College"), excluded(number="4002")]
    schools = read(tmp_path, [school("4050", "50"), school("4002", "2")], rows)
    assert schools.table["linked"].to_dict() == {
        "3304001": "name and authority (in the register as 3304050)",
        "3304002": "number",
    }
    assert schools.table.loc["3304001", ["reason", "easting"]].tolist() == ["", 400_000]
    assert "1 schools were linked by name and authority, because the register has a newer number." in words_of(
        schools.notes
    )
    # Not where the school has no pupils in the last of the years.
    rows = [renumbered("201516", "4001", "School 4050 Sports College"), excluded(number="4002")]
    assert (read(tmp_path, [school("4050", "50"), school("4002", "2")], rows).table["linked"] != "").sum() == 1


def test_a_school_that_stands_twice_in_the_register_is_counted_once(tmp_path):
    rows = [excluded(number="4001", urn="1").replace("Name 4001", "School 4050")]
    register = [school("", "1", xy="400000,300000").replace("330,Birmingham,,School ", "330,Birmingham,,Old name")]
    schools = read(tmp_path, [*register, school("4050", "50")], rows)
    assert schools.table["reason"].to_dict() == {
        "3304001": "",
        "3304050": "successor of a school that has its own row (3304001)",
    }


def test_doubles_are_refused(tmp_path):
    with pytest.raises(SourceError) as error:
        read(tmp_path, [school(), school(urn="2")], [excluded()])
    assert error.value.problem == "Two open schools share the number '3304001'."
    assert error.value.found == f"rows 2 and 3 of {tmp_path / 'register.csv'}"
    with pytest.raises(SourceError) as error:
        read(tmp_path, [school()], [excluded(), excluded()])
    assert error.value.problem == "School '3304001' has two rows of 201617."
    assert error.value.found == f"rows 2 and 3 of {tmp_path / 'exclusions.csv'}"


def test_an_unknown_year_lists_those_of_the_file(tmp_path):
    with pytest.raises(SourceError) as error:
        read(tmp_path, [school()], [excluded("201516"), excluded()], years=["2017/18"])
    assert "has no school year '2017/18'" in error.value.problem
    assert error.value.found == "years 201516, 201617"


def test_fractions_are_rounded_and_said(tmp_path):
    schools = read(tmp_path, [school()], [excluded(count="1.913043")])
    assert schools.table.loc["3304001", "low"] == 2
    assert words_of(schools.notes) == ("1 published counts are not whole numbers and were rounded.",)


def test_columns_of_the_register_may_be_named(tmp_path):
    path = write(tmp_path, "id,title,sort,x,y", ["3304001,A,Academy,400000,300000"], "own.csv")
    exclusions = write(tmp_path, EXCLUSIONS, [excluded()], "exclusions.csv")
    names = {"laestab": "id", "name": "title", "type": "sort", "easting": "x", "northing": "y"}
    schools = read_schools(path, exclusions=exclusions, columns=names)
    assert schools.table.loc["3304001", ["name", "la_code", "la_name"]].tolist() == ["A", "E08000025", "Birmingham"]
    with pytest.raises(SourceError, match="has no column 'EstablishmentName'"):
        read_schools(path, exclusions=exclusions)


def test_the_samples_schools(root):
    folder = root / "data" / "events"
    schools = read_schools(
        folder / "invented_schools_register.csv", exclusions=folder / "invented_exclusions_by_school.csv"
    )
    # The numbers planted: 221 secondaries; 30 special, 8 units, 14 independent; 12 primary; 3 sixth forms;
    # 36 closed and 2 proposed.
    assert len(schools) == 221
    assert dict(schools.dropped) == {
        "not open": 38,
        "not a state-funded mainstream school": 30 + 8 + 14 + 3,
        "not a secondary school": 12,
    }
    assert (schools.table["reason"] == "").all()
    assert schools.table["la_code"].value_counts().sort_index().tolist() == [94, 25, 21, 21, 16, 21, 23]
    assert (
        words_of(schools.notes)[0]
        == "School years left out, with their pupils: confidential (c): 5; not applicable (.): 4."
    )


@pytest.mark.real
def test_real_secondaries_of_2016_17(shared_data):
    schools = read_schools(
        shared_data / "schools_wm_ks4_2018-19.csv",
        exclusions=shared_data / "exclusions_wm_school_2006-07_to_2016-17.csv",
        years=["201617"],
    )
    table = schools.table
    # SOURCES.md: 207 secondaries with exclusions in 2016/17, 55 of them hidden (x). Two of the 207 are counted with
    # the new number of the same school (Smith's Wood, Moreton), which has no pupils of its own yet.
    on_record = table[~table["reason"].str.startswith(("no exclusions on record", "successor of"))]
    assert len(on_record) == 207 - 2
    assert (table["low"] < table["high"]).sum() == 55
    # Smith's Wood: 1,089 pupils and 0 exclusions under the old number, 0 pupils and 11 exclusions under the new.
    assert table.loc["3344037", ["pupils", "low", "high", "predecessors"]].tolist() == [
        1089, 11, 11, "3344034 (same name and authority, one after the other)",
    ]  # fmt: skip
    # 189 match on laestab; two more on the URN; five more where the register has the same school by a newer number.
    linked = on_record["linked"].str.replace(r" \(.*", "", regex=True).value_counts().to_dict()
    assert linked == {"number": 189, "URN": 2, "name and authority": 5, "": 9}
    assert (on_record["linked"] == "").sum() == (table["reason"] == "not in the register of schools").sum() == 9
    # The LA total of Birmingham (152) lies between the sums of the bounds' lower and what is published (122).
    birmingham = table[table["la_code"] == "E08000025"]
    known = birmingham[birmingham["low"] == birmingham["high"]]
    assert known["low"].sum() == 122
    assert birmingham["low"].sum() <= 152 <= birmingham["high"].sum()
    # 207 state-funded secondaries in the table of schools.
    assert schools.dropped == {"not a state-funded mainstream school": 315 - 207}


# --------------------------------------------------------------------------- assessments

FACTORS = "time_period,geographic_level,new_la_code,la_name,Episodes_with_assessment_factor,Gangs,Alcohol_Misuse_child"


def assessed(folder, *rows):
    return write(folder, FACTORS, rows, "factors.csv")


def test_factors_are_long_with_marks(tmp_path):
    path = assessed(
        tmp_path,
        "2018,Local authority,E08000025,Birmingham,900,1,1",
        '2019,Local authority,E08000025,Birmingham,"1,000",c,30',
        "2019,Local authority,E08000026,Coventry,500,x,20",
        "2019,National,,,9000,5,5",
    )
    factors = read_factors(path, year=2019)
    assert str(factors.period) == "2018/19"
    table = factors.table
    assert table["la_name"].tolist() == ["Birmingham", "Birmingham", "Coventry", "Coventry"]
    assert table["factor"].tolist() == ["Gangs", "Alcohol misuse (child)"] * 2
    assert table["mentions"].fillna(-1).tolist() == [-1, 30, -1, 20]
    assert table["mark"].tolist() == ["c", "", "x", ""]
    assert table["assessments"].tolist() == [1000, 1000, 500, 500]
    assert words_of(factors.notes) == (
        "1 numbers are missing: suppressed (c).",
        "1 numbers are missing: not collected (x).",
    )
    one = read_factors(path, year=2019, authorities=["E08000026", "E08000031"])
    assert set(one.table["la_code"]) == {"E08000026"}
    assert words_of(one.notes)[-1] == "No row for E08000031."


@pytest.mark.parametrize("column", ["Rate_per_10000", "Gangs_rate", "Percentage_of_all"])
def test_a_column_of_rates_is_no_factor(tmp_path, column):
    path = assessed(tmp_path, "2019,Local authority,E08000025,Birmingham,900,2,1")
    header, row = path.read_text(encoding="utf-8").splitlines()
    path.write_text(f"{header},{column}\n{row},0\n", encoding="utf-8")
    factors = read_factors(path, year=2019)
    assert set(factors.table["factor"]) == {"Gangs", "Alcohol misuse (child)"}
    assert f"Columns of rates are not factors: {column}." in words_of(factors.notes)
    start, cells = header.split(",Gangs")[0], ",".join(row.split(",")[:5])
    path.write_text(f"{start},{column}\n{cells},0\n", encoding="utf-8")
    with pytest.raises(SourceError, match="has no column of a factor"):
        read_factors(path, year=2019)


@pytest.mark.parametrize("year", ["201718", "2017/18", "2017-2018"])
def test_a_reporting_year_goes_by_the_year_it_ends_in(tmp_path, year):
    row = "Local authority,E08000025,Birmingham,900,1"
    path = assessed(tmp_path, f"{year},{row},1", f"2019,{row},30")
    assert str(read_factors(path, year=2018).period) == "2017/18"
    assert read_factors(path, year=2018).table["mentions"].tolist() == [1, 1]
    assert [str(one.period) for one in read_all_factors(path)] == ["2017/18", "2018/19"]


@pytest.mark.parametrize("year", ["20111", "201719", "last"])
def test_a_reporting_year_that_is_none_is_named(tmp_path, year):
    row = "Local authority,E08000025,Birmingham,900,1,1"
    path = assessed(tmp_path, f"2019,{row}", f"{year},{row}")
    with pytest.raises(SourceError, match=rf"'{year}' is not a year\.\s+found: column 'time_period', row 3 of"):
        read_factors(path, year=2019)


def test_factors_that_are_not_there(tmp_path):
    path = assessed(tmp_path, "2019,Local authority,E08000025,Birmingham,900,1,1")
    with pytest.raises(SourceError, match=r"has no authorities in 2018\.\s+found: years 2019"):
        read_factors(path, year=2018)
    with pytest.raises(
        SourceError, match=r"has none of the study's authorities in 2019\.\s+found: authorities E08000025"
    ):
        read_factors(path, year=2019, authorities=["E08000031"])
    twice = assessed(tmp_path, *["2019,Local authority,E08000025,Birmingham,900,1,1"] * 2)
    with pytest.raises(SourceError, match=r"has two rows of 2019\.\s+found: rows 2 and 3"):
        read_factors(twice, year=2019)
    odd = assessed(tmp_path, "2019,Local authority,E08000025,Birmingham,900,many,1")
    with pytest.raises(SourceError, match=r"'many' is not a number\.[\s\S]*'Gangs', row 2"):
        read_factors(odd, year=2019)


@pytest.mark.real
def test_real_factors(shared_data):
    factors = read_factors(shared_data / "cin_assessment_factors_wm_la_2018-2025.csv", year=2018)
    table = factors.table.set_index(["la_name", "factor"])
    # First row of the published file.
    assert table.loc[("Birmingham", "Alcohol misuse (child)"), "mentions"] == 386
    assert table.loc[("Birmingham", "Gangs"), "assessments"] == 9717
    assert table.loc[("Birmingham", "Child criminal exploitation"), "mark"] == "x"
    assert table.index.get_level_values("factor").nunique() == 39
    assert table.index.get_level_values("la_name").nunique() == 7


# --------------------------------------------------------------------------- numbers that no school has


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        ({"pupils": "1000000"}, "'1000000' is more pupils than a school has."),
        ({"pupils": "2.5"}, "'2.5' can't be a count: a whole number from 0."),
        ({"count": "20001"}, "'20001' is more permanent exclusions than a school has in a year."),
    ],
)
def test_a_number_that_no_school_has_is_named_by_row(tmp_path, cells, problem):
    with pytest.raises(SourceError) as error:
        read(tmp_path, [school()], [excluded("201516"), excluded("201617", **cells)])
    assert error.value.problem == problem
    assert "row 3" in error.value.found


@pytest.mark.parametrize("hidden", [(1, 1_000_000), (-1, 2), (3, 2), (1, 2.5)])
def test_a_mark_can_t_stand_for_a_million(tmp_path, hidden):
    with pytest.raises(SourceError, match="A suppressed number of exclusions is a small whole number"):
        read(tmp_path, [school()], [excluded(count="x")], hidden=hidden)


def test_files_whose_numbers_have_nothing_in_common_are_named_as_that(tmp_path):
    rows = [excluded(number=number) for number in ("4101", "4102", "4103")]
    with pytest.raises(SourceError) as error:
        read(tmp_path, [school("4001"), school("4002", "2")], rows)
    assert error.value.problem == "No school of the exclusions is in the register of schools: no number is in both."
    assert "'3304101', '3304102', '3304103'" in error.value.found
    assert "'3304001', '3304002'" in error.value.found


def test_columns_that_the_files_lack_are_said(tmp_path):
    header = "LA (code),LA (name),EstablishmentNumber,EstablishmentName,TypeOfEstablishment (name),Easting,Northing"
    register = write(tmp_path, header, ["330,Birmingham,4001,School 4001,Academy converter,400000,300000"], "r.csv")
    exclusions = write(tmp_path, "time_period,laestab,headcount,perm_excl", ["201617,3304001,900,3"], "e.csv")
    notes = words_of(read_schools(register, exclusions=exclusions).notes)
    assert "The register has no column of the status: every row was treated as a school that is open." in notes
    assert "The register has no column of the phase: every row was treated as a school that is secondary." in notes
    assert "No column school_type: every row was treated as a state-funded secondary school." in notes


def test_a_factor_in_more_episodes_than_there_are_is_an_error(tmp_path):
    path = assessed(tmp_path, "2019,Local authority,E08000025,Birmingham,100,130,1")
    with pytest.raises(SourceError) as error:
        read_factors(path, year=2019)
    assert error.value.problem == "The factor 'Gangs' has '130' episodes, more than there are with any factor."
    assert "100 with a factor; column 'Gangs', row 2" in error.value.found


@pytest.mark.parametrize(
    ("title", "index"),
    [
        ("IDACI 2019", "idaci"),
        ("idaci", "idaci"),
        ("Income Deprivation Affecting Children Index 2019", "idaci"),
        ("WIMD 2019", "wimd"),
        ("Welsh Index of Multiple Deprivation (WIMD) 2019", "wimd"),
        ("IMD 2019", "imd"),
        ("Townsend 2011", "other"),
    ],
)
def test_a_title_names_its_index_once(title, index):
    assert _which_index(title) == index
