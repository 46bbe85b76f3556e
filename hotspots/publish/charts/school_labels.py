"""Names of the schools that stand out beside their marks, where there is room."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from hotspots.publish.page import MM_PER_INCH, MM_PER_POINT, Box, Sheet, overlaps

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D
    from numpy.typing import NDArray

__all__ = ["label_outliers"]

SIZE: Final = 6.5
RANK: Final = {"far_above": 0, "far_below": 0, "above": 1, "below": 1}
STEP: Final = 1.0
"""Millimetres along a line at which is looked whether a name would cross it."""


def label_outliers(
    sheet: Sheet,
    axes: Axes,
    table: pd.DataFrame,
    x: pd.Series,
    y: tuple[pd.Series, pd.Series],
    *,
    radius: pd.Series,
    classes: str = "class",
    notes: Mapping[Any, str] = MappingProxyType({}),
) -> None:
    """Name the schools outside the limits, furthest first, where there is room beside the point.

    Parameters
    ----------
    x, y
        Where each is drawn: across, and from low to high.
    radius
        How far the mark of each reaches from its middle (mm).
    classes
        The column that says which stand out.
    notes
        School id → what stands after its name; such a school is named whatever its class.
    """
    box = axes.get_position()
    frame = (box.x0 * sheet.width, box.y0 * sheet.height, box.x1 * sheet.width + 12.0, box.y1 * sheet.height + 3.0)
    low, high = (_on_page(sheet, axes, x, bound) for bound in y)
    middle = (low + high) / 2
    # Room for the points themselves, for the lines of hidden numbers and for the names of lines.
    reach = radius.to_numpy(dtype=float) + 0.2
    taken: list[Box] = [(px - r, py - r, px + r, py + r) for (px, py), r in zip(middle, reach, strict=True)]
    taken += [(px, down, px + 0.2, up) for (px, down), (_, up) in zip(low, high, strict=True) if up > down]
    taken += _written_boxes(sheet, axes)
    crossed = [spot for line in axes.lines for spot in _along(sheet, axes, line)]
    ranks = [RANK.get(key, 2 if school in notes else 3) for school, key in table[classes].items()]
    labelled = [(rank, number) for number, rank in enumerate(ranks) if rank < 3]
    for _, number in sorted(labelled, key=lambda pair: (pair[0], -middle[pair[1]][1])):
        words, note = str(table["name"].iloc[number]), notes.get(table.index[number])
        words = f"{words}: {note}" if note else words
        _label_point(sheet, words, (*middle[number], reach[number]), taken, frame, crossed=crossed)


def _on_page(sheet: Sheet, axes: Axes, x: Any, y: Any) -> NDArray[np.float64]:
    """Return where points of the chart lie on the page (mm), one row each."""
    points = np.column_stack([np.asarray(x, dtype=float), np.asarray(y, dtype=float)])
    on_page: NDArray[np.float64] = axes.transData.transform(points) / float(sheet.figure.dpi) * MM_PER_INCH
    return on_page


def _written_boxes(sheet: Sheet, axes: Axes) -> list[Box]:
    """Return where words stand in the chart already (mm)."""
    renderer = sheet.figure.canvas.get_renderer()  # type: ignore[attr-defined]
    to_mm = MM_PER_INCH / float(sheet.figure.dpi)
    extents = [text.get_window_extent(renderer) for text in axes.texts]
    return [(box.x0 * to_mm, box.y0 * to_mm, box.x1 * to_mm, box.y1 * to_mm) for box in extents]


def _along(sheet: Sheet, axes: Axes, line: Line2D) -> Iterator[Box]:
    """Give small boxes along a line of the chart (mm); none of marks without a line."""
    x, y = (np.asarray(values, dtype=float) for values in line.get_data())
    if line.get_linestyle() == "None" or len(x) < 2:
        return
    if line.get_drawstyle() == "steps-mid":
        half = (x[:-1] + x[1:]) / 2
        x = np.concatenate([x[:1], np.repeat(half, 2), x[-1:]])
        y = np.repeat(y, 2)
    points = _on_page(sheet, axes, x, y)
    for start, end in pairwise(points):
        pieces = max(1, int(np.hypot(*(end - start)) / STEP))
        for part in range(pieces + 1):
            px, py = start + (end - start) * part / pieces
            yield px - 0.3, py - 0.3, px + 0.3, py + 0.3


def _label_point(
    sheet: Sheet, words: str, point: Sequence[float], taken: list[Box], frame: Box, *, crossed: Sequence[Box]
) -> None:
    """Write a name beside a point (x, y and the reach of its mark), wherever there is room; nowhere if there is none.

    A spot that crosses no line of the chart comes first.
    """
    width, height = sheet.text_width(words, size=SIZE), SIZE * MM_PER_POINT
    free: list[tuple[bool, int, Box, tuple[float, float, str]]] = []
    for number, (dx, dy, align) in enumerate(_beside(height, point[2])):
        left = point[0] + dx - {"left": 0.0, "center": width / 2, "right": width}[align]
        label = (left, point[1] + dy - 0.5 * height, left + width, point[1] + dy + 0.75 * height)
        inside = label[0] > frame[0] and label[1] > frame[1] and label[2] < frame[2] and label[3] < frame[3]
        if inside and not overlaps(label, taken):
            free.append((overlaps(label, crossed), number, label, (dx, dy, align)))
    if free:
        crosses, _, label, (dx, dy, align) = min(free)
        if crosses:
            _lay_plate(sheet, label)
        sheet.write(point[0] + dx, point[1] + dy + 0.62 * height, words, size=SIZE, align=align)
        taken.append(label)


def _lay_plate(sheet: Sheet, label: Box) -> None:
    """Lay white under words that a line would run through."""
    from matplotlib.patches import Rectangle

    corner, size = (label[0] - 0.3, label[1]), (label[2] - label[0] + 0.6, label[3] - label[1])
    sheet.paper.add_patch(Rectangle(corner, *size, facecolor="white", alpha=0.85, edgecolor="none", zorder=0.5))


def _beside(height: float, reach: float) -> Iterator[tuple[float, float, str]]:
    side, up = reach + 1.0, reach + 0.2 + height
    yield from ((side, 0.0, "left"), (-side, 0.0, "right"), (0.0, up, "center"), (0.0, -up, "center"))
    # Further off to the side, above or below: still the nearest mark's own.
    for dy in (height + 0.4, -height - 0.4):
        yield from ((side - 0.4, dy, "left"), (0.4 - side, dy, "right"))
