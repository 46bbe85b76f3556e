"""Hotspots: adjoining hot areas as one, where they lie, and all those of a study with their letters."""

from __future__ import annotations

from dataclasses import dataclass, field
from string import ascii_uppercase
from typing import TYPE_CHECKING, Any, Final, Literal

from hotspots.errors import AnalysisError
from hotspots.model.base import Recorded, Result, explore, freeze, need_columns, need_tuples, need_unique
from hotspots.model.study_area import StudyArea
from hotspots.vocabulary import HOTSPOT_CLASSES, HOTSPOT_COLUMN_WORDS

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["HOTSPOT_COLUMNS", "Hotspot", "Hotspots", "Part", "Whereabouts", "source_code"]

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
    certainty
        ``"certain"`` if its areas are hot for all possible values of suppressed counts, ``"depends"`` if only for some.
    letter
        Letter of the source and place among its hotspots, e.g. ``"A1"``; empty where it has none.
    """

    areas: tuple[str, ...]
    where: Whereabouts
    people: float
    observed_low: float
    observed_high: float
    expected: float
    certainty: Literal["certain", "depends"] = "certain"
    letter: str = ""

    @property
    def ratio(self) -> tuple[float, float]:
        """Observed over expected events, from its lowest to its highest."""
        return self.observed_low / self.expected, self.observed_high / self.expected


# --------------------------------------------------------------------------- those of a study, lettered

HOTSPOT_COLUMNS: Final = (*(column for column in HOTSPOT_COLUMN_WORDS if column != "hotspot"), "geometry")
"""What a table of hotspots has, in this order; the letter of a hotspot is its index."""


def source_code(position: int) -> str:
    """Return the letter of a source by its position in the study: A to Z, then AA, AB and so on.

    Examples
    --------
    >>> [source_code(position) for position in (0, 1, 25, 26, 27, 52)]
    ['A', 'B', 'Z', 'AA', 'AB', 'BA']
    """
    letters = ""
    position += 1
    while position:
        position, letter = divmod(position - 1, len(ascii_uppercase))
        letters = ascii_uppercase[letter] + letters
    return letters


@dataclass(frozen=True, eq=False, slots=True)
class Hotspots(Result):
    """The hotspots of all sources of a study, each with its letter and its dissolved polygon.

    Parameters
    ----------
    table
        GeoDataFrame indexed by `hotspot` (``"A1"``: the letter of the source, and the place among its hotspots, those
        that are certain first and then by events above those expected) with `HOTSPOT_COLUMNS`: `source`, `subject` and
        `period` (short name of the source, what was counted and when); `areas` and `people`; events (`observed_*`),
        those `expected` at the overall rate, and their ratio, the same twice where every count is known; the exact 95%
        interval of the ratio, as if the hotspot had not been searched for; `certainty`; `overlaps`, the letters of
        other sources' hotspots that have an area in common, and `area_ids`, both separated by spaces.
    where
        Where each lies, in the same order.
    sentences
        How they were found.
    area
        The study area; None of those made by hand.
    """

    table: gpd.GeoDataFrame
    where: tuple[Whereabouts, ...]
    sentences: tuple[str, ...] = ()
    provenance: Recorded | None = field(default=None, kw_only=True)
    area: StudyArea | None = field(default=None, kw_only=True)

    usual_name = "hotspots"
    usual_title = "hotspots"

    def __post_init__(self) -> None:
        need_tuples(self, "sentences")
        need_columns(self.table, HOTSPOT_COLUMNS, "A table of hotspots")
        table = self.table[list(HOTSPOT_COLUMNS)].copy()
        table.index.name = "hotspot"
        need_unique(table.index, "hotspots")
        if len(self.where) != len(table):
            raise AnalysisError(
                "Every hotspot must lie somewhere.", found=f"{len(table)} hotspots, {len(self.where)} locations"
            )
        freeze(self, "table", table)
        freeze(self, "where", tuple(self.where))

    def __len__(self) -> int:
        return len(self.table)

    def of_source(self, name: str) -> dict[str, tuple[str, ...]]:
        """Return letter → area ids of the hotspots of one source."""
        own = self.table[self.table["source"] == name]
        return {str(letter): tuple(ids.split()) for letter, ids in own["area_ids"].items()}

    def explore(self, **options: Any) -> Any:
        """Return a map to zoom in a browser, with folium; options as of `geopandas.GeoDataFrame.explore`."""
        shown = ["subject", "people", "observed_low", "observed_high", "expected", "overlaps"]
        return explore(self, self.table, column="certainty", shown=shown, classes=HOTSPOT_CLASSES, options=options)

    def _numbers(self) -> dict[str, object]:
        counts = self.table["certainty"].value_counts()
        return {style.label: int(counts.get(style.key, 0)) for style in HOTSPOT_CLASSES}
