"""Hotspots: adjoining hot areas as one, with what it holds and where it lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Part = Literal[
    "central", "north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west"
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """The location of something, as facts from which sentences are made.

    Parameters
    ----------
    authorities
        Names of the local authorities it lies in, the one with the largest part first.
    part
        Which part of the first authority.
    borders
        Names of other authorities of the study that it adjoins.
    near
        The place name nearest to its middle, one inside it before all others; empty where none is near.
    around
        Whether that name is inside it.
    """

    authorities: tuple[str, ...]
    part: Part
    borders: tuple[str, ...] = ()
    near: str = ""
    around: bool = False


@dataclass(frozen=True, slots=True)
class Hotspot:
    """Adjoining areas that are hot.

    Parameters
    ----------
    areas
        Their ids, sorted.
    where
        Where it lies.
    people
        Residents, or NaN without a population.
    observed_low, observed_high
        Events: sums of the areas' intervals.
    expected
        Events if everyone in the study area had the same risk, or NaN without a population.
    """

    areas: tuple[str, ...]
    where: Whereabouts
    people: float
    observed_low: float
    observed_high: float
    expected: float

    @property
    def ratio(self) -> tuple[float, float]:
        """Observed over expected events, from its lowest to its highest."""
        return self.observed_low / self.expected, self.observed_high / self.expected
