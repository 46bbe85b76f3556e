"""How often the most unusual zone of a map is at least as unusual where nothing clusters: a bound, and an estimate.

The bound is Hunter's and Worsley's over the nested zones of every centre, added up over centres: it is guaranteed, and
settles clear clusters alone. The estimate samples maps in which some zone reaches the statistic (importance sampling):
its relative error hardly grows where the probability becomes small.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from hotspots.analysis.scan.reference.drawn_maps import shares_of_draws
from hotspots.analysis.scan.reference.exceedance import Exceedance, exceed
from hotspots.analysis.scan.reference.scattered_risk import ScatteredRisk
from hotspots.analysis.scan.reference.zone_models import ZoneModel
from hotspots.analysis.scan.reference.zone_tails import exceed_scattered

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hotspots.analysis.scan.reference.zones import Zones

    Floats = NDArray[np.float64]

__all__ = ["MaximumChance", "bound_of_maximum", "chance_of_maximum"]

AT_ONCE: Final = 32_768
"""Zones whose share of the bound is computed together: what is worked on stays in the processor's cache."""


class MaximumChance(NamedTuple):
    """Chance that some zone reaches a statistic."""

    bound: float
    """It is at most this."""
    estimate: float
    error: float
    """Standard error of the estimate."""


def chance_of_maximum(
    zones: Zones,
    model: ZoneModel | ScatteredRisk,
    statistic: float,
    *,
    rng: np.random.Generator,
    draws: int = 1_000,
    bounded: bool = True,
) -> MaximumChance:
    """Return the chance that the largest statistic of all zones is at least this where nothing clusters.

    Parameters
    ----------
    zones, model
        What is scanned.
    statistic
        Above 0.
    rng
        Source of the maps that are drawn.
    draws
        Their number; none for the bound alone.
    bounded
        Whether to compute the bound, which takes about as long as the draws; 1 otherwise.

    References
    ----------
    Worsley (1982), Biometrika 69, 297-302, and Hunter (1976), Journal of Applied Probability 13, 597-603 (the bound);
    Naiman and Priebe (2001), Journal of Computational and Graphical Statistics 10, 296-328 (the estimate).
    """
    if isinstance(model, ScatteredRisk):
        reached, bound = exceed_scattered(zones, model, statistic)
    else:
        reached = exceed(zones, model, statistic)
        bound = bound_of_maximum(zones, reached, model) if bounded else 1.0
    bound = min(bound, 1.0)
    if draws == 0:
        return MaximumChance(bound, np.nan, np.nan)
    weight = float(reached.chance.sum())
    if weight == 0:
        return MaximumChance(0.0, 0.0, 0.0)
    shares = shares_of_draws(zones, model, reached, rng, draws)
    # Every map with k such zones can be drawn in k ways: weighted by 1 / k, the draws have the null's distribution.
    estimate = weight * float(shares.mean())
    return MaximumChance(bound, min(estimate, 1.0), weight * float(shares.std(ddof=1)) / np.sqrt(draws))


def bound_of_maximum(zones: Zones, reached: Exceedance, model: ZoneModel) -> float:
    """Return the sum over centres of the chance that one of their zones reaches the statistic, bounded from above."""
    centres, width = zones.ends.shape
    rows = max(AT_ONCE // width, 1)
    parts = (slice(start, start + rows) for start in range(0, centres, rows))
    return sum(_bound_of(zones.ends[part], Exceedance(*(values[part] for values in reached)), model) for part in parts)


def _bound_of(ends: NDArray[np.bool_], reached: Exceedance, model: ZoneModel) -> float:
    """Return the bound of some centres.

    Of each zone only what the zone before it has not is added: P(A or B) = P(A) + P(B and not A).
    """
    centre, last = np.nonzero(ends)
    least, chance, size = (values[centre, last] for values in reached)
    # Zones come centre by centre, each after the one that it holds.
    begins = np.append(True, centre[1:] != centre[:-1])
    total = float(chance[begins].sum())
    inner = np.flatnonzero(~begins)
    known = chance[inner - 1] > 0
    total += float(chance[inner[~known]].sum())
    inner = inner[known]
    before = inner - 1
    # P(B and not A) = P(B) - P(A) + P(A and not B), for which A's count is from its least to below B's.
    new = chance[inner] - chance[before]
    new[~np.isfinite(least[inner])] = 0.0
    live = np.flatnonzero((least[inner] > least[before]) & np.isfinite(least[inner]))
    inner, before = inner[live], before[live]
    new[live] += _missed(model, _Steps(least[before], least[inner], size[before], size[inner], chance[before]))
    return total + float(np.maximum(new, 0).sum())


class _Steps(NamedTuple):
    """Zones and the next ones, which hold them (each m)."""

    low: Floats
    """From which count on the zone reaches the statistic ..."""
    high: Floats
    """... and the next one."""
    size: Floats
    whole: Floats
    """Sizes of the zone and of the next one."""
    chance: Floats
    """That the zone has at least `low` events."""


def _missed(model: ZoneModel, steps: _Steps) -> Floats:
    """Return the chance that a zone has at least `low` events and the next one less than `high` (m).

    Events fall into the next zone one by one, each into the zone or beside it (Polya's urn). After y of them, `inside`
    is the chance that the zone has at least `low`, and `almost` that it has one fewer; another event moves some of
    `almost` to `inside`. So each number of events takes one step, whatever the split.
    """
    # Those with most numbers between first: the ones that are left are then always the first ones.
    ordered = np.argsort(steps.low - steps.high, kind="stable")
    low, high, size, whole, chance = (values[ordered] for values in steps)
    growth = model.growth
    start = model.log_chance_alone(low, size, whole)
    # All are relative to the first, so that no chance is too small.
    term, inside = np.ones(len(low)), np.ones(len(low))
    enters = size + growth * (low - 1)
    almost = low * (whole - size) / enters
    missed = np.zeros(len(low))
    left = np.searchsorted(low - high, -np.arange(int((high - low).max(initial=0))), side="left")
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for number, live in enumerate(left.tolist()):
            first, all_, held = low[:live] + number, whole[:live], term[:live]
            missed[:live] += held * inside[:live]
            held *= model.ratio(first, all_)
            others = all_ + growth * first
            inside[:live] += almost[:live] * enters[:live] / others
            beside = all_ - size[:live] + growth * (number + 1)
            almost[:live] *= (first + 1) / (number + 2) * beside / others
        value = np.exp(start + np.log(missed))
    # Where the first is too small to compare with, or can't be, what is missed is at most all that the zone has.
    result = np.empty(len(low))
    result[ordered] = np.where(np.isfinite(start), np.fmin(value, chance), chance)
    return result
