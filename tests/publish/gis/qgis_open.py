"""Open files in QGIS without a window and print what QGIS made of them as JSON; run by the system's Python.

usage: QT_QPA_PLATFORM=offscreen /usr/bin/python3 qgis_open.py FILE [FOLDER FOR PICTURES]
"""

import json
import os
import sqlite3
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
from qgis.core import (
    QgsApplication,
    QgsCoordinateTransformContext,
    QgsExpression,
    QgsExpressionContext,
    QgsExpressionContextUtils,
    QgsLayerTree,
    QgsLayerTreeModel,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsProviderRegistry,
    QgsProviderSublayerDetails,
    QgsVectorLayer,
    QgsWkbTypes,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtXml import QDomDocument

SIZE = 400


def picture(layer, path=None):
    """Draw a layer; return how many different colours came out."""
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setOutputSize(QSize(SIZE, SIZE))
    settings.setBackgroundColor(QColor("white"))
    settings.setDestinationCrs(layer.crs())
    extent = layer.extent()
    extent.scale(1.05)
    settings.setExtent(extent)
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    image = job.renderedImage()
    if path:
        image.save(path)
    return sorted({QColor(image.pixel(x, y)).name() for x in range(0, SIZE, 3) for y in range(0, SIZE, 3)})


def legend(layer):
    """Return the lines of the legend, as the panel of layers shows them."""
    tree = QgsLayerTree()
    node = tree.addLayer(layer)
    model = QgsLayerTreeModel(tree)
    return [line.data(0) for line in model.layerLegendNodes(node)]


def filled(text, layer, feature):
    """Return a map tip with its expressions worked out."""
    context = QgsExpressionContext(QgsExpressionContextUtils.globalProjectLayerScopes(layer))
    context.setFeature(feature)
    return QgsExpression.replaceExpressionText(text, context)


def shown(expression, layer, feature):
    context = QgsExpressionContext(QgsExpressionContextUtils.globalProjectLayerScopes(layer))
    context.setFeature(feature)
    return QgsExpression(expression).evaluate(context)


def sld_is_read(path, table):
    """Whether QGIS takes the other style of the layer, and with how many rules."""
    con = sqlite3.connect(path)
    text = con.execute("SELECT styleSLD FROM layer_styles WHERE f_table_name = ?", (table,)).fetchone()[0]
    con.close()
    layer = QgsVectorLayer(f"{path}|layername={table}", table, "ogr")
    with tempfile.NamedTemporaryFile("w", suffix=".sld", delete=False, encoding="utf-8") as file:
        file.write(text)
    _, good = layer.loadSldStyle(file.name)
    Path(file.name).unlink()
    return bool(text) and good and layer.renderer() is not None, legend(layer)


def other_styles(path, table):
    """Return the legend of each style that the file offers for a layer, by name."""
    con = sqlite3.connect(path)
    rows = con.execute("SELECT styleName, styleQML FROM layer_styles WHERE f_table_name = ?", (table,)).fetchall()
    con.close()
    found = {}
    for name, text in rows:
        layer = QgsVectorLayer(f"{path}|layername={table}", table, "ogr")
        document = QDomDocument()
        document.setContent(text)
        layer.importNamedStyle(document)
        found[name] = legend(layer)
    return found


def vector(layer, path):
    features = list(layer.getFeatures())
    placed = [f.geometry() for f in features if not f.geometry().isNull()]
    first = features[0]
    message, loaded = layer.loadDefaultStyle()
    good, rules = sld_is_read(path, layer.name())
    return {
        "features": len(features),
        "without_geometry": len(features) - len(placed),
        "invalid": sum(not g.isGeosValid() for g in placed),
        "declared": QgsWkbTypes.displayString(layer.wkbType()),
        "style": message if loaded else "",
        "aliases": {f.name(): f.alias() for f in layer.fields()},
        "widgets": {f.name(): f.editorWidgetSetup().type() for f in layer.fields() if f.editorWidgetSetup().type()},
        "title": layer.metadata().title(),
        "abstract": layer.metadata().abstract(),
        "history": layer.metadata().history(),
        "rights": layer.metadata().rights(),
        "labels": layer.labelsEnabled(),
        "tips": [filled(layer.mapTipTemplate(), layer, f) for f in features],
        "display": shown(layer.displayExpression(), layer, first),
        "sld": good,
        "styles": other_styles(path, layer.name()),
        "sld_legend": rules,
    }


def raster(layer):
    provider = layer.dataProvider()
    message, loaded = layer.loadDefaultStyle()
    return {
        "bands": layer.bandCount(),
        "nodata": provider.sourceNoDataValue(1),
        "renderer": layer.renderer().type(),
        "style": message or "file" if loaded else "",
        "size": [layer.width(), layer.height()],
    }


def main(path, folder=None):
    application = QgsApplication([], False)
    application.initQgis()
    answer = []
    for part in QgsProviderRegistry.instance().querySublayers(path):
        layer = part.toLayer(QgsProviderSublayerDetails.LayerOptions(QgsCoordinateTransformContext()))
        found = {"name": part.name(), "valid": bool(layer and layer.isValid())}
        if found["valid"]:
            layer.setName(part.name())
            found |= {"crs": layer.crs().authid()}
            found |= vector(layer, path) if isinstance(layer, QgsVectorLayer) else raster(layer)
            found |= {"legend": legend(layer)}
            name = str(Path(folder) / f"{part.name()}.png") if folder else None
            found |= {"colours": picture(layer, name)}
        answer.append(found)
    print("JSON " + json.dumps(answer, default=str))
    sys.stdout.flush()
    # Leaving through Qt's own end can crash without a window.
    os._exit(0)


if __name__ == "__main__":
    main(*[str(Path(part).resolve()) for part in sys.argv[1:]])
