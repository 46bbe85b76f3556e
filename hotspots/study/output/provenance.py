"""Where a study's numbers come from: its files, how their rows were used, and the date on its sheets."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import hotspots
from hotspots.disclosure import keeps_back
from hotspots.model import ENGLISH, AreaCounts, Period, settings_of, words_of
from hotspots.publish.text import boundaries_sentence
from hotspots.study.settings import Study
from hotspots.vocabulary import weakest_release

if TYPE_CHECKING:
    from hotspots.publish.gis import Origin
    from hotspots.study.findings import Findings
    from hotspots.study.inputs import Inputs

__all__ = [
    "describe_source",
    "fingerprints",
    "imprint",
    "last_day",
    "origins",
    "overall_release",
    "sources_of",
    "study_date",
]


def fingerprints(study: Study) -> dict[str, str]:
    """Return the SHA-256 of every input, but of unreleased records only in a restricted study.

    A table of a few counts can be found from its SHA-256 by trying all the counts that its intervals allow.
    """
    sections = [*study.events, *study.recorded, study.deprivation, study.schools, study.children_in_need]
    kept_back = {
        study.path(path)
        for section in sections
        if section is not None and keeps_back(study, section)
        for path in _files_of(section)
    }
    return {
        _shown(path, study): "not given: unreleased records" if path in kept_back else _sha256(path)
        for path in study.input_files()
    }


def origins(study: Study, inputs: Inputs, findings: Findings) -> list[Origin]:
    """Return what went into a run, a row each: inputs with checksums, sources, boundaries, settings and versions."""
    from hotspots.publish.gis import Origin

    rows = [("input", name, checksum) for name, checksum in fingerprints(study).items()]
    rows += [("source", counts.title, counts.source) for counts in inputs.counts.values() if counts.source]
    rows += [("boundaries", inputs.area.geography, boundaries_sentence(inputs.area))]
    if study.population is not None:
        rows.append(("population", study.population.title, str(study.population.year or "")))
    stems = [(one.stem, settings_of(one)) for one in findings.results]
    stems += [(one.stem, settings_of(one)) for one in findings.scans]
    stems += [(one.stem, settings_of(one)) for one in findings.surfaces]
    for stem, settings in stems:
        rows += [(f"setting of {stem}", key, str(value)) for key, value in settings.items()]
    return [Origin(*row) for row in rows] + [Origin("version", "hotspots", hotspots.__version__)]


def _shown(path: Path, study: Study) -> str:
    """Return a path as in the study file, so that a summary does not tell where a user's folders are."""
    try:
        return path.relative_to(study.folder).as_posix()
    except ValueError:
        return path.name


def _files_of(section: Any) -> tuple[Path, ...]:
    """Return the files that a section names."""
    further = tuple(path for name in ("totals", "episodes") if (path := getattr(section, name, None)) is not None)
    if hasattr(section, "paths"):
        return (*section.paths, *further)
    if hasattr(section, "register_file"):
        return (section.register_file, section.exclusions, *further)
    return (section.file,)


def _sha256(path: Path) -> str:
    if path.is_dir():
        # data.police.uk has a folder for each month: the files are those of all folders below.
        files = sorted((p.relative_to(path).as_posix(), p) for p in path.rglob("*") if p.is_file())
        parts = [f"{name}:{_sha256(file)}" for name, file in files]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def describe_source(counts: AreaCounts) -> dict[str, Any]:
    """Return how the rows of one source were used, adding up to the rows read.

    observed + outside + dropped = rows, to the row; in words where the numbers are protected.
    """
    observed = counts.table["observed_low"], counts.table["observed_high"]
    low, high = (float(np.nansum(bound)) for bound in observed)
    return {
        "title": counts.title,
        "period": str(counts.period),
        "source": counts.source,
        "release": counts.release,
        **dict(counts.audit),
        "dropped": dict(counts.dropped),
        "outside": counts.outside,
        "observed": int(low) if low == high else [int(low), int(high)],
        "areas_with_hidden_counts": counts.hidden,
        "areas_without_a_count": int(counts.table["observed_low"].isna().sum()),
        "notes": list(words_of(counts.notes)),
    }


def study_date(study: Study, inputs: Inputs) -> date | None:
    """Return the date that stands on every sheet; None where nothing tells one."""
    return study.date or last_day(inputs)


def last_day(inputs: Inputs) -> date | None:
    """Return the last day that any input covers, never the time of a file."""
    days = [counts.coverage.last for counts in inputs.counts.values() if counts.coverage is not None]
    pairs = [*inputs.comparisons.values(), *inputs.predictions.values()]
    days += [events.cover.last for pair in pairs for events in pair if events.cover is not None]
    for series in inputs.series:
        known = series.table.loc[series.table["low"].notna(), "period"]
        ends = [end for period in known if (end := Period.read(period).last_day)]
        # A year may be covered in part: its last month is not December then.
        covered = series.coverage.last if series.coverage is not None else date.max
        days += [min(end, covered) for end in ends]
    for source in (inputs.schools, inputs.factors):
        if source is not None and source.period.last_day is not None:
            days.append(source.period.last_day)
    return max(days, default=None)


def imprint(study: Study, inputs: Inputs) -> str:
    """Return date and contact as they stand at the bottom of every sheet."""
    day = study_date(study, inputs)
    words = (
        [] if day is None else [f"{'Date' if study.date else 'Data to'} {day.day} {ENGLISH[day.month - 1]} {day.year}"]
    )
    return " · ".join([*words, *([f"Contact: {study.contact}"] if study.contact else [])])


def keep_published(study: Study, inputs: Inputs) -> None:
    """Write to the ledger what a finished run publishes of unreleased records."""
    memory, tables = inputs.gate.memory, inputs.gate.tables
    if memory is None or not tables:
        return
    memory.keep(
        tables,
        date=study_date(study, inputs) or date.today(),
        title=study.title,
        slug=study.output_name,
        program=f"hotspots {hotspots.__version__}",
    )


def overall_release(inputs: Inputs, findings: Findings) -> str:
    """Return the mark that asks for the most care among all that a run writes."""
    contents = [
        *sources_of(inputs),
        *findings.results,
        *findings.scans,
        *findings.stability.values(),
        *findings.agreement.values(),
        *findings.surfaces,
        *([findings.schools] if findings.schools else []),
        *findings.extracts,
    ]
    return weakest_release(inputs.area.release, *(data.release for data in contents))


def sources_of(inputs: Inputs) -> list[Any]:
    """Return what was read that has a source and a release mark of its own."""
    maybe = (inputs.ages, inputs.deprivation, inputs.schools, inputs.factors)
    return [*inputs.counts.values(), *inputs.series, *(data for data in maybe if data is not None)]
