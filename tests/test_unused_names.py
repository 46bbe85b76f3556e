"""Nothing lies about unused: functions that the product never calls, and exports that nobody imports."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from test_architecture import MODULES, PACKAGE, exports_of, name_of, tree_of

import hotspots

UNCALLED = {
    "cli._Commands.invoke": "click calls it",
    "cli.demo": "a command: click calls it",
    "cli.init": "a command: click calls it",
}
"""Public functions that no code of the package names, each with its reason."""

EXPORTED = {
    "model.SCHOOL_RESULT_COLUMNS": "the columns that a result for schools must have, for those who make one",
    "model.SchoolAccount": "what `count_schools` returns",
}
"""Exports of faces that no other sub-package imports, each with its reason."""

FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


def definitions(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    """Give the name and node of every public function and class of a module, and of every public method."""
    for node in tree.body:
        if isinstance(node, FUNCTION | ast.ClassDef) and not node.name.startswith("_"):
            yield node.name, node
        if isinstance(node, ast.ClassDef):
            methods = [part for part in node.body if isinstance(part, FUNCTION) and part.name[0] != "_"]
            yield from ((f"{node.name}.{method.name}", method) for method in methods)


def names_in(tree: ast.AST) -> Iterator[str]:
    """Give the names that code asks for: an import alone is no use, and neither is an `__all__`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


def uncalled(trees: dict[str, ast.Module], public: set[str]) -> set[str]:
    """Return module.name of the definitions that no code names but their own."""
    asked: dict[str, int] = defaultdict(int)
    for tree in trees.values():
        for name in names_in(tree):
            asked[name] += 1
    found = set()
    for module, tree in trees.items():
        for name, node in definitions(tree):
            last = name.rpartition(".")[2]
            by_itself = sum(one == last for one in names_in(node))
            is_public = name.split(".")[0] in public  # its methods are for users of the package too
            is_hook = isinstance(node, FUNCTION) and any("validator" in ast.unparse(one) for one in node.decorator_list)
            if asked[last] == by_itself and not is_public and not is_hook:
                found.add(f"{module}.{name}")
    return found


def unimported(faces: list[Path]) -> set[str]:
    """Return face.name of the exports that no module of another sub-package imports."""
    taken = {
        (node.module, alias.name)
        for path in MODULES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ImportFrom) and path.parent != PACKAGE.joinpath(*(node.module or "").split(".")[1:])
        for alias in node.names
    }
    named = {name_of(face).removesuffix(".__init__") for face in faces}
    return {
        f"{face}.{name}" for face in named for name in exports_of(f"hotspots.{face}")
        if (f"hotspots.{face}", name) not in taken and name not in hotspots.__all__
    }  # fmt: skip


def test_every_public_function_is_called_by_the_product():
    trees = {name_of(path).removesuffix(".__init__"): tree_of(path) for path in MODULES}
    assert uncalled(trees, set(hotspots.__all__)) == set(UNCALLED)


def test_a_function_that_only_calls_itself_is_found():
    tree = ast.parse("def used():\n    pass\n\ndef idle(n):\n    return idle(n - 1)\n\nused()\n")
    assert uncalled({"module": tree}, set()) == {"module.idle"}
    assert uncalled({"module": tree}, {"idle"}) == set()


def test_every_export_of_a_face_is_imported():
    faces = [path for path in MODULES if path.name == "__init__.py" and path.parent != PACKAGE]
    assert unimported(faces) == set(EXPORTED)


def test_names_are_imported_from_where_they_are_made():
    """No module but a face hands on what another made."""
    found = []
    for path in MODULES:
        if path.name == "__init__.py" or path.parent.name == "topics":
            continue  # faces, and the topics of the public surface, hand names on by design
        tree = tree_of(path)
        imported = {
            alias.asname or alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names
        }
        lists = [
            node.value
            for node in tree.body
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
        ]
        listed = set(ast.literal_eval(lists[0])) if lists else set()
        found += [f"{name_of(path)}.{name}" for name in listed & imported]
    assert found == []
