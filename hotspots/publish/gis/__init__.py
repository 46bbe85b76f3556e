"""What a GIS opens finished: GeoPackages with styles and metadata, and GeoTIFFs."""

from hotspots.publish.gis.geopackage import write_geopackage
from hotspots.publish.gis.geotiff import write_raster
from hotspots.publish.gis.layers import Origin

__all__ = ["Origin", "write_geopackage", "write_raster"]
