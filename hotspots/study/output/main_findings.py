"""What a run found, in sentences for the first page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotspots.publish.text import (
    agreement_title,
    can_be_compared,
    capitalised,
    certainty_sentence,
    change_title,
    changes_known,
    clustering_sentence,
    clusters_sentence,
    course_sentence,
    describe_scale,
    extract_title,
    factors_title,
    hotspots_sentence,
    line_title,
    places_sentence,
    raised_words,
    schools_sentence,
    schools_title,
    stability_title,
    surface_sentence,
)
from hotspots.study.findings import Findings

if TYPE_CHECKING:
    from hotspots.study.inputs import Inputs
    from hotspots.study.settings import Study

__all__ = ["headlines"]


def headlines(study: Study, inputs: Inputs, findings: Findings) -> tuple[str, ...]:
    """Return what was found, a sentence each: hot areas of every source, schools, series and extracts."""
    places = [section.place for section in study.places]
    sentences = []
    for result in findings.results:
        if result.method == "getis_ord":
            sentences.append(places_sentence(result, places))
            sentences.append(hotspots_sentence(result, findings.hotspots.get(result.name, ())))
            sentences.append(certainty_sentence(result))
            if result.name in findings.clustering:
                sentences.append(clustering_sentence(findings.clustering[result.name], title=result.title))
            if result.name in findings.correlograms:
                sentences.append(describe_scale(findings.correlograms[result.name], title=result.title))
    sentences += [clusters_sentence(one, findings.cluster_places[one.stem]) for one in findings.scans]
    sentences += [f"{stability_title(one)}." for one in findings.stability.values()]
    sentences += [f"{agreement_title(one)}." for one in findings.agreement.values()]
    for surface in findings.surfaces:
        if surface.p_raised is not None:
            contours = findings.contours[surface.stem]
            named = raised_words(contours, findings.raised.get(surface.stem, ()))
            sentence = surface_sentence(surface, contours)
            sentences.append(f"{sentence.removesuffix('.')}: {named}." if named else sentence)
    for name, predictions in findings.predictions.items():
        words = findings.best_bandwidths[name].words
        sentences.append(f"{capitalised(predictions.title)}, {predictions.period}: {words[:1].lower()}{words[1:]}")
    if findings.schools is not None:
        sentences += [schools_title(findings.schools) + ".", schools_sentence(findings.schools)]
    for series in inputs.series:
        change, steps = findings.changes.get(series.name), findings.change_points.get(series.name)
        if can_be_compared(series):  # a title without numbers is no finding
            measure = "rate" if series.rate_per and steps is not None else "count"
            sentences.append(line_title(series, measure, steps) + ".")
        # Where the course of the only group is given, its change since one year repeats it.
        has_course = steps is not None and course_sentence(series, steps) and series.table["group"].nunique() == 1
        if change is not None and not has_course and len(changes_known(change.table, change.base)):
            sentences.append(change_title(change.table, change.years, change.base) + ".")
    if inputs.factors is not None and inputs.recording is None:
        sentences.append(factors_title(inputs.factors) + ".")
    sentences += [extract_title(extract) + "." for extract in findings.extracts]
    return tuple(sentence for sentence in sentences if sentence)
