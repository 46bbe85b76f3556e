"""The classes of surfaces. Bounds are worked out by hand, words are checked against the numbers they stand for."""

from __future__ import annotations

import math
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hotspots.model import Identity, Surface
from hotspots.publish.style.surface_classes import (
    FACTORS,
    SURFACE_COLOURS,
    line_labels,
    surface_breaks,
    surface_labels,
    surface_shades,
)


def grey(colour):
    """Return how light a colour is on a black-and-white printer (ITU-R BT.601); a clear one is the paper."""
    if colour[7:] == "00":
        return 1.0
    return sum(w * int(colour[i : i + 2], 16) / 255 for w, i in ((0.299, 1), (0.587, 3), (0.114, 5)))


def surface_of(values, kind="density"):
    values = np.asarray(values, dtype=float)
    return Surface(
        values,
        (0.0, 0.0),
        100.0,
        "events per km²",
        1.0,
        "quartic",
        500.0,
        kind=kind,
        provenance=None,
        identity=Identity(release="open"),
    )


# --------------------------------------------------------------------------- densities


@pytest.mark.parametrize(
    ("values", "breaks"),
    [
        # average 4: twice it is 8, and 10 is the highest
        ([[1, 2], [3, 10]], [0, 4, 8, 10]),
        # the average is taken over the cells inside the study area
        ([[1, 2, np.nan], [3, 10, np.nan]], [0, 4, 8, 10]),
        # 99 empty cells and one with 100: average 1
        ([[100.0] + [0.0] * 99], [0, 1, 2, 3, 4, 5, 100]),
        # average 10/3 = 3.333..., twice it is 6.666...
        ([[0, 0, 10]], [0, 3.3, 6.7, 10]),
        # the highest, 10.001, is rounded up; the average is 5.0005
        ([[0, 10.001]], [0, 5, 11]),
        # no differences, no hot spot
        ([[2, 2], [2, 2]], [0, 2]),
        ([[1.2345, 1.2345]], [0, 1.3]),
        ([[0, 0]], [0, 1]),
        ([[np.nan, np.nan]], [0, 1]),
    ],
)
def test_breaks_are_multiples_of_the_average(values, breaks):
    assert surface_breaks(surface_of(values)) == pytest.approx(breaks, rel=1e-12)


@given(arrays(float, (4, 5), elements=st.floats(0, 1e6).map(lambda x: 0.0 if x < 1e-6 else x)))
def test_breaks_rise_and_cover_every_cell(values):
    breaks = surface_breaks(surface_of(values))
    assert breaks[0] == 0.0
    assert all(low < high for low, high in pairwise(breaks))
    assert 2 <= len(breaks) <= len(SURFACE_COLOURS) + 1
    assert breaks[-1] >= values.max() * (1 - 1e-10)


def test_labels_say_what_the_first_class_is():
    assert surface_labels([0.0, 1250.0, 2500.0]) == [
        "0 to 1,250 (below average)",
        "1,250 to 2,500 (average or more)",
    ]
    assert surface_labels([0.0, 10.0, 20.0, 30.0, 32.0])[1:] == [
        "10 to 20 (1 to 2 times)",
        "20 to 30 (2 to 3 times)",
        "30 to 32 (3 times average or more)",
    ]
    assert surface_labels([0.0, 2.0]) == ["0 to 2"]


def test_surface_colours_darken_and_the_first_is_clear():
    assert SURFACE_COLOURS[0].endswith("00")
    greys = [grey(colour) for colour in SURFACE_COLOURS]
    assert all(lighter - darker > 0.05 for lighter, darker in pairwise(greys))


@pytest.mark.parametrize("kind", ["density", "spread"])
def test_a_density_has_its_classes_in_order(kind):
    shades = surface_shades(surface_of([[1, 2], [3, 10]], kind))  # average 4
    assert [(shade.low, shade.high) for shade in shades] == [(0, 4), (4, 8), (8, 10)]
    assert [shade.opaque for shade in shades] == [False, True, True]
    assert line_labels(surface_of([[1, 2], [3, 10]], kind)) == {4.0: "4", 8.0: "8"}


# --------------------------------------------------------------------------- ratios and differences


def test_factors_are_the_same_on_every_map():
    calm, wild = (surface_of(np.log([[0.9, 1.1]]) * times, "relative-risk") for times in (1, 50))
    assert [shade.label for shade in surface_shades(calm)] == [shade.label for shade in surface_shades(wild)]
    for shades in (surface_shades(calm), surface_shades(wild)):
        assert [math.exp(shade.low) for shade in shades[1:]] == pytest.approx([0.5, 2 / 3, 0.8, 1.25, 1.5, 2, 3])
        assert all(low.high == high.low for low, high in pairwise(shades))


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (0.3, "Less than half"),
        (0.6, "Half to two thirds"),
        (0.7, "Two thirds to four fifths"),
        (1.0, "About average: 0.8 to 1.25 times"),
        (1.3, "1.25 to 1.5 times"),
        (1.7, "1.5 to 2 times"),
        (2.5, "2 to 3 times"),
        (30.0, "3 times the average risk or more"),
    ],
)
def test_a_factor_s_class_says_it_in_words(factor, words):
    surface = surface_of([[math.log(factor), 0.0]], "relative-risk")
    (mine,) = [s for s in surface_shades(surface) if s.low <= math.log(factor) < s.high or s.high == math.log(factor)]
    assert mine.label == words


def test_lines_of_a_ratio_are_labelled_with_the_factor():
    labels = line_labels(surface_of([[0.1]], "ratio"))
    for (level, words), factor in zip(labels.items(), FACTORS, strict=True):
        assert math.exp(level) == pytest.approx(factor)
        assert float(words) == pytest.approx(factor, abs=0.005)


@pytest.mark.parametrize(
    ("largest", "step"),
    # Four steps are reached, and the next larger of 1, 2 and 5 would not be.
    [(4.0, 1.0), (3.99, 0.5), (8.0, 2.0), (19.9, 2.0), (20.0, 5.0), (39.0, 5.0), (0.05, 0.01), (1234.0, 200.0)],
)
def test_a_difference_has_round_steps_up_and_down(largest, step):
    for sign in (1, -1):
        surface = surface_of([[0.0, sign * largest]], "difference")
        inner = [shade.low for shade in surface_shades(surface)[1:]]
        assert inner == pytest.approx([-4 * step, -2 * step, -step, step, 2 * step, 4 * step])
        labels = list(line_labels(surface).values())
        assert labels[-1] == f"+{4 * step:,.10g}"
        assert labels[0] == f"\u2212{4 * step:,.10g}"


def test_no_difference_at_all_has_classes_too():
    labels = [shade.label for shade in surface_shades(surface_of([[0.0, np.nan]], "difference"))]
    assert labels[3] == "Less than 1 lower or higher"
    assert labels[-1] == "Higher by 4 or more"
    assert labels[0] == "Lower by 4 or more"


@given(arrays(float, (3, 4), elements=st.floats(-1e5, 1e5)), st.sampled_from(["ratio", "relative-risk", "difference"]))
def test_every_value_has_one_class(values, kind):
    shades = surface_shades(surface_of(values, kind))
    assert all(shade.low < shade.high for shade in shades)
    assert all(low.high == high.low for low, high in pairwise(shades))
    assert shades[0].low <= values.min()
    assert shades[-1].high >= values.max()


@pytest.mark.parametrize("kind", ["ratio", "difference"])
def test_raised_is_dark_and_lowered_is_dotted_in_grey(kind):
    shades = surface_shades(surface_of([[0.5]], kind))
    raised, lowered = shades[4:], shades[:3]
    assert all(not shade.hatch for shade in raised)
    assert len({shade.hatch for shade in lowered}) == 3
    greys = [grey(shade.colour) for shade in raised]
    assert all(lighter - darker > 0.1 for lighter, darker in pairwise([1.0, *greys]) if lighter < 1.0)
    assert min(grey(shade.colour) for shade in lowered) > grey(shades[-2].colour)
    for one, other in combinations(shades, 2):
        assert one.hatch != other.hatch or abs(grey(one.colour) - grey(other.colour)) > 0.05, (one, other)


# Machado, Oliveira and Fernandes (2009), IEEE Transactions on Visualization 15, 1291-1298, table 1, severity 1.0.
DEFICIENT = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


@pytest.mark.parametrize("eyes", DEFICIENT)
@pytest.mark.parametrize("kind", ["density", "ratio"])
def test_classes_differ_for_all_eyes(eyes, kind):
    """Without one kind of cone, any two classes are apart by a twelfth of the way from black to white, or dotted."""
    shades = surface_shades(surface_of([[1.0] * 99 + [900.0]] if kind == "density" else [[0.5]], kind))

    def seen(shade):
        colour = "#ffffff" if not shade.opaque else shade.colour
        light = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
        linear = np.where(light <= 0.04045, light / 12.92, ((light + 0.055) / 1.055) ** 2.4)
        changed = np.clip(np.array(DEFICIENT[eyes]) @ linear, 0, 1)
        return np.where(changed <= 0.0031308, 12.92 * changed, 1.055 * changed ** (1 / 2.4) - 0.055)

    for one, other in combinations(shades, 2):
        apart = np.linalg.norm(seen(one) - seen(other)) / np.sqrt(3)
        assert apart > 1 / 12 or one.hatch != other.hatch, (one.label, other.label, apart)
