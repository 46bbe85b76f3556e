"""Cylinders, circles over a run of periods: which are the most unlikely, and how often one is as unlikely by chance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from hotspots.analysis.scan.reference import (
    EXACT,
    MAPS,
    Exceedance,
    MaximumChance,
    bound_of_maximum,
    choose_zones,
    exceed_sizes,
    rings_of,
)
from hotspots.analysis.scan.run_models import RunModel
from hotspots.analysis.scan.search import SAME, Ranks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hotspots.analysis.scan.reference import ZoneModel, Zones

    Floats = NDArray[np.float64]

__all__ = ["Cylinder", "CylinderSearch", "runs_of"]

SETTLED: Final = 1e-4
"""Bound below which no map is drawn: the bound is then the p-value."""
HELD: Final = 60_000_000
"""Counts on drawn maps that are held together."""


def runs_of(ordinals: NDArray[np.int64], *, longest: int, prospective: bool) -> list[tuple[int, int]]:
    """Return runs of periods, the first and the one after the last, by position; none has a gap.

    Parameters
    ----------
    ordinals
        Numbers of the periods, rising by 1 where one follows another.
    longest
        Periods in the longest run.
    prospective
        Whether only runs up to the last period are asked for.
    """
    number = len(ordinals)
    return [
        (start, end)
        for end in ((number,) if prospective else range(1, number + 1))
        for start in range(max(end - longest, 0), end)
        if ordinals[end - 1] - ordinals[start] == end - 1 - start
    ]


class Cylinder(NamedTuple):
    """One cylinder that is listed."""

    centre: int
    members: NDArray[np.int32]
    run: tuple[int, int]
    observed: float
    expected: float
    statistic: float
    p: float
    error: float
    """Standard error of the p-value; 0 where it is the bound."""
    bound: float


@dataclass(frozen=True)
class CylinderSearch:
    """What is searched for clusters in space and time, and how.

    Parameters
    ----------
    zones, runs
        Circles, and runs of periods.
    model
        What is expected.
    counts
        Events (n, periods).
    level
        Up to which p-value a cylinder is a cluster.
    most
        Largest number of cylinders that are listed.
    draws, rng
        Maps drawn for each p-value, and their source.
    """

    zones: Zones
    runs: list[tuple[int, int]]
    model: RunModel
    counts: Floats
    level: float
    most: int
    draws: int
    rng: np.random.Generator

    @cached_property
    def groups(self) -> dict[float, list[tuple[int, int]]]:
        """Weight, by which its model is made, of every run → runs that have it."""
        groups: dict[float, list[tuple[int, int]]] = {}
        for run in self.runs:
            groups.setdefault(float(self.model.periods[slice(*run)].sum()), []).append(run)
        # A run without events has no cluster, and one with all of them no time to be compared with.
        return {weight: runs for weight, runs in groups.items() if 0 < weight < self.model.periods.sum()}

    @cached_property
    def sizes(self) -> Floats:
        """Sum over the areas of every circle (centres, k)."""
        return self.zones.sums(self.model.areas)

    @cached_property
    def distinct(self) -> tuple[Floats, NDArray[np.intp]]:
        """Different ones of these sums, and which of them every circle has."""
        sums, which = np.unique(self.sizes[self.zones.ends], return_inverse=True)
        return sums, which

    def find(self) -> Iterator[Cylinder]:
        """Yield cylinders without a common area, the most unlikely first, while they are clusters; the first always.

        All are compared with the same maximum.
        """
        zones, free = self.zones, self.zones.ends.copy()
        value, start, end = self._highest()
        ranks, taken = Ranks(value), np.zeros(len(self.counts), dtype=bool)
        for number in range(self.most):
            centre, last, statistic = ranks.best(free)
            if statistic <= 0:
                return
            members, run = zones.members(centre, last), (int(start[centre, last]), int(end[centre, last]))
            p = self.chance(statistic * (1 - SAME))
            least = min(p.estimate, p.bound)
            if number and least > self.level:
                return
            observed = float(self.counts[members, slice(*run)].sum())
            yield Cylinder(
                centre, members, run, observed, self._expected(members, run), statistic, least, p.error, p.bound
            )
            taken[members] = True
            # A circle is free up to the first area that is taken.
            free &= ~np.maximum.accumulate(taken[zones.order], axis=1)

    def _expected(self, members: NDArray[np.int32], run: tuple[int, int]) -> float:
        areas, periods = self.model.areas, self.model.periods
        inside = areas[members].sum() / areas.sum() * periods[slice(*run)].sum() / periods.sum()
        return float(self.model.total * inside)

    def _highest(self) -> tuple[Floats, NDArray[np.int32], NDArray[np.int32]]:
        """Return the highest statistic of every circle over all runs, and first and end of that run (centres, k)."""
        shape = self.sizes.shape
        value, start, end = np.zeros(shape), np.zeros(shape, dtype=np.int32), np.zeros(shape, dtype=np.int32)
        for weight, runs in self.groups.items():
            model, size = self.model.of_run(weight), self.sizes * self.model.scale(weight)
            mean = self.sizes * (self.model.total * weight / self.model.periods.sum() / self.model.areas.sum())
            for run in runs:
                count = self.zones.sums(self.counts[:, slice(*run)].sum(axis=1))
                asked = np.nonzero(self.zones.ends & (count > mean))
                found = model.statistic(count[asked], size[asked])
                higher = found > value[asked]
                at = asked[0][higher], asked[1][higher]
                value[at], start[at], end[at] = found[higher], *run
        return value, start, end

    def _reached(self, weight: float, statistic: float) -> tuple[Exceedance, ZoneModel]:
        """Return from which count on circles reach a statistic in runs of one weight, and the model of these."""
        model, scale = self.model.of_run(weight), self.model.scale(weight)
        (sums, which), ends = self.distinct, self.zones.ends
        least, chance = np.full(ends.shape, np.inf), np.zeros(ends.shape)
        own_least, own_chance = exceed_sizes(sums * scale, model, statistic)
        least[ends], chance[ends] = own_least[which], own_chance[which]
        return Exceedance(least, chance, self.sizes * scale), model

    def chance(self, statistic: float) -> MaximumChance:
        """Return the chance that the highest statistic of all cylinders is at least this where nothing clusters.

        The bound is added up over runs; the estimate samples maps on which some cylinder reaches the statistic, as
        `chance_of_maximum` does.
        """
        bound, sum_of_chances, drawn = 0.0, 0.0, _Drawn.none(self.draws)
        for weight, runs in self.groups.items():
            reached, model = self._reached(weight, statistic)
            own = float(reached.chance.sum()) * len(runs)
            if own == 0:
                continue
            bound += min(bound_of_maximum(self.zones, reached, model), 1.0) * len(runs)
            sum_of_chances += own
            # Each draw keeps what it had with the chance that it should: in the end all have their share.
            at = np.flatnonzero(self.rng.random(self.draws) < own / sum_of_chances)
            drawn.centre[at], drawn.last[at], drawn.events[at] = choose_zones(reached, model, self.rng, len(at))
            drawn.run[at] = np.asarray(runs)[self.rng.integers(len(runs), size=len(at))]
        bound = min(bound, 1.0)
        if bound < SETTLED:
            return MaximumChance(bound, bound, 0.0)
        shares = 1 / np.maximum(self._numbers_reaching(statistic, drawn), 1)
        error = sum_of_chances * float(shares.std(ddof=1)) / np.sqrt(self.draws)
        return MaximumChance(bound, min(sum_of_chances * float(shares.mean()), 1.0), error)

    def _numbers_reaching(self, statistic: float, drawn: _Drawn) -> NDArray[np.int64]:
        """Return how many cylinders reach a statistic on each of the maps that are drawn (draws)."""
        number = np.zeros(self.draws, dtype=np.int64)
        step = MAPS * max(HELD // (MAPS * self.counts.size), 1)
        for first in range(0, self.draws, step):
            part = number[first : first + step]
            maps = self._maps(drawn, first, len(part))
            for weight, runs in self.groups.items():
                reached, _ = self._reached(weight, statistic)
                if not reached.chance.any():
                    continue
                rings = list(rings_of(self.zones, reached, maps.dtype.type))
                for start, end in runs:
                    for at in range(0, len(part), MAPS):
                        own = maps[end, :, at : at + MAPS] - maps[start, :, at : at + MAPS]
                        part[at : at + MAPS] += sum(ring.reaching(own) for ring in rings)
        return number

    def _maps(self, drawn: _Drawn, first: int, number: int) -> NDArray[np.floating[Any]]:
        """Return some of the maps, added up over the periods before each and after all (periods + 1, n, maps)."""
        n, periods = self.counts.shape
        maps = np.zeros((periods + 1, n, number), dtype=np.float32 if self.model.total < EXACT else np.float64)
        for at in range(number):
            own = first + at
            members = self.zones.members(int(drawn.centre[own]), int(drawn.last[own]))
            run = (int(drawn.run[own, 0]), int(drawn.run[own, 1]))
            maps[1:, :, at] = self.model.draw(int(drawn.events[own]), members, run, self.rng).T
        np.cumsum(maps, axis=0, out=maps)
        return maps


class _Drawn(NamedTuple):
    """Cylinders that reach a statistic on maps to be drawn, and their events there (each draws; runs draws, 2)."""

    centre: NDArray[np.intp]
    last: NDArray[np.intp]
    events: Floats
    run: NDArray[np.intp]

    @classmethod
    def none(cls, draws: int) -> _Drawn:
        """Return room for so many."""
        centre, last = np.zeros(draws, dtype=np.intp), np.zeros(draws, dtype=np.intp)
        return cls(centre, last, np.zeros(draws), np.zeros((draws, 2), dtype=np.intp))
