"""Hot without its largest area: by hand, by the binomial distribution, and over all fills of suppressed counts."""

from itertools import product

import numpy as np
import pytest
from scipy import stats
from worlds import make_counts, make_grid

from hotspots.analysis.autocorrelation.local_statistics import getis_ord, local_moran
from hotspots.analysis.autocorrelation.neighbours import link_neighbours
from hotspots.analysis.common import adjust_tails, tail_that_passes

SIDE = 9
AREA = make_grid(SIDE, SIDE, population=1_000.0)
LINKS = link_neighbours(AREA)
ROW, COLUMN = np.divmod(np.arange(SIDE**2), SIDE)


def answers(values, high=None, **settings):
    table = getis_ord(make_counts(AREA, values, high), LINKS, **settings).table
    return table["hot_without_largest"].to_numpy(dtype=object), table


def test_one_address_makes_hot_windows_that_are_not_hot_without_it():
    counts = np.full(SIDE**2, 5.0)
    counts[40] = 90.0
    words, table = answers(counts, null="constant-risk")
    around = (abs(ROW - 4) <= 1) & (abs(COLUMN - 4) <= 1)
    assert table["class"][around].str.startswith("hot").all()
    assert (words[around] == "no").all()
    assert (words[~around] == "not_tested").all()


def test_a_neighbourhood_is_hot_without_any_one_of_its_areas():
    around = (abs(ROW - 4) <= 1) & (abs(COLUMN - 4) <= 1)
    words, table = answers(np.where(around, 25.0, 5.0), null="constant-risk")
    assert words[40] == "yes"
    hot = table["class"].str.startswith("hot").to_numpy()
    # The areas at the corners of what is hot have one raised area in their window: without it nothing is left.
    assert (words[hot & (abs(ROW - 4) == 2) & (abs(COLUMN - 4) == 2)] == "no").all()


@pytest.mark.parametrize("adjustment", ["benjamini-hochberg-apart", "benjamini-hochberg", "bonferroni", "none"])
def test_the_rest_is_tested_as_windows_are(adjustment):
    """Under constant risk a rest of k of 81 areas has a binomial count, with k/81 of all events; its p-value takes the
    window's place among all p-values, which are then adjusted again."""
    rng = np.random.default_rng(2)
    counts = rng.poisson(6 * rng.gamma(1.5, 1 / 1.5, SIDE**2)).astype(float)
    words, table = answers(counts, null="constant-risk", adjustment=adjustment)
    hot, cold = table["p_hot_high"].to_numpy(), table["p_cold_high"].to_numpy()
    asked = np.flatnonzero(words != "not_tested")
    assert len(asked) >= 4
    assert set(words[asked]) == {"yes", "no"}
    for area in asked:
        members = np.flatnonzero((abs(ROW - ROW[area]) <= 1) & (abs(COLUMN - COLUMN[area]) <= 1))
        rest = np.delete(members, np.argmax(counts[members]))
        p = stats.binom.sf(counts[rest].sum() - 1, counts.sum(), len(rest) / SIDE**2)
        replaced, other = hot.copy(), cold.copy()
        replaced[area], other[area] = p, 1.0
        passes = adjust_tails(replaced, other, method=adjustment)[area] <= 0.05
        assert words[area] == ("yes" if passes else "no")


@pytest.mark.parametrize("null", ["scattered-risk", "exchangeable-risk", "randomisation"])
def test_every_null_has_an_answer(null):
    around = (abs(ROW - 4) <= 1) & (abs(COLUMN - 4) <= 1)
    counts = np.random.default_rng(3).poisson(np.where(around, 40, 8)).astype(float)
    words, _ = answers(counts, null=null)
    assert words[40] == "yes"
    assert set(words) <= {"yes", "no", "not_tested"}


def test_suppressed_counts_give_the_answer_of_every_fill_or_depend():
    """Two suppressed areas in the window of one: all 49 fills, each with its own largest area."""
    base = np.full(SIDE**2, 6.0)
    base[[30, 31, 32, 39, 40]] = [14.0, 10.0, 13.0, 12.0, 19.0]
    low, high = base.copy(), base.copy()
    low[[41, 49]], high[[41, 49]] = 1.0, 7.0
    words, _ = answers(low, high, null="constant-risk", adjustment="none")
    known = {area: set() for area in range(SIDE**2)}
    for one, other in product(range(1, 8), repeat=2):
        base[[41, 49]] = one, other
        for area, word in enumerate(answers(base, null="constant-risk", adjustment="none")[0]):
            known[area].add(word)
    for area, word in enumerate(words):
        if word == "yes":
            assert known[area] == {"yes"}
        elif word == "no":
            assert known[area] <= {"no", "not_tested"}
        elif word == "not_tested":
            assert known[area] == {"not_tested"}
    # Both answers occur under some fill: only "depends" is right.
    mixed = [area for area, found in known.items() if {"yes", "no"} <= found]
    assert (words[mixed] == "depends").all()
    assert {"yes", "no"} & set(words)


def test_other_statistics_and_references_are_not_tested():
    counts = np.where((abs(ROW - 4) <= 1) & (abs(COLUMN - 4) <= 1), 25.0, 5.0)
    made = make_counts(AREA, counts)
    assert set(local_moran(made, LINKS).table["hot_without_largest"]) == {"not_tested"}
    conditional = getis_ord(made, LINKS, null="randomisation", conditional=True)
    assert set(conditional.table["hot_without_largest"]) == {"not_tested"}
    # Gi has no area itself in its window; its neighbours can be left out all the same.
    assert getis_ord(made, LINKS, null="constant-risk", with_self=False).table["hot_without_largest"].iloc[40] == "yes"


def test_the_tail_that_passes_is_the_last_one():
    """At the cutoff a window passes beside the others as they are, and just above it does not."""
    rng = np.random.default_rng(4)
    hot = np.sort(rng.random(200) ** 4)
    for method in ("benjamini-hochberg-apart", "benjamini-hochberg", "benjamini-yekutieli", "bonferroni", "none"):
        cutoff = tail_that_passes(hot, 1 - hot, method=method, level=0.1)
        for p, passes in ((cutoff * 0.9999, True), (cutoff * 1.0001, False)):
            replaced = hot.copy()
            # The smallest gives its place: it passed, so the number that passes stays.
            replaced[0] = p
            adjusted = adjust_tails(replaced, 1 - replaced, method=method)
            assert (adjusted[0] <= 0.1) == passes
