"""Counts of people become intervals under a named rule, before anything is computed from them."""

from hotspots.disclosure.differencing import reveals_area_counts
from hotspots.disclosure.protection import is_restricted, keeps_back, protect, through_gate

__all__ = ["is_restricted", "keeps_back", "protect", "reveals_area_counts", "through_gate"]
