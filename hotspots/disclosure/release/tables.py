"""Published tables of counts of people: which numbers they have, and between which bounds each lies."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hotspots.errors import DisclosureError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from hotspots.disclosure.release.rules import Rule
    from hotspots.disclosure.release.scopes import Scope

__all__ = ["WHOLE_FILE", "CountTable", "region_of"]

WHOLE_FILE = ""
"""The region of numbers that count records wherever they lie."""


def region_of(areas: Iterable[str]) -> str:
    """Return a short name for a set of areas: the same for the same areas in any order."""
    return hashlib.sha256("\n".join(sorted(areas)).encode()).hexdigest()[:16]


@dataclass(frozen=True, eq=False, slots=True)
class CountTable:
    """Numbers of one source's records, by area or as totals of many areas, each between two bounds.

    Parameters
    ----------
    records
        Which records are counted: the name of their source. Tables of the same records are looked at together.
    title
        The table in words, for messages.
    geography
        What the areas are, e.g. ``"LSOA 2011"``.
    authorities
        Codes of the local authorities in which the areas lie.
    region
        The set of areas, as `region_of` names it; `WHOLE_FILE` if records elsewhere are counted too.
    places
        Area ids in the order of the columns; empty for totals. Names in brackets stand beside areas: events in none of
        them, and rows without a place.
    scopes
        Which records each row counts.
    low, high
        Bounds of each number; shape (scopes, places), or (scopes, 1) for totals. Missing where there is no number.
    rule
        The disclosure rule.

    Raises
    ------
    DisclosureError
        If the bounds do not have the shape of the table, or a lower bound is above the upper one.
    """

    records: str
    title: str
    geography: str
    authorities: tuple[str, ...]
    region: str
    places: tuple[str, ...]
    scopes: tuple[Scope, ...]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    rule: Rule

    def __post_init__(self) -> None:
        shape = len(self.scopes), len(self.places) or 1
        for end in ("low", "high"):
            bounds = np.array(getattr(self, end), dtype=float)
            if bounds.shape != shape:
                raise DisclosureError(
                    f"The numbers of {self.title} do not have the shape of their table.",
                    found=f"shape {bounds.shape}; {shape[0]} scopes and {shape[1]} places",
                )
            bounds.setflags(write=False)
            object.__setattr__(self, end, bounds)
        if (self.low > self.high).any():
            raise DisclosureError(f"A lower bound of {self.title} is above the upper one.")

    @property
    def areas(self) -> tuple[str, ...]:
        """The places that are areas, and not what stands beside them."""
        return tuple(place for place in self.places if not place.startswith("("))

    @property
    def is_total(self) -> bool:
        """Whether each number is a total of many areas."""
        return not self.places

    def repeats(self, other: CountTable) -> bool:
        """Return whether another table has the same numbers: of the same areas and records."""
        return (self.records, self.geography, self.region, self.places, self.scopes) == (
            other.records,
            other.geography,
            other.region,
            other.places,
            other.scopes,
        )
