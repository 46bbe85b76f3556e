"""Surfaces and contours on a printed map. Expected sizes are worked out by hand from the fixtures."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex
from matplotlib.patches import PathPatch
from sheet_checks import assert_legible, prose, words

from hotspots.analysis.risk.contours import tolerance_contours
from hotspots.errors import DisclosureError
from hotspots.model import Contours, Identity, Place
from hotspots.publish.maps.map import draw_map, save_map
from hotspots.publish.maps.surface import (
    CHANCE_COLOUR,
    NOT_BEYOND,
    busy_cells,
    cells_inside,
    contours_in,
    inside_contours,
    unjudged_cells,
)
from hotspots.publish.page.export import title_of
from hotspots.publish.page.sheet import HALO
from hotspots.publish.style.outlines import prepare_ground
from hotspots.publish.style.surface_classes import UNJUDGED, surface_shades
from hotspots.publish.text.surfaces import surface_sentence

BIRMINGHAM = Place("Birmingham", ("E08000025",))
SANDWELL = Place("Sandwell", ("E08000028",))


def map_axes(figure):
    return figure.axes[1]


def legend(figure):
    """Return label → count as the legend has them."""
    said = words(figure)
    start = next(n for n, word in enumerate(said) if word.startswith("km² of each class"))
    rest = said[start + 1 : said.index("How to read this map")]
    found, label = {}, ""
    for word in rest:
        if re.fullmatch(r"<1|[\d,]+", word):
            found[label.strip()] = word
            label = ""
        else:
            label += f" {word}"
        if word == "km":  # the scale bar
            break
    found.pop("", None)
    return found


def filled(figure):
    return {to_hex(p.get_facecolor()) for p in map_axes(figure).patches if p.get_facecolor()[3] > 0}


# --------------------------------------------------------------------------- classes and lines


def test_the_classes_end_where_the_values_say(make_surface, study_area):
    """A plane that rises by 1 for each km east: the classes are strips, and their borders are straight lines."""
    centre = (np.arange(60) + 0.5) * 0.1
    plane = make_surface(values=np.tile(centre, (60, 1)), cell=100.0)  # average 3: classes from 3 and from 6
    figure = draw_map(plane, study_area)
    shades = surface_shades(plane)
    assert [shade.low for shade in shades] == [0.0, 3.0]
    (strip,) = [p for p in map_axes(figure).patches if to_hex(p.get_facecolor()) == shades[1].colour]
    assert strip.get_path().vertices[:, 0].min() == pytest.approx(403_000, abs=0.01)
    (lines,) = [c for c in map_axes(figure).collections if isinstance(c, LineCollection)]
    for line in lines.get_segments():
        assert line[:, 0] == pytest.approx(np.full(len(line), 403_000.0), abs=0.01)
    assert legend(figure) == {"3 to 6 (average or more)": "18", "0 to 3 (below average)": "18"}


def test_the_classes_reach_the_border_though_cells_end_half_way(make_surface, study_area):
    """Cells of 1 km whose centres are known only: the colour must still go to the edge of the town."""
    values = np.full((6, 6), 1.0)
    values[:, :3] = 3.0
    figure = draw_map(make_surface(values=values, cell=1000.0), study_area)
    (strip,) = [p for p in map_axes(figure).patches if to_hex(p.get_facecolor()) == "#fee391"]
    assert strip.get_path().vertices[:, 0].min() <= 400_500
    save = figure.canvas
    save.draw()
    pixels = np.asarray(save.buffer_rgba())
    x, y = map_axes(figure).transData.transform((400_060, 293_000))
    assert to_hex(pixels[pixels.shape[0] - int(y), int(x)] / 255) == "#fee391"


@pytest.mark.parametrize(("side", "drawn"), [(40.0, False), (800.0, True)])
def test_lines_that_would_hide_the_colours_are_not_drawn(make_surface, study_area, side, drawn):
    """Waves of `side` metres both ways: the line at the average is a net with meshes of half of that.

    6 km take some 120 mm of paper: meshes of 20 m are 0.4 mm wide, so that in 1 mm² lie 5 mm of line, 0.2 mm (less than
    a point, 0.35 mm) apart; meshes of 400 m are 8 mm wide.
    """
    centre = (np.arange(1_200) + 0.5) * 5.0
    wave = 1 + np.sin(2 * np.pi * centre[None, :] / side) * np.sin(2 * np.pi * centre[:, None] / side)
    figure = draw_map(make_surface(values=3.0 * wave, cell=5.0), study_area)
    lines = [c for c in map_axes(figure).collections if isinstance(c, LineCollection) and len(c.get_segments())]
    assert bool(lines) == drawn
    numbers = [t for t in map_axes(figure).texts if re.fullmatch(r"[\d.]+", t.get_text())]
    assert bool(numbers) == drawn


@pytest.mark.parametrize("place", [None, BIRMINGHAM])
def test_lines_carry_their_numbers_upright_and_inside(make_surface, study_area, place):
    surface = make_surface(200)
    figure = draw_map(surface, study_area, place=place)
    texts = [t for t in map_axes(figure).texts if t.get_gid() != HALO and re.fullmatch(r"[\d.]+", t.get_text())]
    assert texts
    ground = prepare_ground(study_area)
    east = surface.origin[0] + (np.arange(200) + 0.5) * surface.cell
    north = surface.origin[1] - (np.arange(200) + 0.5) * surface.cell
    bounds = {f"{shade.low:g}" for shade in surface_shades(surface)[1:]}
    for text in texts:
        assert text.get_text() in bounds
        assert -90 < (text.get_rotation() + 180) % 360 - 180 < 90
        x, y = text.get_position()
        assert ground.covers(np.array([x]), np.array([y]), place).all()
        # What stands on the line is the value there: compared with the nearest cell, on a slope.
        value = surface.values[np.abs(north - y).argmin(), np.abs(east - x).argmin()]
        assert value == pytest.approx(float(text.get_text()), abs=3.0)
    assert_legible(figure)


def test_counts_spread_evenly_have_no_numbers_on_their_lines(make_surface, study_area):
    spread = make_surface(200, kind="spread", kernel="", bandwidth=float("nan"), bandwidth_words="")
    figure = draw_map(spread, study_area)
    assert not [t for t in map_axes(figure).texts if re.fullmatch(r"[\d.]+", t.get_text())]
    said = prose(figure)
    assert "Locations within areas are not known." in said
    assert "Kernel and bandwidth" not in said
    assert "nan" not in said


@pytest.mark.parametrize("fill", [np.nan, 0.0, 2.0])
@pytest.mark.parametrize("kind", ["density", "relative-risk", "difference"])
@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (6, 6)])
def test_a_surface_without_differences_is_drawn_too(make_surface, study_area, fill, kind, shape):
    figure = draw_map(make_surface(values=np.full(shape, fill), cell=1000.0, kind=kind), study_area)
    figure.canvas.draw()
    assert title_of(figure)


# --------------------------------------------------------------------------- risk


def test_a_risk_says_factors_and_what_was_not_judged(risk, contours, study_area):
    figure = draw_map(risk, study_area, contours=contours)
    found = legend(figure)
    # The southernmost kilometre was not judged: 6 km²; the raised square has 4, the lowered half a km², rounded up.
    assert found[UNJUDGED] == "6"
    assert found["Risk raised by more than chance at 5%, with 30% of the events"] == "4"
    assert found["Risk lowered by more than chance at 5%, with 1.5% of the events"] == "1"
    # Of the 30 km² judged, 4.5 lie in a contour: only they have a class.
    classes = sum(int(found[s.label]) for s in surface_shades(risk) if found[s.label] != "<1")
    assert classes == pytest.approx(4.5, abs=2)
    assert int(found[NOT_BEYOND]) == pytest.approx(25.5, abs=1)
    assert {"#990000", "#fdbb84", "#92c5de"} <= filled(figure)
    said = prose(figure)
    assert "Risk compared with the average" in said
    assert "A solid line encloses areas higher than expected by chance." in said
    assert "A broken line encloses areas lower than expected by chance." in said
    assert "Cells are not tested" not in said
    assert_legible(figure)


def test_nothing_unjudged_is_not_in_the_legend(make_risk, make_surface, study_area):
    ground = prepare_ground(study_area)
    whole = make_risk(values=np.zeros((40, 40)), p_raised=None, p_lowered=None)
    assert not unjudged_cells(whole, ground, None).any()
    assert UNJUDGED not in prose(draw_map(whole, study_area))
    # A density has no such cells: outside its circle the fixture's events are simply not there.
    assert not unjudged_cells(make_surface(), ground, None).any()


def test_lines_around_raised_are_solid_and_around_lowered_broken(risk, contours, study_area):
    figure = draw_map(risk, study_area, contours=contours)
    lines = [p for p in map_axes(figure).patches if isinstance(p, PathPatch) and p.get_linewidth() == 1.3]
    by_style = {str(p.get_linestyle()): p.get_path().vertices[:, 0] for p in lines}
    assert set(by_style) == {"solid", "(0, (3.0, 1.6))"}
    assert (by_style["solid"].min(), by_style["solid"].max()) == (402_000, 404_000)
    assert by_style["(0, (3.0, 1.6))"].min() == 404_500


def test_titles_count_places_with_their_shares(risk, contours, make_contours, study_area):
    assert title_of(draw_map(risk, study_area, contours=contours)) == (
        "The risk of knife crime is raised in 1 place, 11% of the study area with 30% of the events"
    )
    # Two of the square's four km² lie in Birmingham, which has 18.
    assert title_of(draw_map(risk, study_area, contours=contours, place=BIRMINGHAM)) == (
        "The risk of knife crime in Birmingham is raised in 1 place, 11% of its area"
    )
    lowered = make_contours(table=contours.table[contours.table["kind"] == "lowered"])
    # Half a km² of 36, and 3 of 200 events.
    assert title_of(draw_map(risk, study_area, contours=lowered)) == (
        "The risk of knife crime is nowhere raised beyond chance; "
        "lowered in 2 places, together 1.4% of the study area with 1.5% of the events"
    )
    none = make_contours(table=contours.table[:0])
    assert title_of(draw_map(risk, study_area, contours=none)) == (
        "The risk of knife crime is nowhere raised or lowered beyond chance"
    )
    figure = draw_map(risk, study_area, contours=lowered, place=BIRMINGHAM)
    assert title_of(figure) == "The risk of knife crime in Birmingham is nowhere raised or lowered beyond chance"


def test_what_touches_a_place_by_a_sliver_does_not_lie_in_it(contours, make_contours, study_area):
    from shapely.geometry import box

    ground = prepare_ground(study_area)
    table = contours.table.copy()
    table["geometry"] = [box(402_999, 292_000, 404_000, 294_000), *table.geometry[1:]]
    assert set(contours_in(make_contours(table=table), ground, BIRMINGHAM)) == set()
    assert set(contours_in(make_contours(table=table), ground, SANDWELL)) == {"raised", "lowered"}


def test_polygons_in_one_another_are_not_added_twice(contours, make_contours, study_area):
    from shapely.geometry import box

    table = contours.table.copy()
    table["geometry"] = [
        *table.geometry[:1],
        box(400_000, 290_000, 402_000, 292_000),
        box(400_000, 290_000, 401_000, 291_000),
    ]
    lying = inside_contours(make_contours(table=table), prepare_ground(study_area), None)
    assert lying["lowered"].share_of_area == pytest.approx(4 / 36)


def test_events_that_may_not_be_counted_are_not_spoken_of(risk, contours, make_contours, study_area):
    silent = make_contours(table=contours.table.assign(events=np.nan, share_of_events=np.nan))
    said = prose(draw_map(risk, study_area, contours=silent))
    assert "of the events" not in said
    assert "nan" not in said


# --------------------------------------------------------------------------- difference and ratio


def test_a_difference_is_symmetric_and_in_its_unit(make_risk, contours, study_area):
    change = make_risk(
        kind="difference", unit="events per km² per year", title="knife crime, 2019 less 2017", name="change"
    )
    figure = draw_map(change, study_area, contours=contours)
    assert title_of(figure) == "Knife crime, 2019 less 2017: higher in 1 place, 11% of the study area"
    labels = list(legend(figure))[:7]
    # log(3.2) is 1.16: a step of 0.2 is reached four times, a step of 0.5 is not.
    assert labels[0] == "Higher by 0.8 or more"
    assert labels[6] == "Lower by 0.8 or more"
    assert "Events per km² per year" in words(figure)
    assert "Red: the first of the two is higher." in prose(figure)


@pytest.mark.parametrize("kind", ["relative-risk", "ratio", "difference"])
def test_without_a_test_no_title_speaks_of_the_highest_place(make_risk, study_area, kind):
    figure = draw_map(make_risk(kind=kind, p_raised=None, p_lowered=None), study_area)
    assert title_of(figure).lower().endswith("risk of knife crime, not tested against chance")
    said = prose(figure)
    assert "Cells are not tested for significance." in said
    assert "A strong colour alone does not mean that a difference goes beyond chance." in said
    # It was tested, and the contours that say where were not given.
    shown = draw_map(make_risk(kind=kind), study_area)
    assert title_of(shown).endswith("what goes beyond chance is not shown")
    assert "A strong colour alone does not mean that a difference goes beyond chance." in prose(shown)


# --------------------------------------------------------------------------- on the way


def test_names_are_kept_off_few_boxes_however_many_cells(make_surface):
    boxes = busy_cells(make_surface(1200))
    assert len(boxes) <= 4_500
    # They still cover what is at least twice the average.
    surface = make_surface(1200)
    loud = np.nansum(surface.values >= surface_shades(surface)[2].low) * surface.cell**2
    assert np.sum((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])) == pytest.approx(loud, rel=0.05)


def test_cells_of_a_place_have_their_middle_in_it(risk, study_area):
    inside = cells_inside(risk, prepare_ground(study_area), BIRMINGHAM)
    assert inside[:, :20].sum() == np.isfinite(risk.values[:, :20]).sum()
    assert not inside[:, 20:].any()


def test_contours_of_unreleased_points_are_refused(risk, make_contours, study_area):
    with pytest.raises(DisclosureError, match="A map would publish unprotected counts"):
        draw_map(risk, study_area, contours=make_contours(release="unreleased"))


def test_the_strictest_mark_of_surface_and_contours_stands_on_the_map(make_risk, make_contours, study_area):
    figure = draw_map(make_risk(release="open"), study_area, contours=make_contours(release="restricted"))
    assert "RESTRICTED" in prose(figure)


def test_the_same_map_is_the_same_bytes_and_nouns_are_as_before(risk, contours, study_area, tmp_path):
    values, table = risk.values.copy(), contours.table.copy()
    first = save_map(draw_map(risk, study_area, contours=contours), tmp_path / "a", dpi=80)
    again = save_map(draw_map(risk, study_area, contours=contours), tmp_path / "b", dpi=80)
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in again]
    assert np.array_equal(values, risk.values, equal_nan=True)
    assert table.equals(contours.table)


def grey_at(figure):
    """Return how light the page is in grey, 0 to 255, as a function of easting and northing."""
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())[..., :3] @ np.array([0.299, 0.587, 0.114])

    def shade(east, north):
        x, y = map_axes(figure).transData.transform((east, north))
        row, column = pixels.shape[0] - int(y), int(x)
        return float(np.median(pixels[row - 6 : row + 6, column - 6 : column + 6]))

    return shade


def test_what_is_not_beyond_chance_is_pale_however_high_it_is(risk, contours, make_contours, study_area):
    """The fixture's risk is three times the average at 401,500, outside the contour that begins at 402,000."""
    shade = grey_at(draw_map(risk, study_area, contours=contours))
    assert shade(401_500, 293_500) == shade(403_000, 295_700) == pytest.approx(int(CHANCE_COLOUR[1:3], 16), abs=0.5)
    assert shade(402_200, 293_500) < 200
    none = draw_map(risk, study_area, contours=make_contours(table=contours.table[:0]))
    assert not {s.colour for s in surface_shades(risk) if s.opaque} & filled(none)
    assert "All grey: no difference goes beyond chance." in prose(none)


def test_raised_is_darker_than_all_else_in_grey(risk, study_area):
    shade = grey_at(draw_map(risk, study_area))
    raised, lowered, average = shade(401_500, 293_500), shade(404_500, 293_500), shade(403_000, 295_700)
    assert raised < 70 < 140 < lowered < average
    assert all(later < earlier for earlier, later in pairwise([average, lowered, raised]))
    assert math.isfinite(raised)
    assert replace(risk).values is not risk.values


def test_page_one_and_the_map_say_the_same(risk, study_area):
    """The town has 36 km², of which 30 are judged: the base is the town, on both."""
    found = tolerance_contours(risk, area=study_area, level=0.2, adjustment="none")
    raised = found.table[found.table["kind"] == "raised"]
    share = 100 * raised.geometry.area.sum() / 36e6
    said = surface_sentence(risk, found)
    assert said == f"{title_of(draw_map(risk, study_area, contours=found))}."
    assert f"{share:.1f}% of the study area" in said
    # What is smaller than a hectare is a polygon of the layer, and counts on the map as on page one.
    tiny = found.table.assign(geometry=found.table.geometry.centroid.buffer(40, cap_style="square"))
    small = Contours(tiny, surface="risk", provenance=None, identity=Identity(release="invented"))
    title = title_of(draw_map(risk, study_area, contours=small))
    assert title.startswith("The risk of knife crime is raised in 1 place")
