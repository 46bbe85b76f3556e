"""How many events each area has: spatial joins, and published totals reconciled with the counts."""

from hotspots.analysis.counts.by_period import count_by_period
from hotspots.analysis.counts.reconcile_totals import tighten_counts, tighten_table
from hotspots.analysis.counts.spatial_join import count_events, events_inside, place_schools

__all__ = ["count_by_period", "count_events", "events_inside", "place_schools", "tighten_counts", "tighten_table"]
