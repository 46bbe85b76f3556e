"""Which areas are hot and cold, without all else of a result, for many kinds of neighbours at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hotspots.analysis.autocorrelation.p_values import Tails, tails_under
from hotspots.analysis.autocorrelation.windows import Windows, prepare_windows
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
    estimated once.
    """
    tails: Tails | None = None
    for links in kinds:
        null, _, _, reasons, tested = prepare_windows(
            counts, links, null=null, measure=None, with_self=True, conditional=False
        )
        if tails is None or tails.of_windows is None or tested.weighted:
            tails = tails_under(null, tested, level=level)
            bounds = tails.bounds
        else:
            bounds = tails.of_windows(tested.tested, np.arange(len(tested.low)))
        # An area without neighbours is in the reference, and has no window of its own.
        alone = tested.cardinalities == 0
        yield _calls(
            tested,
            tuple(np.where(alone, np.nan, tail) for tail in bounds),
            reasons == "",
            adjustment=adjustment,
            level=level,
        )


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
