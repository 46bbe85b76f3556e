"""What nouns can't hold, whoever makes them: endless counts, periods out of order, levels that are none."""

import numpy as np
import pandas as pd
import pytest
from drifting import QUARTERS, series_of
from worlds import make_grid

import hotspots as hs
from hotspots.errors import AnalysisError


def test_a_series_is_in_order_and_has_every_period_once():
    rising = series_of(np.linspace(500, 900, 12)).table
    with pytest.raises(AnalysisError, match=r"out of order at 2012 Q3"):
        hs.Series(rising.iloc[::-1], unit="crimes")
    with pytest.raises(AnalysisError, match="two rows of all, 2010 Q2"):
        hs.Series(pd.concat([rising, rising.iloc[[1]]]), unit="crimes")
    for low, high in ((3.0, 2.0), (np.inf, np.inf), (1.0, np.inf)):
        with pytest.raises(AnalysisError, match="all, 2010 Q1 has an impossible interval"):
            hs.Series(rising.assign(low=[low, *rising["low"][1:]], high=[high, *rising["high"][1:]]), unit="crimes")
    assert sorted(QUARTERS) == QUARTERS


def test_counts_and_people_are_finite():
    area = make_grid(3, 3)
    counts = pd.DataFrame({"observed_low": 1.0, "observed_high": 1.0}, index=area.ids)
    counts.iloc[0] = np.inf
    with pytest.raises(AnalysisError, match="has an impossible interval inf to inf"):
        hs.AreaCounts(area, counts)
    crowded = area.areas.assign(population=[np.inf, *[100.0] * 8])
    with pytest.raises(AnalysisError, match="is more than there can be"):
        hs.StudyArea(crowded, geography="grid", vintage=None)


@pytest.mark.parametrize("level", [0, 1, 2, np.nan, -0.05, "0.05"])
def test_a_level_is_between_0_and_1(level):
    area = make_grid(3, 3)
    counts = hs.AreaCounts(area, pd.DataFrame({"observed_low": 1.0, "observed_high": 1.0}, index=area.ids))
    for test in (hs.getis_ord, hs.local_moran):
        with pytest.raises(AnalysisError, match="A level of significance is between 0 and 1"):
            test(counts, level=level)
