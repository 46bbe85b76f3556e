"""The study file: one TOML file is the whole recipe, checked once, then frozen."""

from __future__ import annotations

import datetime as dt
import tomllib
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator

from hotspots.errors import StudyError, list_briefly, nearest
from hotspots.model import slugify
from hotspots.study.settings.chart_sections import FactorsSection, RecordedSection, SchoolsSection, SeriesSection
from hotspots.study.settings.comparison_sections import (
    ClustersSection,
    ComparisonSection,
    PredictionSection,
    StabilitySection,
)
from hotspots.study.settings.consistency import contradiction
from hotspots.study.settings.old_keys import RENAMED, with_new_keys
from hotspots.study.settings.schema import (
    AgesSection,
    Analysis,
    Areas,
    CovariatesSection,
    DensitySection,
    DeprivationSection,
    EventSection,
    Maps,
    PlaceSection,
    Population,
    RuleSection,
)
from hotspots.study.settings.section import Section, section_in
from hotspots.study.settings.values import RESERVED, Title
from hotspots.vocabulary import Profile

FOLDER: Final = "<folder>"
ORDER: Final = "<order>"
NOTES: Final = "<notes>"
TIFF: Final = (".tif", ".tiff", ".TIF", ".TIFF")


class Study(Section):
    """A whole study: what it is called, who may read it, and its sections."""

    title: Title
    """Title of the study, printed on the briefing."""
    slug: str = Field(default="", max_length=100)
    """Name of the output folder inside `outputs/`. The default is made from the title."""
    subtitle: str = Field(default="", max_length=300)
    """Subtitle of the briefing."""
    date: dt.date | None = None
    """Date of the study, printed on every page. The default is the last day that any input covers."""
    contact: str = Field(default="", max_length=200)
    """Whom to ask, printed on every page."""
    profile: Profile = "publish"
    """`"publish"`: counts of people from unreleased records are protected before anything is computed. `"restricted"`:
    true counts, for named readers, with every page and layer marked."""
    rule: str | RuleSection = "nhs-digital"
    """Disclosure rule for unreleased counts of people: `"nhs-digital"` (1 to 7 suppressed, others rounded to 5),
    `"older-phe"` (1 to 5 suppressed), `"dfe"` (1 and 2 suppressed), or a section `[rule]`."""
    ledger: str = Field(default="releases", max_length=500)
    """Folder of the ledger: what each `publish` run has published of unreleased records, so that later runs reveal
    nothing beside it. A unit can share one. With `""`, runs know nothing of each other."""
    private_file: Path | None = None
    """File with keyed fingerprints of unreleased records, outside of `ledger` and `outputs`. With it a later run knows
    which records have changed; without it, records that were counted before can't be counted in another table."""
    corrections: Literal["refuse", "coarsen"] = "refuse"
    """What happens to counts of records that were corrected since an earlier run published them: the run stops, or they
    are published in wider intervals that do not give the correction back (few by area, most of charts). `"coarsen"`
    needs `private_file`."""
    mend_population_cut: bool = False
    """Whether a published interval that the number of people in an area cuts (3 people: 1 to 3 in place of 1 to 7) is
    joined with lower ones until it has as many values as the rule shows. By default it is only said in how many
    areas."""
    readers: str = Field(default="", max_length=200)
    """Who may read a restricted study. Needed with `profile = "restricted"`."""
    demographics: bool = True
    """Whether to describe population, age and deprivation of each local authority, where they are known."""
    areas: Areas
    """The boundaries."""
    places: tuple[PlaceSection, ...] = ()
    """Parts of the study area with maps of their own."""
    population: Population | None = None
    """People by area. Without it, maps show events and not risk."""
    population_by_age: AgesSection | None = None
    """People by area and age."""
    deprivation: DeprivationSection | None = None
    """Index of deprivation by area."""
    covariates: CovariatesSection | None = None
    """Further numbers by area, for `given`."""
    events: tuple[EventSection, ...] = Field(min_length=1)
    """Events or counts to map. At least one section is needed."""
    schools: SchoolsSection | None = None
    """Schools and their exclusions. Needs `[deprivation]`."""
    series: tuple[SeriesSection, ...] = ()
    """Events by year or quarter."""
    recorded: tuple[RecordedSection, ...] = ()
    """Offences recorded by one police force."""
    children_in_need: FactorsSection | None = None
    """Factors identified in assessments of children."""
    analysis: Analysis = Analysis()
    """How hotspots are tested."""
    density: DensitySection = DensitySection()
    """Surfaces of density and risk."""
    clusters: tuple[ClustersSection, ...] = ()
    """The most likely clusters of some sources."""
    stability: StabilitySection | None = None
    """How far hot areas depend on the choices of an analysis, and on the method."""
    comparisons: tuple[ComparisonSection, ...] = ()
    """One period or kind of event against another."""
    predictions: tuple[PredictionSection, ...] = ()
    """How well past density predicts where later events are."""
    maps: Maps = Maps()
    """How maps are drawn."""
    # No TOML key has these names: in a study file `folder` is unknown, as any other word.
    folder: Path = Field(default=Path(), exclude=True, alias=FOLDER)
    """Folder where relative paths start: that of the study file. Not a key of the study file."""
    order: tuple[str, ...] = Field(default=(), exclude=True, alias=ORDER)
    """Sections in the order of the study file. Not a key of the study file."""
    notes: tuple[str, ...] = Field(default=(), exclude=True, alias=NOTES)
    """What `check` and `run` say of the study file itself: keys that have a new name. Not a key of the study file."""

    @field_validator("rule", mode="before")
    @classmethod
    def _known_rule(cls, value: Any) -> Any:
        known = ("nhs-digital", "older-phe", "dfe")
        if isinstance(value, RuleSection):
            return value
        if isinstance(value, dict):
            return RuleSection.model_validate(value)
        if value not in known:
            raise ValueError(f"known rules are {', '.join(known)}; or give numbers: [rule] smallest, largest, rounding")
        return value

    @field_validator("date")
    @classmethod
    def _of_our_time(cls, value: dt.date | None) -> dt.date | None:
        if value is not None and not 1900 <= value.year <= 2100:
            raise ValueError("should be of a year from 1900 to 2100")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Study:
        problem = contradiction(self)
        if problem:
            raise ValueError(problem)
        if self.schools is not None and self.deprivation is None:
            raise ValueError("schools need a [deprivation] section to be compared with")
        if self.profile == "restricted" and not self.readers:
            raise ValueError("a restricted study names its readers (readers = ...)")
        if self.profile == "publish" and self.readers:
            raise ValueError("readers do nothing with profile = 'publish', which is for everyone: leave them out")
        return self

    @model_validator(mode="after")
    def _named(self) -> Study:
        # The slug is a folder that a run replaces: it may not lead elsewhere.
        if self.corrections == "coarsen" and self.private_file is None:
            raise ValueError('corrections = "coarsen" needs a private_file, which tells what was corrected')
        if self.slug and slugify(self.slug) != self.slug.lower().replace("_", "-"):
            raise ValueError(f"slug is the name of a folder: letters, digits and hyphens (found {self.slug!r})")
        if self.output_name in RESERVED:
            raise ValueError(
                f"the output folder can't be called {self.output_name!r}, which Windows reserves for a device"
            )
        if not self.output_name:
            raise ValueError("title has no letter to name the output folder after; give a slug")
        return self

    @property
    def protection(self) -> str | dict[str, int]:
        """The disclosure rule, by name or by its numbers."""
        return self.rule if isinstance(self.rule, str) else self.rule.model_dump()

    @property
    def output_name(self) -> str:
        """Name of the folder in `outputs/`."""
        return self.slug or slugify(self.title)[:100].strip("-")

    @property
    def basemap(self) -> str | None:
        """The basemap as it is on this machine: a path, or the name of a tile provider."""
        named = self.maps.basemap
        is_file = named is not None and ("/" in named or "\\" in named or (self.folder / named).exists())
        return str(self.path(Path(named))) if named is not None and (is_file or Path(named).suffix in TIFF) else named

    def means_deprivation(self, name: str) -> bool:
        """Whether a name in `given` means the index of [deprivation]: that word, or the first of its title."""
        if self.deprivation is None:
            return False
        # "idaci" of "IDACI 2019".
        short = self.deprivation.title.split()[0]
        return name.casefold() == "deprivation" or name.casefold() == short.casefold()

    def path(self, path: Path) -> Path:
        """Return a path of the study file as it is on this machine."""
        return path if path.is_absolute() else self.folder / path

    def input_files(self) -> list[Path]:
        """Return every input file of the study, each once, in the order of the study file."""
        named = [self.areas.file, self.areas.detailed_file, self.areas.labels]
        single = (self.population, self.population_by_age, self.deprivation, self.covariates, self.children_in_need)
        named += [section.file for section in (*single, *self.recorded) if section]
        named += [self.children_in_need.episodes] if self.children_in_need else []
        named += [path for section in self.events for path in (*section.paths, section.totals)]
        named += [self.schools.register_file, self.schools.exclusions, self.schools.totals] if self.schools else []
        return list(dict.fromkeys(self.path(path) for path in named if path is not None))


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
    except (OSError, ValueError) as error:
        # A ValueError is a path with a null character in it.
        inside = path / "study.toml"
        raise StudyError(
            f"The study file {str(path)!r} can't be read.",
            found="a folder" if path.is_dir() else str(getattr(error, "strerror", None) or error),
            advice=f"name the file: {inside}" if inside.is_file() else "name a study file that you may read",
        ) from error
    try:
        raw = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        # Numbers of more than 4,300 digits and brackets a thousand deep are no TOMLDecodeError.
        deep = "lists or tables nested too deep" if isinstance(error, RecursionError) else str(error)
        raise StudyError(
            f"The study file {str(path)!r} is not valid TOML.",
            found=deep,
            advice="put text values in quotes, and use / in paths (or single quotes round \\)",
        ) from error
    return make_study(_flatten(raw, str(path)), folder=path.parent, where=str(path))


def make_study(settings: dict[str, Any], *, folder: Path | str = ".", where: str = "the study") -> Study:
    """Return the study of settings as they are in a study file, with the keys of [study] at the top.

    Raises
    ------
    StudyError
        Listing all errors at once.
    """
    known, notes = with_new_keys(settings)
    try:
        return Study.model_validate({**known, FOLDER: Path(folder), ORDER: tuple(settings), NOTES: notes})
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


def _flatten(raw: dict[str, Any], where: str) -> dict[str, Any]:
    """Return the settings with the keys of [study] brought to the top.

    Raises
    ------
    StudyError
        If a key is given twice, or a section is inside [study], where it would replace another.
    """
    top = raw.pop("study", {})
    if not isinstance(top, dict):
        raise StudyError(
            f"[study] of {where} is not a section.",
            found=_shown(top),
            advice='write [study] and below it title = "..."',
        )
    inside = [key for key in top if key in Study.model_fields and section_in(Study.model_fields[key].annotation)]
    misplaced = [key for key in inside if key != "rule" or isinstance(top[key], dict)]
    if misplaced:
        raise StudyError(
            f"[study] of {where} contains the section {misplaced[0]!r}.",
            found=f"{misplaced[0]} = {_shown(top[misplaced[0]])}",
            advice=f"make it a section of its own: [{misplaced[0]}]",
        )
    twice = [key for key in top if key in raw]
    if twice:
        raise StudyError(
            f"{twice[0]!r} is given twice in {where}.",
            found=f"in [study] {_shown(top[twice[0]])}, and outside it {_shown(raw[twice[0]])}",
            advice="delete one of them",
        )
    # In Python all keys are at the top; in a file those of [study] have their place.
    return {**raw, **top}


def _explain(item: Any) -> str:
    """Return one line for one error: where it is, what is wrong, and the nearest valid key."""
    steps = [f"[{step + 1}]" if isinstance(step, int) else str(step) for step in item["loc"]]
    where = ".".join(steps).replace(".[", "[") or "the file"
    if item["type"] == "extra_forbidden":
        new = RENAMED.get(str(item["loc"][0]), {}).get(str(item["loc"][-1]))
        if new is not None:
            return f"{where}: is now {new}, which is given too: delete one of them"
        known = _keys_at(item["loc"][:-1])
        match = nearest(str(item["loc"][-1]), known)
        return f"{where}: unknown key" + (
            f"; did you mean {match!r}?" if match else f"; known keys: {', '.join(known)}"
        )
    if item["type"] == "missing":
        return f"{where}: is missing"
    if item["type"] == "tuple_type":
        return f"{where}: should be a list in square brackets (found {_shown(item['input'])})"
    value = f" (found {_shown(item['input'])})" if not isinstance(item["input"], dict | BaseModel) else ""
    if "(found " in item["msg"]:
        value = ""
    return f"{where}: {item['msg'].removeprefix('Value error, ')}{value}"


def _shown(value: Any) -> str:
    """Return a value as the study file has it, shortened; a number with thousands of digits has no text at all."""
    try:
        words = ascii(value) if isinstance(value, str) and not value.isprintable() else repr(value)
    except (ValueError, RecursionError):
        return "a value too long to be shown"
    return words if len(words) <= 80 else f"{words[:79]}…"


def _keys_at(location: tuple[int | str, ...]) -> list[str]:
    """Return the valid keys of the section at a location."""
    model: Any = Study
    for step in location:
        if isinstance(step, int):
            continue
        annotation = next((f.annotation for n, f in model.model_fields.items() if step in (n, f.alias)), None)
        model = section_in(annotation) or model
    return [f.alias or n for n, f in model.model_fields.items() if n not in ("folder", "order", "notes")]
