"""Clusters of a scan in words: titles, findings, how to read their map."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import numpy as np

from hotspots.errors import plural
from hotspots.model import Clusters, Coverage, Hotspot
from hotspots.publish.text.hotspots import location_words
from hotspots.publish.text.how_to_read import data_sentences
from hotspots.publish.text.phrases import Section, capitalised, section

__all__ = ["clusters_alt", "clusters_sentence", "clusters_title", "explain_clusters"]

NAMED: Final = 3
"""Clusters that page one names; the others are counted."""
LEAST_P: Final = 0.0001
"""Smaller p-values are not told apart."""


def clusters_title(clusters: Clusters, places: Sequence[Hotspot] = ()) -> str:
    """Return the finding in one line: how many clusters are beyond chance, and where the most likely one lies."""
    (certain, depends), what = (_number(clusters, kind) for kind in ("certain", "depends")), _what(clusters)
    if certain == 0:
        none = f"No {what} of {clusters.title} is {'certain to be ' if depends else ''}beyond chance"
        return f"{none}; {depends:,} may be, depending on suppressed counts" if depends else none
    words = f"{plural(certain, what)} of {clusters.title} {'is' if certain == 1 else 'are'} beyond chance"
    when = _when(clusters.table.iloc[0])
    if not places:
        return f"{words}{when}" if certain == 1 else words
    where = f"{location_words(places[0].where)}{when}"
    return f"{words}, in {where}" if certain == 1 else f"{words}; the most likely is in {where}"


def clusters_sentence(clusters: Clusters, places: Sequence[Hotspot]) -> str:
    """Return the finding with what each of the first clusters holds, and its p-value."""
    certain, depends = (_number(clusters, kind) for kind in ("certain", "depends"))
    if not len(clusters):
        return f"{clusters_title(clusters)}: in no zone are there more events than expected."
    rows = clusters.table.to_dict("records")
    described = [
        f"{location_words(place.where)}{_when(row)} ({_holds(row)}, {p_words(row['p_low'], row['p_high'])})"
        for place, row in zip(places, rows, strict=True)
    ]
    if certain == 0:
        return f"{clusters_title(clusters)}. The most unlikely zone is in {described[0]}."
    named = described[: min(certain, NAMED)]
    which = "" if certain <= NAMED else "the most likely, "
    more = f" {plural(depends, 'more zone')} may be, depending on suppressed counts." if depends else ""
    title = f"{plural(certain, _what(clusters))} {'is' if certain == 1 else 'are'} beyond chance"
    return f"{capitalised(clusters.title)}: {title}: {which}{'; '.join(named)}.{more}"


def _what(clusters: Clusters) -> str:
    return "space-time cluster" if clusters.spans_time else "cluster"


def _when(row: Any) -> str:
    """Return the time of a cluster after a comma; nothing of one in space alone.

    Examples
    --------
    >>> _when({"start": "2019-05-01", "end": "2019-07-31"})
    ', May to July 2019'
    """
    if "start" not in row:
        return ""
    return f", {Coverage(date.fromisoformat(row['start']), date.fromisoformat(row['end'])).period.words}"


def _holds(row: dict[Any, Any]) -> str:
    """Return what a zone holds: areas, people where they are known, events, those expected and the ratio."""
    people = "" if np.isnan(row["people"]) else f"{row['people']:,.0f} people, "
    of_what = "there at that time" if "start" in row else "at the study area's average"
    return (
        f"{plural(row['areas'], 'area')}, {people}"
        f"{_between(row['observed_low'], row['observed_high'], 0)} events, "
        f"{_between(row['expected_low'], row['expected_high'], 0)} expected {of_what}, "
        f"{_between(row['ratio_low'], row['ratio_high'], 1)} times"
    )


def p_words(low: float, high: float) -> str:
    """Return a p-value, or the interval it lies in; very small ones are only said to be below a limit.

    Examples
    --------
    >>> p_words(3e-7, 3e-7), p_words(0.0123, 0.0123), p_words(2e-5, 0.04)
    ('p below 0.0001', 'p 0.012', 'p up to 0.04')
    """
    if high < LEAST_P:
        return f"p below {LEAST_P:g}"
    if low < LEAST_P:
        return f"p up to {high:.2g}"
    first, last = f"{low:.2g}", f"{high:.2g}"
    return f"p {first}" if first == last else f"p {first} to {last}"


def explain_clusters(clusters: Clusters) -> list[Section]:
    """Return what the colours mean, what each cluster holds, the method, and short notes about the data."""
    kinds = set(clusters.table["certainty"])
    reading = []
    more = "more events per person than expected by chance, even after searching over all zones"
    if "certain" in kinds and clusters.spans_time:
        reading.append(
            "Red, with a number: for some time the areas of this zone together had more events than expected by "
            "chance, even after searching over all zones and times."
        )
    elif "certain" in kinds:
        reading.append(f"Red, with a number: the areas of this zone together have {more}.")
    if "depends" in kinds:
        reading.append(f"Pale red: whether the areas together have {more}, depends on suppressed counts.")
    if "never" in kinds:
        reading.append("Dashed: the most unlikely zone; a map without clusters often has one as unlikely.")
    reading += ["A zone is not the border of a cluster.", "The map shows where, not why."]
    method = [sentence for sentence in clusters.sentences if sentence not in reading]
    return [
        section("How to read this map", reading),
        section("What the zones hold", _lines(clusters)),
        section("Method", method),
        section("Data", data_sentences(clusters.notes)),
    ]


def _lines(clusters: Clusters) -> list[str]:
    """Return number, events, expected events, ratio and p-value of every cluster."""
    lines = []
    for number, row in clusters.table.iterrows():
        events, expected = (
            _between(row[f"{kind}_low"], row[f"{kind}_high"], digits)
            for kind, digits in (("observed", 0), ("expected", 1))
        )
        ratio = _between(row["ratio_low"], row["ratio_high"], 1)
        interval = f"95% interval {row['ratio_low_95']:.1f} to {row['ratio_high_95']:.1f}"
        p = p_words(row["p_low"], row["p_high"])
        holds = f"{events} events, {expected} expected, {ratio} times ({interval}), {p}"
        lines.append(f"Zone {number}{_when(row)}: {holds}.")
    return lines


def clusters_alt(clusters: Clusters, *, title: str) -> str:
    """Return what the map shows, for readers who do not see it."""
    what = f"{_what(clusters)}s of {clusters.title}"
    return f"Map of the most likely {what}. {title}. {' '.join(_lines(clusters))}".strip()


def _number(clusters: Clusters, certainty: str) -> int:
    return int((clusters.table["certainty"] == certainty).sum())


def _between(low: float, high: float, digits: int) -> str:
    first, last = f"{low:,.{digits}f}", f"{high:,.{digits}f}"
    return first if first == last else f"{first} to {last}"
