"""The QGIS plugin: what it may import, its metadata, its child process, and every algorithm in QGIS itself."""

from __future__ import annotations

import ast
import configparser
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pyogrio
import pytest
from single_layers import write_layers
from small_study import write_small_study
from worlds import ROOT

PLUGINS = ROOT / "integrations" / "qgis"
FILES = sorted((PLUGINS / "hotspots").glob("*.py"))
PYTHON = "/usr/bin/python3"
PACKAGES = "apt-get install --no-install-recommends python3-qgis qgis-providers"


def imported(path):
    """Return the first names of all modules that a file imports, without those of its own folder."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return names | {node.module for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_plugin_needs_nothing_but_qgis(path):
    first = {name.split(".")[0] for name in imported(path)}
    assert first <= sys.stdlib_module_names | {"qgis"}
    assert "shell=True" not in path.read_text(encoding="utf-8")


def test_the_metadata_are_those_that_qgis_needs():
    parser = configparser.ConfigParser()
    parser.read(PLUGINS / "hotspots" / "metadata.txt", encoding="utf-8")
    general = parser["general"]
    for key in ("name", "description", "about", "version", "author"):
        assert general[key], key
    assert general["hasProcessingProvider"] == "yes"
    assert general["qgisMinimumVersion"] == "3.22"
    assert "email" not in general


@pytest.fixture(scope="module")
def command():
    spec = importlib.util.spec_from_file_location("command", PLUGINS / "hotspots" / "command.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_child_has_not_the_python_of_qgis(command, monkeypatch):
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    code = "import os; print([name for name in ('PYTHONHOME', 'PYTHONPATH') if name in os.environ])"
    printed = command.run_command([sys.executable, "-c", code], tell=print, is_cancelled=lambda: False)
    assert printed.strip() == "[]"


def test_steps_are_told_and_an_error_is_given_whole(command):
    code = "import sys; sys.stderr.write('[1] Reading\\nError: No.\\n  found: 1\\n  try:   2\\n'); sys.exit(2)"
    told = []
    with pytest.raises(command.CommandError) as caught:
        command.run_command([sys.executable, "-c", code], tell=told.append, is_cancelled=lambda: False)
    assert told == ["Reading"]
    assert str(caught.value) == "Error: No.\n  found: 1\n  try:   2"
    with pytest.raises(command.CommandError, match="can't be started"):
        command.run_command(["/no/such/program"], tell=print, is_cancelled=lambda: False)


def test_a_cancelled_command_ends(command, tmp_path):
    mark = tmp_path / "alive"
    code = "import pathlib, sys, time; pathlib.Path(sys.argv[1]).write_text('x'); time.sleep(600)"
    with pytest.raises(command.CommandError, match="was stopped"):
        command.run_command([sys.executable, "-c", code, str(mark)], tell=print, is_cancelled=mark.exists)


# --------------------------------------------------------------------------- in QGIS itself


@pytest.fixture
def in_qgis(tmp_path, in_ci):
    """Return a function that runs an algorithm on the layers of a folder and returns what came of it."""
    home = tmp_path / "home"
    home.mkdir()
    surroundings = os.environ | {"QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": "", "HOME": str(home)}
    needed = subprocess.run([PYTHON, "-c", "import qgis.core"], check=False, capture_output=True, env=surroundings)
    if needed.returncode:
        assert not in_ci, PACKAGES
        pytest.skip(f"the system's Python has no qgis.core: {PACKAGES}")
    write_layers(tmp_path)
    # Stands for the installed command: the plugin takes PYTHONPATH away.
    program = tmp_path / "hotspots"
    program.write_text(f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(ROOT)!r})\n" + MAIN, encoding="utf-8")
    program.chmod(0o755)

    def run(name, **parameters):
        given = tmp_path / "parameters.json"
        given.write_text(json.dumps({"PROGRAM": str(program), **parameters}), encoding="utf-8")
        script = Path(__file__).with_name("qgis_run.py")
        done = subprocess.run(
            [PYTHON, str(script), str(PLUGINS), name, str(given)],
            check=False, capture_output=True, text=True, env=surroundings, timeout=300, cwd=home,
        )  # fmt: skip
        lines = [line.removeprefix("JSON ") for line in done.stdout.splitlines() if line.startswith("JSON ")]
        assert lines, done.stderr
        return json.loads(lines[0])

    return run


MAIN = "from hotspots.cli import main\n\nif __name__ == '__main__':\n    main()\n"


@pytest.mark.qgis
@pytest.mark.parametrize("in_memory", ["", "INPUT"])
def test_hotspots_of_counts_are_loaded_with_their_style(in_qgis, tmp_path, in_memory):
    output = tmp_path / "out.gpkg"
    areas = f"{tmp_path / 'areas.gpkg'}|layername=areas"
    found = in_qgis(
        "local", INPUT=areas, COUNT="crimes", POPULATION="people", ID="code", OUTPUT=str(output), in_memory=in_memory
    )
    assert found["title"] == "Hotspots of points or counts"
    assert "restricted" in found["help"]
    assert found["done"], found["why"]
    assert [(layer["valid"], layer["style"]) for layer in found["layers"]] == [(True, "RuleRenderer")]
    assert "Testing the areas" in found["log"]
    frame = pyogrio.read_dataframe(output, layer=found["layers"][0]["name"])
    assert set(frame["area_id"]) == {f"A{number:03d}" for number in range(100)}


@pytest.mark.qgis
def test_points_and_a_surface(in_qgis, tmp_path):
    areas, points = str(tmp_path / "areas.gpkg"), str(tmp_path / "points.gpkg")
    found = in_qgis("local", INPUT=areas, POINTS=points, METHOD="local_moran", OUTPUT=str(tmp_path / "out.gpkg"))
    assert found["done"]
    found = in_qgis(
        "surface", POINTS=points, WITHIN=areas, POPULATION="people", BANDWIDTH=2000, OUTPUT=str(tmp_path / "out.tif")
    )
    assert found["title"] == "Kernel density and risk"
    assert [layer["style"] for layer in found["layers"]] == ["paletted"]


@pytest.mark.qgis
def test_a_study_is_checked_and_run_and_loaded_in_a_group(in_qgis, tmp_path):
    folder = tmp_path / "study"
    folder.mkdir()
    study = write_small_study(folder)
    found = in_qgis("check", STUDY=str(study))
    assert found["title"] == "Check a study"
    assert "Nothing would stop a run." in found["results"]["FINDINGS"]
    found = in_qgis("run", STUDY=str(study), OUTPUT=str(tmp_path / "outputs"))
    assert "error" not in found
    assert found["title"] == "Run a study"
    written = next((tmp_path / "outputs").glob("*/summary.json")).parent
    assert {layer["group"] for layer in found["layers"]} == {written.name}
    names = {layer["name"] for layer in found["layers"]}
    kinds = pyogrio.list_layers(written / "hotspots.gpkg")
    assert names == {name for name, kind in kinds if kind} | {path.stem for path in written.glob("*.tif")}
    assert all(layer["valid"] for layer in found["layers"])


@pytest.mark.qgis
def test_errors_and_a_stop_are_those_of_the_algorithm(in_qgis, tmp_path):
    given = {"INPUT": str(tmp_path / "areas.gpkg"), "COUNT": "below", "OUTPUT": str(tmp_path / "out.gpkg")}
    error = in_qgis("local", **given)["error"]
    assert [line[:8] for line in error.splitlines()] == ["Error: T", "  found:", "  try:  "]
    assert "was stopped" in in_qgis("local", cancelled=True, **(given | {"COUNT": "crimes"}))["error"]
    assert "can't be started" in in_qgis("local", **(given | {"PROGRAM": "/no/such/program"}))["error"]
