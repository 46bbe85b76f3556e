"""How this study may use a source: asked in one way by everything that reads, finds and writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from hotspots.disclosure import protect, restrict
from hotspots.model import AreaCounts, Series
from hotspots.vocabulary import RESTRICTED, UNRELEASED

if TYPE_CHECKING:
    from hotspots.study.settings import Study

__all__ = ["is_for_named_readers", "keeps_back", "through_gate"]

Data = TypeVar("Data")


class Marked(Protocol):
    """A section of the study file, or what was read for it."""

    @property
    def release(self) -> str:
        """See `hotspots.vocabulary`."""


def is_for_named_readers(study: Study) -> bool:
    """Whether the study keeps true counts and marks every page instead."""
    return study.profile == RESTRICTED


def keeps_back(study: Study, source: Marked) -> bool:
    """Whether nobody may see this source in this study as it was read: it is protected first, or left out."""
    return source.release == UNRELEASED and not is_for_named_readers(study)


def through_gate(study: Study, data: Data) -> Data:
    """Return what was read as this study may use it.

    What is released stays; in a restricted study the rest is marked. In a study that is published counts are protected
    before anything is computed from them; single records stay unreleased, which every writer refuses.
    """
    given: Any = data
    passed = data
    if is_for_named_readers(study):
        passed = restrict(given)
    elif keeps_back(study, given) and isinstance(data, AreaCounts | Series):
        passed = protect(given, study.protection)
    return passed
