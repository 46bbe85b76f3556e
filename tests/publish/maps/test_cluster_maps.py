"""The page of clusters: numbers, legend, title and what each zone holds, against the fixture's three zones."""

from __future__ import annotations

from dataclasses import replace

import pytest
import shapely
from sheet_checks import assert_legible, prose, words

from hotspots.errors import DisclosureError
from hotspots.publish.maps import draw_map
from hotspots.publish.style import prepare_ground


def test_the_page_has_numbers_legend_and_findings(clusters, study_area):
    figure = draw_map(clusters, study_area)
    text = prose(figure)
    assert_legible(figure)
    assert {"1", "2", "3"} <= set(words(figure))
    assert "1 cluster of knife crime is beyond chance" in text
    assert "scan statistic, significant at 5%" in text
    for label in ("Cluster beyond chance", "depends on suppressed", "but within chance", "Areas in no cluster"):
        assert label in text
    # 1,200 events for 60,300 people; 6,140 of them live in the four squares of the first zone.
    assert "Zone 1: 210 events, 122.2 expected, 1.7 times" in text
    assert "Invented data" in text


def test_numbers_stand_inside_their_zones(clusters, study_area):
    figure = draw_map(clusters, study_area)
    frame = figure.axes[1]
    for number, shape in clusters.table.geometry.items():
        spots = [(one.get_position()) for one in frame.texts if one.get_text() == str(number)]
        assert len(spots) == 2  # the word and its halo
        assert all(shape.contains(shapely.Point(spot)) for spot in spots)


def test_a_map_without_clusters_says_so(clusters, study_area):
    none = replace(clusters, table=clusters.table.iloc[:0])
    text = prose(draw_map(none, prepare_ground(study_area)))
    assert "No cluster of knife crime is beyond chance" in text
    within = replace(clusters, table=clusters.table.iloc[[2]])
    text = prose(draw_map(within, study_area))
    assert "No cluster of knife crime is beyond chance" in text
    assert "Dashed: the most unlikely zone" in text


def test_unreleased_clusters_are_not_drawn(clusters, study_area):
    with pytest.raises(DisclosureError):
        draw_map(clusters.with_identity(release="unreleased"), study_area)


def test_the_page_of_clusters_in_time_says_when(space_time_clusters, study_area):
    figure = draw_map(space_time_clusters, study_area)
    text = prose(figure)
    assert_legible(figure)
    assert "1 space-time cluster of knife crime is beyond chance, May to July 2019" in text
    assert "space-time permutation scan by month, significant at 5%" in text
    assert "Zone 1, May to July 2019: 210 events" in text
    assert "even after searching over all zones and times" in text
    before = replace(space_time_clusters.provenance, prospective=True)
    text = prose(draw_map(replace(space_time_clusters, provenance=before), study_area))
    assert "space-time permutation scan by month up to the last one" in text
