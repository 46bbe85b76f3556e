"""Every map and chart of a run, drawn in one process or in several; the files are the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hotspots.nouns import HotspotResult, Place, SchoolResult, Surface
from hotspots.publish import wording

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from hotspots.nouns import Deprivation, StudyArea
    from hotspots.publish.briefing import Page
    from hotspots.reading import Inputs, Report
    from hotspots.study import Study

    Mapped = HotspotResult | Surface | SchoolResult


@dataclass(slots=True)
class Findings:
    """What a study found, and what it left out and why."""

    results: list[HotspotResult] = field(default_factory=list)
    surfaces: list[Surface] = field(default_factory=list)
    schools: SchoolResult | None = None
    left_out: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Sheet:
    """One map to draw: which noun, of which place (None is the whole study area), its file, and its page if any."""

    noun: int
    place: Place | None
    stem: str
    title: str
    in_briefing: bool


@dataclass(frozen=True, slots=True)
class _Table:
    """All that is needed to draw any of the maps; every process gets it once."""

    nouns: Sequence[Mapped]
    area: StudyArea
    labels: pd.DataFrame | None
    deprivation: Deprivation | None
    basemap: str | None
    folder: Path


def draw_everything(
    study: Study, inputs: Inputs, findings: Findings, folder: Path, *, report: Report, workers: int = 1
) -> list[Page]:
    """Draw and save every map and chart; return the pages of the briefing.

    Parameters
    ----------
    study, inputs, findings
        The recipe, what was read and what was found.
    folder
        `maps` and `charts` are made in it.
    report
        Told each step.
    workers
        Number of processes; 1 draws in this one.
    """
    from hotspots.publish.briefing import Page

    nouns: list[Mapped] = [*findings.results, *findings.surfaces, *([findings.schools] if findings.schools else [])]
    basemap = study.maps.basemap
    if basemap and (study.folder / basemap).exists():
        basemap = str(study.folder / basemap)
    table = _Table(nouns, inputs.area, inputs.labels, inputs.deprivation, basemap, folder / "maps")
    sheets = list(_sheets(study, nouns, inputs))
    pages = []
    for number, (sheet, svg) in enumerate(_drawn(table, sheets, workers), start=1):
        report(f"Drew map {number} of {len(sheets)}")
        if svg is not None:
            alt = wording.alt_text(nouns[sheet.noun], place=sheet.place)
            pages.append(Page(title=sheet.title, alt=alt, figure=svg))
    return pages + list(_charts(inputs, findings, folder / "charts", report))


def _sheets(study: Study, nouns: Sequence[Mapped], inputs: Inputs) -> Iterator[_Sheet]:
    """Return every map of a run; the briefing shows the whole area, and the places where there is something to see."""
    places: list[Place | None] = [None, *(section.place for section in study.places)]
    for number, noun in enumerate(nouns):
        if isinstance(noun, HotspotResult):
            stem = f"{noun.name}_{noun.method}"
        else:
            stem = f"{noun.name}_density" if isinstance(noun, Surface) else "schools"
        for place in places:
            shown = place is None or isinstance(noun, SchoolResult) or _is_telling(noun, place)
            title = _title(noun, place, inputs)
            yield _Sheet(number, place, f"{stem}_{place.slug if place else 'all'}", title, shown)


def _is_telling(noun: Mapped, place: Place) -> bool:
    """Whether a close-up belongs in the pack: it has a hot or cold area. All maps are written to the folder."""
    return isinstance(noun, HotspotResult) and noun.method == "getis_ord" and bool(noun.hot(place) or noun.cold(place))


def _title(noun: Mapped, place: Place | None, inputs: Inputs) -> str:
    if isinstance(noun, HotspotResult):
        return wording.finding_title(noun, place)
    if isinstance(noun, Surface):
        return wording.surface_title(noun, inputs.labels)
    return wording.schools_title(noun, place)


# --------------------------------------------------------------------------- one process or several

_at_hand: dict[str, Any] = {}
"""In a process that draws: what it was given when it started."""


def _drawn(table: _Table, sheets: Sequence[_Sheet], workers: int) -> Iterator[tuple[_Sheet, bytes | None]]:
    if workers <= 1:
        _take(table)
        for sheet in sheets:
            yield sheet, _draw(sheet)
        _at_hand.clear()
        return
    # Started afresh and not forked: the same on every system, and safe where this process has threads.
    with ProcessPoolExecutor(workers, get_context("spawn"), initializer=_take, initargs=(table,)) as pool:
        yield from zip(sheets, pool.map(_draw, sheets), strict=True)


def _take(table: _Table) -> None:
    from hotspots.publish.ground import prepare_ground

    _at_hand["table"], _at_hand["ground"] = table, prepare_ground(table.area)


def _draw(sheet: _Sheet) -> bytes | None:
    """Draw and save one map; return it as SVG if the briefing shows it."""
    from hotspots.publish.maps import draw_map, save_map
    from hotspots.publish.saving import body_as_svg

    table: _Table = _at_hand["table"]
    noun = table.nouns[sheet.noun]
    figure = draw_map(
        noun,
        _at_hand["ground"],
        place=sheet.place,
        places=table.labels,
        deprivation=table.deprivation if isinstance(noun, SchoolResult) else None,
        basemap=table.basemap,
    )
    save_map(figure, table.folder / sheet.stem)
    return body_as_svg(figure) if sheet.in_briefing else None


# --------------------------------------------------------------------------- charts


def _charts(inputs: Inputs, findings: Findings, folder: Path, report: Report) -> Iterator[Page]:
    from hotspots.publish import charts, school_charts
    from hotspots.publish.briefing import Page
    from hotspots.publish.maps import save_map

    drawn: list[tuple[str, Figure, str]] = []
    for series in inputs.series:
        drawn.append((series.name, charts.draw_series(series), wording.series_title(series)))
    if inputs.factors is not None:
        drawn.append(("children_in_need", charts.draw_factors(inputs.factors), wording.factors_title(inputs.factors)))
    schools = findings.schools
    if schools is not None:
        title = wording.schools_title(schools)
        drawn.append(("schools_funnel", school_charts.draw_funnel(schools), title))
        drawn.append(("schools_idaci", school_charts.draw_exclusions_against_idaci(schools), title))
    for stem, figure, title in drawn:
        report(f"Drew the chart {stem}")
        save_map(figure, folder / stem)
        yield Page(title=title, alt=f"Chart. {title}.", figure=figure)
