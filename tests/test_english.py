"""What readers see is in plain British English: phrases that were replaced do not come back.

Only texts are searched: string constants and the fixed parts of f-strings, without docstrings, and the files that are
text altogether. Codes and file names have no spaces and are left out.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

import hotspots

PACKAGE: Final = Path(hotspots.__file__).parent
COVERED: Final = (
    "vocabulary",
    "publish",
    "analysis",
    "study",
    "sources",
    "disclosure",
    "model",
    "cli.py",
    "errors.py",
    "publish/briefing/briefing.typ",
    "study/settings/template.toml",
    "../README.md",
)
"""Where what readers see is written: paths from the package."""

BANNED: Final = {
    "95%, without a space": r"[\d}] %(?![](\w{])",
    "per km² per year": r"\b(?:people|pupils|km²) and year\b",
    "at least this many": r"\bso many\b|\bso few\b",
    "false discovery rate controlled (Benjamini–Hochberg)": r"\bdiscover\w+ held\b|\bheld by Ben|Benjamini and ",
    "is, has, lies": r"\bstands (?!for\b)|\bstood (?:on|in)\b",
    "per area, for each area": r"\ba row an area\b|\ba (?:count|number|rate) an area\b|\bfactor an assessment\b",
    "could not be loaded": r"\bcould not be had\b",
    "times the average": r"\bin times the\b",
    "works directly": r"\bwithout ceremony\b",
    "suppressed counts": r"\b(?:number|count) (?:is )?hidden\b|\bthe hidden numbers\b|\bis hidden to\b",
    "p-value": r"\bchance of a value\b|\b[Tt]he chances (?:are|come)\b",
    "shrunken (empirical Bayes) estimate": r"\b[Dd]rawn towards the average\b",
    "areal interpolation": r"\bspread (?:over cells|evenly|over a surface)\b",
    "locations within areas are not known": r"\b[Nn]o event's place\b",
    "vertical line": r"\b[Uu]pright (?:strokes?|lines?)\b",
    "average size": r"\bmiddling\b",
    "captures": r"\bhits most\b|\bhit fewer\b",
    "the difference is within chance": r"\bcan't be told from\b",
    "expected by chance": r"\bchance (?:would have|would gather|alone would)\b",
    "map points": r"\bmoved to map points\b",
    "encloses": r"\b(?:go|goes) (?:a?round)\b",
    "does not show causes": r"\bsays nothing of\b|\bknows nothing of\b",
    "as set": r"\bas asked for\b",
    "change of level or slope": r"\bstep or bend\b|\bstretch(?:es)? of (?:these|level)\b",
    "for review": r"\b[Ww]orth a look\b",
    "deprivation gradient": r"\b[Aa]gainst the slope\b",
    "high, neighbours high": r"\b(?:high|low) among (?:high|low)\b",
    "the stronger the evidence": r"\bthe surer\b",
}
"""What to write → what was written before."""
KEPT_VALUES: Final = frozenset({"counts by area, spread evenly and smoothed"})
"""Values of summary.json, which other programs may compare: they keep their wording."""


def banned_in(words: str) -> list[str]:
    """Return the better wordings for what is banned in a text."""
    return [better for better, pattern in BANNED.items() if re.search(pattern, words)]


def texts_of(path: Path) -> Iterator[tuple[int, str]]:
    """Give line and words of every text in a file; `}` is where an f-string has a value."""
    if path.suffix != ".py":
        yield from enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            skipped |= {id(part) for part in node.values}
            yield node.lineno, "".join(part.value if isinstance(part, ast.Constant) else "}" for part in node.values)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            yield node.lineno, node.value


def files_of(part: str) -> list[Path]:
    """Return the files of one covered part."""
    path = PACKAGE / part
    return sorted(path.rglob("*.py")) if path.is_dir() else [path]


@pytest.mark.parametrize("part", COVERED)
def test_no_banned_phrase(part: str) -> None:
    files = files_of(part)
    assert files
    found = [
        f"{path.name}:{line}: {words!r}: write {better!r}"
        for path in files
        for line, words in texts_of(path)
        if " " in words and words not in KEPT_VALUES
        for better in banned_in(words)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("code", "better"),
    [
        ('x = f"{share:.0f} % of events"', "95%, without a space"),
        ('x = "a 95 % interval"', "95%, without a space"),
        ('x = "16 per km² and year"', "per km² per year"),
        ('x = ("where so "\n     "many events fall")', "at least this many"),
        ('x = "a hollow mark stands in the middle"', "is, has, lies"),
    ],
)
def test_a_banned_phrase_is_found(tmp_path: Path, code: str, better: str) -> None:
    (file := tmp_path / "texts.py").write_text(code, encoding="utf-8")
    assert [one for _, words in texts_of(file) for one in banned_in(words)] == [better]


def test_docstrings_map_tips_and_arithmetic_are_left_alone(tmp_path: Path) -> None:
    (file := tmp_path / "texts.py").write_text(
        '"""So many at 95 %."""\nx = 7 % 2\ny = f"[% {x} %]"\n', encoding="utf-8"
    )
    assert not [one for _, words in texts_of(file) for one in banned_in(words)]
