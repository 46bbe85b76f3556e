"""A sheet of A4 paper measured in millimetres: text that wraps and fits, panels, header and footer."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from hotspots.publish.text import Section

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Box", "Sheet", "foot", "head", "new_sheet", "page_style"]

A4_LANDSCAPE: Final = (297.0, 210.0)
MARGIN: Final = 10.0
MM_PER_INCH: Final = 25.4
MM_PER_POINT: Final = MM_PER_INCH / 72.0
LINE: Final = 1.3
"""Line spacing in font sizes."""
FONT: Final = "DejaVu Sans"
"""Comes with matplotlib, so that a map looks the same on every computer."""
INK: Final = "#1a1a1a"
QUIET: Final = "#4d4d4d"
RULE: Final = "#b3b3b3"
TIED: Final = "\u2060"
"""Stands for a space at which no line ends; `str.split` would take a no-break space for a space."""
WARNING: Final = "#b30000"
NOTICE: Final = "#1b4f8f"
"""Invented data are no danger: their marking is seen, and does not shout as RESTRICTED does."""
MEASURED: Final = 100.0
"""Points: the size at which widths are measured; without hinting they are in proportion to the size."""
SMALLEST: Final = 6.25
"""Points: the smallest print beside a map."""
SHORTENED: Final = "Shortened."
"""Ends a text of which sentences were left out, on a sheet by itself."""
SEE_PAGE: Final = "Shortened: see Methods, page {page}."
"""The same on a page of a briefing, where the number of the page is known."""
LONGEST_POINTER: Final = SEE_PAGE.format(page="000")
"""Space is kept for this."""

Box = tuple[float, float, float, float]
"""Left, bottom, right, top, in mm from the lower left corner of the paper."""

TITLE: Final = "title"
SUBTITLE: Final = "subtitle"
MARKING: Final = "marking"
IMPRINT: Final = "imprint"
"""Group ids of what a page of a briefing says in its own words."""
HALO: Final = "halo"
POINTER: Final = "pointer"
"""Group id of `SHORTENED`, in whose place a page of a briefing writes `SEE_PAGE`."""

_STYLE: Final[dict[str, Any]] = {
    "font.family": FONT,
    "font.size": 8.0,
    "pdf.fonttype": 3,  # text stays text; TrueType would take longer to cut down to size than the map to draw
    "svg.fonttype": "none",
    "svg.hashsalt": "hotspots",
    "hatch.linewidth": 0.5,
    "axes.edgecolor": RULE,
    "axes.labelcolor": QUIET,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "text.hinting": "no_hinting",  # text is as wide on screen and in a PNG as it was measured and is in a PDF
    "path.simplify": False,  # nothing is simplified silently
}


@contextmanager
def page_style() -> Iterator[None]:
    """Draw in the style of all pages, whatever the user's own matplotlib settings are, and put those back.

    A letter that the page's font lacks is drawn as a box; the console hears nothing of it, once for every text.
    """
    from matplotlib import style

    with style.context(["default", _STYLE]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .*missing from")
        yield


@dataclass(frozen=True)
class Fitted:
    """A text, the size at which it fits (points), and whether sentences were left out."""

    text: str
    size: float
    is_shortened: bool = False


@dataclass(frozen=True)
class Sheet:
    """A page: the figure, and axes that cover the whole paper in millimetres from its lower left corner."""

    figure: Figure
    paper: Axes

    @property
    def width(self) -> float:
        """Width of the paper (mm)."""
        return float(self.figure.get_figwidth()) * MM_PER_INCH

    @property
    def height(self) -> float:
        """Height of the paper (mm)."""
        return float(self.figure.get_figheight()) * MM_PER_INCH

    def panel(self, left: float, bottom: float, width: float, height: float, **options: Any) -> Axes:
        """Return new axes at this place (mm)."""
        return self.figure.add_axes(
            (left / self.width, bottom / self.height, width / self.width, height / self.height), **options
        )

    def text_width(self, words: str, *, size: float, weight: str = "normal") -> float:
        """Return the width of one line of text (mm) as it is printed, whatever the screen's resolution."""
        return _width_of_line(words, weight) * (size / MEASURED) * MM_PER_POINT

    def wrap(self, words: str, *, width: float, size: float, weight: str = "normal") -> list[str]:
        """Return text as lines no wider than `width` (mm); a longer single word stands alone."""
        # A number and its per cent sign stay on one line.
        words = words.replace(" %", f"{TIED}%")
        measured = {
            word: self.text_width(word.replace(TIED, " "), size=size, weight=weight) for word in {*words.split(), " "}
        }
        lines: list[str] = []
        for paragraph in words.split("\n"):
            line, length = "", 0.0
            for word in paragraph.split():
                if line and length + measured[" "] + measured[word] > width:
                    lines.append(line)
                    line, length = word, measured[word]
                else:
                    length += measured[word] + (measured[" "] if line else 0.0)
                    line = f"{line} {word}".strip()
            lines.append(line)
        return [line.replace(TIED, " ") for line in lines]

    def wrap_evenly(self, words: str, *, width: float, size: float, weight: str = "normal") -> list[str]:
        """Return text in as few lines as `wrap` needs, but of much the same length: no word is left alone."""
        lines = self.wrap(words, width=width, size=size, weight=weight)
        while len(lines) > 1 and width > 40.0:
            width -= 4.0
            narrower = self.wrap(words, width=width, size=size, weight=weight)
            if (
                len(narrower) > len(lines)
                or max(self.text_width(x, size=size, weight=weight) for x in narrower) > width
            ):
                break
            lines = narrower
        return lines

    def write(
        self,
        x: float,
        top: float,
        words: str,
        *,
        size: float = 8.0,
        weight: str = "normal",
        colour: str = INK,
        width: float | None = None,
        align: str = "left",
        group: str | None = None,
    ) -> float:
        """Write text below `top` (mm), wrapped to `width`; return where its lowest line ends (mm)."""
        if not words:
            return top
        lines = [words] if width is None else self.wrap(words, width=width, size=size, weight=weight)
        for number, line in enumerate(lines):
            # One artist a line: a search in the PDF finds it, and no renderer spaces the lines its own way.
            self.paper.text(
                x,
                top - (number * LINE + 1.0) * size * MM_PER_POINT,
                line,
                fontsize=size,
                fontweight=weight,
                color=colour,
                ha=align,
                va="baseline",
                gid=group,
                parse_math=False,
            )
        return top - (len(lines) * LINE) * size * MM_PER_POINT

    def fit(
        self, sentences: Sequence[str], *, width: float, height: float, size: float, smallest: float
    ) -> Fitted | None:
        """Return what fits into `height` (mm): everything, or the first sentences; None where not one fits."""
        text = " ".join(sentences)
        for step in range(int((size - smallest) / 0.25) + 1):
            tried = size - 0.25 * step
            if self._height(text, width=width, size=tried) <= height:
                return Fitted(text, tried)
        for number in range(len(sentences) - 1, 0, -1):
            fitted = Fitted(" ".join(sentences[:number]), smallest, is_shortened=True)
            lines, _ = self._with_pointer(fitted, width=width)
            if len(lines) * LINE * smallest * MM_PER_POINT <= height:
                return fitted
        return None

    def _with_pointer(self, fitted: Fitted, *, width: float) -> tuple[list[str], float]:
        """Return the lines of a shortened text, and where on the last one its pointer begins (mm)."""
        lines = self.wrap(fitted.text, width=width, size=fitted.size)
        start = self.text_width(f"{lines[-1]} ", size=fitted.size)
        if start + self.text_width(LONGEST_POINTER, size=fitted.size) <= width:
            return lines, start
        return [*lines, ""], 0.0

    def _write_fitted(self, left: float, top: float, fitted: Fitted, *, width: float, colour: str) -> float:
        """Write what fits, and that it is shortened where it is; return where its lowest line ends (mm)."""
        if not fitted.is_shortened:
            return self.write(left, top, fitted.text, size=fitted.size, width=width, colour=colour)
        lines, start = self._with_pointer(fitted, width=width)
        for number, line in enumerate(lines):
            y = top - number * LINE * fitted.size * MM_PER_POINT
            end = self.write(left, y, line, size=fitted.size, colour=colour)
        return min(end, self.write(left + start, y, SHORTENED, size=fitted.size, colour=colour, group=POINTER))

    def write_sections(
        self,
        left: float,
        top: float,
        sections: Sequence[Section],
        *,
        width: float,
        bottom: float,
    ) -> None:
        """Write headings and what stands below them: the first in ink, those after it quieter and smaller.

        What does not fit is left out from the end, sentence by sentence; of those after the first also all of it.
        """
        for number, section in enumerate(section for section in sections if section.sentences):
            size, colour = ((7.75, INK), (7.0, QUIET))[min(number, 1)]
            head_size = size + 1.25
            left_over = top - self._height(section.heading, width=width, size=head_size) - 0.3 - bottom
            fitted = self.fit(section.sentences, width=width, height=left_over, size=size, smallest=SMALLEST)
            if fitted is None and number:
                continue
            top = self.write(left, top, section.heading, size=head_size, weight="bold", width=width, colour=colour)
            shown = fitted or Fitted(section.words, SMALLEST)
            top = self._write_fitted(left, top - 0.3, shown, width=width, colour=colour) - 2.2

    def _height(self, words: str, *, width: float, size: float) -> float:
        return len(self.wrap(words, width=width, size=size)) * LINE * size * MM_PER_POINT

    def rule(self, left: float, right: float, y: float) -> None:
        """Draw a thin line across the page."""
        self.paper.plot([left, right], [y, y], color=RULE, linewidth=0.5, solid_capstyle="butt")


@lru_cache(maxsize=2**14)
def _width_of_line(words: str, weight: str) -> float:
    """Return the width of one line of text at `MEASURED`, in points.

    The words of a page are wrapped at several sizes, and most stand on other pages too: each is measured once.
    """
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family=FONT, size=MEASURED, weight=weight)
    points, _, _ = text_to_path.get_text_width_height_descent(words, font, False)
    return float(points)


def new_sheet(*, width: float = A4_LANDSCAPE[0], height: float = A4_LANDSCAPE[1]) -> Sheet:
    """Return an empty sheet of this size (mm). Call it, and draw on it, inside `page_style()`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width / MM_PER_INCH, height / MM_PER_INCH), dpi=100, facecolor="white")
    FigureCanvasAgg(figure)
    paper = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    paper.set_axis_off()
    paper.set(xlim=(0.0, width), ylim=(0.0, height), autoscale_on=False)
    paper.set_zorder(5)
    return Sheet(figure, paper)


# --------------------------------------------------------------------------- what every sheet carries


def head(sheet: Sheet, title: str, subtitle: str, *, marking: str = "", alarming: bool = False) -> float:
    """Write marking, title and subtitle across the top; return where the room below them begins (mm)."""
    width = sheet.width - 2 * MARGIN
    top = sheet.height - MARGIN + 3.0
    if marking and alarming:
        sheet.write(
            sheet.width / 2, top, marking, size=11, weight="bold", colour=WARNING, align="center", group=MARKING
        )
        top -= 7.0
    elif marking:
        sheet.write(
            sheet.width - MARGIN, top, marking, size=7.5, weight="bold", colour=NOTICE, align="right", group=MARKING
        )
        top -= 5.0
    size = _title_size(sheet, title, width)
    for line in sheet.wrap_evenly(title, width=width, size=size, weight="bold"):
        top = sheet.write(MARGIN, top, line, size=size, weight="bold", group=TITLE)
    top = sheet.write(MARGIN, top - 0.8, subtitle, size=9.5, colour=QUIET, width=width, group=SUBTITLE)
    return top - 2.0


def _title_size(sheet: Sheet, title: str, width: float) -> float:
    """Return a size at which the title takes one line, or, if it is long, two."""
    for size, lines in ((17.0, 1), (16.0, 1), (15.0, 1), (14.0, 1), (15.0, 2), (14.0, 2), (13.0, 2)):
        if len(sheet.wrap(title, width=width, size=size, weight="bold")) <= lines:
            return size
    return 12.0


def sign(figure: Figure, words: str) -> None:
    """Write date and contact at the very bottom of a finished sheet, where every sheet keeps a margin."""
    if words:
        # The first axes are the paper, in millimetres.
        figure.axes[0].text(MARGIN, 3.2, words, fontsize=6.5, color=QUIET, va="center", gid=IMPRINT)


def foot(sheet: Sheet, lines: Sequence[str], *, marking: str = "", alarming: bool = False) -> float:
    """Write sources and attribution along the bottom; return where the room above them ends (mm)."""
    width = sheet.width - 2 * MARGIN
    size = 6.5
    step = LINE * size * MM_PER_POINT
    wrapped = [part for line in lines if line for part in sheet.wrap(line, width=width, size=size)]
    bottom = 6.0
    if marking and alarming:
        sheet.write(
            sheet.width / 2,
            bottom + 4.6,
            marking,
            size=11,
            weight="bold",
            colour=WARNING,
            align="center",
            group=MARKING,
        )
        bottom += 5.8
    top = bottom + step * len(wrapped)
    for number, line in enumerate(wrapped):
        sheet.write(MARGIN, top - number * step, line, size=size, colour=QUIET)
    sheet.rule(MARGIN, sheet.width - MARGIN, top + 1.2)
    return top + 3.0
