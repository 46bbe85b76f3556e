"""A study's inputs in, its findings out: every analysis that the study file asks for, in its order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hotspots.disclosure import keeps_back
from hotspots.errors import AnalysisError, reason_of
from hotspots.study.findings.authorities import make_extracts
from hotspots.study.findings.results import Findings, attempt
from hotspots.study.findings.scans import scan
from hotspots.study.inputs import empty_sides, need_index, nothing_happened

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from hotspots.analysis.autocorrelation import Neighbours
    from hotspots.model import (
        Ages,
        AreaCounts,
        Contours,
        Events,
        Hotspot,
        HotspotResult,
        SchoolResult,
        StudyArea,
        Surface,
    )
    from hotspots.study.inputs import Inputs, Report
    from hotspots.study.settings import ComparisonSection, PredictionSection, StabilitySection, Study
    from hotspots.vocabulary import RiskNull

__all__ = ["analyse"]

FLAGGED: Final = 0.05
"""Share of the area for which the best bandwidth is named where a table has several."""

AGES_OF_SECONDARY: Final = ((11, 15), (10, 14), (10, 15), (0, 15), (0, 17))
"""Children whom state-funded secondaries compete for, or what comes near, where a file has wider bands."""


def analyse(study: Study, inputs: Inputs, *, report: Report) -> Findings:
    """Return what a study finds in its inputs.

    Parameters
    ----------
    study
        The settings.
    inputs
        From `reading.read_inputs`: counts have been through the gate.
    report
        Told each step.
    """
    findings = Findings(left_out=dict(inputs.left_out))
    report("Linking the neighbours")
    neighbours = _link(study, inputs)
    for name, counts in inputs.counts.items():
        report(f"Testing {counts.title}")
        if nothing_happened(counts):
            findings.left_out[f"hotspots of {counts.title}"] = "no event lies in the study area"
            continue
        attempt(findings, f"hotspots of {counts.title}", _add_tests, study, name, inputs, neighbours)
        if study.analysis.global_statistics:
            report(f"Measuring the clustering of {counts.title}")
            _measure_clustering(name, counts, neighbours, findings)
    scan(study, inputs, findings, report)
    _make_surfaces(study, inputs, findings, report)
    _vary(study, inputs, findings, report)
    _name_places(findings, inputs)
    if inputs.schools is not None and inputs.deprivation is not None:
        report("Comparing the schools with deprivation")
        attempt(findings, "schools against deprivation", _compare_schools, study, inputs)
    make_extracts(study, inputs, findings, report)
    return findings


def _link(study: Study, inputs: Inputs) -> Neighbours:
    from hotspots.analysis.autocorrelation import link_neighbours

    settings = study.analysis
    return link_neighbours(inputs.area, rule=settings.neighbours, number=settings.number, distance=settings.distance)


def _add_tests(findings: Findings, study: Study, name: str, inputs: Inputs, neighbours: Neighbours) -> None:
    from functools import partial

    from hotspots.analysis.autocorrelation import find_hotspots, link_neighbours, possible_hotspots

    star, moran = _test(study, name, inputs, neighbours)
    findings.results += [star, moran]
    queen = neighbours if study.analysis.neighbours == "queen" else link_neighbours(inputs.area, rule="queen")
    find = partial(find_hotspots, star, inputs.area, labels=inputs.labels, links=queen)
    findings.hotspots[name] = find()
    findings.possible_hotspots[name] = possible_hotspots(star, inputs.area, labels=inputs.labels, links=queen)
    for section in study.places:
        findings.place_hotspots[name, section.name] = find(place=section.place)


def _test(study: Study, name: str, inputs: Inputs, neighbours: Neighbours) -> list[Any]:
    from hotspots.analysis.autocorrelation import getis_ord, local_moran

    section = next(section for section in study.events if section.name == name)
    null = section.null or study.analysis.null
    analysis, counts = study.analysis, inputs.counts[name]
    settings: dict[str, Any] = {
        "null": null, "mid_p": analysis.mid_p, "adjustment": analysis.adjustment, "level": analysis.level,
    }  # fmt: skip
    # The measure and the conditional form belong to randomisation.
    is_randomisation = null == "randomisation"
    if is_randomisation:
        settings["measure"] = analysis.measure
    star = getis_ord(counts, neighbours, conditional=is_randomisation and analysis.conditional, **settings)
    return [star, local_moran(counts, neighbours, **settings)]


def _measure_clustering(name: str, counts: AreaCounts, neighbours: Neighbours, findings: Findings) -> None:
    """Add the global statistics and the correlogram of one source, or the reason why there are none."""
    from hotspots.analysis.autocorrelation import correlogram, global_statistics

    try:
        findings.clustering[name] = global_statistics(counts, neighbours)
        findings.correlograms[name] = correlogram(counts)
    except AnalysisError as error:
        # A source of which nothing can be said stops no other.
        findings.left_out[f"clustering of {counts.title}"] = reason_of(error)


def _vary(study: Study, inputs: Inputs, findings: Findings, report: Report) -> None:
    """Add in how many variants of the analysis areas are hot, and by how many methods, of every source asked for."""
    section = study.stability
    for name in () if section is None else section.events:
        tested = [result for result in findings.results if result.name == name]
        if section is None or not tested:
            continue
        title = inputs.counts[name].title
        report(f"Varying the analysis of {title}")
        attempt(findings, f"stability of {title}", _add_stability, study, section, name, inputs)
        if section.agreement:
            attempt(findings, f"agreement of methods on {title}", _add_agreement, study, name, tested)


def _add_stability(findings: Findings, study: Study, section: StabilitySection, name: str, inputs: Inputs) -> None:
    from hotspots.analysis.stability import default_kinds, default_nulls, stability

    settings, counts = study.analysis, inputs.counts[name]
    given = {"rule": settings.neighbours, "number": settings.number, "distance": settings.distance}
    own = {key: value for key, value in given.items() if value is not None}
    null = next(one for one in study.events if one.name == name).null or settings.null
    nulls = default_nulls(counts) if null is None else tuple(dict.fromkeys((null, *default_nulls(counts))))
    findings.stability[name] = stability(
        counts,
        neighbours=[own, *(kind for kind in default_kinds(counts.area) if kind != own)],
        nulls=section.nulls or nulls,
        adjustment=settings.adjustment,
        level=settings.level,
    )


def _add_agreement(findings: Findings, _: Study, name: str, tested: Sequence[HotspotResult]) -> None:
    from hotspots.analysis.stability import agreement

    clusters = [findings.clusters[name]] if name in findings.clusters else []
    risks = [one for one in findings.surfaces if one.name == name and one.kind == "relative-risk"]
    findings.agreement[name] = agreement([*tested, *clusters, *(findings.contours[one.stem] for one in risks)])


# --------------------------------------------------------------------------- surfaces


def _make_surfaces(study: Study, inputs: Inputs, findings: Findings, report: Report) -> None:
    """Add the surfaces of every source and of every comparison, and the accuracy of predictions."""
    for section in study.events:
        if section.density and section.name in inputs.counts:
            report(f"Making the surface of {section.title}")
            attempt(findings, f"density surface of {section.title}", _spread, study, section.name, inputs)
    empty = empty_sides(study, inputs.area, comparisons=inputs.comparisons, predictions=inputs.predictions)
    findings.left_out |= empty
    for comparison in study.comparisons:
        label = f"comparison {comparison.title}"
        if comparison.name in inputs.comparisons and label not in empty:
            report(f"Comparing {comparison.title}")
            attempt(findings, label, _compare, study, comparison, inputs)
    for prediction in study.predictions:
        pair = inputs.predictions.get(prediction.name)
        label = f"prediction of {pair[0].title if pair else prediction.events}"
        if pair and label not in empty:
            report(f"Predicting {pair[0].title}")
            attempt(findings, label, _predict, study, prediction, inputs)


def _spread(findings: Findings, study: Study, name: str, inputs: Inputs) -> None:
    """Add the density of one source, and its risk: a kernel density of points, or areal interpolation of counts.

    Unreleased points of people make no surface: their protected counts by area are interpolated instead.
    """
    from hotspots.analysis.density import kernel_density
    from hotspots.analysis.interpolation import smooth_counts, spread_counts
    from hotspots.analysis.risk import top_contours

    counts, events, settings = inputs.counts[name], inputs.events.get(name), study.density
    if float(counts.table["observed_high"].sum()) == 0:
        findings.left_out[f"density surface of {counts.title}"] = "no event lies in the study area"
        return
    located = events is not None and bool(events.table["easting"].notna().any())
    if events is not None and located and not keeps_back(study, events):
        surface = kernel_density(
            events,
            inputs.area,
            bandwidth=settings.bandwidth,
            cell=settings.cell,
            kernel=settings.kernel,
            edge=settings.edge,
            adaptive=settings.adaptive,
            events_beyond_border=settings.events_beyond_border,
        )
        _add(findings, surface, top_contours(surface, events=events, area=inputs.area, share=settings.densest))
        _add_risk(findings, study, events, inputs)
    elif counts.hidden:
        surface = smooth_counts(
            counts, cell=settings.cell, kernel=settings.kernel, minimum_events=settings.minimum_events
        )
        _add(findings, surface, top_contours(surface, area=inputs.area, share=settings.densest))
    else:
        # No contours: detail inside an area is invented, and a densest part of it would pass for a place.
        findings.surfaces.append(spread_counts(counts))


def _add(findings: Findings, surface: Surface, contours: Contours) -> None:
    findings.surfaces.append(surface)
    findings.contours[surface.stem] = contours


def _add_risk(findings: Findings, study: Study, events: Events, inputs: Inputs) -> None:
    """Add where the risk of one source's events is raised, if it is known how many people live where."""
    from hotspots.analysis.risk import relative_risk

    settings = study.density
    if not settings.risk:
        return
    if not inputs.area.has_population:
        findings.left_out[f"surface of the risk of {events.title}"] = "the study has no population"
        return
    surface = relative_risk(
        events,
        inputs.area,
        null=_null_of_surfaces(study, events.name),
        bandwidth=settings.risk_bandwidth or settings.bandwidth,
        cell=settings.risk_cell,
        kernel=settings.kernel,
    )
    _add(findings, surface, _tolerance(study, surface, events, inputs.area))


def _null_of_surfaces(study: Study, name: str) -> RiskNull:
    """Return the null hypothesis of a source's surfaces: that of its areas, so that one briefing has one.

    Values placed on areas at random have no equivalent on a surface, where risks scatter then.
    """
    asked = next((section.null for section in study.events if section.name == name), None) or study.analysis.null
    return "scattered-risk" if asked is None or asked == "randomisation" else asked


def _tolerance(study: Study, surface: Surface, events: Events, area: StudyArea) -> Contours:
    from hotspots.analysis.risk import FEWEST_IN_PLACE, SMALLEST_PLACE_KM2, tolerance_contours

    return tolerance_contours(
        surface,
        events=events,
        area=area,
        level=study.analysis.level,
        adjustment=study.analysis.adjustment,
        smallest_km2=SMALLEST_PLACE_KM2,
        fewest_events=FEWEST_IN_PLACE,
    )


def _compare(findings: Findings, study: Study, comparison: ComparisonSection, inputs: Inputs) -> None:
    from hotspots.analysis.risk import compare_densities

    first, second = inputs.comparisons[comparison.name]
    settings = study.density
    surface = compare_densities(
        first,
        second,
        area=inputs.area,
        measure=comparison.measure,
        null=_null_of_surfaces(study, comparison.events or ""),
        bandwidth=settings.risk_bandwidth or settings.bandwidth,
        cell=settings.risk_cell,
        kernel=settings.kernel,
    )
    surface = surface.with_identity(name=comparison.name, title=comparison.title)
    _add(findings, surface, _tolerance(study, surface, first, inputs.area))


def _predict(findings: Findings, study: Study, prediction: PredictionSection, inputs: Inputs) -> None:
    from hotspots.analysis.density import best_bandwidth, predictive_accuracy

    past, future = inputs.predictions[prediction.name]
    found = predictive_accuracy(
        past,
        future,
        area=inputs.area,
        bandwidths=prediction.bandwidths,
        shares=prediction.shares,
        kernel=study.density.kernel,
        cell=study.density.cell,
    )
    findings.predictions[prediction.name] = found
    share = min(found.table["share_of_area"], key=lambda tried: abs(tried - FLAGGED))
    findings.best_bandwidths[prediction.name] = best_bandwidth(found, share=share)


def _name_places(findings: Findings, inputs: Inputs) -> None:
    """Locate the places of raised risk; give each place one name on all maps, and letters to hotspots."""
    from hotspots.analysis.autocorrelation import name_alike, raised_places

    for surface in findings.surfaces:
        if surface.kind == "relative-risk" and surface.stem in findings.contours:
            found = raised_places(findings.contours[surface.stem], inputs.area, labels=inputs.labels)
            findings.raised[surface.stem] = found
    tables: tuple[dict[Any, tuple[Hotspot, ...]], ...] = (
        findings.hotspots,
        findings.possible_hotspots,
        findings.raised,
        findings.cluster_places,
        findings.place_hotspots,
    )
    named = iter(name_alike([group for table in tables for group in table.values()], inputs.area, inputs.labels))
    for table in tables:
        for key in table:
            table[key] = next(named)
    _letter(findings, inputs)


def _letter(findings: Findings, inputs: Inputs) -> None:
    """Give hotspots their letters: those that are certain first, then those that depend on suppressed counts."""
    from hotspots.analysis.autocorrelation import letter_hotspots, letter_parts, tabulate_hotspots

    if not findings.results:
        return
    sources = list(dict.fromkeys(result.name for result in findings.results))
    both = {name: (*one, *findings.possible_hotspots[name]) for name, one in findings.hotspots.items()}
    lettered = letter_hotspots(both, sources)
    for name, hotspots in lettered.items():
        certain = len(findings.hotspots[name])
        findings.hotspots[name], findings.possible_hotspots[name] = hotspots[:certain], hotspots[certain:]
    for (name, place), parts in findings.place_hotspots.items():
        findings.place_hotspots[name, place] = letter_parts(parts, lettered[name])
    findings.lettered = tabulate_hotspots(lettered, findings.results, inputs.area)


# --------------------------------------------------------------------------- schools


def _compare_schools(findings: Findings, study: Study, inputs: Inputs) -> None:
    """Add the comparison of schools with deprivation, and the spatial analyses of the schools."""
    from hotspots.analysis.schools import diverging_schools

    assert study.schools is not None
    assert inputs.schools is not None
    assert inputs.deprivation is not None
    need_index(inputs.deprivation, inputs.area)
    findings.schools = diverging_schools(
        inputs.schools,
        inputs.deprivation,
        area=inputs.area,
        placed=inputs.placed,
        level=study.analysis.level,
        covariates=study.schools.covariates,
        children=None if inputs.ages is None else _children(inputs.ages),
        decay=study.schools.catchment_decay,
    )
    _analyse_schools_in_space(study, findings.schools, findings)


def _children(ages: Ages) -> pd.Series | None:
    """Return children of secondary age by area, named by their ages; None where the bands can't tell."""
    for youngest, oldest in AGES_OF_SECONDARY:
        children = ages.between(youngest, oldest)
        if children is not None:
            return children.rename(f"residents of {youngest} to {oldest} years")
    return None


def _analyse_schools_in_space(study: Study, result: SchoolResult, findings: Findings) -> None:
    """Add the spatial analyses of the schools; one that needs more schools is listed as left out."""
    from hotspots.analysis.schools import (
        Finding,
        authority_effects,
        bivariate_moran,
        local_bivariate_moran,
        residual_clustering,
    )

    school_analyses: dict[str, Callable[[], Finding]] = {
        "neighbours": lambda: residual_clustering(result),
        "authorities": lambda: authority_effects(result),
        "deprivation_around": lambda: bivariate_moran(result),
        "deprivation_around_each": lambda: local_bivariate_moran(result, level=study.analysis.level),
    }
    for name, analyse in school_analyses.items():
        try:
            findings.school_findings[name] = analyse()
        except AnalysisError as error:
            label = f"schools and their {name.replace('_', ' ')}"
            findings.left_out[label] = reason_of(error)
