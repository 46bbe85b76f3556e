"""Each content as a layer or a table: its fields, their words, its lineage and its style."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from hotspots.model import (
    Agreement,
    AreaSummary,
    Clusters,
    Contours,
    Extract,
    HotspotResult,
    Hotspots,
    SchoolResult,
    Stability,
    StudyArea,
    Summarised,
    settings_of,
    slugify,
    words_of,
)
from hotspots.publish.gis.fields import as_fields, named_for_gis
from hotspots.publish.gis.styles import (
    LayerStyle,
    cluster_style,
    cluster_words,
    contour_style,
    hotspot_style,
    rate_style,
    school_column_words,
    school_style,
    summary_codes,
    summary_style,
    table_style,
)
from hotspots.publish.style import Ground
from hotspots.publish.text import (
    average_words,
    beyond_words,
    capitalised,
    expected_words,
    listed,
    location_words,
    percent,
    with_holds_words,
)
from hotspots.vocabulary import (
    AGREEMENT_CLASSES,
    AGREEMENT_COLUMN_WORDS,
    AGREEMENT_TITLES,
    ANSWER_WORDS,
    CERTAINTY_WORDS,
    CHOICE_WORDS,
    CLUSTER_CLASSES,
    COLUMN_WORDS,
    CONTOUR_COLUMN_WORDS,
    CONTOUR_KINDS,
    CRS,
    HOTSPOT_CLASSES,
    HOTSPOT_COLUMN_WORDS,
    INVENTED,
    METHOD_CLASSES,
    METHOD_TITLES,
    MORAN_CLASSES,
    OPEN,
    RATE_CLASSES,
    RELEASE_WORDS,
    RESTRICTED,
    RESULT_COLUMNS,
    SCHOOL_CLASSES,
    STABILITY_CLASSES,
    STABILITY_COLUMN_WORDS,
    WITHOUT_LARGEST_WORDS,
)

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = [
    "Content",
    "Layer",
    "OfAreas",
    "Origin",
    "area_table",
    "as_words",
    "cluster_layer",
    "contour_layer",
    "hotspot_layer",
    "lineage_of",
    "placed",
    "provenance_table",
    "release_words",
    "school_layer",
    "summary_layer",
]

OfAreas = HotspotResult | Stability | Agreement
Content = OfAreas | AreaSummary | Hotspots | Clusters | Contours | SchoolResult | Extract | StudyArea | Ground

Said = AreaSummary | Hotspots | Clusters | Contours | SchoolResult | OfAreas

STYLE_NAME: Final = 30
"""Characters of a style's name in the table of styles."""


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer, or a table without geometry, as it will be written.

    `level` is its place in the drawing order, 0 at the bottom. QGIS opens it with `style` and offers `more_styles`, by
    name; `style` is called `style_name`, or as the layer. `words` has title and description by field, `codes` words for
    the codes of a field.
    """

    name: str
    title: str
    description: str
    table: pd.DataFrame
    geometry_type: str
    level: int
    words: Mapping[str, tuple[str, str]]
    style: LayerStyle
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    more_styles: Mapping[str, LayerStyle] = field(default_factory=dict)
    lineage: Mapping[str, Any] = field(default_factory=dict)
    geometry: str = "geometry"
    style_name: str = ""

    @property
    def has_geometry(self) -> bool:
        """Whether it can be drawn."""
        return self.geometry_type != ""


def release_words(release: str) -> str:
    """Return a release mark in words.

    Examples
    --------
    >>> release_words("nhs-digital")
    'Counts protected under the rule nhs-digital'
    """
    if release in {OPEN, INVENTED, RESTRICTED}:
        words = RELEASE_WORDS[release]
        return words[0].upper() + words[1:]
    return f"Counts protected under the rule {release}"


def as_words(*sentences: str) -> str:
    """Return sentences as one description."""
    parts = [part.strip().rstrip(".") for part in sentences if part.strip()]
    return ". ".join(parts) + "." if parts else ""


def placed(fields: pd.DataFrame, geometry: Iterable[Any]) -> gpd.GeoDataFrame:
    """Return fields with their geometry."""
    import geopandas as gpd

    return gpd.GeoDataFrame(fields, geometry=gpd.GeoSeries(list(geometry), crs=CRS), crs=CRS)


def _titled(*parts: object) -> str:
    return ", ".join(str(part) for part in parts if str(part))


def _sourced(result: Said, *sentences: str) -> str:
    """Return sentences and the source as one description."""
    return as_words(*sentences, f"Source: {result.source}" if result.source else "")


def lineage_of(result: Said) -> dict[str, Any]:
    """Return what every kind of result says of itself."""
    return {
        "title": result.title,
        "period": str(result.period),
        "source": result.source,
        "words": result.words,
        "last_day": "" if result.period.last_day is None else result.period.last_day.isoformat(),
        "notes": list(words_of(result.notes)),
        "attribution": list(result.attribution),
        "release": result.release,
        "release_words": release_words(result.release),
    }


@dataclass(frozen=True, slots=True)
class Origin:
    """One thing that went into the results: an input with its checksum, a setting, a version."""

    topic: str
    item: str
    detail: str


def provenance_table(origins: Sequence[Origin], *, release: str) -> Layer:
    """Return the table ``provenance``: what went into the results, a row each."""
    words = {
        "topic": ("Topic", "Input, setting or version"),
        "item": ("Item", "Which one"),
        "detail": ("Detail", "Its value, or for a file its checksum"),
    }
    return Layer(
        name="provenance",
        title="Provenance",
        description=as_words("Files, settings and versions behind the layers of this file"),
        table=as_fields(pd.DataFrame([asdict(origin) for origin in origins]), words),
        geometry_type="",
        level=-2,
        words=words,
        style=table_style(words, {}),
        lineage={
            "title": "Provenance",
            "attribution": [],
            "release": release,
            "release_words": release_words(release),
        },
    )


# --------------------------------------------------------------------------- areas


def summary_layer(summary: AreaSummary, found: Sequence[OfAreas]) -> Layer:
    """Return the layer ``areas``, coloured by the first of what was found, with a style for each of the others."""
    words, styles = summary.column_words, dict[str, LayerStyle]()
    for result in found:
        name = _unused(result.stem[:STYLE_NAME], styles)
        unsure = isinstance(result, HotspotResult) and bool((result.table["certainty"] == "depends").any())
        styles[name] = summary_style(summary, result.name, _kind(result), release=summary.release, unsure=unsure)
    first, *others = styles
    subjects = list(dict.fromkeys(subject.title for subject in summary.events.values()))
    return Layer(
        name="areas",
        title=_titled(f"Areas: {listed(subjects)}", summary.period),
        description=_sourced(
            summary,
            "One row per area, with the main numbers of every source",
            *(
                _titled(f"Fields that end in _{letter}: {subject.title}", subject.period)
                for letter, subject in summary.events.items()
            ),
        ),
        table=placed(as_fields(summary.table.reset_index(), words, ends=summary.events), summary.table.geometry),
        geometry_type="MultiPolygon",
        level=0,
        words=named_for_gis(words),
        style=styles[first],
        style_name=first,
        codes=summary_codes(summary),
        more_styles={name: styles[name] for name in others},
        lineage=lineage_of(summary),
    )


def _kind(result: OfAreas) -> Summarised:
    if isinstance(result, HotspotResult):
        return result.method
    return "stability" if isinstance(result, Stability) else "agreement"


def _unused(name: str, taken: Collection[str]) -> str:
    """Return the name, or where it is taken the same with a number: long names are cut, and may be equal then."""
    number, free = 2, name
    while free in taken:
        free, number = f"{name[: STYLE_NAME - 3]}_{number}", number + 1
    return free


def area_table(result: OfAreas) -> Layer:
    """Return all columns of a result by area as the table ``<name>_<method>``, to be joined by `area_id`."""
    described = _tested(result) if isinstance(result, HotspotResult) else _varied(result)
    heading, words, codes = described
    more = {"method": METHOD_TITLES[result.method]} if isinstance(result, HotspotResult) else {}
    table = result.table.sort_index()
    fields, named = named_for_gis(words), named_for_gis(codes)
    return Layer(
        name=result.stem,
        title=_titled(heading, result.period),
        description=_sourced(result, result.words),
        table=as_fields(pd.DataFrame(table.drop(columns="geometry")).assign(area_id=table.index), words),
        geometry_type="",
        level=-1,
        words=fields,
        style=table_style(fields, named),
        codes=named,
        lineage=lineage_of(result) | more | {"provenance": settings_of(result)},
    )


Described = tuple[str, dict[str, tuple[str, str]], dict[str, Mapping[str, str]]]
"""Heading of a table, words of its columns, and words for their codes."""


def _tested(result: HotspotResult) -> Described:
    words = {column: COLUMN_WORDS[column] for column in RESULT_COLUMNS if column != "geometry"}
    words["expected"] = expected_words(result)
    neither = ("not_significant", "not_tested")
    codes: dict[str, Mapping[str, str]] = {
        "class": {style.key: style.label for style in METHOD_CLASSES[result.method]},
        "certainty": CERTAINTY_WORDS,
        "hot_without_largest": WITHOUT_LARGEST_WORDS,
        "quadrant": {style.key: style.label for style in MORAN_CLASSES if style.key not in neither},
    }
    return f"{METHOD_TITLES[result.method]}: {result.title}{beyond_words(result)}", words, codes


def _varied(result: Stability | Agreement) -> Described:
    if isinstance(result, Stability):
        classes = {style.key: style.label for style in STABILITY_CLASSES}
        heading = f"Hot areas by variants of the analysis: {result.title}"
        return heading, dict(STABILITY_COLUMN_WORDS), {"class": classes, "decided_by": CHOICE_WORDS}
    classes = {style.key: style.label for style in AGREEMENT_CLASSES}
    answers: dict[str, Mapping[str, str]] = dict.fromkeys(AGREEMENT_TITLES, ANSWER_WORDS)
    heading = f"Hot areas by number of methods: {result.title}"
    return heading, dict(AGREEMENT_COLUMN_WORDS), {"class": classes, **answers}


# --------------------------------------------------------------------------- hotspots and clusters


def hotspot_layer(hotspots: Hotspots) -> Layer:
    """Return the hotspots of all sources as the layer ``hotspots``."""
    words = {name: HOTSPOT_COLUMN_WORDS[name] for name in ("hotspot", "subject", "period", "source")}
    words |= {"place": ("Place", "Where it lies, in words")} | HOTSPOT_COLUMN_WORDS
    table = hotspots.table.assign(
        hotspot=hotspots.table.index, place=[capitalised(location_words(where)) for where in hotspots.where]
    )
    fields = named_for_gis(words)
    return Layer(
        name="hotspots",
        title=_titled("Hotspots", hotspots.period),
        description=_sourced(hotspots, hotspots.words),
        table=placed(as_fields(pd.DataFrame(table), words), table.geometry),
        geometry_type="MultiPolygon",
        level=3,
        words=fields,
        style=hotspot_style(_by_source(hotspots), fields, release=hotspots.release),
        codes={"certainty": {style.key: style.label for style in HOTSPOT_CLASSES}},
        lineage=lineage_of(hotspots),
    )


def _by_source(hotspots: Hotspots) -> dict[str, tuple[str, set[str]]]:
    """Return what was counted of each source, and what is known of its hotspots."""
    return {
        str(source): (str(rows["subject"].iloc[0]), set(rows["certainty"]))
        for source, rows in hotspots.table.groupby("source", sort=False)
    }


def cluster_layer(clusters: Clusters) -> Layer:
    """Return the clusters of a scan as the layer ``<name>_clusters``, or ``<name>_space_time_clusters``."""
    table, in_time = clusters.table.assign(cluster=clusters.table.index), clusters.spans_time
    words = cluster_words(in_time=in_time)
    fields = named_for_gis(words)
    what = f"Most likely {'space-time ' if in_time else ''}clusters: {clusters.title}"
    return Layer(
        name=clusters.stem,
        title=_titled(what, clusters.period),
        description=_sourced(clusters, clusters.words),
        table=placed(as_fields(pd.DataFrame(table), words), table.geometry),
        geometry_type="MultiPolygon",
        level=2,
        words=fields,
        style=cluster_style(
            set(table["certainty"]), fields, release=clusters.release, name=clusters.stem, in_time=in_time
        ),
        codes={"certainty": {style.key: style.label for style in CLUSTER_CLASSES}},
        lineage=lineage_of(clusters) | {"provenance": settings_of(clusters)},
    )


# --------------------------------------------------------------------------- schools and contours


def school_layer(result: SchoolResult) -> Layer:
    """Return the schools as the layer ``schools``; a school without a point is a row without geometry."""
    words = school_column_words(result.index_title, result.index)
    fields = named_for_gis(words)
    model = {"provenance": settings_of(result), "slope": dict(result.slope), "index": result.index_title}
    table = with_holds_words(result.table).assign(school_id=result.table.index)
    return Layer(
        name="schools",
        title=_titled(f"Schools: {result.title} and {result.index_title}", result.period),
        description=_sourced(result, result.words),
        table=placed(as_fields(pd.DataFrame(table), words), result.table.geometry),
        geometry_type="Point",
        level=4,
        words=fields,
        style=school_style(
            fields, release=result.release, index_title=result.index_title, estimated=result.index_estimated
        ),
        codes={
            "map_class": {style.key: style.label for style in SCHOOL_CLASSES},
            "rate_class": {style.key: style.label for style in RATE_CLASSES},
        },
        more_styles=_rate_styles(result, fields),
        lineage=lineage_of(result) | model,
    )


def _rate_styles(result: SchoolResult, fields: Mapping[str, tuple[str, str]]) -> dict[str, LayerStyle]:
    """Return the look of rates over the average, where there is one."""
    words = average_words(result)
    if not words:
        return {}
    look = rate_style(words, fields, release=result.release, title=result.title)
    return {"schools_rate": look}


def contour_layer(contours: Contours) -> Layer:
    """Return contours as the layer ``<surface>_<kinds>``, e.g. ``knife_crime_risk_raised_lowered``."""
    table = contours.table
    kinds = [kind for kind in CONTOUR_KINDS if (table["kind"] == kind).any()]
    stem = slugify(contours.surface).replace("-", "_") or "surface"
    name = "_".join([stem, *(kinds or ["contours"])])
    what = ", ".join(dict.fromkeys(table["words"].dropna().astype(str))) or "Contours"
    labels = [
        _contour_label(share, size) for share, size in zip(table["share_of_events"], table["area_km2"], strict=True)
    ]
    table = table.assign(contour_id=table.index, label=labels)
    return Layer(
        name=name,
        title=_titled(f"{what}: {contours.title}", contours.period),
        description=_sourced(contours, contours.words),
        table=placed(as_fields(pd.DataFrame(table), CONTOUR_COLUMN_WORDS), table.geometry),
        geometry_type="MultiPolygon",
        level=2,
        words=named_for_gis(CONTOUR_COLUMN_WORDS),
        style=contour_style(kinds, release=contours.release, name=name),
        codes={"kind": CONTOUR_KINDS},
        lineage=lineage_of(contours) | {"surface": contours.surface, "provenance": settings_of(contours)},
    )


def _contour_label(share: float, size: float) -> str:
    """Return what stands on a contour: the share of events inside, or the size where events may not be counted."""
    return f"{percent(share)} of events" if pd.notna(share) else f"{size:,.2g} km²"
