"""Poisson regression of one series of counts, and a table row for each segment.

A course is the expected count over time: levels, rises and falls, changes between them, and the season.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import numpy as np

from hotspots.analysis.common import byar_interval
from hotspots.analysis.series.candidate_models import Part
from hotspots.analysis.series.overdispersion import Scatter, correlate
from hotspots.model import MONTHS_OF_A_YEAR, months_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Course", "fit_course", "rows_of"]

FLOOR: Final = -25.0
"""Lowest logarithm of a fitted mean over the mean of the series: a segment without events has no finite logarithm."""
MOST_STEPS: Final = 100
"""Steps of Newton's method, at most."""


class Course(NamedTuple):
    """A fitted course."""

    design: Floats
    beta: Floats
    covariance: Floats
    """Covariance of `beta`, from Poisson chance and scatter together, shape (p, p)."""
    mean: Floats
    """Expected count of every period, shape (n,)."""
    scatter: Scatter


class _Counts(Protocol):
    """The counts of one group, with their periods, exposure and season."""

    @property
    def periods(self) -> list[str]: ...
    @property
    def time(self) -> Floats: ...
    @property
    def counts(self) -> Floats: ...
    @property
    def exposure(self) -> Floats: ...
    @property
    def per(self) -> float: ...
    @property
    def season(self) -> Floats: ...


def fit_course(counts: Floats, exposure: Floats, design: Floats, scatter: Scatter, *, time: Floats) -> Course:
    """Return the Poisson regression of counts on a design, with standard errors that allow for the scatter.

    Parameters
    ----------
    counts, exposure
        Shape (n,).
    design
        Shape (n, p), a column of ones first.
    scatter
        How counts vary around the course beyond Poisson chance.
    time
        Number of every period, shape (n,).

    References
    ----------
    McCullagh and Nelder (1989), Generalized Linear Models, section 2.5 (the fit); Liang and Zeger (1986), Biometrika
    73, 13-22 (errors of correlated counts).
    """
    overall = counts.sum() / exposure.sum()
    constant = exposure * overall  # the mean without any change: the coefficients start from 0 and stay near it

    def means(beta: Floats) -> Floats:
        return np.asarray(constant * np.exp(np.clip(design @ beta, FLOOR, -FLOOR)), dtype=float)

    def log_likelihood(beta: Floats) -> float:
        return float(counts @ np.clip(design @ beta, FLOOR, -FLOOR) - means(beta).sum())

    beta = np.zeros(design.shape[1])
    for _ in range(MOST_STEPS):
        mean = means(beta)
        # Newton's method. The likelihood is concave, but far from its maximum a full step overshoots: it is halved
        # until the likelihood rises.
        step = np.linalg.lstsq(design.T @ (design * mean[:, None]), design.T @ (counts - mean), rcond=None)[0]
        while log_likelihood(beta + step) < log_likelihood(beta) and float(np.abs(step).max()) > 1e-12:
            step = step / 2
        beta = beta + step
        if float(np.abs(step).max()) < 1e-10:
            break
    mean = means(beta)
    beta[0] += np.log(overall)
    # Sandwich covariance: the variance of the score (Poisson chance and scatter) between two inverse informations.
    bread = np.linalg.pinv(design.T @ (design * mean[:, None]))
    weighted = design * mean[:, None]
    score_variance = design.T @ weighted + scatter.sd**2 * weighted.T @ correlate(time, scatter.correlation) @ weighted
    return Course(design, beta, bread @ score_variance @ bread, mean, scatter)


def rows_of(
    course: Course,
    series: _Counts,
    parts: Sequence[Part],
    *,
    p_values: Sequence[float],
    ranges: Sequence[tuple[int, int]],
) -> list[dict[str, Any]]:
    """Return a row for each segment: all columns of a table of change points but `group` and `reason`.

    Parameters
    ----------
    course
        The fit.
    series
        Counts with their periods.
    parts
        The straight line, steps, rises and falls of the course.
    p_values
        One for each segment.
    ranges
        Between which periods (by number) each segment but the first may begin.
    """
    starts = sorted({part.place for part in parts if part.kind != "line"})
    edges, rows = [0, *starts, len(series.counts)], list[dict[str, Any]]()
    unseasonal = course.design.copy()
    seasons = series.season.shape[1]
    unseasonal[:, 1 : 1 + seasons] = 0.0
    # Levels are those of an average period of the year.
    average = _average_season(course.beta[1 : 1 + seasons]) * series.per
    estimates = _Estimates(course)
    for number, (first, last) in enumerate(pairwise(edges)):
        slope = np.zeros(unseasonal.shape[1])
        if last - first > 1:
            slope = (unseasonal[last - 1] - unseasonal[first]) / (series.time[last - 1] - series.time[first])
        sloping = bool(np.abs(slope).max() > 0)
        growth = float(slope @ course.beta)
        level, low, high = (average * value for value in estimates.interval(unseasonal[first]))
        row: dict[str, Any] = {
            "segment": number + 1,
            "first": series.periods[first],
            "last": series.periods[last - 1],
            "periods": last - first,
            "course": "level" if not sloping else "rise" if growth > 0 else "fall",
            "level": level,
            "level_low": low,
            "level_high": high,
            "level_last": average * estimates.interval(unseasonal[last - 1])[0],
            "p": p_values[number],
            "scatter": course.scatter.sd,
            "correlation": course.scatter.correlation,
        }
        if sloping:
            row["growth"] = float(np.expm1(growth * MONTHS_OF_A_YEAR / months_of(series.periods[first])))
        if number:
            row["earliest"], row["latest"] = (series.periods[place] for place in ranges[number - 1])
        # The contrast of the step at this place alone: by what the level is multiplied from one period to the next.
        step = np.zeros(unseasonal.shape[1])
        step[[1 + seasons + at for at, part in enumerate(parts) if part == Part("step", first)]] = 1.0
        row["step"], row["step_low"], row["step_high"] = estimates.ratio(step)
        row["ratio"], row["ratio_low"], row["ratio_high"] = estimates.ratio(
            unseasonal[last - 1] - unseasonal[max(first - 1, 0)]
        )
        empty = series.counts[first:last].sum() == 0
        if empty:
            _without_events(row, float(series.exposure[first:last].sum()) / series.per)
        if rows and (empty or rows[-1]["level_last"] == 0):
            _beside_zero(row, rows[-1])
        rows.append(row)
    return rows


class _Estimates(NamedTuple):
    """Exponentials of contrasts of a course's coefficients, with 95% intervals (Student's t)."""

    course: Course

    def interval(self, contrast: Floats) -> tuple[float, float, float]:
        """Return the exponential of a contrast, and the lower and upper limit of its interval."""
        from scipy.special import stdtrit

        degrees_of_freedom = max(self.course.design.shape[0] - self.course.design.shape[1], 1)
        middle = float(contrast @ self.course.beta)
        error = float(np.sqrt(max(float(contrast @ self.course.covariance @ contrast), 0.0))) * float(
            stdtrit(degrees_of_freedom, 0.975)
        )
        with np.errstate(over="ignore"):
            return float(np.exp(middle)), float(np.exp(middle - error)), float(np.exp(middle + error))

    def ratio(self, contrast: Floats) -> tuple[float, float, float]:
        """Return a ratio with its interval; missing where the course is the same on both sides."""
        return self.interval(contrast) if np.abs(contrast).max() > 0 else (np.nan, np.nan, np.nan)


def _average_season(season: Floats) -> float:
    """Return the mean of the four quarters as a multiple of the level without season; 1 without season."""
    if not len(season):
        return 1.0
    # Columns are centred (indicator - 1/4): quarter q has the effect s_q - sum(s) / 4, and the fourth -sum(s) / 4.
    effects = np.array([*season, 0.0]) - season.sum() / 4
    return float(np.exp(effects).mean())


def _without_events(row: dict[str, Any], exposure: float) -> None:
    """Give a segment without events the level 0, with the upper limit of a count of 0."""
    high = float(byar_interval([0.0])[1][0]) / exposure
    row |= {"level": 0.0, "level_low": 0.0, "level_high": high, "level_last": 0.0, "course": "level"}
    row |= dict.fromkeys(("growth", "ratio", "ratio_low", "ratio_high", "step", "step_low", "step_high"), np.nan)


def _beside_zero(row: dict[str, Any], before: dict[str, Any]) -> None:
    """Give the ratio of a level of 0, or to a level of 0, which has a bound on one side only."""
    from_zero = before["level_last"] == 0
    ratio = np.nan if from_zero else 0.0
    low = row["level_low"] / before["level_high"] if from_zero else 0.0
    high = np.inf if from_zero else row["level_high"] / min(before["level_low"], before["level_last"])
    for name in ("ratio", "step"):
        row |= {name: ratio, f"{name}_low": low, f"{name}_high": high}
