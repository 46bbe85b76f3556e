"""How to read a map or a chart: what its colours mean, for a reader who knows no statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hotspots.nouns import Contours, HotspotResult, Place, SchoolResult, Surface
from hotspots.publish import wording
from hotspots.publish.phrases import capitalised
from hotspots.publish.surface_words import bandwidth_sentence, surface_method_sentence, surface_reading
from hotspots.vocabulary import COLD_CLASSES, HOT_CLASSES

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["data_words", "explain_hotspots", "explain_schools", "explain_surface", "slope_title", "slope_words"]

Section = tuple[str, str]
"""A heading and what stands below it."""

AGAINST: Final = {
    "exchangeable-risk": ("than chance would gather there", " per person"),
    "constant-risk": ("than the study area's average would give", " per person"),
    "randomisation": ("than chance would gather there", ""),
}
"""Null hypothesis → what the counts are held against, and for whom, in plain words."""
LONGEST_NOTE: Final = 90
"""Letters: what a map says about its data; longer notes are read in the briefing."""


def explain_hotspots(result: HotspotResult, place: Place | None = None) -> list[Section]:
    """Return what the colours mean, then the method, then short notes about the data."""
    reading = [
        _colours(result, place),
        wording.level_sentence(result, place),
        wording.certainty_sentence(result, place),
        "The map shows where, not why.",
    ]
    return [
        ("How to read this map", _joined(reading)),
        ("Method", wording.method_sentence(result)),
        ("Data", data_words(result.notes)),
    ]


def _colours(result: HotspotResult, place: Place | None) -> str:
    """Return what red and blue mean where they occur, and that all else is no promise."""
    table = result.table if place is None else result.table[result.table["la_code"].isin(place.authorities)]
    classes = set(table["class"])
    than, who = AGAINST.get(str(result.provenance.get("null", "")), ("than chance would gather there", ""))
    if not wording.has_population(result):
        who = ""
    elif "rate" in str(result.provenance.get("measure", "")):
        who = " per person"
    said = []
    if result.method == "local_moran":
        if classes & {"high_high", "high_low", "low_high", "low_low"}:
            said.append(
                f"Coloured: the areas around this one have together more, or fewer, events{who} {than}. "
                "High or low comes first for the area itself, then for its neighbours."
            )
    else:
        together = "the areas around this one" if wording.statistic(result) == "Getis-Ord Gi" else _WITH_SELF
        if classes & HOT_CLASSES:
            said.append(f"Red (hot): {together} have more events{who} {than}. The darker, the surer.")
        if classes & COLD_CLASSES:
            said.append(
                "Blue with dots (cold): fewer."
                if said
                else f"Blue with dots (cold): {together} have fewer events{who} {than}."
            )
    pale = "no clear difference, which is not the same as no violence."
    if (table["certainty"] == "depends").any():
        pale = "nothing is certain; striped, it could be hot or cold, depending on hidden numbers."
    said.append(f"Pale: {pale}" if said else f"All pale: {pale}")
    return " ".join(said)


_WITH_SELF: Final = "this area and those around it together"


def explain_surface(surface: Surface, contours: Contours | None = None) -> list[Section]:
    """Return what the shades and lines mean, the bandwidth and why, how the surface was made, and short notes."""
    why = surface.bandwidth_words.strip().rstrip(".")
    notes = [note for note in surface.notes if not (why and why in note)]
    return [
        ("How to read this map", surface_reading(surface, contours)),
        ("Kernel and bandwidth", bandwidth_sentence(surface)),
        ("Method", surface_method_sentence(surface, contours)),
        ("Data", data_words(notes)),
    ]


def explain_schools(result: SchoolResult, *more: str, heading: str = "How to read this map") -> list[Section]:
    """Return what the classes mean and what they don't, and the slope; names and counts stand in the briefing."""
    reading = [
        f"Triangle up: more {result.title} than the school's size and the deprivation of its area would suggest. "
        "Triangle down: fewer. "
        "'Far' means beyond the 99.8 % limits, and still so after allowing for the number of schools.",
        f"{capitalised(slope_words(result))}." if slope_words(result) else "",
        "This measures no school's quality and gives no cause; pupils come from other areas than the school's own.",
        *more,
    ]
    return [(heading, _joined(reading))]


def slope_words(result: SchoolResult) -> str:
    """Return how the rate goes with deprivation, as a clause; empty where no slope was fitted."""
    if not {"per_ten_points", "low", "high"} <= set(result.slope):
        return ""
    slope, low, high = (float(result.slope[key]) for key in ("per_ten_points", "low", "high"))
    if not (0.0 < slope < float("inf") and 0.0 < high < float("inf")):
        return ""
    change = _change(slope) if round(100 * (slope - 1)) else "no more and no fewer"
    interval = f"95 % interval from {_change(low)} to {_change(high)}"
    return f"ten points more of {result.index_title} go with {change} {result.title} ({interval})"


def slope_title(result: SchoolResult) -> str:
    """Return how the rate goes with deprivation, as a finding; empty where no slope was fitted."""
    if not slope_words(result):
        return ""
    slope, low, high = (float(result.slope[key]) for key in ("per_ten_points", "low", "high"))
    if low <= 1.0 <= high:
        return f"No clear link between {result.title} and deprivation"
    verb = "rise" if slope > 1.0 else "fall"
    percent = round(100 * abs(slope - 1.0))
    return (
        f"{capitalised(result.title)} {verb} with deprivation: by {percent:,} % for ten points of {result.index_title}"
    )


def _change(ratio: float) -> str:
    percent = round(100 * (ratio - 1))
    if percent == 0:
        return "no difference"
    return f"{abs(percent):,} % {'more' if percent > 0 else 'fewer'}"


def data_words(notes: Iterable[str]) -> str:
    """Return the short notes about the data; the others are read in the briefing."""
    return " ".join(note for note in notes if len(note) <= LONGEST_NOTE)


def _joined(parts: Iterable[str]) -> str:
    return " ".join(part for part in parts if part)
