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
    from hotspots.analysis.catchments import catchment_scores
    from hotspots.analysis.change_points import find_change_points
    from hotspots.analysis.clustering import global_statistics
    from hotspots.analysis.comparison import compare_densities
    from hotspots.analysis.contours import tolerance_contours, top_contours
    from hotspots.analysis.correlogram import correlogram, scale_sentence
    from hotspots.analysis.density import kernel_density
    from hotspots.analysis.divergence import diverging_schools
    from hotspots.analysis.joining import count_events, place_schools
    from hotspots.analysis.local import getis_ord, local_moran
    from hotspots.analysis.neighbours import Neighbours, link_neighbours
    from hotspots.analysis.periods import count_by_quarter, mark_provisional, sum_to_years, with_intervals, with_rates
    from hotspots.analysis.prediction import best_bandwidth, predictive_accuracy
    from hotspots.analysis.profiles import describe_authorities
    from hotspots.analysis.recording import compare_recording
    from hotspots.analysis.relative_risk import relative_risk
    from hotspots.analysis.school_space import (
        authority_effects,
        bivariate_moran,
        local_bivariate_moran,
        residual_clustering,
    )
    from hotspots.analysis.smoothing import smooth_counts
    from hotspots.analysis.snapping import snapping
    from hotspots.analysis.spreading import spread_counts
    from hotspots.analysis.standardised import count_by_age, standardised_rates
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
        Ages,
        AreaCounts,
        Contours,
        Deprivation,
        Events,
        Extract,
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
    from hotspots.publish.authority_chart import draw_authority_effects
    from hotspots.publish.briefing import Page, write_briefing
    from hotspots.publish.change_charts import draw_change
    from hotspots.publish.charts import draw_correlogram, draw_factors, draw_series
    from hotspots.publish.density_charts import draw_prediction
    from hotspots.publish.extract_charts import draw_profile, draw_recording, draw_standardised
    from hotspots.publish.extract_tables import write_table
    from hotspots.publish.geopackage import write_geopackage
    from hotspots.publish.maps import draw_map, save_map
    from hotspots.publish.raster import write_raster
    from hotspots.publish.school_charts import draw_exclusions_against_idaci, draw_funnel
    from hotspots.publish.school_phrases import flagged_schools
    from hotspots.publish.school_tables import write_school_tables
    from hotspots.sources.ages import read_ages
    from hotspots.sources.assessments import read_all_factors, read_episodes, read_factors
    from hotspots.sources.boundaries import read_areas, read_places
    from hotspots.sources.counts import read_counts
    from hotspots.sources.deprivation import read_deprivation
    from hotspots.sources.hes import read_hes
    from hotspots.sources.police import read_offences, read_police
    from hotspots.sources.population import read_population
    from hotspots.sources.recorded import read_recorded
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
    "read_ages": "sources.ages",
    "read_recorded": "sources.recorded",
    "read_all_factors": "sources.assessments",
    "read_episodes": "sources.assessments",
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
    "Ages": "nouns",
    "Extract": "nouns",
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
    "count_by_quarter": "analysis.periods",
    "sum_to_years": "analysis.periods",
    "with_intervals": "analysis.periods",
    "with_rates": "analysis.periods",
    "mark_provisional": "analysis.periods",
    "find_change_points": "analysis.change_points",
    "count_by_age": "analysis.standardised",
    "standardised_rates": "analysis.standardised",
    "compare_recording": "analysis.recording",
    "describe_authorities": "analysis.profiles",
    "residual_clustering": "analysis.school_space",
    "authority_effects": "analysis.school_space",
    "bivariate_moran": "analysis.school_space",
    "local_bivariate_moran": "analysis.school_space",
    "catchment_scores": "analysis.catchments",
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
    "draw_change": "publish.change_charts",
    "draw_standardised": "publish.extract_charts",
    "draw_recording": "publish.extract_charts",
    "draw_profile": "publish.extract_charts",
    "write_table": "publish.extract_tables",
    "draw_authority_effects": "publish.authority_chart",
    "write_school_tables": "publish.school_tables",
    "flagged_schools": "publish.school_phrases",
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
    "Ages",
    "AnalysisError",
    "AreaCounts",
    "Contours",
    "Deprivation",
    "DisclosureError",
    "Events",
    "Extract",
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
    "authority_effects",
    "best_bandwidth",
    "bivariate_moran",
    "catchment_scores",
    "change_since",
    "check_study",
    "choose_bandwidth",
    "compare_densities",
    "compare_recording",
    "correlogram",
    "count_by_age",
    "count_by_quarter",
    "count_by_year",
    "count_events",
    "describe_authorities",
    "diverging_schools",
    "draw_authority_effects",
    "draw_change",
    "draw_correlogram",
    "draw_exclusions_against_idaci",
    "draw_factors",
    "draw_funnel",
    "draw_map",
    "draw_prediction",
    "draw_profile",
    "draw_recording",
    "draw_series",
    "draw_standardised",
    "find_change_points",
    "flagged_schools",
    "getis_ord",
    "global_statistics",
    "kernel_density",
    "link_neighbours",
    "local_bivariate_moran",
    "local_moran",
    "make_study",
    "mark_provisional",
    "place_schools",
    "predictive_accuracy",
    "protect",
    "read_ages",
    "read_all_factors",
    "read_areas",
    "read_counts",
    "read_deprivation",
    "read_episodes",
    "read_factors",
    "read_hes",
    "read_offences",
    "read_places",
    "read_police",
    "read_population",
    "read_recorded",
    "read_schools",
    "read_study",
    "relative_risk",
    "residual_clustering",
    "run_study",
    "save_map",
    "scale_sentence",
    "smooth_counts",
    "snapping",
    "spread_counts",
    "standardised_rates",
    "start_study",
    "sum_to_years",
    "tolerance_contours",
    "top_contours",
    "vocabulary",
    "with_intervals",
    "with_rates",
    "write_briefing",
    "write_geopackage",
    "write_raster",
    "write_school_tables",
    "write_table",
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
