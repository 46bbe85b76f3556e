"""Sentences made from nouns: titles that state the finding, in plain English."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from hotspots.nouns import HotspotResult, Place, SchoolResult, Series, StudyArea, Surface
from hotspots.vocabulary import (
    INVENTED,
    METHOD_TITLES,
    OPEN,
    RELEASE_WORDS,
    RESTRICTED,
    UNRELEASED,
)

if TYPE_CHECKING:
    from hotspots.nouns import Factors

__all__ = [
    "alt_text",
    "certainty_sentence",
    "finding_title",
    "listed",
    "method_sentence",
    "period_words",
    "plural",
    "release_sentence",
    "schools_title",
    "series_title",
    "subtitle",
    "surface_title",
]

WEAKEST: Final = 0.10
"""Adjusted p of the weakest class that is called hot (90 %)."""

# --------------------------------------------------------------------------- small change


def plural(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun.

    Examples
    --------
    >>> plural(1, "area"), plural(1680, "area"), plural(2, "authority", "authorities")
    ('1 area', '1,680 areas', '2 authorities')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(words: Sequence[str]) -> str:
    """Return words as a list in a sentence.

    Examples
    --------
    >>> listed(["Dudley", "Walsall", "Coventry"])
    'Dudley, Walsall and Coventry'
    """
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def capitalised(words: str) -> str:
    """Return words with a capital first letter, the rest as it was.

    Examples
    --------
    >>> capitalised("hospital admissions for violence (ICD-10)")
    'Hospital admissions for violence (ICD-10)'
    """
    return words[:1].upper() + words[1:]


def period_words(period: str) -> str:
    """Return a period with en dashes between years; months (2019-01) stay as they are.

    Examples
    --------
    >>> period_words("2017-2019"), period_words("2018-19"), period_words("2019-01 to 2019-12")
    ('2017–2019', '2018–19', '2019-01 to 2019-12')
    """
    whole = re.sub(r"\b(\d{4})-(\d{4})\b", r"\1–\2", period)

    def school_year(match: re.Match[str]) -> str:
        first, second = match.group(1), match.group(2)
        follows = (int(first) + 1) % 100 == int(second) and int(second) > 12
        return f"{first}–{second}" if follows else match.group(0)

    return re.sub(r"\b(\d{4})-(\d{2})\b(?!-)", school_year, whole)


def _in(place: Place | None) -> str:
    return f" in {place.name}" if place is not None else ""


def _of(table: pd.DataFrame, place: Place | None) -> pd.DataFrame:
    return table if place is None else table[table["la_code"].isin(place.authorities)]


# --------------------------------------------------------------------------- hotspots


def finding_title(result: HotspotResult, place: Place | None = None) -> str:
    """Return the finding in one line: how many areas are hot, of how many, where and for what."""
    table = _of(result.table, place)
    number, total = len(result.hot(place)), len(table)
    hot = "High-High" if result.method == "local_moran" else "hot"
    if not bool((table["class"] != "not_tested").any()):
        return f"No area{_in(place)} could be tested for {result.title}"
    if number == 0:
        return f"No area{_in(place)} is {hot} for {result.title}"
    verb = "is" if number == 1 else "are"
    return f"{number:,} of {plural(total, 'area')}{_in(place)} {verb} {hot} for {result.title}"


def subtitle(
    noun: HotspotResult | Surface | SchoolResult, area: StudyArea | None = None, *, place: Place | None = None
) -> str:
    """Return what, where, when and how, in one line."""
    parts = [capitalised(noun.title) + _by(noun, area)]
    if area is not None:
        parts.append(where_words(area, place))
    parts.append(period_words(noun.period))
    parts.append(_how(noun))
    return " · ".join(part for part in parts if part)


def _by(noun: HotspotResult | Surface | SchoolResult, area: StudyArea | None) -> str:
    if not isinstance(noun, HotspotResult) or area is None:
        return ""
    return f" by {geography_words(area)}"


def geography_words(area: StudyArea) -> str:
    """Return what one area is, with its vintage: "LSOA (2011)"."""
    return area.geography if area.vintage is None else f"{area.geography} ({area.vintage})"


def where_words(area: StudyArea, place: Place | None = None) -> str:
    """Return the names of the authorities, or how many there are."""
    codes = area.authorities if place is None else place.authorities
    names = [name for code, name in area.authorities.items() if code in codes]
    if place is not None and names == [place.name]:
        return place.name
    return listed(names) if len(names) <= 7 else plural(len(names), "local authority", "local authorities")


def _how(noun: HotspotResult | Surface | SchoolResult) -> str:
    if isinstance(noun, HotspotResult):
        return statistic(noun)
    if isinstance(noun, Surface):
        return f"{noun.kernel} kernel, bandwidth {noun.bandwidth:,.0f} m"
    return f"over {noun.index_title}"


def statistic(result: HotspotResult) -> str:
    """Return the name of the statistic: Gi without the area itself is not Gi*."""
    return str(result.provenance.get("statistic", METHOD_TITLES[result.method]))


def has_population(result: HotspotResult) -> bool:
    """Whether any area has a population, so that the result can speak of risk."""
    return bool(result.table["population"].notna().any())


def method_sentence(result: HotspotResult) -> str:
    """Return the method and its limits, in sentences."""
    words = result.words.strip() or f"{statistic(result)} of each area and its neighbours."
    limits = "It speaks of areas, not of the people who live in them."
    if not has_population(result):
        limits = "Without population it shows events and not risk. " + limits
    return f"{words} {limits}"


def hides(result: HotspotResult, place: Place | None = None) -> bool:
    """Whether a count behind the result is an interval and not a number."""
    table = _of(result.table, place)
    interval = table["observed_low"] < table["observed_high"]
    return bool(interval.any() or (table["certainty"] == "depends").any())


def certainty_sentence(result: HotspotResult, place: Place | None = None) -> str:
    """Return how many hot areas are hot whatever the hidden numbers are; empty where nothing is hidden."""
    if not hides(result, place):
        return ""
    table = _of(result.table, place)
    hot = table.loc[result.hot(place)]
    word = "High-High" if result.method == "local_moran" else "hot"
    # Classes of Gi* stand on the upper bound of p: at 90 % an area may be hot for certain, though not at the level.
    sure = (hot["certainty"] == "certain") | ((result.method == "getis_ord") & (hot["p_adjusted_high"] <= WEAKEST))
    certain, number = int(sure.sum()), len(hot)
    others = int(((table["certainty"] == "depends") & ~table.index.isin(hot.index)).sum())
    more = f" The class of {plural(others, 'other area')} depends on hidden numbers." if others else ""
    whatever = f"{word} whatever the hidden numbers are."
    if number == 0:
        return more.strip() or f"No area is {whatever}"
    if number == 1:
        first = (
            f"The one {word} area is {whatever}"
            if certain
            else f"Whether the one {word} area is {word} depends on hidden numbers."
        )
    elif certain == number:
        first = f"All {number:,} {word} areas are {whatever}"
    elif certain == 0:
        first = f"None of the {number:,} {word} areas is {whatever}"
    else:
        first = f"{certain:,} of the {number:,} {word} areas {'is' if certain == 1 else 'are'} {whatever}"
    return first + more


# --------------------------------------------------------------------------- surfaces


def peak(surface: Surface) -> tuple[float, float, float]:
    """Return easting and northing (metres) of the densest cell, and its value."""
    if not bool(np.isfinite(surface.values).any()):
        return (surface.origin[0], surface.origin[1], float("nan"))
    row, column = np.unravel_index(int(np.nanargmax(surface.values)), surface.values.shape)
    east = surface.origin[0] + (float(column) + 0.5) * surface.cell
    north = surface.origin[1] - (float(row) + 0.5) * surface.cell
    return (east, north, float(surface.values[row, column]))


def surface_title(surface: Surface, places: pd.DataFrame | None = None) -> str:
    """Return where the events are densest, and how dense; the nearest place is named if it is within 5 km."""
    east, north, value = peak(surface)
    if not np.isfinite(value) or value <= 0:
        return f"No {surface.title} in the study area"
    dense = f"{rounded(value)} {surface.unit}"
    if places is not None and len(places):
        away = np.hypot(
            places["easting"].to_numpy(dtype=float) - east, places["northing"].to_numpy(dtype=float) - north
        )
        nearest = int(np.argmin(away))
        if float(away[nearest]) <= 5_000:
            return f"The density of {surface.title} is highest near {places['name'].iloc[nearest]}: {dense}"
    return f"The density of {surface.title} reaches {dense}"


def rounded(value: float) -> str:
    """Return a positive number as a reader wants it: about two or three figures, thousands separated.

    Examples
    --------
    >>> rounded(1234.5), rounded(41.26), rounded(3.14159), rounded(0.01234)
    ('1,234', '41', '3.1', '0.012')
    """
    if value >= 10:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 1 else f"{value:.2g}"


def surface_method_sentence(surface: Surface) -> str:
    """Return how the surface was made and what it can't show, in sentences."""
    chosen = f" ({surface.bandwidth_words})" if surface.bandwidth_words else ""
    words = (
        surface.words.strip() or f"{capitalised(surface.kernel)} kernel, bandwidth {surface.bandwidth:,.0f} m{chosen}."
    )
    limits = "" if "risk" in words else " It shows where events are dense, not where risk is high."
    return f"{words}{limits} No cell is tested against chance."


# --------------------------------------------------------------------------- schools, series


def schools_in(table: pd.DataFrame, place: Place | None) -> pd.DataFrame:
    """Return the schools that lie in a place (whoever runs them)."""
    return table if place is None else table[table["area_la_code"].isin(place.authorities)]


def schools_title(result: SchoolResult, place: Place | None = None) -> str:
    """Return how many schools exclude more, and fewer, than area and size would suggest."""
    classes = schools_in(result.table, place)["class"]
    total = int((classes != "cannot_be_judged").sum())
    above, below = int(classes.isin(["above", "far_above"]).sum()), int(classes.isin(["below", "far_below"]).sum())
    if total == 0:
        return f"No school{_in(place)} could be judged for {result.title}"
    suggest = f"{result.title} than deprivation and size would suggest"
    schools = f"{plural(total, 'school')}{_in(place)}"
    if above == below == 0:
        return f"None of {schools} has more or fewer {suggest}"
    if above == 0:
        return f"{below:,} of {schools} {_has(below)} fewer {suggest}"
    more = f"{above:,} of {schools} {_has(above)} more {suggest}"
    return f"{more}; {below:,} {_has(below)} fewer" if below else more


def _has(number: int) -> str:
    return "has" if number == 1 else "have"


def unplaced_sentence(result: SchoolResult, place: Place | None = None) -> str:
    """Return how many schools are not on the map because they have no place; empty where all have one."""
    geometry = result.table.geometry
    missing = int((geometry.isna() | geometry.is_empty).sum())
    if missing == 0:
        return ""
    return f"{plural(missing, 'school')} could not be placed and {'is' if missing == 1 else 'are'} not on the map."


def series_title(series: Series) -> str:
    """Return from what to what the first group went, where both numbers are known."""
    title = series.title or capitalised(series.unit)
    table = series.table.dropna(subset=["low", "high"])
    if table.empty:
        return title
    group = table["group"].iloc[0]
    lone = series.table["group"].nunique() == 1
    known = table[(table["group"] == group) & (table["low"] == table["high"])]
    if len(known) < 2:
        return title
    first, last = known.iloc[0], known.iloc[-1]
    verb = "rose" if last["low"] > first["low"] else "fell" if last["low"] < first["low"] else "stayed the same,"
    who = "" if lone else f" ({group})"
    return (
        f"{capitalised(title)}{who} {verb} from {first['low']:,.0f} in {period_words(str(first['period']))} "
        f"to {last['low']:,.0f} in {period_words(str(last['period']))}"
    )


def factors_title(factors: Factors) -> str:
    """Return the spread of factors per assessment between authorities: the reason to read the shares with care."""
    per = factors_per_assessment(factors).dropna()
    if len(per) < 2:
        return factors.title
    least, most = str(per.idxmin()), str(per.idxmax())
    return (
        f"{most} records {per.max():.1f} factors in an assessment and {least} {per.min():.1f}: "
        "part of the difference between authorities is how they record"
    )


def factors_per_assessment(factors: Factors) -> pd.Series:
    """Return mentions of any factor per assessment, by authority: at least so many, for hidden ones count as none."""
    grouped = factors.table.groupby("la_name", sort=False)
    per: pd.Series = grouped["mentions"].sum(min_count=1) / grouped["assessments"].first()
    return per


# --------------------------------------------------------------------------- release, alternative text


def release_sentence(release: str) -> str:
    """Return what a reader must know about what the numbers may be used for."""
    if release == OPEN:
        return "Made from published data."
    if release in (INVENTED, RESTRICTED):
        return f"{RELEASE_WORDS[release]}."
    if release == UNRELEASED:
        return "Not released: true counts of people that have not been protected."
    return f"Small numbers were protected under the rule {release!r} before anything was computed from them."


def alt_text(noun: HotspotResult | Surface | SchoolResult, *, place: Place | None = None) -> str:
    """Return what the map shows, for readers who do not see it."""
    if isinstance(noun, HotspotResult):
        return _alt_hotspots(noun, place)
    if isinstance(noun, Surface):
        return f"Map of the density of {noun.title}. {surface_title(noun)}. {_how(noun)[:1].upper()}{_how(noun)[1:]}."
    where = "schools" + _in(place)
    return f"Map of {where} over {noun.index_title} of their areas. {schools_title(noun, place)}."


def _alt_hotspots(result: HotspotResult, place: Place | None) -> str:
    table = _of(result.table, place)
    words = [f"Map of {plural(len(table), 'area')}{_in(place)}. {finding_title(result, place)}."]
    hot = table.loc[result.hot(place), "la_name"].value_counts(sort=False).sort_index()
    if len(hot) > 1 or (len(hot) == 1 and place is None):
        ordered = sorted(hot.items(), key=lambda pair: (-int(pair[1]), str(pair[0])))
        words.append(f"They lie in {listed([f'{name} ({number:,})' for name, number in ordered])}.")
    cold = len(result.cold(place))
    if cold:
        cold_word = "Low-Low" if result.method == "local_moran" else "cold"
        words.append(f"{plural(cold, 'area')} {'is' if cold == 1 else 'are'} {cold_word}.")
    words.append(certainty_sentence(result, place))
    return " ".join(word for word in words if word)
