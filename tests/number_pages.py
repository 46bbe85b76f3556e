"""What is counted on the pages besides titles: what each number is of, and what it should be.

A number before a noun that is counted, and that no pattern here knows, fails the test; so does a percentage of which no
base is known.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd
from number_book import HOT, Book, whole
from number_words import NUMBER
from page_words import PageWords

COUNTED: Final = re.compile(
    rf"(?<![\w.,–-])({NUMBER}) (?:[a-z-]+ ){{0,3}}?(?:schools?|areas?|events?|admissions|offences|crimes|people|"
    r"places?|hotspots?|authorities|cells|rows|points?|polygons)\b"
)
"""A number before something that is counted, at most three small words between them."""


@dataclass(frozen=True)
class Spot:
    """Words of a page, and what they are about."""

    words: str
    page: int
    source: str
    place: str


Count = Callable[[Book, Spot], str]


@dataclass(frozen=True)
class Quantity:
    """What a number is of: the words around it, what tells it from others, and how it is counted again."""

    pattern: re.Pattern[str]
    told_by: tuple[str, ...]
    count: Count | None = None


def _quantity(pattern: str, *told_by: str, count: Count | None = None) -> Quantity:
    return Quantity(re.compile(pattern.replace("NUMBER", f"(?P<n>{NUMBER})")), told_by, count)


def _events(book: Book, spot: Spot) -> str:
    return whole(book.events(spot.source))


def _schools(book: Book, spot: Spot) -> str:
    return whole(len(book.schools(spot.place)))


def _judged(book: Book, spot: Spot) -> str:
    return whole(len(book.judged()))


def _areas(book: Book, spot: Spot) -> str:
    return whole(book.layer("authorities")["areas"].sum())


def _people(book: Book, spot: Spot) -> str:
    return whole(book.layer("authorities")["population"].sum())


def _knife_crime(*years: int) -> Count:
    """Count the knife crime of some years from the table of its series."""

    def count(book: Book, spot: Spot) -> str:
        table = book.series("Knife crime, force area")[0]
        return whole(table.loc[table["period"].isin([str(year) for year in years]), "low"].sum())

    return count


def _cannot(reason: str) -> Count:
    return lambda book, spot: whole((book.schools()["reason"] == reason).sum())


def _modelled(book: Book, spot: Spot) -> str:
    return whole(book.schools()["expected"].notna().sum())


def _compared(book: Book, spot: Spot) -> str:
    return whole(book.schools()["rate_class"].notna().sum())


def _hot(book: Book, spot: Spot) -> str:
    return whole(book.hot(spot.source, spot.place))


def _hot_without_largest(book: Book, spot: Spot) -> str:
    areas = book.tested(spot.source, "getis_ord", spot.place)
    return whole((areas["class"].isin(HOT) & (areas["hot_without_largest"] == "yes")).sum())


def _around(book: Book) -> pd.Series:
    return book.table("schools_deprivation_around_each")["class"]


UNIT: Final = "of a unit"
QUANTITIES: Final = (
    _quantity(r"NUMBER areas tested", count=_areas),
    _quantity(r"NUMBER of the \d+ hot areas would still", "source", "place", count=_hot_without_largest),
    _quantity(r"of the NUMBER hot areas would still", "source", "place", count=_hot),
    _quantity(r"counts of NUMBER areas", count=_areas),
    _quantity(r"NUMBER authorities\b", count=lambda book, spot: whole(len(book.layer("authorities")))),
    _quantity(r"NUMBER events over", "source", count=_events),
    _quantity(r"Zone (?P<zone>\d+): NUMBER events", "source", "zone"),
    _quantity(r"NUMBER people, both smoothed alike", count=_people),
    _quantity(r"First: knife crime, 2017-2019 \(NUMBER events\)", count=_knife_crime(2017, 2018, 2019)),
    _quantity(r"Second: knife crime, 2013-2015 \(NUMBER events\)", count=_knife_crime(2013, 2014, 2015)),
    _quantity(r"NUMBER later events", count=_knife_crime(2019)),
    _quantity(r"NUMBER (?:admissions|offences|crimes) of (?P<period>[^.;]+?) have no", "source", "period"),
    _quantity(r"NUMBER area codes in the file", "source"),
    _quantity(r"NUMBER located crimes", "source"),
    _quantity(r"have NUMBER distinct points", "source"),
    _quantity(r"surface's NUMBER cells of (?P<size>\d+) m", "size"),
    _quantity(r"; NUMBER cells were tested", "source", "kind"),
    _quantity(r"below NUMBER m²", UNIT),
    _quantity(r"fewer than NUMBER events left out", UNIT),
    _quantity(r"fewer than NUMBER events is not given", UNIT),
    _quantity(r"per NUMBER people", UNIT),
    _quantity(r"its NUMBER nearest", UNIT),
    _quantity(r"(?:of the|the) NUMBER nearest schools", UNIT),
    _quantity(
        r"more deprived than expected by chance for NUMBER schools",
        count=lambda book, spot: whole(_around(book).isin(("high_high", "low_high")).sum()),
    ),
    _quantity(
        r"schools, NUMBER of them with rates above",
        count=lambda book, spot: whole((_around(book) == "high_high").sum()),
    ),
    _quantity(
        r"less deprived for NUMBER, \d+ of them",
        count=lambda book, spot: whole(_around(book).isin(("high_low", "low_low")).sum()),
    ),
    _quantity(
        r"less deprived for \d+, NUMBER of them with rates above it",
        count=lambda book, spot: whole((_around(book) == "high_low").sum()),
    ),
    _quantity(r"radius of NUMBER m on cells", UNIT),
    _quantity(r"NUMBER numbers of a school and year are suppressed"),
    _quantity(r"NUMBER(?: of \d+)? rows are of", "source"),
    _quantity(r"\d+ of NUMBER rows are of", "source"),
    _quantity(r"of NUMBER in question", "place", count=_schools),
    _quantity(
        r"in question, NUMBER not compared", count=lambda book, spot: whole(book.schools()["rate_class"].isna().sum())
    ),
    _quantity(r"(?:pupils per year, of|average of all) NUMBER schools", count=_compared),
    _quantity(r"(?:Of|of the) NUMBER schools in question", count=lambda book, spot: whole(len(book.schools()))),
    _quantity(r"NUMBER of the \d+ schools in question, against", count=_modelled),
    _quantity(r"schools in question NUMBER were judged", count=_judged),
    _quantity(r"of the NUMBER schools judged", count=_judged),
    _quantity(
        r"NUMBER of the \d+ schools in question (?:of the whole study )?has no point",
        count=lambda book, spot: whole(book.layer("schools").geometry.isna().sum()),
    ),
    _quantity(r"of the NUMBER schools is not shown", count=_schools),
    _quantity(r"\d+ of NUMBER schools change class", count=_schools),
    _quantity(r"NUMBER lies in no area of the study", count=_cannot("lies in no area of the study")),
    _quantity(r"not judged: NUMBER \(", count=lambda book, spot: whole(len(book.schools()) - len(book.judged()))),
    _quantity(r"of the NUMBER (?:schools )?in the model", count=_modelled),
    _quantity(r"Events without a point, and so not in the surface: NUMBER", "source"),
    _quantity(r"Events outside the study area, and so not in the surface: NUMBER", "source"),
    _quantity(r"People: all ages NUMBER", count=_people),
)


def spots_of(book: Book, pages: Sequence[PageWords]) -> Iterator[Spot]:
    """Give the words of every page but for titles and the first two, which are counted again elsewhere."""
    titles = sorted((one["title"] for one in book.study["events"]), key=len, reverse=True)
    places = [one["name"] for one in book.study["places"]]
    for number, page in enumerate(pages[2:], start=3):
        words = page.text.replace(page.title, "", 1) if page.title else page.text
        about = [name for name in places if re.search(rf"(?:schools judged|areas) in {name} ", page.title)]
        place = about[0] if about else ""
        for part in words.split(" • "):
            about = part if " • " in words else f"{page.title} {part}"
            source = next((title for title in titles if title.casefold() in about.casefold()), "")
            yield Spot(part, number, source, place)


def unknown_counts(spots: Sequence[Spot]) -> list[str]:
    """Return numbers of countable things that no pattern knows."""
    found = []
    for spot in spots:
        known = [match.span("n") for one in QUANTITIES for match in one.pattern.finditer(spot.words)]
        for match in COUNTED.finditer(spot.words):
            if not any(start <= match.start(1) < end for start, end in known):
                found.append(f"page {spot.page}: {spot.words[max(match.start() - 40, 0) : match.end() + 40]!r}")
    return found


def differing(book: Book, spots: Sequence[Spot]) -> list[str]:
    """Return quantities that have two values on the pages, or another one than the layers and tables."""
    values: dict[tuple[str, ...], dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    wrong = []
    for spot in spots:
        for one in QUANTITIES:
            if UNIT in one.told_by:
                continue
            for match in one.pattern.finditer(spot.words):
                facts = {
                    "source": spot.source,
                    "place": spot.place,
                    "kind": "change" if "First:" in spot.words else "risk",
                } | match.groupdict()
                key = (one.pattern.pattern, *(str(facts[name]) for name in one.told_by))
                values[key][match["n"]].add(spot.page)
                wanted = one.count(book, spot) if one.count else match["n"]
                if match["n"] != wanted:
                    wrong.append(f"page {spot.page}: {match[0]!r}, but {wanted} by the layers")
    return wrong + [f"{key}: {dict(said)}" for key, said in values.items() if len(said) > 1]


# --------------------------------------------------------------------------- legends

CLASS_LABELS: Final = {
    "getis_ord": {
        "Hot, 99% confidence": ("hot_99",), "Hot, 95% confidence": ("hot_95",), "Hot, 90% confidence": ("hot_90",),
        "Not significant": ("not_significant",), "Cold, 90% confidence": ("cold_90",),
        "Cold, 95% confidence": ("cold_95",), "Cold, 99% confidence": ("cold_99",), "Not tested": ("not_tested",),
    },
    "local_moran": {
        "High-High: high, neighbours high": ("high_high",), "High-Low: high, neighbours low": ("high_low",),
        "Not significant": ("not_significant",), "Low-High: low, neighbours high": ("low_high",),
        "Low-Low: low, neighbours low": ("low_low",), "Not tested": ("not_tested",),
    },
    "schools": {
        "Far above expected (beyond 99.8%)": ("far_above",), "Above expected (beyond 95%)": ("above",),
        "As expected": ("as_expected",), "Below expected (beyond 95%)": ("below",),
        "Far below expected (beyond 99.8%)": ("far_below",), "Cannot be judged": ("cannot_be_judged",),
    },
}  # fmt: skip


def legend_of(words: str, labels: dict[str, tuple[str, ...]]) -> dict[str, int]:
    """Return class → the number that the legend of a page has for it."""
    found = {}
    for label, (key, *_) in labels.items():
        match = re.search(rf"{re.escape(label)} ({NUMBER})\b", words)
        assert match is not None, label
        found[key] = int(match[1].replace(",", ""))
    return found


def numbers_of(classes: pd.Series, labels: dict[str, tuple[str, ...]]) -> dict[str, int]:
    """Return class → number, 0 where there is none."""
    return {key: int((classes == key).sum()) for key, *_ in labels.values()}


# --------------------------------------------------------------------------- percentages

SHARE_BASES: Final = (
    r" (?:confidence|intervals?\b|limits?\b)",
    r" (?:more|fewer|no change|a year)\b",
    r" of (?:their mean|the study area|the area|the events|the people|areas|later |the variance between|\d)",
    r"\) \d",  # "(beyond 95 %)" and its number, in legends
    r" (?:for|\(one standard deviation)",
    r", two-sided",
    r": polygons",
    r" \([A-Z][a-z]+\) (?:to|of areas)",
)
"""What follows a percentage: what it is of, or what kind of level it is."""

LEVELS: Final = (
    r"significant at 5%",
    r"false discovery rate 5%",
    r"rate controlled at 5%",
    r"beyond 95% to 99",
    r"chance at 5%",
    r"interval [\d.]+ to [\d.]+ ?%",
)
TABLES: Final = ("Recording differs", "% (", "The densest 5% of the area had")
"""Titles of pages whose columns or axes say what their percentages are of."""


def shares_without_base(pages: Sequence[PageWords]) -> list[str]:
    """Return percentages of which neither the words after nor those before say what they are of."""
    found = []
    for number, page in enumerate(pages, start=1):
        if any(mark in page.title for mark in TABLES):
            continue
        for match in re.finditer(r"[\d.]+ ?%", page.text):
            after, around = page.text[match.end() :][:40], page.text[max(match.start() - 40, 0) : match.end() + 12]
            if any(re.match(base, after) for base in SHARE_BASES) or any(re.search(one, around) for one in LEVELS):
                continue
            found.append(f"page {number}: {around!r} {after!r}")
    return found


__all__ = ["CLASS_LABELS", "differing", "legend_of", "numbers_of", "shares_without_base", "spots_of", "unknown_counts"]
