"""Printed maps: structure first, then what only the picture shows (scale, pixels, bytes)."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import matplotlib as mpl
import numpy as np
import pandas as pd
import pikepdf
import pytest
import shapely
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from PIL import Image
from sheet_checks import assert_legible, prose, words, written

from hotspots.errors import DisclosureError, OutputError
from hotspots.model import Deprivation, HotspotResult, Identity, Place, SchoolResult, StudyArea, Surface
from hotspots.publish.maps.choropleth import PALE
from hotspots.publish.maps.map import draw_map, save_map
from hotspots.publish.maps.paths import compound_path
from hotspots.publish.page.export import replace_file
from hotspots.publish.page.legend import METRES_PER_MILE, round_length
from hotspots.publish.page.sheet import HALO, new_sheet
from hotspots.publish.style.outlines import prepare_ground
from hotspots.vocabulary import METHOD_CLASSES, SCHOOL_CLASSES, Method
from hotspots.vocabulary.classes import GI_CLASSES

BIRMINGHAM = Place("Birmingham", ("E08000025",))
BOTH = Place("Birmingham–Sandwell", ("E08000025", "E08000028"))


@pytest.fixture
def places() -> pd.DataFrame:
    """Return names: one large, one that would cover it, one far away in the town and one outside it."""
    return pd.DataFrame(
        {
            "name": ["Large", "Small beside large", "Far corner", "Outside"],
            "easting": [402_500.0, 402_510.0, 404_500.0, 420_000.0],
            "northing": [295_000.0, 295_010.0, 290_500.0, 290_000.0],
            "population": [900, 100, 500, 1_000],
            "credit": ["GeoNames, CC BY 4.0"] * 4,
        }
    )


def map_axes(figure: Figure) -> Axes:
    return figure.axes[1]


def fills(axes: Axes) -> dict[str, int]:
    """Return colour → number of polygons that are filled with it."""
    count: dict[str, int] = {}
    for patch in axes.patches:
        if isinstance(patch, PathPatch) and patch.get_facecolor()[3] > 0 and patch.get_path().codes is not None:
            colour = to_hex(patch.get_facecolor())
            count[colour] = count.get(colour, 0) + int((patch.get_path().codes == 1).sum())
    return count


# --------------------------------------------------------------------------- what every map says


@pytest.mark.parametrize("method", ["getis_ord", "local_moran"])
def test_the_legend_has_every_class_with_its_number(make_hotspots: Any, study_area: StudyArea, method: Method) -> None:
    result = make_hotspots(method)
    said = words(draw_map(result, study_area))
    for style in METHOD_CLASSES[method]:
        label = said.index(style.label)
        # The count stands beside the label: it is written right after it.
        assert said[label + 1] == str(int((result.table["class"] == style.key).sum()))
    depends = said.index("Class depends on suppressed counts")
    assert said[depends + 1] == "4"  # the six areas of the last row are hidden, and two of them are untested


def test_a_map_says_where_its_numbers_come_from(gi_result: HotspotResult, study_area: StudyArea) -> None:
    said = prose(draw_map(gi_result, study_area))
    assert "Source: Invented police extract. Period: 2017–2019." in said
    assert "Contains National Statistics data © Crown copyright and database right 2020." in said
    assert "Contains OS data © Crown copyright and database right 2020." in said
    assert said.count("Contains OS data") == 1
    assert "Each area is tested together with its neighbours" in said
    assert "No record for July 2018." in said
    assert "Invented data: not about real people or events" in said
    assert "Knife crime by LSOA (2011) · Birmingham and Sandwell · 2017–2019 · Getis-Ord Gi*" in said


def test_the_title_states_the_finding_unless_another_is_given(gi_result: HotspotResult, study_area: StudyArea) -> None:
    number = len(gi_result.hot(BOTH))
    said = prose(draw_map(gi_result, study_area, place=BOTH))
    assert f"{number} of 36 areas in Birmingham–Sandwell are hot for knife crime" in said
    assert "A title of my own" in prose(draw_map(gi_result, study_area, title="A title of my own"))


def test_text_is_never_read_as_mathematics(make_hotspots: Any, study_area: StudyArea) -> None:
    figure = draw_map(make_hotspots(title="theft of $5 to $9 ^_{}"), study_area)
    assert "theft of $5 to $9 ^_{}" in prose(figure)
    assert not any(text.get_parse_math() for text in written(figure) if "$" in text.get_text())
    figure.canvas.draw()


def test_unreleased_counts_are_not_drawn(make_hotspots: Any, study_area: StudyArea) -> None:
    with pytest.raises(DisclosureError) as caught:
        draw_map(make_hotspots(release="unreleased"), study_area)
    assert str(caught.value).startswith("A map would publish unprotected counts: knife crime.")
    assert "found: HotspotResult with the release mark 'unreleased'" in str(caught.value)


def test_restricted_stands_in_red_above_and_below(make_hotspots: Any, study_area: StudyArea) -> None:
    figure = draw_map(make_hotspots(release="restricted"), study_area)
    marks = [text for text in written(figure) if text.get_text().startswith("RESTRICTED")]
    heights = sorted(text.get_position()[1] for text in marks)
    assert len(marks) == 2
    assert heights[0] < 15
    assert heights[1] > 195
    assert all(to_rgb(text.get_color())[0] > 0.6 and to_rgb(text.get_color())[1] < 0.1 for text in marks)


def test_invented_boundaries_mark_the_map_of_open_counts(make_hotspots: Any, study_area: StudyArea) -> None:
    assert "Invented data" in prose(draw_map(make_hotspots(release="open"), study_area))
    real = study_area.with_identity(release="open")
    assert "Invented data" not in prose(draw_map(make_hotspots(release="open"), real))


@pytest.mark.parametrize("place", [None, BIRMINGHAM, BOTH])
def test_text_stays_on_the_page_and_apart(
    gi_result: HotspotResult,
    moran_result: HotspotResult,
    surface: Surface,
    school_result: SchoolResult,
    study_area: StudyArea,
    places: pd.DataFrame,
    place: Place | None,
) -> None:
    for result in (gi_result, moran_result, surface, school_result):
        assert_legible(draw_map(result, study_area, place=place, place_labels=places))


def test_long_words_fit_too(make_hotspots: Any, study_area: StudyArea) -> None:
    long = make_hotspots(
        title="emergency hospital admissions for assault by sharp object or other violence of people aged 10 to 24",
        sentences=("Each frame is tested against chance with its neighbours and nothing else.",) * 40,
        sources=("Hospital Episode Statistics, " * 12,),
        release="restricted",
    )
    figure = draw_map(long, study_area, place=BOTH)
    assert_legible(figure)
    # On a sheet by itself there is no page to point to.
    assert "Shortened." in prose(figure)
    assert "briefing" not in prose(figure)
    assert "page" not in prose(figure)


# --------------------------------------------------------------------------- the map itself


def test_a_metre_is_as_long_north_as_east(gi_result: HotspotResult, study_area: StudyArea) -> None:
    for place in (None, BIRMINGHAM):
        axes = map_axes(draw_map(gi_result, study_area, place=place))
        (x0, y0), (x1, y1) = axes.transData.transform([(400_000, 290_000), (401_000, 291_000)])
        assert x1 - x0 == pytest.approx(y1 - y0, rel=1e-9)


@pytest.mark.parametrize(("unit", "metres"), [("km", 1_000.0), ("miles", METRES_PER_MILE)])
@pytest.mark.parametrize("place", [None, BIRMINGHAM])
def test_the_scale_bar_is_true_on_paper(
    gi_result: HotspotResult, study_area: StudyArea, place: Place | None, unit: str, metres: float
) -> None:
    """The bar's drawn length, put on the map, spans as many metres as the number at its end says."""
    figure = draw_map(gi_result, study_area, place=place)
    bars = [patch for patch in figure.axes[0].patches if patch.get_gid() == f"scale-{unit}"]
    number = next(text for text in figure.axes[0].texts if text.get_gid() == f"scale-{unit}")
    edges = [corner for bar in bars for corner in bar.get_window_extent().intervalx]
    inverse = map_axes(figure).transData.inverted()
    (start, _), (end, _) = inverse.transform([(min(edges), 0), (max(edges), 0)])
    assert end - start == pytest.approx(float(number.get_text()) * metres, rel=1e-9)
    assert max(edges) / 100 * 25.4 < 297 - 10


def test_round_lengths() -> None:
    assert [round_length(x) for x in (0.9, 1.0, 1.99, 4.9, 5.0, 20_000, 99_999)] == [0.5, 1, 1, 2, 5, 20_000, 50_000]


def test_areas_have_the_colour_of_their_class(gi_result: HotspotResult, study_area: StudyArea) -> None:
    drawn = fills(map_axes(draw_map(gi_result, study_area)))
    for style in GI_CLASSES:
        assert drawn[style.colour] == int((gi_result.table["class"] == style.key).sum())


def test_a_close_up_shows_what_lies_around_it_pale(gi_result: HotspotResult, study_area: StudyArea) -> None:
    figure = draw_map(gi_result, study_area, place=BIRMINGHAM)
    axes, drawn = map_axes(figure), fills(map_axes(figure))
    inside = gi_result.table[gi_result.table["la_code"] == "E08000025"]
    assert drawn[GI_CLASSES[0].colour] == int((inside["class"] == "hot_99").sum())
    assert sum(number for colour, number in drawn.items() if colour != PALE) == 18
    said = words(figure)
    for style in GI_CLASSES:
        assert said[said.index(style.label) + 1] == str(int((inside["class"] == style.key).sum()))
    assert drawn[PALE] > 0
    west, east = axes.get_xlim()
    south, north = axes.get_ylim()
    # All of Birmingham, 400-403 km east and 290-296 km north, with a little air.
    assert west < 400_000 < 403_000 < east
    assert south < 290_000 < 296_000 < north
    assert north - south < 6_000 * 1.1


def test_the_certainty_hatch_lies_on_the_areas_that_depend_on_hidden_numbers(
    gi_result: HotspotResult, study_area: StudyArea
) -> None:
    axes = map_axes(draw_map(gi_result, study_area))
    hatched = [patch for patch in axes.patches if patch.get_hatch() == "||||"]
    assert sum(int((patch.get_path().codes == 1).sum()) for patch in hatched) == 4  # six in the last row, two untested
    known = gi_result.table.assign(observed_high=gi_result.table["observed_low"])
    known["certainty"] = known["certainty"].replace("depends", "never")
    plain = map_axes(draw_map(replace(gi_result, table=known), study_area))
    assert not [patch for patch in plain.patches if patch.get_hatch() == "||||"]


@pytest.mark.parametrize("method", ["getis_ord", "local_moran"])
def test_classes_differ_without_colour(method: Method) -> None:
    """On a black-and-white printer any two classes differ in grey (ITU-R BT.601) by a tenth, or in hatch."""
    styles = METHOD_CLASSES[method]
    grey = {style.key: float(np.dot(to_rgb(style.colour), (0.299, 0.587, 0.114))) for style in styles}
    for number, one in enumerate(styles):
        for other in styles[number + 1 :]:
            assert abs(grey[one.key] - grey[other.key]) > 0.1 or one.hatch != other.hatch, (one.key, other.key)


def test_holes_stay_empty() -> None:
    """A lake in an area, or an area inside another, must not be painted over, whatever way its ring runs."""
    shell, hole = [(0, 0), (30, 0), (30, 30), (0, 30)], [(10, 10), (20, 10), (20, 20), (10, 20)]
    for holes in ([hole], [hole[::-1]]):
        sheet = new_sheet(width=30, height=30)
        path = compound_path(np.array([shapely.Polygon(shell, holes), None], dtype=object))
        sheet.paper.add_artist(PathPatch(path, facecolor="black", linewidth=0))
        sheet.figure.canvas.draw()
        pixels = np.asarray(sheet.figure.canvas.buffer_rgba())[..., 0]
        middle = pixels.shape[0] // 2
        assert pixels[middle, middle] == 255
        assert pixels[5, 5] == 0


def test_place_names_keep_apart_largest_first(
    gi_result: HotspotResult, study_area: StudyArea, places: pd.DataFrame
) -> None:
    figure = draw_map(gi_result, study_area, place_labels=places)
    named = [text.get_text() for text in map_axes(figure).texts if text.get_gid() != HALO]
    assert {"Large", "Far corner"} <= set(named)
    assert not {"Small beside large", "Outside"} & set(named)
    assert "Place names: GeoNames, CC BY 4.0." in prose(figure)


def test_a_name_is_text_and_its_halo_another_artist(
    gi_result: HotspotResult, study_area: StudyArea, places: pd.DataFrame
) -> None:
    texts = map_axes(draw_map(gi_result, study_area, place_labels=places)).texts
    halos = sorted(text.get_text() for text in texts if text.get_gid() == HALO)
    names = sorted(text.get_text() for text in texts if text.get_gid() != HALO)
    assert halos == names
    assert not any(text.get_path_effects() for text in texts if text.get_gid() != HALO)


def name_spot(figure: Figure, name: str) -> tuple[float, float]:
    found = [text for text in map_axes(figure).texts if text.get_text() == name and text.get_gid() != HALO]
    east, north = found[0].get_position()
    return float(east), float(north)


def test_a_name_gives_way_to_what_a_reader_came_to_see(gi_result: HotspotResult, study_area: StudyArea) -> None:
    """With nothing to see a name stands in the middle of its authority; a hot spot there drives it off, not out."""
    quiet = gi_result.table.assign(**{"class": "not_significant", "reason": ""})
    east, north = name_spot(draw_map(replace(gi_result, table=quiet), study_area), "Birmingham")
    assert east == pytest.approx(401_500, abs=60)  # Birmingham is 3 km wide and begins at 400 000
    centre = quiet.geometry.centroid
    hot = quiet.copy()
    hot.loc[(abs(centre.y - north) < 1_100) & (centre.x < 403_000), "class"] = "hot_99"
    moved = name_spot(draw_map(replace(gi_result, table=hot), study_area), "Birmingham")
    assert abs(moved[1] - north) > 900
    assert 400_000 < moved[0] < 403_000
    assert 290_000 < moved[1] < 296_000


def test_authorities_are_always_named(gi_result: HotspotResult, study_area: StudyArea) -> None:
    """Even where everything is hot, so that every spot is as bad as another."""
    table = gi_result.table.assign(**{"class": "hot_99"})
    for place in (None, BOTH):
        said = words(draw_map(replace(gi_result, table=table), study_area, place=place))
        assert {"Birmingham", "Sandwell"} <= set(said)


def test_no_place_is_named_where_a_school_would_hide_it(school_result: SchoolResult, study_area: StudyArea) -> None:
    # School C lies at 400 300 + 2 x 480 east and 290 700 + 2 x 1 300 north.
    places = pd.DataFrame(
        {"name": ["Hidden", "Free"], "easting": [401_260.0, 404_000.0], "northing": [293_300.0, 295_600.0]}
    ).assign(population=1)
    said = words(draw_map(school_result, study_area, place_labels=places))
    assert "Free" in said
    assert "Hidden" not in said


def test_a_single_authority_is_not_named_twice(gi_result: HotspotResult, study_area: StudyArea) -> None:
    assert "Birmingham" not in words(draw_map(gi_result, study_area, place=BIRMINGHAM))
    assert "Birmingham" in words(draw_map(gi_result, study_area, place=BOTH))


# --------------------------------------------------------------------------- surfaces and schools


def test_a_surface_has_its_unit_bandwidth_and_square_kilometres(surface: Surface, study_area: StudyArea) -> None:
    figure = draw_map(surface, study_area)
    said = prose(figure)
    assert "Events per km² per year" in said
    assert "Quartic kernel, bandwidth 750 m, chosen by rule of thumb." in said
    assert "not where risk is high" in said
    # The circle of 2.9 km has an area of 26.4 km²; the classes share it out, each rounded to a whole number.
    texts = words(figure)
    first = texts.index("km² of each class")
    counts = [int(word) for word in texts[first:] if word.isdigit()][:6]
    assert sum(counts) == pytest.approx(math.pi * 2.9**2, abs=2.5)


def test_a_surface_of_a_place_ends_at_its_border(surface: Surface, study_area: StudyArea) -> None:
    figure = draw_map(surface, study_area, place=BIRMINGHAM)
    clipped = [artist for artist in map_axes(figure).get_children() if artist.get_clip_path() is not None]
    fills = [artist for artist in clipped if isinstance(artist, PathPatch)]
    assert fills
    for artist in fills:
        path, affine = artist.get_clip_path().get_transformed_path_and_affine()
        corners = map_axes(figure).transData.inverted().transform(affine.transform(path.vertices))
        assert corners[:, 0].max() == pytest.approx(403_000)


def test_schools_are_points_by_colour_and_shape(school_result: SchoolResult, study_area: StudyArea) -> None:
    deprivation = Deprivation(
        pd.DataFrame({"score": 0.2, "rank": 1.0, "decile": [1 + n % 10 for n in range(36)]}, index=study_area.ids),
        identity=Identity(release="open", title="IDACI 2019", sources=("English Indices of Deprivation 2019, MHCLG",)),
    )
    figure = draw_map(school_result, study_area, deprivation=deprivation)
    lines = {(to_hex(line.get_markerfacecolor()), line.get_marker()): line for line in map_axes(figure).lines}
    placed = school_result.table[school_result.table.geometry.notna()]
    for style in SCHOOL_CLASSES:
        assert len(lines[style.colour, style.marker].get_xdata()) == int((placed["class"] == style.key).sum())
    said = prose(figure)
    assert "1 of the 12 schools in question has no point in the study area and is not shown on any map." in said
    assert "IDACI 2019: tenths of England's areas" in said
    assert "IDACI 2019: English Indices of Deprivation 2019, MHCLG." in said
    assert "1: most deprived" in said
    assert_legible(figure)


def test_a_source_is_named_once_unless_it_is_another_one(make_schools: Any, study_area: StudyArea) -> None:
    deciles = pd.DataFrame({"score": 0.2, "rank": 1.0, "decile": 3.0}, index=study_area.ids)
    register = make_schools(sources=("Register of schools, DfE", "MHCLG, 2019"))
    for source, times in (("MHCLG, 2019", 1), ("MHCLG", 2)):
        deprivation = Deprivation(deciles, identity=Identity(release="open", title="IDACI 2019", sources=(source,)))
        assert prose(draw_map(register, study_area, deprivation=deprivation)).count("MHCLG") == times


def test_an_area_without_a_decile_is_hatched(school_result: SchoolResult, study_area: StudyArea) -> None:
    table = pd.DataFrame({"score": 0.2, "rank": 1.0, "decile": 3.0}, index=study_area.ids[:-2])
    figure = draw_map(school_result, study_area, deprivation=Deprivation(table, identity=Identity(release="open")))
    hatched = [patch for patch in map_axes(figure).patches if patch.get_hatch() == "xxx"]
    assert sum(int((patch.get_path().codes == 1).sum()) for patch in hatched) == 2


# --------------------------------------------------------------------------- files


def test_the_same_map_is_the_same_bytes(
    gi_result: HotspotResult, study_area: StudyArea, places: pd.DataFrame, tmp_path: Path
) -> None:
    first = save_map(draw_map(gi_result, study_area, place_labels=places), tmp_path / "one" / "map")
    second = save_map(draw_map(gi_result, study_area, place_labels=places), tmp_path / "two" / "map")
    assert [path.name for path in first] == ["map.png", "map.pdf"]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    # Saving does not change the figure either.
    figure = draw_map(gi_result, study_area, place_labels=places)
    save_map(figure, tmp_path / "three" / "map")
    again = save_map(figure, tmp_path / "four" / "map")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]


def test_a_map_is_a4_at_300_dpi_and_its_text_is_text(
    gi_result: HotspotResult, study_area: StudyArea, tmp_path: Path
) -> None:
    png, pdf = save_map(draw_map(gi_result, study_area), tmp_path / "map")
    with Image.open(png) as image:
        assert image.size == (3507, 2480)  # 297 x 210 mm at 300 dots per 25.4 mm
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
        assert image.info["Title"].endswith("areas are hot for knife crime")
    with pikepdf.open(pdf) as document:
        page = document.pages[0]
        assert [float(x) / 72 * 25.4 for x in page.mediabox] == pytest.approx([0, 0, 297, 210], abs=0.01)
        fonts = list(page.resources.Font.values())
        assert fonts  # text, and not outlines: letters that can be searched and copied
        assert all("/ToUnicode" in font or "/Encoding" in font for font in fonts)
        assert "/CreationDate" not in document.docinfo
        assert str(document.docinfo["/Title"]).endswith("areas are hot for knife crime")


def test_the_picture_survives_grey(gi_result: HotspotResult, study_area: StudyArea, tmp_path: Path) -> None:
    """Hot at 99 % prints much darker than what is not significant."""
    png, _ = save_map(draw_map(gi_result, study_area), tmp_path / "map")
    axes_box = map_axes(draw_map(gi_result, study_area))
    with Image.open(png) as image:
        grey = np.asarray(image.convert("L"), dtype=float)

    def shade(area_id: str) -> float:
        x, y = gi_result.table.geometry[area_id].centroid.coords[0]
        across, up = axes_box.transData.transform((x, y)) * 3
        return float(
            np.median(
                grey[grey.shape[0] - int(up) - 20 : grey.shape[0] - int(up) + 20, int(across) - 20 : int(across) + 20]
            )
        )

    by_class = {key: rows.index[0] for key, rows in gi_result.table.groupby("class")}
    assert shade(by_class["not_significant"]) - shade(by_class["hot_99"]) > 120


def test_a_failed_write_leaves_the_old_file_and_no_rest(tmp_path: Path) -> None:
    target = tmp_path / "map.png"
    target.write_text("old")

    def fail(path: Path) -> None:
        path.write_text("half")
        raise PermissionError(13, "Permission denied")

    with pytest.raises(OutputError) as caught:
        replace_file(target, fail)
    assert caught.value.problem == f"Can't replace {target}."
    assert caught.value.found == "Permission denied"
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["map.png"]


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "maps").write_text("not a folder")
    with pytest.raises(OutputError) as caught:
        replace_file(tmp_path / "maps" / "map.png", lambda path: path.write_text(""))
    assert caught.value.problem == f"Can't write {tmp_path / 'maps' / 'map.png'}."
    assert "you may write to" in caught.value.advice


# --------------------------------------------------------------------------- manners


def test_drawing_changes_neither_nouns_nor_settings(
    gi_result: HotspotResult, study_area: StudyArea, places: pd.DataFrame, tmp_path: Path
) -> None:
    table, areas, labels, settings = gi_result.table.copy(), study_area.areas.copy(), places.copy(), dict(mpl.rcParams)
    save_map(draw_map(gi_result, study_area, place=BIRMINGHAM, place_labels=places), tmp_path / "map")
    pd.testing.assert_frame_equal(table, gi_result.table)
    pd.testing.assert_frame_equal(areas, study_area.areas)
    pd.testing.assert_frame_equal(labels, places)
    assert dict(mpl.rcParams) == settings


def test_the_users_own_matplotlib_settings_do_not_matter(
    gi_result: HotspotResult, study_area: StudyArea, tmp_path: Path
) -> None:
    plain = save_map(draw_map(gi_result, study_area), tmp_path / "plain")
    with mpl.rc_context({"font.family": "serif", "font.size": 30, "text.antialiased": False, "savefig.dpi": 50}):
        odd = save_map(draw_map(gi_result, study_area), tmp_path / "odd")
    assert [path.read_bytes() for path in plain] == [path.read_bytes() for path in odd]


def test_a_prepared_ground_gives_the_same_map(gi_result: HotspotResult, study_area: StudyArea, tmp_path: Path) -> None:
    fresh = save_map(draw_map(gi_result, study_area), tmp_path / "fresh")
    ready = save_map(draw_map(gi_result, prepare_ground(study_area)), tmp_path / "ready")
    assert [path.read_bytes() for path in fresh] == [path.read_bytes() for path in ready]


def test_maps_are_imported_without_matplotlib() -> None:
    code = "import sys, hotspots.publish.maps.map; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_patches_of_the_legend_wear_the_classes_hatches(gi_result: HotspotResult, study_area: StudyArea) -> None:
    paper = draw_map(gi_result, study_area).axes[0]
    hatches = [patch.get_hatch() for patch in paper.patches if isinstance(patch, Rectangle) and patch.get_hatch()]
    assert hatches == [style.hatch for style in GI_CLASSES if style.hatch] + ["||||"]


@pytest.mark.real
def test_the_force_area_and_its_close_ups_can_be_read(shared_data: Path, make_hotspots: Any) -> None:
    """1,680 real areas, classes in bands from west to east: every text on the page and apart, all areas drawn."""
    areas = gpd.read_file(shared_data / "wm_boundaries_27700.gpkg", layer="lsoa11")
    areas = areas.rename(columns={"lsoa11_name": "name", "lad19_code": "la_code", "lad19_name": "la_name"})
    area = StudyArea(areas.set_index("lsoa11_code"), geography="LSOA", vintage=2011, identity=Identity(release="open"))
    small = make_hotspots().table
    table = area.areas.reindex(columns=small.columns)
    ranks = table.geometry.centroid.x.rank(method="first").to_numpy()
    table["class"] = [GI_CLASSES[int(rank // 20) % len(GI_CLASSES)].key for rank in ranks]
    table["reason"], table["certainty"] = "made up", "certain"
    table["observed_low"] = table["observed_high"] = 5.0
    result = make_hotspots(table=table)
    sites = areas.sample(60, random_state=7)
    places = pd.DataFrame(
        {"name": sites["name"], "easting": sites["bng_e"], "northing": sites["bng_n"], "population": range(60)}
    )
    ground = prepare_ground(area)
    for place, number in ((None, 1680), (BOTH, 825), (Place("Coventry", ("E08000026",)), 195)):
        figure = draw_map(result, ground, place=place, place_labels=places)
        assert_legible(figure)
        assert sum(count for colour, count in fills(map_axes(figure)).items() if colour != PALE) == number


def names_on(figure: Figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_a_single_authority_is_named_in_the_heading_only(gi_result: HotspotResult, study_area: StudyArea) -> None:
    assert "Birmingham" in names_on(draw_map(gi_result, study_area))
    alone = study_area.within(["E08000025"])
    table = gi_result.table[gi_result.table["la_code"] == "E08000025"]
    assert "Birmingham" not in names_on(draw_map(replace(gi_result, table=table), alone))


def test_many_authorities_are_not_named(
    gi_result: HotspotResult, study_area: StudyArea, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hotspots.publish.maps.place_labels.MANY_AUTHORITIES", 1)
    assert not {"Birmingham", "Sandwell"} & set(names_on(draw_map(gi_result, study_area)))


def test_where_authorities_are_not_named_the_largest_places_are_though_they_have_their_names(
    gi_result: HotspotResult, study_area: StudyArea, places: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a map of a country the large cities are what a reader looks for, and each is an authority's name too."""
    city = pd.DataFrame([{"name": "Birmingham", "easting": 401_500.0, "northing": 293_000.0, "population": 10_000}])
    several = pd.concat([places, city], ignore_index=True)
    assert words(draw_map(gi_result, study_area, place_labels=several)).count("Birmingham") == 1  # as the authority
    monkeypatch.setattr("hotspots.publish.maps.place_labels.MANY_AUTHORITIES", 1)
    named = names_on(draw_map(gi_result, study_area, place_labels=several))
    assert {"Birmingham", "Large"} <= set(named)
    assert "Sandwell" not in named
