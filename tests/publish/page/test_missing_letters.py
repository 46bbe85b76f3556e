"""A letter that the page's font lacks: a box on the page, and nothing on the console."""

from __future__ import annotations

import warnings
from pathlib import Path

from hotspots.model import HotspotResult, StudyArea
from hotspots.publish.maps.map import draw_map, save_map


def test_a_letter_without_a_glyph_puts_no_warning_on_the_console(
    gi_result: HotspotResult, study_area: StudyArea, tmp_path: Path
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = draw_map(gi_result, study_area, title="Knife crime in 北京")
        files = save_map(figure, tmp_path / "map", dpi=72)
    assert [file.stat().st_size > 0 for file in files] == [True, True]
