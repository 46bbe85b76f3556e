"""Random maps on which some zone reaches a statistic, and how many zones do on each (importance sampling)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hotspots.analysis.scan.reference.scattered_risk import ScatteredRisk
from hotspots.analysis.scan.reference.zone_models import ZoneModel, log_tail

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hotspots.analysis.scan.reference.exceedance import Exceedance
    from hotspots.analysis.scan.reference.zones import Zones

    Floats = NDArray[np.float64]
    Kind = type[np.float32] | type[np.float64]
    Counts = NDArray[np.floating[Any]]

__all__ = ["EXACT", "MAPS", "choose_zones", "rings_of", "shares_of_draws"]

MAPS: Final = 64
"""Maps that are looked at together."""
CELLS: Final = 65_536
"""Pairs of a centre and an area that are looked at together, on every one of those maps."""
RARE: Final = 1e-6
"""Sum of all zones' chances below which zones that share no area with the one in question are left out: on fewer maps
than this share one of them reaches the statistic too, and what is left out makes the estimate larger."""
SMALL: Final = 20
"""Areas on the map over those in a zone from which on it is faster to look at the zones around one alone."""
EXACT: Final = 2**24
"""Up to here numbers of four bytes hold every whole number; sums of them are fast."""


def shares_of_draws(
    zones: Zones, model: ZoneModel | ScatteredRisk, reached: Exceedance, rng: np.random.Generator, draws: int
) -> Floats:
    """Return one over the number of zones that reach the statistic, on maps on which a random one does (draws)."""
    centre, last, count = choose_zones(reached, model, rng, draws)
    kind = np.float32 if model.total < EXACT else np.float64
    number = np.zeros(draws, dtype=np.int64)
    if float(reached.chance.sum()) < RARE and SMALL * zones.order.shape[1] < len(model.size):
        near = _Near(zones, reached, model, kind)
        for at in range(draws):
            number[at] = near.reaching(int(count[at]), zones.members(int(centre[at]), int(last[at])), rng)
        return 1 / np.maximum(number, 1)
    rings = list(rings_of(zones, reached, kind))
    for start in range(0, draws, MAPS):
        maps = np.empty((len(model.size), min(MAPS, draws - start)), dtype=kind)
        for at in range(maps.shape[1]):
            own = start + at
            maps[:, at] = model.draw(int(count[own]), zones.members(int(centre[own]), int(last[own])), rng)
        for part in rings:
            number[start : start + maps.shape[1]] += part.reaching(maps)
    return 1 / np.maximum(number, 1)


def choose_zones(
    reached: Exceedance, model: ZoneModel | ScatteredRisk, rng: np.random.Generator, draws: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats]:
    """Return random zones, each by its chance of reaching the statistic, and counts at which they do (each draws)."""
    cumulated = np.cumsum(reached.chance.ravel())
    chosen = np.searchsorted(cumulated, rng.random(draws) * cumulated[-1], side="right")
    centre, last = np.unravel_index(np.minimum(chosen, reached.chance.size - 1), reached.chance.shape)
    least = reached.least[centre, last]
    # Under scattered risk a map is drawn from the least count on, under others from a count drawn before.
    if isinstance(model, ScatteredRisk):
        return centre, last, least
    return centre, last, _counts_above(model, least, reached.size[centre, last], rng)


def _counts_above(model: ZoneModel, least: Floats, size: Floats, rng: np.random.Generator) -> Floats:
    """Return random counts of zones, given that they are at least `least`: by inversion, from there upwards."""
    left = rng.random(len(least)) * np.exp(log_tail(model, least, size) - model.log_chance(least, size))
    term, count, live = np.ones(len(least)), least.copy(), np.arange(len(least))
    while len(live):
        left[live] -= term[live]
        live = live[(left[live] > 0) & (term[live] > 0)]
        term[live] *= model.ratio(count[live], size[live])
        count[live] += 1
    return np.minimum(count, model.total)


class _Near:
    """The zones around one that reaches the statistic: on maps of the areas in them, all others taken as one.

    Parameters
    ----------
    zones, reached, model
        What is scanned, and from which counts on zones reach the statistic.
    kind
        Of the numbers in which events are added up.
    """

    def __init__(self, zones: Zones, reached: Exceedance, model: ZoneModel | ScatteredRisk, kind: Kind) -> None:
        from scipy.sparse import csr_array

        order = zones.order
        self.order, self.model = order, model
        self.least: Counts = np.where(reached.chance > 0, reached.least, np.inf).astype(kind)
        # For every area the centres whose zones may hold it: the columns of a matrix of centres by areas.
        cells = np.ones(order.size, dtype=np.int8), order.ravel(), np.arange(0, order.size + 1, order.shape[1])
        self.holders = csr_array(cells, shape=(len(order), len(model.size))).tocsc()
        self.drawn: Counts = np.zeros(len(model.size), dtype=kind)
        self.ends = _ring_ends(order.shape[1])
        begins = np.append(0, self.ends[:-1])
        self.fewest: Counts = np.minimum.reduceat(self.least, begins, axis=1)
        # Sums over the rings of every centre, each of ones: a matrix of rings by areas, from its first rows on.
        self.ones: Counts = np.ones(order.size, dtype=kind)
        self.rows = np.append(0, np.arange(len(order))[:, None] * order.shape[1] + self.ends).astype(np.int32)

    def reaching(self, count: int, members: NDArray[np.int32], rng: np.random.Generator) -> int:
        """Return how many zones reach the statistic on a random map whose areas `members` have this count together."""
        begins, ends = self.holders.indptr[members], self.holders.indptr[members + 1]
        found = np.zeros(len(self.order), dtype=bool)
        for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
            found[self.holders.indices[begin:end]] = True
        asked = np.flatnonzero(found)
        order = self.order[asked]
        held = np.zeros(len(self.drawn), dtype=bool)
        held[order.ravel()] = True
        areas = np.flatnonzero(held)
        inside = np.searchsorted(areas, members).astype(np.int32)
        self.drawn[areas] = self.model.merged(areas).draw(count, inside, rng)[:-1]
        likely = self._likely(order, asked)
        counts = np.cumsum(self.drawn[order[likely]], axis=1)
        return int(np.count_nonzero(counts >= self.least[asked[likely]]))

    def _likely(self, order: NDArray[np.int32], asked: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return which of some centres have enough events at the end of a ring for a zone that ends in it."""
        from scipy.sparse import csr_array

        number = len(asked) * len(self.ends)
        cells = self.ones[: order.size], order.ravel(), self.rows[: number + 1]
        rings = np.asarray(csr_array(cells, shape=(number, len(self.drawn))) @ self.drawn)
        counts = np.cumsum(rings.reshape(len(asked), -1), axis=1)
        return np.flatnonzero((counts >= self.fewest[asked]).any(axis=1))


def _ring_ends(wide: int) -> NDArray[np.intp]:
    """Return where rings of areas end: some twice as wide as the root of the areas inside.

    The events of a ring are then about as few as those by which zones vary.
    """
    return np.unique(np.minimum(np.cumsum(2 * np.sqrt(np.arange(wide) + 1).astype(np.int64)), wide))


def rings_of(zones: Zones, reached: Exceedance, kind: Kind) -> Iterator[_Rings]:
    """Yield the zones that can reach the statistic, some centres at a time."""
    possible = reached.chance > 0
    asked = np.flatnonzero(possible.any(axis=1))
    wide = int(np.flatnonzero(possible.any(axis=0)).max()) + 1
    rows = max(CELLS // wide, 1)
    for start in range(0, len(asked), rows):
        part = asked[start : start + rows]
        least: Counts = np.where(possible[part, :wide], reached.least[part, :wide], np.inf).astype(kind)
        yield _Rings(zones.order[part, :wide], least)


class _Rings:
    """Nested zones of some centres, cut into rings of areas: a zone that ends in a ring has at most what ends it.

    Few zones reach a statistic on a map. So counts are first added up by ring, for many maps at once (a sparse matrix
    of rings by areas), and one by one only in rings at whose end there are enough events for a zone that ends in it.

    Parameters
    ----------
    order
        Positions of areas by distance from each centre (centres, k).
    least
        Events from which on the zone that ends there reaches the statistic (centres, k).
    """

    def __init__(self, order: NDArray[np.int32], least: Counts) -> None:
        from scipy.sparse import csr_array

        places = _ring_ends(order.shape[1]).tolist()
        self.spans = [slice(start, end) for start, end in zip([0, *places[:-1]], places, strict=True)]
        self.order, self.least = order, least
        self.fewest = np.stack([least[:, span].min(axis=1) for span in self.spans])[:, :, None]
        # Ring by ring, of each all centres: sums over rings then run over whole blocks of memory.
        ends = np.cumsum(np.repeat([span.stop - span.start for span in self.spans], len(order)))
        areas = np.concatenate([order[:, span].ravel() for span in self.spans])
        self.sums = csr_array(
            (np.ones(areas.size, dtype=least.dtype), areas, np.append(0, ends)), shape=(len(ends), int(areas.max()) + 1)
        )

    def reaching(self, maps: Counts) -> NDArray[np.int64]:
        """Return how many zones reach the statistic on each map; maps are (n, maps)."""
        inside: Counts = (self.sums @ maps[: self.sums.shape[1]]).reshape(*self.fewest.shape[:2], -1)
        # Ten times as fast here as numpy.cumsum.
        for ring in range(1, len(inside)):
            inside[ring] += inside[ring - 1]
        reaches = inside >= self.fewest
        number = np.zeros(maps.shape[1])
        for ring in np.flatnonzero(reaches.any(axis=(1, 2))).tolist():
            span = self.spans[ring]
            centre, at = np.divmod(np.flatnonzero(reaches[ring]), maps.shape[1])
            counts = np.cumsum(maps[self.order[centre, span], at[:, None]], axis=1)
            if ring:
                counts += inside[ring - 1, centre, at][:, None]
            number += np.bincount(at, (counts >= self.least[centre, span]).sum(axis=1), len(number))
        return number.astype(np.int64)
