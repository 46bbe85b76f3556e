"""The study file: every error at once, in words, with the nearest key."""

from __future__ import annotations

import pytest
from worlds import ROOT

from hotspots.errors import StudyError
from hotspots.study.settings.study_file import make_study, read_study

SMALL = {
    "title": "A study",
    "areas": {"file": "areas.gpkg"},
    "events": [{"name": "crime", "title": "crime", "format": "police", "file": "crime.csv"}],
}

SERIES = {"name": "s", "title": "s", "events": "table", "years": [2013, 2019]}
TABLE = {"name": "table", "title": "t", "format": "counts", "file": "c.csv", "count_column": "n"}
HES = {"name": "admissions", "title": "admissions", "format": "hes", "file": "hes.csv"}
CHANGE = {"name": "change", "title": "Change", "events": "crime"}


def test_the_sample_study_names_files_that_are_there():
    study = read_study(ROOT / "study.toml")
    assert study.output_name == "west-midlands"
    assert [path for path in study.input_files() if not path.exists()] == []
    assert [section.place.name for section in study.places] == ["Birmingham–Sandwell", "Coventry", "Wolverhampton"]


def test_the_template_of_a_new_study_is_valid():
    study = read_study(ROOT / "hotspots" / "study" / "settings" / "template.toml")
    assert study.events[0].release == "unreleased"
    assert study.profile == "publish"


def test_the_defaults_are_the_careful_ones():
    study = make_study(SMALL)
    assert (study.profile, study.rule, study.events[0].release) == ("publish", "nhs-digital", "unreleased")
    assert study.output_name == "a-study"


def test_all_errors_are_reported_at_once_with_the_nearest_key(tmp_path):
    file = tmp_path / "bad.toml"
    file.write_text(
        '[study]\ntitle = "X"\nprofil = "publish"\n[areas]\nfil = "a.gpkg"\n'
        '[[events]]\nname = "A b"\ntitle = "t"\nformat = "hess"\nfile = "x"\n',
        encoding="utf-8",
    )
    with pytest.raises(StudyError) as caught:
        read_study(file)
    words = str(caught.value)
    assert f"{file} has 5 errors." in words
    for part in (
        "areas.file: is missing",
        "areas.fil: unknown key; did you mean 'file'?",
        "profil: unknown key; did you mean 'profile'?",
        "events[1].format: Input should be 'hes', 'police', 'offences' or 'counts' (found 'hess')",
        "events[1].name: should be small letters, digits and underscores",
    ):
        assert part in words


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"events": []}, "at least 1 item"),
        ({"events": [{**SMALL["events"][0], "file": None}]}, "name either file or files"),
        ({"events": [{**SMALL["events"][0], "format": "counts"}]}, "needs count_column"),
        ({"events": [{**SMALL["events"][0], "ages": [0, 24]}]}, 'ages goes with format = "hes", not with "police"'),
        ({"events": [{**SMALL["events"][0], "knife": True}]}, 'knife goes with format = "offences", not with "police"'),
        (
            {"events": [{"name": "a", "title": "a", "format": "hes", "files": ["2018.csv", "2019.csv"]}]},
            'several files are read with format = "police" only, not with "hes"',
        ),
        ({"analysis": {"measure": "rate"}}, 'measure needs null = "randomisation"'),
        ({"analysis": {"conditional": True, "null": "constant-risk"}}, 'conditional needs null = "randomisation"'),
        ({"events": SMALL["events"] * 2}, "two event sections share the name 'crime'"),
        (
            {"series": [{"name": "s", "title": "s", "events": "x", "years": [2013, 2019]}]},
            "which is not an event section",
        ),
        (
            {"series": [SERIES], "events": [TABLE]},
            "series 's' is of 'table', which is a table of counts: events are needed",
        ),
        ({"series": [{**SERIES, "events": "crime"}] * 2}, "two series share the name 's'"),
        (
            {
                "series": [{**SERIES, "events": "crime"}],
                "recorded": [{"name": "s", "title": "s", "file": "a", "force": "b"}],
            },
            "two series share the name 's'",
        ),
        ({"series": [{**SERIES, "by": "month"}]}, "series[1].by: Input should be 'year' or 'quarter'"),
        ({"series": [{**SERIES, "lines": []}]}, "at least 1 item"),
        ({"events": [{**HES, "standardised": True}]}, "standardised rates are of all ages and per year: give years"),
        (
            {"events": [{**HES, "standardised": True, "years": [2017, 2019], "ages": [0, 24]}]},
            "standardised rates are of all ages and per year",
        ),
        (
            {"events": [{**SMALL["events"][0], "standardised": True}]},
            'standardised goes with format = "hes", not with "police"',
        ),
        (
            {"children_in_need": {"file": "a.csv", "year": 2019, "theme": "t", "years": [2018, 2020]}},
            "years end with year, which is shown; e.g. years = [2015, 2019]",
        ),
        (
            {"children_in_need": {"file": "a.csv", "year": 2019, "years": [2018, 2019]}},
            'years and episodes go with a theme, e.g. theme = "Domestic abuse"',
        ),
        ({"population_by_age": {"file": "a.csv", "release": "unreleased"}}, "Input should be 'open' or 'invented'"),
        ({"schools": {"register": "a", "exclusions": "b"}}, "schools need a [deprivation] section"),
        ({"profile": "restricted"}, "names its readers"),
        (
            {"density": {"bandwidth": "digle"}},
            "density.bandwidth: should be metres from 10 to 100,000, or a rule: silverman-robust",
        ),
        ({"density": {"bandwidth": -5}}, "should be metres from 10 to 100,000"),
        ({"comparisons": [CHANGE]}, "comparisons[1]: say what to compare with"),
        ({"comparisons": [{**CHANGE, "against": "homes"}]}, "comparison 'change' is of 'homes', which is not an event"),
        (
            {"comparisons": [{**CHANGE, "name": "crime", "against_years": [2015, 2016]}]},
            "the comparison 'crime' shares its name with another section",
        ),
        (
            {"predictions": [{"events": "crime", "past": [2017, 2018], "future": [2018, 2019]}]},
            "predictions[1]: the past ends before the future begins",
        ),
        (
            {"predictions": [{"events": "knives", "past": [2017, 2018], "future": [2019, 2019]}]},
            "a prediction is of 'knives', which is not an event section",
        ),
        ({"rule": "nhs"}, "known rules are nhs-digital, older-phe, dfe"),
    ],
)
def test_what_does_not_fit_together_is_said(change, words):
    with pytest.raises(StudyError) as caught:
        make_study({**SMALL, **change})
    assert words in str(caught.value)


def test_a_missing_file_names_the_studies_that_are_there(tmp_path):
    (tmp_path / "other.toml").write_text("", encoding="utf-8")
    with pytest.raises(StudyError) as caught:
        read_study(tmp_path / "study.toml")
    assert "There is no study file" in str(caught.value)
    assert "other.toml" in str(caught.value)


def test_broken_toml_names_the_line(tmp_path):
    file = tmp_path / "study.toml"
    file.write_text("[study]\ntitle = unquoted\n", encoding="utf-8")
    with pytest.raises(StudyError) as caught:
        read_study(file)
    assert "line 2" in str(caught.value)


def test_a_file_that_is_no_text(tmp_path):
    file = tmp_path / "study.toml"
    file.write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(StudyError, match="can't be read"):
        read_study(file)


def test_a_rule_of_ones_own_is_a_section(tmp_path):
    file = tmp_path / "study.toml"
    own = "[rule]\nlargest = 4\nrounding = 10\n"
    rest = '[study]\ntitle = "X"\n[areas]\nfile = "a.gpkg"\n'
    events = '[[events]]\nname = "a"\ntitle = "t"\nformat = "police"\nfile = "x.csv"\n'
    file.write_text(rest + own + events, encoding="utf-8")
    assert read_study(file).protection == {"smallest": 1, "largest": 4, "rounding": 10}
    file.write_text(rest + own.replace("rounding = 10", "rounding = 20") + events, encoding="utf-8")
    # The nearest 20 of 5 to 9 is 0: what is shown as 0 would not be 0.
    with pytest.raises(StudyError, match="counts up to 9 would be rounded to 0"):
        read_study(file)
    assert make_study(SMALL | {"rule": "older-phe"}).protection == "older-phe"


def test_comparisons_and_predictions_need_events_and_not_counts():
    with pytest.raises(StudyError, match="is of 'table', which is a table of counts: events are needed"):
        make_study({**SMALL, "events": [*SMALL["events"], TABLE], "comparisons": [{**CHANGE, "against": "table"}]})


def test_a_bandwidth_is_metres_or_a_rule():
    assert make_study({**SMALL, "density": {"bandwidth": 800}}).density.bandwidth == 800
    assert make_study({**SMALL, "density": {"bandwidth": "likelihood"}}).density.bandwidth == "likelihood"


def test_a_year_to_compare_with_may_stand_without_quotes():
    section = {**SERIES, "events": "crime", "base": 2014, "provisional": [2019]}
    series = make_study({**SMALL, "series": [section]}).series[0]
    assert (series.base, series.provisional) == ("2014", ("2019",))


def test_every_file_of_the_extracts_is_an_input():
    study = make_study(
        {
            **SMALL,
            "population_by_age": {"file": "ages.csv"},
            "recorded": [{"name": "r", "title": "r", "file": "recorded.csv", "force": "West Midlands"}],
            "children_in_need": {"file": "factors.csv", "year": 2019, "theme": "t", "episodes": "episodes.csv"},
        }
    )
    names = {path.name for path in study.input_files()}
    assert names == {"areas.gpkg", "crime.csv", "ages.csv", "recorded.csv", "factors.csv", "episodes.csv"}
