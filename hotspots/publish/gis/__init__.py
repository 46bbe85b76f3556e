"""What a GIS opens finished: GeoPackages with styles and metadata, GeoTIFFs, and the project that shows them."""

from hotspots.publish.gis.geopackage import write_geopackage
from hotspots.publish.gis.geotiff import write_raster
from hotspots.publish.gis.layers import Origin
from hotspots.publish.gis.layouts import Atlas, Sheet
from hotspots.publish.gis.project import Project, ProjectLayer, store_project, write_project
from hotspots.publish.gis.styled_layers import StyledLayer, read_styled_layers

__all__ = [
    "Atlas",
    "Origin",
    "Project",
    "ProjectLayer",
    "Sheet",
    "StyledLayer",
    "read_styled_layers",
    "store_project",
    "write_geopackage",
    "write_project",
    "write_raster",
]
