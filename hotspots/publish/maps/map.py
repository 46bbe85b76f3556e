"""Printed maps: A4 landscape sheets that state a finding and everything a reader needs to judge it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
import pandas as pd

from hotspots.model import (
    Agreement,
    Clusters,
    Contours,
    Deprivation,
    Hotspot,
    HotspotResult,
    Place,
    SchoolResult,
    Stability,
    StudyArea,
    Surface,
    need_released,
    renamed_arguments,
)
from hotspots.publish.maps.basemap import add_basemap
from hotspots.publish.maps.choropleth import (
    BEHIND,
    DECILE_COLOURS,
    busy_boxes,
    draw_areas,
    draw_context,
    draw_deciles,
    draw_outlines,
    draw_shares,
)
from hotspots.publish.maps.clusters import draw_clusters, number_clusters, zone_boxes
from hotspots.publish.maps.contour_labels import label_lines
from hotspots.publish.maps.frame import MapFrame, open_frame
from hotspots.publish.maps.place_labels import label_map, write_letters
from hotspots.publish.maps.surface import Drawn, busy_cells, cells_inside, draw_contours, draw_surface, inside_contours
from hotspots.publish.page import (
    INK,
    MARGIN,
    Entry,
    Sheet,
    draw_legend,
    draw_north_arrow,
    draw_ramp,
    draw_scale_bar,
    draw_schools,
    foot,
    head,
    new_sheet,
    page_style,
    save_sheet,
)
from hotspots.publish.style import Ground, nation_words, prepare_ground
from hotspots.publish.style import marking as marking_of
from hotspots.publish.text import (
    Section,
    agreement_title,
    average_words,
    boundaries_sentence,
    capitalised,
    clusters_title,
    explain_agreement,
    explain_clusters,
    explain_hotspots,
    explain_rates,
    explain_schools,
    explain_stability,
    explain_surface,
    finding_title,
    need_rates,
    rates_title,
    release_sentence,
    schools_in,
    schools_note,
    schools_title,
    section,
    stability_title,
    statistic,
    surface_heading,
    surface_title,
    unplaced_sentence,
)
from hotspots.publish.text import subtitle as findings_subtitle
from hotspots.vocabulary import RESTRICTED, weakest_release

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

__all__ = ["draw_map", "save_map"]

COLUMN: Final = 70.0
GAP: Final = 4.0
SEE_THROUGH: Final = 0.7

SchoolsBy = Literal["divergence", "rate"]
"""What a map of schools shows: the class against what is expected, or the rate over the average."""

Mapped = HotspotResult | Surface | SchoolResult | Clusters | Stability | Agreement


@renamed_arguments(noun="result", places="place_labels")
def draw_map(
    result: Mapped,
    area: StudyArea | Ground,
    *,
    place: Place | None = None,
    place_labels: pd.DataFrame | None = None,
    deprivation: Deprivation | None = None,
    basemap: str | None = None,
    basemap_credit: str = "",
    title: str | None = None,
    contours: Contours | None = None,
    schools_by: SchoolsBy = "divergence",
    hotspots: Sequence[Hotspot] = (),
) -> Figure:
    """Return an A4 landscape map as a figure.

    Parameters
    ----------
    result
        What is shown: hotspots by area, clusters of a scan, how stable hot areas are or how far methods agree on them,
        a surface of any kind, or schools.
    area
        The study area; from `prepare_ground` where many maps are drawn of the same one.
    place
        Close-up of these authorities; what lies around them is shown pale. None is the whole study area.
    place_labels
        Names on the map, largest first by `population`: columns `name`, `easting`, `northing` (metres), `population`.
    deprivation
        Deciles to lie under the schools.
    basemap
        Path of a GeoTIFF or name of a tile provider; without one nothing is fetched.
    basemap_credit
        Whom a GeoTIFF is by; a tile provider's own credit is used where this is empty.
    title
        Instead of the finding.
    contours
        Strong lines over a surface: around what is raised (solid) and lowered (dashed), or what is densest.
    schools_by
        ``"rate"`` for schools' rates over the average of all, in five classes, instead of what deprivation suggests.
    hotspots
        Those of the result, whose letters are written beside them.

    Returns
    -------
    Figure
        Made for `save_map`; it is not known to pyplot.

    Raises
    ------
    DisclosureError
        If the result holds unprotected counts of people.
    OutputError
        If schools' rates are asked for and were not held against an average.
    """
    need_released(result, "A map")
    rates = result if isinstance(result, SchoolResult) and schools_by == "rate" else None
    if rates is not None:
        need_rates(rates)
    if contours is not None:
        need_released(contours, "A map")
    ground = area if isinstance(area, Ground) else prepare_ground(area)
    others = [other.release for other in (deprivation, contours) if other is not None]
    release = weakest_release(result.release, ground.area.release, *others)
    with page_style():
        sheet = new_sheet()
        marking, alarming = marking_of(release), release == RESTRICTED
        heading = title or _title(result, ground, place, contours, rates=rates)
        how = average_words(rates) if rates is not None else ""
        subtitle = findings_subtitle(result, ground.area, place=place, how=how)
        top = head(sheet, heading, subtitle, marking=marking, alarming=alarming)
        bottom = foot(
            sheet,
            _small_print(result, ground.area, deprivation, place_labels, release),
            marking=marking,
            alarming=alarming,
        )
        box = (MARGIN, bottom, sheet.width - MARGIN - COLUMN - GAP, top)
        frame = open_frame(sheet, box, ground.extent_of(place))
        missing = add_basemap(frame.axes, basemap, attribution=basemap_credit) if basemap else None
        alpha = SEE_THROUGH if basemap and missing is None else None
        legend = _draw_result(
            frame,
            result,
            ground,
            place=place,
            deprivation=deprivation,
            contours=contours,
            alpha=alpha,
            schools_by=schools_by,
        )
        draw_outlines(frame.axes, ground, place, colour=BEHIND if contours is not None else INK)
        busy, marks = _busy(frame, result, ground)
        letters = write_letters(sheet, frame, hotspots, ground)
        taken = label_map(
            sheet, frame, ground, place=place, place_labels=place_labels, busy=busy, marks=marks, taken=letters
        )
        if legend.drawn is not None:
            label_lines(sheet, frame, legend.drawn.lines, inside=legend.drawn.shows, taken=taken)
        lettered = any(hotspot.letter for hotspot in hotspots)
        explained = _explain(result, place, missing or "", contours, rates=rates, lettered=lettered)
        _fill_column(sheet, frame, legend, explained)
    return sheet.figure


def save_map(figure: Figure, stem: str | Path, *, dpi: int = 300) -> list[Path]:
    """Write a map as `stem`.png and `stem`.pdf; the same map gives the same bytes.

    Parameters
    ----------
    figure
        From `draw_map`.
    stem
        Path without ending.
    dpi
        Dots per inch of the PNG; the PDF has none.

    Returns
    -------
    list of Path
        The two files.

    Raises
    ------
    OutputError
        If a file can't be written.
    """
    return save_sheet(figure, Path(stem), dpi=dpi)


def _title(
    result: Mapped, ground: Ground, place: Place | None, contours: Contours | None, *, rates: SchoolResult | None
) -> str:
    if rates is not None:
        return rates_title(rates, schools_in(rates.table, place), place)
    if isinstance(result, HotspotResult):
        return finding_title(result, place)
    if isinstance(result, Clusters):
        return clusters_title(result)
    if isinstance(result, Stability | Agreement):
        return stability_title(result, place) if isinstance(result, Stability) else agreement_title(result, place)
    if isinstance(result, Surface):
        inside = cells_inside(result, ground, place)
        extents = None if contours is None else inside_contours(contours, ground, place)
        return surface_title(result, place=place, inside=inside, extents=extents)
    return schools_title(result, place)


def _small_print(
    result: Mapped, area: StudyArea, deprivation: Deprivation | None, place_labels: pd.DataFrame | None, release: str
) -> list[str]:
    """Return the lines under the map: sources and date, attribution, and what the numbers may be used for."""
    period = f"Period: {result.period.words}" if result.period else ""
    sources = [f"Source: {result.source}" if result.source else "", period]
    if deprivation is not None and deprivation.source and deprivation.source not in result.sources:
        sources.append(f"{deprivation.title}: {deprivation.source}")
    if place_labels is not None and "credit" in place_labels.columns:
        sources.append(f"Place names: {'; '.join(dict.fromkeys(place_labels['credit'].dropna().astype(str)))}")
    lines = dict.fromkeys([*area.attribution, *result.attribution])
    sources.append(f"Boundaries: {boundaries_sentence(area)}")
    # What is for named readers says so in red above and below; once more in small print would weaken it.
    return [_sentences(sources), _sentences(list(lines)), "" if release == RESTRICTED else release_sentence(release)]


def _sentences(parts: Sequence[str]) -> str:
    return " ".join(f"{part.rstrip('.')}." for part in parts if part)


@dataclass(frozen=True)
class _Legend:
    heading: str
    entries: list[Entry]
    note: str = ""
    ramp: str = ""
    drawn: Drawn | None = None


def _draw_result(
    frame: MapFrame,
    result: Mapped,
    ground: Ground,
    *,
    place: Place | None,
    deprivation: Deprivation | None,
    contours: Contours | None,
    alpha: float | None,
    schools_by: SchoolsBy,
) -> _Legend:
    """Draw what the map is about, and return its legend."""
    seen = ground.seen_in(frame.extent)
    draw_context(frame.axes, ground, seen, place)
    if isinstance(result, HotspotResult):
        entries = draw_areas(frame.axes, result, ground, seen, place=place, alpha=alpha)
        return _Legend(statistic(result), entries, "Number of areas" + _within(place))
    if isinstance(result, Clusters):
        entries = draw_clusters(frame.axes, result, ground, seen, alpha=alpha)
        return _Legend("Most likely clusters", entries, "Number of clusters")
    if isinstance(result, Stability | Agreement):
        heading = "Hot areas, by variants" if isinstance(result, Stability) else "Hot areas, by methods"
        entries = draw_shares(frame.axes, result, ground, seen, place=place, alpha=alpha)
        return _Legend(heading, entries, "Number of areas" + _within(place))
    if isinstance(result, Surface):
        drawn = draw_surface(frame.axes, result, ground, place=place, alpha=alpha, contours=contours)
        around = [] if contours is None else draw_contours(frame.axes, contours, result, ground, place=place)
        note = "km² of each class" + _within(place)
        return _Legend(surface_heading(result), [*drawn.entries, *around], note, drawn=drawn)
    if deprivation is not None:
        draw_deciles(frame.axes, deprivation, ground, seen, place=place, alpha=alpha)
    entries = draw_schools(frame.axes, result, place=place, by_rate=schools_by == "rate")
    ramp = f"{deprivation.title}: tenths of {nation_words(deprivation.index)}" if deprivation is not None else ""
    heading = capitalised(result.title) if schools_by == "divergence" else "Rate over the average"
    return _Legend(heading, entries, schools_note(result, place, by_rate=schools_by == "rate"), ramp)


def _busy(frame: MapFrame, result: Mapped, ground: Ground) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return boxes (n, 4) that names should not cover, and points (n, 2) that lie above them; numbers are written."""
    if isinstance(result, Clusters):
        return zone_boxes(result, ground), number_clusters(frame.axes, result)
    busy = busy_cells(result) if isinstance(result, Surface) else busy_boxes(result, ground)
    return busy, busy[:, :2] if isinstance(result, SchoolResult) else busy[:0, :2]


def _within(place: Place | None) -> str:
    return f" in {place.name}" if place is not None else ""


def _explain(
    result: Mapped,
    place: Place | None,
    missing: str,
    contours: Contours | None,
    *,
    rates: SchoolResult | None,
    lettered: bool,
) -> list[Section]:
    """Return how to read the map and what it can't show, in sections."""
    if rates is not None:
        sections = explain_rates(rates, unplaced_sentence(rates, place))
    elif isinstance(result, HotspotResult):
        sections = explain_hotspots(result, place, lettered=lettered)
    elif isinstance(result, Clusters):
        sections = explain_clusters(result)
    elif isinstance(result, Stability):
        sections = explain_stability(result, place)
    elif isinstance(result, Agreement):
        sections = explain_agreement(result, place)
    elif isinstance(result, Surface):
        sections = explain_surface(result, contours)
    else:
        sections = explain_schools(result, unplaced_sentence(result, place))
    first, *others = sections
    return [section(first.heading, [*first.sentences, missing]), *others]


def _fill_column(sheet: Sheet, frame: MapFrame, legend: _Legend, sections: Sequence[Section]) -> None:
    """Write legend, explanation, scale and north beside the map."""
    left, top = sheet.width - MARGIN - COLUMN, frame.box[3]
    top = draw_legend(sheet, left, top, width=COLUMN, heading=legend.heading, entries=legend.entries, note=legend.note)
    if legend.ramp:
        ends = ("1: most deprived", "10: least deprived")
        top = draw_ramp(sheet, left, top - 2.5, width=COLUMN, heading=legend.ramp, colours=DECILE_COLOURS, ends=ends)
    low = frame.box[1]
    draw_scale_bar(sheet, left + 1.5, low + 11.5, metres_per_mm=frame.metres_per_mm, longest=40.0)
    draw_north_arrow(sheet, sheet.width - MARGIN - 4.0, low + 0.5)
    sheet.write_sections(left, top - 3.0, sections, width=COLUMN, bottom=low + 15.0)
