"""Old names, arguments and keys: each still works for one version, with a warning that names the new one."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import pandas as pd
import pytest
from worlds import make_counts, make_grid

import hotspots as hs
from hotspots.model import renamed_arguments

FLAT = """
Ages AnalysisError AreaCounts Contours Deprivation DisclosureError Events Extract Factors HotspotResult
HotspotsError Neighbours OutputError Page Place SchoolResult Schools Series SourceError Study StudyArea
StudyError Surface authority_effects best_bandwidth bivariate_moran catchment_scores change_since check_study
choose_bandwidth compare_densities compare_recording correlogram count_by_age count_by_quarter count_by_year
count_events describe_authorities diverging_schools draw_authority_effects draw_change draw_correlogram
draw_exclusions_against_idaci draw_factors draw_funnel draw_map draw_prediction draw_profile draw_recording
draw_series draw_standardised find_change_points flagged_schools getis_ord global_statistics kernel_density
link_neighbours local_bivariate_moran local_moran make_study mark_provisional place_schools predictive_accuracy
protect read_ages read_all_factors read_areas read_counts read_deprivation read_episodes read_factors read_hes
read_offences read_places read_police read_population read_recorded read_schools read_study relative_risk
residual_clustering run_study save_map scale_sentence smooth_counts snapping spread_counts standardised_rates
start_study sum_to_years tolerance_contours top_contours vocabulary with_intervals with_rates write_briefing
write_geopackage write_raster write_school_tables write_table
"""
"""The public names of version 0.1.0, which were all at the top."""
ARGUMENTS = {
    "count_events": {"points": "detailed_areas"},
    "authorities.count_by_age": {"points": "detailed_areas"},
    "draw_map": {"places": "place_labels", "noun": "result"},
    "write_geopackage": {"nouns": "contents"},
    "series.write_table": {"noun": "data"},
    "read_counts": {"times": "multiply_by"},
    "kernel_density": {"beyond": "events_beyond_border"},
    "relative_risk": {"least": "minimum_expected"},
    "surfaces.compare_densities": {"least": "minimum_expected"},
    "surfaces.smooth_counts": {"least": "minimum_events"},
}
THIRD = {
    "schools.catchment_scores": "area",
    "schools.diverging_schools": "area",
    "surfaces.compare_densities": "area",
    "surfaces.predictive_accuracy": "area",
    "authorities.count_by_age": "ages",
    "authorities.standardised_rates": "area",
}


def reach(path: str) -> Any:
    """Return what a dotted public name is."""
    found: Any = hs
    for name in path.split("."):
        found = getattr(found, name)
    return found


@renamed_arguments("third", old="new")
def join(first: str, second: str, *, third: str = "c", new: str = "d", fourth: str = "e") -> str:
    """Join."""
    return first + second + third + new + fourth


def test_new_names_pass_without_a_warning():
    assert join("a", "b", third="x", new="y") == "abxye"
    assert str(inspect.signature(join)).startswith("(first: 'str', second: 'str', *, third")


def test_old_names_warn_where_they_are_used():
    with pytest.warns(FutureWarning, match=r"join\(old=\) is now join\(new=\)") as caught:
        assert join("a", "b", old="y") == "abcye"
    assert caught[0].filename == __file__
    with pytest.warns(FutureWarning, match=r"join\(\) takes third= by keyword"):
        assert join("a", "b", "x") == "abxde"


def test_calls_that_can_not_be_meant_are_type_errors():
    with pytest.warns(FutureWarning), pytest.raises(TypeError, match="both old= and new="):
        join("a", "b", old="y", new="y")
    with pytest.warns(FutureWarning), pytest.raises(TypeError, match="both by position and as third="):
        join("a", "b", "x", third="x")
    with pytest.raises(TypeError, match="positional"):
        join("a", "b", "x", "y")


def accepted(path: str) -> dict[str, Any]:
    """Return what the decorator of a public function accepts: `third` and `new_names`."""
    return dict(inspect.getclosurevars(reach(path)).nonlocals)


def test_old_arguments_are_those_that_are_accepted():
    for path, names in ARGUMENTS.items():
        parameters = inspect.signature(reach(path)).parameters
        assert accepted(path)["new_names"] == names
        assert set(names.values()) <= set(parameters)
        assert not set(names) & set(parameters)
    for path, third in THIRD.items():
        assert accepted(path)["third"] == third
        assert inspect.signature(reach(path)).parameters[third].kind is inspect.Parameter.KEYWORD_ONLY


def test_every_old_flat_name_leads_to_its_new_place():
    assert set(hs.OLD_NAMES) == set(FLAT.split()) - set(hs.__all__) - {"vocabulary"}


@pytest.mark.parametrize("old", sorted(hs.OLD_NAMES))
def test_an_old_flat_name_works_with_a_warning(old):
    new = hs.OLD_NAMES[old]
    with pytest.warns(FutureWarning, match=rf"^hotspots\.{old} is now hotspots\.{new}") as caught:
        found = getattr(hs, old)
    assert found is reach(new)
    assert caught[0].filename == __file__
    assert old not in dir(hs)


def test_new_names_do_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for new in hs.OLD_NAMES.values():
            reach(new)


def test_counts_placed_with_detailed_areas_are_the_same_under_both_names():
    area = make_grid(2, 2)
    table = pd.DataFrame({"easting": [400_500.0, 401_500.0], "northing": 299_500.0, "area_code": None})
    events = hs.Events(
        table.assign(when=pd.NaT, kind="crime"), rows_read=2, identity=hs.studies.Identity(release="open")
    )
    with pytest.warns(FutureWarning, match="detailed_areas"):
        old = hs.count_events(events, area, points=area)
    new = hs.count_events(events, area, detailed_areas=area)
    assert old.table.equals(new.table)


def test_a_smooth_surface_takes_its_fewest_events_under_both_names():
    counts = make_counts(make_grid(4, 4), [1] * 16, [7] * 16)
    with pytest.warns(FutureWarning, match="minimum_events"):
        old = hs.surfaces.smooth_counts(counts, least=3)
    assert old.provenance.least_events_asked == 3
