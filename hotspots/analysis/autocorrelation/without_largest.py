"""Whether a hot window would still be hot without the area that has most of its excess: one address, or more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hotspots.analysis.common import tail_that_passes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hotspots.analysis.autocorrelation.p_values import Tails
    from hotspots.analysis.autocorrelation.windows import Windows
    from hotspots.vocabulary import Adjustment

    Floats = NDArray[np.float64]
    Words = NDArray[np.object_]

__all__ = ["hot_without_largest"]


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
