"""Quarters, years and rates against hand counts; gaps, corrections and hidden numbers stay what they are."""

import numpy as np
import pandas as pd
import pytest
from worlds import identified, protect_alone

from hotspots.analysis.series.change import change_since, join_series
from hotspots.analysis.series.counting import (
    count_by_quarter,
    count_by_year,
    mark_provisional,
    sum_to_years,
    with_intervals,
    with_rates,
)
from hotspots.errors import AnalysisError
from hotspots.model import Events, Identity, Series, words_of


def make_events(dates, ages=None):
    table = pd.DataFrame({"when": pd.to_datetime(list(dates)), "kind": "assault", "area_code": "E01000001"})
    table[["easting", "northing"]] = np.nan
    if ages is not None:
        table["age"] = ages
    return Events(table, rows_read=len(table), identity=Identity(release="open", title="admissions"))


def make_series(counts, *, group="all", high=None, **words):
    table = pd.DataFrame({"period": list(counts), "low": list(counts.values()), "group": group})
    table["high"] = table["low"] if high is None else high
    return identified(Series, table.assign(ci_low=np.nan, ci_high=np.nan), unit="crimes", **words)


QUARTERS = {f"2012/13 Q{q}": float(n) for q, n in zip((1, 2, 3, 4), (400, 345, 390, 373), strict=True)}


def test_quarters_are_of_the_calendar_year_and_empty_ones_are_gaps():
    events = make_events(["2018-01-01", "2018-03-31", "2018-04-01", "2018-12-31", None, "2020-01-01"])
    series = count_by_quarter(events, years=(2018, 2018))
    assert list(series.table["period"]) == ["2018 Q1", "2018 Q2", "2018 Q3", "2018 Q4"]
    np.testing.assert_array_equal(series.table["low"], [2, 1, np.nan, 1])
    assert words_of(series.notes) == (
        "2018 Q3: no rows in the file; a gap, not a zero.",
        "1 event without a date: in no quarter.",
        "1 event outside 2018 to 2018: not counted.",
    )


def test_quarters_of_one_age_add_up_to_its_years():
    rng = np.random.default_rng(3)
    days = pd.Timestamp("2015-01-01") + pd.to_timedelta(rng.integers(0, 3 * 365, 2000), unit="D")
    events = make_events(days, ages=rng.integers(0, 80, 2000))
    years = count_by_year(events, years=(2015, 2017), ages=(0, 24), group="under 25")
    quarters = count_by_quarter(events, years=(2015, 2017), ages=(0, 24), group="under 25")
    pd.testing.assert_frame_equal(sum_to_years(quarters).table, years.table)


def test_years_lack_what_a_quarter_lacks_and_add_hidden_numbers_as_intervals():
    counts = {**QUARTERS, "2013/14 Q1": 1.0, "2013/14 Q2": 10.0, "2013/14 Q3": 10.0}
    series = make_series(counts, high=[400, 345, 390, 375, 7, 10, 10], provisional=("2012/13 Q4",))
    years = sum_to_years(series)
    assert list(years.table["period"]) == ["2012/13", "2013/14"]
    np.testing.assert_array_equal(years.table[["low", "high"]], [[1508, 1510], [np.nan, np.nan]])
    assert words_of(years.notes) == ("2013/14: not all four quarters are there; a gap, not a sum.",)
    assert years.provisional == ("2012/13",)
    # Byar by hand as in ORACLES is tested in test_rates; here: from the lowest lower to the highest upper limit.
    low, high = with_intervals(make_series({"a": 1508.0, "b": 1510.0})).table[["ci_low", "ci_high"]].to_numpy().T
    assert years.table["ci_low"].iloc[0] == low[0]
    assert years.table["ci_high"].iloc[0] == high[1]


def test_what_is_no_quarter_is_not_added():
    with pytest.raises(AnalysisError) as caught:
        sum_to_years(make_series({"2013": 1.0}))
    assert str(caught.value) == (
        "'2013' is not a quarter.\n  found: 1 such periods: 2013\n  try:   quarters are written like '2013 Q1' or "
        "'2012/13 Q4'"
    )


def test_rates_by_group_and_period():
    both = join_series(
        make_series({"2013": 10.0, "2014": 30.0, "2015": np.nan}),
        make_series({"2013": 5.0, "2014": 6.0}, group="young"),
        name="n",
        title="t",
    )
    rated = with_rates(with_intervals(both), {"all": 1_000, "young": {"2013": 100, "2014": 200}}, per=1_000)
    assert rated.rate_per == 1_000
    np.testing.assert_allclose(rated.table["rate_low"], [10, 30, np.nan, 50, 30, np.nan])
    # Byar's limits of 10 events are 4.79 and 18.39 (Breslow and Day's table); over 1,000 people per 1,000.
    assert rated.table["rate_ci_low"].iloc[0] == pytest.approx(4.79, abs=0.01)
    assert rated.table["rate_ci_high"].iloc[0] == pytest.approx(18.39, abs=0.01)


def test_a_rate_is_missing_where_nobody_lives_and_a_correction_has_no_interval():
    series = with_rates(with_intervals(make_series({"a": -2.0, "b": 4.0})), {"all": {"a": 100, "b": 0}}, per=100)
    np.testing.assert_array_equal(series.table["rate_low"], [-2, np.nan])
    assert series.table[["ci_low", "ci_high"]].iloc[0].isna().all()
    change = change_since(with_intervals(make_series({"a": 4.0, "b": -2.0, "c": 8.0})), "a")
    np.testing.assert_array_equal(change["ratio"], [1, np.nan, 2])


def test_rates_need_people():
    with pytest.raises(AnalysisError, match=r"There is no population to make rates of crimes\."):
        with_rates(make_series({"2013": 1.0}))
    with pytest.raises(AnalysisError) as caught:
        with_rates(make_series({"2013": 1.0}), {"young": 5})
    assert str(caught.value).startswith("There is no population of the group 'all'.\n  found: groups young")


def test_protecting_a_series_takes_its_rates_away():
    series = with_rates(with_intervals(make_series({"2013": 3.0}, release="unreleased")), 1_000)
    hidden = protect_alone(series, "nhs-digital")
    assert not [column for column in hidden.table.columns if column.startswith("rate")]
    assert hidden.rate_per == 0
    rated = with_rates(with_intervals(hidden), 1_000, per=1_000).table.iloc[0]
    assert (rated["rate_low"], rated["rate_high"]) == (1, 7)


def test_provisional_periods_are_marked_once_and_in_order():
    series = make_series({"2013": 1.0, "2014": 2.0, "2015": 3.0})
    marked = mark_provisional(mark_provisional(series, ["2015"]), ["2014", "2015"])
    assert marked.provisional == ("2014", "2015")
    with pytest.raises(AnalysisError, match="no period '2016' to mark as provisional"):
        mark_provisional(series, ["2016"])


def test_change_of_rates_divides_by_the_growth_of_the_population():
    series = with_rates(
        with_intervals(make_series({"2013": 100.0, "2019": 150.0})), {"all": {"2013": 1000, "2019": 1200}}
    )
    row = change_since(series, "2013").iloc[1]
    assert row["rate_ratio"] == pytest.approx(1.25)  # 1.5 / 1.2 by hand
    assert row["rate_ratio_low"] == pytest.approx(row["ratio_low"] / 1.2)


def test_rates_of_another_base_do_not_join():
    one = with_rates(make_series({"2013": 1.0}), 100, per=100)
    with pytest.raises(AnalysisError, match="Rates per different numbers of people can't share an axis"):
        join_series(one, with_rates(make_series({"2013": 1.0}, group="b"), 100, per=1000), name="n", title="t")
