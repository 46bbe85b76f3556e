"""Numbers along contour lines: upright, apart from each other and from the names on the map, and not too many."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from hotspots.publish.maps.place_labels import write_label
from hotspots.publish.page import MM_PER_INCH, MM_PER_POINT, Box, Sheet, overlaps

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from hotspots.publish.maps.frame import MapFrame

    Floats = NDArray[np.float64]

__all__ = ["hide_colours", "label_lines"]

SIZE: Final = 5.5
"""Points: the smallest that is read without effort on paper."""
INK: Final = "#333333"
MOST: Final = 30
MOST_OF_A_LEVEL: Final = 8
APART: Final = 22.0
"""Millimetres between two labels with the same words."""
STEP: Final = 1.0
"""Millimetres from one spot that is tried to the next."""
STRAIGHT: Final = 0.96
"""Of the line below a label, the distance between its ends is at least this share of its length."""
LONG: Final = 5.0
"""A line is labelled if it is so many times as long as the label: numbers would cover smaller rings."""
STEEPEST: Final = 65.0
"""Degrees: nobody turns the page to read a number."""


def hide_colours(axes: Axes, lines: Sequence[Floats]) -> bool:
    """Return whether lines (n, 2; metres) would lie so close on paper that they hide the colours between them.

    What is measured is the paper in squares of a millimetre over the length of line in them: the distance between
    lines. Half of their length, or more, must be as far apart as a point.
    """
    figure = axes.get_figure(root=True)
    assert figure is not None
    points = [axes.transData.transform(line) / float(figure.dpi) * MM_PER_INCH for line in lines if len(line) > 1]
    if not points:
        return False
    middle = np.vstack([(line[1:] + line[:-1]) / 2 for line in points])
    length = np.concatenate([np.hypot(*np.diff(line, axis=0).T) for line in points])
    _, square = np.unique(np.floor(middle).astype(np.int64), axis=0, return_inverse=True)
    apart = 1.0 / np.maximum(np.bincount(square.ravel(), length), 1e-9)[square.ravel()]
    return bool(length[apart < MM_PER_POINT].sum() > length.sum() / 2)


def label_lines(
    sheet: Sheet,
    frame: MapFrame,
    lines: Mapping[str, Sequence[Floats]],
    *,
    inside: Callable[[Floats, Floats], NDArray[np.bool_]],
    taken: list[Box],
) -> int:
    """Write each line's words along it where there is room; return how many were written.

    Parameters
    ----------
    lines
        Words → lines (n, 2) in metres, the most important words first.
    inside
        Whether points (eastings, northings in metres) lie where something is drawn.
    taken
        Boxes on the page (mm) that must stay free; it grows by what is written.
    """
    written = 0
    for words, of_level in lines.items():
        width = sheet.text_width(words, size=SIZE) + 0.8
        spots = [spot for line in of_level for spot in _spots(sheet, frame, line, width)]
        mine: list[tuple[float, float]] = []
        for x, y, angle in sorted(spots, key=lambda spot: (round(abs(spot[2]) / 15.0), spot[0], spot[1])):
            if len(mine) == MOST_OF_A_LEVEL or written == MOST:
                break
            box = _box(x, y, angle, width)
            if any(np.hypot(x - a, y - b) < APART for a, b in mine) or overlaps(box, taken):
                continue
            if not _lies_inside(sheet, frame, box, inside):
                continue
            east, north = _metres(sheet, frame, np.array([[x, y]]))[0]
            write_label(frame.axes, east, north, words, size=SIZE, colour=INK, rotation=angle, rotation_mode="anchor")
            taken.append(box)
            mine.append((x, y))
            written += 1
    return written


def _spots(sheet: Sheet, frame: MapFrame, line: Floats, width: float) -> list[tuple[float, float, float]]:
    """Return where along a line a label could stand: x, y on the page (mm) and its angle, upright (degrees)."""
    points = frame.axes.transData.transform(line) / float(sheet.figure.dpi) * MM_PER_INCH
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    if along[-1] < LONG * width:
        return []
    middle = np.arange(width / 2, along[-1] - width / 2, STEP)
    start, end, centre = (
        np.column_stack([np.interp(middle + shift, along, points[:, axis]) for axis in (0, 1)])
        for shift in (-width / 2, width / 2, 0.0)
    )
    across = end - start
    angle = np.degrees(np.arctan2(across[:, 1], across[:, 0]))
    angle = (angle + 90.0) % 180.0 - 90.0
    straight = (np.hypot(*across.T) >= STRAIGHT * width) & (np.abs(angle) <= STEEPEST)
    return [(float(x), float(y), float(turn)) for (x, y), turn in zip(centre[straight], angle[straight], strict=True)]


def _box(x: float, y: float, angle: float, width: float) -> Box:
    """Return the upright box (mm) around turned words."""
    height = SIZE * MM_PER_POINT * 1.2
    turn = np.radians(angle)
    half_width = (width * abs(np.cos(turn)) + height * abs(np.sin(turn))) / 2 + 0.3
    half_height = (width * abs(np.sin(turn)) + height * abs(np.cos(turn))) / 2 + 0.3
    return (x - half_width, y - half_height, x + half_width, y + half_height)


def _metres(sheet: Sheet, frame: MapFrame, points: Floats) -> Floats:
    """Return points on the page (mm) as points on the ground (metres)."""
    metres: Floats = frame.axes.transData.inverted().transform(points / MM_PER_INCH * float(sheet.figure.dpi))
    return metres


def _lies_inside(
    sheet: Sheet, frame: MapFrame, box: Box, inside: Callable[[Floats, Floats], NDArray[np.bool_]]
) -> bool:
    """Whether a label lies in the frame, and all of it where something is drawn."""
    left, bottom, right, top = box
    if left < frame.box[0] or bottom < frame.box[1] or right > frame.box[2] or top > frame.box[3]:
        return False
    corners = np.array([[left, bottom], [left, top], [right, bottom], [right, top]])
    east, north = _metres(sheet, frame, corners).T
    return bool(inside(east, north).all())
