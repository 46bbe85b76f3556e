"""P-values of windows under a null hypothesis, how they are computed, and those of windows without one area."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from hotspots.analysis.autocorrelation.reference import (
    beta_binomial_tails,
    bracketed_tails,
    conditional_tails,
    draws_needed,
    estimate_risks,
    extreme_tails,
    filling_cost,
    merging_cost,
    mixed_poisson_tails,
    pool_cells,
    randomisation_tails,
    weighted_tails,
)
from hotspots.analysis.common import dispersion_bounds, tail_that_passes
from hotspots.errors import AnalysisError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hotspots.analysis.autocorrelation.windows import Windows
    from hotspots.vocabulary import Adjustment, Null, WindowInference

    Floats = NDArray[np.float64]
    Words = NDArray[np.object_]
    Bounds = tuple[Floats, Floats, Floats, Floats]
    OfWindows = Callable[[Any, NDArray[np.intp]], Bounds]
    """From windows, a SciPy sparse array (rows, m), and the area whose each of them is, to their bounds."""

DEAR = 3e9
"""Additions beyond which sums are not counted through value by value (some seconds): they go by the lattice."""

MOST_EVENTS = 1e9
"""In all areas together; above it, probabilities of single counts lose digits to rounding."""

LARGE = 1e7
"""Chances in a pool (80 MB) beyond which sums go by the lattice too: copies of it would take gigabytes."""

MARGIN = 0.05
"""Share by which bounds under scattered risk are widened: of 2,000 fills of maps of 25 areas, none passed them by more
than 4.7% of itself."""

MARGIN_OF_ESTIMATES = 0.2
"""The same for bounds over several estimates of the expected counts: of 460 fills of maps of 64 and 144 areas, at
random, tilted, and heaped up in places, none passed them by more than 11% of itself (a trend of 7 terms)."""

DEAR_FILLS = 1e10
"""Multiplications beyond which windows do not get references of their own (a minute or two): one pool of all lows and
one of all highs then serve them all, and the bounds are outer ones."""


@dataclass(frozen=True, slots=True)
class Tails:
    """Bounds of both tail p-values of every window, and how they were computed.

    Parameters
    ----------
    bounds
        p_hot_low, p_hot_high, p_cold_low, p_cold_high (each m).
    inference
        ``"exact"``, ``"bracketed"`` (between two lattices), ``"computed"`` (with an estimated dispersion or
        distribution of risks) or ``"simulated"``.
    dispersion, risks, step, draws, seed
        Settings to be stated with the result, where there are any: see `hotspots.model.HotspotMethod`.
    of_windows
        Gives the bounds of any other windows under the same null, where that is possible.
    """

    bounds: Bounds
    inference: WindowInference
    dispersion: tuple[float, float] | None = None
    risks: tuple[tuple[float, float], ...] | None = None
    step: float | None = None
    draws: int | None = None
    seed: int | None = None
    of_windows: OfWindows | None = None


def tails_under(null: Null, tested: Windows, *, level: float = 0.05, mid_p: bool = False, rng: int = 0) -> Tails:
    """Return bounds of both tails of every window under a null.

    Parameters
    ----------
    level
        Level for adjusted p-values; it sizes a simulation.
    mid_p
        Whether ties count half.
    rng
        Seed of a simulation, which only neighbours with unequal weights need.

    Raises
    ------
    AnalysisError
        If counts are not whole under a null of risk, or neighbours have weights where the null can't take them.
    """
    if tested.weighted:
        return _simulated(null, tested, level, mid_p, rng)
    if null == "randomisation" or tested.exposure is None:
        return _randomisation(tested, mid_p)
    _need_whole(tested.low, null)
    _need_possible(tested.high)
    found = [_under_risk(null, tested, exposure, mid_p) for exposure in (tested.exposure, *tested.further)]
    return found[0] if len(found) == 1 else _over_estimates(found)


def _under_risk(null: Null, tested: Windows, exposure: Floats, mid_p: bool) -> Tails:
    """Return the tails where events are shared by people or expected counts, but for chance and scatter."""
    if null == "constant-risk":
        return _one_risk(tested, exposure, (1.0, 1.0), mid_p)
    expected = exposure * tested.middle.sum() / exposure.sum()
    if null == "scattered-risk":
        return _scattered_risk(tested, expected, mid_p)
    low, high = dispersion = dispersion_bounds(tested.low, tested.high, expected)
    tails = _one_risk(tested, exposure, dispersion, mid_p)
    return replace(tails, inference="computed", dispersion=(round(low, 4), round(high, 4)))


def _one_risk(tested: Windows, exposure: Floats, dispersion: tuple[float, float], mid_p: bool) -> Tails:
    """Return the tails under one risk for all, or risks that scatter with a dispersion between these."""

    def of_windows(windows: Any, own: NDArray[np.intp]) -> Bounds:
        return _risk(tested, windows, exposure, own=own, dispersion=dispersion, mid_p=mid_p)

    return Tails(of_windows(tested.tested, np.arange(len(tested.low))), "exact", of_windows=of_windows)


def _over_estimates(found: Sequence[Tails]) -> Tails:
    """Return the bounds over several estimates of the expected counts, widened for those in between."""

    def over(bounds: Sequence[Bounds]) -> Bounds:
        hot_low, hot_high, cold_low, cold_high = (
            reach(values, axis=0)
            for values, reach in zip(zip(*bounds, strict=True), (np.min, np.max, np.min, np.max), strict=True)
        )
        return _widened((hot_low, hot_high, cold_low, cold_high), MARGIN_OF_ESTIMATES)

    def of_windows(windows: Any, own: NDArray[np.intp]) -> Bounds:
        return over([tails.of_windows(windows, own) for tails in found if tails.of_windows is not None])

    spreads = [tails.dispersion for tails in found if tails.dispersion is not None]
    dispersion = (min(low for low, _ in spreads), max(high for _, high in spreads)) if spreads else None
    bounds = over([tails.bounds for tails in found])
    return replace(found[0], bounds=bounds, dispersion=dispersion, of_windows=of_windows)


def _widened(bounds: Bounds, margin: float) -> Bounds:
    hot_low, hot_high, cold_low, cold_high = bounds
    return (
        *(hot_low * (1 - margin), np.minimum(hot_high * (1 + margin), 1.0)),
        *(cold_low * (1 - margin), np.minimum(cold_high * (1 + margin), 1.0)),
    )


def _scattered_risk(tested: Windows, expected: Floats, mid_p: bool) -> Tails:
    """Return the tails where areas' risks are drawn from a distribution of any form, estimated from the map.

    Suppressed counts move a window's own count, whose tails bound each other, and the distribution. This is estimated
    from the intervals, and from four fills that span its level and its scatter: all lows, all highs, and every count
    nearest to and farthest from what is expected. The bounds are over all five, widened by `MARGIN`.
    """
    low, high = np.rint(tested.low), np.rint(tested.high)
    risks = estimate_risks(low, high, expected)
    stated = tuple((round(risk, 4), round(share, 4)) for risk, share in zip(*risks, strict=True))
    estimates = [risks]
    if not (low == high).all():
        near = np.clip(np.rint(expected), low, high)
        far = np.where(np.abs(high - expected) >= np.abs(low - expected), high, low)
        estimates += [estimate_risks(fill, fill, expected) for fill in (low, high, near, far)]

    def of_windows(windows: Any, _: NDArray[np.intp]) -> Bounds:
        if len(estimates) == 1:
            hot, cold = mixed_poisson_tails(windows @ low, windows, expected, risks, mid_p=mid_p)
            return hot, hot, cold, cold
        of_low, of_high = (
            [mixed_poisson_tails(windows @ fill, windows, expected, one, mid_p=mid_p) for one in estimates]
            for fill in (low, high)
        )
        return _widened(_bounds_over(of_low, of_high), MARGIN)

    every = np.arange(len(low))
    return Tails(of_windows(tested.tested, every), "computed", risks=stated, of_windows=of_windows)


def _bounds_over(of_low: Sequence[tuple[Floats, Floats]], of_high: Sequence[tuple[Floats, Floats]]) -> Bounds:
    """Return the bounds over all (hot, cold) of windows at their lowest counts, and of windows at their highest."""
    hot_high, cold_low = np.max([hot for hot, _ in of_low], axis=0), np.min([cold for _, cold in of_low], axis=0)
    hot_low, cold_high = np.min([hot for hot, _ in of_high], axis=0), np.max([cold for _, cold in of_high], axis=0)
    return hot_low, hot_high, cold_low, cold_high


def _risk(
    tested: Windows,
    window: Any,
    exposure: Floats,
    *,
    own: NDArray[np.intp],
    dispersion: tuple[float, float],
    mid_p: bool,
) -> Bounds:
    """Return the bounds under a null of risk: window low and others high, and window high and others low.

    An event more in the window raises the total too, but the window's tail falls all the same. No single dispersion
    serves all possible counts: the bounds hold for the smallest and for the largest (a tail near one half, where
    nothing is decided, has its extreme between them and may pass a bound by some 1e-4). Where the window leaves the
    area out, the area keeps its count and the other areas' total is given.
    """
    rows, left_out = window.shape[0], float(tested.conditional)
    population = exposure.sum() - left_out * exposure[own]
    # A window of everybody else has the share 1, whatever rounding makes of the two sums.
    living = np.minimum(window @ exposure, population)
    shares = np.divide(living, population, out=np.ones(rows), where=population > 0)
    # Risks have one spread for all areas: the more events are expected in an area, the more its count scatters.
    relative = np.divide(window @ exposure**2, living * exposure.mean(), out=np.ones(rows), where=living > 0)

    def tails(inside: Floats, others: Floats, spread: float) -> tuple[Floats, Floats]:
        within = window @ inside
        everywhere = others.sum() - window @ others + within
        total, expected = everywhere - left_out * others[own], everywhere * population / exposure.sum()
        # Gammas with variance (d - 1) x mean have the shape mean / (d - 1); given the total, their sum over all areas
        # is the weight of the Dirichlet-multinomial. `relative` brings d - 1 to the areas of the window.
        weights = expected / ((spread - 1) * relative) if spread > 1 else np.full(rows, np.inf)
        return beta_binomial_tails(within, total, shares, weights, mid_p=mid_p)

    smallest, largest = dispersion
    low, high = tested.low, tested.high
    if smallest == largest and (low == high).all():
        hot, cold = tails(low, low, largest)
        return hot, hot, cold, cold
    # Beyond one half more dispersion means a smaller tail, so each bound is taken over both.
    return _bounds_over(
        *([tails(*fill, spread) for spread in {smallest, largest}] for fill in ((low, high), (high, low)))
    )


def _randomisation(tested: Windows, mid_p: bool) -> Tails:
    """Return the bounds under randomisation: counted through where values are whole, else between two lattices."""
    window, leave_out = tested.tested, tested.conditional
    if tested.whole:
        low, high = (np.rint(values).astype(np.int64) for values in (tested.low, tested.high))
        size = np.diff(window.indptr).astype(np.int64)
        # Exact while it is affordable; else the lattice, whose cost hardly depends on the number of areas.
        if (low < high).any():
            if filling_cost(high - low.min(), size) <= DEAR_FILLS:
                return Tails(extreme_tails(low, high, window, leave_out=leave_out, mid_p=mid_p), "exact")
        elif merging_cost(low, int(size.max())) <= DEAR and pool_cells(low, int(size.max())) <= LARGE:
            sums = np.rint(window @ low).astype(np.int64)
            if leave_out:
                hot, cold = conditional_tails(low, sums, size, mid_p=mid_p)
                return Tails((hot, hot, cold, cold), "exact")
            of_windows = partial(_randomised, low, mid_p)
            return Tails(of_windows(window, np.arange(len(low))), "exact", of_windows=of_windows)
    bounds, step = bracketed_tails(tested.low, tested.high, window=window, leave_out=leave_out, mid_p=mid_p)
    known = bool((tested.low == tested.high).all())
    inference: WindowInference = "exact" if tested.whole and known else "bracketed"
    return Tails(bounds, inference, step=None if tested.whole else float(f"{step:.3g}"))


def _randomised(values: NDArray[np.int64], mid_p: bool, window: Any, _: NDArray[np.intp]) -> Bounds:
    """Return the bounds of windows of known whole values that are placed at random; they are equal."""
    sums, size = np.rint(window @ values).astype(np.int64), np.diff(window.indptr).astype(np.int64)
    hot, cold = randomisation_tails(values, sums, size, mid_p=mid_p)
    return hot, hot, cold, cold


def _simulated(null: Null, tested: Windows, level: float, mid_p: bool, rng: int) -> Tails:
    """Return the tails of weighted sums, simulated."""
    if null != "randomisation":
        raise AnalysisError(
            f"The null hypothesis {null!r} needs neighbours of equal weight.",
            found="a graph whose weights differ within an area",
            advice='give a binary graph, or test rates: null="randomisation", measure="rate"',
        )
    if (tested.low < tested.high).any():
        raise AnalysisError(
            "Hidden counts need neighbours of equal weight.",
            found=f"{int((tested.low < tested.high).sum()):,} hidden counts and a graph whose weights differ",
            advice="give a binary graph",
        )
    draws = draws_needed(len(tested.where), level)
    hot, cold = weighted_tails(
        tested.low,
        tested.tested,
        leave_out=tested.conditional,
        draws=draws,
        rng=np.random.default_rng(rng),
        mid_p=mid_p,
    )
    return Tails((hot, hot, cold, cold), "simulated", draws=draws, seed=rng)


def _need_possible(high: Floats) -> None:
    if high.sum() > MOST_EVENTS:
        raise AnalysisError(
            f"{high.sum():,.0f} events are more than can be tested.",
            found=f"{len(high):,} areas, the highest count {high.max():,.0f}",
            advice=f"check the column of counts: at most {MOST_EVENTS:,.0f} events in all can be tested",
        )


def _need_whole(values: Floats, null: Null) -> None:
    wrong = np.flatnonzero(np.abs(values - np.rint(values)) > 1e-6)
    if len(wrong):
        raise AnalysisError(
            f"The count {values[wrong[0]]:g} is not a whole number.",
            found=f"{len(wrong):,} such counts under the null hypothesis {null!r}",
            advice='give counts of events, and the population for rates; or test values with null="randomisation"',
        )


# --------------------------------------------------------------------------- windows without one area


def hot_without_largest(tested: Windows, tails: Tails, *, adjustment: Adjustment, level: float) -> Words:
    """Return for every tested area whether its window is hot without its largest area: yes, no or depends (m).

    The area with the largest excess, observed less expected events, is left out of the window, its count and its
    people; all else stays as it is, the estimates of the null too. The p-value of the rest, under the same null, must
    be no larger than that at which a window passes in the result: with Benjamini and Hochberg's method, level times
    the share of areas that pass. So the question is about this window beside the others as they are, and none of the
    others becomes easier or harder. As the largest area was chosen for its count, the test of the rest errs towards
    "no".

    With suppressed counts, any area that may have the largest excess is left out in turn; "depends" where the answer
    is not the same for all values that the counts can have. Areas that are not hot for any value, and tests whose
    reference belongs to the window as it is (values that are not whole, weights, conditional forms under
    randomisation), have "not_tested".
    """
    words: Words = np.full(len(tested.low), "not_tested", dtype=object)
    if tails.of_windows is None:
        return words
    hot_low, hot_high, cold_low, cold_high = tails.bounds
    cutoffs = [
        tail_that_passes(hot, cold, method=adjustment, level=level)
        for hot, cold in ((hot_low, cold_low), (hot_high, cold_high))
    ]
    asked = np.flatnonzero((hot_low <= cutoffs[0]) & (hot_low <= cold_low) & (tested.cardinalities > 0))
    if not len(asked):
        return words
    rows, windows = _without(tested, asked)
    low, high, _, _ = tails.of_windows(windows, asked[rows])
    # Over all areas that may be the largest.
    lowest, highest = np.ones(len(asked)), np.zeros(len(asked))
    np.minimum.at(lowest, rows, low)
    np.maximum.at(highest, rows, high)
    words[asked] = "depends"
    words[asked[highest <= cutoffs[1]]] = "yes"
    words[asked[lowest > cutoffs[0]]] = "no"
    return words


def _without(tested: Windows, asked: NDArray[np.intp]) -> tuple[NDArray[np.intp], Any]:
    """Return windows of the areas asked for, each without an area that may have the largest excess.

    Returns
    -------
    rows, windows
        Position among those asked for of each window (r), and the windows, a SciPy sparse array (r, m).
    """
    from scipy.sparse import csr_array

    exposure = np.ones(len(tested.low)) if tested.exposure is None else tested.exposure
    expected = exposure * (tested.middle.sum() / exposure.sum())
    rows, starts, members = [], [0], []
    window = tested.tested.tocsr()
    for row, area in enumerate(asked):
        own = window.indices[window.indptr[area] : window.indptr[area + 1]]
        least, most = tested.low[own] - expected[own], tested.high[own] - expected[own]
        # An area may be the largest if it can pass all others; of equal ones with known counts the first is.
        may = most > least.max()
        may[np.argmax(least)] = True
        for largest in own[may]:
            rows.append(row)
            members.append(own[own != largest])
            starts.append(starts[-1] + len(members[-1]))
    indices = np.concatenate(members)
    shape = (len(rows), len(tested.low))
    return np.array(rows), csr_array((np.ones(len(indices)), indices, np.array(starts)), shape=shape)
