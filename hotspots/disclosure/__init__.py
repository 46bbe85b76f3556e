"""Counts of people become intervals under a named rule, before anything is computed from them."""

from hotspots.disclosure.gate import Gate, Mend
from hotspots.disclosure.memory import Memory, open_memory
from hotspots.disclosure.protection import is_restricted, keeps_back, protect, through_gate
from hotspots.disclosure.scopes import Scope

__all__ = ["Gate", "Memory", "Mend", "Scope", "is_restricted", "keeps_back", "open_memory", "protect", "through_gate"]
