"""Zones of a map, the models of their counts, and the distribution of the most extreme zone."""

from hotspots.analysis.scan.reference.drawn_maps import EXACT, MAPS, choose_zones, rings_of
from hotspots.analysis.scan.reference.exceedance import Exceedance, exceed_sizes
from hotspots.analysis.scan.reference.maximum import MaximumChance, bound_of_maximum, chance_of_maximum
from hotspots.analysis.scan.reference.scattered_risk import ScatteredRisk
from hotspots.analysis.scan.reference.zone_models import (
    Bernoulli,
    ConstantRisk,
    ExchangeableRisk,
    ZoneModel,
    poisson_ratio,
)
from hotspots.analysis.scan.reference.zone_tails import scattered_statistics
from hotspots.analysis.scan.reference.zones import FEWEST_AREAS, Zones, circular_zones, elliptic_zones

__all__ = [
    "EXACT",
    "FEWEST_AREAS",
    "MAPS",
    "Bernoulli",
    "ConstantRisk",
    "Exceedance",
    "ExchangeableRisk",
    "MaximumChance",
    "ScatteredRisk",
    "ZoneModel",
    "Zones",
    "bound_of_maximum",
    "chance_of_maximum",
    "choose_zones",
    "circular_zones",
    "elliptic_zones",
    "exceed_sizes",
    "poisson_ratio",
    "rings_of",
    "scattered_statistics",
]
