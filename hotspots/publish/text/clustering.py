"""Clustering in words: whether there is any, at which distance, and how far its areas depend on the method."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import numpy as np

from hotspots.errors import plural
from hotspots.model import Agreement, Place, Stability
from hotspots.publish.text.how_to_read import data_sentences
from hotspots.publish.text.phrases import Section, capitalised, listed, percent, section
from hotspots.vocabulary import AGREEMENT_CLASSES, AGREEMENT_TITLES, CHOICE_WORDS, STABILITY_CLASSES

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "agreement_title",
    "clustering_sentence",
    "dependence_alt",
    "describe_scale",
    "explain_agreement",
    "explain_stability",
    "stability_title",
]

LEVEL: Final = 0.05


def clustering_sentence(table: pd.DataFrame, *, title: str) -> str:
    """Return in words what Moran's I says of the whole map."""
    value, z, p = (float(table[column]["Moran's I"]) for column in ("value", "z", "p"))
    if p > LEVEL:
        return f"Over the whole map {title} shows no clustering beyond chance (Moran's I {value:.3f})."
    how = "similar values lie together" if z > 0 else "unlike values lie together"
    return f"Over the whole map of {title} {how} (Moran's I {value:.3f}, z {z:.1f})."


def describe_scale(table: pd.DataFrame, *, title: str) -> str:
    """Return in words which scale a correlogram suggests, and why.

    Parameters
    ----------
    table
        From `correlogram`.
    title
        What clusters, as in a sentence.
    """
    first, last = _far(table.index[0]), _far(table.index[-1])
    tried = f"at {first}" if len(table) == 1 else f"at any distance from {first} to {last}"
    if not table["suggested"].any():
        return f"{capitalised(title)}: no clustering beyond chance was found {tried} (Moran's I)."
    at = int(np.argmax(table["suggested"].to_numpy()))
    z = table["z"].to_numpy()
    here = f"among areas within {_far(table.index[at])} of each other"
    evidence = f"(Moran's z {z[at]:.1f})"
    suits = "A distance band or density bandwidth of about that size suits it."
    if at == len(table) - 1:
        return (
            f"Clustering of {title} is strongest {here} {evidence}, the longest distance tried: "
            "it extends at least this far; longer distances would show how far."
        )
    highest = at + 1 + int(np.nanargmax(z[at + 1 :])) if np.isfinite(z[at + 1 :]).any() else at
    if z[highest] > z[at]:
        again = f"and has a broader pattern on top of it (z {z[highest]:.1f} within {_far(table.index[highest])})"
        return f"Clustering of {title} has its first peak {here} {evidence}, {again}. {suits}"
    if at == 0:
        return (
            f"Clustering of {title} is strongest {here} {evidence}, the shortest distance tried: "
            f"its scale is about that or less. {suits}"
        )
    return f"Clustering of {title} is strongest {here} {evidence}; beyond that it weakens. {suits}"


def _far(metres: float) -> str:
    return f"{metres:,.0f} m" if metres < 1000 else f"{metres / 1000:,.3g} km"


# --------------------------------------------------------------------------- variants of an analysis

NUMBERS: Final = ("none", "one", "two", "three", "four")


def stability_title(result: Stability, place: Place | None = None) -> str:
    """Return the finding in one line: how many areas are hot in all variants and in some, and what decides most."""
    classes = _classes(result, place)
    always, mostly, sometimes = (classes[name] for name in ("in_all", "in_most", "in_some"))
    where = "" if place is None else f" in {place.name}"
    if not always + mostly + sometimes:
        return f"No area{where} is hot for {result.title} in any of {plural(len(result.by_variant), 'variant')}"
    deciding = None if result.provenance is None else result.provenance.deciding
    most = "" if deciding is None else f"; {CHOICE_WORDS[deciding.choice]} decides most"
    if not always:
        first = f"{mostly:,} {_is(mostly)} in most" if mostly else f"{sometimes:,} {_is(sometimes)} in some"
        but = f"{first} and {sometimes:,} in some" if mostly and sometimes else first
        return f"No area{where} is hot for {result.title} in every variant, but {but}{most}"
    found = f"{plural(always, 'area')}{where} {_is(always)} hot for {result.title} in every variant"
    return f"{found}, {mostly + sometimes:,} more in some{most}" if mostly + sometimes else found


def explain_stability(result: Stability, place: Place | None = None) -> list[Section]:
    """Return what the colours mean, what each choice explains, the method, and short notes about the data."""
    classes = _classes(result, place)
    hot = [name for name in ("in_all", "in_most", "in_some") if classes[name]]
    table = _of(result, place)
    unsure = int((table["hot_high"] > table["hot_low"]).sum())
    partly = int(((table["hot_low"] > 0) & (table["variants"] < len(result.by_variant))).sum())
    reading = [
        "Coloured: this area and those around it together are hot in this part of the variants." if hot else "",
        "The darker, the more variants agree." if len(hot) > 1 else "",
        f"{partly:,} of them {_is(partly)} tested in part of the variants only: at the edge, or without neighbours."
        if partly
        else "",
        f"{plural(unsure, 'area')} may be hot in more variants, depending on suppressed counts." if unsure else "",
        "The share of variants is no probability: all use the same events.",
        "The map shows where, not why.",
    ]
    return [
        section("How to read this map", reading),
        section("What decides", _deciding_sentences(result)),
        section("Method", result.sentences),
        section("Data", data_sentences(result.notes)),
    ]


def _deciding_sentences(result: Stability) -> list[str]:
    """Return how much of the variation each choice explains, the largest first."""
    choices = () if result.provenance is None else result.provenance.choices
    known = sorted(
        ((one.share_hot, CHOICE_WORDS[one.choice]) for one in choices if one.share_hot is not None),
        key=lambda one: -one[0],
    )
    if not known:
        return ["No choice changes whether an area is hot."]
    shares = listed([f"{words} {percent(share)}" for share, words in known])
    return [
        f"Of the variation of hot or not, this much is explained by one choice alone: {shares}.",
        "The rest is by choices together.",
    ]


# --------------------------------------------------------------------------- agreement of methods


def agreement_title(result: Agreement, place: Place | None = None) -> str:
    """Return the finding in one line: how many areas all methods call hot, and how many some do."""
    classes, number = _classes(result, place), len(result.compared)
    most = max((some for some in range(1, number + 1) if classes[NUMBERS[some]]), default=0)
    where = "" if place is None else f" in {place.name}"
    if not most:
        return f"No area{where} is hot for {result.title} by any of {NUMBERS[number]} methods"
    agreed, fewer = classes[NUMBERS[most]], sum(classes[NUMBERS[some]] for some in range(1, most))
    everyone = "both methods" if number == 2 else f"all {NUMBERS[number]} methods"
    methods = everyone if most == number else f"{NUMBERS[most]} of {NUMBERS[number]} methods (none by more)"
    found = f"{plural(agreed, 'area')}{where} {_is(agreed)} hot for {result.title} by {methods}"
    return f"{found}, {fewer:,} more by {'one' if most == 2 else 'fewer'}" if fewer else found


def explain_agreement(result: Agreement, place: Place | None = None) -> list[Section]:
    """Return what the colours mean, how many areas each method calls hot, the method, and short notes."""
    table = _of(result, place)
    each = [
        f"{capitalised(AGREEMENT_TITLES[name])}: {plural(int((table[name] == 'yes').sum()), 'area')}."
        for name in result.compared
    ]
    reading = [
        "Coloured: hot by at least one method. The darker, the more methods agree.",
        "All methods use the same events: agreement is no independent confirmation.",
        "The map shows where, not why.",
    ]
    method = [sentence for sentence in result.sentences if sentence not in reading]
    return [
        section("How to read this map", reading),
        section("Areas that each method calls hot", each),
        section("Method", method),
        section("Data", data_sentences(result.notes)),
    ]


def dependence_alt(result: Stability | Agreement, *, title: str) -> str:
    """Return what a map of stability or agreement shows, for readers who do not see it."""
    styles = STABILITY_CLASSES if isinstance(result, Stability) else AGREEMENT_CLASSES
    numbers = _classes(result, None)
    each = [f"{one.label}: {plural(numbers[one.key], 'area')}" for one in styles if numbers[one.key]]
    return f"Map of areas by how often they are hot for {result.title}. {title}. {'; '.join(each)}."


def _of(result: Stability | Agreement, place: Place | None) -> pd.DataFrame:
    table: pd.DataFrame = result.table
    return table if place is None else table[table["la_code"].isin(place.authorities)]


def _classes(result: Stability | Agreement, place: Place | None) -> Counter[str]:
    """Return the number of areas of each class, of one place or of all."""
    return Counter(_of(result, place)["class"])


def _is(number: int) -> str:
    return "is" if number == 1 else "are"
