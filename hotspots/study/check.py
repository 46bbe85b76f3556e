"""What `check` reports for each section of a study file, in the order of the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from hotspots.disclosure import keeps_back
from hotspots.errors import AnalysisError, reason_of
from hotspots.study.findings import Findings, attempt, standardise
from hotspots.study.inputs import empty_sides, name_chart, name_places, need_index, nothing_happened, untestable
from hotspots.study.output import describe_source

if TYPE_CHECKING:
    from hotspots.analysis.schools import Prepared
    from hotspots.model import Events, StudyArea
    from hotspots.study.inputs import Inputs
    from hotspots.study.settings import Study

__all__ = ["describe_check", "without_grid"]

SLOW_RULES: Final = ("least-squares", "likelihood", "diggle")
"""Rules for the bandwidth that take as long as a run if there are many events: `check` then does not try them."""

FEW_EVENTS: Final = 500
"""Up to this number of events, every rule is tried."""


class _Surface(NamedTuple):
    """A surface that a run would make, with its bandwidth and the side of its cells as the study file has them."""

    label: str
    events: Sequence[Events]
    bandwidth: Any
    cell: float | None
    kind: Literal["density", "risk", "prediction"]


def without_grid(study: Study, inputs: Inputs) -> dict[str, str]:
    """Return the surfaces that can't be made with the cells or bandwidths of the study file, and why."""
    # With many events and the program's own bandwidth and cells there is always a grid.
    doubtful = [
        surface
        for surface in _surfaces(study, inputs)
        if surface.cell is not None
        or surface.bandwidth is not None
        or sum(map(len, surface.events)) <= FEW_EVENTS
        or _on_one_point(surface.events)
    ]
    if not doubtful:
        return {}
    outline = inputs.area.areas.geometry.union_all()
    reasons: dict[str, str] = {}
    for surface in doubtful:
        reason = _why_no_grid(study, inputs.area, outline, surface)
        if reason:
            reasons.setdefault(surface.label, reason)
    return reasons


def _surfaces(study: Study, inputs: Inputs) -> Iterator[_Surface]:
    """Yield the surfaces of points that a run makes, in its order."""
    density = study.density
    risk_bandwidth = density.risk_bandwidth or density.bandwidth
    for section in study.events:
        events = inputs.events.get(section.name)
        if not section.density or events is None or keeps_back(study, events):
            continue
        if not events.table["easting"].notna().any():
            continue
        label = f"density surface of {events.title}"
        yield _Surface(label, [events], density.bandwidth, density.cell, "density")
        if density.risk and inputs.area.has_population:
            yield _Surface(label, [events], risk_bandwidth, density.risk_cell, "risk")
    for comparison in study.comparisons:
        if comparison.name in inputs.comparisons:
            pair = inputs.comparisons[comparison.name]
            yield _Surface(f"comparison {comparison.title}", pair, risk_bandwidth, density.risk_cell, "risk")
    for prediction in study.predictions:
        if prediction.name in inputs.predictions and prediction.bandwidths:
            past = inputs.predictions[prediction.name][0]
            narrowest = min(prediction.bandwidths)
            yield _Surface(f"prediction of {past.title}", [past], narrowest, density.cell, "prediction")


def _on_one_point(events: Sequence[Events]) -> bool:
    """Whether all events are at one point, so that no rule finds a bandwidth."""
    return all(int(part.table[axis].nunique()) < 2 for axis in ("easting", "northing") for part in events)


def _why_no_grid(study: Study, area: StudyArea, outline: Any, surface: _Surface) -> str:
    """Return why there is no grid; empty where there is one, or where only a run can find out."""
    import numpy as np

    from hotspots.analysis.density import choose_bandwidth, choose_cell, grid_over, need_few_values
    from hotspots.analysis.risk import need_expected, points_inside, smoother_over

    _, events, bandwidth, cell, kind = surface
    kernel = study.density.kernel
    try:
        points = np.concatenate([points_inside(part, area, outline)[0] for part in events])
        is_slow = bandwidth in SLOW_RULES and len(points) > FEW_EVENTS
        chosen = choose_bandwidth(points, rule=None if is_slow else bandwidth, kernel=kernel, outline=outline)
        if is_slow:
            return ""
        if kind == "risk":
            smoother = smoother_over(outline, chosen, cell=cell, kernel=kernel)
            if len(events) == 1 and len(points) <= FEW_EVENTS:
                need_expected(area, smoother, len(points))
            return ""
        grid = grid_over(outline, chosen.metres, kernel=kernel, cell=cell)
        if kind == "prediction" and cell is not None:
            choose_cell(outline, cell)
        if kind == "density" and study.density.adaptive and kernel == "uniform":
            places = np.unique(points, axis=0)
            need_few_values(places, grid, np.full(len(places), chosen.metres))
    except AnalysisError as error:
        return reason_of(error)
    return ""


SHOWN: Final = {
    "rows_read": "rows read",
    "kept": "kept",
    "joined_by_code": "joined by code",
    "joined_by_point": "joined by point",
    "rows_of_the_study": "rows of the study",
    "rows_outside": "rows outside",
    "outside": "outside",
    "areas_without_a_row": "areas without a row",
    "hidden": "suppressed",
}
"""What is shown of a source, as far as its audit has it, and its label."""


def describe_check(study: Study, inputs: Inputs) -> Iterator[str]:
    """Give the lines on every section of a study, in the order of its file; last, what a run would leave out.

    Parameters
    ----------
    study
        The settings.
    inputs
        What was read of them; a section that could not be read is named as such.
    """
    yield from (f"note: {note}" for note in study.notes)
    study = name_places(study, inputs.area)
    known = [name for name in SECTIONS if name in study.order]
    order = [name for name in study.order if name in SECTIONS] if known else list(SECTIONS)
    # The boundaries are what all others refer to.
    for name in dict.fromkeys(("areas", *order)):
        yield from SECTIONS[name](study, inputs)
    for mend in inputs.gate.mends:
        if mend.words and not mend.by_area:  # of counts by area, it is a note of theirs
            yield f"In {mend.title}, {mend.words}"
    for what, why in would_leave_out(study, inputs).items():
        yield f"Left out by a run: {what}, because {why}"


def would_leave_out(study: Study, inputs: Inputs) -> dict[str, str]:
    """Return what a run would leave out for a reason that its inputs show, and why."""
    left_out = dict(inputs.left_out)
    for counts in inputs.counts.values():
        if nothing_happened(counts):
            left_out[f"hotspots of {counts.title}"] = "no event lies in the study area"
    left_out |= _without_scan(study, inputs)
    left_out = without_grid(study, inputs) | left_out
    left_out |= empty_sides(study, inputs.area, comparisons=inputs.comparisons, predictions=inputs.predictions)
    rated = Findings()
    for section in study.events:
        if section.standardised and study.population_by_age is None:
            left_out[f"standardised rates of {section.title}"] = "no population by age"
        elif section.standardised and inputs.ages is not None and section.name in inputs.events:
            attempt(rated, f"standardised rates of {section.title}", standardise, study, section, inputs)
    left_out |= rated.left_out
    if inputs.schools is not None and inputs.deprivation is not None:
        try:
            _ready_schools(study, inputs)
        except AnalysisError as error:
            left_out["schools against deprivation"] = reason_of(error)
    return left_out


def _without_scan(study: Study, inputs: Inputs) -> dict[str, str]:
    """Return the sources that can't be scanned, and why."""
    from hotspots.analysis.scan import need_scannable, need_scannable_in_time

    reasons = {}
    for section in study.clusters:
        limits: dict[str, Any] = {"share": section.share, "radius": section.radius}
        for name in section.events:
            try:
                if section.by is None and name in inputs.counts:
                    need_scannable(inputs.counts[name], null=section.null, **limits)
                elif section.by is not None and name in inputs.period_counts:
                    counts = inputs.period_counts[name]
                    need_scannable_in_time(counts, model=section.model, longest=section.longest, **limits)
            except AnalysisError as error:
                reasons[f"{section.finds} of {inputs.counts[name].title}"] = reason_of(error)
    return reasons


def _ready_schools(study: Study, inputs: Inputs) -> Prepared:
    """Return the schools of a study as they will be compared, as far as is known without fitting a line.

    Raises
    ------
    AnalysisError
        If they can't be compared with deprivation.
    """
    from hotspots.analysis.schools import prepare_schools

    assert study.schools is not None
    assert inputs.schools is not None
    assert inputs.deprivation is not None
    assert inputs.placed is not None
    need_index(inputs.deprivation, inputs.area)
    return prepare_schools(
        inputs.schools,
        inputs.deprivation,
        inputs.area,
        placed=inputs.placed,
        covariates=study.schools.covariates,
    )


# --------------------------------------------------------------------------- one section each


def _areas(study: Study, inputs: Inputs) -> Iterator[str]:
    area = inputs.area
    authorities = many(len(area.authorities), "local authority", "local authorities")
    vintage = f" {area.vintage}" if area.vintage else ""
    yield f"{many(len(area), 'area')} ({area.geography}{vintage}) in {authorities}"
    for reason, ids in area.repairs.items():
        yield f"  {reason}: {len(ids):,}" if ids else f"  {reason}"
    if inputs.detailed is not None:
        yield f"  in more detail: {many(len(inputs.detailed), 'area')}"
    if inputs.labels is not None:
        yield f"  labels: {many(len(inputs.labels), 'place name')}"
        for reason, rows in inputs.labels.attrs.get("dropped", {}).items():
            yield f"    dropped, {reason}: {rows:,}"
    if area.has_population:
        yield f"  population: {round(float(area.areas['population'].sum())):,}"
    else:
        yield "  no population: maps show where events concentrate, not risk"


def _population(study: Study, inputs: Inputs) -> Iterator[str]:
    if study.population is not None:
        year = f", {study.population.year}" if study.population.year else ""
        yield f"{study.population.title}{year}: known for every area"


def _places(study: Study, inputs: Inputs) -> Iterator[str]:
    for section in study.places:
        inside = int(inputs.area.areas["la_code"].isin(section.authorities).sum())
        yield f"place {section.name}: {many(inside, 'area')}"


def _ages(study: Study, inputs: Inputs) -> Iterator[str]:
    section = study.population_by_age
    if section is None:
        return
    if inputs.ages is None:
        yield f"{section.title}: not read, see below"
        return
    yield f"{section.title}: {many(len(inputs.ages.table), 'area')}, {many(inputs.ages.table.shape[1], 'age group')}"
    by_age = any(line.ages for one in study.series if one.rates for line in one.lines)
    profile = study.demographics and study.deprivation is not None
    in_events = any(one.standardised or one.standardise_by_age for one in study.events)
    if not (by_age or profile or study.schools or in_events):
        yield "  note: not used: add standardised rates, rates of age groups, [schools] or [deprivation]"


def _deprivation(study: Study, inputs: Inputs) -> Iterator[str]:
    deprivation, area = inputs.deprivation, inputs.area
    if study.deprivation is None:
        return
    if deprivation is None:
        yield f"{study.deprivation.title}: not read, see below"
        return
    known = int(deprivation.table.reindex(area.ids).notna().any(axis=1).sum())
    yield f"{deprivation.title}: known for {known:,} of {many(len(area), 'area')}"
    for measure, column in deprivation.columns.items():
        yield f"  {measure}: the column {column!r}"
    of_events = any(map(study.means_deprivation, (name for one in study.events for name in one.given or ())))
    if inputs.schools is None and not area.has_population and inputs.ages is None and not of_events:
        yield "  note: not used: add [schools], or [population] for the authority profile"


def _covariates(study: Study, inputs: Inputs) -> Iterator[str]:
    section = study.covariates
    if section is not None:
        names = {name for one in study.events for name in one.given or () if not study.means_deprivation(name)}
        yield f"{section.title}: {', '.join(sorted(names)) or 'not used: name its columns with given'}"


def _events(study: Study, inputs: Inputs) -> Iterator[str]:
    from hotspots.analysis.autocorrelation import describe_expected

    for section in study.events:
        if section.name in inputs.counts:
            yield from _source(describe_source(inputs.counts[section.name]))
            expectation = inputs.counts[section.name].expectation
            if expectation is not None:
                yield from (f"  {sentence}" for sentence in describe_expected(expectation))
        else:
            yield f"{section.title}: not read, see below"


def _source(source: dict[str, Any]) -> Iterator[str]:
    yield f"{source['title']} ({source['period'] or 'all years'}, {source['release']})"
    for key, label in SHOWN.items():
        if key in source:
            yield f"  {label}: {_number(source[key])}"
    for reason, rows in source["dropped"].items():
        yield f"  dropped, {reason}: {_number(rows)}"
    for note in source["notes"]:
        yield f"  note: {note}"


def _schools(study: Study, inputs: Inputs) -> Iterator[str]:
    schools = inputs.schools
    if study.schools is None:
        return
    if schools is None:
        yield "schools: not read, see below"
        return
    try:
        table = _ready_schools(study, inputs).table if inputs.deprivation is not None else None
        reasons = untestable(schools, inputs.placed) if table is None else table["reason"]
        yield f"{many(len(schools), 'school')} in question, of which {int((reasons != '').sum()):,} can't be tested"
    except AnalysisError:
        # The reason is given with what a run leaves out.
        reasons = untestable(schools, inputs.placed)
        yield f"{many(len(schools), 'school')} in question, none of which can be compared, see below"
    for reason, number in reasons[reasons != ""].value_counts().items():
        yield f"  can't be tested: {number:,} ({reason})"
    for note in schools.notes:
        yield f"  note: {note}"


def _charted(kind: str) -> Callable[[Study, Inputs], Iterator[str]]:
    def lines(study: Study, inputs: Inputs) -> Iterator[str]:
        from hotspots.analysis.series import without_course

        for section in getattr(study, kind):
            read = [series for series in inputs.series if series.name == section.name]
            if read:
                groups = many(read[0].table["group"].nunique(), "line")
                yield f"chart {section.title}: {many(read[0].table['period'].nunique(), 'period')}, {groups}"
                if section.change_points:
                    for name, why in without_course(read[0]).items():
                        yield f"  no change points of {name}: {why}"
            elif name_chart(section.title) not in inputs.left_out:
                yield f"chart {section.title}: not read, see below"

    return lines


def _factors(study: Study, inputs: Inputs) -> Iterator[str]:
    section = study.children_in_need
    if section is None or keeps_back(study, section):
        return
    status = "not read, see below" if inputs.factors is None else f"{section.year}"
    yield f"{section.title}: {status}"


def _clusters(study: Study, inputs: Inputs) -> Iterator[str]:
    """Give the sources that are scanned, and with what; what a scan refuses stands with what a run leaves out."""
    for section in study.clusters:
        within = f" and {section.radius:,.0f} m" if section.radius is not None else ""
        people = "people" if section.needs_people else "events"
        for name in section.events:
            counts = inputs.counts.get(name)
            if counts is None:
                continue
            zones = f"{section.zones} up to {100 * section.share:g}% of the {people}{within}"
            if section.by is not None:
                lasting = f"up to {100 * section.longest:g}% of the {section.by}s"
                lasting = f"{lasting}, to the last one" if section.prospective else lasting
                yield f"{section.finds} of {counts.title}: {section.model}, {zones}, {lasting}"
            else:
                hidden = f", {many(counts.hidden, 'suppressed count')}" if counts.hidden else ""
                yield f"{section.finds} of {counts.title}: {zones}{hidden}"


def _stability(study: Study, inputs: Inputs) -> Iterator[str]:
    section = study.stability
    for name in () if section is None else section.events:
        if section is not None and name in inputs.counts:
            also = ", and agreement of methods" if section.agreement else ""
            yield f"stability of {inputs.counts[name].title}: variants of Gi*{also}"


def _comparisons(study: Study, inputs: Inputs) -> Iterator[str]:
    for section in study.comparisons:
        pair = inputs.comparisons.get(section.name)
        if pair is not None:
            yield f"comparison {section.title}: {many(len(pair[0]), 'event')} against {len(pair[1]):,}"


def _predictions(study: Study, inputs: Inputs) -> Iterator[str]:
    for section in study.predictions:
        pair = inputs.predictions.get(section.name)
        if pair is not None:
            yield f"prediction of {section.events}: {many(len(pair[1]), 'event')} from {len(pair[0]):,} earlier ones"


def _maps(study: Study, inputs: Inputs) -> Iterator[str]:
    if study.maps.basemap is not None:
        yield f"basemap: {study.maps.basemap}"


SECTIONS: Final[dict[str, Callable[[Study, Inputs], Iterator[str]]]] = {
    "areas": _areas,
    "population": _population,
    "places": _places,
    "population_by_age": _ages,
    "deprivation": _deprivation,
    "covariates": _covariates,
    "events": _events,
    "schools": _schools,
    "series": _charted("series"),
    "recorded": _charted("recorded"),
    "children_in_need": _factors,
    "clusters": _clusters,
    "stability": _stability,
    "comparisons": _comparisons,
    "predictions": _predictions,
    "maps": _maps,
}


def _number(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def many(number: int, one: str, several: str = "") -> str:
    """Return e.g. ``"1 area"`` or ``"1,680 areas"``."""
    return f"{number:,} {one if number == 1 else several or f'{one}s'}"
