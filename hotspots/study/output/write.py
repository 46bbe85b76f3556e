"""Findings in, files out: layers, rasters, tables and the project that shows them, and the briefing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from hotspots.analysis.autocorrelation import CORRELOGRAM_WORDS, GLOBAL_WORDS
from hotspots.disclosure import is_restricted
from hotspots.model import (
    Agreement,
    AreaSummary,
    Clusters,
    HotspotResult,
    Place,
    Stability,
    summarise_areas,
    words_of,
)
from hotspots.publish.style import marking
from hotspots.publish.text import (
    PROTECTED_WORDS,
    boundaries_sentence,
    capitalised,
    dispersion_words,
    listed,
    surface_paragraphs,
)
from hotspots.study.findings import Findings
from hotspots.study.inputs import Inputs
from hotspots.study.output.gis_project import write_gis_project
from hotspots.study.output.provenance import imprint, origins, overall_release, sources_of, study_date
from hotspots.study.output.summary import around_schools
from hotspots.vocabulary import METHOD_TITLES, RESTRICTED

if TYPE_CHECKING:
    from datetime import date

    from hotspots.publish.briefing import Page
    from hotspots.publish.style import Ground
    from hotspots.study.settings import Study


def write_layers(study: Study, inputs: Inputs, findings: Findings, folder: Path, *, ground: Ground) -> None:
    """Write what a run found as layers, rasters and tables.

    Parameters
    ----------
    study, inputs, findings
        The recipe, what was read and what was found.
    folder
        Where to write; it is empty.
    ground
        The study area made ready for drawing, whose outlines are a layer.
    """
    from hotspots.publish.gis import write_geopackage, write_raster
    from hotspots.publish.tables import write_table

    day = study_date(study, inputs)
    contours = [one for one in findings.contours.values() if len(one)]
    summary, hotspots = _summary_of_areas(inputs, findings), findings.lettered
    layers: list[Any] = [
        *(one for one in (summary, hotspots) if one is not None),
        *findings.results,
        *findings.scans,
        *findings.stability.values(),
        *findings.agreement.values(),
        *contours,
        *([findings.schools] if findings.schools else []),
        *findings.extracts,
        ground,
    ]
    ratios = findings.school_findings.get("authorities")
    write_geopackage(
        folder / "hotspots.gpkg",
        layers,
        title=study.title,
        description=study.subtitle,
        date=_stamp(day),
        contact=study.contact,
        places=[section.place for section in study.places],
        school_ratios=None if ratios is None else ratios.table,
        provenance=origins(study, inputs, findings),
    )
    for surface in findings.surfaces:
        word = surface.stem.removeprefix(f"{surface.name}_")
        write_raster(folder / f"{word}_{surface.name}.tif", surface, contours=findings.contours.get(surface.stem))
    for name, predictions in findings.predictions.items():
        write_table(folder / f"predictive_accuracy_{name}.csv", predictions)
    _write_tables(inputs, findings, folder / "tables", summary=summary)
    write_gis_project(study, inputs, findings, folder, ground=ground, release=overall_release(inputs, findings))


def _summary_of_areas(inputs: Inputs, findings: Findings) -> AreaSummary | None:
    """Return the main numbers of every source by area; None where no source was tested."""
    found: list[HotspotResult | Stability | Agreement] = [
        *findings.results,
        *findings.stability.values(),
        *findings.agreement.values(),
    ]
    if not found:
        return None
    return summarise_areas(found, hotspots=findings.lettered, deprivation=inputs.deprivation)


def _write_tables(inputs: Inputs, findings: Findings, folder: Path, *, summary: AreaSummary | None) -> None:
    """Write the numbers behind series and extracts; of quarters with a base year, the years too."""
    from hotspots.publish.tables import write_area_tables, write_school_tables, write_table

    by_area: list[Clusters | Stability | Agreement] = [
        *findings.scans,
        *findings.stability.values(),
        *findings.agreement.values(),
    ]
    if inputs.series or findings.extracts or by_area or summary is not None:
        folder.mkdir()
    if summary is not None:
        write_area_tables(folder, summary, findings.lettered)
    for series in inputs.series:
        change = findings.changes.get(series.name)
        by_year = change is not None and change.years is series
        write_table(folder / f"{series.name}.csv", series, also=change.table if change and by_year else None)
        if change is not None and not by_year:
            write_table(folder / f"{series.name}_years.csv", change.years, also=change.table)
    for extract in (*findings.change_points.values(), *findings.extracts):
        write_table(folder / f"{extract.name}.csv", extract)
    for result in by_area:
        write_table(folder / f"{result.stem}.csv", result)
    if findings.schools is not None:
        tables = {name: finding.table for name, finding in findings.school_findings.items()}
        write_school_tables(folder, findings.schools, looks=tables)


# --------------------------------------------------------------------------- briefing


def compile_briefing(
    study: Study, inputs: Inputs, findings: Findings, path: Path, pages: list[Page], *, sentences: Sequence[str]
) -> None:
    """Write the briefing: findings (`sentences`), the pages drawn, methods and sources."""
    from hotspots.publish.briefing import write_briefing

    release = overall_release(inputs, findings)
    sources = [f"{capitalised(data.title)}: {data.source}" for data in sources_of(inputs) if data.source]
    sources.append(f"Boundaries: {boundaries_sentence(inputs.area)}")
    if study.population is not None:
        year = f", {study.population.year}" if study.population.year else ""
        sources.append(f"Population: {study.population.title}{year}")
    if study.covariates is not None and study.covariates.source:
        sources.append(f"{capitalised(study.covariates.title)}: {study.covariates.source}")
    notes = [f"{capitalised(counts.title)}: {note}" for counts in inputs.counts.values() for note in counts.notes]
    schools = findings.schools
    methods = {
        "Hotspots": [*dict.fromkeys(result.words for result in findings.results), *_scatter(findings)],
        "Clusters": list(dict.fromkeys(sentence for one in findings.scans for sentence in one.sentences)),
        "Stability": list(
            dict.fromkeys(one.words for one in (*findings.stability.values(), *findings.agreement.values()))
        ),
        "Clustering": [GLOBAL_WORDS, CORRELOGRAM_WORDS] if findings.correlograms else [],
        "Surfaces": surface_paragraphs(findings.surfaces, findings.contours, areas=bool(findings.results)),
        "Schools": [schools.words, *words_of(schools.notes), *around_schools(findings)] if schools else [],
        "Series": list(dict.fromkeys(extract.words for extract in findings.change_points.values())),
        "Authorities": [extract.words for extract in findings.extracts],
        "Counts of people": list(PROTECTED_WORDS) if inputs.gate.tables else [],
        "Data": notes + [f"Left out: {what}, because {why}." for what, why in findings.left_out.items()],
    }
    write_briefing(
        path,
        title=study.title,
        subtitle=" · ".join(part for part in (study.subtitle, _for_whom(study)) if part),
        marking=marking(release),
        alarming=release == RESTRICTED,
        findings=sentences,
        pages=pages,
        methods={heading: sentences for heading, sentences in methods.items() if sentences},
        sources=list(dict.fromkeys(sources)),
        attribution=inputs.area.attribution,
        imprint=imprint(study, inputs),
        day=study_date(study, inputs),
        summary=_table_of_hot_areas(study, findings),
    )


def _stamp(day: date | None) -> str | None:
    """Return a day as a GeoPackage writes it."""
    return None if day is None else f"{day.isoformat()}T00:00:00.000Z"


def _for_whom(study: Study) -> str:
    """Return who a restricted study is for."""
    return f"For {study.readers}" if is_restricted(study) else ""


def _scatter(findings: Findings) -> list[str]:
    """Return how much areas' risks scatter, source by source, where it was estimated."""
    spreads = {
        result.title: result.provenance.dispersion
        for result in findings.results
        if result.provenance is not None and result.provenance.dispersion is not None
    }
    parts = [f"{dispersion_words(bounds)} for {title}" for title, bounds in spreads.items()]
    if not parts:
        return []
    return [f"The variance of an average area's count, over its mean, was estimated at {listed(parts)}."]


def _table_of_hot_areas(study: Study, findings: Findings) -> pd.DataFrame:
    """Return the number of hot areas by source, method and place, for the first page."""
    places: list[Place | None] = [section.place for section in study.places]
    rows = []
    for result in findings.results:
        row: dict[str, Any] = {"Source": capitalised(result.title), "Method": METHOD_TITLES[result.method]}
        for place in [None, *places]:
            row[place.name if place else "Whole study area"] = len(result.hot(place))
        rows.append(row)
    return pd.DataFrame(rows)
