"""What a run found, in sentences for the first page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hotspots.analysis.clustering import clustering_sentence
from hotspots.analysis.correlogram import scale_sentence
from hotspots.analysis.prediction import best_bandwidth
from hotspots.findings import Findings
from hotspots.publish import wording
from hotspots.publish.change_charts import change_title, changes_known
from hotspots.publish.course_words import course_sentence
from hotspots.publish.extract_words import extract_title
from hotspots.publish.hotspot_words import hotspots_sentence, raised_words
from hotspots.publish.phrases import capitalised
from hotspots.publish.school_phrases import schools_sentence
from hotspots.publish.series_charts import has_ends, line_title
from hotspots.publish.surface_words import surface_sentence

if TYPE_CHECKING:
    from hotspots.reading import Inputs
    from hotspots.study import Study

__all__ = ["headlines"]

FLAGGED: Final = 0.05
"""Share of the area that is spoken of where a table has several."""


def headlines(study: Study, inputs: Inputs, findings: Findings) -> list[str]:
    """Return what was found, a sentence each: hot areas of every source, schools, series and extracts."""
    places = [section.place for section in study.places]
    sentences = []
    for result in findings.results:
        if result.method == "getis_ord":
            sentences.append(wording.places_sentence(result, places))
            sentences.append(hotspots_sentence(result, findings.hotspots.get(result.name, ())))
            sentences.append(wording.certainty_sentence(result))
            if result.name in findings.clustering:
                sentences.append(clustering_sentence(findings.clustering[result.name], title=result.title))
            if result.name in findings.correlograms:
                sentences.append(scale_sentence(findings.correlograms[result.name], title=result.title))
    for surface in findings.surfaces:
        if surface.p_raised is not None:
            contours = findings.contours[surface.stem]
            named = raised_words(contours, findings.raised.get(surface.stem, ()))
            sentence = surface_sentence(surface, contours)
            sentences.append(f"{sentence.removesuffix('.')}: {named}." if named else sentence)
    for name, table in findings.predictions.items():
        share = min(table["share_of_area"], key=lambda one: abs(one - FLAGGED))
        later = inputs.predictions[name][1]
        words = best_bandwidth(table, share=share).words
        sentences.append(f"{capitalised(later.title)}, {later.period}: {words[:1].lower()}{words[1:]}")
    if findings.schools is not None:
        sentences += [wording.schools_title(findings.schools) + ".", schools_sentence(findings.schools)]
    for series in inputs.series:
        change, steps = findings.changes.get(series.name), findings.change_points.get(series.name)
        if has_ends(series):  # a title without numbers is no finding
            measure = "rate" if series.rate_per and steps is not None else "count"
            sentences.append(line_title(series, measure, steps) + ".")
        # Where the course of the only group is told, its change since one year is in the chart and would say it again.
        told = steps is not None and course_sentence(series, steps) and series.table["group"].nunique() == 1
        if change is not None and not told and len(changes_known(change.table, change.base)):
            sentences.append(change_title(change.table, change.years, change.base) + ".")
    if inputs.factors is not None and inputs.recording is None:
        sentences.append(wording.factors_title(inputs.factors) + ".")
    sentences += [extract_title(extract) + "." for extract in findings.extracts]
    return [sentence for sentence in sentences if sentence]
