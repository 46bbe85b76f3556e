"""Counts of people into intervals under a named rule, before anything is computed from them.

What is computed from protected intervals alone can't reveal what they hide, whatever is written later. Protecting the
results instead would not do: with one statistic per area there are as many equations as unknown counts.
"""

from hotspots.disclosure.differencing import tells_of_areas
from hotspots.disclosure.protection import is_for_named_readers, keeps_back, protect, through_gate

__all__ = ["is_for_named_readers", "keeps_back", "protect", "tells_of_areas", "through_gate"]
