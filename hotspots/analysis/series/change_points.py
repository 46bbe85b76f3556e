"""When the course of a series changed: steps and bends, each tested against a steady course with random drift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

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
from hotspots.analysis.series.fitted_models import Course, fit_course, rows_of
from hotspots.analysis.series.overdispersion import (
    LEAST_VARIANCE,
    Scatter,
    chance_of_logs,
    draw_series,
    estimate_scatter,
    scatters_for,
)
from hotspots.errors import AnalysisError
from hotspots.model import EXTRACT_COLUMNS, MONTHS_OF_A_YEAR, Extract, Note, Period, Series, combine, months_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["find_change_points", "without_course"]

FEWEST_PERIODS: Final = 7
"""Fewest known periods of a series in which change points are searched for."""
WHOLE_YEARS: Final = 3
"""Whole years of quarters from which a season is taken out."""
WORDS: Final = (
    "Each series is described as a level, a steady rise or fall, or divided into periods of these. A change of level "
    "or slope is shown only where it improves the fit by more than rarely occurs by chance (p at most {level:g}, from "
    "{draws:,} simulated series without a change). The simulated series have the overdispersion and autocorrelation "
    "estimated from the series itself. A change point shows when, not why: recording, population and practice also "
    "change."
)


@dataclass(frozen=True)
class _Line:
    """One group's counts, ready to be described."""

    periods: list[str]
    time: Floats
    """Number of every known period among all of the series: a gap is left out, not closed."""
    counts: Floats
    exposure: Floats
    per: float
    """What levels are multiplied by: 1 for counts, people for rates."""
    season: Floats
    """Columns of the season, shape (n, 0 or 3)."""
    variance: float = field(init=False)
    """Of the logarithms around a straight line."""
    tried: tuple[Scatter, ...] = field(init=False)

    def __post_init__(self) -> None:
        straight = np.column_stack([self.base, columns_of([LINE], self.time)])
        left = self.logs - straight @ np.linalg.lstsq(straight, self.logs, rcond=None)[0]
        variance = max(float(left @ left) / max(len(left) - straight.shape[1], 1), LEAST_VARIANCE)
        object.__setattr__(self, "variance", variance)
        object.__setattr__(self, "tried", scatters_for(variance))

    @property
    def base(self) -> Floats:
        return np.column_stack([np.ones(len(self.counts)), self.season])

    @property
    def logs(self) -> Floats:
        return self.logs_of(self.counts)

    def logs_of(self, counts: Floats) -> Floats:
        return np.asarray(np.log(counts + 0.5) - np.log(self.exposure), dtype=float)

    def design(self, parts: Sequence[Part]) -> Floats:
        return np.column_stack([self.base, columns_of(parts, self.time)])

    def fit(self, parts: Sequence[Part]) -> Course:
        design = self.design(parts)
        rough = fit_course(self.counts, self.exposure, design, Scatter(0.0, 0.0), time=self.time)
        chance = chance_of_logs(rough.mean)
        scatter = estimate_scatter(self.logs, design, chance, tried=self.tried, time=self.time)
        return fit_course(self.counts, self.exposure, design, scatter, time=self.time)

    def draw(self, course: Course, size: int, rng: np.random.Generator) -> Floats:
        """Return the logarithms of the series and of simulated ones, shape (n, 1 + size)."""
        drawn = draw_series(course.mean, course.scatter, size=size, rng=rng, time=self.time)
        return np.column_stack([self.logs, self.logs_of(drawn).T])

    def likelihoods(
        self,
        logs: Floats,
        base: Sequence[Part],
        shapes: Sequence[Sequence[Part]],
        mean: Floats,
        *,
        tried: Sequence[Scatter] | None = None,
    ) -> Floats:
        """Return the restricted likelihoods of `base` with each of the shapes, over all scatters or those tried."""
        return restricted_likelihoods(
            logs,
            self.design(base),
            shapes,
            chance=chance_of_logs(mean),
            tried=self.tried if tried is None else tried,
            time=self.time,
            unit=self.variance,
        )


def find_change_points(
    series: Series,
    *,
    rng: np.random.Generator,
    level: float = 0.05,
    most: int = 6,
    shortest: int = 2,
    draws: int = 499,
) -> Extract:
    """Return the segments in every group of a series: level, rising or falling, and how certain the changes are.

    The null is a straight line of the logarithm (a level is one) around which counts vary by Poisson chance and by an
    autoregression of order 1, both of its numbers estimated: a steady rise gets no step, and series that drift by
    themselves hardly more often than they should (28 quarters with a correlation of up to 0.8; a random walk, or a
    dozen numbers with such a correlation, can still resemble a step or a steady rise). Do not read a change point as a
    cause, nor its size as unbiased: the place was chosen because the numbers differ there. Quarters have their season
    taken out (from three whole years on). Provisional periods and gaps are left out. Where the series has a population,
    levels are rates per year.

    Parameters
    ----------
    series
        Counts by year or quarter and group.
    rng
        Source of the simulated series.
    level
        Largest p-value at which a change stays.
    most
        Largest number of segments.
    shortest
        Fewest periods in a segment.
    draws
        Number of simulated series in each test.

    Returns
    -------
    Extract
        One row per segment: `first`, `last` (periods), `periods` (their number), `course` (level, rise or fall),
        `level` at its first period with its 95 % interval and `level_last` at its last (events a period, or rate),
        `growth` (share a year; missing for a level), `step` (what its level is multiplied by at once, where it begins
        with a step) and `ratio` (the level at its last period to that before the segment; of a first segment that rises
        or falls, to that at its start) with their intervals, `p` of the change before it (in the first segment: of any
        change, or of the rise or fall where there is no other), `earliest` and `latest` (95 % interval of its first
        period), `scatter` and `correlation` (beyond Poisson chance, in logarithms); and `reason` where a group was not
        described, in words.

    Raises
    ------
    AnalysisError
        If the level is not between 0 and 1, or the settings allow no change.

    References
    ----------
    Hinkley (1970), Biometrika 57, 1-17 (the likelihood over all places of a change; here restricted, see
    `restricted_likelihoods`); Andrews (1993), Econometrica 61, 821-856 (its distribution, here simulated); Efron and
    Tibshirani (1993), An Introduction to the Bootstrap, section 16.2 (p-values by simulation); Zhang and Siegmund
    (2007), Biometrics 63, 22-32 (the penalty of a change).
    """
    if not isinstance(rng, np.random.Generator):
        raise AnalysisError(
            "The source of random numbers is a numpy Generator.",
            found=f"{type(rng).__name__}",
            advice="rng=numpy.random.default_rng(1)",
        )
    if not 0 < level < 1 or most < 2 or shortest < 1 or 1 / (draws + 1) > level:
        raise AnalysisError(
            "A search for change points with these settings can find nothing.",
            found=f"level {level:g}, most {most} stretches, shortest {shortest}, {draws:,} draws",
            advice="level between 0 and 1, at least 2 stretches of at least 1 period, at least 1 / level draws",
        )
    rows: list[dict[str, object]] = []
    notes: list[Note] = []
    search = _Search(level, most, shortest, draws, rng)
    for group, (line, reason) in _prepare_groups(series, shortest).items():
        if line is None:
            rows.append({"group": group, "reason": reason})
            notes.append(Note(f"{_capital(group)}: {reason}.", of="records", numbers=(group, reason)))
            continue
        found = search.describe(line)
        rows += [{"group": group, **row, "reason": ""} for row in found]
        if len(found) >= most:
            words = f"{_capital(group)}: divided into the most periods allowed ({most}); there may be more changes."
            notes.append(Note(words, of="records", numbers=(str(group), most)))
    if series.provisional:
        which = ", ".join(series.provisional)
        notes.append(
            Note(f"Provisional and left out of the search: {which}.", of="publication", numbers=series.provisional)
        )
    if series.incomplete:
        which = ", ".join(series.incomplete)
        words = f"Covered in part and left out of the search: {which}."
        notes.append(Note(words, of="publication", numbers=series.incomplete))
    return Extract(
        pd.DataFrame(rows).reindex(columns=EXTRACT_COLUMNS["change-points"]),
        kind="change-points",
        sentences=(WORDS.format(draws=draws, level=level),),
        identity=combine(
            series,
            name=f"{series.name}_change_points",
            title=f"Change points of {series.title or series.unit}",
            notes=notes,
        ),
    )


def without_course(series: Series, *, shortest: int = 2) -> dict[str, str]:
    """Return the groups in which `find_change_points` does not search for a change, and why."""
    return {group: reason for group, (line, reason) in _prepare_groups(series, shortest).items() if line is None}


def _prepare_groups(series: Series, shortest: int) -> dict[str, tuple[_Line | None, str]]:
    """Return what `_prepare` makes of each group."""
    prepared = {}
    for group, part in series.table.groupby("group", sort=False):
        _need_order([str(period) for period in part["period"]])
        prepared[str(group)] = _prepare(series, part, shortest)
    return prepared


def _need_order(periods: Sequence[str]) -> None:
    for before, after in pairwise(periods):
        if after <= before:
            raise AnalysisError(
                f"The periods of a series are out of order: {after} after {before}.",
                advice="sort the table by group and period, with one row for each",
            )


def _capital(group: str) -> str:
    return group[:1].upper() + group[1:]


def _prepare(series: Series, part: pd.DataFrame, shortest: int) -> tuple[_Line | None, str]:
    """Return the known periods of one group, or why they can't be described."""
    known = part[part["low"].notna() & ~part["period"].isin(series.unsettled)]
    fewest = max(FEWEST_PERIODS, 2 * shortest)
    if len(known) < fewest:
        return None, f"too short: {len(known)} known periods, and fewer than {fewest} can show no change point"
    low, high = known["low"].to_numpy(dtype=float), known["high"].to_numpy(dtype=float)
    if bool((low < 0).any()):
        return None, "a number is below 0 (a correction of an earlier one): add the periods up to years first"
    middle = (low + high) / 2
    if bool((high - low > np.sqrt(np.maximum(middle, 1.0))).any()):
        return None, "hidden numbers could differ by more than chance does"
    if middle.sum() == 0:
        return None, "no event in any period"
    periods = [str(period) for period in known["period"]]
    every = [str(period) for period in dict.fromkeys(series.table["period"])]
    time = np.array([every.index(period) for period in periods], dtype=float)
    exposure, per = np.ones(len(known)), 1.0
    if series.rate_per:
        if not bool(known["population"].gt(0).all()):
            return None, "there is no population of some periods, and so no rate"
        per = series.rate_per
        years = np.array([months_of(period) for period in periods]) / MONTHS_OF_A_YEAR
        exposure = known["population"].to_numpy(dtype=float) * years
    return _Line(periods, time, middle, exposure, per, _season(periods, middle)), ""


def _season(periods: list[str], counts: Floats) -> Floats:
    """Return a column for each of three quarters of the year, around 0; none where periods are no quarters or few."""
    none = np.zeros((len(periods), 0))
    each = [Period.read(period) for period in periods]
    if not all(period.quarter for period in each):
        return none
    parts = pd.DataFrame({"year": [p.year for p in each], "quarter": [p.quarter for p in each], "count": counts})
    whole = parts[parts.groupby("year")["count"].transform("size") == 4]
    if whole["year"].nunique() < WHOLE_YEARS or bool((whole.groupby("quarter")["count"].sum() == 0).any()):
        return none
    return np.column_stack([(parts["quarter"] == quarter).to_numpy(dtype=float) - 0.25 for quarter in (1, 2, 3)])


@dataclass(frozen=True)
class _Search:
    """The search for changes with its settings."""

    level: float
    most: int
    shortest: int
    draws: int
    rng: np.random.Generator

    def describe(self, line: _Line) -> list[dict[str, object]]:
        """Return the rows of one group."""
        n = len(line.counts)
        # The first test is against a straight line; further changes are tested one by one only if it rejects.
        added, overall = self._test(line, (), (LINE,), shapes_beside_a_line(n, self.shortest, most=self.most))
        if overall > self.level:
            _, sloping = self._test(line, (), (), [(LINE,)])
            steady = sloping <= self.level
            parts: tuple[Part, ...] = (LINE,) if steady else ()
            return rows_of(line.fit(parts), line, parts, p_values=[sloping if steady else overall], ranges=[])
        parts, p_values = added, {part.place: overall for part in added if part.kind != "line"}
        while len(_places(parts)) + 1 < self.most:
            shapes = further_shapes(parts, n, self.shortest)
            if not shapes:
                break
            added, p = self._test(line, parts, (), shapes)
            if p > self.level:
                break
            parts += added
            p_values |= {part.place: p for part in added}
        places = _places(parts)
        ranges = [self._range(line, parts, place) for place in places]
        tested = [overall, *(p_values[place] for place in places)]
        return rows_of(line.fit(parts), line, parts, p_values=tested, ranges=ranges)

    def _test(
        self, line: _Line, parts: tuple[Part, ...], null: tuple[Part, ...], shapes: list[tuple[Part, ...]]
    ) -> tuple[tuple[Part, ...], float]:
        """Return the best of the courses `parts` with one of `shapes`, and its p-value against `parts` with `null`."""
        course = line.fit((*parts, *null))
        logs = line.draw(course, self.draws, self.rng)
        without = line.likelihoods(logs, parts, [null], course.mean)[0]
        values = line.likelihoods(logs, parts, shapes, course.mean, tried=with_little_drift(line.tried))
        price = np.array([price_of(shape, len(line.counts)) for shape in shapes])
        # The same search over all places runs on every simulated series, so that the p-value allows for it.
        worth = values - price[:, None]
        gain = worth.max(axis=0) - without
        # (b + 1) / (N + 1): the observed series is one of the draws; 1e-9 keeps ties.
        p = (1 + int((gain[1:] >= gain[0] - 1e-9).sum())) / (self.draws + 1)
        return tuple(shapes[int(worth[:, 0].argmax())]), float(p)

    def _range(self, line: _Line, parts: tuple[Part, ...], place: int) -> tuple[int, int]:
        """Return the 95 % interval of one change's place: places whose likelihood is within chance of the best.

        The limit comes from series simulated with the course found. A bend may begin with a jump: a rise that does is
        not dated too early for it.
        """
        others = tuple(part for part in parts if part.place != place or part.kind == "line")
        kinds = [part.kind for part in parts if part.place == place and part.kind != "line"]
        kinds = ["step", *(kind for kind in kinds if kind != "step")]
        edges = [0, *_places(others), len(line.counts)]
        low = max(edge for edge in edges if edge < place) + self.shortest
        high = min(edge for edge in edges if edge > place) - self.shortest
        places = list(range(low, high + 1))
        course = line.fit(parts)
        shapes = [[Part(kind, at) for kind in kinds] for at in places]
        values = line.likelihoods(line.draw(course, self.draws, self.rng), others, shapes, course.mean)
        # A likelihood-ratio interval, whose limit is the 95th percentile under the course found.
        short = values.max(axis=0) - values
        limit = float(np.quantile(short[places.index(place), 1:], 0.95, method="higher"))
        inside = [at for at, behind in zip(places, short[:, 0], strict=True) if behind <= limit]
        return min([*inside, place]), max([*inside, place])


def _places(parts: Sequence[Part]) -> list[int]:
    """Return where segments begin, apart from the first."""
    return sorted({part.place for part in parts if part.kind != "line"})
