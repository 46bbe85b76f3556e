"""Rows left out, each for the first reason that applies; columns under other names; dates and periods."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotspots.errors import SourceError
from hotspots.model import NO_PERIOD, cover_months, cover_years
from hotspots.sources import _audit, _naming, _times


@given(st.lists(st.lists(st.booleans(), min_size=6, max_size=6), max_size=4))
def test_kept_and_dropped_add_up(masks):
    sieve = _audit.Sieve(6)
    for number, mask in enumerate(masks):
        sieve.drop(np.array(mask), f"reason {number}")
    assert int(sieve.keep.sum()) + sum(sieve.dropped.values()) == 6


def test_years_include_both_ends():
    when = pd.Series(pd.to_datetime(["2012-12-31", "2013-01-01", "2019-12-31", "2020-01-01", None]))
    sieve = _audit.Sieve(5)
    sieve.drop_years(when, (2013, 2019))
    assert sieve.keep.tolist() == [False, True, True, False, False]
    assert sieve.dropped == {"no usable date": 1, "outside 2013 to 2019": 2}


def test_unknown_roles_of_columns_are_refused():
    assert _audit.choose_columns({"age": "STARTAGE"}, {"age": "ADMIAGE"}) == {"age": "ADMIAGE"}
    with pytest.raises(SourceError) as error:
        _audit.choose_columns({"age": "STARTAGE", "sex": "SEX"}, {"agee": "x"})
    assert error.value.problem == "'agee' is not a column this format has."
    assert error.value.found == "columns age, sex"
    assert error.value.advice == "is it 'age'?"


def test_years_backwards_are_refused():
    with pytest.raises(SourceError, match="The years 2019 to 2013 run backwards"):
        _audit.need_years((2019, 2013))


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2019-07-31", "2019-07-31T00:00:00"),
        ("2019-07-31 23:30", "2019-07-31T23:30:00"),
        ("2019-07-31T23:30:15", "2019-07-31T23:30:15"),
        ("2019-07-31T23:30:15.250Z", "2019-07-31T23:30:15"),
        ("03/02/2019", "2019-02-03T00:00:00"),
        ("3/2/2019 9:05", "2019-02-03T09:05:00"),
        ("31/12/2019 23:59:59", "2019-12-31T23:59:59"),
        ("2019-07", "2019-07-01T00:00:00"),
        ("29/02/2020", "2020-02-29T00:00:00"),
    ],
)
def test_dates_are_read_day_before_month(text, date):
    assert _times.to_dates(pd.Series([text])).iloc[0] == pd.Timestamp(date)


@pytest.mark.parametrize(
    "text",
    ["", "unknown", "30/02/2015", "29/02/2019", "12/13/2017", "00/00/0000 00:00", "2016-02-30", "2015-13-01", "7"],
)
def test_dates_that_do_not_exist_are_missing(text):
    assert pd.isna(_times.to_dates(pd.Series([text])).iloc[0])


def test_the_period_covered():
    assert str(_times.period_covered(cover_years(2017, 2019), (2013, 2019))) == "2017-2019"
    assert str(_times.period_covered(cover_months(["2011-02"]), None)) == "February 2011"
    assert str(_times.period_covered(None, (2013, 2019))) == "2013-2019"
    assert _times.period_covered(None, None) == NO_PERIOD


@pytest.mark.parametrize(
    ("column", "parsed"),
    [
        ("LSOA11CD", ("lsoa", 2011, "code")),
        ("lsoa21_name", ("lsoa", 2021, "name")),
        ("LSOA code (2011)", ("lsoa", 2011, "code")),
        ("LSOA code", ("lsoa", None, "code")),
        ("Local Authority District name (2019)", ("lad", 2019, "name")),
        ("LAD22NM", ("lad", 2022, "name")),
        ("ltla24_code", ("ltla", 2024, "code")),
        ("la_code", ("la", None, "code")),
        ("MSOA11", ("msoa", 2011, "code")),
        ("LSOA2011CD", ("lsoa", 2011, "code")),
    ],
)
def test_ons_columns_say_what_they_hold(column, parsed):
    assert tuple(_naming.parse_column(column)) == parsed


@pytest.mark.parametrize("column", ["name", "ruc11_code", "location", "shape_area_pub", "bng_e", "LSOA11NMW", "la"])
def test_other_columns_say_nothing(column):
    assert _naming.parse_column(column) is None


def test_two_columns_of_codes_must_be_told_apart(tmp_path):
    with pytest.raises(SourceError) as error:
        _naming.find_code_column(["lsoa11_code", "lsoa21_code", "n"], path=tmp_path)
    assert error.value.problem == f"{tmp_path} has more than one column of LSOA codes."
    assert error.value.found == "lsoa11_code, lsoa21_code"


def test_empty_and_repeated_codes_are_refused(tmp_path):
    with pytest.raises(SourceError, match="row 3"):
        _naming.need_unique_codes(["a", ""], [2, 3], path=tmp_path)
    with pytest.raises(SourceError) as error:
        _naming.need_unique_codes(["a", "b", "a"], [2, 3, 4], path=tmp_path)
    assert error.value.found == f"rows 2 and 4 of {tmp_path}"
