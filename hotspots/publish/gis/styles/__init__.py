"""How layers and rasters look in a GIS, as QML for QGIS and as SLD."""

from hotspots.publish.gis.styles.area_styles import summary_codes, summary_style, table_style
from hotspots.publish.gis.styles.layer_styles import (
    LayerStyle,
    authority_style,
    cluster_style,
    cluster_words,
    contour_style,
    hotspot_style,
    place_style,
    rate_style,
    school_column_words,
    school_style,
    surface_style,
)
from hotspots.publish.gis.styles.map_tips import in_words, interval, number

__all__ = [
    "LayerStyle",
    "authority_style",
    "cluster_style",
    "cluster_words",
    "contour_style",
    "hotspot_style",
    "in_words",
    "interval",
    "number",
    "place_style",
    "rate_style",
    "school_column_words",
    "school_style",
    "summary_codes",
    "summary_style",
    "surface_style",
    "table_style",
]
