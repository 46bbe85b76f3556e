"""Tables as text: encodings, rows as an editor numbers them, numbers and marks."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pytest

from hotspots.errors import SourceError
from hotspots.model import words_of
from hotspots.sources import _cell_values, _tabular


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
