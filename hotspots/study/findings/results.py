"""What a study found, step by step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hotspots.errors import AnalysisError, reason_of

if TYPE_CHECKING:
    import pandas as pd

    from hotspots.analysis.density import BestBandwidth
    from hotspots.analysis.schools import Finding
    from hotspots.model import (
        Agreement,
        Clusters,
        Contours,
        Extract,
        Hotspot,
        HotspotResult,
        Hotspots,
        SchoolResult,
        Series,
        Stability,
        Surface,
    )
    from hotspots.study.settings import Study

__all__ = ["Change", "Findings", "attempt"]


@dataclass(frozen=True, slots=True)
class Change:
    """A series by year against its base year."""

    years: Series
    base: str
    table: pd.DataFrame


@dataclass(slots=True)
class Findings:
    """What a study found, and what it left out and why.

    `hotspots` are those of the Gi* result of this source, the largest first; `possible_hotspots` those that depend on
    suppressed counts; `lettered` all of these with their letters; `place_hotspots` those in one place, by source and
    name of the place. `contours` are those of the surface with this stem, `raised` the places of raised risk
    in them; `clusters` those in space of this source, `space_time` those in space and time, and `cluster_places` where
    each of those with this stem lies; `stability` and `agreement` how far its hot areas depend on choices and methods;
    `best_bandwidths` those of the prediction of this name; `change_points` and `changes` those of the series of this
    name.
    """

    results: list[HotspotResult] = field(default_factory=list)
    hotspots: dict[str, tuple[Hotspot, ...]] = field(default_factory=dict)
    possible_hotspots: dict[str, tuple[Hotspot, ...]] = field(default_factory=dict)
    lettered: Hotspots | None = None
    place_hotspots: dict[tuple[str, str], tuple[Hotspot, ...]] = field(default_factory=dict)
    surfaces: list[Surface] = field(default_factory=list)
    contours: dict[str, Contours] = field(default_factory=dict)
    raised: dict[str, tuple[Hotspot, ...]] = field(default_factory=dict)
    clusters: dict[str, Clusters] = field(default_factory=dict)
    space_time: dict[str, Clusters] = field(default_factory=dict)
    cluster_places: dict[str, tuple[Hotspot, ...]] = field(default_factory=dict)
    stability: dict[str, Stability] = field(default_factory=dict)
    agreement: dict[str, Agreement] = field(default_factory=dict)
    predictions: dict[str, Extract] = field(default_factory=dict)
    best_bandwidths: dict[str, BestBandwidth] = field(default_factory=dict)
    schools: SchoolResult | None = None
    school_findings: dict[str, Finding] = field(default_factory=dict)
    clustering: dict[str, pd.DataFrame] = field(default_factory=dict)
    correlograms: dict[str, pd.DataFrame] = field(default_factory=dict)
    change_points: dict[str, Extract] = field(default_factory=dict)
    changes: dict[str, Change] = field(default_factory=dict)
    extracts: list[Extract] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def scans(self) -> list[Clusters]:
        """Clusters in space of all sources, then those in space and time."""
        return [*self.clusters.values(), *self.space_time.values()]


def attempt(findings: Findings, what: str, step: Callable[..., None], study: Study, *arguments: Any) -> None:
    """Take one step; a surface that can't be made stops no other, and is listed with the reason."""
    try:
        step(findings, study, *arguments)
    except AnalysisError as error:
        findings.left_out[what] = reason_of(error)
