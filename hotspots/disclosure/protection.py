"""What a study, or a program, may do with a source: the profile and the release mark decide.

Results that are computed from protected intervals alone can't reveal the counts, whatever is written later. Protecting
the results instead is not enough: with one statistic per area there are as many equations as unknown counts. So counts
of people are protected before anything is computed from them, by `hotspots.disclosure.gate`, which looks at all tables
of the same records together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar, overload

from hotspots.disclosure.gate import Gate
from hotspots.disclosure.release import Scope
from hotspots.errors import DisclosureError
from hotspots.model import AreaCounts, Series
from hotspots.vocabulary import RESTRICTED, UNRELEASED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hotspots.model import StudyArea

Source = TypeVar("Source")


class Marked(Protocol):
    """A section of a study file, or what was read for it."""

    @property
    def release(self) -> str:
        """See `hotspots.vocabulary`."""


class Publishing(Protocol):
    """The profile of a study and its disclosure rule."""

    @property
    def profile(self) -> str:
        """``"publish"`` or ``"restricted"``."""

    @property
    def protection(self) -> str | dict[str, int]:
        """The disclosure rule, by name or by its numbers."""


def is_restricted(study: Publishing) -> bool:
    """Return whether the study keeps true counts, for named readers, and marks every page."""
    return study.profile == RESTRICTED


def keeps_back(study: Publishing, source: Marked) -> bool:
    """Return whether a source must be protected or left out: it is unreleased and the study is published."""
    return source.release == UNRELEASED and not is_restricted(study)


def through_gate(study: Publishing, noun: Source) -> Source:
    """Return a source as this study may use it.

    A released source is unchanged. In a restricted study, an unreleased one is marked as restricted. In a published
    study single records remain unreleased, and no writer accepts them.

    Raises
    ------
    DisclosureError
        For unreleased counts in a published study: they are published beside all others of the same records, through
        `hotspots.disclosure.Gate`.
    """
    given: Any = noun
    if is_restricted(study):
        marked: Source = restrict(given)
        return marked
    if keeps_back(study, given) and isinstance(noun, AreaCounts | Series):
        raise DisclosureError(
            f"The counts of {noun.title} are not registered for publication.",
            found="unreleased counts, which other tables of the same records could give back",
            advice="pass them to Gate.counts or Gate.series, which look at all these tables together",
        )
    return noun


def restrict(noun: Any) -> Any:
    """Return unreleased data marked as restricted, with their true counts; other marks are unchanged."""
    return noun.with_identity(release=RESTRICTED) if noun.release == UNRELEASED else noun


# --------------------------------------------------------------------------- from Python, one table after the other


@overload
def protect(noun: AreaCounts, gate: Gate, *, scope: Scope, records: str = "records") -> AreaCounts: ...


@overload
def protect(
    noun: Series,
    gate: Gate,
    *,
    scope: Sequence[Scope],
    records: str = "records",
    area: StudyArea,
    whole_file: bool = False,
) -> Series: ...


def protect(
    noun: AreaCounts | Series,
    gate: Gate,
    *,
    scope: Scope | Sequence[Scope],
    records: str = "records",
    area: StudyArea | None = None,
    whole_file: bool = False,
) -> AreaCounts | Series:
    """Return counts as intervals that may be published beside all others of the gate, marked with its rule.

    One gate is for everything that is ever published of the same records: it keeps each table, and the next one is
    published beside it. Two gates for the same records know nothing of each other, unless they have a ledger
    (`hotspots.disclosure.open_memory`).

    Parameters
    ----------
    noun
        Counts by area or by period, as they were read and counted.
    gate
        All tables that were protected before, and the disclosure rule.
    scope
        Which records are counted (months, ages, kinds); for counts by period, of each row of the table.
    records
        A name of the source: tables with the same name count the same records. Other sources need other names.
    area, whole_file
        For counts by period: the study area, and whether events outside it are counted too.

    Raises
    ------
    DisclosureError
        If given a rule in place of a gate; if given single records (events, points), which no rule can protect; if
        they are restricted: totals may have made their intervals narrower than those that the source publishes; or if
        they contradict what the gate has published, or can't be looked at together with it.
    """
    if not isinstance(gate, Gate):
        raise DisclosureError(
            "Counts are protected by a gate, which knows the other tables of the same records.",
            found=f"{gate!r} in place of a gate",
            advice='gate = hotspots.disclosure.Gate("nhs-digital"); hotspots.protect(counts, gate, scope=...)',
        )
    if noun.release == RESTRICTED:
        raise DisclosureError(
            f"{type(noun).__name__} is restricted and cannot be published.",
            found=f"the release mark {RESTRICTED!r}: true counts, or intervals that totals made narrower",
            advice="protect the counts as they were read from their source",
        )
    if isinstance(noun, AreaCounts) and isinstance(scope, Scope):
        return gate.counts(noun, records=records, scope=scope)
    if isinstance(noun, Series) and not isinstance(scope, Scope) and area is not None:
        return gate.series(noun, records=records, scopes=scope, area=area, whole_file=whole_file)
    if isinstance(noun, AreaCounts | Series):
        raise DisclosureError(
            f"It is not known which records the {noun.title} count.",
            found=f"scope {scope!r}",
            advice="counts by area have one Scope; counts by period have one for each row, and the area",
        )
    raise DisclosureError(
        f"{type(noun).__name__} can't be protected by suppressing small counts.",
        advice="count the events by area or by year first",
    )
