"""In how many variants of an analysis each area is hot, and which choice decides most."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hotspots.analysis.autocorrelation import Calls, call_areas
from hotspots.analysis.common import as_counts, need_level
from hotspots.analysis.stability.decomposition import NOTHING, between_options, explained_share
from hotspots.analysis.stability.method_text import describe_stability
from hotspots.analysis.stability.variants import EXTENT_WORDS, Kind, Options, counts_by_period, find_options
from hotspots.model import AreaCounts, Choice, Events, Stability, StabilityMethod, StudyArea, combine
from hotspots.vocabulary import STABILITY_COLUMN_WORDS, UNRELEASED, Adjustment, Null, StabilityChoice

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]

__all__ = ["stability"]

MOST_AND_SOME = 0.5
"""Share of the variants that divides "most" from "some"."""


def stability(
    source: AreaCounts | Mapping[str, AreaCounts] | Events | gpd.GeoDataFrame,
    area: StudyArea | None = None,
    *,
    column: str | None = None,
    population: str | None = None,
    neighbours: Sequence[Kind] | None = None,
    nulls: Sequence[Null] | None = None,
    populations: Mapping[str, pd.Series] | None = None,
    larger: AreaCounts | Mapping[str, AreaCounts] | StudyArea | None = None,
    adjustment: Adjustment = "benjamini-hochberg-apart",
    level: float = 0.05,
    release: str = UNRELEASED,
    report: Callable[[str], object] | None = None,
) -> Stability:
    """Return in how many variants of a Gi* analysis each area is hot, and which choice decides most.

    Every combination of neighbours, null hypotheses, periods, populations and extents of the study area is run
    (specifications, in the words of multiverse analysis). An area is hot in a variant if it is so for all values that
    suppressed counts can have; an area that a variant does not test counts in the others.

    Do not read the share as a probability: variants are not equally reasonable, and were run on the same events. An
    area that is hot in all of them is so whatever the options, which may share a flaw.

    A choice explains this share of the variation: over areas a, sum_a sum_o n_o (y_ao - y_a)^2 divided by
    sum_a N_a y_a (1 - y_a), where y_a is the share of an area's N_a variants in which it is hot, and y_ao that of its
    n_o variants with option o of the choice (see `explained_share`).

    Parameters
    ----------
    source
        Counts by area; or counts of several periods by their names, the main one first; or events with dates, which are
        counted as they are and without each of their years; or a GeoDataFrame of areas, as in `getis_ord`. Counts
        of several periods are published sums of the same people: protect them as one release.
    area
        The study area in which events are counted.
    column, population, release
        Of a GeoDataFrame, as in `getis_ord`.
    neighbours
        Kinds of neighbours, each the arguments of `link_neighbours`: ``[{"rule": "queen"}, {"rule": "nearest",
        "number": 6}]``. By default Queen, Rook, 6 and 8 nearest areas, and the distance in which a typical area has 8.
    nulls
        Null hypotheses; by default scattered and exchangeable risk, or randomisation without a population.
    populations
        Further populations by their names, each people by area id.
    larger
        Counts of a larger study area, of the same periods; of events the larger area itself. Without it, the study area
        is not grown. It is always run without the areas at its edge, unless these are half of it.
    adjustment, level
        As in `getis_ord`.
    report
        Progress callback, called before each step, e.g. ``print``.

    Returns
    -------
    Stability
        A row per area, a row per variant, and the share of the variation that each choice explains.

    Raises
    ------
    AnalysisError
        If counts are of different areas, or options do not fit the data.

    References
    ----------
    Steegen, Tuerlinckx, Gelman and Vanpaemel (2016), Perspectives on Psychological Science 11, 702-712 (multiverse
    analysis). For the shares see `explained_share`.

    Examples
    --------
    >>> import geopandas, shapely
    >>> places = [(1000 * (i % 8), 1000 * (i // 8)) for i in range(64)]
    >>> squares = geopandas.GeoDataFrame(
    ...     {"crimes": [9 if east < 3000 and north < 3000 else 0 for east, north in places]},
    ...     geometry=[shapely.box(east, north, east + 1000, north + 1000) for east, north in places],
    ...     crs=27700,
    ... )
    >>> found = stability(squares, column="crimes", release="invented")
    >>> len(found.by_variant), found.hot_in("in_all")[:2]
    (10, ['0', '1'])
    """
    need_level(level)
    if not isinstance(source, AreaCounts | Mapping | Events):
        source = as_counts(source, column, population, release=release)
    periods = counts_by_period(source, area)
    around = counts_by_period(source, larger) if isinstance(larger, StudyArea) else larger
    if isinstance(around, AreaCounts):
        around = {next(iter(periods)): around}
    options = find_options(periods, larger=around, populations=populations or {}, kinds=neighbours, nulls=nulls)
    words = options.words()
    order: list[StabilityChoice] = list(words)
    combinations = np.array(list(product(*(range(len(words[name])) for name in order))))
    calls = _stacked(_run(options, adjustment, level, report), options.main.area.ids)
    of_choice = {name: combinations[:, at] for at, name in enumerate(order) if len(words[name]) > 1}
    method = StabilityMethod(
        variants=len(combinations),
        choices=tuple(_choice(name, words[name], calls, of_choice[name]) for name in of_choice),
        fixed={name: words[name][0] for name in order if name not in of_choice},
        adjustment=adjustment,
        level=level,
        areas_hidden=options.main.hidden,
        rule=options.main.rule,
    )
    others = [counts for periods in options.extents.values() for counts in periods.values()]
    return Stability(
        _table(options.main, calls, of_choice),
        _by_variant(words, combinations, calls),
        sentences=describe_stability(method),
        provenance=method,
        area=options.main.area,
        identity=combine(
            options.main, options.main.area, *others, notes=tuple(dict.fromkeys((*options.main.notes, *options.notes)))
        ),
    )


def _run(
    options: Options, adjustment: Adjustment, level: float, report: Callable[[str], object] | None
) -> Iterator[tuple[pd.Index, Calls]]:
    """Give the ids and calls of every variant, in the order of the options' words."""
    for extent, periods in options.extents.items():
        links = options.links[extent]
        choices = product(periods.items(), options.populations.items(), options.nulls)
        for (period, given), (name, people), null in choices:
            if report is not None:
                report(f"Study area {EXTENT_WORDS[extent]}, {period}, population {name}, {null}")
            counts = given if people is None else replace(given, area=given.area.with_population(people))
            for calls in call_areas(counts, links, null=null, adjustment=adjustment, level=level):
                yield counts.area.ids, calls


def _stacked(found: Iterator[tuple[pd.Index, Calls]], ids: pd.Index) -> Calls:
    """Return the calls of all variants (variants, areas), of the study's areas only."""
    rows: dict[str, list[Mask]] = {name: [] for name in ("tested", "hot", "cold", "may_be_hot", "may_be_cold")}
    for present, calls in found:
        position = present.get_indexer(ids)
        for name, so_far in rows.items():
            so_far.append(getattr(calls, name)[position] & (position >= 0))
    return Calls(**{name: np.array(stack) for name, stack in rows.items()})


def _choice(name: StabilityChoice, words: tuple[str, ...], calls: Calls, option: NDArray[np.intp]) -> Choice:
    shares = [explained_share(*between_options(one, calls.tested, option)) for one in (calls.hot, calls.cold)]
    return Choice(choice=name, options=words, share_hot=shares[0], share_cold=shares[1])


def _table(counts: AreaCounts, calls: Calls, of_choice: Mapping[StabilityChoice, NDArray[np.intp]]) -> gpd.GeoDataFrame:
    areas = counts.area.areas
    number = calls.tested.sum(axis=0)
    with np.errstate(invalid="ignore"):
        shares = {
            f"{name}_{end}": (one & calls.tested).sum(axis=0) / number
            for name, end, one in (
                ("hot", "low", calls.hot),
                ("hot", "high", calls.may_be_hot),
                ("cold", "low", calls.cold),
                ("cold", "high", calls.may_be_cold),
            )
        }
    columns = {
        **shares,
        "variants": number,
        "class": _classes(shares["hot_low"]),
        "decided_by": _decided(calls, of_choice),
    }
    return areas.assign(**columns)[[*(name for name in STABILITY_COLUMN_WORDS if name != "area_id"), "geometry"]]


def _classes(share: NDArray[np.float64]) -> NDArray[np.object_]:
    classes = np.full(len(share), "not_tested", dtype=object)
    classes[share == 0] = "in_none"
    classes[share > 0] = "in_some"
    classes[share > MOST_AND_SOME] = "in_most"
    classes[share == 1] = "in_all"
    return classes


def _decided(calls: Calls, of_choice: Mapping[StabilityChoice, NDArray[np.intp]]) -> NDArray[np.object_]:
    """Return the choice with most of each area's variance between its options; empty where there is none."""
    decided = np.full(calls.hot.shape[1], "", dtype=object)
    most = np.full(calls.hot.shape[1], NOTHING)
    for name, option in of_choice.items():
        between, _ = between_options(calls.hot, calls.tested, option)
        # Of equal choices the first is taken, whatever rounding makes of them.
        more = between > most * (1 + NOTHING)
        decided[more], most[more] = name, between[more]
    return decided


def _by_variant(
    words: Mapping[StabilityChoice, tuple[str, ...]], combinations: NDArray[np.intp], calls: Calls
) -> pd.DataFrame:
    """Return the options of every variant, and its numbers of areas."""
    columns: dict[str, Any] = {
        name: np.array(words[name], dtype=object)[combinations[:, at]] for at, name in enumerate(words)
    }
    for name, one in (("areas_tested", calls.tested), ("areas_hot", calls.hot), ("areas_cold", calls.cold)):
        columns[name] = (one & calls.tested).sum(axis=1)
    return pd.DataFrame(columns, index=pd.RangeIndex(1, len(combinations) + 1, name="variant"))
