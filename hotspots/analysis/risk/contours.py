"""From surface to hotspot: polygons around raised risk, or around the densest part, with the events in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from hotspots.analysis.common import adjust, adjust_tails
from hotspots.analysis.risk.polygonise import count_inside, outline_passing, region_of
from hotspots.errors import AnalysisError
from hotspots.model import (
    CONTOUR_COLUMNS,
    ContourMethod,
    Contours,
    DensestContours,
    Events,
    Note,
    StudyArea,
    Surface,
    ToleranceContours,
    combine,
)
from hotspots.vocabulary import UNRELEASED, Adjustment, DensestPart

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

__all__ = ["FEWEST_IN_PLACE", "SMALLEST_PLACE_KM2", "tolerance_contours", "top_contours"]

FEWEST_IN_PLACE: Final = 20
"""Fewest events in a reported place: the 95% interval of a count of 20 goes from 0.6 to 1.5 times itself."""
SMALLEST_PLACE_KM2: Final = 0.1
"""Smallest reported place: about 300 m across, less than usual bandwidths; what is smaller just passes."""


ADJUSTED: Final[dict[Adjustment, str]] = {
    "benjamini-hochberg": "false discovery rate controlled (Benjamini–Hochberg)",
    "benjamini-hochberg-apart": (
        "false discovery rate controlled (Benjamini–Hochberg), separately among raised and among lowered cells"
    ),
    "benjamini-yekutieli": "false discovery rate controlled (Benjamini–Yekutieli)",
    "bonferroni": "adjusted by Bonferroni's method",
    "none": "not adjusted for the number of cells",
}


def tolerance_contours(
    surface: Surface,
    *,
    events: Events | None = None,
    area: StudyArea | None = None,
    level: float = 0.05,
    adjustment: Adjustment = "benjamini-hochberg-apart",
    smallest_km2: float | None = None,
    fewest_events: float = 0,
) -> Contours:
    """Return polygons around the cells in which a tested surface is raised or lowered by more than chance.

    Every cell with a p-value is one test; all are adjusted together, two-sided. Neighbouring cells share most of their
    events, which the Benjamini-Hochberg method allows for. Without an adjustment one cell in twenty passes at 5% by
    chance alone: many papers draw such pointwise contours.

    A contour shows approximately where risk is raised; its line is no more exact than the bandwidth.

    Parameters
    ----------
    surface
        With `p_raised` and `p_lowered`, as `relative_risk` and `compare_densities` make it.
    events
        To be counted in each polygon, where they may be shown: events that are not released are not counted.
    area
        The study area; its border then cuts the contours off. By default the cells of the surface do.
    level
        Two-sided level, 0 to 1; half of it is for raised and half for lowered values.
    adjustment
        As in `getis_ord`: ``"benjamini-hochberg-apart"`` (raised and lowered by themselves), ``"benjamini-hochberg"``,
        ``"benjamini-yekutieli"``, ``"bonferroni"``, or ``"none"`` for pointwise contours.
    smallest_km2
        Polygons below this size are left out and counted; by default, a quarter of a cell.
    fewest_events
        Raised polygons with fewer events are left out and counted too, where events may be counted.

    Returns
    -------
    Contours
        Kinds ``"raised"`` and ``"lowered"``, raised ones first, the largest first. `threshold` is the level. Empty
        where no cell passes.

    Raises
    ------
    AnalysisError
        If the surface was not tested, or a setting is impossible.

    References
    ----------
    Hazelton, M. L. and Davies, T. M. (2009), Biometrical Journal 51, 98-109 (pointwise tolerance contours). Benjamini,
    Y. and Hochberg, Y. (1995), Journal of the Royal Statistical Society B 57, 289-300.
    """
    if surface.p_raised is None or surface.p_lowered is None:
        raise AnalysisError(
            f"The surface of {surface.title} was not tested, so it has no tolerance contours.",
            found=f"a surface of kind {surface.kind!r} without p-values",
            advice="use top_contours for a density, or make the surface with relative_risk or compare_densities",
        )
    _need_share("level", level)
    if adjustment not in ADJUSTED:
        raise AnalysisError(f"There is no adjustment {adjustment!r}.", advice=f"use one of {', '.join(ADJUSTED)}")
    chances = {"raised": np.asarray(surface.p_raised), "lowered": np.asarray(surface.p_lowered)}
    judged = ~np.isnan(chances["raised"]) & ~np.isnan(chances["lowered"])
    adjusted = _adjusted(chances["raised"][judged], chances["lowered"][judged], adjustment)
    found, cutoffs = [], dict[str, float | None]()
    for kind, other in (("raised", "lowered"), ("lowered", "raised")):
        passing = np.zeros(judged.shape, dtype=bool)
        passing[judged] = adjusted[kind] <= level
        # The smaller tail decides: with both at one half and no adjustment nothing is raised and lowered at once.
        passing &= chances[kind] <= chances[other]
        field = np.full(judged.shape, np.nan)
        field[judged] = _scores(chances[kind][judged])
        cutoffs[kind] = float(chances[kind][passing].max()) if passing.any() else None
        found.append(_Found(kind, _passed(kind, surface, level), level, field, passing))
    return _contours(
        surface,
        found,
        events=events,
        area=area,
        smallest_km2=smallest_km2,
        sentences=(
            f"Contours enclose the cells of {surface.cell:,.0f} m where the value is higher (raised) or lower "
            f"(lowered) than expected by chance at {100 * level:g}%, two-sided, {ADJUSTED[adjustment]}; "
            f"{int(judged.sum()):,} cells were tested.",
        ),
        fewest={"raised": fewest_events},
        cells=ToleranceContours(
            level=level,
            adjustment=adjustment,
            cells_tested=int(judged.sum()),
            p_raised_cutoff=cutoffs["raised"],
            p_lowered_cutoff=cutoffs["lowered"],
        ),
    )


def top_contours(
    surface: Surface,
    *,
    events: Events | None = None,
    area: StudyArea | None = None,
    of: DensestPart = "area",
    share: float | None = None,
    smallest_km2: float | None = None,
) -> Contours:
    """Return polygons around the densest cells: those that make up a share of the area, or that hold a share of events.

    There is always a densest part, whether or not anything is concentrated in it: this sets priorities and is no test.
    Cells as dense as the last one that is needed belong to it too; empty cells never do.

    Parameters
    ----------
    surface
        A density, or counts of areas spread over their cells.
    events
        To be counted in each polygon, where they may be shown: events that are not released are not counted.
    area
        The study area; its border then cuts the contours off. By default the cells of the surface do.
    of
        ``"area"``: the densest cells up to this share of the area; ``"events"``: the fewest cells that hold this share
        of the events, as the surface has them.
    share
        0 to 1; by default 0.05 of the area or 0.25 of the events.
    smallest_km2
        Polygons below this size are left out and counted; by default, a quarter of a cell.

    Returns
    -------
    Contours
        Kind ``"top_area"`` or ``"top_events"``, the largest first. `threshold` is the lowest density that passes.

    Raises
    ------
    AnalysisError
        If the surface is no density, or a setting is impossible.
    """
    if of not in ("area", "events"):
        raise AnalysisError(f"There is no densest part of {of!r}.", advice="use 'area' or 'events'")
    if surface.kind not in ("density", "spread"):
        raise AnalysisError(
            f"The surface of {surface.title} is no density, so no part of it is the densest.",
            found=f"a surface of kind {surface.kind!r}",
            advice="use tolerance_contours, which says where it is raised or lowered by more than chance",
        )
    asked = {"area": 0.05, "events": 0.25}[of] if share is None else share
    _need_share("share", asked)
    passing = _densest(surface.values, asked, of=of)
    threshold = float(surface.values[passing].min()) if passing.any() else np.nan
    what = {
        "area": f"Densest {100 * asked:g}% of the area",
        "events": f"Densest part of the area, with {100 * asked:g}% of the events",
    }[of]
    cells, known = int(passing.sum()), int((~np.isnan(surface.values)).sum())
    aim = {"area": f"make up {100 * asked:g}% of the area", "events": f"hold {100 * asked:g}% of the events"}[of]
    return _contours(
        surface,
        [_Found(f"top_{of}", what, threshold, surface.values, passing)],
        events=events,
        area=area,
        smallest_km2=smallest_km2,
        sentences=(
            f"Contours enclose the densest of the surface's {known:,} cells of {surface.cell:,.0f} m: the {cells:,} "
            f"that {aim}.",
            "There is always a densest part; this is not a test.",
        ),
        cells=DensestContours(of=of, share=asked, threshold=threshold, cells=cells),
    )


@dataclass(frozen=True, eq=False, slots=True)
class _Found:
    """Cells of one kind that pass, and the field their outlines are drawn through."""

    kind: str
    words: str
    threshold: float
    field: Floats
    passing: Mask


def _adjusted(raised: Floats, lowered: Floats, adjustment: Adjustment) -> dict[str, Floats]:
    """Return the adjusted two-sided p-values for each direction, over all cells tested."""
    if adjustment == "benjamini-hochberg-apart":
        doubled = {"raised": np.minimum(1, 2 * raised), "lowered": np.minimum(1, 2 * lowered)}
        return {kind: adjust(p, method="benjamini-hochberg") for kind, p in doubled.items()}
    both = adjust_tails(raised, lowered, method=adjustment)
    return {"raised": both, "lowered": both}


def _scores(chances: Floats) -> Floats:
    """Return normal scores, which change evenly from cell to cell where p-values fall over many powers of ten."""
    from scipy.special import ndtri

    # Beyond these ends a score would be infinite, and no outline could be drawn through it.
    return np.asarray(-ndtri(np.clip(chances, 1e-300, 1 - 1e-16)), dtype=float)


def _passed(kind: str, surface: Surface, level: float) -> str:
    what = {"relative-risk": "Risk", "ratio": "Ratio", "difference": "Difference"}.get(surface.kind, "Value")
    return f"{what} {kind} by more than chance at {100 * level:g}%"


def _densest(values: Floats, share: float, *, of: DensestPart) -> Mask:
    """Return which cells are the densest, up to the share of cells, or until they hold the share of the sum."""
    known = np.sort(values[~np.isnan(values)])[::-1]
    if of == "area":
        # A share of a whole number of cells is that number, whatever the last digit of the product.
        number = int(np.floor(share * len(known) + 1e-9))
    else:
        held = np.cumsum(known)
        number = int(np.searchsorted(held, share * held[-1] * (1 - 1e-12))) + 1 if len(held) else 0
    if number == 0:
        return np.zeros(values.shape, dtype=bool)
    with np.errstate(invalid="ignore"):
        return np.asarray((values >= known[min(number, len(known)) - 1]) & (values > 0))


def _contours(
    surface: Surface,
    found: list[_Found],
    *,
    events: Events | None,
    area: StudyArea | None,
    smallest_km2: float | None,
    sentences: tuple[str, ...],
    cells: ToleranceContours | DensestContours,
    fewest: Mapping[str, float] | None = None,
) -> Contours:
    """Return the polygons of all kinds with what lies in them, sized and sorted."""
    smallest = surface.cell**2 / 4e6 if smallest_km2 is None else smallest_km2
    if not (np.isfinite(smallest) and smallest >= 0):
        raise AnalysisError(f"The smallest size of a polygon can't be {smallest:g} km².", advice="give 0 or more")
    whole, region = region_of(found[0].field, surface, area)
    notes: list[Note] = []
    points = _countable(events, whole, notes)
    tables, left_out = [], {}
    for one in found:
        polygons = _table(one, surface, whole=whole, region=region, points=points)
        kept = _kept(polygons, smallest, (fewest or {}).get(one.kind, 0), notes)
        left_out[one.kind] = len(polygons) - len(kept)
        tables.append(kept)
    table = _join(tables)
    return Contours(
        table,
        surface=surface.stem,
        sentences=sentences,
        summary=_summary(table, base="cells of the surface" if area is None else "study area"),
        provenance=ContourMethod(cells=cells, smallest_km2=smallest, left_out=left_out),
        identity=combine(surface, None if points is None else events, notes=notes),
    )


def _countable(events: Events | None, region: Any, notes: list[Note]) -> Floats | None:
    """Return the points of events inside the region, shape (n, 2), or None with a note where they do not count."""
    import shapely

    if events is None:
        return None
    if events.release == UNRELEASED:
        words = f"The {events.title} are not released, so they were not counted in the contours."
        notes.append(Note(words, of="settings", numbers=(events.title,)))
        return None
    points = events.table[["easting", "northing"]].to_numpy(dtype=float, na_value=np.nan)
    points = points[~np.isnan(points).any(axis=1)]
    if not len(points):
        words = f"The {events.title} have no points, so they can't be counted in the contours."
        notes.append(Note(words, of="publication", numbers=(events.title,)))
        return None
    shapely.prepare(region)
    return np.asarray(points[shapely.intersects_xy(region, points[:, 0], points[:, 1])])


def _table(found: _Found, surface: Surface, *, whole: Any, region: Any, points: Floats | None) -> gpd.GeoDataFrame:
    """Return one row per polygon of one kind, the largest first; shares are of the whole."""
    import geopandas as gpd
    import shapely

    polygons = np.empty(0, dtype=object)
    if found.passing.any():
        polygons = outline_passing(found.field, found.passing, origin=surface.origin, cell=surface.cell, region=region)
    sizes = shapely.area(polygons) / 1e6
    bounds = shapely.bounds(polygons).reshape(-1, 4)
    order = np.lexsort((bounds[:, 1], bounds[:, 0], -sizes))
    polygons, sizes = polygons[order], sizes[order]
    inside = np.full(len(polygons), np.nan) if points is None else count_inside(polygons, points)
    return gpd.GeoDataFrame(
        {
            "kind": np.full(len(polygons), found.kind, dtype=object),
            "words": np.full(len(polygons), found.words, dtype=object),
            "threshold": np.full(len(polygons), found.threshold),
            "area_km2": sizes,
            "share_of_area": sizes / (whole.area / 1e6),
            "events": inside,
            "share_of_events": inside / len(points) if points is not None and len(points) else np.nan,
        },
        geometry=polygons,
        crs=surface.crs,
    )


def _kept(table: gpd.GeoDataFrame, smallest: float, fewest: float, notes: list[Note]) -> gpd.GeoDataFrame:
    """Return the polygons of one kind that are large enough; the others are counted in the notes."""
    specks = (table["area_km2"] < smallest) | (table["events"] < fewest)
    if specks.any():
        few = f" or with fewer than {fewest:,.0f} events" if fewest else ""
        what, number = str(table["words"].iloc[0]), int(specks.sum())
        least, together = round(1e6 * smallest), round(1e6 * table.loc[specks, "area_km2"].sum())
        words = f"{what}: polygons below {least:,} m²{few} left out: {number:,}, together {together:,} m²."
        notes.append(Note(words, of="records", numbers=(what, least, round(fewest), number, together)))
    return table[~specks]


def _join(tables: list[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    """Return tables below each other, numbered from 1; an empty one brings no column of its own type."""
    import pandas as pd

    filled = [table for table in tables if len(table)] or tables[:1]
    table = pd.concat(filled, ignore_index=True)[list(CONTOUR_COLUMNS)]
    table.index = pd.RangeIndex(1, len(table) + 1, name="contour_id")
    return table


def _summary(table: gpd.GeoDataFrame, *, base: str) -> str:
    """Return how many polygons there are and what lies in them, in one sentence."""
    if table.empty:
        return "No cell passes, so there is no contour."
    parts = []
    for _, rows in table.groupby("kind", sort=False):
        number = f"{len(rows):,} polygon{'' if len(rows) == 1 else 's'}"
        part = f"{rows['words'].iloc[0]}: {number}, {rows['area_km2'].sum():,.3g} km²"
        part += f" ({100 * rows['share_of_area'].sum():.1f}% of the {base}"
        if rows["events"].notna().all():
            held = 100 * rows["share_of_events"].sum()
            part += f", {rows['events'].sum():,.0f} events, {held:.1f}% of those in the {base}"
        parts.append(f"{part})")
    return f"{'; '.join(parts)}."


def _need_share(name: str, value: float) -> None:
    if not 0 < value <= 1:
        raise AnalysisError(f"The {name} must lie above 0 and at most at 1: {value:g}.", advice="0.05 is 5%")
