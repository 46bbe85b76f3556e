"""A Python toolbox for ArcGIS Pro that calls the command hotspots. It could not be tried in ArcGIS itself.

Keep it where it is in the folder `integrations`: the child process is run by `qgis/hotspots/command.py`.
"""

import importlib.util
import tempfile
from pathlib import Path

import arcpy

UNTRIED = " This toolbox could not be tried in ArcGIS itself: please report what does not work."
MARKING = (
    " True counts of people are not protected: unless they are open or invented, the output is marked as restricted."
)
RELEASES = ("restricted", "open", "invented")


def _load_command():
    """Return the module that runs the command; it needs nothing but the standard library."""
    path = Path(__file__).resolve().parents[1] / "qgis" / "hotspots" / "command.py"
    spec = importlib.util.spec_from_file_location("hotspots_command", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _parameter(name, words, kind, *, required=False, options=(), parent="", default=None, output=False):
    """Return a parameter; a column belongs to the layer `parent`."""
    made = arcpy.Parameter(
        displayName=words,
        name=name,
        datatype=kind,
        parameterType="Required" if required else "Optional",
        direction="Output" if output else "Input",
    )
    if options:
        made.filter.type = "ValueList"
        made.filter.list = list(options)
        made.value = options[0] if required else None
    if parent:
        made.parameterDependencies = [parent]
    if default is not None:
        made.value = default
    return made


class Toolbox:
    """The toolbox that ArcGIS looks for."""

    def __init__(self):
        self.label = "hotspots"
        self.alias = "hotspots"
        self.tools = [LocalHotspots, PointSurface, RunStudy, CheckStudy]


class _Tool:
    """What all tools share: the program, the call of the command and its error."""

    label = description = command = ""

    canRunInBackground = False  # noqa: N815

    def getParameterInfo(self):
        """Return the parameters; the program comes last."""
        program = _parameter("program", "Command hotspots (name or full path)", "GPString", default="hotspots")
        return [*self.declare(), program]

    def execute(self, parameters, messages):
        """Call the command and add what it wrote to the map."""
        values = {each.name: each.valueAsText for each in parameters}
        running = _load_command()
        with tempfile.TemporaryDirectory(prefix="hotspots-") as scratch:
            given = [values["program"] or "hotspots", "--progress", self.command, *self.gather(values, Path(scratch))]
            try:
                printed = running.run_command(
                    given, tell=arcpy.SetProgressorLabel, is_cancelled=lambda: bool(arcpy.env.isCancelled)
                )
            except running.CommandError as error:
                arcpy.AddError(str(error))
                raise arcpy.ExecuteError(str(error)) from error
        arcpy.AddMessage(printed)
        for path in self.written(values):
            _show(path)

    def written(self, values):
        """Return the files to show."""
        return [values["output"]]


def _options(values, names):
    """Return name="--option" as options, without those that were left empty."""
    return [part for name, option in names.items() if values.get(name) for part in (option, values[name])]


def _layer(values, name, scratch, option, layer_option):
    """Return a layer as a GeoPackage for the command: its own source may be a database or have a filter."""
    if not values.get(name):
        return []
    path = scratch / f"{name}.gpkg"
    arcpy.management.CreateSQLiteDatabase(str(path), "GEOPACKAGE")
    arcpy.management.CopyFeatures(values[name], str(path / "layer"))
    return [*([option] if option else []), str(path), layer_option, "layer"]


def _show(path):
    """Add a raster, or every layer of a GeoPackage, to the map that is open."""
    try:
        shown = arcpy.mp.ArcGISProject("CURRENT").activeMap
    except OSError:
        shown = None
    if shown is None:
        arcpy.AddMessage(f"No map is open. Written: {path}")
        return
    paths = [path]
    if path.endswith(".gpkg"):
        arcpy.env.workspace = path
        paths = [f"{path}/{name}" for name in arcpy.ListFeatureClasses()]
    for each in paths:
        shown.addDataFromPath(each)


class LocalHotspots(_Tool):
    """Gi* or Local Moran of one layer."""

    command = "local"

    def __init__(self):
        self.label = "Hotspots of points or counts"
        self.description = "Areas where events cluster, with computed p-values." + MARKING + UNTRIED

    def declare(self):
        """Return the parameters."""
        nulls = ("scattered-risk", "exchangeable-risk", "constant-risk", "randomisation")
        rules = ("queen", "rook", "nearest", "distance")
        return [
            _parameter("input", "Areas", "GPFeatureLayer", required=True),
            _parameter("count", "Column with the number of events", "Field", parent="input"),
            _parameter("points", "or points, one per event", "GPFeatureLayer"),
            _parameter("population", "Column with people", "Field", parent="input"),
            _parameter("id", "Column with ids", "Field", parent="input"),
            _parameter("name", "Column with names", "Field", parent="input"),
            _parameter("method", "Test", "GPString", required=True, options=("getis_ord", "local_moran")),
            _parameter("neighbours", "Neighbours", "GPString", required=True, options=rules),
            _parameter("number", "How many nearest areas", "GPLong"),
            _parameter("distance", "Greatest distance in metres", "GPDouble"),
            _parameter("null", "Null hypothesis", "GPString", options=nulls),
            _parameter("release", "What the data are", "GPString", required=True, options=RELEASES),
            _parameter("output", "GeoPackage", "DEFile", required=True, output=True),
        ]

    def gather(self, values, scratch):
        """Return the arguments of `hotspots local`."""
        names = ("count", "population", "id", "name", "method", "neighbours", "number", "distance", "null", "release")
        return [
            *_layer(values, "input", scratch, "", "--layer"),
            *_layer(values, "points", scratch, "--points", "--points-layer"),
            *_options(values, {name: f"--{name}" for name in (*names, "output")}),
        ]


class PointSurface(_Tool):
    """Density or relative risk of points."""

    command = "surface"

    def __init__(self):
        self.label = "Kernel density and risk"
        self.description = "The density of points, or with people their relative risk, tested." + MARKING + UNTRIED

    def declare(self):
        """Return the parameters."""
        return [
            _parameter("points", "Points, one per event", "GPFeatureLayer", required=True),
            _parameter("within", "Areas of the study", "GPFeatureLayer", required=True),
            _parameter("population", "Column with people", "Field", parent="within"),
            _parameter("bandwidth", "Bandwidth in metres", "GPDouble"),
            _parameter("cell", "Side of a cell in metres", "GPDouble"),
            _parameter("release", "What the data are", "GPString", required=True, options=RELEASES),
            _parameter("output", "GeoTIFF", "DEFile", required=True, output=True),
        ]

    def gather(self, values, scratch):
        """Return the arguments of `hotspots surface`."""
        return [
            *_layer(values, "points", scratch, "", "--layer"),
            *_layer(values, "within", scratch, "--within", "--within-layer"),
            *_options(values, {name: f"--{name}" for name in ("population", "bandwidth", "cell", "release", "output")}),
        ]


class RunStudy(_Tool):
    """A whole study."""

    command = "run"

    def __init__(self):
        self.label = "Run a study"
        self.description = "Runs a study file and adds its layers and rasters to the map." + UNTRIED

    def declare(self):
        """Return the parameters."""
        return [
            _parameter("study", "Study file", "DEFile", required=True),
            _parameter("output", "Folder of outputs", "DEFolder", required=True),
        ]

    def gather(self, values, scratch):
        """Return the arguments of `hotspots run`."""
        return [values["study"], "--output", values["output"]]

    def written(self, values):
        """Return the GeoPackage and the rasters of the run's own folder: that with the newest summary."""
        summaries = sorted(Path(values["output"]).glob("*/summary.json"), key=lambda path: path.stat().st_mtime_ns)
        folder = summaries[-1].parent
        return [str(path) for path in (*sorted(folder.glob("*.gpkg")), *sorted(folder.glob("*.tif")))]


class CheckStudy(_Tool):
    """A study's files, without an analysis."""

    command = "check"

    def __init__(self):
        self.label = "Check a study"
        self.description = "Reads and joins all files of a study file and reports; analyses nothing." + UNTRIED

    def declare(self):
        """Return the parameters."""
        return [_parameter("study", "Study file", "DEFile", required=True)]

    def gather(self, values, scratch):
        """Return the arguments of `hotspots check`."""
        return [values["study"]]

    def written(self, values):
        """Return no file: the report is the result."""
        return []
