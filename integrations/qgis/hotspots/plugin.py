"""The plugin and its Processing provider."""

from qgis.core import QgsApplication, QgsProcessingProvider

from .algorithms import CheckStudy, LocalHotspots, PointSurface, RunStudy


class HotspotsProvider(QgsProcessingProvider):
    """Offers the algorithms in the toolbox."""

    def id(self):
        """Return the prefix of the algorithms."""
        return "hotspots"

    def name(self):
        """Return the name in the toolbox."""
        return "hotspots"

    def loadAlgorithms(self):
        """Add the four algorithms."""
        for algorithm in (LocalHotspots, PointSurface, RunStudy, CheckStudy):
            self.addAlgorithm(algorithm())


class HotspotsPlugin:
    """Registers the provider, and takes it away with the plugin."""

    def __init__(self):
        self.provider = None

    def initProcessing(self):
        """Register the provider; qgis_process calls this alone."""
        self.provider = HotspotsProvider()
        QgsApplication.processingRegistry().addProvider(self.provider)

    def initGui(self):
        """Register the provider in QGIS with its window."""
        self.initProcessing()

    def unload(self):
        """Take the provider away."""
        if self.provider is not None:
            QgsApplication.processingRegistry().removeProvider(self.provider)
            self.provider = None
