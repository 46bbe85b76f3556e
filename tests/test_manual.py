"""The manual runs: its Python blocks as one program in a copy of the checkout, and its commands on a small study."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import textwrap

import geopandas as gpd
import pytest
from click.testing import CliRunner
from small_study import SURFACELESS, write_small_study
from worlds import ROOT

import hotspots
from hotspots.cli import main

MANUAL = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_python_blocks_run(tmp_path):
    blocks = re.findall(r"```python\n(.*?)```", MANUAL, re.DOTALL)
    assert len(blocks) == 5
    shutil.copytree(ROOT / "data", tmp_path / "data")
    (tmp_path / "program.py").write_text("\n".join(blocks), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "error", "program.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "hot areas in Coventry" in done.stdout
    for name in ("coventry.png", "coventry.pdf", "violence.gpkg", "violence.tif", "funnel.png", "under_25.pdf"):
        assert (tmp_path / "outputs" / name).stat().st_size > 1000


def test_the_first_study_file_can_be_run(tmp_path):
    block, _ = re.findall(r"```toml\n(.*?)```", MANUAL, re.DOTALL)
    (tmp_path / "study.toml").write_text(textwrap.dedent(block), encoding="utf-8")
    boundaries, street = tmp_path / "data" / "boundaries", tmp_path / "data" / "events" / "street"
    boundaries.mkdir(parents=True)
    street.mkdir(parents=True)
    lsoas = gpd.read_file(ROOT / "data" / "boundaries" / "west_midlands_lsoa11.gpkg", layer="lsoa11")
    lsoas.to_file(boundaries / "lsoa.gpkg")
    shutil.copy(ROOT / "data" / "boundaries" / "population_lsoa11_census2011.csv", boundaries / "population.csv")
    shutil.copy(ROOT / "data" / "events" / "invented_police_street_2019.csv.gz", street / "2019.csv.gz")
    said = run("check", str(tmp_path / "study.toml"))
    assert "Nothing would stop a run." in said


def test_the_section_of_expected_counts_goes_with_the_sample(tmp_path):
    _, block = re.findall(r"```toml\n(.*?)```", MANUAL, re.DOTALL)
    shutil.copytree(ROOT / "data", tmp_path / "data")
    sample = (ROOT / "study.toml").read_text(encoding="utf-8")
    kept = sample[: sample.index("# Hospital admissions for violence by area")] + block
    further = sample[sample.index("[deprivation]") : sample.index("[schools]")]
    (tmp_path / "study.toml").write_text(f"{kept}\n{further}", encoding="utf-8")
    said = run("check", str(tmp_path / "study.toml"))
    assert "emergency admissions for violence (2017-2019, invented)" in said
    assert "indirectly standardised for age" in said
    assert "regression on IDACI (invented) (1,680 areas)" in said
    assert "Nothing would stop a run." in said


def test_the_commands_are_those_of_the_program():
    named = set(re.findall(r"`hotspots (\w+)", MANUAL))
    assert named == set(main.commands)
    make = set(re.findall(r"^make (\w+)", MANUAL, re.MULTILINE))
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert make <= targets


def run(*words: str, expect: int = 0) -> str:
    """Run a command and return what it said."""
    done = CliRunner().invoke(main, list(words))
    assert done.exit_code == expect, done.output
    return done.output


def test_init_then_check_then_run(tmp_path):
    mine = tmp_path / "my-study"
    assert "Made" in run("init", str(mine))
    assert (mine / "data" / "boundaries").is_dir()
    said = run("init", str(mine), expect=2)
    assert "exists already" in said
    assert "try:" in said
    # The template's files are not there yet: a clear error, and nothing half-written.
    said = run("check", str(mine / "study.toml"), expect=2)
    assert "areas.gpkg" in said
    study = write_small_study(mine)
    said = run("check", str(study))
    assert "100 areas" in said
    assert "outside: 3" in said
    assert "Nothing would stop a run." in said
    said = run("run", str(study))
    assert "Findings" in said
    assert "violent crime" in said.lower()
    assert (mine / "outputs" / "small" / "briefing.pdf").is_file()


def test_check_exits_1_if_anything_would_stop_a_run(tmp_path):
    study = write_small_study(tmp_path)
    (tmp_path / "hes.csv").unlink()
    said = run("check", str(study), expect=1)
    assert "hes.csv" in said
    assert "1 problem would stop a run." in said


def test_debug_shows_the_traceback(tmp_path):
    done = CliRunner().invoke(main, ["--debug", "run", str(tmp_path / "none.toml")])
    assert isinstance(done.exception, hotspots.StudyError)


def test_a_run_says_nothing_on_the_way_when_not_a_terminal(tmp_path):
    study = write_small_study(tmp_path, **SURFACELESS)
    done = subprocess.run(
        [sys.executable, "-m", "hotspots", "--quiet", "run", str(study)],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


@pytest.mark.parametrize("word", ["demo", "init", "check", "run"])
def test_every_command_helps(word):
    assert "Usage:" in run(word, "--help")
