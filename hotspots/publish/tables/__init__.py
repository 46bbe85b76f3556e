"""Results as CSV tables: series, authorities and schools, one row per period, area or school."""

from hotspots.publish.tables.areas import write_area_tables
from hotspots.publish.tables.schools import write_school_tables
from hotspots.publish.tables.series import write_table

__all__ = ["write_area_tables", "write_school_tables", "write_table"]
