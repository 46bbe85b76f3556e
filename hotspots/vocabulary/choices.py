"""What can be chosen: methods, null hypotheses, kernels and the like, and what each is called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

Method = Literal["getis_ord", "local_moran"]

Statistic = Literal["gi_star", "gi", "local_moran"]
"""The statistic of a method: Gi is Gi* without the area itself."""

Null = Literal["scattered-risk", "exchangeable-risk", "constant-risk", "randomisation"]

ScanNull = Literal["scattered-risk", "exchangeable-risk", "constant-risk"]
"""Null hypotheses of a scan."""

ZoneShape = Literal["circles", "ellipses"]

Secondary = Literal["apart", "removed"]
"""How clusters after the first are sought: among zones that don't overlap it, each against the same maximum; or on the
map without the areas of those found before."""

ScanStatistic = Literal["likelihood-ratio", "tail"]
"""What zones are compared by: Kulldorff's likelihood ratio, or how unlikely a count at least as high is."""

SCAN_STATISTIC_WORDS: Final[Mapping[ScanStatistic, str]] = {
    "likelihood-ratio": "logarithm of the likelihood ratio",
    "tail": "minus the logarithm of the chance of a count at least as high",
}

SpaceTimeModel = Literal["permutation", "poisson"]
"""What is expected in an area and period: the share of its area times that of its period, of the events; or the share
of its people times that of its days."""

SPACE_TIME_WORDS: Final[Mapping[SpaceTimeModel, str]] = {
    "permutation": "space-time permutation",
    "poisson": "space-time Poisson",
}

PeriodLength = Literal["month", "quarter", "year"]
"""By which calendar periods events are counted."""

RiskNull = Literal["scattered-risk", "exchangeable-risk", "constant-risk"]
"""Those of surfaces, which have no values that could be placed at random."""

Measure = Literal["count", "rate", "empirical-bayes"]

TestedMeasure = Literal["count", "rate", "ratio", "empirical-bayes", "as-given"]
"""What was tested; values that are not whole are taken as they are given."""

MOST_TIMES: Final = 100.0
"""The largest ratio of a surface, and one over it the smallest: beyond these, one of its sides is empty."""

SurfaceKind = Literal["density", "spread", "relative-risk", "ratio", "difference"]
"""Events per km²; counts of areas spread over their cells; the natural logarithm of a ratio of risks (events over
population) or of densities (one kind or period over another); one density less another."""

SURFACE_STEMS: Final = {
    "density": "density",
    "spread": "density",
    "relative-risk": "risk",
    "ratio": "ratio",
    "difference": "difference",
}
"""What the values are, as it stands in names of files and layers."""

LOCATIONS_UNKNOWN: Final = "Locations within areas are not known."

DENSE_IS_NOT_RISK: Final = "It shows where events are dense, not where risk is high."

SURFACE_LIMITS: Final[Mapping[SurfaceKind, tuple[str, ...]]] = {
    "density": (DENSE_IS_NOT_RISK,),
    "spread": (LOCATIONS_UNKNOWN, DENSE_IS_NOT_RISK),
}
"""What no surface of a kind can show, in sentences."""

Adjustment = Literal["benjamini-hochberg", "benjamini-hochberg-apart", "benjamini-yekutieli", "bonferroni", "none"]

WindowInference = Literal["exact", "bracketed", "computed", "simulated"]
"""How p-values of windows are computed: exactly, between two lattices, with an estimated dispersion, simulated."""

SurfaceInference = Literal["saddlepoint", "asymptotic", "simulation"]
"""How p-values of cells are computed."""

Kernel = Literal["quartic", "epanechnikov", "triangular", "uniform", "gaussian"]

Edge = Literal["diggle", "uniform", "none"]
"""How a density is corrected at the border: each event, each cell, or neither."""

BandwidthRule = Literal[
    "silverman-robust", "silverman", "scott", "oversmoothing", "least-squares", "likelihood", "diggle"
]

Comparison = Literal["ratio", "difference"]

Totals = Literal["removed", "kept"]
"""Whether a comparison sets aside that one file has more events than the other everywhere alike."""

SpreadMethod = Literal["pycnophylactic", "even"]
"""How counts of areas become a surface: as smooth as it can be, or the same density all over an area."""

PlacedBy = Literal["occurrence", "residence", ""]
"""Whether events are placed where they happened or where those involved live; empty where that is not known."""

DensestPart = Literal["area", "events"]
"""What the densest cells are to make up a share of."""

Covariate = Literal["phase", "authority"]
"""What schools are compared within, beside deprivation and size."""

CONTOUR_KINDS: Final = {
    "raised": "Raised risk",
    "lowered": "Lowered risk",
    "top_area": "Densest part of the area",
    "top_events": "Densest part of the events",
}
"""What a contour goes around."""


StabilityChoice = Literal["neighbours", "null", "period", "population", "extent"]
"""What variants of an analysis differ in."""

CHOICE_WORDS: Final[dict[str, str]] = {
    "neighbours": "the choice of neighbours",
    "null": "the null hypothesis",
    "period": "the period",
    "population": "the population",
    "extent": "the extent of the study area",
}

ComparedMethod = Literal["getis_ord", "local_moran", "scan", "surface"]
"""Methods whose findings by area can be compared."""

AGREEMENT_TITLES: Final[Mapping[ComparedMethod, str]] = {
    "getis_ord": "Getis-Ord Gi*",
    "local_moran": "Local Moran's I",
    "scan": "the scan statistic",
    "surface": "the surface",
}

ANSWER_WORDS: Final = {"yes": "hot", "no": "not hot", "not_tested": "not tested", "not_given": "method not compared"}
"""What one method says of one area."""

METHOD_TITLES: Final[dict[Method, str]] = {"getis_ord": "Getis-Ord Gi*", "local_moran": "Local Moran's I"}

STATISTIC_TITLES: Final[dict[Statistic, str]] = {
    "gi_star": METHOD_TITLES["getis_ord"],
    "gi": "Getis-Ord Gi",
    "local_moran": METHOD_TITLES["local_moran"],
}

ADJUSTMENT_WORDS: Final[dict[Adjustment, str]] = {
    "benjamini-hochberg": "false discovery rate controlled (Benjamini–Hochberg)",
    "benjamini-hochberg-apart": (
        "false discovery rate controlled (Benjamini–Hochberg), separately among hot and among cold areas"
    ),
    "benjamini-yekutieli": "false discovery rate controlled (Benjamini–Yekutieli)",
    "bonferroni": "adjusted by Bonferroni's method",
    "none": "not adjusted for the number of areas",
}

MORAN_ADJUSTMENT_WORDS: Final[dict[Adjustment, str]] = ADJUSTMENT_WORDS | {
    "benjamini-hochberg-apart": (
        "false discovery rate controlled (Benjamini–Hochberg), separately among areas with more and among areas with "
        "fewer events around them"
    ),
}
"""The same for local Moran, whose areas are neither hot nor cold."""

NULL_WORDS: Final[dict[Null, str]] = {
    "scattered-risk": "areas differ in risk, some perhaps by much, but the differences are scattered at random",
    "exchangeable-risk": "areas differ in risk by moderate amounts, and the differences are scattered at random",
    "constant-risk": "everyone has the same risk",
    "randomisation": "the observed counts are placed on the areas at random, whatever their population",
}

HOT_MEANS: Final[dict[Null, str]] = {
    "scattered-risk": "hot means that high risks cluster more than expected by chance",
    "exchangeable-risk": "hot means that high risks cluster more than expected by chance",
    "constant-risk": "hot means above the study area's average",
    "randomisation": "hot means that high counts cluster",
}
"""What a hot area has under each null; local Moran has clusters and outliers instead, and no hot areas."""

MEASURE_WORDS: Final[dict[TestedMeasure, str]] = {
    "count": "count of events",
    "rate": "rate per 1,000 people",
    "ratio": "events over those expected",
    "empirical-bayes": "empirical Bayes rate per 1,000 people",
    "as-given": "value as given",
}
"""What is placed at random under randomisation; the nulls of risk take counts and population themselves."""

MOST_DISPERSION: Final = 1e4
"""A variance over the mean beyond this is no longer scatter: the search for it ends here."""
