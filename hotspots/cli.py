"""The command line: each command calls one public function. Errors exit with 2, a failed check with 1."""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hotspots import __version__
from hotspots.errors import HotspotsError

if TYPE_CHECKING:
    from hotspots.study.single import Written

STUDY = click.Path(path_type=Path)
FOLDER = click.Path(path_type=Path, file_okay=False)
ENDED = 130
"""Exit code of a command that was interrupted."""


class _Commands(click.Group):
    """Prints this package's errors in three lines and exits with 2; an interrupted run prints one line."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command line, with streams that can be written to."""
        _open_streams()
        signal.signal(signal.SIGTERM, _end)
        try:
            return super().main(*args, **kwargs)
        except OSError as error:
            _drop_output()
            _say(f"Error: The output can't be printed.\n  found: {error.strerror or error}")
            sys.exit(2)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except HotspotsError as error:
            if ctx.params.get("debug"):
                raise
            _say(f"Error: {error}")
            ctx.exit(2)
        except KeyboardInterrupt:
            _say("\nStopped before it finished. Earlier outputs are unchanged.")
            ctx.exit(ENDED)
        finally:
            sys.stdout.flush()


def _end(number: int, frame: object) -> None:
    """End as with Ctrl-C when the system asks for it."""
    raise KeyboardInterrupt


def _open_streams() -> None:
    """Give a stream that was closed before the start (``2>&-``) somewhere to write to."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, io.TextIOWrapper(io.FileIO(os.devnull, "w"), encoding="utf-8"))


def _drop_output() -> None:
    """Discard what is left in the buffers: flushing it at the end would fail again."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)


def _say(words: str) -> None:
    """Write a line to the console's error stream, if it can be written to."""
    with suppress(OSError):
        click.echo(words, err=True)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="hotspots")
@click.option("--quiet", is_flag=True, help="Show only the findings.")
@click.option("--progress", is_flag=True, help="Print each step on a line of its own, for other programs.")
@click.option("--debug", is_flag=True, help="Show where in the program an error came from.")
@click.pass_context
def main(ctx: click.Context, *, quiet: bool, progress: bool, debug: bool) -> None:
    """Find where violence concentrates, with what certainty, and which schools differ from what deprivation suggests.

    Start with: hotspots demo
    """
    _make_printable()
    ctx.obj = {"quiet": quiet, "progress": progress, "debug": debug}


@main.command()
@click.option(
    "--output",
    type=FOLDER,
    default=Path("outputs"),
    show_default=True,
    help="Folder in which the output folder is made.",
)
@click.pass_obj
def demo(options: dict[str, bool], *, output: Path) -> None:
    """Run the sample study and print its findings."""
    from hotspots.study import find_sample

    _run(find_sample(), output, options)


@main.command()
@click.argument("folder", type=FOLDER)
def init(*, folder: Path) -> None:
    """Make FOLDER with a commented study file and folders for your data."""
    from hotspots.study.settings import start_study

    study = start_study(folder)
    click.echo(f"Made {study}.")
    click.echo(f"Put your files in {folder / 'data'}, edit the study file, then: hotspots check {_as_typed(study)}")


@main.command()
@click.argument("study", type=STUDY, default=Path("study.toml"))
@click.pass_obj
def check(options: dict[str, bool], *, study: Path) -> None:
    """Read and join all files of STUDY and report; analyse nothing.

    STUDY is a study file [default: study.toml]. Exits with 1 if anything would stop a run.
    """
    from hotspots.study import check_study, describe_check, many
    from hotspots.study.settings import read_study

    settings = read_study(study)
    with _progress(options) as report:
        checked = check_study(settings, report=report)
    for line in describe_check(settings, checked.inputs):
        click.echo(line)
    for problem in checked.problems:
        click.echo(f"\nProblem: {problem}", err=True)
    if checked.problems:
        click.echo(f"\n{many(len(checked.problems), 'problem')} would stop a run.", err=True)
        sys.exit(1)
    click.echo("Nothing would stop a run.")


@main.command()
@click.argument("study", type=STUDY, default=Path("study.toml"))
@click.option(
    "--output", type=FOLDER, help="Folder in which the output folder is made  [default: outputs beside STUDY]"
)
@click.pass_obj
def run(options: dict[str, bool], *, study: Path, output: Path | None) -> None:
    """Run STUDY and write its output folder.

    The folder has layers, surfaces, maps, charts, tables, the briefing and a summary. A run that fails leaves the
    previous outputs unchanged.

    STUDY is a study file [default: study.toml].
    """
    _run(study, output, options)


def _run(study: Path, output: Path | None, options: dict[str, bool]) -> None:
    from hotspots.study import run_study

    with _progress(options) as report:
        finished = run_study(study, output=output, report=report, workers=min(4, os.cpu_count() or 1))
    click.echo("Findings")
    for sentence in finished.findings:
        click.echo(f"  - {sentence}")
    for what, why in finished.summary["left_out"].items():
        click.echo(f"  - Left out: {what}, because {why}.")
    for note in finished.notes:
        click.echo(f"  - Note: {note}.")
    click.echo("\nOpen")
    for name, words in (
        ("briefing.pdf", "to read and print"),
        (f"{finished.folder.name}.qgz", "in QGIS: every layer, and sheets to print"),
        ("hotspots.gpkg", "in QGIS or ArcGIS, styled"),
        ("maps", "every map as PNG and PDF"),
        ("summary.json", "every number, and how each row was used"),
    ):
        click.echo(f"  {finished.folder / name}  {words}")


def _shared(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command of one analysis the options that both have."""
    for option in (
        click.option("--crs", help="Coordinate system of files that state none, e.g. EPSG:27700."),
        click.option(
            "--release",
            type=click.Choice(["open", "invented", "restricted"]),
            default="restricted",
            show_default=True,
            help="What the data are. The output is marked so: restricted means for named readers only.",
        ),
    ):
        command = option(command)
    return command


@main.command()
@click.argument("source", metavar="INPUT", type=STUDY)
@click.option("--output", type=STUDY, required=True, metavar="FILE.gpkg", help="GeoPackage to write.")
@click.option("--layer", help="Layer of INPUT, where it has several.")
@click.option("--count", metavar="COLUMN", help="Column with the number of events; or give --points.")
@click.option("--points", type=STUDY, metavar="FILE", help="Layer with one point per event.")
@click.option("--points-layer", metavar="NAME", help="Layer of points, where the file has several.")
@click.option("--population", metavar="COLUMN", help="Column with people. Without it events, not risk, are tested.")
@click.option("--id", "id_column", metavar="COLUMN", help="Column with the ids of the areas.")
@click.option("--name", "name_column", metavar="COLUMN", help="Column with the names of the areas.")
@click.option(
    "--method", type=click.Choice(["getis_ord", "local_moran"]), default="getis_ord", show_default=True, help="Test."
)
@click.option(
    "--neighbours",
    type=click.Choice(["queen", "rook", "nearest", "distance"]),
    default="queen",
    show_default=True,
    help="Which areas are neighbours.",
)
@click.option("--number", type=int, help="How many nearest areas  [default: 8]")
@click.option("--distance", type=float, help="Greatest distance of neighbours in metres.")
@click.option(
    "--null",
    type=click.Choice(["scattered-risk", "exchangeable-risk", "constant-risk", "randomisation"]),
    help="Null hypothesis  [default: scattered-risk with a population, else randomisation]",
)
@click.option("--level", type=float, default=0.05, show_default=True, help="Level of significance.")
@_shared
@click.pass_obj
def local(options: dict[str, bool], /, *, source: Path, **settings: Any) -> None:
    """Find hotspots of one layer of areas and write one styled layer; no study file is needed.

    INPUT is a GeoPackage, shapefile, GeoJSON or GeoParquet file of polygons in Great Britain. True counts of people are
    not protected here: unless --release says that they are published or invented, the output is marked as restricted.
    """
    from hotspots.study.single import find_local

    with _progress(options) as report:
        written = find_local(source, report=report, **settings)
    _show(written, "in QGIS or ArcGIS, styled")


@main.command()
@click.argument("points", type=STUDY)
@click.option("--within", type=STUDY, required=True, metavar="POLYGONS", help="File of the study area.")
@click.option("--output", type=STUDY, required=True, metavar="FILE.tif", help="GeoTIFF to write.")
@click.option("--layer", help="Layer of POINTS, where the file has several.")
@click.option("--within-layer", metavar="NAME", help="Layer of POLYGONS, where the file has several.")
@click.option("--population", metavar="COLUMN", help="Column of POLYGONS with people: gives the risk, tested.")
@click.option("--bandwidth", help="In metres, or a rule, e.g. likelihood  [default: silverman-robust]")
@click.option("--cell", type=float, help="Side of a cell in metres  [default: about a tenth of the bandwidth]")
@_shared
@click.pass_obj
def surface(options: dict[str, bool], /, *, points: Path, bandwidth: str | None, **settings: Any) -> None:
    """Make a surface of one layer of points: their density, or with --population their relative risk.

    POINTS has one point per event. Points of people are not protected here: unless --release says that they are
    published or invented, the output is marked as restricted.
    """
    from hotspots.study.single import make_surface

    with _progress(options) as report:
        written = make_surface(points, bandwidth=_as_number(bandwidth), report=report, **settings)
    _show(written, "in QGIS or ArcGIS, with its style beside it")


def _as_number(text: str | None) -> Any:
    """Return a number where the text is one; a rule's name stays as it is."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return text


def _show(written: Written, words: str) -> None:
    """Print what an analysis of one layer found and where it is."""
    click.echo("Findings")
    for sentence in written.findings:
        click.echo(f"  - {sentence}")
    for note in written.notes:
        click.echo(f"  - Note: {note}.")
    click.echo(f"\nOpen\n  {written.path}  {words}")


def _as_typed(path: Path) -> str:
    """Return a path as typed after a command: in quotes if it has spaces."""
    return f'"{path}"' if " " in str(path) else str(path)


def _make_printable() -> None:
    """Make a console that can't print – or ² print a question mark instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


@contextmanager
def _progress(options: dict[str, bool]) -> Iterator[Callable[[str], object]]:
    """Give a progress callback that shows each step; outside a terminal only with --progress, never with --quiet."""
    in_terminal = sys.stderr.isatty()
    if options["quiet"] or not (in_terminal or options["progress"]):
        yield lambda _: None
        return
    if not in_terminal:
        numbers = count(1)
        yield lambda words: _say(f"[{next(numbers)}] {words}")
        return
    from rich.console import Console

    console = Console(stderr=True)
    with console.status("Starting") as status:
        yield status.update
