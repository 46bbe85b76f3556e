"""What goes to and comes from a GIS: boundaries and place labels in, styled layers and rasters out."""

from hotspots.model import Place, StudyArea
from hotspots.publish.gis import write_geopackage, write_raster
from hotspots.sources import read_areas, read_place_labels

__all__ = ["Place", "StudyArea", "read_areas", "read_place_labels", "write_geopackage", "write_raster"]
