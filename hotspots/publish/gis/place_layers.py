"""Local authorities and places of a study as layers, with what is known of each authority as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import pandas as pd

from hotspots.model import Extract, Place, SchoolResult, StudyArea
from hotspots.publish.gis.fields import as_fields, named_for_gis
from hotspots.publish.gis.layers import Layer, as_words, placed, release_words
from hotspots.publish.gis.styles import authority_style, place_style
from hotspots.publish.style import Ground, authority_outlines
from hotspots.publish.text import capitalised
from hotspots.vocabulary import AUTHORITY_COLUMN_WORDS, PLACE_COLUMN_WORDS, weakest_release

if TYPE_CHECKING:
    from shapely import Geometry

__all__ = ["authority_layer", "place_layer"]

ORDER: Final[Mapping[str, int]] = {"profile": 0, "standardised-rates": 1, "recording": 2}
"""Extracts by authority, in the order of their fields."""
PROFILE: Final = {
    "area_km2": "area_km2",
    "people_per_km2": "per_km2",
    "under_25": "under_25",
    "over_64": "over_64",
    "deprivation": "depriv",
    "most_deprived_areas": "most_depr",
}
STANDARDISED: Final = {
    "rate_low": "asr_lo",
    "rate_high": "asr_hi",
    "ci_low": "ci_lo",
    "ci_high": "ci_hi",
    "differs": "differs",
}
RECORDING: Final = {"per_assessment": "cin_per", "theme_share": "cin_theme"}
EXCLUSIONS: Final = {"ratio": "ex_ratio", "low": "ex_lo_95", "high": "ex_hi_95"}
"""Columns of an extract, or of the comparison of schools, and the fields that they become."""


def authority_layer(
    given: StudyArea | Ground,
    extracts: Sequence[Extract] = (),
    *,
    schools: SchoolResult | None = None,
    school_ratios: pd.DataFrame | None = None,
) -> Layer:
    """Return the study area dissolved to its local authorities, with what is known of each as a whole.

    Parameters
    ----------
    given
        The study area; of a ground, outlines are at hand.
    extracts
        Tables by authority: profiles, standardised rates, recording. Others are ignored.
    schools, school_ratios
        Comparison of schools, and the exclusions of each authority's schools over those expected, by `la_code`.
    """
    import geopandas as gpd

    area, outlines = (given.area, given.outlines) if isinstance(given, Ground) else (given, authority_outlines(given))
    areas, codes = area.areas, list(area.authorities)
    table = gpd.GeoDataFrame(
        {
            "la_code": codes,
            "la_name": list(area.authorities.values()),
            "areas": [int((areas["la_code"] == code).sum()) for code in codes],
        },
        geometry=[outlines[code] for code in codes],
        crs=areas.crs,
    )
    words = {name: AUTHORITY_COLUMN_WORDS[name] for name in ("la_code", "la_name", "areas")}
    if area.has_population:
        people = areas["population"].groupby(areas["la_code"]).sum(min_count=1)
        table["population"] = table["la_code"].map(people)
        words["population"] = AUTHORITY_COLUMN_WORDS["population"]
    used: list[StudyArea | Extract | SchoolResult] = [area]
    standardised = [extract for extract in extracts if extract.kind == "standardised-rates"]
    for extract in sorted(extracts, key=lambda extract: ORDER.get(extract.kind, 0)):
        if extract.kind in ORDER:
            number = standardised.index(extract) + 1 if extract.kind == "standardised-rates" else 0
            _join(table, words, extract, number)
            used.append(extract)
    if schools is not None and school_ratios is not None and len(school_ratios):
        _add(table, words, school_ratios, EXCLUSIONS)
        used.append(schools)
    release = weakest_release(*(one.release for one in used))
    vintage = f", {area.vintage}" if area.vintage else ""
    what = f"Local authorities of the study, made of its {len(area):,} areas ({area.geography}{vintage})"
    sources = list(dict.fromkeys(source for one in used[1:] for source in one.sources))
    fields = named_for_gis(words)
    return Layer(
        name="authorities",
        title="Local authorities",
        description=as_words(what, f"Source: {'; '.join(sources)}" if sources else ""),
        table=placed(as_fields(pd.DataFrame(table), words, ends=range(1, len(standardised) + 1)), table.geometry),
        geometry_type="MultiPolygon",
        level=1,
        words=fields,
        style=authority_style(fields, release=release),
        lineage={
            "title": "Local authorities",
            "words": what,
            "source": "; ".join(sources),
            "notes": [f"{reason}: {', '.join(ids)}" for reason, ids in area.repairs.items()],
            "attribution": list(dict.fromkeys(line for one in used for line in one.attribution)),
            "release": release,
            "release_words": release_words(release),
        },
    )


def _join(table: pd.DataFrame, words: dict[str, tuple[str, str]], extract: Extract, number: int) -> None:
    """Add the columns of an extract that are known of any authority; standardised rates with their number."""
    rows = extract.table
    if extract.kind == "recording":
        rows = rows[rows["period"] == rows["period"].max()].set_index("la_code")
        _add(table, words, rows, RECORDING)
        return
    rows = rows[rows["kind"] == "authority"].set_index("code")
    if extract.kind == "profile":
        _add(table, words, rows, PROFILE)
    else:
        _add(table, words, rows, STANDARDISED, title=extract.title, end=f"_{number}")


def _add(
    table: pd.DataFrame,
    words: dict[str, tuple[str, str]],
    rows: pd.DataFrame,
    names: Mapping[str, str],
    *,
    title: str = "",
    end: str = "",
) -> None:
    for column, name in names.items():
        values = table["la_code"].map(rows[column])
        if values.isna().all():
            continue
        heading, described = AUTHORITY_COLUMN_WORDS[name]
        table[name + end] = values
        words[name + end] = (f"{capitalised(title)}: {heading}" if title else heading, described)


def place_layer(places: Sequence[Place], given: StudyArea | Ground) -> Layer:
    """Return the places of a study as the layer ``places``, each the union of its local authorities."""
    import geopandas as gpd
    from shapely import union_all

    area, outlines = (given.area, given.outlines) if isinstance(given, Ground) else (given, authority_outlines(given))
    areas = area.areas
    inside = [areas[areas["la_code"].isin(place.authorities)] for place in places]
    shapes: list[Geometry] = [
        union_all([outlines[code] for code in place.authorities if code in area.authorities]) for place in places
    ]
    table = gpd.GeoDataFrame(
        {
            "place": [place.name for place in places],
            "la_codes": [" ".join(place.authorities) for place in places],
            "areas": [len(part) for part in inside],
        },
        geometry=shapes,
        crs=areas.crs,
    )
    words = dict(PLACE_COLUMN_WORDS)
    if area.has_population:
        table["population"] = [float(part["population"].sum(min_count=1)) for part in inside]
    else:
        del words["population"]
    what = "Places of the study, each made of local authorities"
    return Layer(
        name="places",
        title="Places",
        description=as_words(what),
        table=placed(as_fields(pd.DataFrame(table), words), table.geometry),
        geometry_type="MultiPolygon",
        level=1,
        words=words,
        style=place_style(words, release=area.release),
        lineage={
            "title": "Places",
            "words": what,
            "attribution": list(area.attribution),
            "release": area.release,
            "release_words": release_words(area.release),
        },
    )
