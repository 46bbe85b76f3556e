"""The fixed words: columns, classes with their colours and wording, releases, codes of places and causes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

CRS: Final = "EPSG:27700"
"""British National Grid; everything is in it, in metres."""

# --------------------------------------------------------------------------- releases

Profile = Literal["publish", "restricted"]

UNRELEASED: Final = "unreleased"
RESTRICTED: Final = "restricted"
INVENTED: Final = "invented"
OPEN: Final = "open"

RELEASE_WORDS: Final = {
    OPEN: "published data",
    INVENTED: "Invented data: not about real people or events",
    RESTRICTED: "RESTRICTED: true counts of people, for named readers only",
}


def weakest_release(*marks: str) -> str:
    """Return the mark that asks for the most care: what is computed from several sources has it.

    Examples
    --------
    >>> weakest_release("open", "invented")
    'invented'
    >>> weakest_release("open", "nhs-digital", "invented")
    'nhs-digital'
    """
    order = {UNRELEASED: 0, RESTRICTED: 1, INVENTED: 3, OPEN: 4}
    # Any other mark is the name of the rule under which counts were protected.
    return min(marks, key=lambda mark: order.get(mark, 2))


# --------------------------------------------------------------------------- results

Method = Literal["getis_ord", "local_moran"]
Statistic = Literal["gi_star", "gi", "local_moran"]
"""The statistic of a method: Gi is Gi* without the area itself."""
Null = Literal["scattered-risk", "exchangeable-risk", "constant-risk", "randomisation"]
ScanNull = Literal["exchangeable-risk", "constant-risk"]
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
RiskNull = Literal["scattered-risk", "exchangeable-risk", "constant-risk"]
"""Those of surfaces, which have no values that could be placed at random."""
Measure = Literal["count", "rate", "empirical-bayes"]
TestedMeasure = Literal["count", "rate", "ratio", "empirical-bayes", "as-given"]
"""What was tested; values that are not whole are taken as they are given."""
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

RESULT_COLUMNS: Final = (
    "area_id",
    "name",
    "la_code",
    "la_name",
    "observed_low",
    "observed_high",
    "population",
    "expected",
    "rate",
    "rate_low",
    "rate_high",
    "neighbours",
    "window_low",
    "window_high",
    "gi_z",
    "moran_i",
    "quadrant",
    "p_hot_low",
    "p_hot_high",
    "p_cold_low",
    "p_cold_high",
    "p_low",
    "p_high",
    "p_adjusted_low",
    "p_adjusted_high",
    "class",
    "certainty",
    "hot_without_largest",
    "null",
    "reason",
    "geometry",
)

COLUMN_WORDS: Final = {
    "area_id": ("Area code", "GSS code of the area"),
    "name": ("Area name", "Name of the area"),
    "la_code": ("Authority code", "GSS code of the local authority"),
    "la_name": ("Authority", "Name of the local authority"),
    "observed_low": ("Events, at least", "Events counted in the area: lower bound; equals the upper where known"),
    "observed_high": ("Events, at most", "Events counted in the area: upper bound"),
    "population": ("Population", "People living in the area"),
    "expected": ("Events expected", "Events if every person had the same risk"),
    "rate": ("Rate per 1,000", "Events per 1,000 people over the period; empty where the count is suppressed"),
    "rate_low": ("Rate, at least", "Rate per 1,000 from the lower bound of the count"),
    "rate_high": ("Rate, at most", "Rate per 1,000 from the upper bound of the count"),
    "neighbours": ("Neighbours", "Number of neighbouring areas"),
    "window_low": ("Window's events, at least", "Events in the tested window of areas: lower bound"),
    "window_high": ("Window's events, at most", "Events in the tested window of areas: upper bound"),
    "gi_z": ("Gi z-score", "Classical Getis-Ord z-score (binary weights), for comparison with other programs"),
    "moran_i": ("Local Moran's I", "Classical Local Moran's I (row-standardised), for comparison"),
    "quadrant": ("Moran quadrant", "Own value and neighbours' value against the mean, tested or not"),
    "p_hot_low": ("p (hot), at least", "P(window count at least as large | null): lower bound"),
    "p_hot_high": ("p (hot), at most", "P(window count at least as large | null): upper bound"),
    "p_cold_low": ("p (cold), at least", "P(window count at most as large | null): lower bound"),
    "p_cold_high": ("p (cold), at most", "P(window count at most as large | null): upper bound"),
    "p_low": ("p, at least", "Two-sided p-value: lower bound"),
    "p_high": ("p, at most", "Two-sided p-value: upper bound"),
    "p_adjusted_low": ("Adjusted p, at least", "Two-sided p-value after adjustment: lower bound"),
    "p_adjusted_high": ("Adjusted p, at most", "Two-sided p-value after adjustment: upper bound"),
    "class": ("Class", "What the map shows"),
    "certainty": ("Certainty", "Whether the class is the same for all possible values of suppressed counts"),
    "hot_without_largest": (
        "Hot without largest area",
        "Whether the window would still be hot without its area with the largest excess of events; hot areas only",
    ),
    "null": ("Null hypothesis", "The null hypothesis the p-values are computed under"),
    "reason": ("Reason", "Why the area was not tested, or why its count is suppressed"),
}

SCHOOL_COLUMN_WORDS: Final = {
    "school_id": ("School", "DfE's number of the school: authority and establishment (laestab)"),
    "name": ("School name", "Name of the school"),
    "la_code": ("Authority code", "GSS code of the local authority that runs the school"),
    "la_name": ("Authority", "Name of the local authority that runs the school"),
    "easting": ("Easting", "British National Grid, in metres; empty where the school could not be located"),
    "northing": ("Northing", "British National Grid, in metres; empty where the school could not be located"),
    "pupils": ("Pupil-years", "Pupils, summed over the years"),
    "low": ("Exclusions, at least", "Permanent exclusions over the years: lower bound; equals the upper where known"),
    "high": ("Exclusions, at most", "Permanent exclusions over the years: upper bound"),
    "years": ("Years", "Number of years with a record"),
    "marks": ("Marks", "Marker in the source in place of a number, and the number of years with it"),
    "hidden_years": ("Years suppressed", "Number of years in which the count of permanent exclusions is suppressed"),
    "phase": ("Phase", "Phase of education in the register of schools"),
    "type": ("Type", "Type of establishment in the register of schools"),
    "status": ("Status", "Whether the school is open, in the register of schools"),
    "linked": ("Linked by", "How the register and the exclusions data were linked"),
    "predecessors": ("Earlier schools", "Schools whose earlier years are counted here, and the evidence"),
    "reason": ("Reason", "Why the school can't be judged"),
    "area_id": ("Area code", "GSS code of the area that contains the school"),
    "area_la_code": ("Authority of the location", "GSS code of the local authority that contains the school"),
    "idaci": ("{index}", "Share of children in income-deprived families in the area that contains the school"),
    "idaci_rank": ("{index} rank", "Rank of the school's area, 1 is the most deprived"),
    "idaci_decile": ("{index} decile", "1 is the most deprived tenth of areas in England"),
    "rate": ("Rate per 100", "Permanent exclusions per 100 pupils per year; empty where the count is suppressed"),
    "rate_low": ("Rate, at least", "Rate per 100 pupils per year from the lower bound of the count"),
    "rate_high": ("Rate, at most", "Rate per 100 pupils per year from the upper bound of the count"),
    "ratio": (
        "Rate over average",
        "Rate over the average of all schools compared; empty where the count is suppressed",
    ),
    "ratio_low_95": (
        "Over average, 95% from",
        "Lower end of the 95% interval of the rate over average, for all possible values of suppressed counts",
    ),
    "ratio_high_95": (
        "Over average, 95% to",
        "Upper end of the 95% interval of the rate over average, for all possible values of suppressed counts",
    ),
    "rate_class": ("Class of rate", "Rate over the average of all schools compared, in five classes"),
    "rate_differs": ("Differs from average", "Whether the 95% interval of the rate excludes the average"),
    "expected": ("Exclusions expected", "Permanent exclusions expected from deprivation and size"),
    "limit_low_95": ("Lower limit, 95%", "Count below which the school is below expected"),
    "limit_high_95": ("Upper limit, 95%", "Count above which the school is above expected"),
    "limit_low_998": ("Lower limit, 99.8%", "Count below which the school is far below expected"),
    "limit_high_998": ("Upper limit, 99.8%", "Count above which the school is far above expected"),
    "p_above": ("p (above)", "Mid-p: probability of at least this many exclusions if the expected rate is right"),
    "p_below": ("p (below)", "Mid-p: probability of at most this many exclusions if the expected rate is right"),
    "p_adjusted": ("Adjusted p", "Two-sided p-value after adjustment for the number of schools"),
    "class": ("Class", "What the map shows"),
    "idaci_catchment": ("{index}, catchment", "Index of the modelled catchment, where the school's pupils may live"),
    "expected_catchment": ("Expected, catchment", "Permanent exclusions expected from the catchment's index and size"),
    "class_catchment": ("Class, catchment", "Class against the index of the catchment"),
    "class_rank": ("Class, rank", "Class against the published rank of the school's area instead of the score"),
    "holds": ("Confirmed under", "Whether the school differs from expected given its own area, its catchment, or both"),
}
AUTHORITY_COLUMN_WORDS: Final = {
    "la_code": ("Authority code", "GSS code of the local authority"),
    "la_name": ("Authority", "Name of the local authority"),
    "areas": ("Areas", "Number of areas of the study in the authority"),
    "population": ("Population", "People living in the authority's areas"),
}
CONTOUR_COLUMN_WORDS: Final = {
    "contour_id": ("Number", "Number of the polygon"),
    "kind": ("Kind", "What the polygon encloses"),
    "words": ("Description", "What the polygon encloses, with the level or the share"),
    "label": ("Label", "Label on the map: the share of events inside, or the size"),
    "threshold": ("Threshold", "The value, or the p-value, that the cells inside pass"),
    "area_km2": ("Area, km²", "Size of the polygon in square kilometres"),
    "share_of_area": ("Share of area", "Size of the polygon over the study area, 0 to 1"),
    "events": ("Events", "Events inside; empty where they may not be counted"),
    "share_of_events": ("Share of events", "Events inside over all events in the study area, 0 to 1"),
}

CLUSTER_COLUMN_WORDS: Final = {
    "cluster": ("Number", "Number of the cluster, the most unlikely first"),
    "areas": ("Areas", "Number of areas in the cluster"),
    "people": ("People", "People living in its areas"),
    "observed_low": ("Events, at least", "Events in its areas: lower bound; equals the upper where known"),
    "observed_high": ("Events, at most", "Events in its areas: upper bound"),
    "expected_low": ("Expected, at least", "Events expected at the overall rate of the areas scanned: lower bound"),
    "expected_high": ("Expected, at most", "Events expected at the overall rate of the areas scanned: upper bound"),
    "ratio_low": ("Ratio, at least", "Events over expected events, for all possible values of suppressed counts"),
    "ratio_high": ("Ratio, at most", "Events over expected events, for all possible values of suppressed counts"),
    "ratio_low_95": (
        "Ratio, 95% from",
        "Lower end of the 95% interval of the ratio, as if the zone had not been searched for",
    ),
    "ratio_high_95": (
        "Ratio, 95% to",
        "Upper end of the 95% interval of the ratio, as if the zone had not been searched for",
    ),
    "statistic_low": ("Statistic, at least", "What zones are compared by: lower bound"),
    "statistic_high": ("Statistic, at most", "What zones are compared by: upper bound"),
    "p_low": ("p, at least", "Chance that any zone of a map without clusters is as unlikely: lower bound"),
    "p_high": ("p, at most", "Chance that any zone of a map without clusters is as unlikely: upper bound"),
    "p_error": ("Standard error of p", "Standard error of the p-value, which is estimated from random maps"),
    "p_bound": ("Bound of p", "The p-value can't exceed this, whatever the random maps"),
    "certainty": ("Certainty", "Whether it is a cluster for all possible values of suppressed counts"),
    "radius": ("Radius, m", "From the centre of the zone to that of its farthest area; of an ellipse the longer axis"),
    "shape": ("Shape", "Longer over shorter axis of the zone; 1 is a circle"),
    "angle": ("Angle", "Direction of the longer axis in degrees, from east anticlockwise"),
    "area_ids": ("Area codes", "Codes of its areas, separated by spaces"),
}

_NAMES_OF_AREAS: Final = {
    "area_id": COLUMN_WORDS["area_id"],
    "name": COLUMN_WORDS["name"],
    "la_code": COLUMN_WORDS["la_code"],
    "la_name": COLUMN_WORDS["la_name"],
}
StabilityChoice = Literal["neighbours", "null", "period", "population", "extent"]
"""What variants of an analysis differ in."""
CHOICE_WORDS: Final[dict[str, str]] = {
    "neighbours": "the choice of neighbours",
    "null": "the null hypothesis",
    "period": "the period",
    "population": "the population",
    "extent": "the extent of the study area",
}
STABILITY_COLUMN_WORDS: Final = {
    **_NAMES_OF_AREAS,
    "class": ("Class", "What the map shows: hot in all, most, some or none of the variants"),
    "hot_low": (
        "Share hot, at least",
        "Share of the variants in which the area is hot, whatever suppressed counts are",
    ),
    "hot_high": ("Share hot, at most", "Share of the variants in which the area is hot or may be, 0 to 1"),
    "cold_low": ("Share cold, at least", "Share of the variants in which it is cold, whatever suppressed counts are"),
    "cold_high": ("Share cold, at most", "Share of the variants in which the area is cold or may be, 0 to 1"),
    "variants": ("Variants", "Number of variants of the analysis in which the area was tested"),
    "decided_by": ("Decided by", "The choice on which it depends most whether the area is hot; empty if on none"),
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
AGREEMENT_COLUMN_WORDS: Final = {
    **_NAMES_OF_AREAS,
    "class": ("Class", "What the map shows: the number of methods by which the area is hot"),
    "hot_methods": ("Methods, hot", "Number of methods by which the area is hot, whatever suppressed counts are"),
    "methods": ("Methods", "Number of methods that tested the area"),
    "getis_ord": ("Getis-Ord Gi*", "Whether the area and its neighbours together are hot"),
    "local_moran": ("Local Moran's I", "Whether the area and its neighbours are both high (High-High)"),
    "scan": ("Scan statistic", "Whether the area is in a cluster beyond chance"),
    "surface": ("Surface", "Whether more than half of the area is in contours of raised risk"),
    "covered": ("Share raised", "Share of the area in contours of raised risk, 0 to 1"),
}


@dataclass(frozen=True)
class ClassStyle:
    """How one class looks and reads wherever it is shown.

    `hatch` is a matplotlib hatch, so that the class survives a black-and-white printer; `marker` is a
    matplotlib marker for point classes.
    """

    key: str
    label: str
    colour: str
    hatch: str = ""
    marker: str = "o"


GI_CLASSES: Final = (
    ClassStyle("hot_99", "Hot, 99% confidence", "#a50f15"),
    ClassStyle("hot_95", "Hot, 95% confidence", "#de2d26"),
    ClassStyle("hot_90", "Hot, 90% confidence", "#fcae91"),
    ClassStyle("not_significant", "Not significant", "#f2f0eb"),
    ClassStyle("cold_90", "Cold, 90% confidence", "#c6dbef", hatch="..."),
    ClassStyle("cold_95", "Cold, 95% confidence", "#6baed6", hatch="..."),
    ClassStyle("cold_99", "Cold, 99% confidence", "#08519c", hatch="..."),
    ClassStyle("not_tested", "Not tested", "#ffffff", hatch="xxx"),
)
MORAN_CLASSES: Final = (
    ClassStyle("high_high", "High-High: high, neighbours high", "#b2182b"),
    ClassStyle("high_low", "High-Low: high, neighbours low", "#f4a582", hatch="///"),
    ClassStyle("not_significant", "Not significant", "#f2f0eb"),
    ClassStyle("low_high", "Low-High: low, neighbours high", "#92c5de", hatch="\\\\\\"),
    ClassStyle("low_low", "Low-Low: low, neighbours low", "#2166ac", hatch="..."),
    ClassStyle("not_tested", "Not tested", "#ffffff", hatch="xxx"),
)
SCHOOL_CLASSES: Final = (
    ClassStyle("far_above", "Far above expected (beyond 99.8%)", "#b30000", marker="^"),
    ClassStyle("above", "Above expected (beyond 95%)", "#fc8d59", marker="^"),
    ClassStyle("as_expected", "As expected", "#ffffff", marker="o"),
    ClassStyle("below", "Below expected (beyond 95%)", "#78c679", marker="v"),
    ClassStyle("far_below", "Far below expected (beyond 99.8%)", "#005a32", marker="v"),
    ClassStyle("cannot_be_judged", "Cannot be judged", "#969696", marker="X"),
)
RATE_CLASSES: Final = (
    ClassStyle("above_twice", "Above twice the average", "#b30000", marker="^"),
    ClassStyle("above", "1.1 times to twice the average", "#fc8d59", marker="D"),
    ClassStyle("about", "About average (0.9 to 1.1 times)", "#bdbdbd", marker="o"),
    ClassStyle("below", "Half to 0.9 times the average", "#78c679", marker="s"),
    ClassStyle("below_half", "Below half the average", "#005a32", marker="v"),
    ClassStyle("depends", "Class depends on suppressed counts", "#969696", marker="X"),
)
"""A school's rate over the average of all; the colours of `SCHOOL_CLASSES`, and a shape for each."""
CLUSTER_CLASSES: Final = (
    ClassStyle("certain", "Cluster beyond chance", "#de2d26"),
    ClassStyle("depends", "Cluster or not: depends on suppressed counts", "#fcae91"),
    ClassStyle("never", "Most unlikely zone, but within chance", "#ffffff"),
)
"""Zones of a scan by what is known of them; the strong and the weak red of hot areas."""
STABILITY_CLASSES: Final = (
    ClassStyle("in_all", "Hot in all variants that test it", "#7f0000"),
    ClassStyle("in_most", "Hot in most (over half)", "#d7301f"),
    ClassStyle("in_some", "Hot in some", "#fdbb84"),
    ClassStyle("in_none", "Hot in none", "#f2f0eb"),
    ClassStyle("not_tested", "Not tested", "#ffffff", hatch="xxx"),
)
"""In how many variants of an analysis an area is hot; each colour is lighter than the one before, on any printer."""
AGREEMENT_CLASSES: Final = (
    ClassStyle("four", "Hot by four methods", "#67000d"),
    ClassStyle("three", "Hot by three methods", "#b2182b"),
    ClassStyle("two", "Hot by two methods", "#ef6548"),
    ClassStyle("one", "Hot by one method", "#fdcc8a"),
    ClassStyle("none", "Hot by no method", "#f2f0eb"),
    ClassStyle("not_tested", "Not tested", "#ffffff", hatch="xxx"),
)
"""By how many methods an area is hot."""
HOLDS_WORDS: Final = {
    "": "",
    "both": "own area and catchment",
    "own-area": "own area only",
    "catchment": "catchment only",
    "contrary": "own area and catchment contradict each other",
}
"""Under which deprivation a school stands out; nothing where under none."""
METHOD_CLASSES: Final[dict[Method, tuple[ClassStyle, ...]]] = {
    "getis_ord": GI_CLASSES,
    "local_moran": MORAN_CLASSES,
}
METHOD_TITLES: Final[dict[Method, str]] = {"getis_ord": "Getis-Ord Gi*", "local_moran": "Local Moran's I"}
STATISTIC_TITLES: Final[dict[Statistic, str]] = {
    "gi_star": METHOD_TITLES["getis_ord"],
    "gi": "Getis-Ord Gi",
    "local_moran": METHOD_TITLES["local_moran"],
}
HOT_CLASSES: Final = frozenset({"hot_99", "hot_95", "hot_90", "high_high"})
COLD_CLASSES: Final = frozenset({"cold_99", "cold_95", "cold_90", "low_low"})
LEVEL_OF_CLASS: Final = {
    "hot_99": 0.01, "hot_95": 0.05, "hot_90": 0.10, "cold_99": 0.01, "cold_95": 0.05, "cold_90": 0.10,
}  # fmt: skip
"""The level that a Gi* class stands for, after adjustment."""
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

CERTAINTY_WORDS: Final = {
    "certain": "the same for all possible values of suppressed counts",
    "depends": "depends on suppressed counts",
    "never": "not significant for any possible value of suppressed counts",
    "not_tested": "not tested",
}

WITHOUT_LARGEST_WORDS: Final = {
    "yes": "yes",
    "no": "no: it may be one address",
    "depends": "depends on suppressed counts",
    "not_tested": "not tested",
}
"""Whether a window is hot without the area that has the largest excess in it."""

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

# --------------------------------------------------------------------------- codes

WEST_MIDLANDS: Final = {
    "E08000025": "Birmingham",
    "E08000026": "Coventry",
    "E08000027": "Dudley",
    "E08000028": "Sandwell",
    "E08000029": "Solihull",
    "E08000030": "Walsall",
    "E08000031": "Wolverhampton",
}
"""The seven local authorities of the West Midlands police force area (E23000014)."""

LSOA_PREFIXES: Final = ("E01", "W01")

NEWEST_LSOA_2011: Final = {"E01": 33_768, "W01": 1_958}
"""Number of the newest LSOA of 2011 (England, Wales); what is newer came with 2021 and was given to no older area."""


def is_newer_lsoa(code: str) -> bool:
    """Whether this is the code of an LSOA that there was not yet in 2011."""
    return code[:3] in NEWEST_LSOA_2011 and code[3:].isdigit() and int(code[3:]) > NEWEST_LSOA_2011[code[:3]]


OFFICIAL: Final = re.compile("[EWNSKJewnskj][0-9]{8}")
"""A code of ONS: a letter for the country and eight digits."""


def detect_vintage(codes: Iterable[str]) -> int | None:
    """Return the year of the geography, 2011 or 2021, that these codes of LSOAs belong to; None if it can't be told.

    About one LSOA in twenty changed its code between 2011 and 2021, so a hundred or more without a single
    newer code are taken to be of 2011. Fewer prove nothing: an unchanged area has the same code in both.

    Examples
    --------
    >>> detect_vintage(["E01008881", "E01034955"])
    2021
    >>> detect_vintage(f"E0100{n}" for n in range(8881, 9081))
    2011
    >>> detect_vintage(["E01008881"]) is None
    True
    """
    lsoas = {code for code in codes if code[:3] in NEWEST_LSOA_2011 and len(code) == 9 and code[3:].isdigit()}
    lsoas = {code for code in lsoas if code[3:] != "999999"}
    if any(is_newer_lsoa(code) for code in lsoas):
        return 2021
    return 2011 if len(lsoas) >= 100 else None


def tidy_code(code: str) -> str:
    """Return a code without spaces around it, and in capitals if it is one of ONS's; others are kept as they are.

    Examples
    --------
    >>> tidy_code(" e01009012"), tidy_code("c331")
    ('E01009012', 'c331')
    """
    code = code.strip()
    return code.upper() if OFFICIAL.fullmatch(code) else code


VIOLENCE: Final = ("X85", "Y09")
"""First and last ICD-10 category of assault (Chapter XX, X85-Y09)."""

SHARP_OBJECT: Final = "X99"
"""ICD-10: assault by sharp object."""

ATTRIBUTION: Final = (
    "Contains National Statistics data © Crown copyright and database right {year}",
    "Contains OS data © Crown copyright and database right {year}",
    "Office for National Statistics, licensed under the Open Government Licence v3.0",
)
"""Asked for wherever ONS boundaries are drawn; the year is that of their supply, not of the geography."""
