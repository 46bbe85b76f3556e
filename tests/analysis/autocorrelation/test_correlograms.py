"""Correlograms: against esda at every distance, against planted scales, and where there is nothing."""

from __future__ import annotations

import warnings

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from worlds import make_counts, make_grid

from hotspots.analysis.autocorrelation import correlograms
from hotspots.analysis.autocorrelation.correlograms import choose_distances, correlogram
from hotspots.analysis.autocorrelation.neighbours import link_neighbours
from hotspots.errors import AnalysisError
from hotspots.publish.text import describe_scale

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from esda.moran import Moran


CENTRES = [(7, 7), (7, 22), (22, 7), (22, 22)]


def planted(radius: float, seed: int = 5) -> np.ndarray:
    """Return counts on 30 by 30 squares: four discs of this radius (in squares) have three times the events."""
    places = np.indices((30, 30)).reshape(2, -1).T.astype(float)
    inside = np.min([np.hypot(*(places - centre).T) for centre in CENTRES], axis=0) <= radius
    return np.random.default_rng(seed).poisson(np.where(inside, 12, 4))


def as_table(z: list[float], *, suggested: int | None = None) -> pd.DataFrame:
    """Return a correlogram with these z-scores at 500 m, 1,000 m, ..."""
    index = pd.Index(500.0 * np.arange(1, len(z) + 1), name="distance")
    return pd.DataFrame({"z": z, "suggested": np.arange(len(z)) == suggested}, index=index)


# --------------------------------------------------------------------------- numbers


def test_every_distance_is_as_esda_has_it():
    # A second opinion: esda's Moran on libpysal's graph, areas without a neighbour left out.
    rng = np.random.default_rng(1)
    squares = make_grid(14, 14, side=700).areas.sample(150, random_state=2).sort_index()
    squares["crimes"] = rng.poisson(4, 150)
    table = correlogram(squares, column="crimes", distances=[700, 1000, 1500, 3100])
    for distance, row in table.iterrows():
        links = link_neighbours(squares, rule="distance", distance=distance)
        keep = links.cardinalities > 0
        moran = Moran(
            squares["crimes"].to_numpy(float)[keep], links.within(keep).to_graph().transform("r"), permutations=0
        )
        assert (row["pairs"], row["areas"]) == (len(links.others) / 2, keep.sum())
        ours = row[["value", "expected", "z", "p"]].astype(float).tolist()
        assert ours == pytest.approx([moran.I, moran.EI, moran.z_rand, moran.p_rand], abs=1e-9)
    assert table.loc[700, "areas"] < 150
    assert table["p_adjusted"].tolist() == pytest.approx(np.minimum(1, 4 * table["p"]).tolist())


def test_columbus_has_the_figures_of_spdep():
    # R spdep 1.2-7, moran.test of CRIME with Queen contiguity: the same moments, from sums instead of a graph.
    examples = pytest.importorskip("libpysal.examples")
    columbus = gpd.read_file(examples.get_path("columbus.shp"))
    columbus["geometry"] = columbus.scale(1000, 1000, origin=(0, 0))
    weights = link_neighbours(columbus).matrix()
    degree = weights.sum(axis=1)
    crime = columbus["CRIME"].to_numpy()
    moran, expected, z = correlograms._moran(crime, degree, weights @ crime, weights @ (1 / degree))
    assert moran == pytest.approx(0.5001885572, abs=1e-7)
    assert expected == pytest.approx(-0.0208333333, abs=1e-9)
    assert z == pytest.approx((0.5001885572 + 0.0208333333) / 0.0086892892**0.5, abs=1e-5)


def test_pairs_of_a_board_are_counted_by_hand():
    # 6 by 6: 60 joins by rook; and 2 * 5 * 5 diagonals within 1.5 km; and 2 * 6 * 4 two squares apart within 2 km.
    counts = make_counts(make_grid(6, 6), np.arange(36))
    assert correlogram(counts, distances=[1000, 1500, 2000])["pairs"].tolist() == [60, 110, 158]


@pytest.mark.parametrize("radius", [2, 3, 4])
def test_a_planted_scale_is_found_within_a_step(radius):
    # z grows as the root of the pairs times their mean likeness. Two points h apart are both in a disc of radius R
    # with a chance of about 1 - 0.64 h / R, so z goes with d * (1 - 0.42 d / R): highest at d = 1.2 R, and a little
    # before where what lies between the discs is unlike them.
    table = correlogram(make_counts(make_grid(30, 30), planted(radius)))
    assert table.index.tolist() == [1000.0 * k for k in range(1, 11)]
    (found,) = table.index[table["suggested"]]
    assert abs(found - 1000 * radius) <= 1000
    assert "beyond that it weakens" in describe_scale(table, title="crime")


def test_risk_and_not_people_is_what_clusters():
    # Many people in the discs and the same risk everywhere: nothing; and without the population: the discs.
    people = np.where(planted(3, seed=0) > 8, 6000.0, 1500.0)
    area = make_grid(30, 30)
    crimes = np.random.default_rng(7).poisson(people / 300)
    known = area.with_population(pd.Series(people, index=area.ids))
    assert not correlogram(make_counts(known, crimes))["suggested"].any()
    assert correlogram(make_counts(area, crimes))["suggested"].any()


def test_a_random_map_suggests_nothing():
    # Bonferroni holds 5 % over all distances: of 60 random maps more than 8 has a chance of 1 in 300 at most.
    grid, found = make_grid(12, 12), 0
    for seed in range(60):
        table = correlogram(make_counts(grid, np.random.default_rng(seed).poisson(5, 144)))
        found += bool(table["suggested"].any())
    assert found <= 8
    table = correlogram(make_counts(grid, np.random.default_rng(0).poisson(5, 144)))
    said = describe_scale(table, title="knife crime")
    assert said == ("Knife crime: no clustering beyond chance was found at any distance from 1 km to 7 km (Moran's I).")


def test_missing_and_hidden_counts():
    values = planted(3).astype(float)
    values[:30] = np.nan
    table = correlogram(make_counts(make_grid(30, 30), values))
    assert table["areas"].max() == 870
    # A hidden number counts as its middle.
    wide = correlogram(make_counts(make_grid(30, 30), planted(3), high=planted(3) + 4.0))
    pd.testing.assert_frame_equal(wide, correlogram(make_counts(make_grid(30, 30), planted(3) + 2.0)))


def test_what_has_no_meaning_is_missing():
    counts = make_counts(make_grid(6, 6), np.random.default_rng(8).poisson(5, 36))
    table = correlogram(counts, distances=[500, 1000, 20_000])
    # No pair within 500 m; everyone next to everyone within 20 km.
    assert table["z"].isna().tolist() == [True, False, True]
    assert table["pairs"].tolist() == [0, 60, 36 * 35 / 2]
    assert table["p_adjusted"].iloc[1] == pytest.approx(table["p"].iloc[1])


# --------------------------------------------------------------------------- which distance


@pytest.mark.parametrize(
    ("z", "at"),
    [
        ([2, 5, 9, 7, 4], 2),
        ([9, 7, 4, 3, 3], 0),
        ([4, 5, 7, 9, 12], 4),  # no peak: the largest
        ([4, 8, 7.5, 9, 6], 3),  # a dent of less than 1 is no peak
        ([30, 40, 38.5, 45, 30], 3),  # nor is one of less than a twentieth
        ([4, 8, 6, 12, 9], 1),  # the first of two
        ([1, 0.2, 5, 8, 4], 3),  # a bump that is not significant is none
        ([1, 2, 1, 0, 1], -1),
        ([-9, -8, -5, -1, 0], -1),  # unlike values lie together: that is no cluster
        ([np.nan, 6, 9, 5, np.nan], 2),
        ([np.nan] * 5, -1),
    ],
)
def test_the_first_clear_peak_is_suggested(z, at):
    values = np.array(z, dtype=float)
    assert correlograms._suggest(values, np.abs(values) > 2.6) == at


@pytest.mark.parametrize(
    ("z", "at", "words"),
    [
        ([2, 5, 9, 4], 2, "is strongest among areas within 1.5 km of each other (Moran's z 9.0); beyond that it weak"),
        ([9, 5, 4, 2], 0, "within 500 m of each other (Moran's z 9.0), the shortest distance tried: its scale is"),
        ([4, 5, 7, 9], 3, "within 2 km of each other (Moran's z 9.0), the longest distance tried: it extends at least"),
        ([4, 8, 6, 12], 1, "first peak among areas within 1 km of each other (Moran's z 8.0), and has a broader"),
        ([1, 1, 1, 1], None, "Crime: no clustering beyond chance was found at any distance from 500 m to 2 km"),
        ([1], None, "Crime: no clustering beyond chance was found at 500 m"),
    ],
)
def test_the_sentence_says_the_scale_and_why(z, at, words):
    said = describe_scale(as_table(z, suggested=at), title="crime")
    assert words in said
    assert said.endswith(".")
    assert ("density bandwidth of about that size" in said) == (at not in (None, 3))


def test_distances_are_chosen_in_round_numbers():
    # 100 points 480 m apart in a row, and one 9 km off: 95 % have a neighbour at 480 m, the mean is 564 m.
    points = np.column_stack([np.r_[480.0 * np.arange(100), 480.0 * 99 + 9000], np.zeros(101)])
    assert choose_distances(points).tolist() == [500.0 + 600.0 * k for k in range(10)]
    # None is longer than half the diagonal: 5 by 5 squares of 1 km are 4 km * 1.41 from corner to corner.
    corners = np.indices((5, 5)).reshape(2, -1).T * 1000.0
    assert choose_distances(corners).tolist() == [1000.0, 2000.0]
    assert choose_distances(np.array([[0.0, 0.0], [0.3, 0.0], [0.6, 0.0], [0.9, 0.0]])).tolist() == [1.0]


# --------------------------------------------------------------------------- manners


def test_order_and_seed_change_nothing_and_nothing_is_written_into():
    squares = make_grid(12, 12).areas.assign(crimes=np.random.default_rng(3).poisson(4, 144))
    shuffled = squares.sample(frac=1, random_state=4)
    before = shuffled.copy()
    np.random.seed(1)  # noqa: NPY002
    first = correlogram(squares, column="crimes")
    np.random.seed(2)  # noqa: NPY002
    pd.testing.assert_frame_equal(first, correlogram(shuffled, column="crimes"))
    pd.testing.assert_frame_equal(before, shuffled)
    distances = [3000, 1000, 2000, 1000]
    assert correlogram(squares, column="crimes", distances=distances).index.tolist() == [1000, 2000, 3000]
    assert distances == [3000, 1000, 2000, 1000]


@pytest.mark.parametrize(
    ("distances", "found"),
    [([1000, 0], "distances = 0"), ([-5, 1000], "distances = -5"), ([np.nan], "distances = nan"), ([], "no distance")],
)
def test_impossible_distances_are_refused(grid, distances, found):
    with pytest.raises(AnalysisError, match="positive numbers of metres") as caught:
        correlogram(make_counts(grid, np.arange(36)), distances=distances)
    assert found in str(caught.value)


def test_equal_values_and_few_areas_are_refused(grid):
    with pytest.raises(AnalysisError, match="All values are equal"):
        correlogram(make_counts(grid, np.ones(36)))
    with pytest.raises(AnalysisError, match="too few areas to measure clustering"):
        correlogram(make_counts(make_grid(1, 3), [1, 2, 3]))


def test_more_pairs_than_fit_into_memory_are_refused(grid, monkeypatch):
    monkeypatch.setattr(correlograms, "MOST_PAIRS", 100)
    counts = make_counts(grid, np.arange(36))
    assert len(correlogram(counts, distances=[1000])) == 1
    with pytest.raises(AnalysisError, match="Too many areas lie within 1,500 m of each other") as caught:
        correlogram(counts, distances=[1500])
    # 60 joins by rook and 50 diagonals.
    assert "110 pairs, of which 100 fit into memory" in str(caught.value)


@pytest.mark.real
def test_all_of_england_is_done_in_reasonable_memory(shared_data):
    areas = gpd.read_parquet(shared_data / "lsoa11_england_bsc_27700.parquet").iloc[::4]
    areas = areas.assign(crimes=np.random.default_rng(1).poisson(5, len(areas)))
    table = correlogram(areas, column="crimes")
    assert len(table) == 10
    assert table["areas"].iloc[0] >= 0.95 * len(areas)
    assert not table["suggested"].any()
