"""How results look in a GIS, and the classes of a surface, which the printed maps use too."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from hotspots.publish.qml import INK, Labels, Rule, ink_on, raster_style, vector_style
from hotspots.publish.sld import layer_descriptor
from hotspots.vocabulary import (
    AUTHORITY_COLUMN_WORDS,
    CERTAINTY_WORDS,
    COLUMN_WORDS,
    INVENTED,
    METHOD_CLASSES,
    MORAN_CLASSES,
    RELEASE_WORDS,
    RESTRICTED,
    RESULT_COLUMNS,
    SCHOOL_CLASSES,
    SCHOOL_COLUMN_WORDS,
    ClassStyle,
    Method,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hotspots.nouns import Surface

__all__ = [
    "DEPENDS",
    "SCHOOL_LEVELS",
    "SURFACE_COLOURS",
    "LayerStyle",
    "area_style",
    "authority_style",
    "ink_on",
    "marking",
    "school_style",
    "surface_breaks",
    "surface_labels",
    "surface_style",
]

AREA_EDGE: Final = "#8f8f8f"
DEPENDS: Final = ClassStyle("depends", "Class depends on hidden numbers", "#ffffff", hatch="||||")
"""Lies over the colour of a class that would change with the hidden numbers."""
SCHOOL_LEVELS: Final = ("cannot_be_judged", "as_expected", "below", "above", "far_below", "far_above")
"""Classes of schools from the bottom to the top, so that those that stand out are not covered."""
SURFACE_COLOURS: Final = ("#ffffff00", "#fee391", "#fec44f", "#fe9929", "#d95f0e", "#8c2d04")
"""Below the average (clear), then once, twice, ... five times the average and more; darker is denser in grey too."""
BREAK_DIGITS: Final = 3


@dataclass(frozen=True)
class LayerStyle:
    """One look in both languages."""

    qml: str
    sld: str


def marking(release: str) -> str:
    """Return the words that must stand on everything made from these data, or nothing.

    Examples
    --------
    >>> marking("open")
    ''
    >>> marking("invented")
    'Invented data: not about real people or events'
    """
    return RELEASE_WORDS[release] if release in {INVENTED, RESTRICTED} else ""


# --------------------------------------------------------------------------- expressions


def _quoted(text: str) -> str:
    """Return text as a literal of a QGIS expression."""
    escaped = text.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


def _case(column: str, words: dict[str, str]) -> str:
    """Return the expression that puts a column's keys into words."""
    whens = " ".join(f'WHEN "{column}" = {_quoted(key)} THEN {_quoted(label)}' for key, label in words.items())
    return f"CASE {whens} ELSE coalesce(\"{column}\", 'not known') END"


def _span(low: str, high: str, places: int) -> str:
    """Return the expression that writes an interval: one number where both ends are the same."""
    first, last = (f'format_number("{column}", {places})' for column in (low, high))
    return (
        f'CASE WHEN "{low}" IS NULL OR "{high}" IS NULL THEN \'not known\' '
        f'WHEN "{low}" = "{high}" THEN {first} ELSE {first} || \' to \' || {last} END'
    )


def _tip(heading: str, place: str, lines: Sequence[tuple[str, str]], reason: str, mark: str) -> str:
    """Return a map tip: heading, place, a line for every pair of words and expression, and why not tested."""
    rows = "".join(f"<br/>{words}: [% {expression} %]" for words, expression in lines)
    why = f"[% CASE WHEN coalesce(\"{reason}\", '') <> '' THEN '<br/>' || \"{reason}\" ELSE '' END %]"
    note = f"<br/><i>{mark}</i>" if mark else ""
    return f"<b>[% {heading} %]</b><br/>[% {place} %]{rows}{why}{note}"


def _titles(columns: dict[str, tuple[str, str]]) -> dict[str, str]:
    return {column: title for column, (title, _) in columns.items()}


def _notes(mark: str) -> list[Rule]:
    """Return the marking as a line of the legend that draws nothing."""
    return [Rule(mark)] if mark else []


# --------------------------------------------------------------------------- layers


def area_style(method: Method, *, release: str, unsure: bool = True, name: str = "areas") -> LayerStyle:
    """Return the look of a layer of tested areas: colour and hatch by class.

    With `unsure`, another hatch lies over the areas whose class depends on hidden numbers.
    """
    classes = METHOD_CLASSES[method]
    rules = _notes(marking(release)) + [
        Rule(
            style.label,
            field="class",
            value=style.key,
            fill=style.colour,
            outline=AREA_EDGE,
            hatch=style.hatch,
            ink=ink_on(style.colour),
        )
        for style in classes
    ]
    if unsure:
        rules.append(Rule(DEPENDS.label, field="certainty", value=DEPENDS.key, hatch=DEPENDS.hatch, halo=True))
    labels = {style.key: style.label for style in classes}
    columns = {column: COLUMN_WORDS[column] for column in RESULT_COLUMNS if column != "geometry"}
    tip = _tip(
        _case("class", labels),
        '"name" || \' (\' || "area_id" || \'), \' || "la_name"',
        (
            ("Events", _span("observed_low", "observed_high", 0)),
            ("Expected", "coalesce(format_number(\"expected\", 1), 'not known')"),
            ("Events per 1,000 people", _span("rate_low", "rate_high", 1)),
            ("p", _span("p_low", "p_high", 4)),
            ("p, adjusted", _span("p_adjusted_low", "p_adjusted_high", 4)),
            ("Certainty", _case("certainty", dict(CERTAINTY_WORDS))),
        ),
        "reason",
        marking(release),
    )
    quadrants = {
        style.key: style.label for style in MORAN_CLASSES if style.key not in ("not_significant", "not_tested")
    }
    qml = vector_style(
        rules,
        aliases=_titles(columns),
        value_words={"class": labels, "certainty": dict(CERTAINTY_WORDS), "quadrant": quadrants},
        display=f"\"name\" || ': ' || {_case('class', labels)}",
        map_tip=tip,
    )
    return LayerStyle(qml, layer_descriptor(name, rules))


def school_style(*, release: str, name: str = "schools") -> LayerStyle:
    """Return the look of the layer of schools: shape and colour by class, those that stand out larger and on top."""
    rules = _notes(marking(release)) + [
        Rule(
            style.label,
            field="class",
            value=style.key,
            fill=style.colour,
            outline=INK,
            outline_mm=0.2,
            marker=style.marker,
            halo=True,
            size=2.2 if style.key in ("as_expected", "cannot_be_judged") else 3.4,
            level=SCHOOL_LEVELS.index(style.key),
        )
        for style in SCHOOL_CLASSES
    ]
    labels = {style.key: style.label for style in SCHOOL_CLASSES}
    tip = _tip(
        _case("class", labels),
        '"name" || \', \' || "la_name"',
        (
            ("Permanent exclusions", _span("low", "high", 0)),
            ("Expected", "coalesce(format_number(\"expected\", 1), 'not known')"),
            ("Per 100 pupils and year", _span("rate_low", "rate_high", 2)),
            ("Pupil-years", "coalesce(format_number(\"pupils\", 0), 'not known')"),
            ("IDACI", "coalesce(format_number(\"idaci\", 3), 'not known')"),
        ),
        "reason",
        marking(release),
    )
    text = Labels("name", points=8, below_scale=40_000)
    qml = vector_style(
        rules,
        point=True,
        labels=text,
        aliases=_titles(SCHOOL_COLUMN_WORDS),
        value_words={"class": labels},
        display=f"\"name\" || ': ' || {_case('class', labels)}",
        map_tip=tip,
    )
    return LayerStyle(qml, layer_descriptor(name, rules, labels=text))


def authority_style(*, release: str, name: str = "authorities") -> LayerStyle:
    """Return the look of the layer of local authorities: an outline and a name, nothing over the areas below."""
    outline = Rule("Local authority", everything=True, outline=INK, outline_mm=0.45)
    rules = [*_notes(marking(release)), outline]
    text = Labels("la_name", points=10, bold=True)
    qml = vector_style(
        rules,
        labels=text,
        aliases=_titles(AUTHORITY_COLUMN_WORDS),
        value_words={},
        display='"la_name"',
        map_tip='<b>[% "la_name" %]</b> ([% "la_code" %])<br/>[% "areas" %] areas',
    )
    return LayerStyle(qml, layer_descriptor(name, rules, labels=text))


# --------------------------------------------------------------------------- surfaces


def _rounded(value: float, *, up: bool = False) -> float:
    """Return a number with three significant digits."""
    unit = 10.0 ** (math.floor(math.log10(value)) - BREAK_DIGITS + 1)
    digits = math.ceil(value / unit - 1e-9) if up else round(value / unit)
    return float(f"{digits * unit:.{BREAK_DIGITS}g}")


def surface_breaks(surface: Surface) -> list[float]:
    """Return the bounds of a surface's classes, the first 0 and the last not below the highest value.

    The classes are multiples of the average of the surface, so that a colour means the same on every map: the
    first class lies below the average, the second between once and twice the average, the last at five times
    the average and more. A surface that never reaches a multiple has fewer classes; one without differences
    has one class, and shows no hot spot.

    Returns
    -------
    list of float
        Strictly rising, in the surface's unit, with three significant digits; one more than there are classes,
        and at most seven. Class k has the colour ``SURFACE_COLOURS[k]``.

    References
    ----------
    Chainey, S., Reid, S. and Stuart, N. (2003), When is a hotspot a hotspot? A procedure for creating
    statistically robust hotspot maps of crime, in: Kidner, Higgs and White (eds), Socio-Economic Applications
    of Geographic Information Science (Innovations in GIS 9), 21-36: thresholds at multiples of the mean of
    the cells.
    """
    known = surface.values[np.isfinite(surface.values)]
    if not len(known) or float(known.max()) <= 0:
        return [0.0, 1.0]
    average, top = float(known.mean()), _rounded(float(known.max()), up=True)
    multiples = (_rounded(average * k) for k in range(1, len(SURFACE_COLOURS)))
    return [0.0, *(value for value in multiples if value < top), top]


def surface_labels(breaks: Sequence[float]) -> list[str]:
    """Return the words for every class of a surface, lowest first.

    Examples
    --------
    >>> surface_labels([0.0, 13.3, 26.6, 30.0])
    ['0 to 13.3 (below average)', '13.3 to 26.6', '26.6 to 30']
    """
    labels = [f"{low:,.10g} to {high:,.10g}" for low, high in pairwise(breaks)]
    return [f"{labels[0]} (below average)", *labels[1:]] if len(labels) > 1 else labels


def surface_style(surface: Surface) -> str:
    """Return the QML of a surface, with the classes and colours of the printed map."""
    breaks = surface_breaks(surface)
    labels = surface_labels(breaks)
    # The unit and the marking stand above the classes: QGIS takes the band's description for a heading.
    classes = [
        (high, colour[:7], int(colour[7:] or "ff", 16), label)
        for high, colour, label in zip(breaks[1:], SURFACE_COLOURS, labels, strict=False)
    ]
    return raster_style(classes, low=breaks[0])
