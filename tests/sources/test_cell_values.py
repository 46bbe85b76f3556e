"""Cells as numbers with the marks of a file, as codes, years and dates; periods in words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hotspots.errors import SourceError
from hotspots.model import cover_months, cover_years
from hotspots.sources import _cell_values


def column(*cells, name="n", start=2):
    return pd.Series(list(cells), name=name, index=range(start, start + len(cells)))


def test_numbers_with_separators_and_percent_signs(tmp_path):
    cells = column("1,234", "1,234,567.5", "12.5%", "-3", ".5", "1e3", "+2", "")
    numbers = _cell_values.to_number(cells, path=tmp_path)
    expected = [1234, 1234567.5, 0.125, -3, 0.5, 1000, 2, np.nan]
    np.testing.assert_array_equal(numbers.values.to_numpy(), expected)
    assert numbers.reasons.tolist() == [""] * 7 + ["blank"]
    assert cells.tolist()[0] == "1,234"


@pytest.mark.parametrize("cell", ["nan", "inf", "NA", "1,23", "12,3456", "1 2", "x", "٣", "0x10", "1_000", "--1"])
def test_what_is_no_number_is_refused_with_its_row(tmp_path, cell):
    with pytest.raises(SourceError) as error:
        _cell_values.to_number(column("1", cell, "3"), path=tmp_path / "f.csv")
    assert error.value.problem == f"{cell!r} is not a number."
    assert error.value.found == f"column 'n', row 3 of {tmp_path / 'f.csv'}"


def test_marks_are_the_files_own(tmp_path):
    cells = column("5", "x", "c", "[x]")
    numbers = _cell_values.to_number(
        cells, _cell_values.with_brackets({"x": "hidden", "c": "confidential"}), path=tmp_path
    )
    assert numbers.reasons.tolist() == ["", "hidden", "confidential", "hidden"]
    assert numbers.values.isna().tolist() == [False, True, True, True]
    with pytest.raises(SourceError, match="marks known here: c"):
        _cell_values.to_number(cells, {"c": "confidential"}, path=tmp_path)


def test_codes_are_capitals_and_none_where_empty():
    assert _cell_values.to_codes(column(" e01008881 ", "")).tolist() == ["E01008881", None]


def test_years_backwards_are_refused():
    with pytest.raises(SourceError, match="The years 2019 to 2013 run backwards"):
        _cell_values.need_years((2019, 2013))


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
    assert _cell_values.to_dates(pd.Series([text])).iloc[0] == pd.Timestamp(date)


@pytest.mark.parametrize(
    "text",
    ["", "unknown", "30/02/2015", "29/02/2019", "12/13/2017", "00/00/0000 00:00", "2016-02-30", "2015-13-01", "7"],
)
def test_dates_that_do_not_exist_are_missing(text):
    assert pd.isna(_cell_values.to_dates(pd.Series([text])).iloc[0])


@pytest.mark.parametrize("text", ["1899-12-31", "01/01/1800", "2999-07", "2101-01-01", "31 Jul 2999", "99991231"])
def test_years_that_no_record_is_of_are_missing(text):
    assert pd.isna(_cell_values.to_dates(pd.Series([text])).iloc[0])


def test_periods_in_words():
    assert str(_cell_values.period_covered(cover_years(2017, 2019), (2013, 2019))) == "2017-2019"
    assert str(_cell_values.period_covered(cover_months(["2011-02"]), None)) == "February 2011"
    assert str(_cell_values.period_covered(None, (2013, 2019))) == "2013-2019"
    assert not _cell_values.period_covered(None, None)
