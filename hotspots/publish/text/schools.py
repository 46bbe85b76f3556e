"""What charts and tables of schools call the index, the slope and the schools that stand out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd

from hotspots.errors import plural
from hotspots.model import Place, RateCurve, SchoolResult, change_words, count_schools, groups_of, interval_words
from hotspots.publish.style import nation_words
from hotspots.publish.text.phrases import capitalised, in_place, listed
from hotspots.vocabulary import HOLDS_WORDS, SCHOOL_GROUP_WORDS

__all__ = [
    "Over",
    "beside_words",
    "curve_of",
    "flagged_schools",
    "flagged_title",
    "flagged_words",
    "index_along",
    "index_name",
    "schools_in",
    "schools_note",
    "schools_sentence",
    "schools_title",
    "slope_title",
    "slope_words",
    "unplaced_sentence",
    "with_holds_words",
    "worth_a_look",
]

Over = Literal["area", "catchment"]
"""Against which index: that of the area a school stands in, or that of its modelled catchment."""

CLASS_NAMES: Final = {
    "far_above": "Far above expected",
    "above": "Above expected",
    "as_expected": "As expected",
    "below": "Below expected",
    "far_below": "Far below expected",
    "cannot_be_judged": "Cannot be judged",
}
"""Without the limits that a legend has beside them."""

STANDS_OUT: Final = ("far_above", "above", "below", "far_below")


def index_name(result: SchoolResult) -> str:
    """Return what the index is called, and that its scores were derived where they were."""
    return f"{result.index_title} (estimated score)" if result.index_estimated else result.index_title


def beside_words(result: SchoolResult) -> str:
    """Return what a school's number is expected from: "deprivation and size", or "deprivation, authority and size"."""
    return listed(["deprivation", *result.covariates, "size"])


# --------------------------------------------------------------------------- the index as an axis


@dataclass(frozen=True)
class Along:
    """An index as the axis of a chart: of each school, and the words beside it."""

    values: pd.Series
    label: str
    factor: float
    """What the index of the model's own line is multiplied by to lie on the same axis."""


def index_along(result: SchoolResult, table: pd.DataFrame, *, over: Over = "area") -> Along:
    """Return the index of every school of the table; shares in per cent, ranks as the share of less deprived areas."""
    of = "of the school's area" if over == "area" else "of the school's modelled catchment"
    if over == "area" and not result.table["idaci"].notna().any():
        label = f"{result.index_title} rank {of} (% of {nation_words(result.index)} that are less deprived)"
        return Along(100 * (1 - table["idaci_rank"] / result.areas_ranked), label, 100.0)
    values = table["idaci" if over == "area" else "idaci_catchment"]
    if result.index == "idaci":
        label = f"{index_name(result)} {of} (% of children in income-deprived families)"
        return Along(100 * values, label, 100.0)
    score = index_name(result) if result.index_estimated else f"{result.index_title} score"
    return Along(values, f"{score} {of} (higher is more deprived)", 1.0)


# --------------------------------------------------------------------------- the slope


def _slope(result: SchoolResult, over: Over) -> tuple[float, float, float, bool] | None:
    """Return ratio, low, high, and whether it is for ranks; None where no slope was fitted."""
    by_rank = over == "area" and "per_tenth_of_ranks" in result.slope
    if over == "catchment":
        if result.provenance is None or result.provenance.catchment is None:
            return None
        slope, low, high = result.provenance.catchment.slope
    else:
        keys = ("per_tenth_of_ranks" if by_rank else "per_ten_points", "low", "high")
        if not set(keys) <= set(result.slope):
            return None
        slope, low, high = (float(result.slope[key]) for key in keys)
    usable = 0.0 < slope < float("inf") and 0.0 < high < float("inf")
    return (slope, low, high, by_rank) if usable else None


def slope_words(result: SchoolResult, *, over: Over = "area") -> str:
    """Return how the rate goes with deprivation, as a clause; empty where no slope was fitted."""
    found = _slope(result, over)
    if found is None:
        return ""
    slope, low, high, by_rank = found
    verb = "goes" if by_rank else "go"
    return (
        f"{_step(result, by_rank, over)} {verb} with {change_words(slope)} {result.title} "
        f"(95% interval {interval_words(low, high)})"
    )


def slope_title(result: SchoolResult, *, over: Over = "area") -> str:
    """Return how the rate goes with deprivation, as a finding; empty where no slope was fitted.

    Estimate and interval, whether or not the interval leaves out none: near-equal results have near-equal titles.
    """
    found = _slope(result, over)
    if found is None:
        return ""
    slope, low, high, by_rank = found
    given = listed(result.covariates)
    given = f", given {given}" if given else ""
    return (
        f"{capitalised(change_words(slope))} {result.title} for {_step(result, by_rank, over)}{given} "
        f"(95% interval {interval_words(low, high)})"
    )


def _step(result: SchoolResult, by_rank: bool, over: Over) -> str:
    """Return the step on the index that the slope is for."""
    if by_rank:
        return f"a place a tenth of all areas nearer to the most deprived by {result.index_title}"
    where = " in the catchment" if over == "catchment" else ""
    return f"ten points more of {index_name(result)}{where}"


def worth_a_look(result: SchoolResult) -> str:
    """Return how many schools lie beyond the 95% limits, and how many would by chance; empty where that is unknown."""
    account = count_schools(result.table)
    if result.provenance is None or account.judged == 0:
        return ""
    by_chance = result.provenance.beyond_95_by_chance
    above, below, judged = account.above, account.below, account.judged
    return (
        f"For review: of the {plural(judged, 'school')} judged, {above:,} {'is' if above == 1 else 'are'} above "
        f"and {below:,} below the 95% limits; about {by_chance.above:.1f} and {by_chance.below:.1f} are expected "
        "by chance."
    )


def schools_sentence(result: SchoolResult) -> str:
    """Return how many schools were judged, those beyond the 95% limits, the slope, and those that go against it."""
    slope = slope_words(result)
    sentences = [count_schools(result.table).base, worth_a_look(result), f"{capitalised(slope)}." if slope else ""]
    counts = {group.key: int(inside.sum()) for group, inside in groups_of(result, result.table)}
    if any(counts.values()):
        sentences.append(
            f"Fewer {result.title} than expected in highly deprived areas: "
            f"{plural(counts['fewer_in_most_deprived'], 'school')}; more than expected in the least deprived areas: "
            f"{plural(counts['more_in_least_deprived'], 'school')}."
        )
    return " ".join(sentence for sentence in sentences if sentence)


# --------------------------------------------------------------------------- schools that stand out


def with_holds_words(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of schools that says in words under which deprivation each stands out."""
    return table.assign(holds=table["holds"].map(HOLDS_WORDS))


def flagged_schools(result: SchoolResult) -> pd.DataFrame:
    """Return a table for print of every school that stands out under one index or the other.

    Those that go against the slope come first, then the others, each from far above to far below.
    """
    every = pd.DataFrame(result.table.drop(columns="geometry"))
    table = every[every["class"].isin(STANDS_OUT) | (every["holds"] != "")]
    group = pd.Series("", index=table.index, dtype=object)
    order = pd.Series(9, index=table.index)
    for number, (one, inside) in enumerate(groups_of(result, table)):
        group[inside], order[inside] = SCHOOL_GROUP_WORDS[one.key], number
    rank = table["class"].map({key: number for number, key in enumerate((*STANDS_OUT, "as_expected"))}).fillna(9)
    shown = pd.DataFrame(
        {
            "School": table["name"].astype(str),
            "Authority": table["la_name"].astype(str),
            "Pupils per year": (table["pupils"] / table["years"]).round(),
            capitalised(result.title): [
                f"{low:,.0f}" if low == high else f"{low:,.0f} to {high:,.0f}"
                for low, high in zip(table["low"], table["high"], strict=True)
            ],
            "Expected": [f"{value:,.1f}" if np.isfinite(value) else "–" for value in table["expected"]],
            "Class": [CLASS_NAMES[key] for key in table["class"]],
            "Confirmed under": with_holds_words(table)["holds"].replace("", "–"),
            "Against the deprivation gradient": group.replace("", "–"),
        }
    )
    by = pd.DataFrame({"order": order, "rank": rank, "name": table["name"].astype(str)})
    return shown.loc[by.sort_values(["order", "rank", "name"]).index].reset_index(drop=True)


def flagged_title(result: SchoolResult) -> str:
    """Return what the table of schools that stand out is, and how many would be in it by chance."""
    if result.provenance is None:
        return f"Schools beyond the 95% limits of {result.title}"
    account, by_chance = count_schools(result.table), result.provenance.beyond_95_by_chance
    number = account.above + account.below
    beyond, verb = plural(number, "school"), "is" if number == 1 else "are"
    return (
        f"{beyond} {verb} beyond the 95% limits of {result.title}; "
        f"about {by_chance.above + by_chance.below:.0f} are expected by chance"
    )


def flagged_words(result: SchoolResult) -> str:
    """Return what a reader of the table of schools that stand out must know."""
    look = f"{found} " if (found := worth_a_look(result)) else ""
    return (
        "Above and below: beyond the 95% limits; far: beyond the 99.8% limits, and still so after allowing for the "
        f"number of schools. {look}Against the deprivation gradient: fewer than expected in a highly deprived area "
        f"(deciles 1 to 3 of {result.index_title}), or more in one of the least deprived (7 to 10). These are counts "
        "given size and area: they measure no school's quality and give no cause."
    )


def curve_of(result: SchoolResult, *, over: Over) -> RateCurve | None:
    """Return the line that schools were held against, with its interval and limits; None where there is no one line."""
    if result.provenance is None:
        return None
    return result.provenance.curve if over == "area" else result.provenance.curve_catchment


def schools_in(table: pd.DataFrame, place: Place | None) -> pd.DataFrame:
    """Return the schools that lie in a place (whoever runs them)."""
    return table if place is None else table[table["area_la_code"].isin(place.authorities)]


def schools_title(result: SchoolResult, place: Place | None = None) -> str:
    """Return how many schools exclude far more, and far fewer, than area and size would suggest.

    Far is beyond the 99.8% limits and still so after adjustment: some schools lie beyond the 95% limits by chance.
    """
    account = count_schools(schools_in(result.table, place))
    total = account.judged
    above, below = account.classes.get("far_above", 0), account.classes.get("far_below", 0)
    if total == 0:
        return f"No school{in_place(place)} could be judged for {result.title}"
    suggest = f"{result.title} than {beside_words(result)} would suggest"
    schools = f"{plural(total, 'school')} judged{in_place(place)}"
    if above == below == 0:
        if total == 1:
            return f"The one school judged{in_place(place)} has neither far more nor far fewer {suggest}"
        return f"None of the {schools} has far more or far fewer {suggest}"
    if above == 0:
        return f"{below:,} of {schools} {_has(below)} far fewer {suggest}"
    more = f"{above:,} of {schools} {_has(above)} far more {suggest}"
    return f"{more}; {below:,} {_has(below)} far fewer" if below else more


def _has(number: int) -> str:
    return "has" if number == 1 else "have"


def unplaced_sentence(result: SchoolResult, place: Place | None = None) -> str:
    """Return how many schools are on no map because they have no place; empty where all have one.

    Those may lie anywhere, so on the map of a place they are of the whole study.
    """
    return count_schools(result.table).say_unplaced("in question" + (" of the whole study" if place else ""))


def schools_note(result: SchoolResult, place: Place | None = None, *, by_rate: bool = False) -> str:
    """Return what the numbers of a legend of schools are of; by rate, also how many have none to compare."""
    table = schools_in(result.table, place)
    without = int((table["rate_class"] == "").sum()) if by_rate else 0
    besides = f", {without:,} not compared" if without else ""
    return f"Number of schools{in_place(place)}, of {len(table):,} in question{besides}"
