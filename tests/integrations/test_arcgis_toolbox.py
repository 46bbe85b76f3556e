"""The toolbox for ArcGIS with a small stand-in for arcpy; ArcGIS itself is not at hand."""

from __future__ import annotations

import ast
import importlib.machinery
import importlib.util
import json
import sys
from types import SimpleNamespace

import pytest
from worlds import ROOT

TOOLBOX = ROOT / "integrations" / "arcgis" / "hotspots.pyt"


class StandIn:
    """Has what the toolbox asks of arcpy, and keeps what it was told."""

    class ExecuteError(Exception):
        """As arcpy's."""

    def __init__(self):
        self.told, self.errors, self.steps, self.shown, self.copied = [], [], [], [], []
        self.env = SimpleNamespace(isCancelled=False, workspace=None)
        self.AddMessage, self.AddError, self.SetProgressorLabel = (
            self.told.append,
            self.errors.append,
            self.steps.append,
        )
        self.management = SimpleNamespace(
            CreateSQLiteDatabase=lambda path, kind: self.copied.append((path, kind)),
            CopyFeatures=lambda layer, path: self.copied.append((layer, path)),
        )
        shown = SimpleNamespace(addDataFromPath=self.shown.append)
        self.mp = SimpleNamespace(ArcGISProject=lambda name: SimpleNamespace(activeMap=shown))

    def Parameter(self, **given):  # noqa: N802
        return SimpleNamespace(**given, filter=SimpleNamespace(), value=None, valueAsText=None)

    def ListFeatureClasses(self):  # noqa: N802
        return ["main.crimes"]


@pytest.fixture
def arcpy(monkeypatch):
    made = StandIn()
    monkeypatch.setitem(sys.modules, "arcpy", made)
    return made


@pytest.fixture
def toolbox(arcpy, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    loader = importlib.machinery.SourceFileLoader("hotspots_toolbox", str(TOOLBOX))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("hotspots_toolbox", loader))
    loader.exec_module(module)
    return module


def execute(tool, program, **values):
    parameters = tool.getParameterInfo()
    for each in parameters:
        each.valueAsText = str(program) if each.name == "program" else values.get(each.name, each.value)
    tool.execute(parameters, None)


def write_program(folder, body):
    path = folder / "program"
    path.write_text(f"#!{sys.executable}\nimport json, sys\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_the_toolbox_needs_nothing_but_arcpy():
    nodes = list(ast.walk(ast.parse(TOOLBOX.read_text(encoding="utf-8"))))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names | {"arcpy"}


def test_every_tool_says_that_it_was_not_tried(toolbox):
    tools = [tool() for tool in toolbox.Toolbox().tools]
    titles = ["Hotspots of points or counts", "Kernel density and risk", "Run a study", "Check a study"]
    assert [tool.label for tool in tools] == titles
    assert all("could not be tried in ArcGIS itself" in tool.description for tool in tools)


def test_the_command_gets_the_arguments_and_the_layer_is_shown(toolbox, arcpy, tmp_path):
    program = write_program(tmp_path, "print(json.dumps(sys.argv[1:])); sys.stderr.write('[1] Testing\\n')")
    execute(toolbox.LocalHotspots(), program, input="Areas", count="crimes", output="out.gpkg")
    given = json.loads(arcpy.told[0])
    assert given[:2] == ["--progress", "local"]
    assert given[3:] == [
        *("--layer", "layer", "--count", "crimes", "--method", "getis_ord", "--neighbours", "queen"),
        *("--release", "restricted", "--output", "out.gpkg"),
    ]
    assert arcpy.copied[1][0] == "Areas"
    assert arcpy.steps == ["Testing"]
    assert arcpy.shown == ["out.gpkg/main.crimes"]


def test_an_error_of_the_command_is_that_of_the_tool(toolbox, arcpy, tmp_path):
    program = write_program(tmp_path, "sys.stderr.write('Error: No.\\n'); sys.exit(2)")
    with pytest.raises(arcpy.ExecuteError, match="Error: No"):
        execute(toolbox.CheckStudy(), program, study="study.toml")
    assert arcpy.errors == ["Error: No."]
