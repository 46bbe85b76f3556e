"""The tested areas, their windows, and both tails of every window's count under a null hypothesis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hotspots.analysis.dispersion import dispersion_bounds
from hotspots.analysis.exact import beta_binomial_tails, conditional_tails, randomisation_tails, window_tails
from hotspots.errors import AnalysisError, nearest
from hotspots.vocabulary import NULL_WORDS, Null

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hotspots.analysis.neighbours import Neighbours
    from hotspots.nouns import AreaCounts

    Floats = NDArray[np.float64]
    Bounds = tuple[Floats, Floats, Floats, Floats]

PER = 1000.0
"""Rates are per 1,000 people."""

ISLAND = "no neighbours"


@dataclass(frozen=True, slots=True)
class Windows:
    """The tested areas as arrays, and the windows among them.

    Parameters
    ----------
    where
        Positions of the m tested areas among all areas (m).
    low, high
        Bounds of their counts (m).
    people
        Their population (m), or None where the null does not use one.
    weights, window
        Binary weights (m, m) as SciPy sparse arrays: neighbours only, and the tested window.
    with_self
        Whether the window includes the area itself.
    """

    where: NDArray[np.int64]
    low: Floats
    high: Floats
    people: Floats | None
    weights: Any
    window: Any
    with_self: bool

    @property
    def cardinalities(self) -> NDArray[np.int64]:
        """Number of tested neighbours (m)."""
        counts: NDArray[np.int64] = np.diff(self.weights.indptr).astype(np.int64)
        return counts

    @property
    def middle(self) -> Floats:
        """Middle of every count's interval (m)."""
        return (self.low + self.high) / 2

    @property
    def measure(self) -> Floats:
        """Rates per 1,000 where there is a population, else counts; at the middle of intervals."""
        return self.middle if self.people is None else PER * self.middle / self.people

    def in_all(self, values: Any, n: int) -> NDArray[Any]:
        """Return values of the tested areas in the rows of all n areas; elsewhere missing, or empty text."""
        is_text = np.asarray(values).dtype == object
        column: NDArray[Any] = np.full(n, "", dtype=object) if is_text else np.full(n, np.nan)
        column[self.where] = values
        return column


def select_windows(
    counts: AreaCounts, links: Neighbours, reasons: NDArray[np.object_], null: Null, *, with_self: bool
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
    return Windows(
        where=part,
        low=table["observed_low"].to_numpy(),
        high=table["observed_high"].to_numpy(),
        people=None if not _uses_population(counts, null) else table["population"].to_numpy(),
        weights=weights,
        window=window,
        with_self=with_self,
    )


def reasons_not_tested(counts: AreaCounts, links: Neighbours, null: Null) -> NDArray[np.object_]:
    """Return why each area can't be tested (n); empty where it can."""
    reasons = np.full(len(counts), "", dtype=object)
    reasons[links.cardinalities == 0] = ISLAND
    if _uses_population(counts, null):
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


def tails_under(null: Null, tested: Windows) -> tuple[Bounds, tuple[float, float] | None]:
    """Return bounds of both tails of every window under a null, and the dispersion's bounds where one is estimated.

    Returns
    -------
    bounds
        p_hot_low, p_hot_high, p_cold_low, p_cold_high (each m).
    dispersion
        Smallest and largest over the fills of hidden counts, or None.
    """
    if null == "randomisation" or tested.people is None:
        return _randomisation(tested), None
    if null == "constant-risk":
        return _risk(tested, tested.people, (1.0, 1.0)), None
    expected = tested.people * tested.middle.sum() / tested.people.sum()
    dispersion = dispersion_bounds(tested.low, tested.high, expected)
    return _risk(tested, tested.people, dispersion), dispersion


def _risk(tested: Windows, people: Floats, dispersion: tuple[float, float]) -> Bounds:
    """Return the bounds under a null of risk: window low and others high, and window high and others low.

    An event more in the window raises the total too, but the window's tail falls all the same. The largest dispersion
    goes with the upper bounds and the smallest with the lower: one dispersion can't stand for all fills. Where the
    window leaves the area out, the area keeps its count and the other areas' total is given.
    """
    window = tested.window
    left_out = np.zeros(len(people)) if tested.with_self else np.ones(len(people))
    population = people.sum() - left_out * people
    shares = (window @ people) / population
    expected = tested.middle.sum() * population / people.sum()

    def tails(inside: Floats, others: Floats, spread: float) -> tuple[Floats, Floats]:
        within = window @ inside
        total = others.sum() - window @ others - left_out * others + within
        weights = expected / (spread - 1) if spread > 1 else np.full(len(people), np.inf)
        return beta_binomial_tails(within, total, shares, weights)

    smallest, largest = dispersion
    low, high = tested.low, tested.high
    if smallest == largest and (low == high).all():
        hot, cold = tails(low, low, largest)
        return hot, hot, cold, cold
    hot_high, cold_low = tails(low, high, largest)[0], tails(low, high, smallest)[1]
    hot_low, cold_high = tails(high, low, smallest)[0], tails(high, low, largest)[1]
    # The bounds of a tail above one half may cross, where more dispersion means a smaller tail.
    return np.minimum(hot_low, hot_high), hot_high, np.minimum(cold_low, cold_high), cold_high


def _randomisation(tested: Windows) -> Bounds:
    low, high = _whole(tested.low), _whole(tested.high)
    window = tested.window
    if (low == high).all():
        sums = np.rint(window @ low).astype(np.int64)
        size = np.diff(window.indptr).astype(np.int64)
        hot, cold = (randomisation_tails if tested.with_self else conditional_tails)(low, sums, size)
        return hot, hot, cold, cold
    rows = []
    for i in range(len(low)):
        members = window.indices[window.indptr[i] : window.indptr[i + 1]]
        rows.append(window_tails(low, high, members, None if tested.with_self else i))
    hot_low, hot_high, cold_low, cold_high = np.array(rows).T
    return hot_low, hot_high, cold_low, cold_high


def _whole(values: Floats) -> NDArray[np.int64]:
    rounded = np.rint(values)
    wrong = np.flatnonzero(np.abs(values - rounded) > 1e-6)
    if len(wrong):
        raise AnalysisError(
            f"The count {values[wrong[0]]:g} is not a whole number.",
            found=f"{len(wrong):,} such counts",
            advice="give counts of events, and the population for rates",
        )
    return rounded.astype(np.int64)
