"""How the layer of areas looks by the class of each source, and how tables are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from hotspots.publish.gis.styles.layer_styles import AREA_EDGE, LayerStyle, marking_rules, titles_of
from hotspots.publish.gis.styles.map_tips import chance, in_words, interval, map_tip, markup, number
from hotspots.publish.gis.styles.qml import Labels, Rule, vector_style
from hotspots.publish.gis.styles.sld import layer_descriptor
from hotspots.publish.style import DEPENDS, marking
from hotspots.vocabulary import (
    AGREEMENT_CLASSES,
    CERTAINTY_WORDS,
    GI_BINS,
    METHOD_CLASSES,
    STABILITY_CLASSES,
    ClassStyle,
)

if TYPE_CHECKING:
    from hotspots.model import AreaSummary, Summarised

__all__ = ["summary_codes", "summary_style", "table_style"]

FOUND_CLASSES: Final[Mapping[Summarised, Sequence[ClassStyle]]] = {
    "getis_ord": METHOD_CLASSES["getis_ord"],
    "local_moran": METHOD_CLASSES["local_moran"],
    "stability": STABILITY_CLASSES,
    "agreement": AGREEMENT_CLASSES,
}


def summary_style(
    summary: AreaSummary, name: str, found: Summarised, *, release: str, unsure: bool = False
) -> LayerStyle:
    """Return the look of the layer of areas by the class of one source: colour, hatch and what a row says.

    Parameters
    ----------
    summary
        What the layer has.
    name, found
        Short name of the source, and by what its areas have a class.
    release
        Mark of what is shown.
    unsure
        Whether another hatch lies over the areas whose class depends on suppressed counts.
    """
    columns = summary.classes_of(name, found)
    assert columns is not None
    column, certainty = columns
    classes, mark, letter = FOUND_CLASSES[found], marking(release), column.rsplit("_", 1)[1]
    rules = marking_rules(mark) + [
        Rule(
            style.label,
            field=column,
            value=style.key,
            fill=style.colour,
            outline=AREA_EDGE,
            hatch=style.hatch,
            ink=style.ink,
        )
        for style in classes
    ]
    if unsure and certainty:
        rules.append(Rule(DEPENDS.label, field=certainty, value=DEPENDS.key, hatch=DEPENDS.hatch, halo=True))
    labels = {style.key: style.label for style in classes}
    in_class = in_words(column, labels)
    text = Labels("name", points=7, below_scale=15_000)
    qml = vector_style(
        rules,
        labels=text,
        aliases=titles_of(summary.column_words),
        value_words=summary_codes(summary),
        display=f"\"name\" || ': ' || {in_class}",
        map_tip=map_tip(
            in_class,
            f"{markup('name')} || ' (' || \"area_id\" || '), ' || {markup('la_name')}",
            _summary_lines(summary, letter, certainty),
            reason=f"why_{letter}" if f"why_{letter}" in summary.table.columns else "",
            mark=mark,
        ),
    )
    return LayerStyle(qml, layer_descriptor("areas", rules, labels=text))


def summary_codes(summary: AreaSummary) -> dict[str, Mapping[str, str]]:
    """Return words for the codes of each column of a summary: column → code → words."""
    found: dict[str, Mapping[str, str]] = {}
    for letter, (name, *_) in summary.events.items():
        for kind, classes in FOUND_CLASSES.items():
            columns = summary.classes_of(name, kind)
            if columns is not None:
                found[columns[0]] = {style.key: style.label for style in classes}
                found |= {columns[1]: CERTAINTY_WORDS} if columns[1] else {}
        bins = f"gi_bin_{letter}"
        if bins in summary.table.columns:
            labels = {style.key: style.label for style in FOUND_CLASSES["getis_ord"]}
            found[bins] = {str(code): labels[key] for key, code in GI_BINS.items()}
    return found


def _summary_lines(summary: AreaSummary, letter: str, certainty: str) -> list[tuple[str, str]]:
    lines = [
        ("n_lo", ("Events", interval(f"n_lo_{letter}", f"n_hi_{letter}", 0))),
        ("exp", ("Expected", number(f"exp_{letter}", 1))),
        ("rt_lo", ("Times the expected number", interval(f"rt_lo_{letter}", f"rt_hi_{letter}", 1))),
        ("p_lo", ("p, adjusted", chance(f"p_lo_{letter}", f"p_hi_{letter}"))),
        ("hs", ("Hotspot", f"coalesce(\"hs_{letter}\", 'none')")),
    ]
    shown = [line for column, line in lines if f"{column}_{letter}" in summary.table.columns]
    return [*shown, ("Certainty", in_words(certainty, CERTAINTY_WORDS))] if certainty else shown


def table_style(words: Mapping[str, tuple[str, str]], codes: Mapping[str, Mapping[str, str]]) -> LayerStyle:
    """Return how a table without geometry is shown: titles of its fields, and words for its codes."""
    key = next(iter(words))
    qml = vector_style([], aliases=titles_of(words), value_words=codes, display=f'"{key}"', map_tip="", geometry="none")
    return LayerStyle(qml, "")
