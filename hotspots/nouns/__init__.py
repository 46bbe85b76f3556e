"""The nouns that flow through the house: frozen, checked when made, keyed by `area_id`, never by position."""

from hotspots.nouns.areas import Place, StudyArea, slugify
from hotspots.nouns.checks import need_released, text_ids
from hotspots.nouns.counts import AreaCounts
from hotspots.nouns.coverage import Coverage, cover_dates, cover_months, cover_years, months_between
from hotspots.nouns.extracts import EXTRACT_COLUMNS, Ages, Extract, ExtractKind
from hotspots.nouns.hotspots import Hotspot, Whereabouts
from hotspots.nouns.records import SCHOOL_COLUMNS, Deprivation, Events, Factors, Schools, Series, months_of
from hotspots.nouns.results import (
    CONTOUR_COLUMNS,
    SCHOOL_RESULT_COLUMNS,
    Contours,
    HotspotResult,
    SchoolResult,
    Surface,
)
from hotspots.nouns.school_account import SchoolAccount, count_schools

__all__ = [
    "CONTOUR_COLUMNS",
    "EXTRACT_COLUMNS",
    "SCHOOL_COLUMNS",
    "SCHOOL_RESULT_COLUMNS",
    "Ages",
    "AreaCounts",
    "Contours",
    "Coverage",
    "Deprivation",
    "Events",
    "Extract",
    "ExtractKind",
    "Factors",
    "Hotspot",
    "HotspotResult",
    "Place",
    "SchoolAccount",
    "SchoolResult",
    "Schools",
    "Series",
    "StudyArea",
    "Surface",
    "Whereabouts",
    "count_schools",
    "cover_dates",
    "cover_months",
    "cover_years",
    "months_between",
    "months_of",
    "need_released",
    "slugify",
    "text_ids",
]
