"""Open a project in QGIS without a window, export its layouts, and print what QGIS made of it as JSON.

usage: QT_QPA_PLATFORM=offscreen /usr/bin/python3 qgis_project.py PROJECT FOLDER
"""

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
from qgis.core import QgsApplication, QgsLayoutExporter, QgsProject

application = QgsApplication([], False)
application.initQgis()
project = QgsProject.instance()
read = project.read(sys.argv[1])
nodes = project.layerTreeRoot().findLayers()
seen = {
    "read": read,
    "title": project.title(),
    "crs": project.crs().authid(),
    "invalid": [node.name() for node in nodes if not node.layer() or not node.layer().isValid()],
    "visible": [node.name() for node in nodes if node.isVisible()],
    "open": [group.name() for group in project.layerTreeRoot().findGroups() if group.isExpanded()],
    "groups": [group.name() for group in project.layerTreeRoot().findGroups()],
    "layouts": {},
}
settings = QgsLayoutExporter.PdfExportSettings()
settings.dpi = 50
for number, layout in enumerate(project.layoutManager().printLayouts()):
    path = str(Path(sys.argv[2]) / f"{number}.pdf")
    atlas = layout.atlas()
    if atlas.enabled():
        result, _ = QgsLayoutExporter.exportToPdf(atlas, path, settings)
        atlas.beginRender()
        atlas.seekTo(0)
    else:
        result = QgsLayoutExporter(layout).exportToPdf(path, settings)
    drawn = layout.itemById("map")
    extent = drawn.extent()
    seen["layouts"][layout.name()] = {
        "done": result == QgsLayoutExporter.Success and Path(path).stat().st_size > 1000,
        "scale": round(drawn.scale()),
        "extent": [extent.xMinimum(), extent.yMinimum(), extent.xMaximum(), extent.yMaximum()],
        "locked": drawn.keepLayerSet(),
        "layers": [layer.name() for layer in drawn.layers()],
        "pages": atlas.count() if atlas.enabled() else 1,
        "heading": layout.itemById("heading").currentText(),
    }
print("JSON " + json.dumps(seen))
application.exitQgis()
