"""The architecture: imports along the arrows of ARCHITECTURE.md, from faces only, and heavy libraries in one place."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from worlds import ROOT

PACKAGE = ROOT / "hotspots"
MODULES = sorted(PACKAGE.rglob("*.py"))

FREE = {"", "__main__"}
"""The public surface at the root and the entry point: they may import from anywhere."""
MOST_MODULES = 12


def arrows(kind: str) -> dict[str, set[str]]:
    """Return sub-package → those it may import from, as a table of ARCHITECTURE.md has them."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    table = text.split(f"```{kind}\n")[1].split("```")[0]
    return {here.strip(): set(there.split()) for here, there in (line.split(":") for line in table.splitlines())}


ARROWS = arrows("arrows")
LATE = arrows("late")
"""Module → sub-packages that it imports inside functions only, against the arrows."""

HEAVY_LIBRARIES = {
    "pyogrio": ("sources", "publish/"),  # GeoPackages are read in one and written in the other
    "rasterio": ("publish/",),
    "sqlite3": ("publish/", "sources/_vector_files.py"),
    "typst": ("publish/",),
    "contextily": ("publish/maps/basemap.py",),
    "matplotlib": ("publish/",),
    "requests": ("publish/maps/basemap.py",),
    "click": ("cli.py",),
    "rich": ("cli.py",),
    "urllib": (),
}
READERS = {"read_csv", "read_excel", "read_parquet", "read_file", "read_table"}


def name_of(path: Path) -> str:
    """Return the dotted name inside the package, e.g. analysis.local."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts)


@cache
def tree_of(path: Path) -> ast.Module:
    """Return the syntax tree of a module."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def exports_of(folder: str) -> frozenset[str]:
    """Return what the face of a sub-package exports; a function may be called as its module is."""
    face = PACKAGE.joinpath(*folder.split(".")[1:]) / "__init__.py"
    if not face.exists():
        return frozenset()
    lists = [
        node.value
        for node in tree_of(face).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    ]
    return frozenset(ast.literal_eval(lists[0])) if lists else frozenset()


@cache
def imports_of(path: Path) -> list[tuple[str, int, bool]]:
    """Return (module, line, only for type checking) of every import in a file."""
    tree = tree_of(path)
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            exported = exports_of(node.module)
            names = [node.module, *(f"{node.module}.{a.name}" for a in node.names if a.name not in exported)]
        else:
            continue
        found += [(name, node.lineno, id(node) in typing_only) for name in names]
    return found


@cache
def ours(path: Path) -> list[tuple[str, int]]:
    """Return the modules of this package that a file imports."""
    known = {name_of(p).removesuffix(".__init__") for p in MODULES}
    found = []
    for name, line, _ in imports_of(path):
        inner = name.removeprefix("hotspots.")
        if name != inner and inner in known:
            found.append((inner, line))
    return found


def part_of(module: str) -> str:
    """Return the sub-package of a module: its folder; itself where it is one, or where it lies at the root."""
    folder, _, last = module.rpartition(".")
    if last == "__init__":
        return folder
    return module if not folder or module in PARTS else folder


PARTS = {name_of(path.parent / "__init__.py").removesuffix(".__init__") for path in MODULES}


def breaches(path: Path, imported: list[tuple[str, int]]) -> list[str]:
    """Return what a module imports against the table, or past the face of another sub-package."""
    here = part_of(name_of(path))
    found = []
    for module, line in imported:
        there = part_of(module)
        if here in FREE or there in (here, ""):
            continue
        if there in LATE.get(name_of(path), ()) and module == there:
            continue
        if there not in ARROWS.get(here, ()):
            found.append(f"{path.name}:{line} imports {module}: no arrow from {here} to {there}")
        elif module != there:
            found.append(f"{path.name}:{line} imports {module}, past the face of {there}")
    return found


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_imports_along_arrows_and_from_faces(path):
    assert breaches(path, ours(path)) == []


def test_imports_against_the_table_and_past_faces_are_found():
    density = PACKAGE / "analysis" / "density" / "kernel_density.py"
    assert "no arrow" in breaches(density, [("sources", 1)])[0]
    assert "past the face" in breaches(density, [("analysis.kernels.direct", 1)])[0]
    assert breaches(density, [("analysis.kernels", 1), ("analysis.density.adaptive", 2)]) == []


def test_every_arrow_is_used_and_every_sub_package_has_its_row():
    used = {(part_of(name_of(path)), part_of(module)) for path in MODULES for module, _ in ours(path)}
    assert {(here, there) for here, row in ARROWS.items() for there in row} - used == set()
    parts = {part_of(name_of(path)) for path in MODULES} - FREE - {"analysis", "publish"}
    assert parts == set(ARROWS)


def made_when_read(path: Path) -> set[str]:
    """Return the modules of this package that are imported when a file is, and not first when a function is called."""
    inside = {
        id(inner) for node in ast.walk(tree_of(path)) if isinstance(node, ast.FunctionDef) for inner in ast.walk(node)
    }
    nodes = [node for node in ast.walk(tree_of(path)) if id(node) not in inside]
    return {node.module.removeprefix("hotspots.") for node in nodes if isinstance(node, ast.ImportFrom) and node.module}


def test_late_imports_are_made_inside_functions_and_used():
    for module, row in LATE.items():
        path = PACKAGE.joinpath(*module.split(".")).with_suffix(".py")
        assert row <= {part_of(imported) for imported, _ in ours(path)}
        assert not row & made_when_read(path)
    assert "model.base.checks" in made_when_read(PACKAGE / "model" / "base" / "identity.py")


def test_the_model_loads_nothing_that_draws():
    code = "import sys, hotspots.model; print([m for m in sys.modules if m.startswith('hotspots.publish')])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert loaded.stdout.strip() == "[]"


def shadowed_modules(package: Path) -> dict[str, set[str]]:
    """Return sub-package → its modules with the name of something that its face has: `import` gets that instead."""
    shadowed = {}
    for face in sorted(package.rglob("__init__.py")):
        names = {
            alias.asname or alias.name
            for node in tree_of(face).body
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        } | defined_in(face)
        modules = {path.stem for path in face.parent.glob("*.py")} | {
            path.parent.name for path in face.parent.glob("*/__init__.py")
        }
        if names & modules:
            shadowed[".".join(face.parent.relative_to(package).parts)] = names & modules
    return shadowed


def test_no_export_has_the_name_of_a_module():
    assert shadowed_modules(PACKAGE) == {}


def test_a_module_with_the_name_of_an_export_is_found(tmp_path):
    (tmp_path / "sums.py").write_text("def sums(): ...\n")
    (tmp_path / "__init__.py").write_text("from hotspots.sums import sums\n")
    assert shadowed_modules(tmp_path) == {"": {"sums"}}
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "__init__.py").write_text("from hotspots.sums import sums\n")
    (tmp_path / "other" / "sum.py").write_text("")
    assert shadowed_modules(tmp_path) == {"": {"sums"}}


PAGE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")


def defined_in(path: Path) -> set[str]:
    """Return the functions and classes of a module."""
    return {node.name for node in ast.walk(tree_of(path)) if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def missing_stops(page: str) -> list[str]:
    """Return the stops of a page, as `file:function`, that the package does not have."""
    stops = re.findall(r"`([\w/]+\.py):(\w+)`", page)
    assert stops
    return [f"{file}:{name}" for file, name in stops if name not in defined_in(PACKAGE / file)]


def test_the_stops_of_the_traces_exist():
    assert missing_stops(PAGE) == []
    assert missing_stops(PAGE.replace(":count_events`", ":add_up`")) == ["analysis/counts/spatial_join.py:add_up"]


def test_the_files_that_the_page_names_exist():
    named = set(re.findall(r"`((?:\w+/)+\w+\.\w+)[:`]", PAGE)) | set(re.findall(r"\]\(([\w/]+\.md)\)", PAGE))
    assert len(named) > 20
    assert [name for name in sorted(named) if not (PACKAGE / name).exists() and not (ROOT / name).exists()] == []


def test_no_arrow_leads_back():
    done: list[str] = []
    waiting = dict(ARROWS)
    while waiting:
        ready = [here for here, row in waiting.items() if row <= set(done)]
        assert ready, f"a circle among {sorted(waiting)}"
        for here in ready:
            done.append(here)
            del waiting[here]


def test_folders_are_small_enough_to_be_read():
    for folder in {path.parent for path in MODULES} - {PACKAGE / "sources"}:
        modules = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
        assert len(modules) <= MOST_MODULES, folder


def test_every_module_says_what_it_is():
    for path in MODULES:
        assert len((ast.get_docstring(tree_of(path)) or "").split()) >= 3, path


def test_faces_say_what_they_answer():
    for path in MODULES:
        if path.name == "__init__.py":
            assert len((ast.get_docstring(tree_of(path)) or "").split()) >= 6, path


def test_no_circles_among_modules():
    graph = {name_of(path): {m for m, _ in ours(path) if m.count(".")} for path in MODULES}
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, f"circle: {' > '.join([*trail, module])}"
        if module not in done:
            for other in graph.get(module, ()):
                visit(other, (*trail, module))
            done.add(module)

    for module in graph:
        visit(module, ())


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_heavy_libraries_are_imported_in_their_place(path):
    place = path.relative_to(PACKAGE).as_posix()
    for name, line, typing_only in imports_of(path):
        allowed = HEAVY_LIBRARIES.get(name.split(".")[0])
        if allowed is not None and not typing_only:
            assert place.startswith(allowed) if allowed else False, f"{place}:{line} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_tables_are_read_only_in_sources(path):
    place = path.relative_to(PACKAGE).as_posix()
    if place.startswith("sources/"):
        return
    calls = [n for n in ast.walk(tree_of(path)) if isinstance(n, ast.Call)]
    for call in calls:
        called = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        assert called not in READERS, f"{place}:{call.lineno} reads a table"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_nothing_reads_the_environment_or_catches_everything(path):
    tree = tree_of(path)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv"):
            pytest.fail(f"{path.name}:{node.lineno} reads the environment")
        if isinstance(node, ast.ExceptHandler):
            caught = ast.unparse(node.type) if node.type else ""
            assert caught not in ("", "Exception", "BaseException"), f"{path.name}:{node.lineno} catches everything"


def untyped_methods(tree: ast.Module) -> list[str]:
    """Return the fields, as `Class.field`, that say how something was made in keys and values of any kind."""
    return [
        f"{node.name}.{ast.unparse(line.target)}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
        for line in node.body
        if isinstance(line, ast.AnnAssign) and ast.unparse(line.target) in ("provenance", "settings")
        if re.search(r"(dict|Mapping)\[str, (Any|object)\]", ast.unparse(line.annotation))
    ]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_how_a_result_was_made_is_a_typed_value(path):
    assert untyped_methods(tree_of(path)) == []


def test_a_method_of_any_keys_is_found():
    fields = "provenance: Mapping[str, Any] = field(default_factory=dict)\n    name: dict[str, Any]"
    assert untyped_methods(ast.parse(f"class Result:\n    {fields}")) == ["Result.provenance"]
    assert untyped_methods(ast.parse("class Result:\n    settings: dict[str, Any] | None = None")) == [
        "Result.settings"
    ]
