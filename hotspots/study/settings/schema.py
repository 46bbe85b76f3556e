"""The sections of a study file on areas, events, tests, surfaces and maps: what each may hold, and is checked alone.

A key's docstring is its line in `docs/settings.md`; `tools/write_settings_reference.py` writes the page.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from hotspots.model import Place
from hotspots.study.settings.section import Release, Section
from hotspots.study.settings.values import (
    Ages,
    Bandwidth,
    Codes,
    Distinct,
    Marks,
    Metres,
    SectionName,
    ShortTitle,
    Title,
    Vintage,
    Year,
    Years,
)
from hotspots.vocabulary import UNRELEASED, Adjustment, Edge, Kernel, Measure, Null


class RuleSection(Section):
    """[rule]: how small numbers of unreleased counts are protected, where no named rule fits."""

    smallest: int = Field(default=1, ge=0, le=1)
    """Smallest count that is suppressed: 1, or 0 to suppress zeros too."""
    largest: int = Field(ge=1, le=1000)
    """Largest count that is suppressed."""
    rounding: int = Field(default=1, ge=1, le=1000)
    """Counts that are not suppressed are rounded to the nearest multiple of this; 1 leaves them as they are."""

    @model_validator(mode="after")
    def _hides_what_would_be_nought(self) -> RuleSection:
        nought = (self.rounding - 1) // 2
        if self.largest < nought:
            raise ValueError(f"counts up to {nought} would be rounded to 0: suppress them too (largest = {nought})")
        return self


class Areas(Section):
    """[areas]: the boundaries."""

    file: Path
    """Boundaries: GeoPackage, GeoJSON, shapefile or GeoParquet, in any coordinate system."""
    layer: str | None = None
    """Layer of the file. Needed if the file has several layers."""
    id_column: str | None = None
    """Column of area codes. ONS names such as `LSOA11CD` are recognised without it."""
    name_column: str | None = None
    """Column of area names. ONS names such as `LSOA11NM` are recognised without it."""
    la_code_column: str | None = None
    """Column of local authority codes. Without any authority column, authorities are taken from area names such as
    "Birmingham 067A"."""
    la_name_column: str | None = None
    """Column of local authority names."""
    crs: str | None = None
    """Coordinate system, e.g. `"EPSG:27700"`. Needed only if the file states none or a wrong one."""
    authorities: Codes | None = None
    """Local authorities to keep, by code or name. Without it, all areas of the file are used."""
    geography: ShortTitle | None = None
    """What an area is, e.g. `"LSOA"`. Without it, this is taken from the column names."""
    vintage: Vintage | None = None
    """Year of the geography, e.g. 2011 for LSOAs of the 2011 Census. Without it, this is taken from the codes or column
    names."""
    supplied: int | None = Field(default=None, ge=1990, le=2100)
    """Year in which the boundary file was supplied. It appears in the attribution; without it, the attribution has no
    year."""
    attribution: tuple[Title, ...] | None = None
    """Lines to print wherever the boundaries are drawn. The default is the wording that ONS asks for."""
    detailed_file: Path | None = None
    """The same areas with more detailed boundaries. Points are assigned to areas by these; maps use `file`."""
    detailed_layer: str | None = None
    """Layer of the detailed boundaries, in `detailed_file` or else in `file`."""
    labels: Path | None = None
    """Table of place names for maps, with columns `name`, `easting`, `northing` and `population`."""


class PlaceSection(Section):
    """[[places]]: a part of the study area with a map of its own."""

    name: ShortTitle
    """Name of the place, as printed on its maps."""
    authorities: Codes
    """Local authorities that the place consists of, by code or name."""

    @property
    def place(self) -> Place:
        """The place as a type of the model."""
        return Place(self.name, self.authorities)


class Population(Section):
    """[population]: people by area."""

    file: Path
    """People by area, CSV or Parquet, of the same vintage as the boundaries."""
    id_column: str | None = None
    """Column of area codes. ONS names are recognised without it."""
    column: str | None = None
    """Column with the number of people. Without it, a column called population, all ages or total is used."""
    year: Year | None = None
    """Year to use. Needed if the file has several years."""
    title: Title = "population"
    """What the population is called in legends and notes."""


class AgesSection(Section):
    """[population_by_age]: people by area and age, for rates by age group and standardised rates."""

    file: Path
    """People by area and age, with one column for each age or age band, e.g. `age_0` to `age_90plus`, or `0-4` to
    `85+`."""
    year: Year | None = None
    """Year to use. Needed if the file has several years."""
    id_column: str | None = None
    """Column of area codes. ONS names are recognised without it."""
    title: Title = "population by age"
    """What the table is called in notes."""
    source: str = ""
    """Source line for tables and charts."""
    release: Literal["open", "invented"] = "open"
    """Whether the numbers are published (`"open"`) or invented."""


class DeprivationSection(Section):
    """[deprivation]: IDACI, or another index by area that the title names."""

    file: Path
    """Score, rank or decile of deprivation by area."""
    title: Title = "IDACI"
    """The index and its edition, e.g. `"IDACI 2019"` or `"WIMD 2019"`. Columns are found by this name."""
    id_column: str | None = None
    """Column of area codes. ONS names are recognised without it."""
    score_column: str | None = None
    """Column of scores. The official names are recognised without it."""
    rank_column: str | None = None
    """Column of ranks, where 1 is the most deprived. The official names are recognised without it."""
    decile_column: str | None = None
    """Column of deciles, where 1 is the most deprived. The official names are recognised without it."""
    estimated: bool | None = None
    """Whether the scores were derived from ranks and not published. Without it, they are taken as derived if the column
    name ends in `est`."""
    release: Release = "open"
    """Whether the index is published (`"open"`), invented or unreleased."""
    source: str = ""
    """Source line for tables and charts."""


class CovariatesSection(Section):
    """[covariates]: numbers by area that `given` of an event section names."""

    file: Path
    """Numbers by area, CSV or Parquet, of the same vintage as the boundaries. An area without one is not tested."""
    id_column: str | None = None
    """Column of area codes. ONS names are recognised without it."""
    year: Year | None = None
    """Year to use. Needed if the file has several years."""
    title: Title = "covariates"
    """What the table is called in notes."""
    source: str = ""
    """Source line for the briefing."""
    release: Literal["open", "invented"] = "open"
    """Whether the numbers are published (`"open"`) or invented."""


OPTIONS_OF_FORMAT: Final[dict[str, frozenset[str]]] = {
    "hes": frozenset({"ages", "columns", "standardised", "standardise_by_age"}),
    "police": frozenset({"crime_types"}),
    "offences": frozenset({"codes", "knife", "columns"}),
    "counts": frozenset(
        {"id_column", "name_column", "count_column", "multiply_by", "marks", "rounding", "totals", "totals_column"}
    ),
}
"""Options that only some formats have: with another they would have no effect."""


class EventSection(Section):
    """[[events]]: a file of events, or a table of counts by area."""

    name: SectionName
    """Short name used for files and layers: small letters, digits and underscores."""
    title: Title
    """What the events are called on maps and in the briefing."""
    format: Literal["hes", "police", "offences", "counts"]
    """Format of the file: hospital admissions (`"hes"`), data.police.uk (`"police"`), a force's own extract
    (`"offences"`) or a table of counts by area (`"counts"`)."""
    file: Path | None = None
    """File of events, or for `"police"` also a folder of months. Give either `file` or `files`."""
    files: Annotated[tuple[Path, ...], Distinct] = ()
    """Several files or folders, with `format = "police"` only."""
    release: Release = UNRELEASED
    """`"open"` (published), `"invented"` or `"unreleased"`. Counts of people from unreleased records are protected in a
    `publish` study."""
    source: str = ""
    """Source line for maps and tables. Without it, the usual name of the source is used where the format has one."""
    years: Years | None = None
    """First and last calendar year to use. Without it, all events of the file are used."""
    period: str | None = None
    """Period as printed on maps and tables. Without it, this is taken from `years` or from the dates of the events."""
    crime_types: Codes | None = None
    """With `"police"`: crime types to keep. Without it, all are kept."""
    codes: Codes | None = None
    """With `"offences"`: offence codes to keep. Without it, all are kept."""
    knife: bool | None = None
    """With `"offences"`: `true` keeps knife offences, `false` keeps the others. Without it, both are kept."""
    ages: Ages | None = None
    """With `"hes"`: youngest and oldest age to keep, in years. Without it, all ages are kept."""
    columns: dict[str, str] = Field(default_factory=dict)
    """With `"hes"` and `"offences"`: the program's name for a column = its name in your file."""
    id_column: str | None = None
    """With `"counts"`: column of area codes. ONS names are recognised without it."""
    name_column: str | None = None
    """With `"counts"`: column of area names, for a table without codes."""
    count_column: str | None = None
    """With `"counts"`: column of counts. Needed with this format."""
    multiply_by: float = Field(default=1.0, gt=0, le=1_000_000)
    """With `"counts"`: number by which counts are multiplied, e.g. 3 for yearly means of three years."""
    marks: Marks = Field(default_factory=dict)
    """With `"counts"`: what each mark in the table means, either the lowest and highest count (`"*" = [1, 7]`) or why
    there is no count (`":" = "not available"`)."""
    rounding: int | None = Field(default=None, ge=1, le=1_000_000)
    """With `"counts"`: multiple to which the publisher rounded, e.g. 5. Without it, counts are taken as exact."""
    totals: Path | None = None
    """With `"counts"`: table of totals by local authority. In a restricted study they narrow the intervals of
    suppressed counts."""
    totals_column: str | None = None
    """Column of totals. The default is the name in `count_column`."""
    null: Null | None = None
    """Null hypothesis for this source. Without it, the one in `[analysis]` is used."""
    density: bool = True
    """Whether to make a density surface of these events."""
    standardised: bool = False
    """With `"hes"`: whether to give directly age-standardised rates by local authority. Needs `years` and
    `[population_by_age]`."""
    expected: str | None = None
    """Column with your own expected counts, on any scale, to test against instead of the population: of the table of
    counts with `"counts"`, of the file of `[population]` with other formats. Areas without one, or with 0, are not
    tested."""
    standardise_by_age: bool = False
    """With `"hes"`: whether expected counts allow for age, by indirect standardisation with the study area's own rates.
    Needs `[population_by_age]`; not for unreleased records in a `publish` study."""
    given: Codes | None = None
    """What expected counts depend on besides: `"deprivation"` for the score of `[deprivation]` (or its short name, e.g.
    `"idaci"`), and columns of `[covariates]`. Hot then means more events than these suggest."""
    trend_km: float | None = Field(default=None, ge=0.1, le=1000)
    """Scale in km of a smooth trend that expected counts follow. Hot then means more events than the broad trend
    suggests; the trend hides hotspots as wide as this."""

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
        if self.expected is not None and self.standardise_by_age:
            raise ValueError("expected counts are your own or by age: leave expected or standardise_by_age out")
        return self

    @property
    def paths(self) -> tuple[Path, ...]:
        """The file or files."""
        return self.files or ((self.file,) if self.file else ())

    @property
    def file_of_counts(self) -> Path | None:
        """The table of counts by area, where this is one."""
        return self.file if self.format == "counts" else None

    @property
    def has_base(self) -> bool:
        """Whether expected counts begin with something else than the population."""
        return self.expected is not None or self.standardise_by_age

    @property
    def has_expected(self) -> bool:
        """Whether expected counts are more than the shares of the population."""
        return self.has_base or self.given is not None or self.trend_km is not None


class Analysis(Section):
    """[analysis]: how hotspots are tested."""

    neighbours: Literal["queen", "rook", "nearest", "distance"] = "queen"
    """Which areas are neighbours: those that share a border or corner (`"queen"`), share a border (`"rook"`), are the
    `number` nearest (`"nearest"`), or lie within a `distance` (`"distance"`)."""
    number: int | None = Field(default=None, ge=1, le=1000)
    """With `"nearest"`: number of neighbours of each area."""
    distance: Metres | None = None
    """With `"distance"`: greatest distance between the centres of neighbours, in metres."""
    null: Null | None = None
    """Null hypothesis. `"scattered-risk"`: areas differ in risk, some perhaps by much, without clustering;
    `"exchangeable-risk"`: they differ by moderate amounts, as a gamma distribution does; `"constant-risk"`: all areas
    have the same risk; `"randomisation"`: values are placed at random. Without it, `"scattered-risk"` with a population
    and `"randomisation"` without one. It is that of surfaces of risk and of comparisons too, which have
    `"scattered-risk"` with `"randomisation"`."""
    measure: Measure = "count"
    """With `"randomisation"`: what is placed at random: counts, rates, or shrunken (empirical Bayes) rates."""
    conditional: bool = False
    """With `"randomisation"`: whether Gi* is tested given the area's own value."""
    mid_p: bool = False
    """Whether to use mid-p values, which count ties half. Less conservative where counts are small."""
    adjustment: Adjustment = "benjamini-hochberg-apart"
    """Adjustment for many tests. The default controls the false discovery rate among high and among low areas
    separately."""
    level: float = Field(default=0.05, gt=0, lt=0.5)
    """Significance level, after adjustment."""
    global_statistics: bool = False
    """Whether to give global statistics and a correlogram of the whole map. Takes some seconds more."""

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

    kernel: Kernel = "quartic"
    """Shape of the kernel."""
    bandwidth: Bandwidth | None = None
    """Radius of the kernel in metres (standard deviation of a Gaussian), or a rule that chooses it. The default is
    `"silverman-robust"`, but not below what map points allow."""
    cell: Metres | None = None
    """Side of a cell in metres. The default is about a tenth of the bandwidth."""
    edge: Edge = "diggle"
    """Edge correction: `"diggle"` by event, `"uniform"` by cell, or `"none"`."""
    adaptive: bool = False
    """Whether the kernel is narrower where events are dense (Abramson's method)."""
    events_beyond_border: bool | None = None
    """Whether the files hold events outside the study area too; no edge correction is needed then. Without it, the
    program decides from the density on both sides of the border."""
    risk: bool = True
    """Whether to make surfaces of risk relative to the population."""
    risk_bandwidth: Bandwidth | None = None
    """Bandwidth of risk surfaces and comparisons, in metres or a rule. A wider one finds more and locates it less
    exactly."""
    risk_cell: Metres | None = None
    """Side of a cell of risk surfaces and comparisons, in metres."""
    densest: float = Field(default=0.05, gt=0, lt=1)
    """Share of the study area inside the contours of the densest part: 0.05 is 5%."""
    minimum_events: int = Field(default=10, ge=1, le=1_000_000)
    """Events that every peak of a smoothed surface must rest on where counts are suppressed."""


class Maps(Section):
    """[maps]: what is drawn, and on what."""

    basemap: str | None = None
    """Background of maps: a GeoTIFF, or the name of a tile provider (which needs a network). Without it, maps have no
    basemap."""
    basemap_credit: str = ""
    """Credit line for the basemap."""
    dpi: int = Field(default=300, ge=72, le=1200)
    """Resolution of PNG files, in dots per inch."""

    @model_validator(mode="after")
    def _whole(self) -> Maps:
        if self.basemap_credit and self.basemap is None:
            raise ValueError("basemap_credit does nothing without basemap")
        if self.basemap is not None and not self.basemap.strip():
            raise ValueError("basemap names nothing: give a GeoTIFF or a tile provider, or leave it out")
        return self
