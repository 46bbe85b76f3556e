"""Periods as publishers and study files write them."""

from __future__ import annotations

from datetime import date

import pytest
from worlds import make_counts, make_grid

from hotspots.model import AUGUST, NO_PERIOD, Period, cover_years


@pytest.mark.parametrize(
    ("written", "year", "quarter", "months"),
    [
        ("2019", "2019", None, 12),
        ("2018/19", "2018/19", None, 12),
        ("2019 Q3", "2019", 3, 3),
        ("2018/19 Q4", "2018/19", 4, 3),
        ("2019 Q5", "2019 Q5", None, 12),
        ("0-4", "0-4", None, 12),
    ],
)
def test_a_quarter_is_a_fourth_of_what_stands_before_it(written, year, quarter, months):
    period = Period.read(written)
    assert (str(period), period.year, period.quarter, period.months) == (written, year, quarter, months)


@pytest.mark.parametrize(
    ("written", "last"),
    [
        ("2017-2019", date(2019, 12, 31)),
        ("2019 Q2", date(2019, 6, 30)),
        ("2018/19 Q4", date(2019, 3, 31)),
        ("2018/19", date(2019, 3, 31)),
        ("July 2018", date(2018, 7, 31)),
        ("June to July 2018", date(2018, 7, 31)),
        ("2018-01 to 2020-02", date(2020, 2, 29)),
        ("December 2017 to February 2020", date(2020, 2, 29)),
        ("July 2016, July 2017, July 2018", date(2018, 7, 31)),
        ("5 months from January to October 2016", date(2016, 10, 31)),
        ("2018-2019 without March 2018", date(2019, 12, 31)),
        ("2019 without July", date(2019, 12, 31)),
        ("2017-2019 against 2013-2015", date(2019, 12, 31)),
        ("mid-2019", date(2019, 12, 31)),
        ("the summer", None),
        ("", None),
    ],
)
def test_the_last_day_of_what_is_written(written, last):
    assert Period.read(written).last_day == last


def test_a_school_year_ends_in_august():
    assert Period.read("2014/15 to 2018/19", year_ends=AUGUST).last_day == date(2019, 8, 31)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("2017-2019", "2017–2019"),
        ("2018-19", "2018–19"),
        ("2011-12", "2011-12"),  # December 2011 as well as a school year
        ("2019-01 to 2019-12", "2019-01 to 2019-12"),
        ("2019-01-31", "2019-01-31"),
        ("2017-2019 without March 2018", "2017–2019 without March 2018"),
    ],
)
def test_only_years_have_an_en_dash(written, words):
    period = Period.read(written)
    assert (str(period), period.words) == (written, words)


def test_two_periods_make_one():
    first, last = cover_years(2013, 2015).period, cover_years(2017, 2019).period
    both = last.against(first)
    assert (str(both), both.words, both.last_day) == (
        "2017-2019 against 2013-2015",
        "2017–2019 against 2013–2015",
        date(2019, 12, 31),
    )
    assert first.against(cover_years(2013, 2015).period) is first
    years = Period.read("2017/18").to(Period.read("2018/19"))
    assert (str(years), years.last_day) == ("2017/18 to 2018/19", date(2019, 3, 31))


def test_text_given_to_a_type_of_the_model_is_read_once():
    counts = make_counts(make_grid(1, 2), [1, 2], period="2017-2019")
    assert counts.period == Period.read("2017-2019")
    assert Period.read(counts.period) is counts.period
    assert not NO_PERIOD
    assert make_counts(make_grid(1, 2), [1, 2]).period == NO_PERIOD
