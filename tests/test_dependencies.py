"""What is installed with the package is what it imports, no more and no less."""

from __future__ import annotations

import re
import sys
import tomllib

from test_architecture import MODULES, imports_of
from worlds import ROOT

from hotspots.study.output.summary import _versions

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


OTHER_NAMES = {"PIL": "pillow"}
"""Module → distribution, where the two are not called the same."""


def names(requirements: list[str]) -> list[str]:
    """Return the names in a list of requirements, as they stand there."""
    return [re.split(r"[^\w.-]", one)[0] for one in requirements]


def imported() -> set[str]:
    """Return the distributions that modules of the package import, wherever in a module they do."""
    modules = {name.split(".")[0] for path in MODULES for name, _, _ in imports_of(path)}
    outside = modules - set(sys.stdlib_module_names) - {"hotspots"}
    return {OTHER_NAMES.get(module, module) for module in outside}


def test_the_core_dependencies_are_what_the_package_imports():
    declared = names(PROJECT["dependencies"])
    assert declared == sorted(declared)
    assert set(declared) == imported()


def test_constraints_name_a_version_of_everything():
    wanted = {*names(PROJECT["dependencies"]), *names(PROJECT["optional-dependencies"]["dev"])}
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    exact = {line.split("==")[0].lower().replace("_", "-") for line in lines if "==" in line}
    assert wanted - exact == set()


def test_a_summary_names_versions_of_dependencies_only():
    assert set(_versions()) - {"hotspots"} <= set(names(PROJECT["dependencies"]))
