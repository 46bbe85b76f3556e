"""How results look in a GIS."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING, Final

from hotspots.publish.gis.styles.map_tips import chance, in_words, interval, map_tip, markup, number, percent
from hotspots.publish.gis.styles.qml import Labels, Rule, codes_style, raster_style, vector_style
from hotspots.publish.gis.styles.sld import layer_descriptor
from hotspots.publish.style import (
    CHANCE_COLOUR,
    DEPENDS,
    NOT_BEYOND,
    RATE_LEVELS,
    SCHOOL_LEVELS,
    marking,
    nation_words,
    surface_shades,
)
from hotspots.publish.text import capitalised
from hotspots.vocabulary import (
    CLUSTER_CLASSES,
    CLUSTER_COLUMN_WORDS,
    CONTOUR_COLUMN_WORDS,
    CONTOUR_INKS,
    CONTOUR_KINDS,
    HOTSPOT_CLASSES,
    INK,
    OUTLINE_INK,
    RATE_CLASSES,
    SCHOOL_CLASSES,
    SCHOOL_COLUMN_WORDS,
    SOURCE_INKS,
    SPACE_TIME_COLUMN_WORDS,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from hotspots.model import DeprivationIndex, Surface

__all__ = [
    "LayerStyle",
    "authority_style",
    "cluster_style",
    "cluster_words",
    "contour_style",
    "hotspot_style",
    "place_style",
    "rate_style",
    "school_column_words",
    "school_style",
    "surface_style",
]

AREA_EDGE: Final = "#8f8f8f"
ZONE_HATCHES: Final = {"certain": "/", "depends": DEPENDS.hatch[:2], "never": ""}


@dataclass(frozen=True)
class LayerStyle:
    """One look in both languages."""

    qml: str
    sld: str


# --------------------------------------------------------------------------- layers


def titles_of(columns: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """Return the title of each column, of its title and description."""
    return {column: title for column, (title, _) in columns.items()}


def marking_rules(mark: str) -> list[Rule]:
    """Return the marking as a line of the legend that draws nothing."""
    return [Rule(mark)] if mark else []


def hotspot_style(
    sources: Mapping[str, tuple[str, Collection[str]]], words: Mapping[str, tuple[str, str]], *, release: str
) -> LayerStyle:
    """Return the look of the layer of hotspots: an outline by source and a letter, so that areas below are seen.

    Those that depend on suppressed counts are broken lines, and in the legend only where there are any.

    Parameters
    ----------
    sources
        Short name of each source → what was counted, and which of `vocabulary.HOTSPOT_CLASSES` occur.
    """
    mark = marking(release)
    rules = marking_rules(mark)
    for at, (source, (subject, kinds)) in enumerate(sources.items()):
        for style in HOTSPOT_CLASSES:
            if style.key in kinds:
                depends = style.key == "depends"
                rules.append(
                    Rule(
                        f"{capitalised(subject)}{': depends on suppressed counts' if depends else ''}",
                        field="source",
                        value=source,
                        also=("certainty", style.key),
                        outline=SOURCE_INKS[at % len(SOURCE_INKS)],
                        outline_mm=0.7,
                        dashed=depends,
                        halo=True,
                    )
                )
    text = Labels("hotspot", points=11, bold=True, beside=True)
    labels = {style.key: style.label for style in HOTSPOT_CLASSES}
    qml = vector_style(
        rules,
        labels=text,
        aliases=titles_of(words),
        value_words={"certainty": labels},
        display='"hotspot" || \': \' || "place"',
        map_tip=map_tip(
            f"'Hotspot ' || \"hotspot\" || ', ' || {markup('subject')}",
            markup("place"),
            (
                ("Areas", number("areas", 0)),
                ("People", number("people", 0)),
                ("Events", interval("observed_low", "observed_high", 0)),
                ("Expected", number("expected", 1)),
                ("Times the expected number", interval("ratio_low", "ratio_high", 1)),
                ("95% interval", interval("rt_lo_95", "rt_hi_95", 2)),
                ("Overlaps", "coalesce(\"overlaps\", 'none')"),
                ("Certainty", in_words("certainty", labels)),
            ),
            mark=mark,
        ),
    )
    return LayerStyle(qml, layer_descriptor("hotspots", rules, labels=text))


def place_style(words: Mapping[str, tuple[str, str]], *, release: str) -> LayerStyle:
    """Return the look of the layer of places: a broken outline."""
    mark = marking(release)
    rules = [
        *marking_rules(mark),
        Rule("Place of the study", everything=True, outline=INK, outline_mm=0.8, dashed=True),
    ]
    qml = vector_style(
        rules,
        aliases=titles_of(words),
        value_words={},
        display='"place"',
        map_tip=map_tip(markup("place"), '"la_codes"', (("Areas", number("areas", 0)),), mark=mark),
    )
    return LayerStyle(qml, layer_descriptor("places", rules))


def school_column_words(index_title: str = "IDACI", index: DeprivationIndex = "idaci") -> dict[str, tuple[str, str]]:
    """Return title and description of every column of schools, with the index called by its own name.

    Examples
    --------
    >>> school_column_words("WIMD 2019", "wimd")["idaci"]
    ('WIMD 2019', 'Score of WIMD 2019 of the area that contains the school; higher is more deprived')
    """
    words = {
        column: (title.format(index=index_title), described)
        for column, (title, described) in SCHOOL_COLUMN_WORDS.items()
    }
    if index != "idaci":
        scored = f"Score of {index_title} of the area that contains the school; higher is more deprived"
        words["idaci"] = (index_title, scored)
        words["idaci_decile"] = (
            words["idaci_decile"][0],
            f"1 is the most deprived tenth of {nation_words(index)}",
        )
    return words


def school_style(
    words: Mapping[str, tuple[str, str]],
    *,
    release: str,
    name: str = "schools",
    index_title: str = "IDACI",
    estimated: bool = False,
) -> LayerStyle:
    """Return the look of the layer of schools: shape and colour by class, those that stand out larger and on top."""
    mark = marking(release)
    rules = marking_rules(mark) + [
        Rule(
            style.label,
            field="map_class",
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
    tip = _school_tip(labels, mark, index_title, estimated=estimated)
    return _point_style(rules, "map_class", labels, tip, columns=words, name=name)


def rate_style(
    average: str, words: Mapping[str, tuple[str, str]], *, release: str, title: str = "permanent exclusions"
) -> LayerStyle:
    """Return the other look of the layer of schools: the class of their rates over the average, named in `average`.

    Hollow where the interval of a rate includes the average.
    """
    mark, above_hollow = marking(release), len(RATE_LEVELS)
    rules = [*marking_rules(mark), Rule(average)]
    for style in RATE_CLASSES:
        level = RATE_LEVELS.index(style.key)
        filled = Rule(
            style.label,
            field="rate_class",
            value=style.key,
            also=("rate_differs", True),
            fill=style.colour,
            outline=INK,
            outline_mm=0.2,
            marker=style.marker,
            halo=True,
            size=3.0,
            level=above_hollow + level,
        )
        hollow = replace(
            filled,
            label=f"{style.label}, not clearly different from the average",
            also=("rate_differs", False),
            fill="#ffffff",
            outline=style.colour,
            outline_mm=0.5,
            size=2.2,
            level=level,
        )
        rules += [filled, hollow]
    labels = {style.key: style.label for style in RATE_CLASSES}
    tip = map_tip(
        in_words("rate_class", labels),
        f"{markup('name')} || ', ' || {markup('la_name')}",
        (
            (escape(capitalised(title), quote=False).replace("[%", "["), interval("n_low", "n_high", 0)),
            ("Per 100 pupils per year", interval("rate_low", "rate_high", 2)),
            ("Over the average, 95% interval", interval("rt_lo_95", "rt_hi_95", 2)),
            ("Pupil-years", number("pupils", 0)),
        ),
        reason="reason",
        mark=mark,
    )
    return _point_style(rules, "rate_class", labels, tip, columns=words, name="schools")


def _point_style(
    rules: Sequence[Rule],
    column: str,
    labels: Mapping[str, str],
    tip: str,
    *,
    columns: Mapping[str, tuple[str, str]],
    name: str,
) -> LayerStyle:
    """Return a look of the layer of schools, with names at large scales."""
    text = Labels("name", points=8, below_scale=40_000)
    qml = vector_style(
        rules,
        geometry="point",
        labels=text,
        aliases=titles_of(columns),
        value_words={column: labels},
        display=f"\"name\" || ': ' || {in_words(column, labels)}",
        map_tip=tip,
    )
    return LayerStyle(qml, layer_descriptor(name, rules, labels=text))


def _school_tip(labels: Mapping[str, str], mark: str, index_title: str, *, estimated: bool) -> str:
    title = escape(index_title, quote=False).replace("[%", "[")
    index = f"{title} (estimated score)" if estimated else title
    return map_tip(
        in_words("map_class", labels),
        f"{markup('name')} || ', ' || {markup('la_name')}",
        (
            ("Permanent exclusions", interval("n_low", "n_high", 0)),
            ("Expected", number("expected", 1)),
            ("Per 100 pupils per year", interval("rate_low", "rate_high", 2)),
            ("Pupil-years", number("pupils", 0)),
            (index, number("idaci", 3)),
            (f"{index}, rank", number("idaci_rank", 0)),
            (f"{title} of the modelled catchment", number("idaci_catchment", 3)),
            ("Confirmed under", "coalesce(\"holds\", 'neither')"),
        ),
        reason="reason",
        mark=mark,
    )


def authority_style(words: Mapping[str, tuple[str, str]], *, release: str, name: str = "authorities") -> LayerStyle:
    """Return the look of the layer of local authorities: an outline and a name, nothing over the areas below."""
    mark = marking(release)
    outline = Rule("Local authority", everything=True, outline=OUTLINE_INK, outline_mm=0.45)
    rules = [*marking_rules(mark), outline]
    text = Labels("la_name", points=10, bold=True)
    qml = vector_style(
        rules,
        labels=text,
        aliases=titles_of(words),
        value_words={},
        display='"la_name"',
        map_tip=map_tip(markup("la_name"), '"la_code"', (("Areas", number("areas", 0)),), mark=mark),
    )
    return LayerStyle(qml, layer_descriptor(name, rules, labels=text))


def contour_style(kinds: Sequence[str], *, release: str, name: str = "contours") -> LayerStyle:
    """Return the look of a layer of contours: an outline by kind, nothing inside, and the share of events as label."""
    mark = marking(release)
    rules = marking_rules(mark) + [
        Rule(
            CONTOUR_KINDS[kind],
            field="kind",
            value=kind,
            outline=CONTOUR_INKS[kind],
            outline_mm=0.6,
            halo=True,
            dashed=kind == "lowered",
        )
        for kind in kinds
    ]
    text = Labels("label", points=9, bold=True, below_scale=100_000)
    qml = vector_style(
        rules,
        labels=text,
        aliases=titles_of(CONTOUR_COLUMN_WORDS),
        value_words={"kind": CONTOUR_KINDS},
        display=f"{in_words('kind', CONTOUR_KINDS)} || ' ' || \"contour_id\"",
        map_tip=map_tip(
            markup("words"),
            "'Number ' || \"contour_id\"",
            (
                ("Size, km²", number("area_km2", 2)),
                ("Share of the area", percent("share_of_area", 2)),
                ("Events", number("events", 0)),
                ("Share of the events", percent("share_of_events", 1)),
            ),
            mark=mark,
        ),
    )
    return LayerStyle(qml, layer_descriptor(name, rules, labels=text))


def cluster_words(*, in_time: bool = False) -> dict[str, tuple[str, str]]:
    """Return title and description of every column of a layer of clusters."""
    return CLUSTER_COLUMN_WORDS | (SPACE_TIME_COLUMN_WORDS if in_time else {})


def cluster_style(
    kinds: Collection[str],
    words: Mapping[str, tuple[str, str]],
    *,
    release: str,
    name: str = "clusters",
    in_time: bool = False,
) -> LayerStyle:
    """Return the look of a layer of clusters: hatched by what is known of them, so that areas below are seen, numbered.

    The legend has clusters beyond chance, and of the others what occurs.
    """
    mark = marking(release)
    rules = marking_rules(mark) + [
        Rule(
            style.label,
            field="certainty",
            value=style.key,
            outline=INK if style.key == "never" else CONTOUR_INKS["raised"],
            outline_mm=0.6,
            dashed=style.key == "never",
            hatch=ZONE_HATCHES[style.key],
            ink=CONTOUR_INKS["raised"],
        )
        for style in CLUSTER_CLASSES
        if style.key in {"certain", *kinds}
    ]
    text = Labels("cluster", points=11, bold=True)
    labels = {style.key: style.label for style in CLUSTER_CLASSES}
    qml = vector_style(
        rules,
        labels=text,
        aliases=titles_of(words),
        value_words={"certainty": labels},
        display="'Cluster ' || \"cluster\"",
        map_tip=map_tip(
            "'Cluster ' || \"cluster\"",
            in_words("certainty", labels),
            (
                *((("From", markup("first_day")), ("To", markup("last_day"))) if in_time else ()),
                ("Areas", number("areas", 0)),
                ("People", number("people", 0)),
                ("Events", interval("observed_low", "observed_high", 0)),
                ("Expected", interval("expected_low", "expected_high", 1)),
                ("Times", interval("ratio_low", "ratio_high", 2)),
                ("95% interval", interval("rt_lo_95", "rt_hi_95", 2)),
                ("p", chance("p_low", "p_high")),
            ),
            mark=mark,
        ),
    )
    return LayerStyle(qml, layer_descriptor(name, rules, labels=text))


# --------------------------------------------------------------------------- surfaces


def surface_style(surface: Surface, *, codes: int | None = None) -> str:
    """Return the QML of a surface, with the classes and colours of the printed map.

    With `codes`, the number of the band made by `class_codes`, what is not beyond chance is grey.
    """
    shades = surface_shades(surface)
    if codes is not None:
        seen = [(k, shade.colour if shade.opaque else "#ffffff", shade.label) for k, shade in enumerate(shades, 1)]
        return codes_style([(0, CHANCE_COLOUR, NOT_BEYOND), *seen], band=codes)
    # The unit and the marking stand above the classes: QGIS takes the band's description for a heading.
    # Of a ratio the first band is not its logarithm, in which the classes are given.
    bound = math.exp if surface.is_logarithm else float
    classes = [(bound(one.high), one.colour[:7], int(one.colour[7:] or "ff", 16), one.label) for one in shades]
    return raster_style(classes, low=bound(shades[0].low))
