"""Nothing that a `publish` run writes gives a hidden count back: an attacker tries, and finds what is planted."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from attacker import attack, learn_audit, open_published
from attacker_columns import Knowledge, formulas
from click.testing import CliRunner
from small_study import codes_of, digests
from worlds import make_counts, make_grid, protect_alone

from hotspots import cli
from hotspots.analysis.autocorrelation.local_statistics import getis_ord, local_moran
from hotspots.disclosure import Gate, Scope
from hotspots.disclosure.release.rules import RULES
from hotspots.model import Identity, Series
from hotspots.study.run import run_study

RULE = RULES["nhs-digital"]
LAYER = "admissions_getis_ord"
WORDS = ("admissions", "admission")

STUDY = """
[study]
title = "Thirty-six areas"
slug = "hidden"
[areas]
file = "areas.gpkg"
vintage = 2011
[population]
file = "population.csv"
column = "people"
[[places]]
name = "Birmingham"
authorities = ["E08000025"]
[[events]]
name = "admissions"
title = "hospital admissions"
format = "hes"
file = "hes.csv"
years = [2017, 2018]
source = "Made for a test"
[[series]]
name = "by_year"
title = "hospital admissions by year"
events = "admissions"
years = [2017, 2018]
rates = true
base = 2017
change_points = true
[analysis]
global_statistics = true
[maps]
dpi = 72
"""


# --------------------------------------------------------------------------- a world with hidden counts


def true_counts(seed: int = 1) -> np.ndarray:
    """Return counts of 36 areas, many of them hidden, with a corner where there are more."""
    risk = np.ones((6, 6))
    risk[:2, :2] = 4
    return np.random.default_rng(seed).poisson(5 * risk.ravel())


def write_study(folder: Path, counts: np.ndarray, *, text: str = STUDY, dropped: int = 4, outside: int = 3) -> Path:
    """Write a study of unreleased admissions; every other one is in 2017, and some rows have no residence here."""
    grid = make_grid(6, 6)
    table = grid.areas.reset_index(drop=True).assign(lsoa11_code=codes_of(grid))
    table["lsoa11_name"] = [f"{name} {i:03d}A" for i, name in enumerate(table["la_name"])]
    table[["lsoa11_code", "lsoa11_name", "la_code", "la_name", "geometry"]].to_file(
        folder / "areas.gpkg", driver="GPKG"
    )
    pd.DataFrame({"lsoa11_code": codes_of(grid), "people": 1503 + 17 * np.arange(36)}).to_csv(
        folder / "population.csv", index=False
    )
    homes = [*np.repeat(codes_of(grid), counts), *["E01099998"] * outside, *[""] * dropped]
    years = np.where(np.arange(len(homes)) % 2, 2018, 2017)
    rows = {
        "EPIKEY": np.arange(len(homes)) + 1000, "EPIORDER": 1, "ADMIDATE": [f"{year}-05-02" for year in years],
        "STARTAGE": 30, "SEX": 1, "ADMIMETH": 21, "LSOA11": homes, "DIAG_01": "S010", "DIAG_02": "Y040",
    }  # fmt: skip
    pd.DataFrame(rows).to_csv(folder / "hes.csv", index=False)
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return folder / "study.toml"


def years_of(rows: int) -> list[tuple[float, float]]:
    """Return the protected numbers of both years, as a reader takes them off the chart."""
    return [RULE.interval((rows + 1) // 2), RULE.interval(rows // 2)]


def other_counts(counts: np.ndarray) -> np.ndarray:
    """Return counts of the same intervals and the same total, of which hardly one is the same."""
    rng = np.random.default_rng(7)
    bounds = np.array([RULE.interval(count) for count in counts])
    while True:
        other = rng.integers(bounds[:, 0], bounds[:, 1] + 1)
        if other.sum() == counts.sum():
            return other


def run_and_listen(study: Path, output: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a study from the command line; return what it said, without the seconds and the folder."""
    monkeypatch.setattr(cli.os, "cpu_count", lambda: 1)
    told = CliRunner().invoke(cli.main, ["run", str(study), "--output", str(output)])
    assert told.exit_code == 0, told.output
    return told.output.replace(str(output), "")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return the folder of a publish run, the true counts, and what the program said."""
    folder = tmp_path_factory.mktemp("study")
    with pytest.MonkeyPatch.context() as patch:
        log = run_and_listen(write_study(folder, true_counts()), folder / "outputs", patch)
    return folder / "outputs" / "hidden", true_counts(), log


def attacked(folder: Path, log: str, rows: int, columns: tuple[str, ...] | None = None) -> dict:
    """Let the attacker have a folder; where only some columns are new, the others have been looked into already."""
    return attack(open_published(folder, log), LAYER, words=WORDS, years=years_of(rows), columns=columns)


# --------------------------------------------------------------------------- a publish run gives nothing back


def test_nothing_is_given_back(run):
    folder, true, log = run
    known = Knowledge.of_layer(open_published(folder).layers[LAYER])
    assert ((known.low <= true) & (true <= known.high)).all()
    assert (known.low < known.high).sum() > 30
    assert attacked(folder, log, true.sum() + 7) == {}


def test_what_is_hidden_changes_no_byte(run, tmp_path, monkeypatch):
    """Other counts in the same intervals, other rows outside and dropped: the same files, and the same words."""
    folder, true, log = run
    other = other_counts(true)
    assert (other != true).sum() > 20
    study = write_study(tmp_path, other, dropped=5, outside=2)
    shutil.copy(folder.parents[1] / "areas.gpkg", tmp_path)  # GDAL writes the time into it, and its SHA-256 is told
    again = run_and_listen(study, tmp_path / "outputs", monkeypatch)
    assert digests(folder) == digests(tmp_path / "outputs" / "hidden")
    assert again == log


def test_whoever_has_the_program_can_make_every_column_from_the_intervals(run):
    layers = open_published(run[0]).layers
    for layer, method in ((LAYER, getis_ord), ("admissions_local_moran", local_moran)):
        table = layers[layer].set_index("area_id")
        grid = make_grid(6, 6)
        order = table.index.argsort()
        area = grid.with_population(pd.Series(table["population"].to_numpy()[order], index=grid.ids))
        counts = make_counts(
            area, table["observed_low"].to_numpy()[order], high=table["observed_high"].to_numpy()[order]
        )
        made = method(counts).table
        for column in table.select_dtypes("number"):
            published = table[column].to_numpy(dtype=float)[order]
            np.testing.assert_allclose(made[column].to_numpy(dtype=float), published, rtol=1e-12, err_msg=column)
        assert made["class"].tolist() == table["class"].to_numpy()[order].tolist()


# --------------------------------------------------------------------------- planted leaks are found


def add_column(folder: Path, column: str, values: np.ndarray, layer: str = LAYER) -> None:
    """Add a column to a layer, as a careless hand would."""
    with sqlite3.connect(folder / "hotspots.gpkg") as file:
        for name in ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
            file.create_function(name, 1, lambda _: 0)  # the file's triggers name them
        file.execute(f'alter table "{layer}" add column "{column}" real')
        codes = [code for (code,) in file.execute(f'select area_id from "{layer}" order by area_id')]
        assert len(codes) == len(values)
        file.executemany(
            f'update "{layer}" set "{column}" = ? where area_id = ?',
            [(float(value), code) for value, code in zip(values, codes, strict=True)],
        )


def made_of(run, formula: str) -> np.ndarray:
    """Return a column made of the true counts."""
    folder, true, _ = run
    known = Knowledge.of_layer(open_published(folder).layers[LAYER])
    return dict(formulas(known))[formula](true.astype(float))


def plant(run, tmp_path: Path) -> Path:
    return Path(shutil.copytree(run[0], tmp_path / "leaky"))


def test_the_formulas_of_the_attacker_are_those_of_other_programs(run):
    """With esda's own code, so that a leak is not missed because the attacker's formula is wrong."""
    from esda.getisord import G_Local
    from esda.moran import Moran_Local
    from libpysal.graph import Graph

    folder, true, _ = run
    known = Knowledge.of_layer(open_published(folder).layers[LAYER])
    graph = Graph.build_contiguity(known.table, rook=False)
    moran = Moran_Local(true.astype(float), graph.transform("r"), permutations=0)
    mine = dict(formulas(known))["Local Moran's I of counts"](true.astype(float))
    # esda divides by n - 1.
    np.testing.assert_allclose(mine, moran.Is * 36 / 35, rtol=1e-9)
    star = G_Local(true.astype(float), graph.assign_self_weight(1.0), star=None, transform="B", permutations=0)
    np.testing.assert_allclose(dict(formulas(known))["Gi* z of counts"](true.astype(float)), star.Zs, rtol=1e-9)


@pytest.mark.parametrize(
    ("formula", "decimals"),
    [
        ("Gi* z of counts", 2),
        ("Gi* z of rates", 2),
        ("Local Moran's I of counts", 3),
        ("Local Moran's I of rates", 3),
        ("p of Gi* z of rates", 4),
        ("rate per 1,000", 2),
        ("rate of the window per 1,000", 2),
        ("window sum", 0),
    ],
)
def test_a_column_of_true_counts_is_found(run, tmp_path, formula, decimals):
    folder = plant(run, tmp_path)
    add_column(folder, "extra", np.round(made_of(run, formula), decimals))
    found = attacked(folder, run[2], run[1].sum() + 7, columns=("extra",))
    assert any("extra" in way for way in found)
    assert {way.split(":")[0] for way in found} == {f"{LAYER}.extra"}
    check_against_truth(found, run[1])


def check_against_truth(found: dict, true: np.ndarray) -> None:
    """What the attacker says of some count is true by some reading: a leak is given back and not made up."""
    codes = codes_of(make_grid(6, 6))
    truth = dict(zip(codes, true, strict=True))
    said = [(truth[name], ends) for ways in found.values() for name, ends in ways.items() if name in truth]
    assert any(low <= count <= high for count, (low, high) in said)


def test_a_rate_with_its_denominator_is_found(run, tmp_path):
    folder = plant(run, tmp_path)
    visits = np.random.default_rng(3).integers(211, 977, 36)
    add_column(folder, "visits", visits)
    add_column(folder, "per_100_visits", np.round(100 * run[1] / visits, 2))
    found = attacked(folder, run[2], run[1].sum() + 7, columns=("visits", "per_100_visits"))
    assert f"{LAYER}.per_100_visits: rate per 100 of visits" in found
    check_against_truth(found, run[1])


def test_an_exact_p_value_of_true_counts_is_found(run, tmp_path):
    """The test under constant risk with the true counts: from p to window sums, from those to counts."""
    from scipy.stats import binom

    folder = plant(run, tmp_path)
    true, known = run[1], Knowledge.of_layer(open_published(folder).layers[LAYER])
    share = known.window @ known.people / known.people.sum()
    add_column(folder, "p_risk", binom.sf(known.window @ true - 1, true.sum(), share))
    found = attacked(folder, run[2], true.sum() + 7, columns=("p_risk",))
    assert f"{LAYER}.p_risk: binomial p" in found
    check_against_truth(found, true)


def test_a_total_that_is_not_rounded_is_found(run, tmp_path):
    folder = plant(run, tmp_path)
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    number = int(run[1][(np.arange(36) % 6) < 3].sum())
    summary["sources"]["admissions"]["by_authority"] = {"E08000025": number}
    (folder / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    found = attacked(folder, run[2], run[1].sum() + 7, columns=())
    assert found["summary.json, sources.admissions.by_authority.E08000025"] == {"total": (number, number)}


def test_words_with_a_count_are_found(run, tmp_path):
    """A tooltip, a layer's description and a line of the log."""
    folder, true = plant(run, tmp_path), run[1]
    place = int(np.flatnonzero((true > 1) & (true < 7))[0])
    code, name = codes_of(make_grid(6, 6))[place], f"Birmingham {place:03d}A"
    with sqlite3.connect(folder / "hotspots.gpkg") as file:
        tip = f"<mapTip>{name}: {true[place]}</mapTip>"
        file.execute("update layer_styles set styleQML = replace(styleQML, '</qgis>', ?)", (f"{tip}</qgis>",))
        words = f"Of {true.sum()} admissions most are in one corner."
        file.execute("update gpkg_contents set description = ? where table_name = ?", (words, LAYER))
    log = run[2] + f"\nDEBUG counted {code} -> {true[place]}\n"
    found = attacked(folder, log, true.sum() + 7, columns=())
    assert any(where.startswith("hotspots.gpkg, layer_styles") for where in found)
    assert any(where.startswith("hotspots.gpkg, gpkg_contents") for where in found)
    assert any(where.startswith("what the program said") for where in found)
    told = [ends for ways in found.values() for known, ends in ways.items() if known == code]
    assert told
    assert set(told) == {(true[place], true[place])}


# --------------------------------------------------------------------------- sums


SPARSE = np.where(np.arange(36) % 3, 1, 0)
"""Rare events: 24 areas with one each."""


def test_a_total_near_its_lowest_tells_of_every_area(run):
    """24 areas with 1 to 7 each; a total under the rule, 23 to 27, leaves each of them no more than 4."""
    layer = open_published(run[0]).layers[LAYER].sort_values("area_id").copy()
    layer["observed_low"], layer["observed_high"] = 1.0 * (SPARSE > 0), 7.0 * (SPARSE > 0)
    known = Knowledge.of_layer(layer)
    learn_audit(known, {"rows_read": RULE.show(24), "outside": "0", "dropped": {}})
    narrowed = known.narrowed()
    assert len(narrowed) == 24
    assert set(narrowed.values()) == {(1, 4)}
    # What the gate says instead.
    counts = make_counts(make_grid(6, 6), SPARSE, release="unreleased", audit={"rows_read": 24, "joined_by_code": 24,
                         "joined_by_point": 0, "kept": 24})  # fmt: skip
    audit = protect_alone(counts, "nhs-digital").audit
    assert dict(audit) == {"rows_read": "24 to 168", "joined_by_code": "24 to 168", "joined_by_point": "0"}
    known = Knowledge.of_layer(layer)
    learn_audit(known, {**audit, "outside": "0", "dropped": {}})
    assert known.narrowed() == {}


def test_a_last_part_is_not_had_by_subtraction():
    """Under the older rule larger numbers are not rounded: 40 rows less 36 in areas would be 4 outside."""
    counts = make_counts(make_grid(1, 3), [10, 11, 15], release="unreleased", outside=4, audit={"rows_read": 40,
                         "kept": 40, "joined_by_code": 36, "joined_by_point": 0, "outside": 4})  # fmt: skip
    safe = protect_alone(counts, "older-phe")
    assert safe.outside == "1 to 5"
    assert safe.audit["rows_read"] == "37 to 41"
    assert "kept" not in safe.audit
    again = protect_alone(safe, "older-phe")
    assert dict(again.audit) == dict(safe.audit)


def test_a_chart_that_would_tell_of_areas_has_wider_numbers(tmp_path):
    finished = run_study(write_study(tmp_path, SPARSE, dropped=0, outside=0))
    published = open_published(finished.folder)
    chart = pd.read_csv(finished.folder / "tables" / "by_year.csv", encoding="utf-8-sig")
    years = [tuple(ends) for ends in chart[["low", "high"]].to_numpy()]
    assert years != years_of(int(SPARSE.sum()))
    assert attack(published, LAYER, words=WORDS, years=years, columns=()) == {}
    # Had it had the rule's own, 8 to 12 in either year, no area could have more than one of the 24.
    known = Knowledge.of_layer(published.layers[LAYER])
    learn_audit(known, finished.summary["sources"]["admissions"], years_of(int(SPARSE.sum())))
    narrowed = known.narrowed()
    assert [ends for name, ends in narrowed.items() if name.startswith("E01")] == [(1, 1)] * 24
    assert narrowed["year 1"] == narrowed["year 2"] == (12, 12)


@pytest.mark.parametrize("seed", range(20))
def test_areas_and_years_that_the_gate_publishes_give_nothing_back(seed):
    """The gate's windows and partitions against whole-number programming, on small worlds of all kinds."""
    rng = np.random.default_rng(seed)
    counts = rng.poisson(rng.choice([0.7, 3, 9]), size=8)
    gate = Gate(rng.choice(list(RULES)))
    grid = make_grid(1, 8)
    shown = gate.counts(
        make_counts(grid, counts, release="unreleased"), records="hes", scope=Scope.of_years(2017, 2018)
    )
    half = int(counts.sum() // 2)
    series = Series(
        pd.DataFrame({"period": ["2017", "2018"], "group": "all", "low": [half, counts.sum() - half]})
        .eval("high = low")
        .assign(ci_low=np.nan, ci_high=np.nan),
        unit="admissions",
        identity=Identity(release="unreleased"),
    )
    scopes = [Scope.of_years(2017, 2017), Scope.of_years(2018, 2018)]
    charted = gate.series(series, records="hes", scopes=scopes, area=grid, whole_file=False)
    layer = grid.areas.reset_index(names="area_id").merge(
        shown.table[["observed_low", "observed_high"]], left_on="area_id", right_index=True
    )
    known = Knowledge.of_layer(layer)
    years = charted.table[["low", "high"]].dropna().to_numpy()
    learn_audit(known, {"outside": "0", "dropped": {}}, [tuple(ends) for ends in years] if len(years) == 2 else ())
    assert known.narrowed() == {}


# --------------------------------------------------------------------------- what a SHA-256 tells


def test_no_sha_256_of_unreleased_records_is_told(run, tmp_path):
    """Four hidden counts in a table are 2,401 tables: one of them has the SHA-256."""
    published = open_published(run[0])
    assert published.summary["inputs"]["hes.csv"] == "not given: unreleased records"
    assert re.fullmatch("[0-9a-f]{64}", published.summary["inputs"]["population.csv"])
    counts = [3, 30, 6, 1, 5]

    def table(hidden: tuple[int, ...]) -> bytes:
        numbers = iter(hidden)
        return "".join(f"E0100{i},{c if c > 7 else next(numbers)}\n" for i, c in enumerate(counts)).encode()

    told = hashlib.sha256(table((3, 6, 1, 5))).hexdigest()
    fills = itertools.product(range(1, 8), repeat=4)
    assert [fill for fill in fills if hashlib.sha256(table(fill)).hexdigest() == told] == [(3, 6, 1, 5)]
    restricted = 'slug = "hidden"\nprofile = "restricted"\nreaders = "Analysts"'
    finished = run_study(write_study(tmp_path, true_counts(), text=STUDY.replace('slug = "hidden"', restricted)))
    assert finished.summary["inputs"]["hes.csv"] == hashlib.sha256((tmp_path / "hes.csv").read_bytes()).hexdigest()
