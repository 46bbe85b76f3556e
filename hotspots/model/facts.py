"""Facts about results: notes with the origin of their numbers, and the source and release of combined inputs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from hotspots.errors import AnalysisError
from hotspots.model.checks import freeze
from hotspots.vocabulary import weakest_release

__all__ = ["Combined", "Note", "Origin", "combine", "need_notes", "need_tuples", "words_of"]

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


def need_notes(instance: object) -> None:
    """Raise an error for notes in plain text: the origin of their numbers would not be known.

    Raises
    ------
    AnalysisError
        Naming the first such note.
    """
    notes = tuple(getattr(instance, "notes"))  # noqa: B009 - types of the model share none that has notes
    for note in notes:
        if not isinstance(note, Note):
            raise AnalysisError(
                "A note must say where its numbers come from.",
                found=f"{type(instance).__name__} with the note {note!r}",
                advice='hotspots.studies.Note("...", of="records"), or of="publication" or "settings" without people',
            )
    freeze(instance, "notes", notes)


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


@dataclass(frozen=True, slots=True)
class Combined:
    """Where something comes from, made by `combine`.

    Parameters
    ----------
    sources
        Publishers of the inputs, each once, in order.
    attribution
        Lines that must be shown with the result.
    release
        The strictest release mark of all inputs.
    """

    sources: tuple[str, ...]
    attribution: tuple[str, ...]
    release: str

    @property
    def source(self) -> str:
        """The sources as one text."""
        return "; ".join(self.sources)


def _sources_of(instance: object) -> tuple[str, ...]:
    """Return the publishers of data, one by one; none where they are not known."""
    sources: tuple[str, ...] = getattr(instance, "sources", ()) or (getattr(instance, "source", ""),)
    return tuple(source for source in sources if source)


def combine(*inputs: object) -> Combined:
    """Return sources, attribution and release of a result made from all these; None is ignored.

    Parameters
    ----------
    inputs
        Objects with a release, and optionally a source (or several) and an attribution.
    """
    given = [instance for instance in inputs if instance is not None]
    sources = (source for instance in given for source in _sources_of(instance))
    lines = (line for instance in given for line in getattr(instance, "attribution", ()))
    return Combined(
        sources=tuple(dict.fromkeys(sources)),
        attribution=tuple(dict.fromkeys(lines)),
        release=weakest_release(*(instance.release for instance in given)),  # type: ignore[attr-defined]
    )
