"""What a scan in space and time expects in a run of periods: by people and days, or by the margins of the counts.

Given the number of all events, the counts of one run of periods are those of a map, and a cylinder is a circle of it.
So each run has a model of zones, as a map has. Runs with the same weight (days, or events) have the same one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from hotspots.analysis.scan.reference import Bernoulli, ConstantRisk, ZoneModel, poisson_ratio

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["FEWEST_EVENTS", "PermutedPeriods", "PoissonPeriods", "RunModel"]

FEWEST_EVENTS: Final = 2
"""In a cylinder: a single event in a small area and a short time is no cluster, whatever is expected."""


class RunModel(Protocol):
    """What a scan in space and time needs to know of a null hypothesis."""

    @property
    def areas(self) -> Floats:
        """Of which circles have sums: people, or events in all periods (n)."""

    @property
    def periods(self) -> Floats:
        """Of which runs have sums: days, or events in all areas."""

    @property
    def total(self) -> int:
        """Events in all areas and periods."""

    def scale(self, weight: float) -> float:
        """Return what sums over areas are multiplied by to be the sizes of circles in runs of this weight."""

    def of_run(self, weight: float) -> ZoneModel:
        """Return the model of the circles of runs of this weight; places beyond the areas (n) belong to no circle."""

    def draw(self, count: int, members: NDArray[np.int32], run: tuple[int, int], rng: np.random.Generator) -> Floats:
        """Return random counts (n, periods), of which these areas have so many together in the run."""


@dataclass(frozen=True, slots=True)
class _ConstantRun(ConstantRisk):
    """The counts of a run of periods under constant risk; the last place has the events of all others."""

    def statistic(self, count: Floats, size: Floats) -> Floats:
        """See `ZoneModel`."""
        return _with_fewest(count, poisson_ratio(count, size, self.total))


@dataclass(frozen=True, slots=True)
class _PermutedRun(Bernoulli):
    """The counts of a run of periods under permutation: each event is in the run or not, as a case or a control is."""

    def statistic(self, count: Floats, size: Floats) -> Floats:
        """See `ZoneModel`."""
        events = float(self.size.sum())
        return _with_fewest(count, poisson_ratio(count, size * self.total / events, events))


def _with_fewest(count: Floats, value: Floats) -> Floats:
    return np.asarray(np.where(count >= FEWEST_EVENTS, value, 0.0))


@dataclass(frozen=True, slots=True)
class PoissonPeriods:
    """Everyone has the same risk on every day: counts are multinomial, expected by people times days.

    Parameters
    ----------
    areas
        People of every area (n).
    periods
        Days of every period.
    total
        Events in all areas and periods.

    References
    ----------
    Kulldorff (2001), Journal of the Royal Statistical Society A 164, 61-72.
    """

    areas: Floats
    periods: Floats
    total: int

    def scale(self, weight: float) -> float:
        """See `RunModel`."""
        return float(self.total * weight / self.periods.sum() / self.areas.sum())

    def of_run(self, weight: float) -> ZoneModel:
        """See `RunModel`."""
        own = self.areas * self.scale(weight)
        return _ConstantRun(np.append(own, self.total - own.sum()), self.total)

    def draw(self, count: int, members: NDArray[np.int32], run: tuple[int, int], rng: np.random.Generator) -> Floats:
        """See `RunModel`."""
        outside = np.outer(self.areas, self.periods)
        inside = np.zeros_like(outside)
        cells = np.ix_(members, np.arange(*run))
        inside[cells], outside[cells] = outside[cells], 0.0
        drawn = rng.multinomial(count, (inside / inside.sum()).ravel())
        drawn += rng.multinomial(self.total - count, (outside / outside.sum()).ravel())
        return np.asarray(drawn.reshape(outside.shape), dtype=float)


@dataclass(frozen=True, slots=True)
class PermutedPeriods:
    """Events' periods are permuted among their areas: the events of each area and of each period are given.

    Parameters
    ----------
    areas
        Events of every area in all periods, whole numbers (n).
    periods
        Events of every period in all areas.

    References
    ----------
    Kulldorff, Heffernan, Hartman, Assunção and Mostashari (2005), PLoS Medicine 2, e59.
    """

    areas: Floats
    periods: Floats

    @property
    def total(self) -> int:
        """See `RunModel`."""
        return int(self.areas.sum())

    def scale(self, weight: float) -> float:
        """See `RunModel`."""
        return 1.0

    def of_run(self, weight: float) -> ZoneModel:
        """See `RunModel`."""
        return _PermutedRun(self.areas, round(weight))

    def draw(self, count: int, members: NDArray[np.int32], run: tuple[int, int], rng: np.random.Generator) -> Floats:
        """See `RunModel`."""
        own = np.zeros(len(self.areas), dtype=bool)
        own[members] = True
        area = np.repeat(np.arange(len(own)), self.areas.astype(np.int64))
        period = np.repeat(np.arange(len(self.periods)), self.periods.astype(np.int64))
        during = (period >= run[0]) & (period < run[1])
        first, other = rng.permutation(period[during]), rng.permutation(period[~during])
        left = int(self.areas[own].sum()) - count
        cell = np.empty(len(area), dtype=np.int64)
        # Events of the circle in the run, then outside it; and likewise of all other areas.
        cell[own[area]] = rng.permutation(np.concatenate([first[:count], other[:left]]))
        cell[~own[area]] = rng.permutation(np.concatenate([first[count:], other[left:]]))
        cell += area * len(self.periods)
        drawn = np.bincount(cell, minlength=len(own) * len(self.periods))
        return np.asarray(drawn.reshape(len(own), -1), dtype=float)
