"""A new study: a commented study file and the folders it speaks of."""

from __future__ import annotations

from pathlib import Path

from hotspots.errors import OutputError, list_briefly

FOLDERS = ("data/boundaries", "data/events", "outputs")


def start_study(folder: str | Path) -> Path:
    """Make a folder with a commented study file, and folders for data and outputs; return the study file.

    Parameters
    ----------
    folder
        A new folder, or one that has none of these in it; nothing is ever overwritten.

    Raises
    ------
    OutputError
        If there is a study file already, or the folder can't be made.
    """
    folder = Path(folder)
    study = folder / "study.toml"
    if study.exists():
        raise OutputError(
            f"{study} exists already.",
            found=list_briefly(sorted(p.name for p in folder.iterdir())),
            advice="choose a new folder, or edit the existing one",
        )
    template = Path(__file__).with_name("template.toml").read_text(encoding="utf-8")
    try:
        for name in FOLDERS:
            (folder / name).mkdir(parents=True, exist_ok=True)
        study.write_text(template, encoding="utf-8")
    except OSError as error:
        raise OutputError(
            f"Can't make {folder}.", found=str(error.strerror or error), advice="choose a folder you may write to"
        ) from error
    return study
