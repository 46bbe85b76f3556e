"""Sheets into files: PNG, PDF and SVG in one step each, and the same sheet gives the same bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from hotspots.errors import OutputError
from hotspots.publish.page.sheet import (
    IMPRINT,
    MARGIN,
    MARKING,
    MM_PER_INCH,
    POINTER,
    SUBTITLE,
    TITLE,
    page_style,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.text import Text

__all__ = ["Body", "body_as_svg", "body_of", "replace_file", "save_sheet", "subtitle_of", "title_of"]

PRINT_DPI: Final = 300
EDGE: Final = MARGIN - 1.0
"""What a drawing for a briefing is without on either side (mm)."""


def replace_file(path: Path, write: Callable[[Path], object]) -> Path:
    """Write a file beside `path` and put it there in one step: whoever opens it never sees half a file.

    Raises
    ------
    OutputError
        If the folder can't be written to, or the file is held open by another program.
    """
    # Not from tempfile, whose files only their maker may read: a map on a shared drive is for everybody.
    unfinished = path.with_name(f".{path.stem}-{uuid4().hex}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.touch()
    except OSError as error:
        raise OutputError(
            f"Can't write {path}.", found=str(error.strerror), advice="choose an output folder that you may write to"
        ) from error
    try:
        write(unfinished)
        unfinished.replace(path)
    except PermissionError as error:
        raise OutputError(
            f"Can't replace {path}.", found=str(error.strerror), advice="close the program that has the file open"
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)
    return path


def _written(figure: Figure, *groups: str) -> list[Text]:
    """Return the lines of text of these groups."""
    return [text for axes in figure.axes for text in axes.texts if text.get_gid() in groups]


def title_of(figure: Figure) -> str:
    """Return the title written across the top of a sheet."""
    return " ".join(text.get_text() for text in _written(figure, TITLE))


def subtitle_of(figure: Figure) -> str:
    """Return what stands below the title of a sheet: what, where, when and how."""
    return " ".join(text.get_text() for text in _written(figure, SUBTITLE))


def save_sheet(figure: Figure, stem: Path, *, dpi: int = PRINT_DPI) -> list[Path]:
    """Write `stem`.png and `stem`.pdf; the same figure gives the same bytes.

    Parameters
    ----------
    figure
        From `draw_map` or one of the charts.
    stem
        Path without ending.
    dpi
        Dots per inch of the PNG.

    Returns
    -------
    list of Path
        The two files.

    Raises
    ------
    OutputError
        If a file can't be written.
    """
    title = title_of(figure)
    # No dates and no program versions: the same content is the same file.
    pdf = {"Title": title, "Creator": "hotspots", "Producer": None, "CreationDate": None}

    def as_pdf(path: Path) -> None:
        # The resolution is of what is drawn as pixels; lines and text have none.
        figure.savefig(path, format="pdf", metadata=pdf, dpi=PRINT_DPI)

    with page_style():
        return [
            replace_file(Path(f"{stem}.png"), lambda path: _write_png(figure, path, title, dpi)),
            replace_file(Path(f"{stem}.pdf"), as_pdf),
        ]


def _write_png(figure: Figure, path: Path, title: str, dpi: int) -> None:
    """Write pixels without the alpha channel that matplotlib's own writer keeps: half the time for the same picture."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    pixels = BytesIO()
    figure.savefig(pixels, format="rgba", dpi=dpi)
    size = (int(figure.get_figwidth() * dpi), int(figure.get_figheight() * dpi))
    words = PngInfo()
    words.add_itxt("Title", title)
    image = Image.frombuffer("RGBA", size, pixels.getvalue(), "raw", "RGBA", 0, 1).convert("RGB")
    image.save(path, format="png", dpi=(dpi, dpi), compress_level=1, pnginfo=words)


@dataclass(frozen=True)
class Pointer:
    """Where a shortened text points to the page of the methods, whose number only the briefing knows.

    Parameters
    ----------
    left, bottom
        Where its baseline begins, in mm from the lower left corner of the drawing.
    size
        In points.
    colour
        As ``"#1a1a1a"``.
    """

    left: float
    bottom: float
    size: float
    colour: str


@dataclass(frozen=True)
class Body:
    """A sheet taken apart for the page of a briefing; unlike a figure it is small and passes between processes.

    Parameters
    ----------
    title, subtitle
        The words across the top of the sheet.
    svg
        The rest of it, without the pointers.
    pointers
        What the page writes over the drawing.
    """

    title: str
    subtitle: str
    svg: bytes
    pointers: tuple[Pointer, ...] = ()


def body_of(figure: Figure) -> Body:
    """Return title, subtitle, drawing and pointers of a sheet, for a page that writes the words itself."""
    from matplotlib.colors import to_hex

    pointers = tuple(
        Pointer(
            text.get_position()[0] - EDGE, text.get_position()[1], float(text.get_fontsize()), to_hex(text.get_color())
        )
        for text in _written(figure, POINTER)
    )
    return Body(title_of(figure), subtitle_of(figure), body_as_svg(figure), pointers)


def body_as_svg(figure: Figure) -> bytes:
    """Return the sheet without margins, title, marking and pointers as SVG: for a page that writes them itself."""
    from matplotlib.transforms import Bbox

    header = _written(figure, TITLE, SUBTITLE)
    left_out = [*header, *_written(figure, MARKING, IMPRINT, POINTER)]
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    width, height = figure.get_size_inches()
    lowest = min((text.get_window_extent(renderer).y0 / figure.dpi for text in header), default=height)
    stream = BytesIO()
    try:
        for text in left_out:
            text.set_visible(False)
        with page_style():
            edge = EDGE / MM_PER_INCH
            box = Bbox([[edge, 0.0], [float(width) - edge, float(lowest)]])
            metadata = {"Date": None, "Creator": None}
            figure.savefig(stream, format="svg", bbox_inches=box, metadata=metadata, dpi=PRINT_DPI)
    finally:
        for text in left_out:
            text.set_visible(True)
    return stream.getvalue()
