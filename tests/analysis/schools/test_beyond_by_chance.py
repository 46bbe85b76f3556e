"""How many schools lie beyond their limits by chance: each school's own tails, from the probabilities by hand."""

import math

import numpy as np
import pytest
from scipy.special import ndtri, stdtr
from scipy.stats import nbinom

from hotspots.analysis.common.suppressed_counts import hidden_counts
from hotspots.analysis.schools.limits import Expected
from hotspots.analysis.schools.model import Judgement, beyond_by_chance, judge_counts
from hotspots.analysis.schools.negative_binomial import Fit


def by_student(tail: float) -> float:
    return float(stdtr(58, ndtri(tail)))


def test_the_tails_of_every_judged_school_are_summed() -> None:
    """Limits and probabilities are added up term by term, mid-p by its definition, t at the normal score of a tail."""
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
    for row, mean in zip(design, found.fit.mean, strict=True):
        # Poisson, of which 60 / 58 as two terms are estimated, and the variance of the line at this school.
        variance = mean * 60 / 58 + row @ found.fit.covariance @ row * mean**2
        size = mean**2 / (variance - mean)
        chance = nbinom(size, size / (size + mean)).pmf(np.arange(150))
        last = [k for k in range(80) if by_student(math.fsum(chance[k:]) - chance[k] / 2) >= 0.025][-1]
        first = next(k for k in range(80) if by_student(math.fsum(chance[:k]) + chance[k] / 2) >= 0.025)
        above += by_student(math.fsum(chance[last + 1 :]))
        below += by_student(math.fsum(chance[:first]))
    assert (found.classes != "cannot_be_judged").all()
    assert beyond_by_chance(found).as_dict() == pytest.approx({"above": above, "below": below}, abs=1e-9)
    # Not the 2.5% of each side that a count in whole numbers can't have.
    assert (above, below) != pytest.approx((0.025 * n, 0.025 * n), abs=0.05)


def test_a_school_that_cannot_be_judged_is_not_among_them() -> None:
    none = np.zeros(2)
    words = np.array(["as_expected", "as_expected"], dtype=object)
    mean = np.array([8.0, 8.0])
    fit = Fit(none, np.eye(2), dispersion=0.0, mean=mean, clipped=0, poisson_phi=1.0, likely=mean, method="robust")
    expected = Expected(mean, none, math.inf)
    limits = (np.array([3.0, 3.0]), np.array([14.0, 14.0]))
    small = np.array([False, True])
    one = beyond_by_chance(Judgement(fit, expected, limits, limits, none, none, none, words, words, small))
    chance = [math.exp(-8.0) * 8.0**k / math.factorial(k) for k in range(15)]
    assert one.as_dict() == pytest.approx({"above": 1 - sum(chance), "below": sum(chance[:3])}, abs=1e-12)
