"""Whatever meets on one view can be told apart, by whoever looks at it and on a black-and-white printer."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from colour_vision import as_seen, difference, least_difference

from hotspots.publish.style.surface_classes import SURFACE_COLOURS
from hotspots.vocabulary import (
    AGREEMENT_CLASSES,
    CLUSTER_CLASSES,
    CONTOUR_INKS,
    METHOD_CLASSES,
    OUTLINE_INK,
    RATE_CLASSES,
    SCHOOL_CLASSES,
    SOURCE_INKS,
    STABILITY_CLASSES,
)

SCHEMES = {
    **METHOD_CLASSES,
    "stability": STABILITY_CLASSES,
    "agreement": AGREEMENT_CLASSES,
    "clusters": CLUSTER_CLASSES,
    "schools": SCHOOL_CLASSES,
    "rates": RATE_CLASSES,
}
TOLD_APART = 10.0
"""CIEDE2000. About 2 is the least that is noticed side by side; across a map it takes several times as much."""
LIGHTNESS_STEP = 4.0
"""CIELAB lightness between neighbouring classes of a ramp, on a scale from 0 to 100."""


@pytest.mark.parametrize(
    ("one", "other", "published"),
    [
        # Sharma, Wu and Dalal (2005), table 1: pairs 1, 7, 9, 12, 25 and 34.
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, 0, 0), (50, -1, 2), 2.3669),
        ((50, 2.49, -0.001), (50, -2.49, 0.0009), 7.1792),
        ((50, 2.49, -0.001), (50, -2.49, 0.0011), 7.2195),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((6.7747, -0.2908, -2.4247), (5.8714, -0.0985, -2.2286), 0.6377),
    ],
)
def test_the_measure_gives_the_published_differences(one, other, published):
    assert difference(one, other) == pytest.approx(published, abs=5e-5)


def test_lines_that_meet_are_told_apart():
    lines = {*CONTOUR_INKS.values(), *SOURCE_INKS, OUTLINE_INK}
    assert len(lines) == 7
    worst = min(combinations(sorted(lines), 2), key=lambda pair: least_difference(*pair))
    assert least_difference(*worst) > 15, worst


@pytest.mark.parametrize("scheme", SCHEMES)
def test_classes_differ_in_colour_or_in_hatch_or_shape(scheme):
    for one, other in combinations(SCHEMES[scheme], 2):
        apart = least_difference(one.colour, other.colour) > TOLD_APART
        assert apart or (one.hatch, one.marker) != (other.hatch, other.marker), (one.key, other.key)


def test_surfaces_are_a_ramp_for_every_eye():
    ramp = [colour[:7] for colour in SURFACE_COLOURS]
    for vision in ("usual", "protanopia", "deuteranopia", "tritanopia"):
        light = [as_seen(colour, vision)[0] for colour in ramp]
        assert all(high - low > LIGHTNESS_STEP for high, low in pairwise(light)), (vision, light)
