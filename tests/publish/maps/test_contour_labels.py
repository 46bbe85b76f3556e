"""Numbers along lines: where they stand and how they are turned, on lines whose course is known."""

from __future__ import annotations

import numpy as np
import pytest

from hotspots.publish.maps.contour_labels import APART, MOST, MOST_OF_A_LEVEL, STEEPEST, label_lines
from hotspots.publish.maps.frame import open_frame
from hotspots.publish.page.boxes import overlaps
from hotspots.publish.page.sheet import HALO, new_sheet, page_style


@pytest.fixture
def frame():
    """A sheet with a map of 10 km by 10 km on 200 mm by 200 mm: 50 m to the millimetre, with 3 % of air each side."""
    with page_style():
        sheet = new_sheet(width=220, height=220)
        yield sheet, open_frame(sheet, (10, 10, 210, 210), (0.0, 0.0, 10_000.0, 10_000.0))


def everywhere(east, north):
    return np.ones(len(east), dtype=bool)


def texts(frame):
    return [text for text in frame.axes.texts if text.get_gid() != HALO]


def line(*corners):
    """Return a line with a vertex every few metres, as contours have."""
    corners = np.asarray(corners, dtype=float)
    at = np.linspace(0, len(corners) - 1, 400)
    return np.column_stack([np.interp(at, np.arange(len(corners)), corners[:, axis]) for axis in (0, 1)])


@pytest.mark.parametrize(
    ("course", "angle"),
    [
        (((1000, 5000), (9000, 5000)), 0),
        (((9000, 5000), (1000, 5000)), 0),  # drawn backwards, the words are still upright
        (((1000, 1000), (9000, 9000)), 45),
        (((9000, 9000), (1000, 1000)), 45),
        (((1000, 9000), (9000, 1000)), -45),
        (((9000, 1000), (1000, 9000)), -45),
    ],
)
def test_words_follow_the_line_and_stand_upright(frame, course, angle):
    sheet, view = frame
    assert label_lines(sheet, view, {"6.5": [line(*course)]}, inside=everywhere, taken=[]) > 0
    for text in texts(view):
        assert (text.get_rotation() + 180) % 360 - 180 == pytest.approx(angle, abs=0.5)
        x, y = text.get_position()
        (x0, y0), (x1, y1) = course
        assert abs((x - x0) * (y1 - y0) - (y - y0) * (x1 - x0)) / 8000 < 60  # on the line


def test_nobody_turns_the_page(frame):
    sheet, view = frame
    assert label_lines(sheet, view, {"6.5": [line((5000, 1000), (5000, 9000))]}, inside=everywhere, taken=[]) == 0
    assert STEEPEST < 90


def test_the_same_number_keeps_its_distance_and_there_are_not_too_many(frame):
    sheet, view = frame
    lines = {str(level): [line((0, 100 * level), (10_000, 100 * level))] for level in range(5, 95, 3)}
    assert label_lines(sheet, view, lines, inside=everywhere, taken=[]) == MOST
    spots = {}
    for text in texts(view):
        spots.setdefault(text.get_text(), []).append(text.get_position())
    for of_level in spots.values():
        assert len(of_level) <= MOST_OF_A_LEVEL
        x = np.sort([x for x, _ in of_level]) / view.metres_per_mm
        assert len(x) < 2 or np.diff(x).min() >= APART - 0.01


def test_names_on_the_map_are_not_covered(frame):
    sheet, view = frame
    name = (60.0, 60.0, 160.0, 160.0)
    taken = [name]
    label_lines(sheet, view, {"3": [line((0, 5000), (10_000, 5000))]}, inside=everywhere, taken=taken)
    assert len(taken) > 1
    for number, box in enumerate(taken):
        assert not overlaps(box, taken[:number])


def test_a_small_ring_and_what_lies_outside_have_none(frame):
    sheet, view = frame
    turn = np.linspace(0, 2 * np.pi, 50)
    ring = np.column_stack([5000 + 80 * np.cos(turn), 5000 + 80 * np.sin(turn)])  # 10 mm round
    assert label_lines(sheet, view, {"6.5": [ring]}, inside=everywhere, taken=[]) == 0

    def west(east, north):
        return east < 3000

    label_lines(sheet, view, {"6.5": [line((0, 5000), (10_000, 5000))]}, inside=west, taken=[])
    assert texts(view)
    assert all(text.get_position()[0] < 3000 for text in texts(view))
