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
    zones: Zones, model: ZoneModel, statistic: float, *, rng: np.random.Generator, draws: int = 1_000
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

    References
    ----------
    Worsley (1982), Biometrika 69, 297-302, and Hunter (1976), Journal of Applied Probability 13, 597-603 (the bound);
    Naiman and Priebe (2001), Journal of Computational and Graphical Statistics 10, 296-328 (the estimate).
    """
    reached = exceed(zones, model, statistic)
    bound = min(_bound(zones, reached, model), 1.0)
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
    # P(B and not A) = P(B) - P(A) + P(A and not B); A and not B: counts from A's to below B's, with too few beyond.
    new = chance[inner] - chance[before]
    low, high, small, step = least[before], least[inner], size[before], size[inner] - size[before]
    live = np.flatnonzero((high > low) & np.isfinite(high))
    new[~np.isfinite(high)] = 0.0
    offset = 0
    while len(live):
        s = low[live] + offset
        fewer = np.zeros(len(live))
        most = high[live] - s - 1
        for more in range(int(most.max()) + 1):
            there = most >= more
            fewer[there] += np.exp(
                model.log_chance_of_step(
                    np.full(there.sum(), float(more)), s[there], small[live][there], step[live][there]
                )
            )
        new[live] += np.exp(model.log_chance(s, small[live])) * np.minimum(fewer, 1)
        offset += 1
        live = live[low[live] + offset < high[live]]
    return total + float(np.maximum(new, 0).sum())
