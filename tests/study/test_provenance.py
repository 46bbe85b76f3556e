"""The date of a study and whom to ask: on every sheet and in every file, and never the time of writing."""

from __future__ import annotations

import json
import sqlite3
from datetime import date

import pandas as pd
import pikepdf
import pytest
from page_words import read_pages
from small_study import SURFACELESS, write_small_study

from hotspots.errors import StudyError
from hotspots.model import Period, cover_months
from hotspots.study.output.provenance import last_day
from hotspots.study.run import check_study, run_study
from hotspots.study.settings.study_file import make_study

CONTACT = "analysis team, extension 1234"


@pytest.fixture(scope="module")
def dated(tmp_path_factory):
    """Return the folder of a run whose study file gives a date and a contact."""
    study = f'date = 2020-03-12\ncontact = "{CONTACT}"'
    return run_study(write_small_study(tmp_path_factory.mktemp("dated"), study=study)).folder


@pytest.fixture(scope="module")
def undated(tmp_path_factory):
    """Return the folder of a run whose study file gives neither."""
    return run_study(write_small_study(tmp_path_factory.mktemp("undated"), **SURFACELESS)).folder


def words_of(path) -> str:
    return " ".join(page.text for page in read_pages(path))


def layer_dates(folder) -> set[str]:
    with sqlite3.connect(folder / "hotspots.gpkg") as database:
        return {row[0] for row in database.execute("select last_change from gpkg_contents")}


def test_date_and_contact_are_on_every_sheet_and_page(dated):
    words = f"Date 12 March 2020 · Contact: {CONTACT}"
    sheets = sorted(dated.glob("*/*.pdf"))
    assert sheets
    for sheet in sheets:
        assert words in words_of(sheet), sheet.name
    with pikepdf.open(dated / "briefing.pdf") as pdf:
        pages = len(pdf.pages)
    assert words_of(dated / "briefing.pdf").count(words) == pages


def test_the_date_is_that_of_the_study_in_every_file(dated):
    assert layer_dates(dated) == {"2020-03-12T00:00:00.000Z"}
    with pikepdf.open(dated / "briefing.pdf") as pdf:
        assert str(pdf.docinfo["/CreationDate"]).startswith("D:20200312")
    summary = json.loads((dated / "summary.json").read_text(encoding="utf-8"))
    assert (summary["date"], summary["contact"]) == ("2020-03-12", CONTACT)


def test_without_a_date_it_is_the_last_day_that_an_input_covers(undated):
    # The police file of the small study has months of 2019, the last of them December; admissions end with 2018.
    summary = json.loads((undated / "summary.json").read_text(encoding="utf-8"))
    last = summary["date"]
    assert last.startswith("2019-")
    assert layer_dates(undated) == {f"{last}T00:00:00.000Z"}
    assert "Data to " in words_of(next(undated.glob("maps/*.pdf")))


def test_no_file_is_dated_by_a_day_that_nothing_tells(dated, undated):
    for folder in (dated, undated):
        assert not layer_dates(folder) & {"2000-01-01T00:00:00.000Z", "1970-01-01T00:00:00.000Z"}
        with pikepdf.open(folder / "briefing.pdf") as pdf:
            assert "20200101" not in str(pdf.docinfo.get("/CreationDate", ""))


def test_boundaries_and_population_are_among_the_sources(undated):
    words = words_of(undated / "briefing.pdf")
    assert "Boundaries: LSOA (2011)" in words
    assert "Population: population" in words
    assert "Open Government Licence v3.0" in words


def test_a_contact_of_several_lines_is_refused():
    study = {"title": "A", "contact": "one\n two", "areas": {"file": "a.gpkg"}}
    events = [{"name": "e", "title": "e", "format": "police", "file": "e.csv"}]
    with pytest.raises(StudyError, match=r"contact: contains a character that can't be printed"):
        make_study({**study, "events": events})


# --------------------------------------------------------------------------- months, not years

OF_JULY = """
[[series]]
name = "by_year"
title = "Violent crime"
events = "violence"
years = [2018, 2018]
"""
"""A chart by year of a source that has one month of it."""


def only_police(folder, months: tuple[str, ...], *, years: str = "[2018, 2018]", more: str = OF_JULY):
    """Write a small study of police files of these months alone, and return its file."""
    file = write_small_study(folder, crime=f"years = {years}", more=more)
    words = file.read_text(encoding="utf-8")
    start = words.index('[[events]]\nname = "admissions"')
    file.write_text(words[:start] + words[words.index("[maps]") :], encoding="utf-8")
    crime = pd.read_csv(folder / "crime.csv")
    crime["Month"] = [months[row % len(months)] for row in range(len(crime))]
    crime.to_csv(folder / "crime.csv", index=False)
    return file


def test_a_chart_by_year_of_one_month_is_dated_by_the_month(tmp_path):
    checked = check_study(only_police(tmp_path, ("2018-07",)))
    assert not checked.problems
    assert last_day(checked.inputs) == date(2018, 7, 31)
    assert str(checked.inputs.counts["violence"].period) == "July 2018"


def test_the_last_covered_month_and_not_the_last_asked_for(tmp_path):
    more = OF_JULY.replace("[2018, 2018]", '[2017, 2019]\nby = "quarter"')
    months = ("2017-11", "2017-12", "2018-01", "2018-04")
    checked = check_study(only_police(tmp_path, months, years="[2017, 2019]", more=more))
    assert not checked.problems
    assert last_day(checked.inputs) == date(2018, 4, 30)
    assert str(checked.inputs.counts["violence"].period) == "November 2017 to January 2018, April 2018"


@pytest.mark.parametrize(
    ("months", "words"),
    [
        ([f"2019-{month:02d}" for month in range(1, 13)], "2019"),
        ([f"{year}-{month:02d}" for year in (2017, 2018, 2019) for month in range(1, 13)], "2017-2019"),
        (["2018-07"], "July 2018"),
        (["2017-12", "2018-01"], "December 2017 to January 2018"),
        ([f"2019-{month:02d}" for month in range(1, 13) if month != 7], "2019 without July"),
        (["2016-07", "2017-07", "2018-07"], "July 2016, July 2017, July 2018"),
        (["2016-01", "2016-03", "2016-05", "2016-07", "2016-10"], "5 months from January to October 2016"),
        (["2016-11", "2017-01", "2017-03", "2017-05", "2017-07"], "5 months from November 2016 to July 2017"),
        (
            [f"{year}-{month:02d}" for year in (2018, 2019) for month in range(1, 13) if (year, month) != (2018, 3)],
            "2018-2019 without March 2018",
        ),
    ],
)
def test_a_period_names_the_months_that_are_covered(months, words):
    period = cover_months(months).period
    assert (str(period), period.last_day) == (words, Period.read(words).last_day)
    assert period.words == Period.read(words).words
