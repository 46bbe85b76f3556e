"""What a sheet has no space for is left out sentence by sentence, and a page of a briefing says where to read it."""

from __future__ import annotations

import pytest

from hotspots.publish.page.export import body_of
from hotspots.publish.page.sheet import LINE, MM_PER_POINT, POINTER, SHORTENED, SMALLEST, new_sheet, page_style

ABBREVIATED = "Counts of areas, e.g. LSOAs. They are tested together."
LAST = "This sentence has no space."
STEP = LINE * SMALLEST * MM_PER_POINT
"""Height of a line (mm)."""


def test_a_text_is_cut_between_sentences_and_nowhere_else():
    with page_style():
        sheet = new_sheet()
        space = {"width": 120.0, "height": 1.01 * STEP, "size": SMALLEST, "smallest": SMALLEST}
        fitted = sheet.fit((ABBREVIATED, LAST * 3), **space)
        assert fitted is not None
        assert (fitted.text, fitted.is_shortened) == (ABBREVIATED, True)
        # One element is one sentence, whatever stops it has.
        assert sheet.fit((f"{ABBREVIATED} {LAST * 3}",), **space) is None


@pytest.mark.parametrize(("width", "lines"), [(120.0, 1), (72.0, 2)])
def test_a_pointer_follows_the_text_or_has_a_line_of_its_own(width, lines):
    with page_style():
        sheet = new_sheet()
        space = {"width": width, "height": (lines + 0.01) * STEP, "size": SMALLEST, "smallest": SMALLEST}
        fitted = sheet.fit((ABBREVIATED, LAST * 9), **space)
        assert fitted is not None
        bottom = sheet._write_fitted(20.0, 100.0, fitted, width=width, colour="#1a1a1a")
    assert 100.0 - bottom == pytest.approx(lines * STEP)
    (text, pointer) = [text for text in sheet.paper.texts if text.get_text()]
    assert (text.get_text(), pointer.get_text(), pointer.get_gid()) == (ABBREVIATED, SHORTENED, POINTER)
    assert pointer.get_position()[0] == pytest.approx(
        20.0 + (sheet.text_width(f"{ABBREVIATED} ", size=SMALLEST) if lines == 1 else 0.0)
    )
    assert text.get_position()[1] - pointer.get_position()[1] == pytest.approx((lines - 1) * STEP)
    # Of a drawing for a briefing it is no part: only its place is known.
    body = body_of(sheet.figure)
    assert SHORTENED.encode() not in body.svg
    assert [(one.left, one.bottom) for one in body.pointers] == [
        pytest.approx((pointer.get_position()[0] - 9.0, pointer.get_position()[1]))
    ]
    assert pointer.get_visible()
