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
    from hotspots.analysis.authorities import compare_recording, count_by_age, describe_authorities, standardised_rates
    from hotspots.analysis.autocorrelation import (
        Neighbours,
        correlogram,
        getis_ord,
        global_statistics,
        link_neighbours,
        local_moran,
        scale_sentence,
    )
    from hotspots.analysis.counts import count_events, place_schools
    from hotspots.analysis.density import (
        best_bandwidth,
        choose_bandwidth,
        kernel_density,
        predictive_accuracy,
        snapping,
    )
    from hotspots.analysis.interpolation import smooth_counts, spread_counts
    from hotspots.analysis.risk import compare_densities, relative_risk, tolerance_contours, top_contours
    from hotspots.analysis.schools import (
        authority_effects,
        bivariate_moran,
        catchment_scores,
        diverging_schools,
        local_bivariate_moran,
        residual_clustering,
    )
    from hotspots.analysis.series import (
        change_since,
        count_by_quarter,
        count_by_year,
        find_change_points,
        mark_provisional,
        sum_to_years,
        with_intervals,
        with_rates,
    )
    from hotspots.disclosure import protect
    from hotspots.errors import AnalysisError, DisclosureError, HotspotsError, OutputError, SourceError, StudyError
    from hotspots.model import (
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
    from hotspots.publish.briefing import Page, write_briefing
    from hotspots.publish.charts import (
        draw_authority_effects,
        draw_change,
        draw_correlogram,
        draw_exclusions_against_idaci,
        draw_factors,
        draw_funnel,
        draw_prediction,
        draw_profile,
        draw_recording,
        draw_series,
        draw_standardised,
    )
    from hotspots.publish.gis import write_geopackage, write_raster
    from hotspots.publish.maps import draw_map, save_map
    from hotspots.publish.tables import write_school_tables, write_table
    from hotspots.publish.text import flagged_schools
    from hotspots.sources import (
        read_ages,
        read_all_factors,
        read_areas,
        read_counts,
        read_deprivation,
        read_episodes,
        read_factors,
        read_hes,
        read_offences,
        read_places,
        read_police,
        read_population,
        read_recorded,
        read_schools,
    )
    from hotspots.study import check_study, run_study
    from hotspots.study.settings import Study, make_study, read_study, start_study

_HOMES = {
    # sources
    "read_areas": "sources",
    "read_places": "sources",
    "read_population": "sources",
    "read_hes": "sources",
    "read_police": "sources",
    "read_offences": "sources",
    "read_counts": "sources",
    "read_deprivation": "sources",
    "read_schools": "sources",
    "read_factors": "sources",
    "read_ages": "sources",
    "read_recorded": "sources",
    "read_all_factors": "sources",
    "read_episodes": "sources",
    # nouns
    "StudyArea": "model",
    "Place": "model",
    "Events": "model",
    "AreaCounts": "model",
    "Deprivation": "model",
    "Schools": "model",
    "Series": "model",
    "Factors": "model",
    "HotspotResult": "model",
    "Surface": "model",
    "SchoolResult": "model",
    "Contours": "model",
    "Ages": "model",
    "Extract": "model",
    # disclosure and analysis
    "count_events": "analysis.counts",
    "place_schools": "analysis.counts",
    "protect": "disclosure",
    "Neighbours": "analysis.autocorrelation",
    "link_neighbours": "analysis.autocorrelation",
    "getis_ord": "analysis.autocorrelation",
    "local_moran": "analysis.autocorrelation",
    "global_statistics": "analysis.autocorrelation",
    "correlogram": "analysis.autocorrelation",
    "scale_sentence": "analysis.autocorrelation",
    "kernel_density": "analysis.density",
    "diverging_schools": "analysis.schools",
    "count_by_year": "analysis.series",
    "change_since": "analysis.series",
    "choose_bandwidth": "analysis.density",
    "snapping": "analysis.density",
    "relative_risk": "analysis.risk",
    "compare_densities": "analysis.risk",
    "spread_counts": "analysis.interpolation",
    "smooth_counts": "analysis.interpolation",
    "tolerance_contours": "analysis.risk",
    "top_contours": "analysis.risk",
    "predictive_accuracy": "analysis.density",
    "best_bandwidth": "analysis.density",
    "count_by_quarter": "analysis.series",
    "sum_to_years": "analysis.series",
    "with_intervals": "analysis.series",
    "with_rates": "analysis.series",
    "mark_provisional": "analysis.series",
    "find_change_points": "analysis.series",
    "count_by_age": "analysis.authorities",
    "standardised_rates": "analysis.authorities",
    "compare_recording": "analysis.authorities",
    "describe_authorities": "analysis.authorities",
    "residual_clustering": "analysis.schools",
    "authority_effects": "analysis.schools",
    "bivariate_moran": "analysis.schools",
    "local_bivariate_moran": "analysis.schools",
    "catchment_scores": "analysis.schools",
    # publish
    "write_geopackage": "publish.gis",
    "write_raster": "publish.gis",
    "draw_map": "publish.maps",
    "save_map": "publish.maps",
    "draw_series": "publish.charts",
    "draw_correlogram": "publish.charts",
    "draw_factors": "publish.charts",
    "draw_funnel": "publish.charts",
    "draw_exclusions_against_idaci": "publish.charts",
    "Page": "publish.briefing",
    "write_briefing": "publish.briefing",
    "draw_prediction": "publish.charts",
    "draw_change": "publish.charts",
    "draw_standardised": "publish.charts",
    "draw_recording": "publish.charts",
    "draw_profile": "publish.charts",
    "write_table": "publish.tables",
    "draw_authority_effects": "publish.charts",
    "write_school_tables": "publish.tables",
    "flagged_schools": "publish.text",
    # studies
    "Study": "study.settings",
    "read_study": "study.settings",
    "make_study": "study.settings",
    "start_study": "study.settings",
    "check_study": "study",
    "run_study": "study",
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
    elif name in ("vocabulary", "model", "errors", "study", "disclosure"):
        value = import_module(f"hotspots.{name}")
    else:
        raise AttributeError(f"module 'hotspots' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
