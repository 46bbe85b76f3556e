"""Factors per assessment beside shares, hidden and uncollected numbers, and every kind of contradiction."""

import numpy as np
import pandas as pd
import pytest
from worlds import identified

from hotspots.analysis.authorities.recording import check_recording, compare_recording
from hotspots.errors import AnalysisError, SourceError
from hotspots.model import Factors, words_of
from hotspots.sources.children_in_need import read_all_factors, read_episodes
from hotspots.vocabulary import WEST_MIDLANDS


def make_factors(rows, *, period="2018/19", **words):
    table = pd.DataFrame(rows, columns=["la_name", "factor", "mentions", "mark", "assessments"])
    table.insert(0, "la_code", table["la_name"].map({"Birmingham": "E08000025", "Dudley": "E08000027"}))
    return identified(Factors, table, period=period, source="Department for Education", **words)


ABUSE = [
    ("Birmingham", "Domestic abuse (child)", 20.0, "", 100.0),
    ("Birmingham", "Domestic abuse (parent)", 45.0, "", 100.0),
    ("Birmingham", "Neglect", 60.0, "", 100.0),
    ("Birmingham", "Child criminal exploitation", np.nan, "x", 100.0),
    ("Dudley", "Domestic abuse (child)", np.nan, "c", 50.0),
    ("Dudley", "Domestic abuse (parent)", 10.0, "", 50.0),
    ("Dudley", "Neglect", 35.0, "", 50.0),
    ("Dudley", "Child criminal exploitation", np.nan, "x", 50.0),
]


def test_factors_in_an_assessment_stand_beside_the_share():
    extract = compare_recording([make_factors(ABUSE)])
    birmingham, dudley = (row for _, row in extract.table.iterrows())
    assert (birmingham["mentions"], birmingham["per_assessment"]) == (125, 1.25)
    assert (birmingham["theme_mentions"], birmingham["theme_share"]) == (65, 0.65)
    assert (birmingham["hidden"], birmingham["kinds"]) == (0, 3)
    # A suppressed number makes the share unknown, never smaller; what was not asked for is not hidden.
    assert (dudley["hidden"], dudley["theme_hidden"], dudley["theme_mentions"]) == (1, 1, 10)
    assert np.isnan(dudley["theme_share"])
    assert extract.release == "open"
    assert "mentions are not children" in extract.words
    assert "no factor was found or none was recorded" in extract.words
    assert words_of(extract.notes) == ()


def test_episodes_begun_stand_beside_those_with_a_factor():
    episodes = pd.DataFrame(
        {"la_code": ["E08000025"], "period": ["2018/19"], "started": [80.0], "ended": 70.0, "any_point": 200.0}
    )
    table = compare_recording([make_factors(ABUSE)], episodes=episodes).table
    assert table["per_started"].iloc[0] == 1.25
    assert np.isnan(table["per_started"].iloc[1])


def test_a_theme_that_is_not_there():
    with pytest.raises(AnalysisError) as caught:
        compare_recording([make_factors(ABUSE)], theme="Domestic abuses")
    assert "No factor is 'Domestic abuses'" in str(caught.value)
    assert "is it 'Domestic abuse'?" in str(caught.value)
    with pytest.raises(AnalysisError, match="There are no factors to compare"):
        compare_recording([])


def test_contradictions_are_sentences():
    wrong = make_factors(
        [
            ("Birmingham", "Gangs", 130.0, "", 100.0),
            ("Dudley", "Domestic abuse (child)", 30.0, "", 50.0),
            ("Dudley", "Domestic abuse (parent)", 40.0, "", 50.0),
        ]
    )
    few = make_factors([("Dudley", "Neglect", 30.0, "", 50.0)], period="2019/20")
    episodes = pd.DataFrame(
        {
            "la_code": ["E08000025", "E08000027"], "period": "2018/19",
            "started": [60.0, 60.0], "ended": 1.0, "any_point": [90.0, 90.0],
        }
    )  # fmt: skip
    said = words_of(check_recording([wrong, few], episodes=episodes))
    assert said[:-1] == (
        "Birmingham, 2018/19: 130 mentions of 'Gangs' in 100 episodes with a factor; a share over 100% is not a "
        "share of children.",
        "Birmingham, 2018/19: 100 episodes with a factor, but only 90 episodes at any point in the year; both can't be "
        "right.",
        "Dudley, 2018/19: 70 mentions of domestic abuse in 50 episodes: some episodes have it more than once, so this "
        "is no share of children.",
        "Dudley, 2019/20: 30 factors in 50 episodes that each have at least one; both can't be right.",
        "Dudley: factors in an episode went from 1.4 in 2018/19 to 0.6 in 2019/20; recording may have changed, and "
        "shares of the two years can't be compared.",
    )


def test_many_more_episodes_with_a_factor_than_began_are_said():
    episodes = pd.DataFrame(
        {"la_code": ["E08000025"], "period": ["2018/19"], "started": [60.0], "ended": 1.0, "any_point": [200.0]}
    )
    assert words_of(check_recording([make_factors(ABUSE)], episodes=episodes)) == (
        "Birmingham has at least 1.5 times as many episodes with a factor as episodes that began in the year "
        "(2018/19): it may count differently from other authorities.",
    )


def test_kinds_that_were_not_asked_for_every_year_are_said():
    later = make_factors([("Birmingham", "Child criminal exploitation", 120.0, "", 100.0)], period="2021/22")
    said = words_of(check_recording([make_factors(ABUSE), later]))
    assert said[-1] == (
        "The number of kinds of factors that were asked for is not the same in all years (2018/19: 3, 2021/22: 1)."
    )


def test_inputs_are_as_they_were():
    factors = make_factors(ABUSE)
    before = factors.table.copy()
    compare_recording([factors])
    pd.testing.assert_frame_equal(factors.table, before)


HEADER = "time_period,new_la_code,la_name,Started_episodes,Ended_episodes,Anypoint_episodes,Anypoint_child"


def test_episodes_of_need(tmp_path):
    path = tmp_path / "cin.csv"
    path.write_text(f"{HEADER}\n2019,E08000025,Birmingham,10,c,30,28\n2019,,England,1,1,1,1\n", encoding="utf-8")
    table = read_episodes(path)
    assert table["period"].tolist() == ["2018/19"]
    assert (table["started"].iloc[0], table["any_point"].iloc[0], table["children"].iloc[0]) == (10, 30, 28)
    assert np.isnan(table["ended"].iloc[0])
    path.write_text(f"{HEADER}\n" + "2019,E08000025,Birmingham,10,1,30,28\n" * 2, encoding="utf-8")
    with pytest.raises(SourceError, match=r"Authority 'E08000025' has two rows of 2018/19\.\s+found: rows 2 and 3 of"):
        read_episodes(path)


def test_all_years_of_a_file(root):
    path = root / "data" / "events" / "invented_children_in_need_factors.csv"
    years = read_all_factors(path, release="invented")
    assert [str(one.period) for one in years] == ["2017/18", "2018/19"]
    assert [str(one.period) for one in read_all_factors(path, years=(2019, 2030))] == ["2018/19"]
    assert compare_recording(years).release == "invented"
    with pytest.raises(SourceError, match="has none of the years 2020 to 2021"):
        read_all_factors(path, years=(2020, 2021))


@pytest.mark.real
def test_real_factors_of_2018_19(shared_data):
    codes = list(WEST_MIDLANDS)
    years = read_all_factors(shared_data / "cin_assessment_factors_wm_la_2018-2025.csv", authorities=codes)
    episodes = read_episodes(shared_data / "cin_rates_wm_la_2013-2025.csv", authorities=codes)
    extract = compare_recording(years, episodes=episodes)
    table = extract.table[extract.table["period"] == "2018/19"].set_index("la_name")
    birmingham = table.loc["Birmingham"]
    assert (birmingham["theme_mentions"], birmingham["assessments"]) == (6_190, 8_704)
    assert round(100 * birmingham["theme_share"]) == 71
    assert round(birmingham["per_assessment"], 2) == 3.52
    assert round(table.loc["Dudley", "per_assessment"], 2) == 1.35
    assert len(extract.table) == 7 * 8
    jumps = [
        note
        for note in words_of(extract.notes)
        if note.startswith("Dudley: factors in an episode went from 1.3 in 2019/20")
    ]
    assert len(jumps) == 1
