"""A study in, a finished output folder out: read, join, protect, analyse, write, and swap in when complete."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hotspots.drawing import Findings
from hotspots.errors import AnalysisError, OutputError, list_briefly
from hotspots.reading import Inputs, Report, read_inputs
from hotspots.study import Study, read_study
from hotspots.vocabulary import UNRELEASED
from hotspots.writing import finish_summary, headlines, write_outputs

if TYPE_CHECKING:
    from hotspots.analysis.neighbours import Neighbours
    from hotspots.nouns import AreaCounts

__all__ = ["Checked", "Finished", "check_study", "find_sample", "run_study"]


DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Finished:
    """A finished run.

    Parameters
    ----------
    folder
        Where everything lies.
    findings
        What was found, in sentences.
    summary
        What stands in summary.json, without the seconds.
    """

    folder: Path
    findings: tuple[str, ...]
    summary: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Checked:
    """What `check_study` saw: the inputs, and the problems that would stop a run."""

    inputs: Inputs
    problems: tuple[Exception, ...]


@dataclass(slots=True)
class _Clock:
    """Passes on what is being done and keeps how long each stage took."""

    tell: Report
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what happens inside."""
        start = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start


def _quiet(words: str) -> None:
    """Say nothing."""


def find_sample() -> Path:
    """Return the study file of the sample, in the installed package or in the checkout."""
    packed = Path(__file__).parent / "sample" / "study.toml"
    return packed if packed.exists() else Path(__file__).parents[1] / "study.toml"


def check_study(study: Study | str | Path, *, report: Report = _quiet) -> Checked:
    """Read everything a study names, join it and return what was seen; compute nothing and write nothing.

    Parameters
    ----------
    study
        A study, or the path of its file.
    report
        Told each step.

    Raises
    ------
    HotspotsError
        If the study file or the boundaries can't be read; all other problems are collected.
    """
    study = _as_study(study)
    inputs = read_inputs(study, report=report, keep_going=True)
    return Checked(inputs, tuple(inputs.problems))


def run_study(
    study: Study | str | Path, *, output: str | Path | None = None, report: Report = _quiet, workers: int = 1
) -> Finished:
    """Run a study: everything is written to a folder beside the target, which takes its place when complete.

    A run that fails or is killed leaves the previous outputs as they were.

    Parameters
    ----------
    study
        A study, or the path of its file.
    output
        The folder in which the run's own folder is made; `outputs` beside the study file if left out.
    report
        Told each step, e.g. ``print``.
    workers
        Number of processes that draw the maps. More than one needs a script that starts behind
        ``if __name__ == "__main__":``; the files are the same.

    Returns
    -------
    Finished
        The folder, the findings and the summary.

    Raises
    ------
    HotspotsError
        If anything can't be read, analysed or written.
    """
    study = _as_study(study)
    parent = Path(output) if output is not None else study.folder / "outputs"
    clock = _Clock(report)
    target = parent / _folder_name(study)
    with _swapped_in(target) as folder:
        with clock.stage("read and join"):
            inputs = read_inputs(study, report=report)
        with clock.stage("analyse"):
            findings = analyse(study, inputs, report=report)
        with clock.stage("draw and write"):
            summary = write_outputs(study, inputs, findings, folder, report=report, workers=workers)
        finish_summary(folder, summary, clock.seconds)
    return Finished(target, tuple(headlines(study, inputs, findings)), summary)


def _as_study(study: Study | str | Path) -> Study:
    return study if isinstance(study, Study) else read_study(study)


def _folder_name(study: Study) -> str:
    return study.output_name + ("-RESTRICTED" if study.profile == "restricted" else "")


# --------------------------------------------------------------------------- analysis


def analyse(study: Study, inputs: Inputs, *, report: Report = _quiet) -> Findings:
    """Return what a study finds in its inputs.

    Parameters
    ----------
    study
        The settings.
    inputs
        From `reading.read_inputs`: counts have been through the gate.
    report
        Told each step.
    """
    findings = Findings(left_out=dict(inputs.left_out))
    report("Linking the neighbours")
    neighbours = _link(study, inputs)
    for name, counts in inputs.counts.items():
        report(f"Testing {counts.title}")
        if not float(counts.table["observed_high"].sum()) > 0:
            findings.left_out[f"hotspots of {counts.title}"] = "no event lies in the study area"
            continue
        findings.results += _test(study, name, inputs, neighbours)
        if study.analysis.global_statistics:
            report(f"Measuring the clustering of {counts.title}")
            _measure_clustering(name, counts, neighbours, findings)
    for section in study.events:
        if section.density and section.name in inputs.events:
            report(f"Spreading {section.title} over a surface")
            _spread(study, section.name, inputs, findings)
    if inputs.schools is not None and inputs.deprivation is not None:
        report("Comparing the schools with deprivation")
        _compare_schools(inputs, findings)
    return findings


def _link(study: Study, inputs: Inputs) -> Neighbours:
    from hotspots.analysis.neighbours import link_neighbours

    settings = study.analysis
    return link_neighbours(inputs.area, rule=settings.neighbours, number=settings.number, distance=settings.distance)


def _test(study: Study, name: str, inputs: Inputs, neighbours: Neighbours) -> list[Any]:
    from hotspots.analysis.local import getis_ord, local_moran

    own = next(section.null for section in study.events if section.name == name)
    null = own or (study.analysis.null if inputs.area.has_population else None)
    analysis, counts = study.analysis, inputs.counts[name]
    settings: dict[str, Any] = {
        "null": null, "mid_p": analysis.mid_p, "adjustment": analysis.adjustment, "level": analysis.level,
    }  # fmt: skip
    # An event section may have a null of its own; a measure and the conditional form belong to randomisation.
    placed = null == "randomisation"
    if placed:
        settings["measure"] = analysis.measure
    star = getis_ord(counts, neighbours, conditional=placed and analysis.conditional, **settings)
    return [star, local_moran(counts, neighbours, **settings)]


def _measure_clustering(name: str, counts: AreaCounts, neighbours: Neighbours, findings: Findings) -> None:
    """Add the global statistics and the correlogram of one source, or the reason why there are none."""
    from hotspots.analysis.clustering import global_statistics
    from hotspots.analysis.correlogram import correlogram

    try:
        findings.clustering[name] = global_statistics(counts, neighbours)
        findings.correlograms[name] = correlogram(counts)
    except AnalysisError as error:
        # A source of which nothing can be said stops no other.
        findings.left_out[f"clustering of {counts.title}"] = error.problem[:1].lower() + error.problem[1:].rstrip(".")


def _spread(study: Study, name: str, inputs: Inputs, findings: Findings) -> None:
    """Add the density surface of one source, or the reason why there is none."""
    from hotspots.analysis.density import kernel_density

    events, settings = inputs.events[name], study.density
    what = f"density surface of {events.title}"
    if not events.table["easting"].notna().any():
        findings.left_out[what] = "the source has area codes and no points"
        return
    if events.release == UNRELEASED:
        # A surface is made from single points of people; only what was released may be drawn so.
        findings.left_out[what] = "the points are unreleased records of people, which a surface could give back"
        return
    if float(inputs.counts[name].table["observed_high"].sum()) == 0:
        findings.left_out[what] = "no event lies in the study area"
        return
    findings.surfaces.append(
        kernel_density(
            events,
            inputs.area,
            bandwidth=settings.bandwidth,
            cell=settings.cell,
            kernel=settings.kernel,
            edge=settings.edge,
        )
    )


def _compare_schools(inputs: Inputs, findings: Findings) -> None:
    from hotspots.analysis.divergence import diverging_schools

    assert inputs.schools is not None
    assert inputs.deprivation is not None
    known = inputs.deprivation.table["score"].reindex(inputs.area.ids).notna()
    if not known.any() and all(code.startswith("W") for code in inputs.area.ids):
        findings.left_out["schools against deprivation"] = (
            f"{inputs.deprivation.title} has no score for any area of the study: IDACI is of England only"
        )
        return
    findings.schools = diverging_schools(inputs.schools, inputs.deprivation, inputs.area, placed=inputs.placed)


# --------------------------------------------------------------------------- a folder that appears complete


@contextmanager
def _swapped_in(target: Path) -> Iterator[Path]:
    """Give an empty folder beside `target` and put it in its place when all went well.

    Raises
    ------
    OutputError
        If the target is something else than an earlier run's folder, or can't be replaced.
    """
    _need_replaceable(target)
    unfinished = target.with_name(f".{target.name}.unfinished-{os.getpid()}")
    previous = target.with_name(f".{target.name}.previous-{os.getpid()}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _clear_leftovers(target)
        unfinished.mkdir()
    except OSError as error:
        raise OutputError(
            f"Can't write in {target.parent}.",
            found=str(error.strerror or error),
            advice="choose a folder that you may write to: --output DIR",
        ) from error
    try:
        yield unfinished
        try:
            if target.exists():
                target.rename(previous)
            unfinished.rename(target)
        except OSError as error:
            if previous.exists() and not target.exists():
                previous.rename(target)
            raise OutputError(
                f"Can't replace {target}.",
                found=str(error.strerror or error),
                advice="close the program that has one of its files open, and run again",
            ) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
        if target.exists():
            shutil.rmtree(previous, ignore_errors=True)


def _need_replaceable(target: Path) -> None:
    """Refuse to replace anything that an earlier run did not make."""
    if not target.exists():
        return
    if target.is_dir() and ((target / "summary.json").is_file() or not any(target.iterdir())):
        return
    inside = sorted(p.name for p in target.iterdir()) if target.is_dir() else [target.name]
    raise OutputError(
        f"{target} is not an output folder of hotspots, so it is left as it is.",
        found=list_briefly(inside),
        advice="move it away, or choose another folder: --output DIR",
    )


def _clear_leftovers(target: Path) -> None:
    """Remove unfinished folders of runs that were killed; bring back what one of them had put aside."""
    for left in target.parent.glob(f".{target.name}.previous-*"):
        if not target.exists():
            left.rename(target)
        else:
            shutil.rmtree(left, ignore_errors=True)
    for left in target.parent.glob(f".{target.name}.unfinished-*"):
        # A younger one may belong to a run that is still going.
        if time.time() - left.stat().st_mtime > DAY:
            shutil.rmtree(left, ignore_errors=True)
