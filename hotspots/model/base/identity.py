"""Who something is (name, title, period, sources, notes, release) and how it was made; the base of all types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, Self, get_args

from hotspots.errors import AnalysisError, DisclosureError
from hotspots.model.base.checks import freeze
from hotspots.model.base.periods import AUGUST, NO_PERIOD, Coverage, Period
from hotspots.model.base.views import as_html
from hotspots.vocabulary import RESTRICTED, UNRELEASED, weakest_release

if TYPE_CHECKING:
    from dataclasses import Field

Origin = Literal["records", "publication", "settings"]
"""Origin of the numbers in a note: records of people, counted or taken from their cells; the publication, printed or
visible in it (years, columns, files, areas); or settings of the study or the program (metres, cells, levels)."""


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence with the numbers in it and their origin, by which the gate decides whether it may be published.

    Parameters
    ----------
    words
        The sentence, as readers see it.
    numbers
        The numbers in the words, and names that hold some (a period, a column, a code).
    topic
        ``"bandwidth"`` if it repeats the description of a bandwidth.
    of
        Where the numbers come from; where the words have none, what the sentence was concluded from. A note with
        numbers of several origins is of ``"records"`` if any of them is.

    Examples
    --------
    >>> str(Note("2 areas have no ages.", of="publication", numbers=(2,)))
    '2 areas have no ages.'
    """

    words: str
    numbers: tuple[float | str, ...] = ()
    topic: Literal["data", "bandwidth"] = "data"
    of: Origin = field(kw_only=True)

    def __post_init__(self) -> None:
        if self.of not in get_args(Origin):
            raise AnalysisError(
                f"There is no origin {self.of!r} of the numbers in a note.",
                advice=f"use one of {', '.join(get_args(Origin))}",
            )

    def __str__(self) -> str:
        return self.words

    def under(self, heading: str) -> Note:
        """Return the same note after a heading: ``"First file: ..."``."""
        return replace(self, words=f"{heading}: {self.words}")


def words_of(notes: Iterable[Note]) -> tuple[str, ...]:
    """Return the sentences alone, for those who write them."""
    return tuple(note.words for note in notes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who something is: its name, what it covers, where it comes from and how it may be published.

    Readers make it from what their file and the study say; everything else makes it with `combine`.

    Parameters
    ----------
    release
        How it may be published: ``"open"``, ``"invented"``, ``"unreleased"``, ``"restricted"``, or the name of the rule
        that protects the counts.
    name, title
        A short name for files and layers; words for people ("hospital admissions for violence"). Where they are empty,
        each type has its own.
    sources
        Publishers of the data, each once, in words.
    period
        What is covered; a text is read by `Period.read`.
    attribution
        Lines that must be shown wherever it is drawn.
    notes
        Notes for readers (gaps, months without rows, map points).

    Raises
    ------
    AnalysisError
        For a note in plain text (the origin of its numbers would not be known), and for one text in place of several
        (its letters would be taken one by one).

    Examples
    --------
    >>> Identity(release="open", sources=("Office for National Statistics",), period="2017-2019").period.words
    '2017–2019'
    """

    release: str
    name: str = ""
    title: str = ""
    sources: tuple[str, ...] = ()
    period: Period = NO_PERIOD
    attribution: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()

    def __post_init__(self) -> None:
        need_tuples(self, "sources", "attribution")
        freeze(self, "sources", tuple(dict.fromkeys(filter(None, self.sources))))
        freeze(self, "period", Period.read(self.period))
        freeze(self, "notes", tuple(self.notes))
        for note in self.notes:
            if not isinstance(note, Note):
                raise AnalysisError(
                    "A note must say where its numbers come from.",
                    found=f"{self.title or 'data'} with the note {note!r}",
                    advice='hotspots.studies.Note("...", of="records"); of="publication" or "settings" without people',
                )

    @property
    def source(self) -> str:
        """The sources as one text."""
        return "; ".join(self.sources)


def need_tuples(instance: object, *names: str) -> None:
    """Raise an error for one text in place of several: its letters would be taken one by one.

    Raises
    ------
    AnalysisError
        Naming the first such field.
    """
    for name in names:
        texts = getattr(instance, name)
        if isinstance(texts, str):
            raise AnalysisError(
                f"The {name} of a result are given one by one.",
                found=f"{type(instance).__name__} with {name}={texts!r}",
                advice=f'{name}=("...", "...")',
            )
        freeze(instance, name, tuple(texts))


def read_school_years(instance: ModelType) -> None:
    """Read the period of schools again, while they are being made: their years end in August."""
    period = Period.read(str(instance.period), year_ends=AUGUST)
    freeze(instance, "identity", replace(instance.identity, period=period))


def _rebuild(kind: type[Any], fields: dict[str, Any]) -> Any:
    """Make an object again from its fields, in another process or from a file."""
    return kind(**fields)


@dataclass(frozen=True, eq=False, slots=True)
class ModelType:
    """Base class of the types of the model: they have an identity, can be pickled, and are shown in a notebook.

    Parameters
    ----------
    identity
        Who it is. Its parts are attributes too: `name`, `title`, `period`, `sources`, `attribution`, `notes` and
        `release`.
    """

    identity: Identity = field(kw_only=True)

    usual_name: ClassVar[str] = "events"
    usual_title: ClassVar[str] = "events"

    def with_identity(self, **changes: Any) -> Self:
        """Return the same with other parts of its identity, e.g. ``title``.

        Raises
        ------
        DisclosureError
            If a release mark would make unreleased or restricted data publishable: only `hotspots.protect` does.
        """
        kept_back = (UNRELEASED, RESTRICTED)
        if self.release in kept_back and changes.get("release", self.release) not in kept_back:
            raise DisclosureError(
                f"{self.title[:1].upper()}{self.title[1:]} can't be made publishable by another mark.",
                found=f"{self.release!r} to become {changes['release']!r}",
                advice="protect the counts with a gate, or read released data with their mark",
            )
        return replace(self, identity=replace(self.identity, **changes))

    def cited_as(self, source: str) -> Self:
        """Return the same with this as its source; as it is if the text is empty."""
        return self.with_identity(sources=(source,)) if source else self

    @property
    def name(self) -> str:
        """A short name for files and layers."""
        return self.identity.name or self.usual_name

    @property
    def title(self) -> str:
        """What it is, for people."""
        return self.identity.title or self.usual_title

    @property
    def sources(self) -> tuple[str, ...]:
        """Publishers of the data, each once."""
        return self.identity.sources

    @property
    def source(self) -> str:
        """The sources as one text."""
        return self.identity.source

    @property
    def period(self) -> Period:
        """What is covered."""
        return self.identity.period

    @property
    def attribution(self) -> tuple[str, ...]:
        """Lines that must be shown wherever it is drawn."""
        return self.identity.attribution

    @property
    def notes(self) -> tuple[Note, ...]:
        """Notes for readers."""
        return self.identity.notes

    @property
    def release(self) -> str:
        """How it may be published; see `hotspots.vocabulary`."""
        return self.identity.release

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        return as_html(self, self._numbers(), getattr(self, "table", None))

    def _numbers(self) -> dict[str, object]:
        """Return the few numbers that a notebook shows above the table."""
        return {"Rows": len(getattr(self, "table", ()))}

    def __reduce__(self) -> tuple[Any, ...]:
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        plain = {name: dict(value) if isinstance(value, MappingProxyType) else value for name, value in values.items()}
        return _rebuild, (type(self), plain)


def combine(
    first: ModelType,
    *others: ModelType | None,
    name: str | None = None,
    title: str | None = None,
    period: Period | None = None,
    notes: Iterable[Note] = (),
    release: str | None = None,
) -> Identity:
    """Return the identity of what is made from all these: sources and attribution of all, and the weakest release.

    Parameters
    ----------
    first
        What it is mainly made from: name, title and period are its own.
    others
        What else it is made from; None is ignored.
    name, title, period
        In place of those of `first`.
    notes
        Its notes; those of the inputs are not taken over.
    release
        Mark of an input without an identity, such as a column of numbers; the weakest of all still wins.
    """
    given = [first, *(other for other in others if other is not None)]
    return Identity(
        name=first.name if name is None else name,
        title=first.title if title is None else title,
        period=first.period if period is None else period,
        sources=tuple(source for each in given for source in each.sources),
        attribution=tuple(dict.fromkeys(line for each in given for line in each.attribution)),
        release=weakest_release(*(each.release for each in given), *([release] if release else [])),
        notes=tuple(notes),
    )


# --------------------------------------------------------------------------- how something was made


class Recorded:
    """Base class of all that is written as settings: a field is a key, unless its metadata say otherwise."""

    __slots__ = ()
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    def as_dict(self) -> dict[str, Any]:
        """Return method and settings as files have them: setting → plain value.

        Examples
        --------
        >>> @dataclass(frozen=True)
        ... class Limits(Recorded):
        ...     above: float
        ...     below: float
        >>> Limits(above=5.1, below=4.9).as_dict()
        {'above': 5.1, 'below': 4.9}
        """
        written: dict[str, Any] = {}
        for each in fields(self):
            value, how = getattr(self, each.name), each.metadata
            if "prefix" in how:
                written |= {f"{how['prefix']}{name}": inner for name, inner in _settings_of(value).items()}
            elif value is not None or not how.get("optional"):
                written[each.name] = how.get("write", _plain)(value)
        return written


def written_as(words: Mapping[Any, str]) -> dict[str, Any]:
    """Return the metadata of a code for which files have words; a code that has none is written as it is."""
    return {"write": lambda code: words.get(code, code)}


AS_LIST: Final[dict[str, Any]] = {"write": lambda values: None if values is None else list(values)}
BESIDE: Final[dict[str, Any]] = {"prefix": ""}
"""Of a part whose settings stand beside the others; none of them where it is None."""
AS_RECORDS: Final[dict[str, Any]] = {"write": lambda parts: [part.as_dict() for part in parts]}
"""Of several parts, each with settings of its own."""
WHERE_KNOWN: Final[dict[str, Any]] = {"optional": True}
"""Of a setting that has no key where it is None."""


def _settings_of(part: Recorded | Coverage | None) -> dict[str, Any]:
    if isinstance(part, Coverage):
        return {"months_covered": list(part.months), "months_missing": list(part.missing)}
    return {} if part is None else part.as_dict()


def _plain(value: Any) -> Any:
    if isinstance(value, Recorded):
        return value.as_dict()
    return dict(value) if isinstance(value, Mapping) else value


USUAL_LEVEL: Final = 0.05
"""Level of results that were made by hand and do not say theirs."""


class Result(ModelType):
    """Base class of results: their method is a tuple of sentences, and one text for those who write it."""

    __slots__ = ()

    sentences: tuple[str, ...]
    provenance: Recorded | None

    @property
    def words(self) -> str:
        """The method as one text."""
        return " ".join(self.sentences)


def settings_of(result: Result) -> dict[str, Any]:
    """Return method and settings of a result as files have them; nothing of one made by hand."""
    return {} if result.provenance is None else result.provenance.as_dict()
