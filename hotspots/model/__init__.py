"""The types that pass through the package: study areas, counts, results, surfaces, series.

Frozen, checked when made, keyed by `area_id` and never by position. Functions take them and return them; none writes
into their tables.
"""

from hotspots.model.area_counts import AreaCounts
from hotspots.model.checks import need_columns, need_level, need_released, renamed_arguments, text_ids
from hotspots.model.extracts import EXTRACT_COLUMNS, Ages, Extract
from hotspots.model.facts import Note, combine, words_of
from hotspots.model.hotspots import Hotspot, Part, Whereabouts
from hotspots.model.periods import (
    AUGUST,
    ENGLISH,
    MONTHS_OF_A_YEAR,
    NO_PERIOD,
    Coverage,
    Period,
    cover_dates,
    cover_months,
    cover_years,
    months_of,
)
from hotspots.model.ratio_text import change_words, interval_words
from hotspots.model.records import (
    SCHOOL_COLUMNS,
    Deprivation,
    DeprivationIndex,
    Events,
    Factors,
    Schools,
    Series,
    SeriesBase,
)
from hotspots.model.results import (
    CONTOUR_COLUMNS,
    SCHOOL_RESULT_COLUMNS,
    Contours,
    HotspotResult,
    SchoolResult,
    Surface,
)
from hotspots.model.school_account import SchoolAccount, count_schools
from hotspots.model.study_area import Place, StudyArea, slugify

__all__ = [
    "AUGUST",
    "CONTOUR_COLUMNS",
    "ENGLISH",
    "EXTRACT_COLUMNS",
    "MONTHS_OF_A_YEAR",
    "NO_PERIOD",
    "SCHOOL_COLUMNS",
    "SCHOOL_RESULT_COLUMNS",
    "Ages",
    "AreaCounts",
    "Contours",
    "Coverage",
    "Deprivation",
    "DeprivationIndex",
    "Events",
    "Extract",
    "Factors",
    "Hotspot",
    "HotspotResult",
    "Note",
    "Part",
    "Period",
    "Place",
    "SchoolAccount",
    "SchoolResult",
    "Schools",
    "Series",
    "SeriesBase",
    "StudyArea",
    "Surface",
    "Whereabouts",
    "change_words",
    "combine",
    "count_schools",
    "cover_dates",
    "cover_months",
    "cover_years",
    "interval_words",
    "months_of",
    "need_columns",
    "need_level",
    "need_released",
    "renamed_arguments",
    "slugify",
    "text_ids",
    "words_of",
]
