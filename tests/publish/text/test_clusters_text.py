"""Clusters in words: every case of the title and of the finding."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hotspots.model import Hotspot, Whereabouts
from hotspots.publish.text import clusters_alt, clusters_sentence, clusters_title


@pytest.fixture
def places(clusters):
    where = Whereabouts(("Birmingham",), "west", (), "Smethwick")
    return [Hotspot(tuple(ids.split()), where, 1.0, 1.0, 1.0, 1.0) for ids in clusters.table["area_ids"]]


def of(clusters, *kinds):
    """Return the same clusters with other certainties, as many as are given."""
    return replace(clusters, table=clusters.table.iloc[: len(kinds)].assign(certainty=list(kinds)))


def test_titles(clusters, places):
    assert (
        clusters_title(clusters, places)
        == "1 cluster of knife crime is beyond chance, in west Birmingham, near Smethwick"
    )
    two = of(clusters, "certain", "certain")
    assert clusters_title(two) == "2 clusters of knife crime are beyond chance"
    assert clusters_title(two, places).endswith("; the most likely is in west Birmingham, near Smethwick")
    assert clusters_title(of(clusters, "never")) == "No cluster of knife crime is beyond chance"
    assert clusters_title(of(clusters, "depends", "depends")) == (
        "No cluster of knife crime is certain to be beyond chance; 2 may be, depending on suppressed counts"
    )


def test_findings(clusters, places):
    # 6,140 of 60,300 people live there: 1,200 x 6,140 / 60,300 = 122.
    assert clusters_sentence(clusters, places) == (
        "Knife crime: 1 cluster is beyond chance: west Birmingham, near Smethwick (4 areas, 6,140 people, 210 events, "
        "122 expected at the study area's average, 1.7 times, p below 0.0001). "
        "1 more zone may be, depending on suppressed counts."
    )
    said = clusters_sentence(of(clusters, "never"), places[:1])
    assert said.startswith("No cluster of knife crime is beyond chance. The most unlikely zone is in west Birmingham")
    none = replace(clusters, table=clusters.table.iloc[:0])
    assert clusters_sentence(none, []).endswith("in no zone are there more events than expected.")


def test_the_alternative_text_has_every_zone(clusters):
    said = clusters_alt(clusters, title=clusters_title(clusters))
    assert said.count("Zone ") == 3
    assert "Zone 2: 40 to 52 events" in said
    assert "p 0.012 to 0.2" in said


def test_clusters_in_time_say_when(space_time_clusters, places):
    first = of(space_time_clusters, "certain")
    when = "in west Birmingham, near Smethwick, May to July 2019"
    assert clusters_title(first, places[:1]) == f"1 space-time cluster of knife crime is beyond chance, {when}"
    assert clusters_title(first) == "1 space-time cluster of knife crime is beyond chance, May to July 2019"
    both = of(space_time_clusters, "certain", "certain")
    assert clusters_title(both, places[::2]) == (
        f"2 space-time clusters of knife crime are beyond chance; the most likely is {when}"
    )
    assert clusters_title(of(both, "never")) == "No space-time cluster of knife crime is beyond chance"
    assert clusters_sentence(both, places[::2]) == (
        "Knife crime: 2 space-time clusters are beyond chance: west Birmingham, near Smethwick, May to July 2019 "
        "(4 areas, 6,140 people, 210 events, 122 expected there at that time, 1.7 times, p below 0.0001); west "
        "Birmingham, near Smethwick, 2018 (1 area, 1,850 people, 50 events, 37 expected there at that time, 1.4 times, "
        "p 0.4)."
    )
    said = clusters_alt(both, title=clusters_title(both))
    assert said.startswith("Map of the most likely space-time clusters of knife crime. 2 space-time clusters")
    assert "Zone 1, May to July 2019: 210 events" in said
    assert "Zone 2, 2018: 50 events" in said


def test_without_people_none_are_named(space_time_clusters, places):
    alone = of(space_time_clusters, "certain")
    said = clusters_sentence(replace(alone, table=alone.table.assign(people=float("nan"))), places[:1])
    assert "(4 areas, 210 events," in said
    assert "nan" not in said
