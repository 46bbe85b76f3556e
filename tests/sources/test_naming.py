"""Columns of area codes by the names that ONS gives them."""

from __future__ import annotations

import pytest

from hotspots.errors import SourceError
from hotspots.sources import _area_rows, _tabular


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
    assert tuple(_tabular.parse_column(column)) == parsed


@pytest.mark.parametrize("column", ["name", "ruc11_code", "location", "shape_area_pub", "bng_e", "LSOA11NMW", "la"])
def test_other_columns_say_nothing(column):
    assert _tabular.parse_column(column) is None


def test_two_columns_of_codes_must_be_told_apart(tmp_path):
    with pytest.raises(SourceError) as error:
        _tabular.find_code_column(["lsoa11_code", "lsoa21_code", "n"], path=tmp_path)
    assert error.value.problem == f"{tmp_path} has more than one column of LSOA codes."
    assert error.value.found == "lsoa11_code, lsoa21_code"


def test_empty_and_repeated_codes_are_refused(tmp_path):
    with pytest.raises(SourceError, match="row 3"):
        _area_rows.need_unique_codes(["a", ""], [2, 3], path=tmp_path)
    with pytest.raises(SourceError) as error:
        _area_rows.need_unique_codes(["a", "b", "a"], [2, 3, 4], path=tmp_path)
    assert error.value.found == f"rows 2 and 4 of {tmp_path}"
