"""Findings in, files out: layers, rasters and tables, the briefing, and the summary of a finished folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

import hotspots
from hotspots.analysis.autocorrelation import CORRELOGRAM_WORDS, GLOBAL_WORDS
from hotspots.analysis.schools import describe_rates
from hotspots.disclosure import is_restricted
from hotspots.model import (
    Agreement,
    AreaSummary,
    Clusters,
    Contours,
    Hotspot,
    HotspotResult,
    Place,
    Stability,
    Surface,
    count_schools,
    settings_of,
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
    location_words,
    surface_paragraphs,
    with_holds_words,
)
from hotspots.study.findings import Findings
from hotspots.study.inputs import Inputs, untestable
from hotspots.study.output.gis_project import write_gis_project
from hotspots.study.output.provenance import describe_source, fingerprints, imprint, origins, study_date
from hotspots.vocabulary import METHOD_TITLES, RESTRICTED, weakest_release

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
    sources = [f"{capitalised(data.title)}: {data.source}" for data in _sources(inputs) if data.source]
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
        "Schools": [schools.words, *words_of(schools.notes), *_around_schools(findings)] if schools else [],
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


def overall_release(inputs: Inputs, findings: Findings) -> str:
    """Return the mark that asks for the most care among all that a run writes."""
    contents = [
        *_sources(inputs),
        *findings.results,
        *findings.scans,
        *findings.stability.values(),
        *findings.agreement.values(),
        *findings.surfaces,
        *([findings.schools] if findings.schools else []),
        *findings.extracts,
    ]
    return weakest_release(inputs.area.release, *(data.release for data in contents))


def _sources(inputs: Inputs) -> list[Any]:
    maybe = (inputs.ages, inputs.deprivation, inputs.schools, inputs.factors)
    return [*inputs.counts.values(), *inputs.series, *(data for data in maybe if data is not None)]


# --------------------------------------------------------------------------- summary


def summarise(study: Study, inputs: Inputs, findings: Findings, *, sentences: Sequence[str]) -> dict[str, Any]:
    """Return what a run read, joined and found (`sentences`: its headlines), as plain values for JSON."""
    return {
        "title": study.title,
        "date": None if (day := study_date(study, inputs)) is None else day.isoformat(),
        "contact": study.contact,
        "release": overall_release(inputs, findings),
        "profile": study.profile,
        "readers": study.readers,
        "versions": _versions(),
        "areas": {
            "geography": inputs.area.geography,
            "vintage": inputs.area.vintage,
            "number": len(inputs.area),
            "authorities": inputs.area.authorities,
            "mended": {reason: list(ids) for reason, ids in inputs.area.repairs.items()},
        },
        "inputs": fingerprints(study),
        "sources": {name: describe_source(counts) for name, counts in inputs.counts.items()},
        "disclosure": [asdict(mend) for mend in inputs.gate.mends],
        "schools_read": _describe_schools(inputs),
        "findings": list(sentences),
        "hotspots": {
            result.name: {
                other.method: _describe_result(study, other) for other in findings.results if other.name == result.name
            }
            for result in findings.results
        },
        "hotspot_groups": {
            name: [_describe_hotspot(one) for one in hotspots] for name, hotspots in findings.hotspots.items()
        },
        **{
            key: {name: _describe_clusters(one, findings.cluster_places[one.stem]) for name, one in clusters.items()}
            for key, clusters in (("clusters", findings.clusters), ("space_time_clusters", findings.space_time))
        },
        "stability": {name: _describe_classes(one) for name, one in findings.stability.items()},
        "agreement": {name: _describe_classes(one) for name, one in findings.agreement.items()},
        "clustering": {name: table.to_dict("index") for name, table in findings.clustering.items()},
        "correlograms": {name: table.reset_index().to_dict("records") for name, table in findings.correlograms.items()},
        "surfaces": {surface.stem: _describe_surface(surface) for surface in findings.surfaces},
        "contours": {stem: _describe_contours(contours) for stem, contours in findings.contours.items()},
        "predictions": {name: one.table.to_dict("records") for name, one in findings.predictions.items()},
        "schools": _describe_school_result(findings),
        "extracts": {
            extract.name: {"title": extract.title, "words": extract.words, "notes": list(words_of(extract.notes))}
            for extract in (*findings.change_points.values(), *findings.extracts)
        },
        "left_out": dict(findings.left_out),
    }


def _describe_result(study: Study, result: HotspotResult) -> dict[str, Any]:
    places: list[Place | None] = [None, *(section.place for section in study.places)]
    return {
        "method": METHOD_TITLES[result.method],
        "words": result.words,
        "settings": settings_of(result),
        "classes": {str(k): int(v) for k, v in sorted(result.table["class"].value_counts().items())},
        "certainty": {str(k): int(v) for k, v in sorted(result.table["certainty"].value_counts().items())},
        "places": {
            place.name if place else "whole study area": {
                "hot": len(result.hot(place)),
                "cold": len(result.cold(place)),
                "hot_areas": result.hot(place),
                "cold_areas": result.cold(place),
            }
            for place in places
        },
    }


def _describe_hotspot(hotspot: Hotspot) -> dict[str, Any]:
    known = np.isfinite(hotspot.expected) and hotspot.expected > 0
    return {
        "letter": hotspot.letter,
        "where": location_words(hotspot.where),
        "areas": list(hotspot.areas),
        "people": hotspot.people,
        "observed": [hotspot.observed_low, hotspot.observed_high],
        "expected": hotspot.expected,
        "ratio": list(hotspot.ratio) if known else None,
    }


def _describe_clusters(clusters: Clusters, places: Sequence[Hotspot]) -> dict[str, Any]:
    table = pd.DataFrame(clusters.table.drop(columns="geometry"))
    table["where"] = [location_words(place.where) for place in places]
    return {
        "words": clusters.words,
        "settings": settings_of(clusters),
        "notes": list(words_of(clusters.notes)),
        "clusters": table.reset_index().to_dict("records"),
    }


def _describe_classes(result: Stability | Agreement) -> dict[str, Any]:
    if isinstance(result, Stability):
        hot = {name: result.hot_in(name) for name in ("in_all", "in_most", "in_some")}
    else:
        hot = {f"by_at_least_{number}": result.hot_by(number) for number in range(1, len(result.compared) + 1)}
    return {
        "hot_areas": hot,
        "words": result.words,
        "settings": settings_of(result),
        "notes": list(words_of(result.notes)),
        "classes": {str(k): int(v) for k, v in sorted(result.table["class"].value_counts().items())},
    }


def _describe_surface(surface: Surface) -> dict[str, Any]:
    return {
        "unit": surface.unit,
        "logarithm": surface.is_logarithm,
        "kernel": surface.kernel,
        "bandwidth_m": surface.bandwidth,
        "bandwidth_chosen": surface.bandwidth_words,
        "cell_m": surface.cell,
        "integral": round(surface.integral, 6),
        "kind": surface.kind,
        "words": surface.words,
        "settings": settings_of(surface),
        "notes": list(words_of(surface.notes)),
    }


def _describe_contours(contours: Contours) -> dict[str, Any]:
    table = pd.DataFrame(contours.table.drop(columns="geometry"))
    return {"words": contours.words, "polygons": table.reset_index().to_dict("records")}


def _describe_schools(inputs: Inputs) -> dict[str, Any] | None:
    schools = inputs.schools
    if schools is None:
        return None
    reasons = untestable(schools, inputs.placed)
    return {
        "rows_read": schools.rows_read,
        "dropped": dict(schools.dropped),
        "in_question": len(schools),
        "cannot_be_tested": {str(k): int(v) for k, v in sorted(reasons.value_counts().items())},
        "notes": list(words_of(schools.notes)),
    }


def _around_schools(findings: Findings) -> list[str]:
    """Return what is said of the schools in space, a sentence each."""
    return [finding.words for finding in findings.school_findings.values() if finding.words]


def _describe_school_result(findings: Findings) -> dict[str, Any] | None:
    result = findings.schools
    if result is None:
        return None
    classes = {
        str(name): [str(school) for school in result.table.index[result.table["class"] == name]]
        for name in sorted(result.table["class"].unique())
        if name != "as_expected"
    }
    holds = with_holds_words(result.table)["holds"].value_counts()
    return {
        "words": result.words,
        "slope": dict(result.slope),
        "account": count_schools(result.table).as_values(),
        "number": {str(k): int(v) for k, v in sorted(result.table["class"].value_counts().items())},
        "schools": classes,
        "rates": describe_rates(result),
        "holds": {str(k): int(v) for k, v in sorted(holds.items()) if k},
        "settings": {k: v for k, v in settings_of(result).items() if not k.startswith("curve")},
        "in_space": _around_schools(findings),
        "notes": list(words_of(result.notes)),
    }


def finish_summary(folder: Path, summary: dict[str, Any], seconds: dict[str, float]) -> None:
    """Write summary.json: the summary, every file written, and how long each stage took.

    All but `seconds` is the same for the same study, data and versions.
    """
    files = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    summary = {**summary, "files": [*files, "summary.json"], "seconds": {k: round(v, 2) for k, v in seconds.items()}}
    text = json.dumps(_without_gaps(summary), indent=2, ensure_ascii=False, default=_plain, allow_nan=False)
    (folder / "summary.json").write_text(text + "\n", encoding="utf-8")


def _without_gaps(value: Any) -> Any:
    """Return the same with None where a number is missing, however deep it lies: JSON has no NaN."""
    if isinstance(value, dict):
        return {key: _without_gaps(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without_gaps(one) for one in value]
    missing = isinstance(value, float) and not np.isfinite(value)
    return None if missing or value is pd.NA else value


def _plain(value: Any) -> Any:
    """Return NumPy numbers and paths as JSON knows them."""
    if hasattr(value, "item"):
        return value.item()
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    return str(value)


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    names = ("geopandas", "numpy", "pandas", "pyogrio", "rasterio", "scipy", "shapely")
    return {"hotspots": hotspots.__version__, **{name: version(name) for name in names}}
