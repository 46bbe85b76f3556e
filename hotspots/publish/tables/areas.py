"""Areas and hotspots as tables: for a spreadsheet, and with their polygons for programs."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from hotspots.model import AreaSummary, Hotspots, need_released
from hotspots.publish.page import replace_file
from hotspots.publish.tables.series import plain_cell
from hotspots.publish.text import capitalised, location_words, release_sentence

__all__ = ["write_area_tables"]


def write_area_tables(folder: Path | str, summary: AreaSummary, hotspots: Hotspots | None = None) -> list[Path]:
    """Write ``areas.csv`` and ``areas.parquet`` (GeoParquet, with the polygons), and ``hotspots.csv``.

    They have the fields and values of the layers ``areas`` and ``hotspots`` of a GeoPackage. The CSV files are UTF-8
    with a byte order mark, for Excel; source and release mark stand in the last two columns of every row.

    Parameters
    ----------
    folder
        Where to write.
    summary
        The main numbers of every source by area.
    hotspots
        Those of the same study.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    DisclosureError
        If they were made of unprotected counts of people.
    OutputError
        If a file can't be written.
    """
    need_released(summary, "A table")
    folder = Path(folder)
    areas = summary.table.assign(source=summary.source, release=release_sentence(summary.release))
    files = [
        _write(folder / "areas.csv", pd.DataFrame(areas.drop(columns="geometry")).reset_index()),
        replace_file(
            folder / "areas.parquet",
            lambda unfinished: areas.reset_index().to_parquet(unfinished, index=False, schema_version="1.0.0"),
        ),
    ]
    if hotspots is not None:
        need_released(hotspots, "A table")
        table = pd.DataFrame(hotspots.table.drop(columns="geometry"))
        table.insert(0, "place", [capitalised(location_words(where)) for where in hotspots.where])
        table = table.assign(from_source=hotspots.source, release=release_sentence(hotspots.release))
        files.append(_write(folder / "hotspots.csv", table.reset_index()))
    return files


def _write(path: Path, table: pd.DataFrame) -> Path:
    """Write a table with every digit, so that it equals the layer of the same name."""
    text = table.map(plain_cell).to_csv(index=False, lineterminator="\r\n")
    return replace_file(path, lambda unfinished: unfinished.write_bytes(text.encode("utf-8-sig")))
