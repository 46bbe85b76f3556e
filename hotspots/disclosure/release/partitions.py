"""Into which intervals a new number may be put, so that no published number and no difference of numbers gets narrower.

A rule puts each count into one of its intervals (1 to 7, 8 to 12, ...). Beside numbers of the same records that are
already published, some of these say too much: if 8 to 12 people of all ages are known, 8 to 12 people under 25 mean 0
to 4 of the others. Such intervals are joined with their neighbours until whatever interval turns out to hold the
count is safe. The joined intervals depend on nothing but what is already published: a reader can work them out, so
that learning which intervals were joined tells nothing (simulatable auditing, Kenthapadi, Mishra and Nissim 2005).
What a reader knows is then exactly: every number lies in its published interval.

The largest value of a number, as a function of the new number, is concave, and the smallest is convex. So the new
numbers at which a published number can still take its largest value are an interval, and an interval of the new
number leaves that value possible if the two meet. All conditions on an interval are of this form (`_Meeting`), so
that a few solutions for each number say which of all intervals are safe.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hotspots.disclosure.release.scopes import differences, single_cells

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from hotspots.disclosure.release.programs import Systems
    from hotspots.disclosure.release.rules import Rule

Ends = NDArray[np.float64]
_Condition = Callable[[NDArray[np.intp], Ends, Ends, int], NDArray[np.bool_]]
"""For numbers, and the ends of intervals of the new number in one system: which intervals meet it (numbers by
intervals)."""

__all__ = ["Numbers", "Partitions", "View", "safe_partitions"]


@dataclass(frozen=True, eq=False, slots=True)
class _Meeting:
    """New numbers at which something holds, from `first` to `last` in each system; NaN where that is not known."""

    first: NDArray[np.float64]
    last: NDArray[np.float64]

    def met(self, low: NDArray[np.float64], high: NDArray[np.float64], system: int) -> NDArray[np.bool_]:
        return np.asarray((high >= self.first[system]) & (low <= self.last[system]))

    def missed(self, low: NDArray[np.float64], high: NDArray[np.float64], system: int) -> NDArray[np.bool_]:
        return np.asarray((high < self.first[system]) | (low > self.last[system]))


class _Unpublished:
    """When unpublished numbers are uncertain enough: they can't be suppressed counts, or as many counts are possible.

    Most intervals meet the first condition that is looked at, so that others are worked out only where they are needed.
    """

    def __init__(self, view: View, numbers: NDArray[np.bool_], rule: Rule, starts: Iterable[int]) -> None:
        """Take numbers whose possible values may begin at some of the suppressed counts."""
        low, high = view.known.ranges(numbers)
        settled = (low > rule.largest) | (high < rule.smallest)
        # A number that can't be a suppressed count in any system asks for nothing.
        asking = ~settled.all(axis=1)
        self.view, self.rule, self.starts = view, rule, tuple(starts)
        self.numbers, self.low, self.high, self.settled = numbers[asking], low[asking], high[asking], settled[asking]
        self._found: dict[tuple[int | None, int], tuple[_Meeting, _Meeting]] = {}

    def safe(self, low: NDArray[np.float64], high: NDArray[np.float64], system: int) -> NDArray[np.bool_]:
        """Return which intervals of the new number leave all numbers uncertain enough."""
        enough = np.repeat(self.settled[:, [system]], len(low), axis=1)
        for condition in (
            self._wide_from(self.starts[0]),
            self._not_suppressed,
            *map(self._wide_from, self.starts[1:]),
        ):
            lacking = np.flatnonzero(~enough.all(axis=1))
            if not len(lacking):
                break
            enough[lacking] |= condition(lacking, low, high, system)
        return np.asarray(enough.all(axis=0))

    def _wide_from(self, start: int) -> _Condition:
        """Return the condition that as many values are possible as there are suppressed counts, from a count on."""

        def holds(numbers: NDArray[np.intp], low: Ends, high: Ends, system: int) -> NDArray[np.bool_]:
            pairs = self._pairs(start, numbers)
            return np.array([below.met(low, high, system) & above.met(low, high, system) for below, above in pairs])

        return holds

    def _not_suppressed(self, numbers: NDArray[np.intp], low: Ends, high: Ends, system: int) -> NDArray[np.bool_]:
        """Return where the number can't be a suppressed count."""
        pairs = self._pairs(None, numbers)
        return np.array([below.missed(low, high, system) | above.missed(low, high, system) for below, above in pairs])

    def meetings(self) -> Iterator[_Meeting]:
        """Give every condition."""
        for start in (*self.starts, None):
            yield from itertools.chain.from_iterable(self._pairs(start, np.arange(len(self.numbers))))

    def _pairs(self, start: int | None, numbers: NDArray[np.intp]) -> list[tuple[_Meeting, _Meeting]]:
        """Return the new numbers at which each number can be low enough, and high enough.

        That is, as low as a count and as high as that count and the width of suppressed counts; or, without a count, a
        suppressed count or a lower one, and one or a higher one.
        """
        missing = [number for number in numbers if (start, number) not in self._found]
        if missing:
            rule, low, high = self.rule, self.low[missing], self.high[missing]
            least = rule.largest if start is None else start
            most = rule.smallest if start is None else start + rule.largest - rule.smallest
            found = _where(
                self.view.known,
                self.view.numbers.new,
                np.vstack([self.numbers[missing]] * 2),
                np.vstack([np.zeros_like(low), np.minimum(most, high)]),
                np.vstack([np.maximum(least, low), np.full_like(low, np.inf)]),
            )
            pairs = zip(found[: len(missing)], found[len(missing) :], strict=True)
            self._found |= {(start, number): pair for number, pair in zip(missing, pairs, strict=True)}
        return [self._found[start, number] for number in numbers]


@dataclass(frozen=True, eq=False, slots=True)
class _Conditions:
    """What an interval of the new number must leave possible, given what a reader takes for certain."""

    rule: Rule
    first: NDArray[np.float64]
    last: NDArray[np.float64]
    """Smallest and largest value of the new number; missing in systems that this reader's view contradicts."""
    unchanged: tuple[_Meeting, ...]
    unpublished: tuple[_Unpublished, ...]
    certain: bool

    def safe(self, low: NDArray[np.float64], high: NDArray[np.float64], system: int) -> NDArray[np.bool_]:
        """Return which intervals leave everything as uncertain as it must be."""
        rule, first, last = self.rule, self.first[system], self.last[system]
        if np.isnan(first):
            return np.ones(len(low), dtype=bool)
        safe = (
            (low > rule.largest)
            | (high < rule.smallest)
            | ((high >= min(rule.largest, last)) & (low <= max(rule.smallest, first)))
        )
        for meeting in self.unchanged:
            safe = safe & meeting.met(low, high, system)
        for numbers in self.unpublished:
            safe[safe] = numbers.safe(low[safe], high[safe], system)
        if not self.certain:
            # Whoever takes something for certain that turns out wrong learns nothing in this way.
            safe = safe | (high < first) | (low > last)
        return np.asarray(safe)

    def ends(self, system: int) -> list[float]:
        """Return all numbers at which an interval may stop being safe, or become so."""
        meetings = [*self.unchanged, *itertools.chain.from_iterable(one.meetings() for one in self.unpublished)]
        return [end for one in meetings for end in (one.first[system], one.last[system]) if np.isfinite(end)]


@dataclass(frozen=True, eq=False, slots=True)
class Partitions:
    """The intervals into which a new number may be put, in each of many systems."""

    rule: Rule
    first: NDArray[np.float64]
    last: NDArray[np.float64]
    """Smallest and largest value of the new number that fit what is published; shape (systems,)."""
    views: tuple[_Conditions, ...]
    whole: NDArray[np.bool_]
    """Systems in which an interval must have as many values as the rule shows there, whatever cuts it."""
    _known: dict[int, NDArray[np.float64]] = field(default_factory=dict, repr=False)

    def intervals(self, system: int) -> NDArray[np.float64]:
        """Return the intervals of one system, from low to high; shape (intervals, 2). The last may be without end."""
        if system not in self._known:
            first, last = self.first[system], self.last[system]
            parts = self.rule.parts(first, last if np.isfinite(last) else self._beyond(system))
            parts = np.column_stack([np.maximum(parts[:, 0], first), np.minimum(parts[:, 1], last)])
            upwards = self._join(parts, system)
            downwards = self._join(parts[::-1], system)[::-1]
            self._known[system] = upwards if len(upwards) >= len(downwards) else downwards
        return self._known[system]

    def interval(self, low: float, high: float, system: int) -> tuple[float, float]:
        """Return the interval to publish for a count from `low` to `high`, as the rule alone would show it.

        The ends are the wrong way round if no such count fits what is published.
        """
        if high < self.first[system] or low > self.last[system]:
            return np.inf, -np.inf
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
        return float(max(self.first[system], *ends)) + self.rule.largest + 2 * self.rule.rounding

    def _safe(self, low: NDArray[np.float64], high: NDArray[np.float64], system: int) -> NDArray[np.bool_]:
        safe = np.asarray(np.all([view.safe(low, high, system) for view in self.views], axis=0))
        if self.whole[system]:
            shown = np.array([self.rule.interval(count) for count in low]).reshape(-1, 2)
            safe &= high - low >= shown[:, 1] - shown[:, 0]
        return safe

    def _join(self, parts: NDArray[np.float64], system: int) -> NDArray[np.float64]:
        """Return intervals joined until each is safe, in the order of the parts; one interval is always safe."""
        alone = self._safe(parts[:, 0], parts[:, 1], system)
        begins: list[int] = []
        start = 0
        while start < len(parts):
            begin, end = start, start
            if not alone[start]:
                safe = self._safe_from(parts, begin, start, system)
                # Where no interval that begins here is safe, it begins where the one before it did.
                while not safe.any() and begins:
                    begin = begins.pop()
                    safe = self._safe_from(parts, begin, start, system)
                end = start + int(np.argmax(safe)) if safe.any() else len(parts) - 1
            begins.append(begin)
            start = end + 1
        ends = [*(begin - 1 for begin in begins[1:]), len(parts) - 1]
        return np.array(
            [
                (parts[begin : end + 1, 0].min(), parts[begin : end + 1, 1].max())
                for begin, end in zip(begins, ends, strict=True)
            ]
        )

    def _safe_from(self, parts: NDArray[np.float64], begin: int, first: int, system: int) -> NDArray[np.bool_]:
        """Return whether intervals that begin with a part are safe, by the part with which they end, from `first`."""
        low = np.minimum.accumulate(parts[begin:, 0])[first - begin :]
        high = np.maximum.accumulate(parts[begin:, 1])[first - begin :]
        return self._safe(low, high, system)


@dataclass(frozen=True, eq=False, slots=True)
class Numbers:
    """The numbers that must stay uncertain when a new one is published, each as the cells that it adds up.

    Parameters
    ----------
    new
        The new number; shape (cells,).
    published
        Published numbers, whose intervals must not get narrower; shape (numbers, cells).
    differences
        Numbers that subtraction of two gives: every suppressed count must be possible, or none.
    single
        Other finest cells: as many values must be possible as there are suppressed counts.
    """

    new: NDArray[np.bool_]
    published: NDArray[np.bool_]
    differences: NDArray[np.bool_]
    single: NDArray[np.bool_]

    @classmethod
    def of(cls, cells: NDArray[np.bool_]) -> Numbers:
        """Return the numbers of scopes, given their cells by `finest_cells`; the last one is new."""
        return cls(cells[-1], cells[:-1], differences(cells), single_cells(cells))

    def only(self, cells: NDArray[np.bool_]) -> Numbers:
        """Return the numbers in these cells alone."""
        return Numbers(self.new[cells], self.published[:, cells], self.differences[:, cells], self.single[:, cells])

    def in_cells(self, part_of: NDArray[np.intp]) -> Numbers:
        """Return the numbers in finer cells, each of them part of one of these, or of none (-1)."""
        inside = part_of >= 0
        return Numbers(
            self.new[part_of] & inside,
            self.published[:, part_of] & inside,
            self.differences[:, part_of] & inside,
            self.single[:, part_of] & inside,
        )


@dataclass(frozen=True, eq=False, slots=True)
class View:
    """What a reader takes for certain, and what must stay possible besides.

    Parameters
    ----------
    known
        Systems of what the reader knows.
    shown
        The same systems, or narrower ones: an interval of the new number must leave a solution of them.
    numbers
        The numbers in the cells of these systems.
    certain
        Whether a reader has no other choice than to take it for certain. Otherwise an interval that contradicts the
        view is safe in it.
    """

    known: Systems
    shown: Systems
    numbers: Numbers
    certain: bool = True

    def only(self, cells: NDArray[np.bool_]) -> View:
        """Return the view of a reader who takes all other cells for empty."""
        known = self.known.only(cells)
        shown = known if self.shown is self.known else self.shown.only(cells)
        return View(known, shown, self.numbers.only(cells), self.certain)


def safe_partitions(views: Sequence[View], rule: Rule, *, whole: NDArray[np.bool_] | None = None) -> Partitions:
    """Return the intervals into which a new number may be put, in each of many systems.

    Parameters
    ----------
    views
        What readers may take for certain; the first one is what is certain. An interval is safe if it is for all.
    rule
        The disclosure rule.
    whole
        Systems in which an interval must have as many values as the rule shows there; none by default.
    """
    conditions = tuple(_conditions(view, rule) for view in views)
    first, last = conditions[0].first, conditions[0].last
    return Partitions(rule, first, last, conditions, np.zeros(len(first), dtype=bool) if whole is None else whole)


def _conditions(view: View, rule: Rule) -> _Conditions:
    """Return the conditions on intervals of the new number."""
    known, shown, numbers = view.known, view.shown, view.numbers
    (first,), (last,) = known.ranges(numbers.new[None, :])
    (shown_first,), (shown_last,) = ([first], [last]) if shown is known else shown.ranges(numbers.new[None, :])
    unchanged = [_Meeting(shown_first, shown_last)]
    ends = np.vstack(known.ranges(numbers.published))
    unchanged += _where(known, numbers.new, np.vstack([numbers.published] * 2), ends, ends)
    unpublished = (
        _Unpublished(view, numbers.differences, rule, (rule.smallest,)),
        _Unpublished(view, numbers.single, rule, range(rule.smallest, rule.largest + 1)),
    )
    return _Conditions(rule, first, last, tuple(unchanged), unpublished, view.certain)


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
