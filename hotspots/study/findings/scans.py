"""The most likely clusters of a study's sources: in space, and in space and time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hotspots.study.findings.results import Findings, attempt

if TYPE_CHECKING:
    from hotspots.study.inputs import Inputs, Report
    from hotspots.study.settings import ClustersSection, Study

__all__ = ["scan"]


def scan(study: Study, inputs: Inputs, findings: Findings, report: Report) -> None:
    """Add the most likely clusters of every source that is to be scanned."""
    for section in study.clusters:
        ready = inputs.counts if section.by is None else inputs.period_counts
        for name in section.events:
            if name in ready:
                what = f"{section.finds} of {inputs.counts[name].title}"
                report(f"Looking for {what}")
                attempt(findings, what, _add_clusters, study, section, name, inputs)


def _add_clusters(findings: Findings, _: Study, section: ClustersSection, name: str, inputs: Inputs) -> None:
    from hotspots.analysis.autocorrelation import locate_clusters
    from hotspots.analysis.scan import scan_clusters, scan_space_time

    given: dict[str, Any] = {"share": section.share, "radius": section.radius, "level": section.level}
    given |= {"draws": section.draws, "rng": section.seed}
    if section.by is None:
        own: dict[str, Any] = {"null": section.null, "zones": section.zones, "secondary": section.secondary}
        clusters = findings.clusters[name] = scan_clusters(inputs.counts[name], **own, **given)
    else:
        own = {"model": section.model, "prospective": section.prospective, "longest": section.longest}
        clusters = findings.space_time[name] = scan_space_time(inputs.period_counts[name], **own, **given)
    findings.cluster_places[clusters.stem] = locate_clusters(clusters, inputs.area, labels=inputs.labels)
