"""Expected counts in a study: keys, what is read, the question in every output, and what may not be published."""

from __future__ import annotations

import json
import sqlite3

import numpy as np
import pandas as pd
import pytest
from number_book import Book
from number_words import wrong_in
from small_study import BIRMINGHAM, write_extract_files, write_small_study

from hotspots.errors import HotspotsError, StudyError
from hotspots.publish.text import beyond_words, explain_hotspots, finding_title, hotspots_sentence, places_sentence
from hotspots.study.findings.analyses import analyse
from hotspots.study.inputs.read import read_inputs
from hotspots.study.run import check_study, run_study
from hotspots.study.settings.study_file import read_study

DEPRIVED = '[deprivation]\nfile = "idaci.csv"\ntitle = "IDACI 2019"\n'
COVARIATES = '[covariates]\nfile = "more.csv"\nsource = "Made for a test"\n'
AGES = '[population_by_age]\nfile = "ages.csv"\n'
COUNTS = """
[[events]]
name = "counted"
title = "counted admissions"
format = "counts"
file = "counts.csv"
count_column = "n"
expected = "smr_expected"
release = "{release}"
density = false
"""


def write(folder, *, admissions="", more="", **options):
    write_extract_files(folder)
    file = write_small_study(folder, admissions=admissions, more=more, crime="density = false", **options)
    codes = pd.read_csv(folder / "population.csv")["lsoa11_code"]
    rng = np.random.default_rng(3)
    table = pd.DataFrame({"lsoa11_code": codes, "unemployment_rate": rng.random(100), "pubs": rng.poisson(3, 100)})
    table.to_csv(folder / "more.csv", index=False)
    counted = pd.DataFrame({"lsoa11_code": codes, "n": rng.poisson(9, 100), "smr_expected": rng.uniform(5, 15, 100)})
    counted.to_csv(folder / "counts.csv", index=False)
    return file


def result_of(file, name="admissions"):
    """Return the inputs and the Gi* result of one source."""
    study = read_study(file)
    inputs = read_inputs(study)
    results = analyse(study, inputs, report=lambda _: None).results
    return inputs, next(one for one in results if one.name == name and one.method == "getis_ord")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    keys = 'density = false\nstandardise_by_age = true\ngiven = ["idaci", "unemployment_rate"]\ntrend_km = 8'
    file = write(
        tmp_path_factory.mktemp("study"), admissions=keys, more=DEPRIVED + COVARIATES + AGES, places=BIRMINGHAM
    )
    return run_study(file)


ASKED = "age, deprivation (IDACI 2019), unemployment rate and a trend of 8 km"


def test_the_findings_say_which_question_was_asked(finished):
    about = [sentence for sentence in finished.findings if sentence.startswith("Hospital admissions")]
    assert about[0].startswith(f"Hospital admissions beyond what {ASKED} suggest: ")
    assert not any("beyond what" in sentence for sentence in finished.findings if "iolent" in sentence)


def test_the_numbers_in_findings_are_counted_again(finished):
    book = Book(finished.folder, finished.folder.parent.parent / "study.toml")
    about = [one for one in finished.findings if "beyond what" in one]
    assert len(about) == 2
    assert [problem for words in about for problem in wrong_in(book, words)] == []
    # Another scale than the study file's is found.
    with pytest.raises(AssertionError):
        wrong_in(book, about[0].replace("8 km", "9 km"))


def test_the_summary_has_the_regression(finished):
    summary = json.loads((finished.folder / "summary.json").read_text(encoding="utf-8"))
    settings = summary["hotspots"]["admissions"]["getis_ord"]["settings"]
    expected = settings["expected"]
    assert expected["base"] == "population by age (indirect standardisation)"
    assert [slope["covariate"] for slope in expected["given"]] == ["deprivation (IDACI 2019)", "unemployment rate"]
    assert (expected["trend_km"], expected["areas_fitted"], expected["estimates"]) == (8, 100, 1)
    assert settings["measure"] == "events over those expected"
    assert "expected" not in summary["hotspots"]["violence"]["getis_ord"]["settings"]


def test_the_layer_says_what_its_expected_events_allow_for(finished):
    with sqlite3.connect(finished.folder / "hotspots.gpkg") as file:
        words = dict(
            file.execute(
                "SELECT table_name, description FROM gpkg_data_columns WHERE column_name = 'expected'"
            ).fetchall()
        )
        titles = dict(file.execute("SELECT table_name, identifier FROM gpkg_contents").fetchall())
    assert words["admissions_getis_ord"] == f"Events that {ASKED} suggest, in all as many as were counted"
    assert words["violence_getis_ord"] == "Events if every person had the same risk"
    assert f"beyond what {ASKED} suggest" in titles["admissions_getis_ord"]


# --------------------------------------------------------------------------- one key each


def test_deprivation_goes_by_its_word_and_its_short_name(tmp_path):
    tables = []
    for name in ("deprivation", "IDACI"):
        _, result = result_of(write(tmp_path, admissions=f'given = ["{name}"]', more=DEPRIVED))
        assert beyond_words(result) == " beyond what deprivation (IDACI 2019) suggests"
        tables.append(result.table["p_hot_high"])
    assert tables[0].equals(tables[1])


def test_titles_and_readings_of_one_question(tmp_path):
    inputs, result = result_of(write(tmp_path, admissions="trend_km = 8"))
    assert finding_title(result).endswith("hot for hospital admissions beyond what a trend of 8 km suggests")
    assert places_sentence(result, ()).endswith("suggests.")
    reading = explain_hotspots(result)
    words = " ".join(str(part) for part in reading)
    assert "more events than a trend of 8 km and chance suggest" in words
    from hotspots.analysis.autocorrelation import find_hotspots

    sentence = hotspots_sentence(result, find_hotspots(result, inputs.area))
    assert "for hospital admissions beyond what a trend of 8 km suggests" in sentence
    assert "at the study area's average" not in sentence


def test_ones_own_expected_counts_are_a_column_of_the_counts(tmp_path):
    inputs, result = result_of(write(tmp_path, more=COUNTS.format(release="open")), "counted")
    own = pd.read_csv(tmp_path / "counts.csv").set_index("lsoa11_code")["smr_expected"]
    expected = inputs.counts["counted"].table["expected"]
    np.testing.assert_allclose(expected / own, expected.iloc[0] / own.iloc[0], rtol=1e-12)
    assert beyond_words(result) == " beyond what the expected counts given suggest"


def test_ones_own_expected_counts_of_events_are_a_column_of_the_population(tmp_path):
    file = write(tmp_path, admissions='expected = "mine"')
    people = pd.read_csv(tmp_path / "population.csv")
    people.assign(mine=[np.nan, 0, *range(1, 99)]).to_csv(tmp_path / "population.csv", index=False)
    _, result = result_of(file)
    assert result.table["reason"].iloc[:2].tolist() == ["no expected count", "an expected count of 0"]
    people.assign(mine=[-1, *range(1, 100)]).to_csv(tmp_path / "population.csv", index=False)
    with pytest.raises(HotspotsError, match="'E01010000' can't be -1"):
        result_of(file)
    people.assign(mine=0).to_csv(tmp_path / "population.csv", index=False)
    assert "expected count above 0" in str(check_study(file).problems[0])


def test_a_column_that_is_not_there_is_named(tmp_path):
    problems = check_study(write(tmp_path, admissions='given = ["nothing"]', more=COVARIATES)).problems
    assert len(problems) == 1
    assert "'nothing'" in str(problems[0])


# --------------------------------------------------------------------------- what a study file may not say


@pytest.mark.parametrize(
    ("keys", "more", "words"),
    [
        ('given = ["idaci"]', "", "add [deprivation]"),
        ("standardise_by_age = true", "", "add [population_by_age]"),
        ('expected = "a"\nstandardise_by_age = true', AGES, "leave expected or standardise_by_age out"),
        ('trend_km = 8\nnull = "randomisation"', "", "take 'scattered-risk'"),
        ("given = []", "", "given"),
        ("trend_km = 0", "", "trend_km"),
    ],
)
def test_contradictions_are_refused(tmp_path, keys, more, words):
    with pytest.raises(StudyError) as raised:
        read_study(write(tmp_path, admissions=keys, more=more))
    assert words in str(raised.value)


# --------------------------------------------------------------------------- the gate


def test_protected_counts_are_fitted_by_their_intervals(tmp_path):
    file = write(tmp_path, release="unreleased", admissions='given = ["idaci"]', more=DEPRIVED)
    inputs, result = result_of(file)
    counts = inputs.counts["admissions"]
    assert counts.release == result.release == "nhs-digital"
    assert counts.hidden > 50
    # From the intervals, all lowest, all highest, and the steepest and the flattest slope.
    assert counts.expectation is not None
    assert counts.expectation.estimates == 5
    assert "bounds over 5 estimates of what is expected" in result.words
    # Nothing of the records but their intervals goes in: other records with these intervals give the same.
    records = pd.read_csv(tmp_path / "hes.csv")
    first = records.groupby("LSOA11").head(1)
    few = records["LSOA11"].map(records["LSOA11"].value_counts()).between(2, 7)
    pd.concat([records[~few], first[first["LSOA11"].isin(records["LSOA11"][few])]]).to_csv(
        tmp_path / "hes.csv", index=False
    )
    again = result_of(file)[0].counts["admissions"]
    pd.testing.assert_frame_equal(again.table.drop(columns="geometry"), counts.table.drop(columns="geometry"))


@pytest.mark.parametrize(
    ("keys", "more", "words"),
    [
        ("standardise_by_age = true", AGES, "taken together, could reveal suppressed counts"),
        ('given = ["idaci"]', f'{DEPRIVED}release = "unreleased"\n', "which is unreleased"),
        ("", COUNTS.format(release="unreleased"), "put it in the file of [population]"),
    ],
)
def test_what_is_not_protected_is_not_published(tmp_path, keys, more, words):
    with pytest.raises(StudyError) as raised:
        read_study(write(tmp_path, release="unreleased", admissions=keys, more=more))
    assert words in str(raised.value)
    readers = 'profile = "restricted"\nreaders = "the makers of this test"'
    file = write(tmp_path, release="unreleased", admissions=keys, more=more, study=readers)
    _, result = result_of(file, "admissions" if keys else "counted")
    assert result.release == "restricted"
