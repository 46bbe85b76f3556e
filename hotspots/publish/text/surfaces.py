"""Sentences about surfaces: titles that state the finding, how to read the map, how it was made."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from hotspots.errors import plural
from hotspots.model import ComparisonMethod, Contours, DensityMethod, Place, RiskMethod, Surface, words_of
from hotspots.publish.text.phrases import capitalised, in_place, percent
from hotspots.vocabulary import DENSE_IS_NOT_RISK, LOCATIONS_UNKNOWN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hotspots.vocabulary import PlacedBy

__all__ = [
    "InsideContours",
    "bandwidth_sentence",
    "half_in",
    "surface_heading",
    "surface_method",
    "surface_paragraphs",
    "surface_reading",
    "surface_sentence",
    "surface_title",
    "too_small_to_draw",
]

FEWEST_FOR_PATTERN: Final = 20
"""Events below which nothing is said of where they are dense: with one less or more it would be somewhere else."""
DARK: Final = {
    "occurrence": "Where many people live, work or go out",
    "residence": "Where many people live",
    "": "Where there are more people",
}
"""Why a map of density is dark, by where its events are placed."""
NOT_TESTED: Final = "Cells are not tested for significance."
TWO_QUESTIONS: Final = (
    "The maps of areas and the surfaces of risk answer different questions and need not agree. The maps of areas test "
    "whether an area and its neighbours together have more events than the rest of the study area. The surfaces of "
    "risk test the same for the surroundings of every cell, regardless of borders. A place smaller than a few areas "
    "can be raised on the surface alone; a difference across many areas can be found on the map of areas alone. Where "
    "the two differ, the finding is weaker than where they agree."
)


@dataclass(frozen=True)
class InsideContours:
    """What is inside the contours of one kind, in a place or in the whole study area.

    Parameters
    ----------
    number
        Number of polygons; 0 where all were too small to be drawn.
    share_of_area
        Share of the area of the place, 0 to 1.
    share_of_events
        Share of the events of the study area, 0 to 1; missing where it is not known.
    """

    number: int
    share_of_area: float
    share_of_events: float = math.nan


# --------------------------------------------------------------------------- titles


def half_in(surface: Surface, inside: NDArray[np.bool_] | None = None) -> tuple[float, float]:
    """Return the share of the cells that has half of a density, densest first, and the events in all of them.

    Both are NaN where nothing lies in any cell; the events also where the surface does not know its own.

    Examples
    --------
    >>> from hotspots.model import Identity
    >>> made = {"provenance": None, "identity": Identity(release="open")}
    >>> surface = Surface(np.array([[6.0, 2.0, 1.0, 1.0]]), (0.0, 0.0), 50.0, "per km²", 80.0, "", np.nan, **made)
    >>> half_in(surface)
    (0.25, 80.0)
    """
    known = np.isfinite(surface.values)
    chosen = surface.values[known if inside is None else known & inside]
    whole, total = float(chosen.sum()), float(surface.values[known].sum())
    if not whole > 0:
        return math.nan, math.nan
    # A sum of half of it but for rounding is half of it.
    cells = int(np.searchsorted(np.cumsum(np.sort(chosen)[::-1]), whole / 2 * (1 - 1e-12))) + 1
    return cells / len(chosen), surface.integral * whole / total


def surface_title(
    surface: Surface,
    *,
    place: Place | None = None,
    inside: NDArray[np.bool_] | None = None,
    extents: Mapping[str, InsideContours] | None = None,
) -> str:
    """Return the finding of a surface in one line.

    Of a density: in how much of the area half of it lies; no highest value, which nothing was tested for and
    which a handful of events can make. Of a tested surface: in how many places it is raised, with how much of the area
    and of the events, or that it is raised nowhere. Of one that was not tested: that it was not.

    Parameters
    ----------
    surface
        What is shown.
    place
        The part of the study area that is spoken of; `inside` says which cells (row, col) lie in it.
    extents
        Kind of contour → what lies in it; None where nothing was tested.
    """
    if surface.kind not in ("density", "spread"):
        return _untested_title(surface, place) if extents is None else _tested_title(surface, place, extents)
    share, events = half_in(surface, inside)
    if math.isnan(share):
        return f"No {surface.title}{in_place(place) or ' in the study area'}"
    if events < FEWEST_FOR_PATTERN:
        return f"{capitalised(surface.title)}{in_place(place)}: too few events for a pattern"
    whole, its = ("the study area", "the") if place is None else (place.name, "its")
    # Not of the events: those inside the line around the densest part are counted, and are fewer than the smoothed.
    return f"The densest {percent(share)} of {whole} has half of {its} mapped density of {surface.title}"


def _subject(surface: Surface) -> str:
    """Return what is raised or lowered: a risk, as its title has it, or what a comparison is of."""
    if surface.kind != "relative-risk":
        return capitalised(surface.title)
    return f"The {surface.title}"


def _of_overall(surface: Surface) -> ComparisonMethod | None:
    """Return the method of a comparison with the change of the whole area taken out: a cell is then held against it."""
    method = surface.provenance
    return method if isinstance(method, ComparisonMethod) and method.totals == "removed" else None


def _tested_title(surface: Surface, place: Place | None, extents: Mapping[str, InsideContours]) -> str:
    """Return where it is raised and how much that is; never that nothing rose where only the overall change is met."""
    risk = surface.kind == "relative-risk"
    # "The risk of street crime, February 2011, is ..."
    comma = "," if risk and "," in surface.title else ""
    start = f"{_subject(surface)}{comma}{in_place(place)}" + (" is" if risk else ":")
    raised, lowered, against = ("raised", "lowered", "") if risk else ("higher", "lower", "")
    if (method := _of_overall(surface)) is not None:
        of_what = "" if method.overall_ratio is None else f" of {method.overall_ratio:.2f}"
        raised, lowered, against = "above", "below", f" the overall ratio{of_what}"
    apart = ", small patches aside" if any(inside.number == 0 for inside in extents.values()) else ""
    up, down = (extents.get(kind) for kind in ("raised", "lowered"))
    if up is not None and up.number:
        return f"{start} {raised}{against} in {_extent(up, place, risk=risk)}"
    if down is not None and down.number:
        it = " it" if against else ""
        where = _extent(down, place, risk=risk)
        return f"{start} nowhere {raised}{against} beyond chance{apart}; {lowered}{it} in {where}"
    return f"{start} nowhere {raised} or {lowered}{against} beyond chance{apart}"


def _extent(extents: InsideContours, place: Place | None, *, risk: bool) -> str:
    """Return number of patches, share of area and, where it is known, of events; a comparison has two kinds of them."""
    of_area = "its area" if place is not None else "the study area"
    together = ", together" if extents.number > 1 else ","
    is_known = risk and np.isfinite(extents.share_of_events)
    events = f" with {percent(extents.share_of_events)} of the events" if is_known else ""
    return f"{plural(extents.number, 'place')}{together} {percent(extents.share_of_area)} of {of_area}{events}"


def _untested_title(surface: Surface, place: Place | None) -> str:
    subject = f"{_subject(surface)}{in_place(place)}"
    if not bool(np.isfinite(surface.values).any()):
        return f"{subject}: too few events to judge"
    tested = surface.p_raised is not None
    return f"{subject}: what goes beyond chance is not shown" if tested else f"{subject}, not tested against chance"


def surface_sentence(surface: Surface, contours: Contours) -> str:
    """Return in one sentence where a tested surface of the whole study area is raised or lowered."""
    extents = {
        str(kind): InsideContours(
            len(rows), float(rows["share_of_area"].sum()), float(rows["share_of_events"].sum(min_count=1))
        )
        for kind, rows in contours.table.groupby("kind", sort=False)
    }
    return f"{_tested_title(surface, None, too_small_to_draw(contours) | extents)}."


def too_small_to_draw(contours: Contours) -> dict[str, InsideContours]:
    """Return the kinds of contours of which polygons were left out as too small, as having none."""
    left_out = {} if contours.provenance is None else contours.provenance.left_out
    return {kind: InsideContours(0, 0.0) for kind, number in left_out.items() if number}


# --------------------------------------------------------------------------- beside the map


def surface_heading(surface: Surface) -> str:
    """Return what stands above the classes: what the numbers are, with their unit."""
    if surface.kind == "relative-risk":
        return "Risk compared with the average"
    if surface.kind == "ratio":
        return f"First divided by second{', relative to the overall ratio' if _of_overall(surface) else ''}"
    return capitalised(surface.unit)


def surface_reading(surface: Surface, contours: Contours | None = None) -> list[str]:
    """Return how to read the colours and lines, for a reader who knows no statistics."""
    kinds = set(contours.table["kind"]) if contours is not None else set()
    if surface.kind in ("density", "spread"):
        sentences = ["Darker: more events close together.", "White: fewer than the average of the study area."]
        if surface.kind == "spread":
            sentences.append(LOCATIONS_UNKNOWN)
        return [*sentences, f"{DARK[_placed_by(surface)]}, a map like this is dark for that reason alone."]
    if surface.kind == "relative-risk":
        red = "more events for the people who live there than on average in the study area"
        sentences = [f"Red: {red}.", "Blue with dots: fewer."]
    elif _of_overall(surface):
        red = "more of the first, against the second, than over the whole area"
        sentences = [f"Red: {red}.", "Blue with dots: less."]
    else:
        sentences = ["Red: the first of the two is higher.", "Blue with dots: it is lower."]
    if "raised" in kinds:
        sentences.append("A solid line encloses areas higher than expected by chance.")
    if "lowered" in kinds:
        sentences.append("A broken line encloses areas lower than expected by chance.")
    if kinds & {"raised", "lowered"}:
        sentences.append("Grey: differences there may be chance.")
    elif contours is None:
        sentences.append("A strong colour alone does not mean that a difference goes beyond chance.")
    else:
        sentences = ["All grey: no difference goes beyond chance."]
    if surface.kind == "relative-risk" and _placed_by(surface) == "occurrence":
        sentences.append(
            "Near shops, pubs and workplaces, many of those involved live elsewhere: risk is overstated there."
        )
    return [*sentences, "The map shows where, not why."]


def _placed_by(surface: Surface) -> PlacedBy:
    """Return whether events are placed where they happened or at home; empty where that is not known."""
    method = surface.provenance
    return method.placed_by if isinstance(method, DensityMethod | RiskMethod) else ""


def bandwidth_sentence(surface: Surface) -> str:
    """Return kernel and bandwidth and why it is so, in one plain line.

    Examples
    --------
    >>> import numpy as np
    >>> from hotspots.model import Identity, Surface
    >>> place = {"origin": (0.0, 0.0), "cell": 50.0, "unit": "events per km²", "integral": 1.0, "provenance": None}
    >>> smoothed = {"kernel": "quartic", "bandwidth": 750.0, "bandwidth_words": "750 m, as asked"}
    >>> surface = Surface(np.ones((1, 1)), **place, **smoothed, identity=Identity(release="open"))
    >>> bandwidth_sentence(surface)
    'Quartic kernel, bandwidth 750 m, as asked.'
    """
    chosen = surface.bandwidth_words
    if not surface.kernel or not np.isfinite(surface.bandwidth):
        return f"{capitalised(chosen)}." if chosen else ""
    return f"{capitalised(surface.kernel)} kernel, bandwidth {chosen or f'{surface.bandwidth:,.0f} m'}."


def surface_method(surface: Surface, contours: Contours | None = None) -> list[str]:
    """Return how the surface and its contours were made and what they can't show, in sentences.

    That locations within areas are not known is read where the map is explained.
    """
    sentences = [*(surface.sentences or (bandwidth_sentence(surface),))]
    if surface.kind in ("density", "spread"):
        sentences.append(DENSE_IS_NOT_RISK)
    if contours is not None:
        sentences += contours.sentences  # contours of the densest part say themselves that they are no test
    elif surface.p_raised is None:
        sentences.append(NOT_TESTED)
    return sentences


def surface_paragraphs(surfaces: Sequence[Surface], contours: Mapping[str, Contours], *, areas: bool) -> list[str]:
    """Return how each surface and its contours were made, and with tested `areas` beside them how the two differ."""
    tested = any(surface.p_raised is not None for surface in surfaces)
    paragraphs = [TWO_QUESTIONS] if tested and areas else []
    for surface in surfaces:
        drawn = contours.get(surface.stem)
        more = [drawn.words, *words_of(drawn.notes)] if drawn is not None else []
        paragraphs.append(" ".join([f"{capitalised(surface.title)}: {surface.words}", *more]).strip())
    return paragraphs
