"""How areas were tested, in sentences: made from the method and settings of a result."""

from __future__ import annotations

import math
from typing import Final

from hotspots.model import ExpectedMethod, HotspotMethod
from hotspots.vocabulary import (
    ADJUSTMENT_WORDS,
    HOT_MEANS,
    MEASURE_WORDS,
    MORAN_ADJUSTMENT_WORDS,
    NULL_WORDS,
    STATISTIC_TITLES,
    Null,
    Statistic,
)

__all__ = ["describe_expected", "describe_method"]

WINDOW_WORDS: Final[dict[Statistic, str]] = {
    "gi_star": "each area and its neighbours together",
    "gi": "each area's neighbours together, without the area itself",
    "local_moran": "each area's neighbours together, given the area's own count",
}


def describe_method(method: HotspotMethod) -> tuple[str, ...]:
    """Return the statistic, the null hypothesis and what is expected under it, p-values and level, a sentence each."""
    moran, window = method.statistic == "local_moran", WINDOW_WORDS[method.statistic]
    adjusted = (MORAN_ADJUSTMENT_WORDS if moran else ADJUSTMENT_WORDS)[method.adjustment]
    if method.conditional and method.statistic == "gi_star":
        window += ", tested given the area's own value"
    null, hot = NULL_WORDS[method.null], HOT_MEANS[method.null]
    if method.null == "randomisation" and method.measure != "count":
        null = f"the values ({MEASURE_WORDS[method.measure]}) are placed on the areas at random"
        hot = "hot means that high values cluster"
    if method.expected is not None:
        null, hot = NULL_OF_RATIOS[method.null], HOT_OF_RATIOS
    null = null if moran else f"{null}; {hot}"
    ties = ", with ties counted half (mid-p)" if method.mid_p else ""
    how = {
        "bracketed": "exact between two roundings, not simulated",
        "simulated": f"simulated (up to {method.draws or 0:,} draws, seed {method.seed})",
    }.get(method.inference, f"{method.inference}, not simulated")
    return (
        f"{STATISTIC_TITLES[method.statistic]}: {window}; {method.neighbours}.",
        f"Tested against this: {null}.",
        *([] if method.expected is None else describe_expected(method.expected)),
        f"P-values are {how}, and two-sided{ties}; {method.areas_tested:,} areas tested, {adjusted}.",
        f"Findings count areas significant at {100 * method.level:g}%.",
    )


# --------------------------------------------------------------------------- expected counts

NULL_OF_RATIOS: Final[dict[Null, str]] = {
    "scattered-risk": "areas differ from what is expected, some perhaps by much, but scattered at random",
    "exchangeable-risk": "areas differ from what is expected by moderate amounts, scattered at random",
    "constant-risk": "every area has what is expected, but for chance",
    "randomisation": NULL_WORDS["randomisation"],
}
"""Null hypothesis → what is assumed where expected counts are more than the shares of the population."""
TERMS_OF_A_PLANE: Final = 2
HOT_OF_RATIOS: Final = "hot means that more events than expected cluster, beyond chance"


def describe_expected(method: ExpectedMethod) -> tuple[str, ...]:
    """Return how expected counts were made, a sentence for each step."""
    sentences = {
        "population": (),
        "own": (f"Expected: {method.title}, brought to the total of the events; only their proportions matter.",),
        "age": (
            f"Expected: indirectly standardised for age, by the study area's own rates in {method.age_bands} age bands "
            "and the people of each age in the area.",
        ),
    }[method.base]
    if method.is_fitted:
        model = "Poisson" if method.dispersion == 0 else "negative binomial"
        on = _listed([*(slope.covariate for slope in method.given), *(["a smooth trend"] if method.trend_km else [])])
        sentences += (f"Expected: a {model} regression on {on} ({method.areas_fitted:,} areas){_slopes(method)}.",)
    if method.trend_km is not None:
        plane = (method.trend_terms or 0) <= TERMS_OF_A_PLANE
        shape = "a plane" if plane else f"a thin-plate regression spline of {method.trend_terms} terms"
        sentences += (
            f"The trend is {shape}, with knots {method.trend_km:g} km apart; {method.counts_clipped:,} counts were "
            "clipped for it, so that no single area bends it. It hides hotspots that are as wide.",
        )
    if method.estimates > 1:
        sentences += (
            f"As counts are suppressed, p-values are bounds over {method.estimates} estimates of what is expected, "
            "widened by 20%.",
        )
    return sentences


def _slopes(method: ExpectedMethod) -> str:
    """Return how many times the events one standard deviation more of each covariate goes with."""
    parts = []
    for slope in method.given:
        times, low, high = (
            math.exp(value * slope.standard_deviation) for value in (slope.slope, slope.slope_low, slope.slope_high)
        )
        parts.append(
            f"one standard deviation ({slope.standard_deviation:.3g}) more of {slope.covariate} goes with {times:.2f} "
            f"times the events (95% interval {low:.2f} to {high:.2f})"
        )
    return f": {'; '.join(parts)}" if parts else ""


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
