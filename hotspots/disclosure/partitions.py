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

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from hotspots.disclosure.scopes import differences, single_cells

if TYPE_CHECKING:
    from collections.abc import Iterable

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
class _Unpublished:
    """When an unpublished number is uncertain enough: it can't be a suppressed count, or as many counts are possible."""

    settled: NDArray[np.bool_]
    """Systems in which it can't be a suppressed count, whatever the new number is."""
    wide: tuple[tuple[_Meeting, _Meeting], ...]
    """Pairs: where it can be as low as some count, and as high as that count and the width of suppressed counts."""
    not_above: _Meeting
    not_below: _Meeting
    """Where it can be a suppressed count or a lower one; and one or a higher one."""

    def holds(self, low: NDArray[np.float64], high: NDArray[np.float64], system: int) -> NDArray[np.bool_]:
        if self.settled[system]:
            return np.ones(np.shape(low), dtype=bool)
        enough = self.not_above.missed(low, high, system) | self.not_below.missed(low, high, system)
        for lower, upper in self.wide:
            enough = enough | (lower.met(low, high, system) & upper.met(low, high, system))
        return np.asarray(enough)

    @property
    def meetings(self) -> tuple[_Meeting, ...]:
        return self.not_above, self.not_below, *itertools.chain.from_iterable(self.wide)


@dataclass(frozen=True, eq=False, slots=True)
class _Conditions:
    """What an interval of the new number must leave possible, given what a reader takes for certain."""

    rule: Rule
    first: NDArray[np.float64]
    last: NDArray[np.float64]
    """Smallest and largest value of the new number; missing in systems that this reader's view contradicts."""
    unchanged: tuple[_Meeting, ...]
    unpublished: tuple[_Unpublished, ...]

    def safe(self, low: NDArray[np.float64], high: NDArray[np.float64], system: int) -> NDArray[np.bool_]:
        """Return which intervals leave everything as uncertain as it must be."""
        rule, first, last = self.rule, self.first[system], self.last[system]
        if np.isnan(first):
            return np.ones(np.shape(low), dtype=bool)
        safe = (
            (low > rule.largest)
            | (high < rule.smallest)
            | ((high >= min(rule.largest, last)) & (low <= max(rule.smallest, first)))
        )
        for meeting in self.unchanged:
            safe = safe & meeting.met(low, high, system)
        for number in self.unpublished:
            safe = safe & number.holds(low, high, system)
        return np.asarray(safe)

    def ends(self, system: int) -> list[float]:
        """Return all numbers at which an interval may stop being safe, or become so."""
        meetings = [*self.unchanged, *itertools.chain.from_iterable(one.meetings for one in self.unpublished)]
        return [end for one in meetings for end in (one.first[system], one.last[system]) if np.isfinite(end)]


@dataclass(frozen=True, eq=False, slots=True)
class Partitions:
    """The intervals into which a new number may be put, in each of many systems."""

    rule: Rule
    first: NDArray[np.float64]
    last: NDArray[np.float64]
    """Smallest and largest value of the new number that fit what is published; shape (systems,)."""
    views: tuple[_Conditions, ...]
    _known: dict[int, NDArray[np.float64]] = field(default_factory=dict, repr=False)

    def intervals(self, system: int) -> NDArray[np.float64]:
        """Return the intervals of one system, from low to high; shape (intervals, 2). The last may have no upper end."""
        if system not in self._known:
            first, last = self.first[system], self.last[system]
            parts = self.rule.parts(first, min(last, self._beyond(system)))
            parts = np.column_stack([np.maximum(parts[:, 0], first), np.minimum(parts[:, 1], last)])
            upwards = self._join(parts, system)
            downwards = self._join(parts[::-1], system)[::-1]
            self._known[system] = upwards if len(upwards) >= len(downwards) else downwards
        return self._known[system]

    def interval(self, low: float, high: float, system: int) -> tuple[float, float]:
        """Return the interval to publish for a count from `low` to `high`, as the rule alone would show it."""
        intervals = self.intervals(system)
        ends = []
        for end, column in ((low, 0), (high, 1)):
            # Above the last interval, further ones are as the rule makes them: see `_beyond`.
            above = end > intervals[-1, 1]
            ends.append(end if above else float(intervals[np.searchsorted(intervals[:, 1], end), column]))
        return max(ends[0], self.first[system]), min(ends[1], self.last[system])

    def _beyond(self, system: int) -> float:
        """Return a count above which either all intervals are safe, or none: no condition changes there."""
        ends = itertools.chain.from_iterable(view.ends(system) for view in self.views)
        return max(self.first[system], *ends) + self.rule.largest + 2 * self.rule.rounding

    def _safe(self, low: NDArray[np.float64], high: NDArray[np.float64], system: int) -> NDArray[np.bool_]:
        return np.asarray(np.all([view.safe(low, high, system) for view in self.views], axis=0))

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
    cells: NDArray[np.bool_],
    *,
    likely: NDArray[np.bool_],
    rule: Rule,
    shown: Systems | None = None,
) -> Partitions:
    """Return the intervals into which a new number may be put, in each of many systems.

    Parameters
    ----------
    known
        What a reader knows: the published intervals.
    cells
        Which cells each published number adds up, and in the last row the new number; shape (numbers, cells).
    likely
        Cells that may have records. A reader may take the others for empty: intervals are safe both for those who do
        and for those who do not.
    rule
        The disclosure rule.
    shown
        Where solutions must be found to count: `known`, or something narrower in which they can be shown to exist.
    """
    shown = shown or known
    views = [_conditions(known, shown, cells, rule)]
    if not likely.all():
        views.append(_conditions(known.only(likely), shown.only(likely), cells[:, likely], rule))
    return Partitions(rule, views[0].first, views[0].last, tuple(views))


def _conditions(known: Systems, shown: Systems, cells: NDArray[np.bool_], rule: Rule) -> _Conditions:
    """Return the conditions on intervals of the number in the last row of `cells`."""
    new, published = cells[-1], cells[:-1]
    (first,), (last,) = known.ranges(new[None, :])
    (shown_first,), (shown_last,) = (first[None], last[None]) if shown is known else shown.ranges(new[None, :])
    unchanged = [_Meeting(shown_first, shown_last)]
    for end in known.ranges(published):
        unchanged += _where(shown, new, published, end, end)
    # A difference must be able to have every suppressed count, or none. Of other cells, which no single subtraction
    # gives, as many values must be possible as there are suppressed counts.
    unpublished = [
        *_unpublished(known, shown, new, differences(cells), rule, (rule.smallest,)),
        *_unpublished(known, shown, new, single_cells(cells), rule, range(rule.smallest, rule.largest + 1)),
    ]
    return _Conditions(rule, first, last, tuple(unchanged), tuple(unpublished))


def _unpublished(
    known: Systems,
    shown: Systems,
    new: NDArray[np.bool_],
    numbers: NDArray[np.bool_],
    rule: Rule,
    starts: Iterable[int],
) -> list[_Unpublished]:
    """Return when each number is uncertain enough, where its possible values may begin at some counts."""
    if not len(numbers):
        return []
    low, high = known.ranges(numbers)
    none, top = np.zeros_like(low), np.full_like(low, np.inf)
    width = rule.largest - rule.smallest
    wide = [
        (
            _where(shown, new, numbers, none, np.maximum(start, low)),
            _where(shown, new, numbers, np.minimum(start + width, high), top),
        )
        for start in starts
    ]
    not_above = _where(known, new, numbers, none, np.maximum(rule.largest, low))
    not_below = _where(known, new, numbers, np.minimum(rule.smallest, high), top)
    return [
        _Unpublished(
            settled=(low[i] > rule.largest) | (high[i] < rule.smallest),
            wide=tuple((lower[i], upper[i]) for lower, upper in wide),
            not_above=not_above[i],
            not_below=not_below[i],
        )
        for i in range(len(numbers))
    ]


def _where(
    systems: Systems,
    new: NDArray[np.bool_],
    numbers: NDArray[np.bool_],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
) -> list[_Meeting]:
    """Return the new numbers at which each of some others lies between two bounds."""
    # Without an upper limit, the largest value is none, and nothing can take it away.
    endless = np.isinf(low)
    first, last = systems.ranges_where(new, numbers, np.where(endless, 0.0, low), high)
    first, last = np.where(endless, -np.inf, first), np.where(endless, np.inf, last)
    return [_Meeting(*ends) for ends in zip(first, last, strict=True)]
