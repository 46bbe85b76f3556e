"""A force's own extract: offences chosen by code and knife flag, once for each reference."""

from __future__ import annotations

import pandas as pd
import pytest

from hotspots.errors import SourceError
from hotspots.model import words_of
from hotspots.sources.offences import read_offences


def write(folder, header, *rows, name="2019-01-west-midlands-street.csv"):
    path = folder / name
    path.write_text("\r\n".join([header, *rows]) + "\r\n", encoding="utf-8", newline="")
    return path


HEADER = "reference,offence_code,offence,occurred_from,easting,northing,knife"


ROWS = (
    "R1,8N,Assault with injury,01/02/2019 23:30,401774,284396,Y",
    "R2,34B,Robbery,2019-03-04 10:00,401775.5,284397.5,N",
    "R3,8N,Assault with injury,05/06/2019 01:00,,,N",
    "R4,8N,Assault with injury,05/06/2019 01:00,0,0,Y",
    "R5,8N,Assault with injury,31/06/2019 01:00,401774,284396,Y",
    "R6,8N,Assault with injury,01/01/2020 00:00,401774,284396,Y",
    "R1,8N,Assault with injury,01/02/2019 23:30,401774,284396,Y",
    "R2,34B,Robbery,2019-03-04 10:00,401775.5,284397.5,Y",
)


def test_offences_are_kept_once_with_a_date(tmp_path):
    events = read_offences(write(tmp_path, HEADER, *ROWS), years=(2019, 2019))
    assert events.rows_read == 8
    assert dict(events.dropped) == {"repeated reference": 2, "no usable date": 1, "outside 2019 to 2019": 1}
    table = events.table
    assert table["easting"].tolist()[:2] == [401774.0, 401775.5]
    # Blank and (0, 0) are both no place, and both stay in the file's total.
    assert table["easting"].isna().tolist() == table["northing"].isna().tolist() == [False, False, True, True]
    assert table["when"].iloc[0] == pd.Timestamp("2019-02-01 23:30")
    assert table["kind"].iloc[1] == "Robbery"
    assert table["knife"].tolist() == [True, False, False, True]
    assert words_of(events.notes) == (
        "1 row repeats a reference with other contents; the first row is used.",
        "2 offences of January to June 2019 have no coordinates; they are not counted in any area.",
    )


def test_offences_are_chosen_by_knife_and_code(tmp_path):
    path = write(tmp_path, HEADER, *ROWS[:4])
    assert dict(read_offences(path, knife=True).dropped) == {"not a knife offence": 2}
    assert dict(read_offences(path, knife=False).dropped) == {"knife offence": 2}
    assert dict(read_offences(path, codes=["34B"]).dropped) == {"other offence code": 3}
    with pytest.raises(SourceError) as error:
        read_offences(path, codes=["8M"])
    assert error.value.problem == f"There is no offence code '8M' in {path}."
    assert error.value.found == "codes 34B, 8N"


def test_columns_may_have_other_names(tmp_path):
    path = write(tmp_path, "crime_no,date,x,y", "1,2019-01-02,400000,300000", "1,2019-01-02,400000,300000")
    columns = {"reference": "crime_no", "occurred_from": "date", "easting": "x", "northing": "y"}
    events = read_offences(path, columns=columns)
    assert dict(events.dropped) == {"repeated reference": 1}
    assert events.table["kind"].tolist() == ["offence"]
    with pytest.raises(SourceError, match="has no column 'weapon'"):
        read_offences(path, columns={**columns, "knife": "weapon"})
    with pytest.raises(SourceError, match="'when' is not a column this format has"):
        read_offences(path, columns={"when": "date"})
    with pytest.raises(SourceError, match="has no column 'knife'"):
        read_offences(path, columns=columns, knife=True)


def test_two_roles_can_not_be_one_column(tmp_path):
    path = write(tmp_path, "reference,occurred_from,Easting,Northing", "R1,2019-01-02,400000,300000")
    for columns in ({"easting": "Northing"}, {"easting": "Easting", "northing": "easting"}):
        with pytest.raises(SourceError) as error:
            read_offences(path, columns=columns)
        assert error.value.problem.startswith("One column can't be both easting and northing: '")
        assert error.value.advice == "name a column for each with columns = { easting = ..., northing = ... }"
    # A column of its own under a usual name does not stand in the way of one that is named.
    assert len(read_offences(path, columns={"reference": "Reference"})) == 1


def test_a_column_that_is_named_must_be_there_under_its_usual_name_too(tmp_path):
    path = write(tmp_path, "occurred_from,easting,northing", "2019-01-02,400000,300000")
    assert len(read_offences(path)) == 1
    with pytest.raises(SourceError, match="has no column 'reference'"):
        read_offences(path, columns={"reference": "reference"})


@pytest.mark.parametrize("reference", ["", "not known", "N/A", "Unknown", "-", "None", "NOT RECORDED", "0", "?"])
def test_rows_without_a_reference_are_not_repeats(tmp_path, reference):
    rows = [f"{reference},8N,Assault,2019-01-01,400000,300000,Y"] * 2
    events = read_offences(write(tmp_path, HEADER, *rows))
    assert (len(events), dict(events.dropped)) == (2, {})
    assert not any("repeat" in note for note in words_of(events.notes))
    if reference:
        assert f"2 cells of reference identify no record: {reference!r}." in words_of(events.notes)


def test_a_knife_flag_must_be_yes_or_no(tmp_path):
    path = write(tmp_path, HEADER, ROWS[0], "R2,8N,A,2019-01-01,1,2,perhaps")
    with pytest.raises(SourceError) as error:
        read_offences(path)
    assert error.value.problem == "'perhaps' is neither yes nor no."
    assert error.value.found == f"column 'knife', row 3 of {path}; 1 such cells"


def test_the_samples_offences(root):
    path = root / "data" / "events" / "invented_offences_2013-2019.csv.gz"
    events = read_offences(path, knife=True, years=(2013, 2019), release="invented")
    years = events.table["when"].dt.year.value_counts().sort_index()
    assert years.tolist() == [1_512, 1_487, 1_503, 2_004, 2_413, 2_897, 3_649]
    assert events.dropped["repeated reference"] == 60
    assert events.dropped["no usable date"] == 12
    assert events.dropped["outside 2013 to 2019"] == 10
    everything = read_offences(path, years=(2013, 2019)).table
    assert everything["easting"].isna().sum() == 560 + 190


def test_offences_without_a_reference_say_so(tmp_path):
    path = write(tmp_path, "occurred_from,easting,northing", "2019-01-02,408811,284398")
    assert "No column reference: duplicate rows could not be identified." in words_of(read_offences(path).notes)
