"""When the level of a series changed: cuts by an exact search, each held against chance."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from hotspots.analysis.periods import QUARTER
from hotspots.analysis.rates import byar_interval
from hotspots.analysis.segments import (
    best_cuts,
    deviances,
    dispersion_of,
    draw_counts,
    gain_of_a_cut,
    modified_bic,
)
from hotspots.analysis.trends import ratio_interval
from hotspots.errors import AnalysisError
from hotspots.nouns import Extract, Series

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["find_change_points"]

FEWEST: Final = 7
"""Known periods below which no change point is looked for."""
WHOLE_YEARS: Final = 3
"""Whole years of quarters from which a season is taken out."""
WORDS: Final = (
    "Each series is cut into stretches of one level: the best cuts for every number of stretches (exact search, "
    "Poisson), their number by the modified Bayesian information criterion, with allowance for how much more than "
    "Poisson chance the series varies from one period to the next. A cut stays only where {draws:,} simulated series "
    "without it hardly ever look so (p at most {level:g}). A steady rise is shown as steps. A change point says when, "
    "not why: recording, population and practice change too."
)


@dataclass(frozen=True)
class _Line:
    """One group's counts, ready to be cut."""

    periods: list[str]
    counts: Floats
    exposure: Floats
    per: float
    """What levels are multiplied by: 1 for counts, people for rates."""


def find_change_points(
    series: Series,
    *,
    rng: np.random.Generator,
    level: float = 0.05,
    most: int = 6,
    shortest: int = 2,
    draws: int = 999,
) -> Extract:
    """Return the stretches of one level in every group of a series, and how sure the changes between them are.

    Do not read a change point as a cause, nor its size as unbiased: the place was chosen because the numbers differ
    there. Quarters are cut with their season taken out (from three whole years on). Provisional periods and gaps are
    left out. Where the series has a population, the level is the rate.

    Parameters
    ----------
    series
        Counts by period and group.
    rng
        Source of the simulated series.
    level
        Largest p-value at which a cut stays.
    most
        Largest number of stretches.
    shortest
        Fewest periods in a stretch.
    draws
        Number of simulated series in each test.

    Returns
    -------
    Extract
        One row per stretch: `first`, `last` (periods), `periods` (their number), `level` with its 95 % interval (events
        a period, or rate), `ratio` to the stretch before with its interval, `p` of the cut before it (in the first
        stretch: of any cut at all), `earliest` and `latest` (95 % interval of its first period), `dispersion`; and
        `reason` where a group was not cut, in words.

    Raises
    ------
    AnalysisError
        If the level is not between 0 and 1, or there is room for no cut.

    References
    ----------
    Auger and Lawrence (1989), Bulletin of Mathematical Biology 51, 39-54; Zhang and Siegmund (2007), Biometrics 63,
    22-32; Efron and Tibshirani (1993), An Introduction to the Bootstrap, section 16.2 (p-values by simulation).
    """
    if not 0 < level < 1 or most < 2 or shortest < 1 or draws < 19:
        raise AnalysisError(
            "A search for change points with these settings can find nothing.",
            found=f"level {level:g}, most {most} stretches, shortest {shortest}, {draws:,} draws",
            advice="level between 0 and 1, at least 2 stretches of at least 1 period, at least 19 draws",
        )
    rows: list[dict[str, object]] = []
    notes: list[str] = []
    for group, part in series.table.groupby("group", sort=False):
        line, reason = _prepare(series, part)
        if line is None:
            rows.append({"group": str(group), "reason": reason})
            notes.append(f"{_capital(group)}: {reason}.")
            continue
        found, steady = _cut(line, level=level, most=most, shortest=shortest, draws=draws, rng=rng)
        rows += [{"group": str(group), **row, "reason": ""} for row in found]
        if len(found) == most:
            notes.append(f"{_capital(group)}: as many stretches as were looked for ({most}); there may be more.")
        if steady:
            notes.append(
                f"{_capital(group)}: a steady rise or fall over all periods describes the numbers better than steps."
            )
    if series.provisional:
        notes.append(f"Provisional and left out of the search: {', '.join(series.provisional)}.")
    if series.incomplete:
        notes.append(f"Covered in part and left out of the search: {', '.join(series.incomplete)}.")
    return Extract(
        pd.DataFrame(rows).reindex(columns=_COLUMNS),
        kind="change-points",
        name=f"{series.name}_change_points",
        title=f"Change points of {series.title or series.unit}",
        words=WORDS.format(draws=draws, level=level),
        source=series.source,
        notes=tuple(notes),
        release=series.release,
    )


def _capital(group: object) -> str:
    return str(group)[:1].upper() + str(group)[1:]


_COLUMNS: Final = [
    "group", "segment", "first", "last", "periods", "level", "level_low", "level_high", "ratio", "ratio_low",
    "ratio_high", "p", "earliest", "latest", "dispersion", "reason",
]  # fmt: skip


def _prepare(series: Series, part: pd.DataFrame) -> tuple[_Line | None, str]:
    """Return the known periods of one group, or why they can't be cut."""
    known = part[part["low"].notna() & ~part["period"].isin(series.unsettled)]
    if len(known) < FEWEST:
        return None, f"too short: {len(known)} known periods, and fewer than {FEWEST} can show no change point"
    low, high = known["low"].to_numpy(dtype=float), known["high"].to_numpy(dtype=float)
    if bool((low < 0).any()):
        return None, "a number is below 0 (a correction of an earlier one): add the periods up to years first"
    middle = (low + high) / 2
    if bool((high - low > np.sqrt(np.maximum(middle, 1.0))).any()):
        return None, "hidden numbers could differ by more than chance does"
    if middle.sum() == 0:
        return None, "no event in any period"
    exposure, per = np.ones(len(known)), 1.0
    if series.rate_per and bool(known["population"].gt(0).all()):
        per = series.rate_per
        exposure = known["population"].to_numpy(dtype=float)
    periods = [str(period) for period in known["period"]]
    return _Line(periods, middle, exposure * _season(periods, middle), per), ""


def _season(periods: list[str], counts: Floats) -> Floats:
    """Return each period's usual share of its year, around 1; all 1 where periods are no quarters or too few."""
    if not all(QUARTER.fullmatch(period) for period in periods):
        return np.ones(len(periods))
    parts = pd.Series(periods).str.extract(re.compile(r"(?P<year>.+) Q(?P<quarter>[1-4])")).assign(count=counts)
    whole = parts[parts.groupby("year")["count"].transform("size") == 4]
    if whole["year"].nunique() < WHOLE_YEARS or bool((whole.groupby("quarter")["count"].sum() == 0).any()):
        return np.ones(len(periods))
    share = whole.groupby("quarter")["count"].sum() / whole["count"].sum() * 4
    return parts["quarter"].map(share).to_numpy(dtype=float)


# --------------------------------------------------------------------------- cutting one line


def _cut(
    line: _Line, *, level: float, most: int, shortest: int, draws: int, rng: np.random.Generator
) -> tuple[list[dict[str, object]], bool]:
    """Return the rows of one group, and whether a steady rise or fall describes it better."""
    y, e = line.counts, line.exposure
    n, own = len(y), dispersion_of(y, e)
    # Counts vary at least by Poisson chance; the tests compare like with like, luck included.
    spread = max(float(own[0]), 1.0)
    gain, starts, score = _search(deviances(y[None, :], e), own, most=most, shortest=shortest)
    drawn = draw_counts(e * y.sum() / e.sum(), spread, size=draws, rng=rng)
    against = _search(deviances(drawn, e), dispersion_of(drawn, e), most=most, shortest=shortest)[0]
    overall = _p_value(gain[0], against)
    cuts = [int(start) for start in starts[0] if start > 0] if overall <= level else []
    cuts, tested = _keep_cuts(line, cuts, spread, level=level, shortest=shortest, draws=draws, rng=rng)
    ranges = _ranges(line, cuts, spread, shortest=shortest, draws=draws, rng=rng)
    steady = _loglinear_deviance(y, e) / own[0] + np.log(n) < score[0]
    return _rows(line, cuts, spread, p_values=[overall, *tested], ranges=ranges), bool(steady and overall <= level)


def _search(deviance: Floats, spread: Floats, *, most: int, shortest: int) -> tuple[Floats, NDArray[np.intp], Floats]:
    """Return how much the criterion gains by cutting, the starts of the best stretches, and the best score."""
    n = deviance.shape[1] - 1
    cuts = best_cuts(modified_bic(deviance, spread), most=min(most, n // shortest), shortest=shortest)
    score = cuts.cost + 3 * np.log(n) * np.arange(cuts.cost.shape[1])
    chosen = score.argmin(axis=1)
    rows = np.arange(len(score))
    return score[:, 0] - score[rows, chosen], cuts.start[rows, chosen], score[rows, chosen]


def _keep_cuts(
    line: _Line, cuts: list[int], spread: float, *, level: float, shortest: int, draws: int, rng: np.random.Generator
) -> tuple[list[int], list[float]]:
    """Return the cuts that stay, and the p-value of each; the least sure is taken out first."""
    while cuts:
        tested = []
        for number, _ in enumerate(cuts):
            edges = [0, *cuts[:number], *cuts[number + 1 :], len(line.counts)]
            first, last = edges[number], edges[number + 1]
            drawn = draw_counts(_means(line, edges), spread, size=draws, rng=rng)
            gain = gain_of_a_cut(deviances(line.counts[None, :], line.exposure), first, last, shortest=shortest)
            against = gain_of_a_cut(deviances(drawn, line.exposure), first, last, shortest=shortest)
            own = dispersion_of(line.counts, line.exposure)[0]
            tested.append(_p_value(gain[0] / own, against / dispersion_of(drawn, line.exposure)))
        weakest = int(np.argmax(tested))
        if tested[weakest] <= level:
            return cuts, tested
        cuts = [*cuts[:weakest], *cuts[weakest + 1 :]]
    return [], []


def _p_value(observed: float, drawn: Floats) -> float:
    """Return the share of simulated values at least as large, the observed one counted among them."""
    return float((1 + (drawn >= observed - 1e-9).sum()) / (len(drawn) + 1))


def _means(line: _Line, edges: list[int]) -> Floats:
    """Return the count every period would have at the level of its stretch."""
    mean = np.empty(len(line.counts))
    for first, last in pairwise(edges):
        inside = slice(first, last)
        mean[inside] = line.exposure[inside] * line.counts[inside].sum() / line.exposure[inside].sum()
    return mean


def _ranges(
    line: _Line, cuts: list[int], spread: float, *, shortest: int, draws: int, rng: np.random.Generator
) -> list[tuple[int, int]]:
    """Return the 95 % interval of the place of every cut, from series drawn with these stretches and cut again."""
    if not cuts:
        return []
    drawn = draw_counts(_means(line, [0, *cuts, len(line.counts)]), spread, size=draws, rng=rng)
    again = best_cuts(deviances(drawn, line.exposure), most=len(cuts) + 1, shortest=shortest).start[:, len(cuts), 1:]
    low = np.quantile(again, 0.025, axis=0, method="inverted_cdf").astype(int)
    high = np.quantile(again, 0.975, axis=0, method="inverted_cdf").astype(int)
    # The cut found is a possible place whatever the simulated ones say.
    return [(min(int(a), cut), max(int(b), cut)) for a, b, cut in zip(low, high, cuts, strict=True)]


def _loglinear_deviance(y: Floats, e: Floats) -> float:
    """Return the Poisson deviance around a steady rise or fall (logarithm of the level linear in time)."""
    time = np.linspace(-1.0, 1.0, len(y))
    design = np.column_stack([np.ones(len(y)), time])
    beta = np.array([np.log(y.sum() / e.sum()), 0.0])
    for _ in range(50):
        mean = e * np.exp(np.clip(design @ beta, -700, 700))
        step = np.linalg.solve(design.T @ (design * mean[:, None]), design.T @ (y - mean))
        beta = beta + step
        if float(np.abs(step).max()) < 1e-10:
            break
    mean = e * np.exp(design @ beta)
    some = y > 0
    return float(2 * np.sum(np.where(some, y * np.log(np.where(some, y, 1.0) / mean), 0.0) - (y - mean)))


def _rows(
    line: _Line, cuts: list[int], spread: float, *, p_values: list[float], ranges: list[tuple[int, int]]
) -> list[dict[str, object]]:
    """Return a row for each stretch."""
    edges, rows = [0, *cuts, len(line.counts)], []
    totals = [float(line.counts[a:b].sum()) for a, b in pairwise(edges)]
    people = [float(line.exposure[a:b].sum()) for a, b in pairwise(edges)]
    for number, (first, last) in enumerate(pairwise(edges)):
        unit = line.per / people[number]
        low, high = byar_interval([totals[number] / spread])
        row: dict[str, object] = {
            "segment": number + 1,
            "first": line.periods[first],
            "last": line.periods[last - 1],
            "periods": last - first,
            "level": totals[number] * unit,
            "level_low": float(low[0]) * spread * unit,
            "level_high": float(high[0]) * spread * unit,
            "p": p_values[number],
            "dispersion": spread,
        }
        if number:
            grown = people[number] / people[number - 1]
            before, after = np.array([totals[number - 1] / spread]), np.array([totals[number] / spread])
            ratio_low, ratio_high = ratio_interval(after, before)
            row["ratio"] = totals[number] / totals[number - 1] / grown if totals[number - 1] else np.nan
            row["ratio_low"], row["ratio_high"] = float(ratio_low[0]) / grown, float(ratio_high[0]) / grown
            row["earliest"], row["latest"] = (line.periods[place] for place in ranges[number - 1])
        rows.append(row)
    return rows
