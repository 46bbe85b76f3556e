"""The pages of stability and agreement: title, legend and colours, against the fixtures' numbers."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from sheet_checks import assert_legible, prose

from hotspots.errors import DisclosureError
from hotspots.publish.maps import draw_map
from hotspots.vocabulary import AGREEMENT_CLASSES, STABILITY_CLASSES


def test_the_page_of_stability_states_the_finding_and_what_decides(stability, study_area):
    figure = draw_map(stability, study_area)
    text = prose(figure)
    assert_legible(figure)
    assert "2 areas are hot for knife crime in every variant, 7 more in some; the null hypothesis decides most" in text
    assert "2017–2019 · Gi* in 12 variants" in text
    for style in STABILITY_CLASSES:
        assert style.label in text
    assert "no probability" in text
    assert "Invented data" in text


def test_the_page_of_agreement_has_the_classes_that_so_few_methods_can_reach(agreement, study_area):
    figure = draw_map(agreement, study_area)
    text = prose(figure)
    assert_legible(figure)
    assert "1 area is hot for knife crime by all three methods, 7 more by fewer" in text
    assert "agreement of 3 methods" in text
    assert "Hot by four methods" not in text
    for label in ("Hot by three methods", "Hot by two methods", "Hot by one method", "Hot by no method"):
        assert label in text
    assert "no independent confirmation" in text


@pytest.mark.parametrize("classes", [STABILITY_CLASSES, AGREEMENT_CLASSES])
def test_colours_keep_their_order_without_colour(classes):
    # Relative luminance of sRGB (ITU-R BT.709), as a black-and-white printer sees it; the last class has a hatch.
    light = [float(np.dot(to_rgb(style.colour), (0.2126, 0.7152, 0.0722))) for style in classes[:-1]]
    assert min(np.diff(light)) > 0.05
    assert classes[-1].hatch


def test_unreleased_results_are_not_drawn(stability, agreement, study_area):
    for result in (stability, agreement):
        with pytest.raises(DisclosureError):
            draw_map(result.with_identity(release="unreleased"), study_area)
