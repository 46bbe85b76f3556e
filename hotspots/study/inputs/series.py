"""What a study's extracts are read from: series brought through the gate, recorded crime, people by age, factors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hotspots.disclosure import keeps_back, through_gate
from hotspots.errors import AnalysisError, SourceError, StudyError, list_briefly
from hotspots.model import Events, Factors, Note, Series, SeriesBase, StudyArea
from hotspots.study.inputs.released_records import all_ages_known, records_of, scopes_of_series

if TYPE_CHECKING:
    from hotspots.model import Ages, Extract
    from hotspots.study.inputs.contents import Inputs
    from hotspots.study.settings import EventSection, FactorsSection, RecordedSection, SeriesLine, SeriesSection, Study

REVEALS_COUNTS: str = "beside other tables of the same records it could reveal suppressed counts"
KEPT_BACK: str = "they are unreleased, and other counts of the same records could be compared with them"


ONLY_INSIDE: Final = Note(
    "Only events in the study area are counted; events elsewhere, or without a location, are left out.", of="settings"
)
NO_PLACES: Final = "no event in the file has a location, so it is not known which lie in the study area"

# --------------------------------------------------------------------------- series of events


def read_series(
    study: Study,
    section: EventSection,
    *,
    events: Events,
    inputs: Inputs,
    reread: Callable[[tuple[int, int]], Events],
) -> tuple[list[Series], dict[str, str]]:
    """Return the series of one event section, brought through the gate, and what was left out and why.

    Parameters
    ----------
    study, section
        The recipe, and the section that the series are of.
    events
        The events of the section.
    inputs
        What was read before: the areas, people by age, and the gate with all tables that are published already.
    reread
        Gives the events of other years: each reading has an audit and notes of its own.
    """
    finished: list[Series] = []
    left_out: dict[str, str] = {}
    for one in (one for one in study.series if one.events == section.name):
        read = events if one.years == section.years else reread(one.years)
        of_years, base = _of_the_area(read, inputs.area, inputs.detailed)
        if len(read) and not len(of_years):
            left_out[name_chart(one.title)] = "no event of these years lies in the study area"
            continue
        series = replace(_count(one, of_years), base=base)
        if keeps_back(study, series):
            series = _published(study, section, one, series, inputs, ages_known=all_ages_known(of_years))
            if series.table["low"].isna().all():
                left_out[name_chart(one.title)] = REVEALS_COUNTS
                continue
        else:
            series = through_gate(study, series)
        series, why = _with_rates(one, series, section=section, area=inputs.area, ages=inputs.ages)
        left_out |= {f"rates of {one.title}": why} if why else {}
        finished.append(finish_series(series, one))
    return finished, left_out


def _published(
    study: Study,
    section: EventSection,
    one: SeriesSection,
    series: Series,
    inputs: Inputs,
    *,
    ages_known: bool,
) -> Series:
    """Return an unreleased series as it may be published beside all other tables of the same records."""
    from hotspots.analysis.series import with_intervals

    return with_intervals(
        inputs.gate.series(
            series,
            records=records_of(study, section),
            scopes=scopes_of_series(section, one, series, ages_known=ages_known),
            area=inputs.area,
            whole_file=series.base != "study-area",
        )
    )


def name_chart(title: str) -> str:
    """Return under which name a chart stands among what was left out."""
    return f"the chart of {title}"


def _of_the_area(events: Events, area: StudyArea, detailed_areas: StudyArea | None) -> tuple[Events, SeriesBase]:
    """Return the events that the maps count too, and where they lie; all of them where no event has a place."""
    from hotspots.analysis.counts import events_inside

    if not events.table[["easting", "area_code"]].notna().to_numpy().any():
        return events, "whole-file"
    inside = events_inside(events, area, detailed_areas=detailed_areas)
    return inside.with_identity(notes=(*inside.notes, ONLY_INSIDE)), "study-area"


def _count(section: SeriesSection, events: Events) -> Series:
    """Return the lines of a series."""
    from hotspots.analysis.series import count_by_quarter, count_by_year, join_series

    count = count_by_quarter if section.by == "quarter" else count_by_year
    lines = [count(events, years=section.years, ages=line.ages, group=line.group) for line in section.lines]
    return join_series(*lines, name=section.name, title=section.title)


def finish_series(series: Series, section: SeriesSection | RecordedSection) -> Series:
    """Return a series with its provisional periods marked.

    Raises
    ------
    AnalysisError
        If one of them is no period of the series.
    StudyError
        If the year to compare with is none of the series, or no number of it is above 0.
    """
    from hotspots.analysis.series import mark_provisional, sum_to_years

    if section.base is not None:
        years = sum_to_years(series) if section.by == "quarter" else series
        known = years.table.loc[years.table["low"].notna(), "period"].unique()
        if section.base not in known:
            raise StudyError(
                f"The series {section.name!r} has no year {section.base!r} to compare with.",
                found=f"whole years {list_briefly(known, 40) or 'none'}",
                advice="name one of these with base",
            )
        at_base = years.table[(years.table["period"] == section.base) & years.table["high"].notna()]
        if not (at_base["high"] > 0).any():
            numbers = [f"{group} {number:g}" for group, number in zip(at_base["group"], at_base["high"], strict=True)]
            raise StudyError(
                f"The series {section.name!r} has no number above 0 in {section.base!r} to compare with.",
                found=f"{section.base}: {list_briefly(numbers)}",
                advice="name another year with base, or leave base out",
            )
    return mark_provisional(series, section.provisional)


# --------------------------------------------------------------------------- rates


def _with_rates(
    one: SeriesSection, series: Series, *, section: EventSection, area: StudyArea, ages: Ages | None
) -> tuple[Series, str]:
    """Return a series with rates per 100,000 people where it asks for them, or why it has none."""
    from hotspots.analysis.series import with_rates

    if not one.rates:
        return series, ""
    if series.base != "study-area":
        return series, NO_PLACES
    people: dict[str, float] = {}
    for line in one.lines:
        number = _people(area, ages, _both(line, section))
        if isinstance(number, str):
            return series, number
        people[line.group] = number
    numbers = "; ".join(f"{group} {number:,.0f}" for group, number in people.items())
    rated = with_rates(series, people)
    note = Note(f"People: {numbers}, the same in every period.", of="publication", numbers=(numbers,))
    return rated.with_identity(notes=(*rated.notes, note)), ""


def _both(line: SeriesLine, section: EventSection) -> tuple[int, int] | None:
    """Return the ages of a line among those of its events."""
    if line.ages is None or section.ages is None:
        return line.ages or section.ages
    return max(line.ages[0], section.ages[0]), min(line.ages[1], section.ages[1])


def _people(area: StudyArea, ages: Ages | None, between: tuple[int, int] | None) -> float | str:
    """Return the people of the study area in an age group, or why they are not known."""
    if between is None and area.has_population:
        return float(area.areas["population"].sum())
    if ages is None:
        return "the study has no population" if between is None else "no population by age"
    people = ages.between(*(between or (0, None)))
    if people is None:
        assert between is not None
        return f"the population by age has no bands of exactly {between[0]} to {between[1]}"
    people = people.reindex(area.ids)
    missing = int(people.isna().sum())
    return f"{missing:,} of {len(area):,} areas have no population by age" if missing else float(people.sum())


# --------------------------------------------------------------------------- recorded crime


def read_recorded_series(study: Study, section: RecordedSection) -> tuple[Series | None, dict[str, str]]:
    """Return the recorded crime of one section, and what was left out and why.

    Raises
    ------
    HotspotsError
        As `read_recorded` and `finish_series`; and if a period has no people.
    """
    from hotspots.analysis.series import sum_to_years, with_intervals, with_rates
    from hotspots.sources import read_recorded

    if keeps_back(study, section):
        return None, {name_chart(section.title): KEPT_BACK}
    series = read_recorded(
        study.path(section.file),
        force=section.force,
        count_column=section.count_column,
        years=section.years,
        title=section.title,
        name=section.name,
        release=section.release,
    )
    _need_people(series, study.path(section.file))
    series = with_intervals(through_gate(study, series.cited_as(section.source)))
    left_out = {}
    if section.rates:
        try:
            series = with_rates(series)
        except AnalysisError:
            left_out[f"rates of {section.title}"] = "the file has no population"
    if section.by == "year":
        series = sum_to_years(series)
    return finish_series(series, section), left_out


def _need_people(series: Series, path: Path) -> None:
    """Refuse a population of 0: no rate could be made of it."""
    table = series.table
    empty = table[table["population"] <= 0] if "population" in table.columns else table[:0]
    if len(empty):
        raise SourceError(
            f"The population of {empty['period'].iloc[0]} is {empty['population'].iloc[0]:g}.",
            found=f"{len(empty):,} such periods of {series.title} in {path}",
            advice="correct the numbers, or leave the column out",
        )


# --------------------------------------------------------------------------- people by age, factors of assessments


def read_people_by_age(study: Study, area: StudyArea) -> Ages | None:
    """Return the people by area and age, if the study names them.

    Raises
    ------
    SourceError
        As `read_ages`; and if its codes are of another vintage than the areas.
    """
    from hotspots.sources import need_vintage, read_ages

    section = study.population_by_age
    if section is None:
        return None
    path = study.path(section.file)
    ages = read_ages(
        path,
        id_column=section.id_column,
        year=section.year,
        title=section.title,
        source=section.source,
        release=section.release,
    )
    need_vintage(ages.vintage, area, path=path, column=section.id_column or "of area codes")
    return ages


def read_assessments(study: Study, section: FactorsSection, area: StudyArea) -> tuple[Factors, Extract | None]:
    """Return the factors of the year that is shown, and how much authorities record, if a theme is named.

    Raises
    ------
    HotspotsError
        As `read_factors`, `read_episodes` and `compare_recording`.
    """
    from hotspots.analysis.authorities import compare_recording
    from hotspots.sources import read_all_factors, read_episodes, read_factors

    path, authorities = study.path(section.file), list(area.authorities)

    def marked(factors: Factors) -> Factors:
        return through_gate(study, factors.cited_as(section.source))

    shown = marked(read_factors(path, year=section.year, authorities=authorities, release=section.release))
    shown = shown.with_identity(title=section.title)
    if section.theme is None:
        return shown, None
    years = section.years or (0, section.year)
    every = [
        marked(one) for one in read_all_factors(path, years=years, authorities=authorities, release=section.release)
    ]
    episodes = read_episodes(study.path(section.episodes), authorities=authorities) if section.episodes else None
    return shown, compare_recording(every, theme=section.theme, episodes=episodes)
