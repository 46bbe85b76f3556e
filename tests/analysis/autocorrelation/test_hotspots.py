"""Hot areas that adjoin are one hotspot, and it lies where it is said to lie."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from geopandas import GeoDataFrame
from shapely.geometry import box
from worlds import make_grid

import hotspots as hs
from hotspots.analysis.autocorrelation.hotspots import (
    find_hotspots,
    letter_hotspots,
    letter_parts,
    possible_hotspots,
    raised_places,
    tabulate_hotspots,
)
from hotspots.analysis.autocorrelation.whereabouts import locate, name_alike
from hotspots.model import AreaCounts, Contours, Hotspot, Identity, Whereabouts
from hotspots.publish.text.hotspots import hotspot_title, hotspots_sentence, location_words, raised_words

SIDE = 12


@pytest.fixture(scope="module")
def area():
    """Return 12 by 12 squares of 1 km: the west of them Here, the east There, 1,000 people each."""
    grid = make_grid(SIDE, SIDE)
    table = grid.areas.copy()
    middle = table.geometry.centroid.x
    west = middle < middle.median()
    table["la_code"] = np.where(west, "E08000025", "E08000028")
    table["la_name"] = np.where(west, "Here", "There")
    return replace(grid, areas=table).with_population(pd.Series(1000.0, index=table.index))


def at(area, rows, columns) -> list[str]:
    """Return the ids of squares by row from the south and column from the west."""
    bounds = area.areas.bounds
    row = ((bounds["miny"] - bounds["miny"].min()) / 1000).round().astype(int)
    column = ((bounds["minx"] - bounds["minx"].min()) / 1000).round().astype(int)
    return list(area.ids[row.isin(rows) & column.isin(columns)])


def result_with_hot(area, hot, *, extra: float = 30.0):
    """Return a Gi* result in which exactly these areas are hot, with 10 events each and more in the hot ones."""
    observed = pd.Series(10.0, index=area.ids)
    observed[hot] += extra
    counts = AreaCounts(
        area,
        pd.DataFrame({"observed_low": observed, "observed_high": observed}),
        identity=Identity(release="open", title="burglary"),
    )
    result = hs.getis_ord(counts)
    table = result.table.copy()
    table["class"] = np.where(table.index.isin(hot), "hot_99", "not_significant")
    return replace(result, table=table)


def test_areas_that_share_a_border_or_corner_are_one_hotspot(area):
    first, corner, apart = at(area, [1, 2], [1, 2]), at(area, [3], [3]), at(area, [9], [9])
    found = find_hotspots(result_with_hot(area, [*first, *corner, *apart]), area)
    assert [set(one.areas) for one in found] == [{*first, *corner}, set(apart)]


def test_what_a_hotspot_holds_adds_up(area):
    hot = at(area, [1, 2], [1, 2])
    (found,) = find_hotspots(result_with_hot(area, hot), area)
    # 4 areas of 1,000 people and 40 events; 144 areas have 10 each and 120 more in all: 1,560 for 144,000 people.
    assert (found.people, found.observed_low, found.observed_high) == (4000, 160, 160)
    assert found.expected == pytest.approx(4000 * 1560 / 144_000)
    assert found.ratio[0] == pytest.approx(160 / (4000 * 1560 / 144_000))


def test_hidden_counts_are_sums_of_intervals(area):
    hot = at(area, [1, 2], [1, 2])
    result = result_with_hot(area, hot)
    table = result.table.copy()
    table.loc[hot, ["observed_low", "observed_high", "expected"]] = [1.0, 7.0, 2.0]
    (found,) = find_hotspots(replace(result, table=table), area)
    assert (found.observed_low, found.observed_high) == (4, 28)
    assert "4 to 28 events" in hotspots_sentence(result, [found])


@pytest.mark.parametrize(
    ("rows", "columns", "part"),
    [
        ([5, 6], [2, 3], "central"),
        ([5, 6], [0], "west"),
        ([11], [2, 3], "north"),
        ([0], [2, 3], "south"),
        ([11], [0], "north-west"),
        ([0], [0], "south-west"),
    ],
)
def test_the_part_of_an_authority_is_the_one_on_the_map(area, rows, columns, part):
    members = np.flatnonzero(area.ids.isin(at(area, rows, columns)))
    where = locate(area, members)
    assert (where.authorities, where.part, where.borders) == (("Here",), part, ())


def test_a_border_is_named_where_it_is_shared_and_only_there(area):
    along = result_with_hot(area, at(area, [5, 6], [5]))
    assert find_hotspots(along, area)[0].where == Whereabouts(("Here",), "east", ("There",))
    assert find_hotspots(result_with_hot(area, at(area, [5, 6], [3])), area)[0].where.borders == ()
    across = find_hotspots(result_with_hot(area, at(area, [5], [4, 5, 6])), area)[0].where
    assert across.authorities == ("Here", "There")
    assert location_words(across) == "east Here and There, across the border"


def test_three_authorities_are_a_list():
    three = Whereabouts(("Bradford", "Kirklees", "Calderdale"), "south-east")
    assert location_words(three) == "south-east Bradford, Kirklees and Calderdale, across the borders"


def test_a_place_name_is_near_or_not_named(area):
    west, south = area.areas.total_bounds[:2]
    labels = pd.DataFrame(
        {"name": ["Here", "Hamlet", "Far"], "easting": [west + 500, west + 2500, west + 11_500],
         "northing": [south + 500, south + 500, south + 11_500]}
    )  # fmt: skip
    (found,) = find_hotspots(result_with_hot(area, at(area, [0], [0])), area, labels=labels)
    # The authority's own name says nothing more; the hamlet is 2 km away, the other place 15 km.
    assert found.where.near == "Hamlet"
    far = find_hotspots(result_with_hot(area, at(area, [6], [0])), area, labels=labels)[0]
    assert far.where.near == ""


def test_a_place_name_inside_is_not_called_near(area):
    """The label of a town lies in one of the hot squares: the hotspot is around it, however near another name is."""
    west, south = area.areas.total_bounds[:2]
    labels = pd.DataFrame(
        {"name": ["Town", "Hamlet"], "easting": [west + 300, west + 2600], "northing": [south + 300, south + 500]}
    )
    (found,) = find_hotspots(result_with_hot(area, at(area, [0], [0, 1, 2, 3])), area, labels=labels)
    # The hamlet lies inside too, nearer to the middle (2,000 m): it is the one that is named.
    assert (found.where.near, found.where.around) == ("Hamlet", True)
    assert location_words(found.where).endswith("Here, around Hamlet")
    (found,) = find_hotspots(result_with_hot(area, at(area, [0], [0, 1])), area, labels=labels)
    assert location_words(found.where).endswith("Here, around Town")  # the hamlet is outside, 1.6 km from the middle
    (found,) = find_hotspots(result_with_hot(area, at(area, [1], [1])), area, labels=labels)
    assert location_words(found.where).endswith("Here, near Hamlet")


@pytest.mark.parametrize(
    ("row", "column", "part"),
    [
        (3, 0, "north-west"),  # in the corner, though the middle lies almost due east
        (3, 13, "north"),  # on the long northern side, right of its middle by as much as above it
        (0, 23, "south-east"),
        (1, 1, "west"),
        (2, 22, "east"),
        (1, 12, "central"),
    ],
)
def test_the_part_of_a_long_authority_goes_by_its_own_shape(row, column, part):
    """24 by 4 km: a part is a part of the authority, so each direction counts by its own way to the edge."""
    strip = make_grid(4, 24)
    table = strip.areas.copy()
    table["la_code"], table["la_name"] = "E08000025", "Strip"
    strip = replace(strip, areas=table)
    members = np.flatnonzero(strip.ids.isin(at(strip, [row], [column])))
    assert locate(strip, members).part == part


def test_the_map_of_a_place_names_what_lies_in_it(area):
    """Five squares of Here and one of There are one hotspot: a map of There is of that square, by the border."""
    hot = at(area, [5], [1, 2, 3, 4, 5, 6])
    result = result_with_hot(area, hot)
    there = hs.Place("There", ("E08000028",))
    (found,) = find_hotspots(result, area, place=there)
    assert found.areas == tuple(at(area, [5], [6]))
    assert found.where == Whereabouts(("There",), "west", ("Here",))
    assert (found.people, found.observed_low) == (1000, 40)
    assert hotspot_title(result, [found], there) == (
        "1 of 72 areas in There is hot for burglary, in west There, by the border with Here"
    )


def test_the_largest_comes_first_and_the_order_never_changes(area):
    result = result_with_hot(area, [*at(area, [1], [1]), *at(area, [5, 6], [5]), *at(area, [9], [9])])
    found = find_hotspots(result, area)
    assert [len(one.areas) for one in found] == [2, 1, 1]
    assert found[1].areas < found[2].areas
    assert find_hotspots(result, area) == found


def test_no_hot_area_is_no_hotspot(area):
    assert find_hotspots(result_with_hot(area, []), area) == ()


def test_words_say_where_and_what(area):
    result = result_with_hot(area, at(area, [1, 2], [1, 2]))
    (found,) = find_hotspots(result, area)
    # Its middle is a third of the way to Here's western edge and two thirds to the southern: 27 degrees from due south.
    assert hotspot_title(result, [found]) == "4 of 144 areas are hot for burglary, in south-west Here"
    assert hotspots_sentence(result, [found]) == (
        "The hotspot for burglary: south-west Here (4 areas, 4,000 people, 160 events, 43 expected at the study area's "
        "average, 3.7 times)."
    )
    assert hotspots_sentence(result, []) == ""
    elsewhere = hs.Place("There", ("E08000028",))
    assert hotspot_title(result, [found], elsewhere) == "No area in There is hot for burglary"
    nobody = replace_people(found)
    assert "expected" not in hotspots_sentence(result, [nobody])


def replace_people(hotspot: Hotspot) -> Hotspot:
    """Return the same hotspot of a study without a population."""
    return replace(hotspot, people=np.nan, expected=np.nan)


def test_what_is_hot_by_its_neighbours_alone_is_no_hotspot(area):
    hot = at(area, [1], [1])
    result = result_with_hot(area, hot)
    for events, number in ((7.0, 0), (16.0, 1)):
        table = result.table.copy()
        table.loc[hot, ["observed_low", "observed_high", "expected"]] = [events, events, 15.0]
        assert len(find_hotspots(replace(result, table=table), area)) == number


# --------------------------------------------------------------------------- the middle of an authority is its people's


def town_in_the_south(population: bool):
    """Return 12 by 12 km, 50 people in each square of moor and 5,000 in each of nine squares of town in the south."""
    grid = make_grid(SIDE, SIDE)
    grid = replace(grid, areas=grid.areas.assign(la_code="E08000025", la_name="Here"))
    town = grid.ids.isin(at(grid, [1, 2, 3], [5, 6, 7]))
    people = pd.Series(np.where(town, 5_000.0, 50.0), index=grid.ids)
    return grid.with_population(people) if population else grid


def test_the_middle_of_a_town_is_central_though_its_authority_has_moors():
    town = town_in_the_south(population=True)
    for row, column, part in ((2, 6, "central"), (2, 11, "east"), (0, 6, "south"), (8, 6, "north")):
        members = np.flatnonzero(town.ids.isin(at(town, [row], [column])))
        assert locate(town, members).part == part, (row, column)


def test_without_a_population_areas_count_alike():
    """Half of the areas lie in the town, as small ones do: the middle one of them is the middle."""
    bare = town_in_the_south(population=False)
    members = np.flatnonzero(bare.ids.isin(at(bare, [2], [6])))
    assert locate(bare, members).part == "south"


@pytest.mark.real
@pytest.mark.parametrize(
    ("authority", "easting", "northing", "parts"),
    [
        ("Leeds", 429_900, 433_800, {"central"}),  # the town halls, from their postcodes
        ("Bradford", 416_400, 433_000, {"central"}),
        ("Sheffield", 435_400, 387_300, {"central"}),
        ("Birmingham", 406_700, 286_900, {"central"}),
        ("Manchester", 383_800, 398_000, {"central"}),
        ("Nottingham", 457_200, 339_900, {"central"}),
        ("Liverpool", 334_500, 390_400, {"west"}),  # by the Mersey
        ("Newcastle upon Tyne", 424_800, 564_300, {"south"}),  # by the Tyne
        ("Sunderland", 439_700, 556_900, {"east", "north-east"}),  # by the sea
    ],
)
def test_city_centres_are_where_their_residents_have_them(shared_data, authority, easting, northing, parts):
    people = hs.read_population(shared_data / "population_england_lsoa11_2019.parquet", column="total_population")
    city = hs.read_areas(shared_data / "lsoa11_england_bsc_27700.parquet", authorities=[authority])
    city = city.with_population(people)
    centres = city.areas.geometry.centroid
    nearest = np.argmin(np.hypot(centres.x - easting, centres.y - northing))
    assert locate(city, np.array([nearest])).part in parts


# --------------------------------------------------------------------------- one place, one name


def spot(areas, near="", part="west", authorities=("Here",), **more) -> Hotspot:
    where = Whereabouts(authorities, part, near=near, around=more.pop("around", False))
    return Hotspot(tuple(areas), where, people=np.nan, observed_low=1, observed_high=1, expected=np.nan)


def test_hotspots_of_two_sources_that_mostly_overlap_have_one_name():
    first = spot("ABCDE", "Town", around=True)
    found = name_alike([[first], [spot("ABCDX", "Hamlet", "south-west", around=True)]])
    assert found[0] == (first,)
    # Whether the name lies inside is a fact of each: here it is not known to, so it is near.
    assert found[1][0].where == Whereabouts(("Here",), "west", near="Town", around=False)


def test_a_small_hotspot_in_the_corner_of_a_large_one_keeps_its_own_name():
    corner = spot("AB", "Hamlet", "south")
    assert name_alike([[spot("ABCDEFGH", "Town")], [corner]])[1] == (corner,)


def test_half_is_not_mostly_and_other_authorities_stay():
    half = spot("ABXY", "Hamlet")
    other = spot("ABCD", "Quay", authorities=("There",))
    assert name_alike([[spot("ABCD", "Town")], [half], [other]])[1:] == [(half,), (other,)]


def test_a_name_is_not_passed_on_from_one_that_has_another_name_by_now():
    """C overlaps B mostly and A not: B is called as A is, and C as B is, so that each pair of neighbours agrees."""
    found = name_alike([[spot("ABCD", "Town")], [spot("BCDE", "Hamlet")], [spot("CDEF", "Quay")]])
    assert [one[0].where.near for one in found] == ["Town", "Town", "Town"]


# --------------------------------------------------------------------------- places of raised risk


def contours_of(area, *boxes, events=30.0) -> Contours:
    west, south = area.areas.total_bounds[:2]
    shapes = [box(west + w, south + s, west + e, south + n) for w, s, e, n in boxes]
    rows = {"kind": "raised", "words": "", "threshold": 0.05, "area_km2": [shape.area / 1e6 for shape in shapes],
            "share_of_area": 0.01, "events": events, "share_of_events": 0.1}  # fmt: skip
    table = GeoDataFrame(rows, geometry=shapes, index=range(1, len(shapes) + 1), crs=27700)
    return Contours(table, "x", provenance=None, identity=Identity(release="open", title="risk of burglary"))


def test_places_of_raised_risk_are_named_as_hotspots_are(area):
    west, south = area.areas.total_bounds[:2]
    labels = pd.DataFrame({"name": ["Hamlet"], "easting": [west + 700], "northing": [south + 700]})
    # One in the corner around a name, one across the border, most of it in There, both smaller than a few areas.
    contours = contours_of(area, (200, 200, 1_200, 1_200), (5_600, 6_000, 7_000, 6_800))
    first, second = raised_places(contours, area, labels=labels)
    assert first.where == Whereabouts(("Here",), "south-west", near="Hamlet", around=True)
    assert second.where == Whereabouts(("There", "Here"), "west")
    assert (first.observed_low, first.observed_high) == (30.0, 30.0)
    assert raised_words(contours, [first, second]) == (
        "south-west Here, around Hamlet (30 events on 1.0 km²); west There and Here, across the border "
        "(30 events on 1.1 km²)"
    )


def test_a_name_in_the_area_but_not_in_the_place_is_near_it(area):
    west, south = area.areas.total_bounds[:2]
    labels = pd.DataFrame({"name": ["Hamlet"], "easting": [west + 900], "northing": [south + 900]})
    (found,) = raised_places(contours_of(area, (100, 100, 600, 600)), area, labels=labels)
    assert (found.where.near, found.where.around) == ("Hamlet", False)


def test_what_can_be_counted_is_and_the_most_are_named_first(area):
    boxes = [(1_000 * n, 0, 1_000 * n + 500, 500 + 100 * n) for n in range(5)]
    contours = contours_of(area, *boxes, events=[20.0, 60.0, 21.0, 22.0, 40.0])
    words = raised_words(contours, raised_places(contours, area))
    assert words.startswith("those with most events, south-west Here (60 events")
    assert words.count(" events on ") == 3
    unknown = contours_of(area, boxes[0], events=np.nan)
    assert raised_words(unknown, raised_places(unknown, area)) == ("south-west Here (0.25 km²)")
    none = contours_of(area)
    assert raised_words(none, raised_places(none, area)) == ""


# --------------------------------------------------------------------------- letters, and what depends


def spread(result, area, ids, *, up=True):
    """Return the result with areas whose class depends on suppressed counts, on the hot or on the cold side."""
    table = result.table.copy()
    table.loc[ids, "certainty"] = "depends"
    table.loc[ids, ["p_hot_low", "p_cold_low"]] = [0.001, 0.9] if up else [0.9, 0.001]
    table.loc[ids, ["observed_low", "observed_high"]] = [1.0, 30.0]
    return replace(result, table=table)


def test_what_may_be_hot_is_a_hotspot_that_depends_unless_it_adjoins_a_certain_one(area):
    certain, beside, apart = at(area, [1, 2], [1, 2]), at(area, [1, 2], [3]), at(area, [8, 9], [8])
    result = spread(result_with_hot(area, certain), area, [*beside, *apart])
    assert [set(one.areas) for one in find_hotspots(result, area)] == [set(certain)]
    (found,) = possible_hotspots(result, area)
    assert (set(found.areas), found.certainty) == (set(apart), "depends")
    assert (found.observed_low, found.observed_high) == (2, 60)
    # What may be cold is no hotspot.
    assert possible_hotspots(spread(result, area, apart, up=False), area) == ()


def test_hotspots_have_the_letter_of_their_source_and_a_number(area):
    spots = {"b": [spot("AB", "Town"), spot("C", "Quay")], "a": [spot("A", "Hill")]}
    found = letter_hotspots(spots, ["a", "none", "b"])
    assert [one.letter for one in found["a"]] == ["A1"]
    assert [one.letter for one in found["b"]] == ["C1", "C2"]
    parts = letter_parts([spot("B", "Town"), spot("X", "Nowhere")], found["b"])
    assert [one.letter for one in parts] == ["C1", ""]


def test_the_table_has_what_the_areas_add_up_to_and_what_overlaps(area):
    first = result_with_hot(area, at(area, [1, 2], [1, 2]))
    second = result_with_hot(area, at(area, [2, 3], [2, 3])).with_identity(name="theft", title="theft", period="2019")
    found = letter_hotspots(
        {"events": find_hotspots(first, area), "theft": find_hotspots(second, area)}, ["events", "theft"]
    )
    table = tabulate_hotspots(found, [first, second], area)
    assert list(table.table.index) == ["A1", "B1"]
    assert list(table.table["overlaps"]) == ["B1", "A1"]
    row = table.table.loc["A1"]
    # 160 events of 4 areas; Garwood's interval of 160 events is 136.17 to 186.80 (chi-squared, 320 and 322 degrees).
    assert (row["areas"], row["people"], row["observed_low"]) == (4, 4000, 160)
    assert row["ratio_low_95"] * row["expected"] == pytest.approx(136.17, abs=0.005)
    assert row["ratio_high_95"] * row["expected"] == pytest.approx(186.80, abs=0.005)
    assert row.geometry.area == 4e6
    assert table.of_source("theft")["B1"] == tuple(sorted(at(area, [2, 3], [2, 3])))
    # Two periods have no common one.
    assert str(table.period) == ""
    assert list(table.table["period"]) == ["", "2019"]


def test_a_letter_stands_in_titles_and_sentences(area):
    result = result_with_hot(area, [*at(area, [1, 2], [1, 2]), *at(area, [9], [9])])
    hotspots = letter_hotspots({"events": find_hotspots(result, area)}, ["events"])["events"]
    assert "; the largest hotspot, A1, is in south-west Here" in hotspot_title(result, hotspots)
    assert "A1, south-west Here (4 areas" in hotspots_sentence(result, hotspots)
    assert hotspot_title(result, hotspots[:1]).endswith("in south-west Here (A1)")
