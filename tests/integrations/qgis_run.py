"""Run one algorithm of the plugin in QGIS without a window; print what came of it as JSON. For the system's Python.

usage: /usr/bin/python3 qgis_run.py PLUGINS NAME PARAMETERS.json
"""

import json
import os
import sys

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
from qgis.core import (
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsFeatureRequest,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingUtils,
    QgsProject,
    QgsVectorLayer,
)

folder, name, given = sys.argv[1:]
application = QgsApplication([], False)
application.initQgis()
sys.path.insert(0, folder)
from hotspots import classFactory  # noqa: E402

plugin = classFactory(None)
plugin.initProcessing()
algorithm = QgsApplication.processingRegistry().createAlgorithmById(f"hotspots:{name}")

with open(given, encoding="utf-8") as file:  # noqa: PTH123
    parameters = json.load(file)
in_memory, cancelled = parameters.pop("in_memory", ""), parameters.pop("cancelled", False)
project = QgsProject.instance()
if in_memory:
    saved = QgsVectorLayer(parameters[in_memory], "saved", "ogr")
    copied = saved.materialize(QgsFeatureRequest())
    copied.setCrs(QgsCoordinateReferenceSystem("EPSG:27700"))
    project.addMapLayer(copied)
    parameters[in_memory] = copied.id()

context, feedback = QgsProcessingContext(), QgsProcessingFeedback()
context.setProject(project)
if cancelled:
    feedback.cancel()
answer = {"provider": algorithm.provider().id(), "title": algorithm.displayName(), "help": algorithm.shortHelpString()}
right, why = algorithm.checkParameterValues(parameters, context)
try:
    results, done = algorithm.run(parameters, context, feedback, {}, False) if right else ({}, False)
    answer |= {"results": results, "done": done, "why": why, "log": feedback.textLog()}
    answer["layers"] = []
    for uri, details in context.layersToLoadOnCompletion().items():
        layer = QgsProcessingUtils.mapLayerFromString(uri, context)
        project.addMapLayer(layer)
        details.postProcessor().postProcessLayer(layer, context, feedback)
        renderer = layer.renderer().type()
        node = project.layerTreeRoot().findLayer(layer.id())
        group = node.parent().name() if node else ""
        answer["layers"].append({"name": details.name, "valid": layer.isValid(), "style": renderer, "group": group})
except QgsProcessingException as error:
    answer["error"] = str(error)
plugin.unload()
print("JSON " + json.dumps(answer), flush=True)
os._exit(0)
