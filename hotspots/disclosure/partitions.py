"""Into which intervals a new number may be put, so that no published number and no difference of numbers gets narrower.

A rule puts each count into one of its intervals (1 to 7, 8 to 12, ...). Beside numbers of the same records that are
already published, some of these say too much: if 8 to 12 people of all ages are known, 8 to 12 people under 25 mean 0 to
4 of the others. Such intervals are joined with their neighbours until whatever interval turns out to hold the count is
safe. The joined intervals depend on nothing but what is already published: a reader can work them out, so that learning
which intervals were joined tells nothing (simulatable auditing, Kenthapadi, Mishra and Nissim 2005). What a reader knows
is then exactly: every number lies in its published interval.

The largest value of a number, as a function of the new number, is concave, and the smallest is convex. So the new numbers
at which a published number can still take its largest value are an interval, and an interval of the new number leaves
that value possible if the two meet. All conditions on an interval are of this form (`_Meeting`), so that a few solutions
for each number say which of all intervals are safe.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from hotspots.disclosure.programs import Systems
    from hotspots.disclosure.rules import Rule

__all__ = ["Partitions", "safe_partitions"]


@dataclass(frozen=True, eq=False, slots=True)
class _Meeting:
    """New numbers at which something holds, from `first` to `last` in each system; NaN where that is not known."""

    first: NDArray[np.float64]
    last: NDArray[np.float64]

    def met(self, low: NDArray[np.float64], high: NDArray[np.float64], system: int) -> NDArray[np.bool_]:
        return np.asarray((high >= self.first[system]) & (low <= self.last[system]))

    def missed(self, low: NDArray[np.float64], high: NDArray[np.float64], system: int) -> NDArray[np.bool_]:
        return np.asarray((high < self.first[system]) | (low > self.last[system]))


@dataclass(frozen=True, eq=False, slots=True)
class _Difference:
    """When an unpublished number is as uncertain as the rule asks: it can be all suppressed counts, or none of them."""

    settled: NDArray[np.bool_]
    """Systems in which it can't be a suppressed count, whatever the new number is."""
    at_most: _Meeting
    at_least: _Meeting
    """Where it can still be as high, and as low, as suppressed counts are (or as it can be at all)."""
    not_above: _Meeting
    not_below: _Meeting
    """Where it can be a suppressed count or a lower one; and one or a higher one."""

    def holds(self, low: NDArray[np.float64], high: NDArray[np.float64], system: int) -> NDArray[np.bool_]:
        if self.settled[system]:
            return np.ones(np.shape(low), dtype=bool)
        whole = self.at_most.met(low, high, system) & self.at_least.met(low, high, system)
        return np.asarray(
            whole | self.not_above.missed(low, high, system) | self.not_below.missed(low, high, system)
        )


@dataclass(frozen=True, eq=False, slots=True)
class Partitions:
    """The intervals into which a new number may be put, in each of many systems."""

    rule: Rule
    first: NDArray[np.float64]
    last: NDArray[np.float64]
    """Smallest and largest value of the new number that fit what is published; shape (systems,)."""
    unchanged: tuple[_Meeting, ...]
    differences: tuple[_Difference, ...]

    def intervals(self, system: int) -> NDArray[np.float64]:
        """Return the intervals of one system, from low to high; shape (intervals, 2). The last may have no upper end."""
        parts = self.rule.parts(self.first[system], min(self.last[system], self._beyond(system)))
        parts = np.column_stack([np.maximum(parts[:, 0], self.first[system]), np.minimum(parts[:, 1], self.last[system])])
        upwards = self._join(parts, system)
        downwards = self._join(parts[::-1], system)[::-1]
        return upwards if len(upwards) >= len(downwards) else downwards

    def interval(self, low: float, high: float, system: int) -> tuple[float, float]:
        """Return the interval to publish for a count from `low` to `high`, as the rule alone would show it."""
        intervals = self.intervals(system)
        top = intervals[-1, 1]
        ends = []
        for end, column in ((low, 0), (high, 1)):
            if end > top:  # further intervals are as the rule makes them: see `_beyond`
                ends.append(end)
            else:
                ends.append(float(intervals[np.searchsorted(intervals[:, 1], end), column]))
        return max(ends[0], self.first[system]), min(ends[1], self.last[system])

    def _beyond(self, system: int) -> float:
        """Return a count above which all intervals are safe, or none: no condition changes there."""
        meetings = [*self.unchanged]
        for one in self.differences:
            meetings += [one.at_most, one.at_least, one.not_above, one.not_below]
        ends = [end for one in meetings for end in (one.first[system], one.last[system]) if np.isfinite(end)]
        return max([self.first[system], *ends]) + self.rule.largest + 2 * self.rule.rounding

    def _safe(self, low: NDArray[np.float64], high: NDArray[np.float64], system: int) -> NDArray[np.bool_]:
        """Return which intervals leave everything as uncertain as it must be."""
        rule = self.rule
        safe = (
            (low > rule.largest)
            | (high < rule.smallest)
            | (
                (high >= min(rule.largest, self.last[system]))
                & (low <= max(rule.smallest, self.first[system]))
            )
        )
        for meeting in self.unchanged:
            safe = safe & meeting.met(low, high, system)
        for difference in self.differences:
            safe = safe & difference.holds(low, high, system)
        return np.asarray(safe)

    def _join(self, parts: NDArray[np.float64], system: int) -> NDArray[np.float64]:
        """Return intervals joined until each is safe, in the order of the parts; one interval is always safe."""
        safe = self._safe(parts[:, 0], parts[:, 1], system)
        joined: list[tuple[float, float]] = []
        pending: tuple[float, float] | None = None
        for (low, high), alone in zip(parts.tolist(), safe.tolist(), strict=True):
            if pending is None and alone:
                joined.append((low, high))
                continue
            pending = (low, high) if pending is None else (min(pending[0], low), max(pending[1], high))
            if self._safe(*(np.array(end) for end in pending), system):
                joined.append(pending)
                pending = None
        while pending is not None and joined:
            last = joined.pop()
            pending = min(pending[0], last[0]), max(pending[1], last[1])
            if self._safe(*(np.array(end) for end in pending), system):
                break
        if pending is not None:
            joined.append(pending)
        return np.array(joined)


def safe_partitions(
    known: Systems,
    *,
    new: NDArray[np.bool_],
    published: Sequence[NDArray[np.bool_]],
    unpublished: Sequence[NDArray[np.bool_]],
    rule: Rule,
    shown: Systems | None = None,
) -> Partitions:
    """Return the intervals into which a new number may be put, in each of many systems.

    Parameters
    ----------
    known
        What a reader knows: the published intervals.
    new
        Which cells the new number adds up.
    published
        Numbers that must keep their ranges.
    unpublished
        Numbers that no table has: `differences`.
    rule
        The disclosure rule.
    shown
        Where solutions must be found to count: `known`, or something narrower in which they can be shown to exist.
    """
    shown = shown or known
    ends = known.smallest(new), known.largest(new)
    unchanged = [_Meeting(shown.smallest(new), shown.largest(new))]
    for number in published:
        for end in (known.smallest(number), known.largest(number)):
            unchanged.append(_where(shown, new, number, end, end))
    return Partitions(
        rule, *ends, tuple(unchanged), tuple(_difference(known, shown, new, one, rule) for one in unpublished)
    )


def _difference(
    known: Systems, shown: Systems, new: NDArray[np.bool_], number: NDArray[np.bool_], rule: Rule
) -> _Difference:
    low, high = known.smallest(number), known.largest(number)
    none, top = np.zeros(len(low)), np.full(len(low), np.inf)
    return _Difference(
        settled=(low > rule.largest) | (high < rule.smallest),
        at_most=_where(shown, new, number, np.minimum(rule.largest, high), top),
        at_least=_where(shown, new, number, none, np.maximum(rule.smallest, low)),
        not_above=_where(known, new, number, none, np.maximum(rule.largest, low)),
        not_below=_where(known, new, number, np.minimum(rule.smallest, high), top),
    )


def _where(
    systems: Systems,
    new: NDArray[np.bool_],
    number: NDArray[np.bool_],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
) -> _Meeting:
    """Return the new numbers at which another number lies between two bounds."""
    bounded = systems.with_row(number, low, high)
    return _Meeting(bounded.smallest(new), bounded.largest(new))
