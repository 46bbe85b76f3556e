"""Print measures of the package's structure: folders, lengths, comments, imports, traces and searches in prose.

    python tools/measure_house.py [FOLDER OF THE PACKAGE]

Only syntax trees are read and nothing is imported or run, so that figures before and after a change can be compared.
Modules are counted by file; a face (`__init__.py`) is no module of its folder. Names are followed through faces and
re-exports to the module that defines them.

A *body* is a function's lines from its first statement after the docstring to its last, blank lines and comments
left out; a function inside another belongs to the outer one. *Code* is what is neither blank, nor a comment, nor a
docstring. A module is *imported by one other only* if one module uses its names and the top face does not give it out.

The modules *opened* for a trace are those that define a function or class on a shortest path of uses along each leg
of the trace; for a stop marked ``+``, also what it and its helpers in the same module use: a reader follows a row of
data into them, but needs no more of a setting than where it goes. A trace of data starts at the command (`cli.run`).
A *use* is any mention of a top-level function or class outside annotations and decorators: a decorator
(`renamed_arguments`) says how a function may be called, and makes nothing of what it is called with. Faces, errors and
all modules of the vocabulary are looked up, not followed, and don't count.
"""

from __future__ import annotations

import ast
import io
import re
import statistics
import sys
import tokenize
from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from prose_rule import searches_in_prose  # noqa: E402

MOST_MODULES: Final = 12
"""Modules of a folder; `sources` has one for each publisher's format and is not held to it."""

LOOKED_UP: Final = ("errors", "vocabulary")
"""Modules, or folders with all modules in them."""

NO_COMMENT: Final = re.compile(r"# ?(?:-{3}|noqa|fmt:|type:|pragma)")
"""Rules between parts of a module, and marks for other tools."""

LEGS: Final = {
    "an HES row to its polygon": (
        "run > read_hes+",
        "run > count_events+",
        "run > Gate > protect_counts",
        "run > getis_ord+",
        "run > write_geopackage > summary_layer|area_layer+",
    ),
    "a school to its mark": (
        "run > read_schools+",
        "run > place_schools+",
        "run > diverging_schools+",
        "run > draw_map > draw_school_marks+",
    ),
    "a suppressed count to 'depends'": (
        "read_inputs > read_counts",
        "read_inputs > Gate > protect_counts",
        "analyse > getis_ord > extreme_tails",
        "getis_ord > certainties",
    ),
    "the setting `level` to its effect": ("Analysis", "analyse > getis_ord > certainties", "getis_ord > need_level"),
}
"""Question → legs from stop to stop. A stop is the name of a function or class; ``a|b`` if it was renamed."""

Definition = tuple[str, str]
"""Module and name of a top-level function or class."""


@dataclass
class Module:
    """One file: its tree, what it defines, and what its names stand for."""

    name: str
    path: Path
    tree: ast.Module
    text: str
    definitions: dict[str, ast.stmt] = field(default_factory=dict)
    imports: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Local name → module and name in it; the name is empty where the module itself is imported."""

    @property
    def is_face(self) -> bool:
        """Whether the file stands for its folder."""
        return self.path.name == "__init__.py"

    @property
    def folder(self) -> str:
        """The dotted folder inside the package; empty at its root."""
        return (self.name if self.is_face else self.name.rpartition(".")[0]).partition(".")[2]


class Package:
    """All modules of a package and who uses what in them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.modules = {module.name: module for module in _read(folder)}
        for module in self.modules.values():
            self._note_imports(module)

    def _note_imports(self, module: Module) -> None:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.asname and alias.name in self.modules:
                        module.imports[alias.asname] = (alias.name, "")
            elif isinstance(node, ast.ImportFrom):
                source = self._absolute(module, node)
                for alias in node.names:
                    inner = f"{source}.{alias.name}"
                    # A face may export a function that is called as its module is: then the function is meant.
                    of_module = inner in self.modules and alias.name not in _bound(self.modules.get(source))
                    found = (inner, "") if of_module else (source, alias.name)
                    if found[0] in self.modules:
                        module.imports[alias.asname or alias.name] = found

    def _absolute(self, module: Module, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = module.name.split(".")
        base = parts[: len(parts) - node.level + module.is_face]
        return ".".join([*base, *([node.module] if node.module else [])])

    def defining(self, module: str, name: str) -> Definition:
        """Return where a name of a module is defined, followed through re-exports."""
        seen = set()
        while name and (module, name) not in seen:
            seen.add((module, name))
            here = self.modules[module]
            if name in here.definitions or name not in here.imports:
                break
            module, name = here.imports[name]
        return module, name

    def uses(self, module: Module, node: ast.AST) -> Iterator[Definition]:
        """Give what a piece of code names of the package, annotations and decorators left out."""
        for inner in _in_body(node):
            if isinstance(inner, ast.Name):
                if inner.id in module.definitions:
                    yield module.name, inner.id
                elif inner.id in module.imports:
                    yield self.defining(*module.imports[inner.id])
            elif isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name):
                source, name = module.imports.get(inner.value.id, ("", ""))
                source, name = self.defining(source, name) if source else ("", "")
                if source and not name:
                    yield self.defining(source, inner.attr)

    def graph(self) -> dict[Definition, set[Definition]]:
        """Return what every top-level function and class uses of the others."""
        graph = {}
        for module in self.modules.values():
            for name, node in module.definitions.items():
                if isinstance(node, ast.FunctionDef | ast.ClassDef):
                    graph[module.name, name] = set(self.uses(module, node)) - {(module.name, name)}
        return {node: {used for used in all_used if used in graph} for node, all_used in graph.items()}

    def importers(self) -> dict[str, set[str]]:
        """Return the modules that import names of each module, annotations included; faces are seen through."""
        importers: dict[str, set[str]] = defaultdict(set)
        top = self.folder.name
        for module in self.modules.values():
            if not module.is_face or module.name == top:
                for source, name in module.imports.values():
                    importers[self.defining(source, name)[0]].add(module.name)
        for name, given_out in _lazy_names(self.modules[top]).items():
            for source in self.modules:
                if source.endswith(f".{given_out}") or source == given_out:
                    importers[self.defining(source, name)[0]].add(top)
        return {name: others - {name} for name, others in importers.items()}


def _read(folder: Path) -> Iterator[Module]:
    for path in sorted(folder.rglob("*.py")):
        name = ".".join(path.relative_to(folder.parent).with_suffix("").parts).removesuffix(".__init__")
        text = path.read_text(encoding="utf-8")
        module = Module(name, path, ast.parse(text), text)
        for node in module.tree.body:
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            names = [target.id for target in targets if isinstance(target, ast.Name)]
            for defined in [node.name] if isinstance(node, ast.FunctionDef | ast.ClassDef) else names:
                module.definitions[defined] = node
        yield module


def _bound(module: Module | None) -> set[str]:
    """Return the names that a module imports at its top."""
    imports = [node for node in module.tree.body if isinstance(node, ast.ImportFrom)] if module else []
    return {alias.asname or alias.name for node in imports for alias in node.names}


def _in_body(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for name, value in ast.iter_fields(node):
        if name not in ("annotation", "returns", "decorator_list"):
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from _in_body(child)


def _lazy_names(face: Module) -> dict[str, str]:
    """Return name → module of a table of names that a face loads when they are first used."""
    tables = [node for node in ast.walk(face.tree) if isinstance(node, ast.Dict)]
    return {
        key.value: value.value
        for table in tables
        for key, value in zip(table.keys, table.values, strict=True)
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
        if isinstance(value, ast.Constant) and isinstance(value.value, str)
    }


# --------------------------------------------------------------------------- lengths


def bodies(package: Package) -> dict[str, int]:
    """Return the lines of every function's body, by its place."""
    return {
        f"{module.path.relative_to(package.folder.parent)}:{node.lineno} {node.name}": _body_lines(module, node)
        for module in package.modules.values()
        for node in _functions(module.tree)
    }


def _functions(node: ast.AST) -> Iterator[ast.FunctionDef]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef):
            yield child
        else:
            yield from _functions(child)


def _body_lines(module: Module, node: ast.FunctionDef) -> int:
    statements = node.body[1:] if ast.get_docstring(node) is not None else node.body
    if not statements:
        return 0
    lines = module.text.splitlines()[statements[0].lineno - 1 : node.end_lineno]
    return sum(1 for line in lines if line.strip() and not line.strip().startswith("#"))


def comments_and_code(module: Module) -> tuple[int, int]:
    """Return the lines that have a comment, and the lines of code."""
    docstrings = {
        line
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    tokens = list(tokenize.generate_tokens(io.StringIO(module.text).readline))
    comments = [token for token in tokens if token.type == tokenize.COMMENT]
    notes = {token.start[0] for token in comments if not NO_COMMENT.match(token.string)}
    empty = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
    code = {
        line for token in tokens if token.type not in empty for line in range(token.start[0], token.end[0] + 1)
    } - docstrings
    return len(notes), len(code)


# --------------------------------------------------------------------------- traces


def opened(package: Package, legs: Sequence[str]) -> tuple[set[str], list[str]]:
    """Return the modules that are opened for a trace, and what of its legs could not be found."""
    graph = package.graph()
    seen: set[Definition] = set()
    lost = []
    for leg in legs:
        before: list[Definition] = []
        for stop in leg.split(" > "):
            here = [node for node in graph if node[1] in stop.rstrip("+").split("|")]
            path = _shortest(graph, before, here) if before else here
            if not path:
                lost.append(f"{stop} in {leg!r}")
            seen.update(path)
            if stop.endswith("+"):
                seen.update(used for node in _with_helpers(graph, here) for used in graph[node])
            before = here
    followed = {module for module, _ in seen if not package.modules[module].is_face}
    return {module for module in followed if module.split(".")[1] not in LOOKED_UP}, lost


def _with_helpers(graph: Mapping[Definition, set[Definition]], nodes: Sequence[Definition]) -> set[Definition]:
    """Return definitions with all that they use, directly or not, of their own modules."""
    found, waiting = set(nodes), list(nodes)
    while waiting:
        node = waiting.pop()
        more = {used for used in graph[node] if used[0] == node[0]} - found
        found |= more
        waiting += more
    return found


def _shortest(
    graph: Mapping[Definition, set[Definition]], starts: Sequence[Definition], ends: Sequence[Definition]
) -> list[Definition]:
    """Return a shortest path, the first by name where there are several; empty where there is none."""
    came_from: dict[Definition, Definition | None] = dict.fromkeys(starts)
    waiting = deque(starts)
    while waiting:
        node = waiting.popleft()
        if node in ends:
            path = [node]
            while (before := came_from[path[-1]]) is not None:
                path.append(before)
            return path[::-1]
        for used in sorted(graph[node]):
            if used not in came_from:
                came_from[used] = node
                waiting.append(used)
    return []


# --------------------------------------------------------------------------- what is printed


def describe(package: Package) -> Iterator[str]:
    """Give every measure as lines of text."""
    modules = [module for module in package.modules.values() if not module.is_face]
    yield from _folders(modules)
    lengths = sorted((len(module.text.splitlines()), module.name) for module in modules)
    yield f"\nmodules                      {len(modules)}, {sum(length for length, _ in lengths):,} lines"
    yield f"longest module               {lengths[-1][0]} lines ({lengths[-1][1]})"
    yield f"modules above 400 lines      {sum(length > 400 for length, _ in lengths)}"
    of = bodies(package)
    longest = max(of, key=lambda place: of[place])
    tenths = statistics.quantiles(of.values(), n=10, method="inclusive")
    middle = statistics.median(of.values())
    yield f"bodies of functions          {len(of):,}: median {middle:g}, 90th percentile {tenths[8]:g}"
    yield f"longest body                 {of[longest]} lines ({longest})"
    yield f"public names at the top      {len(public_names(package))}"
    yield from _single(package)
    yield "\nmodules opened"
    for question, legs in LEGS.items():
        found, lost = opened(package, legs)
        yield f"  {len(found):3d}  {question}: {', '.join(sorted(name.partition('.')[2] for name in found))}"
        yield from (f"       not found: {name}" for name in lost)
    searches = searches_in_prose(package.folder)
    kinds = Counter(search.kind for search in searches)
    yield f"\nsearches in prose            {len(searches)}" + "".join(
        f", {kinds[kind]} {kind}" for kind in sorted(kinds)
    )
    yield from (f"  {search.kind:7s} {search.path}:{search.line}  {search.code}" for search in searches)


def _folders(modules: Sequence[Module]) -> Iterator[str]:
    """Give a line for each folder: modules, lines of code, and comments per 100 of them."""
    by_folder: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for module in modules:
        by_folder[module.folder].append(comments_and_code(module))
    yield "folder                              modules    code  comments per 100"
    above = []
    for folder, counted in sorted(by_folder.items()):
        comments, code = (sum(each[column] for each in counted) for column in (0, 1))
        yield f"{folder or '(root)':34s}  {len(counted):7d}  {code:6,}  {100 * comments / max(code, 1):16.1f}"
        above += [folder] if len(counted) > MOST_MODULES and folder != "sources" else []
    inner = [each for folder, counted in by_folder.items() if folder.startswith("analysis") for each in counted]
    share = 100 * sum(comments for comments, _ in inner) / max(sum(code for _, code in inner), 1)
    yield f"comments per 100 lines of code in analysis, all folders: {share:.1f}"
    yield f"folders above {MOST_MODULES} modules: {', '.join(name or '(root)' for name in above) or 'none'}"


def _single(package: Package) -> Iterator[str]:
    """Give the modules that serve one other module only."""
    single = {
        name: next(iter(others)).partition(".")[2]
        for name, others in sorted(package.importers().items())
        if len(others) == 1 and others != {package.folder.name} and not package.modules[name].is_face
    }
    yield f"\nmodules imported by one other only: {len(single)}"
    yield from (f"  {name.partition('.')[2]} ({other})" for name, other in single.items())


def public_names(package: Package) -> list[str]:
    """Return `__all__` of the package: as it is written, or the keys of the table that it is made of."""
    face = package.modules[package.folder.name]
    value = getattr(face.definitions.get("__all__"), "value", None)
    if isinstance(value, ast.List | ast.Tuple):
        plain = [item.value for item in value.elts if isinstance(item, ast.Constant)]
        spread = [item.value for item in value.elts if isinstance(item, ast.Starred)]
    else:
        plain, spread = [], [value] if isinstance(value, ast.expr) else []
    tables = {inner.id for item in spread for inner in ast.walk(item) if isinstance(inner, ast.Name)}
    for name in tables & set(face.definitions):
        table = getattr(face.definitions[name], "value", None)
        keys = table.keys if isinstance(table, ast.Dict) else []
        plain += [key.value for key in keys if isinstance(key, ast.Constant)]
    return [str(name) for name in plain]


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "hotspots"
    for line in describe(Package(folder.resolve())):
        print(line)
