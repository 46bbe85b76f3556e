"""The most likely clusters of a study's sources: in space, and in space and time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotspots.study.findings.results import Findings, attempt

if TYPE_CHECKING:
    from hotspots.study.inputs import Inputs, Report
    from hotspots.study.settings import ClustersSection, Study

__all__ = ["scan"]


def scan(study: Study, inputs: Inputs, findings: Findings, report: Report) -> None:
    """Add the most likely clusters of every source that is to be scanned."""
    for section in study.clusters:
        ready, add = (inputs.counts, _add_clusters) if section.by is None else (inputs.period_counts, _add_space_time)
        for name in section.events:
            if name in ready:
                what = f"{section.finds} of {inputs.counts[name].title}"
                report(f"Looking for {what}")
                attempt(findings, what, add, study, section, name, inputs)


def _add_clusters(findings: Findings, study: Study, section: ClustersSection, name: str, inputs: Inputs) -> None:
    from hotspots.analysis.autocorrelation import locate_clusters
    from hotspots.analysis.scan import scan_clusters

    clusters = scan_clusters(
        inputs.counts[name],
        null=section.null,
        share=section.share,
        radius=section.radius,
        zones=section.zones,
        secondary=section.secondary,
        level=section.level,
        draws=section.draws,
        rng=section.seed,
    )
    findings.clusters[name] = clusters
    findings.cluster_places[clusters.stem] = locate_clusters(clusters, inputs.area, labels=inputs.labels)


def _add_space_time(findings: Findings, _: Study, section: ClustersSection, name: str, inputs: Inputs) -> None:
    from hotspots.analysis.autocorrelation import locate_clusters
    from hotspots.analysis.scan import scan_space_time

    clusters = scan_space_time(
        inputs.period_counts[name],
        model=section.model,
        prospective=section.prospective,
        longest=section.longest,
        share=section.share,
        radius=section.radius,
        level=section.level,
        draws=section.draws,
        rng=section.seed,
    )
    findings.space_time[name] = clusters
    findings.cluster_places[clusters.stem] = locate_clusters(clusters, inputs.area, labels=inputs.labels)
