"""The date of a study and whom to ask: on every sheet and in every file, and never the time of writing."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess

import pikepdf
import pytest
from small_study import write_small_study

from hotspots.errors import StudyError
from hotspots.pipeline import run_study
from hotspots.study import make_study

CONTACT = "analysis team, extension 1234"


@pytest.fixture(scope="module")
def dated(tmp_path_factory):
    """Return the folder of a run whose study file gives a date and a contact."""
    study = f'date = 2020-03-12\ncontact = "{CONTACT}"'
    return run_study(write_small_study(tmp_path_factory.mktemp("dated"), study=study)).folder


@pytest.fixture(scope="module")
def undated(tmp_path_factory):
    """Return the folder of a run whose study file gives neither."""
    return run_study(write_small_study(tmp_path_factory.mktemp("undated"))).folder


def words_of(path) -> str:
    tool = shutil.which("pdftotext")
    if tool is None:
        pytest.skip("needs pdftotext (poppler-utils)")
    return subprocess.run([tool, str(path), "-"], capture_output=True, text=True, check=True).stdout


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
    words = " ".join(words_of(undated / "briefing.pdf").split())
    assert "Boundaries: LSOA (2011)" in words
    assert "Population: population" in words
    assert "Open Government Licence v3.0" in words


def test_a_contact_of_several_lines_is_refused():
    study = {"title": "A", "contact": "one\n two", "areas": {"file": "a.gpkg"}}
    events = [{"name": "e", "title": "e", "format": "police", "file": "e.csv"}]
    with pytest.raises(StudyError, match=r"contact: has a character that can't be printed"):
        make_study({**study, "events": events})
