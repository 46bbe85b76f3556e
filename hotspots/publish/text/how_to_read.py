"""How to read a map or a chart: what its colours mean, for a reader who knows no statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hotspots.model import Contours, HotspotResult, Note, Place, SchoolResult, Surface, one_sided, words_of
from hotspots.publish.text import findings
from hotspots.publish.text.phrases import Section, capitalised, listed, section
from hotspots.publish.text.schools import Over, slope_words
from hotspots.publish.text.surfaces import bandwidth_sentence, surface_method, surface_reading
from hotspots.vocabulary import COLD_CLASSES, HOT_CLASSES, Null

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["data_sentences", "explain_hotspots", "explain_schools", "explain_surface"]

AGAINST: Final[dict[Null, tuple[str, str]]] = {
    "scattered-risk": ("than expected by chance", " per person"),
    "exchangeable-risk": ("than expected by chance", " per person"),
    "constant-risk": ("than the study area's average", " per person"),
    "randomisation": ("than expected by chance", ""),
}
"""Null hypothesis → what the counts are held against, and for whom, in plain words."""
LETTERS: Final = "A letter with a number names a hotspot: adjoining red areas, most events beyond those expected first."
LONGEST_NOTE: Final = 90
"""Letters: what a map says about its data; longer notes are read in the briefing."""


def explain_hotspots(result: HotspotResult, place: Place | None = None, *, lettered: bool = False) -> list[Section]:
    """Return what the colours (and letters) mean, then the method, then short notes about the data."""
    reading = [
        *_colours(result, place),
        LETTERS if lettered else "",
        findings.level_sentence(result, place),
        findings.certainty_sentence(result, place),
        findings.without_largest_sentence(result, place),
        "The map shows where, not why.",
    ]
    return [
        section("How to read this map", reading),
        section("Method", findings.method_sentences(result)),
        section("Data", data_sentences(result.notes)),
    ]


def _colours(result: HotspotResult, place: Place | None) -> list[str]:
    """Return what red and blue mean where they occur, and that all else is no promise."""
    table = result.table if place is None else result.table[result.table["la_code"].isin(place.authorities)]
    classes = set(table["class"])
    method = result.provenance
    than, who = ("than expected by chance", "") if method is None else AGAINST[method.null]
    if method is not None and method.expected is not None:
        than, who = f"than {listed([*method.expected.suggested_by, 'chance'])} suggest", ""
    elif not findings.has_population(result):
        who = ""
    elif method is not None and method.measure in ("rate", "empirical-bayes"):
        who = " per person"
    sentences = []
    if result.method == "local_moran":
        usual = "the average" if method is None or method.expected is None else "what is expected"
        sentences += _moran_colours(classes, who, than, usual)
    else:
        together = "the areas around this one" if result.statistic == "gi" else _WITH_SELF
        if classes & HOT_CLASSES:
            sentences += [f"Red (hot): {together} have more events{who} {than}.", STRENGTH]
        if classes & COLD_CLASSES:
            sentences.append(
                "Blue with dots (cold): fewer."
                if sentences
                else f"Blue with dots (cold): {together} have fewer events{who} {than}."
            )
    pale = "no clear difference, which is not the same as none."
    if (table["certainty"] == "depends").any():
        either = "the class depends" if result.method == "local_moran" else "it could be hot or cold, depending"
        pale = f"nothing is certain; striped, {either} on suppressed counts."
    return [*sentences, f"Pale: {pale}" if sentences else f"All pale: {pale}"]


def _moran_colours(classes: set[str], who: str, than: str, usual: str) -> list[str]:
    """Return what the classes of Local Moran that occur mean: clusters of either kind, and outliers."""
    sides = {"high": "more", "low": "fewer"}
    around = [side for side in sides if any(name.endswith(f"_{side}") for name in classes & MORAN)]
    if not around:
        return []
    named = [f"{sides[side]}{f' (-{side.capitalize()})' if len(around) > 1 else ''}" for side in around]
    sentences = [f"In colour: the areas around this one together have {' or '.join(named)} events{who} {than}."]
    clusters = [name for key, name in (("high_high", "High-High"), ("low_low", "Low-Low")) if key in classes]
    if clusters:
        sentences.append(f"{' and '.join(clusters)}: so has the area itself, against {usual}.")
    for key, name, has in (("low_high", "Low-High", "fewer"), ("high_low", "High-Low", "more")):
        if key in classes:
            sentences.append(f"{name}: an outlier, the area itself has {has} than {usual}.")
    return sentences


STRENGTH: Final = "The darker, the stronger the evidence."
MORAN: Final = frozenset({"high_high", "high_low", "low_high", "low_low"})
_WITH_SELF: Final = "this area and those around it together"


def explain_surface(surface: Surface, contours: Contours | None = None) -> list[Section]:
    """Return what the shades and lines mean, the bandwidth and why, how the surface was made, and short notes."""
    notes = [note for note in surface.notes if note.topic != "bandwidth"]
    return [
        section("How to read this map", surface_reading(surface, contours)),
        section("Kernel and bandwidth", [bandwidth_sentence(surface)]),
        section("Method", surface_method(surface, contours)),
        section("Data", data_sentences(notes)),
    ]


def explain_schools(
    result: SchoolResult, *more: str, heading: str = "How to read this map", over: Over = "area"
) -> list[Section]:
    """Return what the classes mean and what they don't, and the slope; names and counts stand in the briefing."""
    where = "its area" if over == "area" else "its modelled catchment"
    given = [f"its {name}" for name in result.covariates]
    suggests = listed(["the school's size", *given, f"the deprivation of {where}"])
    slope = slope_words(result, over=over)
    reading = [
        f"Triangle up: more {result.title} than {suggests} would suggest.",
        "Triangle down: fewer.",
        "'Far' means beyond the 99.8% limits, and still so after allowing for the number of schools.",
        _marks(result) if over == "area" else "Catchments are a model: children are shared among schools by distance.",
        f"{capitalised(slope)}." if slope else "",
        f"The scores of {result.index_title} are estimates made from its ranks." if result.index_estimated else "",
        "This measures no school's quality and gives no cause; pupils come from other areas than the school's own.",
        *more,
    ]
    return [section(heading, reading)]


def _marks(result: SchoolResult) -> str:
    """Return what dots in the marks mean, where they occur."""
    if not one_sided(result.table).any():
        return ""
    return "A dot: confirmed under the area's deprivation or the modelled catchment's, but not under both."


def data_sentences(notes: Iterable[Note]) -> list[str]:
    """Return the short notes about the data; the others are read in the briefing."""
    return [sentence for sentence in words_of(notes) if len(sentence) <= LONGEST_NOTE]
