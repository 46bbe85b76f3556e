"""How clusters were sought, in sentences made from the typed method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hotspots.errors import plural

if TYPE_CHECKING:
    from hotspots.model import ScanMethod, SpaceTimeMethod
    from hotspots.vocabulary import ScanNull, SpaceTimeModel

__all__ = ["describe_scan", "describe_space_time"]

NULLS: Final[dict[ScanNull, str]] = {
    "scattered-risk": "areas differ in risk, some perhaps by much, and the differences are scattered at random",
    "exchangeable-risk": "areas differ in risk by moderate amounts, and the differences are scattered at random",
    "constant-risk": "everyone has the same risk",
}


def describe_scan(method: ScanMethod) -> tuple[str, ...]:
    """Return how clusters were sought: zones, null hypothesis, p-values and limits, in sentences."""
    within = "" if method.largest_radius_m is None else f" and {method.largest_radius_m:,.0f} m from their centre"
    what = "circular" if method.zones == "circles" else "circular and elliptic"
    statistic = "the likelihood ratio" if method.statistic == "likelihood-ratio" else "the chance of their count"
    sentences = (
        f"Scan statistic: {method.zones_compared:,} {what} zones around the centres of areas, with up to "
        f"{100 * method.largest_share:g}% of the people{within}, compared by {statistic}.",
        f"Tested against this: {NULLS[method.null]}{_spread(method)}.",
        f"A p-value allows for the search over all zones; it is estimated from {method.draws:,} random maps "
        f"(importance sampling, seed {method.seed}) and can't exceed a computed bound.",
        _suppressed(method),
        _further(method),
        "A zone is not the border of a cluster.",
    )
    return tuple(sentence for sentence in sentences if sentence)


def _spread(method: ScanMethod) -> str:
    if method.spread_of_risks is not None:
        return f" (standard deviation of areas' risks {method.spread_of_risks:.0%} of their mean)"
    if method.dispersion is None:
        return ""
    low, high = (f"{one:.2f}" for one in method.dispersion)
    return f" (variance of a large area's count {low if low == high else f'{low} to {high}'} times its mean)"


def _suppressed(method: ScanMethod) -> str:
    """Return how suppressed counts are allowed for; empty where there are none."""
    if not method.areas_hidden:
        return ""
    return (
        "Suppressed counts are allowed for: a cluster is beyond chance where it is so with the values least in its "
        "favour, at which its p-value is replaced by the bound."
    )


def _further(method: ScanMethod) -> str:
    """Return how clusters after the first were sought."""
    if method.secondary == "removed":
        return "Further clusters are sought on the map without the areas of those before."
    return "Further clusters do not overlap those before, and are tested as the first is."


EXPECTED: Final[dict[SpaceTimeModel, str]] = {
    "permutation": "the events of an area are spread over the periods as all events are (space-time permutation: where "
    "risk differs between places all the time, or between times everywhere, it is allowed for)",
    "poisson": "everyone has the same risk on every day (space-time Poisson)",
}


def describe_space_time(method: SpaceTimeMethod) -> tuple[str, ...]:
    """Return how clusters in space and time were sought, in sentences."""
    within = "" if method.largest_radius_m is None else f" and {method.largest_radius_m:,.0f} m from their centre"
    of_what = "people" if method.model == "poisson" else "events"
    lasting = f"{plural(method.longest, method.by)} {'up to the last one of' if method.prospective else 'in'}"
    lasting = f"any run of at most {lasting} {method.span.words}"
    return (
        f"Space-time scan statistic: {method.cylinders_compared:,} cylinders, circles around the centres of areas with "
        f"up to {100 * method.largest_share:g}% of the {of_what}{within}, over {lasting}, compared by the likelihood "
        "ratio.",
        f"Tested against this: {EXPECTED[method.model]}.",
        f"A p-value allows for the search over all cylinders; it is estimated from {method.draws:,} random maps "
        f"(importance sampling, seed {method.seed}), or is a computed bound where that is below 0.0001.",
        "Further clusters share no area with those before, and are tested as the first is.",
        "A zone is not the border of a cluster.",
    )
