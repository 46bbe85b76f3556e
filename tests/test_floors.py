"""The house: a module imports only from lower floors, and each door stands in one room."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from worlds import ROOT

PACKAGE = ROOT / "hotspots"
MODULES = sorted(PACKAGE.rglob("*.py"))

FLOORS = {
    "errors": 0, "vocabulary": 0,
    "nouns": 1, "values": 1, "ratio_words": 1,
    "sections": 2, "starter": 2, "output_folder": 2, "workers": 2, "output_names": 1,
    "contradictions": 2, "study": 3,
    "disclosure": 3, "sources": 3, "analysis": 3, "publish": 3,
    "extracting": 4, "fingerprints": 4, "testable": 4, "reading": 5, "findings": 6, "dating": 6, "gridded": 6,
    "assessing": 7, "analysing": 8, "checking": 8, "drawing": 9, "headlines": 9, "writing": 10, "pipeline": 11,
    "cli": 12, "__init__": 12, "__main__": 13,
}  # fmt: skip
ROOMS = ("nouns", "sources", "analysis", "publish")

DOORS = {
    "pyogrio": ("sources", "publish/"),  # GeoPackages are read in one room and written in the other
    "rasterio": ("publish/",),
    "sqlite3": ("publish/", "sources/vector_files.py"),
    "typst": ("publish/",),
    "contextily": ("publish/basemap.py",),
    "matplotlib": ("publish/",),
    "requests": ("publish/basemap.py",),
    "click": ("cli.py",),
    "rich": ("cli.py",),
    "urllib": (),
}
READERS = {"read_csv", "read_excel", "read_parquet", "read_file", "read_table"}


def name_of(path: Path) -> str:
    """Return the dotted name inside the package, e.g. analysis.local."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts)


def imports_of(path: Path) -> list[tuple[str, int, bool]]:
    """Return (module, line, only for type checking) of every import in a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
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
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        found += [(name, node.lineno, id(node) in typing_only) for name in names]
    return found


def ours(path: Path) -> list[tuple[str, int]]:
    """Return the modules of this package that a file imports."""
    known = {name_of(p).removesuffix(".__init__") for p in MODULES}
    found = []
    for name, line, _ in imports_of(path):
        inner = name.removeprefix("hotspots.")
        if name != inner and inner in known:
            found.append((inner, line))
    return found


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_imports_only_from_lower_floors(path):
    here = name_of(path).split(".")[0]
    for module, line in ours(path):
        there = module.split(".")[0]
        if there == here and here in ROOMS:
            continue  # a lower neighbour in the same room: circles are looked for below
        assert there in FLOORS, f"{path.name}:{line} imports {module}, which is on no floor"
        assert FLOORS[there] < FLOORS[here], f"{path.name}:{line} imports {module} from floor {FLOORS[there]}"


def test_every_module_is_on_a_floor():
    assert {name_of(path).split(".")[0] for path in MODULES} <= set(FLOORS)


def test_no_circles_inside_a_room():
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
def test_doors(path):
    place = path.relative_to(PACKAGE).as_posix()
    for name, line, typing_only in imports_of(path):
        rooms = DOORS.get(name.split(".")[0])
        if rooms is not None and not typing_only:
            assert place.startswith(rooms) if rooms else False, f"{place}:{line} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_tables_are_read_only_in_sources(path):
    place = path.relative_to(PACKAGE).as_posix()
    if place.startswith("sources/"):
        return
    calls = [n for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.Call)]
    for call in calls:
        called = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        assert called not in READERS, f"{place}:{call.lineno} reads a table"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_nothing_reads_the_environment_or_catches_everything(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv"):
            pytest.fail(f"{path.name}:{node.lineno} reads the environment")
        if isinstance(node, ast.ExceptHandler):
            caught = ast.unparse(node.type) if node.type else ""
            assert caught not in ("", "Exception", "BaseException"), f"{path.name}:{node.lineno} catches everything"
