"""Every map and chart of a run, drawn in one process or in several; the files are the same."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hotspots.model import Agreement, Clusters, Hotspot, HotspotResult, Place, SchoolResult, Stability, Surface
from hotspots.publish.text import (
    alt_text,
    clusters_alt,
    clusters_title,
    dependence_alt,
    describe_scale,
    schools_in,
    subtitle,
)
from hotspots.study.findings import Findings
from hotspots.study.output.provenance import imprint
from hotspots.study.output.workers import worker_pool

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from hotspots.model import Contours, Deprivation
    from hotspots.publish.briefing import Page
    from hotspots.publish.maps import SchoolsBy
    from hotspots.publish.page import Body
    from hotspots.publish.style import Ground
    from hotspots.study.inputs import Inputs, Report
    from hotspots.study.settings import Study

    Mapped = HotspotResult | Surface | SchoolResult | Clusters | Stability | Agreement


@dataclass(frozen=True, slots=True)
class _MapJob:
    """One map to draw.

    Parameters
    ----------
    result
        Position of the result in `_Shared.results`.
    place
        None for the whole study area.
    stem
        Name of the file without its ending.
    in_briefing
        Whether the map has a page in the briefing.
    schools_by
        By what schools are coloured.
    """

    result: int
    place: Place | None
    stem: str
    in_briefing: bool
    schools_by: SchoolsBy = "divergence"


@dataclass(frozen=True, slots=True)
class _Shared:
    """What is needed to draw any of the maps; every process gets it once."""

    results: Sequence[Mapped]
    contours: Mapping[str, Contours]
    hotspots: Mapping[tuple[str, str], Sequence[Hotspot]]
    cluster_places: Mapping[str, Sequence[Hotspot]]
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
        The study file, what was read and what was found.
    folder
        `maps` and `charts` are made in it.
    ground
        The study area, prepared for drawing.
    report
        Progress callback.
    workers
        Number of processes; with 1, maps are drawn in this process.
    """
    from hotspots.publish.briefing import Page

    schools = [findings.schools] if findings.schools else []
    varied: list[Mapped] = [*findings.stability.values(), *findings.agreement.values()]
    results: list[Mapped] = [*findings.results, *findings.scans, *varied, *findings.surfaces, *schools]
    dpi = study.maps.dpi
    shared = _Shared(
        results=results,
        contours=findings.contours,
        hotspots={(name, ""): hotspots for name, hotspots in findings.hotspots.items()} | findings.place_hotspots,
        cluster_places=findings.cluster_places,
        ground=ground,
        labels=inputs.labels,
        deprivation=inputs.deprivation,
        basemap=study.basemap,
        basemap_credit=study.maps.basemap_credit,
        dpi=dpi,
        imprint=imprint(study, inputs),
        folder=folder / "maps",
    )
    jobs = list(_map_jobs(study, results))
    pages = []
    # If something fails, the processes are stopped at once; otherwise they would go on drawing.
    with closing(_draw_maps(shared, jobs, workers)) as drawn:
        for number, (job, body) in enumerate(drawn, start=1):
            report(f"Drew map {number} of {len(jobs)}")
            if body is not None:
                alt = _map_alt(results[job.result], job, body.title)
                pages.append(Page(alt=alt, figure=body))
    return pages + list(_charts(inputs, findings, folder / "charts", report, shared))


def _map_jobs(study: Study, results: Sequence[Mapped]) -> Iterator[_MapJob]:
    """Return every map of a run: of each result for the whole area and, but for Local Moran and clusters, every place.

    Maps of Local Moran for places would repeat those of Gi*, and clusters may lie across borders. The briefing shows
    the maps of the whole area, and those of places with something significant.
    """
    places: list[Place | None] = [None, *(section.place for section in study.places)]
    for number, result in enumerate(results):
        stem = "schools" if isinstance(result, SchoolResult) else result.stem
        moran = isinstance(result, HotspotResult) and result.method == "local_moran"
        of_places = not (moran or isinstance(result, Clusters | Stability | Agreement))
        for place in places if of_places else [None]:
            where = place.slug if place else "all"
            yield _MapJob(number, place, f"{stem}_{where}", _belongs_in_briefing(result, place))
            if isinstance(result, SchoolResult):
                # The briefing has this map of the whole area only; those of places are in the folder.
                yield _MapJob(number, place, f"{stem}_rate_{where}", place is None, schools_by="rate")


def _map_alt(result: Mapped, job: _MapJob, title: str) -> str:
    """Return the text alternative of a map."""
    from hotspots.publish.text import rate_alt

    if isinstance(result, SchoolResult) and job.schools_by == "rate":
        return rate_alt(result, schools_in(result.table, job.place), place=job.place, title=title)
    if isinstance(result, Clusters):
        return clusters_alt(result, title=title)
    if isinstance(result, Stability | Agreement):
        return dependence_alt(result, title=title)
    return alt_text(result, place=job.place, title=title)


def _belongs_in_briefing(result: Mapped, place: Place | None) -> bool:
    """Whether a map belongs in the briefing; the folder has all maps."""
    if place is None:
        return True
    if isinstance(result, HotspotResult):
        return bool(result.hot(place) or result.cold(place))
    return isinstance(result, SchoolResult)


# --------------------------------------------------------------------------- one process or several

_process: dict[str, Any] = {}
"""What a drawing process was given at its start: `shared`."""


def _draw_maps(
    shared: _Shared, jobs: Sequence[_MapJob], workers: int
) -> Generator[tuple[_MapJob, Body | None], None, None]:
    if workers <= 1:
        _set_shared(shared)
        for job in jobs:
            yield job, _draw_map(job)
        _process.clear()
        return
    shared.folder.mkdir(parents=True, exist_ok=True)
    with worker_pool(workers, _set_shared, shared, folder=shared.folder) as pool:
        yield from zip(jobs, pool.map(_draw_map, jobs), strict=True)


def _set_shared(shared: _Shared) -> None:
    _process["shared"] = shared


def _draw_map(job: _MapJob) -> Body | None:
    """Draw and save one map; return its body if it has a page in the briefing."""
    from hotspots.publish.maps import draw_map, save_map
    from hotspots.publish.page import body_of, sign
    from hotspots.publish.text import hotspot_title

    shared: _Shared = _process["shared"]
    result = shared.results[job.result]
    title, found = None, tuple[Hotspot, ...]()
    if isinstance(result, HotspotResult):
        where = job.place.name if job.place is not None else ""
        found = tuple(shared.hotspots.get((result.name, where), ()))
        title = hotspot_title(result, found, job.place)
    elif isinstance(result, Clusters):
        title = clusters_title(result, shared.cluster_places.get(result.stem, ()))
    figure = draw_map(
        result,
        shared.ground,
        title=title,
        place=job.place,
        place_labels=shared.labels,
        deprivation=shared.deprivation if isinstance(result, SchoolResult) else None,
        basemap=shared.basemap,
        basemap_credit=shared.basemap_credit,
        contours=shared.contours.get(result.stem) if isinstance(result, Surface) else None,
        schools_by=job.schools_by,
        hotspots=found if isinstance(result, HotspotResult) and result.method == "getis_ord" else (),
    )
    sign(figure, shared.imprint)
    save_map(figure, shared.folder / job.stem, dpi=shared.dpi)
    return body_of(figure) if job.in_briefing else None


# --------------------------------------------------------------------------- charts


def _charts(inputs: Inputs, findings: Findings, folder: Path, report: Report, shared: _Shared) -> Iterator[Page]:
    from hotspots.publish.briefing import Page
    from hotspots.publish.charts import draw_correlogram, draw_prediction
    from hotspots.publish.maps import save_map
    from hotspots.publish.page import sign, title_of
    from hotspots.publish.text import flagged_schools, flagged_title, flagged_words

    drawn: list[tuple[str, Figure, str]] = [*_series_charts(inputs, findings), *_extract_charts(inputs, findings)]
    for name, table in findings.correlograms.items():
        counts = inputs.counts[name]
        alt = f"Line chart of Moran's z by distance. {describe_scale(table, title=counts.title)}"
        drawn.append((f"{name}_correlogram", draw_correlogram(table, counts), alt))
    for name, predictions in findings.predictions.items():
        figure = draw_prediction(predictions)
        drawn.append((f"{name}_prediction", figure, f"Line chart of hit rate by share of area. {title_of(figure)}."))
    drawn += _school_charts(findings)
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


def _school_charts(findings: Findings) -> Iterator[tuple[str, Figure, str]]:
    """Yield stem, chart and text alternative of each chart of schools: funnel, rates by deprivation, authorities."""
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
    authorities = findings.school_findings.get("authorities")
    if authorities is not None and len(authorities.table):
        figure = draw_authority_effects(authorities.table, result)
        drawn.append(("authorities", figure, "exclusions of each authority's schools against the average authority's"))
    for name, figure, words in drawn:
        yield f"schools_{name}", figure, f"Chart of {words}. {title_of(figure)}."


def _series_charts(inputs: Inputs, findings: Findings) -> Iterator[tuple[str, Figure, str]]:
    """Yield stem, chart and text alternative for the numbers, rates and change since the base year of every series."""
    from hotspots.publish.charts import draw_change, draw_series
    from hotspots.publish.page import title_of
    from hotspots.publish.text import extract_alt

    for series in inputs.series:
        steps = findings.change_points.get(series.name)
        # Change points are those of the rates where there are rates, and of the numbers otherwise.
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


def _extract_charts(inputs: Inputs, findings: Findings) -> Iterator[tuple[str, Figure, str]]:
    """Yield stem, chart and text alternative of the factors of assessments and of every extract."""
    from hotspots.publish.charts import draw_factors, draw_profile, draw_recording, draw_standardised
    from hotspots.publish.text import extract_alt

    if inputs.factors is not None:
        yield "children_in_need", draw_factors(inputs.factors), alt_text(inputs.factors)
    draw = {"standardised-rates": draw_standardised, "recording": draw_recording, "profile": draw_profile}
    for extract in findings.extracts:
        yield extract.name, draw[extract.kind](extract), extract_alt(extract)
