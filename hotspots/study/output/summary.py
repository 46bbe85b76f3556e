"""The summary of a finished folder: what a run read, joined and found, as plain values for JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

import hotspots
from hotspots.analysis.schools import describe_rates
from hotspots.model import (
    Agreement,
    Clusters,
    Contours,
    Hotspot,
    HotspotResult,
    Place,
    Stability,
    Surface,
    count_schools,
    settings_of,
    words_of,
)
from hotspots.publish.text import (
    location_words,
    with_holds_words,
)
from hotspots.study.findings import Findings
from hotspots.study.inputs import Inputs, untestable
from hotspots.study.output.provenance import describe_source, fingerprints, overall_release, study_date
from hotspots.vocabulary import METHOD_TITLES

if TYPE_CHECKING:
    from hotspots.study.settings import Study


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


def around_schools(findings: Findings) -> list[str]:
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
        "in_space": around_schools(findings),
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
