"""Which intervals a table of counts may have beside all published tables of the same records."""

from hotspots.disclosure.release.publishing import publish_areas
from hotspots.disclosure.release.publishing_totals import publish_totals
from hotspots.disclosure.release.rules import Rule, find_rule, in_words
from hotspots.disclosure.release.scopes import ALL_MONTHS, Correction, Scope, months_in_words
from hotspots.disclosure.release.tables import WHOLE_FILE, CountTable, region_of

__all__ = [
    "ALL_MONTHS",
    "WHOLE_FILE",
    "Correction",
    "CountTable",
    "Rule",
    "Scope",
    "find_rule",
    "in_words",
    "months_in_words",
    "publish_areas",
    "publish_totals",
    "region_of",
]
