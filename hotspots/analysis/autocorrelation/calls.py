"""Which areas are hot and cold, without all else of a result, for many kinds of neighbours at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hotspots.analysis.autocorrelation.p_values import tails_under
from hotspots.analysis.autocorrelation.windows import Prepared, Windows, prepare_windows
from hotspots.analysis.common import adjust_tails, tail_that_passes
from hotspots.vocabulary import Adjustment, Null

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hotspots.analysis.autocorrelation.neighbours import Neighbours
    from hotspots.model import AreaCounts

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

__all__ = ["Calls", "call_areas"]


@dataclass(frozen=True, slots=True)
class Calls:
    """What Gi* says of every area (n), by position.

    Parameters
    ----------
    tested
        Whether the area was tested.
    hot, cold
        Whether it is hot, or cold, at the level for all values that suppressed counts can have.
    may_be_hot, may_be_cold
        The same for some values; equal to `hot` and `cold` where every count is known.
    """

    tested: Mask
    hot: Mask
    cold: Mask
    may_be_hot: Mask
    may_be_cold: Mask


def call_areas(
    counts: AreaCounts, kinds: Sequence[Neighbours], *, null: Null | None, adjustment: Adjustment, level: float
) -> Iterator[Calls]:
    """Give the hot and cold areas of Gi* under each kind of neighbours: those of `getis_ord`, in a part of its time.

    What the null hypothesis needs from the counts (dispersion, distribution of risks) depends on no neighbours and is
    estimated once, and the windows of all kinds but the first are tested in one go.
    """
    prepared = [
        prepare_windows(counts, links, null=null, measure=None, with_self=True, conditional=False) for links in kinds
    ]
    for one, bounds in zip(prepared, _bounds(prepared, level), strict=True):
        # An area without neighbours is in the reference, and has no window of its own.
        alone = one.windows.cardinalities == 0
        own = tuple(np.where(alone, np.nan, tail) for tail in bounds)
        yield _calls(one.windows, own, one.reasons == "", adjustment=adjustment, level=level)


def _bounds(prepared: Sequence[Prepared], level: float) -> Iterator[tuple[Floats, ...]]:
    """Give the bounds of both tails of every window, kind by kind."""
    from scipy.sparse import vstack

    first, *others = prepared
    tails = tails_under(first.null, first.windows, level=level)
    yield tails.bounds
    if tails.of_windows is None or any(one.windows.weighted for one in others):
        for one in others:
            yield tails_under(one.null, one.windows, level=level).bounds
        return
    if not others:
        return
    # Windows of one area have most areas in common, so they come one after the other.
    owner = np.tile(np.arange(len(first.windows.low)), len(others))
    order = np.argsort(owner, kind="stable")
    windows = vstack([one.windows.tested for one in others], format="csr")[order]
    found = tails.of_windows(windows, owner[order])
    back = np.argsort(order)
    for number in range(len(others)):
        rows = back[number * len(first.windows.low) : (number + 1) * len(first.windows.low)]
        yield tuple(tail[rows] for tail in found)


def _calls(
    tested: Windows, bounds: tuple[Floats, ...], has_window: Mask, *, adjustment: Adjustment, level: float
) -> Calls:
    """Return the calls by the rule of `getis_ord`: certain by the upper bounds, possible by the lower ones."""
    hot_low, hot_high, cold_low, cold_high = bounds
    passes = adjust_tails(hot_high, cold_high, method=adjustment) <= level
    hot, cold = passes & (hot_high < cold_high), passes & ~(hot_high < cold_high)
    may_be_hot, may_be_cold = hot, cold
    if (tested.low < tested.high).any():
        may_be_hot = hot | (hot_low <= tail_that_passes(hot_low, cold_low, method=adjustment, level=level))
        may_be_cold = cold | (cold_low <= tail_that_passes(cold_low, hot_low, method=adjustment, level=level))
    return Calls(has_window, *(_in_all(one, tested, len(has_window)) for one in (hot, cold, may_be_hot, may_be_cold)))


def _in_all(values: Mask, tested: Windows, n: int) -> Mask:
    column = np.zeros(n, dtype=bool)
    column[tested.where] = values
    return column
