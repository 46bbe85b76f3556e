"""How surfaces and their contours were made: bandwidths, kernels, cells and tests as typed values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from hotspots.model.base import AS_LIST, BESIDE, WHERE_KNOWN, Coverage, Recorded, written_as
from hotspots.vocabulary import (
    Adjustment,
    BandwidthRule,
    DensestPart,
    Edge,
    Kernel,
    PlacedBy,
    SpreadMethod,
    SurfaceInference,
    Totals,
)

__all__ = [
    "AdaptiveBandwidths",
    "BandwidthChoice",
    "ComparisonMethod",
    "ContourMethod",
    "DensestContours",
    "DensityMethod",
    "InterpolationMethod",
    "JudgedCells",
    "LabelsNull",
    "RiskMethod",
    "SmoothedCountsMethod",
    "Smoothing",
    "SurfaceMethod",
    "ToleranceContours",
]

RiskSurfaceNull = Literal["proportional-to-people", "scattered-risk", "exchangeable-risk"]
"""Events fall in proportion to people; or to people times a risk that areas draw from a distribution of any form, or
from a gamma."""
LabelsNull = Literal["labels-held", "labels-by-years", "labels-scattered", "labels-exchangeable"]
"""Labels are shared out among all events, their number held; each event has its label by itself, by the share of years;
or by a share that areas draw from a distribution of any form, or from a beta."""
SurfaceNull = RiskSurfaceNull | LabelsNull
NULL_WRITTEN: Final[Mapping[SurfaceNull, str]] = {
    "proportional-to-people": "events fall independently, in proportion to people",
    "labels-held": "the number of labels is held",
    "labels-by-years": "each event by itself, by share of years",
    "scattered-risk": "events fall in proportion to people times a risk that scatters from area to area",
    "exchangeable-risk": "events fall in proportion to people times a risk that scatters from area to area as a gamma",
    "labels-scattered": "each event by itself, by a share that scatters from area to area",
    "labels-exchangeable": "each event by itself, by a share that scatters from area to area as a beta distribution",
}
EDGE_WRITTEN: Final = {
    "beyond": "none, as events beyond the border are used",
    "cancels": "cancels in the ratio",
    "diggle-on-cells": "diggle, on the cells",
}
SMOOTHED_WRITTEN: Final = {"even-smoothed": "counts by area, spread evenly and smoothed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class BandwidthChoice(Recorded):
    """Where a bandwidth is from, and what else it could have been; all in metres."""

    rule: BandwidthRule | Literal["asked"]
    """The rule that gave it (raised to the floor of map points or not), or ``"asked"`` where it was given."""
    by_rule: Mapping[BandwidthRule, float]
    """Rule → bandwidth it gives."""
    radius_per_standard_deviation: float
    """Bandwidth of the kernel over the standard deviation of a Gaussian as smooth."""
    map_point_spacing_m: float | None
    """Typical distance between map points; None where events are at none."""
    bandwidth_floor_m: float | None
    """The least bandwidth that map points allow; None without map points."""
    share_on_shared_points: float
    """Share of events that share their point with another, 0 to 1."""

    def as_dict(self) -> dict[str, Any]:
        """Return where the bandwidth is from: a key for each rule."""
        return {
            "bandwidth_rule": "asked for" if self.rule == "asked" else self.rule,
            **{f"bandwidth_{rule.replace('-', '_')}_m": metres for rule, metres in self.by_rule.items()},
            "radius_per_standard_deviation": self.radius_per_standard_deviation,
            "map_point_spacing_m": self.map_point_spacing_m,
            "bandwidth_floor_m": self.bandwidth_floor_m,
            "share_on_shared_points": self.share_on_shared_points,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class AdaptiveBandwidths(Recorded):
    """Bandwidths of single events, in metres: the least, the median and the most."""

    adaptive_bandwidth_least_m: float
    adaptive_bandwidth_median_m: float
    adaptive_bandwidth_most_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DensityMethod(Recorded):
    """How a density was made of events."""

    kernel: Kernel
    """Name of the kernel."""
    edge_correction: Edge | Literal["beyond"] = field(metadata=written_as(EDGE_WRITTEN))
    """What was done at the border; ``"beyond"`` where events beyond it are used, so that nothing is corrected."""
    events_beyond_border_used: int
    """How many these are."""
    bandwidth_m: float
    """In metres: radius, or standard deviation of a Gaussian."""
    bandwidth: BandwidthChoice = field(metadata=BESIDE)
    """Where it is from."""
    adaptive: bool
    bandwidths: AdaptiveBandwidths | None = field(metadata=BESIDE)
    """Whether each event has a bandwidth of its own, and which; None otherwise."""
    cell_m: float
    """Side of a cell in metres."""
    exact: bool
    """Whether every cell is exact to 1e-6 of the peak."""
    years: float | None
    """What the density was divided by, or None."""
    cover: Coverage | None = field(metadata=BESIDE)
    """The months it covers, or None where unknown."""
    weights: str | None
    """Column that says how much an event counts, or None."""
    events_used: int
    events_outside: int
    """Numbers of events inside the study area and outside."""
    distinct_points: int
    """Number of places that the events used lie on."""
    integral_analytic: float | None
    integral_cells: float
    """Sum over the study area in events: in closed form, where there is one, and over the cells."""
    integral_relative_difference: float | None
    """The second over the first, less 1; None where there are no events."""
    placed_by: PlacedBy
    """Whether events are placed where they happened or at home."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Smoothing(Recorded):
    """How the smoothing of a pycnophylactic surface went."""

    steps: int
    """Number of steps."""
    last_change: float
    """Largest change of a cell in one more step, as a share of the mean cell."""
    tolerance: float
    """The change at which it stops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InterpolationMethod(Recorded):
    """How counts of areas were spread over their cells."""

    method: SpreadMethod
    """As smooth as can be, or evenly."""
    cell_m: float
    """Side of a cell in metres."""
    years: float | None
    cover: Coverage | None = field(metadata=BESIDE)
    """What the density was divided by, and the months it covers; None where unknown."""
    areas: int
    areas_hidden: int
    areas_without_count: int
    areas_without_cell: int
    """Numbers of areas: all; those whose count is suppressed; those without a count; those so small that no cell has
    its centre in them, so that their count is in a neighbouring one."""
    rule: str
    """Name of the rule under which counts were protected; empty without one."""
    smoothing: Smoothing | None = field(metadata=BESIDE)
    """How it went, or None where nothing was smoothed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmoothedCountsMethod(Recorded):
    """How counts of areas were spread evenly and smoothed, until every peak was based on enough events."""

    method: Literal["even-smoothed"] = field(metadata=written_as(SMOOTHED_WRITTEN))
    """How counts became a surface."""
    kernel: Kernel
    """Name of the kernel."""
    radius_m: float
    cell_m: float
    """Radius of the kernel and side of a cell, in metres."""
    years: float | None
    """What the density was divided by, or None."""
    least_events_asked: int
    least_events_under_a_peak: float
    """Fewest events that a peak must be based on, and that one is based on."""
    areas_hidden: int
    """Number of areas whose count is suppressed."""
    edge_correction: Literal["diggle-on-cells"] = field(metadata=written_as(EDGE_WRITTEN))
    """What was done at the border."""
    cover: Coverage | None = field(metadata=BESIDE)
    """The months it covers, or None where unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedCells(Recorded):
    """Kernel and cells of a tested surface."""

    kernel: Kernel
    """Name of the kernel."""
    bandwidth_m: float
    cell_m: float
    """Bandwidth and side of a cell, in metres."""
    cells_judged: int
    cells_not_judged: int
    """Numbers of cells tested, and of those with too few events or people for that."""
    bandwidth: BandwidthChoice = field(metadata=BESIDE)
    """Where the bandwidth is from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskMethod(Recorded):
    """How a surface of risk was made: events per resident against the average."""

    cells: JudgedCells = field(metadata=BESIDE)
    """Kernel and cells."""
    null: RiskSurfaceNull = field(metadata=written_as(NULL_WRITTEN))
    """What was tested."""
    risks: tuple[tuple[float, float], ...] | None = field(metadata=AS_LIST | WHERE_KNOWN)
    """Risks of areas, relative to the average, each with its share of the areas; None where all have the same."""
    gamma_shape: float | None = field(default=None, metadata=WHERE_KNOWN)
    """Shape of the gamma that areas draw their risks from, or None: one over the variance of risks."""
    edge_correction: Literal["cancels"] = field(metadata=written_as(EDGE_WRITTEN))
    """What was done at the border."""
    inference: SurfaceInference
    simulations: int | None
    """How p-values were computed, and the number of maps simulated, or None."""
    least_expected_events: float
    """Fewest expected events with which a cell was tested."""
    events_used: int
    people: float
    """Numbers of events and people in the study area."""
    people_spread: str
    """How people were spread over the cells, in a sentence."""
    placed_by: PlacedBy
    """Whether events are placed where they happened or at home."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonMethod(Recorded):
    """How the density of one file of events was compared with another's."""

    cells: JudgedCells = field(metadata=BESIDE)
    """Kernel and cells."""
    null: LabelsNull = field(metadata=written_as(NULL_WRITTEN))
    """What was tested."""
    shares: tuple[tuple[float, float], ...] | None = field(metadata=AS_LIST | WHERE_KNOWN)
    """Shares of an area's events that the first file has, each with its share of the areas; None where all areas have
    the same."""
    totals: Totals
    """Whether it is set aside that one file has more events everywhere alike."""
    overall_ratio: float | None
    """Events of the first file over those of the second, which was removed; None where it was kept."""
    share_of_first: float
    """Share of all events that the first file has under the null hypothesis."""
    years: tuple[float, float] | None = field(metadata=AS_LIST)
    """Years that either file covers, or None."""
    edge_correction: Literal["cancels", "uniform"] = field(metadata=written_as(EDGE_WRITTEN))
    """What was done at the border."""
    inference: SurfaceInference
    simulations: int | None
    """How p-values were computed, and the number of maps simulated, or None."""
    least_expected_events: float
    least_expected_events_together: float
    """Fewest expected events of either file, and of both, with which a cell was tested."""
    events_used_first: int
    events_used_second: int
    """Numbers of events in the study area."""


SurfaceMethod = DensityMethod | InterpolationMethod | SmoothedCountsMethod | RiskMethod | ComparisonMethod


# --------------------------------------------------------------------------- contours


@dataclass(frozen=True, slots=True, kw_only=True)
class ToleranceContours(Recorded):
    """Which cells of a tested surface passed."""

    level: float
    adjustment: Adjustment
    """Level of significance, and adjustment for many tests."""
    cells_tested: int
    """Number of cells."""
    p_raised_cutoff: float | None
    p_lowered_cutoff: float | None
    """Largest p-value before adjustment that passed; None where none did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DensestContours(Recorded):
    """Which cells are the densest."""

    of: DensestPart
    share: float
    """What they are to make up a share of, and which share, 0 to 1."""
    threshold: float
    """Lowest density that passed, or NaN where no cell did."""
    cells: int
    """Number of cells that passed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContourMethod(Recorded):
    """How contours were drawn."""

    cells: ToleranceContours | DensestContours = field(metadata=BESIDE)
    """Which cells they go around."""
    smallest_km2: float
    """Smaller polygons were left out."""
    left_out: Mapping[str, int]
    """Kind → number of polygons left out."""
