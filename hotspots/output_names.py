"""The names of everything that a run can write, known from the study file alone: two that are alike are refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from hotspots.vocabulary import SURFACE_STEMS

__all__ = ["collision", "output_names"]

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
    yield from ((name, "every run") for name in ("hotspots", "briefing", "summary"))
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
