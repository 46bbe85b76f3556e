"""Series against hand counts, the change against R's poisson.test and SciPy, the trend against worked examples."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from worlds import ROOT, identified

from hotspots.analysis.series.change import change_since, join_series
from hotspots.analysis.series.counting import count_by_year, with_intervals
from hotspots.errors import AnalysisError
from hotspots.model import Events, Note, Series, words_of

GOLDEN = ROOT / "tests" / "golden"


def make_events(dates, ages=None, **words):
    table = pd.DataFrame({"when": pd.to_datetime(list(dates)), "kind": "assault", "area_code": "E01000001"})
    table[["easting", "northing"]] = np.nan
    if ages is not None:
        table["age"] = ages
    return identified(Events, table, rows_read=len(table), **{"title": "admissions", "release": "open", **words})


def make_series(counts, *, group="all", unit="crimes", high=None, **words):
    table = pd.DataFrame({"period": list(counts), "low": list(counts.values()), "group": group})
    table["high"] = table["low"] if high is None else high
    return identified(Series, table.assign(ci_low=np.nan, ci_high=np.nan), unit=unit, **words)


EVERY_MONTH = [f"2017-{m:02d}-15" for m in range(1, 13)]


def test_counts_fall_into_calendar_years_and_an_empty_year_is_a_gap():
    events = make_events(["2017-01-01", "2017-12-31", "2019-06-01", None, "2021-01-01"])
    series = count_by_year(events, years=(2016, 2019))
    assert list(series.table["period"]) == ["2016", "2017", "2018", "2019"]
    np.testing.assert_array_equal(series.table["low"], [np.nan, 2, np.nan, 1])
    np.testing.assert_array_equal(series.table["high"], [np.nan, 2, np.nan, 1])
    assert series.unit == "admissions"
    assert words_of(series.notes) == (
        "2016, 2018: no rows in the file; a gap, not a zero.",
        "1 event without a date: in no year.",
        "1 event outside 2016 to 2019: not counted.",
    )


def test_interval_is_byars():
    # PHEindicatormethods: 65 events, 50.163187710 to 82.849138546
    series = count_by_year(make_events([*EVERY_MONTH, *["2017-03-01"] * 53]), years=(2017, 2017))
    row = series.table.iloc[0]
    assert (row["low"], row["ci_low"], row["ci_high"]) == (
        65,
        pytest.approx(50.163187710, abs=1e-9),
        pytest.approx(82.849138546, abs=1e-9),
    )
    assert words_of(series.notes) == ()


def test_a_year_with_rows_but_none_of_the_age_is_a_zero():
    events = make_events([*EVERY_MONTH, "2018-01-01"], ages=[24, 25, 0, np.nan, *[60] * 8, 70])
    series = count_by_year(events, years=(2017, 2018), ages=(0, 24), group="under 25")
    np.testing.assert_array_equal(series.table["low"], [2, 0])
    assert set(series.table["group"]) == {"under 25"}
    assert words_of(series.notes)[0] == "1 event of 13 without an age: not in 'under 25'."


def test_ages_may_be_nullable_integers():
    events = make_events(["2017-01-01", "2017-02-01"], ages=pd.array([20, None], dtype="Int64"))
    assert count_by_year(events, years=(2017, 2017), ages=(0, 24)).table["low"].iloc[0] == 1


def test_joining_fills_what_one_lacks_with_gaps_and_keeps_the_weakest_mark():
    joined = join_series(
        make_series({"2014": 4, "2015": 5}, release="open", source="A", notes=(Note("n", of="records"),)),
        make_series(
            {"2013": 1, "2014": 2},
            group="under 25",
            release="invented",
            source="A",
            notes=(Note("n", of="records"), Note("m", of="records")),
        ),
        name="both",
        title="Both",
    )
    table = joined.table
    assert list(table["period"]) == ["2013", "2014", "2015"] * 2
    np.testing.assert_array_equal(table["low"], [np.nan, 4, 5, 1, 2, np.nan])
    assert (joined.release, joined.source, words_of(joined.notes)) == ("invented", "A", ("n", "m"))


def test_intervals_of_hidden_counts_cover_all_they_may_be():
    series = with_intervals(make_series({"2014": 1, "2015": 65, "2016": np.nan}, high=[65, 65, np.nan]))
    # PHEindicatormethods: 1 → 0.013072133, 65 → 50.163187710 and 82.849138546
    np.testing.assert_allclose(series.table["ci_low"], [0.013072133, 50.163187710, np.nan], atol=1e-9)
    np.testing.assert_allclose(series.table["ci_high"], [82.849138546, 82.849138546, np.nan], atol=1e-9)


def test_change_is_that_of_poisson_test():
    found = change_since(make_series({"2014": 21, "2015": 11}), "2014", beyond_poisson=False).iloc[1]
    exposure = 800 / 3011
    assert found["ratio"] == 11 / 21
    assert found["ratio_low"] == pytest.approx(0.8584264 * exposure, abs=1e-7)
    assert found["ratio_high"] == pytest.approx(4.2772659 * exposure, abs=1e-7)


@pytest.mark.parametrize(("count", "base"), [(0, 4), (7, 1), (3649, 1500)])
def test_change_agrees_with_scipys_exact_binomial(count, base):
    exact = binomtest(count, count + base).proportion_ci(method="exact")
    found = change_since(make_series({"2014": base, "2019": count}), "2014", beyond_poisson=False).iloc[1]
    assert found["ratio_low"] == pytest.approx(exact.low / (1 - exact.low), rel=1e-9)
    assert found["ratio_high"] == pytest.approx(exact.high / (1 - exact.high), rel=1e-9)


def test_change_from_nothing_and_over_gaps():
    found = change_since(make_series({"2014": 0, "2015": 5, "2016": np.nan}), "2014", beyond_poisson=False)
    assert found["ratio"].isna().all()
    assert found["ratio_high"].iloc[1] == np.inf
    # Given 5 + 0, the share of 5 in 5: lower limit 0.025^(1/5), by hand.
    share = 0.025 ** (1 / 5)
    assert found["ratio_low"].iloc[1] == pytest.approx(share / (1 - share))
    assert found.iloc[2][["ratio", "ratio_low", "ratio_high"]].isna().all()


def test_change_of_a_hidden_count_covers_the_whole_interval():
    hidden = change_since(make_series({"2014": 20, "2015": 1}, high=[20, 7]), "2014", beyond_poisson=False).iloc[1]
    lowest = change_since(make_series({"2014": 20, "2015": 1}), "2014", beyond_poisson=False).iloc[1]
    highest = change_since(make_series({"2014": 20, "2015": 7}), "2014", beyond_poisson=False).iloc[1]
    assert np.isnan(hidden["ratio"])
    assert (hidden["ratio_low"], hidden["ratio_high"]) == (lowest["ratio_low"], highest["ratio_high"])


def test_change_from_a_hidden_base_covers_the_whole_interval():
    hidden = change_since(make_series({"2014": 1, "2015": 20}, high=[7, 20]), "2014", beyond_poisson=False)
    from_7 = change_since(make_series({"2014": 7, "2015": 20}), "2014", beyond_poisson=False).iloc[1]
    from_1 = change_since(make_series({"2014": 1, "2015": 20}), "2014", beyond_poisson=False).iloc[1]
    assert np.isnan(hidden["ratio"].iloc[1])
    assert (hidden["ratio_low"].iloc[1], hidden["ratio_high"].iloc[1]) == (from_7["ratio_low"], from_1["ratio_high"])
    # A period against itself has not changed, hidden or not.
    assert list(hidden.iloc[0][["ratio", "ratio_low", "ratio_high"]]) == [1, 1, 1]


def test_inputs_are_unchanged():
    events = make_events(EVERY_MONTH, ages=[20] * 12)
    before = events.table.copy()
    series = count_by_year(events, years=(2017, 2017), ages=(0, 24))
    kept = series.table.copy()
    join_series(series, name="a", title="a")
    change_since(series, "2017")
    pd.testing.assert_frame_equal(events.table, before)
    pd.testing.assert_frame_equal(series.table, kept)


def test_errors_say_what_was_found():
    events = make_events(["2017-01-01", "2019-01-01"])
    with pytest.raises(AnalysisError, match="end before they begin: 2019 to 2017"):
        count_by_year(events, years=(2019, 2017))
    with pytest.raises(AnalysisError, match="No event falls in the years 2001 to 2002") as error:
        count_by_year(events, years=(2001, 2002))
    assert error.value.found == "2 events from 2017 to 2019"
    with pytest.raises(AnalysisError, match="No event falls") as error:
        count_by_year(make_events([None]), years=(2001, 2002))
    assert error.value.found == "1 event, none with a date"
    with pytest.raises(AnalysisError, match="no column 'age', so ages 0 to 24") as error:
        count_by_year(events, years=(2017, 2019), ages=(0, 24))
    assert error.value.found.startswith("columns when, kind, area_code")
    with pytest.raises(AnalysisError, match="no period '2013'") as error:
        change_since(make_series({"2014": 1, "2015": 2}), "2013")
    assert error.value.found == "periods 2014, 2015"
    with pytest.raises(AnalysisError, match="share the group 'all'") as error:
        join_series(make_series({"2014": 1}), make_series({"2014": 1}), name="a", title="a")
    assert error.value.found == "1 periods stand twice, the first is 2014"
    with pytest.raises(AnalysisError, match="'crimes' and of 'people'"):
        join_series(make_series({"2014": 1}), make_series({"2014": 1}, unit="people"), name="a", title="a")
    with pytest.raises(AnalysisError, match="no series to join"):
        join_series(name="a", title="a")
