"""The expected counts of a source that its section asks for: one's own, by age, given covariates, or along a trend."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from hotspots.errors import SourceError, list_briefly
from hotspots.model import combine
from hotspots.study.inputs.requirements import need_something, nothing_happened

if TYPE_CHECKING:
    from hotspots.model import Deprivation, StudyArea
    from hotspots.study.inputs.contents import Inputs
    from hotspots.study.settings import EventSection, Study

__all__ = ["last_steps"]


def last_steps(study: Study, inputs: Inputs) -> Iterator[tuple[str, Callable[[], None]]]:
    """Give the steps that need all inputs, each with its words: whether anything happened, and what is expected."""
    if not inputs.problems:
        yield "Checking the inputs together", partial(need_something, inputs.area, inputs.counts)
    for section in study.events:
        # A source, ages or an index that could not be read has its own problem.
        absent = section.name not in inputs.counts
        absent |= section.standardise_by_age and (inputs.ages is None or section.name not in inputs.events)
        absent |= any(map(study.means_deprivation, section.given or ())) and inputs.deprivation is None
        if section.has_expected and not absent and not nothing_happened(inputs.counts[section.name]):
            yield f"Working out what is expected of {section.title}", partial(_expect, study, section, inputs)


def _expect(study: Study, section: EventSection, inputs: Inputs) -> None:
    """Give the counts of one source, which have been through the gate, the expected counts that its section asks for.

    Raises
    ------
    HotspotsError
        If a file lacks what is named, or no expected counts can be made of it.
    """
    from hotspots.analysis.expected import with_expected, with_expected_by_age, with_expected_given

    counts = inputs.counts[section.name]
    if section.expected is not None:
        own = _own_counts(study, section)
        title = f"expected counts as given (column {section.expected})"
        release = counts.release if section.file_of_counts else inputs.area.release
        counts = with_expected(counts, own, title=title, release=release)
    elif section.standardise_by_age:
        assert inputs.ages is not None
        events = inputs.events[section.name]
        counts = with_expected_by_age(counts, inputs.ages, events=events, detailed_areas=inputs.detailed)
    if section.given is not None or section.trend_km is not None:
        covariates, release = _covariates(study, section, inputs.area, inputs.deprivation)
        counts = with_expected_given(counts, covariates, trend_km=section.trend_km, release=release)
    inputs.counts[section.name] = counts


def _own_counts(study: Study, section: EventSection) -> pd.Series:
    """Return the expected counts as given: of the table of counts, else of the file of the population."""
    from hotspots.sources import read_covariates

    assert section.expected is not None
    people = study.population
    if section.file_of_counts is not None:
        path, id_column, year = section.file_of_counts, section.id_column, None
    else:
        assert people is not None
        path, id_column, year = people.file, people.id_column, people.year
    table = read_covariates(study.path(path), [section.expected], id_column=id_column, year=year, option="expected")
    return table[section.expected]


def _covariates(
    study: Study, section: EventSection, area: StudyArea, deprivation: Deprivation | None
) -> tuple[pd.DataFrame | None, str]:
    """Return the covariates that `given` names, with titles for readers, and their weakest release mark."""
    from hotspots.sources import need_vintage, read_covariates

    named = section.given or ()
    if not named:
        return None, area.release
    parts: dict[str, pd.Series] = {}
    index = deprivation if any(map(study.means_deprivation, named)) else None
    others = [name for name in named if not study.means_deprivation(name)]
    further, release = None, None
    if others:
        assert study.covariates is not None
        about = study.covariates
        path = study.path(about.file)
        further = read_covariates(path, others, id_column=about.id_column, year=about.year)
        need_vintage(further.attrs["vintage"], area, path=path, column=further.attrs["column"])
        release = about.release
    for name in named:
        if study.means_deprivation(name):
            assert deprivation is not None
            parts[_deprivation_words(deprivation.title)] = _score(deprivation, area)
        else:
            assert further is not None
            parts[name.replace("_", " ")] = further[name].reindex(area.ids)
    return pd.DataFrame(parts), combine(area, index, release=release).release


def _deprivation_words(title: str) -> str:
    """Return what readers see of an index: "deprivation (IDACI 2019)"; brackets of its own are enough."""
    return title if "(" in title else f"deprivation ({title})"


def _score(deprivation: Deprivation, area: StudyArea) -> pd.Series:
    score = deprivation.table["score"].reindex(area.ids)
    if not bool(score.notna().any()):
        raise SourceError(
            f"{deprivation.title} has no score for any area of the study.",
            found=f"columns {list_briefly(deprivation.columns.values()) or 'none'}",
            advice="name the column of scores with score_column: ranks are no measure of how deprived an area is",
        )
    return score
