"""Series, recorded crime, standardised rates, recording and profiles in a study: read, protected, drawn, written."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pandas as pd
import pytest
from attacker import attack, open_published
from small_study import BIRMINGHAM, EXTRACTS, SURFACELESS, digests, write_extract_files, write_small_study

from hotspots.analysis.authorities.standardisation import ESP_2013
from hotspots.analysis.series.counting import sum_to_years
from hotspots.disclosure.release.rules import RULES
from hotspots.model import words_of
from hotspots.publish.charts.series import draw_series
from hotspots.study.check import would_leave_out
from hotspots.study.findings.analyses import analyse
from hotspots.study.inputs.read import read_inputs
from hotspots.study.inputs.series import ONLY_INSIDE
from hotspots.study.run import check_study, run_study
from hotspots.study.settings.study_file import read_study

NAMES = ("by_year", "by_quarter", "recorded")
WITH = "standardised = true\ndensity = false"


def write(folder, *, more=EXTRACTS, admissions=WITH, **options):
    write_extract_files(folder)
    return write_small_study(folder, more=more, admissions=admissions, crime="density = false", **options)


def found(file):
    """Return what is read and found, without drawing it."""
    study = read_study(file)
    inputs = read_inputs(study)
    return inputs, analyse(study, inputs, report=lambda _: None)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run_study(write(tmp_path_factory.mktemp("study"), places=BIRMINGHAM))


def table(finished, name):
    return pd.read_csv(finished.folder / "tables" / f"{name}.csv", encoding="utf-8-sig")


# --------------------------------------------------------------------------- what is written


def test_every_extract_has_a_chart_a_table_and_a_sentence(finished):
    extracts = ("admissions_standardised", "children_in_need_recording", "profile")
    charts = {*NAMES, *extracts, "by_year_rate", "by_year_change", "by_quarter_change", "recorded_rate",
              "recorded_change", "children_in_need"}  # fmt: skip
    files = {path.stem for path in (finished.folder / "charts").glob("*.png")}
    assert files == charts
    tables = {path.stem for path in (finished.folder / "tables").iterdir()}
    assert tables == {"areas", "hotspots", *NAMES, *extracts, "by_quarter_years", "recorded_years",
                      "by_quarter_change_points", "recorded_change_points"}  # fmt: skip
    assert set(finished.summary["extracts"]) == {*extracts, "by_quarter_change_points", "recorded_change_points"}
    assert finished.summary["left_out"] == {}
    words = " ".join(finished.findings)
    for part in ("Admissions (all ages) ", "Recorded knife crime:", "standardised for age: ",
                 "Recording differs in 2018/19",
                 "0% (Sandwell) to 20% (Birmingham) of areas are among the most deprived tenth"):  # fmt: skip
        assert words.count(part) == 1, part
    inputs = finished.summary["inputs"]
    assert {"ages.csv", "recorded.csv", "idaci.csv", "factors.csv"} <= set(inputs)
    assert all(len(digest) == 64 for digest in inputs.values())


def test_series_are_the_rows_of_the_file(finished):
    """Counts, rates and change by hand from the file."""
    hes = pd.read_csv(finished.folder.parents[1] / "hes.csv", parse_dates=["ADMIDATE"])
    young = hes[hes["STARTAGE"] < 25]
    own = table(finished, "by_year").set_index(["group", "period"])
    ages = pd.read_csv(finished.folder.parents[1] / "ages.csv").drop(columns="lsoa11_code").sum()
    people = {"all ages": (1500 + 10 * np.arange(100)).sum(), "under 25": ages.iloc[:5].sum()}
    for group, rows in (("all ages", hes), ("under 25", young)):
        counted = rows["ADMIDATE"].dt.year.value_counts()
        for year in (2017, 2018):
            line = own.loc[(group, year)]
            assert line["low"] == line["high"] == counted[year]
            assert line["rate_low"] == pytest.approx(counted[year] / people[group] * 100_000)
            assert line["ratio"] == pytest.approx(counted[year] / counted[2017])
    quarters = table(finished, "by_quarter")
    counted = hes.groupby([hes["ADMIDATE"].dt.year, hes["ADMIDATE"].dt.quarter]).size()
    np.testing.assert_array_equal(quarters.loc[quarters["group"] == "all ages", "low"], counted)
    years = table(finished, "by_quarter_years")
    assert years["low"].tolist() == table(finished, "by_year")["low"].tolist()


def test_recorded_crime_is_compared_by_year_and_says_what_is_provisional(finished):
    numbers = pd.read_csv(finished.folder.parents[1] / "recorded.csv")["Knife Crime"].to_numpy().reshape(3, 4)
    years = table(finished, "recorded_years")
    assert years["low"].tolist() == numbers.sum(axis=1).tolist()
    assert years["provisional"].tolist() == [False, False, True]
    np.testing.assert_allclose(years["ratio"], numbers.sum(axis=1) / numbers[0].sum(), rtol=1e-9)
    np.testing.assert_allclose(years["rate_low"], numbers.sum(axis=1) / 2, rtol=1e-9)  # of 200 thousand people
    steps = table(finished, "recorded_change_points")
    assert (steps["scatter"] >= 0).all()
    assert years["scatter"].between(0, 0.5).all()


def test_standardised_rates_by_hand(finished):
    folder = finished.folder.parents[1]
    ages = pd.read_csv(folder / "ages.csv").set_index("lsoa11_code")
    hes = pd.read_csv(folder / "hes.csv")
    inputs, _ = found(folder / "study.toml")
    authority = inputs.area.areas["la_code"]
    starts = list(range(0, 90, 5))
    band = np.minimum(hes["STARTAGE"] // 5, len(starts) - 1)
    weight = np.array([ESP_2013[start] for start in starts[:-1]] + [1_500 + 800 + 200])
    own = table(finished, "admissions_standardised").set_index("code")
    for code in ("E08000025", "E08000028"):
        inside = hes["LSOA11"].map(authority) == code
        events = band[inside].value_counts().reindex(range(len(starts)), fill_value=0).to_numpy()
        people = ages.loc[authority.index[authority == code]].sum().to_numpy()
        rate = (events / people * weight).sum() / 2  # of 100,000 people, in two years
        assert own.loc[code, "rate_low"] == pytest.approx(rate, rel=1e-9)
        assert own.loc[code, "low"] == inside.sum()


def test_extracts_can_be_left_out(tmp_path):
    write_extract_files(tmp_path)
    inputs, findings = found(write_small_study(tmp_path, **SURFACELESS))
    assert (inputs.series, inputs.ages, inputs.factors, inputs.recording) == ([], None, None, None)
    assert (findings.extracts, findings.changes, findings.change_points, findings.left_out) == ([], {}, {}, {})
    file = write(tmp_path, study="demographics = false", admissions="", more=EXTRACTS.replace("theme", "# theme"))
    inputs, findings = found(file)
    assert findings.extracts == []
    assert inputs.factors is not None


# --------------------------------------------------------------------------- one base


ELSEWHERE = 120
"""Admissions of people who live outside the study area, or nobody knows where."""


def write_with_elsewhere(folder, **options):
    """Write the study, and admissions from elsewhere and from nowhere beside those of the study area."""
    file = write(folder, **options)
    hes = pd.read_csv(folder / "hes.csv")
    others = hes.iloc[:ELSEWHERE].assign(EPIKEY=np.arange(ELSEWHERE) + 900_000)
    others["LSOA11"] = np.where(np.arange(ELSEWHERE) % 2 == 0, "E01032000", "")
    pd.concat([hes, others]).to_csv(folder / "hes.csv", index=False)
    return file, hes.assign(when=pd.to_datetime(hes["ADMIDATE"]))


def test_years_and_quarters_count_what_the_areas_count(tmp_path):
    file, inside = write_with_elsewhere(tmp_path)
    inputs, _ = found(file)
    years, quarters = inputs.series[:2]
    by_year = inside["when"].dt.year.value_counts().sort_index().tolist()
    assert years.table.loc[years.table["group"] == "all ages", "low"].tolist() == by_year
    summed = sum_to_years(quarters).table
    assert summed.loc[summed["group"] == "all ages", "low"].tolist() == by_year
    assert sum(by_year) == inputs.counts["admissions"].table["observed_low"].sum()
    for series in (years, quarters):
        assert series.base == "study-area"
        assert ONLY_INSIDE in series.notes
        assert not any("yearly figures" in note for note in words_of(series.notes))
        words = " ".join(text.get_text() for axes in draw_series(series).axes for text in axes.texts)
        assert "Hospital admissions in the study area by period" in words


def need_bounds(series, counted, rule):
    """Check that all ages have the rule's own intervals, or wider ones beside other tables of the same records."""
    bounds = np.array([rule.interval(count) for count in counted])
    shown = series.table.loc[series.table["group"] == "all ages", ["low", "high"]].to_numpy()
    assert (shown[:, 0] <= bounds[:, 0]).all()
    assert (shown[:, 1] >= bounds[:, 1]).all()
    assert np.mean(shown == bounds) > 0.8


def test_rates_of_years_beside_quarters_of_unreleased_records_are_of_the_study_area(tmp_path):
    file, inside = write_with_elsewhere(tmp_path, release="unreleased")
    inputs, _ = found(file)
    years, quarters = inputs.series[:2]
    assert (years.name, years.rate_per, quarters.rate_per) == ("by_year", 100_000, 0)
    rule = RULES["nhs-digital"]
    when = inside["when"].dt
    counted = inside.groupby([when.year, when.quarter]).size()
    need_bounds(quarters, counted, rule)
    need_bounds(years, counted.groupby(level=0).sum(), rule)
    of_years = years.table[years.table["group"] == "all ages"]
    people = (1500 + 10 * np.arange(100)).sum()
    rates = of_years[["low", "high"]] / people * 100_000
    np.testing.assert_allclose(of_years[["rate_low", "rate_high"]], rates, rtol=1e-9)


def test_a_series_without_events_in_the_study_area_is_left_out_and_stops_nothing(tmp_path):
    file = write(tmp_path)
    hes = pd.read_csv(tmp_path / "hes.csv")
    hes.assign(LSOA11="E01032000").to_csv(tmp_path / "hes.csv", index=False)
    checked = check_study(file)
    assert not checked.problems
    assert [series.name for series in checked.inputs.series] == ["recorded"]
    assert checked.inputs.left_out["the chart of Admissions"] == "no event of these years lies in the study area"


def test_events_without_any_place_are_counted_in_the_whole_file(tmp_path):
    more = EXTRACTS.replace("rates = true\nbase = 2017", "base = 2017", 1)
    file = write(tmp_path, more=more)
    hes = pd.read_csv(tmp_path / "hes.csv")
    hes.assign(LSOA11="").to_csv(tmp_path / "hes.csv", index=False)
    series = found(file)[0].series[0]
    assert series.base == "whole-file"
    assert series.table.loc[series.table["group"] == "all ages", "low"].sum() == len(hes)
    assert ONLY_INSIDE not in series.notes


# --------------------------------------------------------------------------- left out, with a reason


def test_what_cannot_be_made_is_left_out_with_its_reason(tmp_path):
    without_ages = EXTRACTS.replace('[population_by_age]\nfile = "ages.csv"\nsource = "Made for a test"\n', "")
    file = write(tmp_path, more=without_ages)
    recorded = pd.read_csv(tmp_path / "recorded.csv").drop(columns="Population")
    recorded.to_csv(tmp_path / "recorded.csv", index=False)
    inputs, findings = found(file)
    assert findings.left_out == {
        "rates of Admissions": "no population by age",
        "rates of Recorded knife crime": "the file has no population",
        "standardised rates of hospital admissions": "no population by age",
    }
    assert [series.rate_per for series in inputs.series] == [0, 0, 0]
    write(tmp_path, more=EXTRACTS.replace("ages = [0, 24]", "ages = [0, 22]"))
    assert found(file)[1].left_out == {"rates of Admissions": "the population by age has no bands of exactly 0 to 22"}
    write(tmp_path)
    ages = pd.read_csv(tmp_path / "ages.csv")
    ages.iloc[1:].to_csv(tmp_path / "ages.csv", index=False)
    left_out = found(file)[1].left_out
    assert left_out["rates of Admissions"] == "1 of 100 areas have no population by age"
    assert "has no population by age" in left_out["standardised rates of hospital admissions"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("base = 2017\nlines", "base = 2016\nlines", "The series 'by_year' has no year '2016' to compare with."),
        ('base = "2016/17"', 'base = "2019/20"', "whole years 2016/17, 2017/18, 2018/19"),
        ("2018/19 Q4", "2018/19 Q5", "no period '2018/19 Q5' to mark as provisional"),
        ("Domestic abuse", "Domestik abuse", "No factor is 'Domestik abuse'."),
        ('force = "Here"', 'force = "There"', "has no police force 'There'"),
    ],
)
def test_check_names_what_would_stop_a_run(tmp_path, old, new, words):
    assert EXTRACTS.count(old) == 1
    checked = check_study(write(tmp_path, more=EXTRACTS.replace(old, new)))
    assert len(checked.problems) == 1
    assert words in str(checked.problems[0])


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("Population", 0, "The population of 2016/17 Q1 is 0."),
        ("Knife Crime", 0, "The series 'recorded' has no number above 0 in '2016/17' to compare with."),
        ("Knife Crime", -10, "found: 2016/17: all ages -40"),
    ],
)
def test_a_base_or_a_population_of_nothing_is_named_by_check(tmp_path, column, value, words):
    file = write(tmp_path)
    recorded = pd.read_csv(tmp_path / "recorded.csv")
    recorded.loc[recorded["Financial Year"] == "2016/17", column] = value
    recorded.to_csv(tmp_path / "recorded.csv", index=False)
    checked = check_study(file)
    assert len(checked.problems) == 1
    assert words in str(checked.problems[0])


# --------------------------------------------------------------------------- the gate


def test_unreleased_quarters_are_protected_beside_their_years(tmp_path):
    file = write(tmp_path, release="unreleased")
    inputs, findings = found(file)
    years, quarters = inputs.series[:2]
    assert (years.name, quarters.name) == ("by_year", "by_quarter")
    assert (years.release, quarters.release) == ("nhs-digital", "nhs-digital")
    hes = pd.read_csv(tmp_path / "hes.csv", parse_dates=["ADMIDATE"])
    counted = hes.groupby([hes["ADMIDATE"].dt.year, hes["ADMIDATE"].dt.quarter]).size()
    need_bounds(quarters, counted, RULES["nhs-digital"])
    need_bounds(years, counted.groupby(level=0).sum(), RULES["nhs-digital"])
    # No quarter is narrowed by its year: each can have both of its ends.
    for group, year in itertools.product(("all ages", "under 25"), ("2017", "2018")):
        parts = quarters.table[(quarters.table["group"] == group) & quarters.table["period"].str.startswith(year)]
        (whole,) = years.table[(years.table["group"] == group) & (years.table["period"] == year)].itertuples()
        for low, high in parts[["low", "high"]].to_numpy():
            assert parts["low"].sum() - low + high <= whole.high
            assert parts["high"].sum() - high + low >= whole.low
    assert years.rate_per == 100_000
    assert np.isfinite(years.table["rate_high"]).all()
    assert (
        "taken together, could reveal suppressed counts"
        in findings.left_out["standardised rates of hospital admissions"]
    )


def test_two_charts_of_the_same_unreleased_records_are_published_beside_each_other(tmp_path):
    """Lines under 25 in one chart and under 18 in the other: ages 18 to 24 are a difference."""
    file = write(tmp_path, release="unreleased", more=EXTRACTS.replace("[0, 24]", "[0, 17]", 1))
    inputs, _ = found(file)
    years, quarters = inputs.series[:2]
    assert [series.name for series in inputs.series] == list(NAMES)
    assert [mend.title for mend in inputs.gate.mends] == [
        "the counts of hospital admissions by area",
        "the chart of Admissions",
        "the chart of Admissions by quarter",
    ]
    younger = years.table[years.table["group"] != "all ages"]
    young = quarters.table[quarters.table["group"] != "all ages"]
    for row in younger.itertuples():
        of_year = young[young["period"].str.startswith(row.period)]
        low, high = of_year["low"].sum() - row.high, of_year["high"].sum() - row.low
        assert (low <= 1 and high >= 7) or low > 7
    restricted = write(tmp_path, release="unreleased", study='profile = "restricted"\nreaders = "Analysts"')
    inputs, findings = found(restricted)
    assert [series.name for series in inputs.series] == list(NAMES)
    assert (findings.left_out, findings.extracts[0].release) == ({}, "restricted")


def test_unreleased_tables_of_totals_are_kept_back(tmp_path):
    more = EXTRACTS.replace('file = "recorded.csv"', 'file = "recorded.csv"\nrelease = "unreleased"')
    more = more.replace('file = "factors.csv"', 'file = "factors.csv"\nrelease = "unreleased"')
    more = more.replace('file = "idaci.csv"', 'file = "idaci.csv"\nrelease = "unreleased"')
    inputs, findings = found(write(tmp_path, more=more))
    assert (inputs.factors, inputs.recording, len(inputs.series)) == (None, None, 2)
    assert set(findings.left_out) == {
        "the chart of Recorded knife crime",
        "factors identified at the end of children's assessments",
        "population, age and deprivation by authority",
    }
    restricted = write(tmp_path, more=more, study='profile = "restricted"\nreaders = "Analysts"')
    inputs, findings = found(restricted)
    assert findings.left_out == {}
    assert {one.release for one in (*findings.extracts[1:], inputs.series[2], inputs.factors)} == {"restricted"}


def test_hidden_quarters_change_no_byte(tmp_path):
    """An admission moved to the quarter after, where the intervals of all quarters and years stay."""
    file = write(tmp_path, release="unreleased", study='ledger = ""')
    hes = pd.read_csv(tmp_path / "hes.csv")
    rule = RULES["nhs-digital"]
    move = _harmless_move(hes, rule)
    first = run_study(file)
    hes.loc[move, "ADMIDATE"] = hes.loc[move, "EPISTART"] = "2018-01-05"
    hes.to_csv(tmp_path / "hes.csv", index=False)
    second = run_study(file, output=tmp_path / "again")
    one, two = digests(first.folder), digests(second.folder)
    for folder, files in ((first.folder, one), (second.folder, two)):
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        files["summary.json"] = str({key: value for key, value in summary.items() if key != "seconds"})
    assert "tables/by_year.csv" in one
    assert one == two
    # Nor do the areas and the quarters, held against each other.
    shown = table(first, "by_quarter")
    quarters = shown.loc[shown["group"] == "all ages", ["low", "high"]].to_numpy().tolist()
    published, words = open_published(first.folder), ("admissions", "admission")
    assert any(name.endswith("by_quarter.csv") for name in published.texts)
    assert attack(published, "admissions_getis_ord", words=words, years=quarters, columns=()) == {}


def _harmless_move(hes, rule):
    """Return rows of 2017 Q4 that move to 2018 Q1 without changing an interval of a quarter or a year."""
    when = pd.to_datetime(hes["ADMIDATE"])
    adults = hes["STARTAGE"] >= 25
    quarter = when.dt.year * 4 + when.dt.quarter
    last, next_ = quarter == 2017 * 4 + 4, quarter == 2018 * 4 + 1
    for number in range(1, 5):
        moved = hes.index[last & adults][:number]
        before = [last.sum(), next_.sum()], [(when.dt.year == year).sum() for year in (2017, 2018)]
        after = [last.sum() - number, next_.sum() + number], [before[1][0] - number, before[1][1] + number]
        same = [[rule.interval(a) == rule.interval(b) for a, b in zip(*pair, strict=True)]
                for pair in zip(before, after, strict=True)]  # fmt: skip
        if all(same[0]) and all(same[1]):
            return moved
    pytest.fail("no such move in this small world: take another seed")


# --------------------------------------------------------------------------- real files


@pytest.mark.real
def test_a_study_of_the_published_tables(tmp_path, shared_data):
    """The force's financial years and Birmingham's factors, as the published page and the departments have them."""
    more = f"""
[[recorded]]
name = "knife"
title = "Knife crime"
file = "{shared_data.as_posix()}/knife_crime_pfa_quarterly.csv"
force = "West Midlands"
years = [2012, 2018]
by = "year"
base = "2014/15"
[children_in_need]
file = "{shared_data.as_posix()}/cin_assessment_factors_wm_la_2018-2025.csv"
episodes = "{shared_data.as_posix()}/cin_rates_wm_la_2013-2025.csv"
year = 2019
theme = "Domestic abuse"
"""
    inputs, findings = found(write_small_study(tmp_path, more=more, **SURFACELESS))
    assert inputs.series[0].table["low"].tolist() == [1508, 1659, 1559, 2044, 2393, 2850, 3428]
    change = findings.changes["knife"].table.set_index("period")
    assert change.loc["2018/19", "ratio"] == pytest.approx(3428 / 1559)
    row = inputs.recording.table.set_index(["la_name", "period"]).loc[("Birmingham", "2018/19")]
    assert (row["theme_mentions"], row["assessments"]) == (6190, 8704)
    assert row["per_assessment"] == pytest.approx(3.52, abs=0.005)
    assert np.isfinite(row["per_started"])


SIDES = """
[[comparisons]]
name = "change"
title = "the change"
events = "violence"
years = [2019, 2019]
against_years = [2018, 2018]

[[predictions]]
events = "violence"
past = [2018, 2018]
future = [2019, 2019]
bandwidths = [10, 5000]
"""


@pytest.mark.parametrize(
    ("density", "surface"),
    [
        ("cell = 100000", True),
        ("cell = 1\nrisk = false", True),
        ("bandwidth = 20\ncell = 5000", True),
        ("risk = false\nrisk_bandwidth = 10", False),
    ],
)
def test_check_announces_all_that_a_run_leaves_out(tmp_path, density, surface):
    write_extract_files(tmp_path)
    file = write_small_study(tmp_path, more=f"{EXTRACTS}{SIDES}\n[density]\n{density}\n", admissions=WITH)
    crime = pd.read_csv(tmp_path / "crime.csv")
    crime.loc[::2, "Month"] = "2018-03"
    crime.to_csv(tmp_path / "crime.csv", index=False)
    pd.read_csv(tmp_path / "ages.csv").iloc[5:].to_csv(tmp_path / "ages.csv", index=False)
    inputs, findings = found(file)
    left_out = would_leave_out(read_study(file), inputs)
    assert left_out == findings.left_out
    expected = {"rates of Admissions", "standardised rates of hospital admissions", "prediction of violent crime"}
    assert left_out.keys() >= expected
    assert ("density surface of violent crime" in left_out) == surface
    assert ("comparison the change" in left_out) != (density[:4] == "cell")
