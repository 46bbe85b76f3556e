"""The section [[clusters]]: what a run makes of it, what `check` says, and what is refused."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from number_book import Book
from number_words import wrong_in
from page_words import read_pages
from small_study import SURFACELESS, write_small_study
from worlds import make_counts, make_grid

from hotspots.errors import StudyError
from hotspots.model import settings_of
from hotspots.study import check_study, run_study
from hotspots.study.check import describe_check
from hotspots.study.findings import Findings
from hotspots.study.findings.scans import _add_clusters
from hotspots.study.settings import ClustersSection, read_study

MORE = """
[[clusters]]
events = ["violence", "admissions"]
share = 0.3
draws = 200
"""


def planted(codes):
    """Return which squares have four times the risk: rows and columns 1 to 3 of ten."""
    number = np.array([int(code[-5:]) - 10_000 for code in codes])
    row, column = np.divmod(number, 10)
    return (row >= 1) & (row <= 3) & (column >= 1) & (column <= 3)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scanned")
    return run_study(write_small_study(folder, more=MORE, **SURFACELESS), output=folder / "out")


def test_a_run_writes_layer_table_map_and_finding(finished):
    summary = json.loads((finished.folder / "summary.json").read_text(encoding="utf-8"))
    for name in ("violence", "admissions"):
        layer = gpd.read_file(finished.folder / "hotspots.gpkg", layer=f"{name}_clusters")
        table = pd.read_csv(finished.folder / "tables" / f"{name}_clusters.csv")
        assert (finished.folder / "maps" / f"{name}_clusters_all.pdf").is_file()
        first, written = layer.iloc[0], summary["clusters"][name]["clusters"][0]
        assert planted(first["area_ids"].split()).sum() >= 8
        assert first["certainty"] == "certain"
        events = gpd.read_file(finished.folder / "hotspots.gpkg", layer=f"{name}_getis_ord").set_index("area_id")
        inside = events.loc[first["area_ids"].split()]
        assert first["observed_low"] == inside["observed_low"].sum()
        assert first["people"] == inside["population"].sum()
        for column in ("observed_high", "expected_low", "p_high", "p_bound"):
            assert table[column].iloc[0] == pytest.approx(first[column])
            assert written[column] == pytest.approx(first[column])
        assert summary["clusters"][name]["settings"]["largest_share"] == 0.3
    found = [line for line in finished.findings if "beyond chance: north Birmingham" in line]
    assert len(found) == 2


def test_titles_findings_and_zones_are_counted_again(finished):
    book = Book(finished.folder, finished.folder.parents[1] / "study.toml")
    told = [line for line in finished.findings if " beyond chance: " in line]
    pages = [page for page in read_pages(finished.folder / "briefing.pdf") if " beyond chance, in " in page.title]
    assert len(told) == len(pages) == 2
    for words in (*told, *(page.title for page in pages)):
        assert wrong_in(book, words) == []
        more = words.replace("1 cluster is", "2 clusters are").replace("1 cluster of", "3 clusters of")
        assert wrong_in(book, more) != []
    for page in pages:
        source = page.title.partition(" of ")[2].partition(" is ")[0]
        said = re.findall(r"Zone (\d+): ([\d,]+) events, ([\d,.]+) expected, ([\d.]+) times", page.text)
        counted = book.clusters(source)
        assert [(number, events, ratio) for number, events, _, ratio in said] == [
            (str(number), one[2], one[4]) for number, one in enumerate(counted, 1)
        ]
        assert f"Cluster beyond chance {len(counted)}" in page.text


def test_check_reports_the_section(tmp_path):
    study = read_study(write_small_study(tmp_path, more=MORE.replace("share", "radius = 2500\nshare")))
    lines = list(describe_check(study, check_study(study).inputs))
    assert "clusters of violent crime: circles up to 30% of the people and 2,500 m" in lines
    assert not any("Left out" in line for line in lines)


def test_scattered_risk_is_a_null_of_known_counts_alone(tmp_path):
    """A run has its settings and words; `check` says beforehand that suppressed counts are left out, and why."""
    text = MORE.replace("share", 'null = "scattered-risk"\nshare')
    done = run_study(write_small_study(tmp_path, more=text, **SURFACELESS), output=tmp_path / "out")
    settings = done.summary["clusters"]["violence"]["settings"]
    assert settings["null"] == "scattered-risk"
    assert sum(share for _, share in settings["risks"]) == pytest.approx(1, abs=1e-3)
    assert "dispersion" not in settings or settings["dispersion"] is None
    page = next(page for page in read_pages(done.folder / "briefing.pdf") if "of violent crime is beyond" in page.title)
    assert re.search(r"standard deviation of areas' risks \d+% of their mean", page.text.replace("’", "'"))
    (tmp_path / "kept").mkdir()
    study = read_study(write_small_study(tmp_path / "kept", release="unreleased", more=text))
    reason = next(
        line for line in describe_check(study, check_study(study).inputs) if "Left out by a run: clusters of" in line
    )
    assert "because a scan under scattered risk needs known counts; under exchangeable or constant risk it" in reason


def test_protected_counts_are_scanned_as_intervals_and_hold_for_every_value(tmp_path):
    """The true counts lie in the intervals, and so do the events of every zone that is written."""
    file = write_small_study(tmp_path, release="unreleased", more=MORE, **SURFACELESS)
    done = run_study(file, output=tmp_path / "out")
    layer = gpd.read_file(done.folder / "hotspots.gpkg", layer="admissions_clusters")
    true = pd.read_csv(tmp_path / "hes.csv")["LSOA11"].value_counts()
    assert done.summary["clusters"]["admissions"]["settings"]["areas_hidden"] > 0
    assert done.summary["clusters"]["admissions"]["settings"]["rule"] == "nhs-digital"
    for row in layer.to_dict("records"):
        inside = true.reindex(row["area_ids"].split()).fillna(0).sum()
        assert row["observed_low"] <= inside <= row["observed_high"]
        assert row["observed_low"] < row["observed_high"]
        assert row["p_low"] <= row["p_high"] <= row["p_bound"]


@pytest.mark.parametrize(
    ("more", "found"),
    [
        (MORE.replace('"admissions"', '"burglary"'), "clusters are of 'burglary', which is not an event section"),
        (MORE + MORE, "two sections of clusters are of 'violence': name each source once"),
        (MORE.replace("0.3", "0.6"), "share"),
        (MORE.replace("share = 0.3", 'null = "randomisation"'), "null"),
        (MORE.replace("share = 0.3", 'secondary = "nested"'), "secondary"),
    ],
)
def test_what_can_not_be_scanned_is_refused(tmp_path, more, found):
    with pytest.raises(StudyError, match=found):
        read_study(write_small_study(tmp_path, more=more))


def test_clusters_need_people(tmp_path):
    file = write_small_study(tmp_path, more=MORE)
    text = file.read_text(encoding="utf-8").replace('[population]\nfile = "population.csv"\ncolumn = "people"\n', "")
    file.write_text(text, encoding="utf-8")
    with pytest.raises(StudyError, match=r"\[\[clusters\]\] needs people"):
        read_study(file)


def test_what_can_only_be_seen_in_the_data_is_left_out_with_the_reason(tmp_path):
    """Of a hundred areas nine have people: too few for a scan, and nothing else is stopped."""
    file = write_small_study(tmp_path, more=MORE)
    people = pd.read_csv(tmp_path / "population.csv")
    people.loc[9:, "people"] = 0
    people.to_csv(tmp_path / "population.csv", index=False)
    study = read_study(file)
    lines = list(describe_check(study, check_study(study).inputs))
    reason = "there are too few areas with people for a scan"
    assert f"Left out by a run: clusters of violent crime, because {reason}" in lines


def test_every_key_has_its_effect():
    area = make_grid(5, 5)
    area = area.with_population(pd.Series(1_000.0, index=area.ids))
    counts = make_counts(area, np.where(np.arange(25) < 2, 40, 8), name="crime", title="crime")
    inputs = SimpleNamespace(counts={"crime": counts}, area=area, labels=None)
    asked = {
        **{"share": 0.2, "radius": 2_500.0, "zones": "ellipses", "null": "constant-risk", "secondary": "removed"},
        **{"level": 0.01, "draws": 150, "seed": 7},
    }
    found = Findings()
    _add_clusters(found, None, ClustersSection(events=("crime",), **asked), "crime", inputs)
    settings = settings_of(found.clusters["crime"])
    written = {
        **{"share": "largest_share", "radius": "largest_radius_m", "zones": "zones", "null": "null"},
        **{"secondary": "secondary", "level": "level", "draws": "draws", "seed": "seed"},
    }
    assert {key: settings[name] for key, name in written.items()} == asked
    assert found.clusters["crime"].table["radius"].max() <= 2_500
    assert found.cluster_places["crime_clusters"][0].where.authorities == ("Birmingham",)
    usual = Findings()
    _add_clusters(usual, None, ClustersSection(events=("crime",)), "crime", inputs)
    settings = settings_of(usual.clusters["crime"])
    assert (settings["largest_share"], settings["largest_radius_m"], settings["zones"]) == (0.5, None, "circles")
    assert (settings["secondary"], settings["level"], settings["draws"], settings["seed"]) == ("apart", 0.05, 1_000, 0)
