"""The sections of a study file on several sources, periods or methods at once: clusters, stability, comparisons."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from hotspots.study.settings.section import Section
from hotspots.study.settings.values import Codes, Distinct, Metres, SectionName, Share, Title, Width, Years
from hotspots.vocabulary import Comparison, Null, PeriodLength, ScanNull, Secondary, SpaceTimeModel, ZoneShape


class ClustersSection(Section):
    """[[clusters]]: the most likely clusters of some sources, by a scan statistic. Needs `[population]`."""

    events: Codes
    """Names of the `[[events]]` sections to scan, e.g. `["admissions", "knife_crime"]`."""
    share: float = Field(default=0.5, gt=0, le=0.5)
    """Largest share of the population in a cluster (by permutation: of the events), at most 0.5 (half). A smaller one
    is faster."""
    radius: Metres | None = None
    """Largest radius of a cluster, in metres (of an ellipse, half its length). Without it, there is no limit."""
    zones: ZoneShape = "circles"
    """Shape of the zones that are compared: `"circles"`, or `"ellipses"` too, which takes some fifty times as long."""
    null: ScanNull = "exchangeable-risk"
    """Null hypothesis. `"exchangeable-risk"`: areas differ in risk by moderate amounts, without clustering;
    `"scattered-risk"`: some perhaps by much, so that a single area of many times the risk is no cluster, but only of
    counts that are not suppressed, and slower; `"constant-risk"`: all areas have the same risk, as in SaTScan."""
    secondary: Secondary = "apart"
    """How further clusters are sought: `"apart"` from those before, each tested as the first is; or on a map from which
    those before are `"removed"`, which finds more."""
    by: PeriodLength | None = None
    """Look for clusters in space and time, by `"month"`, `"quarter"` or `"year"`; needs events with dates. Without it,
    in space alone. `null`, `zones` and `secondary` are for clusters in space alone."""
    model: SpaceTimeModel = "permutation"
    """What is expected in space and time. `"permutation"`: the events of an area are spread over the periods as all
    events are, whatever the risk of the area, and no population is needed; `"poisson"`: everyone has the same risk on
    every day. Needs `by`."""
    prospective: bool = False
    """Whether to look only for clusters that last to the end of the last period. Needs `by`."""
    longest: float = Field(default=0.5, gt=0, le=0.9)
    """Longest cluster, as a share of the periods, at most 0.9. A smaller one is faster. Needs `by`."""
    level: float = Field(default=0.05, gt=0, lt=0.5)
    """Significance level of a cluster, which allows for the search over all zones."""
    draws: int = Field(default=1_000, ge=100, le=1_000_000)
    """Number of random maps for each p-value."""
    seed: int = Field(default=0, ge=0, le=2**32 - 1)
    """Seed of the random maps: the same seed gives the same p-values."""

    @model_validator(mode="after")
    def _of_one_kind(self) -> ClustersSection:
        given = self.model_fields_set
        in_time, in_space = given & {"model", "prospective", "longest"}, given & {"null", "zones", "secondary"}
        if self.by is None and in_time:
            raise ValueError(f'{min(in_time)} is for clusters in space and time: add by = "month", "quarter" or "year"')
        if self.by is not None and in_space:
            raise ValueError(f"{min(in_space)} is for clusters in space alone: leave it out, or leave out by")
        return self

    @property
    def finds(self) -> str:
        """What is looked for, in words."""
        return "clusters" if self.by is None else "space-time clusters"

    @property
    def needs_people(self) -> bool:
        """Whether clusters are sought by population."""
        return self.by is None or self.model == "poisson"


class StabilitySection(Section):
    """[stability]: in how many variants of the analysis an area is hot, and by how many methods."""

    events: Codes
    """Names of the `[[events]]` sections to analyse in variants, e.g. `["admissions", "knife_crime"]`."""
    nulls: Annotated[tuple[Null, ...], Field(min_length=1), Distinct] | None = None
    """Null hypotheses to vary. The default is the study's own, `"scattered-risk"` and `"exchangeable-risk"`, or without
    a population `"randomisation"`. Neighbours (the study's own, Queen, Rook, 6 and 8 nearest, a distance) and the edge
    of the study area are always varied."""
    agreement: bool = True
    """Whether to map by how many methods an area is hot: Gi*, Local Moran, and clusters and the surface of risk where a
    study has them."""


class ComparisonSection(Section):
    """[[comparisons]]: the density of events in some years against other years, or against other events."""

    name: SectionName
    """Short name used for files and layers: small letters, digits and underscores."""
    title: Title
    """Title of the map."""
    events: str
    """Name of the `[[events]]` section to compare."""
    years: Years | None = None
    """First and last year of these events. The default is the years of their section."""
    against: str | None = None
    """Name of the `[[events]]` section to compare with. The default is the same section."""
    against_years: Years | None = None
    """First and last year of the events to compare with. The default is the years of their section."""
    measure: Comparison = "ratio"
    """Whether to map the ratio or the difference of the two densities."""

    @model_validator(mode="after")
    def _whole(self) -> ComparisonSection:
        if self.against is None and self.against_years is None:
            raise ValueError("say what to compare with: against_years = [2015, 2016], or against = another source")
        if self.against == self.events and self.against_years is None:
            raise ValueError("compares a source with itself: give against_years, or another source with against")
        return self

    @property
    def sources(self) -> tuple[str, str]:
        """Names of the two event sections, which may be one."""
        return self.events, self.against or self.events


class PredictionSection(Section):
    """[[predictions]]: how well the density of past years foretells where the events of later ones are."""

    events: str
    """Name of the `[[events]]` section."""
    past: Years
    """First and last year from which the density is estimated."""
    future: Years
    """First and last year of the events to predict. It must begin after `past` ends."""
    bandwidths: Annotated[tuple[Width, ...], Field(min_length=1), Distinct] | None = None
    """Bandwidths to compare, in metres. The default is 125 to 2,000 m, as far down as map points allow."""
    shares: Annotated[tuple[Share, ...], Field(min_length=1), Distinct] = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2)
    """Shares of the study area for which accuracy is given: 0.01 is 1%."""

    @model_validator(mode="after")
    def _forwards(self) -> PredictionSection:
        if self.past[1] >= self.future[0]:
            raise ValueError("the past ends before the future begins")
        return self

    @property
    def name(self) -> str:
        """Name of its files."""
        return f"{self.events}_{self.past[0]}-{self.future[1]}"
