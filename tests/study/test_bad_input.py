"""What a newcomer hands in by mistake, through the command line: problem, found and try; nothing written."""

from __future__ import annotations

import gzip
import subprocess
import sys

import pandas as pd
import pytest
from broken_inputs import write_study
from click.testing import CliRunner
from small_study import write_small_study

from hotspots.cli import main


@pytest.fixture
def study(tmp_path):
    """Return the file of a small study in a folder of its own."""
    return write_small_study(tmp_path)


def rewrite(file, change):
    """Change the bytes of a file."""
    file.write_bytes(change(file.read_bytes()))


def replace(file, old, new):
    """Change one text in a file, which must be there."""
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def refused(study, command="run"):
    """Return what a command says of a study that it must refuse, without the folder; nothing may be left behind."""
    result = CliRunner().invoke(main, [command, str(study)])
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == 2
    outputs = study.parent / "outputs"
    assert not outputs.exists() or not list(outputs.iterdir())
    return result.output.replace(f"{study.parent}/", "").rstrip()


def checked(study):
    """Return what `hotspots check` says of a study that it must accept."""
    result = CliRunner().invoke(main, ["check", str(study)])
    assert result.exit_code == 0, result.output
    return result.output


def write_dates(study, form):
    """Write the dates of the admissions in another way."""
    table = pd.read_csv(study.parent / "hes.csv", dtype=str)
    for column in ("ADMIDATE", "EPISTART"):
        table[column] = pd.to_datetime(table[column]).dt.strftime(form)
    table.to_csv(study.parent / "hes.csv", index=False)


# --------------------------------------------------------------------------- files of events


def utf16(raw):
    return raw.decode().encode("utf-16")


BAD_FILES = {
    "empty": (lambda raw: b"", "hes.csv is empty.\n  found: 0 bytes\n  try:   fetch or export the file again"),
    "header": (
        lambda raw: raw.splitlines()[0] + b"\n",
        "hes.csv has no rows.\n  found: a header only\n  try:   fetch or export the file again",
    ),
    "utf-16": (utf16, "hes.csv is in UTF-16, not in UTF-8.\n  try:   save it again as CSV (UTF-8)"),
    "workbook": (
        lambda raw: b"PK\x03\x04" + raw,
        "hes.csv is a workbook, not a text file.\n  try:   open it and save the sheet as CSV (UTF-8)",
    ),
    "web page": (
        lambda raw: b"<!DOCTYPE html>\n<html><body>Sign in</body></html>\n",
        "hes.csv is a web page, not a table.\n  try:   fetch the file itself, as CSV",
    ),
    "pdf": (
        lambda raw: b"%PDF-1.7\n",
        "hes.csv is a PDF file, not a table.\n  try:   fetch the file itself, as CSV",
    ),
    "cut off": (
        lambda raw: gzip.compress(raw)[:-2000],
        "hes.csv can't be unpacked.\n  found: Compressed file ended before the end-of-stream marker was reached\n"
        "  try:   fetch the file again; it is cut off or damaged",
    ),
    "line above the header": (
        lambda raw: b"sep=,\n" + raw,
        "hes.csv is not a table with the same columns in every row.\n  found: row 2 has 10 cells, the header 2\n"
        "  try:   start with the header, put text with commas in it in double quotes, or export the file again",
    ),
    "more cells": (
        lambda raw: raw.replace(b",S010,Y040\n", b',"S010\n",Y040\n', 1).replace(b",S010,", b",S010,,,"),
        "hes.csv is not a table with the same columns in every row.\n  found: row 4 has 12 cells, the header 10\n"
        "  try:   start with the header, put text with commas in it in double quotes, or export the file again",
    ),
    "semicolons": (
        lambda raw: raw.replace(b",", b";"),
        "hes.csv has no column 'area_id'.\n"
        "  found: columns EPIKEY;EPIORDER;ADMIDATE;EPISTART;STARTAGE;SEX;ADMIMETH;LSOA11;DIAG_01;DIAG_02\n"
        "  try:   save it with commas between the columns (CSV)",
    ),
    "no area code": (
        lambda raw: raw.replace(b"LSOA11", b"LSOA_home"),
        "hes.csv has no column of area codes.\n"
        "  found: columns EPIKEY, EPIORDER, ADMIDATE, EPISTART, STARTAGE, SEX, ADMIMETH, LSOA_home, DIAG_01, DIAG_02\n"
        "  try:   is it 'LSOA_home'? name the column with columns = { area_code = ... }",
    ),
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_a_file_that_is_no_table_is_refused_in_three_lines(study, kind):
    change, words = BAD_FILES[kind]
    rewrite(study.parent / "hes.csv", change)
    assert refused(study) == f"Error: {words}"


def test_a_zip_archive_is_to_be_unpacked(study):
    (study.parent / "hes.csv").rename(study.parent / "hes.zip")
    rewrite(study.parent / "hes.zip", lambda raw: b"PK\x03\x04" + raw)
    replace(study, '"hes.csv"', '"hes.zip"')
    assert refused(study) == (
        "Error: hes.zip is a zip archive, not a text file.\n  try:   unpack it and name the file in it"
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw.replace(b"\n", b"\r\n"),
        lambda raw: b"\xef\xbb\xbf" + raw,
        lambda raw: raw.replace(b"SEX", "SÉX".encode("cp1252")),
        lambda raw: raw.replace(b",Y040\n", b",Y040,\n").replace(b"DIAG_02\n", b"DIAG_02,\n"),
        gzip.compress,
    ],
    ids=["CRLF", "byte order mark", "Windows-1252", "trailing commas", "gzip"],
)
def test_the_usual_oddities_are_read_as_if_they_were_not_there(study, change):
    before = checked(study).split("hospital admissions")[1].splitlines()[1:5]
    rewrite(study.parent / "hes.csv", change)
    assert checked(study).split("hospital admissions")[1].splitlines()[1:5] == before


# --------------------------------------------------------------------------- dates


@pytest.mark.parametrize("form", ["%d/%m/%Y", "%d-%m-%Y", "%Y%m%d", "%d %B %Y", "%d-%b-%y", "%d%b%Y"])
def test_dates_in_other_ways_of_writing_lose_no_row(study, form):
    before = checked(study)
    write_dates(study, form)
    assert checked(study) == before


def test_dates_with_the_month_first_are_not_half_read(study):
    write_dates(study, "%m/%d/%Y")
    words = refused(study)
    assert words.startswith("Error: The dates in column 'ADMIDATE' are written month before day.\n  found: '")
    assert words.endswith("of hes.csv\n  try:   write dates as 2019-07-31 or 31/07/2019")


@pytest.mark.parametrize(
    ("month", "found"),
    [("2019-13", "'2019-13' in row 2 of crime.csv"), ("", "only empty cells in crime.csv")],
)
def test_a_column_without_a_date_stops_the_run(study, month, found):
    rewrite(study.parent / "crime.csv", lambda raw: raw.replace(b"2019-03", month.encode()))
    assert refused(study) == (
        f"Error: No cell of column 'Month' is a date.\n  found: {found}\n"
        "  try:   write dates as 2019-07-31 or 31/07/2019 and months as 2019-07, or name another column"
    )


def test_months_that_a_spreadsheet_rewrote_are_read(study):
    before = checked(study)
    rewrite(study.parent / "crime.csv", lambda raw: raw.replace(b"2019-03", b"Mar-19"))
    assert checked(study) == before


# --------------------------------------------------------------------------- areas and people


def test_coordinates_outside_great_britain_are_refused_whatever_the_system(study):
    import geopandas

    file = study.parent / "areas.gpkg"
    areas = geopandas.read_file(file).set_crs(3857, allow_override=True)
    file.unlink()
    areas.to_file(file)
    assert refused(study) == (
        "Error: areas.gpkg does not lie in Great Britain in the coordinate system declared, "
        "WGS 84 / Pseudo-Mercator.\n"
        "  found: 400000 to 410000 east, 290000 to 300000 north: apparently metres\n"
        '  try:   state it with crs, e.g. crs="EPSG:27700" (metres) or crs="EPSG:4326" (degrees)'
    )


def test_codes_in_small_letters_are_the_same_codes(study):
    import geopandas

    before = checked(study)
    file = study.parent / "areas.gpkg"
    areas = geopandas.read_file(file)
    file.unlink()
    areas.assign(lsoa11_code=areas["lsoa11_code"].str.lower()).to_file(file)
    assert checked(study) == before


def test_an_authority_that_is_not_there_is_named_beside_those_that_are(tmp_path):
    study = write_small_study(tmp_path, areas='authorities = ["Birmingam"]')
    assert refused(study) == (
        "Error: There is no local authority 'Birmingam' in areas.gpkg.\n"
        "  found: 2 authorities: E08000025 Birmingham, E08000028 Sandwell\n"
        "  try:   is it Birmingham?"
    )


def test_a_population_of_nobody_is_refused(study):
    file = study.parent / "population.csv"
    pd.read_csv(file).assign(people=0).to_csv(file, index=False)
    assert refused(study) == (
        "Error: Nobody lives in any area of population.csv.\n  found: only 0 in column 'people', 100 rows\n"
        "  try:   name another column"
    )


def test_many_codes_of_another_vintage_stop_the_run(study):
    # E01034955 came with the LSOAs of 2021; 60 rows are more than strays.
    lines = (study.parent / "hes.csv").read_text().splitlines(keepends=True)
    changed = [line.replace(line.split(",")[7], "E01034955") for line in lines[1:61]]
    (study.parent / "hes.csv").write_text("".join([lines[0], *changed, *lines[61:]]))
    assert refused(study) == (
        "Error: The area codes of hospital admissions are of another vintage than LSOA 2011.\n"
        f"  found: 60 of {len(lines) - 1:,} events with such a code and no point: E01034955\n"
        "  try:   use boundaries of the vintage of the codes, or recode the events with ONS's lookup"
    )


def test_a_crime_type_that_no_row_has_is_said(tmp_path):
    study = write_small_study(tmp_path, crime='crime_types = ["Violence and sexual offences"]')
    words = checked(study)
    assert "note: No row has the crime type Violence and sexual offences; the file has Violent crime." in words
    assert "rows read is an event that is asked for." in words


def test_a_mark_in_a_table_of_counts_asks_what_it_stands_for(study):
    with study.open("a", encoding="utf-8") as file:
        file.write(
            '\n[[events]]\nname = "c"\ntitle = "counts"\nformat = "counts"\nfile = "c.csv"\ncount_column = "n"\n'
        )
    (study.parent / "c.csv").write_text("lsoa11_code,n\nE01010000,3\nE01010001,*\n")
    assert refused(study) == (
        "Error: '*' is not a number.\n  found: column 'n', row 3 of c.csv\n"
        "  try:   correct the cell, or say what a mark stands for, e.g. marks = { '*' = [1, 7] }"
    )


# --------------------------------------------------------------------------- the study file


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[2017, 2018]", "[2018, 2017]", "events[2].years: runs backwards; give the lower first, e.g. [2017, 2019]"),
        ("[2017, 2018]", "2017", "events[2].years: should be a first and a last year, e.g. [2017, 2019] (found 2017)"),
        ("[2017, 2018]", "[17, 18]", "events[2].years: should be a first and a last year from 1900 to 2100, e.g."),
        ('format = "hes"', 'format = "hes"\nages = [24, 0]', "events[2].ages: runs backwards"),
        ('format = "police"', 'format = "police"\ncrime_types = "Drugs"', "crime_types: should be a list in square"),
        ('slug = "small"', 'slug = "../small"', "slug is the name of a folder: letters, digits and hyphens"),
        ('slug = "small"', 'slug = ".."', "slug is the name of a folder: letters, digits and hyphens"),
        ('title = "A small study"\nslug = "small"', 'title = "–"', "title: has no letter"),
        ("[maps]", '[analysis]\nneighbours = "nearest"\n[maps]', 'neighbours = "nearest" needs number, e.g. number'),
        ("[maps]", '[analysis]\nneighbours = "distance"\n[maps]', 'neighbours = "distance" needs distance in metres'),
        (
            "[maps]",
            '[[places]]\nname = "A b"\nauthorities = ["E08000025"]\n'
            '[[places]]\nname = "a-B"\nauthorities = ["E08000028"]\n[maps]',
            "two places would share the file name 'a-b'",
        ),
    ],
)
def test_settings_that_can_not_be_meant_are_refused_before_anything_is_read(study, old, new, words):
    replace(study, old, new)
    said = refused(study, "check")
    assert said.startswith("Error: study.toml has 1 error.\n  found: ")
    assert words in said


def test_a_place_must_lie_in_the_authorities_that_are_kept(tmp_path):
    places = '[[places]]\nname = "Coventry"\nauthorities = ["E08000026"]\n'
    study = write_small_study(tmp_path, areas='authorities = ["E08000025"]', places=places)
    assert "place 'Coventry' is of 'E08000026', which is not among the authorities of [areas]" in refused(study)


@pytest.mark.parametrize(
    ("encoding", "found"), [("utf-16", "UTF-16"), ("cp1252", "byte 0xe4 in row 3, which is not UTF-8")]
)
def test_a_study_file_in_another_encoding(study, encoding, found):
    rewrite(study, lambda raw: raw.decode().replace("small study", "smäll study").encode(encoding))
    said = refused(study)
    assert said.endswith(f"can't be read.\n  found: {found}\n  try:   save it as UTF-8")


def test_a_folder_in_place_of_a_study_file(study):
    result = CliRunner().invoke(main, ["run", str(study.parent)])
    assert result.exit_code == 2
    assert f"found: a folder\n  try:   name the file: {study}" in result.output


# --------------------------------------------------------------------------- the console


def test_check_says_people_deprivation_and_numbers_in_words(tmp_path):
    study = write_small_study(tmp_path, areas='authorities = ["E08000025"]')
    codes = pd.read_csv(tmp_path / "population.csv")["lsoa11_code"]
    pd.DataFrame({"lsoa11_code": codes[:20], "idaci_score": 0.2}).to_csv(tmp_path / "idaci.csv", index=False)
    with study.open("a", encoding="utf-8") as file:
        file.write('\n[deprivation]\nfile = "idaci.csv"\n')
    words = checked(study)
    assert "(LSOA 2011) in 1 local authority\n" in words
    assert "  population: " in words
    assert "IDACI: known for " in words
    assert "\n  score: the column 'idaci_score'\n" in words
    note = "note: not used: add [schools], or [population] for the authority profile"
    assert note not in words
    study.write_text(
        study.read_text(encoding="utf-8").replace('[population]\nfile = "population.csv"\ncolumn = "people"\n', ""),
        encoding="utf-8",
    )
    assert note in checked(study)


def test_a_path_with_spaces_is_shown_as_it_is_typed(tmp_path):
    folder = tmp_path / "my study"
    result = CliRunner().invoke(main, ["init", str(folder)])
    assert f'then: hotspots check "{folder / "study.toml"}"' in result.output


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437"])
def test_a_console_without_a_dash_does_not_stop_anything(study, encoding):
    replace(study, "violent crime", "violent crime – m²")
    command = "import sys; from hotspots.cli import main; main(['check', sys.argv[1]])"
    done = subprocess.run(
        [sys.executable, "-X", "utf8=0", "-c", command, str(study)],
        env={"PYTHONIOENCODING": encoding, "LC_ALL": "C"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert b"Nothing would stop a run." in done.stdout


def test_check_says_which_place_names_are_left_out(tmp_path):
    study = write_small_study(tmp_path, areas='labels = "places.csv"')
    rows = "name,easting,northing\nOne,402000,292000\nTwo,,\nThree,405000,\n"
    (tmp_path / "places.csv").write_text(rows, encoding="utf-8")
    assert "  labels: 1 place name\n    dropped, no coordinates: 2\n" in checked(study)


SWAPPED = "The eastings and northings of {} appear to be swapped."


def test_swapped_coordinates_of_events_are_named_as_that(study):
    table = pd.read_csv(study.parent / "crime.csv")
    swapped = table.rename(columns={"Easting": "Northing", "Northing": "Easting"})
    swapped.to_csv(study.parent / "crime.csv", index=False)
    first = table[["Easting", "Northing"]].iloc[0].astype(int).tolist()
    said = refused(study)
    assert said.startswith(f"Error: {SWAPPED.format('violent crime')}\n  found: the first at {first[1]} {first[0]}; ")
    assert "\n  try:   name the columns the other way round" in said


def test_swapped_coordinates_of_offences_and_schools_are_named_as_that(tmp_path):
    study = write_study(tmp_path)
    replace(study, 'easting = "E", northing = "N"', 'easting = "N", northing = "E"')
    replace(study, 'register = "register.csv"', 'register = "register.csv"\n'
            'columns = { easting = "northing", northing = "easting" }')  # fmt: skip
    said = CliRunner().invoke(main, ["check", str(study)]).output
    assert f"Problem: {SWAPPED.format('knife crime')}" in said
    assert f"Problem: {SWAPPED.format('the schools')}" in said


@pytest.mark.parametrize(
    ("easting", "northing", "looks"),
    [(-1.9, 52.4, "apparently degrees"), (4e8, 2.9e8, "not metres of the British National Grid")],
)
def test_coordinates_that_are_all_outside_great_britain_are_an_error(study, easting, northing, looks):
    table = pd.read_csv(study.parent / "crime.csv")
    table.assign(Easting=easting, Northing=northing).to_csv(study.parent / "crime.csv", index=False)
    said = refused(study)
    assert said.startswith("Error: No point of violent crime lies in Great Britain.\n  found: the first at ")
    assert looks in said


def test_totals_of_other_authorities_than_the_schools_are_refused(tmp_path):
    study = write_study(tmp_path)
    rewrite(tmp_path / "exclusions_totals.csv", lambda raw: raw.replace(b"E080000", b"E060000"))
    said = CliRunner().invoke(main, ["check", str(study)]).output.replace(f"{tmp_path}/", "")
    assert "Problem: exclusions_totals.csv has no totals of these authorities and years.\n" in said
    assert "  found: the schools' first are 'E08000025' in '201617'\n" in said


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("292000,402000", SWAPPED.format("the place names")),
        ("-1.9,52.5", "No point of the place names lies in Great Britain."),
    ],
)
def test_place_names_that_can_not_lie_where_they_should_are_an_error(tmp_path, row, words):
    study = write_small_study(tmp_path, areas='labels = "places.csv"')
    (tmp_path / "places.csv").write_text(f"name,easting,northing\nOne,{row}\n", encoding="utf-8")
    assert refused(study).startswith(f"Error: {words}\n")
