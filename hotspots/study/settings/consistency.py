"""What a study file says of two sections at once that can't be meant, as far as the file alone tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from hotspots.study.settings.values import is_code
from hotspots.vocabulary import SURFACE_STEMS, UNRELEASED

__all__ = ["collision", "contradiction", "output_names"]

# The names of everything that a run can write, known from the study file alone: two that are alike are refused.

METHODS: Final = ("getis_ord", "local_moran")
SURFACES: Final = ("density", "risk")
LOOKS: Final = ("neighbours", "authorities", "deprivation_around", "deprivation_around_each", "that_stand_out")
CHARTS_OF_SCHOOLS: Final = ("funnel", "idaci", "idaci_catchment", "authorities")


def output_names(study: Any) -> Iterator[tuple[str, str]]:
    """Give the path of each file without its ending, and the section that it is of.

    Parameters
    ----------
    study
        A `Study` (which asks this module while it is made). A run may write fewer files, where something is left
        out, but none beside these.
    """
    of_every_run = ("hotspots", "briefing", "summary", study.output_name, "tables/areas", "tables/hotspots")
    yield from ((name, "every run") for name in of_every_run)
    yield from _of_events(study)
    yield from _of_series(study)
    yield from _of_extracts(study)


def collision(study: Any) -> str:
    """Return which two sections would write the same file, on a system that takes capitals for small letters too."""
    seen: dict[str, str] = {}
    for name, owner in output_names(study):
        other = seen.setdefault(name.casefold(), owner)
        if other != owner:
            return f"{owner} and {other} would both write the file {name}: rename one of them"
    return ""


def _maps(study: Any, stem: str, owner: str, *, close_ups: bool = True) -> Iterator[tuple[str, str]]:
    yield f"maps/{stem}_all", owner
    if close_ups:
        for section in study.places:
            yield f"maps/{stem}_{section.place.slug}", f"place {section.name!r}" if _is_all(section.name) else owner


def _is_all(name: str) -> bool:
    return name.strip().casefold() == "all"


def _of_events(study: Any) -> Iterator[tuple[str, str]]:
    for section in study.events:
        owner = f"events {section.name!r}"
        for method in METHODS:
            yield from _maps(study, f"{section.name}_{method}", owner, close_ups=method == "getis_ord")
        for kind in SURFACES:
            yield f"{kind}_{section.name}", owner
            yield from _maps(study, f"{section.name}_{kind}", owner)
        yield f"charts/{section.name}_correlogram", owner
        if section.standardised:
            yield f"charts/{section.name}_standardised", owner
            yield f"tables/{section.name}_standardised", owner
    for section in study.clusters:
        for name in section.events:
            stem = f"{name}_clusters" if section.by is None else f"{name}_space_time_clusters"
            yield f"tables/{stem}", f"clusters of {name!r}"
            yield from _maps(study, stem, f"clusters of {name!r}", close_ups=False)
    if study.stability is not None:
        looks = ("stability", "agreement") if study.stability.agreement else ("stability",)
        for stem in (f"{name}_{look}" for name in study.stability.events for look in looks):
            yield f"tables/{stem}", "[stability]"
            yield from _maps(study, stem, "[stability]", close_ups=False)
    for comparison in study.comparisons:
        owner, stem = f"comparison {comparison.name!r}", SURFACE_STEMS[comparison.measure]
        yield f"{stem}_{comparison.name}", owner
        yield from _maps(study, f"{comparison.name}_{stem}", owner)
    for prediction in study.predictions:
        owner = f"the prediction of {prediction.events!r}"
        yield f"predictive_accuracy_{prediction.name}", owner
        yield f"charts/{prediction.name}_prediction", owner


def _of_series(study: Any) -> Iterator[tuple[str, str]]:
    for section in (*study.series, *study.recorded):
        owner = f"series {section.name!r}"
        yield f"tables/{section.name}", owner
        yield f"charts/{section.name}", owner
        if section.rates:
            yield f"charts/{section.name}_rate", owner
        if section.base is not None:
            yield f"charts/{section.name}_change", owner
            yield f"tables/{section.name}_years", owner
        if section.change_points:
            yield f"tables/{section.name}_change_points", owner


def _of_extracts(study: Any) -> Iterator[tuple[str, str]]:
    if study.schools is not None:
        yield "tables/schools", "[schools]"
        for look in LOOKS:
            yield f"tables/schools_{look}", "[schools]"
        for chart in CHARTS_OF_SCHOOLS:
            yield f"charts/schools_{chart}", "[schools]"
        yield from _maps(study, "schools", "[schools]")
    if study.children_in_need is not None:
        for name in ("children_in_need", "children_in_need_recording"):
            yield f"charts/{name}", "[children_in_need]"
            yield f"tables/{name}", "[children_in_need]"
    if study.demographics and study.deprivation is not None:
        yield "charts/profile", "the profile of authorities"
        yield "tables/profile", "the profile of authorities"


def contradiction(study: Any) -> str:
    """Return the first contradiction among the sections of a `Study` (which asks while it is made), or nothing."""
    names = [section.name for section in study.events]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        return f"two event sections share the name {twice[0]!r}"
    return next((problem for check in CHECKS if (problem := check(study))), "")


def _of_places(study: Any) -> str:
    """Return what is wrong with the places, as far as the study file alone tells."""
    slugs = [section.place.slug for section in study.places]
    for section, slug in zip(study.places, slugs, strict=True):
        if not slug:
            return f"place {section.name!r} has no letter to name its maps after"
        if slugs.count(slug) > 1:
            return f"two places would share the file name {slug!r}"
        # By code alone: what authorities are called is known when the boundaries are read.
        kept = study.areas.authorities if all(map(is_code, study.areas.authorities or ())) else None
        unknown = [code for code in section.authorities if kept is not None and is_code(code) and code not in kept]
        if unknown:
            return f"place {section.name!r} is of {unknown[0]!r}, which is not among the authorities of [areas]"
    return ""


def _of_population(study: Any) -> str:
    """Return which setting needs a population that is not there: another test would take the place of the one named."""
    analysis, needs = study.analysis, ("scattered-risk", "exchangeable-risk", "constant-risk")
    if study.population is not None or all(section.has_base for section in study.events):
        return ""
    if analysis.null in needs:
        return f"analysis.null = {analysis.null!r} needs people: add [population], or take null = 'randomisation'"
    if analysis.measure != "count":
        return f"analysis.measure = {analysis.measure!r} needs people: add [population], or take measure = 'count'"
    wanting = [section for section in study.events if section.null in needs and not section.has_base]
    return f"null = {wanting[0].null!r} of events {wanting[0].name!r} needs people: add [population]" if wanting else ""


def _of_expected(study: Any) -> str:
    """Return which expected counts can't be made, as far as the study file alone shows, or may not be published."""
    for section in study.events:
        if section.has_expected and (problem := _of_expected_counts(study, section)):
            return f"events {section.name!r}: {problem}"
    return ""


def _of_expected_counts(study: Any, section: Any) -> str:
    null = section.null or study.analysis.null
    if null == "randomisation":
        return "expected counts do nothing with null = 'randomisation': take 'scattered-risk'"
    if section.standardise_by_age and study.population_by_age is None:
        return "standardise_by_age needs people by age: add [population_by_age]"
    if study.population is None and not (section.standardise_by_age or (section.expected and section.file_of_counts)):
        return "expected counts need people: add [population]"
    return _of_given(study, section) or (_kept_back(study, section) if study.profile == "publish" else "")


def _of_given(study: Any, section: Any) -> str:
    """Return which covariate no section has."""
    for name in section.given or ():
        if not study.means_deprivation(name) and study.covariates is None:
            known = "[deprivation], or [covariates] with this column"
            return f"given = {name!r} is not known: add {known}"
    return ""


def _kept_back(study: Any, section: Any) -> str:
    """Return what expected counts would publish of unreleased records: they are not protected as counts by area are."""
    if section.release == UNRELEASED and section.standardise_by_age:
        return (
            "standardise_by_age is not for unreleased records in a publish study: counts by age and by area of the "
            "same records, taken together, could reveal suppressed counts"
        )
    if section.release == UNRELEASED and section.expected is not None and section.file_of_counts:
        return "expected is a column of unreleased counts: in a publish study, put it in the file of [population]"
    deprivation = study.deprivation
    of_it = deprivation is not None and any(map(study.means_deprivation, section.given or ()))
    return "given names [deprivation], which is unreleased" if of_it and deprivation.release == UNRELEASED else ""


def _of_titles(study: Any) -> str:
    """Return which title two sections share: a reader could not tell their pages apart."""
    kinds: tuple[tuple[str, list[Any]], ...] = (
        ("event sections", [*study.events, *study.comparisons]),
        ("series", [*study.series, *study.recorded]),
    )
    for kind, sections in kinds:
        titles = [section.title.casefold() for section in sections]
        twice = [section.title for section in sections if titles.count(section.title.casefold()) > 1]
        if twice:
            return f"two {kind} share the title {twice[0]!r}: readers could not distinguish them"
    return ""


def _of_density(study: Any) -> str:
    """Return which setting of [density] changes no surface, as there is none that it could change."""
    density, spread = study.density, any(section.density for section in study.events)
    if (density.risk_bandwidth or density.risk_cell) and not study.comparisons:
        if not density.risk:
            return "density.risk_bandwidth and risk_cell do nothing with risk = false and no [[comparisons]]"
        if study.population is None:
            return "density.risk_bandwidth and risk_cell do nothing without [population] and [[comparisons]]"
    if spread:
        return ""
    used = {"risk"}
    used |= {"kernel", "bandwidth", "risk_bandwidth", "risk_cell"} if study.comparisons else set()
    used |= {"kernel", "cell"} if study.predictions else set()
    fields = type(density).model_fields
    idle = [name for name in fields if name not in used and getattr(density, name) != fields[name].default]
    if not idle:
        return ""
    return f"density.{idle[0]} does nothing: no event section has density = true, and nothing else here uses it"


def _of_measure(study: Any) -> str:
    """Return a setting of randomisation that has no effect, as every event section has another null hypothesis."""
    analysis = study.analysis
    if any((section.null or analysis.null) in (None, "randomisation") for section in study.events):
        return ""
    why = "does nothing: every event section has a null of risk of its own"
    if analysis.measure != "count":
        return f"analysis.measure = {analysis.measure!r} {why}"
    return f"analysis.conditional {why}" if analysis.conditional else ""


def _of_one_series(study: Any) -> str:
    """Return what is wrong with series, as far as the study file alone shows."""
    formats = {section.name: section.format for section in study.events}
    for section in study.series:
        if section.events not in formats:
            return f"series {section.name!r} is of {section.events!r}, which is not an event section"
        if formats[section.events] == "counts":
            return f"series {section.name!r} is of {section.events!r}, which is a table of counts: events are needed"
    series_names = [section.name for section in (*study.series, *study.recorded)]
    twice = sorted({name for name in series_names if series_names.count(name) > 1})
    return f"two series share the name {twice[0]!r}" if twice else ""


def _of_surfaces(study: Any) -> str:
    """Return what is wrong with comparisons and predictions, as far as the study file alone shows."""
    names = [section.name for section in study.events]
    of_comparisons = [(f"comparison {one.name!r}", name) for one in study.comparisons for name in one.sources]
    of_predictions = [("a prediction", section.events) for section in study.predictions]
    for label, source in (*of_comparisons, *of_predictions):
        if source not in names:
            return f"{label} is of {source!r}, which is not an event section"
        if study.events[names.index(source)].format == "counts":
            return f"{label} is of {source!r}, which is a table of counts: events are needed"
    prediction_names = [section.name for section in study.predictions]
    twice = sorted({name for name in prediction_names if prediction_names.count(name) > 1})
    if twice:
        return f"two predictions would share the name {twice[0]!r}: let their years differ"
    comparison_names = [section.name for section in study.comparisons]
    twice = sorted({name for name in comparison_names if comparison_names.count(name) > 1 or name in names})
    if twice:
        return f"the comparison {twice[0]!r} shares its name with another section"
    for comparison in study.comparisons:
        first = next(section for section in study.events if section.name == comparison.events)
        second = next(section for section in study.events if section.name == comparison.sources[1])
        spans = comparison.years or first.years, comparison.against_years or second.years
        if first is second and _overlap(*spans):
            label = f"comparison {comparison.name!r} compares {comparison.events!r} with itself"
            return f"{label}: the years of both sides overlap"
    return ""


def _of_clusters(study: Any) -> str:
    """Return what is wrong with the clusters, as far as the study file alone shows."""
    formats = {section.name: section.format for section in study.events}
    scanned = [(name, one.by is not None) for one in study.clusters for name in one.events]
    unknown = [name for name, _ in scanned if name not in formats]
    if unknown:
        return f"clusters are of {unknown[0]!r}, which is not an event section"
    twice = [name for name, in_time in scanned if scanned.count((name, in_time)) > 1]
    if twice:
        return f"two sections of clusters are of {twice[0]!r}: name each source once"
    undated = [name for name, in_time in scanned if in_time and formats[name] == "counts"]
    if undated:
        return f"clusters in space and time are of {undated[0]!r}, which has counts without dates"
    if study.population is None and any(section.needs_people for section in study.clusters):
        return "[[clusters]] needs people: add [population]"
    return ""


def _of_stability(study: Any) -> str:
    """Return what is wrong with the section on stability, as far as the study file alone shows."""
    if study.stability is None:
        return ""
    events = {section.name: section for section in study.events}
    for name in study.stability.events:
        if name not in events:
            return f"[stability] is of {name!r}, which is not an event section"
        if study.stability.events.count(name) > 1:
            return f"[stability] names {name!r} twice"
    needing = set(study.stability.nulls or ()) - {"randomisation"}
    if needing and study.population is None:
        return f"[stability] with {sorted(needing)[0]!r} needs people: add [population]"
    return ""


def _overlap(one: tuple[int, int] | None, other: tuple[int, int] | None) -> bool:
    """Whether two spans share a year; one without bounds holds every year."""
    return one is None or other is None or (one[0] <= other[1] and other[0] <= one[1])


CHECKS: Final[tuple[Callable[[Any], str], ...]] = (
    _of_one_series,
    _of_surfaces,
    _of_clusters,
    _of_stability,
    _of_places,
    _of_population,
    _of_expected,
    _of_titles,
    _of_density,
    _of_measure,
    collision,
)
