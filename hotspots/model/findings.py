"""What is found in results and told in sentences: hotspots, schools by class, and ratios as changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from hotspots.errors import AnalysisError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Hotspot", "Part", "SchoolAccount", "Whereabouts", "change_words", "count_schools", "interval_words"]

# --------------------------------------------------------------------------- adjoining hot areas as one

Part = Literal[
    "central", "north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west"
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """The location of something, as facts from which sentences are made.

    Parameters
    ----------
    authorities
        Names of the local authorities it lies in, the one with the largest part first.
    part
        Which part of the first authority.
    borders
        Names of other authorities of the study that it adjoins.
    near
        The place name nearest to its middle, one inside it before all others; empty where none is near.
    around
        Whether that name is inside it.
    """

    authorities: tuple[str, ...]
    part: Part
    borders: tuple[str, ...] = ()
    near: str = ""
    around: bool = False


@dataclass(frozen=True, slots=True)
class Hotspot:
    """Adjoining areas that are hot.

    Parameters
    ----------
    areas
        Their ids, sorted.
    where
        Where it lies.
    people
        Residents, or NaN without a population.
    observed_low, observed_high
        Events: sums of the areas' intervals.
    expected
        Events if everyone in the study area had the same risk, or NaN without a population.
    """

    areas: tuple[str, ...]
    where: Whereabouts
    people: float
    observed_low: float
    observed_high: float
    expected: float

    @property
    def ratio(self) -> tuple[float, float]:
        """Observed over expected events, from its lowest to its highest."""
        return self.observed_low / self.expected, self.observed_high / self.expected


# --------------------------------------------------------------------------- schools by class

NOT_JUDGED: Final = "cannot_be_judged"
ABOVE: Final = ("far_above", "above")
BELOW: Final = ("below", "far_below")
WITHOUT_REASON: Final = "its numbers are missing"


@dataclass(frozen=True, slots=True)
class SchoolAccount:
    """The numbers of schools by class; every sentence on these numbers is made from this.

    Parameters
    ----------
    schools
        All of them: those judged and those not.
    classes
        Class → schools, of those judged.
    not_judged
        Reason → schools.
    not_placed
        Schools without a point in the study area, which no map can show; they are also counted in `schools`.
    """

    schools: int
    classes: Mapping[str, int]
    not_judged: Mapping[str, int]
    not_placed: int = 0

    def __post_init__(self) -> None:
        if self.schools != self.judged + sum(self.not_judged.values()):
            raise AnalysisError(
                "The schools do not add up.",
                found=f"{self.schools:,} schools, {self.judged:,} judged, {sum(self.not_judged.values()):,} not",
                advice="give every school a class or a reason",
            )

    @property
    def judged(self) -> int:
        """Schools with a class."""
        return sum(self.classes.values())

    @property
    def above(self) -> int:
        """Schools above the 95% limits, those far above among them."""
        return sum(self.classes.get(name, 0) for name in ABOVE)

    @property
    def below(self) -> int:
        """Schools below the 95% limits, those far below among them."""
        return sum(self.classes.get(name, 0) for name in BELOW)

    @property
    def base(self) -> str:
        """How many of the schools were judged, in words."""
        if not self.not_judged:
            return f"All {self.schools:,} schools in question were judged."
        return f"Of {self.schools:,} schools in question {self.judged:,} were judged."

    @property
    def words(self) -> str:
        """The whole account, in sentences.

        Examples
        --------
        >>> SchoolAccount(4, {"above": 1, "as_expected": 3}, {}).words
        'All 4 schools in question were judged: 3 as expected, 1 above and 0 below.'
        """
        as_expected = self.classes.get("as_expected", 0)
        judged = f"{self.base[:-1]}: {as_expected:,} as expected, {self.above:,} above and {self.below:,} below."
        if not self.not_judged:
            return judged
        reasons = "; ".join(f"{number:,} {reason}" for reason, number in self.not_judged.items())
        return f"{judged} Schools that were not judged: {self.schools - self.judged:,} ({reasons})."

    def say_unplaced(self, of: str = "in question") -> str:
        """Return how many schools are on no map; empty where all are on one."""
        if not self.not_placed:
            return ""
        lie = (
            "has no point in the study area and is"
            if self.not_placed == 1
            else "have no point in the study area and are"
        )
        return f"{self.not_placed:,} of the {self.schools:,} schools {of} {lie} not shown on any map."

    def as_values(self) -> dict[str, object]:
        """Return the account as plain values, for a summary."""
        return {
            "schools": self.schools,
            "judged": self.judged,
            "classes": dict(self.classes),
            "not_judged": dict(self.not_judged),
            "not_placed": self.not_placed,
        }


def count_schools(table: pd.DataFrame, *, classes: str = "class") -> SchoolAccount:
    """Return the account of the schools of a table.

    Parameters
    ----------
    table
        With the columns of a `SchoolResult`, of all schools in question or of those in a place.
    classes
        The column that says how they were judged.
    """
    numbers = table[classes].astype(str).value_counts(sort=False)
    unjudged = table.loc[table[classes] == NOT_JUDGED, "reason"].fillna("").replace("", WITHOUT_REASON)
    reasons = unjudged.value_counts(sort=True)
    geometry = table["geometry"] if "geometry" in table.columns else None
    return SchoolAccount(
        schools=len(table),
        classes={str(name): int(number) for name, number in sorted(numbers.items()) if name != NOT_JUDGED},
        not_judged={str(reason): int(number) for reason, number in reasons.items()},
        not_placed=0 if geometry is None else int((geometry.isna() | geometry.is_empty).sum()),
    )


# --------------------------------------------------------------------------- ratios as changes

NONE: Final = "no more and no fewer"
"""Words are made of the rounded numbers only, so that near-equal results read the same."""


def _percent(ratio: float) -> int:
    return round(100 * (ratio - 1))


def change_words(ratio: float) -> str:
    """Return a ratio as a change.

    Examples
    --------
    >>> change_words(1.15), change_words(0.8), change_words(1.002)
    ('15% more', '20% fewer', 'no more and no fewer')
    """
    percent = _percent(ratio)
    if percent == 0:
        return NONE
    return f"{abs(percent):,}% {'more' if percent > 0 else 'fewer'}"


def interval_words(low: float, high: float) -> str:
    """Return the limits of a ratio, that nearer to none first; and where none lies inside, or at the edge.

    Examples
    --------
    >>> interval_words(1.1, 1.5), interval_words(0.7, 0.95)
    ('10 to 50% more', '5 to 30% fewer')
    >>> interval_words(0.998, 1.33) == interval_words(1.001, 1.33)
    True
    >>> interval_words(1.001, 1.33)
    '0 to 33% more, borderline'
    >>> interval_words(0.9, 1.33)
    '10% fewer to 33% more, compatible with no difference'
    """
    first, last = _percent(low), _percent(high)
    if first == last:
        return change_words(low)
    if first < 0 < last:
        said = f"{change_words(low)} to {change_words(high)}"
    elif first >= 0:
        said = f"{first:,} to {last:,}% more"
    else:
        said = f"{-last:,} to {-first:,}% fewer"
    if 0 in (first, last):  # a hair on either side of none is no other finding
        return f"{said}, borderline"
    return f"{said}, compatible with no difference" if first < 0 < last else said
