"""A study's files in, its nouns out: everything read, joined and brought through the gate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hotspots.disclosure import protect, restrict, tells_of_areas
from hotspots.errors import HotspotsError, StudyError, list_briefly
from hotspots.nouns import AreaCounts, Deprivation, Events, Factors, Schools, Series, StudyArea
from hotspots.vocabulary import RESTRICTED, UNRELEASED

if TYPE_CHECKING:
    from hotspots.sections import ComparisonSection, EventSection, PredictionSection, SeriesSection
    from hotspots.study import Study

Report = Callable[[str], object]
"""Told what is being done, before it is done."""

UNRELEASED_POINTS = "the points are unreleased records of people, which a surface of them could give back"


@dataclass(slots=True)
class Inputs:
    """What a study reads, ready to be analysed.

    `events` keep their points and are used for surfaces only; `counts` and `series` have been through the gate.
    `comparisons` and `predictions` are pairs of events: first and second, past and future. `left_out` says what of the
    study is not here, and why.
    """

    area: StudyArea
    labels: pd.DataFrame | None = None
    events: dict[str, Events] = field(default_factory=dict)
    counts: dict[str, AreaCounts] = field(default_factory=dict)
    series: list[Series] = field(default_factory=list)
    deprivation: Deprivation | None = None
    schools: Schools | None = None
    placed: pd.Series | None = None
    factors: Factors | None = None
    comparisons: dict[str, tuple[Events, Events]] = field(default_factory=dict)
    predictions: dict[str, tuple[Events, Events]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    problems: list[HotspotsError] = field(default_factory=list)


def read_inputs(study: Study, *, report: Report = lambda _: None, keep_going: bool = False) -> Inputs:
    """Return everything a study reads.

    Parameters
    ----------
    study
        The study.
    report
        Told each step.
    keep_going
        Collect errors in `problems` and read on, so that all can be reported at once; otherwise the first is raised.

    Raises
    ------
    HotspotsError
        Any error of a source, unless `keep_going`; an error of the boundaries always.
    """
    report("Reading the boundaries")
    inputs = Inputs(area=_read_area(study))
    _need_places(study, inputs.area)

    def attempt(words: str, step: Callable[[], None]) -> None:
        report(words)
        try:
            step()
        except HotspotsError as error:
            if not keep_going:
                raise
            inputs.problems.append(error)

    if study.areas.labels is not None:
        attempt("Reading the place names", lambda: _read_labels(study, inputs))
    points: list[StudyArea] = []
    if study.areas.points_file is not None or study.areas.points_layer is not None:
        attempt("Reading the detailed boundaries", lambda: points.append(_read_detailed_area(study)))
    for section in study.events:
        attempt(
            f"Reading {section.title}",
            lambda section=section: _read_events(study, section, inputs, points),  # type: ignore[misc]
        )
    for comparison in study.comparisons:
        attempt(
            f"Reading {comparison.title}",
            lambda comparison=comparison: _read_comparison(study, comparison, inputs),  # type: ignore[misc]
        )
    for prediction in study.predictions:
        attempt(
            f"Reading the past and the future of {prediction.events}",
            lambda prediction=prediction: _read_prediction(study, prediction, inputs),  # type: ignore[misc]
        )
    if study.deprivation is not None:
        attempt(f"Reading {study.deprivation.title}", lambda: _read_deprivation(study, inputs))
    if study.schools is not None:
        attempt("Reading the schools", lambda: _read_schools(study, inputs))
    if study.children_in_need is not None:
        attempt("Reading the children in need factors", lambda: _read_factors(study, inputs))
    return inputs


# --------------------------------------------------------------------------- areas


def _need_places(study: Study, area: StudyArea) -> None:
    """Refuse a place none of whose authorities is in the study area: its map would be empty."""
    there = area.authorities
    for section in study.places:
        if not any(code in there for code in section.authorities):
            raise StudyError(
                f"The place {section.name!r} has no area of the study.",
                found=f"authorities {list_briefly(f'{code} {name}' for code, name in there.items())}",
                advice="name the place's authorities by these codes",
            )


def _read_area(study: Study) -> StudyArea:
    from hotspots.sources.boundaries import read_areas
    from hotspots.sources.population import read_population

    section = study.areas
    area = read_areas(
        study.path(section.file),
        layer=section.layer,
        id_column=section.id_column,
        name_column=section.name_column,
        la_code_column=section.la_code_column,
        la_name_column=section.la_name_column,
        authorities=section.authorities,
        geography=section.geography,
        vintage=section.vintage,
        attribution=section.attribution,
        crs=section.crs,
    )
    if study.population is not None:
        people = study.population
        area = area.with_population(
            read_population(study.path(people.file), id_column=people.id_column, column=people.column, year=people.year)
        )
    return area


def _read_detailed_area(study: Study) -> StudyArea:
    from hotspots.sources.boundaries import read_areas

    section = study.areas
    return read_areas(
        study.path(section.points_file or section.file),
        layer=section.points_layer,
        authorities=section.authorities,
        vintage=section.vintage,
        crs=section.crs,
    )


def _read_labels(study: Study, inputs: Inputs) -> None:
    from hotspots.sources.boundaries import read_places

    assert study.areas.labels is not None
    inputs.labels = read_places(study.path(study.areas.labels))


# --------------------------------------------------------------------------- events


def _read_events(study: Study, section: EventSection, inputs: Inputs, points: list[StudyArea]) -> None:
    from hotspots.analysis.joining import count_events

    if section.format == "counts":
        counts = _read_counts(study, section, inputs.area)
        if section.totals is not None:
            tightened = _tighten(study, section, counts)
            counts = tightened if study.profile == "restricted" else counts
        inputs.counts[section.name] = _through_gate(study, counts)
        return
    events = _read_records(study, section, section.years)
    counts = count_events(events, inputs.area, points=points[0] if points else None)
    inputs.counts[section.name] = _through_gate(study, counts)
    for series in study.series:
        if series.events == section.name:
            # A chart may reach back further than the map: read again, so that each has the audit and notes of its own.
            reread = series.years != section.years
            counted = _count_series(study, series, _read_records(study, section, series.years) if reread else events)
            hides = counts.release == UNRELEASED and study.profile != RESTRICTED
            first, last = section.years or (0, 9999)
            whole_years = section.years is not None and series.years[0] <= first and last <= series.years[1]
            if hides and tells_of_areas(
                counted,
                counts,
                rule=study.protection,
                dropped=events.dropped,
                years=(first, last),
                complete={line.group for line in series.lines if whole_years and line.ages is None},
            ):
                inputs.left_out[f"the chart of {series.title}"] = (
                    "its totals and the numbers of areas, taken together, would give back what each of them hides"
                )
            else:
                inputs.series.append(counted)
    inputs.events[section.name] = events


def _read_records(study: Study, section: EventSection, years: tuple[int, int] | None) -> Events:
    """Return the events of one section by its publisher's format."""
    from hotspots.sources.hes import read_hes
    from hotspots.sources.police import read_offences, read_police

    paths = [study.path(path) for path in section.paths]
    common: dict[str, Any] = {"name": section.name, "title": section.title, "years": years, "release": section.release}
    if section.format == "police":
        events = read_police(paths, crime_types=section.crime_types, **common)
    elif section.format == "offences":
        events = read_offences(
            paths[0], columns=section.columns or None, codes=section.codes, knife=section.knife, **common
        )
    else:
        events = read_hes(paths[0], ages=section.ages, columns=section.columns or None, **common)
    events = replace(events, source=section.source or events.source, period=section.period or events.period)
    restricted: Events = restrict(events)
    return restricted if study.profile == "restricted" else events


def _section_of(study: Study, name: str) -> EventSection:
    return next(section for section in study.events if section.name == name)


def _read_comparison(study: Study, comparison: ComparisonSection, inputs: Inputs) -> None:
    """Read both sides of a comparison; points of people that are not released are not compared at all."""
    first, second = (_section_of(study, name) for name in comparison.sources)
    if _keeps_points_back(study, first) or _keeps_points_back(study, second):
        inputs.left_out[f"the comparison {comparison.title}"] = UNRELEASED_POINTS
        return
    years = comparison.years or first.years, comparison.against_years or second.years
    pair = tuple(_read_records(study, one, span) for one, span in zip((first, second), years, strict=True))
    inputs.comparisons[comparison.name] = pair[0], pair[1]


def _read_prediction(study: Study, prediction: PredictionSection, inputs: Inputs) -> None:
    """Read the events of the past and of the future of a prediction."""
    section = _section_of(study, prediction.events)
    if _keeps_points_back(study, section):
        inputs.left_out[f"the prediction of {section.title}"] = UNRELEASED_POINTS
        return
    past, future = (_read_records(study, section, years) for years in (prediction.past, prediction.future))
    inputs.predictions[prediction.name] = past, future


def _keeps_points_back(study: Study, section: EventSection) -> bool:
    return section.release == UNRELEASED and study.profile != RESTRICTED


def _read_counts(study: Study, section: EventSection, area: StudyArea) -> AreaCounts:
    from hotspots.sources.counts import read_counts

    assert section.count_column is not None
    period = section.period or ("-".join(map(str, section.years)) if section.years else "")
    return read_counts(
        study.path(section.paths[0]),
        area,
        id_column=section.id_column,
        name_column=section.name_column,
        count_column=section.count_column,
        times=section.times,
        marks=section.marks or None,
        rounding=section.rounding,
        name=section.name,
        title=section.title,
        period=period,
        source=section.source,
        release=section.release,
    )


def _tighten(study: Study, section: EventSection, counts: AreaCounts) -> AreaCounts:
    """Return counts tightened with the totals of their authorities; an impossible table stops any run."""
    from hotspots.analysis.totals import tighten_counts
    from hotspots.sources.counts import read_totals

    assert section.totals is not None
    assert section.count_column is not None
    totals = read_totals(
        study.path(section.totals),
        count_column=section.totals_column or section.count_column,
        times=section.times,
        marks=section.marks or None,
        rounding=section.rounding,
    )
    known = counts.area.authorities
    return tighten_counts(counts, {code: bounds for code, bounds in totals.items() if code in known})


def _through_gate(study: Study, counts: AreaCounts) -> AreaCounts:
    """Protect unreleased counts before anything is computed from them; in a restricted study mark them instead."""
    if counts.release != UNRELEASED:
        return counts
    if study.profile == "restricted":
        restricted: AreaCounts = restrict(counts)
        return restricted
    return protect(counts, study.protection)


def _count_series(study: Study, section: SeriesSection, events: Events) -> Series:
    from hotspots.analysis.trends import count_by_year, join_series, with_intervals

    lines = [count_by_year(events, years=section.years, ages=line.ages, group=line.group) for line in section.lines]
    series = join_series(*lines, name=section.name, title=section.title)
    if series.release == UNRELEASED:
        series = with_intervals(protect(series, study.protection))
    return series


# --------------------------------------------------------------------------- deprivation, schools, assessments


def _read_deprivation(study: Study, inputs: Inputs) -> None:
    from hotspots.sources.deprivation import read_deprivation

    section = study.deprivation
    assert section is not None
    stated = {} if section.estimated is None else {"estimated": section.estimated}
    inputs.deprivation = read_deprivation(
        study.path(section.file),
        id_column=section.id_column,
        score_column=section.score_column,
        rank_column=section.rank_column,
        decile_column=section.decile_column,
        title=section.title,
        source=section.source,
        release=section.release,
        **stated,
    )


def _read_schools(study: Study, inputs: Inputs) -> None:
    from hotspots.analysis.joining import place_schools
    from hotspots.analysis.totals import tighten_table
    from hotspots.sources.exclusions import read_exclusions, read_totals
    from hotspots.sources.schools import read_schools

    section = study.schools
    assert section is not None
    exclusions = read_exclusions(study.path(section.exclusions), years=section.years, hidden=section.hidden)
    if section.totals is not None:
        totals = read_totals(study.path(section.totals), exclusions, hidden=section.hidden)
        # An impossible table stops any run; what is published shows the source's own intervals.
        rows = tighten_table(exclusions.rows, totals, by=("la_code", "year"))
        exclusions = exclusions.tighten(rows) if study.profile == "restricted" else exclusions
    schools = read_schools(
        study.path(section.register_file),
        exclusions=exclusions,
        columns=section.columns or None,
        release=section.release,
    )
    schools = replace(schools, source=section.source or schools.source)
    inputs.schools = restrict(schools) if study.profile == "restricted" else schools
    inputs.placed = place_schools(inputs.schools, inputs.area)


def _read_factors(study: Study, inputs: Inputs) -> None:
    from hotspots.sources.assessments import read_factors

    section = study.children_in_need
    assert section is not None
    factors = read_factors(
        study.path(section.file), year=section.year, authorities=list(inputs.area.authorities), release=section.release
    )
    inputs.factors = replace(factors, title=section.title, source=section.source or factors.source)


def describe(counts: AreaCounts) -> dict[str, Any]:
    """Return how the rows of one source were used, adding up to the rows read.

    observed + outside + dropped = rows, to the row; in words where the numbers are protected.
    """
    observed = counts.table["observed_low"], counts.table["observed_high"]
    low, high = (float(np.nansum(bound)) for bound in observed)
    return {
        "title": counts.title,
        "period": counts.period,
        "source": counts.source,
        "release": counts.release,
        **dict(counts.audit),
        "dropped": dict(counts.dropped),
        "outside": counts.outside,
        "observed": int(low) if low == high else [int(low), int(high)],
        "areas_with_hidden_counts": counts.hidden,
        "areas_without_a_count": int(counts.table["observed_low"].isna().sum()),
        "notes": list(counts.notes),
    }
