"""The sections of a study file that end in charts: schools, series, recorded offences, children in need."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from hotspots.study.settings.section import Release, Section
from hotspots.study.settings.values import (
    Ages,
    Distinct,
    Hidden,
    Period,
    Periods,
    SectionName,
    ShortTitle,
    Title,
    Year,
    Years,
)
from hotspots.vocabulary import Covariate


class SchoolsSection(Section):
    """[schools]: the register, the exclusions, and their years."""

    register_file: Path = Field(alias="register")
    """Register of schools, with their locations."""
    exclusions: Path
    """Permanent exclusions and pupils by school and school year."""
    totals: Path | None = None
    """Exclusions by local authority. They narrow the intervals of suppressed numbers of schools."""
    years: Annotated[tuple[Period, ...], Field(min_length=1), Distinct] | None = None
    """School years to use, e.g. `"201819"`. Without it, all years of the file are used."""
    release: Release = "open"
    """Whether the school data are published (`"open"`), invented or unreleased."""
    source: str = ""
    """Source line for tables and charts."""
    hidden: Hidden = (1, 2)
    """Lowest and highest number that a suppressed number of exclusions can be."""
    columns: dict[str, str] = Field(default_factory=dict)
    """The program's name for a column = its name in your file."""
    covariates: Annotated[tuple[Covariate, ...], Distinct] = ()
    """What else the model allows for: schools are then compared within the same phase, the same authority, or both."""
    catchment_decay: float = Field(default=1500.0, ge=50, le=100_000)
    """Metres over which the pull of a school on pupils falls to 37%. It sets how far modelled catchments reach."""


class SeriesLine(Section):
    """[[series.lines]]: one line of a chart: all events of a section, or an age group of them."""

    group: ShortTitle
    """Name of the line in the legend."""
    ages: Ages | None = None
    """Youngest and oldest age, in years. Without it, the line counts all ages."""


class _Charted(Section):
    """What series of events and of recorded crime have in common.

    `base` is a year, to which the others are compared; of quarters, the years they add up to are.
    """

    name: SectionName
    """Short name used for files: small letters, digits and underscores."""
    title: Title
    """Title of the series, used on its chart and in the briefing."""
    rates: bool = False
    """Whether to give rates per 100,000 people too. Age groups need `[population_by_age]`."""
    base: Period | None = None
    """Period with which all others are compared. Quarters are added up to years first."""
    change_points: bool = False
    """Whether to test for changes of level and of trend."""
    provisional: Periods = ()
    """Periods with provisional numbers. They are drawn hollow."""


class SeriesSection(_Charted):
    """[[series]]: events by year or quarter."""

    events: str
    """Name of the `[[events]]` section to count."""
    years: Years
    """First and last calendar year."""
    by: Literal["year", "quarter"] = "year"
    """Whether to count by year or by quarter."""
    lines: tuple[SeriesLine, ...] = Field(default=(SeriesLine(group="all"),), min_length=1)
    """Lines of the chart, e.g. one for each age group. The default is one line of all events."""


class RecordedSection(_Charted):
    """[[recorded]]: offences of one police force by quarter of the financial year, as published by the Home Office."""

    file: Path
    """The Home Office's table of offences by police force and quarter."""
    force: ShortTitle
    """Name of the police force, as in the file."""
    count_column: str | None = None
    """Column of counts. The default is `Knife Crime` or a similar name."""
    years: Years | None = None
    """First and last financial year, each by the year in which it begins: `[2012, 2018]` is 2012/13 to 2018/19."""
    by: Literal["year", "quarter"] = "quarter"
    """Whether to show years or quarters, both of the financial year."""
    source: str = ""
    """Source line for tables and charts. Without it, the Home Office is named."""
    release: Release = "open"
    """Whether the numbers are published (`"open"`), invented or unreleased."""


class FactorsSection(Section):
    """[children_in_need]: factors at the end of assessment."""

    file: Path
    """Factors identified at the end of assessments, by local authority."""
    year: Year
    """Year to show: the financial year by the year in which it ends, so 2019 is 2018/19."""
    years: Years | None = None
    """First and last year used for the `theme`. The last must be `year`. Without it, all years of the file up to `year`
    are used."""
    theme: str | None = None
    """Group of factors for which recording is compared between authorities, e.g. `"Domestic abuse"`."""
    episodes: Path | None = None
    """Children in need episodes by local authority. With a `theme`, they are a check on how much each authority
    records."""
    title: Title = "Factors identified at the end of children's assessments"
    """Title of the chart."""
    source: str = ""
    """Source line for tables and charts."""
    release: Release = "open"
    """Whether the numbers are published (`"open"`), invented or unreleased."""

    @model_validator(mode="after")
    def _whole(self) -> FactorsSection:
        if self.years is not None and self.years[1] != self.year:
            raise ValueError(f"years end with year, which is shown; e.g. years = [{self.year - 4}, {self.year}]")
        if self.theme is None and (self.years is not None or self.episodes is not None):
            raise ValueError('years and episodes go with a theme, e.g. theme = "Domestic abuse"')
        return self
