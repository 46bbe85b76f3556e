"""What the published files hold, and what of it could be used.

One module per publisher's format. Each reads its file, checks every value that it uses, and returns a type of the model
with the account of what was read, kept and dropped. Nothing else in the package opens a data file.
"""

from hotspots.sources._tabular import need_vintage
from hotspots.sources.ages import read_ages
from hotspots.sources.authority_totals import read_authority_totals
from hotspots.sources.boundaries import read_areas
from hotspots.sources.children_in_need import read_all_factors, read_episodes, read_factors
from hotspots.sources.counts import read_counts, read_totals
from hotspots.sources.deprivation import read_deprivation
from hotspots.sources.exclusions import read_exclusions
from hotspots.sources.hes import read_hes
from hotspots.sources.layers import read_area_layer, read_point_layer
from hotspots.sources.offences import read_offences
from hotspots.sources.place_labels import read_place_labels
from hotspots.sources.police import read_police
from hotspots.sources.population import read_covariates, read_population
from hotspots.sources.recorded_crime import read_recorded
from hotspots.sources.schools import read_schools

__all__ = [
    "need_vintage",
    "read_ages",
    "read_all_factors",
    "read_area_layer",
    "read_areas",
    "read_authority_totals",
    "read_counts",
    "read_covariates",
    "read_deprivation",
    "read_episodes",
    "read_exclusions",
    "read_factors",
    "read_hes",
    "read_offences",
    "read_place_labels",
    "read_point_layer",
    "read_police",
    "read_population",
    "read_recorded",
    "read_schools",
    "read_totals",
]
