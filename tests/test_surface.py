"""The public surface: names, help, manual, and how quickly they answer."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys

import pytest
from click.testing import CliRunner
from worlds import ROOT

import hotspots
from hotspots.cli import main

TOPICS = ("authorities", "charts", "clusters", "gis", "schools", "series", "studies", "surfaces")
MOST_NAMES = 40

PUBLIC = {name: getattr(hotspots, name) for name in hotspots.__all__ if name not in TOPICS} | {
    f"{topic}.{name}": getattr(getattr(hotspots, topic), name)
    for topic in TOPICS
    for name in getattr(hotspots, topic).__all__
}
"""Every public name, as one writes it after `hs.`, and what it is."""
FUNCTIONS = {name: value for name, value in PUBLIC.items() if inspect.isfunction(value)}


def test_all_is_what_can_be_reached():
    assert len(hotspots.__all__) <= MOST_NAMES
    assert set(hotspots.__all__) == set(hotspots._HOMES) | set(TOPICS)
    for name in (*hotspots.__all__, "vocabulary", "errors"):
        assert getattr(hotspots, name) is not None
        assert name in dir(hotspots)


def test_a_name_at_the_top_is_the_same_in_its_topic():
    for path, value in PUBLIC.items():
        topic, _, name = path.rpartition(".")
        if topic and name in hotspots.__all__:
            assert getattr(hotspots, name) is value


def test_the_lazy_names_are_those_that_type_checkers_see():
    text = (ROOT / "hotspots" / "__init__.py").read_text(encoding="utf-8")
    block = text[text.index("if TYPE_CHECKING") : text.index("__all__")]
    seen = set(re.findall(r"\b([A-Za-z_]+)\b(?=[,\n])", re.sub(r"from [\w.]+ import", "", block)))
    assert set(hotspots.__all__) <= seen


def test_topics_are_modules_of_their_own():
    files = {path.stem for path in (ROOT / "hotspots" / "topics").glob("*.py")} - {"__init__"}
    assert files == set(TOPICS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_at_most_two_arguments_are_given_by_position(name):
    kinds = [parameter.kind for parameter in inspect.signature(FUNCTIONS[name]).parameters.values()]
    assert inspect.Parameter.VAR_POSITIONAL not in kinds
    assert kinds.count(inspect.Parameter.POSITIONAL_OR_KEYWORD) <= 2


def own_types(annotation: str) -> set[str]:
    """Return the classes of this package that a return annotation names."""
    modules = [module for name, module in sys.modules.items() if name.startswith("hotspots.")]
    ours = {
        name
        for module in modules
        for name, value in vars(module).items()
        if inspect.isclass(value) and value.__module__ == module.__name__
    }
    return set(re.findall(r"[A-Za-z_]\w*", annotation)) & ours


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_a_public_function_returns_is_public(name):
    exported = {value.__name__ for value in PUBLIC.values() if inspect.isclass(value)}
    assert own_types(FUNCTIONS[name].__annotations__["return"]) - exported == set()


def test_a_type_that_is_not_public_is_found():
    assert own_types("tuple[Neighbours, Coverage] | None") == {"Neighbours", "Coverage"}


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'getis'"):
        _ = hotspots.getis


@pytest.mark.parametrize("name", PUBLIC)
def test_public_names_are_documented(name):
    assert (PUBLIC[name].__doc__ or "").strip()


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
    rows = {line.split("|")[1].strip(" `"): line for line in manual.splitlines() if line.startswith("| `hs")}
    for path in FUNCTIONS:
        topic, _, name = path.rpartition(".")
        assert f"`{name}`" in rows[f"hs.{topic}".rstrip(".")], path


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
