"""How clusters were sought, in sentences made from the typed method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hotspots.model import ScanMethod
    from hotspots.vocabulary import ScanNull

__all__ = ["describe_scan"]

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
    return f" (variance of an area's count {low if low == high else f'{low} to {high}'} times its mean)"


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
