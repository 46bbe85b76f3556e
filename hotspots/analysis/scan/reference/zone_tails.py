"""How likely zones' counts are where areas' risks are drawn from a distribution of any form: exact tails of all zones.

A zone's count is a sum of independent counts of areas, so its characteristic function is the product of theirs, and
grows by one factor from one zone of a centre to the next. With counts tilted, each made exp(tilt y) times as likely,

    P(Y >= c) = exp(K - tilt c) E exp(-tilt (Y - c)) [Y >= c],   K = log E exp(tilt Y),

of which the mean on the right is an integral of the tilted characteristic function over one turn. A sum over N angles
has it to all digits where N counts hold what matters of the tilted distribution, and the function fades long before
the last of them. Where a zone's tilted mean is near c, no tail is too small to be relatively exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from hotspots.analysis.scan.reference.exceedance import Exceedance

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hotspots.analysis.scan.reference.scattered_risk import ScatteredRisk
    from hotspots.analysis.scan.reference.zones import Zones

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]
    Waves = NDArray[np.complex128]

__all__ = ["exceed_scattered", "scattered_statistics"]

STEEPEST: Final = 12.0
"""Largest tilt, of zones with hardly any events expected."""
FLATTEST: Final = 1e-7
"""Smallest tilt."""
NEAR: Final = 0.4
"""Tilts of one class differ by at most this, as logarithms, ..."""
DEEP: Final = 3.0
"""... and by at most this over the number of standard deviations that they stand for."""
DEPTHS: Final = (4.0, 2.0, 1.0, *range(10, 101, 6))
"""Standard deviations above the mean for which zones are tilted, one after another until their tails are exact."""
BEYOND: Final = 4.5
"""Standard deviations beyond those for which a tilt serves."""
EXACT: Final = 1e-6
"""Tilted means from which on a tail has nine digits: rounding is some 1e-15 of the largest possible one."""
GAP: Final = 8.0
"""By how much the logarithm of a tail may be below Chernoff's bound."""
ALIAS: Final = 18.0
"""Minus logarithm of the share of a tail that counts N away may add to it."""
NEGLIGIBLE: Final = 1e-14
"""Characteristic functions below this add nothing."""
BLOCK: Final = 32
"""Angles taken at a time."""
CELLS: Final = 262_144
"""Pairs of a centre and an angle that are worked on together."""
MOST_MISSED: Final = 256
"""Counts between the least of a zone and of the next one up to which the bound knows what they share."""
TIES: Final = 1e-7
"""Statistics that differ by less are one."""
HALVE: Final = 4
"""Rounds of a search after which it takes the middle once."""


@dataclass(frozen=True, slots=True)
class _Tilt:
    """All areas' tilted counts."""

    tilt: float
    waves: Waves
    """Characteristic functions (n, angles)."""
    weight: Waves
    """What each angle counts in a tail (angles)."""
    turns: Waves
    """exp(-i times each of N angles) (N)."""
    log_moment: Floats
    """log E exp(tilt Y) of every area (n)."""
    log_none: Floats
    """Logarithm of the tilted chance that an area has no risk (n)."""

    def turn(self, count: Whole, angles: Whole) -> Waves:
        """Return exp(-i count angle) of numbered angles (m, angles)."""
        # Whole turns are left out first: the product has digits that a sine needs.
        return np.asarray(self.turns[np.multiply.outer(count, angles) & (len(self.turns) - 1)])


class _Step(NamedTuple):
    """Zones of some centres, one of each."""

    tilt: _Tilt
    centre: Whole
    place: Whole
    """Which they are (m)."""
    product: Waves
    """Tilted characteristic functions of their counts, without the chance that no area has a risk, times the weight of
    each angle (m, angles)."""
    log_moment: Floats
    """(m)."""
    before: Waves
    """Those of the zones with one area fewer ..."""
    log_moment_before: Floats
    """... (m)."""

    def log_tail(self, count: Whole, at: Any = slice(None)) -> Floats:
        """Return the logarithm of the chance of at least these counts, from 1 up, of some of the zones."""
        mean = _tilted_mean(self.tilt, self.product[at], count)
        return _as_log_tail(self.tilt, self.log_moment[at], count, mean)


def _tilted_mean(tilt: _Tilt, product: Waves, count: Whole) -> Floats:
    """Return E exp(-tilt (Y - c)) [Y >= c] of tilted counts (m); what is negative is rounding."""
    # The turn of angle BLOCK a + b is that of BLOCK a times that of b: a matrix product has the sum over b.
    blocks = product.reshape(len(product), -1, BLOCK)
    mean = (blocks @ tilt.turn(count, np.arange(BLOCK))[:, :, None])[:, :, 0]
    mean *= tilt.turn(count, BLOCK * np.arange(blocks.shape[1]))
    return np.asarray(np.maximum(mean.real.sum(axis=1), 1e-300))


def _as_log_tail(tilt: _Tilt, log_moment: Floats, count: Whole, mean: Floats) -> Floats:
    return np.asarray(np.minimum(log_moment - tilt.tilt * count + np.log(mean), 0.0))


def scattered_statistics(zones: Zones, model: ScatteredRisk, counts: Floats, asked: NDArray[np.bool_]) -> Floats:
    """Return minus the logarithm of the chance of a count at least as high, of all zones that are asked for.

    Parameters
    ----------
    counts
        Of all zones (centres, k).
    asked
        Which of them (centres, k). Others, and those with no more events than expected, have 0.
    """
    value, todo = np.zeros(counts.shape), asked & zones.ends & (counts > zones.sums(model.mean))
    for depth in DEPTHS:
        deepest = (depth + BEYOND) ** 2 / 2
        for step in _steps(zones, model, depth, tails=(0.0, deepest), asked=todo):
            at = np.flatnonzero(todo[step.centre, step.place])
            if not len(at):
                continue
            centre, place = step.centre[at], step.place[at]
            count = np.rint(counts[centre, place]).astype(np.int64)
            mean = _tilted_mean(step.tilt, step.product[at], count)
            own = -_as_log_tail(step.tilt, step.log_moment[at], count, mean)
            exact = (mean >= EXACT) & (own <= deepest)
            # Chernoff's bound stands in for what no tilt makes exact; a tail can't be above it.
            chernoff = np.maximum(value[centre, place], step.tilt.tilt * count - step.log_moment[at])
            value[centre, place] = np.where(exact, own, chernoff)
            todo[centre[exact], place[exact]] = False
    return value


def exceed_scattered(zones: Zones, model: ScatteredRisk, statistic: float) -> tuple[Exceedance, float]:
    """Return the counts from which on zones reach a statistic, and a bound of the chance that any of them does.

    The bound is Hunter's and Worsley's over the nested zones of every centre, as in `maximum`.
    """
    least, chance = np.full(zones.ends.shape, np.inf), np.zeros(zones.ends.shape)
    added, bound = model.chances(MOST_MISSED), 0.0
    for penalty in np.unique(zones.penalties):
        target = min(-statistic / penalty + TIES, -TIES)
        asked = zones.ends & (zones.penalties == penalty)[:, None]
        depth = max(np.sqrt(-2 * target), min(DEPTHS))
        for step in _steps(zones, model, depth, tails=(-target, -target), asked=asked):
            at = step.centre, step.place
            least[at] = count = _first_counts(step, target, least)
            chance[at] = np.exp(step.log_tail(count))
            bound += float(_new_chance(step, zones, least, chance, added)[zones.ends[at]].sum())
    least[~zones.ends], chance[~zones.ends] = np.inf, 0.0
    return Exceedance(least, chance, zones.sums(model.size)), bound


def _first_counts(step: _Step, target: float, least: Floats) -> Whole:
    """Return the first count of each zone whose tail is at most exp(target)."""
    tilt = step.tilt.tilt
    # Chernoff: the tail of this count is small enough. That of the smaller zone's least count less 1 is not.
    high = np.maximum(np.ceil((step.log_moment - target) / tilt), 1).astype(np.int64)
    before = np.where(step.place > 0, least[step.centre, np.maximum(step.place - 1, 0)], 1)
    low = np.where(np.isfinite(before), before - 1, 0).astype(np.int64)
    high = np.maximum(high, low + 1)
    guess = np.clip(high - np.int64(2 / tilt), low + 1, high)
    live, rounds = np.arange(len(low)), 0
    while len(live):
        tail = step.log_tail(guess[live], live)
        reaches = tail <= target
        high[live] = np.where(reaches, guess[live], high[live])
        low[live] = np.where(reaches, low[live], guess[live])
        # Near its own count a zone's tail falls by the tilt from one count to the next.
        steps = (tail - target) / tilt
        steps = np.where(reaches, np.floor(steps), np.ceil(steps))
        rounds += 1
        middle = (low[live] + high[live]) // 2
        guess[live] = middle if rounds % HALVE == 0 else guess[live] + np.clip(steps, -1e9, 1e9).astype(np.int64)
        guess[live] = np.clip(guess[live], low[live] + 1, np.maximum(high[live] - 1, low[live] + 1))
        live = live[high[live] - low[live] > 1]
    return high


def _new_chance(step: _Step, zones: Zones, least: Floats, chance: Floats, added: Floats) -> Floats:
    """Return the chance that each zone reaches the statistic and the one before it does not, or an upper bound.

    P(B and not A) = P(B) - P(A) + P(A and not B). B has one area more, whose count is independent of A's: with a and b
    the least counts of both, P(A and not B) is the sum over d below b - a of P(d there) (P(A >= a) - P(A >= b - d)).
    """
    place = np.maximum(step.place - 1, 0)
    new, inner = chance[step.centre, step.place], chance[step.centre, place]
    known = (step.place > 0) & zones.ends[step.centre, place]
    first, area = np.where(known, least[step.centre, place], -np.inf), zones.order[step.centre, step.place]
    apart = least[step.centre, step.place] - first
    wide = 1
    while wide <= MOST_MISSED:
        at = np.flatnonzero((apart <= wide) & (apart >= (wide // 2 + 1 if wide > 1 else 0)))
        if len(at):
            missed = _missed(step, at, first[at], apart[at].astype(np.int64), added[area[at], :wide])
            new[at] = np.clip(new[at] - inner[at] + missed, 0, new[at])
        wide *= 2
    return new


def _missed(step: _Step, at: Whole, first: Floats, apart: Whole, added: Floats) -> Floats:
    """Return P(A >= first and B < first + apart) of zones A and the next ones B, which add counts of these chances."""
    tilt, angles, number = step.tilt, np.arange(len(step.tilt.weight)), np.arange(added.shape[1] + 1)
    mean = ((step.before[at] * tilt.turn(first.astype(np.int64), angles)) @ tilt.turn(angles, number)).real
    log_first = step.log_moment_before[at] - tilt.tilt * first
    tail = mean * np.exp(log_first[:, None] - tilt.tilt * number)
    # From d events in what is added on, A has at least `apart` - d more than its first count.
    more = apart[:, None] - number[:-1]
    between = tail[:, :1] - np.take_along_axis(tail, np.maximum(more, 0), axis=1)
    return np.asarray(np.where(more > 0, added * between, 0.0).sum(axis=1))


def _steps(
    zones: Zones, model: ScatteredRisk, depth: float, *, tails: tuple[float, float], asked: NDArray[np.bool_]
) -> Iterator[_Step]:
    """Yield zones from the smallest on, tilted so that so many standard deviations above the mean are usual.

    Parameters
    ----------
    tails
        Minus logarithms of the largest and the smallest tails that are to be exact.
    asked
        Which zones are needed (centres, k): others are only yielded where they lie between.
    """
    rows = np.flatnonzero(asked.any(axis=1))
    if not len(rows):
        return
    order, width = zones.order[rows], asked.shape[1]
    wide = width - asked[rows, ::-1].argmax(axis=1)
    needed = np.column_stack([np.zeros(len(rows), dtype=np.int64), np.cumsum(asked[rows], axis=1)])
    begin, tilt = np.zeros(len(rows), dtype=np.int64), STEEPEST
    while bool((begin < wide).any()):
        # Kullback and Leibler's information between the tilted and the plain count: half the square of the depth for
        # a normal count. It rises with the tilt and from zone to zone, so that zones of one tilt stand together.
        apart = np.cumsum((tilt * model.tilted_mean(tilt) - model.log_moment(tilt))[order], axis=1)
        end = (apart < depth**2 / 2).sum(axis=1) if tilt > FLATTEST else wide
        end = np.clip(end, begin, wide)
        every = np.arange(len(rows))
        at = np.flatnonzero(needed[every, end] > needed[every, begin])
        if len(at):
            yield from _walk(model, tilt, _Span(rows[at], order[at], begin[at], end[at]), tails)
        begin, tilt = end, tilt * float(np.exp(-min(NEAR, DEEP / depth)))


class _Span(NamedTuple):
    """Zones of some centres that stand together: from place `begin` to before place `end`."""

    centre: Whole
    order: NDArray[np.int32]
    begin: Whole
    end: Whole

    def some(self, at: Any) -> _Span:
        """Return those of some of the centres."""
        return _Span(self.centre[at], self.order[at], self.begin[at], self.end[at])

    def inside(self, number: Whole, areas: int) -> Any:
        """Return the areas of the first places of each centre, a sparse matrix of ones (centres, areas)."""
        from scipy.sparse import csr_array

        cells = self.order[np.arange(self.order.shape[1]) < number[:, None]]
        return csr_array((np.ones(len(cells)), cells, np.append(0, np.cumsum(number))), shape=(len(number), areas))


def _walk(model: ScatteredRisk, tilt: float, span: _Span, tails: tuple[float, float]) -> Iterator[_Step]:
    """Yield the zones of a span, a place at a time."""
    span = span.some(np.argsort(span.begin - span.end, kind="stable"))
    inside = span.inside(span.begin, len(model.size))
    tilted, starts = _tilted(model, tilt, span, inside, _period(model, tilt, span, tails))
    log_moments, log_nones = inside @ tilted.log_moment, inside @ tilted.log_none
    rows = max(CELLS // starts.shape[1], 1)
    for part in (slice(start, start + rows) for start in range(0, len(starts), rows)):
        centre, order, begin, end = span.some(part)
        full, log_moment, log_none = starts[part], log_moments[part], log_nones[part]
        product = (full - np.exp(log_none)[:, None]) * tilted.weight
        for number in range(int((end - begin)[0])):
            live = int(np.searchsorted(begin - end, -number, side="left"))
            place = begin[:live] + number
            area = order[np.arange(live), place]
            before, log_moment_before = product[:live], log_moment[:live]
            full = full[:live]
            full *= tilted.waves[area]
            log_moment = log_moment_before + tilted.log_moment[area]
            log_none = log_none[:live] + tilted.log_none[area]
            product = (full - np.exp(log_none)[:, None]) * tilted.weight
            yield _Step(tilted, centre[:live], place, product, log_moment, before, log_moment_before)


def _tilted(model: ScatteredRisk, tilt: float, span: _Span, inside: Any, period: int) -> tuple[_Tilt, Waves]:
    """Return areas' tilted counts, and the characteristic function of what lies before each span."""
    log_moment = model.log_moment(tilt)
    log_none = model.log_none - log_moment
    first = span.order[np.arange(len(span.begin)), span.begin]
    none = np.exp(inside @ log_none + log_none[first])[:, None]
    waves, before = [], []
    for start in range(0, period // 2 + 1, BLOCK):
        angles = 2 * np.pi * np.arange(start, start + BLOCK) / period
        waves.append(model.waves(tilt, angles))
        before.append(np.exp(inside @ np.log(waves[-1])))
        # It fades most slowly in the smallest zone, but for the chance of no risk, which is taken out.
        if np.abs(before[-1] * waves[-1][first] - none).max() < NEGLIGIBLE:
            break
    number = np.arange(BLOCK * len(waves))
    # Angles but the first and the one in the middle have mirror images; beyond the middle are these images.
    twice = np.where((number == 0) | (2 * number == period), 1.0, 2.0) * (2 * number <= period)
    turns = np.exp(-2j * np.pi * np.arange(period) / period)
    weight = twice / period / (1 - np.exp(-tilt) * turns[number % period])
    return _Tilt(tilt, np.hstack(waves), weight, turns, log_moment, log_none), np.hstack(before)


def _period(model: ScatteredRisk, tilt: float, span: _Span, tails: tuple[float, float]) -> int:
    """Return a number of counts, a power of 2, that holds what matters of the tilted counts of zones.

    A sum over N angles adds to P(Y >= c) what is N above, times exp(tilt N), and N below, times exp(-tilt N).
    Chernoff's bound with a steeper tilt limits the first, for the least c that is asked for: the mean, or a little
    below the count that Chernoff's bound gives the largest tail.
    """
    largest, smallest = tails
    ends = [span.inside(number, len(model.size)) for number in (span.begin + 1, span.end)]
    log_moment, mean = model.log_moment(tilt), model.mean
    counts = [np.maximum(inside @ mean, (inside @ log_moment + largest - GAP) / tilt) for inside in ends]
    least = np.inf
    for factor in (1.2, 1.5, 2.0, 3.0, 5.0):
        steeper = tilt * factor
        powers = model.log_moment(steeper)
        beyond = max(
            float((inside @ powers - steeper * count).max()) for inside, count in zip(ends, counts, strict=True)
        )
        least = min(least, (beyond + largest + ALIAS) / (steeper - tilt))
    return int(2 ** np.ceil(np.log2(max(least, (smallest + ALIAS) / tilt, 2.0 * BLOCK))))
