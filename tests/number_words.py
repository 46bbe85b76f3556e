"""What titles and findings say, pattern by pattern, and the numbers that they should have.

A title that no pattern here knows fails the test: whoever writes a new one says here how its numbers are counted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

import numpy as np
import pandas as pd
from number_book import HOT, Book, whole
from scipy.stats import chi2, false_discovery_control, poisson

from hotspots.vocabulary import CHOICE_WORDS

Said = dict[str, str]
KNOWN: Final[list[tuple[re.Pattern[str], Callable[[Book, Said], Said]]]] = []
NUMBER: Final = r"\d[\d,]*"
SHARE: Final = r"[\d.]+%"


def saying(pattern: str) -> Callable[[Callable[[Book, Said], Said]], Callable[[Book, Said], Said]]:
    """Take down how the numbers of a sentence are counted again."""

    def keep(count: Callable[[Book, Said], Said]) -> Callable[[Book, Said], Said]:
        KNOWN.append((re.compile(pattern.replace("NUMBER", NUMBER).replace("SHARE", SHARE)), count))
        return count

    return keep


def wrong_in(book: Book, words: str) -> list[str]:
    """Return what is wrong in a title or finding; empty where every number is the one counted again."""
    known = [(count, found) for pattern, count in KNOWN if (found := pattern.fullmatch(words))]
    if len(known) != 1:
        return [f"{len(known)} patterns know this: {words!r}"]
    count, found = known[0]
    said = {name: value or "" for name, value in found.groupdict().items()}
    wanted = count(book, said)
    loose = [number for number in re.findall(r"\d[\d,.]*", _without(found)) if number.strip(",.")]
    wrong = [f"{said[name]} for {value}: {words!r}" for name, value in wanted.items() if said[name] != value]
    return wrong + [f"{number} is not counted again: {words!r}" for number in loose]


NOT_COUNTED: Final = re.compile(
    r"\b(?:19|20)\d\d(?:/\d\d)?(?: Q[1-4])?\b|95% (?:interval|limits)|per 100,000 people|under 25|densest 5%"
)
"""Periods, levels and units."""


def _without(found: re.Match[str]) -> str:
    """Return the words without what was compared, and without periods, levels and units."""
    words = found.string
    for start, end in sorted((found.span(name) for name in found.groupdict()), reverse=True):
        if start >= 0:
            words = f"{words[:start]}…{words[end:]}"
    return NOT_COUNTED.sub("…", words)


# --------------------------------------------------------------------------- hot areas

BEYOND: Final = r"(?P<beyond> beyond what .+? suggests?)?"
WHERE: Final = (
    r"(?:; the largest hotspot(?:, (?P<largest>[A-Z]+\d+),)? is in [^\d]+|, in [^\d]+?(?: \((?P<only>[A-Z]+\d+)\))?)?"
)


def largest_hotspot(book: Book, areas: pd.DataFrame, source: str) -> str:
    """Return the letter of the hotspot with most events above those expected in these areas; empty without one."""
    table, excess = book.layer("hotspots"), {}
    for _, row in table[table["subject"].str.casefold() == source.casefold()].iterrows():
        own = areas[areas["area_id"].isin(row["area_ids"].split()) & areas["class"].isin(HOT)]
        if len(own):
            excess[row["hotspot"]] = float((own["observed_low"] - own["expected"]).sum())
    return max(excess, key=lambda letter: excess[letter]) if excess else ""


def asked_beyond(book: Book, said: Said) -> None:
    """Hold what a title says was asked against the keys of the study file: age, covariates, scale of a trend."""
    section = next(one for one in book.study["events"] if one["title"].casefold() == said["source"].casefold())
    beyond, scale = said["beyond"], section.get("trend_km")
    keys = ("expected", "standardise_by_age", "given", "trend_km")
    assert bool(beyond) == any(section.get(key) for key in keys), said
    assert ("age" in re.findall(r"\w+", beyond)) == bool(section.get("standardise_by_age")), said
    assert re.findall(r"trend of ([\d.]+) km", beyond) == ([f"{scale:g}"] if scale else []), said
    if "deprivation" in section.get("given", ()):
        assert book.study["deprivation"]["title"] in beyond, said


@saying(
    rf"(?P<n>NUMBER) of (?P<all>NUMBER) areas(?: in (?P<place>[^\d]+?))? (?:is|are) hot for "
    rf"(?P<source>.+?){BEYOND}{WHERE}"
)
def _(book: Book, said: Said) -> Said:
    asked_beyond(book, said)
    areas = book.tested(said["source"], "getis_ord", said["place"])
    counted = {"n": whole(book.hot(said["source"], said["place"])), "all": whole(len(areas))}
    letters = {name: largest_hotspot(book, areas, said["source"]) for name in ("largest", "only") if said[name]}
    return counted | letters


@saying(
    r"(?P<n>NUMBER) of (?P<all>NUMBER) areas (?:is|are) High–High \(high, with high neighbours\) for "
    rf"(?P<source>.+?){BEYOND}"
)
def _(book: Book, said: Said) -> Said:
    asked_beyond(book, said)
    areas = book.tested(said["source"], "local_moran")
    return {"n": whole(book.hot(said["source"], method="local_moran")), "all": whole(len(areas))}


@saying(rf"No area is High–High \(high, with high neighbours\) for (?P<source>.+?){BEYOND}")
def _(book: Book, said: Said) -> Said:
    asked_beyond(book, said)
    assert book.hot(said["source"], method="local_moran") == 0, said
    return {}


@saying(rf"(?P<source>.+?){BEYOND}: (?P<n>NUMBER) of (?P<all>NUMBER) areas (?:is|are) hot, (?P<places>.+)\.")
def _(book: Book, said: Said) -> Said:
    asked_beyond(book, said)
    areas = book.tested(said["source"], "getis_ord")
    by_place = said["places"]
    for part in re.split(r", (?=\d|none)| and (?=\d|none)", by_place):
        if part.endswith(" elsewhere"):
            named = {code for one in book.study["places"] for code in book.authorities(one["name"])}
            areas_else = areas[~areas["la_code"].isin(named)]
            assert part == f"{areas_else['class'].isin(HOT).sum()} elsewhere", part
            continue
        number, where = part.split(" in ", 1)
        names = [one["name"] for one in book.study["places"] if one["name"] in where]
        assert names, part
        for name in names:
            assert str(book.hot(said["source"], name) or "none") == number, part
    return {"n": whole(book.hot(said["source"])), "all": whole(len(areas)), "places": by_place}


HOLDS: Final = re.compile(
    rf"\(({NUMBER}) areas?, ({NUMBER}) people, ({NUMBER}) events, ({NUMBER}) expected"
    r"(?: at the study area's average)?, ([\d.]+) times\)"
)


@saying(
    rf"The (?:largest of (?P<n>NUMBER) hotspots|hotspots?) for (?P<source>.+?){BEYOND}"
    r"(?:, by events beyond those expected)?: (?P<named>.+)\."
)
def _(book: Book, said: Said) -> Said:
    asked_beyond(book, said)
    groups, named = book.hotspots(said["source"]), HOLDS.findall(said["named"])
    assert len(named) == min(3, len(groups)), said
    # Those with most events beyond the expected ones are named, the first of them first.
    assert named == groups[: len(named)], (named, groups)
    table = book.layer("hotspots")
    own = table[table["subject"].str.casefold() == said["source"].casefold()]
    letters = re.findall(r"\b([A-Z]+\d+), ", said["named"])
    assert letters == own["hotspot"].tolist()[: len(named)], said
    # The layer says of each what the sentence says.
    for words, (_, row) in zip(named, own.iterrows(), strict=False):
        numbers = (row["areas"], row["people"], row["observed_low"], row["expected"])
        assert words[:4] == tuple(whole(number) for number in numbers), (words, row)
    return {"n": whole(len(groups)) if said["n"] else "", "named": said["named"]}


# --------------------------------------------------------------------------- clusters


@saying(r"(?P<n>NUMBER) clusters? of (?P<source>.+?) (?:is|are) beyond chance(?:(?:,|; the most likely is) in [^\d]+)?")
def _(book: Book, said: Said) -> Said:
    return {"n": whole(len(book.clusters(said["source"])))}


ZONE_HOLDS: Final = re.compile(
    rf"\(({NUMBER}) areas?, ({NUMBER}) people, ({NUMBER}) events, ({NUMBER}) expected at the study area's average, "
    r"([\d.]+) times, p (below 0\.0001|[\d.]+)\)"
)


def recounted_clusters(clusters: list[tuple[str, ...]], said: Said, holds: re.Pattern[str]) -> Said:
    """Check that the first three clusters are named, each with its numbers, and count all of them."""
    named = holds.findall(said["named"])
    assert named == clusters[:3], (named, clusters)
    assert said["named"].startswith("the most likely, ") == (len(clusters) > 3)
    return {"n": whole(len(clusters)), "named": said["named"]}


@saying(r"(?P<source>.+): (?P<n>NUMBER) clusters? (?:is|are) beyond chance: (?P<named>.+)\.")
def _(book: Book, said: Said) -> Said:
    return recounted_clusters(book.clusters(said["source"]), said, ZONE_HOLDS)


@saying(
    r"(?P<n>NUMBER) space-time clusters? of (?P<source>.+?) (?:is|are) beyond chance"
    r"(?:(?:,|; the most likely is) in [^\d,]+, (?P<when>.+))?"
)
def _(book: Book, said: Said) -> Said:
    clusters = book.space_time_clusters(said["source"])
    return {"n": whole(len(clusters)), "when": clusters[0][0] if said["when"] else said["when"]}


TIME_HOLDS: Final = re.compile(
    rf", ([^,;(]+) \(({NUMBER}) areas?, ({NUMBER}) people, ({NUMBER}) events, ({NUMBER}) expected there at that time, "
    r"([\d.]+) times, p (below 0\.0001|[\d.]+)\)"
)


@saying(r"(?P<source>.+): (?P<n>NUMBER) space-time clusters? (?:is|are) beyond chance: (?P<named>.+)\.")
def _(book: Book, said: Said) -> Said:
    return recounted_clusters(book.space_time_clusters(said["source"]), said, TIME_HOLDS)


# --------------------------------------------------------------------------- stability and agreement

MOST: Final = r"(?:; (?P<what>the [^;]+?) decides most)?\.?"
IN_WORDS: Final = ("none", "one", "two", "three", "four")


def asked_most(book: Book, said: Said) -> pd.DataFrame:
    """Hold the deciding choice against the shares in the summary; return the layer."""
    layer, settings = book.variants(said["source"])
    shares = {choice["choice"]: choice["share_hot"] for choice in settings["choices"] if choice["share_hot"]}
    assert said["what"] == (CHOICE_WORDS[max(shares, key=shares.__getitem__)] if shares else ""), said
    return layer


@saying(
    r"(?P<n>NUMBER) areas? (?:is|are) hot for (?P<source>.+?) in every variant"
    rf"(?:, (?P<more>NUMBER) more in some)?{MOST}"
)
def _(book: Book, said: Said) -> Said:
    share = asked_most(book, said)["hot_low"]
    more = int(((share > 0) & (share < 1)).sum())
    return {"n": whole((share == 1).sum()), "more": whole(more) if more else ""}


@saying(
    r"No area is hot for (?P<source>.+?) in every variant, but (?:(?P<most>NUMBER) (?:is|are) in most)?(?: and )?"
    rf"(?:(?P<some>NUMBER)(?: is| are)? in some)?{MOST}"
)
def _(book: Book, said: Said) -> Said:
    share = asked_most(book, said)["hot_low"]
    assert not (share == 1).any(), said
    numbers = {"most": (share > 0.5).sum(), "some": ((share > 0) & (share <= 0.5)).sum()}
    return {name: whole(number) if number else "" for name, number in numbers.items()}


@saying(r"No area is hot for (?P<source>.+?) in any of (?P<n>NUMBER) variants?\.?")
def _(book: Book, said: Said) -> Said:
    layer, settings = book.variants(said["source"])
    assert not (layer["hot_low"] > 0).any(), said
    return {"n": whole(settings["variants"])}


@saying(
    r"(?P<n>NUMBER) areas? (?:is|are) hot for (?P<source>.+?) by "
    r"(?P<by>both methods|all \w+ methods|\w+ of \w+ methods \(none by more\))(?:, (?P<more>NUMBER) more by \w+)?\.?"
)
def _(book: Book, said: Said) -> Said:
    methods = book.methods(said["source"])
    number = sum(method.astype(int) for method in methods)
    most, given = int(number.max()), IN_WORDS[len(methods)]
    fewer = int(((number > 0) & (number < most)).sum())
    everyone = "both methods" if len(methods) == 2 else f"all {given} methods"
    by = everyone if most == len(methods) else f"{IN_WORDS[most]} of {given} methods (none by more)"
    return {"n": whole((number == most).sum()), "by": by, "more": whole(fewer) if fewer else ""}


@saying(r"No area is hot for (?P<source>.+?) by any of (?P<given>\w+) methods\.?")
def _(book: Book, said: Said) -> Said:
    methods = book.methods(said["source"])
    assert not any(method.any() for method in methods), said
    return {"given": IN_WORDS[len(methods)]}


# --------------------------------------------------------------------------- surfaces


@saying(r"The densest (?P<share>SHARE) of the study area has half of the mapped density of (?P<source>.+)")
def _(book: Book, said: Said) -> Said:
    return {"share": book.densest_half(said["source"])}


ON: Final = re.compile(rf"\(({NUMBER}) events on ([\d.]+) km²\)")


@saying(
    r"The risk of (?P<source>.+?),? is raised in (?P<n>NUMBER) places?,(?: together)? (?P<area>SHARE) of the study "
    r"area with (?P<events>SHARE) of the events(?:: (?P<named>.+)\.|\.)?"
)
def _(book: Book, said: Said) -> Said:
    found = dict(zip(("n", "area", "events"), book.raised(said["source"]), strict=True))
    if said["named"]:
        places, named = book.raised_places(said["source"]), ON.findall(said["named"])
        assert named == places[:3], (named, places)
        assert said["named"].startswith("those with most events, ") == (len(places) > 3)
        found["named"] = said["named"]
    return found


@saying(r"(?P<title>.+): nowhere above or below the overall ratio of (?P<ratio>[\d.]+) beyond chance\.?")
def _(book: Book, said: Said) -> Said:
    name = book.named("comparisons", said["title"])
    assert not [layer for layer in book.layers if layer.startswith(name)]
    section = next(one for one in book.study["comparisons"] if one["name"] == name)
    years = book.table("knife_crime_by_year").set_index("period")["low"]
    first, second = (years.loc[slice(*section[key])].sum() for key in ("years", "against_years"))
    return {"title": said["title"], "ratio": f"{first / second:.2f}"}


@saying(
    r"The densest 5% of the area had (?P<rate>SHARE) of later (?P<source>.+), (?P<pai>[\d.]+) times chance "
    r"\(bandwidth (?P<bandwidth>NUMBER) m\)"
)
def _(book: Book, said: Said) -> Said:
    best = _best(book)
    rate = best["hits"] / best["events"]
    return {"rate": f"{100 * rate:.1f}%", "pai": f"{rate / 0.05:.1f}", "bandwidth": whole(best["bandwidth"])}


@saying(
    r"Knife crime, (?P<period>\d{4}): with the densest 5% of the area flagged, a bandwidth of (?P<bandwidth>NUMBER) "
    r"m, the smallest tried, captures most: (?P<rate>SHARE) of (?P<events>NUMBER) later events "
    r"\(95% interval (?P<low>[\d.]+) to (?P<high>SHARE)\)\. The difference from "
    r"(?P<same>NUMBER) m is within chance\. "
    r"(?P<worse>NUMBER) m captured fewer, by more than chance\."
)
def _(book: Book, said: Said) -> Said:
    best, table = _best(book), _flagged(book)
    later = book.series("Knife crime, force area")[0].set_index("period").loc[said["period"], "low"]
    assert later == best["events"]
    behind = table.set_index("bandwidth")["behind_low"]
    return {
        "rate": f"{100 * best['hits'] / best['events']:.1f}%",
        "events": whole(later),
        "bandwidth": whole(table["bandwidth"].min()),
        "low": f"{100 * best['hit_rate_low']:.1f}",
        "high": f"{100 * best['hit_rate_high']:.1f}%",
        "same": whole(behind[(behind <= 0) & (behind.index != best["bandwidth"])].index[0]),
        "worse": whole(behind[behind > 0].index[0]),
    }


def _flagged(book: Book) -> pd.DataFrame:
    (file,) = book.folder.glob("predictive_accuracy_*.csv")
    table = pd.read_csv(file)
    return table[table["share_of_area"] == 0.05]


def _best(book: Book) -> pd.Series:
    table = _flagged(book)
    return table.loc[table["hits"].idxmax()]


# --------------------------------------------------------------------------- schools


@saying(
    r"None of the (?P<n>NUMBER) schools judged(?: in (?P<place>.+?))? has far more or far fewer .+ would suggest\.?"
)
def _(book: Book, said: Said) -> Said:
    judged = book.judged(said["place"])
    assert not judged.isin(("far_above", "far_below")).any()
    return {"n": whole(len(judged))}


@saying(
    r"Of (?P<all>NUMBER) schools in question (?P<n>NUMBER) were judged\. For review: of the (?P<again>NUMBER) "
    r"schools judged, (?P<above>NUMBER) are above and (?P<below>NUMBER) below the 95% limits; about "
    r"(?P<high>[\d.]+) and (?P<low>[\d.]+) are expected by chance\. (?P<slope>Ten points .+)\. Fewer permanent "
    r"exclusions than expected in highly deprived areas: (?P<fewer>NUMBER) schools; more than expected in the "
    r"least deprived areas: (?P<more>NUMBER) schools\."
)
def _(book: Book, said: Said) -> Said:
    schools, judged = book.schools(), book.judged()
    chance = book.summary["schools"]["settings"]["beyond_95_by_chance"]
    deprived, well_off = schools["idaci_decile"] <= 3, schools["idaci_decile"] >= 7
    assert said["slope"] == slope_words(book)
    return {
        "all": whole(len(schools)),
        "n": whole(len(judged)),
        "again": whole(len(judged)),
        "above": whole(judged.isin(("above", "far_above")).sum()),
        "below": whole(judged.isin(("below", "far_below")).sum()),
        "high": f"{chance['above']:.1f}",
        "low": f"{chance['below']:.1f}",
        "slope": said["slope"],
        "fewer": whole((schools["class"].isin(("below", "far_below")) & deprived).sum()),
        "more": whole((schools["class"].isin(("above", "far_above")) & well_off).sum()),
    }


def slope_words(book: Book) -> str:
    """Return the slope as the first page has it."""
    change, low, high = _percents(book.summary["schools"]["slope"][name] for name in ("per_ten_points", "low", "high"))
    assert 0 == low < change < high
    interval = f"95% interval {low} to {high}% more, borderline"
    return f"Ten points more of IDACI (invented) go with {change}% more permanent exclusions ({interval})"


def _percents(ratios: Iterable[float]) -> list[int]:
    return [round(100 * (ratio - 1)) for ratio in ratios]


@saying(
    r"(?P<change>\d+%) more permanent exclusions for (?P<step>ten) points more of IDACI \(invented\)"
    r"(?P<over> in the catchment)? \(95% interval (?P<low>\d+) to (?P<high>\d+%) more(?P<none>, borderline)?\)"
)
def _(book: Book, said: Said) -> Said:
    schools = book.summary["schools"]
    own = [schools["slope"][name] for name in ("per_ten_points", "low", "high")]
    change, low, high = _percents(schools["settings"]["catchment_slope"] if said["over"] else own)
    assert bool(said["none"]) == (low == 0)
    return {"change": f"{change}%", "low": f"{low}", "high": f"{high}%"}


@saying(
    r"(?P<above>NUMBER) of (?P<all>NUMBER) schools compared have rates of permanent exclusions clearly above the "
    r"study's average, (?P<below>NUMBER) clearly below"
)
def _(book: Book, said: Said) -> Said:
    schools = book.schools()
    schools = schools[schools["area_id"].notna()]
    average = (schools["low"].sum() + schools["high"].sum()) / 2 / schools["pupils"].sum()
    # The exact limits of a Poisson count, of the lowest and of the highest that a hidden number may be.
    first = chi2.ppf(0.025, 2 * schools["low"]) / 2 / schools["pupils"]
    last = chi2.ppf(0.975, 2 * schools["high"] + 2) / 2 / schools["pupils"]
    return {
        "above": whole((first > average).sum()),
        "all": whole(len(schools)),
        "below": whole((last < average).sum()),
    }


@saying(
    r"Schools of (?P<more>.+) have more, of (?P<fewer>.+) fewer permanent exclusions than the average authority's, .+"
)
def _(book: Book, said: Said) -> Said:
    table = book.table("schools_authorities").merge(book.layer("authorities")[["la_code", "la_name"]], on="la_code")
    more, fewer = (set(re.split(", | and ", said[name])) for name in ("more", "fewer"))
    assert more == set(table.loc[table["low"] > 1, "la_name"])
    assert fewer == set(table.loc[table["high"] < 1, "la_name"])
    return {}


@saying(
    r"(?P<n>NUMBER) schools are beyond the 95% limits of permanent exclusions; about (?P<chance>NUMBER) are expected "
    r"by chance"
)
def _(book: Book, said: Said) -> Said:
    schools = book.schools()
    stand_out = ~schools["class"].isin(("as_expected", "cannot_be_judged")) | schools["holds"].notna()
    assert len(book.table("schools_that_stand_out")) == stand_out.sum()
    chance = book.summary["schools"]["settings"]["beyond_95_by_chance"]
    beyond = book.judged().isin(("above", "far_above", "below", "far_below")).sum()
    return {"n": whole(beyond), "chance": whole(chance["above"] + chance["below"])}


# --------------------------------------------------------------------------- series

GROUP: Final = r"(?P<title>.+?)(?: \((?P<group>all ages|under 25)\))?"


@saying(
    rf"{GROUP},? (?P<verb>rose|fell) from (?P<first>NUMBER) in (?P<begin>[\d/Q ]+) to (?P<last>NUMBER) "
    r"in (?P<end>[\d/Q ]+?)\.?"
)
def _(book: Book, said: Said) -> Said:
    ends = book.settled_ends(said["title"], said["group"], "low")
    return {
        "first": whole(ends["first"][1]),
        "begin": ends["first"][0],
        "last": whole(ends["last"][1]),
        "end": ends["last"][0],
        "verb": "rose" if ends["last"][1] > ends["first"][1] else "fell",
    }


@saying(
    rf"{GROUP}: rate (?P<verb>rose|fell) from (?P<first>[\d.]+) to (?P<last>[\d.]+) per 100,000 people per year, "
    r"(?P<begin>[\d/Q ]+) to (?P<end>[\d/Q ]+)"
)
def _(book: Book, said: Said) -> Said:
    counts = book.settled_ends(said["title"], said["group"], "low")
    people = book.settled_ends(said["title"], said["group"], "population")
    rates = {
        end: count / people[end][1] * 100_000 * (4 if " Q" in period else 1) for end, (period, count) in counts.items()
    }
    return {
        "first": f"{rates['first']:.1f}",
        "last": f"{rates['last']:.1f}",
        "begin": counts["first"][0],
        "end": counts["last"][0],
        "verb": "rose" if rates["last"] > rates["first"] else "fell",
    }


TIMES: Final = r"\((?P<ratio>[\d.]+) times(?: the level before)?, 95% interval (?P<low>[\d.]+) to (?P<high>[\d.]+)\)"


@saying(
    rf"{GROUP}: level at about (?P<level>[\d.,]+) (?P<per>a year|a quarter|per 100,000 people per year) until "
    rf"(?P<about>about )?(?P<until>[\d/Q ]+), then (?P<verb>more than doubled|rose) by (?P<end>[\d/Q ]+) {TIMES}\.?"
)
def _(book: Book, said: Said) -> Said:
    level, ratio, _ = book.course(said["title"], said["group"], said["until"])
    low, high = book.course_limits(said["title"], said["group"])
    assert (said["verb"] == "more than doubled") == (float(low) >= 2)
    assert abs(float(said["level"].replace(",", "")) / level - 1) < 0.05, (said, level)
    assert said["end"] == book.settled_ends(said["title"], said["group"], "low")["last"][0]
    assert bool(said["about"]) == book.dated_roughly(said["title"])
    return {"ratio": f"{ratio:.2f}", "low": low, "high": high, "level": said["level"]}


@saying(
    rf"{GROUP}: (?P<verb>rose|fell) by (?P<growth>[\d.]+%) a year on average from (?P<begin>[\d/Q ]+) to "
    rf"(?P<end>[\d/Q ]+) {TIMES}; no change of level or slope beyond chance\.?"
)
def _(book: Book, said: Said) -> Said:
    _, ratio, growth = book.course(said["title"], said["group"])
    low, high = book.course_limits(said["title"], said["group"])
    assert said["end"] == book.settled_ends(said["title"], said["group"], "low")["last"][0]
    verb = "rose" if growth > 0 else "fell"
    return {"ratio": f"{ratio:.2f}", "low": low, "high": high, "growth": f"{abs(growth):.1%}", "verb": verb}


CHANGED: Final = re.compile(
    r"(?:(all ages|under 25) )?(?:(more than doubled|rose|fell),? )?from ([\d,]+) to ([\d,]+), "
    r"([\d.]+) times \((?:95% interval )?([\d.]+) to ([\d.]+)\)"
)


@saying(r"(?P<title>.+?), (?P<base>\d{4}(?:/\d\d)?) to (?P<period>\d{4}(?:/\d\d)?): (?P<all>.+?)\.?")
def _(book: Book, said: Said) -> Said:
    parts = CHANGED.findall(said["all"])
    assert len(parts) == len(said["all"].split("; ")), said
    for group, verb, *numbers in parts:
        wanted = book.change(said["title"], group, said["period"], said["base"])
        assert tuple(numbers) == wanted, (said, wanted)
        low, high = (float(limit) for limit in wanted[-2:])
        assert verb == ("more than doubled" if low >= 2 else "rose" if low > 1 else "fell" if high < 1 else ""), said
    return {"all": said["all"], "title": said["title"]}


# --------------------------------------------------------------------------- authorities


@saying(
    r"Recording differs(?: in (?P<period>[\d/]+))?: from (?P<low>[\d.]+) factors in an (?:episode|assessment) "
    r"\((?P<lowest>.+)\) to (?P<high>[\d.]+) \((?P<highest>.+)\)\.?"
)
def _(book: Book, said: Said) -> Said:
    per = book.factors()
    ends = {"low": f"{per.min():.1f}", "high": f"{per.max():.1f}"}
    return {**ends, "lowest": str(per.idxmin()), "highest": str(per.idxmax())}


@saying(
    r"Hospital admissions for violence per 100,000 people, standardised for age: "
    r"(?:(?P<above>\D+) above the study area's rate of (?P<rate>NUMBER)(?:, (?P<below>\D+) below)?|"
    r"(?P<lower>\D+) below the study area's rate of (?P<average>NUMBER)|"
    r"no authority's rate differs from the study area's (?P<same>NUMBER) beyond chance) "
    r"\(false discovery rate (?P<level>5%)\)\.?"
)
def _(book: Book, said: Said) -> Said:
    table = book.table("admissions_standardised")
    own = table[table["kind"] == "authority"].set_index("name")
    areas = book.tested("hospital admissions for violence", "getis_ord")
    assert own["low"].to_dict() == areas.groupby("la_name")["observed_low"].sum().to_dict()
    assert own["population"].to_dict() == areas.groupby("la_name")["population"].sum().to_dict()
    whole_rate = table.set_index("kind").loc["study area", "rate_low"]
    # A rate of weighted counts is as uncertain as a Poisson count of (rate / its variance) events (Dobson's weights).
    effective = own["low"] + (whole_rate - own["rate_low"]) / _step(own)
    upper, lower = poisson.sf(own["low"] - 0.5, effective), poisson.cdf(own["low"] + 0.5, effective)
    differs = pd.Series(false_discovery_control(np.minimum(1, 2 * np.minimum(upper, lower))) <= 0.05, own.index)
    names = {
        side: listed_again(own.index[differs & (beyond > 0)])
        for side, beyond in (("above", own["rate_low"] - whole_rate), ("below", whole_rate - own["rate_low"]))
    }
    assert (said["above"], said["below"] or said["lower"]) == (names["above"], names["below"])
    found = {one: whole(whole_rate) for one in ("rate", "average", "same") if said[one]}
    return {**found, "level": "5%"}


def _step(own: pd.DataFrame) -> pd.Series:
    """Return what an event more adds to a rate, from its upper limit and Byar's."""
    more = own["high"] + 1
    byar = more * (1 - 1 / (9 * more) + 1.959964 / (3 * np.sqrt(more))) ** 3
    return (own["ci_high"] - own["rate_high"]) / (byar - own["high"])


def listed_again(names: Iterable[str]) -> str:
    """Return names as a phrase."""
    *others, last = sorted(names) or [""]
    return f"{', '.join(others)} and {last}" if others else last


@saying(
    r"(?P<low>SHARE) \((?P<lowest>.+)\) to (?P<high>SHARE) \((?P<highest>.+)\) of areas are among the most deprived "
    r"tenth\.?"
)
def _(book: Book, said: Said) -> Said:
    share = book.deprived()
    ends = {"low": f"{100 * share.min():.0f}%", "high": f"{100 * share.max():.0f}%"}
    return {**ends, "lowest": str(share.idxmin()), "highest": str(share.idxmax())}


@saying(r"Methods and limits")
def _(book: Book, said: Said) -> Said:
    return {}


__all__ = ["KNOWN", "NUMBER", "slope_words", "wrong_in"]
