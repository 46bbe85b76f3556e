"""Maps: areas by class, surfaces, schools, places and their labels on one map frame."""

from hotspots.publish.maps.basemap import need_basemap
from hotspots.publish.maps.map import SchoolsBy, draw_map, save_map

__all__ = ["SchoolsBy", "draw_map", "need_basemap", "save_map"]
