"""Every map and chart of a run, drawn in one process or in several; the files are the same."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hotspots.analysis.autocorrelation import describe_scale
from hotspots.model import HotspotResult, Place, SchoolResult, Surface
from hotspots.publish.text import alt_text, schools_in, subtitle
from hotspots.study.findings import Findings
from hotspots.study.output.provenance import imprint
from hotspots.study.output.workers import worker_pool

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from hotspots.model import Contours, Deprivation, Hotspot
    from hotspots.publish.briefing import Page
    from hotspots.publish.maps import SchoolsBy
    from hotspots.publish.page import Body
    from hotspots.publish.style import Ground
    from hotspots.study.inputs import Inputs, Report
    from hotspots.study.settings import Study

    Mapped = HotspotResult | Surface | SchoolResult


@dataclass(frozen=True, slots=True)
class _Sheet:
    """One map to draw: the number of its result, the place (None: the whole study area), the file, and its page."""

    result: int
    place: Place | None
    stem: str
    in_briefing: bool
    schools_by: SchoolsBy = "divergence"


@dataclass(frozen=True, slots=True)
class _Table:
    """All that is needed to draw any of the maps; every process gets it once."""

    results: Sequence[Mapped]
    contours: Mapping[str, Contours]
    hotspots: Mapping[tuple[str, str], Sequence[Hotspot]]
    ground: Ground
    labels: pd.DataFrame | None
    deprivation: Deprivation | None
    basemap: str | None
    basemap_credit: str
    dpi: int
    imprint: str
    folder: Path


def draw_everything(
    study: Study,
    inputs: Inputs,
    findings: Findings,
    folder: Path,
    *,
    ground: Ground,
    report: Report,
    workers: int = 1,
) -> list[Page]:
    """Draw and save every map and chart; return the pages of the briefing.

    Parameters
    ----------
    study, inputs, findings
        The recipe, what was read and what was found.
    folder
        `maps` and `charts` are made in it.
    ground
        The study area made ready for drawing.
    report
        Told each step.
    workers
        Number of processes; 1 draws in this one.
    """
    from hotspots.publish.briefing import Page

    results: list[Mapped] = [*findings.results, *findings.surfaces, *([findings.schools] if findings.schools else [])]
    dpi = study.maps.dpi
    table = _Table(
        results=results,
        contours=findings.contours,
        hotspots={(name, ""): found for name, found in findings.hotspots.items()} | findings.place_hotspots,
        ground=ground,
        labels=inputs.labels,
        deprivation=inputs.deprivation,
        basemap=study.basemap,
        basemap_credit=study.maps.basemap_credit,
        dpi=dpi,
        imprint=imprint(study, inputs),
        folder=folder / "maps",
    )
    sheets = list(_sheets(study, results))
    pages = []
    # Closed at once where something fails: processes would go on drawing what nobody waits for.
    with closing(_drawn(table, sheets, workers)) as drawn:
        for number, (sheet, body) in enumerate(drawn, start=1):
            report(f"Drew map {number} of {len(sheets)}")
            if body is not None:
                alt = _alt(results[sheet.result], sheet, body.title)
                pages.append(Page(alt=alt, figure=body))
    return pages + list(_charts(inputs, findings, folder / "charts", report, table))


def _sheets(study: Study, results: Sequence[Mapped]) -> Iterator[_Sheet]:
    """Return every map of a run: of the whole area, and of every place but for Local Moran, which says the same again.

    The briefing shows the whole area, and those close-ups that have something to see.
    """
    places: list[Place | None] = [None, *(section.place for section in study.places)]
    for number, result in enumerate(results):
        stem = "schools" if isinstance(result, SchoolResult) else result.stem
        close_ups = not (isinstance(result, HotspotResult) and result.method == "local_moran")
        for place in places if close_ups else [None]:
            where = place.slug if place else "all"
            yield _Sheet(number, place, f"{stem}_{where}", _is_telling(result, place))
            if isinstance(result, SchoolResult):
                # In the pack beside the first; its close-ups are in the folder.
                yield _Sheet(number, place, f"{stem}_rate_{where}", place is None, schools_by="rate")


def _alt(result: Mapped, sheet: _Sheet, title: str) -> str:
    """Return what a map shows, for readers who do not see it."""
    from hotspots.publish.text import rate_alt

    if isinstance(result, SchoolResult) and sheet.schools_by == "rate":
        return rate_alt(result, schools_in(result.table, sheet.place), place=sheet.place, title=title)
    return alt_text(result, place=sheet.place, title=title)


def _is_telling(result: Mapped, place: Place | None) -> bool:
    """Whether a map belongs in the pack; all are written to the folder."""
    if place is None:
        return True
    if isinstance(result, HotspotResult):
        return bool(result.hot(place) or result.cold(place))
    return isinstance(result, SchoolResult)


# --------------------------------------------------------------------------- one process or several

_at_hand: dict[str, Any] = {}
"""In a process that draws: what it was given when it started."""


def _drawn(table: _Table, sheets: Sequence[_Sheet], workers: int) -> Generator[tuple[_Sheet, Body | None], None, None]:
    if workers <= 1:
        _take(table)
        for sheet in sheets:
            yield sheet, _draw(sheet)
        _at_hand.clear()
        return
    table.folder.mkdir(parents=True, exist_ok=True)
    with worker_pool(workers, _take, table, folder=table.folder) as pool:
        yield from zip(sheets, pool.map(_draw, sheets), strict=True)


def _take(table: _Table) -> None:
    _at_hand["table"] = table


def _draw(sheet: _Sheet) -> Body | None:
    """Draw and save one map; return it for its page if the briefing shows it."""
    from hotspots.publish.maps import draw_map, save_map
    from hotspots.publish.page import body_of, sign
    from hotspots.publish.text import hotspot_title

    table: _Table = _at_hand["table"]
    result = table.results[sheet.result]
    title = None
    if isinstance(result, HotspotResult):
        where = sheet.place.name if sheet.place is not None else ""
        title = hotspot_title(result, table.hotspots.get((result.name, where), ()), sheet.place)
    figure = draw_map(
        result,
        table.ground,
        title=title,
        place=sheet.place,
        place_labels=table.labels,
        deprivation=table.deprivation if isinstance(result, SchoolResult) else None,
        basemap=table.basemap,
        basemap_credit=table.basemap_credit,
        contours=table.contours.get(result.stem) if isinstance(result, Surface) else None,
        schools_by=sheet.schools_by,
    )
    sign(figure, table.imprint)
    save_map(figure, table.folder / sheet.stem, dpi=table.dpi)
    return body_of(figure) if sheet.in_briefing else None


# --------------------------------------------------------------------------- charts


def _charts(inputs: Inputs, findings: Findings, folder: Path, report: Report, shared: _Table) -> Iterator[Page]:
    from hotspots.publish.briefing import Page
    from hotspots.publish.charts import draw_correlogram, draw_prediction
    from hotspots.publish.maps import save_map
    from hotspots.publish.page import sign, title_of
    from hotspots.publish.text import flagged_schools, flagged_title, flagged_words

    drawn: list[tuple[str, Figure, str]] = [*_on_series(inputs, findings), *_on_extracts(inputs, findings)]
    for name, table in findings.correlograms.items():
        counts = inputs.counts[name]
        alt = f"Line chart of Moran's z by distance. {describe_scale(table, title=counts.title)}"
        drawn.append((f"{name}_correlogram", draw_correlogram(table, counts), alt))
    for name, predictions in findings.predictions.items():
        figure = draw_prediction(predictions)
        drawn.append((f"{name}_prediction", figure, f"Line chart of hit rate by share of area. {title_of(figure)}."))
    drawn += _on_schools(findings)
    for stem, figure, alt in drawn:
        report(f"Drew the chart {stem}")
        sign(figure, shared.imprint)
        save_map(figure, folder / stem, dpi=shared.dpi)
        yield Page(alt=alt, figure=figure)
    if findings.schools is not None:
        table = flagged_schools(findings.schools)
        if len(table):
            text = f"{subtitle(findings.schools)}. {flagged_words(findings.schools)}"
            yield Page(title=flagged_title(findings.schools), text=text, table=table)


def _on_schools(findings: Findings) -> Iterator[tuple[str, Figure, str]]:
    """Give stem, chart and alternative text of the schools: funnel, rates over both indices, authorities."""
    from hotspots.publish.charts import draw_authority_effects, draw_exclusions_against_idaci, draw_funnel
    from hotspots.publish.page import title_of

    result = findings.schools
    if result is None:
        return
    drawn = [
        ("funnel", draw_funnel(result), "exclusions against expected exclusions, with limits"),
        ("idaci", draw_exclusions_against_idaci(result), "exclusion rates against deprivation"),
    ]
    if (result.table["class_catchment"] != "").any():
        figure = draw_exclusions_against_idaci(result, over="catchment")
        drawn.append(("idaci_catchment", figure, "exclusion rates against the deprivation of modelled catchments"))
    authorities = findings.school_looks.get("authorities")
    if authorities is not None and len(authorities.table):
        figure = draw_authority_effects(authorities.table, result)
        drawn.append(("authorities", figure, "exclusions of each authority's schools against the average authority's"))
    for name, figure, words in drawn:
        yield f"schools_{name}", figure, f"Chart of {words}. {title_of(figure)}."


def _on_series(inputs: Inputs, findings: Findings) -> Iterator[tuple[str, Figure, str]]:
    """Give stem, chart and alternative text of every series: its numbers, its rates, its change since the base year."""
    from hotspots.publish.charts import draw_change, draw_series
    from hotspots.publish.page import title_of
    from hotspots.publish.text import extract_alt

    for series in inputs.series:
        steps = findings.change_points.get(series.name)
        # Where there are rates, their level is what was cut.
        figure = draw_series(series, change_points=None if series.rate_per else steps)
        steps_alt = f" {extract_alt(steps)}" if steps is not None else ""
        alt = alt_text(series, title=title_of(figure))
        yield series.name, figure, alt if series.rate_per else alt + steps_alt
        if series.rate_per:
            figure = draw_series(series, measure="rate", change_points=steps)
            per = f"per {series.rate_per:,.0f} people per year"
            words = f"Line chart of {series.unit} {per}, by period. {title_of(figure)}."
            yield f"{series.name}_rate", figure, words + steps_alt
        if series.name in findings.changes:
            change = findings.changes[series.name]
            figure = draw_change(change.table, change.years, base=change.base)
            words = f"Chart of {series.unit} by year as a ratio to {change.base}. {title_of(figure)}."
            yield f"{series.name}_change", figure, words


def _on_extracts(inputs: Inputs, findings: Findings) -> Iterator[tuple[str, Figure, str]]:
    """Give stem, chart and alternative text of the factors of assessments and of every extract."""
    from hotspots.publish.charts import draw_factors, draw_profile, draw_recording, draw_standardised
    from hotspots.publish.text import extract_alt

    if inputs.factors is not None:
        yield "children_in_need", draw_factors(inputs.factors), alt_text(inputs.factors)
    draw = {"standardised-rates": draw_standardised, "recording": draw_recording, "profile": draw_profile}
    for extract in findings.extracts:
        yield extract.name, draw[extract.kind](extract), extract_alt(extract)
