"""What each choice explains, worked by hand for designs whose effects are known."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from hotspots.analysis.stability.decomposition import between_options, explained_share

TWO_BY_TWO = np.array(list(product(range(2), range(2))))
"""Rows 00, 01, 10, 11: options of choice A, and of choice B."""


def shares(calls, design=TWO_BY_TWO, tested=None):
    """Return what every choice of a design explains of calls (variants, or variants by areas)."""
    calls = np.asarray(calls, dtype=bool).reshape(len(design), -1)
    tested = np.ones_like(calls) if tested is None else np.asarray(tested, dtype=bool).reshape(calls.shape)
    return [explained_share(*between_options(calls, tested, option)) for option in design.T]


def test_a_choice_that_decides_alone_explains_everything():
    assert shares([0, 0, 1, 1]) == pytest.approx([1, 0])
    three = np.array(list(product(range(3), range(2))))
    # Hot under one of three options of A: y = 1/3, between 2 (2/3)^2 + 4 (1/3)^2 = 4/3 = 6 (1/3)(2/3).
    assert shares([0, 0, 1, 1, 0, 0], three) == pytest.approx([1, 0])


def test_choices_that_decide_only_together_explain_nothing_alone():
    assert shares([0, 1, 1, 0]) == pytest.approx([0, 0])


def test_hot_only_under_both_options():
    # y = 1/4, in all 4 (1/4)(3/4) = 3/4; hot in half of the variants with A = 1 and none with A = 0:
    # between 2 (1/4)^2 + 2 (1/4)^2 = 1/4. A third each, and a third together.
    assert shares([0, 0, 0, 1]) == pytest.approx([1 / 3, 1 / 3])


def test_areas_add_up_with_the_weight_of_their_variance():
    # The first area is decided by A alone (1 of 1), the second as above (1/4 of 3/4), the third never varies.
    calls = np.array([[0, 0, 1], [0, 0, 1], [1, 0, 1], [1, 1, 1]])
    assert shares(calls) == pytest.approx([(1 + 1 / 4) / (1 + 3 / 4), (1 / 4) / (7 / 4)])


def test_variants_without_the_area_do_not_count():
    # Tested with B = 0 only, and hot there with A = 1: A decides, whatever the empty cells hold.
    assert shares([0, 1, 1, 1], tested=[1, 0, 1, 0]) == pytest.approx([1, 0])


@pytest.mark.parametrize("calls", [[0, 0, 0, 0], [1, 1, 1, 1]])
def test_nothing_is_explained_where_nothing_varies(calls):
    assert shares(calls) == [None, None]


def test_shares_are_sums_of_squares_of_an_analysis_of_variance():
    rng = np.random.default_rng(3)
    design = np.array(list(product(range(4), range(2), range(5))))
    calls = rng.random(len(design)) < 0.2 + 0.15 * design[:, 0] + 0.1 * design[:, 1]
    frame = pd.DataFrame(design, columns=["a", "b", "c"]).assign(y=calls.astype(float))
    squares = anova_lm(ols("y ~ C(a) + C(b) + C(c)", frame).fit(), typ=2)["sum_sq"]
    assert shares(calls, design) == pytest.approx(
        (squares[:3] / ((frame["y"] - frame["y"].mean()) ** 2).sum()).tolist()
    )
