"""The SHA-256 of every file that a study reads, so that a run can be traced to its inputs."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from hotspots.study import Study
from hotspots.vocabulary import RESTRICTED, UNRELEASED

__all__ = ["fingerprints"]


def fingerprints(study: Study) -> dict[str, str]:
    """Return the SHA-256 of every input, but of unreleased records only in a restricted study.

    A table of a few counts can be found from its SHA-256 by trying all the counts that its intervals allow.
    """
    sections = [*study.events, *study.recorded, study.deprivation, study.schools, study.children_in_need]
    kept_back = {
        study.path(path)
        for section in sections
        if section is not None and section.release == UNRELEASED and study.profile != RESTRICTED
        for path in _files_of(section)
    }
    return {
        _shown(path, study): "not given: unreleased records" if path in kept_back else _sha256(path)
        for path in study.input_files()
    }


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
