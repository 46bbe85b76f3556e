"""Restricted likelihoods of courses against the multivariate normal of scipy, one by one."""

import numpy as np
import pytest
from drifting import autoregression
from scipy.linalg import null_space
from scipy.stats import multivariate_normal

from hotspots.analysis.series.candidate_models import (
    LINE,
    Part,
    columns_of,
    further_shapes,
    price_of,
    restricted_likelihoods,
    shapes_beside_a_line,
    with_little_drift,
)
from hotspots.analysis.series.fitted_models import fit_course
from hotspots.analysis.series.overdispersion import (
    Scatter,
    chance_of_logs,
    correlate,
    draw_series,
    estimate_scatter,
    scatters_for,
)

# Coal-mining disasters in Britain by year, 1851 to 1962: Carlin, Gelfand and Smith (1992), Applied Statistics 41.
COAL = [
    4, 5, 4, 1, 0, 4, 3, 4, 0, 6, 3, 3, 4, 0, 2, 6, 3, 3, 5, 4, 5, 3, 1, 4, 4, 1, 5, 5, 3, 4, 2, 5, 2, 2, 3, 4, 2,
    1, 3, 2, 2, 1, 1, 1, 1, 3, 0, 0, 1, 0, 1, 1, 0, 0, 3, 1, 0, 3, 2, 2, 0, 1, 1, 1, 0, 1, 0, 1, 0, 0, 0, 2, 1, 0,
    0, 0, 1, 1, 0, 2, 3, 3, 1, 1, 2, 1, 1, 1, 1, 2, 4, 2, 0, 0, 0, 1, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0,
    1,
]  # fmt: skip


def test_restricted_likelihoods_are_the_density_of_error_contrasts():
    # Patterson and Thompson (1971): the likelihood of what no coefficient changes, K'y with K'X = 0. Every further
    # column costs half the logarithm of the unit, and gives a factor 2 pi back.
    rng = np.random.default_rng(1)
    n, time, unit = 12, np.array([0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 13, 14.0]), 0.02
    chance = rng.uniform(0.001, 0.01, n)
    logs = rng.normal(0, 0.1, (n, 5))
    base = np.column_stack([np.ones(n), np.arange(n) % 4 == 0]).astype(float)
    tried = (Scatter(0.0, 0.0), Scatter(0.05, 0.3), Scatter(0.1, 0.9))
    shapes = [(), (LINE,), (Part("step", 5),), (Part("after", 4), Part("step", 4)), (Part("before", 7), LINE)]
    found = restricted_likelihoods(logs, base, shapes, chance=chance, tried=tried, time=time, unit=unit)
    for row, parts in enumerate(shapes):
        design = np.column_stack([base, columns_of(parts, time)])
        contrasts = null_space(design.T)
        constant = contrasts.shape[1] / 2 * np.log(2 * np.pi) - design.shape[1] / 2 * np.log(unit)
        for column in range(5):
            values = []
            for scatter in tried:
                covariance = np.diag(chance) + scatter.sd**2 * correlate(time, scatter.correlation)
                spread = multivariate_normal(np.zeros(contrasts.shape[1]), contrasts.T @ covariance @ contrasts)
                values.append(spread.logpdf(contrasts.T @ logs[:, column]) + constant)
            assert found[row, column] == pytest.approx(max(values), abs=1e-8)


def test_restricted_likelihoods_do_not_depend_on_the_scale():
    # Ten times the scatter of everything: a constant is added, the same for every course, whatever its columns.
    rng = np.random.default_rng(6)
    n, logs, chance = 15, rng.normal(0, 0.05, (15, 4)), rng.uniform(0.001, 0.003, 15)
    shapes = [(), (LINE,), (Part("step", 6), Part("after", 6))]
    given = {"base": np.ones((n, 1)), "shapes": shapes, "time": np.arange(15.0)}
    small = restricted_likelihoods(logs, **given, chance=chance, tried=(Scatter(0.05, 0.4),), unit=0.003)
    large = restricted_likelihoods(10 * logs, **given, chance=100 * chance, tried=(Scatter(0.5, 0.4),), unit=0.3)
    np.testing.assert_allclose(large - small, np.full((3, 4), (large - small)[0, 0]), atol=1e-9)


def test_a_bend_costs_more_than_a_step_and_changes_come_with_little_drift():
    ends = [price_of(parts, 28) / np.log(28) for parts in [(Part("step", 3),), (Part("before", 3),), (LINE,), ()]]
    assert ends == pytest.approx([1.5, 2.0, 1.5, 0.0])
    assert {scatter.correlation for scatter in with_little_drift(scatters_for(0.1))} == {0.0, 0.2, 0.4}


def test_the_likeliest_step_of_the_coal_mining_disasters_is_after_the_41st_year():
    # Carlin, Gelfand and Smith (1992): the posterior mode of the change point is k = 41, the year 1891.
    assert (len(COAL), sum(COAL)) == (112, 191)
    counts, level = np.array(COAL, dtype=float), np.ones((112, 1))
    steps = [(Part("step", place),) for place in range(2, 111)]
    time = np.arange(112.0)
    straight = np.column_stack([level, columns_of([LINE], time)])
    course = fit_course(counts, np.ones(112), straight, Scatter(0.0, 0.0), time=time)
    logs, chance = np.log(counts + 0.5)[:, None], chance_of_logs(course.mean)
    tried = scatters_for(0.3)
    found = restricted_likelihoods(logs, level, steps, chance=chance, tried=tried, time=time, unit=0.3)
    assert steps[int(found[:, 0].argmax())] == (Part("step", 41),)


def test_a_part_that_the_base_holds_already_adds_nothing():
    n = 10
    logs = np.random.default_rng(2).normal(size=(n, 3))
    base = np.column_stack([np.ones(n), columns_of([Part("step", 4)], np.arange(10.0))])
    shapes, tried, time = [(), (Part("step", 4),)], (Scatter(0.0, 0.0),), np.arange(10.0)
    plain, again = restricted_likelihoods(logs, base, shapes, chance=np.full(n, 0.1), tried=tried, time=time, unit=0.2)
    np.testing.assert_allclose(plain, again, atol=1e-9)


def test_every_place_is_tried_and_stretches_keep_their_length():
    shapes = shapes_beside_a_line(10, 3)
    assert {part.place for (part, *more) in shapes if not more} == {3, 4, 5, 6, 7}
    pairs = {tuple(part.place for part in parts) for parts in shapes if [part.kind for part in parts] == ["step"] * 2}
    assert pairs == {(3, 6), (3, 7), (4, 7)}
    assert {len(parts) for parts in shapes_beside_a_line(10, 3, most=2) if parts[0] != LINE} == {1, 2}
    one_place = [{part.place for part in parts if part != LINE} for parts in shapes_beside_a_line(10, 3, most=2)]
    assert max(map(len, one_place)) == 1
    added = {parts[0].place for parts in further_shapes((Part("step", 4),), 12, 3)}
    assert added == {7, 8, 9}
    # Many periods: fewer pairs are tried, and every place still alone.
    assert len(shapes_beside_a_line(200, 2)) < 2_000


def test_drawn_series_have_the_scatter_and_correlation_asked_for():
    rng = np.random.default_rng(3)
    drawn = draw_series(np.full(6, 1e6), Scatter(0.1, 0.7), size=40_000, rng=rng)
    logs = np.log(drawn)
    assert logs.std(axis=0) == pytest.approx(np.full(6, 0.1), rel=0.02)
    np.testing.assert_allclose(np.corrcoef(logs.T), correlate(np.arange(6.0), 0.7), atol=0.02)
    assert drawn.mean() == pytest.approx(1e6, rel=0.003)
    # Over a gap of two periods the correlation is that of three steps.
    gappy = draw_series(np.full(2, 1e6), Scatter(0.1, 0.7), size=40_000, rng=rng, time=np.array([0.0, 3.0]))
    assert np.corrcoef(np.log(gappy).T)[0, 1] == pytest.approx(0.7**3, abs=0.02)
    poisson = draw_series(np.array([50.0, 200.0]), Scatter(0.0, 0.0), size=20_000, rng=rng)
    np.testing.assert_allclose(poisson.var(axis=0), [50, 200], rtol=0.05)


def test_scatter_is_found_again_in_a_long_series():
    logs = np.log(1e5) + 0.08 * autoregression(400, 0.6, np.random.default_rng(4))[0]
    design = np.column_stack([np.ones(400), np.arange(400.0)])
    found = estimate_scatter(logs, design, np.full(400, 1e-5), tried=scatters_for(0.08**2), time=np.arange(400.0))
    assert found.sd == pytest.approx(0.08, rel=0.25)
    assert found.correlation == pytest.approx(0.6, abs=0.21)
