"""Change points: the search against every cut, two published series, and how often nothing is called something."""

from itertools import combinations, pairwise

import numpy as np
import pandas as pd
import pytest

from hotspots.analysis.change_points import find_change_points
from hotspots.analysis.periods import sum_to_years, with_intervals, with_rates
from hotspots.analysis.segments import best_cuts, deviances, dispersion_of, draw_counts
from hotspots.errors import AnalysisError
from hotspots.nouns import Series
from hotspots.sources.recorded import read_recorded

# Coal-mining disasters in Britain by year, 1851 to 1962: Carlin, Gelfand and Smith (1992), Applied Statistics 41.
COAL = [
    4, 5, 4, 1, 0, 4, 3, 4, 0, 6, 3, 3, 4, 0, 2, 6, 3, 3, 5, 4, 5, 3, 1, 4, 4, 1, 5, 5, 3, 4, 2, 5, 2, 2, 3, 4, 2,
    1, 3, 2, 2, 1, 1, 1, 1, 3, 0, 0, 1, 0, 1, 1, 0, 0, 3, 1, 0, 3, 2, 2, 0, 1, 1, 1, 0, 1, 0, 1, 0, 0, 0, 2, 1, 0,
    0, 0, 1, 1, 0, 2, 3, 3, 1, 1, 2, 1, 1, 1, 1, 2, 4, 2, 0, 0, 0, 1, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0,
    1,
]  # fmt: skip


def make_series(counts, *, periods=None, high=None, group="all", **words):
    names = [str(2000 + n) for n in range(len(counts))] if periods is None else periods
    table = pd.DataFrame({"period": names, "group": group, "low": np.asarray(counts, dtype=float)})
    table["high"] = table["low"] if high is None else np.asarray(high, dtype=float)
    options = {"unit": "crimes", "title": "crimes", "release": "open"} | words
    return Series(table.assign(ci_low=np.nan, ci_high=np.nan), **options)


def search(series, seed=1, **options):
    return find_change_points(series, rng=np.random.default_rng(seed), **{"draws": 199, **options})


def test_the_search_finds_what_trying_every_cut_finds():
    rng = np.random.default_rng(11)
    for _ in range(20):
        y = rng.poisson(rng.choice([0.5, 3, 20], 9)).astype(float)
        e = rng.uniform(0.5, 2.0, 9)
        cost = deviances([y], e)
        found = best_cuts(cost, most=4, shortest=2)
        for k in range(1, 5):
            tried = {}
            for cut in combinations(range(1, 9), k - 1):
                edges = [0, *cut, 9]
                if min(np.diff(edges)) >= 2:
                    tried[cut] = sum(_deviance(y[a:b], e[a:b]) for a, b in pairwise(edges))
            best = min(tried, key=tried.get)
            assert found.cost[0, k - 1] == pytest.approx(tried[best], abs=1e-9)
            assert tuple(found.start[0, k - 1, 1:k]) == best


def _deviance(y, e):
    level = y.sum() / e.sum()
    return 2 * sum(a * np.log(a / (b * level)) if a > 0 else 0.0 for a, b in zip(y, e, strict=True))


def test_coal_mining_disasters_change_after_the_41st_year():
    # Carlin, Gelfand and Smith (1992): the posterior mode of the change point is k = 41, the year 1891.
    assert (len(COAL), sum(COAL)) == (112, 191)
    cuts = best_cuts(deviances([COAL], np.ones(112)), most=2)
    assert cuts.start[0, 1, 1] == 41


def test_the_nile_falls_after_1898():
    # Cobb (1978), Biometrika 65, 243-251: the level of the Nile fell after 1898.
    from statsmodels.datasets import nile

    data = nile.load_pandas().data
    series = make_series(data["volume"], periods=[f"{year:.0f}" for year in data["year"]])
    table = search(series, draws=99).table
    assert list(table["first"]) == ["1871", "1899"]
    assert list(table["last"]) == ["1898", "1970"]
    assert table["ratio"].iloc[1] == pytest.approx(849.97 / 1097.75, rel=1e-4)  # means of both stretches, by hand


def test_a_jump_is_found_with_its_size_and_place():
    extract = search(make_series([400, 405, 398, 402, 600, 610, 595]))
    table = extract.table
    assert list(table["first"]) == ["2000", "2004"]
    # By hand: 1,805 events in 3 years against 1,605 in 4.
    assert table["ratio"].iloc[1] == pytest.approx((1805 / 3) / (1605 / 4))
    assert table["ratio_low"].iloc[1] < 1.4995 < table["ratio_high"].iloc[1]
    assert (table["earliest"].iloc[1], table["latest"].iloc[1]) == ("2004", "2004")
    assert table["p"].max() <= 0.05
    assert extract.kind == "change-points"
    assert extract.release == "open"


@pytest.mark.parametrize(("n", "mean", "dispersion", "tried"), [(7, 300, 1, 120), (7, 3000, 10, 120), (24, 500, 4, 60)])
def test_where_nothing_changed_little_is_found(n, mean, dispersion, tried):
    rng = np.random.default_rng(n + dispersion)
    drawn = draw_counts(np.full(n, float(mean)), dispersion, size=tried, rng=rng)
    tables = [find_change_points(make_series(y), rng=rng, draws=99).table for y in drawn]
    found = sum(len(table) > 1 for table in tables)
    # A series is cut only where any cut at all, and each of its cuts, is at most so likely by chance.
    assert all((table["p"] <= 0.05).all() for table in tables if len(table) > 1)
    print(f"{n} periods, mean {mean}, dispersion {dispersion}: {found} of {tried} series cut where nothing changed")
    # 5 % of 120 are 6; more than 13 (of 60: more than 8) would come by chance less than one time in 200.
    assert found <= {120: 13, 60: 8}[tried]


def test_dispersion_is_that_of_the_drawn_series_whatever_their_trend_or_jump():
    rng = np.random.default_rng(2)
    rise, jump = np.linspace(500, 2000, 40), np.repeat([500.0, 1500.0], 20)
    for mean in (np.full(40, 800.0), rise, jump):
        for dispersion in (1.0, 5.0):
            drawn = draw_counts(mean, dispersion, size=400, rng=rng)
            assert np.median(dispersion_of(drawn, np.ones(40))) == pytest.approx(dispersion, rel=0.15)


def test_drawn_counts_vary_as_they_should():
    drawn = draw_counts(np.array([50.0, 200.0]), 4.0, size=20_000, rng=np.random.default_rng(4))
    np.testing.assert_allclose(drawn.mean(axis=0), [50, 200], rtol=0.01)
    np.testing.assert_allclose(drawn.var(axis=0), [200, 800], rtol=0.05)


def test_season_is_no_change():
    rng = np.random.default_rng(8)
    quarters = [f"{year} Q{q}" for year in range(2010, 2017) for q in (1, 2, 3, 4)]
    counts = rng.poisson(np.tile([300.0, 400.0, 450.0, 320.0], 7))
    assert len(search(make_series(counts, periods=quarters)).table) == 1


def test_a_small_step_is_seen_through_a_large_season():
    quarters = [f"{year} Q{q}" for year in range(2010, 2017) for q in (1, 2, 3, 4)]
    mean = np.tile([300.0, 400.0, 450.0, 320.0], 7) * np.repeat([1.0, 1.15], [16, 12])
    counts = np.random.default_rng(8).poisson(mean)
    table = search(make_series(counts, periods=quarters)).table
    assert list(table["first"]) == ["2010 Q1", "2014 Q1"]
    # As years of a calendar without quarters the same numbers hide it behind their ups and downs.
    assert len(search(make_series(counts)).table) == 1


def test_the_same_seed_gives_the_same_table():
    series = make_series([100, 90, 110, 105, 160, 150, 155, 170])
    pd.testing.assert_frame_equal(search(series, 5).table, search(series, 5).table)


def test_why_a_group_is_not_cut():
    short = search(make_series([5, 6, np.nan, 7, 8, 9, 9]))
    assert short.table["reason"].iloc[0] == ("too short: 6 known periods, and fewer than 7 can show no change point")
    assert short.notes == ("All: too short: 6 known periods, and fewer than 7 can show no change point.",)
    below = search(make_series([5, 6, -1, 7, 8, 9, 9])).table
    assert below["reason"].iloc[0].startswith("a number is below 0 (a correction of an earlier one)")
    hidden = search(make_series([1] * 7, high=[7] * 7)).table
    assert hidden["reason"].iloc[0] == "hidden numbers could differ by more than chance does"
    assert search(make_series([0] * 7)).table["reason"].iloc[0] == "no event in any period"
    provisional = make_series([400] * 7 + [900], provisional=("2007",))
    found = search(provisional)
    assert found.table["last"].iloc[-1] == "2006"
    assert "Provisional and left out of the search: 2007." in found.notes


def test_a_steady_rise_is_said_to_be_one():
    notes = search(make_series([1000, 1100, 1210, 1331, 1464, 1611, 1772, 1949])).notes
    assert "All: a steady rise or fall over all periods describes the numbers better than steps." in notes


def test_with_a_population_the_level_is_the_rate():
    series = make_series([100, 102, 99, 101, 200, 204, 198, 202])
    people = {str(2000 + n): 1000.0 if n < 4 else 2000.0 for n in range(8)}
    rated = with_rates(with_intervals(series), {"all": people}, per=1_000)
    assert len(search(series).table) == 2
    table = search(rated).table
    assert len(table) == 1  # twice the events of twice the people
    assert table["level"].iloc[0] == pytest.approx(1206 / 12_000 * 1_000)


def test_settings_that_find_nothing():
    with pytest.raises(AnalysisError, match="with these settings can find nothing"):
        search(make_series([1] * 8), most=1)


@pytest.mark.real
def test_knife_crime_of_the_west_midlands_force(shared_data):
    quarters = read_recorded(shared_data / "knife_crime_pfa_quarterly.csv", force="West Midlands", years=(2012, 2018))
    years = search(sum_to_years(with_intervals(quarters))).table
    # The published page: a plateau to 2014/15, then a climb to more than double.
    assert (years["first"].iloc[0], years["last"].iloc[0]) == ("2012/13", "2014/15")
    assert len(years) > 1
    by_quarter = search(with_intervals(quarters)).table
    assert by_quarter["last"].iloc[0] in {"2014/15 Q3", "2014/15 Q4", "2015/16 Q1"}
