"""Who is next to whom, against libpysal and hand-drawn maps."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from worlds import make_grid

from hotspots.analysis.neighbours import from_graph, link_neighbours
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


def test_unequal_weights_are_refused():
    pytest.importorskip("libpysal")
    from libpysal.graph import Graph

    graph = Graph.from_arrays(["a", "a", "b", "c"], ["b", "c", "a", "a"], [1.0, 0.5, 1.0, 1.0])
    with pytest.raises(AnalysisError, match=r"weights of area 'a' are not equal"):
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


@pytest.mark.real
def test_the_same_neighbours_as_libpysal_on_real_boundaries(shared_data):
    pytest.importorskip("libpysal")
    from libpysal.graph import Graph

    areas = gpd.read_file(shared_data / "wm_boundaries_27700.gpkg", layer="lsoa11").set_index("lsoa11_code")
    theirs = Graph.build_contiguity(areas, rook=False).adjacency
    ours = link_neighbours(areas)
    pairs = set(zip(np.repeat(ours.ids, ours.cardinalities), ours.ids[ours.others], strict=True))
    assert pairs == set(theirs[theirs > 0].index)
