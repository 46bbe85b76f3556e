"""What a source covers: months, and the years that figures per year are divided by."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from hotspots.analysis.common.time_coverage import compare_coverage, note_coverage, per_year, time_covered
from hotspots.model import Coverage, cover_dates, cover_months, cover_years, words_of

JULYS = cover_months(["2018-07", "2016-07", "2017-07"])


def test_three_julys_are_three_months_of_twenty_five():
    assert (JULYS.first, JULYS.last) == (date(2016, 7, 1), date(2018, 7, 31))
    assert JULYS.months == ("2016-07", "2017-07", "2018-07")
    assert (len(JULYS.span), len(JULYS.missing), JULYS.years, JULYS.only) == (25, 22, 0.25, ("July",))
    assert per_year("events per km²", JULYS.years, JULYS) == "events per km² per year (from July only)"
    assert time_covered(JULYS.years, JULYS) == "over 3 of 25 months"
    assert words_of(note_coverage(JULYS)) == (
        "Figures per year are of 3 of 25 months; covered: July 2016, July 2017, July 2018.",
        "They are from July only, as if the other months of a year were like these.",
    )


def test_fifty_eight_months_are_still_per_year():
    months = [f"{year}-{month:02d}" for year in range(2015, 2020) for month in range(1, 13)]
    cover = cover_months([month for month in months if month not in ("2017-03", "2018-11")])
    assert cover.years == pytest.approx(58 / 12)
    assert per_year("events per km²", cover.years, cover) == "events per km² per year"
    assert time_covered(cover.years, cover) == "over 58 of 60 months"
    assert words_of(note_coverage(cover)) == (
        "Figures per year are of 58 of 60 months; missing: March 2017, November 2018.",
    )


def test_calendar_months_that_are_never_covered_are_named():
    eleven = cover_months([f"2019-{month:02d}" for month in range(1, 13) if month != 5] + ["2018-12"])
    assert per_year("events per km²", eleven.years, eleven) == "events per km² per year (without May)"
    half = cover_months([f"2019-{month:02d}" for month in range(1, 7)])
    assert per_year("events", half.years, half) == "events per year (from 6 of the 12 calendar months)"


def test_whole_years_need_no_note():
    cover = cover_years(2017, 2019)
    assert (cover.years, cover.missing, cover.only, note_coverage(cover)) == (3.0, (), (), ())
    assert time_covered(3.0, cover) == "over 3 years"


def test_the_first_and_last_month_count_by_their_days():
    cover = Coverage(date(2019, 1, 1), date(2019, 6, 10))
    assert cover.years == pytest.approx((5 + 10 / 30) / 12)


def dated(first: str, last: str, number: int, *, without: tuple[str, ...] = ()) -> pd.Series:
    """Return events spread evenly between two days, none of them in some months."""
    when = pd.Series(pd.date_range(first, last, periods=number).astype("datetime64[s]"))
    return when[~when.dt.strftime("%Y-%m").isin(without)]


def test_dates_tell_where_a_file_ends():
    # 18 months of 1,000 events, though three years are asked for: nobody would take the rest for quiet.
    cover = cover_dates(dated("2017-01-01 12:00", "2018-06-30 12:00", 1000), years=(2017, 2019))
    assert (cover.first, cover.last, cover.years) == (date(2017, 1, 1), date(2018, 6, 30), 1.5)


def test_few_events_do_not_make_a_short_period():
    # The last of 20 events in three years is six weeks before the end: with chance (1 - 42/1095)^20 = 0.46.
    cover = cover_dates(dated("2017-01-20 09:00", "2019-11-19 09:00", 20), years=(2017, 2019))
    assert (cover.years, cover.missing) == (3.0, ())


def test_a_month_without_events_is_missing_where_there_are_many():
    cover = cover_dates(dated("2019-01-01 12:00", "2019-12-31 12:00", 3650, without=("2019-04",)), years=(2019, 2019))
    assert cover.missing == ("2019-04",)
    assert cover.years == pytest.approx(11 / 12)
    rare = cover_dates(dated("2019-01-01 12:00", "2019-12-31 12:00", 12, without=("2019-04",)), years=(2019, 2019))
    assert rare.missing == ()


def test_first_days_of_months_are_monthly_data():
    when = pd.Series(pd.to_datetime(["2016-07-01", "2018-07-01"] * 50))
    assert cover_dates(when).months == ("2016-07", "2018-07")


def test_nothing_dated_covers_nothing_known():
    assert cover_dates(pd.Series([pd.NaT], dtype="datetime64[s]")) is None
    assert cover_months([]) is None
    assert note_coverage(None) == ()


def test_periods_of_other_months_are_said_to_be_so():
    assert compare_coverage(cover_years(2017, 2018), cover_years(2015, 2016)) == ()
    said = words_of(compare_coverage(cover_years(2018, 2018), JULYS))
    assert said[-1] == "The two periods do not have the same months of the year: some of the difference may be season."
    assert said[0].startswith("Second period: Figures per year are of 3 of 25 months")


def test_the_chance_rule_errs_as_often_as_it_says():
    # Events at random over three years: the whole of them is found in at least 1 - 2 × 0.01 of the files, as each end
    # is cut with chance 0.01.
    rng = np.random.default_rng(5)
    whole = 0
    for _ in range(400):
        seconds = rng.uniform(0, 1095 * 86_400, 200)
        when = pd.Series((pd.Timestamp("2017-01-01") + pd.to_timedelta(seconds, unit="s")).astype("datetime64[s]"))
        whole += cover_dates(when, years=(2017, 2019)).years == 3.0
    assert whole / 400 >= 0.98 - 2 * (0.02 * 0.98 / 400) ** 0.5
