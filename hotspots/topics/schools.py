"""Which schools exclude more or fewer pupils than the deprivation of their area suggests, and how far that holds."""

from hotspots.analysis.counts import place_schools
from hotspots.analysis.schools import (
    Catchments,
    Finding,
    authority_effects,
    bivariate_moran,
    catchment_scores,
    diverging_schools,
    local_bivariate_moran,
    residual_clustering,
)
from hotspots.model import Deprivation, SchoolResult, Schools
from hotspots.publish.tables import write_school_tables
from hotspots.publish.text import flagged_schools
from hotspots.sources import read_deprivation, read_schools

__all__ = [
    "Catchments",
    "Deprivation",
    "Finding",
    "SchoolResult",
    "Schools",
    "authority_effects",
    "bivariate_moran",
    "catchment_scores",
    "diverging_schools",
    "flagged_schools",
    "local_bivariate_moran",
    "place_schools",
    "read_deprivation",
    "read_schools",
    "residual_clustering",
    "write_school_tables",
]
