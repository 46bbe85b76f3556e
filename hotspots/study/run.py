"""A study in, a finished output folder out: read, join, protect, analyse, write, and swap in when complete."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hotspots.disclosure import is_restricted
from hotspots.study.findings import analyse
from hotspots.study.inputs import Inputs, Report, name_places, read_inputs
from hotspots.study.output import (
    compile_briefing,
    draw_everything,
    finish_summary,
    headlines,
    keep_published,
    replaced_folder,
    summarise,
    write_layers,
)
from hotspots.study.settings import Study, read_study

__all__ = ["Checked", "Finished", "check_study", "find_sample", "run_study"]


@dataclass(frozen=True, slots=True)
class Finished:
    """A finished run.

    Parameters
    ----------
    folder
        The output folder.
    findings
        The findings, in sentences.
    summary
        The content of summary.json, without the timings.
    notes
        Notes on the study file itself, such as keys that have a new name.
    """

    folder: Path
    findings: tuple[str, ...]
    summary: dict[str, Any]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """What `check_study` read: the inputs, and the problems that would stop a run."""

    inputs: Inputs
    problems: tuple[Exception, ...]


@dataclass(slots=True)
class _Clock:
    """Reports each step and keeps the time of each stage."""

    tell: Report
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what happens inside."""
        start = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start


def _quiet(words: str) -> None:
    """Report nothing."""


def find_sample() -> Path:
    """Return the study file of the sample, in the installed package or in the checkout."""
    packed = Path(__file__).parents[1] / "sample" / "study.toml"
    return packed if packed.exists() else Path(__file__).parents[2] / "study.toml"


def check_study(study: Study | str | Path, *, report: Report = _quiet) -> Checked:
    """Read everything a study names, join it and return what was read; compute nothing and write nothing.

    Parameters
    ----------
    study
        A study, or the path of its file.
    report
        Progress callback, called before each step.

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

    A run that fails or is killed leaves the previous outputs unchanged.

    Parameters
    ----------
    study
        A study, or the path of its file.
    output
        The folder in which the run's own folder is made; `outputs` beside the study file if left out.
    report
        Progress callback, called before each step, e.g. ``print``.
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
    from hotspots.publish.style import prepare_ground

    study = _as_study(study)
    parent = Path(output) if output is not None else study.folder / "outputs"
    clock = _Clock(report)
    target = parent / _folder_name(study)
    with replaced_folder(target) as folder:
        with clock.stage("read and join"):
            inputs = read_inputs(study, report=report, outputs=target)
            study = name_places(study, inputs.area)
        with clock.stage("analyse"):
            findings = analyse(study, inputs, report=report)
        with clock.stage("draw and write"):
            report("Writing the layers")
            ground = prepare_ground(inputs.area)
            write_layers(study, inputs, findings, folder, ground=ground)
            pages = draw_everything(study, inputs, findings, folder, ground=ground, report=report, workers=workers)
            report("Writing the briefing")
            sentences = headlines(study, inputs, findings)
            compile_briefing(study, inputs, findings, folder / "briefing.pdf", pages, sentences=sentences)
            summary = summarise(study, inputs, findings, sentences=sentences)
        finish_summary(folder, summary, clock.seconds)
        keep_published(study, inputs)
    return Finished(target, sentences, summary, study.notes)


def _as_study(study: Study | str | Path) -> Study:
    return study if isinstance(study, Study) else read_study(study)


def _folder_name(study: Study) -> str:
    return study.output_name + ("-RESTRICTED" if is_restricted(study) else "")
