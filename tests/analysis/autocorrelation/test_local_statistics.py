"""Getis-Ord and Local Moran against published figures, other programs and derivations by hand."""

from __future__ import annotations

import itertools
import re
import warnings
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from scipy import stats
from scipy.sparse import csr_array, eye_array
from scipy.spatial import KDTree
from worlds import ROOT, make_counts, make_grid

from hotspots.analysis.autocorrelation.local_statistics import getis_ord, local_moran
from hotspots.analysis.autocorrelation.neighbours import link_neighbours
from hotspots.analysis.autocorrelation.windows import gi_z, local_moran_i
from hotspots.errors import AnalysisError
from hotspots.model import words_of
from hotspots.vocabulary import RESULT_COLUMNS

GOLDEN = ROOT / "tests" / "golden"


def band_weights(points: np.ndarray, band: float):
    pairs = KDTree(points).query_pairs(band, output_type="ndarray")
    both = np.concatenate([pairs, pairs[:, ::-1]])
    n = len(points)
    return csr_array((np.ones(len(both)), (both[:, 0], both[:, 1])), shape=(n, n))


@pytest.fixture(scope="module")
def columbus():
    examples = pytest.importorskip("libpysal.examples")
    table = gpd.read_file(examples.get_path("columbus.shp")).set_crs(27700, allow_override=True)
    table["geometry"] = table.scale(1000, 1000, origin=(0, 0))
    return table


# --------------------------------------------------------------------------- published and other programs' numbers


def test_getis_and_ords_own_grid():
    data = pd.read_csv(GOLDEN / "getis_ord_grid_data.csv")
    values = data["value"].to_numpy(float)
    cell = 256 - 136 - 1  # spdep's example counts 136 back from the last of 256
    for band, gi, gi_star in pd.read_csv(GOLDEN / "getis_ord_grid.csv").itertuples(index=False):
        weights = band_weights(data[["easting", "northing"]].to_numpy(), band)
        assert gi_z(values, weights, with_self=False)[cell] == pytest.approx(gi, abs=1e-6)
        with_self = weights + eye_array(len(values), format="csr")
        assert gi_z(values, with_self, with_self=True)[cell] == pytest.approx(gi_star, abs=1e-6)


def test_six_points():
    data = pd.read_csv(GOLDEN / "getis_ord_points.csv")
    weights = band_weights(data[["x", "y"]].to_numpy(), 15)
    values = data["value"].to_numpy(float)
    assert gi_z(values, weights, with_self=False) == pytest.approx(data["gi_z"].to_numpy(), abs=1e-7)
    with_self = weights + eye_array(6, format="csr")
    assert gi_z(values, with_self, with_self=True) == pytest.approx(data["gi_star_z"].to_numpy(), abs=1e-7)


def test_columbus(columbus):
    golden = pd.read_csv(GOLDEN / "columbus.csv").set_index(["statistic", "position"])["value"]
    neighbours, values = link_neighbours(columbus), columbus["CRIME"].to_numpy()
    moran = local_moran_i(values, neighbours.matrix())[0]
    z = gi_z(values, neighbours.matrix(with_self=True), with_self=True)
    for i in (1, 2, 3):
        assert moran[i - 1] == pytest.approx(golden["moran_i", str(i)], abs=1e-8)
    for i in range(1, 6):
        assert z[i - 1] == pytest.approx(golden["gi_star_z", str(i)], abs=1e-6)
    assert z.min() == pytest.approx(golden["gi_star_z", "lowest"], abs=1e-6)
    assert z.max() == pytest.approx(golden["gi_star_z", "highest"], abs=1e-6)
    # spdep: hot at 90/95/99 % 15, 11 and 7, cold 10, 7 and 2.
    cuts = stats.norm.isf(np.array([0.05, 0.025, 0.005]))
    assert [(int((z > c).sum()), int((z < -c).sum())) for c in cuts] == [(15, 10), (11, 7), (7, 2)]
    p = 2 * stats.norm.sf(np.abs(z))
    from hotspots.analysis.common.multiple_testing import adjust

    assert int((adjust(p) < 0.05).sum()) == 9
    assert int((adjust(p, method="bonferroni") < 0.05).sum()) == 2


def test_second_opinion_of_esda(columbus):
    """esda agrees where it standardises nothing first; its row-standardised Gi* puts the diagonal in afterwards."""
    esda_g = pytest.importorskip("esda.getisord")
    from esda.moran import Moran_Local

    neighbours, values = link_neighbours(columbus), columbus["CRIME"].to_numpy()
    graph = neighbours.to_graph()
    theirs = esda_g.G_Local(values, graph, star=False, transform="B", permutations=0)
    assert gi_z(values, neighbours.matrix(), with_self=False) == pytest.approx(np.asarray(theirs.Zs), abs=1e-6)
    star = esda_g.G_Local(values, graph.assign_self_weight(1.0), star=None, transform="B", permutations=0)
    assert gi_z(values, neighbours.matrix(with_self=True), with_self=True) == pytest.approx(
        np.asarray(star.Zs), abs=1e-6
    )
    # esda divides by the n - 1 variance in Local Moran: its I is (n - 1) / n of spdep's.
    moran = Moran_Local(values, graph.transform("r"), permutations=0).Is
    n = len(values)
    assert local_moran_i(values, neighbours.matrix())[0] * (n - 1) / n == pytest.approx(moran, abs=1e-9)


def test_pseudo_p_values_of_esda_lie_where_ties_allow():
    """Exact tails of the neighbours' sum against 9,999 of esda's conditional permutations, and its ties."""
    moran = pytest.importorskip("esda.moran")
    area = make_grid(10, 10)
    values = np.random.default_rng(19).poisson(1.5, 100)
    links = link_neighbours(area)
    table = local_moran(make_counts(area, values), links).table
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # esda's default p-value is to change; it is not used here
        theirs = moran.Moran_Local(values.astype(float), links.to_graph(), permutations=9_999, n_jobs=1, seed=1)
    above = values > values.mean()
    at_least = (theirs.sim >= theirs.Is).sum(axis=0)
    # P(S >= s) and P(S > s) = 1 - P(S <= s) for a high own value; the mirror for a low one.
    hot, cold = table["p_hot_high"].to_numpy(), table["p_cold_high"].to_numpy()
    most, least = np.where(above, hot, cold), 1 - np.where(above, cold, hot)
    assert (at_least <= stats.binom.ppf(1 - 1e-6, 9_999, most)).all()
    assert (at_least >= stats.binom.ppf(1e-6, 9_999, np.clip(least, 0, 1))).all()


# --------------------------------------------------------------------------- the faces


def test_every_result_has_the_fixed_columns(grid):
    counts = make_counts(grid, np.arange(36))
    for method in (getis_ord, local_moran):
        table = method(counts).table
        assert list(table.columns) == [c for c in RESULT_COLUMNS if c != "area_id"]
        assert table.index.name == "area_id"
        assert table.index.equals(grid.ids)


def test_a_corner_of_high_counts_is_hot():
    area = make_grid(10, 10)
    values = np.ones((10, 10))
    values[:3, :3] = 20
    result = getis_ord(make_counts(area, values.ravel()))
    row, column = np.divmod([list(area.ids).index(i) for i in result.hot()], 10)
    assert {(0, 0), (1, 1)} <= set(zip(row.tolist(), column.tolist(), strict=True))
    assert row.max() <= 3
    assert column.max() <= 3
    assert set(result.table["null"]) == {"randomisation"}
    moran = local_moran(make_counts(area, values.ravel()))
    assert moran.table.loc["E01000101", "class"] == "high_high"


def test_p_values_of_local_moran_are_those_of_the_neighbours_sum(grid):
    """Two neighbours of a corner on a rook grid: the hot tail is the share of pairs of others with as large a sum."""
    rng = np.random.default_rng(3)
    values = rng.poisson(4.0, 36)
    rook = link_neighbours(grid, rule="rook")
    table = local_moran(make_counts(grid, values), rook).table
    pairs = [values[i] + values[j] for i in range(1, 36) for j in range(i + 1, 36)]
    s = values[1] + values[6]
    assert table["p_hot_high"].iloc[0] == pytest.approx(np.mean([p >= s for p in pairs]), abs=1e-12)
    assert table["p_cold_high"].iloc[0] == pytest.approx(np.mean([p <= s for p in pairs]), abs=1e-12)
    assert table["p_high"].iloc[0] == pytest.approx(
        min(1, 2 * min(table["p_hot_high"].iloc[0], table["p_cold_high"].iloc[0]))
    )


def test_ties_count_half_in_the_mid_p_variant(grid):
    rng = np.random.default_rng(3)
    values = rng.poisson(4.0, 36)
    rook = link_neighbours(grid, rule="rook")
    result = local_moran(make_counts(grid, values), rook, mid_p=True)
    pairs = np.array([values[i] + values[j] for i in range(1, 36) for j in range(i + 1, 36)])
    s = values[1] + values[6]
    ties = (pairs == s).mean() / 2
    assert ties > 0.01
    assert result.table["p_hot_high"].iloc[0] == pytest.approx((pairs > s).mean() + ties, abs=1e-12)
    assert result.table["p_cold_high"].iloc[0] == pytest.approx((pairs < s).mean() + ties, abs=1e-12)
    assert "ties counted half (mid-p)" in result.words


def test_the_conditional_form_of_gi_star_has_the_p_values_of_gi(grid):
    counts = make_counts(grid, np.random.default_rng(4).poisson(3.0, 36))
    star, given, gi = getis_ord(counts), getis_ord(counts, conditional=True), getis_ord(counts, with_self=False)
    assert (star.statistic, given.statistic, gi.statistic) == ("gi_star", "gi_star", "gi")
    for tail in ("p_hot_high", "p_cold_high"):
        assert given.table[tail].tolist() == gi.table[tail].tolist()
    assert (given.table["p_high"] != star.table["p_high"]).any()
    # The window and the z-score stay those of Gi*.
    assert given.table[["window_low", "gi_z"]].equals(star.table[["window_low", "gi_z"]])
    assert "tested given the area's own value" in given.words


def test_real_values_are_bracketed(columbus):
    """Areas with two neighbours: both tails are shares of the pairs of others."""
    result = getis_ord(columbus, column="CRIME", with_self=False)
    table, values, links = result.table, columbus["CRIME"].to_numpy(), link_neighbours(columbus)
    corners = np.flatnonzero(links.cardinalities == 2)
    assert len(corners) >= 5
    for i in corners:
        others = np.delete(values, i)
        pairs = (others[:, None] + others)[np.triu_indices(48, 1)]
        s = values[links.others[links.starts[i] : links.starts[i + 1]]].sum()
        hot, cold = (pairs >= s - 1e-9).mean(), (pairs <= s + 1e-9).mean()
        row = table.loc[str(i)]
        assert row["p_hot_low"] <= hot <= row["p_hot_high"]
        assert row["p_cold_low"] <= cold <= row["p_cold_high"]
        assert row["p_hot_high"] - row["p_hot_low"] < 0.002
    assert result.provenance.inference == "bracketed"
    assert result.provenance.measure == "as-given"
    assert set(table["certainty"]) <= {"certain", "never"}  # rounding hides nothing
    assert "exact between two roundings" in result.words


@pytest.mark.parametrize("measure", ["rate", "empirical-bayes"])
def test_rates_lie_inside_the_error_of_permutations(measure):
    rng = np.random.default_rng(15)
    people = rng.integers(400, 4000, 144)
    area = make_grid(12, 12).with_population(pd.Series(people, index=make_grid(12, 12).ids))
    events = rng.poisson(people * 0.004)
    links = link_neighbours(area)
    result = getis_ord(make_counts(area, events), links, null="randomisation", measure=measure, with_self=False)
    rates = 1000 * events / people
    if measure == "empirical-bayes":
        from esda.smoothing import Empirical_Bayes

        rates = 1000 * np.asarray(Empirical_Bayes(events, people).r).ravel()
    for i in (0, 30, 77, 130):
        around = links.others[links.starts[i] : links.starts[i + 1]]
        order = rng.random((40_000, 143)).argpartition(len(around), axis=1)[:, : len(around)]
        hits = int((np.delete(rates, i)[order].sum(axis=1) >= rates[around].sum() - 1e-9).sum())
        low, high = (result.table[f"p_hot_{end}"].iloc[i] for end in ("low", "high"))
        assert stats.binom.ppf(1e-6, 40_000, low) <= hits <= stats.binom.ppf(1 - 1e-6, 40_000, high)


def test_large_windows_go_by_the_lattice_and_stay_exact(monkeypatch):
    from hotspots.analysis.autocorrelation import p_values

    area = make_grid(12, 12)
    counts = make_counts(area, np.random.default_rng(16).poisson(3.0, 144))
    far = link_neighbours(area, rule="distance", distance=4500)
    counted = getis_ord(counts, far, conditional=True)
    monkeypatch.setattr(p_values, "DEAR", 0)
    by_lattice = getis_ord(counts, far, conditional=True)
    assert by_lattice.provenance.inference == "exact"
    assert np.abs(by_lattice.table["p_hot_high"] - counted.table["p_hot_high"]).max() < 1e-11
    assert by_lattice.table["class"].equals(counted.table["class"])


def test_an_area_at_the_mean_is_never_significant():
    area = make_grid(7, 7)
    values = np.zeros((7, 7))
    values[1:4, 1:4] = [[9, 9, 9], [9, 2, 9], [9, 9, 9]]
    values[6, 6] = 98 - values.sum()  # the mean is 2
    result = local_moran(make_counts(area, values.ravel()))
    middle = result.table.loc["E01000202"]
    assert values.mean() == 2
    assert middle["moran_i"] == 0
    assert middle["p_hot_high"] < 0.001  # the neighbours' tail is told all the same
    assert middle["p_high"] == 1
    assert (middle["class"], middle["certainty"], middle["quadrant"]) == ("not_significant", "never", "")


def test_a_hidden_count_around_the_mean_could_be_high():
    """The middle of 1 to 7 is the mean, 4; but the area could hold 7, among neighbours that are high for certain."""
    values = np.full((7, 7), 2.0)
    values[1:4, 1:4] = [[9, 9, 9], [9, 4, 9], [9, 9, 9]]
    values[6, 6] = 196 - values.sum()
    low, high = values.copy(), values.copy()
    low[2, 2], high[2, 2] = 1, 7
    counts = make_counts(make_grid(7, 7), low.ravel(), high.ravel())
    middle = local_moran(counts, adjustment="none").table.loc["E01000202"]
    assert (middle["certainty"], middle["class"]) == ("depends", "not_significant")


def test_constant_risk_is_the_binomial_of_the_windows_share():
    area = make_grid(5, 5, population=1000)
    values = np.ones(25)
    values[12] = 30
    table = getis_ord(make_counts(area, values), null="constant-risk").table
    middle = table.loc["E01000202"]
    assert middle["window_low"] == 38
    assert middle["p_hot_high"] == pytest.approx(stats.binom.sf(37, 54, 9 / 25), rel=1e-9)
    # Without the area itself: 8 events among its neighbours of the 24 that are not its own.
    gi = getis_ord(make_counts(area, values), null="constant-risk", with_self=False).table.loc["E01000202"]
    assert gi["p_hot_high"] == pytest.approx(stats.binom.sf(7, 24, 8 / 24), rel=1e-9)


def test_a_population_gradient_is_not_a_hotspot():
    rng = np.random.default_rng(6)
    area = make_grid(20, 20)
    people = pd.Series(np.linspace(200, 4000, 400), index=area.ids)
    area = area.with_population(people)
    counts = make_counts(area, rng.poisson(people.to_numpy() * 0.006))
    assert len(getis_ord(counts).hot()) == 0
    assert len(getis_ord(counts, null="randomisation").hot()) > 50  # raw counts show where people live


def test_islands_and_missing_counts_are_named_and_change_nothing_else():
    area = make_grid(6, 6)
    values = np.random.default_rng(1).poisson(5.0, 36).astype(float)
    known = getis_ord(make_counts(area, values)).table
    values[35] = np.nan
    table = getis_ord(make_counts(area, values)).table
    assert (table["class"].iloc[35], table["reason"].iloc[35]) == ("not_tested", "no count in the source")
    assert table["reason"].iloc[:35].eq("").all()
    assert table["p_high"].iloc[:35].notna().all()
    # The missing area is out of every window and out of the reference, as if it were not on the map.
    smaller = replace(area, areas=area.areas.iloc[:35])
    alone = getis_ord(make_counts(smaller, values[:35])).table
    assert np.allclose(alone["p_high"], table["p_high"].iloc[:35])
    assert not np.allclose(known["p_high"].iloc[:35], table["p_high"].iloc[:35])


def test_an_island_is_never_classed():
    area = make_grid(5, 5)
    far = area.areas.copy()
    far.loc["E01000404", "geometry"] = far.loc["E01000404", "geometry"].buffer(-10)
    table = getis_ord(make_counts(replace(area, areas=far), [1] * 24 + [500])).table
    assert table.loc["E01000404", ["class", "certainty", "reason"]].tolist() == [
        "not_tested",
        "not_tested",
        "no neighbours",
    ]
    assert np.isnan(table.loc["E01000404", "p_high"])


def test_hidden_counts_become_certainties():
    area = make_grid(10, 10, population=1000)
    low = np.full((10, 10), 8.0)
    low[:3, :3] = 60
    high = low.copy()
    high[:3, :3] = 64
    low[6:8, 6:8], high[6:8, 6:8] = 1, 7
    result = getis_ord(make_counts(area, low.ravel(), high.ravel()), null="constant-risk")
    table = result.table
    assert table.loc["E01000101", ["class", "certainty"]].tolist() == ["hot_99", "certain"]
    assert (table["p_low"] <= table["p_high"]).all()
    assert (table["p_adjusted_low"] <= table["p_adjusted_high"]).all()
    assert np.isnan(table.loc["E01000101", "rate"])
    assert table.loc["E01000101", "rate_low"] == 60
    # Every fill's p-value lies between the bounds.
    fill = getis_ord(
        make_counts(area, np.where(low < high, (low + high) // 2, low).ravel()), null="constant-risk"
    ).table
    assert ((table["p_low"] <= fill["p_high"] + 1e-12) & (fill["p_high"] <= table["p_high"] + 1e-12)).all()


def test_any_table_of_areas_goes_in():
    table = make_grid(6, 6).areas.assign(crimes=np.arange(36), people=500)
    before = table.copy()
    result = getis_ord(table, column="crimes", population="people")
    assert result.name == "crimes"
    assert result.provenance.null == "scattered-risk"
    assert_geodataframe_equal(table, before)


def test_invalid_polygons_of_a_table_are_mended_and_named():
    table = make_grid(4, 4).areas.assign(crimes=np.arange(16))
    west, south, east, north = table.geometry.iloc[0].bounds
    # A bow tie on the same four corners: it touches itself in the middle.
    table.loc["E01000000", "geometry"] = shapely.Polygon([(west, south), (east, north), (east, south), (west, north)])
    result = getis_ord(table, column="crimes")
    assert words_of(result.notes) == ("Mended the invalid polygons of E01000000.",)
    assert result.table.geometry.is_valid.all()
    assert (result.table["class"] != "not_tested").all()


def test_a_graph_of_the_users_own_goes_in(grid):
    counts = make_counts(grid, np.arange(36))
    neighbours = link_neighbours(grid)
    assert np.allclose(
        getis_ord(counts, neighbours.to_graph()).table["p_high"], getis_ord(counts, neighbours).table["p_high"]
    )


def test_the_order_of_rows_changes_no_byte():
    rng = np.random.default_rng(9)
    table = make_grid(8, 8).areas.assign(crimes=rng.poisson(3, 64), people=rng.integers(800, 2500, 64))
    for null in ("exchangeable-risk", "constant-risk", "randomisation"):
        one = getis_ord(table, column="crimes", population="people", null=null).table
        two = getis_ord(table.sample(frac=1, random_state=1), column="crimes", population="people", null=null).table
        assert_geodataframe_equal(one, two)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "Which column holds the counts"),
        ({"column": "crime"}, r"no column 'crime'(.|\n)*is it 'crimes'"),
        ({"column": "zzz"}, r"no column 'zzz'(.|\n)*name a column of the table"),
        ({"column": "crimes", "null": "constant-risk"}, "'constant-risk' needs a population"),
        ({"column": "crimes", "null": "constant"}, r"no null hypothesis 'constant'(.|\n)*did you mean 'constant-risk'"),
        ({"column": "rates", "population": "people"}, r"count 0.5 is not a whole number(.|\n)*16 such counts under"),
    ],
)
def test_messages(options, words):
    table = make_grid(4, 4).areas.assign(crimes=1, rates=0.5, people=900)
    with pytest.raises(AnalysisError) as caught:
        getis_ord(table, **options)
    import re

    assert re.search(words, str(caught.value))


@pytest.mark.parametrize("with_self", [False, True])
def test_z_scores_of_unequal_weights_are_those_of_all_permutations(with_self):
    """Six areas: mean and spread of the weighted sum over all 720 orders of the values (own value fixed for Gi)."""
    values = np.array([2.0, 3.0, 3.2, 5.0, 8.0, 7.0])
    weights = np.random.default_rng(18).uniform(0.1, 1.0, (6, 6))
    if not with_self:
        np.fill_diagonal(weights, 0.0)
    orders = np.array(list(itertools.permutations(range(6))))
    z = gi_z(values, csr_array(weights), with_self=with_self)
    for i in range(6):
        possible = orders if with_self else orders[orders[:, i] == i]
        sums = values[possible] @ weights[i]
        assert z[i] == pytest.approx((values @ weights[i] - sums.mean()) / sums.std(), rel=1e-9)


def decaying(area, bandwidth: float):
    """Return a libpysal Graph of Gaussian weights within three bandwidths, 1 for the area itself."""
    from libpysal.graph import Graph

    points = shapely.get_coordinates(shapely.point_on_surface(area.areas.geometry.to_numpy()))
    pairs = KDTree(points).query_pairs(3 * bandwidth, output_type="ndarray")
    own = np.column_stack([np.arange(len(points))] * 2)
    focal, other = np.concatenate([pairs, pairs[:, ::-1], own]).T
    away = np.hypot(*(points[focal] - points[other]).T)
    return Graph.from_arrays(area.ids[focal], area.ids[other], np.exp(-((away / bandwidth) ** 2) / 2))


def test_a_graph_with_unequal_weights_is_simulated():
    pytest.importorskip("libpysal")
    area = make_grid(9, 9)
    values = np.random.default_rng(17).poisson(3.0, 81)
    values[[20, 21, 29, 30]] = 15
    graph, counts = decaying(area, 1000), make_counts(area, values)
    result = getis_ord(counts, graph)
    assert result.provenance.inference == "simulated"
    assert (result.provenance.draws, result.provenance.seed) == (99_999, 0)
    assert "simulated (up to 99,999 draws, seed 0)" in result.words
    assert set(area.ids[[20, 21, 29, 30]]) <= set(result.hot())
    # Events of the window are counted, not weighted.
    assert (
        result.table["window_low"].iloc[40] == values[np.asarray(graph[area.ids[40]].index.map(area.ids.get_loc))].sum()
    )
    again, other = getis_ord(counts, graph).table, getis_ord(counts, graph, rng=1).table
    assert_geodataframe_equal(result.table, again)
    assert (other["p_high"] != again["p_high"]).any()
    assert np.median(np.abs(other["p_high"] / again["p_high"] - 1)) < 0.15


@pytest.mark.parametrize(
    ("options", "high", "words"),
    [
        ({"null": "constant-risk"}, None, r"'constant-risk' needs neighbours of equal weight(.|\n)*measure=\"rate\""),
        ({"null": "randomisation"}, 2, r"Hidden counts need neighbours of equal weight(.|\n)*found: 25 hidden"),
    ],
)
def test_messages_of_weights(options, high, words):
    area = make_grid(5, 5, population=1000)
    counts = make_counts(area, np.arange(25), None if high is None else np.arange(25) + high)
    with pytest.raises(AnalysisError, match=words):
        getis_ord(counts, decaying(area, 1000), **options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"measure": "rates"}, r"no measure 'rates'(.|\n)*did you mean 'rate'"),
        ({"measure": "rate", "population": "people"}, "'rate' is for the null hypothesis 'randomisation'"),
        ({"measure": "rate"}, "'rate' needs a population"),
        ({"conditional": True, "population": "people"}, "conditional form of Gi\\* is for the null"),
    ],
)
def test_messages_of_measures(options, words):
    with pytest.raises(AnalysisError, match=words):
        getis_ord(make_grid(4, 4).areas.assign(crimes=1, people=900), column="crimes", **options)


def test_empirical_bayes_needs_known_counts():
    counts = make_counts(make_grid(4, 4, population=1000), np.ones(16), np.full(16, 7.0))
    with pytest.raises(AnalysisError, match=r"need counts that are known(.|\n)*16 areas with hidden counts"):
        getis_ord(counts, null="randomisation", measure="empirical-bayes")


@pytest.mark.real
def test_on_real_counts_the_two_questions_differ(shared_data):
    """Stroke admissions of the West Midlands: what the z-score flags, and how much of it is each area's own peak."""
    table = pd.read_csv(shared_data / "stroke_admissions_england_wales_lsoa11_2017-2019.csv").set_index("area")
    areas = gpd.read_file(shared_data / "wm_boundaries_27700.gpkg", layer="lsoa11").set_index("lsoa11_code")
    # Three-year means: times three they are counts.
    areas["admissions"] = (3 * areas["lsoa11_name"].map(table["admissions"])).round()
    star, given = (getis_ord(areas, column="admissions", conditional=c).table for c in (False, True))
    flagged = star["gi_z"].abs() > 1.96
    assert int(flagged.sum()) == 156
    assert int((flagged & (given["p_high"] > 0.05)).sum()) == 63


def test_too_few_areas():
    with pytest.raises(AnalysisError, match="Only 2 areas can be tested"):
        getis_ord(make_grid(1, 2).areas.assign(n=1), column="n")


# --------------------------------------------------------------------------- calibration


def test_null_maps_flag_no_more_than_the_level():
    """Exchangeable overdispersed risk, not clustered: flagged at 5 % without adjustment, over 40 maps."""
    area = make_grid(16, 16, population=1000)
    neighbours = link_neighbours(area)
    rng = np.random.default_rng(77)
    shares = {"exchangeable-risk": [], "constant-risk": []}
    for _ in range(40):
        counts = make_counts(area, rng.poisson(5 * rng.gamma(3, 1 / 3, 256)))
        for null, found in shares.items():
            table = getis_ord(counts, neighbours, null=null, adjustment="none").table
            found.append((table["p_high"] <= 0.05).mean())
    means = {null: float(np.mean(found)) for null, found in shares.items()}
    print(f"flagged at 5%: {means}")
    error = float(np.std(shares["exchangeable-risk"]) / np.sqrt(40))
    assert means["exchangeable-risk"] <= 0.05 + 2.6 * error
    assert means["exchangeable-risk"] >= 0.02  # not so shy that it would find nothing
    assert means["constant-risk"] > 0.12  # the wrong null for such maps


# --------------------------------------------------------------------------- nothing is missing without a reason


@pytest.mark.parametrize("null", ["constant-risk", "exchangeable-risk"])
def test_neighbours_that_are_everybody_else_have_a_p_value(null):
    """The share of the others who live in such a window is 1, and not 1.0000000000000002, of which no tail is known."""
    rng = np.random.default_rng(0)
    for _ in range(50):
        grid = make_grid(2, 2)
        area = grid.with_population(pd.Series(rng.uniform(100, 2000, 4), index=grid.ids))
        table = local_moran(make_counts(area, rng.poisson(5, 4)), null=null).table
        assert table[["p_hot_low", "p_hot_high", "p_cold_low", "p_cold_high", "p_low", "p_high"]].notna().all(axis=None)
        # All other events lie there, whatever happens.
        np.testing.assert_allclose(table[["p_hot_low", "p_cold_high"]], 1, rtol=1e-12)


@pytest.mark.parametrize("null", ["randomisation", "constant-risk", "exchangeable-risk"])
def test_a_z_score_that_is_missing_has_a_reason(null):
    alike = local_moran(make_counts(make_grid(4, 4, population=1500.0), np.full(16, 3.0)), null=null).table
    assert alike[["gi_z", "moran_i"]].isna().all(axis=None)
    whole = getis_ord(make_counts(make_grid(2, 2, population=1500.0), [1, 2, 3, 4]), null=null).table
    for table in (alike, whole):
        assert set(table["reason"]) == {"no z-score: there is nothing to compare its window with"}
        assert (table["class"] == "not_significant").all()


def test_more_events_than_can_be_are_an_error():
    area = make_grid(3, 3, population=1500.0)
    with pytest.raises(AnalysisError, match="9,000,000,000 events are more than can be tested"):
        getis_ord(make_counts(area, np.full(9, 1e9)))


@pytest.mark.parametrize("people", [-1.0, 1e11, np.inf])
def test_a_population_that_can_t_be_is_an_error(people):
    grid = make_grid(3, 3)
    with pytest.raises(AnalysisError, match="can't be a number of people"):
        grid.with_population(pd.Series([people, *[1500.0] * 8], index=grid.ids))


@pytest.mark.parametrize("null", ["exchangeable-risk", "constant-risk", "randomisation"])
def test_the_method_of_local_moran_speaks_of_no_hot_areas(null):
    area = make_grid(6, 6, population=1_000)
    counts = make_counts(area, np.arange(36) % 7)
    assert "hot" in getis_ord(counts, null=null).words
    words = local_moran(counts, null=null).words
    assert not re.search(r"\b(?:hot|cold)\b", words)
    assert "Tested against this: " in words
