"""The study file: one TOML file is the whole recipe, checked once, then frozen."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from hotspots.errors import StudyError, list_briefly, nearest
from hotspots.nouns import Place, slugify
from hotspots.vocabulary import UNRELEASED, Adjustment, Null, Profile

Release = Literal["open", "invented", "unreleased"]


def _pair(what: str, example: str, least: int, most: int) -> BeforeValidator:
    """Return what turns a list into a pair that runs forwards within bounds, and else says what was expected."""

    def check(value: Any) -> Any:
        whole = isinstance(value, list | tuple) and all(type(one) is int for one in value)
        if not whole or len(value) != 2:
            raise ValueError(f"should be {what}, e.g. {example}")
        if value[0] > value[1]:
            raise ValueError(f"runs backwards; give the lower first, e.g. {example}")
        if value[0] < least or value[1] > most:
            raise ValueError(f"should be {what} from {least} to {most}, e.g. {example}")
        return tuple(value)

    return BeforeValidator(check)


Years = Annotated[tuple[int, int], _pair("a first and a last year", "[2017, 2019]", 1900, 2100)]
Ages = Annotated[tuple[int, int], _pair("a youngest and an oldest age", "[0, 24]", 0, 120)]
Bounds = Annotated[tuple[int, int], _pair("a lowest and a highest count", "[1, 7]", 0, 1_000_000)]


class _Section(BaseModel):
    """What every section of a study file has in common: frozen, and no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Areas(_Section):
    """[areas]: the boundaries."""

    file: Path
    layer: str | None = None
    id_column: str | None = None
    name_column: str | None = None
    la_code_column: str | None = None
    la_name_column: str | None = None
    crs: str | None = None
    authorities: tuple[str, ...] | None = None
    geography: str | None = None
    vintage: int | None = None
    attribution: tuple[str, ...] | None = None
    points_file: Path | None = None
    points_layer: str | None = None
    labels: Path | None = None


class PlaceSection(_Section):
    """[[places]]: a part of the study area with a map of its own."""

    name: str
    authorities: tuple[str, ...] = Field(min_length=1)

    @property
    def place(self) -> Place:
        """The place as a noun."""
        return Place(self.name, self.authorities)


class Population(_Section):
    """[population]: people by area."""

    file: Path
    id_column: str | None = None
    column: str | None = None
    year: int | None = None
    title: str = "population"


class DeprivationSection(_Section):
    """[deprivation]: IDACI, or another index by area that the title names."""

    file: Path
    title: str = "IDACI"
    id_column: str | None = None
    score_column: str | None = None
    rank_column: str | None = None
    decile_column: str | None = None
    estimated: bool | None = None
    release: Release = "open"
    source: str = ""


OPTIONS_OF_FORMAT: Final[dict[str, frozenset[str]]] = {
    "hes": frozenset({"ages", "columns"}),
    "police": frozenset({"crime_types"}),
    "offences": frozenset({"codes", "knife", "columns"}),
    "counts": frozenset({"id_column", "name_column", "count_column", "times", "marks", "rounding"}),
}
"""Options that only some formats have: with another they would be passed over in silence."""


class EventSection(_Section):
    """[[events]]: a file of events, or a table of counts by area."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    format: Literal["hes", "police", "offences", "counts"]
    file: Path | None = None
    files: tuple[Path, ...] = ()
    release: Release = UNRELEASED
    source: str = ""
    years: Years | None = None
    period: str | None = None
    crime_types: tuple[str, ...] | None = None
    codes: tuple[str, ...] | None = None
    knife: bool | None = None
    ages: Ages | None = None
    columns: dict[str, str] = Field(default_factory=dict)
    id_column: str | None = None
    name_column: str | None = None
    count_column: str | None = None
    times: float = 1.0
    marks: dict[str, Bounds] = Field(default_factory=dict)
    rounding: int | None = None
    null: Null | None = None
    density: bool = True

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
        return self

    @property
    def paths(self) -> tuple[Path, ...]:
        """The file or files."""
        return self.files or ((self.file,) if self.file else ())


class SchoolsSection(_Section):
    """[schools]: the register, the exclusions, and their years."""

    register_file: Path = Field(alias="register")
    exclusions: Path
    years: tuple[str, ...] | None = None
    release: Release = "open"
    source: str = ""
    hidden: Bounds = (1, 2)
    columns: dict[str, str] = Field(default_factory=dict)


class SeriesLine(_Section):
    """[[series.lines]]: one line of a chart: all events of a section, or an age group of them."""

    group: str
    ages: Ages | None = None


class SeriesSection(_Section):
    """[[series]]: events by year."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    events: str
    years: Years
    lines: tuple[SeriesLine, ...] = (SeriesLine(group="all"),)


class FactorsSection(_Section):
    """[children_in_need]: factors at the end of assessment."""

    file: Path
    year: int
    title: str = "Factors identified at the end of children's assessments"
    source: str = ""
    release: Release = "open"


class Analysis(_Section):
    """[analysis]: how hotspots are tested."""

    neighbours: Literal["queen", "rook", "nearest", "distance"] = "queen"
    number: int | None = Field(default=None, ge=1)
    distance: float | None = Field(default=None, gt=0)
    null: Null | None = None
    adjustment: Adjustment = "benjamini-hochberg"
    level: float = Field(default=0.05, gt=0, lt=0.5)

    @model_validator(mode="after")
    def _whole(self) -> Analysis:
        if self.neighbours == "nearest" and self.number is None:
            raise ValueError('neighbours = "nearest" needs number, e.g. number = 8')
        if self.neighbours == "distance" and self.distance is None:
            raise ValueError('neighbours = "distance" needs distance in metres, e.g. distance = 1500')
        return self

    global_statistics: bool = False


class DensitySection(_Section):
    """[density]: kernel density surfaces."""

    kernel: Literal["quartic", "epanechnikov", "triangular", "uniform", "gaussian"] = "quartic"
    bandwidth: float | None = Field(default=None, gt=0)
    cell: float | None = Field(default=None, gt=0)
    edge: Literal["diggle", "none"] = "diggle"


class Maps(_Section):
    """[maps]: what is drawn, and on what."""

    basemap: str | None = None
    basemap_credit: str = ""
    dpi: int = Field(default=300, ge=72, le=1200)


class Study(_Section):
    """A whole study.

    Parameters
    ----------
    title
        Stands on the briefing.
    slug
        Name of the output folder; made from the title if left out.
    profile
        ``"publish"`` (counts of people are protected under `rule` before anything is computed) or
        ``"restricted"`` (true counts, for named readers, marked everywhere).
    rule
        Disclosure rule for unreleased counts of people.
    folder
        Where relative paths start: the study file's own folder.
    """

    title: str
    slug: str = ""
    subtitle: str = ""
    profile: Profile = "publish"
    rule: str = "nhs-digital"
    readers: str = ""
    areas: Areas
    places: tuple[PlaceSection, ...] = ()
    population: Population | None = None
    deprivation: DeprivationSection | None = None
    events: tuple[EventSection, ...] = Field(min_length=1)
    schools: SchoolsSection | None = None
    series: tuple[SeriesSection, ...] = ()
    children_in_need: FactorsSection | None = None
    analysis: Analysis = Analysis()
    density: DensitySection = DensitySection()
    maps: Maps = Maps()
    folder: Path = Field(default=Path(), exclude=True)

    @field_validator("rule")
    @classmethod
    def _known_rule(cls, value: str) -> str:
        known = ("nhs-digital", "older-phe", "dfe")
        if value not in known:
            raise ValueError(f"known rules are {', '.join(known)}")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Study:
        names = [section.name for section in self.events]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"two event sections share the name {sorted(twice)[0]!r}")
        for section in self.series:
            if section.events not in names:
                raise ValueError(f"series {section.name!r} is of {section.events!r}, which is no event section")
        problem = _of_places(self)
        if problem:
            raise ValueError(problem)
        if self.schools is not None and self.deprivation is None:
            raise ValueError("schools need a [deprivation] section to be compared with")
        if self.profile == "restricted" and not self.readers:
            raise ValueError("a restricted study names its readers (readers = ...)")
        return self

    @model_validator(mode="after")
    def _named(self) -> Study:
        # The slug is a folder that a run replaces: it may not lead elsewhere.
        if self.slug and slugify(self.slug) != self.slug.lower().replace("_", "-"):
            raise ValueError(f"slug is the name of a folder: letters, digits and hyphens (found {self.slug!r})")
        if not self.output_name:
            raise ValueError("title has no letter to name the output folder after; give a slug")
        return self

    @property
    def output_name(self) -> str:
        """Name of the folder in `outputs/`."""
        return self.slug or slugify(self.title)

    def path(self, path: Path) -> Path:
        """Return a path of the study file as it is on this machine."""
        return path if path.is_absolute() else self.folder / path

    def input_files(self) -> list[Path]:
        """Return every input file of the study, each once, in the order of the study file."""
        named = [self.areas.file, self.areas.points_file, self.areas.labels]
        named += [section.file for section in (self.population, self.deprivation, self.children_in_need) if section]
        named += [path for section in self.events for path in section.paths]
        named += [self.schools.register_file, self.schools.exclusions] if self.schools else []
        return list(dict.fromkeys(self.path(path) for path in named if path is not None))


def _of_places(study: Study) -> str:
    """Return what is wrong with the places, as far as the study file alone tells."""
    slugs = [section.place.slug for section in study.places]
    for section, slug in zip(study.places, slugs, strict=True):
        if not slug:
            return f"place {section.name!r} has no letter to name its maps after"
        if slugs.count(slug) > 1:
            return f"two places would share the file name {slug!r}"
        kept = study.areas.authorities
        unknown = [code for code in section.authorities if kept is not None and code not in kept]
        if unknown:
            return f"place {section.name!r} is of {unknown[0]!r}, which is not among the authorities of [areas]"
    return ""


def read_study(path: str | Path) -> Study:
    """Return the study of a TOML file.

    Raises
    ------
    StudyError
        If the file is missing, is not TOML, or has errors; all errors are reported at once, and an unknown key
        names the nearest valid one.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        others = sorted(p.name for p in path.parent.glob("*.toml"))
        raise StudyError(
            f"There is no study file {str(path)!r}.",
            found=f"in {path.parent.resolve()}: {list_briefly(others) or 'no .toml file'}",
            advice="hotspots init DIR makes one, or name the file: hotspots run path/to/study.toml",
        ) from None
    except UnicodeDecodeError as error:
        utf16 = error.object[:2] in (b"\xff\xfe", b"\xfe\xff")
        row = error.object.count(b"\n", 0, error.start) + 1
        raise StudyError(
            f"The study file {str(path)!r} can't be read.",
            found="UTF-16" if utf16 else f"byte 0x{error.object[error.start]:02x} in row {row}, which is not UTF-8",
            advice="save it as UTF-8",
        ) from error
    except OSError as error:
        inside = path / "study.toml"
        raise StudyError(
            f"The study file {str(path)!r} can't be read.",
            found="a folder" if path.is_dir() else str(error.strerror or error),
            advice=f"name the file: {inside}" if inside.is_file() else "name a study file that you may read",
        ) from error
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise StudyError(
            f"The study file {str(path)!r} is not valid TOML.",
            found=str(error),
            advice="text values stand in quotes, and paths use / (or single quotes round \\)",
        ) from error
    return make_study(_flatten(raw), folder=path.parent, where=str(path))


def make_study(settings: dict[str, Any], *, folder: Path | str = ".", where: str = "the study") -> Study:
    """Return the study of settings as they stand in a study file, with the keys of [study] at the top.

    Raises
    ------
    StudyError
        Listing all errors at once.
    """
    try:
        return Study.model_validate({**settings, "folder": Path(folder)})
    except ValidationError as error:
        items = error.errors()
        # A list whose items are all wrong is also called too short: that says nothing new.
        inner = [item["loc"] for item in items if item["type"] != "too_short"]
        problems = [
            _explain(item)
            for item in items
            if item["type"] != "too_short" or not any(loc[: len(item["loc"])] == item["loc"] for loc in inner)
        ]
        raise StudyError(
            f"{where} has {len(problems)} error{'s' if len(problems) > 1 else ''}.",
            found="\n         ".join(problems),
            advice="correct the lines named above; hotspots init DIR writes a commented example",
        ) from None


def _flatten(raw: dict[str, Any]) -> dict[str, Any]:
    """Return the settings with the keys of [study] brought to the top."""
    top = raw.pop("study", {})
    return {**raw, **(top if isinstance(top, dict) else {"study": top})}


def _explain(item: Any) -> str:
    """Return one line for one error: where it is, what is wrong, and the nearest valid key."""
    steps = [f"[{step + 1}]" if isinstance(step, int) else str(step) for step in item["loc"]]
    where = ".".join(steps).replace(".[", "[") or "the file"
    if item["type"] == "extra_forbidden":
        known = _keys_at(item["loc"][:-1])
        match = nearest(str(item["loc"][-1]), known)
        return f"{where}: unknown key" + (f"; did you mean {match!r}?" if match else f"; known are {', '.join(known)}")
    if item["type"] == "missing":
        return f"{where}: is missing"
    if item["type"] == "tuple_type":
        return f"{where}: should be a list in square brackets (found {item['input']!r})"
    value = f" (found {item['input']!r})" if not isinstance(item["input"], dict | BaseModel) else ""
    return f"{where}: {item['msg'].removeprefix('Value error, ')}{value}"


def _keys_at(location: tuple[int | str, ...]) -> list[str]:
    """Return the valid keys of the section at a location."""
    model: Any = Study
    for step in location:
        if isinstance(step, int):
            continue
        annotation = next((f.annotation for n, f in model.model_fields.items() if step in (n, f.alias)), None)
        model = _section_in(annotation) or model
    return [f.alias or n for n, f in model.model_fields.items() if n != "folder"]


def _section_in(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in getattr(annotation, "__args__", ()):
        found = _section_in(part)
        if found:
            return found
    return None
