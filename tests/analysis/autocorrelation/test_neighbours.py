"""Who is next to whom, against libpysal and hand-drawn maps."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from worlds import make_grid

from hotspots.analysis.autocorrelation.neighbours import Neighbours, from_graph, link_neighbours
from hotspots.errors import AnalysisError


def as_sets(neighbours):
    return {
        area: set(neighbours.ids[neighbours.others[a:b]])
        for area, a, b in zip(neighbours.ids, neighbours.starts[:-1], neighbours.starts[1:], strict=True)
    }


def test_queen_and_rook_on_a_grid():
    area = make_grid(4, 5)
    queen, rook = link_neighbours(area), link_neighbours(area, rule="rook")
    # A grid of r by c squares has 2(2rc - r - c) ordered rook pairs, and 4(r - 1)(c - 1) more at the corners.
    assert len(rook.others) == 2 * (2 * 20 - 4 - 5)
    assert len(queen.others) == len(rook.others) + 4 * 3 * 4
    assert queen.components == 1
    assert queen.islands == []
    assert as_sets(rook)["E01000000"] == {"E01000001", "E01000100"}


def test_equals_libpysal_on_a_published_map():
    pytest.importorskip("libpysal")
    from libpysal import examples
    from libpysal.graph import Graph

    columbus = gpd.read_file(examples.get_path("columbus.shp")).set_crs(27700, allow_override=True)
    # Its coordinates are in thousands of something: metres here, so that 0.1 m is as fine as it is on a real map.
    columbus["geometry"] = columbus.scale(1000, 1000, origin=(0, 0))
    columbus.index = columbus.index.astype(str)
    for rule in ("queen", "rook"):
        theirs = Graph.build_contiguity(columbus, rook=rule == "rook")
        ours = link_neighbours(columbus, rule=rule)
        for focal, others in as_sets(ours).items():
            assert others == set(theirs[focal].index)
    assert len(link_neighbours(columbus).others) == 236  # spdep's count of links


def test_borders_that_differ_in_the_last_decimals_are_borders():
    left, right = shapely.box(0, 0, 1000, 1000), shapely.box(1000.004, 0.003, 2000, 1000.002)
    squares = gpd.GeoDataFrame(geometry=[left, right], crs=27700)
    assert link_neighbours(squares).cardinalities.tolist() == [1, 1]


def test_islands_are_reported():
    area = gpd.GeoDataFrame(
        geometry=[shapely.box(0, 0, 1000, 1000), shapely.box(1000, 0, 2000, 1000), shapely.box(9000, 0, 9500, 500)],
        index=["a", "b", "c"],
        crs=27700,
    )
    found = link_neighbours(area)
    assert found.islands == ["c"]
    assert found.components == 2


@pytest.mark.parametrize("links", [0, 20, 60, 200])
def test_components_are_what_is_left_when_linked_areas_are_joined(links):
    from scipy.sparse import csr_array

    # Arrows in one direction, as among nearest areas, hold together what they join.
    rng = np.random.default_rng(links)
    arrows = csr_array((np.ones(links), rng.integers(0, 80, (2, links))), shape=(80, 80))
    neighbours = Neighbours(pd.RangeIndex(80), arrows.indptr.astype(np.int64), arrows.indices.astype(np.int64), "")
    groups = [{area} for area in range(80)]
    for one, other in zip(*arrows.nonzero(), strict=True):
        joined = [group for group in groups if one in group or other in group]
        groups = [group for group in groups if group not in joined] + [set().union(*joined)]
    assert neighbours.components == len(groups)


def test_one_long_chain_is_one_component():
    row = gpd.GeoDataFrame(geometry=[shapely.box(i * 100, 0, i * 100 + 100, 100) for i in range(500)], crs=27700)
    # Named from both ends inwards, so that labels have a long way to go.
    order = np.argsort(np.abs(np.arange(500) - 249.5), kind="stable")
    assert link_neighbours(row.iloc[order]).components == 1
    assert link_neighbours(row.drop(index=250)).components == 2


def test_holes_and_islands_of_an_area_have_neighbours_too():
    square = shapely.box(0, 0, 1000, 1000)
    inner = shapely.box(400, 400, 600, 600)
    town = shapely.MultiPolygon([square.difference(inner), shapely.box(5000, 0, 6000, 1000)])
    beside = shapely.box(6000, 0, 7000, 1000)
    areas = gpd.GeoDataFrame(geometry=[inner, town, beside], index=["inner", "town", "beside"], crs=27700)
    for rule in ("queen", "rook"):
        assert as_sets(link_neighbours(areas, rule=rule)) == {
            "inner": {"town"}, "town": {"inner", "beside"}, "beside": {"town"},
        }  # fmt: skip


def test_an_edge_shorter_than_the_lattice_is_no_border():
    # Two squares that meet in a corner, which one of them has drawn twice within 0.1 m: a corner, not an edge.
    left = shapely.Polygon([(0, 0), (1000, 0), (1000, 1000), (1000.01, 1000.01), (0, 1000)])
    right = shapely.Polygon([(1000, 1000), (1000.01, 1000.01), (2000, 1000), (2000, 2000), (1000, 2000)])
    areas = gpd.GeoDataFrame(geometry=[left, right], crs=27700)
    assert link_neighbours(areas).cardinalities.tolist() == [1, 1]
    assert link_neighbours(areas, rule="rook").cardinalities.tolist() == [0, 0]


def test_parts_of_one_area_are_not_its_neighbours():
    two_parts = shapely.MultiPolygon([shapely.box(0, 0, 1000, 1000), shapely.box(1000, 1000, 2000, 2000)])
    squares = gpd.GeoDataFrame(geometry=[two_parts, shapely.box(1000, 0, 2000, 1000)], crs=27700)
    assert link_neighbours(squares).cardinalities.tolist() == [1, 1]


def test_nearest_and_distance():
    area = make_grid(3, 3)
    four = link_neighbours(area, rule="nearest", number=4)
    assert set(four.cardinalities) == {4}
    assert as_sets(four)["E01000101"] == {"E01000001", "E01000100", "E01000102", "E01000201"}
    within = link_neighbours(area, rule="distance", distance=1000)
    assert len(within.others) == len(link_neighbours(area, rule="rook").others)
    assert within.words == "areas within 1,000 m"


def test_the_order_of_rows_changes_nothing():
    area = make_grid(4, 4)
    shuffled = area.areas.sample(frac=1, random_state=3)
    assert as_sets(link_neighbours(shuffled)) == as_sets(link_neighbours(area))
    back = link_neighbours(shuffled).aligned_to(area.ids)
    assert np.array_equal(back.others, link_neighbours(area).others)


def test_a_graph_goes_out_and_comes_back():
    pytest.importorskip("libpysal")
    neighbours = link_neighbours(make_grid(3, 4))
    back = from_graph(neighbours.to_graph()).aligned_to(neighbours.ids)
    assert np.array_equal(back.starts, neighbours.starts)
    assert np.array_equal(back.others, neighbours.others)


def test_weights_of_a_graph_are_kept():
    pytest.importorskip("libpysal")
    from libpysal.graph import Graph

    focal, other = ["b", "a", "a", "c", "a"], ["a", "c", "b", "a", "a"]
    neighbours = from_graph(Graph.from_arrays(focal, other, [1.0, 0.5, 0.25, 2.0, 3.0]))
    expected = {("a", "b"): 0.25, ("a", "c"): 0.5, ("b", "a"): 1.0, ("c", "a"): 2.0}
    # An own weight is the graph's where it has one, else the largest of the neighbours'.
    expected |= {("a", "a"): 3.0, ("b", "b"): 1.0, ("c", "c"): 2.0}
    for order in (neighbours, neighbours.aligned_to(pd.Index(["c", "b", "a"]))):
        table = pd.DataFrame(order.matrix(with_self=True).toarray(), order.ids, order.ids)
        assert {pair: table.loc[pair] for pair in expected} == expected
        assert int((table.to_numpy() > 0).sum()) == len(expected)
    fewer = neighbours.aligned_to(pd.Index(["a", "b", "c"])).within(np.array([True, False, True]))
    assert fewer.matrix(with_self=True).toarray().tolist() == [[3.0, 0.5], [2.0, 2.0]]
    again = neighbours.to_graph().adjacency
    assert again[("c", "a")] == 2.0


def test_weights_equal_within_rows_are_binary():
    pytest.importorskip("libpysal")
    from libpysal.graph import Graph

    graph = Graph.from_arrays(["a", "a", "b", "c"], ["b", "c", "a", "a"], [0.5, 0.5, 1.0, 1.0])
    assert from_graph(graph).weights is None
    assert from_graph(graph).own is None


def test_impossible_weights_are_refused():
    pytest.importorskip("libpysal")
    from libpysal.graph import Graph

    graph = Graph.from_arrays(["a", "b"], ["b", "a"], [-1.0, 1.0])
    with pytest.raises(AnalysisError, match=r"weight of area 'a' for 'b' is -1.0(.|\n)*1 negative or missing"):
        from_graph(graph)


@pytest.mark.parametrize(
    ("options", "words"),
    [({"rule": "nearest"}, "'nearest' needs number"), ({"rule": "distance"}, "'distance' needs distance"),
     ({"rule": "nearest", "number": 99}, "99 nearest neighbours were asked of 9 areas")],
)  # fmt: skip
def test_missing_numbers_are_named(options, words):
    with pytest.raises(AnalysisError, match=words):
        link_neighbours(make_grid(3, 3), **options)


def test_another_set_of_areas_is_refused():
    with pytest.raises(AnalysisError, match="do not have the same areas"):
        link_neighbours(make_grid(3, 3)).aligned_to(make_grid(3, 4).ids)


@pytest.mark.real
@pytest.mark.parametrize("layer", ["lsoa11", "lsoa11_detailed"])
def test_the_west_midlands_have_9824_pairs(shared_data, layer):
    areas = gpd.read_file(shared_data / "wm_boundaries_27700.gpkg", layer=layer).set_index("lsoa11_code")
    queen = link_neighbours(areas)
    assert len(queen.others) == 9_824
    assert (queen.islands, queen.components) == ([], 1)


def libpysal_pairs(areas, *, rook):
    """Return the ordered pairs of a fresh numbering by libpysal's Graph, as two columns of positions."""
    from libpysal.graph import Graph

    theirs = Graph.build_contiguity(areas.reset_index(drop=True), rook=rook).adjacency
    return theirs[theirs > 0].index.to_frame().to_numpy()


def our_pairs(areas, rule):
    ours = link_neighbours(areas, rule=rule)
    return np.column_stack([np.repeat(np.arange(len(ours)), ours.cardinalities), ours.others])


@pytest.mark.real
@pytest.mark.parametrize("rule", ["queen", "rook"])
def test_the_same_neighbours_as_libpysal_in_the_west_midlands(shared_data, rule):
    pytest.importorskip("libpysal")
    areas = gpd.read_file(shared_data / "wm_boundaries_27700.gpkg", layer="lsoa11")
    theirs = libpysal_pairs(areas, rook=rule == "rook")
    assert np.array_equal(our_pairs(areas, rule), theirs[np.lexsort(theirs.T[::-1])])


@pytest.mark.real
def test_the_same_neighbours_as_libpysal_in_england(shared_data):
    pytest.importorskip("libpysal")
    areas = gpd.read_parquet(shared_data / "lsoa11_england_bsc_27700.parquet", columns=["geometry"])
    theirs = libpysal_pairs(areas, rook=False)
    assert len(theirs) == 193_180
    assert np.array_equal(our_pairs(areas, "queen"), theirs[np.lexsort(theirs.T[::-1])])
