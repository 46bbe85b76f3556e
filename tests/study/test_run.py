"""A study in, a finished folder out: complete, repeatable, accounted for, and nothing lost when it fails."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from small_study import BIRMINGHAM, SURFACELESS, digests, write_small_study
from worlds import ROOT

from hotspots.errors import HotspotsError, OutputError, SourceError, StudyError
from hotspots.publish.gis import place_layers
from hotspots.publish.style import outlines
from hotspots.study import run
from hotspots.study.run import check_study, run_study


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Return a finished run of the small study."""
    folder = tmp_path_factory.mktemp("study")
    return run_study(write_small_study(folder, places=BIRMINGHAM))


def test_areas_and_surfaces_have_one_null(finished):
    areas = finished.summary["hotspots"]["violence"]["getis_ord"]["settings"]["null"]
    surface = finished.summary["surfaces"]["violence_risk"]["settings"]["null"]
    assert areas == "scattered-risk"
    assert surface == "events fall in proportion to people times a risk that scatters from area to area"


def test_everything_is_written(finished):
    files = {p.relative_to(finished.folder).as_posix() for p in finished.folder.rglob("*") if p.is_file()}
    expected = {"hotspots.gpkg", "density_violence.tif", "briefing.pdf", "summary.json"}
    for source in ("violence_getis_ord", "admissions_getis_ord", "violence_density"):
        for place in ("all", "birmingham"):
            expected |= {f"maps/{source}_{place}.png", f"maps/{source}_{place}.pdf"}
    expected |= {"maps/violence_local_moran_all.png", "maps/admissions_local_moran_all.pdf"}
    assert expected <= files
    assert set(json.loads((finished.folder / "summary.json").read_text(encoding="utf-8"))["files"]) == files
    assert [p.name for p in finished.folder.parent.iterdir()] == ["small"]


def test_the_summary_accounts_for_every_row(finished):
    summary = json.loads((finished.folder / "summary.json").read_text(encoding="utf-8"))
    for source in summary["sources"].values():
        assert source["rows_read"] == source["observed"] + source["outside"] + sum(source["dropped"].values())
    crime = summary["sources"]["violence"]
    assert crime["outside"] == 3
    assert sum(crime["dropped"].values()) == 2
    folder = finished.folder.parents[1]
    assert summary["inputs"]["crime.csv"] == hashlib.sha256((folder / "crime.csv").read_bytes()).hexdigest()
    assert str(folder) not in json.dumps(summary)


def test_the_planted_corner_is_found(finished):
    places = finished.summary["hotspots"]["violence"]["getis_ord"]["places"]
    hot = set(places["whole study area"]["hot_areas"])
    planted = {f"E010{10000 + 10 * row + column}" for row in (1, 2, 3) for column in (1, 2, 3)}
    assert len(hot & planted) >= 7
    assert places["Birmingham"]["hot"] == len(hot)
    assert any("Birmingham" in sentence and "hot" in sentence for sentence in finished.findings)


def test_the_authorities_are_dissolved_once(tmp_path, monkeypatch):
    """For the layer and for every map together: of a country it takes ten seconds each time."""
    calls = []
    dissolve = outlines.authority_outlines
    monkeypatch.setattr(outlines, "authority_outlines", lambda area: calls.append(1) or dissolve(area))
    monkeypatch.setattr(place_layers, "authority_outlines", outlines.authority_outlines)
    run_study(write_small_study(tmp_path, **SURFACELESS))
    assert len(calls) == 1


def test_the_same_run_twice_gives_the_same_content(tmp_path, finished):
    again = run_study(finished.folder.parents[1] / "study.toml", output=tmp_path)
    assert digests(again.folder) == digests(finished.folder)


def test_several_processes_draw_the_same_files(tmp_path, finished):
    # On the very same input files: the summary holds their SHA-256.
    several = run_study(finished.folder.parents[1] / "study.toml", output=tmp_path, workers=2)
    assert digests(several.folder) == digests(finished.folder)


def test_a_failed_run_leaves_the_previous_outputs(tmp_path, monkeypatch):
    study = write_small_study(tmp_path, **SURFACELESS)
    first = run_study(study)
    before = digests(first.folder)
    (tmp_path / "crime.csv").write_text("Month,Nothing\n2019-03,1\n", encoding="utf-8")
    with pytest.raises(SourceError):
        run_study(study)
    assert digests(first.folder) == before
    write_small_study(tmp_path, **SURFACELESS)

    def out_of_room(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(run, "finish_summary", out_of_room)
    with pytest.raises(OutputError, match="The disk is full"):
        run_study(study)
    assert digests(first.folder) == before
    assert [p.name for p in first.folder.parent.iterdir()] == ["small"]


def test_a_folder_that_is_not_ours_is_left_as_it_is(tmp_path):
    study = write_small_study(tmp_path)
    holiday = tmp_path / "outputs" / "small" / "holiday.jpg"
    holiday.parent.mkdir(parents=True)
    holiday.write_bytes(b"sun")
    with pytest.raises(OutputError) as caught:
        run_study(study)
    assert "is not an output folder of hotspots" in str(caught.value)
    assert "holiday.jpg" in str(caught.value)
    assert holiday.read_bytes() == b"sun"


def test_check_collects_every_problem_and_writes_nothing(tmp_path):
    study = write_small_study(tmp_path)
    (tmp_path / "crime.csv").unlink()
    (tmp_path / "hes.csv").write_text("EPIKEY,EPIORDER\n1,1\n", encoding="utf-8")
    before = sorted(p.name for p in tmp_path.iterdir())
    checked = check_study(study)
    assert len(checked.problems) == 2
    assert "crime.csv" in str(checked.problems[0])
    assert sorted(p.name for p in tmp_path.iterdir()) == before


# --------------------------------------------------------------------------- the gate


def everything_written(folder: Path) -> dict[str, pd.DataFrame]:
    """Return every table of the GeoPackage."""
    with sqlite3.connect(folder / "hotspots.gpkg") as database:
        names = [row[0] for row in database.execute("select table_name from gpkg_contents")]
        return {name: pd.read_sql(f'select * from "{name}"', database) for name in names}


def test_unreleased_counts_are_protected_before_anything_is_computed(tmp_path):
    finished = run_study(write_small_study(tmp_path, release="unreleased", crime="density = false"))
    layer = everything_written(finished.folder)["admissions_getis_ord"]
    hes = pd.read_csv(tmp_path / "hes.csv")
    true = hes["LSOA11"].value_counts().reindex(layer["area_id"]).fillna(0).to_numpy()
    low, high = layer["observed_low"].to_numpy(), layer["observed_high"].to_numpy()
    assert ((low <= true) & (true <= high)).all()
    small = (true >= 1) & (true <= 7)
    assert small.any()
    assert (low[small] == 1).all()
    assert (high[small] == 7).all()
    assert (high[true > 7] - low[true > 7] == 4).all()
    assert finished.summary["release"] == "nhs-digital"
    assert finished.summary["sources"]["admissions"]["rows_read"] != len(hes)
    assert f"{len(hes):,} " not in json.dumps(finished.summary["sources"]["admissions"])


def test_what_is_written_does_not_depend_on_what_is_hidden(tmp_path):
    """Move admissions so that every protected interval stays: not a byte of the layers, maps or briefing changes."""
    first = run_study(write_small_study(tmp_path, release="unreleased", crime="density = false"))
    hes = pd.read_csv(tmp_path / "hes.csv")
    counts = hes["LSOA11"].value_counts()
    small = counts[(counts >= 2) & (counts <= 6)].index
    giver, taker = small[0], small[1]
    hes.loc[hes.index[hes["LSOA11"] == giver][0], "LSOA11"] = taker
    hes.to_csv(tmp_path / "hes.csv", index=False)
    second = run_study(tmp_path / "study.toml", output=tmp_path / "again")
    one, two = digests(first.folder), digests(second.folder)
    for folder, files in ((first.folder, one), (second.folder, two)):
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        files["summary.json"] = str({key: value for key, value in summary.items() if key != "seconds"})
    assert one == two


def test_a_surface_of_unreleased_points_says_no_more_than_their_protected_counts(tmp_path):
    file = write_small_study(tmp_path)
    file.write_text(file.read_text(encoding="utf-8").replace('release = "open"', 'release = "unreleased"'), "utf-8")
    first = run_study(file, output=tmp_path / "one")
    surface = first.summary["surfaces"]["violence_density"]
    assert (surface["kind"], surface["settings"]["method"]) == ("spread", "counts by area, spread evenly and smoothed")
    assert surface["settings"]["least_events_under_a_peak"] >= 10
    assert "violence_risk" not in first.summary["surfaces"]
    # Every crime to another spot in its square: whatever the run writes, it may not tell.
    crimes = pd.read_csv(tmp_path / "crime.csv")
    rng = np.random.default_rng(9)
    for column in ("Easting", "Northing"):
        moved = crimes[column] // 1000 * 1000 + rng.integers(1, 999, len(crimes))
        crimes[column] = moved.where(crimes[column] != 1e5, crimes[column])
    crimes.to_csv(tmp_path / "crime.csv", index=False)
    second = run_study(file, output=tmp_path / "two")
    assert digests(first.folder) == digests(second.folder)


def test_a_restricted_run_says_so_everywhere(tmp_path):
    restricted = 'profile = "restricted"\nreaders = "Analysts"'
    file = write_small_study(tmp_path, release="unreleased", study=restricted, crime="density = false")
    finished = run_study(file)
    assert finished.folder.name == "small-RESTRICTED"
    assert finished.summary["release"] == "restricted"
    assert finished.summary["readers"] == "Analysts"
    layer = everything_written(finished.folder)["admissions_getis_ord"]
    assert (layer["observed_low"] == layer["observed_high"]).all()
    with sqlite3.connect(finished.folder / "hotspots.gpkg") as database:
        words = " ".join(str(row) for row in database.execute("select * from gpkg_contents"))
    assert "RESTRICTED" in words


# --------------------------------------------------------------------------- left out, with a reason


def test_all_events_outside_is_a_finding_and_not_a_crash(tmp_path):
    study = write_small_study(tmp_path, crime="density = true")
    crime = pd.read_csv(tmp_path / "crime.csv")
    crime[["Easting", "Northing"]] = [[100_000, 100_000]] * len(crime)
    crime.to_csv(tmp_path / "crime.csv", index=False)
    finished = run_study(study)
    assert finished.summary["sources"]["violence"]["outside"] == len(crime)
    assert finished.summary["left_out"]["hotspots of violent crime"] == "no event lies in the study area"
    assert "violence" not in finished.summary["hotspots"]


def test_a_place_without_areas_is_refused(tmp_path):
    places = BIRMINGHAM.replace("E08000025", "E08000099")
    with pytest.raises(HotspotsError) as caught:
        check_study(write_small_study(tmp_path, places=places))
    assert "The place 'Birmingham' has no area of the study." in str(caught.value)
    assert "E08000025 Birmingham" in str(caught.value)


def test_settings_reach_the_outputs(tmp_path):
    more = """
[analysis]
neighbours = "rook"
null = "constant-risk"
adjustment = "bonferroni"
global_statistics = true
[density]
bandwidth = 1500
cell = 250
"""
    finished = run_study(write_small_study(tmp_path, more=more))
    settings = finished.summary["hotspots"]["violence"]["getis_ord"]["settings"]
    assert settings["neighbours"].startswith("Rook")
    assert (settings["null"], settings["adjustment"], settings["inference"]) == ("constant-risk", "bonferroni", "exact")
    surface = finished.summary["surfaces"]["violence_risk"]["settings"]["null"]
    assert surface == "events fall independently, in proportion to people"
    clustering = finished.summary["clustering"]["violence"]
    joins = {"high-high joins", "low-low joins", "high-low joins"}
    assert set(clustering) == {"Moran's I", "Geary's C", "General G", *joins}
    assert clustering["high-high joins"]["words"].endswith("p from 999 permutations")
    assert any("Over the whole map" in sentence for sentence in finished.findings)
    by_distance = finished.summary["correlograms"]["violence"]
    # 10 by 10 squares of 1 km: half the diagonal between their middles is 6.4 km.
    assert [row["distance"] for row in by_distance] == [1000, 2000, 3000, 4000, 5000, 6000]
    scale = [sentence for sentence in finished.findings if "areas within" in sentence or "at any distance" in sentence]
    assert len(scale) == len(finished.summary["sources"])
    assert scale[0] in finished.summary["findings"]
    for name in finished.summary["sources"]:
        assert (finished.folder / "charts" / f"{name}_correlogram.png").is_file()
        assert (finished.folder / "charts" / f"{name}_correlogram.pdf").is_file()
    surface = finished.summary["surfaces"]["violence_density"]
    assert (surface["bandwidth_m"], surface["cell_m"]) == (1500, 250)


def test_rates_and_protected_rates_are_placed_at_random(tmp_path):
    analysis = '[analysis]\nnull = "randomisation"\nmeasure = "rate"\nconditional = true\nmid_p = true\n'
    finished = run_study(write_small_study(tmp_path, more=analysis, release="unreleased", **SURFACELESS))
    for name in ("violence", "admissions"):
        settings = finished.summary["hotspots"][name]["getis_ord"]["settings"]
        assert (settings["measure"], settings["inference"]) == ("rate per 1,000 people", "bracketed")
        assert (settings["conditional"], settings["mid_p"]) == (True, True)
        table = gpd.read_file(finished.folder / "hotspots.gpkg", layer=f"{name}_getis_ord")
        assert (table["p_low"] <= table["p_high"]).all()
    # Nothing is hidden of the crimes, and the bounds differ by rounding alone.
    open_ = gpd.read_file(finished.folder / "hotspots.gpkg", layer="violence_getis_ord")
    assert (open_["p_high"] - open_["p_low"]).max() < 0.01
    assert not (open_["certainty"] == "depends").any()
    assert (table["p_high"] - table["p_low"]).max() > 0.1


def test_a_source_that_can_not_cluster_stops_no_run(tmp_path):
    study = write_small_study(tmp_path, more="[analysis]\nglobal_statistics = true\n")
    text = study.read_text(encoding="utf-8")
    without = text[text.index("[population]") : text.index("[[events]]")]
    study.write_text(text.replace(without, ""), encoding="utf-8")
    crime = pd.read_csv(tmp_path / "crime.csv").dropna(subset="Easting")
    # One crime to a square of 1 km, and the squares are as many as the areas.
    squares = (crime[["Easting", "Northing"]] // 1000).astype(int)
    crime.loc[squares[squares["Easting"] >= 400].drop_duplicates().index].to_csv(tmp_path / "crime.csv", index=False)
    finished = run_study(study)
    assert finished.summary["left_out"]["clustering of violent crime"].startswith("all values are equal")
    assert "violence" not in finished.summary["clustering"]
    assert "admissions" in finished.summary["correlograms"]


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("population.csv", "lsoa11_code,people\nE01010000,5\n", "has no population"),
        ("population.csv", "lsoa11_code,persons\nE01010000,5\n", "people"),
        ("population.csv", "lsoa11_code,people\nE01010000,many\n", "many"),
        ("crime.csv", "", "crime.csv"),
        ("hes.csv", "EPIKEY,ADMIDATE\n", "hes.csv"),
    ],
)
def test_bad_input_is_a_clear_error_and_loses_nothing(tmp_path, file, content, words):
    study = write_small_study(tmp_path)
    (tmp_path / file).write_text(content, encoding="utf-8")
    with pytest.raises(HotspotsError) as caught:
        run_study(study)
    assert words in str(caught.value)
    assert caught.value.found or caught.value.advice
    left = tmp_path / "outputs"
    assert not left.exists() or not any(left.iterdir())


# --------------------------------------------------------------------------- the sample


@pytest.fixture(scope="module")
def truth():
    """Return the planted areas of the sample and their relative risk."""
    return pd.read_csv(ROOT / "tests" / "data" / "planted_truth.csv").set_index("area_id")


def test_the_planted_truth_of_the_sample_is_found(truth):
    """Share of planted areas found by relative risk, and of false ones; a shuffled truth must not score as well."""
    from hotspots.study.findings import analyses
    from hotspots.study.inputs.read import read_inputs
    from hotspots.study.settings.study_file import read_study

    study = read_study(ROOT / "study.toml")
    inputs = read_inputs(study)
    findings = analyses.Findings()
    neighbours = analyses._link(study, inputs)
    rng = np.random.default_rng(1)
    window = neighbours.matrix(with_self=True)
    for name in inputs.counts:
        result = analyses._test(study, name, inputs, neighbours)[0]
        findings.results.append(result)
        hot = result.table.index.isin(result.hot())
        risk = truth["relative_risk"].reindex(result.table.index).fillna(1.0).to_numpy()
        found = {rr: float(hot[risk == rr].mean()) for rr in (1.3, 1.6, 2.0)}
        touches = (window @ (risk > 1).astype(float)) > 0
        false = float((hot & ~touches).sum() / max(hot.sum(), 1))
        print(f"{name}: found {found}, false {false:.3f} of {hot.sum()} hot")
        scores = []
        for _ in range(200):
            shuffled = rng.permutation(risk)
            scores.append(hot[shuffled == 2.0].mean())
        assert found[2.0] > max(scores)
        assert found[2.0] > found[1.3]
        assert false <= 0.1
        # Planted areas rank far above the others even where the adjusted test does not reach them.
        p = result.table["p_hot_high"].to_numpy()
        ahead = (p[risk == 2.0][:, None] < p[risk == 1.0][None, :]).mean()
        assert ahead > 0.9, name
    # A population gradient is no hotspot: hot areas are not the populous ones.
    people = inputs.area.areas["population"].rank(pct=True)
    hot_everywhere = set().union(*(result.hot() for result in findings.results))
    assert abs(people[sorted(hot_everywhere)].mean() - 0.5) < 0.15


def test_places_name_their_authorities_by_code_or_by_name(tmp_path):
    for folder in ("code", "name"):
        (tmp_path / folder).mkdir()
    named = BIRMINGHAM.replace('"E08000025"', '"birmingham"')
    assert named != BIRMINGHAM
    finished = [
        run_study(write_small_study(tmp_path / folder, places=places, **SURFACELESS))
        for folder, places in (("code", BIRMINGHAM), ("name", named))
    ]
    assert finished[0].findings == finished[1].findings
    files = [sorted(path.name for path in one.folder.rglob("*birmingham*")) for one in finished]
    assert files[0] == files[1] != []
    twice = BIRMINGHAM.replace('"E08000025"', '"E08000025", "Birmingham"')
    with pytest.raises(StudyError, match="names an authority twice"):
        check_study(write_small_study(tmp_path, places=twice))
    unknown = write_small_study(tmp_path, places=BIRMINGHAM.replace("E08000025", "Bimingham"))
    with pytest.raises(StudyError, match="has no area of the study"):
        check_study(unknown)
