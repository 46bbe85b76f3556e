"""Clusters in space and time in a study: layer, table, map, finding; what is refused, and what is kept back."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest
from number_book import Book
from number_words import wrong_in
from page_words import read_pages
from read_layers import read_layer
from small_study import SURFACELESS, codes_of, write_small_study
from worlds import make_grid

from hotspots.errors import StudyError
from hotspots.study import check_study, run_study
from hotspots.study.check import describe_check
from hotspots.study.settings import read_study

MORE = """
[[clusters]]
events = ["admissions"]
by = "month"
share = 0.3
longest = 0.25
draws = 200
"""
PLANTED = (66, 67, 76, 77)


def write_study(folder, *, more=MORE, **changes):
    """Write the small study with 60 more admissions from four squares in the south-east, from May to July 2018."""
    file = write_small_study(folder, more=more, **SURFACELESS, **changes)
    rng, codes = np.random.default_rng(1), codes_of(make_grid(10, 10))
    rows = pd.read_csv(folder / "hes.csv")
    extra = rows.sample(60, random_state=1).assign(EPIKEY=np.arange(60) + 900_000)
    days = pd.Timestamp("2018-05-01") + pd.to_timedelta(rng.integers(0, 92, 60), unit="D")
    extra["LSOA11"] = [codes[PLANTED[at]] for at in rng.integers(0, 4, 60)]
    extra["ADMIDATE"] = extra["EPISTART"] = days.strftime("%Y-%m-%d")
    pd.concat([rows, extra]).to_csv(folder / "hes.csv", index=False)
    return file


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scanned")
    return run_study(write_study(folder), output=folder / "out")


def test_a_run_writes_layer_table_map_and_finding(finished):
    stem, codes = "admissions_space_time_clusters", codes_of(make_grid(10, 10))
    layer = read_layer(finished.folder / "hotspots.gpkg", stem)
    table = pd.read_csv(finished.folder / "tables" / f"{stem}.csv")
    assert (finished.folder / "maps" / f"{stem}_all.pdf").is_file()
    summary = json.loads((finished.folder / "summary.json").read_text(encoding="utf-8"))
    written = summary["space_time_clusters"]["admissions"]
    first = layer.iloc[0]
    assert {codes[at] for at in PLANTED} <= set(first["area_ids"].split())
    assert (first["start"], first["end"], first["periods"]) == ("2018-05-01", "2018-07-31", 3)
    assert (first["alive"], first["certainty"]) == ("no", "certain")
    for column in ("observed_low", "expected_low", "ratio_low", "p_high"):
        assert table[column].iloc[0] == pytest.approx(first[column])
        assert written["clusters"][0][column] == pytest.approx(first[column])
    settings = written["settings"]
    assert (settings["model"], settings["by"], settings["periods"]) == ("space-time permutation", "month", 24)
    assert (settings["longest"], settings["largest_share"]) == (6, 0.3)
    assert (settings["first_day"], settings["last_day"]) == ("2017-01-01", "2018-12-31")
    # The map without time is not scanned, because nobody asked.
    assert summary["clusters"] == {}


def test_title_and_finding_are_counted_again(finished):
    book = Book(finished.folder, finished.folder.parents[1] / "study.toml")
    told = [line for line in finished.findings if "space-time" in line]
    pages = [page for page in read_pages(finished.folder / "briefing.pdf") if "space-time" in page.title]
    assert len(told) == len(pages) == 1
    assert pages[0].title.endswith(", May to July 2018")
    for words in (*told, pages[0].title):
        assert wrong_in(book, words) == []
        assert wrong_in(book, words.replace("1 space-time cluster", "2 space-time clusters")) != []
    assert wrong_in(book, pages[0].title.replace("May to July", "April to July")) != []
    with pytest.raises(AssertionError, match="April to July"):
        wrong_in(book, told[0].replace("May to July", "April to July"))
    said = re.findall(r"Zone (\d+), ([^:]+): ([\d,]+) events, ([\d,.]+) expected, ([\d.]+) times", pages[0].text)
    (counted,) = book.space_time_clusters("hospital admissions")
    assert [(number, when, events, ratio) for number, when, events, _, ratio in said] == [
        ("1", counted[0], counted[3], counted[5])
    ]
    assert "space-time permutation scan by month" in pages[0].text


def test_unreleased_records_are_not_counted_by_area_and_month(tmp_path):
    file = write_study(tmp_path, release="unreleased")
    reason = "the records are unreleased, and their clusters could reveal counts by area and period"
    study = read_study(file)
    inputs = check_study(study).inputs
    assert inputs.period_counts == {}
    assert f"Left out by a run: space-time clusters of hospital admissions, because {reason}" in list(
        describe_check(study, inputs)
    )
    done = run_study(file, output=tmp_path / "out")
    assert done.summary["left_out"]["space-time clusters of hospital admissions"] == reason
    assert done.summary["space_time_clusters"] == {}
    assert not list(done.folder.rglob("*space_time*"))


def test_a_restricted_study_has_them_with_its_mark(tmp_path):
    restricted = 'profile = "restricted"\nreaders = "The named readers"\n'
    done = run_study(write_study(tmp_path, release="unreleased", study=restricted), output=tmp_path / "out")
    assert len(done.summary["space_time_clusters"]["admissions"]["clusters"]) == 1
    table = pd.read_csv(done.folder / "tables" / "admissions_space_time_clusters.csv")
    assert table["release"].str.contains("RESTRICTED").all()


def test_a_source_is_scanned_in_space_and_in_time_each_once(tmp_path):
    more = '[[clusters]]\nevents = ["admissions", "violence"]\nshare = 0.2\ndraws = 100\n'
    timed = MORE.replace('"month"', '"quarter"').replace("0.25", "0.25\nprospective = true\nmodel = 'poisson'")
    file = write_study(tmp_path, more=more + timed)
    study = read_study(file)
    lines = list(describe_check(study, check_study(study).inputs))
    assert "clusters of hospital admissions: circles up to 20% of the people" in lines
    timed_line = "poisson, circles up to 30% of the people, up to 25% of the quarters, to the last one"
    assert f"space-time clusters of hospital admissions: {timed_line}" in lines
    done = run_study(file, output=tmp_path / "out")
    assert set(done.summary["clusters"]) == {"admissions", "violence"}
    found = done.summary["space_time_clusters"]["admissions"]
    assert found["settings"]["runs_compared"] == 2
    assert {one["alive"] for one in found["clusters"]} == {"yes"}
    assert {one["end"] for one in found["clusters"]} == {"2018-12-31"}


def test_a_source_of_one_month_is_left_out_with_the_reason(tmp_path):
    file = write_study(tmp_path, more=MORE.replace("admissions", "violence"))
    study = read_study(file)
    lines = list(describe_check(study, check_study(study).inputs))
    reason = "there are too few periods for a scan in space and time"
    assert f"Left out by a run: space-time clusters of violent crime, because {reason}" in lines
    years = read_study(write_study(tmp_path, more=MORE.replace("admissions", "violence").replace("month", "year")))
    lines = list(describe_check(years, check_study(years).inputs))
    assert "Left out by a run: space-time clusters of violent crime, because no whole year of violent crime is " in (
        "\n".join(lines)
    )


@pytest.mark.parametrize(
    ("more", "found"),
    [
        (MORE.replace('by = "month"\n', ""), "longest is for clusters in space and time: add by"),
        (MORE + 'null = "constant-risk"\n', "null is for clusters in space alone"),
        (MORE + 'zones = "ellipses"\n', "zones is for clusters in space alone"),
        (MORE.replace('"month"', '"week"'), "by"),
        (MORE.replace("0.25", "1.0"), "longest"),
        (MORE + MORE, "two sections of clusters are of 'admissions': name each source once"),
    ],
)
def test_what_can_not_be_asked_is_refused(tmp_path, more, found):
    with pytest.raises(StudyError, match=found):
        read_study(write_study(tmp_path, more=more))


def test_only_the_poisson_model_needs_people(tmp_path):
    people = '[population]\nfile = "population.csv"\ncolumn = "people"\n'
    file = write_study(tmp_path)
    text = file.read_text(encoding="utf-8").replace(people, "")
    file.write_text(text, encoding="utf-8")
    assert read_study(file).clusters[0].model == "permutation"
    file.write_text(text.replace('by = "month"', 'by = "month"\nmodel = "poisson"'), encoding="utf-8")
    with pytest.raises(StudyError, match=r"\[\[clusters\]\] needs people"):
        read_study(file)


def test_counts_have_no_dates(tmp_path):
    counts = '[[events]]\nname = "told"\ntitle = "told"\nformat = "counts"\nfile = "c.csv"\ncount_column = "n"\n'
    more = counts + 'release = "open"\n' + MORE.replace('"admissions"', '"told"')
    with pytest.raises(StudyError, match="clusters in space and time are of 'told', which has counts without dates"):
        read_study(write_study(tmp_path, more=more))
