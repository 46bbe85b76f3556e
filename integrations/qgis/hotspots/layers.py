"""Layers of QGIS as files for the command, and its files as layers of QGIS."""

from pathlib import Path

from qgis.core import (
    QgsMapLayerType,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingLayerPostProcessorInterface,
    QgsProviderRegistry,
    QgsVectorFileWriter,
    QgsWkbTypes,
)

ENDINGS = (".gpkg", ".geojson", ".json", ".shp", ".parquet")
_kept = []
"""QGIS keeps no reference to what styles a layer after it was loaded."""


def file_of(layer, scratch, context):
    """Return the file of a layer and the layer's name in it; what is no plain file is written to one first.

    A filter or unsaved edits are no part of the file, so such a layer is written too.
    """
    parts = QgsProviderRegistry.instance().decodeUri(layer.dataProvider().name(), layer.source())
    path = parts.get("path") or ""
    plain = layer.dataProvider().name() == "ogr" and Path(path).suffix.lower() in ENDINGS and Path(path).is_file()
    if plain and not layer.subsetString() and not layer.isEditable():
        return path, parts.get("layerName") or ""
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName = "GPKG"
    options.layerName = "layer"
    error = QgsVectorFileWriter.writeAsVectorFormatV3(layer, str(scratch), context.transformContext(), options)
    if error[0] != QgsVectorFileWriter.NoError:
        raise QgsProcessingException(f"The layer {layer.name()} can't be written to a temporary file: {error[1]}")
    return str(scratch), "layer"


def load_file(path, context, *, group=""):
    """Let QGIS load all layers of a file, each with the style that the file brings, when the algorithm is done."""
    project = context.project()
    if project is None:
        return
    for found in QgsProviderRegistry.instance().querySublayers(path):
        if found.type() == QgsMapLayerType.VectorLayer and found.wkbType() == QgsWkbTypes.NoGeometry:
            continue
        details = QgsProcessingContext.LayerDetails(found.name(), project, found.name())
        if group and hasattr(details, "groupName"):
            details.groupName = group
        finish = _Finish(project, "" if hasattr(details, "groupName") else group)
        _kept.append(finish)
        details.setPostProcessor(finish)
        context.addLayerToLoadOnCompletion(found.uri(), details)


class _Finish(QgsProcessingLayerPostProcessorInterface):
    """Gives a loaded layer its own style; before QGIS 3.32, also its group."""

    def __init__(self, project, group):
        super().__init__()
        self.project = project
        self.group = group

    def postProcessLayer(self, layer, context, feedback):
        """Style the layer, and move it."""
        layer.loadDefaultStyle()
        root = self.project.layerTreeRoot()
        node = root.findLayer(layer.id())
        if not self.group or node is None:
            return
        group = root.findGroup(self.group) or root.insertGroup(0, self.group)
        group.addChildNode(node.clone())
        node.parent().removeChildNode(node)
