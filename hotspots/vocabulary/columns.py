"""The columns of results and layers, and what readers are told of each."""

from __future__ import annotations

from typing import Final

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
    "area_km2": ("Area, km²", "Size of the authority in square kilometres"),
    "per_km2": ("People per km²", "People living in it per square kilometre"),
    "under_25": ("Share under 25", "Share of its people who are under 25, 0 to 1"),
    "over_64": ("Share 65 and over", "Share of its people who are 65 and over, 0 to 1"),
    "depriv": ("Deprivation", "Mean score of its areas"),
    "most_depr": ("Share most deprived", "Share of its areas that are among the most deprived tenth, 0 to 1"),
    "asr_lo": (
        "age-standardised rate, at least",
        "Events per 100,000 people per year, age-standardised: lower bound",
    ),
    "asr_hi": (
        "age-standardised rate, at most",
        "Events per 100,000 people per year, age-standardised: upper bound",
    ),
    "ci_lo": ("age-standardised rate, 95% from", "Lower end of the 95% interval of the rate"),
    "ci_hi": ("age-standardised rate, 95% to", "Upper end of the 95% interval of the rate"),
    "differs": ("against the study area", "Above or below the rate of the study area, beyond chance; empty if neither"),
    "cin_per": ("Factors per assessment", "Factors recorded at the end of an assessment, in the latest period"),
    "cin_theme": (
        "Share with the theme",
        "Share of assessments with the theme, 0 to 1; empty if suppressed",
    ),
    "ex_ratio": ("Exclusions, ratio", "Permanent exclusions of its schools over those expected from deprivation"),
    "ex_lo_95": ("Exclusions, 95% from", "Lower end of the 95% interval of the ratio"),
    "ex_hi_95": ("Exclusions, 95% to", "Upper end of the 95% interval of the ratio"),
}

PLACE_COLUMN_WORDS: Final = {
    "place": ("Place", "Name of the place in the study"),
    "la_codes": ("Authority codes", "GSS codes of its local authorities, separated by spaces"),
    "areas": ("Areas", "Number of areas of the study in the place"),
    "population": ("Population", "People living in its areas"),
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

SPACE_TIME_COLUMN_WORDS: Final = {
    "start": ("First day", "First day of the cluster, as year-month-day"),
    "end": ("Last day", "Last day of the cluster, as year-month-day"),
    "periods": ("Periods", "Number of months, quarters or years in the cluster"),
    "alive": ("Alive", "Whether the cluster lasts to the end of the last period: yes or no"),
}
"""What clusters in space and time have beside those of space alone."""

_NAMES_OF_AREAS: Final = {
    "area_id": COLUMN_WORDS["area_id"],
    "name": COLUMN_WORDS["name"],
    "la_code": COLUMN_WORDS["la_code"],
    "la_name": COLUMN_WORDS["la_name"],
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

HOTSPOT_COLUMN_WORDS: Final = {
    "hotspot": ("Hotspot", "Letter of the source, and the place among its hotspots"),
    "source": ("Source", "Short name of the source"),
    "subject": ("Subject", "What was counted"),
    "period": ("Period", "When it was counted"),
    "areas": ("Areas", "Number of areas in the hotspot"),
    "people": ("People", "People living in its areas"),
    "observed_low": ("Events, at least", "Events in its areas: lower bound; equals the upper where known"),
    "observed_high": ("Events, at most", "Events in its areas: upper bound"),
    "expected": ("Expected", "Events in its areas as expected of the study area as a whole"),
    "ratio_low": ("Ratio, at least", "Events over expected events: lower bound"),
    "ratio_high": ("Ratio, at most", "Events over expected events: upper bound"),
    "ratio_low_95": (
        "Ratio, 95% from",
        "Lower end of the exact 95% interval of the ratio, as if the hotspot had not been searched for",
    ),
    "ratio_high_95": (
        "Ratio, 95% to",
        "Upper end of the exact 95% interval of the ratio, as if the hotspot had not been searched for",
    ),
    "certainty": ("Certainty", "Whether its areas are hot for all possible values of suppressed counts, or for some"),
    "overlaps": ("Overlaps", "Hotspots of other sources with an area in common, separated by spaces"),
    "area_ids": ("Area codes", "Codes of its areas, separated by spaces"),
}

AREA_COLUMN_WORDS: Final = {
    **_NAMES_OF_AREAS,
    "population": COLUMN_WORDS["population"],
    "idaci": ("{index}", "Score of deprivation; higher is more deprived"),
    "idaci_rank": ("{index} rank", "Rank of the area, 1 is the most deprived"),
    "idaci_dec": ("{index} decile", "1 is the most deprived tenth"),
}
"""What a summary of areas has once; of an index of deprivation where there is one."""

SOURCE_COLUMN_WORDS: Final = {
    "n_lo": ("events, at least", "Events counted in the area: lower bound; equals the upper where known"),
    "n_hi": ("events, at most", "Events counted in the area: upper bound"),
    "exp": ("expected", "Events as expected of the study area as a whole"),
    "rt_lo": ("ratio, at least", "Events over expected events: lower bound"),
    "rt_hi": ("ratio, at most", "Events over expected events: upper bound"),
    "gi": ("class", "Class of Getis-Ord Gi*: hot or cold, with the confidence level"),
    "gi_bin": ("Gi* bin", "Class as a number: 3, 2, 1 hot and -3, -2, -1 cold at 99%, 95%, 90% confidence; 0 neither"),
    "p_lo": ("adjusted p, at least", "Two-sided p-value of Gi* after adjustment: lower bound"),
    "p_hi": ("adjusted p, at most", "Two-sided p-value of Gi* after adjustment: upper bound"),
    "cert": ("certainty", "Whether the class is the same for all possible values of suppressed counts"),
    "hs": ("hotspot", "Letter of the hotspot that the area is part of"),
    "lm": ("Local Moran class", "Class of Local Moran's I: the area and its neighbours, high or low"),
    "lm_cert": ("Local Moran certainty", "Whether the class is the same for all possible values of suppressed counts"),
    "stab": ("stability", "In how many variants of the analysis the area is hot"),
    "agree": ("agreement", "By how many methods the area is hot"),
    "why": ("reason", "Why the area was not tested, or why its count is suppressed"),
}
"""What a summary of areas has for each source, with the source's letter at the end: `gi_bin_a`."""
