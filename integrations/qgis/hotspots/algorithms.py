"""The algorithms: each gathers its parameters, calls the command and loads what that wrote."""

import tempfile
from pathlib import Path

from qgis.core import (
    QgsProcessing,
    QgsProcessingAlgorithm,
    QgsProcessingException,
    QgsProcessingOutputString,
    QgsProcessingParameterEnum,
    QgsProcessingParameterField,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterNumber,
    QgsProcessingParameterString,
    QgsProcessingParameterVectorLayer,
    QgsSettings,
)

from .command import CommandError, run_command
from .layers import file_of, load_file

SETTING = "hotspots/executable"
RELEASES = ["restricted", "open", "invented"]
MARKING = (
    "\n\nTrue counts of people are not protected here. Unless the data are published (open) or invented, the output is "
    "marked as restricted: for named readers only."
)


class _Algorithm(QgsProcessingAlgorithm):
    """What all algorithms share: names, the program, and the call of the command."""

    NAME = TITLE = HELP = ""

    def name(self):
        """Return the id."""
        return self.NAME

    def displayName(self):
        """Return the name in the toolbox."""
        return self.TITLE

    def shortHelpString(self):
        """Return the help beside the dialog."""
        return self.HELP

    def createInstance(self):
        """Return a new one, as Processing needs for every run."""
        return type(self)()

    def initAlgorithm(self, configuration=None):
        """Declare the parameters; the program comes last."""
        self.declare()
        program = QgsSettings().value(SETTING, "hotspots")
        self.addParameter(QgsProcessingParameterString("PROGRAM", "Command hotspots (name or full path)", program))
        self.addOutput(QgsProcessingOutputString("FINDINGS", "Findings"))

    def prepareAlgorithm(self, parameters, context, feedback):
        """Gather the arguments in the main thread, where layers may be read."""
        self.scratch = tempfile.TemporaryDirectory(prefix="hotspots-")
        self.program = self.parameterAsString(parameters, "PROGRAM", context) or "hotspots"
        self.arguments = self.gather(parameters, context)
        return True

    def processAlgorithm(self, parameters, context, feedback):
        """Call the command; its error becomes that of the algorithm."""

        def tell(words):
            feedback.setProgressText(words)
            feedback.pushInfo(words)

        command = [self.program, "--progress", *self.arguments]
        try:
            printed = run_command(command, tell=tell, is_cancelled=feedback.isCanceled)
        except CommandError as error:
            raise QgsProcessingException(str(error)) from error
        finally:
            self.scratch.cleanup()
        QgsSettings().setValue(SETTING, self.program)
        feedback.pushInfo(printed)
        return {"FINDINGS": printed, **self.finish(parameters, context, feedback)}

    def finish(self, parameters, context, feedback):
        """Load the output; return the results."""
        path = self.parameterAsFileOutput(parameters, "OUTPUT", context)
        load_file(path, context)
        return {"OUTPUT": path}

    def add_layer(self, name, words, kind, *, optional=False):
        """Declare a layer."""
        self.addParameter(QgsProcessingParameterVectorLayer(name, words, [kind], optional=optional))

    def add_field(self, name, words, parent, *, numeric=False):
        """Declare an optional column of a layer."""
        kind = QgsProcessingParameterField.Numeric if numeric else QgsProcessingParameterField.Any
        self.addParameter(QgsProcessingParameterField(name, words, None, parent, kind, False, True))

    def add_choice(self, name, words, options, *, optional=False):
        """Declare a choice of words; the first is the default unless it may be left out."""
        default = None if optional else options[0]
        self.addParameter(
            QgsProcessingParameterEnum(name, words, options, False, default, optional, usesStaticStrings=True)
        )

    def add_number(self, name, words, default=None, *, whole=False):
        """Declare an optional number."""
        kind = QgsProcessingParameterNumber.Integer if whole else QgsProcessingParameterNumber.Double
        self.addParameter(QgsProcessingParameterNumber(name, words, kind, default, True))

    def layer_arguments(self, parameters, context, name, option, layer_option):
        """Return the file and layer of a parameter as options; nothing where it was left out."""
        layer = self.parameterAsVectorLayer(parameters, name, context)
        if layer is None:
            return []
        path, inside = file_of(layer, Path(self.scratch.name) / f"{name.lower()}.gpkg", context)
        return [*([option] if option else []), path, *([layer_option, inside] if inside else [])]

    def text_arguments(self, parameters, context, **options):
        """Return PARAMETER="--option" as options, without those that were left empty."""
        given = []
        for name, option in options.items():
            if parameters.get(name) is None and self.parameterDefinition(name).defaultValue() is None:
                continue
            text = self.parameterAsString(parameters, name, context)
            if text:
                given += [option, text]
        return given


class LocalHotspots(_Algorithm):
    """Gi* or Local Moran of one layer."""

    NAME, TITLE = "local", "Hotspots of points or counts"
    HELP = (
        "Finds areas where events cluster, by Getis-Ord Gi* or Local Moran with computed p-values. Events are a column "
        "of counts, or a layer with one point per event. With a column of people, risk is tested; without, events are."
        + MARKING
    )

    def declare(self):
        """Declare the parameters."""
        self.add_layer("INPUT", "Areas", QgsProcessing.TypeVectorPolygon)
        self.add_field("COUNT", "Column with the number of events", "INPUT", numeric=True)
        self.add_layer("POINTS", "or points, one per event", QgsProcessing.TypeVectorPoint, optional=True)
        self.add_field("POPULATION", "Column with people", "INPUT", numeric=True)
        self.add_field("ID", "Column with ids", "INPUT")
        self.add_field("NAME", "Column with names", "INPUT")
        self.add_choice("METHOD", "Test", ["getis_ord", "local_moran"])
        self.add_choice("NEIGHBOURS", "Neighbours", ["queen", "rook", "nearest", "distance"])
        self.add_number("NUMBER", "How many nearest areas", whole=True)
        self.add_number("DISTANCE", "Greatest distance in metres")
        nulls = ["scattered-risk", "exchangeable-risk", "constant-risk", "randomisation"]
        self.add_choice("NULL", "Null hypothesis", nulls, optional=True)
        self.add_number("LEVEL", "Level of significance", 0.05)
        self.add_choice("RELEASE", "What the data are", RELEASES)
        self.addParameter(QgsProcessingParameterFileDestination("OUTPUT", "Hotspots", "GeoPackage (*.gpkg)"))

    def gather(self, parameters, context):
        """Return the arguments of `hotspots local`."""
        return [
            "local",
            *self.layer_arguments(parameters, context, "INPUT", "", "--layer"),
            *self.layer_arguments(parameters, context, "POINTS", "--points", "--points-layer"),
            *self.text_arguments(
                parameters, context, COUNT="--count", POPULATION="--population", ID="--id", NAME="--name",
                METHOD="--method", NEIGHBOURS="--neighbours", NUMBER="--number", DISTANCE="--distance", NULL="--null",
                LEVEL="--level", RELEASE="--release",
            ),
            "--output",
            self.parameterAsFileOutput(parameters, "OUTPUT", context),
        ]  # fmt: skip


class PointSurface(_Algorithm):
    """Density or relative risk of points."""

    NAME, TITLE = "surface", "Kernel density and risk"
    HELP = (
        "Makes a surface of points in areas: their density in events per km², which is no test; or with a column of "
        "people their risk relative to the average, coloured where it differs beyond chance." + MARKING
    )

    def declare(self):
        """Declare the parameters."""
        self.add_layer("POINTS", "Points, one per event", QgsProcessing.TypeVectorPoint)
        self.add_layer("WITHIN", "Areas of the study", QgsProcessing.TypeVectorPolygon)
        self.add_field("POPULATION", "Column with people", "WITHIN", numeric=True)
        self.add_number("BANDWIDTH", "Bandwidth in metres (empty: by a rule)")
        self.add_number("CELL", "Side of a cell in metres (empty: about a tenth of the bandwidth)")
        self.add_choice("RELEASE", "What the data are", RELEASES)
        self.addParameter(QgsProcessingParameterFileDestination("OUTPUT", "Surface", "GeoTIFF (*.tif)"))

    def gather(self, parameters, context):
        """Return the arguments of `hotspots surface`."""
        return [
            "surface",
            *self.layer_arguments(parameters, context, "POINTS", "", "--layer"),
            *self.layer_arguments(parameters, context, "WITHIN", "--within", "--within-layer"),
            *self.text_arguments(
                parameters, context, POPULATION="--population", BANDWIDTH="--bandwidth", CELL="--cell",
                RELEASE="--release",
            ),
            "--output",
            self.parameterAsFileOutput(parameters, "OUTPUT", context),
        ]  # fmt: skip


class RunStudy(_Algorithm):
    """A whole study."""

    NAME, TITLE = "run", "Run a study"
    HELP = (
        "Runs a study file (study.toml) and loads its layers and rasters in a group. The folder also has maps, charts, "
        "tables and the briefing. What may be published is set in the study file."
    )

    def declare(self):
        """Declare the parameters."""
        self.addParameter(QgsProcessingParameterFile("STUDY", "Study file", extension="toml"))
        self.addParameter(QgsProcessingParameterFolderDestination("OUTPUT", "Folder of outputs"))

    def gather(self, parameters, context):
        """Return the arguments of `hotspots run`."""
        study = self.parameterAsFile(parameters, "STUDY", context)
        return ["run", study, "--output", self.parameterAsString(parameters, "OUTPUT", context)]

    def finish(self, parameters, context, feedback):
        """Load the layers and surfaces of the run's own folder: that with the newest summary."""
        output = self.parameterAsString(parameters, "OUTPUT", context)
        summaries = sorted(Path(output).glob("*/summary.json"), key=lambda path: path.stat().st_mtime_ns)
        if summaries:
            folder = summaries[-1].parent
            for path in [*sorted(folder.glob("*.gpkg")), *sorted(folder.glob("*.tif"))]:
                load_file(str(path), context, group=folder.name)
            for project in sorted(folder.glob("*.qgz")):
                feedback.pushInfo(f"A finished project: {project}")
        return {"OUTPUT": output}


class CheckStudy(_Algorithm):
    """A study's files, without an analysis."""

    NAME, TITLE = "check", "Check a study"
    HELP = (
        "Reads and joins all files of a study file (study.toml) and reports how each row would be used. Nothing is "
        "analysed or written. It fails if anything would stop a run."
    )

    def declare(self):
        """Declare the parameters."""
        self.addParameter(QgsProcessingParameterFile("STUDY", "Study file", extension="toml"))

    def gather(self, parameters, context):
        """Return the arguments of `hotspots check`."""
        return ["check", self.parameterAsFile(parameters, "STUDY", context)]

    def finish(self, parameters, context, feedback):
        """Return nothing more: the findings are the report."""
        return {}
