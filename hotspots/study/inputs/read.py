"""Read and join all files of a study, and pass every source through the gate."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hotspots.disclosure import Gate, Memory, is_restricted, keeps_back, open_memory, through_gate
from hotspots.errors import AnalysisError, HotspotsError, SourceError, list_briefly, reason_of
from hotspots.model import (
    AreaCounts,
    Events,
    Period,
    StudyArea,
    cover_years,
)
from hotspots.study.inputs.contents import Inputs, Report
from hotspots.study.inputs.expected import last_steps
from hotspots.study.inputs.released_records import records_of, scope_of
from hotspots.study.inputs.requirements import (
    name_places,
    need_areas,
    need_ground,
    need_neighbours,
    need_points,
)
from hotspots.study.inputs.series import (
    KEPT_BACK,
    read_assessments,
    read_people_by_age,
    read_recorded_series,
    read_series,
)

if TYPE_CHECKING:
    from hotspots.study.settings import (
        ClustersSection,
        ComparisonSection,
        EventSection,
        PredictionSection,
        RecordedSection,
        Study,
    )

UNRELEASED_POINTS = "the points are unreleased records of people, and a surface could reveal them"

UNRELEASED_DATES = "the records are unreleased, and their clusters could reveal counts by area and period"


def read_inputs(
    study: Study, *, report: Report = lambda _: None, keep_going: bool = False, outputs: Path | None = None
) -> Inputs:
    """Return everything a study reads.

    Parameters
    ----------
    study
        The study.
    report
        Told each step.
    outputs
        The folder that a run replaces; None if nothing will be published.
    keep_going
        Collect errors in `problems` and read on, so that all can be reported at once; otherwise the first is raised.

    Raises
    ------
    HotspotsError
        Any error of a source, unless `keep_going`; an error of the boundaries always.
    """
    report("Reading the boundaries")
    gate = Gate(study.protection, memory=_open_memory(study, outputs), mend_population_cut=study.mend_population_cut)
    inputs = Inputs(area=_read_area(study), gate=gate)
    need_areas(inputs.area)
    name_places(study, inputs.area)

    def attempt(words: str, step: Callable[[], None]) -> None:
        report(words)
        try:
            step()
        except HotspotsError as error:
            if not keep_going:
                raise
            inputs.problems.append(error)

    # One after the other: what is read later depends on what was read before.
    for words, step in chain(_steps(study, inputs), last_steps(study, inputs)):
        attempt(words, step)
    return inputs


def _steps(study: Study, inputs: Inputs) -> Iterator[tuple[str, Callable[[], None]]]:
    """Yield everything that is read after the boundaries, in order, each in words."""
    yield "Checking the neighbours", partial(need_neighbours, study, inputs.area)
    if study.areas.labels is not None:
        yield "Reading the place names", partial(_read_labels, study, inputs)
    if study.areas.detailed_file is not None or study.areas.detailed_layer is not None:
        yield "Reading the detailed boundaries", partial(_read_detailed_area, study, inputs)
    if study.population_by_age is not None:
        yield "Reading the population by age", partial(_read_ages, study, inputs)
    for section in study.events:
        yield f"Reading {section.title}", partial(_read_events, study, section, inputs)
    for section in study.events:
        if section.name in inputs.events and any(one.events == section.name for one in study.series):
            yield f"Reading the charts of {section.title}", partial(_read_charts, study, section, inputs)
    for comparison in study.comparisons:
        yield f"Reading {comparison.title}", partial(_read_comparison, study, comparison, inputs)
    for prediction in study.predictions:
        words = f"Reading the past and the future of {prediction.events}"
        yield words, partial(_read_prediction, study, prediction, inputs)
    for recorded in study.recorded:
        yield f"Reading {recorded.title}", partial(_read_recorded, study, recorded, inputs)
    yield from _steps_of_extracts(study, inputs)


def _steps_of_extracts(study: Study, inputs: Inputs) -> Iterator[tuple[str, Callable[[], None]]]:
    if study.deprivation is not None:
        yield f"Reading {study.deprivation.title}", partial(_read_deprivation, study, inputs)
    if study.schools is not None:
        yield "Reading the schools", partial(_read_schools, study, inputs)
    if study.children_in_need is not None:
        yield "Reading the children in need factors", partial(_read_factors, study, inputs)
    if study.maps.basemap is not None:
        yield "Checking the basemap", partial(need_ground, study, inputs.area)


def _open_memory(study: Study, outputs: Path | None) -> Memory | None:
    """Return what earlier runs published, if this one publishes anything of unreleased records."""
    if not study.ledger or not any(keeps_back(study, section) for section in study.events):
        return None
    return open_memory(
        study.path(Path(study.ledger)),
        None if study.private_file is None else study.path(study.private_file),
        outputs=outputs or study.folder / "outputs",
        writing=outputs is not None,
        coarsens=study.corrections == "coarsen",
    )


# --------------------------------------------------------------------------- areas


def _read_area(study: Study) -> StudyArea:
    from hotspots.sources import need_vintage, read_areas, read_population

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
        supplied=section.supplied,
        attribution=section.attribution,
        crs=section.crs,
    )
    if study.population is not None:
        people = study.population
        path = study.path(people.file)
        known = read_population(path, id_column=people.id_column, column=people.column, year=people.year)
        need_vintage(known.attrs["vintage"], area, path=path, column=known.attrs["column"])
        area = area.with_population(known)
    return area


def _read_detailed_area(study: Study, inputs: Inputs) -> None:
    from hotspots.sources import read_areas

    section = study.areas
    inputs.detailed = read_areas(
        study.path(section.detailed_file or section.file),
        layer=section.detailed_layer,
        authorities=section.authorities,
        vintage=section.vintage,
        crs=section.crs,
    )


def _read_ages(study: Study, inputs: Inputs) -> None:
    inputs.ages = read_people_by_age(study, inputs.area)


def _read_labels(study: Study, inputs: Inputs) -> None:
    from hotspots.sources import read_place_labels

    assert study.areas.labels is not None
    labels = read_place_labels(study.path(study.areas.labels))
    need_points(labels, inputs.area, what="the place names")
    inputs.labels = labels


# --------------------------------------------------------------------------- events


def _read_events(study: Study, section: EventSection, inputs: Inputs) -> None:
    from hotspots.analysis.counts import count_events

    if section.format == "counts":
        counts = _read_counts(study, section, inputs.area)
        if section.totals is not None:
            tightened = _tighten(study, section, counts)
            counts = tightened if is_restricted(study) else counts
        inputs.counts[section.name] = _published(study, section, counts, inputs)
        return
    events = _read_records(study, section, section.years, area=inputs.area)
    need_points(events.table, inputs.area, what=events.title)
    counts = count_events(events, inputs.area, detailed_areas=inputs.detailed)
    inputs.counts[section.name] = _published(study, section, counts, inputs, events=events)
    inputs.events[section.name] = events
    for clusters in study.clusters:
        if clusters.by is not None and section.name in clusters.events:
            _count_by_period(study, section, clusters, inputs)


def _published(
    study: Study, section: EventSection, counts: AreaCounts, inputs: Inputs, *, events: Events | None = None
) -> AreaCounts:
    """Return counts as this study may use them; unreleased ones as they may be published beside all others."""
    if not keeps_back(study, counts):
        return through_gate(study, counts)
    memory, records = inputs.gate.memory, records_of(study, section)
    if events is not None and memory is not None and memory.wants(records):
        every = section.model_copy(update=dict.fromkeys(("years", "ages", "codes", "knife", "crime_types")))
        memory.look_at(records, _read_records(study, every, None))
    return inputs.gate.counts(
        counts,
        records=records,
        scope=scope_of(section, counts if events is None else events),
        before_counting=events.dropped if events is not None else (),
    )


def _read_charts(study: Study, section: EventSection, inputs: Inputs) -> None:
    """Read the charts of one event section: after all counts by area, so that these have the narrower intervals."""
    series, left_out = read_series(
        study,
        section,
        events=inputs.events[section.name],
        inputs=inputs,
        reread=lambda years: _read_records(study, section, years),
    )
    inputs.series += series
    inputs.left_out |= left_out


def _count_by_period(study: Study, section: EventSection, clusters: ClustersSection, inputs: Inputs) -> None:
    """Count the events of a section by period; of people who are not released, these counts are not made at all."""
    from hotspots.analysis.counts import count_by_period

    assert clusters.by is not None
    what, events = f"{clusters.finds} of {section.title}", inputs.events[section.name]
    if keeps_back(study, section):
        inputs.left_out[what] = UNRELEASED_DATES
        return
    try:
        counts = count_by_period(events, inputs.area, by=clusters.by, detailed_areas=inputs.detailed)
    except AnalysisError as error:
        inputs.left_out[what] = reason_of(error)
    else:
        inputs.period_counts[section.name] = counts


def _read_records(
    study: Study, section: EventSection, years: tuple[int, int] | None, *, area: StudyArea | None = None
) -> Events:
    """Return the events of one section by its publisher's format."""
    from hotspots.sources import read_hes, read_offences, read_police

    paths = [study.path(path) for path in section.paths]
    common: dict[str, Any] = {"name": section.name, "title": section.title, "years": years, "release": section.release}
    if section.format == "police":
        events = read_police(paths, crime_types=section.crime_types, **common)
    elif section.format == "offences":
        events = read_offences(
            paths[0], columns=section.columns or None, codes=section.codes, knife=section.knife, **common
        )
    else:
        events = read_hes(paths[0], ages=section.ages, columns=section.columns or None, area=area, **common)
    period = events.period if section.period is None else Period.read(section.period)
    events = events.cited_as(section.source).with_identity(period=period)
    return through_gate(study, events)


def _section_of(study: Study, name: str) -> EventSection:
    return next(section for section in study.events if section.name == name)


def _read_comparison(study: Study, comparison: ComparisonSection, inputs: Inputs) -> None:
    """Read both sides of a comparison; points of people that are not released are not compared at all."""
    first, second = (_section_of(study, name) for name in comparison.sources)
    if keeps_back(study, first) or keeps_back(study, second):
        inputs.left_out[f"the comparison {comparison.title}"] = UNRELEASED_POINTS
        return
    years = comparison.years or first.years, comparison.against_years or second.years
    pair = tuple(_read_records(study, one, span) for one, span in zip((first, second), years, strict=True))
    inputs.comparisons[comparison.name] = pair[0], pair[1]


def _read_prediction(study: Study, prediction: PredictionSection, inputs: Inputs) -> None:
    """Read the events of the past and of the future of a prediction."""
    section = _section_of(study, prediction.events)
    if keeps_back(study, section):
        inputs.left_out[f"the prediction of {section.title}"] = UNRELEASED_POINTS
        return
    past, future = (_read_records(study, section, years) for years in (prediction.past, prediction.future))
    inputs.predictions[prediction.name] = past, future


def _read_counts(study: Study, section: EventSection, area: StudyArea) -> AreaCounts:
    from hotspots.sources import read_counts

    assert section.count_column is not None
    period = section.period or ("-".join(map(str, section.years)) if section.years else "")
    counts = read_counts(
        study.path(section.paths[0]),
        area,
        id_column=section.id_column,
        name_column=section.name_column,
        count_column=section.count_column,
        multiply_by=section.multiply_by,
        marks=section.marks or None,
        rounding=section.rounding,
        name=section.name,
        title=section.title,
        period=period,
        source=section.source,
        release=section.release,
    )
    return replace(counts, coverage=cover_years(*section.years)) if section.years else counts


def _tighten(study: Study, section: EventSection, counts: AreaCounts) -> AreaCounts:
    """Return counts tightened with the totals of their authorities; an impossible table stops any run."""
    from hotspots.analysis.counts import tighten_counts
    from hotspots.sources import read_totals

    assert section.totals is not None
    assert section.count_column is not None
    totals = read_totals(
        study.path(section.totals),
        count_column=section.totals_column or section.count_column,
        multiply_by=section.multiply_by,
        marks=section.marks or None,
        rounding=section.rounding,
    )
    known = counts.area.authorities
    _need_total(totals, known, path=section.totals)
    return tighten_counts(counts, {code: bounds for code, bounds in totals.items() if code in known})


def _need_total(codes: Collection[str], known: Collection[str], *, path: Path) -> None:
    """Refuse totals of other authorities alone: they would tell nothing."""
    if not set(codes) & set(known):
        raise SourceError(
            f"{path} has no total of an authority of the study.",
            found=list_briefly(sorted(codes)) or "no total of any authority",
            advice="name a table of the same authorities by their codes, or leave totals out",
        )


def _read_recorded(study: Study, section: RecordedSection, inputs: Inputs) -> None:
    series, left_out = read_recorded_series(study, section)
    inputs.series += [series] if series is not None else []
    inputs.left_out |= left_out


# --------------------------------------------------------------------------- deprivation, schools, assessments


def _read_deprivation(study: Study, inputs: Inputs) -> None:
    from hotspots.sources import need_vintage, read_deprivation

    section = study.deprivation
    assert section is not None
    stated = {} if section.estimated is None else {"estimated": section.estimated}
    deprivation = read_deprivation(
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
    path = study.path(section.file)
    need_vintage(deprivation.vintage, inputs.area, path=path, column=section.id_column or "of area codes")
    inputs.deprivation = through_gate(study, deprivation)


def _read_schools(study: Study, inputs: Inputs) -> None:
    from hotspots.analysis.counts import place_schools, tighten_table
    from hotspots.sources import read_authority_totals, read_exclusions, read_schools

    section = study.schools
    assert section is not None
    exclusions = read_exclusions(study.path(section.exclusions), years=section.years, hidden=section.hidden)
    if section.totals is not None:
        totals = read_authority_totals(study.path(section.totals), exclusions, hidden=section.hidden)
        _need_total(set(totals.index.get_level_values("la_code")), set(exclusions.rows["la_code"]), path=section.totals)
        # An impossible table stops any run; what is published shows the source's own intervals.
        rows = tighten_table(exclusions.rows, totals, by=("la_code", "year"))
        exclusions = exclusions.tighten(rows) if is_restricted(study) else exclusions
    schools = read_schools(
        study.path(section.register_file),
        exclusions=exclusions,
        columns=section.columns or None,
        release=section.release,
    )
    schools = schools.cited_as(section.source)
    need_points(schools.table, inputs.area, what="the schools")
    inputs.schools = through_gate(study, schools)
    inputs.placed = place_schools(inputs.schools, inputs.area)


def _read_factors(study: Study, inputs: Inputs) -> None:
    section = study.children_in_need
    assert section is not None
    if keeps_back(study, section):
        inputs.left_out[section.title[:1].lower() + section.title[1:]] = KEPT_BACK
        return
    inputs.factors, inputs.recording = read_assessments(study, section, inputs.area)
