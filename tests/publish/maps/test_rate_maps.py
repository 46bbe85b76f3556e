"""The map of rates over the average, its words, and its look in a GIS."""

from __future__ import annotations

import re
import sqlite3
import xml.etree.ElementTree as ET
from contextlib import closing
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_methods import school_method
from matplotlib.colors import to_hex
from sheet_checks import assert_legible, prose

from hotspots.analysis.schools.model import against_average, describe_rates
from hotspots.errors import OutputError
from hotspots.model import Deprivation, Identity, Place, SchoolResult, StudyArea
from hotspots.publish.gis.geopackage import write_geopackage
from hotspots.publish.gis.styles import rate_style
from hotspots.publish.maps.map import draw_map
from hotspots.publish.page.sheet import INK
from hotspots.publish.style.markings import RATE_LEVELS
from hotspots.publish.text.school_rates import average_words, rate_alt, rates_title
from hotspots.vocabulary import RATE_CLASSES

SANDWELL = Place("Sandwell", ("E08000028",))


@pytest.fixture
def rated(make_schools: Any) -> SchoolResult:
    """Twelve schools whose rates run from none to six times the average, one of them hidden, one not compared."""
    result = make_schools()
    table = result.table.copy()
    table["low"] = table["high"] = [0.0, 6, 12, 15, 18, 33, 4, 60, 11, 1, 9, 5]
    table.loc[table.index[9], "high"] = 30.0
    table["pupils"] = [3000.0] * 6 + [900.0, 3000.0, 1000.0, 3000.0, 3000.0, 3000.0]
    compared = table["area_id"].notna().to_numpy()
    columns, average = against_average(table, compared)
    table[columns.columns] = columns
    return replace(result, table=table, provenance=school_method(rate_average=average))


def drawn(figure: Any) -> dict[tuple[str, str, str], int]:
    """Return face, edge and marker → number of marks on the map."""
    axes = figure.axes[1]
    return {
        (to_hex(line.get_markerfacecolor()), to_hex(line.get_markeredgecolor()), line.get_marker()): len(
            line.get_xdata()
        )
        for line in axes.lines
    }


def test_schools_are_drawn_by_class_and_hollow_where_chance_would_do(rated: SchoolResult, study_area: StudyArea):
    deprivation = Deprivation(
        pd.DataFrame({"score": 0.2, "rank": 1.0, "decile": [1 + n % 10 for n in range(36)]}, index=study_area.ids),
        identity=Identity(release="open", title="IDACI 2019"),
    )
    figure = draw_map(rated, study_area, deprivation=deprivation, schools_by="rate")
    table = rated.table[rated.table.geometry.notna()]
    marks = drawn(figure)
    assert {"no", "yes"} == set(table["rate_differs"])
    for style in RATE_CLASSES:
        mine = table[table["rate_class"] == style.key]
        differs = int((mine["rate_differs"] == "yes").sum())
        assert marks[style.colour, INK, style.marker] == differs, style.key
        ring = INK if style.key == "depends" else style.colour
        assert marks["#ffffff", ring, style.marker] == len(mine) - differs, style.key
    said = prose(figure)
    assert "Rate over the average" in said
    assert (
        "Hollow, of those with a class: not clearly different from the average (the 95% interval includes it)" in said
    )
    assert f"{average_words(rated)}" in said
    assert "This map does not allow for deprivation" in said
    assert "the average could be" in said  # one number is hidden: the average has ends
    assert "1: most deprived" in said
    assert_legible(figure)


def test_every_class_has_a_shape_and_a_shade_of_its_own():
    shapes = [style.marker for style in RATE_CLASSES]
    assert len(set(shapes)) == len(shapes)
    assert sorted(RATE_LEVELS) == sorted(style.key for style in RATE_CLASSES)


def test_the_title_counts_what_its_intervals_tell(rated: SchoolResult):
    table = rated.table
    above, below = (table["ratio_low_95"] > 1).sum(), (table["ratio_high_95"] < 1).sum()
    assert above > 1
    assert below > 1
    words = f"{above} of 11 schools compared have rates of permanent exclusions clearly above the study's average"
    assert rates_title(rated, table) == f"{words}, {below} clearly below"
    assert describe_rates(rated)["above_average"] == above
    assert sum(describe_rates(rated)["classes"].values()) == 11


@pytest.mark.parametrize(
    ("intervals", "title"),
    [
        ([(0.5, 2.0)], "No school in Sandwell has rates of permanent exclusions clearly above or below the study's "
         "average"),
        ([(1.2, 2.0), (0.5, 2.0)], "1 of 2 schools compared in Sandwell has rates of permanent exclusions clearly "
         "above the study's average"),
        ([(0.1, 0.9), (0.5, 2.0), (0.0, 0.8)], "2 of 3 schools compared in Sandwell have rates of permanent exclusions "
         "clearly below the study's average"),
        ([], "No school in Sandwell could be compared with the average for permanent exclusions"),
    ],
)  # fmt: skip
def test_titles_of_a_place(rated: SchoolResult, intervals: list[tuple[float, float]], title: str):
    table = pd.DataFrame(intervals, columns=["ratio_low_95", "ratio_high_95"], dtype=float).assign(rate_class="about")
    assert rates_title(rated, table, SANDWELL) == title


def test_alternative_text_has_the_finding_and_the_counts(rated: SchoolResult):
    said = rate_alt(rated, rated.table, place=None, title="The finding")
    assert said.startswith(f"Map of schools by rate of permanent exclusions, {average_words(rated)}. The finding. ")
    numbers = [int(number) for number in re.findall(r": (\d+)", said)]
    assert sum(numbers) == 11


def test_without_an_average_there_is_no_such_map(school_result: SchoolResult, study_area: StudyArea):
    with pytest.raises(OutputError, match="no rates over the average"):
        draw_map(school_result, study_area, schools_by="rate")


def test_qgis_is_offered_the_rates_beside_the_style_it_opens_with(rated: SchoolResult, tmp_path: Any):
    path = write_geopackage(tmp_path / "s.gpkg", [rated], title="S")
    with closing(sqlite3.connect(path)) as file:
        rows = file.execute("SELECT f_table_name, styleName, useAsDefault, styleQML FROM layer_styles").fetchall()
    assert [row[:3] for row in rows] == [("schools", "schools", 1), ("schools", "schools_rate", 0)]
    legend = [rule.get("label") for rule in ET.fromstring(rows[1][3]).iter("rule")]
    assert average_words(rated) in legend


def test_a_rule_of_the_rates_asks_for_class_and_side():
    look = rate_style("average 0.2", {}, release="open")
    rules = {rule.get("label"): rule.get("filter") for rule in ET.fromstring(look.qml).iter("rule")}
    assert rules["Below half the average"] == '"rate_class" = \'below_half\' AND "rate_differs" = TRUE'
    hollow = rules["Below half the average, not clearly different from the average"]
    assert hollow == '"rate_class" = \'below_half\' AND "rate_differs" = FALSE'
    names = {"se": "http://www.opengis.net/se", "ogc": "http://www.opengis.net/ogc"}
    filters = ET.fromstring(look.sld).findall(".//se:Rule/ogc:Filter/ogc:And", names)
    assert len(filters) == 2 * len(RATE_CLASSES)
    assert all(len(one) == 2 for one in filters)
    # No interpreter of SLD 1.1 knows a diamond: a turned square is one.
    shapes = {one.text for one in ET.fromstring(look.sld).findall(".//se:WellKnownName", names)}
    assert shapes == {"circle", "triangle", "square", "x"}


def test_map_changes_nothing(rated: SchoolResult, study_area: StudyArea):
    before = rated.table.copy(deep=True)
    draw_map(rated, study_area, schools_by="rate")
    pd.testing.assert_frame_equal(pd.DataFrame(rated.table), pd.DataFrame(before))
    assert np.isfinite(rated.provenance.rate_average.per_100)
