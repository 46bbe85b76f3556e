"""Tables of series and extracts as CSV: every number, the mark on every row, and nothing a spreadsheet would run."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hotspots.analysis.series.change import change_since
from hotspots.analysis.series.counting import with_intervals, with_rates
from hotspots.errors import DisclosureError
from hotspots.model import EXTRACT_COLUMNS, Extract, Identity, Series
from hotspots.publish.tables.series import write_table


def counted(release: str = "open") -> Series:
    table = pd.DataFrame({"period": ["2013", "2014", "2015"], "group": "all", "low": [100.0, np.nan, 250.0]})
    series = Series(
        table.assign(high=[100.0, np.nan, 254.0], ci_low=0.0, ci_high=0.0),
        unit="crimes",
        provisional=("2015",),
        identity=Identity(release=release, sources=("Home Office",)),
    )
    return with_rates(with_intervals(series), 1_000, per=1_000)


def test_a_series_has_its_numbers_rates_and_change(tmp_path: Path) -> None:
    series = counted()
    path = write_table(tmp_path / "series.csv", series, also=change_since(series, "2013"))
    raw = path.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert raw.count(b"\r\n") == 4
    table = pd.read_csv(io.BytesIO(raw), encoding="utf-8-sig")
    assert table["low"].tolist()[::2] == [100, 250]
    assert table["high"].tolist()[::2] == [100, 254]
    assert table["low"].isna().tolist() == [False, True, False]
    assert table["provisional"].tolist() == [False, False, True]
    assert table["rate_low"].iloc[2] == 250
    assert table["rate_per"].tolist() == [1_000] * 3
    assert table["ratio_low"].iloc[0] == 1
    assert set(table["release"]) == {"Made from published data."}


def test_a_ratio_without_an_upper_limit_is_an_empty_cell(tmp_path: Path) -> None:
    table = pd.DataFrame({"period": ["2013", "2014"], "group": "all", "low": [0.0, 12.0], "high": [2.0, 12.0]})
    series = with_intervals(
        Series(table.assign(ci_low=0.0, ci_high=0.0), unit="crimes", identity=Identity(release="open"))
    )
    change = change_since(series, "2013")
    assert np.isposinf(change["ratio_high"].iloc[1])
    text = write_table(tmp_path / "series.csv", series, also=change).read_text(encoding="utf-8-sig")
    assert "inf" not in text


def test_an_extract_is_written_as_it_is(tmp_path: Path) -> None:
    row = dict.fromkeys(EXTRACT_COLUMNS["recording"], 1.0) | {"la_name": "=Ash", "la_code": "E1", "period": "2018/19"}
    extract = Extract(pd.DataFrame([row]), kind="recording", identity=Identity(release="open", sources=("DfE",)))
    table = pd.read_csv(write_table(tmp_path / "a.csv", extract), encoding="utf-8-sig")
    assert table["la_name"].tolist() == ["'=Ash"]
    assert list(table.columns) == [*EXTRACT_COLUMNS["recording"], "source", "release"]
    assert extract.table["la_name"].tolist() == ["=Ash"]


def test_unreleased_numbers_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(DisclosureError, match="A table would publish unprotected counts"):
        write_table(tmp_path / "series.csv", counted("unreleased"))
    assert not list(tmp_path.iterdir())
