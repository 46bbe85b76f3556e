"""The public surface: names, help, manual, and how quickly they answer."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from click.testing import CliRunner
from worlds import ROOT

import hotspots
from hotspots.cli import main


def test_all_is_what_can_be_reached():
    homes = set(hotspots._HOMES)
    assert set(hotspots.__all__) == homes | {"vocabulary"}
    for name in hotspots.__all__:
        assert getattr(hotspots, name) is not None
        assert name in dir(hotspots)


def test_the_lazy_names_are_those_that_type_checkers_see():
    text = (ROOT / "hotspots" / "__init__.py").read_text(encoding="utf-8")
    block = text[text.index("if TYPE_CHECKING") : text.index("_HOMES")]
    seen = set(re.findall(r"\b([A-Za-z_]+)\b(?=[,\n])", re.sub(r"from [\w.]+ import", "", block)))
    assert set(hotspots.__all__) - {"vocabulary"} <= seen


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'getis'"):
        _ = hotspots.getis


@pytest.mark.parametrize("name", hotspots.__all__)
def test_public_names_are_documented(name):
    assert (getattr(hotspots, name).__doc__ or "").strip()


def test_the_examples_in_docstrings_run_with_the_tests(request):
    assert request.config.getoption("doctestmodules")
    assert "hotspots" in request.config.getini("testpaths")


def test_every_command_has_help_and_stands_in_the_manual():
    manual = (ROOT / "README.md").read_text(encoding="utf-8")
    for name, command in main.commands.items():
        assert command.help, name
        assert f"hotspots {name}" in manual
        shown = CliRunner().invoke(main, [name, "--help"])
        assert shown.exit_code == 0
        for option in command.params:
            if option.param_type_name == "option":
                assert option.opts[0] in shown.output


def test_every_public_function_stands_in_the_manual():
    manual = (ROOT / "README.md").read_text(encoding="utf-8")
    missing = [name for name in hotspots.__all__ if name[0].islower() and name not in manual]
    assert missing == []


def test_help_is_quick_and_loads_nothing_heavy():
    heavy = ("pandas", "geopandas", "matplotlib", "scipy", "esda", "libpysal", "pydantic", "rich")
    code = f"import sys, hotspots.cli; print([m for m in {heavy} if m in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert loaded.stdout.strip() == "[]"


def test_version():
    shown = CliRunner().invoke(main, ["--version"])
    assert shown.output.strip() == f"hotspots, version {hotspots.__version__}"


def test_nothing_speaks_of_how_it_was_made():
    """Tracked text names no machine's paths and no registry's address."""
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if tracked.returncode:
        pytest.skip("not a git checkout")
    registries = ["py" + "pi.org", "files.python" + "hosted", "registry.npm" + "js"]
    for name in tracked.stdout.splitlines():
        path = ROOT / name
        if path.suffix in {".py", ".md", ".toml", ".txt", ".yaml", ".csv", ".typ", ""} and path.is_file():
            text = path.read_text(encoding="utf-8", errors="ignore")
            assert not re.search(r"(^|[^\w.])/(work|root|home)/", text), name
            assert not any(host in text for host in registries), name
