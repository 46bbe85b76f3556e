"""From which count on each zone of a map reaches a statistic, and how likely that is where nothing clusters.

Both are found for all zones at once. The statistic falls with a zone's size, so that zones of one count lie between two
sizes; between them the logarithm of the chance is smooth, and a polynomial through a few exact values has it for all
zones of the count, however many there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from hotspots.analysis.scan.reference.zone_models import ZoneModel, log_tail

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hotspots.analysis.scan.reference.zones import Zones

    Floats = NDArray[np.float64]

__all__ = ["Exceedance", "exceed", "exceed_sizes"]

PRECISION: Final = 1e-10
"""Share of a zone's chance that may be left out of its sum: it is added as an upper limit."""
NODES: Final = 12
"""Exact chances under each polynomial."""
AGREES: Final = 1e-8
"""Share by which a polynomial may differ from exact chances half-way between its own; else all zones are computed."""
AT_ONCE: Final = 32_768
"""Zones whose polynomials are evaluated together: what is worked on stays in the processor's cache."""


class Exceedance(NamedTuple):
    """From which count on each zone reaches a statistic, and how likely that is."""

    least: Floats
    """Whole numbers (centres, k); infinite where no zone ends, or none of its counts does."""
    chance: Floats
    """0 there (centres, k)."""
    size: Floats
    """Sizes of the zones (centres, k)."""


def exceed(zones: Zones, model: ZoneModel, statistic: float) -> Exceedance:
    """Return the counts from which on zones reach a statistic, as it is after their penalty."""
    size = zones.sums(model.size)
    least, chance = np.full(size.shape, np.inf), np.zeros(size.shape)
    for penalty in np.unique(zones.penalties):
        at = np.flatnonzero(zones.ends & (zones.penalties == penalty)[:, None])
        least.ravel()[at], chance.ravel()[at] = exceed_sizes(size.ravel()[at], model, statistic / penalty)
    return Exceedance(least, chance, size)


def exceed_sizes(sizes: Floats, model: ZoneModel, statistic: float) -> tuple[Floats, Floats]:
    """Return the counts from which on zones of these sizes (m) reach a statistic, and how likely that is (each m)."""
    least, chance = np.full(len(sizes), np.inf), np.zeros(len(sizes))
    limits = _limits(model, _distinct(sizes), statistic)
    count = np.searchsorted(limits, sizes, side="left")
    reachable = (count < len(limits)) & (count > 0)
    count = count[reachable]
    least[reachable] = count
    chance[reachable] = np.minimum(np.exp(_log_chances(model, count, sizes[reachable])), 1.0)
    return least, chance


def _distinct(values: Floats) -> Floats:
    """Return the different ones of some values, rising: four times as fast as numpy.unique."""
    rising = np.sort(values)
    return np.asarray(rising[np.append(True, rising[1:] != rising[:-1])])


def _limits(model: ZoneModel, sizes: Floats, statistic: float) -> Floats:
    """Return the largest of some sizes, rising, at which each count from 0 on reaches a statistic; 0 where none does.

    A zone's count is the first whose largest size is no smaller: found for all zones at once.
    """
    if len(sizes) < sizes[-1] * model.total / float(model.size.sum()):
        # Fewer sizes than counts: each count's largest size is found from the sizes' first counts.
        least = _first_counts(model, sizes, statistic)
        reached = np.arange(int(np.max(least, where=np.isfinite(least), initial=0)) + 1)
        return np.append(0.0, sizes)[np.searchsorted(least, reached, side="right")]
    limits = np.zeros(1)
    first, number = 1, 64
    while limits[-1] < sizes[-1] and first <= model.total:
        counts = np.arange(first, min(first + number, model.total + 1), dtype=float)
        limits = np.append(limits, _largest_size(model, counts, sizes, statistic))
        first, number = first + number, 2 * number
    return np.asarray(np.maximum.accumulate(limits))


def _first_counts(model: ZoneModel, sizes: Floats, statistic: float) -> Floats:
    """Return the count from which on zones of these sizes, rising, reach a statistic; infinite where none does."""
    # It rises from the count that is expected to the largest possible one; halving finds the place.
    low = np.floor(sizes * model.total / float(model.size.sum())) + 1
    high = np.full(len(sizes), model.total + 1.0)
    if model.growth < 0:
        # Drawn without replacement, events can't be more than people.
        high = np.minimum(high, np.floor(sizes) + 1)
    end = high.copy()
    live = np.flatnonzero(low < high)
    while len(live):
        middle = np.floor((low[live] + high[live]) / 2)
        reaches = model.statistic(middle, sizes[live]) >= statistic
        high[live] = np.where(reaches, middle, high[live])
        low[live] = np.where(reaches, low[live], middle + 1)
        live = live[low[live] < high[live]]
    return np.where(low < end, low, np.inf)


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


def _log_chances(model: ZoneModel, count: NDArray[np.intp], size: Floats) -> Floats:
    """Return the logarithm of the chance that zones have at least these counts (m)."""
    if not len(count):
        return np.empty(0)
    # Polynomials are only worth it for counts of many zones.
    many = np.flatnonzero(np.bincount(count) > 4 * NODES)
    if not len(many):
        return log_tail(model, count.astype(float), size, precision=PRECISION)
    by_count = _Polynomials.through(model, many, count, size)
    value = by_count.at(count, size)
    direct = np.flatnonzero(~by_count.agrees[count])
    value[direct] = log_tail(model, count[direct].astype(float), size[direct], precision=PRECISION)
    return value


class _Polynomials(NamedTuple):
    """The logarithm of the chance of at least a count, as Chebyshev's polynomials of the logarithm of the size."""

    middle: Floats
    half: Floats
    """Middle and half length of the range of the logarithm, by count (counts)."""
    terms: Floats
    """Coefficients (counts, NODES)."""
    agrees: NDArray[np.bool_]
    """Whether the polynomial is as good as exact (counts)."""

    @classmethod
    def through(cls, model: ZoneModel, used: NDArray[np.intp], count: NDArray[np.intp], size: Floats) -> _Polynomials:
        """Return those of some counts, over the range of sizes of the zones (m) that have them."""
        low, high = np.full(count.max() + 1, np.inf), np.zeros(count.max() + 1)
        np.minimum.at(low, count, size)
        np.maximum.at(high, count, size)
        middle, half = np.zeros(len(low)), np.zeros(len(low))
        middle[used] = np.log(low[used] * high[used]) / 2
        half[used] = np.log(high[used] / low[used]) / 2

        def exact(places: Floats) -> Floats:
            sizes = np.exp(middle[used, None] + half[used, None] * places)
            counts = np.repeat(used.astype(float), len(places))
            value = log_tail(model, counts, sizes.ravel())
            # Sizes between those of zones may be too small for a count, where it is of whole numbers of people.
            return np.where(np.isfinite(value), value, 1e9).reshape(sizes.shape)

        nodes, between = (np.pi * (np.arange(NODES + more) + start) / NODES for more, start in ((0, 0.5), (1, 0.0)))
        degrees = np.arange(NODES)
        terms, agrees = np.zeros((len(low), NODES)), np.zeros(len(low), dtype=bool)
        terms[used] = exact(np.cos(nodes)) @ np.cos(nodes[:, None] * degrees) * (2 / NODES)
        terms[:, 0] /= 2
        found = terms[used] @ np.cos(degrees[:, None] * between)
        agrees[used] = np.abs(found - exact(np.cos(between))).max(axis=1) <= AGREES
        return cls(middle, half, terms, agrees)

    def at(self, count: NDArray[np.intp], size: Floats) -> Floats:
        """Return the values of zones (m)."""
        value = np.empty(len(count))
        for start in range(0, len(count), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            own = count[part]
            place = (np.log(size[part]) - self.middle[own]) / np.maximum(self.half[own], 1e-12)
            terms = self.terms[own].T
            # Clenshaw's recursion.
            last, before = np.zeros(len(own)), np.zeros(len(own))
            for degree in range(NODES - 1, 0, -1):
                last, before = terms[degree] + 2 * place * last - before, last
            value[part] = terms[0] + place * last - before
        return value
