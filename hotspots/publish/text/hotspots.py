"""Hotspots in words: where they lie and what they hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from hotspots.errors import plural
from hotspots.model import Contours, Hotspot, HotspotResult, Place, Whereabouts
from hotspots.publish.text.findings import beyond_words, finding_title
from hotspots.publish.text.phrases import listed, rounded

__all__ = ["hotspot_title", "hotspots_sentence", "location_words", "raised_words"]

NAMED: Final = 3
"""Hotspots that page one names; the others are counted."""

MOST_BORDERS: Final = 2


def location_words(where: Whereabouts) -> str:
    """Return e.g. ``"west Birmingham, by the border with Sandwell, near Smethwick"``.

    Examples
    --------
    >>> location_words(Whereabouts(("Birmingham",), "west", ("Sandwell",), "Smethwick"))
    'west Birmingham, by the border with Sandwell, near Smethwick'
    >>> location_words(Whereabouts(("Coventry",), "central"))
    'central Coventry'
    """
    words = [f"{where.part} {where.authorities[0]}"]
    if len(where.authorities) > 1:
        borders = "border" if len(where.authorities) == 2 else "borders"
        words = [f"{listed([words[0], *where.authorities[1:]])}, across the {borders}"]
    elif 0 < len(where.borders) <= MOST_BORDERS:
        words.append(f"by the border with {listed(where.borders)}")
    if where.near:
        words.append(f"{'around' if where.around else 'near'} {where.near}")
    return ", ".join(words)


def hotspot_title(result: HotspotResult, hotspots: Sequence[Hotspot], place: Place | None = None) -> str:
    """Return the finding of a map in one line: how many areas are hot, and where the largest hotspot lies.

    Of a place, `hotspots` are those that were found in it: what lies beyond its border is not on its map.
    """
    title = finding_title(result, place)
    hot_areas = set(result.hot(place))
    here = [hotspot for hotspot in hotspots if hot_areas & set(hotspot.areas)]
    if result.method != "getis_ord" or not here:
        return title
    where, letter = location_words(here[0].where), here[0].letter
    if len(here) == 1:
        return f"{title}, in {where}{f' ({letter})' if letter else ''}"
    return f"{title}; the largest hotspot{f', {letter},' if letter else ''} is in {where}"


def hotspots_sentence(result: HotspotResult, hotspots: Sequence[Hotspot]) -> str:
    """Return the largest hotspots by name, with what each holds; empty where there is none."""
    if not hotspots:
        return ""
    beyond = beyond_words(result)
    base = "" if beyond else " at the study area's average"
    described = [f"{_named(hotspot)} ({_holds(hotspot, base)})" for hotspot in hotspots[:NAMED]]
    if len(hotspots) == 1:
        return f"The hotspot for {result.title}{beyond}: {described[0]}."
    which = "The hotspots" if len(hotspots) <= NAMED else f"The largest of {plural(len(hotspots), 'hotspot')}"
    by = "" if len(hotspots) <= NAMED else ", by events beyond those expected"
    return f"{which} for {result.title}{beyond}{by}: {'; '.join(described)}."


def raised_words(contours: Contours, places: Sequence[Hotspot]) -> str:
    """Return the places where a risk is raised, those with most events by name; empty where there is none.

    Parameters
    ----------
    contours
        Of a surface of risk.
    places
        From `raised_places`, in the order of the contours.
    """
    sizes = contours.table.loc[contours.table["kind"] == "raised", "area_km2"]
    both = sorted(zip(places, sizes, strict=True), key=lambda pair: -np.nan_to_num(pair[0].observed_low))
    if not both:
        return ""
    known = np.isfinite(both[0][0].observed_low)
    described = []
    for hotspot, size in both[:NAMED]:
        events = f"{hotspot.observed_low:,.0f} events on " if known else ""
        described.append(f"{location_words(hotspot.where)} ({events}{rounded(size)} km²)")
    which = "" if len(both) <= NAMED else "those with most events, " if known else "the largest, "
    return which + "; ".join(described)


def _named(hotspot: Hotspot) -> str:
    """Return letter and place of a hotspot."""
    return f"{hotspot.letter}, {location_words(hotspot.where)}" if hotspot.letter else location_words(hotspot.where)


def _holds(hotspot: Hotspot, base: str) -> str:
    """Return what a hotspot holds: areas, people, events, those expected on which base, and the ratio."""
    events = _between(hotspot.observed_low, hotspot.observed_high, 0)
    words = [plural(len(hotspot.areas), "area")]
    if np.isfinite(hotspot.people):
        words.append(f"{hotspot.people:,.0f} people")
    words.append(f"{events} events")
    if np.isfinite(hotspot.expected) and hotspot.expected > 0:
        ratio = _between(*hotspot.ratio, 1)
        words.append(f"{hotspot.expected:,.0f} expected{base}, {ratio} times")
    return ", ".join(words)


def _between(low: float, high: float, digits: int) -> str:
    first, last = f"{low:,.{digits}f}", f"{high:,.{digits}f}"
    return first if first == last else f"{first} to {last}"
