"""The sections of a study file: what each may hold, and what is checked about it alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from hotspots.model import Place
from hotspots.study.settings.values import (
    Ages,
    Bandwidth,
    Codes,
    Distinct,
    Hidden,
    Marks,
    Metres,
    Period,
    Periods,
    SectionName,
    Share,
    ShortTitle,
    SurfaceKernel,
    Title,
    Vintage,
    Width,
    Year,
    Years,
    need_kind,
    need_plain,
)
from hotspots.vocabulary import UNRELEASED, Adjustment, Measure, Null

Release = Literal["open", "invented", "unreleased"]


class Section(BaseModel):
    """What every section of a study file has in common: frozen, and no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def _can_be_meant(cls, value: Any, info: ValidationInfo) -> Any:
        annotation = cls.model_fields[str(info.field_name)].annotation
        if section_in(annotation) is None or isinstance(value, str):
            need_plain(value)  # a section looks at its own keys, and names them
        if value is not None and (truth := annotation in (bool, bool | None)) | isinstance(value, bool):
            need_kind(value, truth=truth)
        return value


def section_in(annotation: Any) -> Any:
    """Return the section that a key may hold, by itself or in a list; None where it holds values."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in getattr(annotation, "__args__", ()):
        found = section_in(part)
        if found:
            return found
    return None


class RuleSection(Section):
    """[rule]: how small numbers of unreleased counts are protected, where no named rule fits."""

    smallest: int = Field(default=1, ge=0, le=1)
    largest: int = Field(ge=1, le=1000)
    rounding: int = Field(default=1, ge=1, le=1000)

    @model_validator(mode="after")
    def _hides_what_would_be_nought(self) -> RuleSection:
        nought = (self.rounding - 1) // 2
        if self.largest < nought:
            raise ValueError(f"counts up to {nought} would be rounded to 0: hide them too (largest = {nought})")
        return self


class Areas(Section):
    """[areas]: the boundaries."""

    file: Path
    layer: str | None = None
    id_column: str | None = None
    name_column: str | None = None
    la_code_column: str | None = None
    la_name_column: str | None = None
    crs: str | None = None
    authorities: Codes | None = None
    geography: ShortTitle | None = None
    vintage: Vintage | None = None
    supplied: int | None = Field(default=None, ge=1990, le=2100)
    attribution: tuple[Title, ...] | None = None
    points_file: Path | None = None
    points_layer: str | None = None
    labels: Path | None = None


class PlaceSection(Section):
    """[[places]]: a part of the study area with a map of its own."""

    name: ShortTitle
    authorities: Codes

    @property
    def place(self) -> Place:
        """The place as a noun."""
        return Place(self.name, self.authorities)


class Population(Section):
    """[population]: people by area."""

    file: Path
    id_column: str | None = None
    column: str | None = None
    year: Year | None = None
    title: Title = "population"


class AgesSection(Section):
    """[population_by_age]: people by area and age, for rates by age group and standardised rates."""

    file: Path
    year: Year | None = None
    id_column: str | None = None
    title: Title = "population by age"
    source: str = ""
    release: Literal["open", "invented"] = "open"


class DeprivationSection(Section):
    """[deprivation]: IDACI, or another index by area that the title names."""

    file: Path
    title: Title = "IDACI"
    id_column: str | None = None
    score_column: str | None = None
    rank_column: str | None = None
    decile_column: str | None = None
    estimated: bool | None = None
    release: Release = "open"
    source: str = ""


OPTIONS_OF_FORMAT: Final[dict[str, frozenset[str]]] = {
    "hes": frozenset({"ages", "columns", "standardised"}),
    "police": frozenset({"crime_types"}),
    "offences": frozenset({"codes", "knife", "columns"}),
    "counts": frozenset(
        {"id_column", "name_column", "count_column", "times", "marks", "rounding", "totals", "totals_column"}
    ),
}
"""Options that only some formats have: with another they would be passed over in silence."""


class EventSection(Section):
    """[[events]]: a file of events, or a table of counts by area."""

    name: SectionName
    title: Title
    format: Literal["hes", "police", "offences", "counts"]
    file: Path | None = None
    files: Annotated[tuple[Path, ...], Distinct] = ()
    release: Release = UNRELEASED
    source: str = ""
    years: Years | None = None
    period: str | None = None
    crime_types: Codes | None = None
    codes: Codes | None = None
    knife: bool | None = None
    ages: Ages | None = None
    columns: dict[str, str] = Field(default_factory=dict)
    id_column: str | None = None
    name_column: str | None = None
    count_column: str | None = None
    times: float = Field(default=1.0, gt=0, le=1_000_000)
    marks: Marks = Field(default_factory=dict)
    rounding: int | None = Field(default=None, ge=1, le=1_000_000)
    totals: Path | None = None
    totals_column: str | None = None
    null: Null | None = None
    density: bool = True
    standardised: bool = False

    @model_validator(mode="after")
    def _whole(self) -> EventSection:
        if (self.file is None) == (not self.files):
            raise ValueError("name either file or files")
        if self.format == "counts" and self.count_column is None:
            raise ValueError("a table of counts needs count_column")
        if self.files and self.format != "police":
            raise ValueError(f'several files are read with format = "police" only, not with "{self.format}": join them')
        for owner, options in OPTIONS_OF_FORMAT.items():
            misplaced = sorted(self.model_fields_set & options - OPTIONS_OF_FORMAT[self.format])
            if misplaced:
                raise ValueError(f'{misplaced[0]} goes with format = "{owner}", not with "{self.format}"')
        if self.name_column is not None and self.id_column is not None:
            raise ValueError("name_column does nothing beside id_column: leave one of them out")
        if self.totals_column is not None and self.totals is None:
            raise ValueError("totals_column does nothing without totals, a file")
        if self.standardised and (self.ages is not None or self.years is None):
            raise ValueError("standardised rates are of all ages and per year: give years, and leave ages out")
        return self

    @property
    def paths(self) -> tuple[Path, ...]:
        """The file or files."""
        return self.files or ((self.file,) if self.file else ())


class SchoolsSection(Section):
    """[schools]: the register, the exclusions, and their years."""

    register_file: Path = Field(alias="register")
    exclusions: Path
    totals: Path | None = None
    years: Annotated[tuple[Period, ...], Field(min_length=1), Distinct] | None = None
    release: Release = "open"
    source: str = ""
    hidden: Hidden = (1, 2)
    columns: dict[str, str] = Field(default_factory=dict)
    covariates: Annotated[tuple[Literal["phase", "authority"], ...], Distinct] = ()
    catchment_decay: float = Field(default=1500.0, ge=50, le=100_000)


class SeriesLine(Section):
    """[[series.lines]]: one line of a chart: all events of a section, or an age group of them."""

    group: ShortTitle
    ages: Ages | None = None


class _Charted(Section):
    """What series of events and of recorded crime have in common.

    `base` is a year, to which the others are compared; of quarters, the years they add up to are.
    """

    name: SectionName
    title: Title
    rates: bool = False
    base: Period | None = None
    change_points: bool = False
    provisional: Periods = ()


class SeriesSection(_Charted):
    """[[series]]: events by year or quarter."""

    events: str
    years: Years
    by: Literal["year", "quarter"] = "year"
    lines: tuple[SeriesLine, ...] = Field(default=(SeriesLine(group="all"),), min_length=1)


class RecordedSection(_Charted):
    """[[recorded]]: offences of one police force by quarter of the financial year, as the Home Office has them."""

    file: Path
    force: ShortTitle
    count_column: str | None = None
    years: Years | None = None
    by: Literal["year", "quarter"] = "quarter"
    source: str = ""
    release: Release = "open"


class FactorsSection(Section):
    """[children_in_need]: factors at the end of assessment."""

    file: Path
    year: Year
    years: Years | None = None
    theme: str | None = None
    episodes: Path | None = None
    title: Title = "Factors identified at the end of children's assessments"
    source: str = ""
    release: Release = "open"

    @model_validator(mode="after")
    def _whole(self) -> FactorsSection:
        if self.years is not None and self.years[1] != self.year:
            raise ValueError(f"years end with year, which is shown; e.g. years = [{self.year - 4}, {self.year}]")
        if self.theme is None and (self.years is not None or self.episodes is not None):
            raise ValueError('years and episodes go with a theme, e.g. theme = "Domestic abuse"')
        return self


class Analysis(Section):
    """[analysis]: how hotspots are tested."""

    neighbours: Literal["queen", "rook", "nearest", "distance"] = "queen"
    number: int | None = Field(default=None, ge=1, le=1000)
    distance: Metres | None = None
    null: Null | None = None
    measure: Measure = "count"
    conditional: bool = False
    mid_p: bool = False
    adjustment: Adjustment = "benjamini-hochberg-apart"
    level: float = Field(default=0.05, gt=0, lt=0.5)
    global_statistics: bool = False

    @model_validator(mode="after")
    def _whole(self) -> Analysis:
        if self.neighbours == "nearest" and self.number is None:
            raise ValueError('neighbours = "nearest" needs number, e.g. number = 8')
        if self.neighbours == "distance" and self.distance is None:
            raise ValueError('neighbours = "distance" needs distance in metres, e.g. distance = 1500')
        for name, rule in (("number", "nearest"), ("distance", "distance")):
            if getattr(self, name) is not None and self.neighbours != rule:
                raise ValueError(f'{name} does nothing with neighbours = "{self.neighbours}": it goes with "{rule}"')
        for name, set_ in (("measure", self.measure != "count"), ("conditional", self.conditional)):
            if set_ and self.null != "randomisation":
                raise ValueError(f'{name} needs null = "randomisation": a null of risk takes the population itself')
        return self


class DensitySection(Section):
    """[density]: surfaces of density, and of risk against the population."""

    kernel: SurfaceKernel = "quartic"
    bandwidth: Bandwidth | None = None
    cell: Metres | None = None
    edge: Literal["diggle", "uniform", "none"] = "diggle"
    adaptive: bool = False
    beyond: bool | None = None
    risk: bool = True
    risk_bandwidth: Bandwidth | None = None
    risk_cell: Metres | None = None
    densest: float = Field(default=0.05, gt=0, lt=1)
    least: int = Field(default=10, ge=1, le=1_000_000)


class ComparisonSection(Section):
    """[[comparisons]]: the density of events in some years against other years, or against other events."""

    name: SectionName
    title: Title
    events: str
    years: Years | None = None
    against: str | None = None
    against_years: Years | None = None
    measure: Literal["ratio", "difference"] = "ratio"

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
    past: Years
    future: Years
    bandwidths: Annotated[tuple[Width, ...], Field(min_length=1), Distinct] | None = None
    shares: Annotated[tuple[Share, ...], Field(min_length=1), Distinct] = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2)

    @model_validator(mode="after")
    def _forwards(self) -> PredictionSection:
        if self.past[1] >= self.future[0]:
            raise ValueError("the past ends before the future begins")
        return self

    @property
    def name(self) -> str:
        """Name of its files."""
        return f"{self.events}_{self.past[0]}-{self.future[1]}"


class Maps(Section):
    """[maps]: what is drawn, and on what."""

    basemap: str | None = None
    basemap_credit: str = ""
    dpi: int = Field(default=300, ge=72, le=1200)

    @model_validator(mode="after")
    def _whole(self) -> Maps:
        if self.basemap_credit and self.basemap is None:
            raise ValueError("basemap_credit does nothing without basemap")
        if self.basemap is not None and not self.basemap.strip():
            raise ValueError("basemap names nothing: give a GeoTIFF or a tile provider, or leave it out")
        return self
