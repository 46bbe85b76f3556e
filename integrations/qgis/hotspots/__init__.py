"""The plugin: QGIS calls `classFactory` when it loads it."""


def classFactory(iface):
    """Return the plugin."""
    from .plugin import HotspotsPlugin

    return HotspotsPlugin()
