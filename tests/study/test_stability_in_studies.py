"""The section [stability]: what a run makes of it, what `check` says, and what is refused."""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest
from number_book import Book
from number_words import wrong_in
from page_words import read_pages
from read_layers import read_layer
from small_study import SURFACELESS, write_small_study

from hotspots.errors import StudyError
from hotspots.study import check_study, run_study
from hotspots.study.check import describe_check
from hotspots.study.settings import read_study

MORE = """
[[clusters]]
events = ["violence"]
share = 0.3
draws = 200

[stability]
events = ["violence", "admissions"]
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("varied")
    return run_study(write_small_study(folder, more=MORE, admissions="density = false"), output=folder / "out")


def test_a_run_writes_layers_tables_maps_and_findings(finished):
    summary = json.loads((finished.folder / "summary.json").read_text(encoding="utf-8"))
    for name in ("violence", "admissions"):
        for kind, column in (("stability", "hot_low"), ("agreement", "hot_methods")):
            layer = read_layer(finished.folder / "hotspots.gpkg", f"{name}_{kind}").set_index("area_id")
            table = pd.read_csv(finished.folder / "tables" / f"{name}_{kind}.csv").set_index("area_id")
            assert (finished.folder / "maps" / f"{name}_{kind}_all.pdf").is_file()
            assert table.loc[layer.index, column].tolist() == pytest.approx(layer[column].tolist())
            assert summary[kind][name]["classes"] == layer["class"].value_counts().to_dict()
            hot = "in_all" if kind == "stability" else "by_at_least_2"
            named = layer.index[layer[column] >= (1 if kind == "stability" else 2)]
            assert sorted(summary[kind][name]["hot_areas"][hot]) == sorted(named)
    # The table of agreement begins with the areas on which most methods agree.
    assert table["hot_methods"].is_monotonic_decreasing
    settings = summary["stability"]["violence"]["settings"]
    assert settings["variants"] == 2 * 2 * 5
    assert [choice["choice"] for choice in settings["choices"]] == ["extent", "null", "neighbours"]
    # A scan and a surface of risk belong to violence, which has points.
    assert summary["agreement"]["violence"]["settings"]["methods"] == ["getis_ord", "local_moran", "scan", "surface"]
    assert summary["agreement"]["admissions"]["settings"]["methods"] == ["getis_ord", "local_moran"]


def test_titles_and_findings_are_counted_again(finished):
    book = Book(finished.folder, finished.folder.parents[1] / "study.toml")
    kinds = re.compile(r" in (?:every variant|any of \d+ variants)| by (?:both|all \w+|any of \w+|\w+ of \w+) methods")
    told = [line for line in finished.findings if kinds.search(line)]
    titles = [page.title for page in read_pages(finished.folder / "briefing.pdf") if kinds.search(page.title)]
    assert len(told) == len(titles) == 4
    for words in (*told, *titles):
        assert wrong_in(book, words) == []
        wrong = re.sub(r"\d+", lambda number: str(int(number[0]) + 1), words, count=1)
        assert wrong_in(book, wrong) != []
    variants = next(words for words in told if "decides most" in words)
    with pytest.raises(AssertionError):
        wrong_in(book, re.sub("the [^;]+ decides", "the period decides", variants))


def test_the_studys_own_neighbours_and_null_are_among_the_variants(tmp_path):
    more = MORE + '[analysis]\nneighbours = "nearest"\nnumber = 5\nnull = "constant-risk"\n'
    text = more.replace('[[clusters]]\nevents = ["violence"]\nshare = 0.3\ndraws = 200\n', "")
    file = write_small_study(tmp_path, more=text.replace('"violence", ', ""), **SURFACELESS)
    settings = run_study(file, output=tmp_path / "out").summary["stability"]["admissions"]["settings"]
    options = {choice["choice"]: choice["options"] for choice in settings["choices"]}
    assert options["neighbours"][0] == "5 nearest areas"
    assert len(options["neighbours"]) == 6
    assert options["null"] == ["constant risk", "scattered risk", "exchangeable risk"]


def test_check_reports_the_section(tmp_path):
    study = read_study(write_small_study(tmp_path, more=MORE))
    lines = list(describe_check(study, check_study(study).inputs))
    assert "stability of violent crime: variants of Gi*, and agreement of methods" in lines
    alone = read_study(write_small_study(tmp_path, more=MORE + "agreement = false\n"))
    assert "stability of violent crime: variants of Gi*" in list(describe_check(alone, check_study(alone).inputs))


@pytest.mark.parametrize(
    ("more", "found"),
    [
        (MORE.replace('"admissions"', '"burglary"'), "is of 'burglary', which is not an event section"),
        (MORE.replace('"violence", "admissions"', '"violence", "violence"'), "violence"),
        (MORE + 'nulls = ["normal"]\n', "nulls"),
        (MORE + "nulls = []\n", "nulls"),
    ],
)
def test_what_can_not_be_varied_is_refused(tmp_path, more, found):
    with pytest.raises(StudyError, match=found):
        read_study(write_small_study(tmp_path, more=more))


def test_nulls_of_risk_need_people(tmp_path):
    file = write_small_study(tmp_path, more='[stability]\nevents = ["violence"]\nnulls = ["constant-risk"]\n')
    text = file.read_text(encoding="utf-8").replace('[population]\nfile = "population.csv"\ncolumn = "people"\n', "")
    file.write_text(text, encoding="utf-8")
    with pytest.raises(StudyError, match=r"\[stability\] with 'constant-risk' needs people"):
        read_study(file)


def test_protected_counts_give_intervals_under_their_rule(tmp_path):
    file = write_small_study(
        tmp_path, release="unreleased", more='[stability]\nevents = ["admissions"]\n', **SURFACELESS
    )
    done = run_study(file, output=tmp_path / "out")
    settings = done.summary["stability"]["admissions"]["settings"]
    assert settings["rule"] == "nhs-digital"
    assert settings["areas_hidden"] > 0
    layer = read_layer(done.folder / "hotspots.gpkg", "admissions_stability")
    assert (layer["hot_low"] <= layer["hot_high"]).all()
    assert (layer["hot_low"] < layer["hot_high"]).any()
    table = pd.read_csv(done.folder / "tables" / "admissions_stability.csv")
    assert table["release"].str.contains("nhs-digital").all()
