"""Settings that can do nothing, can't be what they say, or would write over another's files."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pytest
import rasterio
from affine import Affine
from click.testing import CliRunner
from small_study import BIRMINGHAM, EXTRACTS, write_extract_files, write_small_study

from hotspots.cli import main
from hotspots.errors import StudyError
from hotspots.study.output.provenance import fingerprints
from hotspots.study.run import run_study
from hotspots.study.settings.consistency import output_names
from hotspots.study.settings.study_file import make_study, read_study

CRIME = {"name": "crime", "title": "crime", "format": "police", "file": "crime.csv"}
SMALL = {"title": "A study", "areas": {"file": "areas.gpkg"}, "population": {"file": "p.csv"}, "events": [CRIME]}
SERIES = {"name": "s", "title": "s", "events": "crime", "years": [2013, 2019]}
TABLE = {"name": "table", "title": "t", "format": "counts", "file": "c.csv", "count_column": "n"}
SCHOOLS = {"register": "a.csv", "exclusions": "b.csv"}
IDACI = {"file": "i.csv"}
PLACE = {"name": "Town", "authorities": ["E08000025"]}
CHANGE = {"name": "change", "title": "Change", "events": "crime", "years": [2018, 2019], "against_years": [2016, 2017]}
PAST = {"events": "crime", "past": [2016, 2017], "future": [2018, 2018]}

REFUSED = {
    "a place called All": (
        {"places": [{**PLACE, "name": "All"}]},
        "would both write the file maps/crime_getis_ord_all",
    ),
    "a series called schools": (
        {"series": [{**SERIES, "name": "schools"}], "schools": SCHOOLS, "deprivation": IDACI},
        "[schools] and series 'schools' would both write the file tables/schools",
    ),
    "a series called as another's rates": (
        {"series": [{**SERIES, "rates": True}, {**SERIES, "name": "s_rate", "title": "t"}]},
        "series 's_rate' and series 's' would both write the file charts/s_rate",
    ),
    "a series called as the factors": (
        {"series": [{**SERIES, "name": "children_in_need"}], "children_in_need": {"file": "f.csv", "year": 2019}},
        "[children_in_need] and series 'children_in_need' would both write",
    ),
    "a device of Windows": ({"series": [{**SERIES, "name": "con"}]}, "series[1].name: can't be 'con', which Windows"),
    "a folder that is a device": ({"slug": "aux"}, "can't be called 'aux', which Windows reserves for a device"),
    "two event sections of one title": (
        {"events": [CRIME, {**CRIME, "name": "other", "title": "Crime"}]},
        "two event sections share the title",
    ),
    "two series of one title": (
        {"series": [SERIES, {**SERIES, "name": "b", "title": "S"}]},
        "two series share the title",
    ),
    "a null of risk without people": (
        {"population": None, "analysis": {"null": "constant-risk"}},
        "analysis.null = 'constant-risk' needs people: add [population]",
    ),
    "a null of events without people": (
        {"population": None, "events": [{**CRIME, "null": "exchangeable-risk"}]},
        "null = 'exchangeable-risk' of events 'crime' needs people",
    ),
    "a measure without people": (
        {"population": None, "analysis": {"null": "randomisation", "measure": "rate"}},
        "analysis.measure = 'rate' needs people",
    ),
    "a folder": ({"folder": "/elsewhere"}, "folder: unknown key"),
    "number without nearest": ({"analysis": {"number": 8}}, 'number does nothing with neighbours = "queen"'),
    "distance without distance": ({"analysis": {"distance": 1500}}, 'distance does nothing with neighbours = "queen"'),
    "nearest as truth": ({"analysis": {"nearest": True}}, "analysis.nearest: unknown key"),
    "infinite distance": ({"analysis": {"neighbours": "distance", "distance": float("inf")}}, "should be a number"),
    "infinite multiplier": (
        {"events": [{**TABLE, "multiply_by": float("inf")}]},
        "events[1].multiply_by: should be a number (found inf)",
    ),
    "multiplier of 0": (
        {"events": [{**TABLE, "multiply_by": 0}]},
        "events[1].multiply_by: Input should be greater than 0",
    ),
    "rounding to 0": (
        {"events": [{**TABLE, "rounding": 0}]},
        "events[1].rounding: Input should be greater than or equal",
    ),
    "rule as truth": ({"rule": True}, "rule: known rules are nhs-digital"),
    "bandwidth as truth": ({"density": {"bandwidth": True}}, "density.bandwidth: should not be true or false"),
    "multiplier as truth": (
        {"events": [{**TABLE, "multiply_by": True}]},
        "events[1].multiply_by: should not be true or false",
    ),
    "truth as text": ({"events": [{**CRIME, "density": "yes"}]}, "events[1].density: should be true or false"),
    "truth as a number": ({"demographics": 1}, "demographics: should be true or false"),
    "level 0": ({"analysis": {"level": 0}}, "analysis.level: Input should be greater than 0"),
    "level 1": ({"analysis": {"level": 1}}, "analysis.level: Input should be less than 0.5"),
    "level nan": ({"analysis": {"level": float("nan")}}, "analysis.level: should be a number (found nan)"),
    "the year of Hastings": ({"areas": {"file": "a", "vintage": 1066}}, "areas.vintage: Input should be greater than"),
    "population of the year 1": ({"population": {"file": "a", "year": 1}}, "population.year: Input should be greater"),
    "years of schools, none": (
        {"schools": {**SCHOOLS, "years": []}, "deprivation": IDACI},
        "schools.years: Tuple should have at least 1 item",
    ),
    "one school year twice": (
        {"schools": {**SCHOOLS, "years": ["201819", "201819"]}, "deprivation": IDACI},
        "schools.years: names '201819' twice",
    ),
    "no crime type": (
        {"events": [{**CRIME, "crime_types": []}]},
        "events[1].crime_types: Tuple should have at least 1",
    ),
    "no authority": (
        {"areas": {"file": "a", "authorities": []}},
        "areas.authorities: Tuple should have at least 1 item",
    ),
    "an authority twice": (
        {"places": [{**PLACE, "authorities": ["a", "a"]}]},
        "places[1].authorities: names 'a' twice",
    ),
    "a control character": ({"title": "a\x07b"}, "title: contains a character that can't be printed, U+0007"),
    "a line end": ({"subtitle": "a\nb"}, "subtitle: contains a character that can't be printed, U+000A"),
    "a zero width": ({"events": [{**CRIME, "source": "a\u200bb"}]}, "U+200B (zero width space): delete it"),
    "text that turns": ({"places": [{**PLACE, "name": "a\u202eb"}]}, "places[1].name: contains a character that can't"),
    "in a key of a table": (
        {"events": [{**TABLE, "marks": {"\x1b": [1, 7]}}]},
        "events[1].marks: contains a character",
    ),
    "in a path": ({"areas": {"file": "a\x00.gpkg"}}, "areas.file: contains a character that can't be printed, U+0000"),
    "a title of blanks": ({"title": "   "}, "title: has no letter"),
    "a title of 300 letters": ({"title": "a" * 300}, "title: is longer than 200 letters (300)"),
    "a place of 100 letters": ({"places": [{**PLACE, "name": "a" * 100}]}, "is longer than 80 letters (100)"),
    "a name of 100 letters": ({"series": [{**SERIES, "name": "a" * 100}]}, "series[1].name: is longer than 60 letters"),
    "a huge integer": ({"maps": {"dpi": 10**5000}}, "maps.dpi: is too large"),
    "a bandwidth of a nanometre": ({"density": {"bandwidth": 1e-9}}, "should be metres from 10 to 100,000"),
    "a cell of a gigametre": ({"density": {"cell": 1e9}}, "density.cell: Input should be less than or equal"),
    "a bandwidth twice": ({"predictions": [{**PAST, "bandwidths": [500, 500]}]}, "bandwidths: names 500.0 twice"),
    "a prediction twice": ({"predictions": [PAST, PAST]}, "two predictions would share the name 'crime_2016-2018'"),
    "years against themselves": (
        {"comparisons": [{**CHANGE, "against_years": [2018, 2018]}]},
        "comparison 'change' compares 'crime' with itself: the years of both sides overlap",
    ),
    "a source against itself": (
        {"comparisons": [{**CHANGE, "against": "crime", "against_years": None}]},
        "compares a source with itself: give against_years",
    ),
    "a credit of no basemap": ({"maps": {"basemap_credit": "OS"}}, "maps: basemap_credit does nothing without basemap"),
    "a basemap of blanks": ({"maps": {"basemap": " "}}, "maps: basemap names nothing"),
    "a column of no totals": (
        {"events": [{**TABLE, "totals_column": "n"}]},
        "totals_column does nothing without totals",
    ),
    "a name column beside an id column": (
        {"events": [{**TABLE, "id_column": "code", "name_column": "nm"}]},
        "name_column does nothing beside id_column",
    ),
    "a measure that no source takes": (
        {"events": [{**CRIME, "null": "constant-risk"}], "analysis": {"null": "randomisation", "measure": "rate"}},
        "analysis.measure = 'rate' does nothing: every event section has a null of risk of its own",
    ),
    "the conditional form of no source": (
        {"events": [{**CRIME, "null": "constant-risk"}], "analysis": {"null": "randomisation", "conditional": True}},
        "analysis.conditional does nothing: every event section has a null of risk of its own",
    ),
    "a kernel of no surface": (
        {"events": [{**CRIME, "density": False}], "density": {"kernel": "gaussian"}},
        "density.kernel does nothing: no event section has density = true, and nothing else here uses it",
    ),
    "a bandwidth of the risk of nobody": (
        {"population": None, "density": {"risk_bandwidth": 500}},
        "density.risk_bandwidth and risk_cell do nothing without [population] and [[comparisons]]",
    ),
    "readers of what is published": ({"readers": "Analysts"}, "readers do nothing with profile = 'publish'"),
    "the day of Hastings": ({"date": dt.date(1066, 10, 14)}, "date: should be of a year from 1900 to 2100"),
    "the last day": ({"date": dt.date(9999, 12, 31)}, "date: should be of a year from 1900 to 2100"),
    "one file twice": (
        {"events": [{**CRIME, "file": None, "files": ["pol.csv", "pol.csv"]}]},
        "events[1].files: names 'pol.csv' twice",
    ),
    "a series by month": (
        {"series": [{**SERIES, "by": "month"}]},
        "series[1].by: Input should be 'year' or 'quarter' (found 'month')",
    ),
    "a number as a mark": (
        {"events": [{**TABLE, "marks": {"5": [1, 7]}}]},
        "events[1].marks: '5' is a count, not a mark: a mark takes the place of a count",
    ),
    "a number of thousands as a mark": ({"events": [{**TABLE, "marks": {" 1,234 ": "lost"}}]}, "marks: ' 1,234 ' is a"),
    "no mark": ({"events": [{**TABLE, "marks": {"": [1, 7]}}]}, "events[1].marks: '' is not a mark: an empty cell is"),
    "a bandwidth of no risk": ({"density": {"risk": False, "risk_cell": 100}}, "do nothing with risk = false"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_setting_that_can_not_be_meant_is_refused_by_its_name(case):
    change, words = REFUSED[case]
    with pytest.raises(StudyError) as caught:
        make_study({**SMALL, **change})
    assert words in caught.value.found
    assert caught.value.advice


def test_a_negative_number_may_stand_for_a_count_that_is_not_given():
    event = {**TABLE, "marks": {"-300": "not available", "*": [1, 7]}}
    assert dict(make_study({**SMALL, "events": [event]}).events[0].marks) == {"-300": "not available", "*": (1, 7)}


IN_FILES = {
    "a section inside [study]": (
        'population = { file = "a.csv" }\n',
        "[study] of study.toml contains the section 'population'.\n"
        "  found: population = {'file': 'a.csv'}\n  try:   make it a section of its own: [population]",
    ),
    "deep nesting": (f"subtitle = {'[' * 5000}{']' * 5000}\n", "found: lists or tables nested too deep"),
    "a number of 5,000 digits": (f"slug = {'9' * 5000}\n", "is not valid TOML"),
    "a number of 5,000 hexadecimal digits": (
        f"readers = 0x{'f' * 5000}\n",
        "readers: is too large",
    ),
}


@pytest.mark.parametrize("case", IN_FILES)
def test_a_study_file_that_can_not_be_meant_is_refused(tmp_path, case):
    line, words = IN_FILES[case]
    study = write_small_study(tmp_path, study=line)
    result = CliRunner().invoke(main, ["check", str(study)])
    assert result.exit_code == 2
    assert words in result.output.replace(f"{tmp_path}/", "")


def test_a_key_inside_and_outside_study_is_refused(tmp_path):
    study = write_small_study(tmp_path)
    study.write_text('title = "Another"\n' + study.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(StudyError, match="'title' is given twice"):
        read_study(study)


def test_all_that_a_run_writes_is_known_from_its_study_file(tmp_path):
    write_extract_files(tmp_path)
    more = EXTRACTS + (
        '\n[[comparisons]]\nname = "change"\ntitle = "change"\nevents = "admissions"\nyears = [2018, 2018]\n'
        "against_years = [2017, 2017]\n"
    )
    study = write_small_study(tmp_path, places=BIRMINGHAM, admissions="standardised = true", more=more)
    known = {name for name, _ in output_names(read_study(study))}
    folder = run_study(study, output=tmp_path / "out").folder
    written = {
        file.relative_to(folder).with_suffix("").as_posix()
        for file in folder.rglob("*")
        if file.is_file() and file.suffix != ".txt"
    }
    assert {Path(name).as_posix() for name in written} - known == set()


# --------------------------------------------------------------------------- what only the data show


def check(study):
    result = CliRunner().invoke(main, ["check", str(study)])
    return result.exit_code, result.output.replace(f"{study.parent}/", "")


def keep(study, number):
    file = study.parent / "areas.gpkg"
    areas = geopandas.read_file(file).iloc[:number]
    file.unlink()
    areas.to_file(file)


def test_no_event_in_the_study_area_is_a_problem(tmp_path):
    study = write_small_study(tmp_path)
    for name, column in (("crime.csv", "Easting"), ("hes.csv", "LSOA11")):
        table = pd.read_csv(tmp_path / name, dtype=str)
        table[column] = "100000" if column == "Easting" else "E01031000"
        table.to_csv(tmp_path / name, index=False)
    code, words = check(study)
    assert code == 1
    assert "Problem: No event lies in the study area.\n  found: no count above 0 in any of its 100 areas" in words


def test_a_source_without_events_is_left_out_and_check_says_so(tmp_path):
    study = write_small_study(tmp_path)
    table = pd.read_csv(tmp_path / "crime.csv").assign(Easting=100_000)
    table.to_csv(tmp_path / "crime.csv", index=False)
    code, words = check(study)
    assert code == 0
    assert "Left out by a run: hotspots of violent crime, because no event lies in the study area\n" in words


@pytest.mark.parametrize("number", [1, 2])
def test_fewer_than_three_areas_are_refused_by_check_and_run(tmp_path, number):
    study = write_small_study(tmp_path)
    keep(study, number)
    for command in ("check", "run"):
        result = CliRunner().invoke(main, [command, str(study)])
        assert result.exit_code == 2
        assert (
            f"A study of {number} area{'s' * (number > 1)} is too small: there is nothing to compare." in result.output
        )


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ('neighbours = "nearest"\nnumber = 100', "100 nearest neighbours were asked of 100 areas."),
        ('neighbours = "distance"\ndistance = 1', "No area has a neighbour within 1 m."),
    ],
)
def test_neighbours_that_are_not_there_are_a_problem_of_check(tmp_path, rule, words):
    code, said = check(write_small_study(tmp_path, more=f"[analysis]\n{rule}"))
    assert code == 1
    assert f"Problem: {words}\n" in said


COUNTS = '[[events]]\nname = "table"\ntitle = "a table"\nformat = "counts"\nfile = "c.csv"\ncount_column = "n"\n'


def write_counts(folder, *, study="", more=""):
    """Write a small study with a table of counts of its areas, all 10, beside its records."""
    path = write_small_study(folder, study=study, more=COUNTS + more)
    pd.read_csv(folder / "population.csv")[["lsoa11_code"]].assign(n=10).to_csv(folder / "c.csv", index=False)
    return path


def test_totals_of_no_authority_of_the_study_are_a_problem(tmp_path):
    study = write_counts(tmp_path, more='totals = "totals.csv"\n')
    (tmp_path / "totals.csv").write_text("la_code,n\nE08000035,500\nE08000036,500\n")
    code, words = check(study)
    assert code == 1
    assert "Problem: totals.csv has no total of an authority of the study.\n  found: E08000035, E08000036" in words


def test_a_mark_that_stands_nowhere_is_noted(tmp_path):
    code, words = check(write_counts(tmp_path, more='marks = { "*" = [1, 7] }\n'))
    assert code == 0
    assert "  note: No cell of column 'n' holds the mark '*'.\n" in words


def test_a_basemap_of_another_place_is_a_problem(tmp_path):
    profile = {"driver": "GTiff", "height": 10, "width": 10, "count": 3, "dtype": "uint8", "crs": "EPSG:27700"}
    away = Affine(100, 0, 100_000, 0, -100, 100_000)
    with rasterio.open(tmp_path / "away.tif", "w", transform=away, **profile) as raster:
        raster.write(np.full((3, 10, 10), 128, dtype=np.uint8))
    study = write_small_study(tmp_path)
    study.write_text(study.read_text(encoding="utf-8") + 'basemap = "away.tif"\n', encoding="utf-8")
    code, words = check(study)
    assert code == 1
    assert "Problem: The basemap 'away.tif' does not touch the study area.\n  found: E 100000 to 101000" in words


def test_one_unknown_authority_among_those_of_a_place_is_refused(tmp_path):
    places = '[[places]]\nname = "Town"\nauthorities = ["E08000025", "E08000099"]\n'
    code, words = check(write_small_study(tmp_path, places=places))
    assert code == 2
    assert "The place 'Town' has no area of the study in the authority 'E08000099'." in words


def test_check_finds_a_basemap_that_is_no_picture(tmp_path):
    (tmp_path / "under.tif").write_text("<GDAL_WMS/>")
    study = write_small_study(tmp_path)
    study.write_text(study.read_text(encoding="utf-8") + 'basemap = "under.tif"\n', encoding="utf-8")
    code, words = check(study)
    assert code == 1
    assert "Problem: The basemap 'under.tif' is no GeoTIFF." in words


def test_check_shows_every_section_in_the_order_of_the_study_file(tmp_path):
    write_extract_files(tmp_path)
    more = EXTRACTS + (
        '\n[[comparisons]]\nname = "change"\ntitle = "the change"\nevents = "admissions"\nyears = [2018, 2018]\n'
        'against_years = [2017, 2017]\n\n[[predictions]]\nevents = "admissions"\npast = [2017, 2017]\n'
        "future = [2018, 2018]\n"
    )
    code, words = check(write_small_study(tmp_path, places=BIRMINGHAM, more=more))
    assert code == 0, words
    shown = [
        "100 areas (LSOA 2011)", "population: known for every area", "place Birmingham: 50 areas", "violent crime (",
        "hospital admissions (", "population by age: 100 areas, 18 age groups", "chart Admissions: 2 periods, 2 lines",
        "chart Admissions by quarter: 8 periods, 2 lines", "chart Recorded knife crime: 12 periods, 1 line",
        "IDACI: known for 100 of 100 areas", "Factors identified at the end of children's assessments: 2019",
        "comparison the change: ", "prediction of admissions: ",
    ]  # fmt: skip
    places = [words.find(f"\n{line}") if number else words.find(line) for number, line in enumerate(shown)]
    assert -1 not in places, shown[places.index(-1)] + "\n" + words
    assert places == sorted(places)


def test_check_foresees_a_series_too_short_for_change_points(tmp_path):
    write_extract_files(tmp_path)
    more = EXTRACTS.replace("rates = true\nbase = 2017", "change_points = true\nbase = 2017", 1)
    code, words = check(write_small_study(tmp_path, more=more))
    assert code == 0, words
    for group in ("all ages", "under 25"):
        why = "too short: 2 known periods, and fewer than 7 can show no change point"
        assert f"  no change points of {group}: {why}\n" in words
    assert words.count("no change points of") == 2  # the quarters of two years are eight


def test_the_sum_of_a_folder_is_that_of_all_files_below_it(tmp_path):
    study = write_small_study(tmp_path)
    month = tmp_path / "street" / "2019-03"
    month.mkdir(parents=True)
    (tmp_path / "crime.csv").rename(month / "2019-03-a-street.csv")
    study.write_text(study.read_text(encoding="utf-8").replace('"crime.csv"', '"street"'), encoding="utf-8")
    raw = (month / "2019-03-a-street.csv").read_bytes()
    line = f"2019-03/2019-03-a-street.csv:{hashlib.sha256(raw).hexdigest()}"
    assert fingerprints(read_study(study))["street"] == hashlib.sha256(line.encode()).hexdigest()
