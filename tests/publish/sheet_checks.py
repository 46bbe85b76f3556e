"""What every printed sheet must satisfy, whatever is on it."""

from __future__ import annotations

from itertools import combinations

from matplotlib.figure import Figure
from matplotlib.text import Text

from hotspots.publish.page.sheet import HALO, page_style


def written(figure: Figure) -> list[Text]:
    """Return the texts that are drawn; halos are drawn beneath their words and counted once."""
    texts: list[Text] = []
    for axes in figure.axes:
        texts += axes.texts
        for axis in (axes.xaxis, axes.yaxis) if axes.axison else ():
            low, high = sorted(axis.get_view_interval())
            texts += [axis.label, *(tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high)]
    return [text for text in texts if text.get_visible() and text.get_text().strip() and text.get_gid() != HALO]


def words(figure: Figure) -> list[str]:
    return [text.get_text() for text in written(figure)]


def prose(figure: Figure) -> str:
    return " ".join(words(figure))


def assert_legible(figure: Figure) -> None:
    """No text leaves the page and none covers another."""
    with page_style():  # as it is saved: without it the screen's hinting makes letters a little wider
        figure.canvas.draw()
        renderer = figure.canvas.get_renderer()
        boxes = [(text, text.get_window_extent(renderer)) for text in written(figure)]
    page = figure.bbox
    for text, box in boxes:
        inside = box.x0 >= page.x0 and box.y0 >= page.y0 and box.x1 <= page.x1 and box.y1 <= page.y1
        assert inside, f"{text.get_text()!r} leaves the page"
    for (one, a), (other, b) in combinations(boxes, 2):
        # A pixel at 100 dpi is a quarter of a millimetre: boxes may touch, not cover.
        apart = a.x1 <= b.x0 + 1 or b.x1 <= a.x0 + 1 or a.y1 <= b.y0 + 1 or b.y1 <= a.y0 + 1
        assert apart, f"{one.get_text()!r} covers {other.get_text()!r}"
