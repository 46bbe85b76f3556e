"""The options of every choice of an analysis: neighbours, null hypotheses, periods, populations, extents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import pandas as pd

from hotspots.analysis.autocorrelation import Neighbours, link_neighbours
from hotspots.analysis.counts import count_events
from hotspots.errors import AnalysisError, list_briefly, plural
from hotspots.model import AreaCounts, Events, Note, StudyArea
from hotspots.vocabulary import Null, StabilityChoice

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Kind", "Options", "counts_by_period", "default_kinds", "default_nulls", "find_options"]

Kind = Mapping[str, Any]
"""Arguments of `link_neighbours`."""
Counts = Mapping[str, AreaCounts]

Extent = Literal["whole", "shrunk", "grown"]
EXTENT_WORDS: Final[Mapping[Extent, str]] = {
    "whole": "as given",
    "shrunk": "without the areas at its edge",
    "grown": "with the areas around it",
}
AS_GIVEN: Final = "as given"
"""Name of the population that the counts have, and of a period without a name."""
LEAST_LEFT: Final = 0.5
"""Share of the areas that must be left for a study area without its edge to be the same study."""
TYPICAL: Final = 8
"""Neighbours of a typical area in the distance band that is chosen."""
TOUCHES: Final = 0.1
"""Metres: borders are brought to this lattice when areas are read."""


@dataclass(frozen=True, slots=True)
class Options:
    """What is tried, and what can't be.

    Parameters
    ----------
    extents
        Extent → period → counts.
    populations
        Population → people by area; None for the one that the counts have.
    links
        Extent → neighbours of every kind.
    nulls
        Null hypotheses.
    notes
        Why a choice has one option only.
    """

    extents: Mapping[Extent, Counts]
    populations: Mapping[str, pd.Series | None]
    links: Mapping[Extent, tuple[Neighbours, ...]]
    nulls: tuple[Null, ...]
    notes: tuple[Note, ...]

    @property
    def main(self) -> AreaCounts:
        """The counts of the first period, in the study area as given."""
        return next(iter(self.extents["whole"].values()))

    def words(self) -> dict[StabilityChoice, tuple[str, ...]]:
        """Return the options of every choice in words, in the order in which they are tried."""
        return {
            "extent": tuple(EXTENT_WORDS[extent] for extent in self.extents),
            "period": tuple(self.extents["whole"]),
            "population": tuple(self.populations),
            "null": tuple(null.replace("-", " ") for null in self.nulls),
            "neighbours": tuple(links.words for links in self.links["whole"]),
        }


def find_options(
    periods: Counts,
    *,
    larger: Counts | None,
    populations: Mapping[str, pd.Series],
    kinds: Sequence[Kind] | None,
    nulls: Sequence[Null] | None,
) -> Options:
    """Return the options of every choice for these counts.

    Raises
    ------
    AnalysisError
        If periods differ in their areas, the larger area lacks some, populations are given without a first one, or a
        choice has no option.
    """
    main = next(iter(periods.values()))
    extents, notes = _extents(periods, larger)
    if populations and not main.area.has_population:
        raise AnalysisError(
            "Other populations need a first one.",
            found="a study area without a population",
            advice="add it with StudyArea.with_population, and give the others here",
        )
    if populations and main.expectation is not None:
        raise AnalysisError(
            "Counts with expected counts of their own are not compared with populations.",
            found=f"expected counts from {main.expectation.title}",
            advice="leave populations out, or give counts without expected counts",
        )
    tried = default_kinds(main.area) if kinds is None else kinds
    chosen = default_nulls(main) if nulls is None else tuple(dict.fromkeys(nulls))
    if not tried or not chosen:
        raise AnalysisError(
            "Variants need at least one kind of neighbours and one null hypothesis.",
            found=f"neighbours = {list(tried)}, nulls = {list(chosen)}",
            advice="leave them out for the usual ones",
        )
    links = {
        extent: tuple(link_neighbours(next(iter(counts.values())).area, **kind) for kind in tried)
        for extent, counts in extents.items()
    }
    return Options(extents, {AS_GIVEN: None, **populations}, links, chosen, notes)


def default_nulls(counts: AreaCounts) -> tuple[Null, ...]:
    """Return the usual null hypotheses: those of scattered risks, or randomisation where nothing is expected."""
    return ("scattered-risk", "exchangeable-risk") if counts.has_expected else ("randomisation",)


def default_kinds(area: StudyArea) -> tuple[Kind, ...]:
    """Return the usual kinds of neighbours: Queen, Rook, 6 and 8 nearest areas, and a distance band.

    The band is such that a typical (median) area has 8 neighbours in it, to 100 m. Numbers that are a quarter of the
    areas or more are left out.
    """
    from scipy.spatial import KDTree

    numbers = [number for number in (6, TYPICAL) if number < len(area) / 4]
    contiguity: list[Kind] = [{"rule": "queen"}, {"rule": "rook"}]
    if TYPICAL not in numbers:
        return (*contiguity, *({"rule": "nearest", "number": number} for number in numbers))
    inside = area.areas.geometry.representative_point()
    points = np.column_stack([inside.x, inside.y])
    away = np.asarray(KDTree(points).query(points, k=TYPICAL + 1)[0])[:, -1]
    band: Kind = {"rule": "distance", "distance": max(100.0 * np.ceil(float(np.median(away)) / 100), 100.0)}
    return (*contiguity, *({"rule": "nearest", "number": number} for number in numbers), band)


# --------------------------------------------------------------------------- periods


def counts_by_period(source: AreaCounts | Mapping[str, AreaCounts] | Events, area: StudyArea | None) -> Counts:
    """Return counts by period: those given, or those of events as they are and without each of their years.

    Raises
    ------
    AnalysisError
        If events have no study area, or counts have another one or none at all.
    """
    if isinstance(source, Events):
        if area is None:
            raise AnalysisError("Events need a study area to be counted in.", advice="stability(events, area)")
        return _without_each_year(source, area)
    periods = dict(source) if isinstance(source, Mapping) else {source.period.words or AS_GIVEN: source}
    if not periods:
        raise AnalysisError("There are no counts to analyse.", advice="give the counts of at least one period")
    for label, counts in periods.items():
        _need_areas(counts, area if area is not None else next(iter(periods.values())).area, label)
    return periods


def _without_each_year(events: Events, area: StudyArea) -> Counts:
    """Return the counts of all events, and of those outside each year; undated events are in all of them."""
    whole = count_events(events, area)
    year = events.table["when"].dt.year
    years = sorted(year.dropna().unique())
    periods = {whole.period.words or "all years": whole}
    if len(years) > 1:
        for one in years:
            of_year = count_events(events.where(year == one, reason="in another year"), area)
            left = whole.table["observed_low"] - of_year.table["observed_low"]
            table = whole.table.assign(observed_low=left, observed_high=left)
            periods[f"without {one:.0f}"] = replace(whole, table=table)
    return periods


def _need_areas(counts: AreaCounts, area: StudyArea, label: str) -> None:
    odd = sorted(set(counts.area.ids) ^ set(area.ids))
    if odd:
        raise AnalysisError(
            f"The counts {label!r} are of another study area.",
            found=f"{plural(len(odd), 'id')} on one side only: {list_briefly(odd)}",
            advice="give counts of the same areas; a larger study area goes into larger=",
        )


# --------------------------------------------------------------------------- extents


def _extents(periods: Counts, larger: Counts | None) -> tuple[dict[Extent, Counts], tuple[Note, ...]]:
    """Return the study area as given, without the areas at its edge, and grown where more is known; and notes."""
    extents: dict[Extent, Counts] = {"whole": periods}
    notes = []
    area = next(iter(periods.values())).area
    inner = ~_at_edge(area)
    if inner.mean() > LEAST_LEFT:
        extents["shrunk"] = {label: _among(counts, inner) for label, counts in periods.items()}
    else:
        edge = int((~inner).sum())
        words = f"The study area was not shrunk: {edge:,} of its {len(area):,} areas are at its edge."
        notes.append(Note(words, of="publication", numbers=(edge, len(area))))
    if larger is None:
        notes.append(Note("The study area was not grown: no counts of areas around it were given.", of="settings"))
        return extents, tuple(notes)
    if list(larger) != list(periods):
        raise AnalysisError(
            "The larger study area has other periods.",
            found=f"{list_briefly(larger)}, beside {list_briefly(periods)}",
            advice="give its counts under the same names of periods",
        )
    for counts in larger.values():
        _need_all(counts, area)
    extents["grown"] = larger
    return extents, tuple(notes)


def _need_all(counts: AreaCounts, area: StudyArea) -> None:
    missing = area.ids.difference(counts.area.ids)
    if len(missing) or len(counts) == len(area):
        raise AnalysisError(
            "The larger study area does not hold the study area and more.",
            found=f"{len(missing):,} of {len(area):,} areas are not in it: {list_briefly(missing)}"
            if len(missing)
            else f"the same {len(area):,} areas",
            advice="give counts of the study area and of areas around it, with the same codes",
        )


def _at_edge(area: StudyArea) -> NDArray[np.bool_]:
    """Return which areas (n) touch the outer border of the study area; holes in it are no edge."""
    import shapely

    shapes = area.areas.geometry.to_numpy()
    # Gaps between borders that were digitised apart would be holes.
    outer = shapely.union_all(shapely.get_exterior_ring(shapely.get_parts(shapely.union_all(shapes))))
    shapely.prepare(outer)
    touching: NDArray[np.bool_] = shapely.dwithin(outer, shapes, TOUCHES)
    return touching


def _among(counts: AreaCounts, keep: NDArray[np.bool_]) -> AreaCounts:
    """Return the counts of some of the areas."""
    ids = counts.area.ids[keep]
    reasons = {area_id: reason for area_id, reason in counts.without_expected.items() if area_id in set(ids)}
    area = replace(counts.area, areas=counts.area.areas.loc[ids])
    return replace(counts, area=area, table=counts.table.loc[ids], without_expected=reasons)
