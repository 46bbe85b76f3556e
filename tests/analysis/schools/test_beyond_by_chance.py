"""How many schools lie beyond their limits by chance: each school's own tails, from the probabilities by hand."""

import math

import numpy as np
import pytest

from hotspots.analysis.common.suppressed_counts import hidden_counts
from hotspots.analysis.schools.model import Judgement, beyond_by_chance, judge_counts
from hotspots.analysis.schools.negative_binomial import Fit


def test_the_tails_of_every_judged_school_are_summed() -> None:
    """Poisson: means, limits and probabilities are added up term by term, mid-p by its definition."""
    rng = np.random.default_rng(4)
    n = 60
    pupils = np.full(n, 1000.0)
    expected = np.linspace(4.0, 9.0, n)
    observed = np.round(expected + rng.choice([-1.0, 0.0, 1.0], n))  # scatters less than chance: Poisson
    design = np.column_stack([np.ones(n), np.log(expected)])
    counts = hidden_counts(observed, observed, hidden_years=np.zeros(n), years=np.ones(n))
    found = judge_counts(counts, design, exposure=pupils, level=0.05)
    assert found.fit.dispersion == 0

    above = below = 0.0
    for mean in found.fit.mean:
        chance = [math.exp(-mean + k * math.log(mean) - math.lgamma(k + 1)) for k in range(80)]
        for k in range(80):
            half = chance[k] / 2
            above += chance[k] * (math.fsum(chance[k + 1 :]) + half < 0.025)
            below += chance[k] * (math.fsum(chance[:k]) + half < 0.025)
    assert (found.classes != "cannot_be_judged").all()
    assert beyond_by_chance(found).as_dict() == pytest.approx({"above": above, "below": below}, abs=1e-9)
    # Not the 2.5% of each side that a count in whole numbers can't have.
    assert above != pytest.approx(0.025 * n, abs=0.05)


def test_a_school_that_cannot_be_judged_is_not_among_them() -> None:
    none = np.zeros(2)
    words = np.array(["as_expected", "as_expected"], dtype=object)
    mean = np.array([8.0, 8.0])
    fit = Fit(none, np.eye(2), dispersion=0.0, mean=mean, clipped=0, poisson_phi=1.0, likely=mean)
    limits = (np.array([3.0, 3.0]), np.array([14.0, 14.0]))
    small = np.array([False, True])
    one = beyond_by_chance(Judgement(fit, limits, limits, none, none, none, words, words, small))
    chance = [math.exp(-8.0) * 8.0**k / math.factorial(k) for k in range(15)]
    assert one.as_dict() == pytest.approx({"above": 1 - sum(chance), "below": sum(chance[:3])}, abs=1e-12)
