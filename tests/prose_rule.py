"""The rule against searches in prose: sentences are made from facts and are never read back.

A finding is one of four kinds:

- ``search``: `in`, `==`, `startswith`, `endswith`, `removeprefix`, `removesuffix`, `replace` or a regular expression
  on a fact's text (a title, a method, a note, ...);
- ``cut``: such a text split at something other than a line's end;
- ``phrase``: an English phrase used as a code, e.g. ``kind == "study area"`` or ``reasons["no neighbours"]``;
- ``period``: the same as ``search`` on a period as it is written.

What counts as text is decided by names (`TEXT_NAMES`, `TEXT_ATTRIBUTES`) and followed through local assignments. What
has no letter or digit (``" %"``, ``"_"``) is typography and no search. Readers of published files (`sources`) may
compare cells with the publisher's own phrases, messages of other programs (`FOREIGN`) have nothing else to go by, and
one function each (`PARSERS`) makes a typed value of what publishers and users write.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

TEXT_NAMES = frozenset(
    {
        *("title", "titles", "subtitle", "caption", "label", "attribution", "marking", "description"),
        *("words", "sentence", "sentences", "phrase", "phrases", "paragraph", "paragraphs"),
        *("note", "notes", "reason", "reasons", "said"),
    }
)
"""Last part of the name of a variable, function or constant whose value is a text for readers."""

TEXT_ATTRIBUTES = TEXT_NAMES | {"source", "method", "unit", "subject"}
"""The same for attributes and keys of facts; a variable named `source` or `method` is usually no text."""

PERIODS = frozenset({"period", "periods", "written"})

PARSERS = frozenset({("hotspots/model/base/periods.py", "read")})
"""Path and name of the functions that read a text from outside into a typed value: `Period.read` is the only reader of
periods, which publishers and users write in many ways."""

SEARCHES = frozenset({"startswith", "endswith", "removeprefix", "removesuffix", "replace", "contains", "find"})
CUTS = frozenset({"split", "rsplit", "partition", "rpartition"})
EXPRESSIONS = frozenset({"search", "match", "fullmatch", "findall", "finditer", "sub", "subn", "split", "extract"})
LOOKUPS = frozenset({"get", "pop", "isin", "eq", "ne"})
PASSED_ON = frozenset(
    {"str", "escape", "capitalised", "fillna", "astype", "lower", "upper", "casefold", "strip", "rstrip", "lstrip"}
)
"""Functions and methods whose result is a text where what they are given is one."""

MAKERS = frozenset({"plural", "listed", "capitalised"})
"""Functions that make a part of a sentence of anything."""

FOREIGN = frozenset({"Value error, ", "EOF inside string"})
"""What pydantic and pandas say; their errors have no code for it."""

PHRASE = re.compile(r"[A-Za-z]{2,},? [A-Za-z]{2,}")


class Finding(NamedTuple):
    """One search in prose."""

    path: str
    line: int
    kind: str
    code: str


def phrase_constants(trees: Mapping[str, ast.Module]) -> dict[str, str]:
    """Return the string constants of all modules by name, e.g. ``{"NOT_JUDGED": "cannot be judged"}``."""
    constants = {}
    for tree in trees.values():
        for node in tree.body:
            target: ast.expr | None = node.target if isinstance(node, ast.AnnAssign) else None
            if isinstance(node, ast.Assign) and len(node.targets) == 1:
                target = node.targets[0]
            value = getattr(node, "value", None)
            if isinstance(target, ast.Name) and isinstance(value, ast.Constant) and isinstance(value.value, str):
                constants[target.id] = value.value
    return constants


def searches_in_prose(package: Path) -> list[Finding]:
    """Return every search in prose in the modules of a package, by file and line."""
    trees = {
        path.relative_to(package.parent).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted(package.rglob("*.py"))
    }
    constants = phrase_constants(trees)
    return [
        Finding(path, line, kind, code)
        for path, tree in trees.items()
        for line, kind, code in searches_of(
            tree,
            constants,
            own_phrases="/sources/" not in path,
            parsers=frozenset(name for module, name in PARSERS if module == path),
        )
    ]


def searches_of_parsers(package: Path) -> set[tuple[str, str]]:
    """Return those of `PARSERS` that search: path and name."""
    searching = set()
    for path, name in PARSERS:
        tree = ast.parse((package.parent / path).read_text(encoding="utf-8"))
        others = {getattr(scope, "name", "") for scope in _scopes(tree)} - {name}
        if searches_of(tree, parsers=others):
            searching.add((path, name))
    return searching


def searches_of(
    tree: ast.Module,
    constants: Mapping[str, str] | None = None,
    *,
    own_phrases: bool = True,
    parsers: Collection[str] = (),
) -> list[tuple[int, str, str]]:
    """Return (line, kind, code) of every search in prose in one module.

    Parameters
    ----------
    constants
        Constants of all modules, as `phrase_constants` gives them.
    own_phrases
        Whether phrases in the module are this package's own; those in readers are the publishers'.
    parsers
        Functions of the module that may search.
    """
    known = {**(constants or {}), **phrase_constants({"": tree})}
    found = set()
    for scope in _scopes(tree):
        if getattr(scope, "name", "") in parsers:
            continue
        rule = _Rule(known, own_phrases=own_phrases)
        for node in (scope, *_inside(scope)):
            rule.follow(node)
        for node in _inside(scope):
            kind = rule.kind_of(node)
            if kind:
                found.add((node.lineno, kind, ast.unparse(node)))
    return sorted(found)


def _scopes(tree: ast.Module) -> Iterator[ast.AST]:
    """Give the module and every function in it; a function inside another is seen with the outer one too."""
    yield tree
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _inside(scope: ast.AST) -> Iterator[ast.expr | ast.stmt]:
    """Give the nodes of a scope from top to bottom; those of a module without its functions."""
    for child in ast.iter_child_nodes(scope):
        if isinstance(scope, ast.Module) and isinstance(child, ast.FunctionDef):
            continue
        if isinstance(child, ast.FunctionDef) and isinstance(scope, ast.ClassDef):
            continue
        if isinstance(child, ast.expr | ast.stmt):
            yield child
        yield from _inside(child)


def _last_part(name: str) -> str:
    return name.lower().rsplit("_", 1)[-1]


def _is_mapping(annotation: ast.expr) -> bool:
    return ast.unparse(annotation).startswith(("Mapping", "dict"))


class _Rule:
    """The rule inside one function: which local names hold text, and which nodes search in it."""

    def __init__(self, constants: Mapping[str, str], *, own_phrases: bool) -> None:
        self.constants = constants
        self.own_phrases = own_phrases
        self.texts: set[str] = set()
        self.periods: set[str] = set()
        self.others: set[str] = set()

    def follow(self, node: ast.AST) -> None:
        """Remember a local name that is given a text or a period, or that is a table whatever its name is."""
        if isinstance(node, ast.FunctionDef):
            arguments = [*node.args.args, *node.args.kwonlyargs]
            tables = [each.arg for each in arguments if each.annotation and _is_mapping(each.annotation)]
            self.others.update(tables)
        pairs: list[tuple[ast.AST, ast.expr]] = []
        if isinstance(node, ast.Assign):
            pairs = [(target, node.value) for target in node.targets]
        elif isinstance(node, ast.NamedExpr | ast.For):
            pairs = [(node.target, node.value if isinstance(node, ast.NamedExpr) else node.iter)]
        elif isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
            pairs = [(each.target, each.iter) for each in node.generators]
        for target, value in pairs:
            if isinstance(target, ast.Name) and self.is_text(value):
                self.texts.add(target.id)
            elif isinstance(target, ast.Name) and isinstance(value, ast.ListComp) and not self.is_text(value.elt):
                self.others.add(target.id)
            elif isinstance(target, ast.Name) and self.is_period(value):
                self.periods.add(target.id)

    def is_text(self, node: ast.expr) -> bool:
        """Whether an expression is, or holds, a text for readers."""
        match node:
            case ast.Name(id=name):
                return name not in self.others and (name in self.texts or _last_part(name) in TEXT_NAMES)
            case ast.Attribute(attr=name, value=value):
                return _last_part(name) in TEXT_ATTRIBUTES or (name == "str" and self.is_text(value))
            case ast.Subscript(value=value, slice=ast.Constant(value=str(key))):
                return _last_part(key) in TEXT_ATTRIBUTES or self.is_text(value)
            case ast.Subscript(value=value):
                return self.is_text(value)
            case ast.Call(func=function, args=arguments):
                return self._gives_text(function, arguments)
            case ast.JoinedStr(values=parts):
                return any(isinstance(part, ast.Constant) and self.phrase_in(part) for part in parts)
            case ast.BinOp(op=ast.Add(), left=left, right=right) | ast.IfExp(body=left, orelse=right):
                return self.is_text(left) or self.is_text(right)
        return False

    def _gives_text(self, function: ast.expr, arguments: list[ast.expr]) -> bool:
        if isinstance(function, ast.Name):
            passes = function.id in PASSED_ON and bool(arguments) and self.is_text(arguments[0])
            return passes or function.id in MAKERS or _last_part(function.id) in TEXT_NAMES
        if isinstance(function, ast.Attribute):
            passes = function.attr in SEARCHES | EXPRESSIONS | CUTS | PASSED_ON and self.is_text(function.value)
            return passes or _last_part(function.attr) in TEXT_NAMES
        return False

    def is_period(self, node: ast.expr) -> bool:
        """Whether an expression is made of a period."""
        match node:
            case ast.Name(id=name) | ast.Subscript(slice=ast.Constant(value=str(name))):
                return name in self.periods or _last_part(name) in PERIODS
            case ast.Attribute(attr=name, value=value):
                return _last_part(name) in PERIODS or self.is_period(value)
            case ast.Call(func=ast.Attribute(attr="Series"), args=[value]):
                return self.is_period(value)
            case ast.Call(func=ast.Name(id=name), args=[value]) if name in PASSED_ON:
                return self.is_period(value)
            case ast.Subscript(value=value) | ast.Call(func=ast.Attribute(value=value)):
                return self.is_period(value)
        return False

    def string(self, node: ast.AST) -> str | None:
        """Return the value of a literal or of a constant."""
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, str) else None
        return self.constants.get(node.id) if isinstance(node, ast.Name) else None

    def phrase_in(self, node: ast.AST) -> bool:
        """Whether a literal, a constant or one of a tuple of them is an English phrase."""
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            return any(self.phrase_in(item) for item in node.elts)
        if isinstance(node, ast.JoinedStr):
            return any(self.phrase_in(part) for part in node.values)
        text = self.string(node)
        return text is not None and PHRASE.search(text) is not None

    def kind_of(self, node: ast.AST) -> str:
        """Return which kind of search a node is, or an empty string."""
        if isinstance(node, ast.Compare):
            return self._of_comparison(node)
        if isinstance(node, ast.Call):
            return self._of_call(node)
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            return "phrase" if self.own_phrases and self.phrase_in(node.slice) else ""
        return ""

    def _of_comparison(self, node: ast.Compare) -> str:
        left = node.left
        for operator, right in zip(node.ops, node.comparators, strict=True):
            contains = isinstance(operator, ast.In | ast.NotIn)
            equals = isinstance(operator, ast.Eq | ast.NotEq)
            if contains and not self._is_typography(left):
                if self.is_text(right) and not self._is_table(right):
                    return "search"
                if self.is_period(right) and isinstance(left, ast.Constant):
                    return "period"
            if equals and self._is_spelling(left, right):
                return "search"
            if (contains or equals) and self.own_phrases and (self.phrase_in(left) or self.phrase_in(right)):
                return "phrase"
            left = right
        return ""

    def _is_spelling(self, left: ast.expr, right: ast.expr) -> bool:
        """Whether two texts are compared by their letters: a text with a text, or a title with a literal."""
        if self.is_text(left) and self.is_text(right):
            return True
        title = isinstance(left, ast.Attribute | ast.Name) and "title" in ast.unparse(left).lower()
        return title and bool(self.string(right))

    def _is_table(self, node: ast.expr) -> bool:
        """Whether a text is a constant table of texts, in which keys are looked for."""
        return isinstance(node, ast.Name) and node.id.isupper() and node.id not in self.constants

    def _of_call(self, node: ast.Call) -> str:
        if not isinstance(node.func, ast.Attribute) or not node.args:
            return ""
        owner, name, first = node.func.value, node.func.attr, node.args[0]
        if name in LOOKUPS and self.own_phrases and self.phrase_in(first):
            return "phrase"
        by_pattern = name in EXPRESSIONS and isinstance(owner, ast.Name) and (owner.id == "re" or owner.id.isupper())
        if by_pattern or name == "extract":
            texts = self._searched(node, owner, name)
        elif name in SEARCHES and not self._is_typography(first):
            if self.own_phrases and self.phrase_in(first):
                return "search"
            texts = [owner, first] if name in ("startswith", "endswith") else [owner]
        elif name in CUTS and self.string(first) != "\n":
            return "cut" if self.is_text(owner) else "period" if self.is_period(owner) else ""
        else:
            return ""
        if any(self.is_text(text) for text in texts):
            return "search"
        return "period" if any(self.is_period(text) for text in texts) else ""

    def _searched(self, node: ast.Call, owner: ast.expr, name: str) -> list[ast.expr]:
        """Return what a regular expression is applied to: of `re.sub` the third argument, of a column the column."""
        if name == "extract":
            return [owner]
        first = 1 if isinstance(owner, ast.Name) and owner.id == "re" else 0
        return node.args[first + (name in ("sub", "subn")) :][:1]

    def _is_typography(self, node: ast.expr) -> bool:
        """Whether what is looked for has no letter and no digit, such as ``" %"``; or is another program's."""
        text = self.string(node)
        return text in FOREIGN or (text is not None and not any(letter.isalnum() for letter in text))
