"""Tables for a needs assessment: changes of series, standardised rates, what authorities record, their profile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from hotspots.disclosure import keeps_back, through_gate
from hotspots.study.findings.results import Change, Findings, attempt

if TYPE_CHECKING:
    from hotspots.model import Series
    from hotspots.study.inputs import Inputs, Report
    from hotspots.study.settings import EventSection, RecordedSection, SeriesSection, Study

__all__ = ["make_extracts", "standardise"]

SEED: Final = 1
"""Seed of every search for change points: results don't depend on the order of the series, nor on what else is run."""


def make_extracts(study: Study, inputs: Inputs, findings: Findings, report: Report) -> None:
    """Add changes of series, standardised rates, what authorities record, and the profile of authorities."""
    sections: dict[str, SeriesSection | RecordedSection] = {section.name: section for section in study.series}
    sections |= {section.name: section for section in study.recorded}
    for series in inputs.series:
        report(f"Comparing the periods of {series.title}")
        _find_changes(series, sections[series.name], findings)
    for section in study.events:
        if section.standardised and section.name in inputs.events:
            report(f"Standardising the rates of {section.title}")
            attempt(findings, f"standardised rates of {section.title}", standardise, study, section, inputs)
    if inputs.recording is not None:
        findings.extracts.append(inputs.recording)
    if (
        study.demographics
        and inputs.deprivation is not None
        and (inputs.area.has_population or inputs.ages is not None)
    ):
        report("Describing the authorities")
        _describe_authorities(study, inputs, findings)


def _find_changes(series: Series, section: SeriesSection | RecordedSection, findings: Findings) -> None:
    """Add the change points of one series, and its change since the base year."""
    from hotspots.analysis.series import change_since, find_change_points, sum_to_years

    if section.change_points:
        findings.change_points[series.name] = find_change_points(series, rng=np.random.default_rng(SEED))
    if section.base is not None:
        years = sum_to_years(series) if section.by == "quarter" else series
        findings.changes[series.name] = Change(years, section.base, change_since(years, section.base))


def standardise(findings: Findings, study: Study, section: EventSection, inputs: Inputs) -> None:
    """Add the standardised rates of one source, unless its records are unreleased."""
    from hotspots.analysis.authorities import count_by_age, standardised_rates

    label, events = f"standardised rates of {section.title}", inputs.events[section.name]
    if keeps_back(study, events):
        findings.left_out[label] = (
            "counts by age, by area and by year of the same unreleased records, taken together, could reveal "
            "suppressed counts"
        )
        return
    if inputs.ages is None:
        findings.left_out[label] = "no population by age"
        return
    assert section.years is not None  # required with `standardised`
    cover = events.cover
    first, last = section.years
    findings.extracts.append(
        standardised_rates(
            count_by_age(events, inputs.area, ages=inputs.ages, detailed_areas=inputs.detailed),
            inputs.ages,
            area=inputs.area,
            places=[place.place for place in study.places],
            years=cover.years if cover is not None else last - first + 1,
            period=events.period or (f"{first}-{last}" if last > first else str(first)),
        )
    )


def _describe_authorities(study: Study, inputs: Inputs, findings: Findings) -> None:
    """Add population, age and deprivation of the authorities, unless the deprivation is unreleased."""
    from hotspots.analysis.authorities import describe_authorities

    extract = describe_authorities(
        inputs.area,
        deprivation=inputs.deprivation,
        ages=inputs.ages,
        places=[section.place for section in study.places],
        source=study.population.title if study.population else "",
    )
    if keeps_back(study, extract):
        findings.left_out["population, age and deprivation by authority"] = "the deprivation is unreleased"
        return
    findings.extracts.append(through_gate(study, extract))
