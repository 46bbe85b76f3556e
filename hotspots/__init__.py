"""Where violence concentrates, how sure that is, and which schools diverge from their area's deprivation.

The names below are the public interface, in the order in which a study uses them; each is loaded when first used.

>>> import hotspots as hs
>>> hs.vocabulary.WEST_MIDLANDS["E08000028"]
'Sandwell'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from hotspots import vocabulary
    from hotspots.analysis.bandwidths import choose_bandwidth
    from hotspots.analysis.clustering import global_statistics
    from hotspots.analysis.comparison import compare_densities
    from hotspots.analysis.contours import tolerance_contours, top_contours
    from hotspots.analysis.correlogram import correlogram, scale_sentence
    from hotspots.analysis.density import kernel_density
    from hotspots.analysis.divergence import diverging_schools
    from hotspots.analysis.joining import count_events, place_schools
    from hotspots.analysis.local import getis_ord, local_moran
    from hotspots.analysis.neighbours import Neighbours, link_neighbours
    from hotspots.analysis.prediction import best_bandwidth, predictive_accuracy
    from hotspots.analysis.relative_risk import relative_risk
    from hotspots.analysis.smoothing import smooth_counts
    from hotspots.analysis.snapping import snapping
    from hotspots.analysis.spreading import spread_counts
    from hotspots.analysis.trends import change_since, count_by_year
    from hotspots.disclosure import protect
    from hotspots.errors import (
        AnalysisError,
        DisclosureError,
        HotspotsError,
        OutputError,
        SourceError,
        StudyError,
    )
    from hotspots.nouns import (
        AreaCounts,
        Contours,
        Deprivation,
        Events,
        Factors,
        HotspotResult,
        Place,
        SchoolResult,
        Schools,
        Series,
        StudyArea,
        Surface,
    )
    from hotspots.pipeline import check_study, run_study
    from hotspots.publish.briefing import Page, write_briefing
    from hotspots.publish.charts import draw_correlogram, draw_factors, draw_series
    from hotspots.publish.density_charts import draw_prediction
    from hotspots.publish.geopackage import write_geopackage
    from hotspots.publish.maps import draw_map, save_map
    from hotspots.publish.raster import write_raster
    from hotspots.publish.school_charts import draw_exclusions_against_idaci, draw_funnel
    from hotspots.sources.assessments import read_factors
    from hotspots.sources.boundaries import read_areas, read_places
    from hotspots.sources.counts import read_counts
    from hotspots.sources.deprivation import read_deprivation
    from hotspots.sources.hes import read_hes
    from hotspots.sources.police import read_offences, read_police
    from hotspots.sources.population import read_population
    from hotspots.sources.schools import read_schools
    from hotspots.starter import start_study
    from hotspots.study import Study, make_study, read_study

_HOMES = {
    # sources
    "read_areas": "sources.boundaries",
    "read_places": "sources.boundaries",
    "read_population": "sources.population",
    "read_hes": "sources.hes",
    "read_police": "sources.police",
    "read_offences": "sources.police",
    "read_counts": "sources.counts",
    "read_deprivation": "sources.deprivation",
    "read_schools": "sources.schools",
    "read_factors": "sources.assessments",
    # nouns
    "StudyArea": "nouns",
    "Place": "nouns",
    "Events": "nouns",
    "AreaCounts": "nouns",
    "Deprivation": "nouns",
    "Schools": "nouns",
    "Series": "nouns",
    "Factors": "nouns",
    "HotspotResult": "nouns",
    "Surface": "nouns",
    "SchoolResult": "nouns",
    "Contours": "nouns",
    # disclosure and analysis
    "count_events": "analysis.joining",
    "place_schools": "analysis.joining",
    "protect": "disclosure",
    "Neighbours": "analysis.neighbours",
    "link_neighbours": "analysis.neighbours",
    "getis_ord": "analysis.local",
    "local_moran": "analysis.local",
    "global_statistics": "analysis.clustering",
    "correlogram": "analysis.correlogram",
    "scale_sentence": "analysis.correlogram",
    "kernel_density": "analysis.density",
    "diverging_schools": "analysis.divergence",
    "count_by_year": "analysis.trends",
    "change_since": "analysis.trends",
    "choose_bandwidth": "analysis.bandwidths",
    "snapping": "analysis.snapping",
    "relative_risk": "analysis.relative_risk",
    "compare_densities": "analysis.comparison",
    "spread_counts": "analysis.spreading",
    "smooth_counts": "analysis.smoothing",
    "tolerance_contours": "analysis.contours",
    "top_contours": "analysis.contours",
    "predictive_accuracy": "analysis.prediction",
    "best_bandwidth": "analysis.prediction",
    # publish
    "write_geopackage": "publish.geopackage",
    "write_raster": "publish.raster",
    "draw_map": "publish.maps",
    "save_map": "publish.maps",
    "draw_series": "publish.charts",
    "draw_correlogram": "publish.charts",
    "draw_factors": "publish.charts",
    "draw_funnel": "publish.school_charts",
    "draw_exclusions_against_idaci": "publish.school_charts",
    "Page": "publish.briefing",
    "write_briefing": "publish.briefing",
    "draw_prediction": "publish.density_charts",
    # studies
    "Study": "study",
    "read_study": "study",
    "make_study": "study",
    "start_study": "starter",
    "check_study": "pipeline",
    "run_study": "pipeline",
    # errors
    "HotspotsError": "errors",
    "StudyError": "errors",
    "SourceError": "errors",
    "AnalysisError": "errors",
    "DisclosureError": "errors",
    "OutputError": "errors",
}

__all__ = [
    "AnalysisError",
    "AreaCounts",
    "Contours",
    "Deprivation",
    "DisclosureError",
    "Events",
    "Factors",
    "HotspotResult",
    "HotspotsError",
    "Neighbours",
    "OutputError",
    "Page",
    "Place",
    "SchoolResult",
    "Schools",
    "Series",
    "SourceError",
    "Study",
    "StudyArea",
    "StudyError",
    "Surface",
    "best_bandwidth",
    "change_since",
    "check_study",
    "choose_bandwidth",
    "compare_densities",
    "correlogram",
    "count_by_year",
    "count_events",
    "diverging_schools",
    "draw_correlogram",
    "draw_exclusions_against_idaci",
    "draw_factors",
    "draw_funnel",
    "draw_map",
    "draw_prediction",
    "draw_series",
    "getis_ord",
    "global_statistics",
    "kernel_density",
    "link_neighbours",
    "local_moran",
    "make_study",
    "place_schools",
    "predictive_accuracy",
    "protect",
    "read_areas",
    "read_counts",
    "read_deprivation",
    "read_factors",
    "read_hes",
    "read_offences",
    "read_places",
    "read_police",
    "read_population",
    "read_schools",
    "read_study",
    "relative_risk",
    "run_study",
    "save_map",
    "scale_sentence",
    "smooth_counts",
    "snapping",
    "spread_counts",
    "start_study",
    "tolerance_contours",
    "top_contours",
    "vocabulary",
    "write_briefing",
    "write_geopackage",
    "write_raster",
]


def __getattr__(name: str) -> Any:
    """Load a public name from its module when it is first asked for: `import hotspots` stays quick."""
    if name in _HOMES:
        value = getattr(import_module(f"hotspots.{_HOMES[name]}"), name)
    elif name in ("vocabulary", "nouns", "errors", "study", "disclosure"):
        value = import_module(f"hotspots.{name}")
    else:
        raise AttributeError(f"module 'hotspots' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
