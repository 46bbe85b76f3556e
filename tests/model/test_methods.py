"""Method and settings as files have them: keys, values and words written out by hand for each kind of result."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, fields
from datetime import date

import numpy as np
import pytest
from made_methods import (
    BANDWIDTH,
    CELLS,
    comparison_method,
    contour_method,
    density_method,
    hotspot_method,
    risk_method,
    school_method,
)

from hotspots.model import (
    AdaptiveBandwidths,
    Coverage,
    DensestContours,
    Identity,
    InterpolationMethod,
    RateCurve,
    SchoolComparison,
    SmoothedCountsMethod,
    Smoothing,
    Surface,
    settings_of,
)

CHOICE = {
    "bandwidth_rule": "asked for",
    "bandwidth_silverman_robust_m": 801.2,
    "bandwidth_scott_m": 650.0,
    "radius_per_standard_deviation": 2.828427,
    "map_point_spacing_m": None,
    "bandwidth_floor_m": None,
    "share_on_shared_points": 0.0,
}
TESTED = {"kernel": "quartic", "bandwidth_m": 750.0, "cell_m": 150.0, "cells_judged": 900, "cells_not_judged": 20}
SPRING = Coverage(date(2019, 1, 1), date(2019, 4, 30), missing=("2019-03",))
METHODS = (
    *(hotspot_method(), density_method(), risk_method(), comparison_method(), contour_method(), school_method()),
    *(BANDWIDTH, CELLS),
)


def test_areas():
    method = hotspot_method(statistic="gi", measure="as-given", dispersion=None, inference="bracketed", step=0.01)
    assert list(method.as_dict().items()) == [
        ("statistic", "Getis-Ord Gi"),
        ("null", "exchangeable-risk"),
        ("inference", "bracketed"),
        ("dispersion", None),
        ("step", 0.01),
        ("draws", None),
        ("seed", None),
        ("mid_p", False),
        ("conditional", False),
        ("measure", "value as given"),
        ("neighbours", "queen"),
        ("neighbour_pairs", 220),
        ("components", 1),
        ("islands", 0),
        ("areas_tested", 36),
        ("areas_hidden", 0),
        ("rule", ""),
        ("adjustment", "benjamini-hochberg-apart"),
        ("level", 0.05),
    ]
    usual = hotspot_method().as_dict()
    assert (usual["statistic"], usual["measure"]) == ("Getis-Ord Gi*", "rate per 1,000 people")
    assert usual["dispersion"] == [1.8, 1.8]  # a list, as JSON has it
    assert hotspot_method(statistic="local_moran").as_dict()["statistic"] == "Local Moran's I"


def test_a_density():
    plain = {
        "kernel": "quartic",
        "edge_correction": "diggle",
        "events_beyond_border_used": 0,
        "bandwidth_m": 750.0,
        "adaptive": False,
        "cell_m": 150.0,
        "exact": False,
        "years": 3.0,
        "weights": None,
        "events_used": 1200,
        "events_outside": 3,
        "distinct_points": 1100,
        "integral_analytic": 1200.0,
        "integral_cells": 1199.4,
        "integral_relative_difference": -0.0005,
        "placed_by": "",
    }
    assert density_method().as_dict() == plain | CHOICE
    own = AdaptiveBandwidths(
        adaptive_bandwidth_least_m=200.0, adaptive_bandwidth_median_m=700.0, adaptive_bandwidth_most_m=2000.0
    )
    adaptive = density_method(adaptive=True, bandwidths=own, edge_correction="beyond", cover=SPRING).as_dict()
    assert adaptive == plain | CHOICE | {
        "edge_correction": "none, as events beyond the border are used",
        "adaptive": True,
        "adaptive_bandwidth_least_m": 200.0,
        "adaptive_bandwidth_median_m": 700.0,
        "adaptive_bandwidth_most_m": 2000.0,
        "months_covered": ["2019-01", "2019-02", "2019-04"],
        "months_missing": ["2019-03"],
    }


def test_counts_of_areas_as_a_surface():
    method = InterpolationMethod(
        method="pycnophylactic",
        cell_m=100.0,
        years=None,
        cover=None,
        areas=36,
        areas_hidden=2,
        areas_without_count=1,
        areas_without_cell=0,
        rule="nhs-digital",
        smoothing=Smoothing(steps=40, last_change=0.0005, tolerance=0.001),
    )
    assert method.as_dict() == {
        **{"method": "pycnophylactic", "cell_m": 100.0, "years": None, "areas": 36, "areas_hidden": 2},
        **{"areas_without_count": 1, "areas_without_cell": 0, "rule": "nhs-digital"},
        **{"steps": 40, "last_change": 0.0005, "tolerance": 0.001},
    }
    smoothed = SmoothedCountsMethod(
        method="even-smoothed",
        kernel="quartic",
        radius_m=1250.0,
        cell_m=100.0,
        years=3.0,
        least_events_asked=10,
        least_events_under_a_peak=12.5,
        areas_hidden=2,
        edge_correction="diggle-on-cells",
        cover=None,
    )
    assert smoothed.as_dict() == {
        **{"method": "counts by area, spread evenly and smoothed", "kernel": "quartic", "radius_m": 1250.0},
        **{"cell_m": 100.0, "years": 3.0, "least_events_asked": 10, "least_events_under_a_peak": 12.5},
        **{"areas_hidden": 2, "edge_correction": "diggle, on the cells"},
    }


def test_tested_surfaces():
    assert risk_method().as_dict() == {
        **TESTED,
        **CHOICE,
        **{"null": "events fall independently, in proportion to people", "edge_correction": "cancels in the ratio"},
        **{"inference": "saddlepoint", "simulations": None, "least_expected_events": 1.0, "events_used": 1200},
        **{"people": 30_000.0, "people_spread": "People are distributed evenly.", "placed_by": ""},
    }
    removed = {
        **TESTED,
        **CHOICE,
        **{"null": "the number of labels is held", "totals": "removed", "overall_ratio": 1.5, "share_of_first": 0.6},
        **{"years": [3.0, 3.0], "edge_correction": "cancels in the ratio", "inference": "saddlepoint"},
        **{"simulations": None, "least_expected_events": 1.0, "least_expected_events_together": 7.0},
        **{"events_used_first": 600, "events_used_second": 400},
    }
    assert comparison_method().as_dict() == removed
    kept = comparison_method(null="labels-by-years", totals="kept", edge_correction="uniform", years=None).as_dict()
    words = {"null": "each event by itself, by share of years", "edge_correction": "uniform"}
    assert kept == removed | words | {"totals": "kept", "years": None}


def test_contours():
    assert list(contour_method(left_out={"raised": 1}).as_dict().items()) == [
        ("level", 0.05),
        ("adjustment", "none"),
        ("cells_tested", 900),
        ("p_raised_cutoff", 0.02),
        ("p_lowered_cutoff", None),
        ("smallest_km2", 0.1),
        ("left_out", {"raised": 1}),
    ]
    densest = contour_method(cells=DensestContours(of="events", share=0.25, threshold=2.5, cells=4))
    assert list(densest.as_dict()) == ["of", "share", "threshold", "cells", "smallest_km2", "left_out"]


def test_schools():
    plain = [
        ("model", "negative binomial (NB2)"),
        ("fit", "robust (clipped residuals)"),
        ("schools_in_model", 10),
        ("schools_hidden", 2),
        ("residuals_clipped", 1),
        ("dispersion", 0.2),
        ("beyond_95_by_chance", {"above": 0.234, "below": 0.14}),
        ("explained_share", 0.3),
        ("poisson_phi", 2.0),
        ("adjustment", "benjamini-hochberg"),
        ("covariates", ()),
        ("level", 0.05),
        ("catchment_decay_m", 1500.0),
        (
            "rate_average",
            {
                **{"per_100": 0.2, "per_100_low": 0.18, "per_100_high": 0.22, "low": 60.0, "high": 72.0},
                **{"pupil_years": 33_000.0, "schools": 10},
            },
        ),
        ("index_measure", "score"),
        ("areas_ranked", 32_844.0),
        ("fewer_in_most_deprived", ()),
        ("more_in_least_deprived", ()),
    ]
    assert list(school_method().as_dict().items()) == plain
    line = dict.fromkeys(
        ("index", "expected", "expected_low", "expected_high", "limit_low_95", "limit_high_95"), (0.1, 0.2)
    )
    again = SchoolComparison(slope=(1.2, 1.1, 1.3), dispersion=0.1, explained_share=0.2)
    whole = school_method(
        model="poisson", index_measure="estimated-score", curve=RateCurve(**line), catchment=again, rank=again
    )
    assert whole.as_dict() == dict(plain) | {
        "model": "Poisson",
        "index_measure": "estimated score",
        "curve": line,
        **{"catchment_slope": (1.2, 1.1, 1.3), "catchment_dispersion": 0.1, "catchment_explained_share": 0.2},
        **{"rank_slope": (1.2, 1.1, 1.3), "rank_dispersion": 0.1, "rank_explained_share": 0.2},
    }


@pytest.mark.parametrize("method", METHODS, ids=lambda method: type(method).__name__)
def test_a_method_can_be_sent_to_another_process_and_not_be_changed(method):
    assert pickle.loads(pickle.dumps(method)) == method
    with pytest.raises(FrozenInstanceError):
        setattr(method, fields(method)[0].name, None)


def test_a_surface_made_by_hand_has_no_settings():
    surface = Surface(
        np.zeros((1, 1)),
        (0.0, 0.0),
        100.0,
        "events per km²",
        0.0,
        "quartic",
        500.0,
        provenance=None,
        identity=Identity(release="open"),
    )
    assert settings_of(surface) == {}


def test_the_spread_of_risks_by_hand():
    # Risks 0, 1 and 4 with shares .25, .5 and .25: mean 1.5, variance (1.5² + 2 x 0.5² + 2.5²) / 4 = 2.25.
    risks = ((0.0, 0.25), (1.0, 0.5), (4.0, 0.25))
    assert hotspot_method(null="scattered-risk", dispersion=None, risks=risks).spread_of_risks == pytest.approx(1.0)
    assert hotspot_method().spread_of_risks is None
