"""A course fitted to one series of counts, and the rows of its segments."""

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
"""Logarithms of a mean over the series' own are held above this: a segment without events has no finite logarithm."""
PASSES: Final = 100


class Course(NamedTuple):
    """A fitted course."""

    design: Floats
    beta: Floats
    covariance: Floats
    """Of `beta`, Poisson chance and scatter together, shape (p, p)."""
    mean: Floats
    """Expected count of every period, shape (n,)."""
    scatter: Scatter


class _Counts(Protocol):
    """What the rows are made of."""

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
    """Return the Poisson regression of counts on a design, its errors with the scatter that is given.

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
    usual = exposure * overall  # so that the search begins, and is bounded, around 0

    def means(at: Floats) -> Floats:
        return np.asarray(usual * np.exp(np.clip(design @ at, FLOOR, -FLOOR)), dtype=float)

    def worth(at: Floats) -> float:
        return float(counts @ np.clip(design @ at, FLOOR, -FLOOR) - means(at).sum())

    beta = np.zeros(design.shape[1])
    for _ in range(PASSES):
        mean = means(beta)
        # Newton; the likelihood is concave, but from far off a full step overshoots, and is halved until it gains.
        step = np.linalg.lstsq(design.T @ (design * mean[:, None]), design.T @ (counts - mean), rcond=None)[0]
        while worth(beta + step) < worth(beta) and float(np.abs(step).max()) > 1e-12:
            step = step / 2
        beta = beta + step
        if float(np.abs(step).max()) < 1e-10:
            break
    mean = means(beta)
    beta[0] += np.log(overall)
    # Sandwich covariance: Poisson variance and scatter between two inverse informations.
    bread = np.linalg.pinv(design.T @ (design * mean[:, None]))
    pull = design * mean[:, None]
    filling = design.T @ pull + scatter.sd**2 * pull.T @ correlate(time, scatter.correlation) @ pull
    return Course(design, beta, bread @ filling @ bread, mean, scatter)


def rows_of(
    course: Course,
    line: _Counts,
    parts: Sequence[Part],
    *,
    p_values: Sequence[float],
    ranges: Sequence[tuple[int, int]],
) -> list[dict[str, Any]]:
    """Return a row for each segment, with the columns of a table of change points apart from group and reason.

    Parameters
    ----------
    course
        The fit.
    line
        Counts with their periods.
    parts
        What the course is made of.
    p_values
        One for each segment.
    ranges
        Earliest and latest first period, by number, of every segment but the first.
    """
    places = sorted({part.place for part in parts if part.kind != "line"})
    edges, rows = [0, *places, len(line.counts)], list[dict[str, Any]]()
    bare = course.design.copy()
    seasons = line.season.shape[1]
    bare[:, 1 : 1 + seasons] = 0.0  # levels are those of a usual period of the year
    usual = _usual(course.beta[1 : 1 + seasons]) * line.per
    read = _Reader(course, bare)
    for number, (first, last) in enumerate(pairwise(edges)):
        slope = np.zeros(bare.shape[1])
        if last - first > 1:
            slope = (bare[last - 1] - bare[first]) / (line.time[last - 1] - line.time[first])
        sloping = bool(np.abs(slope).max() > 0)
        rise = float(slope @ course.beta)
        level, low, high = (usual * value for value in read.interval(bare[first]))
        row: dict[str, Any] = {
            "segment": number + 1,
            "first": line.periods[first],
            "last": line.periods[last - 1],
            "periods": last - first,
            "course": "level" if not sloping else "rise" if rise > 0 else "fall",
            "level": level,
            "level_low": low,
            "level_high": high,
            "level_last": usual * read.interval(bare[last - 1])[0],
            "p": p_values[number],
            "scatter": course.scatter.sd,
            "correlation": course.scatter.correlation,
        }
        if sloping:
            row["growth"] = float(np.expm1(rise * MONTHS_OF_A_YEAR / months_of(line.periods[first])))
        if number:
            row["earliest"], row["latest"] = (line.periods[place] for place in ranges[number - 1])
        # The contrast of steps at this place alone: what the level is multiplied by at once.
        jump = np.zeros(bare.shape[1])
        jump[[1 + seasons + at for at, part in enumerate(parts) if part == Part("step", first)]] = 1.0
        row["step"], row["step_low"], row["step_high"] = read.ratio(jump)
        row["ratio"], row["ratio_low"], row["ratio_high"] = read.ratio(bare[last - 1] - bare[max(first - 1, 0)])
        empty = line.counts[first:last].sum() == 0
        if empty:
            _without_events(row, float(line.exposure[first:last].sum()) / line.per)
        if rows and (empty or rows[-1]["level_last"] == 0):
            _beside_nothing(row, rows[-1])
        rows.append(row)
    return rows


class _Reader(NamedTuple):
    """Reads exponentials of a course's contrasts, with 95 % intervals by Student's t."""

    course: Course
    bare: Floats

    def interval(self, contrast: Floats) -> tuple[float, float, float]:
        from scipy.special import stdtrit

        free = max(len(self.bare) - self.bare.shape[1], 1)
        middle = float(contrast @ self.course.beta)
        error = float(np.sqrt(max(float(contrast @ self.course.covariance @ contrast), 0.0))) * float(
            stdtrit(free, 0.975)
        )
        with np.errstate(over="ignore"):
            return float(np.exp(middle)), float(np.exp(middle - error)), float(np.exp(middle + error))

    def ratio(self, contrast: Floats) -> tuple[float, float, float]:
        """Return a ratio with its interval; missing where by the course nothing can differ."""
        return self.interval(contrast) if np.abs(contrast).max() > 0 else (np.nan, np.nan, np.nan)


def _usual(season: Floats) -> float:
    """Return the mean of the year's four quarters to a level without season."""
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


def _beside_nothing(row: dict[str, Any], before: dict[str, Any]) -> None:
    """Give the ratio of a level of 0, or to one: bounded on one side only."""
    from_nothing = before["level_last"] == 0
    ratio = np.nan if from_nothing else 0.0
    low = row["level_low"] / before["level_high"] if from_nothing else 0.0
    high = np.inf if from_nothing else row["level_high"] / min(before["level_low"], before["level_last"])
    for name in ("ratio", "step"):
        row |= {name: ratio, f"{name}_low": low, f"{name}_high": high}
