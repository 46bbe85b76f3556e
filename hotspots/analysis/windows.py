"""The tested areas, their windows, and both tails of every window's count under a null hypothesis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from hotspots.analysis.dispersion import dispersion_bounds
from hotspots.analysis.exact import (
    beta_binomial_tails,
    conditional_tails,
    merging_cost,
    randomisation_tails,
    window_tails,
)
from hotspots.analysis.lattice import bracketed_tails
from hotspots.analysis.rates import empirical_bayes_rate
from hotspots.errors import AnalysisError, nearest
from hotspots.vocabulary import MEASURE_WORDS, NULL_WORDS, Measure, Null

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from hotspots.analysis.neighbours import Neighbours
    from hotspots.nouns import AreaCounts

    Floats = NDArray[np.float64]
    Bounds = tuple[Floats, Floats, Floats, Floats]

PER = 1000.0
"""Rates are per 1,000 people."""

ISLAND = "no neighbours"

DEAR = 3e9
"""Additions beyond which sums are not counted through value by value (some seconds): they go by the lattice."""


@dataclass(frozen=True, slots=True)
class Windows:
    """The tested areas as arrays, and the windows among them.

    Parameters
    ----------
    where
        Positions of the m tested areas among all areas (m).
    low, high
        Bounds of what is tested (m): their counts, or under randomisation their rates.
    people
        Their population (m), or None where the null does not use one.
    weights, window
        Binary weights (m, m) as SciPy sparse arrays: neighbours only, and the window of the statistic.
    with_self
        Whether the window includes the area itself.
    conditional
        Whether the area's own value is given: it is left out of the tested sum and of its reference.
    """

    where: NDArray[np.int64]
    low: Floats
    high: Floats
    people: Floats | None
    weights: Any
    window: Any
    with_self: bool
    conditional: bool

    @property
    def tested(self) -> Any:
        """Binary weights (m, m) of the sums that are tested."""
        return self.weights if self.conditional else self.window

    @property
    def whole(self) -> bool:
        """Whether all that is tested are whole numbers, as counts are."""
        return all(bool(np.abs(values - np.rint(values)).max() < 1e-6) for values in (self.low, self.high))

    @property
    def cardinalities(self) -> NDArray[np.int64]:
        """Number of tested neighbours (m)."""
        counts: NDArray[np.int64] = np.diff(self.weights.indptr).astype(np.int64)
        return counts

    @property
    def middle(self) -> Floats:
        """Middle of every interval (m)."""
        return (self.low + self.high) / 2

    @property
    def measure(self) -> Floats:
        """Rates per 1,000 where the null uses a population, else what is tested; at the middle of intervals."""
        return self.middle if self.people is None else PER * self.middle / self.people

    def in_all(self, values: Any, n: int) -> NDArray[Any]:
        """Return values of the tested areas in the rows of all n areas; elsewhere missing, or empty text."""
        is_text = np.asarray(values).dtype == object
        column: NDArray[Any] = np.full(n, "", dtype=object) if is_text else np.full(n, np.nan)
        column[self.where] = values
        return column


@dataclass(frozen=True, slots=True)
class Tails:
    """Bounds of both tails of every window, and how they came about.

    Parameters
    ----------
    bounds
        p_hot_low, p_hot_high, p_cold_low, p_cold_high (each m).
    inference
        ``"exact"``, ``"bracketed"`` (between two lattices) or ``"computed"`` (with an estimated dispersion).
    details
        Settings to be stated with the result: dispersion, step.
    """

    bounds: Bounds
    inference: str
    details: Mapping[str, Any] = field(default_factory=dict)


def select_windows(
    counts: AreaCounts,
    links: Neighbours,
    reasons: NDArray[np.object_],
    null: Null,
    *,
    measure: Measure = "count",
    with_self: bool = True,
    conditional: bool = False,
) -> Windows:
    """Return the tested areas; what is not tested takes no part in any window or reference.

    Raises
    ------
    AnalysisError
        If fewer than three areas are left.
    """
    # An island has a count that belongs in everybody's reference, but no window of its own.
    part = np.flatnonzero((reasons == "") | (reasons == ISLAND))
    table = counts.table.iloc[part]
    weights = links.matrix()[part][:, part].tocsr()
    window = links.matrix(with_self=True)[part][:, part].tocsr() if with_self else weights
    if len(part) < 3:
        raise AnalysisError(
            f"Only {len(part)} areas can be tested.",
            found=", ".join(sorted({r for r in reasons if r})) or f"{len(counts)} areas in all",
            advice="use a study area of at least a few dozen areas",
        )
    low, high = (_measured(table[f"observed_{end}"].to_numpy(), table, measure) for end in ("low", "high"))
    return Windows(
        where=part,
        low=low,
        high=high,
        people=None if not _uses_population(counts, null) else table["population"].to_numpy(),
        weights=weights,
        window=window,
        with_self=with_self,
        conditional=conditional or not with_self,
    )


def _measured(events: Floats, table: pd.DataFrame, measure: Measure) -> Floats:
    """Return what is tested: the counts, or rates per 1,000 people."""
    people = table["population"].to_numpy()
    if measure == "rate":
        rates: Floats = PER * events / people
        return rates
    return PER * empirical_bayes_rate(events, people).rate if measure == "empirical-bayes" else events


def reasons_not_tested(
    counts: AreaCounts, links: Neighbours, null: Null, *, measure: Measure = "count"
) -> NDArray[np.object_]:
    """Return why each area can't be tested (n); empty where it can."""
    reasons = np.full(len(counts), "", dtype=object)
    reasons[links.cardinalities == 0] = ISLAND
    if _uses_population(counts, null) or measure != "count":
        reasons[~(counts.table["population"].to_numpy() > 0)] = "no population"
    absent = counts.table["observed_low"].isna().to_numpy()
    reasons[absent] = "no count in the source"
    # An area whose neighbours are all left out has no window either.
    present = (reasons == "") | (reasons == ISLAND)
    left = links.matrix() @ present.astype(float)
    reasons[(reasons == "") & (left == 0)] = ISLAND
    return reasons


def _uses_population(counts: AreaCounts, null: Null) -> bool:
    return counts.area.has_population and null != "randomisation"


def choose_null(null: Null | None, counts: AreaCounts) -> Null:
    """Return the null hypothesis asked for, or the default for these counts.

    Raises
    ------
    AnalysisError
        If it is not known, or needs a population that is not there.
    """
    if null is None:
        return "exchangeable-risk" if counts.area.has_population else "randomisation"
    if null not in NULL_WORDS:
        raise AnalysisError(
            f"There is no null hypothesis {null!r}.",
            found=f"known are {', '.join(NULL_WORDS)}",
            advice=f"did you mean {nearest(null, NULL_WORDS) or 'randomisation'!r}?",
        )
    if null != "randomisation" and not counts.area.has_population:
        raise AnalysisError(
            f"The null hypothesis {null!r} needs a population.",
            found="a study area without one",
            advice='add it with StudyArea.with_population, or use null="randomisation"',
        )
    return null


def choose_measure(measure: Measure | None, counts: AreaCounts, null: Null) -> Measure:
    """Return what is tested: counts, unless rates were asked for.

    Raises
    ------
    AnalysisError
        If it is not known, does not fit the null, or needs what is not there.
    """
    if measure in (None, "count"):
        return "count"
    if measure not in MEASURE_WORDS:
        raise AnalysisError(
            f"There is no measure {measure!r}.",
            found=f"known are {', '.join(MEASURE_WORDS)}",
            advice=f"did you mean {nearest(measure, MEASURE_WORDS) or 'rate'!r}?",
        )
    if null != "randomisation":
        raise AnalysisError(
            f"The measure {measure!r} is for the null hypothesis 'randomisation'.",
            found=f"null = {null!r}, which takes counts and population itself",
            advice='leave measure out, or use null="randomisation"',
        )
    if not counts.area.has_population:
        raise AnalysisError(
            f"The measure {measure!r} needs a population.",
            found="a study area without one",
            advice='add it with StudyArea.with_population, or use measure="count"',
        )
    if measure == "empirical-bayes" and counts.hidden:
        raise AnalysisError(
            "Empirical Bayes rates need counts that are known.",
            found=f"{counts.hidden:,} areas with hidden counts: every one of them moves all rates",
            advice='use measure="rate", which carries intervals',
        )
    return measure


def tails_under(null: Null, tested: Windows, *, mid_p: bool = False) -> Tails:
    """Return bounds of both tails of every window under a null; with `mid_p` ties count half."""
    if null == "randomisation" or tested.people is None:
        return _randomisation(tested, mid_p)
    _need_whole(tested.low, null)
    if null == "constant-risk":
        return Tails(_risk(tested, tested.people, (1.0, 1.0), mid_p), "exact")
    expected = tested.people * tested.middle.sum() / tested.people.sum()
    dispersion = dispersion_bounds(tested.low, tested.high, expected)
    bounds = _risk(tested, tested.people, dispersion, mid_p)
    return Tails(bounds, "computed", {"dispersion": [round(d, 4) for d in dispersion]})


def _risk(tested: Windows, people: Floats, dispersion: tuple[float, float], mid_p: bool) -> Bounds:
    """Return the bounds under a null of risk: window low and others high, and window high and others low.

    An event more in the window raises the total too, but the window's tail falls all the same. The largest dispersion
    goes with the upper bounds and the smallest with the lower: one dispersion can't stand for all fills. Where the
    window leaves the area out, the area keeps its count and the other areas' total is given.
    """
    window = tested.tested
    left_out = np.full(len(people), float(tested.conditional))
    population = people.sum() - left_out * people
    shares = (window @ people) / population
    expected = tested.middle.sum() * population / people.sum()

    def tails(inside: Floats, others: Floats, spread: float) -> tuple[Floats, Floats]:
        within = window @ inside
        total = others.sum() - window @ others - left_out * others + within
        weights = expected / (spread - 1) if spread > 1 else np.full(len(people), np.inf)
        return beta_binomial_tails(within, total, shares, weights, mid_p=mid_p)

    smallest, largest = dispersion
    low, high = tested.low, tested.high
    if smallest == largest and (low == high).all():
        hot, cold = tails(low, low, largest)
        return hot, hot, cold, cold
    hot_high, cold_low = tails(low, high, largest)[0], tails(low, high, smallest)[1]
    hot_low, cold_high = tails(high, low, smallest)[0], tails(high, low, largest)[1]
    # The bounds of a tail above one half may cross, where more dispersion means a smaller tail.
    return np.minimum(hot_low, hot_high), hot_high, np.minimum(cold_low, cold_high), cold_high


def _randomisation(tested: Windows, mid_p: bool) -> Tails:
    """Return the bounds under randomisation: counted through where values are whole, else between two lattices."""
    window, leave_out = tested.tested, tested.conditional
    if tested.whole and (tested.low == tested.high).all():
        values, size = np.rint(tested.low).astype(np.int64), np.diff(window.indptr).astype(np.int64)
        if merging_cost(values, int(size.max()), leave_out=leave_out) <= DEAR:
            sums = np.rint(window @ values).astype(np.int64)
            hot, cold = (conditional_tails if leave_out else randomisation_tails)(values, sums, size, mid_p=mid_p)
            return Tails((hot, hot, cold, cold), "exact")
    elif tested.whole:
        return Tails(_of_every_fill(tested, mid_p), "exact")
    bounds, step = bracketed_tails(tested.low, tested.high, window=window, leave_out=leave_out, mid_p=mid_p)
    return Tails(
        bounds, "exact" if tested.whole else "bracketed", {} if tested.whole else {"step": float(f"{step:.3g}")}
    )


def _of_every_fill(tested: Windows, mid_p: bool) -> Bounds:
    """Return the extremes over the fills of hidden counts; every window has a reference of its own."""
    low, high = (np.rint(values).astype(np.int64) for values in (tested.low, tested.high))
    window, rows = tested.tested, []
    for i in range(len(low)):
        members = window.indices[window.indptr[i] : window.indptr[i + 1]]
        rows.append(window_tails(low, high, members, i if tested.conditional else None, mid_p=mid_p))
    hot_low, hot_high, cold_low, cold_high = np.array(rows).T
    return hot_low, hot_high, cold_low, cold_high


def _need_whole(values: Floats, null: Null) -> None:
    wrong = np.flatnonzero(np.abs(values - np.rint(values)) > 1e-6)
    if len(wrong):
        raise AnalysisError(
            f"The count {values[wrong[0]]:g} is not a whole number.",
            found=f"{len(wrong):,} such counts under the null hypothesis {null!r}",
            advice='give counts of events, and the population for rates; or test values with null="randomisation"',
        )
