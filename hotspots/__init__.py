"""Where violence concentrates, how sure that is, and which schools diverge from their area's deprivation.

The names here are those that most studies need, each loaded when first used. Everything else is in a topic:

========================  ==========================================================================
`hotspots.clusters`       where high or low counts cluster, and at which distance
`hotspots.surfaces`       where events are densest or risk is raised
`hotspots.schools`        which schools exclude more or fewer pupils than deprivation suggests
`hotspots.series`         what has changed from period to period
`hotspots.authorities`    how local authorities compare
`hotspots.charts`         charts, maps and the briefing that holds them
`hotspots.gis`            boundaries and labels in, layers and rasters out
`hotspots.studies`        whole studies from one file
========================  ==========================================================================

`hotspots.vocabulary` holds the fixed words (columns, classes, codes), `hotspots.errors` the family of errors.

>>> import hotspots as hs
>>> hs.vocabulary.WEST_MIDLANDS["E08000028"]
'Sandwell'
"""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

__version__ = "0.1.0"

if TYPE_CHECKING:
    from hotspots import disclosure as disclosure
    from hotspots import errors as errors
    from hotspots import model as model
    from hotspots import study as study
    from hotspots import vocabulary as vocabulary
    from hotspots.analysis.autocorrelation import getis_ord, link_neighbours, local_moran
    from hotspots.analysis.counts import count_events
    from hotspots.analysis.density import kernel_density
    from hotspots.analysis.risk import relative_risk
    from hotspots.disclosure import protect
    from hotspots.errors import AnalysisError, DisclosureError, HotspotsError, OutputError, SourceError, StudyError
    from hotspots.model import AreaCounts, Events, HotspotResult, Place, StudyArea, Surface
    from hotspots.publish.gis import write_geopackage, write_raster
    from hotspots.publish.maps import draw_map, save_map
    from hotspots.sources import read_areas, read_counts, read_hes, read_offences, read_police, read_population
    from hotspots.study import check_study, run_study
    from hotspots.study.settings import read_study
    from hotspots.topics import authorities, charts, clusters, gis, schools, series, studies, surfaces

__all__ = [
    "AnalysisError",
    "AreaCounts",
    "DisclosureError",
    "Events",
    "HotspotResult",
    "HotspotsError",
    "OutputError",
    "Place",
    "SourceError",
    "StudyArea",
    "StudyError",
    "Surface",
    "authorities",
    "charts",
    "check_study",
    "clusters",
    "count_events",
    "draw_map",
    "getis_ord",
    "gis",
    "kernel_density",
    "link_neighbours",
    "local_moran",
    "protect",
    "read_areas",
    "read_counts",
    "read_hes",
    "read_offences",
    "read_police",
    "read_population",
    "read_study",
    "relative_risk",
    "run_study",
    "save_map",
    "schools",
    "series",
    "studies",
    "surfaces",
    "write_geopackage",
    "write_raster",
]

_TOPICS: Final = ("authorities", "charts", "clusters", "gis", "schools", "series", "studies", "surfaces")
_PARTS: Final = ("disclosure", "errors", "model", "study", "vocabulary")
_NAMES: Final = {
    "sources": "read_areas read_counts read_hes read_offences read_police read_population",
    "model": "AreaCounts Events HotspotResult Place StudyArea Surface",
    "analysis.counts": "count_events",
    "disclosure": "protect",
    "analysis.autocorrelation": "getis_ord link_neighbours local_moran",
    "analysis.density": "kernel_density",
    "analysis.risk": "relative_risk",
    "publish.maps": "draw_map save_map",
    "publish.gis": "write_geopackage write_raster",
    "study": "check_study run_study",
    "study.settings": "read_study",
    "errors": "AnalysisError DisclosureError HotspotsError OutputError SourceError StudyError",
}
"""Sub-package → the names that are at the top of `hotspots`."""
_HOMES: Final = {name: f"hotspots.{home}" for home, names in _NAMES.items() for name in names.split()}

_MOVED: Final = {
    "authorities": "Ages Extract Factors compare_recording count_by_age describe_authorities read_ages "
    "read_all_factors read_episodes read_factors standardised_rates",
    "charts": "Page draw_authority_effects draw_change draw_correlogram draw_exclusions_against_idaci draw_factors "
    "draw_funnel draw_prediction draw_profile draw_recording draw_series draw_standardised write_briefing",
    "clusters": "Neighbours correlogram global_statistics",
    "schools": "Deprivation SchoolResult Schools authority_effects bivariate_moran catchment_scores "
    "diverging_schools flagged_schools local_bivariate_moran place_schools read_deprivation read_schools "
    "residual_clustering write_school_tables",
    "series": "Series change_since count_by_quarter count_by_year find_change_points mark_provisional read_recorded "
    "sum_to_years with_intervals with_rates write_table",
    "studies": "Study make_study start_study",
    "surfaces": "Contours best_bandwidth choose_bandwidth compare_densities predictive_accuracy smooth_counts "
    "spread_counts tolerance_contours top_contours",
}
"""Topic → the names that were at the top one version ago."""

OLD_NAMES: Final = {
    **{name: f"{topic}.{name}" for topic, names in _MOVED.items() for name in names.split()},
    "read_places": "gis.read_place_labels",
    "scale_sentence": "clusters.describe_scale",
    "snapping": "surfaces.detect_map_points",
}
"""Name at the top one version ago → where it is now; each still works, with a warning, for one version."""


def __getattr__(name: str) -> Any:
    """Load a public name from its module when it is first asked for: `import hotspots` stays quick."""
    if name in OLD_NAMES:
        topic, new = OLD_NAMES[name].split(".")
        words = f"hotspots.{name} is now hotspots.{topic}.{new}; the old name works in this version only."
        warnings.warn(words, FutureWarning, stacklevel=2)
        return getattr(import_module(f"hotspots.topics.{topic}"), new)
    if name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
    elif name in _TOPICS:
        value = import_module(f"hotspots.topics.{name}")
    elif name in _PARTS:
        value = import_module(f"hotspots.{name}")
    else:
        raise AttributeError(f"module 'hotspots' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_PARTS})
