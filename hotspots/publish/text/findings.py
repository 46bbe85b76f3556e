"""Sentences made from results: titles that state the finding, in plain English."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandas as pd

from hotspots.errors import plural
from hotspots.model import (
    Agreement,
    Clusters,
    ExpectedMethod,
    Factors,
    HotspotResult,
    Place,
    SchoolResult,
    Series,
    SpaceTimeMethod,
    Stability,
    StudyArea,
    Surface,
)
from hotspots.publish.text.authorities import factors_title
from hotspots.publish.text.phrases import capitalised, in_place, listed
from hotspots.publish.text.schools import index_name, schools_title
from hotspots.publish.text.series import series_range, series_title
from hotspots.publish.text.surfaces import bandwidth_sentence, surface_title
from hotspots.vocabulary import (
    COLUMN_WORDS,
    HOT_CLASSES,
    INVENTED,
    MOST_DISPERSION,
    OPEN,
    RELEASE_WORDS,
    RESTRICTED,
    SPACE_TIME_WORDS,
    STATISTIC_TITLES,
    UNRELEASED,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "alt_text",
    "beyond_words",
    "certainty_sentence",
    "expected_words",
    "finding_title",
    "method_sentences",
    "release_sentence",
    "subtitle",
    "without_largest_sentence",
]

SURFACE_WORDS: Final = {
    "density": "kernel density",
    "spread": "areal interpolation of counts by area",
    "relative-risk": "events against where people live",
    "ratio": "ratio of two densities",
    "difference": "difference of two densities",
}
"""What a surface shows, in the line below its title."""


def _of(table: pd.DataFrame, place: Place | None) -> pd.DataFrame:
    return table if place is None else table[table["la_code"].isin(place.authorities)]


# --------------------------------------------------------------------------- hotspots


def beyond_words(result: HotspotResult) -> str:
    """Return what a result was tested beyond: " beyond what age suggests"; empty for the population alone."""
    expected = None if result.provenance is None else result.provenance.expected
    if expected is None:
        return ""
    return f" beyond what {_suggested(expected)}"


def _suggested(expected: ExpectedMethod) -> str:
    """Return who suggests expected counts: "age and deprivation (IDACI 2019) suggest"."""
    one = len(expected.suggested_by) == 1 and expected.base != "own"
    return f"{listed(expected.suggested_by)} {'suggests' if one else 'suggest'}"


def expected_words(result: HotspotResult) -> tuple[str, str]:
    """Return label and description of the column of expected events, which says what they allow for."""
    label, words = COLUMN_WORDS["expected"]
    expected = None if result.provenance is None else result.provenance.expected
    if expected is None:
        return label, words
    return label, f"Events that {_suggested(expected)}, in all as many as were counted"


def finding_title(result: HotspotResult, place: Place | None = None) -> str:
    """Return the finding in one line: how many areas are hot, of how many, where and for what."""
    table = _of(result.table, place)
    number, total = len(result.hot(place)), len(table)
    hot = "High–High (high, with high neighbours)" if result.method == "local_moran" else "hot"
    if not bool((table["class"] != "not_tested").any()):
        return f"No area{in_place(place)} could be tested for {result.title}"
    if number == 0:
        # Where numbers are hidden, "none is hot" would claim too much: some may be.
        sure = "certain to be " if bool((table["certainty"] == "depends").any()) else ""
        return f"No area{in_place(place)} is {sure}{hot} for {result.title}{beyond_words(result)}"
    verb = "is" if number == 1 else "are"
    found = f"{number:,} of {plural(total, 'area')}{in_place(place)} {verb} {hot}"
    return f"{found} for {result.title}{beyond_words(result)}"


def places_sentence(result: HotspotResult, places: Sequence[Place]) -> str:
    """Return how many areas are hot, in all and place by place, as a sentence."""
    hot = "High-High" if result.method == "local_moran" else "hot"
    number, total = len(result.hot()), len(result.table)
    if number == 0 or not places:
        return finding_title(result) + "."
    parts = [f"{len(result.hot(place)):,} in {place.name}" for place in places if result.hot(place)]
    others = number - len({area for place in places for area in result.hot(place)})
    if others:
        parts.append(f"{others:,} elsewhere")
    none = [place.name for place in places if not result.hot(place)]
    rest = f", none in {listed(none)}" if none else ""
    verb = "is" if number == 1 else "are"
    what = capitalised(result.title) + beyond_words(result)
    return f"{what}: {number:,} of {plural(total, 'area')} {verb} {hot}, {listed(parts)}{rest}."


def subtitle(
    result: HotspotResult | Surface | SchoolResult | Clusters | Stability | Agreement,
    area: StudyArea | None = None,
    *,
    place: Place | None = None,
    how: str = "",
) -> str:
    """Return what, where, when and how, in one line."""
    parts = [capitalised(result.title) + _by(result, area)]
    if isinstance(result, Surface) and result.kind in ("ratio", "difference"):
        parts = []  # what is compared with what stands above in full
    if area is not None:
        parts.append(where_words(area, place))
    parts.append(result.period.words)
    parts.append(how or _how(result))
    return " · ".join(part for part in parts if part)


def _by(result: object, area: StudyArea | None) -> str:
    if isinstance(result, Surface | SchoolResult) or area is None:
        return ""
    return f" by {geography_words(area)}"


def geography_words(area: StudyArea) -> str:
    """Return what one area is, with its vintage: "LSOA (2011)"."""
    return area.geography if area.vintage is None else f"{area.geography} ({area.vintage})"


SUPER_GENERALISED: Final = 250.0
"""Metres between vertices: ONS's boundaries generalised to 200 m have more, those generalised to 20 m about 100."""


def boundaries_sentence(area: StudyArea) -> str:
    """Return which boundaries are drawn, and that they are coarse where they are."""
    coarse = "super-generalised boundaries" if area.spacing >= SUPER_GENERALISED else "boundaries"
    return f"{geography_words(area)}, {coarse}"


def where_words(area: StudyArea, place: Place | None = None) -> str:
    """Return the names of the authorities, or how many there are."""
    codes = area.authorities if place is None else place.authorities
    names = [name for code, name in area.authorities.items() if code in codes]
    if place is not None and names == [place.name]:
        return place.name
    return listed(names) if len(names) <= 7 else plural(len(names), "local authority", "local authorities")


def _how(result: HotspotResult | Surface | SchoolResult | Clusters | Stability | Agreement) -> str:
    if isinstance(result, Stability):
        return f"Gi* in {plural(len(result.by_variant), 'variant')}"
    if isinstance(result, Agreement):
        return f"agreement of {len(result.compared)} methods"
    if isinstance(result, Clusters):
        return _scan_words(result)
    if isinstance(result, HotspotResult):
        return statistic(result)
    if isinstance(result, Surface):
        return SURFACE_WORDS[result.kind]
    return f"against {index_name(result)}"


def _scan_words(result: Clusters) -> str:
    """Return the statistic of a scan with its level; in space and time with the periods that it looked at."""
    method, significant = result.provenance, f"significant at {100 * result.level:g}%"
    if not isinstance(method, SpaceTimeMethod):
        return f"scan statistic, {significant}"
    lasting = " up to the last one" if method.prospective else ""
    return f"{SPACE_TIME_WORDS[method.model]} scan by {method.by}{lasting}, {significant}"


def statistic(result: HotspotResult) -> str:
    """Return the name of the statistic: Gi without the area itself is not Gi*."""
    return STATISTIC_TITLES[result.statistic]


def has_population(result: HotspotResult) -> bool:
    """Whether any area has a population, so that the result can speak of risk."""
    return bool(result.table["population"].notna().any())


def method_sentences(result: HotspotResult) -> list[str]:
    """Return the method and its limits."""
    sentences = [*(result.sentences or (f"{statistic(result)} of each area and its neighbours.",))]
    sentences.append(dispersion_sentence(result))
    if not has_population(result) and not beyond_words(result):
        sentences.append("Without population it shows events, not risk.")
    return [*sentences, "It describes areas, not the people who live in them."]


def dispersion_sentence(result: HotspotResult) -> str:
    """Return how much more than chance the counts differ between areas; empty where it was not estimated."""
    method = result.provenance
    if method is not None and method.spread_of_risks is not None:
        return (
            f"Here the standard deviation of areas' risks is estimated at {method.spread_of_risks:.0%} of their mean."
        )
    spread = None if method is None else method.dispersion
    return (
        ""
        if spread is None
        else f"Here the variance of an average area's count is {dispersion_words(spread)} its mean."
    )


def dispersion_words(bounds: tuple[float, float]) -> str:
    """Return a variance over its mean: "1.80 times", "1.23 to 1.50 times", or "at least 1.23 times" without an end.

    Where counts are too uncertain, the search for the largest dispersion ends at a number that says nothing.
    """
    low, high = (f"{float(bound):.2f}" for bound in bounds)
    if bounds[1] >= MOST_DISPERSION:
        return f"at least {low} times"
    return f"{low if low == high else f'{low} to {high}'} times"


def level_sentence(result: HotspotResult, place: Place | None = None) -> str:
    """Return from which class on the title counts; empty where the map shows no weaker class that is called hot."""
    classes = _of(result.table, place)["class"]
    weaker = int((classes.isin(HOT_CLASSES)).sum()) - len(result.hot(place))
    if not weaker:
        return ""
    return f"The title counts those with {100 * (1 - result.level):g}% confidence or more."


def without_largest_sentence(result: HotspotResult, place: Place | None = None) -> str:
    """Return how many hot areas would be hot without their window's largest area; empty where none would.

    Where none would, nothing follows: a window of seven areas may just have too few events without one of them.
    """
    answers = result.table.loc[result.hot(place), "hot_without_largest"]
    answers = answers[answers != "not_tested"]
    still, number = int((answers == "yes").sum()), len(answers)
    if not still:
        return ""
    which = "the one hot area" if number == 1 else f"{still:,} of the {number:,} hot areas"
    return f"Without the area of the window with the largest excess of events, {which} would still be hot."


def has_intervals(result: HotspotResult, place: Place | None = None) -> bool:
    """Whether a count behind the result is an interval and not a number."""
    table = _of(result.table, place)
    interval = table["observed_low"] < table["observed_high"]
    return bool(interval.any() or (table["certainty"] == "depends").any())


def certainty_sentence(result: HotspotResult, place: Place | None = None) -> str:
    """Return how many hot areas are hot whatever the hidden numbers are; empty where nothing is hidden."""
    if not has_intervals(result, place):
        return ""
    table = _of(result.table, place)
    hot = table.loc[result.hot(place)]
    word = "High-High" if result.method == "local_moran" else "hot"
    certain, number = int((hot["certainty"] == "certain").sum()), len(hot)
    others = int(((table["certainty"] == "depends") & ~table.index.isin(hot.index)).sum())
    more = f" The class of {plural(others, 'other area')} depends on suppressed counts." if others else ""
    whatever = f"{word} for all possible values of suppressed counts."
    tested = int((table["class"] != "not_tested").sum())
    if number == 0 and others > tested / 2:
        who = "every area" if others == tested else f"{others:,} of {plural(tested, 'area')}"
        return f"Too many counts are suppressed: {who} could be in either class. Larger areas or more years would help."
    if number == 0:
        return more.strip() or f"No area is {whatever}"
    if number == 1:
        first = (
            f"The one {word} area is {whatever}"
            if certain
            else f"Whether the one {word} area is {word} depends on suppressed counts."
        )
    elif certain == number:
        first = f"All {number:,} {word} areas are {whatever}"
    elif certain == 0:
        first = f"None of the {number:,} {word} areas is {whatever}"
    else:
        first = f"{certain:,} of the {number:,} {word} areas {'is' if certain == 1 else 'are'} {whatever}"
    return first + more


# --------------------------------------------------------------------------- release, alternative text


PROTECTED_WORDS: Final = (
    "No published count, and no difference of two, is narrower than its interval for somebody who has every file of "
    "every run in the ledger and the number of people in each area.",
    "This is not promised against somebody who knows some of the records or holds the private file, nor for what other "
    "bodies publish of the same people.",
)
"""What is promised of protected counts, and what is not: see docs/disclosure.md."""


def release_sentence(release: str) -> str:
    """Return what a reader must know about what the numbers may be used for."""
    if release == OPEN:
        return "Made from published data."
    if release in (INVENTED, RESTRICTED):
        return f"{RELEASE_WORDS[release]}."
    if release == UNRELEASED:
        return "Not released: true counts of people that have not been protected."
    return f"Small numbers were protected under the rule {release!r} before anything was computed from them."


def alt_text(
    result: HotspotResult | Surface | SchoolResult | Series | Factors,
    *,
    place: Place | None = None,
    title: str | None = None,
) -> str:
    """Return what the map or chart shows, for readers who do not see it.

    Parameters
    ----------
    result
        What is shown.
    place
        The part of the study area that is shown.
    title
        The finding, where it was worded elsewhere.
    """
    if isinstance(result, HotspotResult):
        return _alt_hotspots(result, place, title or finding_title(result, place))
    if isinstance(result, Surface):
        finding = title or surface_title(result, place=place)
        what = f"the density of {result.title}" if result.kind in ("density", "spread") else result.title
        return f"Map of {what}{in_place(place)}. {finding}. {bandwidth_sentence(result)}".strip()
    if isinstance(result, Series):
        return f"Line chart of {result.unit} by period. {title or series_title(result)}. {series_range(result)}".strip()
    if isinstance(result, Factors):
        return f"Table of shares of assessments, factor by authority. {title or factors_title(result)}."
    finding = title or schools_title(result, place)
    return f"Schools{in_place(place)} against {index_name(result)} of their areas. {finding}."


def _alt_hotspots(result: HotspotResult, place: Place | None, finding: str) -> str:
    table = _of(result.table, place)
    words = [f"Map of {plural(len(table), 'area')}{in_place(place)}. {finding}."]
    hot = table.loc[result.hot(place), "la_name"].value_counts(sort=False).sort_index()
    if len(hot) > 1 or (len(hot) == 1 and place is None):
        ordered = sorted(hot.items(), key=lambda pair: (-int(pair[1]), str(pair[0])))
        lie = "It lies" if hot.sum() == 1 else "They lie"
        words.append(f"{lie} in {listed([f'{name} ({number:,})' for name, number in ordered])}.")
    cold = len(result.cold(place))
    if cold:
        cold_word = "Low-Low" if result.method == "local_moran" else "cold"
        words.append(f"{plural(cold, 'area')} {'is' if cold == 1 else 'are'} {cold_word}.")
    words.append(certainty_sentence(result, place))
    return " ".join(word for word in words if word)
