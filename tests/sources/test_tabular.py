"""Tables as text: encodings, rows as an editor numbers them, columns by name, and rows left out for a reason."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotspots.errors import SourceError
from hotspots.model import words_of
from hotspots.sources import _tabular


def write(folder, text, name="table.csv", encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def message(error) -> str:
    return str(error.value)


def test_words_that_others_take_for_missing_are_kept(tmp_path):
    path = write(tmp_path, "religion,mark,n\nNone,NA,x\nnan,,1\n")
    frame = _tabular.read_table(path).frame
    assert frame["religion"].tolist() == ["None", "nan"]
    assert frame["mark"].tolist() == ["NA", ""]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_byte_order_mark_and_line_ends_do_not_show(tmp_path, encoding, ends):
    path = write(tmp_path, ends.join(["LSOA11CD,n", " E01008881 ,1", ""]), encoding=encoding)
    table = _tabular.read_table(path)
    assert list(table.frame.columns) == ["LSOA11CD", "n"]
    assert table.frame["LSOA11CD"].tolist() == ["E01008881"]
    assert table.notes == ()


def test_windows_1252_is_read_and_said(tmp_path):
    path = write(tmp_path, "name,n\nplain,1\nSt Mary’s – Bilston,2\n", encoding="cp1252")
    table = _tabular.read_table(path)
    assert table.frame["name"].tolist()[1] == "St Mary’s – Bilston"
    assert words_of(table.notes) == ("table.csv is not in UTF-8 (row 3) and was read as Windows-1252.",)


def test_compressed_files_are_read_whatever_their_name(tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes(gzip.compress(b"a,b\n1,2\n"))
    assert _tabular.read_table(path).frame["b"].tolist() == ["2"]


def test_rows_are_numbered_as_an_editor_does(tmp_path):
    # Line 3 is blank, and the note of line 4 runs over to line 5.
    path = write(tmp_path, 'a,note\n1,x\n\n2,"two\nlines"\n3,y\n')
    frame = _tabular.read_table(path).frame
    assert frame.index.tolist() == [2, 4, 6]
    assert frame["a"].tolist() == ["1", "2", "3"]


def test_blank_lines_at_the_end_are_no_rows(tmp_path):
    assert len(_tabular.read_table(write(tmp_path, "a,b\n1,2\n\n\n"))) == 1


def test_a_row_that_is_too_short_ends_in_empty_cells(tmp_path):
    assert _tabular.read_table(write(tmp_path, "a,b\n1\n")).frame["b"].tolist() == [""]


def test_parquet_is_text_too(tmp_path):
    path = tmp_path / "t.parquet"
    pd.DataFrame({"urn": [103258.0, None], "score": [0.25, 1.5], "name": ["a", None]}).to_parquet(path)
    table = _tabular.read_table(path)
    assert table.frame["urn"].tolist() == ["103258", ""]
    assert table.frame["score"].tolist() == ["0.25", "1.5"]
    assert table.frame["name"].tolist() == ["a", ""]
    assert table.frame.index.tolist() == [1, 2]


def test_a_missing_file_names_the_nearest(tmp_path):
    write(tmp_path, "a\n1\n", name="crime_2019.csv")
    with pytest.raises(SourceError) as error:
        _tabular.read_table(tmp_path / "crimes_2019.csv")
    assert message(error) == (
        f"There is no file {tmp_path / 'crimes_2019.csv'}.\n"
        "  found: in that folder: crime_2019.csv\n"
        f"  try:   is it {tmp_path / 'crime_2019.csv'}?"
    )


def test_a_missing_folder_is_said(tmp_path):
    with pytest.raises(SourceError, match="no folder"):
        _tabular.read_table(tmp_path / "nowhere" / "a.csv")
    with pytest.raises(SourceError, match="is a folder, not a file"):
        _tabular.read_table(tmp_path)


@pytest.mark.parametrize(
    ("content", "problem", "found"),
    [
        (b"", "is empty", "0 bytes"),
        (b"\n \n", "is empty", "no text"),
        (b"a,b\n", "has no rows", "a header only"),
        (b"PK\x03\x04rest", "is a workbook, not a text file", ""),
        (b"a,b\n\x00\x01", "is not a text file", "a zero byte at position 4"),
        ("a,b\n1,2\n".encode("utf-16"), "is in UTF-16", ""),
        (b"a,b\n1,\x81\n", "is neither in UTF-8 nor in Windows-1252", "byte 0x81 in row 2"),
        (b"\x1f\x8b\x08damaged", "can't be unpacked", ""),
        (b"a,b\n1,2\n3,4,5\n", "is not a table with the same columns in every row", "row 3 has 3 cells, the header 2"),
        (b'a,b\n1,"2\n', "is not a table with the same columns in every row", "a double quote that is never closed"),
    ],
)
def test_what_is_no_table_of_text_is_refused(tmp_path, content, problem, found):
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(SourceError) as error:
        _tabular.read_table(path)
    assert problem in error.value.problem
    assert found in error.value.found


def test_a_first_row_that_is_too_long_does_not_become_an_index(tmp_path):
    with pytest.raises(SourceError, match="same columns in every row"):
        _tabular.read_table(write(tmp_path, "a,b\n1,2,3\n4,5,6\n"))


def test_damaged_parquet_is_refused(tmp_path):
    path = tmp_path / "t.parquet"
    path.write_bytes(b"not parquet at all")
    with pytest.raises(SourceError, match="can't be read as a Parquet file"):
        _tabular.read_table(path)


def test_columns_are_found_whatever_their_case_spaces_and_underscores(tmp_path):
    table = _tabular.read_table(write(tmp_path, "LSOA code,Crime_Type\nE01,x\n"))
    assert table.find("lsoa_code") == "LSOA code"
    assert table.need("crime type") == "Crime_Type"
    assert table.find("Month") is None


def test_a_missing_column_names_the_nearest_and_lists_all(tmp_path):
    path = write(tmp_path, "admissons,area\n1,2\n")
    with pytest.raises(SourceError) as error:
        _tabular.read_table(path).need("admissions", option="count_column")
    assert message(error) == (
        f"{path} has no column 'admissions'.\n"
        "  found: columns admissons, area\n"
        "  try:   is it 'admissons'? name the column with count_column"
    )


def test_semicolons_are_recognised(tmp_path):
    with pytest.raises(SourceError, match="save it with commas"):
        _tabular.read_table(write(tmp_path, "a;b\n1;2\n")).need("a")


def test_unknown_roles_of_columns_are_refused():
    assert _tabular.choose_columns({"age": "STARTAGE"}, {"age": "ADMIAGE"}) == {"age": "ADMIAGE"}
    with pytest.raises(SourceError) as error:
        _tabular.choose_columns({"age": "STARTAGE", "sex": "SEX"}, {"agee": "x"})
    assert error.value.problem == "'agee' is not a column this format has."
    assert error.value.found == "columns age, sex"
    assert error.value.advice == "is it 'age'?"


@given(st.lists(st.lists(st.booleans(), min_size=6, max_size=6), max_size=4))
def test_kept_and_dropped_add_up(masks):
    sieve = _tabular.Sieve(6)
    for number, mask in enumerate(masks):
        sieve.drop(np.array(mask), f"reason {number}")
    assert int(sieve.keep.sum()) + sum(sieve.dropped.values()) == 6


def test_years_include_both_ends():
    when = pd.Series(pd.to_datetime(["2012-12-31", "2013-01-01", "2019-12-31", "2020-01-01", None]))
    sieve = _tabular.Sieve(5)
    sieve.drop_years(when, (2013, 2019))
    assert sieve.keep.tolist() == [False, True, True, False, False]
    assert sieve.dropped == {"no usable date": 1, "outside 2013 to 2019": 2}
