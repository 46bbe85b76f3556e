"""Windows of the tested areas: which areas, what is tested in them, z-scores and quadrants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

import numpy as np

from hotspots.analysis.autocorrelation.neighbours import Neighbours, as_neighbours
from hotspots.analysis.common import empirical_bayes_rate
from hotspots.errors import AnalysisError, nearest
from hotspots.vocabulary import NULL_WORDS, Measure, Null

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from hotspots.model import AreaCounts

    Floats = NDArray[np.float64]

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
        Bounds of what is tested (m): their counts, or under randomisation their rates.
    exposure
        What the null shares the events by (m): their population, or their expected counts where these are given; None
        where the null uses neither.
    further
        Further estimates of the expected counts (m each), over which p-values are bounds.
    weights, window
        Weights (m, m) as SciPy sparse arrays: neighbours only, and the window of the statistic. Ones, unless the
        neighbours are `weighted`.
    with_self
        Whether the window includes the area itself.
    conditional
        Whether the area's own value is given: it is left out of the tested sum and of its reference.
    weighted
        Whether neighbours have weights of their own.
    """

    where: NDArray[np.int64]
    low: Floats
    high: Floats
    exposure: Floats | None
    weights: Any
    window: Any
    with_self: bool
    conditional: bool
    weighted: bool
    further: tuple[Floats, ...] = ()

    @property
    def tested(self) -> Any:
        """Weights (m, m) of the sums that are tested."""
        return self.weights if self.conditional else self.window

    @property
    def members(self) -> Any:
        """Ones (m, m) where an area belongs to a window, whatever its weight."""
        return (self.window > 0).astype(float)

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
        """Rates per 1,000 people or expected events, else what is tested; at the middle of intervals."""
        return self.middle if self.exposure is None else PER * self.middle / self.exposure

    def in_all(self, values: Any, n: int) -> NDArray[Any]:
        """Return values of the tested areas in the rows of all n areas; elsewhere missing, or empty text."""
        is_text = np.asarray(values).dtype == object
        column: NDArray[Any] = np.full(n, "", dtype=object) if is_text else np.full(n, np.nan)
        column[self.where] = values
        return column


class Prepared(NamedTuple):
    """What is tested, and against what."""

    null: Null
    measure: Measure
    links: Neighbours
    reasons: NDArray[np.object_]
    """Why each area (n) can't be tested, empty where it can."""
    windows: Windows


def prepare_windows(
    counts: AreaCounts,
    neighbours: Neighbours | Any | None,
    *,
    null: Null | None,
    measure: Measure | None,
    with_self: bool,
    conditional: bool,
) -> Prepared:
    """Return the windows of all areas that can be tested, under the null hypothesis and measure that fit the counts.

    Raises
    ------
    AnalysisError
        If null, measure and form do not fit each other or the counts, or fewer than three areas are left.
    """
    links = as_neighbours(neighbours, counts.area)
    null = _choose_null(null, counts)
    measure = _choose_measure(measure, counts, null)
    _need_fitting(null, with_self=with_self, conditional=conditional)
    reasons, islands = _reasons_not_tested(counts, links, null, measure=measure)
    windows = _select_windows(
        counts, links, reasons, islands, null, measure=measure, with_self=with_self, conditional=conditional
    )
    return Prepared(null, measure, links, reasons, windows)


def _select_windows(
    counts: AreaCounts,
    links: Neighbours,
    reasons: NDArray[np.object_],
    islands: NDArray[np.bool_],
    null: Null,
    *,
    measure: Measure,
    with_self: bool,
    conditional: bool,
) -> Windows:
    """Return the tested areas; what is not tested takes no part in any window or reference.

    Raises
    ------
    AnalysisError
        If fewer than three areas are left.
    """
    # An island has a count that belongs in everybody's reference, but no window of its own.
    part = np.flatnonzero((reasons == "") | islands)
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
    further = None if null == "randomisation" else counts.further_expected
    return Windows(
        where=part,
        low=low,
        high=high,
        exposure=_exposure(counts, null, table),
        weights=weights,
        window=window,
        with_self=with_self,
        conditional=conditional or not with_self,
        weighted=links.weights is not None,
        further=() if further is None else tuple(further.iloc[part].to_numpy(dtype=float).T),
    )


def _exposure(counts: AreaCounts, null: Null, table: pd.DataFrame) -> Floats | None:
    """Return what the null shares the events by: people, or expected counts where these are given."""
    if not _uses_expected(counts, null):
        return None
    shares: Floats = table["population" if counts.expectation is None else "expected"].to_numpy(dtype=float)
    return shares


def _measured(events: Floats, table: pd.DataFrame, measure: Measure) -> Floats:
    """Return what is tested: the counts, or rates per 1,000 people."""
    people = table["population"].to_numpy()
    if measure == "rate":
        rates: Floats = PER * events / people
        return rates
    return PER * empirical_bayes_rate(events, people).rate if measure == "empirical-bayes" else events


def _reasons_not_tested(
    counts: AreaCounts, links: Neighbours, null: Null, *, measure: Measure
) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    """Return why each area can't be tested (n), empty where it can; and which (n) can't for want of neighbours only."""
    reasons = np.full(len(counts), "", dtype=object)
    if counts.expectation is not None:
        reasons[:] = [counts.without_expected.get(area_id, "") for area_id in counts.area.ids]
    elif _uses_expected(counts, null) or measure != "count":
        reasons[~(counts.table["population"].to_numpy() > 0)] = "no population"
    absent = counts.table["observed_low"].isna().to_numpy()
    why = counts.table["reason"].to_numpy(dtype=object)[absent]
    reasons[absent] = [f"no count in the source: {one}" if one else "no count in the source" for one in why]
    # An area whose neighbours are all left out has no window either.
    present = reasons == ""
    left = links.matrix() @ present.astype(float)
    islands = present & ((links.cardinalities == 0) | (left == 0))
    reasons[islands] = ISLAND
    return reasons, islands


def _uses_expected(counts: AreaCounts, null: Null) -> bool:
    return counts.has_expected and null != "randomisation"


def _need_fitting(null: Null, *, with_self: bool, conditional: bool) -> None:
    if with_self and conditional and null != "randomisation":
        raise AnalysisError(
            "The conditional form of Gi* is for the null hypothesis 'randomisation'.",
            found=f"null = {null!r}",
            advice="use with_self=False, which tests the neighbours given the area's own count",
        )


def _choose_null(null: Null | None, counts: AreaCounts) -> Null:
    """Return the null hypothesis asked for, or the default for these counts.

    Raises
    ------
    AnalysisError
        If it is not known, or needs a population that is not there.
    """
    if null is None:
        return "scattered-risk" if counts.has_expected else "randomisation"
    if null not in NULL_WORDS:
        raise AnalysisError(
            f"There is no null hypothesis {null!r}.",
            found=f"known are {', '.join(NULL_WORDS)}",
            advice=f"did you mean {nearest(null, NULL_WORDS) or 'randomisation'!r}?",
        )
    if null == "randomisation" and counts.expectation is not None:
        raise AnalysisError(
            "The null hypothesis 'randomisation' does not use expected counts.",
            found=f"expected counts from {counts.expectation.title}",
            advice='use null="scattered-risk", or counts without expected counts of their own',
        )
    if null != "randomisation" and not counts.has_expected:
        raise AnalysisError(
            f"The null hypothesis {null!r} needs a population.",
            found="a study area without one",
            advice='add it with StudyArea.with_population, or use null="randomisation"',
        )
    return null


def _choose_measure(measure: Measure | None, counts: AreaCounts, null: Null) -> Measure:
    """Return what is tested: counts, unless rates were asked for.

    Raises
    ------
    AnalysisError
        If it is not known, does not fit the null, or needs what is not there.
    """
    if measure in (None, "count"):
        return "count"
    if measure not in get_args(Measure):
        raise AnalysisError(
            f"There is no measure {measure!r}.",
            found=f"known are {', '.join(get_args(Measure))}",
            advice=f"did you mean {nearest(measure, get_args(Measure)) or 'rate'!r}?",
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


# --------------------------------------------------------------------------- classical statistics, for comparison


def gi_z(values: Floats, weights: Any, *, with_self: bool) -> Floats:
    """Return the classical z-scores of Gi* (`with_self`) or Gi, as ArcGIS and spdep do.

    The area itself is added before anything is standardised, so that binary and row-standardised weights give the
    same Gi*. esda's row-standardised Gi* standardises first and differs. No p-value is made from it here: the
    normal approximation is poor for few neighbours and small counts.

    Parameters
    ----------
    values
        One value per area (n).
    weights
        SciPy sparse array (n, n), usually zeros and ones; with a diagonal for Gi*.

    References
    ----------
    Ord and Getis (1995), Geographical Analysis 27, equations 5 (Gi*) and 4 (Gi, moments without area i).
    """
    n, sums = len(values), weights @ values
    size, squares = weights.sum(axis=1), weights.power(2).sum(axis=1)
    if with_self:
        mean, variance, others = values.mean(), values.var(), n
    else:
        others = n - 1
        mean = (values.sum() - values) / others
        variance = ((values**2).sum() - values**2) / others - mean**2
    # Variance of a weighted sum without replacement: s² (n sum w² - (sum w)²) / (n - 1).
    spread = variance * (others * squares - size**2) / (others - 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        # Where all values are equal, or the window is everything, there is nothing to compare.
        z: Floats = np.where(
            spread > 1e-12 * max(1.0, np.abs(values).max()) ** 2, (sums - size * mean) / np.sqrt(spread), np.nan
        )
    return z


def local_moran_i(values: Floats, weights: Any) -> tuple[Floats, Floats, Floats]:
    """Return Local Moran's I with row-standardised weights, the deviations z and their neighbours' mean.

    I_i = z_i / m2 * mean of the neighbours' z, with m2 = sum z^2 / n.

    Parameters
    ----------
    values
        One value per area (n).
    weights
        SciPy sparse array (n, n), usually zeros and ones, with an empty diagonal.

    References
    ----------
    Anselin (1995), Geographical Analysis 27, equation 7.
    """
    z = values - values.mean()
    size = weights.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        lag = np.where(size > 0, (weights @ z) / size, np.nan)
        moran: Floats = z / np.mean(z**2) * lag
    return moran, z, lag


def quadrants(tested: Windows) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    """Return the quadrant in words (empty at the mean), and whether the own side of the mean is certain.

    With a population the mean is that of all people (the overall rate) and not of areas, so that a quadrant agrees
    with the test's direction; neighbours are taken together, as one population. With expected counts it is the ratio
    of all events to all expected ones.
    """
    exposure = np.ones(len(tested.low)) if tested.exposure is None else tested.exposure
    share = exposure / exposure.sum()
    middle = tested.middle
    own = middle - share * middle.sum()
    around = tested.weights @ own
    sides = [_certain_side(tested, one / one.sum()) for one in (exposure, *tested.further)]
    above, below = (np.all(side, axis=0) for side in zip(*sides, strict=True))
    tolerance = 1e-9 * max(1.0, float(np.abs(own).max()))
    first = np.where(own > tolerance, "high_", np.where(own < -tolerance, "low_", ""))
    second = np.where(around > 0, "high", "low")
    quadrant = np.char.add(first, second).astype(object)
    quadrant[(first == "") | (tested.cardinalities == 0)] = ""
    return quadrant, above | below


def _certain_side(tested: Windows, share: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which areas are above the mean, and which below it, whatever the suppressed counts are."""
    low, high = tested.low, tested.high
    # Each area at one bound, all others at the other: the mean that is hardest to beat.
    return low > share * (high.sum() - high + low), high < share * (low.sum() - low + high)
