"""Each content as a layer: its table in plain types, its words, its lineage and its style."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from hotspots.model import (
    Agreement,
    Clusters,
    Contours,
    HotspotResult,
    SchoolResult,
    Stability,
    StudyArea,
    settings_of,
    slugify,
    words_of,
)
from hotspots.publish.gis.layer_styles import (
    LayerStyle,
    area_style,
    authority_style,
    classes_style,
    cluster_style,
    cluster_words,
    contour_style,
    rate_style,
    school_column_words,
    school_style,
)
from hotspots.publish.gis.map_tips import in_words, interval, number
from hotspots.publish.style import Ground, authority_outlines
from hotspots.publish.text import average_words, beyond_words, capitalised, expected_words, percent, with_holds_words
from hotspots.vocabulary import (
    AGREEMENT_CLASSES,
    AGREEMENT_COLUMN_WORDS,
    AGREEMENT_TITLES,
    ANSWER_WORDS,
    AUTHORITY_COLUMN_WORDS,
    CHOICE_WORDS,
    COLUMN_WORDS,
    CONTOUR_COLUMN_WORDS,
    CONTOUR_KINDS,
    CRS,
    INVENTED,
    METHOD_TITLES,
    OPEN,
    RELEASE_WORDS,
    RESTRICTED,
    RESULT_COLUMNS,
    STABILITY_CLASSES,
    STABILITY_COLUMN_WORDS,
)

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = [
    "Content",
    "Layer",
    "agreement_layer",
    "area_layer",
    "authority_layer",
    "cluster_layer",
    "contour_layer",
    "release_words",
    "school_layer",
    "stability_layer",
]

Content = HotspotResult | Clusters | Stability | Agreement | Contours | SchoolResult | StudyArea | Ground

TEXT: Final = frozenset({"area_id", "area_la_code", "la_code", "la_name", "name", "school_id"}) | {
    *("certainty", "class", "hot_without_largest", "kind", "label", "marks", "null", "quadrant", "reason", "words"),
    *("phase", "type", "status", "linked", "predecessors", "class_catchment", "class_rank", "holds"),
    *("rate_class", "rate_differs", "area_ids", "decided_by", *AGREEMENT_TITLES, "start", "end", "alive"),
}
WHOLE: Final = frozenset(
    {"cluster", "contour_id", "neighbours", "years", "hidden_years", "idaci_rank", "idaci_decile", "areas"}
    | {"variants", "methods", "hot_methods", "periods"}
)
"""Columns that can't hold a fraction; the others are written as real numbers whatever stands in them, so that the
types of a layer don't depend on the data."""


@dataclass(frozen=True, eq=False)
class Layer:
    """A layer as it will be written; `level` is its place in the drawing order, 0 at the bottom.

    QGIS opens it with `style` and offers `more_styles`, by name.
    """

    name: str
    title: str
    description: str
    table: gpd.GeoDataFrame
    geometry_type: str
    level: int
    words: Mapping[str, tuple[str, str]]
    style: LayerStyle
    more_styles: Mapping[str, LayerStyle] = field(default_factory=dict)
    lineage: Mapping[str, Any] = field(default_factory=dict)
    geometry: str = "geometry"


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


def _described(*sentences: str) -> str:
    """Return sentences as one description."""
    parts = [part.strip().rstrip(".") for part in sentences if part.strip()]
    return ". ".join(parts) + "." if parts else ""


def _plain(table: pd.DataFrame, columns: Mapping[str, object], geometry: Any) -> gpd.GeoDataFrame:
    """Return the columns in order, as text, whole or real numbers, with what is missing as missing."""
    import geopandas as gpd

    plain: dict[str, pd.Series] = {}
    for column in columns:
        values = table[column]
        if column in TEXT:
            text = values.astype(object)
            # An empty text says no more than a missing one.
            known = text.notna() & (text != "")
            plain[column] = pd.Series([str(v) if k else None for v, k in zip(text, known, strict=True)], dtype=object)
        elif column in WHOLE:
            plain[column] = values.astype("Float64").astype("Int64").reset_index(drop=True)
        else:
            plain[column] = values.astype(float).reset_index(drop=True)
    frame = pd.DataFrame(plain)
    return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(list(geometry), crs=CRS), crs=CRS)


def area_layer(result: HotspotResult) -> Layer:
    """Return a result as the layer ``<name>_<method>``."""
    words = {column: COLUMN_WORDS[column] for column in RESULT_COLUMNS if column != "geometry"}
    words["expected"] = expected_words(result)
    method, what = METHOD_TITLES[result.method], result.title + beyond_words(result)
    unsure = bool((result.table["certainty"] == "depends").any())
    return Layer(
        name=result.stem,
        title=", ".join(part for part in (f"{method}: {what}", str(result.period)) if part),
        description=_described(result.words, f"Source: {result.source}" if result.source else ""),
        table=_plain(result.table.assign(area_id=result.table.index), words, result.table.geometry),
        geometry_type="MultiPolygon",
        level=0,
        words=words,
        style=area_style(result.method, release=result.release, unsure=unsure, name=result.stem),
        lineage=_lineage(result) | {"method": method, "provenance": settings_of(result)},
    )


def school_layer(result: SchoolResult) -> Layer:
    """Return the schools as the layer ``schools``; a school without a point is a row without geometry."""
    title = f"Schools: {result.title} and {result.index_title}"
    words = school_column_words(result.index_title, result.index)
    model = {"provenance": settings_of(result), "slope": dict(result.slope), "index": result.index_title}
    return Layer(
        name="schools",
        title=", ".join(part for part in (title, str(result.period)) if part),
        description=_described(result.words, f"Source: {result.source}" if result.source else ""),
        table=_plain(with_holds_words(result.table).assign(school_id=result.table.index), words, result.table.geometry),
        geometry_type="Point",
        level=3,
        words=words,
        style=school_style(
            release=result.release,
            index_title=result.index_title,
            index=result.index,
            estimated=result.index_estimated,
        ),
        more_styles=_rate_styles(result),
        lineage=_lineage(result) | model,
    )


def _rate_styles(result: SchoolResult) -> dict[str, LayerStyle]:
    """Return the look of rates over the average, where there is one."""
    words = average_words(result)
    if not words:
        return {}
    look = rate_style(
        words, release=result.release, title=result.title, index_title=result.index_title, index=result.index
    )
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
        title=", ".join(part for part in (f"{what}: {contours.title}", str(contours.period)) if part),
        description=_described(contours.words, f"Source: {contours.source}" if contours.source else ""),
        table=_plain(table, CONTOUR_COLUMN_WORDS, table.geometry),
        geometry_type="MultiPolygon",
        level=2,
        words=CONTOUR_COLUMN_WORDS,
        style=contour_style(kinds, release=contours.release, name=name),
        lineage=_lineage(contours) | {"surface": contours.surface, "provenance": settings_of(contours)},
    )


def cluster_layer(clusters: Clusters) -> Layer:
    """Return the clusters of a scan as the layer ``<name>_clusters``, or ``<name>_space_time_clusters``."""
    table, in_time = clusters.table.assign(cluster=clusters.table.index), clusters.spans_time
    style = cluster_style(set(table["certainty"]), release=clusters.release, name=clusters.stem, in_time=in_time)
    what = f"Most likely {'space-time ' if in_time else ''}clusters"
    return _polygons(clusters, what, table, cluster_words(in_time=in_time), style, level=2)


def _contour_label(share: float, size: float) -> str:
    """Return what stands on a contour: the share of events inside, or the size where events may not be counted."""
    return f"{percent(share)} of events" if pd.notna(share) else f"{size:,.2g} km²"


def stability_layer(result: Stability) -> Layer:
    """Return the shares of variants as the layer ``<name>_stability``."""
    style = classes_style(
        STABILITY_CLASSES,
        STABILITY_COLUMN_WORDS,
        codes={"decided_by": CHOICE_WORDS},
        lines=(
            ("Share of variants in which it is hot", interval("hot_low", "hot_high", 2)),
            ("Share in which it is cold", interval("cold_low", "cold_high", 2)),
            ("Variants", number("variants", 0)),
            ("Decided by", in_words("decided_by", CHOICE_WORDS)),
        ),
        release=result.release,
        name=result.stem,
    )
    return _polygons(result, "Hot areas by variants of the analysis", _by_area(result), STABILITY_COLUMN_WORDS, style)


def agreement_layer(result: Agreement) -> Layer:
    """Return the number of methods by area as the layer ``<name>_agreement``."""
    titles = {name: AGREEMENT_TITLES[name] for name in result.compared}
    style = classes_style(
        AGREEMENT_CLASSES,
        AGREEMENT_COLUMN_WORDS,
        codes=dict.fromkeys(AGREEMENT_TITLES, ANSWER_WORDS),
        lines=[(capitalised(title), in_words(name, ANSWER_WORDS)) for name, title in titles.items()],
        release=result.release,
        name=result.stem,
    )
    return _polygons(result, "Hot areas by number of methods", _by_area(result), AGREEMENT_COLUMN_WORDS, style)


def _by_area(result: Stability | Agreement) -> gpd.GeoDataFrame:
    return result.table.sort_index().assign(area_id=lambda table: table.index)


def _polygons(
    result: Clusters | Stability | Agreement,
    heading: str,
    table: gpd.GeoDataFrame,
    words: Mapping[str, tuple[str, str]],
    style: LayerStyle,
    *,
    level: int = 0,
) -> Layer:
    """Return the layer of a result that has its own style and settings."""
    return Layer(
        name=result.stem,
        title=", ".join(part for part in (f"{heading}: {result.title}", str(result.period)) if part),
        description=_described(result.words, f"Source: {result.source}" if result.source else ""),
        table=_plain(table, words, table.geometry),
        geometry_type="MultiPolygon",
        level=level,
        words=words,
        style=style,
        lineage=_lineage(result) | {"provenance": settings_of(result)},
    )


def _lineage(result: HotspotResult | Clusters | Stability | Agreement | Contours | SchoolResult) -> dict[str, Any]:
    """Return what every kind of result says of itself."""
    return {
        "title": result.title,
        "period": str(result.period),
        "source": result.source,
        "words": result.words,
        "notes": list(words_of(result.notes)),
        "attribution": list(result.attribution),
        "release": result.release,
        "release_words": release_words(result.release),
    }


def authority_layer(given: StudyArea | Ground) -> Layer:
    """Return the study area dissolved to its local authorities; of a ground, whose outlines are at hand, at once."""
    import geopandas as gpd

    area, outlines = (given.area, given.outlines) if isinstance(given, Ground) else (given, authority_outlines(given))
    areas = area.areas
    rows = [
        {
            "la_code": code,
            "la_name": name,
            "areas": int((areas["la_code"] == code).sum()),
            "geometry": outlines[code],
        }
        for code, name in area.authorities.items()
    ]
    table = gpd.GeoDataFrame(rows, geometry="geometry", crs=areas.crs)
    words = dict(AUTHORITY_COLUMN_WORDS)
    if area.has_population:
        people = areas["population"].groupby(areas["la_code"]).sum(min_count=1)
        table["population"] = table["la_code"].map(people)
    else:
        del words["population"]
    vintage = f", {area.vintage}" if area.vintage else ""
    what = f"Local authorities of the study, made of its {len(area):,} areas ({area.geography}{vintage})"
    return Layer(
        name="authorities",
        title="Local authorities",
        description=_described(what),
        table=_plain(table, words, table.geometry),
        geometry_type="MultiPolygon",
        level=1,
        words=words,
        style=authority_style(release=area.release),
        lineage={
            "title": "Local authorities",
            "words": what,
            "notes": [f"{reason}: {', '.join(ids)}" for reason, ids in area.repairs.items()],
            "attribution": list(area.attribution),
            "release": area.release,
            "release_words": release_words(area.release),
        },
    )
