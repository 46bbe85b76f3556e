"""How often the most unusual zone of a map is at least so unusual where nothing clusters: a bound, and an estimate.

The bound is Hunter's and Worsley's over the nested zones of every centre, added up over centres: it is guaranteed, and
settles clear clusters alone. The estimate samples maps in which some zone reaches the statistic (importance sampling):
its relative error hardly grows where the probability becomes small.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from hotspots.analysis.scan.zone_models import ZoneModel, tail_chance

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hotspots.analysis.scan.zones import Zones

    Floats = NDArray[np.float64]

__all__ = ["Exceedance", "MaximumChance", "chance_of_maximum", "exceed"]

BLOCKS: Final = 64
"""Into which the counts between two zones are taken together where there are more."""
MOST_TERMS: Final = 400
"""Terms of a sum of chances; what is beyond is given its upper limit."""
NEGLIGIBLE: Final = 1e-6
"""Share of a sum that is given its upper limit instead."""
SMALLEST_LOG: Final = -600.0
"""Logarithm of a chance near the smallest that a number can hold."""
PRECISION: Final = 1e-10
"""Share of a zone's chance that may be left out of its sum: it is added as an upper limit."""


class Exceedance(NamedTuple):
    """From which count on each zone reaches a statistic, and how likely that is."""

    least: Floats
    """Whole numbers (centres, k); infinite where no zone ends, or none of its counts does."""
    chance: Floats
    """0 there (centres, k)."""
    size: Floats
    """Sizes of the zones (centres, k)."""


class MaximumChance(NamedTuple):
    """Chance that some zone reaches a statistic."""

    bound: float
    """It is at most this."""
    estimate: float
    error: float
    """Standard error of the estimate."""


def exceed(zones: Zones, model: ZoneModel, statistic: float) -> Exceedance:
    """Return the counts from which on zones reach a statistic, as it is after their penalty."""
    size = zones.sums(model.size)
    count = np.full(size.shape, np.inf)
    for penalty in np.unique(zones.penalties):
        rows = zones.penalties == penalty
        count[rows] = _least_counts(model, size[rows], zones.ends[rows], statistic / penalty)
    reachable = np.isfinite(count)
    chance = np.zeros(size.shape)
    chance[reachable] = tail_chance(model, count[reachable], size[reachable], precision=PRECISION)
    return Exceedance(count, chance, size)


def _least_counts(model: ZoneModel, size: Floats, ends: NDArray[np.bool_], statistic: float) -> Floats:
    """Return the count from which on each zone reaches a statistic (centres, k); infinite where none does."""
    sizes = np.unique(size[ends])
    # The statistic falls with the size. So for each count there is a largest size that still reaches it, and a zone's
    # count is the first whose largest size is no smaller: found for all zones at once.
    limits = np.zeros(1)
    first, number = 1, 64
    while limits[-1] < sizes[-1] and first <= model.total:
        counts = np.arange(first, min(first + number, model.total + 1), dtype=float)
        limits = np.append(limits, _largest_size(model, counts, sizes, statistic))
        first, number = first + number, 2 * number
    limits = np.maximum.accumulate(limits)
    count = np.searchsorted(limits, size.ravel(), side="left").reshape(size.shape).astype(float)
    return np.where(ends & (count < len(limits)) & (count > 0), count, np.inf)


def _largest_size(model: ZoneModel, counts: Floats, sizes: Floats, statistic: float) -> Floats:
    """Return the largest of the sizes of zones, rising, at which each count reaches a statistic; 0 where none does."""
    # It falls from the smallest size that can hold a count to the size that expects it; halving finds the place.
    low = np.searchsorted(sizes, model.smallest_size(counts))
    high = np.searchsorted(sizes, counts * float(model.size.sum()) / model.total)
    start = low.copy()
    live = np.flatnonzero(low < high)
    while len(live):
        middle = (low[live] + high[live]) // 2
        reaches = model.statistic(counts[live], sizes[middle]) >= statistic
        low[live] = np.where(reaches, middle + 1, low[live])
        high[live] = np.where(reaches, high[live], middle)
        live = live[low[live] < high[live]]
    return np.where(low > start, sizes[np.maximum(low - 1, 0)], 0.0)


def chance_of_maximum(
    zones: Zones,
    model: ZoneModel,
    statistic: float,
    *,
    rng: np.random.Generator,
    draws: int = 1_000,
    bounded: bool = True,
) -> MaximumChance:
    """Return the chance that the largest statistic of all zones is at least this where nothing clusters.

    Parameters
    ----------
    zones, model
        What is scanned.
    statistic
        Above 0.
    rng
        Source of the maps that are drawn.
    draws
        Their number; none for the bound alone.
    bounded
        Whether to compute the bound, which takes about as long as the draws; 1 otherwise.

    References
    ----------
    Worsley (1982), Biometrika 69, 297-302, and Hunter (1976), Journal of Applied Probability 13, 597-603 (the bound);
    Naiman and Priebe (2001), Journal of Computational and Graphical Statistics 10, 296-328 (the estimate).
    """
    reached = exceed(zones, model, statistic)
    bound = min(_bound(zones, reached, model), 1.0) if bounded else 1.0
    if draws == 0:
        return MaximumChance(bound, np.nan, np.nan)
    weight = float(reached.chance.sum())
    if weight == 0:
        return MaximumChance(0.0, 0.0, 0.0)
    shares = _shares_of_draws(zones, model, reached, rng, draws)
    # Every map with k such zones can be drawn in k ways: weighted by 1 / k, the draws have the null's distribution.
    estimate = weight * float(shares.mean())
    return MaximumChance(bound, min(estimate, 1.0), weight * float(shares.std(ddof=1)) / np.sqrt(draws))


def _shares_of_draws(
    zones: Zones, model: ZoneModel, reached: Exceedance, rng: np.random.Generator, draws: int
) -> Floats:
    """Return one over the number of zones that reach the statistic, on maps on which a random one does."""
    cumulated = np.cumsum(reached.chance.ravel())
    chosen = np.searchsorted(cumulated, rng.random(draws) * cumulated[-1], side="right")
    centre, last = np.unravel_index(np.minimum(chosen, reached.chance.size - 1), reached.chance.shape)
    count = _counts_above(model, reached.least[centre, last], reached.size[centre, last], rng)
    # Only centres with a zone that can reach it are looked at, and of them what lies inside their last such zone.
    asked = np.flatnonzero((reached.chance > 0).any(axis=1))
    wide = int(np.flatnonzero((reached.chance > 0).any(axis=0)).max()) + 1
    order, least = zones.order[asked, :wide], reached.least[asked, :wide]
    # Whole numbers of 4 bytes: the sums of all zones of a map are read from memory once.
    least = np.where(np.isfinite(least), least, np.iinfo(np.int32).max).astype(np.int32)
    shares = np.empty(draws)
    for at in range(draws):
        drawn = model.draw(int(count[at]), zones.members(int(centre[at]), int(last[at])), rng).astype(np.int32)
        shares[at] = 1 / max(int(np.count_nonzero(np.cumsum(drawn[order], axis=1, dtype=np.int32) >= least)), 1)
    return shares


def _counts_above(model: ZoneModel, least: Floats, size: Floats, rng: np.random.Generator) -> Floats:
    """Return random counts of zones, given that they are at least `least`: by inversion, from there upwards."""
    left, term = rng.random(len(least)) * tail_chance(model, least, size), np.exp(model.log_chance(least, size))
    count, live = least.copy(), np.arange(len(least))
    while len(live):
        left[live] -= term[live]
        live = live[(left[live] > 0) & (term[live] > 0)]
        term[live] *= model.ratio(count[live], size[live])
        count[live] += 1
    return np.minimum(count, model.total)


def _bound(zones: Zones, reached: Exceedance, model: ZoneModel) -> float:
    """Return the sum over centres of the chance that one of their zones reaches the statistic, bounded from above.

    Of each zone only what the zone before it has not is added: P(A or B) = P(A) + P(B and not A).
    """
    total = 0.0
    centre, last = np.nonzero(zones.ends)
    least, chance, size = (values[centre, last] for values in reached)
    # Zones come centre by centre, each after the one that it holds.
    begins = np.append(True, centre[1:] != centre[:-1])
    total += float(chance[begins].sum())
    inner = np.flatnonzero(~begins)
    before = inner - 1
    known = chance[before] > 0
    total += float(chance[inner[~known]].sum())
    inner, before = inner[known], before[known]
    # P(B and not A) = P(B) - P(A) + P(A and not B), for which A's count is from its least to below B's.
    new = chance[inner] - chance[before]
    new[~np.isfinite(least[inner])] = 0.0
    live = np.flatnonzero((least[inner] > least[before]) & np.isfinite(least[inner]))
    inner, before = inner[live], before[live]
    steps = _Steps(least[before], least[inner], size[before], size[inner] - size[before], chance[before])
    new[live] += _missed(model, steps)
    return total + float(np.maximum(new, 0).sum())


class _Steps(NamedTuple):
    """Zones and what the next ones add (each m)."""

    low: Floats
    """From which count on the zone reaches the statistic ..."""
    high: Floats
    """... and the zone with the step."""
    size: Floats
    step: Floats
    """Sizes of the zone and of the step."""
    chance: Floats
    """That the zone has at least `low` events."""


def _missed(model: ZoneModel, steps: _Steps) -> Floats:
    """Return upper limits of the chance that zones have from `low` to below `high` events with those of a step (m).

    Counts are taken in blocks: the fewest events in the zone leave most room in the step, and the most events in the
    zone leave the fewest for it, so that together they give an upper limit for the whole block.
    """
    missed, count, left = np.zeros(len(steps.low)), steps.low.copy(), steps.chance.copy()
    width = np.ceil((steps.high - steps.low) / BLOCKS)
    term = np.exp(model.log_chance(count, steps.size))
    live = np.arange(len(count))
    while len(live):
        first, last = count[live], np.minimum(count[live] + width[live], steps.high[live]) - 1
        block = np.zeros(len(live))
        while len(inside := np.flatnonzero(count[live] <= last)):
            at = live[inside]
            block[inside] += term[at]
            term[at] *= model.ratio(count[at], steps.size[at])
            count[at] += 1
        few = _few_in_step(model, steps.high[live] - 1 - first, last, steps.size[live], steps.step[live])
        missed[live] += block * few
        left[live] -= block
        live = live[(count[live] < steps.high[live]) & (left[live] > NEGLIGIBLE * steps.chance[live])]
    # What was not looked at is taken as missed.
    return missed + np.where(count < steps.high, np.maximum(left, 0), 0.0)


def _few_in_step(model: ZoneModel, most: Floats, count: Floats, size: Floats, step: Floats) -> Floats:
    """Return upper limits of the chance of at most so many events in a step outside zones of these counts and sizes."""
    logarithm = model.log_chance_of_step(most, count, size, step)
    scarce = most < (model.total - count) * step / (float(model.size.sum()) - size)
    seen = logarithm > SMALLEST_LOG
    # Below what a number can hold, nearly nothing where that is few, and nearly all where it is many.
    few = np.where(seen, np.exp(logarithm), np.where(scarce, 0.0, 1.0))
    term, events, live = few.copy(), most.copy(), np.flatnonzero(seen & (most > 0))
    for _ in range(MOST_TERMS):
        if not len(live):
            return np.minimum(few, 1.0)
        fall = model.fall_of_step(events[live], count[live], size[live], step[live])
        term[live] *= fall
        events[live] -= 1
        few[live] += term[live]
        rest = term[live] * fall / np.maximum(1 - fall, 1e-3)
        few[live] += np.where(rest <= NEGLIGIBLE * few[live], rest, 0.0)
        live = live[(rest > NEGLIGIBLE * few[live]) & (events[live] > 0) & (few[live] < 1)]
    few[live] = 1.0
    return np.minimum(few, 1.0)
