"""One row for each area with the main numbers of every source: what a GIS team works with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import numpy as np
import pandas as pd

from hotspots.errors import AnalysisError
from hotspots.model.area_results import HotspotResult
from hotspots.model.base import Period, Recorded, Result, combine, common_period, explore, freeze, need_unique
from hotspots.model.findings import Agreement, Stability
from hotspots.model.hotspots import Hotspots, source_code
from hotspots.model.schools import Deprivation
from hotspots.model.study_area import StudyArea
from hotspots.vocabulary import AREA_COLUMN_WORDS, GI_BINS, METHOD_CLASSES, SOURCE_COLUMN_WORDS

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["AreaSummary", "Subject", "Summarised", "summarise_areas"]

Tested = HotspotResult | Stability | Agreement
Summarised = Literal["getis_ord", "local_moran", "stability", "agreement"]

CLASS_COLUMNS: Final[Mapping[Summarised, tuple[str, str]]] = {
    "getis_ord": ("gi", "cert"),
    "local_moran": ("lm", "lm_cert"),
    "stability": ("stab", ""),
    "agreement": ("agree", ""),
}
"""Column of the class, and of its certainty, by what was found."""


class Subject(NamedTuple):
    """What was counted, of which source."""

    name: str
    title: str
    period: Period


@dataclass(frozen=True, eq=False, slots=True)
class AreaSummary(Result):
    """The main numbers of every source by area.

    Parameters
    ----------
    table
        GeoDataFrame indexed by `area_id`, sorted, with columns of `vocabulary.AREA_COLUMN_WORDS`, and for each source
        those of `vocabulary.SOURCE_COLUMN_WORDS` that were found, with its letter: ``n_lo_a``, ``gi_bin_a``. Counts are
        whole numbers where all of a source are; what is not known is missing.
    events
        Letter → short name, title and period of the source.
    index_title
        Name of the index of deprivation; empty without one.
    area
        The study area.
    """

    table: gpd.GeoDataFrame
    events: Mapping[str, Subject]
    index_title: str = ""
    sentences: tuple[str, ...] = ()
    provenance: Recorded | None = field(default=None, kw_only=True)
    area: StudyArea | None = field(default=None, kw_only=True)

    usual_name = "areas"
    usual_title = "areas of the study"

    def __post_init__(self) -> None:
        table = self.table.copy()
        table.index.name = "area_id"
        need_unique(table.index, "areas")
        freeze(self, "table", table)
        freeze(self, "events", dict(self.events))

    def __len__(self) -> int:
        return len(self.table)

    @property
    def column_words(self) -> dict[str, tuple[str, str]]:
        """Title and description of each column, `area_id` first."""
        index = self.index_title or "IDACI"
        told = {name: (title.format(index=index), what) for name, (title, what) in AREA_COLUMN_WORDS.items()}
        for letter, subject in self.events.items():
            heading = subject.title[:1].upper() + subject.title[1:]
            for name, (title, what) in SOURCE_COLUMN_WORDS.items():
                told[f"{name}_{letter}"] = (f"{heading}: {title}", what)
        return {name: told[name] for name in ("area_id", *self.table.columns) if name in told}

    def classes_of(self, name: str, found: Summarised) -> tuple[str, str] | None:
        """Return the columns of a source's classes and of their certainty (or none); None where it was not found."""
        letter = next((letter for letter, subject in self.events.items() if subject.name == name), None)
        column, certainty = (f"{part}_{letter}" if part else "" for part in CLASS_COLUMNS[found])
        return (column, certainty) if column in self.table.columns else None

    def explore(self, **options: Any) -> Any:
        """Return a map to zoom in a browser, with folium; options as of `geopandas.GeoDataFrame.explore`."""
        column = next((name for name in self.table.columns if name.startswith("gi_") and "bin" not in name), "la_name")
        classes = METHOD_CLASSES["getis_ord"] if column != "la_name" else ()
        return explore(self, self.table, column=column, shown=["name", "la_name"], classes=classes, options=options)

    def _numbers(self) -> dict[str, object]:
        return {"Areas": len(self), "Sources": len(self.events)}


def summarise_areas(
    found: Sequence[Tested], *, hotspots: Hotspots | None = None, deprivation: Deprivation | None = None
) -> AreaSummary:
    """Return the main numbers of every source by area.

    Sources get letters in the order in which they come first.

    Parameters
    ----------
    found
        Results of tests, stability and agreement of the same areas, at least one.
    hotspots
        Those of the same study, whose letters areas get.
    deprivation
        Index of deprivation by area.

    Raises
    ------
    AnalysisError
        If there is no result, or two have different areas.
    """
    if not found:
        raise AnalysisError("A summary of areas needs at least one result of areas.", found="none")
    tested = next((result for result in found if isinstance(result, HotspotResult)), found[0])
    base = tested.table.sort_index()
    for result in found:
        if not result.table.index.sort_values().equals(base.index):
            raise AnalysisError(
                f"The results of {result.title} and {tested.title} are of different areas.",
                found=f"{len(result.table):,} and {len(base):,} areas",
                advice="summarise results of one study area",
            )
    first = {result.name: result for result in reversed(found)}
    names = list(dict.fromkeys(result.name for result in found))
    events = {
        source_code(at).lower(): Subject(name, first[name].title, first[name].period) for at, name in enumerate(names)
    }
    known = ("name", "la_code", "la_name", "population")
    columns: dict[str, Any] = {name: base[name] for name in known if name in base.columns}
    if deprivation is not None:
        scores = deprivation.table.reindex(base.index)
        columns |= {"idaci": scores["score"].astype(float)}
        columns |= {"idaci_rank": _whole(scores["rank"]), "idaci_dec": _whole(scores["decile"])}
    for letter, (name, *_) in events.items():
        own = {key: value for result in found if result.name == name for key, value in _columns(result, base.index)}
        if hotspots is not None:
            own["hs"] = _letters(hotspots, name, base.index)
        columns |= {f"{key}_{letter}": own[key] for key in SOURCE_COLUMN_WORDS if key in own}
    return AreaSummary(
        table=_as_frame(columns, base),
        events=events,
        index_title="" if deprivation is None else deprivation.title,
        area=tested.area,
        identity=combine(
            tested,
            *found,
            hotspots,
            deprivation,
            tested.area,
            name=AreaSummary.usual_name,
            title=AreaSummary.usual_title,
            period=common_period(subject.period for subject in events.values()),
        ),
    )


def _as_frame(columns: Mapping[str, Any], base: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    import geopandas as gpd

    return gpd.GeoDataFrame(pd.DataFrame(columns, index=base.index), geometry=base.geometry, crs=base.crs)


def _columns(result: Tested, ids: pd.Index) -> Iterator[tuple[str, Any]]:
    """Yield the columns that a result adds, by name without the letter."""
    table = result.table.reindex(ids)
    if isinstance(result, Stability | Agreement):
        yield "stab" if isinstance(result, Stability) else "agree", table["class"]
        return
    expected = table["expected"].where(table["expected"] > 0)
    yield "n_lo", _whole(table["observed_low"])
    yield "n_hi", _whole(table["observed_high"])
    yield "exp", table["expected"]
    yield "rt_lo", table["observed_low"] / expected
    yield "rt_hi", table["observed_high"] / expected
    yield "why", table["reason"]
    if result.method == "local_moran":
        yield "lm", table["class"]
        yield "lm_cert", table["certainty"]
        return
    yield "gi", table["class"]
    yield "gi_bin", table["class"].map(GI_BINS).astype("Int64")
    yield "p_lo", table["p_adjusted_low"]
    yield "p_hi", table["p_adjusted_high"]
    yield "cert", table["certainty"]


def _whole(values: pd.Series) -> pd.Series:
    """Return whole numbers with gaps where all are whole; numbers as they are otherwise."""
    numbers = values.astype(float)
    known = numbers.dropna()
    return numbers.astype("Int64") if bool((known == np.floor(known)).all()) else numbers


def _letters(hotspots: Hotspots, name: str, ids: pd.Index) -> pd.Series:
    found = {area_id: letter for letter, areas in hotspots.of_source(name).items() for area_id in areas}
    return pd.Series([found.get(str(area_id), "") for area_id in ids], index=ids)
