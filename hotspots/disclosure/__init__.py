"""Counts of people become intervals under a named rule, before anything is computed from them."""

from hotspots.disclosure.earlier import Memory, open_memory
from hotspots.disclosure.gate import Gate
from hotspots.disclosure.protection import is_restricted, keeps_back, protect, through_gate
from hotspots.disclosure.release import Scope

__all__ = ["Gate", "Memory", "Scope", "is_restricted", "keeps_back", "open_memory", "protect", "through_gate"]
