"""Global statistics against spdep's figures; join counts against boards that can be counted by hand."""

from __future__ import annotations

import warnings
from itertools import combinations, permutations
from math import comb

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from worlds import make_counts, make_grid

from hotspots.errors import AnalysisError

with warnings.catch_warnings():
    # Some of what esda imports warns on import with the newest versions of its own dependencies.
    warnings.simplefilter("ignore")
    import esda  # noqa: F401

from hotspots.analysis.autocorrelation.neighbours import from_graph, link_neighbours
from hotspots.analysis.autocorrelation.whole_map import (
    general_g,
    global_statistics,
    join_moments,
    morans_i,
)
from hotspots.analysis.common import standardised_rate
from hotspots.publish.text import clustering_sentence

JOINS = ["high-high joins", "low-low joins", "high-low joins"]


def test_columbus_has_the_figures_of_spdep():
    # R spdep 1.2-7, moran.test, geary.test and globalG.test of CRIME, Queen contiguity.
    examples = pytest.importorskip("libpysal.examples")
    columbus = gpd.read_file(examples.get_path("columbus.shp")).set_crs(27700, allow_override=True)
    columbus["geometry"] = columbus.scale(1000, 1000, origin=(0, 0))
    # A table of counts must be whole: the same values in millionths.
    columbus["crime"] = np.rint(columbus["CRIME"] * 1e6)
    table = global_statistics(columbus, column="crime")
    assert table.loc["Moran's I", "value"] == pytest.approx(0.5001885572, abs=1e-7)
    assert table.loc["Moran's I", "expected"] == pytest.approx(-0.0208333333, abs=1e-9)
    assert table.loc["Moran's I", "z"] == pytest.approx((0.5001885572 + 0.0208333333) / 0.0086892892**0.5, abs=1e-5)
    assert table.loc["Geary's C", "value"] == pytest.approx(0.5405282027, abs=1e-7)
    assert table.loc["General G", "value"] == pytest.approx(0.12780746, abs=1e-7)
    assert "similar values lie together" in clustering_sentence(table, title="crime")


def test_rates_of_sids_are_standardised_as_spdep_and_esda_do():
    # R spdep 1.2-7, EBImoran of SID74 over BIR74 in the counties of North Carolina, binary Queen weights: 0.2429938.
    examples = pytest.importorskip("libpysal.examples")
    from esda.moran import Moran_Rate

    sids = gpd.read_file(examples.get_path("sids2.shp")).set_crs(27700, allow_override=True)
    sids["geometry"] = sids.scale(100_000, 100_000, origin=(0, 0))
    sids = sids.set_index("NAME")
    links = link_neighbours(sids)
    sids = sids.loc[list(links.ids)]
    values = standardised_rate(sids["SID74"], sids["BIR74"])
    assert morans_i(values, links.matrix()).i == pytest.approx(0.2429938, abs=5e-8)
    table = global_statistics(sids, column="SID74", population="BIR74")
    theirs = Moran_Rate(sids["SID74"], sids["BIR74"], links.to_graph().transform("r"), permutations=0)
    assert table.loc["Moran's I", "value"] == pytest.approx(theirs.I, abs=1e-9)


def test_few_people_side_by_side_are_no_cluster():
    """Constant risk, people clustered 49-fold: crude rates scatter most where few live, and there side by side."""
    area, rng, maps = make_grid(15, 15), np.random.default_rng(8), 200
    row, column = np.divmod(np.arange(225), 15)
    people = 100 * 49 ** np.exp(-((row - 7) ** 2 + (column - 7) ** 2) / 20)
    world = area.with_population(pd.Series(people, index=area.ids))
    weights = link_neighbours(world).matrix()
    weights = weights.multiply(1 / weights.sum(axis=1)[:, None]).tocsr()
    standard, crude = [], []
    for _ in range(maps):
        count = rng.poisson(people * 0.01)
        standard.append(morans_i(standardised_rate(count, people), weights).p <= 0.05)
        crude.append(morans_i(count / people, weights).p <= 0.05)
    print(f"flagged at 5%: {np.mean(standard):.3f} of standardised, {np.mean(crude):.3f} of crude rates")
    assert np.mean(standard) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / maps) < np.mean(crude)


def test_scatter_does_not_cluster():
    rng = np.random.default_rng(2)
    table = global_statistics(make_counts(make_grid(12, 12), rng.poisson(5, 144)))
    assert table["p"].min() > 0.01
    assert "no clustering beyond chance" in clustering_sentence(table, title="crime")
    assert set(table["areas"]) == {144}


def test_missing_areas_are_left_out():
    values = np.random.default_rng(3).poisson(5, 36).astype(float)
    values[0] = np.nan
    assert set(global_statistics(make_counts(make_grid(6, 6), values))["areas"]) == {35}


def test_equal_values_are_refused(grid):
    with pytest.raises(AnalysisError, match="All values are equal"):
        global_statistics(make_counts(grid, np.ones(36)))


@pytest.mark.parametrize(("rule", "number"), [("queen", None), ("nearest", 3)])
def test_general_g_is_that_of_esda(rule, number):
    # A second opinion; ours leaves out the table of all pairs that esda makes.
    from esda.getisord import G

    links = link_neighbours(make_grid(8, 8), rule=rule, number=number)
    values = np.random.default_rng(9).poisson(3, 64).astype(float)
    theirs = G(values, links.to_graph(), permutations=0)
    assert general_g(values, links.matrix()) == pytest.approx((theirs.G, theirs.EG, theirs.z_norm), abs=1e-9)


def test_moments_of_general_g_are_those_of_all_arrangements():
    weights = link_neighbours(make_grid(2, 3)).matrix()
    values = np.array([1.0, 2.0, 2.0, 5.0, 9.0, 0.0])
    pairs = values.sum() ** 2 - (values**2).sum()
    shuffled = np.array(list(permutations(values)))
    every = (shuffled * (weights @ shuffled.T).T).sum(axis=1) / pairs
    found, expected, z = general_g(values, weights)
    assert expected == pytest.approx(every.mean())
    assert z == pytest.approx((found - every.mean()) / every.std())


def test_general_g_has_no_meaning_where_one_area_has_everything(grid):
    table = global_statistics(make_counts(grid, [7] + [0] * 35))
    assert table.loc["General G", ["value", "z", "p"]].isna().all()
    assert table.drop("General G")[["value", "expected", "p"]].notna().all(axis=None)


def test_few_areas_are_refused():
    with pytest.raises(AnalysisError, match="too few areas to measure clustering") as caught:
        global_statistics(make_counts(make_grid(1, 3), [1, 2, 3]))
    assert caught.value.found == "3 areas with a value and a neighbour"


# --------------------------------------------------------------------------- join counts


def board(pattern: str) -> np.ndarray:
    """Return 6 by 6 counts: the halves, or a chessboard, of high (9) and low (1) areas."""
    row, column = np.divmod(np.arange(36), 6)
    high = row < 3 if pattern == "halves" else (row + column) % 2 == 0
    return np.where(high, 9, 1)


@pytest.mark.parametrize(
    ("pattern", "joins"),
    # A 6 by 6 board has 2 * 6 * 5 = 60 joins by rook. A half of 3 by 6 has 3 * 5 + 2 * 6 = 27, and 6 cross the
    # middle. On a chessboard every join is of two colours.
    [("halves", [27, 27, 6]), ("chessboard", [0, 0, 60])],
)
def test_joins_of_boards_are_counted_by_hand(grid, pattern, joins):
    table = global_statistics(make_counts(grid, board(pattern)), link_neighbours(grid, rule="rook"))
    assert table.loc[JOINS, "value"].tolist() == joins
    # Non-free sampling: 60 * (18 * 17) / (36 * 35) both high, and 60 * 2 * 18 * 18 / (36 * 35) of two colours.
    assert table.loc[JOINS, "expected"].tolist() == pytest.approx([102 / 7, 102 / 7, 216 / 7])
    # None of 999 shuffled boards is as extreme: p = 2 * (0 + 1) / (999 + 1).
    assert table.loc[JOINS, "p"].tolist() == pytest.approx([0.002] * 3)
    clustered = pattern == "halves"
    assert ((table.loc[JOINS, "z"] > 0) == [clustered, clustered, not clustered]).all()


def test_moments_of_joins_are_those_of_spdep(grid):
    # joincount.test of a published exercise (Greatrex, GEOG 364, lab 5), 6 by 6 squares, rook, 13 green, 23 white.
    mean, variance = join_moments(13, link_neighbours(grid, rule="rook").matrix())
    assert mean[:2] == pytest.approx([7.428571, 24.095238], abs=1e-6)
    assert variance[:2] == pytest.approx([3.477764, 4.594478], abs=1e-6)


@pytest.mark.parametrize(("rule", "number"), [("queen", None), ("nearest", 2)])
@pytest.mark.parametrize("high", [2, 3, 5])
def test_moments_of_joins_are_those_of_all_arrangements(rule, number, high):
    area = make_grid(3, 3)
    weights = link_neighbours(area, rule=rule, number=number).matrix()
    dense = weights.toarray()
    counted = []
    for chosen in combinations(range(9), high):
        x = np.isin(np.arange(9), chosen).astype(float)
        both, neither = x @ dense @ x / 2, (1 - x) @ dense @ (1 - x) / 2
        counted.append((both, neither, dense.sum() / 2 - both - neither))
    assert len(counted) == comb(9, high)
    mean, variance = join_moments(high, weights)
    np.testing.assert_allclose(mean, np.mean(counted, axis=0), atol=1e-12)
    np.testing.assert_allclose(variance, np.var(counted, axis=0), atol=1e-12)


def test_p_of_joins_is_near_that_of_all_arrangements():
    # On 2 by 4 squares 70 arrangements of four high areas are possible: of them each has its share.
    area = make_grid(2, 4)
    rook = link_neighbours(area, rule="rook")
    dense = rook.matrix().toarray()
    values = np.array([1, 1, 0, 0, 1, 1, 0, 0])  # the left half: 4 joins among the high, 2 between the halves
    mixed = []
    for chosen in combinations(range(8), 4):
        x = np.isin(np.arange(8), chosen).astype(float)
        mixed.append(x @ dense @ (1 - x))
    share = np.mean(np.array(mixed) <= 2)
    table = global_statistics(make_counts(area, values), rook, permutations=9999)
    assert table.loc["high-low joins", "value"] == 2
    # Six standard errors of 9,999 draws.
    assert table.loc["high-low joins", "p"] == pytest.approx(2 * share, abs=12 * (share * (1 - share) / 9999) ** 0.5)


def test_no_p_of_joins_is_above_one_or_zero(grid):
    table = global_statistics(make_counts(grid, board("halves")), permutations=0)
    assert table.loc[JOINS, "p"].tolist() == [1.0, 1.0, 1.0]


def test_high_is_above_the_overall_rate_and_not_above_the_mean_of_rates():
    # 4 squares in a row with 100, 100, 100 and 700 people, and 1, 2, 3 and 14 events: overall 20 in 1,000.
    # Rates are 10, 20, 30 and 20, so that only the third is above.
    area = make_grid(1, 4).with_population
    people = pd.Series([100.0, 100.0, 100.0, 700.0], index=make_grid(1, 4).ids)
    table = global_statistics(make_counts(area(people), [1, 2, 3, 14]))
    assert table.loc[JOINS, "value"].tolist() == [0, 1, 2]
    assert "both above the overall rate; p from 999 permutations" in table.loc["high-high joins", "words"]
    assert table.loc["Moran's I", "words"].startswith("of standardised rates")
    assert table.loc["General G", "words"].startswith("of rates per 1,000 people")
    alone = global_statistics(make_counts(make_grid(1, 4), [1, 2, 3, 14]), permutations=99)
    # The mean count is 5: only the fourth is above.
    assert alone.loc[JOINS, "value"].tolist() == [0, 2, 1]
    assert "both not above the mean count; p from 99 permutations" in alone.loc["low-low joins", "words"]
    assert alone.loc["Moran's I", "words"].startswith("of counts")


def test_a_neighbour_without_a_value_is_no_neighbour():
    # In a row, the first area's only neighbour has no count: both are left out.
    values = np.r_[4.0, np.nan, 2.0, 5.0, 1.0, 7.0, 3.0]
    table = global_statistics(make_counts(make_grid(1, 7), values))
    assert set(table["areas"]) == {5}
    assert table.loc[JOINS, "value"].sum() == 4


def test_leaving_out_can_leave_another_alone():
    # "Nearest" is not mutual: 0 looks at 1, 1 at 2, 2 at 3 (which has no count), so all three go.
    from libpysal.graph import Graph

    ids = make_grid(1, 8).ids
    looks_at = [1, 2, 3, 4, 5, 4, 7, 6]
    links = from_graph(Graph.from_arrays(list(ids), [ids[j] for j in looks_at], np.ones(8)))
    values = np.array([1.0, 2.0, 3.0, np.nan, 5.0, 1.0, 2.0, 9.0])
    assert set(global_statistics(make_counts(make_grid(1, 8), values), links)["areas"]) == {4}


def test_shuffling_is_the_callers_or_the_same_every_time(grid):
    counts = make_counts(grid, np.random.default_rng(4).poisson(3, 36))
    np.random.seed(1)  # noqa: NPY002 - the global state is what is looked at
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first = global_statistics(counts)
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002
    np.random.seed(2)  # noqa: NPY002
    pd.testing.assert_frame_equal(first, global_statistics(counts))
    pd.testing.assert_frame_equal(first, global_statistics(counts, rng=np.random.default_rng(0)))
    others = [global_statistics(counts, rng=seed)["p"].tolist() for seed in range(1, 5)]
    assert any(other != first["p"].tolist() for other in others)


def test_the_order_of_rows_changes_nothing(grid):
    squares = grid.areas.assign(crimes=np.random.default_rng(5).poisson(3, 36))
    shuffled = squares.sample(frac=1, random_state=6)
    before = shuffled.copy()
    pd.testing.assert_frame_equal(
        global_statistics(squares, column="crimes"), global_statistics(shuffled, column="crimes")
    )
    pd.testing.assert_frame_equal(before, shuffled)
