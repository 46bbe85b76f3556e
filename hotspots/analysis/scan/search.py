"""The search for clusters: which zones are listed, what is known of each, and what suppressed counts leave open.

A suppressed count is an interval; a fill is a choice of one value from each of them. The statistic of a zone grows with
its own events and falls with those of all others: it is least where the zone has as few as it can have and all others
as many, and greatest in the reverse. P-values are those of these two fills.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import numpy as np

from hotspots.analysis.scan.reference import (
    FEWEST_AREAS,
    ConstantRisk,
    ExchangeableRisk,
    MaximumChance,
    ScatteredRisk,
    ZoneModel,
    chance_of_maximum,
    poisson_ratio,
    scattered_statistics,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hotspots.analysis.autocorrelation.reference import Risks
    from hotspots.analysis.scan.reference import Zones

    Floats = NDArray[np.float64]

__all__ = ["SAME", "Found", "Nulls", "Ranks", "Search", "find_apart", "find_removed"]

Certainty = Literal["certain", "depends", "never"]

AT_FIRST: Final = 4_096
"""Zones whose ranks are computed first, those with the highest limits; then four times as many, and so on."""
ALMOST: Final = 1.001
"""Below this dispersion risks don't scatter: the null is that of constant risk."""
SAME: Final = 1e-9
"""Statistics that differ by less than this share are one."""


class Ranks:
    """By what zones are ranked: computed where an upper limit of it does not already rule a zone out.

    Parameters
    ----------
    limits
        Upper limits (centres, k).
    exact
        Return the ranks of the zones at these places of the flattened limits; None where the limits are the ranks.
    """

    def __init__(self, limits: Floats, exact: Callable[[NDArray[np.intp]], Floats] | None = None) -> None:
        self.value, self.exact = limits, exact
        self.open = np.full(limits.shape, exact is not None)

    def best(self, free: NDArray[np.bool_]) -> tuple[int, int, float]:
        """Return centre, place and rank of the free zone that ranks first."""
        value = np.where(free, self.value, 0.0).ravel()
        unknown = self.open.ravel()
        asked = AT_FIRST
        while self.exact is not None:
            left = np.flatnonzero(unknown & (value > 0) & (value >= np.max(value, where=~unknown, initial=0.0)))
            if not len(left):
                break
            at = left if len(left) <= asked else left[np.argpartition(value[left], -asked)[-asked:]]
            value[at] = self.value.ravel()[at] = self.exact(at)
            unknown[at] = False
            asked *= 4
        first = int(value.argmax())
        centre, last = divmod(first, free.shape[1])
        return centre, last, float(value[first])


class Found(NamedTuple):
    """One zone that is listed, with bounds over all values of suppressed counts."""

    centre: int
    members: NDArray[np.int32]
    statistic: tuple[float, float]
    p: tuple[float, float]
    error: float
    """Standard error of the p-value."""
    bound: float
    """The p-value can't exceed it."""
    certainty: Certainty
    shape: float
    angle: float


@dataclass(frozen=True)
class Nulls:
    """The null hypothesis at any number of events.

    Parameters
    ----------
    people
        People of every area (n).
    dispersion
        Smallest and largest variance of an area's count over its mean; ones under constant risk.
    other
        Instead: the model at a number of events.
    risks
        Instead: the distribution of risks, of any form.
    """

    people: Floats
    dispersion: tuple[float, float] = (1.0, 1.0)
    other: Callable[[int], ZoneModel] | None = None
    risks: Risks | None = None

    @property
    def constant(self) -> bool:
        """Whether everyone has the same risk, so that zones are compared by the likelihood ratio."""
        return self.risks is None and max(self.dispersion) < ALMOST

    def at(self, total: float) -> Sequence[ZoneModel | ScatteredRisk]:
        """Return the models with so many events in all areas: one, or one for either dispersion."""
        if self.other is not None:
            return [self.other(round(total))]
        expected = self.people * total / self.people.sum()
        if self.risks is not None:
            return [ScatteredRisk(expected, self.risks)]
        return [
            ConstantRisk(expected, round(total)) if one < ALMOST else ExchangeableRisk(expected, round(total), one)
            for one in dict.fromkeys(self.dispersion)
        ]


@dataclass(frozen=True)
class Search:
    """What is searched for clusters, and how.

    Parameters
    ----------
    zones, nulls
        What is compared, and with what.
    low, high
        Bounds of the events of every area (n).
    level
        Up to which p-value a zone is a cluster.
    most
        Largest number of zones that are listed.
    draws, rng
        Maps drawn for each p-value, and their source.
    """

    zones: Zones
    nulls: Nulls
    low: Floats
    high: Floats
    level: float
    most: int
    draws: int
    rng: np.random.Generator

    @property
    def known(self) -> bool:
        """Whether no count is suppressed."""
        return bool((self.low == self.high).all())

    def ranks(self, *, highest: bool) -> Ranks:
        """Return by what zones are ranked, 0 where none ends or there are no more events than expected.

        The statistic; of suppressed counts the likelihood ratio where a zone has as many events as it can have and all
        others as few, or the reverse.
        """
        if self.known:
            model = self.nulls.at(self.low.sum())[0]
            count, penalties = self.zones.sums(self.low), self.zones.penalties
            if isinstance(model, ScatteredRisk):
                return Ranks(scattered_statistics(self.zones, model, count, self.zones.ends) * penalties[:, None])
            size = self.zones.sums(model.size)
            limits = np.zeros(count.shape)
            limits[self.zones.ends] = model.statistic_limit(count[self.zones.ends], size[self.zones.ends])
            return Ranks(
                limits * penalties[:, None],
                lambda at: model.statistic(count.ravel()[at], size.ravel()[at]) * penalties[at // count.shape[1]],
            )
        own, others = (self.high, self.low) if highest else (self.low, self.high)
        inside = self.zones.sums(own)
        total = inside + others.sum() - self.zones.sums(others)
        share = self.zones.sums(self.nulls.people) / self.nulls.people.sum()
        value = np.zeros(inside.shape)
        more = (inside > total * share) & self.zones.ends
        value[more] = poisson_ratio(inside[more], (total * share)[more], total[more])
        return Ranks(value * self.zones.penalties[:, None])

    def describe(self, centre: int, last: int) -> Found:
        """Return what is known of one zone."""
        members = self.zones.members(centre, last)
        shape, angle = self.zones.form(centre)
        low, high = float(self.low[members].sum()), float(self.high[members].sum())
        others_low, others_high = float(self.low.sum()) - low, float(self.high.sum()) - high
        likely = [self._judge(model, centre, last, high) for model in self.nulls.at(high + others_low)]
        most = max(statistic for statistic, _ in likely)
        least_p = min(min(p.estimate, p.bound) for _, p in likely)
        error = max(p.error for _, p in likely)
        if self.known:
            statistic, p, bound = (most, most), (least_p, least_p), likely[0][1].bound
        else:
            unlikely = [self._judge(model, centre, last, low, draws=0) for model in self.nulls.at(low + others_high)]
            least = min(statistic for statistic, _ in unlikely)
            # The bound stands in for the p-value here, so that "certain" leaves room for the fills in between.
            statistic, p = (least, most), (least_p, max(least_p, *(p.bound for _, p in unlikely)))
            # Whatever total and dispersion are, a zone reaches a statistic with a chance of at most exp(-statistic): by
            # definition where it is a tail, by Chernoff's bound where it is a likelihood ratio.
            bound = max(p[1], min(1.0, len(self.zones) * float(np.exp(-least))))
        certainty: Certainty = "certain" if p[1] <= self.level else "depends" if p[0] <= self.level else "never"
        return Found(int(members[0]), members, statistic, p, error, bound, certainty, shape, angle)

    def _judge(
        self, model: ZoneModel | ScatteredRisk, centre: int, last: int, events: float, *, draws: int | None = None
    ) -> tuple[float, MaximumChance]:
        """Return the statistic of a zone with so many events, and how often the maximum reaches it."""
        if events == 0:
            return 0.0, MaximumChance(1.0, 1.0, 0.0)
        statistic = self._statistic(model, centre, last, events) * float(self.zones.penalties[centre])
        if statistic <= 0:
            return 0.0, MaximumChance(1.0, 1.0, 0.0)
        number = self.draws if draws is None else draws
        least = statistic * (1 - SAME)
        bounded = self.known or not number
        return statistic, chance_of_maximum(self.zones, model, least, rng=self.rng, draws=number, bounded=bounded)

    def _statistic(self, model: ZoneModel | ScatteredRisk, centre: int, last: int, events: float) -> float:
        """Return the statistic of a zone with so many events, before its penalty."""
        if isinstance(model, ScatteredRisk):
            alone = replace(self.zones, order=self.zones.order[[centre]], ends=self.zones.ends[[centre]], shapes=None)
            asked = np.arange(alone.ends.shape[1]) == last
            return float(scattered_statistics(alone, model, np.full(asked[None].shape, events), asked[None]).max())
        size = float(model.size[self.zones.members(centre, last)].sum())
        return float(model.statistic(np.array([events]), np.array([size]))[0])


def find_apart(search: Search) -> Iterator[Found]:
    """Yield zones that don't overlap: clusters for every fill, then those that are clusters for some.

    Where there is neither, the most unlikely zone alone.
    """
    zones, free = search.zones, search.zones.ends.copy()
    taken, listed = np.zeros(len(search.low), dtype=bool), 0
    for certain in (True,) if search.known else (True, False):
        ranks = search.ranks(highest=not certain)
        while listed < search.most:
            centre, last, rank = ranks.best(free)
            if rank <= 0:
                break
            found = search.describe(centre, last)
            alone = listed == 0 and (search.known or not certain)
            if not alone and found.certainty not in (("certain",) if certain else ("certain", "depends")):
                break
            yield found
            listed += 1
            taken[found.members] = True
            # A zone is free up to the first area that is taken.
            free &= ~np.maximum.accumulate(taken[zones.order], axis=1)
            if found.certainty == "never":
                return


def find_removed(search: Search, zones_of: Callable[[NDArray[np.intp]], Zones]) -> Iterator[Found]:
    """Yield clusters one after another, each found on the map without the areas of those before it.

    Parameters
    ----------
    search
        Of the whole map.
    zones_of
        Return the zones of the areas at these positions alone.

    References
    ----------
    Zhang, Assunção and Kulldorff (2010), Journal of Probability and Statistics, 642379.
    """
    left = np.arange(len(search.low))
    for number in range(search.most):
        found = next(find_apart(replace(search, most=1)), None)
        if found is None or (number and found.certainty == "never"):
            return
        members = left[found.members].astype(np.int32)
        yield found._replace(centre=int(left[found.centre]), members=members)
        keep = np.ones(len(left), dtype=bool)
        keep[found.members] = False
        left = left[keep]
        if found.certainty == "never" or len(left) < FEWEST_AREAS or search.high[keep].sum() == 0:
            return
        search = replace(
            search,
            zones=zones_of(left),
            nulls=replace(search.nulls, people=search.nulls.people[keep]),
            low=search.low[keep],
            high=search.high[keep],
        )
