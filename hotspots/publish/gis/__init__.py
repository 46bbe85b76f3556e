"""What a GIS opens finished: GeoPackages with styles and metadata, and GeoTIFFs."""

from hotspots.publish.gis.geopackage import write_geopackage
from hotspots.publish.gis.geotiff import write_raster

__all__ = ["write_geopackage", "write_raster"]
