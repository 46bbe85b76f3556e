"""The words on the pages of a PDF, without another program: glyphs are looked up in each font's own table."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import pikepdf

CODE: Final = r"<([0-9A-Fa-f]+)>"
SINGLE: Final = re.compile(rf"{CODE}\s*{CODE}")
RANGE: Final = re.compile(rf"{CODE}\s*{CODE}\s*(?:{CODE}|\[([^\]]*)\])")
BLOCK: Final = re.compile(r"begin(bfchar|bfrange)(.*?)end\1", re.DOTALL)
OPERATORS: Final = "q Q cm BT Tm Td Tf Tj TJ Do"
TITLE_SIZE: Final = 15.0
"""Of the title of a page in the briefing, in points."""


@dataclass(frozen=True)
class Run:
    """Words that were set at once: where they begin and end on the page, and the size of their font, in points."""

    words: str
    x: float
    y: float
    end: float
    size: float


@dataclass(frozen=True)
class PageWords:
    """What can be read on one page, in the order of the file."""

    runs: tuple[Run, ...]

    @cached_property
    def text(self) -> str:
        """All words of the page, with single spaces."""
        return _tidy(" ".join(line for line, _ in self.lines))

    @cached_property
    def title(self) -> str:
        """The words in the size of titles."""
        return _tidy(" ".join(line for line, size in self.lines if size == TITLE_SIZE))

    @cached_property
    def lines(self) -> list[tuple[str, float]]:
        """Every line and its size: runs that follow each other on one line, however many letters were set at once."""
        found: list[list[Run]] = []
        for run in self.runs:
            last = found[-1][-1] if found else None
            if last and abs(run.y - last.y) < 0.5 and -0.4 * run.size < run.x - last.end < 3 * run.size:
                found[-1].append(run)
            else:
                found.append([run])
        return [(_joined(line), line[0].size) for line in found]


def read_pages(path: Path) -> list[PageWords]:
    """Return the words of every page of a PDF."""
    with pikepdf.open(path) as document:
        return [PageWords(tuple(_runs_of(page.obj, pikepdf.Matrix()))) for page in document.pages]


def _tidy(words: str) -> str:
    return " ".join(words.split())


def _joined(line: list[Run]) -> str:
    words = line[0].words
    for before, run in itertools.pairwise(line):
        words += (" " if run.x - before.end > 0.15 * run.size else "") + run.words
    return words


def _runs_of(holder: Any, base: pikepdf.Matrix) -> Iterator[Run]:
    """Give what a page, or a form drawn on one, sets in type."""
    resources = holder.get("/Resources", {})
    fonts = {name: _Font.of(font) for name, font in resources.get("/Font", {}).items()}
    forms = resources.get("/XObject", {})
    font, size, held, here, line = "", 0.0, [], base, pikepdf.Matrix()
    for operands, operator in pikepdf.parse_content_stream(holder, OPERATORS):
        name = str(operator)
        if name == "q":
            held.append(here)
        elif name == "Q":
            here = held.pop()
        elif name == "cm":
            here = pikepdf.Matrix(*map(float, operands)) @ here
        elif name == "BT":
            line = pikepdf.Matrix()
        elif name == "Tm":
            line = pikepdf.Matrix(*map(float, operands))
        elif name == "Td":
            line = line.translated(*map(float, operands))
        elif name == "Tf":
            font, size = str(operands[0]), float(operands[1])
        elif name in ("Tj", "TJ"):
            parts = operands[0] if name == "TJ" else operands[:1]
            yield _run(list(parts), fonts[font], size, line @ here)
        elif name == "Do" and forms[str(operands[0])].get("/Subtype") == "/Form":
            form = forms[str(operands[0])]
            yield from _runs_of(form, pikepdf.Matrix(*map(float, form.get("/Matrix", (1, 0, 0, 1, 0, 0)))) @ here)


def _run(parts: list[Any], font: _Font, size: float, at: pikepdf.Matrix) -> Run:
    """Return one run: numbers between its glyphs move the pen."""
    words, pen = "", 0.0
    for part in parts:
        if not isinstance(part, pikepdf.String):
            pen -= float(part)
            continue
        coded = bytes(part)
        for start in range(0, len(coded), font.bytes_of_glyph):
            glyph = int.from_bytes(coded[start : start + font.bytes_of_glyph], "big")
            words += font.glyphs[glyph]
            pen += font.widths[glyph]
    (x, y), (end, _) = at.transform((0, 0)), at.transform((pen / 1000 * size, 0))
    return Run(words, x, y, end, round(abs(at.a) * size, 2))


@dataclass(frozen=True)
class _Font:
    """Glyph → letters and glyph → width in thousandths of the size."""

    glyphs: dict[int, str]
    widths: dict[int, float]
    bytes_of_glyph: int

    @classmethod
    def of(cls, font: Any) -> _Font:
        """Read one: typst writes composite fonts of two bytes a glyph, matplotlib simple ones of one."""
        if font.Subtype == "/Type0":
            return cls(_glyphs(font), _widths(font.DescendantFonts[0]), 2)
        first = int(font.FirstChar)
        return cls(_glyphs(font), {first + step: float(width) for step, width in enumerate(font.Widths)}, 1)


def _widths(font: Any) -> dict[int, float]:
    """Return the widths of a composite font."""
    found: dict[int, float] = {}
    rest = list(font.get("/W", []))
    while rest:
        first, second = int(rest.pop(0)), rest.pop(0)
        if isinstance(second, pikepdf.Array):
            found |= {first + step: float(width) for step, width in enumerate(second)}
        else:
            found |= dict.fromkeys(range(first, int(second) + 1), float(rest.pop(0)))
    return found


def _glyphs(font: Any) -> dict[int, str]:
    """Return glyph → letters, from the table that a font carries for those who copy its words."""
    found: dict[int, str] = {}
    for kind, block in BLOCK.findall(font.ToUnicode.read_bytes().decode("latin-1")):
        if kind == "bfchar":
            found |= {int(glyph, 16): _letters(code) for glyph, code in SINGLE.findall(block)}
            continue
        for first, last, start, each in RANGE.findall(block):
            codes = re.findall(CODE, each)
            for step in range(int(last, 16) - int(first, 16) + 1):
                letters = _letters(codes[step] if codes else start)
                found[int(first, 16) + step] = letters if codes else letters[:-1] + chr(ord(letters[-1]) + step)
    return found


def _letters(code: str) -> str:
    return bytes.fromhex(code).decode("utf-16-be")
