"""Which schools exclude more or fewer pupils than the deprivation of their area suggests."""

from hotspots.analysis.schools.diverging import diverging_schools
from hotspots.analysis.schools.model import describe_rates
from hotspots.analysis.schools.school_inputs import IN_NO_AREA, Catchments, Prepared, catchment_scores, prepare_schools
from hotspots.analysis.schools.spatial import (
    Finding,
    authority_effects,
    bivariate_moran,
    local_bivariate_moran,
    residual_clustering,
)

__all__ = [
    "IN_NO_AREA",
    "Catchments",
    "Finding",
    "Prepared",
    "authority_effects",
    "bivariate_moran",
    "catchment_scores",
    "describe_rates",
    "diverging_schools",
    "local_bivariate_moran",
    "prepare_schools",
    "residual_clustering",
]
