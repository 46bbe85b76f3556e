"""The plugin: QGIS calls `classFactory` when it loads it."""


def classFactory(iface):  # noqa: N802, ANN001, ANN201
    """Return the plugin."""
    from .plugin import HotspotsPlugin

    return HotspotsPlugin()
