"""Events by area and period: each event once, and no period that is covered in part."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from worlds import identified, make_grid

from hotspots.analysis.counts import count_by_period, count_events
from hotspots.errors import AnalysisError
from hotspots.model import Coverage, Events, PeriodCounts


def dated(area, rows, cover):
    """Return events in areas, by code, on days."""
    table = pd.DataFrame(rows, columns=["area_code", "when"]).assign(easting=np.nan, northing=np.nan, kind="crime")
    table["when"] = pd.to_datetime(table["when"])
    return identified(Events, table, len(table), coverage=cover, release="open")


@pytest.fixture
def area():
    return make_grid(2, 2)


ROWS = [
    ("E01000000", "2018-12-31"),
    ("E01000000", "2019-01-01"),
    ("E01000000", "2019-01-31"),
    ("E01000001", "2019-03-31"),
    ("E01000001", "2019-04-01"),
    ("E01000100", "2019-05-10"),
    ("E01000100", None),
    ("E02999999", "2019-01-05"),
]


def test_every_event_is_in_one_period_or_dropped_with_the_reason(area):
    events = dated(area, ROWS, Coverage(date(2018, 12, 15), date(2019, 5, 31), ("2019-02",)))
    months = count_by_period(events, area, by="month")
    # December is covered from its 15th day on, February not at all.
    assert [str(one) for one in months.table.columns] == ["2019-01", "2019-03", "2019-04", "2019-05"]
    assert months.table.loc["E01000000"].tolist() == [2, 0, 0, 0]
    assert months.table.loc["E01000001"].tolist() == [0, 1, 1, 0]
    assert months.table.loc["E01000100"].tolist() == [0, 0, 0, 1]
    dropped = {"in no area of the study": 1, "no date": 1, "in a month that is not covered as a whole": 1}
    assert months.dropped == dropped
    assert months.table.to_numpy().sum() + sum(dropped.values()) == len(ROWS)
    assert [str(note) for note in months.notes] == [
        "1 event with no date: not counted by period.",
        "1 event in a month that is not covered as a whole: not counted by period.",
    ]


def test_quarters_and_years_are_sums_of_months(area):
    rows = [(area.ids[day % 3], date(2018, 1, 1) + pd.Timedelta(days=day)) for day in range(0, 730, 3)]
    events = dated(area, rows, Coverage(date(2018, 1, 1), date(2019, 12, 31)))
    month, quarter, year = (count_by_period(events, area, by=by).table for by in ("month", "quarter", "year"))
    assert (month.shape[1], quarter.shape[1], year.shape[1]) == (24, 8, 2)
    assert (month.iloc[:, 12:15].sum(axis=1) == quarter.iloc[:, 4]).all()
    assert (quarter.iloc[:, 4:].sum(axis=1) == year.iloc[:, 1]).all()
    whole = count_events(events, area).table["observed_low"]
    assert (year.sum(axis=1) == whole).all()
    assert str(quarter.columns[4]) == "2019Q1"


def test_what_covers_no_whole_period_is_refused(area):
    events = dated(area, ROWS[1:5], Coverage(date(2019, 1, 1), date(2019, 4, 30)))
    with pytest.raises(AnalysisError, match="No whole year"):
        count_by_period(events, area, by="year")


@pytest.mark.parametrize("odd", [-1.0, 0.5, np.nan])
def test_counts_by_period_are_whole(area, odd):
    table = pd.DataFrame(1.0, index=area.ids, columns=["2019-01", "2019-02"])
    table.iloc[1, 1] = odd
    with pytest.raises(AnalysisError, match="whole numbers"):
        identified(PeriodCounts, area, table, by="month")


def test_counts_by_period_are_of_the_areas_of_the_study_in_order(area):
    table = pd.DataFrame(np.arange(8.0).reshape(4, 2), index=area.ids[::-1], columns=["2019-02", "2019-01"])
    counts = identified(PeriodCounts, area, table, by="month")
    assert counts.table.index.tolist() == list(area.ids)
    assert counts.table.iloc[0].tolist() == [7, 6]
    with pytest.raises(AnalysisError, match="do not have the same areas"):
        identified(PeriodCounts, area, table.iloc[1:], by="month")
