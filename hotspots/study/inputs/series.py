"""What a study's extracts are read from: series brought through the gate, recorded crime, people by age, factors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hotspots.disclosure import keeps_back, reveals_area_counts, through_gate
from hotspots.errors import AnalysisError, SourceError, StudyError, list_briefly
from hotspots.model import AreaCounts, Events, Factors, Note, Series, SeriesBase, StudyArea

if TYPE_CHECKING:
    from hotspots.model import Ages, Extract
    from hotspots.study.settings import EventSection, FactorsSection, RecordedSection, SeriesLine, SeriesSection, Study

REVEALS_COUNTS: str = "its totals and the counts by area together would reveal suppressed counts"
SAME_RECORDS: str = (
    "another chart shows the same unreleased records, and together they could reveal suppressed counts: "
    "make it lines of that one, or years of its quarters"
)
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
    counts: AreaCounts,
    ages: Ages | None,
    reread: Callable[[tuple[int, int]], Events],
    detailed_areas: StudyArea | None = None,
) -> tuple[list[Series], dict[str, str]]:
    """Return the series of one event section, brought through the gate, and what was left out and why.

    Parameters
    ----------
    study, section
        The recipe, and the section that the series are of.
    events, counts
        The events of the section, and their number by area before the gate.
    ages
        People by age, for rates of age groups.
    reread
        Gives the events of other years: each reading has an audit and notes of its own.
    detailed_areas
        The areas in more detail, in which points are placed.
    """
    protected = keeps_back(study, counts)
    sections = [one for one in study.series if one.events == section.name]
    finished: dict[str, Series] = {}
    left_out: dict[str, str] = {}
    first: SeriesSection | None = None
    # Where counts are protected, years are sums of protected quarters, so quarters come first.
    for one in sorted(sections, key=lambda one: one.by != "quarter") if protected else sections:
        chart = name_chart(one.title)
        if first is not None:
            years = _years_of(finished[first.name], first, one)
            if years is None:
                left_out[chart] = SAME_RECORDS
                continue
            series = years
        else:
            read = events if one.years == section.years else reread(one.years)
            of_years, base = _of_the_area(read, counts.area, detailed_areas)
            if len(read) and not len(of_years):
                left_out[chart] = "no event of these years lies in the study area"
                continue
            series = replace(_count(study, one, of_years), base=base)
            same = replace(counts, outside=0, dropped={}) if base == "study-area" else counts
            if protected and _reveals_counts(study, one, series, section=section, counts=same, dropped=events.dropped):
                left_out[chart] = REVEALS_COUNTS
                continue
            first = one if protected else None
        series, why = _with_rates(study, one, series, section=section, counts=counts, ages=ages)
        left_out |= {f"rates of {one.title}": why} if why else {}
        finished[one.name] = finish_series(series, one)
    return [finished[one.name] for one in sections if one.name in finished], left_out


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


def _count(study: Study, section: SeriesSection, events: Events) -> Series:
    """Return the lines of a series, protected where its records are not released."""
    from hotspots.analysis.series import count_by_quarter, count_by_year, join_series, with_intervals

    count = count_by_quarter if section.by == "quarter" else count_by_year
    lines = [count(events, years=section.years, ages=line.ages, group=line.group) for line in section.lines]
    series = join_series(*lines, name=section.name, title=section.title)
    return with_intervals(through_gate(study, series)) if keeps_back(study, series) else series


def _years_of(quarters: Series, first: SeriesSection, section: SeriesSection) -> Series | None:
    """Return protected quarters added up to the years of another section; None where the quarters do not cover them."""
    from hotspots.analysis.series import sum_to_years

    same_lines = set(section.lines) <= set(first.lines)
    same_years = first.years[0] <= section.years[0] and section.years[1] <= first.years[1]
    if first.by != "quarter" or section.by != "year" or not same_lines or not same_years:
        return None
    years = sum_to_years(replace(quarters, rate_per=0.0))
    groups = [line.group for line in section.lines]
    table = years.table[["period", "group", "low", "high", "ci_low", "ci_high"]]
    kept = table["group"].isin(groups) & table["period"].astype(int).between(*section.years)
    return replace(
        years,
        table=table[kept],
        provisional=(),
        identity=replace(years.identity, name=section.name, title=section.title),
    )


def _reveals_counts(
    study: Study,
    one: SeriesSection,
    series: Series,
    *,
    section: EventSection,
    counts: AreaCounts,
    dropped: Mapping[str, int],
) -> bool:
    """Return whether a protected series and the protected areas together reveal suppressed counts."""
    first, last = section.years or (0, 9999)
    whole_years = section.years is not None and one.years[0] <= first and last <= one.years[1]
    # Each year has four quarters.
    by_year = series.table.assign(period=[str(period)[:4] for period in series.table["period"]])
    return reveals_area_counts(
        replace(series, table=by_year),
        counts,
        rule=study.protection,
        dropped=dropped,
        years=(first, last),
        complete={line.group for line in one.lines if whole_years and line.ages is None},
    )


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
    study: Study, one: SeriesSection, series: Series, *, section: EventSection, counts: AreaCounts, ages: Ages | None
) -> tuple[Series, str]:
    """Return a series with rates per 100,000 people where it asks for them, or why it has none."""
    from hotspots.analysis.series import with_rates

    if not one.rates:
        return series, ""
    if series.base != "study-area":
        return series, NO_PLACES
    people: dict[str, float] = {}
    for line in one.lines:
        number = _people(counts.area, ages, _both(line, section))
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
