"""What types of the model can't hold, whoever makes them: endless counts, unordered periods, levels that are none."""

import numpy as np
import pandas as pd
import pytest
from drifting import QUARTERS, series_of
from worlds import make_grid

import hotspots as hs
from hotspots.analysis.authorities.standardisation import directly_standardised
from hotspots.analysis.common.rates import crude_rate, empirical_bayes_rate, standardised_rate
from hotspots.analysis.schools.school_inputs import _children
from hotspots.errors import AnalysisError
from hotspots.model.schools import SCHOOL_COLUMNS


def test_a_series_has_every_period_once_and_change_points_want_them_in_order():
    rising = series_of(np.linspace(500, 900, 12)).table
    with pytest.raises(AnalysisError, match=r"out of order: 2012 Q3 after 2012 Q4"):
        hs.series.find_change_points(
            hs.series.Series(rising.iloc[::-1], unit="crimes", identity=hs.studies.Identity(release="unreleased")),
            rng=np.random.default_rng(1),
        )
    twice = pd.concat([rising.iloc[:2], rising.iloc[1:]])
    with pytest.raises(AnalysisError, match="out of order: 2010 Q2 after 2010 Q2"):
        hs.series.find_change_points(
            hs.series.Series(twice, unit="crimes", identity=hs.studies.Identity(release="unreleased")),
            rng=np.random.default_rng(1),
        )
    for low, high in ((3.0, 2.0), (np.inf, np.inf), (1.0, np.inf)):
        with pytest.raises(AnalysisError, match="all, 2010 Q1 has an impossible interval"):
            hs.series.Series(
                rising.assign(low=[low, *rising["low"][1:]], high=[high, *rising["high"][1:]]),
                unit="crimes",
                identity=hs.studies.Identity(release="unreleased"),
            )
    assert sorted(QUARTERS) == QUARTERS


def test_counts_and_people_are_finite():
    area = make_grid(3, 3)
    counts = pd.DataFrame({"observed_low": 1.0, "observed_high": 1.0}, index=area.ids)
    counts.iloc[0] = np.inf
    with pytest.raises(AnalysisError, match="has an impossible interval inf to inf"):
        hs.AreaCounts(area, counts, identity=hs.studies.Identity(release="unreleased"))
    crowded = area.areas.assign(population=[np.inf, *[100.0] * 8])
    with pytest.raises(AnalysisError, match="is larger than possible"):
        hs.StudyArea(crowded, geography="grid", vintage=None, identity=hs.studies.Identity(release="open"))


@pytest.mark.parametrize("level", [0, 1, 2, np.nan, -0.05, "0.05"])
def test_a_level_is_between_0_and_1(level):
    area = make_grid(3, 3)
    counts = hs.AreaCounts(
        area,
        pd.DataFrame({"observed_low": 1.0, "observed_high": 1.0}, index=area.ids),
        identity=hs.studies.Identity(release="unreleased"),
    )
    for test in (hs.getis_ord, hs.local_moran):
        with pytest.raises(AnalysisError, match="A significance level must be between 0 and 1"):
            test(counts, level=level)


@pytest.mark.parametrize(
    "values",
    [[[1]] * 9, [1j] * 9, ["x"] * 9, [pd.Timestamp("2020-01-01")] * 9, [1e20] * 9, [np.inf] * 9, [True, "a"] * 4 + [1]],
)
def test_a_column_of_counts_holds_numbers(values):
    squares = make_grid(3, 3).areas.assign(n=pd.Series(values, index=make_grid(3, 3).ids))
    with pytest.raises(AnalysisError, match="does not hold counts or people"):
        hs.getis_ord(squares, column="n", release="open")


def test_a_missing_count_is_missing():
    area = make_grid(3, 3)
    squares = area.areas.assign(n=pd.array([pd.NA, *range(1, 9)], dtype="Int64"))
    plain = area.areas.assign(n=[np.nan, *range(1, 9)])
    one, other = (hs.getis_ord(data, column="n", release="open", null="randomisation") for data in (squares, plain))
    pd.testing.assert_frame_equal(one.table, other.table)


@pytest.mark.parametrize(
    "odd", [{"rule": "nearest", "number": 2.5}, {"rule": "distance", "distance": np.nan}, {"rule": "bishop"}]
)
def test_neighbours_of_no_rule(odd):
    with pytest.raises(AnalysisError):
        hs.link_neighbours(make_grid(3, 3), **odd)


def test_random_numbers_come_from_a_generator():
    with pytest.raises(AnalysisError, match="is a numpy Generator"):
        hs.series.find_change_points(series_of(np.full(9, 400.0)), rng=3)


IMPOSSIBLE = [np.inf, -np.inf, 1e300, -5.0]


@pytest.mark.parametrize("people", IMPOSSIBLE)
def test_people_are_as_many_as_there_can_be(people):
    """Wherever a population is taken: an endless one made every rate 0, and was written so."""
    area = make_grid(3, 3)
    by_area = pd.Series([people, *[100.0] * 8], index=area.ids)
    takes = [
        lambda: area.with_population(by_area),
        lambda: hs.StudyArea(
            area.areas.assign(population=by_area),
            geography="grid",
            vintage=None,
            identity=hs.studies.Identity(release="open"),
        ),
        lambda: hs.authorities.Ages(pd.DataFrame({0: by_area, 65: 10.0}), identity=hs.studies.Identity(release="open")),
        lambda: directly_standardised([[1, 2]], [[100.0, people]], [1, 1]),
        lambda: crude_rate([1, 2], [100.0, people]),
        lambda: empirical_bayes_rate([1, 2], [100.0, people]),
        lambda: standardised_rate([1, 2], [100.0, people]),
        lambda: hs.series.with_rates(series_of(np.linspace(500, 900, 12)), people),
        lambda: _children(area, by_area),
    ]
    for take in takes:
        with pytest.raises(AnalysisError, match=r"can't be|larger than possible|is negative"):
            take()


def test_pupils_are_finite():
    rows = pd.DataFrame(np.nan, index=["1", "2"], columns=list(SCHOOL_COLUMNS)).astype(object)
    rows[["pupils", "low", "high"]] = [[np.inf, 1.0, 1.0], [900.0, 1.0, 1.0]]
    with pytest.raises(AnalysisError, match="School '1' can't have inf pupils"):
        hs.schools.Schools(rows, rows_read=2, identity=hs.studies.Identity(release="unreleased"))
