"""What is found in results: schools by class, ratios as changes, and how far methods agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from hotspots.errors import AnalysisError
from hotspots.model.base import (
    AS_LIST,
    AS_RECORDS,
    OnMap,
    Recorded,
    Result,
    explore,
    freeze,
    need_columns,
    need_tuples,
    need_unique,
)
from hotspots.model.study_area import StudyArea, slugify
from hotspots.vocabulary import (
    AGREEMENT_CLASSES,
    AGREEMENT_COLUMN_WORDS,
    AGREEMENT_TITLES,
    STABILITY_CLASSES,
    STABILITY_COLUMN_WORDS,
    Adjustment,
    ComparedMethod,
    StabilityChoice,
)

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

__all__ = [
    "Agreement",
    "AgreementMethod",
    "Choice",
    "SchoolAccount",
    "Stability",
    "StabilityMethod",
    "change_words",
    "count_schools",
    "interval_words",
]

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


# --------------------------------------------------------------------------- how far findings depend on the method


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Recorded):
    """One choice of an analysis, and how much of the variation between variants it explains."""

    choice: StabilityChoice
    """What was chosen."""
    options: tuple[str, ...] = field(metadata=AS_LIST)
    """What was tried, in words."""
    share_hot: float | None
    share_cold: float | None
    """Share of the variance of hot, and of cold, calls between variants that is between these options, 0 to 1; None
    where no area's call varies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StabilityMethod(Recorded):
    """Which variants of an analysis were run."""

    variants: int
    """Their number: every combination of the options."""
    choices: tuple[Choice, ...] = field(metadata=AS_RECORDS)
    """What they differ in."""
    fixed: Mapping[StabilityChoice, str]
    """What was the same in all of them, in words."""
    adjustment: Adjustment
    level: float
    """Of every variant."""
    areas_hidden: int
    """Number of areas whose count is suppressed."""
    rule: str
    """Name of the rule under which counts were protected; empty without one."""

    @property
    def deciding(self) -> Choice | None:
        """The choice that explains most of the variation of hot calls; None where there is none."""
        known = [choice for choice in self.choices if choice.share_hot]
        return max(known, key=lambda choice: choice.share_hot or 0.0) if known else None


@dataclass(frozen=True, eq=False, slots=True)
class Stability(Result, OnMap):
    """In how many variants of an analysis each area is hot, and which choice decides most.

    Parameters
    ----------
    table
        GeoDataFrame indexed by `area_id` with the columns of `vocabulary.STABILITY_COLUMN_WORDS`: `class`, one of
        `vocabulary.STABILITY_CLASSES`; shares of the variants in which the area is hot and cold, 0 to 1, from those in
        which it is certain (`*_low`) to those in which it is possible (`*_high`) given suppressed counts, and missing
        where no variant tests it; the number of `variants` that test it; and the choice that decides most on this area.
    by_variant
        One row per variant: its options, in a column per choice, and its numbers of areas tested, hot and cold.
    sentences
        How the variants were made.
    provenance
        Choices with their shares, level, ...; None of one made by hand.
    area
        The study area; None of one made by hand.
    """

    table: gpd.GeoDataFrame
    by_variant: pd.DataFrame
    sentences: tuple[str, ...] = ()
    provenance: StabilityMethod | None = field(kw_only=True)
    area: StudyArea | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        need_tuples(self, "sentences")
        freeze(self, "table", _of_areas(self.table, STABILITY_COLUMN_WORDS, "A table of stability"))
        freeze(self, "by_variant", self.by_variant.copy())

    def __len__(self) -> int:
        return len(self.table)

    @property
    def stem(self) -> str:
        """Name of its files and layers."""
        return f"{slugify(self.name).replace('-', '_') or 'events'}_stability"

    def explore(self, **options: Any) -> Any:
        """Return a map to zoom in a browser, with folium; options as of `geopandas.GeoDataFrame.explore`."""
        shown = ["name", "class", "hot_low", "hot_high", "variants", "decided_by"]
        return explore(self, self.table, column="class", shown=shown, classes=STABILITY_CLASSES, options=options)

    def _numbers(self) -> dict[str, object]:
        numbers = {style.label: int((self.table["class"] == style.key).sum()) for style in STABILITY_CLASSES}
        return {"Variants": len(self.by_variant), **numbers}

    def hot_in(self, *classes: str) -> list[str]:
        """Return ids of the areas of these classes, e.g. ``"in_all"``; of all that are ever hot where none is given."""
        wanted = classes or ("in_all", "in_most", "in_some")
        return [str(area_id) for area_id in self.table.index[self.table["class"].isin(wanted)]]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementMethod(Recorded):
    """Which results were compared by area."""

    methods: tuple[ComparedMethod, ...] = field(metadata=AS_LIST)
    """Their methods."""
    levels: Mapping[ComparedMethod, float]
    """Method → level of significance."""
    covered_share: float
    """Share of an area in contours of raised risk beyond which the surface calls it hot, 0 to 1."""


@dataclass(frozen=True, eq=False, slots=True)
class Agreement(Result, OnMap):
    """By how many methods each area is hot, the areas on which most methods agree first.

    Parameters
    ----------
    table
        GeoDataFrame indexed by `area_id` with the columns of `vocabulary.AGREEMENT_COLUMN_WORDS`: `class`, one of
        `vocabulary.AGREEMENT_CLASSES`; `hot_methods` of the `methods` that tested the area; what each method says of
        it, one of `vocabulary.ANSWER_WORDS`; and the share of it that is `covered` by contours of raised risk.
    sentences
        What was compared.
    provenance
        Methods and levels; None of one made by hand.
    area
        The study area; None of one made by hand.
    """

    table: gpd.GeoDataFrame
    sentences: tuple[str, ...] = ()
    provenance: AgreementMethod | None = field(kw_only=True)
    area: StudyArea | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        need_tuples(self, "sentences")
        table = _of_areas(self.table, AGREEMENT_COLUMN_WORDS, "A table of agreement")
        freeze(self, "table", table.sort_index().sort_values("hot_methods", ascending=False, kind="stable"))

    def __len__(self) -> int:
        return len(self.table)

    @property
    def stem(self) -> str:
        """Name of its files and layers."""
        return f"{slugify(self.name).replace('-', '_') or 'events'}_agreement"

    @property
    def compared(self) -> tuple[ComparedMethod, ...]:
        """The methods that were given, in one order everywhere."""
        given: list[ComparedMethod] = [name for name in AGREEMENT_TITLES if (self.table[name] != "not_given").any()]
        return tuple(given)

    def explore(self, **options: Any) -> Any:
        """Return a map to zoom in a browser, with folium; options as of `geopandas.GeoDataFrame.explore`."""
        shown = ["name", "class", "hot_methods", "methods", *self.compared]
        return explore(self, self.table, column="class", shown=shown, classes=AGREEMENT_CLASSES, options=options)

    def _numbers(self) -> dict[str, object]:
        numbers = {style.label: int((self.table["class"] == style.key).sum()) for style in AGREEMENT_CLASSES}
        return {"Methods": len(self.compared), **numbers}

    def hot_by(self, at_least: int) -> list[str]:
        """Return ids of the areas that at least this many methods call hot, those with most methods first."""
        return [str(area_id) for area_id in self.table.index[self.table["hot_methods"] >= at_least]]


def _of_areas(table: gpd.GeoDataFrame, words: Mapping[str, object], what: str) -> gpd.GeoDataFrame:
    """Return a copy of a table of areas with the columns that have words, and geometry."""
    columns = [*(column for column in words if column != "area_id"), "geometry"]
    need_columns(table, columns, what)
    copy = table[columns].copy()
    copy.index.name = "area_id"
    need_unique(copy.index, "areas")
    return copy
