"""The areas of a study, and the places in it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from hotspots.errors import AnalysisError, list_briefly
from hotspots.model.base import ModelType, explore, freeze, freeze_mapping, need_columns, need_unique, text_ids
from hotspots.vocabulary import CRS

if TYPE_CHECKING:
    import geopandas as gpd


@dataclass(frozen=True)
class Place:
    """A part of the study area that gets a map of its own.

    Examples
    --------
    >>> Place("Birmingham–Sandwell", ("E08000025", "E08000028")).slug
    'birmingham-sandwell'
    """

    name: str
    authorities: tuple[str, ...]

    @property
    def slug(self) -> str:
        """The name in file names."""
        return slugify(self.name)


def slugify(words: str) -> str:
    """Return words in lower case, with single hyphens between letters and digits.

    Examples
    --------
    >>> slugify("Ynys Môn – Anglesey")
    'ynys-mon-anglesey'
    """
    # Letters lose their accents; what has no plain letter becomes a hyphen.
    plain = "".join(c for c in unicodedata.normalize("NFKD", words.lower()) if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


MOST_PEOPLE: Final = 1e10
"""In one area: more than there are on Earth."""


@dataclass(frozen=True, eq=False, slots=True)
class StudyArea(ModelType):
    """The areas of a study.

    Parameters
    ----------
    areas
        GeoDataFrame indexed by `area_id` (text), in EPSG:27700, with `name`, `la_code`, `la_name`,
        `geometry` and optionally `population` (people). It is copied and sorted by id.
    geography
        What one area is, e.g. ``"LSOA"``.
    vintage
        Year of the geography, e.g. 2011, or None where unknown.
    repairs
        What was repaired on reading: reason → ids.
    """

    areas: gpd.GeoDataFrame
    geography: str = "area"
    vintage: int | None = None
    repairs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    usual_title = ""

    def __post_init__(self) -> None:
        areas = self.areas.copy()
        need_columns(areas, ("name", "la_code", "la_name", "geometry"), "A study area")
        areas.index = text_ids(areas.index)
        need_unique(areas.index, "areas")
        _need_metres(areas)
        if areas.empty:
            raise AnalysisError("The study area has no areas.", advice="check the file, layer and authorities")
        broken = areas.index[~areas.geometry.is_valid | areas.geometry.is_empty | areas.geometry.isna()]
        if len(broken):
            raise AnalysisError(
                f"The polygon of area {broken[0]!r} is invalid or empty.",
                found=f"{len(broken):,} such areas: {list_briefly(broken)}",
                advice="read the areas with hotspots.read_areas, which repairs them",
            )
        unplaced = areas.index[areas["la_code"].isna()]
        if len(unplaced):
            raise AnalysisError(
                f"Area {unplaced[0]!r} lies in no local authority.",
                found=f"{len(unplaced):,} such areas",
                advice="give every area exactly one authority",
            )
        if "population" in areas.columns:
            people = pd.to_numeric(areas["population"], errors="coerce").astype(float)
            odd = areas.index[(people < 0) | (people > MOST_PEOPLE)]
            if len(odd):
                said = "negative" if people[odd[0]] < 0 else "larger than possible"
                raise AnalysisError(
                    f"The population of area {odd[0]!r} is {said}.", advice="correct the population file"
                )
        freeze(self, "areas", areas.sort_index())
        freeze_mapping(self, "repairs")

    def __len__(self) -> int:
        return len(self.areas)

    def explore(self, **options: Any) -> Any:
        """Return a map to zoom in a browser, with folium; options as of `geopandas.GeoDataFrame.explore`."""
        return explore(self, self.table, column="la_name", shown=["name", "la_name"], options=options)

    def _numbers(self) -> dict[str, object]:
        geography = f"{self.geography} {self.vintage or ''}".strip()
        numbers: dict[str, object] = {
            "Geography": geography,
            "Areas": len(self),
            "Authorities": len(self.authorities),
        }
        return numbers | ({"Population": float(self.areas["population"].sum())} if self.has_population else {})

    @property
    def table(self) -> gpd.GeoDataFrame:
        """The areas, sorted by id: the same as `areas`, under the name that the table of every type has."""
        return self.areas

    @property
    def ids(self) -> pd.Index:
        """The area ids, sorted."""
        ids: pd.Index = self.areas.index
        return ids

    @property
    def has_population(self) -> bool:
        """Whether there is a population column."""
        return "population" in self.areas.columns

    @property
    def authorities(self) -> dict[str, str]:
        """Code → name of the local authorities, sorted by code."""
        pairs = self.areas[["la_code", "la_name"]].drop_duplicates().sort_values("la_code")
        return dict(zip(pairs["la_code"], pairs["la_name"], strict=True))

    @property
    def spacing(self) -> float:
        """Mean distance in metres between two vertices of the borders."""
        import shapely

        shapes = self.areas.geometry.to_numpy()
        return float(shapely.length(shapes).sum() / max(shapely.get_num_coordinates(shapes).sum(), 1))

    def with_population(self, population: pd.Series) -> StudyArea:
        """Return the same areas with this population (people, indexed by area id; every area must have one).

        Raises
        ------
        AnalysisError
            If an area has no population, or one that can't be.
        """
        missing = self.ids.difference(population.index)
        if len(missing):
            raise AnalysisError(
                f"Area {missing[0]!r} has no population.",
                found=f"{len(missing):,} of {len(self):,} areas without one: {list_briefly(missing)}",
                advice="use a population file of the same geography and vintage as the boundaries",
            )
        people = population.reindex(self.ids).astype(float)
        odd = people[(people < 0) | (people > MOST_PEOPLE)]
        if len(odd):
            raise AnalysisError(
                f"{odd.iloc[0]:,.10g} can't be a number of people.",
                found=f"area {odd.index[0]!r}; {len(odd):,} such areas",
                advice="correct the population, or use another column",
            )
        return replace(self, areas=self.areas.assign(population=people))

    def within(self, authorities: Iterable[str]) -> StudyArea:
        """Return the part of the study area that lies in these authorities (codes)."""
        return replace(self, areas=self.areas[self.areas["la_code"].isin(list(authorities))])


def _need_metres(areas: gpd.GeoDataFrame) -> None:
    if areas.crs is None or areas.crs.to_epsg() != 27700:
        name = "none" if areas.crs is None else f"{areas.crs.name}"
        raise AnalysisError(
            f"Areas must be in British National Grid ({CRS}, metres).",
            found=f"coordinate system {name}",
            advice="areas.to_crs(27700), or read them with hotspots.read_areas, which does it",
        )
